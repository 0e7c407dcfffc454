/* test_loop.c - n-d loops against plain index arithmetic; sums and maxima whose bits depend on one result's own inputs alone. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"
#include "tensor/tensor.h"

static int64_t count(const weir__loop *l)
{
    int64_t n = 1;
    for (int i = 0; i < l->ndim; i++) n *= l->shape[i];
    return n;
}

static int64_t offset(const weir__loop *l, int operand, int64_t index)
{
    int64_t at = 0;
    for (int i = l->ndim - 1; i >= 0; i--) at += index % l->shape[i] * l->x[operand].stride[i], index /= l->shape[i];
    return at;
}

/* Strides of a dense array whose axes lie in memory in an order drawn from `seed`; of an input, an axis may be broadcast */
static int64_t lay(weir__loop *l, int operand, uint64_t *seed, bool broadcast)
{
    int order[WEIR__MAX_RANK];
    int64_t size = 1;
    for (int i = 0; i < l->ndim; i++) order[i] = i;
    for (int i = l->ndim - 1; i > 0; i--) {
        int j = (int)(fabs(rnd(seed)) * (i + 0.999)), t = order[i];
        if (rnd(seed) < 0) order[i] = order[j], order[j] = t;
    }
    for (int i = l->ndim - 1; i >= 0; i--) {
        bool still = broadcast && rnd(seed) > 0.6;
        l->x[operand].stride[order[i]] = still ? 0 : size;
        if (!still) size *= l->shape[order[i]];
        if (rnd(seed) > 0.8) size++; /* rows with gaps */
    }
    return size + 1;
}

static void random_shape(weir__loop *l, uint64_t *seed)
{
    l->ndim = (int)(fabs(rnd(seed)) * 5.99);
    for (int i = 0; i < l->ndim; i++) l->shape[i] = (int64_t)(1 + fabs(rnd(seed)) * (l->ndim < 3 ? 150 : 9));
}

static void test_elementwise(void **state)
{
    (void)state;
    uint64_t seed = 3;
    EACH_KERN(k) EACH_REAL(t) for (int round = 0; round < 400; round++)
    {
        weir__loop l = { 0 };
        random_shape(&l, &seed);
        int64_t n = count(&l), size[4];
        void *x[4];
        for (int o = 0; o < 4; o++) size[o] = lay(&l, o, &seed, o > 0), x[o] = noise(t, size[o], seed + (uint64_t)o), l.x[o].data = x[o];
        weir__loop_binary(k, t, WEIR__B_mul, &l, threads_of(1 + round % 2));
        for (int64_t i = 0; i < n; i++) {
            double e = get(t, x[1], offset(&l, 1, i)) * get(t, x[2], offset(&l, 2, i));
            assert_true(get(t, x[0], offset(&l, 0, i)) == (t == WEIR__F32 ? (double)(float)e : e));
        }
        weir__loop_unary(k, t, WEIR__U_neg, &l, NULL, NULL);
        for (int64_t i = 0; i < n; i++) assert_true(get(t, x[0], offset(&l, 0, i)) == -get(t, x[1], offset(&l, 1, i)));
        weir__loop_copy(k, bytes_of(t), &l, threads_of(2));
        for (int64_t i = 0; i < n; i++) assert_true(get(t, x[0], offset(&l, 0, i)) == get(t, x[1], offset(&l, 1, i)));
        uint8_t *test = x[1];
        for (int64_t i = 0; i < size[1]; i++) test[i] = rnd(&seed) > 0;
        weir__loop_where(k, t, &l, NULL);
        for (int64_t i = 0; i < n; i++)
            assert_true(get(t, x[0], offset(&l, 0, i)) == (test[offset(&l, 1, i)] ? get(t, x[2], offset(&l, 2, i)) : get(t, x[3], offset(&l, 3, i))));
        weir__loop m = l;
        for (int o = 1; o < 3; o++) m.x[o] = l.x[o + 1];
        weir__loop_compare(k, t, WEIR__C_lt, &m, NULL);
        for (int64_t i = 0; i < n; i++)
            assert_int_equal(((uint8_t *)x[0])[offset(&m, 0, i)], get(t, x[2], offset(&m, 1, i)) < get(t, x[3], offset(&m, 2, i)));
        for (int o = 0; o < 4; o++) free(x[o]);
    }
}

