/* Measures of two samples: closed forms of Gaussians, scipy's values, errors that say how values
 * scatter, the same bits at any number of threads. */
#include "data/data.h"
#include "fixtures/metric.h"
#include "metric/metric.h"
#include "test.h"

#define COUNT(a) ((int64_t)(sizeof(a) / sizeof *(a)))

/* n samples of dim independent values N(mean, std^2). */
static double *normals(uint64_t key, int64_t n, int64_t dim, double mean, double std)
{
    double *x = malloc((size_t)(n * dim) * sizeof *x);
    for (int64_t i = 0; i < n * dim; i++)
        x[i] = mean + std * weir__normal(key, (uint64_t)(i / dim), (uint64_t)(i % dim));
    return x;
}

static weir_metric_value measured(weir_ctx *c, const char *metric, int64_t dim, int64_t n,
                                  const double *a, int64_t m, const double *b)
{
    weir_metric_value v[8] = { { NAN, NAN, NAN } };
    weir_metric_pair p = weir_metric_pair_of(dim, n, a, m, b);
    weir_metric_measure(c, metric, &p, v);
    assert_ok(c);
    return v[0];
}

/* -- golden numbers ---------------------------------------------------------------------------- */
static void scipy_agrees(void **state)
{
    weir_ctx *c = *state;
    int64_t n = COUNT(scipy_x), m = COUNT(scipy_y);
    weir_metric_value ks = measured(c, "kolmogorov_smirnov", 1, n, scipy_x, m, scipy_y);
    assert_near(ks.value, scipy_ks, 1e-14);
    assert_near(ks.p_value, scipy_ks_p, 1e-13);
    weir_metric_value e = measured(c, "energy", 1, n, scipy_x, m, scipy_y);
    assert_near(e.value, scipy_energy_1, 1e-13);
    e = measured(c, "energy", 3, COUNT(scipy_p) / 3, scipy_p, COUNT(scipy_q) / 3, scipy_q);
    assert_near(e.value, scipy_energy_3, 1e-13);
    weir_metric_value w = measured(c, "sliced_wasserstein order=1", 1, n, scipy_x, m, scipy_y);
    assert_near(w.value, scipy_wasserstein, 1e-13);
}

/* t = sqrt(n / 2) D of n samples each, of which the first k of b lie above all of a: D = k / n. */
static void kolmogorov_tails(void **state)
{
    for (int64_t i = 0; i < COUNT(scipy_tail); i++) {
        enum { N = 20000 };
        double t = scipy_tail[i][0], *a = calloc(N, sizeof *a), *b = calloc(N, sizeof *b);
        int64_t k = (int64_t)round(t * sqrt(2.0 / N) * N);
        for (int64_t j = 0; j < k; j++) b[j] = 1;
        weir_metric_value v = measured(*state, "kolmogorov_smirnov", 1, N, a, N, b);
        assert_near(v.value, (double)k / N, 1e-15);
        double slope = 8 * t * exp(-2 * t * t) + 3, off = sqrt(N / 2.0) * v.value - t;
        assert_near(v.p_value, scipy_tail[i][1], slope * fabs(off) + 1e-12);
        free(a);
        free(b);
    }
}

/* -- closed forms ------------------------------------------------------------------------------ */
static const double pi = 3.14159265358979323846;

/* E|Z| of Z ~ N(d, s^2) */
static double folded(double d, double s)
{
    return s * sqrt(2 / pi) * exp(-d * d / (2 * s * s)) + d * erf(d / (s * sqrt(2)));
}

