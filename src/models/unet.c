/* unet.c - the U-Net of diffusion models (Ronneberger et al. 2015; Ho et al. 2020), a network of
 * (x, t) on pictures x [B, C, H, W]. Levels halve height and width on the way down; on the way up a
 * block sees the results of its level beside its input:
 *
 *     e = W'' silu(W' waves(t) + b') + b'' + class + context
 *     block(h) = s(h) + conv(silu(norm(conv(silu(norm(h))) + W silu(e) + b)))
 *     attention(h) = h + W_o softmax(q k^T / sqrt(head)) v + b_o, of places of norm(h)
 *
 * with convolutions of 3 x 3 places and s one of 1 x 1 where the channels change. Names and
 * arithmetic of the parameters are those of diffusers' UNet2DModel (down_blocks.0.resnets.0.norm1);
 * a picture of odd height comes back to its own size. The last convolution starts at 0. */
#include <math.h>
#include <stddef.h>
#include "models/models.h"

enum { LEVELS = 8, BLOCKS = 16, SKIPS = 1 + LEVELS * (BLOCKS + 1) };
typedef enum unet_time { TIME_NONE, TIME_SINUSOIDAL, TIME_FOURIER } unet_time;

typedef struct opts {
    size_t size;
    int64_t in, out, height, width, blocks, head, groups, freq_shift, classes, context;
    weir_ints channels, attention;
    double time_scale, eps;
    int32_t time, dtype;
    bool mid_attention, cos_first, zero;
} opts;

typedef struct state {
    weir__condition_use use;
    weir__waves waves;
    unet_time time;
    int64_t levels, blocks, head;
    bool attends[LEVELS], mid_attends, knows; /* knows: blocks are told of time or condition */
    weir_module *conv_in, *time_embedding, *class_embedding, *context_embedding;
    weir_module *down, *mid, *up, *norm_out, *conv_out;
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "1", 1, 1 << 24, NULL, "channels of the input" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "1", 1, 1 << 24, NULL,
      "channels of the output" },
    { "height", WEIR_OPTION_INT, offsetof(opts, height), "0", 0, 1 << 20, NULL,
      "of the input, for attention=; 0: unknown" },
    { "width", WEIR_OPTION_INT, offsetof(opts, width), "0", 0, 1 << 20, NULL,
      "of the input; 0: unknown" },
    { "channels", WEIR_OPTION_INTS, offsetof(opts, channels), "32,64,64", 1, 1 << 16, NULL,
      "of every level, each half as high and wide as the one before" },
    { "blocks", WEIR_OPTION_INT, offsetof(opts, blocks), "1", 1, BLOCKS, NULL,
      "of a level on the way down; one more on the way up" },
    { "attention", WEIR_OPTION_INTS, offsetof(opts, attention), "", 1, 1 << 20, NULL,
      "heights of the levels with attention, such as 16,8" },
    { "mid_attention", WEIR_OPTION_BOOL, offsetof(opts, mid_attention), "yes", 0, 1, NULL,
      "attention between the way down and the way up" },
    { "head", WEIR_OPTION_INT, offsetof(opts, head), "8", 1, 1 << 16, NULL,
      "channels of a head of attention" },
    { "groups", WEIR_OPTION_INT, offsetof(opts, groups), "8", 1, 1 << 16, NULL,
      "of channels that are normalised together" },
    { "eps", WEIR_OPTION_REAL, offsetof(opts, eps), "1e-5", 0, 1, NULL,
      "added to the variance of a group" },
    { "time", WEIR_OPTION_CHOICE, offsetof(opts, time), "sinusoidal", 0, 0,
      "none|sinusoidal|fourier", "what blocks are told of time; none: a network of x" },
    { "time_scale", WEIR_OPTION_REAL, offsetof(opts, time_scale), "1000", 0, 1e9, NULL,
      "of time=sinusoidal: the time is times this" },
    { "freq_shift", WEIR_OPTION_INT, offsetof(opts, freq_shift), "0", 0, 1, NULL,
      "of time=sinusoidal: 1: the last frequency is 1/10000" },
    { "flip_sin_to_cos", WEIR_OPTION_BOOL, offsetof(opts, cos_first), "yes", 0, 1, NULL,
      "of time=sinusoidal: cosines stand before sines" },
    { "zero", WEIR_OPTION_BOOL, offsetof(opts, zero), "yes", 0, 1, NULL,
      "the last convolution starts at 0, so that the output does" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(opts, ", which joins the time"),
    { 0 },
};

