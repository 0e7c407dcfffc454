/* module.c - the module tree: making, joining and freeing it, and walking its definitions. Layout
 * is in seal.c. */
#include <string.h>
#include "base/value.h"
#include "nn/nn.h"

weir_module weir__orphan_module = {
    .object = WEIR__OBJECT_ORPHAN(WEIR__MODULE, &weir__orphan_ctx),
};

weir__object *weir__module_nil_new(weir_ctx *c)
{
    weir_module *m = weir__alloc0(c, sizeof *m);
    if (!m) return NULL;
    m->object = weir__object_nil(c, WEIR__MODULE);
    return &m->object;
}

bool weir__module_usable(const weir_module *m, const char *who)
{
    if (!m || !weir__lives(m, who)) return false;
    if (m->object.nil) {
        weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                  "%s: nil module: expected one that could be made", who);
        return false;
    }
    return weir_ok(m->object.ctx);
}

weir_module *weir__module_root(weir_module *m)
{
    while (m->parent) m = m->parent;
    return m;
}

int64_t weir__module_parameters(const weir_module *m, weir_tensor **x, int64_t n)
{
    for (int64_t i = 0; i < m->n_entries; i++) {
        if (m->entries[i].is_buffer) continue;
        if (x) x[n] = m->entries[i].tensor;
        n++;
    }
    for (int64_t i = 0; i < m->n_children; i++) n = weir__module_parameters(m->children[i], x, n);
    return n;
}

static void append_path(const weir_module *m, char *buffer, size_t bytes, size_t *used)
{
    if (!m->parent) return;
    append_path(m->parent, buffer, bytes, used);
    weir__append(buffer, bytes, used, *used ? ".%s" : "%s", m->name);
}

const char *weir__module_path(const weir_module *m, char *buffer, size_t bytes)
{
    size_t used = 0;
    buffer[0] = 0;
    append_path(m, buffer, bytes, &used);
    if (used == 0) weir__append(buffer, bytes, &used, "%s", m->row ? m->row->row.name : "module");
    return buffer;
}

/* -- making ------------------------------------------------------------------------------------ */
/* Kinds that share the row type of modules; a bare name is looked for in that order. */
static const weir_row *module_find_row(weir_ctx *c, const char *name)
{
    static const char *const kinds[] = { "module", "bijection", "network", "base", "dequantizer" };
    enum { KINDS = sizeof kinds / sizeof *kinds };
    for (int k = 0; k < KINDS; k++) {
        size_t prefix = strlen(kinds[k]);
        for (int64_t i = 0; i < weir_row_count(c, kinds[k]); i++) {
            const weir_row *row = weir_row_at(c, kinds[k], i);
            if (strcmp(row->name, name) == 0 || strcmp(row->name + prefix + 1, name) == 0)
                return row;
        }
    }
    for (int k = 1; k < KINDS; k++)
        if (strncmp(name, kinds[k], strlen(kinds[k])) == 0) return weir_row_find(c, kinds[k], name);
    return weir_row_find(c, "module", name); /* fails and suggests */
}

weir_module *weir_module_new(weir_ctx *c, const char *name, const char *options)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODULE);
    if (!name) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_new: NULL: expected a name");
        return weir__nil(c, WEIR__MODULE);
    }
    const weir_row *row = module_find_row(c, name);
    void *opts = row ? weir__options_new(c, row) : NULL;
    weir_module *m = weir__nil(c, WEIR__MODULE);
    if (opts && weir_options_parse(c, row, opts, options) == WEIR_OK)
        m = weir_module_from_row(c, (const weir_module_row *)row, opts);
    if (row) weir__options_delete(c, row, opts);
    return m;
}

static void free_tree(weir_module *m);
static void module_destroy(weir__object *o) { free_tree((weir_module *)o); }

static weir_module *bare(weir_ctx *c, const weir_module_row *row)
{
    weir_module *m = weir__alloc0(c, sizeof *m);
    if (!m) return NULL;
    m->object = weir__object_home(c, WEIR__MODULE, module_destroy);
    m->row = row;
    m->training = true;
    m->state = weir__alloc0(c, row->state_size);
    if (m->state) return m;
    weir__free(c, m);
    return NULL;
}

