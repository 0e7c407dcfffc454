/* Base distributions and dequantizers from their rows: densities, moments of draws, log q of draws, classes. */
#include "test.h"
#include "flow/flow.h"

static double density(weir_module *b, double z, const weir_condition *k)
{
    weir_ctx *c = weir_module_ctx(b);
    return weir_item(weir_base_log_prob(b, weir_full(c, WEIR_F64, 2, SHAPE(1, 1), z), k));
}

static void density_is(weir_ctx *c, const char *name, double z, double expected)
{
    weir_module *b = weir_module_new(c, name, "dim=1 dtype=f64");
    assert_near(density(b, z, NULL), expected, 1e-14);
    weir_module_free(b);
}

/* Moments of the density by quadrature; the density integrates to 1. */
static void base_moments(weir_module *b, double *mean, double *variance)
{
    weir_ctx *c = weir_module_ctx(b);
    double total = 0, first = 0, second = 0;
    for (double z = -60 + 1.0 / 128; z < 60; z += 1.0 / 64) {
        weir_scope s = weir_scope_begin_no_grad(c);
        double p = exp(density(b, z, NULL)) / 64;
        total += p;
        first += z * p;
        second += z * z * p;
        weir_scope_end(s);
    }
    assert_near(total, 1, 1e-9);
    *mean = first;
    *variance = second - first * first;
}

static void set_parameters(weir_module *m, double from)
{
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        weir_tensor *t = weir_module_state_at(m, i, NULL, NULL);
        weir_scope s = weir_scope_begin_no_grad(weir_module_ctx(m));
        for (int64_t j = 0; j < weir_numel(t); j++) {
            double v = from + 0.3 * (double)j - 0.2 * (double)i;
            if (weir_dtype_of(t) == WEIR_F64) ((double *)weir_data_mut(t))[j] = v;
            else ((float *)weir_data_mut(t))[j] = (float)v;
        }
        weir_scope_end(s);
    }
}

/* Draws have the moments of the density; log q of a draw is its log p at T = 1, and that of z / T scaled at others. */
static void base_draws(weir_module *b, double mean, double variance)
{
    weir_ctx *c = weir_module_ctx(b);
    enum { N = 200000 };
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *log_q, *z = weir_base_draw(b, c, N, NULL, 1, &log_q), *log_p = weir_base_log_prob(b, z, NULL);
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < N; i++) {
        double v = ((const double *)weir_data(z))[i];
        sum += v / N;
        squares += (v - mean) * (v - mean) / N;
    }
    assert_true(fabs(sum - mean) < 5 * sqrt(variance / N));
    assert_true(fabs(squares - variance) < 0.03 * variance);
    for (int64_t i = 0; i < 20; i++) assert_near(weir_get(log_q, &i), weir_get(log_p, &i), 1e-10);
    weir_tensor *log_half, *half = weir_base_draw(b, c, N, NULL, 0.5, &log_half);
    double squares_half = 0;
    for (int64_t i = 0; i < N; i++) squares_half += pow(((const double *)weir_data(half))[i] - mean, 2) / N;
    assert_true(fabs(squares_half - 0.25 * variance) < 0.03 * variance);
    weir_base_draw(b, c, 1, NULL, 0, &log_q);
    assert_fails(c, WEIR_ERROR_RANGE, "temperature 0");
    weir_tensor *point = weir_base_draw(b, c, 2, NULL, 0, NULL);
    assert_true(fabs(weir_get(point, SHAPE(1, 0)) - mean) < 1e-9);
    weir_scope_end(s);
}

/* With moments that quadrature finds on [-60, 60], and one mean to deviate from. */
static const char *options_of(const char *name, int dim)
{
    static char text[80];
    bool t = strcmp(name, "base.student_t") == 0, mixture = strcmp(name, "base.mixture") == 0;
    snprintf(text, sizeof text, "dim=%d dtype=f64%s", dim, t ? " df=30" : mixture ? " components=1" : "");
    return text;
}

static void test_bases(void **state)
{
    weir_ctx *c = *state;
    density_is(c, "base.normal", 1.5, -0.5 * (2.25 + log(2 * 3.14159265358979323846)));
    density_is(c, "base.logistic", 1.5, -1.5 - 2 * log1p(exp(-1.5)));
    density_is(c, "base.uniform", 1, 0);
    density_is(c, "base.logistic", -700, -700);
    density_is(c, "base.logistic", 700, -700);
    for (int64_t i = 0; i < weir_row_count(c, "base"); i++) {
        double mean, variance;
        const char *name = weir_row_at(c, "base", i)->name;
        weir_module *b = weir_module_new(c, name, options_of(name, 1));
        set_parameters(b, 0.4);
        base_moments(b, &mean, &variance);
        base_draws(b, mean, variance);
        weir_module_free(b);
    }
}

