/* Samplers: numbers computed elsewhere in f64, orders, what holds on any path, and what every row of the kind promises. */
#include "test.h"
#include "exact.h"

/* -- golden numbers ------------------------------------------------------------------------------------------------------------------------ */
/* The three Gaussians on straight paths: ten even steps from (0.5, -0.25) at t = 1, and where the exact flow ends. */
static void test_golden_in_t(void **state)
{
    static const struct { const char *sampler, *options; double x, y, tolerance; } golden[] = {
        { "euler", "steps=10", 0.5103387469, 0.0295134996, 1e-9 },
        { "midpoint", "steps=10", 0.6388714454, 0.0334985205, 1e-9 },
        { "rk4", "steps=10", 0.6409273250, 0.0351373161, 1e-9 },
        { "dopri5", "rtol=1e-11 atol=1e-11", 0.6410154496, 0.0351841620, 1e-9 },
        { "tsit5", "rtol=1e-11 atol=1e-11", 0.6410154496, 0.0351841620, 1e-9 },
        { "heun", "steps=4000", 0.6410154496, 0.0351841620, 1e-6 },
        { "heun", "steps=4000 shift=3", 0.6410154496, 0.0351841620, 1e-6 },
        { "heun", "steps=4000 frame=sigma", 0.6410154496, 0.0351841620, 1e-6 },
        { "rk4", "steps=2000 frame=sigma grid.shift=0.5", 0.6410154496, 0.0351841620, 1e-6 },
    };
    weir_ctx *c = *state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        double x[2] = { 0.5, -0.25 };
        walk_one(c, &gmm3, path_number(c, 0), &(walk){ golden[i].sampler, golden[i].options, 1, 0, NULL, 0 }, x);
        if (fabs(x[0] - golden[i].x) > golden[i].tolerance || fabs(x[1] - golden[i].y) > golden[i].tolerance)
            fail_msg("%s %s: (%.10f, %.10f), expected (%.10f, %.10f)", golden[i].sampler, golden[i].options, x[0], x[1], golden[i].x, golden[i].y);
    }
}

/* The same mixture in sigma, from (4, -2) at 8 to 0.05 in the ten steps of Karras' grid. */
static const struct { const char *sampler, *options; double x, y; } golden_in_sigma[] = {
    { "euler", "steps=10 frame=sigma", 0.508480876933, 0.007695391835 },
    { "heun", "steps=10 frame=sigma", 0.677267549907, 0.029051096896 },
    { "ddim", "steps=10", 0.508480876933, 0.007695391835 },
    { "edm", "steps=10", 0.677267549907, 0.029051096896 },
    { "dpm_1", "", 0.508480876933, 0.007695391835 },
    { "dpm_2", "", 0.666848879155, 0.028092747064 },
    { "dpm_3", "", 0.655425692681, 0.029736971664 },
    { "dpmpp_2s", "", 0.636007072307, 0.023995779736 },
    { "dpmpp_3s", "", 0.654710850498, 0.029064982876 },
    { "dpmpp_2m", "", 0.675916559580, 0.026520267213 },
    { "dpmpp_2m_sde", "eta=0", 0.675916559580, 0.026520267213 },
    { "dpmpp_3m", "", 0.655684566277, 0.028573517609 },
    { "dpmpp_3m", "q3=2", 0.641956243224, 0.027485368324 },
    { "unipc", "order=2 corrector=all", 0.670338679966, 0.030042015912 },
    { "unipc", "corrector=all", 0.653827535411, 0.032722186381 },
    { "unipc", "corrector=all b=bh1", 0.653989108279, 0.032715501863 },
    { "unipc", "corrector=all form=eps", 0.656321577713, 0.029057432675 },
    { "unipc", "order=1 corrector=none", 0.508480876933, 0.007695391835 },
    { "euler_maruyama", "kappa=0", 0.508480876933, 0.007695391835 },
    { "euler_ancestral", "eta=0", 0.508480876933, 0.007695391835 },
};

static void test_golden_in_sigma(void **state)
{
    static const double grid[] = { 8, 5.522439757392, 3.73397215093, 2.466855089158, 1.587743960528, 0.992104727706, 0.59926800647, 0.348085024748,
                                   0.193146357289, 0.101524331504, 0.05 };
    weir_ctx *c = *state;
    double times[11];
    chosen k = choose(c, "euler", "steps=10 grid=karras grid.sigma_max=8");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, path_number(c, OTHER_PATHS), NULL, 80, 0.05, times), WEIR_OK);
    for (int i = 0; i <= 10; i++) assert_near(times[i], grid[i], 1e-11);
    put_back(c, &k);
    for (size_t i = 0; i < sizeof golden_in_sigma / sizeof *golden_in_sigma; i++) {
        double x[2] = { 4, -2 };
        walk_one(c, &gmm3, path_number(c, OTHER_PATHS), &(walk){ golden_in_sigma[i].sampler, golden_in_sigma[i].options, 0, 0, times, 11 }, x);
        if (fabs(x[0] - golden_in_sigma[i].x) > 1e-10 || fabs(x[1] - golden_in_sigma[i].y) > 1e-10)
            fail_msg("%s %s: (%.12f, %.12f), expected (%.12f, %.12f)", golden_in_sigma[i].sampler, golden_in_sigma[i].options, x[0], x[1],
                     golden_in_sigma[i].x, golden_in_sigma[i].y);
    }
}

