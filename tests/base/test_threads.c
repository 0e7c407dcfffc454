/* test_threads.c - the threads of a context: every piece once, at once; what they leave alone;
 * fork; many contexts at once. */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>
#include "test.h"
#include "base/base.h"

static weir_ctx *open_threads(int n)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = n;
    weir_ctx *c = weir_open_with(&o);
    assert_ok(c);
    return c;
}

/* -- every piece once ------------------------------------------------------------------------- */
typedef struct counts { int runs[8]; } counts;

static void count(void *user, int i) { ((counts *)user)->runs[i]++; }

static void every_piece_of_every_job_runs_once(void **state)
{
    (void)state;
    enum { JOBS = 3000 };
    for (int threads = 2; threads <= 8; threads += 3) {
        weir_ctx *c = open_threads(threads);
        counts seen = { 0 };
        int expected[8] = { 0 };
        for (int job = 0; job < JOBS; job++) {
            int n = 1 + job % threads;
            weir__workers_run(c->workers, n, count, &seen);
            for (int i = 0; i < n; i++) expected[i]++;
            for (int i = 0; i < threads; i++) assert_int_equal(seen.runs[i], expected[i]);
        }
        weir_close(c);
    }
    counts alone = { 0 };
    weir__workers_run(NULL, 4, count, &alone); /* a context of one thread */
    for (int i = 0; i < 4; i++) assert_int_equal(alone.runs[i], 1);
}

/* -- pieces at once --------------------------------------------------------------------------- */
/* A piece ends when all have begun, so each is another thread's. */
typedef struct meeting {
    int n;
    atomic_int begun;
    pthread_t thread[8];
    int rounding[8];
    sigset_t blocked[8];
} meeting;

static void meet(void *user, int i)
{
    meeting *m = user;
    m->thread[i] = pthread_self();
    m->rounding[i] = fegetround();
    pthread_sigmask(SIG_BLOCK, NULL, &m->blocked[i]);
    m->begun++;
    while (m->begun < m->n) usleep(10);
}

static void hold_meeting(weir_ctx *c, meeting *m, int n)
{
    *m = (meeting){ .n = n };
    weir__workers_run(c->workers, n, meet, m);
    assert_int_equal(m->begun, n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) assert_false(pthread_equal(m->thread[i], m->thread[k]));
}

static void pieces_run_at_once(void **state)
{
    (void)state;
    weir_ctx *c = open_threads(4);
    meeting m;
    for (int n = 2; n <= 4; n++) hold_meeting(c, &m, n);
    usleep(2000); /* long enough for workers to sleep, or not: either way they come */
    for (int n = 4; n >= 2; n--) hold_meeting(c, &m, n);
    weir_close(c);
}

/* -- what a job leaves alone ------------------------------------------------------------------ */
static void the_caller_keeps_its_errno_rounding_and_signals(void **state)
{
    (void)state;
    weir_ctx *c = open_threads(2);
    sigset_t usr1, before, after;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    fesetround(FE_UPWARD);
    errno = 77;
    meeting m = { .n = 2 };
    weir__workers_run(c->workers, 2, meet, &m);
    int error = errno, rounding = fegetround();
    fesetround(FE_TONEAREST);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(error, 77);
    assert_int_equal(rounding, FE_UPWARD);
    assert_int_equal(m.rounding[1], FE_UPWARD); /* a worker rounds as its caller does */
    for (int s = 1; s < 32; s++) assert_int_equal(sigismember(&before, s), sigismember(&after, s));
    static const int of_host[] = { SIGINT, SIGTERM, SIGHUP, SIGALRM, SIGCHLD, SIGUSR2, SIGPIPE };
    for (size_t i = 0; i < sizeof of_host / sizeof *of_host; i++)
        assert_true(sigismember(&m.blocked[1], of_host[i]));
    assert_false(sigismember(&m.blocked[1], SIGSEGV));
    hold_meeting(c, &m, 2);
    assert_int_equal(m.rounding[1], FE_TONEAREST);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    weir_close(c);
}

/* -- a job within a job ----------------------------------------------------------------------- */
typedef struct nest {
    weir_ctx *c;
    pthread_t outer;
    atomic_int inner, elsewhere;
} nest;

static void nest_inner(void *user, int i)
{
    nest *n = user;
    (void)i;
    n->inner++;
    if (!pthread_equal(pthread_self(), n->outer)) n->elsewhere++;
}

static void nest_outer(void *user, int i)
{
    nest own = { .c = ((nest *)user)->c, .outer = pthread_self() };
    (void)i;
    weir__workers_run(own.c->workers, 3, nest_inner, &own);
    ((nest *)user)->inner += own.inner;
    ((nest *)user)->elsewhere += own.elsewhere;
}

