/* coupling.c - the additive coupling of NICE (Dinh, Krueger, Bengio 2015, section 3.2): with x =
 * (A, B), y_A = x_A,  y_B = x_B + net(x_A);  x_B = y_B - net(y_A);  log|det| = 0. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim, parity;
    int32_t partition, dtype;
    weir_choice net;
    bool net_follows; /* not an option: weir__coupling_new adds the net itself */
} opts;

typedef struct state {
    weir_module *net;
    int64_t dim;
    weir__partition partition;
    bool swap; /* parity 1: the second part is kept */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 2, 1 << 24, NULL, "columns" },
    { "partition", WEIR_OPTION_CHOICE, offsetof(opts, partition), "odd_even", 0, 0,
      WEIR__PARTITION_CHOICES, "how columns are cut in two" },
    { "parity", WEIR_OPTION_INT, offsetof(opts, parity), "0", 0, 1, NULL,
      "0: keep the first part (even columns); 1: keep the second" },
    { "net", WEIR_OPTION_ROW, offsetof(opts, net), "mlp hidden=16 activation=tanh", 0, 0, "network",
      "of the part that is kept, added to the other" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static weir_module *own_net(weir_ctx *c, opts *o)
{
    int64_t first = (o->dim + 1) / 2, kept = o->parity ? o->dim - first : first;
    const weir__gift gifts[] = { { "in", kept }, { "out", o->dim - kept } };
    return weir__choice_module(c, &weir__row_additive_coupling.row, "net", &o->net, 2, gifts);
}

static void create(weir_module *m, const void *options_)
{
    opts *o = (void *)(uintptr_t)options_; /* a copy of this module's own: weir_module_from_row */
    state *s = weir_module_state(m);
    *s = (state){ .dim = o->dim,
                  .partition = (weir__partition)o->partition,
                  .swap = o->parity == 1 };
    if (!o->net_follows) s->net = weir_module_add(m, "net", own_net(weir_module_ctx(m), o));
}

/* Networks see the condition; other modules are run on x alone. */
static weir_tensor *net_of(const state *s, weir_tensor *kept, const weir_condition *k)
{
    return s->net->row->at ? weir_network_at(s->net, kept, NULL, k)
                           : weir_module_forward(s->net, kept);
}

static weir_tensor *apply(weir_module *m, weir_tensor *x, const weir_condition *k,
                          weir_tensor **log_det, bool inverse)
{
    const state *s = weir_module_state(m);
    weir_tensor *first, *second;
    if (!weir__is_rows(m, x, s->dim, x->dtype)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir__partition_split(x, s->partition, &first, &second);
    weir_tensor *shift = net_of(s, s->swap ? second : first, k),
                **moved = s->swap ? &first : &second;
    *moved = inverse ? weir_sub(*moved, shift) : weir_add(*moved, shift);
    *log_det = weir__log_det_zero(x);
    return weir__partition_join(first, second, s->partition);
}

static weir_tensor *transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                              weir_tensor **log_det)
{
    return apply(m, x, k, log_det, false);
}
static weir_tensor *inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                            weir_tensor **log_det)
{
    return apply(m, y, k, log_det, true);
}

const weir_module_row weir__row_additive_coupling = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.additive_coupling",
        .doc = "y = (A, B + net(A)): keeps volume",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5 net.hidden=8",
        .renamed = "hidden=net.hidden",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = create,
    .transform = transform,
    .inverse = inverse,
};

weir_module *weir__coupling_new(weir_ctx *c, int64_t dim, weir__partition partition, int parity,
                                weir_module *net)
{
    opts o = { .size = sizeof o,
               .dim = dim,
               .parity = parity,
               .partition = (int32_t)partition,
               .net_follows = true };
    weir_module *m = weir_module_from_row(c, &weir__row_additive_coupling, &o);
    net = weir_module_add(m, "net", net); /* frees net when m or net failed */
    if (!m->object.nil && !net->object.nil) {
        ((state *)weir_module_state(m))->net = net;
        return m;
    }
    weir_module_free(m);
    return weir__nil(c, WEIR__MODULE);
}
