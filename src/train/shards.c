/* shards.c - loss and gradients of a batch in S fixed shards, in one worker context a thread.
 *
 * Shard s holds samples [s B / S, (s+1) B / S): a function of (B, S) alone. Each runs forward and
 * backward on sum(w_i l_i) / W into a flat gradient buffer, and the tree of tree.c adds them. So
 * bits depend on S, which a run records, and never on the number of threads, or of ranks, of which
 * each computes some shards. A thread's shards share its context, whose memory is in the caches
 * from the shard before.
 *
 * W = B times the mean weight of the data. Dividing by the weights of the batch itself would train
 * another distribution: heavy samples would count less, for they raise what their own batch is
 * divided by. */
#include <string.h>
#include "dist/dist.h"
#include "train/train.h"
#include "weir/grad.h"

/* What one thread runs its shards in */
typedef struct worker {
    weir_ctx *ctx;
    weir__worker_grads grads; /* its memory is the buffer of the shard that runs */
    int64_t failed;           /* first of its shards that failed in this step; -1: none */
    weir_status status;       /* its error */
    char message[sizeof(((weir_ctx *)0)->message)];
} worker;

/* Gradients of some shards, laid out as the module's, and which slots have one */
typedef struct buffer {
    void *data;
    uint8_t *has_grad; /* [slots] */
    bool own;          /* data is not the module's gradient buffer */
} buffer;

typedef struct shards {
    weir_ctx *ctx;
    weir__layout *layout;
    int64_t n, n_workers, n_buffers; /* n: of all ranks */
    weir__span own; /* those of this one */
    worker *workers; /* [n_workers] */
    buffer *buffers; /* [n_buffers] */
} shards;

static void shards_free(void *cache)
{
    shards *all = cache;
    for (int64_t i = 0; all->workers && i < all->n_workers; i++) weir_close(all->workers[i].ctx);
    for (int64_t i = 0; all->buffers && i < all->n_buffers; i++) {
        if (all->buffers[i].own) weir__free(all->ctx, all->buffers[i].data);
        weir__free(all->ctx, all->buffers[i].has_grad);
    }
    weir__free(all->ctx, all->buffers);
    weir__free(all->ctx, all->workers);
    weir__free(all->ctx, all);
}

static bool shards_fill(shards *all)
{
    for (int64_t i = 0; i < all->n_buffers; i++) {
        all->buffers[i].has_grad = weir__alloc_n(all->ctx, all->layout->n_slots, 1);
        if (!all->buffers[i].has_grad) return false;
    }
    for (int64_t i = 0; i < all->n_workers; i++) {
        worker *w = &all->workers[i];
        w->ctx = weir_worker_open(all->ctx, 1);
        if (!weir_ok(w->ctx)) return false;
        w->grads.owner = all->layout->grads;
        w->ctx->worker = &w->grads;
    }
    return true;
}

/* Whether the buffers of an earlier step fit: as many shards, the same of them here. */
static bool shards_fit(const shards *all, int64_t n, weir__span own)
{
    return all && all->n == n && all->own.lo == own.lo && all->own.hi == own.hi;
}

static shards *shards_open(weir_model *m, int64_t n, weir__span own)
{
    weir_ctx *c = m->object.ctx;
    shards *all = weir__model_cache(m);
    if (shards_fit(all, n, own)) return all;
    weir__layout *layout = weir__module_layout(m->module);
    all = layout ? weir__alloc0(c, sizeof *all) : NULL;
    if (!all) return NULL;
    int64_t mine = own.hi - own.lo;
    int threads = c->n_threads < mine ? c->n_threads : (int)mine;
    *all = (shards){ .ctx = c, .layout = layout, .n = n, .own = own, .n_workers = threads };
    all->n_buffers = weir__tree_buffers(n, own, threads);
    all->workers = weir__alloc0_n(c, all->n_workers, sizeof *all->workers);
    all->buffers = weir__alloc0_n(c, all->n_buffers, sizeof *all->buffers);
    if (all->workers && all->buffers && shards_fill(all)) {
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
        else if (!b->own)
            b->data = weir__alloc_n(all->ctx, all->layout->numel,
                                    weir_dtype_size(all->layout->dtype));
        b->own = own && b->data;
        if (!b->data) return false;
    }
    return true;
}

/* -- one shard --------------------------------------------------------------------------------- */
/* w_i / W, the gradient of sum(w_i l_i) / W by the losses: where backward begins, so that the sum
 * is not recorded. */
