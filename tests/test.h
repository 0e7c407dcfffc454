/* test.h - what the C tests share: cmocka, a context per test, a failing allocator. */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include "sanitized.h"
#include "weir.h"

#define SHAPE(...) (const int64_t[]){ __VA_ARGS__ }
#define CASES(...) const struct CMUnitTest cases[] = { __VA_ARGS__ }
#define CASE(f) cmocka_unit_test_setup_teardown(f, test_open, test_close)

static inline int test_open(void **state)
{
    *state = weir_open(1);
    return weir_ok(*state) ? 0 : -1;
}

/* Whatever a test left in its scopes is returned; nothing else may be live. */
static inline int test_close(void **state)
{
    weir_close(*state);
    return 0;
}

#define assert_ok(c) do { if (!weir_ok(c)) fail_msg("%s", weir_message(c)); } while (0)
#define assert_fails(c, status, part) \
    do { \
        assert_int_equal(weir_status_of(c), status); \
        if (!strstr(weir_message(c), part)) fail_msg("message \"%s\" lacks \"%s\"", weir_message(c), part); \
        weir_clear(c); \
    } while (0)
static inline void assert_near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * (1 + fabs(b)))) fail_msg("%.17g is not near %.17g", a, b);
}

/* An allocator that fails from the n-th call on, or only at it, and counts what is out. */
typedef struct test_memory { _Atomic int64_t calls; int64_t fail_at; _Atomic int64_t out; bool once; } test_memory; /* workers call it too */
static inline void *test_resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    test_memory *m = user;
    (void)old_bytes;
    if (new_bytes == 0) {
        if (block) m->out--;
        free(block);
        return NULL;
    }
    int64_t n = m->calls++;
    if (m->fail_at >= 0 && (m->once ? n == m->fail_at : n >= m->fail_at)) return NULL;
    m->out++;
    return aligned_alloc(64, new_bytes);
}

/* Runs `work` with allocation `n` failing and all after it. True: it passed untouched. A run that
 * failed must leave the memory status, and return every block. */
static inline bool test_allocation(void (*work)(weir_ctx *c), int64_t n, int64_t *calls)
{
    test_memory m = { .fail_at = n, .once = false };
    weir_open_opts o = weir_open_defaults();
    o.resize = test_resize;
    o.resize_user = &m;
    o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    if (weir_ok(c)) work(c);
    weir_status s = weir_status_of(c);
    *calls = m.calls;
    bool done = n < 0 || m.calls <= n;
    if (s != (done ? WEIR_OK : WEIR_ERROR_MEMORY))
        fail_msg("allocation %lld: status %d: %s", (long long)n, (int)s, weir_message(c));
    weir_close(c);
    if (m.out != 0) fail_msg("allocation %lld: %lld blocks leaked", (long long)n, (long long)m.out);
    return done;
}

/* The first allocation fails, then the second, ... until a run passes untouched. Without the pool,
 * under sanitizers, some works make tens of thousands, each run as many: of more than MOST every
 * third is taken, or fifth, .. (odd, for loops that allocate twice or four times a turn) */
static inline void test_every_allocation(void (*work)(weir_ctx *c))
{
    enum { MOST = TEST_SANITIZED ? 300 : 1500 };
    int64_t calls = 0;
    test_allocation(work, -1, &calls);
    int64_t step = 1 + calls / MOST;
    step |= 1;
    for (int64_t n = 0; !test_allocation(work, n, &calls);) n += step;
}

#endif