/* -- making: parts ----------------------------------------------------------------------------- */
typedef struct plan {
    weir_ctx *c;
    const opts *o;
    state *s;
    int64_t embedding; /* values of e */
    int64_t channels, skip[SKIPS]; /* of h, and of the results that wait for the way up */
    int64_t n_skips;
} plan;

static weir_module *unet_add(const plan *p, weir_module *to, const char *name, const char *row,
                             const char *text)
{
    char all[224];
    size_t used = 0;
    weir__append(all, sizeof all, &used, "%s dtype=%s", text, p->o->dtype ? "f64" : "f32");
    return weir_module_add(to, name, weir_module_new(p->c, row, all));
}

static weir_module *unet_add_group(const plan *p, weir_module *to, const char *name)
{
    return weir_module_add(to, name, weir_module_new(p->c, "group", ""));
}

/* The next of a list. */
static weir_module *unet_add_next(const plan *p, weir_module *list)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(list));
    return unet_add_group(p, list, name);
}

typedef struct conv_shape {
    int64_t in, out;
    int kernel, stride;
    bool zero;
} conv_shape;

static weir_module *unet_add_conv(const plan *p, weir_module *to, const char *name, conv_shape s)
{
    char text[160];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld kernel=%d stride=%d padding=%d%s",
                 (long long)s.in, (long long)s.out, s.kernel, s.stride, s.kernel / 2,
                 s.zero ? " init=uniform bound=0" : "");
    return unet_add(p, to, name, "conv2d", text);
}

static weir_module *unet_add_linear(const plan *p, weir_module *to, const char *name, int64_t in,
                                    int64_t out)
{
    char text[64];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld", (long long)in, (long long)out);
    return unet_add(p, to, name, "linear", text);
}

static weir_module *unet_add_norm(const plan *p, weir_module *to, const char *name,
                                  int64_t channels)
{
    char text[96];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "groups=%lld channels=%lld eps=%.17g",
                 (long long)p->o->groups, (long long)channels, p->o->eps);
    return unet_add(p, to, name, "group_norm", text);
}

/* -- making: blocks ---------------------------------------------------------------------------- */
/* Children of a residual block, in order; behind them time_emb_proj and conv_shortcut, each where
 * there is one. */
enum { NORM1, CONV1, NORM2, CONV2, MORE };

static void unet_add_resnet(plan *p, weir_module *list, int64_t in, int64_t out)
{
    weir_module *r = unet_add_next(p, list);
    unet_add_norm(p, r, "norm1", in);
    unet_add_conv(p, r, "conv1", (conv_shape){ .in = in, .out = out, .kernel = 3, .stride = 1 });
    unet_add_norm(p, r, "norm2", out);
    unet_add_conv(p, r, "conv2", (conv_shape){ .in = out, .out = out, .kernel = 3, .stride = 1 });
    if (p->s->knows) unet_add_linear(p, r, "time_emb_proj", p->embedding, out);
    if (in != out)
        unet_add_conv(p, r, "conv_shortcut",
                      (conv_shape){ .in = in, .out = out, .kernel = 1, .stride = 1 });
    p->channels = out;
}

/* Children of attention, in order. */
enum { GROUP_NORM, TO_Q, TO_K, TO_V, TO_OUT };

