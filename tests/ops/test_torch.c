/* Losses, ops by index, ops on empty and 0-d inputs against PyTorch: values and gradients of tests/ops/fixtures/torch.h. Then what
 * numbers cannot show: errors, second derivatives of losses, gradients of a chosen place, who a draw of dropout belongs to. */
#include "test.h"
#include "fixtures/torch.h"
#include "tensor/tensor.h"

enum { CASES_N = sizeof torch_cases / sizeof *torch_cases };

static weir_tensor *input(weir_ctx *c, const torch_array *a)
{
    weir_tensor *x = weir_from_f64(c, a->values, a->ndim, a->shape);
    if (a->index) return weir_cast(x, WEIR_I64);
    return a->has_gradient ? weir_set_requires_grad(x, true) : x;
}

static void expect(const char *name, const char *what, weir_tensor *got, const double *values)
{
    int64_t n = weir_numel(got);
    double v[128];
    assert_true(n <= 128);
    weir_copy_to_f64(got, v, n);
    for (int64_t i = 0; i < n; i++)
        if (isnan(values[i]) ? !isnan(v[i]) : v[i] != values[i] && !(fabs(v[i] - values[i]) <= 1e-13 * (1 + fabs(values[i]))))
            fail_msg("%s: %s %lld: %.17g, PyTorch %.17g", name, what, (long long)i, v[i], values[i]);
}

static void values_and_gradients_are_pytorchs(void **state)
{
    weir_ctx *c = *state;
    assert_true(CASES_N > 110);
    for (int k = 0; k < CASES_N; k++) {
        const struct torch_case *t = &torch_cases[k];
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x[3];
        for (int i = 0; i < t->n; i++) x[i] = input(c, &t->x[i]);
        weir_tensor *y = t->call(x);
        if (!weir_ok(c)) fail_msg("%s: %s", t->name, weir_message(c));
        assert_int_equal(weir_ndim(y), t->y.ndim);
        for (int i = 0; i < t->y.ndim; i++) assert_int_equal(weir_dim(y, i), t->y.shape[i]);
        expect(t->name, "value", y, t->y.values);
        if (weir_requires_grad(y)) {
            weir_tensor *v = weir_cos(weir_affine(weir_arange(c, WEIR_F64, weir_numel(y)), 1, 0.5));
            weir_backward_with(y, weir_reshape(v, weir_ndim(y), weir_shape(y)), false);
        }
        if (!weir_ok(c)) fail_msg("%s: %s", t->name, weir_message(c));
        for (int i = 0; i < t->n; i++) {
            if (!t->x[i].has_gradient) continue;
            assert_false(weir_is_nil(weir_grad_of(x[i])));
            expect(t->name, "gradient", weir_grad_of(x[i]), t->x[i].gradient);
        }
        weir_scope_end(s);
    }
}

/* First and second derivatives of every case, in f64, by differences. */
static weir_tensor *call_case(void *user, weir_tensor **x) { return ((const struct torch_case *)user)->call(x); }
static void second_derivatives(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < CASES_N; k++) {
        const struct torch_case *t = &torch_cases[k];
        if (!isfinite(t->y.values[0]) || strstr(t->name, "argmax") || strstr(t->name, "searchsorted") || strstr(t->name, "padding") || strstr(t->name, "i64") || strstr(t->name, "bool")) continue; /* padding: 0 by convention */
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x[3];
        for (int i = 0; i < t->n; i++) x[i] = input(c, &t->x[i]);
        if (weir_gradcheck(c, call_case, (void *)(uintptr_t)t, t->n, x, NULL)) fail_msg("%s: %s", t->name, weir_message(c));
        weir_scope_end(s);
    }
}

