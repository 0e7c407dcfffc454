/* io.h - bytes in and out: files, archives, arrays, images, JSON, weights. Readers work on
 * (pointer, length) and never trust it.
 *
 * Errors are one line `WHAT: WHERE: EXPECTED`, for example `digits.csv: row 3, column 5: expected a
 * number, found "x"`. `where` names the source in messages (a path). Everything returned is
 * allocated from the context and freed as said. In a context that has failed already nothing is
 * read or written: the status in force comes back and `*out` is empty, as after any failure.
 */
#ifndef WEIR_IO_H
#define WEIR_IO_H
#include <jansson.h>
#include "base/base.h"
#include "weir/tensor.h"

/* -- files ------------------------------------------------------------------------------------- */
typedef struct weir__bytes {
    unsigned char *data;
    size_t size;
} weir__bytes; /* data + one 0 byte; weir__free(c, data) */
/* What comes through a pipe, or (path "-") stdin, to its end. */
weir_status weir__stream_read(weir_ctx *c, const char *path, weir__bytes *out);
weir_status weir__file_read(weir_ctx *c, const char *path, size_t max_bytes,
                            weir__bytes *out); /* regular files; too large is an error */
/* mapped.c: the bytes of a regular file where the system keeps them, to be read only. */
typedef struct weir__mapped {
    const unsigned char *data; /* [size]; NULL: nothing is mapped */
    size_t size;
    int64_t device, file, seconds, nanoseconds; /* which file it is, and when it was written */
} weir__mapped;
/* The first n bytes; how many there are, 0 where they cannot be read. No error is set. */
size_t weir__file_begins(const char *path, void *first, size_t n);
bool weir__file_map(const char *path, weir__mapped *out); /* false: read it; no error is set */
/* Whether the file is as it was when it was mapped, as far as its size and time tell; true where
 * `path` names another or none by now. */
bool weir__mapped_holds(const weir__mapped *m, const char *path);
void weir__mapped_end(weir__mapped *m);
/* Whole-file write that never harms what was there: temporary file beside it, fsync, rename, fsync
 * of the folder. Symbolic links are followed, the old file's mode is kept; what is no regular file
 * (/dev/stdout, a pipe) is written to directly. */
weir_status weir__file_write(weir_ctx *c, const char *path, const void *data, size_t size);
/* The same in pieces: nothing exists under `path` until commit. */
typedef struct weir__writer weir__writer;
weir__writer *weir__writer_open(weir_ctx *c, const char *path); /* NULL: the error is set */
weir_status weir__writer_put(weir__writer *w, const void *data, size_t size);
weir_status weir__writer_commit(weir__writer *w); /* frees w, whatever happens */
void weir__writer_cancel(weir__writer *w); /* removes the temporary file and frees w */
/* Whether `path` is a temporary file that a killed process left behind: named as one, and locked by
 * no writer. */
bool weir__is_leftover(const char *path);
bool weir__gzip_is(const void *data, size_t size);
weir_status weir__gunzip(weir_ctx *c, const char *where, const void *data, size_t size,
                         size_t max_bytes, weir__bytes *out);

/* -- arrays ------------------------------------------------------------------------------------ */
typedef struct weir__array {
    weir_dtype dtype;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
    void *data; /* dense in logical order; weir__free(c, data) */
    bool borrowed; /* data lies in the bytes that were read, which it must not outlive */
    struct weir__image_files *files; /* that samples are to be decoded from; NULL: data has them */
    int64_t levels; /* integer data of so many levels (IDX and images 256), 0: continuous */
    int64_t n_labels;
    int32_t *labels; /* n_labels 0: none */
    weir_words label_names; /* of label 0, 1, ..; n 0: none */
} weir__array;
void weir__array_free(weir_ctx *c, weir__array *a);
int64_t weir__array_numel(const weir__array *a);

/* npy versions 1.0-3.0, little- and big-endian, C and Fortran order; f2 f4 f8, i1..i8, u1..u8, b1
 * (kept where a dtype of ours fits exactly, else converted to i64 or f64 when exact, else an error
 * that says so). No pickles. */
weir_status weir__npy_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out);
/* The same, and structured arrays of one axis whose fields have one type: a table [.., fields]. */
typedef struct weir__npy_fields {
    int64_t n, cap; /* n 0: the array is not structured */
    char **names;
} weir__npy_fields;
weir_status weir__npy_read_table(weir_ctx *c, const char *where, const void *data, size_t size,
                                 weir__array *out, weir__npy_fields *fields); /* zeroed before */
