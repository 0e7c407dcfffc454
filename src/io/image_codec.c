/* image_codec.c - the one file around libpng and libjpeg, and so the only one with setjmp.
 *
 * Each setjmp stands in a function of its own without local variables that change; all state lies
 * in a job that its caller holds, so nothing depends on what a longjmp does to registers. What a
 * job owns is freed by the caller, whichever way the function ended. */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include "io/internal.h"

enum {
    SIDE_MAX = 65500,
    PIXELS_MAX = 1 << 28
}; /* what is read: sides as JPEG has them, at most 16384 x 16384 */

bool weir__png_is(const void *data, size_t size)
{
    return size >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}
bool weir__jpeg_is(const void *data, size_t size)
{
    return size >= 3 && memcmp(data, "\xff\xd8\xff", 3) == 0;
}

#if defined(WEIR_HAVE_PNG) || defined(WEIR_HAVE_JPEG)
static bool check_side(weir_ctx *c, weir_status s, const char *where, uint64_t w, uint64_t h)
{
    if (w >= 1 && h >= 1 && w <= SIDE_MAX && h <= SIDE_MAX && w * h <= PIXELS_MAX) return true;
    weir__io_fail(c, s, where,
                  "%lld x %lld pixels: expected sides of 1 to %d and at most %d pixels",
                  (long long)w, (long long)h, SIDE_MAX, PIXELS_MAX);
    return false;
}

static bool too_small(weir_ctx *c, const char *where, uint64_t w, uint64_t h, size_t size)
{
    weir__io_fail(c, WEIR_ERROR_FORMAT, where,
                  "header: expected a file that can hold its %llu x %llu pixels, found %zu bytes",
                  (unsigned long long)w, (unsigned long long)h, size);
    return false;
}
#endif

/* -- PNG --------------------------------------------------------------------------------------- */
#ifdef WEIR_HAVE_PNG
#include <png.h>

typedef struct png_job {
    weir_ctx *c;
    const char *where;
    png_structp png;
    png_infop info;
    const unsigned char *in; /* reading */
    size_t size, at;
    weir__bytes out; /* writing */
    int64_t capacity;
    const unsigned char *source;
    png_uint_32 w, h;
    int channels;
    bool deep;             /* 16 bits a channel, else 8 */
    bool header;           /* that alone is read */
    unsigned char *pixels; /* [h][w][channels], alpha included */
    png_bytep *rows;
} png_job;

static void png_failed(png_structp png, png_const_charp text)
{
    png_job *j = png_get_error_ptr(png);
    char found[WEIR__QUOTE];
    weir__io_fail(j->c, WEIR_ERROR_FORMAT, j->where, "byte %zu: expected a PNG file: %s", j->at,
                  weir__quote(text, strlen(text), found));
    png_longjmp(png, 1);
}

static void png_warned(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static png_voidp png_alloc(png_structp png, png_alloc_size_t n)
{
    return weir__alloc(((png_job *)png_get_mem_ptr(png))->c, n);
}

static void png_release(png_structp png, png_voidp p)
{
    weir__free(((png_job *)png_get_mem_ptr(png))->c, p);
}

static void png_take(png_structp png, png_bytep to, size_t n)
{
    png_job *j = png_get_io_ptr(png);
    if (n > j->size - j->at) {
        j->at = j->size;
        png_error(png, "ends early");
    }
    memcpy(to, j->in + j->at, n);
    j->at += n;
}

/* Deflate gives at most 1032 bytes for one: a header that promises more is refused before anything
 * is allocated. */
static bool png_check_size(png_job *j)
{
    j->w = png_get_image_width(j->png, j->info);
    j->h = png_get_image_height(j->png, j->info);
    if (!check_side(j->c, WEIR_ERROR_FORMAT, j->where, j->w, j->h)) return false;
    uint64_t row = ((uint64_t)j->w * png_get_bit_depth(j->png, j->info)
                        * png_get_channels(j->png, j->info)
                    + 7)
                   / 8;
    if (row * j->h > 1032 * (uint64_t)j->size)
        return too_small(j->c, j->where, j->w, j->h, j->size);
    return weir__claim_allows(j->c, row * j->h);
}

/* Whatever the file holds becomes grey or RGB of 8 bits, or of 16 where it has so many, with or
 * without alpha. */
static void png_set_form(png_job *j)
{
    static const union {
        uint16_t word;
        unsigned char byte;
    } one = { 1 };
    j->deep = png_get_bit_depth(j->png, j->info) == 16;
    png_set_expand(j->png);
    if (j->deep && one.byte) png_set_swap(j->png); /* the file's are big-endian */
    png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);
    j->channels = png_get_channels(j->png, j->info);
}

