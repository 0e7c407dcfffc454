/* sized.c - structs that begin with their size: what a program's header knew of one when the
 * program was compiled, beside what this library knows. doc/adr/0015-sizes-of-structs.md says the
 * rules. */
#include <string.h>
#include "base/base.h"

enum { SIZED_SPARE = 4096 }; /* bytes beyond ours that are believed to be a newer header's */

static size_t sized_of(const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    return size;
}

static size_t sized_least(size_t a, size_t b) { return a < b ? a : b; }

bool weir__sized_fits(weir_ctx *c, const char *who, const char *expected, const void *given,
                      size_t bytes)
{
    size_t size = sized_of(given);
    bool torn = size < sizeof size || size % _Alignof(size_t) != 0;
    if (torn || size > bytes + SIZED_SPARE)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s of size %zu: expected %s, %zu", who, size, expected,
                  bytes);
    else if (!weir__zero_beyond(given, bytes, size))
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s of size %zu: expected 0 in the fields of a newer header, behind byte %zu",
                  who, size, bytes);
    else return true;
    return false;
}

bool weir__sized_read(weir_ctx *c, const char *who, const char *expected, const void *given,
                      void *whole, size_t bytes)
{
    if (!given) return true;
    if (!weir__sized_fits(c, who, expected, given, bytes)) return false;
    memcpy(whole, given, sized_least(sized_of(given), bytes));
    memcpy(whole, &bytes, sizeof bytes);
    return true;
}

weir_ctx *weir__sized_ctx(const void *given, size_t offset)
{
    weir_ctx *c;
    if (!given) return NULL;
    size_t size = sized_of(given);
    bool whole = size >= sizeof size && size % _Alignof(size_t) == 0;
    if (whole && size < offset + sizeof c)
        return NULL; /* of no other size is it sure to end there */
    memcpy(&c, (const char *)given + offset, sizeof c);
    return c;
}

void weir__sized_write(void *given, const void *whole, size_t bytes)
{
    const size_t head = sizeof bytes;
    if (!given) return;
    size_t size = sized_least(sized_of(given), bytes);
    if (size > head) memcpy((char *)given + head, (const char *)whole + head, size - head);
}

void weir__sized_defaults(void *given, size_t size, const void *whole, size_t bytes)
{
    if (!given || size < sizeof size) return;
    memset(given, 0, size);
    memcpy(given, whole, sized_least(size, bytes));
    memcpy(given, &size, sizeof size);
}
