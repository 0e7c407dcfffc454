/* csv_sniff.c - how a table is written, where nothing says so: its delimiter, its decimal mark. */
#include <string.h>
#include "io/internal.h"

/* Words between blanks that are all numbers, two at least: numpy.savetxt writes such lines. */
static bool sniff_blanks(const char *p, const char *end)
{
    int64_t n = 0;
    double v;
    while (p < end) {
        const char *word = p;
        while (p < end && *p != ' ' && *p != '\r') p++;
        size_t length = (size_t)(p - word);
        if (length > 0 && !weir__parse_number(word, length, &v)) return false;
        n += length > 0;
        p += p < end;
    }
    return n > 1;
}

static const char *sniff_line_end(const char *p, const char *end)
{
    const char *e = memchr(p, '\n', (size_t)(end - p));
    return e ? e : end;
}

/* Of the line at p, or under a header of the next. */
static bool sniff_is_blank_separated(const char *p, const char *end)
{
    const char *first = sniff_line_end(p, end);
    if (sniff_blanks(p, first)) return true;
    if (first == end) return false;
    return memchr(p, ' ', (size_t)(first - p))
           && sniff_blanks(first + 1, sniff_line_end(first + 1, end));
}

/* Whether the line holds numbers alone, `delimiter` between them, with decimal commas. */
static bool sniff_comma_decimals(const char *p, const char *end, char delimiter)
{
    weir__csv_mark mark = WEIR__CSV_UNMARKED;
    double v;
    while (p < end) {
        const char *next = memchr(p, delimiter, (size_t)(end - p));
        const char *stop = next ? next : end;
        while (p < stop && (*p == ' ' || *p == '\r')) p++;
        const char *last = stop;
        while (last > p && (last[-1] == ' ' || last[-1] == '\r')) last--;
        if (!weir__csv_number(p, (size_t)(last - p), &mark, &v)) return false;
        p = next ? next + 1 : end;
    }
    return mark == WEIR__CSV_COMMA;
}

char weir__csv_delimiter(const char *p, const char *end)
{
    static const char candidates[] = ",;\t";
    int64_t count[3] = { 0 };
    bool quoted = false;
    for (const char *s = p; s < end && (quoted || *s != '\n'); s++) {
        const char *at = quoted ? NULL : memchr(candidates, *s, 3);
        if (at) count[at - candidates]++;
        if (*s == '"') quoted = !quoted;
    }
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (count[i] > count[best]) best = i;
    if (count[best] == 0 && sniff_is_blank_separated(p, end)) return ' ';
    for (int i = 1; best == 0 && i < 3; i++)
        if (count[i] > 0 && sniff_comma_decimals(p, sniff_line_end(p, end), candidates[i]))
            best = i;
    return candidates[best];
}

bool weir__csv_number(const char *text, size_t n, weir__csv_mark *mark, double *v)
{
    char copy[64];
    const char *comma = memchr(text, ',', n);
    bool point = memchr(text, '.', n) != NULL;
    if (!comma) {
        if (!weir__parse_number(text, n, v) || (point && *mark == WEIR__CSV_COMMA)) return false;
        if (point) *mark = WEIR__CSV_POINT;
        return true;
    }
    if (*mark == WEIR__CSV_POINT || point || n >= sizeof copy) return false;
    memcpy(copy, text, n);
    copy[comma - text] = '.';
    if (!weir__parse_number(copy, n, v)) return false;
    *mark = WEIR__CSV_COMMA;
    return true;
}
