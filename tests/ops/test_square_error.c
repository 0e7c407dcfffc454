/* The squared error of samples has the bits of its plain ops, forward and backward, whatever the
 * rows' width: few numbers, a block and more, images. */
#include "test.h"
#include "ops/ops.h"

static weir_tensor *plain(weir_tensor *x, weir_tensor *y, double scale)
{
    return weir_scale(weir_sum_samples(weir_square(weir_sub(x, y))), scale);
}

static void assert_same_bits(weir_tensor *a, weir_tensor *b)
{
    int64_t n = weir_numel(a);
    double *x = malloc((size_t)n * sizeof *x), *y = malloc((size_t)n * sizeof *y);
    assert_int_equal(weir_numel(b), n);
    assert_int_equal(weir_copy_to_f64(a, x, n), WEIR_OK);
    assert_int_equal(weir_copy_to_f64(b, y, n), WEIR_OK);
    for (int64_t i = 0; i < n; i++) assert_true(x[i] == y[i]);
    free(x);
    free(y);
}

static void check(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape, double scale)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *in[] = {
        weir_set_requires_grad(weir_randn(c, t, ndim, shape), true),
        weir_set_requires_grad(weir_randn(c, t, ndim, shape), true),
    };
    weir_tensor *fused = weir__square_errors(in[0], in[1], scale), *ops = plain(in[0], in[1], scale);
    weir_tensor *g = weir_randn(c, t, 1, shape), *got[2], *want[2];
    assert_string_equal(weir_grad_fn_name(fused), "op.square_error");
    assert_same_bits(fused, ops);
    assert_int_equal(weir_grad(1, &fused, 2, in, &g, false, false, got), WEIR_OK);
    assert_int_equal(weir_grad(1, &ops, 2, in, &g, false, false, want), WEIR_OK);
    for (int i = 0; i < 2; i++) assert_same_bits(got[i], want[i]);
    weir_scope_end(s);
}

static void bits_are_those_of_plain_ops(void **state)
{
    weir_ctx *c = *state;
    static const int64_t widths[] = { 1, 2, 3, 4, 5, 16, 37, 512, 513, 1500 };
    for (weir_dtype t = WEIR_F32; t <= WEIR_F64; t++) {
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
            check(c, t, 2, SHAPE(7, widths[i]), 1.0 / 3);
        check(c, t, 4, SHAPE(2, 3, 4, 5), 0.1);
        check(c, t, 1, SHAPE(9), 1);
    }
    assert_ok(c);
}

/* What does not lie dense goes by plain ops. */
static void channels_last_is_served(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_randn(c, WEIR_F32, 4, SHAPE(2, 3, 4, 5));
    weir_tensor *y = weir_randn(c, WEIR_F32, 4, SHAPE(2, 3, 4, 5));
    assert_same_bits(weir__square_errors(weir_channels_last(x), y, 0.5), plain(x, y, 0.5));
    assert_ok(c);
}

static void everything(weir_ctx *c)
{
    weir_tensor *x = weir_set_requires_grad(weir_ones(c, WEIR_F32, 2, SHAPE(3, 2)), true);
    weir_tensor *y = weir_set_requires_grad(weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2)), true);
    weir_backward(weir_sum(weir__square_errors(x, y, 2)));
}

static void no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(bits_are_those_of_plain_ops), CASE(channels_last_is_served), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
