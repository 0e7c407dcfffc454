/* spline.c - splines; threads divide the elements. */
#include "kern.h"

typedef struct spline_job {
    weir__spline_fn *f;
    const weir__spline *s;
} spline_job;

static void spline_items(void *job_, int piece, int64_t first, int64_t last)
{
    const spline_job *j = job_;
    (void)piece;
    j->f(j->s, first, last);
}

static void spline_divide(weir__spline_fn *f, const weir__spline *s, double cost,
                          const weir__threads *threads)
{
    int pieces = weir__pieces_for(s->n, cost * (double)s->bins, threads);
    weir__divide(threads, pieces, s->n, spline_items, &(spline_job){ f, s });
}

void weir__spline_forward(const weir__isa *k, weir__real t, const weir__spline *s,
                          const weir__threads *threads)
{
    spline_divide(k->spline[t], s, 3, threads);
}

void weir__spline_backward(const weir__isa *k, weir__real t, const weir__spline *s,
                           const weir__threads *threads)
{
    spline_divide(k->spline_back[t], s, 5, threads);
}
