/* ode.h - what the solvers share. */
#ifndef WEIR_ODE_INTERNAL_H
#define WEIR_ODE_INTERNAL_H
#include "base/base.h"
#include "weir/ode.h"

/* The problem and the method as whole structs; an error unless a solver can run them. Returns the
 * problem's context; NULL: it is not known. */
weir_ctx *weir__ode_read(const char *who, const weir_ode *p, const weir_tableau *m,
                         weir_ode *problem, weir_tableau *method);
/* y = x + h sum_{j < n} w[j] k[j], dim numbers; k[j] lie `gap` apart. */
void weir__ode_combine(int64_t dim, double *y, const double *x, double h, int n, const double *w,
                       const double *k, int64_t gap);
bool weir__ode_finite(int64_t dim, const double *x);

#endif
