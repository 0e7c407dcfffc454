/* Random numbers: known answers of Philox, frames, and draws that depend on nothing but what they should. */
#include "test.h"
#include "base/base.h"

static void philox_known_answers(void **state) /* Random123's kat_vectors for philox4x32-10 */
{
    (void)state;
    uint32_t out[4];
    weir__philox(0, 0, 0, out);
    assert_int_equal(out[0], 0x6627e8d5u);
    assert_int_equal(out[1], 0xe169c58du);
    assert_int_equal(out[2], 0xbc57ac4cu);
    assert_int_equal(out[3], 0x9b00dbd8u);
    weir__philox(UINT64_MAX, UINT64_MAX, UINT64_MAX, out);
    assert_int_equal(out[0], 0x408f276du);
    assert_int_equal(out[1], 0x41c83b0eu);
    assert_int_equal(out[2], 0xa20bc7c6u);
    assert_int_equal(out[3], 0x6d5451fdu);
    weir__philox(0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u, out);
    assert_int_equal(out[0], 0xd16cfe09u);
    assert_int_equal(out[1], 0x94fdcceb);
    assert_int_equal(out[2], 0x5001e420u);
    assert_int_equal(out[3], 0x24126ea1u);
}

static void draws_belong_to_samples(void **state)
{
    weir_ctx *c = *state;
    const int64_t ids[] = { 5, 3, 900000000000 };
    weir__frame_set(c, (weir__frame){ .stream = 9, .step = 2, .ids = ids, .n_ids = 3 });
    weir_tensor *x = weir_rand(c, WEIR_F64, 2, SHAPE(3, 7)), *f = NULL;
    weir__frame_set(c, (weir__frame){ .stream = 9, .step = 2, .ids = ids, .n_ids = 3 });
    f = weir_rand(c, WEIR_F32, 2, SHAPE(3, 7));
    weir__frame_set(c, (weir__frame){ .stream = 9, .step = 2, .ids = ids + 2, .n_ids = 1 });
    weir_tensor *alone = weir_rand(c, WEIR_F64, 2, SHAPE(1, 7));
    uint64_t key;
    weir__frame_set(c, (weir__frame){ .stream = 9, .step = 2 });
    key = weir__draw_key(c);
    for (int64_t j = 0; j < 7; j++) {
        assert_true(weir_get(x, SHAPE(2, j)) == weir_get(alone, SHAPE(0, j)));
        assert_true(weir_get(x, SHAPE(1, j)) == weir__uniform(key, 3, (uint64_t)j));
        assert_true(fabs(weir_get(x, SHAPE(0, j)) - weir_get(f, SHAPE(0, j))) < 1e-7);
    }
    weir__frame_set(c, (weir__frame){ .ids = ids, .n_ids = 3 });
    weir_rand(c, WEIR_F32, 1, SHAPE(4));
    assert_fails(c, WEIR_ERROR_SHAPE, "random frame");
}

static void moments(void **state)
{
    weir_ctx *c = *state;
    enum { N = 200000 };
    weir_tensor *u = weir_rand(c, WEIR_F64, 2, SHAPE(N / 100, 100)), *z = weir_randn(c, WEIR_F64, 2, SHAPE(N / 100, 100));
    assert_true(fabs(weir_item(weir_mean(u)) - 0.5) < 4 * 0.2887 / sqrt(N));
    assert_true(fabs(weir_item(weir_mean(z))) < 4 / sqrt(N));
    assert_true(fabs(weir_item(weir_mean(weir_square(z))) - 1) < 4 * sqrt(2.0 / N));
    assert_true(fabs(weir_item(weir_mean(weir_square(weir_square(z)))) - 3) < 4 * sqrt(96.0 / N));
}

int main(void)
{
    CASES(cmocka_unit_test(philox_known_answers), CASE(draws_belong_to_samples), CASE(moments));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
