/* Means over rows: against the formulas in two passes, with weights, failures, and values whose mean is large. */
#include "models/model_test.h"

static void against_two_passes(const double *v, const double *w, int n)
{
    weir__mean m = { 0 };
    double total = 0, sum = 0, squares = 0;
    int64_t used = 0, failed = 0;
    for (int i = 0; i < n; i++) {
        weir__mean_add(&m, v[i], w ? w[i] : 1);
        failed += !isfinite(v[i]);
        if (isfinite(v[i]) && (!w || w[i] > 0)) used++, total += w ? w[i] : 1, sum += (w ? w[i] : 1) * v[i];
    }
    for (int i = 0; i < n; i++)
        if (isfinite(v[i])) squares += pow((w ? w[i] : 1) * (v[i] - sum / total), 2);
    assert_int_equal(m.n, used);
    assert_int_equal(m.failed, failed);
    if (used == 0) assert_true(isnan(weir__mean_value(&m)));
    else assert_near(weir__mean_value(&m), sum / total, 1e-14);
    if (used < 2) assert_true(isnan(weir__mean_error(&m)));
    else assert_near(weir__mean_error(&m), sqrt(squares * (double)used / (double)(used - 1)) / total, 1e-12);
}

static void means_and_errors(void **state)
{
    (void)state;
    double v[50], w[50], large[50];
    for (int i = 0; i < 50; i++) v[i] = weir__normal(5, 0, (uint64_t)i), w[i] = weir__uniform(5, 1, (uint64_t)i), large[i] = 1e9 + v[i];
    v[7] = NAN, v[9] = -INFINITY, w[3] = 0;
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

int main(void)
{
    const struct CMUnitTest cases[] = { cmocka_unit_test(means_and_errors) };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
