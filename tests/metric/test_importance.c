/* test_importance.c - importance weights against closed forms. */
#include "test.h"
#include "base/base.h"
#include "weir/importance.h"

enum { N = 100000 };
static double log_w[N];

static weir_importance_info of(weir_ctx *c, int64_t n)
{
    weir_importance_info info = { .size = sizeof info };
    if (weir_importance(c, log_w, n, &info) != WEIR_OK) fail_msg("%s", weir_message(c));
    return info;
}

/* log w ~ N(m, s^2): log Z = m + s^2 / 2, ess / n = exp(-s^2), stderr^2 = (exp(s^2) - 1) / n; and a
 * shift of log w shifts log Z alone, though exp overflows. */
static void log_normal_weights(void **state)
{
    weir_ctx *c = *state;
    const double s = 0.8;
    for (double m = -5000; m <= 5000; m += 5000) {
        for (int i = 0; i < N; i++) log_w[i] = m + s * weir__normal(3, 0, (uint64_t)i);
        weir_importance_info r = of(c, N);
        double error = sqrt((exp(s * s) - 1) / N);
        assert_near(r.log_z_stderr / error, 1, 0.02);
        assert_true(fabs(r.log_z - (m + s * s / 2)) < 4 * error);
        assert_near(r.ess / N, exp(-s * s), 0.02);
        assert_true(r.pareto_k < 0.5);
        assert_near(r.efficiency, 1 / (r.largest * N), 1e-12);
    }
}

/* w = u^-k, u uniform: exactly Pareto, whose excesses over any u are generalised Pareto of shape k;
 * Z = 1 / (1 - k) where k < 1. */
static void pareto_weights(void **state)
{
    weir_ctx *c = *state;
    static const double shapes[] = { 0.1, 0.3, 0.5, 0.7, 1, 1.5 };
    for (size_t j = 0; j < sizeof shapes / sizeof *shapes; j++) {
        double k = shapes[j];
        for (int i = 0; i < N; i++) log_w[i] = -k * log1p(-weir__uniform(9, j, (uint64_t)i));
        weir_importance_info r = of(c, N);
        assert_true(fabs(r.pareto_k - k) < 0.12); /* 949 in the tail: (1 + k) / sqrt 949 = 0.05 */
        if (k < 0.5) assert_true(fabs(r.log_z + log1p(-k)) < 4 * r.log_z_stderr);
    }
}

/* A proposal q = N(0, s^2) for f = exp(-x^2 / 2): bounded weights for s > 1, Z = sqrt(2 pi); for s < 1
 * w grows as exp((1 / s^2 - 1) x^2 / 2), whose tail has k = 1 - s^2. */
static void gaussian_proposals(void **state)
{
    weir_ctx *c = *state;
    for (double s = 0.6; s < 1.6; s += 0.9) {
        for (int i = 0; i < N; i++) {
            double z = weir__normal(4, 1, (uint64_t)i), x = s * z;
            log_w[i] = -x * x / 2 + z * z / 2 + log(s) + 0.5 * log(2 * M_PI);
        }
        weir_importance_info r = of(c, N);
        if (s > 1) assert_true(fabs(r.log_z - 0.5 * log(2 * M_PI)) < 4 * r.log_z_stderr);
        if (s > 1) assert_true(r.pareto_k < 0.3 && r.efficiency > 0.5);
        else assert_true(fabs(r.pareto_k - (1 - s * s)) < 0.15);
    }
}

static void equal_weights(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < 1000; i++) log_w[i] = 2;
    weir_importance_info r = of(c, 1000);
    assert_near(r.log_z, 2, 1e-14);
    assert_near(r.log_z_stderr, 0, 1e-7);
    assert_near(r.ess, 1000, 1e-12);
    assert_near(r.largest, 1e-3, 1e-12);
    assert_near(r.efficiency, 1, 1e-12);
    assert_true(isnan(r.pareto_k));
}

/* Weights by hand: 1, 2, 0, 5. */
static void a_few(void **state)
{
    weir_ctx *c = *state;
    static const double w[] = { 1, 2, 0, 5 };
    for (int i = 0; i < 4; i++) log_w[i] = log(w[i]);
    weir_importance_info r = of(c, 4);
    assert_int_equal(r.n, 4);
    assert_int_equal(r.n_zero, 1);
    assert_near(r.log_z, log(2), 1e-14);
    assert_near(r.ess, 64.0 / 30, 1e-14);
    assert_near(r.largest, 0.625, 1e-14);
    assert_near(r.efficiency, 0.4, 1e-14);
    assert_near(r.log_z_stderr, sqrt((4 * 30.0 / 64 - 1) / 3), 1e-14);
    log_w[0] = -INFINITY;
    r = of(c, 1);
    assert_true(r.log_z == -INFINITY && isnan(r.ess) && isnan(r.log_z_stderr));
}

static void refusals(void **state)
{
    weir_ctx *c = *state;
    weir_importance_info r = { .size = sizeof r };
    log_w[0] = 0;
    log_w[1] = NAN;
    log_w[2] = INFINITY;
    assert_int_equal(weir_importance(c, log_w, 3, &r), WEIR_ERROR_VALUE);
    assert_fails(c, WEIR_ERROR_VALUE, "importance: sample 1: log weight nan");
    assert_int_equal(weir_importance(c, log_w + 2, 1, &r), WEIR_ERROR_VALUE);
    assert_fails(c, WEIR_ERROR_VALUE, "importance: sample 0: log weight inf");
    assert_int_equal(weir_importance(c, NULL, 1, &r), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "importance: NULL");
    assert_int_equal(weir_importance(c, log_w, 0, &r), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "importance: none");
    assert_int_equal(weir_importance(c, log_w, 1, NULL), WEIR_OK);
}

static void work(weir_ctx *c)
{
    weir_importance_info r = { .size = sizeof r };
    for (int i = 0; i < 100; i++) log_w[i] = i % 7;
    if (weir_importance(c, log_w, 100, &r) != WEIR_OK) return;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(work);
}

int main(void)
{
    CASES(CASE(log_normal_weights), CASE(pareto_weights), CASE(gaussian_proposals),
          CASE(equal_weights), CASE(a_few), CASE(refusals),
          cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
