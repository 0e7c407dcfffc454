/* backward.c - reverse mode: gradients flow from outputs to leaves, or to the inputs that weir_grad
 * was asked about.
 *
 * Nodes wait in a heap (graph.c) by sequence number, highest first. A consumer is always made after
 * what it consumes, so when a node comes up, every gradient of its outputs has arrived: no counting
 * of dependencies, no recursion. Each node's backward runs in a scope of its own, so interior
 * gradients are returned as soon as they are used. */
#include <string.h>
#include "grad/grad.h"
#include "kern/kern.h"

typedef struct capture {
    weir__node *node; /* of an interior input, or */
    weir_tensor *leaf;
    int out_index;
    weir_tensor *g; /* counted; NULL: nothing arrived */
} capture;

typedef struct pass {
    weir_ctx *c;
    bool retain, create;
    weir__heap heap;
    capture *captures; /* NULL: plain backward, leaves accumulate */
    int n_captures;
    uint64_t number; /* of a weir_grad, for `wanted` marks */
} pass;

struct weir__vjp_state {
    pass *p;
    weir__node *node;
};

/* -- gradients arriving ------------------------------------------------------------------------ */
/* *slot += g */
static void backward_add_to(pass *p, weir_tensor **slot, weir_tensor *g)
{
    weir_tensor *old = *slot;
    if (!old) {
        weir__tensor_ref(p->c, g);
        *slot = g;
        return;
    }
    weir_tensor *sum = p->c->hooks->add(old, g);
    if (sum->object.nil) return;
    weir__tensor_ref(p->c, sum);
    weir__tensor_unref(p->c, old);
    *slot = sum;
}

/* A gradient for output `out` of `n`, which then waits its turn. A node that cannot wait must not
 * hold it: with create_graph a gradient's history may lead back to the node, and a ring of
 * references is never returned. */
static bool arrive(pass *p, weir__node *n, int out, weir_tensor *g)
{
    backward_add_to(p, &n->gout[out], g);
    if (weir__heap_push(p->c, &p->heap, n)) return true;
    weir__tensor_unref(p->c, n->gout[out]);
    n->gout[out] = NULL;
    return false;
}

static void route_leaf(pass *p, weir_tensor *leaf, weir_tensor *g)
{
    if (!p->captures) {
        weir__leaf_accumulate(p->c, leaf, g);
        return;
    }
    for (int i = 0; i < p->n_captures; i++)
        if (p->captures[i].leaf == leaf) {
            backward_add_to(p, &p->captures[i].g, g);
            return; /* a leaf asked for twice shares what arrived */
        }
}

static bool edge_wanted(const pass *p, const weir__input *in)
{
    if (!p->captures)
        return in->node
               || (in->leaf && in->leaf->requires_grad); /* it may have been switched off since */
    if (in->node) return in->node->wanted == p->number;
    for (int i = 0; in->leaf && i < p->n_captures; i++)
        if (p->captures[i].leaf == in->leaf) return true;
    return false;
}

/* Is there input (output) i of n? If not, the error is set. */
static bool vjp_has(const weir_vjp *v, const char *who, int i, int n)
{
    if (v && i >= 0 && i < n) return true;
    weir_fail(v ? v->ctx : NULL, WEIR_ERROR_ARGUMENT, "%s: %s, number %d: expected one of %d", who,
              v ? v->op->row.name : "NULL", i, n);
    return false;
}

bool weir_vjp_needs(const weir_vjp *v, int i)
{
    return v && i >= 0 && i < v->n_in && edge_wanted(v->state->p, &v->state->node->in[i]);
}

bool weir__vjp_recording(const weir_vjp *v) { return !v->ctx->modes.no_grad; }

const weir_spec *weir_vjp_in_spec(weir_vjp *v, int i)
{
    static const weir_spec none = { .dtype = WEIR_F32 };
    if (!vjp_has(v, "vjp_in_spec", i, v ? v->n_in : 0)) return &none;
    return &v->state->node->in[i].value.spec;
}

