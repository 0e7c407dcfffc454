/* Identities of a density that moves along a path, on the mixture whose density is known: what the
 * library's paths and forms of prediction say, whatever form the network has, holds against it.
 * Derivatives are differences of sixth order, so tolerances are those of the differences. */
#include "test.h"
#include "known.h"

#define BY_DIFFERENCES 2e-8

/* f = a' / a and g^2 = 2 b (a b' - a' b) / a of dx = f x dt + g dw */
typedef struct sde { double f, g2; } sde;

static sde sde_at(const known *k)
{
    weir_path_point p = point_at(k->s, k->t);
    return (sde){ p.da / p.a, 2 * p.b * (p.a * p.db - p.da * p.b) / p.a };
}

/* -- densities and fields ------------------------------------------------------------------------ */
/* The continuity equation dp/dt = -div(p u), divided by p. */
static void continuity(const known *k)
{
    double u[2], slope[2], J[2][2], rate = rate_of_log_density(k);
    says(k->c, k->s, &weir__prediction_velocity, k->t, k->x, u);
    slopes_of_log_density(k, slope);
    double flow = jacobian(along_velocity, k, J), along = u[0] * slope[0] + u[1] * slope[1];
    agree(k, "continuity", rate, -flow - along, fabs(flow) + fabs(along), BY_DIFFERENCES);
}

static void test_continuity(void **state)
{
    weir_ctx *c = *state;
    everywhere(c, continuity);
    subject s; /* dp/dt at one point, computed elsewhere */
    field_make(c, NULL, 0, 2, false, &s);
    known k = { .c = c, .s = &s, .t = 0.35, .x = { 0.21, -0.28 } };
    assert_near(rate_of_log_density(&k) * exp(log_density(&s, k.t, k.x)), 0.79694, 5e-6);
}

/* Fokker and Planck, dp/dt = -div(f x p) + g^2 / 2 Laplace p, divided by p. */
static void fokker_planck(const known *k)
{
    double slope[2], rate = rate_of_log_density(k), laplace = slopes_of_log_density(k, slope);
    sde e = sde_at(k);
    double drift = 2 * e.f + e.f * (k->x[0] * slope[0] + k->x[1] * slope[1]);
    double noise = 0.5 * e.g2 * (laplace + slope[0] * slope[0] + slope[1] * slope[1]);
    agree(k, "Fokker-Planck", rate, -drift + noise, fabs(drift) + fabs(noise), BY_DIFFERENCES);
}

static void test_fokker_planck(void **state) { everywhere(*state, fokker_planck); }

/* u = f x - g^2 S / 2, so that both equations are the same; S is the gradient of log p. */
static void probability_flow(const known *k)
{
    double u[2], S[2], slope[2];
    sde e = sde_at(k);
    says(k->c, k->s, &weir__prediction_velocity, k->t, k->x, u);
    says(k->c, k->s, &weir__prediction_score, k->t, k->x, S);
    slopes_of_log_density(k, slope);
    for (int j = 0; j < 2; j++) {
        double drift = e.f * k->x[j], noise = 0.5 * e.g2 * S[j];
        agree(k, "u = f x - g^2 S / 2", u[j], drift - noise, fabs(drift) + fabs(noise), 1e-10);
        agree(k, "score", S[j], slope[j], S[j], BY_DIFFERENCES);
    }
}

static void test_probability_flow(void **state) { everywhere(*state, probability_flow); }

/* Whatever share kappa of the noise is drawn, with the drift f x - (1 - kappa^2) g^2 S / 2 the
 * density moves in the same way: SDE (1), ODE (0) and all between and beyond. */
