/* checkpoint.c - recompute instead of remember (Griewank & Walther 2000; Chen et al. 2016): of a
 * whole function only the inputs stay in memory, and backward runs it again, with the random frame
 * it had, so that it draws the same and gives the same bits. */
#include <string.h>
#include "ops/ops.h"

typedef struct checkpoint {
    weir_checkpoint_fn *fn;
    void *user;
    uint64_t seed;
    /* of the first run; its ids, when there are any, are the node's last input */
    weir__frame frame;
} checkpoint;

/* -- running it again -------------------------------------------------------------------------- */
typedef struct replay {
    weir_vjp *v;
    int n; /* inputs of the function */
    weir_tensor **x; /* as the function gets them; those that want gradients are leaves, or new
                        results of a view */
} replay;

static weir_tensor *checkpoint_input_of(weir_vjp *v, int i)
{
    weir_tensor *leaf = weir__vjp_leaf(v, i), *x = weir_vjp_in(v, i);
    if (weir_is_nil(x) || !weir_vjp_needs(v, i)) return weir_is_nil(x) || leaf ? x : weir_detach(x);
    if (leaf) return leaf;
    return weir__vjp_recording(v) ? weir_view(x, x->ndim, x->shape)
                                  : weir_set_requires_grad(weir_detach(x), true);
}

static weir_tensor *run_again(replay *r, const checkpoint *k)
{
    weir_ctx *c = r->v->ctx;
    weir__frame frame = k->frame;
    if (frame.ids) {
        weir_tensor *ids = weir_vjp_in(r->v, r->n);
        if (weir_is_nil(ids)) return ids;
        frame.ids = weir__ptr(ids);
    }
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c, frame);
    weir__seed_set(c, k->seed);
    c->modes.no_grad = false;
    weir_tensor *y = k->fn(k->user, r->x);
    weir__scope_end_keeping(s, 1, (void *const[]){ y });
    return y;
}

/* A leaf that is used but not among the inputs would silently get no gradient. */
static weir__walk_next only_inputs(void *user, weir__node *n)
{
    const replay *r = user;
    for (int i = 0; i < r->n; i++)
        if (r->x[i]->node == n) return WEIR__WALK_OVER;
    for (int j = 0; j < n->n_in; j++) {
        bool known = !n->in[j].leaf;
        for (int i = 0; !known && i < r->n; i++) known = r->x[i] == n->in[j].leaf;
        if (known) continue;
        weir_fail(r->v->ctx, WEIR_ERROR_GRAPH,
                  "checkpoint: %s uses a leaf that is not among the inputs: expected every "
                  "parameter to be passed",
                  n->op->row.name);
        return WEIR__WALK_STOP;
    }
    return WEIR__WALK_ON;
}

static void hand_back(replay *r, weir_tensor *y, weir_tensor **wanted, weir_tensor **g)
{
    weir_vjp *v = r->v;
    int n = 0;
    for (int i = 0; i < r->n; i++)
        if (weir__vjp_takes(v, 0, i)) wanted[n++] = r->x[i];
    if (weir_is_nil(y) || !y->requires_grad || !weir__graph_walk(v->ctx, 1, &y, only_inputs, r))
        return;
    if (weir_grad(1, &y, n, wanted, &v->gout[0], weir__vjp_recording(v), false, g) != WEIR_OK)
        return;
    for (int i = 0, j = 0; i < r->n; i++)
        if (weir__vjp_takes(v, 0, i) && !weir_is_nil(g[j++])) weir_vjp_set(v, i, g[j - 1]);
}

static void checkpoint_backward(weir_vjp *v)
{
    const checkpoint *k = v->attr;
    replay r = { .v = v, .n = v->n_in - (k->frame.ids != NULL) };
    weir_tensor **space = weir__alloc_n(v->ctx, 3 * (int64_t)r.n + 1, sizeof *space);
    if (!space) return;
    r.x = space;
    for (int i = 0; i < r.n; i++) r.x[i] = checkpoint_input_of(v, i);
    if (weir_ok(v->ctx)) hand_back(&r, run_again(&r, k), space + r.n, space + 2 * r.n);
    weir__free(v->ctx, space);
}

