/* shards.c - loss and gradients of a batch in S fixed pieces, each in a worker context of its own.
 *
 * Piece s holds samples [s B / S, (s+1) B / S): a function of (B, S) alone. Each runs forward and backward
 * on sum(w_i l_i) / W into a flat gradient buffer, and the tree of tree.c adds them. So bits depend on S,
 * which a run records, and never on the number of threads.
 *
 * W = B times the mean weight of the data. Dividing by the weights of the batch itself would train another
 * distribution: heavy samples would count less, for they raise what their own batch is divided by. */
#include <string.h>
#include "train/train.h"
#include "weir/grad.h"

typedef struct shard {
    weir_ctx *ctx;
    weir__worker_grads grads; /* its memory is one of the buffers below */
} shard;

/* Gradients of some shards, laid out as the module's, and which slots have one */
typedef struct buffer {
    void *data;
    uint8_t *has_grad; /* [slots] */
    bool own;          /* data is not the module's gradient buffer */
} buffer;

typedef struct shards {
    weir_ctx *ctx;
    weir__layout *layout;
    int64_t n, n_buffers;
    shard *at;       /* [n] */
    buffer *buffers; /* [n_buffers] */
} shards;

static void shards_free(void *cache)
{
    shards *all = cache;
    for (int64_t i = 0; all->at && i < all->n; i++) weir_close(all->at[i].ctx);
    for (int64_t i = 0; all->buffers && i < all->n_buffers; i++) {
        if (all->buffers[i].own) weir__free(all->ctx, all->buffers[i].data);
        weir__free(all->ctx, all->buffers[i].has_grad);
    }
    weir__free(all->ctx, all->buffers);
    weir__free(all->ctx, all->at);
    weir__free(all->ctx, all);
}

static bool shards_fill(shards *all)
{
    for (int64_t i = 0; i < all->n_buffers; i++) {
        all->buffers[i].has_grad = weir__alloc_n(all->ctx, all->layout->n_slots, 1);
        if (!all->buffers[i].has_grad) return false;
    }
    for (int64_t i = 0; i < all->n; i++) {
        shard *s = &all->at[i];
        s->ctx = weir_worker_open(all->ctx, 1);
        if (!weir_ok(s->ctx)) return false;
        s->grads.owner = all->layout->grads;
        s->grads.index = i;
        s->ctx->worker = &s->grads;
    }
    return true;
}

static shards *shards_open(weir_model *m, int64_t n)
{
    weir_ctx *c = m->object.ctx;
    shards *all = weir__model_cache(m);
    if (all && all->n == n) return all;
    weir__layout *layout = weir__module_layout(m->module);
    all = layout ? weir__alloc0(c, sizeof *all) : NULL;
    if (!all) return NULL;
    int threads = c->n_threads < n ? c->n_threads : (int)n;
    *all = (shards){ .ctx = c, .layout = layout, .n = n, .n_buffers = weir__tree_buffers(n, threads) };
    all->at = weir__alloc0_n(c, n, sizeof *all->at);
    all->buffers = weir__alloc0_n(c, all->n_buffers, sizeof *all->buffers);
    if (all->at && all->buffers && shards_fill(all)) {
        weir__model_set_cache(m, all, shards_free);
        return all;
    }
    shards_free(all);
    return NULL;
}

static bool any_gradient(const weir__layout *l)
{
    for (int64_t i = 0; i < l->n_slots; i++)
        if (l->slots[i].tensor->leaf->has_grad) return true;
    return false;
}

/* Buffer 0, where the sum comes to lie, is the module's own while that holds nothing. */
static bool give_buffers(shards *all)
{
    bool taken = any_gradient(all->layout);
    for (int64_t i = 0; i < all->n_buffers; i++) {
        buffer *b = &all->buffers[i];
        bool own = i > 0 || taken;
        if (!own && b->own) weir__free(all->ctx, b->data);
        if (!own) b->data = all->layout->grads->data;
        else if (!b->own) b->data = weir__alloc_n(all->ctx, all->layout->numel, weir_dtype_size(all->layout->dtype));
        b->own = own && b->data;
        if (!b->data) return false;
    }
    return true;
}

/* -- one piece -------------------------------------------------------------------------------------------------------------------------- */
/* sum(w_i l_i) / W */
static weir_tensor *reduce(weir_tensor *losses, const double *weights, double total)
{
    if (!weights || weir_is_nil(losses)) return weir_scale(weir_sum(losses), 1 / total);
    weir_ctx *c = losses->object.ctx;
    weir_tensor *w = weir_empty(c, losses->dtype, 1, losses->shape);
    if (weir_is_nil(w)) return w;
    double part;
    for (int64_t i = 0; i < losses->numel; i++) {
        part = weights[i] / total;
        weir__convert(w->dtype, (char *)weir__ptr(w) + i * (int64_t)weir_dtype_size(w->dtype), WEIR_F64, &part, 1);
    }
    return weir_sum(weir_mul(losses, w));
}

