/* conv_resnet.c - a residual network of convolutions, as in RealNVP's couplings (Dinh et al. 2017,
 * section 3.6) and nflows' ConvResidualNet:
 *
 *     h = conv3x3(x),   h = h + conv3x3(relu(conv3x3(relu(h)))),   ..,   y = conv1x1(relu(h))
 *
 * The last convolution starts at 0. Normalised are the results of the others (norm=actnorm:
 * conv2d_same) or what comes into every relu (norm=batch_norm). With skip=yes it sees the sum of 1
 * x 1 convolutions of every h instead of the last one. With classes= and context= a linear map of
 * the condition is added to the channels between the two convolutions of a block. */
#include <math.h>
#include <stddef.h>
#include "models/models.h"

typedef enum norm { NO_NORM, ACTNORM, BATCH_NORM } norm;

typedef struct opts {
    size_t size;
    int64_t in, out, width, blocks, classes, context;
    bool skip;
    int32_t norm, dtype;
} opts;

/* Children in the order of their use; those that are left out do not count. */
typedef struct state {
    weir__condition_use use;
    bool norm, skip, condition; /* norm: modules of their own */
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "2", 1, 1 << 24, NULL, "channels of the input" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "2", 1, 1 << 24, NULL,
      "channels of the output" },
    { "width", WEIR_OPTION_INT, offsetof(opts, width), "32", 1, 1 << 16, NULL,
      "channels between the convolutions" },
    { "blocks", WEIR_OPTION_INT, offsetof(opts, blocks), "2", 0, 1 << 10, NULL,
      "of two convolutions of 3 x 3 places each" },
    { "norm", WEIR_OPTION_CHOICE, offsetof(opts, norm), "actnorm", 0, 0, "none|actnorm|batch_norm",
      "of what convolutions give, as the first batch is; of what comes into every relu" },
    { "skip", WEIR_OPTION_BOOL, offsetof(opts, skip), "no", 0, 1, NULL,
      "the last convolution sees every block" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(opts, ""),
    { 0 },
};

/* -- making --------------------------------------------------------------------------------- */
typedef struct plan { /* of the children, which are numbered */
    weir_module *m;
    const opts *o;
} plan;

static void conv_resnet_add(const plan *p, const char *row, const char *text)
{
    char name[24], all[224];
    size_t used = 0, n = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(p->m));
    weir__append(all, sizeof all, &n, "%s dtype=%s", text, p->o->dtype ? "f64" : "f32");
    weir_module_add(p->m, name, weir_module_new(weir_module_ctx(p->m), row, all));
}

static void conv_resnet_add_conv(const plan *p, int64_t in, int64_t out, int kernel)
{
    char text[160];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld kernel=%d edge=no start=%s std=%.9g",
                 (long long)in, (long long)out, kernel, p->o->norm == ACTNORM ? "norm" : "normal",
                 1 / sqrt((double)in * kernel * kernel));
    conv_resnet_add(p, "conv2d_same", text);
}

static void conv_resnet_add_last(const plan *p)
{
    char text[96];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld kernel=1 start=zero",
                 (long long)p->o->width, (long long)p->o->out);
    conv_resnet_add(p, "conv2d_same", text);
}

static void conv_resnet_add_norm(const plan *p)
{
    char text[48];
    size_t used = 0;
    if (p->o->norm != BATCH_NORM) return;
    weir__append(text, sizeof text, &used, "channels=%lld", (long long)p->o->width);
    conv_resnet_add(p, "batch_norm", text);
}

static void conv_resnet_add_block(const plan *p, int64_t columns)
{
    int64_t width = p->o->width;
    conv_resnet_add_norm(p);
    conv_resnet_add_conv(p, width, width, 3);
    if (columns > 0) {
        char text[96];
        size_t used = 0;
        weir__append(text, sizeof text, &used, "in=%lld out=%lld bias=no", (long long)columns,
                     (long long)width);
        conv_resnet_add(p, "linear", text);
    }
    conv_resnet_add_norm(p);
    conv_resnet_add_conv(p, width, width, 3);
    if (p->o->skip) conv_resnet_add_conv(p, width, width, 1);
}

