/* radial.c - radial flows (Rezende, Mohamed 2015, section 4.1): the space is drawn towards a point
 * x_0, or pushed away. With r = |x - x_0| and h = 1 / (alpha + r),
 *
 *     y = x + beta h (x - x_0),
 *     log|det| = (d - 1) log(1 + beta h) + log(1 + alpha beta h^2),
 *
 * alpha = softplus(a) and beta = softplus(b) - alpha above -alpha (appendix A.2), so that |y - x_0|
 * rises with r. With R = |y - x_0| it is the quadratic r^2 + (alpha + beta - R) r = alpha R, whose
 * positive root makes x of y. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *centre, *a, *b; /* [dim], [1], [1] */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void radial_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    weir_init normal = { WEIR_INIT_NORMAL, 0.5 }, zeros = { WEIR_INIT_ZEROS, 0 };
    const int64_t one = 1;
    s->centre = weir_module_parameter(m, "centre", t, 1, &o->dim, normal);
    s->a = weir_module_parameter(m, "a", t, 1, &one, zeros);
    s->b = weir_module_parameter(m, "b", t, 1, &one, zeros);
}

typedef struct sphere {
    weir_tensor *alpha, *beta; /* [1] */
    weir_tensor *from;         /* x - x_0, [B, dim]; of x or of y */
    weir_tensor *radius;       /* |x - x_0|, [B, 1] */
} sphere;

static sphere radial_of(const state *own, weir_tensor *x)
{
    static const int columns[] = { 1 };
    double least = x->dtype == WEIR_F64 ? 1e-300 : 1e-37; /* or the root has no slope at x_0 */
    sphere s = {
        .alpha = weir_softplus(weir_parameter_here(x, own->a)),
        .from = weir_sub(x, weir_parameter_here(x, own->centre)),
    };
    s.beta = weir_sub(weir_softplus(weir_parameter_here(x, own->b)), s.alpha);
    weir_tensor *square = weir_sum_axes(weir_square(s.from), 1, columns, true);
    s.radius = weir_sqrt(weir_affine(square, 1, least));
    return s;
}

/* 1 + beta h [B, 1] and log|det| [B], of the radius of x */
static weir_tensor *radial_stretch(const sphere *s, weir_tensor *radius, weir_tensor **log_det)
{
    weir_tensor *one = weir_scalar(radius->object.ctx, radius->dtype, 1);
    weir_tensor *h = weir_div(one, weir_add(s->alpha, radius)), *across = weir_mul(s->beta, h);
    weir_tensor *along = weir_mul(weir_mul(s->alpha, h), across);
    double others = (double)s->from->shape[1] - 1;
    *log_det = weir_sum_samples(
        weir_add(weir_scale(weir_log1p(across), others), weir_log1p(along)));
    return weir_affine(across, 1, 1);
}

static weir_tensor *radial_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     weir_tensor **log_det)
{
    const state *own = weir_module_state(m);
    if (!weir__is_rows(m, x, own->centre->shape[0], own->centre->dtype))
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    sphere s = radial_of(own, x);
    weir_tensor *stretch = radial_stretch(&s, s.radius, log_det);
    return weir_add(weir_mul(s.from, stretch), weir_parameter_here(x, own->centre));
}

/* The positive root r of r^2 + B r = alpha R, without a difference of near numbers. */
static weir_tensor *radial_root(const sphere *s)
{
    weir_tensor *b = weir_sub(weir_add(s->alpha, s->beta), s->radius);
    weir_tensor *c = weir_mul(s->alpha, s->radius);
    weir_tensor *root = weir_sqrt(weir_add(weir_square(b), weir_scale(c, 4)));
    weir_tensor *falls = weir_lt(b, weir_zeros_like(b)), *one = weir_full_like(b, 1);
    weir_tensor *near = weir_div(weir_scale(c, 2), weir_where(falls, one, weir_add(b, root)));
    return weir_where(falls, weir_scale(weir_sub(root, b), 0.5), near);
}

static weir_tensor *radial_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                   weir_tensor **log_det)
{
    const state *own = weir_module_state(m);
    weir_tensor *forward;
    if (!weir__is_rows(m, y, own->centre->shape[0], own->centre->dtype))
        return weir__nil(y->object.ctx, WEIR__TENSOR);
    sphere s = radial_of(own, y);
    weir_tensor *stretch = radial_stretch(&s, radial_root(&s), &forward);
    *log_det = weir_neg(forward);
    return weir_add(weir_div(s.from, stretch), weir_parameter_here(y, own->centre));
}

const weir_module_row weir__row_radial = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.radial",
        .doc = "y = x + beta (x - x_0) / (alpha + |x - x_0|), for learners",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = radial_create,
    .transform = radial_transform,
    .inverse = radial_inverse,
    .torch = weir__torch_radial,
};
