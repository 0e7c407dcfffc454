/* The step: shards and threads, weights, memory, and what happens when a number is not finite. */
#include <stddef.h>
#include "test.h"
#include "train/train.h"

enum { ROWS = 37, DIM = 6 };

static weir_ctx *open_threads(int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    return weir_open_with(&o);
}

static weir_batch *batch_of(weir_ctx *c, bool weighted)
{
    float x[ROWS * DIM];
    double w[ROWS];
    int64_t ids[ROWS];
    for (int i = 0; i < ROWS * DIM; i++) x[i] = (float)(int)(weir__uniform(7, 1, (uint64_t)i) * 17);
    for (int i = 0; i < ROWS; i++) w[i] = weir__uniform(7, 2, (uint64_t)i), ids[i] = 100 + i;
    return weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(ROWS, DIM)), ids, weighted ? w : NULL, NULL);
}

/* Five steps; the flat parameters afterwards go to `out`, which must be large enough. */
static int64_t train(const char *model, const char *options, int threads, int64_t shards, bool weighted, float *out, double *loss)
{
    weir_ctx *c = open_threads(threads);
    weir_model *m = weir_model_new(c, model, options);
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
    weir_step_opts s = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    s.shards = shards;
    s.clip = 10;
    for (int i = 0; i < 5; i++) {
        weir_scope scope = weir_scope_begin(c);
        if (weir_train_step_with(m, o, batch_of(c, weighted), &s, &info)) fail_msg("%s", weir_message(c));
        weir_scope_end(scope);
    }
    *loss = info.loss;
    void *values;
    int64_t n = weir_module_flat(weir_model_module(m), NULL, &values);
    memcpy(out, values, (size_t)n * sizeof *out);
    weir_optim_free(o);
    weir_model_free(m);
    weir_close(c);
    return n;
}

static void bits_of(const char *model, const char *options)
{
    static float one[1 << 16], other[1 << 16], first[1 << 16];
    static const int64_t counts[] = { 1, 2, 3, 8, 37, 50 };
    for (int weighted = 0; weighted < 2; weighted++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            double a, b;
            int64_t n = train(model, options, 1, counts[k], weighted, one, &a);
            for (int threads = 2; threads <= 3; threads++) {
                train(model, options, threads, counts[k], weighted, other, &b);
                assert_memory_equal(one, other, (size_t)n * sizeof *one);
                assert_true(a == b);
            }
            if (k == 0) memcpy(first, one, sizeof first);
            for (int64_t i = 0; i < n; i++) assert_near(one[i], first[i], 2e-3);
        }
}

static void threads_change_no_bit_and_shards_only_rounding(void **state)
{
    (void)state;
    bits_of("nice", "dim=6 levels=17 hidden=16,16 init=pytorch");
    bits_of("rectified-flow", "dim=6 net.hidden=16,16");
    bits_of("rectified-flow", "dim=6 levels=17 net.hidden=16 net.activation=relu net.time=fourier");
}

/* -- a model of a user's own ------------------------------------------------------------------ */
typedef struct mine { _Atomic int calls; int64_t with; weir_module *a, *b, *norm; weir_tensor *own; } mine;
typedef struct mine_opts { size_t size; int64_t dim; weir_ints shape; int64_t levels; bool standardize; int32_t dtype; int64_t with; } mine_opts;
static const weir_option mine_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(mine_opts, dim), "6", 0, 1 << 24, NULL, "values a sample" },
    { "shape", WEIR_OPTION_INTS, offsetof(mine_opts, shape), "", 1, 1 << 24, NULL, "of a sample" },
    { "levels", WEIR_OPTION_INT, offsetof(mine_opts, levels), "0", 0, 1 << 24, NULL, "of integer data" },
    { "standardize", WEIR_OPTION_BOOL, offsetof(mine_opts, standardize), "no", 0, 1, NULL, "by mean and deviation" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(mine_opts, dtype), "f32", 0, 0, "f32|f64", "element type" },
    { "with", WEIR_OPTION_INT, offsetof(mine_opts, with), "0", 0, 4, NULL,
      "1: a parameter beside the linear layers'; 2: a weight that is computed; 3: batch norm; 4: a layer that sees a few samples" },
    { 0 },
};

