/* loop.c - element functions over n-d arrays of any strides. */
#include <string.h>
#include "plan.h"

typedef struct job job;
typedef void run_fn(const job *j, int64_t n, char *const *x);
struct job {
    weir__plan plan;
    int operands;
    size_t bytes[4]; /* of an element of each operand */
    char *x[4];
    run_fn *run;
    const double *p;
    union {
        weir__unary_fn *unary;
        weir__slope_fn *slope;
        weir__binary_fn *binary;
        weir__compare_fn *compare;
        weir__where_fn *where;
    } f;
};

static int64_t inner_stride(const job *j, int operand)
{
    return j->plan.stride[operand][j->plan.ndim - 1];
}

/* Runs first .. last-1 of the outer axes, elements from .. to-1 of the inner one */
static void run_part(const job *j, int64_t first, int64_t last, int64_t from, int64_t to)
{
    int64_t at[WEIR__MAX_RANK], offset[4];
    int axes = j->plan.ndim - 1;
    weir__plan_seek(&j->plan, j->operands, axes, first, at, offset);
    for (int64_t i = first; i < last; i++) {
        char *x[4] = { 0 };
        for (int o = 0; o < j->operands; o++)
            x[o] = j->x[o] + (offset[o] + from * inner_stride(j, o)) * (int64_t)j->bytes[o];
        j->run(j, to - from, x);
        weir__plan_next(&j->plan, j->operands, axes, at, offset);
    }
}

/* -- short rows beside one that repeats: [rows, n] with [n] --------------------------------------
 */
enum { REPEAT_BYTES = 4096 };

/* The operand that is the same for all rows, while all else is dense over them; -1: none */
static int repeated_along(const job *j, int row)
{
    const weir__plan *p = &j->plan;
    int found = -1;
    if (p->ndim != 2) return -1;
    for (int o = 0; o < j->operands; o++) {
        bool dense = p->stride[o][row] == 1 && p->stride[o][1 - row] == p->shape[row];
        bool same = o > 0 && p->stride[o][row] == 1 && p->stride[o][1 - row] == 0;
        if (!dense && (!same || found >= 0)) return -1;
        if (same) found = o;
    }
    bool fits = found > 0 && p->shape[row] * 2 * (int64_t)j->bytes[found] <= REPEAT_BYTES;
    return fits ? found : -1;
}
static int repeated(const job *j) { return repeated_along(j, 1); }

/* Rows so short that the plan put the other axis inside lie inside again. */
static void restore_rows(job *j)
{
    weir__plan *p = &j->plan;
    if (repeated_along(j, 0) < 0) return;
    for (int o = 0; o < j->operands; o++) {
        int64_t t = p->stride[o][0];
        p->stride[o][0] = p->stride[o][1];
        p->stride[o][1] = t;
    }
    p->outer = p->shape[1];
    p->shape[1] = p->shape[0];
    p->shape[0] = p->outer;
}

/* Rows first .. last-1, several at a time beside as many copies of the operand */
static void run_repeats(const job *j, int operand, int64_t first, int64_t last)
{
    char copies[REPEAT_BYTES] __attribute__((aligned(64)));
    int64_t n = j->plan.shape[1], bytes = n * (int64_t)j->bytes[operand];
    int64_t rows = REPEAT_BYTES / bytes;
    if (rows > last - first) rows = last - first;
    for (int64_t i = 0; i < rows; i++) memcpy(copies + i * bytes, j->x[operand], (size_t)bytes);
    for (int64_t i = first; i < last; i += rows) {
        char *x[4] = { 0 };
        for (int o = 0; o < j->operands; o++) x[o] = j->x[o] + i * n * (int64_t)j->bytes[o];
        x[operand] = copies;
        j->run(j, (last - i < rows ? last - i : rows) * n, x);
    }
}

static void run_inner(void *user, int64_t begin, int64_t end)
{
    const job *j = user;
    run_part(j, 0, j->plan.outer, begin, end);
}

static void run_outer(void *user, int piece, int64_t begin, int64_t end)
{
    const job *j = user;
    int operand = repeated(j);
    (void)piece;
    if (operand > 0) run_repeats(j, operand, begin, end);
    else run_part(j, begin, end, 0, j->plan.shape[j->plan.ndim - 1]);
}

