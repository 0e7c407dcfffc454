/* score.c - weir score: the log-likelihood of data, as stored, with every unit by its name. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "data/data.h"
#include "train/train.h"
#include "weir/classify.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *solver, *bound, *path, *class, *condition;
    bool json;
    double outliers, timeout;
    int64_t seed, draws, importance, probes, threads, batch;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the data; without split= all samples" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file for the nats of every sample, .npy or .csv; NaN where a sample failed" },
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    WEIR__FLAG_SEED(flags, "of dequantization and probes"),
    { "outliers", WEIR_OPTION_REAL, offsetof(flags, outliers), "", 1e-9, 1, NULL,
      "count and list samples below this quantile of the run's training data, such as 0.01" },
    { "draws", WEIR_OPTION_INT, offsetof(flags, draws), "1", 1, 1e6, NULL,
      "draws of the dequantization noise, averaged" },
    WEIR__FLAG_IMPORTANCE(flags),
    { "probes", WEIR_OPTION_INT, offsetof(flags, probes), "", 0, 1e6, NULL,
      "random probes of the trace of a continuous model of more than 4 values; 0: exact" },
    WEIR__FLAG_SOLVER(flags, "method for the ODE of a continuous model"),
    { "bound", WEIR_OPTION_TEXT, offsetof(flags, bound), "", 0, 0, NULL,
      "in place of log p, of a model on a path of noise; vlb: the variational bound of its steps, "
      "1000 unless its path has others" },
    WEIR__FLAG_PATH(flags),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_TIMEOUT(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

/* -- printing ---------------------------------------------------------------------------------- */
/* By steps that are fixed nothing is exact. */
static const char *kind_name(const weir_data_log_prob_info *r)
{
    bool fixed = r->fixed_steps > 0;
    if (r->kind == WEIR_LOG_PROB_EXACT) return fixed ? "fixed-step" : "exact";
    if (r->kind == WEIR_LOG_PROB_ESTIMATE) return fixed ? "fixed-step estimate" : "estimate";
    return "lower_bound";
}

static const char *solver_name(const weir_data_log_prob_info *r)
{
    return strchr(r->solver, '.') + 1;
}

static const char *dequantizer_name(const weir_data_log_prob_info *r)
{
    return r->dequantizer ? strchr(r->dequantizer, '.') + 1 : "none";
}

static void add_solver(json_t *o, const weir_data_log_prob_info *r)
{
    json_object_set_new(o, "solver", json_string(solver_name(r)));
    if (r->fixed_steps == 0) return;
    json_object_set_new(o, "fixed_steps", json_integer(r->fixed_steps));
    json_object_set_new(o, "step_error", weir__json_number(r->step_error));
    json_object_set_new(o, "step_bias", weir__json_number(r->step_bias));
    json_object_set_new(o, "n_doubled", json_integer(r->n_doubled));
}

static json_t *failed_samples(const weir_data_log_prob_info *r)
{
    json_t *a = json_array();
    for (int64_t i = 0; i < r->n_failed && i < WEIR_FAILED_LISTED; i++)
        json_array_append_new(a, json_integer(r->failed_ids[i]));
    return a;
}

/* Samples below a quantile of the run's training data. */
typedef struct outliers {
    double quantile, nats; /* quantile 0: nobody asked */
    int64_t n;
    int64_t ids[WEIR_FAILED_LISTED]; /* of the first of them */
} outliers;

static void outliers_count(void *user, int64_t first, int64_t n, const int64_t *ids,
                           const double *weights, const double *log_prob)
{
    outliers *o = user;
    (void)first;
    (void)weights;
    for (int64_t i = 0; i < n; i++) {
        if (log_prob[i] >= o->nats) continue; /* one that failed is below */
        if (o->n < WEIR_FAILED_LISTED) o->ids[o->n] = ids[i];
        o->n++;
    }
}

static void outliers_json(json_t *all, const outliers *u)
{
    json_t *o = json_object(), *samples = json_array();
    for (int64_t i = 0; i < u->n && i < WEIR_FAILED_LISTED; i++)
        json_array_append_new(samples, json_integer(u->ids[i]));
    json_object_set_new(o, "quantile", weir__json_number(u->quantile));
    json_object_set_new(o, "nats", weir__json_number(u->nats));
    json_object_set_new(o, "n", json_integer(u->n));
    json_object_set_new(o, "samples", samples);
    json_object_set_new(all, "outliers", o);
}

