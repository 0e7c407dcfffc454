/* A small net of every layer against PyTorch (fixtures/net.py): weights read from its file, values, all gradients, 20 steps of five
 * optimizers, in f32 and f64, on each instruction set; and a file of ours read by PyTorch, where WEIR_TORCH_PYTHON names a Python with torch. */
#define _POSIX_C_SOURCE 200809L
#include "test.h"
#include "io/io.h"
#include "tensor/tensor.h"

enum { SYMBOLS = 11, WIDTH = 8, HEADS = 2, BATCH = 6, LENGTH = 5, OUT = 3 };

/* -- the net, as a user writes it ------------------------------------------------------------------------------------------------------ */
static const char *dtype_text; /* "f32" */

static weir_module *child(weir_module *m, const char *name, const char *row, const char *options)
{
    char text[96];
    snprintf(text, sizeof text, "%s dtype=%s", options, dtype_text);
    return weir_module_add(m, name, weir_module_new(weir_module_ctx(m), row, text));
}

typedef struct attention { weir_module *q, *k, *v, *out; } attention;
static void attention_create(weir_module *m, const void *options)
{
    attention *s = weir_module_state(m);
    (void)options;
    s->q = child(m, "q", "linear", "in=8 out=8");
    s->k = child(m, "k", "linear", "in=8 out=8 bias=no");
    s->v = child(m, "v", "linear", "in=8 out=8 bias=no");
    s->out = child(m, "out", "linear", "in=8 out=8 bias=no");
}

static weir_tensor *heads(weir_module *m, weir_tensor *x) /* [B, L, W] -> [B, heads, L, W / heads] */
{
    return weir_transpose(weir_reshape(weir_module_forward(m, x), 4, SHAPE(BATCH, LENGTH, HEADS, WIDTH / HEADS)), 1, 2);
}

static weir_tensor *attention_forward(weir_module *m, weir_tensor *x)
{
    attention *s = weir_module_state(m);
    weir_tensor *y = weir_scaled_dot_product_attention(heads(s->q, x), heads(s->k, x), heads(s->v, x), NULL, true, NAN);
    return weir_module_forward(s->out, weir_reshape(weir_transpose(y, 1, 2), 3, SHAPE(BATCH, LENGTH, WIDTH)));
}
static const weir_module_row attention_row = {
    .row = { .size = sizeof attention_row, .version = 1, .name = "module.test_attention", .doc = "causal self-attention", .options_size = sizeof(size_t), .test = "" },
    .state_size = sizeof(attention), .create = attention_create, .forward = attention_forward,
};

typedef struct net { weir_module *embed, *norm, *attention, *batch, *group, *rms, *head; } net;
static void net_create(weir_module *m, const void *options)
{
    net *s = weir_module_state(m);
    (void)options;
    s->embed = child(m, "embed", "embedding", "rows=11 width=8 padding=0");
    s->norm = child(m, "norm", "layer_norm", "shape=8");
    s->attention = weir_module_add(m, "attention", weir_module_from_row(weir_module_ctx(m), &attention_row, NULL));
    s->batch = child(m, "batch", "batch_norm", "channels=8");
    s->group = child(m, "group", "group_norm", "groups=2 channels=8");
    s->rms = child(m, "rms", "rms_norm", "shape=8 eps=1e-5");
    s->head = child(m, "head", "linear", "in=8 out=3");
}

static weir_tensor *net_forward(weir_module *m, weir_tensor *x)
{
    net *s = weir_module_state(m);
    weir_tensor *h = weir_module_forward(s->embed, x);
    h = weir_add(h, weir_module_forward(s->attention, weir_module_forward(s->norm, h)));
    h = weir_gelu(weir_module_forward(s->group, weir_module_forward(s->batch, weir_transpose(h, 1, 2))));
    return weir_module_forward(s->head, weir_mean_axes(weir_module_forward(s->rms, weir_transpose(h, 1, 2)), 1, (const int[]){ 1 }, false));
}
static const weir_module_row net_row = {
    .row = { .size = sizeof net_row, .version = 1, .name = "module.test_net", .doc = "one of each layer", .options_size = sizeof(size_t), .test = "" },
    .state_size = sizeof(net), .create = net_create, .forward = net_forward,
};

/* -- its data ------------------------------------------------------------------------------------------------------------------------------- */
static weir_tensor *symbols(weir_ctx *c)
{
    int64_t x[BATCH * LENGTH];
    for (int64_t i = 0; i < BATCH * LENGTH; i++) x[i] = (i * i * 7 + 3 * i) % SYMBOLS;
    return weir_from_i64(c, x, 2, SHAPE(BATCH, LENGTH));
}

