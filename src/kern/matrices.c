/* matrices.c - functions of one matrix over many; threads divide the matrices. */
#include "kern.h"

/* Two matrices, two rows, and, for LU of more than a panel, a panel and the scratch of its product;
 * each at a cache line of its own. */
size_t weir__matrix_scratch(const weir__isa *k, weir__real t, int64_t m, int64_t n)
{
    size_t size = t == WEIR__F32 ? 4 : 8;
    size_t longest = (size_t)(m > n ? m : n);
    size_t bytes = 2 * ((size_t)m * (size_t)n * size + 64 + longest * 8 + 64) + 64;
    int64_t least = m < n ? m : n;
    weir__gemm g = { .m = n - WEIR__PANEL,
                     .n = m - WEIR__PANEL,
                     .k = WEIR__PANEL,
                     .a_row = WEIR__PANEL,
                     .a_col = 1,
                     .b_row = m,
                     .b_col = 1,
                     .c_row = m,
                     .accumulate = true };
    if (least > WEIR__PANEL)
        bytes += (size_t)n * WEIR__PANEL * size + 64 + k->gemm_scratch[t](&g, NULL);
    return (bytes + 63) / 64 * 64;
}

typedef struct job {
    const weir__matrices *all;
    weir__matrix_fn *f;
    int64_t size;
    char *scratch;
    size_t each; /* bytes of it for a piece */
} job;

static void job_matrices(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    const weir__matrices *a = j->all;
    char *scratch = j->scratch + (size_t)piece * j->each;
    for (int64_t i = first; i < last; i++)
        j->f(a->lapack, a->m, a->n, (const char *)a->a + i * a->m * a->n * j->size,
             (char *)a->y + i * a->y_step * j->size,
             a->z ? (char *)a->z + i * a->z_step * j->size : NULL, scratch);
}

int weir__matrix_pieces(const weir__matrices *a, const weir__threads *threads)
{
    int64_t least = a->m < a->n ? a->m : a->n;
    double cost = 0.5 * (double)(a->m + 4) * (double)(a->n + 4) * (double)(least + 4);
    int pieces = weir__pieces_for(a->count, cost, threads);
    return pieces > a->count ? (int)a->count : pieces;
}

void weir__loop_matrices(const weir__isa *k, weir__real t, weir__matrix f, const weir__matrices *a,
                         void *scratch, const weir__threads *threads)
{
    job j = {
        .all = a,
        .f = k->matrix[t][f],
        .size = t == WEIR__F32 ? 4 : 8,
        .scratch = scratch,
        .each = weir__matrix_scratch(k, t, a->m, a->n),
    };
    weir__divide(threads, weir__matrix_pieces(a, threads), a->count, job_matrices, &j);
}

/* -- triangular systems ------------------------------------------------------------------------ */
typedef struct solves {
    weir__triangle_fn *f;
    const weir__triangle *each;
    void *const *x;
} solves;

static void solves_run(void *solves_, int piece, int64_t first, int64_t last)
{
    const solves *s = solves_;
    (void)piece;
    for (int64_t i = first; i < last; i++) s->f(&s->each[i], s->x[i]);
}

void weir__loop_triangles(const weir__isa *k, weir__real t, int64_t count,
                          const weir__triangle *each, void *const *x, const weir__threads *threads)
{
    if (count == 0) return;
    double order = (double)(each->left ? each->n : each->k);
    int pieces = weir__pieces_for(count, 0.3 * order * (double)(each->n * each->k + 4), threads);
    solves s = { k->triangle[t], each, x };
    weir__divide(threads, pieces, count, solves_run, &s);
}
