/* rows.c - functions of whole rows over many of them; threads divide the rows. */
#include "kern.h"

static void part(weir__row_fn *f, const weir__rows *r, int64_t bytes, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++)
        f(r->n, (char *)r->y + i * r->y_row * bytes, (const char *)r->a + i * r->n * bytes, r->b ? (const char *)r->b + i * r->n * bytes : NULL);
}

void weir__loop_rows(const weir__kern *k, weir__real t, weir__row f, const weir__rows *r, int threads)
{
    int64_t bytes = t == WEIR__F32 ? 4 : 8;
    threads = weir__threads_for(r->rows * (r->n + 16), 1.5, threads);
    if (threads > r->rows) threads = (int)r->rows;
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int i = 0; i < threads; i++) part(k->row[t][f], r, bytes, r->rows * i / threads, r->rows * (i + 1) / threads);
        return;
    }
#endif
    part(k->row[t][f], r, bytes, 0, r->rows);
}
