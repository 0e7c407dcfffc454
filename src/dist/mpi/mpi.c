/* mpi.c - messages of a group over MPI: compiled once for each MPI (libweir_mpi_*.so).
 *
 * All calls are MPI's nonblocking ones on a communicator of our own, tested in turn with a look at
 * the clock, at what another rank tells, and at the processes of this machine: so a wait ends in
 * bounded time, whatever has become of the others. What MPI can cancel is cancelled then; the
 * communicator is not used again. */
#define _GNU_SOURCE
#include <mpi.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "dist/mpi/mpi.h"

enum {
    TEXT_BYTES = 512,
    PIECE_BYTES = 1 << 30,   /* bytes of a message: MPI counts in int */
    TAG_TOLD = 0,      /* that the group ends, and why */
    TAG_SPOKEN = 1,    /* that a rank has told the user */
    TAG_FIRST = 2      /* of the group's own tags */
};

/* One that has begun; it lies in a list of all */
typedef struct mpi_exchange {
    struct mpi_exchange *next, *before;
    int peer, n, n_sends; /* requests; those that send come first */
    size_t recv_bytes;
    MPI_Request *requests;
} mpi_exchange;

typedef struct mpi_group {
    MPI_Comm comm;
    int rank, ranks;
    bool over;
    char why[TEXT_BYTES], heard[TEXT_BYTES], told[TEXT_BYTES];
    MPI_Request hears;
    mpi_exchange open;    /* the head of the list */
    struct pollfd *processes; /* [ranks] of this machine; fd -1: not known, or this one */
    double looked; /* at them last */
    double spin;   /* seconds that a wait looks without a pause */
} mpi_group;

static double mpi_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* After `spin` seconds whoever computes on the same processors goes first, the longer this waits
 * the more. */
static void mpi_pause(double waited, double spin)
{
    const struct timespec nap = { 0, waited < 0.02 ? 50000 : 1000000 };
    if (waited < spin) return;
    if (waited < spin + 2e-3) sched_yield();
    else nanosleep(&nap, NULL);
}

/* -- the end of a group ----------------------------------------------------------------------- */
static void mpi_forget(mpi_exchange *e)
{
    e->before->next = e->next;
    e->next->before = e->before;
    free(e->requests);
    free(e);
}

/* No memory of any exchange is touched any more, as far as MPI can be told so. */
static void mpi_abandon(mpi_group *g)
{
    while (g->open.next != &g->open) {
        mpi_exchange *e = g->open.next;
        for (int i = 0; i < e->n; i++) {
            if (e->requests[i] == MPI_REQUEST_NULL) continue;
            if (i >= e->n_sends) MPI_Cancel(&e->requests[i]);
            MPI_Request_free(&e->requests[i]);
        }
        mpi_forget(e);
    }
}

static void mpi_end_group(mpi_group *g, const char *text)
{
    if (!g->over) snprintf(g->why, sizeof g->why, "%s", text);
    g->over = true;
    mpi_abandon(g);
}

static bool mpi_all_sent(MPI_Request *sends, int n)
{
    int done = 1;
    for (int i = 0; i < n && done; i++)
        if (sends[i] != MPI_REQUEST_NULL
            && MPI_Test(&sends[i], &done, MPI_STATUS_IGNORE) != MPI_SUCCESS)
            return true; /* it will never be */
    return done;
}

/* To all others; small messages leave at once, and some calls of MPI carry them on. */
static void mpi_tell(mpi_group *g, int tag, const char *text)
{
    const double until = mpi_now() + 0.05;
    int n = 0;
    MPI_Request *sends = malloc((size_t)g->ranks * sizeof *sends);
    if (!sends) return;
    memcpy(g->told, text, sizeof g->told);
    for (int r = 0; r < g->ranks; r++)
        if (r != g->rank
            && MPI_Isend(g->told, TEXT_BYTES, MPI_CHAR, r, tag, g->comm, &sends[n]) == MPI_SUCCESS)
            n++;
    while (!mpi_all_sent(sends, n) && mpi_now() < until) continue;
    for (int i = 0; i < n; i++)
        if (sends[i] != MPI_REQUEST_NULL) MPI_Request_free(&sends[i]);
    free(sends);
}

