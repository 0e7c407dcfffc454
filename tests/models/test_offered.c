/* What data offer and a model wants, or does not: dropped with one line, standardised, known by
 * name; kept by files and shares. */
#define _GNU_SOURCE /* memmem */
#include "data/data.h"
#include "models/model_test.h"

enum { N = 6, DIM = 2, K = 2 };
static const float values[N * DIM] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
static const double contexts[N * K] = { 1e9, 5, 1e9 + 1, 5, 1e9 + 2, 5, 1e9 + 3, 5, 1e9 + 4, 5, 1e9 + 5, 5 };
static const char *const kinds[] = { "rose", "daisy", "oak" };

static weir_dataset *flowers(weir_ctx *c)
{
    weir_dataset *d = weir_dataset_from_f32(c, values, N, DIM);
    weir_dataset_set_labels(d, SHAPE(0, 1, 2, 2, 1, 0));
    weir_dataset_set_context(d, contexts, K);
    weir_dataset_set_names(d, WEIR_NAMES_CLASS, 3, kinds);
    return d;
}

/* -- what is not wanted ------------------------------------------------------------------------ */
typedef struct lines {
    int n;
    char last[300];
} lines;

static void take_line(void *user, const char *line)
{
    lines *l = user;
    l->n++;
    snprintf(l->last, sizeof l->last, "%s", line);
}

static weir_ctx *open_listening(lines *l)
{
    weir_open_opts o = weir_open_defaults();
    *l = (lines){ 0 };
    o.log = take_line;
    o.log_user = l;
    return weir_open_with(&o);
}

static double loss_of(weir_model *m, weir_batch *b)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    double v = weir_item(weir_sum(weir_model_loss(m, b)));
    weir_scope_end(s);
    return v;
}

static void is_dropped_with_a_line(void **state)
{
    (void)state;
    lines l;
    weir_ctx *c = open_listening(&l);
    weir_dataset *d = flowers(c);
    weir_model *m = stirred(c, "dim=2 couplings=1 hidden=4", 0.5),
               *classes = stirred(c, "dim=2 couplings=1 hidden=4 classes=3", 0.5);
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, N), *bare = weir_batch_wrap(c, weir_batch_x(b), NULL, NULL, NULL);
    double expected = loss_of(m, bare);
    assert_int_equal(l.n, 0);
    assert_true(loss_of(m, b) == expected);
    assert_int_equal(l.n, 2); /* a line for each of the two */
    assert_non_null(strstr(l.last, "model.nice: condition context of the data is not used: expected context=auto"));
    assert_true(loss_of(m, b) == expected);
    weir_model_log_prob(m, b, NULL, NULL);
    assert_int_equal(l.n, 2); /* once */
    assert_int_equal(weir_condition_count(weir_batch_condition(b)), 2); /* the batch stays as it is */
    loss_of(classes, b);
    assert_int_equal(l.n, 3);
    /* what a caller passes is meant */
    weir_model_loss(m, weir_batch_wrap(c, weir_batch_x(b), NULL, NULL, weir_batch_condition(b)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_loss: condition class: expected none");
    weir_model_loss(classes, bare);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_loss: no condition class");
    weir_scope_end(s);
    weir_model_free(m), weir_model_free(classes), weir_dataset_free(d);
    weir_close(c);
}

/* A class that nobody asked for goes with a line that the command does not print. */
static void nature_is_dropped_quietly(void **state)
{
    (void)state;
    lines l;
    weir_ctx *c = open_listening(&l);
    weir_dataset *d = weir_dataset_open(c, "digits,limit=20");
    weir_model *m = weir_model_new(c, "nice", "dim=64 levels=17 couplings=1 hidden=4");
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "");
    weir_loader *loader = weir_loader_new(d, "batch=8");
    weir_step_opts shards = weir_step_defaults();
    shards.shards = 3;
    for (int i = 0; i < 3; i++) {
        weir_scope s = weir_scope_begin(c);
        assert_int_equal(weir_train_step_with(m, o, weir_loader_next(loader), &shards, NULL), WEIR_OK);
        weir_scope_end(s);
    }
    assert_int_equal(l.n, 1);
    assert_memory_equal(l.last, "conditions: model.nice: condition class", 39);
    weir_loader_free(loader), weir_optim_free(o), weir_model_free(m), weir_dataset_free(d);
    weir_close(c);
}