static void any_noise(const known *k)
{
    double S[2], J[2][2], slope[2], rate = rate_of_log_density(k);
    double laplace = slopes_of_log_density(k, slope);
    sde e = sde_at(k);
    says(k->c, k->s, &weir__prediction_score, k->t, k->x, S);
    double of_score = jacobian(along_score, k, J);
    for (double kappa = 0; kappa <= 2; kappa += 0.5) {
        double c = 0.5 * (1 - kappa * kappa) * e.g2, flow = 2 * e.f - c * of_score;
        double heat = laplace + slope[0] * slope[0] + slope[1] * slope[1];
        double noise = 0.5 * kappa * kappa * e.g2 * heat, along = 0;
        for (int j = 0; j < 2; j++) along += (e.f * k->x[j] - c * S[j]) * slope[j];
        double size = fabs(flow) + fabs(along) + fabs(noise);
        agree(k, "kappa", rate, -flow - along + noise, size, BY_DIFFERENCES);
    }
}

static void test_any_noise(void **state) { everywhere(*state, any_noise); }

/* -- heat ---------------------------------------------------------------------------------------- */
/* In y = x / a a path is time alone: q(y; sigma) = a^2 p_t(a y) at the t of sigma. */
static void along_heat(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by); /* of whom t is sigma and x is y */
    double t = m.s->f.path->time_of(m.s->f.path_options, m.t), a = point_at(m.s, t).a;
    *f = exp(log_density(m.s, t, (double[]){ a * m.x[0], a * m.x[1] })) * a * a;
}

/* dq / d(sigma^2) = Laplace q / 2, that is dq / d sigma = sigma Laplace q: the same on every path. */
static void test_heat(void **state)
{
    weir_ctx *c = *state;
    for (int path = 0; path < PATHS; path++) {
        subject s;
        field_make(c, NULL, path, 0, false, &s);
        known k = { .c = c, .s = &s, .t = 0.6, .x = { 0.3, -0.4 } };
        bool table = s.f.path == &weir__path_ddpm; /* t of sigma is a table's line: no matter here */
        double rate, slope, second, laplace = 0, tolerance = table ? 1e-7 : 1e-9;
        differences(along_heat, &k, IN_T, 0.01, 1, &rate, NULL);
        for (int j = 0; j < 2; j++) {
            differences(along_heat, &k, j, 0.02, 1, &slope, &second);
            laplace += second;
        }
        agree(&k, "heat", rate, 0.6 * laplace, laplace, tolerance);
        assert_near(rate, 0.0219653, 5e-8); /* computed elsewhere */
    }
}

/* -- Green's function and superposition --------------------------------------------------------- */
/* Means over the posterior of x_0 given x_t = x, by the trapezoid rule over the data y, p_0(y)
 * N(x; a y, b^2): exact for such densities but for rounding once the grid is fine. */
typedef struct posterior { double density, mean[2], square[2][2], velocity[2], pull[2]; } posterior;

static void posterior_add(posterior *q, weir_path_point p, const double *x, const double *y)
{
    double square = 0;
    for (int j = 0; j < 2; j++) square += pow((x[j] - p.a * y[j]) / p.b, 2);
    double w = exp(mixture_log_density(&gmm3, y) - 0.5 * square - LOG_2PI) / (p.b * p.b);
    q->density += w;
    for (int j = 0; j < 2; j++) {
        double eps = (x[j] - p.a * y[j]) / p.b; /* of the path from y that passes x */
        q->mean[j] += w * y[j];
        q->velocity[j] += w * (p.da * y[j] + p.db * eps);
        q->pull[j] += w * -eps / p.b;
        for (int i = 0; i < 2; i++) q->square[i][j] += w * y[i] * y[j];
    }
}

static posterior posterior_of(const known *k)
{
    posterior q = { 0 };
    const double step = 0.06;
    weir_path_point p = point_at(k->s, k->t);
    for (double y = -5.4; y <= 5.4; y += step)
        for (double z = -5.4; z <= 5.4; z += step) posterior_add(&q, p, k->x, (double[]){ y, z });
    for (int j = 0; j < 2; j++) {
        q.mean[j] /= q.density;
        q.velocity[j] /= q.density;
        q.pull[j] /= q.density;
        for (int i = 0; i < 2; i++) q.square[i][j] /= q.density;
    }
    q.density *= step * step;
    return q;
}

