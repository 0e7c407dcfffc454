/* interpolate.c - weir interpolate: samples of what lies between the noise of two samples, or along
 * a class's direction. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "weir/latent.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *attribute, *solver, *condition;
    bool arc;
    double reach;
    int64_t from, to, n, seed, steps, threads;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL, "SPEC of the data" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file: .npy, .csv, or .png for images and points of 2 values" },
    { "from", WEIR_OPTION_INT, offsetof(flags, from), "0", 0, 1e15, NULL,
      "sample of the data where it begins, from 0" },
    { "to", WEIR_OPTION_INT, offsetof(flags, to), "1", 0, 1e15, NULL, "sample where it ends" },
    { "attribute", WEIR_OPTION_TEXT, offsetof(flags, attribute), "", 0, 0, NULL,
      "instead of --to: a class of the data, along whose direction samples go" },
    { "reach", WEIR_OPTION_REAL, offsetof(flags, reach), "1", 0, 1e6, NULL,
      "of --attribute: from minus so many times the direction to so many times" },
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "8", 1, 1e6, NULL,
      "samples, both ends among them" },
    { "arc", WEIR_OPTION_BOOL, offsetof(flags, arc), "no", 0, 0, NULL,
      "on a great circle, as befits noise of many values; else on a line" },
    WEIR__FLAG_SEED(flags, "of dequantization"),
    WEIR__FLAG_SOLVER(flags, "method for the ODE of a continuous model"),
    WEIR__FLAG_STEPS(flags),
    { "condition", WEIR_OPTION_TEXT, offsetof(flags, condition), "", 0, 0, NULL,
      "what a model with a context is conditioned on, where the data do not say: "
      "\"name=1.5,other=2\"" },
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { 0 },
};

typedef struct job {
    const weir__command *self;
    const flags *f;
} job;

static weir_status interpolate(const flags *f, weir_model *m, weir_dataset *d,
                               const weir_condition *k, double *x)
{
    weir_interpolate_opts o = weir_interpolate_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_sample_opts sample = weir_sample_defaults();
    o.from = f->from;
    o.to = f->to;
    o.attribute = f->attribute;
    o.reach = f->reach;
    o.arc = f->arc;
    o.steps = f->n;
    o.how = &how;
    o.sample = &sample;
    how.seed = (uint64_t)f->seed;
    how.use_seed = true;
    how.condition = k;
    how.solver = f->solver;
    how.steps = f->steps;
    how.on_step = weir__signals_stop;
    sample.solver = f->solver;
    sample.steps = f->steps;
    return weir_data_interpolate(m, d, &o, x);
}

static int interpolate_run(void *user, weir_model *m, weir_dataset *d)
{
    const job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    const weir_condition *k = NULL;
    int code = weir__condition_beside(m, NULL, f->condition, d, &k);
    if (code) return code;
    weir_sample_file_info info = { .size = sizeof info };
    double *x = weir__alloc_n(c, weir__size_times(f->n, weir_model_dim(m)), sizeof *x);
    weir_status s = x ? interpolate(f, m, d, k, x) : weir_status_of(c);
    if (s == WEIR_OK) s = weir_model_write_samples(m, x, f->n, f->o, &info);
    code = s == WEIR_OK ? weir__tell_samples(j->self, &info) : weir__refused(c, j->self);
    weir__free(c, x);
    return code;
}

static int interpolate_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if (f.attribute && weir__flags_given(self, &f, "to"))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--attribute: together with --to: expected one of them");
    if ((code = weir__samples_file("-o", f.o)) != 0) return code;
    job j = { self, &f };
    return weir__with_model(&u, interpolate_run, &j);
}

const weir__command weir__command_interpolate = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.interpolate",
        .doc = "writes samples of what lies between two samples of data, as a model sees them",
        .options = options,
        .options_size = sizeof(flags),
        .test = "interpolate run --data toy:gaussian,n=20 --from 3 --to 7 -o between.npy",
    },
    .usage = "RUN --data SPEC -o FILE.{npy,csv,png} [--from I] [--to J | --attribute CLASS "
             "[--reach X]] [-n N] [--arc] [--seed N] [--solver NAME] [--steps N] "
             "[--condition \"name=1.5,..\"] [--threads N] [--quiet]",
    .more = "Samples I and J become their noise, and samples are made of what lies between. "
            "--attribute goes from sample I along the\n"
            "mean noise of the class less that of the others (Kingma, Dhariwal 2018). All samples "
            "are under the condition of sample I.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir interpolate run --data toy:moons,n=100 --from 3 --to 7 -n 10 "
                "-o between.npy\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = interpolate_command,
};
