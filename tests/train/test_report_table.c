/* What a report says of a table's columns: by hand, by weight, and where there is nothing to say.
 */
#include "test.h"
#include "train/columns.h"

static weir__marginal moments_of(weir_ctx *c, const weir__lines *s, int64_t j)
{
    weir__marginal m;
    assert_int_equal(weir__column_moments(c, s, j, &m), WEIR_OK);
    return m;
}

/* 1, 2, 3, 4, 10: mean 4, sum of squares 50, of cubes 180, of 4th powers 1394 about it. */
static void by_hand(void **state)
{
    static const double x[] = { 10, 1, 2, 3, 4 };
    const weir__lines s = { 5, 1, x, NULL };
    weir__marginal m = moments_of(*state, &s, 0);
    assert_near(m.mean, 4, 1e-14);
    assert_near(m.std, sqrt(10), 1e-14);
    assert_near(m.skewness, 36 / (10 * sqrt(10)), 1e-13);
    assert_near(m.kurtosis, 278.8 / 100 - 3, 1e-13);
    const double q[] = { 1, 2, 3, 4, 10 };
    for (int i = 0; i < WEIR__QUANTILES; i++) assert_near(m.quantile[i], q[i], 0);
}

/* A line of weight 3 is three lines, one of weight 0 is none, and one that is not finite either. */
static void by_weight(void **state)
{
    static const double x[] = { 1, 5, 2, 4, 900, -7, NAN, 3 };
    static const double w[] = { 3, 1, 0, 1 };
    static const double y[] = { 1, 5, 1, 5, 1, 5, 2, 4 };
    const weir__lines weighted = { 4, 2, x, w }, plain = { 4, 2, y, NULL };
    weir__marginal a = moments_of(*state, &weighted, 1), b = moments_of(*state, &plain, 1);
    (void)b;
    assert_near(a.mean, (15 + 4 + 3) / 5.0, 1e-14);
    a = moments_of(*state, &weighted, 0);
    b = moments_of(*state, &plain, 0);
    assert_near(a.mean, b.mean, 1e-14);
    assert_near(a.std, b.std, 1e-14);
    assert_near(a.kurtosis, b.kurtosis, 1e-12);
    assert_near(a.quantile[2], 1, 0);
    assert_near(a.quantile[4], 2, 0);
}

static void nothing(void **state)
{
    static const double same[] = { 2, 2, NAN };
    const weir__lines none = { 0, 1, NULL, NULL }, flat = { 3, 1, same, NULL };
    weir__marginal m = moments_of(*state, &none, 0);
    assert_true(isnan(m.mean) && isnan(m.std) && isnan(m.quantile[0]));
    m = moments_of(*state, &flat, 0);
    assert_near(m.mean, 2, 0);
    assert_near(m.std, 0, 0);
    assert_true(isnan(m.skewness) && isnan(m.kurtosis));
}

/* Bins hold the weight of what lies in them, the last its right edge too. */
static void bins(void **state)
{
    static const double x[] = { 0, 0.5, 1, 1.9, 2, 5 };
    static const double w[] = { 1, 1, 2, 1, 1, 4 };
    const weir__lines s = { 6, 1, x, w };
    const weir__table_column k = { .lo = 0, .hi = 2, .bins = 2 };
    double density[WEIR__TABLE_BINS];
    (void)state;
    weir__column_bins(&s, 0, &k, density);
    assert_near(density[0], 0.2, 1e-15);
    assert_near(density[1], 0.4, 1e-15);
    assert_near(weir__column_outside(&s, 0, (weir__range){ 0, 2 }), 0.4, 1e-15);
    assert_near(weir__column_outside(&s, 0, (weir__range){ 0, 5 }), 0, 0);
    assert_true(isnan(weir__column_outside(&s, 0, weir__range_none())));
}

static void correlation(void **state)
{
    static const double x[] = { 0, 0, 1, 2, 2, 1, 3, 3, 0, 5 };
    static const double w[] = { 1, 1, 1, 1, 0 };
    const weir__lines s = { 5, 2, x, w };
    (void)state;
    assert_near(weir__column_correlation(&s, 0, 1), 4 / 5.0, 1e-14);
    assert_near(weir__column_correlation(&s, 1, 1), 1, 1e-14);
}

int main(void)
{
    CASES(CASE(by_hand), CASE(by_weight), CASE(nothing), CASE(bins), CASE(correlation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
