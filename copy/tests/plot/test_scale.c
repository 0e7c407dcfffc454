/* Ranges, ticks and colours, of good data and of bad. */
#include <float.h>
#include "plot_test.h"

static void assert_range(weir__range r, double lo, double hi)
{
    assert_near(r.lo, lo, 1e-12);
    assert_near(r.hi, hi, 1e-12);
}

static void ranges(void **state)
{
    (void)state;
    assert_range(weir__range_of(4, (const double[]){ 3, NAN, -1, INFINITY }), -1, 3);
    weir__range none = weir__range_of(2, (const double[]){ NAN, -INFINITY });
    assert_true(none.lo > none.hi);
    assert_range(weir__range_open(none), 0, 1);
    assert_range(weir__range_open((weir__range){ 0, 0 }), -1, 1);
    assert_range(weir__range_open((weir__range){ 5, 5 }), 4.5, 5.5);
    assert_range(weir__range_open((weir__range){ -5, -5 }), -5.5, -4.5);
    assert_range(weir__range_open((weir__range){ 2, 3 }), 2, 3);
}

static void typical(void **state)
{
    double v[100];
    for (int i = 0; i < 100; i++) v[i] = i;
    assert_range(weir__range_typical(*state, 100, v), 0, 99);
    v[0] = 1e6, v[1] = NAN; /* an untrained model's loss */
    weir__range r = weir__range_typical(*state, 100, v);
    assert_true(r.lo == 2 && r.hi > 99 && r.hi < 300);
    v[0] = -1e6;
    r = weir__range_typical(*state, 100, v);
    assert_true(r.hi == 99 && r.lo < 2 && r.lo > -300);
    assert_range(weir__range_typical(*state, 2, v), -1e6, -1e6);
    for (int i = 0; i < 100; i++) v[i] = 7;
    assert_range(weir__range_typical(*state, 100, v), 7, 7);
    for (int i = 0; i < 100; i++) v[i] = NAN;
    r = weir__range_typical(*state, 100, v);
    assert_true(r.lo > r.hi);
}

static void assert_ticks(double lo, double hi, int wanted, int n, const double *at, int decimals)
{
    weir__ticks t = weir__ticks_choose((weir__range){ lo, hi }, wanted);
    assert_int_equal(t.n, n);
    assert_int_equal(t.decimals, decimals);
    for (int i = 0; i < n; i++) assert_near(t.at[i], at[i], 1e-12);
}

static void ticks(void **state)
{
    (void)state;
    assert_ticks(0, 10, 5, 6, (const double[]){ 0, 2, 4, 6, 8, 10 }, 0);
    assert_ticks(0, 1, 5, 6, (const double[]){ 0, 0.2, 0.4, 0.6, 0.8, 1 }, 1);
    assert_ticks(-0.31, 0.3, 4, 3, (const double[]){ -0.2, 0, 0.2 }, 1);
    assert_ticks(103, 268, 4, 3, (const double[]){ 150, 200, 250 }, 0);
    assert_ticks(0, 1500, 3, 4, (const double[]){ 0, 500, 1000, 1500 }, 0);
    assert_ticks(0.5, 0.5, 5, 5, (const double[]){ 0.46, 0.48, 0.5, 0.52, 0.54 }, 2);
}

/* Whatever the range: a few ticks, ascending, inside. */
static void ticks_anywhere(void **state)
{
    (void)state;
    static const double ends[] = { -DBL_MAX, -1e300, -1e17, -12345.678, -1, -1e-9, -DBL_MIN, 0, DBL_MIN, 1e-12, 0.1, 0.3, 1, 1 + 1e-12, 7, 1e6, 1e17, 1e300, DBL_MAX, INFINITY, NAN };
    enum { ENDS = sizeof ends / sizeof *ends };
    for (int i = 0; i < ENDS; i++)
        for (int j = 0; j < ENDS; j++)
            for (int wanted = -1; wanted < 40; wanted += 3) {
                weir__range r = weir__range_open((weir__range){ ends[i], ends[j] });
                weir__ticks t = weir__ticks_choose((weir__range){ ends[i], ends[j] }, wanted);
                if (t.n < 1 || t.n > WEIR__TICKS || t.decimals < 0 || t.decimals > 12) fail_msg("[%g, %g], %d wanted: %d ticks, %d decimals", ends[i], ends[j], wanted, t.n, t.decimals);
                double slack = (r.hi - r.lo) * 1e-6;
                for (int k = 0; k < t.n; k++) assert_true(t.at[k] >= r.lo - slack && t.at[k] <= r.hi + slack && (k == 0 || t.at[k] > t.at[k - 1]));
            }
}

static void assert_colour(double t, int r, int g, int b)
{
    unsigned char c[3];
    weir__viridis(t, c);
    if (c[0] != r || c[1] != g || c[2] != b) fail_msg("viridis(%g) is %d %d %d", t, c[0], c[1], c[2]);
}

static void colours(void **state)
{
    (void)state;
    assert_colour(0, 68, 1, 84);
    assert_colour(1, 253, 231, 37);
    assert_colour(-3, 68, 1, 84);
    assert_colour(7, 253, 231, 37);
    assert_colour(INFINITY, 253, 231, 37);
    assert_colour(NAN, 68, 1, 84);
    double before = -1;
    for (int i = 0; i <= 1000; i++) { /* lighter all the way: readable in grey */
        unsigned char c[3];
        weir__viridis(i / 1000.0, c);
        double light = 0.2126 * pow(c[0] / 255.0, 2.2) + 0.7152 * pow(c[1] / 255.0, 2.2) + 0.0722 * pow(c[2] / 255.0, 2.2);
        assert_true(light >= before - 2e-3);
        before = light;
    }
}

int main(void)
{
    CASES(CASE(ranges), CASE(typical), CASE(ticks), CASE(ticks_anywhere), CASE(colours));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
