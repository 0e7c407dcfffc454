/* dequantizer_variational.c - variational dequantisation (Ho et al. 2019, Flow++, section 3.1):
 * a flow g that is conditioned on the integers v makes u of noise,
 *
 *     u = sigmoid(g(xi; v)),  xi standard logistic,
 *     log q(u | v) = log p(xi) - log|det dg/dxi| - sum log sigmoid'(g).
 *
 * It is learned with the model: log P(v) >= E[log p(v + u) - log q(u | v)]. g starts as the
 * identity, and u, the sigmoid of a logistic variable, as uniform: training begins at what
 * dequantizer.uniform is.
 *
 * g are couplings of (v, xi) that keep v and, in turn, one half of xi. Of images of even height
 * and width both are squeezed, and xi is cut by the parity of its places; the networks are then
 * convolutions. Else a sample is one vector, and xi is cut into even and odd columns. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "flow/flow.h"

typedef struct variational_opts {
    size_t size;
    int64_t dim, levels, couplings, classes, context;
    weir_ints shape;
    weir_choice coupling, image_net;
    int32_t dtype;
} variational_opts;

typedef struct state {
    weir_module *flow, *squeeze; /* squeeze NULL: samples are vectors */
    int64_t shape[3]; /* of an image, or of a vector {dim} */
    int64_t levels, columns; /* columns or channels of xi */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(variational_opts, dim), "2", 1, 1 << 24, NULL,
      "values a sample" },
    { "shape", WEIR_OPTION_INTS, offsetof(variational_opts, shape), "", 1, 1 << 24, NULL,
      "of a sample; an image of even height and width is looked at as one" },
    { "levels", WEIR_OPTION_INT, offsetof(variational_opts, levels), "256", 0, 1 << 24, NULL,
      "data are integers 0 .. levels-1" },
    { "couplings", WEIR_OPTION_INT, offsetof(variational_opts, couplings), "4", 1, 256, NULL,
      "of the flow" },
    { "coupling", WEIR_OPTION_ROW, offsetof(variational_opts, coupling), "affine_coupling", 0, 0,
      "bijection", "what is repeated" },
    { "image_net", WEIR_OPTION_ROW, offsetof(variational_opts, image_net), "conv width=32", 0, 0,
      "network", "of couplings of images, in place of coupling.net" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(variational_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type" },
    WEIR__OPTIONS_CONDITION(variational_opts, ", which the couplings see"),
    { 0 },
};

/* -- making ------------------------------------------------------------------------------------ */
static void variational_shape(weir_module *m, const variational_opts *o)
{
    state *s = weir_module_state(m);
    const int64_t *at = o->shape.at;
    *s = (state){ .levels = o->levels > 0 ? o->levels : 1, .columns = o->dim, .shape = { o->dim } };
    if (o->shape.n != 3 || at[1] % 2 != 0 || at[2] % 2 != 0) return;
    memcpy(s->shape, at, sizeof s->shape);
    s->columns = 4 * at[0];
    s->squeeze = weir_module_add(m, "squeeze",
                                 weir_module_new(weir_module_ctx(m), "squeeze", "flavour=ordered"));
}

/* Whether coupling i keeps column j of xi: halves in turn; a single column is always mapped. */
static bool variational_keeps(const state *s, int64_t i, int64_t j)
{
    if (s->columns == 1) return false;
    int64_t half = s->squeeze ? j >= s->columns / 2 : j % 2;
    return half == i % 2;
}

/* Of the columns of (v, xi), for coupling i. NULL: no memory. weir__free it. */
static char *variational_mask(weir_module *m, int64_t i)
{
    const state *s = weir_module_state(m);
    char *text = weir__alloc_n(weir_module_ctx(m), 2 * s->columns + 1, 1);
    for (int64_t j = 0; text && j < s->columns; j++) {
        text[j] = '1';
        text[s->columns + j] = variational_keeps(s, i, j) ? '1' : '0';
    }
    if (text) text[2 * s->columns] = 0;
    return text;
}

static weir_module *variational_coupling(weir_module *m, weir_choice *k, int64_t i)
{
    const state *s = weir_module_state(m);
    const weir_row *row = &m->row->row;
    weir_ctx *c = weir_module_ctx(m);
    const weir__gift gift = { "dim", 2 * s->columns };
    char *mask = variational_mask(m, i);
    if (mask) weir__choice_give(c, row, "coupling", k, "partition", "mask");
    if (mask && weir_ok(c)) weir__choice_give(c, row, "coupling", k, "mask", mask);
    weir__free(c, mask);
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODULE);
    return weir__choice_module(c, row, "coupling", k, 1, &gift);
}

