/* square_error.c - squared errors of samples; threads divide the samples. */
#include "kern.h"

typedef struct square_error_job {
    weir__square_error_fn *f;
    const weir__square_error *s;
} square_error_job;

static void square_error_samples(void *job_, int piece, int64_t first, int64_t last)
{
    const square_error_job *j = job_;
    (void)piece;
    j->f(j->s, first, last);
}

static void square_error_divide(weir__square_error_fn *f, const weir__square_error *s,
                                const weir__threads *threads)
{
    int pieces = weir__pieces_for(s->rows * (s->n + 8), 0.3, threads);
    weir__divide(threads, pieces, s->rows, square_error_samples, &(square_error_job){ f, s });
}

void weir__square_error_forward(const weir__isa *k, weir__real t, const weir__square_error *s,
                                const weir__threads *threads)
{
    square_error_divide(k->square_error[t], s, threads);
}

void weir__square_error_backward(const weir__isa *k, weir__real t, const weir__square_error *s,
                                 const weir__threads *threads)
{
    square_error_divide(k->square_error_back[t], s, threads);
}
