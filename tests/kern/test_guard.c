/* test_guard.c - what kernels read and write at the ends of memory: operands lie between pages that
 * may not be touched, at their very start or end; nothing but results is compared besides. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "kern_test.h"

/* -- memory between two such pages ------------------------------------------------------------- */
typedef struct guarded {
    char *whole, *at;
    size_t bytes;
} guarded;

static guarded guard(size_t bytes, bool end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (bytes + page - 1) / page * page;
    guarded g = { .bytes = inside + 2 * page };
    g.whole = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.whole != MAP_FAILED);
    assert_int_equal(mprotect(g.whole, page, PROT_NONE), 0);
    assert_int_equal(mprotect(g.whole + page + inside, page, PROT_NONE), 0);
    g.at = end ? g.whole + page + inside - bytes : g.whole + page;
    return g;
}

static guarded guard_noise(weir__real t, int64_t n, bool end)
{
    guarded g = guard(bytes_of(t) * (size_t)n, end);
    uint64_t seed = 7;
    for (int64_t i = 0; i < n; i++) put(t, g.at, i, rnd(&seed));
    return g;
}

static void drop(guarded g) { munmap(g.whole, g.bytes); }

#define EACH_END(e) for (int e = 0; e < 2; e++)

/* -- kernels ----------------------------------------------------------------------------------- */
static void transposed_copies(void **state)
{
    (void)state;
    EACH_KERN(k)
    EACH_REAL(t) EACH_END(e) for (int64_t m = 4; m < 40; m += 3) for (int64_t n = 4; n < 40; n++)
    {
        guarded x = guard_noise(t, m * n, e), y = guard(bytes_of(t) * (size_t)(m * n), e);
        weir__loop l = { 2, { m, n }, { { y.at, { 1, m } }, { x.at, { n, 1 } } } };
        weir__loop_copy(k, bytes_of(t), &l, NULL);
        for (int64_t i = 0; i < m * n; i++)
            assert_true(get(t, y.at, i % n * m + i / n) == get(t, x.at, i));
        drop(x);
        drop(y);
    }
}

/* Element j of line i comes from index[j], and, added, goes there */
static void check_columns(weir__real t, const weir__pick *p, int64_t rows, const char *x,
                          const char *y, const char *sums)
{
    for (int64_t i = 0; i < rows; i++) {
        double *sum = room(sizeof *sum * (size_t)p->m);
        for (int64_t j = 0; j < p->m; j++) sum[j] = 0;
        for (int64_t j = 0; j < p->n; j++) {
            double one = get(t, y, i * p->n + j), all = sum[p->index[j]] + one;
            assert_true(one == get(t, x, i * p->m + p->index[j]));
            sum[p->index[j]] = t == WEIR__F32 ? (double)(float)all : all;
        }
        for (int64_t j = 0; j < p->m; j++) {
            double got = get(t, sums, i * p->m + j);
            assert_true(got == sum[j] && !signbit(got) == !signbit(sum[j]));
        }
        free(sum);
    }
}

/* At random, or from the last column to the first, turned by three: from few vectors of a line */
static void picked_columns(const weir__isa *k, weir__real t, int64_t rows, int64_t n, int64_t m,
                           bool turned, bool end)
{
    int64_t index[WEIR__PICK_MOST];
    uint64_t seed = (uint64_t)(n + m);
    for (int64_t j = 0; j < n; j++) {
        index[j] = (int64_t)(fabs(rnd(&seed)) * (double)m);
        if (turned) index[j] = (m + 2 - j % m) % m;
    }
    weir__pick p = { n, m, index };
    size_t bytes = bytes_of(t);
    guarded x = guard_noise(t, rows * m, end), y = guard(bytes * (size_t)(rows * n), end);
    guarded sums = guard(bytes * (size_t)(rows * m), end);
    for (int64_t i = 0; i < m; i++) put(t, x.at, i, -0.0); /* sums of them are 0 */
    weir__loop l = { 2, { rows, 1 }, { { y.at, { n, 1 } }, { x.at, { m, 1 } } } };
    weir__loop back = { 2, { rows, 1 }, { { sums.at, { m, 1 } }, { y.at, { n, 1 } } } };
    assert_true(weir__loop_pick(k, bytes, &l, &p, threads_of(1 + (int)(rows % 2))));
    assert_true(weir__loop_pick_add(k, t, &back, &p, threads_of(2 - (int)(rows % 2))));
    check_columns(t, &p, rows, x.at, y.at, sums.at);
    drop(x);
    drop(y);
    drop(sums);
}

static void columns_by_index(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) EACH_END(e)
    {
        for (int64_t rows = 4; rows < 35; rows += 3)
            for (int64_t n = 1; n < 40; n += 5)
                for (int64_t m = 1; m <= 2 * n; m += 4)
                    for (int turned = 0; turned < 2; turned++)
                        picked_columns(k, t, rows, n, m, turned, e);
        for (int turned = 0; turned < 2; turned++) {
            picked_columns(k, t, 1001, 300, 511, turned, e);
            picked_columns(k, t, 1000, 256, WEIR__PICK_MOST, turned, e);
        }
    }
}

