/* What a resumed run may find: logs ahead of the checkpoint, other data, other kernels, another context, nothing validated yet. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <time.h>
#include "killed.h"

static char config[8192];
static const char *const SETTINGS[] = { "hidden=8", "couplings=2", "steps=24", "batch=50", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "optimizer=adam" };
enum { N_SETTINGS = sizeof SETTINGS / sizeof *SETTINGS };

static weir_ctx *open_one(uint64_t seed)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    o.seed = seed;
    return weir_open_with(&o);
}

static void train_to(weir_ctx *c, const char *folder, const char *with, int64_t steps)
{
    weir_run *r = weir_run_open(c, folder, with, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = steps;
    weir_status s = weir_run_train(r, &o);
    if (s != WEIR_OK) fail_msg("%s", weir_message(c));
    weir_run_free(r);
}

static int setup(void **state)
{
    (void)state;
    weir_ctx *c = open_one(1);
    say_config(c, config, sizeof config, N_SETTINGS, SETTINGS);
    remove_run("whole");
    train_to(c, "whole", config, 0);
    weir_close(c);
    return 0;
}

/* Stopped at step 14, another life wrote on to step 20 and died before its checkpoint; then one stops before any line of its own. */
static void lengths_of_logs_survive_a_cut(void **state)
{
    weir_ctx *c = *state;
    remove_run("cut");
    train_to(c, "cut", config, 13);
    FILE *f = fopen("cut/metrics.jsonl", "a");
    for (int i = 0; i < 5; i++) fputs("{\"step\": 18, \"loss\": 3.2, \"lr\": 0.001, \"seconds\": 0.1}\n", f);
    fputs("{\"step\": 21, \"lo", f);
    fclose(f);
    train_to(c, "cut", config, 14); /* no line belongs to step 14 */
    train_to(c, "cut", config, 0);
    same_run("whole", "cut");
}

static void a_log_that_lost_lines_is_no_log_of_the_run(void **state)
{
    weir_ctx *c = *state;
    remove_run("lost");
    train_to(c, "lost", config, 13);
    assert_int_equal(truncate("lost/metrics.jsonl", 10), 0);
    weir_run_open(c, "lost", NULL, true);
    assert_fails(c, WEIR_ERROR_FORMAT, "metrics.jsonl: 10 bytes");
}

/* A checkpoint that is there and cannot be read is no reason to begin again over it. */
static void an_unreadable_checkpoint_is_an_error(void **state)
{
    weir_ctx *c = *state;
    size_t before, after;
    remove_run("loop");
    train_to(c, "loop", config, 13);
    free(read_whole("loop", "metrics.jsonl", &before));
    assert_int_equal(rename("loop/checkpoint/state.safetensors", "loop/kept"), 0);
    assert_int_equal(symlink("state.safetensors", "loop/checkpoint/state.safetensors"), 0);
    weir_run_open(c, "loop", NULL, true);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_IO);
    weir_clear(c);
    free(read_whole("loop", "metrics.jsonl", &after));
    assert_int_equal(before, after);
    assert_int_equal(rename("loop/kept", "loop/checkpoint/state.safetensors"), 0);
    train_to(c, "loop", NULL, 0);
    same_run("whole", "loop");
}

