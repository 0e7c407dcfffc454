/* Predictors around others: guidance in every form, the clamp of the data predicted, and samplers with both. */
#include "test.h"
#include "exact.h"

static const char *const forms[] = { "x0", "eps", "velocity", "v", "score" };
enum { FORMS = 5 };
static const weir_prediction_row *form(weir_ctx *c, int i) { return (const weir_prediction_row *)weir_row_find(c, "prediction", forms[i]); }

/* Two of the three Gaussians: what is left when a condition is known. */
static const mixture gmm2 = { .n = 2, .dim = 2, .weight = { 0.6, 0.4 }, .mean = { { 1, 0.5 }, { 0.2, -1.2 } }, .variance = { { 0.09, 0.2 }, { 0.1, 0.15 } } };

/* D_other + w (D_own - D_other), whichever form is asked for and turned into D. */
static void test_guidance_in_every_form(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k <= OTHER_PATHS; k++) {
        const weir_path_row *path = path_number(c, k);
        double t[3] = { 0.9, 0.5, 0.1 }, x[6] = { 0.4, -1, 0.3, 0.2, -0.6, 0.1 }, own[6], other[6], out[6];
        exact e = { .g = &gmm2, .path = path }, plain = { .g = &gmm3, .path = path };
        weir_guidance g = weir_guidance_defaults();
        g.ctx = c, g.dim = 2, g.path = path, g.weight = 2.5;
        g.own = (weir_predictor){ exact_predict, &e }, g.other = (weir_predictor){ exact_predict, &plain };
        weir_predictor guided = weir_guidance_predictor(&g);
        exact_predict(&e, form(c, 0), 3, SHAPE(0, 1, 2), t, x, own);
        exact_predict(&plain, form(c, 0), 3, SHAPE(0, 1, 2), t, x, other);
        for (int i = 0; i < FORMS; i++) {
            assert_int_equal(guided.predict(guided.user, form(c, i), 3, SHAPE(0, 1, 2), t, x, out), WEIR_OK);
            weir_prediction_convert(c, path, NULL, form(c, i), NULL, form(c, 0), NULL, 3, 2, t, x, out);
            for (int j = 0; j < 6; j++) assert_near(out[j], other[j] + 2.5 * (own[j] - other[j]), 1e-12);
        }
        g.weight = 1, plain.calls = 0;
        assert_int_equal(guided.predict(guided.user, form(c, 0), 3, SHAPE(0, 1, 2), t, x, out), WEIR_OK);
        assert_memory_equal(out, own, sizeof out);
        assert_int_equal(plain.calls, 0);
    }
}

static void test_guidance_in_an_interval(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, OTHER_PATHS); /* t is sigma */
    double t[4] = { 0.5, 1, 2, 2.5 }, x[8] = { 0.4, -1, 0.3, 0.2, -0.6, 0.1, 1, 1 }, own[8], other[8], out[8];
    exact e = { .g = &gmm2, .path = path }, plain = { .g = &gmm3, .path = path };
    weir_guidance g = weir_guidance_defaults();
    g.ctx = c, g.dim = 2, g.path = path, g.weight = 3, g.sigma_low = 0.5, g.sigma_high = 2;
    g.own = (weir_predictor){ exact_predict, &e }, g.other = (weir_predictor){ exact_predict, &plain };
    weir_predictor guided = weir_guidance_predictor(&g);
    exact_predict(&e, form(c, 0), 4, SHAPE(0, 1, 2, 3), t, x, own);
    exact_predict(&plain, form(c, 0), 4, SHAPE(0, 1, 2, 3), t, x, other);
    assert_int_equal(guided.predict(guided.user, form(c, 0), 4, SHAPE(0, 1, 2, 3), t, x, out), WEIR_OK);
    for (int j = 0; j < 8; j++) {
        bool inside = j / 2 == 1 || j / 2 == 2;
        assert_true(out[j] == (inside ? other[j] + 3 * (own[j] - other[j]) : own[j]));
    }
}