/* What chosen rows were told is theirs, in the children. */
static void forget_chosen(weir_module *m)
{
    for (const weir_option *o = m->row->row.options; o && o->name; o++) {
        char *field = (char *)m->options + o->offset;
        if (o->type == WEIR_OPTION_ROW) weir__choice_clear(m->object.ctx, (void *)field);
        if (o->type == WEIR_OPTION_ROWS) weir__choices_clear(m->object.ctx, (void *)field);
    }
}

weir_module *weir_module_from_row(weir_ctx *c, const weir_module_row *row, const void *options)
{
    WEIR__AS_FOUND;
    static const char who[] = "module_from_row";
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODULE);
    row = (const weir_module_row *)weir__row_look(c, who, NULL, (const weir_row *)row);
    if (row && row->row.size != sizeof *row) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a row of modules", who, row->row.name);
        return weir__nil(c, WEIR__MODULE);
    }
    if (!row) return weir__nil(c, WEIR__MODULE);
    void *own = NULL; /* whole, and chosen rows in it get what they leave to their choosers */
    if (options) own = weir__options_clone(c, &row->row, options);
    else own = weir__options_new(c, &row->row);
    bool good = own && weir__options_settle(c, &row->row, own) == WEIR_OK;
    weir_module *m = good ? bare(c, row) : NULL;
    if (m) m->options = own;
    else weir__options_delete(c, &row->row, own);
    if (m && row->create) row->create(m, own);
    if (m) forget_chosen(m);
    if (m && weir_ok(c)) weir__module_add_started(m);
    if (m && weir_ok(c)) return m;
    if (m) free_tree(m);
    return weir__nil(c, WEIR__MODULE);
}

void weir__module_forget_options(weir_module *m)
{
    weir__options_delete(m->object.ctx, &m->row->row, m->options);
    m->options = NULL;
    for (int64_t i = 0; i < m->n_children; i++) weir__module_forget_options(m->children[i]);
}

/* -- freeing ----------------------------------------------------------------------------------- */
static void free_layout(weir_ctx *c, weir__layout *l)
{
    if (!l) return;
    for (int64_t i = 0; i < l->n_items; i++) weir__free(c, l->items[i].name);
    weir__free(c, l->items);
    weir__free(c, l->slots);
    weir__storage_unref(c, l->values);
    weir__storage_unref(c, l->grads);
    weir__free(c, l);
}

static void free_tree(weir_module *m)
{
    weir_ctx *c = m->object.ctx;
    if (m->row->destroy) m->row->destroy(m);
    for (int64_t i = m->n_children; i-- > 0;) free_tree(m->children[i]);
    for (int64_t i = 0; i < m->n_entries; i++) {
        weir__tensor_free_home(m->entries[i].tensor); /* shared ones are counted once a name */
        weir__free(c, m->entries[i].name);
    }
    free_layout(c, m->layout);
    weir__free(c, m->entries);
    weir__free(c, m->children);
    weir__free(c, m->state);
    weir__options_delete(c, &m->row->row, m->options);
    weir__free(c, m->name);
    weir__free(c, m->path);
    weir__free(c, m);
}

void weir_module_free(weir_module *m)
{
    WEIR__AS_FOUND;
    if (!m || !weir__lives(m, "module_free") || m->object.nil) return;
    if (m->parent) {
        weir_fail(m->object.ctx, WEIR_ERROR_STATE, "module_free: %s has a parent: expected a root",
                  m->name);
        return;
    }
    free_tree(m);
}

