/* flip.c - a copy with the order along some axes reversed; its own adjoint. */
#include <string.h>
#include "ops/ops.h"

typedef struct reversed {
    bool axis[WEIR_RANK_MAX];
} reversed;

static bool flip_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    return true;
}

static void flip_forward(weir_call *k)
{
    const reversed *r = k->attr;
    weir_tensor *y = k->out[0];
    weir__operand place = weir__operand_of(y, y);
    if (y->numel == 0) return;
    for (int i = 0; i < y->ndim; i++) {
        if (!r->axis[i]) continue;
        place.data = (char *)place.data
                     + (y->shape[i] - 1) * y->strides[i] * (int64_t)weir_dtype_size(y->dtype);
        place.stride[i] = -place.stride[i];
    }
    weir__copy_into(k->ctx, &place, k->in[0]);
}

static void flip_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__apply1(v->op, v->gout[0], v->attr));
}

static weir_tensor *flip_call_last(weir_tensor **x)
{
    return weir_flip(x[0], 1, (const int[]){ -1 });
}
static weir_tensor *flip_call_outer(weir_tensor **x)
{
    return weir_flip(x[0], 2, (const int[]){ 0, 2 });
}
static const weir_op_case cases[] = { { "3,4", flip_call_last },
                                      { "5", flip_call_last },
                                      { "2,3,4", flip_call_outer },
                                      { "2,0", flip_call_last },
                                      { NULL, NULL } };
const weir_op weir__op_flip = { .row = WEIR_OP_ROW("op.flip",
                                                   "elements in reverse order along axes"),
                                .n_in = 1,
                                .n_out = 1,
                                .attr_size = sizeof(reversed),
                                .infer = flip_infer,
                                .forward = flip_forward,
                                .backward = flip_backward,
                                .cases = cases,
                                .order = WEIR_ORDER_KEEP };

weir_tensor *weir_flip(weir_tensor *x, int n_axes, const int *axes)
{
    reversed r = { { false } };
    if (weir_is_nil(x) || !weir__has_list(x, "flip", n_axes, axes)) return weir__nil_of(x);
    for (int i = 0; i < n_axes; i++) {
        int a = weir__axis(x, "flip", axes[i]);
        if (a < 0) return weir__nil_of(x);
        if (r.axis[a]) {
            weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "flip: axis %d twice: expected each once",
                      axes[i]);
            return weir__nil_of(x);
        }
        r.axis[a] = true;
    }
    return weir__apply1(&weir__op_flip, x, &r);
}
