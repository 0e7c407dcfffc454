/* Normalisations: running statistics, who may write them, what is refused, gradients of gradients on a long history. */
#include "test.h"
#include "ops/ops.h"

static void running_statistics_move_by_momentum(void **state)
{
    weir_ctx *c = *state;
    static const double values[12] = { 1, 2, 3, 4, -5, 6, 7, 8, 9, 10, 11, -12 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++) {
        weir_tensor *x = weir_cast(weir_from_f64(c, values, 3, SHAPE(3, 2, 2)), (weir_dtype)t), *mean = weir_full(c, (weir_dtype)t, 1, SHAPE(2), 0.5), *var = weir_ones(c, (weir_dtype)t, 1, SHAPE(2));
        weir_tensor *y = weir_batch_norm(x, mean, var, NULL, NULL, true, 0.25, 1e-5);
        for (int k = 0; k < 2; k++) { /* channel k: elements 0, 1 of each row's pair k */
            double sum = 0, square = 0;
            for (int i = 0; i < 6; i++) sum += values[i / 2 * 4 + 2 * k + i % 2];
            for (int i = 0; i < 6; i++) square += pow(values[i / 2 * 4 + 2 * k + i % 2] - sum / 6, 2);
            assert_near(weir_get(mean, SHAPE(k)), 0.75 * 0.5 + 0.25 * sum / 6, 1e-6);
            assert_near(weir_get(var, SHAPE(k)), 0.75 + 0.25 * square / 5, 1e-6);
            assert_near(weir_get(y, SHAPE(1, k, 0)), (values[4 + 2 * k] - sum / 6) / sqrt(square / 6 + 1e-5), 1e-6);
        }
        weir_tensor *z = weir_batch_norm(x, mean, var, NULL, NULL, false, 0.25, 1e-5);
        assert_near(weir_get(z, SHAPE(2, 1, 1)), (-12 - weir_get(mean, SHAPE(1))) / sqrt(weir_get(var, SHAPE(1)) + 1e-5), 1e-6);
        weir_tensor *without = weir_batch_norm(x, NULL, NULL, NULL, NULL, false, 0.25, 1e-5); /* nothing to go by but the batch */
        assert_near(weir_get(without, SHAPE(1, 0, 0)), weir_get(y, SHAPE(1, 0, 0)), 0);
        assert_ok(c);
    }
}

/* Of the shards of a step the first moves them; other workers leave their parent's buffers alone. */
static void the_first_shard_keeps_them(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *mean = weir_zeros(c, WEIR_F32, 1, SHAPE(1)), *var = weir_ones(c, WEIR_F32, 1, SHAPE(1));
    for (int64_t shard = -1; shard < 2; shard++) {
        weir__worker_grads grads = { .index = shard };
        weir_ctx *w = weir_worker_open(c, 1);
        w->worker = shard < 0 ? NULL : &grads;
        weir_batch_norm(weir_from_f32(w, (const float[]){ 1, 3 }, 2, SHAPE(2, 1)), mean, var, NULL, NULL, true, 0.5, 0);
        assert_ok(w);
        assert_near(weir_get(mean, SHAPE(0)), shard < 0 ? 0 : 1, 0);
        assert_near(weir_get(var, SHAPE(0)), shard < 0 ? 1 : 1.5, 0);
        weir_close(w);
    }
}

static void misuse_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(3, 4)), *w3 = weir_ones(c, WEIR_F32, 1, SHAPE(3)), *w4 = weir_ones(c, WEIR_F32, 1, SHAPE(4)), *d4 = weir_ones(c, WEIR_F64, 1, SHAPE(4));
    weir_layer_norm(x, 0, NULL, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "layer_norm: [3, 4]: expected 1 to 2 axes");
    weir_layer_norm(x, 3, NULL, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected 1 to 2 axes");
    weir_layer_norm(x, 1, w3, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "layer_norm: [3, 4] and [3]: expected a weight");
    weir_layer_norm(x, 1, d4, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_DTYPE, "f32 with f64");
    weir_rms_norm(x, 1, w4, -1);
    assert_fails(c, WEIR_ERROR_RANGE, "eps -1");
    weir_group_norm(x, 3, NULL, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "group_norm: [3, 4]: 3 groups: expected a divisor");
    weir_group_norm(x, 0, NULL, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_RANGE, "0 groups");
    weir_group_norm(w3, 1, NULL, NULL, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected [batch, channels, ..]");
    weir_batch_norm(weir_slice(x, 0, 0, 1, 1), NULL, NULL, NULL, NULL, true, 0.1, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "more than one value a channel");
    weir_batch_norm(x, w4, NULL, NULL, NULL, true, 0.1, 1e-5);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "both or neither");
    weir_batch_norm(x, w3, w3, NULL, NULL, true, 0.1, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "running mean");
    weir_batch_norm(x, w3, w3, NULL, NULL, false, 0.1, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "batch_norm_eval: [3, 4], [3]");
    weir_batch_norm(x, w4, weir_set_requires_grad(weir_ones(c, WEIR_F32, 1, SHAPE(4)), true), NULL, NULL, true, 0.1, 1e-5);
    assert_fails(c, WEIR_ERROR_SHAPE, "running variance");
    weir_batch_norm(x, w4, w4, NULL, NULL, true, 2, 1e-5);
    assert_fails(c, WEIR_ERROR_RANGE, "momentum 2");
    assert_true(weir_is_nil(weir_layer_norm(NULL, 1, NULL, NULL, 1e-5)));
    assert_true(weir_is_nil(weir_batch_norm(NULL, NULL, NULL, NULL, NULL, true, 0.1, 1e-5)));
    assert_ok(c);
}

/* The gradient of |dy/dx|^2 through many layers: references are differentiated on top of a long history, which they must not walk. */
static weir_tensor *deep(void *user, weir_tensor **in)
{
    weir_tensor *y = in[0];
    for (int i = 0; i < *(int *)user; i++) y = weir_layer_norm(weir_tanh(weir_scale(y, 3)), 1, in[1], NULL, 0.1);
    return y;
}

static void gradients_of_gradients_through_layers(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *in[2] = { weir_randn(c, WEIR_F64, 2, SHAPE(2, 5)), weir_affine(weir_randn(c, WEIR_F64, 1, SHAPE(5)), 0.1, 1) };
    int layers = 3;
    weir_gradcheck(c, deep, &layers, 2, in, NULL);
    assert_ok(c);
    weir_tensor *x = weir_set_requires_grad(in[0], true), *g, *gg, *y;
    layers = 2000;
    y = weir_sum(deep(&layers, in));
    assert_int_equal(weir_grad(1, &y, 1, &x, NULL, true, true, &g), WEIR_OK);
    y = weir_sum(weir_square(g));
    assert_int_equal(weir_grad(1, &y, 1, &x, NULL, false, false, &gg), WEIR_OK);
    assert_true(isfinite(weir_get(gg, SHAPE(1, 4))));
}

int main(void)
{
    CASES(CASE(running_statistics_move_by_momentum), CASE(the_first_shard_keeps_them), CASE(misuse_is_refused), CASE(gradients_of_gradients_through_layers));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
