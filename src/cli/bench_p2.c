/* bench_p2.c - case p2 of the peers, through the public API: a training step of NICE on 256 of 60,000 byte images of 784. The matrix
 * products of the step are timed between the steps, in the same process: their best speed is the roofline. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../bench/kern/peers.h"
#include "cli/cli.h"

enum { ROWS = 60000, DIM = 784, BATCH = 256, SHARDS = 1, WARM = 3, ROUNDS = 3, CALLS_MAX = 100000 };

typedef struct images {
    unsigned char *bytes; /* [ROWS, DIM] */
    uint64_t key;
} images;

/* Rows drawn at random, as the peers draw theirs. */
static int64_t fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    const images *all = user;
    for (int64_t i = 0; i < BATCH; i++) {
        int64_t row = (int64_t)(weir__uniform(all->key, (uint64_t)step, (uint64_t)i) * ROWS);
        const unsigned char *from = all->bytes + row * DIM;
        for (int64_t j = 0; j < DIM; j++) x[i * DIM + j] = from[j];
        ids[i] = row;
        weights[i] = 1;
    }
    return BATCH;
}

/* -- the products of one step: 4 couplings of 392-1000-1000-1000-1000-1000-392 ---------------------------------------------- */
typedef struct product { peers_layout layout; int64_t m, n, k, count; } product;
static const product products[] = {
    { PEERS_NT, BATCH, 1000, 392, 4 }, { PEERS_NT, BATCH, 1000, 1000, 16 }, { PEERS_NT, BATCH, 392, 1000, 4 }, /* y = x W^T */
    { PEERS_NN, BATCH, 392, 1000, 4 }, { PEERS_NN, BATCH, 1000, 1000, 16 }, { PEERS_NN, BATCH, 1000, 392, 4 }, /* dx = dy W */
    { PEERS_TN, 1000, 392, BATCH, 4 }, { PEERS_TN, 1000, 1000, BATCH, 16 }, { PEERS_TN, 392, 1000, BATCH, 4 }, /* dW = dy^T x */
};
enum { PRODUCTS = sizeof products / sizeof *products };

typedef struct roof {
    double best, seconds_of[PEERS], flop; /* seconds of all products: the best contestant of each; each contestant */
} roof;

static bool measure_product(const weir__bench *b, const peers *p, const product *q, roof *r)
{
    peers_times t;
    if (!peers_measure(p, b->ctx->kern, WEIR__F32, q->layout, q->m, q->n, q->k, b->threads, b->seconds / PRODUCTS, &t)) return false;
    double best = t.median[PEERS_OURS];
    for (int i = 0; i < PEERS; i++) {
        if (t.median[i] > 0 && t.median[i] < best) best = t.median[i];
        r->seconds_of[i] += (double)q->count * t.median[i];
    }
    r->best += (double)q->count * best;
    r->flop += 2.0 * (double)(q->count * q->m * q->n * q->k);
    return true;
}

/* -- steps -------------------------------------------------------------------------------------------------------------------------- */
typedef struct bench_run {
    weir__bench *b;
    images data;
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    double *times;
    int64_t n, rss_mb;
} bench_run;

static void step(bench_run *r)
{
    weir_step_opts o = weir_step_defaults();
    weir_step_info info;
    o.shards = SHARDS;
    weir_scope s = weir_scope_begin(r->b->ctx);
    weir_train_step_with(r->model, r->optim, weir_loader_next(r->loader), &o, &info);
    weir_scope_end(s);
}

/* After the peers: their threads spin for a while, and the caches are theirs. */
static void settle(bench_run *r)
{
    struct timespec pause = { 0, 100000000 };
    if (r->b->threads > 1) nanosleep(&pause, NULL);
    step(r);
}

static void steps_for(bench_run *r, double seconds)
{
    settle(r);
    double end = weir__seconds() + seconds;
    for (int done = 0; weir_ok(r->b->ctx) && r->n < CALLS_MAX && (done < 1 || weir__seconds() < end); done++) {
        double t = weir__seconds();
        step(r);
        r->times[r->n++] = weir__seconds() - t;
    }
}

