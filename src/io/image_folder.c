/* image_folder.c - a folder of images as one array. Order is the byte order of names, so that ids
 * mean the same everywhere. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "io/internal.h"

enum { FILE_BYTES_MAX = 256 << 20 };

typedef struct names {
    char **at;
    int64_t n, cap;
} names;

typedef struct folder {
    weir_ctx *c;
    const char *where;
    names files, folders; /* paths */
    int32_t *labels;      /* of files */
    int64_t labels_cap;
    weir__array out;
    int64_t done, h, w, channels;
    int64_t passed;     /* files of other kinds */
    char *passed_first; /* path of the first of them by its bytes; NULL: none */
} folder;

static void names_free(weir_ctx *c, names *list)
{
    for (int64_t i = 0; i < list->n; i++) weir__free(c, list->at[i]);
    weir__free(c, list->at);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_image(const char *name)
{
    return weir__ends_with(name, ".png") || weir__ends_with(name, ".jpg")
           || weir__ends_with(name, ".jpeg");
}

/* Takes the path over. */
static bool image_folder_add(folder *f, names *list, char *path)
{
    if (path && weir__grow(f->c, &list->at, &list->cap, list->n + 1, sizeof *list->at)) {
        list->at[list->n++] = path;
        return true;
    }
    weir__free(f->c, path);
    return false;
}

/* A file that is no image. Takes the path over. */
static void folder_pass(folder *f, char *path)
{
    f->passed++;
    if (f->passed_first && strcmp(f->passed_first, path) <= 0) {
        weir__free(f->c, path);
        return;
    }
    weir__free(f->c, f->passed_first);
    f->passed_first = path;
}

/* False without memory for the warning. */
static bool folder_tell_passed(const folder *f)
{
    if (f->passed == 1)
        weir__warn(f->c, "%.300s: 1 file of another kind was passed over: %.300s", f->where,
                   f->passed_first);
    if (f->passed > 1)
        weir__warn(f->c, "%.300s: %lld files of other kinds were passed over, first %.300s",
                   f->where, (long long)f->passed, f->passed_first);
    return weir_ok(f->c);
}

static bool image_folder_look_at(folder *f, const char *where, const char *name, names *files,
                                 names *folders)
{
    if (name[0] == '.') return true; /* hidden, and . and .. */
    size_t n = strlen(where) + strlen(name) + 2;
    char *path = weir__alloc(f->c, n);
    struct stat st = { 0 }; /* a broken link has no mode: it is refused when read */
    if (!path) return false;
    snprintf(path, n, "%s/%s", where, name);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && folders)
        return image_folder_add(f, folders, path);
    if (!S_ISDIR(st.st_mode) && is_image(name)) {
        weir__claim_add(f->c, (int64_t)st.st_size);
        return image_folder_add(f, files, path);
    }
    if (S_ISDIR(st.st_mode)) weir__free(f->c, path);
    else folder_pass(f, path);
    return true;
}

static bool list_folder(folder *f, const char *where, names *files, names *folders)
{
    DIR *d = opendir(where);
    if (!d) {
        weir__io_fail(f->c, WEIR_ERROR_IO, where,
                      "cannot be opened: %s: expected a folder that can be read",
                      weir__error_text(errno));
        return false;
    }
    bool ok = true;
    struct dirent *entry;
    while (errno = 0, ok && (entry = readdir(d)))
        ok = image_folder_look_at(f, where, entry->d_name, files, folders);
    if (ok && errno) {
        weir__io_fail(f->c, WEIR_ERROR_IO, where,
                      "cannot be read: %s: expected a folder that can be read",
                      weir__error_text(errno));
        ok = false;
    }
    closedir(d);
    if (ok && files->n > 1) qsort(files->at, (size_t)files->n, sizeof *files->at, by_bytes);
    if (ok && folders && folders->n > 1)
        qsort(folders->at, (size_t)folders->n, sizeof *folders->at, by_bytes);
    return ok;
}

static bool list_labelled(folder *f)
{
    for (int64_t i = 0; i < f->folders.n; i++) {
        names inside = { 0 };
        bool ok = list_folder(f, f->folders.at[i], &inside, NULL);
        for (int64_t k = 0; ok && k < inside.n; k++) {
            ok = weir__grow(f->c, &f->labels, &f->labels_cap, f->files.n + 1, sizeof *f->labels);
            if (!ok) break;
            f->labels[f->files.n] = (int32_t)i;
            ok = image_folder_add(f, &f->files, inside.at[k]);
            inside.at[k] = NULL;
        }
        names_free(f->c, &inside);
        if (!ok) return false;
    }
    return true;
}

static bool list_all(folder *f)
{
    if (!list_folder(f, f->where, &f->files, &f->folders)) return false;
    bool flat = f->files.n > 0;
    if (!flat && !list_labelled(f)) return false;
    if (f->files.n == 0)
        weir__io_fail(f->c, WEIR_ERROR_FORMAT, f->where,
                      "expected PNG or JPEG files, here or in sub-folders, found none");
    for (int64_t i = 0; flat && i < f->folders.n; i++) {
        names inside = { 0 };
        if (list_folder(f, f->folders.at[i], &inside, NULL) && inside.n)
            weir__io_fail(f->c, WEIR_ERROR_FORMAT, f->where,
                          "expected images either here or in sub-folders, found both");
        names_free(f->c, &inside);
    }
    return weir_ok(f->c);
}

