/* Contexts, scopes, memory. */
#include <sys/mman.h>
#include "test.h"
#include "base/base.h"

static void a_failed_open_is_a_failed_context(void **state)
{
    (void)state;
    test_memory m = { .fail_at = 0 };
    weir_open_opts o = weir_open_defaults();
    o.resize = test_resize, o.resize_user = &m;
    weir_ctx *c = weir_open_with(&o);
    assert_non_null(c);
    assert_false(weir_ok(c));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_MEMORY);
    assert_true(strlen(weir_message(c)) > 0);
    weir_clear(c);
    assert_false(weir_ok(c));
    weir_tensor *x = weir_zeros(c, WEIR_F32, 1, SHAPE(3));
    assert_true(weir_is_nil(x));
    assert_true(isnan(weir_item(weir_add(x, x))));
    weir_scope_end(weir_scope_begin(c));
    weir_close(c);
    assert_true(weir_is_nil(weir_add(NULL, NULL)));
    assert_string_equal(weir_message(NULL)[0] ? "said" : "", "said");
}

static void opening_survives_every_allocation_failing(void **state)
{
    (void)state;
    for (int64_t n = 0;; n++) {
        test_memory m = { .fail_at = n };
        weir_open_opts o = weir_open_defaults();
        o.resize = test_resize, o.resize_user = &m;
        weir_ctx *c = weir_open_with(&o);
        bool ok = weir_ok(c);
        weir_close(c);
        assert_int_equal(m.out, 0);
        if (ok) {
            assert_true(n > 5);
            return;
        }
    }
}

static void scopes_return_everything(void **state)
{
    weir_ctx *c = *state;
    weir_memory_info before = weir_memory(c);
    for (int i = 0; i < 3; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_ones(c, WEIR_F32, 1, SHAPE(1000));
        for (int k = 0; k < 10; k++) x = weir_add(x, x);
        weir_scope_end(s);
        if (i == 0) before = weir_memory(c); /* the lists themselves have grown */
    }
    assert_int_equal(weir_memory(c).live_blocks, before.live_blocks);
    assert_int_equal(weir_memory(c).live_bytes, before.live_bytes);
    assert_ok(c);
}

static void an_early_return_heals(void **state)
{
    weir_ctx *c = *state;
    weir_scope outer = weir_scope_begin(c);
    weir_scope inner = weir_scope_begin_no_grad(c);
    weir_zeros(c, WEIR_F32, 1, SHAPE(8));
    weir_scope_end(outer); /* inner was forgotten */
    assert_ok(c);
    assert_false(c->modes.no_grad);
    weir_scope_end(inner);
    assert_fails(c, WEIR_ERROR_STATE, "has ended");
    weir_scope_end(outer);
    assert_fails(c, WEIR_ERROR_STATE, "has ended");
}

static void keep_moves_one_scope_out(void **state)
{
    weir_ctx *c = *state;
    weir_scope outer = weir_scope_begin(c), inner = weir_scope_begin(c);
    weir_tensor *x = weir_keep(weir_full(c, WEIR_F64, 0, NULL, 7));
    weir_scope_end(inner);
    assert_near(weir_item(x), 7, 0);
    weir_tensor *y = weir_retain(x);
    weir_scope_end(outer);
    assert_near(weir_item(y), 7, 0); /* held by the retain alone */
    weir_release(y);
    assert_ok(c);
}

static void steady_loops_ask_the_system_for_nothing(void **state)
{
    weir_ctx *c = *state;
#ifdef WEIR_NO_POOL
    (void)c;
    skip();
#else
    int64_t calls = 0;
    for (int i = 0; i < 50; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_sum(weir_exp(weir_rand(c, WEIR_F32, 2, SHAPE(64, 300))));
        weir_scope_end(s);
        if (i == 2) calls = weir_memory(c).system_calls;
    }
    assert_int_equal(weir_memory(c).system_calls, calls);
#endif
}

static void the_first_error_wins_and_stays_one_line(void **state)
{
    weir_ctx *c = *state;
    weir_fail(c, WEIR_ERROR_IO, "a\nb\t%s", "c\x1b[31m");
    weir_fail(c, WEIR_ERROR_MEMORY, "later");
    assert_string_equal(weir_message(c), "a b c [31m");
    assert_int_equal(weir_status_of(c), WEIR_ERROR_IO);
    weir_clear(c);
    assert_ok(c);
}

static void two_contexts_do_not_mix(void **state)
{
    weir_ctx *c = *state, *other = weir_open(2);
    weir_tensor *y = weir_add(weir_scalar(c, WEIR_F32, 1), weir_scalar(other, WEIR_F32, 1));
    assert_true(weir_is_nil(y));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "two contexts");
    weir_close(other);
}

static void workers_read_their_parents(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_full(c, WEIR_F64, 1, SHAPE(4), 3);
    weir_ctx *w = weir_worker_open(c, 1);
    weir_tensor *y = weir_add(x, weir_ones(w, WEIR_F64, 1, SHAPE(4)));
    assert_ptr_equal(weir_ctx_of(y), w);
    assert_near(weir_get(y, SHAPE(2)), 4, 0);
    weir_close(w);
    assert_near(weir_get(x, SHAPE(2)), 3, 0);
    assert_ok(c);
}

/* Pages of its own for each block, unmapped when it is given back: a look at it then is a fault. */
static void *pages(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    if (new_bytes == 0) {
        munmap(block, old_bytes);
        return NULL;
    }
    void *m = mmap(NULL, new_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return m == MAP_FAILED ? NULL : m;
}

/* Blocks of every class, grown and given back in random order: the bounds of what is kept are met
 * by the block that is given back, by another one, and by none. */
static void what_went_back_is_not_read(void **state)
{
    (void)state;
    enum { HELD = 12 };
    weir_open_opts o = weir_open_defaults();
    o.resize = pages;
    weir_ctx *c = weir_open_with(&o);
    for (uint64_t round = 0; round < 40; round++) {
        void *held[HELD] = { NULL };
        for (uint64_t i = 0; i < 200; i++) {
            const uint64_t draw = weir__hash_mix(round, i);
            void **m = &held[draw % HELD];
            const size_t bytes = (size_t)(draw >> 32) >> (10 + draw / HELD % 22);
            if (draw >> 8 & 1) {
                *m = weir__realloc(c, *m, bytes);
            } else {
                weir__free(c, *m);
                *m = NULL;
            }
        }
        for (int i = 0; i < HELD; i++) weir__free(c, held[i]);
    }
    assert_ok(c);
    weir_close(c);
}

int main(void)
{
    CASES(cmocka_unit_test(a_failed_open_is_a_failed_context), cmocka_unit_test(opening_survives_every_allocation_failing), CASE(scopes_return_everything),
          CASE(an_early_return_heals), CASE(keep_moves_one_scope_out), CASE(steady_loops_ask_the_system_for_nothing), CASE(the_first_error_wins_and_stays_one_line),
          CASE(two_contexts_do_not_mix), CASE(workers_read_their_parents), cmocka_unit_test(what_went_back_is_not_read));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