/* -- orders ---------------------------------------------------------------------------------------------------------------------------------- */
static void test_orders(void **state)
{
    static const struct { const char *sampler, *options; int path; double low, high; } wanted[] = {
        { "euler", "", 0, 0.9, 1.15 }, { "midpoint", "", 0, 1.85, 2.2 }, { "heun", "", 0, 1.85, 2.2 }, { "rk4", "", 0, 3.8, 4.1 },
        { "euler", "", 2, 0.9, 1.15 }, { "heun", "", 2, 1.85, 2.2 },
        { "ddim", "", 0, 0.9, 1.15 }, { "ddim", "grid=exponential", 2, 0.9, 1.15 }, { "edm", "grid=uniform", 2, 1.85, 2.2 },
        { "euler", "frame=sigma", 2, 0.9, 1.15 }, { "midpoint", "frame=sigma", 2, 1.85, 2.2 }, { "heun", "frame=sigma", 2, 1.85, 2.2 },
    };
    weir_ctx *c = *state;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const weir_path_row *path = path_number(c, wanted[i].path);
        double error[2], end[2] = { 0.5, -0.25 };
        walk_one(c, &gmm3, path, &(walk){ "dopri5", "rtol=1e-12 atol=1e-12", 1, 0.02, NULL, 0 }, end);
        for (int k = 0; k < 2; k++) {
            double x[2] = { 0.5, -0.25 };
            char options[64];
            snprintf(options, sizeof options, "steps=%d %s", 160 << k, wanted[i].options);
            walk_one(c, &gmm3, path, &(walk){ wanted[i].sampler, options, 1, 0.02, NULL, 0 }, x);
            error[k] = hypot(x[0] - end[0], x[1] - end[1]);
        }
        double slope = log2(error[0] / error[1]);
        if (!(slope > wanted[i].low && slope < wanted[i].high))
            fail_msg("%s %s on %s: slope %g (%g, %g)", wanted[i].sampler, wanted[i].options, path->row.name, slope, error[0], error[1]);
    }
}

/* In steps of Karras' grid from sigma = 8 to 0.05. */
static double end_error(weir_ctx *c, const char *sampler, const char *options, int steps)
{
    static double times[641];
    double x[2] = { 4, -2 };
    for (int j = 0; j <= steps; j++) times[j] = pow(pow(8, 1.0 / 7) + j * (pow(0.05, 1.0 / 7) - pow(8, 1.0 / 7)) / steps, 7);
    walk_one(c, &gmm3, path_number(c, OTHER_PATHS), &(walk){ sampler, options, 0, 0, times, steps + 1 }, x);
    return hypot(x[0] - 0.655264447054, x[1] - 0.029664583009);
}

static void test_orders_in_sigma(void **state)
{
    static const struct { const char *sampler, *options; double low, high; } wanted[] = {
        { "dpm_1", "", 0.9, 1.1 }, { "dpm_2", "", 1.9, 2.1 }, { "dpm_2", "type=taylor", 1.9, 2.1 },
        { "dpm_3", "", 2.85, 3.25 }, { "dpm_3", "type=taylor", 2.85, 3.25 },
        { "dpmpp_2s", "", 1.9, 2.1 }, { "dpmpp_2s", "type=taylor", 1.9, 2.1 },
        { "dpmpp_3s", "", 2.85, 3.15 }, { "dpmpp_3s", "type=taylor", 2.85, 3.15 },
        { "dpmpp_2m", "", 1.9, 2.15 }, { "dpmpp_2m", "type=heun", 1.9, 2.15 },
        { "dpmpp_3m", "", 1.8, 2.1 },
        { "unipc", "order=1 corrector=all", 1.9, 2.1 }, { "unipc", "order=1 corrector=all b=bh1", 1.9, 2.1 },
        { "unipc", "order=2 corrector=none", 1.9, 2.1 }, { "unipc", "order=2 corrector=all", 2.7, 3.1 },
        { "unipc", "order=3 corrector=none", 1.9, 2.7 }, { "unipc", "order=3 corrector=all", 3.4, 4.1 },
        { "unipc", "order=3 corrector=all form=eps", 3.4, 4.1 }, { "unipc", "order=3 b=bh1", 3.4, 4.1 },
        { "euler_maruyama", "kappa=0", 0.9, 1.1 }, { "euler_ancestral", "eta=0", 0.9, 1.1 },
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        double error[2];
        for (int k = 0; k < 2; k++) error[k] = end_error(*state, wanted[i].sampler, wanted[i].options, 160 << k);
        double slope = log2(error[0] / error[1]);
        if (!(slope > wanted[i].low && slope < wanted[i].high)) fail_msg("%s %s: slope %g, expected %g to %g (%g, %g)", wanted[i].sampler, wanted[i].options, slope, wanted[i].low, wanted[i].high, error[0], error[1]);
    }
}