/* The bytes of the file `path`. */
static bool decode_image(folder *f, const char *path, const void *data, size_t size,
                         weir__array *image)
{
    *image = (weir__array){ 0 };
    if (weir__png_is(data, size)) weir__png_read(f->c, path, data, size, image);
    else if (weir__jpeg_is(data, size)) weir__jpeg_read(f->c, path, data, size, image);
    else weir__io_fail(f->c, WEIR_ERROR_FORMAT, path, "byte 0: expected a PNG or JPEG signature");
    return weir_ok(f->c);
}

static bool image_folder_read_image(folder *f, const char *path, weir__array *image)
{
    weir__bytes file;
    *image = (weir__array){ 0 };
    if (weir__file_read(f->c, path, FILE_BYTES_MAX, &file) != WEIR_OK) return false;
    decode_image(f, path, file.data, file.size, image);
    weir__free(f->c, file.data);
    return weir_ok(f->c);
}

/* The first image says how large all are. */
static bool image_folder_start(folder *f, const weir__array *image)
{
    f->h = image->shape[0];
    f->w = image->shape[1];
    f->channels = image->shape[2];
    f->out = (weir__array){
        .dtype = image->dtype,
        .ndim = 4,
        .shape = { f->files.n, f->channels, f->h, f->w },
        .levels = image->levels,
    };
    int64_t n;
    if (!weir__shape_numel(4, f->out.shape, &n)) {
        weir__io_fail(f->c, WEIR_ERROR_MEMORY, f->where, "expected fewer or smaller images");
        return false;
    }
    f->out.data = weir__alloc_n(f->c, n, weir_dtype_size(image->dtype));
    return f->out.data != NULL;
}

/* [h, w, channels] to [channels, h, w] */
static void folder_planes(folder *f, const weir__array *image)
{
    size_t element = weir_dtype_size(image->dtype);
    int64_t plane = f->h * f->w;
    const char *from = image->data;
    char *to = (char *)f->out.data + (size_t)(f->done * f->channels * plane) * element;
    for (int64_t i = 0; i < plane; i++)
        for (int64_t k = 0; k < f->channels; k++) {
            memcpy(to + (size_t)(k * plane + i) * element, from, element);
            from += element;
        }
}

static bool store(folder *f, const char *path, const weir__array *image)
{
    if (f->done == 0 && !image_folder_start(f, image)) return false;
    if (image->shape[0] != f->h || image->shape[1] != f->w || image->shape[2] != f->channels) {
        weir__io_fail(f->c, WEIR_ERROR_FORMAT, path,
                      "expected %lld x %lld pixels with %lld channels as the first image, found "
                      "%lld x %lld with %lld",
                      (long long)f->w, (long long)f->h, (long long)f->channels,
                      (long long)image->shape[1], (long long)image->shape[0],
                      (long long)image->shape[2]);
        return false;
    }
    if (image->dtype != f->out.dtype) {
        bool deep = image->levels > 256;
        weir__io_fail(f->c, WEIR_ERROR_FORMAT, path,
                      "expected %d bits a channel as the first image, found %d", deep ? 8 : 16,
                      deep ? 16 : 8);
        return false;
    }
    folder_planes(f, image);
    f->done++;
    return true;
}

static bool image_folder_read_all(folder *f)
{
    for (int64_t i = 0; i < f->files.n; i++) {
        weir__array image;
        bool ok = image_folder_read_image(f, f->files.at[i], &image)
                  && store(f, f->files.at[i], &image);
        weir__array_free(f->c, &image);
        if (!ok) return false;
    }
    return true;
}

/* What stands behind the last '/' of the sub-folders' paths. */
static bool name_labels(folder *f)
{
    weir_words *w = &f->out.label_names;
    size_t n = (size_t)f->folders.n, bytes = n * sizeof *w->at;
    for (size_t i = 0; i < n; i++) bytes += strlen(f->folders.at[i]) + 1;
    w->at = weir__alloc(f->c, bytes);
    if (!w->at) return false;
    char *to = (char *)(w->at + n);
    for (size_t i = 0; i < n; i++) {
        const char *name = strrchr(f->folders.at[i], '/') + 1;
        w->at[w->n++] = strcpy(to, name);
        to += strlen(name) + 1;
    }
    return true;
}

weir_status weir__image_folder_read(weir_ctx *c, const char *path, weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    folder f = { .c = c, .where = path };
    if (list_all(&f) && image_folder_read_all(&f) && (!f.labels || name_labels(&f))
        && folder_tell_passed(&f)) {
        f.out.labels = f.labels;
        f.out.n_labels = f.labels ? f.files.n : 0;
        *out = f.out;
    } else {
        weir__free(c, f.labels);
        weir__array_free(c, &f.out);
    }
    weir__free(c, f.passed_first);
    names_free(c, &f.files);
    names_free(c, &f.folders);
    return weir_status_of(c);
}

weir_status weir__image_read(weir_ctx *c, const char *path, const void *data, size_t size,
                             weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    folder f = { .c = c, .where = path, .files.n = 1 };
    weir__array image;
    if (decode_image(&f, path, data, size, &image) && store(&f, path, &image)) *out = f.out;
    weir__array_free(c, &image);
    return weir_status_of(c);
}
