/* elementwise.c - elementwise ops and sums through the public API beside plain loops of this file,
 * which is compiled at -O2. Rounds of the two take turns; a ratio is the loop's median time over
 * ours. On a few numbers the call is what is paid for. */
#include <math.h>
#include <stdlib.h>
#include "bench.h"

enum { ROUNDS_MAX = 2000 };
#define NAIVE static __attribute__((noinline)) void

typedef struct arrays {
    int64_t n;
    const float *a, *b;
    float *y;
} arrays;

NAIVE naive_add(const arrays *k)
{
    for (int64_t i = 0; i < k->n; i++) k->y[i] = k->a[i] + k->b[i];
}

NAIVE naive_exp(const arrays *k)
{
    for (int64_t i = 0; i < k->n; i++) k->y[i] = expf(k->a[i]);
}

NAIVE naive_sum(const arrays *k)
{
    float sum = 0;
    for (int64_t i = 0; i < k->n; i++) sum += k->a[i];
    k->y[0] = sum;
}

NAIVE naive_chain(const arrays *k) /* one pass where the ops below make four */
{
    float sum = 0;
    for (int64_t i = 0; i < k->n; i++) {
        float d = k->a[i] - k->b[i];
        sum += expf(-d * d);
    }
    k->y[0] = sum;
}

static weir_tensor *ours_add(weir_tensor *a, weir_tensor *b) { return weir_add(a, b); }

static weir_tensor *ours_exp(weir_tensor *a, weir_tensor *b)
{
    (void)b;
    return weir_exp(a);
}

static weir_tensor *ours_sum(weir_tensor *a, weir_tensor *b)
{
    (void)b;
    return weir_sum(a);
}

static weir_tensor *ours_chain(weir_tensor *a, weir_tensor *b)
{
    return weir_sum(weir_exp(weir_neg(weir_square(weir_sub(a, b)))));
}

typedef struct pair {
    const char *name;
    weir_tensor *(*ours)(weir_tensor *, weir_tensor *);
    void (*naive)(const arrays *);
} pair;
static const pair pairs[] = {
    { "add", ours_add, naive_add },
    { "exp", ours_exp, naive_exp },
    { "sum", ours_sum, naive_sum },
    { "sum_exp_neg_square_sub", ours_chain, naive_chain },
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

typedef struct work {
    weir_ctx *c;
    weir_tensor *a, *b;
    arrays loop;
    int64_t calls;
    double ours[ROUNDS_MAX], naive[ROUNDS_MAX];
} work;

static double time_ours(work *w, const pair *p)
{
    double t = weir__seconds();
    for (int64_t i = 0; i < w->calls; i++) {
        weir_scope s = weir_scope_begin(w->c);
        p->ours(w->a, w->b);
        weir_scope_end(s);
    }
    return (weir__seconds() - t) / (double)w->calls;
}

static double time_naive(work *w, const pair *p)
{
    double t = weir__seconds();
    for (int64_t i = 0; i < w->calls; i++) p->naive(&w->loop);
    return (weir__seconds() - t) / (double)w->calls;
}

static void pair_print(const weir__bench *b, const char *name, int64_t n, double ours, double naive)
{
    if (!b->json) {
        weir__print(stdout, "%-24s %8lld numbers  %11.1f ns  loop %11.1f ns  ratio %6.2f\n", name,
                    (long long)n, 1e9 * ours, 1e9 * naive, naive / ours);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:I, s:f, s:f, s:f, s:i}", "case", "elementwise", "op", name,
                          "n", (json_int_t)n, "ms", 1e3 * ours, "loop_ms", 1e3 * naive, "ratio",
                          naive / ours, "threads", b->threads);
    weir__json_print(o, false);
    json_decref(o);
}

static void pair_measure(weir__bench *b, work *w, const pair *p)
{
    int64_t n = 0;
    time_ours(w, p);
    time_naive(w, p);
    double end = weir__seconds() + b->seconds / 4;
    while (weir_ok(b->ctx) && n < ROUNDS_MAX && (n < 3 || weir__seconds() < end)) {
        w->ours[n] = time_ours(w, p);
        w->naive[n++] = time_naive(w, p);
    }
    if (!weir_ok(b->ctx)) return;
    pair_print(b, p->name, w->loop.n, weir__median(w->ours, n), weir__median(w->naive, n));
}

static int elementwise_run(weir__bench *b)
{
    static work w;
    const int64_t sizes[] = { 8, 1000, 1000000 };
    weir_scope s = weir_scope_begin_no_grad(b->ctx);
    for (int i = 0; i < 3 && weir_ok(b->ctx); i++) {
        weir_tensor *y = weir_empty(b->ctx, WEIR_F32, 1, &sizes[i]);
        w.c = b->ctx;
        w.a = weir_randn(b->ctx, WEIR_F32, 1, &sizes[i]);
        w.b = weir_randn(b->ctx, WEIR_F32, 1, &sizes[i]);
        w.loop = (arrays){ sizes[i], weir_data(w.a), weir_data(w.b), weir_data_mut(y) };
        w.calls = 1
                  + 8000 / sizes[i]; /* short rounds: on a busy machine few of them are cut into */
        for (int k = 0; k < PAIRS && weir_ok(b->ctx); k++) pair_measure(b, &w, &pairs[k]);
    }
    weir_scope_end(s);
    return weir_ok(b->ctx) ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}

BENCH_ROW(elementwise, "elementwise ops and sums beside plain loops",
          "elementwise --json --seconds 0.05");
