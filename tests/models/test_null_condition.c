/* The null condition: what is dropped in training and by what, the vector that is learned for it, samples without a condition
 * and guided ones. */
#include "models/model_test.h"
#include "weir/grad.h"

enum { DIM = 2, CLASSES = 3, CONTEXT = 2 };
static const char conditioned[] = "dim=2 dtype=f64 net.hidden=8,8 classes=3 context=2 condition.dropout=0.4 sampler=euler sampler.steps=6";

static weir_model *made(weir_ctx *c, const char *options) { return stirred_model(c, "rectified-flow", options, 0.5); }

/* Sample i of class i % 3, its context by i alone. */
static weir_condition *condition_of(weir_ctx *c, int64_t n, const int64_t *ids)
{
    weir_tensor *k = weir_empty(c, WEIR_I64, 1, &n), *v = weir_empty(c, WEIR_F64, 2, SHAPE(n, CONTEXT));
    for (int64_t i = 0; i < n && weir_ok(c); i++) {
        ((int64_t *)weir_data_mut(k))[i] = ids[i] % CLASSES;
        for (int j = 0; j < CONTEXT; j++) ((double *)weir_data_mut(v))[i * CONTEXT + j] = weir__normal(8, (uint64_t)ids[i], (uint64_t)j);
    }
    return weir_condition_with(weir_condition_with(weir_condition_new(c), "class", k), "context", v);
}

static weir_condition *counted(weir_ctx *c, int64_t n)
{
    int64_t ids[256];
    for (int64_t i = 0; i < n; i++) ids[i] = i;
    return condition_of(c, n, ids);
}

static weir_tensor *data_of(weir_ctx *c, int64_t n, const int64_t *ids)
{
    weir_tensor *x = weir_empty(c, WEIR_F64, 2, SHAPE(n, DIM));
    for (int64_t i = 0; i < n * DIM; i++) ((double *)weir_data_mut(x))[i] = weir__normal(9, (uint64_t)ids[i / DIM], (uint64_t)(i % DIM));
    return x;
}

/* The losses of these samples at the training step 5. */
static void losses_of(weir_model *m, int64_t n, const int64_t *ids, bool null, double *out)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    weir_model_set_random_step(m, 5);
    const weir_condition *k = null ? weir_model_null_condition(m, n) : condition_of(c, n, ids);
    weir_tensor *l = weir_model_loss(m, weir_batch_wrap(c, data_of(c, n, ids), ids, NULL, k));
    assert_ok(c);
    weir_copy_to_f64(l, out, n);
    weir_scope_end(s);
}

/* A loss in training is that under the condition or under the null condition, by the sample's id alone. */
static void test_dropped_by_id(void **state)
{
    enum { N = 200 };
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned);
    int64_t ids[N], dropped = 0;
    double all[N], given[N], null[N], some[N];
    for (int i = 0; i < N; i++) ids[i] = 7 * i + 3;
    losses_of(m, N, ids, false, all);
    for (int from = 0; from < N; from += 40) losses_of(m, 40, ids + from, false, some + from);
    assert_memory_equal(some, all, sizeof all);
    weir_module_train(weir_model_module(m), false);
    losses_of(m, N, ids, false, given);
    losses_of(m, N, ids, true, null);
    for (int i = 0; i < N; i++) {
        assert_true(given[i] != null[i]);
        assert_true(all[i] == given[i] || all[i] == null[i]);
        dropped += all[i] == null[i];
    }
    assert_true(dropped > 55 && dropped < 105); /* of 80, with a deviation of 7 */
    weir_module_train(weir_model_module(m), true);
    losses_of(m, N, ids, true, all); /* what has none already has none to lose */
    assert_memory_equal(all, null, sizeof all);
    weir_model_free(m);
}

/* Another step drops others. */
static void test_dropped_anew(void **state)
{
    enum { N = 64 };
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned);
    int64_t ids[N], both = 0;
    for (int i = 0; i < N; i++) ids[i] = i;
    weir_tensor *mask[2];
    for (int step = 0; step < 2; step++) {
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .step = (uint64_t)step, .ids = ids, .n_ids = N });
        mask[step] = weir_condition_get(weir__model_condition_drop(m, c, counted(c, N)), "null");
        weir__frame_set(c, old);
    }
    for (int64_t i = 0; i < N; i++) both += weir_get(mask[0], &i) == weir_get(mask[1], &i);
    assert_true(both > 16 && both < 50); /* of 33 */
    weir_model_free(m);
}

static weir_tensor *loss_again(void *user, weir_tensor **in)
{
    weir_model *m = user;
    weir_ctx *c = weir_ctx_of(in[0]);
    weir_model_set_random_step(m, 0);
    return weir_model_loss(m, weir_batch_wrap(c, in[0], NULL, NULL, counted(c, weir_shape(in[0])[0])));
}

