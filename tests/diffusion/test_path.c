/* Every path: derivatives, its inverse, golden numbers of 11.1 of the notes (computed elsewhere in f64), and DDPM's tables as plain products. */
#include "test.h"
#include "diffusion/diffusion.h"

typedef struct any_opts { size_t size; char room[1016]; } any_opts;

static const weir_path_row *path_with(weir_ctx *c, const char *name, const char *text, any_opts *o)
{
    const weir_row *row = weir_row_find(c, "path", name);
    assert_int_equal(weir_options_defaults(c, row, o), WEIR_OK);
    assert_int_equal(weir_options_parse(c, row, o, text), WEIR_OK);
    return (const weir_path_row *)row;
}

/* Derivatives against central differences, sigma rising, t of sigma. Points do not fall on a table's times. */
static void smooth(const weir_path_row *p, const any_opts *o)
{
    double lo, hi, h = 1e-6;
    p->interval(o, &lo, &hi);
    for (double f = 0.01037; f < 1; f += 0.071731) {
        double t = lo + f * (hi - lo);
        weir_path_point at = p->at(o, t), up = p->at(o, t + h), down = p->at(o, t - h);
        assert_near((up.a - down.a) / (2 * h), at.da, 1e-8);
        assert_near((up.b - down.b) / (2 * h), at.db, 1e-8);
        assert_true(at.a * at.db - at.da * at.b > 0);
        assert_near(p->time_of(o, at.b / at.a), t, 1e-11);
    }
    weir_path_point end = p->at(o, hi);
    assert_true(isfinite(end.a) && isfinite(end.b) && end.a >= 0 && end.b > 0);
    assert_near(p->time_of(o, end.a > 0 ? end.b / end.a : INFINITY), hi, 1e-9);
    assert_near(p->time_of(o, p->at(o, lo).b / p->at(o, lo).a), lo, 1e-12);
}

static void test_every_path(void **state)
{
    weir_ctx *c = *state;
    assert_true(weir_row_count(c, "path") >= 8);
    for (int64_t i = 0; i < weir_row_count(c, "path"); i++) {
        const weir_row *row = weir_row_at(c, "path", i);
        any_opts o;
        smooth(path_with(c, row->name, "", &o), &o);
        smooth(path_with(c, row->name, row->test, &o), &o);
    }
}

static void test_golden(void **state)
{
    static const struct { const char *name, *options; double a, b, da, db, noise; } golden[] = {
        { "fm", "", 0.7, 0.3, -1, 1, 0.8571428571 },
        { "fm", "sigma_min=0.01", 0.7, 0.307, -1, 0.99, 0.8771428571 },
        { "trig", "", 0.8910065242, 0.4539904997, -0.7131266094, 1.3995897753, 1.6007214089 },
        { "vp", "", 0.6295500003, 0.7769599713, -1.9106842510, 1.5481766310, 6.07 },
        { "vp_cosine", "", 0.8870797659, 0.4616161705, -0.7196124923, 1.3828668102, 1.6224301803 },
        { "ve", "", 1, 0.1287333294, 0, 1.0964466363, 0.2822984519 },
        { "sub_vp", "", 0.6295500003, 0.6036667971, -1.9106842510, 2.4057425417, 5.1165243530 },
        { "edm", "", 1, 0.3, 0, 1, 0.6 },
    };
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        any_opts o;
        const weir_path_row *p = path_with(*state, golden[i].name, golden[i].options, &o);
        weir_path_point k = p->at(&o, 0.3);
        assert_near(k.a, golden[i].a, 1e-9);
        assert_near(k.b, golden[i].b, 1e-9);
        assert_near(k.da, golden[i].da, 1e-9);
        assert_near(k.db, golden[i].db, 1e-9);
        assert_near(2 * k.b * (k.a * k.db - k.da * k.b) / k.a, golden[i].noise, 1e-9); /* g^2 of the SDE */
    }
}

/* -- the tables of DDPM ------------------------------------------------------------------------------------------------------------- */
static double cosine_mean(double t) { return pow(cos(1.57079632679489661923 * (t + 0.008) / 1.008), 2); }

static double beta(const char *schedule, int i, int n, double low, double high)
{
    double part = (double)i / (n - 1);
    if (strcmp(schedule, "linear") == 0) return low + part * (high - low);
    if (strcmp(schedule, "scaled_linear") == 0) return pow(sqrt(low) + part * (sqrt(high) - sqrt(low)), 2);
    return fmin(1 - cosine_mean((i + 1.0) / n) / cosine_mean((double)i / n), 0.999);
}

static void table_is(weir_ctx *c, const char *schedule, int n, double low, double high)
{
    char text[128];
    any_opts o;
    snprintf(text, sizeof text, "schedule=%s steps=%d beta_min=%.17g beta_max=%.17g", schedule, n, low, high);
    const weir_path_row *p = path_with(c, "ddpm", text, &o);
    double log_mean = 0;
    for (int i = 0; i < n; i++) {
        log_mean += log1p(-beta(schedule, i, n, low, high));
        weir_path_point k = p->at(&o, (i + 1.0) / n);
        assert_near(2 * log(k.a), log_mean, 2e-11);
        assert_near(p->time_of(&o, k.b / k.a), (i + 1.0) / n, 1e-9);
    }
}

static void test_ddpm(void **state)
{
    weir_ctx *c = *state;
    static const char *const schedules[] = { "linear", "scaled_linear", "cosine" };
    for (int i = 0; i < 3; i++) {
        table_is(c, schedules[i], 1000, 1e-4, 0.02);
        table_is(c, schedules[i], 50, 0.002, 0.4);
        table_is(c, schedules[i], 2, 0.1, 0.9);
    }
    table_is(c, "linear", 20, 0.05, 0.05);
    table_is(c, "linear", 20, 0.5, 0.05);
    table_is(c, "scaled_linear", 1000, 0.00085, 0.012);
    static const struct { const char *options; double first, last; } sigma[] = {
        { "", 0.0100005, 157.407 },
        { "schedule=scaled_linear beta_min=0.00085 beta_max=0.012", 0.0291672, 14.6146 },
        { "schedule=cosine", 0.00642541, 20291.2 },
    };
    for (int i = 0; i < 3; i++) {
        any_opts o;
        const weir_path_row *p = path_with(c, "ddpm", sigma[i].options, &o);
        weir_path_point first = p->at(&o, 1e-3), last = p->at(&o, 1);
        assert_true(fabs(first.b / first.a / sigma[i].first - 1) < 1e-5);
        assert_true(fabs(last.b / last.a / sigma[i].last - 1) < 1e-5);
    }
}

int main(void)
{
    CASES(CASE(test_every_path), CASE(test_golden), CASE(test_ddpm));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
