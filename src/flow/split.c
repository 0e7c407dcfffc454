/* split.c - one scale of a multi-scale flow (Dinh et al. 2017, section 3.6; Kingma, Dhariwal 2018):
 * of the channels x = (a, b), a goes on through the bijection `rest`, and b is set aside as latent
 * variables,
 *
 *     z = (rest(a), e),   b = mean(a) + exp(s(a)) e,   log|det| = log|det rest| - sum s(a).
 *
 * (mean, s) is a 3 x 3 convolution of a (conv2d_same) that starts at 0, plus a linear map of the
 * condition: the prior of b given a, learned, so that the base below stays a simple one; with
 * prior=no, e = b. rest gives vectors, and so does the whole,
 * the coarsest scale first: nested splits make one vector (rest_3, e_3, e_2, e_1) of as many values
 * as x has. Each part lies in logical order, [C / 2, H, W]. */
#include <stddef.h>
#include <string.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    weir_ints shape;
    int64_t classes, context;
    weir_choice rest;
    bool prior;
    int32_t dtype;
    bool rest_follows; /* not an option: weir__split_new adds the rest itself */
} opts;

typedef struct state {
    weir_module *rest, *prior; /* prior NULL: e = b */
    weir_module *condition; /* NULL: none */
    weir__condition_use use;
    int64_t kept; /* channels of a */
    int64_t shape[3]; /* of x */
} state;

static const weir_option options[] = {
    { "shape", WEIR_OPTION_INTS, offsetof(opts, shape), "2,2,2", 1, 1 << 24, NULL,
      "of a sample: channels, height, width" },
    { "prior", WEIR_OPTION_BOOL, offsetof(opts, prior), "yes", 0, 1, NULL,
      "what is set aside has a learned mean and deviation, given what goes on" },
    { "rest", WEIR_OPTION_ROW, offsetof(opts, rest), "", 0, 0, "bijection",
      "what the other half goes on through, to a vector; none: it is only made one" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    WEIR__OPTIONS_CONDITION(opts, ", which the prior sees"),
    { 0 },
};

static void split_add_prior(weir_module *m, const opts *o)
{
    state *s = weir_module_state(m);
    weir_ctx *c = weir_module_ctx(m);
    long long out = 2 * (s->shape[0] - s->kept), columns = weir__condition_width(s->use);
    const char *dtype = o->dtype ? "f64" : "f32";
    char text[160];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld start=zero dtype=%s",
                 (long long)s->kept, out, dtype);
    s->prior = weir_module_add(m, "prior", weir_module_new(c, "conv2d_same", text));
    if (columns == 0) return;
    used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=%lld bias=no init=uniform bound=0 dtype=%s",
                 columns, out, dtype);
    s->condition = weir_module_add(m, "condition", weir_module_new(c, "linear", text));
}

static weir_module *split_rest(weir_module *m, opts *o)
{
    const state *s = weir_module_state(m);
    weir_ctx *c = weir_module_ctx(m);
    if (o->rest.row) return weir__choice_module(c, &m->row->row, "rest", &o->rest, 0, NULL);
    char text[96];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "shape=%lld,%lld,%lld", (long long)s->kept,
                 (long long)s->shape[1], (long long)s->shape[2]);
    return weir_module_new(c, "flatten", text);
}

static void split_create(weir_module *m, const void *options_)
{
    opts *o = (void *)(uintptr_t)options_; /* a copy of this module's own: weir_module_from_row */
    state *s = weir_module_state(m);
    if (o->shape.n != 3 || o->shape.at[0] < 2) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_SHAPE,
                  "bijection.split: shape: expected channels,height,width, 2 channels or more");
        return;
    }
    memcpy(s->shape, o->shape.at, sizeof s->shape);
    s->kept = (s->shape[0] + 1) / 2;
    s->use = (weir__condition_use){ .classes = o->classes, .context = o->context };
    if (o->prior) split_add_prior(m, o);
    if (!o->rest_follows) s->rest = weir_module_add(m, "rest", split_rest(m, o));
}