static void conv_resnet_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    plan p = { .m = m, .o = o };
    s->use = (weir__condition_use){ .classes = o->classes, .context = o->context };
    int64_t columns = weir__condition_width(s->use);
    s->norm = o->norm == BATCH_NORM;
    s->skip = o->skip;
    s->condition = columns > 0;
    conv_resnet_add_conv(&p, o->in, o->width, 3);
    if (o->skip) conv_resnet_add_conv(&p, o->width, o->width, 1);
    for (int64_t i = 0; i < o->blocks && weir_ok(weir_module_ctx(m)); i++)
        conv_resnet_add_block(&p, columns);
    conv_resnet_add_norm(&p);
    conv_resnet_add_last(&p);
}

/* -- running -------------------------------------------------------------------------------- */
typedef struct walk {
    const state *s;
    weir_module **next;
    weir_tensor *columns; /* of the condition; NULL: none */
} walk;

/* relu(norm(h)) */
static weir_tensor *conv_resnet_active(walk *w, weir_tensor *h)
{
    if (!w->s->norm) return weir_relu(h);
    weir_tensor *normed = weir_module_forward(*w->next++, h);
    return weir__tensor_consumed(normed, weir_relu(normed));
}

/* What the block adds to h. */
static weir_tensor *conv_resnet_block(walk *w, weir_tensor *h)
{
    h = conv_resnet_active(w, h);
    h = weir__tensor_consumed(h, weir_module_forward(*w->next++, h));
    if (w->s->condition)
        h = weir__tensor_consumed(h, weir__condition_add(*w->next++, h, w->columns));
    h = weir__tensor_consumed(h, conv_resnet_active(w, h));
    return weir__tensor_consumed(h, weir_module_forward(*w->next++, h));
}

/* a + b, of which neither is used again. */
static weir_tensor *conv_resnet_sum(weir_tensor *a, weir_tensor *b)
{
    return weir__tensor_consumed(a, weir__tensor_consumed(b, weir_add(a, b)));
}

static weir_tensor *conv_resnet_at(weir_module *m, weir_tensor *x, weir_tensor *t,
                                   const weir_condition *k)
{
    const state *s = weir_module_state(m);
    walk w = { .s = s, .next = m->children };
    weir_module **last = m->children + m->n_children - (s->norm ? 2 : 1);
    if (t) {
        weir_fail(x->object.ctx, WEIR_ERROR_STATE, "%s: a time: expected none", m->row->row.name);
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    }
    if (s->condition) w.columns = weir__condition_columns(m, x, k, s->use);
    weir_tensor *h = weir_module_forward(*w.next++, x);
    weir_tensor *sum = s->skip ? weir_module_forward(*w.next++, h) : NULL;
    while (w.next < last) {
        h = conv_resnet_sum(h, conv_resnet_block(&w, h));
        if (s->skip) sum = conv_resnet_sum(sum, weir_module_forward(*w.next++, h));
    }
    h = conv_resnet_active(&w, s->skip ? sum : h);
    return weir_module_forward(*w.next, h);
}

static weir_tensor *conv_resnet_forward(weir_module *m, weir_tensor *x)
{
    return conv_resnet_at(m, x, NULL, NULL);
}

const weir_module_row weir__row_conv_resnet = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.conv_resnet",
        .doc = "residual blocks of 3 x 3 convolutions, as in RealNVP; starts at 0",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=2 width=6",
        .given = "in|out|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = conv_resnet_create,
    .forward = conv_resnet_forward,
    .at = conv_resnet_at,
    .pictures = true,
    .input = "2,3,4,5",
    .torch = weir__torch_conv_resnet,
};
