/* columns.c - columns taken out of a table: the class of a sample, its weight, what it is
 * conditioned on, and those that nobody reads. The names of the others stay theirs. */
#include <string.h>
#include "data/data.h"

typedef struct table {
    weir_ctx *c;
    const char *name; /* of the source */
    weir__store *s;
    weir_words header; /* borrowed; n 0: none */
    const char **taken; /* [dim]: the option that takes a column out; NULL: it stays */
} table;

/* -- which column ------------------------------------------------------------------------------ */
static bool table_number(const table *t, const char *text, int64_t *column)
{
    int64_t number;
    if (!weir__parse_int(text, &number) || number < 1 || number > t->s->dim) return false;
    *column = number - 1;
    return true;
}

/* "3-7": from 1, both included. */
static bool table_range(const table *t, const char *text, int64_t *first, int64_t *last)
{
    char number[24];
    size_t n = strcspn(text, "-");
    if (text[n] == 0 || n >= sizeof number) return false;
    memcpy(number, text, n);
    number[n] = 0;
    return table_number(t, number, first) && table_number(t, text + n + 1, last) && *first <= *last;
}

static weir_status table_unknown(const table *t, const char *option, const char *text)
{
    const char *near = weir__names_near(&t->header, text);
    return weir_fail(t->c, WEIR_ERROR_NAME,
                     "%.300s: %s=%.100s: expected a name of the header or a number from 1 to "
                     "%lld%s%.100s",
                     t->name, option, text, (long long)t->s->dim, near[0] ? ", perhaps " : "",
                     near);
}

/* `text` names a column of the header, or counts columns from 1; with `last` also several. */
static weir_status table_find(const table *t, const char *option, const char *text, int64_t *first,
                              int64_t *last)
{
    *first = weir__names_find(&t->header, text);
    bool found = *first >= 0 || table_number(t, text, first);
    bool several = !found && last && table_range(t, text, first, last);
    if (last && !several) *last = *first;
    return found || several ? WEIR_OK : table_unknown(t, option, text);
}

static weir_status table_take(table *t, const char *option, int64_t column)
{
    const char *other = t->taken[column];
    if (other)
        return weir_fail(t->c, WEIR_ERROR_ARGUMENT,
                         "%.300s: column %lld is %s and %s: expected two columns, found one",
                         t->name, (long long)column + 1, other, option);
    t->taken[column] = option;
    return WEIR_OK;
}

static weir_status table_find_one(table *t, const char *option, const char *text, int64_t *column)
{
    weir_status status = table_find(t, option, text, column, NULL);
    return status == WEIR_OK ? table_take(t, option, *column) : status;
}

/* -- what for ---------------------------------------------------------------------------------- */
static weir_status take_label(table *t, const char *text, const weir_words *words)
{
    int64_t column;
    if (!weir__is_said(text)) return WEIR_OK;
    if (table_find_one(t, "label", text, &column) != WEIR_OK) return weir_status_of(t->c);
    if (words->n > 0) return weir__labels_words(t->c, t->s, words);
    return weir__labels_numbers(t->c, t->name, t->s, t->s, column);
}

static weir_status take_weight(table *t, const char *text, weir__weights_sign sign)
{
    char why[128];
    int64_t column;
    weir__store *s = t->s;
    if (!weir__is_said(text)) return WEIR_OK;
    if (table_find_one(t, "weight", text, &column) != WEIR_OK) return weir_status_of(t->c);
    s->weights = weir__alloc_n(t->c, s->n, sizeof *s->weights);
    if (!s->weights) return weir_status_of(t->c);
    for (int64_t i = 0; i < s->n; i++) s->weights[i] = weir__store_value(s, i, column);
    s->weights_signed = sign == WEIR__WEIGHTS_SIGNED;
    int64_t bad = weir__weights_bad(s->weights, s->n, sign, why, sizeof why);
    if (bad < 0) return WEIR_OK;
    return weir_fail(t->c, WEIR_ERROR_VALUE, "%.300s: sample %lld, column %lld: %s", t->name,
                     (long long)bad, (long long)column + 1, why);
}

