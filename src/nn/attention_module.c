/* attention_module.c - attention of several heads as transformers of diffusion have it: q of x, k
 * and v of x or of another sequence, with masks, norms of q and k, and rotary embedding. Names are
 * those of diffusers' Attention. */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef enum attention_norm { ATTENTION_NO_NORM, ATTENTION_RMS, ATTENTION_LAYER } attention_norm;

typedef struct attention_module_opts {
    size_t size;
    int64_t width, context, heads, head;
    bool bias, out_bias, causal;
    int32_t qk_norm, dtype;
    double eps;
} attention_module_opts;

typedef struct attention_state {
    weir_module *q, *k, *v, *out, *norm_q, *norm_k; /* norms NULL: none */
    int64_t width, context, heads, head; /* context 0: x itself */
    bool causal;
    weir_dtype dtype;
} attention_state;

static const weir_option attention_options[] = {
    { "width", WEIR_OPTION_INT, offsetof(attention_module_opts, width), "1", 1, 1 << 20, NULL,
      "columns of input and output" },
    { "context", WEIR_OPTION_INT, offsetof(attention_module_opts, context), "0", 0, 1 << 20, NULL,
      "columns of the sequence that is looked at; 0: the input itself" },
    { "heads", WEIR_OPTION_INT, offsetof(attention_module_opts, heads), "1", 1, 1 << 16, NULL,
      "heads" },
    { "head", WEIR_OPTION_INT, offsetof(attention_module_opts, head), "0", 0, 1 << 16, NULL,
      "columns of a head; 0: width / heads" },
    { "bias", WEIR_OPTION_BOOL, offsetof(attention_module_opts, bias), "no", 0, 1, NULL,
      "learned biases of q, k and v" },
    { "out_bias", WEIR_OPTION_BOOL, offsetof(attention_module_opts, out_bias), "yes", 0, 1, NULL,
      "a learned bias of the output" },
    { "qk_norm", WEIR_OPTION_CHOICE, offsetof(attention_module_opts, qk_norm), "none", 0, 0,
      "none|rms_norm|layer_norm", "norms of each head of q and of k, with weights" },
    { "eps", WEIR_OPTION_REAL, offsetof(attention_module_opts, eps), "1e-5", 0, 1e3, NULL,
      "of these norms" },
    { "causal", WEIR_OPTION_BOOL, offsetof(attention_module_opts, causal), "no", 0, 1, NULL,
      "a place sees itself and those before it" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(attention_module_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { 0 },
};

/* -- making ------------------------------------------------------------------------------------ */
static weir_module *attention_linear(weir_module *parent, const char *name, int64_t in, int64_t out,
                                     bool bias, int32_t dtype)
{
    const weir__linear_opts o = {
        .size = sizeof o, .in = in, .out = out, .bias = bias, .dtype = dtype
    };
    return weir_module_add(parent, name,
                           weir_module_from_row(weir_module_ctx(parent), &weir__row_linear, &o));
}

static weir_module *attention_norm_of(weir_module *m, const char *name,
                                      const attention_module_opts *o, int64_t head)
{
    char text[96];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "shape=%lld dtype=%s eps=%.17g", (long long)head,
                 o->dtype ? "f64" : "f32", o->eps);
    const char *row = o->qk_norm == ATTENTION_RMS ? "rms_norm" : "layer_norm";
    return weir_module_add(m, name, weir_module_new(weir_module_ctx(m), row, text));
}

static void attention_create(weir_module *m, const void *options)
{
    const attention_module_opts *o = options;
    attention_state *s = weir_module_state(m);
    int64_t head = o->head ? o->head : o->width / o->heads, inner = head * o->heads;
    int64_t from = o->context ? o->context : o->width;
    if (!o->head && o->width % o->heads != 0) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.attention: width %lld of %lld heads: expected a multiple, or head=",
                  (long long)o->width, (long long)o->heads);
        return;
    }
    *s = (attention_state){ .width = o->width,
                            .context = o->context,
                            .heads = o->heads,
                            .head = head,
                            .causal = o->causal,
                            .dtype = weir__dtype_option(o->dtype) };
    s->q = attention_linear(m, "to_q", o->width, inner, o->bias, o->dtype);
    s->k = attention_linear(m, "to_k", from, inner, o->bias, o->dtype);
    s->v = attention_linear(m, "to_v", from, inner, o->bias, o->dtype);
    weir_module *out = weir_module_add(
        m, "to_out", weir_module_from_row(weir_module_ctx(m), &weir__row_module_list, NULL));
    s->out = attention_linear(out, "0", inner, o->width, o->out_bias, o->dtype);
    if (o->qk_norm == ATTENTION_NO_NORM) return;
    s->norm_q = attention_norm_of(m, "norm_q", o, head);
    s->norm_k = attention_norm_of(m, "norm_k", o, head);
}

/* -- running ----------------------------------------------------------------------------------- */
static const weir_attention_opts attention_whole = { .size = sizeof(weir_attention_opts),
                                                     .neighbours = true };

void weir_attention_defaults_sized(weir_attention_opts *o, size_t size)
{
    weir__sized_defaults(o, size, &attention_whole, sizeof attention_whole);
}

/* A projection of x [.., L, columns] as [.., L, heads, head], a view. */
static weir_tensor *attention_heads(const attention_state *s, weir_module *projection,
                                    weir_tensor *x)
{
    weir_tensor *y = weir_module_forward(projection, x);
    if (weir_is_nil(y)) return y;
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < y->ndim; i++) shape[i] = y->shape[i];
    shape[y->ndim - 1] = s->heads;
    shape[y->ndim] = s->head;
    return weir_reshape(y, y->ndim + 1, shape);
}