/* Of form v the deviation over a sample's values is its own prediction's again, where the rescale is 1. */
static void test_rescale(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    double t[2] = { 0.9, 0.5 }, x[4] = { 0.4, -1, 0.3, 0.2 }, own[4], plainly[4], out[4];
    exact e = { .g = &gmm2, .path = path }, plain = { .g = &gmm3, .path = path };
    weir_guidance g = weir_guidance_defaults();
    g.ctx = c, g.dim = 2, g.path = path, g.weight = 3;
    g.own = (weir_predictor){ exact_predict, &e }, g.other = (weir_predictor){ exact_predict, &plain };
    weir_predictor guided = weir_guidance_predictor(&g);
    exact_predict(&e, form(c, 3), 2, SHAPE(0, 1), t, x, own);
    assert_int_equal(guided.predict(guided.user, form(c, 3), 2, SHAPE(0, 1), t, x, plainly), WEIR_OK);
    for (int i = 0; i < FORMS; i++) {
        g.rescale = 0.7;
        assert_int_equal(guided.predict(guided.user, form(c, i), 2, SHAPE(0, 1), t, x, out), WEIR_OK);
        weir_prediction_convert(c, path, NULL, form(c, i), NULL, form(c, 3), NULL, 2, 2, t, x, out);
        for (int k = 0; k < 4; k += 2) {
            double s = fabs(own[k] - own[k + 1]) / fabs(plainly[k] - plainly[k + 1]); /* of two values */
            for (int j = k; j < k + 2; j++) assert_near(out[j], (0.7 * s + 0.3) * plainly[j], 1e-12);
        }
    }
    g.rescale = 2;
    guided.predict(guided.user, form(c, 0), 2, SHAPE(0, 1), t, x, out);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "a rescale of 0 to 1");
}

static void test_clamp(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    double t[3] = { 1, 0.6, 0 }, x[6] = { 0.4, -1, 2, 0.1, -0.6, 0.9 }, data[6], out[6];
    exact e = { .g = &gmm3, .path = path };
    weir_x0_clamp k = weir_x0_clamp_defaults();
    k.ctx = c, k.dim = 2, k.path = path, k.low = -0.3, k.high = 0.5;
    k.own = (weir_predictor){ exact_predict, &e };
    weir_predictor clamped = weir_x0_clamp_predictor(&k);
    exact_predict(&e, form(c, 0), 3, SHAPE(0, 1, 2), t, x, data);
    assert_true(data[2] > 0.5 && data[5] > 0.5 && data[3] > -0.3 && data[3] < 0.5); /* at x[2] it does something, at x[3] nothing */
    for (int j = 0; j < 4; j++) data[j] = fmin(fmax(data[j], -0.3), 0.5);
    for (int i = 0; i < FORMS; i++) {
        double want[6];
        if (i == 4) t[2] = 0.1; /* there is no score at 0 */
        assert_int_equal(clamped.predict(clamped.user, form(c, i), 3, SHAPE(0, 1, 2), t, x, out), WEIR_OK);
        memcpy(want, data, sizeof data);
        weir_prediction_convert(c, path, NULL, form(c, 0), NULL, form(c, i), NULL, 2, 2, t, x, want);
        for (int j = 0; j < 4; j++) assert_near(out[j], want[j], 1e-14);
        exact_predict(&e, form(c, i), 1, SHAPE(2), t + 2, x + 4, want);
        for (int j = 0; j < 2 && i < 4; j++) assert_true(out[4 + j] == want[j]); /* x itself is the data */
    }
}

/* A range for each value; a bound of all where there is none. */
static void test_clamp_of_each(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    const double lows[2] = { -0.1, -0.6 }, highs[2] = { 0.3, -0.2 };
    double t[2] = { 0.8, 0.6 }, x[4] = { 0.4, -1, 2, 0.1 }, data[4], out[4];
    exact e = { .g = &gmm3, .path = path };
    weir_x0_clamp k = weir_x0_clamp_defaults();
    k.ctx = c, k.dim = 2, k.path = path, k.low = -0.2, k.high = 0.5, k.lows = lows;
    k.own = (weir_predictor){ exact_predict, &e };
    weir_predictor clamped = weir_x0_clamp_predictor(&k);
    exact_predict(&e, form(c, 0), 2, SHAPE(0, 1), t, x, data);
    for (int each = 0; each < 2; each++) {
        if (each) k.highs = highs;
        assert_int_equal(clamped.predict(clamped.user, form(c, 0), 2, SHAPE(0, 1), t, x, out), WEIR_OK);
        for (int j = 0; j < 4; j++) assert_near(out[j], fmin(fmax(data[j], lows[j % 2]), each ? highs[j % 2] : 0.5), 1e-14);
    }
}

