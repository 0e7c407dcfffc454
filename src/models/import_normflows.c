/* import_normflows.c - Glow of normflows (Stimper et al. 2023): MultiscaleFlow of GlowBlocks, with
 * scales by a sigmoid and LU factors, over standard normals. One of its blocks goes (coupling,
 * convolution, actnorm) from noise to data, ours (actnorm, convolution, coupling) from data. */
#include <stdio.h>
#include <string.h>
#include "models/import.h"

typedef struct glow {
    int64_t shape[3], levels, blocks, width;
} glow;

typedef struct step {
    weir__import *im;
    int64_t channels, width;
    char theirs[64], ours[128];
    int64_t part; /* of ours, that of its actnorm */
} step;

static double *step_read(const step *s, const char *name, int64_t n)
{
    char full[256];
    return weir__import_read(s->im, weir__import_name(full, sizeof full, s->theirs, name), n);
}

static bool step_write(const step *s, int64_t part, const char *name, const double *v, int64_t n)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%lld.%s", s->ours, (long long)(s->part + part), name);
    return weir__import_write(s->im, full, v, n);
}

/* Theirs is y = (x - t) exp(-s), ours (x + b) exp(l). */
static bool step_actnorm(const step *s)
{
    double *l = step_read(s, "2.s", s->channels), *b = step_read(s, "2.t", s->channels);
    for (int64_t i = 0; l && b && i < s->channels; i++) {
        l[i] = -l[i];
        b[i] = -b[i];
    }
    bool good = step_write(s, 0, "log_scale", l, s->channels)
                && step_write(s, 0, "bias", b, s->channels);
    weir__free(s->im->c, l);
    weir__free(s->im->c, b);
    return good;
}

/* W = P L (U + diag(sign exp(l))): matrices of their own there, in one here. */
static void conv_join(int64_t c, const double *p, const double *u, const double *l, double *w,
                      double *order)
{
    for (int64_t i = 0; i < c; i++)
        for (int64_t j = 0; j < c; j++) {
            if (p[i * c + j] == 1) order[i] = (double)j;
            if (j > i) w[i * c + j] = u[i * c + j];
            if (j == i) w[i * c + j] = l[i];
        }
}

static bool step_conv(const step *s)
{
    weir_ctx *m = s->im->c;
    int64_t c = s->channels;
    double *w = step_read(s, "1.L", c * c), *u = step_read(s, "1.U", c * c);
    double *l = step_read(s, "1.log_S", c), *p = step_read(s, "1.P", c * c);
    double *sign = step_read(s, "1.sign_S", c), *order = weir__alloc0_n(m, c, sizeof *order);
    if (w && u && l && p && order) conv_join(c, p, u, l, w, order);
    bool good = weir_ok(m) && step_write(s, 1, "weight", w, c * c)
                && step_write(s, 1, "order", order, c) && step_write(s, 1, "sign", sign, c);
    double *all[] = { w, u, l, p, sign, order };
    for (int i = 0; i < 6; i++) weir__free(m, all[i]);
    return good;
}

/* Even channels of their last layer are shifts that are taken off, odd ones scales; ours are all
 * scales, then shifts that are added. */
static double *coupling_rearranged(weir_ctx *c, double *from, int64_t channels, int64_t each)
{
    double *to = from ? weir__alloc_n(c, channels * each, sizeof *to) : NULL;
    for (int64_t k = 0; to && k < channels; k++) {
        bool shift = k % 2 == 0;
        int64_t at = k / 2 + (shift ? channels / 2 : 0);
        for (int64_t i = 0; i < each; i++)
            to[at * each + i] = shift ? -from[k * each + i] : from[k * each + i];
    }
    weir__free(c, from);
    return to;
}

static bool step_layer(const step *s, int i, int64_t in, int64_t out)
{
    char name[64];
    weir_ctx *c = s->im->c;
    snprintf(name, sizeof name, "0.flows.1.param_map.net.%d.weight", 2 * i);
    double *weight = step_read(s, name, in * out);
    snprintf(name, sizeof name, "0.flows.1.param_map.net.%d.bias", 2 * i);
    double *bias = step_read(s, name, out);
    if (i == 2) {
        weight = coupling_rearranged(c, weight, out, in);
        bias = coupling_rearranged(c, bias, out, 1);
    }
    snprintf(name, sizeof name, "net.conv%d.weight", i + 1);
    bool good = step_write(s, 2, name, weight, in * out);
    snprintf(name, sizeof name, "net.conv%d.bias", i + 1);
    good = good && step_write(s, 2, name, bias, out);
    weir__free(c, weight);
    weir__free(c, bias);
    return good;
}

