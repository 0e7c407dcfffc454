/* value.c - one option's value: from text and back to the same bits, within its range; copied,
 * compared and freed. Lists are in lists.c, chosen rows in choice.c. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "base/value.h"

/* -- text going out ---------------------------------------------------------------------------- */
static void out_put(weir__out *o, char c)
{
    if (o->used + 1 < o->bytes) o->buffer[o->used] = c;
    o->used++;
}

void weir__out_char(weir__out *o, char c)
{
    if (strchr(" \t\n\r\"", c)) o->odd = true;
    if (o->quoted && (c == '"' || c == '\\')) out_put(o, '\\');
    out_put(o, c);
}

void weir__out_text(weir__out *o, const char *text)
{
    for (; *text; text++) weir__out_char(o, *text);
}

void weir__out_end(weir__out *o)
{
    if (o->bytes > 0) o->buffer[o->used < o->bytes ? o->used : o->bytes - 1] = 0;
}

/* -- errors ------------------------------------------------------------------------------------ */
/* ", or auto": of an integer that a word may stand for. */
static const char *value_or_word(const weir_option *o, char *text, size_t bytes)
{
    size_t used = 0;
    bool has = o->type == WEIR_OPTION_INT && o->choices;
    text[0] = 0;
    if (has)
        weir__append(text, bytes, &used, ", or %.*s", (int)strcspn(o->choices, "="), o->choices);
    return text;
}

weir_status weir__value_bad(const weir__site *s, const weir_option *o, const char *value)
{
    static const char *const expected[] = {
        [WEIR_OPTION_INT] = "an integer",
        [WEIR_OPTION_REAL] = "a number",
        [WEIR_OPTION_BOOL] = "yes or no",
        [WEIR_OPTION_CHOICE] = "one of ",
        [WEIR_OPTION_TEXT] = "text",
        [WEIR_OPTION_INTS] = "up to 32 integers separated by commas",
        [WEIR_OPTION_REALS] = "numbers separated by commas",
        [WEIR_OPTION_WORDS] = "words separated by commas, every quote closed",
        [WEIR_OPTION_ROW] = "a row's name, then key=value",
        [WEIR_OPTION_ROWS] = "rows' names separated by commas, then 0.key=value",
    };
    const char *words = o->type == WEIR_OPTION_CHOICE ? o->choices : "";
    char or [64];
    return weir_fail(s->c, WEIR_ERROR_RANGE, "%s: %s=%.100s: expected %s%s%s", s->where, s->key,
                     value, expected[o->type], words, value_or_word(o, or, sizeof or));
}

weir_status weir__value_outside(const weir__site *s, const weir_option *o, const char *value)
{
    char or [64];
    return weir_fail(s->c, WEIR_ERROR_RANGE,
                     "%s: %s=%.100s: expected a value within [%.16g, %.16g]%s", s->where, s->key,
                     value, o->min, o->max, value_or_word(o, or, sizeof or));
}

/* -- numbers ----------------------------------------------------------------------------------- */
/* Words that stand for integers, as "auto=-1|all=0". NULL: `word` is at the end. */
static const char *int_word_next(const char *word)
{
    word += strcspn(word, "|");
    return *word ? word + 1 : NULL;
}

/* The value that stands behind the word's '='. */
static bool int_word_value(const char *word, int64_t *v)
{
    char text[32];
    size_t name = strcspn(word, "="), n = strcspn(word, "|"), used = 0;
    if (name >= n) return false;
    weir__append(text, sizeof text, &used, "%.*s", (int)(n - name - 1), word + name + 1);
    return weir__parse_int(text, v);
}

/* The word that stands for v; NULL: none does. */
static const char *int_word_of(const weir_option *o, int64_t v)
{
    int64_t value;
    for (const char *word = o->type == WEIR_OPTION_INT ? o->choices : NULL; word;
         word = int_word_next(word))
        if (int_word_value(word, &value) && value == v) return word;
    return NULL;
}

static bool int_word_read(const weir_option *o, const char *text, int64_t *v)
{
    size_t n = strlen(text);
    for (const char *word = o->choices; word; word = int_word_next(word))
        if (strcspn(word, "=") == n && memcmp(word, text, n) == 0) return int_word_value(word, v);
    return false;
}

