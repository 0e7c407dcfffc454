/* norm.c - the steps of a normalisation; threads divide samples, else groups, channels or rows,
 * never a sum. Where samples are as many as threads, one passes through all steps before the next
 * begins, for it stays in the caches then. */
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

void weir__norm_backward(const weir__isa *k, weir__real t, const weir__norm *o, bool sums,
                         bool back, const weir__threads *threads)
{
    const bool parts = weir__norm_has_parts(o);
    job j = { .k = k, .t = t, .o = *o, .samples = backward_samples, .back = back };
    if (!parts && !o->silu && sums) sum(&j, threads);
    if ((parts || !o->silu) && by_samples(&j, 1, threads)) {
        norm_divide(&j, NULL, o->batch, 1, threads);
        if (parts && sums) sum(&j, threads);
        return;
    }
    if (o->silu) norm_divide(&j, k->norm_slope[t], o->batch * norm_rows_of(o), 0.8, threads);
    j.o = after_slope(o);
    if (parts) norm_divide(&j, k->norm_parts[t], o->batch * o->channels, 0.3, threads);
    if (sums && (parts || o->silu)) sum(&j, threads);
    if (back) norm_divide(&j, k->norm_back[t], o->batch * norm_rows_of(o), 0.3, threads);
}
