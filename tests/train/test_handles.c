/* Handles that do not belong together are errors, never stale memory: contexts on other lines of descent, optimizers of other
 * models, models whose weights others read. */
#include "models/model_test.h"
#include "train/train.h"

enum { N = 12, D = 3 };
static const char *const model_options = "dim=3 couplings=2 hidden=8";

static weir_batch *batch_in(weir_ctx *c) { return weir_batch_wrap(c, weir_randn(c, WEIR_F32, 2, SHAPE(N, D)), NULL, NULL, NULL); }

static void *values_of(weir_model *m, size_t *bytes)
{
    void *v;
    *bytes = (size_t)weir_module_flat(weir_model_module(m), NULL, &v) * sizeof(float);
    return v;
}

static void expect_refused(weir_model *m, weir_optim *o, weir_batch *b, weir_status status, const char *message)
{
    weir_ctx *c = weir_model_ctx(m);
    size_t bytes;
    void *now = values_of(m, &bytes), *before = malloc(bytes);
    memcpy(before, now, bytes);
    for (int64_t shards = 1; shards <= 3; shards += 2) {
        weir_step_opts s = weir_step_defaults();
        weir_step_info info = { .size = sizeof info };
        s.shards = shards;
        assert_int_equal(weir_train_step_with(m, o, b, &s, &info), status);
        assert_fails(c, status, message);
        assert_true(isnan(info.loss));
        assert_true(isnan(weir_train_step(m, o, b)));
        weir_clear(c);
    }
    assert_memory_equal(before, now, bytes);
    free(before);
}

/* -- batches ----------------------------------------------------------------------------------------------------------------- */
static void a_batch_of_another_context_is_refused(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1), *worker = weir_worker_open(c, 1);
    weir_model *m = stirred(c, model_options, 0.3);
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
    expect_refused(m, o, batch_in(other), WEIR_ERROR_ARGUMENT, "train_step: a batch of another context");
    expect_refused(m, o, batch_in(worker), WEIR_ERROR_ARGUMENT, "train_step: a batch of another context");
    assert_true(weir_is_nil(weir_model_loss(m, batch_in(other))));
    assert_fails(other, WEIR_ERROR_ARGUMENT, "model_loss: a model of another context");
    assert_true(weir_is_nil(weir_model_log_prob(m, batch_in(other), NULL, NULL)));
    assert_fails(other, WEIR_ERROR_ARGUMENT, "model_log_prob: a model of another context");
    assert_false(weir_is_nil(weir_model_loss(m, batch_in(worker)))); /* values in a worker, which may read its parent's model */
    assert_ok(worker);
    weir_close(worker); /* whose graphs hold parameters, before these go */
    weir_optim_free(o), weir_model_free(m);
    weir_close(other);
}

static void a_batch_of_a_parent_is_the_models_own(void **state)
{
    weir_ctx *c = *state, *worker = weir_worker_open(c, 1);
    weir_batch *b = batch_in(c);
    double loss[2][2];
    for (int k = 0; k < 2; k++) {
        weir_model *m = stirred(k ? worker : c, model_options, 0.3);
        weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=1e-2");
        for (int i = 0; i < 2; i++) {
            weir_step_opts s = weir_step_defaults();
            weir_step_info info = { .size = sizeof info };
            s.shards = 1 + 2 * i;
            weir_train_step_with(m, o, b, &s, &info);
            loss[k][i] = info.loss;
        }
        weir_optim_free(o), weir_model_free(m);
    }
    assert_ok(c);
    assert_ok(worker);
    assert_memory_equal(loss[0], loss[1], sizeof loss[0]);
    assert_true(loss[0][1] < loss[0][0]);
    weir_close(worker);
}

