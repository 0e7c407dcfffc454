/* peers.c - see peers.h. The peers' threads spin for a while after a call, so with several threads
 * each contestant runs in a block of its own after a pause; blocks rotate, so that drift of the
 * machine affects all alike. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "peers.h"

enum { ROUNDS = 9, MOST_CALLS = 20000 };

typedef int dnnl_sgemm_fn(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha,
                          const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                          float *c, int64_t ldc);
typedef void cblas_sgemm_fn(int order, int ta, int tb, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c,
                            int ldc);
typedef void cblas_dgemm_fn(int order, int ta, int tb, int m, int n, int k, double alpha,
                            const double *a, int lda, const double *b, int ldb, double beta,
                            double *c, int ldc);
typedef void set_threads_fn(int n);

typedef struct contest {
    const peers *p;
    const weir__isa *kern;
    weir__real t;
    peers_layout layout;
    weir__gemm g;
    void *scratch;
    const weir__threads *threads;
} contest;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void pause_for(double seconds)
{
    struct timespec t = { 0, (long)(seconds * 1e9) };
    nanosleep(&t, NULL);
}

const char *peers_name(int peer)
{
    static const char *const names[PEERS] = { "weir", "oneDNN", "OpenBLAS" };
    return names[peer];
}

void peers_open(peers *p)
{
    *p = (peers){ 0 };
    const char *dnnl[] = { "libdnnl.so.2", "libdnnl.so.3", "libdnnl.so" };
    for (int i = 0; i < 3 && !p->dnnl; i++) p->dnnl = dlopen(dnnl[i], RTLD_NOW | RTLD_LOCAL);
    p->openblas = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (p->dnnl) {
        p->dnnl_sgemm = dlsym(p->dnnl, "dnnl_sgemm");
        /* of the OpenMP that it is linked to */
        p->omp_set_num_threads = dlsym(p->dnnl, "omp_set_num_threads");
    }
    if (!p->openblas) return;
    p->cblas_sgemm = dlsym(p->openblas, "cblas_sgemm");
    p->cblas_dgemm = dlsym(p->openblas, "cblas_dgemm");
    p->openblas_set_num_threads = dlsym(p->openblas, "openblas_set_num_threads");
}

void peers_close(peers *p)
{
    if (p->dnnl) dlclose(p->dnnl);
    if (p->openblas) dlclose(p->openblas);
    *p = (peers){ 0 };
}

static bool present(const contest *c, int peer)
{
    if (peer == PEERS_OURS) return true;
    if (peer == PEERS_DNNL) return c->p->dnnl_sgemm && c->t == WEIR__F32;
    return c->t == WEIR__F32 ? c->p->cblas_sgemm != NULL : c->p->cblas_dgemm != NULL;
}

/* POSIX gives functions as data pointers */
#define AS(type, pointer) (*(type **)(void *)&(void *){ pointer })

static void call_openblas(const contest *c)
{
    const weir__gemm *g = &c->g;
    enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 }; /* of cblas.h */
    int ta = c->layout == PEERS_TN ? TRANS : NO_TRANS;
    int tb = c->layout == PEERS_NT ? TRANS : NO_TRANS;
    int m = (int)g->m, n = (int)g->n, k = (int)g->k;
    int lda = ta == TRANS ? m : k;
    int ldb = tb == TRANS ? k : n;
    if (c->t == WEIR__F32)
        AS(cblas_sgemm_fn, c->p->cblas_sgemm)(ROW_MAJOR, ta, tb, m, n, k, 1, g->a, lda, g->b, ldb,
                                              0, g->c, n);
    else
        AS(cblas_dgemm_fn, c->p->cblas_dgemm)(ROW_MAJOR, ta, tb, m, n, k, 1, g->a, lda, g->b, ldb,
                                              0, g->c, n);
}

static void call_dnnl(const contest *c)
{
    const weir__gemm *g = &c->g;
    bool at = c->layout == PEERS_TN, bt = c->layout == PEERS_NT;
    char ta = at ? 'T' : 'N';
    char tb = bt ? 'T' : 'N';
    int64_t lda = at ? g->m : g->k;
    int64_t ldb = bt ? g->k : g->n;
    AS(dnnl_sgemm_fn, c->p->dnnl_sgemm)(ta, tb, g->m, g->n, g->k, 1, g->a, lda, g->b, ldb, 0, g->c,
                                        g->n);
}

