/* compare.c - weir compare: how far two sets of samples are apart, by every row of the kind
 * "metric". */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *metric, *solver, *class, *condition;
    bool json;
    int64_t n, seed, steps, threads;
} flags;

static const weir_option options[] = {
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "10000", 2, 1e9, NULL,
      "samples of each side at most: draws of a run, of data those of the smallest hash of their "
      "id" },
    { "metric", WEIR_OPTION_TEXT, offsetof(flags, metric), "", 0, 0, NULL,
      "\"NAME key=value ..\", one of `weir list metric`; may be given several times; all of them "
      "unless said" },
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    WEIR__FLAG_SEED(flags, "of draws, directions and classifiers"),
    WEIR__FLAG_SOLVER(flags, "sampler of continuous models"),
    WEIR__FLAG_STEPS(flags),
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { 0 },
};

/* -- the two sides ----------------------------------------------------------------------------- */
typedef struct side {
    const char *name;
    weir_model *m; /* NULL: data */
    weir_dataset *d; /* the data, or the model's draws */
} side;

/* A folder that holds a model's weights, or such weights. */
static bool side_is_model(const char *name)
{
    struct stat st;
    char path[4096];
    size_t used = 0;
    if (weir__ends_with(name, ".safetensors")) return true;
    weir__append(path, sizeof path, &used, "%s/model.safetensors", name);
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void side_open(weir_ctx *c, side *s)
{
    if (side_is_model(s->name)) s->m = weir_model_load(c, s->name);
    else s->d = weir_dataset_open(c, s->name);
}

static void side_close(side *s)
{
    weir_dataset_free(s->d);
    weir_model_free(s->m);
}

/* Draws where the side is a model, from number `first` on; `other` is what they are compared with.
 * 0, or an exit code. */
static int side_draw(const flags *f, side *s, const side *other, int64_t first)
{
    const weir_condition *k;
    weir_sample_opts o = weir_sample_defaults();
    int code = weir__condition_read(s->m, f->class, f->condition, &k);
    weir_dataset *like = other->m ? NULL : other->d;
    int64_t n = f->n, rows = weir_dataset_samples(like);
    bool has_class = weir_dataset_classes(like) > 0,
         has_context = weir_dataset_context_dim(like) > 0;
    if (code == 0 && !k) code = weir__condition_check(s->m, k, has_class, has_context);
    if (code) return code;
    if (like && rows < n) n = rows;
    o.first = first;
    o.seed = (uint64_t)f->seed;
    o.use_seed = true;
    o.solver = f->solver;
    o.steps = f->steps;
    o.condition = k;
    o.on_step = weir__signals_stop;
    s->d = weir_model_sample_dataset(s->m, n, &o, like);
    if (!weir_ok(weir_model_ctx(s->m))) return weir__complain_ctx(weir_model_ctx(s->m), false);
    if (!weir_dataset_is_nil(s->d)) return 0;
    return weir__complain(128 + weir__signalled(), "compare: stopped: nothing is printed");
}

/* -- printing ---------------------------------------------------------------------------------- */
typedef struct result {
    const weir_metric_row *row;
    const char *text; /* as it was asked for */
    int64_t n; /* values */
    weir_metric_value *v;
} result;

static const char *result_name(const result *r) { return strchr(r->row->row.name, '.') + 1; }

/* Of a row of columns the largest. */
static int64_t result_largest(const result *r)
{
    int64_t best = 0;
    for (int64_t j = 1; j < r->n; j++)
        if (r->v[j].value > r->v[best].value) best = j;
    return best;
}

/* Bonferroni: p of the least among all columns. */
static double result_p(const result *r)
{
    double p = r->v[0].p_value;
    for (int64_t j = 1; j < r->n; j++)
        if (r->v[j].p_value < p) p = r->v[j].p_value;
    return p * (double)r->n > 1 ? 1 : p * (double)r->n; /* NaN stays one */
}

static const char *compare_column_name(const side *a, const side *b, int64_t j, char *text,
                                       size_t bytes)
{
    const char *name = weir_dataset_name(a->d, WEIR_NAMES_COLUMN, j);
    size_t used = 0;
    if (!name) name = weir_dataset_name(b->d, WEIR_NAMES_COLUMN, j);
    if (name) weir__append(text, bytes, &used, "%.80s", name);
    else weir__append(text, bytes, &used, "%lld", (long long)j + 1);
    return text;
}

static json_t *json_value(const weir_metric_value *v)
{
    json_t *o = json_object();
    json_object_set_new(o, "value", weir__json_number(v->value));
    json_object_set_new(o, "stderr", weir__json_number(v->error));
    json_object_set_new(o, "p_value", weir__json_number(v->p_value));
    return o;
}

static json_t *json_columns(const result *r, const side *a, const side *b)
{
    json_t *list = json_array();
    for (int64_t j = 0; j < r->n; j++) {
        char text[96];
        json_t *o = json_value(&r->v[j]);
        json_object_set_new(o, "column",
                            json_string(compare_column_name(a, b, j, text, sizeof text)));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *json_result(const result *r, const side *a, const side *b)
{
    weir_metric_value v = r->v[result_largest(r)];
    v.p_value = result_p(r);
    json_t *o = json_value(&v);
    json_object_set_new(o, "stderr_is", json_string(r->row->error_doc));
    json_object_set_new(o, "same", json_string(r->row->same));
    if (r->row->per_column) json_object_set_new(o, "columns", json_columns(r, a, b));
    return o;
}

static json_t *json_side(const side *s, int64_t n, int64_t n_left)
{
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(s->name));
    json_object_set_new(o, "kind", json_string(s->m ? "draws" : "data"));
    json_object_set_new(o, "n", json_integer(n));
    json_object_set_new(o, "n_not_finite", json_integer(n_left));
    return o;
}

static void compare_print_json(const result *r, int64_t n, const side *a, const side *b,
                               const weir_compare_info *i)
{
    json_t *o = json_object(), *metrics = json_object();
    json_object_set_new(o, "a", json_side(a, i->n_a, i->n_left_a));
    json_object_set_new(o, "b", json_side(b, i->n_b, i->n_left_b));
    json_object_set_new(o, "dim", json_integer(i->dim));
    for (int64_t j = 0; j < n; j++)
        json_object_set_new(metrics, r[j].text, json_result(&r[j], a, b));
    json_object_set_new(o, "metrics", metrics);
    weir__json_warnings(o);
    weir__json_print(o, false);
    json_decref(o);
}

static void print_side(char which, const side *s, int64_t n, int64_t n_left)
{
    printf("%c: %s: %lld %s", which, s->name, (long long)n, s->m ? "draws" : "samples");
    if (n_left > 0) printf(", %lld left out: not finite", (long long)n_left);
    putchar('\n');
}

static void print_value(const char *name, const weir_metric_value *v, double p)
{
    char text[64], chance[40] = "";
    weir__format(text, sizeof text, "%.5g +- %.2g", v->value, v->error);
    if (!isnan(p)) weir__format(chance, sizeof chance, "p %.2g", p);
    printf("%-20s %-24s %-10s", name, text, chance);
}

static void compare_print_columns(const result *r, const side *a, const side *b)
{
    enum { SHOWN = 10 };
    char text[96];
    for (int64_t j = 0; r->n <= SHOWN && j < r->n; j++) {
        print_value("", &r->v[j], r->v[j].p_value);
        printf(" column %s\n", compare_column_name(a, b, j, text, sizeof text));
    }
}

static void compare_print_table(const result *r, int64_t n, const side *a, const side *b,
                                const weir_compare_info *i)
{
    char text[96];
    print_side('a', a, i->n_a, i->n_left_a);
    print_side('b', b, i->n_b, i->n_left_b);
    for (int64_t j = 0; j < n; j++) {
        int64_t largest = result_largest(&r[j]);
        print_value(result_name(&r[j]), &r[j].v[largest], result_p(&r[j]));
        if (!r[j].row->per_column) {
            printf(" where equal: %s\n", r[j].row->same);
            continue;
        }
        printf(" largest of %lld columns, %s\n", (long long)r[j].n,
               compare_column_name(a, b, largest, text, sizeof text));
        if (r[j].n > 1) compare_print_columns(&r[j], a, b);
    }
}

/* -- running ----------------------------------------------------------------------------------- */
/* The row of "NAME key=value"; NULL: said so. */
static const weir_metric_row *metric_row(weir_ctx *c, const char *text)
{
    char name[80];
    size_t used = 0;
    text += strspn(text, " ");
    weir__append(name, sizeof name, &used, "%.*s", (int)strcspn(text, " "), text);
    return (const weir_metric_row *)weir_row_find(c, "metric", name);
}

static const char *metric_text(weir_ctx *c, const flags *f, int64_t i)
{
    if (f->base.n_repeated > 0) return f->base.repeated[i];
    return strchr(weir_row_at(c, "metric", i)->name, '.') + 1;
}

static void measure_one(weir_ctx *c, const flags *f, const side *a, const side *b, result *r,
                        weir_compare_info *info)
{
    weir_compare_opts o = weir_compare_defaults();
    o.limit = f->n;
    o.seed = (uint64_t)f->seed;
    r->row = metric_row(c, r->text);
    if (!r->row) return;
    r->n = r->row->per_column ? weir_dataset_dim(a->d) : 1;
    r->v = weir__alloc_n(c, r->n, sizeof *r->v);
    if (r->v) weir_compare(a->d, b->d, r->text, &o, r->v, info);
}

static int compare_measure(weir_ctx *c, const flags *f, const side *a, const side *b)
{
    weir_compare_info info = { .size = sizeof info };
    int64_t n = f->base.n_repeated > 0 ? f->base.n_repeated : weir_row_count(c, "metric");
    result *r = weir__alloc0_n(c, n, sizeof *r);
    for (int64_t i = 0; r && weir_ok(c) && i < n && !weir__signalled(); i++) {
        r[i].text = metric_text(c, f, i);
        measure_one(c, f, a, b, &r[i], &info);
    }
    int code = WEIR__EXIT_OK;
    bool name = weir_status_of(c) == WEIR_ERROR_NAME || weir_status_of(c) == WEIR_ERROR_RANGE;
    if (!weir_ok(c)) code = weir__complain_ctx(c, f->base.n_repeated > 0 && name);
    else if (weir__signalled())
        code = weir__complain(128 + weir__signalled(), "compare: stopped: nothing is printed");
    else (f->json ? compare_print_json : compare_print_table)(r, n, a, b, &info);
    for (int64_t i = 0; r && i < n; i++) weir__free(c, r[i].v);
    weir__free(c, r);
    return code;
}

/* Draws of two runs have numbers of their own, so that a run can be compared with itself. */
static int compare(weir_ctx *c, const flags *f, side *a, side *b)
{
    side_open(c, a);
    if (weir_ok(c)) side_open(c, b);
    if (!weir_ok(c)) return weir__complain_ctx(c, false);
    int code = a->m ? side_draw(f, a, b, 0) : 0;
    if (code == 0 && b->m) code = side_draw(f, b, a, f->n);
    return code ? code : compare_measure(c, f, a, b);
}

static int compare_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.base.n_positional < 2)
        return weir__complain(WEIR__EXIT_USAGE, "no A and B: weir compare: expected %s",
                              self->usage);
    weir_ctx *c = weir__cli_open(f.threads, (uint64_t)f.seed, &code);
    if (!c) return code;
    weir__signals_catch();
    side a = { .name = f.base.positional[0] }, b = { .name = f.base.positional[1] };
    code = compare(c, &f, &a, &b);
    side_close(&a);
    side_close(&b);
    weir_close(c);
    return code;
}

