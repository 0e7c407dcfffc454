/* score.c - weir score: the log-likelihood of data, as stored, with every unit by its name. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *solver, *class, *condition;
    bool json;
    int64_t seed, draws, probes, threads, batch;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL, "SPEC of the data; without split= all rows" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL, "file for the nats of every row, .npy or .csv; NaN where a row failed" },
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    { "seed", WEIR_OPTION_INT, offsetof(flags, seed), "1", 0, 9007199254740992.0, NULL, "of dequantization and probes" },
    { "draws", WEIR_OPTION_INT, offsetof(flags, draws), "1", 1, 1e6, NULL, "draws of the dequantization noise, averaged" },
    { "probes", WEIR_OPTION_INT, offsetof(flags, probes), "", 0, 1e6, NULL, "random probes of the trace of a continuous model of more than 4 values; 0: exact" },
    { "solver", WEIR_OPTION_TEXT, offsetof(flags, solver), "", 0, 0, NULL,
      "method for the ODE of a continuous model, \"NAME key=value ..\" with options of its own" },
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    { "batch", WEIR_OPTION_INT, offsetof(flags, batch), "256", 1, 1e6, NULL, "rows at a time. Never changes a bit" },
    { 0 },
};

/* -- printing ------------------------------------------------------------------------------------------------------------------ */
/* By steps that are fixed nothing is exact. */
static const char *kind_name(const weir_data_log_prob_info *r)
{
    bool fixed = r->fixed_steps > 0;
    if (r->kind == WEIR_SCORE_EXACT) return fixed ? "fixed-step" : "exact";
    if (r->kind == WEIR_SCORE_ESTIMATE) return fixed ? "fixed-step estimate" : "estimate";
    return "lower_bound";
}