static void mistakes_name_the_op_and_both_shapes(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3)), *y = weir_zeros(c, WEIR_F32, 1, SHAPE(3)), *d = weir_zeros(c, WEIR_F64, 2, SHAPE(2, 3));
    weir_tensor *classes = weir_from_i64(c, (const int64_t[]){ 0, 3 }, 1, SHAPE(2)), *wide = weir_zeros(c, WEIR_I64, 2, SHAPE(4, 3));
    weir_mse_loss(x, y, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_SHAPE, "mse_loss: [2, 3] and [3]: expected equal shapes");
    weir_l1_loss(x, d, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_DTYPE, "l1_loss: [2, 3] and [2, 3]: f32 with f64");
    weir_huber_loss(x, x, 0, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_RANGE, "huber_loss: delta 0");
    weir_smooth_l1_loss(x, NULL, 1, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "smooth_l1_loss: nil");
    weir_cross_entropy(x, classes, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "cross_entropy: [2, 3] and [2]: class 3 at 1: expected 0 to 2, or -100 to ignore");
    weir_cross_entropy(x, y, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "cross_entropy: [2, 3] and [3]: f32 and f32");
    weir_nll_loss(x, wide, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "nll_loss: [2, 3] and [4, 3]");
    weir_gather(x, 1, wide);
    assert_fails(c, WEIR_ERROR_SHAPE, "gather: [2, 3] and [4, 3]");
    weir_gather(x, 0, weir_from_i64(c, (const int64_t[]){ 1, -1, 0 }, 2, SHAPE(1, 3)));
    assert_fails(c, WEIR_ERROR_RANGE, "gather: [2, 3] and [1, 3]: index -1 at 1: expected 0 to 1");
    weir_scatter_add(x, 0, wide, x);
    assert_fails(c, WEIR_ERROR_SHAPE, "scatter_add: [2, 3], [4, 3] and [2, 3]");
    weir_scatter_add(x, 0, weir_full(c, WEIR_I64, 2, SHAPE(4, 3), 2), weir_zeros(c, WEIR_F32, 2, SHAPE(5, 3)));
    assert_fails(c, WEIR_ERROR_RANGE, "scatter_add: [2, 3], [4, 3] and [4, 3]: index 2 at 0");
    weir_embedding(x, classes, -1);
    assert_fails(c, WEIR_ERROR_RANGE, "embedding: [2, 3] and [2]: index 3 at 1: expected 0 to 1");
    weir_pad(x, 1, (const int64_t[]){ -2, -2 }, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "pad: [2, 3]: -2 and -2 to axis 1");
    weir_pad_reflect(x, 1, (const int64_t[]){ 3, 0 });
    assert_fails(c, WEIR_ERROR_SHAPE, "pad_reflect: 3 and 0 to axis 1 of extent 3: expected less than the extent");
    weir_pad_replicate(weir_zeros(c, WEIR_F32, 1, SHAPE(0)), 1, (const int64_t[]){ 1, 0 });
    assert_fails(c, WEIR_ERROR_SHAPE, "pad_replicate: 1 and 0 to axis 0 of extent 0");
    weir_argmax(weir_zeros(c, WEIR_F32, 2, SHAPE(2, 0)), 1, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "argmax: [2, 0]: axis 1 is empty");
    weir_stack(2, (weir_tensor *[]){ x, y }, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "stack: [2, 3] and [3]");
    weir_squeeze(x, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "squeeze: axis 0 of extent 2");
    weir_select(x, 1, 3);
    assert_fails(c, WEIR_ERROR_RANGE, "select: index 3: expected -3 to 2");
    weir_dropout(x, 1.5, true);
    assert_fails(c, WEIR_ERROR_RANGE, "dropout: p 1.5");
    weir_roll(x, 1, SHAPE(1), (const int[]){ 2 });
    assert_fails(c, WEIR_ERROR_SHAPE, "roll: axis 2 of a tensor of rank 2");
    weir_masked_fill(x, wide, 0);
    assert_fails(c, WEIR_ERROR_DTYPE, "masked_fill: [2, 3] and [4, 3]: a mask of i64: expected bool");
    weir_masked_fill(x, weir_zeros(c, WEIR_BOOL, 3, SHAPE(2, 1, 3)), 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "masked_fill: [2, 3] and [2, 1, 3]: expected a mask that broadcasts to the first");
    weir_scatter(x, 0, weir_full(c, WEIR_I64, 2, SHAPE(1, 3), 2), x);
    assert_fails(c, WEIR_ERROR_RANGE, "scatter: [2, 3], [1, 3] and [1, 3]: index 2 at 0");
    weir_searchsorted(x, y, true);
    assert_fails(c, WEIR_ERROR_SHAPE, "searchsorted: [2, 3] and [3]: expected one sorted line, or as many as the second has");
    weir_glu(x, 1);
    assert_fails(c, WEIR_ERROR_SHAPE, "glu: [2, 3]: axis 1 of extent 3: expected an even one");
    weir_gated(x, 0, WEIR_ACT_RELU);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "glu: activation 1");
    weir_pixel_shuffle(x, 2);
    assert_fails(c, WEIR_ERROR_SHAPE, "pixel_shuffle: [2, 3] by 2: expected [N, C, H, W] with C a multiple of its square");
    weir_pixel_unshuffle(weir_zeros(c, WEIR_F32, 4, SHAPE(1, 1, 4, 3)), 2);
    assert_fails(c, WEIR_ERROR_SHAPE, "pixel_unshuffle: [1, 1, 4, 3] by 2");
    weir_tensor *out[3];
    assert_false(weir_split(x, 1, 2, SHAPE(1, 1), out));
    assert_true(weir_is_nil(out[0]) && weir_is_nil(out[1]));
    assert_fails(c, WEIR_ERROR_SHAPE, "split: 2 sizes along axis 1: expected sizes that sum to its extent, 3");
}