const weir__command weir__command_compare = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.compare",
        .doc = "how far two sets of samples are apart",
        .options = options,
        .options_size = sizeof(flags),
        .test = "compare run toy:gaussian,n=300 -n 300 --json",
    },
    .usage = "A B [-n N] [--metric \"NAME key=value ..\"]... [--json] [--seed N] [--class K]"
             " [--condition FILE.npy|\"name=1.5,..\"] [--solver NAME] [--steps N]"
             " [--threads N] [--quiet]",
    .more = "A and B are runs (folders, or their model.safetensors), whose samples are drawn, or\n"
            "SPECs: digits,split=test, FILE.npy, FILE.csv. Every value has its standard\n"
            "error, but it is small or large beside what the same distribution gives: compare\n"
            "a SPEC's splits, or a run with itself, which draws other samples.\n"
            "A run draws as many samples as the other side's data have, -n at most; one with\n"
            "classes or a context draws under the conditions of that data (label=, condition=),\n"
            "sample by sample, else under --class or --condition.\n"
            "Of kolmogorov_smirnov the largest column is shown, with p of the least p times the\n"
            "number of columns (Bonferroni); --json has every column. Samples that are not finite\n"
            "are left out and counted.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir compare run toy:moons,n=1000 -n 1000\n"
                "weir compare toy:moons,n=500 toy:rings,n=500 --json\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 2,
    .repeats = "metric",
    .run = compare_run,
};
