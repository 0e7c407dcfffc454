/* norm.c - the steps of a normalisation; threads divide samples, else groups, channels or rows,
 * never a sum. Where samples are as many as threads, one passes through all steps before the next
 * begins, for it stays in the caches then. */
#include <string.h>
#include "cascade.h"
#include "kern.h"

typedef struct job job;
typedef void job_fn(const job *j, int64_t first, int64_t last);
struct job {
    const weir__isa *k;
    weir__real t;
    weir__norm o;
    weir__norm_fn *f;
    job_fn *samples;
    bool back;
};

static void norm_job_items(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    (void)piece;
    if (j->f) j->f(&j->o, first, last);
    else j->samples(j, first, last);
}

/* `items` of f, which together take about `cost` nanoseconds an element */
static void norm_divide(job *j, weir__norm_fn *f, int64_t items, double cost,
                        const weir__threads *threads)
{
    const weir__norm *o = &j->o;
    int pieces = weir__pieces_for(o->batch * o->channels * o->run, cost, threads);
    j->f = f;
    weir__divide(threads, pieces, items, norm_job_items, j);
}

/* Whether samples are worth dividing one by one */
static bool by_samples(const job *j, double cost, const weir__threads *threads)
{
    const weir__norm *o = &j->o;
    int pieces = weir__pieces_for(o->batch * o->channels * o->run, cost, threads);
    return o->groups > 0 && o->batch >= pieces;
}

static int64_t norm_rows_of(const weir__norm *o) { return o->last ? o->run : o->channels; }

/* -- forward ----------------------------------------------------------------------------------- */
static void forward_samples(const job *j, int64_t first, int64_t last)
{
    const weir__norm *o = &j->o;
    for (int64_t i = first; i < last; i++) {
        j->k->norm_stats[j->t](o, i * o->groups, (i + 1) * o->groups);
        j->k->norm_apply[j->t](o, i * norm_rows_of(o), (i + 1) * norm_rows_of(o));
    }
}

void weir__norm_apply(const weir__isa *k, weir__real t, const weir__norm *o,
                      const weir__threads *threads)
{
    job j = { .k = k, .t = t, .o = *o };
    norm_divide(&j, k->norm_apply[t], o->batch * norm_rows_of(o), o->silu ? 0.8 : 0.3, threads);
}

void weir__norm_forward(const weir__isa *k, weir__real t, const weir__norm *o,
                        const weir__threads *threads)
{
    job j = { .k = k, .t = t, .o = *o, .samples = forward_samples };
    if (by_samples(&j, 0.6, threads)) {
        norm_divide(&j, NULL, o->batch, 0.6, threads);
        return;
    }
    norm_divide(&j, k->norm_stats[t], o->groups ? o->batch * o->groups : o->channels, 0.3, threads);
    weir__norm_apply(k, t, o, threads);
}

/* -- backward ---------------------------------------------------------------------------------- */
/* With SiLU the gradient of what it was taken of comes first, and lies where x's will. */
static weir__norm after_slope(const weir__norm *o)
{
    weir__norm p = *o;
    if (o->silu) p.g = o->y;
    return p;
}

static void backward_samples(const job *j, int64_t first, int64_t last)
{
    const weir__norm *o = &j->o, p = after_slope(o);
    for (int64_t i = first; i < last; i++) {
        int64_t from = i * norm_rows_of(o), to = from + norm_rows_of(o);
        if (o->silu) j->k->norm_slope[j->t](o, from, to);
        if (weir__norm_has_parts(o))
            j->k->norm_parts[j->t](&p, i * o->channels, (i + 1) * o->channels);
        if (j->back) j->k->norm_back[j->t](&p, from, to);
    }
}

static void sum(job *j, const weir__threads *threads)
{
    const weir__norm *o = &j->o;
    if (!weir__norm_has_parts(o) && o->scales)
        norm_divide(j, j->k->norm_scales[j->t], o->batch, 0.01, threads);
    norm_divide(j, j->k->norm_sums[j->t], o->channels, weir__norm_has_parts(o) ? 0.01 : 0.3,
                threads);
}

/* -- backward by blocks of rows ---------------------------------------------------------------- */
weir__norm_images weir__norm_images_of(const weir__norm *o)
{
    weir__norm_images n = { .images = o->batch, .rows = o->run };
    if (o->run == 1) n = (weir__norm_images){ .images = 1, .rows = o->batch };
    n.blocks = (n.rows + WEIR__BLOCK - 1) / WEIR__BLOCK;
    n.width = (o->channels + WEIR__NORM_LANES - 1) / WEIR__NORM_LANES * WEIR__NORM_LANES;
    return n;
}

