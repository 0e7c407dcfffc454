/* divide.c - an optimizer divided over ranks (stage 1 of ZeRO: Rajbhandari, Rasley, Ruwase, He
 * 2020): each keeps the states of its contiguous part of the flat values, and updates that part.
 * Parts begin at multiples of OPTIM_LINE values, so that every value is updated by the instructions
 * that update it when one process does all. */
#include <string.h>
#include "optim/optim.h"

enum { OPTIM_LINE = 64 };

int64_t weir__optim_part(int64_t n, int r, int ranks)
{
    int64_t lines = n / OPTIM_LINE;
    if (r == ranks) return n;
    return (lines / ranks * r + lines % ranks * r / ranks) * OPTIM_LINE;
}

/* *state, of [o->from, o->to), becomes that of [from, to). */
static bool divide_state(const weir_optim *o, void **state, int64_t from, int64_t to)
{
    weir_ctx *c = o->object.ctx;
    size_t each = weir_dtype_size(o->layout->dtype);
    char *part = weir__alloc_n(c, to > from ? to - from : 1, each);
    if (!part) return false;
    memcpy(part, (char *)*state + (size_t)(from - o->from) * each, (size_t)(to - from) * each);
    weir__free(c, *state);
    *state = part;
    return true;
}

weir_status weir__optim_divide(weir_optim *o, int r, int ranks)
{
    int64_t n = o->layout->numel;
    int64_t from = weir__optim_part(n, r, ranks), to = weir__optim_part(n, r + 1, ranks);
    if (!weir_ok(o->object.ctx) || o->divided) return weir_status_of(o->object.ctx);
    for (int i = 0; i < o->n_states; i++)
        if (!divide_state(o, &o->state[i], from, to)) return weir_status_of(o->object.ctx);
    o->from = from;
    o->to = to;
    o->divided = true;
    return WEIR_OK;
}
