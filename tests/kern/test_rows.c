/* test_rows.c - functions of whole rows against sums in long double, at every length; rows alone and among others; infinities. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

enum { LONGEST = 3000 };
static const int64_t lengths[] = { 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 511, 512, 513, 1000, LONGEST };
enum { LENGTHS = sizeof lengths / sizeof *lengths };

/* What row function f makes of a and b */
static void exact_row(weir__row f, int64_t n, long double *y, const double *a, const double *b)
{
    long double m = -INFINITY, sum = 0, dot = 0, up = 0;
    for (int64_t i = 0; i < n; i++) m = fmaxl(m, a[i]);
    for (int64_t i = 0; i < n; i++) sum += expl(a[i] - m), dot += (long double)a[i] * b[i], up += a[i];
    long double running = f == WEIR__R_cumsum_back ? up : 0;
    for (int64_t i = 0; i < n; i++) {
        if (f == WEIR__R_softmax) y[i] = expl(a[i] - m) / sum;
        if (f == WEIR__R_log_softmax) y[i] = a[i] - m - logl(sum);
        if (f == WEIR__R_logsumexp) y[i] = m + logl(sum);
        if (f == WEIR__R_softmax_backward) y[i] = b[i] * (a[i] - dot);
        if (f == WEIR__R_log_softmax_backward) y[i] = a[i] - expl(b[i]) * up;
        if (f == WEIR__R_cumsum) y[i] = running += a[i];
        if (f == WEIR__R_cumsum_back) y[i] = running, running -= a[i];
    }
}

static void check_row(const weir__isa *k, weir__real t, weir__row f, int64_t n)
{
    void *a = noise(t, n, 5), *b = noise(t, n, 6), *y = room(8 * (size_t)n);
    double *da = room(8 * (size_t)n), *db = room(8 * (size_t)n), eps = t == WEIR__F32 ? 0x1p-23 : 0x1p-52;
    long double *e = room(sizeof *e * (size_t)n), size = 0;
    for (int64_t i = 0; i < n; i++) put(t, a, i, 4 * get(t, a, i)), da[i] = get(t, a, i), db[i] = get(t, b, i), size += fabs(da[i]);
    k->row[t][f](n, y, a, b);
    exact_row(f, n, e, da, db);
    for (int64_t i = 0; i < (f == WEIR__R_logsumexp ? 1 : n); i++) {
        long double scale = f == WEIR__R_softmax ? 4 * e[i] : f == WEIR__R_log_softmax || f == WEIR__R_logsumexp ? 4 + fabsl(e[i]) : 4 + 2 * size;
        if (!(fabsl(get(t, y, i) - e[i]) <= 2 * eps * scale)) fail_msg("%s f%d row function %d of %lld at %lld: %.17g, expected %.17Lg", k->name, t ? 64 : 32, f, (long long)n, (long long)i, get(t, y, i), e[i]);
    }
    free(a), free(b), free(y), free(da), free(db), free(e);
}

static void test_accuracy(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__ROWS; f++) for (int i = 0; i < LENGTHS; i++) check_row(k, t, (weir__row)f, lengths[i]);
}

/* Many rows, on one thread and on two: each as it is alone */
static void check_alone(int64_t N)
{
    enum { ROWS = 301 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__ROWS; f++)
    {
        size_t size = bytes_of(t);
        char *a = noise(t, ROWS * N, 5), *b = noise(t, ROWS * N, 6), *one = room(size * (size_t)N), *y[2];
        int64_t out = f == WEIR__R_logsumexp ? 1 : N;
        for (int threads = 1; threads <= 2; threads++) {
            y[threads - 1] = room(size * ROWS * (size_t)N);
            weir__loop_rows(k, t, (weir__row)f, &(weir__rows){ .rows = ROWS, .n = N, .y = y[threads - 1], .y_row = out, .a = a, .b = b }, threads_of(threads));
        }
        assert_memory_equal(y[0], y[1], size * (size_t)(ROWS * out));
        for (int i = 0; i < ROWS; i += 7) {
            k->row[t][f](N, one, a + (size_t)(i * N) * size, b + (size_t)(i * N) * size);
            assert_memory_equal(one, y[0] + (size_t)(i * out) * size, size * (size_t)out);
        }
        free(a), free(b), free(one), free(y[0]), free(y[1]);
    }
}

static void test_rows_alone(void **state)
{
    (void)state;
    static const int64_t some[] = { 1, 3, 4, 15, 16, 17, 37, 64, 65, 203 };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) check_alone(some[i]);
}

/* The infinite element at every place; then no finite one */
static void test_infinities(void **state)
{
    (void)state;
    enum { N = 37 };
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < N; at++)
    {
        void *x = noise(t, N, 5), *y = room(8 * N);
        put(t, x, at, -INFINITY);
        k->row[t][WEIR__R_softmax](N, y, x, NULL);
        for (int i = 0; i < N; i++) assert_true(i == at ? get(t, y, i) == 0 : get(t, y, i) > 0);
        k->row[t][WEIR__R_log_softmax](N, y, x, NULL);
        for (int i = 0; i < N; i++) assert_true(i == at ? get(t, y, i) == -INFINITY : isfinite(get(t, y, i)));
        for (int nan = 0; nan < 2; nan++) {
            put(t, x, at, nan ? NAN : INFINITY);
            k->row[t][WEIR__R_softmax](N, y, x, NULL);
            for (int i = 0; i < N; i++) assert_true(isnan(get(t, y, i)));
            k->row[t][WEIR__R_log_softmax](N, y, x, NULL);
            for (int i = 0; i < N; i++) assert_true(isnan(get(t, y, i)));
            k->row[t][WEIR__R_logsumexp](N, y, x, NULL);
            assert_true(nan ? isnan(get(t, y, 0)) : get(t, y, 0) == INFINITY);
        }
        for (int i = 0; i < N; i++) put(t, x, i, -INFINITY);
        k->row[t][WEIR__R_logsumexp](N, y, x, NULL);
        assert_true(get(t, y, 0) == -INFINITY);
        k->row[t][WEIR__R_logsumexp](0, y, x, NULL);
        assert_true(get(t, y, 0) == -INFINITY);
        k->row[t][WEIR__R_softmax](N, y, x, NULL);
        for (int i = 0; i < N; i++) assert_true(isnan(get(t, y, i)));
        free(x), free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accuracy), cmocka_unit_test(test_rows_alone), cmocka_unit_test(test_infinities) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
