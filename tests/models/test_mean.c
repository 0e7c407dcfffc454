/* Means over samples: against the formulas in two passes, with weights, failures, values whose mean is large, weights of any size; and
 * whether the standard error is the one that repetition shows. */
#include "models/model_test.h"

static double weight(const double *w, int i) { return w ? w[i] : 1; }

static void against_two_passes(const double *v, const double *w, int n)
{
    weir__mean m = { 0 };
    double total = 0, sum = 0, linear = 0, spread = 0, squares = 0;
    int64_t used = 0, failed = 0;
    for (int i = 0; i < n; i++) {
        weir__mean_add(&m, v[i], weight(w, i));
        if (!(weight(w, i) > 0)) continue;
        failed += !isfinite(v[i]);
        if (!isfinite(v[i])) continue;
        used++;
        total += weight(w, i);
        sum += weight(w, i) * v[i];
        squares += weight(w, i) * weight(w, i);
    }
    for (int i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        linear += pow(weight(w, i) * (v[i] - sum / total), 2);
        spread += weight(w, i) * pow(v[i] - sum / total, 2);
    }
    double effective = total * total / squares, error = fmax(sqrt(linear) / total, sqrt(spread / total / effective));
    assert_int_equal(m.n, used);
    assert_int_equal(m.failed, failed);
    if (used == 0) assert_true(isnan(weir__mean_value(&m)) && weir__mean_effective(&m) == 0);
    else assert_near(weir__mean_value(&m), sum / total, 1e-14);
    if (used > 0) assert_near(weir__mean_effective(&m), effective, 1e-14);
    if (used < 2) assert_true(isnan(weir__mean_error(&m)));
    else assert_near(weir__mean_error(&m), error * sqrt(effective / (effective - 1)), 1e-12);
}

static void means_and_errors(void **state)
{
    (void)state;
    double v[50], w[50], large[50];
    for (int i = 0; i < 50; i++) v[i] = weir__normal(5, 0, (uint64_t)i), w[i] = weir__uniform(5, 1, (uint64_t)i), large[i] = 1e9 + v[i];
    v[7] = NAN, v[9] = -INFINITY, w[3] = 0;
    v[11] = NAN, w[11] = 0; /* of weight 0: no failure */
    for (int n = 0; n <= 50; n++) {
        against_two_passes(v, NULL, n);
        against_two_passes(v, w, n);
    }
    weir__mean small = { 0 }, far = { 0 };
    for (int i = 0; i < 50; i++) weir__mean_add(&small, large[i] - 1e9, 1), weir__mean_add(&far, large[i], 1);
    assert_near(weir__mean_error(&far), weir__mean_error(&small), 1e-9); /* no digits lost to the 1e9 */
    const double constant[] = { 3, 3, 3 }, none[] = { NAN, NAN };
    against_two_passes(constant, NULL, 3);
    against_two_passes(none, NULL, 2);
}

/* Weights count by their ratios alone, up to the largest doubles. */
static void weights_of_any_size(void **state)
{
    (void)state;
    static const double scales[] = { 1e-300, 0x1p-40, 1, 0x1p40, 1e300 };
    double error = 0;
    for (int k = 0; k < 5; k++) {
        weir__mean m = { 0 };
        for (int i = 0; i < 30; i++) weir__mean_add(&m, weir__normal(6, 0, (uint64_t)i), scales[k] * (1 + i));
        if (k == 0) error = weir__mean_error(&m);
        assert_true(isfinite(error));
        assert_near(weir__mean_error(&m), error, 1e-12);
        assert_near(weir__mean_effective(&m), 465.0 * 465 / 9455, 1e-12);
    }
}

/* n samples of deviation 1, the first of weight `heavy`: the deviation of their mean by repetition, and the error that is told
 * (root of the mean of its square). */
static void repeat(int n, double heavy, double *seen, double *told)
{
    enum { TIMES = 4000 };
    double squares = 0, errors = 0;
    for (int t = 0; t < TIMES; t++) {
        weir__mean m = { 0 };
        for (int i = 0; i < n; i++) weir__mean_add(&m, weir__normal(7, (uint64_t)t, (uint64_t)i), i == 0 ? heavy : 1);
        squares += pow(weir__mean_value(&m), 2);
        errors += pow(weir__mean_error(&m), 2);
    }
    *seen = sqrt(squares / TIMES);
    *told = sqrt(errors / TIMES);
}

/* Where one weight dominates the mean is one sample, however many there are: 2e-5 was told where 1 is seen. */
static void the_error_is_honest(void **state)
{
    (void)state;
    static const double heavy[] = { 1, 3, 30, 1e3, 1e6 };
    for (int k = 0; k < 5; k++) {
        double seen, told;
        repeat(20, heavy[k], &seen, &told);
        if (!(told > 0.95 * seen && told < 1.35 * seen)) fail_msg("weight %g: %g told, %g seen", heavy[k], told, seen);
    }
}

int main(void)
{
    CASES(cmocka_unit_test(means_and_errors), cmocka_unit_test(weights_of_any_size), cmocka_unit_test(the_error_is_honest));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
