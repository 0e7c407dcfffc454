/* ode.h - what the solvers share. */
#ifndef WEIR_ODE_INTERNAL_H
#define WEIR_ODE_INTERNAL_H
#include "base/base.h"
#include "weir/ode.h"

/* False, after an error, unless a solver can run this problem. */
bool weir__ode_fits(const char *who, const weir_ode *p, const weir_tableau *m);
/* y = x + h sum_{j < n} w[j] k[j], dim numbers; k[j] lie `gap` apart. */
void weir__ode_combine(int64_t dim, double *y, const double *x, double h, int n, const double *w, const double *k, int64_t gap);
bool weir__ode_finite(int64_t dim, const double *x);

#endif
