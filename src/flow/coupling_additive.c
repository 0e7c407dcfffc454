/* coupling_additive.c - the additive coupling of NICE (Dinh, Krueger, Bengio 2015, section 3.2):
 *     y_B = x_B + net(x_A),  x_B = y_B - net(y_A),  log|det| = 0. */
#include <stddef.h>
#include "flow/flow.h"

static const weir_option options[] = {
    WEIR__COUPLING_OPTIONS("mlp hidden=16 activation=tanh",
                           "of the part that is kept, added to the other"),
    { 0 },
};

static weir_tensor *additive_apply(const weir__map *m, weir_tensor *x, weir_tensor *h,
                                   bool inverse, weir_tensor **log_slope)
{
    h = weir_select(h, -1, 0);
    return inverse ? weir_sub(x, h) : weir_add(x, h);
}

static const weir__map additive = { .params = 1, .apply = additive_apply };

static void additive_create(weir_module *m, const void *opts)
{
    weir__coupling_create(m, opts, &additive, true);
}

const weir_module_row weir__row_additive_coupling = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.additive_coupling",
        .doc = "y = (A, B + net(A)): keeps volume",
        .options = options,
        .options_size = sizeof(weir__coupling_opts),
        .test = "dim=5 net.hidden=8",
        .renamed = "hidden=net.hidden",
        .given = WEIR__COUPLING_GIVEN,
    },
    .state_size = sizeof(weir__coupling),
    .create = additive_create,
    .transform = weir__coupling_transform,
    .inverse = weir__coupling_inverse,
    .torch = weir__torch_additive_coupling,
};

weir_module *weir__coupling_new(weir_ctx *c, int64_t dim, weir__partition partition, int parity,
                                weir_module *net)
{
    weir__coupling_opts o = {
        .size = sizeof o,
        .dim = dim,
        .parity = parity,
        .partition = (int32_t)partition,
        .net_follows = true,
    };
    weir_module *m = weir_module_from_row(c, &weir__row_additive_coupling, &o);
    net = weir_module_add(m, "net", net); /* frees net when m or net failed */
    if (!m->object.nil && !net->object.nil) {
        ((weir__coupling *)weir_module_state(m))->net = net;
        return m;
    }
    weir_module_free(m);
    return weir__nil(c, WEIR__MODULE);
}