/* Points, of which D is a mean: a clamp to their hull changes nothing. With a network that sees them further apart samples leave it, and
 * clamped they do not. */
static const mixture points = { .n = 3, .dim = 2, .weight = { 0.3, 0.5, 0.2 }, .mean = { { 1, 0.5 }, { -1, 0.3 }, { 0.2, -1.2 } } };
static const mixture further = { .n = 3, .dim = 2, .weight = { 0.3, 0.5, 0.2 }, .mean = { { 1.3, 0.7 }, { -1.2, 0.4 }, { 0.3, -1.5 } } };

static double walked(weir_ctx *c, const char *name, weir_predictor by, double *x)
{
    double past = -1;
    for (int j = 0; j < 24; j++) x[j] = weir__normal(3, 0, (uint64_t)j);
    weir_sampling p = { .size = sizeof p, .n = 12, .dim = 2, .x = x, .path = path_number(c, 0), .predictor = by };
    assert_int_equal(walk_run(c, &(walk){ name, "steps=20", 1, 0, NULL, 0 }, &p), WEIR_OK);
    for (int j = 0; j < 24; j++) past = fmax(past, j % 2 ? fmax(x[j] - 0.5, -1.2 - x[j]) : fabs(x[j]) - 1);
    return past;
}

static void test_hull_of_data(void **state)
{
    static const char *const names[] = { "ddpm", "ddim", "dpmpp_2m", "edm", "euler_ancestral" };
    static const double lows[] = { -1, -1.2 }, highs[] = { 1, 0.5 };
    weir_ctx *c = *state;
    exact e = { .g = &points, .path = path_number(c, 0) }, wrong = { .g = &further, .path = e.path };
    const weir_predictor off = { exact_predict, &wrong };
    weir_x0_clamp k = weir_x0_clamp_defaults();
    k.ctx = c, k.dim = 2, k.path = e.path, k.lows = lows, k.highs = highs;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double plain[24], x[24], bad;
        walked(c, names[i], (weir_predictor){ exact_predict, &e }, plain);
        k.own = (weir_predictor){ exact_predict, &e };
        walked(c, names[i], weir_x0_clamp_predictor(&k), x);
        for (int j = 0; j < 24; j++) assert_near(x[j], plain[j], 1e-9);
        bad = walked(c, names[i], off, x);
        if (!(bad > 0.1)) fail_msg("%s: samples stay within %g of the hull", names[i], bad);
        k.own = off;
        bad = walked(c, names[i], weir_x0_clamp_predictor(&k), x);
        if (!(bad <= 1e-12)) fail_msg("%s: clamped samples leave the hull by %g", names[i], bad);
    }
}

/* D is what is known, e what x then is of noise; elsewhere what the other says, and so where x is the data. */
static void test_known(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    double t[3] = { 1, 0.6, 0 }, x[6] = { 0.4, -1, 2, 0.1, -0.6, 0.9 }, data[6], own[6], out[6];
    const double x0[8] = { 9, 9, 0.7, -0.2, 9, 1.5, -0.8, 0.4 };
    const bool known[8] = { 0, 0, 1, 0, 0, 1, 1, 1 };
    exact e = { .g = &gmm3, .path = path };
    weir_x0_known k = weir_x0_known_defaults();
    k.ctx = c, k.dim = 2, k.path = path, k.x0 = x0, k.known = known;
    k.own = (weir_predictor){ exact_predict, &e };
    weir_predictor p = weir_x0_known_predictor(&k);
    const int64_t samples[3] = { 1, 2, 3 }; /* of the problem's four */
    exact_predict(&e, form(c, 0), 3, samples, t, x, data);
    data[0] = 0.7, data[3] = 1.5;
    for (int i = 0; i < FORMS; i++) {
        double want[6];
        if (i == 4) t[2] = 0.1; /* there is no score at 0 */
        exact_predict(&e, form(c, i), 3, samples, t, x, own);
        assert_int_equal(p.predict(p.user, form(c, i), 3, samples, t, x, out), WEIR_OK);
        memcpy(want, data, sizeof data);
        weir_prediction_convert(c, path, NULL, form(c, 0), NULL, form(c, i), NULL, 2, 2, t, x, want);
        assert_near(out[0], want[0], 1e-14);
        assert_near(out[3], want[3], 1e-14);
        assert_true(out[1] == own[1] && out[2] == own[2]);
        for (int j = 4; j < 6 && i < 4; j++) assert_true(out[j] == own[j]);
    }
}