/* -- values ------------------------------------------------------------------------------------ */
static void bad_values(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=2 couplings=1 hidden=4 classes=3 context=2", 0.5);
    weir_tensor *x = weir_from_f32(c, values, 2, SHAPE(N, DIM)), *k = weir_from_f64(c, contexts, 2, SHAPE(N, K));
    weir_condition *none = weir_condition_new(c), *context = weir_condition_with(none, "context", k);
    weir_tensor *far = weir_from_i64(c, SHAPE(0, 1, 2, 3, 0, 0), 1, SHAPE(N)),
                *negative = weir_from_i64(c, SHAPE(0, -1, 2, 1, 0, 0), 1, SHAPE(N)),
                *good = weir_from_i64(c, SHAPE(0, 1, 2, 2, 1, 0), 1, SHAPE(N));
    weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(context, "class", far)));
    assert_fails(c, WEIR_ERROR_RANGE, "model_loss: class 3 of sample 3: expected 0 to 2");
    weir_model_log_prob(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(context, "class", negative)), NULL, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "model_log_prob: class -1 of sample 1: expected 0 to 2");
    weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(context, "class", weir_zeros(c, WEIR_F32, 1, SHAPE(N)))));
    assert_fails(c, WEIR_ERROR_SHAPE, "condition class: f32 of 1 axes: expected i64 [samples]");
    weir_condition *class = weir_condition_with(none, "class", good);
    weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(class, "context", weir_zeros(c, WEIR_F32, 2, SHAPE(N, 3)))));
    assert_fails(c, WEIR_ERROR_SHAPE, "condition context: f32 of 3 values a sample: expected f32 or f64, 2 values");
    weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(class, "context", weir_zeros(c, WEIR_I64, 2, SHAPE(N, 2)))));
    assert_fails(c, WEIR_ERROR_SHAPE, "condition context: i64");
    weir_sample_opts o = weir_sample_defaults();
    float out[N * DIM];
    o.condition = weir_condition_with(context, "class", far);
    weir_model_sample_into(m, N, &o, out);
    assert_fails(c, WEIR_ERROR_RANGE, "class 3 of sample 3");
    assert_int_equal(weir_model_sample_position(m), 0);
    weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, weir_condition_with(class, "context", k)));
    assert_ok(c);
    weir_model_free(m);
}

/* -- standardising ----------------------------------------------------------------------------- */
/* log p at raw contexts is that of a model without statistics at (k - mean) / std, in double: 1e9 + 1 is no
 * float. */
static void contexts_are_standardised(void **state)
{
    weir_ctx *c = *state;
    static const char options[] = "dim=2 couplings=2 hidden=8 context=2";
    weir_dataset *d = flowers(c);
    weir_model *m = stirred(c, options, 0.7), *plain = stirred(c, options, 0.7);
    double mean[K], std[K], by_hand[N * K], lp[N], expected[N], q[N];
    float x[N * DIM], y[N * DIM];
    assert_int_equal(weir_dataset_context_statistics(d, mean, std), WEIR_OK);
    assert_int_equal(weir_model_set_context_standardize(m, mean, std), WEIR_OK);
    assert_true(std[1] == 1);
    for (int i = 0; i < N * K; i++) by_hand[i] = (contexts[i] - mean[i % K]) / std[i % K];
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, contexts, 2, SHAPE(N, K)));
    assert_int_equal(weir_model_log_prob_into(m, values, N, &o, lp, NULL), WEIR_OK);
    weir_sample_opts so = weir_sample_defaults();
    so.condition = o.condition;
    so.first = 0;
    so.batch = 4;
    assert_int_equal(weir_model_sample_log_prob_into(m, N, &so, x, q), WEIR_OK);
    so.condition = o.condition = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, by_hand, 2, SHAPE(N, K)));
    assert_int_equal(weir_model_log_prob_into(plain, values, N, &o, expected, NULL), WEIR_OK);
    assert_int_equal(weir_model_sample_into(plain, N, &so, y), WEIR_OK);
    assert_memory_equal(lp, expected, sizeof lp);
    assert_memory_equal(x, y, sizeof x);
    assert_true(lp[0] != lp[1]);
    /* of a data set too, and in a training step */
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *t = weir_model_log_prob(m, weir_dataset_batch(d, 0, N), NULL, NULL);
    for (int64_t i = 0; i < N; i++) assert_true(weir_get(t, &i) == lp[i]);
    weir_scope_end(s);
    /* an image of as many values is the same context */
    o.condition = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, contexts, 4, SHAPE(N, 1, 2, 1)));
    assert_int_equal(weir_model_log_prob_into(m, values, N, &o, expected, NULL), WEIR_OK);
    assert_memory_equal(lp, expected, sizeof lp);
    weir_model_free(m), weir_model_free(plain), weir_dataset_free(d);
}

