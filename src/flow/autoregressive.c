/* autoregressive.c - what masked autoregressive flows share (Papamakarios, Pavlakou, Murray 2017):
 *
 *     y_i = f(x_i; h_i(x_1, .., x_i-1 | k)),    log|det| = sum log f',
 *
 * with all h_i from one pass of a network whose masks hold that order (network.made). So x -> y is
 * one pass. y -> x is a step for each column, in turn: a network that can be run by columns
 * (weir__by_column) computes every unit once, so that all steps together cost about one pass too
 * (autoregressive_run.c, and autoregressive_gradient.c for its gradients); another one is run as a
 * whole for each column, and while nothing is recorded each of these passes gives its memory back.
 * bijection.inverse exchanges the two directions (IAF: Kingma et al. 2016). The maps f are rows of
 * their own (autoregressive_affine.c, ..). */
#include <stddef.h>
#include "flow/autoregressive.h"

void weir__autoregressive_create(weir_module *m, const void *options, const weir__map *map)
{
    weir__autoregressive_opts *o = (void *)(uintptr_t)options; /* this module's own copy */
    weir__autoregressive *s = weir_module_state(m);
    const weir__gift gifts[] = {
        { "in", weir__map_seen(map, o->dim) },
        { "out", map->params * o->dim },
        { "columns", o->dim },
    };
    *s = (weir__autoregressive){ .map = map, .dim = o->dim };
    weir_module *net = weir__choice_module(weir_module_ctx(m), &m->row->row, "net", &o->net, 3,
                                           gifts);
    s->net = weir_module_add(m, "net", net);
}

weir_tensor *weir__autoregressive_params(const weir__autoregressive *s, weir_tensor *x,
                                         const weir_condition *k)
{
    const int64_t shape[] = { x->shape[0], s->dim, s->map->params };
    weir_tensor *h = weir_network_at(s->net, weir__map_see(s->map, x), NULL, k);
    return weir_reshape(h, 3, shape);
}

weir_tensor *weir__autoregressive_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                            weir_tensor **log_det)
{
    const weir__autoregressive *s = weir_module_state(m);
    if (!weir__is_rows(m, x, s->dim, x->dtype)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir_tensor *log_slope = NULL, *h = weir__autoregressive_params(s, x, k);
    weir_tensor *y = s->map->apply(s->map, x, h, false, &log_slope);
    *log_det = log_slope ? weir_sum_samples(log_slope) : weir__log_det_zero(x);
    return y;
}

/* -- the inverse ------------------------------------------------------------------------------- */
/* Column i of x from y and the columns of x before it, of which the others are 0; [B, 1]. */
static weir_tensor *autoregressive_next(const weir__autoregressive *s, weir_tensor *x,
                                        weir_tensor *y, int64_t i, const weir_condition *k,
                                        weir_tensor **log_slope)
{
    weir_tensor *h = weir_slice(weir__autoregressive_params(s, x, k), 1, i, i + 1, 1);
    *log_slope = NULL;
    weir_tensor *next = s->map->apply(s->map, weir_slice(y, 1, i, i + 1, 1), h, true, log_slope);
    if (!*log_slope) *log_slope = weir_zeros_like(next);
    return next;
}

weir_tensor *weir__autoregressive_recorded(const weir__autoregressive *s, weir_tensor *y,
                                           const weir_condition *k, weir_tensor **log_slopes)
{
    weir_tensor *x = weir_slice(y, 1, 0, 0, 1), *log_slope;
    *log_slopes = x;
    for (int64_t i = 0; i < s->dim && weir_ok(y->object.ctx); i++) {
        weir_tensor *filled = weir_pad(x, 1, (const int64_t[]){ 0, s->dim - i }, 0);
        weir_tensor *next = autoregressive_next(s, filled, y, i, k, &log_slope);
        x = weir_cat(2, (weir_tensor *const[]){ x, next }, 1);
        *log_slopes = weir_cat(2, (weir_tensor *const[]){ *log_slopes, log_slope }, 1);
    }
    return x;
}

/* Values alone: every pass gives its memory back. */
static weir_tensor *autoregressive_values(const weir__autoregressive *s, weir_tensor *y,
                                          const weir_condition *k, weir_tensor **log_slopes)
{
    weir_tensor *x = weir_zeros_like(y), *log_slope;
    *log_slopes = weir_zeros_like(y);
    for (int64_t i = 0; i < s->dim && weir_ok(y->object.ctx); i++) {
        weir_scope pass = weir_scope_begin(y->object.ctx);
        weir_tensor *next = autoregressive_next(s, x, y, i, k, &log_slope);
        weir_copy_(weir_slice(x, 1, i, i + 1, 1), next);
        weir_copy_(weir_slice(*log_slopes, 1, i, i + 1, 1), log_slope);
        weir_scope_end(pass);
    }
    return x;
}

/* Of fewer columns the passes are done before a run by columns has begun (measured with hidden
 * layers of 16 to 512 units). Forensics want every layer. */
static bool autoregressive_by_column(const weir__autoregressive *s, const weir_ctx *c)
{
    enum { FEW = 5 };
    return s->dim >= FEW && s->net->by_column && !c->modes.hunting && !c->modes.trap_nan;
}

weir_tensor *weir__autoregressive_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                          weir_tensor **log_det)
{
    const weir__autoregressive *s = weir_module_state(m);
    weir_ctx *c = y->object.ctx;
    weir_tensor *log_slopes, *x = NULL;
    if (!weir__is_rows(m, y, s->dim, y->dtype)) return weir__nil(c, WEIR__TENSOR);
    if (autoregressive_by_column(s, c)) x = weir__autoregressive_by_column(m, y, k, &log_slopes);
    if (!x && c->modes.no_grad) x = autoregressive_values(s, y, k, &log_slopes);
    if (!x) x = weir__autoregressive_recorded(s, y, k, &log_slopes);
    *log_det = weir_sum_samples(log_slopes);
    return x;
}
