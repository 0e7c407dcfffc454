/* elementwise.c - fixed functions of single elements, before or after a flow: with y = f(x),
 * log|det| = sum log f'(x).
 *
 *     sigmoid    1 / (1 + exp(-x))                  (0, 1)
 *     logit      logit(a + (1 - 2 a) x), its inverse but for a, which keeps x = 0 and 1 finite
 *                (Dinh et al. 2017, section 4.1)
 *     tanh       tanh(x)                            (-1, 1)
 *     softplus   log(1 + exp(x))                    above 0
 *     affine     scale x + shift
 *
 * Where rounding or a caller gives the end of an open interval, or beyond it, the inverse is that
 * of the nearest number inside. */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    double a, b; /* alpha; scale and shift */
} opts;

static void elementwise_create(weir_module *m, const void *options_)
{
    *(opts *)weir_module_state(m) = *(const opts *)options_;
}

/* Half the distance from 1 to the next smaller number: 1 - it is the largest below 1. */
static double elementwise_step(const weir_tensor *x)
{
    return x->dtype == WEIR_F64 ? 0x1p-53 : 0x1p-24;
}

/* -- pairs of functions, each the other's inverse; *log_slope is log f' of each element ----------
 */
static weir_tensor *elementwise_squash(weir_tensor *x, weir_tensor **log_slope)
{
    *log_slope = weir_sub(x, weir_scale(weir_softplus(x), 2));
    return weir_sigmoid(x);
}

static weir_tensor *elementwise_stretch(weir_tensor *x, weir_tensor **log_slope)
{
    double step = elementwise_step(x);
    x = weir_clamp(x, step, 1 - step);
    weir_tensor *y = weir_sub(weir_log(x), weir_log1p(weir_neg(x)));
    *log_slope = weir_sub(weir_scale(weir_softplus(y), 2), y);
    return y;
}

/* log(1 - tanh(x)^2) = 2 (log 2 - x - softplus(-2 x)) */
static weir_tensor *elementwise_tanh(weir_tensor *x, weir_tensor **log_slope)
{
    weir_tensor *sum = weir_add(x, weir_softplus(weir_scale(x, -2)));
    *log_slope = weir_affine(sum, -2, 2 * log(2));
    return weir_tanh(x);
}

static weir_tensor *elementwise_atanh(weir_tensor *x, weir_tensor **log_slope)
{
    double most = 1 - elementwise_step(x);
    x = weir_clamp(x, -most, most);
    weir_tensor *above = weir_log1p(x), *below = weir_log1p(weir_neg(x));
    *log_slope = weir_neg(weir_add(above, below));
    return weir_scale(weir_sub(above, below), 0.5);
}

static weir_tensor *elementwise_softplus(weir_tensor *x, weir_tensor **log_slope)
{
    *log_slope = weir_logsigmoid(x);
    return weir_softplus(x);
}

/* log(exp(x) - 1) = x + log(1 - exp(-x)) */
static weir_tensor *elementwise_unsoftplus(weir_tensor *x, weir_tensor **log_slope)
{
    x = weir_clamp(x, x->dtype == WEIR_F64 ? 0x1p-1022 : 0x1p-126, INFINITY);
    weir_tensor *rest = weir_log(weir_neg(weir_expm1(weir_neg(x))));
    *log_slope = weir_neg(rest);
    return weir_add(x, rest);
}

/* -- rows ---------------------------------------------------------------------------------------
 */
typedef weir_tensor *function(weir_tensor *x, weir_tensor **log_slope);

static weir_tensor *elementwise_apply(weir_module *m, weir_tensor *x, function *f,
                                      weir_tensor **log_det)
{
    weir_tensor *log_slope;
    if (x->ndim < 1 || !weir_dtype_is_real(x->dtype)) return weir__module_misfit(m, x, "[B, ..]");
    weir_tensor *y = f(x, &log_slope);
    *log_det = weir_sum_samples(log_slope);
    return y;
}

#define ELEMENTWISE(name, there, back) \
    static weir_tensor *name##_transform(weir_module *m, weir_tensor *x, const weir_condition *k, \
                                         weir_tensor **log_det) \
    { \
        return elementwise_apply(m, x, there, log_det); \
    } \
    static weir_tensor *name##_inverse(weir_module *m, weir_tensor *y, const weir_condition *k, \
                                       weir_tensor **log_det) \
    { \
        return elementwise_apply(m, y, back, log_det); \
    }

ELEMENTWISE(sigmoid, elementwise_squash, elementwise_stretch)
ELEMENTWISE(tanh, elementwise_tanh, elementwise_atanh)
ELEMENTWISE(softplus, elementwise_softplus, elementwise_unsoftplus)

