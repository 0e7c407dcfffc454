/* lines.c - see lines.h. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lines.h"

enum { TIMES = 2000 };

typedef struct work {
    weir__bench *b;
    const weir__line *line;
    int n, leaves;
    weir_tensor *x[LINE_INPUTS], *leaf[LINE_INPUTS], *g; /* leaf: those that want a gradient */
} work;

static double now(const weir__bench *b)
{
    struct timespec t;
    if (b->threads > 1) return weir__seconds();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* -- inputs ------------------------------------------------------------------------------------ */
static weir_tensor *indices(weir_ctx *c, int64_t n)
{
    weir_tensor *x = weir_empty(c, WEIR_I64, 1, &n);
    int64_t *at = x ? weir_data_mut(x) : NULL;
    for (int64_t i = 0; at && i < n; i++) at[i] = n - 1 - i;
    return x;
}

/* The input that `text` begins with */
static weir_tensor *input(weir_ctx *c, const weir__line *k, const char *text)
{
    int64_t shape[WEIR_RANK_MAX];
    int rank = 0;
    char kind = *text >= 'a' ? *text++ : ' ';
    for (char *end; *text && *text != ' ' && rank < WEIR_RANK_MAX; text = end + (*end == ','))
        shape[rank++] = strtoll(text, &end, 10);
    if (kind == 'i') return indices(c, shape[0]);
    weir_tensor *x = weir_randn(c, WEIR_F32, rank, shape);
    if (kind == 'v') return weir_affine(weir_square(x), 1, 1);
    if (kind == 'b') return weir_gt(x, weir_scalar(c, WEIR_F32, 0));
    if (kind == 'h') return weir_cast(x, WEIR_BF16);
    if (kind == 'g') return weir_cast(x, WEIR_F16);
    if (rank == 4 && k->last) x = weir_channels_last(x);
    return kind == 'n' ? x : weir_set_requires_grad(x, k->train);
}

static void inputs(work *w)
{
    weir_ctx *c = w->b->ctx;
    const char *text = w->line->shapes;
    for (w->n = 0; text && w->n < LINE_INPUTS; text = strchr(text, ' ')) {
        text += *text == ' ';
        w->x[w->n++] = input(c, w->line, text);
    }
    for (int i = 0; i < w->n; i++)
        if (weir_requires_grad(w->x[i])) w->leaf[w->leaves++] = w->x[i];
    if (!w->line->train) return;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *y = w->line->call(w->x);
    int64_t shape[WEIR_RANK_MAX];
    int rank = weir_ndim(y);
    for (int i = 0; i < rank; i++) shape[i] = weir_dim(y, i);
    weir_scope_end(s);
    w->g = weir_randn(c, WEIR_F32, rank, shape);
    if (rank == 4 && w->line->last) w->g = weir_channels_last(w->g);
}

/* -- times ------------------------------------------------------------------------------------- */
static void once(work *w)
{
    weir_ctx *c = w->b->ctx;
    weir_scope s = w->line->train ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
    weir_tensor *y = w->line->call(w->x);
    weir_tensor *d[LINE_INPUTS], *g = w->g;
    if (w->line->train) weir_grad(1, &y, w->leaves, w->leaf, &g, false, false, d);
    weir_scope_end(s);
}

static void print(const weir__bench *b, const char *name, const weir__line *k, double *t, int64_t n)
{
    double ms = 1e3 * weir__median(t, n);
    if (!b->json) {
        weir__print(stdout, "%-8s %-44s %10.4f ms median, %10.4f least\n", name, k->op, ms,
                    1e3 * t[0]);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:I, s:I}", "case", name, "op", k->op, "ms",
                          ms, "min_ms", 1e3 * t[0], "threads", b->threads, "calls", (json_int_t)n,
                          "rss_mb", (json_int_t)weir__rss_mb());
    weir__json_print(o, false);
    json_decref(o);
}

static void measure(weir__bench *b, const char *name, const weir__line *k)
{
    static double times[TIMES];
    weir_scope s = weir_scope_begin(b->ctx);
    work w = { .b = b, .line = k };
    int64_t n = 0;
    inputs(&w);
    once(&w);
    once(&w);
    double end = weir__seconds() + b->seconds / 4;
    while (weir_ok(b->ctx) && n < TIMES && (n < 3 || weir__seconds() < end)) {
        double t = now(b);
        once(&w);
        times[n++] = now(b) - t;
    }
    if (weir_ok(b->ctx)) print(b, name, k, times, n);
    weir_scope_end(s);
}

int weir__lines_run(weir__bench *b, const char *name, int n, const weir__line *lines)
{
    for (int i = 0; i < n && weir_ok(b->ctx); i++) measure(b, name, &lines[i]);
    return weir_ok(b->ctx) ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}
