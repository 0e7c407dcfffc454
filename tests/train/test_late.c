/* Handles used after their end: a tensor, batch or condition after its scope, a model, module, optimizer, loader or data set after
 * its free. While the pool keeps the memory, that is an error of the context the handle was of; where it has given the memory out
 * again, nothing is read of it. A build without a pool has sanitizers to tell. */
#include "models/model_test.h"
#include "train/train.h"

enum { N = 8, D = 3 };
static const char *const model_options = "dim=3 couplings=2 hidden=8";

#ifdef WEIR_NO_POOL
#define LATE(f) static void f(void **state) { (void)state; skip(); /* memory is gone at once: reading it is the sanitizer's to find */ }
#define LATE_BODY(f) __attribute__((unused)) static void f##_body(void **state)
#else
#define LATE(f) static void f(void **state) { f##_body(state); }
#define LATE_BODY(f) static void f##_body(void **state)
#endif

static weir_tensor *stale_tensor(weir_ctx *c)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(N, D));
    weir_scope_end(s);
    return x;
}

static weir_batch *batch_in(weir_ctx *c) { return weir_batch_wrap(c, weir_randn(c, WEIR_F32, 2, SHAPE(N, D)), NULL, NULL, NULL); }

LATE_BODY(tensors)
{
    weir_ctx *c = *state;
    weir_tensor *x = stale_tensor(c), *out;
    float values[N * D];
    const char *ended = "a tensor whose scope has ended";
#define LATE_CALL(call) do { call; assert_fails(c, WEIR_ERROR_STATE, ended); } while (0)
    LATE_CALL(assert_true(weir_is_nil(x)));
    LATE_CALL(assert_true(weir_is_nil(weir_exp(x))));
    LATE_CALL(assert_int_equal(weir_numel(x), 0));
    LATE_CALL(assert_true(isnan(weir_item(x))));
    LATE_CALL(assert_true(isnan(weir_get(x, SHAPE(0, 0)))));
    LATE_CALL(assert_int_equal(weir_copy_to_f32(x, values, N * D), WEIR_ERROR_STATE));
    LATE_CALL(weir_data(x));
    LATE_CALL(assert_null(weir_data_mut(x)));
    LATE_CALL(weir_fill_(x, 1));
    LATE_CALL(weir_set_requires_grad(x, true));
    LATE_CALL(weir_detach(x));
    LATE_CALL(weir_keep(x));
    LATE_CALL(weir_retain(x));
    LATE_CALL(weir_release(x));
    LATE_CALL(assert_int_equal(weir_backward(x), WEIR_ERROR_STATE));
    LATE_CALL(weir_grad(1, &x, 0, NULL, NULL, false, false, &out));
    LATE_CALL(weir_batch_wrap(c, x, NULL, NULL, NULL));
    LATE_CALL(weir_condition_with(weir_condition_new(c), "class", x));
    LATE_CALL(weir_full_like(x, 1));
    weir_tensor *one = weir_ones(c, WEIR_F32, 1, SHAPE(D)), *late = stale_tensor(c);
    assert_true(weir_is_nil(weir_add(one, late)));
    assert_fails(c, WEIR_ERROR_STATE, "op.add: a tensor whose scope has ended: expected one of a scope still open");
    weir_module *m = weir_module_new(c, "relu", "");
    LATE_CALL(assert_true(weir_is_nil(weir_module_forward(m, stale_tensor(c)))));
    weir_module_free(m);
    weir_ctx *worker = weir_worker_open(c, 1); /* the error is the context's of the op too */
    weir_tensor *y = weir_ones(worker, WEIR_F32, 1, SHAPE(D));
    assert_true(weir_is_nil(weir_mul(y, stale_tensor(c))));
    assert_fails(worker, WEIR_ERROR_STATE, "op.mul: a tensor whose scope has ended");
    assert_fails(c, WEIR_ERROR_STATE, ended);
    weir_close(worker);
}

LATE_BODY(batches)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, model_options, 0.3);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0.1");
    weir_step_info info = { .size = sizeof info };
    const char *ended = "a batch whose scope has ended";
    for (int k = 0; k < 2; k++) {
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = batch_in(c);
        weir_condition *condition = weir_condition_new(c);
        weir_scope_end(s);
        LATE_CALL(assert_int_equal(weir_train_step_with(m, o, b, NULL, &info), WEIR_ERROR_STATE));
        assert_true(isnan(info.loss));
        LATE_CALL(assert_true(weir_is_nil(weir_model_loss(m, b))));
        LATE_CALL(assert_true(weir_is_nil(weir_model_log_prob(m, b, NULL, NULL))));
        LATE_CALL(assert_int_equal(weir_batch_size(b), 0));
        assert_int_equal(weir_condition_count(condition), 0);
        assert_fails(c, WEIR_ERROR_STATE, "condition: a condition whose scope has ended");
        assert_true(isfinite(weir_train_step(m, o, batch_in(c))));
    }
    weir_scope s = weir_scope_begin(c); /* a batch that lives, of a tensor that does not */
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(N, D));
    weir_scope inner = weir_scope_begin(c);
    weir_batch *b = weir_batch_wrap(c, weir_ones(c, WEIR_F32, 2, SHAPE(N, D)), NULL, NULL, NULL);
    void *kept = b;
    weir__scope_end_keeping(inner, 1, &kept);
    ended = "a tensor whose scope has ended";
    LATE_CALL(assert_int_equal(weir_train_step_with(m, o, b, NULL, &info), WEIR_ERROR_STATE));
    LATE_CALL(weir_model_loss(m, b));
    assert_int_equal(weir_numel(x), N * D);
    weir_scope_end(s);
    weir_optim_free(o), weir_model_free(m);
}

