/* test_tree.c - the tree that adds shards: its shape, its buffers, on any number of threads. */
#include <stdatomic.h>
#include "test.h"
#include "train/train.h"

enum { MOST = 64 };

/* Numbers whose sum depends on the order */
static double number(int64_t shard) { return weir__normal(5, 0, (uint64_t)shard) * exp2((double)(shard * 7 % 31)); }

/* What the shards' buffers were added by before they were given back early: (0+1)+(2+3)... in place */
static double by_gaps(int64_t n)
{
    double x[MOST];
    for (int64_t i = 0; i < n; i++) x[i] = number(i);
    for (int64_t gap = 1; gap < n; gap *= 2)
        for (int64_t i = 0; i + gap < n; i += 2 * gap) x[i] += x[i + gap];
    return x[0];
}

static double by_halves(int64_t lo, int64_t hi)
{
    if (hi - lo == 1) return number(lo);
    int64_t mid = lo + weir__tree_split(hi - lo);
    return by_halves(lo, mid) + by_halves(mid, hi);
}

typedef struct adder {
    double at[MOST];
    atomic_bool full[MOST];
    atomic_int n_full, most_full;
    atomic_int times[MOST]; /* that a shard was asked for */
} adder;

static void adder_shard(void *adder_, int thread, int64_t shard, int64_t buffer)
{
    adder *a = adder_;
    (void)thread;
    bool was = atomic_exchange(&a->full[buffer], true);
    assert_false(was);
    int now = ++a->n_full, most = a->most_full;
    while (now > most && !atomic_compare_exchange_weak(&a->most_full, &most, now)) continue;
    a->times[shard]++;
    a->at[buffer] = number(shard);
}

static void adder_add(void *adder_, int64_t to, int64_t from)
{
    adder *a = adder_;
    a->at[to] += a->at[from];
    a->full[from] = false;
    a->n_full--;
}

static int64_t buffers(int64_t shards, int threads)
{
    return weir__tree_buffers(shards, (weir__span){ 0, shards }, threads);
}

static void one_tree_of_every_size(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        weir_open_opts o = weir_open_defaults();
        o.threads = threads;
        weir_ctx *c = weir_open_with(&o);
        for (int64_t n = 1; n <= MOST; n++) {
            adder a = { 0 };
            weir__tree t = { .shards = n, .ranks = 1, .user = &a, .shard = adder_shard, .add = adder_add };
            assert_true(weir__tree_sum(c, &t));
            double expected = by_gaps(n), halves = by_halves(0, n);
            assert_memory_equal(&a.at[0], &expected, sizeof expected);
            assert_memory_equal(&halves, &expected, sizeof expected);
            for (int64_t i = 0; i < n; i++) assert_int_equal(a.times[i], 1);
            int used = threads < n ? threads : (int)n;
            assert_true(a.most_full <= buffers(n, used));
            assert_true((double)a.most_full <= log2((double)n) + used);
        }
        weir_close(c);
    }
}

static void halves_are_powers_of_two(void **state)
{
    (void)state;
    static const int64_t split[][2] = { { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 4 }, { 8, 4 }, { 9, 8 }, { 1000, 512 }, { 1024, 512 } };
    for (size_t i = 0; i < sizeof split / sizeof *split; i++) assert_int_equal(weir__tree_split(split[i][0]), split[i][1]);
    assert_int_equal(buffers(1, 1), 1);
    assert_int_equal(buffers(2, 2), 2);
    assert_int_equal(buffers(64, 1), 7);
    assert_int_equal(buffers(64, 8), 14);
    assert_int_equal(buffers(1000, 2), 11);
}

/* Every shard is one rank's, and those of a rank are contiguous; none has none. */
static void ranks_share_the_shards(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= MOST; n++)
        for (int ranks = 1; ranks <= n; ranks++) {
            int64_t next = 0;
            for (int r = 0; r < ranks; r++) {
                weir__span own = weir__tree_own(n, r, ranks);
                assert_int_equal(own.lo, next);
                assert_true(own.hi > own.lo);
                for (int64_t i = own.lo; i < own.hi; i++)
                    assert_int_equal(weir__tree_rank(n, ranks, i), r);
                next = own.hi;
            }
            assert_int_equal(next, n);
        }
}

/* -- a step of many shards ------------------------------------------------------------------------- */
enum { ROWS = 64, DIM = 40 };

/* Bytes that the context of a step of so many shards holds at most, beyond those of one shard */
static int64_t bytes_of_step(int threads, int64_t shards)
{
    static float x[ROWS * DIM];
    int64_t peak[2];
    for (int i = 0; i < 2; i++) {
        weir_open_opts o = weir_open_defaults();
        o.threads = threads;
        weir_ctx *c = weir_open_with(&o);
        weir_model *m = weir_model_new(c, "nice", "dim=40 hidden=300,300 init=pytorch");
        weir_optim *optim = weir_optim_new(weir_model_module(m), "sgd", "");
        weir_step_opts s = weir_step_defaults();
        s.shards = i ? shards : 2;
        weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(ROWS, DIM)), NULL, NULL, NULL);
        assert_int_equal(weir_train_step_with(m, optim, b, &s, NULL), WEIR_OK);
        peak[i] = weir_memory(c).peak_bytes;
        weir_optim_free(optim);
        weir_model_free(m);
        weir_close(c);
    }
    return peak[1] - peak[0];
}

/* Two shards have two buffers of gradients, one of them the module's own; 64 have 6 + threads. */
static void many_shards_hold_few_gradients(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=40 hidden=300,300 init=pytorch");
    void *values;
    int64_t gradients = weir_module_flat(weir_model_module(m), NULL, &values) * (int64_t)sizeof(float);
    weir_model_free(m);
    for (int threads = 1; threads <= 3; threads++) {
        int64_t more = buffers(64, threads) - 2;
        int64_t bytes = bytes_of_step(threads, 64);
        if (bytes > (more + 1) * gradients)
            fail_msg("%d threads: %lld bytes more, a buffer of gradients is %lld", threads, (long long)bytes,
                     (long long)gradients);
    }
}

int main(void)
{
    CASES(cmocka_unit_test(one_tree_of_every_size), cmocka_unit_test(halves_are_powers_of_two),
          cmocka_unit_test(ranks_share_the_shards),
          CASE(many_shards_hold_few_gradients));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