/* phi_k(z) = z / (k + 1)! + z phi_(k + 1)(z), from e^z - 1, where it is a series and where it is not. */
static void test_phi(void **state)
{
    static const double at[] = { -40, -5, -1, -0.999, -0.3, -1e-9, 1e-9, 0.02, 0.5, 0.9999, 1, 4, 30 };
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        double z = at[i], factorial = 1, most = fmax(1, fabs(expm1(z)));
        assert_near(weir__steps_phi(0, z) / expm1(z), 1, 1e-15);
        for (int k = 0; k < 3; k++) {
            factorial *= k + 1;
            double next = z / factorial + z * weir__steps_phi(k + 1, z);
            assert_near(weir__steps_phi(k, z) / most, next / most, 1e-14);
        }
        assert_near(weir__steps_phi(2, z) / fmax(1, expm1(z)), fabs(z) < 1e-3 ? z / 6 : (expm1(z) - z - z * z / 2) / (z * z) / fmax(1, expm1(z)), 1e-10);
    }
}

/* -- what holds on any path ------------------------------------------------------------------------------------------------------------------ */
/* Noise of the test's own, the same whatever the path is. */
static weir_status noise_by_hand(void *user, const int64_t *draw, int64_t n, const int64_t *samples, double *out)
{
    int64_t dim = *(const int64_t *)user;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < dim; j++) out[i * dim + j] = weir__normal((uint64_t)draw[i], (uint64_t)samples[i], (uint64_t)j);
    return WEIR_OK;
}

/* Over the same values of sigma, with the same denoiser and noise, x / a ends in the same place: none sees more of the path. */
static void test_paths_agree(void **state)
{
    static const char *const samplers[][2] = { { "euler", "frame=sigma" }, { "heun", "frame=sigma" }, { "midpoint", "frame=sigma" }, { "rk4", "frame=sigma" },
                                                { "ddim", "" }, { "ddim", "eta=0.5" }, { "ddpm", "" }, { "edm", "" }, { "edm", "s_churn=5 s_noise=1.01" },
                                                { "dpm_1", "" }, { "dpm_2", "" }, { "dpm_3", "" }, { "dpm_3", "type=taylor" }, { "dpmpp_2s", "" }, { "dpmpp_2s", "type=taylor" },
                                                { "dpmpp_3s", "" }, { "dpmpp_2m", "" }, { "dpmpp_2m", "type=heun" }, { "dpmpp_3m", "" }, { "dpmpp_3m", "q3=2" },
                                                { "dpmpp_2m_sde", "" }, { "dpmpp_2m_sde", "eta=0.5 type=heun" }, { "euler_ancestral", "" }, { "euler_ancestral", "eta=0.3" },
                                                { "euler_maruyama", "" }, { "euler_maruyama", "kappa=0.4" }, { "unipc", "" }, { "unipc", "order=2 b=bh1 corrector=all" },
                                                { "unipc", "form=eps corrector=all" } };
    weir_ctx *c = *state;
    enum { STEPS = 12 };
    _Alignas(max_align_t) char cosine[64];
    assert_int_equal(weir_options_defaults(c, &weir__path_vp_cosine.row, cosine), WEIR_OK);
    for (size_t i = 0; i < sizeof samplers / sizeof *samplers; i++) {
        double want[2];
        for (int k = OTHER_PATHS; k >= -1; k--) { /* -1: the cosine schedule of the library */
            const weir_path_row *path = k >= 0 ? path_number(c, k) : &weir__path_vp_cosine;
            const void *o = k >= 0 ? NULL : cosine;
            double times[STEPS + 1], a, x[2];
            for (int j = 0; j <= STEPS; j++) times[j] = path->time_of(o, 10 * pow(0.005, (double)j / STEPS));
            a = path->at(o, times[0]).a;
            x[0] = 4 * a, x[1] = -2 * a;
            int64_t dim = 2;
            exact e = { .g = &gmm3, .path = path, .path_options = o };
            weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = path, .path_options = o, .predictor = { exact_predict, &e }, .noise = noise_by_hand, .user = &dim };
            assert_int_equal(walk_run(c, &(walk){ samplers[i][0], samplers[i][1], 0, 0, times, STEPS + 1 }, &p), WEIR_OK);
            a = path->at(o, times[STEPS]).a;
            for (int j = 0; j < 2; j++) {
                if (k == OTHER_PATHS) want[j] = x[j] / a;
                if (!(fabs(x[j] / a - want[j]) < 1e-12))
                    fail_msg("%s %s on %s: %.15g, expected %.15g", samplers[i][0], samplers[i][1], path->row.name, x[j] / a, want[j]);
            }
        }
    }
}

