/* Scaled dot product attention: rows that see nothing, masks and their gradient, memory, what is refused. */
#include "test.h"
#include "weir.h"

static weir_tensor *attend(weir_tensor *q, weir_tensor *k, weir_tensor *v, weir_tensor *mask) { return weir_scaled_dot_product_attention(q, k, v, mask, false, NAN); }

/* PyTorch gives 0 to a row of which every key is hidden, by either kind of mask, and no gradient. */
static void rows_that_see_nothing_are_zero(void **state)
{
    weir_ctx *c = *state;
    for (int kind = 0; kind < 3; kind++) {
        weir_tensor *q = weir_set_requires_grad(weir_randn(c, WEIR_F32, 2, SHAPE(2, 4)), true), *k = weir_randn(c, WEIR_F32, 2, SHAPE(3, 4)), *v = weir_randn(c, WEIR_F32, 2, SHAPE(3, 5)), *mask;
        mask = weir_from_f32(c, kind ? (const float[]){ 0, 0, 0, -INFINITY, -INFINITY, -INFINITY } : (const float[]){ 1, 0, 1, 0, 0, 0 }, 2, SHAPE(2, 3));
        if (kind == 0) mask = weir_cast(mask, WEIR_BOOL);
        if (kind == 2) weir_set_requires_grad(mask, true);
        weir_tensor *y = attend(q, k, v, mask), *g, *s = weir_sum(y);
        assert_int_equal(weir_grad(1, &s, 1, &q, NULL, false, false, &g), WEIR_OK);
        for (int64_t e = 0; e < 5; e++) assert_true(weir_get(y, SHAPE(1, e)) == 0 && weir_get(y, SHAPE(0, e)) != 0);
        for (int64_t e = 0; e < 4; e++) assert_true(weir_get(g, SHAPE(1, e)) == 0 && weir_get(g, SHAPE(0, e)) != 0);
        assert_ok(c);
    }
    weir_tensor *none = attend(weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)), weir_ones(c, WEIR_F32, 2, SHAPE(0, 3)), weir_ones(c, WEIR_F32, 2, SHAPE(0, 4)), NULL);
    assert_true(weir_dim(none, 1) == 4 && weir_get(none, SHAPE(1, 3)) == 0);
}

/* A NaN stays in its row. */
static void a_nan_stays_in_its_row(void **state)
{
    weir_ctx *c = *state;
    float x[8] = { 1, 2, NAN, 4, 5, 6, 7, 8 };
    weir_tensor *k = weir_ones(c, WEIR_F32, 2, SHAPE(3, 2)), *y = attend(weir_from_f32(c, x, 2, SHAPE(4, 2)), k, k, NULL);
    for (int64_t i = 0; i < 4; i++) assert_int_equal(isnan(weir_get(y, SHAPE(i, 0))), i == 1);
}

/* 4096 rows and keys: the scores alone would be 64 MiB, twice with their probabilities. */
static void scores_are_never_all_in_memory(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *q = weir_set_requires_grad(weir_randn(c, WEIR_F32, 3, SHAPE(1, 4096, 8)), true), *k = weir_randn(c, WEIR_F32, 3, SHAPE(1, 4096, 8)), *g;
    weir_tensor *y = weir_sum(weir_scaled_dot_product_attention(q, k, k, NULL, true, NAN));
    assert_int_equal(weir_grad(1, &y, 1, &q, NULL, false, false, &g), WEIR_OK);
    assert_true(weir_memory(c).system_bytes < 16 << 20);
    assert_ok(c);
}

static void misuse_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *q = weir_ones(c, WEIR_F32, 3, SHAPE(2, 3, 4)), *k = weir_ones(c, WEIR_F32, 3, SHAPE(2, 5, 4)), *v = weir_ones(c, WEIR_F32, 3, SHAPE(2, 5, 6));
    attend(q, v, v, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "scaled_dot_product_attention: [2, 3, 4], [2, 5, 6] and [2, 5, 6]: expected q [.., L, E]");
    attend(q, k, q, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected q [.., L, E], k [.., S, E] and v [.., S, F]");
    attend(q, weir_ones(c, WEIR_F32, 3, SHAPE(3, 5, 4)), v, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "leading extents");
    attend(weir_ones(c, WEIR_F32, 1, SHAPE(4)), k, v, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected q [.., L, E]");
    attend(weir_cast(q, WEIR_F64), k, v, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "f64, f32, f32");
    attend(q, k, v, weir_zeros(c, WEIR_F32, 2, SHAPE(5, 3)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a mask that broadcasts");
    attend(q, k, v, weir_zeros(c, WEIR_F32, 4, SHAPE(7, 2, 3, 5)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a mask that broadcasts");
    attend(q, k, v, weir_zeros(c, WEIR_I64, 2, SHAPE(3, 5)));
    assert_fails(c, WEIR_ERROR_DTYPE, "mask of i64");
    assert_true(weir_is_nil(attend(NULL, k, v, NULL)));
    weir_clear(c);
}

int main(void)
{
    CASES(CASE(rows_that_see_nothing_are_zero), CASE(a_nan_stays_in_its_row), CASE(scores_are_never_all_in_memory), CASE(misuse_is_refused));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