static bool open_run(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    r->data.key = weir__hash_text("bench.p2");
    r->data.bytes = malloc((size_t)ROWS * DIM);
    r->times = malloc(sizeof(double) * CALLS_MAX);
    if (!r->data.bytes || !r->times) return weir_fail(c, WEIR_ERROR_MEMORY, "bench p2: expected more free memory"), false;
    for (int64_t i = 0; i < (int64_t)ROWS * DIM / 4; i++) {
        uint32_t words[4];
        if (i % 4 == 0) weir__philox(r->data.key, 0, (uint64_t)i / 4, words), memcpy(r->data.bytes + 4 * i, words, 16);
    }
    r->loader = weir_loader_from_callback(c, fill, &r->data, DIM, "batch=256");
    r->model = weir_model_new(c, "nice", "dim=784 levels=256 couplings=4 hidden=1000,1000,1000,1000,1000 base=logistic scale=yes init=pytorch");
    r->optim = weir_optim_new(weir_model_module(r->model), "adam", "lr=1e-3");
    return weir_ok(c);
}

/* Memory is read before the peers' libraries are loaded: it is ours alone. */
static void measure(bench_run *r, roof *roof_of, double *fma)
{
    weir__bench *b = r->b;
    peers p;
    for (int i = 0; i < WARM; i++) step(r);
    r->rss_mb = weir__rss_mb();
    peers_open(&p);
    for (int round = 0; round < ROUNDS; round++) {
        steps_for(r, b->seconds / (ROUNDS + 1));
        for (int i = round * PRODUCTS / ROUNDS; i < (round + 1) * PRODUCTS / ROUNDS; i++)
            if (!measure_product(b, &p, &products[i], roof_of)) weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench p2: expected more free memory");
    }
    steps_for(r, b->seconds / (ROUNDS + 1));
    *fma = b->ctx->kern->fma_peak[WEIR__F32](0.2);
    peers_close(&p);
}

static void print(bench_run *r, const roof *k, double fma)
{
    weir__bench *b = r->b;
    double ms = 1e3 * weir__median(r->times, r->n), least = 1e3 * r->times[0], roofline = 1e3 * k->best / ms, gflops = k->flop / k->best * 1e-9;
    if (!b->json) {
        printf("p2 train_step      %.2f ms median, %.2f least, %lld calls, %d threads, %d shards, %lld MB\n", ms, least, (long long)r->n, b->threads, SHARDS,
               (long long)r->rss_mb);
        printf("   roofline        %.3f  (%.2f GFLOP at %.1f GFLOP/s: %.2f ms; registers alone reach %.1f GFLOP/s a core)\n", roofline, k->flop * 1e-9, gflops,
               1e3 * k->best, fma);
        for (int i = 0; i < PEERS; i++)
            if (k->seconds_of[i] > 0) printf("   products by %-9s %.2f ms\n", peers_name(i), 1e3 * k->seconds_of[i]);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I, s:i, s:f, s:f, s:f, s:s}", "case", "p2", "op", "train_step", "ms", ms, "min_ms", least,
                          "threads", b->threads, "calls", (json_int_t)r->n, "rss_mb", (json_int_t)r->rss_mb, "shards", SHARDS, "roofline", roofline,
                          "roofline_gflops", gflops, "fma_peak_gflops", fma, "isa", weir_isa_name(b->ctx));
    for (int i = 0; i < PEERS; i++) {
        char key[40];
        snprintf(key, sizeof key, "gemm_ms_%s", peers_name(i));
        if (k->seconds_of[i] > 0) json_object_set_new(o, key, json_real(1e3 * k->seconds_of[i]));
    }
    weir__json_print(o, false);
    json_decref(o);
}

static int run(weir__bench *b)
{
    bench_run r = { .b = b };
    roof k = { 0 };
    double fma = 0;
    if (open_run(&r)) measure(&r, &k, &fma);
    if (weir_ok(b->ctx)) print(&r, &k, fma);
    weir_optim_free(r.optim);
    weir_model_free(r.model);
    weir_loader_free(r.loader);
    free(r.data.bytes);
    free(r.times);
    return WEIR__EXIT_OK;
}

const weir__bench_row weir__bench_p2 = {
    .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench.p2", .doc = "a training step of NICE on 256 byte images of 784: 29.4 GFLOP",
             .test = "bench p2 --json --seconds 0.1" },
    .run = run,
};