static void gradients_reach_a_context(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=2 couplings=2 hidden=8 context=2 dtype=f64", 0.7);
    const double mean[] = { 1, 2 }, std[] = { 2, 4 }, at[] = { 0.3, 0.4 };
    assert_int_equal(weir_model_set_context_standardize(m, mean, std), WEIR_OK);
    double loss[3];
    for (int i = 0; i < 3; i++) {
        const double k[] = { at[0], at[1] + (i - 1) * 1e-5 };
        weir_condition *condition = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, k, 2, SHAPE(1, 2)));
        loss[i] = loss_of(m, weir_batch_wrap(c, weir_from_f32(c, values + 2, 2, SHAPE(1, 2)), NULL, NULL, condition));
    }
    weir_tensor *k = weir_set_requires_grad(weir_from_f64(c, at, 2, SHAPE(1, 2)), true);
    weir_condition *condition = weir_condition_with(weir_condition_new(c), "context", k);
    weir_backward(weir_sum(weir_model_loss(m, weir_batch_wrap(c, weir_from_f32(c, values + 2, 2, SHAPE(1, 2)), NULL, NULL, condition))));
    assert_ok(c);
    double g = weir_get(weir_grad_of(k), SHAPE(0, 1));
    assert_true(g != 0);
    assert_near(g, (loss[2] - loss[0]) / 2e-5, 1e-6);
    weir_model_free(m);
}

static void bad_statistics(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=2 context=2 hidden=4"), *plain = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_model_set_context_standardize(m, (const double[]){ 0, 0 }, (const double[]){ 1, 0 });
    assert_fails(c, WEIR_ERROR_VALUE, "model_set_context_standardize: element 1");
    weir_model_set_context_standardize(m, NULL, (const double[]){ 1, 1 });
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    weir_model_set_context_standardize(plain, (const double[]){ 0, 0 }, (const double[]){ 1, 1 });
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected a model with a context");
    weir_model_free(m), weir_model_free(plain);
}

/* -- names ------------------------------------------------------------------------------------- */
static void names(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 classes=4 context=2"), *plain = weir_model_new(c, "nice", "dim=2 hidden=4");
    assert_int_equal(weir_model_classes(m), 4);
    assert_int_equal(weir_model_context_dim(m), 2);
    assert_int_equal(weir_model_class(m, "3"), 3);
    assert_int_equal(weir_model_set_names(m, WEIR_NAMES_CLASS, 3, kinds), WEIR_OK); /* fewer than there are */
    assert_int_equal(weir_model_set_names(m, WEIR_NAMES_CONTEXT, 2, kinds), WEIR_OK);
    assert_string_equal(weir_model_name(m, WEIR_NAMES_CLASS, 2), "oak");
    assert_null(weir_model_name(m, WEIR_NAMES_CLASS, 3));
    assert_null(weir_model_name(m, WEIR_NAMES_COLUMN, 0));
    assert_int_equal(weir_model_class(m, "daisy"), 1);
    assert_int_equal(weir_model_class(m, "3"), 3);
    assert_int_equal(weir_model_class(m, "daysi"), -1);
    assert_fails(c, WEIR_ERROR_NAME, "model.nice: class daysi: expected a name that `weir info` shows, or 0 to 3, perhaps daisy");
    assert_int_equal(weir_model_class(m, "4"), -1);
    assert_fails(c, WEIR_ERROR_NAME, "class 4: expected");
    assert_int_equal(weir_model_class(m, NULL), -1);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_class");
    assert_int_equal(weir_model_class(plain, "rose"), -1);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "class rose: expected none");
    weir_model_set_names(m, WEIR_NAMES_CONTEXT, 3, kinds);
    assert_fails(c, WEIR_ERROR_SHAPE, "context_names: 3 names: expected 2");
    weir_model_set_names(plain, WEIR_NAMES_CLASS, 1, kinds);
    assert_fails(c, WEIR_ERROR_SHAPE, "class_names: 1 names: expected 0");
    weir_model_set_names(m, WEIR_NAMES_COLUMN, 2, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    assert_int_equal(weir_model_set_names(m, WEIR_NAMES_CONTEXT, 0, NULL), WEIR_OK);
    assert_null(weir_model_name(m, WEIR_NAMES_CONTEXT, 0));
    weir_model_free(m), weir_model_free(plain);
}

