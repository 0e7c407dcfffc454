/* Convolutions, pools and upsampling against PyTorch (fixtures/image.py), values, gradients and a second derivative; by functions and by modules;
 * f64 to rounding, f32 to its own; on each instruction set. */
#include "test.h"
#include "nn/nn.h"
#include "nn/fixtures/image.h"

static weir_tensor *wave(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape, double seed)
{
    weir_tensor *x = weir_empty(c, WEIR_F64, ndim, shape);
    double *v = weir_data_mut(x);
    for (int64_t i = 0; i < weir_numel(x); i++) v[i] = sin(1.7 * (double)i + seed);
    return weir_set_requires_grad(weir_contiguous(weir_detach(weir_cast(x, t))), true);
}

static void equal(weir_tensor *x, const double *want, const char *what, int row)
{
    int64_t n = weir_numel(x);
    double *got = malloc(sizeof *got * (size_t)(n + 1)), tolerance = weir_dtype_of(x) == WEIR_F64 ? 1e-13 : 1e-5;
    weir_copy_to_f64(x, got, n);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i])))) fail_msg("row %d: %s, element %ld: %.17g, PyTorch has %.17g", row, what, (long)i, got[i], want[i]);
    free(got);
}

static void same_bits(weir_tensor *a, weir_tensor *b, const char *what)
{
    a = weir_contiguous(a), b = weir_contiguous(b);
    assert_int_equal(weir_numel(a), weir_numel(b));
    if (memcmp(weir_data(a), weir_data(b), (size_t)weir_numel(a) * weir_dtype_size(weir_dtype_of(a)))) fail_msg("%s: module and function differ", what);
}

/* The module with the same numbers gives the same bits */
static void conv_module(weir_ctx *c, const torch_conv *p, weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_tensor *y)
{
    char options[256];
    snprintf(options, sizeof options, "in=%d out=%d kernel=%d,%d stride=%d,%d padding=%d,%d dilation=%d,%d groups=%d dtype=%s", (int)p->x[1], (int)p->w[0], (int)p->w[2], (int)p->w[3],
             (int)p->stride[0], (int)p->stride[1], (int)p->padding[0], (int)p->padding[1], (int)p->dilation[0], (int)p->dilation[1], (int)p->groups, weir_dtype_name(weir_dtype_of(x)));
    weir_module *m = weir_module_new(c, "conv2d", options);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_copy_(weir_module_state_find(m, "weight"), w), weir_copy_(weir_module_state_find(m, "bias"), b);
    same_bits(weir_module_forward(m, x), y, "conv2d");
    weir_scope_end(s);
    weir_module_free(m);
}

static void convs(weir_ctx *c, weir_dtype t)
{
    for (int i = 0; i < TORCH_CONVS; i++) {
        const torch_conv *p = &torch_convs[i];
        weir_conv2d_opts o = weir_conv2d_defaults();
        memcpy(o.stride, p->stride, sizeof o.stride), memcpy(o.padding, p->padding, sizeof o.padding), memcpy(o.dilation, p->dilation, sizeof o.dilation);
        o.groups = p->groups;
        weir_tensor *in[] = { wave(c, t, 4, p->x, 1), wave(c, t, 4, p->w, 2), wave(c, t, 1, p->w, 3) }, *g[3], *penalty, *twice;
        weir_tensor *y = weir_conv2d(in[0], in[1], in[2], &o), *v = weir_detach(wave(c, t, 4, p->y, 4));
        weir_grad(1, &y, 3, in, &v, true, true, g);
        assert_ok(c);
        equal(y, p->out, "y", i), equal(g[0], p->dx, "dx", i), equal(g[1], p->dw, "dw", i), equal(g[2], p->db, "db", i);
        penalty = weir_sum(weir_square(g[0]));
        weir_grad(1, &penalty, 1, &in[1], NULL, false, false, &twice);
        assert_ok(c);
        equal(twice, p->penalty, "penalty", i);
        conv_module(c, p, in[0], in[1], in[2], y);
        assert_ok(c);
    }
}

static weir_tensor *by_function(const torch_pool *p, weir_tensor *x)
{
    weir_pool2d_opts o = weir_pool2d_defaults(2);
    memcpy(o.kernel, p->kernel, sizeof o.kernel), memcpy(o.stride, p->stride, sizeof o.stride), memcpy(o.padding, p->padding, sizeof o.padding);
    if (!strcmp(p->name, "upsample")) return weir_upsample_nearest2d(x, p->x[2] * p->kernel[0], p->x[3] * p->kernel[1]);
    return !strcmp(p->name, "max_pool2d") ? weir_max_pool2d(x, &o) : weir_avg_pool2d(x, &o);
}

