/* A model of a program's own: two scales of an image with actnorm started from the first batch, and a `prepare`. In shards and on
 * threads the same bits; started once; averages begin after it. */
#include "nn/nn.h"
#include "ops/ops.h"
#include "test.h"

enum { SIDE = 4, DIM = SIDE * SIDE, BATCH = 12 };

typedef struct scales_opts {
    size_t size;
    int64_t dim;
    weir_ints shape;
} scales_opts;

static const weir_option scales_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(scales_opts, dim), "0", 0, 1 << 20, NULL, "values a sample" },
    { "shape", WEIR_OPTION_INTS, offsetof(scales_opts, shape), "1,4,4", 1, 1 << 20, NULL, "of a sample" },
    { 0 },
};

typedef struct scales {
    weir_module *flow, *base;
} scales;

static weir_module *push(weir_module *parent, const char *name, const char *row, const char *options)
{
    return weir_module_add(parent, name, weir_module_new(weir_module_ctx(parent), row, options));
}

static weir_module *scales_create(weir_model *m, const void *options)
{
    weir_ctx *c = weir_model_ctx(m);
    scales *s = weir_model_state(m);
    weir_module *root = weir_module_new(c, "sequential", ""), *flow = weir_module_new(c, "compose", "");
    push(flow, "0", "squeeze", "");
    push(flow, "1", "actnorm", "dim=4");
    push(flow, "2", "split", "shape=4,2,2");
    s->flow = weir_module_add(root, "flow", flow);
    s->base = push(root, "base", "base.normal", "dim=16");
    return root;
}

static weir_tensor *scales_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k, const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    const scales *s = weir_model_state(m);
    weir_tensor *log_det, *z = weir_bijection_forward(s->flow, y, NULL, &log_det);
    return weir_add(weir_base_log_prob(s->base, z, NULL), log_det);
}

static weir_tensor *scales_noise(weir_model *m, int64_t n, const weir_condition *k, double temperature, weir_tensor **log_q)
{
    const scales *s = weir_model_state(m);
    return weir_base_draw(s->base, weir_model_ctx(m), n, k, temperature, log_q);
}

static weir_tensor *scales_sample(weir_model *m, weir_tensor *z, const weir_condition *k, const weir_sample_opts *o, weir_tensor **log_det)
{
    const scales *s = weir_model_state(m);
    return weir_bijection_inverse(s->flow, z, k, log_det);
}

static const weir_model_row scales_row = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.scales",
        .doc = "two scales",
        .options = scales_options,
        .options_size = sizeof(scales_opts),
        .test = "",
    },
    .state_size = sizeof(scales),
    .create = scales_create,
    .log_prob = scales_log_prob,
    .noise = scales_noise,
    .sample = scales_sample,
};

/* -- prepare: noise that is added to y; the same where the whole batch is seen at once ----------------------------------- */
static int prepare_calls;
static bool prepare_saw_recording;

static weir_batch *noise_prepare(weir_model *m, weir_tensor *y, weir_batch *b)
{
    prepare_calls++;
    weir_tensor *e = weir_randn(weir_ctx_of(y), weir_dtype_of(y), weir_ndim(y), weir_shape(y));
    weir_tensor *bias = weir_module_state_find(weir_model_module(m), "flow.1.bias");
    weir_tensor *probe = weir_exp(weir_parameter_here(y, bias));
    prepare_saw_recording = prepare_saw_recording || weir_requires_grad(probe);
    return weir_batch_prepared_with(b, "noise", weir_scale(e, 0.01));
}

static weir_tensor *noise_loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_tensor *e = weir_condition_get(weir_batch_prepared(b), "noise");
    return weir_neg(scales_log_prob(m, weir_add(y, e), NULL, NULL, NULL));
}

static weir_model_row noise_row(bool whole)
{
    weir_model_row row = scales_row;
    row.row.name = whole ? "model.whole" : "model.noisy";
    row.prepare = noise_prepare;
    row.loss = noise_loss;
    row.whole_batch = whole;
    return row;
}

/* -- training ------------------------------------------------------------------------------------------------------- */
static weir_ctx *open_threads(int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    return weir_open_with(&o);
}

static void fill_batch(float *x, int step)
{
    for (int i = 0; i < BATCH * DIM; i++) x[i] = 3 + 2 * sinf((float)(i * (step + 1)) * 1.7f);
}

