/* import_nflows.c - flows of nflows (Durkan, Bekasov, Murray, Papamakarios 2020): a
 * CompositeTransform of permutations, rational-quadratic couplings and masked autoregressive
 * transforms over StandardNormal. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "models/import.h"

typedef struct layer {
    weir__import *im;
    const json_t *config;
    int64_t index; /* of the transform */
    int64_t dim, context;
    int64_t width, blocks, bins;
    char theirs[96], ours[32];
} layer;

typedef struct kind {
    const char *type;
    bool (*say)(layer *l);  /* options of ours, before the model is made */
    bool (*take)(layer *l); /* weights, after it */
} kind;

/* -- names ------------------------------------------------------------------------------------- */
static double *layer_read(const layer *l, const char *name, int64_t n)
{
    char full[256];
    return weir__import_read(l->im, weir__import_name(full, sizeof full, l->theirs, name), n);
}

static bool layer_write(const layer *l, const char *name, const double *v, int64_t n)
{
    char full[256];
    return weir__import_write(l->im, weir__import_name(full, sizeof full, l->ours, name), v, n);
}

static void layer_say_part(const layer *l, const char *options)
{
    weir__import_say(l->im, " flow.parts.%lld.%s", (long long)l->index, options);
}

/* -- permutations ------------------------------------------------------------------------------ */
static bool permutation_say(layer *l) { return true; }

static bool permutation_take(layer *l)
{
    double *order = layer_read(l, "_permutation", l->dim);
    double *back = weir__alloc0_n(l->im->c, l->dim, sizeof *back);
    bool good = order && back;
    for (int64_t i = 0; good && i < l->dim; i++) {
        good = order[i] >= 0 && order[i] < (double)l->dim;
        if (good) back[(int64_t)order[i]] = (double)i;
        else weir__import_refuse(l->im, "_permutation", "an order of the columns");
    }
    good = good && layer_write(l, "order", order, l->dim) && layer_write(l, "back", back, l->dim);
    weir__free(l->im->c, order);
    weir__free(l->im->c, back);
    return good;
}

/* -- splines ----------------------------------------------------------------------------------- */
static bool spline_say(layer *l)
{
    double bound;
    const char *tails = weir__import_text(l->im, l->config, "tails");
    if (tails && strcmp(tails, "linear") != 0)
        return weir__import_refuse(l->im, "tails", "linear, the others have no counterpart here");
    if (!tails || !weir__import_int(l->im, l->config, "num_bins", 2, &l->bins)
        || !weir__import_real(l->im, l->config, "tail_bound", &bound))
        return false;
    weir__import_say(l->im, " flow.parts.%lld.bins=%lld flow.parts.%lld.bound=%.17g",
                     (long long)l->index, (long long)l->bins, (long long)l->index, bound);
    return true;
}

/* Rows of a last layer that gives n splines: theirs has slope m + softplus(h), ours
 * m + softplus(h + c), c = log(exp(1 - m) - 1); and they divide widths and heights by `root`. */
static void spline_rows(const layer *l, int64_t n, int64_t in, double root, double *w, double *b)
{
    int64_t each = 3 * l->bins - 1;
    double shift = log(expm1(1 - 1e-3));
    for (int64_t i = 0; i < n * each; i++) {
        bool slope = i % each >= 2 * l->bins;
        double scale = slope ? 1 : 1 / root;
        b[i] = b[i] * scale - (slope ? shift : 0);
        for (int64_t j = 0; j < in; j++) w[i * in + j] *= scale;
    }
}

/* -- couplings --------------------------------------------------------------------------------- */
/* Theirs maps the columns 0, 2, .. of an even mask, or those of a list. Ours keeps what is 1. */
static bool coupling_mask(layer *l, char *mask)
{
    const json_t *even = json_object_get(l->config, "even");
    const char *how = weir__import_text(l->im, l->config, "mask");
    if (!how) return false;
    if (strcmp(how, "alternating") != 0 || !json_is_boolean(even))
        return weir__import_refuse(l->im, "mask", "\"alternating\", with \"even\": true or false");
    for (int64_t i = 0; i < l->dim; i++) mask[i] = (i % 2 == 0) == json_is_true(even) ? '0' : '1';
    mask[l->dim] = 0;
    return true;
}

