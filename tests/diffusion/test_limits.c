/* Where the families of diffusion meet: the samplers of DDPM, DDIM and SDEs in the limit of small
 * steps and at equal marginals, single data carried along characteristics, one distribution under
 * the names of two papers. All by the library's paths, predictions, samplers and densities. */
#include "test.h"
#include "known.h"

/* -- one step ------------------------------------------------------------------------------------ */
/* Noise of which number `lit` is 1 and the others are 0; -1: none. */
static weir_status noise_of(void *user, const int64_t *draw, int64_t n, const int64_t *samples,
                            double *out)
{
    int lit = *(const int *)user;
    for (int64_t i = 0; i < 2 * n; i++) out[i] = i == lit;
    return WEIR_OK;
}

/* x [2] of data g, from times[0] to the last */
static void step(weir_ctx *c, const subject *s, const mixture *g, walk w, int lit, double *x)
{
    exact e = { .g = g, .path = s->f.path, .path_options = s->f.path_options };
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = s->f.path };
    p.path_options = s->f.path_options;
    p.predictor = (weir_predictor){ exact_predict, &e };
    p.noise = noise_of;
    p.user = &lit;
    if (walk_run(c, &w, &p) != WEIR_OK) fail_msg("%s: %s", w.sampler, weir_message(c));
}

/* -- DDPM -> DDIM -> ODE -------------------------------------------------------------------------- */
/* With one datum m, x_t = a m + b eps exactly. A step of DDIM at any eta is then a' m + s eps + d z
 * with s^2 + d^2 = b'^2: the marginal of the next time, from the Markov chain of DDPM (eta = 1) to
 * the map without noise (0). */
static void test_steps_keep_marginals(void **state)
{
    static const mixture datum = { .n = 1, .dim = 2, .weight = { 1 }, .mean = { { 0.7, -1.3 } } };
    static const char *const how[][2] = {
        { "ddim", "eta=0" }, { "ddim", "eta=0.25" }, { "ddim", "eta=1" },
        { "ddpm", "" }, { "euler_ancestral", "eta=0.6" }, { "dpmpp_2m_sde", "" },
        { "dpmpp_2m_sde", "eta=0.4" },
    };
    weir_ctx *c = *state;
    for (int path = 0; path < PATHS; path++)
        for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
            subject s;
            field_make(c, NULL, path, 0, false, &s);
            double times[] = { time_at(&s, 2), time_at(&s, 0.9) };
            weir_path_point p = point_at(&s, times[0]), q = point_at(&s, times[1]);
            walk w = { how[i][0], how[i][1], 0, 0, times, 2 };
            double mean[2] = { p.a * 0.7, p.a * -1.3 }, of_eps[2], of_z[2];
            memcpy(of_eps, mean, sizeof mean);
            memcpy(of_z, mean, sizeof mean);
            of_eps[0] += p.b;
            step(c, &s, &datum, w, -1, mean);
            step(c, &s, &datum, w, -1, of_eps);
            step(c, &s, &datum, w, 0, of_z);
            assert_near(mean[0], q.a * 0.7, 1e-12);
            assert_near(mean[1], q.a * -1.3, 1e-12);
            assert_near(hypot(of_eps[0] - mean[0], of_z[0] - mean[0]), q.b, 1e-12);
        }
}

/* A step of length h, as a rate: (x' - x) / -h without noise, and the variance drawn over h. */
static void rates(weir_ctx *c, const subject *s, walk w, double t, double h, double *drift,
                  double *variance)
{
    static const double from[2] = { 0.21, -0.28 };
    double times[] = { t, t - h }, still[2] = { 0.21, -0.28 }, drawn[2] = { 0.21, -0.28 };
    w.times = times;
    w.n_times = 2;
    step(c, s, &gmm3, w, -1, still);
    step(c, s, &gmm3, w, 0, drawn);
    for (int j = 0; j < 2; j++) drift[j] = (from[j] - still[j]) / h;
    *variance = pow(drawn[0] - still[0], 2) / h;
}

/* In small steps a sampler with the share kappa of the noise is dx = (u - kappa^2 g^2 S / 2) dt +
 * kappa g dw backwards in time: DDPM the SDE of Anderson (kappa = 1), DDIM the ODE (0). DDIM at eta
 * in between draws eta^2 g^2. What is missing halves with the step. */
