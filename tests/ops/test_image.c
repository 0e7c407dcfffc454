/* Image ops: how results lie in memory, batches of every size, gradients where they live, conventions, refusals. */
#include "test.h"
#include "ops/ops.h"

static bool lies_last(weir_tensor *x) { return weir_is_channels_last(x) && !weir_is_contiguous(x); }

/* The rules of weir/tensor.h */
static void memory_order_spreads_by_rules(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_randn(c, WEIR_F32, 4, SHAPE(2, 3, 4, 5)), *l = weir_channels_last(x), *w = weir_randn(c, WEIR_F32, 4, SHAPE(6, 3, 3, 3));
    assert_true(weir_is_contiguous(x) && !weir_is_channels_last(x) && lies_last(l));
    assert_ptr_equal(weir_channels_last(l), l);
    for (int64_t i = 0; i < 120; i++) assert_near(weir_get(l, SHAPE(i / 60, i / 20 % 3, i / 5 % 4, i % 5)), ((const float *)weir_data(x))[i], 0);
    assert_int_equal(weir_strides(l)[1], 1);
    /* image ops make it of anything */
    assert_true(lies_last(weir_conv2d(x, w, NULL, NULL)) && lies_last(weir_avg_pool2d(x, NULL)) && lies_last(weir_max_pool2d(l, NULL)) && lies_last(weir_upsample_nearest2d(x, 8, 10)));
    /* element-wise ops keep it, of whichever input has the result's shape */
    weir_tensor *bias = weir_randn(c, WEIR_F32, 3, SHAPE(3, 1, 1)), *flat = weir_randn(c, WEIR_F32, 4, SHAPE(1, 3, 1, 1));
    assert_true(lies_last(weir_relu(l)) && lies_last(weir_silu(l)) && lies_last(weir_scale(l, 2)) && lies_last(weir_add(l, bias)) && lies_last(weir_mul(flat, l)) && lies_last(weir_add(x, l)));
    assert_true(lies_last(weir_where(weir_gt(l, bias), l, bias)));
    weir_tensor *joined = weir_cat(3, (weir_tensor *[]){ l, x, weir_slice(l, 1, 0, 1, 1) }, 1), *plain = weir_cat(3, (weir_tensor *[]){ x, x, weir_slice(x, 1, 0, 1, 1) }, 1);
    assert_true(lies_last(joined) && !lies_last(plain));
    for (int64_t i = 0; i < 280; i++) assert_near(weir_get(joined, SHAPE(i / 140, i / 20 % 7, i / 5 % 4, i % 5)), ((const float *)weir_data(plain))[i], 0);
    assert_true(!lies_last(weir_relu(x)) && !lies_last(weir_add(x, bias)) && !lies_last(weir_reshape(l, 2, SHAPE(2, 60))));
    assert_true(lies_last(weir_detach(l)) && !lies_last(weir_contiguous(l)));
    /* one channel, or one place, lies both ways, with the strides of the logical order */
    weir_tensor *one = weir_avg_pool2d(weir_randn(c, WEIR_F32, 4, SHAPE(2, 1, 4, 4)), NULL), *place = weir_avg_pool2d(weir_randn(c, WEIR_F32, 4, SHAPE(2, 7, 2, 2)), NULL);
    assert_true(weir_is_contiguous(one) && weir_is_channels_last(one) && weir_is_contiguous(place) && weir_is_channels_last(place));
    assert_int_equal(weir_strides(one)[1], 4);
    /* gradients come back in the order of what they belong to; values are the same in either */
    weir_set_requires_grad(l = weir_detach(l), true), weir_set_requires_grad(x, true);
    weir_tensor *y = weir_mean(weir_silu(l)), *z = weir_mean(weir_silu(x)), *gy, *gz;
    weir_grad(1, &y, 1, &l, NULL, false, false, &gy), weir_grad(1, &z, 1, &x, NULL, false, false, &gz);
    assert_true(lies_last(gy) && !lies_last(gz));
    for (int64_t i = 0; i < 120; i++) assert_near(weir_get(gy, SHAPE(i / 60, i / 20 % 3, i / 5 % 4, i % 5)), ((const float *)weir_data(gz))[i], 0);
    assert_ok(c);
    weir_channels_last(bias);
    assert_fails(c, WEIR_ERROR_SHAPE, "channels_last: [3, 1, 1]: expected rank 4");
}

