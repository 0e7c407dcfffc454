/* network.c - running a network at times of its rows, and its Jacobian-vector products: by its own rule, or by autograd. */
#include <limits.h>
#include "nn/nn.h"
#include "weir/grad.h"

static bool network_fail(weir_ctx *c, weir_status s, const char *who, const char *what)
{
    weir_fail(c, s, "%s: %s", who, what);
    return false;
}

static bool fits(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k, const char *who)
{
    weir_ctx *c = x ? weir_ctx_of(x) : weir_module_ctx(net);
    if (!net || !x) return network_fail(c, WEIR_ERROR_ARGUMENT, who, "NULL: expected a network and x");
    if (!weir__lives(net, who) || net->object.nil || weir_is_nil(x) || (t && weir_is_nil(t))
        || weir_condition_is_nil(k))
        return network_fail(c, WEIR_ERROR_ARGUMENT, who, "nil: expected what could be made");
    if (!weir__meets(c, k, who, "a condition")) return false;
    if (!net->row->at) return network_fail(c, WEIR_ERROR_UNSUPPORTED, who, "a module without `at`: expected a network");
    if (x->ndim < 1) return network_fail(c, WEIR_ERROR_SHAPE, who, "x of rank 0: expected [B, ..]");
    if (!t || (t->ndim == 1 && t->shape[0] == x->shape[0] && t->dtype == x->dtype)) return true;
    return network_fail(c, WEIR_ERROR_SHAPE, who, "t of another type or shape: expected t [B], one time of every sample of x");
}

weir_tensor *weir_network_at(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(net), WEIR__TENSOR);
    if (!fits(net, x, t, k, "network_at") || !weir__forward_begin(net, x, "network_at", &mark)) return nil;
    weir__module_first(net, x, k);
    weir_tensor *y = net->row->at(net, x, t, k);
    return weir__forward_end(mark, y, NULL);
}

/* -- products by autograd ----------------------------------------------------------------------------------------------------------- */
static weir_tensor *one_product(weir_tensor *y, weir_tensor *x, weir_tensor *tangents, int64_t k)
{
    weir_tensor *jv, *v = weir_reshape(weir_slice(tangents, 1, k, k + 1, 1), x->ndim, x->shape);
    weir_jvp(1, &y, 1, &x, &v, false, &jv);
    return weir_reshape(jv, 3, (const int64_t[]){ x->shape[0], 1, tangents->shape[2] });
}

static weir_tensor *by_autograd(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                                weir_tensor *tangents, weir_tensor **jv)
{
    weir_ctx *c = x->object.ctx;
    int64_t n = tangents->shape[1];
    weir_tensor *y = weir__nil(c, WEIR__TENSOR);
    if (n > INT_MAX) {
        weir_fail(c, WEIR_ERROR_MEMORY, "network_jvp: %lld tangents: expected at most %d",
                  (long long)n, INT_MAX);
        return y;
    }
    weir_tensor **each = weir__alloc_n(c, n, sizeof *each);
    if (!each) return y;
    weir_scope s = weir_scope_begin(c);
    c->modes.no_grad = false;
    x = weir_set_requires_grad(weir_detach(x), true);
    y = net->row->at(net, x, t, k);
    for (int64_t i = 0; i < n && weir_ok(c); i++) each[i] = one_product(y, x, tangents, i);
    c->modes.no_grad = true;
    if (weir_ok(c)) *jv = weir_cat((int)n, each, 1);
    y = weir_detach(y);
    weir__scope_end_keeping(s, 2, (void *const[]){ y, *jv });
    weir__free(c, each);
    return y;
}

weir_tensor *weir_network_jvp(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                              weir_tensor *tangents, weir_tensor **jv)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(net), WEIR__TENSOR);
    if (jv) *jv = nil;
    if (!fits(net, x, t, k, "network_jvp")) return nil;
    if (!jv || !tangents || weir_is_nil(tangents)) {
        network_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "network_jvp",
                     "NULL or nil: expected tangents and a place for the products");
        return nil;
    }
    if (tangents->ndim != 3 || tangents->dtype != x->dtype || tangents->shape[0] != x->shape[0]
        || tangents->shape[1] < 1
        || tangents->shape[2] != weir__numel_of(x->ndim - 1, x->shape + 1))
        return weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "network_jvp: expected tangents [B, k, elements of a row of x], of x's type"), nil;
    if (!weir__forward_begin(net, x, "network_jvp", &mark)) return nil;
    mark.ctx->modes.no_grad = true; /* until the end of the call */
    weir_tensor *y = (net->row->jvp ? net->row->jvp : by_autograd)(net, x, t, k, tangents, jv);
    return weir__forward_end(mark, y, jv);
}