static bool spec_same(const weir_tensor *t, const weir_spec *s)
{
    if (t->ndim != s->ndim) return false;
    for (int i = 0; i < s->ndim; i++)
        if (t->shape[i] != s->shape[i]) return false;
    return true;
}

void weir_vjp_set(weir_vjp *v, int i, weir_tensor *g)
{
    WEIR__AS_FOUND;
    if (!v) weir_fail(weir_ctx_of(g), WEIR_ERROR_ARGUMENT, "vjp_set: NULL: expected a product");
    if (!weir_vjp_needs(v, i)) return;
    pass *p = v->state->p;
    weir__input *in = &v->state->node->in[i];
    if (p->c->status != WEIR_OK || (g && !weir__lives(g, "vjp_set"))) return;
    if (!g || g->object.nil) {
        weir_fail(p->c, WEIR_ERROR_ARGUMENT,
                  "vjp_set: backward of %s: nil gradient for input %d: expected a tensor",
                  v->op->row.name, i);
        return;
    }
    if (!spec_same(g, &in->value.spec))
        g = p->c->hooks->sum_to(g, in->value.spec.ndim, in->value.spec.shape);
    if (p->c->status != WEIR_OK) return;
    if (in->leaf) route_leaf(p, in->leaf, g);
    else arrive(p, in->node, in->out_index, g);
}

weir_tensor *weir__vjp_gout(const weir_vjp *v, int i) { return v->state->node->gout[i]; }

const weir_spec *weir__vjp_out_spec(const weir_vjp *v, int i)
{
    return &v->state->node->out[i].spec;
}

weir_tensor *weir__vjp_leaf(const weir_vjp *v, int i) { return v->state->node->in[i].leaf; }

bool weir__vjp_takes(const weir_vjp *v, int first, int i)
{
    const weir_tensor *leaf = weir__vjp_leaf(v, i);
    bool again = false;
    for (int j = first; leaf && !again && j < i; j++) again = weir__vjp_leaf(v, j) == leaf;
    return weir_vjp_needs(v, i) && !again;
}

void *weir__vjp_into(weir_vjp *v, int i, bool *accumulate)
{
    pass *p = v->state->p;
    weir__input *in = &v->state->node->in[i];
    if (p->captures || p->create || !in->leaf || p->c->status != WEIR_OK) return NULL;
    uint8_t *has;
    bool *has_bool;
    void *place = weir__leaf_place(p->c, in->leaf, &has, &has_bool);
    if (!place) return NULL;
    *accumulate = has ? *has : *has_bool;
    if (has) *has = 1;
    else *has_bool = true;
    return place;
}

/* -- saved values ------------------------------------------------------------------------------ */
static bool unchanged(weir_vjp *v, const weir__value *value, const char *which, int i)
{
    weir_ctx *c = v->ctx;
    if (!value->storage) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "backward of %s: %s %d was not saved: expected its bit in the row's save mask",
                  v->op->row.name, which, i);
        return false;
    }
    if (value->storage->version != value->version) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "backward of %s: its %s %d was changed in place by %s after it was saved: "
                  "expected the old values (change a copy)",
                  v->op->row.name, which, i,
                  value->storage->changed_by ? value->storage->changed_by : "data_mut");
        return false;
    }
    return true;
}

static weir_tensor *unpack(weir_vjp *v, const weir__value *value, const char *which, int i)
{
    if (!unchanged(v, value, which, i)) return weir__nil(v->ctx, WEIR__TENSOR);
    return weir__tensor_view(v->ctx, value->storage, &value->spec, value->strides, value->offset);
}

static weir_tensor *with_history(weir_tensor *t, weir__node *node, int out_index)
{
    if (t->object.nil || !node) return t;
    t->requires_grad = true;
    t->node = node;
    t->out_index = out_index;
    node->object.refs++;
    return t;
}