static void whole_numbers_wrap_and_divide_down(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *a = weir_from_i64(c, (const int64_t[]){ INT64_MAX, INT64_MIN, INT64_MIN }, 1, SHAPE(3)), *b = weir_from_i64(c, (const int64_t[]){ 1, -1, 3 }, 1, SHAPE(3));
    const int64_t *sum = weir_data(weir_add(a, b)), *product = weir_data(weir_mul(a, b)), *quotient = weir_data(weir_floor_divide(a, b)), *rest = weir_data(weir_remainder(a, b));
    assert_true(sum[0] == INT64_MIN && sum[1] == INT64_MAX && product[1] == INT64_MIN && product[2] == INT64_MIN);
    assert_true(quotient[1] == INT64_MIN && quotient[2] == INT64_MIN / 3 - 1 && rest[1] == 0 && rest[2] == 1);
    assert_true(((const int64_t *)weir_data(weir_neg(a)))[1] == INT64_MIN && ((const int64_t *)weir_data(weir_abs(a)))[2] == INT64_MIN);
    assert_true(*(const int64_t *)weir_data(weir_sum(a)) == INT64_MAX); /* max + 2^63 + 2^63 */
    assert_int_equal(weir_dtype_of(weir_sum(weir_lt(a, b))), WEIR_I64);
    weir_tensor *u8 = weir_cast(b, WEIR_U8), *chosen = weir_where(weir_lt(a, b), u8, weir_cast(a, WEIR_U8));
    assert_int_equal(weir_dtype_of(chosen), WEIR_U8);
    assert_near(weir_get(chosen, SHAPE(1)), 255, 0);
    assert_ok(c);
    weir_tensor *zeros = weir_zeros_like(b), *bools = weir_lt(a, b), *x = weir_zeros(c, WEIR_F32, 1, SHAPE(3));
    weir_floor_divide(a, zeros);
    assert_fails(c, WEIR_ERROR_RANGE, "floor_divide: [3] and [3]: a divisor is 0");
    weir_remainder(x, x);
    assert_fails(c, WEIR_ERROR_DTYPE, "remainder: [3] and [3]: f32: expected i64");
    weir_div(a, b);
    assert_fails(c, WEIR_ERROR_DTYPE, "div: [3] and [3]: i64: expected f32 or f64 (weir_cast converts, weir_floor_divide");
    weir_sub(bools, bools);
    assert_fails(c, WEIR_ERROR_DTYPE, "sub: [3] and [3]: bool: expected f32, f64 or i64 (weir_ne");
    weir_add(a, bools);
    assert_fails(c, WEIR_ERROR_DTYPE, "add: [3] and [3]: i64 with bool: expected one type");
    weir_lt(a, x);
    assert_fails(c, WEIR_ERROR_DTYPE, "lt: [3] and [3]: i64 with f32: expected one type");
    weir_where(bools, a, x);
    assert_fails(c, WEIR_ERROR_DTYPE, "where: [3], [3] and [3]: i64 with f32: expected one type");
    weir_mean(a);
    assert_fails(c, WEIR_ERROR_DTYPE, "mean: i64: expected f32 or f64");
    weir_exp(a);
    assert_fails(c, WEIR_ERROR_DTYPE, "exp: [3]: i64");
    weir_amax(weir_cast(a, WEIR_U8));
    assert_fails(c, WEIR_ERROR_DTYPE, "amax: [3]: u8: expected f32 or f64");
    weir_amin(weir_cast(a, WEIR_U8));
    assert_fails(c, WEIR_ERROR_DTYPE, "amin: [3]: u8: expected f32, f64, i64 or bool");
    weir_cumsum(weir_cast(a, WEIR_U8), 0);
    assert_fails(c, WEIR_ERROR_DTYPE, "cumsum: [3]: u8");
    weir_argmin(weir_cast(a, WEIR_U8), 0, true);
    assert_fails(c, WEIR_ERROR_DTYPE, "argmin: [3]: u8: expected f32, f64, i64 or bool");
}

