/* rows.c - functions of whole rows over many of them; threads divide the rows. */
#include "kern.h"

typedef struct job {
    weir__row_fn *f;
    const weir__rows *r;
    int64_t bytes;
} job;

static void job_rows(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    const weir__rows *r = j->r;
    (void)piece;
    for (int64_t i = first; i < last; i++)
        j->f(r->n, (char *)r->y + i * r->y_row * j->bytes, (const char *)r->a + i * r->n * j->bytes,
             r->b ? (const char *)r->b + i * r->n * j->bytes : NULL);
}

void weir__loop_rows(const weir__kern *k, weir__real t, weir__row f, const weir__rows *r,
                     const weir__threads *threads)
{
    job j = { k->row[t][f], r, t == WEIR__F32 ? 4 : 8 };
    int pieces = weir__pieces_for(r->rows * (r->n + 16), 1.5, threads);
    weir__divide(threads, pieces, r->rows, job_rows, &j);
}
