/* norm.c - the steps of a normalisation; threads divide groups, samples or channels, never a sum. */
#include "kern.h"

static void divide(weir__norm_fn *f, const weir__norm *o, int64_t items, double cost, int threads)
{
    threads = weir__threads_for(o->batch * o->channels * o->run, cost, threads);
    if (threads > items) threads = (int)items;
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int i = 0; i < threads; i++) f(o, items * i / threads, items * (i + 1) / threads);
        return;
    }
#endif
    f(o, 0, items);
}

void weir__norm_stats(const weir__kern *k, weir__real t, const weir__norm *o, int threads)
{
    divide(k->norm_stats[t], o, o->groups ? o->batch * o->groups : o->channels, 0.5, threads);
}

void weir__norm_apply(const weir__kern *k, weir__real t, const weir__norm *o, int threads) { divide(k->norm_apply[t], o, o->batch, 0.3, threads); }

void weir__norm_parts(const weir__kern *k, weir__real t, const weir__norm *o, int threads)
{
    if (o->run > 1) divide(k->norm_parts[t], o, o->batch * o->channels, 0.5, threads);
}

void weir__norm_sums(const weir__kern *k, weir__real t, const weir__norm *o, int threads) { divide(k->norm_sums[t], o, o->channels, 0.5, threads); }

void weir__norm_back(const weir__kern *k, weir__real t, const weir__norm *o, int threads)
{
    divide(k->norm_back[t], o, o->groups ? o->batch * o->groups : o->batch, 0.7, threads);
}
