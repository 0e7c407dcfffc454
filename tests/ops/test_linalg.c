/* Linear algebra against torch.linalg (fixtures/linalg.h), what has no answer, and bits: alone or in a batch, on one thread or two. */
#include "test.h"
#include "base/base.h"
#include "fixtures/linalg.h"

static weir_tensor *eye(weir_tensor *like, double scale)
{
    return weir_scale(weir_eye(weir_ctx_of(like), weir_dtype_of(like), weir_dim(like, -2)), scale);
}
static weir_tensor *steady(weir_tensor *a) { return weir_add(a, eye(a, 2)); }
static weir_tensor *spd(weir_tensor *a) { return weir_add(weir_matmul(a, weir_transpose(a, -1, -2)), eye(a, 1)); }
static weir_tensor *flat(weir_tensor *x) { return weir_reshape(x, 1, SHAPE(-1)); }
static weir_tensor *rhs(weir_tensor *a, int64_t n, int64_t k)
{
    double v[6];
    for (int i = 0; i < 6; i++) v[i] = sin(1.3 * i);
    return weir_from_f64(weir_ctx_of(a), v, 2, SHAPE(n, k));
}

/* -- values and gradients ------------------------------------------------------------------------------------------------------------- */
static weir_tensor *slogdet(weir_tensor *a)
{
    weir_tensor *sign, *size;
    weir_slogdet(steady(a), &sign, &size);
    return weir_cat(2, (weir_tensor *[]){ flat(sign), flat(size) }, 0);
}
static weir_tensor *qr(weir_tensor *a)
{
    weir_tensor *q, *r;
    weir_qr(weir_ndim(a) == 3 ? steady(a) : a, &q, &r);
    return weir_cat(2, (weir_tensor *[]){ flat(q), flat(r) }, 0);
}
static weir_tensor *bent(weir_tensor *a) { return weir_add(a, weir_flip(eye(a, 2), 1, (const int[]){ 0 })); } /* lines change places */
static weir_tensor *lu(weir_tensor *a)
{
    if (weir_ndim(a) == 2 && weir_dim(a, 0) == 3) a = bent(a);
    weir_tensor *p, *l, *u;
    weir_lu(a, &p, &l, &u);
    return weir_cat(3, (weir_tensor *[]){ flat(p), flat(l), flat(u) }, 0);
}
static weir_tensor *solve(weir_tensor *a) { return weir_solve(weir_ndim(a) == 3 ? steady(a) : bent(a), rhs(a, 3, 2), true); }
static weir_tensor *solve_right(weir_tensor *a) { return weir_solve(steady(a), rhs(a, 2, 3), false); }
static weir_tensor *solve_both(weir_tensor *a) { return weir_solve(steady(a), weir_affine(weir_matmul(a, a), 1, 1), true); }
static weir_tensor *det(weir_tensor *a) { return weir_det(steady(a)); }
static weir_tensor *inverse(weir_tensor *a) { return weir_inverse(steady(a)); }
static weir_tensor *cholesky(weir_tensor *a) { return weir_cholesky(spd(a)); }
static weir_tensor *lower(weir_tensor *a) { return weir_solve_triangular(steady(a), rhs(a, 3, 2), false, true, false); }
static weir_tensor *upper(weir_tensor *a) { return weir_solve_triangular(steady(a), rhs(a, 3, 2), true, true, false); }
static weir_tensor *transposed(weir_tensor *a) { return weir_solve_triangular(weir_transpose(steady(a), -1, -2), rhs(a, 3, 2), false, true, false); }
static weir_tensor *right(weir_tensor *a) { return weir_solve_triangular(steady(a), rhs(a, 2, 3), true, false, false); }
static weir_tensor *unit(weir_tensor *a) { return weir_solve_triangular(a, rhs(a, 3, 2), false, true, true); }
static const struct { const char *name; weir_tensor *(*f)(weir_tensor *); } functions[] = {
    { "det", det }, { "slogdet", slogdet }, { "inverse", inverse }, { "cholesky", cholesky }, { "qr", qr }, { "lu", lu }, { "solve", solve }, { "solve right", solve_right }, { "solve both", solve_both }, { "lower", lower }, { "upper", upper },
    { "transposed", transposed }, { "right", right }, { "unit", unit }, { "batch", upper },
};

