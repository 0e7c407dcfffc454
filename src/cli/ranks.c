/* ranks.c - a command that the processes of a launcher (mpirun, srun) run together. All do the
 * same; rank 0 speaks and writes. At the end they tell one another how it went, so that all leave
 * with the code of whoever has something to say. */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"
#include "dist/dist.h"

static weir_group ranks_group; /* of the process; ranks 0: it has none */
static double ranks_seconds = 60;
static bool ranks_spoke; /* in place of rank 0 */
static volatile sig_atomic_t ranks_agreed = -1; /* on this code, and only MPI's own end is left */

static bool ranks_joined(void) { return ranks_group.ranks > 0; }
bool weir__ranks_first(void) { return ranks_group.rank == 0; }

const weir_group *weir__ranks_group(void) { return ranks_joined() ? &ranks_group : NULL; }

void weir__ranks_wait(double seconds)
{
    ranks_seconds = seconds;
    ranks_group.seconds = seconds;
}

/* Rank 0 speaks, unless it is the one that all others have waited for. */
bool weir__ranks_says(const char *text)
{
    bool of_first = strncmp(text, "group: rank 0: ", 15) == 0;
    if (ranks_group.ranks < 2) return true;
    if (ranks_group.rank == 1 && of_first) ranks_spoke = true;
    return ranks_group.rank == (of_first ? 1 : 0);
}

/* -- the beginning ---------------------------------------------------------------------------- */
static void ranks_late(int number)
{
    static const char text[] = "weir: MPI: not all ranks began or ended in time: expected a "
                               "launcher that starts them together\n";
    (void)number;
    if (ranks_agreed >= 0) _exit(ranks_agreed);
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(WEIR__EXIT_FAILED);
}

/* MPI's own beginning and end wait for all, without an end: MPICH over UCX may, where ranks talk by
 * TCP, when all of them have called MPI_Finalize. */
static void ranks_limit(double seconds)
{
    signal(SIGALRM, ranks_late);
    alarm(seconds > 0 && seconds < 1e6 ? (unsigned)seconds + 1 : 0);
}

/* Others hear what they need through the group. */
static void ranks_be_silent(void)
{
    weir__say_quietly();
    if (!freopen("/dev/null", "w", stdout)) fclose(stdout);
}

bool weir__ranks_begin(const weir__command *k, int *code)
{
    int rank = weir__launch_rank();
    *code = WEIR__EXIT_OK;
    if (rank < 0) return true;
    if (!k || !k->by_ranks) return rank == 0;
    ranks_limit(ranks_seconds);
    weir_status s = weir__launch_open(&ranks_group);
    ranks_limit(0);
    if (s != WEIR_OK) {
        if (rank == 0) weir__complain(WEIR__EXIT_FAILED, "%s", weir__launch_why(&ranks_group));
        *code = WEIR__EXIT_FAILED;
        return false;
    }
    if (!weir__ranks_first()) ranks_be_silent();
    return true;
}

/* -- the end ---------------------------------------------------------------------------------- */
enum { RANKS_END = 60 }; /* seconds for MPI's own, after all have agreed */

/* The largest code of all; false: the group is over. */
static bool ranks_share_code(int *code)
{
    int64_t codes[1024] = { 0 };
    size_t ends[1024];
    int ranks = ranks_group.ranks;
    weir_open_opts o = weir_open_defaults();
    if (ranks < 2 || ranks > 1024) return true;
    o.group = &ranks_group;
    o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    codes[ranks_group.rank] = *code;
    for (int r = 0; r < ranks; r++) ends[r] = (size_t)(r + 1) * sizeof *codes;
    bool good = weir_ok(c) && weir__group_gather(c, codes, ends);
    for (int r = 0; good && r < ranks; r++)
        if (codes[r] > *code) *code = (int)codes[r];
    if (!good && *code == WEIR__EXIT_OK) *code = weir__complain_ctx(c, false);
    weir_close(c);
    return good;
}

/* Where the group is over MPI cannot be ended in order: others may be gone. */
int weir__ranks_end(int code)
{
    if (!ranks_joined()) return code;
    bool over = weir__launch_is_over(&ranks_group) || !ranks_share_code(&code);
    if (over && code == WEIR__EXIT_OK) code = WEIR__EXIT_FAILED;
    fflush(NULL);
    if (!over) ranks_agreed = code;
    ranks_limit(over ? 2 * ranks_seconds : fmin(ranks_seconds, RANKS_END));
    weir__launch_close(&ranks_group, weir__ranks_first() || ranks_spoke);
    if (over) _exit(code);
    ranks_limit(0);
    return code;
}
