/* node.c - graph nodes: what an application saved, and its death without recursion (graphs are 10^6
 * deep). */
#include <string.h>
#include "grad/grad.h"

static size_t aligned(size_t n) { return (n + 15) & ~(size_t)15; }

static void release_values(weir__node *n)
{
    weir_ctx *c = n->object.ctx;
    for (int i = 0; i < n->n_in; i++) {
        weir__storage_unref(c, n->in[i].value.storage);
        n->in[i].value.storage = NULL;
    }
    for (int i = 0; i < n->n_out; i++) {
        weir__storage_unref(c, n->out[i].storage);
        n->out[i].storage = NULL;
    }
    n->freed = true;
}

void weir__node_release(weir__node *n) { release_values(n); }

/* Frees one node; makers that no one holds any more join the worklist. */
static weir__node *bury(weir__node *n, weir__node *list)
{
    weir_ctx *c = n->object.ctx;
    release_values(n);
    for (int i = 0; i < n->n_in; i++) {
        weir__node *maker = n->in[i].node;
        if (maker && --maker->object.refs == 0) {
            maker->next = list;
            list = maker;
        }
        weir__tensor_unref(c, n->in[i].leaf);
    }
    for (int i = 0; i < n->n_out; i++) weir__tensor_unref(c, n->gout[i]);
    weir__free(c, n);
    return list;
}

static void node_destroy(weir__object *o)
{
    weir__node *list = (weir__node *)o;
    list->next = NULL;
    while (list) {
        weir__node *n = list;
        list = bury(n, n->next);
    }
}

static void keep_value(weir_ctx *c, weir__value *v, const weir_tensor *t, bool save)
{
    v->storage = save ? t->storage : NULL;
    v->version = t->storage->version;
    v->offset = t->offset;
    v->spec.dtype = t->dtype;
    v->spec.ndim = t->ndim;
    for (int i = 0; i < t->ndim; i++) {
        v->spec.shape[i] = t->shape[i];
        v->strides[i] = t->strides[i];
    }
    if (save) weir__storage_ref(c, t->storage);
}

static bool saved(uint32_t mask, int i) { return mask == ~0u || (i < 32 && (mask >> i & 1)); }

static bool connect(weir_call *k, weir__node *n)
{
    for (int i = 0; i < k->n_in; i++) {
        weir_tensor *x = k->in[i];
        weir__input *in = &n->in[i];
        in->node = NULL;
        in->leaf = NULL;
        in->out_index = x->out_index;
        if (x->requires_grad && x->node) {
            if (x->node->object.ctx != k->ctx) {
                weir_fail(k->ctx, WEIR_ERROR_GRAPH,
                          "%s: an input recorded in a parent context: expected a leaf or a "
                          "detached tensor",
                          k->op->row.name);
                return false;
            }
            in->node = x->node;
            x->node->object.refs++;
        } else if (x->requires_grad) {
            in->leaf = x;
            weir__tensor_ref(k->ctx, x);
        }
        keep_value(k->ctx, &in->value, x, saved(k->op->save_in, i));
    }
    return true;
}

/* A node with room for its attributes, values and gradients, and nothing in it yet. */
static weir__node *node_new(weir_call *k, int n_out)
{
    size_t attr = aligned(k->op->attr_size);
    size_t in = aligned(weir__bytes_of(k->n_in, sizeof(weir__input)));
    size_t out = aligned(weir__bytes_of(n_out, sizeof(weir__value)));
    size_t gout = weir__bytes_of(n_out, sizeof(weir_tensor *));
    char *block = weir__alloc(k->ctx, aligned(sizeof(weir__node)) + attr + in + out + gout);
    if (!block) return NULL;
    weir__node *n = (weir__node *)(void *)block;
    n->object = (weir__object){ .ctx = k->ctx, .destroy = node_destroy };
    n->op = k->op;
    n->key = k->key;
    n->n_in = 0;
    n->n_out = 0;
    n->freed = n->queued = n->captured = false;
    n->wanted = 0;
    block += aligned(sizeof *n);
    n->attr = block;
    if (k->attr) memcpy(n->attr, k->attr, k->op->attr_size);
    n->in = (weir__input *)(void *)(block + attr);
    n->out = (weir__value *)(void *)(block + attr + in);
    n->gout = (weir_tensor **)(void *)(block + attr + in + out);
    return n;
}

static bool record(weir_call *k, int n_out, weir_tensor *const *out)
{
    weir__node *n = node_new(k, n_out);
    if (!n) return false;
    n->n_in = k->n_in;
    for (int i = 0; i < k->n_in; i++) {
        n->in[i].node = NULL;
        n->in[i].leaf = NULL;
        n->in[i].value.storage = NULL;
    }
    if (!connect(k, n)) {
        bury(n, NULL);
        return false;
    }
    n->sequence = k->ctx->sequence++;
    n->n_out = n_out;
    for (int i = 0; i < n_out; i++) {
        weir_tensor *y = out[i];
        n->gout[i] = NULL;
        keep_value(k->ctx, &n->out[i], y, saved(k->op->save_out, i));
        if (!weir_dtype_is_real(y->dtype)) continue;
        y->requires_grad = true;
        y->node = n;
        y->out_index = i;
        n->object.refs++;
    }
    return true;
}

bool weir__record(weir_call *k) { return record(k, k->n_out, k->out); }

bool weir__record_views(const weir_op *op, weir_tensor *x, const void *attr, int n,
                        weir_tensor *const *out)
{
    weir_ctx *c = x->object.ctx;
    if (c->modes.no_grad || !x->requires_grad || n < 1) return true;
    weir_call k = { .ctx = c, .op = op, .attr = attr, .n_in = 1, .n_out = n, .in = &x };
    return record(&k, n, out);
}
