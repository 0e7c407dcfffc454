/* Toys against their formulas: moments, supports, densities that integrate to 1, entropies. */
#include "fixture.h"

enum { N = 200000 };
#define PI 3.14159265358979323846

static const char *const all[] = { "moons", "8gaussians", "pinwheel", "rings", "spirals", "checkerboard", "swissroll", "gmm3", "gaussian" };
enum { TOYS = sizeof all / sizeof *all };

static weir_dataset *toy(const char *name, int64_t n)
{
    char spec[64];
    snprintf(spec, sizeof spec, "toy:%s,n=%lld", name, (long long)n);
    return opened(c, spec);
}

static const weir__dataset_row *row_of(const char *name)
{
    for (int64_t i = 0; i < weir__dataset_row_count; i++)
        if (strcmp(weir__dataset_rows[i]->name + 8, name) == 0) return (const weir__dataset_row *)weir__dataset_rows[i];
    fail_msg("no toy %s", name);
    return NULL;
}

/* 0 .. n-1 in the beginning of more. */
static void prefix(void **state)
{
    (void)state;
    for (int i = 0; i < TOYS; i++) {
        weir_dataset *few = toy(all[i], 100), *more = toy(all[i], 1000);
        assert_memory_equal(few->store->data, more->store->data, 100 * 2 * sizeof(float));
        for (int j = 0; j < i; j++) {
            weir_dataset *other = toy(all[j], 100);
            assert_memory_not_equal(few->store->data, other->store->data, 2 * sizeof(float));
            weir_dataset_free(other);
        }
        weir_dataset_free(few);
        weir_dataset_free(more);
    }
}

/* Row 7 as it came out first: every result on a toy rests on these. */
static void fixed(void **state)
{
    (void)state;
    static const struct { const char *name; float x[2]; } row7[TOYS] = {
        { "moons", { -3.36891127f, -0.132151768f } },       { "8gaussians", { 2.08883905f, 2.13831806f } },
        { "pinwheel", { 2.34387827f, 0.761434197f } },      { "rings", { -1.50639069f, 0.304316729f } },
        { "spirals", { 1.16642213f, 2.66546154f } },        { "checkerboard", { 3.8910141f, -1.27423096f } },
        { "swissroll", { -0.821434438f, -2.09429908f } },   { "gmm3", { 0.729808211f, 0.890720725f } },
        { "gaussian", { -0.0651879758f, -0.851160884f } },
    };
    for (int i = 0; i < TOYS; i++) {
        weir_dataset *d = toy(row7[i].name, 8);
        const float *x = (const float *)d->store->data + 14;
        assert_true(fabsf(x[0] - row7[i].x[0]) < 1e-6f && fabsf(x[1] - row7[i].x[1]) < 1e-6f); /* libm may differ in the last place */
        weir_dataset_free(d);
    }
}

/* Mean of f over t in [a, b] with density `law`, by Simpson's rule. */
static double mean_of(double (*f)(double), double (*law)(double), double a, double b)
{
    enum { STEPS = 20000 };
    double sum = 0, h = (b - a) / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double t = a + i * h, w = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
        sum += w * f(t) * law(t);
    }
    return sum * h / 3;
}
static double spiral_law(double t) { return 2 * t / (9 * PI * PI); } /* t = 3 pi sqrt(U) */
static double roll_law(double t) { return t > 0 ? 1 / (3 * PI) : 0; }
static double t_cos(double t) { return t * cos(t); }
static double t_sin(double t) { return t * sin(t); }
static double t_cos2(double t) { return t_cos(t) * t_cos(t); }
static double t_sin2(double t) { return t_sin(t) * t_sin(t); }

