/* samplers.c - weir samplers: evaluations of the network against quality, for every sampler on one
 * trained model. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *data, *metric, *o, *sampler, *evaluations;
    int64_t n, seed, threads;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the samples that draws are compared with; without split= all samples" },
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "2000", 2, 1e9, NULL,
      "draws of each sampler, and samples of the data, at most" },
    { "evaluations", WEIR_OPTION_TEXT, offsetof(flags, evaluations), "4,8,16,32,64", 0, 0, NULL,
      "N,N,..: of the network a sample, about; steps are chosen so, of adaptive samplers "
      "tolerances" },
    { "sampler", WEIR_OPTION_TEXT, offsetof(flags, sampler), "", 0, 0, NULL,
      "\"NAME key=value ..\", one of `weir list sampler`; may be given several times; all of them "
      "unless said" },
    { "metric", WEIR_OPTION_TEXT, offsetof(flags, metric), "energy", 0, 0, NULL,
      "\"NAME key=value ..\", one of `weir list metric` with one value" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "file for the results, JSON lines, which weir report draws; RUN/samplers.jsonl unless said" },
    WEIR__FLAG_SEED(flags, "of the noise, the same for every sampler, and of the metric"),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { 0 },
};

enum { TRIED_STEPS = 12 }; /* of the run that tells how often a sampler asks in a step */
static const char exact[] = "dopri5 rtol=1e-6 atol=1e-6";

typedef struct job {
    const weir__command *self;
    const flags *f;
    weir_ints evaluations;
    weir_model *m;
    weir_ctx *c;
    weir_dataset *data;
    int64_t n, dim;
    double *ends; /* [n, dim]: where the ODE carries the same noise */
    weir_sample_report *report; /* [n] */
    char *lines; /* of the file */
    size_t used, room;
} job;

/* -- one sampler ------------------------------------------------------------------------------- */
typedef struct tried {
    const char *text; /* "NAME key=value .." */
    bool adaptive, noisy; /* draws noise on its way */
    double of_step; /* evaluations */
} tried;

typedef struct point {
    double evaluations, from_ode; /* NaN: not a matter of it */
    weir_metric_value value;
} point;

/* n draws, the same noise whichever sampler; nil: the error is set, or it was stopped. */
static weir_dataset *samplers_draw(job *j, const char *solver, int64_t steps, int64_t n,
                                   const double *noise, uint64_t seed)
{
    weir_sample_opts o = weir_sample_defaults();
    o.seed = seed;
    o.use_seed = true;
    o.solver = solver;
    o.steps = steps;
    o.noise_f64 = noise;
    o.report = j->report;
    o.on_step = weir__signals_stop;
    return weir_model_sample_dataset(j->m, n, &o, j->data);
}

static double samplers_evaluations(const job *j, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)j->report[i].evaluations;
    return sum / (double)n;
}

/* The root of the mean squared distance from `ends`, a sample's values together. */
static double samplers_distance(job *j, weir_dataset *d, const double *ends, int64_t n)
{
    double sum = 0, *x = weir__read_rows(j->c, d);
    for (int64_t i = 0; x && i < n * j->dim; i++) sum += (x[i] - ends[i]) * (x[i] - ends[i]);
    weir__free(j->c, x);
    return x ? sqrt(sum / (double)n) : NAN;
}

/* Twice from the same noise under different seeds: one that draws more ends elsewhere. */
static bool samplers_probe(job *j, tried *t)
{
    int64_t n = 2, size = weir__size_times(n, weir_model_noise_dim(j->m));
    double *noise = weir__alloc0_n(j->c, size, sizeof *noise);
    if (!noise) return false;
    int64_t steps = t->adaptive ? 0 : TRIED_STEPS;
    weir_dataset *a = samplers_draw(j, t->text, steps, n, noise, 1);
    t->of_step = weir_ok(j->c) ? samplers_evaluations(j, n) / TRIED_STEPS : 1;
    weir_dataset *b = weir_ok(j->c) ? samplers_draw(j, t->text, steps, n, noise, 2) : NULL;
    if (b && !weir_dataset_is_nil(b)) {
        double *ends = weir__read_rows(j->c, a);
        t->noisy = ends && samplers_distance(j, b, ends, n) > 0;
        weir__free(j->c, ends);
    }
    weir_dataset_free(b);
    weir_dataset_free(a);
    weir__free(j->c, noise);
    return weir_ok(j->c) && !weir__signalled();
}

