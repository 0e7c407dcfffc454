/* dataset.c - data sets: opening, views by split, and what can be asked of them. */
#include <math.h>
#include <string.h>
#include "data/data.h"

weir_dataset weir__orphan_dataset = { .object = WEIR__OBJECT_ORPHAN(WEIR__DATASET, NULL) };

weir__object *weir__dataset_nil_new(weir_ctx *c)
{
    weir_dataset *d = weir__alloc(c, sizeof *d);
    if (!d) return NULL;
    *d = weir__orphan_dataset;
    d->object.ctx = c;
    return &d->object;
}

static weir_ctx *dataset_ctx_of(const weir_dataset *d) { return weir__ctx_of(d); }
static weir_dataset *dataset_nil(weir_ctx *c) { return weir__nil(c, WEIR__DATASET); }

void weir_dataset_free(weir_dataset *d)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d)) return;
    weir_ctx *c = d->object.ctx;
    if (d->owner) weir__store_free(c, d->store);
    weir__free(c, d->opts.valid);
    weir__free(c, d->opts.test);
    weir__free(c, d->ids);
    weir__free(c, d->spec);
    weir__free(c, d->name);
    weir__free(c, d);
}

static void dataset_destroy(weir__object *o) { weir_dataset_free((weir_dataset *)o); }

/* -- making ------------------------------------------------------------------------------------ */

static weir_status check_rows(weir_ctx *c, const weir_dataset *d)
{
    const double *w = d->store->weights;
    double sum = 0;
    if (d->n == 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%.300s: split=%s: no samples (of %lld): expected at least one", d->name,
                         weir__split_names[d->opts.split], (long long)d->store->n);
    for (int64_t i = 0; w && i < d->n; i++) sum += w[weir__dataset_id(d, i)];
    if (w && !(sum > 0) && d->store->weights_signed)
        return weir_fail(
            c, WEIR_ERROR_VALUE,
            "%.300s: split=%s: weights of these samples sum to %g: expected more than 0", d->name,
            weir__split_names[d->opts.split], sum);
    if (w && !(sum > 0))
        return weir_fail(
            c, WEIR_ERROR_VALUE,
            "%.300s: split=%s: all weights of these samples are 0: expected some more than 0",
            d->name, weir__split_names[d->opts.split]);
    return WEIR_OK;
}

/* Doubles stay doubles into batches; integers of wide types may not fit f32, but the levels (up to
 * 2^24) do. */
static weir_dtype dataset_real(const weir__store *s)
{
    return s->levels > 0 ? WEIR_F32 : weir__store_real(s->dtype);
}

/* A data set of `store` (taken over when owner, also on failure) with the split of `o`, which stays
 * the caller's. */
static weir_dataset *new_dataset(weir_ctx *c, const weir__dataset_row *row, weir__store *store,
                                 bool owner, const weir__dataset_opts *o, const char *name,
                                 const char *spec)
{
    weir_dataset *d = weir__alloc0(c, sizeof *d);
    if (!d) {
        if (owner) weir__store_free(c, store);
        return dataset_nil(c);
    }
    d->object = weir__object_home(c, WEIR__DATASET, dataset_destroy);
    d->row = row;
    d->store = store;
    d->owner = owner;
    d->real = dataset_real(store);
    d->opts = *o;
    d->opts.label = NULL; /* read already */
    d->opts.labels = NULL;
    d->opts.weight = NULL;
    d->opts.condition = (weir_words){ 0 };
    d->opts.conditions = NULL;
    d->opts.columns = d->opts.skip = (weir_words){ 0 };
    d->opts.test = NULL;
    d->opts.valid = weir__strdup(c, o->valid);
    if (weir__is_said(o->test) && d->opts.valid) d->opts.test = weir__strdup(c, o->test);
    d->name = weir_ok(c) ? weir__strdup(c, name) : NULL;
    d->spec = d->name ? weir__strdup(c, spec) : NULL;
    if (d->spec
        && weir__split_rows(c, name, o, (weir__split)o->split, store->n, row ? row->test_rows : 0,
                            &d->ids, &d->n)
               == WEIR_OK)
        return d;
    weir_dataset_free(d);
    return dataset_nil(c);
}

