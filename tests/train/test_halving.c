/* test_halving.c - recursive halving and doubling: the bits of the tree, for any length, with values
 * that some ranks lack, in the bytes of the formula; and its end when memory or a rank does. */
#include "dist/threads.h"
#include "train/train.h"

enum { FLAGS = 5 };

typedef struct summing {
    int64_t n;
    float *data, *other;
    uint8_t flags[FLAGS], other_flags[FLAGS];
    bool leaves; /* rank 1 does */
} summing;

/* Values whose sum depends on the order */
static float value(int rank, int64_t i)
{
    return (float)(weir__normal(3, (uint64_t)i, (uint64_t)rank) * exp2((double)((rank * 5 + i) % 23)));
}

/* Slot k has the values i with i % FLAGS == k; rank r lacks some of the slots. */
static bool has(int rank, int64_t slot) { return (rank * 3 + slot) % 4 != 0; }

static bool tree_value(int lo, int hi, int64_t i, float *v)
{
    if (hi - lo == 1) {
        *v = value(lo, i);
        return has(lo, i % FLAGS);
    }
    float a, b;
    int mid = lo + (hi - lo) / 2;
    bool left = tree_value(lo, mid, i, &a), right = tree_value(mid, hi, i, &b);
    *v = left ? a : b;
    if (left && right) *v = a + b;
    return left || right;
}

static void summing_add(void *user, int64_t lo, int64_t hi)
{
    summing *s = user;
    for (int64_t i = lo; i < hi; i++) {
        if (!s->other_flags[i % FLAGS]) continue;
        s->data[i] = s->flags[i % FLAGS] ? s->data[i] + s->other[i] : s->other[i];
    }
}

static void summing_merge(void *user)
{
    summing *s = user;
    for (int k = 0; k < FLAGS; k++) s->flags[k] |= s->other_flags[k];
}

static void sums(weir_ctx *c, void *user)
{
    summing *s = user;
    int me = weir_rank(c);
    const weir__halving h = {
        .data = (char *)s->data, .other = (char *)s->other, .n = s->n, .each = sizeof *s->data,
        .flags = s->flags, .other_flags = s->other_flags, .n_flags = FLAGS,
        .user = s, .add = summing_add, .merge = summing_merge,
    };
    for (int64_t i = 0; i < s->n; i++) s->data[i] = value(me, i);
    for (int k = 0; k < FLAGS; k++) s->flags[k] = has(me, k);
    if (s->leaves && me == 1) return;
    weir__halving_sum(c, &h);
}

static void sum_all(ranks_rank *at, summing *s, int ranks, int64_t n, bool leaves, double seconds)
{
    for (int r = 0; r < ranks; r++) {
        s[r] = (summing){ .n = n, .leaves = leaves };
        s[r].data = malloc((size_t)(n + 1) * sizeof(float));
        s[r].other = malloc((size_t)(n + 1) * sizeof(float));
        at[r].work = sums;
        at[r].user = &s[r];
        at[r].threads = 1;
    }
    ranks_run(at, ranks, seconds);
}

static void sum_free(summing *s, int ranks)
{
    for (int r = 0; r < ranks; r++) {
        free(s[r].data);
        free(s[r].other);
    }
}

static void every_length_has_the_bits_of_the_tree(void **state)
{
    (void)state;
    static const int64_t lengths[] = { 0, 1, 63, 64, 65, 127, 200, 1000, 4099 };
    ranks_rank at[RANKS] = { 0 };
    summing s[RANKS];
    for (int ranks = 1; ranks <= 16; ranks *= 2)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            int64_t n = lengths[k];
            for (int r = 0; r < ranks; r++) at[r] = (ranks_rank){ .memory = { .fail_at = -1 } };
            sum_all(at, s, ranks, n, false, 60);
            for (int r = 0; r < ranks; r++) assert_string_equal(at[r].message, "");
            int64_t turns = 0; /* log2 of the ranks; doc/scaling.md has the formula */
            while (1 << turns < ranks) turns++;
            assert_int_equal(at[0].bytes, 2 * 4 * n * (ranks - 1) + FLAGS * ranks * turns);
            assert_true(at[0].messages <= 3 * ranks * turns);
            for (int64_t i = 0; i < n; i++) {
                float expected = 0;
                if (!tree_value(0, ranks, i, &expected)) continue;
                for (int r = 0; r < ranks; r++)
                    assert_memory_equal(&s[r].data[i], &expected, sizeof expected);
            }
            sum_free(s, ranks);
        }
}

/* More than a bucket */
static void a_long_one_too(void **state)
{
    (void)state;
    enum { N = 1200007 };
    ranks_rank at[RANKS] = { 0 };
    summing s[RANKS];
    for (int r = 0; r < 2; r++) at[r] = (ranks_rank){ .memory = { .fail_at = -1 } };
    sum_all(at, s, 2, N, false, 60);
    assert_memory_equal(s[0].data, s[1].data, N * sizeof(float));
    for (int64_t i = 0; i < N; i += 10007) {
        float expected = 0;
        if (tree_value(0, 2, i, &expected)) assert_memory_equal(&s[0].data[i], &expected, sizeof expected);
    }
    sum_free(s, 2);
}

static void memory_that_ends_is_everyones(void **state)
{
    (void)state;
    ranks_rank at[4] = { 0 };
    summing s[4];
    bool failed = false;
    for (int64_t k = 0; k < 40; k++) {
        for (int r = 0; r < 4; r++) at[r] = (ranks_rank){ .memory = { .fail_at = r == 2 ? k : -1 } };
        sum_all(at, s, 4, 300, false, 60);
        if (strstr(at[0].message, "group: rank 2: ")) failed = true;
        else assert_string_equal(at[0].message, "");
        sum_free(s, 4);
    }
    assert_true(failed);
}

static void one_that_leaves_is_named(void **state)
{
    (void)state;
    ranks_rank at[2] = { { .memory = { .fail_at = -1 } }, { .memory = { .fail_at = -1 } } };
    summing s[2];
    sum_all(at, s, 2, 300, true, 1);
    assert_non_null(strstr(at[0].message, "group: rank 1: no answer to rank 0"));
    sum_free(s, 2);
}

static void only_powers_of_two(void **state)
{
    (void)state;
    assert_true(weir__halving_fits(8, 1) && weir__halving_fits(8, 8) && weir__halving_fits(64, 2));
    assert_false(weir__halving_fits(8, 3) || weir__halving_fits(12, 4) || weir__halving_fits(11, 2));
}

int main(void)
{
    CASES(cmocka_unit_test(every_length_has_the_bits_of_the_tree), cmocka_unit_test(a_long_one_too),
          cmocka_unit_test(memory_that_ends_is_everyones), cmocka_unit_test(one_that_leaves_is_named),
          cmocka_unit_test(only_powers_of_two));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