static void test_small_steps(void **state)
{
    static const struct { const char *sampler, *options; double kappa; } how[] = {
        { "ddpm", "", 1 }, { "ddpm", "variance=large", 1 }, { "ddim", "", 0 }, { "ddim", "eta=0.5", 0.5 },
        { "euler_ancestral", "eta=0.5", 0.5 }, { "euler_maruyama", "kappa=0.7", 0.7 },
        { "euler_maruyama", "kappa=1.3 frame=t", 1.3 }, { "dpmpp_2m_sde", "eta=1", 1 },
        { "dpmpp_2m_sde", "eta=0.25", 0.5 }, { "edm", "", 0 }, { "dpm_1", "", 0 }, { "dpm_3", "", 0 },
        { "dpmpp_2m", "", 0 }, { "unipc", "", 0 },
    };
    weir_ctx *c = *state;
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    for (int path = 0; path < PATHS; path++)
        for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
            subject s;
            field_make(c, net, path, 0, false, &s);
            if (s.f.path == &weir__path_ddpm) continue; /* whose own steps are a thousandth */
            known k = { .c = c, .s = &s, .t = time_at(&s, 0.6), .x = { 0.21, -0.28 } };
            weir_path_point p = point_at(&s, k.t);
            double u[2], S[2], kappa2 = how[i].kappa * how[i].kappa;
            double g2 = 2 * p.b * (p.a * p.db - p.da * p.b) / p.a;
            says(c, &s, &weir__prediction_velocity, k.t, k.x, u);
            says(c, &s, &weir__prediction_score, k.t, k.x, S);
            walk w = { how[i].sampler, how[i].options, 0, 0, NULL, 0 };
            double drift[2][2], variance[2], h = 1e-4 * k.t;
            rates(c, &s, w, k.t, h, drift[0], variance);
            rates(c, &s, w, k.t, h / 2, drift[1], variance + 1);
            for (int j = 0; j < 2; j++) {
                double want = u[j] - 0.5 * kappa2 * g2 * S[j], size = fabs(u[j]) + g2 * fabs(S[j]);
                agree(&k, how[i].sampler, drift[1][j], want, size, 1e-3);
                agree(&k, how[i].sampler, 2 * drift[1][j] - drift[0][j], want, size, 1e-6);
            }
            agree(&k, how[i].sampler, variance[1], kappa2 * g2, g2, 1e-3);
            agree(&k, how[i].sampler, 2 * variance[1] - variance[0], kappa2 * g2, g2, 1e-6);
        }
    weir_module_free(net);
}

/* -- equal marginals of SDE and ODE -------------------------------------------------------------- */
enum { DRAWN = 4000 };

/* E cos(k x) of the data */
static double characteristic(const double *k)
{
    double sum = 0;
    for (int i = 0; i < gmm3.n; i++) {
        double turn = 0, spread = 0;
        for (int j = 0; j < 2; j++) {
            turn += k[j] * gmm3.mean[i][j];
            spread += k[j] * k[j] * gmm3.variance[i][j];
        }
        sum += gmm3.weight[i] * cos(turn) * exp(-0.5 * spread);
    }
    return sum;
}

/* Samples of the mixture at the first time, exactly */
static void draw_start(weir_path_point p, double *x)
{
    for (int i = 0; i < DRAWN; i++) {
        int k = i % 10 < 3 ? 0 : i % 10 < 8 ? 1 : 2; /* shares 0.3, 0.5, 0.2 */
        for (int j = 0; j < 2; j++) {
            double z = weir__normal(21, (uint64_t)i, (uint64_t)j), *m = &x[2 * i + j];
            double deviation = sqrt(p.a * p.a * gmm3.variance[k][j] + p.b * p.b);
            *m = p.a * gmm3.mean[k][j] + deviation * z;
        }
    }
}

/* However much noise is drawn on the way, from none to more than the SDE's, samples end with the
 * distribution of the data: E cos(k x) within five standard errors of the largest that it can have. */