/* Numbers past 2^53, which a double does not tell apart, and the least, which has no negative; along each axis, of strided
 * tensors. */
static void whole_numbers_have_extremes_and_running_sums(void **state)
{
    weir_ctx *c = *state;
    const int64_t big = (INT64_C(1) << 60) + 1, v[] = { big, big - 1, INT64_MIN, 4, big, INT64_MAX };
    weir_tensor *x = weir_from_i64(c, v, 2, SHAPE(2, 3)), *t = weir_transpose(x, 0, 1), *at;
    const int64_t *most = weir_data(weir_amax_axes(x, 1, (const int[]){ 1 }, false)), *least = weir_data(weir_amin_axes(t, 1, (const int[]){ 0 }, true));
    assert_true(most[0] == big && most[1] == INT64_MAX && least[0] == INT64_MIN && least[1] == 4);
    assert_true(*(const int64_t *)weir_data(weir_amax(x)) == INT64_MAX && *(const int64_t *)weir_data(weir_amin(t)) == INT64_MIN);
    const int64_t *first = weir_data(weir_argmax(x, 1, false)), *last = weir_data(weir_argmin(t, 0, false)), *column = weir_data(weir_argmax(x, 0, false));
    assert_true(first[0] == 0 && first[1] == 2 && last[0] == 2 && last[1] == 0 && column[0] == 0 && column[1] == 1 && column[2] == 1);
    const int64_t *there = weir_data(weir_min_axis(x, 1, false, &at));
    assert_true(there[0] == INT64_MIN && there[1] == 4 && ((const int64_t *)weir_data(at))[0] == 2);
    const int64_t *sums = weir_data(weir_cumsum(x, 1)), *down = weir_data(weir_contiguous(weir_cumsum(t, 1)));
    assert_true(sums[0] == big && sums[1] == 2 * big - 1 && sums[2] == 2 * big - 1 + INT64_MIN && sums[3] == 4 && sums[4] == 4 + big);
    assert_true(down[1] == big + 4 && down[3] == 2 * big - 1 && down[5] == -1);
    weir_tensor *two = weir_from_i64(c, (const int64_t[]){ INT64_MAX, 1 }, 1, SHAPE(2));
    assert_true(((const int64_t *)weir_data(weir_cumsum(two, 0)))[1] == INT64_MIN);
    weir_tensor *b = weir_lt(x, weir_from_i64(c, &big, 1, SHAPE(1))); /* 0 1 1, 1 0 0 */
    assert_int_equal(weir_dtype_of(weir_amax(b)), WEIR_BOOL);
    assert_true(weir_item(weir_amax(b)) == 1 && weir_item(weir_amin(b)) == 0 && weir_item(weir_amin(weir_slice(b, 1, 1, 2, 1))) == 0);
    assert_true(weir_item(weir_amin(weir_slice(weir_slice(b, 0, 0, 1, 1), 1, 1, 3, 1))) == 1);
    const int64_t *count = weir_data(weir_cumsum(b, 1)), *yes = weir_data(weir_argmax(b, 1, false)), *no = weir_data(weir_argmin(b, 1, false));
    assert_true(count[0] == 0 && count[2] == 2 && count[3] == 1 && count[5] == 1 && yes[0] == 1 && yes[1] == 0 && no[0] == 0 && no[1] == 1);
    assert_int_equal(weir_dtype_of(weir_max_axis(b, 0, false, NULL)), WEIR_BOOL);
    assert_int_equal(weir_numel(weir_cumsum(weir_zeros(c, WEIR_I64, 2, SHAPE(2, 0)), 1)), 0);
    assert_ok(c);
    weir_amin_axes(weir_zeros(c, WEIR_I64, 2, SHAPE(2, 0)), 1, (const int[]){ 1 }, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "amax: [2, 0]: axis 1 is empty");
}

