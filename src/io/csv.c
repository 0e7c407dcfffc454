/* csv.c - tables of numbers. One pass over the text; fields are parsed where they lie, only quoted
 * ones with "" inside are copied. */
#include <string.h>
#include "io/internal.h"

typedef struct reader {
    weir_ctx *c;
    const char *where;
    const char *p, *end;
    char delimiter;
    int64_t line;    /* of p, from 1 */
    int64_t columns; /* 0: not known yet */
    weir__csv csv;
    int64_t capacity; /* values that fit */
    int64_t fields, fields_cap; /* of the first line */
    struct field *first;
    weir__csv_form form;
    weir__csv_mark mark;
    int64_t word_column; /* from 1; 0: none */
    struct field *words; /* its fields, one a row */
    int64_t words_cap;
    bool worded;         /* one of them is no number */
    bool *left_out;      /* [columns] nobody reads; NULL: all are read */
    bool missing;        /* the row at hand lacks a value */
} reader;

/* The characters of a field, without its quotes; `doubled` when it holds "" pairs. */
typedef struct field {
    const char *text;
    size_t n;
    bool quoted, doubled, last;
    int64_t line;
} field;

static bool csv_refuse(reader *r, int64_t line, int64_t column, const char *expected,
                       const field *f)
{
    char found[WEIR__QUOTE];
    weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                  f && f->n == 0 ? "line %lld, column %lld: expected %s, found an empty field"
                                 : "line %lld, column %lld: expected %s, found \"%s\"",
                  (long long)line, (long long)column, expected,
                  f ? weir__quote(f->text, f->n, found) : "");
    return false;
}

static bool blank(const reader *r, char ch)
{
    return ch == ' ' || (ch == '\t' && r->delimiter != '\t');
}

static const char *line_end(const reader *r)
{
    const char *e = memchr(r->p, '\n', (size_t)(r->end - r->p));
    return e ? e : r->end;
}

/* Moves to the next line that holds fields; false at the end. */
static bool next_row(reader *r)
{
    while (r->p < r->end) {
        const char *s = r->p;
        while (s < r->end && (blank(r, *s) || *s == '\r')) s++;
        if (s < r->end && *s != '\n' && *s != '#') return true;
        r->p = s;
        const char *e = line_end(r);
        r->p = e < r->end ? e + 1 : e;
        r->line++;
    }
    return false;
}

/* Ends a field at p: a delimiter, the end of the line or of the text. */
static bool end_field(reader *r, field *f)
{
    f->last = true;
    if (r->delimiter == ' ') { /* several are one, and none counts at the end of a line */
        const char *blanks = r->p;
        while (r->p < r->end && blank(r, *r->p)) r->p++;
        bool more = r->p > blanks && r->p < r->end && *r->p != '\n' && *r->p != '\r';
        f->last = !more;
        if (more) return true;
    }
    if (r->p == r->end) return true;
    if (*r->p == r->delimiter) {
        r->p++;
        f->last = false;
        return true;
    }
    if (*r->p == '\r' && r->p + 1 < r->end && r->p[1] == '\n') r->p++;
    else if (*r->p == '\r' && r->p + 1 == r->end) {
        r->p++;
        return true;
    }
    if (*r->p != '\n') return false;
    r->p++;
    r->line++;
    return true;
}

static bool quoted_field(reader *r, field *f, int64_t column)
{
    f->quoted = true;
    f->text = ++r->p;
    for (;;) {
        const char *q = memchr(r->p, '"', (size_t)(r->end - r->p));
        if (!q)
            return csv_refuse(r, f->line, column, "a closing '\"'",
                              &(field){ .text = f->text, .n = (size_t)(r->end - f->text) });
        for (const char *s = r->p; (s = memchr(s, '\n', (size_t)(q - s))); s++) r->line++;
        r->p = q + 1;
        if (r->p == r->end || *r->p != '"') break;
        r->p++;
        f->doubled = true;
    }
    f->n = (size_t)(r->p - 1 - f->text);
    while (r->p < r->end && blank(r, *r->p)) r->p++;
    if (end_field(r, f)) return true;
    return csv_refuse(r, f->line, column, "a delimiter after '\"'",
                      &(field){ .text = r->p, .n = 1 });
}

