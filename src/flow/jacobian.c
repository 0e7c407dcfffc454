/* jacobian.c - log|det| of a bijection at one sample by central differences, dim x dim of them:
 * what its own log-det is checked against. */
#include <math.h>
#include <string.h>
#include "flow/flow.h"
#include "ops/ops.h"

enum { COLUMNS = 32 }; /* at a time: as many samples up, as many down */

typedef struct differences {
    weir_ctx *c;
    weir_module *b;
    weir_tensor *x;
    const weir_condition *k;
    int64_t sample, dim;
    double step;
    double *at;     /* [dim] the sample */
    double *moved;  /* [2 COLUMNS, dim] */
    double *values; /* [2 COLUMNS, dim] f(moved) */
    double *matrix; /* [dim, dim] transposed: line j is dy/dx_j */
} differences;

static void differences_move(const differences *d, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < 2 * n; i++) {
        int64_t j = first + i / 2;
        double h = d->step * (1 + fabs(d->at[j]));
        memcpy(d->moved + i * d->dim, d->at, (size_t)d->dim * sizeof *d->at);
        d->moved[i * d->dim + j] += i % 2 ? -h : h;
    }
}

/* f of the moved samples, all under the condition of the one; `moved` becomes what x's type holds.
 */
static bool differences_map(const differences *d, int64_t n)
{
    int64_t shape[WEIR_RANK_MAX] = { 2 * n }, same[2 * COLUMNS];
    memcpy(shape + 1, d->x->shape + 1, (size_t)(d->x->ndim - 1) * sizeof *shape);
    for (int64_t i = 0; i < 2 * n; i++) same[i] = d->sample;
    weir_scope s = weir_scope_begin_no_grad(d->c);
    weir_tensor *x = weir_cast(weir_from_f64(d->c, d->moved, d->x->ndim, shape), d->x->dtype);
    weir_condition *k = weir__condition_gather(d->c, d->k, 2 * n, same);
    weir_tensor *y = weir_bijection_forward(d->b, x, k, NULL);
    if (weir_ok(d->c) && weir_copy_to_f64(x, d->moved, 2 * n * d->dim) == WEIR_OK)
        weir_copy_to_f64(y, d->values, 2 * n * d->dim);
    weir_scope_end(s);
    return weir_ok(d->c);
}

static void differences_put(const differences *d, int64_t first, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double *up = d->values + 2 * i * d->dim, *down = up + d->dim;
        const double *from = d->moved + 2 * i * d->dim;
        int64_t j = first + i;
        double width = from[j] - from[d->dim + j];
        for (int64_t m = 0; m < d->dim; m++) d->matrix[j * d->dim + m] = (up[m] - down[m]) / width;
    }
}

static double differences_log_det(const differences *d)
{
    weir_tensor *sign, *size;
    double v = NAN;
    weir_scope s = weir_scope_begin_no_grad(d->c);
    const int64_t shape[] = { d->dim, d->dim };
    weir_slogdet(weir_from_f64(d->c, d->matrix, 2, shape), &sign, &size);
    if (!weir_is_nil(size)) v = weir_item(size);
    weir_scope_end(s);
    return v;
}

static void differences_run(const differences *d, double *log_det)
{
    for (int64_t first = 0; first < d->dim; first += COLUMNS) {
        int64_t n = d->dim - first < COLUMNS ? d->dim - first : COLUMNS;
        differences_move(d, first, n);
        if (!differences_map(d, n)) return;
        differences_put(d, first, n);
    }
    *log_det = differences_log_det(d);
}

bool weir__bijection_differences(weir_module *b, weir_tensor *x, int64_t sample,
                                 const weir_condition *k, double step, double *log_det)
{
    weir_ctx *c = x->object.ctx;
    int64_t dim = x->numel / x->shape[0], room = weir__size_times(2 * COLUMNS, dim);
    double *memory = weir__alloc_n(
        c, weir__size_plus(weir__size_plus(dim, 2 * room), weir__size_times(dim, dim)),
        sizeof *memory);
    *log_det = NAN;
    if (!memory) return false;
    differences d = {
        .c = c,
        .b = b,
        .x = x,
        .k = k,
        .sample = sample,
        .dim = dim,
        .step = step,
        .at = memory,
        .moved = memory + dim,
        .values = memory + dim + room,
        .matrix = memory + dim + 2 * room,
    };
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *one = weir_slice(x, 0, sample, sample + 1, 1);
    if (weir_copy_to_f64(one, d.at, dim) == WEIR_OK) differences_run(&d, log_det);
    weir_scope_end(s);
    weir__free(c, memory);
    return weir_ok(c);
}
