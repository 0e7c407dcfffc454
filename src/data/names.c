/* names.c - names of columns, of classes and of the values of a context. They come from files and
 * go into metadata, so they are UTF-8 from here on: what is not is U+FFFD. */
#include <string.h>
#include "data/data.h"

/* The name as UTF-8 and a 0; returns what is behind. At most three bytes for one, and the 0. */
static char *names_clean(const char *name, char *to)
{
    static const char replacement[] = "\xef\xbf\xbd";
    for (const unsigned char *s = (const unsigned char *)name; *s;) {
        size_t n = *s < 0x20 ? 0 : weir__utf8_sequence(s);
        size_t out = n ? n : 3;
        memcpy(to, n ? (const char *)s : replacement, out);
        to += out;
        s += n ? n : 1;
    }
    *to = 0;
    return to + 1;
}

weir_status weir__names_copy(weir_ctx *c, weir_words *to, int64_t n, const char *const *from)
{
    size_t bytes = (size_t)n * sizeof *to->at;
    weir_words names = { 0 };
    for (int64_t i = 0; i < n; i++) bytes += 3 * strlen(from[i]) + 1;
    if (n > 0 && !(names.at = weir__alloc(c, bytes))) return weir_status_of(c);
    char *at = (char *)(names.at + n);
    for (; names.n < n; names.n++) {
        names.at[names.n] = at;
        at = names_clean(from[names.n], at);
    }
    weir__free(c, to->at);
    *to = names;
    return WEIR_OK;
}

void weir__names_free(weir_ctx *c, weir_words *w)
{
    weir__free(c, w->at);
    *w = (weir_words){ 0 };
}

int64_t weir__names_find(const weir_words *w, const char *name)
{
    for (int64_t i = 0; i < w->n; i++)
        if (strcmp(w->at[i], name) == 0) return i;
    return -1;
}

const char *weir__names_near(const weir_words *w, const char *name)
{
    const char *near = "";
    int distance = (int)strlen(name) / 2 + 1;
    for (int64_t i = 0; i < w->n; i++) {
        int d = weir__edit_distance(name, w->at[i]);
        if (d < distance || (d == distance && !near[0])) near = w->at[i];
        if (d < distance) distance = d;
    }
    return near;
}

/* -- of a data set ----------------------------------------------------------------------------- */
static weir_words *names_of(const weir_dataset *d, weir_names which)
{
    if (which == WEIR_NAMES_COLUMN) return &d->store->columns;
    if (which == WEIR_NAMES_CLASS) return &d->store->classes;
    if (which == WEIR_NAMES_CONTEXT && d->store->context) return &d->store->context->columns;
    return NULL;
}

const char *weir_dataset_name(const weir_dataset *d, weir_names which, int64_t index)
{
    const weir_words *w = weir__dataset_dead(d) ? NULL : names_of(d, which);
    return w && index >= 0 && index < w->n ? w->at[index] : NULL;
}

/* How many names there must be; of classes at least. */
static int64_t names_wanted(const weir_dataset *d, weir_names which)
{
    if (which == WEIR_NAMES_COLUMN) return d->store->dim;
    return which == WEIR_NAMES_CLASS ? weir__labels_end(d->store) : d->store->context->dim;
}

weir_status weir_dataset_set_names(weir_dataset *d, weir_names which, int64_t n,
                                   const char *const *names)
{
    WEIR__AS_FOUND;
    static const char who[] = "dataset_set_names";
    if (weir__dataset_dead(d)) return weir__dataset_none(d, who);
    weir_ctx *c = d->object.ctx;
    weir_words *w = names_of(d, which);
    bool given = names || n == 0;
    for (int64_t i = 0; given && i < n; i++) given = names[i] != NULL;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!given) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected names", who);
    if (!w || (which == WEIR_NAMES_CLASS && !d->store->labels))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %.200s: expected a data set that has such",
                         who, d->name);
    int64_t wanted = names_wanted(d, which);
    bool fits = n == 0 || n == wanted || (which == WEIR_NAMES_CLASS && n > wanted);
    if (!fits)
        return weir_fail(c, WEIR_ERROR_SHAPE, "%s: %lld names: expected %lld", who, (long long)n,
                         (long long)wanted);
    return weir__names_copy(c, w, n, names);
}