static bool next_field(reader *r, field *f, int64_t column)
{
    *f = (field){ .line = r->line };
    while (r->p < r->end && blank(r, *r->p)) r->p++;
    if (r->p < r->end && *r->p == '"') return quoted_field(r, f, column);
    f->text = r->p;
    while (r->p < r->end && *r->p != r->delimiter && *r->p != '\n') r->p++;
    const char *stop = r->p;
    if (stop > f->text && stop[-1] == '\r' && (stop == r->end || *stop == '\n')) stop--;
    while (stop > f->text && blank(r, stop[-1])) stop--;
    f->n = (size_t)(stop - f->text);
    end_field(r, f);
    return true;
}

static bool read_first(reader *r)
{
    field f;
    do {
        if (!weir__grow(r->c, &r->first, &r->fields_cap, r->fields + 1, sizeof *r->first)
            || !next_field(r, &f, r->fields + 1))
            return false;
        r->first[r->fields++] = f;
    } while (!f.last);
    r->columns = r->fields;
    return true;
}

static bool is_number(reader *r, const field *f, double *v)
{
    if (r->delimiter == ',') return weir__parse_number(f->text, f->n, v);
    return weir__csv_number(f->text, f->n, &r->mark, v);
}

/* 0, 1, 2 .. above numbers that are not all integers: what pandas calls columns without names */
static bool is_counted(reader *r)
{
    char number[24];
    if (r->fields < 2 || !memchr(r->p, '.', (size_t)(line_end(r) - r->p))) return false;
    for (int64_t i = 0; i < r->fields; i++) {
        int n = snprintf(number, sizeof number, "%lld", (long long)i);
        if (r->first[i].n != (size_t)n || memcmp(r->first[i].text, number, (size_t)n) != 0)
            return false;
    }
    weir__warn(r->c,
               "%.300s: line %lld counts from 0: it is read as names of columns (header=no: as "
               "numbers)",
               r->where, (long long)r->first[0].line);
    return true;
}

/* A header has names only: a mixed first row is a mistake that should not vanish. */
static bool is_header(reader *r)
{
    int64_t numbers = 0, names = 0;
    double v;
    if (r->form.header != WEIR__CSV_HEADER_AUTO) return r->form.header == WEIR__CSV_HEADER_YES;
    for (int64_t i = 0; i < r->fields; i++) {
        if (is_number(r, &r->first[i], &v)) numbers++;
        else if (r->first[i].n) names++;
    }
    return (numbers == 0 && names > 0) || is_counted(r);
}

/* The field's text and a 0, of each "" one; returns what is behind. */
static char *copy_text(const field *f, char *to)
{
    for (size_t i = 0; i < f->n; i++) {
        *to++ = f->text[i];
        if (f->doubled && f->text[i] == '"') i++;
    }
    *to = 0;
    return to + 1;
}

static char *copy_name(reader *r, const field *f)
{
    char *name = weir__alloc(r->c, f->n + 1);
    if (name) copy_text(f, name);
    return name;
}

static bool keep_header(reader *r)
{
    r->csv.header = weir__alloc0_n(r->c, r->fields, sizeof(char *));
    r->csv.columns = r->fields;
    for (int64_t i = 0; r->csv.header && i < r->fields; i++) {
        if (memchr(r->first[i].text, 0, r->first[i].n))
            return csv_refuse(r, r->first[i].line, i + 1, "a name without NUL bytes", &r->first[i]);
        if (!(r->csv.header[i] = copy_name(r, &r->first[i]))) return false;
    }
    return r->csv.header != NULL;
}

