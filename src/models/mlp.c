/* mlp.c - a multi-layer perceptron: linear layers with an activation between them, none at the end.
 * Children are numbered as in nn.Sequential(Linear, Activation, Linear, ..), so the parameters are
 * 0.weight, 0.bias, 2.weight, ..
 *
 * With time= it is a network of (x, t): columns made of t (time_waves.c) stand behind those of x,
 * and the first layer has so many more inputs: raw t; fourier t and its waves; sinusoidal its
 * waves, of 1000 t. With classes= and context= the columns of the condition stand behind those
 * (src/nn/condition_columns.c). */
#include <stddef.h>
#include "models/models.h"
#include "ops/ops.h"
#include "weir/grad.h"

enum { NONE, RAW, FOURIER, SINUSOIDAL };

typedef struct state {
    int32_t time;
    int64_t frequencies;
    weir__condition_use use;
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(weir__mlp_opts, in), "2", 1, 1 << 24, NULL,
      "columns of the input" },
    { "out", WEIR_OPTION_INT, offsetof(weir__mlp_opts, out), "2", 1, 1 << 24, NULL,
      "columns of the output" },
    { "hidden", WEIR_OPTION_INTS, offsetof(weir__mlp_opts, hidden), "64,64", 1, 1 << 16, NULL,
      "widths of the hidden layers" },
    { "activation", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, activation), "relu", 0, 0,
      WEIR__MLP_ACTIVATIONS, "after every hidden layer" },
    { "time", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, time), "none", 0, 0,
      "none|" WEIR__MLP_TIMES, "columns of the time, beside those of x" },
    { "frequencies", WEIR_OPTION_INT, offsetof(weir__mlp_opts, frequencies), "8", 1, 1 << 12, NULL,
      "of time=fourier and sinusoidal" },
    { "init", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, init), "pytorch", 0, 0,
      "pytorch|uniform",
      "pytorch: weights and biases uniform on +-1/sqrt(in); uniform: weights on +-bound, biases "
      "0" },
    { "bound", WEIR_OPTION_REAL, offsetof(weir__mlp_opts, bound), "0.01", 0, 1e3, NULL,
      "of init=uniform" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { "zero", WEIR_OPTION_BOOL, offsetof(weir__mlp_opts, zero), "no", 0, 1, NULL,
      "the last layer starts at 0, so that the output does" },
    WEIR__OPTIONS_CONDITION(weir__mlp_opts, ", which joins the input, a class as a one-hot vector"),
    { 0 },
};

static void mlp_add(weir_module *m, weir_module *child)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(m));
    weir_module_add(m, name, child);
}

static int64_t time_columns(const state *s)
{
    return s->time == RAW          ? 1
           : s->time == FOURIER    ? 1 + 2 * s->frequencies
           : s->time == SINUSOIDAL ? 2 * s->frequencies
                                   : 0;
}

static void mlp_create(weir_module *m, const void *options_)
{
    static const weir_module_row *const activations[] = { &weir__row_relu,    &weir__row_tanh,
                                                          &weir__row_sigmoid, &weir__row_softplus,
                                                          &weir__row_silu,    &weir__row_gelu };
    const weir__mlp_opts *o = options_;
    weir_ctx *c = weir_module_ctx(m);
    state *s = weir_module_state(m);
    *s = (state){
        .time = o->time,
        .frequencies = o->frequencies,
        .use = { .classes = o->classes, .context = o->context },
    };
    int64_t in = o->in + time_columns(s) + weir__condition_width(s->use);
    for (int64_t i = 0; i <= o->hidden.n; i++) {
        int64_t out = i < o->hidden.n ? o->hidden.at[i] : o->out;
        weir__linear_opts l = {
            .size = sizeof l,
            .in = in,
            .out = out,
            .bias = true,
            .init = o->init,
            .bound = o->bound,
            .dtype = o->dtype,
        };
        if (o->zero && i == o->hidden.n) {
            l.init = WEIR__LINEAR_UNIFORM;
            l.bound = 0;
        }
        mlp_add(m, weir_module_from_row(c, &weir__row_linear, &l));
        if (i < o->hidden.n) mlp_add(m, weir_module_from_row(c, activations[o->activation], NULL));
        in = out;
    }
}

/* -- with a time and a condition --------------------------------------------------------------- */
/* [B, columns of x, of t and of the condition] */
static weir_tensor *mlp_joined(weir_module *m, weir_tensor *x, weir_tensor *t,
                               const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_tensor *part[4] = { weir_flatten(x) };
    int n = 1;
    if (s->time != NONE) {
        weir_tensor *column = weir_reshape(t, 2, (const int64_t[]){ t->shape[0], 1 });
        if (s->time != SINUSOIDAL) part[n++] = column;
        const weir__waves waves = {
            .fourier = s->time == FOURIER,
            .frequencies = s->frequencies,
            .scale = 1000,
        };
        if (s->time != RAW) part[n++] = weir__time_waves(&waves, t);
    }
    if (weir__condition_width(s->use) > 0) part[n++] = weir__condition_columns(m, x, k, s->use);
    return n == 1 ? part[0] : weir_cat(n, part, 1);
}

static bool time_fits(weir_module *m, const weir_tensor *x, const weir_tensor *t)
{
    const state *s = weir_module_state(m);
    if ((s->time == NONE) == (t == NULL)) return true;
    const char *expected = t ? "no time, or a network made with time="
                             : "a time of every sample, or a network of time=none";
    weir_fail(x->object.ctx, WEIR_ERROR_STATE, "%s: %s: expected %s", m->row->row.name,
              t ? "a time" : "no time", expected);
    return false;
}