/* -- joining ----------------------------------------------------------------------------------- */
static bool name_fits(weir_module *m, const char *name, const char *what)
{
    weir_ctx *c = m->object.ctx;
    char path[256];
    if (!name) {
        bool child = strcmp(what, "child") == 0;
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_%s: NULL: expected a name", child ? "add" : what);
        return false;
    }
    weir__module_path(m, path, sizeof path);
    if (!name[0] || strchr(name, '.') || strlen(name) > 63) {
        weir_fail(c, WEIR_ERROR_NAME,
                  "%s: %s \"%.80s\": expected 1 to 63 characters without a point", path, what,
                  name);
        return false;
    }
    bool taken = false;
    for (int64_t i = 0; i < m->n_entries; i++) taken |= strcmp(m->entries[i].name, name) == 0;
    for (int64_t i = 0; i < m->n_children; i++) taken |= strcmp(m->children[i]->name, name) == 0;
    if (taken) {
        weir_fail(c, WEIR_ERROR_NAME, "%s: %s %s: expected a name not taken", path, what, name);
        return false;
    }
    return true;
}

static bool not_sealed(weir_module *m, const char *what, const char *name)
{
    if (!weir__module_root(m)->layout) return true;
    char path[256];
    weir_fail(m->object.ctx, WEIR_ERROR_STATE,
              "%s: %s %s: expected before the first use, which lays parameters out",
              weir__module_path(m, path, sizeof path), what, name ? name : "NULL");
    return false;
}

static bool may_join(weir_module *parent, const char *name, weir_module *child)
{
    weir_ctx *c = parent->object.ctx;
    if (child->object.ctx != c) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "module_add: child of another context: expected the parent's");
        return false;
    }
    if (weir__module_root(parent) == child) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_add: a cycle: expected a tree");
        return false;
    }
    return not_sealed(parent, "child", name) && not_sealed(child, "child", name)
           && name_fits(parent, name, "child");
}

weir_module *weir_module_add(weir_module *parent, const char *name, weir_module *child)
{
    if (!child || child->object.nil) {
        if (parent) weir__module_usable(child, "module_add");
        if (parent && !child)
            weir_fail(parent->object.ctx, WEIR_ERROR_ARGUMENT,
                      "module_add: NULL: expected a child");
        return weir__nil(weir_module_ctx(parent), WEIR__MODULE);
    }
    weir_ctx *c = child->object.ctx;
    if (child->parent) {
        weir_fail(c, WEIR_ERROR_STATE, "module_add: %s has a parent: expected a root", child->name);
        return weir__nil(c, WEIR__MODULE);
    }
    if (!parent) weir_fail(c, WEIR_ERROR_ARGUMENT, "module_add: NULL: expected a parent");
    if (weir__module_usable(parent, "module_add") && may_join(parent, name, child)
        && weir__grow(c, &parent->children, &parent->children_cap, parent->n_children + 1,
                      sizeof(weir_module *))
        && (child->name = weir__strdup(c, name)) != NULL) {
        child->parent = parent;
        return parent->children[parent->n_children++] = child;
    }
    if (parent && !parent->object.nil && weir__module_root(parent) == child)
        return weir__nil(c, WEIR__MODULE);
    free_tree(child); /* it was given away, so that a chain of failing calls leaks nothing */
    return weir__nil(c, WEIR__MODULE);
}

/* -- definitions ------------------------------------------------------------------------------- */
/* The tensor of an entry owns a placeholder until seal points it into the flat buffer. */
static weir_tensor *parameter_tensor(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    weir_spec spec = weir__spec(t, ndim, shape);
    weir__storage *s = weir__storage_new(c, 0);
    if (!s) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *x = weir__tensor_view_home(c, s, &spec, NULL, 0);
    weir__storage_unref(c, s);
    return x;
}

