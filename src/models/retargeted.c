/* retargeted.c - a network that was trained on one path to say one thing, on another path saying
 * another. The relative noise sigma = b / a is the same on both: at t of the new path, with x
 * there,
 *
 *     sigma = b(t) / a(t),  t' = the old path's time of sigma,  x' = x a'(t') / a(t),
 *
 * and what the old network says of x' at t' gives E[x_0] and E[eps], which are no path's, and these
 * give what is asked for. Sigma is kept within what the network was trained on. Per sample all is
 * linear, y = of_x x + of_y net(of_in x, label'), so that gradients pass. */
#include <math.h>
#include <stddef.h>
#include "base/value.h"
#include "models/path_model.h"
#include "ops/ops.h"
#include "weir/grad.h"

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(weir__retarget_opts, in), "2", 1, 1 << 24, NULL,
      "values a sample" },
    { "out", WEIR_OPTION_INT, offsetof(weir__retarget_opts, out), "2", 1, 1 << 24, NULL,
      "values of what it says" },
    { "height", WEIR_OPTION_INT, offsetof(weir__retarget_opts, height), "0", 0, 1 << 20, NULL,
      "of a network of pictures; 0: unknown" },
    { "width", WEIR_OPTION_INT, offsetof(weir__retarget_opts, width), "0", 0, 1 << 20, NULL,
      "likewise" },
    { "net", WEIR_OPTION_ROW, offsetof(weir__retarget_opts, net), "mlp time=raw", 0, 0, "network",
      "the network as it was trained" },
    { "old_path", WEIR_OPTION_ROW, offsetof(weir__retarget_opts, old.path), "fm", 0, 0, "path",
      "path that it was trained on" },
    { "old_prediction", WEIR_OPTION_ROW, offsetof(weir__retarget_opts, old.prediction), "velocity",
      0, 0, "prediction", "what it was trained to say" },
    { "old_label", WEIR_OPTION_CHOICE, offsetof(weir__retarget_opts, old.label), "time", 0, 0,
      WEIR__LABEL_CHOICES, "what it is told of time" },
    { "old_input_scale", WEIR_OPTION_REAL, offsetof(weir__retarget_opts, old.input_scale), "0", 0,
      1e6, NULL, "s above 0: it sees x / sqrt(b^2 + a^2 s^2)" },
    { "path", WEIR_OPTION_ROW, offsetof(weir__retarget_opts, new.path), "fm", 0, 0, "path",
      "path that it is asked on, which is the model's" },
    { "prediction", WEIR_OPTION_ROW, offsetof(weir__retarget_opts, new.prediction), "velocity", 0,
      0, "prediction", "what it says, which is the model's" },
    { "label", WEIR_OPTION_CHOICE, offsetof(weir__retarget_opts, new.label), "time", 0, 0,
      WEIR__LABEL_CHOICES, "what the model tells it of time" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__retarget_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(weir__retarget_opts, ", which the network takes"),
    { 0 },
};

typedef struct state {
    weir_module *net;
    weir__field old; /* its conventions alone */
    weir__convention was, is; /* their rows, taken over from the options */
    const weir_path_row *path;
    const void *path_options;
    const weir_prediction_row *prediction;
    const void *prediction_options;
    double lo, hi; /* of the old time */
} state;

static weir__field conventions(const weir__convention *v)
{
    return (weir__field){
        .path = (const weir_path_row *)v->path.row,
        .path_options = v->path.options,
        .prediction = (const weir_prediction_row *)v->prediction.row,
        .prediction_options = v->prediction.options,
        .label = v->label,
        .sigma_data = v->input_scale,
    };
}

static double retargeted_sigma_at(const weir__field *f, double t)
{
    weir_path_point p = f->path->at(f->path_options, t);
    return p.a > 0 ? p.b / p.a : INFINITY;
}

void weir__retarget_range(const weir__convention *old, double *lo, double *hi)
{
    weir__field f = conventions(old);
    double first, last;
    weir__field_ends(&f, &first, &last);
    *lo = retargeted_sigma_at(&f, first);
    *hi = retargeted_sigma_at(&f, last);
}

/* What the module's options hold until it is made. */
static weir__convention convention_take(weir__convention *from)
{
    weir__convention v = *from;
    from->path = from->prediction = (weir_choice){ 0 };
    return v;
}

static void retargeted_destroy(weir_module *m)
{
    weir_ctx *c = weir_module_ctx(m);
    state *s = weir_module_state(m);
    weir__choice_clear(c, &s->was.path);
    weir__choice_clear(c, &s->was.prediction);
    weir__choice_clear(c, &s->is.path);
    weir__choice_clear(c, &s->is.prediction);
}

