/* memory.c - what a forward pass holds beside its weights while nothing is recorded: a chain of
 * convolutions and a perceptron, at two depths. A pass that gives back what its layers have used up
 * holds as much of 20 as of 5. */
#include <malloc.h>
#include <string.h>
#include "bench.h"
#include "weir/nn.h"

enum { IMAGES = 16, CHANNELS = 32, PLACES = 32, SAMPLES = 1024, WIDTH = 1024 };

typedef struct chain {
    const char *name, *block[3][2]; /* rows and their options */
    int ndim;
    int64_t shape[4];
} chain;
static const chain chains[] = {
    {
        .name = "conv",
        .block = { { "conv2d", "in=32 out=32 kernel=3 padding=1" },
                   { "group_norm", "channels=32 groups=8" },
                   { "silu", "" } },
        .ndim = 4,
        .shape = { IMAGES, CHANNELS, PLACES, PLACES },
    },
    {
        .name = "mlp",
        .block = { { "linear", "in=1024 out=1024" },
                   { "layer_norm", "shape=1024" },
                   { "silu", "" } },
        .ndim = 2,
        .shape = { SAMPLES, WIDTH },
    },
};

static weir_module *memory_chain(weir_ctx *c, const chain *k, int blocks)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    for (int i = 0; i < 3 * blocks; i++) {
        char name[24];
        snprintf(name, sizeof name, "%d", i);
        weir_module_add(m, name, weir_module_new(c, k->block[i % 3][0], k->block[i % 3][1]));
    }
    return m;
}

/* Bytes at the peak of a pass above those before it. A context of its own: a peak is over its life.
 */
static int64_t memory_peak(const weir__bench *b, const chain *k, int blocks)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = b->threads;
    weir_ctx *c = weir_open_with(&o);
    weir_module *m = memory_chain(c, k, blocks);
    weir_tensor *x = weir_randn(c, WEIR_F32, k->ndim, k->shape);
    if (k->ndim == 4) x = weir_channels_last(x);
    weir_module_seal(m);
    weir_module_train(m, false);
    weir_scope s = weir_scope_begin_no_grad(c);
    int64_t before = weir_memory(c).live_bytes;
    weir_module_forward(m, x);
    int64_t peak = weir_memory(c).peak_bytes - before;
    if (!weir_ok(c)) weir_fail_text(b->ctx, weir_status_of(c), weir_message(c));
    weir_scope_end(s);
    weir_module_free(m);
    weir_close(c);
    return peak;
}

static void memory_print(const weir__bench *b, const chain *k, int blocks, int64_t peak)
{
    int64_t layer = (int64_t)sizeof(float);
    for (int i = 0; i < k->ndim; i++) layer *= k->shape[i];
    if (!b->json) {
        weir__print(stdout,
                    "memory_%s, %2d blocks: %.1f MB at the peak of a pass, "
                    "%.1f results of a layer\n",
                    k->name, blocks, 1e-6 * (double)peak, (double)peak / (double)layer);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:i, s:I, s:I, s:i}", "case", "memory", "op", k->name,
                          "blocks", blocks, "peak_bytes", (json_int_t)peak, "layer_bytes",
                          (json_int_t)layer, "threads", b->threads);
    weir__json_print(o, false);
    json_decref(o);
}

/* -- a U-Net, and resident bytes: what `bench/memory_torch.py` prints of PyTorch --------------- */
/* The number behind `name` in /proc/self/status, in bytes; 0: there is none. */
static int64_t memory_status(const char *name)
{
    char line[256];
    long long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), ": %lld", &kb);
    if (f) fclose(f);
    return 1024 * kb;
}

static void memory_forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return;
    fputs("5", f);
    fclose(f);
}

typedef enum memory_task { MEMORY_CHAIN, MEMORY_UNET, MEMORY_UNET_TRAIN } memory_task;

static weir_module *memory_net(weir_ctx *c, memory_task task)
{
    if (task == MEMORY_CHAIN) return memory_chain(c, &chains[0], 20);
    return weir_module_new(c, "unet",
                           "in=3 out=3 channels=64,128,256 blocks=2 groups=32 head=8 "
                           "height=32 width=32 mid_attention=no time=none");
}

static void memory_pass(weir_ctx *c, weir_module *m, weir_tensor *x, bool train)
{
    weir_scope s = train ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
    weir_tensor *y = weir_module_forward(m, x);
    if (train) weir_backward(weir_mean(weir_square(y)));
    weir_scope_end(s);
}

/* Resident bytes at the peak of a second pass above those before it, nothing kept of the first but
 * gradients */
static int64_t memory_resident(const weir__bench *b, memory_task task)
{
    static const int64_t image[] = { 16, 3, 32, 32 };
    weir_open_opts o = weir_open_defaults();
    o.threads = b->threads;
    weir_ctx *c = weir_open_with(&o);
    weir_module *m = memory_net(c, task);
    weir_tensor *x = weir_randn(c, WEIR_F32, 4, task == MEMORY_CHAIN ? chains[0].shape : image);
    bool train = task == MEMORY_UNET_TRAIN;
    x = weir_channels_last(x);
    weir_module_seal(m);
    weir_module_train(m, train);
    memory_pass(c, m, x, train);
    weir__pool_trim(&c->pool);
    memory_forget_peak();
    int64_t before = memory_status("VmRSS");
    memory_pass(c, m, x, train);
    int64_t peak = memory_status("VmHWM") - before;
    if (!weir_ok(c)) weir_fail_text(b->ctx, weir_status_of(c), weir_message(c));
    weir_module_free(m);
    weir_close(c);
    return peak;
}

static void memory_print_resident(const weir__bench *b, const char *name, int64_t peak)
{
    if (!b->json) {
        weir__print(stdout, "memory_%-12s %8.1f MB resident at the peak\n", name,
                    1e-6 * (double)peak);
        return;
    }
    json_t *o = json_pack("{s:s, s:s, s:I, s:i}", "case", "memory", "op", name, "resident_bytes",
                          (json_int_t)peak, "threads", b->threads);
    weir__json_print(o, false);
    json_decref(o);
}

static int memory_run(weir__bench *b)
{
    static const int depths[] = { 5, 20 };
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 65536); /* large blocks go back to the system, as in the twin */
#endif
    for (size_t i = 0; i < 2 * sizeof chains / sizeof *chains && weir_ok(b->ctx); i++) {
        const chain *k = &chains[i / 2];
        int64_t peak = memory_peak(b, k, depths[i % 2]);
        if (weir_ok(b->ctx)) memory_print(b, k, depths[i % 2], peak);
    }
    static const char *const names[] = { "chain", "unet", "unet+grad" };
    for (int i = 0; i < 3 && weir_ok(b->ctx); i++) {
        int64_t peak = memory_resident(b, (memory_task)i);
        if (weir_ok(b->ctx)) memory_print_resident(b, names[i], peak);
    }
    return weir_ok(b->ctx) ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}

BENCH_ROW(memory, "what a pass without recording holds beside its weights", "memory --json");
