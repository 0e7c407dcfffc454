/* gemm_peers.c - our matrix product beside oneDNN's and OpenBLAS's at the sizes of this library's
 * models.
 * usage: gemm_peers [isa 0..3] [seconds a contestant] [f64] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"
#include "peers.h"

typedef struct size {
    int m, n, k;
    peers_layout layout;
} size;
static const size sizes[] = {
    { 256, 1000, 1000, PEERS_NT }, { 256, 392, 1000, PEERS_NT },   { 256, 1000, 392, PEERS_NT },
    { 256, 1000, 1000, PEERS_NN }, { 256, 392, 1000, PEERS_NN },   { 256, 1000, 392, PEERS_NN },
    { 1000, 1000, 256, PEERS_TN }, { 1000, 392, 256, PEERS_TN },   { 392, 1000, 256, PEERS_TN },
    { 256, 64, 64, PEERS_NT },     { 256, 64, 3, PEERS_NT },       { 256, 2, 64, PEERS_NT },
    { 1000, 64, 64, PEERS_NT },    { 256, 64, 64, PEERS_NN },      { 256, 3, 64, PEERS_NN },
    { 64, 64, 256, PEERS_TN },     { 64, 3, 256, PEERS_TN },       { 256, 128, 128, PEERS_NT },
    { 256, 256, 256, PEERS_NT },   { 1024, 1536, 1536, PEERS_NT },
};

/* Seconds of the faster of the peers that are there; 0: none. */
static double best_peer(const peers_times *r)
{
    double dnnl = r->median[PEERS_DNNL], openblas = r->median[PEERS_OPENBLAS];
    if (dnnl && openblas) return dnnl < openblas ? dnnl : openblas;
    return dnnl ? dnnl : openblas;
}

static void print_size(const size *s, int threads)
{
    static const char *const layouts[] = { "NN", "NT", "TN" };
    printf("%4d x %4d x %4d %s %d thread%s", s->m, s->n, s->k, layouts[s->layout], threads,
           threads > 1 ? "s" : " ");
}

static void print_rates(const peers_times *r, double flops)
{
    for (int i = 0; i < PEERS; i++) {
        if (r->median[i]) printf("  %s %6.1f", peers_name(i), flops / r->median[i] * 1e-9);
        else printf("  %s absent", peers_name(i));
    }
    double peer = best_peer(r);
    if (peer) printf("  ratio to the better %.2f", peer / r->median[PEERS_OURS]);
}

/* Two lines, of one thread and of two. */
static void compare(weir_ctx *const ctx[2], const peers *p, weir__real t, const size *s,
                    double peak, double seconds)
{
    double flops = 2.0 * s->m * s->n * s->k, alone = 0;
    for (int threads = 1; threads <= 2; threads++) {
        const weir_ctx *c = ctx[threads - 1];
        peers_times r;
        if (!peers_measure(p, c->kern, t, s->layout, s->m, s->n, s->k, c->threads, seconds, &r))
            return;
        double ours = r.median[PEERS_OURS];
        print_size(s, threads);
        print_rates(&r, flops);
        printf("  of peak %.2f", flops / ours * 1e-9 / peak / threads);
        if (threads == 1) alone = ours;
        else printf("  speedup %.2f", alone / ours);
        printf("\n");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    weir_ctx *ctx[2]; /* of one thread and of two */
    weir_open_opts o = weir_open_defaults();
    o.isa = argc > 1 ? (weir_isa)atoi(argv[1]) : WEIR_ISA_AUTO;
    for (o.threads = 1; o.threads <= 2; o.threads++) ctx[o.threads - 1] = weir_open_with(&o);
    const weir__isa *k = ctx[0]->kern;
    double seconds = argc > 2 ? atof(argv[2]) : 0.3;
    weir__real t = argc > 3 && strcmp(argv[3], "f64") == 0 ? WEIR__F64 : WEIR__F32;
    if (!weir_ok(ctx[0]) || !weir_ok(ctx[1])) {
        fprintf(stderr, "%s\n", weir_message(ctx[0]));
        return 1;
    }
    peers p;
    peers_open(&p);
    double peak = k->fma_peak[t](0.2);
    printf("%s, %s, peak of multiply-adds on registers %.1f GFLOP/s a core; medians, GFLOP/s\n",
           k->name, t == WEIR__F32 ? "f32" : "f64", peak);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        compare(ctx, &p, t, &sizes[i], peak, seconds);
    printf("peak again %.1f\n", k->fma_peak[t](0.2));
    peers_close(&p);
    for (int i = 0; i < 2; i++) weir_close(ctx[i]);
    return 0;
}
