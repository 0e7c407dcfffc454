/* test_ranks_run.c - a run over the ranks of a group: the folder that one process leaves, on any
 * number of ranks, resumed on another; and what all say when one cannot go on. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "dist/threads.h"
#include "killed.h"

static char buffered[8192], flow[8192], scaled[8192], divided[8192];

static void say(weir_ctx *c, const char *model, const char *data, int n, const char *const *set,
                char *out)
{
    json_t *o = weir__config_resolve(c, model, data, NULL, n, set);
    char *text = json_dumps(o, 0);
    snprintf(out, sizeof flow, "%s", text);
    free(text);
    json_decref(o);
}

#define SAY(c, model, data, out, ...) \
    say(c, model, data, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), \
        (const char *[]){ __VA_ARGS__ }, out)

/* Rows are few, so that validations of 40 are in one batch, and of valid batches are several */
static int setup(void **state)
{
    weir_ctx *c = normed_open(1);
    NORMED(c, "toy:moons,n=3000", buffered, "steps=18", "batch=50", "valid_every=5",
           "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1", "shards=8", "optimizer=adam",
           "valid_rows=1000");
    SAY(c, "rectified-flow", "toy:moons,n=300", flow, "net.hidden=6", "steps=8", "batch=20",
        "shards=5", "valid_every=4", "log_every=2");
    SAY(c, "nice", "toy:moons,n=50000,standardize=yes", scaled, "hidden=4", "steps=3", "batch=40",
        "shards=5");
    SAY(c, "rectified-flow", "toy:moons,n=3000", divided, "net.hidden=32", "steps=18", "batch=50",
        "shards=8", "valid_every=5", "checkpoint_every=7", "log_every=3", "ema=0.9", "clip=1",
        "optimizer=adam", "divide_optimizer=yes");
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
    same_at_any_number(scaled, 2);
    same_at_any_number(divided, 2);
}

/* Models whose steps are more than a network's loss: data as noise, with batches paired as a whole
 * and without, and gradients by an adjoint that is solved backward, in fixed steps and its own. */
static void flows_leave_what_one_leaves(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "model=flow-matching source=toy:8gaussians,n=300 data=toy:moons,n=200 net.hidden=8,8 steps=6"
        " batch=32 shards=3 ema=0.9",
        "model=flow-matching source=toy:8gaussians,n=300 coupling=independent data=toy:moons,n=200"
        " net.hidden=8,8 steps=6 batch=32 shards=8 standardize=yes",
        "model=cnf adjoint=yes data=toy:moons,n=120 net.hidden=8 steps=4 batch=20 shards=3",
        "model=cnf adjoint=yes solver=dopri5 data=toy:moons,n=120 net.hidden=8 steps=4 batch=20"
        " shards=4 divide_optimizer=yes",
    };
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        remove_run("one");
        all_run(1, 1, (job){ .folder = "one", .config = configs[i], .stops = -1 });
        for (int ranks = 2; ranks <= 3; ranks++) {
            remove_run("many");
            all_run(ranks, ranks - 1, (job){ .folder = "many", .config = configs[i], .stops = -1 });
            same_run("one", "many");
        }
    }
}

static void resumed(const char *config)
{
    static const int ranks[] = { 3, 1, 5, 2 };
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = config, .stops = -1 });
    remove_run("parts");
    for (int i = 0; i < 4; i++)
        all_run(ranks[i], 1, (job){ .folder = "parts", .config = i ? NULL : config,
                                    .stop = i < 3 ? 5 * (i + 1) - 1 : 0, .stops = -1 });
    same_run("one", "parts");
}