static int64_t lanes_bytes(weir__real t, const weir__norm *o)
{
    return 2 * WEIR__NORM_LANES * weir__norm_images_of(o).width * (t == WEIR__F32 ? 4 : 8);
}

static int64_t sums_bytes(const weir__norm *o)
{
    weir__norm_images n = weir__norm_images_of(o);
    return n.images * n.blocks * n.width * 2 * (int64_t)sizeof(double);
}

/* Worth it where an image outgrows the caches between a pass over it and the next, and has so many
 * rows that their lanes are few beside it. */
int64_t weir__norm_room(weir__real t, const weir__norm *o, const weir__threads *threads)
{
    enum { LARGE = 1 << 19, ROWS = WEIR__BLOCK / 2 };
    const bool samples = !weir__norm_has_parts(o) && o->groups == 1 && !o->silu;
    const bool places = weir__norm_has_parts(o) && o->groups > 0 && o->last && o->silu;
    weir__norm_images n = weir__norm_images_of(o);
    int64_t bytes = n.rows * o->channels * (t == WEIR__F32 ? 4 : 8);
    int64_t pieces = weir__threads_most(threads);
    if (!(samples || places) || bytes < LARGE || n.rows < ROWS) return 0;
    if (pieces > n.images * n.blocks) pieces = n.images * n.blocks;
    return sums_bytes(o) + pieces * lanes_bytes(t, o);
}

static void norm_job_blocks(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    char *lanes = (char *)j->o.blocks + sums_bytes(&j->o);
    j->k->norm_blocks[j->t](&j->o, first, last, lanes + piece * lanes_bytes(j->t, &j->o));
}

/* Sums of n columns by blocks, joined in place, in the order of column_sums of block.inc */
static void join_blocks(double *block, int64_t blocks, int64_t n)
{
    double *top = block;
    for (int64_t b = 0; b < blocks; b++) {
        if (top != block + b * n) memcpy(top, block + b * n, (size_t)n * sizeof *top);
        top = weir__cascade_carry(top, b, n, false);
    }
    weir__cascade_end_row(block, top, n, false);
}

/* Whether y, and the sums of all rows, were made so */
static bool by_blocks(job *j, const weir__threads *threads)
{
    const weir__norm *o = &j->o;
    const bool parts = weir__norm_has_parts(o);
    weir__norm_images n = weir__norm_images_of(o);
    double *to = parts ? o->parts : o->sums, *block = o->blocks;
    int pieces = weir__pieces_for(o->batch * o->channels * o->run, 1, threads);
    if (!block || o->y == o->g || n.images * n.blocks < pieces) return false;
    if (!parts) norm_divide(j, j->k->norm_scales[j->t], o->batch, 0.01, threads);
    weir__divide(threads, pieces, n.images * n.blocks, norm_job_blocks, j);
    for (int64_t i = 0; i < n.images; i++, block += n.blocks * 2 * n.width) {
        join_blocks(block, n.blocks, 2 * n.width);
        for (int64_t c = 0; c < o->channels; c++, to += 2) {
            to[0] = block[c];
            to[1] = block[n.width + c];
        }
    }
    return true;
}

void weir__norm_backward(const weir__isa *k, weir__real t, const weir__norm *o, bool sums,
                         bool back, const weir__threads *threads)
{
    const bool parts = weir__norm_has_parts(o);
    job j = { .k = k, .t = t, .o = *o, .samples = backward_samples, .back = back };
    if (!parts && sums && back && by_blocks(&j, threads)) return;
    if (!parts && !o->silu && sums) sum(&j, threads);
    bool made = parts && by_blocks(&j, threads);
    if (!made && (parts || !o->silu) && by_samples(&j, 1, threads)) {
        norm_divide(&j, NULL, o->batch, 1, threads);
        if (parts && sums) sum(&j, threads);
        return;
    }
    if (o->silu && !made)
        norm_divide(&j, k->norm_slope[t], o->batch * norm_rows_of(o), 0.8, threads);
    j.o = after_slope(o);
    if (parts && !made) norm_divide(&j, k->norm_parts[t], o->batch * o->channels, 0.3, threads);
    if (sums && (parts || o->silu)) sum(&j, threads);
    if (back) norm_divide(&j, k->norm_back[t], o->batch * norm_rows_of(o), 0.3, threads);
}
