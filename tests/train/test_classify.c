/* Bayes' rule, against the same in closed form; the shares of classes and quantiles of training data; what lies between rows. */
#define _GNU_SOURCE
#include "killed.h"
#include "weir/classify.h"
#include "weir/latent.h"

enum { ROWS = 40, K = 3 };

/* x of class k is N(2 k, 1) beside a column that says nothing. */
static void write_rows(const char *path, bool labels)
{
    FILE *f = fopen(path, "w");
    fputs(labels ? "x,y,kind\n" : "x,y\n", f);
    for (int i = 0; i < ROWS; i++) {
        int k = i % 4 == 3 ? 0 : i % 4; /* class a twice as often */
        fprintf(f, "%.9g,%.9g", 2 * k + weir__normal(4, (uint64_t)i, 0), weir__normal(4, (uint64_t)i, 1));
        fprintf(f, labels ? ",%c\n" : "\n", 'a' + k);
    }
    fclose(f);
}

/* p(x | k) = N(x_0; 2 k, 1) N(x_1; 0, 1) */
static weir_model *known_model(weir_ctx *c)
{
    static const char *const names[] = { "a", "b", "c" };
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=0 scale=no base=diagonal classes=3 dtype=f64");
    weir_module_seal(weir_model_module(m));
    weir_tensor *mean = weir_module_state_find(weir_model_module(m), "base.mean");
    double *v = weir_data_mut(mean);
    for (int k = 0; k < K; k++) v[2 * k] = 2 * k; /* tile keeps two columns in their order */
    weir_model_set_names(m, WEIR_NAMES_CLASS, K, names);
    weir_module_train(weir_model_module(m), false);
    assert_ok(c);
    return m;
}

static void bayes(double x, const double *prior, double *p)
{
    double sum = 0;
    for (int k = 0; k < K; k++) sum += p[k] = prior[k] * exp(-0.5 * (x - 2 * k) * (x - 2 * k));
    for (int k = 0; k < K; k++) p[k] /= sum;
}