static void mpi_fail(void *group, const char *text)
{
    mpi_group *g = group;
    char line[TEXT_BYTES] = "";
    if (g->over) return;
    snprintf(line, sizeof line, "%s", text);
    mpi_tell(g, TAG_TOLD, line);
    mpi_end_group(g, line);
}

static bool mpi_heard(mpi_group *g)
{
    int done = 0;
    if (g->over) return true;
    if (MPI_Test(&g->hears, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || !done) return false;
    g->heard[TEXT_BYTES - 1] = 0;
    mpi_end_group(g, g->heard);
    return true;
}

/* -- processes of this machine ---------------------------------------------------------------- */
typedef struct mpi_process {
    long pid;
    char machine[64], space[64]; /* in which such numbers mean something */
} mpi_process;

static mpi_process mpi_self(void)
{
    mpi_process p = { .pid = (long)getpid() };
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (f && !fgets(p.machine, sizeof p.machine, f)) p.machine[0] = 0;
    if (f) fclose(f);
    if (readlink("/proc/self/ns/pid", p.space, sizeof p.space - 1) < 0) p.space[0] = 0;
    return p;
}

static bool mpi_is_here(const mpi_process *p, const mpi_process *self)
{
    return p->machine[0] && p->space[0] && strcmp(p->machine, self->machine) == 0
           && strcmp(p->space, self->space) == 0 && p->pid != self->pid;
}

/* One becomes readable when the process ends, however it does. */
static int mpi_watch(const mpi_process *p, const mpi_process *self)
{
#ifdef SYS_pidfd_open
    if (mpi_is_here(p, self)) return (int)syscall(SYS_pidfd_open, (pid_t)p->pid, 0);
#endif
    return -1;
}

static bool mpi_watch_all(mpi_group *g)
{
    const mpi_process self = mpi_self();
    mpi_process *all = malloc((size_t)g->ranks * sizeof *all);
    g->processes = calloc((size_t)g->ranks, sizeof *g->processes);
    int room = all && g->processes, everywhere = 0;
    MPI_Allreduce(&room, &everywhere, 1, MPI_INT, MPI_LAND, g->comm);
    if (everywhere)
        MPI_Allgather(&self, sizeof self, MPI_BYTE, all, sizeof self, MPI_BYTE, g->comm);
    int here = 1; /* ranks of this machine */
    for (int r = 0; everywhere && r < g->ranks; r++) {
        here += mpi_is_here(&all[r], &self);
        g->processes[r] = (struct pollfd){ .fd = mpi_watch(&all[r], &self), .events = POLLIN };
    }
    g->spin = here <= sysconf(_SC_NPROCESSORS_ONLN) ? 2e-3 : 5e-5;
    free(all);
    return everywhere;
}

/* The rank whose process is no more; -1: none is known to have ended */
static int mpi_ended(mpi_group *g)
{
    const double now = mpi_now();
    if (now - g->looked < 0.02) return -1;
    g->looked = now;
    if (poll(g->processes, (nfds_t)g->ranks, 0) <= 0) return -1;
    for (int r = 0; r < g->ranks; r++)
        if (g->processes[r].revents & POLLIN) return r;
    return -1;
}

/* -- exchanges -------------------------------------------------------------------------------- */
static int mpi_pieces(size_t bytes) { return (int)((bytes + PIECE_BYTES - 1) / PIECE_BYTES); }

static int mpi_piece(size_t bytes, int i)
{
    size_t left = bytes - (size_t)i * PIECE_BYTES;
    return (int)(left < PIECE_BYTES ? left : PIECE_BYTES);
}

static mpi_exchange *mpi_exchange_new(mpi_group *g, int peer, size_t send_bytes, size_t recv_bytes)
{
    mpi_exchange *e = calloc(1, sizeof *e);
    if (!e) return NULL;
    int n = mpi_pieces(send_bytes) + mpi_pieces(recv_bytes);
    e->requests = malloc((size_t)(n > 0 ? n : 1) * sizeof *e->requests);
    if (!e->requests) {
        free(e);
        return NULL;
    }
    e->peer = peer;
    e->recv_bytes = recv_bytes;
    e->next = g->open.next;
    e->before = &g->open;
    e->next->before = e->before->next = e;
    return e;
}

static bool mpi_begin_pieces(mpi_group *g, mpi_exchange *e, int tag, const void *send, size_t bytes,
                             void *recv)
{
    for (int i = 0; i < mpi_pieces(bytes); i++) {
        MPI_Request *q = &e->requests[e->n];
        size_t at = (size_t)i * PIECE_BYTES;
        int count = mpi_piece(bytes, i);
        int s = send ? MPI_Isend((const char *)send + at, count, MPI_BYTE, e->peer, tag, g->comm, q)
                     : MPI_Irecv((char *)recv + at, count, MPI_BYTE, e->peer, tag, g->comm, q);
        if (s != MPI_SUCCESS) return false;
        e->n++;
    }
    return true;
}

/* In a group that has ended nothing begins, and the wait says so. */
static weir_status mpi_start(void *group, int peer, int tag, const void *send, size_t send_bytes,
                             void *recv, size_t recv_bytes, void **request)
{
    mpi_group *g = group;
    *request = NULL;
    if (mpi_heard(g)) {
        *request = g;
        return WEIR_OK;
    }
    mpi_exchange *e = mpi_exchange_new(g, peer, send_bytes, recv_bytes);
    if (!e) return WEIR_ERROR_MEMORY;
    *request = e;
    if (!mpi_begin_pieces(g, e, tag + TAG_FIRST, send, send_bytes, NULL)) return WEIR_ERROR_IO;
    e->n_sends = e->n;
    return mpi_begin_pieces(g, e, tag + TAG_FIRST, NULL, recv_bytes, recv) ? WEIR_OK
                                                                           : WEIR_ERROR_IO;
}

/* Of the last piece: whether it was as long as expected. */
static bool mpi_fits(mpi_group *g, const mpi_exchange *e, const MPI_Status *last)
{
    int got = 0, pieces = mpi_pieces(e->recv_bytes);
    char line[TEXT_BYTES] = "";
    if (pieces == 0) return true;
    MPI_Get_count(last, MPI_BYTE, &got);
    if (got == mpi_piece(e->recv_bytes, pieces - 1)) return true;
    snprintf(line, sizeof line, "rank %d: %d bytes to rank %d, which expected %zu", e->peer, got,
             g->rank, e->recv_bytes);
    mpi_fail(g, line);
    return false;
}

/* Whether it is done; an error ends the group. */
static bool mpi_done(mpi_group *g, mpi_exchange *e)
{
    char line[TEXT_BYTES] = "", what[MPI_MAX_ERROR_STRING] = "";
    int length = 0, done = 1, s = MPI_SUCCESS;
    MPI_Status last;
    memset(&last, 0, sizeof last);
    for (int i = 0; i < e->n && done && s == MPI_SUCCESS; i++)
        if (e->requests[i] != MPI_REQUEST_NULL) s = MPI_Test(&e->requests[i], &done, &last);
    if (s == MPI_SUCCESS) return done && mpi_fits(g, e, &last);
    MPI_Error_string(s, what, &length);
    snprintf(line, sizeof line, "rank %d: the exchange with rank %d failed: %.200s", g->rank,
             e->peer, what);
    mpi_fail(g, line);
    return false;
}

/* A process is gone: what it sent before still counts, an answer or a word why. */
static bool mpi_last_look(mpi_group *g, mpi_exchange *e, int ended)
{
    const double until = mpi_now() + 0.1;
    char line[TEXT_BYTES] = "";
    while (mpi_now() < until) {
        if (mpi_heard(g)) return false;
        if (mpi_done(g, e)) return true;
    }
    snprintf(line, sizeof line, "rank %d: its process has ended", ended);
    mpi_fail(g, line);
    return false;
}

static weir_status mpi_wait(void *group, void *request, double seconds, char *why, size_t bytes)
{
    mpi_group *g = group;
    const double begin = mpi_now();
    for (;;) {
        if (mpi_heard(g)) break;
        mpi_exchange *e = request;
        bool done = mpi_done(g, e);
        int ended = done || g->over ? -1 : mpi_ended(g);
        if (ended >= 0) done = mpi_last_look(g, e, ended);
        if (done) {
            mpi_forget(e);
            return WEIR_OK;
        }
        double waited = mpi_now() - begin;
        if (!g->over && waited > seconds) return WEIR_STOPPED;
        if (!g->over) mpi_pause(waited, g->spin);
    }
    snprintf(why, bytes, "%s", g->why);
    return WEIR_ERROR_IO;
}

/* -- opening and closing ---------------------------------------------------------------------- */
static bool mpi_started; /* by us */

static bool mpi_begin(char *why, size_t bytes)
{
    int is = 0, provided;
    if (MPI_Initialized(&is) == MPI_SUCCESS && is) return true;
    mpi_started = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) == MPI_SUCCESS;
    if (!mpi_started) snprintf(why, bytes, "MPI: could not be started: expected a launcher's help");
    return mpi_started;
}

