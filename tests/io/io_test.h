/* io_test.h - what the tests of this room share: contexts, folders, exact messages. */
#ifndef WEIR_IO_TEST_H
#define WEIR_IO_TEST_H
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <dirent.h>
#include <unistd.h>
#include "io/internal.h"

#if defined(__GNUC__)
#define MAYBE_UNUSED __attribute__((unused))
#endif

/* An allocator that gives out `left` blocks and then no more; left < 0: any number. */
typedef struct allocator { int64_t left, live, largest; } allocator;

static MAYBE_UNUSED void *counted_resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    allocator *a = user;
    (void)old_bytes;
    if (new_bytes == 0) {
        a->live--;
        free(block);
        return NULL;
    }
    if (a->left == 0) return NULL;
    if (a->left > 0) a->left--;
    if ((int64_t)new_bytes > a->largest) a->largest = (int64_t)new_bytes;
    a->live++;
    return aligned_alloc(64, new_bytes);
}

static MAYBE_UNUSED weir_ctx *open_counted(allocator *a)
{
    *a = (allocator){ .left = -1 };
    weir_open_opts o = weir_open_defaults();
    o.resize = counted_resize;
    o.resize_user = a;
    weir_ctx *c = weir__ctx_new(NULL, &o);
    assert_non_null(c);
    return c;
}

static MAYBE_UNUSED weir_ctx *open_ctx(void)
{
    weir_open_opts o = weir_open_defaults();
    weir_ctx *c = weir__ctx_new(NULL, &o);
    assert_non_null(c);
    return c;
}

/* Every block must be back: no more are out than in a context just opened, but for the warnings that it keeps. */
static MAYBE_UNUSED void close_ctx(weir_ctx *c)
{
    weir_ctx *fresh = open_ctx();
    assert_int_equal(weir_memory(c).live_blocks - c->warnings.n, weir_memory(fresh).live_blocks);
    weir__ctx_delete(fresh);
    weir__ctx_delete(c);
}

static MAYBE_UNUSED void expect_ok(weir_ctx *c)
{
    if (!weir_ok(c)) fail_msg("%s", weir_message(c));
}

/* That the context failed just so; clears it. */
static MAYBE_UNUSED void expect(weir_ctx *c, weir_status status, const char *message)
{
    assert_string_equal(weir_message(c), message);
    assert_int_equal(weir_status_of(c), status);
    weir_clear(c);
}

/* tests/io/fixtures/NAME: by CMake's WEIR_TESTS_DIR, or beside this header as the compiler saw it. */
static MAYBE_UNUSED const char *fixture(const char *name)
{
    static char path[2][1024];
    static int turn;
    char *at = path[turn++ & 1];
#ifdef WEIR_TESTS_DIR
    snprintf(at, sizeof path[0], "%s/io/fixtures/%s", WEIR_TESTS_DIR, name);
#else
    const char *slash = strrchr(__FILE__, '/');
    snprintf(at, sizeof path[0], "%.*s/fixtures/%s", slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".", name);
#endif
    return at;
}

/* The file's bytes in a block of exactly their size, so that a sanitizer sees one byte too far. Free with free. */
static MAYBE_UNUSED unsigned char *load_exact(const char *path, size_t *size)
{
    weir_ctx *c = open_ctx();
    weir__bytes b;
    weir_status s = weir__file_read(c, path, 1 << 24, &b);
    if (s != WEIR_OK) fail_msg("%s", weir_message(c));
    unsigned char *data = malloc(b.size ? b.size : 1);
    assert_non_null(data);
    memcpy(data, b.data, b.size);
    *size = b.size;
    weir__free(c, b.data);
    close_ctx(c);
    return data;
}

/* A folder of the test's own. */
static MAYBE_UNUSED const char *make_folder(void)
{
    static char path[512];
    const char *base = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/weir-io-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

static MAYBE_UNUSED const char *in_folder(const char *folder, const char *name)
{
    static char path[4][2048];
    static int turn;
    char *at = path[turn++ & 3];
    snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static MAYBE_UNUSED int count_files(const char *folder)
{
    DIR *d = opendir(folder);
    int n = 0;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

/* Removes files and the (one level of) folders in it. */
static MAYBE_UNUSED void remove_folder(const char *folder)
{
    DIR *d = opendir(folder);
    if (!d) return;
    char path[2048];
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (unlink(path) != 0) remove_folder(path);
    }
    closedir(d);
    rmdir(folder);
}

static MAYBE_UNUSED void write_text(const char *path, const void *data, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

/* A folder of images, all of them decoded, in the order of `order` (NULL: as they come). */
static MAYBE_UNUSED weir_status read_folder_in(weir_ctx *c, const char *folder, const int64_t *order,
                                               weir__array *a)
{
    if (weir__image_folder_open(c, folder, a) != WEIR_OK) return weir_status_of(c);
    const weir__image_files *f = a->files;
    size_t each = (size_t)(f->channels * f->h * f->w) * weir_dtype_size(f->dtype);
    a->data = weir__alloc_n(c, f->n, each);
    for (int64_t i = 0; a->data && weir_ok(c) && i < f->n; i++) {
        int64_t k = order ? order[i] : i;
        weir__image_files_decode(c, f, k, (char *)a->data + (size_t)k * each);
    }
    if (!weir_ok(c)) weir__array_free(c, a);
    return weir_status_of(c);
}

static MAYBE_UNUSED weir_status read_folder(weir_ctx *c, const char *folder, weir__array *a)
{
    return read_folder_in(c, folder, NULL, a);
}

#endif