/* A kill between the checkpoint and the model file, before anything was validated. */
static void the_model_file_is_made_good(void **state)
{
    weir_ctx *c = *state;
    size_t n, m;
    remove_run("early");
    train_to(c, "early", config, 3);
    char *before = read_whole("early", "model.safetensors", &n);
    assert_int_equal(unlink("early/model.safetensors"), 0);
    weir_run_free(weir_run_open(c, "early", NULL, true));
    assert_ok(c);
    char *after = read_whole("early", "model.safetensors", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    free(before), free(after);
    train_to(c, "early", NULL, 0);
    same_run("whole", "early");
}

/* Two runs, a context of another seed: each is what it is alone, and the context keeps its seed. */
static void runs_do_not_share_a_seed(void **state)
{
    (void)state;
    char other[8192];
    const char *set[N_SETTINGS + 1];
    memcpy(set, SETTINGS, sizeof SETTINGS);
    set[N_SETTINGS] = "seed=5";
    weir_ctx *c = open_one(77);
    say_config(c, other, sizeof other, N_SETTINGS + 1, set);
    remove_run("beside"), remove_run("fifth");
    weir_run *a = weir_run_open(c, "beside", config, false), *b = weir_run_open(c, "fifth", other, false);
    assert_int_equal(weir_run_train(a, NULL), WEIR_OK);
    assert_int_equal(weir_run_train(b, NULL), WEIR_OK);
    weir_run_free(a), weir_run_free(b);
    assert_true(c->seed == 77);
    weir_close(c);
    same_run("whole", "beside");
}

static int stop_at_9(void *user, const weir_progress *p)
{
    (void)user;
    struct timespec t = { .tv_nsec = 1000000 };
    nanosleep(&t, NULL);
    return p->step >= 9;
}

/* A report comes at most ten times a second; one that asks to stop is obeyed with everything saved. */
static void a_callback_stops_a_run(void **state)
{
    weir_ctx *c = *state;
    char longer[8192];
    CONFIG(c, longer, "hidden=64,64,64", "steps=100000", "batch=400", "optimizer=adam");
    remove_run("told");
    weir_run *r = weir_run_open(c, "told", longer, false);
    weir_train_opts o = weir_train_defaults();
    o.on_step = stop_at_9;
    assert_int_equal(weir_run_train(r, &o), WEIR_STOPPED);
    int64_t step = r->step;
    assert_true(step >= 9 && step < 100000);
    weir_run_free(r);
    r = weir_run_open(c, "told", NULL, true);
    assert_int_equal(r->step, step);
    o.on_step = NULL, o.minutes = 1e-4; /* 6 ms */
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    assert_true(r->step > step && r->step < 100000);
    assert_int_equal(r->horizon, 100000); /* minutes do not move it */
    weir_run_free(r);
    assert_ok(c);
}

/* -- what may and may not differ --------------------------------------------------------------------------------------------------------- */
static void only_what_is_said_is_compared(void **state)
{
    weir_ctx *c = *state;
    weir_run_free(weir_run_open(c, "whole", "{\"model\": \"nice\", \"optimizer\": \"adam\", \"ema\": \"9e-1\", \"batch\": 50, \"steps\": 99, \"dim\": 2}", true));
    assert_ok(c);
    weir_run_open(c, "whole", "{\"batch\": 49}", true);
    assert_fails(c, WEIR_ERROR_STATE, "train.batch differs");
    weir_run_open(c, "whole", "{\"model.dim\": 3}", true);
    assert_fails(c, WEIR_ERROR_STATE, "model.dim differs");
    weir_run_open(c, "whole", "{\"train\": {\"valid_every\": 6}}", true);
    assert_fails(c, WEIR_ERROR_STATE, "train.valid_every differs");
    weir_run_open(c, "whole", "{\"optimizer\": \"sgd\"}", true);
    assert_fails(c, WEIR_ERROR_STATE, "optimizer.");
    weir_run_open(c, "whole", "{\"schedule\": \"constant\"}", true);
    assert_fails(c, WEIR_ERROR_STATE, "schedule.");
    weir_run_open(c, "whole", "{\"data\": \"toy:rings\"}", true);
    assert_fails(c, WEIR_ERROR_STATE, "toy:rings: the data have changed since the run began");
    weir_run_open(c, "whole", "{\"batsch\": 50}", true);
    assert_fails(c, WEIR_ERROR_NAME, "batch");
}

/* The cadences that a config leaves open are settled at the start and recorded. */
static void cadences_are_recorded(void **state)
{
    weir_ctx *c = *state;
    char open[8192];
    CONFIG(c, open, "hidden=8", "steps=60", "batch=4", "optimizer=adam");
    remove_run("cadence");
    weir_run *r = weir_run_open(c, "cadence", open, false);
    json_t *o = weir__json_load(c, "cadence/config.json"), *t = json_object_get(o, "train");
    assert_ok(c);
    assert_int_equal(json_integer_value(json_object_get(t, "valid_every")), r->valid_every);
    assert_int_equal(json_integer_value(json_object_get(t, "checkpoint_every")), r->checkpoint_every);
    assert_int_equal(json_integer_value(json_object_get(t, "log_every")), r->log_every);
    assert_true(r->valid_every > 0 && r->checkpoint_every > 0 && r->log_every > 0);
    json_decref(o);
    weir_run_free(r);
    weir_run_free(weir_run_open(c, "cadence", open, true)); /* the same config, left open as before */
    assert_ok(c);
}

static void write_csv(const char *path, int rows, int odd_row, const char *odd)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; i < rows; i++) {
        if (i == odd_row)
            fprintf(f, "0.5,%s\n", odd);
        else
            fprintf(f, "%g,%g\n", weir__normal(3, (uint64_t)i, 0), weir__normal(3, (uint64_t)i, 1));
    }
    fclose(f);
}

static void say_csv_config(weir_ctx *c, char *out, size_t bytes)
{
    static const char *const set[] = { "hidden=8", "steps=6", "batch=10", "optimizer=adam" };
    json_t *o = weir__config_resolve(c, "nice", "rows.csv,valid=last:20", NULL, 4, set);
    assert_ok(c);
    char *text = json_dumps(o, 0);
    assert_true(strlen(text) < bytes);
    strcpy(out, text);
    free(text);
    json_decref(o);
}

static void other_data_are_refused(void **state)
{
    weir_ctx *c = *state;
    char csv[8192];
    say_csv_config(c, csv, sizeof csv);
    static const int odd[] = { 3, 119 }; /* a row that trains, and one that validates */
    for (int i = 0; i < 2; i++) {
        remove_run("data");
        write_csv("rows.csv", 120, -1, "");
        train_to(c, "data", csv, 3);
        write_csv("rows.csv", 120, odd[i], "0.25");
        weir_run_open(c, "data", NULL, true);
        assert_fails(c, WEIR_ERROR_STATE, "data have changed");
    }
    write_csv("rows.csv", 120, -1, "");
    train_to(c, "data", NULL, 0);
}