/* Threads cut the inner loop where the outer ones are few. */
static void run_all(job *j, double cost, const weir__threads *threads)
{
    restore_rows(j);
    int64_t inner = j->plan.shape[j->plan.ndim - 1];
    int pieces = weir__pieces_for(j->plan.outer * inner, cost, threads);
    bool few = pieces > 1 && j->plan.outer < 4 * pieces;
    if (few) weir__divide_pass(threads, pieces, inner, run_inner, j);
    else weir__divide(threads, pieces, j->plan.outer, run_outer, j);
}

static size_t size_of(weir__real t) { return t == WEIR__F32 ? sizeof(float) : sizeof(double); }

static bool start(job *j, const weir__loop *l, int operands, size_t bytes)
{
    if (!weir__plan_make(&j->plan, l, operands)) return false;
    j->operands = operands;
    for (int o = 0; o < operands; o++) {
        j->bytes[o] = bytes;
        j->x[o] = l->x[o].data;
    }
    return true;
}

static void run_unary(const job *j, int64_t n, char *const *x)
{
    j->f.unary(n, x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), j->p);
}

/* About how many nanoseconds an element takes from memory */
static double unary_cost(weir__unary f)
{
    switch (f) {
    case WEIR__U_exp:
    case WEIR__U_expm1:
    case WEIR__U_log:
    case WEIR__U_log1p:
    case WEIR__U_tanh:
    case WEIR__U_sigmoid:
    case WEIR__U_softplus:
    case WEIR__U_silu:
    case WEIR__U_erf:
    case WEIR__U_sin:
    case WEIR__U_cos:
    case WEIR__U_atan:
    case WEIR__U_gelu:
    case WEIR__U_gelu_tanh:
    case WEIR__U_quick_gelu:
    case WEIR__U_logsigmoid:
    case WEIR__U_elu: return 0.8;
    case WEIR__U_pow_scalar: return 8;
    default: return 0.3;
    }
}

void weir__loop_unary(const weir__isa *k, weir__real t, weir__unary f, const weir__loop *l,
                      const double *p, const weir__threads *threads)
{
    job j = { .run = run_unary, .p = p, .f.unary = k->unary[t][f] };
    if (start(&j, l, 2, size_of(t))) run_all(&j, unary_cost(f), threads);
}

static void run_slope(const job *j, int64_t n, char *const *x)
{
    j->f.slope(n, x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2], inner_stride(j, 2),
               j->p);
}

void weir__loop_slope(const weir__isa *k, weir__real t, weir__slope f, const weir__loop *l,
                      const double *p, const weir__threads *threads)
{
    job j = { .run = run_slope, .p = p, .f.slope = k->slope[t][f] };
    if (start(&j, l, 3, size_of(t)))
        run_all(&j, f == WEIR__S_leaky_relu || f == WEIR__S_clamp ? 0.4 : 0.9, threads);
}

static void run_binary(const job *j, int64_t n, char *const *x)
{
    j->f.binary(n, x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2], inner_stride(j, 2));
}

void weir__loop_binary(const weir__isa *k, weir__real t, weir__binary f, const weir__loop *l,
                       const weir__threads *threads)
{
    job j = { .run = run_binary, .f.binary = k->binary[t][f] };
    if (start(&j, l, 3, size_of(t))) run_all(&j, f == WEIR__B_pow ? 10 : 0.4, threads);
}

static void run_compare(const job *j, int64_t n, char *const *x)
{
    j->f.compare(n, (uint8_t *)x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2],
                 inner_stride(j, 2));
}

void weir__loop_compare(const weir__isa *k, weir__real t, weir__compare f, const weir__loop *l,
                        const weir__threads *threads)
{
    job j = { .run = run_compare, .f.compare = k->compare[t][f] };
    if (!start(&j, l, 3, size_of(t))) return;
    j.bytes[0] = 1;
    run_all(&j, 0.4, threads);
}

static void run_where(const job *j, int64_t n, char *const *x)
{
    j->f.where(n, x[0], inner_stride(j, 0), (uint8_t *)x[1], inner_stride(j, 1), x[2],
               inner_stride(j, 2), x[3], inner_stride(j, 3));
}