/* Whoever counted: the numbers become the model's. */
static void classes_match_by_name(void **state)
{
    weir_ctx *c = *state;
    static const char *const other[] = { "daisy", "rose" }, *const strange[] = { "daisy", "elm" };
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 classes=3"), *plain = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_model_set_names(m, WEIR_NAMES_CLASS, 3, kinds);
    weir_dataset *d = weir_dataset_from_f32(c, values, N, DIM);
    weir_dataset_set_labels(d, SHAPE(0, 1, 0, 1, 0, 0));
    assert_int_equal(weir_model_match_classes(m, d), WEIR_OK); /* numbers are numbers */
    assert_int_equal(weir_dataset_label(d, 0), 0);
    weir_dataset_set_names(d, WEIR_NAMES_CLASS, 2, other);
    assert_int_equal(weir_model_match_classes(plain, d), WEIR_OK);
    assert_int_equal(weir_dataset_label(d, 0), 0);
    assert_int_equal(weir_model_match_classes(m, d), WEIR_OK);
    assert_int_equal(weir_dataset_label(d, 0), 1);
    assert_int_equal(weir_dataset_label(d, 1), 0);
    weir_dataset_set_labels(d, SHAPE(0, 1, 0, 1, 0, 0));
    weir_dataset_set_names(d, WEIR_NAMES_CLASS, 2, strange);
    weir_model_match_classes(m, d);
    assert_fails(c, WEIR_ERROR_NAME, "array: sample 1: class elm: expected one of the 3 known");
    weir_dataset_free(d), weir_model_free(m), weir_model_free(plain);
}

/* -- files and shares -------------------------------------------------------------------------- */
static const char file_options[] = "dim=2 couplings=2 hidden=8 classes=3 context=2 base=diagonal";

static weir_model *full(weir_ctx *c)
{
    const double mean[] = { 1e9, 5 }, std[] = { 2, 1 };
    weir_model *m = stirred(c, file_options, 0.7);
    weir_model_set_context_standardize(m, mean, std);
    weir_model_set_names(m, WEIR_NAMES_CLASS, 3, kinds);
    weir_model_set_names(m, WEIR_NAMES_COLUMN, 2, kinds);
    weir_model_set_names(m, WEIR_NAMES_CONTEXT, 2, kinds + 1);
    weir_module_train(weir_model_module(m), false);
    return m;
}

static void scores(weir_model *m, double *lp)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_condition *k = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, contexts, 2, SHAPE(N, K)));
    o.condition = weir_condition_with(k, "class", weir_from_i64(c, SHAPE(0, 1, 2, 2, 1, 0), 1, SHAPE(N)));
    assert_int_equal(weir_model_log_prob_into(m, values, N, &o, lp, NULL), WEIR_OK);
    weir_scope_end(s);
}

static void is_the_same(weir_model *a, weir_model *b)
{
    double p[N], q[N];
    scores(a, p), scores(b, q);
    assert_memory_equal(p, q, sizeof p);
    for (int which = 0; which < 3; which++)
        for (int64_t i = 0; i < 4; i++) {
            const char *one = weir_model_name(a, (weir_names)which, i), *other = weir_model_name(b, (weir_names)which, i);
            assert_true((one == NULL) == (other == NULL));
            if (one) assert_string_equal(one, other);
        }
}

static void files_and_shares_keep_it(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = full(c), *share = weir_model_share(other, m);
    void *data, *again;
    size_t bytes, bytes_again;
    assert_ok(other);
    is_the_same(m, share);
    assert_int_equal(weir_model_save_to_memory(share, &data, &bytes), WEIR_OK);
    weir_model *n = weir_model_load_from_memory(c, data, bytes);
    assert_ok(c);
    is_the_same(m, n);
    assert_int_equal(weir_model_save_to_memory(n, &again, &bytes_again), WEIR_OK);
    assert_int_equal(bytes, bytes_again);
    assert_memory_equal(data, again, bytes);
    weir_buffer_free(other, data), weir_buffer_free(c, again);
    weir_model_free(share), weir_model_free(n), weir_model_free(m);
    weir_close(other);
}