/* What is computed lives where x lives: graphs of a worker's model would outlive it. */
static void a_model_of_a_worker_takes_the_workers_tensors(void **state)
{
    weir_ctx *c = *state, *worker = weir_worker_open(c, 1);
    weir_model *m = stirred(worker, model_options, 0.3);
    weir_batch *b = batch_in(c), *near = weir_batch_wrap(worker, weir_detach(weir_batch_x(b)), NULL, NULL, NULL);
    weir_module *tanh_ = weir_module_new(worker, "tanh", "");
    assert_true(weir_is_nil(weir_model_loss(m, b)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_loss: a model of another context: expected one of its own or a parent's");
    assert_true(weir_is_nil(weir_model_log_prob(m, b, NULL, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_log_prob: a model of another context");
    assert_true(weir_is_nil(weir_module_forward(tanh_, weir_batch_x(b))));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "module_forward: a module of another context");
    assert_true(weir_is_nil(weir_model_loss(m, near)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_loss: a model of another context"); /* a batch of it, but the tensor is the parent's */
    weir_module_free(tanh_), weir_model_free(m);
    weir_close(worker);
}

static void a_batch_reads_its_own_line(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1), *worker = weir_worker_open(c, 1);
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(N, D));
    assert_int_equal(weir_batch_size(weir_batch_wrap(worker, x, NULL, NULL, NULL)), N);
    assert_int_equal(weir_batch_size(weir_batch_wrap(other, x, NULL, NULL, NULL)), 0);
    assert_fails(other, WEIR_ERROR_ARGUMENT, "batch_wrap: x of another context");
    weir_batch_wrap(c, weir_randn(worker, WEIR_F32, 2, SHAPE(N, D)), NULL, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "batch_wrap: x of another context"); /* the worker may end first */
    weir_close(worker), weir_close(other);
}

/* -- tensors, modules ----------------------------------------------------------------------------------------------------------- */
static weir_tensor *square(void *user, weir_tensor **x) { return (void)user, weir_square(x[0]); }

static void tensors_of_another_context_are_refused(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_tensor *x = weir_set_requires_grad(weir_ones(c, WEIR_F64, 1, SHAPE(3)), true), *far = weir_ones(other, WEIR_F64, 1, SHAPE(3));
    weir_tensor *y = weir_square(x), *g;
    assert_int_equal(weir_backward_with(y, far, true), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "backward: a vector of another context");
    assert_int_equal(weir_grad(1, &y, 1, &x, &far, false, true, &g), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "backward: a vector of another context");
    weir_set_requires_grad(far, true);
    assert_int_equal(weir_grad(1, &y, 1, &far, NULL, false, true, &g), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "grad: input of another context");
    weir_tensor *outputs[] = { y, weir_square(far) }, *vectors[] = { y, y };
    assert_int_equal(weir_grad(2, outputs, 1, &x, vectors, false, true, &g), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "grad: output of another context");
    weir_set_requires_grad(far, false);
    weir_copy_(weir_detach(y), far);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "copy_: a tensor of another context");
    weir_add_(weir_detach(y), far);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "add_: a tensor of another context");
    assert_int_equal(weir_gradcheck(c, square, NULL, 1, &far, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "gradcheck: an input of another context");
    weir_module *relu = weir_module_new(c, "relu", "");
    assert_true(weir_is_nil(weir_module_forward(relu, far)));
    assert_fails(other, WEIR_ERROR_ARGUMENT, "module_forward: a module of another context");
    assert_near(weir_get(y, SHAPE(1)), 1, 0);
    weir_module_free(relu);
    weir_close(other);
}

static void conditions_of_another_context_are_refused(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_condition *far = weir_condition_with(weir_condition_new(other), "class", weir_from_i64(other, (const int64_t[]){ 0, 1 }, 1, SHAPE(2)));
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(2, D)), *jv;
    weir_module *net = weir_module_new(c, "mlp", "in=3 out=3 hidden=4"), *scale = weir_module_new(c, "scale", "dim=3"), *base = weir_module_new(c, "normal", "dim=3");
    assert_ok(c);
    weir_network_at(net, x, NULL, far);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "network_at: a condition of another context");
    weir_network_jvp(net, x, NULL, far, weir_ones(c, WEIR_F32, 3, SHAPE(2, 1, D)), &jv);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "network_jvp: a condition of another context");
    weir_bijection_forward(scale, x, far, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "bijection_forward: a condition of another context");
    weir_bijection_inverse(scale, x, far, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "bijection_inverse: a condition of another context");
    weir_base_log_prob(base, x, far);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "base_log_prob: a condition of another context");
    weir_base_draw(base, c, 2, far, 1, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "base_draw: a condition of another context");
    weir_batch_wrap(c, x, NULL, NULL, far);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "batch_wrap: a condition of another context");
    weir_model *m = stirred(c, model_options, 0.3);
    weir_sample_opts o = weir_sample_defaults();
    o.condition = far;
    weir_model_sample(m, 2, &o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_sample: a condition of another context");
    weir_model_free(m);
    weir_module_free(base), weir_module_free(scale), weir_module_free(net);
    weir_close(other);
}

/* -- optimizers ------------------------------------------------------------------------------------------------------------------- */
static bool any_gradient(weir_model *m)
{
    weir_module *root = weir_model_module(m);
    for (int64_t i = 0; i < weir_module_state_count(root); i++)
        if (!weir_is_nil(weir_grad_of(weir_module_state_at(root, i, NULL, NULL)))) return true;
    return false;
}

/* Part of the parameters is trained, the others stay and gather no gradients: the bits of a loop by hand that zeroes all. */
static void an_optimizer_of_part_of_the_model(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8"), *by_hand = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8");
    weir_model *both[] = { m, by_hand };
    weir_batch *b = batch_in(c);
    for (int k = 0; k < 2; k++) {
        weir_module *net = weir_module_child_at(weir_model_module(both[k]), 0);
        weir_optim *o = weir_optim_new(weir_module_child_at(net, 2), "sgd", "lr=0.1"); /* the last layer */
        for (int i = 0; i < 3; i++) {
            if (k == 0) {
                assert_true(isfinite(weir_train_step(both[k], o, b)));
                assert_false(any_gradient(both[k]));
                continue;
            }
            weir_scope s = weir_scope_begin(c);
            weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .step = (uint64_t)i });
            weir_backward(weir_mean(weir_model_loss(both[k], b)));
            weir__frame_set(c, old);
            assert_int_equal(weir_optim_step(o), WEIR_OK);
            weir_module_zero_grad(weir_model_module(both[k]));
            weir_scope_end(s);
        }
        weir_optim_free(o);
    }
    size_t bytes;
    void *mine = values_of(m, &bytes), *theirs = values_of(by_hand, &bytes);
    assert_memory_equal(mine, theirs, bytes);
    weir_model_free(by_hand);
    by_hand = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8");
    theirs = values_of(by_hand, &bytes);
    assert_memory_equal(mine, theirs, 32 * sizeof(float)); /* the first layer's weights stayed */
    weir_model_free(m), weir_model_free(by_hand);
    assert_ok(c);
}

