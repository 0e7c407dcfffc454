/* row_look.c - a row from outside the library is looked at before anything of it is called.
 *
 * It may come from a program that was compiled with another header. A kind's row grows at its end
 * alone, and weir_row never (it has fields in reserve), so a smaller row is an older one: it is
 * copied into a whole one whose further fields are 0. A larger one is a newer one: what this
 * library does not know of it has to be 0. */
#include <string.h>
#include "base/value.h"

enum { ROW_SPARE = 4096 }; /* bytes beyond the kind's that are believed to be a newer row */

/* -- size -------------------------------------------------------------------------------------- */
bool weir__zero_beyond(const void *given, size_t known, size_t size)
{
    const unsigned char *b = given;
    for (size_t i = known; i < size; i++)
        if (b[i]) return false;
    return true;
}

static bool look_size(weir_ctx *c, const char *who, const weir_row *row, size_t whole)
{
    const char *expected = NULL;
    bool torn = row->size % _Alignof(weir_row) != 0; /* half a pointer at its end */
    if (torn || row->size > whole + ROW_SPARE) expected = "a whole row of this kind";
    else if (row->size > whole && !weir__zero_beyond(row, whole, row->size))
        expected = "0 in the fields of a newer header";
    if (!expected) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: %u bytes: expected %s, %zu", who, row->name,
              (unsigned)row->size, expected, whole);
    return false;
}

/* The row as a whole one, which c owns. The same one again for a row that was copied before. */
static const weir_row *look_copy(weir_ctx *c, const weir_row *row, size_t whole)
{
    for (const weir__adopted *a = c->adopted; a; a = a->next)
        if (a->given == row && memcmp(a->was, row, row->size) == 0) return a->row;
    weir__adopted *a = weir__alloc0(c, sizeof *a + whole + row->size);
    if (!a) return NULL;
    weir_row *copy = (weir_row *)(void *)(a + 1);
    memcpy(copy, row, row->size);
    copy->size = (uint32_t)whole;
    void *was = memcpy((char *)copy + whole, row, row->size);
    *a = (weir__adopted){ .next = c->adopted, .given = row, .row = copy, .was = was };
    c->adopted = a;
    return copy;
}

/* -- options ----------------------------------------------------------------------------------- */
/* What is missing in an option; NULL: nothing. */
static const char *option_wants(const weir_row *row, const weir_option *o)
{
    bool words = o->type == WEIR_OPTION_CHOICE || weir__is_row_option(o);
    size_t bytes = weir__value_bytes(o->type);
    if (bytes == 0) return "a type that this library knows";
    if (!o->def) return "a default";
    if (!o->doc) return "a line of doc";
    if (words && !o->choices) return "choices";
    if (o->offset < sizeof(size_t)) return "a field behind the size";
    if (o->offset > row->options_size || row->options_size - o->offset < bytes)
        return "a field within options_size";
    return NULL;
}

static bool look_options(weir_ctx *c, const char *who, const weir_row *row)
{
    for (const weir_option *o = row->options; o && o->name; o++) {
        const char *wanted = option_wants(row, o);
        if (!wanted) continue;
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: option %.64s: expected %s", who, row->name,
                  o->name, wanted);
        return false;
    }
    return true;
}

/* -- all of it --------------------------------------------------------------------------------- */
static bool look_head(weir_ctx *c, const char *who, const weir_row *row)
{
    if (!row || row->size < sizeof *row || !row->name || !row->doc)
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: NULL or half a row: expected one with its size, a name and a doc line", who);
    else if (row->version != 1)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: version %u: expected 1", who, row->name,
                  (unsigned)row->version);
    else return true;
    return false;
}

/* "op" of "op.tanh"; false for what is no "kind.name". */
static bool look_kind(const weir_row *row, char kind[WEIR__NAME_MAX])
{
    size_t n = strcspn(row->name, "."), used = 0;
    weir__append(kind, WEIR__NAME_MAX, &used, "%.*s", (int)n, row->name);
    return n > 0 && n < WEIR__NAME_MAX && row->name[n] == '.' && row->name[n + 1];
}

/* The row's kind, or NULL after an error. */
static const weir__row_kind *look_name(weir_ctx *c, const char *who, const char *kind,
                                       const weir_row *row)
{
    char own[WEIR__NAME_MAX];
    const char *expected = NULL;
    const weir__row_kind *k = NULL;
    if (!look_kind(row, own)) expected = "kind.name";
    else if (kind && strcmp(own, kind) != 0) expected = kind;
    else if (!(k = weir__row_kind_of(own))) expected = "a kind that programs may add to";
    if (expected)
        weir_fail(c, WEIR_ERROR_NAME, "%s: %.100s: expected %s", who, row->name, expected);
    return expected ? NULL : k;
}

const weir_row *weir__row_look(weir_ctx *c, const char *who, const char *kind, const weir_row *row)
{
    if (!c || !look_head(c, who, row)) return NULL;
    const weir__row_kind *k = look_name(c, who, kind, row);
    if (!k || !look_size(c, who, row, k->row_size)) return NULL;
    if (row->size < k->row_size) row = look_copy(c, row, k->row_size);
    if (!row || !look_options(c, who, row)) return NULL;
    const char *wanted = k->wants(row);
    if (!wanted) return row;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a row with %s", who, row->name, wanted);
    return NULL;
}

void weir__adopted_free(weir_ctx *c)
{
    while (c->adopted) {
        weir__adopted *a = c->adopted;
        c->adopted = a->next;
        weir__free(c, a);
    }
}