static weir_tensor *loss_weights(weir_tensor *losses, const double *weights, double total)
{
    weir_ctx *c = losses->object.ctx;
    if (weir_is_nil(losses)) return losses;
    if (!weights) return weir_full(c, losses->dtype, 1, losses->shape, 1 / total);
    weir_tensor *w = weir_empty(c, losses->dtype, 1, losses->shape);
    if (weir_is_nil(w)) return w;
    double part;
    for (int64_t i = 0; i < losses->numel; i++) {
        part = weights[i] / total;
        weir__convert(w->dtype, (char *)weir__ptr(w) + i * (int64_t)weir_dtype_size(w->dtype),
                      WEIR_F64, &part, 1);
    }
    return w;
}

static int64_t batch_within(int64_t at, int64_t n)
{
    if (at < 0) return 0;
    return at > n ? n : at;
}

weir_batch *weir__batch_slice(weir_ctx *c, const weir_batch *b, int64_t from, int64_t to)
{
    weir_tensor *view = weir__samples_view(c, b->x, from, to);
    const double *weights = b->weights ? b->weights + from : NULL;
    weir_batch *slice = weir__batch_wrap(c, view, b->ids + from, weights,
                                         weir__condition_slice(c, b->condition, from, to));
    if (slice->object.nil) return slice;
    slice->mean_weight = b->mean_weight;
    slice->offered = b->offered;
    slice->ready = b->ready;
    slice->prepared = weir__condition_slice(c, b->prepared, from, to);
    slice->partial = b->partial && (b->from > from || b->to < to);
    slice->from = batch_within(b->from - from, to - from);
    slice->to = batch_within(b->to - from, to - from);
    return slice;
}

double weir__batch_total(const weir_batch *b) { return (double)b->n * b->mean_weight; }

bool weir__all_finite(const double *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

/* Forward and backward of one batch in context c; backward only where every loss is finite. */
static void shard_run(weir_ctx *c, weir_model *m, weir_batch *b, uint64_t step, double total,
                      double *losses)
{
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c,
                    (weir__frame){ .stream = weir__hash_text(WEIR__STREAM_TRAIN), .step = step });
    weir_tensor *l = weir_model_loss(m, b);
    if (weir_copy_to_f64(l, losses, weir_batch_size(b)) == WEIR_OK
        && weir__all_finite(losses, weir_batch_size(b)))
        weir_backward_with(l, loss_weights(l, weir_batch_weights(b), total), false);
    weir_scope_end(s);
}

typedef struct outgoing {
    int rank;
    void *request;
} outgoing;

/* A step of several shards, as its threads see it */
typedef struct job {
    shards *all;
    weir_model *m;
    const weir_batch *b;
    uint64_t step;
    double total, *losses;
    weir__meeting *meeting; /* NULL: no other rank takes part */
    outgoing *sends; /* of flags and data, to be waited for */
    int n_sends;
    int64_t spare; /* the buffer that takes what another rank has */
    bool everywhere; /* the sum lies on all ranks */
} job;

/* The samples of the shards before i */
static int64_t job_before(const job *j, int64_t i) { return i * weir_batch_size(j->b) / j->all->n; }

/* The first error of a worker is that of its lowest shard, for shards begin in order. */
static void worker_keep_error(worker *w, int64_t shard)
{
    if (weir_ok(w->ctx)) return;
    if (w->failed < 0) {
        w->failed = shard;
        w->status = weir_status_of(w->ctx);
        snprintf(w->message, sizeof w->message, "%s", weir_message(w->ctx));
    }
    weir_clear(w->ctx);
}

static void job_shard(void *job_, int thread, int64_t i, int64_t buffer_)
{
    job *j = job_;
    worker *w = &j->all->workers[thread];
    const buffer *b = &j->all->buffers[buffer_];
    int64_t from = job_before(j, i), to = job_before(j, i + 1);
    w->grads.data = b->data;
    w->grads.has_grad = b->has_grad;
    w->grads.index = i;
    memset(b->has_grad, 0, (size_t)j->all->layout->n_slots);
    weir_scope scope = weir_scope_begin(w->ctx);
    if (to > from)
        shard_run(w->ctx, j->m, weir__batch_slice(w->ctx, j->b, from, to), j->step, j->total,
                  j->losses + from);
    weir_scope_end(scope);
    worker_keep_error(w, i);
}