const weir_module_row weir__row_flow_sigmoid = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.sigmoid",
        .doc = "y = 1 / (1 + exp(-x))",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .transform = sigmoid_transform,
    .inverse = sigmoid_inverse,
    .input = "4,3 -3:3",
    .torch = weir__torch_flow_sigmoid,
};

const weir_module_row weir__row_flow_tanh = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.tanh",
        .doc = "y = tanh(x)",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .transform = tanh_transform,
    .inverse = tanh_inverse,
    .input = "4,3 -2:2",
    .torch = weir__torch_flow_tanh,
};

const weir_module_row weir__row_flow_softplus = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.softplus",
        .doc = "y = log(1 + exp(x))",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .transform = softplus_transform,
    .inverse = softplus_inverse,
    .torch = weir__torch_flow_softplus,
};

/* -- logit --------------------------------------------------------------------------------------
 */
static const weir_option logit_options[] = {
    { "alpha", WEIR_OPTION_REAL, offsetof(opts, a), "0.05", 0, 0.4, NULL,
      "[0, 1] is first taken to [alpha, 1 - alpha]" },
    { 0 },
};

static weir_tensor *logit_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                    weir_tensor **log_det)
{
    const opts *o = weir_module_state(m);
    double n = (double)(x->ndim < 1 ? 0 : weir__numel_of(x->ndim - 1, x->shape + 1));
    weir_tensor *y = elementwise_apply(m, weir_affine(x, 1 - 2 * o->a, o->a), elementwise_stretch,
                                       log_det);
    *log_det = weir_affine(*log_det, 1, n * log1p(-2 * o->a));
    return y;
}

static weir_tensor *logit_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                  weir_tensor **log_det)
{
    const opts *o = weir_module_state(m);
    double n = (double)(y->ndim < 1 ? 0 : weir__numel_of(y->ndim - 1, y->shape + 1));
    double scale = 1 / (1 - 2 * o->a);
    weir_tensor *x = elementwise_apply(m, y, elementwise_squash, log_det);
    *log_det = weir_affine(*log_det, 1, -n * log1p(-2 * o->a));
    return weir_affine(x, scale, -o->a * scale);
}

const weir_module_row weir__row_logit = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.logit",
        .doc = "y = logit(alpha + (1 - 2 alpha) x) of x in [0, 1]",
        .options = logit_options,
        .options_size = sizeof(opts),
        .test = "",
    },
    .state_size = sizeof(opts),
    .create = elementwise_create,
    .transform = logit_transform,
    .inverse = logit_inverse,
    .input = "4,3 0:1",
    .torch = weir__torch_logit,
};

/* -- affine --------------------------------------------------------------------------------------
 */
static const weir_option affine_options[] = {
    { "scale", WEIR_OPTION_REAL, offsetof(opts, a), "1", -INFINITY, INFINITY, NULL, "not 0" },
    { "shift", WEIR_OPTION_REAL, offsetof(opts, b), "0", -INFINITY, INFINITY, NULL, "added" },
    { 0 },
};

static void elementwise_affine_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    elementwise_create(m, options_);
    if (isfinite(o->a) && o->a != 0 && isfinite(o->b)) return;
    weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
              "bijection.affine: scale=%g shift=%g: expected finite numbers, scale not 0", o->a,
              o->b);
}

static weir_tensor *elementwise_affine_apply(weir_module *m, weir_tensor *x, double scale,
                                             double shift, weir_tensor **log_det)
{
    if (x->ndim < 1 || !weir_dtype_is_real(x->dtype)) return weir__module_misfit(m, x, "[B, ..]");
    double n = (double)weir__numel_of(x->ndim - 1, x->shape + 1);
    *log_det = weir_affine(weir__log_det_zero(x), 1, n * log(fabs(scale)));
    return weir_affine(x, scale, shift);
}

static weir_tensor *affine_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     weir_tensor **log_det)
{
    const opts *o = weir_module_state(m);
    return elementwise_affine_apply(m, x, o->a, o->b, log_det);
}

static weir_tensor *affine_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                   weir_tensor **log_det)
{
    const opts *o = weir_module_state(m);
    return elementwise_affine_apply(m, y, 1 / o->a, -o->b / o->a, log_det);
}

const weir_module_row weir__row_affine = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.affine",
        .doc = "y = scale x + shift, fixed",
        .options = affine_options,
        .options_size = sizeof(opts),
        .test = "scale=-2.5 shift=0.5",
    },
    .state_size = sizeof(opts),
    .create = elementwise_affine_create,
    .transform = affine_transform,
    .inverse = affine_inverse,
    .torch = weir__torch_affine,
};
