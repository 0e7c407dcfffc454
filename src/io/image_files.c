/* image_files.c - images one by one. Of the files of a folder the headers are looked at when it is
 * opened; each is decoded when somebody wants its pixels, and must be then as it was. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <sys/stat.h>
#include "io/internal.h"

enum { FILE_BYTES_MAX = 256 << 20 };

/* A codec's reader of the whole file, or of its header */
typedef weir_status image_reader(weir_ctx *c, const char *where, const void *data, size_t size,
                                 weir__array *out);

static bool image_read_by(weir_ctx *c, const char *path, const void *data, size_t size,
                          image_reader *png, image_reader *jpeg, weir__array *image)
{
    *image = (weir__array){ 0 };
    if (weir__png_is(data, size)) png(c, path, data, size, image);
    else if (weir__jpeg_is(data, size)) jpeg(c, path, data, size, image);
    else weir__io_fail(c, WEIR_ERROR_FORMAT, path, "byte 0: expected a PNG or JPEG signature");
    return weir_ok(c);
}

static bool image_file_decode(weir_ctx *c, const char *path, weir__array *image)
{
    weir__bytes file;
    *image = (weir__array){ 0 };
    if (weir__file_read(c, path, FILE_BYTES_MAX, &file) != WEIR_OK) return false;
    image_read_by(c, path, file.data, file.size, weir__png_read, weir__jpeg_read, image);
    weir__free(c, file.data);
    return weir_ok(c);
}

/* Of a map no more is read than the codec asks for; what cannot be mapped is read, and its errors
 * are those of reading. */
static bool image_file_header(weir_ctx *c, const char *path, weir__array *image)
{
    weir__mapped map;
    if (weir__file_map(path, &map) && map.size <= FILE_BYTES_MAX) {
        image_read_by(c, path, map.data, map.size, weir__png_header, weir__jpeg_header, image);
        weir__mapped_end(&map);
        return weir_ok(c);
    }
    weir__mapped_end(&map);
    if (!image_file_decode(c, path, image)) return false;
    weir__free(c, image->data);
    image->data = NULL;
    return true;
}

/* [h, w, channels] to [channels, h, w] */
static void image_planes(const weir__array *image, char *to)
{
    size_t element = weir_dtype_size(image->dtype);
    int64_t plane = image->shape[0] * image->shape[1], channels = image->shape[2];
    const char *from = image->data;
    for (int64_t i = 0; i < plane; i++)
        for (int64_t k = 0; k < channels; k++) {
            memcpy(to + (size_t)(k * plane + i) * element, from, element);
            from += element;
        }
}

/* -- those of a folder ------------------------------------------------------------------------  */
/* The first image says how large all are. */
static void image_files_begin(weir__image_files *f, const weir__array *image)
{
    f->dtype = image->dtype;
    f->h = image->shape[0];
    f->w = image->shape[1];
    f->channels = image->shape[2];
    f->levels = image->levels;
}

static bool image_files_fits(weir_ctx *c, const weir__image_files *f, const char *path,
                             const weir__array *image)
{
    bool same = image->shape[0] == f->h && image->shape[1] == f->w
                && image->shape[2] == f->channels;
    bool deep = image->levels > 256;
    if (!same)
        weir__io_fail(c, WEIR_ERROR_FORMAT, path,
                      "expected %lld x %lld pixels with %lld channels as the first image, found "
                      "%lld x %lld with %lld",
                      (long long)f->w, (long long)f->h, (long long)f->channels,
                      (long long)image->shape[1], (long long)image->shape[0],
                      (long long)image->shape[2]);
    else if (image->dtype != f->dtype)
        weir__io_fail(c, WEIR_ERROR_FORMAT, path,
                      "expected %d bits a channel as the first image, found %d", deep ? 8 : 16,
                      deep ? 16 : 8);
    return weir_ok(c);
}

/* What a file that is gone has is nothing of any. */
static weir__image_file image_file_now(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return (weir__image_file){ .bytes = -1 };
    return (weir__image_file){
        .bytes = (int64_t)st.st_size,
        .written = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
    };
}