/* -- the sum ---------------------------------------------------------------------------------- */
/* Values [lo, hi) of the flat arrays */
static void add_range(weir_ctx *c, const weir__layout *l, int64_t lo, int64_t hi, void *to,
                      const void *from, bool set)
{
    size_t each = weir_dtype_size(l->dtype), at = (size_t)lo * each;
    void *t = (char *)to + at;
    const void *f = (const char *)from + at;
    if (t == f) return;
    if (!set) memcpy(t, f, (size_t)(hi - lo) * each);
    else c->kern->binary[l->dtype][WEIR__B_add](hi - lo, t, 1, t, 1, f, 1);
}

static void shards_add(weir_ctx *c, const weir__layout *l, const weir__slot *slot, void *to,
                       const void *from, bool set)
{
    add_range(c, l, slot->flat, slot->flat + slot->numel, to, from, set);
}

static void job_add(void *job_, int64_t to, int64_t from)
{
    shards *all = ((job *)job_)->all;
    buffer *t = &all->buffers[to];
    const buffer *f = &all->buffers[from];
    for (int64_t i = 0; i < all->layout->n_slots; i++)
        if (f->has_grad[i]) {
            shards_add(all->ctx, all->layout, &all->layout->slots[i], t->data, f->data,
                       t->has_grad[i]);
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
            shards_add(all->ctx, all->layout, &all->layout->slots[i], all->layout->grads->data,
                       sum->data, leaf->has_grad);
            leaf->has_grad = true;
        }
}

/* The lowest shard's error is the parent's. */
static weir_status collect_errors(shards *all)
{
    const worker *lowest = NULL;
    for (int64_t i = 0; i < all->n_workers; i++) {
        const worker *w = &all->workers[i];
        if (w->failed >= 0 && (!lowest || w->failed < lowest->failed)) lowest = w;
    }
    if (lowest) weir_fail(all->ctx, lowest->status, "%s", lowest->message);
    return weir_status_of(all->ctx);
}

/* -- other ranks ------------------------------------------------------------------------------ */
static size_t job_bytes(const job *j)
{
    const weir__layout *l = j->all->layout;
    return (size_t)l->numel * weir_dtype_size(l->dtype);
}

/* All have computed: whether all are well, and the losses of every sample. The sum is worth while
 * only where they are finite. */
static bool job_between(void *job_)
{
    job *j = job_;
    weir_ctx *c = j->all->ctx;
    int ranks = weir_ranks(c);
    collect_errors(j->all);
    size_t *ends = weir__alloc_n(c, ranks, sizeof *ends);
    for (int r = 0; ends && r < ranks; r++) {
        int64_t hi = weir__tree_own(j->all->n, r, ranks).hi;
        ends[r] = (size_t)job_before(j, hi) * sizeof(double);
    }
    bool good = weir__meet(j->meeting) && weir__group_gather(c, j->losses, ends);
    weir__free(c, ends);
    return good && weir__all_finite(j->losses, weir_batch_size(j->b));
}

static bool job_send_bytes(job *j, int rank, const void *data, size_t bytes)
{
    outgoing *o = &j->sends[j->n_sends++];
    o->rank = rank;
    return weir__group_start(j->all->ctx, rank, WEIR__TAG_SUM, data, bytes, NULL, 0, &o->request);
}

static bool job_send(void *job_, int rank, int64_t buffer_)
{
    job *j = job_;
    const buffer *b = &j->all->buffers[buffer_];
    return job_send_bytes(j, rank, b->has_grad, (size_t)j->all->layout->n_slots)
           && job_send_bytes(j, rank, b->data, job_bytes(j));
}

static bool job_receive(void *job_, int rank, int behind, int64_t buffer_)
{
    job *j = job_;
    const buffer *b = &j->all->buffers[buffer_];
    weir_ctx *c = j->all->ctx;
    size_t flags = (size_t)j->all->layout->n_slots;
    double share = (double)behind / weir_ranks(c);
    return weir__group_receive(c, rank, WEIR__TAG_SUM, b->has_grad, flags, share)
           && weir__group_receive(c, rank, WEIR__TAG_SUM, b->data, job_bytes(j), share);
}

