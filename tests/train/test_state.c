/* The state of a run: with a model that holds buffers, everything is there again after a checkpoint, in the best model, in the average. */
#define _GNU_SOURCE
#include "killed.h"

static char config[8192];
static const char DATA[] = "toy:moons,n=400";

static int setup(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    NORMED(c, DATA, config, "steps=24", "batch=50", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "shards=2",
           "optimizer=adam", "lr=1e-2");
    weir_close(c);
    remove_run("whole");
    assert_int_equal(wait_for(start(&(plan){ "whole", config, 1 }, NULL)), 0);
    return 0;
}

static void train_to(weir_ctx *c, const char *folder, const char *with, int64_t steps)
{
    weir_run *r = weir_run_open(c, folder, with, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = steps;
    if (weir_run_train(r, &o) != WEIR_OK) fail_msg("%s", weir_message(c));
    weir_run_free(r);
}

static void buffers_of(weir_model *m, float mean[6], float variance[6], int64_t *seen)
{
    weir_module *net = weir_model_module(m);
    memcpy(mean, weir_data(weir_module_state_find(net, "net.1.running_mean")), 6 * sizeof *mean);
    memcpy(variance, weir_data(weir_module_state_find(net, "net.1.running_var")), 6 * sizeof *variance);
    memcpy(seen, weir_data(weir_module_state_find(net, "net.1.num_batches_tracked")), sizeof *seen);
}

static void assert_buffers(weir_model *m, const float mean[6], const float variance[6], int64_t seen)
{
    float a[6], b[6];
    int64_t n;
    buffers_of(m, a, b, &n);
    assert_memory_equal(a, mean, sizeof a);
    assert_memory_equal(b, variance, sizeof b);
    assert_int_equal(n, seen);
}

/* -- opening again ------------------------------------------------------------------------------------------------------------------ */
static void opening_again_keeps_buffers(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    float mean[6], variance[6];
    int64_t seen;
    size_t n, m;
    remove_run("again");
    weir_run *r = weir_run_open(c, "again", config, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    buffers_of(weir_run_model(r), mean, variance, &seen);
    assert_int_equal(seen, 24);
    weir_run_free(r);
    char *before = read_whole("again", "model.safetensors", &n);
    r = weir_run_open(c, "again", NULL, true);
    assert_ok(c);
    assert_buffers(weir_run_model(r), mean, variance, seen);
    weir_run_free(r);
    char *after = read_whole("again", "model.safetensors", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    weir_close(c);
}

/* Buffers of the best step are those of that step, not of the last; they are copied, not averaged. */
static void the_best_keeps_its_own_buffers(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    float mean[6], variance[6];
    int64_t seen;
    char longer[8192];
    NORMED(c, DATA, longer, "steps=60", "batch=50", "valid_every=5", "ema=0.9", "optimizer=adam", "lr=0.3"); /* too fast to be best at the end */
    remove_run("long"), remove_run("short");
    weir_run *r = weir_run_open(c, "long", longer, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    int64_t best = r->best_step;
    weir_run_free(r);
    assert_in_range(best, 5, 55);
    r = weir_run_open(c, "short", longer, false);
    weir_train_opts o = weir_train_defaults();
    o.steps = best;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    buffers_of(weir_run_model(r), mean, variance, &seen);
    assert_int_equal(seen, best);
    weir_run_free(r);
    weir_model *m = weir_model_load(c, "long");
    assert_ok(c);
    assert_buffers(m, mean, variance, seen);
    weir_model_free(m);
    weir_run_free(weir_run_open(c, "long", NULL, true)); /* and after the run was opened again */
    m = weir_model_load(c, "long");
    assert_buffers(m, mean, variance, seen);
    weir_model_free(m);
    weir_close(c);
}

static void stops_resume_to_the_same_bits(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 2; threads++)
        for (int64_t first = 1; first < 24; first += 5) {
            weir_ctx *c = normed_open(threads);
            remove_run("parts");
            for (int64_t stop = first; stop < 30; stop += 6) train_to(c, "parts", config, stop < 24 ? stop : 0);
            weir_close(c);
            same_run("whole", "parts");
        }
}

/* -- the list ------------------------------------------------------------------------------------------------------------------------- */
static void the_list_names_all_there_is(void **state)
{
    (void)state;
    static const char *const names[] = {
        "weights", "buffer:net.1.running_mean", "buffer:net.1.running_var", "buffer:net.1.num_batches_tracked", "ema",
        "ema.buffer:net.1.running_mean", "ema.buffer:net.1.running_var", "ema.buffer:net.1.num_batches_tracked", "exp_avg", "exp_avg_sq",
        "best", "best.buffer:net.1.running_mean", "best.buffer:net.1.running_var", "best.buffer:net.1.num_batches_tracked",
    };
    weir_ctx *c = normed_open(1);
    weir_run *r = weir_run_open(c, "whole", NULL, true);
    weir__weights w;
    weir__state s;
    assert_int_equal(weir__run_state(r, &s), WEIR_OK);
    assert_int_equal(weir__safetensors_load(c, "whole/checkpoint/state.safetensors", &w), WEIR_OK);
    assert_int_equal(s.n, sizeof names / sizeof *names);
    assert_int_equal(w.n, s.n);
    for (int64_t i = 0; i < s.n; i++) {
        assert_string_equal(s.at[i].name, names[i]);
        assert_string_equal(w.at[i].name, names[i]);
        assert_memory_equal(s.at[i].data, w.at[i].data, s.at[i].bytes);
    }
    for (const weir__counter *k = weir__run_counters; k->name; k++) assert_non_null(json_object_get(w.metadata, k->name));
    weir__weights_free(c, &w);
    weir__state_free(&s);
    weir_run_free(r);
    weir_close(c);
}

/* Whatever else counts steps follows the run's. */
static void one_counter_decides(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    int64_t *updates;
    remove_run("counted");
    train_to(c, "counted", config, 11);
    weir_run *r = weir_run_open(c, "counted", NULL, true);
    weir_ema_state(r->ema, NULL, &updates);
    weir_optim_set_steps(r->optim, 3);
    weir_loader_seek(r->loader, 77);
    *updates = 5;
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    same_run("whole", "counted");
}

/* -- checkpoints of before buffers were kept --------------------------------------------------------------------------------------------- */
/* Takes what later versions put in out of a checkpoint. */
static void make_old(weir_ctx *c, const char *folder)
{
    char path[256];
    weir__weights w;
    snprintf(path, sizeof path, "%s/checkpoint/state.safetensors", folder);
    assert_int_equal(weir__safetensors_load(c, path, &w), WEIR_OK);
    weir__weight *kept = calloc((size_t)w.n, sizeof *kept);
    int64_t n = 0;
    for (int64_t i = 0; i < w.n; i++)
        if (!strstr(w.at[i].name, "buffer:")) kept[n++] = w.at[i];
    json_object_del(w.metadata, "failed");
    assert_int_equal(weir__safetensors_save(c, path, kept, n, w.metadata), WEIR_OK);
    free(kept);
    weir__weights_free(c, &w);
}

static char said[512];
static int lines;
static void keep_line(void *user, const char *line)
{
    (void)user;
    snprintf(said, sizeof said, "%s", line);
    lines++;
}

static void old_checkpoints_get_the_model_s_buffers(void **state)
{
    (void)state;
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    o.log = keep_line;
    weir_ctx *c = weir_open_with(&o);
    weir_row_register(c, &normed_row.row);
    float mean[6], variance[6];
    int64_t seen;
    remove_run("old");
    train_to(c, "old", config, 10); /* best at step 10, as far as it got */
    weir_run *r = weir_run_open(c, "old", NULL, true);
    assert_int_equal(r->best_step, 10);
    buffers_of(weir_run_model(r), mean, variance, &seen);
    weir_run_free(r);
    make_old(c, "old");
    lines = 0;
    r = weir_run_open(c, "old", NULL, true);
    assert_ok(c);
    assert_buffers(weir_run_model(r), mean, variance, 10);
    weir_run_free(r);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(said, "taken from model.safetensors"));
    train_to(c, "old", NULL, 0); /* the very bits, as nothing was lost */
    same_run("whole", "old");

    remove_run("old");
    train_to(c, "old", config, 10);
    make_old(c, "old");
    assert_int_equal(unlink("old/model.safetensors"), 0);
    lines = 0;
    r = weir_run_open(c, "old", NULL, true);
    assert_ok(c);
    const float zero[6] = { 0 }, one[6] = { 1, 1, 1, 1, 1, 1 };
    assert_buffers(weir_run_model(r), zero, one, 0);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(said, "start anew"));
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
}

/* A file that lacks some of its buffers is of no version. */
static void a_checkpoint_with_holes_is_refused(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir__weights w;
    remove_run("holes");
    train_to(c, "holes", config, 10);
    assert_int_equal(weir__safetensors_load(c, "holes/checkpoint/state.safetensors", &w), WEIR_OK);
    assert_int_equal(weir__safetensors_save(c, "holes/checkpoint/state.safetensors", w.at, w.n - 1, w.metadata), WEIR_OK);
    weir__weights_free(c, &w);
    weir_run_open(c, "holes", NULL, true);
    assert_fails(c, WEIR_ERROR_FORMAT, "13 tensors: expected the 14");
    weir_close(c);
}

/* -- a step that fails ----------------------------------------------------------------------------------------------------------------------- */
static void a_failed_step_changes_no_buffer(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_model *m = weir_model_new(c, "normed", "");
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0.1");
    const float good[] = { 1, 2, 3, 4, 5, 7 }, bad[] = { 1, 2, NAN, 4, 5, 7 };
    float mean[6], variance[6];
    int64_t seen;
    for (int i = 0; i < 2; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_train_step(m, o, weir_batch_wrap(c, weir_from_f32(c, i ? bad : good, 2, SHAPE(3, 2)), NULL, NULL, NULL));
        weir_scope_end(s);
        if (i == 0) buffers_of(m, mean, variance, &seen);
    }
    assert_fails(c, WEIR_ERROR_VALUE, "sample");
    assert_int_equal(seen, 1);
    assert_buffers(m, mean, variance, 1);
    weir_optim_free(o);
    weir_model_free(m);
    weir_close(c);
}

/* -- shares ---------------------------------------------------------------------------------------------------------------------------------- */
static void same_density(weir_model *a, weir_model *b)
{
    const float x[] = { 1, 2, -3, 0.5f };
    double p[2], q[2];
    assert_int_equal(weir_model_log_prob_into(a, x, 2, NULL, p, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(b, x, 2, NULL, q, NULL), WEIR_OK);
    assert_memory_equal(p, q, sizeof p);
}

/* Standardized by hand, though the row has no option that would say so. */
static const weir_option few_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(normed_opts, dim), "2", 0, 2, NULL, "values a sample" },
    { "fail_above", WEIR_OPTION_REAL, offsetof(normed_opts, fail_above), "1e30", -1e30, 1e30, NULL, "x1 of samples that fail" },
    { 0 },
};