/* On straight paths steps in t are steps in sigma, from where a = 0 to where b = 0; what is the same method is it by every name. */
static void test_same_methods(void **state)
{
    static const char *const same[][5] = { /* on the library's path or vp, how near */
        { "euler", "steps=10", "euler", "steps=10 frame=sigma", "fm" }, { "euler", "steps=10", "ddim", "steps=10", "fm" },
        { "euler", "steps=10 frame=sigma", "ddim", "steps=10", "vp" }, { "ddim", "steps=10 eta=1", "ddpm", "steps=10", "vp" },
        { "ddim", "steps=10 eta=1", "ddpm", "steps=10", "fm" }, { "edm", "steps=10 grid=uniform", "heun", "steps=10 frame=sigma", "fm" },
        { "edm", "steps=7", "heun", "steps=7 grid=karras frame=sigma", "vp" },
        { "dpm_1", "steps=9", "ddim", "steps=9 grid=karras", "vp" }, { "unipc", "steps=9 order=1 corrector=none form=eps", "dpm_1", "steps=9", "vp" },
        { "euler_ancestral", "steps=9", "ddpm", "steps=9 grid=karras", "vp" }, { "euler_ancestral", "steps=9", "ddim", "steps=9 grid=karras eta=1", "fm" },
        { "dpmpp_2m_sde", "steps=1", "ddim", "steps=1 grid=karras eta=1", "vp" }, { "dpmpp_2m_sde", "steps=9 eta=0 type=heun", "dpmpp_2m", "steps=9 type=heun", "vp" },
        { "euler_maruyama", "steps=9 kappa=0 frame=t grid=uniform", "euler", "steps=9", "vp" }, { "unipc", "steps=9 order=2 corrector=none", "dpmpp_2m", "steps=9", "vp" },
    };
    weir_ctx *c = *state;
    double x[2] = { 0.5, -0.25 };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        double end[2][2] = { { 0.5, -0.25 }, { 0.5, -0.25 } };
        const weir_path_row *path = path_number(c, strcmp(same[i][4], "fm") ? 2 : 0);
        for (int k = 0; k < 2; k++) walk_one(c, &gmm3, path, &(walk){ same[i][2 * k], same[i][2 * k + 1], 1, 1e-3, NULL, 0 }, end[k]);
        for (int j = 0; j < 2; j++)
            if (!(fabs(end[0][j] - end[1][j]) < 1e-12)) fail_msg("%s %s: %.15g, %s %s: %.15g", same[i][0], same[i][1], end[0][j], same[i][2], same[i][3], end[1][j]);
    }
    walk_one(c, &gmm3, path_number(c, 0), &(walk){ "euler", "steps=10", 1, 0, NULL, 0 }, x);
    double y[2] = { 0.5, -0.25 };
    walk_one(c, &gmm3, path_number(c, 0), &(walk){ "ddim", "steps=10", 1, 0, NULL, 0 }, y);
    for (int j = 0; j < 2; j++) assert_near(x[j], y[j], 1e-12); /* from where a = 0 to where b = 0 */
    walk_one(c, &gmm3, path_number(c, 0), &(walk){ "heun", "steps=1 frame=sigma", 1, 0, NULL, 0 }, x); /* the mean of the data */
    assert_near(x[0], 0.3 - 0.5 + 0.2 * 0.2, 1e-15);
}

/* -- grids ----------------------------------------------------------------------------------------------------------------------------------- */
static void test_grids(void **state)
{
    static const double shifted[] = { 1, 0.9, 0.75, 0.5, 0 }, given[] = { 1, 0.8, 0.4, 0.1, 0 };
    static const double karras[] = { 80, 57.58598, 40.78557, 28.37458, 19.35245, 12.91008, 8.400935, 5.315195, 3.256822, 1.923340, 1.088171, 0.5853481,
                                     0.2964423, 0.1395165, 0.05994731, 0.02293452, 0.007528020, 0.002, 0 };
    weir_ctx *c = *state;
    double times[19], back[19];
    const weir_path_row *fm = path_number(c, 0), *edm = path_number(c, OTHER_PATHS);
    chosen k = choose(c, "euler", "steps=4 grid.shift=3");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK);
    for (int i = 0; i < 5; i++) assert_near(times[i], shifted[i], 1e-15);
    put_back(c, &k);
    k = choose(c, "heun", "steps=18 grid=karras");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, edm, NULL, 80, 0, times), WEIR_OK);
    for (int i = 0; i < 19; i++) assert_near(times[i], karras[i], 1e-6);
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK); /* the same sigmas */
    for (int i = 0; i < 19; i++) assert_near(times[i], karras[i] / (1 + karras[i]), 1e-6);
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 0, 1, back), WEIR_OK);
    for (int i = 0; i < 19; i++) assert_true(back[18 - i] == times[i]);
    put_back(c, &k);
    k = choose(c, "heun", "steps=18"); /* where t is sigma even times would all be noise */
    assert_int_equal(weir_sampler_times(c, k.row, k.options, edm, NULL, 80, 0, times), WEIR_OK);
    for (int i = 0; i < 19; i++) assert_near(times[i], karras[i], 1e-6);
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK);
    for (int i = 0; i < 19; i++) assert_near(times[i], 1 - i / 18.0, 1e-15);
    put_back(c, &k);
    k = choose(c, "heun", "steps=5 grid=cosine"); /* on trig these are even times */
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK);
    for (int i = 0; i < 6; i++) {
        double sigma = tan((5 - i) * 3.14159265358979323846 / 10);
        assert_near(times[i], i == 0 ? 1 : sigma / (1 + sigma), 1e-14);
    }
    put_back(c, &k);
    k = choose(c, "heun", "steps=4 grid=list grid.times=1,0.8,0.4,0.1,0");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK);
    for (int i = 0; i < 5; i++) assert_near(times[i], given[i], 1e-15);
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 0, 1, back), WEIR_OK);
    for (int i = 0; i < 5; i++) assert_near(back[4 - i], given[i], 1e-15);
    put_back(c, &k);
    k = choose(c, "heun", "steps=2 grid=list grid.times=1,0.8,0.4,0.1,0"); /* fewer: every second */
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK);
    assert_near(times[1], 0.4, 1e-15);
    put_back(c, &k);
    k = choose(c, "heun", "steps=4 grid=list grid.times=1,0.1,0.4,0.8,0");
    weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times);
    assert_fails(c, WEIR_ERROR_RANGE, "time_grid.list of 4 steps from t = 1 to 0: expected times in order");
    put_back(c, &k);
    k = choose(c, "heun", "steps=3 grid=exponential grid.sigma_min=0.1 grid.sigma_max=1000");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, edm, NULL, 10, 0, times), WEIR_OK); /* the path ends at 10 */
    for (int i = 0; i < 4; i++) assert_near(times[i], i == 3 ? 0 : pow(10, 1 - i), 1e-14);
    put_back(c, &k);
    k = choose(c, "heun", "steps=3 grid=karras grid.sigma_min=5 grid.sigma_max=1");
    weir_sampler_times(c, k.row, k.options, edm, NULL, 10, 0, times);
    assert_fails(c, WEIR_ERROR_RANGE, "time_grid.karras of 3 steps from t = 10 to 0: expected times in order");
    put_back(c, &k);
    k = choose(c, "dopri5", "");
    assert_int_equal(weir_sampler_times(c, k.row, k.options, fm, NULL, 1, 0, times), WEIR_OK); /* its own steps */
    assert_true(weir_sampler_steps(k.row, k.options) == 0 && times[0] == 1 && times[1] == 0);
    put_back(c, &k);
}

