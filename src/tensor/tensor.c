/* tensor.c - life of storages and tensor handles.
 *
 * A handle holds one reference to its storage and one to the graph node that made it. A storage and
 * its data are one block. References are counted by the owning context alone: a child context
 * borrows from its ancestors, whose objects outlive its scopes, so that workers on several threads
 * never write a parent's counters. */
#include <string.h>
#include "tensor/tensor.h"

weir_tensor weir__orphan_tensor = { .object = WEIR__OBJECT_ORPHAN(WEIR__TENSOR, NULL) };

weir__storage *weir__storage_new(weir_ctx *c, size_t bytes)
{
    _Static_assert(sizeof(weir__storage) <= 64, "data begins 64 bytes into the block");
    weir__storage *s = weir__alloc(c, bytes < SIZE_MAX - 64 ? 64 + bytes : SIZE_MAX);
    if (!s) return NULL;
    *s = (weir__storage){
        .ctx = c, .refs = 1, .data = (char *)s + 64, .bytes = bytes, .inline_data = true
    };
    return s;
}

void weir__storage_ref(weir_ctx *c, weir__storage *s)
{
    if (s && s->ctx == c) s->refs++;
}

void weir__storage_unref(weir_ctx *c, weir__storage *s)
{
    if (!s || s->ctx != c || --s->refs > 0) return;
    if (s->release) s->release(s->user, s->data);
    weir__free(c, s);
}

void weir__storage_changed(weir__storage *s, const char *by)
{
    s->version++;
    s->changed_by = by;
}

bool weir__storage_may_change(weir_ctx *c, const weir__storage *s, const char *who)
{
    if (!s->read_only && s->lent == 0) return true;
    if (s->read_only)
        weir_fail(c, WEIR_ERROR_STATE,
                  "%s: weights of a shared model: expected those of the model itself", who);
    else
        weir_fail(c, WEIR_ERROR_STATE,
                  "%s: weights that shares read (%d): expected those freed before", who,
                  (int)s->lent);
    return false;
}

/* Gives back all but the handle's own memory. */
static void tensor_empty(weir_tensor *t)
{
    weir_ctx *c = t->object.ctx;
    weir__object *node = (weir__object *)t->node;
    weir__storage_unref(c, t->storage);
    if (t->leaf) {
        if (t->leaf->grad) weir__tensor_unref(c, t->leaf->grad);
        weir__free(c, t->leaf->name);
        weir__free(c, t->leaf);
    }
    if (node && --node->refs == 0) node->destroy(node);
}

static void tensor_destroy(weir__object *o)
{
    tensor_empty((weir_tensor *)o);
    weir__free(o->ctx, o);
}

/* -- an end before the scope's ----------------------------------------------------------------- */
/* Its scope has it, and nobody else: no graph, batch or condition, no weir_retain or weir_keep. */
static bool tensor_is_spare(const weir_tensor *t)
{
    const weir__object *o = &t->object;
    return o->alive == WEIR__ALIVE && !o->nil && o->scoped && o->refs == 1 && o->keep == 0;
}

static void tensor_spend(weir_tensor *t, const char *by)
{
    _Static_assert(sizeof(weir__husk) <= sizeof(weir_tensor), "a husk lies where the tensor did");
    char what[sizeof(((weir__husk *)NULL)->what)];
    size_t used = 0;
    weir__append(what, sizeof what, &used, "tensor %s ", weir_dtype_name(t->dtype));
    weir__append_shape(what, sizeof what, &used, t->ndim, t->shape);
    weir__append(what, sizeof what, &used, ", given back by %s", by);
    tensor_empty(t);
    weir__object_spend(&t->object, what);
}

weir_tensor *weir__tensor_consumed(weir_tensor *x, weir_tensor *y)
{
    weir_ctx *c = y->object.ctx;
    if (x == y || y->object.nil || x->object.ctx != c || !tensor_is_spare(x)) return y;
    if (x->leaf || (x->requires_grad && !x->node) || weir__region_open(c)) return y;
    if (weir__scope_has(c, &x->object))
        tensor_spend(x, c->modes.label ? c->modes.label : "a module");
    return y;
}

void weir__tensor_ref(weir_ctx *c, weir_tensor *t)
{
    if (t && t->object.ctx == c && !t->object.nil) t->object.refs++;
}

void weir__tensor_unref(weir_ctx *c, weir_tensor *t)
{
    if (t && t->object.ctx == c && !t->object.nil && --t->object.refs == 0)
        tensor_destroy(&t->object);
}

void weir__tensor_free_home(weir_tensor *t)
{
    if (t) weir__tensor_unref(t->object.ctx, t);
}

