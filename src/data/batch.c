/* batch.c - batches: a tensor, who its samples are and what they weigh. They live in the scope they
 * are made in. */
#include <math.h>
#include <string.h>
#include "data/data.h"

weir_batch weir__orphan_batch = {
    .object = WEIR__OBJECT_ORPHAN(WEIR__BATCH, NULL),
    .x = &weir__orphan_tensor,
};

weir__object *weir__batch_nil_new(weir_ctx *c)
{
    weir_batch *b = weir__alloc(c, sizeof *b);
    if (!b) return NULL;
    *b = weir__orphan_batch;
    b->object.ctx = c;
    return &b->object;
}

static bool batch_dead(const weir_batch *b)
{
    return !b || !weir__lives(b, "batch") || b->object.nil;
}

static weir_tensor *nil_tensor(const weir_batch *b)
{
    return weir__nil(weir__ctx_of(b), WEIR__TENSOR);
}

weir_tensor *weir_batch_x(const weir_batch *b) { return batch_dead(b) ? nil_tensor(b) : b->x; }
int64_t weir_batch_size(const weir_batch *b) { return batch_dead(b) ? 0 : b->n; }
const int64_t *weir_batch_ids(const weir_batch *b) { return batch_dead(b) ? NULL : b->ids; }
const double *weir_batch_weights(const weir_batch *b) { return batch_dead(b) ? NULL : b->weights; }
double weir_batch_mean_weight(const weir_batch *b) { return batch_dead(b) ? 1 : b->mean_weight; }
const weir_condition *weir_batch_condition(const weir_batch *b)
{
    return batch_dead(b) ? NULL : b->condition;
}

static void batch_destroy(weir__object *o)
{
    weir_batch *b = (weir_batch *)o;
    weir__free(o->ctx, b->ids);
    weir__free(o->ctx, b->weights);
    weir__free(o->ctx, b);
}

weir_batch *weir__batch_new(weir_ctx *c, weir_tensor *x, int64_t *ids, double *weights,
                            const weir_condition *condition)
{
    weir_batch *b = weir_ok(c) ? weir__alloc(c, sizeof *b) : NULL;
    if (b)
        *b = (weir_batch){
            .object = { .ctx = c, .destroy = batch_destroy, .refs = 1, .kind = WEIR__BATCH },
            .x = x,
            .condition = condition,
            .n = x->shape[0],
            .ids = ids,
            .weights = weights,
            .mean_weight = 1
        };
    if (b && weir__scope_add(c, &b->object)) return b;
    weir__free(c, b);
    weir__free(c, ids);
    weir__free(c, weights);
    return weir__nil(c, WEIR__BATCH);
}

int64_t weir__weights_bad(const double *w, int64_t n, weir__weights_sign sign, char *text,
                          size_t bytes)
{
    double sum = 0;
    size_t used = 0;
    for (int64_t i = 0; i < n; i++) {
        bool good = isfinite(w[i]) && (w[i] >= 0 || sign == WEIR__WEIGHTS_SIGNED);
        sum += fabs(w[i]);
        if (good && isfinite(sum)) continue;
        const char *expected = "a weight, finite and not negative (or weights=signed)";
        if (sign == WEIR__WEIGHTS_SIGNED) expected = "a finite weight";
        if (good) expected = "a finite sum of weights up to here";
        weir__append(text, bytes, &used, "expected %s, found %g", expected, good ? sum : w[i]);
        return i;
    }
    return -1;
}

static weir_status check_weights(weir_ctx *c, const double *weights, int64_t n,
                                 weir__weights_sign sign)
{
    char text[128];
    int64_t i = weights ? weir__weights_bad(weights, n, sign, text, sizeof text) : -1;
    if (i < 0) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_RANGE, "batch_wrap: weight %lld: %s", (long long)i, text);
}

static weir_status check_wrapped(weir_ctx *c, const weir_tensor *x, const weir_condition *condition)
{
    if (!weir_ok(c)) return weir_status_of(c);
    if (weir_is_nil(x))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "batch_wrap: x is nil: expected a tensor [samples, ...]");
    if (!weir__reaches(c, x, "batch_wrap", "x")
        || !weir__reaches(c, condition, "batch_wrap", "a condition"))
        return weir_status_of(c);
    if (x->ndim < 1)
        return weir_fail(c, WEIR_ERROR_SHAPE, "batch_wrap: x has no axes: expected [samples, ...]");
    if (weir_condition_is_nil(condition))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "batch_wrap: nil condition: expected one that could be made, or NULL");
    int64_t samples = weir_condition_samples(condition);
    if (samples >= 0 && samples != x->shape[0])
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "batch_wrap: condition of %lld samples: expected %lld, as x has",
                         (long long)samples, (long long)x->shape[0]);
    return WEIR_OK;
}