static void energy_of_gaussians(void **state)
{
    enum { N = 4000, M = 3000 };
    double *a = normals(1, N, 1, 0, 1), *b = normals(2, M, 1, 0.5, 1.5);
    double truth = 2 * folded(0.5, sqrt(1 + 1.5 * 1.5)) - folded(0, sqrt(2))
                   - folded(0, 1.5 * sqrt(2));
    weir_metric_value v = measured(*state, "energy", 1, N, a, M, b);
    assert_true(fabs(v.value - truth) < 4 * v.error && v.error < 0.1 * truth);
    free(a);
    free(b);
    /* isotropic, of d = 5: E|Z| = s sqrt(2) Gamma((d + 1) / 2) / Gamma(d / 2) */
    double length = sqrt(2) * tgamma(3) / tgamma(2.5);
    a = normals(3, N, 5, 0, 1);
    b = normals(4, M, 5, 0, 2);
    truth = length * (2 * sqrt(5) - sqrt(2) - sqrt(8));
    v = measured(*state, "energy", 5, N, a, M, b);
    assert_true(fabs(v.value - truth) < 4 * v.error && v.error < 0.1 * truth);
    free(a);
    free(b);
}

/* One column by prefix sums is the same as all pairs, which a column of zeros asks for. */
static void energy_sorted_is_pairs(void **state)
{
    enum { N = 70, M = 130 };
    double a[2 * N] = { 0 }, b[2 * M] = { 0 }, x[N], y[M];
    for (int i = 0; i < N; i++) a[2 * i] = x[i] = 1000 + weir__normal(5, 0, (uint64_t)i);
    for (int i = 0; i < M; i++) b[2 * i] = y[i] = 1000.3 + weir__normal(5, 1, (uint64_t)i);
    weir_metric_value one = measured(*state, "energy", 1, N, x, M, y);
    weir_metric_value two = measured(*state, "energy", 2, N, a, M, b);
    assert_near(one.value, two.value, 1e-12);
    assert_near(one.error, two.error, 1e-10);
}

/* W_2 of N(0, s^2 I) and N(0, r^2 I) projected on any line is |s - r|; of a shift by v along the
 * one column |v|. */
static void sliced_of_gaussians(void **state)
{
    enum { N = 5000, DIM = 3 };
    double *a = normals(6, N, DIM, 0, 1), *b = normals(7, N, DIM, 0, 1.5), shifted[40];
    weir_metric_value v = measured(*state, "sliced_wasserstein", DIM, N, a, N, b);
    assert_true(fabs(v.value - 0.5) < 4 * v.error && v.error < 0.02);
    for (int i = 0; i < 40; i++) shifted[i] = a[i] - 2.25;
    v = measured(*state, "sliced_wasserstein", 1, 40, a, 40, shifted);
    assert_near(v.value, 2.25, 1e-14);
    free(a);
    free(b);
}

/* 2 and 3 samples as 6 and 6, each three times and twice. */
static void sliced_of_unequal_sizes(void **state)
{
    const double a[] = { 0.3, -1 }, b[] = { 2, 0.1, 0.4 };
    const double a6[] = { 0.3, 0.3, 0.3, -1, -1, -1 }, b6[] = { 2, 2, 0.1, 0.1, 0.4, 0.4 };
    for (int order = 1; order <= 2; order++) {
        const char *metric = order == 1 ? "sliced_wasserstein order=1" : "sliced_wasserstein";
        weir_metric_value few = measured(*state, metric, 1, 2, a, 3, b);
        weir_metric_value many = measured(*state, metric, 1, 6, a6, 6, b6);
        assert_near(few.value, many.value, 1e-14);
    }
}

static void classifier_finds(void **state)
{
    enum { N = 1000 };
    double *a = normals(8, N, 2, 0, 1), *b = normals(9, N, 2, 0, 1), *far = normals(10, N, 2, 9, 1);
    weir_metric_value v = measured(*state, "classifier", 2, N, a, N, b);
    assert_true(fabs(v.value - 0.5) < 4 * v.error && v.p_value > 1e-4);
    assert_near(v.error, sqrt(0.25 / N), 0.01);
    v = measured(*state, "classifier steps=200", 2, N, a, N / 3, far);
    assert_true(v.value == 1 && v.error == 0 && v.p_value < 1e-9);
    for (int i = 0; i < N; i++) { /* a ring, which no line cuts off */
        double r = 3 / hypot(far[2 * i] - 9, far[2 * i + 1] - 9);
        for (int k = 0; k < 2; k++) far[2 * i + k] = (far[2 * i + k] - 9) * r;
    }
    v = measured(*state, "classifier hidden=", 2, N, a, N, far);
    assert_true(v.value < 0.6);
    v = measured(*state, "classifier hidden=16", 2, N, a, N, far);
    assert_true(v.value > 0.95);
    free(a);
    free(b);
    free(far);
}