/* Its size and time are those before its header was read: what is written later is seen. */
static bool image_files_look(weir_ctx *c, weir__image_files *f, int64_t i)
{
    const char *path = weir__image_files_path(f, i);
    weir__image_file now = image_file_now(path);
    weir__array image;
    f->at[i].bytes = now.bytes;
    f->at[i].written = now.written;
    if (!image_file_header(c, path, &image)) return false;
    if (i == 0) image_files_begin(f, &image);
    return image_files_fits(c, f, path, &image);
}

static bool image_files_name(weir_ctx *c, const char *folder, char *const *paths,
                             weir__image_files *f)
{
    size_t bytes = strlen(folder) + 1;
    int64_t used = (int64_t)bytes;
    for (int64_t i = 0; i < f->n; i++) bytes += strlen(paths[i]) + 1;
    f->at = weir__alloc_n(c, f->n, sizeof *f->at);
    f->text = f->at ? weir__alloc(c, bytes) : NULL;
    if (!f->text) return false;
    memcpy(f->text, folder, (size_t)used);
    for (int64_t i = 0; i < f->n; i++) {
        size_t n = strlen(paths[i]) + 1;
        f->at[i] = (weir__image_file){ .path = used };
        memcpy(f->text + used, paths[i], n);
        used += (int64_t)n;
    }
    return true;
}

weir__image_files *weir__image_files_open(weir_ctx *c, const char *folder, int64_t n,
                                          char *const *paths)
{
    weir__image_files *f = weir__alloc0(c, sizeof *f);
    if (!f) return NULL;
    f->n = n;
    bool good = image_files_name(c, folder, paths, f);
    for (int64_t i = 0; good && i < n; i++) good = image_files_look(c, f, i);
    if (good) return f;
    weir__image_files_free(c, f);
    return NULL;
}

void weir__image_files_free(weir_ctx *c, weir__image_files *f)
{
    if (!f) return;
    weir__free(c, f->at);
    weir__free(c, f->text);
    weir__free(c, f);
}

/* Looked at behind the read: what was written before its end is seen. */
static bool image_files_holds(weir_ctx *c, const weir__image_files *f, int64_t i)
{
    const char *path = weir__image_files_path(f, i);
    weir__image_file now = image_file_now(path);
    if (now.bytes == f->at[i].bytes && now.written == f->at[i].written) return true;
    weir__io_fail(c, WEIR_ERROR_IO, path,
                  "was written to since it was opened: expected a file that stays as it is, or "
                  "map=no");
    return false;
}

bool weir__image_files_decode(weir_ctx *c, const weir__image_files *f, int64_t i, void *to)
{
    const char *path = weir__image_files_path(f, i);
    weir__array image;
    weir__bytes file;
    if (weir__file_read(c, path, FILE_BYTES_MAX, &file) != WEIR_OK) return false;
    bool good = image_files_holds(c, f, i)
                && image_read_by(c, path, file.data, file.size, weir__png_read, weir__jpeg_read,
                                 &image);
    weir__free(c, file.data);
    if (!good) return false;
    good = image_files_fits(c, f, path, &image);
    if (good) image_planes(&image, to);
    weir__array_free(c, &image);
    return good;
}

/* -- one alone --------------------------------------------------------------------------------  */
weir_status weir__image_read(weir_ctx *c, const char *path, const void *data, size_t size,
                             weir__array *out)
{
    weir__array image;
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    if (!image_read_by(c, path, data, size, weir__png_read, weir__jpeg_read, &image))
        return weir_status_of(c);
    *out = (weir__array){
        .dtype = image.dtype,
        .ndim = 4,
        .shape = { 1, image.shape[2], image.shape[0], image.shape[1] },
        .levels = image.levels,
    };
    out->data = weir__alloc_n(c, weir__array_numel(&image), weir_dtype_size(image.dtype));
    if (out->data) image_planes(&image, out->data);
    else *out = (weir__array){ 0 };
    weir__array_free(c, &image);
    return weir_status_of(c);
}
