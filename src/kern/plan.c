/* plan.c - brings an n-d loop to its simplest form. */
#include "plan.h"

static int64_t magnitude(int64_t x) { return x < 0 ? -x : x; }

/* Whether axis a belongs outside axis b: by the output's stride, then the inputs'; broadcast axes
 * go outside */
static bool outside(const weir__plan *p, int operands, int a, int b)
{
    for (int o = 0; o < operands; o++) {
        int64_t x = magnitude(p->stride[o][a]), y = magnitude(p->stride[o][b]);
        if (x == 0 && y == 0) continue;
        if (x != y) return x == 0 || y == 0 ? x == 0 : x > y;
    }
    return false;
}

static void swap_axes(weir__plan *p, int operands, int a, int b)
{
    int64_t t = p->shape[a];
    p->shape[a] = p->shape[b];
    p->shape[b] = t;
    for (int o = 0; o < operands; o++) {
        t = p->stride[o][a];
        p->stride[o][a] = p->stride[o][b];
        p->stride[o][b] = t;
    }
}

static void sort(weir__plan *p, int operands)
{
    for (int i = 1; i < p->ndim; i++)
        for (int j = i; j > 0 && outside(p, operands, j, j - 1); j--)
            swap_axes(p, operands, j, j - 1);
}

void weir__plan_merge(weir__plan *p, int operands)
{
    int last = 0;
    for (int i = 1; i < p->ndim; i++) {
        bool joined = true;
        for (int o = 0; o < operands; o++)
            joined = joined && p->stride[o][last] == p->stride[o][i] * p->shape[i];
        if (!joined) last++;
        p->shape[last] = joined ? p->shape[last] * p->shape[i] : p->shape[i];
        for (int o = 0; o < operands; o++) p->stride[o][last] = p->stride[o][i];
    }
    p->ndim = last + 1;
}

static void count_runs(weir__plan *p)
{
    p->outer = 1;
    for (int i = 0; i < p->ndim - 1; i++) p->outer *= p->shape[i];
}

void weir__plan_prefer_long(weir__plan *p, int operands, int inner)
{
    enum { ENOUGH = 16 };
    int best = inner;
    int64_t times = 4 * p->shape[inner], enough = times > ENOUGH ? times : ENOUGH;
    if (p->shape[inner] >= ENOUGH) return;
    for (int i = inner - 1; i >= 0 && p->shape[best] < enough; i--)
        if (p->shape[i] > p->shape[best]) best = i;
    if (p->shape[best] >= times) swap_axes(p, operands, inner, best);
    count_runs(p);
}

bool weir__plan_order(weir__plan *p, const weir__loop *l, int operands)
{
    p->ndim = 0;
    for (int i = 0; i < l->ndim; i++) {
        if (l->shape[i] == 0) return false;
        if (l->shape[i] == 1) continue;
        p->shape[p->ndim] = l->shape[i];
        for (int o = 0; o < operands; o++) p->stride[o][p->ndim] = l->x[o].stride[i];
        p->ndim++;
    }
    if (p->ndim == 0) {
        p->shape[0] = p->ndim = 1;
        for (int o = 0; o < operands; o++) p->stride[o][0] = 1;
    }
    sort(p, operands);
    weir__plan_merge(p, operands);
    count_runs(p);
    return true;
}

bool weir__plan_make(weir__plan *p, const weir__loop *l, int operands)
{
    if (!weir__plan_order(p, l, operands)) return false;
    weir__plan_prefer_long(p, operands, p->ndim - 1);
    return true;
}

void weir__plan_seek(const weir__plan *p, int operands, int axes, int64_t index, int64_t *at,
                     int64_t *offset)
{
    for (int o = 0; o < operands; o++) offset[o] = 0;
    for (int i = axes - 1; i >= 0; i--) {
        at[i] = index % p->shape[i];
        index /= p->shape[i];
        for (int o = 0; o < operands; o++) offset[o] += at[i] * p->stride[o][i];
    }
}

void weir__plan_next(const weir__plan *p, int operands, int axes, int64_t *at, int64_t *offset)
{
    for (int i = axes - 1; i >= 0; i--) {
        at[i]++;
        for (int o = 0; o < operands; o++) offset[o] += p->stride[o][i];
        if (at[i] < p->shape[i]) return;
        for (int o = 0; o < operands; o++) offset[o] -= p->shape[i] * p->stride[o][i];
        at[i] = 0;
    }
}
