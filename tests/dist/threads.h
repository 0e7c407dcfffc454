/* threads.h - ranks as threads of one process, behind the seam of weir/group.h: each has a context of
 * its own, and a message is copied when both its ends have begun, from memory to memory, so that a
 * rank which touches either too early is seen by a sanitizer, and one that waits in a circle hangs. */
#ifndef THREADS_H
#define THREADS_H
#include <errno.h>
#include <pthread.h>
#include <time.h>
#include "test.h"

enum { RANKS = 16 };

/* One direction of an exchange */
typedef struct ranks_end {
    struct ranks_end *next; /* in order of beginning */
    int from, to, tag;
    bool sends, done;
    char *data;
    size_t bytes;
} ranks_end;

typedef struct ranks_request {
    struct ranks_request *next; /* of all, to be freed in the end */
    ranks_end send, recv;
} ranks_request;

typedef struct ranks_world {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int n;
    double seconds;
    ranks_end *open; /* whose other end has not begun */
    ranks_request *requests;
    char why[512];   /* "": none has failed */
    int64_t messages, bytes;
} ranks_world;

/* What a rank does, in a context of its own; its error may be left in c. */
typedef void ranks_work(weir_ctx *c, void *user);

typedef struct ranks_rank {
    ranks_world *world;
    int rank;
    ranks_work *work;
    void *user;
    int threads;
    test_memory memory;
    char message[768]; /* of its context in the end; "": no error */
    weir_status status;
    int64_t messages, bytes; /* of all ranks together, in the end */
} ranks_rank;

/* -- the three functions, under the lock ------------------------------------------------------ */
static inline void ranks_fail_locked(ranks_world *w, const char *text)
{
    if (!w->why[0]) snprintf(w->why, sizeof w->why, "%s", text);
    w->open = NULL; /* nothing of any exchange is touched any more */
    pthread_cond_broadcast(&w->changed);
}

static inline void ranks_begin(ranks_world *w, ranks_end *e)
{
    ranks_end **at = &w->open;
    if (w->why[0]) return;
    for (; *at; at = &(*at)->next) {
        ranks_end *o = *at;
        if (o->from != e->from || o->to != e->to || o->tag != e->tag || o->sends == e->sends)
            continue;
        if (o->bytes != e->bytes) {
            char text[128];
            snprintf(text, sizeof text, "rank %d: %zu bytes to rank %d, which expected %zu", e->from,
                     e->sends ? e->bytes : o->bytes, e->to, e->sends ? o->bytes : e->bytes);
            ranks_fail_locked(w, text);
            return;
        }
        memcpy(e->sends ? o->data : e->data, e->sends ? e->data : o->data, e->bytes);
        w->messages++;
        w->bytes += (int64_t)e->bytes;
        *at = o->next;
        o->done = e->done = true;
        pthread_cond_broadcast(&w->changed);
        return;
    }
    *at = e; /* the last */
}

static inline weir_status ranks_start(void *user, int peer, int tag, const void *send,
                                      size_t send_bytes, void *recv, size_t recv_bytes,
                                      void **request)
{
    ranks_rank *me = user;
    ranks_request *q = calloc(1, sizeof *q);
    *request = q;
    q->send = (ranks_end){ .from = me->rank, .to = peer, .tag = tag, .sends = true,
                           .data = (char *)(uintptr_t)send, .bytes = send_bytes };
    q->recv = (ranks_end){ .from = peer, .to = me->rank, .tag = tag, .data = recv,
                           .bytes = recv_bytes };
    q->send.done = send_bytes == 0;
    q->recv.done = recv_bytes == 0;
    pthread_mutex_lock(&me->world->lock);
    q->next = me->world->requests;
    me->world->requests = q;
    if (send_bytes > 0) ranks_begin(me->world, &q->send);
    if (recv_bytes > 0) ranks_begin(me->world, &q->recv);
    pthread_mutex_unlock(&me->world->lock);
    return WEIR_OK;
}