static bool png_make_rows(png_job *j)
{
    size_t row = (size_t)j->w * (size_t)j->channels * (j->deep ? 2 : 1);
    j->pixels = weir__alloc0_n(j->c, j->h, row);
    j->rows = j->pixels ? weir__alloc_n(j->c, j->h, sizeof *j->rows) : NULL;
    for (png_uint_32 y = 0; j->rows && y < j->h; y++) j->rows[y] = j->pixels + y * row;
    return j->rows != NULL;
}

static void png_decode(png_job *j)
{
    if (setjmp(png_jmpbuf(j->png))) return; /* the error is set */
    png_set_read_fn(j->png, j, png_take);
    png_set_keep_unknown_chunks(j->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_user_limits(j->png, 0x7fffffff, 0x7fffffff); /* ours are below, with our message */
    png_set_chunk_cache_max(j->png, 64);
    png_set_chunk_malloc_max(j->png, 1 << 20);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    png_set_crc_action(j->png, PNG_CRC_QUIET_USE,
                       PNG_CRC_QUIET_USE); /* a fuzzer cannot guess checksums */
#else
    png_set_crc_action(j->png, PNG_CRC_ERROR_QUIT, PNG_CRC_QUIET_USE);
#endif
    png_read_info(j->png, j->info);
    if (!png_check_size(j)) return;
    png_set_form(j);
    if (j->header || !png_make_rows(j)) return;
    png_read_image(j->png, j->rows);
    png_read_end(j->png, NULL);
}

/* Value i of the image: of its 8 or its 16 bits */
static int64_t png_value(const png_job *j, int64_t i)
{
    uint16_t v;
    if (!j->deep) return j->pixels[i];
    memcpy(&v, j->pixels + 2 * i, sizeof v);
    return v;
}

/* Channel k of a pixel that begins at value i, alpha composited on white. */
static int64_t png_flat(const png_job *j, int64_t i, int k, int channels)
{
    int64_t v = png_value(j, i + k), white = j->deep ? 65535 : 255;
    if (j->channels == channels) return v;
    int64_t alpha = png_value(j, i + channels);
    return (v * alpha + white * (white - alpha) + white / 2) / white;
}

static void png_give(png_job *j, weir__array *out)
{
    int channels = j->channels > 2 ? 3 : 1;
    weir__array a = {
        .dtype = j->deep ? WEIR_I32 : WEIR_U8,
        .ndim = 3,
        .shape = { j->h, j->w, channels },
        .levels = j->deep ? 65536 : 256,
    };
    int64_t pixels = j->header ? 0 : (int64_t)j->h * j->w;
    if (!j->header)
        a.data = weir__alloc_n(j->c, weir__size_times(pixels, channels), weir_dtype_size(a.dtype));
    if (!j->header && !a.data) return;
    for (int64_t i = 0; i < pixels; i++)
        for (int k = 0; k < channels; k++) {
            int64_t v = png_flat(j, i * j->channels, k, channels);
            if (j->deep) ((int32_t *)a.data)[i * channels + k] = (int32_t)v;
            else ((unsigned char *)a.data)[i * channels + k] = (unsigned char)v;
        }
    *out = a;
}

static weir_status png_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            bool header, weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    png_job j = { .c = c, .where = where, .in = data, .size = size, .header = header };
    if (!weir__png_is(data, size))
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where, "byte 0: expected a PNG signature");
    j.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &j, png_failed, png_warned, &j,
                                     png_alloc, png_release);
    j.info = j.png ? png_create_info_struct(j.png) : NULL;
    if (j.info) png_decode(&j);
    else weir__io_fail(c, WEIR_ERROR_MEMORY, where, "PNG: expected more free memory");
    if (weir_ok(c)) png_give(&j, out);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    weir__free(c, j.rows);
    weir__free(c, j.pixels);
    return weir_status_of(c);
}

weir_status weir__png_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out)
{
    return png_read(c, where, data, size, false, out);
}

weir_status weir__png_header(weir_ctx *c, const char *where, const void *data, size_t size,
                             weir__array *out)
{
    return png_read(c, where, data, size, true, out);
}

static void png_put(png_structp png, png_bytep from, size_t n)
{
    png_job *j = png_get_io_ptr(png);
    if (!weir__grow(j->c, &j->out.data, &j->capacity, (int64_t)(j->out.size + n + 1), 1))
        png_error(png, "no memory");
    memcpy(j->out.data + j->out.size, from, n);
    j->out.size += n;
    j->out.data[j->out.size] = 0;
}

