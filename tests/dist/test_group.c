/* test_group.c - what the ranks of a group do together: broadcast, gather, agreement; and how they
 * end when one fails, hangs or does something else. */
#include "dist/dist.h"
#include "dist/threads.h"

enum { LENGTH = 37, WAIT = 2 /* seconds for one that never answers */ };

/* -- values ----------------------------------------------------------------------------------- */
static void broadcasts(weir_ctx *c, void *user)
{
    (void)user;
    for (int k = 0; k < 3; k++) {
        int64_t v[LENGTH];
        for (int i = 0; i < LENGTH; i++) v[i] = weir_rank(c) == 0 ? 7 * i + k : -1;
        assert_true(weir__group_broadcast(c, v, sizeof v));
        for (int i = 0; i < LENGTH; i++) assert_int_equal(v[i], 7 * i + k);
    }
    assert_true(weir__group_broadcast(c, NULL, 0));
}

/* Rank r has r values: the first none */
static void gathers(weir_ctx *c, void *user)
{
    int64_t v[RANKS * RANKS] = { 0 };
    size_t ends[RANKS], n = 0;
    (void)user;
    for (int r = 0; r < weir_ranks(c); r++) {
        for (int i = 0; r == weir_rank(c) && i < r; i++) v[n + (size_t)i] = 100 * r + i;
        n += (size_t)r;
        ends[r] = n * sizeof *v;
    }
    assert_true(weir__group_gather(c, v, ends));
    n = 0;
    for (int r = 0; r < weir_ranks(c); r++)
        for (int i = 0; i < r; i++) assert_int_equal(v[n++], 100 * r + i);
}

static void any_of_them(weir_ctx *c, void *user)
{
    (void)user;
    for (int who = -1; who < weir_ranks(c); who++) {
        int64_t bits = weir_rank(c) == who ? 1 + who % 3 : 0;
        assert_true(weir__group_any(c, &bits));
        assert_int_equal(bits, who >= 0 ? 1 + who % 3 : 0);
    }
}

static void every_number_of_ranks(void **state)
{
    (void)state;
    for (int n = 1; n <= 9; n++) {
        ranks_all(n, 1, broadcasts, NULL, 0);
        ranks_all(n, 1, gathers, NULL, 0);
        ranks_all(n, 1, any_of_them, NULL, 0);
    }
}

/* -- agreement -------------------------------------------------------------------------------- */
/* An error of rank 1 is everyone's, and after that the group goes on. */
static void agrees(weir_ctx *c, void *user)
{
    const weir__group_word word = { "height", 180 };
    (void)user;
    assert_true(weir__group_agree(c, "test", 1, &word));
    if (weir_rank(c) == 1) weir_fail(c, WEIR_ERROR_VALUE, "ruler: %d: expected a height", 3);
    assert_false(weir__group_agree(c, "test", 1, &word));
    if (weir_rank(c) == 1) assert_fails(c, WEIR_ERROR_VALUE, "ruler: 3: expected a height");
    else assert_fails(c, WEIR_ERROR_VALUE, "rank 1: ruler: 3: expected a height");
    assert_true(weir__group_agree(c, "test", 1, &word));
    broadcasts(c, NULL);
}

static void differs(weir_ctx *c, void *user)
{
    const weir__group_word words[] = { { "width", 5 }, { "height", weir_rank(c) == 2 ? 3 : 180 } };
    (void)user;
    assert_false(weir__group_agree(c, "test", 2, words));
    assert_fails(c, WEIR_ERROR_STATE, "test: rank 2: height 3: expected 180, as on rank 0");
    broadcasts(c, NULL);
}

static void errors_are_shared(void **state)
{
    (void)state;
    for (int n = 2; n <= 5; n++) ranks_all(n, 1, agrees, NULL, 0);
    for (int n = 3; n <= 5; n++) ranks_all(n, 1, differs, NULL, 0);
}

/* -- ends ------------------------------------------------------------------------------------- */
static int bad; /* rank that misbehaves */

static void all_do(weir_ctx *c)
{
    for (int k = 0; k < 3; k++) {
        int64_t bits = 0;
        weir__group_any(c, &bits);
    }
}

static void one_fails(weir_ctx *c, void *user)
{
    (void)user;
    if (weir_rank(c) == bad) {
        weir_fail(c, WEIR_ERROR_MEMORY, "cellar: full: expected room");
        weir__group_fail(c);
    } else {
        all_do(c);
    }
}