/* -- errors ------------------------------------------------------------------------------------ */
/* The standard deviation of values over many pairs, by their mean error (as a root mean square). */
static double scatter(weir_ctx *c, const char *metric, int64_t dim, double shift)
{
    enum { N = 60, M = 90, TIMES = 300 };
    double sum = 0, square = 0, error = 0;
    for (uint64_t t = 0; t < TIMES; t++) {
        double *a = normals(100 + t, N, dim, 0, 1), *b = normals(5000 + t, M, dim, shift, 1);
        weir_metric_value v = measured(c, metric, dim, N, a, M, b);
        sum += v.value;
        square += v.value * v.value;
        error += v.error * v.error;
        free(a);
        free(b);
    }
    double variance = square / TIMES - sum / TIMES * (sum / TIMES);
    return sqrt(variance / (error / TIMES));
}

static void errors_are_the_scatter(void **state)
{
    static const struct expected {
        const char *metric;
        int64_t dim;
        double shift, least, most;
    } all[] = {
        { "energy", 1, 0, 0.6, 1 },
        { "energy", 3, 0, 0.6, 1 },
        { "energy", 2, 0.7, 0.85, 1.15 },
        { "sliced_wasserstein directions=50", 2, 1, 0.75, 1.25 },
        { "kolmogorov_smirnov", 1, 1, 0.75, 1.25 },
        { "classifier hidden= steps=30", 1, 1, 0.75, 1.25 },
    };
    for (int64_t i = 0; i < COUNT(all); i++) {
        double ratio = scatter(*state, all[i].metric, all[i].dim, all[i].shift);
        if (!(ratio > all[i].least && ratio < all[i].most))
            fail_msg("%s, shift %g: scatter / error = %g", all[i].metric, all[i].shift, ratio);
    }
}

/* p of the two rows that have one is uniform where both sets are alike: mean 1/2. KS has the limit
 * of n, so its p of 150 samples is a little large. */
static void p_is_uniform(void **state)
{
    enum { N = 150, TIMES = 200 };
    double ks = 0, net = 0;
    for (uint64_t t = 0; t < TIMES; t++) {
        double *a = normals(300 + t, N, 1, 0, 1), *b = normals(7000 + t, N, 1, 0, 1);
        ks += measured(*state, "kolmogorov_smirnov", 1, N, a, N, b).p_value / TIMES;
        net += measured(*state, "classifier hidden= steps=20", 1, N, a, N, b).p_value / TIMES;
        free(a);
        free(b);
    }
    assert_true(ks > 0.45 && ks < 0.65 && net > 0.4 && net < 0.6);
}

/* -- rows -------------------------------------------------------------------------------------- */
static int64_t values_of(const weir_metric_row *row, int64_t dim)
{
    return row->per_column ? dim : 1;
}

static void row_text(const weir_row *row, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s %s", row->name + strlen("metric."), row->test);
}