static const char *solver_name(const weir_data_log_prob_info *r)
{
    return strchr(r->solver, '.') + 1;
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

static json_t *failed_rows(const weir_data_log_prob_info *r)
{
    json_t *a = json_array();
    for (int64_t i = 0; i < r->n_failed && i < WEIR_FAILED_LISTED; i++) json_array_append_new(a, json_integer(r->failed_ids[i]));
    return a;
}

static void print_json(const weir_data_log_prob_info *r)
{
    json_t *o = json_object();
    json_object_set_new(o, "kind", json_string(kind_name(r)));
    json_object_set_new(o, "nats", weir__json_number(r->nats));
    json_object_set_new(o, "nats_stderr", weir__json_number(r->nats_stderr));
    json_object_set_new(o, "estimator_stderr", weir__json_number(r->estimator_stderr));
    if (r->solver) add_solver(o, r);
    json_object_set_new(o, "probes", json_integer(r->probes));
    json_object_set_new(o, "draws", json_integer(r->draws));
    json_object_set_new(o, "dequantization", json_string(r->levels > 0 ? "uniform" : "none"));
    json_object_set_new(o, "n", json_integer(r->n));
    json_object_set_new(o, "dim", json_integer(r->dim));
    if (r->weighted) json_object_set_new(o, "n_effective", weir__json_number(r->n_effective));
    json_object_set_new(o, "n_failed", json_integer(r->n_failed));
    json_object_set_new(o, "failed_rows", failed_rows(r));
    if (r->levels > 0) {
        json_object_set_new(o, "bits_per_dim", weir__json_number(r->bits_per_dim));
        json_object_set_new(o, "nats_unit_range", weir__json_number(r->nats_unit_range));
    }
    if (r->known) {
        json_object_set_new(o, "excess_nats", weir__json_number(r->excess));
        json_object_set_new(o, "excess_stderr", weir__json_number(r->excess_stderr));
    }
    weir__json_print(o, false);
    json_decref(o);
}

static void line(const char *name, double value, double error, const char *what)
{
    char text[64];
    if (!isfinite(value)) snprintf(text, sizeof text, "-");
    else if (isfinite(error)) weir__format(text, sizeof text, "%.4f +- %.4f", value, error);
    else weir__format(text, sizeof text, "%.4f", value);
    printf("%-16s %-24s %s\n", name, text, what);
}

/* How far the fixed steps may be trusted. */
static void print_step_error(const weir_data_log_prob_info *r)
{
    char text[64];
    weir__format(text, sizeof text, "%.2g (mean %+.2g)", r->step_error, r->step_bias);
    if (r->n_doubled == 0) snprintf(text, sizeof text, "-");
    printf("%-16s %-24s nats a row, by twice the steps on %lld rows\n", "step error", text,
           (long long)r->n_doubled);
}

static void print_table(const weir_data_log_prob_info *r)
{
    line("nats", r->nats, r->nats_stderr, "mean log-density of the data as stored");
    if (r->levels > 0) {
        line("bits/dim", r->bits_per_dim, weir_bits_per_dim(-r->nats_stderr, r->dim, r->levels), "-nats / (dim ln 2)");
        line("nats_unit_range", r->nats_unit_range, r->nats_stderr, "nats of the data scaled to [0, 1)");
    }
    if (r->estimator_stderr > 0) line("estimator error", r->estimator_stderr, NAN, "nats, standard error of the mean from draws and probes");
    if (r->fixed_steps > 0) print_step_error(r);
    if (r->known) line("excess_nats", r->excess, r->excess_stderr, "true log-density - ours, the same rows");
    printf("%-16s %lld of %lld values", "rows", (long long)r->n, (long long)r->dim);
    if (r->weighted) weir__print(stdout, ", by weight as good as %.4g", r->n_effective);
    if (r->n_failed) printf(", %lld failed", (long long)r->n_failed);
    printf("\n%-16s %s", "kind", kind_name(r));
    if (r->fixed_steps > 0) printf(", %lld steps of %s", (long long)r->fixed_steps, solver_name(r));
    if (r->levels > 0) printf(", uniform dequantization, %lld draw%s", (long long)r->draws, r->draws == 1 ? "" : "s");
    putchar('\n');
}

static weir_status write_rows(weir_ctx *c, const char *path, int64_t n, double *nats)
{
    weir__array a = { .dtype = WEIR_F64, .ndim = 1, .shape = { n }, .data = nats };
    if (weir__ends_with(path, ".npy")) return weir__npy_write(c, path, &a);
    a.ndim = 2;
    a.shape[1] = 1;
    return weir__csv_write(c, path, &a, NULL);
}

/* -- running ---------------------------------------------------------------------------------------------------------------------- */
static int check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 1) return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir score: expected %s", self->usage);
    if (!f->data) return weir__complain(WEIR__EXIT_USAGE, "no --data: weir score: expected a SPEC such as digits or FILE.npy");
    if (f->o && !weir__ends_with(f->o, ".npy") && !weir__ends_with(f->o, ".csv"))
        return weir__complain(WEIR__EXIT_USAGE, "-o: %.200s: expected a name that ends in .npy or .csv", f->o);
    return 0;
}

/* An option that the model has nothing for is refused by name. */
static int check_model(const weir__command *self, const flags *f, const weir_model *m)
{
    const weir_model_row *row = (const weir_model_row *)weir_model_row_of(m);
    if (f->solver && row->score_kind == WEIR_SCORE_EXACT)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--solver: %s: expected no such option, its log-density is exact",
                              row->row.name);
    if (weir__flags_given(self, f, "probes") && row->score_kind == WEIR_SCORE_EXACT)
        return weir__complain(WEIR__EXIT_USAGE, "--probes: %s: expected no such option, its log-density is exact", row->row.name);
    if (f->draws > 1 && row->score_kind == WEIR_SCORE_EXACT && weir_model_levels(m) == 0)
        return weir__complain(WEIR__EXIT_USAGE, "--draws: %s: expected no such option, nothing is drawn for continuous data", row->row.name);
    return 0;
}

static int tell_failed(const weir_data_log_prob_info *r)
{
    if (r->n_failed == 0) return WEIR__EXIT_OK;
    if (isnan(r->nats)) /* by weight none is left */
        return weir__complain(WEIR__EXIT_FAILED, "score: %s%lld rows failed%s: expected at least one finite log-density", r->n_failed == r->n ? "all " : "",
                              (long long)r->n_failed, r->n_failed == r->n ? "" : " and the others weigh nothing");
    return weir__complain(WEIR__EXIT_OK, "score: %lld of %lld rows failed, the first is row %lld: the means are over the others", (long long)r->n_failed,
                          (long long)r->n, (long long)r->failed_ids[0]);
}

