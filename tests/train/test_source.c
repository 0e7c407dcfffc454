/* Flow matching from a data set to another: what is drawn, shards, runs, resumes, samples, and what
 * is refused. */
#define _GNU_SOURCE
#include <unistd.h>
#include "killed.h"
#include "data/data.h"
#include "models/model_test.h"
#include "models/path_model.h"
#include "weir/continuous.h"
#include "weir/latent.h"

enum { N = 4000, DIM = 2 };
#define FROM "source=toy:8gaussians,n=500"
static const char SMALL[] = "model=flow-matching model.net.hidden=8,8 model.source=toy:8gaussians,n=300 "
                            "data=toy:moons,n=200 preset=auto train.steps=6 train.batch=32 "
                            "train.ema=0.9 train.shards=3";

static weir_model *made(weir_ctx *c, const char *more)
{
    char text[256];
    snprintf(text, sizeof text, "dim=2 net.hidden=8,8 dtype=f64 %s", more);
    return stirred_model(c, "flow-matching", text, 0.7);
}

/* n draws of the source of m for samples first .. first+n-1. */
static void drawn(weir_model *m, int64_t first, int64_t n, double *x)
{
    weir_ctx *c = weir_model_ctx(m);
    int64_t *ids = malloc((size_t)n * sizeof *ids);
    for (int64_t i = 0; i < n; i++) ids[i] = first + i;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir__frame_set(c, (weir__frame){ .stream = 5, .step = 3, .ids = ids, .n_ids = n });
    weir_copy_to_f64(weir__source_draw(m, n, NULL), x, n * DIM);
    weir_scope_end(s);
    free(ids);
    assert_ok(c);
}

/* A row of two that weigh 1 and 3, beside one of no weight; transformed as the data are. */
static void test_rows_by_weight(void **state)
{
    weir_ctx *c = *state;
    FILE *f = fopen("weighted.csv", "w");
    fputs("a,b,w\n1,2,1\n9,9,0\n3,4,3\n", f);
    fclose(f);
    weir_model *m = made(c, "source=weighted.csv,weight=w");
    weir_model_set_standardize(m, (const double[]){ 1, 0 }, (const double[]){ 2, 4 });
    static double x[N * DIM], part[7 * DIM];
    drawn(m, 0, N, x);
    int heavy = 0;
    for (int i = 0; i < N; i++) {
        bool three = x[i * DIM] == 1; /* (3 - 1) / 2 */
        assert_true(three || x[i * DIM] == 0);
        assert_true(x[i * DIM + 1] == (three ? 1 : 0.5));
        heavy += three;
    }
    assert_near(heavy / (double)N, 0.75, 4 * sqrt(0.75 * 0.25 / N));
    drawn(m, 100, 7, part); /* in other company */
    assert_memory_equal(part, x + 100 * DIM, sizeof part);
    weir_model_free(m);
}

/* Every row of 500 comes as often as any: chi-square of 499 degrees, within 5 deviations. */
static void test_rows_are_even(void **state)
{
    weir_ctx *c = *state;
    enum { ROWS = 500, DRAWS = 20000 };
    weir_model *m = made(c, FROM);
    weir_dataset *d = weir_dataset_open(c, "toy:8gaussians,n=500");
    double *x = malloc(sizeof(double) * DRAWS * DIM), chi = 0;
    drawn(m, 0, DRAWS, x);
    for (int r = 0; r < ROWS; r++) {
        int count = 0;
        double row = weir__store_value(d->store, r, 0);
        for (int i = 0; i < DRAWS; i++) count += x[i * DIM] == row;
        chi += pow(count - DRAWS / (double)ROWS, 2) / (DRAWS / (double)ROWS);
    }
    assert_near(chi, ROWS - 1, 5 * sqrt(2.0 / (ROWS - 1)));
    free(x);
    weir_dataset_free(d);
    weir_model_free(m);
}