void weir__loop_where(const weir__isa *k, weir__real t, const weir__loop *l,
                      const weir__threads *threads)
{
    job j = { .run = run_where, .f.where = k->where[t] };
    if (!start(&j, l, 4, size_of(t))) return;
    j.bytes[1] = 1;
    run_all(&j, 0.5, threads);
}

#define COPY(bits) \
    static void copy##bits(int64_t n, char *y, int64_t sy, const char *x, int64_t sx) \
    { \
        for (int64_t i = 0; i < n; i++) \
            memcpy(y + i * sy * (bits / 8), x + i * sx * (bits / 8), bits / 8); \
    }
COPY(8)
COPY(16)
COPY(32)
COPY(64)
#undef COPY

/* n times the element at x */
static void fill(int64_t n, size_t bytes, char *y, const char *x)
{
    size_t all = (size_t)n * bytes, done = bytes;
    if (n == 0) return;
    memcpy(y, x, bytes);
    while (done < all) {
        size_t more = done < 4096 ? done : 4096;
        if (more > all - done) more = all - done;
        memcpy(y + done, y, more);
        done += more;
    }
}

static void run_copy(const job *j, int64_t n, char *const *x)
{
    int64_t sy = inner_stride(j, 0), sx = inner_stride(j, 1);
    size_t bytes = j->bytes[0];
    if (sy == 1 && sx == 1) memmove(x[0], x[1], (size_t)n * bytes);
    else if (sy == 1 && sx == 0) fill(n, bytes, x[0], x[1]);
    else if (bytes == 1) copy8(n, x[0], sy, x[1], sx);
    else if (bytes == 2) copy16(n, x[0], sy, x[1], sx);
    else if (bytes == 4) copy32(n, x[0], sy, x[1], sx);
    else if (bytes == 8) copy64(n, x[0], sy, x[1], sx);
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(x[0] + i * sy * (int64_t)bytes, x[1] + i * sx * (int64_t)bytes, bytes);
}

/* Runs of the inner axis first .. last-1, dense in both, along the axis before it without a call
 * for each */
static void copy_rows(void *user, int piece, int64_t first, int64_t last)
{
    const job *j = user;
    const weir__plan *p = &j->plan;
    int64_t at[WEIR__MAX_RANK], offset[2], bytes = (int64_t)j->bytes[0], m;
    int axis = p->ndim - 2;
    size_t row = (size_t)(p->shape[axis + 1] * bytes);
    (void)piece;
    for (int64_t i = first; i < last; i += m) {
        weir__plan_seek(p, 2, axis + 1, i, at, offset);
        m = p->shape[axis] - at[axis];
        if (m > last - i) m = last - i;
        char *y = j->x[0] + offset[0] * bytes;
        const char *x = j->x[1] + offset[1] * bytes;
        for (int64_t r = 0; r < m; r++)
            memcpy(y + r * p->stride[0][axis] * bytes, x + r * p->stride[1][axis] * bytes, row);
    }
}

static bool short_rows(const job *j)
{
    enum { SHORT = 4096 };
    const weir__plan *p = &j->plan;
    int inner = p->ndim - 1;
    return inner > 0 && inner_stride(j, 0) == 1 && inner_stride(j, 1) == 1
           && p->shape[inner] * (int64_t)j->bytes[0] <= SHORT;
}

/* -- between memory orders: squares of two axes, along one of which y is dense, along the other x
 */
typedef struct exchange {
    job copy;
    const weir__isa *k;
    int rows, columns; /* axes: y has stride 1 along rows, x along columns */
    int64_t strips;    /* of columns */
} exchange;

enum { STRIP = 64, NARROW = 4 };

/* The axis along which x is dense, if y is along another and both are worth squares; else -1 */
static int exchange_axis(const job *j)
{
    const weir__plan *p = &j->plan;
    int rows = -1, columns = -1;
    for (int i = 0; i < p->ndim; i++) {
        if (p->stride[0][i] == 1 && p->stride[1][i] > 1) rows = i;
        if (p->stride[1][i] == 1 && p->stride[0][i] > 1) columns = i;
    }
    bool fits = j->bytes[0] == 4 || j->bytes[0] == 8;
    if (!fits || rows < 0 || columns < 0) return -1;
    return p->shape[rows] >= NARROW && p->shape[columns] >= NARROW ? columns : -1;
}

