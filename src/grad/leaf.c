/* leaf.c - leaves: tensors that want gradients, and where those go. A leaf's gradient lives where
 * the leaf lives; in a worker context it goes to the leaf's range of the worker's own flat buffer,
 * and only the shard reduction writes the leaf's. */
#include <string.h>
#include "grad/grad.h"
#include "kern/kern.h"

static weir_tensor *nil_of(const weir_tensor *x) { return weir__nil(weir_ctx_of(x), WEIR__TENSOR); }

weir__leaf *weir__leaf_of(weir_tensor *t)
{
    if (t->leaf) return t->leaf;
    weir__leaf *l = weir__alloc0(t->object.ctx, sizeof *l);
    if (l) l->slot = -1;
    return t->leaf = l;
}

weir_tensor *weir_set_requires_grad(weir_tensor *x, bool yes)
{
    if (weir_is_nil(x)) return nil_of(x);
    weir_ctx *c = x->object.ctx;
    if (weir__region_refuses(c, "set_requires_grad", WEIR__REGION_CHANGE)) return nil_of(x);
    if (x->node) {
        if (!yes) {
            weir_fail(
                c, WEIR_ERROR_GRAPH,
                "set_requires_grad: a result of %s: expected a leaf (weir_detach cuts history)",
                x->node->op->row.name);
            return nil_of(x);
        }
        return x;
    }
    if (yes && !weir_dtype_is_real(x->dtype)) {
        weir_fail(c, WEIR_ERROR_DTYPE, "set_requires_grad: %s: expected f32 or f64",
                  weir_dtype_name(x->dtype));
        return nil_of(x);
    }
    if (yes && x->storage->read_only) {
        weir_fail(
            c, WEIR_ERROR_STATE,
            "set_requires_grad: weights of a shared model: expected those of the model itself");
        return nil_of(x);
    }
    if (yes && !weir__leaf_of(x)) return nil_of(x);
    x->requires_grad = yes;
    return x;
}

bool weir_requires_grad(const weir_tensor *x) { return !weir_is_nil(x) && x->requires_grad; }
bool weir_is_leaf(const weir_tensor *x) { return !weir_is_nil(x) && !x->node; }

const char *weir_grad_fn_name(const weir_tensor *x)
{
    return !weir_is_nil(x) && x->node ? x->node->op->row.name : "";
}

weir_tensor *weir_grad_of(weir_tensor *x)
{
    return !weir_is_nil(x) && x->leaf && x->leaf->has_grad ? x->leaf->grad : nil_of(x);
}

void weir_zero_grad(weir_tensor *x)
{
    if (weir_is_nil(x) || !x->leaf) return;
    if (weir__region_refuses(x->object.ctx, "zero_grad", WEIR__REGION_CHANGE)) return;
    x->leaf->has_grad = false; /* the next gradient overwrites */
}

weir_tensor *weir_detach(weir_tensor *x)
{
    if (weir_is_nil(x)) return nil_of(x);
    if (weir__region_refuses(x->object.ctx, "detach", WEIR__REGION_OP)) return nil_of(x);
    weir_spec spec = weir__spec_of(x);
    return weir__tensor_view(x->object.ctx, x->storage, &spec, x->strides, x->offset);
}

static void *leaf_place_in_worker(weir_ctx *c, weir_tensor *leaf, uint8_t **has)
{
    weir__leaf *l = leaf->leaf;
    const weir__worker_grads *grads = c->worker;
    if (l->slot < 0 || !l->grad || l->grad->storage != grads->owner) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "backward: a leaf outside the module that is trained: expected a sealed "
                  "parameter of it");
        return NULL;
    }
    *has = &grads->has_grad[l->slot];
    return (char *)grads->data + l->flat * (int64_t)weir_dtype_size(leaf->dtype);
}

void *weir__leaf_place(weir_ctx *c, weir_tensor *leaf, uint8_t **has, bool **has_bool)
{
    weir__leaf *l = leaf->leaf;
    *has = NULL;
    *has_bool = NULL;
    if (c->worker) return leaf_place_in_worker(c, leaf, has);
    if (leaf->object.ctx != c) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "backward: a leaf of a parent context: expected a worker with a gradient buffer, "
                  "or a leaf of this context");
        return NULL;
    }
    if (!l->grad) {
        weir_spec spec = weir__spec_of(leaf);
        weir_tensor *g = weir__tensor_new_home(c, &spec);
        if (g->object.nil) return NULL;
        l->grad = g;
    }
    *has_bool = &l->has_grad;
    return weir__ptr(l->grad);
}

void weir__leaf_accumulate(weir_ctx *c, weir_tensor *leaf, weir_tensor *g)
{
    uint8_t *has;
    bool *has_bool;
    void *place = weir__leaf_place(c, leaf, &has, &has_bool);
    if (!place) return;
    weir__loop l = { .ndim = g->ndim };
    memcpy(l.shape, g->shape, sizeof l.shape);
    weir__dense_strides(g->ndim, g->shape, l.x[0].stride);
    l.x[0].data = place;
    if (has ? *has : *has_bool) {
        l.x[1] = l.x[0];
        l.x[2].data = weir__ptr(g);
        memcpy(l.x[2].stride, g->strides, sizeof g->strides);
        weir__loop_binary(c->kern, (weir__real)g->dtype, WEIR__B_add, &l, c->threads);
    } else {
        l.x[1].data = weir__ptr(g);
        memcpy(l.x[1].stride, g->strides, sizeof g->strides);
        weir__loop_unary(c->kern, (weir__real)g->dtype, WEIR__U_copy, &l, NULL, c->threads);
    }
    if (has) *has = 1;
    else *has_bool = true;
}