static void rows_have_bits_of_their_own(void **state)
{
    enum { N = 700, M = 500, DIM = 3 };
    double *a = normals(11, N, DIM, 0, 1), *b = normals(12, M, DIM, 0.2, 1);
    for (int64_t i = 0; i < weir_row_count(*state, "metric"); i++) {
        weir_metric_value first[DIM];
        const weir_row *row = weir_row_at(*state, "metric", i);
        char text[200];
        row_text(row, text, sizeof text);
        for (int threads = 1; threads <= 3; threads++) {
            weir_metric_value v[DIM] = { { 0 } };
            weir_open_opts o = weir_open_defaults();
            o.threads = threads;
            o.seed = (uint64_t)threads; /* the context's has no say */
            weir_ctx *c = weir_open_with(&o);
            weir_metric_pair p = weir_metric_pair_of(DIM, N, a, M, b);
            int64_t n = values_of((const weir_metric_row *)row, DIM);
            assert_int_equal(weir_metric_measure(c, text, &p, v), WEIR_OK);
            for (int64_t j = 0; j < n; j++) assert_true(isfinite(v[j].value) && v[j].error >= 0);
            if (threads == 1) memcpy(first, v, sizeof v);
            assert_memory_equal(first, v, (size_t)n * sizeof *v);
            weir_close(c);
        }
    }
    free(a);
    free(b);
}

static char failing_text[200];
static void measure_small(weir_ctx *c)
{
    const double a[] = { 0, 1, 2, 3, 4, 5, 6, 7 }, b[] = { 1, 1, 0, 3, 2, 5 };
    weir_metric_value v[2];
    weir_metric_pair p = weir_metric_pair_of(2, 4, a, 3, b);
    weir_metric_measure(c, failing_text, &p, v);
}

static void rows_without_memory(void **state)
{
    for (int64_t i = 0; i < weir_row_count(*state, "metric"); i++) {
        const weir_row *row = weir_row_at(*state, "metric", i);
        row_text(row, failing_text, sizeof failing_text);
        if (strstr(failing_text, "steps=")) strcat(failing_text, " steps=2 batch=3");
        test_every_allocation(measure_small);
    }
}

static weir_status mean_measure(weir_ctx *c, const weir_metric_pair *p, const void *options,
                                weir_metric_value *out)
{
    double a = 0, b = 0;
    for (int64_t i = 0; i < p->n_a; i++) a += p->a[i * p->dim] / (double)p->n_a;
    for (int64_t i = 0; i < p->n_b; i++) b += p->b[i * p->dim] / (double)p->n_b;
    *out = (weir_metric_value){ .value = b - a, .error = NAN, .p_value = NAN };
    return WEIR_OK;
}

