/* p8.c - case p8 of the peers, through the public API: exact log-densities of 1,000 points of the
 * plane under a network as a continuous flow, by Dormand and Prince at 1e-5 and by 50 steps of
 * Runge and Kutta. WEIR_P8=FOLDER names where p8.safetensors lies, the peers' network and points,
 * and p8_reference.npy, their log-densities to 1e-11, from which the errors are printed; without it
 * the network is a fresh one of the same size, on points of N(0, 1). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

enum { POINTS = 1000, DIM = 2, CALLS_MAX = 100000 };

typedef struct bench_run {
    weir__bench *b;
    double x[POINTS * DIM], log_p[POINTS], reference[POINTS];
    bool known; /* the reference */
    weir_model *model;
    const char *solver;
    int64_t steps;
} bench_run;

/* -- the peers' network and points ------------------------------------------------------------- */
/* Their "2.weight" is our "net.2.weight". */
static bool p8_weights(bench_run *r, const weir__weights *w)
{
    weir_ctx *c = r->b->ctx;
    weir__weight named[16];
    weir__bytes file = { 0 };
    json_t *metadata = json_object();
    int64_t n = 0;
    for (int64_t i = 0; i < w->n && n < 16; i++) {
        if (strcmp(w->at[i].name, "x") == 0) continue;
        named[n] = w->at[i];
        snprintf(named[n++].name, sizeof named->name, "net.%.200s", w->at[i].name);
    }
    weir_load_info info = { .size = sizeof info };
    weir_module *m = weir_model_module(r->model);
    bool good = weir__safetensors_encode(c, named, n, metadata, &file) == WEIR_OK
                && weir_module_load_from_memory(m, file.data, file.size, true, &info) == WEIR_OK;
    weir__free(c, file.data);
    json_decref(metadata);
    return good;
}

static bool p8_points(bench_run *r, const weir__weight *x)
{
    float v[POINTS * DIM];
    if (!x || x->dtype != WEIR_F32 || x->bytes != sizeof v)
        return weir_fail(r->b->ctx, WEIR_ERROR_FORMAT, "bench p8: x: expected f32 [1000, 2]")
               == WEIR_OK;
    memcpy(v, x->data, sizeof v);
    for (int64_t i = 0; i < POINTS * DIM; i++) r->x[i] = v[i];
    return true;
}

static bool p8_reference(bench_run *r, const char *path)
{
    weir_ctx *c = r->b->ctx;
    weir__bytes file = { 0 };
    weir__array a = { 0 };
    bool good = weir__file_read(c, path, 1 << 20, &file) == WEIR_OK
                && weir__npy_read(c, path, file.data, file.size, &a) == WEIR_OK;
    r->known = good && a.dtype == WEIR_F64 && weir__array_numel(&a) == POINTS;
    if (r->known) memcpy(r->reference, a.data, sizeof r->reference);
    weir__array_free(c, &a);
    weir__free(c, file.data);
    return good;
}

static bool p8_of_peers(bench_run *r, const char *folder)
{
    char path[1024];
    weir__weights w = { 0 };
    snprintf(path, sizeof path, "%.1000s/p8.safetensors", folder);
    if (weir__safetensors_load(r->b->ctx, path, &w) != WEIR_OK) return false;
    bool good = p8_weights(r, &w) && p8_points(r, weir__weights_find(&w, "x"));
    weir__weights_free(r->b->ctx, &w);
    snprintf(path, sizeof path, "%.1000s/p8_reference.npy", folder);
    return good && p8_reference(r, path);
}

static bool p8_open(bench_run *r)
{
    weir_ctx *c = r->b->ctx;
    const char *folder = getenv("WEIR_P8");
    uint64_t key = weir__hash_text("bench.p8");
    r->model = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=64,64,64 net.activation=silu");
    for (int64_t i = 0; i < POINTS * DIM; i++)
        r->x[i] = weir__normal(key, (uint64_t)(i / DIM), (uint64_t)(i % DIM));
    return weir_ok(c) && (!folder || !*folder || p8_of_peers(r, folder));
}

/* -- the two solvers --------------------------------------------------------------------------- */
static void p8_score(void *user)
{
    bench_run *r = user;
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.solver = r->solver;
    o.steps = r->steps;
    o.batch = POINTS;
    if (weir_model_log_prob_into_f64(r->model, r->x, POINTS, &o, r->log_p, NULL) != WEIR_OK)
        return; /* the context says it */
}

static json_t *p8_error(const bench_run *r)
{
    double sum = 0, most = 0;
    if (!r->known) return NULL;
    for (int i = 0; i < POINTS; i++) {
        double e = fabs(r->log_p[i] - r->reference[i]);
        sum += e;
        most = fmax(most, e);
    }
    return json_pack("{s:f, s:f}", "mean_error", sum / POINTS, "largest_error", most);
}

static void p8_measure(bench_run *r, const char *op)
{
    weir__bench *b = r->b;
    weir__times times = { 0 };
    if (!weir__times_open(b, &times, CALLS_MAX)) return;
    p8_score(r);
    weir__times_of(b, &times, b->seconds, p8_score, r);
    weir__result result = { "p8", op, &times, weir__rss_mb(), 0, NULL };
    if (weir_ok(b->ctx)) weir__result_print(b, &result, p8_error(r));
    free(times.at);
}

static int p8_run(weir__bench *b)
{
    bench_run *r = calloc(1, sizeof *r);
    if (!r) {
        weir_fail(b->ctx, WEIR_ERROR_MEMORY, "bench p8: expected more free memory");
        return WEIR__EXIT_OK;
    }
    r->b = b;
    if (p8_open(r)) {
        r->solver = "dopri5 rtol=1e-5 atol=1e-5";
        p8_measure(r, "log_prob_1000_dopri5_1e-5");
        r->solver = "rk4";
        r->steps = 50;
        p8_measure(r, "log_prob_1000_rk4_50");
    }
    weir_model_free(r->model);
    free(r);
    return WEIR__EXIT_OK;
}

BENCH_ROW(p8, "exact log-densities of points of the plane under a continuous flow",
          "p8 --json --seconds 0.1");
