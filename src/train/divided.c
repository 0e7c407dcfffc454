/* divided.c - states of an optimizer of which each rank has a part (optim/divide.c), on their way
 * into a checkpoint and out of it. The file is the one of a single process: rank 0 writes it, and
 * the others' parts pass through it in pieces, so that it never holds all. */
#include <string.h>
#include "train/train.h"

bool weir__run_divides(const weir_run *r)
{
    return r->config.train.divide_optimizer && weir_ranks(r->object.ctx) > 1;
}

/* The byte where rank k's part of a state begins */
static size_t divided_begin(const weir_run *r, const weir__state_range *s, int k)
{
    size_t each = weir_dtype_size(s->dtype);
    int64_t n = (int64_t)(s->bytes / each);
    return (size_t)weir__optim_part(n, k, weir_ranks(r->object.ctx)) * each;
}

bool weir__divided_give(weir_run *r, const weir__state_range *s)
{
    weir_ctx *c = r->object.ctx;
    int me = weir_rank(c), ranks = weir_ranks(c);
    size_t from = divided_begin(r, s, me), to = divided_begin(r, s, me + 1);
    bool good = true;
    if (me > 0)
        return from == to || weir__group_receive(c, 0, WEIR__TAG_GATHER, s->data, to - from, 1);
    for (int k = 1; good && k < ranks; k++) {
        from = divided_begin(r, s, k);
        to = divided_begin(r, s, k + 1);
        good = weir__group_send(c, k, WEIR__TAG_GATHER, (char *)s->data + from, to - from);
    }
    return good;
}

static size_t divided_piece(size_t left)
{
    const size_t most = sizeof((weir__divided *)0)->piece;
    return left < most ? left : most;
}

bool weir__divided_send(weir_run *r, const weir__state *s)
{
    weir_ctx *c = r->object.ctx;
    int me = weir_rank(c);
    bool good = true;
    for (int64_t i = 0; good && i < s->n; i++) {
        const weir__state_range *range = &s->at[i];
        if (!range->divided) continue;
        size_t n = divided_begin(r, range, me + 1) - divided_begin(r, range, me);
        for (size_t at = 0; good && at < n; at += divided_piece(n - at))
            good = weir__group_send(c, 0, WEIR__TAG_GATHER, (char *)range->data + at,
                                    divided_piece(n - at));
    }
    return good;
}

/* Whose part the byte is of */
static int divided_rank(const weir_run *r, const weir__state_range *s, size_t at)
{
    int k = 0;
    while (divided_begin(r, s, k + 1) <= at) k++;
    return k;
}

/* The next piece of the state at hand. What cannot be had is 0, and the error is set. */
static void divided_fetch(weir__divided *d)
{
    const weir__state_range *s = &d->state->at[d->range];
    weir_ctx *c = d->run->object.ctx;
    int k = divided_rank(d->run, s, d->at);
    d->n = divided_piece(divided_begin(d->run, s, k + 1) - d->at);
    d->used = 0;
    if (k == 0) memcpy(d->piece, (char *)s->data + d->at, d->n);
    else if (!weir__group_receive(c, k, WEIR__TAG_GATHER, d->piece, d->n, 0))
        memset(d->piece, 0, d->n);
    d->at += d->n;
}

/* At the next state, where one is at its end; false: there is none. */
static bool divided_seek(weir__divided *d)
{
    const weir__state *s = d->state;
    while (d->range < s->n && (!s->at[d->range].divided || d->at == s->at[d->range].bytes)) {
        d->range++;
        d->at = 0;
    }
    return d->range < s->n;
}

void weir__divided_pull(void *divided, void *to, size_t bytes)
{
    weir__divided *d = divided;
    for (char *end = (char *)to + bytes, *at = to; at < end;) {
        if (d->used == d->n && divided_seek(d)) divided_fetch(d);
        size_t n = d->n - d->used < (size_t)(end - at) ? d->n - d->used : (size_t)(end - at);
        memcpy(at, d->piece + d->used, n);
        d->used += n;
        at += n;
    }
}

void weir__divided_rest(weir__divided *d)
{
    while (divided_seek(d)) divided_fetch(d);
}
