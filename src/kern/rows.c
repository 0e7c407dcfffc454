/* rows.c - functions of whole rows over many of them; threads divide the rows. */
#include "kern.h"

typedef struct job {
    weir__row_fn *f;
    weir__short_rows_fn *several; /* NULL: rows go one by one */
    weir__row which;
    int64_t most; /* of several */
    const weir__rows *r;
    int64_t bytes;
} job;

static void job_rows(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    const weir__rows *r = j->r;
    (void)piece;
    for (int64_t i = first; j->several && i < last; i += j->most)
        j->several(j->which, last - i < j->most ? last - i : j->most, r->n,
                   (char *)r->y + i * r->y_row * j->bytes, r->y_row,
                   (const char *)r->a + i * r->n * j->bytes,
                   r->b ? (const char *)r->b + i * r->n * j->bytes : NULL);
    for (int64_t i = first; !j->several && i < last; i++)
        j->f(r->n, (char *)r->y + i * r->y_row * j->bytes, (const char *)r->a + i * r->n * j->bytes,
             r->b ? (const char *)r->b + i * r->n * j->bytes : NULL);
}

void weir__loop_rows(const weir__isa *k, weir__real t, weir__row f, const weir__rows *r,
                     const weir__threads *threads)
{
    bool few = r->n > 0 && r->n <= WEIR__SHORT;
    job j = {
        .f = k->row[t][f],
        .several = few ? k->short_rows[t] : NULL,
        .which = f,
        .most = k->short_rows_most[t],
        .r = r,
        .bytes = t == WEIR__F32 ? 4 : 8,
    };
    int pieces = weir__pieces_for(r->rows * (r->n + 16), 1.5, threads);
    weir__divide(threads, pieces, r->rows, job_rows, &j);
}
