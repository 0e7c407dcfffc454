/* Tensors: types, conversion, views, wrapped memory, text. */
#include "test.h"
#include "tensor/tensor.h"

static void conversions(void **state)
{
    (void)state;
    const double in[] = { 0, 1, -1.5, 65504, 65519, 65520, 1e-8, 5.9604645e-8, NAN, INFINITY, -INFINITY, 3e9 };
    enum { N = sizeof in / sizeof *in };
    uint16_t half[N], brain[N];
    double out[N];
    int32_t i32[N];
    int64_t i64[N];
    weir__convert(WEIR_F16, half, WEIR_F64, in, N);
    weir__convert(WEIR_F64, out, WEIR_F16, half, N);
    assert_near(out[2], -1.5, 0);
    assert_near(out[4], 65504, 0);
    assert_true(isinf(out[5]));
    assert_near(out[6], 0, 0);
    assert_near(out[7], 5.9604644775390625e-8, 0); /* the smallest denormal */
    assert_true(isnan(out[8]) && out[9] > 1e300 && out[10] < -1e300);
    weir__convert(WEIR_BF16, brain, WEIR_F64, in, N);
    weir__convert(WEIR_F64, out, WEIR_BF16, brain, N);
    assert_near(out[2], -1.5, 0);
    assert_true(isnan(out[8]));
    for (uint32_t h = 0; h < 65536; h++) { /* every half survives the way there and back */
        uint16_t a = (uint16_t)h, b;
        float f;
        weir__convert(WEIR_F32, &f, WEIR_F16, &a, 1);
        weir__convert(WEIR_F16, &b, WEIR_F32, &f, 1);
        if (!(isnan(f) || a == b)) fail_msg("half %u became %u", a, b);
    }
    weir__convert(WEIR_I64, i64, WEIR_F64, in, N);
    assert_int_equal(i64[2], -1);
    assert_int_equal(i64[8], 0);
    assert_true(i64[9] == INT64_MAX && i64[10] == INT64_MIN);
    weir__convert(WEIR_I32, i32, WEIR_I64, i64, 4);
    assert_int_equal(i32[3], 65504);
}

static void views_share_and_print(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_reshape(weir_arange(c, WEIR_F32, 12), 2, SHAPE(3, 4)), *t = weir_transpose(x, 0, 1);
    assert_ptr_equal(weir_data(t), weir_data(x));
    assert_false(weir_is_contiguous(t));
    assert_near(weir_get(t, SHAPE(3, 2)), 11, 0);
    char text[512];
    weir_format(t, text, sizeof text);
    assert_string_equal(text, "[[0, 4, 8],\n [1, 5, 9],\n [2, 6, 10],\n [3, 7, 11]]  f32 [4, 3]");
    weir_format(weir_arange(c, WEIR_I64, 100), text, sizeof text);
    assert_string_equal(text, "[0, 1, 2, ..., 97, 98, 99]  i64 [100]");
    assert_int_equal(weir_format(weir_arange(c, WEIR_I64, 100), text, 5), 37);
    assert_string_equal(text, "[0, ");
    weir_format(weir_from_i64(c, (const int64_t[]){ 1234567, INT64_MAX }, 1, SHAPE(2)), text, sizeof text);
    assert_string_equal(text, "[1234567, 9223372036854775807]  i64 [2]");
    weir_format(weir_gt(weir_arange(c, WEIR_F32, 3), weir_scalar(c, WEIR_F32, 1)), text, sizeof text);
    assert_string_equal(text, "[false, false, true]  bool [3]");
    weir_fill_(weir_slice(x, 1, 1, 2, 1), 9);
    float flat[12];
    assert_int_equal(weir_copy_to_f32(t, flat, 12), WEIR_OK);
    assert_near(flat[3], 9, 0);
    weir_copy_to_f32(t, flat, 11);
    assert_fails(c, WEIR_ERROR_SHAPE, "room for 11");
}

static int released;
static void release(void *user, void *data)
{
    assert_ptr_equal(user, &released);
    free(data);
    released++;
}

static void host_memory_without_a_copy(void **state)
{
    weir_ctx *c = *state;
    double *p = malloc(6 * sizeof *p);
    for (int i = 0; i < 6; i++) p[i] = i;
    weir_scope s = weir_scope_begin(c), inner = weir_scope_begin(c);
    weir_tensor *x = weir_tensor_wrap(c, WEIR_F64, p, 2, SHAPE(2, 3), NULL, release, &released), *v = weir_keep(weir_slice(x, 1, 0, 2, 1));
    assert_ptr_equal(weir_data(x), p);
    weir_scope_end(inner);
    assert_int_equal(released, 0); /* the view is still there */
    assert_near(weir_get(v, SHAPE(1, 1)), 4, 0);
    weir_scope_end(s);
    assert_int_equal(released, 1);
    float stack[4] = { 1, 2, 3, 4 };
    weir_tensor *columns = weir_tensor_wrap(c, WEIR_F32, stack, 2, SHAPE(2, 2), SHAPE(1, 2), NULL, NULL);
    assert_near(weir_get(columns, SHAPE(0, 1)), 3, 0);
    assert_ok(c);
}

static void bad_shapes_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir_zeros(c, WEIR_F32, 2, SHAPE(3, -1));
    assert_fails(c, WEIR_ERROR_SHAPE, "extent -1");
    weir_zeros(c, WEIR_F32, 9, SHAPE(1, 1, 1, 1, 1, 1, 1, 1, 1));
    assert_fails(c, WEIR_ERROR_SHAPE, "rank 9");
    weir_zeros(c, WEIR_F32, 2, SHAPE(INT64_MAX, 3));
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46");
    weir_zeros(c, WEIR_F64, 2, SHAPE(1 << 20, 1 << 25));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_MEMORY);
    weir_clear(c);
    weir_item(weir_zeros(c, WEIR_F32, 1, SHAPE(2)));
    assert_fails(c, WEIR_ERROR_SHAPE, "one element");
    weir_zeros(c, (weir_dtype)99, 0, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "dtype 99");
}

static void nil_answers_gently(void **state)
{
    (void)state;
    assert_true(weir_is_nil(NULL));
    assert_int_equal(weir_numel(NULL), 0);
    assert_int_equal(weir_ndim(NULL), 0);
    assert_int_equal(weir_dim(NULL, 0), 0);
    assert_true(isnan(weir_item(NULL)));
    assert_non_null(weir_data(NULL));
    assert_null(weir_data_mut(NULL));
    assert_non_null(weir_shape(NULL));
    weir_release(NULL);
    assert_true(weir_is_nil(weir_keep(NULL)));
}

int main(void)
{
    CASES(cmocka_unit_test(conversions), CASE(views_share_and_print), CASE(host_memory_without_a_copy), CASE(bad_shapes_are_refused), cmocka_unit_test(nil_answers_gently));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