static void unet_add_attention(plan *p, weir_module *list)
{
    int64_t n = p->channels;
    if (n % p->o->head != 0) {
        weir_fail(p->c, WEIR_ERROR_RANGE,
                  "network.unet: attention of %lld channels with head=%lld: expected a multiple",
                  (long long)n, (long long)p->o->head);
        return;
    }
    weir_module *a = unet_add_next(p, list);
    unet_add_norm(p, a, "group_norm", n);
    unet_add_linear(p, a, "to_q", n, n);
    unet_add_linear(p, a, "to_k", n, n);
    unet_add_linear(p, a, "to_v", n, n);
    unet_add_linear(p, unet_add_group(p, a, "to_out"), "0", n, n);
}

static void unet_push(plan *p) { p->skip[p->n_skips++] = p->channels; }

/* Children of a level, in order: resnets, attentions where there are any, and at last what changes
 * the size, but for the level that has none. */
static void unet_add_down(plan *p, int64_t level)
{
    weir_module *block = unet_add_next(p, p->s->down);
    weir_module *resnets = unet_add_group(p, block, "resnets"), *attentions = NULL;
    int64_t out = p->o->channels.at[level];
    if (p->s->attends[level]) attentions = unet_add_group(p, block, "attentions");
    for (int64_t i = 0; i < p->o->blocks; i++) {
        unet_add_resnet(p, resnets, p->channels, out);
        if (attentions) unet_add_attention(p, attentions);
        unet_push(p);
    }
    if (level + 1 == p->s->levels) return;
    weir_module *sampler = unet_add_next(p, unet_add_group(p, block, "downsamplers"));
    unet_add_conv(p, sampler, "conv",
                  (conv_shape){ .in = out, .out = out, .kernel = 3, .stride = 2 });
    unet_push(p);
}

static void unet_add_mid(plan *p)
{
    weir_module *resnets = unet_add_group(p, p->s->mid, "resnets");
    unet_add_resnet(p, resnets, p->channels, p->channels);
    unet_add_resnet(p, resnets, p->channels, p->channels);
    if (p->s->mid_attends) unet_add_attention(p, unet_add_group(p, p->s->mid, "attentions"));
}

static void unet_add_up(plan *p, int64_t level)
{
    weir_module *block = unet_add_next(p, p->s->up);
    weir_module *resnets = unet_add_group(p, block, "resnets"), *attentions = NULL;
    int64_t out = p->o->channels.at[level];
    if (p->s->attends[level]) attentions = unet_add_group(p, block, "attentions");
    for (int64_t i = 0; i <= p->o->blocks; i++) {
        unet_add_resnet(p, resnets, p->channels + p->skip[--p->n_skips], out);
        if (attentions) unet_add_attention(p, attentions);
    }
    if (level == 0) return;
    weir_module *sampler = unet_add_next(p, unet_add_group(p, block, "upsamplers"));
    unet_add_conv(p, sampler, "conv",
                  (conv_shape){ .in = out, .out = out, .kernel = 3, .stride = 1 });
}

/* -- making: the whole ------------------------------------------------------------------------- */
/* Which levels have attention. False, after an error: a height that none has. */
static bool unet_find_attention(const plan *p)
{
    const weir_ints *sizes = &p->o->attention;
    for (int64_t i = 0; i < sizes->n; i++) {
        int64_t height = p->o->height;
        bool found = false;
        for (int64_t level = 0; level < p->s->levels; level++, height = (height + 1) / 2) {
            if (height != sizes->at[i]) continue;
            p->s->attends[level] = true;
            found = true;
        }
        if (found) continue;
        weir_fail(p->c, WEIR_ERROR_RANGE,
                  "network.unet: attention=%lld: expected a level of that height, of %lld levels "
                  "from height=%lld",
                  (long long)sizes->at[i], (long long)p->s->levels, (long long)p->o->height);
        return false;
    }
    return true;
}