static weir_batch *wrap_checked(weir_ctx *c, weir_tensor *x, const int64_t *ids,
                                const double *weights, weir__weights_sign sign,
                                const weir_condition *condition)
{
    if (check_wrapped(c, x, condition) != WEIR_OK
        || check_weights(c, weights, x->shape[0], sign) != WEIR_OK)
        return weir__nil(c, WEIR__BATCH);
    return weir__batch_wrap(c, x, ids, weights, condition);
}

weir_batch *weir_batch_wrap(weir_ctx *c, weir_tensor *x, const int64_t *ids, const double *weights,
                            const weir_condition *condition)
{
    WEIR__AS_FOUND;
    return wrap_checked(c, x, ids, weights, WEIR__WEIGHTS_POSITIVE, condition);
}

weir_batch *weir_batch_wrap_signed(weir_ctx *c, weir_tensor *x, const int64_t *ids,
                                   const double *weights, const weir_condition *condition)
{
    WEIR__AS_FOUND;
    return wrap_checked(c, x, ids, weights, WEIR__WEIGHTS_SIGNED, condition);
}

weir_batch *weir__batch_wrap(weir_ctx *c, weir_tensor *x, const int64_t *ids, const double *weights,
                             const weir_condition *condition)
{
    if (check_wrapped(c, x, condition) != WEIR_OK) return weir__nil(c, WEIR__BATCH);
    int64_t n = x->shape[0];
    int64_t *own_ids = weir__alloc_n(c, n, sizeof *own_ids);
    double *own_weights = weights ? weir__alloc_n(c, n, sizeof *own_weights) : NULL;
    for (int64_t i = 0; own_ids && i < n; i++) own_ids[i] = ids ? ids[i] : i;
    if (own_weights) memcpy(own_weights, weights, (size_t)n * sizeof *weights);
    return weir__batch_new(c, x, own_ids, own_weights, condition);
}

/* -- copies ------------------------------------------------------------------------------------ */
static weir_batch *batch_copy(weir_ctx *c, const weir_batch *b, const weir_condition *k)
{
    weir_batch *copy = weir__batch_wrap(c, b->x, b->ids, b->weights, k);
    if (copy->object.nil) return copy;
    copy->mean_weight = b->mean_weight;
    copy->prepared = b->prepared;
    copy->offered = b->offered;
    copy->has_class_by_nature = b->has_class_by_nature;
    copy->ready = b->ready;
    copy->partial = b->partial;
    copy->from = b->from;
    copy->to = b->to;
    return copy;
}

weir_batch *weir__batch_with_condition(weir_ctx *c, const weir_batch *b, const weir_condition *k)
{
    return batch_copy(c, b, k);
}

/* -- what a model's row prepares --------------------------------------------------------------- */
const weir_condition *weir_batch_prepared(const weir_batch *b)
{
    return batch_dead(b) ? NULL : b->prepared;
}

weir_batch *weir_batch_prepared_with(weir_batch *b, const char *name, weir_tensor *t)
{
    WEIR__AS_FOUND;
    weir_ctx *c = b ? weir__ctx_of(b) : weir_ctx_of(t);
    if (batch_dead(b) || !name || weir_is_nil(t)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "batch_prepared_with: NULL or nil: expected a batch, a name and a tensor");
        return weir__nil(c, WEIR__BATCH);
    }
    weir_condition *prepared = weir_condition_with(
        b->prepared ? b->prepared : weir_condition_new(c), name, t);
    int64_t samples = weir_condition_samples(prepared);
    if (weir_condition_is_nil(prepared)) return weir__nil(c, WEIR__BATCH);
    if (samples != b->n) {
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "batch_prepared_with: %s: %lld samples: expected %lld, as the batch has", name,
                  (long long)samples, (long long)b->n);
        return weir__nil(c, WEIR__BATCH);
    }
    weir_batch *copy = batch_copy(weir_ctx_of(t), b, b->condition);
    if (!copy->object.nil) copy->prepared = prepared;
    return copy;
}

bool weir_batch_is_nil(const weir_batch *b) { return !b || b->object.nil; }
