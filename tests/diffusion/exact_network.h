/* exact_network.h - the mixture as a network in ops, of any path, prediction, label and scale of its input, and fields of it. Which field's
 * conventions it has stands in field_now. */
#ifndef WEIR_EXACT_NETWORK_H
#define WEIR_EXACT_NETWORK_H
#include "exact.h"

enum { PATHS = 8, FORMS = 6 };
static const char *const paths[PATHS] = { "fm", "trig", "vp", "vp_cosine", "sub_vp", "ddpm", "ve", "edm" };
static const char *const forms[FORMS] = { "x0", "eps", "velocity", "v", "score", "edm" };
typedef struct any_opts { size_t size; char room[248]; } any_opts;

static inline const weir_row *row_of(weir_ctx *c, const char *kind, const char *name, const char *text, any_opts *o)
{
    const weir_row *row = weir_row_find(c, kind, name);
    assert_int_equal(weir_options_defaults(c, row, o), WEIR_OK);
    assert_int_equal(weir_options_parse(c, row, o, text), WEIR_OK);
    return row;
}

static const weir__field *field_now; /* of the network that runs */

/* [B, 1]: a number of each sample's */
static inline weir_tensor *column(weir_tensor *like, const double *v) { return weir_cast(weir_from_f64(weir_ctx_of(like), v, 2, SHAPE(weir_dim(like, 0), 1)), weir_dtype_of(like)); }

/* Of samples of any shape. */
static inline weir_tensor *exact_network(weir_module *m, weir_tensor *seen, weir_tensor *label, const weir_condition *condition)
{
    const weir__field *f = field_now;
    const mixture *g = mixture_now;
    enum { MOST = 64 };
    weir_tensor *in = weir_reshape(seen, 2, SHAPE(weir_dim(seen, 0), g->dim));
    double told[MOST], a[MOST], b[MOST], scale[MOST], of_x0[MOST], of_eps[MOST];
    int64_t n = weir_dim(in, 0);
    assert_true(n <= MOST);
    weir_copy_to_f64(label, told, n);
    double lo, hi;
    weir__field_ends(f, &lo, &hi);
    for (int64_t i = 0; i < n; i++) {
        double t = f->label == WEIR__LABEL_TIME ? told[i] : f->path->time_of(f->path_options, exp(4 * told[i]));
        assert_true(t >= lo * (1 - 1e-12) && t <= hi * (1 + 1e-12)); /* nowhere else was it trained */
        weir_path_point p = f->path->at(f->path_options, t);
        weir_prediction_point k = f->prediction->at(f->prediction_options, p);
        a[i] = p.a, b[i] = p.b, of_x0[i] = k.x0 / k.scale, of_eps[i] = k.eps / k.scale;
        scale[i] = f->sigma_data > 0 ? sqrt(p.b * p.b + p.a * p.a * f->sigma_data * f->sigma_data) : 1;
    }
    weir_tensor *A = column(in, a), *B = column(in, b), *x = weir_mul(in, column(in, scale)), *share[3], *y[3], *sum = NULL;
    for (int k = 0; k < g->n; k++) {
        weir_tensor *mean = mixture_row(x, g->mean[k]), *c = mixture_row(x, g->variance[k]);
        weir_tensor *sigma = weir_add(weir_mul(weir_square(A), c), weir_square(B)), *miss = weir_sub(x, weir_mul(A, mean)), *e = weir_div(miss, sigma);
        weir_tensor *log_n = weir_scale(weir_sum_axes(weir_add(weir_mul(miss, e), weir_log(sigma)), 1, (const int[]){ 1 }, true), -0.5);
        share[k] = weir_affine(log_n, 1, log(g->weight[k]));
        weir_tensor *data = weir_add(mean, weir_mul(A, weir_mul(c, e)));
        y[k] = weir_add(weir_mul(column(in, of_x0), data), weir_mul(column(in, of_eps), weir_mul(B, e)));
    }
    weir_tensor *r = weir_softmax(weir_cat(g->n, share, 1), 1);
    for (int k = 0; k < g->n; k++) {
        weir_tensor *part = weir_mul(weir_slice(r, 1, k, k + 1, 1), y[k]);
        sum = sum ? weir_add(sum, part) : part;
    }
    return weir_reshape(sum, weir_ndim(seen), weir_shape(seen));
}

static const weir_module_row exact_row = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "network.exact", .doc = "exact predictions of a mixture", .options_size = sizeof(size_t), .test = "" },
    .at = exact_network,
};

typedef struct subject { weir__field f; any_opts path, form; } subject;

static const int64_t two[] = { 2 };

static inline void field_make(weir_ctx *c, weir_module *net, int path, int form, bool scaled, subject *s)
{
    mixture_now = &gmm3;
    s->f = (weir__field){ .ctx = c, .net = net, .dtype = WEIR_F64, .ndim = 1, .shape = two, .dim = 2 };
    s->f.path = (const weir_path_row *)row_of(c, "path", paths[path], "", &s->path);
    s->f.path_options = &s->path;
    s->f.prediction = (const weir_prediction_row *)row_of(c, "prediction", forms[form], strcmp(forms[form], "edm") == 0 ? "sigma_data=0.7" : "", &s->form);
    s->f.prediction_options = &s->form;
    s->f.label = scaled ? WEIR__LABEL_LOG_SIGMA : WEIR__LABEL_TIME;
    s->f.sigma_data = scaled ? 0.7 : 0;
}

#endif