static bool coupling_say(layer *l)
{
    char mask[1024];
    const json_t *net = json_object_get(l->config, "net");
    if (l->dim >= (int64_t)sizeof mask) return weir__import_refuse(l->im, "dim", "below 1024");
    if (!coupling_mask(l, mask) || !spline_say(l)) return false;
    const char *type = weir__import_text(l->im, net, "type");
    if (!type || !weir__import_int(l->im, net, "hidden_features", 1, &l->width)
        || !weir__import_int(l->im, net, "num_blocks", 0, &l->blocks))
        return false;
    if (strcmp(type, "ResidualNet") != 0) return weir__import_refuse(l->im, "net", "ResidualNet");
    layer_say_part(l, "partition=mask");
    weir__import_say(l->im, " flow.parts.%lld.mask=%s", (long long)l->index, mask);
    layer_say_part(l, "net=residual_mlp");
    weir__import_say(l->im, " flow.parts.%lld.net.width=%lld flow.parts.%lld.net.blocks=%lld",
                     (long long)l->index, (long long)l->width, (long long)l->index,
                     (long long)l->blocks);
    if (l->context > 0) layer_say_part(l, "net.gate=yes");
    return true;
}

/* Theirs of that name as ours; rows of splines where n_splines is above 0. */
static bool coupling_linear(const layer *l, const char *name, const char *ours, int64_t in,
                            int64_t out, int64_t n_splines)
{
    char weight[160], bias[160], to[64];
    snprintf(weight, sizeof weight, "transform_net.%s.weight", name);
    snprintf(bias, sizeof bias, "transform_net.%s.bias", name);
    double *w = layer_read(l, weight, in * out), *b = layer_read(l, bias, out);
    if (w && b && n_splines > 0) spline_rows(l, n_splines, in, sqrt((double)l->width), w, b);
    snprintf(to, sizeof to, "net.%.32s.weight", ours);
    bool good = layer_write(l, to, w, in * out);
    snprintf(to, sizeof to, "net.%.32s.bias", ours);
    good = good && layer_write(l, to, b, out);
    weir__free(l->im->c, w);
    weir__free(l->im->c, b);
    return good;
}

/* Two layers, and, with a context, the gate of what they give: theirs is the second half of a GLU,
 * which is sigmoid. */
static bool coupling_block(const layer *l, int64_t block)
{
    char name[64], ours[32];
    bool good = true;
    for (int64_t i = 0; good && i < 2; i++) {
        snprintf(name, sizeof name, "blocks.%lld.linear_layers.%lld", (long long)block,
                 (long long)i);
        snprintf(ours, sizeof ours, "%lld", (long long)(1 + 2 * block + i));
        good = coupling_linear(l, name, ours, l->width, l->width, 0);
    }
    if (!good || l->context == 0) return good;
    snprintf(name, sizeof name, "blocks.%lld.context_layer", (long long)block);
    snprintf(ours, sizeof ours, "gate%lld", (long long)block);
    return coupling_linear(l, name, ours, l->context, l->width, 0);
}

static bool coupling_take(layer *l)
{
    char last[32];
    const json_t *even = json_object_get(l->config, "even");
    int64_t mapped = json_is_true(even) ? (l->dim + 1) / 2 : l->dim / 2, kept = l->dim - mapped;
    bool good = coupling_linear(l, "initial_layer", "0", kept + l->context, l->width, 0);
    for (int64_t i = 0; good && i < l->blocks; i++) good = coupling_block(l, i);
    snprintf(last, sizeof last, "%lld", (long long)(1 + 2 * l->blocks));
    return good
           && coupling_linear(l, "final_layer", last, l->width, mapped * (3 * l->bins - 1), mapped);
}

/* -- masked autoregressive networks ------------------------------------------------------------ */
/* Theirs, MADE: hidden units have degrees 1 + k mod (D - 1). A context is added to the units of the
 * first layer and of the residual blocks: network.made with added=yes. */
typedef struct made {
    int64_t n; /* layers */
    weir__import_layer at[2 * WEIR_INTS_MAX + 3];
    int64_t *degrees; /* of hidden units */
    int64_t width; /* of hidden layers of ours */
} made;

static bool made_is_residual(const layer *l)
{
    return !json_is_false(json_object_get(l->config, "use_residual_blocks"));
}

static int64_t import_nflows_made_layers(const layer *l) /* hidden ones of theirs */
{
    return 1 + l->blocks * (made_is_residual(l) ? 2 : 1);
}

static bool made_begin(const layer *l, made *m)
{
    weir_ctx *c = l->im->c;
    int64_t kinds = l->dim > 1 ? l->dim - 1 : 1;
    *m = (made){ .degrees = weir__alloc_n(c, l->width, sizeof *m->degrees) };
    for (int64_t i = 0; m->degrees && i < l->width; i++) m->degrees[i] = 1 + i % kinds;
    if (m->degrees)
        m->width = weir__import_made_width(l->width, m->degrees, l->dim, l->context > 0);
    return weir_ok(c);
}