static const weir_metric_row mean_row = {
    .row = {
        .size = sizeof(weir_metric_row),
        .version = 1,
        .name = "metric.mean",
        .doc = "difference of the means of the first column",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .same = "0",
    .error_doc = "none",
    .measure = mean_measure,
};

static void rows_of_programs(void **state)
{
    const double a[] = { 0, 1 }, b[] = { 3, 4 };
    assert_int_equal(weir_row_register(*state, &mean_row.row), WEIR_OK);
    assert_near(measured(*state, "mean", 1, 2, a, 2, b).value, 3, 1e-15);
}

/* -- what is refused --------------------------------------------------------------------------- */
static void bad_pairs(void **state)
{
    weir_ctx *c = *state;
    double a[] = { 0, 1, 2, 3 }, b[] = { 0, NAN, 1, 1 };
    weir_metric_value v;
    weir_metric_pair p = weir_metric_pair_of(2, 2, a, 2, b);
    weir_metric_measure(c, "energy", &p, &v);
    assert_fails(c, WEIR_ERROR_VALUE, "metric_measure: sample 0 of b: value 1: expected a finite");
    p = weir_metric_pair_of(2, 2, a, 1, a);
    weir_metric_measure(c, "energy", &p, &v);
    assert_fails(c, WEIR_ERROR_SHAPE, "2 and 1 samples: expected 2 or more");
    p = weir_metric_pair_of(2, 2, a, 2, a);
    weir_metric_measure(c, "enery", &p, &v);
    assert_fails(c, WEIR_ERROR_NAME, "perhaps energy");
    weir_metric_measure(c, "", &p, &v);
    assert_fails(c, WEIR_ERROR_NAME, "an empty text");
    weir_metric_measure(c, "energy standardize=perhaps", &p, &v);
    assert_true(!weir_ok(c));
    weir_clear(c);
}

/* -- data sets and draws ----------------------------------------------------------------------- */
static void data_sets(void **state)
{
    weir_ctx *c = *state;
    double a[] = { 0, 1, NAN, 2, 4 }, b[] = { 1, 2, 3 };
    const double kept[] = { 0, 1, 2, 4 };
    weir_metric_value v, same = measured(c, "energy", 1, 4, kept, 3, b);
    weir_compare_info info = { .size = sizeof info };
    weir_dataset *x = weir_dataset_from_f64(c, a, 5, 1), *y = weir_dataset_from_f64(c, b, 3, 1);
    assert_int_equal(weir_compare(x, y, "energy", NULL, &v, &info), WEIR_OK);
    assert_near(v.value, same.value, 1e-15);
    assert_true(info.n_a == 4 && info.n_left_a == 1 && info.n_b == 3 && info.dim == 1);
    weir_compare_opts o = weir_compare_defaults();
    o.limit = 2;
    assert_int_equal(weir_compare(x, y, "kolmogorov_smirnov", &o, &v, &info), WEIR_OK);
    assert_true(info.n_a + info.n_left_a == 2 && info.n_b == 2);
    assert_int_equal(weir_dataset_set_weights(y, (const double[]){ 1, 2, 1 }), WEIR_OK);
    weir_compare(x, y, "energy", NULL, &v, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected samples of equal weight");
    weir_dataset *wide = weir_dataset_from_f64(c, b, 1, 3);
    weir_compare(x, wide, "energy", NULL, &v, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "has 1 values a sample");
    weir_dataset_free(wide);
    weir_dataset_free(x);
    weir_dataset_free(y);
}

/* Draws are the model's samples; those of a conditional model go by the data's conditions. */
static void draws(void **state)
{
    weir_ctx *c = *state;
    enum { N = 6 };
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 classes=2 levels=0");
    weir_dataset *d = weir_dataset_from_f64(c, (const double[2 * N]){ 0 }, N, 2);
    weir_dataset_set_labels(d, (const int64_t[]){ 0, 1, 1, 0, 1, 0 });
    weir_sample_opts o = weir_sample_defaults();
    o.first = 3;
    weir_dataset *draws = weir_model_sample_dataset(m, N, &o, d);
    assert_ok(c);
    weir_condition *k = weir_condition_new(c);
    const int64_t n = N;
    k = weir_condition_with(k, "class",
                            weir_from_i64(c, (const int64_t[]){ 0, 1, 1, 0, 1, 0 }, 1, &n));
    double x[2 * N], y[2 * N];
    o.condition = k;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
    weir_copy_to_f64(weir_batch_x(weir_dataset_batch(draws, 0, N)), y, 2 * N);
    assert_ok(c);
    assert_memory_equal(x, y, sizeof x);
    o.condition = NULL;
    assert_true(weir_dataset_is_nil(weir_model_sample_dataset(m, N + 1, &o, d)));
    assert_fails(c, WEIR_ERROR_SHAPE, "6 samples: expected 7");
    assert_true(weir_dataset_is_nil(weir_model_sample_dataset(m, 0, &o, d)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "0 samples: expected 1 or more");
    weir_dataset_free(draws);
    weir_dataset_free(d);
    weir_model_free(m);
}

int main(void)
{
    CASES(CASE(scipy_agrees), CASE(kolmogorov_tails), CASE(energy_of_gaussians),
          CASE(energy_sorted_is_pairs), CASE(sliced_of_gaussians), CASE(sliced_of_unequal_sizes),
          CASE(classifier_finds), CASE(errors_are_the_scatter), CASE(p_is_uniform),
          CASE(rows_have_bits_of_their_own), CASE(rows_without_memory), CASE(rows_of_programs),
          CASE(bad_pairs), CASE(data_sets), CASE(draws));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