static void same_bits(weir_tensor *a, weir_tensor *b, const char *what)
{
    a = weir_contiguous(a), b = weir_contiguous(b);
    assert_int_equal(weir_numel(a), weir_numel(b));
    if (memcmp(weir_data(a), weir_data(b), (size_t)weir_numel(a) * weir_dtype_size(weir_dtype_of(a)))) fail_msg("%s: bits differ", what);
}

/* A net of every image op: y [N, 5, 2, 2] of x [N, 3, 9, 8] */
static weir_tensor *net(weir_tensor *x, weir_tensor *const *w)
{
    weir_conv2d_opts o = weir_conv2d_defaults(), s = o;
    weir_pool2d_opts p = weir_pool2d_defaults(3);
    o.padding[0] = o.padding[1] = 1, s.stride[0] = s.stride[1] = 2, s.groups = 2;
    p.stride[0] = p.stride[1] = 2, p.padding[0] = p.padding[1] = 1;
    weir_tensor *h = weir_silu(weir_conv2d(x, w[0], w[1], &o));      /* [N, 8, 9, 8] */
    h = weir_add(weir_max_pool2d(h, &p), weir_avg_pool2d(h, &p));    /* [N, 8, 5, 4] */
    h = weir_conv2d(weir_upsample_nearest2d(h, 10, 8), w[2], NULL, &s); /* [N, 6, 4, 3] */
    return weir_conv2d(h, w[3], w[4], NULL);                         /* 1 x 1: [N, 5, 4, 3] */
}

static void batches_in(weir_ctx *c)
{
    enum { N = 17 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++) {
        weir_scope outer = weir_scope_begin(c);
        weir_dtype type = (weir_dtype)t;
        weir_tensor *w[] = { weir_randn(c, type, 4, SHAPE(8, 3, 3, 3)), weir_randn(c, type, 1, SHAPE(8)), weir_randn(c, type, 4, SHAPE(6, 4, 3, 3)),
                             weir_randn(c, type, 4, SHAPE(5, 6, 1, 1)), weir_randn(c, type, 1, SHAPE(5)) };
        weir_tensor *x = weir_set_requires_grad(weir_randn(c, type, 4, SHAPE(N, 3, 9, 8)), true), *y = net(x, w), *v = weir_cos(weir_detach(y)), *g;
        weir_grad(1, &y, 1, &x, &v, false, false, &g);
        assert_ok(c);
        for (int64_t n = 1; n <= N; n++) {
            int64_t from = n * 5 % (N + 1 - n);
            weir_scope s = weir_scope_begin(c);
            weir_tensor *xn = weir_set_requires_grad(weir_contiguous(weir_detach(weir_slice(weir_detach(x), 0, from, from + n, 1))), true), *yn = net(xn, w), *vn = weir_cos(weir_detach(yn)), *gn;
            weir_grad(1, &yn, 1, &xn, &vn, false, false, &gn);
            assert_ok(c);
            same_bits(yn, weir_slice(y, 0, from, from + n, 1), "forward");
            same_bits(gn, weir_slice(g, 0, from, from + n, 1), "vjp");
            weir_scope_end(s);
        }
        weir_scope_end(outer);
    }
}

static void images_are_independent(void **state)
{
    (void)state;
    for (int isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++) {
        weir_open_opts o = weir_open_defaults();
        o.isa = (weir_isa)isa;
        weir_ctx *c = weir_open_with(&o);
        if (weir_ok(c)) batches_in(c); /* else the CPU lacks it */
        weir_close(c);
    }
}

/* The same bits of everything on 1, 2 and 4 threads, in sizes where they share the work */
static void threads_change_nothing(void **state)
{
    weir_ctx *c = *state, *other[3];
    weir_tensor *grads[3][3];
    (void)c;
    for (int i = 0; i < 3; i++) {
        weir_open_opts o = weir_open_defaults();
        o.threads = 1 << i, o.seed = 5;
        other[i] = weir_open_with(&o);
        weir_conv2d_opts p = weir_conv2d_defaults();
        p.padding[0] = p.padding[1] = 1;
        weir_tensor *x = weir_set_requires_grad(weir_randn(other[i], WEIR_F32, 4, SHAPE(4, 24, 20, 20)), true);
        weir_tensor *w = weir_set_requires_grad(weir_randn(other[i], WEIR_F32, 4, SHAPE(40, 24, 3, 3)), true), *y = weir_conv2d(x, w, NULL, &p);
        weir_backward(weir_sum(weir_square(y)));
        assert_ok(other[i]);
        grads[i][0] = y, grads[i][1] = weir_grad_of(x), grads[i][2] = weir_grad_of(w);
        for (int k = 0; k < 3; k++) same_bits(grads[i][k], grads[0][k], "threads");
    }
    for (int i = 0; i < 3; i++) weir_close(other[i]);
}