weir_tensor *weir_vjp_in(weir_vjp *v, int i)
{
    WEIR__AS_FOUND;
    if (!vjp_has(v, "vjp_in", i, v ? v->n_in : 0))
        return weir__nil(v ? v->ctx : NULL, WEIR__TENSOR);
    weir__input *in = &v->state->node->in[i];
    if (!in->leaf) return with_history(unpack(v, &in->value, "input", i), in->node, in->out_index);
    if (!unchanged(v, &in->value, "input", i)) return weir__nil(v->ctx, WEIR__TENSOR);
    if (in->leaf->object.ctx == v->ctx) return in->leaf;
    /* A parent's leaf in a worker: what is made from it alone must not land in the parent. */
    weir_tensor *here = unpack(v, &in->value, "input", i);
    return v->ctx->modes.no_grad ? here : v->ctx->hooks->add(in->leaf, weir_zeros_like(here));
}

weir_tensor *weir_vjp_out(weir_vjp *v, int i)
{
    WEIR__AS_FOUND;
    if (!vjp_has(v, "vjp_out", i, v ? v->n_out : 0))
        return weir__nil(v ? v->ctx : NULL, WEIR__TENSOR);
    return with_history(unpack(v, &v->state->node->out[i], "output", i), v->state->node, i);
}

/* -- the walk ---------------------------------------------------------------------------------- */
static void take_captures(pass *p, weir__node *n)
{
    for (int i = 0; n->captured && i < p->n_captures; i++) {
        capture *k = &p->captures[i];
        if (k->node != n || !n->gout[k->out_index]) continue;
        k->g = n->gout[k->out_index];
        weir__tensor_ref(p->c, k->g);
    }
}

static bool backward_through(const pass *p, const weir__node *n)
{
    for (int i = 0; i < n->n_in; i++)
        if (edge_wanted(p, &n->in[i])) return true;
    return false;
}

/* Forensics: the op whose backward made the first gradient that is not finite, inside it or for a
 * leaf. */
static void backward_trap(weir_ctx *c, const weir__node *n)
{
    bool bad = c->trap_op != NULL;
    for (int i = 0; i < n->n_in && !bad && c->status == WEIR_OK; i++) {
        const weir_tensor *leaf = n->in[i].leaf;
        const weir_tensor *g = leaf && leaf->leaf->has_grad ? leaf->leaf->grad : NULL;
        bad = g && c->kern->find_nonfinite[g->dtype](g->numel, weir__ptr(g)) >= 0;
    }
    if (!bad) return;
    c->trap_op = n->op->row.name;
    weir_fail(c, WEIR_ERROR_VALUE,
              "backward of %s: a gradient is not finite: expected finite numbers", n->op->row.name);
}

static void visit(pass *p, weir__node *n)
{
    weir_ctx *c = p->c;
    take_captures(p, n);
    if (!backward_through(p, n)) return;
    if (n->freed) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "backward of %s: its graph was freed by an earlier backward: expected retain "
                  "there, or a new forward",
                  n->op->row.name);
        return;
    }
    struct weir__vjp_state state = { p, n };
    weir_vjp v = { .ctx = c,
                   .op = n->op,
                   .attr = n->attr,
                   .n_in = n->n_in,
                   .n_out = n->n_out,
                   .key = n->key,
                   .state = &state };
    for (int i = 0; i < n->n_out && i < WEIR_OUT_MAX; i++) v.gout[i] = n->gout[i];
    weir_scope s = weir_scope_begin(c);
    n->op->backward(&v);
    if (c->modes.trap_nan) backward_trap(c, n);
    weir_scope_end(s);
    if (!p->retain) weir__node_release(n);
}

static void backward_finish(weir_ctx *c, weir__node *n)
{
    for (int i = 0; i < n->n_out; i++) {
        weir__tensor_unref(c, n->gout[i]);
        n->gout[i] = NULL;
    }
    weir__node_drop(n);
}

static void backward_walk(pass *p)
{
    while (p->heap.n > 0) {
        weir__node *n = weir__heap_pop(&p->heap);
        if (p->c->status == WEIR_OK) visit(p, n);
        backward_finish(p->c, n);
    }
    weir__free(p->c, p->heap.at);
}

/* -- starting ---------------------------------------------------------------------------------- */
/* Why the walk cannot begin at y: the text is made only when it is wanted. */
static bool backward_refuse(pass *p, weir_status status, const weir_tensor *y, const char *why)
{
    char shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, y->ndim, y->shape);
    weir_fail(p->c, status, "backward: %s: %s", shape, why);
    return false;
}

