/* scope.c - marks in the list of what a context holds. A scope is a by-value mark: begin cannot
 * fail, and an early return that skips end heals when an outer scope ends. Objects of a scope are
 * dropped by one reference each; what a graph or a retain still holds lives on. */
#include "base/base.h"

static bool failed_ctx(const weir_ctx *c) { return c == NULL || c == weir__orphan(); }

static weir_scope scope_begin(weir_ctx *c, bool no_grad)
{
    weir_scope mark = { .ctx = c };
    if (failed_ctx(c)) return mark;
    weir__later_look(c);
    if (weir__region_refuses(c, "scope_begin", WEIR__REGION_MAKE)) {
        mark.generation = UINT64_MAX;
        return mark;
    }
    if (!weir__grow(c, &c->scopes, &c->scopes_cap, c->n_scopes + 1, sizeof *c->scopes)) {
        mark.generation = UINT64_MAX; /* the error is set; ending this mark does nothing */
        return mark;
    }
    weir__scope_mark *m = &c->scopes[c->n_scopes++];
    m->first = c->n_objects;
    m->generation = ++c->generation;
    m->modes = c->modes;
    m->has_frame = false; /* the frame is read with it alone */
    if (no_grad) c->modes.no_grad = true;
    mark.depth = (uint32_t)c->n_scopes;
    mark.generation = m->generation;
    return mark;
}

weir_scope weir_scope_begin(weir_ctx *c)
{
    WEIR__AS_FOUND;
    return scope_begin(c, false);
}
weir_scope weir_scope_begin_no_grad(weir_ctx *c)
{
    WEIR__AS_FOUND;
    return scope_begin(c, true);
}

static void scope_drop(weir__object *o)
{
    o->scoped = false;
    if (--o->refs == 0) o->destroy(o);
}

/* Drops the objects from `first` on; kept ones move down and belong to the scope around. */
static void drop_from(weir_ctx *c, int64_t first)
{
    int64_t n = c->n_objects, kept = first;
    for (int64_t i = first; i < n; i++) {
        weir__object *o = c->objects[i];
        if (o->keep > 0) {
            o->keep--;
            c->objects[kept++] = o;
        } else {
            scope_drop(o);
        }
    }
    c->n_objects = kept;
}

void weir_scope_end(weir_scope s)
{
    WEIR__AS_FOUND;
    weir_ctx *c = s.ctx;
    if (failed_ctx(c) || s.generation == UINT64_MAX) return;
    if (weir__region_refuses(c, "scope_end", WEIR__REGION_CHANGE)) return;
    if (s.depth == 0 || s.depth > (uint64_t)c->n_scopes
        || c->scopes[s.depth - 1].generation != s.generation) {
        weir_fail(c, WEIR_ERROR_STATE,
                  "scope_end: a scope that has ended: expected one still open, each ended once");
        return;
    }
    while (c->n_scopes
           >= (int64_t)s.depth) { /* inner scopes first, so that keep means one scope out */
        weir__scope_mark m = c->scopes[--c->n_scopes];
        drop_from(c, m.first);
        c->modes = m.modes;
        if (m.has_frame) c->frame = m.frame;
    }
    weir__later_look(c);
}

void weir__scope_end_keeping(weir_scope s, int n, void *const *kept)
{
    weir_ctx *c = s.ctx;
    if (!failed_ctx(c) && !weir__region_open(c) && s.depth > 0 && s.depth <= (uint64_t)c->n_scopes)
        for (int64_t i = c->scopes[s.depth - 1].first; i < c->n_objects; i++)
            for (int k = 0; k < n; k++)
                if (c->objects[i] == kept[k]) {
                    c->objects[i]->keep++;
                    break;
                }
    weir_scope_end(s);
}

bool weir__scope_add(weir_ctx *c, weir__object *o)
{
    if (weir__region_refuses(c, "scope", WEIR__REGION_MAKE)) return false;
    weir__later_look(c);
    if (c->n_objects == c->objects_cap
        && !weir__grow(c, &c->objects, &c->objects_cap, c->n_objects + 1, sizeof *c->objects))
        return false;
    c->objects[c->n_objects++] = o;
    o->alive = WEIR__ALIVE;
    o->scoped = true;
    return true;
}

bool weir__scope_has(const weir_ctx *c, const weir__object *o)
{
    int64_t first = c->n_scopes > 0 ? c->scopes[c->n_scopes - 1].first : 0;
    for (int64_t i = c->n_objects; i-- > first;)
        if (c->objects[i] == o) return true;
    return false;
}

weir__saved_modes weir__modes_save(const weir_ctx *c)
{
    return (weir__saved_modes){ .modes = c->modes, .frame = c->frame };
}

void weir__modes_restore(weir_ctx *c, weir__saved_modes saved)
{
    if (failed_ctx(c)) return;
    c->modes = saved.modes;
    c->frame = saved.frame;
}
