/* import.c - weights of other people's code: reading them by name, what the config says beside
 * them, and that nothing is left over. */
#include <stdarg.h>
#include <string.h>
#include "base/value.h"
#include "models/import.h"
#include "weir/import.h"

#define F(n) &weir__import_##n.row,
const weir_row *const weir__import_rows[] = { WEIR__IMPORT_LIST(F) };
#undef F
const int64_t weir__import_row_count = sizeof weir__import_rows / sizeof *weir__import_rows;

/* -- the config -------------------------------------------------------------------------------- */
bool weir__import_refuse(weir__import *im, const char *what, const char *expected)
{
    weir_fail(im->c, WEIR_ERROR_FORMAT, "%.200s: %.100s: expected %s", im->config_where, what,
              expected);
    return false;
}

bool weir__import_int(weir__import *im, const json_t *object, const char *key, int64_t least,
                      int64_t *v)
{
    const json_t *j = json_object_get(object, key);
    *v = json_integer_value(j);
    if (json_is_integer(j) && *v >= least && *v <= 1 << 20) return true;
    return weir__import_refuse(im, key, "an integer, as the layer was made with");
}

bool weir__import_real(weir__import *im, const json_t *object, const char *key, double *v)
{
    const json_t *j = json_object_get(object, key);
    *v = json_number_value(j);
    if (json_is_number(j) && *v > 0) return true;
    return weir__import_refuse(im, key, "a number above 0, as the layer was made with");
}

const char *weir__import_text(weir__import *im, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text) weir__import_refuse(im, key, "a text");
    return text;
}

bool weir__import_ints(weir__import *im, const json_t *object, const char *key, weir_ints *v)
{
    const json_t *list = json_object_get(object, key), *at;
    size_t i;
    *v = (weir_ints){ 0 };
    if (!json_is_array(list) || json_array_size(list) > WEIR_INTS_MAX)
        return weir__import_refuse(im, key, "a list of integers, as the layer was made with");
    json_array_foreach (list, i, at) {
        v->at[v->n++] = json_integer_value(at);
        if (!json_is_integer(at) || json_integer_value(at) < 1 || json_integer_value(at) > 1 << 20)
            return weir__import_refuse(im, key, "a list of integers from 1");
    }
    return true;
}

bool weir__import_is(weir__import *im, const json_t *object, const char *key, bool v)
{
    const json_t *j = json_object_get(object, key);
    if (!j || json_is_boolean(j) == false || json_boolean_value(j) == v)
        return !j || json_is_boolean(j) || weir__import_refuse(im, key, "true or false");
    return weir__import_refuse(im, key,
                               v ? "true, the other has no counterpart here"
                                 : "false, the other has no counterpart here");
}

/* -- making ------------------------------------------------------------------------------------ */
void weir__import_say(weir__import *im, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    int n = weir__vformat(text, sizeof text, format, list);
    va_end(list);
    if (n < 0 || (size_t)n >= sizeof text) n = 0;
    weir__append(im->options, sizeof im->options, &im->n_options, "%s", n > 0 ? text : "");
}

bool weir__import_make(weir__import *im, const char *model)
{
    if (im->n_options + 1 >= sizeof im->options)
        return weir__import_refuse(im, "transforms", "fewer of them");
    im->m = weir_model_new(im->c, model, im->options);
    if (weir_ok(im->c)) weir_module_seal(im->m->module);
    return weir_ok(im->c);
}

/* -- values ------------------------------------------------------------------------------------ */
static const weir__weight *import_find(const weir__import *im, const char *name, int64_t *index)
{
    const weir__weight *t = weir__weights_find(im->w, name);
    *index = t ? t - im->w->at : -1;
    return t;
}

bool weir__import_has(const weir__import *im, const char *name)
{
    int64_t index;
    return import_find(im, name, &index) != NULL;
}