/* A point source y spreads as N(a y, b^2) and flows along a' y + b' (x - a y) / b; superposed with
 * the weights of the data these are the density and the velocity of the path (flow matching), the
 * score and the denoiser (Tweedie). */
static void superposition(const known *k)
{
    double D[2], u[2], S[2], J[2][2];
    posterior q = posterior_of(k);
    weir_path_point p = point_at(k->s, k->t);
    says(k->c, k->s, &weir__prediction_x0, k->t, k->x, D);
    says(k->c, k->s, &weir__prediction_velocity, k->t, k->x, u);
    says(k->c, k->s, &weir__prediction_score, k->t, k->x, S);
    agree(k, "Green", log_density(k->s, k->t, k->x), log(q.density), 1, 1e-10);
    for (int j = 0; j < 2; j++) {
        agree(k, "E[x_0]", D[j], q.mean[j], D[j], 1e-10);
        agree(k, "E[a' x_0 + b' eps]", u[j], q.velocity[j], u[j], 1e-10);
        agree(k, "E[score of the conditional]", S[j], q.pull[j], S[j], 1e-10);
        agree(k, "Tweedie", p.a * D[j], k->x[j] + p.b * p.b * S[j], D[j], 1e-10);
    }
    jacobian(along_x0, k, J); /* Cov[x_0 | x_t] = b^2 / a dD/dx */
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            agree(k, "covariance", p.b * p.b / p.a * J[i][j], q.square[i][j] - q.mean[i] * q.mean[j],
                  1, 1e-8);
}

static void some_superposition(const known *k)
{
    if (k->s->f.prediction == &weir__prediction_velocity) superposition(k);
    else if (k->s->f.prediction == &weir__prediction_edm) superposition(k);
}

static void test_superposition(void **state) { everywhere(*state, some_superposition); }

/* -- Jacobians ----------------------------------------------------------------------------------- */
/* div u as the library's likelihoods have it: the A of one step of Euler of length h, whose end is
 * x + h u. Exact, or by probes. */
static double trace_of(const known *k, weir_tensor *probes)
{
    static const double h = 0.25;
    any_opts o;
    double lp, u[2], square = 0, b;
    weir_sample_report report = { 0 };
    weir__likelihood l = { .field = &k->s->f, .sampler_options = &o, .lo = k->t, .hi = k->t + h };
    l.sampler = (const weir_sampler_row *)row_of(k->c, "sampler", "euler", "steps=1", &o);
    l.probes = probes;
    says(k->c, k->s, &weir__prediction_velocity, k->t, k->x, u);
    field_now = &k->s->f;
    assert_int_equal(weir__likelihood_run(&l, 1, k->x, &lp, NULL, &report), WEIR_OK);
    field_now = NULL;
    weir_options_free(k->c, &l.sampler->row, &o);
    b = point_at(k->s, k->t + h).b;
    for (int j = 0; j < 2; j++) square += pow((k->x[j] + h * u[j]) / b, 2);
    return (lp + 0.5 * square + LOG_2PI + 2 * log(b)) / h;
}

/* The trace of the library is that of the Jacobian, and so is the mean over the probes (1, 1) and
 * (1, -1), which see every symmetric part once with either sign. */
static void trace(const known *k)
{
    double J[2][2], by_differences = jacobian(along_velocity, k, J);
    if (k->t + 0.25 > 1 && k->s->f.path != &weir__path_edm) return; /* the step would leave it */
    weir_scope scope = weir_scope_begin(k->c);
    weir_tensor *probes = weir_from_f64(k->c, (double[]){ 1, 1, 1, -1 }, 3, SHAPE(1, 2, 2));
    double whole = trace_of(k, NULL), probed = trace_of(k, probes);
    double size = fabs(J[0][0]) + fabs(J[1][1]);
    agree(k, "trace", whole, by_differences, size, 5e-8);
    agree(k, "mean over probes", probed, whole, size, 1e-10);
    weir_scope_end(scope);
}

static void test_trace(void **state) { everywhere(*state, trace); }