/* With a network of zeros the loss is the mean square of source - data: of a source far away. */
static void test_loss(void **state)
{
    weir_ctx *c = *state;
    FILE *f = fopen("far.csv", "w");
    fputs("a,b\n1000,2000\n", f);
    fclose(f);
    static const char *const couplings[] = { "independent", "ot" };
    for (int i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "source=far.csv coupling=%s", couplings[i]);
        weir_model *m = made(c, text);
        stir(m, 0);
        weir_tensor *x = weir_full(c, WEIR_F64, 2, SHAPE(5, 2), 7);
        weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL));
        assert_ok(c);
        for (int k = 0; k < 5; k++)
            assert_near(weir_get(loss, SHAPE(k)), (993.0 * 993 + 1993.0 * 1993) / 2, 1e-12);
        weir_model_free(m);
    }
}

/* A sample begins at a row of the source; given that row, it is the same sample. */
static void test_samples(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, FROM);
    weir_model_set_standardize(m, (const double[]){ 1, 0 }, (const double[]){ 2, 4 });
    enum { K = 6 };
    double x[K * DIM], again[K * DIM], few[2 * DIM], states[3 * K * DIM];
    weir_sample_opts o = weir_sample_defaults();
    o.use_seed = true;
    o.seed = 4;
    o.solver = "heun";
    o.steps = 2;
    o.trajectory_f64 = states;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    assert_true(states[0] != states[2] && x[0] != x[2]);
    o.trajectory_f64 = NULL;
    weir_sample_start start = weir_sample_start_defaults();
    start.x = states; /* as stored */
    start.at_source = true;
    o.start = &start;
    o.batch = 4;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, again), WEIR_OK);
    for (int i = 0; i < K * DIM; i++) assert_near(again[i], x[i], 1e-12);
    o.start = NULL;
    assert_int_equal(weir_model_sample_into_f64(m, 2, &o, few), WEIR_OK);
    assert_memory_equal(few, x, sizeof few);
    weir_model_free(m);
}

/* -- runs -------------------------------------------------------------------------------------- */
static void values_of(weir_ctx *c, const char *folder, double *out, int64_t n)
{
    weir_model *m = weir_model_load(c, folder);
    assert_ok(c);
    weir_tensor *t = weir_module_state_at(weir_model_module(m), 0, NULL, NULL);
    for (int64_t j = 0; j < n; j++) out[j] = ((const float *)weir_data(t))[j];
    weir_model_free(m);
}

static void run_of(const char *folder, int threads, int64_t stop)
{
    weir_ctx *c = normed_open(threads);
    weir_train_opts o = weir_train_defaults();
    o.steps = stop;
    bool begun = access(folder, F_OK) == 0;
    weir_run *r = weir_run_open(c, folder, begun ? NULL : SMALL, begun);
    assert_ok(c);
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
}

/* The same bits by one thread, by two, and stopped and gone on with. */
static void test_runs(void **state)
{
    weir_ctx *c = *state;
    double a[16], b[16];
    remove_run("one");
    remove_run("two");
    remove_run("parts");
    run_of("one", 1, 0);
    run_of("two", 2, 0);
    run_of("parts", 1, 2);
    run_of("parts", 2, 0);
    values_of(c, "one", a, 16);
    values_of(c, "two", b, 16);
    assert_memory_equal(a, b, sizeof a);
    values_of(c, "parts", b, 16);
    assert_memory_equal(a, b, sizeof a);
    weir_run *r = weir_run_open(c, "one", NULL, true);
    assert_true(isnan(weir_run_best(r)) && weir_run_step(r) == 6); /* no density: none is the best */
    weir_run_free(r);
}