static void retargeted_create(weir_module *m, const void *options_)
{
    weir__retarget_opts *o = (void *)(uintptr_t)options_;
    weir_ctx *c = weir_module_ctx(m);
    state *s = weir_module_state(m);
    bool pictures = ((const weir_module_row *)o->net.row)->pictures;
    const weir__gift gifts[] = {
        { "in", o->in }, { "out", o->out }, { "height", o->height }, { "width", o->width }
    };
    s->was = convention_take(&o->old);
    s->is = convention_take(&o->new);
    s->old = conventions(&s->was);
    s->path = (const weir_path_row *)s->is.path.row;
    s->path_options = s->is.path.options;
    s->prediction = (const weir_prediction_row *)s->is.prediction.row;
    s->prediction_options = s->is.prediction.options;
    s->net = weir_module_add(
        m, "net", weir__choice_module(c, &m->row->row, "net", &o->net, pictures ? 4 : 2, gifts));
    weir__field_ends(&s->old, &s->lo, &s->hi);
}

/* -- one sample -------------------------------------------------------------------------------- */
enum { IN, LABEL, OF_X, OF_Y, FACTORS };

/* What the new path is at a label, and sigma there. */
static weir_path_point asked_at(const state *s, double label, double *sigma)
{
    bool time = s->is.label == WEIR__LABEL_TIME;
    double t = time ? label : s->path->time_of(s->path_options, exp(4 * label));
    weir_path_point q = s->path->at(s->path_options, t);
    *sigma = q.a > 0 ? q.b / q.a : INFINITY;
    if (!time) *sigma = exp(4 * label);
    return q;
}

/* Into v[k n]. Beyond a sigma of 1 samples are known by their noise, x / b, else by x / a. */
static void factors(const state *s, double label, int64_t n, double *v)
{
    double sigma;
    weir_path_point q = asked_at(s, label, &sigma);
    double t = s->old.path->time_of(s->old.path_options, sigma);
    t = fmin(fmax(t, s->lo), s->hi);
    weir_path_point p = s->old.path->at(s->old.path_options, t);
    double moved = sigma > 1 ? p.b / q.b : p.a / q.a;
    weir__conversion k = weir__conversion_across(
        p, s->old.prediction->at(s->old.prediction_options, p),
        s->prediction->at(s->prediction_options, q));
    v[IN * n] = moved * weir__field_input_scale(&s->old, p);
    v[LABEL * n] = weir__field_label(&s->old, t);
    v[OF_X * n] = moved * k.of_x;
    v[OF_Y * n] = k.of_y;
}

/* -- a batch ----------------------------------------------------------------------------------- */
/* [B, 1, ..] of x's rank, or [B] */
static weir_tensor *column(weir_tensor *x, const double *v, int ndim)
{
    int64_t shape[WEIR_RANK_MAX] = { x->shape[0] };
    for (int i = 1; i < ndim; i++) shape[i] = 1;
    weir_tensor *y = weir_from_f64(x->object.ctx, v, ndim, shape);
    return x->dtype == WEIR_F64 ? y : weir_cast(y, x->dtype);
}

static weir_tensor *retargeted_at(weir_module *m, weir_tensor *x, weir_tensor *t,
                                  const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_ctx *c = x->object.ctx;
    weir_tensor *y = weir__nil(c, WEIR__TENSOR);
    if (!t) {
        weir_fail(c, WEIR_ERROR_STATE, "%s: no time: expected a time of every sample",
                  m->row->row.name);
        return y;
    }
    int64_t n = x->shape[0];
    double *v = weir__alloc_n(c, weir__size_times(n, 1 + FACTORS), sizeof *v);
    double *label = v ? v + FACTORS * n : NULL;
    if (v && weir_copy_to_f64(t, label, n) == WEIR_OK) {
        for (int64_t i = 0; i < n; i++) factors(s, label[i], n, v + i);
        weir_tensor *in = weir_mul(x, column(x, v + IN * n, x->ndim));
        y = weir_network_at(s->net, in, column(x, v + LABEL * n, 1), k);
        if (!weir_is_nil(y)) y = weir_mul(y, column(x, v + OF_Y * n, y->ndim));
        weir_tensor *of_x = weir_mul(x, column(x, v + OF_X * n, x->ndim));
        if (!weir_is_nil(y)) y = weir_add(y, weir_reshape(of_x, y->ndim, y->shape));
    }
    weir__free(c, v);
    return y;
}

/* As a module, which has no time: at sigma = 1. */
static weir_tensor *retargeted_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    int64_t n = x->shape[0];
    bool time = s->is.label == WEIR__LABEL_TIME;
    double label = time ? s->path->time_of(s->path_options, 1) : 0;
    return retargeted_at(m, x, weir_full(x->object.ctx, x->dtype, 1, &n, label), NULL);
}

const weir_module_row weir__row_retarget = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.retarget",
        .doc = "a network of one path and prediction as one of another (weir convert)",
        .options = options,
        .options_size = sizeof(weir__retarget_opts),
        .test = "in=2 out=2 net.hidden=8 path=trig prediction=v",
        .given = "in|out|height|width|dtype|classes|context|path|prediction|label",
    },
    .state_size = sizeof(state),
    .create = retargeted_create,
    .forward = retargeted_forward,
    .input = "4,2",
    .destroy = retargeted_destroy,
    .at = retargeted_at,
};
