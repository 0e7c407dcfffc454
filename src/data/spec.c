/* spec.c - reading a SPEC: `NAME,option=value,option="a,b"`. The name ends at the first comma; one
 * with commas stands in quotes, as values with commas do. */
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "base/value.h"
#include "data/data.h"

const char *const weir__split_names[WEIR__SPLITS] = { "all", "train", "valid", "test" };

weir_status weir__spec_split(weir_ctx *c, const char *spec, char **name, const char **options)
{
    *name = weir__alloc(c, strlen(spec) + 1);
    if (!*name) return weir_status_of(c);
    const char *end = weir__word_read(spec, *name);
    *options = end && *end ? end + 1 : NULL;
    if (end && (*name)[0]) return WEIR_OK;
    weir__free(c, *name);
    *name = NULL;
    return weir_fail(c, WEIR_ERROR_ARGUMENT,
                     "data: \"%.100s\": expected digits, toy:NAME, a file or a folder", spec);
}

static int option_index(const weir_row *row, const char *name)
{
    for (int i = 0; row->options[i].name; i++)
        if (strcmp(row->options[i].name, name) == 0) return i;
    return -1;
}

/* The value of `name`, once and not empty. */
static weir_status set_option(weir_ctx *c, const char *spec, const weir_row *row, const char *name,
                              const char *value, weir__dataset_opts *o, uint32_t *given)
{
    int i = option_index(row, name);
    if (i >= 0 && *given >> i & 1)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: %s: expected once, found again", spec,
                         name);
    if (i >= 0 && value[0] == 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: %s: expected a value after =", spec,
                         name);
    if (i >= 0) *given |= (uint32_t)1 << i;
    return weir_option_set(c, row, o, name, value);
}

/* One "name=value" without its quotes. */
static weir_status read_option(weir_ctx *c, const char *spec, const weir_row *row, const char *text,
                               weir__dataset_opts *o, uint32_t *given)
{
    char name[64];
    size_t equals = strcspn(text, "=");
    if (equals == 0 || text[equals] == 0 || equals >= sizeof name)
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "%.200s: option \"%.100s\": expected name=value (a file name with a comma stands in "
            "quotes)",
            spec, text);
    memcpy(name, text, equals);
    name[equals] = 0;
    return set_option(c, spec, row, name, text + equals + 1, o, given);
}

/* `word` has room for all options. */
static weir_status spec_read_options(weir_ctx *c, const char *spec, const weir_row *row,
                                     const char *options, char *word, weir__dataset_opts *o,
                                     uint32_t *given)
{
    for (const char *p = options; p;) {
        p = weir__word_read(p, word);
        if (!p) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: a quote: expected its end", spec);
        if (read_option(c, spec, row, word, o, given) != WEIR_OK) return weir_status_of(c);
        p = *p ? p + 1 : NULL;
    }
    return WEIR_OK;
}

weir_status weir__spec_options(weir_ctx *c, const char *spec, const weir__dataset_row *row,
                               const char *options, weir__dataset_opts *o, uint32_t *given)
{
    weir_status status = weir_options_defaults(c, &row->row, o);
    *given = 0;
    if (status != WEIR_OK || !options) return status;
    char *word = weir__alloc(c, strlen(options) + 1);
    if (word) spec_read_options(c, spec, &row->row, options, word, o, given);
    weir__free(c, word);
    if (!weir_ok(c)) weir_options_free(c, &row->row, o);
    return weir_status_of(c);
}

/* Behind the value that begins at p: a comma outside quotes, or the end. */
static const char *value_end(const char *p)
{
    bool inside = false;
    for (; *p && (inside || *p != ','); p++) {
        if (inside && *p == '\\' && p[1]) p++;
        else if (*p == '"') inside = !inside;
    }
    return p;
}

const char *weir__spec_option(const char *spec, const char *option, size_t *n)
{
    size_t length = strlen(option);
    for (const char *p = value_end(spec); *p; p = value_end(p + 1)) {
        if (strncmp(p + 1, option, length) != 0 || p[1 + length] != '=') continue;
        *n = (size_t)(value_end(p + 1) - p - 1);
        return p + 1;
    }
    return NULL;
}

/* -- paths ------------------------------------------------------------------------------------- */
typedef struct paths {
    weir_ctx *ctx;
    const char *folder;
    char *text;
    size_t room, used;
    bool relative, any; /* one begins in a folder; one was not found */
} paths;