static void expect(const char *name, weir_tensor *x, const double *values)
{
    double got[64];
    int64_t n = weir_numel(x);
    weir_copy_to_f64(x, got, n);
    for (int64_t i = 0; i < n; i++)
        if (isnan(values[i]) ? !isnan(got[i]) : got[i] != values[i] && !(fabs(got[i] - values[i]) <= 1e-12 * (1 + fabs(values[i]))))
            fail_msg("%s: element %lld: %.17g, expected %.17g", name, (long long)i, got[i], values[i]);
}

static void values_and_gradients_are_pytorchs(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < TORCH_LINALG; i++) {
        const struct torch_linalg *t = &torch_linalg[i];
        size_t f = 0;
        while (strcmp(functions[f].name, t->name)) f++;
        double v[24], w[40];
        for (int j = 0; j < 24; j++) v[j] = cos(1.7 * j + 0.3);
        for (int j = 0; j < 40; j++) w[j] = cos(j + 0.5);
        weir_tensor *a = weir_set_requires_grad(weir_from_f64(c, v, t->ndim, t->shape), true), *y = flat(functions[f].f(a));
        assert_ok(c);
        assert_int_equal(weir_numel(y), t->n);
        expect(t->name, y, t->y);
        weir_backward_with(y, weir_from_f64(c, w, 1, SHAPE(t->n)), false);
        expect(t->name, weir_grad_of(a), t->g);
    }
}

/* Sizes of several panels: factors multiply to what they are of, and each way to a determinant leads to the same. */
static double distance(weir_tensor *a, weir_tensor *b) { return weir_item(weir_amax(weir_abs(weir_sub(a, b)))); }

static void large_matrices_fit_together(void **state)
{
    weir_ctx *c = *state;
    for (int64_t n = 31; n <= 131; n += n < 33 ? 1 : 49) {
        weir_scope scope = weir_scope_begin(c);
        weir_tensor *a = weir_randn(c, WEIR_F64, 3, SHAPE(2, n, n)), *one = weir_eye(c, WEIR_F64, n), *s = spd(a), *q, *r, *sign, *size, *l = weir_cholesky(s);
        assert_near(distance(weir_matmul(a, weir_inverse(a)), one), 0, 1e-9);
        weir_qr(a, &q, &r);
        assert_near(distance(weir_matmul(q, r), a), 0, 1e-12);
        assert_near(distance(weir_matmul(weir_transpose(q, -1, -2), q), one), 0, 1e-12);
        assert_near(distance(weir_triu(r, 0), r), 0, 0);
        assert_near(distance(weir_matmul(l, weir_transpose(l, -1, -2)), s), 0, 1e-10);
        weir_tensor *p, *lower, *upper, *tall = weir_slice(a, -1, 0, n - 5, 1);
        weir_lu(a, &p, &lower, &upper);
        assert_near(distance(weir_matmul(p, weir_matmul(lower, upper)), a), 0, 1e-12);
        assert_near(distance(weir_tril(lower, 0), lower), 0, 0);
        assert_near(distance(weir_triu(upper, 0), upper), 0, 0);
        assert_near(weir_item(weir_amax(weir_abs(lower))), 1, 0); /* the largest is the pivot */
        weir_lu(tall, &p, &lower, &upper);
        assert_near(distance(weir_matmul(p, weir_matmul(lower, upper)), tall), 0, 1e-12);
        weir_lu(weir_transpose(tall, -1, -2), &p, &lower, &upper);
        assert_near(distance(weir_matmul(p, weir_matmul(lower, upper)), weir_transpose(tall, -1, -2)), 0, 1e-12);
        assert_near(distance(weir_matmul(a, weir_solve(a, tall, true)), tall), 0, 1e-9);
        weir_slogdet(a, &sign, &size);
        for (int64_t i = 0; i < 2; i++) {
            double along = 0;
            for (int64_t j = 0; j < n; j++) along += log(fabs(weir_get(r, SHAPE(i, j, j))));
            assert_near(weir_get(size, SHAPE(i)), along, 1e-10);
            double det = weir_get(weir_det(a), SHAPE(i));
            assert_near(log(fabs(det)), along, 1e-10);
            assert_true((det > 0) == (weir_get(sign, SHAPE(i)) > 0));
        }
        weir_slogdet(weir_matmul(q, weir_index_select(q, -1, weir_range(c, WEIR_I64, n - 1, -1, -1))), &sign, &size); /* det Q^2 times n / 2 exchanges */
        assert_near(weir_get(sign, SHAPE(0)), n / 2 % 2 ? -1 : 1, 0);
        weir_tensor *x = weir_solve_triangular(l, a, false, true, false), *y = weir_solve_triangular(weir_transpose(l, -1, -2), a, true, false, false);
        assert_near(distance(weir_matmul(l, x), a), 0, 1e-10);
        assert_near(distance(weir_matmul(y, weir_transpose(l, -1, -2)), a), 0, 1e-10);
        assert_ok(c);
        weir_scope_end(scope);
    }
}