static void unet_add_embeddings(const plan *p, weir_module *m)
{
    state *s = p->s;
    const opts *o = p->o;
    int64_t waves = 2 * s->waves.frequencies + (s->time == TIME_FOURIER);
    if (s->time != TIME_NONE) {
        s->time_embedding = unet_add_group(p, m, "time_embedding");
        unet_add_linear(p, s->time_embedding, "linear_1", waves, p->embedding);
        unet_add_linear(p, s->time_embedding, "linear_2", p->embedding, p->embedding);
    }
    if (o->classes > 0) {
        char text[64];
        size_t used = 0;
        weir__append(text, sizeof text, &used, "rows=%lld width=%lld", (long long)o->classes,
                     (long long)p->embedding);
        s->class_embedding = unet_add(p, m, "class_embedding", "embedding", text);
    }
    if (o->context > 0)
        s->context_embedding = unet_add_linear(p, m, "context_embedding", o->context, p->embedding);
}

static void unet_add_levels(plan *p, weir_module *m)
{
    state *s = p->s;
    const opts *o = p->o;
    s->conv_in = unet_add_conv(
        p, m, "conv_in",
        (conv_shape){ .in = o->in, .out = o->channels.at[0], .kernel = 3, .stride = 1 });
    unet_add_embeddings(p, m);
    p->channels = o->channels.at[0];
    unet_push(p);
    s->down = unet_add_group(p, m, "down_blocks");
    for (int64_t i = 0; i < s->levels && weir_ok(p->c); i++) unet_add_down(p, i);
    s->mid = unet_add_group(p, m, "mid_block");
    unet_add_mid(p);
    s->up = unet_add_group(p, m, "up_blocks");
    for (int64_t i = s->levels - 1; i >= 0 && weir_ok(p->c); i--) unet_add_up(p, i);
    s->norm_out = unet_add_norm(p, m, "conv_norm_out", p->channels);
    s->conv_out = unet_add_conv(
        p, m, "conv_out",
        (conv_shape){
            .in = p->channels, .out = o->out, .kernel = 3, .stride = 1, .zero = o->zero });
}

static bool unet_options_fit(weir_ctx *c, const opts *o)
{
    if (o->channels.n < 1 || o->channels.n > LEVELS) {
        weir_fail(c, WEIR_ERROR_RANGE, "network.unet: channels of %lld levels: expected 1 to %d",
                  (long long)o->channels.n, LEVELS);
        return false;
    }
    if (o->channels.at[0] % 2 == 0 && o->channels.at[0] > 2) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "network.unet: channels=%lld of the first level: expected an even number above 2",
              (long long)o->channels.at[0]);
    return false;
}

static void unet_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    plan p = { .c = weir_module_ctx(m), .o = o, .s = s };
    if (!unet_options_fit(p.c, o)) return;
    s->use = (weir__condition_use){ .classes = o->classes, .context = o->context };
    s->time = (unet_time)o->time;
    s->waves = (weir__waves){
        .fourier = o->time == TIME_FOURIER,
        .sin_first = o->time == TIME_SINUSOIDAL && !o->cos_first,
        .frequencies = o->channels.at[0] / 2,
        .scale = o->time_scale,
        .shift = (double)o->freq_shift,
    };
    s->levels = o->channels.n;
    s->blocks = o->blocks;
    s->head = o->head;
    s->mid_attends = o->mid_attention;
    s->knows = s->time != TIME_NONE || weir__condition_width(s->use) > 0;
    p.embedding = 4 * o->channels.at[0];
    if (unet_find_attention(&p)) unet_add_levels(&p, m);
}

/* -- running ----------------------------------------------------------------------------------- */
typedef struct walk {
    const state *s;
    weir_tensor *told; /* silu(e) [B, ..]; NULL: nothing */
    weir_tensor *h, *skip[SKIPS];
    int64_t n_skips;
} walk;

static weir_tensor *unet_active(weir_module *norm, weir_tensor *h)
{
    return weir__group_norm_silu(norm, h);
}

/* f(h) in place of an h that nobody else has. */
static void unet_go_on(walk *w, weir_tensor *y)
{
    weir__tensor_consumed(w->h, y);
    w->h = y;
}