static void test_large(void **state)
{
    (void)state;
    enum { M = 700, N = 900 };
    EACH_KERN(k)
    {
        float *a = noise(WEIR__F32, M * N, 1), *b = noise(WEIR__F32, N, 2), *y = room(4 * M * N), *z = room(4 * M * N);
        weir__loop l = { 2, { M, N }, { { y, { N, 1 } }, { a, { N, 1 } }, { b, { 0, 1 } } } };
        weir__loop_binary(k, WEIR__F32, WEIR__B_add, &l, threads_of(2));
        for (int i = 0; i < M * N; i++) assert_true(y[i] == a[i] + b[i % N]);
        l.x[0].data = z;
        weir__loop_unary(k, WEIR__F32, WEIR__U_exp, &l, NULL, threads_of(2));
        k->unary[WEIR__F32][WEIR__U_exp](M * N, y, 1, a, 1, NULL);
        assert_memory_equal(y, z, 4 * M * N);
        free(a), free(b), free(y), free(z);
    }
}

/* [A, M, N] with [A, 1, N], rows of every length to what several at a time take and beyond */
static void test_repeats(void **state)
{
    (void)state;
    enum { A = 3, MOST = 600 };
    static const int64_t rows[] = { 1, 2, 17, 400 }, lengths[] = { 1, 2, 3, 16, 64, 67, 512, 513, MOST };
    EACH_KERN(k) EACH_REAL(t) for (int r = 0; r < 4 * 9; r++)
    {
        int64_t m = rows[r / 9], n = lengths[r % 9];
        void *a = noise(t, A * m * n, 1), *b = noise(t, A * n, 2), *y = noise(t, A * m * n, 3);
        weir__loop l = { 3, { A, m, n }, { { y, { m * n, n, 1 } }, { a, { m * n, n, 1 } }, { b, { n, 0, 1 } } } };
        weir__loop_binary(k, t, WEIR__B_add, &l, threads_of(1 + r % 3));
        for (int64_t i = 0; i < A * m * n; i++) {
            double e = get(t, a, i) + get(t, b, i / (m * n) * n + i % n);
            assert_true(get(t, y, i) == (t == WEIR__F32 ? (double)(float)e : e));
        }
        free(a), free(b), free(y);
    }
}

static void test_empty(void **state)
{
    (void)state;
    EACH_KERN(k)
    {
        float y[3] = { 7, 7, 7 };
        weir__loop none = { 2, { 0, 3 }, { { y, { 3, 1 } }, { y, { 3, 1 } }, { y, { 3, 1 } } } };
        weir__loop_binary(k, WEIR__F32, WEIR__B_add, &none, threads_of(2));
        assert_true(y[0] == 7);
        none.x[0].stride[0] = 0; /* sum over the empty axis: 0 */
        weir__loop_sum(k, WEIR__F32, &none, threads_of(2));
        assert_true(y[0] == 0 && y[1] == 0 && y[2] == 0);
        float x = 5;
        weir__loop scalar = { 0, { 0 }, { { y, { 0 } }, { &x, { 0 } } } };
        weir__loop_sum(k, WEIR__F32, &scalar, NULL);
        assert_true(y[0] == 5);
    }
}

/* What one result must be to the bit: its elements in logical order, alone, through the dense kernel */
static double alone(const weir__isa *k, weir__real t, const weir__loop *l, int64_t out, bool max)
{
    int64_t n = count(l), m = 0;
    void *x = room(8 * (size_t)n);
    for (int64_t i = 0; i < n; i++)
        if (offset(l, 0, i) == out) put(t, x, m++, get(t, l->x[1].data, offset(l, 1, i)));
    double r = max ? k->max[t](m, x, 1) : k->sum[t](m, x, 1);
    free(x);
    return t == WEIR__F32 ? (double)(float)r : r;
}

