/* spec.c - reading a SPEC: `NAME,option=value,option="a,b"`. The name ends at the first comma: file names with commas cannot be
 * written, which the messages say where it may be the reason. Values with commas stand in quotes. */
#include <math.h>
#include <string.h>
#include "base/value.h"
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

/* One "name=value" without its quotes. */
static weir_status read_option(weir_ctx *c, const char *spec, const weir_row *row, const char *text,
                               weir__dataset_opts *o, uint32_t *given)
{
    char name[64];
    size_t equals = strcspn(text, "=");
    if (equals == 0 || text[equals] == 0 || equals >= sizeof name)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%.200s: option \"%.100s\": expected name=value (file names cannot have commas)",
                         spec, text);
    memcpy(name, text, equals);
    name[equals] = 0;
    return set_option(c, spec, row, name, text + equals + 1, o, given);
}

/* `word` has room for all options. */
static weir_status read_options(weir_ctx *c, const char *spec, const weir_row *row,
                                const char *options, char *word, weir__dataset_opts *o,
                                uint32_t *given)
{
    for (const char *p = options; p;) {
        p = weir__word_read(p, word);
        if (!p)
            return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.200s: a quote: expected its end", spec);
        if (read_option(c, spec, row, word, o, given) != WEIR_OK) return weir_status_of(c);
        p = *p ? p + 1 : NULL;
    }
    return WEIR_OK;
}

weir_status weir__spec_options(weir_ctx *c, const char *spec, const weir__dataset_row *row, const char *options,
                               weir__dataset_opts *o, uint32_t *given)
{
    weir_status status = weir_options_defaults(c, &row->row, o);
    *given = 0;
    if (status != WEIR_OK || !options) return status;
    char *word = weir__alloc(c, strlen(options) + 1);
    if (word) read_options(c, spec, &row->row, options, word, o, given);
    weir__free(c, word);
    if (!weir_ok(c)) weir_options_free(c, &row->row, o);
    return weir_status_of(c);
}

bool weir__spec_says(const char *spec, const char *option)
{
    size_t n = strlen(option);
    bool inside = false;
    for (const char *p = spec; *p; p++) {
        bool begins = *p == ',' && !inside;
        if (begins && strncmp(p + 1, option, n) == 0 && p[1 + n] == '=') return true;
        if (inside && *p == '\\' && p[1]) p++;
        else if (*p == '"') inside = !inside;
    }
    return false;
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
