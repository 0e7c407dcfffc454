/* What host programs need: gradients in one block, a hook between backward and the optimizer, the random step, children by name,
 * tests for nil. */
#include "test.h"

static weir_model *small(weir_ctx *c) { return weir_model_new(c, "nice", "dim=3 couplings=2 hidden=4 init=pytorch levels=5"); }

static weir_batch *batch(weir_ctx *c)
{
    static const float x[12] = { 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1 };
    return weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(4, 3)), NULL, NULL, NULL);
}

/* -- gradients ------------------------------------------------------------------------------------------------------ */
typedef struct hook {
    double scale;
    weir_status answer;
    int calls;
} hook;

static weir_status times(void *user, void *grads, int64_t n, weir_dtype t)
{
    hook *h = user;
    float *g = grads;
    h->calls++;
    assert_int_equal(t, WEIR_F32);
    for (int64_t i = 0; i < n; i++) g[i] *= (float)h->scale;
    return h->answer;
}

static int64_t step_of(weir_ctx *c, double lr, hook *h, weir_status expected, float *values)
{
    char text[32];
    snprintf(text, sizeof text, "lr=%g", lr);
    weir_model *m = small(c);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", text);
    weir_step_opts s = weir_step_defaults();
    s.reduce = h ? times : NULL;
    s.reduce_user = h;
    assert_int_equal(weir_train_step_with(m, o, batch(c), &s, NULL), expected);
    void *flat;
    weir_clear(c);
    int64_t n = weir_module_flat(weir_model_module(m), NULL, &flat);
    assert_in_range(n, 1, 512);
    memcpy(values, flat, (size_t)n * sizeof *values);
    weir_optim_free(o);
    weir_model_free(m);
    return n;
}

static void test_reduce(void **state)
{
    weir_ctx *c = *state;
    float twice[512], start[512], hooked[512];
    hook h = { .scale = 2 }, zero = { .scale = 0 }, no = { .scale = 1, .answer = WEIR_ERROR_IO };
    int64_t n = step_of(c, 0.02, NULL, WEIR_OK, twice);
    step_of(c, 0.01, &h, WEIR_OK, hooked); /* twice the gradient at half the rate */
    for (int64_t i = 0; i < n; i++) assert_near(hooked[i], twice[i], 1e-6);
    assert_int_equal(h.calls, 1);
    step_of(c, 0.01, &zero, WEIR_OK, start);
    step_of(c, 0.01, &no, WEIR_ERROR_IO, hooked); /* nothing is changed */
    assert_memory_equal(hooked, start, (size_t)n * sizeof *start);
    assert_true(memcmp(start, twice, (size_t)n * sizeof *start) != 0);
}

static void test_flat_grad(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = small(c);
    weir_module *root = weir_model_module(m);
    weir_dtype t;
    void *values, *grads;
    int64_t n = weir_module_flat(root, NULL, &values);
    assert_int_equal(weir_module_flat_grad(root, &t, &grads), n);
    assert_int_equal(t, WEIR_F32);
    for (int64_t i = 0; i < n; i++) assert_true(((const float *)grads)[i] == 0);
    weir_module_zero_grad(root);
    weir_backward(weir_sum(weir_model_loss(m, batch(c))));
    weir_module_flat_grad(root, NULL, &grads);
    weir_tensor *scale = weir_module_state_find(root, "flow.scale.log_scale");
    assert_true(weir_get(weir_grad_of(scale), SHAPE(1)) != 0);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += fabs(((const float *)grads)[i]);
    assert_true(sum > 0);
    assert_int_equal(weir_module_flat_grad(weir_module_child(root, "flow"), NULL, &grads), 0);
    assert_fails(c, WEIR_ERROR_STATE, "expected a root");
    weir_model *share = weir_model_share(c, m);
    assert_int_equal(weir_module_flat_grad(weir_model_module(share), NULL, &grads), 0);
    assert_null(grads);
    weir_clear(c);
    weir_model_free(share);
    weir_model_free(m);
}

/* -- the random step: a loop by hand goes on with the draws it would have made ----------------------------------------- */
static double loss_at(weir_ctx *c, int64_t from, int n)
{
    weir_model *m = small(c);
    double loss = 0;
    assert_int_equal(weir_model_set_random_step(m, from), WEIR_OK);
    for (int i = 0; i < n; i++) loss = weir_item(weir_mean(weir_model_loss(m, batch(c))));
    assert_int_equal(weir_model_random_step(m), from + n);
    weir_model_free(m);
    return loss;
}

static void test_random_step(void **state)
{
    weir_ctx *c = *state;
    assert_true(loss_at(c, 0, 3) == loss_at(c, 2, 1));
    assert_true(loss_at(c, 0, 3) != loss_at(c, 0, 1));
    weir_model *m = small(c);
    assert_int_equal(weir_model_set_random_step(m, -1), WEIR_ERROR_RANGE);
    weir_clear(c);
    weir_model_free(m);
}

/* -- names and nil -------------------------------------------------------------------------------------------------- */
static void test_names_and_nil(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = small(c);
    weir_module *root = weir_model_module(m), *flow = weir_module_child(root, "flow");
    assert_false(weir_module_is_nil(flow));
    assert_ptr_equal(flow, weir_model_bijection(m));
    assert_ptr_equal(weir_module_child(root, "base"), weir_model_base(m));
    assert_true(weir_module_is_nil(weir_module_child(root, "none")) && weir_ok(c));
    assert_true(weir_module_is_nil(NULL) && weir_model_is_nil(NULL) && weir_optim_is_nil(NULL) && weir_batch_is_nil(NULL));
    assert_true(weir_dataset_is_nil(NULL) && weir_loader_is_nil(NULL) && weir_run_is_nil(NULL));
    assert_false(weir_model_is_nil(m));
    assert_true(weir_model_is_nil(weir_model_new(c, "no such model", "")));
    weir_clear(c);
    assert_true(weir_dataset_is_nil(weir_dataset_open(c, "toy:none")));
    weir_clear(c);
    assert_true(weir_run_is_nil(weir_run_open(c, NULL, NULL, false)));
    weir_clear(c);
    weir_model_free(m);
}

int main(void)
{
    CASES(CASE(test_reduce), CASE(test_flat_grad), CASE(test_random_step), CASE(test_names_and_nil));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
