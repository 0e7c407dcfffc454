/* group.c - what the ranks of a group do together, over exchanges between two of them.
 *
 * Who waits longest for whom. When a rank gives no answer, those that wait for it should say so
 * before those that wait for them do, or the message names the wrong one. So a wait for a rank that
 * computes is the shortest, T; one for a rank that may wait for k others of N is T (1 + k / N); and
 * one for what comes back, which waits for all of these, is from 2 T to 3 T. */
#include <string.h>
#include "dist/dist.h"

enum { GROUP_TEXT = 512, GROUP_SENDS = 32 /* log2 of the most ranks */ };

/* What a rank says when all agree */
typedef struct group_record {
    int64_t status;
    char text[GROUP_TEXT];
    int64_t words[WEIR__GROUP_WORDS];
} group_record;

typedef struct weir__group {
    weir_group of;
    bool over;
    char why[GROUP_TEXT + 64];
    uint64_t agreed; /* of the error's text that all have found out together */
    void **requests;       /* [ranks] */
    size_t *ends;          /* [ranks] */
    group_record *records; /* [ranks] */
} weir__group;

void weir_group_defaults_sized(weir_group *g, size_t size)
{
    const weir_group whole = { .size = sizeof whole, .ranks = 1, .seconds = 60 };
    weir__sized_defaults(g, size, &whole, sizeof whole);
}

int weir_rank(const weir_ctx *c) { return c && c->group ? c->group->of.rank : 0; }
int weir_ranks(const weir_ctx *c) { return c && c->group ? c->group->of.ranks : 1; }

/* -- opening ---------------------------------------------------------------------------------- */
static const char *group_misfit(const weir_group *g)
{
    if (weir__launch_why(g)) return weir__launch_why(g);
    if (g->ranks < 1 || g->rank < 0 || g->rank >= g->ranks)
        return "rank: expected one from 0, below the number of ranks";
    if (!(g->seconds > 0)) return "seconds: expected more than 0";
    if (g->ranks > 1 && (!g->start || !g->wait || !g->fail))
        return "NULL: expected the functions start, wait and fail";
    return NULL;
}

/* For a context that could not be made, but knows who it would have been. */
static void group_refuse(const weir_group *g, const char *text)
{
    char line[GROUP_TEXT];
    size_t used = 0;
    weir__append(line, sizeof line, &used, "rank %d: %s", g->rank, text);
    if (!group_misfit(g) && g->ranks > 1) g->fail(g->user, line);
}

void weir__group_refuse(const weir_group *given, const char *text)
{
    weir_group g = weir_group_defaults();
    if (weir__sized_read(NULL, "", "", given, &g, sizeof g)) group_refuse(&g, text);
}

bool weir__group_open(weir_ctx *c, const weir_group *given)
{
    weir_group whole = weir_group_defaults(), *g = &whole;
    if (!weir__sized_read(c, "open: group", "it from weir_group_defaults", given, g, sizeof *g))
        return false;
    const char *misfit = group_misfit(g);
    if (misfit) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "open: group: %s", misfit);
        return false;
    }
    c->grouped = true;
    if (g->ranks == 1) return true;
    /* one block, which goes with the context */
    size_t each = sizeof(void *) + sizeof(size_t) + sizeof(group_record);
    int64_t bytes = weir__size_plus(weir__size_times(g->ranks, (int64_t)each), sizeof(weir__group));
    weir__group *own = weir__alloc0_n(c, bytes, 1);
    if (!own) {
        group_refuse(g, weir_message(c));
        return false;
    }
    own->of = *g;
    own->records = (group_record *)(void *)(own + 1);
    own->ends = (size_t *)(void *)(own->records + g->ranks);
    own->requests = (void **)(void *)(own->ends + g->ranks);
    c->group = own;
    return true;
}

/* -- the end of a group ----------------------------------------------------------------------- */
static bool group_is_over(weir_ctx *c)
{
    weir__group *g = c->group;
    if (g->over) weir_fail(c, WEIR_ERROR_IO, "group: %s", g->why);
    return g->over;
}

/* `text` says which rank, and what of it. */
static bool group_end(weir_ctx *c, const char *text)
{
    weir__group *g = c->group;
    size_t used = 0;
    if (!g->over) weir__append(g->why, sizeof g->why, &used, "%s", text);
    g->over = true;
    group_is_over(c);
    return false;
}

