/* reflow.c - weir reflow: trains a rectified flow on pairs of noise and samples that another model
 * makes, and says how straight both are. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "train/train.h"
#include "weir/continuous.h"

typedef struct flags {
    weir__flags base;
    const char *o, *set;
    int64_t steps, n, seed, threads;
    bool json;
} flags;

static const weir_option options[] = {
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL, "RUN2, the folder to make" },
    { "set", WEIR_OPTION_TEXT, offsetof(flags, set), "", 0, 0, NULL,
      "a setting other than RUN's, as of weir train; may be repeated" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e12, NULL,
      "train so many steps; as many as RUN unless said" },
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "1000", 1, 1e9, NULL,
      "trajectories that straightness is measured by" },
    WEIR__FLAG_SEED(flags, "of those trajectories"),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL,
      "print one JSON object, and nothing before it" },
    { 0 },
};

typedef struct job {
    const weir__command *self;
    const flags *f;
    weir_ctx *c;
    weir_run *r;
    weir__meter meter;
} job;

static int reflow_on_step(void *user, const weir_progress *p)
{
    job *j = user;
    weir__meter_show(&j->meter, p);
    return weir__signalled();
}

/* Models with conditions: under those of the first training data. */
static weir_status measure_model(const job *j, weir_model *m, weir_straightness_info *info)
{
    weir_sample_opts o = weir_sample_defaults();
    int64_t n = j->f->n;
    info->size = sizeof *info;
    o.seed = (uint64_t)j->f->seed;
    o.use_seed = true;
    o.on_step = weir__signals_stop;
    if (weir_model_wants(m, 0)) {
        int64_t rows = weir_dataset_samples(j->r->train);
        if (n > rows) n = rows;
        o.condition = weir__data_condition_of(m, weir_dataset_batch(j->r->train, 0, n));
    }
    return weir_ok(j->c) ? weir_model_straightness(m, n, &o, info) : weir_status_of(j->c);
}

static weir_status reflow_measure(const job *j, const char *run, weir_straightness_info *info)
{
    weir_scope s = weir_scope_begin(j->c);
    weir_model *m = weir_model_load(j->c, run);
    weir_status status = weir_ok(j->c) ? measure_model(j, m, info) : weir_status_of(j->c);
    weir_model_free(m);
    weir_scope_end(s);
    return status;
}

static json_t *measured_json(const weir_straightness_info *s)
{
    json_t *o = json_object();
    json_object_set_new(o, "straightness", weir__json_number(s->value));
    json_object_set_new(o, "stderr", weir__json_number(s->error));
    json_object_set_new(o, "one_step", weir__json_number(s->one_step));
    return o;
}

static void reflow_tell(const job *j, const weir_straightness_info *before,
                        const weir_straightness_info *after)
{
    if (j->f->json) {
        json_t *o = json_object();
        json_object_set_new(o, "run", json_string(j->f->o));
        json_object_set_new(o, "step", json_integer(weir_run_step(j->r)));
        json_object_set_new(o, "n", json_integer(after->n));
        json_object_set_new(o, "before", measured_json(before));
        json_object_set_new(o, "after", measured_json(after));
        weir__json_warnings(o);
        weir__json_print(o, false);
        json_decref(o);
        return;
    }
    printf("%s  step %lld\n", j->f->o, (long long)weir_run_step(j->r));
    weir__print(stdout, "                  before       after        of %lld trajectories\n",
                (long long)after->n);
    weir__print(stdout, "straightness      %-12.4g %-12.4g S(Z), 0: straight lines\n",
                before->value, after->value);
    weir__print(stdout, "standard error    %-12.2g %-12.2g\n", before->error, after->error);
    weir__print(stdout, "one Euler step    %-12.4g %-12.4g its squared error\n", before->one_step,
                after->one_step);
}

static const char *chosen(const weir_model *m, const char *option)
{
    const weir_choice *k = weir__option_value(&m->row->row, m->options, option, WEIR_OPTION_ROW);
    return k ? weir__row_short_name(k->row) : "-";
}

