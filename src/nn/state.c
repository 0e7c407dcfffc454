/* state.c - parameters and buffers of a tree by number and by name, and passes over all of them. */
#include <string.h>
#include "nn/nn.h"

static weir__layout *layout_of(weir_module *m, const char *who)
{
    return weir__module_usable(m, who) ? weir__module_layout(m) : NULL;
}

int64_t weir_module_state_count(weir_module *m)
{
    weir__layout *l = layout_of(m, "module_state_count");
    return l ? m->end_item - m->first_item : 0;
}

/* "0.weight" of "net.0.weight" in the subtree "net" */
static const char *relative(const weir_module *m, const char *name)
{
    size_t n = strlen(m->path);
    return n ? name + n + 1 : name;
}

weir_tensor *weir_module_state_at(weir_module *m, int64_t index, const char **name, bool *is_buffer)
{
    if (name) *name = "";
    if (is_buffer) *is_buffer = false;
    weir__layout *l = layout_of(m, "module_state_at");
    if (!l) return weir__nil(weir_module_ctx(m), WEIR__TENSOR);
    int64_t n = m->end_item - m->first_item;
    if (index < 0 || index >= n) {
        weir_fail(m->object.ctx, WEIR_ERROR_RANGE,
                  "module_state_at: %lld: expected an index below %lld", (long long)index,
                  (long long)n);
        return weir__nil(m->object.ctx, WEIR__TENSOR);
    }
    const weir__item *item = &l->items[m->first_item + index];
    if (name) *name = relative(m, item->name);
    if (is_buffer) *is_buffer = item->is_buffer;
    return item->tensor;
}

weir_tensor *weir_module_state_find(weir_module *m, const char *name)
{
    weir__layout *l = layout_of(m, "module_state_find");
    if (!name)
        weir_fail(weir_module_ctx(m), WEIR_ERROR_ARGUMENT,
                  "module_state_find: NULL: expected a name");
    for (int64_t i = l && name ? m->first_item : 0; l && name && i < m->end_item; i++)
        if (strcmp(relative(m, l->items[i].name), name) == 0) return l->items[i].tensor;
    return weir__nil(weir_module_ctx(m), WEIR__TENSOR);
}

int64_t weir_module_parameter_numel(weir_module *m)
{
    weir__layout *l = layout_of(m, "module_parameter_numel");
    int64_t n = 0;
    for (int64_t i = l ? m->first_slot : 0; l && i < m->end_slot; i++) n += l->slots[i].numel;
    return n;
}

void weir_module_zero_grad(weir_module *m)
{
    if (!m || m->object.nil) return;
    if (weir__region_refuses(m->object.ctx, "module_zero_grad", WEIR__REGION_CHANGE)) return;
    weir__layout *l =
        weir__module_root(m)
            ->layout; /* works in a failed context: that is when gradients are partial */
    for (int64_t i = l ? m->first_slot : 0; l && i < m->end_slot; i++)
        l->slots[i].tensor->leaf->has_grad = false;
}

int64_t weir_module_flat(weir_module *m, weir_dtype *dtype, void **values)
{
    if (dtype) *dtype = WEIR_F32;
    if (values) *values = NULL;
    weir__layout *l = layout_of(m, "module_flat");
    if (!l) return 0;
    if (m->parent) {
        weir_fail(m->object.ctx, WEIR_ERROR_STATE, "module_flat: %s has a parent: expected a root",
                  m->path);
        return 0;
    }
    if (dtype) *dtype = l->dtype;
    if (values) *values = l->values->data;
    return l->numel;
}

/* Gradients that count as 0 are written as such: the whole block can be added to another process's.
 */
static void flat_grad_fill(weir__layout *l)
{
    size_t size = weir_dtype_size(l->dtype);
    for (int64_t i = 0; i < l->n_slots; i++) {
        weir__leaf *leaf = l->slots[i].tensor->leaf;
        if (leaf->has_grad) continue;
        memset((char *)l->grads->data + (size_t)l->slots[i].flat * size, 0,
               (size_t)l->slots[i].numel * size);
        leaf->has_grad = true;
    }
}

int64_t weir_module_flat_grad(weir_module *m, weir_dtype *dtype, void **grads)
{
    weir__layout *l = layout_of(m, "module_flat_grad");
    if (l && m->parent) {
        weir_fail(m->object.ctx, WEIR_ERROR_STATE,
                  "module_flat_grad: %s has a parent: expected a root", m->path);
        l = NULL;
    }
    bool has = l && !l->values->read_only;
    if (has) flat_grad_fill(l);
    if (dtype) *dtype = has ? l->dtype : WEIR_F32;
    if (grads) *grads = has ? l->grads->data : NULL;
    return has ? l->numel : 0;
}