static void mistakes_of_images_and_transformers(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 4, SHAPE(1, 2, 3, 4)), *w = weir_zeros(c, WEIR_F32, 4, SHAPE(2, 3, 2, 2)), *t = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3));
    weir_conv2d_opts o = weir_conv2d_defaults();
    o.padding_after[1] = -1;
    weir_conv2d(x, weir_transpose(w, 0, 1), NULL, &o);
    assert_fails(c, WEIR_ERROR_RANGE, "conv2d: [1, 2, 3, 4] and [3, 2, 2, 2]: padding 0 and -1 more after");
    weir_conv_transpose2d(x, w, NULL, NULL, SHAPE(1, 0));
    assert_fails(c, WEIR_ERROR_SHAPE, "conv_transpose2d: [1, 2, 3, 4] and [2, 3, 2, 2]: expected x [N, C, H, W], w [C, O / groups, P, Q] and less more");
    weir_conv_transpose2d(x, w, t, NULL, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "conv_transpose2d: bias: expected b [3]");
    o = weir_conv2d_defaults(), o.padding[0] = INT64_MAX;
    weir_conv_transpose2d(x, w, NULL, &o, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "stride 1, padding 9223372036854775807");
    o = weir_conv2d_defaults(), o.stride[1] = 0;
    weir_conv_transpose2d(x, w, NULL, &o, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "stride 0, padding 0");
    weir_upsample_bilinear2d(x, 0, 3, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "upsample_bilinear2d: [1, 2, 3, 4]: to 0 x 3");
    weir_upsample_bilinear2d_by(x, 0.1, NAN, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "upsample_bilinear2d: [1, 2, 3, 4]: to 0 x 0");
    weir_modulate(x, t, t);
    assert_fails(c, WEIR_ERROR_SHAPE, "modulate: [1, 2, 3, 4], [2, 3] and [2, 3]: expected [B, .., C] and [B, C]");
    weir_gate(x, t, t);
    assert_fails(c, WEIR_ERROR_SHAPE, "gate: [1, 2, 3, 4], [2, 3] and [2, 3]: expected the first two of one shape");
    weir_rotary(t, t, t, true);
    assert_fails(c, WEIR_ERROR_SHAPE, "rotary: [2, 3], [2, 3] and [2, 3]: expected [.., E], E even");
    weir_rotary(x, t, t, true);
    assert_fails(c, WEIR_ERROR_SHAPE, "angles that broadcast to [.., E / 2]");
    weir_rotary_angles(t, 5, 10000);
    assert_fails(c, WEIR_ERROR_RANGE, "rotary_angles: 5 columns, base 10000: expected a multiple of 2");
    weir_time_embedding(t, 2, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "time_embedding: 2 columns, shift 1");
    weir_time_embedding(weir_arange(c, WEIR_I64, 3), 8, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "time_embedding: i64: expected f32 or f64");
    weir_sincos_2d(c, WEIR_F32, 6, 2, 2, 1, 1);
    assert_fails(c, WEIR_ERROR_RANGE, "sincos_2d: 6 columns");
    weir_patchify(x, 2);
    assert_fails(c, WEIR_ERROR_SHAPE, "patchify: [1, 2, 3, 4] by 2");
    weir_unpatchify(t, 4, 4, 2);
    assert_fails(c, WEIR_ERROR_SHAPE, "unpatchify: [2, 3] by 2");
}

