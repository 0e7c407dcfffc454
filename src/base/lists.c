/* lists.c - options that are lists: integers, reals and words, separated by commas. */
#include <inttypes.h>
#include <string.h>
#include "base/value.h"

static int64_t list_commas(const char *text)
{
    int64_t n = 0;
    for (; *text; text++) n += *text == ',';
    return n;
}

/* The next number of a list as text of its own; NULL where there is none that could be a number. */
static const char *list_item(const char *p, char *item, size_t bytes)
{
    size_t n = strcspn(p, ",");
    if (n == 0 || n >= bytes) return NULL;
    memcpy(item, p, n);
    item[n] = 0;
    p += n;
    if (*p == ',') p++;
    return *p || p[-1] != ',' ? p : NULL; /* a comma has something behind it */
}

/* -- integers: in the struct itself ---------------------------------------------------------- */
weir_status weir__ints_set(const weir__site *s, const weir_option *o, weir_ints *out,
                           const char *text)
{
    weir_ints list = { 0 };
    char item[32];
    for (const char *p = text; *p; list.n++) {
        p = list.n < WEIR_INTS_MAX ? list_item(p, item, sizeof item) : NULL;
        if (!p || !weir__parse_int(item, &list.at[list.n])) return weir__value_bad(s, o, text);
        if (!weir__int_fits(o, list.at[list.n])) return weir__value_outside(s, o, text);
    }
    *out = list;
    return WEIR_OK;
}

bool weir__ints_fit(const weir_option *o, const weir_ints *list)
{
    bool good = list->n >= 0 && list->n <= WEIR_INTS_MAX;
    for (int64_t i = 0; good && i < list->n; i++) good = weir__int_fits(o, list->at[i]);
    return good;
}

bool weir__ints_equal(const weir_ints *a, const weir_ints *b)
{
    return a->n == b->n && memcmp(a->at, b->at, (size_t)a->n * sizeof *a->at) == 0;
}

void weir__ints_text(weir__out *out, const weir_ints *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (i > 0) weir__out_char(out, ',');
        weir__int_text(out, list->at[i]);
    }
}

/* -- reals: one block ------------------------------------------------------------------------ */
static weir_status reals_fill(const weir__site *s, const weir_option *o, weir_reals *list,
                              const char *text)
{
    char item[256];
    for (const char *p = text; *p; list->n++) {
        p = list_item(p, item, sizeof item);
        if (!p || !weir__parse_real(item, &list->at[list->n])) return weir__value_bad(s, o, text);
        if (!weir__real_fits(o, list->at[list->n])) return weir__value_outside(s, o, text);
    }
    return WEIR_OK;
}

weir_status weir__reals_set(const weir__site *s, const weir_option *o, weir_reals *out,
                            const char *text)
{
    weir_reals list = { 0 };
    size_t room = (size_t)(list_commas(text) + 1) * sizeof *list.at;
    if (*text && !(list.at = weir__alloc(s->c, room))) return WEIR_ERROR_MEMORY;
    weir_status status = reals_fill(s, o, &list, text);
    if (status != WEIR_OK) {
        weir__free(s->c, list.at);
        return status;
    }
    weir__free(s->c, out->at);
    *out = list;
    return WEIR_OK;
}

bool weir__reals_fit(const weir_option *o, const weir_reals *list)
{
    bool good = list->n >= 0 && (list->at || list->n == 0);
    for (int64_t i = 0; good && i < list->n; i++) good = weir__real_fits(o, list->at[i]);
    return good;
}

bool weir__reals_equal(const weir_reals *a, const weir_reals *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->at, b->at, (size_t)a->n * sizeof *a->at) == 0);
}

weir_status weir__reals_copy(weir_ctx *c, weir_reals *to, const weir_reals *from)
{
    *to = (weir_reals){ 0 };
    if (from->n == 0) return WEIR_OK;
    to->at = weir__alloc_n(c, from->n, sizeof *to->at);
    if (!to->at) return WEIR_ERROR_MEMORY;
    memcpy(to->at, from->at, (size_t)from->n * sizeof *to->at);
    to->n = from->n;
    return WEIR_OK;
}

void weir__reals_text(weir__out *out, const weir_reals *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (i > 0) weir__out_char(out, ',');
        weir__real_text(out, list->at[i]);
    }
}

/* -- words: one block, the pointers and behind them the words -------------------------------- */
const char *weir__word_read(const char *text, char *word)
{
    bool inside = false;
    for (; *text && (inside || *text != ','); text++) {
        if (*text == '"') {
            inside = !inside;
            continue;
        }
        if (inside && *text == '\\' && text[1]) text++;
        *word++ = *text;
    }
    *word = 0;
    return inside ? NULL : text;
}

static bool words_fill(weir_words *list, char *at, const char *text)
{
    while (*text) {
        list->at[list->n++] = at;
        text = weir__word_read(text, at);
        if (!text || (*text == ',' && text[1] == 0)) return false;
        at += strlen(at) + 1;
        if (*text == ',') text++;
    }
    return true;
}

weir_status weir__words_set(const weir__site *s, const weir_option *o, weir_words *out,
                            const char *text)
{
    weir_words list = { 0 };
    size_t most = (size_t)list_commas(text) + 1,
           room = most * sizeof *list.at + strlen(text) + most;
    if (*text && !(list.at = weir__alloc(s->c, room))) return WEIR_ERROR_MEMORY;
    if (*text && !words_fill(&list, (char *)(list.at + most), text)) {
        weir__free(s->c, list.at);
        return weir__value_bad(s, o, text);
    }
    weir__free(s->c, out->at);
    *out = list;
    return WEIR_OK;
}

bool weir__words_fit(const weir_words *list)
{
    bool good = list->n >= 0 && (list->at || list->n == 0);
    for (int64_t i = 0; good && i < list->n; i++) good = list->at[i] != NULL;
    return good;
}

bool weir__words_equal(const weir_words *a, const weir_words *b)
{
    bool same = a->n == b->n;
    for (int64_t i = 0; same && i < a->n; i++) same = strcmp(a->at[i], b->at[i]) == 0;
    return same;
}

weir_status weir__words_copy(weir_ctx *c, weir_words *to, const weir_words *from)
{
    size_t bytes = (size_t)from->n * sizeof *to->at;
    *to = (weir_words){ 0 };
    if (from->n == 0) return WEIR_OK;
    for (int64_t i = 0; i < from->n; i++) bytes += strlen(from->at[i]) + 1;
    to->at = weir__alloc(c, bytes);
    if (!to->at) return WEIR_ERROR_MEMORY;
    char *at = (char *)(to->at + from->n);
    for (; to->n < from->n; to->n++) {
        size_t n = strlen(from->at[to->n]) + 1;
        to->at[to->n] = memcpy(at, from->at[to->n], n);
        at += n;
    }
    return WEIR_OK;
}

static void word_text(weir__out *out, const char *word)
{
    if (*word && !strpbrk(word, " \t\n\r\",\\")) {
        weir__out_text(out, word);
        return;
    }
    weir__out_char(out, '"');
    for (; *word; word++) {
        if (*word == '"' || *word == '\\') weir__out_char(out, '\\');
        weir__out_char(out, *word);
    }
    weir__out_char(out, '"');
}

void weir__words_text(weir__out *out, const weir_words *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (i > 0) weir__out_char(out, ',');
        word_text(out, list->at[i]);
    }
}
