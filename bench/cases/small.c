/* small.c - what one small recorded op costs, and the matrix product at p2's shapes beside other
 * libraries. */
#include "bench.h"

/* -- op: forward and backward of one elementwise op on 8 numbers ------------------------------- */
enum { BLOCK = 1000, BLOCKS_MAX = 20000 };

static void op_calls(weir_ctx *c, weir_tensor *x, weir_tensor *v, int n)
{
    for (int i = 0; i < n; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_backward_with(weir_tanh(x), v, false);
        weir_scope_end(s);
    }
}

static void op_print(const weir__bench *b, double *times, int64_t n)
{
    double ms = 1e3 * weir__median(times, n);
    if (!b->json) {
        weir__print(stdout, "op tanh, 8 numbers %.0f ns forward and backward\n", 1e6 * ms);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I, s:f}", "case", "op", "op",
                          "tanh_8_forward_backward", "ms", ms, "min_ms", 1e3 * times[0], "threads",
                          b->threads, "calls", (json_int_t)(n * BLOCK), "rss_mb",
                          (json_int_t)weir__rss_mb(), "ns", 1e6 * ms);
    weir__json_print(o, false);
    json_decref(o);
}

static int op_run(weir__bench *b)
{
    static const int64_t shape[] = { 8 };
    static double times[BLOCKS_MAX];
    weir_ctx *c = b->ctx;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_set_requires_grad(weir_full(c, WEIR_F32, 1, shape, 0.5), true);
    weir_tensor *v = weir_ones(c, WEIR_F32, 1, shape);
    int64_t n = 0;
    op_calls(c, x, v, BLOCK);
    double end = weir__seconds() + b->seconds;
    while (weir_ok(c) && n < BLOCKS_MAX && (n < 3 || weir__seconds() < end)) {
        double t = weir__seconds();
        op_calls(c, x, v, BLOCK);
        times[n++] = (weir__seconds() - t) / BLOCK;
    }
    weir_scope_end(s);
    if (!weir_ok(c)) return WEIR__EXIT_FAILED;
    op_print(b, times, n);
    return WEIR__EXIT_OK;
}

BENCH_ROW(op, "forward and backward of one small recorded op", "op --json --seconds 0.05");

/* -- gemm -------------------------------------------------------------------------------------- */
typedef struct shape {
    peers_layout layout;
    int64_t m, n, k;
} shape;
static const shape shapes[] = {
    { PEERS_NT, 256, 1000, 392 }, { PEERS_NT, 256, 1000, 1000 }, { PEERS_NT, 256, 392, 1000 },
    { PEERS_NN, 256, 392, 1000 }, { PEERS_NN, 256, 1000, 1000 }, { PEERS_NN, 256, 1000, 392 },
    { PEERS_TN, 1000, 392, 256 }, { PEERS_TN, 1000, 1000, 256 }, { PEERS_TN, 392, 1000, 256 },
    { PEERS_NT, 256, 64, 64 },
};

static void gemm_print_text(const shape *q, const char *name, const peers_times *t)
{
    double gflop = 2e-9 * (double)(q->m * q->n * q->k);
    printf("%-26s", name);
    for (int i = 0; i < PEERS; i++)
        if (t->median[i] > 0)
            weir__print(stdout, "  %s %6.1f", peers_name(i), gflop / t->median[i]);
    printf("  GFLOP/s\n");
}

static void gemm_print(const weir__bench *b, const shape *q, const peers_times *t)
{
    static const char *const layouts[] = { "nn", "nt", "tn" };
    double gflop = 2e-9 * (double)(q->m * q->n * q->k);
    char name[64];
    snprintf(name, sizeof name, "gemm_%s_%lldx%lldx%lld", layouts[q->layout], (long long)q->m,
             (long long)q->n, (long long)q->k);
    if (!b->json) {
        gemm_print_text(q, name, t);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i}", "case", "gemm", "op", name, "ms",
                          1e3 * t->median[PEERS_OURS], "min_ms", 1e3 * t->best[PEERS_OURS],
                          "threads", b->threads);
    for (int i = 0; i < PEERS; i++) {
        char key[40];
        snprintf(key, sizeof key, "gflops_%s", peers_name(i));
        if (t->median[i] > 0) json_object_set_new(o, key, json_real(gflop / t->median[i]));
    }
    weir__json_print(o, false);
    json_decref(o);
}

static int gemm_run(weir__bench *b)
{
    peers p;
    peers_open(&p);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const shape *q = &shapes[i];
        peers_times t;
        if (!peers_measure(&p, b->ctx->kern, WEIR__F32, q->layout, q->m, q->n, q->k,
                           b->ctx->threads, b->seconds / 3, &t)) {
            weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench gemm: expected more free memory");
            break;
        }
        gemm_print(b, q, &t);
    }
    peers_close(&p);
    return WEIR__EXIT_OK;
}

BENCH_ROW(gemm, "matrix products of p2's shapes, beside oneDNN and OpenBLAS where installed",
          "gemm --json --seconds 0.05");
