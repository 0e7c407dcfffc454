/* spec.c - reading a SPEC: `NAME,option=value,option=value`. The name ends at the first comma: file names with commas cannot be
 * written, which the messages say where it may be the reason. Option values contain no commas either. */
#include <math.h>
#include <string.h>
#include "data/data.h"

const char *const weir__split_names[WEIR__SPLITS] = { "all", "train", "valid", "test" };

weir_status weir__spec_split(weir_ctx *c, const char *spec, char **name, const char **options)
{
    size_t n = strcspn(spec, ",");
    if (n == 0) return weir_fail(c, WEIR_ERROR_ARGUMENT, "data: \"%.100s\": expected digits, toy:NAME, a file or a folder", spec);
    *options = spec[n] ? spec + n + 1 : NULL;
    *name = weir__alloc(c, n + 1);
    if (!*name) return weir_status_of(c);
    memcpy(*name, spec, n);
    (*name)[n] = 0;
    return WEIR_OK;
}

static int option_index(const weir_row *row, const char *name)
{
    for (int i = 0; row->options[i].name; i++)
        if (strcmp(row->options[i].name, name) == 0) return i;
    return -1;
}

/* The value of `name`, once and not empty. */
static weir_status set_option(weir_ctx *c, const char *spec, const weir_row *row, const char *name, const char *value,
                              weir__dataset_opts *o, uint32_t *given)
{
    int i = option_index(row, name);
    if (i >= 0 && *given >> i & 1)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: %s: expected once, found again", spec, name);
    if (i >= 0 && value[0] == 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: %s: expected a value after =", spec, name);
    if (i >= 0) *given |= (uint32_t)1 << i;
    return weir_option_set(c, row, o, name, value);
}

/* One "name=value" of n bytes. */
static weir_status read_option(weir_ctx *c, const char *spec, const weir_row *row, const char *text, size_t n,
                               weir__dataset_opts *o, uint32_t *given)
{
    char name[64];
    size_t equals = 0;
    while (equals < n && text[equals] != '=') equals++;
    if (equals == 0 || equals == n || equals >= sizeof name)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%.200s: option \"%.*s\": expected name=value (file names cannot have commas)", spec,
                         (int)(n < 100 ? n : 100), text);
    memcpy(name, text, equals);
    name[equals] = 0;
    char *value = weir__alloc(c, n - equals);
    if (!value) return weir_status_of(c);
    memcpy(value, text + equals + 1, n - equals - 1);
    value[n - equals - 1] = 0;
    weir_status status = set_option(c, spec, row, name, value, o, given);
    weir__free(c, value);
    return status;
}

weir_status weir__spec_options(weir_ctx *c, const char *spec, const weir__dataset_row *row, const char *options,
                               weir__dataset_opts *o, uint32_t *given)
{
    weir_status status = weir_options_defaults(c, &row->row, o);
    *given = 0;
    if (status != WEIR_OK) return status;
    for (const char *p = options; p && status == WEIR_OK;) {
        size_t n = strcspn(p, ",");
        status = read_option(c, spec, &row->row, p, n, o, given);
        p = p[n] ? p + n + 1 : NULL;
    }
    if (status != WEIR_OK) weir_options_free(c, &row->row, o);
    return status;
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

weir_status weir__spec_valid(weir_ctx *c, const char *where, const char *text, int64_t n, int64_t *count, bool *last)
{
    double fraction;
    *last = strncmp(text, "last:", 5) == 0;
    if (*last) {
        if (!weir__parse_int(text + 5, count))
            return weir_fail(c, WEIR_ERROR_RANGE, "%.200s: valid=%.60s: expected last:N with an integer N", where, text);
        if (*count < 0 || *count >= n)
            return weir_fail(c, WEIR_ERROR_RANGE, "%.200s: valid=%.60s: expected fewer rows than the %lld there are", where, text,
                             (long long)n);
        return WEIR_OK;
    }
    if (!read_fraction(text, &fraction) || !(fraction >= 0 && fraction < 1))
        return weir_fail(c, WEIR_ERROR_RANGE, "%.200s: valid=%.60s: expected a fraction in [0, 1) or last:N", where, text);
    *count = (int64_t)llround(fraction * (double)n);
    return WEIR_OK;
}