static void outliers_print(const outliers *u)
{
    enum { SHOWN = 10 };
    weir__print(stdout, "%-16s %lld samples below %.4f nats, quantile %g of the training data",
                "outliers", (long long)u->n, u->nats, u->quantile);
    for (int64_t i = 0; i < u->n && i < SHOWN; i++)
        printf("%s%lld", i ? ", " : ": ", (long long)u->ids[i]);
    puts(u->n > SHOWN ? " .." : "");
}

static void score_print_json(const weir_data_log_prob_info *r, const outliers *u)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind_name(r)));
    json_object_set_new(o, "nats", weir__json_number(r->nats));
    json_object_set_new(o, "nats_stderr", weir__json_number(r->nats_stderr));
    json_object_set_new(o, "estimator_stderr", weir__json_number(r->estimator_stderr));
    if (r->solver) add_solver(o, r);
    json_object_set_new(o, "probes", json_integer(r->probes));
    json_object_set_new(o, "draws", json_integer(r->draws));
    json_object_set_new(o, "importance", json_integer(r->importance));
    json_object_set_new(o, "dequantization", json_string(dequantizer_name(r)));
    json_object_set_new(o, "n", json_integer(r->n));
    json_object_set_new(o, "dim", json_integer(r->dim));
    if (r->weighted) json_object_set_new(o, "n_effective", weir__json_number(r->n_effective));
    json_object_set_new(o, "n_failed", json_integer(r->n_failed));
    json_object_set_new(o, "failed_samples", failed_samples(r));
    if (r->levels > 0) {
        json_object_set_new(o, "bits_per_dim", weir__json_number(r->bits_per_dim));
        json_object_set_new(o, "nats_unit_range", weir__json_number(r->nats_unit_range));
    }
    if (r->known) {
        json_object_set_new(o, "excess_nats", weir__json_number(r->excess));
        json_object_set_new(o, "excess_stderr", weir__json_number(r->excess_stderr));
    }
    if (u->quantile > 0) outliers_json(o, u);
    weir__json_warnings(o);
    weir__json_print(o, false);
    json_decref(o);
}

/* How far the fixed steps may be trusted. */
static void print_step_error(const weir_data_log_prob_info *r)
{
    char text[64];
    weir__format(text, sizeof text, "%.2g (mean %+.2g)", r->step_error, r->step_bias);
    if (r->n_doubled == 0) snprintf(text, sizeof text, "-");
    printf("%-16s %-24s nats a sample, by twice the steps on %lld samples\n", "step error", text,
           (long long)r->n_doubled);
}

static void print_dequantization(const weir_data_log_prob_info *r)
{
    const char *plural = r->draws == 1 ? "" : "s";
    printf(", %s dequantization, %lld ", dequantizer_name(r), (long long)r->draws);
    if (r->importance > 1) printf("bound%s of K = %lld draws", plural, (long long)r->importance);
    else printf("draw%s", plural);
}

static void score_print_table(const weir_data_log_prob_info *r, const outliers *u)
{
    weir__say_value("nats", r->nats, r->nats_stderr, "mean log-density of the data as stored");
    if (r->levels > 0) {
        weir__say_value("bits/dim", r->bits_per_dim,
                        weir_bits_per_dim(-r->nats_stderr, r->dim, r->levels),
                        "-nats / (dim ln 2)");
        weir__say_value("nats_unit_range", r->nats_unit_range, r->nats_stderr,
                        "nats of the data scaled to [0, 1)");
    }
    if (r->estimator_stderr > 0)
        weir__say_value("estimator error", r->estimator_stderr, NAN,
                        "nats, standard error of the mean from draws and probes");
    if (r->fixed_steps > 0) print_step_error(r);
    if (r->known)
        weir__say_value("excess_nats", r->excess, r->excess_stderr,
                        "true log-density - ours, the same samples");
    printf("%-16s %lld of %lld values", "samples", (long long)r->n, (long long)r->dim);
    if (r->weighted) weir__print(stdout, ", by weight as good as %.4g", r->n_effective);
    if (r->n_failed) printf(", %lld failed", (long long)r->n_failed);
    printf("\n%-16s %s", "kind", kind_name(r));
    if (r->fixed_steps > 0) printf(", %lld steps of %s", (long long)r->fixed_steps, solver_name(r));
    if (r->levels > 0) print_dequantization(r);
    putchar('\n');
    if (u->quantile > 0) outliers_print(u);
}

