/* checkpoint.c - a module's forward that remembers its input alone (weir_checkpoint with the
 * parameters as inputs). */
#include "nn/nn.h"
#include "weir/grad.h"

static weir_tensor *checkpoint_forward(void *user, weir_tensor **x)
{
    return weir_module_forward(user, x[0]);
}

weir_tensor *weir_module_checkpoint(weir_module *m, weir_tensor *x)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *y = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(m), WEIR__TENSOR);
    if (!weir__forward_begin(m, x, "module_checkpoint", &mark)) return y;
    int64_t n = weir__module_parameters(m, NULL, 1);
    weir_tensor **in = weir__alloc_n(mark.ctx, n, sizeof *in);
    if (in) {
        in[0] = x;
        weir__module_parameters(m, in, 1);
        y = weir_checkpoint(checkpoint_forward, m, (int)n, in);
    }
    weir__free(mark.ctx, in);
    return weir__forward_end(mark, y, NULL);
}
