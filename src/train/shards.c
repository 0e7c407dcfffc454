/* shards.c - loss and gradients of a batch in S fixed pieces, each in a worker context of its own.
 *
 * Piece s holds samples [s B / S, (s+1) B / S): a function of (B, S) alone. Each runs forward and backward
 * on sum(w_i l_i) / W into a flat gradient buffer of its own; the S buffers are added in a fixed binary
 * tree, (0+1)+(2+3)... So bits depend on S, which a run records, and never on the number of threads,
 * which only divide the pieces among themselves.
 *
 * W = B times the mean weight of the data. Dividing by the weights of the batch itself would train another
 * distribution: heavy samples would count less, for they raise what their own batch is divided by. */
#include <stdatomic.h>
#include <string.h>
#include "train/train.h"
#include "weir/grad.h"

typedef struct shard {
    weir_ctx *ctx;
    weir__worker_grads *grads;
    bool own; /* grads->data is this shard's, not the module's gradient buffer */
} shard;

typedef struct shards {
    weir_ctx *ctx;
    weir__layout *layout;
    int64_t n;
    shard *at;
    weir__worker_grads *grads; /* [n] */
} shards;

static void shards_free(void *cache)
{
    shards *all = cache;
    for (int64_t i = 0; i < all->n; i++) {
        weir_close(all->at[i].ctx);
        if (all->at[i].own) weir__free(all->ctx, all->grads[i].data);
        weir__free(all->ctx, all->grads[i].has_grad);
    }
    weir__free(all->ctx, all->grads);
    weir__free(all->ctx, all->at);
    weir__free(all->ctx, all);
}

static bool shard_open(shards *all, shard *s)
{
    *s = (shard){ .ctx = weir_worker_open(all->ctx, 1), .grads = &all->grads[all->n] };
    s->grads->owner = all->layout->grads;
    s->grads->index = all->n;
    s->grads->has_grad = weir__alloc_n(all->ctx, all->layout->n_slots, 1);
    if (!s->grads->has_grad || !weir_ok(s->ctx)) return false;
    s->ctx->worker = s->grads;
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
    *all = (shards){ .ctx = c, .layout = layout };
    all->at = weir__alloc0_n(c, n, sizeof *all->at);
    all->grads = weir__alloc0_n(c, n, sizeof *all->grads);
    for (; all->at && all->grads && all->n < n; all->n++)
        if (!shard_open(all, &all->at[all->n])) {
            all->n++;
            break;
        }
    if (weir_ok(c)) {
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

/* Shard 0 writes straight into the module's gradient buffer while that holds nothing: one flat buffer less. */
static bool give_buffers(shards *all)
{
    size_t bytes = (size_t)all->layout->numel * weir_dtype_size(all->layout->dtype);
    bool taken = any_gradient(all->layout);
    for (int64_t i = 0; i < all->n; i++) {
        shard *s = &all->at[i];
        bool own = i > 0 || taken;
        if (own && !s->own && !(s->grads->data = weir__alloc(all->ctx, bytes))) return false;
        if (!own && s->own) weir__free(all->ctx, s->grads->data);
        if (!own) s->grads->data = all->layout->grads->data;
        s->own = own;
        memset(s->grads->has_grad, 0, (size_t)all->layout->n_slots);
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
    _Atomic int64_t next; /* shard that no thread has begun */
} job;

static void job_shard(job *j, int64_t i)
{
    weir_ctx *c = j->all->at[i].ctx;
    int64_t rows = weir_batch_size(j->b), from = i * rows / j->all->n, to = (i + 1) * rows / j->all->n;
    weir_scope scope = weir_scope_begin(c);
    if (to > from) run_piece(c, j->m, weir__batch_piece(c, j->b, from, to), j->step, j->total, j->losses + from);
    weir_scope_end(scope);
}

static void job_work(void *job_, int thread)
{
    job *j = job_;
    (void)thread;
    for (int64_t i = j->next++; i < j->all->n; i = j->next++) job_shard(j, i);
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

static void add_shard(shards *all, shard *to, const shard *from)
{
    for (int64_t i = 0; i < all->layout->n_slots; i++)
        if (from->grads->has_grad[i]) {
            add(all->ctx, all->layout, &all->layout->slots[i], to->grads->data, from->grads->data, to->grads->has_grad[i]);
            to->grads->has_grad[i] = 1;
        }
}

static void add_tree(shards *all)
{
    for (int64_t gap = 1; gap < all->n; gap *= 2)
        for (int64_t i = 0; i + gap < all->n; i += 2 * gap) add_shard(all, &all->at[i], &all->at[i + gap]);
    const shard *sum = &all->at[0];
    for (int64_t i = 0; i < all->layout->n_slots; i++)
        if (sum->grads->has_grad[i]) {
            weir__leaf *leaf = all->layout->slots[i].tensor->leaf;
            add(all->ctx, all->layout, &all->layout->slots[i], all->layout->grads->data, sum->grads->data, leaf->has_grad);
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
    job j = { all, m, b, step, total, losses, 0 };
    weir__region_begin(c);
    weir__workers_run(c->workers, c->n_threads < n ? c->n_threads : (int)n, job_work, &j);
    weir__region_end(c);
    if (collect_errors(all) == WEIR_OK && weir__all_finite(losses, rows)) add_tree(all);
    return weir_status_of(c);
}
