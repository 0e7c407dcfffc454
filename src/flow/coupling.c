/* coupling.c - what all couplings share (Dinh et al. 2015, 2017): columns are cut in two, x = (A,
 * B); A is kept, and B goes through a map of single elements whose parameters a network computes of
 * A,
 *
 *     y_A = x_A,  y_B = f(x_B; net(x_A | k)),    log|det| = sum log f'.
 *
 * Parity 1 keeps B and maps A. The maps are rows of their own (coupling_additive.c, ..). */
#include <stddef.h>
#include "flow/flow.h"

static weir_module *coupling_net(weir_ctx *c, const weir_module_row *row, weir__coupling_opts *o,
                                 int64_t params)
{
    int64_t first = (o->dim + 1) / 2, kept = o->parity ? o->dim - first : first;
    const weir__gift gifts[] = { { "in", kept }, { "out", params * (o->dim - kept) } };
    return weir__choice_module(c, &row->row, "net", &o->net, 2, gifts);
}

void weir__coupling_create(weir_module *m, const void *options, const weir__coupling_map *map)
{
    weir__coupling_opts *o = (void *)(uintptr_t)options; /* this module's own copy */
    weir__coupling *s = weir_module_state(m);
    *s = (weir__coupling){
        .map = map,
        .dim = o->dim,
        .partition = (weir__partition)o->partition,
        .swap = o->parity == 1,
    };
    if (o->net_follows) return;
    weir_module *net = coupling_net(weir_module_ctx(m), m->row, o, map->params);
    s->net = weir_module_add(m, "net", net);
}

/* Networks see the condition; other modules are run on the kept columns alone. */
static weir_tensor *coupling_params(const weir__coupling *s, weir_tensor *kept,
                                    const weir_condition *k)
{
    if (s->net->row->at) return weir_network_at(s->net, kept, NULL, k);
    return weir_module_forward(s->net, kept);
}

static weir_tensor *coupling_apply(weir_module *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_det, bool inverse)
{
    const weir__coupling *s = weir_module_state(m);
    weir_tensor *part[2];
    if (!weir__is_rows(m, x, s->dim, x->dtype)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir__partition_split(x, s->partition, &part[0], &part[1]);
    int kept = s->swap ? 1 : 0;
    weir_tensor *h = coupling_params(s, part[kept], k), *log_slope = NULL;
    part[1 - kept] = s->map->apply(s, part[1 - kept], h, inverse, &log_slope);
    *log_det = log_slope ? weir_sum_samples(log_slope) : weir__log_det_zero(x);
    return weir__partition_join(part[0], part[1], s->partition);
}

weir_tensor *weir__coupling_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    return coupling_apply(m, x, k, log_det, false);
}

weir_tensor *weir__coupling_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    return coupling_apply(m, y, k, log_det, true);
}