static void png_flush_nothing(png_structp png) { (void)png; }

static void png_write(png_job *j)
{
    if (setjmp(png_jmpbuf(j->png))) return; /* the error is set */
    png_set_write_fn(j->png, j, png_put, png_flush_nothing);
    png_set_IHDR(j->png, j->info, j->w, j->h, 8,
                 j->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(j->png, j->info);
    for (png_uint_32 y = 0; y < j->h; y++)
        png_write_row(j->png, j->source + (size_t)y * j->w * (size_t)j->channels);
    png_write_end(j->png, j->info);
}

weir_status weir__png_encode(weir_ctx *c, const unsigned char *pixels, int64_t h, int64_t w,
                             int channels, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    if (channels != 1 && channels != 3)
        return weir_fail(c, WEIR_ERROR_SHAPE, "png: %d channels: expected 1 or 3", channels);
    if (!check_side(c, WEIR_ERROR_SHAPE, "png", (uint64_t)w, (uint64_t)h))
        return weir_status_of(c); /* negative ones are huge */
    png_job j = { .c = c,
                  .where = "png",
                  .source = pixels,
                  .w = (png_uint_32)w,
                  .h = (png_uint_32)h,
                  .channels = channels };
    j.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &j, png_failed, png_warned, &j,
                                      png_alloc, png_release);
    j.info = j.png ? png_create_info_struct(j.png) : NULL;
    if (j.info) png_write(&j);
    else weir_fail(c, WEIR_ERROR_MEMORY, "png: expected more free memory");
    png_destroy_write_struct(&j.png, &j.info);
    if (weir_ok(c)) *out = j.out;
    else weir__free(c, j.out.data);
    return weir_status_of(c);
}
#else
weir_status weir__png_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out)
{
    (void)data;
    (void)size;
    *out = (weir__array){ 0 };
    return weir__io_unsupported(c, where, "libpng");
}

weir_status weir__png_header(weir_ctx *c, const char *where, const void *data, size_t size,
                             weir__array *out)
{
    return weir__png_read(c, where, data, size, out);
}

weir_status weir__png_encode(weir_ctx *c, const unsigned char *pixels, int64_t h, int64_t w,
                             int channels, weir__bytes *out)
{
    (void)pixels;
    (void)h;
    (void)w;
    (void)channels;
    *out = (weir__bytes){ 0 };
    return weir__io_unsupported(c, "png", "libpng");
}
#endif

/* -- JPEG -------------------------------------------------------------------------------------- */
#ifdef WEIR_HAVE_JPEG
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>

enum { SCANS_MAX = 200 }; /* a progressive file has about ten; each costs a pass over all pixels */

typedef struct jpeg_job {
    struct jpeg_decompress_struct j; /* first: what libjpeg hands back is the job */
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf jump;
    weir_ctx *c;
    const char *where;
    const unsigned char *in;
    size_t size;
    unsigned char *pixels;
    bool header; /* that alone is read */
    bool done;
} jpeg_job;

static void jpeg_refuse(jpeg_job *j, const char *text)
{
    char found[WEIR__QUOTE];
    size_t at = j->j.src ? j->size - j->j.src->bytes_in_buffer : 0;
    weir_status s = j->errors.msg_code == JERR_OUT_OF_MEMORY ? WEIR_ERROR_MEMORY
                                                             : WEIR_ERROR_FORMAT;
    weir__io_fail(j->c, s, j->where, "byte %zu: expected a JPEG file: %s",
                  at < j->size ? at : j->size, weir__quote(text, strlen(text), found));
    longjmp(j->jump, 1);
}

static void jpeg_failed(j_common_ptr common)
{
    char text[JMSG_LENGTH_MAX];
    common->err->format_message(common, text);
    jpeg_refuse((jpeg_job *)(void *)common, text);
}

/* libjpeg goes on with made-up pixels after most warnings; only those that cost no pixel are let
 * pass. */
static void jpeg_message(j_common_ptr common, int level)
{
    int code = common->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR
        && code != JWRN_ADOBE_XFORM)
        jpeg_failed(common);
}

static void jpeg_silent(j_common_ptr common) { (void)common; }

static void jpeg_progress(j_common_ptr common)
{
    jpeg_job *j = (jpeg_job *)(void *)common;
    if (j->j.input_scan_number > SCANS_MAX) jpeg_refuse(j, "more than 200 scans");
}

