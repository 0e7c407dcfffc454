/* condition.c - --class and --condition: what is drawn or scored, as a condition of the
 * library's. */
#include <math.h>
#include <string.h>
#include "base/value.h"
#include "cli/cli.h"
#include "tensor/tensor.h"

/* 0, or an exit code after saying what is wrong. */
static int unwanted(const char *flag, const weir_model *m, const char *what)
{
    return weir__complain(WEIR__EXIT_USAGE, "%s: %s: expected no such flag, the model takes no %s",
                          flag, weir_model_row_of(m)->name, what);
}

/* -- --condition FILE.npy ---------------------------------------------------------------------- */
bool weir__condition_is_file(const char *text) { return text && weir__ends_with(text, ".npy"); }

static const char *value_name(const weir_model *m, int64_t j, char *text, size_t bytes)
{
    size_t used = 0;
    const char *name = weir_model_name(m, WEIR_NAMES_CONTEXT, j);
    if (name) weir__append(text, bytes, &used, "%.80s", name);
    else weir__append(text, bytes, &used, "%lld", (long long)j + 1);
    return text;
}

static weir_status file_check(weir_model *m, const char *path, const weir__array *a,
                              const double *v)
{
    char name[96];
    weir_ctx *c = weir_model_ctx(m);
    int64_t wanted = weir_model_context_dim(m), n = weir__array_numel(a);
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(v[i])) continue;
        return weir_fail(c, WEIR_ERROR_VALUE,
                         "%.200s: line %lld, condition %s: expected a finite number, found %g",
                         path, (long long)(i / wanted),
                         value_name(m, i % wanted, name, sizeof name),
                         isnan(v[i]) ? fabs(v[i]) : v[i]);
    }
    return WEIR_OK;
}

static weir_status file_shape(weir_model *m, const char *path, const weir__array *a)
{
    int64_t rows = a->ndim > 0 ? a->shape[0] : 0, n = weir__array_numel(a);
    int64_t wanted = weir_model_context_dim(m), have = rows > 0 ? n / rows : 0;
    if (rows > 0 && have == wanted) return WEIR_OK;
    return weir_fail(weir_model_ctx(m), WEIR_ERROR_SHAPE,
                     "%.200s: %lld lines of %lld values: expected lines of the %lld that the model "
                     "is conditioned on",
                     path, (long long)rows, (long long)have, (long long)wanted);
}

/* [rows, values] as doubles, which hold what the file does. */
static weir_tensor *file_tensor(weir_model *m, const char *path, const weir__array *a)
{
    weir_ctx *c = weir_model_ctx(m);
    if (file_shape(m, path, a) != WEIR_OK) return weir_zeros(c, WEIR_F64, 0, NULL);
    int64_t n = weir__array_numel(a), shape[] = { a->shape[0], n / a->shape[0] };
    double *v = weir__alloc_n(c, n, sizeof *v);
    if (v) weir__convert(WEIR_F64, v, a->dtype, a->data, n);
    if (v) file_check(m, path, a, v);
    weir_tensor *t = weir_from_f64(c, v, 2, shape); /* nil after an error */
    weir__free(c, v);
    return t;
}

static weir_tensor *read_file(weir_model *m, const char *path)
{
    weir__bytes b;
    weir__array a = { 0 };
    weir_ctx *c = weir_model_ctx(m);
    weir_tensor *t = NULL;
    if (weir__file_read(c, path, (size_t)1 << 40, &b) != WEIR_OK) return NULL;
    if (weir__npy_read(c, path, b.data, b.size, &a) == WEIR_OK) t = file_tensor(m, path, &a);
    weir__array_free(c, &a);
    weir__free(c, b.data);
    return t;
}

/* -- --condition "name=1.5,other=2" ------------------------------------------------------------ */
/* Which value a name means: the data's own, else its number from 1. -1: none. */
static int64_t value_index(const weir_model *m, const char *name)
{
    int64_t number, n = weir_model_context_dim(m);
    for (int64_t j = 0; j < n; j++) {
        const char *known = weir_model_name(m, WEIR_NAMES_CONTEXT, j);
        if (known && strcmp(known, name) == 0) return j;
    }
    return weir__parse_int(name, &number) && number >= 1 && number <= n ? number - 1 : -1;
}

static int value_unknown(const weir_model *m, const char *name)
{
    int64_t n = weir_model_context_dim(m);
    weir__nearest near = weir__nearest_of(name);
    for (int64_t j = 0; j < n; j++) {
        const char *known = weir_model_name(m, WEIR_NAMES_CONTEXT, j);
        if (known) weir__nearest_offer(&near, known);
    }
    return weir__complain(WEIR__EXIT_USAGE,
                          "--condition: %.80s: expected a name that `weir info` shows, or a number "
                          "from 1 to %lld%s%.80s",
                          name, (long long)n, near.best ? ", perhaps " : "",
                          near.best ? near.best : "");
}

