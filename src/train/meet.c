/* meet.c - where the ranks of a group agree on a step: that all are well, and about to do the same.
 *
 * Ranks whose weights or batches differ would train on without an error. So each sends a checksum
 * of its batch (of the ids alone, where it has only a part of the values) and one of MEET_WEIGHTS
 * of its weights: two optimizers with different gradients move nearly all of them. */
#include <string.h>
#include "train/train.h"

enum { MEET_WEIGHTS = 512 };

/* Eight bytes at a time */
static uint64_t meet_sum(uint64_t sum, const void *data, size_t bytes)
{
    const char *p = data;
    for (size_t i = 0; i < bytes; i += sizeof sum) {
        uint64_t word = 0;
        memcpy(&word, p + i, bytes - i < sizeof word ? bytes - i : sizeof word);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
        sum ^= sum >> 32;
    }
    return sum;
}

static int64_t meet_printable(uint64_t sum) { return (int64_t)(sum >> 32); }

static int64_t meet_batch(const weir_batch *b)
{
    weir_tensor *x = weir_contiguous(b->x);
    uint64_t sum = meet_sum((uint64_t)b->n, b->ids, (size_t)b->n * sizeof *b->ids);
    if (b->weights) sum = meet_sum(sum, b->weights, (size_t)b->n * sizeof *b->weights);
    if (weir_is_nil(x)) return 0;
    if (b->partial) return meet_printable(sum); /* each rank has its own part of the values */
    return meet_printable(
        meet_sum(sum, weir__ptr(x), (size_t)x->numel * weir_dtype_size(x->dtype)));
}

static int64_t meet_weights(weir_model *m)
{
    const weir__layout *l = weir__module_layout(m->module);
    if (!l) return 0;
    size_t each = weir_dtype_size(l->dtype);
    int64_t stride = l->numel / MEET_WEIGHTS + 1;
    uint64_t sum = weir__seed(m->object.ctx);
    for (int64_t i = 0; i < l->numel; i += stride)
        sum = meet_sum(sum, (const char *)l->values->data + (size_t)i * each, each);
    return meet_printable(sum);
}

static int64_t meet_options(const weir_optim *o, const weir_step_opts *opts)
{
    const double said[] = { opts->clip, weir_optim_lr(o), opts->reduce ? 1 : 0 };
    return meet_printable(meet_sum(0, said, sizeof said));
}

void weir__meeting_say(weir__meeting *k, weir_model *m, const weir_optim *o, const weir_batch *b,
                       const weir_step_opts *opts)
{
    if (weir_ranks(k->ctx) == 1) return;
    const weir__group_word words[] = {
        { "step", weir_optim_steps(o) },
        { "shards", opts->shards },
        { "samples", b->n },
        { "batch with checksum", meet_batch(b) },
        { "kernels with checksum", meet_printable(weir__hash_text(weir_isa_name(k->ctx))) },
        { "weights and seed with checksum", meet_weights(m) },
        { "clip, lr and reduce with checksum", meet_options(o, opts) },
    };
    _Static_assert(sizeof words / sizeof *words <= WEIR__GROUP_WORDS, "room for all");
    memcpy(k->words, words, sizeof words);
    k->n = (int)(sizeof words / sizeof *words);
}

bool weir__meet(weir__meeting *k)
{
    k->met = true;
    bool good = weir__group_agree(k->ctx, "train_step", k->n, k->words);
    k->common = !good;
    return good;
}

void weir__meeting_end(weir__meeting *k)
{
    if (!k->met) weir__meet(k);
    if (!k->common) weir__group_fail(k->ctx);
}

int64_t weir__ranks_shards(const weir_ctx *c)
{
    if (!c->grouped) return 1;
    return weir_ranks(c) <= 8 ? 8 : 64;
}

bool weir__ranks_fit(weir_ctx *c, int64_t shards, const char *who)
{
    int ranks = weir_ranks(c);
    int suggested = 8;
    if (ranks <= shards) return true;
    while (suggested < ranks) suggested *= 2;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: %d ranks and %lld shards: expected a shard for each (--set train.shards=%d)",
              who, ranks, (long long)shards, suggested);
    return false;
}
