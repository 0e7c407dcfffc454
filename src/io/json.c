/* json.c - files of JSON: strict UTF-8, no duplicate keys, depth bounded by jansson (2048), size
 * here. */
#include <stdlib.h>
#include <string.h>
#include "io/internal.h"

enum { JSON_BYTES_MAX = 256 << 20 };

bool weir__json_memory_is_out(size_t bytes)
{
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    void *some = take(bytes);
    if (some) give(some);
    return !some;
}

/* jansson tells of memory only at times: a parser that could not be made says nothing, and a token
 * for which there was none is no token. */
static bool out_of_memory(const json_error_t *e, size_t size)
{
    return json_error_code(e) == json_error_out_of_memory || !*e->text
           || weir__json_memory_is_out(size + 64);
}

json_t *weir__json_read(weir_ctx *c, const char *where, const void *data, size_t size)
{
    if (!weir_ok(c)) return NULL;
    if (size > JSON_BYTES_MAX) {
        weir__io_fail(c, WEIR_ERROR_FORMAT, where, "%zu bytes: expected at most %d of JSON", size,
                      JSON_BYTES_MAX);
        return NULL;
    }
    json_error_t e;
    json_t *value = weir__json_parse(c, data, size, &e);
    if (value) return value;
    if (out_of_memory(&e, size))
        weir__io_fail(c, WEIR_ERROR_MEMORY, where, "JSON: expected more free memory");
    else
        weir__io_fail(c, WEIR_ERROR_FORMAT, where, "line %d, column %d: expected JSON: %s", e.line,
                      e.column, e.text);
    return NULL;
}

json_t *weir__json_load(weir_ctx *c, const char *path)
{
    weir__bytes file;
    if (weir__file_read(c, path, JSON_BYTES_MAX, &file) != WEIR_OK) return NULL;
    json_t *value = weir__json_read(c, path, file.data, file.size);
    weir__free(c, file.data);
    return value;
}

weir_status weir__json_save(weir_ctx *c, const char *path, const json_t *value)
{
    if (!weir_ok(c)) return weir_status_of(c);
    char *text = weir__json_text(value, JSON_INDENT(2));
    if (!text)
        return weir__io_fail(c, WEIR_ERROR_MEMORY, path,
                             "JSON cannot be made into text: expected more free memory");
    size_t n = strlen(text);
    text[n] = '\n'; /* over the 0 at the end */
    weir_status s = weir__file_write(c, path, text, n + 1);
    weir__json_text_free(text);
    return s;
}