static weir_module *mine_create(weir_model *m, const void *options)
{
    weir_ctx *c = weir_model_ctx(m);
    mine *s = weir_model_state(m);
    weir_module *root = weir_module_new(c, "group", NULL);
    s->with = ((const mine_opts *)options)->with;
    s->a = weir_module_add(root, "a", weir_module_new(c, "linear", "in=6 out=6"));
    s->b = weir_module_add(root, "b", weir_module_new(c, "linear", "in=6 out=3 bias=no"));
    if (s->with == 3) s->norm = weir_module_add(root, "norm", weir_module_new(c, "batch_norm", "channels=6"));
    if (s->with == 1) s->own = weir_module_parameter(root, "own", WEIR_F32, 1, SHAPE(6), (weir_init){ WEIR_INIT_CONSTANT, 2 });
    return root;
}

/* a is used twice, b on two rows of each sample */
static weir_tensor *mine_loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    mine *s = weir_model_state(m);
    (void)b;
    s->calls++;
    weir_tensor *h = weir_module_forward(s->a, weir_tanh(weir_module_forward(s->a, y)));
    if (s->with == 3) h = weir_module_forward(s->norm, h);
    if (s->with == 1) h = weir_mul(h, s->own);
    weir_tensor *pair = weir_stack(2, (weir_tensor *[]){ h, weir_cos(h) }, 1);
    if (s->with == 2) pair = weir_linear(pair, weir_scale(weir_parameter_here(y, weir_module_own(s->a, "weight")), 2), NULL);
    weir_tensor *loss = weir_sum_samples(weir_square(weir_module_forward(s->b, pair)));
    return s->with == 4 ? weir_add(loss, weir_sum(weir_module_forward(s->a, weir_slice(y, 0, 0, 5, 1)))) : loss;
}

static const weir_model_row mine_row = {
    .row = { .size = sizeof(weir_model_row), .version = 1, .name = "model.mine", .doc = "layers used more than once", .options = mine_options, .options_size = sizeof(mine_opts), .test = "" },
    .state_size = sizeof(mine), .create = mine_create, .loss = mine_loss,
};

/* Three steps of two shards; the sum of squares of the parameters, and how often the loss was asked for */
static double train_mine(int threads, const char *options, int *calls)
{
    weir_ctx *c = open_threads(threads);
    weir_row_register(c, &mine_row.row);
    weir_model *m = weir_model_new(c, "mine", options);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=1e-3");
    weir_step_opts s = weir_step_defaults();
    s.shards = 2;
    for (int i = 0; i < 3; i++) {
        weir_scope scope = weir_scope_begin(c);
        weir_train_step_with(m, o, batch_of(c, false), &s, NULL);
        weir_scope_end(scope);
    }
    assert_ok(c);
    *calls = ((mine *)weir_model_state(m))->calls;
    void *values;
    int64_t n = weir_module_flat(weir_model_module(m), NULL, &values);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)((float *)values)[i] * ((float *)values)[i];
    weir_optim_free(o);
    weir_model_free(m);
    weir_close(c);
    return sum;
}

/* Whatever a loss does with its samples, on any number of threads */
static void each_shard_is_a_batch_of_its_own(void **state)
{
    (void)state;
    static const char *const options[] = { "", "with=1", "with=2", "with=3", "with=4" };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        int one, two;
        double a = train_mine(1, options[i], &one), b = train_mine(2, options[i], &two);
        assert_int_equal(one, 6);
        assert_int_equal(two, 6);
        assert_true(a == b);
    }
}

