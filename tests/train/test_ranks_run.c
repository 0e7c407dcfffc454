/* test_ranks_run.c - a run over the ranks of a group: the folder that one process leaves, on any
 * number of ranks, resumed on another; and what all say when one cannot go on. */
#define _GNU_SOURCE
#include "dist/threads.h"
#include "killed.h"

static char buffered[8192], flow[8192];

/* Rows are few, so that validations of 40 are in one batch, and of valid batches are several */
static int setup(void **state)
{
    weir_ctx *c = normed_open(1);
    NORMED(c, "toy:moons,n=3000", buffered, "steps=18", "batch=50", "valid_every=5",
           "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "shards=8", "optimizer=adam",
           "valid_rows=1000");
    json_t *o = weir__config_resolve(
        c, "rectified-flow", "toy:moons,n=300", NULL, 6,
        (const char *const[]){ "net.hidden=6", "steps=8", "batch=20", "shards=5", "valid_every=4",
                               "log_every=2" });
    char *text = json_dumps(o, 0);
    snprintf(flow, sizeof flow, "%s", text);
    free(text);
    json_decref(o);
    weir_close(c);
    return 0;
}

typedef struct job {
    const char *folder, *config;
    int64_t stop; /* 0: the end */
    int stops;    /* rank whose time is out; -1: none */
    int64_t step; /* where it came to */
    double valid, best;
    int64_t failed;
} job;

static void job_run(weir_ctx *c, void *job_)
{
    job *j = job_;
    weir_row_register(c, &normed_row.row);
    weir_run *r = weir_run_open(c, j->folder, j->config, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = j->stop;
    if (j->stops >= 0) o.minutes = 1e-12; /* after one step */
    weir_status s = weir_run_train(r, &o);
    if (s != WEIR_OK && s != WEIR_STOPPED && weir_ok(c)) weir_fail(c, s, "a status alone");
    j->step = weir_run_step(r);
    if (!weir_run_is_nil(r)) {
        j->valid = r->last_valid;
        j->best = r->best_valid;
        j->failed = r->failed;
    }
    weir_run_free(r);
}

static void all_run(int ranks, int threads, job j)
{
    job each[RANKS];
    for (int r = 0; r < ranks; r++) {
        each[r] = j;
        each[r].stops = j.stops == r ? r : -1;
    }
    ranks_all(ranks, threads, job_run, each, sizeof *each);
    for (int r = 1; r < ranks; r++) {
        assert_int_equal(each[r].step, each[0].step);
        if (j.stops >= 0) assert_in_range(each[r].step, 1, 2);
        assert_int_equal(each[r].failed, each[0].failed);
        assert_memory_equal(&each[r].valid, &each[0].valid, sizeof each[r].valid);
        assert_memory_equal(&each[r].best, &each[0].best, sizeof each[r].best);
    }
}

/* -- the same folder -------------------------------------------------------------------------- */
static void same_at_any_number(const char *config, int threads)
{
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = config, .stops = -1 });
    for (int ranks = 2; ranks <= 5; ranks++) {
        remove_run("many");
        all_run(ranks, threads, (job){ .folder = "many", .config = config, .stops = -1 });
        same_run("one", "many");
    }
}

static void ranks_leave_what_one_leaves(void **state)
{
    (void)state;
    same_at_any_number(buffered, 1);
    same_at_any_number(flow, 2);
}

static void resumed_on_other_numbers(void **state)
{
    (void)state;
    static const int ranks[] = { 3, 1, 5, 2 };
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = buffered, .stops = -1 });
    remove_run("parts");
    for (int i = 0; i < 4; i++)
        all_run(ranks[i], 1, (job){ .folder = "parts", .config = i ? NULL : buffered,
                                    .stop = i < 3 ? 5 * (i + 1) - 1 : 0, .stops = -1 });
    same_run("one", "parts");
}

/* Time is out on one: all stop there, and go on later. */
static void one_stops_all(void **state)
{
    (void)state;
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = buffered, .stops = -1 });
    for (int who = 0; who < 3; who += 2) {
        remove_run("stopped");
        all_run(3, 1, (job){ .folder = "stopped", .config = buffered, .stops = who });
        all_run(4, 1, (job){ .folder = "stopped", .config = NULL, .stops = who });
        all_run(2, 1, (job){ .folder = "stopped", .config = NULL, .stops = -1 });
        same_run("one", "stopped");
    }
}