static void paths_put(paths *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void paths_put(paths *p, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    weir__vformat(text, sizeof text, format, args);
    va_end(args);
    weir__append(p->text, p->room, &p->used, "%s", text);
}

static void paths_quote(paths *p, const char *text)
{
    for (; *text; text++) paths_put(p, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static bool paths_is_there(weir_ctx *c, const char *path)
{
    weir__files f;
    if (!weir__files_is_pattern(path)) return access(path, F_OK) == 0;
    bool any = weir__files_find(c, path, &f);
    weir__files_free(c, &f);
    return any;
}

static void paths_add(paths *p, const char *path)
{
    bool builtin = strcmp(path, "digits") == 0 || strcmp(path, "-") == 0
                   || strncmp(path, "toy:", 4) == 0;
    bool relative = !builtin && path[0] != '/', gone = relative && !paths_is_there(p->ctx, path);
    p->relative = p->relative || relative;
    p->any = p->any || gone;
    paths_put(p, "\"");
    if (gone) paths_quote(p, p->folder);
    if (gone) paths_put(p, "/");
    paths_quote(p, path);
    paths_put(p, "\"");
}

/* A file beside the data, or any other option. `word` has room for all. */
static const char *paths_option(paths *p, const char *option, char *word)
{
    static const char *const files[] = { "labels=", "conditions=" };
    const char *end = value_end(option);
    paths_put(p, ",");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n = strlen(files[i]);
        if (strncmp(option, files[i], n) != 0 || !weir__word_read(option, word)) continue;
        paths_put(p, "%s", files[i]);
        paths_add(p, word + n);
        return end;
    }
    for (; option < end; option++) paths_put(p, "%c", *option);
    return end;
}

/* The spec with its paths, in p.text; false where it cannot be read. */
static bool paths_read(weir_ctx *c, const char *spec, const char *folder, paths *p)
{
    size_t n = strlen(spec);
    *p = (paths){ .ctx = c, .folder = folder, .room = 2 * n + 3 * (2 * strlen(folder) + 8) };
    char *word = weir__alloc(c, n + 1);
    p->text = word ? weir__alloc(c, p->room) : NULL;
    const char *at = p->text ? weir__word_read(spec, word) : NULL;
    if (at) paths_add(p, word);
    while (at && *at == ',') at = paths_option(p, at + 1, word);
    weir__free(c, word);
    return at != NULL;
}

char *weir__spec_from(weir_ctx *c, const char *spec, const char *folder)
{
    paths p;
    if (paths_read(c, spec, folder, &p) && p.any) return p.text;
    weir__free(c, p.text);
    return NULL;
}

bool weir__spec_is_relative(weir_ctx *c, const char *spec)
{
    paths p;
    bool relative = paths_read(c, spec, "", &p) && p.relative;
    weir__free(c, p.text);
    return relative;
}

bool weir__spec_says(const char *spec, const char *option)
{
    size_t n;
    return weir__spec_option(spec, option, &n) != NULL;
}

/* A fraction as a number or as a quotient of numbers. */
static bool read_fraction(const char *text, double *out)
{
    const char *slash = strchr(text, '/');
    char top[32];
    double a, b;
    if (!slash) return weir__parse_real(text, out);
    if ((size_t)(slash - text) >= sizeof top) return false;
    memcpy(top, text, (size_t)(slash - text));
    top[slash - text] = 0;
    if (!weir__parse_real(top, &a) || !weir__parse_real(slash + 1, &b)) return false;
    *out = a / b;
    return true;
}

weir_status weir__spec_part(weir_ctx *c, const char *where, const char *option, const char *text,
                            int64_t n, int64_t *count, bool *last)
{
    double fraction;
    *last = strncmp(text, "last:", 5) == 0;
    if (*last) {
        if (!weir__parse_int(text + 5, count))
            return weir_fail(c, WEIR_ERROR_RANGE,
                             "%.200s: %s=%.60s: expected last:N with an integer N", where, option,
                             text);
        if (*count < 0 || *count >= n)
            return weir_fail(c, WEIR_ERROR_RANGE,
                             "%.200s: %s=%.60s: expected fewer samples than the %lld there are",
                             where, option, text, (long long)n);
        return WEIR_OK;
    }
    if (!read_fraction(text, &fraction) || !(fraction >= 0 && fraction < 1))
        return weir_fail(c, WEIR_ERROR_RANGE,
                         "%.200s: %s=%.60s: expected a fraction in [0, 1) or last:N", where, option,
                         text);
    *count = (int64_t)llround(fraction * (double)n);
    return WEIR_OK;
}