/* Blocks of whole floats, some of them side by side in x, too; threads cut rows */
static void blocks_by_index(void **state)
{
    (void)state;
    static const int64_t index[] = { 3, 4, 5, 0, 5, 5, 2, 1, 2 };
    enum { N = sizeof index / sizeof *index, M = 6 };
    EACH_END(e) for (int64_t rows = 1; rows < 6; rows++) for (int64_t n = 1; n < 5000; n = 3 * n + 1)
    {
        guarded x = guard_noise(WEIR__F32, rows * M * n, e);
        guarded y = guard(4 * (size_t)(rows * N * n), e);
        weir__pick p = { N, M, index };
        weir__pick_blocks(&p, rows, 4 * (size_t)n, y.at, x.at, threads_of((int)rows));
        for (int64_t i = 0; i < rows * N; i++)
            assert_memory_equal(y.at + 4 * i * n, x.at + 4 * (i / N * M + index[i % N]) * n,
                                4 * (size_t)n);
        drop(x);
        drop(y);
    }
}

static void halves(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_END(e) for (int h = 0; h < WEIR__HALVES; h++) for (int64_t n = 1; n < 70; n++)
    {
        guarded x = guard_noise(WEIR__F32, n, e), y = guard(2 * (size_t)n, e);
        guarded z = guard(4 * (size_t)n, e);
        k->to_half[h](n, y.at, x.at);
        k->from_half[h](n, z.at, y.at);
        for (int64_t i = 0; i < n; i++)
            assert_true(fabs(get(WEIR__F32, z.at, i) - get(WEIR__F32, x.at, i)) < 0.01);
        drop(x);
        drop(y);
        drop(z);
    }
}

static void short_rows(void **state)
{
    (void)state;
    EACH_KERN(k)
    EACH_REAL(t)
    EACH_END(e) for (int64_t n = 1; n <= WEIR__SHORT; n += 3) for (int64_t rows = 1; rows < 35;
                                                                   rows += 2)
    {
        guarded x = guard_noise(t, rows * n, e), g = guard_noise(t, rows * n, e);
        guarded y = guard(bytes_of(t) * (size_t)(rows * n), e);
        weir__rows r = { rows, n, y.at, n, x.at, NULL };
        weir__loop_rows(k, t, WEIR__R_softmax, &r, NULL);
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += get(t, y.at, (rows - 1) * n + i);
        assert_true(fabs(sum - 1) < 1e-5);
        r.b = g.at;
        weir__loop_rows(k, t, WEIR__R_softmax_backward, &r, NULL);
        drop(x);
        drop(g);
        drop(y);
    }
}

static void sums(void **state)
{
    (void)state;
    EACH_KERN(k)
    EACH_REAL(t) EACH_END(e) for (int64_t m = 1; m < 40; m += 2) for (int64_t n = 1; n < 40; n++)
    {
        guarded x = guard_noise(t, m * n, e);
        guarded lines = guard(bytes_of(t) * (size_t)m, e);
        guarded columns = guard(bytes_of(t) * (size_t)n, e);
        weir__loop l = { 2, { m, n }, { { lines.at, { 1, 0 } }, { x.at, { n, 1 } } } };
        weir__loop_sum(k, t, &l, NULL);
        l.x[0] = (weir__operand){ columns.at, { 0, 1 } };
        weir__loop_sum(k, t, &l, NULL);
        double difference = 0;
        for (int64_t i = 0; i < m; i++) difference += get(t, lines.at, i);
        for (int64_t i = 0; i < n; i++) difference -= get(t, columns.at, i);
        assert_true(fabs(difference) < 1e-3);
        drop(x);
        drop(lines);
        drop(columns);
    }
}

static void norm(const weir__isa *k, weir__real t, weir__norm o, bool e)
{
    size_t size = bytes_of(t);
    int64_t n = o.batch * o.channels * o.run, stats = o.batch * o.groups;
    guarded x = guard_noise(t, n, e), g = guard_noise(t, n, e), w = guard_noise(t, o.channels, e);
    guarded y = guard(size * (size_t)n, e), stat = guard(16 * (size_t)stats, e);
    guarded part = guard(16 * (size_t)(o.batch * o.channels), e);
    guarded sum = guard(16 * (size_t)o.channels, e), scale = guard(3 * size * (size_t)o.batch, e);
    o.x = x.at;
    o.g = g.at;
    o.w = o.b = w.at;
    o.y = y.at;
    o.stats = (double *)(void *)stat.at;
    o.parts = weir__norm_has_parts(&o) ? (double *)(void *)part.at : NULL;
    o.sums = (double *)(void *)sum.at;
    o.scales = o.run == 1 && o.groups == 1 ? scale.at : NULL;
    weir__norm_forward(k, t, &o, NULL);
    weir__norm_backward(k, t, &o, true, true, NULL);
    for (int64_t i = 0; i < n; i++) assert_true(isfinite(get(t, y.at, i)));
    const guarded all[] = { x, g, w, y, stat, part, sum, scale };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) drop(all[i]);
}

static void norms(void **state)
{
    (void)state;
    EACH_KERN(k)
    EACH_REAL(t) EACH_END(e) for (int way = 0; way < 4; way++) for (int64_t n = 1; n < 40; n++)
    {
        weir__norm o = { .batch = 2, .channels = 3 * n, .run = 5, .groups = 3, .eps = 1e-5 };
        o.last = way % 2;
        o.silu = way / 2;
        o.centred = true;
        norm(k, t, o, e);
        o.run = 1;
        o.groups = 1;
        o.last = true;
        norm(k, t, o, e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(transposed_copies),
                                        cmocka_unit_test(columns_by_index), cmocka_unit_test(blocks_by_index),
                                        cmocka_unit_test(halves),
                                        cmocka_unit_test(short_rows),
                                        cmocka_unit_test(sums),
                                        cmocka_unit_test(norms) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