static void pieces_are_views(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_arange(c, WEIR_F64, 5), *out[5];
    assert_int_equal(weir_chunk(x, 0, 4, out), 3); /* 2, 2, 1, as in PyTorch */
    assert_int_equal(weir_numel(out[1]), 2);
    assert_int_equal(weir_numel(out[2]), 1);
    assert_true(weir_is_nil(out[3]));
    assert_near(weir_item(out[2]), 4, 0);
    assert_int_equal(weir_chunk(weir_zeros(c, WEIR_F64, 1, SHAPE(0)), 0, 2, out), 2);
    assert_int_equal(weir_numel(out[1]), 0);
    assert_true(weir_split(x, -1, 3, SHAPE(1, 0, 4), out));
    assert_ptr_equal(weir_data(out[2]), (const double *)weir_data(x) + 1);
    assert_int_equal(weir_numel(out[1]), 0);
    weir_tensor *one = weir_unsqueeze(x, -1);
    assert_int_equal(weir_dim(one, 1), 1);
    assert_ptr_equal(weir_data(weir_squeeze(one, 1)), weir_data(x));
    assert_ok(c);
}

/* Six pieces of which two are used: one node, gradients side by side, 0 for the others; a piece may be asked about. */
static void pieces_share_one_backward(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_set_requires_grad(weir_arange(c, WEIR_F64, 12), true), *out[6], *g[3];
    assert_int_equal(weir_chunk(x, 0, 6, out), 6);
    for (int i = 1; i < 6; i++) assert_true(out[i]->node == out[0]->node && out[i]->node && out[i]->out_index == i);
    weir_tensor *y = weir_add(weir_sum(weir_square(out[1])), weir_sum(weir_scale(out[5], 3)));
    weir_grad(3, (weir_tensor *[]){ y, y, y }, 3, (weir_tensor *[]){ x, out[1], out[5] }, NULL, true, true, g);
    assert_ok(c);
    static const double want[12] = { [2] = 12, [3] = 18, [10] = 9, [11] = 9 }; /* thrice */
    assert_memory_equal(weir_data(weir_contiguous(g[0])), want, sizeof want);
    assert_memory_equal(weir_data(weir_contiguous(g[1])), want + 2, 2 * sizeof *want);
    assert_memory_equal(weir_data(weir_contiguous(g[2])), want + 10, 2 * sizeof *want);
    weir_backward(weir_sum(weir_square(g[0])));
    assert_near(weir_get(weir_grad_of(x), SHAPE(3)), 2 * 18 * 6, 0);
    assert_near(weir_get(weir_grad_of(x), SHAPE(5)), 0, 0);
    weir_scope quiet = weir_scope_begin_no_grad(c);
    weir_chunk(x, 0, 2, out);
    assert_false(weir_requires_grad(out[0]));
    weir_scope_end(quiet);
    assert_ok(c);
}

static void the_first_of_equals_and_nan(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_from_f64(c, (const double[]){ 1, 3, 3, NAN, 7, NAN }, 2, SHAPE(2, 3)), *at;
    assert_near(weir_get(weir_argmax(x, 1, false), SHAPE(0)), 1, 0);
    assert_near(weir_get(weir_argmax(x, 1, false), SHAPE(1)), 0, 0);
    assert_near(weir_get(weir_argmin(x, 1, false), SHAPE(1)), 0, 0);
    assert_near(weir_get(weir_argmax(x, 0, true), SHAPE(0, 1)), 1, 0);
    weir_set_requires_grad(x, true);
    weir_backward(weir_sum(weir_max_axis(weir_slice(x, 0, 0, 1, 1), 1, true, &at)));
    assert_int_equal(weir_dtype_of(at), WEIR_I64);
    assert_int_equal(weir_ndim(at), 2);
    assert_near(weir_get(weir_grad_of(x), SHAPE(0, 1)), 1, 0); /* not shared with the equal one */
    assert_near(weir_get(weir_grad_of(x), SHAPE(0, 2)), 0, 0);
    assert_ok(c);
}

