/* reduce_nd.c - sums and maxima of n-d arrays over any set of axes.
 *
 * The elements of one result are taken in the logical row-major order of the reduced axes, in
 * blocks of WEIR__BLOCK joined as a binary tree (cascade.h, isa/reduce.inc). That order depends on
 * the reduced extents alone; the ways to walk memory below all keep it: rows (elements of a result
 * evenly spaced), columns (64 results side by side), gathered (neither). */
#include "cascade.h"
#include "plan.h"

enum { FEW = 4 };

typedef struct reduction {
    const weir__isa *k;
    weir__real t;
    bool max;
    weir__plan kept, reduced; /* strides: kept 0 output, 1 input; reduced 0 input */
    int64_t count;            /* elements in each result */
    char *y;
    const char *x;
    int64_t bytes;
} reduction;

static bool evenly_spaced(const reduction *r) { return r->reduced.ndim == 1; }

/* n results, `step` apart from `at` on */
static void reduce_nd_put(const reduction *r, int64_t n, int64_t at, int64_t step, const double *v)
{
    if (r->t == WEIR__F32) {
        float *y = (float *)(void *)r->y + at;
        for (int64_t j = 0; j < n; j++) y[j * step] = (float)v[j];
    } else {
        double *y = (double *)(void *)r->y + at;
        for (int64_t j = 0; j < n; j++) y[j * step] = v[j];
    }
}

static double row(const reduction *r, int64_t n, const char *x, int64_t stride)
{
    return (r->max ? r->k->max : r->k->sum)[r->t](n, x, stride);
}

/* One result whose elements are not evenly spaced: block by block into a dense buffer */
static double gathered(const reduction *r, const char *x)
{
    weir__cascade c;
    weir__cascade_start(&c, r->max);
    int64_t at[WEIR__MAX_RANK], offset[1];
    double buffer[WEIR__BLOCK];
    weir__plan_seek(&r->reduced, 1, r->reduced.ndim, 0, at, offset);
    for (int64_t done = 0; done < r->count; done += WEIR__BLOCK) {
        int64_t n = r->count - done < WEIR__BLOCK ? r->count - done : WEIR__BLOCK;
        for (int64_t i = 0; i < n; i++) {
            if (r->t == WEIR__F32)
                ((float *)(void *)buffer)[i] = ((const float *)(const void *)x)[offset[0]];
            else buffer[i] = ((const double *)(const void *)x)[offset[0]];
            weir__plan_next(&r->reduced, 1, r->reduced.ndim, at, offset);
        }
        weir__cascade_add(&c, row(r, n, (const char *)buffer, 1));
    }
    return weir__cascade_end(&c);
}

/* Few elements, evenly spaced: the tree of one block (isa/reduce.inc) without the accumulators that
 * stay empty */
static double few(const reduction *r, const char *x, int64_t stride)
{
    float f[FEW] = { 0 };
    double w[FEW] = { 0 };
    if (r->t == WEIR__F32) {
        for (int64_t i = 0; i < r->count; i++) f[i] += ((const float *)(const void *)x)[i * stride];
        return (double)((f[0] + f[2]) + (f[1] + f[3]));
    }
    for (int64_t i = 0; i < r->count; i++) w[i] += ((const double *)(const void *)x)[i * stride];
    return (w[0] + w[2]) + (w[1] + w[3]);
}

static double one(const reduction *r, const char *x)
{
    if (r->count == 0) return row(r, 0, x, 1);
    if (r->count <= FEW && !r->max && evenly_spaced(r))
        return few(r, x, r->reduced.stride[0][0]);
    if (evenly_spaced(r)) return row(r, r->count, x, r->reduced.stride[0][0]);
    return gathered(r, x);
}

/* Where the next n elements of a result lie */
static void reduce_nd_list_rows(const reduction *r, int64_t n, int64_t *at, int64_t *offset,
                                int64_t *rows)
{
    const weir__plan *p = &r->reduced;
    int inner = p->ndim - 1;
    int64_t step = p->stride[0][inner], some;
    for (int64_t i = 0; i < n; i += some) {
        some = p->shape[inner] - at[inner];
        if (some > n - i) some = n - i;
        for (int64_t j = 0; j < some; j++) rows[i + j] = offset[0] + j * step;
        at[inner] += some - 1;
        offset[0] += (some - 1) * step;
        weir__plan_next(p, 1, p->ndim, at, offset);
    }
}

/* n <= WEIR__COLUMNS results side by side, each a cascade; r->count > 0. rows: where a block's
 * elements lie, all blocks' if they are evenly spaced */