/* One step of Euler of the library, from (t, x) */
static double step_length;
static void along_step(const known *k, int axis, double by, double *f)
{
    known m = moved(k, axis, by);
    double times[] = { m.t, m.t + step_length };
    memcpy(f, m.x, sizeof m.x);
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = f, .path = m.s->f.path };
    p.path_options = m.s->f.path_options;
    p.predictor = (weir_predictor){ weir__field_predict, (void *)&m.s->f };
    field_now = &m.s->f;
    walk w = { "euler", "", 0, 0, times, 2 };
    if (walk_run(m.c, &w, &p) != WEIR_OK) fail_msg("euler: %s", weir_message(m.c));
    field_now = NULL;
}

/* What a step x' = x + h u errs by: log|det dx'/dx| against h div u, and log p_(t+h)(x') against
 * log p_t(x) - log|det dx'/dx|. */
static void step_errors(const known *k, double h, double *of_trace, double *of_density)
{
    double J[2][2], of_step[2][2], end[2], flow = jacobian(along_velocity, k, J);
    step_length = h;
    jacobian(along_step, k, of_step);
    along_step(k, IN_X, 0, end);
    double det = of_step[0][0] * of_step[1][1] - of_step[0][1] * of_step[1][0];
    *of_trace = log(det) - h * flow;
    *of_density = log_density(k->s, k->t + h, end) + log(det) - log_density(k->s, k->t, k->x);
}

/* Both are of second order: a quarter at half the step. So in the limit of small steps the change of
 * variables is d log p / dt = -div u. */
static void small_steps(const known *k)
{
    double whole[2], half[2], h = 0.02 * k->t;
    if (k->s->f.path == &weir__path_ddpm) return; /* longer than between two of its times */
    step_errors(k, h, whole, whole + 1);
    step_errors(k, h / 2, half, half + 1);
    double J[2][2], size = pow(h * jacobian(along_velocity, k, J), 2);
    for (int i = 0; i < 2; i++) {
        const char *what = i ? "density of a step" : "det of a step";
        double of = fabs(whole[i]) + size, miss = (4 * half[i] - whole[i]) / of;
        if (!(fabs(miss) < 0.1 && fabs(whole[i]) < 0.02))
            fail_msg("%s, %s: %g, and %g of half", what, k->s->f.path->row.name, whole[i], half[i]);
    }
}

static void test_small_steps(void **state) { everywhere(*state, small_steps); }

/* Liouville: along the ODE log p_t(x_t) changes by -integral div u dt. The integral is that of the
 * library's likelihood, from sigma = 0.1 to the k's own, x_1 the end of its sampler. */
static void liouville(const known *k)
{
    static const char *const solver = "dopri5", *const how = "rtol=1e-9 atol=1e-9";
    double lo = time_at(k->s, 0.1), x[2], lp, square = 0, b = point_at(k->s, k->t).b;
    any_opts o;
    weir_sample_report report = { 0 };
    weir__likelihood l = { .field = &k->s->f, .sampler_options = &o, .lo = lo, .hi = k->t };
    l.sampler = (const weir_sampler_row *)row_of(k->c, "sampler", solver, how, &o);
    const double times[] = { lo, k->t };
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = k->s->f.path };
    memcpy(x, k->x, sizeof x);
    p.path_options = k->s->f.path_options;
    p.predictor = (weir_predictor){ weir__field_predict, (void *)&k->s->f };
    field_now = &k->s->f;
    assert_int_equal(weir__likelihood_run(&l, 1, k->x, &lp, NULL, &report), WEIR_OK);
    assert_int_equal(walk_run(k->c, &(walk){ solver, how, 0, 0, times, 2 }, &p), WEIR_OK);
    field_now = NULL;
    weir_options_free(k->c, &l.sampler->row, &o);
    for (int j = 0; j < 2; j++) square += x[j] * x[j] / (b * b);
    double integral = lp + 0.5 * square + LOG_2PI + 2 * log(b);
    double change = log_density(k->s, lo, k->x) - log_density(k->s, k->t, x);
    agree(k, "Liouville", integral, change, change, 1e-6);
}

