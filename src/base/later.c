/* later.c - handles given back on other threads, such as a finaliser's: they wait in a list of
 * their context, by kind, until that empties it on its own thread. What others are made of goes
 * last, so that an optimizer goes before its model whoever gave which first. */
#include "base/base.h"

static const int later_order[] = {
    WEIR__RUN,   WEIR__LOADER, WEIR__OPTIM,   WEIR__EMA,
    WEIR__MODEL, WEIR__MODULE, WEIR__DATASET, WEIR__TENSOR,
};
enum { LATER_KINDS = sizeof later_order / sizeof *later_order };

static void later_lock(weir__later *l)
{
    while (atomic_flag_test_and_set(&l->lock)) continue; /* held for a few instructions */
}

static void later_add(weir_ctx *c, weir__object *o, int times)
{
    weir__later *l = &c->later;
    later_lock(l);
    if (o->given == 0) {
        o->next_given = l->first[o->kind];
        l->first[o->kind] = o;
    }
    o->given += times;
    atomic_store(&l->any, true);
    atomic_flag_clear(&l->lock);
}

void weir_free_later(void *handle)
{
    weir__object *o = handle;
    bool scoped = o && (o->kind == WEIR__BATCH || o->kind == WEIR__CONDITION);
    if (!o || o->alive != WEIR__ALIVE || o->nil || !o->ctx || scoped) return;
    later_add(o->ctx, o, 1);
}

/* One of a kind, and how often it was given: a tensor may be retained by several. NULL: none. */
static weir__object *later_take(weir__later *l, int kind, int *times)
{
    later_lock(l);
    weir__object *o = l->first[kind];
    if (o) {
        l->first[kind] = o->next_given;
        *times = o->given;
        o->given = 0;
    }
    atomic_flag_clear(&l->lock);
    return o;
}

/* Those whose time has not come are held back, or they would come up again at once. */
static void later_free_kind(weir_ctx *c, int kind)
{
    weir__object *o, *held = NULL;
    for (int times; (o = later_take(&c->later, kind, &times));) {
        if (weir__kind_free(o, times)) continue;
        o->next_given = held;
        held = o;
    }
    while (held) {
        o = held;
        held = o->next_given;
        later_add(c, o, 1);
    }
}

void weir__later_free(weir_ctx *c)
{
    weir__later *l = &c->later;
    if (l->freeing || weir__region_open(c)) return;
    l->freeing = true;
    atomic_store(&l->any, false);
    for (int i = 0; i < LATER_KINDS; i++) later_free_kind(c, later_order[i]);
    l->freeing = false;
}
