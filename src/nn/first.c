/* first.c - data-dependent starts: one walk of the forward over the first batch, in which every
 * module whose row has `first` and which has not started sets its parameters from what reaches it.
 * Whether it has is the buffer "started", 0 or 1, so that a file or a checkpoint says so. */
#include "nn/nn.h"

static weir_tensor *started_of(const weir_module *m) { return weir_module_own(m, "started"); }

bool weir__module_add_started(weir_module *m)
{
    if (!m->row->first) return true;
    return !weir_is_nil(weir_module_buffer(m, "started", WEIR_F32, 0, NULL, 0));
}

void weir__module_first(weir_module *m, weir_tensor *x, const weir_condition *k)
{
    weir_ctx *c = x->object.ctx;
    if (!c->modes.first_batch || !m->row->first || weir_item(started_of(m)) != 0) return;
    weir_scope s = weir_scope_begin_no_grad(c);
    m->row->first(m, x, k);
    weir_fill_(started_of(m), 1);
    weir__module_root(m)->layout->starts++;
    weir_scope_end(s);
}

int64_t weir__module_unstarted(const weir_module *m)
{
    int64_t n = m->row->first && weir_item(started_of(m)) == 0;
    for (int64_t i = 0; i < m->n_children; i++) n += weir__module_unstarted(m->children[i]);
    return n;
}
