/* conv.c - convolutions of a U-Net's sizes: forward and both gradients, over the multiply-adds that a core can do on registers alone. */
#include "bench.h"

typedef struct size { int64_t n, c, o, places, kernel; } size;
static const size sizes[] = { { 16, 64, 64, 32, 3 },  { 16, 192, 64, 32, 3 }, { 16, 128, 128, 16, 3 }, { 16, 128, 128, 8, 3 },
                              { 16, 256, 256, 8, 3 }, { 16, 128, 128, 16, 1 }, { 16, 3, 64, 32, 3 },    { 16, 64, 3, 32, 3 }, { 1, 64, 64, 32, 3 } };
static const char *const passes[] = { "forward", "input", "weight" };
enum { PASSES = 3, TIMES_MAX = 2000 };

typedef struct work { weir_tensor *x, *w, *g; const size *s; weir_conv2d_opts o; } work;

static void call(const work *k, int pass)
{
    weir_scope s = weir_scope_begin_no_grad(weir_ctx_of(k->x));
    if (pass == 0) weir_conv2d(k->x, k->w, NULL, &k->o);
    else if (pass == 1) weir_conv2d_input(k->g, k->w, k->s->places, k->s->places, &k->o);
    else weir_conv2d_weight(k->x, k->g, (const int64_t[]){ k->s->kernel, k->s->kernel }, &k->o);
    weir_scope_end(s);
}

/* Calls for about `seconds`; returns how many, with their times. */
static int64_t measure(const work *k, int pass, double seconds, double *times)
{
    int64_t n = 0;
    weir_ctx *c = weir_ctx_of(k->x);
    call(k, pass);
    for (double end = weir__seconds() + seconds; weir_ok(c) && n < TIMES_MAX && (n < 3 || weir__seconds() < end); n++) {
        double t = weir__seconds();
        call(k, pass);
        times[n] = weir__seconds() - t;
    }
    return n;
}

static void print(const weir__bench *b, const size *s, int pass, double *times, int64_t n, double peak)
{
    double gflop = 2e-9 * (double)(s->n * s->c * s->o * s->places * s->places * s->kernel * s->kernel), seconds = weir__median(times, n);
    char name[96];
    snprintf(name, sizeof name, "conv_%s_n%lld_%lldto%lld_%lldx%lld_k%lld", passes[pass], (long long)s->n, (long long)s->c, (long long)s->o, (long long)s->places,
             (long long)s->places, (long long)s->kernel);
    if (!b->json) {
        weir__print(stdout, "%-38s %6.1f GFLOP/s, best %6.1f: %3.0f %% of what %d core%s could\n", name, gflop / seconds, gflop / times[0], 100 * gflop / times[0] / peak / b->threads,
               b->threads, b->threads > 1 ? "s" : "");
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I, s:f, s:f}", "case", "conv", "op", name, "ms", 1e3 * seconds, "min_ms", 1e3 * times[0], "threads", b->threads, "calls",
                          (json_int_t)n, "rss_mb", (json_int_t)weir__rss_mb(), "gflops", gflop / seconds, "fma_peak_gflops", peak);
    weir__json_print(o, false);
    json_decref(o);
}

static int run(weir__bench *b)
{
    static double times[TIMES_MAX];
    weir_ctx *c = b->ctx;
    double peak = c->kern->fma_peak[WEIR__F32](0.05);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && weir_ok(c); i++) {
        const size *s = &sizes[i];
        weir_scope scope = weir_scope_begin(c);
        const int64_t x[] = { s->n, s->c, s->places, s->places }, w[] = { s->o, s->c, s->kernel, s->kernel }, g[] = { s->n, s->o, s->places, s->places };
        work k = { weir_channels_last(weir_randn(c, WEIR_F32, 4, x)), weir_randn(c, WEIR_F32, 4, w), weir_channels_last(weir_randn(c, WEIR_F32, 4, g)), s, weir_conv2d_defaults() };
        k.o.padding[0] = k.o.padding[1] = s->kernel / 2;
        for (int pass = 0; pass < PASSES; pass++) {
            int64_t n = measure(&k, pass, b->seconds / 6, times);
            if (weir_ok(c)) print(b, s, pass, times, n, peak);
        }
        weir_scope_end(scope);
    }
    return weir_ok(c) ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}

const weir__bench_row weir__bench_conv = {
    .row = { .size = sizeof(weir__bench_row), .version = 1, .name = "bench.conv", .doc = "convolutions of a U-Net's sizes, over the multiply-adds of the same run",
             .test = "conv --json --seconds 0.05" },
    .run = run,
};