static bool step_take(const step *s)
{
    int64_t half = s->channels / 2;
    return step_actnorm(s) && step_conv(s) && step_layer(s, 0, half * 9, s->width)
           && step_layer(s, 1, s->width, s->width) && step_layer(s, 2, s->width * 9, 2 * half);
}

/* -- all of it --------------------------------------------------------------------------------- */
/* Channels of a scale are four times those that come in, of which half go on. */
static bool glow_steps(weir__import *im, const glow *g)
{
    char scale[100] = "flow.0";
    int64_t channels = 4 * g->shape[0];
    for (int64_t k = 0; k < g->levels; k++, channels *= 2) {
        for (int64_t i = 0; i < g->blocks; i++) {
            step s = { .im = im, .channels = channels, .width = g->width, .part = 1 + 3 * i };
            snprintf(s.theirs, sizeof s.theirs, "flows.%lld.%lld.flows",
                     (long long)(g->levels - 1 - k), (long long)(g->blocks - 1 - i));
            snprintf(s.ours, sizeof s.ours, "%s", scale);
            if (!step_take(&s)) return false;
        }
        size_t used = strlen(scale);
        weir__append(scale, sizeof scale, &used, ".%lld.rest", (long long)(1 + 3 * g->blocks));
    }
    return true;
}

/* Split layers have a prior here that theirs have not: 0, as it starts. */
static bool glow_bases(weir__import *im, const glow *g)
{
    for (int64_t k = 0; k < im->w->n; k++) {
        const weir__weight *t = &im->w->at[k];
        if (strncmp(t->name, "q0.", 3) != 0) continue;
        int64_t n = weir__numel_of(t->ndim, t->shape);
        double *v = weir__import_read(im, t->name, n);
        bool zero = v != NULL;
        for (int64_t i = 0; zero && i < n; i++) zero = v[i] == 0;
        weir__free(im->c, v);
        if (!weir_ok(im->c)) return false;
        if (!zero) return weir__import_refuse(im, t->name, "a standard normal, all 0");
    }
    return true;
}

static bool glow_config(weir__import *im, glow *g)
{
    weir_ints shape;
    const json_t *o = im->config;
    const char *flow = weir__import_text(im, o, "flow");
    if (flow && strcmp(flow, "Glow") != 0)
        return weir__import_refuse(im, flow, "Glow, the others have no counterpart here");
    if (!flow || !weir__import_ints(im, o, "shape", &shape)
        || !weir__import_int(im, o, "levels", 1, &g->levels)
        || !weir__import_int(im, o, "blocks", 1, &g->blocks)
        || !weir__import_int(im, o, "hidden_channels", 1, &g->width)
        || !weir__import_is(im, o, "use_lu", true) || !weir__import_is(im, o, "net_actnorm", false))
        return false;
    const char *split = weir__import_text(im, o, "split_mode");
    const char *scale = split ? weir__import_text(im, o, "scale_map") : NULL;
    if (!scale) return false;
    if (shape.n != 3) return weir__import_refuse(im, "shape", "channels, height, width");
    if (strcmp(split, "channel") != 0) return weir__import_refuse(im, "split_mode", "channel");
    if (strcmp(scale, "sigmoid") != 0) return weir__import_refuse(im, "scale_map", "sigmoid");
    memcpy(g->shape, shape.at, sizeof g->shape);
    return g->levels <= 8 || weir__import_refuse(im, "levels", "8 or fewer");
}

static bool normflows_take(weir__import *im)
{
    glow g;
    if (!glow_config(im, &g)) return false;
    weir__import_say(im, "shape=%lld,%lld,%lld scales=%lld depth=%lld dtype=%s",
                     (long long)g.shape[0], (long long)g.shape[1], (long long)g.shape[2],
                     (long long)g.levels, (long long)g.blocks, weir_dtype_name(im->dtype));
    weir__import_say(im,
                     " base=normal coupling.first=shift net.width=%lld net.norm=none net.edge=no",
                     (long long)g.width);
    return weir__import_make(im, "glow") && glow_steps(im, &g) && glow_bases(im, &g);
}

const weir__import_row weir__import_normflows = {
    .row = {
        .size = sizeof(weir__import_row),
        .version = 1,
        .name = "import.normflows",
        .doc = "Glow: MultiscaleFlow of GlowBlocks",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .take = normflows_take,
    .passed_over = ".eye .data_dep_init_done",
};
