/* p1.c - case p1 of the peers, through the public API: a small rectified flow, trained and sampled, where the cost is mostly not
 * arithmetic; and the same at other widths and an odd batch, for nothing may be special to one network. */
#include <stdlib.h>
#include "bench.h"

enum { ROWS = 100000, DIM = 2, SHARDS = 2, SAMPLES = 1000, EULER_STEPS = 100, WARM = 50, CALLS_MAX = 1000000, PRODUCTS = 10 };

typedef struct size { const char *name; int64_t width, batch; } size;

typedef struct bench_run {
    weir__bench *b;
    const size *of;
    float *x, *drawn; /* [ROWS, DIM], [SAMPLES, DIM] */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir__times train, sample;
    int64_t rss_mb;
} bench_run;

static bool open_run(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    char options[80];
    uint64_t key = weir__hash_text("bench.p1");
    r->x = malloc(sizeof(float) * ROWS * DIM);
    r->drawn = malloc(sizeof(float) * SAMPLES * DIM);
    if (!r->x || !r->drawn) return weir_fail(c, WEIR_ERROR_MEMORY, "bench p1: expected more free memory"), false;
    if (!weir__times_open(r->b, &r->train, CALLS_MAX) || !weir__times_open(r->b, &r->sample, CALLS_MAX)) return false;
    for (int64_t i = 0; i < ROWS * DIM; i++) r->x[i] = (float)weir__normal(key, (uint64_t)(i / DIM), (uint64_t)(i % DIM));
    snprintf(options, sizeof options, "batch=%lld", (long long)r->of->batch);
    r->loader = weir_loader_from_array(c, r->x, ROWS, DIM, options);
    snprintf(options, sizeof options, "dim=2 net.hidden=%lld,%lld,%lld net.activation=silu", (long long)r->of->width, (long long)r->of->width, (long long)r->of->width);
    r->model = weir_model_new(c, "rectified-flow", options);
    r->optim = weir_optim_new(weir_model_module(r->model), "adam", "lr=1e-3");
    return weir_ok(c);
}

static void train(void *user)
{
    bench_run *r = user;
    weir_step_opts o = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    o.shards = SHARDS;
    weir_scope s = weir_scope_begin(r->b->ctx);
    weir_train_step_with(r->model, r->optim, weir_loader_next(r->loader), &o, &info);
    weir_scope_end(s);
}

static void sample(void *user)
{
    bench_run *r = user;
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0; /* the same ones every time */
    o.solver = "euler", o.steps = EULER_STEPS, o.batch = SAMPLES;
    if (weir_model_sample_into(r->model, SAMPLES, &o, r->drawn) != WEIR_OK) return; /* the context says it */
}

/* The products of `times` passes of `rows` rows; forward alone, or with both gradients */
static int products_of(const size *of, int64_t rows, int64_t times, bool backward, weir__product *q)
{
    int64_t w = of->width, widths[5] = { DIM + 1, w, w, w, DIM };
    int n = 0;
    for (int i = 0; i < 4; i++) {
        int64_t in = widths[i], out = widths[i + 1];
        if (i == 2) continue; /* as the one before */
        int64_t count = times * (i == 1 ? 2 : 1);
        q[n++] = (weir__product){ PEERS_NT, rows, out, in, count };               /* y = x W^T */
        if (backward && i > 0) q[n++] = (weir__product){ PEERS_NN, rows, in, out, count }; /* dx = dy W */
        if (backward) q[n++] = (weir__product){ PEERS_TN, out, in, rows, count }; /* dW = dy^T x */
    }
    return n;
}

static void measure_roof(bench_run *r, const peers *p, int64_t rows, int64_t times, bool backward, weir__roof *roof)
{
    weir__product q[PRODUCTS];
    int n = products_of(r->of, rows, times, backward, q);
    for (int i = 0; i < n; i++)
        if (!weir__roof_add(r->b, p, &q[i], r->b->seconds / 4 / PRODUCTS, roof)) return;
}

/* Memory is read before the peers' libraries are loaded: it is ours alone. */
static void measure(bench_run *r)
{
    weir__bench *b = r->b;
    weir__roof roof[2] = { 0 };
    peers p;
    for (int i = 0; i < WARM; i++) train(r);
    weir__times_of(b, &r->train, b->seconds, train, r);
    sample(r);
    weir__times_of(b, &r->sample, b->seconds, sample, r);
    r->rss_mb = weir__rss_mb();
    peers_open(&p);
    measure_roof(r, &p, r->of->batch, 1, true, &roof[0]);
    measure_roof(r, &p, SAMPLES, EULER_STEPS, false, &roof[1]);
    peers_close(&p);
    if (!weir_ok(b->ctx)) return;
    weir__result_print(b, &(weir__result){ r->of->name, "train_step", &r->train, r->rss_mb, SHARDS, &roof[0] }, json_pack("{s:I, s:I}", "width", (json_int_t)r->of->width, "batch", (json_int_t)r->of->batch));
    weir__result_print(b, &(weir__result){ r->of->name, "sample_1000_euler100", &r->sample, r->rss_mb, 0, &roof[1] }, json_pack("{s:I}", "width", (json_int_t)r->of->width));
}

static int run(weir__bench *b, const size *of)
{
    bench_run r = { .b = b, .of = of };
    if (open_run(&r)) measure(&r);
    weir_optim_free(r.optim);
    weir_model_free(r.model);
    weir_loader_free(r.loader);
    free(r.x), free(r.drawn), free(r.train.at), free(r.sample.at);
    return WEIR__EXIT_OK;
}

#define SIZE(id, width, batch, what) \
    static int run_##id(weir__bench *b) { return run(b, &(size){ #id, width, batch }); } \
    const weir__bench_row weir__bench_##id = { \
        .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench." #id, .doc = what, .test = #id " --json --seconds 0.1" }, \
        .run = run_##id, \
    };
SIZE(p1, 64, 256, "a training step, and sampling, of a small rectified flow on points in the plane")
SIZE(p1_48, 48, 251, "p1 with layers of 48 and a batch of 251")
SIZE(p1_96, 96, 256, "p1 with layers of 96")
SIZE(p1_200, 200, 333, "p1 with layers of 200 and a batch of 333")