/* The same, and this rank is the first to know. */
static bool group_tell(weir_ctx *c, const char *text)
{
    weir__group *g = c->group;
    if (!g->over) g->of.fail(g->of.user, text);
    return group_end(c, text);
}

bool weir__group_knows(const weir_ctx *c)
{
    return c->group && !weir_ok(c) && c->group->agreed == weir__hash_text(weir_message(c));
}

void weir__group_fail(weir_ctx *c)
{
    char text[GROUP_TEXT];
    size_t used = 0;
    if (!c->group || c->group->over || weir_ok(c) || weir__group_knows(c)) return;
    weir__append(text, sizeof text, &used, "rank %d: %s", c->group->of.rank, weir_message(c));
    group_tell(c, text);
}

/* -- between two ranks ------------------------------------------------------------------------ */
bool weir__group_start(weir_ctx *c, int peer, weir__tag tag, const void *send, size_t send_bytes,
                       void *recv, size_t recv_bytes, void **request)
{
    weir__group *g = c->group;
    *request = NULL;
    if (!g || (send_bytes == 0 && recv_bytes == 0)) return true;
    if (group_is_over(c)) return false;
    weir_status s = g->of.start(g->of.user, peer, (int)tag, send, send_bytes, recv, recv_bytes,
                                request);
    if (s == WEIR_OK) return true;
    char text[GROUP_TEXT];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "rank %d: no exchange with rank %d could begin: %s",
                 g->of.rank, peer, weir_status_text(s));
    return group_tell(c, text);
}

bool weir__group_wait(weir_ctx *c, int peer, void *request, double behind)
{
    weir__group *g = c->group;
    char text[GROUP_TEXT] = "";
    size_t used = 0;
    if (!g || !request) return true;
    if (group_is_over(c)) return false;
    double seconds = g->of.seconds * (1 + behind);
    weir_status s = g->of.wait(g->of.user, request, seconds, text, sizeof text);
    if (s == WEIR_OK) return true;
    if (s != WEIR_STOPPED && text[0]) return group_end(c, text);
    if (s != WEIR_STOPPED)
        weir__append(text, sizeof text, &used, "rank %d: the exchange with rank %d failed: %s",
                     g->of.rank, peer, weir_status_text(s));
    else
        weir__append(text, sizeof text, &used, "rank %d: no answer to rank %d within %g s", peer,
                     g->of.rank, seconds);
    return group_tell(c, text);
}

bool weir__group_send(weir_ctx *c, int peer, weir__tag tag, const void *data, size_t bytes)
{
    void *request;
    return weir__group_start(c, peer, tag, data, bytes, NULL, 0, &request)
           && weir__group_wait(c, peer, request, 1);
}

bool weir__group_receive(weir_ctx *c, int peer, weir__tag tag, void *data, size_t bytes,
                         double behind)
{
    void *request;
    return weir__group_start(c, peer, tag, NULL, 0, data, bytes, &request)
           && weir__group_wait(c, peer, request, behind);
}

/* -- all together ----------------------------------------------------------------------------- */
/* Of the ranks [lo, hi) the first has it and gives it to the middle one; then both halves go on. */
bool weir__group_broadcast(weir_ctx *c, void *data, size_t bytes)
{
    void *sends[GROUP_SENDS];
    int peers[GROUP_SENDS], n = 0, me = weir_rank(c), ranks = weir_ranks(c), lo = 0, hi = ranks;
    bool good = true;
    while (good && hi - lo > 1) {
        int mid = lo + (hi - lo + 1) / 2;
        double behind = 2 - (double)(hi - lo) / ranks;
        if (me == lo) {
            peers[n] = mid;
            good = weir__group_start(c, mid, WEIR__TAG_BROADCAST, data, bytes, NULL, 0, &sends[n]);
            n++;
        }
        if (me == mid) good = weir__group_receive(c, lo, WEIR__TAG_BROADCAST, data, bytes, behind);
        if (me < mid) hi = mid;
        else lo = mid;
    }
    for (int i = 0; good && i < n; i++) good = weir__group_wait(c, peers[i], sends[i], 1);
    return good;
}

/* Rank 0 takes the parts of the others as they come. */
static bool group_take(weir_ctx *c, char *all, const size_t *ends)
{
    void **requests = c->group->requests;
    int ranks = weir_ranks(c);
    bool good = true;
    for (int r = 1; good && r < ranks; r++)
        good = weir__group_start(c, r, WEIR__TAG_GATHER, NULL, 0, all + ends[r - 1],
                                 ends[r] - ends[r - 1], &requests[r]);
    for (int r = 1; good && r < ranks; r++) good = weir__group_wait(c, r, requests[r], 0);
    return good;
}