/* Room for the values that can follow: lines times columns, and never more than one a two bytes. */
static bool csv_make_room(reader *r)
{
    size_t left = (size_t)(r->end - r->p), lines = 2;
    for (const char *s = r->p; (s = memchr(s, '\n', (size_t)(r->end - s))); s++) lines++;
    size_t most = left / 2 + 2 + (size_t)r->fields, exact;
    if (__builtin_mul_overflow(lines, (size_t)r->columns, &exact) || exact > most) exact = most;
    r->capacity = (int64_t)exact;
    r->csv.values = weir__alloc_n(r->c, r->capacity, sizeof(double));
    return r->csv.values != NULL;
}

/* -- the column that may hold words ------------------------------------------------------------ */
static void find_word_column(reader *r)
{
    int64_t number;
    for (int64_t i = 0; r->csv.header && r->form.word_column && i < r->columns; i++) {
        if (strcmp(r->csv.header[i], r->form.word_column) != 0) continue;
        r->word_column = i + 1;
        return;
    }
    bool counted = r->form.word_column && weir__parse_int(r->form.word_column, &number);
    if (counted && number >= 1 && number <= r->columns) r->word_column = number;
}

/* Its fields are kept where they lie: which of the two it holds is known at the end. */
static bool read_word(reader *r, const field *f, double *value)
{
    static const char word[] = "a number or a word without NUL bytes";
    bool grown = weir__grow(r->c, &r->words, &r->words_cap, r->csv.rows + 1, sizeof *r->words);
    if (!grown) return false;
    r->words[r->csv.rows] = *f;
    if (is_number(r, f, value)) return true;
    if (f->n == 0 || memchr(f->text, 0, f->n))
        return csv_refuse(r, f->line, r->word_column, word, f);
    *value = 0;
    r->worded = true;
    return true;
}

static bool keep_words(reader *r)
{
    weir_words *w = &r->csv.words;
    size_t bytes = (size_t)r->csv.rows * sizeof *w->at;
    for (int64_t i = 0; i < r->csv.rows; i++) bytes += r->words[i].n + 1;
    w->at = weir__alloc(r->c, bytes);
    if (!w->at) return false;
    char *to = (char *)(w->at + r->csv.rows);
    for (; w->n < r->csv.rows; w->n++) {
        w->at[w->n] = to;
        to = copy_text(&r->words[w->n], to);
    }
    return true;
}

/* -- values that are not there ----------------------------------------------------------------- */
/* `word` is of small letters, whose case has bit 0x20, and of signs that have it too. */
static bool field_is(const field *f, const char *word)
{
    if (strlen(word) != f->n) return false;
    for (size_t i = 0; i < f->n; i++)
        if ((f->text[i] | 0x20) != word[i]) return false;
    return true;
}

/* As R, NumPy, pandas, databases and people write them. */
static bool is_missing(const field *f)
{
    static const char *const words[] = { "", "na", "n/a", "nan", "null", "none", "?", "-" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (field_is(f, words[i])) return true;
    return false;
}

static bool choose_columns(reader *r)
{
    if (!r->form.choose) return true;
    r->left_out = weir__alloc0_n(r->c, r->columns, sizeof *r->left_out);
    if (r->left_out) r->form.choose(r->form.user, r->columns, r->csv.header, r->left_out);
    return weir_ok(r->c);
}

static void csv_tell_dropped(const reader *r)
{
    if (r->csv.dropped > 0)
        weir__warn(r->c, "%.300s: %lld of %lld samples lack a value: they are left out (na=drop)",
                   r->where, (long long)r->csv.dropped, (long long)(r->csv.dropped + r->csv.rows));
}

/* What a field should have been, and what is done about one like this. */
static const char *csv_wanted_of(const field *f, bool missing)
{
    char first = f->n > 0 ? (char)(f->text[0] | 0x20) : 0;
    if (missing) return "a number (na=drop leaves such lines out)";
    if (first >= 'a' && first <= 'z') return "a number (label= or skip= takes a column of words)";
    return "a number";
}

static bool csv_read_value(reader *r, const field *f, int64_t column)
{
    int64_t at = r->csv.rows * r->columns + column - 1;
    if (at >= r->capacity) return csv_refuse(r, f->line, column, "the end", f);
    double *value = &r->csv.values[at];
    *value = 0;
    if (r->left_out && r->left_out[column - 1]) return true;
    bool word = column == r->word_column;
    if (!word && is_number(r, f, value)) {
        if (*value != *value && r->form.drop) r->missing = true;
        return true;
    }
    bool missing = is_missing(f);
    if (missing && r->form.drop) return r->missing = true;
    if (word) return read_word(r, f, value);
    return csv_refuse(r, f->line, column, csv_wanted_of(f, missing), f);
}

static void csv_end_row(reader *r)
{
    if (r->missing) r->csv.dropped++;
    else r->csv.rows++;
    r->missing = false;
}

static bool wrong_count(reader *r, int64_t line, int64_t found, bool more)
{
    static const char hint[] = " (decimal commas are read where ; or tabs part columns)";
    const char *than = more ? "more than " : "";
    if (r->columns == 1)
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "line %lld: expected 1 column, found %s%lld%s", (long long)line, than,
                      (long long)found, more ? hint : "");
    else
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "line %lld: expected %lld columns, found %s%lld", (long long)line,
                      (long long)r->columns, than, (long long)found);
    return false;
}

