/* Runs of models that are conditioned on classes or on a context: what the data settle, what is
 * wrong, and what conditioning gains. */
#define _GNU_SOURCE
#include "killed.h"

#define SMALL "optimizer=adam lr=3e-3 batch=60 couplings=2 hidden=24 init=pytorch"

static weir_run *opened(weir_ctx *c, const char *folder, const char *config)
{
    remove_run(folder);
    weir_run *r = weir_run_open(c, folder, config, false);
    if (!weir_ok(c)) fail_msg("%s: %s", config, weir_message(c));
    return r;
}

static weir_run *trained(weir_ctx *c, const char *folder, const char *config)
{
    weir_run *r = opened(c, folder, config);
    if (weir_run_train(r, NULL) != WEIR_OK) fail_msg("%s: %s", config, weir_message(c));
    return r;
}

static void refused(weir_ctx *c, const char *config, weir_status status, const char *message)
{
    remove_run("refused");
    weir_run *r = weir_run_open(c, "refused", config, false);
    assert_true(weir_model_dim(weir_run_model(r)) == 0);
    assert_fails(c, status, message);
    struct stat st;
    assert_int_equal(stat("refused", &st), -1);
}

static double wave(int i, int j) { return weir__normal(5, (uint64_t)i, (uint64_t)j); }

/* x = (h, 2 h) + noise of 0.1, h = (a - 1e6) / 100: all of it hangs on a. b never changes. */
static void write_waves(const char *path, const char *kinds)
{
    FILE *f = fopen(path, "w");
    fputs(kinds ? "x,y,a,b,kind\n" : "x,y,a,b\n", f);
    for (int i = 0; i < 360; i++) {
        double h = wave(i, 0);
        fprintf(f, "%.9g,%.9g,%.12g,7", h + 0.1 * wave(i, 1), 2 * h + 0.1 * wave(i, 2), 1e6 + 100 * h);
        if (kinds) fprintf(f, ",%c", kinds[(size_t)i % strlen(kinds)]);
        fputc('\n', f);
    }
    fclose(f);
}

/* -- what the data settle ---------------------------------------------------------------------- */
static int64_t setting(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/config.json", folder);
    json_t *o = json_load_file(path, 0, NULL);
    json_t *v = json_object_get(json_object_get(o, "model"), name);
    int64_t value = json_is_integer(v) ? json_integer_value(v) : -99;
    json_decref(o);
    return value;
}

static void the_data_settle_it(void **state)
{
    weir_ctx *c = *state;
    write_waves("waves.csv", "cab");
    weir_run *r = trained(c, "settled", "model=nice data=\"waves.csv,label=kind,condition=3-4\" classes=auto steps=3 " SMALL);
    assert_int_equal(setting("settled", "classes"), 3);
    assert_int_equal(setting("settled", "context"), 2); /* nobody said it */
    weir_run_free(r);
    weir_model *m = weir_model_load(c, "settled");
    assert_ok(c);
    assert_int_equal(weir_model_class(m, "c"), 2);
    assert_string_equal(weir_model_name(m, WEIR_NAMES_CONTEXT, 0), "a");
    assert_string_equal(weir_model_name(m, WEIR_NAMES_COLUMN, 1), "y");
    const double *mean = weir_data(m->context_mean), *std = weir_data(m->context_std);
    double expected[2], deviation[2];
    weir_dataset *d = weir_dataset_open(c, "waves.csv,label=kind,condition=3-4,split=train");
    weir_dataset_context_statistics(d, expected, deviation);
    assert_true(mean[0] == expected[0] && std[0] == deviation[0] && mean[1] == 7 && std[1] == 1);
    weir_dataset_free(d), weir_model_free(m);
    r = opened(c, "settled", "model=rectified-flow data=\"waves.csv,label=kind,condition=a\" context=auto classes=5 net.hidden=8 steps=1");
    assert_int_equal(setting("settled", "classes"), 5);
    assert_int_equal(setting("settled", "context"), 1);
    assert_string_equal(weir_model_name(weir_run_model(r), WEIR_NAMES_CLASS, 2), "c"); /* of as many as there are */
    weir_run_free(r);
    r = opened(c, "settled", "model=nice data=digits hidden=8");
    assert_int_equal(setting("settled", "classes"), 0);
    assert_int_equal(setting("settled", "context"), 0);
    weir_run_free(r);
    r = opened(c, "settled", "model=nice data=\"waves.csv,label=kind,condition=a\" context=0 hidden=8"); /* said: none */
    assert_int_equal(setting("settled", "context"), 0);
    assert_null(weir_model_wants(weir_run_model(r), 0));
    weir_run_free(r);
}

