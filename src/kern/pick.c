/* pick.c - one axis by index: elements picked or added to, and where along an axis the largest is.
 * One thread: additions to one place come in the order of the index. */
#include <string.h>
#include "plan.h"

typedef struct pick {
    weir__plan plan;
    char *x[3];
    int64_t bytes[3];
    int64_t along, n;
} pick;

typedef void inner_fn(const pick *p, int64_t n, char *const *x, const int64_t *s);

static bool pick_start(pick *p, const weir__loop *l, int operands, int64_t bytes, int64_t along)
{
    if (!weir__plan_make(&p->plan, l, operands)) return false;
    for (int o = 0; o < operands; o++) {
        p->x[o] = l->x[o].data;
        p->bytes[o] = bytes;
    }
    p->along = along;
    return true;
}

/* log2 of the bytes of an element: 1, 2, 4 or 8 */
static int size_index(size_t bytes)
{
    int i = 0;
    while (bytes >> i > 1) i++;
    return i;
}

static void pick_run(const pick *p, int operands, inner_fn *f)
{
    int64_t at[WEIR__MAX_RANK], offset[4], s[3] = { 0 };
    int inner = p->plan.ndim - 1;
    for (int o = 0; o < operands; o++) s[o] = p->plan.stride[o][inner];
    weir__plan_seek(&p->plan, operands, inner, 0, at, offset);
    for (int64_t i = 0; i < p->plan.outer; i++) {
        char *x[3] = { 0 };
        for (int o = 0; o < operands; o++) x[o] = p->x[o] + offset[o] * p->bytes[o];
        f(p, p->plan.shape[inner], x, s);
        weir__plan_next(&p->plan, operands, inner, at, offset);
    }
}

/* -- gather ------------------------------------------------------------------------------------ */
#define GATHER(bits) \
    static void gather##bits(const pick *p, int64_t n, char *const *x, const int64_t *s) \
    { \
        uint##bits##_t *y = (uint##bits##_t *)(void *)x[0]; \
        const uint##bits##_t *from = (const uint##bits##_t *)(void *)x[1]; \
        const int64_t *index = (const int64_t *)(void *)x[2]; \
        bool within = s[0] == 1 && s[1] == 0 && s[2] == 1 && p->along == 1; \
        for (int64_t i = 0; within && i < n; i++) y[i] = from[index[i]]; \
        for (int64_t i = 0; !within && i < n; i++) \
            y[i * s[0]] = from[i * s[1] + index[i * s[2]] * p->along]; \
    }
GATHER(8)
GATHER(16)
GATHER(32)
GATHER(64)
#undef GATHER

void weir__loop_gather(size_t bytes, const weir__loop *l, int64_t along)
{
    pick p;
    if (!pick_start(&p, l, 3, (int64_t)bytes, along)) return;
    p.bytes[2] = sizeof(int64_t);
    static inner_fn *const gathers[] = { gather8, gather16, gather32, gather64 };
    pick_run(&p, 3, gathers[size_index(bytes)]);
}

/* -- lines of columns -------------------------------------------------------------------------- */
typedef struct lines {
    weir__plan plan;
    const weir__pick *p;
    weir__pick_fn *f;
    char *y;
    const char *x;
    int64_t bytes;
} lines;

/* Lines first .. last-1, as many at a time as are evenly spaced */
static void pick_lines(void *user, int piece, int64_t first, int64_t last)
{
    const lines *u = user;
    const weir__plan *p = &u->plan;
    int inner = p->ndim - 1;
    int64_t at[WEIR__MAX_RANK], offset[2], some;
    (void)piece;
    for (int64_t i = first; i < last; i += some) {
        weir__plan_seek(p, 2, p->ndim, i, at, offset);
        some = p->shape[inner] - at[inner];
        if (some > last - i) some = last - i;
        u->f(u->p, some, u->x + offset[1] * u->bytes, p->stride[1][inner],
             u->y + offset[0] * u->bytes, p->stride[0][inner]);
    }
}

/* Whole lines are transposed: worth it where most of their columns are read, of several lines. */
static bool run_lines(lines *u, const weir__loop *l, const weir__pick *p,
                      const weir__threads *threads)
{
    enum { FEW = 4 };
    bool whole = p->m <= WEIR__PICK_MOST && p->m <= 2 * p->n;
    if (!whole || !weir__plan_make(&u->plan, l, 2)) return false;
    int64_t side_by_side = u->plan.shape[u->plan.ndim - 1];
    if (side_by_side < FEW) return false;
    u->p = p;
    u->y = l->x[0].data;
    u->x = l->x[1].data;
    int64_t count = u->plan.outer * side_by_side;
    int pieces = weir__pieces_for(count * (p->m + p->n), 0.3, threads);
    weir__divide(threads, pieces, count, pick_lines, u);
    return true;
}

bool weir__loop_pick(const weir__isa *k, size_t bytes, const weir__loop *l, const weir__pick *p,
                     const weir__threads *threads)
{
    if (bytes != 4 && bytes != 8) return false;
    lines u = { .f = k->pick_columns[bytes == 8], .bytes = (int64_t)bytes };
    return run_lines(&u, l, p, threads);
}

bool weir__loop_pick_add(const weir__isa *k, weir__real t, const weir__loop *l, const weir__pick *p,
                         const weir__threads *threads)
{
    lines u = { .f = k->add_columns[t], .bytes = t == WEIR__F32 ? 4 : 8 };
    return run_lines(&u, l, p, threads);
}