static weir_module *by_module(weir_ctx *c, const torch_pool *p)
{
    char options[128];
    bool up = !strcmp(p->name, "upsample");
    snprintf(options, sizeof options, up ? "scale=%d,%d" : "kernel=%d,%d stride=%d,%d padding=%d,%d", (int)p->kernel[0], (int)p->kernel[1], (int)p->stride[0], (int)p->stride[1],
             (int)p->padding[0], (int)p->padding[1]);
    return weir_module_new(c, p->name, options);
}

static void pools(weir_ctx *c, weir_dtype t)
{
    for (int i = 0; i < TORCH_POOLS; i++) {
        const torch_pool *p = &torch_pools[i];
        weir_module *m = by_module(c, p);
        weir_tensor *x = wave(c, t, 4, p->x, 1), *y = by_function(p, x), *v = weir_detach(wave(c, t, 4, p->y, 4)), *g;
        same_bits(weir_module_forward(m, x), y, p->name);
        weir_grad(1, &y, 1, &x, &v, false, false, &g);
        assert_ok(c);
        equal(y, p->out, p->name, i), equal(g, p->dx, "dx", i);
        weir_module_free(m);
    }
}

static void on_each_isa(void (*f)(weir_ctx *, weir_dtype))
{
    for (int isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++) {
        weir_open_opts o = weir_open_defaults();
        o.isa = (weir_isa)isa;
        weir_ctx *c = weir_open_with(&o);
        if (weir_ok(c)) f(c, WEIR_F32), f(c, WEIR_F64); /* else the CPU lacks it */
        weir_close(c);
    }
}

static void convolutions_are_pytorchs(void **state) { (void)state, on_each_isa(convs); }
static void pools_are_pytorchs(void **state) { (void)state, on_each_isa(pools); }

/* nn.Conv2d: weight and bias uniform on +-1 / sqrt(in / groups x kernel) */
static void convolutions_start_as_in_pytorch(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "conv2d", "in=64 out=96 kernel=3,2 groups=2"), *bare = weir_module_new(c, "conv2d", "bias=no");
    const float *w = weir_data(weir_module_state_find(m, "weight")), *b = weir_data(weir_module_state_find(m, "bias"));
    const int64_t *shape = weir_shape(weir_module_state_find(m, "weight")), want[] = { 96, 32, 3, 2 };
    double bound = 1 / sqrt(32 * 6), top = 0, square = 0;
    enum { N = 96 * 32 * 6 };
    assert_memory_equal(shape, want, sizeof want);
    for (int i = 0; i < N; i++) top = fmax(top, fabs(w[i])), square += (double)w[i] * w[i];
    assert_true(top <= bound && top > 0.999 * bound);
    assert_near(square / N / (bound * bound), 1. / 3, 0.01);
    for (int i = 0; i < 96; i++) assert_true(fabs(b[i]) <= bound);
    assert_int_equal(weir_module_state_count(m), 2);
    assert_int_equal(weir_module_state_count(bare), 1);
    weir_module_free(m), weir_module_free(bare);
}

static void modules_refuse(void **state)
{
    weir_ctx *c = *state;
    weir_module_new(c, "conv2d", "in=3 out=4 groups=2");
    assert_fails(c, WEIR_ERROR_RANGE, "3 channels to 4 in 2 groups");
    weir_module_new(c, "conv2d", "kernel=3,3,3");
    assert_fails(c, WEIR_ERROR_RANGE, "module.conv2d: kernel: 3 numbers: expected one, or height,width");
    weir_module_new(c, "max_pool2d", "kernel=3 padding=2");
    assert_fails(c, WEIR_ERROR_RANGE, "module.max_pool2d: padding 2: expected at most half the kernel, 1");
    weir_module *m = weir_module_new(c, "conv2d", "in=3 out=4"), *p = weir_module_new(c, "avg_pool2d", "kernel=2"), *u = weir_module_new(c, "upsample", "");
    weir_module_forward(m, weir_zeros(c, WEIR_F32, 4, SHAPE(2, 4, 5, 5)));
    assert_fails(c, WEIR_ERROR_SHAPE, "f32 [2, 4, 5, 5]: expected f32 [.., 3, height, width]");
    weir_module_forward(p, weir_zeros(c, WEIR_F32, 3, SHAPE(4, 5, 5)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected [N, C, H, W]");
    weir_module_forward(u, weir_zeros(c, WEIR_F32, 3, SHAPE(4, 5, 5)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected [batch, channels, height, width]");
    weir_module_free(m), weir_module_free(p), weir_module_free(u);
}

int main(void)
{
    CASES(cmocka_unit_test(convolutions_are_pytorchs), cmocka_unit_test(pools_are_pytorchs), CASE(convolutions_start_as_in_pytorch), CASE(modules_refuse));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
