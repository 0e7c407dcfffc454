/* weir/linear_algebra.h - determinants, inverses, factors and systems. Part of weir/ops.h, which
 * says what all ops share.
 *
 *     weir_tensor *a = weir_eye(c, WEIR_F64, 3);
 *     weir_tensor *b = weir_randn(c, WEIR_F64, 2, (const int64_t[]){ 3, 2 });
 *     weir_print(weir_solve(a, b, true), stdout); // b
 *
 * All go by the last two axes; leading axes are a batch. Matrix i of a batch depends on matrix i
 * alone, to the bit. What has no answer is a value, not an error, and leaves the other matrices
 * alone. LU, Cholesky and reflectors are the system's LAPACK, loaded when first used
 * (WEIR_ERROR_UNSUPPORTED where there is none). Conventions are torch.linalg's. */
#ifndef WEIR_LINEAR_ALGEBRA_H
#define WEIR_LINEAR_ALGEBRA_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* [.., n, n] -> [..]; 0 where a is singular, and its gradient, the cofactors, holds there too */
WEIR_API weir_tensor *weir_det(weir_tensor *a);
/* The sign of det a and log |det a|: 0 and -inf where a is singular. The sign has no gradient. */
WEIR_API void weir_slogdet(weir_tensor *a, weir_tensor **sign, weir_tensor **logabsdet);
/* C[i, j] = (-1)^(i + j) det (a without row i and column j) = d det a / d a[i, j] = (det(a)
 * a^-T)[i, j]; to rounding also where a is singular, but there its own gradient is NaN. */
WEIR_API weir_tensor *weir_cofactor(weir_tensor *a);
WEIR_API weir_tensor *weir_inverse(weir_tensor *a); /* all NaN where a pivot is 0 */
/* a = P L U by partial pivoting: a [.., m, n], P [.., m, m] a permutation, L [.., m, k] lower
 * triangular with ones on its diagonal, U [.., k, n] upper triangular, k = min(m, n). Gradients
 * hold P fixed, so they hold where no two candidates for a pivot are equal, and need the first k
 * columns of the first k rows of P^T a to be invertible; P has none. */
WEIR_API void weir_lu(weir_tensor *a, weir_tensor **p, weir_tensor **l, weir_tensor **u);
/* x of a x = b (left; b [.., n, k]) or x a = b (b [.., k, n]), a [.., n, n], by LU. Leading axes
 * broadcast. Infinite or NaN where a is singular. */
WEIR_API weir_tensor *weir_solve(weir_tensor *a, weir_tensor *b, bool left);
/* Lower L of symmetric positive definite a = L L^T, read from a's lower triangle; its lower
 * triangle is NaN where a is not positive definite. The gradient is symmetric. */
WEIR_API weir_tensor *weir_cholesky(weir_tensor *a);
/* a = Q R, reduced: a [.., m, n], Q [.., m, k] of orthonormal columns, R [.., k, n] upper
 * triangular, k = min(m, n). Signs are LAPACK's: R's diagonal may be negative. Gradients need the
 * first k columns of a to be independent. */
WEIR_API void weir_qr(weir_tensor *a, weir_tensor **q, weir_tensor **r);
/* x of a x = b (left; b [.., n, k]) or x a = b (b [.., k, n]) for triangular a [.., n, n], of which
 * the other triangle is not read, nor the diagonal, taken as 1, when `unit`. Leading axes
 * broadcast. For a^T x = b pass weir_transpose(a, -1, -2), which copies nothing, and the other
 * triangle. Infinite or NaN where a 0 stands on the diagonal. */
WEIR_API weir_tensor *weir_solve_triangular(weir_tensor *a, weir_tensor *b, bool upper, bool left,
                                            bool unit);

#ifdef __cplusplus
}
#endif
#endif
