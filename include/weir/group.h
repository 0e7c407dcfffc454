/* weir/group.h - several processes that train one model: what the library needs of them.
 *
 *     weir_group g = weir_group_defaults();            // one process; a host fills in its own
 *     weir_open_opts o = weir_open_defaults();
 *     o.group = &g;
 *     weir_ctx *mine = weir_open_with(&o);
 *     printf("rank %d of %d\n", weir_rank(mine), weir_ranks(mine));
 *     weir_close(mine);
 *     printf("%d\n", weir_ranks(c));                    // of a context without a group: 1
 *
 * A group is N processes, or threads each with a context of its own, numbered by rank from 0. All
 * make the same calls with the same arguments. Of a training step (weir_train_step_with) in S
 * shards rank r computes the shards [r S / N, (r + 1) S / N); gradients are added in the fixed tree
 * of shards, whoever has them. So the bits are those of one process with S shards, whatever N is.
 * Losses, the norm that clips, buffers and what is returned are those of the whole batch, on every
 * rank. More ranks than shards is an error.
 *
 * An error that one rank meets in a step, while it computes, becomes every rank's, in one line
 * that names it, and the group continues. A rank that closes its context with an error set, or
 * cannot open it, that fails between two exchanges, or gives no answer for so many seconds ends the
 * group: every further exchange is an error (WEIR_ERROR_IO) of one line that names the rank.
 *
 * A run (weir/train.h) is opened and trained by all ranks alike. Rank 0 reads and writes the
 * folder, all read the data; what the folder holds does not depend on N, and another N may resume
 * it. train.shards is 8 unless said, of one rank too, above 8 ranks 64. Scores of a data set and
 * samples to a file are divided.
 *
 * How messages travel is the host's: three functions, over sockets or memory; or those of
 * weir_group_mpi. */
#ifndef WEIR_GROUP_H
#define WEIR_GROUP_H
#include "weir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_group {
    size_t size; /* of this struct, set by weir_group_defaults */
    int rank, ranks; /* this process's number, from 0, and how many there are */
    /* Longest time that another rank is waited for, in seconds; up to three times as long where it
     * waits for others itself, so that the message names the rank that everyone waits for. */
    double seconds;
    /* Begins an exchange with another rank and returns at once: send_bytes from `send` to it,
     * recv_bytes from it into `recv`; either may be 0. Both memories are the exchange's until wait
     * has said that it is done. Messages of one tag between two ranks arrive in the order in which
     * they were begun, and are as long as the receiver expects. Any status but WEIR_OK: it could
     * not be begun, and the group ends. */
    weir_status (*start)(void *user, int peer, int tag, const void *send, size_t send_bytes,
                         void *recv, size_t recv_bytes, void **request);
    /* Waits for its end, at most so many seconds. WEIR_OK: done, the request is gone. WEIR_STOPPED:
     * not yet. Any other: a rank has failed, and `why` gets the line that says which and how: what
     * it told by `fail`, or what the transport itself found, "rank 2: connection lost". Then, and
     * after `fail`, no memory of any exchange is touched any more. */
    weir_status (*wait)(void *user, void *request, double seconds, char *why, size_t bytes);
    /* Tells the other ranks, as far as they can be told, that the group ends and why, in one line
     * that names a rank; returns at once. The first such line stands. */
    void (*fail)(void *user, const char *text);
    void *user;
} weir_group;

/* weir_group_defaults(): rank 0 of 1, 60 seconds, without functions. */
WEIR_API void weir_group_defaults_sized(weir_group *g, size_t size);
WEIR_DEFAULTS(weir_group, weir_group_defaults)

/* The group of an MPI program's communicator; g->seconds stays what it is:
 *
 *     weir_group_mpi(&g, MPI_Comm_c2f(MPI_COMM_WORLD));
 *
 * `comm` is the handle that the communicator has in Fortran, an int in every MPI, so that weir is
 * linked to none: which one the program has, Open MPI or MPICH, is found, and the file of weir's
 * that speaks it (libweir_mpi_openmpi.so, libweir_mpi_mpich.so) loaded from beside the library;
 * WEIR_MPI=openmpi, mpich or a file in the environment overrides. Collective: comm is duplicated.
 * Between MPI_Init and MPI_Finalize; MPI is called by the thread that calls weir, and by no other.
 * Not WEIR_OK: it could not be had, and weir_open_with of g is an error that says why. */
WEIR_API weir_status weir_group_mpi(weir_group *g, int comm);
/* Gives it back, when no context has it any more; collective, unless the group has ended. */
WEIR_API void weir_group_mpi_free(weir_group *g);

/* Of the group that the context was opened with: 0 of 1 where there is none. */
WEIR_API int weir_rank(const weir_ctx *c);
WEIR_API int weir_ranks(const weir_ctx *c);

#ifdef __cplusplus
}
#endif
#endif
