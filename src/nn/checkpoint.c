/* checkpoint.c - a module's forward that remembers its input alone (weir_checkpoint with the
 * parameters as inputs). */
#include "nn/nn.h"
#include "weir/grad.h"

/* Parameters of the subtree, shared ones included, into x[0..]; x NULL: counts alone. */
static int64_t checkpoint_collect(const weir_module *m, weir_tensor **x, int64_t n)
{
    for (int64_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i].is_buffer) continue;
        if (x) x[n] = m->entries[i].tensor;
        n++;
    }
    for (int64_t i = 0; i < m->n_children; i++) n = checkpoint_collect(m->children[i], x, n);
    return n;
}

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
    int64_t n = 1 + checkpoint_collect(m, NULL, 0);
    weir_tensor **in = weir__alloc_n(mark.ctx, n, sizeof *in);
    if (in) {
        in[0] = x;
        checkpoint_collect(m, in, 1);
        y = weir_checkpoint(checkpoint_forward, m, (int)n, in);
    }
    weir__free(mark.ctx, in);
    return weir__forward_end(mark, y, NULL);
}