static void test_the_vector_learns(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned);
    weir_tensor *null = weir_module_state_find(weir_model_module(m), "condition.null");
    assert_int_equal(weir_numel(null), CONTEXT);
    weir_tensor *x = weir_set_requires_grad(data_of(c, 12, SHAPE(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)), true);
    weir_gradcheck(c, loss_again, m, 1, &x, NULL);
    assert_ok(c);
    weir_tensor *l = weir_sum(loss_again(m, &x)), *g;
    weir_grad(1, &l, 1, &null, NULL, false, false, &g);
    assert_ok(c);
    for (int64_t j = 0; j < CONTEXT; j++) {
        double h = 1e-6, *v = (double *)weir_data_mut(null) + j, up, down;
        *v += h, up = weir_item(weir_sum(loss_again(m, &x)));
        *v -= 2 * h, down = weir_item(weir_sum(loss_again(m, &x)));
        *v += h;
        assert_near(weir_get(g, &j), (up - down) / (2 * h), 1e-6);
        assert_true(fabs(weir_get(g, &j)) > 1e-4);
    }
    weir_model_free(m);
}

/* -- tables ------------------------------------------------------------------------------------------------------------ */
static void test_tables(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned), *plain = made(c, "dim=2 net.hidden=8 classes=3");
    assert_int_equal(weir_model_classes(m), 3);
    assert_int_equal(weir_model_class_lines(m), 4);
    assert_int_equal(weir_model_class_lines(plain), 3);
    assert_int_equal(weir_shape(weir_module_state_find(weir_model_module(m), "net.0.weight"))[1], 2 + 1 + 4 + 2);
    weir_model *flow = weir_model_new(c, "nice", "dim=3 couplings=2 hidden=4 classes=2 base=diagonal condition.dropout=0.2");
    assert_int_equal(weir_shape(weir_module_state_find(weir_model_module(flow), "base.mean"))[0], 3);
    assert_int_equal(weir_shape(weir_module_state_find(weir_model_module(flow), "flow.couplings.0.net.0.weight"))[1], 2 + 3);
    weir_model_free(flow), weir_model_free(plain);
    flow = weir_model_new(c, "flow", "dim=3 classes=2 base=diagonal condition.dropout=0.2 flow.repeat=1");
    assert_ok(c);
    double x[3] = { 1, 2, 3 }, lp[3];
    weir_log_prob_opts o = weir_log_prob_defaults();
    for (int64_t k = 0; k < 3; k++) { /* the last is the null class */
        o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &k, 1, SHAPE(1)));
        assert_int_equal(weir_model_log_prob_into_f64(flow, x, 1, &o, lp + k, NULL), WEIR_OK);
    }
    o.condition = weir_model_null_condition(flow, 1);
    assert_int_equal(weir_model_log_prob_into_f64(flow, x, 1, &o, lp, NULL), WEIR_OK);
    assert_true(lp[0] == lp[2]);
    weir_model_free(flow), weir_model_free(m);
}

static void test_kept_in_files(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned);
    void *data;
    size_t bytes;
    double x[4 * DIM], y[4 * DIM];
    weir_module_train(weir_model_module(m), false);
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    weir_model *again = weir_model_load_from_memory(c, data, bytes), *share = weir_model_share(c, m);
    assert_ok(c);
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.solver = "euler guidance=2";
    o.condition = counted(c, 4);
    assert_int_equal(weir_model_sample_into_f64(m, 4, &o, x), WEIR_OK);
    assert_int_equal(weir_model_sample_into_f64(again, 4, &o, y), WEIR_OK);
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(weir_model_sample_into_f64(share, 4, &o, y), WEIR_OK);
    assert_memory_equal(x, y, sizeof x);
    weir_model_free(share), weir_model_free(again), weir_model_free(m);
    weir_buffer_free(c, data);
}

/* -- guidance ---------------------------------------------------------------------------------------------------------- */
static void drawn(weir_model *m, const char *solver, const weir_condition *k, int64_t n, int64_t batch, double *x)
{
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.batch = batch;
    o.solver = solver;
    o.condition = k;
    assert_int_equal(weir_model_sample_into_f64(m, n, &o, x), WEIR_OK);
}

