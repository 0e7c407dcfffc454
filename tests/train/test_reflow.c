/* Rectified flows learned from others: straightness, pairs, runs. */
#define _GNU_SOURCE
#include "killed.h"
#include "models/model_test.h"
#include "models/path_model.h"
#include "weir/continuous.h"

enum { N = 300, DIM = 2, STEPS = 20 };
static const char SMALL[] = "model=rectified-flow model.net.hidden=8,8 data=toy:moons,n=200 preset=auto train.steps=6 "
                            "train.batch=32 train.valid_rows=10 train.ema=0.9 train.shards=3";

static weir_model *bent(weir_ctx *c)
{
    return stirred_model(c, "rectified-flow", "dim=2 net.hidden=8,8 dtype=f64", 0.7);
}

/* The definition, from states and what is said at them. */
static void test_straightness(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = bent(c);
    double x[N * DIM], *path = malloc((STEPS + 1) * sizeof x), u[N * DIM], t[N], total = 0, one = 0;
    weir_straightness_info info = { .size = sizeof info };
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "heun";
    o.steps = STEPS;
    o.use_seed = true;
    o.seed = 4;
    assert_int_equal(weir_model_straightness(m, N, &o, &info), WEIR_OK);
    o.trajectory_f64 = path;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
    const double *z = path, *x0 = path + STEPS * N * DIM;
    for (int k = 0; k <= STEPS; k++) {
        weir_predict_opts p = weir_predict_defaults();
        double width = (k == 0 || k == STEPS ? 0.5 : 1.0) / STEPS;
        p.form = "velocity";
        for (int i = 0; i < N; i++) t[i] = 1 - (double)k / STEPS;
        assert_int_equal(weir_model_predict_into_f64(m, path + k * N * DIM, t, N, &p, u), WEIR_OK);
        for (int i = 0; i < N * DIM; i++) {
            double miss = z[i] - x0[i] - u[i];
            total += width * miss * miss;
            if (k == 0) one += miss * miss;
        }
    }
    assert_near(info.value, total / N, 1e-10);
    assert_near(info.one_step, one / N, 1e-10);
    assert_true(info.n == N && info.value > 1e-4 && info.error > 0 && info.error < info.value);
    o.trajectory_f64 = NULL;
    weir_straightness_info again = { .size = sizeof again };
    o.batch = 7;
    assert_int_equal(weir_model_straightness(m, N, &o, &again), WEIR_OK);
    assert_memory_equal(&again, &info, sizeof info);
    free(path);
    weir_model_free(m);
}

/* What a step learns of a pair, by hand: with the velocity of the same network at time t of its own. */
static void test_pairs(void **state)
{
    weir_ctx *c = *state;
    remove_run("other");
    weir_run *r = weir_run_open(c, "other", SMALL, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8,8 standardize=yes reflow=other"), *plain;
    plain = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8,8 standardize=yes");
    float x[N * DIM];
    for (int i = 0; i < N * DIM; i++) x[i] = 1e6f; /* data are not looked at */
    weir_tensor *xt = weir_from_f32(c, x, 2, SHAPE(N, DIM));
    weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, xt, NULL, NULL, NULL));
    weir_tensor *wild = weir_model_loss(plain, weir_batch_wrap(c, xt, NULL, NULL, NULL));
    assert_ok(c);
    double mean = 0;
    for (int64_t i = 0; i < N; i++) mean += weir_get(loss, SHAPE(i)) / N;
    assert_true(mean > 0 && mean < 100);
    assert_true(weir_get(wild, SHAPE(0)) > 1e6);
    weir_model_free(plain);
    weir_model_free(m);
}

static void weights(weir_ctx *c, const char *folder, double *out, int64_t n)
{
    weir_model *m = weir_model_load(c, folder);
    assert_ok(c);
    weir_module *net = weir_model_module(m);
    int64_t at = 0;
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL);
        for (int64_t j = 0; j < weir_numel(t) && at < n; j++) weir__convert(WEIR_F64, out + at++, weir_dtype_of(t), (const char *)weir_data(t) + (size_t)j * weir_dtype_size(weir_dtype_of(t)), 1);
    }
    weir_model_free(m);
}

/* Begun at the other's weights; stopped and gone on with, it is what it would have been. */
static void test_run(void **state)
{
    weir_ctx *c = *state;
    double a[64] = { 0 }, b[64] = { 0 };
    const char *const folders[] = { "whole", "parts" };
    for (int i = 0; i < 2; i++) {
        remove_run(folders[i]);
        weir_run *r = weir_run_reflow(c, "other", folders[i], "train.steps=8");
        assert_ok(c);
        assert_true(weir_run_horizon(r) == 8 && weir_run_step(r) == 0);
        weir_module *net = weir_model_module(weir_run_model(r));
        weights(c, "other", a, 64);
        weir_tensor *first = weir_module_state_at(net, 0, NULL, NULL);
        for (int64_t j = 0; j < 8; j++) assert_true(((const float *)weir_data(first))[j] == (float)a[j]);
        weir_train_opts o = weir_train_defaults();
        o.steps = i == 0 ? 0 : 3;
        assert_int_equal(weir_run_train(r, &o), WEIR_OK);
        weir_run_free(r);
        if (i == 0) continue;
        r = weir_run_open(c, "parts", NULL, true); /* the folder alone suffices */
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
        assert_true(weir_run_step(r) == 8 && weir_run_best_step(r) == 8); /* the last, not the likeliest */
        weir_run_free(r);
    }
    weights(c, "other", a, 64);
    weights(c, "whole", b, 64);
    assert_true(memcmp(a, b, sizeof a) != 0);
    weights(c, "parts", a, 64);
    assert_memory_equal(a, b, sizeof a);
}