static void mpi_end(void)
{
    int ended = 0;
    if (mpi_started && MPI_Finalized(&ended) == MPI_SUCCESS && !ended) MPI_Finalize();
    mpi_started = false;
}

static int mpi_world(void) { return (int)MPI_Comm_c2f(MPI_COMM_WORLD); }

static void mpi_free(mpi_group *g)
{
    for (int r = 0; g->processes && r < g->ranks; r++)
        if (g->processes[r].fd >= 0) close(g->processes[r].fd);
    free(g->processes);
    free(g);
}

static const char *mpi_misfit(int comm)
{
    int begun = 0, ended = 0;
    MPI_Initialized(&begun);
    MPI_Finalized(&ended);
    if (!begun || ended) return "expected a call between MPI_Init and MPI_Finalize";
    if (MPI_Comm_f2c((MPI_Fint)comm) == MPI_COMM_NULL)
        return "MPI_COMM_NULL: expected one of ranks";
    return NULL;
}

static weir_status mpi_open(weir_group *group, int comm, char *why, size_t bytes)
{
    const char *misfit = mpi_misfit(comm);
    mpi_group *g = misfit ? NULL : calloc(1, sizeof *g);
    if (!g) {
        snprintf(why, bytes, "communicator: %s", misfit ? misfit : "expected more free memory");
        return misfit ? WEIR_ERROR_ARGUMENT : WEIR_ERROR_MEMORY;
    }
    g->open.next = g->open.before = &g->open;
    bool good = MPI_Comm_dup(MPI_Comm_f2c((MPI_Fint)comm), &g->comm) == MPI_SUCCESS;
    if (good) MPI_Comm_set_errhandler(g->comm, MPI_ERRORS_RETURN);
    if (good) MPI_Comm_rank(g->comm, &g->rank);
    if (good) MPI_Comm_size(g->comm, &g->ranks);
    good = good && mpi_watch_all(g)
           && MPI_Irecv(g->heard, TEXT_BYTES, MPI_CHAR, MPI_ANY_SOURCE, TAG_TOLD, g->comm,
                        &g->hears)
                  == MPI_SUCCESS;
    if (!good) {
        mpi_free(g);
        snprintf(why, bytes, "communicator: could not be copied: expected a good one, and memory");
        return WEIR_ERROR_IO;
    }
    group->rank = g->rank;
    group->ranks = g->ranks;
    group->start = mpi_start;
    group->wait = mpi_wait;
    group->fail = mpi_fail;
    group->user = g;
    return WEIR_OK;
}

