/* coupling_affine.c - the affine coupling of RealNVP (Dinh, Sohl-Dickstein, Bengio 2017, section
 * 3.2): with (h, t) = net(x_A), each as wide as B, and s = scale(h),
 *
 *     y_B = x_B exp(s) + t,   x_B = (y_B - t) exp(-s),   log|det| = sum s.
 *
 * How a network's output h becomes a log scale s, with bound c:
 *     exp        h
 *     sigmoid    log sigmoid(h + 2)          Glow: scales in (0, 1)
 *     tanh       c tanh(h / c)               RealNVP and FrEIA bound it likewise; slope 1 at 0
 *     soft       h / (1 + |h| / c)           zuko: c = log 1000 there */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef enum scale { EXP, SIGMOID, TANH, SOFT } scale;

typedef struct opts {
    weir__coupling_opts coupling;
    int32_t scale;
    double bound;
} opts;

typedef struct state {
    weir__coupling coupling;
    scale scale;
    double bound;
} state;

static const weir_option options[] = {
    WEIR__COUPLING_OPTIONS("mlp hidden=64,64 zero=yes",
                           "of the part that is kept: scales and shifts of the other"),
    { "scale", WEIR_OPTION_CHOICE, offsetof(opts, scale), "soft", 0, 0, "exp|sigmoid|tanh|soft",
      "how the net's output h becomes a log scale: h; log sigmoid(h + 2); c tanh(h / c); h / (1 + "
      "|h| / c)" },
    { "bound", WEIR_OPTION_REAL, offsetof(opts, bound), "3", 1e-3, 100, NULL,
      "c: the largest log scale of scale=tanh and soft" },
    { 0 },
};

static weir_tensor *affine_log_scale(const state *s, weir_tensor *h)
{
    switch (s->scale) {
    case EXP: return h;
    case SIGMOID: return weir_logsigmoid(weir_affine(h, 1, 2));
    case TANH: return weir_scale(weir_tanh(weir_scale(h, 1 / s->bound)), s->bound);
    case SOFT: return weir_div(h, weir_affine(weir_abs(h), 1 / s->bound, 1));
    }
    return h;
}

static weir_tensor *affine_apply(const weir__coupling *s, weir_tensor *x, weir_tensor *h,
                                 bool inverse, weir_tensor **log_slope)
{
    int64_t n = x->shape[1];
    weir_tensor *log_scale = affine_log_scale((const state *)s, weir_slice(h, 1, 0, n, 1));
    weir_tensor *shift = weir_slice(h, 1, n, 2 * n, 1);
    *log_slope = inverse ? weir_neg(log_scale) : log_scale;
    if (inverse) return weir_mul(weir_sub(x, shift), weir_exp(*log_slope));
    return weir_add(weir_mul(x, weir_exp(log_scale)), shift);
}

static const weir__coupling_map affine = { .params = 2, .apply = affine_apply };

static void affine_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir__coupling_create(m, options_, &affine);
    s->scale = (scale)o->scale;
    s->bound = o->bound;
}

const weir_module_row weir__row_affine_coupling = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.affine_coupling",
        .doc = "y = (A, B exp(s) + t), (s, t) of net(A)",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5 net.hidden=8 net.zero=no",
        .given = WEIR__COUPLING_GIVEN,
    },
    .state_size = sizeof(state),
    .create = affine_create,
    .transform = weir__coupling_transform,
    .inverse = weir__coupling_inverse,
};