static weir_tensor *unet_resnet(const walk *w, weir_module *r, weir_tensor *x)
{
    int64_t shortcut = MORE + w->s->knows;
    weir_module *told = w->s->knows ? r->children[MORE] : NULL;
    weir_tensor *h = unet_active(r->children[NORM1], x), *way = x;
    h = weir__tensor_consumed(h, weir_module_forward(r->children[CONV1], h));
    h = weir__tensor_consumed(h, weir__condition_add(told, h, w->told));
    h = weir__tensor_consumed(h, unet_active(r->children[NORM2], h));
    h = weir__tensor_consumed(h, weir_module_forward(r->children[CONV2], h));
    if (r->n_children > shortcut) way = weir_module_forward(r->children[shortcut], x);
    weir_tensor *y = weir__tensor_consumed(h, weir_add(way, h));
    return way == x ? y : weir__tensor_consumed(way, y);
}

/* [B, places, channels] through a linear map -> [B, heads, places, head] */
static weir_tensor *unet_heads(const state *s, weir_module *linear, weir_tensor *places)
{
    weir_tensor *y = weir_module_forward(linear, places);
    if (weir_is_nil(y)) return y;
    const int64_t shape[] = { y->shape[0], y->shape[1], y->shape[2] / s->head, s->head };
    return weir_transpose(weir_reshape(y, 4, shape), 1, 2);
}

static weir_tensor *unet_attend(const state *s, weir_module *a, weir_tensor *x)
{
    if (weir_is_nil(x)) return x;
    int64_t height = x->shape[2], width = x->shape[3];
    const int64_t flat[] = { x->shape[0], height * width, x->shape[1] };
    const int64_t picture[] = { x->shape[0], height, width, x->shape[1] };
    weir_scope scope = weir_scope_begin(x->object.ctx); /* q, k and v end with it */
    weir_tensor *h = weir_module_forward(a->children[GROUP_NORM], x);
    h = weir_reshape(weir_permute(h, (const int[]){ 0, 2, 3, 1 }), 3, flat);
    weir_tensor *y = weir_scaled_dot_product_attention(
        unet_heads(s, a->children[TO_Q], h), unet_heads(s, a->children[TO_K], h),
        unet_heads(s, a->children[TO_V], h), NULL, false, NAN);
    y = weir_reshape(weir_transpose(y, 1, 2), 3, flat);
    y = weir_module_forward(a->children[TO_OUT]->children[0], y);
    y = weir_permute(weir_reshape(y, 4, picture), (const int[]){ 0, 3, 1, 2 });
    y = weir_add(x, y);
    weir__scope_end_keeping(scope, 1, (void *const[]){ y });
    return y;
}

static weir_tensor *unet_sum(weir_tensor *a, weir_tensor *b)
{
    if (!a) return b;
    return weir__tensor_consumed(a, weir__tensor_consumed(b, weir_add(a, b)));
}

/* W'' silu(W' waves(t) + b') + b'' */
static weir_tensor *unet_embed_time(const state *s, weir_tensor *t)
{
    weir_tensor *h = weir__time_waves(&s->waves, t);
    if (s->time == TIME_FOURIER) {
        const int64_t column[] = { t->shape[0], 1 };
        h = weir_cat(2, (weir_tensor *[]){ weir_reshape(t, 2, column), h }, 1);
    }
    h = weir__linear_act_forward(s->time_embedding->children[0], h, WEIR_ACT_SILU);
    return weir_module_forward(s->time_embedding->children[1], h);
}

/* silu(e) */
static weir_tensor *unet_tell(weir_module *m, weir_tensor *x, weir_tensor *t,
                              const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_tensor *e = t ? unet_embed_time(s, t) : NULL;
    if (s->class_embedding)
        e = unet_sum(e, weir_module_forward(s->class_embedding, weir__condition_class(m, x, k)));
    if (s->context_embedding) {
        weir_tensor *context = weir__condition_context(m, x, k, s->use.context);
        e = unet_sum(e, weir_module_forward(s->context_embedding, context));
    }
    return weir__tensor_consumed(e, weir_silu(e));
}

