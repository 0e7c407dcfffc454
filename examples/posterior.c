/* posterior.c - inference by simulation: p(theta | x) as a conditional flow, and whether it is
 * right. The simulator is linear and Gaussian, so that the truth is known:
 *
 *     theta ~ N(0, I) of 2 values,  x = A theta + s e of 3,  e ~ N(0, I);
 *     p(theta | x) = N(S A' x / s^2, S),  S = (I + A' A / s^2)^-1.
 *
 * The flow learns from pairs alone. Checked by simulation-based calibration (Talts, Betancourt,
 * Simpson, Vehtari, Gelman 2018): of theta from the prior, x simulated from it and M draws of the
 * posterior of x, the rank of theta among the draws is uniform on 0 .. M where the posterior is
 * right, so central intervals cover as often as they say, over all x.
 *
 * ./posterior STEPS trains longer.
 *
 * prints: 2000 steps on 20000 simulations
 * prints: log p(theta | x), nats: learned ~-0.81 true ~-0.81
 * prints: they differ by less than 0.02 nats: yes
 * prints: at one x, theta_0: mean ~0.66 true ~0.66, deviation ~0.37 true ~0.37
 * prints: at one x, theta_1: mean ~-0.66 true ~-0.66, deviation ~0.36 true ~0.36
 * prints: intervals of 50 % cover ~50 %, of 90 % ~90 %
 * prints: ranks are uniform: yes
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

enum { DIM = 2, SEEN = 3, PAIRS = 20000, TRIALS = 500, DRAWS = 199, BINS = 20 };
static const double A[SEEN][DIM] = { { 1, 0.5 }, { -0.3, 1 }, { 0.7, -0.7 } }, noise = 0.5;

/* -- the simulator ----------------------------------------------------------------------------- */
static double uniform(uint64_t *state) /* SplitMix64 */
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    double r = sqrt(-2 * log(uniform(state)));
    return r * cos(6.283185307179586 * uniform(state));
}

static void simulate(uint64_t *state, int64_t n, double *theta, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        for (int j = 0; j < DIM; j++) theta[i * DIM + j] = normal(state);
        for (int k = 0; k < SEEN; k++) {
            x[i * SEEN + k] = noise * normal(state);
            for (int j = 0; j < DIM; j++) x[i * SEEN + k] += A[k][j] * theta[i * DIM + j];
        }
    }
}

/* -- the truth --------------------------------------------------------------------------------- */
typedef struct gaussian {
    double mean[DIM], cov[DIM][DIM], log_det;
} gaussian;

static gaussian truth_at(const double *x)
{
    double p[DIM][DIM] = { { 1, 0 }, { 0, 1 } }, b[DIM] = { 0 };
    for (int k = 0; k < SEEN; k++)
        for (int i = 0; i < DIM; i++) {
            b[i] += A[k][i] * x[k] / (noise * noise);
            for (int j = 0; j < DIM; j++) p[i][j] += A[k][i] * A[k][j] / (noise * noise);
        }
    double det = p[0][0] * p[1][1] - p[0][1] * p[1][0];
    gaussian g = {
        .cov = { { p[1][1] / det, -p[0][1] / det }, { -p[1][0] / det, p[0][0] / det } },
        .log_det = -log(det),
    };
    for (int i = 0; i < DIM; i++) g.mean[i] = g.cov[i][0] * b[0] + g.cov[i][1] * b[1];
    return g;
}

static double truth_log_p(const gaussian *g, const double *theta)
{
    double u = theta[0] - g->mean[0], v = theta[1] - g->mean[1], det = exp(g->log_det);
    double q = (g->cov[1][1] * u * u - 2 * g->cov[0][1] * u * v + g->cov[0][0] * v * v) / det;
    return -0.5 * q - 0.5 * g->log_det - 1.8378770664093453; /* log 2 pi */
}

/* -- learning ---------------------------------------------------------------------------------- */
static weir_model *learn(weir_ctx *c, int64_t steps)
{
    static double theta[PAIRS * DIM], x[PAIRS * SEEN];
    uint64_t state = 1;
    simulate(&state, PAIRS, theta, x);
    weir_dataset *d = weir_dataset_from_f64(c, theta, PAIRS, DIM);
    weir_dataset_set_context(d, x, SEEN);
    weir_model *m = weir_model_new(c, "flow", "dim=2 context=3 flow.repeat=2");
    double mean[SEEN], std[SEEN];
    if (weir_dataset_context_statistics(d, mean, std) == WEIR_OK)
        weir_model_set_context_standardize(m, mean, std);
    weir_loader *l = weir_loader_new(d, "batch=250 seed=1");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
    for (int64_t step = 0; step < steps && weir_ok(c); step++) {
        weir_scope s = weir_scope_begin(c);
        double done = (double)step / (double)steps;
        weir_optim_set_lr(o, 2e-3 * (1 + cos(3.141592653589793 * done)) / 2);
        weir_train_step(m, o, weir_loader_next(l));
        weir_scope_end(s);
    }
    weir_module_train(weir_model_module(m), false);
    weir_optim_free(o);
    weir_loader_free(l);
    weir_dataset_free(d);
    printf("%lld steps on %d simulations\n", (long long)steps, PAIRS);
    return m;
}