bool weir__int_is_word(const weir_option *o, int64_t v) { return int_word_of(o, v) != NULL; }

bool weir__int_fits(const weir_option *o, int64_t v)
{
    return ((double)v >= o->min && (double)v <= o->max) || weir__int_is_word(o, v);
}

bool weir__real_fits(const weir_option *o, double v)
{
    return v >= o->min && v <= o->max; /* false for NaN */
}

static weir_status int_set(const weir__site *s, const weir_option *o, int64_t *out,
                           const char *text)
{
    int64_t v;
    if (!int_word_read(o, text, &v) && !weir__parse_int(text, &v))
        return weir__value_bad(s, o, text);
    if (!weir__int_fits(o, v)) return weir__value_outside(s, o, text);
    *out = v;
    return WEIR_OK;
}

static weir_status real_set(const weir__site *s, const weir_option *o, double *out,
                            const char *text)
{
    double v;
    if (!weir__parse_real(text, &v)) return weir__value_bad(s, o, text);
    if (!weir__real_fits(o, v)) return weir__value_outside(s, o, text);
    *out = v;
    return WEIR_OK;
}

void weir__int_text(weir__out *out, int64_t v)
{
    char text[32];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%" PRId64, v);
    weir__out_text(out, text);
}

/* An option's integer: its word, where it has one. */
static void int_option_text(weir__out *out, const weir_option *o, int64_t v)
{
    const char *word = int_word_of(o, v);
    if (!word) weir__int_text(out, v);
    for (; word && *word != '='; word++) weir__out_char(out, *word);
}

/* The shortest that reads back to the same bits. */
void weir__real_text(weir__out *out, double v)
{
    char text[WEIR__REAL_TEXT];
    weir__format_option(v, text);
    weir__out_text(out, text);
}

/* -- words of a fixed list --------------------------------------------------------------------- */
static int32_t choice_index(const char *choices, const char *value)
{
    size_t n = strlen(value);
    int32_t index = 0;
    for (const char *p = choices; p && *p; index++) {
        size_t word = strcspn(p, "|");
        if (word == n && memcmp(p, value, n) == 0) return index;
        p += word + (p[word] == '|');
    }
    return -1;
}

static bool choice_fits(const weir_option *o, int32_t index)
{
    int32_t n = 1;
    for (const char *p = o->choices; *p; p++) n += *p == '|';
    return index >= 0 && index < n;
}

static void choice_text(weir__out *out, const weir_option *o, int32_t index)
{
    const char *p = o->choices;
    while (index-- > 0) p += strcspn(p, "|") + 1;
    for (; *p && *p != '|'; p++) weir__out_char(out, *p);
}

static weir_status choice_set(const weir__site *s, const weir_option *o, int32_t *out,
                              const char *text)
{
    int32_t index = choice_index(o->choices, text);
    if (index < 0) return weir__value_bad(s, o, text);
    *out = index;
    return WEIR_OK;
}

static weir_status bool_set(const weir__site *s, const weir_option *o, bool *out, const char *text)
{
    return weir__parse_bool(text, out) ? WEIR_OK : weir__value_bad(s, o, text);
}

/* -- text -------------------------------------------------------------------------------------- */
static weir_status text_set(weir_ctx *c, char **out, const char *text)
{
    char *own = weir__strdup(c, text);
    if (!own) return WEIR_ERROR_MEMORY;
    weir__free(c, *out);
    *out = own;
    return WEIR_OK;
}

static weir_status text_copy(weir_ctx *c, char **to, const char *from)
{
    *to = weir__strdup(c, from ? from : "");
    return *to ? WEIR_OK : WEIR_ERROR_MEMORY;
}

/* A text that is NULL is empty. */
static const char *value_text_of(const void *field)
{
    const char *text = *(char *const *)field;
    return text ? text : "";
}

