/* shards.h - a batch in fixed shards, over threads and ranks, and the sum of their gradients. */
#ifndef WEIR_TRAIN_SHARDS_H
#define WEIR_TRAIN_SHARDS_H
#include "dist/dist.h"
#include "models/models.h"
#include "optim/optim.h"

/* -- meet.c: a step of several ranks ---------------------------------------------------------- */
/* Where the ranks of a group agree, once in a step, whatever has happened: that all are well, and
 * make the same step. A group of one rank sends nothing. */
typedef struct weir__meeting {
    weir_ctx *ctx;
    bool met;
    bool common; /* the error is every rank's: the group may continue */
    int n;
    weir__group_word words[WEIR__GROUP_WORDS];
} weir__meeting;
/* What this rank is about to do, as far as ranks might differ. */
void weir__meeting_say(weir__meeting *k, weir_model *m, const weir_optim *o, const weir_batch *b,
                       const weir_step_opts *opts);
bool weir__meet(weir__meeting *k); /* false: the error is set */
/* Ends a step: meets, where it ended before; an error that is this rank's alone ends the group. */
void weir__meeting_end(weir__meeting *k);
/* False, with an error, for more ranks than shards. */
bool weir__ranks_fit(weir_ctx *c, int64_t shards, const char *who);
/* The default number of shards. It decides bits, so it must not depend on the number of ranks, but
 * for one rank and several; a group of one rank is one. */
int64_t weir__ranks_shards(const weir_ctx *c);

/* -- shards.c: a batch in fixed shards -------------------------------------------------------- */
/* Loss and gradients of the batch in `shards` shards; losses[i] is sample i's, unweighted.
 * Gradients are added to the leaves'. With a meeting each rank of the context's group computes some
 * shards, and all get all; with NULL this one computes all. */
weir_status weir__shards_run(weir_model *m, weir_batch *b, int64_t shards, uint64_t step,
                             double *losses, weir__meeting *meeting);
bool weir__all_finite(const double *v, int64_t n);

/* -- tree.c: the sum of what S shards give ---------------------------------------------------- */
typedef struct weir__span {
    int64_t lo, hi; /* lo .. hi - 1 */
} weir__span;
typedef struct weir__tree {
    int64_t shards;
    int rank, ranks; /* 0 of 1: alone, without between, send and receive */
    void *user;
    /* Puts a shard's into a buffer that holds nothing; no two run at once with the same `thread`.
     */
    void (*shard)(void *user, int thread, int64_t shard, int64_t buffer);
    /* to = to + from; from holds nothing afterwards */
    void (*add)(void *user, int64_t to, int64_t from);
    /* After the shards of this rank, before any other's sum. False: that is all. */
    bool (*between)(void *user);
    /* To and from another rank, where up to `behind` more ranks must have sent to it before. What
     * is sent may stay in its buffer until the sum has ended. False: the error is set. */
    bool (*send)(void *user, int rank, int64_t buffer);
    bool (*receive)(void *user, int rank, int behind, int64_t buffer);
    /* NULL, or the sum over all ranks into the buffer 0 of each, where every rank, and every 2^k of
     * them from a multiple of it on, has a part of the tree (weir__halving_fits): its own lies in
     * buffer 0, and `spare` holds nothing. In place of send and receive. */
    bool (*everywhere)(void *user, int64_t spare);
} weir__tree;
int64_t weir__tree_split(int64_t n); /* the largest power of two below n > 1 */
weir__span weir__tree_own(int64_t shards, int rank, int ranks); /* the shards of a rank */
int weir__tree_rank(int64_t shards, int ranks, int64_t shard); /* whose it is */
/* How many buffers a rank needs: of all shards log2(shards), rounded down, + threads, or as many as
 * it has shards; and one more where others have some. */
int64_t weir__tree_buffers(int64_t shards, weir__span own, int threads);
/* On the threads of c, whose shards run meanwhile (weir__region_begin); the sum lies in buffer 0 of
 * rank 0, or of all. False: `between` was, or the error is set. */
bool weir__tree_sum(weir_ctx *c, const weir__tree *t);
/* -- halving.c: a sum over 2^k ranks, which all have in the end ------------------------------- */
typedef struct weir__halving {
    char *data, *other; /* [n] of `each` bytes: the sum, and room for what another rank has */
    int64_t n;
    size_t each;
    uint8_t *flags, *other_flags; /* [n_flags]: what of data counts; sent along */
    int64_t n_flags;
    void *user;
    void (*add)(void *user, int64_t lo, int64_t hi); /* values of other to those of data */
    void (*merge)(void *user); /* other_flags into flags: all of a round is added */
} weir__halving;
bool weir__halving_fits(int64_t shards, int ranks); /* both are powers of two */
bool weir__halving_sum(weir_ctx *c, const weir__halving *h);

/* -- batches ---------------------------------------------------------------------------------- */
/* Samples [from, to) of the batch as views in c, which is b's context or below it; the mean weight
 * stays the whole batch's. */
weir_batch *weir__batch_slice(weir_ctx *c, const weir_batch *b, int64_t from, int64_t to);
/* What a sum of weighted losses of the batch is divided by: its size times the data's mean weight.
 */
double weir__batch_total(const weir_batch *b);
/* weigh.c: the batch without its samples of weight 0, which are not evaluated: b itself where there
 * are none. Its total is b's. nil, with the error set, where all weigh nothing. */
weir_batch *weir__batch_weighing(weir_batch *b);

#endif