static void test_guided(void **state)
{
    enum { N = 6 };
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned);
    const weir_condition *k = counted(c, N);
    double own[N * DIM], other[N * DIM], x[N * DIM], y[N * DIM];
    static const char *const samplers[] = { "euler", "dopri5", "ddim", "edm", "heun frame=sigma", "dpm_3", "dpmpp_2m_sde", "unipc" };
    for (int i = 0; i < 8; i++) {
        char text[96];
        snprintf(text, sizeof text, "%s steps=5", samplers[i]);
        drawn(m, text, k, N, 0, own);
        drawn(m, text, weir_model_null_condition(m, N), N, 0, other);
        assert_true(memcmp(own, other, sizeof own) != 0);
        snprintf(text, sizeof text, "%s steps=5 guidance=1 guidance_rescale=0.5", samplers[i]);
        drawn(m, text, k, N, 0, x);
        assert_memory_equal(x, own, sizeof x);
        snprintf(text, sizeof text, "%s steps=5 guidance=0", samplers[i]);
        drawn(m, text, k, N, 0, x);
        assert_memory_equal(x, other, sizeof x);
        snprintf(text, sizeof text, "%s steps=5 guidance=3 guidance_low=0.1 guidance_high=9", samplers[i]);
        drawn(m, text, k, N, 0, x);
        drawn(m, text, k, N, 2, y);
        assert_memory_equal(x, y, sizeof x);
        snprintf(text, sizeof text, "%s steps=5 guidance=3 guidance_low=8 guidance_high=2", samplers[i]); /* nowhere */
        drawn(m, text, k, N, 0, x);
        assert_memory_equal(x, own, sizeof x);
    }
    drawn(m, "euler steps=1", k, N, 0, own); /* of one step of Euler's the velocity is linear in the sample */
    drawn(m, "euler steps=1 guidance=0", k, N, 0, other);
    drawn(m, "euler steps=1 guidance=2.5", k, N, 0, x);
    for (int j = 0; j < N * DIM; j++) assert_near(x[j], other[j] + 2.5 * (own[j] - other[j]), 1e-12);
    weir_model_free(m);
}

/* A class known of one of two Gaussians of deviation S at (+-A, 0): the denoisers in closed form, where p = a x_0 + b eps. */
#define A 1.5
#define S 0.5
static double denoised(double a, double b, double x, double mean) { return mean + a * S * S / (a * a * S * S + b * b) * (x - a * mean); }

static void velocity(double t, const double *x, int class, double w, double *u)
{
    double a = 1 - t, b = t, v = a * a * S * S + b * b, near = 1 / (1 + exp(-2 * a * A * x[0] / v)); /* p(class 1 | x) */
    double own = denoised(a, b, x[0], class ? A : -A);
    double other = near * denoised(a, b, x[0], A) + (1 - near) * denoised(a, b, x[0], -A);
    double d[2] = { other + w * (own - other), denoised(a, b, x[1], 0) };
    for (int j = 0; j < 2; j++) u[j] = (x[j] - d[j]) / b; /* eps - x_0 */
}

static void exact_sample(double *x, int class, double w) /* by midpoint steps */
{
    enum { STEPS = 400 };
    for (int i = STEPS; i > 0; i--) {
        double h = 1.0 / STEPS, t = i * h, u[2], mid[2];
        velocity(t, x, class, w, u);
        for (int j = 0; j < 2; j++) mid[j] = x[j] - h / 2 * u[j];
        velocity(t - h / 2, mid, class, w, u);
        for (int j = 0; j < 2; j++) x[j] -= h * u[j];
    }
}

static weir_model *trained_on_two(weir_ctx *c)
{
    enum { N = 256, STEPS = 8000 };
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=48,48 classes=2 condition.dropout=0.2");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=3e-3");
    for (int64_t step = 0; step < STEPS; step++) {
        weir_scope s = weir_scope_begin(c);
        float x[2 * N];
        int64_t ids[N], classes[N], n = N;
        for (int64_t i = 0; i < N; i++) {
            ids[i] = step * N + i;
            classes[i] = ids[i] % 2;
            x[2 * i] = (float)(S * weir__normal(4, (uint64_t)ids[i], 0) + (classes[i] ? A : -A));
            x[2 * i + 1] = (float)(S * weir__normal(4, (uint64_t)ids[i], 1));
        }
        weir_optim_set_lr(o, 3e-3 * (1 - (double)step / STEPS));
        weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, &n));
        weir_train_step(m, o, weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(N, 2)), ids, NULL, k));
        weir_scope_end(s);
    }
    assert_ok(c);
    weir_optim_free(o);
    weir_module_train(weir_model_module(m), false);
    return m;
}