/* mean and s of what is set aside, given a [B, kept, H, W] */
static void split_moments(weir_module *m, weir_tensor *a, const weir_condition *k,
                          weir_tensor **mean, weir_tensor **log_scale)
{
    const state *s = weir_module_state(m);
    weir_tensor *both = weir_module_forward(s->prior, a);
    if (s->condition)
        both = weir__condition_add(s->condition, both, weir__condition_columns(m, a, k, s->use));
    weir_tensor *part[2];
    weir_chunk(both, 1, 2, part);
    *mean = part[0];
    *log_scale = part[1];
}

static weir_tensor *split_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                    weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (x->ndim != 4 || memcmp(x->shape + 1, s->shape, sizeof s->shape) != 0)
        return weir__module_misfit(m, x, "[B, shape..]");
    weir_tensor *part[2];
    weir_split(x, 1, 2, (const int64_t[]){ s->kept, s->shape[0] - s->kept }, part);
    weir_tensor *a = part[0], *e = part[1];
    weir_tensor *z = weir_bijection_forward(s->rest, a, k, log_det);
    if (s->prior) {
        weir_tensor *mean, *log_scale;
        split_moments(m, a, k, &mean, &log_scale);
        e = weir_mul(weir_sub(e, mean), weir_exp(weir_neg(log_scale)));
        *log_det = weir_sub(*log_det, weir_sum_samples(log_scale));
    }
    return weir_cat(2, (weir_tensor *[]){ z, weir_flatten(e) }, 1);
}

static weir_tensor *split_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                  weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    int64_t places = s->shape[1] * s->shape[2], n = s->shape[0] * places, kept = s->kept * places;
    if (y->ndim != 2 || y->shape[1] != n)
        return weir__module_misfit(m, y, "[B, elements of shape]");
    const int64_t set_aside[] = { y->shape[0], s->shape[0] - s->kept, s->shape[1], s->shape[2] };
    weir_tensor *a = weir_bijection_inverse(s->rest, weir_slice(y, 1, 0, kept, 1), k, log_det);
    weir_tensor *b = weir_reshape(weir_slice(y, 1, kept, n, 1), 4, set_aside);
    if (s->prior) {
        weir_tensor *mean, *log_scale;
        split_moments(m, a, k, &mean, &log_scale);
        b = weir_add(mean, weir_mul(b, weir_exp(log_scale)));
        *log_det = weir_add(*log_det, weir_sum_samples(log_scale));
    }
    return weir_cat(2, (weir_tensor *[]){ a, b }, 1);
}

const weir_module_row weir__row_split = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.split",
        .doc = "half the channels are set aside as latent variables, others go on through `rest`",
        .options = options,
        .options_size = sizeof(opts),
        .test = "shape=3,2,2",
        .given = "dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = split_create,
    .transform = split_transform,
    .inverse = split_inverse,
    .input = "2,3,2,2",
    .torch = weir__torch_split,
};

weir_module *weir__split_new(weir_ctx *c, const weir__split_opts *own, weir_module *rest)
{
    const int64_t *shape = own->shape;
    opts o = {
        .size = sizeof o,
        .shape = { .n = 3, .at = { shape[0], shape[1], shape[2] } },
        .prior = own->prior,
        .dtype = own->dtype == WEIR_F64,
        .classes = own->classes,
        .context = own->context,
        .rest_follows = true,
    };
    weir_module *m = weir_module_from_row(c, &weir__row_split, &o);
    rest = weir_module_add(m, "rest", rest); /* frees rest when m or rest failed */
    if (!m->object.nil && !rest->object.nil) {
        ((state *)weir_module_state(m))->rest = rest;
        return m;
    }
    weir_module_free(m);
    return weir__nil(c, WEIR__MODULE);
}