static void shares_have_all_buffers(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1), *other = normed_open(1);
    weir_model *m = weir_model_load(c, "whole"), *s = weir_model_share(other, m);
    same_density(m, s);
    weir_model_free(s);
    weir_model_free(m);
    weir_model_row row = normed_row;
    row.row.name = "model.few";
    row.row.options = few_options;
    weir_row_register(c, &row.row);
    m = weir_model_new(c, "few", "");
    assert_int_equal(weir_model_set_standardize(m, (const double[]){ 1, 2 }, (const double[]){ 3, 4 }), WEIR_OK);
    weir_module_train(weir_model_module(m), false);
    s = weir_model_share(other, m);
    assert_ok(other);
    same_density(m, s);
    weir_model_free(s);
    weir_model_free(m);
    weir_close(other);
    weir_close(c);
}

/* -- memory ------------------------------------------------------------------------------------------------------------------------------------- */
static void short_run(weir_ctx *c)
{
    if (weir_row_register(c, &normed_row.row) != WEIR_OK) return;
    weir_model *m = weir_model_new(c, "normed", "");
    weir_ema *e = weir_ema_new(weir_model_module(m), 0.5);
    weir_ema_update(e);
    weir_ema_swap(e);
    weir_ema_free(e);
    weir_model_free(m);
}

