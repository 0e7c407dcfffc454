/* bench_p1.c - case p1 of the peers, through the public API: a small rectified flow, where the cost of a step is mostly not arithmetic. */
#include <stdlib.h>
#include "cli/cli.h"

enum { ROWS = 100000, DIM = 2, BATCH = 256, SAMPLES = 1000, EULER_STEPS = 100, WARM = 50, CALLS_MAX = 1000000 };

typedef struct bench_run {
    weir__bench *b;
    float *x; /* [ROWS, DIM] */
    weir_loader *loader;
    weir_module *net;
    weir_optim *optim;
    double *times;
    int64_t n;
} bench_run;

static bool open_run(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    uint64_t key = weir__hash_text("bench.p1");
    r->x = malloc(sizeof(float) * ROWS * DIM);
    r->times = malloc(sizeof(double) * CALLS_MAX);
    if (!r->x || !r->times) return weir_fail(c, WEIR_ERROR_MEMORY, "bench p1: expected more free memory"), false;
    for (int64_t i = 0; i < ROWS * DIM; i++) r->x[i] = (float)weir__normal(key, (uint64_t)(i / DIM), (uint64_t)(i % DIM));
    r->loader = weir_loader_from_array(c, r->x, ROWS, DIM, "batch=256");
    r->net = weir_module_new(c, "mlp", "in=3 out=2 hidden=64,64,64 activation=silu");
    r->optim = weir_optim_new(r->net, "adam", "lr=1e-3");
    return weir_ok(c);
}

static void step(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_batch_x(weir_loader_next(r->loader));
    weir_tensor *e = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ BATCH, DIM }), *t = weir_rand(c, WEIR_F32, 2, (const int64_t[]){ BATCH, 1 });
    weir_tensor *v = weir_sub(e, x);
    weir_tensor *xt = weir_add(x, weir_mul(t, v));
    weir_tensor *y = weir_module_forward(r->net, weir_cat(2, (weir_tensor *[]){ xt, t }, 1));
    weir_backward(weir_mean(weir_square(weir_sub(y, v))));
    weir_optim_step(r->optim);
    weir_optim_zero_grad(r->optim);
    weir_scope_end(s);
}

static int run(weir__bench *b)
{
    bench_run r = { .b = b };
    if (open_run(&r)) {
        for (int i = 0; i < WARM; i++) step(&r);
        for (double end = weir__seconds() + b->seconds; weir_ok(b->ctx) && r.n < CALLS_MAX && weir__seconds() < end;) {
            double t = weir__seconds();
            step(&r);
            r.times[r.n++] = weir__seconds() - t;
        }
        if (weir_ok(b->ctx)) printf("p1 train_step %.4f ms\n", 1e3 * weir__median(r.times, r.n));
    }
    weir_optim_free(r.optim);
    weir_module_free(r.net);
    weir_loader_free(r.loader);
    free(r.x);
    free(r.times);
    return WEIR__EXIT_OK;
}

const weir__bench_row weir__bench_p1 = {
    .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench.p1", .doc = "a training step, and sampling, of a small rectified flow on points in the plane",
             .test = "bench p1 --json --seconds 0.1" },
    .run = run,
};
