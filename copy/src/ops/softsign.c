/* softsign.c - x / (1 + |x|). */
#include "ops/ops.h"

static void forward(weir_call *k)
{
    weir_tensor *x = k->in[0], *y = k->out[0];
    weir_tensor *bottom = weir_affine(weir_abs(weir_detach(x)), 1, 1);
    weir_copy_(weir_detach(y), weir_div(weir_detach(x), bottom));
}

static void backward(weir_vjp *v) /* 1 / (1 + |x|)^2 */
{
    weir_tensor *bottom = weir_affine(weir_abs(weir_vjp_in(v, 0)), 1, 1);
    weir_vjp_set(v, 0, weir_div(v->gout[0], weir_square(bottom)));
}

static weir_tensor *call(weir_tensor **x) { return weir_softsign(x[0]); }
static const weir_op_case cases[] = { { "3,4", call }, { ".", call }, { "0,2", call }, { NULL, NULL } };
const weir_op weir__op_softsign = { .row = WEIR_OP_ROW("op.softsign", "x / (1 + |x|)"), .n_in = 1, .n_out = 1, .save_in = 1,
                                    .infer = weir_infer_same, .forward = forward, .backward = backward, .cases = cases };
weir_tensor *weir_softsign(weir_tensor *x) { return weir__apply1(&weir__op_softsign, x, NULL); }