/* After the first steps of a net of image ops the system is asked for nothing more. */
static void steps_allocate_nothing(void **state)
{
    (void)state;
    test_memory memory = { .fail_at = -1 };
    weir_open_opts o = weir_open_defaults();
    o.resize = test_resize, o.resize_user = &memory;
    weir_ctx *c = weir_open_with(&o);
    weir_tensor *w[] = { weir_randn(c, WEIR_F32, 4, SHAPE(8, 3, 3, 3)), weir_randn(c, WEIR_F32, 1, SHAPE(8)), weir_randn(c, WEIR_F32, 4, SHAPE(6, 4, 3, 3)),
                         weir_randn(c, WEIR_F32, 4, SHAPE(5, 6, 1, 1)), weir_randn(c, WEIR_F32, 1, SHAPE(5)) };
    for (int i = 0; i < 5; i++) weir_set_requires_grad(w[i], true);
    int64_t before = 0;
    for (int step = 0; step < 8; step++) {
        if (step == 3) before = memory.calls;
        weir_scope s = weir_scope_begin(c);
        weir_backward(weir_mean(weir_square(net(weir_randn(c, WEIR_F32, 4, SHAPE(5, 3, 9, 8)), w))));
        weir_scope_end(s);
    }
    assert_ok(c);
    int64_t more = memory.calls - before;
    weir_close(c);
    assert_int_equal(memory.out, 0);
#ifndef WEIR_NO_POOL /* else every block is the system's, for the sanitizers to watch */
    assert_int_equal(more, 0);
#else
    assert_true(more % 5 == 0); /* five equal steps */
#endif
}

/* A leaf's gradient, written where it lives and then added to, is what weir_grad gives */
static void gradients_are_written_in_place(void **state)
{
    weir_ctx *c = *state;
    weir_conv2d_opts o = weir_conv2d_defaults();
    o.padding[0] = 1, o.stride[1] = 2;
    weir_tensor *x = weir_randn(c, WEIR_F64, 4, SHAPE(3, 4, 6, 7)), *w = weir_set_requires_grad(weir_randn(c, WEIR_F64, 4, SHAPE(5, 4, 3, 3)), true),
                *b = weir_set_requires_grad(weir_randn(c, WEIR_F64, 1, SHAPE(5)), true), *wants[] = { w, b }, *g[2];
    weir_tensor *y = weir_conv2d(x, w, b, &o), *v = weir_sin(weir_detach(y));
    weir_grad(1, &y, 2, wants, &v, false, false, g);
    for (int times = 1; times <= 2; times++) {
        weir_backward_with(weir_conv2d(x, w, b, &o), v, false);
        assert_ok(c);
        for (int k = 0; k < 2; k++) {
            const double *got = weir_data(weir_grad_of(wants[k])), *want = weir_data(g[k]);
            for (int64_t i = 0; i < weir_numel(g[k]); i++) assert_near(got[i], times * want[i], 1e-13);
        }
    }
}

static void maxima_are_as_in_pytorch(void **state)
{
    weir_ctx *c = *state;
    const double values[] = { 1, 1, -INFINITY, -INFINITY, 2, NAN, 1, 1, -INFINITY, -INFINITY, 3, NAN }; /* [1, 1, 2, 6] */
    const double want[] = { 1, -INFINITY, NAN }, slope[] = { 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1 };
    weir_tensor *x = weir_set_requires_grad(weir_from_f64(c, values, 4, SHAPE(1, 1, 2, 6)), true), *y = weir_max_pool2d(x, NULL), *v = weir_ones(c, WEIR_F64, 4, SHAPE(1, 1, 1, 3)), *g;
    weir_grad(1, &y, 1, &x, &v, false, false, &g);
    assert_ok(c);
    for (int i = 0; i < 3; i++) {
        double got = weir_get(y, SHAPE(0, 0, 0, i));
        assert_true(isnan(want[i]) ? isnan(got) : got == want[i]);
    }
    for (int i = 0; i < 12; i++) assert_near(weir_get(g, SHAPE(0, 0, i / 6, i % 6)), slope[i], 0);
}

