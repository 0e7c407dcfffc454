/* Runs: what a folder holds, resuming from any stop, and from a death at any write, fsync or rename, or at any moment. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/syscall.h>
#include "killed.h"

/* -- calls that may be the last ------------------------------------------------------------------------------------------------------ */
static int calls, die_at = -1;
static bool half; /* the fatal write gets half of its bytes out */

static void count_down(void)
{
    if (calls++ == die_at) _exit(99);
}
ssize_t write(int fd, const void *data, size_t n)
{
    if (fd > 2) {
        if (half && calls == die_at) syscall(SYS_write, fd, data, n / 2);
        count_down();
    }
    return syscall(SYS_write, fd, data, n);
}
int fsync(int fd)
{
    count_down();
    return (int)syscall(SYS_fsync, fd);
}
int rename(const char *from, const char *to)
{
    count_down();
    return (int)syscall(SYS_renameat, -100, from, -100, to);
}

static char config[8192], buffered[8192]; /* the second is of a model that holds buffers */
static int setup(void **state)
{
    weir_ctx *c = normed_open(1);
    (void)state;
    CONFIG(c, config, "hidden=8", "couplings=2", "steps=24", "batch=50", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "shards=2", "optimizer=adam");
    NORMED(c, "toy:moons,n=400", buffered, "steps=24", "batch=50", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1",
           "shards=2", "optimizer=adam");
    weir_close(c);
    remove_run("whole");
    remove_run("buffered");
    assert_int_equal(wait_for(start(&(plan){ "whole", config, 1 }, NULL)), 0);
    assert_int_equal(wait_for(start(&(plan){ "buffered", buffered, 1 }, NULL)), 0);
    return 0;
}

static void a_folder_holds_a_run(void **state)
{
    (void)state;
    static const char *const files[] = { "config.json", "model.safetensors", "metrics.jsonl", "checkpoint/state.safetensors" };
    for (size_t i = 0; i < 4; i++) {
        size_t n;
        free(read_whole("whole", files[i], &n));
        assert_true(n > 50);
    }
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_load(c, "whole");
    assert_ok(c);
    float x[20];
    assert_int_equal(weir_model_sample_into(m, 10, NULL, x), WEIR_OK);
    weir_model_free(m);
    weir_close(c);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    remove_run("two");
    assert_int_equal(wait_for(start(&(plan){ "two", config, 2 }, NULL)), 0);
    same_run("whole", "two");
}

static int stop_now(void *user, const weir_progress *p)
{
    (void)p;
    return ++*(int *)user >= 1;
}

static void stops_resume_to_the_same_bits(void **state)
{
    (void)state;
    for (int64_t first = 1; first < 24; first += 4) {
        weir_ctx *c = weir_open(1);
        remove_run("parts");
        for (int64_t stop = first; stop < 24; stop += 6) { /* pieces of 6 steps */
            weir_run *r = weir_run_open(c, "parts", config, true);
            weir_train_opts o = weir_train_defaults();
            o.steps = stop;
            assert_int_equal(weir_run_train(r, &o), WEIR_OK);
            assert_int_equal(r->step, stop);
            weir_run_free(r);
        }
        weir_run *r = weir_run_open(c, "parts", NULL, true); /* the folder alone suffices */
        int told = 0;
        weir_train_opts o = weir_train_defaults();
        o.on_step = stop_now, o.user = &told;
        weir_status s = weir_run_train(r, &o); /* asked to stop at the first report, which may be the end */
        assert_true(s == WEIR_STOPPED || s == WEIR_OK);
        weir_run_free(r);
        r = weir_run_open(c, "parts", config, true);
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK); /* finished: nothing to do */
        weir_run_free(r);
        assert_ok(c);
        weir_close(c);
        same_run("whole", "parts");
    }
}

static void die(void) { calls = 0; }

static void deaths_at_every_call(void **state)
{
    (void)state;
    for (int variant = 0; variant < 2; variant++) {
        const char *with = variant ? buffered : config, *whole = variant ? "buffered" : "whole";
        int deaths = 0;
        for (die_at = 0;; die_at++) {
            half = variant;
            remove_run("killed");
            int status = wait_for(start(&(plan){ "killed", with, 1 }, die));
            int at = die_at;
            die_at = -1;
            if (WEXITSTATUS(status) == 99) {
                deaths++;
                if (wait_for(start(&(plan){ "killed", with, 1 }, NULL)) != 0) fail_msg("resume after death at call %d", at);
            } else {
                assert_int_equal(status, 0);
            }
            die_at = at;
            same_run(whole, "killed");
            DIR *d = opendir("killed");
            for (struct dirent *e; (e = readdir(d));) assert_null(strstr(e->d_name, ".tmp"));
            closedir(d);
            if (WEXITSTATUS(status) != 99) break;
        }
        die_at = -1;
        assert_true(deaths > 20);
    }
}

