/* two_builds.c - two builds of the library in one process, their calls in turns: what a change is
 * worth, where runs of two programs one after the other differ by more than the change.
 *
 * usage: two_builds BEFORE/libweir.so.0 AFTER/libweir.so.0 CASE [threads [shards [rounds [OP]]]]
 *
 * CASE is p1, p2, p3 or p4; OP train, log_prob or sample. Prints the median and the tenth
 * percentile of each, and the median over rounds of after / before. Given two copies of one library
 * it says what it can tell apart. On one thread the clock is the thread's processor time, which
 * other programs lengthen less. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <weir.h>

#define CALLS(of) \
    of(open_with) of(close) of(message) of(loader_from_array) of(model_new) of(optim_new) \
        of(model_module) of(scope_begin) of(scope_end) of(loader_next) of(train_step_with) of(ok) \
            of(model_log_prob_into) of(model_sample_into)

typedef struct build {
    const char *path;
    weir_ctx *ctx;
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir_step_opts step;
#define POINTER(name) __typeof__(&weir_##name) name;
    CALLS(POINTER)
#undef POINTER
} build;

/* As `weir-bench` has them; a round is `steps` calls */
typedef struct bench_case {
    const char *name, *model, *options;
    int64_t rows, columns;
    int shards, steps, batch;
} bench_case;
static const bench_case cases[] = {
    { "p1", "rectified-flow", "dim=2 net.hidden=64,64,64 net.activation=silu", 100000, 2, 2, 200,
      256 },
    { "p2", "nice", "dim=784 levels=256", 2000, 784, 1, 1, 256 },
    { "p3", "nsf", "dim=43 layers=10 mix=none bins=8 bound=3 net.width=128 net.blocks=2", 2000, 43,
      1, 1, 512 },
    { "p4", "glow", "shape=3,32,32 scales=3 depth=8 net.width=128 net.norm=none net.edge=no", 64,
      3072, 1, 1, 16 },
};
static const char *const ops[] = { "train", "log_prob", "sample" };

/* What is timed. */
typedef struct bench_call {
    const bench_case *of;
    int threads, shards, rounds, op;
    float *data, *drawn; /* [rows, columns], [batch, columns] */
    double *log_p;       /* [batch] */
} bench_call;

static void quit(const char *what, const char *why)
{
    fprintf(stderr, "two_builds: %s: %s\n", what, why);
    exit(1);
}

static void *symbol(void *library, const char *name)
{
    void *s = dlsym(library, name);
    if (!s) quit("expected a build that has it", dlerror());
    return s;
}