static void variational_couplings(weir_module *m, const variational_opts *o, weir_choice *k)
{
    const state *s = weir_module_state(m);
    for (int64_t i = 0; i < o->couplings && weir_ok(weir_module_ctx(m)); i++) {
        char name[24];
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%lld", (long long)i);
        weir_module_add(s->flow, name, variational_coupling(m, k, i));
    }
}

static void variational_create(weir_module *m, const void *options_)
{
    const variational_opts *o = options_;
    state *s = weir_module_state(m);
    weir_ctx *c = weir_module_ctx(m);
    weir_choice k = o->coupling;
    variational_shape(m, o);
    s->flow = weir_module_add(m, "flow", weir__compose_new(c));
    if (!weir__option_named(k.row, "mask")) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: coupling: %s: expected a coupling", m->row->row.name,
                  k.row->name);
        return;
    }
    k.options = weir__options_clone(c, k.row, k.options);
    if (s->squeeze && k.options)
        weir_choice_set(c, k.row, k.options, "net", o->image_net.row, o->image_net.options);
    if (k.options) variational_couplings(m, o, &k);
    weir__options_delete(c, k.row, k.options);
}

/* -- running ----------------------------------------------------------------------------------- */
/* log of the standard logistic density, which is sigmoid' as well, summed over a sample. */
static weir_tensor *variational_logistic(weir_tensor *y)
{
    return weir_sum_samples(weir_sub(y, weir_scale(weir_softplus(y), 2)));
}

static weir_tensor *variational_noise(const weir_tensor *like)
{
    weir_ctx *c = like->object.ctx;
    bool wide = like->dtype == WEIR_F64;
    weir_tensor *least = weir_scalar(c, like->dtype, wide ? 0x1p-54 : 0x1p-25);
    weir_tensor *w = weir_rand(c, like->dtype, like->ndim, like->shape);
    w = weir_maximum(w, least); /* 0 becomes half of what draws are multiples of */
    return weir_sub(weir_log(w), weir_log(weir_affine(w, -1, 1)));
}

/* [B, dim] or, squeezed, [B, 4 C, H / 2, W / 2] */
static weir_tensor *variational_fold(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (!s->squeeze) return weir_flatten(x);
    const int64_t *at = s->shape;
    x = weir_reshape(x, 4, (const int64_t[]){ x->shape[0], at[0], at[1], at[2] });
    return weir_bijection_forward(s->squeeze, x, NULL, NULL);
}

static weir_tensor *variational_unfold(weir_module *m, weir_tensor *y, const weir_tensor *like)
{
    const state *s = weir_module_state(m);
    if (s->squeeze) y = weir_bijection_inverse(s->squeeze, y, NULL, NULL);
    return weir_is_nil(y) ? y : weir_reshape(y, like->ndim, like->shape);
}

static weir_tensor *variational_dequantize(weir_module *m, weir_tensor *v, const weir_condition *k,
                                           weir_tensor **log_q)
{
    const state *s = weir_module_state(m);
    double levels = (double)s->levels;
    int64_t values = s->squeeze ? s->columns * s->shape[1] * s->shape[2] / 4 : s->columns;
    if (weir__numel_of(v->ndim - 1, v->shape + 1) != values)
        return weir__module_misfit(m, v, "as many values a sample as dim");
    weir_tensor *seen = variational_fold(m, weir_affine(v, 2 / levels, 1 / levels - 1));
    weir_tensor *xi = weir_is_nil(seen) ? seen : variational_noise(seen);
    weir_tensor *log_det, *both = weir_cat(2, (weir_tensor *[]){ seen, xi }, 1);
    both = weir_bijection_forward(s->flow, both, k, &log_det);
    if (weir_is_nil(both)) return both;
    weir_tensor *y = weir_slice(both, 1, s->columns, 2 * s->columns, 1);
    *log_q = weir_sub(variational_logistic(xi), weir_add(log_det, variational_logistic(y)));
    double most = v->dtype == WEIR_F64 ? 1 - 0x1p-53 : 1 - 0x1p-24; /* the largest number below 1 */
    return variational_unfold(m, weir_clamp(weir_sigmoid(y), 0, most), v);
}

const weir_module_row weir__dequantizer_variational = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "dequantizer.variational",
        .doc = "u of a flow that is conditioned on the integers and learned with the model",
        .options = options,
        .options_size = sizeof(variational_opts),
        .test = "dim=4 levels=8 dtype=f64",
        .given = "dim|shape|levels|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = variational_create,
    .dequantize = variational_dequantize,
    .draws = true,
    .torch = weir__torch_dequantizer_variational,
};