static void unet_go_down(walk *w, int64_t level)
{
    const state *s = w->s;
    weir_module *block = s->down->children[level];
    for (int64_t i = 0; i < s->blocks; i++) { /* h is a skip: the way up ends it */
        weir_tensor *h = unet_resnet(w, block->children[0]->children[i], w->h);
        if (s->attends[level])
            h = weir__tensor_consumed(h, unet_attend(s, block->children[1]->children[i], h));
        w->h = w->skip[w->n_skips++] = h;
    }
    if (level + 1 == s->levels) return;
    weir_module *sampler = block->children[block->n_children - 1]->children[0];
    w->h = w->skip[w->n_skips++] = weir_module_forward(sampler->children[0], w->h);
}

static void unet_go_through(walk *w)
{
    const state *s = w->s;
    weir_module *resnets = s->mid->children[0];
    w->h = unet_resnet(w, resnets->children[0], w->h);
    if (s->mid_attends) unet_go_on(w, unet_attend(s, s->mid->children[1]->children[0], w->h));
    unet_go_on(w, unet_resnet(w, resnets->children[1], w->h));
}

static void unet_enlarge(walk *w, weir_module *sampler)
{
    const weir_tensor *like = w->skip[w->n_skips - 1];
    if (weir_is_nil(like)) return;
    unet_go_on(w, weir_upsample_nearest2d(w->h, like->shape[2], like->shape[3]));
    unet_go_on(w, weir_module_forward(sampler->children[0], w->h));
}

static void unet_go_up(walk *w, int64_t level)
{
    const state *s = w->s;
    weir_module *block = s->up->children[s->levels - 1 - level];
    for (int64_t i = 0; i <= s->blocks; i++) {
        weir_tensor *both[] = { w->h, w->skip[--w->n_skips] };
        unet_go_on(w, weir_cat(2, both, 1));
        weir__tensor_consumed(both[1], w->h);
        unet_go_on(w, unet_resnet(w, block->children[0]->children[i], w->h));
        if (s->attends[level]) unet_go_on(w, unet_attend(s, block->children[1]->children[i], w->h));
    }
    if (level > 0) unet_enlarge(w, block->children[block->n_children - 1]->children[0]);
}

static bool unet_time_fits(weir_module *m, const weir_tensor *x, const weir_tensor *t)
{
    const state *s = weir_module_state(m);
    if ((s->time == TIME_NONE) == (t == NULL)) return true;
    weir_fail(x->object.ctx, WEIR_ERROR_STATE, "%s: %s", m->row->row.name,
              t ? "a time: expected none, for it was made with time=none"
                : "no time: expected one of every sample, or a network of time=none");
    return false;
}

static weir_tensor *unet_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    const state *s = weir_module_state(m);
    walk w = { .s = s };
    if (!unet_time_fits(m, x, t)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    if (s->knows) w.told = unet_tell(m, x, t, k);
    w.h = w.skip[w.n_skips++] = weir_module_forward(s->conv_in, x);
    for (int64_t i = 0; i < s->levels && weir_ok(x->object.ctx); i++) unet_go_down(&w, i);
    if (weir_ok(x->object.ctx)) unet_go_through(&w);
    for (int64_t i = s->levels - 1; i >= 0 && weir_ok(x->object.ctx); i--) unet_go_up(&w, i);
    if (!weir_ok(x->object.ctx)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    unet_go_on(&w, unet_active(s->norm_out, w.h));
    return weir__tensor_consumed(w.h, weir_module_forward(s->conv_out, w.h));
}

static weir_tensor *unet_forward(weir_module *m, weir_tensor *x)
{
    return unet_at(m, x, NULL, NULL);
}

const weir_module_row weir__row_unet = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.unet",
        .doc = "the U-Net of diffusion models, with attention; starts at 0",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=2 channels=4,8 groups=2 head=4 height=4 attention=2 time=none",
        .given = "in|out|height|width|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = unet_create,
    .forward = unet_forward,
    .at = unet_at,
    .torch = weir__torch_unet,
    .pictures = true,
    .input = "2,3,4,5",
};