static void open_old(weir_ctx *c)
{
    if (weir_row_register(c, &normed_row.row) != WEIR_OK) return;
    weir_run_free(weir_run_open(c, "scarce", NULL, true));
}

/* Whatever is refused, neither checkpoint nor model is harmed by it. */
static void old_checkpoints_in_little_memory(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    size_t n, m;
    remove_run("scarce");
    train_to(c, "scarce", config, 10);
    make_old(c, "scarce");
    char *before = read_whole("scarce", "model.safetensors", &n);
    test_every_allocation(open_old);
    char *after = read_whole("scarce", "model.safetensors", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    weir_close(c);
}

static void averages_in_little_memory(void **state)
{
    (void)state;
    test_every_allocation(short_run);
}

int main(void)
{
    char folder[] = "/tmp/weir-state-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    CASES(cmocka_unit_test(opening_again_keeps_buffers), cmocka_unit_test(the_best_keeps_its_own_buffers),
          cmocka_unit_test(stops_resume_to_the_same_bits), cmocka_unit_test(the_list_names_all_there_is), cmocka_unit_test(one_counter_decides),
          cmocka_unit_test(old_checkpoints_get_the_model_s_buffers), cmocka_unit_test(a_checkpoint_with_holes_is_refused),
          cmocka_unit_test(a_failed_step_changes_no_buffer), cmocka_unit_test(shares_have_all_buffers),
          cmocka_unit_test(averages_in_little_memory),
          cmocka_unit_test(old_checkpoints_in_little_memory));
    int failed = cmocka_run_group_tests(cases, setup, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
