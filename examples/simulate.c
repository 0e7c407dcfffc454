/* simulate.c - a simulation that trains a flow on what it produces, while it runs, and scores its
 * own state in place.
 *
 * Walkers in a double well, V(x, y) = (x^2 - 1)^2 + y^2, by overdamped Langevin dynamics
 * (Euler-Maruyama):
 *     q <- q - V'(q) dt + sqrt(2 dt / beta) xi
 * The walkers run hot (beta = 1), where they cross the barrier often; the density wanted is the
 * cold one (beta = 2). So a sample weighs w = exp(-(2 - 1) V): importance sampling. A NICE model
 * learns from the stream: no file, no copy but into the batch.
 *
 * prints: drawn 102400, weights from 0 to 1
 * prints: in the right well 0.5
 * prints: cold density, nats a sample: learned ~-1.65 true ~-1.62
 * prints: on the barrier less likely than in the wells: yes
 * prints: cold partition function: sampled over true 1.0
 * prints: gradients looked at in 400 steps
 */
#include <math.h>
#include <stdio.h>
#include <weir.h>

enum { WALKERS = 256, STEPS = 400, EVERY = 20, N = 120 };
static const double hot = 1, cold = 2, dt = 0.01;

typedef struct simulation {
    float q[WALKERS][2]; /* the state; the model reads it where it lies */
    uint64_t random;
    double least, most; /* weights seen */
    int reductions;
} simulation;

/* Where a program of several processes would add up its gradients. One process has the sum
 * already. */
static weir_status reduce(void *user, void *grads, int64_t n, weir_dtype t)
{
    simulation *s = user;
    s->reductions += grads && n > 0 && t == WEIR_F32;
    return WEIR_OK;
}

/* The host's own generator: SplitMix64 and Box-Muller. */
static double uniform(simulation *s)
{
    uint64_t z = s->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double normal(simulation *s)
{
    double r = sqrt(-2 * log(uniform(s)));
    return r * cos(6.283185307179586 * uniform(s));
}

static double potential(const float *q)
{
    return (q[0] * q[0] - 1.0) * (q[0] * q[0] - 1.0) + (double)q[1] * q[1];
}

static void advance(simulation *s)
{
    double kick = sqrt(2 * dt / hot);
    for (int i = 0; i < WALKERS; i++) {
        float *q = s->q[i];
        q[0] += (float)(-4 * q[0] * (q[0] * q[0] - 1) * dt + kick * normal(s));
        q[1] += (float)(-2 * q[1] * dt + kick * normal(s));
    }
}

/* The stream: one batch a training step. It must not throw or jump out; a negative return would be
 * an error of the loader. */
static int64_t fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    simulation *s = user;
    for (int k = 0; k < EVERY; k++) advance(s);
    for (int64_t i = 0; i < WALKERS; i++) {
        x[2 * i] = s->q[i][0];
        x[2 * i + 1] = s->q[i][1];
        ids[i] = step * WALKERS + i;
        weights[i] = exp(-(cold - hot) * potential(s->q[i]));
        s->least = fmin(s->least, weights[i]);
        s->most = fmax(s->most, weights[i]);
    }
    return WALKERS;
}

/* The centres of N x N cells of [-3, 3]^2, for quadrature by midpoints; returns a cell's area. */
static double midpoints(float (*grid)[2])
{
    double side = 6.0 / N;
    for (int i = 0; i < N * N; i++) {
        grid[i][0] = (float)((i % N + 0.5) * side - 3);
        grid[i][1] = (float)((i / N + 0.5) * side - 3);
    }
    return side * side;
}

/* E log p over the cold density, by quadrature: of the model `m`, or for NULL of the density
 * itself. */
static double expected_log_p(weir_model *m)
{
    static float grid[N * N][2];
    static double log_p[N * N];
    double z = 0, sum = 0, cell = midpoints(grid);
    for (int i = 0; i < N * N; i++) z += exp(-cold * potential(grid[i])) * cell;
    if (m && weir_model_log_prob_into(m, grid[0], N * N, NULL, log_p, NULL) != WEIR_OK) return NAN;
    for (int i = 0; i < N * N; i++) {
        double p = exp(-cold * potential(grid[i])) / z;
        sum += p * (m ? log_p[i] : log(p)) * cell;
    }
    return sum;
}

/* Z = integral of exp(-cold V), by importance sampling from the flow: the mean of exp(-cold V(x)) /
 * q(x), with q from the pass that drew x; and by quadrature. */
static double partition_ratio(weir_model *m)
{
    enum { DRAWS = 20000 };
    static float x[DRAWS][2], grid[N * N][2];
    static double log_q[DRAWS];
    double sampled = 0, exact = 0, cell = midpoints(grid);
    if (weir_model_sample_log_prob_into(m, DRAWS, NULL, x[0], log_q) != WEIR_OK) return NAN;
    for (int i = 0; i < DRAWS; i++) sampled += exp(-cold * potential(x[i]) - log_q[i]) / DRAWS;
    for (int i = 0; i < N * N; i++) exact += exp(-cold * potential(grid[i])) * cell;
    return sampled / exact;
}

static void report(const simulation *s, weir_model *m)
{
    double right = 0;
    for (int i = 0; i < WALKERS; i++) right += s->q[i][0] > 0;
    printf("drawn %d, weights from %.0f to %.0f\n", WALKERS * STEPS, s->least, s->most);
    printf("in the right well %.1f\n", right / WALKERS);
    printf("cold density, nats a sample: learned %.2f true %.2f\n", expected_log_p(m),
           expected_log_p(NULL));
    float places[3][2] = { { -1, 0 }, { 0, 0 }, { 1, 0 } };
    double log_p[3];
    if (weir_model_log_prob_into(m, places[0], 3, NULL, log_p, NULL) != WEIR_OK) return;
    bool less = log_p[1] < log_p[0] && log_p[1] < log_p[2];
    printf("on the barrier less likely than in the wells: %s\n", less ? "yes" : "no");
    printf("cold partition function: sampled over true %.1f\n", partition_ratio(m));
    printf("gradients looked at in %d steps\n", s->reductions);
}

int main(void)
{
    simulation s = { .random = 1, .least = 1 };
    for (int i = 0; i < WALKERS; i++) s.q[i][0] = i % 2 ? 1 : -1;
    weir_ctx *c = weir_open(1);
    weir_loader *stream = weir_loader_from_callback(c, fill, &s, 2, "batch=256");
    static const char options[] = "dim=2 couplings=6 hidden=32,32 base=normal init=pytorch";
    weir_model *m = weir_model_new(c, "nice", options);
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "lr=5e-3");
    weir_step_opts o = weir_step_defaults();
    o.reduce = reduce;
    o.reduce_user = &s;
    for (int step = 0; step < STEPS && weir_ok(c); step++) {
        weir_scope scope = weir_scope_begin(c);
        weir_optim_set_lr(opt, 5e-3 * (1 - step / (double)STEPS));
        weir_train_step_with(m, opt, weir_loader_next(stream), &o, NULL);
        weir_scope_end(scope);
    }
    if (!weir_model_is_nil(m) && weir_ok(c)) report(&s, m);
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "simulate: %s\n", weir_message(c));
    weir_optim_free(opt);
    weir_model_free(m);
    weir_loader_free(stream);
    weir_close(c);
    return good ? 0 : 1;
}
