/* double_well.c - a flow trained by the program's own objective: no data, a potential alone.
 *
 *     V(x, y) = 4 (x^2 - 1)^2 + 0.6 x + 2 (y - x^2 / 2)^2,      f = exp(-V),  Z = integral of f.
 *
 * Each step draws from the flow q and goes down its reverse divergence KL(q || f / Z), up to log Z,
 *
 *     E_q[log q(x) + V(x)],
 *
 * whose gradient runs through the samples (a Boltzmann generator: Noe, Olsson, Koehler, Wu 2019).
 * Wanted is the free energy of the right well over the left one, F = -log(Z_right / Z_left). By the
 * samples alone it is as good as the flow; with weights f / q it is right whatever the flow is, and
 * its error is known. The truth is by quadrature.
 *
 * ./double_well STEPS trains longer.
 *
 * prints: 1000 steps of 256 samples
 * prints: log Z ~0.33 true ~0.33
 * prints: effective samples above 95 of 100: yes
 * prints: Pareto k below 0.7: yes
 * prints: free energy of the right well ~1.12 true ~1.12
 * prints: within 4 standard errors, of at most 0.01: yes, yes
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

enum { BATCH = 256, DRAWS = 200000 };
static const double pi = 3.141592653589793;

/* V and, where `grad` is not NULL, dV/dx. */
static double potential(const double *x, double *grad)
{
    double u = x[0] * x[0] - 1, v = x[1] - x[0] * x[0] / 2;
    if (grad) {
        grad[0] = 16 * u * x[0] + 0.6 - 4 * v * x[0];
        grad[1] = 4 * v;
    }
    return 4 * u * u + 0.6 * x[0] + 2 * v * v;
}

/* For weir_host_function: V of n points, which are whatever the flow draws. */
static weir_status energies(void *user, int64_t n, int64_t dim, const double *x, double *y,
                            double *grad)
{
    (void)user;
    for (int64_t i = 0; i < n; i++) y[i] = potential(x + i * dim, grad ? grad + i * dim : NULL);
    return WEIR_OK;
}

/* -- learning ---------------------------------------------------------------------------------- */
static weir_model *learn(weir_ctx *c, int64_t steps)
{
    weir_model *m = weir_model_new(c, "nsf", "dim=2 layers=4 bound=4 net.width=32 net.blocks=1");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
    for (int64_t step = 0; step < steps && weir_ok(c); step++) {
        weir_scope s = weir_scope_begin(c);
        double done = (double)step / (double)steps;
        weir_tensor *log_q;
        weir_tensor *x = weir_model_sample_log_prob(m, BATCH, NULL, &log_q);
        weir_tensor *v = weir_host_function(x, energies, NULL);
        weir_backward(weir_mean(weir_add(log_q, v)));
        weir_optim_set_lr(o, 3e-3 * (1 + cos(pi * done)) / 2);
        weir_optim_step(o);
        weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    weir_module_train(weir_model_module(m), false);
    weir_optim_free(o);
    printf("%lld steps of %d samples\n", (long long)steps, BATCH);
    return m;
}

/* -- the truth --------------------------------------------------------------------------------- */
/* Z of the left and of the right half plane, by midpoints. */
static void integrate(double z[2])
{
    enum { N = 1000 };
    const double cell = 8.0 / N;
    z[0] = 0;
    z[1] = 0;
    for (int i = 0; i < N * N; i++) {
        const double x[] = { (i % N + 0.5) * cell - 4, (i / N + 0.5) * cell - 4 };
        z[x[0] > 0] += exp(-potential(x, NULL)) * cell * cell;
    }
}

/* -- checking ---------------------------------------------------------------------------------- */
/* F of weighted samples, and its standard error by the delta method. */
static double free_energy(double (*x)[2], const double *log_w, double *error)
{
    double z[2] = { 0, 0 }, square[2] = { 0, 0 };
    for (int i = 0; i < DRAWS; i++) {
        double w = exp(log_w[i]);
        z[x[i][0] > 0] += w;
        square[x[i][0] > 0] += w * w;
    }
    *error = sqrt(square[0] / (z[0] * z[0]) + square[1] / (z[1] * z[1]));
    return -log(z[1] / z[0]);
}

static const char *yes_no(bool b) { return b ? "yes" : "no"; }

static void compare(weir_model *m)
{
    static double x[DRAWS][2], log_w[DRAWS];
    weir_importance_info info = { .size = sizeof info };
    double z[2], error;
    integrate(z);
    if (weir_model_sample_log_prob_into_f64(m, DRAWS, NULL, x[0], log_w) != WEIR_OK) return;
    for (int i = 0; i < DRAWS; i++) log_w[i] = -potential(x[i], NULL) - log_w[i];
    if (weir_importance(weir_model_ctx(m), log_w, DRAWS, &info) != WEIR_OK) return;
    double found = free_energy(x, log_w, &error), true_ = -log(z[1] / z[0]);
    printf("log Z %.4f true %.4f\n", info.log_z, log(z[0] + z[1]));
    printf("effective samples above 95 of 100: %s\n", yes_no(info.ess > 0.95 * DRAWS));
    printf("Pareto k below 0.7: %s\n", yes_no(info.pareto_k < 0.7));
    printf("free energy of the right well %.4f true %.4f\n", found, true_);
    bool within = fabs(found - true_) < 4 * error, small = error <= 0.01;
    printf("within 4 standard errors, of at most 0.01: %s, %s\n", yes_no(within), yes_no(small));
}

int main(int argc, char **argv)
{
    weir_ctx *c = weir_open(1);
    weir_model *m = learn(c, argc > 1 ? atoll(argv[1]) : 1000);
    compare(m);
    if (!weir_ok(c)) fprintf(stderr, "%s\n", weir_message(c));
    int code = weir_ok(c) ? 0 : 1;
    weir_model_free(m);
    weir_close(c);
    return code;
}