static bool seed(pass *p, weir_tensor *y, weir_tensor *vector)
{
    weir_ctx *c = p->c;
    if (!y->requires_grad)
        return backward_refuse(
            p, WEIR_ERROR_GRAPH, y,
            "no gradients were recorded: expected an input that requires them, outside no_grad");
    if (!vector && y->numel != 1)
        return backward_refuse(
            p, WEIR_ERROR_GRAPH, y,
            "without a vector: expected one element, or the vector of a vector-Jacobian product");
    if (!vector) vector = weir_full(c, y->dtype, y->ndim, y->shape, 1);
    if (weir_is_nil(vector)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "backward: nil vector: expected a tensor");
        return false;
    }
    if (!weir__reaches(c, vector, "backward", "a vector")) return false;
    if (!weir__same_shape(vector, y) || vector->dtype != y->dtype)
        return backward_refuse(p, WEIR_ERROR_SHAPE, y,
                               "expected a vector of the output's shape and type");
    if (!y->node) {
        route_leaf(p, y, vector);
        return true;
    }
    return arrive(p, y->node, y->out_index, vector);
}

static weir_status backward_run(pass *p, int n, weir_tensor *const *y, weir_tensor *const *vectors)
{
    weir_ctx *c = p->c;
    weir_scope s = weir_scope_begin(c);
    c->modes.no_grad = !p->create;
    for (int i = 0; i < n && c->status == WEIR_OK; i++) seed(p, y[i], vectors ? vectors[i] : NULL);
    backward_walk(p);
    weir_scope_end(s);
    return c->status;
}

static weir_status backward_from(const char *who, weir_tensor *y, weir_tensor *vector, bool retain)
{
    weir_ctx *c = weir_ctx_of(y ? y : vector);
    if (c->status != WEIR_OK) return c->status;
    if (weir_is_nil(y)) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil: expected a tensor", who);
    if (weir__region_refuses(c, who, WEIR__REGION_OP)) return WEIR_ERROR_STATE;
    pass p = { .c = c, .retain = retain };
    return backward_run(&p, 1, &y, &vector);
}

weir_status weir_backward_with(weir_tensor *y, weir_tensor *vector, bool retain)
{
    WEIR__AS_FOUND;
    return backward_from("backward_with", y, vector, retain);
}

weir_status weir_backward(weir_tensor *y)
{
    WEIR__AS_FOUND;
    return backward_from("backward", y, NULL, false);
}

/* -- weir_grad --------------------------------------------------------------------------------- */
typedef struct order {
    weir__node **at;
    int64_t n, cap;
    uint64_t lowest;
} order;

static weir__walk_next backward_append(void *user, weir__node *n)
{
    order *o = user;
    if (n->sequence < o->lowest) return WEIR__WALK_OVER;
    if (!weir__grow(n->object.ctx, &o->at, &o->cap, o->n + 1, sizeof *o->at))
        return WEIR__WALK_STOP;
    o->at[o->n++] = n;
    return WEIR__WALK_ON;
}

/* What was made before every captured node leads to none: a small graph on top of a long history is
 * walked alone. A leaf may be anywhere. */
static uint64_t lowest_captured(const pass *p)
{
    uint64_t lowest = UINT64_MAX;
    for (int i = 0; i < p->n_captures; i++) {
        uint64_t at = p->captures[i].node ? p->captures[i].node->sequence : 0;
        if (at < lowest) lowest = at;
    }
    return lowest;
}

/* Marks every node that leads to a captured one, makers before consumers. */
static bool mark_wanted(pass *p, int n, weir_tensor *const *y)
{
    order o = { .lowest = lowest_captured(p) };
    bool good = weir__graph_walk(p->c, n, y, backward_append, &o);
    for (int64_t k = o.n - 1; good && k >= 0; k--)
        if (o.at[k]->captured || backward_through(p, o.at[k])) o.at[k]->wanted = p->number;
    weir__free(p->c, o.at);
    return good;
}