static weir_tensor *targets(weir_ctx *c, weir_dtype t)
{
    double y[BATCH * OUT];
    for (int b = 0; b < BATCH; b++)
        for (int k = 0; k < OUT; k++) y[b * OUT + k] = ((3 * b + 5 * k) % 7 - 3) / 4.;
    return weir_cast(weir_from_f64(c, y, 2, SHAPE(BATCH, OUT)), t);
}

/* -- fixtures ----------------------------------------------------------------------------------------------------------------------------------- */
static const char *fixture(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/nn/fixtures/%s", WEIR_TESTS_DIR, name);
    return path;
}

static weir_module *started(weir_ctx *c, weir_dtype t)
{
    dtype_text = weir_dtype_name(t);
    weir_module *m = weir_module_from_row(c, &net_row, NULL);
    weir_load_info info = { .size = sizeof info };
    if (weir_module_load(m, fixture("start.safetensors"), true, &info)) fail_msg("%s", weir_message(c));
    return m;
}

static void compare(weir_ctx *c, const weir__weights *all, const char *prefix, const char *name, weir_tensor *got, double bound)
{
    char full[300];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    const weir__weight *w = weir__weights_find(all, full);
    if (!w) fail_msg("%s is not in the fixture", full);
    int64_t n = weir_numel(got);
    double want[256], have[256], bytes[256]; /* of the file, aligned */
    assert_true(n <= 256 && w->bytes == (size_t)n * weir_dtype_size(w->dtype));
    memcpy(bytes, w->data, w->bytes);
    weir__convert(WEIR_F64, want, w->dtype, bytes, n);
    weir_copy_to_f64(got, have, n);
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(have[i] - want[i]) <= bound * (1 + fabs(want[i])))) fail_msg("%s, element %d: %.17g, PyTorch has %.17g", full, (int)i, have[i], want[i]);
    }
    assert_ok(c);
}

static void compare_all(weir_ctx *c, weir_module *m, const weir__weights *all, const char *prefix, bool gradients, double bound)
{
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        const char *name;
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(m, i, &name, &is_buffer);
        if (!gradients || !is_buffer) compare(c, all, prefix, name, gradients ? weir_grad_of(t) : t, bound);
    }
}

static weir_tensor *step(weir_ctx *c, weir_module *m, weir_dtype t)
{
    weir_tensor *y = weir_module_forward(m, symbols(c));
    weir_backward(weir_mean(weir_square(weir_sub(y, targets(c, t)))));
    return y;
}

static void values_and_gradients(weir_ctx *c, weir_dtype t, const weir__weights *all)
{
    double bound = t == WEIR_F32 ? 5e-7 : 5e-15;
    weir_module *m = started(c, t);
    weir_module_train(m, false);
    compare(c, all, "eval", "", weir_module_forward(m, symbols(c)), bound);
    weir_module_train(m, true);
    compare(c, all, "output", "", step(c, m, t), bound);
    compare_all(c, m, all, "gradient.", true, bound);
    weir_module_free(m);
}

/* bound: in f32, after 20 steps; f64 has 1e-8 of it. RMSprop's first steps divide each gradient by itself, almost. */
static const struct { const char *name, *row, *options; double bound; } optimizers[] = {
    { "adam.", "adam", "lr=1e-2", 1e-6 },
    { "adamw.", "adamw", "lr=1e-2 weight_decay=0.1", 1e-6 },
    { "sgd_momentum.", "sgd", "lr=0.05 momentum=0.9", 5e-7 },
    { "sgd_nesterov.", "sgd", "lr=0.05 momentum=0.9 nesterov=yes", 5e-7 },
    { "rmsprop.", "rmsprop", "lr=1e-2", 1e-5 },
};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static void trajectory(weir_ctx *c, weir_dtype t, const weir__weights *all, int which)
{
    weir_module *m = started(c, t);
    weir_optim *o = weir_optim_new(m, optimizers[which].row, optimizers[which].options);
    for (int i = 0; i < 20; i++) {
        weir_scope s = weir_scope_begin(c);
        step(c, m, t);
        weir_scope_end(s);
        if (weir_optim_step(o)) fail_msg("%s", weir_message(c));
        weir_optim_zero_grad(o);
    }
    compare_all(c, m, all, optimizers[which].name, false, optimizers[which].bound * (t == WEIR_F32 ? 1 : 1e-8));
    weir_optim_free(o);
    weir_module_free(m);
}