/* -- checking ---------------------------------------------------------------------------------- */
static const weir_condition *seen(weir_ctx *c, const double *x, int64_t n)
{
    const int64_t shape[] = { n, SEEN };
    return weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, x, 2, shape));
}

/* Mean log-densities of the pairs; their difference is the mean divergence KL(true || learned). */
static void compare(weir_model *m, const double *theta, const double *x)
{
    weir_ctx *c = weir_model_ctx(m);
    static double log_q[TRIALS];
    double learned = 0, true_ = 0;
    weir_scope s = weir_scope_begin(c);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = seen(c, x, TRIALS);
    if (weir_model_log_prob_into_f64(m, theta, TRIALS, &o, log_q, NULL) == WEIR_OK)
        for (int i = 0; i < TRIALS; i++) {
            gaussian g = truth_at(x + i * SEEN);
            learned += log_q[i] / TRIALS;
            true_ += truth_log_p(&g, theta + i * DIM) / TRIALS;
        }
    weir_scope_end(s);
    printf("log p(theta | x), nats: learned %.3f true %.3f\n", learned, true_);
    printf("they differ by less than 0.02 nats: %s\n", fabs(true_ - learned) < 0.02 ? "yes" : "no");
}

static void look_at(weir_model *m, const double *x)
{
    enum { N = 20000 };
    static double draws[N * DIM];
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    weir_sample_opts o = weir_sample_defaults();
    o.condition = seen(c, x, 1);
    gaussian g = truth_at(x);
    if (weir_model_sample_into_f64(m, N, &o, draws) == WEIR_OK)
        for (int j = 0; j < DIM; j++) {
            double mean = 0, square = 0;
            for (int i = 0; i < N; i++) mean += draws[i * DIM + j] / N;
            for (int i = 0; i < N; i++) square += pow(draws[i * DIM + j] - mean, 2) / N;
            printf("at one x, theta_%d: mean %.2f true %.2f, deviation %.2f true %.2f\n", j, mean,
                   g.mean[j], sqrt(square), sqrt(g.cov[j][j]));
        }
    weir_scope_end(s);
}

/* Pearson's statistic of the ranks in equal bins, one a value of theta, is chi^2 of BINS - 1
 * degrees, beyond 36.2 once in a hundred. */
static void calibrate(weir_model *m, const double *theta, const double *x)
{
    static double draws[TRIALS * DRAWS * DIM];
    weir_ctx *c = weir_model_ctx(m);
    int count[DIM][BINS] = { { 0 } }, half = 0, most = 0;
    weir_scope s = weir_scope_begin(c);
    weir_sample_opts o = weir_sample_defaults();
    o.condition = seen(c, x, TRIALS); /* DRAWS of each, in blocks */
    if (weir_model_sample_into_f64(m, TRIALS * DRAWS, &o, draws) != WEIR_OK) return;
    for (int i = 0; i < TRIALS * DIM; i++) {
        const double *block = draws + i / DIM * DRAWS * DIM;
        int rank = 0;
        for (int k = 0; k < DRAWS; k++) rank += block[k * DIM + i % DIM] < theta[i];
        double place = (rank + 0.5) / (DRAWS + 1);
        count[i % DIM][rank * BINS / (DRAWS + 1)]++;
        half += fabs(place - 0.5) < 0.25;
        most += fabs(place - 0.5) < 0.45;
    }
    weir_scope_end(s);
    printf("intervals of 50 %% cover %.1f %%, of 90 %% %.1f %%\n", 100.0 * half / (TRIALS * DIM),
           100.0 * most / (TRIALS * DIM));
    bool even = true;
    for (int j = 0; j < DIM; j++) {
        double chi2 = 0, each = (double)TRIALS / BINS;
        for (int b = 0; b < BINS; b++) chi2 += (count[j][b] - each) * (count[j][b] - each) / each;
        even = even && chi2 < 36.2;
    }
    printf("ranks are uniform: %s\n", even ? "yes" : "no");
}

int main(int argc, char **argv)
{
    static double theta[TRIALS * DIM], x[TRIALS * SEEN];
    const double one[] = { 0.4, -1, 1 };
    uint64_t state = 2;
    weir_ctx *c = weir_open(1);
    weir_model *m = learn(c, argc > 1 ? atoll(argv[1]) : 2000);
    simulate(&state, TRIALS, theta, x);
    compare(m, theta, x);
    look_at(m, one);
    calibrate(m, theta, x);
    if (!weir_ok(c)) fprintf(stderr, "%s\n", weir_message(c));
    int code = weir_ok(c) ? 0 : 1;
    weir_model_free(m);
    weir_close(c);
    return code;
}