static bool backward_usable(weir_ctx *c, int n, weir_tensor *const *x, const char *what,
                            bool gradients)
{
    for (int i = 0; i < n; i++) {
        if (weir_is_nil(x[i])) {
            weir_fail(c, WEIR_ERROR_ARGUMENT, "grad: %s %d is nil: expected a tensor", what, i);
            return false;
        }
        if (!weir__reaches(c, x[i], "grad", what)) return false;
        if (gradients && !x[i]->requires_grad) {
            weir_fail(c, WEIR_ERROR_GRAPH,
                      "grad: %s %d does not require gradients: expected one that does", what, i);
            return false;
        }
    }
    return true;
}

/* Gradients that arrived go to the caller's scope; an input asked for twice gets the same one. */
static void hand_over(pass *p, int n, weir_tensor **gradients)
{
    weir_ctx *c = p->c;
    for (int i = 0; i < n; i++) {
        capture *k = &p->captures[i];
        if (k->node) k->node->captured = false;
        for (int j = 0; j < i && !k->g; j++)
            if (p->captures[j].leaf == k->leaf && p->captures[j].node == k->node
                && p->captures[j].out_index == k->out_index && p->captures[j].g) {
                k->g = p->captures[j].g;
                weir__tensor_ref(c, k->g);
            }
        gradients[i] = weir__nil(c, WEIR__TENSOR);
    }
    for (int i = 0; i < n; i++) {
        weir_tensor *g = p->captures[i].g;
        if (!g) continue;
        weir_spec spec = weir__spec_of(
            g); /* a fresh handle: g itself may be in an inner scope, or the caller's own vector */
        weir_tensor *out = weir__tensor_view(c, g->storage, &spec, g->strides, g->offset);
        if (p->create) with_history(out, g->node, g->out_index);
        if (g->leaf && g->requires_grad && !g->node && p->create) out = g;
        gradients[i] = out;
        weir__tensor_unref(c, g);
    }
}

weir_ctx *weir__lists_context(int n, weir_tensor *const *x, int m, weir_tensor *const *y)
{
    const weir_tensor *first = NULL;
    for (int i = 0; x && !first && i < n; i++) first = x[i];
    for (int i = 0; y && !first && i < m; i++) first = y[i];
    return weir_ctx_of(first);
}

weir_status weir_grad(int n_out, weir_tensor *const *outputs, int n_in, weir_tensor *const *inputs,
                      weir_tensor *const *vectors, bool create_graph, bool retain,
                      weir_tensor **gradients)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir__lists_context(n_out, outputs, n_in, inputs);
    for (int i = 0; gradients && i < n_in; i++) gradients[i] = weir__nil(c, WEIR__TENSOR);
    if (c->status != WEIR_OK) return c->status;
    if (n_out < 1 || n_in < 0 || !outputs || (n_in > 0 && (!inputs || !gradients)))
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "grad: NULL or none: expected outputs, inputs, and room for their gradients");
    if (weir__region_refuses(c, "grad", WEIR__REGION_OP)) return WEIR_ERROR_STATE;
    if (!backward_usable(c, n_out, outputs, "output", false)
        || !backward_usable(c, n_in, inputs, "input", true))
        return c->status;
    capture *captures = weir__alloc0_n(c, (int64_t)n_in + 1, sizeof *captures);
    if (!captures) return c->status;
    pass p = { .c = c,
               .retain = retain || create_graph,
               .create = create_graph,
               .captures = captures,
               .n_captures = n_in,
               .number = c->sequence++ };
    for (int i = 0; i < n_in; i++) {
        captures[i] = (capture){ .node = inputs[i]->node,
                                 .leaf = inputs[i]->node ? NULL : inputs[i],
                                 .out_index = inputs[i]->out_index };
        if (captures[i].node) captures[i].node->captured = true;
    }
    if (mark_wanted(&p, n_out, outputs)) backward_run(&p, n_out, outputs, vectors);
    hand_over(&p, n_in, gradients);
    weir__free(c, captures);
    return c->status;
}
