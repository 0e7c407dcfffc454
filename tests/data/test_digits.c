/* The built-in digits are the table that data/digits.csv.gz holds as text. */
#include "test.h"

static void built_in_equals_the_file(void **state)
{
    weir_ctx *c = *state;
    char spec[1024];
    snprintf(spec, sizeof spec, "%s/../data/digits.csv.gz,label=65,levels=17", WEIR_TESTS_DIR);
#ifndef WEIR_HAVE_ZLIB
    skip();
#endif
    weir_dataset *a = weir_dataset_open(c, "digits"), *b = weir_dataset_open(c, spec);
    assert_ok(c);
    assert_int_equal(weir_dataset_samples(a), 1797);
    weir_batch *x = weir_dataset_batch(a, 0, 1797), *y = weir_dataset_batch(b, 0, 1797);
    float *p = malloc(2 * 1797 * 64 * sizeof *p), *q = p + 1797 * 64;
    assert_int_equal(weir_copy_to_f32(weir_batch_x(x), p, 1797 * 64), WEIR_OK);
    assert_int_equal(weir_copy_to_f32(weir_batch_x(y), q, 1797 * 64), WEIR_OK);
    assert_memory_equal(p, q, 1797 * 64 * sizeof *p);
    for (int64_t i = 0; i < 1797; i++) assert_int_equal(weir_dataset_label(a, i), weir_dataset_label(b, i));
    free(p);
    weir_dataset_free(a);
    weir_dataset_free(b);
}

int main(void)
{
    CASES(CASE(built_in_equals_the_file));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