static void a_job_within_a_job_is_its_threads_alone(void **state)
{
    (void)state;
    nest n = { .c = open_threads(3) };
    for (int i = 0; i < 200; i++) weir__workers_run(n.c->workers, 3, nest_outer, &n);
    assert_int_equal(n.inner, 200 * 9);
    assert_int_equal(n.elsewhere, 0);
    weir_close(n.c);
}

/* -- fork: ThreadSanitizer knows no threads that a child starts ("dup thread with used id") --- */
#if !defined(__SANITIZE_THREAD__)
static int child_status(weir_ctx *c, int depth)
{
    pid_t child = fork();
    if (child == 0) {
        meeting m = { .n = 3 };
        alarm(300); /* a child that hangs fails, and ends */
        weir__workers_run(c->workers, 3, meet, &m);
        int status = depth > 0 ? child_status(c, depth - 1) : 0;
        weir_close(c);
        _exit(m.begun == 3 ? status : 1);
    }
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    return status;
}

static void a_child_has_threads_of_its_own(void **state)
{
    (void)state;
    weir_ctx *c = open_threads(3);
    meeting m;
    assert_int_equal(child_status(c, 0), 0); /* none of the parent's runs yet */
    hold_meeting(c, &m, 3);
    assert_int_equal(child_status(c, 1), 0); /* and a child of the child */
    usleep(2000);
    assert_int_equal(child_status(c, 0), 0);
    hold_meeting(c, &m, 3);
    weir_close(c);
}
#endif

/* -- contexts at once ------------------------------------------------------------------------- */
static void products(int threads, float *out)
{
    weir_ctx *c = open_threads(threads);
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(96, 256));
    weir_tensor *w = weir_randn(c, WEIR_F32, 2, SHAPE(256, 256));
    for (int i = 0; i < 30; i++) x = weir_tanh(weir_matmul(x, w));
    assert_ok(c);
    memcpy(out, weir_data(x), 96 * 256 * sizeof *out);
    weir_close(c);
}

static void *host_thread(void *out)
{
    products(2, out);
    return NULL;
}

static void contexts_work_at_once(void **state)
{
    (void)state;
    enum { HOSTS = 3, N = 96 * 256 };
    float *out = malloc((HOSTS + 1) * N * sizeof *out);
    pthread_t host[HOSTS];
    products(1, out);
    for (int i = 0; i < HOSTS; i++)
        assert_int_equal(pthread_create(&host[i], NULL, host_thread, out + (i + 1) * N), 0);
    for (int i = 0; i < HOSTS; i++) pthread_join(host[i], NULL);
    for (int i = 1; i <= HOSTS; i++) assert_memory_equal(out, out + i * N, N * sizeof *out);
    free(out);
}

/* -- opening and closing ---------------------------------------------------------------------- */
static void every_allocation_of_opening_may_fail(void **state)
{
    (void)state;
    for (int64_t n = 0;; n++) {
        test_memory m = { .fail_at = n };
        weir_open_opts o = weir_open_defaults();
        o.resize = test_resize;
        o.resize_user = &m;
        o.threads = 3;
        weir_ctx *c = weir_open_with(&o);
        bool done = weir_ok(c);
        assert_int_equal(weir_status_of(c), done ? WEIR_OK : WEIR_ERROR_MEMORY);
        weir_close(c);
        assert_int_equal(m.out, 0);
        if (done) break;
    }
}

static void contexts_come_and_go(void **state)
{
    (void)state;
    meeting m;
    for (int i = 0; i < 300; i++) {
        weir_ctx *c = open_threads(2 + i % 3);
        if (i % 2) hold_meeting(c, &m, 2);
        weir_ctx *w = weir_worker_open(c, 2);
        assert_int_equal(weir_threads(w), 2);
        if (i % 3) hold_meeting(w, &m, 2);
        weir_close(w);
        weir_close(c);
    }
}

int main(void)
{
    CASES(cmocka_unit_test(every_piece_of_every_job_runs_once),
          cmocka_unit_test(pieces_run_at_once),
          cmocka_unit_test(the_caller_keeps_its_errno_rounding_and_signals),
          cmocka_unit_test(a_job_within_a_job_is_its_threads_alone),
#if !defined(__SANITIZE_THREAD__)
          cmocka_unit_test(a_child_has_threads_of_its_own),
#endif
          cmocka_unit_test(contexts_work_at_once),
          cmocka_unit_test(every_allocation_of_opening_may_fail),
          cmocka_unit_test(contexts_come_and_go));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