static void test_reduce(void **state)
{
    (void)state;
    uint64_t seed = 9;
    EACH_KERN(k) EACH_REAL(t) for (int round = 0; round < 150; round++)
    {
        weir__loop l = { 0 };
        random_shape(&l, &seed);
        bool few = round % 10 == 5; /* of the last axis alone */
        if (round % 10 == 0 && l.ndim) l.shape[0] = 1700;
        if (few && l.ndim) l.shape[l.ndim - 1] = 2 + round % 3;
        int64_t size = lay(&l, 1, &seed, false), results = 1;
        for (int i = l.ndim - 1; i >= 0; i--) { /* drawn kept axes, dense output */
            bool kept = few ? i < l.ndim - 1 : rnd(&seed) > 0;
            l.x[0].stride[i] = kept ? results : 0;
            if (kept) results *= l.shape[i];
        }
        void *x = noise(t, size, seed), *y = room(8 * (size_t)results);
        l.x[0].data = y, l.x[1].data = x;
        for (int max = 0; max < 2; max++) {
            if (max) weir__loop_max(k, t, &l, threads_of(1 + round % 2));
            else weir__loop_sum(k, t, &l, threads_of(1 + round % 2));
            for (int64_t i = 0; i < results && count(&l) * results < 3000000; i++)
                if (get(t, y, i) != alone(k, t, &l, i, max)) fail_msg("%s f%d round %d result %ld: %.17g, alone %.17g", k->name, t ? 64 : 32, round, (long)i, get(t, y, i), alone(k, t, &l, i, max));
        }
        free(x), free(y);
    }
}

static void test_sum_accuracy(void **state)
{
    (void)state;
    static const int64_t counts[] = { 0, 1, 15, 16, 17, 511, 512, 513, 5000, 100003 };
    EACH_KERN(k) EACH_REAL(t) for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
    {
        int64_t n = counts[c];
        void *x = noise(t, 2 * n, 4);
        long double sum = 0, squares = 0, size = 0;
        double max = -INFINITY;
        for (int64_t i = 0; i < n; i++) {
            long double v = get(t, x, 2 * i);
            sum += v, squares += v * v, size += fabsl(v);
            if (v > max) max = (double)v;
        }
        long double u = t == WEIR__F32 ? 0x1p-24L : 0x1p-53L;
        assert_true(fabsl(k->sum[t](n, x, 2) - sum) <= 2 * u * size); /* of 36 u in the worst case */
        assert_true(fabsl(k->sum_squares[t](n, x, 2) - squares) <= 1e-14L * squares);
        assert_true(k->max[t](n, x, 2) == max);
        if (n > 3) {
            put(t, x, 4, NAN);
            assert_true(isnan(k->max[t](n, x, 2)));
        }
        free(x);
    }
}

static void test_columns_and_search(void **state)
{
    (void)state;
    enum { M = 37, N = 133 };
    EACH_KERN(k) EACH_REAL(t) for (int n = 1; n <= N; n += 11)
    {
        void *x = noise(t, M * N, 8), *y = noise(t, N, 9), *z = room(8 * N);
        memcpy(z, y, bytes_of(t) * N);
        k->column_sum[t](M, n, y, x, N, true);
        for (int j = 0; j < n; j++) {
            double s = get(t, z, j);
            for (int i = 0; i < M; i++) s = t == WEIR__F32 ? (double)((float)s + (float)get(t, x, i * N + j)) : s + get(t, x, i * N + j);
            assert_true(get(t, y, j) == s);
        }
        assert_int_equal(k->find_nonfinite[t](M * N, x), -1);
        put(t, x, 300 + n, n % 2 ? NAN : -INFINITY), put(t, x, 300 + n + 5, NAN);
        assert_int_equal(k->find_nonfinite[t](M * N, x), 300 + n);
        assert_int_equal(k->find_nonfinite[t](300 + n, x), -1);
        free(x), free(y), free(z);
    }
}

static void mark(void *user, int64_t begin, int64_t end)
{
    assert_true(begin % 1024 == 0);
    for (int64_t i = begin; i < end; i++) ((uint8_t *)user)[i]++;
}