static void check_moments(const char *name, double m0, double m1, double v0, double v1, double covariance)
{
    weir_dataset *d = toy(name, N);
    const float *x = d->store->data;
    double mean[2], std[2], cross = 0, fourth = 0;
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    for (int64_t i = 0; i < N; i++) {
        cross += (x[2 * i] - mean[0]) * (x[2 * i + 1] - mean[1]) / N;
        fourth += pow(x[2 * i] - mean[0], 4) / N + pow(x[2 * i + 1] - mean[1], 4) / N;
    }
    double tolerance = 5 * sqrt(fourth / N); /* of second moments, five standard errors */
    double errors[] = { (mean[0] - m0) / (5 * std[0] / sqrt(N)), (mean[1] - m1) / (5 * std[1] / sqrt(N)), (std[0] * std[0] - v0) / tolerance,
                        (std[1] * std[1] - v1) / tolerance, (cross - covariance) / tolerance };
    for (int k = 0; k < 5; k++)
        if (!(fabs(errors[k]) < 1)) fail_msg("%s: moment %d is %g times its tolerance away", name, k, errors[k]);
    weir_dataset_free(d);
}

static void moments(void **state)
{
    (void)state;
    check_moments("moons", 0, 0.3, 3.04, 4 * (0.625 - 1 / PI - 0.0625 + 0.01), 4 * (0.5 * (0.5 - 2 / PI) - 0.5 * 0.25));
    double m = mean_of(t_cos, roll_law, 1.5 * PI, 4.5 * PI), k = mean_of(t_sin, roll_law, 1.5 * PI, 4.5 * PI);
    double both = 0;
    for (int i = 0; i < 300000; i++) {
        double t = 1.5 * PI + 3 * PI * (i + 0.5) / 300000;
        both += t_cos(t) * t_sin(t) / 300000;
    }
    check_moments("swissroll", m / 5, k / 5, (mean_of(t_cos2, roll_law, 1.5 * PI, 4.5 * PI) - m * m + 1) / 25,
                  (mean_of(t_sin2, roll_law, 1.5 * PI, 4.5 * PI) - k * k + 1) / 25, (both - m * k) / 25);
    check_moments("rings", 0, 0, 0.5 * 0.5625 * 7.5 + 0.0064, 0.5 * 0.5625 * 7.5 + 0.0064, 0);
    check_moments("pinwheel", 0, 0, 2.2, 2.2, 0);
    check_moments("checkerboard", 0, 0, 16.0 / 3, 16.0 / 3, 1);
    double c2 = 16 / (1.414 * 1.414), s2 = 0.25 / (1.414 * 1.414);
    check_moments("8gaussians", 0, 0, c2 / 2 + s2, c2 / 2 + s2, 0);
    check_moments("gaussian", 0.5, -0.25, 1, 0.25, 0.4);
    check_moments("gmm3", -0.16, 0.06, 0.3 * 1.09 + 0.5 * 1.3 + 0.2 * 0.14 - 0.16 * 0.16, 0.3 * 0.45 + 0.5 * 0.14 + 0.2 * 1.59 - 0.06 * 0.06,
                  0.15 - 0.15 - 0.2 * 0.2 * 1.2 + 0.16 * 0.06);
}

static void spiral_moments(void **state)
{
    (void)state;
    double a = mean_of(t_cos, spiral_law, 0, 3 * PI), b = mean_of(t_sin, spiral_law, 0, 3 * PI);
    double xx = (mean_of(t_cos2, spiral_law, 0, 3 * PI) - 0.5 * a + 0.25 / 3) / 9 + 0.01; /* (-t cos t + u/2)^2, u uniform */
    double yy = (mean_of(t_sin2, spiral_law, 0, 3 * PI) + 0.5 * b + 0.25 / 3) / 9 + 0.01;
    double xy = 0;
    for (int i = 0; i < 300000; i++) {
        double t = 3 * PI * sqrt((i + 0.5) / 300000);
        xy += (-t_cos(t) * t_sin(t) - t_cos(t) * 0.25 + t_sin(t) * 0.25 + 0.0625) / 300000;
    }
    check_moments("spirals", 0, 0, xx, yy, xy / 9);
}

