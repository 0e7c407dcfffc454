/* Every form of prediction from every other, on several paths, in their middle and at their ends. */
#include "test.h"
#include "paths.h"

enum { FORMS = 6, DIM = 3 };
static const char *const names[FORMS] = { "x0", "eps", "velocity", "v", "score", "edm" };

static const weir_prediction_row *form(weir_ctx *c, int i) { return (const weir_prediction_row *)weir_row_find(c, "prediction", names[i]); }

/* What form i says where x_0 and eps are known, by its definition. */
static double truth(int i, weir_path_point p, double x0, double eps)
{
    const double of[FORMS] = { x0, eps, p.da * x0 + p.db * eps, (p.a * eps - p.b * x0) / sqrt(p.a * p.a + p.b * p.b), -eps / p.b,
                                 (p.b * x0 - p.a * eps) / sqrt(p.a * p.a + p.b * p.b) /* -v, sigma_data 1 */ };
    return of[i];
}

static void test_all_from_all(void **state)
{
    weir_ctx *c = *state;
    assert_int_equal(weir_row_count(c, "prediction"), FORMS);
    for (int k = 0; k <= OTHER_PATHS; k++)
        for (int step = 0; step < 12; step++) {
            const weir_path_row *path = path_number(c, k);
            double t = 0.04 + 0.08 * step, x0[DIM], eps[DIM], x[DIM], y[DIM];
            weir_path_point p = path->at(NULL, t);
            for (int j = 0; j < DIM; j++) {
                x0[j] = weir__normal(1, (uint64_t)step, (uint64_t)j), eps[j] = weir__normal(2, (uint64_t)step, (uint64_t)j);
                x[j] = p.a * x0[j] + p.b * eps[j];
            }
            for (int from = 0; from < FORMS; from++)
                for (int to = 0; to < FORMS; to++) {
                    for (int j = 0; j < DIM; j++) y[j] = truth(from, p, x0[j], eps[j]);
                    for (int round = 0; round < 5; round++) { /* there and back, and there again */
                        assert_int_equal(weir_prediction_convert(c, path, NULL, form(c, from), NULL, form(c, to), NULL, 1, DIM, &t, x, y), WEIR_OK);
                        for (int j = 0; j < DIM; j++) assert_near(y[j], truth(to, p, x0[j], eps[j]), 1e-12);
                        weir_prediction_convert(c, path, NULL, form(c, to), NULL, form(c, from), NULL, 1, DIM, &t, x, y);
                    }
                }
        }
}

/* At the ends of straight paths: t = 0, where x = x_0, and t = 1, where x = eps. */
static void test_ends(void **state)
{
    weir_ctx *c = *state;
    static const struct { double t; int from, to; double is; } ends[] = { /* x_0 = 0.7, eps = -1.3 */
        { 0, 0, 0, 0.7 }, { 0, 1, 0, 0.7 }, { 0, 2, 0, 0.7 }, { 0, 3, 0, 0.7 }, { 0, 4, 0, 0.7 },
        { 0, 1, 1, -1.3 }, { 0, 2, 1, -1.3 }, { 0, 3, 1, -1.3 }, { 0, 0, 1, NAN },
        { 0, 1, 2, -2 }, { 0, 3, 2, -2 }, { 0, 0, 2, NAN }, { 0, 1, 3, -1.3 }, { 0, 2, 3, -1.3 }, { 0, 2, 4, NAN },
        { 1, 0, 1, -1.3 }, { 1, 2, 1, -1.3 }, { 1, 3, 1, -1.3 }, { 1, 4, 1, -1.3 },
        { 1, 2, 0, 0.7 }, { 1, 3, 0, 0.7 }, { 1, 0, 2, -2 }, { 1, 3, 2, -2 }, { 1, 0, 3, -0.7 }, { 1, 2, 3, -0.7 },
        { 1, 0, 4, 1.3 }, { 1, 1, 4, 1.3 }, { 1, 2, 4, 1.3 }, { 1, 3, 4, 1.3 }, { 1, 1, 0, NAN }, { 1, 4, 0, NAN }, { 1, 1, 2, NAN },
    };
    const weir_path_row *path = path_number(c, 0);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        double t = ends[i].t, x = t == 0 ? 0.7 : -1.3;
        double y = ends[i].from == 4 && t == 0 ? 8.5 : truth(ends[i].from, path->at(NULL, t), 0.7, -1.3); /* any finite score will do */
        weir_prediction_convert(c, path, NULL, form(c, ends[i].from), NULL, form(c, ends[i].to), NULL, 1, 1, &t, &x, &y);
        if (isnan(ends[i].is) ? isfinite(y) : !(fabs(y - ends[i].is) < 1e-15))
            fail_msg("t = %g: %s from %s: %g, expected %g", t, names[ends[i].to], names[ends[i].from], y, ends[i].is);
    }
}

/* Every sample at its own time; what is asked for is given unchanged, to the bit. */
static void test_many_samples(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    double t[] = { 0.2, 0.9, 0.5 }, x[] = { 1, 2, 3, 4, 5, 6 }, y[] = { 0.1, 0.2, 0.3, 0.4, 0.5, 0.6 }, same[6];
    memcpy(same, y, sizeof y);
    weir_prediction_convert(c, path, NULL, form(c, 2), NULL, form(c, 2), NULL, 3, 2, t, x, same);
    assert_memory_equal(same, y, sizeof y);
    weir_prediction_convert(c, path, NULL, form(c, 2), NULL, form(c, 0), NULL, 3, 2, t, x, same);
    for (int i = 0; i < 6; i++) assert_near(same[i], x[i] - t[i / 2] * y[i], 1e-15); /* D = x - t u */
    assert_int_equal(weir_prediction_convert(c, NULL, NULL, form(c, 2), NULL, form(c, 0), NULL, 3, 2, t, x, y), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "prediction_convert: NULL");
    assert_int_equal(weir_prediction_convert(NULL, path, NULL, form(c, 2), NULL, form(c, 0), NULL, 3, 2, t, x, y), WEIR_ERROR_ARGUMENT);
    assert_ok(c);
}

/* edm of data of another deviation, by its definition: D = c_skip x / a + c_out F. */
static void test_edm_of_a_deviation(void **state)
{
    weir_ctx *c = *state;
    const weir_prediction_row *edm = form(c, 5);
    struct { size_t size; char room[248]; } o;
    assert_int_equal(weir_options_defaults(c, &edm->row, &o), WEIR_OK);
    assert_int_equal(weir_options_parse(c, &edm->row, &o, "sigma_data=0.5"), WEIR_OK);
    for (int k = 0; k <= OTHER_PATHS; k++) {
        const weir_path_row *path = path_number(c, k);
        double t = 0.37, x0 = 0.7, eps = -1.3;
        weir_path_point p = path->at(NULL, t);
        double sigma = p.b / p.a, x = p.a * x0 + p.b * eps, y = 0.23;
        double skip = 0.25 / (sigma * sigma + 0.25), out = sigma * 0.5 / sqrt(sigma * sigma + 0.25);
        weir_prediction_convert(c, path, NULL, edm, &o, form(c, 0), NULL, 1, 1, &t, &x, &y);
        assert_near(y, skip * x / p.a + out * 0.23, 1e-14);
        weir_prediction_convert(c, path, NULL, form(c, 0), NULL, edm, &o, 1, 1, &t, &x, &y);
        assert_near(y, 0.23, 1e-14);
    }
}

int main(void)
{
    CASES(CASE(test_all_from_all), CASE(test_ends), CASE(test_many_samples), CASE(test_edm_of_a_deviation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
