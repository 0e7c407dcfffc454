/* assignment.c - the permutation p of least sum_i cost[i, p(i)], by shortest augmenting paths with
 * prices of columns (Jonker, Volgenant 1987): columns are first priced by their least cost, then
 * lines outbid each other for the two columns best for them, and the few that are left are assigned
 * along shortest paths. O(n^3), and about n^2 of it in practice. */
#include <math.h>
#include "diffusion/diffusion.h"

/* Bids of a round, a line: two that differ by roundings would outbid each other without end. */
enum { NOBODY = -1, BIDDING_ROUNDS = 2, MOST_BIDS = 2 };
typedef struct assignment {
    int64_t n;
    const double *cost; /* [n, n] */
    double *price; /* of columns: where assigned, cost - price is the least of its line */
    double *least; /* of the shortest path found to each column */
    int64_t *owner, *owned; /* the line of each column and the column of each line, or NOBODY */
    int64_t *from; /* the line before each column on its path */
    int64_t *left; /* columns that no shortest path has reached; before it: lines without one */
    int64_t n_left;
} assignment;

/* Prices of columns as low as lines allow; each belongs to the first line that is least there and
 * has none yet. */
static void assignment_begin(assignment *a)
{
    int64_t n = a->n;
    int64_t *line = a->from;
    for (int64_t j = 0; j < n; j++) {
        a->owner[j] = a->owned[j] = NOBODY;
        a->price[j] = a->cost[j];
        line[j] = 0;
    }
    for (int64_t i = 1; i < n; i++) {
        const double *cost = a->cost + i * n;
        for (int64_t j = 0; j < n; j++) {
            bool less = cost[j] < a->price[j];
            a->price[j] = less ? cost[j] : a->price[j];
            line[j] = less ? i : line[j];
        }
    }
    for (int64_t j = n - 1; j >= 0; j--) {
        if (a->owned[line[j]] != NOBODY) continue;
        a->owned[line[j]] = j;
        a->owner[j] = line[j];
    }
}

/* The column of least cost - price for line i, the next, and how much the second is above. */
typedef struct bid {
    int64_t best, second;
    double gap;
} bid;

static bid assignment_bid(const assignment *a, int64_t i)
{
    const double *cost = a->cost + i * a->n;
    double least = INFINITY, next = INFINITY;
    bid b = { .best = 0, .second = 0 };
    for (int64_t j = 0; j < a->n; j++) {
        double way = cost[j] - a->price[j];
        if (way >= next) continue;
        if (way < least) {
            next = least;
            b.second = b.best;
            least = way;
            b.best = j;
        } else {
            next = way;
            b.second = j;
        }
    }
    b.gap = next - least;
    return b;
}

/* Lines without a column take the one that is best for them, and its price falls to where the
 * second is as good; who had it bids next, or waits for the next round. What is still without goes
 * into a->left; returns how many. */
static int64_t assignment_bid_all(assignment *a)
{
    int64_t waiting = 0, *lines = a->left;
    for (int64_t i = 0; i < a->n; i++)
        if (a->owned[i] == NOBODY) lines[waiting++] = i;
    for (int round = 0; round < BIDDING_ROUNDS && a->n > 1; round++) {
        int64_t n = waiting, bids = 0;
        waiting = 0;
        for (int64_t k = 0; k < n; bids++) {
            int64_t i = lines[k++];
            bid b = assignment_bid(a, i);
            double price = a->price[b.best] - b.gap;
            bool falls = price < a->price[b.best];
            int64_t j = b.best;
            if (falls) a->price[j] = price;
            else if (a->owner[j] != NOBODY) j = b.second;
            int64_t before = a->owner[j];
            a->owner[j] = i;
            a->owned[i] = j;
            if (before == NOBODY) continue;
            a->owned[before] = NOBODY;
            if (falls && bids < MOST_BIDS * a->n) lines[--k] = before;
            else lines[waiting++] = before;
        }
    }
    return waiting;
}

/* From line i, reached at `so_far` by its column: paths to the columns that are left made shorter,
 * and the place in `left` of the nearest. */
static int64_t assignment_look(assignment *a, int64_t i, double base)
{
    const double *cost = a->cost + i * a->n;
    int64_t nearest = 0;
    double least = INFINITY;
    for (int64_t k = 0; k < a->n_left; k++) {
        int64_t j = a->left[k];
        double way = base + cost[j] - a->price[j];
        if (way < a->least[j]) {
            a->least[j] = way;
            a->from[j] = i;
        }
        if (a->least[j] < least) {
            least = a->least[j];
            nearest = k;
        }
    }
    return nearest;
}

/* The shortest path from line i to a column that nobody owns, and prices by its length. */
static int64_t assignment_path(assignment *a, int64_t i)
{
    double base = 0, length;
    int64_t at = i, end;
    a->n_left = a->n;
    for (int64_t j = 0; j < a->n; j++) {
        a->least[j] = INFINITY;
        a->left[j] = j;
    }
    do {
        int64_t k = assignment_look(a, at, base);
        end = a->left[k];
        length = a->least[end];
        a->left[k] = a->left[--a->n_left];
        a->left[a->n_left] = end; /* behind them: those reached */
        at = a->owner[end];
        if (at != NOBODY) base = length - (a->cost[at * a->n + end] - a->price[end]);
    } while (at != NOBODY);
    for (int64_t k = a->n_left; k < a->n; k++) {
        int64_t j = a->left[k];
        a->price[j] -= length - a->least[j];
    }
    return end;
}

/* Gives line i a column, moving others along the path. */
static void assignment_add(assignment *a, int64_t i)
{
    int64_t j = assignment_path(a, i), line;
    do {
        line = a->from[j];
        int64_t before = a->owned[line];
        a->owner[j] = line;
        a->owned[line] = j;
        j = before;
    } while (line != i);
}

weir_status weir__assign(weir_ctx *c, int64_t n, const double *cost, int64_t *partner)
{
    double *reals = weir__alloc_n(c, weir__size_times(2, n), sizeof *reals);
    int64_t *places = weir__alloc_n(c, weir__size_times(4, n), sizeof *places);
    if (reals && places && n > 0) {
        assignment a = { .n = n, .cost = cost, .owned = partner };
        a.price = reals;
        a.least = reals + n;
        a.owner = places;
        a.from = places + n;
        a.left = places + 2 * n;
        int64_t *waiting = places + 3 * n;
        assignment_begin(&a);
        int64_t count = assignment_bid_all(&a);
        for (int64_t k = 0; k < count; k++) waiting[k] = a.left[k];
        for (int64_t k = 0; k < count; k++) assignment_add(&a, waiting[k]);
    }
    weir__free(c, places);
    weir__free(c, reals);
    return weir_status_of(c);
}