/* -- no answer: a value, beside others that have one --------------------------------------------------------------------------------------- */
static void what_has_no_answer_is_a_value(void **state)
{
    weir_ctx *c = *state;
    const double nan = NAN;
    weir_tensor *a = weir_from_f64(c, (const double[]){ 2, 0, 0, 4, 1, 2, 2, 4, 0, 0, 0, 3, 1, nan, 2, 3 }, 3, SHAPE(4, 2, 2)), *sign, *size, *g;
    expect("det", weir_det(a), (const double[]){ 8, 0, 0, nan });
    weir_slogdet(a, &sign, &size);
    expect("sign", sign, (const double[]){ 1, 0, 0, nan });
    expect("logabsdet", size, (const double[]){ log(8), -INFINITY, -INFINITY, nan });
    expect("inverse", weir_slice(weir_inverse(a), 0, 0, 3, 1), (const double[]){ 0.5, 0, 0, 0.25, nan, nan, nan, nan, nan, nan, nan, nan });
    expect("cholesky", weir_cholesky(weir_slice(a, 0, 0, 3, 1)), (const double[]){ sqrt(2), 0, 0, 2, nan, 0, nan, nan, nan, 0, nan, nan });
    expect("cofactor", weir_slice(weir_cofactor(a), 0, 0, 3, 1), (const double[]){ 4, 0, 0, 2, 4, -2, -2, 1, 3, 0, 0, 0 });
    weir_tensor *all = weir_set_requires_grad(weir_from_f64(c, (const double[]){ 1, 2, 2, 4, 0, 1, 0, 0 }, 3, SHAPE(2, 2, 2)), true), *d = weir_sum(weir_det(all));
    weir_grad(1, &d, 1, &all, NULL, false, false, &g);
    expect("gradient of det", g, (const double[]){ 4, -2, -2, 1, 0, 0, -1, 0 }); /* the cofactors, also of a nilpotent matrix */
    weir_tensor *t = weir_from_f64(c, (const double[]){ 0, 7, 1, 3 }, 2, SHAPE(2, 2)), *ones = weir_ones(c, WEIR_F64, 2, SHAPE(2, 1));
    expect("solve_triangular", weir_solve_triangular(t, ones, false, true, false), (const double[]){ INFINITY, -INFINITY });
    expect("unit", weir_solve_triangular(t, ones, false, true, true), (const double[]){ 1, 0 });
    expect("reads one triangle", weir_cholesky(weir_from_f64(c, (const double[]){ 4, nan, 2, 5 }, 2, SHAPE(2, 2))), (const double[]){ 2, 0, 1, 2 });
    expect("solve", weir_solve(weir_slice(a, 0, 0, 1, 1), ones, true), (const double[]){ 0.5, 0.25 });
    weir_tensor *p, *l, *u;
    weir_lu(weir_slice(a, 0, 1, 3, 1), &p, &l, &u);
    expect("U of what is singular", u, (const double[]){ 2, 4, 0, 0, 0, 0, 0, 3 });
    expect("det of nothing", weir_det(weir_zeros(c, WEIR_F64, 3, SHAPE(2, 0, 0))), (const double[]){ 1, 1 });
    assert_ok(c);
}