static void made_end(const layer *l, made *m)
{
    for (int64_t i = 0; i < m->n; i++) {
        weir__free(l->im->c, m->at[i].weight);
        weir__free(l->im->c, m->at[i].bias);
    }
    weir__free(l->im->c, m->degrees);
}

static bool made_say(layer *l)
{
    made m;
    if (!weir__import_int(l->im, l->config, "hidden_features", 1, &l->width)
        || !weir__import_int(l->im, l->config, "num_blocks", 0, &l->blocks))
        return false;
    if (l->blocks > WEIR_INTS_MAX - 2) return weir__import_refuse(l->im, "num_blocks", "below 31");
    bool good = made_begin(l, &m);
    int64_t n = 1 + l->blocks; /* a residual block is one width */
    layer_say_part(l, "net=made");
    weir__import_say(l->im, " flow.parts.%lld.net.residual=%s flow.parts.%lld.net.hidden=",
                     (long long)l->index, made_is_residual(l) ? "yes" : "no", (long long)l->index);
    for (int64_t i = 0; good && i < n; i++)
        weir__import_say(l->im, i ? ",%lld" : "%lld", (long long)m.width);
    if (l->context > 0) layer_say_part(l, "net.added=yes");
    made_end(l, &m);
    return good;
}

static bool made_read(const layer *l, made *m, const char *name, int64_t in, int64_t out,
                      const int64_t *degrees)
{
    char weight[160], bias[160];
    snprintf(weight, sizeof weight, "autoregressive_net.%s.weight", name);
    snprintf(bias, sizeof bias, "autoregressive_net.%s.bias", name);
    m->at[m->n++] = (weir__import_layer){
        .in = in,
        .out = out,
        .degrees = degrees,
        .weight = layer_read(l, weight, in * out),
        .bias = layer_read(l, bias, out),
    };
    return weir_ok(l->im->c);
}

static bool made_read_all(const layer *l, made *m, int64_t params)
{
    bool good = made_read(l, m, "initial_layer", l->dim, l->width, m->degrees);
    for (int64_t i = 0; good && i < import_nflows_made_layers(l) - 1; i++) {
        char name[64];
        long long block = made_is_residual(l) ? i / 2 : i;
        if (made_is_residual(l))
            snprintf(name, sizeof name, "blocks.%lld.linear_layers.%lld", block,
                     (long long)(i % 2));
        else snprintf(name, sizeof name, "blocks.%lld.linear", block);
        good = made_read(l, m, name, l->width, l->width, m->degrees);
    }
    return good && made_read(l, m, "final_layer", l->width, l->dim * params, NULL);
}

/* Their map of the context, of that name, as ours of number i. */
static bool made_added(const layer *l, const made *m, const char *name, int64_t i)
{
    char weight[96], bias[96], ours[96];
    snprintf(weight, sizeof weight, "autoregressive_net.%.48s.weight", name);
    snprintf(bias, sizeof bias, "autoregressive_net.%.48s.bias", name);
    snprintf(ours, sizeof ours, "%.40s.net.condition%lld", l->ours, (long long)i);
    weir__import_layer map = {
        .in = l->context,
        .out = l->width,
        .degrees = m->degrees,
        .weight = layer_read(l, weight, weir__size_times(l->width, l->context)),
        .bias = layer_read(l, bias, l->width),
    };
    bool good = weir__import_made_added(l->im, ours, &map, l->dim, m->width);
    weir__free(l->im->c, map.weight);
    weir__free(l->im->c, map.bias);
    return good;
}

static bool made_take_context(const layer *l, const made *m)
{
    bool good = l->context == 0 || made_added(l, m, "context_layer", 0);
    bool blocks = l->context > 0 && made_is_residual(l);
    for (int64_t i = 0; good && blocks && i < l->blocks; i++) {
        char name[48];
        snprintf(name, sizeof name, "blocks.%lld.context_layer", (long long)i);
        good = made_added(l, m, name, 1 + i);
    }
    return good;
}