/* log p [B] adds up the columns; log q at T = 0.7 is the density of mean + 0.7 (z - mean). */
static void test_base_of_columns(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "base"); i++) {
        const char *name = weir_row_at(c, "base", i)->name;
        weir_module *b = weir_module_new(c, name, options_of(name, 3));
        weir_tensor *log_q, *log_t, *z = weir_base_draw(b, c, 5, NULL, 1, &log_q);
        assert_int_equal(weir_dim(z, 1), 3);
        weir_scope s = weir_scope_begin(c);
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 5 });
        weir_base_draw(b, c, 5, NULL, 1, &log_q);
        weir__frame_set(c, (weir__frame){ .stream = 5 });
        weir_base_draw(b, c, 5, NULL, 0.7, &log_t);
        weir__frame_set(c, old);
        for (int64_t j = 0; j < 5; j++) assert_near(weir_get(log_t, &j), weir_get(log_q, &j) - 3 * log(0.7), 1e-12);
        weir_scope_end(s);
        weir_module_free(b);
    }
}

/* u lies in [0, 1), by the sample's id alone where it is drawn, and log q [B] adds up over a sample. */
static void test_dequantizers(void **state)
{
    weir_ctx *c = *state;
    static const int64_t ids[] = { 4, 9, 2 };
    double v[12] = { 0, 1, 2, 3, 0, 7, 5, 5, 5, 1, 1, 7 };
    for (int64_t i = 0; i < weir_row_count(c, "dequantizer"); i++) {
        const weir_module_row *row = (const weir_module_row *)weir_row_at(c, "dequantizer", i);
        weir_module *m = weir_module_new(c, row->row.name, row->row.test);
        double u[12], log_q[3], one[4], one_q, again[12];
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 5, .ids = ids, .n_ids = 3 });
        weir_tensor *q, *t = weir_dequantize(m, weir_from_f64(c, v, 3, SHAPE(3, 2, 2)), NULL, &q);
        assert_ok(c);
        weir_copy_to_f64(t, u, 12), weir_copy_to_f64(q, log_q, 3);
        weir__frame_set(c, (weir__frame){ .stream = 5, .ids = ids + 1, .n_ids = 1 });
        t = weir_dequantize(m, weir_from_f64(c, v + 4, 3, SHAPE(1, 2, 2)), NULL, &q);
        weir_copy_to_f64(t, one, 4), weir_copy_to_f64(q, &one_q, 1);
        assert_memory_equal(one, u + 4, sizeof one);
        assert_true(one_q == log_q[1]);
        weir__frame_set(c, (weir__frame){ .stream = 5, .step = 1, .ids = ids, .n_ids = 3 });
        t = weir_dequantize(m, weir_from_f64(c, v, 3, SHAPE(3, 2, 2)), NULL, NULL);
        weir_copy_to_f64(t, again, 12);
        assert_int_equal(memcmp(again, u, sizeof u) != 0, row->draws);
        weir__frame_set(c, old);
        for (int j = 0; j < 12; j++) assert_true(u[j] >= 0 && u[j] < 1);
        weir_dequantize(m, weir_empty(c, WEIR_I64, 1, SHAPE(3)), NULL, NULL);
        assert_fails(c, WEIR_ERROR_SHAPE, "expected f32 or f64");
        weir_module_free(m);
    }
    weir_module *other = weir_module_new(c, "base.normal", "dim=4");
    weir_dequantize(other, weir_from_f64(c, v, 2, SHAPE(3, 4)), NULL, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a dequantizer");
    weir_module_free(other);
}