/* -- any type ---------------------------------------------------------------------------------- */
weir_status weir__value_set(const weir__site *s, const weir_option *o, void *field,
                            const char *text)
{
    switch (o->type) {
    case WEIR_OPTION_INT: return int_set(s, o, field, text);
    case WEIR_OPTION_REAL: return real_set(s, o, field, text);
    case WEIR_OPTION_BOOL: return bool_set(s, o, field, text);
    case WEIR_OPTION_CHOICE: return choice_set(s, o, field, text);
    case WEIR_OPTION_TEXT: return text_set(s->c, field, text);
    case WEIR_OPTION_INTS: return weir__ints_set(s, o, field, text);
    case WEIR_OPTION_REALS: return weir__reals_set(s, o, field, text);
    case WEIR_OPTION_WORDS: return weir__words_set(s, o, field, text);
    case WEIR_OPTION_ROW: return weir__choice_read(s, o, field, text);
    case WEIR_OPTION_ROWS: return weir__choices_read(s, o, field, text);
    }
    return weir_fail(s->c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a known type of option", s->where,
                     s->key);
}

static weir_status number_check(const weir__site *s, const weir_option *o, const void *field,
                                bool fits)
{
    char text[64];
    weir__out out = { .buffer = text, .bytes = sizeof text };
    if (fits) return WEIR_OK;
    weir__value_text(&out, o, field);
    weir__out_end(&out);
    return weir__value_outside(s, o, text);
}

static weir_status list_check(const weir__site *s, const weir_option *o, bool fits)
{
    if (fits) return WEIR_OK;
    return weir_fail(s->c, WEIR_ERROR_RANGE,
                     "%s: %s: expected a list of values within [%.16g, %.16g]", s->where, s->key,
                     o->min, o->max);
}

static weir_status words_check(const weir__site *s, bool fits)
{
    if (fits) return WEIR_OK;
    return weir_fail(s->c, WEIR_ERROR_RANGE, "%s: %s: expected words, none of them NULL", s->where,
                     s->key);
}

static weir_status choice_check(const weir__site *s, const weir_option *o, int32_t index)
{
    if (choice_fits(o, index)) return WEIR_OK;
    return weir_fail(s->c, WEIR_ERROR_RANGE, "%s: %s: expected one of %s", s->where, s->key,
                     o->choices);
}

weir_status weir__value_check(const weir__site *s, const weir_option *o, const void *field)
{
    switch (o->type) {
    case WEIR_OPTION_INT:
        return number_check(s, o, field, weir__int_fits(o, *(const int64_t *)field));
    case WEIR_OPTION_REAL:
        return number_check(s, o, field, weir__real_fits(o, *(const double *)field));
    case WEIR_OPTION_CHOICE: return choice_check(s, o, *(const int32_t *)field);
    case WEIR_OPTION_INTS: return list_check(s, o, weir__ints_fit(o, field));
    case WEIR_OPTION_REALS: return list_check(s, o, weir__reals_fit(o, field));
    case WEIR_OPTION_WORDS: return words_check(s, weir__words_fit(field));
    case WEIR_OPTION_ROW: return weir__choice_check(s, o, field);
    case WEIR_OPTION_ROWS: return weir__choices_check(s, o, field);
    case WEIR_OPTION_BOOL:
    case WEIR_OPTION_TEXT: break;
    }
    return WEIR_OK;
}

static size_t value_size(const weir_option *o)
{
    static const size_t sizes[] = {
        [WEIR_OPTION_INT] = sizeof(int64_t),      [WEIR_OPTION_REAL] = sizeof(double),
        [WEIR_OPTION_BOOL] = sizeof(bool),        [WEIR_OPTION_CHOICE] = sizeof(int32_t),
        [WEIR_OPTION_TEXT] = sizeof(char *),      [WEIR_OPTION_INTS] = sizeof(weir_ints),
        [WEIR_OPTION_REALS] = sizeof(weir_reals), [WEIR_OPTION_WORDS] = sizeof(weir_words),
        [WEIR_OPTION_ROW] = sizeof(weir_choice),  [WEIR_OPTION_ROWS] = sizeof(weir_choices),
    };
    return sizes[o->type];
}

weir_status weir__value_copy(weir_ctx *c, const weir_option *o, void *to, const void *from)
{
    switch (o->type) {
    case WEIR_OPTION_TEXT: return text_copy(c, to, *(char *const *)from);
    case WEIR_OPTION_REALS: return weir__reals_copy(c, to, from);
    case WEIR_OPTION_WORDS: return weir__words_copy(c, to, from);
    case WEIR_OPTION_ROW: return weir__choice_copy(c, to, from);
    case WEIR_OPTION_ROWS: return weir__choices_copy(c, to, from);
    default: break;
    }
    memcpy(to, from, value_size(o));
    return WEIR_OK;
}

