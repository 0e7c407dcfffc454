/* lu_linear.c - a linear map by its factors (Durkan et al. 2019, section 3.1; nflows' LULinear):
 *
 *     y = L U x + b,    log|det| = sum log u,
 *
 * L lower triangular with diagonal 1, U upper triangular with diagonal u = softplus(d) + 1e-3. It
 * starts at the identity; the inverse is two triangular solves. The entries off the diagonals are
 * vectors, row after row, under nflows' names. */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

#define LEAST 1e-3 /* of u */

typedef struct opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *lower, *upper, *diagonal, *bias;
    int64_t dim;
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 14, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void lu_linear_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    int64_t entries = o->dim * (o->dim - 1) / 2;
    weir_init zeros = { WEIR_INIT_ZEROS, 0 }, one = { WEIR_INIT_CONSTANT, log(expm1(1 - LEAST)) };
    s->dim = o->dim;
    s->bias = weir_module_parameter(m, "bias", t, 1, &o->dim, zeros);
    s->diagonal = weir_module_parameter(m, "unconstrained_upper_diag", t, 1, &o->dim, one);
    s->lower = weir_module_parameter(m, "lower_entries", t, 1, &entries, zeros);
    s->upper = weir_module_parameter(m, "upper_entries", t, 1, &entries, zeros);
}

/* -- the factors, in x's context --------------------------------------------------------------- */
/* Places i n + j of the entries with j < i (lower) or j > i, row after row. */
static weir_tensor *lu_linear_places(weir_ctx *c, int64_t n, bool lower)
{
    const int64_t count = n * (n - 1) / 2;
    weir_tensor *at = weir_empty(c, WEIR_I64, 1, &count);
    if (weir_is_nil(at)) return at;
    int64_t *place = weir_data_mut(at), k = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = lower ? 0 : i + 1; j < (lower ? i : n); j++) place[k++] = i * n + j;
    return at;
}

/* [n, n] with the entries beside the diagonal and `diagonal` [n] on it */
static weir_tensor *lu_linear_matrix(weir_tensor *entries, weir_tensor *diagonal, bool lower)
{
    weir_ctx *c = diagonal->object.ctx;
    int64_t n = diagonal->shape[0];
    const int64_t square[] = { n, n };
    weir_tensor *at = lu_linear_places(c, n, lower);
    weir_tensor *beside = weir_reshape(weir_index_add(entries, 0, at, n * n), 2, square);
    weir_tensor *on = weir_mul(weir_eye(c, diagonal->dtype, n), diagonal);
    return weir_add(beside, on);
}

typedef struct factors {
    weir_tensor *l, *u, *bias, *log_det;
} factors;

static factors lu_linear_factors(const state *s, weir_tensor *x)
{
    weir_tensor *raw = weir_parameter_here(x, s->diagonal);
    weir_tensor *diagonal = weir_affine(weir_softplus(raw), 1, LEAST);
    weir_tensor *one = weir_full(x->object.ctx, x->dtype, 1, &s->dim, 1);
    return (factors){
        .l = lu_linear_matrix(weir_parameter_here(x, s->lower), one, true),
        .u = lu_linear_matrix(weir_parameter_here(x, s->upper), diagonal, false),
        .bias = weir_parameter_here(x, s->bias),
        .log_det = weir_sum(weir_log(diagonal)),
    };
}

/* -- running ----------------------------------------------------------------------------------- */
static weir_tensor *lu_linear_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                        weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (!weir__is_rows(m, x, s->dim, s->bias->dtype)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    factors f = lu_linear_factors(s, x);
    *log_det = weir_add(weir__log_det_zero(x), f.log_det);
    return weir_linear(weir_linear(x, f.u, NULL), f.l, f.bias);
}

/* Rows x with x U^T L^T = y - b. */
static weir_tensor *lu_linear_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                      weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (!weir__is_rows(m, y, s->dim, s->bias->dtype)) return weir__nil(y->object.ctx, WEIR__TENSOR);
    factors f = lu_linear_factors(s, y);
    *log_det = weir_sub(weir__log_det_zero(y), f.log_det);
    weir_tensor *lt = weir_transpose(f.l, 0, 1), *ut = weir_transpose(f.u, 0, 1);
    weir_tensor *x = weir_solve_triangular(lt, weir_sub(y, f.bias), true, false, true);
    return weir_solve_triangular(ut, x, false, false, false);
}

const weir_module_row weir__row_lu_linear = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.lu_linear",
        .doc = "y = L U x + b, triangular L and U; starts at the identity",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=4",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = lu_linear_create,
    .transform = lu_linear_transform,
    .inverse = lu_linear_inverse,
    .torch = weir__torch_lu_linear,
};
