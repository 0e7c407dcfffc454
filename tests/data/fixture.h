/* fixture.h - what the tests of the data room share. */
#ifndef FIXTURE_H
#define FIXTURE_H
#include <unistd.h>
#ifdef WEIR_HAVE_ZLIB
#include <zlib.h>
enum { CAN_PACK = 1 };
#else
enum { CAN_PACK = 0 }; /* nor can the library unpack */
#endif
#include "data/data.h"
#include "test.h"

/* Paths of fixtures are relative to the root of the source tree. */
static inline void go_to_root(void) { assert_int_equal(chdir(WEIR_TESTS_DIR "/.."), 0); }

/* A new file with these bytes in a folder of the test's own; name without '/'. */
static inline const char *scratch_folder(void)
{
    static char folder[64];
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        assert_true(snprintf(folder, sizeof folder, "%s/weir-data-XXXXXX", base && base[0] ? base : "/tmp") < (int)sizeof folder);
        assert_non_null(mkdtemp(folder));
    }
    return folder;
}

static inline const char *scratch_file(char path[128], const char *name, const void *data, size_t size, bool packed)
{
    snprintf(path, 128, "%s/%s", scratch_folder(), name);
    if (packed) {
#ifdef WEIR_HAVE_ZLIB
        gzFile f = gzopen(path, "wb1");
        assert_non_null(f);
        assert_int_equal(gzwrite(f, data, (unsigned)size), (int)size);
        assert_int_equal(gzclose(f), Z_OK);
#else
        fail_msg("%s: no zlib in this build", path);
#endif
    } else {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(data, 1, size, f), size);
        assert_int_equal(fclose(f), 0);
    }
    return path;
}

static inline const char *text_file(char path[128], const char *name, const char *text)
{
    return scratch_file(path, name, text, strlen(text), false);
}

static inline void remove_scratch(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_folder());
    assert_int_equal(system(command), 0);
}

/* Opens a SPEC that must be good. */
static inline weir_dataset *opened(weir_ctx *c, const char *spec)
{
    weir_dataset *d = weir_dataset_open(c, spec);
    if (!weir_ok(c)) fail_msg("%s: %s", spec, weir_message(c));
    assert_false(d->object.nil);
    return d;
}

/* A SPEC that must fail with this status and a message that holds each of the words (NULL ends them). */
static inline void refused(weir_ctx *c, weir_status status, const char *spec, const char *const *words)
{
    weir_memory_info before = weir_memory(c);
    weir_dataset *d = weir_dataset_open(c, spec);
    if (weir_ok(c)) fail_msg("%s: was accepted", spec);
    if (weir_status_of(c) != status) fail_msg("%s: status %d, expected %d: %s", spec, weir_status_of(c), status, weir_message(c));
    for (; *words; words++)
        if (!strstr(weir_message(c), *words)) fail_msg("%s: no \"%s\" in: %s", spec, *words, weir_message(c));
    assert_true(d->object.nil);
    assert_int_equal(weir_dataset_samples(d), 0);
    assert_int_equal(weir_memory(c).live_blocks, before.live_blocks);
    weir_clear(c);
}
#define REFUSED(c, status, spec, ...) refused(c, status, spec, (const char *const[]){ __VA_ARGS__, NULL })

/* Around every test: a context of its own, and nothing of it left at the end. */
static weir_ctx *c;
static int64_t blocks_at_open;

static inline int open_context(void **state)
{
    (void)state;
    go_to_root();
    c = weir_open(1);
    blocks_at_open = weir_memory(c).live_blocks;
    return !weir_ok(c);
}

static inline int close_context(void **state)
{
    (void)state;
    int64_t left = weir_memory(c).live_blocks - blocks_at_open - (c->objects != NULL) - (c->scopes != NULL); /* lists stay grown */
    if (!weir_ok(c)) fprintf(stderr, "left in error: %s\n", weir_message(c));
    if (left != 0) fprintf(stderr, "%lld blocks left\n", (long long)left);
    bool good = weir_ok(c) && left == 0;
    weir_close(c);
    return !good;
}
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_context, close_context)

#endif