/* nn.MultiheadAttention: the same names, values and gradients. */
static weir_tensor *input_of(weir_ctx *c, weir_dtype t, const weir__weights *all)
{
    const weir__weight *w = weir__weights_find(all, "mha.input");
    weir_tensor *x = weir_empty(c, t, w->ndim, w->shape);
    memcpy(weir_data_mut(x), w->data, w->bytes);
    return weir_set_requires_grad(x, true);
}

static void multihead_attention(weir_ctx *c, weir_dtype t, const weir__weights *all)
{
    double bound = t == WEIR_F32 ? 5e-7 : 5e-15;
    dtype_text = weir_dtype_name(t);
    weir_module *holder = weir_module_new(c, "group", ""), *m = child(holder, "mha", "multihead_attention", "width=8 heads=2 causal=yes");
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        char full[300];
        const char *name;
        weir_tensor *p = weir_module_state_at(m, i, &name, NULL);
        snprintf(full, sizeof full, "mha.start.%s", name);
        const weir__weight *w = weir__weights_find(all, full);
        if (!w || w->bytes != (size_t)weir_numel(p) * weir_dtype_size(t)) fail_msg("%s", full);
        memcpy(weir_data_mut(p), w->data, w->bytes);
    }
    weir_tensor *x = input_of(c, t, all), *y = weir_module_forward(m, x);
    compare(c, all, "mha.output", "", y, bound);
    weir_backward(weir_mean(weir_square(y)));
    compare_all(c, m, all, "mha.gradient.", true, bound);
    compare(c, all, "mha.gradient.", "input", weir_grad_of(x), bound);
    weir_module_free(holder);
}

static void it_follows_pytorch(void **state)
{
    (void)state;
    weir_open_opts opts = weir_open_defaults();
    for (opts.isa = WEIR_ISA_C; opts.isa <= WEIR_ISA_AVX512; opts.isa++)
        for (int t = WEIR_F32; t <= WEIR_F64; t++) {
            weir_ctx *c = weir_open_with(&opts);
            weir__weights all;
            if (weir_ok(c)) { /* else the CPU lacks it */
                if (weir__safetensors_load(c, fixture(t == WEIR_F32 ? "net_f32.safetensors" : "net_f64.safetensors"), &all)) fail_msg("%s", weir_message(c));
                weir_scope s = weir_scope_begin(c);
                values_and_gradients(c, (weir_dtype)t, &all);
                multihead_attention(c, (weir_dtype)t, &all);
                for (int k = 0; k < OPTIMIZERS; k++) trajectory(c, (weir_dtype)t, &all, k);
                weir_scope_end(s);
                weir__weights_free(c, &all);
            }
            weir_close(c);
        }
}

/* -- the other way --------------------------------------------------------------------------------------------------------------------------------- */
static void pytorch_reads_what_we_write(void **state)
{
    weir_ctx *c = *state;
    const char *python = getenv("WEIR_TORCH_PYTHON");
    if (!python || !python[0]) {
        print_message("WEIR_TORCH_PYTHON is not set: expected a Python with torch and safetensors\n");
        skip();
    }
    weir_module *m = started(c, WEIR_F32);
    weir_optim *o = weir_optim_new(m, "adam", "lr=1e-2");
    for (int i = 0; i < 3; i++) step(c, m, WEIR_F32), assert_int_equal(weir_optim_step(o), WEIR_OK), weir_optim_zero_grad(o);
    assert_int_equal(weir_module_save(m, "torch_net.safetensors"), WEIR_OK);
    weir_module_train(m, false);
    weir_tensor *y = weir_module_forward(m, symbols(c));
    char command[2100];
    snprintf(command, sizeof command, "'%s' '%s' check torch_net.safetensors", python, fixture("net.py"));
    FILE *out = popen(command, "r");
    assert_non_null(out);
    for (int i = 0; i < BATCH * OUT; i++) {
        double v = NAN;
        assert_int_equal(fscanf(out, "%lf", &v), 1);
        assert_near(weir_get(y, SHAPE(i / OUT, i % OUT)), v, 2e-6);
    }
    assert_int_equal(pclose(out), 0);
    remove("torch_net.safetensors");
    weir_optim_free(o);
    weir_module_free(m);
    assert_ok(c);
}

static void everything(weir_ctx *c)
{
    dtype_text = "f32";
    weir_module *m = weir_module_from_row(c, &net_row, NULL);
    weir_scope s = weir_scope_begin(c);
    if (weir_ok(c)) step(c, m, WEIR_F32);
    weir_scope_end(s);
    weir_module_free(m);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(cmocka_unit_test(it_follows_pytorch), CASE(pytorch_reads_what_we_write), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
