/* assign.c - copying weights from a file into a module tree: every name, shape and number is looked
 * at before anything changes. */
#include <math.h>
#include <string.h>
#include "kern/kern.h"
#include "models/models.h"

enum { LIST_BYTES = 180, CHUNK = 1024 };

typedef struct check {
    weir_ctx *c;
    weir_module *root;
    const weir__weights *w;
    int64_t used; /* tensors of the file that have a place */
    weir_load_info info;
    size_t missing_bytes, misfit_bytes, extra_bytes;
    char missing[LIST_BYTES], misfit[LIST_BYTES], extra[LIST_BYTES];
    const char *wanted; /* looking for this file name among the model's */
    bool found;
} check;

/* The message has room for some names; the log gets them all. */
static void assign_append(check *k, const char *what, char *list, size_t *used, const char *name)
{
    weir__log(k->c, "weights: %s %s", what, name);
    if (*used + strlen(name) + 8 < LIST_BYTES)
        weir__append(list, LIST_BYTES, used, *used ? ", %s" : "%s", name);
    else if (strstr(list, "..") == NULL) weir__append(list, LIST_BYTES, used, ", ..");
}

static bool assign_fits(const weir__weight *w, const weir_tensor *t)
{
    bool floating = weir_dtype_is_real(w->dtype) || w->dtype == WEIR_F16 || w->dtype == WEIR_BF16;
    return (weir_dtype_is_real(t->dtype) ? floating : w->dtype == t->dtype) && w->ndim == t->ndim
           && memcmp(w->shape, t->shape, (size_t)t->ndim * sizeof *t->shape) == 0;
}

/* -- a shared parameter goes by any of its names, as PyTorch's files have one of them, or all -- */
typedef struct alias {
    const weir__weights *w;
    const weir_tensor *tensor;
    const weir__weight *found;
} alias;

static bool by_other_name(void *user, const char *name, const weir__entry *e)
{
    alias *a = user;
    if (e->shared && e->tensor == a->tensor) a->found = weir__weights_find(a->w, name);
    return !a->found;
}

static const weir__weight *weight_of(weir_module *m, const weir__weights *w, const char *name,
                                     const weir_tensor *t)
{
    alias a = { .w = w, .tensor = t, .found = weir__weights_find(w, name) };
    if (!a.found) weir__module_visit(m, by_other_name, &a);
    return a.found;
}

/* -- looking at names and shapes --------------------------------------------------------------- */
static bool check_entry(void *user, const char *name, const weir__entry *e)
{
    check *k = user;
    k->used += weir__weights_find(k->w, name) != NULL;
    if (e->shared) return true;
    const weir__weight *w = weight_of(k->root, k->w, name, e->tensor);
    if (!w) {
        k->info.missing++;
        assign_append(k, "missing", k->missing, &k->missing_bytes, name);
    } else if (!assign_fits(w, e->tensor)) {
        char text[160];
        size_t used = 0;
        weir__append(text, sizeof text, &used, "%.60s %s ", name, weir_dtype_name(w->dtype));
        weir__append_shape(text, sizeof text, &used, w->ndim, w->shape);
        weir__append(text, sizeof text, &used, " not ");
        weir__append_shape(text, sizeof text, &used, e->tensor->ndim, e->tensor->shape);
        k->info.misfit++;
        assign_append(k, "shape of", k->misfit, &k->misfit_bytes, text);
    }
    return true;
}

static bool is_wanted(void *user, const char *name, const weir__entry *e)
{
    check *k = user;
    (void)e;
    k->found |= strcmp(name, k->wanted) == 0;
    return !k->found;
}

static void list_extra(weir_module *m, check *k)
{
    for (int64_t i = 0; i < k->w->n; i++) {
        k->wanted = k->w->at[i].name;
        k->found = false;
        weir__module_visit(m, is_wanted, k);
        if (!k->found) {
            k->info.unexpected++;
            assign_append(k, "unexpected", k->extra, &k->extra_bytes, k->wanted);
        }
    }
}

static weir_status check_names(weir_module *m, const weir__weights *w, const weir__assign_opts *o)
{
    check k = { .c = m->object.ctx, .root = m, .w = w };
    weir__module_visit(m, check_entry, &k);
    if (k.used < w->n) list_extra(m, &k);
    if (o->info) *o->info = k.info;
    if (!k.misfit_bytes && (o->partial || (!k.missing_bytes && !k.extra_bytes))) return WEIR_OK;
    return weir_fail(k.c, WEIR_ERROR_FORMAT,
                     "%.120s: weights of %s:%s%s%s%s%s%s: expected the %s's names and shapes",
                     o->where, o->what, k.missing_bytes ? " missing " : "", k.missing,
                     k.misfit_bytes ? " shape of " : "", k.misfit,
                     k.extra_bytes ? " unexpected " : "", k.extra, o->kind);
}

static bool is_half(const weir__weight *w) { return w->dtype == WEIR_F16 || w->dtype == WEIR_BF16; }

/* Elements of the file, whose bytes may lie anywhere, as type `to`; n <= CHUNK. */
static void convert_chunk(const weir_ctx *c, const weir__weight *w, int64_t first, int64_t n,
                          weir_dtype to, void *out)
{
    uint64_t raw[CHUNK];
    size_t e = weir_dtype_size(w->dtype);
    const void *from = (const char *)w->data + (size_t)first * e;
    if ((uintptr_t)from % e != 0 || !is_half(w)) {
        memcpy(raw, from, (size_t)n * e);
        from = raw;
    }
    if (is_half(w) && to == WEIR_F32)
        weir__from_half(c->kern, w->dtype == WEIR_F16 ? WEIR__F16 : WEIR__BF16, n, out, from, NULL);
    else weir__convert(to, out, w->dtype, from, n);
}