/* The columns that `words` name, in the order in which they do: at most dim, for none comes
 * twice. */
static weir_status condition_columns(table *t, const weir_words *words, int64_t *columns,
                                     int64_t *n)
{
    for (int64_t i = 0; i < words->n; i++) {
        int64_t first, last;
        if (table_find(t, "condition", words->at[i], &first, &last) != WEIR_OK)
            return weir_status_of(t->c);
        for (; first <= last; first++) {
            if (table_take(t, "condition", first) != WEIR_OK) return weir_status_of(t->c);
            columns[(*n)++] = first;
        }
    }
    return WEIR_OK;
}

static weir_status condition_copy(table *t, const int64_t *columns, int64_t n)
{
    weir__store *s = t->s;
    int64_t extent = n;
    weir__store *k = weir__context_new(t->c, s, weir__store_real(s->dtype), 1, &extent);
    if (!k) return weir_status_of(t->c);
    size_t from = weir_dtype_size(s->dtype), to = weir_dtype_size(k->dtype);
    for (int64_t i = 0; i < s->n * n; i++)
        weir__convert(k->dtype, (char *)k->data + (size_t)i * to, s->dtype,
                      weir__store_row(s, i / n) + (size_t)columns[i % n] * from, 1);
    return WEIR_OK;
}

static weir_status condition_names(table *t, const int64_t *columns, int64_t n)
{
    if (t->header.n == 0) return WEIR_OK;
    const char **names = weir__alloc_n(t->c, n, sizeof *names);
    for (int64_t i = 0; names && i < n; i++) names[i] = t->header.at[columns[i]];
    if (names) weir__names_copy(t->c, &t->s->context->columns, n, names);
    weir__free(t->c, names);
    return weir_status_of(t->c);
}

static weir_status take_condition(table *t, const weir_words *words)
{
    int64_t n = 0;
    if (words->n == 0) return WEIR_OK;
    int64_t *columns = weir__alloc_n(t->c, t->s->dim, sizeof *columns);
    if (columns && condition_columns(t, words, columns, &n) == WEIR_OK
        && condition_copy(t, columns, n) == WEIR_OK)
        condition_names(t, columns, n);
    weir__free(t->c, columns);
    return weir_status_of(t->c);
}

/* -- what nobody reads ------------------------------------------------------------------------- */
/* Calls each(t, column) for the columns that `words` name. */
static weir_status table_each(table *t, const char *option, const weir_words *words,
                              weir_status (*each)(table *t, const char *option, int64_t column))
{
    for (int64_t i = 0; i < words->n; i++) {
        int64_t first, last;
        if (table_find(t, option, words->at[i], &first, &last) != WEIR_OK)
            return weir_status_of(t->c);
        for (; first <= last; first++)
            if (each(t, option, first) != WEIR_OK) return weir_status_of(t->c);
    }
    return WEIR_OK;
}

/* Whatever else it is, too */
static weir_status table_mark(table *t, const char *option, int64_t column)
{
    t->taken[column] = option;
    return WEIR_OK;
}

static weir_status table_unmark(table *t, const char *option, int64_t column)
{
    (void)option;
    t->taken[column] = NULL;
    return WEIR_OK;
}

static weir_status table_mark_one(table *t, const char *option, const char *text)
{
    int64_t column;
    if (!weir__is_said(text) || table_find(t, option, text, &column, NULL) != WEIR_OK)
        return weir_status_of(t->c);
    return table_mark(t, option, column);
}

/* Which are read: those of columns=, else all but those of skip=, and what is taken out. */
static weir_status mark_read(table *t, const weir__dataset_opts *o)
{
    static const char read[] = "columns";
    for (int64_t j = 0; o->columns.n == 0 && j < t->s->dim; j++) t->taken[j] = read;
    if (table_each(t, read, &o->columns, table_mark) != WEIR_OK
        || table_each(t, "skip", &o->skip, table_unmark) != WEIR_OK)
        return weir_status_of(t->c);
    if (table_mark_one(t, "label", o->label) != WEIR_OK
        || table_mark_one(t, "weight", o->weight) != WEIR_OK)
        return weir_status_of(t->c);
    return table_each(t, "condition", &o->condition, table_mark);
}