double *weir__import_read(weir__import *im, const char *name, int64_t n)
{
    int64_t index, have = 1;
    if (!weir_ok(im->c)) return NULL;
    const weir__weight *t = import_find(im, name, &index);
    for (int k = 0; t && k < t->ndim; k++) have *= t->shape[k];
    if (!t || have != n) {
        weir_fail(im->c, WEIR_ERROR_FORMAT, "%.200s: %.200s: expected %lld values, found %s",
                  im->where, name, (long long)n, t ? "as many others" : "no such tensor");
        return NULL;
    }
    double *v = weir__alloc_n(im->c, n, sizeof *v);
    void *dense = v ? weir__alloc(im->c, t->bytes) : NULL;
    if (dense) {
        memcpy(dense, t->data, t->bytes);
        weir__convert(WEIR_F64, v, t->dtype, dense, n);
    }
    weir__free(im->c, dense);
    im->used[index] = true;
    return v;
}

bool weir__import_write(weir__import *im, const char *name, const double *values, int64_t n)
{
    if (!values || !weir_ok(im->c)) return false;
    weir_tensor *t = weir_module_state_find(im->m->module, name);
    if (weir_is_nil(t) || t->numel != n) {
        weir_fail(im->c, WEIR_ERROR_FORMAT, "%.200s: %s of ours: expected %lld values, found %lld",
                  im->where, name, (long long)n, weir_is_nil(t) ? 0 : (long long)t->numel);
        return false;
    }
    weir__convert(t->dtype, weir__ptr(t), WEIR_F64, values, n);
    weir__storage_changed(t->storage, "model_import");
    return true;
}

const char *weir__import_name(char *to, size_t bytes, const char *a, const char *b)
{
    size_t used = 0;
    weir__append(to, bytes, &used, "%s%s%s", a, a[0] ? "." : "", b);
    return to;
}

/* -- all of it --------------------------------------------------------------------------------- */
/* Whether a name ends as one of the words does. */
static bool import_ends(const char *name, const char *words)
{
    size_t n = strlen(name);
    for (const char *p = words + strspn(words, " "); *p;) {
        size_t k = strcspn(p, " ");
        if (k <= n && memcmp(name + n - k, p, k) == 0) return true;
        p += k;
        p += strspn(p, " ");
    }
    return false;
}

static bool import_left_over(weir__import *im, const weir__import_row *row)
{
    for (int64_t i = 0; i < im->w->n; i++) {
        const char *name = im->w->at[i].name;
        if (im->used[i] || import_ends(name, row->passed_over)) continue;
        weir_fail(im->c, WEIR_ERROR_FORMAT,
                  "%.200s: %.200s: expected no such tensor, no layer of %.100s takes it", im->where,
                  name, im->config_where);
        return false;
    }
    return true;
}

/* f64 where any tensor is. */
static weir_dtype import_dtype(const weir__weights *w)
{
    for (int64_t i = 0; i < w->n; i++)
        if (w->at[i].dtype == WEIR_F64) return WEIR_F64;
    return WEIR_F32;
}

static void import_take(weir__import *im, const weir__import_row *row)
{
    im->dtype = import_dtype(im->w);
    bool good = row->take(im) && weir_ok(im->c) && import_left_over(im, row);
    if (good) weir_module_train(im->m->module, false);
    if (!good && im->m) weir_model_free(im->m);
    if (!good) im->m = weir__nil(im->c, WEIR__MODEL);
}

static weir_model *import_files(weir_ctx *c, const weir__import_row *row, const char *file,
                                const char *config)
{
    weir__weights w = { 0 };
    json_t *json = weir__json_load(c, config);
    weir__import *im = json ? weir__alloc0(c, sizeof *im) : NULL;
    weir_model *m = weir__nil(c, WEIR__MODEL);
    if (im && weir__safetensors_load(c, file, &w) == WEIR_OK) {
        im->c = c;
        im->w = &w;
        im->where = file;
        im->config_where = config;
        im->config = json;
        im->used = weir__alloc0_n(c, w.n, sizeof *im->used);
        if (im->used) import_take(im, row);
        if (im->used) m = im->m;
        weir__free(c, im->used);
        weir__weights_free(c, &w);
    }
    weir__free(c, im);
    json_decref(json);
    return m;
}

weir_model *weir_model_import(weir_ctx *c, const char *code, const char *file, const char *config)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    if (!code || !file || !config) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "model_import: NULL: expected a code and two files");
        return weir__nil(c, WEIR__MODEL);
    }
    const weir_row *row = weir_row_find(c, "import", code);
    if (!row) return weir__nil(c, WEIR__MODEL);
    return import_files(c, (const weir__import_row *)row, file, config);
}
