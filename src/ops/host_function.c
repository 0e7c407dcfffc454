/* host_function.c - a function of the host program with the gradient that it says itself, as an op.
 * Its row is in no list: there is no function to try it on. The gradient is the op's second result,
 * so that the tape finds out where somebody differentiates it again. */
#include <math.h>
#include "ops/ops.h"
#include "weir/objective.h"

typedef struct host_function {
    weir_host_fn *fn;
    void *user;
    bool gradient; /* whether anybody wants it */
} host_function;

/* x [n, dim] in double, as weir_host_function hands it in */
static bool host_infer(weir_call *k)
{
    const host_function *h = k->attr;
    k->spec[0] = weir__spec_of(k->in[0]);
    k->spec[0].ndim = 1;
    k->spec[1] = weir__spec_of(k->in[0]);
    if (!h->gradient) k->spec[1].shape[0] = 0;
    return true;
}

static void host_forward(weir_call *k)
{
    const host_function *h = k->attr;
    const weir_tensor *x = k->in[0];
    weir_tensor *y = k->out[0], *g = k->out[1];
    weir_fill_(weir_detach(y), NAN); /* what fn forgets is seen */
    weir_fill_(weir_detach(g), NAN);
    if (!weir_ok(k->ctx)) return;
    weir_status s = h->fn(h->user, x->shape[0], x->shape[1], weir__ptr(x), weir__ptr(y),
                          h->gradient ? weir__ptr(g) : NULL);
    if (s != WEIR_OK && weir_ok(k->ctx))
        weir_call_fail(k, s, "the function gave status %d: expected WEIR_OK", (int)s);
}

static void host_backward(weir_vjp *v)
{
    if (v->gout[1]) {
        weir_fail(v->ctx, WEIR_ERROR_GRAPH,
                  "host_function: a second derivative: expected the first alone, the only one that "
                  "the function says");
        return;
    }
    if (!v->gout[0]) return;
    weir_tensor *each = weir_unsqueeze(v->gout[0], 1);
    weir_vjp_set(v, 0, weir_mul(each, weir_vjp_out(v, 1)));
}

static const weir_op host_op = {
    .row = WEIR_OP_ROW("op.host_function", "a function of the host program, with its gradient"),
    .n_in = 1,
    .n_out = 2,
    .save_out = 2,
    .attr_size = sizeof(host_function),
    .infer = host_infer,
    .forward = host_forward,
    .backward = host_backward,
};

/* x as samples of values, [n, dim]; nil after an error. */
static weir_tensor *host_samples(weir_tensor *x)
{
    weir_ctx *c = weir_ctx_of(x);
    if (weir_is_nil(x) || !weir_ok(c)) return weir__nil_of(x);
    if (x->ndim < 1 || !weir_dtype_is_real(x->dtype)) {
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "host_function: %s of rank %d: expected f32 or f64 samples [n, ..]",
                  weir_dtype_name(x->dtype), x->ndim);
        return weir__nil_of(x);
    }
    const int64_t shape[] = { x->shape[0], weir__numel_of(x->ndim - 1, x->shape + 1) };
    return weir_cast(weir_contiguous(weir_reshape(x, 2, shape)), WEIR_F64);
}

weir_tensor *weir_host_function(weir_tensor *x, weir_host_fn *fn, void *user)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_ctx_of(x);
    if (!x || !fn) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "host_function: NULL: expected samples and a function");
        return weir__nil_of(x);
    }
    if (!weir__lives(x, "host_function")) return weir__nil_of(x);
    weir_tensor *values = host_samples(x), *out[2];
    if (weir_is_nil(values)) return weir__nil_of(x);
    const host_function h = {
        .fn = fn,
        .user = user,
        .gradient = values->requires_grad && !c->modes.no_grad,
    };
    weir_apply_multi(&host_op, 1, &values, &h, out);
    return weir_is_nil(out[0]) ? out[0] : weir_cast(out[0], x->dtype);
}
