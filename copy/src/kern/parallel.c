/* parallel.c - how many threads a loop is worth, and a range cut in pieces. Pieces never share an output. */
#include "kern.h"
#ifdef _OPENMP
#include <omp.h>
#endif

int weir__threads_for(int64_t n, double cost, int threads)
{
#ifdef _OPENMP
    if (threads <= 1 || omp_in_parallel()) return 1;
    /* Nanoseconds a thread must have to do. Two idle cores meet in 2 to 5 microseconds, but on a busy machine a thread that waits for
     * a descheduled one loses a time slice: a step of small layers took 48 ms instead of 0.3 with a bound of 15e3 beside another job. */
    const double least_work = 40e3;
    double most = (double)n * cost / least_work;
    if (most < threads) threads = (int)most;
    return threads < 1 ? 1 : threads;
#else
    (void)n, (void)cost, (void)threads;
    return 1;
#endif
}

void weir__parallel_range(int64_t n, int threads, void (*fn)(void *user, int64_t begin, int64_t end), void *user)
{
    enum { PIECE = 1024 };
    int64_t pieces = (n + PIECE - 1) / PIECE;
    if (n <= 0) return;
#ifdef _OPENMP
    if (omp_in_parallel()) threads = 1;
    threads = weir__threads_for(n, 0.5, threads); /* passes over memory: about half a nanosecond an element */
    if (threads > pieces) threads = (int)pieces;
    if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int t = 0; t < threads; t++) {
            int64_t begin = pieces * t / threads * PIECE, end = pieces * (t + 1) / threads * PIECE;
            fn(user, begin, end < n ? end : n);
        }
        return;
    }
#else
    (void)threads, (void)pieces;
#endif
    fn(user, 0, n);
}