/* A file that was written before contexts were standardised: they are taken as they are. */
static void files_without_statistics(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, file_options, 0.7);
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    weir_model *n = weir_model_load_from_memory(c, data, bytes);
    assert_ok(c);
    assert_null(n->context_mean);
    is_the_same(m, n);
    weir_buffer_free(c, data);
    weir_model_free(m), weir_model_free(n);
}

/* A file whose bytes have `from` replaced by `to`, with blanks before its last character up to the length. */
static void changed_file(weir_ctx *c, const char *from, const char *to, weir_status status, const char *message)
{
    weir_model *m = full(c);
    void *data;
    size_t bytes, n = strlen(from);
    size_t shorter = strlen(to);
    assert_true(shorter <= n);
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    char *at = memmem(data, bytes, from, n);
    assert_non_null(at);
    memset(at, ' ', n);
    memcpy(at, to, shorter - 1);
    at[n - 1] = to[shorter - 1];
    assert_true(weir_model_load_from_memory(c, data, bytes)->object.nil);
    assert_fails(c, status, message);
    weir_buffer_free(c, data);
    weir_model_free(m);
}

static void hostile_files(void **state)
{
    weir_ctx *c = *state;
    changed_file(c, "\"class_names\":\"[\\\"rose\\\",\\\"daisy\\\",\\\"oak\\\"]\"", "\"class_names\":\"[1,2,3]\"",
                 WEIR_ERROR_FORMAT, "class_names: expected a list of at most 3 texts");
    changed_file(c, "\"context_names\":\"[\\\"daisy\\\",\\\"oak\\\"]\"", "\"context_names\":\"[\\\"daisy\\\"]\"", WEIR_ERROR_FORMAT,
                 "context_names: expected a list of 2 texts");
    changed_file(c, "\"context_names\":\"[\\\"daisy\\\",\\\"oak\\\"]\"", "\"context_names\":\"{\\\"daisy\\\":\\\"oak\\\"}\"", WEIR_ERROR_FORMAT,
                 "context_names: expected a list");
    changed_file(c, "\"context_names\":\"[\\\"daisy\\\",\\\"oak\\\"]\"", "\"context_names\":\"[\\\"daisy\\\",\\\"oak\\\"\"", WEIR_ERROR_FORMAT, "memory");
    changed_file(c, "data.context_std", "data.context_stb", WEIR_ERROR_FORMAT, "data.context_std");
    const double two = 2, nan = NAN;
    weir_model *m = full(c);
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    char *at = memmem(data, bytes, &two, sizeof two);
    memcpy(at, &nan, sizeof nan);
    assert_true(weir_model_load_from_memory(c, data, bytes)->object.nil);
    assert_fails(c, WEIR_ERROR_VALUE, "data.context_std");
    weir_buffer_free(c, data);
    weir_model_free(m);
}

/* -- no memory --------------------------------------------------------------------------------- */
static void everything(weir_ctx *c)
{
    weir_dataset *d = flowers(c);
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=1 hidden=4 classes=3 context=2");
    double mean[K], std[K];
    void *data = NULL;
    size_t bytes = 0;
    if (weir_ok(c)) weir__model_take_names(m, d);
    if (weir_dataset_context_statistics(d, mean, std) == WEIR_OK) weir_model_set_context_standardize(m, mean, std);
    weir_model_match_classes(m, d);
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, N);
    weir_tensor *l = weir_model_loss(m, b);
    if (weir_ok(c)) assert_int_equal(weir_numel(l), N);
    weir_scope_end(s);
    weir_model *n = weir__nil(c, WEIR__MODEL);
    if (weir_model_save_to_memory(m, &data, &bytes) == WEIR_OK) n = weir_model_load_from_memory(c, data, bytes);
    weir_model *share = weir_model_share(c, n);
    weir_model_free(share), weir_model_free(n), weir_model_free(m);
    weir_buffer_free(c, data);
    weir_dataset_free(d);
}

static void no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(is_dropped_with_a_line), CASE(nature_is_dropped_quietly), CASE(bad_values), CASE(contexts_are_standardised),
          CASE(gradients_reach_a_context), CASE(bad_statistics), CASE(names), CASE(classes_match_by_name), CASE(files_and_shares_keep_it),
          CASE(files_without_statistics), CASE(hostile_files), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
