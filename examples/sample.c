/* sample.c - loads a run, whatever its model, samples into an array of the program's own and scores
 * what came out.
 *
 *     weir train nice --data toy:moons --out run --steps 300
 *     ./sample run 1000
 *     weir train rectified-flow --data toy:moons --out flow --steps 300
 *     ./sample flow 1000 heun 20        of a continuous model: its sampler and number of steps
 *
 * The first samples are those of a request for fewer, and the log-density of a sample does not
 * depend on its batch.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir.h>

/* Called as samples are done; not 0 stops cleanly, with WEIR_STOPPED. */
static int on_step(void *user, int64_t done, int64_t n)
{
    *(int64_t *)user = done;
    return done > n; /* never */
}

static double mean(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i];
    return sum / (double)n;
}

static bool run(weir_model *m, int64_t n, const char *solver, int64_t steps, float *x,
                double *log_p)
{
    int64_t done = 0, dim = weir_model_dim(m);
    weir_sample_opts o = weir_sample_defaults();
    o.seed = 7;
    o.use_seed = true;
    o.solver = solver; /* NULL, and 0 steps: as the model is set */
    o.steps = steps;
    o.on_step = on_step;
    o.user = &done;
    weir_log_prob_info info = { .size = sizeof info };
    if (weir_model_sample_into(m, n, &o, x) != WEIR_OK) return false;
    if (weir_model_log_prob_into(m, x, n, NULL, log_p, &info) != WEIR_OK) return false;
    printf("%s: %lld samples of %lld values\n", weir_model_row_of(m)->name, (long long)done,
           (long long)dim);
    printf("first ");
    for (int64_t j = 0; j < dim && j < 8; j++) printf("%.3f ", (double)x[j]);
    printf("\nmean log-density %.3f nats, %s, %.0f evaluations a sample, %lld failed\n",
           mean(log_p, n), info.kind == WEIR_LOG_PROB_EXACT ? "exact" : "an estimate",
           info.evaluations, (long long)info.n_failed);
    return true;
}

int main(int argc, char **argv)
{
    int64_t n = argc > 2 ? atoll(argv[2]) : 1000;
    int64_t steps = argc > 4 ? atoll(argv[4]) : 0;
    if (argc < 2 || argc > 5 || n < 1 || n > 1000000000 || steps < 0) {
        fprintf(stderr, "sample: arguments: expected RUN [N [SAMPLER [STEPS]]], N of 1 to 1e9\n");
        return 1;
    }
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_load(c, argv[1]);
    float *x = malloc((size_t)n * (size_t)weir_model_dim(m) * sizeof *x + 1);
    double *log_p = malloc((size_t)n * sizeof *log_p);
    bool good = weir_ok(c) && x && log_p && run(m, n, argc > 3 ? argv[3] : NULL, steps, x, log_p);
    if (!good)
        fprintf(stderr, "sample: %s\n",
                weir_ok(c) ? "memory: expected more of it" : weir_message(c));
    free(log_p);
    free(x);
    weir_model_free(m);
    weir_close(c);
    return good ? 0 : 1;
}