static void test_equal_marginals(void **state)
{
    static const char *const how[][2] = {
        { "euler_maruyama", "kappa=0" }, { "euler_maruyama", "kappa=0.5" },
        { "euler_maruyama", "kappa=1" }, { "euler_maruyama", "kappa=1.5" },
        { "ddim", "eta=0" }, { "ddim", "eta=0.5" }, { "ddpm", "" }, { "euler_ancestral", "" },
        { "dpmpp_2m_sde", "" }, { "edm", "s_churn=20" },
    };
    static const double waves[][2] = { { 1, 0 }, { 0, 1 }, { 1, 1 }, { 2, -1 }, { 0, 3 }, { 3, 2 } };
    static double x[2 * DRAWN], times[241];
    weir_ctx *c = *state;
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        subject s;
        field_make(c, NULL, i % 2 ? 2 : 0, 0, false, &s); /* fm, and vp */
        for (int j = 0; j <= 240; j++) times[j] = time_at(&s, 8 * pow(0.02 / 8, j / 240.0));
        draw_start(point_at(&s, times[0]), x);
        exact e = { .g = &gmm3, .path = s.f.path, .path_options = s.f.path_options };
        weir_sampling p = { .size = sizeof p, .n = DRAWN, .dim = 2, .x = x, .path = s.f.path };
        p.path_options = s.f.path_options;
        p.predictor = (weir_predictor){ exact_predict, &e };
        walk w = { how[i][0], how[i][1], 0, 0, times, 241 };
        assert_int_equal(walk_run(c, &w, &p), WEIR_OK);
        for (size_t j = 0; j < sizeof waves / sizeof *waves; j++) {
            double sum = 0, want = characteristic(waves[j]);
            for (int l = 0; l < DRAWN; l++)
                sum += cos(waves[j][0] * x[2 * l] + waves[j][1] * x[2 * l + 1]);
            if (!(fabs(sum / DRAWN - want) < 5 * sqrt(0.5 / DRAWN)))
                fail_msg("%s %s: E cos(%g x + %g y) = %g, expected %g", how[i][0], how[i][1],
                         waves[j][0], waves[j][1], sum / DRAWN, want);
        }
    }
}

/* -- characteristics ------------------------------------------------------------------------------ */
typedef struct seen { const subject *s; double worst; } seen;

static weir_status on_its_line(void *user, int64_t number, const double *t, const double *x)
{
    static const double m[2] = { 0.7, -1.3 }, eps[2] = { 0.4, 0.9 };
    seen *v = user;
    weir_path_point p = point_at(v->s, *t);
    for (int j = 0; j < 2; j++) v->worst = fmax(v->worst, fabs(x[j] - p.a * m[j] - p.b * eps[j]));
    return WEIR_OK;
}

/* The characteristics of a point source are x_t = a m + b eps: whatever steps in sigma, or in t where
 * the path is straight, follows them exactly, in however few steps. */
static void test_characteristics(void **state)
{
    static const mixture datum = { .n = 1, .dim = 2, .weight = { 1 }, .mean = { { 0.7, -1.3 } } };
    static const char *const how[][2] = {
        { "ddim", "" }, { "edm", "" }, { "euler", "frame=sigma" }, { "heun", "frame=sigma" },
        { "rk4", "frame=sigma" }, { "dpm_2", "" }, { "dpm_3", "" }, { "dpmpp_2m", "" },
        { "dpmpp_3m", "" }, { "unipc", "" }, { "euler", "frame=t" }, { "heun", "frame=t" },
    };
    weir_ctx *c = *state;
    for (int path = 0; path < PATHS; path++)
        for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
            subject s;
            double times[4], x[2];
            field_make(c, NULL, path, 0, false, &s);
            bool straight = s.f.path == &weir__path_fm || s.f.path == &weir__path_edm;
            if (!straight && strcmp(how[i][1], "frame=t") == 0) continue;
            for (int j = 0; j < 4; j++) times[j] = time_at(&s, 5 * pow(0.1, j / 3.0));
            weir_path_point p = point_at(&s, times[0]);
            x[0] = p.a * 0.7 + p.b * 0.4;
            x[1] = p.a * -1.3 + p.b * 0.9;
            exact e = { .g = &datum, .path = s.f.path, .path_options = s.f.path_options };
            seen v = { &s, 0 };
            weir_sampling q = { .size = sizeof q, .n = 1, .dim = 2, .x = x, .path = s.f.path };
            q.path_options = s.f.path_options;
            q.predictor = (weir_predictor){ exact_predict, &e };
            q.on_state = on_its_line;
            q.user = &v;
            walk w = { how[i][0], how[i][1], 0, 0, times, 4 };
            assert_int_equal(walk_run(c, &w, &q), WEIR_OK);
            if (!(v.worst < 1e-12))
                fail_msg("%s %s on %s: off by %g", how[i][0], how[i][1], s.f.path->row.name, v.worst);
        }
}

