/* import_zuko.c - masked autoregressive flows of zuko (Rozet et al. 2022): MAF and NSF of
 * perceptrons. Their splines are ours of form=bounded on [-5, 5]. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "models/import.h"

typedef struct zuko {
    int64_t dim, context, transforms, bins; /* bins 0: affine maps, MAF */
    double slope;
    weir_ints hidden;
} zuko;

static int64_t zuko_params(const zuko *z) { return z->bins > 0 ? 3 * z->bins - 1 : 2; }

/* Odd transforms have the columns in reverse: reversed, mapped, reversed. */
static int64_t zuko_part(int64_t transform) /* of its map */
{
    return transform / 2 * 4 + (transform % 2 ? 2 : 0);
}

static void zuko_say_map(weir__import *im, const zuko *z, long long at)
{
    if (z->bins == 0)
        weir__import_say(im, " flow.parts.%lld.scale=soft flow.parts.%lld.bound=%.17g", at, at,
                         -log(1e-3));
    else
        weir__import_say(im,
                         " flow.parts.%lld.form=bounded flow.parts.%lld.bins=%lld"
                         " flow.parts.%lld.bound=5 flow.parts.%lld.min_slope=%.17g",
                         at, at, (long long)z->bins, at, at, z->slope);
}

static void zuko_say_name(weir__import *im, int64_t t, const char *map)
{
    const char *comma = t > 0 ? "," : "";
    if (t % 2) weir__import_say(im, "%spermutation,%s,permutation", comma, map);
    else weir__import_say(im, "%s%s", comma, map);
}

static void zuko_say(weir__import *im, const zuko *z)
{
    const char *map = z->bins > 0 ? "spline_autoregressive" : "affine_autoregressive";
    weir__import_say(im, "dim=%lld context=%lld dtype=%s base=normal flow.repeat=1 flow.parts=",
                     (long long)z->dim, (long long)z->context, weir_dtype_name(im->dtype));
    for (int64_t t = 0; t < z->transforms; t++) zuko_say_name(im, t, map);
    for (int64_t t = 0; t < z->transforms; t++) {
        long long at = zuko_part(t);
        zuko_say_map(im, z, at);
        weir__import_say(im, " flow.parts.%lld.net=made flow.parts.%lld.net.hidden=", at, at);
        for (int64_t i = 0; i < z->hidden.n; i++)
            weir__import_say(im, i ? ",%lld" : "%lld", (long long)z->hidden.at[i]);
        if (t % 2)
            weir__import_say(im, " flow.parts.%lld.kind=reverse flow.parts.%lld.kind=reverse",
                             at - 1, at + 1);
    }
}

/* Hidden unit k sees columns up to number k mod D where there is a context, else 1 + k mod (D - 1):
 * those of the masks that reach any. */
static int64_t zuko_degree(const zuko *z, int64_t k)
{
    if (z->context > 0) return k % z->dim;
    return z->dim > 1 ? 1 + k % (z->dim - 1) : 1;
}

/* Of a first layer the columns, of a last one the outputs of columns, in reverse; and of outputs
 * (shift, scale) our (scale, shift). Those of splines stand as ours do. */
static void zuko_rearrange(const zuko *z, weir__import_layer *l, bool first, bool last,
                           bool reverse, double *w, double *b)
{
    int64_t each = zuko_params(z);
    for (int64_t i = 0; i < l->out; i++) {
        int64_t column = i / each, place = i % each, to = i;
        if (last && z->bins == 0) place = 1 - place;
        if (last) to = each * (reverse ? z->dim - 1 - column : column) + place;
        b[to] = l->bias[i];
        for (int64_t j = 0; j < l->in; j++) {
            bool turned = first && reverse && j < z->dim;
            w[to * l->in + (turned ? z->dim - 1 - j : j)] = l->weight[i * l->in + j];
        }
    }
}

