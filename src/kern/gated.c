/* gated.c - a f(b) and its gradient: tables' functions of one block after the other, so that what
 * lies between them stays in the first cache; threads divide the rows. */
#include "kern.h"

enum { GATED_BLOCK = 512 };

typedef struct gated_job {
    const weir__isa *k;
    weir__real t;
    const weir__gated *p;
    int64_t size;
} gated_job;

static const weir__unary gated_values[WEIR__BOTHS] = {
#define F(n) WEIR__U_##n,
    WEIR__BOTH_LIST(F)
#undef F
};

static const char *gated_at(const void *x, int64_t i, int64_t size)
{
    return (const char *)x + i * size;
}

static void gated_forward_block(const gated_job *j, int64_t row, int64_t from, int64_t n)
{
    double gate[GATED_BLOCK];
    const weir__gated *p = j->p;
    const char *a = gated_at(p->x, 2 * row * p->n + from, j->size);
    const char *b = a + p->n * j->size;
    char *y = (char *)p->y + (row * p->n + from) * j->size;
    j->k->unary[j->t][gated_values[p->f]](n, gate, 1, b, 1, NULL);
    j->k->binary[j->t][WEIR__B_mul](n, y, 1, a, 1, gate, 1);
}

/* g f(b) and g a f'(b) */
static void gated_backward_block(const gated_job *j, int64_t row, int64_t from, int64_t n)
{
    double gate[GATED_BLOCK], slope[GATED_BLOCK];
    const weir__gated *p = j->p;
    weir__binary_fn *mul = j->k->binary[j->t][WEIR__B_mul];
    int64_t at = 2 * row * p->n + from;
    const char *a = gated_at(p->x, at, j->size), *b = a + p->n * j->size;
    const char *g = gated_at(p->g, row * p->n + from, j->size);
    char *ga = (char *)p->gx + at * j->size, *gb = ga + p->n * j->size;
    j->k->both[j->t][p->f](n, gate, slope, b);
    mul(n, ga, 1, g, 1, gate, 1);
    mul(n, slope, 1, slope, 1, a, 1);
    mul(n, gb, 1, g, 1, slope, 1);
}

static void gated_rows(void *job, int piece, int64_t first, int64_t last)
{
    const gated_job *j = job;
    int64_t n = j->p->n;
    (void)piece;
    for (int64_t i = first; i < last; i++)
        for (int64_t from = 0; from < n; from += GATED_BLOCK) {
            int64_t left = n - from < GATED_BLOCK ? n - from : GATED_BLOCK;
            if (j->p->gx) gated_backward_block(j, i, from, left);
            else gated_forward_block(j, i, from, left);
        }
}

void weir__loop_gated(const weir__isa *k, weir__real t, const weir__gated *p,
                      const weir__threads *threads)
{
    gated_job j = { k, t, p, t == WEIR__F32 ? 4 : 8 };
    int pieces = weir__pieces_for(p->rows * p->n, p->gx ? 1.6 : 1.0, threads);
    weir__divide(threads, pieces, p->rows, gated_rows, &j);
}