/* -- flow matching from a Gaussian source is diffusion ------------------------------------------- */
/* At one sigma x / a is one variable: what is said of the data and of the noise is the same on every
 * path, and the velocity of fm is v of vp, written anew (eps = (1 - t) u + x there). */
static void test_one_variable(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    static const double sigmas[] = { 0.05, 0.4, 1, 4, 20 };
    for (int i = 0; i < 5; i++) {
        double y[2] = { 0.3 + sigmas[i], -0.4 }, D[PATHS][2], e[PATHS][2], sigma = sigmas[i];
        for (int path = 0; path < PATHS; path++) {
            subject s;
            field_make(c, net, path, path == 0 ? 2 : 3, false, &s); /* velocity on fm, else v */
            double t = s.f.path->time_of(s.f.path_options, sigma), a = point_at(&s, t).a;
            says(c, &s, &weir__prediction_x0, t, (double[]){ a * y[0], a * y[1] }, D[path]);
            says(c, &s, &weir__prediction_eps, t, (double[]){ a * y[0], a * y[1] }, e[path]);
            if (path == 0) assert_near(t, sigma / (1 + sigma), 1e-15);
            if (path == 2) assert_near(a, 1 / sqrt(1 + sigma * sigma), 1e-12);
            for (int j = 0; j < 2; j++) {
                assert_near(D[path][j], D[0][j], 1e-10 * (1 + sigma));
                assert_near(e[path][j], e[0][j], 1e-10);
            }
        }
    }
    weir_module_free(net);
}

/* One linear relation of forms at every point of a path: z = of_x x + of_y y. */
static void relation(weir_ctx *c, int path, double t, int from, int to, double of_x, double of_y)
{
    subject s, other;
    field_make(c, NULL, path, from, false, &s);
    field_make(c, NULL, path, to, false, &other);
    for (double y = -1; y <= 1; y += 0.5) {
        double z = y, x = 0.37;
        weir_prediction_convert(c, s.f.path, s.f.path_options, s.f.prediction, NULL,
                                other.f.prediction, NULL, 1, 1, &t, &x, &z);
        assert_near(z, of_x * x + of_y * y, 1e-12);
    }
}

/* What is called by several names. Forms: x0, eps, velocity, v, score, edm with sigma_data = 1. */
static void test_names(void **state)
{
    weir_ctx *c = *state;
    for (double t = 0.1; t < 1; t += 0.2) {
        subject s;
        field_make(c, NULL, 1, 0, false, &s);
        relation(c, 1, t, 3, 2, 0, HALF_PI); /* trig: u = (pi / 2) v */
        relation(c, 0, t, 2, 0, 1, -t);      /* fm: D = x - t u */
        relation(c, 0, t, 2, 1, 1, 1 - t);   /* fm: e = x + (1 - t) u */
        relation(c, 0, t, 4, 2, -1 / (1 - t), -t / (1 - t)); /* fm: u = -(x + t S) / (1 - t) */
        for (int path = 2; path < 4; path++) { /* variance kept: u = w v */
            field_make(c, NULL, path, 0, false, &s);
            weir_path_point p = point_at(&s, t);
            relation(c, path, t, 3, 2, 0, p.a * p.db - p.da * p.b);
        }
        for (int path = 0; path < PATHS; path++) { /* EDM's F with deviation 1 is -v */
            double x = 0.37, y = 0.8;
            field_make(c, NULL, path, 3, false, &s);
            any_opts o;
            const weir_prediction_row *edm =
                (const weir_prediction_row *)row_of(c, "prediction", "edm", "sigma_data=1", &o);
            double lo, hi;
            s.f.path->interval(s.f.path_options, &lo, &hi);
            double at = lo + t * (hi - lo);
            weir_prediction_convert(c, s.f.path, s.f.path_options, s.f.prediction, NULL, edm, &o, 1,
                                    1, &at, &x, &y);
            assert_near(y, -0.8, 1e-12);
        }
    }
}

