/* masked_linear.c - y = x (W * mask)^T + b, W [out, in]: of input j output i sees nothing where
 * mask_ij = 0. The mask is a buffer, saved with the weights. */
#include <math.h>
#include "models/models.h"

typedef struct state {
    weir_tensor *weight, *bias, *mask;
} state;

static void masked_linear_create(weir_module *m, const void *options)
{
    const weir__masked_linear_opts *o = options;
    state *s = weir_module_state(m);
    const int64_t shape[] = { o->out, o->in };
    weir_init start = { WEIR_INIT_UNIFORM, 1 / sqrt((double)o->in) };
    if (o->zero) start = (weir_init){ WEIR_INIT_ZEROS, 0 };
    s->weight = weir_module_parameter(m, "weight", o->dtype, 2, shape, start);
    s->bias = weir_module_parameter(m, "bias", o->dtype, 1, &o->out, start);
    s->mask = weir_module_buffer(m, "mask", o->dtype, 2, shape, 0);
    if (weir_is_nil(s->mask)) return;
    for (int64_t i = 0; i < o->out; i++)
        for (int64_t j = 0; j < o->in; j++) {
            double seen = o->strict ? o->out_degrees[i] > o->in_degrees[j]
                                    : o->out_degrees[i] >= o->in_degrees[j];
            size_t at = (size_t)(i * o->in + j) * weir_dtype_size(o->dtype);
            weir__convert(o->dtype, (char *)weir__ptr(s->mask) + at, WEIR_F64, &seen, 1);
        }
}

static weir_tensor *masked_linear_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    weir_tensor *mask = weir_parameter_here(x, s->mask);
    return weir_linear(x, weir_mul(weir_parameter_here(x, s->weight), mask), s->bias);
}

weir__masked_linear_parts weir__masked_linear_parts_of(const weir_module *m)
{
    const state *s = m->state;
    return (weir__masked_linear_parts){ s->weight, s->bias, s->mask };
}

static const weir_module_row masked_linear_row = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.masked_linear",
        .doc = "y = x (W * mask)^T + b",
        .options_size = sizeof(weir__masked_linear_opts),
        .test = "",
    },
    .state_size = sizeof(state),
    .create = masked_linear_create,
    .forward = masked_linear_forward,
    .torch = weir__torch_masked_linear,
};

weir_module *weir__masked_linear_new(weir_ctx *c, const weir__masked_linear_opts *o)
{
    return weir_module_from_row(c, &masked_linear_row, o);
}