/* With about so many evaluations; the k-th tolerance of an adaptive one. */
static bool samplers_measure(job *j, const tried *t, int64_t evaluations, int k, point *p)
{
    char text[512];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%s", t->text);
    double tolerance = pow(10, -1 - k);
    if (t->adaptive)
        weir__append(text, sizeof text, &used, " rtol=%.3g atol=%.3g", tolerance, tolerance);
    int64_t steps = (int64_t)fmax(1, round((double)evaluations / fmax(1, round(t->of_step))));
    weir_dataset *d = samplers_draw(j, text, t->adaptive ? 0 : steps, j->n, NULL,
                                    (uint64_t)j->f->seed);
    bool drawn = weir_ok(j->c) && !weir__signalled();
    weir_compare_opts o = weir_compare_defaults();
    o.limit = j->n;
    o.seed = (uint64_t)j->f->seed;
    if (drawn) {
        p->evaluations = samplers_evaluations(j, j->n);
        p->from_ode = t->noisy ? NAN : samplers_distance(j, d, j->ends, j->n);
    }
    if (drawn && weir_ok(j->c)) weir_compare(d, j->data, j->f->metric, &o, &p->value, NULL);
    weir_dataset_free(d);
    return drawn && weir_ok(j->c);
}

/* -- results ----------------------------------------------------------------------------------- */
static void samplers_keep(job *j, const tried *t, const point *p)
{
    json_t *o = json_object();
    json_object_set_new(o, "sampler", json_string(t->text));
    json_object_set_new(o, "evaluations", weir__json_number(p->evaluations));
    json_object_set_new(o, "metric", json_string(j->f->metric));
    json_object_set_new(o, "value", weir__json_number(p->value.value));
    json_object_set_new(o, "stderr", weir__json_number(p->value.error));
    json_object_set_new(o, "from_ode", weir__json_number(p->from_ode));
    json_object_set_new(o, "n", json_integer(j->n));
    char *line = weir__json_text(o, JSON_REAL_PRECISION(9));
    size_t size = line ? strlen(line) : 0;
    int64_t room = (int64_t)j->room;
    if (line && weir__grow(j->c, &j->lines, &room, (int64_t)(j->used + size + 2), 1)) {
        j->room = (size_t)room;
        weir__append(j->lines, j->room, &j->used, "%s\n", line);
    }
    weir__json_text_free(line);
    json_decref(o);
}

static void samplers_print(const tried *t, const point *p)
{
    char text[96], from[40], asked[40];
    weir__format(asked, sizeof asked, "%.1f", p->evaluations);
    weir__format(text, sizeof text, "%.5g +- %.2g", p->value.value, p->value.error);
    weir__format(from, sizeof from, "%.3g", p->from_ode);
    printf("%-28s %11s   %-24s %s\n", t->text, asked, text, t->noisy ? "-" : from);
}

static int64_t samplers_count(const job *j)
{
    int given = j->f->base.n_repeated;
    return given > 0 ? given : weir_row_count(j->c, "sampler");
}

static bool samplers_choose(job *j, int64_t i, tried *t)
{
    char name[80];
    size_t used = 0;
    _Alignas(max_align_t) char room[2048];
    *t = (tried){ 0 };
    if (j->f->base.n_repeated > 0) t->text = j->f->base.repeated[i];
    else t->text = strchr(weir_row_at(j->c, "sampler", i)->name, '.') + 1;
    weir__append(name, sizeof name, &used, "%.*s", (int)strcspn(t->text, " "), t->text);
    const weir_sampler_row *row = (const weir_sampler_row *)weir_row_find(j->c, "sampler", name);
    if (!row || row->row.options_size > sizeof room) return false;
    if (weir_options_defaults(j->c, &row->row, room) != WEIR_OK) return false;
    const char *own = t->text + strcspn(t->text, " ");
    bool good = weir_options_parse(j->c, &row->row, room, own) == WEIR_OK;
    if (good) t->adaptive = weir_sampler_steps(row, room) == 0;
    weir_options_free(j->c, &row->row, room);
    return good && samplers_probe(j, t);
}