/* Values [lo, hi) of the spare buffer to those of buffer 0 */
static void job_add_range(void *job_, int64_t lo, int64_t hi)
{
    const job *j = job_;
    const weir__layout *l = j->all->layout;
    const buffer *t = &j->all->buffers[0], *f = &j->all->buffers[j->spare];
    for (int64_t i = 0; i < l->n_slots; i++) {
        int64_t from = l->slots[i].flat, to = from + l->slots[i].numel;
        if (from < lo) from = lo;
        if (to > hi) to = hi;
        if (f->has_grad[i] && from < to)
            add_range(j->all->ctx, l, from, to, t->data, f->data, t->has_grad[i]);
    }
}

static void job_merge_flags(void *job_)
{
    const job *j = job_;
    const buffer *t = &j->all->buffers[0], *f = &j->all->buffers[j->spare];
    for (int64_t i = 0; i < j->all->layout->n_slots; i++) t->has_grad[i] |= f->has_grad[i];
}

static bool job_everywhere(void *job_, int64_t spare)
{
    job *j = job_;
    const weir__layout *l = j->all->layout;
    const buffer *sum = &j->all->buffers[0], *other = &j->all->buffers[spare];
    const weir__halving h = {
        .data = sum->data,
        .other = other->data,
        .n = l->numel,
        .each = weir_dtype_size(l->dtype),
        .flags = sum->has_grad,
        .other_flags = other->has_grad,
        .n_flags = l->n_slots,
        .user = j,
        .add = job_add_range,
        .merge = job_merge_flags,
    };
    j->spare = spare;
    j->everywhere = true;
    return weir__halving_sum(j->all->ctx, &h);
}

/* The sum lies in buffer 0 of rank 0 alone: everyone's buffer 0 gets it, once what was to leave
 * that has left. */
static bool job_share_sum(job *j)
{
    const buffer *sum = &j->all->buffers[0];
    weir_ctx *c = j->all->ctx;
    bool good = true;
    if (j->everywhere) return true;
    for (int i = 0; good && i < j->n_sends; i++)
        good = weir__group_wait(c, j->sends[i].rank, j->sends[i].request, 1);
    return good && weir__group_broadcast(c, sum->has_grad, (size_t)j->all->layout->n_slots)
           && weir__group_broadcast(c, sum->data, job_bytes(j));
}

/* -- the whole -------------------------------------------------------------------------------- */
static weir_status job_run(job *j)
{
    shards *all = j->all;
    weir_ctx *c = all->ctx;
    bool grouped = j->meeting && weir_ranks(c) > 1;
    const weir__tree tree = {
        .shards = all->n,
        .rank = grouped ? weir_rank(c) : 0,
        .ranks = grouped ? weir_ranks(c) : 1,
        .user = j,
        .shard = job_shard,
        .add = job_add,
        .between = job_between,
        .send = job_send,
        .receive = job_receive,
        .everywhere = job_everywhere,
    };
    for (int64_t i = 0; i < all->n_workers; i++) {
        all->workers[i].ctx->seed = weir__seed(c); /* the cache may be older than the seed */
        all->workers[i].failed = -1;
    }
    if (!weir__tree_sum(c, &tree)) return weir_status_of(c);
    if (!grouped && collect_errors(all) != WEIR_OK) return weir_status_of(c);
    if (grouped && !job_share_sum(j)) return weir_status_of(c);
    if (weir__all_finite(j->losses, weir_batch_size(j->b))) add_to_leaves(all);
    return weir_status_of(c);
}

weir_status weir__shards_run(weir_model *m, weir_batch *b, int64_t n, uint64_t step, double *losses,
                             weir__meeting *meeting)
{
    weir_ctx *c = m->object.ctx;
    job j = { .m = m, .b = b, .step = step, .losses = losses, .meeting = meeting };
    bool grouped = meeting && weir_ranks(c) > 1;
    j.total = weir__batch_total(b);
    if (n == 1 && !grouped) { /* ops use the threads; the same operations as one shard's */
        shard_run(c, m, b, step, j.total, losses);
        return weir_status_of(c);
    }
    weir__span own = { 0, n };
    if (grouped) own = weir__tree_own(n, weir_rank(c), weir_ranks(c));
    j.all = shards_open(m, n, own);
    if (!j.all || !give_buffers(j.all)) return weir_status_of(c);
    j.sends = weir__alloc_n(c, 2 * j.all->n_buffers, sizeof *j.sends);
    if (j.sends) job_run(&j);
    weir__free(c, j.sends);
    return weir_status_of(c);
}
