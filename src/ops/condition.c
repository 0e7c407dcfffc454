/* condition.c - named tensors of one batch (weir/condition.h), and cutting them by samples. */
#include <string.h>
#include "ops/ops.h"

enum { NAME_BYTES = 64 };

typedef struct entry {
    char name[NAME_BYTES];
    weir_tensor *tensor; /* counted where it is of the same context, else borrowed of a parent's */
} entry;

struct weir_condition {
    weir__object object;
    int64_t n;
    entry at[];
};

weir__object weir__orphan_condition = WEIR__OBJECT_ORPHAN(WEIR__CONDITION, NULL);

weir__object *weir__condition_nil_new(weir_ctx *c)
{
    weir_condition *k = weir__alloc0(c, sizeof *k);
    if (!k) return NULL;
    k->object = weir__orphan_condition;
    k->object.ctx = c;
    return &k->object;
}

static weir_condition *condition_nil(weir_ctx *c) { return weir__nil(c, WEIR__CONDITION); }

static void condition_destroy(weir__object *o)
{
    weir_condition *k = (weir_condition *)o;
    for (int64_t i = 0; i < k->n; i++) weir__tensor_unref(o->ctx, k->at[i].tensor);
    weir__free(o->ctx, k);
}

/* Room for n tensors, none yet. */
static weir_condition *condition_alloc(weir_ctx *c, int64_t n)
{
    if (!weir_ok(c)) return condition_nil(c);
    weir_condition *k = weir__alloc0(c, sizeof *k + weir__bytes_of(n, sizeof *k->at));
    if (!k) return condition_nil(c);
    k->object = (weir__object){
        .ctx = c,
        .destroy = condition_destroy,
        .refs = 1,
        .kind = WEIR__CONDITION,
    };
    if (weir__scope_add(c, &k->object)) return k;
    weir__free(c, k);
    return condition_nil(c);
}

static void condition_append(weir_condition *k, const char *name, weir_tensor *t)
{
    entry *e = &k->at[k->n++];
    snprintf(e->name, sizeof e->name, "%s", name);
    e->tensor = t;
    weir__tensor_ref(k->object.ctx, t);
}

weir_condition *weir_condition_new(weir_ctx *c) { return condition_alloc(c, 0); }

/* -- a copy with one more ---------------------------------------------------------------------- */
static bool name_is_good(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    size_t n = strlen(name);
    return n > 0 && n < NAME_BYTES && strspn(name, letters) == n;
}

static bool addition_is_good(weir_ctx *c, const weir_condition *k, const char *name,
                             const weir_tensor *t)
{
    if (!name_is_good(name)) {
        weir_fail(c, WEIR_ERROR_NAME,
                  "condition_with: name %.70s: expected 1 to %d letters, digits or '_'", name,
                  NAME_BYTES - 1);
        return false;
    }
    if (t->ndim < 1) {
        weir_fail(c, WEIR_ERROR_SHAPE, "condition_with: %s: no axes: expected [samples, ..]", name);
        return false;
    }
    for (int64_t i = 0; i < k->n; i++) {
        const weir_tensor *other = k->at[i].tensor;
        if (strcmp(k->at[i].name, name) == 0 || other->shape[0] == t->shape[0]) continue;
        weir_fail(c, WEIR_ERROR_SHAPE, "condition_with: %s: %lld samples: expected %lld, as %s has",
                  name, (long long)t->shape[0], (long long)other->shape[0], k->at[i].name);
        return false;
    }
    return true;
}

/* Where the copy lives: the younger context of the two; NULL, with the error set, where neither
 * descends from the other. */
static weir_ctx *context_of_both(const weir_condition *k, const weir_tensor *t)
{
    weir_ctx *c = weir__younger(k->object.ctx, t->object.ctx);
    if (c) return c;
    weir_fail(k->object.ctx, WEIR_ERROR_ARGUMENT,
              "condition_with: a tensor of another context: expected one of its own");
    return NULL;
}