static void test_base_of_classes(void **state)
{
    weir_ctx *c = *state;
    weir_module *b = weir_module_new(c, "base.diagonal", "dim=1 dtype=f64 classes=2");
    set_parameters(b, 0);
    const int64_t one[] = { 1 }, zero[] = { 0 };
    weir_condition *k1 = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, one, 1, SHAPE(1)));
    weir_condition *k0 = weir_condition_with(k1, "class", weir_from_i64(c, zero, 1, SHAPE(1)));
    /* parameters: mean 0, 0.3; log_scale -0.2, 0.1 */
    assert_near(density(b, 0.3, k1), -0.5 * log(2 * 3.14159265358979323846) - 0.1, 1e-14);
    assert_near(density(b, 0, k0), -0.5 * log(2 * 3.14159265358979323846) + 0.2, 1e-14);
    assert_near(weir_item(weir_base_draw(b, c, 1, k1, 0, NULL)), 0.3, 1e-14);
    assert_true(isnan(density(b, 0, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no class");
    weir_base_draw(b, c, 2, k1, 1, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "class of another type or shape");
    weir_module *linear = weir_module_new(c, "linear", "");
    weir_base_draw(linear, c, 1, NULL, 1, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a base");
    weir_base_log_prob(linear, weir_ones(c, WEIR_F32, 2, SHAPE(1, 1)), NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a base");
    weir_base_draw(b, c, -1, NULL, 1, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "negative");
    weir_base_draw(NULL, c, 1, NULL, 1, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "base_draw: NULL");
    weir_module_free(linear);
    weir_module_free(b);
}

/* -- Student's t -------------------------------------------------------------------------------------------------------- */
/* scipy.stats.t.logpdf(z, df), scipy 1.17.1 */
static void test_student_t(void **state)
{
    weir_ctx *c = *state;
    static const struct {
        const char *df;
        double z, expected;
    } known[] = {
        { "0.5", -2, -2.958451358913674 }, { "1", 1.5, -2.3233848821910463 },     { "5", 0, -0.9686195890547242 },
        { "5", 40, -18.28294295844477 },    { "3000", 1.5, -2.043975061800526 }, { "1e6", -1.5, -2.043938642580305 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[64];
        snprintf(text, sizeof text, "dim=1 dtype=f64 df=%s", known[i].df);
        weir_module *b = weir_module_new(c, "base.student_t", text);
        assert_near(density(b, known[i].z, NULL), known[i].expected, 1e-12);
        weir_module_free(b);
    }
}

/* Draws are distributed as the density says, tails too: shares below five quantiles of scipy's t of 1.5 degrees. */
static void test_student_t_draws(void **state)
{
    weir_ctx *c = *state;
    enum { N = 200000 };
    static const double at[] = { -52.18443000899265, -2.196398417565537, 0, 2.196398417565537, 52.18443000899265 }, share[] = { 0.001, 0.1, 0.5, 0.9, 0.999 };
    weir_module *b = weir_module_new(c, "base.student_t", "dim=1 dtype=f64 df=1.5");
    const double *z = weir_data(weir_base_draw(b, c, N, NULL, 1, NULL));
    for (int q = 0; q < 5; q++) {
        int64_t below = 0;
        for (int64_t i = 0; i < N; i++) below += z[i] < at[q];
        assert_true(fabs((double)below / N - share[q]) < 5 * sqrt(share[q] * (1 - share[q]) / N));
    }
    weir_module_free(b);
}

/* -- mixtures ------------------------------------------------------------------------------------------------------------ */
static void put(weir_module *m, const char *name, int64_t n, const double *v)
{
    double *to = weir_data_mut(weir_module_state_find(m, name));
    memcpy(to, v, (size_t)n * sizeof *v);
}

/* Two normals of two columns, of weights 1/4 and 3/4, at temperature T. */
static double mixture_by_hand(const double *z, double t)
{
    static const double mean[] = { -1, 2, 1, 0.5 }, deviation[] = { 0.5, 1, 2, 0.25 }, w[] = { 0.25, 0.75 };
    double p = 0;
    for (int j = 0; j < 2; j++) {
        double q = w[j];
        for (int i = 0; i < 2; i++) {
            double s = t * deviation[2 * j + i], e = (z[i] - mean[2 * j + i]) / s;
            q *= exp(-0.5 * e * e) / (s * sqrt(2 * 3.14159265358979323846));
        }
        p += q;
    }
    return log(p);
}

static void put_mixture(weir_module *b)
{
    const double mean[] = { -1, 2, 1, 0.5, -1, 2, 1, 0.5 };
    const double log_scale[] = { log(0.5), 0, log(2), log(0.25), log(0.5), 0, log(2), log(0.25) };
    const double logit[] = { 0.7, 0.7 + log(3), 30, -30 };
    int64_t tables = weir_dim(weir_module_state_find(b, "logit"), 0);
    put(b, "mean", 4 * tables, mean), put(b, "log_scale", 4 * tables, log_scale), put(b, "logit", 2 * tables, logit);
}

static void test_mixture(void **state)
{
    weir_ctx *c = *state;
    enum { N = 100000 };
    weir_module *b = weir_module_new(c, "base.mixture", "dim=2 components=2 dtype=f64");
    put_mixture(b);
    weir_tensor *log_q, *z = weir_base_draw(b, c, N, NULL, 0.5, &log_q), *log_p = weir_base_log_prob(b, z, NULL);
    assert_ok(c);
    double first = 0, mean = 0;
    for (int64_t i = 0; i < N; i++) {
        const double *at = (const double *)weir_data(z) + 2 * i;
        mean += at[1] / N;
        first += (double)(at[1] > 1.25) / N; /* six deviations of the second component above its mean */
        if (i >= 50) continue;
        assert_near(weir_get(log_p, &i), mixture_by_hand(at, 1), 1e-12);
        assert_near(weir_get(log_q, &i), mixture_by_hand(at, 0.5), 1e-12);
    }
    assert_true(fabs(mean - (0.25 * 2 + 0.75 * 0.5)) < 5 * 0.8 / sqrt(N));
    assert_true(fabs(first - 0.25 * 0.93319) < 5 * 0.43 / sqrt(N)); /* Phi(1.5) of the first */
    z = weir_base_draw(b, c, 40, NULL, 0, NULL);
    for (int64_t i = 0; i < 40; i++) assert_true(weir_get(z, (int64_t[]){ i, 0 }) == -1 || weir_get(z, (int64_t[]){ i, 0 }) == 1);
    weir_module_free(b);
}

/* Class 1 has all its weight on the first component. */
static void test_mixture_of_classes(void **state)
{
    weir_ctx *c = *state;
    weir_module *b = weir_module_new(c, "base.mixture", "dim=2 components=2 classes=2 dtype=f64");
    const int64_t classes[] = { 0, 1, 1 };
    weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, SHAPE(3)));
    put_mixture(b);
    const double at[] = { -1, 2, -1, 2, 0, 0 };
    weir_tensor *log_p = weir_base_log_prob(b, weir_from_f64(c, at, 2, SHAPE(3, 2)), k);
    assert_near(weir_get(log_p, SHAPE(0)), mixture_by_hand(at, 1), 1e-12);
    assert_near(weir_get(log_p, SHAPE(1)), -log(2 * 3.14159265358979323846 * 0.5), 1e-12);
    weir_tensor *z = weir_base_draw(b, c, 3, k, 0, NULL);
    assert_true(weir_get(z, SHAPE(1, 0)) == -1 && weir_get(z, SHAPE(2, 0)) == -1);
    weir_base_draw(b, c, 2, k, 1, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "class of another type or shape");
    weir_module_free(b);
}

/* log p of every base: by z to second order, and by what it learns. */
static weir_tensor *base_density(void *user, weir_tensor **in) { return weir_base_log_prob(user, in[0], NULL); }

static double total_density(weir_module *b, weir_tensor *z)
{
    weir_scope s = weir_scope_begin_no_grad(weir_module_ctx(b));
    double total = weir_item(weir_sum(weir_base_log_prob(b, z, NULL)));
    weir_scope_end(s);
    return total;
}

static void parameter_gradients(weir_module *b, weir_tensor *z, weir_tensor *p)
{
    weir_tensor *total = weir_sum(weir_base_log_prob(b, z, NULL)), *g;
    weir_grad(1, &total, 1, &p, NULL, false, false, &g);
    assert_ok(weir_module_ctx(b));
    for (int64_t i = 0; i < weir_numel(p); i++) {
        double *v = (double *)weir_data_mut(p) + i, kept = *v, h = 1e-5;
        *v = kept + h;
        double up = total_density(b, z);
        *v = kept - h;
        double down = total_density(b, z);
        *v = kept;
        assert_near(((const double *)weir_data(g))[i], (up - down) / (2 * h), 1e-7);
    }
}

static void test_base_gradients(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "base"); i++) {
        const weir_row *row = weir_row_at(c, "base", i);
        char text[80];
        snprintf(text, sizeof text, "%s dtype=f64", row->test);
        weir_module *b = weir_module_new(c, row->name, text);
        const double v[] = { 0.2, 0.7, 0.4, 0.9, 0.1, 0.6 };
        weir_tensor *z = weir_from_f64(c, v, 2, SHAPE(2, 3));
        assert_int_equal(weir_gradcheck(c, base_density, b, 1, &z, NULL), WEIR_OK);
        for (int64_t j = 0; j < weir_module_state_count(b); j++) parameter_gradients(b, z, weir_module_state_at(b, j, NULL, NULL));
        weir_module_free(b);
    }
}

/* Element 1 of sample 3374551 of this draw is exactly 0 in f32 (found by search): its logarithm must not be taken. */
static void test_logistic_where_the_draw_is_zero(void **state)
{
    weir_ctx *c = *state;
    const int64_t id = 3374551;
    weir_module *b = weir_module_new(c, "base.logistic", "dim=2");
    double z[2];
    for (int k = 0; k < 2; k++) {
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 7, .ids = &id, .n_ids = 1 });
        weir_tensor *x = k ? weir_base_draw(b, c, 1, NULL, 1, NULL) : weir_rand(c, WEIR_F32, 2, SHAPE(1, 2));
        weir__frame_set(c, old);
        z[k] = weir_get(x, SHAPE(0, 1));
    }
    assert_true(z[0] == 0);
    assert_near(z[1], -25 * log(2), 1e-6);
    weir_module_free(b);
}

int main(void)
{
    CASES(CASE(test_bases), CASE(test_base_of_columns), CASE(test_dequantizers), CASE(test_base_of_classes), CASE(test_student_t),
          CASE(test_student_t_draws), CASE(test_mixture), CASE(test_mixture_of_classes), CASE(test_base_gradients),
          CASE(test_logistic_where_the_draw_is_zero));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