/* A row drops out the same elements alone and among others, in backward too; the share is right; evaluation is the identity. */
static void dropout_belongs_to_the_sample(void **state)
{
    weir_ctx *c = *state;
    enum { N = 400, D = 33 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++) {
        int64_t ids[N];
        for (int i = 0; i < N; i++) ids[i] = 1000 + i;
        weir_tensor *x = weir_set_requires_grad(weir_ones(c, (weir_dtype)t, 2, SHAPE(N, D)), true);
        weir__frame_set(c, (weir__frame){ .stream = 9, .ids = ids, .n_ids = N });
        weir_tensor *y = weir_dropout(x, 0.3, true);
        weir__frame_set(c, (weir__frame){ .stream = 9, .ids = ids + 7, .n_ids = 1 });
        weir_tensor *row = weir_dropout(weir_slice(x, 0, 7, 8, 1), 0.3, true);
        weir_dropout(x, 0.3, true);
        assert_fails(c, WEIR_ERROR_SHAPE, "dropout: [400, 33]: 400 samples: expected the 1 of the random frame");
        weir__frame_set(c, (weir__frame){ 0 });
        assert_memory_equal((const char *)weir_data(y) + 7 * D * weir_dtype_size((weir_dtype)t), weir_data(row), D * weir_dtype_size((weir_dtype)t));
        weir_backward_with(y, weir_ones(c, (weir_dtype)t, 2, SHAPE(N, D)), false);
        assert_memory_equal(weir_data(weir_grad_of(x)), weir_data(y), N * D * weir_dtype_size((weir_dtype)t));
        double kept = weir_item(weir_mean(y)), top = weir_item(weir_amax(y));
        assert_near(kept, 1, 0.03); /* 5 standard errors of 13,200 draws: 0.028 */
        assert_near(top, 1 / 0.7, 1e-6);
        assert_ptr_equal(weir_dropout(x, 0.3, false), x);
        assert_ptr_equal(weir_dropout(x, 0, true), x);
        assert_near(weir_item(weir_amax(weir_dropout(x, 1, true))), 0, 0);
    }
    assert_ok(c);
}

/* A worker reads its parent's strided index and makes nothing in the parent. */
static void a_parents_index_stays_there(void **state)
{
    weir_ctx *c = *state, *w = weir_worker_open(c, 1);
    weir_tensor *all = weir_from_i64(c, (const int64_t[]){ 2, 9, 0, 9, 1, 9, 2, 9 }, 2, SHAPE(4, 2)), *index = weir_select(all, 1, 0), *wide = weir_slice(all, 1, 0, 1, 1);
    weir_tensor *x = weir_randn(w, WEIR_F64, 2, SHAPE(4, 3));
    int64_t before = weir_memory(c).live_blocks;
    weir_tensor *y = weir_cross_entropy(x, index, NULL), *z = weir_gather(x, 1, wide), *e = weir_embedding(x, index, -1);
    assert_near(weir_item(y), -weir_item(weir_mean(weir_gather(weir_log_softmax(x, 1), 1, wide))), 1e-15);
    assert_near(weir_get(z, SHAPE(2, 0)), weir_get(x, SHAPE(2, 1)), 0);
    assert_near(weir_get(weir_index_select(x, 0, index), SHAPE(3, 1)), weir_get(x, SHAPE(2, 1)), 0);
    assert_near(weir_get(e, SHAPE(3, 1)), weir_get(x, SHAPE(2, 1)), 0);
    assert_true(weir_ctx_of(y) == w && weir_ctx_of(z) == w && weir_ctx_of(e) == w);
    assert_int_equal(weir_memory(c).live_blocks, before);
    assert_ok(w);
    weir_close(w);
}

/* Every allocation of every case fails in turn. */
static const struct torch_case *current;
static void run_current(weir_ctx *c)
{
    weir_tensor *x[3];
    for (int i = 0; i < current->n; i++) x[i] = input(c, &current->x[i]);
    weir_tensor *y = weir_ok(c) ? weir_sum(current->call(x)) : NULL;
    if (y && weir_requires_grad(y)) weir_backward(y);
}

static void no_memory(void **state)
{
    (void)state;
    for (int k = 0; k < CASES_N; k++) {
        current = &torch_cases[k];
        test_every_allocation(run_current);
    }
}

int main(void)
{
    CASES(CASE(values_and_gradients_are_pytorchs), CASE(second_derivatives), CASE(mistakes_name_the_op_and_both_shapes), CASE(whole_numbers_wrap_and_divide_down), CASE(whole_numbers_have_extremes_and_running_sums), CASE(mistakes_of_images_and_transformers), CASE(pieces_are_views), CASE(pieces_share_one_backward), CASE(the_first_of_equals_and_nan),
          CASE(dropout_belongs_to_the_sample), CASE(a_parents_index_stays_there), cmocka_unit_test(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
