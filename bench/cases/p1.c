/* p1.c - case p1 of the peers, through the public API: a small rectified flow, trained and sampled,
 * where the cost is mostly not arithmetic; and the same at other widths and an odd batch, for
 * nothing may be special to one network. */
#include "fit.h"

enum { DIM = 2, SHARDS = 2, SAMPLES = 1000, EULER_STEPS = 100, WARM = 50, PRODUCTS = 10 };

typedef struct size {
    const char *name;
    int64_t width, batch;
} size;

/* The products of `times` passes of n samples; forward alone, or with both gradients */
static int p1_products(const size *z, int64_t n, int64_t times, bool backward, weir__product *q)
{
    int64_t w = z->width;
    const struct {
        int64_t in, out, count;
    } layers[] = { { DIM + 1, w, 1 }, { w, w, 2 }, { w, DIM, 1 } };
    int products = 0;
    for (int i = 0; i < 3; i++) {
        int64_t in = layers[i].in, out = layers[i].out, count = times * layers[i].count;
        q[products++] = (weir__product){ PEERS_NT, n, out, in, count }; /* y = x W^T */
        if (!backward) continue;
        if (i > 0) q[products++] = (weir__product){ PEERS_NN, n, in, out, count }; /* dx = dy W */
        q[products++] = (weir__product){ PEERS_TN, out, in, n, count }; /* dW = dy^T x */
    }
    return products;
}

static void p1_roof(const weir__bench *b, const peers *p, const weir__product *q, int n,
                    weir__roof *roof)
{
    for (int i = 0; i < n; i++)
        if (!weir__roof_add(b, p, &q[i], b->seconds / 4 / PRODUCTS, roof)) return;
}

static void p1_print(weir__fit *f, const size *z, int64_t mb, const weir__roof roof[2])
{
    weir__result train = { z->name, "train_step", &f->train, mb, SHARDS, &roof[0] };
    weir__result sample = {
        z->name, "sample_1000_euler100", &f->sample, mb, 0, &roof[1],
    };
    json_int_t width = (json_int_t)z->width, batch = (json_int_t)z->batch;
    weir__result_print(f->b, &train, json_pack("{s:I, s:I}", "width", width, "batch", batch));
    weir__result_print(f->b, &sample, json_pack("{s:I}", "width", width));
}

/* Memory is read before the peers' libraries are loaded: it is ours alone. */
static void p1_measure(weir__fit *f, const size *z)
{
    weir__bench *b = f->b;
    weir__roof roof[2] = { 0 };
    weir__product q[PRODUCTS];
    peers p;
    for (int i = 0; i < WARM; i++) weir__fit_train(f);
    weir__times_of(b, &f->train, b->seconds, weir__fit_train, f);
    weir__fit_sample(f);
    weir__times_of(b, &f->sample, b->seconds, weir__fit_sample, f);
    int64_t mb = weir__rss_mb();
    peers_open(&p);
    p1_roof(b, &p, q, p1_products(z, z->batch, 1, true, q), &roof[0]);
    p1_roof(b, &p, q, p1_products(z, SAMPLES, EULER_STEPS, false, q), &roof[1]);
    peers_close(&p);
    if (weir_ok(b->ctx)) p1_print(f, z, mb, roof);
}

static int p1_of(weir__bench *b, const size *z)
{
    char options[80], loader[40];
    long long w = (long long)z->width;
    snprintf(options, sizeof options, "dim=2 net.hidden=%lld,%lld,%lld net.activation=silu", w, w,
             w);
    snprintf(loader, sizeof loader, "batch=%lld", (long long)z->batch);
    weir__fit_spec spec = {
        .name = "p1",
        .model = "rectified-flow",
        .options = options,
        .loader = loader,
        .rows = 100000,
        .dim = DIM,
        .draws = SAMPLES,
        .solver = "euler",
        .steps = EULER_STEPS,
        .shards = SHARDS,
    };
    weir__fit f = { 0 };
    if (weir__fit_open(&f, b, &spec)) p1_measure(&f, z);
    weir__fit_close(&f);
    return WEIR__EXIT_OK;
}

#define SIZE(id, width, batch, what) \
    static int id##_run(weir__bench *b) { return p1_of(b, &(size){ #id, width, batch }); } \
    BENCH_ROW(id, what, #id " --json --seconds 0.1")
SIZE(p1, 64, 256,
     "a training step, and sampling, of a small rectified flow on points in the plane");
SIZE(p1_48, 48, 251, "p1 with layers of 48 and a batch of 251");
SIZE(p1_96, 96, 256, "p1 with layers of 96");
SIZE(p1_200, 200, 333, "p1 with layers of 200 and a batch of 333");