void weir__columns_left_out(weir_ctx *c, const char *name, const weir__dataset_opts *o,
                            int64_t columns, char *const *header, bool *left_out)
{
    weir__store s = { .dim = columns };
    table t = { .c = c, .name = name, .s = &s };
    if (header) t.header = (weir_words){ columns, (char **)(uintptr_t)header };
    t.taken = weir__alloc0_n(c, columns, sizeof *t.taken);
    if (t.taken && mark_read(&t, o) == WEIR_OK)
        for (int64_t j = 0; j < columns; j++) left_out[j] = !t.taken[j];
    weir__free(c, t.taken);
}

static weir_status take_skipped(table *t, const weir__dataset_opts *o)
{
    if (table_each(t, "skip", &o->skip, table_take) != WEIR_OK) return weir_status_of(t->c);
    if (o->columns.n == 0) return WEIR_OK;
    bool *left_out = weir__alloc0_n(t->c, t->s->dim, sizeof *left_out);
    char *const *header = t->header.n > 0 ? t->header.at : NULL;
    if (left_out) weir__columns_left_out(t->c, t->name, o, t->s->dim, header, left_out);
    for (int64_t j = 0; left_out && j < t->s->dim; j++)
        if (left_out[j] && !t->taken[j]) t->taken[j] = "left out";
    weir__free(t->c, left_out);
    return weir_status_of(t->c);
}

/* -- what is left ------------------------------------------------------------------------------ */
static weir_status note_removed(table *t)
{
    weir__store *s = t->s;
    for (int64_t j = 0; j < s->dim; j++) s->n_removed += t->taken[j] != NULL;
    if (s->n_removed == 0) return WEIR_OK;
    if (s->n_removed == s->dim)
        return weir_fail(t->c, WEIR_ERROR_SHAPE,
                         "%.300s: no column left: expected data beside label, weight and condition",
                         t->name);
    s->removed = weir__alloc_n(t->c, s->n_removed, sizeof *s->removed);
    for (int64_t j = 0, at = 0; s->removed && j < s->dim; j++)
        if (t->taken[j]) s->removed[at++] = j;
    return weir_status_of(t->c);
}

/* "w is the weight", "column 3 is left out" */
static void removed_text(const table *t, int64_t column, char *text, size_t bytes)
{
    const char *option = t->taken[column];
    bool one = strcmp(option, "label") == 0 || strcmp(option, "weight") == 0;
    const char *what = one ? "the " : "a ";
    size_t used = 0;
    if (strcmp(option, "condition") != 0 && !one) what = option = "";
    if (t->header.n > 0 && t->header.at[column][0])
        weir__append(text, bytes, &used, "%.80s", t->header.at[column]);
    else weir__append(text, bytes, &used, "column %lld", (long long)column + 1);
    weir__append(text, bytes, &used, " is %s%s", what, option[0] ? option : "left out");
}

static weir_status keep_removed(table *t)
{
    enum { TEXT = 120 };
    weir__store *s = t->s;
    if (s->n_removed == 0) return WEIR_OK;
    char *texts = weir__alloc_n(t->c, s->n_removed, TEXT);
    const char **at = texts ? weir__alloc_n(t->c, s->n_removed, sizeof *at) : NULL;
    for (int64_t i = 0; at && i < s->n_removed; i++) {
        removed_text(t, s->removed[i], texts + i * TEXT, TEXT);
        at[i] = texts + i * TEXT;
    }
    if (at) weir__names_copy(t->c, &s->removed_as, s->n_removed, at);
    weir__free(t->c, at);
    weir__free(t->c, texts);
    return weir_status_of(t->c);
}

