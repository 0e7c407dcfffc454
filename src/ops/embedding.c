/* embedding.c - rows of a table picked by an index of any shape. The gradient adds rows in the
 * order of the index; rows of one index, the padding, get none, as in PyTorch. */
#include <string.h>
#include "ops/ops.h"

typedef struct padded {
    int64_t index;
} padded; /* negative: none */

static bool embedding_infer(weir_call *k)
{
    const weir_tensor *table = k->in[0], *index = k->in[1];
    weir_spec *s = &k->spec[0];
    if (table->ndim != 2)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected a table [rows, width] first");
    if (index->dtype != WEIR_I64)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "index of %s: expected i64",
                              weir_dtype_name(index->dtype));
    if (index->ndim == WEIR_RANK_MAX)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected an index of rank %d at most",
                              WEIR_RANK_MAX - 1);
    *s = weir__spec_of(index);
    s->dtype = table->dtype;
    s->shape[s->ndim++] = table->shape[1];
    const int64_t *at = weir__ptr(index);
    for (int64_t i = 0; i < index->numel; i++)
        if (at[i] < 0 || at[i] >= table->shape[0])
            return weir_call_fail(k, WEIR_ERROR_RANGE, "index %lld at %lld: expected 0 to %lld",
                                  (long long)at[i], (long long)i, (long long)table->shape[0] - 1);
    return true;
}

static void embedding_forward(weir_call *k)
{
    const weir_tensor *table = k->in[0], *index = k->in[1];
    const int64_t *at = weir__ptr(index);
    size_t row = (size_t)table->shape[1] * weir_dtype_size(table->dtype);
    for (int64_t i = 0; i < index->numel && row > 0; i++)
        memcpy((char *)weir__ptr(k->out[0]) + (size_t)i * row,
               (const char *)weir__ptr(table) + (size_t)at[i] * row, row);
}

/* [n, 1], true where the index is the padding */
static weir_tensor *is_padding(weir_ctx *c, const weir_tensor *index, int64_t padding)
{
    weir_tensor *is = weir_empty(c, WEIR_BOOL, 2, (const int64_t[]){ index->numel, 1 });
    if (is->object.nil) return is;
    const int64_t *at = weir__ptr(index);
    for (int64_t i = 0; i < index->numel; i++) ((uint8_t *)weir__ptr(is))[i] = at[i] == padding;
    return is;
}

static void embedding_backward(weir_vjp *v)
{
    const weir_spec *table = weir_vjp_in_spec(v, 0);
    weir_tensor *index = weir_vjp_in(v, 1), *g = v->gout[0];
    int64_t skip = ((const padded *)v->attr)->index;
    if (weir_is_nil(index)) return;
    g = weir_reshape(g, 2, (const int64_t[]){ index->numel, table->shape[1] });
    if (skip >= 0)
        g = weir_where(is_padding(v->ctx, index, skip), weir_scalar(v->ctx, table->dtype, 0), g);
    weir_vjp_set(v, 0,
                 weir_index_add(g, 0, weir_reshape(index, 1, &index->numel), table->shape[0]));
}

static weir_tensor *embedding_call(weir_tensor **x) { return weir_embedding(x[0], x[1], -1); }
static const weir_op_case cases[] = {
    { "5,3 i4<5", embedding_call },     { "5,3 i2,3<5", embedding_call },
    { "4,2 i.<4", embedding_call },     { "4,3 i0<4", embedding_call },
    { "3,2 i2,1,4<3", embedding_call }, { NULL, NULL }
};
const weir_op weir__op_embedding = {
    .row = WEIR_OP_ROW("op.embedding", "rows of a table picked by an index of any shape"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(padded),
    .infer = embedding_infer,
    .forward = embedding_forward,
    .backward = embedding_backward,
    .cases = cases
};

weir_tensor *weir_embedding(weir_tensor *table, weir_tensor *index, int64_t padding_index)
{
    return weir_apply(&weir__op_embedding, 2,
                      WEIR__IN(weir_contiguous(table), weir__dense_index(index, table)),
                      &(padded){ padding_index });
}
