/* tree.c - the sum of what S shards give, as a tree over threads.
 *
 *     sum(lo, hi) = sum(lo, mid) + sum(mid, hi),  mid = lo + the largest power of two below hi - lo
 *
 * is a function of S alone: bits do not depend on who adds what, or when. Shards begin in order,
 * and two halves are added as soon as both are there, by whoever made the second. So the complete
 * parts are at most as many as the number of shards begun has binary digits that are 1, once none
 * runs, and log2(S) + T buffers are enough for T threads: one that finds no buffer waits for a sum,
 * and if all waited, none would run, and T buffers would be free. */
#include <pthread.h>
#include "train/train.h"

/* A part [lo, hi) of the shards whose sum lies in a buffer */
typedef struct part {
    int64_t lo, hi;
    int64_t buffer;
} part;

typedef struct sum {
    const weir__tree *tree;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a buffer is free, or no shard is left to begin */
    int64_t next;           /* shard to begin */
    int64_t n_spare;
    int64_t *spare;         /* [n_spare] buffers that hold nothing */
    part *complete;         /* [shards] by lo: parts that wait for their other half; hi 0: none */
} sum;

int64_t weir__tree_split(int64_t n)
{
    int64_t power = 1;
    while (2 * power < n) power *= 2;
    return power;
}

int64_t weir__tree_buffers(int64_t shards, int threads)
{
    int64_t digits = 0;
    for (int64_t n = shards; n > 1; n /= 2) digits++;
    return digits + threads < shards ? digits + threads : shards;
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

/* -- buffers and shards, under the lock -------------------------------------------------------- */
static bool sum_begin_shard(sum *s, part *shard)
{
    pthread_mutex_lock(&s->lock);
    while (s->n_spare == 0 && s->next < s->tree->shards) pthread_cond_wait(&s->changed, &s->lock);
    bool any = s->next < s->tree->shards;
    if (any) {
        *shard = (part){ s->next, s->next + 1, s->spare[--s->n_spare] };
        s->next++;
    }
    if (s->next == s->tree->shards) pthread_cond_broadcast(&s->changed);
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

/* True: the other half is complete, and the caller's now. False: it is not, and whoever completes
 * it finds this one. */
static bool sum_meet(sum *s, part half, part *other)
{
    part *there = &s->complete[other->lo];
    pthread_mutex_lock(&s->lock);
    bool meets = there->hi == other->hi;
    if (meets) {
        *other = *there;
        there->hi = 0;
    } else {
        s->complete[half.lo] = half;
    }
    pthread_mutex_unlock(&s->lock);
    return meets;
}

/* -- the sum ----------------------------------------------------------------------------------- */
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
    (void)thread;
    while (sum_begin_shard(s, &shard)) {
        s->tree->shard(s->tree->user, shard.lo, shard.buffer);
        sum_complete(s, shard);
    }
}

bool weir__tree_sum(weir_ctx *c, const weir__tree *t)
{
    int threads = c->n_threads < t->shards ? c->n_threads : (int)t->shards;
    sum s = { .tree = t, .n_spare = weir__tree_buffers(t->shards, threads) };
    s.spare = weir__alloc_n(c, s.n_spare, sizeof *s.spare);
    s.complete = weir__alloc0_n(c, t->shards, sizeof *s.complete);
    bool room = s.spare && s.complete;
    if (room) {
        for (int64_t i = 0; i < s.n_spare; i++)
            s.spare[i] = s.n_spare - 1 - i; /* the first shard: 0 */
        pthread_mutex_init(&s.lock, NULL);
        pthread_cond_init(&s.changed, NULL);
        weir__region_begin(c);
        weir__workers_run(c->workers, threads, sum_work, &s);
        weir__region_end(c);
        pthread_cond_destroy(&s.changed);
        pthread_mutex_destroy(&s.lock);
    }
    weir__free(c, s.complete);
    weir__free(c, s.spare);
    return room;
}
