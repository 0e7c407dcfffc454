/* test_gemm.c - the matrix product against a plain one in double, and its promise: the bits of a row depend on that row alone. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

typedef struct problem {
    const weir__isa *k;
    weir__real t;
    int layout; /* bit 0: A transposed, bit 1: B transposed */
    int64_t m, n, depth;
    bool accumulate, bias, relu, mask, scale;
    int threads;
    int64_t gap; /* unused elements after each row */
    void *a, *b, *c0, *biases, *masks, *scales;
} problem;

static int64_t a_ld(const problem *p) { return (p->layout & 1 ? p->m : p->depth) + p->gap; }
static int64_t b_ld(const problem *p) { return (p->layout & 2 ? p->depth : p->n) + p->gap; }

static void make(problem *p)
{
    p->a = noise(p->t, (p->m + 1) * (p->depth + 1) + p->gap * (p->m + p->depth) + 64, 1);
    p->b = noise(p->t, (p->n + 1) * (p->depth + 1) + p->gap * (p->n + p->depth) + 64, 2);
    p->c0 = noise(p->t, p->m * (p->n + p->gap), 3);
    p->biases = noise(p->t, p->n, 4);
    p->masks = noise(p->t, p->m * (p->n + p->gap), 5);
    p->scales = noise(p->t, p->m * (p->n + p->gap), 6);
}

static void drop(problem *p) { free(p->a), free(p->b), free(p->c0), free(p->biases), free(p->masks), free(p->scales); }

/* Rows first .. first+rows-1 of the problem; returns C with rows of n + gap */
static void *run(const problem *p, int64_t first, int64_t rows)
{
    size_t size = bytes_of(p->t);
    int64_t ld = p->n + p->gap;
    char *c = room(size * (size_t)(rows * ld + 1));
    memcpy(c, (char *)p->c0 + (size_t)(first * ld) * size, size * (size_t)(rows * ld));
    weir__gemm g = { .m = rows, .n = p->n, .k = p->depth, .a_row = p->layout & 1 ? 1 : a_ld(p), .a_col = p->layout & 1 ? a_ld(p) : 1,
                     .b = p->b, .b_row = p->layout & 2 ? 1 : b_ld(p), .b_col = p->layout & 2 ? b_ld(p) : 1, .c = c, .c_row = ld,
                     .accumulate = p->accumulate, .relu = p->relu, .mask_row = ld, .scale_row = ld };
    g.a = (char *)p->a + (size_t)(first * g.a_row) * size;
    if (p->bias) g.bias = p->biases;
    if (p->mask) g.mask = (char *)p->masks + (size_t)(first * ld) * size;
    if (p->scale) g.scale = (char *)p->scales + (size_t)(first * ld) * size;
    void *scratch = room(p->k->gemm_scratch[p->t](&g, threads_of(p->threads)));
    p->k->gemm[p->t](&g, scratch, threads_of(p->threads));
    free(scratch);
    return c;
}

static double expected(const problem *p, int64_t i, int64_t j, double *size)
{
    double s = p->accumulate ? get(p->t, p->c0, i * (p->n + p->gap) + j) : 0;
    *size = fabs(s) + 1;
    for (int64_t k = 0; k < p->depth; k++) {
        double x = get(p->t, p->a, p->layout & 1 ? k * a_ld(p) + i : i * a_ld(p) + k);
        double y = get(p->t, p->b, p->layout & 2 ? j * b_ld(p) + k : k * b_ld(p) + j);
        s += x * y, *size += fabs(x * y);
    }
    if (p->bias) s += get(p->t, p->biases, j);
    if (p->relu && s < 0) s = 0;
    if (p->mask && !(get(p->t, p->masks, i * (p->n + p->gap) + j) > 0)) s = 0;
    if (p->scale) s *= get(p->t, p->scales, i * (p->n + p->gap) + j);
    return s;
}

static void check_values(const problem *p, const void *c)
{
    double eps = p->t == WEIR__F32 ? 0x1p-24 : 0x1p-52;
    for (int64_t i = 0; i < p->m; i++) {
        for (int64_t j = 0; j < p->n; j++) {
            double size, e = expected(p, i, j, &size), v = get(p->t, c, i * (p->n + p->gap) + j);
            if (!(fabs(v - e) <= size * eps * (4 + sqrt((double)p->depth) * 2)))
                fail_msg("%s f%d layout %d %ldx%ldx%ld at %ld,%ld: %.9g, expected %.9g", p->k->name, p->t ? 64 : 32, p->layout, (long)p->m, (long)p->n,
                         (long)p->depth, (long)i, (long)j, v, e);
        }
        for (int64_t j = p->n; j < p->n + p->gap; j++) /* between rows nothing is touched */
            assert_true(get(p->t, c, i * (p->n + p->gap) + j) == get(p->t, p->c0, i * (p->n + p->gap) + j));
    }
}

