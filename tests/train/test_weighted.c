/* Weights in training: batches of any size add up to the gradient of the whole, samples of weight 0 are not looked at, and what is
 * learned is the distribution of the weighted data. */
#include "test.h"
#include "train/train.h"

enum { ROWS = 52, DIM = 3, WEIGHING = 48, PARAMETERS = 1 << 10 };

/* Every eleventh row weighs nothing, every seventh a hundred times the others. */
static double weight_of(int i)
{
    if (i % 11 == 10) return 0;
    return i % 7 == 3 ? 100 : 1 + i % 3;
}

static void fill(float *x, double *w, bool bad)
{
    for (int i = 0; i < ROWS * DIM; i++) x[i] = (float)weir__normal(3, 1, (uint64_t)i);
    for (int i = 0; i < ROWS; i++) {
        w[i] = weight_of(i);
        if (w[i] == 0 && bad) x[DIM * i + 1] = NAN;
    }
}

static weir_dataset *rows_of(weir_ctx *c, bool bad)
{
    float x[ROWS * DIM];
    double w[ROWS];
    fill(x, w, bad);
    weir_dataset *d = weir_dataset_from_f32(c, x, ROWS, DIM);
    assert_int_equal(weir_dataset_set_weights(d, w), WEIR_OK);
    return d;
}

static weir_model *flow_of(weir_ctx *c)
{
    return weir_model_new(c, "nice", "dim=3 couplings=2 hidden=8 init=pytorch dtype=f64");
}

/* All gradients of m in order, which are then 0 again; their number. */
static int64_t take_gradients(weir_ctx *c, weir_model *m, double *g)
{
    weir_module *net = weir_model_module(m);
    int64_t n = 0;
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(net, i, NULL, &is_buffer);
        if (is_buffer) continue;
        assert_true(n + weir_numel(t) <= PARAMETERS);
        assert_int_equal(weir_copy_to_f64(weir_grad_of(t), g + n, weir_numel(t)), WEIR_OK);
        n += weir_numel(t);
    }
    weir_module_zero_grad(net);
    assert_ok(c);
    return n;
}

/* The gradient of sum w l / sum w over all rows that weigh something, by hand. */
static int64_t whole_gradient(weir_ctx *c, weir_model *m, double *g, double *loss)
{
    float x[ROWS * DIM], some[WEIGHING * DIM];
    double w[ROWS], weights[WEIGHING], total = 0;
    int64_t n = 0;
    fill(x, w, false);
    for (int i = 0; i < ROWS; i++) {
        if (w[i] == 0) continue;
        memcpy(some + DIM * n, x + DIM * i, DIM * sizeof *x);
        weights[n++] = w[i];
        total += w[i];
    }
    assert_int_equal(n, WEIGHING);
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, some, 2, SHAPE(n, DIM)), NULL, NULL, NULL);
    weir_tensor *l = weir_mul(weir_model_loss(m, b), weir_from_f64(c, weights, 1, &n));
    weir_tensor *mean = weir_scale(weir_sum(l), 1 / total);
    weir_backward(mean);
    *loss = weir_item(mean);
    int64_t count = take_gradients(c, m, g);
    weir_scope_end(s);
    return count;
}

static void assert_gradients(int64_t n, const double *g, const double *wanted, double scale)
{
    for (int64_t i = 0; i < n; i++) assert_near(scale * g[i], wanted[i], 1e-12);
}

/* -- batches of a loader, and of a data set in order ------------------------------------------------------------------------ */
static void batches_add_up_to_the_whole(void **state)
{
    weir_ctx *c = *state;
    static const int64_t sizes[] = { 1, 4, 8, 16, 24, 48 };
    double wanted[PARAMETERS], g[PARAMETERS], loss, losses[ROWS];
    weir_model *m = flow_of(c);
    weir_dataset *d = rows_of(c, true);
    int64_t n = whole_gradient(c, m, wanted, &loss);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char options[40];
        snprintf(options, sizeof options, "batch=%d seed=4", (int)sizes[k]);
        weir_loader *l = weir_loader_new(d, options);
        int64_t steps = weir_loader_steps_per_epoch(l);
        assert_int_equal(steps, WEIGHING / sizes[k]);
        for (int64_t i = 0; i < steps; i++) {
            weir_scope s = weir_scope_begin(c);
            assert_int_equal(weir__shards_run(m, weir_loader_next(l), 1 + i % 3, 0, losses, NULL), WEIR_OK);
            weir_scope_end(s);
        }
        take_gradients(c, m, g);
        assert_gradients(n, g, wanted, 1 / (double)steps);
        weir_loader_free(l);
    }
    weir_dataset_free(d);
    weir_model_free(m);
}