/* One "name=1.5", without its quotes, into v[j], which is NaN until it is said. */
static int condition_read_value(const weir_model *m, char *word, double *v)
{
    double x;
    char *equals = strrchr(word, '=');
    if (!equals || equals == word)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--condition: %.80s: expected name=value,name=value or FILE.npy",
                              word);
    *equals = 0;
    int64_t j = value_index(m, word);
    if (j < 0) return value_unknown(m, word);
    if (!weir__parse_real(equals + 1, &x) || !isfinite(x))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--condition: %.80s=%.60s: expected a finite number", word,
                              equals + 1);
    if (!isnan(v[j]))
        return weir__complain(WEIR__EXIT_USAGE, "--condition: %.80s: expected once, found again",
                              word);
    v[j] = x;
    return 0;
}

static int condition_read_values(const weir_model *m, const char *text, char *word, double *v)
{
    char name[96];
    int64_t n = weir_model_context_dim(m);
    for (int64_t j = 0; j < n; j++) v[j] = NAN;
    for (const char *p = text; p;) {
        p = weir__word_read(p, word);
        if (!p)
            return weir__complain(WEIR__EXIT_USAGE,
                                  "--condition: %.100s: expected every quote closed", text);
        int code = condition_read_value(m, word, v);
        if (code) return code;
        p = *p ? p + 1 : NULL;
    }
    for (int64_t j = 0; j < n; j++)
        if (isnan(v[j]))
            return weir__complain(
                WEIR__EXIT_USAGE,
                "--condition: no %s: expected a value of each of the %lld that the "
                "model is conditioned on",
                value_name(m, j, name, sizeof name), (long long)n);
    return 0;
}

/* NULL with *code set, or nil with the context's error. */
static weir_tensor *read_text(weir_model *m, const char *text, int *code)
{
    weir_ctx *c = weir_model_ctx(m);
    int64_t shape[] = { 1, weir_model_context_dim(m) };
    char *word = weir__alloc(c, strlen(text) + 1);
    double *v = weir__alloc_n(c, shape[1], sizeof *v);
    weir_tensor *t = NULL;
    if (word && v) *code = condition_read_values(m, text, word, v);
    if (word && v && *code == 0) t = weir_from_f64(c, v, 2, shape);
    weir__free(c, word);
    weir__free(c, v);
    return t;
}

/* -- both -------------------------------------------------------------------------------------- */
static const weir_condition *with_class(weir_model *m, const weir_condition *k, int64_t class)
{
    weir_ctx *c = weir_model_ctx(m);
    int64_t n = weir_condition_samples(k);
    if (n < 0) n = 1;
    weir_tensor *t = weir_empty(c, WEIR_I64, 1, &n);
    int64_t *at = weir_is_nil(t) ? NULL : weir_data_mut(t);
    for (int64_t i = 0; at && i < n; i++) at[i] = class;
    return weir_condition_with(k, "class", t);
}

static int read_class(weir_model *m, const char *name, int64_t *class)
{
    if (weir_model_classes(m) == 0) return unwanted("--class", m, "class");
    *class = weir_model_class(m, name);
    return *class >= 0 ? 0 : weir__complain_ctx(weir_model_ctx(m), true);
}

int weir__condition_read(weir_model *m, const char *class, const char *condition,
                         const weir_condition **k)
{
    int code = 0;
    int64_t number = -1;
    weir_tensor *t = NULL;
    weir_ctx *c = weir_model_ctx(m);
    *k = NULL;
    if (condition && weir_model_context_dim(m) == 0) return unwanted("--condition", m, "context");
    if (class && (code = read_class(m, class, &number)) != 0) return code;
    if (!class && !condition) return 0;
    if (weir__condition_is_file(condition)) t = read_file(m, condition);
    else if (condition) t = read_text(m, condition, &code);
    if (code) return code;
    *k = weir_condition_new(c);
    if (condition && weir_ok(c)) *k = weir_condition_with(*k, "context", t);
    if (class && weir_ok(c)) *k = with_class(m, *k, number);
    return weir_ok(c) ? 0 : weir__complain_ctx(c, false);
}

int weir__condition_check(weir_model *m, const weir_condition *k, bool data_have_class,
                          bool data_have_context)
{
    const char *name = weir_model_row_of(m)->name;
    bool class = weir_model_classes(m) > 0, context = weir_model_context_dim(m) > 0;
    bool class_said = k && !weir_is_nil(weir_condition_get(k, "class"));
    bool context_said = k && !weir_is_nil(weir_condition_get(k, "context"));
    if (class_said && data_have_class)
        return weir__complain(
            WEIR__EXIT_USAGE,
            "--class: the data have a class of every sample: expected no such flag");
    if (context_said && data_have_context)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--condition: the data have a context of every sample: "
                              "expected no such flag");
    if (class && !class_said && !data_have_class)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --class: %s: expected a class, by its name or from 0 to %lld",
                              name, (long long)weir_model_classes(m) - 1);
    if (context && !context_said && !data_have_context)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --condition: %s: expected FILE.npy or \"name=value,..\" of %lld "
                              "values",
                              name, (long long)weir_model_context_dim(m));
    return 0;
}

int weir__condition_beside(weir_model *m, const char *class, const char *condition,
                           const weir_dataset *d, const weir_condition **k)
{
    int code = weir__condition_read(m, class, condition, k);
    if (code) return code;
    return weir__condition_check(m, *k, weir_dataset_classes(d) > 0,
                                 weir_dataset_context_dim(d) > 0);
}
