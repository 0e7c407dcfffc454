/* integrate.c - a peaked integral over 6 variables by a flow that learns while it samples.
 *
 *     f(x) = exp(-|u|^2 / 2),  u_1 = v_1 / s,  u_j = (v_j - v_(j-1) / 2 - 2 v_(j-1)^2) / s,
 *     v = x - (1/2, .. 1/2),  s = 1/20;      integral of f = (2 pi)^3 s^6,
 *
 * for du / dx is triangular with 1 / s on its diagonal: a bent ridge that no change of single
 * variables straightens, as VEGAS would. Each step draws x of the flow q, weighs it by
 * w = f(x) / q(x), and makes log q larger where w is: the gradient of sum w log q(x) is that of
 * KL(f / Z || q). What f is need not be known, nor its gradient. At first q is far too broad and
 * few samples would have all the weight, so f's power b rises from 1/20 to 1 on the way.
 *
 * Then Z = E_q[w], with its error (weir_importance). Plain Monte Carlo, x uniform in the unit cube,
 * has the variance E_q[w f] - Z^2 a sample.
 *
 * ./integrate STEPS trains longer.
 *
 * prints: 2000 steps of 500 samples, then 1000000
 * prints: integral ~3.876e-06 known ~3.876e-06
 * prints: within 4 standard errors, of at most 0.0001 of it: yes, yes
 * prints: effective samples above 98 of 100: yes
 * prints: log10 of plain Monte Carlo's variance over this: ~6.7
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

enum { DIM = 6, BATCH = 500, DRAWS = 1000000, CHUNK = 100000 };

typedef double integrand(void *user, const double *x); /* log f(x) */

static double ridge(void *user, const double *x)
{
    const double s = *(const double *)user;
    double sum = 0, centre = 0;
    for (int j = 0; j < DIM; j++) {
        double v = x[j] - 0.5, u = (v - centre) / s;
        sum += u * u;
        centre = v / 2 + 2 * v * v;
    }
    return -sum / 2;
}

/* -- learning ---------------------------------------------------------------------------------- */
/* Samples of q and their weights f^power / q, of mean 1. */
static void draw_weighted(weir_model *m, integrand *log_f, void *user, double power, float *x,
                          double *w)
{
    double mean = 0;
    if (weir_model_sample_log_prob_into(m, BATCH, NULL, x, w) != WEIR_OK) return;
    for (int i = 0; i < BATCH; i++) {
        double at[DIM];
        for (int j = 0; j < DIM; j++) at[j] = x[i * DIM + j];
        w[i] = exp(power * log_f(user, at) - w[i]);
        mean += w[i] / BATCH;
    }
    for (int i = 0; i < BATCH; i++) w[i] /= mean;
}

static weir_model *learn(weir_ctx *c, integrand *log_f, void *user, int64_t steps)
{
    static float x[BATCH * DIM];
    static double w[BATCH];
    const int64_t shape[] = { BATCH, DIM };
    weir_model *m = weir_model_new(c, "realnvp", "dim=6 couplings=6 coupling.net.hidden=32,32");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
    weir_step_opts clipped = weir_step_defaults();
    clipped.clip = 5;
    for (int64_t step = 0; step < steps && weir_ok(c); step++) {
        weir_scope s = weir_scope_begin(c);
        double done = (double)step / (double)steps;
        draw_weighted(m, log_f, user, fmin(1, 0.05 + 2.5 * done), x, w);
        weir_optim_set_lr(o, 5e-3 * (1 + cos(3.141592653589793 * done)) / 2);
        weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 2, shape), NULL, w, NULL);
        weir_train_step_with(m, o, b, &clipped, NULL);
        weir_scope_end(s);
    }
    weir_module_train(weir_model_module(m), false);
    weir_optim_free(o);
    printf("%lld steps of %d samples, then %d\n", (long long)steps, BATCH, DRAWS);
    return m;
}

/* -- integrating ------------------------------------------------------------------------------- */
/* Fills log_w [DRAWS]; returns E_q[w f], the mean of f^2 over the unit cube. */
static double weigh(weir_model *m, integrand *log_f, void *user, double *log_w)
{
    static double x[CHUNK * DIM];
    double square = 0;
    for (double *at = log_w; at < log_w + DRAWS; at += CHUNK) {
        if (weir_model_sample_log_prob_into_f64(m, CHUNK, NULL, x, at) != WEIR_OK) return NAN;
        for (int i = 0; i < CHUNK; i++) {
            double y = log_f(user, x + i * DIM);
            at[i] = y - at[i];
            square += exp(at[i] + y) / DRAWS;
        }
    }
    return square;
}

static const char *yes_no(bool b) { return b ? "yes" : "no"; }

static void report(const weir_importance_info *info, double square, double known)
{
    double z = exp(info->log_z), error = z * info->log_z_stderr;
    double ours = error * error * (double)info->n, plain = square - z * z;
    printf("integral %.5g known %.5g\n", z, known);
    bool within = fabs(z - known) < 4 * error, small = error < 1e-4 * z;
    bool even = info->ess > 0.98 * (double)info->n;
    printf("within 4 standard errors, of at most 0.0001 of it: %s, %s\n", yes_no(within),
           yes_no(small));
    printf("effective samples above 98 of 100: %s\n", yes_no(even));
    printf("log10 of plain Monte Carlo's variance over this: %.2f\n", log10(plain / ours));
}

int main(int argc, char **argv)
{
    static double log_w[DRAWS];
    double s = 0.05, known = pow(6.283185307179586, DIM / 2) * pow(s, DIM);
    weir_ctx *c = weir_open(1);
    weir_importance_info info = { .size = sizeof info };
    weir_model *m = learn(c, ridge, &s, argc > 1 ? atoll(argv[1]) : 2000);
    double square = weigh(m, ridge, &s, log_w);
    if (weir_ok(c) && weir_importance(c, log_w, DRAWS, &info) == WEIR_OK)
        report(&info, square, known);
    if (!weir_ok(c)) fprintf(stderr, "%s\n", weir_message(c));
    int code = weir_ok(c) ? 0 : 1;
    weir_model_free(m);
    weir_close(c);
    return code;
}
