/* image_folder.c - a folder of images as one array: what lies in it, and its classes. Order is the
 * byte order of names, so that ids mean the same everywhere. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "io/internal.h"

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

/* Without data, of a shape that memory could hold. */
static bool image_folder_shape(folder *f)
{
    const weir__image_files *all = f->out.files;
    int64_t numel;
    f->out.dtype = all->dtype;
    f->out.ndim = 4;
    f->out.shape[0] = all->n;
    f->out.shape[1] = all->channels;
    f->out.shape[2] = all->h;
    f->out.shape[3] = all->w;
    f->out.levels = all->levels;
    if (weir__shape_numel(4, f->out.shape, &numel)) return true;
    weir__io_fail(f->c, WEIR_ERROR_MEMORY, f->where, "expected fewer or smaller images");
    return false;
}

static bool image_folder_look_all(folder *f)
{
    f->out.files = weir__image_files_open(f->c, f->where, f->files.n, f->files.at);
    return f->out.files && image_folder_shape(f);
}

weir_status weir__image_folder_open(weir_ctx *c, const char *path, weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    folder f = { .c = c, .where = path };
    if (list_all(&f) && image_folder_look_all(&f) && (!f.labels || name_labels(&f))
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