/* Every guided sample lands where the exact denoisers carry its noise; without guidance by half its class in the middle. */
static void test_guided_samples_land(void **state)
{
    enum { N = 200 };
    if (TEST_SANITIZED) skip();
    weir_ctx *c = *state;
    weir_model *m = trained_on_two(c);
    static double z[2 * N], x[2 * N];
    static const double weights[] = { 0, 1, 3 };
    double means[3];
    int64_t one = 1;
    for (int j = 0; j < 2 * N; j++) z[j] = weir__normal(6, 0, (uint64_t)j);
    for (int i = 0; i < 3; i++) {
        char text[64];
        weir_sample_opts o = weir_sample_defaults();
        snprintf(text, sizeof text, "heun steps=40 guidance=%g", weights[i]);
        o.solver = text;
        o.noise_f64 = z;
        o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &one, 1, SHAPE(1)));
        assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
        double miss = 0, mean = 0, expected = 0;
        for (int k = 0; k < N; k++) {
            double y[2] = { z[2 * k], z[2 * k + 1] };
            exact_sample(y, 1, weights[i]);
            miss += hypot(x[2 * k] - y[0], x[2 * k + 1] - y[1]) / N;
            mean += x[2 * k] / N;
            expected += y[0] / N;
        }
        if (!(miss < 0.25))
            fail_msg("guidance %g: %g away", weights[i], miss);
        printf("guidance %g: mean %.3f of %.3f, %.3f from where they must\n", weights[i], mean, expected, miss);
        means[i] = mean;
    }
    assert_near(means[1], A, 0.1);
    assert_true(fabs(means[0]) < 0.35 && means[2] > means[1] + 0.2); /* both classes; beyond its own */
    weir_model_free(m);
}

/* -- mistakes ---------------------------------------------------------------------------------------------------------- */
static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, conditioned), *plain = made(c, "dim=2 net.hidden=8 classes=3");
    double x[2 * DIM] = { 0 }, lp[2];
    assert_true(weir_condition_is_nil(weir_model_null_condition(plain, 2)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "condition.dropout above 0");
    assert_true(weir_condition_is_nil(weir_model_null_condition(m, -1)));
    assert_fails(c, WEIR_ERROR_RANGE, "0 or more");
    weir_sample_opts o = weir_sample_defaults();
    o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, SHAPE(3), 1, SHAPE(1)));
    weir_model_sample_into_f64(plain, 1, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "class 3 of sample 0: expected 0 to 2");
    o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, SHAPE(2), 1, SHAPE(1)));
    o.solver = "ddim guidance=2";
    weir_model_sample_into_f64(plain, 1, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "guidance=2: expected 1");
    o.solver = "ddim guidance=nan";
    weir_model_sample_into_f64(plain, 1, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "guidance");
    o.solver = NULL;
    o.condition = weir_condition_with(o.condition, "null", weir_from_i64(c, SHAPE(0), 1, SHAPE(1)));
    weir_model_sample_into_f64(plain, 1, &o, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition null: expected class");
    weir_condition *k = counted(c, 2);
    o.condition = weir_condition_with(k, "null", weir_from_i64(c, SHAPE(0, 2), 1, SHAPE(2)));
    weir_model_sample_into_f64(m, 2, &o, x);
    assert_fails(c, WEIR_ERROR_VALUE, "condition null: expected i64 [samples] of 0 and 1");
    o.condition = weir_condition_with(weir_condition_new(c), "null", weir_from_i64(c, SHAPE(1, 1), 1, SHAPE(2)));
    weir_model_sample_into_f64(m, 2, &o, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no condition class");
    weir_log_prob_opts s = weir_log_prob_defaults();
    s.condition = k;
    s.solver = "euler steps=4 guidance=2";
    weir_model_log_prob_into_f64(m, x, 2, &s, lp, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "guidance: expected 1 where a log-density");
    weir_model_free(weir_model_new(c, "nice", "dim=3 condition.dropout=0.5 classes=2 condition.dropout=1.5"));
    assert_fails(c, WEIR_ERROR_RANGE, "condition.dropout");
    weir_model_free(plain), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=4 classes=2 context=2 condition.dropout=0.5");
    float x[2 * DIM] = { 0 };
    weir_scope s = weir_scope_begin(c);
    weir_sample_opts o = weir_sample_defaults();
    o.condition = counted(c, 2);
    o.solver = "euler steps=2 guidance=2 guidance_rescale=0.5";
    weir_tensor *t = weir_from_f32(c, x, 2, SHAPE(2, DIM));
    if (weir_ok(c)) weir_backward(weir_sum(weir_model_loss(m, weir_batch_wrap(c, t, NULL, NULL, o.condition))));
    if (weir_ok(c)) weir_model_sample_into(m, 2, &o, x);
    o.condition = weir_ok(c) ? weir_model_null_condition(m, 2) : NULL;
    if (weir_ok(c)) weir_model_sample_into(m, 2, &o, x);
    weir_scope_end(s);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_dropped_by_id), CASE(test_dropped_anew), CASE(test_the_vector_learns), CASE(test_tables), CASE(test_kept_in_files),
          CASE(test_guided), CASE(test_guided_samples_land), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
