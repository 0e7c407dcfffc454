/* seal.c - laying a tree's parameters out: 64-byte aligned views of one flat buffer, gradients in
 * another of the same shape. So optimizers, averages, clipping, checkpoints and reductions are
 * passes over one range. Padding is 0 in both and stays so. */
#include <string.h>
#include "nn/nn.h"

enum { ALIGN = 64 };

typedef struct plan {
    weir_ctx *c;
    weir__layout *l;
    const char *prefix; /* path of the module being listed */
    const weir__layout *lender; /* whose values the tree reads instead of its own; NULL: none */
} plan;

static int64_t seal_padded(int64_t numel, weir_dtype t)
{
    int64_t unit = ALIGN / (int64_t)weir_dtype_size(t);
    return (numel + unit - 1) / unit * unit;
}

static bool add_item(plan *p, const weir__entry *e)
{
    char name[512];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%s%s%s", p->prefix, p->prefix[0] ? "." : "", e->name);
    if (used >= sizeof name) {
        weir_fail(p->c, WEIR_ERROR_NAME, "module: %.80s: expected a path of at most 511 bytes",
                  name);
        return false;
    }
    weir__layout *l = p->l;
    if (!weir__grow(p->c, &l->items, &l->items_cap, l->n_items + 1, sizeof *l->items)) return false;
    char *kept = weir__strdup(p->c, name);
    if (!kept) return false;
    l->items[l->n_items++] =
        (weir__item){ .tensor = e->tensor, .name = kept, .is_buffer = e->is_buffer };
    if (e->is_buffer) return true;
    if (l->n_slots == 0) l->dtype = e->tensor->dtype;
    l->n_slots++;
    if (l->dtype == e->tensor->dtype) return true;
    weir_fail(p->c, WEIR_ERROR_DTYPE, "%s: %s in a tree of %s: expected parameters of one type",
              name, weir_dtype_name(e->tensor->dtype), weir_dtype_name(l->dtype));
    return false;
}

/* Lists a subtree and notes which part of the lists is its own. */
static bool list(plan *p, weir_module *m)
{
    char path[512];
    size_t used = 0;
    const char *above = p->prefix;
    weir__append(path, sizeof path, &used, "%s%s%s", above, above[0] ? "." : "",
                 m->name && m->parent ? m->name : "");
    weir__free(p->c, m->path);
    m->path = weir__strdup(p->c, path);
    bool good = m->path != NULL;
    m->first_item = p->l->n_items;
    m->first_slot = p->l->n_slots;
    p->prefix = path;
    for (int64_t i = 0; good && i < m->n_entries; i++)
        if (!m->entries[i].shared) good = add_item(p, &m->entries[i]);
    for (int64_t i = 0; good && i < m->n_children; i++) good = list(p, m->children[i]);
    p->prefix = above;
    m->end_item = p->l->n_items;
    m->end_slot = p->l->n_slots;
    return good;
}

/* The lender's values, read only; nothing to put gradients in. */
static bool borrow(plan *p, size_t bytes)
{
    weir__layout *l = p->l;
    if (p->lender->n_slots != l->n_slots || p->lender->numel != l->numel
        || p->lender->dtype != l->dtype) {
        weir_fail(p->c, WEIR_ERROR_SHAPE,
                  "module: %lld parameters in %lld elements: expected the %lld in %lld of the tree "
                  "to share",
                  (long long)l->n_slots, (long long)l->numel, (long long)p->lender->n_slots,
                  (long long)p->lender->numel);
        return false;
    }
    l->values = weir__storage_new(p->c, 0);
    l->grads = l->values ? weir__storage_new(p->c, 0) : NULL;
    if (!l->grads) return false;
    l->values->data = p->lender->values->data;
    l->values->bytes = bytes;
    l->values->inline_data = false;
    l->values->read_only = true;
    return true;
}

static bool seal_place(plan *p)
{
    weir__layout *l = p->l;
    l->slots = weir__alloc_n(p->c, l->n_slots, sizeof *l->slots);
    if (!l->slots) return false;
    int64_t slot = 0;
    for (int64_t i = 0; i < l->n_items; i++) {
        if (l->items[i].is_buffer) continue;
        int64_t numel = l->items[i].tensor->numel;
        l->slots[slot++] =
            (weir__slot){ .tensor = l->items[i].tensor, .flat = l->numel, .numel = numel };
        l->numel = weir__size_plus(l->numel, seal_padded(numel, l->dtype));
    }
    size_t bytes = weir__bytes_of(l->numel, weir_dtype_size(l->dtype));
    if (p->lender) return borrow(p, bytes);
    l->values = weir__storage_new(p->c, bytes);
    l->grads = l->values ? weir__storage_new(p->c, bytes) : NULL;
    return l->grads != NULL;
}

static void zero_padding(const weir__layout *l, weir__storage *s)
{
    size_t e = weir_dtype_size(l->dtype);
    for (int64_t i = 0; i < l->n_slots; i++) {
        int64_t end = l->slots[i].flat + l->slots[i].numel;
        int64_t next = i + 1 < l->n_slots ? l->slots[i + 1].flat : l->numel;
        memset((char *)s->data + (size_t)end * e, 0, (size_t)(next - end) * e);
    }
}