static void call(const contest *c, int peer)
{
    if (peer == PEERS_OURS) c->kern->gemm[c->t](&c->g, c->scratch, c->threads);
    else if (peer == PEERS_DNNL) call_dnnl(c);
    else call_openblas(c);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One block of calls; appends the seconds of a call, timed in batches long enough for the clock */
static int64_t block(const contest *c, int peer, double seconds, double *times, int64_t n)
{
    call(c, peer);
    double begin = now();
    call(c, peer);
    double once = now() - begin;
    int batch = once < 5e-6 ? (int)(10e-6 / (once + 1e-7)) + 1 : 1;
    begin = now();
    double t = begin;
    while (n < MOST_CALLS && t - begin < seconds) {
        for (int i = 0; i < batch; i++) call(c, peer);
        double after = now();
        times[n++] = (after - t) / batch;
        t = after;
    }
    return n;
}

static void fill(weir__real t, int64_t n, void *x, uint32_t seed)
{
    for (int64_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        double v = (double)seed * 0x1p-32 - 0.5;
        if (t == WEIR__F32) ((float *)x)[i] = (float)v;
        else ((double *)x)[i] = v;
    }
}

static bool setup(contest *c, int64_t m, int64_t n, int64_t k)
{
    size_t bytes = c->t == WEIR__F32 ? 4 : 8;
    bool ta = c->layout == PEERS_TN, tb = c->layout == PEERS_NT;
    c->g = (weir__gemm){
        .m = m,
        .n = n,
        .k = k,
        .a_row = ta ? 1 : k,
        .a_col = ta ? m : 1,
        .b_row = tb ? 1 : n,
        .b_col = tb ? k : 1,
        .c_row = n,
    };
    void *a = NULL, *b = NULL, *out = NULL;
    size_t scratch = c->kern->gemm_scratch[c->t](&c->g, c->threads);
    if (posix_memalign(&a, 64, bytes * (size_t)(m * k))
        || posix_memalign(&b, 64, bytes * (size_t)(k * n))
        || posix_memalign(&out, 64, bytes * (size_t)(m * n))
        || posix_memalign(&c->scratch, 64, scratch + 64)) {
        free(a);
        free(b);
        free(out);
        free(c->scratch);
        return false;
    }
    fill(c->t, m * k, a, 1);
    fill(c->t, k * n, b, 2);
    fill(c->t, m * n, out, 3);
    c->g.a = a;
    c->g.b = b;
    c->g.c = out;
    return true;
}

static void contend(contest *c, double seconds, double *times[PEERS], peers_times *out)
{
    int64_t n[PEERS] = { 0 };
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < PEERS; i++) {
            int peer = (i + round) % PEERS;
            if (!present(c, peer)) continue;
            if (c->threads) pause_for(0.02);
            n[peer] = block(c, peer, seconds / ROUNDS, times[peer], n[peer]);
        }
    for (int i = 0; i < PEERS; i++) {
        if (n[i] == 0) continue;
        qsort(times[i], (size_t)n[i], sizeof(double), by_size);
        out->median[i] = times[i][n[i] / 2];
        out->best[i] = times[i][0];
    }
}

bool peers_measure(const peers *p, const weir__isa *kern, weir__real t, peers_layout layout,
                   int64_t m, int64_t n, int64_t k, const weir__threads *threads, double seconds,
                   peers_times *out)
{
    *out = (peers_times){ 0 };
    contest c = { .p = p, .kern = kern, .t = t, .layout = layout, .threads = threads };
    double *times = malloc(sizeof(double) * PEERS * MOST_CALLS), *of[PEERS];
    if (!times) return false;
    if (!setup(&c, m, n, k)) {
        free(times);
        return false;
    }
    for (int i = 0; i < PEERS; i++) of[i] = times + (ptrdiff_t)i * MOST_CALLS;
    if (p->omp_set_num_threads)
        AS(set_threads_fn, p->omp_set_num_threads)(weir__threads_most(threads));
    if (p->openblas_set_num_threads)
        AS(set_threads_fn, p->openblas_set_num_threads)(weir__threads_most(threads));
    contend(&c, seconds, of, out);
    free((void *)(uintptr_t)c.g.a);
    free((void *)(uintptr_t)c.g.b);
    free(c.g.c);
    free(c.scratch);
    free(times);
    return true;
}