/* The sharded gradient is that of sum w l / B: the mean weight of a batch of the caller's own counts as 1. */
static void shards_add_up(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=6 levels=17 hidden=16 init=pytorch dtype=f64");
    double losses[ROWS];
    weir_batch *b = batch_of(c, true);
    assert_int_equal(weir__shards_run(m, b, 1, 0, losses, NULL), WEIR_OK);
    weir_tensor *w = weir_module_state_find(weir_model_module(m), "flow.couplings.1.net.0.weight");
    assert_false(weir_is_nil(w));
    double g[48 * 16];
    int64_t n = weir_numel(w);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text(WEIR__STREAM_TRAIN) }); /* the same draws, by hand */
    weir_tensor *mean = weir_scale(weir_sum(weir_mul(weir_model_loss(m, b), weir_from_f64(c, b->weights, 1, SHAPE(ROWS)))), 1.0 / ROWS);
    weir__frame_set(c, old);
    weir_tensor *plain;
    assert_int_equal(weir_grad(1, &mean, 1, &w, NULL, false, false, &plain), WEIR_OK);
    assert_int_equal(weir_copy_to_f64(plain, g, n), WEIR_OK);
    assert_int_equal(weir__shards_run(m, b, 5, 0, losses, NULL), WEIR_OK); /* added to what is there */
    assert_int_equal(weir__shards_run(m, b, 3, 0, losses, NULL), WEIR_OK);
    double h[48 * 16];
    weir_copy_to_f64(weir_grad_of(w), h, n);
    for (int64_t i = 0; i < n; i++) assert_near(h[i], 3 * g[i], 1e-13);
    weir_model_free(m);
    assert_ok(c);
}

/* One NaN in the data: the step says where, and changes nothing. */
static void a_bad_sample_is_named(void **state)
{
    weir_ctx *c = *state;
    for (int64_t shards = 1; shards <= 4; shards += 3) {
        weir_model *m = weir_model_new(c, "nice", "dim=6 hidden=16 init=pytorch");
        weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
        weir_batch *b = batch_of(c, false);
        weir_data_mut(weir_batch_x(b));
        ((float *)weir_data_mut(weir_batch_x(b)))[20 * DIM + 3] = NAN;
        void *values;
        int64_t n = weir_module_flat(weir_model_module(m), NULL, &values);
        float *before = malloc((size_t)n * sizeof *before);
        memcpy(before, values, (size_t)n * sizeof *before);
        weir_step_opts s = weir_step_defaults();
        weir_step_info info = { .size = sizeof info };
        s.shards = shards;
        assert_int_equal(weir_train_step_with(m, o, b, &s, &info), WEIR_ERROR_VALUE);
        assert_int_equal(info.bad_sample, 120);
        assert_true(strncmp(info.bad_op, "op.", 3) == 0);
        assert_fails(c, WEIR_ERROR_VALUE, "sample 120");
        assert_memory_equal(before, values, (size_t)n * sizeof *before);
        assert_int_equal(weir_optim_steps(o), 0);
        free(before);
        weir_optim_free(o);
        weir_model_free(m);
    }
}

/* Parameters that have gone astray: the layer is named too. */
static void a_bad_layer_is_named(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=6 hidden=16,16 init=pytorch");
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=1e-2");
    weir_tensor *w = weir_module_state_find(weir_model_module(m), "flow.couplings.2.net.2.bias");
    assert_false(weir_is_nil(w));
    ((float *)weir_data_mut(w))[1] = INFINITY;
    weir_step_info info = { .size = sizeof info };
    weir_train_step_with(m, o, batch_of(c, false), NULL, &info);
    assert_fails(c, WEIR_ERROR_VALUE, "flow.couplings.2");
    assert_int_equal(info.bad_sample, 100);
    weir_optim_free(o);
    weir_model_free(m);
}

/* A loss that is finite and a gradient that is not: inputs of 1e37 meet a scaling by e^10. Said of the step, the sample and the
 * parameter; nothing changes, and the next step goes on. */