/* -- every row ------------------------------------------------------------------------------------------------------------------------------- */
/* The data N(0, c^2), of which a denoiser says c^2 y / (c^2 + sigma^2) for y = x / a: every step is linear in the state and its noise.
 * Sample 0 goes from 1 without noise, and sample i from 0 with the noise 1 at draw i - 1 alone, so that their ends are the weights of
 * the start and of every draw in the end of any sample. */
enum { DRAWS = 400 };
static const mixture narrow = { .n = 1, .dim = 1, .weight = { 1 }, .mean = { { 0 } }, .variance = { { 0.25 } } };

static weir_status one_draw(void *user, const int64_t *draw, int64_t n, const int64_t *samples, double *out)
{
    int64_t *most = user;
    for (int64_t i = 0; i < n; i++) {
        assert_true(draw[i] < DRAWS);
        if (draw[i] > *most) *most = draw[i];
        out[i] = draw[i] + 1 == samples[i];
    }
    return WEIR_OK;
}

/* Relative error of the variance at the last time, from the exact one at the first. */
static double variance_error(weir_ctx *c, const weir_path_row *path, const walk *w)
{
    double x[1 + DRAWS] = { 1 }, total = 0;
    int64_t most = -1;
    exact e = { .g = &narrow, .path = path };
    weir_sampling p = { .size = sizeof p, .n = 1 + DRAWS, .dim = 1, .x = x, .path = path, .predictor = { exact_predict, &e }, .noise = one_draw, .user = &most };
    if (walk_run(c, w, &p) != WEIR_OK) fail_msg("%s %s: %s", w->sampler, w->options, weir_message(c));
    weir_path_point from = path->at(NULL, p.times[0]), to = path->at(NULL, p.times[p.n_times - 1]);
    total = x[0] * x[0] * (from.a * from.a * 0.25 + from.b * from.b);
    for (int64_t i = 0; i <= most; i++) total += x[1 + i] * x[1 + i];
    return fabs(total / (to.a * to.a * 0.25 + to.b * to.b) - 1);
}

/* The variance that samplers leave, in 50, 100 and 200 even steps of log sigma from 10 to 0.05, computed elsewhere by the same recursion. */
static void test_variances(void **state)
{
    static const struct { const char *sampler, *options; double error[3]; } wanted[] = {
        { "ddim", "", { 5.10e-2, 2.58e-2, 1.30e-2 } }, { "ddim", "eta=0.5", { 6.23e-2, 3.19e-2, 1.62e-2 } }, { "ddim", "eta=1", { 9.79e-2, 5.07e-2, 2.58e-2 } },
        { "ddpm", "", { 9.79e-2, 5.07e-2, 2.58e-2 } }, { "ddpm", "variance=large", { 4.78e-2, 2.36e-2, 1.17e-2 } },
        { "euler_ancestral", "", { 9.79e-2, 5.07e-2, 2.58e-2 } }, { "euler_ancestral", "eta=0.5", { 6.23e-2, 3.19e-2, 1.62e-2 } },
        { "euler_maruyama", "", { 5.58e-2, 2.74e-2, 1.35e-2 } }, { "euler_maruyama", "kappa=0", { 5.10e-2, 2.58e-2, 1.30e-2 } },
        { "dpmpp_2m_sde", "", { 3.39e-3, 8.58e-4, 2.15e-4 } }, { "dpmpp_2m_sde", "type=heun", { 7.39e-3, 1.82e-3, 4.51e-4 } },
        { "edm", "", { 2.87e-3, 7.08e-4, 1.76e-4 } }, { "edm", "s_churn=30", { 2.06e-2, 7.51e-3, 1.99e-3 } },
    };
    static double times[201];
    weir_ctx *c = *state;
    const weir_path_row *vp = path_number(c, 2);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        for (int k = 0; k < 3; k++) {
            int steps = 50 << k;
            for (int j = 0; j <= steps; j++) times[j] = vp->time_of(NULL, 10 * pow(0.005, (double)j / steps));
            double error = variance_error(c, vp, &(walk){ wanted[i].sampler, wanted[i].options, 0, 0, times, steps + 1 });
            if (!(fabs(error / wanted[i].error[k] - 1) < 4e-3))
                fail_msg("%s %s in %d steps: error %.3e, expected %.3e", wanted[i].sampler, wanted[i].options, steps, error, wanted[i].error[k]);
        }
    static const double in_t[3] = { 3.27e-2, 1.53e-2, 7.39e-3 }; /* in even steps of t from 1 to 0.001 */
    for (int k = 0; k < 3; k++) {
        int steps = 50 << k;
        for (int j = 0; j <= steps; j++) times[j] = 1 - 0.999 * j / steps;
        double error = variance_error(c, vp, &(walk){ "euler_maruyama", "frame=t", 0, 0, times, steps + 1 });
        if (!(fabs(error / in_t[k] - 1) < 4e-3)) fail_msg("euler_maruyama frame=t in %d steps: error %.3e, expected %.3e", steps, error, in_t[k]);
    }
    for (int j = 0; j <= 200; j++) times[j] = vp->time_of(NULL, 10 * pow(0.005, j / 200.0));
    double biased = variance_error(c, vp, &(walk){ "edm", "s_churn=30 s_noise=1.003", 0, 0, times, 201 });
    assert_true(biased > 3e-3 && biased < 9e-3); /* more noise than is taken away */
    assert_true(variance_error(c, vp, &(walk){ "edm", "s_churn=30 s_noise=1.003 s_tmin=1e3", 0, 0, times, 201 }) < 2e-4); /* none at these sigmas */
    assert_true(variance_error(c, vp, &(walk){ "edm", "s_churn=30 s_noise=1.003 s_tmax=1e-3", 0, 0, times, 201 }) < 2e-4);
}

