/* dist.h - what the ranks of a group exchange. In a context without a group every call here does
 * nothing and is true.
 *
 * All ranks make the same calls in the same order. A call that is false has set the context's
 * error, unless it had one, and the group is over: all that follow are false. None looks at the
 * context's status, so that a rank with an error of its own still takes part in agreeing on it. */
#ifndef WEIR_DIST_H
#define WEIR_DIST_H
#include "base/base.h"
#include "weir/group.h"

/* Of one kind of message each */
typedef enum weir__tag { WEIR__TAG_BROADCAST, WEIR__TAG_GATHER, WEIR__TAG_SUM } weir__tag;

/* Fits a context with a group, which is copied; one of one rank sets c->grouped alone. False: it
 * cannot be one, the error is set. */
bool weir__group_open(weir_ctx *c, const weir_group *g);
/* For a context that could not be made: the other ranks are told. */
void weir__group_refuse(const weir_group *g, const char *text);

/* -- launch.c: the MPI of this process ------------------------------------------------------------
 * Nothing of MPI is loaded where no launcher has started the process. */
int weir__launch_rank(void); /* what the launcher's environment, or WEIR_MPI, says; -1: alone */
/* The group of all that the launcher has started; without one, one of one rank. Not WEIR_OK:
 * weir__launch_why says why, and weir_open_with of such a group does. */
weir_status weir__launch_open(weir_group *g);
const char *weir__launch_why(const weir_group *g); /* NULL: it is no group that could not be had */
bool weir__launch_is_over(const weir_group *g);
/* The end of the process: of MPI, or where the group is over once the rank that speaks has spoken.
 */
void weir__launch_close(weir_group *g, bool speaks);

/* -- between two ranks ------------------------------------------------------------------------ */
/* *request NULL: nothing is to be waited for. */
bool weir__group_start(weir_ctx *c, int peer, weir__tag tag, const void *send, size_t send_bytes,
                       void *recv, size_t recv_bytes, void **request);
/* `behind`, in [0, 2): where the peer may wait for others itself it is given so many times the
 * time more, and more than those others are. */
bool weir__group_wait(weir_ctx *c, int peer, void *request, double behind);
bool weir__group_send(weir_ctx *c, int peer, weir__tag tag, const void *data, size_t bytes);
bool weir__group_receive(weir_ctx *c, int peer, weir__tag tag, void *data, size_t bytes,
                         double behind);

/* -- all together ----------------------------------------------------------------------------- */
bool weir__group_broadcast(weir_ctx *c, void *data, size_t bytes); /* what rank 0 has */
/* As weir__group_gather below, but rank 0 alone has all of it then. */
bool weir__group_collect(weir_ctx *c, void *all, const size_t *ends);
/* Rank r has filled bytes ends[r - 1] (0 for the first) to ends[r] - 1 of `all`; then all have all
 * of it. */
bool weir__group_gather(weir_ctx *c, void *all, const size_t *ends);
/* The same, each part straight to every other rank: fewer bytes, N (N - 1) messages. */
bool weir__group_exchange(weir_ctx *c, void *all, const size_t *ends);
/* Whether all ranks are well: an error of one's context becomes that of every other, with its rank
 * before it; the lowest's where several have one. The group continues. True where `mine` is on
 * every rank what it is on rank 0; where it is not, that is an error too, on all: `mine` is n
 * words, names[i] what word i says, and values of them can be printed. */
typedef struct weir__group_word {
    const char *name; /* the same on all ranks; static */
    int64_t value;
} weir__group_word;
enum { WEIR__GROUP_WORDS = 8 };
bool weir__group_agree(weir_ctx *c, const char *who, int n, const weir__group_word *mine);
/* The same, and *bits become all that any rank has. */
bool weir__group_any(weir_ctx *c, int64_t *bits);
/* Whether the context has an error that all have by now: nobody waits for another word of it. */
bool weir__group_knows(const weir_ctx *c);
/* The context's error, where it has one, ends the group: for errors between the points where all
 * agree. */
void weir__group_fail(weir_ctx *c);

#endif
