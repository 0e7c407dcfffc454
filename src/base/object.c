/* object.c - handles: whether one still lives, and whether two belong together. A handle is a
 * pointer, so one used after its end points at memory that the pool keeps or has given out again.
 * The first is told with the context's error; the second where the memory now is no handle; the
 * rest only by a build without a pool under a sanitizer. */
#include "base/base.h"

static const char *object_kind(const weir__object *o)
{
    static const char *const names[WEIR__KINDS] = {
        [WEIR__TENSOR] = "tensor",
        [WEIR__CONDITION] = "condition",
        [WEIR__BATCH] = "batch",
        [WEIR__MODULE] = "module",
        [WEIR__OPTIM] = "optimizer",
        [WEIR__DATASET] = "data set",
        [WEIR__LOADER] = "loader",
        [WEIR__MODEL] = "model",
        [WEIR__RUN] = "run",
    };
    return o->kind < WEIR__KINDS ? names[o->kind] : "handle";
}

static bool object_spent(const weir__husk *h, const char *who)
{
    if (weir__region_refuses(h->object.ctx, who, WEIR__REGION_MAKE)) return false;
    weir_fail(h->object.ctx, WEIR_ERROR_STATE, "%s: %s: expected one that was not", who, h->what);
    return false;
}

static void husk_destroy(weir__object *o) { weir__free(o->ctx, o); }

void weir__object_spend(weir__object *o, const char *what)
{
    weir__husk *h = (weir__husk *)(void *)o;
    size_t used = 0;
    h->object.alive = WEIR__SPENT;
    h->object.nil = true;
    h->object.destroy = husk_destroy;
    weir__append(h->what, sizeof h->what, &used, "%s", what);
}

bool weir__gone(const void *handle, const char *who)
{
    const weir__object *o = handle;
    if (o->alive == WEIR__SPENT) return object_spent(handle, who);
    if (o->alive != WEIR__GONE) return false;
    if (weir__region_refuses(o->ctx, who, WEIR__REGION_MAKE)) return false;
    if (o->home)
        weir_fail(o->ctx, WEIR_ERROR_STATE, "%s: a %s that was freed: expected one that lives", who,
                  object_kind(o));
    else
        weir_fail(o->ctx, WEIR_ERROR_STATE,
                  "%s: a %s whose scope has ended: expected one of a scope still open", who,
                  object_kind(o));
    return false;
}

weir_ctx *weir__ctx_of(const void *handle)
{
    const weir__object *o = handle;
    bool known =
        o && (o->alive == WEIR__ALIVE || o->alive == WEIR__GONE || o->alive == WEIR__SPENT);
    return known && o->ctx ? o->ctx : weir__orphan();
}

bool weir__meets(weir_ctx *c, const void *handle, const char *who, const char *what)
{
    const weir__object *o = handle;
    if (c && weir__region_refuses(c, who, WEIR__REGION_MAKE)) return false;
    if (!c || !o || o->nil || weir__younger(c, o->ctx)) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "%s: %s of another context: expected one of its own, a parent's or a worker's", who,
              what);
    return false;
}

bool weir__reaches(weir_ctx *c, const void *handle, const char *who, const char *what)
{
    const weir__object *o = handle;
    if (c && weir__region_refuses(c, who, WEIR__REGION_MAKE)) return false;
    if (!c || !o || o->nil || weir__younger(c, o->ctx) == c) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "%s: %s of another context: expected one of its own or a parent's", who, what);
    return false;
}