static void resumed_on_other_numbers(void **state)
{
    (void)state;
    resumed(buffered);
    resumed(divided);
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

/* -- a rank reads the samples of its shards ---------------------------------------------------- */
enum { WIDE = 2048, WIDE_ROWS = 60, WIDE_STEPS = 4 };

/* Rows of several pages, so that some pages lie within one row; values[i, j] by i and j */
static void wide_file(const char *path, int salt)
{
    static float x[WIDE_ROWS * WIDE];
    char about[118];
    FILE *f = fopen(path, "wb");
    for (int64_t i = 0; i < WIDE_ROWS * WIDE; i++)
        x[i] = (float)weir__normal(5, (uint64_t)salt, (uint64_t)i);
    snprintf(about, sizeof about, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }",
             WIDE_ROWS, WIDE);
    assert_int_equal(fwrite("\x93NUMPY\1\0v\0", 1, 10, f), 10);
    assert_int_equal(fprintf(f, "%-117s\n", about), 118);
    assert_int_equal(fwrite(x, 1, sizeof x, f), sizeof x);
    fclose(f);
}

/* A store whose rows can be forbidden: its own pages, or a copy on pages in its place. */
typedef struct guarded {
    weir__store *s;
    char *pages, *rows; /* what is mapped, and where its rows begin */
    void *own; /* what the store had; NULL: it is mapped itself */
    size_t bytes;
} guarded;

static guarded guard(weir__store *s, const bool *read)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), row = WIDE * sizeof(float);
    guarded g = { .s = s, .bytes = (size_t)s->n * row };
    if (s->n_parts > 0) g.rows = (char *)(uintptr_t)s->parts[0].data;
    else {
        g.own = s->data;
        g.rows = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(g.rows, g.own, g.bytes);
        s->data = g.rows;
    }
    g.pages = (char *)((uintptr_t)g.rows / page * page);
    for (char *at = g.pages; at + page <= g.rows + g.bytes; at += page) {
        int64_t first = at < g.rows ? 0 : (at - g.rows) / (int64_t)row;
        int64_t last = (at + (int64_t)page - 1 - g.rows) / (int64_t)row;
        bool wanted = at < g.rows;
        for (int64_t i = first; i <= last; i++) wanted |= read[i];
        if (!wanted) assert_int_equal(mprotect(at, page, PROT_NONE), 0);
    }
    return g;
}

static void unguard(guarded *g)
{
    size_t bytes = (size_t)(g->rows - g->pages) + g->bytes;
    assert_int_equal(mprotect(g->pages, bytes, PROT_READ), 0);
    if (!g->own) return;
    g->s->data = g->own;
    munmap(g->rows, g->bytes);
}

/* The next step, with no access to samples of other ranks' shards. */
static void wide_step(weir_ctx *c, weir_run *r)
{
    bool read[WIDE_ROWS] = { 0 };
    weir_train_opts o = weir_train_defaults();
    weir__store *s = r->train->store;
    weir__span own = weir__tree_own(r->config.train.shards, weir_rank(c), weir_ranks(c));
    weir_scope scope = weir_scope_begin(c);
    weir_loader_seek(r->loader, weir_run_step(r));
    weir_batch *b = weir_loader_next(r->loader);
    int64_t n = weir_batch_size(b), shards = r->config.train.shards;
    for (int64_t i = own.lo * n / shards; i < own.hi * n / shards; i++) read[b->ids[i]] = true;
    weir_scope_end(scope);
    o.steps = weir_run_step(r) + 1;
    guarded x = guard(s, read), context = s->context ? guard(s->context, read) : x;
    if (weir_run_train(r, &o) != WEIR_OK) assert_false(weir_ok(c));
    unguard(&x);
    if (s->context) unguard(&context);
}

