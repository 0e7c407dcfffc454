/* compare.c - measures of two data sets, and draws of a model as a data set. */
#include <math.h>
#include <string.h>
#include "data/data.h"
#include "metric/metric.h"
#include "models/models.h"

void weir_compare_defaults_sized(weir_compare_opts *o, size_t size)
{
    const weir_compare_opts whole = { .size = sizeof whole, .limit = 10000, .seed = 1 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* -- a data set as an array -------------------------------------------------------------------- */
typedef struct samples {
    int64_t n, n_left; /* finite ones; others */
    double *x; /* [n, dim] */
} samples;

/* Keeps those of n samples at the end of s that are finite. */
static void samples_keep(samples *s, int64_t n, int64_t dim)
{
    const double *from = s->x + s->n * dim;
    for (int64_t i = 0; i < n; i++) {
        bool finite = true;
        for (int64_t k = 0; k < dim; k++) finite = finite && isfinite(from[i * dim + k]);
        double *to = s->x + s->n * dim;
        if (finite && to != from + i * dim) memmove(to, from + i * dim, (size_t)dim * sizeof *to);
        if (finite) s->n++;
        else s->n_left++;
    }
}

static bool samples_read(weir_dataset *d, samples *s)
{
    weir_ctx *c = d->object.ctx;
    int64_t rows = weir_dataset_samples(d), dim = weir_dataset_dim(d);
    s->x = weir__alloc_n(c, weir__size_times(rows, dim), sizeof *s->x);
    for (int64_t first = 0; s->x && weir_ok(c) && first < rows; first += WEIR__CHUNK_ROWS) {
        int64_t n = rows - first < WEIR__CHUNK_ROWS ? rows - first : WEIR__CHUNK_ROWS;
        weir_scope scope = weir_scope_begin_no_grad(c);
        weir_tensor *x = weir_batch_x(weir_dataset_batch(d, first, n));
        if (weir_copy_to_f64(x, s->x + s->n * dim, n * dim) == WEIR_OK) samples_keep(s, n, dim);
        weir_scope_end(scope);
    }
    return weir_ok(c);
}

static weir_status samples_are_enough(weir_dataset *d, const samples *s)
{
    if (s->n >= 2) return WEIR_OK;
    return weir_fail(d->object.ctx, WEIR_ERROR_VALUE,
                     "compare: %.200s: %lld samples of finite values: expected 2 or more", d->name,
                     (long long)s->n);
}

/* -- two of them ------------------------------------------------------------------------------- */
static weir_status compare_fits(weir_ctx *c, weir_dataset *a, weir_dataset *b)
{
    if (weir__dataset_dead(a) || weir__dataset_dead(b))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "compare: NULL or nil: expected two data sets that could be opened");
    if (a->object.ctx != b->object.ctx)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "compare: data of two contexts: expected both of one");
    if (weir_dataset_dim(a) != weir_dataset_dim(b))
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "compare: %.200s has %lld values a sample, %.200s %lld: expected as many",
                         a->name, (long long)weir_dataset_dim(a), b->name,
                         (long long)weir_dataset_dim(b));
    if (!a->store->weights && !b->store->weights) return weir_status_of(c);
    return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                     "compare: %.200s: weights: expected samples of equal weight, a weighted one "
                     "is not one of several",
                     a->store->weights ? a->name : b->name);
}

static weir_status compare_some(weir_dataset *a, weir_dataset *b, const char *metric,
                                const weir_compare_opts *o, weir_metric_value *out,
                                weir_compare_info *info)
{
    weir_ctx *c = a->object.ctx;
    samples x = { 0 }, y = { 0 };
    if (samples_read(a, &x) && samples_read(b, &y) && samples_are_enough(a, &x) == WEIR_OK
        && samples_are_enough(b, &y) == WEIR_OK) {
        weir_metric_pair p = weir_metric_pair_of(weir_dataset_dim(a), x.n, x.x, y.n, y.x);
        p.seed = o->seed;
        weir_metric_measure(c, metric, &p, out);
    }
    *info = (weir_compare_info){
        .size = sizeof *info,
        .dim = weir_dataset_dim(a),
        .n_a = x.n,
        .n_b = y.n,
        .n_left_a = x.n_left,
        .n_left_b = y.n_left,
    };
    weir__free(c, x.x);
    weir__free(c, y.x);
    return weir_status_of(c);
}

/* d, or a part of it. */
static weir_dataset *compare_part(weir_dataset *d, int64_t limit)
{
    bool all = limit == 0 || weir_dataset_samples(d) <= limit;
    return all ? d : weir__dataset_some(d, limit);
}