static void introduce(const job *j)
{
    const weir_model *m = weir_run_model(j->r);
    if (weir__is_quiet() || j->f->json) return;
    fprintf(stderr, "model    %s, path %s, prediction %s, begun %s\n",
            weir__row_short_name(&m->row->row), chosen(m, "path"), chosen(m, "prediction"),
            weir__reflow_speaks_alike(m) ? "at its weights" : "anew");
}

static int reflow_train(job *j)
{
    weir_straightness_info before, after;
    weir_train_opts o = weir_train_defaults();
    introduce(j);
    if (reflow_measure(j, j->f->base.positional[0], &before) != WEIR_OK)
        return weir__refused(j->c, j->self);
    o.on_step = reflow_on_step;
    o.user = j;
    weir__meter_begin(&j->meter, stderr);
    weir_status status = weir_run_train(j->r, &o);
    weir__meter_end(&j->meter);
    if (!weir_ok(j->c) || (status != WEIR_OK && status != WEIR_STOPPED))
        return weir__complain_ctx(j->c, false);
    if (status == WEIR_STOPPED) {
        fprintf(stderr,
                "weir: stopped at step %lld, all saved: weir train --out %s --resume continues\n",
                (long long)weir_run_step(j->r), j->f->o);
        return 128 + weir__signalled();
    }
    if (reflow_measure(j, j->f->o, &after) != WEIR_OK) return weir__refused(j->c, j->self);
    reflow_tell(j, &before, &after);
    return WEIR__EXIT_OK;
}

/* Flags are settings under other names, and win over --set. */
static void reflow_open_run(job *j)
{
    const flags *f = j->f;
    const char *set[WEIR__REPEATS_MAX + 1];
    char steps[64];
    int n = 0;
    size_t used = 0;
    for (; n < f->base.n_repeated; n++) set[n] = f->base.repeated[n];
    weir__append(steps, sizeof steps, &used, "train.steps=%lld", (long long)f->steps);
    if (f->steps) set[n++] = steps;
    j->r = weir__run_reflow(j->c, f->base.positional[0], f->o, NULL, n, set);
}

static int reflow_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    job j = { .self = self, .f = &f };
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir reflow: expected %s", self->usage);
    if (!f.o)
        return weir__complain(WEIR__EXIT_USAGE, "no -o: weir reflow: expected a folder for RUN2");
    j.c = weir__cli_open(f.threads, 1, &code);
    if (!j.c) return code;
    weir__signals_catch();
    reflow_open_run(&j);
    code = weir_ok(j.c) ? reflow_train(&j) : weir__complain_ctx(j.c, true);
    weir_run_free(j.r);
    weir_close(j.c);
    return code;
}

const weir__command weir__command_reflow = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.reflow",
        .doc = "trains a rectified flow on what another one makes of noise: straighter, for few "
               "steps",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help reflow",
    },
    .usage = "RUN -o RUN2 [--set key=value]... [--steps N] [-n N] [--seed N] [--threads N] "
             "[--quiet] [--json]",
    .more = "Reflow of Liu, Gong, Liu 2022, of any continuous RUN (rectified-flow, flow-matching, "
            "edm, ddpm, score-sde): trained on\n"
            "pairs of noise and the sample that RUN's ODE makes of it, anew for every batch. One "
            "step of Euler then comes near to\n"
            "the ODE. RUN2 is a rectified-flow. From a RUN on path fm it begins at the weights "
            "there; from one on another path\n"
            "(edm, ddpm ..) it is of path fm and prediction velocity, has RUN's network and "
            "training settings, and begins anew.\n"
            "Straightness is that of the flow on path fm, whatever the path of RUN.\n",
    .examples = WEIR__EXAMPLE_PATH
                "weir reflow run -o run2 --steps 100\n"
                "weir sample run2 -n 1000 -o points.npy --solver euler --steps 1\n",
    .files = WEIR__FILES_RUN
             "RUN2\ta run as weir train makes it\n",
    .most_positional = 1,
    .repeats = "set",
    .run = reflow_command,
};