/* Whether no exponent of n numbers of 16 bits is ones alone, which one more in its last place would
 * carry into the place of the sign: four at a time */
static bool halves_are_finite(const weir__weight *w, int64_t first, int64_t n)
{
    const uint64_t each = 0x0001000100010001, signs = 0x8000 * each;
    const uint64_t exponent = (w->dtype == WEIR_F16 ? 0x7c00 : 0x7f80) * each;
    const uint64_t one = (w->dtype == WEIR_F16 ? 0x0400 : 0x0080) * each;
    const char *from = (const char *)w->data + 2 * first;
    uint64_t seen = 0;
    for (int64_t i = 0; i < n; i += 4) {
        uint64_t four = 0;
        memcpy(&four, from + 2 * i, n - i < 4 ? 2 * (size_t)(n - i) : 8);
        seen |= (four & exponent) + one;
    }
    return !(seen & signs);
}

/* The first element that is not finite once it is of type `to`; -1: none. Integers always are. */
static int64_t assign_first_nonfinite(const weir__weight *w, const weir_tensor *t, double *value)
{
    const weir_ctx *c = t->object.ctx;
    double converted[CHUNK];
    if (!weir_dtype_is_real(t->dtype)) return -1;
    for (int64_t i = 0; i < t->numel; i += CHUNK) {
        int64_t n = t->numel - i < CHUNK ? t->numel - i : CHUNK;
        if (is_half(w) && halves_are_finite(w, i, n)) continue;
        convert_chunk(c, w, i, n, t->dtype, converted);
        int64_t at = c->kern->find_nonfinite[t->dtype](n, converted);
        if (at < 0) continue;
        convert_chunk(c, w, i + at, 1, WEIR_F64, value);
        return i + at;
    }
    return -1;
}

typedef struct assign_values {
    weir_module *root;
    const weir__weights *w;
    const char *where;
} assign_values;

/* Of what will be copied; what is passed over is not looked at. Stops at the first error. */
static bool assign_value_fits(void *user, const char *name, const weir__entry *e)
{
    const assign_values *k = user;
    const weir__weight *w = e->shared ? NULL : weight_of(k->root, k->w, name, e->tensor);
    double value = 0;
    int64_t at = w ? assign_first_nonfinite(w, e->tensor, &value) : -1;
    if (at < 0) return true;
    if (isfinite(value))
        weir_fail(k->root->object.ctx, WEIR_ERROR_VALUE,
                  "%.200s: %s: element %lld is %g: expected numbers within %s", k->where, w->name,
                  (long long)at, value, weir_dtype_name(e->tensor->dtype));
    else
        weir_fail(k->root->object.ctx, WEIR_ERROR_VALUE,
                  "%.200s: %s: element %lld is %g: expected finite numbers", k->where, w->name,
                  (long long)at, value);
    return false;
}

static weir_status check_values(weir_module *m, const weir__weights *w, const char *where)
{
    assign_values k = { .root = m, .w = w, .where = where };
    weir__module_visit(m, assign_value_fits, &k);
    return weir_status_of(m->object.ctx);
}

typedef struct copying {
    weir_tensor *t;
    const weir__weight *w;
} copying;

static void *behind(void *start, size_t bytes) { return (char *)start + bytes; }

static void copy_range(void *copying_, int64_t begin, int64_t end)
{
    const copying *k = copying_;
    size_t bytes = weir_dtype_size(k->t->dtype);
    for (int64_t i = begin; i < end; i += CHUNK)
        convert_chunk(k->t->object.ctx, k->w, i, end - i < CHUNK ? end - i : CHUNK, k->t->dtype,
                      behind(weir__ptr(k->t), (size_t)i * bytes));
}

static void copy_in(weir_tensor *t, const weir__weight *w)
{
    weir__parallel_range(t->numel, t->object.ctx->threads, copy_range, &(copying){ t, w });
}

weir_status weir__module_assign(weir_module *m, const weir__weights *w, const weir__assign_opts *o)
{
    weir_ctx *c = m->object.ctx;
    /* names first: a hostile file must not make us lay out a tree of its own choice of size */
    if (check_names(m, w, o) != WEIR_OK || check_values(m, w, o->where) != WEIR_OK)
        return weir_status_of(c);
    if ((o->partial ? weir_module_seal(m) : weir__module_seal_raw(m)) != WEIR_OK
        || !weir__module_may_change(m, "load"))
        return weir_status_of(c);
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        const char *name;
        weir_tensor *t = weir_module_state_at(m, i, &name, NULL);
        const weir__weight *from = weight_of(m, w, name, t);
        if (!from) continue;
        copy_in(t, from);
        weir__storage_changed(t->storage, "load");
    }
    return weir_status_of(c);
}

weir_status weir__model_assign(weir_model *m, const weir__weights *w, const char *where)
{
    weir__assign_opts o = { .where = where, .what = m->row->row.name, .kind = "model" };
    weir_status s = weir__module_assign(m->module, w, &o);
    return s == WEIR_OK ? weir__model_check_std(m) : s;
}
