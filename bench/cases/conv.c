/* conv.c - convolutions of a U-Net's sizes: forward and both gradients, over the multiply-adds that
 * a core can do on registers alone. All that the definition has count, so where minimal filtering
 * makes 4 of 9 the share may be above 100 %. */
#include "bench.h"

typedef struct size {
    int64_t n, c, o, places, kernel;
} size;
static const size sizes[] = {
    { 16, 64, 64, 32, 3 },  { 16, 192, 64, 32, 3 }, { 16, 128, 128, 16, 3 },
    { 16, 128, 128, 8, 3 }, { 16, 256, 256, 8, 3 }, { 16, 128, 128, 16, 1 },
    { 16, 3, 64, 32, 3 },   { 16, 64, 3, 32, 3 },   { 1, 64, 64, 32, 3 },
    { 16, 128, 12, 16, 3 }, { 1, 512, 512, 4, 3 },
};
static const char *const passes[] = { "forward", "input", "weight" };
enum { PASSES = 3, TIMES_MAX = 2000 };

typedef struct work {
    weir_tensor *x, *w, *g;
    const size *s;
    weir_conv2d_opts o;
} work;

static void conv_call(const work *k, int pass)
{
    const int64_t kernel[] = { k->s->kernel, k->s->kernel };
    weir_scope s = weir_scope_begin_no_grad(weir_ctx_of(k->x));
    if (pass == 0) weir_conv2d(k->x, k->w, NULL, &k->o);
    else if (pass == 1) weir_conv2d_input(k->g, k->w, k->s->places, k->s->places, &k->o);
    else weir_conv2d_weight(k->x, k->g, kernel, &k->o);
    weir_scope_end(s);
}

/* Calls for about `seconds`; returns how many, with their times. */
static int64_t conv_times(const work *k, int pass, double seconds, double *times)
{
    int64_t n = 0;
    weir_ctx *c = weir_ctx_of(k->x);
    conv_call(k, pass);
    double end = weir__seconds() + seconds;
    while (weir_ok(c) && n < TIMES_MAX && (n < 3 || weir__seconds() < end)) {
        double t = weir__seconds();
        conv_call(k, pass);
        times[n++] = weir__seconds() - t;
    }
    return n;
}

static void conv_print(const weir__bench *b, const size *s, int pass, double *times, int64_t n,
                       double peak)
{
    int64_t products = s->n * s->c * s->o * s->places * s->places * s->kernel * s->kernel;
    double gflop = 2e-9 * (double)products, seconds = weir__median(times, n);
    char name[96];
    snprintf(name, sizeof name, "conv_%s_n%lld_%lldto%lld_%lldx%lld_k%lld", passes[pass],
             (long long)s->n, (long long)s->c, (long long)s->o, (long long)s->places,
             (long long)s->places, (long long)s->kernel);
    if (!b->json) {
        weir__print(stdout, "%-38s %6.1f GFLOP/s, best %6.1f: %3.0f %% of the peak of %d threads\n",
                    name, gflop / seconds, gflop / times[0],
                    100 * gflop / times[0] / peak / b->threads, b->threads);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I, s:f, s:f}", "case", "conv", "op",
                          name, "ms", 1e3 * seconds, "min_ms", 1e3 * times[0], "threads",
                          b->threads, "calls", (json_int_t)n, "rss_mb", (json_int_t)weir__rss_mb(),
                          "gflops", gflop / seconds, "fma_peak_gflops", peak);
    weir__json_print(o, false);
    json_decref(o);
}

static work conv_work(weir_ctx *c, const size *s)
{
    const int64_t x[] = { s->n, s->c, s->places, s->places };
    const int64_t w[] = { s->o, s->c, s->kernel, s->kernel };
    const int64_t g[] = { s->n, s->o, s->places, s->places };
    work k = {
        .x = weir_channels_last(weir_randn(c, WEIR_F32, 4, x)),
        .w = weir_randn(c, WEIR_F32, 4, w),
        .g = weir_channels_last(weir_randn(c, WEIR_F32, 4, g)),
        .s = s,
        .o = weir_conv2d_defaults(),
    };
    k.o.padding[0] = k.o.padding[1] = s->kernel / 2;
    return k;
}

static int conv_run(weir__bench *b)
{
    static double times[TIMES_MAX];
    weir_ctx *c = b->ctx;
    double peak = c->kern->fma_peak[WEIR__F32](0.05);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes && weir_ok(c); i++) {
        weir_scope scope = weir_scope_begin(c);
        work k = conv_work(c, &sizes[i]);
        for (int pass = 0; pass < PASSES; pass++) {
            int64_t n = conv_times(&k, pass, b->seconds / 6, times);
            if (weir_ok(c)) conv_print(b, &sizes[i], pass, times, n, peak);
        }
        weir_scope_end(scope);
    }
    return weir_ok(c) ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}

BENCH_ROW(conv, "convolutions of a U-Net's sizes, over the multiply-adds of the same run",
          "conv --json --seconds 0.05");