/* The two axes to the end, rows last */
static void to_end(weir__plan *p, int axis)
{
    int64_t n = p->shape[axis], y = p->stride[0][axis], x = p->stride[1][axis];
    for (int i = axis; i + 1 < p->ndim; i++) {
        p->shape[i] = p->shape[i + 1];
        p->stride[0][i] = p->stride[0][i + 1];
        p->stride[1][i] = p->stride[1][i + 1];
    }
    p->shape[p->ndim - 1] = n;
    p->stride[0][p->ndim - 1] = y;
    p->stride[1][p->ndim - 1] = x;
}

/* Strips first .. last-1: STRIP columns of each matrix in turn */
static void exchange_strips(void *user, int piece, int64_t first, int64_t last)
{
    const exchange *e = user;
    const weir__plan *p = &e->copy.plan;
    int64_t at[WEIR__MAX_RANK], offset[2], bytes = (int64_t)e->copy.bytes[0];
    int axes = p->ndim - 2;
    (void)piece;
    for (int64_t s = first; s < last; s++) {
        int64_t j = s % e->strips * STRIP, n = p->shape[axes] - j;
        weir__plan_seek(p, 2, axes, s / e->strips, at, offset);
        char *y = e->copy.x[0] + (offset[0] + j * p->stride[0][axes]) * bytes;
        const char *x = e->copy.x[1] + (offset[1] + j) * bytes;
        e->k->transpose_copy[bytes == 4 ? WEIR__F32 : WEIR__F64](
            p->shape[axes + 1], n < STRIP ? n : STRIP, x, p->stride[1][axes + 1], y,
            p->stride[0][axes]);
    }
}

static void run_exchange(const weir__isa *k, const job *j, int columns,
                         const weir__threads *threads)
{
    exchange e = { .copy = *j, .k = k };
    weir__plan *p = &e.copy.plan;
    int64_t elements = p->outer * p->shape[p->ndim - 1], matrices = 1;
    to_end(p, columns);
    for (int i = 0; i < p->ndim; i++)
        if (p->stride[0][i] == 1) {
            to_end(p, i);
            break;
        }
    for (int i = 0; i < p->ndim - 2; i++) matrices *= p->shape[i];
    e.strips = (p->shape[p->ndim - 2] + STRIP - 1) / STRIP;
    int pieces = weir__pieces_for(elements, 0.08 * (double)j->bytes[0], threads);
    weir__divide(threads, pieces, matrices * e.strips, exchange_strips, &e);
}

void weir__loop_copy(const weir__isa *k, size_t bytes, const weir__loop *l,
                     const weir__threads *threads)
{
    job j = { .run = run_copy };
    if (!start(&j, l, 2, bytes)) return;
    int columns = exchange_axis(&j);
    double cost = 0.08 * (double)bytes;
    if (columns >= 0) {
        run_exchange(k, &j, columns, threads);
    } else if (short_rows(&j)) {
        int pieces = weir__pieces_for(j.plan.outer * j.plan.shape[j.plan.ndim - 1], cost, threads);
        weir__divide(threads, pieces, j.plan.outer, copy_rows, &j);
    } else {
        run_all(&j, cost, threads);
    }
}

/* -- between f32 and 16 bits ------------------------------------------------------------------- */
typedef struct halves {
    weir__convert_fn *f;
    char *y;
    const char *x;
    int64_t y_bytes, x_bytes;
} halves;

static void halves_part(void *user, int64_t begin, int64_t end)
{
    const halves *h = user;
    h->f(end - begin, h->y + begin * h->y_bytes, h->x + begin * h->x_bytes);
}

void weir__from_half(const weir__isa *k, weir__half t, int64_t n, float *y, const uint16_t *x,
                     const weir__threads *threads)
{
    halves h = { k->from_half[t], (char *)y, (const char *)x, 4, 2 };
    weir__parallel_range(n, threads, halves_part, &h);
}

void weir__to_half(const weir__isa *k, weir__half t, int64_t n, uint16_t *y, const float *x,
                   const weir__threads *threads)
{
    halves h = { k->to_half[t], (char *)y, (const char *)x, 2, 4 };
    weir__parallel_range(n, threads, halves_part, &h);
}
