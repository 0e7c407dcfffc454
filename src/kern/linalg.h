/* linalg.h - matrices: determinants, inverses, factors, triangular systems. A part of kern.h.
 *
 * LU, Cholesky and Householder reflectors come from the system's LAPACK, which lapack.c loads when
 * they are first wanted. Only routines are called whose bits do not depend on how many threads that
 * library has (doc/adr/0006); the rest is linalg.inc, one matrix by one thread. */
#ifndef WEIR_KERN_LINALG_H
#define WEIR_KERN_LINALG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns lie end to end, as in Fortran. */
typedef void weir__getf2_fn(const int *m, const int *n, void *a, const int *lda, int *pivots,
                            int *info);
typedef void weir__potf2_fn(const char *uplo, const int *n, void *a, const int *lda, int *info,
                            size_t uplo_length);
typedef void weir__larfg_fn(const int *n, void *alpha, void *x, const int *incx, void *tau);
/* For f32 and f64. */
typedef struct weir__lapack {
    weir__getf2_fn *getf2[2]; /* P L U, row by row */
    weir__potf2_fn *potf2[2]; /* U^T U, row by row */
    weir__larfg_fn *larfg[2]; /* H = I - tau v v^T with H x = (beta, 0, ..) */
} weir__lapack;
/* False: no library, or one without these routines; `why` says which. Never unloaded. */
bool weir__lapack_open(weir__lapack *l, char *why, size_t bytes);

enum { WEIR__PANEL = 32 }; /* columns that LU takes at a time */

/* Functions of one matrix. */
#define WEIR__MATRIX_LIST(F) \
    F(det)      /* y: the determinant */ \
    F(slogdet)  /* y: its sign; z: the logarithm of its magnitude */ \
    F(cofactor) /* y: the cofactors, d det / da */ \
    F(inverse)  /* y: a^-1, NaN where a is singular */ \
    F(lu)       /* y: L below the diagonal, 1 there, and U of a = P L U; z: P [m, m] */ \
    F(cholesky) /* y: L of a = L L^T from a's lower triangle, NaN in the lower triangle where \
                   there is none */ \
    F(qr)       /* y: Q, z: R of a = Q R, reduced */
typedef enum weir__matrix {
#define F(n) WEIR__M_##n,
    WEIR__MATRIX_LIST(F)
#undef F
        WEIR__MATRICES
} weir__matrix;
/* a [m, n] dense; outputs dense; nothing overlaps; scratch as weir__matrix_scratch says, 64-byte
 * aligned. */
typedef void weir__matrix_fn(const weir__lapack *l, int64_t m, int64_t n, const void *a, void *y,
                             void *z, void *scratch);

/* x of a x = b, a [n, n] (left), or of x a = b, a [k, k], for triangular a; x is b [n, k] dense
 * before and the solution after. */
typedef struct weir__triangle {
    int64_t n, k;
    const void *a;
    int64_t a_row, a_col;
    bool upper, left, unit;
} weir__triangle;
typedef void weir__triangle_fn(const weir__triangle *t, void *x);

#endif
