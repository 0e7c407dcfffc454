/* inpaint.c - weir inpaint: values that are missing, as a model would have them. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "models/path_model.h"
#include "tensor/tensor.h"
#include "weir/latent.h"

typedef struct flags {
    weir__flags base;
    const char *data, *mask, *o, *log_prob, *solver, *class, *condition;
    double rate, noise;
    int64_t seed, steps, resample, jump, threads, batch;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the data; without split= all samples" },
    { "mask", WEIR_OPTION_TEXT, offsetof(flags, mask), "", 0, 0, NULL,
      "SPEC of what is missing: 0 known, else to be filled in; one for all samples, or one for "
      "each" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file for the samples filled in: .npy, .csv, or .png for images and points of 2 values" },
    { "log-prob", WEIR_OPTION_TEXT, offsetof(flags, log_prob), "", 0, 0, NULL,
      "file for the nats of every sample, filled in, .npy or .csv" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e9, NULL,
      "of the sampler, its own unless said; of the ascent 1000" },
    WEIR__FLAG_SOLVER(flags, "sampler of a continuous model; ddim of 50 steps for one that has no "
                             "steps"),
    { "resample", WEIR_OPTION_INT, offsetof(flags, resample), "10", 1, 1e6, NULL,
      "times that every --jump steps of a sampler are done, noise added in between" },
    { "jump", WEIR_OPTION_INT, offsetof(flags, jump), "10", 1, 1e6, NULL, "such steps" },
    { "rate", WEIR_OPTION_REAL, offsetof(flags, rate), "10", 1e-9, 1e9, NULL,
      "a: step i of the ascent is a / (100 + i) long" },
    { "noise", WEIR_OPTION_REAL, offsetof(flags, noise), "1", 0, 1e6, NULL,
      "deviation of the noise of such a step; 0: none" },
    WEIR__FLAG_SEED(flags, "of all noise, and of dequantization"),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

typedef struct job {
    const weir__command *self;
    const flags *f;
    double *x, *out, *log_prob;
    bool *known;
} job;

static weir_status inpaint_mask_fits(weir_ctx *c, const char *spec, const weir_dataset *mask,
                                     int64_t n, int64_t dim)
{
    int64_t rows = weir_dataset_samples(mask), have = weir_dataset_dim(mask);
    if (have == dim && (rows == 1 || rows == n)) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_SHAPE,
                     "%.200s: %lld samples of %lld values: expected 1 or %lld samples of %lld",
                     spec, (long long)rows, (long long)have, (long long)n, (long long)dim);
}

static void read_mask(job *j, weir_ctx *c, int64_t n, int64_t dim)
{
    weir_dataset *mask = weir_dataset_open(c, j->f->mask);
    int64_t rows = weir_dataset_samples(mask);
    double *v = NULL;
    if (weir_ok(c) && inpaint_mask_fits(c, j->f->mask, mask, n, dim) == WEIR_OK)
        v = weir__read_rows(c, mask);
    for (int64_t i = 0; v && weir_ok(c) && i < n * dim; i++) j->known[i] = v[i % (rows * dim)] == 0;
    weir__free(c, v);
    weir_dataset_free(mask);
}

static bool inpaint_take(job *j, weir_ctx *c, int64_t n, int64_t dim)
{
    int64_t size = weir__size_times(n, dim);
    j->out = weir__alloc_n(c, size, sizeof *j->out);
    j->known = weir__alloc_n(c, size, sizeof *j->known);
    j->log_prob = weir__alloc_n(c, n, sizeof *j->log_prob);
    return weir_ok(c);
}

static weir_status fill_in(job *j, weir_model *m, weir_dataset *d, const weir_condition *k)
{
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    weir_inpaint_opts o = weir_inpaint_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    int64_t n = weir_dataset_samples(d), dim = weir_model_dim(m);
    if (f->steps > 0) o.steps = f->steps;
    o.solver = f->solver;
    o.resample = f->resample;
    o.jump = f->jump;
    o.rate = f->rate;
    o.noise = f->noise;
    o.how = &how;
    how.seed = (uint64_t)f->seed;
    how.use_seed = true;
    how.batch = f->batch;
    how.on_step = weir__signals_stop;
    if (!inpaint_take(j, c, n, dim)) return weir_status_of(c);
    j->x = weir__read_rows(c, d);
    if (weir_ok(c)) read_mask(j, c, n, dim);
    if (!weir_ok(c)) return weir_status_of(c);
    return weir_data_inpaint(m, d, k, j->x, j->known, &o, j->out, j->log_prob);
}

/* What was given that this model has no use for, by name; 0, or an exit code. */
static int inpaint_check(const job *j, const weir_model *m)
{
    static const char *const of_sampler[] = { "solver", "resample", "jump", NULL };
    static const char *const of_ascent[] = { "rate", "noise", NULL };
    const weir_model_row *row = (const weir_model_row *)weir_model_row_of(m);
    bool ascent = row->sample != weir__path_model_sample;
    for (const char *const *name = ascent ? of_sampler : of_ascent; *name; name++)
        if (weir__flags_given(j->self, j->f, *name))
            return weir__complain(WEIR__EXIT_USAGE, "--%s: %s: expected no such option, %s", *name,
                                  row->row.name,
                                  ascent ? "its values are filled in by ascent"
                                         : "its values are drawn by a sampler");
    return 0;
}