static void mistakes(void **state)
{
    weir_ctx *c = *state;
    write_waves("waves.csv", "cab");
    refused(c, "model=nice data=toy:moons classes=auto", WEIR_ERROR_RANGE, "toy:moons: no classes: expected data that have them (label= or labels=)");
    refused(c, "model=nice data=toy:moons classes=3", WEIR_ERROR_RANGE, "toy:moons: no classes");
    refused(c, "model=nice data=toy:moons context=auto", WEIR_ERROR_RANGE, "toy:moons: no context: expected data that have one (condition= or conditions=)");
    refused(c, "model=nice data=toy:moons context=2", WEIR_ERROR_RANGE, "toy:moons: no context");
    refused(c, "model=nice data=\"waves.csv,label=kind,condition=3-4\" context=3", WEIR_ERROR_RANGE, "a context of 2 values: expected model.context=3");
    refused(c, "model=nice data=\"waves.csv,label=kind\" classes=2", WEIR_ERROR_RANGE, "class 2 (c): expected 0 to 1, of model.classes=2");
    refused(c, "model=nice data=digits classes=9", WEIR_ERROR_RANGE, "class 9: expected 0 to 8");
    FILE *f = fopen("odd.csv", "w");
    fputs("1,2,3\n1,nan,4\n2,3,2000000\n2,1,4\n", f);
    fclose(f);
    refused(c, "model=nice data=odd.csv,condition=2,valid=0 context=auto", WEIR_ERROR_VALUE, "odd.csv: sample 1, condition 1: expected a finite number, found nan");
    refused(c, "model=nice data=odd.csv,label=3,weight=1,valid=0 classes=auto", WEIR_ERROR_RANGE, "2000001 classes: expected at most 1048576");
    weir_run *r = opened(c, "odd", "model=nice data=odd.csv,condition=2,valid=0 context=0"); /* dropped: nobody looks at it */
    weir_run_free(r);
}

/* -- going on ---------------------------------------------------------------------------------- */
static void a_resumed_run_is_the_whole_one(void **state)
{
    weir_ctx *c = *state;
    static const char config[] = "model=nice data=\"waves.csv,label=kind,condition=3-4\" classes=auto context=auto base=diagonal steps=20 condition.dropout=0.3 "
                                 "valid_every=4 checkpoint_every=7 ema=0.9 shards=2 " SMALL;
    write_waves("waves.csv", "cab");
    weir_run_free(trained(c, "whole", config));
    remove_run("parts");
    for (int64_t stop = 9; stop <= 20; stop += 11) {
        weir_train_opts o = weir_train_defaults();
        o.steps = stop;
        weir_run *r = weir_run_open(c, "parts", config, true); /* "auto" is what it began with */
        assert_ok(c);
        assert_int_equal(weir_run_train(r, &o), WEIR_OK);
        weir_run_free(r);
    }
    same_run("whole", "parts");
    weir_run_open(c, "parts", "classes=4", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.classes differs");
    weir_run_open(c, "parts", "context=0", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.context differs");
    write_waves("waves.csv", "bac");
    weir_run_open(c, "parts", NULL, true);
    assert_fails(c, WEIR_ERROR_STATE, "the data have changed");
}

/* Shards, and one thread that runs them as one batch, see each its samples' conditions. */
static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char config[] = "model=nice data=\"waves.csv,label=kind,condition=3-4\" classes=auto base=diagonal steps=6 shards=3 condition.dropout=0.3 " SMALL;
    write_waves("waves.csv", "cab");
    for (int threads = 1; threads <= 3; threads += 2) {
        weir_ctx *c = normed_open(threads);
        weir_run_free(trained(c, threads == 1 ? "one" : "three", config));
        weir_close(c);
    }
    same_run("one", "three");
}

/* -- what it gains ----------------------------------------------------------------------------- */
static void a_context_tells(void **state)
{
    weir_ctx *c = *state;
    write_waves("waves.csv", NULL);
    weir_run *with = trained(c, "with", "preset=released model=nice data=waves.csv,condition=a base=diagonal steps=250 " SMALL),
             *without = trained(c, "without", "preset=released model=nice data=waves.csv,condition=a context=0 base=diagonal steps=250 " SMALL);
    if (!(with->best_valid > without->best_valid + 0.5)) fail_msg("%g with, %g without", with->best_valid, without->best_valid);
    weir_run_free(with), weir_run_free(without);
}

/* log p(x | class) of the first `n` test digits [n, 10]. */
static void class_scores(weir_model *m, int64_t n, double *out)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    weir_dataset *d = weir_dataset_open(c, "digits,split=test");
    weir_tensor *x = weir_contiguous(weir_batch_x(weir_dataset_batch(d, 0, n)));
    double *lp = malloc((size_t)n * sizeof *lp);
    for (int64_t k = 0; k < 10; k++) {
        weir_log_prob_opts o = weir_log_prob_defaults();
        o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &k, 1, SHAPE(1)));
        assert_int_equal(weir_model_log_prob_into(m, weir_data(x), n, &o, lp, NULL), WEIR_OK);
        for (int64_t i = 0; i < n; i++) out[i * 10 + k] = lp[i];
    }
    free(lp);
    weir_dataset_free(d);
    weir_scope_end(s);
}