/* -- blocks ------------------------------------------------------------------------------------ */
typedef struct blocks {
    const weir__pick *p;
    size_t bytes;
    char *y;
    const char *x;
} blocks;

/* Blocks first .. last-1 of y; those that lie side by side in x as well at once */
static void pick_blocks(void *user, int piece, int64_t first, int64_t last)
{
    const blocks *b = user;
    const int64_t *index = b->p->index;
    (void)piece;
    for (int64_t k = first, some; k < last; k += some) {
        int64_t row = k / b->p->n, j = k % b->p->n;
        int64_t most = b->p->n - j < last - k ? b->p->n - j : last - k;
        for (some = 1; some < most && index[j + some] == index[j] + some;) some++;
        const char *x = b->x + (size_t)(row * b->p->m + index[j]) * b->bytes;
        memcpy(b->y + (size_t)k * b->bytes, x, (size_t)some * b->bytes);
    }
}

void weir__pick_blocks(const weir__pick *p, int64_t rows, size_t bytes, void *y, const void *x,
                       const weir__threads *threads)
{
    blocks b = { p, bytes, y, x };
    int pieces = weir__pieces_for(rows * p->n, 10 + 0.08 * (double)bytes, threads);
    weir__divide(threads, pieces, rows * p->n, pick_blocks, &b);
}

/* -- scatter ----------------------------------------------------------------------------------- */
#define PUT(bits) \
    static void put##bits(const pick *p, int64_t n, char *const *x, const int64_t *s) \
    { \
        uint##bits##_t *y = (uint##bits##_t *)(void *)x[0]; \
        const uint##bits##_t *from = (const uint##bits##_t *)(void *)x[1]; \
        const int64_t *index = (const int64_t *)(void *)x[2]; \
        for (int64_t i = 0; i < n; i++) y[i * s[0] + index[i * s[2]] * p->along] = from[i * s[1]]; \
    }
PUT(8)
PUT(16)
PUT(32)
PUT(64)
#undef PUT

void weir__loop_scatter(size_t bytes, const weir__loop *l, int64_t along)
{
    pick p;
    if (!pick_start(&p, l, 3, (int64_t)bytes, along)) return;
    p.bytes[2] = sizeof(int64_t);
    static inner_fn *const puts[] = { put8, put16, put32, put64 };
    pick_run(&p, 3, puts[size_index(bytes)]);
}

/* -- the adjoint of gather --------------------------------------------------------------------- */
#define SCATTER(T) \
    static void scatter_##T(const pick *p, int64_t n, char *const *x, const int64_t *s) \
    { \
        T *y = (T *)(void *)x[0]; \
        const T *from = (const T *)(void *)x[1]; \
        const int64_t *index = (const int64_t *)(void *)x[2]; \
        for (int64_t i = 0; i < n; i++) \
            y[i * s[0] + index[i * s[2]] * p->along] += from[i * s[1]]; \
    }
SCATTER(float)
SCATTER(double)
#undef SCATTER

void weir__loop_scatter_add(weir__real t, const weir__loop *l, int64_t along)
{
    pick p;
    if (!pick_start(&p, l, 3, t == WEIR__F32 ? 4 : 8, along)) return;
    p.bytes[2] = sizeof(int64_t);
    pick_run(&p, 3, t == WEIR__F32 ? scatter_float : scatter_double);
}

/* -- the first of the largest; NaN is larger than any number ----------------------------------- */
#define ABOVE(a, b) ((a) > (b) || ((a) != (a) && (b) == (b)))
#define MORE(a, b) ((a) > (b))
#define LESS(a, b) ((a) < (b))
#define ARGMAX(name, T, better) \
    static void name(const pick *p, int64_t n, char *const *x, const int64_t *s) \
    { \
        int64_t *y = (int64_t *)(void *)x[0]; \
        for (int64_t i = 0; i < n; i++) { \
            const T *v = (const T *)(void *)x[1] + i * s[1]; \
            int64_t best = 0; \
            T top = v[0]; \
            for (int64_t j = 1; j < p->n; j++) { \
                T next = v[j * p->along]; \
                if (!better(next, top)) continue; \
                best = j; \
                top = next; \
            } \
            y[i * s[0]] = best; \
        } \
    }
ARGMAX(argmax_float, float, ABOVE)
ARGMAX(argmax_double, double, ABOVE)
ARGMAX(argmax_i64, int64_t, MORE)
ARGMAX(argmin_i64, int64_t, LESS)
ARGMAX(argmax_bool, uint8_t, MORE)
ARGMAX(argmin_bool, uint8_t, LESS)
#undef ARGMAX
#undef LESS
#undef MORE
#undef ABOVE

void weir__loop_argmax(weir__real t, const weir__loop *l, int64_t n, int64_t along)
{
    pick p;
    if (!pick_start(&p, l, 2, t == WEIR__F32 ? 4 : 8, along)) return;
    p.bytes[0] = sizeof(int64_t);
    p.n = n;
    pick_run(&p, 2, t == WEIR__F32 ? argmax_float : argmax_double);
}

void weir__loop_integer_argmax(bool least, int64_t bytes, const weir__loop *l, int64_t n,
                               int64_t along)
{
    pick p;
    if (!pick_start(&p, l, 2, bytes, along)) return;
    p.bytes[0] = sizeof(int64_t);
    p.n = n;
    if (bytes == 1) pick_run(&p, 2, least ? argmin_bool : argmax_bool);
    else pick_run(&p, 2, least ? argmin_i64 : argmax_i64);
}
