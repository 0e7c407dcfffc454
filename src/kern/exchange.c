/* exchange.c - copies between memory orders: squares, along one side of which y is dense, along
 * the other x. A side is one axis, or a few short ones that lie end to end in y (in x). */
#include "plan.h"

enum { STRIP = 64, NARROW = 3, EVEN = 4, LONG = 16, PLACES = 1024 };

typedef struct side {
    int dense, axes; /* the operand that is dense along it: 0, y, or 1, x; its axes */
    int64_t places;  /* in all axes */
    int64_t stride;  /* of the other operand, along the first axis */
    int64_t *at; /* PLACES offsets of the other operand; of one axis, those of its beginning */
} side;

typedef struct exchange {
    weir__plan plan; /* of the axes that are left */
    const weir__isa *k;
    char *y;
    const char *x;
    int64_t bytes;
    side rows, columns; /* y is dense along rows, x along columns */
    int64_t row_strips, column_strips;
} exchange;

static int64_t exchange_smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t strips_of(int64_t n) { return (n + STRIP - 1) / STRIP; }

static void take_out(weir__plan *p, int axis)
{
    p->ndim--;
    for (int i = axis; i < p->ndim; i++) {
        p->shape[i] = p->shape[i + 1];
        for (int o = 0; o < 2; o++) p->stride[o][i] = p->stride[o][i + 1];
    }
}

/* The axis that lies next to the end of those of `s`; -1: none */
static int next_axis(const weir__plan *p, const side *s)
{
    for (int i = 0; i < p->ndim; i++)
        if (p->stride[s->dense][i] == s->places) return i;
    return -1;
}

static void take_axis(weir__plan *p, side *s, int axis)
{
    int64_t n = p->shape[axis], stride = p->stride[1 - s->dense][axis];
    if (s->axes == 0) {
        s->stride = stride;
        for (int64_t i = 0; i < n && i < PLACES; i++) s->at[i] = i * stride;
    } else {
        for (int64_t j = 1; j < n; j++)
            for (int64_t i = 0; i < s->places; i++)
                s->at[j * s->places + i] = s->at[i] + j * stride;
    }
    s->axes++;
    s->places *= n;
    take_out(p, axis);
}

static bool begin_side(weir__plan *p, side *s, int dense)
{
    s->dense = dense;
    s->places = 1;
    int axis = next_axis(p, s);
    if (axis < 0 || p->stride[1 - dense][axis] <= 1) return false;
    take_axis(p, s, axis);
    return true;
}

static bool grow_side(weir__plan *p, side *s)
{
    int axis = next_axis(p, s);
    if (axis < 0 || p->shape[axis] * s->places > PLACES) return false;
    take_axis(p, s, axis);
    return true;
}

/* Both sides, and whether they are worth squares */
static bool find_sides(exchange *e)
{
    weir__plan *p = &e->plan;
    side *rows = &e->rows, *columns = &e->columns;
    if (!begin_side(p, rows, 0) || !begin_side(p, columns, 1)) return false;
    bool narrow = rows->places < LONG || columns->places < LONG;
    for (bool grown = narrow; grown;) {
        side *first = rows->places < columns->places ? rows : columns;
        grown = grow_side(p, first) || grow_side(p, first == rows ? columns : rows);
    }
    return rows->places >= NARROW && columns->places >= NARROW;
}

/* Where places from the first on lie in the operand that is not dense, beside the offset */
static const int64_t *places_from(const side *s, int64_t first, int64_t *offset)
{
    *offset = s->axes == 1 ? first * s->stride : 0;
    return s->axes == 1 ? s->at : s->at + first;
}

/* One tile: rows from i on, columns from j on, of the matrices at y and x */
static void exchange_tile(const exchange *e, int64_t i, int64_t j, char *y, const char *x)
{
    int64_t m = exchange_smaller(STRIP, e->rows.places - i),
            n = exchange_smaller(STRIP, e->columns.places - j);
    int64_t row, column;
    const int64_t *x_at = places_from(&e->rows, i, &row);
    const int64_t *y_at = places_from(&e->columns, j, &column);
    weir__real t = e->bytes == 4 ? WEIR__F32 : WEIR__F64;
    y += (i + column) * e->bytes;
    x += (j + row) * e->bytes;
    bool even = e->rows.axes == 1 && e->columns.axes == 1;
    if (even && e->rows.places >= EVEN && e->columns.places >= EVEN)
        e->k->transpose_copy[t](m, n, x, e->rows.stride, y, e->columns.stride);
    else e->k->transpose_places[t](m, n, x, x_at, y, y_at);
}

static void exchange_tiles(void *user, int piece, int64_t first, int64_t last)
{
    const exchange *e = user;
    int64_t at[WEIR__MAX_RANK], offset[2], tiles = e->row_strips * e->column_strips;
    (void)piece;
    for (int64_t s = first, end; s < last; s = end) {
        end = exchange_smaller(last, (s / tiles + 1) * tiles);
        weir__plan_seek(&e->plan, 2, e->plan.ndim, s / tiles, at, offset);
        for (int64_t i = s % tiles; i < s % tiles + end - s; i++)
            exchange_tile(e, i % e->row_strips * STRIP, i / e->row_strips * STRIP,
                          e->y + offset[0] * e->bytes, e->x + offset[1] * e->bytes);
    }
}

bool weir__exchange(const weir__isa *k, size_t bytes, const weir__plan *plan, void *y,
                    const void *x, const weir__threads *threads)
{
    int64_t x_at[PLACES], y_at[PLACES];
    exchange e = { .plan = *plan, .k = k, .y = y, .x = x, .bytes = (int64_t)bytes };
    e.rows.at = x_at;
    e.columns.at = y_at;
    if ((bytes != 4 && bytes != 8) || !find_sides(&e)) return false;
    int64_t matrices = 1;
    for (int i = 0; i < e.plan.ndim; i++) matrices *= e.plan.shape[i];
    e.row_strips = strips_of(e.rows.places);
    e.column_strips = strips_of(e.columns.places);
    int pieces = weir__pieces_for(matrices * e.rows.places * e.columns.places, 0.08 * (double)bytes,
                                  threads);
    weir__divide(threads, pieces, matrices * e.row_strips * e.column_strips, exchange_tiles, &e);
    return true;
}