/* Takes over one reference to `t`. */
static weir_tensor *add_entry(weir_module *m, const char *name, weir_tensor *t, weir__entry e)
{
    weir_ctx *c = m->object.ctx;
    if (weir_is_nil(t)) return t;
    if (weir__grow(c, &m->entries, &m->entries_cap, m->n_entries + 1, sizeof *m->entries)
        && (e.name = weir__strdup(c, name)) != NULL) {
        e.tensor = t;
        m->entries[m->n_entries++] = e;
        return t;
    }
    weir__tensor_free_home(t);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir_module_parameter(weir_module *m, const char *name, weir_dtype t, int ndim,
                                   const int64_t *shape, weir_init init)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_module_ctx(m);
    if (!weir__module_usable(m, "module_parameter") || !not_sealed(m, "parameter", name)
        || !name_fits(m, name, "parameter")
        || !weir__spec_check(c, "module_parameter", t, ndim, shape))
        return weir__nil(c, WEIR__TENSOR);
    if (!weir_dtype_is_real(t)) {
        weir_fail(c, WEIR_ERROR_DTYPE, "module_parameter: %s: %s: expected f32 or f64", name,
                  weir_dtype_name(t));
        return weir__nil(c, WEIR__TENSOR);
    }
    weir_tensor *x = add_entry(m, name, parameter_tensor(c, t, ndim, shape),
                               (weir__entry){ .init = init });
    if (!weir_is_nil(x)) x->requires_grad = true;
    return x;
}

weir_tensor *weir_module_share(weir_module *m, const char *name, weir_tensor *parameter)
{
    weir_ctx *c = m ? weir_module_ctx(m) : weir_ctx_of(parameter);
    if (!m || !name)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_share: NULL: expected a module and a name");
    if (!weir__module_usable(m, "module_share") || !not_sealed(m, "parameter", name)
        || !name_fits(m, name, "parameter"))
        return weir__nil(c, WEIR__TENSOR);
    if (weir_is_nil(parameter) || !parameter->object.home || parameter->object.ctx != c) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_share: %s: expected a parameter of the same tree",
                  name);
        return weir__nil(c, WEIR__TENSOR);
    }
    weir__tensor_ref(c, parameter);
    return add_entry(m, name, parameter, (weir__entry){ .shared = true });
}

static weir_tensor *add_buffer(weir_module *m, const char *name, weir_dtype t, int ndim,
                               const int64_t *shape, double value)
{
    weir_ctx *c = m->object.ctx;
    if (!name_fits(m, name, "buffer") || !weir__spec_check(c, "module_buffer", t, ndim, shape))
        return weir__nil(c, WEIR__TENSOR);
    weir_spec spec = weir__spec(t, ndim, shape);
    weir_tensor *x = weir__tensor_new_home(c, &spec);
    if (!weir_is_nil(x)) weir__convert_strided(t, weir__ptr(x), 1, WEIR_F64, &value, 0, x->numel);
    return add_entry(m, name, x, (weir__entry){ .is_buffer = true });
}

weir_tensor *weir_module_buffer(weir_module *m, const char *name, weir_dtype t, int ndim,
                                const int64_t *shape, double value)
{
    WEIR__AS_FOUND;
    if (!weir__module_usable(m, "module_buffer") || !not_sealed(m, "buffer", name))
        return weir__nil(weir_module_ctx(m), WEIR__TENSOR);
    return add_buffer(m, name, t, ndim, shape, value);
}

weir_tensor *weir__module_buffer_late(weir_module *m, const char *name, weir_dtype t, int ndim,
                                      const int64_t *shape, double value)
{
    if (!weir__module_usable(m, "module_buffer"))
        return weir__nil(weir_module_ctx(m), WEIR__TENSOR);
    weir_ctx *c = m->object.ctx;
    weir__layout *l = weir__module_root(m)->layout;
    if (!l) return add_buffer(m, name, t, ndim, shape, value);
    if (m->end_item != l->n_items) {
        weir_fail(c, WEIR_ERROR_STATE, "module_buffer: %s: expected the last module of the tree",
                  name);
        return weir__nil(c, WEIR__TENSOR);
    }
    char full[512];
    size_t used = 0;
    weir__append(full, sizeof full, &used, "%s%s%s", m->path, m->path[0] ? "." : "", name);
    if (!weir__grow(c, &l->items, &l->items_cap, l->n_items + 1, sizeof *l->items))
        return weir__nil(c, WEIR__TENSOR);
    char *kept = weir__strdup(c, full);
    weir_tensor *x = kept ? add_buffer(m, name, t, ndim, shape, value) : weir__nil(c, WEIR__TENSOR);
    if (weir_is_nil(x)) {
        weir__free(c, kept);
        return x;
    }
    l->items[l->n_items++] = (weir__item){ .tensor = x, .name = kept, .is_buffer = true };
    for (; m; m = m->parent) m->end_item = l->n_items;
    return x;
}