static int inpaint_run(void *user, weir_model *m, weir_dataset *d)
{
    job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    const weir_condition *k = NULL;
    int64_t n = weir_dataset_samples(d);
    int code = inpaint_check(j, m);
    if (code == 0) code = weir__condition_beside(m, f->class, f->condition, d, &k);
    if (code) return code;
    weir_sample_file_info info = { .size = sizeof info };
    weir_status s = fill_in(j, m, d, k);
    if (s == WEIR_OK) s = weir_model_write_samples(m, j->out, n, f->o, &info);
    if (s == WEIR_OK && f->log_prob) s = weir__write_nats(c, f->log_prob, n, j->log_prob);
    code = s == WEIR_OK ? weir__tell_samples(j->self, &info) : weir__refused(c, j->self);
    weir__free(c, j->x);
    weir__free(c, j->out);
    weir__free(c, j->known);
    weir__free(c, j->log_prob);
    return code;
}

static int inpaint_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if (!f.mask)
        return weir__complain(WEIR__EXIT_USAGE, "no --mask: weir inpaint: expected %s",
                              self->usage);
    if ((code = weir__samples_file("-o", f.o)) != 0) return code;
    if (f.log_prob && (code = weir__numbers_beside("--log-prob", f.log_prob, f.o)) != 0)
        return code;
    job j = { .self = self, .f = &f };
    return weir__with_model(&u, inpaint_run, &j);
}

const weir__command weir__command_inpaint = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.inpaint",
        .doc = "fills in missing values, as a model would have them",
        .options = options,
        .options_size = sizeof(flags),
        .test = "inpaint run --data toy:gaussian,n=20 --mask toy:gaussian,n=1 --steps 5 "
                "-o full.csv",
    },
    .usage = "RUN --data SPEC --mask SPEC -o FILE.{npy,csv,png} [--log-prob FILE.{npy,csv}] "
             "[--solver NAME] [--steps N] [--resample N] [--jump N] [--rate X] [--noise X] "
             "[--class K] [--condition FILE.npy|\"name=1.5,..\"] [--seed N]"
             " [--threads N] [--quiet] [--batch N]",
    .more = "A continuous model draws what is missing beside what is known at every noise level, "
            "by any sampler; the turns between\n"
            "make both agree (RePaint, Lugmayr et al. 2022). A flow: ascent on log p with noise "
            "(Dinh, Krueger, Bengio 2015,\n"
            "section 5.2), in the scale that the model sees data in: values that the mask names "
            "move along the gradient of log p.\n"
            "Known values come back as they were.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir inpaint run --data toy:moons,n=20 --mask toy:moons,n=1 "
                "--steps 5 -o full.csv\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = inpaint_command,
};