/* -- running ----------------------------------------------------------------------------------- */
/* An option that the model has nothing for is refused by name. */
static int check_model(const weir__command *self, const flags *f, const weir_model *m)
{
    const weir_model_row *row = (const weir_model_row *)weir_model_row_of(m);
    if (f->solver && row->log_prob_kind == WEIR_LOG_PROB_EXACT)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--solver: %s: expected no such option, its log-density is exact",
                              row->row.name);
    if (weir__flags_given(self, f, "probes") && row->log_prob_kind == WEIR_LOG_PROB_EXACT)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--probes: %s: expected no such option, its log-density is exact",
                              row->row.name);
    if (f->bound && strcmp(f->bound, "vlb") != 0)
        return weir__complain(WEIR__EXIT_USAGE, "--bound %.40s: expected vlb", f->bound);
    if (f->bound && (f->solver || weir__flags_given(self, f, "probes")))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--%s: expected no such option beside --bound, which solves no ODE",
                              f->solver ? "solver" : "probes");
    bool draws = f->draws > 1 && row->log_prob_kind == WEIR_LOG_PROB_EXACT;
    if ((draws || f->importance > 1) && weir_model_levels(m) == 0)
        return weir__complain(
            WEIR__EXIT_USAGE,
            "--%s: %s: expected no such option, nothing is drawn for continuous data",
            draws ? "draws" : "importance", row->row.name);
    return 0;
}

static int tell_failed(const weir_data_log_prob_info *r)
{
    if (r->n_failed == 0) return WEIR__EXIT_OK;
    if (isnan(r->nats)) /* by weight none is left */
        return weir__complain(
            WEIR__EXIT_FAILED,
            "score: %s%lld samples failed%s: expected at least one finite log-density",
            r->n_failed == r->n ? "all " : "", (long long)r->n_failed,
            r->n_failed == r->n ? "" : " and the others weigh nothing");
    return weir__complain(WEIR__EXIT_OK,
                          "score: %lld of %lld samples failed, the first is sample %lld: the means "
                          "are over the others",
                          (long long)r->n_failed, (long long)r->n, (long long)r->failed_ids[0]);
}

static weir_log_prob_opts score_opts(const weir__command *self, const flags *f)
{
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.seed = (uint64_t)f->seed;
    o.use_seed = true;
    o.draws = f->draws;
    o.importance = f->importance;
    if (f->bound) o.bound = WEIR_BOUND_VARIATIONAL;
    o.batch = f->batch;
    o.on_step = weir__signals_stop;
    o.solver = f->solver;
    if (weir__flags_given(self, f, "probes")) o.probes = f->probes;
    return o;
}

/* What --solver or --bound asked for and cannot be had is a usage error. */
static int score_refused(const weir_ctx *c, const flags *f)
{
    bool asked = f->solver || f->bound;
    int code = weir__complain_ctx(c, asked);
    return asked && weir_status_of(c) == WEIR_ERROR_UNSUPPORTED ? WEIR__EXIT_USAGE : code;
}

/* What is below which is an outlier, by the run's training data. False: the error is set. */
static bool outliers_begin(weir_ctx *c, const flags *f, weir_model *m, weir_data_log_prob_opts *o,
                           outliers *u)
{
    enum { MOST = 10000 };
    if (!(f->outliers > 0)) return true;
    weir_dataset *d = weir_run_data(c, f->base.positional[0], "train");
    weir_log_prob_opts how = *o->how;
    how.condition = NULL; /* its own samples have what they are conditioned on */
    *u = (outliers){ .quantile = f->outliers };
    if (weir_ok(c)) (void)weir_data_log_prob_quantile(m, d, f->outliers, MOST, &how, &u->nats);
    weir_dataset_free(d);
    o->on_batch = outliers_count;
    o->user = u;
    return weir_ok(c);
}

typedef struct job {
    const weir__command *self;
    const flags *f;
} job;

