/* test_mlp.c - networks at once against gemm and unary layer by layer, to the bit; values with slopes against either alone. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

enum { LAYERS = 4, WIDEST = 70, ROWS_MOST = 300 };

/* One layer on its own; into y [rows, out] */
static void layer(const weir__isa *k, weir__real t, const weir__mlp_layer *l, int64_t rows, const void *x, int64_t x_row, void *y)
{
    weir__gemm g = { .m = rows, .n = l->out, .k = l->in, .a = x, .a_row = x_row, .a_col = 1, .b = l->w, .b_row = 1, .b_col = l->in, .c = y, .c_row = l->out,
                     .bias = l->b, .relu = l->f == WEIR__U_relu };
    void *scratch = room(k->gemm_scratch[t](&g, NULL));
    k->gemm[t](&g, scratch, NULL);
    free(scratch);
    if (l->f != WEIR__U_relu && l->f != WEIR__U_copy) k->unary[t][l->f](rows * l->out, y, 1, y, 1, NULL);
}

static void *by_layers(const weir__isa *k, weir__real t, const weir__mlp *m)
{
    void *here = NULL;
    for (int64_t i = 0; i < m->n; i++) {
        void *y = room(bytes_of(t) * (size_t)(m->rows * m->layers[i].out));
        layer(k, t, &m->layers[i], m->rows, i ? here : m->x, i ? m->layers[i].in : m->x_row, y);
        free(here);
        here = y;
    }
    return here;
}

static void *at_once(const weir__isa *k, weir__real t, weir__mlp m, int threads)
{
    void *scratch = room(k->mlp_scratch[t](&m, threads_of(threads)));
    m.y = room(bytes_of(t) * (size_t)(m.rows * m.layers[m.n - 1].out));
    k->mlp[t](&m, scratch, threads_of(threads));
    free(scratch);
    return m.y;
}

static void network_is_its_layers(void **state)
{
    (void)state;
    static const int64_t widths[][LAYERS + 1] = { { 3, 64, 64, 64, 2 }, { 1, 17, 1, 33, 16 }, { 5, 48, 15, 70, 3 }, { 40, 14, 29, 2, 31 } };
    static const weir__unary f[][LAYERS] = { { WEIR__U_silu, WEIR__U_silu, WEIR__U_silu, WEIR__U_copy }, { WEIR__U_relu, WEIR__U_tanh, WEIR__U_copy, WEIR__U_relu },
                                             { WEIR__U_gelu, WEIR__U_softplus, WEIR__U_sigmoid, WEIR__U_silu } };
    EACH_KERN(k) EACH_REAL(t) for (int w = 0; w < 4; w++) for (int a = 0; a < 3; a++)
    {
        weir__mlp_layer layers[LAYERS];
        for (int i = 0; i < LAYERS; i++) {
            int64_t in = widths[w][i], out = widths[w][i + 1];
            layers[i] = (weir__mlp_layer){ in, out, noise(t, in * out, 7 + (uint64_t)i), i == 2 && a == 1 ? NULL : noise(t, out, 17 + (uint64_t)i), f[a][i] };
        }
        int64_t gap = a, x_row = widths[w][0] + gap, y_row = widths[w][LAYERS];
        weir__mlp m = { .rows = ROWS_MOST, .n = LAYERS, .layers = layers, .x = noise(t, ROWS_MOST * x_row, 3), .x_row = x_row };
        char *all = by_layers(k, t, &m);
        for (int64_t rows = 1; rows <= ROWS_MOST; rows += w == 0 && a == 0 ? 1 : 23) { /* at moving places */
            weir__mlp part = m;
            int64_t from = rows * 7 % (ROWS_MOST + 1 - rows);
            part.rows = rows, part.x = (const char *)m.x + bytes_of(t) * (size_t)(from * x_row);
            void *y = at_once(k, t, part, 1 + (int)(rows % 3));
            if (memcmp(y, all + bytes_of(t) * (size_t)(from * y_row), bytes_of(t) * (size_t)(rows * y_row)))
                fail_msg("%s f%d network %d, %d: %ld rows differ from their layers'", k->name, t ? 64 : 32, w, a, (long)rows);
            free(y);
        }
        free(all), free((void *)(uintptr_t)m.x);
        for (int i = 0; i < LAYERS; i++) free((void *)(uintptr_t)layers[i].w), free((void *)(uintptr_t)layers[i].b);
    }
}

/* -- values and slopes at once ---------------------------------------------------------------------------------------------------------- */
static long double sigmoid_of(long double x) { return 1 / (1 + expl(-x)); }
static long double tanh_slope(long double x) { return 1 - tanhl(x) * tanhl(x); }
static long double sigmoid_slope(long double x) { return sigmoid_of(x) * sigmoid_of(-x); }
static long double silu_slope(long double x) { return sigmoid_of(x) * (1 + x * sigmoid_of(-x)); }
static long double gelu_slope(long double x) { return erfcl(-x * sqrtl(0.5L)) / 2 + x * expl(-x * x / 2) * 0.39894228040143267793994605993438L; }

