/* context.c - opening, closing and looking at a context. src/weir.c joins what the rooms above put
 * into it. */
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

weir_ctx *weir__orphan(void) { return &weir__orphan_ctx; }

void weir_open_defaults_sized(weir_open_opts *o, size_t size)
{
    const weir_open_opts whole = { .size = sizeof whole, .seed = 1 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

weir_ctx *weir__ctx_new(weir_ctx *parent, const weir_open_opts *o)
{
    weir__pool pool = { .resize = o->resize, .user = o->resize_user };
    weir_ctx *c = weir__pool_take(&pool, sizeof *c);
    if (!c) return NULL;
    memset(c, 0, sizeof *c);
    c->pool = pool;
    c->parent = parent;
    c->depth = parent ? parent->depth + 1 : 0;
    c->seed = o->seed;
    c->n_threads = o->threads < WEIR__MOST_THREADS ? o->threads : WEIR__MOST_THREADS;
    c->claim.most = o->file_bytes;
    c->log = o->log;
    c->log_user = o->log_user;
    c->sequence = 1;
    return c;
}

void weir__ctx_delete(weir_ctx *c)
{
    weir__registered *r = c->parent && c->registered == c->parent->registered ? NULL
                                                                              : c->registered;
    weir__registered *stop = c->parent ? c->parent->registered : NULL;
    while (r && r != stop) {
        weir__registered *next = r->next;
        weir__free(c, r);
        r = next;
    }
    weir__adopted_free(c);
    weir__free(c, c->lapack);
    weir__free(c, c->group);
    weir__free(c, c->objects);
    weir__free(c, c->scopes);
    for (int64_t i = 0; i < c->warnings.n; i++) weir__free(c, c->warnings.at[i]);
    weir__pool pool = c->pool; /* c lies in its own pool */
    weir__pool_give(&pool, c);
    weir__pool_trim(&pool);
}

int weir_threads(const weir_ctx *c) { return c ? c->n_threads : 1; }

void weir_memory_sized(const weir_ctx *c, weir_memory_info *info, size_t size)
{
    const weir_memory_info none = { 0 };
    weir__sized_defaults(info, size, c ? &c->pool.info : &none, sizeof none);
}

void weir_memory_trim(weir_ctx *c)
{
    WEIR__AS_FOUND;
    if (!c || c == weir__orphan()) return;
    weir__later_look(c);
    weir__pool_trim(&c->pool);
}

weir_ctx *weir__younger(weir_ctx *a, weir_ctx *b)
{
    weir_ctx *young = a->depth >= b->depth ? a : b;
    weir_ctx *old = young == a ? b : a;
    for (weir_ctx *c = young; c; c = c->parent)
        if (c == old) return young;
    return NULL;
}

void *weir__nil(weir_ctx *c, weir__kind kind)
{
    if (c == NULL || c->nil[kind] == NULL) return weir__orphan_ctx.nil[kind];
    return c->nil[kind];
}

/* Without memory for it the error says so. */
static void context_keep_warning(weir_ctx *c, const char *text)
{
    if (!c || c == weir__orphan() || c->warnings.n == WEIR__WARNINGS_MAX) return;
    char *own = weir__strdup(c, text);
    if (own) c->warnings.at[c->warnings.n++] = own;
}

static void context_log_line(weir_ctx *c, const char *before, const char *format, va_list args)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s", before);
    weir__vformat(line + n, sizeof line - (size_t)n, format, args);
    if (before[0]) context_keep_warning(c, line + n);
    while (c && !c->log) c = c->parent;
    if (c) c->log(c->log_user, line);
}

void weir__log(weir_ctx *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    context_log_line(c, "", format, args);
    va_end(args);
}

void weir__warn(weir_ctx *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    context_log_line(c, "warning: ", format, args);
    va_end(args);
}

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif
#ifndef WEIR_FEATURES
#define WEIR_FEATURES ""
#endif
const char *weir_version(void) { return WEIR_VERSION; }
const char *weir_build_features(void) { return WEIR_FEATURES; }