static void wide_run(weir_ctx *c, void *job_)
{
    const job *j = job_;
    weir_run *r = weir_run_open(c, j->folder, j->config, false);
    for (int i = 0; weir_ok(c) && i < WIDE_STEPS; i++) wide_step(c, r);
    if (weir_run_train(r, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_run_free(r);
}

static void a_rank_reads_its_shards(void **state)
{
    (void)state;
    static const char *const data[] = { "wide-x.npy", "wide-x.npy,map=no",
                                        "wide-x.npy,conditions=wide-c.npy" };
    wide_file("wide-x.npy", 1);
    wide_file("wide-c.npy", 2);
    for (int i = 0; i < 3; i++) {
        char config[512];
        job j = { .folder = "wide", .config = config, .stops = -1 };
        snprintf(config, sizeof config,
                 "model=rectified-flow data=%s net.hidden=4 batch=23 shards=5 steps=6%s", data[i],
                 i == 2 ? " context=auto" : "");
        remove_run("one");
        j.folder = "one";
        all_run(1, 1, j);
        for (int ranks = 2; ranks <= 5; ranks += 3) {
            remove_run("wide");
            j.folder = "wide";
            job each[RANKS] = { j, j, j, j, j };
            ranks_all(ranks, 1, wide_run, each, sizeof *each);
            same_run("one", "wide");
        }
    }
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

/* A sample is found and named that most ranks have not read: what one process says, all do. */
static void the_same_sample_is_named(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "model=nice data=digits,limit=300 hidden=16 optimizer=sgd lr=1000 steps=50 batch=40 shards=8",
        "model=rectified-flow data=wide-x.npy,conditions=wide-c.npy context=auto net.hidden=4"
        " optimizer=sgd lr=1e3 steps=90 batch=23 shards=5",
    };
    wide_file("wide-x.npy", 1);
    wide_file("wide-c.npy", 2);
    for (int i = 0; i < 2; i++) {
        job j = { .folder = "bad", .config = configs[i], .stops = -1 };
        ranks_rank alone = { .work = job_run, .user = &j, .threads = 1, .memory = { .fail_at = -1 } };
        remove_run("bad");
        ranks_run(&alone, 1, 60);
        assert_non_null(strstr(alone.message, ", sample "));
        for (int ranks = 2; ranks <= 5; ranks++) {
            remove_run("bad");
            everyone_says(ranks, j, 60, job_run, -1, alone.message);
        }
    }
    remove_run("bad");
}

/* The disk of rank 0 is full when it saves. */
static bool full;
int fsync(int fd) { return full ? (errno = ENOSPC, -1) : 0; }

static void disk_is_full(const char *config)
{
    job j = { .folder = "full", .config = config, .stops = -1 };
    remove_run("full");
    full = true;
    everyone_says(3, j, 60, job_run, 0, "rank 0: ");
    full = false;
    all_run(2, 1, j);
    remove_run("one");
    all_run(1, 1, (job){ .folder = "one", .config = config, .stops = -1 });
    same_run("one", "full");
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    disk_is_full(buffered);
    disk_is_full(divided);
}

/* Memory of one rank that ends anywhere: all stop, and the folder is whole. */
static void poor_in_memory(const char *config, int64_t more)
{
    job j = { .folder = "poor", .config = config, .stops = -1 };
    remove_run("poor");
    for (int who = 0; who < 2; who++)
        for (int64_t fail_at = 40, step = 61;; fail_at += step, step += more) {
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
    all_run(1, 1, (job){ .folder = "one", .config = config, .stops = -1 });
    all_run(2, 1, j);
    same_run("one", "poor");
}

static void one_without_memory(void **state)
{
    (void)state;
    poor_in_memory(buffered, 13);
    poor_in_memory(divided, 37);
}

int main(void)
{
    CASES(cmocka_unit_test(ranks_leave_what_one_leaves), cmocka_unit_test(flows_leave_what_one_leaves),
          cmocka_unit_test(resumed_on_other_numbers),
          cmocka_unit_test(one_stops_all), cmocka_unit_test(shards_are_settled),
          cmocka_unit_test(a_rank_reads_its_shards),
          cmocka_unit_test(all_say_why), cmocka_unit_test(the_same_sample_is_named), cmocka_unit_test(a_full_disk_is_told),
          cmocka_unit_test(one_without_memory));
    return cmocka_run_group_tests(cases, setup, NULL);
}
