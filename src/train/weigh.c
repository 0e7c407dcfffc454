/* weigh.c - samples of weight 0 are removed from the batch before a step: a NaN in one of them is
 * no error, and 0 times a gradient that is not finite does not reach the sum. */
#include "train/train.h"

static int64_t weigh_count(const weir_batch *b)
{
    int64_t n = 0;
    for (int64_t i = 0; i < b->n; i++) n += b->weights[i] != 0;
    return n;
}

/* Places, ids and weights of the n samples that weigh something. */
static void weigh_list(const weir_batch *b, int64_t *places, int64_t *ids, double *weights)
{
    for (int64_t i = 0, k = 0; i < b->n; i++) {
        if (b->weights[i] == 0) continue;
        places[k] = i;
        ids[k] = b->ids[i];
        weights[k++] = b->weights[i];
    }
}

static weir_batch *weigh_select(weir_batch *b, int64_t n, const int64_t *places, int64_t *ids,
                                double *weights)
{
    weir_ctx *c = b->object.ctx;
    weir_tensor *index = weir_from_i64(c, places, 1, &n);
    weir_tensor *x = weir_index_select(b->x, 0, index);
    weir_condition *k = weir__condition_gather(c, b->condition, n, places);
    weir_batch *rest = weir__batch_new(c, x, ids, weights, k);
    if (rest->object.nil) return rest;
    rest->prepared = weir__condition_gather(c, b->prepared, n, places);
    rest->mean_weight = b->mean_weight * ((double)b->n / (double)n);
    rest->offered = b->offered;
    rest->ready = b->ready;
    return rest;
}

weir_batch *weir__batch_weighing(weir_batch *b)
{
    weir_ctx *c = b->object.ctx;
    int64_t n = b->weights ? weigh_count(b) : b->n;
    if (n == b->n) return b;
    if (n == 0) {
        weir_fail(c, WEIR_ERROR_VALUE, "train_step: all weights are 0: expected some above");
        return weir__nil(c, WEIR__BATCH);
    }
    int64_t *places = weir__alloc_n(c, n, sizeof *places);
    int64_t *ids = weir__alloc_n(c, n, sizeof *ids);
    double *weights = weir__alloc_n(c, n, sizeof *weights);
    weir_batch *rest = weir__nil(c, WEIR__BATCH);
    if (places && ids && weights) {
        weigh_list(b, places, ids, weights);
        rest = weigh_select(b, n, places, ids, weights); /* takes over ids and weights */
    } else {
        weir__free(c, ids);
        weir__free(c, weights);
    }
    weir__free(c, places);
    return rest;
}
