/* mpi_simulate.c - an MPI simulation that trains a flow on what it computes, across its ranks, and
 * draws proposals from it.
 *
 * The heat equation with noise on a periodic square of L x L places,
 *     u_t = D lap(u) - k u + sqrt(2) xi,  in steps of Euler-Maruyama:
 *     u <- u + dt (D lap(u) - k u) + sqrt(2 dt) xi,  lap(u) = the sum of the four neighbours - 4 u
 * Each rank has some lines of the square and receives those beside them from its neighbours. A
 * sample for the flow is a pair of places side by side. In the stationary state it is normal, with
 * the covariance that a sum over waves gives, so what is learned can be checked.
 *
 *     cc mpi_simulate.c $(pkg-config --cflags --libs weir mpich) -lm && mpirun -n 4 ./a.out
 *
 * The same weights come out for any number of ranks up to 8: noise belongs to places, gradients are
 * added in a fixed tree.
 *
 * prints: 57600 pairs seen
 * prints: nats a pair: learned ~-1.7 true ~-1.7
 * prints: ranks have the same weights: yes, log p of a pair ~-0.99
 * prints: proposals accepted: ~0.98
 * prints: every rank draws others: yes
 */
#include <math.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>

enum { L = 24, PAIRS = L / 2 * L, STEPS = 200, EVERY = 10, PROPOSALS = 400 };
static const double diffusion = 1, decay = 0.5, dt = 0.05, pi = 3.141592653589793;

typedef struct simulation {
    int rank, ranks, first, lines; /* lines first .. first + lines - 1 of the square */
    double u[L + 2][L]; /* ours are u[1 .. lines]; u[0] and u[lines + 1] are the neighbours' */
    int64_t step;
} simulation;

