/* test_rng.c - random rows: Random123's known answers, the mapping, any start and count, moments. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

/* A plain Philox4x32-10, written apart */
static void philox(uint64_t key, uint64_t id, uint64_t block, uint32_t w[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    w[0] = (uint32_t)block, w[1] = (uint32_t)(block >> 32), w[2] = (uint32_t)id, w[3] = (uint32_t)(id >> 32);
    for (int i = 0; i < 10; i++) {
        uint64_t p = (uint64_t)w[0] * 0xD2511F53u, q = (uint64_t)w[2] * 0xCD9E8D57u;
        uint32_t n[4] = { (uint32_t)(q >> 32) ^ w[1] ^ k0, (uint32_t)q, (uint32_t)(p >> 32) ^ w[3] ^ k1, (uint32_t)p };
        memcpy(w, n, sizeof n);
        k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
}

static void test_known_answers(void **state)
{
    (void)state;
    static const uint32_t zeros[4] = { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 }, ones[4] = { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd };
    uint32_t w[4];
    philox(0, 0, 0, w);
    assert_memory_equal(w, zeros, sizeof w);
    philox(~0ull, ~0ull, ~0ull, w);
    assert_memory_equal(w, ones, sizeof w);
    EACH_KERN(k)
    {
        float y[4];
        k->uniform[WEIR__F32](4, y, 0, 0, 0);
        for (int i = 0; i < 4; i++) assert_true(y[i] == (float)(zeros[i] >> 8) * 0x1p-24f);
    }
}

static uint64_t bits53(uint64_t key, uint64_t id, uint64_t i)
{
    uint32_t hi[4], lo[4];
    philox(key, id, i / 4, hi);
    philox(key ^ 0x9E3779B97F4A7C15u, id, i / 4, lo);
    return (uint64_t)hi[i % 4] << 21 | lo[i % 4] >> 11;
}

static void test_mapping(void **state)
{
    (void)state;
    enum { N = 3000 };
    const uint64_t key = 0x0123456789abcdefu, id = 0xfedcba9876543210u;
    const double turn = 6.283185307179586476925287;
    float *f = room(4 * N);
    double *d = room(8 * N);
    EACH_KERN(k) for (uint64_t first = 0; first < 0x200000000u; first += 0xffffffe1u)
    {
        k->uniform[WEIR__F32](N, f, key, id, first);
        k->uniform[WEIR__F64](N, d, key, id, first);
        for (uint64_t i = 0; i < N; i++) {
            uint64_t u = bits53(key, id, first + i);
            assert_true(f[i] == (float)(u >> 29) * 0x1p-24f);
            assert_true(d[i] == (double)u * 0x1p-53);
        }
        k->normal[WEIR__F32](N, f, key, id, first);
        k->normal[WEIR__F64](N, d, key, id, first);
        for (uint64_t i = 0; i < N; i++) {
            uint64_t even = (first + i) & ~(uint64_t)1;
            double u1 = ((double)bits53(key, id, even) + 0.5) * 0x1p-53, u2 = (double)bits53(key, id, even + 1) * 0x1p-53, r = sqrt(-2 * log(u1));
            double z = (first + i) % 2 ? r * sin(turn * u2) : r * cos(turn * u2);
            assert_true(fabs(d[i] - z) <= 4e-15);
            assert_true(fabs((double)f[i] - z) <= 4e-6); /* f32 has 32 of the 53 bits */
        }
    }
    free(f), free(d);
}

static void test_pieces(void **state)
{
    (void)state;
    enum { N = 1200 };
    EACH_KERN(k) EACH_REAL(t) for (int normal = 0; normal < 2; normal++)
    {
        void (*draw)(int64_t, void *, uint64_t, uint64_t, uint64_t) = normal ? k->normal[t] : k->uniform[t];
        size_t size = bytes_of(t);
        char *whole = room(size * N), *part = room(size * N);
        draw(N, whole, 5, 6, 0);
        for (int n = 0; n < 600; n += n < 20 ? 1 : 83)
            for (int first = 0; first < 300; first += first < 20 ? 1 : 53) {
                memset(part, 0x55, size * N);
                draw(n, part, 5, 6, (uint64_t)first);
                assert_memory_equal(part, whole + (size_t)first * size, size * (size_t)n);
                assert_true(part[size * (size_t)n] == 0x55);
            }
        free(whole), free(part);
    }
}

static void test_rows(void **state) /* an array is its rows, each drawn alone; nothing past it is touched */
{
    (void)state;
    enum { ROWS = 131, MOST = 200 };
    static const int counts[] = { 0, 1, 17, 64, 65, 128, ROWS };
    int64_t ids[ROWS];
    for (int r = 0; r < ROWS; r++) ids[r] = (int64_t)r * 0x123456789 + 7;
    EACH_KERN(k) EACH_REAL(t) for (int normal = 0; normal < 2; normal++)
        for (int n = 0; n < MOST; n += n < 20 ? 1 : 37) {
            size_t row = bytes_of(t) * (size_t)n;
            char *all = room(row * ROWS + 8), *one = room(row + 8);
            for (int given = 0; given < 2; given++)
                for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
                    memset(all, 0x55, row * ROWS + 8);
                    (normal ? k->normal_rows[t] : k->uniform_rows[t])(counts[c], n, all, 99, given ? ids : NULL);
                    for (int r = 0; r < counts[c]; r++) {
                        (normal ? k->normal[t] : k->uniform[t])(n, one, 99, (uint64_t)(given ? ids[r] : r), 0);
                        assert_memory_equal(all + (size_t)r * row, one, row);
                    }
                    for (int b = 0; b < 8; b++) assert_true(all[(size_t)counts[c] * row + (size_t)b] == 0x55);
                }
            free(all), free(one);
        }
}

static void test_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    double *x = room(8 * N);
    EACH_KERN(k) EACH_REAL(t)
    {
        double m[5] = { 0 };
        k->normal[t](N, x, 42, 1, 0);
        for (int i = 0; i < N; i++) {
            double v = get(t, x, i), p = 1;
            assert_true(isfinite(v));
            for (int j = 1; j < 5; j++) p *= v, m[j] += p / N;
        }
        assert_true(fabs(m[1]) < 0.01 && fabs(m[2] - 1) < 0.015 && fabs(m[3]) < 0.04 && fabs(m[4] - 3) < 0.12);
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_known_answers), cmocka_unit_test(test_mapping), cmocka_unit_test(test_pieces), cmocka_unit_test(test_rows),
                                        cmocka_unit_test(test_moments) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
