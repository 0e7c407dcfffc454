/* flows.c - cases p3 and p4 of the peers, through the public API: flows trained, scored and
 * sampled. p3 is ten rational-quadratic spline couplings on 43 columns, in batches of 512; p4 is
 * Glow on 32 x 32 x 3, in batches of 16 (its couplings' networks as normflows has them: no actnorm
 * within and no channel of the edge; the priors of its split layers are work that the peer has
 * not). */
#include <stdlib.h>
#include "bench.h"

enum { SHARDS = 1, WARM = 3, CALLS_MAX = 100000 };

typedef struct flow_case {
    const char *name, *model, *options, *loader;
    const char *log_prob, *sample; /* what the peers' program calls them */
    int64_t rows, dim, batch;
    bool uniform; /* data in [0, 1), else normal */
} flow_case;

typedef struct bench_run {
    weir__bench *b;
    const flow_case *of;
    float *x, *drawn; /* [rows, dim], [batch, dim] */
    double *log_p;    /* [batch] */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir__times train, score, sample;
} bench_run;

static bool flow_data(bench_run *r)
{
    const flow_case *f = r->of;
    uint64_t key = weir__hash_text(f->name);
    r->x = malloc(sizeof(float) * (size_t)(f->rows * f->dim));
    r->drawn = malloc(sizeof(float) * (size_t)(f->batch * f->dim));
    r->log_p = malloc(sizeof(double) * (size_t)f->batch);
    if (!r->x || !r->drawn || !r->log_p) {
        weir_fail(r->b->ctx, WEIR_ERROR_MEMORY, "bench %s: expected more free memory", f->name);
        return false;
    }
    for (int64_t i = 0; i < f->rows * f->dim; i++) {
        uint64_t row = (uint64_t)(i / f->dim), column = (uint64_t)(i % f->dim);
        r->x[i] = (float)(f->uniform ? weir__uniform(key, row, column)
                                     : weir__normal(key, row, column));
    }
    return true;
}

static bool flow_open(bench_run *r)
{
    const flow_case *f = r->of;
    weir_ctx *c = r->b->ctx;
    if (!flow_data(r) || !weir__times_open(r->b, &r->train, CALLS_MAX)
        || !weir__times_open(r->b, &r->score, CALLS_MAX)
        || !weir__times_open(r->b, &r->sample, CALLS_MAX))
        return false;
    r->loader = weir_loader_from_array(c, r->x, f->rows, f->dim, f->loader);
    r->model = weir_model_new(c, f->model, f->options);
    r->optim = weir_optim_new(weir_model_module(r->model), "adam", "lr=1e-3");
    return weir_ok(c);
}

static void flow_train(void *user)
{
    bench_run *r = user;
    weir_step_opts o = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    o.shards = SHARDS;
    weir_scope s = weir_scope_begin(r->b->ctx);
    weir_train_step_with(r->model, r->optim, weir_loader_next(r->loader), &o, &info);
    weir_scope_end(s);
}

/* The calls below leave an error in the context. */
static void flow_score(void *user)
{
    bench_run *r = user;
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.batch = r->of->batch;
    if (weir_model_log_prob_into(r->model, r->x, r->of->batch, &o, r->log_p, NULL) != WEIR_OK)
        return;
}

static void flow_sample(void *user)
{
    bench_run *r = user;
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0; /* the same ones every time */
    o.batch = r->of->batch;
    if (weir_model_sample_into(r->model, r->of->batch, &o, r->drawn) != WEIR_OK) return;
}

static void flow_measure(bench_run *r)
{
    weir__bench *b = r->b;
    for (int i = 0; i < WARM; i++) flow_train(r);
    weir__times_of(b, &r->train, b->seconds, flow_train, r);
    flow_score(r);
    weir__times_of(b, &r->score, b->seconds, flow_score, r);
    flow_sample(r);
    weir__times_of(b, &r->sample, b->seconds, flow_sample, r);
    int64_t mb = weir__rss_mb();
    if (!weir_ok(b->ctx)) return;
    const flow_case *f = r->of;
    weir__result_print(b, &(weir__result){ f->name, "train_step", &r->train, mb, SHARDS, NULL },
                       NULL);
    weir__result_print(b, &(weir__result){ f->name, f->log_prob, &r->score, mb, 0, NULL }, NULL);
    weir__result_print(b, &(weir__result){ f->name, f->sample, &r->sample, mb, 0, NULL }, NULL);
}

static int flow_run(weir__bench *b, const flow_case *of)
{
    bench_run r = { .b = b, .of = of };
    if (flow_open(&r)) flow_measure(&r);
    weir_optim_free(r.optim);
    weir_model_free(r.model);
    weir_loader_free(r.loader);
    free(r.x);
    free(r.drawn);
    free(r.log_p);
    free(r.train.at);
    free(r.score.at);
    free(r.sample.at);
    return WEIR__EXIT_OK;
}

/* -- the rows --------------------------------------------------------------------------------- */
static int p3_run(weir__bench *b)
{
    return flow_run(
        b, &(flow_case){
               .name = "p3",
               .model = "nsf",
               .options = "dim=43 layers=10 mix=none bins=8 bound=3 net.width=128 net.blocks=2",
               .loader = "batch=512",
               .log_prob = "log_prob_512",
               .sample = "sample_512",
               .rows = 30000,
               .dim = 43,
               .batch = 512,
           });
}

static int p4_run(weir__bench *b)
{
    return flow_run(
        b, &(flow_case){
               .name = "p4",
               .model = "glow",
               .options = "shape=3,32,32 scales=3 depth=8 net.width=128 net.norm=none net.edge=no",
               .loader = "batch=16",
               .log_prob = "log_prob_16",
               .sample = "sample_16",
               .rows = 64,
               .dim = 3 * 32 * 32,
               .batch = 16,
               .uniform = true,
           });
}

#define FLOW_ROW(id, what) \
    const weir__bench_row weir__bench_##id = {                                                     \
        .row = {                                                                                   \
            .size = sizeof(weir__bench_row),                                                       \
            .version = 1,                                                                          \
            .name = "bench." #id,                                                                  \
            .doc = what,                                                                           \
            .test = #id " --json --seconds 0.1",                                                   \
        },                                                                                         \
        .run = id##_run,                                                                           \
    }
FLOW_ROW(p3, "a spline coupling flow on 43 columns: a training step, log p and samples of 512");
FLOW_ROW(p4, "Glow on 32 x 32 x 3: a training step, log p and samples of 16");
