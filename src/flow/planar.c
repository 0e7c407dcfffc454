/* planar.c - planar flows (Rezende, Mohamed 2015, section 4.1): the space is stretched along one
 * direction, across a plane,
 *
 *     y = x + u' tanh(w x + b),    log|det| = log(1 + c (1 - tanh^2)),    c = w u',
 *
 * with u' = u + (m(w u) - w u) w / |w|^2 and m(v) = softplus(v) - 1 (appendix A.1), so that c > -1
 * and y rises along w. There is no closed inverse: s = tanh(w x + b) is the one root of
 *
 *     g(s) = s - tanh(w y + b - c s),   g' = 1 + c (1 - tanh^2) > 0,   on [-1, 1],
 *
 * found by bisection, and x = y - u' s. Two steps of Newton behind that are recorded: each doubles
 * the order to which derivatives are those of the root, so that the second are too. */
#include <stddef.h>
#include "flow/flow.h"
#include "weir/grad.h"

typedef struct opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *w, *u, *bias; /* [dim], [dim], [1] */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void planar_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    const int64_t one = 1;
    s->w = weir_module_parameter(m, "w", t, 1, &o->dim, (weir_init){ WEIR_INIT_NORMAL, 0.5 });
    s->u = weir_module_parameter(m, "u", t, 1, &o->dim, (weir_init){ WEIR_INIT_NORMAL, 0.1 });
    s->bias = weir_module_parameter(m, "bias", t, 1, &one, (weir_init){ WEIR_INIT_ZEROS, 0 });
}

typedef struct plane {
    weir_tensor *w, *u, *c; /* [1, dim], u' [1, dim], [1] */
    weir_tensor *height;    /* w x + b [B, 1], of x or of y */
} plane;

static weir_tensor *planar_dot(weir_tensor *a, weir_tensor *b) { return weir_sum(weir_mul(a, b)); }

static plane planar_of(const state *s, weir_tensor *x)
{
    const int64_t line[] = { 1, s->w->shape[0] };
    plane p = {
        .w = weir_reshape(weir_parameter_here(x, s->w), 2, line),
        .u = weir_reshape(weir_parameter_here(x, s->u), 2, line),
    };
    weir_tensor *along = planar_dot(p.w, p.u), *square = weir_sum(weir_square(p.w));
    weir_tensor *least = weir_scalar(x->object.ctx, x->dtype, 1e-30); /* w = 0: a shift */
    weir_tensor *more = weir_sub(weir_affine(weir_softplus(along), 1, -1), along);
    p.u = weir_add(p.u, weir_mul(p.w, weir_div(more, weir_maximum(square, least))));
    p.c = planar_dot(p.w, p.u);
    p.height = weir_linear(x, p.w, weir_parameter_here(x, s->bias));
    return p;
}

/* log(1 + c (1 - s^2)) [B], of s [B, 1] */
static weir_tensor *planar_log_slope(const plane *p, weir_tensor *s)
{
    return weir_sum_samples(weir_log1p(weir_mul(p->c, weir_affine(weir_square(s), -1, 1))));
}

static weir_tensor *planar_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     weir_tensor **log_det)
{
    const state *own = weir_module_state(m);
    if (!weir__is_rows(m, x, own->w->shape[0], own->w->dtype))
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    plane p = planar_of(own, x);
    weir_tensor *s = weir_tanh(p.height);
    *log_det = planar_log_slope(&p, s);
    return weir_add(x, weir_mul(s, p.u));
}

/* -- the inverse ------------------------------------------------------------------------------- */
/* tanh(height - c s) */
static weir_tensor *planar_next(const plane *p, weir_tensor *s)
{
    return weir_tanh(weir_sub(p->height, weir_mul(p->c, s)));
}

/* Halves [-1, 1] until the type has no number between: no derivative. */
static weir_tensor *planar_bisect(plane p)
{
    p.height = weir_detach(p.height);
    p.c = weir_detach(p.c);
    weir_tensor *s = weir_zeros_like(p.height), *zero = s;
    double step = 0.5;
    for (int i = 0; i < (s->dtype == WEIR_F64 ? 54 : 25); i++) {
        weir_tensor *above = weir_gt(weir_sub(s, planar_next(&p, s)), zero);
        s = weir_where(above, weir_affine(s, 1, -step), weir_affine(s, 1, step));
        step /= 2;
    }
    return s;
}

static weir_tensor *planar_newton(const plane *p, weir_tensor *s)
{
    weir_tensor *next = planar_next(p, s);
    weir_tensor *slope = weir_affine(weir_mul(p->c, weir_affine(weir_square(next), -1, 1)), 1, 1);
    return weir_sub(s, weir_div(weir_sub(s, next), slope));
}

static weir_tensor *planar_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                   weir_tensor **log_det)
{
    const state *own = weir_module_state(m);
    if (!weir__is_rows(m, y, own->w->shape[0], own->w->dtype))
        return weir__nil(y->object.ctx, WEIR__TENSOR);
    plane p = planar_of(own, y);
    weir_tensor *s = planar_newton(&p, planar_newton(&p, planar_bisect(p)));
    *log_det = weir_neg(planar_log_slope(&p, s));
    return weir_sub(y, weir_mul(s, p.u));
}

const weir_module_row weir__row_planar = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.planar",
        .doc = "y = x + u tanh(w x + b), for learners; its inverse is found by bisection",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = planar_create,
    .transform = planar_transform,
    .inverse = planar_inverse,
    .torch = weir__torch_planar,
};