weir_status weir_compare(weir_dataset *a, weir_dataset *b, const char *metric,
                         const weir_compare_opts *o, weir_metric_value *out,
                         weir_compare_info *info)
{
    WEIR__AS_FOUND;
    weir_compare_opts own = weir_compare_defaults();
    weir_compare_info told = { 0 };
    weir_ctx *c = weir__ctx_of(a ? a : b);
    if (compare_fits(c, a, b) != WEIR_OK) return weir_status_of(c);
    if (!metric || !out)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "compare: NULL: expected a metric and where to write");
    if (!weir__sized_read(c, "compare: options", "them from weir_compare_defaults", o, &own,
                          sizeof own)
        || !weir__sized_read(c, "compare: info", "its sizeof", info, &told, sizeof told))
        return weir_status_of(c);
    if (own.limit < 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "compare: options: expected limit 0 or more");
    weir_dataset *x = compare_part(a, own.limit), *y = compare_part(b, own.limit);
    if (weir_ok(c)) compare_some(x, y, metric, &own, out, &told);
    weir__sized_write(info, &told, sizeof told);
    if (x != a) weir_dataset_free(x);
    if (y != b) weir_dataset_free(y);
    return weir_status_of(c);
}

/* -- draws of a model -------------------------------------------------------------------------- */
/* What all samples of `like` offer of what the model wants, which has to be all of it. */
static const weir_condition *draws_condition(weir_model *m, weir_dataset *like)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(like);
    if (weir_model_match_classes(m, like) != WEIR_OK) return NULL;
    int64_t *ids = weir__alloc_n(c, n, sizeof *ids);
    for (int64_t i = 0; ids && i < n; i++) ids[i] = weir__dataset_id(like, i);
    const weir_condition *offered = ids ? weir__dataset_condition(like, n, ids) : NULL;
    weir_condition *k = weir_condition_new(c);
    const char *name;
    for (int i = 0; weir_ok(c) && (name = weir_model_wants(m, i)); i++) {
        weir_tensor *t = offered ? weir_condition_get(offered, name) : NULL;
        if (t && !weir_is_nil(t)) k = weir_condition_with(k, name, t);
        else
            weir_fail(c, WEIR_ERROR_ARGUMENT,
                      "model_sample_dataset: no condition %s: expected %.200s to have it, or the "
                      "options",
                      name, like->name);
    }
    weir__free(c, ids);
    return k;
}

/* n of `like`, the same as weir_compare takes of it. */
static const weir_condition *draws_under(weir_model *m, weir_dataset *like, int64_t n)
{
    weir_ctx *c = m->object.ctx;
    if (weir_dataset_samples(like) < n) {
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "model_sample_dataset: %.200s: %lld samples: expected %lld, to draw one under "
                  "the condition of each",
                  like->name, (long long)weir_dataset_samples(like), (long long)n);
        return NULL;
    }
    weir_dataset *part = compare_part(like, n);
    const weir_condition *k = weir_ok(c) ? draws_condition(m, part) : NULL;
    if (part != like) weir_dataset_free(part);
    return k;
}

static weir_dataset *draws_of(weir_model *m, int64_t n, weir_sample_opts o, weir_dataset *like)
{
    weir_ctx *c = m->object.ctx;
    weir_dataset *d = weir__nil(c, WEIR__DATASET);
    double *x = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *x);
    weir_scope s = weir_scope_begin(c);
    if (like && !o.condition && weir_model_wants(m, 0)) o.condition = draws_under(m, like, n);
    if (x && weir_ok(c) && weir_model_sample_into_f64(m, n, &o, x) == WEIR_OK)
        d = weir_dataset_from_f64(c, x, n, m->dim);
    weir_scope_end(s);
    weir__free(c, x);
    return d;
}

weir_dataset *weir_model_sample_dataset(weir_model *m, int64_t n, const weir_sample_opts *o,
                                        weir_dataset *like)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_sample_dataset";
    weir_ctx *c = weir__ctx_of(m ? (const void *)m : like);
    if (!m) weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a model", who);
    if (!weir__model_usable(m, who)) return weir__nil(c, WEIR__DATASET);
    if (like && (weir__dataset_dead(like) || like->object.ctx != c)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: data nil or of another context: expected the "
                  "model's, or NULL",
                  who);
        return weir__nil(c, WEIR__DATASET);
    }
    if (n < 1) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %lld samples: expected 1 or more", who,
                  (long long)n);
        return weir__nil(c, WEIR__DATASET);
    }
    return draws_of(m, n, o ? *o : weir_sample_defaults(), like);
}
