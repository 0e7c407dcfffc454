/* parallel.c - how many pieces a loop is worth, and a range cut in pieces. Pieces never share an
 * output. */
#include "kern.h"

int weir__threads_most(const weir__threads *threads) { return threads ? threads->most : 1; }

int weir__pieces_for(int64_t n, double cost, const weir__threads *threads)
{
    /* Nanoseconds a piece must take. Two idle cores meet in 2 to 5 microseconds, and one that
     * sleeps is woken in 50; with bounds of 10e3 and 20e3 a step of p1 or p2 on two threads took as
     * long, alone and beside a busy loop (bench/two_builds). */
    const double least_work = 40e3;
    double pieces = (double)n * cost / least_work;
    int most = weir__threads_most(threads);
    if (pieces >= most) return most;
    return pieces < 1 ? 1 : (int)pieces;
}

typedef struct division {
    int pieces;
    int64_t n;
    weir__range_fn *fn;
    void *user;
} division;

static void division_piece(void *division_, int i)
{
    const division *d = division_;
    d->fn(d->user, i, d->n * i / d->pieces, d->n * (i + 1) / d->pieces);
}

void weir__divide(const weir__threads *threads, int pieces, int64_t n, weir__range_fn *fn,
                  void *user)
{
    division d = { pieces < n ? pieces : (int)n, n, fn, user };
    if (d.pieces <= 1) fn(user, 0, 0, n);
    else threads->run(threads->workers, d.pieces, division_piece, &d);
}

/* -- passes over elements --------------------------------------------------------------------- */
enum { PASS_BLOCK = 1024 };

typedef struct pass {
    int64_t n;
    weir__pass_fn *fn;
    void *user;
} pass;

static void pass_blocks(void *pass_, int piece, int64_t begin, int64_t end)
{
    const pass *p = pass_;
    (void)piece;
    end *= PASS_BLOCK;
    p->fn(p->user, begin * PASS_BLOCK, end < p->n ? end : p->n);
}

void weir__divide_pass(const weir__threads *threads, int pieces, int64_t n, weir__pass_fn *fn,
                       void *user)
{
    pass p = { n, fn, user };
    int64_t blocks = (n + PASS_BLOCK - 1) / PASS_BLOCK;
    if (n > 0) weir__divide(threads, pieces, blocks, pass_blocks, &p);
}

void weir__parallel_range(int64_t n, const weir__threads *threads, weir__pass_fn *fn, void *user)
{
    const double cost = 0.5; /* nanoseconds an element, to and from memory */
    weir__divide_pass(threads, weir__pieces_for(n, cost, threads), n, fn, user);
}