bool weir__group_collect(weir_ctx *c, void *all, const size_t *ends)
{
    int me = weir_rank(c);
    if (!c->group) return true;
    if (me == 0) return group_take(c, all, ends);
    size_t from = ends[me - 1];
    return weir__group_send(c, 0, WEIR__TAG_GATHER, (char *)all + from, ends[me] - from);
}

bool weir__group_gather(weir_ctx *c, void *all, const size_t *ends)
{
    return weir__group_collect(c, all, ends)
           && (!c->group || weir__group_broadcast(c, all, ends[weir_ranks(c) - 1]));
}

bool weir__group_exchange(weir_ctx *c, void *all, const size_t *ends)
{
    char *at = all;
    int me = weir_rank(c), ranks = weir_ranks(c);
    bool good = true;
    if (!c->group) return true;
    size_t from = me > 0 ? ends[me - 1] : 0;
    for (int r = 0; good && r < ranks; r++) {
        size_t begin = r > 0 ? ends[r - 1] : 0;
        if (r == me) continue;
        good = weir__group_start(c, r, WEIR__TAG_GATHER, at + from, ends[me] - from, at + begin,
                                 ends[r] - begin, &c->group->requests[r]);
    }
    for (int r = 0; good && r < ranks; r++)
        if (r != me) good = weir__group_wait(c, r, c->group->requests[r], 1);
    return good;
}

/* As many bytes of each */
static bool group_gather_equal(weir_ctx *c, void *all, size_t each)
{
    weir__group *g = c->group;
    for (int r = 0; r < g->of.ranks; r++) g->ends[r] = (size_t)(r + 1) * each;
    return weir__group_gather(c, all, g->ends);
}

/* -- agreeing --------------------------------------------------------------------------------- */
static void group_write(weir_ctx *c, group_record *mine, int n, const weir__group_word *words)
{
    size_t used = 0;
    *mine = (group_record){ .status = weir_status_of(c) };
    weir__append(mine->text, sizeof mine->text, &used, "%s", weir_message(c));
    for (int i = 0; i < n; i++) mine->words[i] = words[i].value;
}

static bool group_all_well(weir_ctx *c)
{
    const weir__group *g = c->group;
    for (int r = 0; r < g->of.ranks; r++) {
        const group_record *one = &g->records[r];
        if (one->status == WEIR_OK) continue;
        weir_fail(c, (weir_status)one->status, "rank %d: %s", r, one->text);
        return false;
    }
    return true;
}

static bool group_same(weir_ctx *c, const char *who, int n, const weir__group_word *words)
{
    const weir__group *g = c->group;
    for (int r = 1; r < g->of.ranks; r++)
        for (int i = 0; i < n; i++) {
            int64_t first = g->records[0].words[i], other = g->records[r].words[i];
            if (first == other) continue;
            weir_fail(
                c, WEIR_ERROR_STATE,
                "%s: rank %d: %s %lld: expected %lld, as on rank 0, and the same calls on all", who,
                r, words[i].name, (long long)other, (long long)first);
            return false;
        }
    return true;
}

/* An error that all have by now ends no group. */
static bool group_found(weir_ctx *c, bool well)
{
    if (!well) c->group->agreed = weir__hash_text(weir_message(c));
    return well;
}

bool weir__group_agree(weir_ctx *c, const char *who, int n, const weir__group_word *mine)
{
    weir__group *g = c->group;
    if (!g) return weir_ok(c);
    group_write(c, &g->records[g->of.rank], n, mine);
    if (!group_gather_equal(c, g->records, sizeof *g->records)) return false;
    return group_found(c, group_all_well(c) && group_same(c, who, n, mine));
}

bool weir__group_any(weir_ctx *c, int64_t *bits)
{
    weir__group *g = c->group;
    if (!g) return weir_ok(c);
    group_write(c, &g->records[g->of.rank], 1, &(weir__group_word){ .value = *bits });
    if (!group_gather_equal(c, g->records, sizeof *g->records)) return false;
    for (int r = 0; r < g->of.ranks; r++) *bits |= g->records[r].words[0];
    return group_found(c, group_all_well(c));
}