static bool visit_tree(weir_module *m, const char *path, weir__visit_fn *visit, void *user)
{
    char name[512];
    for (int64_t i = 0; i < m->n_entries; i++) {
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%s%s%s", path, path[0] ? "." : "",
                     m->entries[i].name);
        if (!visit(user, name, &m->entries[i])) return false;
    }
    for (int64_t i = 0; i < m->n_children; i++) {
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%s%s%s", path, path[0] ? "." : "",
                     m->children[i]->name);
        if (!visit_tree(m->children[i], name, visit, user)) return false;
    }
    return true;
}

bool weir__module_visit(weir_module *m, weir__visit_fn *visit, void *user)
{
    return visit_tree(m, "", visit, user);
}

/* -- looking ----------------------------------------------------------------------------------- */
weir_ctx *weir_module_ctx(const weir_module *m) { return m ? weir__ctx_of(m) : NULL; }
void *weir_module_state(weir_module *m) { return m ? m->state : NULL; }
const weir_module_row *weir_module_row_of(const weir_module *m) { return m ? m->row : NULL; }
int64_t weir_module_child_count(const weir_module *m) { return m ? m->n_children : 0; }
bool weir_module_training(const weir_module *m) { return m && m->training; }

weir_tensor *weir_module_own(const weir_module *m, const char *name)
{
    if (!name)
        weir_fail(weir_module_ctx(m), WEIR_ERROR_ARGUMENT, "module_own: NULL: expected a name");
    for (int64_t i = 0; m && name && i < m->n_entries; i++)
        if (strcmp(m->entries[i].name, name) == 0) return m->entries[i].tensor;
    return weir__nil(weir_module_ctx(m), WEIR__TENSOR);
}

weir_module *weir_module_child_at(const weir_module *m, int64_t index)
{
    if (m && index >= 0 && index < m->n_children) return m->children[index];
    weir_ctx *c = weir_module_ctx(m);
    if (m && m->object.nil)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "module_child_at: nil: expected a module");
    weir_fail(c, WEIR_ERROR_RANGE, "module_child_at: %lld: expected an index below %lld",
              (long long)index, (long long)weir_module_child_count(m));
    return weir__nil(c, WEIR__MODULE);
}

void weir_module_train(weir_module *m, bool training)
{
    if (!m || m->object.nil) return;
    if (weir__region_refuses(m->object.ctx, "module_train", WEIR__REGION_CHANGE)) return;
    m->training = training;
    for (int64_t i = 0; i < m->n_children; i++) weir_module_train(m->children[i], training);
}

void weir_module_freeze(weir_module *m, bool frozen)
{
    if (!m || m->object.nil) return;
    if (weir__region_refuses(m->object.ctx, "module_freeze", WEIR__REGION_CHANGE)) return;
    if (!frozen && weir__module_root(m)->layout && !weir__module_owns(m, "module_freeze")) return;
    for (int64_t i = 0; i < m->n_entries; i++) {
        weir_tensor *t = m->entries[i].tensor;
        if (m->entries[i].is_buffer) continue;
        t->requires_grad = !frozen;
        if (frozen && t->leaf) t->leaf->has_grad = false;
    }
    for (int64_t i = 0; i < m->n_children; i++) weir_module_freeze(m->children[i], frozen);
}

bool weir_module_is_nil(const weir_module *m) { return !m || m->object.nil; }

weir_module *weir_module_child(const weir_module *m, const char *name)
{
    if (m && !name)
        weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT, "module_child: NULL: expected a name");
    for (int64_t i = 0; m && name && i < m->n_children; i++)
        if (strcmp(m->children[i]->name, name) == 0) return m->children[i];
    return weir__nil(weir_module_ctx(m), WEIR__MODULE);
}