/* Under sanitizers a part of the sizes and layouts: the same code in fewer turns. */
enum { SPARSE = TEST_SANITIZED ? 13 : 1 };

static void test_values(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = { { 1, 1, 1 },   { 3, 2, 0 },    { 5, 7, 1 },     { 1, 33, 40 },  { 17, 1, 9 },   { 14, 32, 64 }, { 29, 70, 300 },
                                        { 64, 31, 17 }, { 40, 100, 530 }, { 300, 5, 33 }, { 7, 600, 90 }, { 300, 90, 70 }, { 2, 64, 3 },  { 130, 67, 400 },
                                        { 35, 50, 1300 }, { 9, 140, 700 }, { 270, 9, 900 }, { 70, 40, 1700 }, /* several pieces of k, packed by the tiles */
                                        { 200, 150, 500 }, /* rows packed */
                                        { 1, 100, 77 }, { 2, 69, 43 } }; /* few rows */
    EACH_KERN(k) EACH_REAL(t) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int variant = (int)s % SPARSE; variant < 64; variant += SPARSE) {
            problem p = { .k = k, .t = t, .layout = variant & 3, .m = sizes[s][0], .n = sizes[s][1], .depth = sizes[s][2],
                          .accumulate = variant >> 2 & 1, .bias = variant >> 3 & 1, .relu = variant >> 4 & 1, .mask = variant >> 5 & 1,
                          .scale = (variant + (int)s) % 3 == 0,
                          .threads = 1 + (variant * 7 + (int)s) % 3, .gap = (variant + (int)s) % 3 };
            make(&p);
            void *c = run(&p, 0, p.m);
            check_values(&p, c);
            free(c);
            drop(&p);
        }
}

static void compare_rows(const problem *p, const char *whole, int64_t first, int64_t rows)
{
    size_t row = bytes_of(p->t) * (size_t)(p->n + p->gap);
    char *part = run(p, first, rows);
    if (memcmp(part, whole + row * (size_t)first, row * (size_t)rows))
        fail_msg("%s f%d layout %d n %ld k %ld: rows %ld..%ld alone differ from the batch's", p->k->name, p->t ? 64 : 32, p->layout, (long)p->n,
                 (long)p->depth, (long)first, (long)(first + rows - 1));
    free(part);
}

/* Enough work for threads: rows packed, in one block and several, and tiles turned round that several pieces of k add to, lanes cut and rows cut */
static void test_threads(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = { { 200, 150, 500 }, { 300, 140, 500 }, { 1300, 9, 900 }, { 4, 3100, 900 } };
    EACH_KERN(k) EACH_REAL(t) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int variant = 0; variant < 8; variant += TEST_SANITIZED ? 3 : 1) {
            problem p = { .k = k, .t = t, .layout = variant & 3, .m = sizes[s][0], .n = sizes[s][1], .depth = sizes[s][2], .accumulate = variant >> 2, .bias = true };
            make(&p);
            p.threads = 1;
            char *c = run(&p, 0, p.m);
            for (p.threads = 2; p.threads <= 3; p.threads++) compare_rows(&p, c, 0, p.m);
            free(c);
            drop(&p);
        }
}

/* Every count of rows, at moving positions, on one thread or two: the same bits as among 300 */
static void test_rows(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = { { 1, 50 }, { 37, 5 }, { 64, 64 }, { 100, 392 }, { 3, 1700 }, { 530, 20 } };
    EACH_KERN(k) EACH_REAL(t) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int variant = (int)s % SPARSE; variant < 16; variant += SPARSE) {
            problem p = { .k = k, .t = t, .layout = variant & 3, .m = 300, .n = sizes[s][0], .depth = sizes[s][1], .accumulate = variant >> 2 & 1,
                          .bias = variant >> 3 & 1, .relu = variant >> 3 & 1, .mask = variant == 7, .scale = variant == 6, .threads = 1 };
            make(&p);
            char *whole = run(&p, 0, 300);
            for (int64_t rows = 1; rows <= 300; rows += (rows < 40 || s == 1 ? 1 : 13) * SPARSE) {
                p.threads = 1 + (int)(rows % 2);
                compare_rows(&p, whole, rows * 7 % (301 - rows), rows);
            }
            p.threads = 2;
            compare_rows(&p, whole, 0, 300);
            free(whole);
            drop(&p);
        }
}

