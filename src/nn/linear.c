/* linear.c - y = x W^T + b, W [out, in], b [out], as PyTorch's nn.Linear. */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef struct state {
    weir_tensor *weight, *bias; /* bias NULL: none */
    int64_t in;
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(weir__linear_opts, in), "1", 1, 1 << 24, NULL,
      "columns of the input" },
    { "out", WEIR_OPTION_INT, offsetof(weir__linear_opts, out), "1", 1, 1 << 24, NULL,
      "columns of the output" },
    { "bias", WEIR_OPTION_BOOL, offsetof(weir__linear_opts, bias), "yes", 0, 1, NULL,
      "add a learned bias" },
    { "init", WEIR_OPTION_CHOICE, offsetof(weir__linear_opts, init), "pytorch", 0, 0,
      "pytorch|uniform",
      "pytorch: weight and bias uniform on +-1/sqrt(in); uniform: weight on +-bound, bias 0" },
    { "bound", WEIR_OPTION_REAL, offsetof(weir__linear_opts, bound), "0.01", 0, 1e3, NULL,
      "of init=uniform" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__linear_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { 0 },
};

static void linear_create(weir_module *m, const void *opts)
{
    const weir__linear_opts *o = opts;
    state *s = weir_module_state(m);
    /* nn.Linear: kaiming_uniform with a = sqrt(5), which is 1/sqrt(in), for the weight too */
    weir_init w = { WEIR_INIT_UNIFORM,
                    o->init == WEIR__LINEAR_PYTORCH ? 1 / sqrt((double)o->in) : o->bound };
    weir_init b = o->init == WEIR__LINEAR_PYTORCH ? w : (weir_init){ WEIR_INIT_ZEROS, 0 };
    weir_dtype t = weir__dtype_option(o->dtype);
    s->in = o->in;
    s->weight = weir_module_parameter(m, "weight", t, 2, (const int64_t[]){ o->out, o->in }, w);
    if (o->bias) s->bias = weir_module_parameter(m, "bias", t, 1, &o->out, b);
}

static bool linear_fits(weir_module *m, const weir_tensor *x)
{
    const state *s = weir_module_state(m);
    return x->ndim >= 1 && x->shape[x->ndim - 1] == s->in && x->dtype == s->weight->dtype;
}

static weir_tensor *linear_misfit(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    char expected[64];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "%s [.., %lld]",
                 weir_dtype_name(s->weight->dtype), (long long)s->in);
    return weir__module_misfit(m, x, expected);
}

static weir_tensor *linear_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    return linear_fits(m, x) ? weir_linear(x, s->weight, s->bias) : linear_misfit(m, x);
}

weir_tensor *weir__linear_act_forward(weir_module *m, weir_tensor *x, weir_act f)
{
    weir__call_mark mark;
    if (!weir__forward_begin(m, x, "module_forward", &mark))
        return weir__nil(mark.ctx, WEIR__TENSOR);
    const state *s = weir_module_state(m);
    weir_tensor *y = linear_fits(m, x) ? weir_linear_act(x, s->weight, s->bias, f)
                                       : linear_misfit(m, x);
    return weir__forward_end(mark, y, NULL);
}

bool weir__linear_parameters(weir_module *m, weir_tensor **weight, weir_tensor **bias)
{
    const state *s = weir_module_state(m);
    *weight = s->weight;
    *bias = s->bias;
    return s->bias != NULL;
}

const weir_module_row weir__row_linear = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.linear",
        .doc = "y = x W^T + b",
        .options = options,
        .options_size = sizeof(weir__linear_opts),
        .test = "in=3 out=2",
    },
    .state_size = sizeof(state),
    .create = linear_create,
    .forward = linear_forward,
    .torch = weir__torch_linear,
};