static inline struct timespec ranks_after(double seconds)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    double end = (double)t.tv_nsec * 1e-9 + seconds;
    t.tv_sec += (time_t)end;
    t.tv_nsec = (long)((end - floor(end)) * 1e9);
    return t;
}

static inline weir_status ranks_wait(void *user, void *request, double seconds, char *why,
                                     size_t bytes)
{
    ranks_world *w = ((ranks_rank *)user)->world;
    ranks_request *q = request;
    struct timespec end = ranks_after(seconds);
    weir_status s = WEIR_OK;
    pthread_mutex_lock(&w->lock);
    while (!(q->send.done && q->recv.done) && !w->why[0] && s == WEIR_OK)
        if (pthread_cond_timedwait(&w->changed, &w->lock, &end) == ETIMEDOUT) s = WEIR_STOPPED;
    bool done = q->send.done && q->recv.done;
    if (!done && w->why[0]) {
        snprintf(why, bytes, "%s", w->why);
        s = WEIR_ERROR_IO;
    }
    pthread_mutex_unlock(&w->lock);
    return done ? WEIR_OK : s;
}

static inline void ranks_fail(void *user, const char *text)
{
    ranks_world *w = ((ranks_rank *)user)->world;
    pthread_mutex_lock(&w->lock);
    ranks_fail_locked(w, text);
    pthread_mutex_unlock(&w->lock);
}

/* -- running them ----------------------------------------------------------------------------- */
static inline weir_group ranks_group(ranks_rank *r)
{
    weir_group g = weir_group_defaults();
    g.rank = r->rank;
    g.ranks = r->world->n;
    g.seconds = r->world->seconds;
    g.start = ranks_start;
    g.wait = ranks_wait;
    g.fail = ranks_fail;
    g.user = r;
    return g;
}

static inline void *ranks_thread(void *rank)
{
    ranks_rank *r = rank;
    weir_open_opts o = weir_open_defaults();
    weir_group g = ranks_group(r);
    o.threads = r->threads;
    o.group = &g;
    o.resize = test_resize;
    o.resize_user = &r->memory;
    weir_ctx *c = weir_open_with(&o);
    r->work(c, r->user);
    r->status = weir_status_of(c);
    snprintf(r->message, sizeof r->message, "%s", weir_message(c));
    weir_close(c);
    return NULL;
}

static inline void ranks_begin_world(ranks_world *w, int n, double seconds)
{
    *w = (ranks_world){ .n = n, .seconds = seconds };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
}

static inline void ranks_end_world(ranks_world *w)
{
    while (w->requests) {
        ranks_request *q = w->requests;
        w->requests = q->next;
        free(q);
    }
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
}

/* n ranks at once, each of them with its at[r], of which work, user, threads and memory are set;
 * work is the same unless set. */
static inline void ranks_run(ranks_rank *at, int n, double seconds)
{
    ranks_world w;
    pthread_t thread[RANKS];
    ranks_begin_world(&w, n, seconds);
    for (int r = 0; r < n; r++) {
        at[r].world = &w;
        at[r].rank = r;
        assert_int_equal(pthread_create(&thread[r], NULL, ranks_thread, &at[r]), 0);
    }
    for (int r = 0; r < n; r++) pthread_join(thread[r], NULL);
    for (int r = 0; r < n; r++) assert_int_equal(at[r].memory.out, 0);
    for (int r = 0; r < n; r++) at[r].messages = w.messages;
    for (int r = 0; r < n; r++) at[r].bytes = w.bytes;
    ranks_end_world(&w);
}

/* The same work by all, without an error. users NULL, or [n] of bytes each. */
static inline void ranks_all(int n, int threads, ranks_work *work, void *users, size_t each)
{
    ranks_rank at[RANKS];
    for (int r = 0; r < n; r++)
        at[r] = (ranks_rank){ .work = work, .threads = threads, .memory = { .fail_at = -1 },
                              .user = users ? (char *)users + (size_t)r * each : NULL };
    ranks_run(at, n, 60);
    for (int r = 0; r < n; r++)
        if (at[r].message[0]) fail_msg("rank %d of %d: %s", r, n, at[r].message);
}

#endif
