/* two_builds.c - two builds of the library in one process, their training steps in turns: what a change is worth, where runs of two
 * programs one after the other differ by more than the change.
 *
 * usage: two_builds BEFORE/libweir.so.0 AFTER/libweir.so.0 p1|p2 [threads [shards [rounds]]]
 *
 * Prints the median and the tenth percentile of each, and the median over rounds of after / before. Given two copies
 * of one library it says what it can tell apart. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <weir.h>

#define CALLS(of) \
    of(open_with) of(open_defaults) of(close) of(message) of(loader_from_array) of(model_new) of(optim_new) of(model_module) of(step_defaults) \
    of(scope_begin) of(scope_end) of(loader_next) of(train_step_with) of(ok)

typedef struct build {
    const char *path;
    weir_ctx *ctx;
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
#define POINTER(name) __typeof__(&weir_##name) name;
    CALLS(POINTER)
#undef POINTER
} build;

/* p1 and p2 as `weir-bench` has them; a round is `steps` steps */
typedef struct bench_case {
    const char *name, *model, *options;
    int64_t rows, columns;
    int shards, steps;
} bench_case;
static const bench_case cases[] = {
    { "p1", "rectified-flow", "dim=2 net.hidden=64,64,64 net.activation=silu", 100000, 2, 2, 200 },
    { "p2", "nice", "dim=784 levels=256", 2000, 784, 1, 1 },
};

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

static build load(const char *path, const bench_case *c, int threads, const float *data)
{
    build b = { .path = path };
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) quit("expected a build of the library", dlerror());
#define FIND(name) *(void **)&b.name = symbol(library, "weir_" #name);
    CALLS(FIND)
#undef FIND
    weir_open_opts o = b.open_defaults();
    o.threads = threads;
    b.ctx = b.open_with(&o);
    b.loader = b.loader_from_array(b.ctx, data, c->rows, c->columns, "batch=256");
    b.model = b.model_new(b.ctx, c->model, c->options);
    b.optim = b.optim_new(b.model_module(b.model), "adam", "lr=1e-4");
    if (!b.ok(b.ctx)) quit(path, b.message(b.ctx));
    return b;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double ms_of_a_step(build *b, int steps, int shards)
{
    double begin = now();
    for (int i = 0; i < steps; i++) {
        weir_step_opts o = b->step_defaults();
        o.shards = shards;
        weir_scope s = b->scope_begin(b->ctx);
        b->train_step_with(b->model, b->optim, b->loader_next(b->loader), &o, NULL);
        b->scope_end(s);
    }
    if (!b->ok(b->ctx)) quit(b->path, b->message(b->ctx));
    return (now() - begin) / steps;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const bench_case *c = NULL;
    for (size_t i = 0; argc > 3 && i < sizeof cases / sizeof *cases; i++)
        if (!strcmp(argv[3], cases[i].name)) c = &cases[i];
    int threads = argc > 4 ? atoi(argv[4]) : 1, shards = argc > 5 ? atoi(argv[5]) : c ? c->shards : 1, rounds = argc > 6 ? atoi(argv[6]) : 40;
    if (!c || threads < 1 || shards < 1 || rounds < 1) {
        fprintf(stderr, "usage: two_builds BEFORE/libweir.so.0 AFTER/libweir.so.0 p1|p2 [threads [shards [rounds]]]\n");
        return 2;
    }
    const int64_t n = c->rows * c->columns;
    float *data = malloc((size_t)n * sizeof *data);
    double *ms = malloc(3 * (size_t)rounds * sizeof *ms), *ratio = ms + 2 * rounds;
    if (!data || !ms) quit("memory", "expected enough of it");
    for (int64_t i = 0; i < n; i++) data[i] = c->columns == 2 ? (float)rand() / 1e9f : (float)(rand() % 256);

    build b[2] = { load(argv[1], c, threads, data), load(argv[2], c, threads, data) };
    for (int i = 0; i < 6; i++) ms_of_a_step(&b[i % 2], c->steps, shards);
    for (int i = 0; i < rounds; i++) {
        for (int j = 0; j < 2; j++) { /* each is first in every other round */
            int k = (i + j) % 2;
            ms[k * rounds + i] = ms_of_a_step(&b[k], c->steps, shards);
        }
        ratio[i] = ms[rounds + i] / ms[i];
    }
    for (int k = 0; k < 3; k++) qsort(ms + k * rounds, (size_t)rounds, sizeof *ms, by_size);
    printf("%s, %d thread%s, %d shard%s, %d rounds of %d step%s: before %.4f ms (tenth percentile %.4f), after %.4f (%.4f), after / before %.4f\n", c->name,
           threads, threads > 1 ? "s" : "", shards, shards > 1 ? "s" : "", rounds, c->steps, c->steps > 1 ? "s" : "", ms[rounds / 2], ms[rounds / 10],
           ms[rounds + rounds / 2], ms[rounds + rounds / 10], ratio[rounds / 2]);
    for (int k = 0; k < 2; k++) b[k].close(b[k].ctx);
    free(data), free(ms);
    return 0;
}