static void samplers_all(job *j)
{
    printf("%-28s %11s   %-24s %s\n", "sampler", "evaluations", j->f->metric, "from the ODE");
    for (int64_t i = 0; weir_ok(j->c) && i < samplers_count(j); i++) {
        tried t;
        if (!samplers_choose(j, i, &t)) return;
        for (int k = 0; k < j->evaluations.n; k++) {
            point p;
            if (!samplers_measure(j, &t, j->evaluations.at[k], k, &p)) return;
            samplers_print(&t, &p);
            samplers_keep(j, &t, &p);
        }
        fflush(stdout);
    }
}

/* -- running ----------------------------------------------------------------------------------- */
static bool samplers_begin(job *j)
{
    j->c = weir_model_ctx(j->m);
    j->dim = weir_model_dim(j->m);
    j->n = weir_dataset_samples(j->data);
    if (j->f->n < j->n) j->n = j->f->n;
    j->report = weir__alloc_n(j->c, j->n, sizeof *j->report);
    if (!j->report) return false;
    weir_dataset *d = samplers_draw(j, exact, 0, j->n, NULL, (uint64_t)j->f->seed);
    if (weir_ok(j->c) && !weir__signalled()) j->ends = weir__read_rows(j->c, d);
    weir_dataset_free(d);
    return j->ends != NULL;
}

static int samplers_write(job *j)
{
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, j->f->o ? "%s" : "%s/samplers.jsonl",
                 j->f->o ? j->f->o : j->f->base.positional[0]);
    weir__file_write(j->c, path, j->lines, j->used);
    return weir_ok(j->c) ? WEIR__EXIT_OK : weir__complain_ctx(j->c, false);
}

static int samplers_run(void *user, weir_model *m, weir_dataset *d)
{
    job *j = user;
    j->m = m;
    j->data = d;
    if (samplers_begin(j)) samplers_all(j);
    int code = WEIR__EXIT_OK;
    if (!weir_ok(j->c) || weir__signalled()) code = weir__refused(j->c, j->self);
    else code = samplers_write(j);
    weir__free(j->c, j->lines);
    weir__free(j->c, j->ends);
    weir__free(j->c, j->report);
    return code;
}

/* "4,8,16" */
static bool samplers_list(const char *text, weir_ints *list)
{
    char item[24];
    list->n = 0;
    for (const char *p = text; list->n < WEIR_INTS_MAX; p++) {
        size_t used = 0, n = strcspn(p, ",");
        weir__append(item, sizeof item, &used, "%.*s", (int)n, p);
        int64_t *v = &list->at[list->n++];
        if (!weir__parse_int(item, v) || *v < 1 || *v > 1000000) return false;
        p += n;
        if (!*p) return true;
    }
    return false;
}

static int samplers_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if (f.o && strcmp(f.o, "-") == 0)
        return weir__complain(WEIR__EXIT_USAGE, "-o: -: expected a file to write, FILE.jsonl");
    job j = { .self = self, .f = &f };
    if (!samplers_list(f.evaluations, &j.evaluations))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--evaluations: %.60s: expected up to %d integers within "
                              "[1, 1000000], by commas",
                              f.evaluations, WEIR_INTS_MAX);
    return weir__with_model(&u, samplers_run, &j);
}

const weir__command weir__command_samplers = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.samplers",
        .doc = "evaluations of the network against quality, for every sampler on one model",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help samplers",
    },
    .usage = "RUN --data SPEC [-n N] [--evaluations N,N,..] [--sampler \"NAME key=value ..\"]... "
             "[--metric \"NAME key=value ..\"] [-o FILE.jsonl] [--seed N] [--threads N] [--quiet]",
    .more = "Every sampler begins at the same noise. The metric is that of weir compare, between\n"
            "the draws and the data; `from the ODE` the root of the mean squared distance between\n"
            "where the sampler ends and where the ODE does, solved to 1e-6; - where the sampler\n"
            "draws noise on its way. weir report draws both, best ones named.\n",
    .examples = WEIR__EXAMPLE_PATH
                "weir samplers run --data toy:moons,n=200 -n 200 --evaluations 8 --sampler heun\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .repeats = "sampler",
    .run = samplers_command,
};