static weir_data_log_prob_opts score_opts(const weir__command *self, const flags *f)
{
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    o.score.seed = (uint64_t)f->seed;
    o.score.use_seed = true;
    o.score.draws = f->draws;
    o.score.batch = f->batch;
    o.score.on_step = weir__signals_stop;
    o.score.solver = f->solver;
    if (weir__flags_given(self, f, "probes")) o.score.probes = f->probes;
    return o;
}

/* What --solver asked for and cannot be had is a usage error. */
static int refused(const weir_ctx *c, const flags *f)
{
    int code = weir__complain_ctx(c, f->solver != NULL);
    return f->solver && weir_status_of(c) == WEIR_ERROR_UNSUPPORTED ? WEIR__EXIT_USAGE : code;
}

static int score(const weir__command *self, weir_ctx *c, const flags *f, weir_model *m, weir_dataset *d)
{
    weir_data_log_prob_opts o = score_opts(self, f);
    weir_data_log_prob_info r;
    int code = check_model(self, f, m);
    if (code == 0) code = weir__condition_read(m, f->class, f->condition, &o.score.condition);
    if (code == 0)
        code = weir__condition_check(m, o.score.condition, weir_dataset_classes(d) > 0,
                                     weir_dataset_context_dim(d) > 0);
    if (code) return code;
    o.log_prob = f->o ? weir__alloc_n(c, weir_dataset_rows(d), sizeof *o.log_prob) : NULL;
    weir_status s = weir_ok(c) ? weir_data_log_prob(m, d, &o, &r) : weir_status_of(c);
    if (s == WEIR_OK && f->o) s = write_rows(c, f->o, r.n, o.log_prob);
    if (s == WEIR_STOPPED) {
        code = weir__complain(128 + weir__signalled(), "score: stopped: nothing is written");
    } else if (!weir_ok(c)) {
        code = refused(c, f);
    } else {
        (f->json ? print_json : print_table)(&r);
        code = tell_failed(&r);
    }
    weir__free(c, o.log_prob);
    return code;
}

static int run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = check(self, &f))) return code;
    weir_ctx *c = weir__cli_open(f.threads, (uint64_t)f.seed, &code);
    if (!c) return code;
    weir__signals_catch();
    weir_model *m = weir_model_load(c, f.base.positional[0]);
    bool loaded = weir_ok(c);
    weir_dataset *d = weir_dataset_open(c, f.data);
    code = weir_ok(c) ? score(self, c, &f, m, d) : weir__complain_ctx(c, loaded);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
    return code;
}

const weir__command weir__command_score = {
    .row = { .size = sizeof(weir__command), .version = 1, .name = "command.score", .doc = "log-likelihood of data, as stored",
             .options = options, .options_size = sizeof(flags), .test = "score run --data toy:gaussian,n=100 --json" },
    .usage = "RUN --data SPEC [-o FILE.{npy,csv}] [--json] [--seed N] [--draws K] [--probes K] [--solver NAME]"
             " [--class K] [--condition FILE.npy|\"name=1.5,..\"] [--threads N] [--batch N]",
    .more = "nats are natural-log densities of the data as stored: integers v of L levels stand for v + u, u uniform on [0, 1).\n"
            "bits/dim = -nats / (dim ln 2); nats_unit_range = nats + dim ln L, the density of the data scaled to [0, 1).\n"
            "A row that fails is NaN in FILE and counted; the means are over the others, by weight where\n"
            "the SPEC has weight=: n_effective = (sum w)^2 / sum w^2 rows of equal weight would say as much,\n"
            "and nats_stderr is no smaller than theirs;\n"
            "estimator_stderr is over draws and probes: null for one draw of integer data or one probe, 0 where nothing is random.\n"
            "A solver with fixed steps bounds no error: the kind then says fixed-step, and n_doubled rows are scored\n"
            "again in twice as many: step_error is the root of their mean squared difference, step_bias its mean;\n"
            "of the error of the steps these are half for euler, and nearly all for others.\n"
            "What a model is conditioned on is the data's (label=, labels=, condition=, conditions= in the SPEC), else the flags':\n"
            "--condition FILE.npy has one row of every row of the data, or one of all.\n"
            "failed_rows are row numbers in the data before split and limit, from 0.\n",
    .most_positional = 1,
    .run = run,
};