/* y in the shape of x where it has as many elements */
static weir_tensor *mlp_shaped(weir_tensor *y, const weir_tensor *x)
{
    return weir_is_nil(y) || y->numel != x->numel ? y : weir_reshape(y, x->ndim, x->shape);
}

static weir_tensor *mlp_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    if (!time_fits(m, x, t)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    return mlp_shaped(weir__sequential_forward(m, mlp_joined(m, x, t, k)), x);
}

/* -- products with the Jacobian: tangents go forward beside values, all of a sample's together - */
/* y = f(h) and its slope, for a function of single elements */
static weir_tensor *with_slope(weir_module *activation, weir_tensor *h, weir_tensor **slope)
{
    weir_ctx *c = h->object.ctx;
    *slope = weir__nil(c, WEIR__TENSOR);
    if (weir_is_nil(h)) return h;
    weir_scope s = weir_scope_begin(c);
    c->modes.no_grad = false;
    weir_tensor *leaf = weir_set_requires_grad(weir_detach(h), true);
    weir_tensor *y = weir_module_forward(activation, leaf);
    weir_tensor *one = weir_full(c, h->dtype, 0, NULL, 1);
    one = weir_expand(one, h->ndim, h->shape);
    weir_grad(1, &y, 1, &leaf, &one, false, false, slope);
    y = weir_detach(y);
    weir__scope_end_keeping(s, 2, (void *const[]){ y, *slope });
    return y;
}

/* The layer and the activation behind it, values and slopes at once; false: it has no such kernel.
 */
static bool layer_with_slope(weir_module *linear, weir_module *activation, weir_tensor **h,
                             weir_tensor **slope)
{
    weir_tensor *out[2];
    weir_scope s = weir_scope_begin_no_grad((*h)->object.ctx);
    weir_tensor *w = weir_module_state_find(linear, "weight");
    weir_tensor *b = weir_module_state_find(linear, "bias");
    bool done = weir__linear_act_slope(*h, w, b, weir__activation_of(activation), out);
    if (done) {
        *h = out[0];
        *slope = out[1];
        weir__scope_end_keeping(s, 2, (void *const[]){ *h, *slope });
    } else {
        weir_scope_end(s);
    }
    return done;
}

/* [B, k, columns] times W^T, without the bias; `used` columns of W only: of the first layer those
 * of x */
static weir_tensor *mlp_through(weir_module *linear, weir_tensor *v, int64_t used)
{
    weir_tensor *w = weir_module_state_find(linear, "weight");
    return weir_is_nil(w)
               ? w
               : weir_linear(v, used < w->shape[1] ? weir_slice(w, 1, 0, used, 1) : w, NULL);
}

/* [B, k, H] by [B, H], which is used up */
static weir_tensor *times_slope(weir_tensor *v, weir_tensor *slope)
{
    if (weir_is_nil(slope)) return slope;
    const int64_t shape[] = { slope->shape[0], 1, slope->shape[1] };
    weir_scope s = weir_scope_begin(slope->object.ctx); /* of the view */
    weir_tensor *y = weir_mul(v, weir_reshape(slope, 3, shape));
    weir__scope_end_keeping(s, 1, (void *const[]){ y });
    weir__tensor_consumed(slope, y);
    return y;
}

/* Tangents that are the same memory for every sample: the first layer takes them once, and what
 * follows broadcasts. */
static weir_tensor *mlp_once(weir_tensor *tangents)
{
    bool same = tangents->shape[0] > 1 && tangents->strides[0] == 0;
    return same ? weir_slice(tangents, 0, 0, 1, 1) : tangents;
}

static weir_tensor *mlp_jvp(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                            weir_tensor *tangents, weir_tensor **jv)
{
    weir_tensor *v = mlp_once(tangents), *slope = NULL;
    bool known = false; /* the slope, from the layer before */
    if (!time_fits(m, x, t)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir_tensor *h = mlp_joined(m, x, t, k);
    for (int64_t i = 0; i < m->n_children && weir_ok(x->object.ctx); i++) {
        weir_module *layer = m->children[i];
        weir_tensor *v_before = v, *h_before = h;
        if (i % 2 == 0) {
            v = mlp_through(layer, v, v->shape[2]);
            known = i + 1 < m->n_children
                    && layer_with_slope(layer, m->children[i + 1], &h, &slope);
            if (!known) h = weir_module_forward(layer, h);
        } else {
            if (!known) h = with_slope(layer, h, &slope);
            v = times_slope(v, slope);
        }
        weir__tensor_consumed(v_before, v);
        weir__tensor_consumed(h_before, h);
    }
    if (weir_is_nil(v)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    *jv = weir_expand(v, 3, (const int64_t[]){ x->shape[0], v->shape[1], v->shape[2] });
    return mlp_shaped(h, x);
}

const weir_module_row weir__row_mlp = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.mlp",
        .doc = "linear layers with an activation between them",
        .options = options,
        .options_size = sizeof(weir__mlp_opts),
        .test = "in=3 out=2 hidden=8,8",
        .given = "in|out|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = mlp_create,
    .forward = weir__sequential_forward,
    .at = mlp_at,
    .jvp = mlp_jvp,
    .torch = weir__torch_mlp,
};