/* However much noise is drawn, the variance is the same in the limit, at the order of the method (in t errors of first order cancel near
 * kappa = 0.5). */
static void test_variances_of_any_noise(void **state)
{
    static const struct { const char *sampler, *options; double least, most; } tried[] = {
        { "euler_maruyama", "kappa=0.5", 1.8, 2.2 }, { "euler_maruyama", "kappa=1.5", 1.8, 2.2 }, { "euler_maruyama", "kappa=0.5 frame=t", 0, 10 },
        { "euler_maruyama", "kappa=1.5 frame=t", 1.8, 2.4 }, { "euler_ancestral", "eta=0.3", 1.8, 2.2 }, { "ddim", "eta=0.3", 1.8, 2.2 }, { "dpmpp_2m_sde", "eta=0.5", 3.5, 4.5 },
    };
    static double times[201];
    const weir_path_row *vp = path_number(*state, 2);
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        double error[2];
        for (int k = 0; k < 2; k++) {
            int steps = 100 << k;
            for (int j = 0; j <= steps; j++) times[j] = strstr(tried[i].options, "frame=t") ? 1 - 0.999 * j / steps : vp->time_of(NULL, 10 * pow(0.005, (double)j / steps));
            error[k] = variance_error(*state, vp, &(walk){ tried[i].sampler, tried[i].options, 0, 0, times, steps + 1 });
        }
        double ratio = error[0] / error[1];
        if (!(error[1] < 0.05 && ratio > tried[i].least && ratio < tried[i].most))
            fail_msg("%s %s: errors %.3e, %.3e", tried[i].sampler, tried[i].options, error[0], error[1]);
    }
}

static void every_sampler(weir_ctx *c, void (*check)(weir_ctx *c, const weir_sampler_row *row, const char *name))
{
    for (int64_t i = 0; i < weir_row_count(c, "sampler"); i++) {
        const weir_sampler_row *row = (const weir_sampler_row *)weir_row_at(c, "sampler", i);
        check(c, row, strchr(row->row.name, '.') + 1);
    }
}

static void reaches_the_data(weir_ctx *c, const weir_sampler_row *row, const char *name)
{
    static const char *const options[] = { "steps=40", "steps=80", "steps=160" };
    const weir_path_row *path = path_number(c, 0);
    double error[3];
    for (int k = 0; k < 3; k++) error[k] = variance_error(c, path, &(walk){ name, options[k], 1, 0, NULL, 0 });
    if (!(error[2] < 0.08 && (error[2] < 0.6 * error[1] || error[2] < 3e-5) && (error[1] < 0.6 * error[0] || error[1] < 3e-5)))
        fail_msg("%s: errors of the variance %g, %g, %g: expected less at every doubling", name, error[0], error[1], error[2]);
}

static void test_every_sampler_reaches_the_data(void **state) { every_sampler(*state, reaches_the_data); }

