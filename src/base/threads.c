/* threads.c - the threads of a context: its caller and workers of its own, over pthreads.
 *
 * A job is n pieces. The caller takes piece 0 and worker i piece i; whoever is done takes pieces
 * that nobody has begun, so that a worker which the system put aside delays nothing but a piece it
 * is in the middle of. A worker that waits for the next job spins for microseconds, then sleeps.
 * Workers start with the first job that wants them and end with their context, so that the library
 * may be unloaded after weir_close; a child after fork() has none, and starts its own.
 */
#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>
#include "base/base.h"

enum {
    SPIN_NS = 100000, /* a step of small layers has gaps of 40 microseconds; to wake takes 50 */
    LOOKS = 32, /* while spinning, between two looks at the clock */
    STACK_BYTES =
        8 << 20 /* a model's loss may run in a worker: what the main thread has as a rule */
};

/* A job is known by its number (48 bits) and its pieces (16): both are read at once. No pieces: the
 * last one, workers end. */
enum { PIECES_BITS = 16, PIECES_MASK = (1 << PIECES_BITS) - 1 };

typedef struct worker {
    _Alignas(64) atomic_uint_least64_t taken; /* number of the last job of which this piece was */
    atomic_bool asleep;
    int index;
    uint64_t seen; /* the last job when it started */
    pthread_cond_t wake;
    pthread_t thread;
    weir__workers *all;
} worker;

struct weir__workers {
    weir_ctx *ctx;
    int threads, started; /* started: at[1] .. at[started] run */
    pid_t process; /* whose threads they are */
    bool busy;
    worker *at; /* [threads]; at[0] is the caller's piece alone */
    pthread_mutex_t lock; /* of falling asleep */
    pthread_cond_t done;
    /* the job: written while no piece of one is left, read by those who took a piece */
    void (*piece)(void *user, int i);
    void *user;
    fenv_t floats; /* the caller's rounding, so that bits do not depend on who works */
    _Alignas(64) atomic_uint_least64_t job;
    _Alignas(64) atomic_int left; /* pieces not finished */
    atomic_bool waiting; /* the caller sleeps until none is */
};

/* The host's OpenMP, where it has one: in a parallel region of its own all processors are busy
 * already. */
extern int omp_in_parallel(void) __attribute__((weak));

static int job_pieces(uint64_t job) { return (int)(job & PIECES_MASK); }

/* -- spinning ---------------------------------------------------------------------------------- */
static int64_t spin_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void spin_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* False: it did not come true within SPIN_NS. */
static bool spin_until(bool (*true_of)(const void *what), const void *what)
{
    int64_t end = spin_clock() + SPIN_NS;
    do {
        for (int i = 0; i < LOOKS; i++) {
            if (true_of(what)) return true;
            spin_pause();
        }
    } while (spin_clock() < end);
    return false;
}

/* -- pieces ------------------------------------------------------------------------------------ */
/* A stamp only grows, so whoever comes late, with the number of a job that is over, takes nothing.
 * */
static bool piece_take(worker *w, uint64_t number)
{
    uint_least64_t taken = atomic_load_explicit(&w->taken, memory_order_relaxed);
    while (taken < number)
        if (atomic_compare_exchange_weak(&w->taken, &taken, number)) return true;
    return false;
}

static void piece_finish(weir__workers *all)
{
    if (atomic_fetch_sub(&all->left, 1) > 1 || !atomic_load(&all->waiting)) return;
    pthread_mutex_lock(&all->lock);
    pthread_cond_signal(&all->done);
    pthread_mutex_unlock(&all->lock);
}

/* Its own piece first: what lies in its cache. Nothing of the job is read before a piece is taken,
 * for it may be over. */
static void pieces_work(weir__workers *all, int index, uint64_t job)
{
    int n = job_pieces(job);
    for (int k = 0; k < n; k++) {
        int i = (index + k) % n;
        if (!piece_take(&all->at[i], job >> PIECES_BITS)) continue;
        if (index > 0) fesetenv(&all->floats);
        all->piece(all->user, i);
        piece_finish(all);
    }
}

/* -- workers ----------------------------------------------------------------------------------- */
static bool worker_called(const void *worker_)
{
    const worker *w = worker_;
    uint64_t job = atomic_load(&w->all->job);
    return job != w->seen && (w->index < job_pieces(job) || job_pieces(job) == 0);
}