/* The bare handle; takes over the caller's reference to `s` only on success. */
static weir_tensor *handle(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                           const int64_t *strides, int64_t offset, bool home)
{
    weir_tensor *t = weir__alloc(c, sizeof *t);
    if (!t) return NULL;
    t->object = weir__object_home(c, WEIR__TENSOR, tensor_destroy);
    t->object.home = home;
    t->storage = s;
    t->offset = offset;
    t->dtype = spec->dtype;
    t->ndim = spec->ndim;
    t->requires_grad = false;
    t->node = NULL;
    t->out_index = 0;
    t->leaf = NULL;
    int64_t n = 1;
    for (int i = spec->ndim - 1; i >= 0; i--) {
        t->shape[i] = spec->shape[i];
        t->strides[i] = strides ? strides[i] : n;
        n *= spec->shape[i];
    }
    t->numel = n;
    t->contiguous = !strides || weir__is_dense(spec->ndim, spec->shape, strides);
    if (!home && !weir__scope_add(c, &t->object)) {
        weir__free(c, t);
        return NULL;
    }
    return t;
}

static weir_tensor *new_tensor(weir_ctx *c, const weir_spec *spec, const int64_t *strides,
                               bool home)
{
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    int64_t n = weir__numel_of(spec->ndim, spec->shape);
    size_t bytes = weir__bytes_of(n, weir_dtype_size(spec->dtype));
    weir__storage *s = weir__storage_new(c, bytes);
    if (!s) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *t = handle(c, s, spec, strides, 0, home);
    if (t) return t;
    weir__storage_unref(c, s);
    return weir__nil(c, WEIR__TENSOR);
}

static weir_tensor *new_view(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                             const int64_t *strides, int64_t offset, bool home)
{
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *t = handle(c, s, spec, strides, offset, home);
    if (!t) return weir__nil(c, WEIR__TENSOR);
    weir__storage_ref(c, s);
    return t;
}

weir_tensor *weir__tensor_new(weir_ctx *c, const weir_spec *spec)
{
    return new_tensor(c, spec, NULL, false);
}
weir_tensor *weir__tensor_new_home(weir_ctx *c, const weir_spec *spec)
{
    return new_tensor(c, spec, NULL, true);
}

weir_tensor *weir__tensor_new_channels_last(weir_ctx *c, const weir_spec *spec)
{
    int64_t strides[4];
    weir__channels_last_strides(spec->shape, strides);
    return new_tensor(c, spec, weir__is_dense(4, spec->shape, strides) ? NULL : strides, false);
}

weir_tensor *weir__tensor_like(weir_ctx *c, const weir_tensor *x)
{
    if (x->object.nil) return weir__nil(c, WEIR__TENSOR);
    weir_spec spec = weir__spec_of(x);
    return !x->contiguous && weir_is_channels_last(x) ? weir__tensor_new_channels_last(c, &spec)
                                                      : weir__tensor_new(c, &spec);
}

weir_tensor *weir__tensor_view(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                               const int64_t *strides, int64_t offset)
{
    return new_view(c, s, spec, strides, offset, false);
}

weir_tensor *weir__tensor_view_home(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                                    const int64_t *strides, int64_t offset)
{
    return new_view(c, s, spec, strides, offset, true);
}

weir_tensor *weir_keep(weir_tensor *x)
{
    if (weir_is_nil(x)) return weir__nil(weir_ctx_of(x), WEIR__TENSOR);
    if (x->object.home || x->object.keep == UINT8_MAX) return x;
    if (!weir__region_refuses(x->object.ctx, "keep", WEIR__REGION_CHANGE)) x->object.keep++;
    return x;
}

weir_tensor *weir_retain(weir_tensor *x)
{
    if (weir_is_nil(x)) return weir__nil(weir_ctx_of(x), WEIR__TENSOR);
    if (weir__region_refuses(x->object.ctx, "retain", WEIR__REGION_CHANGE)) return x;
    if (x->object.retained == UINT16_MAX) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE,
                  "retain: a tensor retained %d times: expected fewer", UINT16_MAX);
        return x;
    }
    x->object.retained++;
    x->object.refs++;
    return x;
}

void weir_release(weir_tensor *x)
{
    if (weir_is_nil(x)) return;
    weir_ctx *c = x->object.ctx;
    if (weir__region_refuses(c, "release", WEIR__REGION_CHANGE)) return;
    if (x->object.retained > 0) {
        x->object.retained--;
        weir__tensor_unref(c, x);
    } else if (x->object.home) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "release: a tensor outside scopes, not retained: expected one of a scope");
    } else if (tensor_is_spare(x)) {
        tensor_spend(x, "weir_release");
    }
}