/* Every draw lies where the shape is. */
static void shapes(void **state)
{
    (void)state;
    weir_dataset *d = toy("rings", 20000);
    const float *x = d->store->data;
    int count[4] = { 0 };
    for (int i = 0; i < 20000; i++) {
        double r = hypot(x[2 * i], x[2 * i + 1]), k = round(r / 0.75);
        assert_true(fabs(r - 0.75 * k) < 0.375 && k >= 1 && k <= 4);
        count[(int)k - 1]++;
    }
    for (int k = 0; k < 4; k++) assert_true(abs(count[k] - 5000) < 5 * 62);
    weir_dataset_free(d);
    d = toy("moons", 20000);
    x = d->store->data;
    for (int i = 0; i < 20000; i++) {
        double a = (x[2 * i] + 1) / 2, b = (x[2 * i + 1] + 0.2) / 2;
        assert_true(fabs(hypot(a, b) - 1) < 0.55 || fabs(hypot(a - 1, b - 0.5) - 1) < 0.55);
    }
    weir_dataset_free(d);
    d = toy("pinwheel", 20000);
    x = d->store->data;
    double spread = 0, n = 0;
    for (int i = 0; i < 20000; i++) { /* turned back by its own radius each point lies near one of 5 rays */
        double along = hypot(x[2 * i], x[2 * i + 1]) / 2, angle = -atan2(x[2 * i + 1], x[2 * i]) - 0.25 * exp(along);
        double ray = remainder(angle, 2 * PI / 5);
        if (along > 1) spread += ray * ray, n++;
    }
    assert_true(n > 9000 && spread / n < 0.01); /* 0.1 across at a radius above 1; 0.13 if there were no rays */
    weir_dataset_free(d);
}