/* How many of them Bayes' rule with equal priors puts into their class. */
static int64_t put_right(weir_model *m, int64_t n)
{
    double *scores = malloc((size_t)n * 10 * sizeof *scores);
    weir_dataset *d = weir_dataset_open(weir_model_ctx(m), "digits,split=test");
    int64_t right = 0;
    class_scores(m, n, scores);
    for (int64_t i = 0; i < n; i++) {
        int64_t best = 0;
        for (int64_t k = 1; k < 10; k++)
            if (scores[i * 10 + k] > scores[i * 10 + best]) best = k;
        right += best == weir_dataset_label(d, i);
    }
    free(scores);
    weir_dataset_free(d);
    return right;
}

static void classes_tell(void **state)
{
    enum { DIGITS = 200 };
    weir_ctx *c = *state;
    weir_run *with = trained(c, "with", "model=nice data=digits base=diagonal classes=auto steps=200 " SMALL " lr=1e-2"),
             *without = trained(c, "without", "model=nice data=digits base=diagonal steps=200 " SMALL " lr=1e-2");
    if (!(with->best_valid > without->best_valid + 4)) fail_msg("%g with, %g without", with->best_valid, without->best_valid);
    int64_t right = put_right(weir_run_model(with), DIGITS);
    if (right < DIGITS / 2) fail_msg("%lld of %d right", (long long)right, DIGITS);
    print_message("held-out nats %.2f with classes, %.2f without; %lld of %d digits right by Bayes' rule\n", with->best_valid, without->best_valid,
                  (long long)right, DIGITS);
    weir_run_free(with), weir_run_free(without);
}

/* -- scored under the data's conditions, else a request's --------------------------------------- */
enum { ROWS = 30 };

static weir_dataset *bare(weir_ctx *c)
{
    float x[ROWS * 2];
    for (int i = 0; i < ROWS * 2; i++) x[i] = (float)wave(i, 9);
    return weir_dataset_from_f32(c, x, ROWS, 2);
}

static void three_classes(int64_t *out)
{
    for (int64_t i = 0; i < ROWS; i++) out[i] = i * 7 % 3;
}

static weir_condition *of_class(weir_ctx *c, int64_t n, const int64_t *classes)
{
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, &n));
}