static weir_status check_test(weir_ctx *c, const char *name, const weir__dataset_row *row,
                              const weir__dataset_opts *o, int split)
{
    bool own = row && row->test_rows, said = weir__is_said(o->test);
    if (own && said)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%.300s: test=%.60s: expected none, these data have a test split", name,
                         o->test);
    if (split != WEIR__SPLIT_TEST || own || said) return WEIR_OK;
    return weir_fail(
        c, WEIR_ERROR_ARGUMENT,
        "%.300s: split=test: these data have no test split: expected train or valid, or "
        "test=0.1 to make one",
        name);
}

/* Of a source whose options are read. */
static weir_dataset *open_read(weir_ctx *c, const char *spec, const char *name, weir__source *from,
                               const weir__dataset_opts *o, uint32_t given)
{
    const weir__dataset_row *row = from->row;
    bool levels_given = false;
    if (check_test(c, name, row, o, o->split) != WEIR_OK) return dataset_nil(c);
    for (int i = 0; row->row.options[i].name; i++)
        levels_given |= given >> i & 1 && row->row.options[i].offset == WEIR__OPT(levels);
    weir__store *s = weir__store_open(c, name, from, o, levels_given);
    weir_dataset *d = s ? new_dataset(c, row, s, true, o, name, spec) : dataset_nil(c);
    if (d->object.nil || check_rows(c, d) == WEIR_OK) return d;
    weir_dataset_free(d);
    return dataset_nil(c);
}

static weir_dataset *open_named(weir_ctx *c, const char *spec, const char *name,
                                const char *options, bool limit_first)
{
    weir__source from;
    weir__dataset_opts o;
    uint32_t given;
    weir_dataset *d = dataset_nil(c);
    if (!weir__source_find(c, name, &from)) return d;
    if (weir__spec_options(c, spec, from.row, options, &o, &given) == WEIR_OK) {
        o.limit_first = limit_first;
        d = open_read(c, spec, name, &from, &o, given);
        weir_options_free(c, &from.row->row, &o);
    }
    weir__source_free(c, &from);
    return d;
}

static weir_dataset *dataset_open(weir_ctx *c, const char *spec, bool limit_first)
{
    char *name;
    const char *options;
    if (!weir_ok(c)) return dataset_nil(c);
    if (!spec) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "dataset_open: NULL: expected a SPEC such as digits");
        return dataset_nil(c);
    }
    if (weir__spec_split(c, spec, &name, &options) != WEIR_OK) return dataset_nil(c);
    weir__claim_begin(c, name);
    weir_dataset *d = open_named(c, spec, name, options, limit_first);
    weir__claim_end(c);
    weir__free(c, name);
    return d;
}

weir_dataset *weir_dataset_open(weir_ctx *c, const char *spec)
{
    WEIR__AS_FOUND;
    return dataset_open(c, spec, false);
}
weir_dataset *weir__dataset_open_first(weir_ctx *c, const char *spec)
{
    return dataset_open(c, spec, true);
}

static weir_dataset *from_array(weir_ctx *c, weir_dtype t, const void *x, int64_t n, int64_t dim)
{
    if (!weir_ok(c)) return dataset_nil(c);
    if (!x || n < 1 || dim < 1) {
        weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "dataset_from_%s: x [%lld, %lld]: expected values, at least one sample and one column",
            weir_dtype_name(t), (long long)n, (long long)dim);
        return dataset_nil(c);
    }
    char all[] = "1/6";
    weir__dataset_opts o = { .size = sizeof o, .valid = all, .limit = INT64_MAX };
    weir__store *s = weir__alloc0(c, sizeof *s);
    if (!s) return dataset_nil(c);
    *s = (weir__store){ .dtype = t, .n = n, .dim = dim, .ndim = 1, .shape = { dim } };
    s->data = weir__alloc_n(c, weir__size_times(n, dim), weir_dtype_size(t));
    if (!s->data) {
        weir__store_free(c, s);
        return dataset_nil(c);
    }
    memcpy(s->data, x, (size_t)(n * dim) * weir_dtype_size(t));
    return new_dataset(c, NULL, s, true, &o, "array", "array");
}

