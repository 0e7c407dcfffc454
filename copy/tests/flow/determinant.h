/* determinant.h - the plain way, for comparison. */
#ifndef WEIR_DETERMINANT_H
#define WEIR_DETERMINANT_H
#include <math.h>
#include <stdint.h>

/* log|det| of a dense n x n matrix by elimination with pivoting. */
static inline double log_abs_det(double *a, int64_t n)
{
    double total = 0;
    for (int64_t k = 0; k < n; k++) {
        int64_t p = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
        for (int64_t j = 0; j < n; j++) {
            double swap = a[k * n + j];
            a[k * n + j] = a[p * n + j], a[p * n + j] = swap;
        }
        total += log(fabs(a[k * n + k]));
        for (int64_t i = k + 1; i < n; i++)
            for (int64_t j = n - 1; j >= k; j--) a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
    }
    return total;
}

#endif