/* Struct's defaults; builds before the structs grew gave them by value. */
#define DEFAULTS_OF(type, name) \
    static type name(void *library) \
    { \
        void (*sized)(type *, size_t); \
        type (*by_value)(void); \
        type o; \
        *(void **)&sized = dlsym(library, "weir_" #name "_sized"); \
        if (sized) { \
            sized(&o, sizeof o); \
            return o; \
        } \
        *(void **)&by_value = symbol(library, "weir_" #name); \
        return by_value(); \
    }
DEFAULTS_OF(weir_open_opts, open_defaults)
DEFAULTS_OF(weir_step_opts, step_defaults)

static build load(const char *path, const bench_call *w)
{
    const bench_case *c = w->of;
    build b = { .path = path };
    char batch[32];
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) quit("expected a build of the library", dlerror());
#define FIND(name) *(void **)&b.name = symbol(library, "weir_" #name);
    CALLS(FIND)
#undef FIND
    weir_open_opts o = open_defaults(library);
    b.step = step_defaults(library);
    b.step.shards = w->shards;
    o.threads = w->threads;
    snprintf(batch, sizeof batch, "batch=%d", c->batch);
    b.ctx = b.open_with(&o);
    b.loader = b.loader_from_array(b.ctx, w->data, c->rows, c->columns, batch);
    b.model = b.model_new(b.ctx, c->model, c->options);
    b.optim = b.optim_new(b.model_module(b.model), "adam", "lr=1e-4");
    if (!b.ok(b.ctx)) quit(path, b.message(b.ctx));
    return b;
}

static double now(const bench_call *w)
{
    struct timespec t;
    clock_gettime(w->threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void train(build *b)
{
    weir_scope s = b->scope_begin(b->ctx);
    b->train_step_with(b->model, b->optim, b->loader_next(b->loader), &b->step, NULL);
    b->scope_end(s);
}

/* What goes wrong stays in the context. */
static void call(build *b, const bench_call *w)
{
    int64_t n = w->of->batch;
    if (w->op == 0) train(b);
    else if (w->op == 1) (void)!b->model_log_prob_into(b->model, w->data, n, NULL, w->log_p, NULL);
    else (void)!b->model_sample_into(b->model, n, NULL, w->drawn);
}

static double ms_of_a_call(build *b, const bench_call *w)
{
    double begin = now(w);
    for (int i = 0; i < w->of->steps; i++) call(b, w);
    if (!b->ok(b->ctx)) quit(b->path, b->message(b->ctx));
    return (now(w) - begin) / w->of->steps;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double at(const double *sorted, int n, int percent) { return sorted[n * percent / 100]; }

static void compare(build b[2], const bench_call *w, double *ms)
{
    int n = w->rounds, steps = w->of->steps;
    double *before = ms, *after = ms + n, *ratio = ms + 2 * n;
    for (int i = 0; i < 6; i++) ms_of_a_call(&b[i % 2], w);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 2; j++) { /* each is first in every other round */
            int k = (i + j) % 2;
            ms[k * n + i] = ms_of_a_call(&b[k], w);
        }
        ratio[i] = after[i] / before[i];
    }
    for (int k = 0; k < 3; k++) qsort(ms + k * n, (size_t)n, sizeof *ms, by_size);
    printf("%s %s, %d thread%s, %d shard%s, %d rounds of %d: before %.4f ms (tenth percentile "
           "%.4f), after %.4f (%.4f), after / before %.4f\n",
           w->of->name, ops[w->op], w->threads, w->threads > 1 ? "s" : "", w->shards,
           w->shards > 1 ? "s" : "", n, steps, at(before, n, 50), at(before, n, 10),
           at(after, n, 50), at(after, n, 10), at(ratio, n, 50));
}

static void run(const bench_call *w, char **paths)
{
    double *ms = malloc(3 * (size_t)w->rounds * sizeof *ms);
    if (!ms) quit("memory", "expected enough of it");
    build b[2] = { load(paths[0], w), load(paths[1], w) };
    compare(b, w, ms);
    for (int k = 0; k < 2; k++) b[k].close(b[k].ctx);
    free(ms);
}

static void fill(bench_call *w)
{
    const bench_case *c = w->of;
    int64_t n = c->rows * c->columns;
    w->data = malloc((size_t)n * sizeof *w->data);
    w->drawn = malloc((size_t)(c->batch * c->columns) * sizeof *w->drawn);
    w->log_p = malloc((size_t)c->batch * sizeof *w->log_p);
    if (!w->data || !w->drawn || !w->log_p) quit("memory", "expected enough of it");
    for (int64_t i = 0; i < n; i++)
        w->data[i] = c->columns == 784 ? (float)(rand() % 256) : (float)rand() / 1e9f;
}

static bool read_arguments(bench_call *w, int argc, char **argv)
{
    *w = (bench_call){ .threads = 1, .rounds = 40, .op = -1 };
    for (size_t i = 0; argc > 3 && i < sizeof cases / sizeof *cases; i++)
        if (!strcmp(argv[3], cases[i].name)) w->of = &cases[i];
    for (int i = 0; i < 3; i++)
        if (!strcmp(argc > 7 ? argv[7] : "train", ops[i])) w->op = i;
    if (!w->of || w->op < 0) return false;
    if (argc > 4) w->threads = atoi(argv[4]);
    w->shards = argc > 5 ? atoi(argv[5]) : w->of->shards;
    if (argc > 6) w->rounds = atoi(argv[6]);
    return w->threads >= 1 && w->shards >= 1 && w->rounds >= 1;
}

int main(int argc, char **argv)
{
    bench_call w;
    if (!read_arguments(&w, argc, argv)) {
        fprintf(stderr, "usage: two_builds BEFORE/libweir.so.0 AFTER/libweir.so.0 p1|p2|p3|p4 "
                        "[threads [shards [rounds [train|log_prob|sample]]]]\n");
        return 2;
    }
    fill(&w);
    run(&w, argv + 1);
    free(w.data);
    free(w.drawn);
    free(w.log_p);
    return 0;
}
