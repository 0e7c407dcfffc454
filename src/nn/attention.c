/* attention.c - nn.MultiheadAttention as self-attention, batch first: q, k, v = x W^T + b in one
 * product, attention by heads, a projection. Names and initial values are PyTorch's. */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef struct attention_opts {
    size_t size;
    int64_t width, heads;
    bool bias, causal;
    int32_t dtype;
} attention_opts;
typedef struct state {
    weir_tensor *in_weight, *in_bias, *out_weight, *out_bias; /* biases NULL: none */
    int64_t width, heads;
    bool causal;
} state;

static const weir_option options[] = {
    { "width", WEIR_OPTION_INT, offsetof(attention_opts, width), "1", 1, 1 << 20, NULL,
      "columns of input and output, a multiple of heads" },
    { "heads", WEIR_OPTION_INT, offsetof(attention_opts, heads), "1", 1, 1 << 16, NULL,
      "heads, of width / heads columns each" },
    { "bias", WEIR_OPTION_BOOL, offsetof(attention_opts, bias), "yes", 0, 1, NULL,
      "add learned biases, from 0" },
    { "causal", WEIR_OPTION_BOOL, offsetof(attention_opts, causal), "no", 0, 1, NULL,
      "a place sees itself and those before it" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(attention_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { 0 },
};

static void attention_create(weir_module *m, const void *opts)
{
    const attention_opts *o = opts;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    int64_t width = o->width, three = 3 * o->width;
    *s = (state){ .width = width, .heads = o->heads, .causal = o->causal };
    if (width % o->heads != 0) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.multihead_attention: width %lld of %lld heads: expected a multiple",
                  (long long)width, (long long)o->heads);
        return;
    }
    weir_init xavier = { WEIR_INIT_UNIFORM, sqrt(6 / (double)(width + three)) };
    weir_init linear = { WEIR_INIT_UNIFORM, 1 / sqrt((double)width) };
    weir_init zeros = { WEIR_INIT_ZEROS, 0 };
    s->in_weight = weir_module_parameter(m, "in_proj_weight", t, 2,
                                         (const int64_t[]){ three, width }, xavier);
    if (o->bias) s->in_bias = weir_module_parameter(m, "in_proj_bias", t, 1, &three, zeros);
    weir_module *out = weir_module_add(m, "out_proj",
                                       weir_module_new(weir_module_ctx(m), "group", ""));
    s->out_weight = weir_module_parameter(out, "weight", t, 2, (const int64_t[]){ width, width },
                                          linear);
    if (o->bias) s->out_bias = weir_module_parameter(out, "bias", t, 1, &width, zeros);
}

/* x [.., L, W] as [.., heads, L, W / heads], a view */
static weir_tensor *attention_heads_of(const state *s, weir_tensor *x)
{
    if (weir_is_nil(x)) return x;
    int64_t shape[WEIR_RANK_MAX];
    int n = x->ndim;
    for (int i = 0; i < n; i++) shape[i] = x->shape[i];
    shape[n - 1] = s->heads;
    shape[n] = s->width / s->heads;
    return weir_transpose(weir_reshape(x, n + 1, shape), -2, -3);
}

static weir_tensor *attention_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (x->ndim < 2 || x->ndim == WEIR_RANK_MAX || x->shape[x->ndim - 1] != s->width
        || x->dtype != s->in_weight->dtype) {
        char expected[64];
        size_t used = 0;
        weir__append(expected, sizeof expected, &used, "%s [.., places, %lld]",
                     weir_dtype_name(s->in_weight->dtype), (long long)s->width);
        return weir__module_misfit(m, x, expected);
    }
    weir_scope scope = weir_scope_begin(x->object.ctx); /* q, k and v end with it */
    weir_tensor *part[3];
    weir_chunk(weir_linear(x, s->in_weight, s->in_bias), -1, 3, part);
    weir_tensor *y = weir_scaled_dot_product_attention(
        attention_heads_of(s, part[0]), attention_heads_of(s, part[1]),
        attention_heads_of(s, part[2]), NULL, s->causal, NAN);
    weir__scope_end_keeping(scope, 1, (void *const[]){ y });
    return weir_linear(weir_reshape(weir_transpose(y, -2, -3), x->ndim, x->shape), s->out_weight,
                       s->out_bias);
}

const weir_module_row weir__row_multihead_attention = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.multihead_attention",
        .doc = "self-attention of several heads over the places of each sample",
        .options = options,
        .options_size = sizeof(attention_opts),
        .test = "width=4 heads=2 causal=yes",
    },
    .state_size = sizeof(state),
    .create = attention_create,
    .forward = attention_forward,
    .input = "2,3,4",
};
