/* network.c - running a network at times of its samples, and its Jacobian-vector products: by its
 * own rule, or by autograd. */
#include <limits.h>
#include "nn/nn.h"
#include "weir/grad.h"

static bool network_fail(weir_ctx *c, weir_status s, const char *who, const char *what)
{
    weir_fail(c, s, "%s: %s", who, what);
    return false;
}

static bool network_fits(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                         const char *who)
{
    weir_ctx *c = x ? weir_ctx_of(x) : weir_module_ctx(net);
    if (!net || !x)
        return network_fail(c, WEIR_ERROR_ARGUMENT, who, "NULL: expected a network and x");
    if (!weir__lives(net, who) || net->object.nil || weir_is_nil(x) || (t && weir_is_nil(t))
        || weir_condition_is_nil(k))
        return network_fail(c, WEIR_ERROR_ARGUMENT, who, "nil: expected what could be made");
    if (!weir__meets(c, k, who, "a condition")) return false;
    if (!net->row->at)
        return network_fail(c, WEIR_ERROR_UNSUPPORTED, who,
                            "a module without `at`: expected a network");
    if (x->ndim < 1) return network_fail(c, WEIR_ERROR_SHAPE, who, "x of rank 0: expected [B, ..]");
    if (!t || (t->ndim == 1 && t->shape[0] == x->shape[0] && t->dtype == x->dtype)) return true;
    return network_fail(
        c, WEIR_ERROR_SHAPE, who,
        "t of another type or shape: expected t [B], one time of every sample of x");
}

weir_tensor *weir_network_at(weir_module *net, weir_tensor *x, weir_tensor *t,
                             const weir_condition *k)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(net), WEIR__TENSOR);
    if (!network_fits(net, x, t, k, "network_at")
        || !weir__forward_begin(net, x, "network_at", &mark))
        return nil;
    weir__module_first(net, x, k);
    weir_tensor *y = net->row->at(net, x, t, k);
    return weir__forward_end(mark, y, NULL);
}

/* -- products by autograd ---------------------------------------------------------------------- */
/* Number i of [B, k, elements] as `like`. */
static weir_tensor *network_vector(weir_tensor *all, int64_t i, const weir_tensor *like)
{
    return weir_reshape(weir_slice(all, 1, i, i + 1, 1), like->ndim, like->shape);
}

/* [B, 1, elements of a sample], also where there is none */
static weir_tensor *network_lines(weir_tensor *x, const weir_tensor *like)
{
    const int64_t shape[] = { like->shape[0], 1, weir__numel_of(like->ndim - 1, like->shape + 1) };
    return weir_reshape(x, 3, shape);
}

/* Whether v has as many elements as a sample of `like`, which is named `of` */
static bool vectors_fit(const weir_tensor *v, const weir_tensor *like, const char *who,
                        const char *of)
{
    int64_t elements = like->ndim ? weir__numel_of(like->ndim - 1, like->shape + 1) : 0;
    if (v->shape[2] == elements) return true;
    weir_fail(v->object.ctx, WEIR_ERROR_SHAPE,
              "%s: vectors of %lld elements: expected [B, k, %lld], elements of a sample of %s",
              who, (long long)v->shape[2], (long long)elements, of);
    return false;
}

/* Into [B, 1, elements], the i-th product */
typedef weir_tensor *product_fn(weir_tensor *y, weir_tensor *x, weir_tensor *v, int64_t i);

static weir_tensor *from_the_right(weir_tensor *y, weir_tensor *x, weir_tensor *v, int64_t i)
{
    weir_tensor *jv, *tangent = network_vector(v, i, x);
    weir_jvp(1, &y, 1, &x, &tangent, false, &jv);
    return network_lines(jv, y);
}

static weir_tensor *from_the_left(weir_tensor *y, weir_tensor *x, weir_tensor *v, int64_t i)
{
    weir_tensor *vj, *cotangent = network_vector(v, i, y);
    weir_grad(1, &y, 1, &x, &cotangent, false, true, &vj);
    if (weir_is_nil(vj)) vj = weir_zeros_like(x); /* y does not depend on x */
    return network_lines(vj, x);
}

static weir_tensor *by_autograd(weir_module *net, weir_tensor *x, weir_tensor *t,
                                const weir_condition *k, weir_tensor *v, product_fn *product,
                                weir_tensor **products)
{
    weir_ctx *c = x->object.ctx;
    int64_t n = v->shape[1];
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
    if (weir_ok(c) && product == from_the_left) vectors_fit(v, y, "network_vjp", "y");
    for (int64_t i = 0; i < n && weir_ok(c); i++) each[i] = product(y, x, v, i);
    c->modes.no_grad = true;
    if (weir_ok(c)) *products = weir_cat((int)n, each, 1);
    y = weir_detach(y);
    weir__scope_end_keeping(s, 2, (void *const[]){ y, *products });
    weir__free(c, each);
    return y;
}

static bool products_fit(weir_module *net, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                         weir_tensor *v, weir_tensor **products, const char *who)
{
    if (!network_fits(net, x, t, k, who)) return false;
    weir_ctx *c = x->object.ctx;
    if (!products || !v || weir_is_nil(v))
        return network_fail(c, WEIR_ERROR_ARGUMENT, who,
                            "NULL or nil: expected tangents and a place for the products");
    if (v->ndim == 3 && v->dtype == x->dtype && v->shape[0] == x->shape[0] && v->shape[1] >= 1)
        return true;
    return network_fail(c, WEIR_ERROR_SHAPE, who,
                        "expected vectors [B, k, elements of a sample], of x's type");
}

weir_tensor *weir_network_jvp(weir_module *net, weir_tensor *x, weir_tensor *t,
                              const weir_condition *k, weir_tensor *tangents, weir_tensor **jv)
{
    WEIR__AS_FOUND;
    static const char who[] = "network_jvp";
    weir__call_mark mark;
    weir_tensor *y, *nil = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(net), WEIR__TENSOR);
    if (jv) *jv = nil;
    if (!products_fit(net, x, t, k, tangents, jv, who) || !vectors_fit(tangents, x, who, "x")
        || !weir__forward_begin(net, x, who, &mark))
        return nil;
    mark.ctx->modes.no_grad = true; /* until the end of the call */
    if (net->row->jvp) y = net->row->jvp(net, x, t, k, tangents, jv);
    else y = by_autograd(net, x, t, k, tangents, from_the_right, jv);
    return weir__forward_end(mark, y, jv);
}

weir_tensor *weir_network_vjp(weir_module *net, weir_tensor *x, weir_tensor *t,
                              const weir_condition *k, weir_tensor *cotangents, weir_tensor **vj)
{
    WEIR__AS_FOUND;
    static const char who[] = "network_vjp";
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(net), WEIR__TENSOR);
    if (vj) *vj = nil;
    if (!products_fit(net, x, t, k, cotangents, vj, who)
        || !weir__forward_begin(net, x, who, &mark))
        return nil;
    mark.ctx->modes.no_grad = true;
    weir_tensor *y = by_autograd(net, x, t, k, cotangents, from_the_left, vj);
    return weir__forward_end(mark, y, vj);
}