/* -- the first run ----------------------------------------------------------------------------- */
static bool checkpoint_infer(weir_call *k)
{
    return weir_call_fail(k, WEIR_ERROR_ARGUMENT, "expected to be called by weir_checkpoint");
}

static weir_tensor *two_layers(void *user, weir_tensor **x)
{
    (void)user;
    return weir_tanh(weir_linear(weir_exp(weir_linear(x[0], x[1], x[2])), x[3], NULL));
}
static weir_tensor *call_layers(weir_tensor **x) { return weir_checkpoint(two_layers, NULL, 4, x); }
static const weir_op_case cases[] = { { "3,2 4,2 4 2,4", call_layers },
                                      { "1,1 1,1 1 1,1", call_layers },
                                      { NULL, NULL } };
const weir_op weir__op_checkpoint = {
    .row = WEIR_OP_ROW("op.checkpoint",
                       "a function of tensors that backward runs again instead of remembering it"),
    .n_in = -1,
    .n_out = 1,
    .save_in = ~0u,
    .attr_size = sizeof(checkpoint),
    .infer = checkpoint_infer,
    .backward = checkpoint_backward,
    .cases = cases,
    .low = -1,
    .high = 1
};

static weir_tensor *plain_run(weir_ctx *c, weir_checkpoint_fn *fn, void *user, weir_tensor **in)
{
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *y = fn(user, in);
    weir__scope_end_keeping(s, 1, (void *const *)&y);
    if (weir_is_nil(y)) return weir__nil(c, WEIR__TENSOR);
    weir_spec spec = weir__spec_of(y); /* a handle of our own: y may be one of the inputs */
    return weir__tensor_view(c, y->storage, &spec, y->strides, y->offset);
}

static weir_tensor *checkpoint_run(weir_ctx *c, weir_checkpoint_fn *fn, void *user, int n,
                                   weir_tensor **in)
{
    checkpoint attr = { .fn = fn, .user = user, .seed = weir__seed(c), .frame = c->frame };
    weir_call k = {
        .ctx = c, .op = &weir__op_checkpoint, .attr = &attr, .n_in = n, .n_out = 1, .in = in
    };
    bool record = false;
    for (int i = 0; i < n; i++) record = record || (!c->modes.no_grad && in[i]->requires_grad);
    if (record && attr.frame.ids)
        in[k.n_in++] = weir_from_i64(c, attr.frame.ids, 1, (const int64_t[]){ attr.frame.n_ids });
    k.out[0] = plain_run(c, fn, user, in);
    if (!weir_ok(c) || !record || !weir_dtype_is_real(k.out[0]->dtype)) return k.out[0];
    return weir__record(&k) ? k.out[0] : weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir_checkpoint(weir_checkpoint_fn *fn, void *user, int n, weir_tensor *const *inputs)
{
    WEIR__AS_FOUND;
    weir_ctx *fail = weir__lists_context(n, inputs, 0, NULL), *c;
    if (!fn || !inputs) {
        weir_fail(fail, WEIR_ERROR_ARGUMENT,
                  "checkpoint: NULL: expected a function and its inputs");
        return weir__nil(fail, WEIR__TENSOR);
    }
    c = weir__context_of(&weir__op_checkpoint, n, inputs, &fail);
    if (!c) return weir__nil(fail, WEIR__TENSOR);
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    if (!weir_ok(c)) return nil;
    for (int i = 0; i < n; i++)
        if (weir_is_nil(inputs[i])) {
            weir_fail(c, WEIR_ERROR_ARGUMENT,
                      "checkpoint: nil of an earlier failure: expected a tensor");
            return nil;
        }
    weir_tensor **in = weir__alloc_n(c, (int64_t)n + 1, sizeof *in);
    if (!in) return nil;
    memcpy(in, inputs, (size_t)n * sizeof *in);
    weir_tensor *y = checkpoint_run(c, fn, user, n, in);
    weir__free(c, in);
    return y;
}
