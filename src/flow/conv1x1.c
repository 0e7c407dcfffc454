/* conv1x1.c - the invertible 1 x 1 convolution of Glow (Kingma, Dhariwal 2018, section 3.2): the
 * channels of every place p go through one matrix,
 *
 *     y_p = W x_p,    log|det| = places log|det W|,
 *
 * which starts as a rotation. By itself, or in the factors of its LU decomposition,
 *
 *     W = P L (U + diag(sign exp(s))),    log|det W| = sum s,
 *
 * P a permutation and sign +-1, which stay as they were drawn, L lower triangular with ones on its
 * diagonal, U strictly upper; one matrix "weight" holds L below its diagonal, U above it, and s on
 * it. Matrices of channels are worked with in double, whatever the type of the images. */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

enum { CONV1X1_MOST = 1 << 12 }; /* channels */

typedef struct opts {
    size_t size;
    int64_t dim;
    bool lu;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *weight;       /* [dim, dim] */
    weir_tensor *order, *sign; /* of lu: line i of P's product is line order[i]; NULL: none */
    int64_t dim;
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, CONV1X1_MOST, NULL, "channels" },
    { "lu", WEIR_OPTION_BOOL, offsetof(opts, lu), "yes", 0, 1, NULL,
      "the factors of the matrix are learned, instead of itself" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void conv1x1_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    const int64_t shape[] = { o->dim, o->dim };
    s->dim = o->dim;
    s->weight = weir_module_parameter(m, "weight", t, 2, shape, (weir_init){ WEIR_INIT_NORMAL, 1 });
    if (!o->lu) return;
    s->order = weir_module_buffer(m, "order", WEIR_I64, 1, shape, 0);
    s->sign = weir_module_buffer(m, "sign", WEIR_F64, 1, shape, 1);
}

/* -- the start: of a matrix of normal numbers ------------------------------------------------- */
/* Makes the n lines of a orthonormal, one after the other (Gram, Schmidt), twice against rounding.
 */
static void conv1x1_rotation(double *a, int64_t n)
{
    for (int64_t i = 0; i < 2 * n; i++) {
        double *line = a + i / 2 * n, norm = 0;
        for (int64_t j = 0; j < i / 2; j++) {
            double dot = 0;
            for (int64_t k = 0; k < n; k++) dot += line[k] * a[j * n + k];
            for (int64_t k = 0; k < n; k++) line[k] -= dot * a[j * n + k];
        }
        for (int64_t k = 0; k < n; k++) norm += line[k] * line[k];
        for (int64_t k = 0; k < n; k++) line[k] /= sqrt(norm);
    }
}

static void conv1x1_exchange(double *a, int64_t *lines, int64_t n, int64_t i, int64_t j)
{
    int64_t line = lines[i];
    lines[i] = lines[j];
    lines[j] = line;
    for (int64_t k = 0; k < n; k++) {
        double v = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = v;
    }
}

/* a becomes L below the diagonal and U on and above it; line i of L U is line lines[i] of a. */
static void conv1x1_factor(double *a, int64_t *lines, int64_t n)
{
    for (int64_t i = 0; i < n; i++) lines[i] = i;
    for (int64_t i = 0; i < n; i++) {
        int64_t pivot = i;
        for (int64_t j = i + 1; j < n; j++)
            if (fabs(a[j * n + i]) > fabs(a[pivot * n + i])) pivot = j;
        conv1x1_exchange(a, lines, n, i, pivot);
        for (int64_t j = i + 1; j < n; j++) {
            double factor = a[j * n + i] /= a[i * n + i];
            for (int64_t k = i + 1; k < n; k++) a[j * n + k] -= factor * a[i * n + k];
        }
    }
}

/* The factors of the rotation in a: P, sign, and s on a's diagonal. */
static void conv1x1_start_factors(const state *s, double *a, int64_t *lines)
{
    double *sign = weir__ptr(s->sign);
    int64_t *order = weir__ptr(s->order), n = s->dim;
    conv1x1_factor(a, lines, n);
    for (int64_t i = 0; i < n; i++) {
        double *diagonal = &a[i * n + i];
        order[lines[i]] = i;
        sign[i] = *diagonal < 0 ? -1 : 1;
        *diagonal = log(fabs(*diagonal));
    }
}