static weir_status keep_names(table *t)
{
    weir__store *s = t->s;
    if (t->header.n == 0) return WEIR_OK;
    const char **names = weir__alloc_n(t->c, s->dim, sizeof *names);
    int64_t n = 0;
    for (int64_t j = 0; names && j < s->dim; j++)
        if (!t->taken[j]) names[n++] = t->header.at[j];
    if (names) weir__names_copy(t->c, &s->columns, n, names);
    weir__free(t->c, names);
    return weir_status_of(t->c);
}

/* Closes the gaps in place. */
static void remove_columns(table *t)
{
    weir__store *s = t->s;
    if (s->n_removed > 0 && !weir__store_own(t->c, s)) return;
    size_t element = weir_dtype_size(s->dtype);
    char *to = s->data;
    for (int64_t i = 0; s->n_removed > 0 && i < s->n; i++) {
        const char *from = (const char *)s->data + (size_t)(i * s->dim) * element;
        for (int64_t j = 0; j < s->dim; j++) {
            if (t->taken[j]) continue;
            memmove(to, from + (size_t)j * element, element);
            to += element;
        }
    }
    s->dim -= s->n_removed;
    s->shape[0] = s->dim;
}

/* What pandas writes beside a table: a column without a name that counts the samples. */
static bool is_index(const table *t, int64_t column)
{
    const char *name = t->header.n > 0 ? t->header.at[column] : "x";
    if (name[0] && strcmp(name, "Unnamed: 0") != 0) return false;
    for (int64_t i = 0; i < t->s->n; i++)
        if (weir__store_value(t->s, i, column) != (double)i) return false;
    return true;
}

static void leave_index(table *t)
{
    bool any = t->header.n > 1 && !t->taken[0] && is_index(t, 0);
    if (!any) return;
    t->taken[0] = "an index";
    weir__warn(t->c, "%.300s: column 1 has no name and counts the samples: it is left out",
               t->name);
}

static void take_all(table *t, const weir_words *words, const weir__dataset_opts *o)
{
    const weir__weights_sign sign = (weir__weights_sign)o->weights;
    if (take_label(t, o->label, words) != WEIR_OK || take_weight(t, o->weight, sign) != WEIR_OK
        || take_condition(t, &o->condition) != WEIR_OK || take_skipped(t, o) != WEIR_OK)
        return;
    leave_index(t);
    if (note_removed(t) == WEIR_OK && keep_removed(t) == WEIR_OK && keep_names(t) == WEIR_OK)
        remove_columns(t);
}

static weir_status one_of(weir_ctx *c, const char *name, const char *option, const char *file)
{
    return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.300s: %s and %s: expected one of them", name,
                     option, file);
}

weir_status weir__store_columns(weir_ctx *c, const char *name, weir__store *s, const weir__csv *csv,
                                const weir__dataset_opts *o)
{
    bool label = weir__is_said(o->label), condition = o->condition.n > 0;
    bool any = label || condition || weir__is_said(o->weight) || o->columns.n > 0 || o->skip.n > 0;
    if (any && s->ndim != 1)
        return weir_fail(
            c, WEIR_ERROR_SHAPE,
            "%.300s: label, weight, condition, columns and skip: expected a table, found %d axes",
            name, s->ndim + 1);
    if (label && weir__is_said(o->labels)) return one_of(c, name, "label", "labels");
    if (condition && weir__is_said(o->conditions))
        return one_of(c, name, "condition", "conditions");
    if (o->weights == WEIR__WEIGHTS_SIGNED && !weir__is_said(o->weight))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.300s: weights=signed: expected weight=COLUMN",
                         name);
    if (!any && !csv->header) return WEIR_OK;
    table t = { .c = c, .name = name, .s = s };
    if (csv->header) t.header = (weir_words){ csv->columns, csv->header };
    t.taken = weir__alloc0_n(c, s->dim, sizeof *t.taken);
    if (t.taken) take_all(&t, &csv->words, o);
    weir__free(c, t.taken);
    return weir_status_of(c);
}