weir_dataset *weir_dataset_from_f32(weir_ctx *c, const float *x, int64_t n, int64_t dim)
{
    WEIR__AS_FOUND;
    return from_array(c, WEIR_F32, x, n, dim);
}
weir_dataset *weir_dataset_from_f64(weir_ctx *c, const double *x, int64_t n, int64_t dim)
{
    WEIR__AS_FOUND;
    return from_array(c, WEIR_F64, x, n, dim);
}

weir_status weir__dataset_whole(const weir_dataset *d, const char *who)
{
    if (weir__dataset_dead(d)) return weir__dataset_none(d, who);
    weir_ctx *c = d->object.ctx;
    if (!weir_ok(c) || (d->owner && d->n == d->store->n)) return weir_status_of(c);
    return weir_fail(c, WEIR_ERROR_STATE,
                     "%s: %.200s: %lld of %lld samples: expected a data set of all samples", who,
                     d->name, (long long)d->n, (long long)d->store->n);
}

/* Views read the same store, so they see the weights too. */
static weir_status set_weights(weir_dataset *d, const double *weights, weir__weights_sign sign,
                               const char *who)
{
    weir_status whole = weir__dataset_whole(d, who);
    if (whole != WEIR_OK) return whole;
    weir_ctx *c = d->object.ctx;
    int64_t n = d->store->n;
    char text[128];
    int64_t bad = weights ? weir__weights_bad(weights, n, sign, text, sizeof text) : -1;
    if (bad >= 0)
        return weir_fail(c, WEIR_ERROR_RANGE, "%s: weight %lld: %s", who, (long long)bad, text);
    double sum = 0;
    for (int64_t i = 0; weights && i < n; i++) sum += weights[i];
    if (weights && !(sum > 0))
        return weir_fail(c, WEIR_ERROR_RANGE, "%s: sum %g: expected more than 0", who, sum);
    double *own = weights ? weir__alloc_n(c, n, sizeof *own) : NULL;
    if (weights && !own) return weir_status_of(c);
    if (own) memcpy(own, weights, (size_t)n * sizeof *own);
    weir__free(c, d->store->weights);
    d->store->weights = own;
    d->store->weights_signed = own && sign == WEIR__WEIGHTS_SIGNED;
    d->store->weights_set++;
    return WEIR_OK;
}

weir_status weir_dataset_set_weights(weir_dataset *d, const double *weights)
{
    WEIR__AS_FOUND;
    return set_weights(d, weights, WEIR__WEIGHTS_POSITIVE, "dataset_set_weights");
}

weir_status weir_dataset_set_signed_weights(weir_dataset *d, const double *weights)
{
    WEIR__AS_FOUND;
    return set_weights(d, weights, WEIR__WEIGHTS_SIGNED, "dataset_set_signed_weights");
}

static int split_named(const char *split)
{
    if (split[0] == 0) return WEIR__SPLIT_ALL;
    for (int i = WEIR__SPLIT_TRAIN; i < WEIR__SPLITS; i++)
        if (strcmp(split, weir__split_names[i]) == 0) return i;
    return -1;
}

/* Views show what the SPEC with split= would open. A split cannot be split again: of its own name
 * it is itself, of another empty. */
