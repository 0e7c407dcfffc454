/* matrices.c - functions of one matrix over many; threads divide the matrices. */
#include "kern.h"

/* Two matrices, two rows, and, for LU of more than a panel, a panel and what the product asks for; each from a line of its own. */
size_t weir__matrix_scratch(const weir__kern *k, weir__real t, int64_t m, int64_t n)
{
    size_t size = t == WEIR__F32 ? 4 : 8, longest = (size_t)(m > n ? m : n), bytes = 2 * ((size_t)m * (size_t)n * size + 64 + longest * 8 + 64) + 64;
    weir__gemm g = { .m = n - WEIR__PANEL, .n = n - WEIR__PANEL, .k = WEIR__PANEL, .a_row = WEIR__PANEL, .a_col = 1, .b_row = n, .b_col = 1, .c_row = n, .accumulate = true };
    if (n > WEIR__PANEL) bytes += (size_t)n * WEIR__PANEL * size + 64 + k->gemm_scratch[t](&g, 1);
    return (bytes + 63) / 64 * 64;
}

typedef struct job {
    const weir__matrices *all;
    weir__matrix_fn *f;
    int64_t size;
} job;

static void part(const job *j, char *scratch, int64_t first, int64_t last)
{
    const weir__matrices *a = j->all;
    for (int64_t i = first; i < last; i++)
        j->f(a->lapack, a->m, a->n, (const char *)a->a + i * a->m * a->n * j->size, (char *)a->y + i * a->y_step * j->size,
             a->z ? (char *)a->z + i * a->z_step * j->size : NULL, scratch);
}

int weir__matrix_threads(const weir__matrices *a, int threads)
{
    threads = weir__threads_for(a->count, 0.5 * (double)(a->m + 4) * (double)(a->n + 4) * (double)((a->m < a->n ? a->m : a->n) + 4), threads);
    return threads > a->count ? (a->count > 0 ? (int)a->count : 1) : threads;
}

void weir__loop_matrices(const weir__kern *k, weir__real t, weir__matrix f, const weir__matrices *a, void *scratch, int threads)
{
    job j = { a, k->matrix[t][f], t == WEIR__F32 ? 4 : 8 };
#ifdef _OPENMP
    if (threads > 1) {
        size_t each = weir__matrix_scratch(k, t, a->m, a->n);
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int i = 0; i < threads; i++) part(&j, (char *)scratch + (size_t)i * each, a->count * i / threads, a->count * (i + 1) / threads);
        return;
    }
#endif
    (void)threads;
    part(&j, scratch, 0, a->count);
}

void weir__loop_triangles(const weir__kern *k, weir__real t, int64_t count, const weir__triangle *each, void *const *x, int threads)
{
    if (count == 0) return;
    double order = (double)(each->left ? each->n : each->k);
    threads = weir__threads_for(count, 0.3 * order * (double)(each->n * each->k + 4), threads);
    if (threads > count) threads = (int)count;
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
        for (int64_t i = 0; i < count; i++) k->triangle[t](&each[i], x[i]);
        return;
    }
#endif
    for (int64_t i = 0; i < count; i++) k->triangle[t](&each[i], x[i]);
}
