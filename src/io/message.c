/* message.c - the one line that every refusal is. */
#include <stdlib.h>
#include <string.h>
#include "io/internal.h"

/* The context keeps 768 bytes of message: the place may take this much of it. */
enum { WHERE_MAX = 320 };

weir_status weir__io_fail(weir_ctx *c, weir_status status, const char *where, const char *format,
                          ...)
{
    char text[400];
    va_list args;
    va_start(args, format);
    weir__vformat(text, sizeof text, format, args);
    va_end(args);
    size_t n = strlen(where);
    if (n <= WHERE_MAX) return weir_fail(c, status, "%s: %s", where, text);
    return weir_fail(c, status, "...%s: %s", where + n - WHERE_MAX, text);
}

weir_status weir__io_unsupported(weir_ctx *c, const char *where, const char *library)
{
    return weir__io_fail(c, WEIR_ERROR_UNSUPPORTED, where,
                         "%s is not in this build: expected a build with it", library);
}

const char *weir__quote(const void *text, size_t n, char out[WEIR__QUOTE])
{
    const unsigned char *p = text;
    size_t used = 0, room = WEIR__QUOTE - 4;
    for (size_t i = 0; i < n && used < room; i++) {
        bool plain = p[i] >= 0x20 && p[i] < 0x7f;
        out[used++] = plain ? (char)p[i] : '?';
    }
    const char *end = n > room ? "..." : "";
    memcpy(out + used, end, strlen(end) + 1);
    return out;
}

void *weir__zalloc(void *c, unsigned items, unsigned size) { return weir__alloc_n(c, items, size); }

void weir__zfree(void *c, void *block) { weir__free(c, block); }
