/* energy.c - energy distance (Szekely, Rizzo 2013), by its unbiased estimate
 *
 *     U = 2/(n m) sum |x_i - y_j| - 1/(n (n-1)) sum |x_i - x_k| - 1/(m (m-1)) sum |y_j - y_l|.
 *
 * Its variance by Hoeffding's decomposition: with a_i the mean distance of x_i from the y, b_i from
 * the other x, and likewise for y,
 *
 *     Var U = 4/n Z_x + 4/m Z_y + 2/(n (n-1)) V_xx + 2/(m (m-1)) V_yy + 4/(n m) V_xy.
 *
 * V is the mean square of the doubly centred distances, Z_x = Var(a_i - b_i) - V_xy/m - V_xx/(n-1):
 * the second terms are what finite means add to it. Where both sets are of one distribution Z is 0,
 * and an estimate of it below 0 is taken as 0: the error is then too large, by half, and never too
 * small. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include "metric/metric.h"

typedef struct opts {
    size_t size;
    bool standardize;
} opts;

static const weir_option options[] = {
    { "standardize", WEIR_OPTION_BOOL, offsetof(opts, standardize), "no", 0, 1, NULL,
      "divide columns by their deviation over both sets" },
    { 0 },
};

/* Samples by columns, [dim, n]: a block of them is walked column by column. */
typedef struct points {
    int64_t n, dim;
    double *at;
} points;

/* Distances of every sample of `from` to all of `to`: their sum and the sum of their squares. */
typedef struct pass {
    const points *from, *to;
    double *sum, *square; /* [from.n] */
} pass;

/* -- distances --------------------------------------------------------------------------------- */
enum { BLOCK = 64 };

/* Squared distances of sample i to `count` samples of `to` from `first` on. */
static void block_squares(const pass *p, int64_t i, int64_t first, int64_t count, double *square)
{
    const points *from = p->from, *to = p->to;
    for (int64_t j = 0; j < count; j++) square[j] = 0;
    for (int64_t k = 0; k < to->dim; k++) {
        const double *y = to->at + k * to->n + first;
        double x = from->at[k * from->n + i];
        for (int64_t j = 0; j < count; j++) square[j] += (x - y[j]) * (x - y[j]);
    }
}

static void pass_rows(void *pass_, int piece, int64_t begin, int64_t end)
{
    const pass *p = pass_;
    double square[BLOCK];
    for (int64_t i = begin; i < end; i++) {
        p->sum[i] = 0;
        p->square[i] = 0;
        for (int64_t first = 0; first < p->to->n; first += BLOCK) {
            int64_t count = p->to->n - first < BLOCK ? p->to->n - first : BLOCK;
            block_squares(p, i, first, count, square);
            for (int64_t j = 0; j < count; j++) {
                p->sum[i] += sqrt(square[j]);
                p->square[i] += square[j];
            }
        }
    }
}

/* Of one column in ascending order by prefix sums: sum |x - y_j| = x (2 k - n) - 2 P_k + P_n, with
 * P_k the sum of the k values up to x. */
static void pass_sorted(const pass *p)
{
    const double *x = p->from->at, *y = p->to->at;
    double total = 0, squares = 0, below = 0;
    int64_t n = p->to->n, k = 0;
    for (int64_t j = 0; j < n; j++) {
        total += y[j];
        squares += y[j] * y[j];
    }
    for (int64_t i = 0; i < p->from->n; i++) {
        for (; k < n && y[k] <= x[i]; k++) below += y[k];
        p->sum[i] = x[i] * (double)(2 * k - n) - 2 * below + total;
        p->square[i] = (double)n * x[i] * x[i] - 2 * x[i] * total + squares;
    }
}

static void pass_run(weir_ctx *c, pass p)
{
    if (p.from->dim == 1) {
        pass_sorted(&p);
        return;
    }
    double cost = (double)p.to->n * (1 + 0.5 * (double)p.to->dim); /* nanoseconds a sample */
    weir__divide(c->threads, weir__pieces_for(p.from->n, cost, c->threads), p.from->n, pass_rows,
                 &p);
}

/* -- the samples ------------------------------------------------------------------------------- */
/* Column k less its mean, over its deviation where asked for: distances stay, sums lose nothing. */
static void points_column(const weir_metric_pair *p, int64_t k, bool standardize, points *a,
                          points *b)
{
    double *x = a->at + k * a->n, *y = b->at + k * b->n, sum = 0, square = 0;
    for (int64_t i = 0; i < a->n; i++) sum += x[i] = p->a[i * p->dim + k];
    for (int64_t j = 0; j < b->n; j++) sum += y[j] = p->b[j * p->dim + k];
    double mean = sum / (double)(a->n + b->n), scale = 1;
    for (int64_t i = 0; i < a->n; i++) x[i] -= mean;
    for (int64_t j = 0; j < b->n; j++) y[j] -= mean;
    for (int64_t i = 0; i < a->n; i++) square += x[i] * x[i];
    for (int64_t j = 0; j < b->n; j++) square += y[j] * y[j];
    if (standardize && square > 0) scale = 1 / sqrt(square / (double)(a->n + b->n));
    for (int64_t i = 0; i < a->n; i++) x[i] *= scale;
    for (int64_t j = 0; j < b->n; j++) y[j] *= scale;
}