/* The leaf of a parameter: its place and its gradient, which is a view made here once. */
static bool make_leaf(plan *p, int64_t slot, const char *name)
{
    weir__slot *s = &p->l->slots[slot];
    weir__leaf *leaf = weir__alloc0(p->c, sizeof *leaf);
    if (!leaf) return false;
    leaf->slot = (int32_t)slot;
    leaf->flat = s->flat;
    s->tensor->leaf = leaf;
    if (!(leaf->name = weir__strdup(p->c, name))) return false;
    if (p->lender) {
        s->tensor->requires_grad = false;
        return true;
    }
    weir_spec spec = weir__spec_of(s->tensor);
    weir_tensor *g = weir__tensor_view_home(p->c, p->l->grads, &spec, NULL, s->flat);
    if (weir_is_nil(g)) return false;
    leaf->grad = g;
    return true;
}

static bool make_leaves(plan *p)
{
    int64_t slot = 0;
    for (int64_t i = 0; i < p->l->n_items; i++)
        if (!p->l->items[i].is_buffer && !make_leaf(p, slot++, p->l->items[i].name)) return false;
    return true;
}

/* Cannot fail: points every parameter into the flat buffer. */
static void move_in(plan *p)
{
    for (int64_t i = 0; i < p->l->n_slots; i++) {
        weir_tensor *t = p->l->slots[i].tensor;
        weir__storage *old = t->storage;
        weir__storage_ref(p->c, p->l->values);
        t->storage = p->l->values;
        t->offset = p->l->slots[i].flat;
        weir__storage_unref(p->c, old);
    }
}

static void drop_leaves(plan *p)
{
    for (int64_t i = 0; i < p->l->n_items; i++) {
        weir_tensor *t = p->l->items[i].tensor;
        if (p->l->items[i].is_buffer || !t->leaf) continue;
        if (t->leaf->grad) weir__tensor_free_home(t->leaf->grad);
        weir__free(p->c, t->leaf->name);
        weir__free(p->c, t->leaf);
        t->leaf = NULL;
    }
}

static void seal_drop(plan *p)
{
    weir__layout *l = p->l;
    drop_leaves(p);
    weir__storage_unref(p->c, l->values);
    weir__storage_unref(p->c, l->grads);
    for (int64_t i = 0; i < l->n_items; i++) weir__free(p->c, l->items[i].name);
    weir__free(p->c, l->items);
    weir__free(p->c, l->slots);
    weir__free(p->c, l);
}

static bool mark_init(void *user, const char *name, const weir__entry *e)
{
    if (!e->is_buffer && !e->shared) weir__init_parameter(user, e->tensor, name, e->init);
    return true;
}

/* All or nothing: after a failure the tree is as it was and may be sealed again. */
static weir_status seal(weir_module *root, bool raw, const weir__layout *lender)
{
    weir_ctx *c = root->object.ctx;
    plan p = { .c = c, .l = weir__alloc0(c, sizeof *p.l), .prefix = "", .lender = lender };
    if (!p.l) return weir_status_of(c);
    if (!list(&p, root) || !seal_place(&p) || !make_leaves(&p)) {
        seal_drop(&p);
        return weir_status_of(c);
    }
    move_in(&p);
    root->layout = p.l;
    if (lender) return weir_status_of(c);
    zero_padding(p.l, p.l->values);
    zero_padding(p.l, p.l->grads);
    if (raw) memset(p.l->values->data, 0, p.l->values->bytes);
    else {
        weir__module_visit(root, mark_init, c);
        weir__init_modules(root);
    }
    return weir_status_of(c);
}

weir__layout *weir__module_layout(weir_module *m)
{
    weir_module *root = weir__module_root(m);
    if (!root->layout && seal(root, root->raw_init, NULL) != WEIR_OK) return NULL;
    return root->layout;
}

weir_status weir_module_seal(weir_module *m)
{
    WEIR__AS_FOUND;
    if (!weir__module_usable(m, "module_seal")) return weir_status_of(weir_module_ctx(m));
    return weir__module_layout(m) ? WEIR_OK : weir_status_of(m->object.ctx);
}

weir_status weir__module_seal_raw(weir_module *m)
{
    if (weir__module_usable(m, "module_seal")) weir__module_root(m)->raw_init = true;
    return weir_module_seal(m);
}

weir_status weir__module_borrow(weir_module *m, weir_module *lender)
{
    if (!weir__module_usable(m, "module_borrow")) return weir_status_of(weir_module_ctx(m));
    weir__layout *l = weir__module_layout(lender);
    return l ? seal(m, false, l)
             : weir_fail(m->object.ctx, weir_status_of(lender->object.ctx), "%s",
                         weir_message(lender->object.ctx));
}

bool weir__module_owns(weir_module *m, const char *who)
{
    weir__layout *l = weir__module_layout(m);
    if (l && l->values->read_only)
        weir_fail(m->object.ctx, WEIR_ERROR_STATE,
                  "%s: weights of a shared model: expected those of the model itself", who);
    return l && !l->values->read_only;
}

bool weir__module_may_change(weir_module *m, const char *who)
{
    weir__layout *l = weir__module_layout(m);
    return l && weir__storage_may_change(m->object.ctx, l->values, who);
}