static bool read_row(reader *r)
{
    field f = { 0 };
    int64_t line = r->line;
    for (int64_t column = 1; !f.last; column++) {
        if (column > r->columns) return wrong_count(r, line, r->columns, true);
        if (!next_field(r, &f, column) || !csv_read_value(r, &f, column)) return false;
        if (f.last && column < r->columns) return wrong_count(r, line, column, false);
    }
    csv_end_row(r);
    return true;
}

static bool read_table(reader *r)
{
    if (!next_row(r)) {
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "line %lld: expected at least one line of numbers", (long long)r->line);
        return false;
    }
    r->delimiter = weir__csv_delimiter(r->p, r->end);
    if (!read_first(r)) return false;
    bool header = is_header(r);
    if ((header && !keep_header(r)) || !choose_columns(r) || !csv_make_room(r)) return false;
    find_word_column(r);
    for (int64_t i = 0; !header && i < r->fields; i++)
        if (!csv_read_value(r, &r->first[i], i + 1)) return false;
    if (!header) csv_end_row(r);
    while (next_row(r))
        if (!read_row(r)) return false;
    csv_tell_dropped(r);
    if (r->csv.rows == 0)
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "line %lld: expected lines of numbers under the header", (long long)r->line);
    r->csv.columns = r->columns;
    return weir_ok(r->c) && (!r->worded || keep_words(r));
}

weir_status weir__csv_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           const weir__csv_form *form, weir__csv *out)
{
    *out = (weir__csv){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    reader r = {
        .c = c,
        .where = where,
        .p = size ? data : "",
        .line = 1,
        .delimiter = ',',
        .form = form ? *form : (weir__csv_form){ 0 },
    };
    r.end = r.p + size;
    if (size >= 2 && (memcmp(r.p, "\xff\xfe", 2) == 0 || memcmp(r.p, "\xfe\xff", 2) == 0))
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where, "byte 0: expected UTF-8, found UTF-16");
    if (size >= 3 && memcmp(r.p, "\xef\xbb\xbf", 3) == 0) r.p += 3;
    bool ok = read_table(&r);
    weir__free(c, r.first);
    weir__free(c, r.words);
    weir__free(c, r.left_out);
    if (ok) *out = r.csv;
    else weir__csv_free(c, &r.csv);
    return weir_status_of(c);
}

void weir__csv_free(weir_ctx *c, weir__csv *csv)
{
    for (int64_t i = 0; csv->header && i < csv->columns; i++) weir__free(c, csv->header[i]);
    weir__free(c, csv->header);
    weir__free(c, csv->values);
    weir__free(c, csv->words.at);
    *csv = (weir__csv){ 0 };
}
