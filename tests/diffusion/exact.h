/* exact.h - what a perfect network says of a mixture of Gaussians, on any path and in any form. With Sigma = a^2 C + b^2 of each
 * component, r its share of x_t and e = (x - a m) / Sigma: E[x_0] = sum r (m + a C e), E[eps] = sum r b e. Finite at the ends too. */
#ifndef WEIR_EXACT_H
#define WEIR_EXACT_H
#include "mixture.h"
#include "paths.h"

typedef struct exact {
    const mixture *g;
    const weir_path_row *path;
    const void *path_options;
    int64_t calls, stop_at; /* the call that fails with the status below; 0: none */
    weir_status status;
    weir_ctx *c; /* whose error that is; NULL: none is set */
} exact;

/* log of w N(x; a m, Sigma), up to a constant */
static double exact_log_share(const mixture *g, int k, weir_path_point p, const double *x)
{
    double l = log(g->weight[k]);
    for (int j = 0; j < g->dim; j++) {
        double sigma = p.a * p.a * g->variance[k][j] + p.b * p.b, miss = x[j] - p.a * g->mean[k][j];
        l -= 0.5 * (miss * miss / sigma + log(sigma));
    }
    return l;
}

static void exact_at(const mixture *g, const weir_prediction_row *want, weir_path_point p, const double *x, double *out)
{
    double share[3], most = -INFINITY, total = 0;
    weir_prediction_point form = want->at(NULL, p);
    for (int k = 0; k < g->n; k++) most = fmax(most, share[k] = exact_log_share(g, k, p, x));
    for (int k = 0; k < g->n; k++) total += share[k] = exp(share[k] - most);
    for (int j = 0; j < g->dim; j++) {
        double data = 0, noise = 0;
        for (int k = 0; k < g->n; k++) {
            double e = (x[j] - p.a * g->mean[k][j]) / (p.a * p.a * g->variance[k][j] + p.b * p.b);
            data += share[k] / total * (g->mean[k][j] + p.a * g->variance[k][j] * e);
            noise += share[k] / total * p.b * e;
        }
        out[j] = (form.x0 * data + form.eps * noise) / form.scale;
    }
}

static weir_status exact_predict(void *user, const weir_prediction_row *want, int64_t n, const int64_t *samples, const double *t, const double *x,
                                 double *out)
{
    exact *e = user;
    int64_t dim = e->g->dim;
    if (++e->calls == e->stop_at) return e->c ? weir_fail(e->c, e->status, "exact: call %lld: expected fewer", (long long)e->calls) : e->status;
    for (int64_t i = 0; i < n; i++) exact_at(e->g, want, e->path->at(e->path_options, t[i]), x + i * dim, out + i * dim);
    return WEIR_OK;
}

/* A sampler with its options, which stay with it. */
typedef struct chosen {
    const weir_sampler_row *row;
    _Alignas(max_align_t) char options[1024];
} chosen;

static inline chosen choose(weir_ctx *c, const char *name, const char *options)
{
    chosen k = { .row = (const weir_sampler_row *)weir_row_find(c, "sampler", name) };
    if (!k.row || weir_options_defaults(c, &k.row->row, k.options) != WEIR_OK || weir_options_parse(c, &k.row->row, k.options, options) != WEIR_OK)
        fail_msg("%s %s: %s", name, options, weir_message(c));
    return k;
}

static inline void put_back(weir_ctx *c, chosen *k) { weir_options_free(c, &k->row->row, k->options); }

/* n samples at x from `from` to `to`, on the sampler's own grid unless `times` [n_times] are given. */
typedef struct walk {
    const char *sampler, *options;
    double from, to;
    const double *times;
    int64_t n_times;
} walk;

static inline weir_status walk_run(weir_ctx *c, const walk *w, weir_sampling *p)
{
    static double own[20001];
    chosen k = choose(c, w->sampler, w->options);
    p->size = sizeof *p;
    p->ctx = c;
    p->times = w->times ? w->times : own;
    int64_t steps = weir_sampler_steps(k.row, k.options);
    p->n_times = w->times ? w->n_times : steps > 0 ? steps + 1 : 2;
    weir_status s = WEIR_OK;
    if (!w->times) s = weir_sampler_times(c, k.row, k.options, p->path, p->path_options, w->from, w->to, own);
    if (s == WEIR_OK) s = weir_sampler_run(k.row, k.options, p);
    put_back(c, &k);
    return s;
}

/* One sample of the mixture, to the end. */
static inline void walk_one(weir_ctx *c, const mixture *g, const weir_path_row *path, const walk *w, double *x)
{
    exact e = { .g = g, .path = path };
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = g->dim, .x = x, .path = path, .predictor = { exact_predict, &e } };
    if (walk_run(c, w, &p) != WEIR_OK) fail_msg("%s %s: %s", w->sampler, w->options, weir_message(c));
}

#endif