static void some_liouville(const known *k)
{
    if (k->s->f.prediction == &weir__prediction_v) liouville(k);
}

static void test_liouville(void **state) { everywhere(*state, some_liouville); }

/* -- what a path conserves ----------------------------------------------------------------------- */
typedef struct moments { double mass, mean[2], square[2][2], data[2], noise[2]; } moments;

enum { SIDE = 56 };
static void moments_of_line(const known *k, double y, double step, moments *q)
{
    double x[2 * SIDE], t[SIDE], D[2 * SIDE], e[2 * SIDE];
    int64_t numbers[SIDE];
    weir_path_point p = point_at(k->s, k->t);
    for (int i = 0; i < SIDE; i++) {
        x[2 * i] = p.a * (step * (i - SIDE / 2));
        x[2 * i + 1] = p.a * y;
        t[i] = k->t;
        numbers[i] = i;
    }
    field_now = &k->s->f;
    void *f = (void *)&k->s->f;
    assert_int_equal(weir__field_predict(f, &weir__prediction_x0, SIDE, numbers, t, x, D), WEIR_OK);
    assert_int_equal(weir__field_predict(f, &weir__prediction_eps, SIDE, numbers, t, x, e), WEIR_OK);
    field_now = NULL;
    for (int i = 0; i < SIDE; i++) {
        double w = exp(log_density(k->s, k->t, x + 2 * i)) * step * step * p.a * p.a;
        q->mass += w;
        for (int j = 0; j < 2; j++) {
            q->mean[j] += w * x[2 * i + j];
            q->data[j] += w * D[2 * i + j];
            q->noise[j] += w * e[2 * i + j];
            for (int l = 0; l < 2; l++) q->square[j][l] += w * x[2 * i + j] * x[2 * i + l];
        }
    }
}

/* Mass 1, mean a m, covariance a^2 C + b^2; the mean of E[x_0 | x_t] is m, that of E[eps | x_t] 0. */
static void test_conserved(void **state)
{
    weir_ctx *c = *state;
    static const double m[2] = { 0.3 - 0.5 + 0.2 * 0.2, 0.15 + 0.15 - 0.24 };
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    for (int path = 0; path < PATHS; path++) {
        subject s;
        field_make(c, net, path, path % FORMS, path % 2, &s);
        known k = { .c = c, .s = &s, .t = time_at(&s, 0.7) };
        weir_path_point p = point_at(&s, k.t);
        moments q = { 0 };
        const double step = 0.3;
        for (int i = 0; i < SIDE; i++) moments_of_line(&k, step * (i - SIDE / 2), step, &q);
        agree(&k, "mass", q.mass, 1, 1, 1e-10);
        for (int j = 0; j < 2; j++) {
            agree(&k, "mean", q.mean[j], p.a * m[j], 1, 1e-10);
            agree(&k, "mean of x_0", q.data[j], m[j], 1, 1e-10);
            agree(&k, "mean of eps", q.noise[j], 0, 1, 1e-10);
            for (int l = 0; l < 2; l++) {
                double second = j == l ? p.b * p.b : 0; /* E[x x^T] = a^2 E[x_0 x_0^T] + b^2 */
                for (int i = 0; i < gmm3.n; i++) {
                    double own = j == l ? gmm3.variance[i][j] : 0;
                    second += p.a * p.a * gmm3.weight[i] * (gmm3.mean[i][j] * gmm3.mean[i][l] + own);
                }
                agree(&k, "second moment", q.square[j][l], second, 1, 1e-10);
            }
        }
    }
    weir_module_free(net);
}

int main(void)
{
    CASES(CASE(test_continuity), CASE(test_fokker_planck), CASE(test_probability_flow),
          CASE(test_any_noise), CASE(test_heat), CASE(test_superposition), CASE(test_trace),
          CASE(test_small_steps), CASE(test_liouville), CASE(test_conserved));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