static void test_bayes_rule(void **state)
{
    weir_ctx *c = *state;
    write_rows("rows.csv", true);
    weir_model *m = known_model(c);
    weir_dataset *d = weir_dataset_open(c, "rows.csv,label=kind");
    assert_ok(c);
    double prior[K], posterior[ROWS * K], right = 0, loss = 0, p[K];
    int64_t confusion[K * K], expected[K * K] = { 0 };
    assert_int_equal(weir_data_class_prior(m, d, prior), WEIR_OK);
    assert_near(prior[0], 0.5, 1e-15), assert_near(prior[1], 0.25, 1e-15), assert_near(prior[2], 0.25, 1e-15);
    double bins[5][3] = { { 0 } }, error = 0;
    weir_classify_opts o = weir_classify_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_classify_info info = { .size = sizeof info };
    o.prior = prior, o.posterior = posterior, o.confusion = confusion, o.bins = 5, o.how = &how, how.batch = 7;
    assert_int_equal(weir_data_classify(m, d, &o, &info), WEIR_OK);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_batch_x(weir_dataset_batch(d, 0, ROWS));
    for (int64_t i = 0; i < ROWS; i++) {
        int64_t label = weir_dataset_label(d, i), best = 0;
        bayes(weir_get(x, SHAPE(i, 0)), prior, p);
        for (int k = 0; k < K; k++) {
            assert_near(posterior[i * K + k], p[k], 1e-6);
            if (p[k] > p[best]) best = k;
        }
        int bin = (int)fmin(p[best] * 5, 4);
        bins[bin][0] += best == label, bins[bin][1] += p[best];
        right += (double)(best == label) / ROWS;
        loss -= log(p[label]) / ROWS;
        expected[label * K + best]++;
    }
    weir_scope_end(s);
    for (int b = 0; b < 5; b++) error += fabs(bins[b][0] - bins[b][1]) / ROWS;
    assert_near(info.accuracy, right, 1e-12);
    assert_near(info.log_loss, loss, 1e-6);
    assert_near(info.calibration, error, 1e-6);
    assert_memory_equal(confusion, expected, sizeof expected);
    assert_int_equal(info.n, ROWS), assert_int_equal(info.n_known, ROWS), assert_int_equal(info.n_failed, 0);
    assert_true(right > 0.6 && right < 1 && info.accuracy_stderr > 0);
    double again[ROWS * K];
    o.posterior = again, how.batch = 0, o.prior = (const double[]){ 2, 1, 1 }; /* of any sum */
    assert_int_equal(weir_data_classify(m, d, &o, NULL), WEIR_OK);
    for (int i = 0; i < ROWS * K; i++) assert_near(again[i], posterior[i], 1e-14);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void test_without_classes(void **state)
{
    weir_ctx *c = *state;
    write_rows("rows.csv", true), write_rows("bare.csv", false);
    weir_model *m = known_model(c);
    weir_dataset *d = weir_dataset_open(c, "rows.csv,label=kind"), *bare = weir_dataset_open(c, "bare.csv");
    double p[ROWS * K], q[ROWS * K];
    weir_classify_opts o = weir_classify_defaults();
    weir_classify_info info = { .size = sizeof info };
    o.posterior = p;
    assert_int_equal(weir_data_classify(m, d, &o, NULL), WEIR_OK);
    o.posterior = q;
    assert_int_equal(weir_data_classify(m, bare, &o, &info), WEIR_OK);
    assert_memory_equal(p, q, sizeof p);
    assert_true(isnan(info.accuracy) && isnan(info.calibration) && info.n_known == 0 && info.n == ROWS);
    weir_dataset_free(bare), weir_dataset_free(d);
    weir_model_free(m);
}

static void test_quantiles(void **state)
{
    weir_ctx *c = *state;
    write_rows("rows.csv", true);
    weir_model *m = known_model(c);
    weir_dataset *d = weir_dataset_open(c, "rows.csv,label=kind");
    double lp[ROWS], least = INFINITY, most = -INFINITY, v;
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    o.log_prob = lp;
    assert_int_equal(weir_data_log_prob(m, d, &o, NULL), WEIR_OK);
    for (int i = 0; i < ROWS; i++) least = fmin(least, lp[i]), most = fmax(most, lp[i]);
    assert_int_equal(weir_data_log_prob_quantile(m, d, 0, 0, NULL, &v), WEIR_OK);
    assert_true(v == least);
    assert_int_equal(weir_data_log_prob_quantile(m, d, 1, 0, NULL, &v), WEIR_OK);
    assert_true(v == most);
    int below = 0;
    assert_int_equal(weir_data_log_prob_quantile(m, d, 0.25, 0, NULL, &v), WEIR_OK);
    for (int i = 0; i < ROWS; i++) below += lp[i] < v;
    assert_int_equal(below, 10); /* (40 - 1) / 4 is between the tenth and the eleventh */
    weir_dataset_free(d);
    weir_model_free(m);
}

/* The ends are the rows themselves; a line's middle has the mean noise; a class's direction leads to it. */
static void test_between(void **state)
{
    weir_ctx *c = *state;
    write_rows("rows.csv", true);
    weir_model *m = known_model(c);
    weir_dataset *d = weir_dataset_open(c, "rows.csv,label=kind");
    double x[5 * 2], rows[2 * 2];
    weir_scope s = weir_scope_begin(c);
    weir_tensor *t = weir_batch_x(weir_dataset_batch(d, 0, ROWS));
    for (int64_t j = 0; j < 2; j++) rows[j] = weir_get(t, SHAPE(3, j)), rows[2 + j] = weir_get(t, SHAPE(6, j));
    weir_scope_end(s);
    weir_interpolate_opts o = weir_interpolate_defaults();
    o.from = 3, o.to = 6, o.steps = 5;
    assert_int_equal(weir_data_interpolate(m, d, &o, x), WEIR_OK);
    for (int j = 0; j < 2; j++) {
        assert_near(x[j], rows[j], 1e-6), assert_near(x[8 + j], rows[2 + j], 1e-6);
        assert_near(x[4 + j], (rows[j] + rows[2 + j]) / 2, 1e-6); /* this model's noise is its data */
    }
    o.arc = true;
    assert_int_equal(weir_data_interpolate(m, d, &o, x), WEIR_OK);
    for (int j = 0; j < 2; j++) assert_near(x[j], rows[j], 1e-6), assert_near(x[8 + j], rows[2 + j], 1e-6);
    double middle = hypot(x[4], x[5]), mean = (hypot(rows[0], rows[1]) + hypot(rows[2], rows[3])) / 2;
    assert_near(middle, mean, 1e-5);
    o = weir_interpolate_defaults();
    o.attribute = "c", o.steps = 3, o.reach = 2;
    assert_int_equal(weir_data_interpolate(m, d, &o, x), WEIR_OK);
    assert_true(x[4] > x[2] + 2 && x[2] > x[0] + 2); /* class c has the largest x */
    o.attribute = "d";
    weir_data_interpolate(m, d, &o, x);
    assert_fails(c, WEIR_ERROR_NAME, "attribute d: expected a class of the 3");
    o.attribute = NULL, o.from = ROWS;
    weir_data_interpolate(m, d, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "expected 0 to 39");
    weir_cycle_info r = { .size = sizeof r };
    double z[ROWS * 2];
    assert_int_equal(weir_data_encode(m, d, NULL, z), WEIR_OK);
    assert_int_equal(weir_data_cycle(m, d, NULL, z, &r), WEIR_OK);
    assert_true(r.n == ROWS && r.n_not_finite == 0 && r.largest < 1e-6 && r.rms <= r.largest);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    write_rows("rows.csv", true);
    weir_model *m = known_model(c), *plain = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_dataset *d = weir_dataset_open(c, "rows.csv,label=kind");
    weir_classify_opts o = weir_classify_defaults();
    double prior[K];
    assert_int_equal(weir_data_classify(plain, d, NULL, NULL), WEIR_ERROR_UNSUPPORTED);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a model made with classes");
    o.prior = (const double[]){ 0, 0, 0 };
    assert_int_equal(weir_data_classify(m, d, &o, NULL), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "data_classify: prior");
    assert_int_equal(weir_data_class_prior(plain, d, prior), WEIR_ERROR_UNSUPPORTED);
    weir_clear(c);
    weir_dataset *bare = weir_dataset_open(c, "toy:moons,n=5");
    weir_data_class_prior(m, bare, prior);
    assert_fails(c, WEIR_ERROR_VALUE, "no sample of a known class");
    assert_true(weir_dataset_is_nil(weir_run_data(c, "gone", "train")));
    weir_clear(c);
    assert_int_equal(weir_data_classify(m, NULL, NULL, NULL), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_dataset_free(bare), weir_dataset_free(d);
    weir_model_free(plain), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=0 scale=no base=diagonal classes=3");
    weir_dataset *d = weir_dataset_open(c, "few.csv,label=kind");
    double v, x[16], z[80];
    weir_interpolate_opts o = weir_interpolate_defaults();
    o.steps = 2;
    if (weir_ok(c) && weir_data_classify(m, d, NULL, NULL) != WEIR_OK) assert_false(weir_ok(c));
    if (weir_ok(c)) weir_data_log_prob_quantile(m, d, 0.5, 3, NULL, &v);
    if (weir_ok(c)) weir_data_encode(m, d, NULL, z);
    if (weir_ok(c)) weir_data_interpolate(m, d, &o, x);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    FILE *f = fopen("few.csv", "w");
    fputs("x,y,kind\n1,2,0\n2,1,1\n0,3,2\n1,1,0\n", f);
    fclose(f);
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_bayes_rule), CASE(test_without_classes), CASE(test_quantiles), CASE(test_between), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