/* C = A B of one layout (bit 0: A lies transposed, bit 1: B), rows of C packed; the caller frees it */
static char *product(const weir__isa *k, weir__real t, int layout, const void *a, const void *b, const int64_t size[3], int threads)
{
    const int64_t m = size[0], n = size[1], d = size[2];
    weir__gemm g = { m, n, d, a, layout & 1 ? 1 : d, layout & 1 ? m : 1, b, layout & 2 ? 1 : n, layout & 2 ? d : 1,
                     room(bytes_of(t) * (size_t)(m * n)), n, false, NULL, false, NULL, NULL, 0, 0 };
    void *scratch = room(k->gemm_scratch[t](&g, threads_of(threads)));
    k->gemm[t](&g, scratch, threads_of(threads));
    free(scratch);
    return g.c;
}

static void *transposed(weir__real t, const void *x, int64_t rows, int64_t columns)
{
    void *y = room(bytes_of(t) * (size_t)(rows * columns));
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) put(t, y, j * rows + i, get(t, x, i * columns + j));
    return y;
}

/* Every column asked for alone has the bits it has in `whole`. */
static void compare_columns(const weir__isa *k, weir__real t, int layout, const void *a, const void *b, const int64_t size[3], const char *whole)
{
    size_t e = bytes_of(t);
    for (int64_t j = 0; j < size[1]; j++) {
        const int64_t one[3] = { size[0], 1, size[2] };
        /* a column of B transposed is a row; else column j of B, taken out */
        void *column = room(e * (size_t)size[2]);
        for (int64_t d = 0; d < size[2]; d++) put(t, column, d, get(t, b, layout & 2 ? j * size[2] + d : d * size[1] + j));
        char *c = product(k, t, layout, a, column, one, 1);
        for (int64_t i = 0; i < size[0]; i++) assert_memory_equal(c + (size_t)i * e, whole + (size_t)(i * size[1] + j) * e, e);
        free(c), free(column);
    }
}

/* Layouts and columns: C = A B has the same bits however A and B lie, and whichever columns are asked for. The large ones fill several blocks
 * of rows and of lanes, the last of which are narrower than a panel, at every width of a register. */
static void test_layouts(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = { { 45, 83, 290 }, { 600, 519, 500 }, { 1100, 130, 600 }, { 40, 400, 1700 } };
    EACH_KERN(k) EACH_REAL(t) for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s += TEST_SANITIZED ? 3 : 1)
    {
        const int64_t *n = sizes[s];
        void *a = noise(t, n[0] * n[2], 1), *b = noise(t, n[2] * n[1], 2), *at = transposed(t, a, n[0], n[2]), *bt = transposed(t, b, n[2], n[1]);
        char *first = product(k, t, 0, a, b, n, 1);
        for (int layout = 0; layout < 4; layout++) {
            const void *x = layout & 1 ? at : a, *y = layout & 2 ? bt : b;
            for (int threads = 1; threads <= 3; threads++) {
                char *c = product(k, t, layout, x, y, n, threads);
                if (memcmp(first, c, bytes_of(t) * (size_t)(n[0] * n[1])))
                    fail_msg("%s f%d layout %d %ldx%ldx%ld on %d threads: other bits than of layout 0", k->name, t ? 64 : 32, layout, (long)n[0],
                             (long)n[1], (long)n[2], threads);
                free(c);
            }
            if (s == 0) compare_columns(k, t, layout, x, y, n, first);
        }
        free(first), free(a), free(b), free(at), free(bt);
    }
}

/* A NaN in row 7 reaches all of that row and no other, alone, of two rows, and of all. */
static void test_nonfinite(void **state)
{
    static const struct {
        int first, rows;
    } parts[] = { { 0, 30 }, { 7, 1 }, { 6, 2 }, { 8, 2 } };
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int q = 0; q < 4; q++)
    {
        problem p = { .k = k, .t = t, .layout = 2, .m = 30, .n = 70, .depth = 40, .relu = true, .threads = 1 };
        make(&p);
        put(t, p.a, 7 * 40 + 3, NAN);
        void *c = run(&p, parts[q].first, parts[q].rows);
        for (int i = 0; i < parts[q].rows; i++)
            for (int j = 0; j < 70; j++)
                assert_true(!isnan(get(t, c, i * 70 + j)) == (parts[q].first + i != 7));
        free(c);
        drop(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_values), cmocka_unit_test(test_threads), cmocka_unit_test(test_rows), cmocka_unit_test(test_layouts),
                                        cmocka_unit_test(test_nonfinite) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