static void columns(const reduction *r, int64_t n, const char *x, int64_t out, int64_t out_stride,
                    int64_t *rows)
{
    double pending[WEIR__CASCADE_DEPTH * WEIR__COLUMNS], *top = pending;
    int64_t at[WEIR__MAX_RANK], offset[1], blocks = 0;
    weir__plan_seek(&r->reduced, 1, r->reduced.ndim, 0, at, offset);
    for (int64_t done = 0; done < r->count; done += WEIR__BLOCK) {
        int64_t m = r->count - done < WEIR__BLOCK ? r->count - done : WEIR__BLOCK;
        if (!evenly_spaced(r)) reduce_nd_list_rows(r, m, at, offset, rows);
        (r->max ? r->k->max_block : r->k->sum_block)[r->t](m, rows, n, x, top);
        if (evenly_spaced(r)) x += m * r->reduced.stride[0][0] * r->bytes;
        top = weir__cascade_carry(top, blocks++, n, r->max);
    }
    weir__cascade_end_row(pending, top, n, r->max);
    reduce_nd_put(r, n, out, out_stride, pending);
}

/* Results first .. last-1 in the order of the kept axes */
static void part(void *user, int piece, int64_t first, int64_t last)
{
    const reduction *r = user;
    (void)piece;
    const weir__plan *p = &r->kept;
    int inner = p->ndim - 1;
    int64_t at[WEIR__MAX_RANK], offset[2], rows[WEIR__BLOCK], n;
    const bool side_by_side = p->stride[1][inner] == 1 && p->shape[inner] > 1;
    if (evenly_spaced(r) && side_by_side)
        for (int64_t i = 0; i < r->count && i < WEIR__BLOCK; i++)
            rows[i] = i * r->reduced.stride[0][0];
    for (int64_t i = first; i < last; i += n) {
        weir__plan_seek(p, 2, p->ndim, i, at, offset);
        const char *x = r->x + offset[1] * r->bytes;
        n = p->shape[inner] - at[inner];
        if (n > last - i) n = last - i;
        if (n > WEIR__COLUMNS) n = WEIR__COLUMNS;
        if (side_by_side && n > 1 && r->count > 0) {
            columns(r, n, x, offset[0], p->stride[0][inner], rows);
            continue;
        }
        for (int64_t j = 0; j < n; j++) {
            double v = one(r, x + j * p->stride[1][inner] * r->bytes);
            reduce_nd_put(r, 1, offset[0] + j * p->stride[0][inner], 1, &v);
        }
    }
}

static void reduce_nd_add_axis(weir__plan *p, int64_t n, int64_t first, int64_t second)
{
    if (n == 1) return;
    p->shape[p->ndim] = n;
    p->stride[0][p->ndim] = first;
    p->stride[1][p->ndim++] = second;
}

static void finish_axes(weir__plan *p, int operands)
{
    if (p->ndim == 0) {
        p->shape[0] = p->ndim = 1;
        p->stride[0][0] = p->stride[1][0] = 1;
        return;
    }
    weir__plan_merge(p, operands);
}

/* Any axis may be reduced; one is if the output does not move along it. An axis of size 1 is
 * neither. */
static void reduce(reduction *r, const weir__loop *l, const weir__threads *threads)
{
    int64_t results = 1;
    r->count = 1;
    for (int i = 0; i < l->ndim; i++) {
        bool kept = l->x[0].stride[i] != 0;
        if (kept) reduce_nd_add_axis(&r->kept, l->shape[i], l->x[0].stride[i], l->x[1].stride[i]);
        else reduce_nd_add_axis(&r->reduced, l->shape[i], l->x[1].stride[i], 0);
        if (kept) results *= l->shape[i];
        else r->count *= l->shape[i];
    }
    if (results == 0) return;
    finish_axes(&r->kept, 2);
    finish_axes(&r->reduced, 1);
    r->y = l->x[0].data;
    r->x = l->x[1].data;
    r->bytes = r->t == WEIR__F32 ? 4 : 8;
    int pieces = weir__pieces_for(results * (r->count + 8), 0.3, threads);
    weir__divide(threads, pieces, results, part, r);
}

void weir__loop_sum(const weir__isa *k, weir__real t, const weir__loop *l,
                    const weir__threads *threads)
{
    reduction r = { .k = k, .t = t };
    reduce(&r, l, threads);
}

void weir__loop_max(const weir__isa *k, weir__real t, const weir__loop *l,
                    const weir__threads *threads)
{
    reduction r = { .k = k, .t = t, .max = true };
    reduce(&r, l, threads);
}
