/* dat.c - tables as gnuplot and simulations write them: numbers with blanks between, one sample a line, # to the end of a line. */
#include <string.h>
#include "data/data.h"

typedef struct table { weir_ctx *c; const char *path; int64_t line, used, cap; weir__array *a; } table;

static bool refuse(const table *t, const char *expected)
{
    weir_fail(t->c, WEIR_ERROR_FORMAT, "%.300s: line %lld: expected %s", t->path, (long long)t->line, expected);
    return false;
}

static bool read_line(table *t, char *line, char *end)
{
    static const char blank[] = " \t\r";
    int64_t before = t->used;
    *end = line[strcspn(line, "#")] = 0;
    for (char *word = line + strspn(line, blank), *next; *word; word = next) {
        size_t n = strcspn(word, blank);
        next = word + n + strspn(word + n, blank);
        word[n] = 0;
        if (!weir__grow(t->c, &t->a->data, &t->cap, t->used + 1, sizeof(double))) return false;
        if (!weir__parse_real(word, (double *)t->a->data + t->used++)) return refuse(t, "numbers");
    }
    if (t->used == before) return true;
    if (t->a->shape[0]++ == 0) t->a->shape[1] = t->used;
    return t->used - before == t->a->shape[1] || refuse(t, "as many columns as in the first");
}

static weir_status read(weir_ctx *c, const char *path, weir__bytes b, weir__array *a, weir__csv *csv)
{
    table t = { .c = c, .path = path, .a = a };
    (void)csv;
    *a = (weir__array){ .dtype = WEIR_F64, .ndim = 2 };
    if (memchr(b.data, 0, b.size)) return refuse(&t, "text"), weir_status_of(c);
    for (char *line = (char *)b.data, *stop = line + b.size, *end; line < stop; line = end + 1) {
        end = line + strcspn(line, "\n");
        t.line++;
        if (!read_line(&t, line, end)) break;
    }
    return weir_status_of(c);
}

static const weir_option options[] = { WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("0"), WEIR__OPTION_LABELS, { 0 } };

const weir__dataset_row weir__dataset_dat = {
    .row = { .size = sizeof(weir__dataset_row), .version = 1, .name = "dataset.dat", .doc = "numbers with blanks between, one sample a line",
             .options = options, .options_size = sizeof(weir__dataset_opts), .test = "tests/data/files/small.dat,valid=0.25" },
    .endings = ".dat .dat.gz",
    .read = read,
    .entropy = WEIR__UNKNOWN,
};