static void points_fill(const weir_metric_pair *p, bool standardize, points *a, points *b)
{
    for (int64_t k = 0; k < p->dim; k++) points_column(p, k, standardize, a, b);
    if (p->dim > 1) return;
    qsort(a->at, (size_t)a->n, sizeof *a->at, weir__ascending);
    qsort(b->at, (size_t)b->n, sizeof *b->at, weir__ascending);
}

/* -- the estimate ------------------------------------------------------------------------------ */
/* One set's side: mean distance of each sample from the other set and from the rest of its own. */
typedef struct side {
    int64_t n;
    double *across, *within; /* [n], sums that become means */
    double *square_across, *square_within;
} side;

static double mean_square(int64_t n, const double *v)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i] * v[i];
    return sum / (double)n;
}

static void side_means(side *s, int64_t others)
{
    for (int64_t i = 0; i < s->n; i++) {
        s->across[i] /= (double)others;
        s->within[i] /= (double)(s->n - 1);
    }
}

/* Mean square of doubly centred distances: E d^2 - E a^2 - E b^2 + (E d)^2. */
static double centred(double square, double mean, double rows, double columns)
{
    double v = square - rows - columns + mean * mean;
    return v > 0 ? v : 0;
}

static double side_within(const side *s)
{
    double n = (double)s->n, rows = mean_square(s->n, s->within);
    double square = weir__metric_mean(s->n, s->square_within) / (n - 1);
    return centred(square, weir__metric_mean(s->n, s->within), rows, rows);
}

/* 4 Z / n; `across` becomes a_i - b_i. */
static double side_first_order(side *s, double noise)
{
    for (int64_t i = 0; i < s->n; i++) s->across[i] -= s->within[i];
    double z = weir__metric_variance(s->n, s->across) - noise;
    return z > 0 ? 4 * z / (double)s->n : 0;
}

static weir_metric_value estimate(side *x, side *y)
{
    double n = (double)x->n, m = (double)y->n;
    side_means(x, y->n);
    side_means(y, x->n);
    double across = weir__metric_mean(x->n, x->across);
    double v_xx = side_within(x), v_yy = side_within(y);
    double v_xy = centred(weir__metric_mean(x->n, x->square_across) / m, across,
                          mean_square(x->n, x->across), mean_square(y->n, y->across));
    double value = 2 * across - weir__metric_mean(x->n, x->within)
                   - weir__metric_mean(y->n, y->within);
    double variance = 2 * v_xx / (n * (n - 1)) + 2 * v_yy / (m * (m - 1)) + 4 * v_xy / (n * m);
    variance += side_first_order(x, v_xy / m + v_xx / (n - 1));
    variance += side_first_order(y, v_xy / n + v_yy / (m - 1));
    return (weir_metric_value){ .value = value, .error = sqrt(variance), .p_value = NAN };
}

static weir_status energy_measure(weir_ctx *c, const weir_metric_pair *p, const void *options_,
                                  weir_metric_value *out)
{
    const opts *o = options_;
    int64_t both = weir__size_plus(p->n_a, p->n_b);
    int64_t room = weir__size_times(both, weir__size_plus(p->dim, 4));
    double *at = weir__alloc_n(c, room, sizeof *at);
    if (!at) return weir_status_of(c);
    points a = { p->n_a, p->dim, at }, b = { p->n_b, p->dim, at + p->n_a * p->dim };
    double *sums = at + both * p->dim;
    side x = { a.n, sums, sums + a.n, sums + 2 * a.n, sums + 3 * a.n };
    sums += 4 * a.n;
    side y = { b.n, sums, sums + b.n, sums + 2 * b.n, sums + 3 * b.n };
    points_fill(p, o->standardize, &a, &b);
    pass_run(c, (pass){ &a, &a, x.within, x.square_within });
    pass_run(c, (pass){ &a, &b, x.across, x.square_across });
    pass_run(c, (pass){ &b, &b, y.within, y.square_within });
    pass_run(c, (pass){ &b, &a, y.across, y.square_across });
    *out = estimate(&x, &y);
    weir__free(c, at);
    return weir_status_of(c);
}

const weir_metric_row weir__metric_energy = {
    .row = {
        .size = sizeof(weir_metric_row),
        .version = 1,
        .name = "metric.energy",
        .doc = "energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased: may fall below 0",
        .options = options,
        .options_size = sizeof(opts),
        .test = "standardize=yes",
    },
    .same = "0",
    .error_doc = "by Hoeffding's decomposition to second order; where equal, 1.5 times too large",
    .measure = energy_measure,
};