static bool value_owns(const weir_option *o)
{
    return o->type == WEIR_OPTION_TEXT || o->type == WEIR_OPTION_REALS
           || o->type == WEIR_OPTION_WORDS || weir__is_row_option(o);
}

void weir__value_forget(const weir_option *o, void *field)
{
    if (value_owns(o)) memset(field, 0, value_size(o));
}

void weir__value_free(weir_ctx *c, const weir_option *o, void *field)
{
    switch (o->type) {
    case WEIR_OPTION_TEXT:
        weir__free(c, *(char **)field);
        break;
    case WEIR_OPTION_REALS:
        weir__free(c, ((weir_reals *)field)->at);
        break;
    case WEIR_OPTION_WORDS:
        weir__free(c, ((weir_words *)field)->at);
        break;
    case WEIR_OPTION_ROW:
        weir__choice_clear(c, field);
        break;
    case WEIR_OPTION_ROWS:
        weir__choices_clear(c, field);
        break;
    default: break;
    }
    weir__value_forget(o, field);
}

/* Of rows only the names: what they hold is compared one by one. */
bool weir__value_equal(const weir_option *o, const void *a, const void *b)
{
    switch (o->type) {
    case WEIR_OPTION_TEXT: return strcmp(value_text_of(a), value_text_of(b)) == 0;
    case WEIR_OPTION_INTS: return weir__ints_equal(a, b);
    case WEIR_OPTION_REALS: return weir__reals_equal(a, b);
    case WEIR_OPTION_WORDS: return weir__words_equal(a, b);
    case WEIR_OPTION_ROW: return ((const weir_choice *)a)->row == ((const weir_choice *)b)->row;
    case WEIR_OPTION_ROWS: return weir__choices_alike(a, b);
    default: return memcmp(a, b, value_size(o)) == 0;
    }
}

void weir__value_text(weir__out *out, const weir_option *o, const void *field)
{
    switch (o->type) {
    case WEIR_OPTION_INT:
        int_option_text(out, o, *(const int64_t *)field);
        break;
    case WEIR_OPTION_REAL:
        weir__real_text(out, *(const double *)field);
        break;
    case WEIR_OPTION_BOOL:
        weir__out_text(out, *(const bool *)field ? "yes" : "no");
        break;
    case WEIR_OPTION_CHOICE:
        choice_text(out, o, *(const int32_t *)field);
        break;
    case WEIR_OPTION_TEXT: weir__out_text(out, value_text_of(field)); break;
    case WEIR_OPTION_INTS:
        weir__ints_text(out, field);
        break;
    case WEIR_OPTION_REALS:
        weir__reals_text(out, field);
        break;
    case WEIR_OPTION_WORDS:
        weir__words_text(out, field);
        break;
    case WEIR_OPTION_ROW:
        weir__choice_text(out, field);
        break;
    case WEIR_OPTION_ROWS:
        weir__choices_text(out, field);
        break;
    }
}

/* -- its field ------------------------------------------------------------------------------- */
size_t weir__value_bytes(weir_option_type type)
{
    static const size_t bytes[] = {
        [WEIR_OPTION_INT] = sizeof(int64_t),      [WEIR_OPTION_REAL] = sizeof(double),
        [WEIR_OPTION_BOOL] = sizeof(bool),        [WEIR_OPTION_CHOICE] = sizeof(int32_t),
        [WEIR_OPTION_TEXT] = sizeof(char *),      [WEIR_OPTION_INTS] = sizeof(weir_ints),
        [WEIR_OPTION_REALS] = sizeof(weir_reals), [WEIR_OPTION_WORDS] = sizeof(weir_words),
        [WEIR_OPTION_ROW] = sizeof(weir_choice),  [WEIR_OPTION_ROWS] = sizeof(weir_choices),
    };
    size_t known = sizeof bytes / sizeof *bytes;
    return (size_t)type < known ? bytes[type] : 0;
}