static bool made_take(layer *l, int64_t params)
{
    made m;
    char net[64];
    int64_t widths[2 * WEIR_INTS_MAX + 3];
    bool good = made_begin(l, &m) && made_read_all(l, &m, params);
    weir__import_layer *last = m.n > 0 ? &m.at[m.n - 1] : NULL;
    if (good && l->bins > 0) spline_rows(l, l->dim, l->width, 1, last->weight, last->bias);
    for (int64_t i = 0; i < import_nflows_made_layers(l); i++) widths[i] = m.width;
    snprintf(net, sizeof net, "%s.net", l->ours);
    good = good && weir__import_made(l->im, net, m.n, m.at, l->dim, l->context > 0, widths)
           && made_take_context(l, &m);
    made_end(l, &m);
    return good;
}

static bool made_spline_say(layer *l) { return spline_say(l) && made_say(l); }

static bool made_spline_take(layer *l) { return made_take(l, 3 * l->bins - 1); }

/* log(softplus(h) + 0.001), then x exp(s) + t */
static bool made_affine_say(layer *l)
{
    l->bins = 0;
    layer_say_part(l, "scale=floored_softplus");
    return made_say(l);
}

static bool made_affine_take(layer *l) { return made_take(l, 2); }

/* -- all of them ------------------------------------------------------------------------------- */
static const struct {
    kind theirs;
    const char *ours;
} kinds[] = {
    { { "RandomPermutation", permutation_say, permutation_take }, "permutation" },
    { { "ReversePermutation", permutation_say, permutation_take }, "permutation" },
    { { "PiecewiseRationalQuadraticCouplingTransform", coupling_say, coupling_take },
      "spline_coupling" },
    { { "MaskedPiecewiseRationalQuadraticAutoregressiveTransform", made_spline_say,
        made_spline_take },
      "spline_autoregressive" },
    { { "MaskedAffineAutoregressiveTransform", made_affine_say, made_affine_take },
      "affine_autoregressive" },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int kind_of(weir__import *im, const json_t *transform)
{
    const char *type = weir__import_text(im, transform, "type");
    for (int k = 0; type && k < KINDS; k++)
        if (strcmp(kinds[k].theirs.type, type) == 0) return k;
    if (type) weir__import_refuse(im, type, "a transform that has a counterpart here");
    return -1;
}

static bool nflows_say_names(weir__import *im, const json_t *transforms)
{
    size_t i;
    const json_t *at;
    weir__import_say(im, " flow.parts=");
    json_array_foreach (transforms, i, at) {
        int k = kind_of(im, at);
        if (k < 0) return false;
        weir__import_say(im, i ? ",%s" : "%s", kinds[k].ours);
    }
    return json_array_size(transforms) > 0 || weir__import_refuse(im, "transforms", "some");
}

static layer layer_at(weir__import *im, const json_t *config, size_t i, int64_t dim,
                      int64_t context)
{
    layer l = { .im = im, .config = config, .index = (int64_t)i, .dim = dim, .context = context };
    snprintf(l.theirs, sizeof l.theirs, "_transform._transforms.%zu", i);
    snprintf(l.ours, sizeof l.ours, "flow.%zu", i);
    return l;
}

/* What each says, or, once the model is made, takes. */
static bool nflows_each(weir__import *im, const json_t *transforms, int64_t dim, int64_t context,
                        bool take)
{
    size_t i;
    const json_t *at;
    json_array_foreach (transforms, i, at) {
        layer l = layer_at(im, at, i, dim, context);
        const kind *k = &kinds[kind_of(im, at)].theirs;
        if (take) { /* the numbers again; their text is not used any more */
            size_t said = im->n_options;
            if (!k->say(&l)) return false;
            im->n_options = said;
        }
        if (!(take ? k->take : k->say)(&l)) return false;
    }
    return true;
}

static bool nflows_take(weir__import *im)
{
    int64_t dim, context = 0;
    const json_t *transforms = json_object_get(im->config, "transforms");
    if (!weir__import_int(im, im->config, "dim", 2, &dim)) return false;
    if (json_object_get(im->config, "context")
        && !weir__import_int(im, im->config, "context", 0, &context))
        return false;
    weir__import_say(im, "dim=%lld context=%lld dtype=%s base=normal flow.repeat=1", (long long)dim,
                     (long long)context, weir_dtype_name(im->dtype));
    return nflows_say_names(im, transforms) && nflows_each(im, transforms, dim, context, false)
           && weir__import_make(im, "flow") && nflows_each(im, transforms, dim, context, true);
}

const weir__import_row weir__import_nflows = {
    .row = {
        .size = sizeof(weir__import_row),
        .version = 1,
        .name = "import.nflows",
        .doc = "rational-quadratic couplings (NSF), masked autoregressive affine maps and splines",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .take = nflows_take,
    .passed_over = "identity_features transform_features .mask .degrees",
};