static weir_dataset *view(weir_dataset *d, weir__split split)
{
    weir_ctx *c = d->object.ctx;
    weir__dataset_opts o = d->opts;
    bool same = split == WEIR__SPLIT_ALL || split == (weir__split)o.split;
    size_t room = strlen(d->spec) + 16, used = 0;
    char *spec = weir__alloc(c, room);
    if (!spec) return dataset_nil(c);
    weir__append(spec, room, &used, same ? "%s" : "%s,split=%s", d->spec, weir__split_names[split]);
    if (!same && o.split != WEIR__SPLIT_ALL) o.limit = 0;
    if (!same) o.split = (int32_t)split;
    weir_dataset *v = new_dataset(c, d->row, d->store, false, &o, d->name, spec);
    weir__free(c, spec);
    if (v->object.nil) return v;
    v->real = d->real;
    if (v->n == 0 && split == WEIR__SPLIT_VALID)
        return v; /* no validation samples: the caller does without */
    if (check_rows(c, v) == WEIR_OK) return v;
    weir_dataset_free(v);
    return dataset_nil(c);
}

weir_dataset *weir_dataset_split(weir_dataset *d, const char *split)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d) || !weir_ok(d->object.ctx)) return dataset_nil(dataset_ctx_of(d));
    weir_ctx *c = d->object.ctx;
    if (!split) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "dataset_split: NULL: expected train, valid, test or \"\"");
        return dataset_nil(c);
    }
    int which = split_named(split);
    if (which < 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%.300s: split %.60s: expected train, valid, test or \"\"", d->name, split);
        return dataset_nil(c);
    }
    if (check_test(c, d->name, d->row, &d->opts, which) != WEIR_OK) return dataset_nil(c);
    return view(d, (weir__split)which);
}

weir_dataset *weir__dataset_some(weir_dataset *d, int64_t k)
{
    if (weir__dataset_dead(d) || !weir_ok(d->object.ctx)) return dataset_nil(dataset_ctx_of(d));
    weir__dataset_opts o = d->opts;
    if (k < o.limit) o.limit = k;
    weir_dataset *v = new_dataset(d->object.ctx, d->row, d->store, false, &o, d->name, d->spec);
    if (!v->object.nil) v->real = d->real;
    return v;
}

/* -- looking ----------------------------------------------------------------------------------- */

int64_t weir_dataset_samples(const weir_dataset *d) { return weir__dataset_dead(d) ? 0 : d->n; }
int64_t weir_dataset_dim(const weir_dataset *d)
{
    return weir__dataset_dead(d) ? 0 : d->store->dim;
}
int64_t weir_dataset_levels(const weir_dataset *d)
{
    return weir__dataset_dead(d) ? 0 : d->store->levels;
}
bool weir_dataset_standardize(const weir_dataset *d)
{
    return weir__dataset_dead(d) ? false : d->opts.standardize != WEIR__STANDARDIZE_NO;
}
const char *weir_dataset_spec(const weir_dataset *d)
{
    return weir__dataset_dead(d) ? "" : d->spec;
}
double weir__dataset_entropy(const weir_dataset *d)
{
    return weir__dataset_dead(d) || !d->row ? NAN : d->row->entropy;
}

/* Summed anew when weights are given anew, for views cannot be told. */
double weir__dataset_mean_weight(weir_dataset *d)
{
    if (!d->store->weights || d->n == 0) return 1;
    if (d->mean_weight_of == d->store->weights_set + 1) return d->mean_weight;
    double sum = 0;
    for (int64_t i = 0; i < d->n; i++) sum += weir__dataset_weight(d, i);
    d->mean_weight = sum / (double)d->n;
    d->mean_weight_of = d->store->weights_set + 1;
    return d->mean_weight;
}

int weir_dataset_shape(const weir_dataset *d, const int64_t **shape)
{
    if (shape) *shape = weir__dataset_dead(d) ? weir__orphan_tensor.shape : d->store->shape;
    return weir__dataset_dead(d) ? 0 : d->store->ndim;
}

void weir__dataset_set_real(weir_dataset *d, weir_dtype real)
{
    if (!weir__dataset_dead(d) && weir_dtype_is_real(real)) d->real = real;
}

bool weir_dataset_is_nil(const weir_dataset *d) { return !d || d->object.nil; }