void weir__npy_fields_free(weir_ctx *c, weir__npy_fields *f);
/* Either of them; where the file has the elements as we want them, they stay where they are. fields
 * NULL: no structured one. */
weir_status weir__npy_view(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out, weir__npy_fields *fields);
bool weir__npy_is(const void *data, size_t size);
weir_status weir__npy_write(weir_ctx *c, const char *path, const weir__array *a);
/* IDX as MNIST ships it (told by its magic): u8 data has 256 levels. */
bool weir__idx_is(const void *data, size_t size);
weir_status weir__idx_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out);
weir_status weir__idx_view(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out); /* as weir__npy_view */
/* CSV: RFC 4180 quoting; ',' ';' tab or blanks, told by the first line; where it is not ',' numbers
 * may have decimal commas, all of them; '#' comment lines; UTF-8 BOM and CRLF accepted; all columns
 * numbers (f64). Messages name line (from 1, as an editor counts) and column. */
typedef enum weir__csv_header {
    WEIR__CSV_HEADER_AUTO, /* the first line is one where no field is a number, or where the fields
                              are 0, 1, 2 .. themselves, as pandas names columns */
    WEIR__CSV_HEADER_YES,
    WEIR__CSV_HEADER_NO,
} weir__csv_header;
/* What the reader is told. One column, by its name in the header or its number from 1, may hold
 * words (classes): where a field of it is no number all are in `words`, and such fields are 0 among
 * the values. */
typedef struct weir__csv_form {
    const char *word_column; /* NULL: none */
    weir__csv_header header;
    /* Sets those of the columns that nobody reads, whatever is in them: values 0. An error may be
     * set. NULL: all are read. `header` NULL: there is none. */
    void (*choose)(void *user, int64_t columns, char *const *header, bool *left_out);
    void *user;
    bool drop; /* rows with a field that is empty, NA or the like are left out, and counted */
} weir__csv_form;
typedef struct weir__csv {
    weir__csv_form form; /* what the reader that fills this was told */
    int64_t rows, columns;
    int64_t dropped; /* rows left out */
    double *values;
    char **header; /* [columns]; NULL: none */
    weir_words words; /* one a row, of the column that may hold words; n 0: it holds numbers */
} weir__csv;
/* form NULL: no words, any header. */
weir_status weir__csv_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           const weir__csv_form *form, weir__csv *out);
void weir__csv_free(weir_ctx *c, weir__csv *csv);
weir_status weir__csv_write(weir_ctx *c, const char *path, const weir__array *a,
                            const char *const *header);

/* -- images ------------------------------------------------------------------------------------ */
/* Shape [h, w, channels], channels 1 or 3; u8 of 256 levels, or of PNG with 16 bits a channel i32
 * of 65536; alpha is composited on white. */
weir_status weir__png_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out);
weir_status weir__jpeg_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            weir__array *out);
bool weir__png_is(const void *data, size_t size);
bool weir__jpeg_is(const void *data, size_t size);
/* The same of its header alone, of a file of `size` bytes: no data. */
weir_status weir__png_header(weir_ctx *c, const char *where, const void *data, size_t size,
                             weir__array *out);
weir_status weir__jpeg_header(weir_ctx *c, const char *where, const void *data, size_t size,
                              weir__array *out);
/* A folder of PNG and JPEG files of one size, in byte order of their names: [n, channels, h, w] u8,
 * levels 256, or of 16 bits a channel i32, levels 65536; labels: the number of the sub-folder
 * (sorted) where the images lie in sub-folders, and its name; else none. Of each file the header is
 * looked at; out->files, in place of data, are to be decoded from. */
weir_status weir__image_folder_open(weir_ctx *c, const char *folder, weir__array *out);
/* image_files.c: the files of one folder, of which all say the same size */
typedef struct weir__image_file {
    int64_t path; /* where it begins in `text` */
    int64_t bytes, written; /* its size, and when it was written, in ns: as it was looked at */
} weir__image_file;
typedef struct weir__image_files {
    int64_t n;
    weir__image_file *at; /* [n] */
    char *text; /* the path of the folder, and behind it those of all files */
    weir_dtype dtype;
    int64_t channels, h, w, levels; /* of each */
} weir__image_files;
static inline const char *weir__image_files_path(const weir__image_files *f, int64_t i)
{
    return f->text + f->at[i].path;
}
/* Image i as [channels, h, w] into `to`; false: the error is set, of a file that is broken, or is
 * not as it was. From any thread, in a context of its own. */
bool weir__image_files_decode(weir_ctx *c, const weir__image_files *f, int64_t i, void *to);
void weir__image_files_free(weir_ctx *c, weir__image_files *f); /* NULL: nothing */
/* One of them, of the bytes of its file: [1, channels, h, w]. */
weir_status weir__image_read(weir_ctx *c, const char *path, const void *data, size_t size,
                             weir__array *out);