/* Among the rows that train, or that validate: else the best weights would be chosen on fewer rows than the data have. */
static void nan_in_the_data_is_refused(void **state)
{
    weir_ctx *c = *state;
    char csv[8192];
    say_csv_config(c, csv, sizeof csv);
    static const int rows[] = { 3, 119 };
    for (int i = 0; i < 2; i++) {
        char where[40];
        snprintf(where, sizeof where, "sample %d, column 2", rows[i]);
        write_csv("rows.csv", 120, rows[i], "nan");
        remove_run("nan");
        weir_run_open(c, "nan", csv, false);
        assert_fails(c, WEIR_ERROR_VALUE, where);
        assert_int_equal(access("nan", F_OK), -1);
    }
}

/* A thousand steps with validations, logs and checkpoints among them hold no more memory than a hundred. */
static void a_run_leaves_memory_as_it_was(void **state)
{
    weir_ctx *c = *state;
    char longer[8192];
    CONFIG(c, longer, "hidden=8", "couplings=2", "steps=1000", "batch=50", "valid_every=50", "checkpoint_every=40", "log_every=3", "ema=0.9", "clip=1",
           "shards=2", "optimizer=adam");
    remove_run("steady");
    weir_run *r = weir_run_open(c, "steady", longer, false);
    weir_train_opts o = weir_train_defaults();
    o.steps = 100;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_memory_info early = weir_memory(c);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    assert_int_equal(r->step, 1000);
    assert_int_equal(weir_memory(c).live_blocks, early.live_blocks);
    assert_int_equal(weir_memory(c).live_bytes, early.live_bytes);
    weir_run_free(r);
}

/* -- kernels ---------------------------------------------------------------------------------------------------------------------------------- */
static void keep_line(void *user, const char *line) { snprintf(user, 512, "%s", line); }

static void other_kernels_are_reported_and_recorded(void **state)
{
    (void)state;
    char said[512] = "";
    weir_open_opts o = weir_open_defaults();
    weir_ctx *c = weir_open_with(&o);
    const char *best = weir_isa_name(c);
    if (strcmp(best, "c") == 0) {
        weir_close(c);
        skip();
    }
    char expected[64];
    snprintf(expected, sizeof expected, "c+%s", best);
    remove_run("moved");
    o.isa = WEIR_ISA_C, o.log = keep_line, o.log_user = said;
    weir_ctx *plain = weir_open_with(&o);
    train_to(plain, "moved", config, 9);
    assert_string_equal(said, "");
    weir_close(plain);
    o.isa = WEIR_ISA_AUTO;
    weir_ctx *fast = weir_open_with(&o);
    train_to(fast, "moved", NULL, 12);
    if (!strstr(said, "with c kernels") || !strstr(said, best)) fail_msg("said \"%s\"", said);
    said[0] = 0;
    train_to(fast, "moved", NULL, 15); /* said once */
    assert_string_equal(said, "");
    weir__weights w;
    assert_int_equal(weir__safetensors_load(fast, "moved/checkpoint/state.safetensors", &w), WEIR_OK);
    assert_string_equal(json_string_value(json_object_get(w.metadata, "machine")), expected);
    weir__weights_free(fast, &w);
    weir_close(fast);
    weir_close(c);
}

/* -- a run whose every write fails ------------------------------------------------------------------------------------------------------------- */
/* Out of room in the middle of the log: the half line is cut off again, and the run goes on once there is room. */
static void a_full_disk_cuts_no_line_in_half(void **state)
{
    weir_ctx *c = *state;
    remove_run("room");
    weir_run *r = weir_run_open(c, "room", config, false);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100; /* bytes: within the second line */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    weir_status s = weir_run_train(r, NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(s, WEIR_ERROR_IO);
    weir_clear(c);
    weir_run_free(r);
    size_t n;
    char *log = read_whole("room", "metrics.jsonl", &n);
    assert_true(n == 0 || log[n - 1] == '\n');
    free(log);
    train_to(c, "room", config, 0);
    same_run("whole", "room");
}

int main(void)
{
    char folder[] = "/tmp/weir-resume-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    CASES(CASE(lengths_of_logs_survive_a_cut), CASE(a_log_that_lost_lines_is_no_log_of_the_run), CASE(an_unreadable_checkpoint_is_an_error),
          CASE(the_model_file_is_made_good), cmocka_unit_test(runs_do_not_share_a_seed), CASE(a_callback_stops_a_run), CASE(only_what_is_said_is_compared),
          CASE(cadences_are_recorded), CASE(other_data_are_refused), CASE(nan_in_the_data_is_refused), CASE(a_run_leaves_memory_as_it_was),
          cmocka_unit_test(other_kernels_are_reported_and_recorded), CASE(a_full_disk_cuts_no_line_in_half));
    int failed = cmocka_run_group_tests(cases, setup, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
