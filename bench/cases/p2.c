/* p2.c - case p2 of the peers, through the public API: a training step of NICE on 256 of 60,000
 * byte images of 784. The matrix products of the step are timed between the steps, in the same
 * process: their best speed is the roofline. What must pass through memory besides, at the speed of
 * a sum of long arrays, is the second one: the optimizer reads four numbers a parameter and writes
 * three, and the gradients are read once before, to see that they are finite. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "fit.h"

enum { IMAGES = 60000, DIM = 784, BATCH = 256, WARM = 3, ROUNDS = 3 };

typedef struct images {
    unsigned char *bytes; /* [IMAGES, DIM] */
    uint64_t key;
} images;

/* Images drawn at random, as the peers draw theirs. */
static int64_t p2_fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    const images *all = user;
    for (int64_t i = 0; i < BATCH; i++) {
        int64_t id = (int64_t)(weir__uniform(all->key, (uint64_t)step, (uint64_t)i) * IMAGES);
        const unsigned char *from = all->bytes + id * DIM;
        for (int64_t j = 0; j < DIM; j++) x[i * DIM + j] = from[j];
        ids[i] = id;
        weights[i] = 1;
    }
    return BATCH;
}

static bool p2_images(weir__bench *b, images *all)
{
    enum { BYTES = 16 }; /* of one draw */
    all->key = weir__hash_text("bench.p2");
    all->bytes = malloc((size_t)IMAGES * DIM);
    if (!all->bytes) {
        weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench p2: expected more free memory");
        return false;
    }
    for (int64_t i = 0; i < (int64_t)IMAGES * DIM / BYTES; i++) {
        uint32_t words[4];
        weir__philox(all->key, 0, (uint64_t)i, words);
        memcpy(all->bytes + BYTES * i, words, BYTES);
    }
    return true;
}

/* -- the products of one step: 4 couplings of 392-1000-1000-1000-1000-1000-392 ----------------- */
static const weir__product products[] = {
    /* y = x W^T */
    { PEERS_NT, BATCH, 1000, 392, 4 },
    { PEERS_NT, BATCH, 1000, 1000, 16 },
    { PEERS_NT, BATCH, 392, 1000, 4 },
    /* dx = dy W */
    { PEERS_NN, BATCH, 392, 1000, 4 },
    { PEERS_NN, BATCH, 1000, 1000, 16 },
    { PEERS_NN, BATCH, 1000, 392, 4 },
    /* dW = dy^T x */
    { PEERS_TN, 1000, 392, BATCH, 4 },
    { PEERS_TN, 1000, 1000, BATCH, 16 },
    { PEERS_TN, 392, 1000, BATCH, 4 },
};
enum {
    PRODUCTS = sizeof products / sizeof *products,
    PASSES = 8 /* over all parameters, see above */
};

/* -- steps ------------------------------------------------------------------------------------- */
/* After the peers: their threads spin for a while, and the caches are theirs. */
static void p2_settle(weir__fit *f)
{
    struct timespec pause = { 0, 100000000 };
    if (f->b->threads > 1) nanosleep(&pause, NULL);
    weir__fit_train(f);
}

static void p2_steps(weir__fit *f, double seconds)
{
    p2_settle(f);
    weir__times_of(f->b, &f->train, seconds, weir__fit_train, f);
}

static void p2_measure(weir__fit *f, weir__roof *roof)
{
    weir__bench *b = f->b;
    peers p;
    peers_open(&p);
    for (int round = 0; round < ROUNDS; round++) {
        p2_steps(f, b->seconds / (ROUNDS + 1));
        for (int i = round * PRODUCTS / ROUNDS; i < (round + 1) * PRODUCTS / ROUNDS; i++)
            if (!weir__roof_add(b, &p, &products[i], b->seconds / PRODUCTS, roof)) break;
    }
    p2_steps(f, b->seconds / (ROUNDS + 1));
    peers_close(&p);
}

static void p2_print(weir__fit *f, int64_t mb, const weir__roof *roof)
{
    weir__bench *b = f->b;
    void *values;
    int64_t parameters = weir_module_flat(weir_model_module(f->model), NULL, &values);
    double fma = b->ctx->kern->fma_peak[WEIR__F32](0.2), stream = weir__stream(b);
    double bytes = PASSES * sizeof(float) * (double)parameters;
    double ms = 1e3 * weir__median(f->train.at, f->train.n);
    double bound = 1e3 * (roof->best + bytes / stream);
    if (!weir_ok(b->ctx)) return;
    weir__result step = { "p2", "train_step", &f->train, mb, 1, roof };
    json_t *extra = json_pack("{s:f, s:f, s:f}", "fma_peak_gflops", fma, "stream_gbs",
                              stream * 1e-9, "roofline_with_bytes", bound / ms);
    weir__result_print(b, &step, extra);
    if (b->json) return;
    weir__print(stdout, "   with bytes      %.3f  (%.2f GB at %.1f GB/s: %.2f ms more)\n",
                bound / ms, bytes * 1e-9, stream * 1e-9, 1e3 * bytes / stream);
    weir__print(stdout, "   registers alone %.1f GFLOP/s a core\n", fma);
}

static int p2_run(weir__bench *b)
{
    static const weir__fit_spec spec = {
        .name = "p2",
        .model = "nice",
        .options = "dim=784 levels=256 couplings=4 hidden=1000,1000,1000,1000,1000 base=logistic "
                   "scale=yes init=pytorch",
        .shards = 1,
    };
    weir__fit f = { 0 };
    weir__roof roof = { 0 };
    images all = { 0 };
    if (p2_images(b, &all)) {
        f.loader = weir_loader_from_callback(b->ctx, p2_fill, &all, DIM, "batch=256");
        if (f.loader && weir__fit_open(&f, b, &spec)) {
            for (int i = 0; i < WARM; i++) weir__fit_train(&f);
            int64_t mb = weir__rss_mb(); /* before the peers' libraries are loaded */
            p2_measure(&f, &roof);
            if (weir_ok(b->ctx)) p2_print(&f, mb, &roof);
        }
    }
    weir__fit_close(&f);
    free(all.bytes);
    return WEIR__EXIT_OK;
}

BENCH_ROW(p2, "a training step of NICE on 256 byte images of 784: 29.4 GFLOP",
          "p2 --json --seconds 0.1");