/* Normalised, then turned, where that is wanted. Angles [.., L, head / 2] are those of all heads.
 */
static weir_tensor *attention_ready(weir_tensor *h, weir_module *norm, weir_tensor *cosine,
                                    weir_tensor *sine, bool neighbours)
{
    if (norm) h = weir_module_forward(norm, h);
    if (!cosine) return h;
    return weir_rotary(h, weir_unsqueeze(cosine, -2), weir_unsqueeze(sine, -2), neighbours);
}

static weir_tensor *attention_front(weir_tensor *h) /* [.., L, heads, E] to [.., heads, L, E] */
{
    return weir_transpose(h, -2, -3);
}

static weir_tensor *attention_run(const attention_state *s, weir_tensor *x, weir_tensor *from,
                                  const weir_attention_opts *o)
{
    weir_scope scope = weir_scope_begin(x->object.ctx); /* q, k and v end with it */
    bool apart = from != x; /* places of another sequence have angles of their own */
    weir_tensor *q = attention_ready(attention_heads(s, s->q, x), s->norm_q, o->cosine, o->sine,
                                     o->neighbours);
    weir_tensor *k = attention_ready(attention_heads(s, s->k, from), s->norm_k,
                                     apart ? o->key_cosine : o->cosine,
                                     apart ? o->key_sine : o->sine, o->neighbours);
    weir_tensor *v = attention_heads(s, s->v, from);
    weir_tensor *y = weir_scaled_dot_product_attention(attention_front(q), attention_front(k),
                                                       attention_front(v), o->mask, s->causal, NAN);
    weir__scope_end_keeping(scope, 1, (void *const[]){ y });
    if (weir_is_nil(y)) return y;
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < x->ndim; i++) shape[i] = x->shape[i];
    shape[x->ndim - 1] = s->heads * s->head;
    return weir_module_forward(s->out, weir_reshape(attention_front(y), x->ndim, shape));
}

static bool attention_is(const attention_state *s, const weir_tensor *x, int64_t width)
{
    return x->ndim >= 2 && x->ndim < WEIR_RANK_MAX && x->shape[x->ndim - 1] == width
           && x->dtype == s->dtype;
}

/* x, and what is looked at: nil, after an error, unless they are what the module takes. */
static weir_tensor *attention_from(weir_module *m, weir_tensor *x, weir_tensor *context)
{
    const attention_state *s = weir_module_state(m);
    char expected[96];
    size_t used = 0;
    if (!attention_is(s, x, s->width)) {
        weir__append(expected, sizeof expected, &used, "%s [.., places, %lld]",
                     weir_dtype_name(s->dtype), (long long)s->width);
        return weir__module_misfit(m, x, expected);
    }
    if (!s->context && !context) return x;
    if (s->context && context && attention_is(s, context, s->context)) return context;
    if (s->context)
        weir__append(expected, sizeof expected, &used, "a context, %s [.., places, %lld]",
                     weir_dtype_name(s->dtype), (long long)s->context);
    else weir__append(expected, sizeof expected, &used, "no context, as context=0 says");
    return weir__module_misfit(m, context ? context : x, expected);
}

static weir_tensor *attention_forward(weir_module *m, weir_tensor *x)
{
    weir_tensor *from = attention_from(m, x, NULL);
    return weir_is_nil(from) ? from
                             : attention_run(weir_module_state(m), x, from, &attention_whole);
}

const weir_module_row weir__row_attention = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.attention",
        .doc = "attention of several heads, to the input or another sequence",
        .options = attention_options,
        .options_size = sizeof(attention_module_opts),
        .test = "width=4 heads=2 head=3 qk_norm=rms_norm causal=yes",
    },
    .state_size = sizeof(attention_state),
    .create = attention_create,
    .forward = attention_forward,
    .input = "2,3,4",
};

/* -- with a context, masks and angles ---------------------------------------------------------- */
static bool attention_fits(weir_module *m, weir_tensor *x, const weir_attention_opts *o)
{
    weir_ctx *c = x ? weir_ctx_of(x) : weir_module_ctx(m);
    const char *wrong = NULL;
    if (!m || !x) wrong = "NULL: expected a module and x";
    else if (m->object.nil || weir_is_nil(x)) wrong = "nil: expected what could be made";
    else if (m->row != &weir__row_attention) wrong = "another module: expected one of attention";
    else if (!o->cosine != !o->sine || !o->key_cosine != !o->key_sine)
        wrong = "a cosine without a sine, or the reverse: expected both or neither";
    if (wrong) weir_fail(c, WEIR_ERROR_ARGUMENT, "attention_at: %s", wrong);
    return !wrong;
}

weir_tensor *weir_attention_at(weir_module *m, weir_tensor *x, const weir_attention_opts *options)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_ctx *c = x ? weir_ctx_of(x) : weir_module_ctx(m);
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    weir_attention_opts o = attention_whole;
    if (!weir__sized_read(c, "attention_at: options", "them from weir_attention_defaults", options,
                          &o, sizeof o)
        || (m && !weir__lives(m, "attention_at")) || (x && !weir__lives(x, "attention_at"))
        || !attention_fits(m, x, &o) || !weir__forward_begin(m, x, "attention_at", &mark))
        return nil;
    weir_tensor *from = attention_from(m, x, o.context);
    weir_tensor *y = weir_is_nil(from) ? from : attention_run(weir_module_state(m), x, from, &o);
    return weir__forward_end(mark, y, NULL);
}
