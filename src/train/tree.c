/* tree.c - the sum of what S shards give, as a tree over threads and ranks.
 *
 *     sum(lo, hi) = sum(lo, mid) + sum(mid, hi),  mid = lo + the largest power of two below hi - lo
 *
 * is a function of S alone: bits do not depend on who adds what, or when. Of N ranks rank r has the
 * shards [r S / N, (r + 1) S / N), and what is added of a part is with the rank of its first shard.
 *
 * On one rank shards begin in order, and two halves are added as soon as both are there, by the
 * thread that made the second. So the complete parts are at most as many as the first shards of the
 * rank, up to some number, make parts; as many buffers and one for each thread are enough: a thread
 * that finds none waits for a sum, and if all waited, none would run, and as many would be free.
 *
 * Then, where they are powers of two, the ranks add what they have by recursive halving and
 * doubling (halving.c), in the same tree. Else they walk it from its leaves: the rank of a right
 * half sends it to that of the left one, which adds it. The order is the same on all ranks, so
 * there is no deadlock. */
#include <pthread.h>
#include "train/train.h"

/* A part [lo, hi) of the shards whose sum lies in a buffer */
typedef struct part {
    int64_t lo, hi;
    int64_t buffer;
} part;

typedef struct sum {
    const weir__tree *tree;
    weir__span own; /* shards of this rank */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a buffer is free, or no shard is left to begin */
    int64_t next;           /* shard to begin */
    int64_t n_spare;
    int64_t *spare;         /* [n_spare] buffers that hold nothing */
    part *complete;         /* [own] by lo: parts that wait for their other half; hi 0: none */
} sum;

/* -- the shape of the tree -------------------------------------------------------------------- */
int64_t weir__tree_split(int64_t n)
{
    int64_t power = 1;
    while (2 * power < n) power *= 2;
    return power;
}

weir__span weir__tree_own(int64_t shards, int rank, int ranks)
{
    return (weir__span){ rank * shards / ranks, (rank + 1) * shards / ranks };
}

int weir__tree_rank(int64_t shards, int ranks, int64_t shard)
{
    return (int)(((shard + 1) * ranks - 1) / shards);
}

/* How many parts of the part `of` the shards within `own` make. */
static int64_t tree_parts(weir__span of, weir__span own)
{
    if (of.hi <= own.lo || own.hi <= of.lo) return 0;
    if (own.lo <= of.lo && of.hi <= own.hi) return 1;
    int64_t mid = of.lo + weir__tree_split(of.hi - of.lo);
    return tree_parts((weir__span){ of.lo, mid }, own)
           + tree_parts((weir__span){ mid, of.hi }, own);
}

int64_t weir__tree_buffers(int64_t shards, weir__span own, int threads)
{
    int64_t most = 0, n = own.hi - own.lo;
    for (int64_t end = own.lo + 1; end <= own.hi; end++) {
        int64_t parts = tree_parts((weir__span){ 0, shards }, (weir__span){ own.lo, end });
        most = parts > most ? parts : most;
    }
    int64_t receiving = n < shards;
    return (most + threads < n ? most + threads : n) + receiving;
}

/* The other half of the part that `half` is one of; *whole is both. */
static part part_sibling(int64_t shards, part half, part *whole)
{
    *whole = (part){ 0, shards, 0 };
    for (;;) {
        int64_t mid = whole->lo + weir__tree_split(whole->hi - whole->lo);
        if (half.lo == whole->lo && half.hi == mid) return (part){ mid, whole->hi, 0 };
        if (half.lo == mid && half.hi == whole->hi) return (part){ whole->lo, mid, 0 };
        if (half.lo < mid) whole->hi = mid;
        else whole->lo = mid;
    }
}

/* -- buffers and shards, under the lock ------------------------------------------------------- */
static bool sum_begin_shard(sum *s, part *shard)
{
    pthread_mutex_lock(&s->lock);
    while (s->n_spare == 0 && s->next < s->own.hi) pthread_cond_wait(&s->changed, &s->lock);
    bool any = s->next < s->own.hi;
    if (any) {
        *shard = (part){ s->next, s->next + 1, s->spare[--s->n_spare] };
        s->next++;
    }
    if (s->next == s->own.hi) pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return any;
}

