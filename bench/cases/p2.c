/* p2.c - case p2 of the peers, through the public API: a training step of NICE on 256 of 60,000 byte images of 784. The matrix
 * products of the step are timed between the steps, in the same process: their best speed is the roofline. What must pass through memory
 * besides, at the speed of a sum of long arrays, is the second one: the optimizer reads four numbers a parameter and writes three, and the
 * gradients are read once before, to see that they are finite. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "bench.h"

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
static const weir__product products[] = {
    { PEERS_NT, BATCH, 1000, 392, 4 }, { PEERS_NT, BATCH, 1000, 1000, 16 }, { PEERS_NT, BATCH, 392, 1000, 4 }, /* y = x W^T */
    { PEERS_NN, BATCH, 392, 1000, 4 }, { PEERS_NN, BATCH, 1000, 1000, 16 }, { PEERS_NN, BATCH, 1000, 392, 4 }, /* dx = dy W */
    { PEERS_TN, 1000, 392, BATCH, 4 }, { PEERS_TN, 1000, 1000, BATCH, 16 }, { PEERS_TN, 392, 1000, BATCH, 4 }, /* dW = dy^T x */
};
enum { PRODUCTS = sizeof products / sizeof *products, PASSES = 8 /* over all parameters, see above */ };

/* -- steps -------------------------------------------------------------------------------------------------------------------------- */
typedef struct bench_run {
    weir__bench *b;
    images data;
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir__times times;
    int64_t rss_mb;
} bench_run;

static void step(void *user)
{
    bench_run *r = user;
    weir_step_opts o = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
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
    weir__times_of(r->b, &r->times, seconds, step, r);
}

static bool open_run(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    r->data.key = weir__hash_text("bench.p2");
    r->data.bytes = malloc((size_t)ROWS * DIM);
    if (!weir__times_open(r->b, &r->times, CALLS_MAX)) return false;
    if (!r->data.bytes) return weir_fail(c, WEIR_ERROR_MEMORY, "bench p2: expected more free memory"), false;
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
static void measure(bench_run *r, weir__roof *roof)
{
    weir__bench *b = r->b;
    peers p;
    for (int i = 0; i < WARM; i++) step(r);
    r->rss_mb = weir__rss_mb();
    peers_open(&p);
    for (int round = 0; round < ROUNDS; round++) {
        steps_for(r, b->seconds / (ROUNDS + 1));
        for (int i = round * PRODUCTS / ROUNDS; i < (round + 1) * PRODUCTS / ROUNDS; i++)
            if (!weir__roof_add(b, &p, &products[i], b->seconds / PRODUCTS, roof)) break;
    }
    steps_for(r, b->seconds / (ROUNDS + 1));
    peers_close(&p);
}

static void print(bench_run *r, const weir__roof *roof)
{
    weir__bench *b = r->b;
    void *values;
    double fma = b->ctx->kern->fma_peak[WEIR__F32](0.2), stream = weir__stream(b);
    double bytes = PASSES * sizeof(float) * (double)weir_module_flat(weir_model_module(r->model), NULL, &values);
    double ms = 1e3 * weir__median(r->times.at, r->times.n), bound = 1e3 * (roof->best + bytes / stream);
    if (!weir_ok(b->ctx)) return;
    weir__result_print(b, &(weir__result){ "p2", "train_step", &r->times, r->rss_mb, SHARDS, roof },
                       json_pack("{s:f, s:f, s:f}", "fma_peak_gflops", fma, "stream_gbs", stream * 1e-9, "roofline_with_bytes", bound / ms));
    if (!b->json)
        weir__print(stdout, "   with bytes      %.3f  (%.2f GB at %.1f GB/s: %.2f ms more)\n   registers alone %.1f GFLOP/s a core\n", bound / ms, bytes * 1e-9, stream * 1e-9, 1e3 * bytes / stream, fma);
}

static int run(weir__bench *b)
{
    bench_run r = { .b = b };
    weir__roof roof = { 0 };
    if (open_run(&r)) measure(&r, &roof);
    if (weir_ok(b->ctx)) print(&r, &roof);
    weir_optim_free(r.optim);
    weir_model_free(r.model);
    weir_loader_free(r.loader);
    free(r.data.bytes);
    free(r.times.at);
    return WEIR__EXIT_OK;
}

const weir__bench_row weir__bench_p2 = {
    .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench.p2", .doc = "a training step of NICE on 256 byte images of 784: 29.4 GFLOP",
             .test = "p2 --json --seconds 0.1" },
    .run = run,
};