static boolean jpeg_fill(j_decompress_ptr j)
{
    j->src->bytes_in_buffer = 0; /* where the message says it ended */
    ERREXIT(j, JERR_INPUT_EOF);
    return FALSE;
}

static void jpeg_skip(j_decompress_ptr j, long n)
{
    if (n <= 0) return;
    if ((size_t)n > j->src->bytes_in_buffer) jpeg_fill(j);
    j->src->next_input_byte += n;
    j->src->bytes_in_buffer -= (size_t)n;
}

static void jpeg_nothing(j_decompress_ptr j) { (void)j; }

/* Each 8 x 8 block of the finest component costs a bit or more: 512 pixels a byte. */
static bool jpeg_check_size(jpeg_job *j)
{
    uint64_t w = j->j.image_width, h = j->j.image_height;
    if (!check_side(j->c, WEIR_ERROR_FORMAT, j->where, w, h)) return false;
    /* libjpeg's own memory: of a progressive file all coefficients */
    uint64_t bytes = w * h * (uint64_t)j->j.num_components * sizeof(JCOEF);
    if (j->j.progressive_mode && !weir__claim_allows(j->c, bytes)) return false;
    return w * h <= 512 * (uint64_t)j->size + 65536 || too_small(j->c, j->where, w, h, j->size);
}

static void jpeg_decode(jpeg_job *j, struct jpeg_source_mgr *source)
{
    if (setjmp(j->jump)) return; /* the error is set */
    jpeg_create_decompress(&j->j);
    j->j.src = source;
    j->j.progress = &j->progress;
    jpeg_read_header(&j->j, TRUE);
    if (!jpeg_check_size(j)) return;
    if (j->j.num_components != 1 && j->j.num_components != 3)
        jpeg_refuse(j, "not grey or of three colours");
    j->done = j->header;
    if (j->header) return;
    j->j.out_color_space = j->j.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    j->j.dct_method = JDCT_ISLOW; /* the same bits everywhere */
    jpeg_start_decompress(&j->j);
    size_t row = (size_t)j->j.output_width * (size_t)j->j.output_components;
    j->pixels = weir__alloc0_n(j->c, j->j.output_height, row);
    if (!j->pixels) return;
    while (j->j.output_scanline < j->j.output_height) {
        JSAMPROW at = j->pixels + row * j->j.output_scanline;
        jpeg_read_scanlines(&j->j, &at, 1);
    }
    jpeg_finish_decompress(&j->j);
    j->done = true;
}

static weir_status jpeg_read(weir_ctx *c, const char *where, const void *data, size_t size,
                             bool header, weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    if (!weir__jpeg_is(data, size))
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where, "byte 0: expected a JPEG signature");
    jpeg_job *j = weir__alloc0(c, sizeof *j);
    if (!j) return weir_status_of(c);
    j->c = c;
    j->where = where;
    j->in = data;
    j->size = size;
    j->header = header;
    j->j.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = jpeg_failed;
    j->errors.emit_message = jpeg_message;
    j->errors.output_message = jpeg_silent;
    j->progress.progress_monitor = jpeg_progress;
    struct jpeg_source_mgr source = { .next_input_byte = data,
                                      .bytes_in_buffer = size,
                                      .init_source = jpeg_nothing,
                                      .fill_input_buffer = jpeg_fill,
                                      .skip_input_data = jpeg_skip,
                                      .resync_to_restart = jpeg_resync_to_restart,
                                      .term_source = jpeg_nothing };
    jpeg_decode(j, &source);
    if (j->done)
        *out = (weir__array){ .dtype = WEIR_U8,
                              .ndim = 3,
                              .shape = { j->j.image_height, j->j.image_width, j->j.num_components },
                              .data = j->pixels,
                              .levels = 256 };
    else weir__free(c, j->pixels);
    jpeg_destroy_decompress(&j->j);
    weir__free(c, j);
    return weir_status_of(c);
}

weir_status weir__jpeg_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            weir__array *out)
{
    return jpeg_read(c, where, data, size, false, out);
}

weir_status weir__jpeg_header(weir_ctx *c, const char *where, const void *data, size_t size,
                              weir__array *out)
{
    return jpeg_read(c, where, data, size, true, out);
}
#else
weir_status weir__jpeg_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            weir__array *out)
{
    (void)data;
    (void)size;
    *out = (weir__array){ 0 };
    return weir__io_unsupported(c, where, "libjpeg");
}

weir_status weir__jpeg_header(weir_ctx *c, const char *where, const void *data, size_t size,
                              weir__array *out)
{
    return weir__jpeg_read(c, where, data, size, out);
}
#endif
