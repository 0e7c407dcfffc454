/* norm.c - the steps of a normalisation; threads divide groups, samples or channels, never a
 * sum. */
#include "kern.h"

typedef struct job {
    weir__norm_fn *f;
    const weir__norm *o;
} job;

static void job_items(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    (void)piece;
    j->f(j->o, first, last);
}

static void divide(weir__norm_fn *f, const weir__norm *o, int64_t items, double cost,
                   const weir__threads *threads)
{
    int pieces = weir__pieces_for(o->batch * o->channels * o->run, cost, threads);
    weir__divide(threads, pieces, items, job_items, &(job){ f, o });
}

void weir__norm_stats(const weir__kern *k, weir__real t, const weir__norm *o,
                      const weir__threads *threads)
{
    divide(k->norm_stats[t], o, o->groups ? o->batch * o->groups : o->channels, 0.5, threads);
}

void weir__norm_apply(const weir__kern *k, weir__real t, const weir__norm *o,
                      const weir__threads *threads)
{
    divide(k->norm_apply[t], o, o->batch, 0.3, threads);
}

void weir__norm_parts(const weir__kern *k, weir__real t, const weir__norm *o,
                      const weir__threads *threads)
{
    if (o->run > 1) divide(k->norm_parts[t], o, o->batch * o->channels, 0.5, threads);
}

void weir__norm_sums(const weir__kern *k, weir__real t, const weir__norm *o,
                     const weir__threads *threads)
{
    divide(k->norm_sums[t], o, o->channels, 0.5, threads);
}

void weir__norm_back(const weir__kern *k, weir__real t, const weir__norm *o,
                     const weir__threads *threads)
{
    divide(k->norm_back[t], o, o->groups ? o->batch * o->groups : o->batch, 0.7, threads);
}