/* By twice the steps too, whose samples lie anywhere. */
static void a_request_says_what_data_do_not(void **state)
{
    weir_ctx *c = *state;
    int64_t classes[ROWS];
    double by_data[ROWS], by_request[ROWS];
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 classes=3 net.hidden=8");
    weir_dataset *d = bare(c), *labelled = bare(c);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info first = { .size = sizeof first }, second = first;
    three_classes(classes);
    weir_dataset_set_labels(labelled, classes);
    how.solver = "euler steps=3";
    how.batch = 7;
    o.doubled = 11;
    o.log_prob = by_data;
    assert_int_equal(weir_data_log_prob(m, labelled, &o, &first), WEIR_OK);
    o.log_prob = by_request;
    how.condition = of_class(c, ROWS, classes);
    assert_int_equal(weir_data_log_prob(m, d, &o, &second), WEIR_OK);
    assert_memory_equal(by_data, by_request, sizeof by_data);
    assert_true(first.n_doubled == 11 && first.step_error == second.step_error && first.nats == second.nats);
    how.condition = of_class(c, 3, SHAPE(2, 0, 1)); /* ten rows of each, blockwise */
    assert_int_equal(weir_data_log_prob(m, d, &o, &second), WEIR_OK);
    for (int64_t i = 0; i < ROWS; i++) classes[i] = i / 10 == 0 ? 2 : i / 10 - 1;
    weir_dataset_set_labels(labelled, classes);
    how.condition = NULL;
    o.log_prob = by_data;
    assert_int_equal(weir_data_log_prob(m, labelled, &o, &first), WEIR_OK);
    assert_memory_equal(by_data, by_request, sizeof by_data);
    weir_dataset_free(d), weir_dataset_free(labelled), weir_model_free(m);
}

static void scoring_mistakes(void **state)
{
    weir_ctx *c = *state;
    int64_t classes[ROWS];
    weir_model *m = weir_model_new(c, "nice", "dim=2 classes=3 hidden=8"), *plain = weir_model_new(c, "nice", "dim=2 hidden=8");
    weir_dataset *d = bare(c), *labelled = bare(c);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    three_classes(classes);
    weir_dataset_set_labels(labelled, classes);
    assert_int_equal(weir_data_log_prob(m, d, NULL, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "data_log_prob: no condition class: expected array to have it, or the options");
    how.condition = of_class(c, 1, SHAPE(1));
    assert_int_equal(weir_data_log_prob(m, labelled, &o, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition class: expected none, array has one of every sample");
    assert_int_equal(weir_data_log_prob(plain, d, &o, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition class: expected none, model.nice was made without it");
    how.condition = of_class(c, 4, SHAPE(1, 1, 1, 1));
    assert_int_equal(weir_data_log_prob(m, d, &o, NULL), WEIR_ERROR_SHAPE);
    assert_fails(c, WEIR_ERROR_SHAPE, "data_log_prob: condition of 4 samples: expected a number that divides the 30");
    how.condition = of_class(c, 1, SHAPE(3));
    assert_int_equal(weir_data_log_prob(m, d, &o, NULL), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "class 3 of sample 0: expected 0 to 2");
    how.condition = NULL; /* what data offer and nobody wants is dropped */
    assert_int_equal(weir_data_log_prob(plain, labelled, &o, NULL), WEIR_OK);
    weir_dataset_free(d), weir_dataset_free(labelled), weir_model_free(m), weir_model_free(plain);
}

static void score_everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=2 classes=3 context=1 couplings=1 hidden=4");
    weir_dataset *d = bare(c);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    double context[ROWS] = { 0 };
    weir_dataset_set_context(d, context, 1);
    weir_scope s = weir_scope_begin(c);
    how.condition = of_class(c, 1, SHAPE(1));
    if (weir_ok(c) && weir_data_log_prob(m, d, &o, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_scope_end(s);
    weir_dataset_free(d), weir_model_free(m);
}

static void no_memory(void **state)
{
    (void)state;
    test_every_allocation(score_everything);
}

int main(void)
{
    CASES(CASE(the_data_settle_it), CASE(mistakes), CASE(a_resumed_run_is_the_whole_one), CASE(threads_change_no_bit), CASE(a_context_tells),
          CASE(classes_tell), CASE(a_request_says_what_data_do_not), CASE(scoring_mistakes), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
