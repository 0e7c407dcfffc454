/* statistics.c - mean, spread of every column, by weight: what standardize=yes puts into a model.
 * Of signed weights by their size |w|: the model sees all samples, and sum w (x - mean)^2 may be
 * negative.
 *
 * Sums are of blocks of STATISTICS_BLOCK samples, each in order, and then of the blocks in order: a
 * function of the data alone, whichever thread or rank sums a block. */
#include <math.h>
#include <string.h>
#include "data/data.h"
#include "kern/kern.h"

enum { STATISTICS_BLOCK = 16384, STATISTICS_RUN = 512 /* columns at once */ };

typedef struct moments {
    weir_dataset *d;
    bool context;         /* of its context; else of its data */
    const weir__store *s; /* the one of the two */
    double *mean, *std;   /* [dim] */
    double scale; /* weights are multiplied by this power of two: sums with squares stay finite */
    double total; /* of the weights, scaled */
    int64_t blocks, from; /* of all samples; the first of this rank */
    double *sums;         /* [blocks, dim] */
    size_t *ends;         /* [ranks] bytes of sums up to the end of each rank's */
    bool squares;         /* what is summed: (x - mean)^2, or x - mean */
} moments;

/* The first sample that weighs something is where deviations are taken from. */
static void moments_begin(moments *m)
{
    double most = 0;
    int64_t first = -1;
    for (int64_t i = 0; i < m->d->n; i++) {
        double w = weir__dataset_size(m->d, i);
        if (first < 0 && w > 0) first = i;
        most = fmax(most, w);
    }
    m->scale = most > 0 ? ldexp(1, -ilogb(most)) : 1;
    m->total = 0;
    for (int64_t i = 0; i < m->d->n; i++) m->total += m->scale * weir__dataset_size(m->d, i);
    if (first < 0) return;
    int64_t id = weir__dataset_id(m->d, first);
    weir__store_gather(m->d->object.ctx, m->s, WEIR_F64, &id, 1, m->mean);
}

/* Columns from `first` on of one sample of weight w, which lies at `at` */
static void moments_add(const moments *m, const char *at, double w, int64_t first, double *sum)
{
    double x[STATISTICS_RUN];
    int64_t n = m->s->dim - first < STATISTICS_RUN ? m->s->dim - first : STATISTICS_RUN;
    const double *mean = m->mean + first;
    weir__convert(WEIR_F64, x, m->s->dtype, at + (size_t)first * weir_dtype_size(m->s->dtype), n);
    for (int64_t j = 0; j < n; j++) {
        double deviation = x[j] - mean[j];
        sum[first + j] += w * (m->squares ? deviation * deviation : deviation);
    }
}

/* Samples of one block that one look has, of those that weigh something */
typedef struct moments_run {
    int64_t first, next, n; /* next: behind all that were looked at; n -1: one could not be read */
    double w[WEIR__LOOK_MOST];
    const char *at[WEIR__LOOK_MOST];
} moments_run;

/* From `first` on, of those before `end` */
static void moments_look(const moments *m, int64_t first, int64_t end, moments_run *k)
{
    int64_t ids[WEIR__LOOK_MOST], most = weir__store_at_once(m->s);
    int64_t block_end = (first / STATISTICS_BLOCK + 1) * STATISTICS_BLOCK;
    if (end > block_end) end = block_end;
    k->first = first;
    k->n = 0;
    for (k->next = first; k->next < end && k->n < most; k->next++) {
        k->w[k->n] = m->scale * weir__dataset_size(m->d, k->next);
        ids[k->n] = weir__dataset_id(m->d, k->next);
        k->n += k->w[k->n] > 0;
    }
    if (!weir__store_look(m->d->object.ctx, m->s, ids, k->n, k->at)) k->n = -1;
}

/* Those of the run, and of those that follow it before `end` */
static void moments_add_from(const moments *m, moments_run *k, int64_t end)
{
    while (k->first < end && k->n >= 0) {
        double *sum = m->sums + k->first / STATISTICS_BLOCK * m->s->dim;
        for (int64_t i = 0; i < k->n; i++)
            for (int64_t j = 0; j < m->s->dim; j += STATISTICS_RUN)
                moments_add(m, k->at[i], k->w[i], j, sum);
        if (k->next >= end) return;
        moments_look(m, k->next, end, k);
    }
}

