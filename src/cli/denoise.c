/* denoise.c - weir denoise: what the network of a continuous model says of noisy data. */
#include <math.h>
#include <stddef.h>
#include "cli/cli.h"
#include "weir/continuous.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *output, *noised, *class, *condition;
    double t;
    bool add_noise;
    int64_t seed, threads, batch;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the samples, x_t in the scale of the data; without split= all samples" },
    { "t", WEIR_OPTION_REAL, offsetof(flags, t), "", 0, 1e9, NULL,
      "time that they are at on the model's path: 0 data, 1 noise (of path edm: sigma)" },
    { "output", WEIR_OPTION_TEXT, offsetof(flags, output), "x0", 0, 0, NULL,
      "what to say of them: x0, eps, v, velocity, score or another of `weir list prediction`; raw: "
      "what the network says itself" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file for it, a line a sample, .npy or .csv, f64" },
    { "add-noise", WEIR_OPTION_BOOL, offsetof(flags, add_noise), "no", 0, 0, NULL,
      "the samples are data: the noise of time t is added first" },
    { "noised", WEIR_OPTION_TEXT, offsetof(flags, noised), "", 0, 0, NULL,
      "file for the samples that are asked about, .npy or .csv" },
    WEIR__FLAG_SEED(flags, "of the noise that is added"),
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

static weir_predict_opts denoise_opts_of(const flags *f)
{
    weir_predict_opts o = weir_predict_defaults();
    o.form = f->output;
    o.add_noise = f->add_noise;
    o.seed = (uint64_t)f->seed;
    o.use_seed = true;
    o.batch = f->batch;
    o.on_step = weir__signals_stop;
    return o;
}

static int64_t rows_not_finite(int64_t n, int64_t dim, const double *v)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) {
        bool finite = true;
        for (int64_t j = i * dim; j < (i + 1) * dim; j++) finite = finite && isfinite(v[j]);
        count += !finite;
    }
    return count;
}

/* What is not finite is written as it is: at an end of the path one form may not decide another. */
static void denoise_tell(const job *j, int64_t bad)
{
    if (bad > 0)
        weir__note_line(
            "denoise: %lld samples are not finite: at t=%.6g what the network says does "
            "not decide %s",
            (long long)bad, j->f->t, j->f->output);
}

static int denoise_run(void *user, weir_model *m, weir_dataset *d)
{
    const job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    weir_predict_opts o = denoise_opts_of(f);
    int code = weir__condition_beside(m, f->class, f->condition, d, &o.condition);
    if (code) return code;
    int64_t n = weir_dataset_samples(d), dim = weir_model_dim(m);
    double *out = weir__alloc_n(c, weir__size_times(n, dim), sizeof *out);
    if (out && f->noised) o.noised = weir__alloc_n(c, weir__size_times(n, dim), sizeof *o.noised);
    weir_status s = weir_status_of(c);
    if (s == WEIR_OK) s = weir_data_predict(m, d, f->t, &o, out);
    int64_t bad = s == WEIR_OK ? rows_not_finite(n, dim, out) : 0;
    if (s == WEIR_OK) s = weir__write_numbers(c, f->o, n, dim, out);
    if (s == WEIR_OK && f->noised) s = weir__write_numbers(c, f->noised, n, dim, o.noised);
    if (s != WEIR_OK) code = weir__refused(c, j->self);
    else denoise_tell(j, bad);
    weir__free(c, o.noised);
    weir__free(c, out);
    return code;
}

static int denoise_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if (!weir__flags_given(self, &f, "t"))
        return weir__complain(WEIR__EXIT_USAGE, "no -t: weir denoise: expected %s", self->usage);
    if ((code = weir__numbers_file("-o", f.o)) != 0) return code;
    if (f.noised && (code = weir__numbers_file("--noised", f.noised)) != 0) return code;
    job j = { self, &f };
    return weir__with_model(&u, denoise_run, &j);
}

const weir__command weir__command_denoise = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.denoise",
        .doc = "writes what a continuous model says of noisy data: the data in them, the noise, "
               "the score",
        .options = options,
        .options_size = sizeof(flags),
        .test = "denoise --help",
    },
    .usage = "RUN --data SPEC -t X [--output x0|eps|v|velocity|score|raw] -o FILE.{npy,csv} "
             "[--add-noise] [--noised FILE] [--class K] [--condition FILE.npy|\"name=1.5,..\"] "
             "[--seed N] [--threads N] [--quiet] [--batch N]",
    .more = "x_t = a(t) x_0 + b(t) eps on the model's path, in the scale that its data are stored "
            "in: s y + m of y, which\n"
            "the model sees, as the states of a trajectory are. So are x0, velocity and score; the "
            "other forms are of y.\n",
    .examples = WEIR__EXAMPLE_PATH
                "weir denoise run --data toy:moons,n=100 -t 0.3 --add-noise -o x0.npy\n"
                "weir denoise run --data toy:moons,n=100 -t 0.3 --output score -o score.csv\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = denoise_command,
};