/* -- what cannot be had ------------------------------------------------------------------------ */
static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, FROM), *plain = made(c, "");
    double x[2 * DIM] = { 0 }, out[2 * DIM], t[2] = { 0.5, 0.5 };
    weir_sample_opts o = weir_sample_defaults();
    weir_predict_opts p = weir_predict_defaults();
    weir_sample_start start = weir_sample_start_defaults();
    weir_model_log_prob_into_f64(m, x, 2, NULL, out, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "n=500: a log-density: expected a model whose");
    o.temperature = 0.5;
    weir_model_sample_into_f64(m, 2, &o, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a temperature other than 1");
    o.temperature = 1;
    o.solver = "ddpm";
    weir_model_sample_into_f64(m, 2, &o, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "sampler.ddpm: expected");
    o.solver = "dpmpp_2m steps=4";
    assert_int_equal(weir_model_sample_into_f64(m, 2, &o, out), WEIR_OK);
    p.form = "score";
    weir_model_predict_into_f64(m, x, t, 2, &p, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a score");
    p.form = "x0";
    assert_int_equal(weir_model_predict_into_f64(m, x, t, 2, &p, out), WEIR_OK);
    p.add_noise = true;
    weir_model_predict_into_f64(m, x, t, 2, &p, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "noise that is added");
    o.start = &start;
    start.x = x;
    start.strength = 0.5;
    weir_model_sample_into_f64(m, 2, &o, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "samples begun at data with noise");
    start.at_source = true;
    weir_model_sample_into_f64(m, 2, &o, out);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected x, strength 1");
    start.strength = 1;
    weir_model_sample_into_f64(plain, 2, &o, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a flow-matching model that has one");
    assert_true(weir_model_is_nil(weir_model_convert(m, NULL, "trig", NULL)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model_convert");
    weir_model_free(m);
    weir_model_free(plain);
}

static void refused(weir_ctx *c, const char *options, weir_status status, const char *message)
{
    float x[2 * DIM];
    weir_model *m = weir_model_new(c, "flow-matching", options);
    if (weir_ok(c)) weir_model_sample_into(m, 2, NULL, x);
    assert_fails(c, status, message);
    weir_model_free(m);
}

static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    refused(c, "dim=2 path=vp " FROM, WEIR_ERROR_UNSUPPORTED, "path.vp: expected");
    refused(c, "dim=2 prediction=score " FROM, WEIR_ERROR_UNSUPPORTED, "prediction.score");
    refused(c, "dim=3 " FROM, WEIR_ERROR_SHAPE, "2 values a sample: expected 3");
    refused(c, "dim=2 levels=4 " FROM, WEIR_ERROR_RANGE, "levels=0: expected levels=4");
    refused(c, "dim=2 source=nowhere.npy", WEIR_ERROR_IO, "nowhere.npy");
    refused(c, "dim=2 source_fingerprint=0123 " FROM, WEIR_ERROR_STATE, "have changed since");
    refused(c, "dim=2 source=signed.csv,weight=w,weights=signed", WEIR_ERROR_IO, "signed.csv");
    FILE *f = fopen("signed.csv", "w");
    fputs("a,b,w\n1,2,1\n9,9,-0.5\n3,4,3\n", f);
    fclose(f);
    refused(c, "dim=2 source=signed.csv,weight=w,weights=signed", WEIR_ERROR_VALUE, "signed weights");
}

/* Where a run's source has changed it neither goes on nor is sampled; found from its folder. */
static void test_source_of_a_run(void **state)
{
    weir_ctx *c = *state;
    float x[2 * DIM];
    FILE *f = fopen("rows.csv", "w");
    fputs("a,b\n1,2\n3,4\n", f);
    fclose(f);
    remove_run("filed");
    weir_run *r = weir_run_open(c, "filed",
                                "model=flow-matching model.source=rows.csv data=toy:moons,n=60 "
                                "train.steps=1 train.batch=8",
                                false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    assert_int_equal(mkdir("elsewhere", 0777) != 0 && access("elsewhere", F_OK) != 0, 0);
    assert_int_equal(chdir("elsewhere"), 0);
    weir_model *m = weir_model_load(c, "../filed");
    assert_int_equal(weir_model_sample_into(m, 2, NULL, x), WEIR_OK);
    weir_model_free(m);
    assert_int_equal(chdir(".."), 0);
    f = fopen("rows.csv", "a");
    fputs("5,6\n", f);
    fclose(f);
    m = weir_model_load(c, "filed");
    weir_model_sample_into(m, 2, NULL, x);
    assert_fails(c, WEIR_ERROR_STATE, "rows.csv: the data have changed since training began");
    weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "flow-matching", "dim=2 net.hidden=4 " FROM);
    float out[3 * DIM];
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "euler";
    o.steps = 2;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(3, DIM));
    if (weir_ok(c)) weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL));
    if (weir_ok(c)) weir_model_sample_into(m, 3, &o, out);
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
    CASES(CASE(test_rows_by_weight), CASE(test_rows_are_even), CASE(test_loss), CASE(test_samples),
          CASE(test_runs), CASE(test_refusals), CASE(test_mistakes), CASE(test_source_of_a_run),
          CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
