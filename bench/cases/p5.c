/* p5.c - case p5 of the peers, through the public API: a U-Net on pictures of 3 x 32 x 32, channels
 * 64, 128, 128, two blocks a level and attention at 16 x 16 with heads of 64 channels, in batches
 * of 16: a training step on the rectified-flow loss, and sampling by 20 steps of Euler. */
#include <stdlib.h>
#include "bench.h"

enum { ROWS = 256, DIM = 3 * 32 * 32, BATCH = 16, EULER_STEPS = 20, WARM = 2, CALLS_MAX = 10000 };

typedef struct bench_run {
    weir__bench *b;
    float *x, *drawn; /* [ROWS, DIM], [BATCH, DIM] */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir__times train, sample;
} bench_run;

static bool p5_data(bench_run *r)
{
    uint64_t key = weir__hash_text("bench.p5");
    r->x = malloc(sizeof(float) * ROWS * DIM);
    r->drawn = malloc(sizeof(float) * BATCH * DIM);
    if (!r->x || !r->drawn) {
        weir_fail(r->b->ctx, WEIR_ERROR_MEMORY, "bench p5: expected more free memory");
        return false;
    }
    for (int64_t i = 0; i < ROWS * DIM; i++)
        r->x[i] = (float)weir__normal(key, (uint64_t)(i / DIM), (uint64_t)(i % DIM));
    return true;
}

static bool p5_open(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    if (!p5_data(r) || !weir__times_open(r->b, &r->train, CALLS_MAX)
        || !weir__times_open(r->b, &r->sample, CALLS_MAX))
        return false;
    r->loader = weir_loader_from_array(c, r->x, ROWS, DIM, "batch=16");
    r->model = weir_model_new(c, "rectified-flow",
                              "shape=3,32,32 net=unet net.channels=64,128,128 net.blocks=2 "
                              "net.attention=16 net.head=64 net.groups=32");
    r->optim = weir_optim_new(weir_model_module(r->model), "adam", "lr=1e-3");
    return weir_ok(c);
}

static void p5_train(void *user)
{
    bench_run *r = user;
    weir_step_opts o = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    o.shards = 1;
    weir_scope s = weir_scope_begin(r->b->ctx);
    weir_train_step_with(r->model, r->optim, weir_loader_next(r->loader), &o, &info);
    weir_scope_end(s);
}

static void p5_sample(void *user)
{
    bench_run *r = user;
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0; /* the same ones every time */
    o.solver = "euler";
    o.steps = EULER_STEPS;
    o.batch = BATCH;
    if (weir_model_sample_into(r->model, BATCH, &o, r->drawn) != WEIR_OK) return;
}

static void p5_measure(bench_run *r)
{
    weir__bench *b = r->b;
    json_int_t parameters = (json_int_t)weir_module_parameter_numel(weir_model_module(r->model));
    for (int i = 0; i < WARM; i++) p5_train(r);
    weir__times_of(b, &r->train, b->seconds, p5_train, r);
    p5_sample(r);
    weir__times_of(b, &r->sample, b->seconds, p5_sample, r);
    int64_t mb = weir__rss_mb();
    if (!weir_ok(b->ctx)) return;
    weir__result_print(b, &(weir__result){ "p5", "train_step", &r->train, mb, 1, NULL },
                       json_pack("{s:I}", "parameters", parameters));
    weir__result_print(b, &(weir__result){ "p5", "sample_16_euler20", &r->sample, mb, 0, NULL },
                       json_pack("{s:I}", "parameters", parameters));
}

static int p5_run(weir__bench *b)
{
    bench_run r = { .b = b };
    if (p5_open(&r)) p5_measure(&r);
    weir_optim_free(r.optim);
    weir_model_free(r.model);
    weir_loader_free(r.loader);
    free(r.x);
    free(r.drawn);
    free(r.train.at);
    free(r.sample.at);
    return WEIR__EXIT_OK;
}

const weir__bench_row weir__bench_p5 = {
    .row = {
        .size = sizeof(weir__bench_row),
        .version = 1,
        .name = "bench.p5",
        .doc = "a training step, and sampling, of a U-Net on pictures of 32 x 32",
        .test = "p5 --json --seconds 0.1",
    },
    .run = p5_run,
};