static long double gelu_tanh_slope(long double x)
{
    long double v = 1.59576912160573071176L * (x + 0.044715L * x * x * x);
    return sigmoid_of(v) * (1 + x * 1.59576912160573071176L * (1 + 3 * 0.044715L * x * x) * sigmoid_of(-v));
}
static long double quick_gelu_slope(long double x) { return sigmoid_of(1.702L * x) * (1 + 1.702L * x * sigmoid_of(-1.702L * x)); }

static const struct { const char *name; weir__unary f; long double (*slope)(long double); } functions[WEIR__BOTHS] = {
    { "tanh", WEIR__U_tanh, tanh_slope }, { "sigmoid", WEIR__U_sigmoid, sigmoid_slope }, { "softplus", WEIR__U_softplus, sigmoid_of },
    { "silu", WEIR__U_silu, silu_slope }, { "gelu", WEIR__U_gelu, gelu_slope },
    { "gelu_tanh", WEIR__U_gelu_tanh, gelu_tanh_slope }, { "quick_gelu", WEIR__U_quick_gelu, quick_gelu_slope } };

static void value_is_the_function_and_slope_is_near(void **state)
{
    (void)state;
    enum { N = 5003 };
    static const double width[] = { 1e-3, 3, 12, 100 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__BOTHS; f++) for (int w = 0; w < 4; w++)
    {
        void *x = noise(t, N, 5), *y = room(8 * N), *d = room(8 * N), *alone = room(8 * N);
        for (int i = 0; i < N; i++) put(t, x, i, width[w] * get(t, x, i));
        k->unary[t][functions[f].f](N, alone, 1, x, 1, NULL);
        k->both[t][f](N, y, d, x);
        assert_memory_equal(y, alone, bytes_of(t) * N);
        for (int i = 0; i < N; i++) {
            double v = get(t, x, i), off = (double)fabsl(get(t, d, i) - functions[f].slope(v)), unit = (t == WEIR__F32 ? 0x1p-23 : 0x1p-52) * fmax(fabs(v), 1);
            if (!(off <= 3 * unit)) fail_msg("%s f%d slope of %s at %.9g is %.2f units off", k->name, t ? 64 : 32, functions[f].name, v, off / unit);
        }
        free(x), free(y), free(d), free(alone);
    }
}

/* Infinities among other numbers: each element keeps its own */
static void silu_far_out(void **state)
{
    (void)state;
    enum { N = 90 };
    EACH_KERN(k) EACH_REAL(t)
    {
        char *x = noise(t, N, 3), *y = room(8 * N), *d = room(8 * N), *z = room(8 * N), *c = room(8 * N);
        const int at[] = { 3, 20, 37, 55, 66, 89 };
        k->both[t][WEIR__BOTH_silu](N, z, c, x);
        for (int i = 0; i < 6; i++) put(t, x, at[i], i % 3 == 0 ? INFINITY : i % 3 == 1 ? -INFINITY : -1e30);
        k->both[t][WEIR__BOTH_silu](N, y, d, x);
        for (int i = 0, j = 0; i < N; i++) {
            size_t e = bytes_of(t);
            if (j == 6 || i != at[j]) {
                assert_memory_equal(y + (size_t)i * e, z + (size_t)i * e, e);
                assert_memory_equal(d + (size_t)i * e, c + (size_t)i * e, e);
            } else if (j++ % 3 == 0) {
                assert_true(get(t, y, i) == INFINITY);
            } else {
                assert_true(fabs(get(t, y, i)) <= 1e-30 && fabs(get(t, d, i)) <= 1e-30);
            }
        }
        free(x), free(y), free(d), free(z), free(c);
    }
}

/* Any count, from any place, and in place: the same bits; nothing else is written. NaN is passed on. */
static void tails_have_the_same_bits(void **state)
{
    (void)state;
    enum { N = 70 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__BOTHS; f++)
    {
        size_t e = bytes_of(t);
        char *x = noise(t, N, 9), *y = room(8 * N), *d = room(8 * N), *some = room(8 * N), *slopes = room(8 * N);
        put(t, x, 5, NAN);
        k->both[t][f](N, y, d, x);
        assert_true(isnan(get(t, y, 5)) && isnan(get(t, d, 5)));
        for (int64_t n = 0; n <= N; n++) {
            int64_t from = (N - n) / 2;
            memcpy(some, x, e * N);
            memset(slopes, 0x55, 8 * N);
            k->both[t][f](n, some + e * (size_t)from, slopes + e * (size_t)from, some + e * (size_t)from);
            assert_memory_equal(some + e * (size_t)from, y + e * (size_t)from, e * (size_t)n);
            assert_memory_equal(slopes + e * (size_t)from, d + e * (size_t)from, e * (size_t)n);
            assert_memory_equal(some, x, e * (size_t)from);
            assert_memory_equal(some + e * (size_t)(from + n), x + e * (size_t)(from + n), e * (size_t)(N - from - n));
            for (size_t i = e * (size_t)(from + n); i < e * N; i++) assert_true(slopes[i] == 0x55);
        }
        free(x), free(y), free(d), free(some), free(slopes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(network_is_its_layers), cmocka_unit_test(value_is_the_function_and_slope_is_near),
                                        cmocka_unit_test(silu_far_out), cmocka_unit_test(tails_have_the_same_bits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