static void deaths_at_random_moments(void **state)
{
    (void)state;
    if (TEST_SANITIZED) skip();
    char longer[8192];
    weir_ctx *c = weir_open(1);
    CONFIG(c, longer, "hidden=16,16", "steps=3000", "batch=50", "valid_every=40", "checkpoint_every=25", "log_every=7", "ema=0.99", "optimizer=adam");
    weir_close(c);
    remove_run("long");
    plan whole = { "long", longer, 1 }, killed = { "killed", longer, 1 };
    assert_int_equal(wait_for(start(&whole, NULL)), 0);
    remove_run("killed");
    int deaths = 0;
    for (int i = 0; i < 20; i++) {
        pid_t child = start(&killed, NULL);
        usleep((useconds_t)(weir__uniform(99, 0, (uint64_t)i) * (i < 5 ? 20000 : 120000))); /* the first moments too */
        kill(child, SIGKILL);
        deaths += WIFSIGNALED(wait_for(child));
    }
    assert_true(deaths >= 5);
    assert_int_equal(wait_for(start(&killed, NULL)), 0);
    same_run("long", "killed");
}

static void a_full_disk_harms_nothing(void **state)
{
    (void)state;
    remove_run("full");
    weir_ctx *c = weir_open(1);
    weir_run *r = weir_run_open(c, "full", config, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = 10;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    size_t n, m;
    char *before = read_whole("full", "checkpoint/state.safetensors", &n);
    pid_t child = fork();
    if (child == 0) {
        struct { unsigned long soft, hard; } limit = { n / 2, n / 2 }; /* no file may grow beyond */
        signal(SIGXFSZ, SIG_IGN);
        syscall(SYS_setrlimit, 1 /* RLIMIT_FSIZE */, &limit);
        if (!freopen("/dev/null", "w", stderr)) _exit(3);
        _exit(train_here(&(plan){ "full", config, 1 }));
    }
    assert_int_equal(WEXITSTATUS(wait_for(child)), 1);
    char *after = read_whole("full", "checkpoint/state.safetensors", &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    free(before);
    free(after);
    assert_int_equal(wait_for(start(&(plan){ "full", config, 1 }, NULL)), 0);
    same_run("whole", "full");
}

static void one_process_at_a_time(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    weir_run *r = weir_run_open(c, "whole", NULL, true);
    assert_ok(c);
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) _exit(3);
        _exit(train_here(&(plan){ "whole", NULL, 1 }));
    }
    assert_int_equal(WEXITSTATUS(wait_for(child)), 1);
    weir_run_free(r);
    weir_close(c);
    assert_int_equal(wait_for(start(&(plan){ "whole", NULL, 1 }, NULL)), 0);
}

static void other_settings_are_refused(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    char other[8192];
    weir_run_open(c, "whole", config, false);
    assert_fails(c, WEIR_ERROR_STATE, "holds a run");
    CONFIG(c, other, "hidden=9", "couplings=2", "steps=24", "batch=50", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "shards=2", "optimizer=adam");
    weir_run_open(c, "whole", other, true);
    assert_fails(c, WEIR_ERROR_STATE, "model.hidden differs");
    mkdir("foreign", 0777);
    fclose(fopen("foreign/thesis.tex", "w"));
    weir_run_open(c, "foreign", config, true);
    assert_fails(c, WEIR_ERROR_STATE, "no run");
    weir_run_open(c, "nowhere", NULL, true);
    assert_fails(c, WEIR_ERROR_IO, "config.json");
    remove_run("bad");
    weir_run_open(c, "bad", "{\"model\": {\"name\": \"nice\"}, \"data\": \"missing.npy\"}", false);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_IO);
    weir_clear(c);
    assert_int_equal(access("bad", F_OK), -1); /* nothing was made */
    weir_run_open(c, "bad", "{\"model\": {\"name\": \"nice\", \"dim\": 3}, \"data\": \"toy:moons\"}", false);
    assert_fails(c, WEIR_ERROR_RANGE, "model.dim=3");
    weir_run_open(c, "bad", "{\"model\": ", false);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_FORMAT);
    weir_close(c);
}

int main(void)
{
    char folder[] = "/tmp/weir-run-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    const struct CMUnitTest cases[] = { cmocka_unit_test(a_folder_holds_a_run), cmocka_unit_test(threads_change_no_bit), cmocka_unit_test(stops_resume_to_the_same_bits),
                                        cmocka_unit_test(deaths_at_every_call), cmocka_unit_test(deaths_at_random_moments), cmocka_unit_test(a_full_disk_harms_nothing),
                                        cmocka_unit_test(one_process_at_a_time), cmocka_unit_test(other_settings_are_refused) };
    int failed = cmocka_run_group_tests(cases, setup, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