static void mpi_close(weir_group *group)
{
    mpi_group *g = group->user;
    if (!g->over) {
        MPI_Cancel(&g->hears);
        MPI_Wait(&g->hears, MPI_STATUS_IGNORE);
        MPI_Comm_free(&g->comm);
    }
    mpi_abandon(g);
    mpi_free(g);
    group->user = NULL;
}

static bool mpi_is_over(const weir_group *group) { return mpi_heard(group->user); }

static void mpi_part(weir_group *group, bool speaks, double seconds)
{
    mpi_group *g = group->user;
    const double begin = mpi_now();
    int spoken = 0;
    if (speaks) mpi_tell(g, TAG_SPOKEN, g->why);
    while (!speaks && !spoken && mpi_now() - begin < seconds) {
        if (MPI_Iprobe(MPI_ANY_SOURCE, TAG_SPOKEN, g->comm, &spoken, MPI_STATUS_IGNORE)
            != MPI_SUCCESS)
            return;
        mpi_pause(mpi_now() - begin, 0);
    }
}

const weir__mpi *weir_mpi_transport(void);
const weir__mpi *weir_mpi_transport(void)
{
    static const weir__mpi transport = {
        .size = sizeof transport,
        .version = WEIR_VERSION,
        .begin = mpi_begin,
        .world = mpi_world,
        .open = mpi_open,
        .close = mpi_close,
        .is_over = mpi_is_over,
        .part = mpi_part,
        .end = mpi_end,
    };
    return &transport;
}
