/* calls.c - calls of the library in a loop of C: what bench.py compares Python's calls with. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>
#include <weir.h>

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double calls_log_prob(weir_model *m, const float *x, int64_t n, double *out, int times);
double calls_log_prob(weir_model *m, const float *x, int64_t n, double *out, int times)
{
    double begin = seconds();
    for (int i = 0; i < times; i++)
        if (weir_model_log_prob_into(m, x, n, NULL, out, NULL) != WEIR_OK) return -1;
    return (seconds() - begin) / times;
}