/* 0 .. 255 of a value within [0, 1]; NaN is 0. */
static inline unsigned char weir__pixel_byte(float v)
{
    if (!(v > 0)) return 0;
    return v >= 1 ? 255 : (unsigned char)(v * 255 + 0.5f);
}
/* Encodes [h, w, channels] bytes as PNG in memory. */
weir_status weir__png_encode(weir_ctx *c, const unsigned char *pixels, int64_t h, int64_t w,
                             int channels, weir__bytes *out);
/* A grid of images: x is [n, channels, h, w] in [0, 1]; `columns` 0: about square; pixels enlarged
 * by `scale` (0: so that it is readable). */
weir_status weir__png_grid(weir_ctx *c, const float *x, int64_t n, int channels, int64_t h,
                           int64_t w, int64_t columns, int scale, weir__bytes *out);

/* -- JSON (jansson) ---------------------------------------------------------------------------- */
/* Strict: UTF-8, no duplicate keys, depth and size bounded; messages name line and column. NULL:
 * the error is set. json_decref it. */
json_t *weir__json_read(weir_ctx *c, const char *where, const void *data, size_t size);
json_t *weir__json_load(weir_ctx *c, const char *path);
/* One value of text whose error is no error of the context's, but for memory; NULL: `error` says
 * what jansson found, or is empty: no memory. */
json_t *weir__json_parse(weir_ctx *c, const void *data, size_t size, json_error_t *error);
/* After a call of jansson's that says nothing of why it failed: whether the next bytes cannot be
 * had either. */
bool weir__json_memory_is_out(size_t bytes);
/* value as text of the memory the program gave jansson; NULL where that is short, or a real is not
 * finite. Of jansson's flags JSON_INDENT, JSON_COMPACT and JSON_REAL_PRECISION; without the last a
 * real has as few digits as read back to the same bits: 0.1 stays 0.1. */
char *weir__json_text(const json_t *value, size_t flags);
void weir__json_text_free(char *text);
weir_status weir__json_save(
    weir_ctx *c, const char *path,
    const json_t *value); /* indented, sorted as inserted, newline at the end */

/* -- safetensors ------------------------------------------------------------------------------- */
typedef struct weir__weight {
    char name[256];
    weir_dtype dtype;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
    const void *data; /* into the file's bytes when reading; 8-byte aligned is not promised: copy
                         with memcpy */
    size_t bytes;
    /* When writing, for what lies in no one place: called for all bytes in order, in pieces. */
    void (*pull)(void *user, void *to, size_t bytes);
    void *user;
} weir__weight;
typedef struct weir__weights {
    int64_t n;
    weir__weight *at;
    json_t *metadata; /* object of strings, never NULL after a read */
    weir__bytes file;
} weir__weights;
/* Checks everything: header length, JSON, known dtypes (F64 F32 F16 BF16 I64 I32 U8 BOOL), offsets
 * in order without holes or overlaps, sizes that agree with shapes, nothing after the end. Takes
 * over `file` only when it succeeds. */
weir_status weir__safetensors_read(weir_ctx *c, const char *where, weir__bytes file,
                                   weir__weights *out);
weir_status weir__safetensors_load(weir_ctx *c, const char *path, weir__weights *out);
/* Deterministic bytes: tensors in the order given, metadata in its order. */
weir_status weir__safetensors_encode(weir_ctx *c, const weir__weight *w, int64_t n,
                                     const json_t *metadata, weir__bytes *out);
weir_status weir__safetensors_save(weir_ctx *c, const char *path, const weir__weight *w, int64_t n,
                                   const json_t *metadata);
void weir__weights_free(weir_ctx *c, weir__weights *w);
const weir__weight *weir__weights_find(const weir__weights *w, const char *name);

/* -- TensorBoard event files ------------------------------------------------------------------- */
typedef struct weir__events weir__events;
/* Each scalar is one write; one that fails is cut off again. NULL: the error is set. The other
 * calls want an open one (close: NULL too). */
weir__events *weir__events_open(weir_ctx *c, const char *path, double wall_time,
                                int64_t keep_bytes); /* appends after keep_bytes (0: new file) */
weir_status weir__events_scalar(weir__events *e, const char *tag, int64_t step, double wall_time,
                                double value);
int64_t weir__events_bytes(const weir__events *e); /* written and flushed */
weir_status weir__events_sync(weir__events *e);
void weir__events_close(weir__events *e);

#endif
