/* conv.c - the network of Glow's couplings (Kingma, Dhariwal 2018, appendix B): convolutions of
 * 3 x 3, 1 x 1 and 3 x 3 places with `width` channels between them, each but the last normalised
 * (conv2d_same) and followed by relu; the last starts at 0. With classes= and context= a linear map
 * of the condition is added to the channels before each relu. */
#include <stddef.h>
#include "models/models.h"

typedef struct opts {
    size_t size;
    int64_t in, out, width, classes, context;
    bool edge;
    int32_t norm, dtype;
} opts;

typedef struct state {
    weir__condition_use use;
    weir_module *conv[3], *condition[2]; /* condition NULL: none */
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "2", 1, 1 << 24, NULL, "channels of the input" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "2", 1, 1 << 24, NULL,
      "channels of the output" },
    { "width", WEIR_OPTION_INT, offsetof(opts, width), "64", 1, 1 << 16, NULL,
      "channels between the convolutions" },
    { "norm", WEIR_OPTION_CHOICE, offsetof(opts, norm), "actnorm", 0, 0, "none|actnorm",
      "of the first two convolutions: as the first batch is" },
    { "edge", WEIR_OPTION_BOOL, offsetof(opts, edge), "yes", 0, 1, NULL,
      "convolutions of 3 x 3 places have a learned bias of the places at the edge" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(opts, ""),
    { 0 },
};

/* -- making --------------------------------------------------------------------------------- */
static weir_module *conv_add(weir_module *m, const char *name, const char *row, const char *text)
{
    return weir_module_add(m, name, weir_module_new(weir_module_ctx(m), row, text));
}

static const char *conv_dtype(const opts *o) { return o->dtype ? "f64" : "f32"; }

/* Convolution i and, but for the last, the linear map of the condition. */
static void conv_add_layer(weir_module *m, const opts *o, int i)
{
    static const char *const convs[] = { "conv1", "conv2", "conv3" };
    static const char *const conditions[] = { "condition1", "condition2" };
    state *s = weir_module_state(m);
    char text[192];
    size_t used = 0;
    bool last = i == 2;
    long long in = i == 0 ? o->in : o->width;
    long long out = last ? o->out : o->width;
    const char *start = o->norm ? "norm" : "normal";
    if (last) start = "zero";
    weir__append(text, sizeof text, &used, "in=%lld out=%lld kernel=%d edge=%d start=%s dtype=%s",
                 in, out, i == 1 ? 1 : 3, o->edge, start, conv_dtype(o));
    s->conv[i] = conv_add(m, convs[i], "conv2d_same", text);
    int64_t columns = weir__condition_width(s->use);
    if (last || columns == 0) return;
    used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld bias=no dtype=%s", (long long)columns,
                 out, conv_dtype(o));
    s->condition[i] = conv_add(m, conditions[i], "linear", text);
}

static void conv_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->use = (weir__condition_use){ .classes = o->classes, .context = o->context };
    for (int i = 0; i < 3 && weir_ok(weir_module_ctx(m)); i++) conv_add_layer(m, o, i);
}

/* -- running -------------------------------------------------------------------------------- */
static weir_tensor *conv_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_tensor *columns = NULL;
    if (t) {
        weir_fail(x->object.ctx, WEIR_ERROR_STATE, "%s: a time: expected none", m->row->row.name);
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    }
    if (weir__condition_width(s->use) > 0) columns = weir__condition_columns(m, x, k, s->use);
    for (int i = 0; i < 2; i++) {
        x = weir__tensor_consumed(x, weir_module_forward(s->conv[i], x));
        x = weir__tensor_consumed(x, weir__condition_add(s->condition[i], x, columns));
        x = weir__tensor_consumed(x, weir_relu(x));
    }
    return weir_module_forward(s->conv[2], x);
}

static weir_tensor *conv_forward(weir_module *m, weir_tensor *x)
{
    return conv_at(m, x, NULL, NULL);
}

const weir_module_row weir__row_conv = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.conv",
        .doc = "convolutions of 3 x 3, 1 x 1 and 3 x 3 places, as in Glow; starts at 0",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=2 width=6",
        .given = "in|out|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = conv_create,
    .forward = conv_forward,
    .at = conv_at,
    .pictures = true,
    .input = "2,3,4,5",
    .torch = weir__torch_conv,
};