static void errors_name_the_op_and_the_shapes(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *a = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3)), *s = weir_zeros(c, WEIR_F32, 3, SHAPE(2, 3, 3)), *x, *y;
    weir_det(a);
    assert_fails(c, WEIR_ERROR_SHAPE, "det: [2, 3]: expected square matrices");
    weir_inverse(weir_zeros(c, WEIR_F32, 1, SHAPE(3)));
    assert_fails(c, WEIR_ERROR_SHAPE, "inverse: [3]: expected [.., m, n]");
    weir_qr(weir_zeros(c, WEIR_I64, 2, SHAPE(3, 3)), &x, &y);
    assert_fails(c, WEIR_ERROR_DTYPE, "qr: [3, 3]: i64");
    assert_true(weir_is_nil(x) && weir_is_nil(y));
    weir_solve_triangular(s, a, true, true, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "solve_triangular: [2, 3, 3] and [2, 3]: expected [.., n, n] and [.., n, k]");
    weir_solve_triangular(s, weir_zeros(c, WEIR_F32, 3, SHAPE(3, 3, 1)), true, true, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "leading extents");
    weir_solve(a, a, true);
    assert_fails(c, WEIR_ERROR_SHAPE, "solve: [2, 3] and [2, 3]: expected square matrices");
    weir_solve(s, a, true);
    assert_fails(c, WEIR_ERROR_SHAPE, "solve: [2, 3, 3] and [2, 3]: expected [.., n, n] and [.., n, k]");
    weir_solve(s, weir_zeros(c, WEIR_F64, 2, SHAPE(3, 1)), true);
    assert_fails(c, WEIR_ERROR_DTYPE, "solve: [2, 3, 3] and [3, 1]: f32 with f64");
    weir_tensor *z;
    weir_lu(weir_zeros(c, WEIR_F32, 1, SHAPE(3)), &x, &y, &z);
    assert_fails(c, WEIR_ERROR_SHAPE, "lu: [3]: expected [.., m, n]");
    assert_true(weir_is_nil(x) && weir_is_nil(y) && weir_is_nil(z));
    weir_slogdet(NULL, &x, &y);
    assert_true(weir_is_nil(x));
    assert_ok(c);
}

/* -- bits ---------------------------------------------------------------------------------------------------------------------------------------- */
enum { RESULTS = 12 };
static void all_of(weir_tensor *a, weir_tensor **y)
{
    weir_tensor *s = spd(a), *b = weir_slice(a, -1, 0, 5, 1);
    y[0] = weir_det(a), y[3] = weir_inverse(a), y[4] = weir_cholesky(s);
    weir_slogdet(a, &y[1], &y[2]);
    weir_qr(weir_slice(a, -1, 0, (weir_dim(a, -1) + 1) / 2, 1), &y[5], &y[6]);
    y[7] = weir_solve_triangular(s, b, true, true, false);
    weir_lu(weir_slice(a, -1, 0, (weir_dim(a, -1) + 1) / 2, 1), &y[8], &y[9], &y[10]);
    y[11] = weir_solve(a, b, true);
}