LATE_BODY(what_was_freed)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, model_options, 0.3);
    weir_module *module = weir_module_new(c, "linear", "in=3 out=2"), *other = weir_module_new(c, "linear", "in=3 out=2");
    weir_optim *o = weir_optim_new(other, "sgd", "");
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=20");
    weir_loader *l = weir_loader_new(d, "batch=4");
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(N, D)), *weight = weir_module_own(module, "weight");
    float samples[D];
    weir_loader_free(l), weir_dataset_free(d), weir_optim_free(o), weir_module_free(module), weir_model_free(m);
    assert_ok(c);
    const char *ended = "was freed: expected one that lives";
    for (int twice = 0; twice < 2; twice++) {
        LATE_CALL(weir_model_free(m));
        LATE_CALL(assert_int_equal(weir_model_sample_into(m, 1, NULL, samples), WEIR_ERROR_STATE));
        LATE_CALL(weir_module_free(module));
        LATE_CALL(assert_true(weir_is_nil(weir_module_forward(module, x))));
        LATE_CALL(weir_optim_free(o));
        LATE_CALL(assert_int_equal(weir_optim_step(o), WEIR_ERROR_STATE));
        LATE_CALL(weir_loader_free(l));
        LATE_CALL(assert_int_equal(weir_batch_size(weir_loader_next(l)), 0));
        LATE_CALL(weir_dataset_free(d));
        LATE_CALL(assert_int_equal(weir_dataset_samples(d), 0));
        LATE_CALL(assert_int_equal(weir_numel(weight), 0)); /* went with its module */
        LATE_CALL(weir_model_share(c, m));
    }
    weir_module_free(other);
}

/* The memory is another's now, which begins with anything: nothing is read of it. */
LATE_BODY(memory_given_out_again)
{
    weir_ctx *c = *state;
    static const uint32_t words[] = { 0, 1, 0x3f800000, 0xffffffff, 0xdeadbeef };
    for (int k = 0; k < 5; k++) {
        weir_tensor *x = stale_tensor(c);
        void *blocks[64];
        int n = 0;
        do {
            blocks[n] = weir__alloc(c, sizeof(weir_tensor));
            for (size_t i = 0; i < sizeof(weir_tensor) / 4; i++) ((uint32_t *)blocks[n])[i] = words[k];
        } while (blocks[n++] != (void *)x && n < 64);
        assert_ptr_equal(blocks[n - 1], x);
        assert_true(weir_is_nil(x));
        assert_true(weir_is_nil(weir_exp(x)));
        assert_int_equal(weir_numel(x), 0);
        weir_fill_(x, 1);
        weir_release(x);
        assert_ok(c); /* whose it was cannot be known */
        weir_tensor *y = weir_ones(c, WEIR_F32, 1, SHAPE(3));
        assert_true(weir_is_nil(weir_add(y, x)));
        assert_fails(c, WEIR_ERROR_STATE, "op.add: a tensor whose scope has ended");
        for (size_t i = 0; i < sizeof(weir_tensor) / 4; i++) assert_int_equal(((uint32_t *)(void *)x)[i], words[k]);
        while (n > 0) weir__free(c, blocks[--n]);
    }
}
#undef LATE_CALL

LATE(tensors)
LATE(batches)
LATE(what_was_freed)
LATE(memory_given_out_again)

/* What a scope's end leaves alive is no error. */
static void what_lives_is_no_error(void **state)
{
    weir_ctx *c = *state;
    weir_scope outer = weir_scope_begin(c), s = weir_scope_begin(c);
    weir_tensor *kept = weir_keep(weir_ones(c, WEIR_F32, 1, SHAPE(3))), *held = weir_retain(weir_ones(c, WEIR_F32, 1, SHAPE(3)));
    weir_tensor *leaf = weir_set_requires_grad(weir_ones(c, WEIR_F32, 1, SHAPE(3)), true), *y = weir_keep(weir_sum(weir_square(leaf)));
    weir_scope_end(s);
    assert_near(weir_item(weir_sum(weir_add(kept, held))), 6, 0);
    assert_near(weir_item(y), 3, 0);
    assert_int_equal(weir_backward(y), WEIR_OK); /* the graph holds the leaf */
    weir_release(held);
    weir_scope_end(outer);
    assert_ok(c);
}

int main(void)
{
    CASES(CASE(tensors), CASE(batches), CASE(what_was_freed), CASE(memory_given_out_again), CASE(what_lives_is_no_error));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
