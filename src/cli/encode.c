/* encode.c - weir encode and weir decode: data to their noise, and noise to data. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "weir/latent.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *solver, *class, *condition;
    bool cycle;
    int64_t seed, steps, threads, batch;
} flags;

static const weir_option encode_options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the data; without split= all samples" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file for the noise of every sample, .npy or .csv, f64" },
    { "cycle", WEIR_OPTION_BOOL, offsetof(flags, cycle), "no", 0, 0, NULL,
      "decode again, and print how far that is from the data" },
    WEIR__FLAG_SEED(flags, "of dequantization"),
    WEIR__FLAG_SOLVER(flags, "method for the ODE of a continuous model"),
    WEIR__FLAG_STEPS(flags),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

typedef struct job {
    const weir__command *self;
    const flags *f;
} job;

/* -- encode ------------------------------------------------------------------------------------ */
static weir_log_prob_opts encode_opts(const flags *f)
{
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.seed = (uint64_t)f->seed;
    o.use_seed = true;
    o.solver = f->solver;
    o.steps = f->steps;
    o.batch = f->batch;
    o.on_step = weir__signals_stop;
    return o;
}

static void cycle_print(const weir_cycle_info *r)
{
    weir__print(stdout,
                "samples          %lld\ncycle error      %.3g        largest of |x - "
                "decode(encode(x))|\nroot mean square %.3g\n",
                (long long)r->n, r->largest, r->rms);
    if (r->n_not_finite > 0) printf("not finite       %lld samples\n", (long long)r->n_not_finite);
}

static int encode_run(void *user, weir_model *m, weir_dataset *d)
{
    const job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    weir_cycle_info r = { .size = sizeof r };
    weir_log_prob_opts o = encode_opts(f);
    int code = weir__condition_beside(m, f->class, f->condition, d, &o.condition);
    if (code) return code;
    int64_t n = weir_dataset_samples(d), dim = weir_model_noise_dim(m);
    double *z = weir__alloc_n(c, weir__size_times(n, dim), sizeof *z);
    weir_status s = z ? weir_data_encode(m, d, &o, z) : weir_status_of(c);
    if (s == WEIR_OK && f->cycle) s = weir_data_cycle(m, d, &o, z, &r);
    if (s == WEIR_OK) s = weir__write_numbers(c, f->o, n, dim, z);
    if (s != WEIR_OK) code = weir__refused(c, j->self);
    else if (f->cycle) cycle_print(&r);
    weir__free(c, z);
    return code;
}

static int encode_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if ((code = weir__numbers_file("-o", f.o)) != 0) return code;
    job j = { self, &f };
    return weir__with_model(&u, encode_run, &j);
}

const weir__command weir__command_encode = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.encode",
        .doc = "writes the noise that a model would make data of",
        .options = encode_options,
        .options_size = sizeof(flags),
        .test = "encode run --data toy:gaussian,n=20 -o z.npy --cycle",
    },
    .usage = "RUN --data SPEC -o Z.{npy,csv} [--cycle] [--class K] "
             "[--condition FILE.npy|\"name=1.5,..\"] [--seed N] [--solver NAME] [--steps N] "
             "[--threads N] [--quiet] [--batch N]",
    .more = "`weir decode RUN Z.npy -o FILE` makes the data of it again: exactly of a flow but for "
            "rounding, and of integers to\n"
            "the integer, within its tolerances of a continuous model. Conditions are the data's, "
            "else the flags'.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir encode run --data toy:moons,n=20 -o z.npy --cycle\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = encode_command,
};

/* -- decode ------------------------------------------------------------------------------------ */
static const weir_option decode_options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of data whose samples have the classes and contexts of the samples of Z" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file: .npy, .csv, or .png for images and points of 2 values" },
    WEIR__FLAG_SOLVER(flags, "sampler of a continuous model"),
    WEIR__FLAG_STEPS(flags),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

/* The conditions of the data's samples, else the flags'. 0, or an exit code. */
static int decode_condition(const flags *f, weir_model *m, weir_dataset *d,
                            const weir_condition **k)
{
    if (d) {
        *k = weir_data_condition(m, d);
        return weir_ok(weir_model_ctx(m)) ? 0 : weir__complain_ctx(weir_model_ctx(m), false);
    }
    int code = weir__condition_read(m, f->class, f->condition, k);
    return code ? code : weir__condition_check(m, *k, false, false);
}

static int decode_run(void *user, weir_model *m, weir_dataset *d)
{
    const job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    weir_sample_opts o = weir_sample_defaults();
    weir_sample_file_info info = { .size = sizeof info };
    int64_t n = 0;
    int code = decode_condition(f, m, d, &o.condition);
    if (code) return code;
    double *z = weir__read_numbers(c, f->base.positional[1], weir_model_noise_dim(m), &n);
    o.noise_f64 = z;
    o.solver = f->solver;
    o.steps = f->steps;
    o.batch = f->batch;
    o.on_step = weir__signals_stop;
    weir_status s = z ? weir_model_sample_to_file(m, n, &o, f->o, &info) : weir_status_of(c);
    code = s == WEIR_OK ? weir__tell_samples(j->self, &info) : weir__refused(c, j->self);
    weir__free(c, z);
    return code;
}

static int decode_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = 1
    };
    if ((code = weir__using_check(self, &f.base, &u, false)) != 0) return code;
    if (f.base.n_positional < 2)
        return weir__complain(WEIR__EXIT_USAGE, "no Z.npy: weir decode: expected %s", self->usage);
    if (f.data && (f.class || f.condition))
        return weir__complain(WEIR__EXIT_USAGE, "--data: together with --%s: expected one of them",
                              f.class ? "class" : "condition");
    if ((code = weir__samples_file("-o", f.o)) != 0) return code;
    job j = { self, &f };
    return weir__with_model(&u, decode_run, &j);
}

const weir__command weir__command_decode = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.decode",
        .doc = "writes the data that a model makes of noise",
        .options = decode_options,
        .options_size = sizeof(flags),
        .test = "decode run z.npy -o back.npy",
    },
    .usage = "RUN Z.npy -o FILE.{npy,csv,png} [--data SPEC | --class K] "
             "[--condition FILE.npy|\"name=1.5,..\"] "
             "[--solver NAME] [--steps N] [--threads N] [--quiet] [--batch N]",
    .more = "Z.npy has a line for every sample, as `weir encode` writes it; it may have been "
            "changed in between. A model with classes or a context needs them: of --data, sample "
            "by sample, or of the flags.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir encode run --data toy:moons,n=20 -o z.npy\n"
                "weir decode run z.npy -o back.npy\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 2,
    .run = decode_command,
};