/* Alone or with others, in any order, a sample has its own bits, those of its noise too: by id and draw. */
static void is_its_own(weir_ctx *c, const weir_sampler_row *row, const char *name)
{
    enum { N = 7, D = 2 };
    const weir_path_row *path = path_number(c, 0);
    int64_t ids[N] = { 5, 900, 3, 1, 77, 12, 8 };
    double start[N * D], all[N * D], one[D];
    weir_sample_report report[N], alone;
    exact e = { .g = &gmm3, .path = path };
    for (int i = 0; i < N * D; i++) all[i] = start[i] = weir__normal(9, 0, (uint64_t)i);
    weir_sampling p = { .size = sizeof p, .n = N, .dim = D, .ids = ids, .x = all, .path = path, .predictor = { exact_predict, &e }, .report = report };
    assert_int_equal(walk_run(c, &(walk){ name, row->row.test, 1, 0, NULL, 0 }, &p), WEIR_OK);
    for (int i = 0; i < N; i++) {
        memcpy(one, start + i * D, sizeof one);
        p.n = 1, p.ids = ids + i, p.x = one, p.report = &alone;
        assert_int_equal(walk_run(c, &(walk){ name, row->row.test, 1, 0, NULL, 0 }, &p), WEIR_OK);
        assert_memory_equal(one, all + i * D, sizeof one);
        assert_true(alone.end == WEIR_SAMPLE_DONE && alone.evaluations == report[i].evaluations && alone.steps == report[i].steps);
        assert_true(alone.steps >= 1 && alone.evaluations >= alone.steps);
    }
    p.n = 0, p.x = NULL;
    assert_int_equal(walk_run(c, &(walk){ name, "", 1, 0, NULL, 0 }, &p), WEIR_OK);
}

static void test_every_sample_is_its_own(void **state) { every_sampler(*state, is_its_own); }

/* One that meets NaN is NaN as a whole and says so; the others do not see it. */
static void keeps_others_whole(weir_ctx *c, const weir_sampler_row *row, const char *name)
{
    const weir_path_row *path = path_number(c, 0);
    double x[6] = { 0.5, -0.25, NAN, 1, 0.5, -0.25 };
    int64_t ids[3] = { 4, 5, 4 };
    weir_sample_report report[3];
    exact e = { .g = &gmm3, .path = path };
    weir_sampling p = { .size = sizeof p, .n = 3, .dim = 2, .ids = ids, .x = x, .path = path, .predictor = { exact_predict, &e }, .report = report };
    assert_int_equal(walk_run(c, &(walk){ name, "steps=5", 1, 0, NULL, 0 }, &p), WEIR_OK);
    assert_true(isnan(x[2]) && isnan(x[3]) && report[1].end == WEIR_SAMPLE_NOT_FINITE);
    assert_true(report[0].end == WEIR_SAMPLE_DONE && isfinite(x[0]) && isfinite(x[1]));
    assert_memory_equal(x, x + 4, 2 * sizeof *x);
}

static void test_every_sampler_keeps_others_whole(void **state) { every_sampler(*state, keeps_others_whole); }

/* Trajectories: from the start to the end, at the times of the grid; looking changes nothing, and the one who looks can stop it. */
enum { STATES = 6 };
typedef struct seen { double x[STATES][2], t[STATES]; int64_t n, stop_at; } seen;

static weir_status see(void *user, int64_t step, const double *t, const double *x)
{
    seen *s = user;
    assert_true(step == s->n && step < STATES);
    memcpy(s->x[step], x, sizeof *s->x);
    s->t[step] = *t;
    return s->n++ == s->stop_at ? WEIR_STOPPED : WEIR_OK;
}

static void shows_its_way(weir_ctx *c, const weir_sampler_row *row, const char *name)
{
    const weir_path_row *path = path_number(c, 0);
    double x[2] = { 0.5, -0.25 }, plain[2] = { 0.5, -0.25 };
    seen s = { .stop_at = -1 };
    exact e = { .g = &gmm3, .path = path };
    const walk w = { name, "steps=5 grid=uniform", 1, 0, NULL, 0 };
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = plain, .path = path, .predictor = { exact_predict, &e } };
    assert_int_equal(walk_run(c, &w, &p), WEIR_OK);
    p.x = x, p.on_state = see, p.user = &s;
    assert_int_equal(walk_run(c, &w, &p), WEIR_OK);
    assert_memory_equal(x, plain, sizeof x);
    assert_int_equal(s.n, STATES);
    assert_true(s.x[0][0] == 0.5 && s.x[0][1] == -0.25);
    assert_memory_equal(s.x[STATES - 1], x, sizeof x);
    for (int i = 0; i < STATES; i++) assert_near(s.t[i], 1 - i / 5.0, 1e-15);
    s = (seen){ .stop_at = 2 };
    assert_int_equal(walk_run(c, &w, &p), WEIR_STOPPED);
    assert_int_equal(s.n, 3);
    assert_ok(c);
}

static void test_every_sampler_shows_its_way(void **state) { every_sampler(*state, shows_its_way); }

/* What the predictor returns ends the run: an error of the context, or a wish to stop. */
static void ends_when_told(weir_ctx *c, const weir_sampler_row *row, const char *name)
{
    const weir_path_row *path = path_number(c, 0);
    for (int k = 0; k < 2; k++) {
        double x[2] = { 0.5, -0.25 };
        exact e = { .g = &gmm3, .path = path, .stop_at = 3, .status = k ? WEIR_STOPPED : WEIR_ERROR_VALUE, .c = k ? NULL : c };
        weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = path, .predictor = { exact_predict, &e } };
        assert_int_equal(walk_run(c, &(walk){ name, "steps=5", 1, 0, NULL, 0 }, &p), e.status);
        assert_int_equal(e.calls, 3);
        if (k == 0) assert_fails(c, WEIR_ERROR_VALUE, "exact: call 3");
        assert_ok(c);
    }
}

