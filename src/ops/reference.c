/* reference.c - the gradients of a fused op by its reference in plain ops: differentiable ones when
 * gradients are themselves recorded. */
#include "ops/ops.h"

enum { MOST = 1 + 2 * WEIR__MLP_LAYERS };

/* Input i as the reference gets it. One whose gradient is asked for is a result of a view of its
 * own, so that it is told apart from others made by the same node, and from what waits in the
 * backward that runs. */
static weir_tensor *reference_input_of(weir_vjp *v, int i)
{
    weir_tensor *x = weir_vjp_in(v, i);
    if (weir_is_nil(x) || !weir_vjp_needs(v, i)) return x;
    return weir__vjp_recording(v) ? weir_view(x, x->ndim, x->shape)
                                  : weir_set_requires_grad(weir_detach(x), true);
}

static weir_tensor *reference_run(weir_vjp *v, weir_tensor **x)
{
    weir_ctx *c = v->ctx;
    weir_scope s = weir_scope_begin(c);
    c->modes.no_grad = false;
    weir_tensor *y = v->op->reference(x, v->n_in, v->attr);
    weir__scope_end_keeping(s, 1, (void *const[]){ y });
    return y;
}

void weir__vjp_by_reference(weir_vjp *v)
{
    weir_tensor *x[MOST], *wanted[MOST], *g[MOST];
    int n = 0, at[MOST];
    for (int i = 0; i < v->n_in; i++) {
        x[i] = reference_input_of(v, i);
        if (weir_vjp_needs(v, i)) {
            wanted[n] = x[i];
            at[n++] = i;
        }
    }
    weir_tensor *y = weir_ok(v->ctx) ? reference_run(v, x) : NULL;
    if (weir_is_nil(y) || !y->requires_grad) return;
    if (weir_grad(1, &y, n, wanted, &v->gout[0], weir__vjp_recording(v), false, g) != WEIR_OK)
        return;
    for (int j = 0; j < n; j++)
        if (!weir_is_nil(g[j])) weir_vjp_set(v, at[j], g[j]);
}