static void checkerboard(void **state)
{
    (void)state;
    int count[4][4] = { { 0 } };
    double out;
    weir_dataset *d = toy("checkerboard", N);
    const float *x = d->store->data;
    for (int64_t i = 0; i < N; i++) {
        int column = (int)floorf(x[2 * i] / 2) + 2, row = (int)floorf(x[2 * i + 1] / 2) + 2;
        assert_true(column >= 0 && column < 4 && row >= 0 && row < 4);
        assert_int_equal((column + row) % 2, 0);
        count[column][row]++;
        if (i % 1000) continue;
        assert_true(weir_dataset_true_log_prob(d, i, 1, &out));
        assert_true(out == -log(32));
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            if ((i + j) % 2 == 0) assert_true(abs(count[i][j] - N / 8) < 5 * 148);
    double (*density)(const double *) = row_of("checkerboard")->log_density;
    assert_true(density((const double[]){ -3, -1 }) == -INFINITY && density((const double[]){ -1, -1 }) == -log(32));
    assert_true(density((const double[]){ 4, 0 }) == -INFINITY && density((const double[]){ -4.001, -3 }) == -INFINITY);
    weir_dataset_free(d);
}

/* Integrals over [-9, 9]^2: of the density 1, of -p log p the entropy the row states. */
static void densities(void **state)
{
    (void)state;
    int known = 0;
    for (int i = 0; i < TOYS; i++) {
        const weir__dataset_row *row = row_of(all[i]);
        assert_int_equal(row->log_density == NULL, isnan(row->entropy));
        if (!row->log_density) continue;
        known++;
        double mass = 0, entropy = 0, h = 0.02;
        for (double a = -9 + h / 2; a < 9; a += h)
            for (double b = -9 + h / 2; b < 9; b += h) {
                double l = row->log_density((const double[]){ a, b }), p = exp(l);
                mass += p * h * h;
                if (p > 0) entropy -= p * l * h * h;
            }
        if (!(fabs(mass - 1) < 1e-9)) fail_msg("%s: the density adds up to %.12g", all[i], mass);
        if (!(fabs(entropy - row->entropy) < 1e-8)) fail_msg("%s: entropy %.12g, the row says %.12g", all[i], entropy, row->entropy);
    }
    assert_int_equal(known, 4);
    assert_true(fabs(row_of("8gaussians")->entropy - 2.83188) < 1e-5);
    assert_true(fabs(row_of("checkerboard")->entropy - 3.46574) < 1e-5);
    assert_true(fabs(row_of("gaussian")->entropy - (1 + log(2 * PI) + 0.5 * log(0.25 * (1 - 0.64)))) < 1e-15);
}

/* Draws and density belong together: the mean of -log p over draws is the entropy. */
static void entropies(void **state)
{
    (void)state;
    static double out[N];
    for (int i = 0; i < TOYS; i++) {
        weir_dataset *d = toy(all[i], N);
        double mean = 0, square = 0;
        bool known = weir_dataset_true_log_prob(d, 0, N, out);
        assert_int_equal(known, !isnan(weir__dataset_entropy(d)));
        for (int64_t k = 0; known && k < N; k++) mean -= out[k] / N;
        for (int64_t k = 0; known && k < N; k++) square += (out[k] + mean) * (out[k] + mean) / N;
        if (known && !(fabs(mean - weir__dataset_entropy(d)) <= 5 * sqrt(square / N) + 1e-9))
            fail_msg("%s: mean of -log p %g, entropy %g", all[i], mean, weir__dataset_entropy(d));
        weir_dataset_free(d);
    }
}

/* Reference numbers of the mixture: computed apart from this code, and one of its blur by a Gaussian of 0.5. */
static void gmm3_golden(void **state)
{
    (void)state;
    double (*density)(const double *) = row_of("gmm3")->log_density;
    assert_true(fabs(density((const double[]){ 0.3, -0.4 }) + 3.421649932200124) < 1e-13);
    assert_true(fabs(density((const double[]){ -1, 0.25 }) + 0.4561714310261314) < 1e-13);
    assert_true(fabs(density((const double[]){ 4, -2 }) + 66.65803746999035) < 1e-11);
    assert_true(fabs(row_of("8gaussians")->log_density((const double[]){ 2, 1.9 }) + 1.878409303883884) < 1e-13);
    double blurred = 0, h = 0.02;
    for (double a = -7; a < 7; a += h)
        for (double b = -7; b < 7; b += h) {
            double u = 0.3 - a, v = -0.4 - b;
            blurred += h * h * exp(density((const double[]){ a, b }) - (u * u + v * v) / (2 * 0.25)) / (2 * PI * 0.25);
        }
    assert_true(fabs(log(blurred) + 2.520088300914) < 1e-10);
    assert_true(isnan(density((const double[]){ NAN, 0 })));
    assert_true(density((const double[]){ INFINITY, 0 }) == -INFINITY);
}

/* Views, ids and ranges. */
static void true_log_prob(void **state)
{
    (void)state;
    double whole[600], part[100];
    weir_dataset *d = toy("gmm3", 600), *v = weir_dataset_split(d, "valid"), *other = toy("moons", 10), *digits = opened(c, "digits,limit=5");
    assert_true(weir_dataset_true_log_prob(d, 0, 600, whole));
    assert_true(weir_dataset_true_log_prob(v, 0, 100, part));
    for (int i = 0; i < 100; i++) assert_true(part[i] == whole[v->ids[i]]);
    weir_scope s = weir_scope_begin(c);
    const float *x = weir_data(weir_batch_x(weir_dataset_batch(v, 3, 1)));
    assert_true(part[3] == row_of("gmm3")->log_density((const double[]){ x[0], x[1] })); /* at the very values of the batch */
    weir_scope_end(s);
    assert_false(weir_dataset_true_log_prob(other, 0, 10, part));
    assert_false(weir_dataset_true_log_prob(digits, 0, 5, part));
    assert_true(weir_ok(c));
    assert_false(weir_dataset_true_log_prob(d, 600, 1, part));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_RANGE);
    weir_clear(c);
    weir_dataset_free(v);
    weir_dataset_free(d);
    weir_dataset_free(other);
    weir_dataset_free(digits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(prefix),  TEST(fixed),     TEST(moments),   TEST(spiral_moments), TEST(shapes), TEST(checkerboard),
        TEST(densities), TEST(entropies), TEST(gmm3_golden), TEST(true_log_prob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