/* Steps at a rate of 0 tell losses alone: their mean over an epoch is the weighted mean over the data. */
static void losses_add_up_to_the_whole(void **state)
{
    weir_ctx *c = *state;
    double g[PARAMETERS], loss, sum = 0;
    weir_model *m = flow_of(c);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0");
    weir_dataset *d = rows_of(c, true);
    whole_gradient(c, m, g, &loss);
    weir_loader *l = weir_loader_new(d, "batch=8");
    for (int i = 0; i < 6; i++) {
        weir_scope s = weir_scope_begin(c);
        sum += weir_train_step(m, o, weir_loader_next(l));
        weir_scope_end(s);
    }
    assert_near(sum / 6, loss, 1e-12);
    sum = 0;
    for (int i = 0; i < 4; i++) { /* those that weigh nothing among them */
        weir_scope s = weir_scope_begin(c);
        sum += weir_train_step(m, o, weir_dataset_batch(d, 13 * i, 13));
        weir_scope_end(s);
    }
    assert_near(sum / 4, loss, 1e-12);
    weir_loader_free(l);
    weir_dataset_free(d);
    weir_optim_free(o);
    weir_model_free(m);
    assert_ok(c);
}

/* -- batches of the caller's own ------------------------------------------------------------------------------------------------ */
static double loss_of(weir_ctx *c, weir_model *m, weir_optim *o, const float *x, const double *w, int64_t n)
{
    weir_scope s = weir_scope_begin(c);
    double loss = weir_train_step(m, o, weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(n, DIM)), NULL, w, NULL));
    weir_scope_end(s);
    return loss;
}

static void own_weights_are_taken_as_they_are(void **state)
{
    weir_ctx *c = *state;
    static const float x[4 * DIM] = { 1, 2, 3, -1, 0, 1, NAN, INFINITY, 5, 0.5f, 0.25f, -2 };
    static const float rest[3 * DIM] = { 1, 2, 3, -1, 0, 1, 0.5f, 0.25f, -2 };
    weir_model *m = flow_of(c);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0");
    double one = loss_of(c, m, o, x, (const double[]){ 1, 2, 0, 3 }, 4);
    double two = loss_of(c, m, o, x, (const double[]){ 2, 4, 0, 6 }, 4);
    double without = loss_of(c, m, o, rest, (const double[]){ 1, 2, 3 }, 3);
    assert_ok(c);
    assert_near(two, 2 * one, 1e-14);
    assert_near(without, one * 4 / 3, 1e-14);
    assert_true(isnan(loss_of(c, m, o, x, (const double[]){ 0, 0, 0, 0 }, 4)));
    assert_fails(c, WEIR_ERROR_VALUE, "all weights are 0");
    weir_optim_free(o);
    weir_model_free(m);
}

/* -- the distribution that is learned ---------------------------------------------------------------------------------------------- */
/* 1 % of the rows carry half of the weight: the share of samples that fall to them, after a short training. */
static double learned_share(weir_ctx *c, const char *batch)
{
    enum { N = 4000, SAMPLES = 4000, STEPS = 1500 };
    static float x[N];
    static double w[N];
    int heavy = 0;
    for (int i = 0; i < N; i++) {
        bool is = i % 100 == 7;
        x[i] = (float)((is ? 3 : -3) + 0.3 * weir__normal(8, 0, (uint64_t)i));
        w[i] = is ? 99 : 1;
    }
    weir_dataset *d = weir_dataset_from_f32(c, x, N, 1);
    weir_dataset_set_weights(d, w);
    weir_loader *l = weir_loader_new(d, batch);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=1 net.hidden=32,32");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=5e-3");
    for (int i = 0; i < STEPS; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_optim_set_lr(o, 5e-3 * (1 + cos(3.14159 * i / STEPS)) / 2);
        weir_train_step(m, o, weir_loader_next(l));
        weir_scope_end(s);
    }
    static float y[SAMPLES];
    assert_int_equal(weir_model_sample_into(m, SAMPLES, NULL, y), WEIR_OK);
    for (int i = 0; i < SAMPLES; i++) heavy += y[i] > 0;
    weir_optim_free(o);
    weir_model_free(m);
    weir_loader_free(l);
    weir_dataset_free(d);
    assert_ok(c);
    return (double)heavy / SAMPLES;
}

static void any_batch_size_learns_the_same_distribution(void **state)
{
    weir_ctx *c = *state;
    double small = learned_share(c, "batch=64"), large = learned_share(c, "batch=256");
    printf("# share of the heavy rows: %.3f at batch 64, %.3f at 256; 0.5 is right\n", small, large);
    assert_true(fabs(small - 0.5) < 0.05 && fabs(large - 0.5) < 0.05);
}

/* -- memory ------------------------------------------------------------------------------------------ */
static void one_step(weir_ctx *c)
{
    const double x[4 * DIM] = { 1187008882.43, 2, 3, 1187008882.44, 0, 1, NAN, 0, 5, 1187008882.4, 1, 2 };
    weir_dataset *d = weir_dataset_from_f64(c, x, 4, DIM);
    weir_dataset_set_weights(d, (const double[]){ 1, 2, 0, 3 });
    weir__dataset_warn_scale(d, WEIR_F32, false);
    weir_model *m = weir_model_new(c, "nice", "dim=3 couplings=1 hidden=4");
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0");
    weir_scope s = weir_scope_begin(c);
    weir_train_step(m, o, weir_dataset_batch(d, 0, 4));
    weir_scope_end(s);
    weir_optim_free(o);
    weir_model_free(m);
    weir_dataset_free(d);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(one_step);
}

int main(void)
{
    CASES(CASE(batches_add_up_to_the_whole), CASE(losses_add_up_to_the_whole), CASE(own_weights_are_taken_as_they_are),
          CASE(any_batch_size_learns_the_same_distribution), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