static bool zuko_read(weir__import *im, const zuko *z, int64_t t, int64_t index,
                      weir__import_layer *l)
{
    char name[160];
    weir_ctx *c = im->c;
    bool first = index == 0, last = index == z->hidden.n, good = false;
    snprintf(name, sizeof name, "transform.transforms.%lld.hyper.%lld.weight", (long long)t,
             (long long)(2 * index));
    l->weight = weir__import_read(im, name, l->in * l->out);
    snprintf(name, sizeof name, "transform.transforms.%lld.hyper.%lld.bias", (long long)t,
             (long long)(2 * index));
    l->bias = weir__import_read(im, name, l->out);
    double *w = weir__alloc0_n(c, weir__size_times(l->in, l->out), sizeof *w);
    double *b = weir__alloc0_n(c, l->out, sizeof *b);
    if (l->weight && l->bias && w && b) {
        zuko_rearrange(z, l, first, last, t % 2 == 1, w, b);
        memcpy(l->weight, w, (size_t)(l->in * l->out) * sizeof *w);
        memcpy(l->bias, b, (size_t)l->out * sizeof *b);
        good = true;
    }
    weir__free(c, w);
    weir__free(c, b);
    return good;
}

static bool zuko_transform(weir__import *im, const zuko *z, int64_t t)
{
    enum { MOST = WEIR_INTS_MAX + 1 };
    weir__import_layer layers[MOST] = { { 0 } };
    int64_t *degrees[MOST] = { NULL }, n = z->hidden.n + 1;
    char net[64];
    bool good = true;
    for (int64_t i = 0; good && i < n; i++) {
        weir__import_layer *l = &layers[i];
        l->in = i == 0 ? z->dim + z->context : z->hidden.at[i - 1];
        l->out = i + 1 == n ? zuko_params(z) * z->dim : z->hidden.at[i];
        degrees[i] = weir__alloc_n(im->c, l->out, sizeof *degrees[i]);
        for (int64_t k = 0; degrees[i] && k < l->out; k++) degrees[i][k] = zuko_degree(z, k);
        l->degrees = degrees[i];
        good = degrees[i] && zuko_read(im, z, t, i, l);
    }
    snprintf(net, sizeof net, "flow.%lld.net", (long long)zuko_part(t));
    good = good && weir__import_made(im, net, n, layers, z->dim, z->context > 0, z->hidden.at);
    for (int64_t i = 0; i < n; i++) {
        weir__free(im->c, degrees[i]);
        weir__free(im->c, layers[i].weight);
        weir__free(im->c, layers[i].bias);
    }
    return good;
}

static bool zuko_base(weir__import *im, const zuko *z)
{
    double *loc = weir__import_read(im, "base.loc", z->dim);
    double *scale = weir__import_read(im, "base.scale", z->dim);
    bool good = loc && scale;
    for (int64_t j = 0; good && j < z->dim; j++)
        if (loc[j] != 0 || scale[j] != 1)
            good = weir__import_refuse(im, "base", "a standard normal, loc 0 and scale 1");
    weir__free(im->c, loc);
    weir__free(im->c, scale);
    return good;
}

static bool zuko_splines(weir__import *im, zuko *z)
{
    z->slope = 1e-3;
    if (json_object_get(im->config, "slope")
        && !weir__import_real(im, im->config, "slope", &z->slope))
        return false;
    return weir__import_int(im, im->config, "bins", 2, &z->bins);
}

static bool zuko_take(weir__import *im)
{
    zuko z = { 0 };
    const char *flow = weir__import_text(im, im->config, "flow");
    bool splines = flow && strcmp(flow, "NSF") == 0;
    if (flow && !splines && strcmp(flow, "MAF") != 0)
        return weir__import_refuse(im, flow, "MAF or NSF");
    if (splines && !zuko_splines(im, &z)) return false;
    if (!flow || !weir__import_int(im, im->config, "features", 2, &z.dim)
        || !weir__import_int(im, im->config, "context", 0, &z.context)
        || !weir__import_int(im, im->config, "transforms", 1, &z.transforms)
        || !weir__import_ints(im, im->config, "hidden_features", &z.hidden)
        || !weir__import_is(im, im->config, "randperm", false)
        || !weir__import_is(im, im->config, "residual", false))
        return false;
    zuko_say(im, &z);
    bool good = zuko_base(im, &z) && weir__import_make(im, "flow");
    for (int64_t t = 0; good && t < z.transforms; t++) good = zuko_transform(im, &z, t);
    return good;
}

const weir__import_row weir__import_zuko = {
    .row = {
        .size = sizeof(weir__import_row),
        .version = 1,
        .name = "import.zuko",
        .doc = "MAF and NSF",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .take = zuko_take,
    .passed_over = ".mask .order",
};
