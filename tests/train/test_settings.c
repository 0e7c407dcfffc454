/* What a resumed run may be told, what a config and its data must agree on, and runs that have lost their checkpoint. */
#define _GNU_SOURCE
#include "killed.h"

static const char DATA[] = "toy:moons,n=400";
static char config[8192];

static int setup(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    NORMED(c, DATA, config, "train.steps=12", "batch=50", "valid_every=5", "checkpoint_every=5", "log_every=3", "optimizer=adam");
    remove_run("whole");
    weir_run *r = weir_run_open(c, "whole", config, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    return 0;
}

/* -- resuming ------------------------------------------------------------------------------------------------------------------------- */
static void an_option_of_the_same_name_is_another_option(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    static const char *const refused[] = { "steps", "epochs", "horizon" };
    for (int i = 0; i < 3; i++) {
        char given[64], expected[64];
        snprintf(given, sizeof given, "{\"model\": {\"%s\": 5}}", refused[i]);
        snprintf(expected, sizeof expected, "model.%s differs", refused[i]);
        weir_run_open(c, "whole", given, true);
        assert_fails(c, WEIR_ERROR_STATE, expected);
    }
    static const char *const welcome[] = { "{\"train\": {\"steps\": 99}}", "{\"train\": {\"epochs\": 3}}", "{\"schedule\": {\"horizon\": 7}}" };
    for (int i = 0; i < 3; i++) {
        weir_run_free(weir_run_open(c, "whole", welcome[i], true));
        assert_ok(c);
    }
    weir_close(c);
}

/* Steps of the run, and the horizon that its schedule keeps. */
static void assert_goes_to(weir_ctx *c, const char *folder, const char *given, int64_t step)
{
    weir_run *r = weir_run_open(c, folder, given, true);
    assert_ok(c);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    assert_int_equal(r->step, step);
    assert_int_equal(r->horizon, 12);
    weir_run_free(r);
}

static void the_stopping_point_may_be_another(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    remove_run("stop");
    weir_run *r = weir_run_open(c, "stop", config, false);
    weir_train_opts o = weir_train_defaults();
    o.steps = 4;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_run_free(r);
    assert_goes_to(c, "stop", "{\"train\": {\"steps\": 7}}", 7);
    assert_goes_to(c, "stop", "{\"schedule\": {\"horizon\": 9}}", 9);
    assert_goes_to(c, "stop", config, 12);
    assert_goes_to(c, "stop", NULL, 12);
    assert_goes_to(c, "stop", "{\"train\": {\"epochs\": 3}}", 18); /* 333 samples in batches of 50 */
    weir_close(c);
}

/* Whether metrics.jsonl has a line of that step which begins with that key. */
static bool has_line(const char *folder, const char *key, int64_t step)
{
    char line[80];
    size_t n;
    snprintf(line, sizeof line, "{\"step\": %lld, \"%s\"", (long long)step, key);
    char *text = read_whole(folder, "metrics.jsonl", &n);
    bool has = strstr(text, line);
    free(text);
    return has;
}

/* The end that a resume says is logged and validated like the horizon; where a call was halted on the way, or before the horizon, is not. */
static void a_lengthened_run_is_validated_at_its_end(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    const char *const folders[] = { "longer", "halted", "told" };
    for (int i = 0; i < 3; i++) {
        remove_run(folders[i]);
        weir_run *r = weir_run_open(c, folders[i], config, false);
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
        weir_run_free(r);
    }
    assert_goes_to(c, "longer", "{\"train\": {\"steps\": 17}}", 17);
    for (int64_t step = 12; step < 17; step++) { /* a clock that halts it after each step */
        weir_run *r = weir_run_open(c, "halted", "{\"train\": {\"steps\": 17}}", true);
        weir_train_opts o = weir_train_defaults();
        o.minutes = 1e-12;
        assert_int_equal(weir_run_train(r, &o), WEIR_OK);
        assert_int_equal(r->step, step + 1);
        weir_run_free(r);
    }
    weir_run *r = weir_run_open(c, "told", NULL, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = 17;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    static const struct { int64_t step; bool logged, validated; } at[] = {
        { 12, true, true }, { 14, false, false }, { 15, true, true }, { 16, false, false }, { 17, true, true },
    };
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        assert_int_equal(has_line("longer", "loss", at[k].step), at[k].logged);
        assert_int_equal(has_line("longer", "valid", at[k].step), at[k].validated);
    }
    assert_false(has_line("stop", "valid", 7)); /* cut short by a resume, and gone on with */
    same_run("longer", "halted");
    same_run("longer", "told");
}

static void open_settings_are_open_in_their_place_alone(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_run_free(weir_run_open(c, "whole", "{\"model\": {\"dim\": 0, \"shape\": []}, \"train\": {\"valid_every\": 0}}", true));
    assert_ok(c);
    weir_run_open(c, "whole", "{\"model\": {\"standardize\": true}}", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.standardize differs");
    weir_run_open(c, "whole", "{\"model\": {\"levels\": 5}}", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.levels differs");
    weir_close(c);
}

/* -- config and data ------------------------------------------------------------------------------------------------------------------- */
static void write_npy(weir_ctx *c, const char *path, int ndim, const int64_t *shape)
{
    static float x[240];
    for (int i = 0; i < 240; i++) x[i] = (float)weir__normal(3, (uint64_t)i, 0);
    weir__array a = { .dtype = WEIR_F32, .ndim = ndim, .data = x };
    memcpy(a.shape, shape, (size_t)ndim * sizeof *shape);
    assert_int_equal(weir__npy_write(c, path, &a), WEIR_OK);
}

/* Opens a new run of nice; its shape and whether it is standardized, or NULL with the error set. */
static weir_run *fresh(weir_ctx *c, const char *data, const char *model)
{
    char text[512];
    remove_run("fresh");
    snprintf(text, sizeof text, "{\"model\": {\"name\": \"nice\", \"hidden\": [4]%s}, \"optimizer\": \"adam\", \"data\": \"%s\", \"batch\": 10}", model, data);
    weir_run *r = weir_run_open(c, "fresh", text, false);
    return weir_ok(c) ? r : NULL;
}

static void assert_refused(weir_ctx *c, const char *data, const char *model, const char *a, const char *b)
{
    assert_null(fresh(c, data, model));
    if (!strstr(weir_message(c), a) || !strstr(weir_message(c), b)) fail_msg("\"%s\" lacks \"%s\" or \"%s\"", weir_message(c), a, b);
    weir_clear(c);
    assert_int_equal(access("fresh", F_OK), -1);
}

static void assert_shape(weir_ctx *c, const char *data, const char *model, int ndim, int64_t first)
{
    const int64_t *shape;
    weir_run *r = fresh(c, data, model);
    assert_ok(c);
    assert_int_equal(weir_model_shape(weir_run_model(r), &shape), ndim);
    assert_int_equal(shape[0], first);
    weir_run_free(r);
    r = weir_run_open(c, "fresh", NULL, true); /* what was settled is in its config */
    assert_ok(c);
    assert_int_equal(weir_model_shape(weir_run_model(r), NULL), ndim);
    weir_run_free(r);
}

static void shapes_agree_or_are_refused(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    write_npy(c, "image.npy", 3, SHAPE(60, 2, 2));
    write_npy(c, "flat.npy", 2, SHAPE(60, 4));
    assert_shape(c, "image.npy", "", 2, 2);
    assert_shape(c, "image.npy", ", \"shape\": [2, 2]", 2, 2);
    assert_shape(c, "flat.npy", "", 1, 4);
    assert_shape(c, "flat.npy", ", \"shape\": [1, 2, 2]", 3, 1); /* a row of 4 values seen as an image */
    assert_refused(c, "image.npy", ", \"shape\": [1, 2, 2]", "shape 2,2", "model.shape=1,2,2");
    assert_refused(c, "image.npy", ", \"shape\": [4]", "shape 2,2", "model.shape=4");
    assert_refused(c, "flat.npy", ", \"shape\": [3, 2]", "shape 4", "model.shape=3,2");
    weir_close(c);
}

static void assert_standardized(weir_ctx *c, const char *data, const char *model, bool expected)
{
    weir_run *r = fresh(c, data, model);
    assert_ok(c);
    assert_int_equal(weir_run_model(r)->mean != NULL, expected);
    weir_run_free(r);
    r = weir_run_open(c, "fresh", NULL, true);
    assert_ok(c);
    assert_int_equal(weir_run_model(r)->mean != NULL, expected);
    weir_run_free(r);
}

static void standardizing_agrees_or_is_refused(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    write_npy(c, "flat.npy", 2, SHAPE(60, 4));
    assert_standardized(c, "flat.npy", "", true); /* by the default preset */
    assert_standardized(c, "flat.npy,standardize=no", "", false);
    assert_standardized(c, "flat.npy", ", \"standardize\": false", false);
    assert_standardized(c, "flat.npy", ", \"standardize\": true", true);
    assert_standardized(c, "flat.npy,standardize=no", ", \"standardize\": false", false);
    assert_standardized(c, "flat.npy,standardize=yes", "", true);
    assert_standardized(c, "flat.npy,standardize=yes", ", \"standardize\": true", true);
    assert_refused(c, "flat.npy,standardize=yes", ", \"standardize\": false", "flat.npy,standardize=yes", "model.standardize=no");
    assert_refused(c, "flat.npy,standardize=no", ", \"standardize\": true", "flat.npy,standardize=no", "model.standardize=yes");
    assert_refused(c, "digits", ", \"levels\": 0", "17 levels", "model.levels=0");
    assert_refused(c, "digits", ", \"levels\": 16", "17 levels", "model.levels=16");
    weir_run *r = fresh(c, "flat.npy,standardize=yes", "");
    weir_run_free(r);
    weir_run_open(c, "fresh", "{\"standardize\": false}", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.standardize differs");
    weir_close(c);
}

/* A model whose row has no option of the name cannot keep what the data ask for. */
static void standardizing_what_cannot_be_is_refused(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    static const weir_option few[] = {
        { "dim", WEIR_OPTION_INT, offsetof(normed_opts, dim), "2", 0, 2, NULL, "values a sample" },
        { "fail_above", WEIR_OPTION_REAL, offsetof(normed_opts, fail_above), "1e30", -1e30, 1e30, NULL, "x1 of samples that fail" },
        { 0 },
    };
    weir_model_row row = normed_row;
    row.row.name = "model.few";
    row.row.options = few;
    weir_row_register(c, &row.row);
    remove_run("few");
    weir_run_open(c, "few", "{\"model\": \"few\", \"data\": \"toy:moons,n=60,standardize=yes\", \"optimizer\": \"adam\"}", false);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "standardize=yes");
    assert_int_equal(access("few", F_OK), -1);
    weir_close(c);
}

/* -- a checkpoint that is gone ------------------------------------------------------------------------------------------------------------ */
static void lose(const char *what)
{
    char command[300];
    remove_run("lost");
    snprintf(command, sizeof command, "cp -r whole lost && cd lost && rm -r %s", what);
    assert_int_equal(system(command), 0);
}

static void a_trained_run_without_checkpoint_is_refused(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    static const char *const gone[] = { "checkpoint", "checkpoint/state.safetensors", "checkpoint metrics.jsonl", "checkpoint model.safetensors" };
    for (int i = 0; i < 4; i++) {
        size_t n = 0, m = 0;
        lose(gone[i]);
        char *before = i < 3 ? read_whole("lost", "model.safetensors", &n) : NULL;
        for (int k = 0; k < 2; k++) { /* also the second time */
            weir_run_open(c, "lost", k ? config : NULL, true);
            assert_fails(c, WEIR_ERROR_STATE, "checkpoint/state.safetensors is missing");
        }
        char *after = i < 3 ? read_whole("lost", "model.safetensors", &m) : NULL;
        assert_int_equal(n, m);
        if (before) assert_memory_equal(before, after, n);
        free(before);
        free(after);
    }
    weir_model *m = weir_model_load(c, "lost"); /* what is there can be used: here nothing is */
    assert_int_equal(weir_model_dim(m), 0);
    weir_clear(c);
    lose("checkpoint");
    m = weir_model_load(c, "lost");
    assert_ok(c);
    weir_model_free(m);
    weir_close(c);
}

/* Killed before its first checkpoint, with lines in the log: it begins anew. */
static void a_run_that_got_nowhere_begins_anew(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    lose("checkpoint/state.safetensors model.safetensors");
    weir_run *r = weir_run_open(c, "lost", NULL, true);
    assert_ok(c);
    assert_int_equal(r->step, 0);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    same_run("whole", "lost");
}

int main(void)
{
    char folder[] = "/tmp/weir-settings-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    CASES(cmocka_unit_test(an_option_of_the_same_name_is_another_option), cmocka_unit_test(the_stopping_point_may_be_another),
          cmocka_unit_test(a_lengthened_run_is_validated_at_its_end),
          cmocka_unit_test(open_settings_are_open_in_their_place_alone), cmocka_unit_test(shapes_agree_or_are_refused),
          cmocka_unit_test(standardizing_agrees_or_is_refused), cmocka_unit_test(standardizing_what_cannot_be_is_refused),
          cmocka_unit_test(a_trained_run_without_checkpoint_is_refused), cmocka_unit_test(a_run_that_got_nowhere_begins_anew));
    int failed = cmocka_run_group_tests(cases, setup, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