static uint64_t worker_wait(worker *w)
{
    if (!spin_until(worker_called, w)) {
        pthread_mutex_lock(&w->all->lock);
        atomic_store(&w->asleep, true);
        while (!worker_called(w)) pthread_cond_wait(&w->wake, &w->all->lock);
        atomic_store(&w->asleep, false);
        pthread_mutex_unlock(&w->all->lock);
    }
    w->seen = atomic_load(&w->all->job);
    return w->seen;
}

static void *worker_run(void *worker_)
{
    worker *w = worker_;
    for (uint64_t job = worker_wait(w); job_pieces(job) > 0; job = worker_wait(w))
        if (w->index < job_pieces(job)) pieces_work(w->all, w->index, job);
    return NULL;
}

static void worker_wake(worker *w)
{
    if (!atomic_load(&w->asleep)) return;
    pthread_mutex_lock(&w->all->lock);
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->all->lock);
}

/* The host's signals are for its own threads; a worker keeps those that its own instructions cause.
 * */
static void worker_signals(sigset_t *blocked)
{
    static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
    sigfillset(blocked);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(blocked, own[i]);
}

static bool worker_start(weir__workers *all, int index)
{
    worker *w = &all->at[index];
    pthread_attr_t attributes;
    sigset_t blocked, before;
    w->all = all;
    w->index = index;
    w->seen = atomic_load(&all->job);
    atomic_store(&w->asleep, false);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_attr_init(&attributes) != 0) return false;
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    worker_signals(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool started = pthread_create(&w->thread, &attributes, worker_run, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return started;
}

/* As they are before the first job, in this process. */
static void workers_begin(weir__workers *all)
{
    all->process = getpid();
    all->started = 0;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->done, NULL);
}

/* Workers for a job of n pieces; where the system has no more threads to give, those that run do
 * all the work. */
static void workers_start(weir__workers *all, int n)
{
    int before = errno;
    if (all->process != getpid())
        workers_begin(all); /* after fork(): threads and lock are the parent's */
    while (all->started < n - 1 && all->started < all->threads - 1) {
        if (worker_start(all, all->started + 1)) all->started++;
        else all->threads = all->started + 1;
    }
    errno = before;
}

/* Workers look at a job that is published before they sleep, and here those that sleep are looked
 * for after it is: none misses it. */
static uint64_t workers_publish(weir__workers *all, uint64_t pieces)
{
    uint64_t job = ((atomic_load(&all->job) >> PIECES_BITS) + 1) << PIECES_BITS | pieces;
    int last = pieces > 0 && (int)pieces <= all->started ? (int)pieces - 1 : all->started;
    atomic_store(&all->job, job);
    for (int i = 1; i <= last; i++) worker_wake(&all->at[i]);
    return job;
}

static bool workers_finished(const void *all_)
{
    const weir__workers *all = all_;
    return atomic_load(&all->left) == 0;
}

static void workers_wait(weir__workers *all)
{
    if (spin_until(workers_finished, all)) return;
    pthread_mutex_lock(&all->lock);
    atomic_store(&all->waiting, true);
    while (!workers_finished(all)) pthread_cond_wait(&all->done, &all->lock);
    atomic_store(&all->waiting, false);
    pthread_mutex_unlock(&all->lock);
}

weir__workers *weir__workers_new(weir_ctx *c, int threads)
{
    weir__workers *all = weir__alloc0(c, sizeof *all);
    worker *at = all ? weir__alloc0_n(c, threads, sizeof *at) : NULL;
    if (!at) {
        weir__free(c, all);
        return NULL;
    }
    all->ctx = c;
    all->threads = threads;
    all->at = at;
    workers_begin(all);
    return all;
}

void weir__workers_free(weir__workers *all)
{
    if (!all) return;
    if (all->process == getpid()) {
        workers_publish(all, 0);
        for (int i = 1; i <= all->started; i++) pthread_join(all->at[i].thread, NULL);
    }
    weir__free(all->ctx, all->at);
    weir__free(all->ctx, all);
}

void weir__workers_run(void *workers, int n, void (*piece)(void *user, int i), void *user)
{
    weir__workers *all = workers;
    bool alone = !all || n < 2 || all->busy || (omp_in_parallel && omp_in_parallel());
    if (!alone) workers_start(all, n);
    if (alone || all->started == 0) {
        for (int i = 0; i < n; i++) piece(user, i);
        return;
    }
    all->busy = true;
    all->piece = piece;
    all->user = user;
    fegetenv(&all->floats);
    atomic_store(&all->left, n);
    pieces_work(all, 0, workers_publish(all, (uint64_t)n));
    workers_wait(all);
    all->busy = false;
}