/* Every sampler under a clamp ends within it, or near where it evaluates at the data. */
static void test_samplers_are_clamped(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *path = path_number(c, 0);
    for (int64_t i = 0; i < weir_row_count(c, "sampler"); i++) {
        const char *name = strchr(weir_row_at(c, "sampler", i)->name, '.') + 1;
        double x[12];
        for (int j = 0; j < 12; j++) x[j] = weir__normal(3, 0, (uint64_t)j);
        exact e = { .g = &gmm3, .path = path };
        weir_x0_clamp k = weir_x0_clamp_defaults();
        k.ctx = c, k.dim = 2, k.path = path, k.low = -0.2, k.high = 0.2;
        k.own = (weir_predictor){ exact_predict, &e };
        weir_sampling p = { .size = sizeof p, .n = 6, .dim = 2, .x = x, .path = path, .predictor = weir_x0_clamp_predictor(&k) };
        assert_int_equal(walk_run(c, &(walk){ name, "steps=20", 1, 0, NULL, 0 }, &p), WEIR_OK);
        double most = 0;
        for (int j = 0; j < 12; j++) most = fmax(most, fabs(x[j]));
        bool at_data = !strcmp(name, "heun") || !strcmp(name, "rk4") || !strcmp(name, "dopri5") || !strcmp(name, "tsit5");
        if (!(most <= (at_data ? 0.4 : 0.2 + 1e-12)) || !(most > 0.1)) fail_msg("%s: as far as %g", name, most);
    }
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    double x[2] = { 0, 0 }, t = 0.5;
    exact e = { .g = &gmm3, .path = path_number(c, 0), .stop_at = 1, .status = WEIR_STOPPED };
    weir_guidance g = weir_guidance_defaults();
    weir_x0_clamp k = weir_x0_clamp_defaults();
    assert_null(weir_guidance_predictor(NULL).predict);
    assert_null(weir_x0_clamp_predictor(NULL).predict);
    assert_null(weir_x0_known_predictor(NULL).predict);
    weir_x0_known w = weir_x0_known_defaults();
    w.ctx = c;
    weir_x0_known_predictor(&w).predict(&w, form(c, 0), 1, SHAPE(0), &t, x, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "x0_known: NULL");
    assert_null(weir_guidance_predictor(&g).predict); /* no context to say an error in */
    g.ctx = k.ctx = c;
    weir_guidance_predictor(&g).predict(&g, form(c, 0), 1, SHAPE(0), &t, x, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "guidance: NULL");
    weir_x0_clamp_predictor(&k).predict(&k, form(c, 0), 1, SHAPE(0), &t, x, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "x0_clamp: NULL");
    g.own = g.other = k.own = (weir_predictor){ exact_predict, &e };
    g.path = k.path = e.path, g.dim = k.dim = 2, g.weight = 2;
    for (int at = 1; at <= 2; at++) { /* what those inside return, this returns */
        e.calls = 0, e.stop_at = at;
        assert_int_equal(weir_guidance_predictor(&g).predict(&g, form(c, 0), 1, SHAPE(0), &t, x, x), WEIR_STOPPED);
    }
    e.calls = 0, e.stop_at = 1;
    assert_int_equal(weir_x0_clamp_predictor(&k).predict(&k, form(c, 0), 1, SHAPE(0), &t, x, x), WEIR_STOPPED);
    assert_ok(c);
    k.low = 1, k.high = -1;
    weir_x0_clamp_predictor(&k).predict(&k, form(c, 0), 1, SHAPE(0), &t, x, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "low <= high");
}

int main(void)
{
    CASES(CASE(test_guidance_in_every_form), CASE(test_guidance_in_an_interval), CASE(test_rescale), CASE(test_clamp), CASE(test_clamp_of_each), CASE(test_hull_of_data), CASE(test_known), CASE(test_samplers_are_clamped), CASE(test_refusals));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
