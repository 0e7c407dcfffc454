/* modulate.c - numbers of a sample for all its places: threads divide places, or, where places are
 * summed over, columns; and rotations of lines of any strides. */
#include "kern.h"

typedef struct modulate_job {
    weir__modulate_fn *f;
    const weir__modulate *m;
} modulate_job;

static void modulate_units(void *job, int piece, int64_t first, int64_t last)
{
    const modulate_job *j = job;
    (void)piece;
    j->f(j->m, first, last);
}

void weir__modulate_forward(const weir__isa *k, weir__real t, const weir__modulate *m,
                            const weir__threads *threads)
{
    int pieces = weir__pieces_for(m->batch * m->places * m->n, 0.4, threads);
    modulate_job j = { k->modulate[t], m };
    weir__divide(threads, pieces, m->batch * m->places, modulate_units, &j);
}

void weir__modulate_backward(const weir__isa *k, weir__real t, const weir__modulate *m,
                             const weir__threads *threads)
{
    int64_t blocks = (m->n + WEIR__MODULATE_COLUMNS - 1) / WEIR__MODULATE_COLUMNS;
    int pieces = weir__pieces_for(m->batch * m->places * m->n, 0.6, threads);
    modulate_job j = { k->modulate_back[t], m };
    weir__divide(threads, pieces, m->batch * blocks, modulate_units, &j);
}

/* -- rotations --------------------------------------------------------------------------------- */
typedef struct rotary_job {
    weir__rotary_fn *f;
    const weir__rotary *r;
    int64_t size;
} rotary_job;

static void rotary_lines(void *job, int piece, int64_t first, int64_t last)
{
    const rotary_job *j = job;
    const weir__rotary *r = j->r;
    (void)piece;
    for (int64_t i = first; i < last; i++) {
        char *x[4];
        for (int o = 0; o < 4; o++) {
            int64_t offset = 0;
            for (int64_t d = r->lines.ndim - 1, rest = i; d >= 0; rest /= r->lines.shape[d--])
                offset += rest % r->lines.shape[d] * r->lines.x[o].stride[d];
            x[o] = (char *)r->lines.x[o].data + offset * j->size;
        }
        j->f(r->n, x[0], x[1], x[2], x[3], r->neighbours, r->back);
    }
}

void weir__loop_rotary(const weir__isa *k, weir__real t, const weir__rotary *r,
                       const weir__threads *threads)
{
    int64_t lines = 1;
    for (int i = 0; i < r->lines.ndim; i++) lines *= r->lines.shape[i];
    rotary_job j = { k->rotary[t], r, t == WEIR__F32 ? 4 : 8 };
    weir__divide(threads, weir__pieces_for(lines * (2 * r->n + 20), 0.5, threads), lines,
                 rotary_lines, &j);
}