static void sum_give_back(sum *s, int64_t buffer)
{
    pthread_mutex_lock(&s->lock);
    s->spare[s->n_spare++] = buffer;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

/* True: the other half is complete, and the caller's now. False: it is not, or another rank's, and
 * whoever completes it finds this one. */
static bool sum_meet(sum *s, part half, part *other)
{
    bool ours = other->lo >= s->own.lo && other->hi <= s->own.hi;
    part *there = ours ? &s->complete[other->lo - s->own.lo] : NULL;
    pthread_mutex_lock(&s->lock);
    bool meets = there && there->hi == other->hi;
    if (meets) {
        *other = *there;
        there->hi = 0;
    } else {
        s->complete[half.lo - s->own.lo] = half;
    }
    pthread_mutex_unlock(&s->lock);
    return meets;
}

/* -- the shards of this rank ------------------------------------------------------------------ */
/* Adds a complete part to its other half, and both to theirs, as far as they are there. */
static void sum_complete(sum *s, part done)
{
    while (done.hi - done.lo < s->tree->shards) {
        part whole, other = part_sibling(s->tree->shards, done, &whole);
        if (!sum_meet(s, done, &other)) return;
        part left = done.lo < other.lo ? done : other;
        part right = done.lo < other.lo ? other : done;
        s->tree->add(s->tree->user, left.buffer, right.buffer);
        sum_give_back(s, right.buffer);
        done = (part){ whole.lo, whole.hi, left.buffer };
    }
}

static void sum_work(void *sum_, int thread)
{
    sum *s = sum_;
    part shard;
    while (sum_begin_shard(s, &shard)) {
        s->tree->shard(s->tree->user, thread, shard.lo, shard.buffer);
        sum_complete(s, shard);
    }
}

static void sum_own(weir_ctx *c, sum *s, int threads)
{
    weir__region_begin(c);
    weir__workers_run(c->workers, threads, sum_work, s);
    weir__region_end(c);
}

/* -- the ranks' ------------------------------------------------------------------------------- */
static int sum_rank(const sum *s, int64_t shard)
{
    return weir__tree_rank(s->tree->shards, s->tree->ranks, shard);
}

/* The right half of a part joins the left one, of whose ranks this is one or not. */
static bool sum_join(sum *s, part left, part right, int64_t *buffer)
{
    const weir__tree *t = s->tree;
    int to = sum_rank(s, left.lo), from = sum_rank(s, right.lo);
    int more = sum_rank(s, right.hi - 1) - from; /* ranks that `from` may wait for */
    *buffer = to == t->rank ? left.buffer : -1;
    if (to != t->rank && from != t->rank) return true;
    if (to != t->rank) return t->send(t->user, to, right.buffer);
    bool own = from == t->rank;
    if (!own) right.buffer = s->spare[--s->n_spare];
    if (!own && !t->receive(t->user, from, more, right.buffer)) return false;
    t->add(t->user, left.buffer, right.buffer);
    sum_give_back(s, right.buffer);
    return true;
}

/* Where this rank has the sum of the part; -1: another has. */
static bool sum_ranks(sum *s, int64_t lo, int64_t hi, int64_t *buffer)
{
    int first = sum_rank(s, lo), last = sum_rank(s, hi - 1);
    *buffer = -1;
    if (s->tree->rank < first || s->tree->rank > last) return true;
    if (first == last) {
        *buffer = s->complete[lo - s->own.lo].buffer;
        return true;
    }
    part left = { lo, lo + weir__tree_split(hi - lo), 0 }, right = { left.hi, hi, 0 };
    return sum_ranks(s, left.lo, left.hi, &left.buffer)
           && sum_ranks(s, right.lo, right.hi, &right.buffer) && sum_join(s, left, right, buffer);
}

static bool sum_run(weir_ctx *c, sum *s, int threads)
{
    const weir__tree *t = s->tree;
    int64_t buffer;
    for (int64_t i = 0; i < s->n_spare; i++)
        s->spare[i] = s->n_spare - 1 - i; /* the first shard: 0 */
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    sum_own(c, s, threads);
    bool good = t->ranks == 1 || t->between(t->user);
    if (good && t->ranks > 1 && t->everywhere && weir__halving_fits(t->shards, t->ranks))
        good = t->everywhere(t->user, s->spare[s->n_spare - 1]);
    else if (good && t->ranks > 1) good = sum_ranks(s, 0, t->shards, &buffer);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    return good;
}

bool weir__tree_sum(weir_ctx *c, const weir__tree *t)
{
    weir__span own = weir__tree_own(t->shards, t->rank, t->ranks);
    int64_t n = own.hi - own.lo;
    int threads = c->n_threads < n ? c->n_threads : (int)n;
    int64_t buffers = weir__tree_buffers(t->shards, own, threads);
    sum s = { .tree = t, .own = own, .next = own.lo, .n_spare = buffers };
    s.spare = weir__alloc_n(c, s.n_spare, sizeof *s.spare);
    s.complete = weir__alloc0_n(c, n, sizeof *s.complete);
    bool good = s.spare && s.complete && sum_run(c, &s, threads);
    weir__free(c, s.complete);
    weir__free(c, s.spare);
    return good;
}