static void conv1x1_init(weir_module *m)
{
    const state *s = weir_module_state(m);
    weir_ctx *c = weir_module_ctx(m);
    int64_t n = s->dim, *lines = weir__alloc_n(c, n, sizeof *lines);
    double *a = lines ? weir__alloc_n(c, n * n, sizeof *a) : NULL;
    if (a && weir_copy_to_f64(s->weight, a, n * n) == WEIR_OK) {
        conv1x1_rotation(a, n);
        if (s->order) conv1x1_start_factors(s, a, lines);
        weir__convert(s->weight->dtype, weir__ptr(s->weight), WEIR_F64, a, n * n);
    }
    weir__free(c, a);
    weir__free(c, lines);
}

/* -- the matrix -------------------------------------------------------------------------------- */
typedef struct factors { /* f64, of x's context */
    weir_tensor *lower, *upper, *log_diagonal;
} factors;

static weir_tensor *conv1x1_double(weir_tensor *x, weir_tensor *parameter)
{
    parameter = weir_parameter_here(x, parameter);
    return parameter->dtype == WEIR_F64 ? parameter : weir_cast(parameter, WEIR_F64);
}

static factors conv1x1_factors(const state *s, weir_tensor *x)
{
    static const int lines[] = { 0 };
    weir_tensor *w = conv1x1_double(x, s->weight), *one = weir_eye(x->object.ctx, WEIR_F64, s->dim);
    factors f = { .lower = weir_add(weir_tril(w, -1), one) };
    f.log_diagonal = weir_sum_axes(weir_mul(w, one), 1, lines, false);
    weir_tensor *diagonal = weir_mul(weir_exp(f.log_diagonal), weir_parameter_here(x, s->sign));
    f.upper = weir_add(weir_triu(w, 1), weir_mul(one, diagonal));
    return f;
}

/* W or its inverse, and log|det W|, in double. */
static weir_tensor *conv1x1_matrix(const state *s, weir_tensor *x, bool inverse,
                                   weir_tensor **log_det)
{
    if (!s->order) {
        weir_tensor *sign, *w = conv1x1_double(x, s->weight);
        weir_slogdet(w, &sign, log_det);
        return inverse ? weir_inverse(w) : w;
    }
    factors f = conv1x1_factors(s, x);
    *log_det = weir_sum(f.log_diagonal);
    if (!inverse) return weir_index_select(weir_matmul(f.lower, f.upper), 0, s->order);
    weir_tensor *permuted = weir_index_select(weir_eye(x->object.ctx, WEIR_F64, s->dim), 0,
                                              s->order);
    weir_tensor *right = weir_transpose(permuted, 0, 1);
    right = weir_solve_triangular(f.lower, right, false, true, true);
    return weir_solve_triangular(f.upper, right, true, true, false);
}

/* -- running ------------------------------------------------------------------------------------
 */
static weir_tensor *conv1x1_apply(weir_module *m, weir_tensor *x, weir_tensor **log_det,
                                  bool inverse)
{
    const state *s = weir_module_state(m);
    if (x->ndim != 4 || !weir__channels_fit(x, s->dim, s->weight))
        return weir__channels_misfit(m, x, s->dim, s->weight);
    const int64_t kernel[] = { s->dim, s->dim, 1, 1 };
    weir_tensor *w = conv1x1_matrix(s, x, inverse, log_det);
    double places = (double)(x->shape[2] * x->shape[3]);
    *log_det = weir_scale(*log_det, inverse ? -places : places);
    *log_det = weir_add(weir__log_det_zero(x), weir_cast(*log_det, x->dtype));
    return weir_conv2d(x, weir_reshape(weir_cast(w, x->dtype), 4, kernel), NULL, NULL);
}

static weir_tensor *conv1x1_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    return conv1x1_apply(m, x, log_det, false);
}

static weir_tensor *conv1x1_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    return conv1x1_apply(m, y, log_det, true);
}

const weir_module_row weir__row_conv1x1 = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.conv1x1",
        .doc = "invertible 1 x 1 convolution: the channels of every place times one matrix",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = conv1x1_create,
    .transform = conv1x1_transform,
    .inverse = conv1x1_inverse,
    .input = "2,3,2,2",
    .init = conv1x1_init,
    .torch = weir__torch_conv1x1,
};
