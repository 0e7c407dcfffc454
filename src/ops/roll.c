/* roll.c - places moved along axes, those that leave coming in at the other end; the adjoint moves
 * them back. */
#include <string.h>
#include "ops/ops.h"

typedef struct shifts {
    int64_t by[WEIR_RANK_MAX]; /* 0 to the extent - 1 */
} shifts;

static bool roll_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    return true;
}

/* Along an axis that is moved x has two parts, which change places: bit d of `part` is set where
 * the one at the end of axis d is copied, to the beginning. */
static void copy_part(const weir_call *k, const int64_t *by, unsigned part)
{
    const weir_tensor *x = k->in[0], *y = k->out[0];
    int64_t size = (int64_t)weir_dtype_size(y->dtype);
    weir__loop l = { .ndim = y->ndim };
    int64_t from = 0, to = 0;
    for (int d = 0; d < y->ndim; d++) {
        bool end = part >> d & 1;
        l.shape[d] = end ? by[d] : y->shape[d] - by[d];
        l.x[0].stride[d] = y->strides[d];
        l.x[1].stride[d] = x->strides[d];
        to += end ? 0 : by[d] * y->strides[d];
        from += end ? (y->shape[d] - by[d]) * x->strides[d] : 0;
    }
    l.x[0].data = (char *)weir__ptr(y) + to * size;
    l.x[1].data = (char *)weir__ptr(x) + from * size;
    weir__loop_copy(k->ctx->kern, (size_t)size, &l, k->ctx->threads);
}

static void roll_forward(weir_call *k)
{
    const int64_t *by = ((const shifts *)k->attr)->by;
    unsigned moved = 0;
    for (int d = 0; d < k->out[0]->ndim; d++) moved |= by[d] != 0 ? 1u << d : 0;
    if (k->out[0]->numel == 0) return;
    for (unsigned part = 0; part <= moved; part++)
        if ((part & ~moved) == 0) copy_part(k, by, part);
}

static void roll_backward(weir_vjp *v)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    shifts back = *(const shifts *)v->attr;
    for (int d = 0; d < x->ndim; d++)
        if (back.by[d] != 0) back.by[d] = x->shape[d] - back.by[d];
    weir_vjp_set(v, 0, weir__apply1(v->op, v->gout[0], &back));
}

static weir_tensor *roll_call_last(weir_tensor **x)
{
    return weir_roll(x[0], 1, (const int64_t[]){ 1 }, (const int[]){ -1 });
}
static weir_tensor *roll_call_both(weir_tensor **x)
{
    return weir_roll(x[0], 2, (const int64_t[]){ -2, 7 }, (const int[]){ 0, 2 });
}
static const weir_op_case cases[] = {
    { "3,4", roll_call_last }, { "5", roll_call_last },       { "3,4,5", roll_call_both },
    { "2,0", roll_call_last }, { "3,2,4,2", roll_call_both }, { NULL, NULL },
};
const weir_op weir__op_roll = {
    .row = WEIR_OP_ROW("op.roll", "places moved along axes, around the end"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(shifts),
    .infer = roll_infer,
    .forward = roll_forward,
    .backward = roll_backward,
    .cases = cases,
    .order = WEIR_ORDER_KEEP,
};

weir_tensor *weir_roll(weir_tensor *x, int n_axes, const int64_t *by, const int *axes)
{
    shifts s = { { 0 } };
    if (weir_is_nil(x) || !weir__has_list(x, "roll", n_axes, axes)) return weir__nil_of(x);
    if (!weir__has_list(x, "roll", n_axes, by)) return weir__nil_of(x);
    for (int i = 0; i < n_axes; i++) {
        int a = weir__axis(x, "roll", axes[i]);
        if (a < 0) return weir__nil_of(x);
        int64_t n = x->shape[a] > 0 ? x->shape[a] : 1;
        s.by[a] = (s.by[a] + by[i] % n + n) % n;
    }
    return weir__apply1(&weir__op_roll, x, &s);
}