static void test_every_sampler_ends_when_told(void **state) { every_sampler(*state, ends_when_told); }

static void needs_memory(weir_ctx *c)
{
    for (int64_t i = 0; weir_ok(c) && i < weir_row_count(c, "sampler"); i++) {
        const weir_sampler_row *row = (const weir_sampler_row *)weir_row_at(c, "sampler", i);
        _Alignas(max_align_t) char options[1024];
        double x[4] = { 0.5, -0.25, 1, 0 }, times[] = { 1, 0.6, 0 };
        exact e = { .g = &gmm3, .path = path_number(c, 0) };
        weir_sampling p = { .size = sizeof p, .ctx = c, .n = 2, .dim = 2, .x = x, .path = e.path, .times = times, .n_times = 3, .predictor = { exact_predict, &e } };
        if (weir_options_defaults(c, &row->row, options) != WEIR_OK) continue;
        weir_sampler_run(row, options, &p);
        weir_options_free(c, &row->row, options);
    }
}

static void test_no_memory(void **state) { test_every_allocation(needs_memory); }

/* -- noise ------------------------------------------------------------------------------------------------------------------------------------ */
/* A function of seed, id and draw alone; normal, and unrelated between ids and between draws. */
static void test_noise(void **state)
{
    enum { N = 500, D = 40 };
    static double z[2][N * D], one[D];
    weir_ctx *c = *state;
    int64_t ids[N], draws[N];
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N; i++) ids[i] = 7 * i, draws[i] = k == 0 ? i % 3 : i % 3 + 3;
        weir__sampler_noise(c, N, ids, draws, D, z[k]);
    }
    for (int i = 0; i < N; i += 99) {
        weir__sampler_noise(c, 1, ids + i, draws + i, D, one);
        assert_memory_equal(one, z[1] + i * D, sizeof one);
    }
    double sum = 0, squares = 0, across = 0, beside = 0, n = N * D;
    for (int i = 0; i < N * D; i++) {
        sum += z[0][i], squares += z[0][i] * z[0][i], across += z[0][i] * z[1][i];
        if (i >= D) beside += z[0][i] * z[0][i - D];
    }
    assert_true(fabs(sum) < 4 * sqrt(n) && fabs(squares - n) < 4 * sqrt(2 * n) && fabs(across) < 4 * sqrt(n) && fabs(beside) < 4 * sqrt(n));
    weir_scope s = weir_scope_begin(c);
    weir__seed_set(c, 99);
    weir__sampler_noise(c, 1, ids, draws, D, one);
    weir_scope_end(s);
    assert_memory_not_equal(one, z[1], sizeof one);
}

/* -- refusals -------------------------------------------------------------------------------------------------------------------------------- */
static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    double x[2] = { 0.5, -0.25 }, times[] = { 1, 0.5, 0.5 }, up[] = { 0, 0.5, 1 };
    exact e = { .g = &gmm3, .path = path_number(c, 0) };
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = e.path, .predictor = { exact_predict, &e } };
    walk_run(c, &(walk){ "euler", "", 0, 0, times, 3 }, &p);
    assert_fails(c, WEIR_ERROR_RANGE, "sampler.euler: 3 times: expected two or more, finite and in order");
    walk_run(c, &(walk){ "euler", "", 0, 0, times, 1 }, &p);
    assert_fails(c, WEIR_ERROR_RANGE, "two or more");
    static const char *const falling[][2] = { { "euler", "frame=sigma" }, { "ddim", "" }, { "ddpm", "" }, { "edm", "" }, { "dpm_2", "" }, { "dpmpp_2m", "" }, { "unipc", "" }, { "euler_maruyama", "" } };
    for (int i = 0; i < 8; i++) {
        walk_run(c, &(walk){ falling[i][0], falling[i][1], 0, 0, up, 3 }, &p);
        assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected times that fall");
    }
    assert_int_equal(walk_run(c, &(walk){ "euler", "", 0, 0, up, 3 }, &p), WEIR_OK); /* in t either way */
    p.predictor.predict = NULL;
    walk_run(c, &(walk){ "euler", "", 0, 0, up, 3 }, &p);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "a predictor");
    assert_int_equal(weir_sampler_run(NULL, NULL, NULL), WEIR_ERROR_ARGUMENT);
    p.size = 0, p.ctx = c;
    weir_sampler_run(NULL, NULL, &p);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "sampler_run");
    chosen k = choose(c, "dopri5", "");
    p = (weir_sampling){ .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = e.path, .predictor = { exact_predict, &e }, .on_state = see };
    walk_run(c, &(walk){ "dopri5", "", 1, 0, NULL, 0 }, &p);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a trajectory");
    put_back(c, &k);
}

int main(void)
{
    CASES(CASE(test_golden_in_t), CASE(test_golden_in_sigma), CASE(test_orders), CASE(test_orders_in_sigma), CASE(test_phi), CASE(test_paths_agree), CASE(test_same_methods), CASE(test_grids), CASE(test_variances), CASE(test_variances_of_any_noise),
          CASE(test_every_sampler_reaches_the_data), CASE(test_every_sample_is_its_own), CASE(test_every_sampler_keeps_others_whole),
          CASE(test_every_sampler_shows_its_way), CASE(test_every_sampler_ends_when_told), CASE(test_no_memory), CASE(test_noise), CASE(test_refusals));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