static void moments_block(const moments *m, int64_t block)
{
    moments_run k;
    int64_t begin = block * STATISTICS_BLOCK, end = begin + STATISTICS_BLOCK;
    if (end > m->d->n) end = m->d->n;
    memset(m->sums + block * m->s->dim, 0, (size_t)m->s->dim * sizeof *m->sums);
    moments_look(m, begin, end, &k);
    moments_add_from(m, &k, end);
}

static void moments_blocks(void *moments_, int piece, int64_t begin, int64_t end)
{
    const moments *m = moments_;
    (void)piece;
    for (int64_t i = begin; i < end; i++) moments_block(m, m->from + i);
}

/* -- samples that are decoded: ranks do so at once, and add in turns, in order ----------------- */
/* What rank r has added to the blocks of samples begin to end - 1 becomes everybody's. */
static bool moments_hand_on(moments *m, int r, int64_t begin, int64_t end)
{
    const weir__sharing *all = m->d->sharing;
    int64_t first = begin / STATISTICS_BLOCK, last = (end - 1) / STATISTICS_BLOCK;
    size_t bytes = (size_t)((last - first + 1) * m->s->dim) * sizeof *m->sums;
    for (int k = 0; k < all->ranks; k++) m->ends[k] = k < r ? 0 : bytes;
    return all->gather(all->user, m->sums + first * m->s->dim, m->ends);
}

static bool moments_round(moments *m, int64_t first, int64_t turn)
{
    const weir__sharing *all = m->d->sharing;
    weir__turn own = weir__turn_of(m->d, first, turn, all->rank);
    moments_run k = { .first = own.end };
    if (own.begin < own.end) moments_look(m, own.begin, own.end, &k);
    if (!all->well(all->user)) return false;
    for (int r = 0; r < all->ranks; r++) {
        weir__turn of = weir__turn_of(m->d, first, turn, r);
        if (of.begin >= of.end) break;
        if (r == all->rank) moments_add_from(m, &k, own.end);
        if (!moments_hand_on(m, r, of.begin, of.end)) return false;
    }
    return true;
}

static bool moments_in_turns(moments *m)
{
    const weir__sharing *all = m->d->sharing;
    int64_t turn = weir__turn_samples(m->d);
    bool good = true;
    memset(m->sums, 0, (size_t)(m->blocks * m->s->dim) * sizeof *m->sums);
    for (int64_t first = 0; good && first < m->d->n; first += turn * all->ranks)
        good = moments_round(m, first, turn);
    return good && all->well(all->user);
}

/* -- all of them ------------------------------------------------------------------------------- */
static bool moments_sum_blocks(moments *m)
{
    weir_ctx *c = m->d->object.ctx;
    const weir__sharing *all = m->d->sharing;
    int64_t n = weir__sharing_end(all, m->blocks) - m->from;
    if (m->s->decoded && all) return moments_in_turns(m);
    if (m->s->decoded) moments_blocks(m, 0, 0, n); /* the threads decode */
    else weir__divide(c->threads, weir__threads_most(c->threads), n, moments_blocks, m);
    if (!all) return weir_ok(c);
    for (int r = 0; r < all->ranks; r++)
        m->ends[r] = (size_t)(weir__sharing_part(all, r + 1, m->blocks) * m->s->dim)
                     * sizeof *m->sums;
    return all->gather(all->user, m->sums, m->ends);
}

/* The sums of all blocks in m->std; false: a sample could not be read, or another rank's did not
 * come. */
static bool moments_sum(moments *m, bool squares)
{
    int64_t dim = m->s->dim;
    m->squares = squares;
    if (!moments_sum_blocks(m)) return false;
    memcpy(m->std, m->sums, (size_t)dim * sizeof *m->std);
    for (int64_t b = 1; b < m->blocks; b++)
        for (int64_t j = 0; j < dim; j++) m->std[j] += m->sums[b * dim + j];
    return true;
}

static weir_status moments_check(const moments *m)
{
    char place[160];
    for (int64_t j = 0; j < m->s->dim; j++) {
        if (isfinite(m->mean[j]) && isfinite(m->std[j])) continue;
        weir__store_place(m->d->store, m->context, j, place, sizeof place);
        return weir_fail(m->d->object.ctx, WEIR_ERROR_VALUE,
                         "%.300s: %s: mean %g, deviation %g: expected finite ones", m->d->name,
                         place, m->mean[j], m->std[j]);
    }
    return WEIR_OK;
}