static void a_steep_sample_is_named(void **state)
{
    weir_ctx *c = *state;
    for (int64_t shards = 1; shards <= 3; shards += 2) {
        weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=1 hidden=4 init=pytorch partition=half");
        weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
        weir_fill_(weir_detach(weir_module_state_find(weir_model_module(m), "flow.couplings.0.net.2.weight")), 0);
        weir_tensor *s = weir_module_state_find(weir_model_module(m), "flow.scale.log_scale");
        assert_false(weir_is_nil(s));
        ((float *)weir_data_mut(s))[1] = 10;
        float x[6 * 2] = { 0 };
        x[2 * 3] = 1e37f;
        weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(6, 2)), (const int64_t[]){ 10, 11, 12, 13, 14, 15 }, NULL, NULL);
        weir_step_opts opts = weir_step_defaults();
        weir_step_info info = { .size = sizeof info };
        opts.shards = shards;
        assert_int_equal(weir_train_step_with(m, o, b, &opts, &info), WEIR_ERROR_VALUE);
        assert_int_equal(info.bad_sample, 13);
        assert_string_equal(info.bad_layer, "flow.couplings.0.net.2.weight");
        assert_string_equal(info.bad_op, "op.linear");
        assert_fails(c, WEIR_ERROR_VALUE, "step 0, sample 13: gradient of flow.couplings.0.net.2.weight, made by the backward of op.linear");
        assert_int_equal(weir_optim_steps(o), 0);
        x[2 * 3] = 1;
        b = weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(6, 2)), NULL, NULL, NULL);
        assert_int_equal(weir_train_step_with(m, o, b, &opts, &info), WEIR_OK);
        weir_optim_free(o);
        weir_model_free(m);
    }
}