/* A normal number of a place and a step, the same on every rank: SplitMix64 and Box-Muller. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static double uniform(uint64_t number)
{
    return ((double)(mixed(number * 0x9e3779b97f4a7c15u) >> 11) + 0.5) * 0x1p-53;
}
static double normal(uint64_t number)
{
    return sqrt(-2 * log(uniform(2 * number))) * cos(2 * pi * uniform(2 * number + 1));
}

/* Receives the last line of the rank before and the first of the rank after. */
static void exchange(simulation *s)
{
    int before = (s->rank + s->ranks - 1) % s->ranks, after = (s->rank + 1) % s->ranks;
    MPI_Sendrecv(s->u[s->lines], L, MPI_DOUBLE, after, 0, s->u[0], L, MPI_DOUBLE, before, 0,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(s->u[1], L, MPI_DOUBLE, before, 1, s->u[s->lines + 1], L, MPI_DOUBLE, after, 1,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* u of the next step at line i, column j */
static double stepped(const simulation *s, int i, int j)
{
    uint64_t place = (uint64_t)((s->step * L + s->first + i - 1) * L + j);
    double here = s->u[i][j], above = s->u[i - 1][j], below = s->u[i + 1][j];
    double right = s->u[i][(j + 1) % L], left = s->u[i][(j + L - 1) % L];
    double laplacian = above + below + right + left - 4 * here;
    return here + dt * (diffusion * laplacian - decay * here) + sqrt(2 * dt) * normal(place);
}

static void advance(simulation *s)
{
    static double next[L + 2][L];
    exchange(s);
    for (int i = 1; i <= s->lines; i++)
        for (int j = 0; j < L; j++) next[i][j] = stepped(s, i, j);
    memcpy(s->u[1], next[1], (size_t)s->lines * sizeof *next);
    s->step++;
}

/* All pairs of the square, [PAIRS, 2], on every rank: a rank is given the whole batch, and computes
 * its shards of it. */
static void gather(const simulation *s, double *pairs)
{
    int counts[L], starts[L];
    for (int r = 0; r < s->ranks; r++) {
        starts[r] = r * L / s->ranks * L;
        counts[r] = (r + 1) * L / s->ranks * L - starts[r];
    }
    MPI_Allgatherv(s->u[1], s->lines * L, MPI_DOUBLE, pairs, counts, starts, MPI_DOUBLE,
                   MPI_COMM_WORLD);
}

/* Covariance of a pair in the stationary state of the scheme: each wave is an autoregression of its
 * own. */
static void covariance(double *variance, double *beside)
{
    *variance = 0;
    *beside = 0;
    for (int a = 0; a < L; a++)
        for (int b = 0; b < L; b++) {
            double x = 2 * pi * a / L, y = 2 * pi * b / L;
            double keep = 1 - dt * (decay + diffusion * (4 - 2 * cos(x) - 2 * cos(y)));
            double power = 2 * dt / (1 - keep * keep) / (L * L);
            *variance += power;
            *beside += power * cos(x);
        }
}

static double true_log_p(const float *x)
{
    double v, b;
    covariance(&v, &b);
    double det = v * v - b * b;
    double square = (v * x[0] * x[0] - 2 * b * x[0] * x[1] + v * x[1] * x[1]) / det;
    return -0.5 * square - 0.5 * log(det) - log(2 * pi);
}

/* Means of log p over samples of the model: its own, and the true one; and how often an
 * independence sampler that is at a sample of the true density would take one of the model as its
 * next state, min(1, w' / w), w = p / q: near 1 where the flow is near the truth. */
static weir_status proposals(weir_model *m, float (*x)[2], double *learned, double *exact,
                             double *accepted)
{
    static double log_q[PROPOSALS];
    weir_status s = weir_model_sample_log_prob_into(m, PROPOSALS, NULL, x[0], log_q);
    *learned = 0;
    *exact = 0;
    *accepted = 0;
    for (int i = 0; s == WEIR_OK && i < PROPOSALS; i++) {
        int before = (i + PROPOSALS - 1) % PROPOSALS;
        double w = true_log_p(x[i]) - log_q[i];
        double w_before = true_log_p(x[before]) - log_q[before];
        *learned += log_q[i] / PROPOSALS;
        *exact += true_log_p(x[i]) / PROPOSALS;
        *accepted += fmin(1, exp(w - w_before)) / PROPOSALS;
    }
    return s;
}

/* How many different values the ranks have, of one a rank. */
static int different_values(const simulation *s, const void *value, size_t bytes)
{
    char *all = malloc(bytes * (size_t)s->ranks);
    int different = 0;
    MPI_Allgather(value, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, MPI_COMM_WORLD);
    for (int i = 0; i < s->ranks; i++) {
        int seen = 0;
        for (int j = 0; j < i; j++)
            seen |= memcmp(all + (size_t)i * bytes, all + (size_t)j * bytes, bytes) == 0;
        different += !seen;
    }
    free(all);
    return different;
}

static void report(const simulation *s, weir_model *m)
{
    static float x[PROPOSALS][2], places[1][2] = { { 0.3f, -0.2f } };
    double mine[3], sum[3], log_p = 0;
    if (proposals(m, x, &mine[0], &mine[1], &mine[2]) != WEIR_OK) return;
    if (weir_model_log_prob_into(m, places[0], 1, NULL, &log_p, NULL) != WEIR_OK) return;
    MPI_Reduce(mine, sum, 3, MPI_DOUBLE, MPI_SUM, 0, MPI_COMM_WORLD);
    int weights = different_values(s, &log_p, sizeof log_p);
    int drawn = different_values(s, x[0], sizeof x[0]);
    if (s->rank != 0) return;
    printf("%d pairs seen\n", PAIRS * STEPS);
    printf("nats a pair: learned %.2f true %.2f\n", sum[0] / s->ranks, sum[1] / s->ranks);
    printf("ranks have the same weights: %s, log p of a pair %.17g\n", weights == 1 ? "yes" : "no",
           log_p);
    printf("proposals accepted: %.2f\n", sum[2] / s->ranks);
    printf("every rank draws others: %s\n", drawn == s->ranks ? "yes" : "no");
}

/* EVERY steps of the simulation and one of training; a batch wraps the host's own memory. */
static void train(simulation *s, weir_model *m, weir_optim *opt, int step)
{
    static double pairs[PAIRS][2];
    int64_t shape[] = { PAIRS, 2 };
    weir_ctx *c = weir_model_ctx(m);
    for (int k = 0; k < EVERY; k++) advance(s);
    gather(s, pairs[0]);
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *x = weir_tensor_wrap(c, WEIR_F64, pairs, 2, shape, NULL, NULL, NULL);
    weir_batch *b = weir_batch_wrap(c, weir_cast(x, WEIR_F32), NULL, NULL, NULL);
    weir_optim_set_lr(opt, 1e-2 * (1 - step / (double)STEPS));
    weir_train_step(m, opt, b); /* in 8 shards, so for up to 8 ranks */
    weir_scope_end(scope);
}

static int simulate(simulation *s)
{
    weir_group g = weir_group_defaults();
    weir_open_opts o = weir_open_defaults();
    /* An error of the group is told by the context that is opened with it. */
    weir_group_mpi(&g, (int)MPI_Comm_c2f(MPI_COMM_WORLD));
    o.seed = 1;
    o.threads = 1;
    o.group = &g;
    weir_ctx *c = weir_open_with(&o);
    weir_model *m = weir_model_new(c, "realnvp", "dim=2 couplings=4 coupling.net.hidden=16,16");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
    for (int k = 0; k < 200; k++) advance(s); /* to the stationary state */
    for (int step = 0; step < STEPS && weir_ok(c); step++) train(s, m, opt, step);
    if (weir_ok(c)) report(s, m);
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "mpi_simulate: rank %d: %s\n", s->rank, weir_message(c));
    weir_optim_free(opt);
    weir_model_free(m);
    weir_close(c);
    weir_group_mpi_free(&g);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static simulation s;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &s.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &s.ranks);
    s.first = s.rank * L / s.ranks;
    s.lines = (s.rank + 1) * L / s.ranks - s.first;
    int code = s.ranks <= 8 ? simulate(&s) : 2;
    if (code == 2 && s.rank == 0)
        fprintf(stderr, "mpi_simulate: %d ranks: expected 8 or fewer\n", s.ranks);
    MPI_Finalize();
    return code;
}
