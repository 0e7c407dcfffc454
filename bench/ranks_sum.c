/* ranks_sum.c - the sum of a flat array over the ranks of MPI: ours, in the fixed tree, beside
 * MPI_Allreduce, in turns.
 *
 *     make bench; mpirun.openmpi -n 2 build/release/weir-ranks-openmpi
 *
 * The best of ROUNDS of each: on a shared machine the others say how busy it was. Milliseconds on
 * rank 0. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dist/dist.h"
#include "train/shards.h"
#include "weir.h"

enum { ROUNDS = 15 };

static float *data, *other, *sum;

static void add(void *user, int64_t lo, int64_t hi)
{
    weir_ctx *c = user;
    c->kern->binary[WEIR_F32][WEIR__B_add](hi - lo, data + lo, 1, data + lo, 1, other + lo, 1);
}

static void merge(void *user) { (void)user; }

static double ours(weir_ctx *c, int64_t n)
{
    uint8_t flag = 1, flags = 1;
    const weir__halving h = {
        .data = (char *)data,
        .other = (char *)other,
        .n = n,
        .each = sizeof(float),
        .flags = &flag,
        .other_flags = &flags,
        .n_flags = 1,
        .user = c,
        .add = add,
        .merge = merge,
    };
    MPI_Barrier(MPI_COMM_WORLD);
    double begin = MPI_Wtime();
    weir__halving_sum(c, &h);
    return MPI_Wtime() - begin;
}

static double theirs(int64_t n)
{
    MPI_Barrier(MPI_COMM_WORLD);
    double begin = MPI_Wtime();
    MPI_Allreduce(data, sum, (int)n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    return MPI_Wtime() - begin;
}

static void compare(weir_ctx *c, int64_t bytes)
{
    int64_t n = bytes / (int64_t)sizeof(float);
    double best[2] = { 1e9, 1e9 };
    for (int k = 0; k < ROUNDS; k++) {
        for (int64_t i = 0; i < n; i++) data[i] = (float)(i % 7);
        double t = theirs(n);
        best[1] = t < best[1] ? t : best[1];
        t = ours(c, n);
        best[0] = t < best[0] ? t : best[0];
    }
    if (weir_rank(c) > 0) return;
    printf("%10lld bytes   ours %9.3f ms   MPI_Allreduce %9.3f ms   ratio %.2f\n", (long long)bytes,
           1e3 * best[0], 1e3 * best[1], best[1] / best[0]);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    enum { MOST = 64 << 20 };
    MPI_Init(&argc, &argv);
    weir_group g = weir_group_defaults();
    weir_open_opts o = weir_open_defaults();
    weir_group_mpi(&g, (int)MPI_Comm_c2f(MPI_COMM_WORLD));
    o.group = &g;
    o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    data = malloc(MOST);
    other = malloc(MOST);
    sum = malloc(MOST);
    bool good = weir_ok(c) && data && other && sum && weir__halving_fits(8, weir_ranks(c));
    if (!good)
        fprintf(stderr, "ranks_sum: %s\n",
                weir_ok(c) ? "expected 1, 2, 4 or 8 ranks, and memory" : weir_message(c));
    for (int64_t bytes = 64 << 10; good && bytes < MOST; bytes *= 4) compare(c, bytes);
    if (good) compare(c, MOST);
    weir_close(c);
    weir_group_mpi_free(&g);
    MPI_Finalize();
    return good ? 0 : 1;
}