/* The flat parameters after some steps; n of them. */
static int64_t train(const weir_model_row *row, int threads, int64_t shards, bool by_hand, float *values)
{
    weir_ctx *c = open_threads(threads);
    float x[BATCH * DIM];
    weir_row_register(c, &row->row);
    weir_model *m = weir_model_new(c, row->row.name, "");
    weir_module *root = weir_model_module(m);
    weir_optim *o = weir_optim_new(root, "sgd", "lr=1e-3");
    weir_step_opts s = weir_step_defaults();
    s.shards = shards;
    for (int i = 0; i < 3; i++) {
        weir_scope scope = weir_scope_begin(c);
        fill_batch(x, i);
        weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 4, SHAPE(BATCH, 1, SIDE, SIDE)), NULL, NULL, NULL);
        if (by_hand) {
            weir_backward(weir_scale(weir_sum(weir_model_loss(m, b)), 1.0 / BATCH));
            assert_int_equal(weir_optim_step(o), WEIR_OK);
            weir_optim_zero_grad(o);
        } else {
            assert_int_equal(weir_train_step_with(m, o, b, &s, NULL), WEIR_OK);
        }
        weir_scope_end(scope);
        assert_int_equal(weir__module_unstarted(root), 0);
    }
    void *flat;
    int64_t n = weir_module_flat(root, NULL, &flat);
    assert_in_range(n, 1, 256);
    memcpy(values, flat, (size_t)n * sizeof *values);
    weir_optim_free(o);
    weir_model_free(m);
    weir_close(c);
    return n;
}

static void same_training(const weir_model_row *row, int threads, int64_t shards, const float *expected, int64_t n)
{
    float values[256];
    assert_int_equal(train(row, threads, shards, false, values), n);
    assert_memory_equal(values, expected, (size_t)n * sizeof *values);
}

static void test_threads(void **state)
{
    float one[256];
    int64_t n = train(&scales_row, 1, 4, false, one);
    same_training(&scales_row, 2, 4, one, n);
    same_training(&scales_row, 3, 4, one, n);
}

/* One shard by hand is one shard of the trainer's. */
static void test_by_hand(void **state)
{
    float hand[256];
    int64_t n = train(&scales_row, 1, 1, true, hand);
    same_training(&scales_row, 1, 1, hand, n);
}

static void test_prepare(void **state)
{
    float one[256], whole[256];
    weir_model_row noisy = noise_row(false), all = noise_row(true);
    prepare_calls = 0;
    int64_t n = train(&noisy, 1, 4, false, one);
    assert_int_equal(prepare_calls, 3 * 4 + 1); /* every shard, and the walk of the start */
    same_training(&noisy, 2, 4, one, n);
    prepare_calls = 0;
    train(&all, 2, 4, false, whole);
    assert_int_equal(prepare_calls, 3);
    assert_memory_equal(whole, one, (size_t)n * sizeof *one); /* drawn by sample, whoever sees them */
    assert_false(prepare_saw_recording);
}

static void test_average_begins_after(void **state)
{
    weir_ctx *c = *state;
    float x[BATCH * DIM];
    weir_row_register(c, &scales_row.row);
    weir_model *m = weir_model_new(c, "scales", "");
    weir_module *root = weir_model_module(m);
    weir_optim *o = weir_optim_new(root, "sgd", "lr=0");
    weir_ema *e = weir_ema_new(root, 0.99);
    fill_batch(x, 0);
    weir_train_step(m, o, weir_batch_wrap(c, weir_from_f32(c, x, 4, SHAPE(BATCH, 1, SIDE, SIDE)), NULL, NULL, NULL));
    weir_ema_update(e);
    void *flat;
    int64_t n = weir_module_flat(root, NULL, &flat);
    const float *average = weir_ema_state(e, NULL, NULL), *values = flat;
    for (int64_t i = 0; i < n; i++) assert_near(average[i], values[i], 1e-6);
    assert_true(fabs(weir_get(weir_module_state_find(root, "flow.1.bias"), SHAPE(0))) > 1);
    weir_ema_free(e);
    weir_optim_free(o);
    weir_model_free(m);
}

static void test_prepared_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2));
    weir_batch *b = weir_batch_wrap(c, x, NULL, NULL, NULL);
    assert_null(weir_batch_prepared(b));
    assert_int_equal(weir_batch_size(weir_batch_prepared_with(NULL, "a", x)), 0);
    assert_int_equal(weir_batch_size(weir_batch_prepared_with(b, "a", NULL)), 0);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "batch_prepared_with");
    weir_batch_prepared_with(b, "a", weir_zeros(c, WEIR_F32, 1, SHAPE(2)));
    assert_fails(c, WEIR_ERROR_SHAPE, "a: 2 samples: expected 3");
    weir_batch *two = weir_batch_prepared_with(weir_batch_prepared_with(b, "a", x), "b", x);
    assert_int_equal(weir_condition_count(weir_batch_prepared(two)), 2);
    assert_null(weir_batch_prepared(b));
}

int main(void)
{
    CASES(CASE(test_threads), CASE(test_by_hand), CASE(test_prepare), CASE(test_average_begins_after),
          CASE(test_prepared_refusals));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