static void wrong_use_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=6 hidden=8");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
    assert_true(isnan(weir_train_step(m, o, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    weir_step_opts s = weir_step_defaults();
    s.shards = 0;
    weir_train_step_with(m, o, batch_of(c, false), &s, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "shards");
    weir_train_step(m, o, weir_batch_wrap(c, weir_zeros(c, WEIR_F32, 2, SHAPE(3, 5)), NULL, NULL, NULL));
    assert_fails(c, WEIR_ERROR_SHAPE, "6 values a sample");
    const double zero[3] = { 0, 0, 0 };
    weir_train_step(m, o, weir_batch_wrap(c, weir_zeros(c, WEIR_F32, 2, SHAPE(3, 6)), NULL, zero, NULL));
    assert_fails(c, WEIR_ERROR_VALUE, "all weights are 0");
    weir_optim_free(o);
    weir_model_free(m);
}

/* Steps, evaluations, samples, saves and epochs leave memory as it was. tests/long runs a hundred times as many. */
static void steps_leave_memory_as_it_was(void **state)
{
    (void)state;
    weir_ctx *c = open_threads(2);
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=1000");
    weir_loader *l = weir_loader_new(d, "batch=64");
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=16,16 init=pytorch");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-3");
    weir_step_opts s = weir_step_defaults();
    s.shards = 2;
    weir_memory_info early = { 0 };
    for (int i = 0; i < 1000; i++) {
        weir_scope scope = weir_scope_begin(c);
        assert_int_equal(weir_train_step_with(m, o, weir_loader_next(l), &s, NULL), WEIR_OK);
        if (i % 100 == 0) {
            weir_scope quiet = weir_scope_begin_no_grad(c);
            weir_model_log_prob(m, weir_dataset_batch(d, 0, 200), NULL, NULL);
            weir_scope_end(quiet);
            float x[40];
            assert_int_equal(weir_model_sample_into(m, 20, NULL, x), WEIR_OK);
            void *saved;
            size_t bytes;
            assert_int_equal(weir_model_save_to_memory(m, &saved, &bytes), WEIR_OK);
            weir_buffer_free(c, saved);
        }
        weir_scope_end(scope);
        if (i == 110) early = weir_memory(c);
    }
    weir_memory_info late = weir_memory(c);
    assert_int_equal(late.live_blocks, early.live_blocks);
    assert_int_equal(late.live_bytes, early.live_bytes);
#ifndef WEIR_NO_POOL
    assert_int_equal(late.system_calls, early.system_calls);
#endif
    weir_optim_free(o), weir_model_free(m), weir_loader_free(l), weir_dataset_free(d);
    weir_close(c);
}

#ifndef WEIR_NO_POOL
/* Blocks asked of the allocator in 2 and in 102 steps */
typedef struct asked {
    int64_t two, all;
} asked;

static asked blocks_of_steps(int threads, int64_t shards)
{
    static float x[500 * 6];
    for (int i = 0; i < 500 * 6; i++) x[i] = (float)weir__normal(3, 0, (uint64_t)i);
    test_memory m = { .fail_at = -1 };
    asked blocks = { 0 };
    weir_open_opts options = weir_open_defaults();
    options.resize = test_resize;
    options.resize_user = &m;
    options.threads = threads;
    weir_ctx *c = weir_open_with(&options);
    weir_loader *l = weir_loader_from_array(c, x, 500, 6, "batch=37");
    weir_model *model = weir_model_new(c, "nice", "dim=6 hidden=20,20");
    weir_optim *o = weir_optim_new(weir_model_module(model), "adam", "lr=1e-3");
    weir_step_opts s = weir_step_defaults();
    s.shards = shards;
    for (int i = 0; i < 102; i++) {
        weir_scope scope = weir_scope_begin(c);
        assert_int_equal(weir_train_step_with(model, o, weir_loader_next(l), &s, NULL), WEIR_OK);
        weir_scope_end(scope);
        if (i == 1) blocks.two = m.calls;
    }
    blocks.all = m.calls;
    weir_optim_free(o);
    weir_model_free(model);
    weir_loader_free(l);
    weir_close(c);
    assert_int_equal(m.out, 0);
    return blocks;
}
#endif

/* From the third step on the allocator is not called, whatever the shards; workers' contexts count
 * too. Several threads each warm up at the first shard that they come by, so that theirs is a bound. */
static void training_in_its_stride_asks_for_no_memory(void **state)
{
    (void)state;
#ifndef WEIR_NO_POOL
    for (int64_t shards = 1; shards <= 4; shards++) {
        asked alone = blocks_of_steps(1, shards);
        assert_true(alone.two > 0);
        assert_int_equal(alone.all, alone.two);
        asked two = blocks_of_steps(2, shards);
        assert_true(two.all <= 2 * alone.all);
    }
#endif
}

static void work(weir_ctx *c)
{
    static const char *const models[][2] = { { "nice", "dim=6 levels=17 hidden=8 couplings=2" }, { "rectified-flow", "dim=6 net.hidden=8" } };
    for (int k = 0; k < 2; k++) {
        weir_model *m = weir_model_new(c, models[k][0], models[k][1]);
        weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "");
        weir_step_opts s = weir_step_defaults();
        s.shards = 2;
        for (int i = 0; i < 2 && weir_ok(c); i++) weir_train_step_with(m, o, batch_of(c, true), &s, NULL);
        weir_optim_free(o);
        weir_model_free(m);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(work);
}

int main(void)
{
    CASES(cmocka_unit_test(threads_change_no_bit_and_shards_only_rounding), cmocka_unit_test(each_shard_is_a_batch_of_its_own),
          CASE(shards_add_up), CASE(a_bad_sample_is_named), CASE(a_bad_layer_is_named), CASE(a_steep_sample_is_named),
          CASE(wrong_use_is_refused), cmocka_unit_test(steps_leave_memory_as_it_was), cmocka_unit_test(training_in_its_stride_asks_for_no_memory), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