/* Room for what the blocks and the ranks have. */
static bool moments_alloc(moments *m)
{
    weir_ctx *c = m->d->object.ctx;
    const weir__sharing *all = m->d->sharing;
    size_t each = (size_t)m->s->dim * sizeof *m->sums;
    m->blocks = (m->d->n + STATISTICS_BLOCK - 1) / STATISTICS_BLOCK;
    m->from = weir__sharing_begin(all, m->blocks);
    m->sums = weir__alloc_n(c, m->blocks, each);
    if (all) m->ends = weir__alloc_n(c, all->ranks, sizeof *m->ends);
    return m->sums && (m->ends || !all);
}

/* mean = sum w x / sum w, std^2 = sum w (x - mean)^2 / sum w, in two passes around the first
 * sample: exact for constant columns, whose deviation must come out as 0 and not as rounding, and
 * good for those far from 0. */
static void moments_pass(moments *m)
{
    int64_t dim = m->s->dim;
    moments_begin(m);
    if (!moments_sum(m, false)) return;
    for (int64_t j = 0; j < dim; j++) m->mean[j] += m->std[j] / m->total;
    if (!moments_sum(m, true)) return;
    for (int64_t j = 0; j < dim; j++) m->std[j] = sqrt(m->std[j] / m->total);
}

static weir_status moments_of(weir_dataset *d, bool context, double *mean, double *std)
{
    weir_ctx *c = d->object.ctx;
    moments m = { .d = d, .context = context, .mean = mean, .std = std };
    m.s = context ? d->store->context : d->store;
    weir_status finite = context ? weir__dataset_check_context(d)
                                 : weir__dataset_check_finite(d, WEIR_F64);
    if (finite != WEIR_OK) return finite;
    moments_alloc(&m);
    if (weir__sharing_well(d->sharing, c)) moments_pass(&m);
    weir__free(c, m.ends);
    weir__free(c, m.sums);
    return weir_ok(c) ? moments_check(&m) : weir_status_of(c);
}

weir_status weir__dataset_moments(weir_dataset *d, double *mean, double *std)
{
    return moments_of(d, false, mean, std);
}

/* Where half of a column is equal, its deviation stays that of all. */
static weir_status statistics_robust(weir_dataset *d, double *mean, double *std)
{
    weir_ctx *c = d->object.ctx;
    int64_t dim = d->store->dim;
    double *median = weir__alloc_n(c, weir__size_times(2, dim), sizeof *median);
    double *spread = median ? median + dim : NULL;
    if (median && weir__dataset_robust(d, median, spread) == WEIR_OK)
        for (int64_t j = 0; j < dim; j++) {
            mean[j] = median[j];
            if (spread[j] > 0) std[j] = spread[j];
        }
    weir__free(c, median);
    return weir_status_of(c);
}

/* Of what never changes the deviation is 1: it is 0 when standardized. */
static weir_status moments_public(weir_dataset *d, bool context, double *mean, double *std,
                                  const char *who)
{
    if (weir__dataset_dead(d)) return weir__dataset_none(d, who);
    weir_ctx *c = d->object.ctx;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!mean || !std || d->n < 1 || (context && !d->store->context))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: expected samples%s, and room for mean and std", who,
                         context ? " with a context" : "");
    bool robust = !context && d->opts.standardize == WEIR__STANDARDIZE_ROBUST;
    if (moments_of(d, context, mean, std) != WEIR_OK
        || (robust && statistics_robust(d, mean, std) != WEIR_OK))
        return weir_status_of(c);
    int64_t dim = context ? d->store->context->dim : d->store->dim;
    for (int64_t j = 0; j < dim; j++)
        if (std[j] == 0) std[j] = 1;
    return WEIR_OK;
}

weir_status weir_dataset_statistics(weir_dataset *d, double *mean, double *std)
{
    WEIR__AS_FOUND;
    return moments_public(d, false, mean, std, "dataset_statistics");
}

weir_status weir_dataset_context_statistics(weir_dataset *d, double *mean, double *std)
{
    WEIR__AS_FOUND;
    return moments_public(d, true, mean, std, "dataset_context_statistics");
}