static void misfits_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir_conv2d_opts o = weir_conv2d_defaults();
    weir_tensor *x = weir_zeros(c, WEIR_F32, 4, SHAPE(2, 4, 5, 5)), *w = weir_zeros(c, WEIR_F32, 4, SHAPE(6, 4, 3, 3)), *b = weir_zeros(c, WEIR_F32, 1, SHAPE(5));
    weir_conv2d(x, w, b, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "conv2d: [2, 4, 5, 5], [6, 4, 3, 3] and [5]: expected b [6]");
    weir_conv2d(x, weir_zeros(c, WEIR_F32, 4, SHAPE(6, 3, 3, 3)), NULL, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "conv2d: [2, 4, 5, 5] and [6, 3, 3, 3]: 1 groups, 4 channels to 6");
    weir_conv2d(x, weir_zeros(c, WEIR_F32, 4, SHAPE(6, 4, 6, 1)), NULL, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a kernel that fits");
    weir_conv2d(x, weir_zeros(c, WEIR_F64, 4, SHAPE(6, 4, 3, 3)), NULL, &o);
    assert_fails(c, WEIR_ERROR_DTYPE, "f32 with f64");
    weir_conv2d(weir_zeros(c, WEIR_F32, 3, SHAPE(4, 5, 5)), w, NULL, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected x [N, C, H, W]");
    weir_conv2d_input(weir_zeros(c, WEIR_F32, 4, SHAPE(2, 6, 4, 3)), w, 5, 5, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a gradient [2, 6, 3, 3]");
    o.groups = 4;
    weir_conv2d(x, w, NULL, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "4 groups");
    o.groups = 0;
    weir_conv2d(x, w, NULL, &o);
    assert_fails(c, WEIR_ERROR_RANGE, "0 groups");
    o = weir_conv2d_defaults(), o.stride[1] = 0;
    weir_conv2d(x, w, NULL, &o);
    assert_fails(c, WEIR_ERROR_RANGE, "stride 0");
    o = weir_conv2d_defaults(), o.dilation[0] = 1 << 20;
    weir_conv2d(x, w, NULL, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a kernel that fits");
    weir_pool2d_opts p = weir_pool2d_defaults(2);
    p.padding[0] = 2;
    weir_max_pool2d(x, &p);
    assert_fails(c, WEIR_ERROR_RANGE, "padding at most half the kernel");
    p = weir_pool2d_defaults(6);
    weir_avg_pool2d(x, &p);
    assert_fails(c, WEIR_ERROR_SHAPE, "avg_pool2d: [2, 4, 5, 5]: kernel 6");
    weir_upsample_nearest2d(x, 0, 3);
    assert_fails(c, WEIR_ERROR_SHAPE, "to 0 x 3");
    weir_max_pool2d(weir_cast(x, WEIR_I64), NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "i64: expected f32 or f64");
    weir_conv2d(NULL, w, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
}

/* Along each axis, in either order or both: what was joined comes back from its place */
static void joins_keep_every_place(void **state)
{
    weir_ctx *c = *state;
    for (int axis = 0; axis < 4; axis++)
        for (int orders = 0; orders < 8; orders++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[3];
            int64_t at = 0;
            for (int i = 0; i < 3; i++) {
                int64_t shape[] = { 3, 24, 6, 16 };
                shape[axis] += 9 * i;
                x[i] = weir_randn(c, WEIR_F32, 4, shape);
                if (orders >> i & 1) x[i] = weir_channels_last(x[i]);
            }
            weir_tensor *y = weir_cat(3, x, axis);
            for (int i = 0; i < 3; i++) {
                int64_t n = weir_dim(x[i], axis);
                same_bits(weir_slice(y, axis, at, at + n, 1), x[i], "cat");
                at += n;
            }
            assert_ok(c);
            weir_scope_end(s);
        }
}

int main(void)
{
    CASES(CASE(memory_order_spreads_by_rules), CASE(joins_keep_every_place), cmocka_unit_test(images_are_independent), CASE(threads_change_nothing), cmocka_unit_test(steps_allocate_nothing), CASE(gradients_are_written_in_place),
          CASE(maxima_are_as_in_pytorch), CASE(misfits_are_refused));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
