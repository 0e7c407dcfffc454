/* cross_entropy.c - minus the log-probability of a class named by its index, with PyTorch's
 * weights, smoothing and averages. */
#include <math.h>
#include "ops/ops.h"

typedef weir_cross_entropy_opts opts;
static const opts cross_entropy_whole = { .size = sizeof(opts),
                                          .reduction = WEIR_REDUCE_MEAN,
                                          .ignore_index = -100 };

void weir_cross_entropy_defaults_sized(opts *o, size_t size)
{
    weir__sized_defaults(o, size, &cross_entropy_whole, sizeof cross_entropy_whole);
}

/* The classes of a target: those to ignore are 0 in `at` and false in `counted`. */
typedef struct classes {
    int axis;             /* of the classes in x */
    int64_t n, taken;     /* how many classes; how many places count */
    weir_tensor *at;      /* i64, extent 1 along the axis */
    weir_tensor *counted; /* bool, of the target's shape */
} classes;

static bool complain(weir_ctx *c, weir_status s, const char *name, weir_tensor *x,
                     weir_tensor *target, const char *expected)
{
    char text[256];
    size_t used = 0;
    weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x, target));
    weir_fail(c, s, "%s: %s: %s", name, text, expected);
    return false;
}

static bool cross_entropy_fit(weir_ctx *c, const char *name, weir_tensor *x, weir_tensor *target,
                              const opts *o)
{
    if (!weir_dtype_is_real(x->dtype) || target->dtype != WEIR_I64) {
        char text[96];
        snprintf(text, sizeof text, "%s and %s: expected f32 or f64, and i64 classes",
                 weir_dtype_name(x->dtype), weir_dtype_name(target->dtype));
        return complain(c, WEIR_ERROR_DTYPE, name, x, target, text);
    }
    bool same = x->ndim > 0 && target->ndim == x->ndim - 1;
    for (int i = 0; same && i < target->ndim; i++)
        same = target->shape[i] == x->shape[i == 0 ? 0 : i + 1];
    if (!same)
        return complain(c, WEIR_ERROR_SHAPE, name, x, target,
                        "expected [N, classes, ..] and [N, ..], or [classes] and []");
    if (!(o->label_smoothing >= 0 && o->label_smoothing <= 1)) {
        weir_fail(c, WEIR_ERROR_RANGE, "%s: label_smoothing %g: expected 0 to 1", name,
                  o->label_smoothing);
        return false;
    }
    weir_tensor *w = o->weight;
    if (w
        && (weir_is_nil(w) || w->dtype != x->dtype || w->ndim != 1
            || w->shape[0] != x->shape[x->ndim > 1]))
        return complain(c, WEIR_ERROR_SHAPE, name, x, target,
                        "expected a weight for each class, of the type of the first");
    return true;
}

static bool read_classes(weir_ctx *c, const char *name, weir_tensor *x, weir_tensor *target,
                         const opts *o, classes *k)
{
    k->axis = x->ndim > 1;
    k->n = x->shape[k->axis];
    k->taken = 0;
    weir_tensor *at = weir_empty(c, WEIR_I64, target->ndim, target->shape);
    k->counted = weir_empty(c, WEIR_BOOL, target->ndim, target->shape);
    if (at->object.nil || k->counted->object.nil) return false;
    int64_t *to = weir__ptr(at);
    uint8_t *counted = weir__ptr(k->counted);
    if (weir_copy_to_i64(target, to, target->numel) != WEIR_OK)
        return false; /* a target may be strided, and a parent's */
    for (int64_t i = 0; i < target->numel; i++) {
        counted[i] = to[i] != o->ignore_index;
        k->taken += counted[i];
        if (!counted[i]) to[i] = 0;
        if (to[i] >= 0 && to[i] < k->n) continue;
        char text[128];
        snprintf(text, sizeof text, "class %lld at %lld: expected 0 to %lld, or %lld to ignore",
                 (long long)to[i], (long long)i, (long long)k->n - 1, (long long)o->ignore_index);
        return complain(c, WEIR_ERROR_RANGE, name, x, target, text);
    }
    k->at = weir_unsqueeze(at, k->axis);
    return weir_ok(c);
}

static weir_tensor *where_counted(const classes *k, weir_tensor *x)
{
    return weir_where(k->counted, x, weir_scalar(weir_ctx_of(x), weir_dtype_of(x), 0));
}

/* w of each place's class, of the target's shape */
static weir_tensor *weights_at(const classes *k, weir_tensor *w)
{
    weir_tensor *flat = weir_reshape(k->at, 1, (const int64_t[]){ -1 });
    return where_counted(k, weir_reshape(weir_index_select(w, 0, flat), weir_ndim(k->counted),
                                         weir_shape(k->counted)));
}

/* - sum over classes of w log p, of the target's shape */
static weir_tensor *smooth(const classes *k, weir_tensor *log_p, weir_tensor *w)
{
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < log_p->ndim; i++) shape[i] = i == k->axis ? k->n : 1;
    if (w) log_p = weir_mul(log_p, weir_reshape(w, log_p->ndim, shape));
    return where_counted(k, weir_neg(weir_sum_axes(log_p, 1, &k->axis, false)));
}

static weir_tensor *cross_entropy_loss_of(const char *name, weir_tensor *x, weir_tensor *target,
                                          const opts *options,
                                          weir_tensor *(*log_of)(weir_tensor *x, int axis))
{
    opts o = cross_entropy_whole;
    weir_ctx *c = weir_ctx_of(weir_is_nil(x) ? target : x);
    weir_ctx *young = weir_is_nil(target) ? NULL : weir__younger(c, target->object.ctx);
    classes k;
    if (weir_is_nil(x) || weir_is_nil(target)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil: expected two tensors", name);
        return weir__nil_of(x);
    }
    if (young) c = young;
    if (!weir__sized_read(c, "cross_entropy: options", "them from weir_cross_entropy_defaults",
                          options, &o, sizeof o))
        return weir__nil_of(x);
    if (!weir_ok(c) || !cross_entropy_fit(c, name, x, target, &o)
        || !read_classes(c, name, x, target, &o, &k))
        return weir__nil(c, WEIR__TENSOR);
    weir_tensor *log_p = log_of ? log_of(x, k.axis) : x;
    weir_tensor *w = o.weight ? weights_at(&k, o.weight) : NULL;
    weir_tensor *loss = where_counted(
        &k, weir_neg(weir_squeeze(weir_gather(log_p, k.axis, k.at), k.axis)));
    if (w) loss = weir_mul(loss, w);
    if (weir_is_nil(loss)) return loss;
    if (o.label_smoothing > 0) /* (1 - e) of the class's, e shared by all */
        loss = weir_add(weir_scale(loss, 1 - o.label_smoothing),
                        weir_scale(smooth(&k, log_p, o.weight), o.label_smoothing / (double)k.n));
    if (o.reduction == WEIR_REDUCE_NONE) return loss;
    loss = weir_sum(loss);
    if (o.reduction == WEIR_REDUCE_SUM) return loss;
    return w ? weir_div(loss, weir_sum(w))
             : weir_scale(loss, k.taken > 0 ? 1 / (double)k.taken : NAN);
}

weir_tensor *weir_cross_entropy(weir_tensor *x, weir_tensor *target, const opts *o)
{
    return cross_entropy_loss_of("cross_entropy", x, target, o, weir_log_softmax);
}
weir_tensor *weir_nll_loss(weir_tensor *log_p, weir_tensor *target, const opts *o)
{
    return cross_entropy_loss_of("nll_loss", log_p, target, o, NULL);
}