/* -- one training, two names ---------------------------------------------------------------------- */
/* log of the density of log sigma on a path, for times of this density */
static double of_log_sigma(weir_ctx *c, const subject *s, const char *name, const char *text,
                           double sigma)
{
    any_opts o;
    const weir_time_density_row *d =
        (const weir_time_density_row *)row_of(c, "time_density", name, text, &o);
    if (d->of_sigma) return d->log_density(&o, sigma) + log(sigma);
    double t = s->f.path->time_of(s->f.path_options, sigma);
    weir_path_point p = point_at(s, t);
    double rate = (p.a * p.db - p.da * p.b) / (p.a * p.b); /* d log sigma / dt */
    return d->log_density(&o, t) - log(rate);
}

/* Logit-normal times on fm are EDM's log-normal sigma; uniform ones a logistic; cosmap's on fm are
 * uniform ones on trig: log sigma then has the density sech / pi. */
static void test_times_of_two_papers(void **state)
{
    weir_ctx *c = *state;
    subject fm, trig;
    field_make(c, NULL, 0, 2, false, &fm);
    field_make(c, NULL, 1, 3, false, &trig);
    for (double l = -3; l <= 3; l += 0.5) {
        double sigma = exp(l), logit = of_log_sigma(c, &fm, "logit_normal", "mean=-0.4 std=1.2", sigma);
        assert_near(logit, of_log_sigma(c, &fm, "log_normal", "mean=-0.4 std=1.2", sigma), 1e-12);
        assert_near(of_log_sigma(c, &fm, "uniform", "", sigma), l - 2 * log1p(sigma), 1e-12);
        double secant = -log(3.14159265358979323846 * cosh(l));
        assert_near(of_log_sigma(c, &trig, "uniform", "", sigma), secant, 1e-12);
        assert_near(of_log_sigma(c, &fm, "cosmap", "", sigma), secant, 1e-12);
    }
}

/* -- one end ---------------------------------------------------------------------------------------- */
/* The flow of x / a from sigma = 8 to 0.05 is that of no path but of the mixture: the same ends on
 * every path, computed elsewhere. */
static void test_one_flow(void **state)
{
    static const double golden[2][4] = { { 4, -2, 0.655264447054, 0.029664583009 },
                                         { -3, 5, -0.824318102622, 0.413387784487 } };
    weir_ctx *c = *state;
    for (int path = 0; path < PATHS; path++)
        for (int i = 0; i < 2; i++) {
            subject s;
            field_make(c, NULL, path, 0, false, &s);
            double hi = s.f.path->time_of(s.f.path_options, 8);
            double times[] = { hi, s.f.path->time_of(s.f.path_options, 0.05) };
            double a = point_at(&s, times[0]).a, x[2] = { a * golden[i][0], a * golden[i][1] };
            step(c, &s, &gmm3, (walk){ "dopri5", "rtol=1e-12 atol=1e-12", 0, 0, times, 2 }, -1, x);
            a = point_at(&s, times[1]).a;
            for (int j = 0; j < 2; j++) assert_near(x[j] / a, golden[i][2 + j], 1e-9);
        }
}

/* By the solver's tolerance, the table's path too: what is missed falls with it. */
static void test_tolerance(void **state)
{
    weir_ctx *c = *state;
    for (int path = 0; path < PATHS; path++)
        for (int digits = 4; digits <= 8; digits += 2) {
            subject s;
            char how[48];
            double tolerance = pow(10, -digits);
            field_make(c, NULL, path, 0, false, &s);
            double hi = s.f.path->time_of(s.f.path_options, 8);
            double times[] = { hi, s.f.path->time_of(s.f.path_options, 0.05) };
            double a = point_at(&s, times[0]).a, x[2] = { 4 * a, -2 * a };
            snprintf(how, sizeof how, "rtol=1e-%d atol=1e-%d", digits, digits);
            step(c, &s, &gmm3, (walk){ "tsit5", how, 0, 0, times, 2 }, -1, x);
            a = point_at(&s, times[1]).a;
            double miss = hypot(x[0] / a - 0.655264447054, x[1] / a - 0.029664583009);
            if (!(miss < 10 * tolerance))
                fail_msg("%s: %g at %g", s.f.path->row.name, miss, tolerance);
        }
}

int main(void)
{
    CASES(CASE(test_steps_keep_marginals), CASE(test_small_steps), CASE(test_equal_marginals),
          CASE(test_characteristics), CASE(test_one_variable), CASE(test_names),
          CASE(test_times_of_two_papers), CASE(test_one_flow), CASE(test_tolerance));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