static void an_optimizer_of_another_model_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, model_options, 0.3), *twin = stirred(c, model_options, 0.3);
    weir_optim *o = weir_optim_new(weir_model_module(twin), "adam", "");
    expect_refused(m, o, batch_in(c), WEIR_ERROR_ARGUMENT, "train_step: an optimizer of another model");
    assert_false(any_gradient(m));
    weir_optim_free(o), weir_model_free(m), weir_model_free(twin);
}

/* -- shares ------------------------------------------------------------------------------------------------------------------------ */
static void nothing_changes_while_shares_are_out(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1), *third = weir_open(1);
    weir_model *m = stirred(c, model_options, 0.3);
    weir_module *root = weir_model_module(m);
    weir_optim *o = weir_optim_new(root, "sgd", "lr=0.1");
    weir_ema *e = weir_ema_new(root, 0.9);
    weir_batch *b = batch_in(c);
    weir_tensor *w = weir_module_state_at(root, 0, NULL, NULL);
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    weir_model *s = weir_model_share(other, m), *of_share = weir_model_share(third, s);
    weir_model_free(s); /* one is left, made of the first */
    expect_refused(m, o, b, WEIR_ERROR_STATE, "train_step: shares are out (1): expected them freed before");
    weir_backward(weir_mean(weir_model_loss(m, b))); /* gradients are the model's own */
    assert_ok(c);
    weir_optim_step(o);
    assert_fails(c, WEIR_ERROR_STATE, "optim_step: weights that shares read (1)");
    weir_ema_swap(e);
    assert_fails(c, WEIR_ERROR_STATE, "ema_swap: weights that shares read (1)");
    weir_scope quiet = weir_scope_begin_no_grad(c);
    weir_fill_(w, 0);
    assert_fails(c, WEIR_ERROR_STATE, "fill_: weights that shares read (1)");
    weir_scope_end(quiet);
    assert_null(weir_data_mut(w));
    assert_fails(c, WEIR_ERROR_STATE, "data_mut: weights that shares read (1)");
    assert_int_equal(weir_module_load_from_memory(root, data, bytes, true, NULL), WEIR_ERROR_STATE);
    assert_fails(c, WEIR_ERROR_STATE, "load: weights that shares read (1)");
    weir_model_free(m);
    assert_fails(c, WEIR_ERROR_STATE, "model_free: shares are out (1): expected them freed before");
    float x[N * D];
    assert_int_equal(weir_model_sample_into(of_share, N, NULL, x), WEIR_OK); /* m lives */
    weir_model_free(of_share);
    assert_true(isfinite(weir_train_step(m, o, b)));
    weir_ema_swap(e);
    assert_int_equal(weir_module_load_from_memory(root, data, bytes, true, NULL), WEIR_OK);
    assert_ok(c);
    weir_buffer_free(c, data);
    weir_ema_free(e), weir_optim_free(o), weir_model_free(m);
    weir_close(third), weir_close(other);
}

static void a_run_keeps_its_model_while_shares_are_out(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    char folder[] = "handles_test_XXXXXX";
    assert_non_null(mkdtemp(folder));
    weir_run *r = weir_run_open(c, folder, "{\"model\": {\"name\": \"nice\", \"hidden\": [4]}, \"data\": \"toy:moons,n=60\", \"train\": {\"steps\": 2}}", false);
    assert_ok(c);
    weir_model *s = weir_model_share(other, weir_run_model(r));
    assert_ok(other);
    assert_int_equal(weir_run_train(r, NULL), WEIR_ERROR_STATE);
    assert_fails(c, WEIR_ERROR_STATE, "run_train: shares are out (1)");
    weir_run_free(r);
    assert_fails(c, WEIR_ERROR_STATE, "run_free: shares are out (1)");
    weir_model_free(s);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
    weir_close(other);
}

int main(void)
{
    CASES(CASE(a_batch_of_another_context_is_refused), CASE(a_batch_of_a_parent_is_the_models_own), CASE(a_model_of_a_worker_takes_the_workers_tensors), CASE(a_batch_reads_its_own_line),
          CASE(tensors_of_another_context_are_refused), CASE(conditions_of_another_context_are_refused),
          CASE(an_optimizer_of_part_of_the_model), CASE(an_optimizer_of_another_model_is_refused),
          CASE(nothing_changes_while_shares_are_out), CASE(a_run_keeps_its_model_while_shares_are_out));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
