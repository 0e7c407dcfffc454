/* internal.h - what the files of this room share. */
#ifndef WEIR_IO_INTERNAL_H
#define WEIR_IO_INTERNAL_H
#include "io/io.h"

/* Sets "WHERE: ..." as the error. A very long path keeps its end, so that the rest of the line is
 * never cut off. */
weir_status weir__io_fail(weir_ctx *c, weir_status status, const char *where, const char *format,
                          ...) __attribute__((format(printf, 4, 5)));
/* For a function whose library was left out of the build: "WHERE: zlib is not in this build:
 * expected one with it". */
weir_status weir__io_unsupported(weir_ctx *c, const char *where, const char *library);

/* Text of the input as messages show it: at most WEIR__QUOTE - 1 bytes, printable, "..." where it
 * was cut. */
enum { WEIR__QUOTE = 44 };
const char *weir__quote(const void *text, size_t n, char out[WEIR__QUOTE]);

/* -- csv_sniff.c ------------------------------------------------------------------------------ */
/* Of a table whose first line is at p: ',' ';' tab or ' ', the one seen most in it outside
 * quotes. */
char weir__csv_delimiter(const char *p, const char *end);
/* How its numbers mark decimals, once one has done so */
typedef enum weir__csv_mark {
    WEIR__CSV_UNMARKED,
    WEIR__CSV_POINT,
    WEIR__CSV_COMMA,
} weir__csv_mark;
/* A number with a decimal point or comma, whichever *mark is or then becomes. */
bool weir__csv_number(const char *text, size_t n, weir__csv_mark *mark, double *v);

/* -- arrays ------------------------------------------------------------------------------------ */
/* Elements as a file holds them. kind: 'f' 'i' 'u' 'b' as NumPy names them. */
typedef struct weir__encoding {
    char kind;
    int size;
    bool big_endian;
} weir__encoding;
/* Product of extents; false when it, or its bytes at 8 an element, could overflow (zero extents do
 * not hide the others). */
bool weir__shape_numel(int ndim, const int64_t *shape, int64_t *numel);
/* Fills a->dtype and a->data from a's shape and as many elements at `source`; where a->borrowed is
 * set they stay there if they can, and it is unset if not. */
weir_status weir__array_decode(weir_ctx *c, const char *where, weir__encoding e, const void *source,
                               weir__array *a);

/* -- memory hooks for zlib: `c` is the opaque pointer ------------------------------------------ */
void *weir__zalloc(void *c, unsigned items, unsigned size);
void weir__zfree(void *c, void *block);

/* CRC-32C of `size` bytes. */
uint32_t weir__crc32c(const void *data, size_t size);

/* -- image_files.c ----------------------------------------------------------------------------- */
/* Of the files at paths[n] the headers: all as the first. NULL: the error is set. */
weir__image_files *weir__image_files_open(weir_ctx *c, const char *folder, int64_t n,
                                          char *const *paths);

#endif