static void same_bits(weir_tensor *a, weir_tensor *b, int which, int64_t n)
{
    a = weir_contiguous(a), b = weir_contiguous(b);
    assert_int_equal(weir_numel(a), weir_numel(b));
    if (memcmp(weir_data(a), weir_data(b), (size_t)weir_numel(a) * weir_dtype_size(weir_dtype_of(a)))) fail_msg("result %d of matrices of order %lld", which, (long long)n);
}

static weir_ctx *open_with(int isa, int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.isa = (weir_isa)isa, o.threads = threads;
    return weir_open_with(&o);
}

static void a_matrix_is_independent_of_its_batch(void **state)
{
    (void)state;
    for (int isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++)
        for (int t = WEIR_F32; t <= WEIR_F64; t++) {
            weir_ctx *one = open_with(isa, 1), *two = open_with(isa, 2);
            for (int64_t n = 6; weir_ok(one) && n < 140; n += n < 10 ? 1 : 43) { /* past the sizes from which OpenBLAS uses threads */
                enum { BATCH = 7 };
                weir_scope s = weir_scope_begin(one), s2 = weir_scope_begin(two);
                weir__frame f = weir__frame_set(one, (weir__frame){ .stream = 5 }), f2 = weir__frame_set(two, (weir__frame){ .stream = 5 });
                weir_tensor *a = weir_randn(one, (weir_dtype)t, 3, SHAPE(BATCH, n, n)), *a2 = weir_randn(two, (weir_dtype)t, 3, SHAPE(BATCH, n, n)), *y[RESULTS], *z[RESULTS];
                weir__frame_set(one, f), weir__frame_set(two, f2);
                all_of(a, y), all_of(a2, z);
                assert_ok(one);
                assert_ok(two);
                for (int r = 0; r < RESULTS; r++) same_bits(y[r], z[r], r, n);
                for (int64_t i = 0; i < BATCH; i += 3) { /* alone, at another place in memory */
                    all_of(weir_slice(a, 0, i, i + 1, 1), z);
                    for (int r = 0; r < RESULTS; r++) same_bits(weir_slice(y[r], 0, i, i + 1, 1), z[r], r, n);
                }
                weir_scope_end(s), weir_scope_end(s2);
            }
            weir_close(two), weir_close(one);
        }
}

/* Prints what a library's number of threads must not change: run by test_linalg.sh. */
static int print_bits(void)
{
    weir_ctx *c = weir_open(1);
    for (int64_t n = 3; n < 320; n += n < 60 ? 11 : 67)
        for (int t = WEIR_F32; t <= WEIR_F64; t++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *y[RESULTS];
            all_of(weir_randn(c, (weir_dtype)t, 3, SHAPE(2, n + 5, n + 5)), y);
            for (int r = 0; r < RESULTS && weir_ok(c); r++) {
                uint64_t h = 1469598103934665603u;
                const unsigned char *p = weir_data(y[r]);
                for (int64_t i = 0; i < weir_numel(y[r]) * (int64_t)weir_dtype_size((weir_dtype)t); i++) h = (h ^ p[i]) * 1099511628211u;
                printf("%lld %s %d %016llx\n", (long long)n + 5, weir_dtype_name((weir_dtype)t), r, (unsigned long long)h);
            }
            weir_scope_end(s);
        }
    if (!weir_ok(c)) fprintf(stderr, "%s\n", weir_message(c));
    bool good = weir_ok(c);
    weir_close(c);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "bits") == 0) return print_bits();
    CASES(CASE(values_and_gradients_are_pytorchs), CASE(large_matrices_fit_together), CASE(what_has_no_answer_is_a_value), CASE(errors_name_the_op_and_the_shapes),
          cmocka_unit_test(a_matrix_is_independent_of_its_batch));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
