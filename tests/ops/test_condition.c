/* Conditions: named tensors of one batch, never changed; cut by samples; as columns beside a network's input. */
#include "nn/nn.h"
#include "ops/ops.h"
#include "test.h"

static weir_condition *example(weir_ctx *c)
{
    weir_condition *k = weir_condition_new(c);
    k = weir_condition_with(k, "class", weir_from_i64(c, SHAPE(2, 0, 1), 1, SHAPE(3)));
    return weir_condition_with(k, "context", weir_from_f32(c, (const float[]){ 1, 2, 3, 4, 5, 6 }, 2, SHAPE(3, 2)));
}

static void test_named(void **state)
{
    weir_ctx *c = *state;
    weir_condition *none = weir_condition_new(c), *k = example(c);
    const char *name;
    assert_int_equal(weir_condition_count(NULL), 0);
    assert_int_equal(weir_condition_count(none), 0);
    assert_int_equal(weir_condition_samples(none), -1);
    assert_int_equal(weir_condition_count(k), 2);
    assert_int_equal(weir_condition_samples(k), 3);
    assert_true(weir_is_nil(weir_condition_get(k, "mask")) && weir_ok(c));
    assert_true(weir_is_nil(weir_condition_get(NULL, "class")) && weir_ok(c));
    assert_true(weir_is_nil(weir_condition_get(k, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition_get");
    assert_int_equal(weir_dtype_of(weir_condition_at(k, 0, &name)), WEIR_I64);
    assert_string_equal(name, "class");
    assert_true(weir_is_nil(weir_condition_at(k, 2, &name)) && name == NULL);
    weir_condition *other = weir_condition_with(k, "class", weir_from_i64(c, SHAPE(1, 1, 1), 1, SHAPE(3)));
    assert_int_equal(weir_condition_count(other), 2);
    assert_true(weir_get(weir_condition_get(other, "class"), SHAPE(0)) == 1);
    assert_true(weir_get(weir_condition_get(k, "class"), SHAPE(0)) == 2); /* as it was */
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_condition *k = example(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 1, SHAPE(3));
    assert_true(weir_condition_is_nil(weir_condition_with(NULL, "a", x)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition_with");
    assert_true(weir_condition_is_nil(weir_condition_with(k, "a", NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition_with");
    weir_condition_with(k, "two words", x);
    assert_fails(c, WEIR_ERROR_NAME, "two words");
    weir_condition_with(k, "a", weir_zeros(c, WEIR_F32, 1, SHAPE(4)));
    assert_fails(c, WEIR_ERROR_SHAPE, "a: 4 samples: expected 3, as class has");
    weir_condition *nil = weir_condition_with(k, "a", weir_scalar(c, WEIR_F32, 1));
    assert_fails(c, WEIR_ERROR_SHAPE, "no axes");
    assert_true(weir_condition_is_nil(nil) && !weir_condition_is_nil(NULL));
    weir_condition_with(nil, "a", x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "nil");
    assert_int_equal(weir_condition_count(nil), 0);
    weir_ctx *other = weir_open(1);
    assert_true(weir_condition_is_nil(weir_condition_with(k, "a", weir_zeros(other, WEIR_F32, 1, SHAPE(3)))));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "another context");
    weir_close(other);
}

/* In a worker, as shards take their part: the parent's tensors are borrowed. */
static void test_cut(void **state)
{
    weir_ctx *c = *state, *worker = weir_worker_open(c, 1);
    weir_condition *k = example(c);
    weir_scope s = weir_scope_begin(worker);
    weir_condition *part = weir__condition_slice(worker, k, 1, 3);
    assert_int_equal(weir_condition_samples(part), 2);
    assert_true(weir_get(weir_condition_get(part, "class"), SHAPE(1)) == 1);
    assert_true(weir_get(weir_condition_get(part, "context"), SHAPE(0, 1)) == 4);
    weir_condition *chosen = weir__condition_gather(worker, k, 4, SHAPE(2, 2, 0, 1));
    assert_int_equal(weir_condition_samples(chosen), 4);
    assert_true(weir_get(weir_condition_get(chosen, "class"), SHAPE(2)) == 2);
    assert_true(weir_get(weir_condition_get(chosen, "context"), SHAPE(1, 0)) == 5);
    assert_null(weir__condition_slice(worker, NULL, 0, 1));
    assert_null(weir__condition_gather(worker, NULL, 1, SHAPE(0)));
    weir_scope_end(s);
    assert_true(weir_ok(worker));
    weir_close(worker);
}

static void test_network(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_new(c, "mlp", "in=2 out=1 hidden=4 activation=tanh classes=3 context=2");
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2));
    weir_condition *k = example(c);
    weir_tensor *y = weir_network_at(net, x, NULL, k);
    assert_int_equal(weir_dim(y, 1), 1);
    assert_true(weir_get(y, SHAPE(0, 0)) != weir_get(y, SHAPE(1, 0)));
    weir_tensor *weight = weir_module_state_find(net, "0.weight");
    assert_int_equal(weir_dim(weight, 1), 2 + 3 + 2);
    weir_network_at(net, x, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no class");
    weir_condition *half = weir_condition_with(weir_condition_new(c), "class", weir_condition_get(k, "class"));
    weir_network_at(net, x, NULL, half);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no context");
    weir_network_at(net, x, NULL, weir_condition_with(k, "context", x));
    assert_true(weir_ok(c)); /* two values a sample: as wide as the context */
    weir_network_at(net, x, NULL, weir_condition_with(k, "context", weir_zeros(c, WEIR_F32, 2, SHAPE(3, 3))));
    assert_fails(c, WEIR_ERROR_SHAPE, "context of another type or shape");
    weir_network_at(net, x, NULL, weir_condition_with(k, "class", weir_from_i64(c, SHAPE(0, 1, 3), 1, SHAPE(3))));
    assert_false(weir_ok(c)); /* class 3 of 0 .. 2 */
    weir_clear(c);
    weir_module_free(net);
}

static void everything(weir_ctx *c)
{
    weir_condition *k = example(c);
    weir__condition_slice(c, k, 0, 2);
    weir__condition_gather(c, k, 2, SHAPE(1, 0));
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_named), CASE(test_refusals), CASE(test_cut), CASE(test_network), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