weir_condition *weir_condition_with(const weir_condition *k, const char *name, weir_tensor *t)
{
    weir_ctx *c = k ? weir__ctx_of(k) : weir_ctx_of(t);
    if (!k || !name || !t || weir_condition_is_nil(k) || weir_is_nil(t)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "condition_with: NULL or nil: expected a condition, a name and a tensor");
        return condition_nil(c);
    }
    weir_ctx *young = context_of_both(k, t);
    if (!young || !weir_ok(young) || !addition_is_good(young, k, name, t)) return condition_nil(c);
    weir_condition *copy = condition_alloc(young, k->n + 1);
    if (copy->object.nil) return copy;
    bool replaced = false;
    for (int64_t i = 0; i < k->n; i++) {
        bool same = strcmp(k->at[i].name, name) == 0;
        condition_append(copy, k->at[i].name, same ? t : k->at[i].tensor);
        replaced = replaced || same;
    }
    if (!replaced) condition_append(copy, name, t);
    return copy;
}

/* -- looking ----------------------------------------------------------------------------------- */
bool weir_condition_is_nil(const weir_condition *k)
{
    return k && (!weir__lives(k, "condition") || k->object.nil);
}

int64_t weir_condition_count(const weir_condition *k)
{
    return k && !weir_condition_is_nil(k) ? k->n : 0;
}

int64_t weir_condition_samples(const weir_condition *k)
{
    return weir_condition_count(k) > 0 ? k->at[0].tensor->shape[0] : -1;
}

weir_tensor *weir_condition_at(const weir_condition *k, int64_t index, const char **name)
{
    bool there = index >= 0 && index < weir_condition_count(k);
    if (name) *name = there ? k->at[index].name : NULL;
    if (there) return k->at[index].tensor;
    return weir__nil(weir__ctx_of(k), WEIR__TENSOR);
}

weir_tensor *weir_condition_get(const weir_condition *k, const char *name)
{
    weir_ctx *c = k ? weir__ctx_of(k) : NULL;
    if (!name) weir_fail(c, WEIR_ERROR_ARGUMENT, "condition_get: NULL: expected a name");
    for (int64_t i = 0; name && i < weir_condition_count(k); i++)
        if (strcmp(k->at[i].name, name) == 0) return k->at[i].tensor;
    return weir__nil(c, WEIR__TENSOR);
}

/* -- cutting by samples: for shards and chunks, which run without what led to the condition ---- */
weir_tensor *weir__samples_view(weir_ctx *c, const weir_tensor *x, int64_t from, int64_t to)
{
    weir_spec spec = weir__spec_of(x);
    spec.shape[0] = to - from;
    return weir__tensor_view(c, x->storage, &spec, x->strides, x->offset + from * x->strides[0]);
}

weir_condition *weir__condition_slice(weir_ctx *c, const weir_condition *k, int64_t from,
                                      int64_t to)
{
    if (!k) return NULL;
    weir_condition *part = condition_alloc(c, k->n);
    for (int64_t i = 0; !part->object.nil && i < k->n; i++) {
        weir_tensor *t = weir__samples_view(c, k->at[i].tensor, from, to);
        if (weir_is_nil(t)) return condition_nil(c);
        condition_append(part, k->at[i].name, t);
    }
    return part;
}

weir_condition *weir__condition_gather(weir_ctx *c, const weir_condition *k, int64_t n,
                                       const int64_t *samples)
{
    if (!k) return NULL;
    weir_tensor *ids = weir_from_i64(c, samples, 1, &n);
    weir_condition *part = condition_alloc(c, k->n);
    for (int64_t i = 0; !part->object.nil && i < k->n; i++) {
        weir_tensor *t = weir_index_select(k->at[i].tensor, 0, ids);
        if (weir_is_nil(t)) return condition_nil(c);
        condition_append(part, k->at[i].name, t);
    }
    return part;
}