static void test_conditions(void **state)
{
    weir_ctx *c = *state;
    remove_run("classes"), remove_run("classes2");
    weir_run *r = weir_run_open(c, "classes", "model=rectified-flow model.net.hidden=8 model.classes=auto model.condition.dropout=0.3 data=digits,limit=60 train.steps=3 train.batch=20 train.valid_rows=4 model.log_prob.probes=1", false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    r = weir_run_reflow(c, "classes", "classes2", "train.steps=2");
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
}

static void trained(weir_ctx *c, const char *folder, const char *settings)
{
    weir_run *r = weir_run_open(c, folder, settings, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
}

/* From a model on another path: its network and data, in the terms of a rectified flow, begun anew. */
static void test_other_paths(void **state)
{
    weir_ctx *c = *state;
    static const char *const models[] = { "edm", "ddpm", "score-sde", "flow-matching" };
    for (int i = 0; i < 4; i++) {
        char set[400];
        remove_run("apart"), remove_run("apart2");
        snprintf(set, sizeof set, "model=%s model.net.hidden=8,8 data=toy:moons,n=90 train.steps=3 train.batch=16 train.valid_rows=3", models[i]);
        trained(c, "apart", set);
        weir_run *r = weir_run_reflow(c, "apart", "apart2", "train.steps=2");
        assert_ok(c);
        weir_model *m = weir_run_model(r), *from = weir_model_load(c, "apart");
        const weir__path_opts *o = m->options, *was = from->options;
        assert_ptr_equal(m->row, &weir__model_rectified_flow);
        assert_ptr_equal(o->path.row, &weir__path_fm);
        assert_ptr_equal(o->prediction.row, &weir__prediction_velocity);
        assert_true(o->label == WEIR__LABEL_TIME && o->input_scale == 0 && o->net.row == was->net.row);
        assert_memory_equal(weir__ptr(m->std), weir__ptr(from->std), 2 * sizeof(double));
        const float *a = weir__ptr(weir_module_state_at(weir_model_module(m), 0, NULL, NULL));
        const float *b = weir__ptr(weir_module_state_at(weir_model_module(from), 0, NULL, NULL));
        assert_true((memcmp(a, b, 8 * sizeof *a) == 0) == (i == 3)); /* flow-matching is on path fm */
        weir_model_free(from);
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
        weir_run_free(r);
    }
    weir_run_reflow(c, "apart", "no", "model.standardize=no");
    assert_fails(c, WEIR_ERROR_SHAPE, "weights of another network");
    remove_run("apart"), remove_run("apart3"), trained(c, "apart", "model=edm model.net.hidden=8 data=toy:moons,n=90 train.steps=2 train.valid_rows=3");
    weir_run_reflow(c, "apart", "no", "model.standardize=no");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "standardised by one of both");
    weir_run_free(weir_run_reflow(c, "apart", "apart3", "model.net.hidden=4")); /* begun anew, any will do */
    assert_ok(c);
}

/* Of a model that was converted, the network as it was. */
static void test_converted(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, "edm", "dim=2 net.hidden=8,8 dtype=f64", 0.7);
    weir_model *fm = weir_model_convert(m, "rectified-flow", "fm", "velocity");
    weir_straightness_info own = { .size = sizeof own }, converted = { .size = sizeof converted };
    weir_sample_opts o = weir_sample_defaults();
    o.use_seed = true, o.seed = 3;
    assert_int_equal(weir_model_straightness(m, 50, &o, &own), WEIR_OK);
    assert_int_equal(weir_model_straightness(fm, 50, &o, &converted), WEIR_OK);
    assert_true(own.value > 1e-3 && own.n == 50);
    assert_near(own.value, converted.value, 1e-12);
    assert_near(own.one_step, converted.one_step, 1e-12);
    weir_model_free(fm);
    weir_model_free(m);
}

static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *flow = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_straightness_info info = { .size = sizeof info };
    remove_run("no"), remove_run("nice");
    assert_true(weir_run_is_nil(weir_run_reflow(c, NULL, "no", NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "run_reflow: NULL");
    weir_run_reflow(c, "nowhere", "no", NULL);
    assert_fails(c, WEIR_ERROR_IO, "nowhere/config.json");
    weir_run_free(weir_run_open(c, "nice", "model=nice data=toy:moons,n=40 train.steps=2", false));
    weir_run_reflow(c, "nice", "no", NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "nice: nice: expected a continuous model");
    weir_run_reflow(c, "other", "no", "model.net.hidden=4");
    assert_fails(c, WEIR_ERROR_SHAPE, "weights of another network");
    weir_model_straightness(flow, 9, NULL, &info);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a continuous model");
    weir_model_free(flow);
    flow = bent(c);
    weir_model_straightness(flow, 0, NULL, &info);
    assert_fails(c, WEIR_ERROR_RANGE, "n=0");
    weir_model_free(flow);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8,8 standardize=yes reflow=other");
    weir_straightness_info info = { .size = sizeof info };
    weir_sample_opts o = weir_sample_defaults();
    o.steps = 2;
    if (weir_ok(c)) weir_model_straightness(m, 3, &o, &info);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(3, DIM));
    if (weir_ok(c)) weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL));
    weir_scope_end(s);
    weir_model_free(m);
    m = weir_model_new(c, "ddpm", "dim=2 net.hidden=4");
    if (weir_ok(c)) weir_model_straightness(m, 3, &o, &info);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_straightness), CASE(test_pairs), CASE(test_run), CASE(test_conditions), CASE(test_other_paths), CASE(test_converted), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
