/* glue.h - what the Python module needs of C beside the public headers: scopes one in another, one
 * result kept out of each, and the callbacks that Python answers. */
#ifndef WEIRPY_GLUE_H
#define WEIRPY_GLUE_H
#include <weir.h>

enum { WEIRPY_DEPTH = 64 };
typedef struct weirpy_scopes {
    weir_ctx *ctx;
    int depth;
    weir_scope at[WEIRPY_DEPTH];
} weirpy_scopes;

/* False: as deep as scopes go; nothing was begun. */
static bool weirpy_begin(weirpy_scopes *s, bool no_grad)
{
    if (s->depth == WEIRPY_DEPTH) return false;
    s->at[s->depth++] = no_grad ? weir_scope_begin_no_grad(s->ctx) : weir_scope_begin(s->ctx);
    return true;
}

static void weirpy_end(weirpy_scopes *s) { weir_scope_end(s->at[--s->depth]); }

/* Ends the scope and gives y, which is then the caller's to release; NULL where there is none. */
static weir_tensor *weirpy_end_with(weirpy_scopes *s, weir_tensor *y)
{
    bool none = weir_is_nil(y);
    if (!none) weir_retain(y);
    weirpy_end(s);
    return none ? NULL : y;
}

/* The graph behind y as text for Graphviz: malloc's, or NULL. */
static char *weirpy_dot(weir_tensor *y)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return NULL;
    weir_status s = weir_dot(y, out);
    fclose(out);
    if (s == WEIR_OK) return text;
    free(text);
    return NULL;
}
#endif
