/* halving.c - the sum over 2^k ranks of one flat array, by recursive halving and doubling.
 *
 *     step i = 0 .. k - 1, with the rank r ^ 2^i: of the range that both have left the lower rank
 *     keeps the lower half, gives the other half away and adds what it is given
 *     step i = k - 1 .. 0: each gives the other all that it has
 *
 * Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
 * 2005: 2 P (N - 1) / N values leave each rank, in 2 log2 N rounds; each adds P (N - 1) / N. After
 * step i the ranks of a block of 2^(i + 1) have the sum of that block, which is a part of the fixed
 * tree: a + b is b + a, so each value is what the tree of one process makes of it.
 *
 * What is given away goes in buckets, so that one is added while the next ones travel. */
#include "dist/dist.h"
#include "train/shards.h"

enum { HALVING_BUCKET = 1 << 18, /* values */ HALVING_LINE = 64 /* a half begins at a multiple */ };

/* A range of values that is left, and the bucket i of it */
static weir__span halving_bucket(weir__span range, int64_t i)
{
    int64_t lo = range.lo + i * HALVING_BUCKET, hi = lo + HALVING_BUCKET;
    if (lo > range.hi) lo = range.hi;
    return (weir__span){ lo, hi < range.hi ? hi : range.hi };
}

static int64_t halving_buckets(weir__span range)
{
    return (range.hi - range.lo + HALVING_BUCKET - 1) / HALVING_BUCKET;
}

/* The halves of what two ranks have left: `kept` by this one, `given` to the other. */
static void halving_halves(weir__span range, bool lower, weir__span *kept, weir__span *given)
{
    int64_t mid = range.lo + (range.hi - range.lo) / 2;
    mid -= mid % HALVING_LINE;
    if (mid < range.lo) mid = range.lo;
    weir__span low = { range.lo, mid }, high = { mid, range.hi };
    *kept = lower ? low : high;
    *given = lower ? high : low;
}

/* How long a partner in round i of k may wait for others, beyond what they do (dist.h) */
static double halving_behind(int round, int rounds) { return (double)round / (rounds + 1); }

static bool halving_begin(weir_ctx *c, const weir__halving *h, int peer, weir__span given,
                          weir__span kept, int64_t buckets, void **requests)
{
    bool good = weir__group_start(c, peer, WEIR__TAG_SUM, h->flags, (size_t)h->n_flags,
                                  h->other_flags, (size_t)h->n_flags, &requests[0]);
    for (int64_t i = 0; good && i < buckets; i++) {
        weir__span out = halving_bucket(given, i), in = halving_bucket(kept, i);
        good = weir__group_start(c, peer, WEIR__TAG_SUM, h->data + (size_t)out.lo * h->each,
                                 (size_t)(out.hi - out.lo) * h->each,
                                 h->other + (size_t)in.lo * h->each,
                                 (size_t)(in.hi - in.lo) * h->each, &requests[1 + i]);
    }
    return good;
}

/* One round of halving; *range becomes what this rank keeps. */
static bool halving_round(weir_ctx *c, const weir__halving *h, int i, int rounds, weir__span *range)
{
    int peer = weir_rank(c) ^ (1 << i);
    weir__span kept, given;
    halving_halves(*range, weir_rank(c) < peer, &kept, &given);
    int64_t mine = halving_buckets(kept), theirs = halving_buckets(given);
    int64_t buckets = mine > theirs ? mine : theirs;
    void **requests = weir__alloc0_n(c, 1 + buckets, sizeof *requests);
    double behind = halving_behind(i, rounds);
    bool good = requests && halving_begin(c, h, peer, given, kept, buckets, requests);
    good = good && weir__group_wait(c, peer, requests[0], behind);
    for (int64_t b = 0; good && b < buckets; b++) {
        weir__span in = halving_bucket(kept, b);
        good = weir__group_wait(c, peer, requests[1 + b], behind);
        if (good && in.hi > in.lo) h->add(h->user, in.lo, in.hi);
    }
    if (good) h->merge(h->user);
    weir__free(c, requests);
    *range = kept;
    return good;
}

/* One round of doubling: both have the whole of `range` then. */
static bool halving_back(weir_ctx *c, const weir__halving *h, int i, int rounds, weir__span range)
{
    int peer = weir_rank(c) ^ (1 << i);
    void *request;
    weir__span mine, theirs;
    halving_halves(range, weir_rank(c) < peer, &mine, &theirs);
    return weir__group_start(c, peer, WEIR__TAG_SUM, h->data + (size_t)mine.lo * h->each,
                             (size_t)(mine.hi - mine.lo) * h->each,
                             h->data + (size_t)theirs.lo * h->each,
                             (size_t)(theirs.hi - theirs.lo) * h->each, &request)
           && weir__group_wait(c, peer, request, halving_behind(2 * rounds - 1 - i, rounds));
}

bool weir__halving_fits(int64_t shards, int ranks)
{
    return (shards & (shards - 1)) == 0 && (ranks & (ranks - 1)) == 0;
}

bool weir__halving_sum(weir_ctx *c, const weir__halving *h)
{
    enum { TURNS = 32 };
    weir__span left[TURNS + 1] = { { 0, h->n } };
    int rounds = 0;
    bool good = true;
    while ((1 << rounds) < weir_ranks(c)) rounds++;
    for (int i = 0; good && i < rounds; i++) {
        left[i + 1] = left[i];
        good = halving_round(c, h, i, rounds, &left[i + 1]);
    }
    for (int i = rounds - 1; good && i >= 0; i--) good = halving_back(c, h, i, rounds, left[i]);
    if (!good) weir__group_fail(c);
    return good;
}