static void test_range(void **state)
{
    (void)state;
    for (int64_t n = 0; n < 9000; n += 731)
        for (int threads = 1; threads < 5; threads++) {
            uint8_t seen[9000] = { 0 };
            weir__parallel_range(n, threads_of(threads), mark, seen);
            for (int64_t i = 0; i < 9000; i++) assert_int_equal(seen[i], i < n);
        }
}

/* [a, b, c] in any order of axes to any other, within larger arrays, by threads */
static void test_orders(void **state)
{
    (void)state;
    static const int axes[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    static const int64_t shapes[][3] = { { 1, 4, 4 }, { 3, 5, 7 }, { 2, 16, 32 }, { 2, 65, 70 }, { 1, 300, 257 }, { 33, 3, 64 } };
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < 36 * 6; at++)
    {
        const int64_t *shape = shapes[at / 36];
        weir__loop l = { .ndim = 3, .shape = { shape[0], shape[1], shape[2] } };
        int64_t all = (shape[0] + 1) * (shape[1] + 1) * (shape[2] + 1);
        void *x = noise(t, all, 1), *y = room(bytes_of(t) * (size_t)all);
        for (int o = 0; o < 2; o++) {
            const int *order = axes[o ? at / 6 % 6 : at % 6];
            int64_t stride = 1;
            for (int i = 2; i >= 0; i--) {
                l.x[o].stride[order[i]] = stride;
                stride *= shape[order[i]] + (at % 2); /* even: dense */
            }
            l.x[o].data = o ? x : y;
        }
        weir__loop_copy(k, bytes_of(t), &l, threads_of(1 + at % 2));
        for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) {
            int64_t place[] = { i / (shape[1] * shape[2]), i / shape[2] % shape[1], i % shape[2] }, offset[2] = { 0, 0 };
            for (int o = 0; o < 2; o++)
                for (int d = 0; d < 3; d++) offset[o] += place[d] * l.x[o].stride[d];
            assert_true(get(t, y, offset[0]) == get(t, x, offset[1]));
        }
        free(x);
        free(y);
    }
}

/* Every number of 16 bits, and floats all over, as weir__convert has them one by one */
static void test_halves(void **state)
{
    (void)state;
    enum { ALL = 65536 };
    static uint16_t half[ALL], back[ALL];
    static float wide[ALL], expected[ALL];
    EACH_KERN(k) for (int h = 0; h < WEIR__HALVES; h++)
    {
        weir_dtype type = h == WEIR__F16 ? WEIR_F16 : WEIR_BF16;
        for (int i = 0; i < ALL; i++) half[i] = (uint16_t)i;
        weir__from_half(k, (weir__half)h, ALL, wide, half, threads_of(2));
        for (int i = 0; i < ALL; i++) {
            weir__convert(WEIR_F32, &expected[i], type, &half[i], 1);
            if (expected[i] != expected[i]) assert_true(wide[i] != wide[i]);
            else assert_memory_equal(&wide[i], &expected[i], 4);
        }
        for (uint32_t step = 0; step < 64; step++) {
            for (uint32_t i = 0; i < ALL; i++) {
                uint32_t u = i << 16 | (step * 1021 + i * 7) % ALL;
                if (step < 4) u = i << 16 | (step ? 0x7FFF + step : 0x1000); /* about the ties */
                memcpy(&wide[i], &u, 4);
            }
            weir__to_half(k, (weir__half)h, ALL - 3, back, wide, NULL);
            for (int i = 0; i < ALL - 3; i++) {
                uint16_t one;
                weir__convert(type, &one, WEIR_F32, &wide[i], 1);
                if (wide[i] == wide[i]) assert_int_equal(back[i], one);
                else assert_true((back[i] & 0x7FFF) > (h == WEIR__F16 ? 0x7C00 : 0x7F80));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_elementwise), cmocka_unit_test(test_large), cmocka_unit_test(test_repeats), cmocka_unit_test(test_empty),
                                        cmocka_unit_test(test_orders), cmocka_unit_test(test_halves), cmocka_unit_test(test_reduce), cmocka_unit_test(test_sum_accuracy),
                                        cmocka_unit_test(test_columns_and_search), cmocka_unit_test(test_range) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