static void shards_are_settled(void **state)
{
    (void)state;
    const char config[] = "model=nice data=toy:moons,n=300 hidden=4 couplings=2 steps=3 batch=20";
    remove_run("auto");
    all_run(2, 1, (job){ .folder = "auto", .config = config, .stops = -1 });
    size_t n;
    char *text = read_whole("auto", "config.json", &n);
    assert_non_null(strstr(text, "\"shards\": 8"));
    free(text);
    remove_run("alone");
    all_run(1, 1, (job){ .folder = "alone", .config = config, .stops = -1 }); /* a group of one */
    same_run("alone", "auto");
}

/* -- what cannot be --------------------------------------------------------------------------- */
static void everyone_says(int n, job j, double seconds, ranks_work *work, int except,
                          const char *part)
{
    ranks_rank at[RANKS];
    job each[RANKS];
    for (int r = 0; r < n; r++) {
        each[r] = j;
        at[r] = (ranks_rank){ .work = work, .user = &each[r], .threads = 1,
                              .memory = { .fail_at = -1 } };
    }
    ranks_run(at, n, seconds);
    for (int r = 0; r < n; r++)
        if (r != except && !strstr(at[r].message, part))
            fail_msg("rank %d of %d: \"%s\" lacks \"%s\"", r, n, at[r].message, part);
}

static void job_leaves(weir_ctx *c, void *job_)
{
    job j = *(job *)job_;
    j.stops = -1;
    if (weir_rank(c) == 1) j.stop = 4; /* and is heard of no more */
    job_run(c, &j);
}

static void job_other(weir_ctx *c, void *job_)
{
    job j = *(job *)job_;
    j.stops = -1;
    if (weir_rank(c) == 1) j.config = flow;
    job_run(c, &j);
}

static void all_say_why(void **state)
{
    (void)state;
    job j = { .folder = "bad", .config = buffered, .stops = -1 };
    remove_run("bad");
    everyone_says(3, (job){ .folder = "nowhere", .stops = -1 }, 60, job_run, -1,
                  "nowhere: no config.json: expected a run");
    everyone_says(3, j, 60, job_other, -1, "run_open: rank 1: settings with checksum");
    everyone_says(3, j, 60, job_leaves, -1, "run_train: rank 1: last step 4: expected 18");
    remove_run("bad");
    everyone_says(9, j, 60, job_run, -1, "9 ranks and 8 shards");
    remove_run("bad");
}

/* The disk of rank 0 is full when it saves. */
static bool full;
int fsync(int fd) { return full ? (errno = ENOSPC, -1) : 0; }

static void a_full_disk_is_told(void **state)
{
    (void)state;
    job j = { .folder = "full", .config = buffered, .stops = -1 };
    remove_run("full");
    full = true;
    everyone_says(3, j, 60, job_run, 0, "rank 0: ");
    full = false;
    all_run(2, 1, j);
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = buffered, .stops = -1 });
    same_run("one", "full");
}

/* Memory of one rank that ends anywhere: all stop, and the folder is whole. */
static void one_without_memory(void **state)
{
    (void)state;
    job j = { .folder = "poor", .config = buffered, .stops = -1 };
    remove_run("poor");
    for (int who = 0; who < 2; who++)
        for (int64_t fail_at = 40, step = 61;; fail_at += step, step += 13) {
            ranks_rank at[2];
            job each[2] = { j, j };
            for (int r = 0; r < 2; r++)
                at[r] = (ranks_rank){ .work = job_run, .user = &each[r], .threads = 1,
                                      .memory = { .fail_at = r == who ? fail_at : -1 } };
            ranks_run(at, 2, 60);
            if (at[who].status == WEIR_OK) break;
            if (!strstr(at[!who].message, who ? "rank 1: " : "rank 0: "))
                fail_msg("allocation %lld of rank %d: \"%s\"", (long long)fail_at, who,
                         at[!who].message);
        }
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = buffered, .stops = -1 });
    all_run(2, 1, j);
    same_run("one", "poor");
}

int main(void)
{
    CASES(cmocka_unit_test(ranks_leave_what_one_leaves), cmocka_unit_test(resumed_on_other_numbers),
          cmocka_unit_test(one_stops_all), cmocka_unit_test(shards_are_settled),
          cmocka_unit_test(all_say_why), cmocka_unit_test(a_full_disk_is_told),
          cmocka_unit_test(one_without_memory));
    return cmocka_run_group_tests(cases, setup, NULL);
}