weir_batch *weir__batch_piece(weir_ctx *c, const weir_batch *b, int64_t from, int64_t to)
{
    weir_tensor *view = weir__samples_view(c, b->x, from, to);
    const double *weights = b->weights ? b->weights + from : NULL;
    weir_batch *piece = weir_batch_wrap(c, view, b->ids + from, weights, weir__condition_slice(c, b->condition, from, to));
    if (piece->object.nil) return piece;
    piece->mean_weight = b->mean_weight;
    piece->offered = b->offered;
    piece->ready = b->ready;
    piece->prepared = weir__condition_slice(c, b->prepared, from, to);
    return piece;
}

double weir__batch_total(const weir_batch *b) { return (double)b->n * b->mean_weight; }

bool weir__all_finite(const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

/* Forward and backward of one batch in context c; backward only where every loss is finite. */
static void run_piece(weir_ctx *c, weir_model *m, weir_batch *b, uint64_t step, double total, double *losses)
{
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c, (weir__frame){ .stream = weir__hash_text(WEIR__STREAM_TRAIN), .step = step });
    weir_tensor *l = weir_model_loss(m, b);
    if (weir_copy_to_f64(l, losses, weir_batch_size(b)) == WEIR_OK && weir__all_finite(losses, weir_batch_size(b)))
        weir_backward(reduce(l, weir_batch_weights(b), total));
    weir_scope_end(s);
}

/* A step of several shards, as its threads see it */
typedef struct job {
    shards *all;
    weir_model *m;
    const weir_batch *b;
    uint64_t step;
    double total, *losses;
} job;

static void job_shard(void *job_, int64_t i, int64_t buffer_)
{
    job *j = job_;
    shard *s = &j->all->at[i];
    const buffer *b = &j->all->buffers[buffer_];
    int64_t rows = weir_batch_size(j->b), from = i * rows / j->all->n, to = (i + 1) * rows / j->all->n;
    s->grads.data = b->data;
    s->grads.has_grad = b->has_grad;
    memset(b->has_grad, 0, (size_t)j->all->layout->n_slots);
    weir_scope scope = weir_scope_begin(s->ctx);
    if (to > from)
        run_piece(s->ctx, j->m, weir__batch_piece(s->ctx, j->b, from, to), j->step, j->total, j->losses + from);
    weir_scope_end(scope);
}

/* -- the sum ------------------------------------------------------------------------------------------------------------------------------ */
static void add(weir_ctx *c, const weir__layout *l, const weir__slot *slot, void *to, const void *from, bool set)
{
    size_t at = (size_t)slot->flat * weir_dtype_size(l->dtype);
    void *t = (char *)to + at;
    const void *f = (const char *)from + at;
    if (t == f) return;
    if (!set)
        memcpy(t, f, (size_t)slot->numel * weir_dtype_size(l->dtype));
    else
        c->kern->binary[l->dtype][WEIR__B_add](slot->numel, t, 1, t, 1, f, 1);
}

static void job_add(void *job_, int64_t to, int64_t from)
{
    shards *all = ((job *)job_)->all;
    buffer *t = &all->buffers[to];
    const buffer *f = &all->buffers[from];
    for (int64_t i = 0; i < all->layout->n_slots; i++)
        if (f->has_grad[i]) {
            add(all->ctx, all->layout, &all->layout->slots[i], t->data, f->data, t->has_grad[i]);
            t->has_grad[i] = 1;
        }
}

/* The sum to the leaves' gradients */
static void add_to_leaves(shards *all)
{
    const buffer *sum = &all->buffers[0];
    for (int64_t i = 0; i < all->layout->n_slots; i++)
        if (sum->has_grad[i]) {
            weir__leaf *leaf = all->layout->slots[i].tensor->leaf;
            add(all->ctx, all->layout, &all->layout->slots[i], all->layout->grads->data, sum->data, leaf->has_grad);
            leaf->has_grad = true;
        }
}

/* The lowest shard's error is the parent's. */
static weir_status collect_errors(shards *all)
{
    for (int64_t i = 0; i < all->n; i++) {
        weir_ctx *w = all->at[i].ctx;
        if (!weir_ok(w)) weir_fail(all->ctx, weir_status_of(w), "%s", weir_message(w));
        weir_clear(w);
    }
    return weir_status_of(all->ctx);
}

weir_status weir__shards_run(weir_model *m, weir_batch *b, int64_t n, uint64_t step, double *losses)
{
    weir_ctx *c = m->object.ctx;
    int64_t rows = weir_batch_size(b);
    double total = weir__batch_total(b);
    if (n == 1) {
        run_piece(c, m, b, step, total, losses); /* ops use the threads; the same operations as one shard's */
        return weir_status_of(c);
    }
    shards *all = shards_open(m, n);
    if (!all || !give_buffers(all)) return weir_status_of(c);
    for (int64_t i = 0; i < n; i++) all->at[i].ctx->seed = weir__seed(c); /* the cache may be older than the seed */
    job j = { all, m, b, step, total, losses };
    weir__tree tree = { .shards = n, .user = &j, .shard = job_shard, .add = job_add };
    if (!weir__tree_sum(c, &tree)) return weir_status_of(c);
    if (collect_errors(all) == WEIR_OK && weir__all_finite(losses, rows)) add_to_leaves(all);
    return weir_status_of(c);
}