static void one_leaves(weir_ctx *c, void *user)
{
    (void)user;
    if (weir_rank(c) != bad) all_do(c);
}

static void one_says_more(weir_ctx *c, void *user)
{
    char v[2 * LENGTH];
    (void)user;
    weir__group_broadcast(c, v, weir_rank(c) == bad ? 2 * LENGTH : LENGTH);
}

/* What all of n ranks but `except` say in the end */
static void everyone_says(int n, ranks_work *work, double seconds, int except, const char *part)
{
    ranks_rank at[RANKS];
    for (int r = 0; r < n; r++)
        at[r] = (ranks_rank){ .work = work, .threads = 1, .memory = { .fail_at = -1 } };
    ranks_run(at, n, seconds);
    for (int r = 0; r < n; r++)
        if (r != except && (at[r].status != WEIR_ERROR_IO || !strstr(at[r].message, part)))
            fail_msg("rank %d of %d: \"%s\" lacks \"%s\"", r, n, at[r].message, part);
}

static void a_failure_names_its_rank(void **state)
{
    (void)state;
    for (int n = 2; n <= 4; n++)
        for (bad = 0; bad < n; bad++) {
            char part[64];
            snprintf(part, sizeof part, "group: rank %d: cellar: full: expected room", bad);
            everyone_says(n, one_fails, 60, bad, part);
        }
}

static void one_that_is_silent_is_named(void **state)
{
    (void)state;
    for (int n = 2; n <= 4; n += 2)
        for (bad = 0; bad < n; bad++) {
            char part[64];
            snprintf(part, sizeof part, "group: rank %d: no answer to rank", bad);
            everyone_says(n, one_leaves, WAIT, bad, part);
        }
}

static void another_length_is_told(void **state)
{
    (void)state;
    bad = 1;
    everyone_says(2, one_says_more, 60, -1, "rank 0: 37 bytes to rank 1, which expected 74");
}

/* -- opening ---------------------------------------------------------------------------------- */
static weir_status no_start(void *user, int peer, int tag, const void *send, size_t send_bytes,
                            void *recv, size_t recv_bytes, void **request)
{
    return WEIR_ERROR_IO;
}

static void refused(weir_group g, const char *part)
{
    weir_open_opts o = weir_open_defaults();
    o.group = &g;
    weir_ctx *c = weir_open_with(&o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, part);
    assert_int_equal(weir_ranks(c), 1);
    weir_close(c);
}

static void a_group_is_looked_at(void **state)
{
    weir_ctx *c = *state;
    weir_group g = weir_group_defaults();
    assert_int_equal(weir_rank(c), 0);
    assert_int_equal(weir_ranks(NULL), 1);
    g.rank = 1;
    refused(g, "open: group: rank: expected one from 0");
    g.ranks = 2;
    refused(g, "open: group: NULL: expected the functions");
    g.seconds = NAN;
    refused(g, "open: group: seconds: expected more than 0");
    g.size = 12;
    refused(g, "weir_group_defaults");
}

static void an_exchange_that_cannot_begin(void **state)
{
    (void)state;
    ranks_world w;
    ranks_rank r = { .world = &w, .rank = 1 };
    ranks_begin_world(&w, 2, 60);
    weir_group g = ranks_group(&r);
    g.start = no_start;
    weir_open_opts o = weir_open_defaults();
    o.group = &g;
    weir_ctx *c = weir_open_with(&o);
    int64_t bits = 1;
    assert_false(weir__group_any(c, &bits));
    assert_fails(c, WEIR_ERROR_IO, "group: rank 1: no exchange with rank 0 could begin");
    assert_non_null(strstr(w.why, "rank 1: no exchange"));
    assert_false(weir__group_any(c, &bits)); /* it is over */
    assert_fails(c, WEIR_ERROR_IO, "group: rank 1: no exchange");
    weir_close(c);
    ranks_end_world(&w);
}

int main(void)
{
    CASES(cmocka_unit_test(every_number_of_ranks), cmocka_unit_test(errors_are_shared),
          cmocka_unit_test(a_failure_names_its_rank), cmocka_unit_test(one_that_is_silent_is_named),
          cmocka_unit_test(another_length_is_told), CASE(a_group_is_looked_at),
          cmocka_unit_test(an_exchange_that_cannot_begin));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