static int score(void *user, weir_model *m, weir_dataset *d)
{
    const job *j = user;
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(m);
    weir_log_prob_opts how = score_opts(j->self, f);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_data_log_prob_info r = { .size = sizeof r };
    outliers u = { 0 };
    int code = check_model(j->self, f, m);
    if (code == 0) code = weir__condition_beside(m, f->class, f->condition, d, &how.condition);
    if (code) return code;
    o.how = &how;
    o.log_prob = f->o ? weir__alloc_n(c, weir_dataset_samples(d), sizeof *o.log_prob) : NULL;
    weir_status s = weir_status_of(c);
    if (s == WEIR_OK && outliers_begin(c, f, m, &o, &u)) s = weir_data_log_prob(m, d, &o, &r);
    if (s == WEIR_OK && f->o && weir__ranks_first()) s = weir__write_nats(c, f->o, r.n, o.log_prob);
    if (s == WEIR_STOPPED) {
        code = weir__complain(128 + weir__signalled(), "score: stopped: nothing is written");
    } else if (!weir_ok(c)) {
        code = score_refused(c, f);
    } else {
        (f->json ? score_print_json : score_print_table)(&r, &u);
        code = tell_failed(&r);
    }
    weir__free(c, o.log_prob);
    return code;
}

static int score_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    weir__ranks_wait(f.timeout);
    const weir__using u = { .run = f.base.positional[0],
                            .data = f.data,
                            .threads = f.threads,
                            .seed = f.seed,
                            .path = f.path };
    code = weir__using_check(self, &f.base, &u, true);
    if (code == 0 && f.o) code = weir__numbers_file("-o", f.o);
    job j = { self, &f };
    return code ? code : weir__with_model(&u, score, &j);
}

const weir__command weir__command_score = {
    .row = { .size = sizeof(weir__command),
             .version = 1,
             .name = "command.score",
             .doc = "log-likelihood of data, as stored",
             .options = options,
             .options_size = sizeof(flags),
             .test = "score run --data toy:gaussian,n=100 --json" },
    .usage = "RUN --data SPEC [-o FILE.{npy,csv}] [--json] [--outliers Q] [--seed N] [--draws N] "
             "[--importance K] [--probes K] [--solver NAME] [--bound vlb] [--path NAME]"
             " [--class K] [--condition FILE.npy|\"name=1.5,..\"] [--threads N] "
             "[--timeout SECONDS] [--quiet] [--batch N]",
    .more = "nats are natural-log densities of the data as stored: integers v of L levels stand "
            "for v + u, u uniform on [0, 1).\n"
            "bits/dim = -nats / (dim ln 2); nats_unit_range = nats + dim ln L, the density of the "
            "data scaled to [0, 1).\n"
            "--importance K: each draw is a bound of log P(v) by K of them, log of the mean of "
            "p(v + u) / q(u | v), q = 1 of uniform\n"
            "dequantization: kind is then lower_bound, as for variational dequantization with any "
            "K; it rises with K.\n"
            "A sample that fails is NaN in FILE and counted; the means are over the others, by "
            "weight where\n"
            "the SPEC has weight=: n_effective = (sum w)^2 / sum w^2 samples of equal weight would "
            "say as much,\n"
            "and nats_stderr is no smaller than theirs;\n"
            "estimator_stderr is over draws and probes: null for one draw of integer data or one "
            "probe, 0 where nothing is random.\n"
            "--bound vlb: kind is lower_bound, by one draw of the noise of each step; --draws N "
            "averages N and gives estimator_stderr.\n"
            "dopri5 and tsit5 choose steps whose estimated error, of x and of log p alike, is at "
            "most atol + rtol |x|: that is of a step, in\n"
            "nats; those of all steps add up. Ten times smaller ones show what is left (--solver "
            "\"dopri5 rtol=1e-6 atol=1e-6\").\n"
            "A solver with fixed steps bounds no error: the kind then says fixed-step, and "
            "n_doubled samples are scored\n"
            "again in twice as many: step_error is the root of their mean squared difference, "
            "step_bias its mean;\n"
            "of the error of the steps these are half for euler, and nearly all for others.\n"
            "Above 0.05 nats and 0.01 bits a value one line warns: of pictures, dopri5 with a "
            "tolerance of 1e-3 is both nearer and less work.\n"
            "What a model is conditioned on is the data's (label=, labels=, condition=, "
            "conditions= in the SPEC), else the flags':\n"
            "--condition FILE.npy has one line for each sample of the data, or one for all.\n"
            "--outliers Q: samples below the Q-quantile of log p over at most 10000 samples of the "
            "run's training data.\n"
            "failed_samples are numbers of samples in the data before split and limit, from 0.\n",
    .examples = WEIR__EXAMPLE_FLOW
    "weir score run --data toy:moons,n=2000\n"
    "weir sample run -n 1000 -o -.npy | weir score run --data - --json\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .by_ranks = true,
    .run = score_run,
};
