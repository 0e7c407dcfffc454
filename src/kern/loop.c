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

/* So many rows of the inner axis, side by side along the one before it, from x on */
typedef void rows_fn(const job *j, int64_t rows, char *const *x);

/* Runs first .. last-1 of the outer axes, those along the last of them by one call. Where rows are
 * few, this walk is what takes the time: `operands` (j->operands) and f are constants of it. */
static inline __attribute__((always_inline)) void run_rows(const job *j, int operands,
                                                           int64_t first, int64_t last, rows_fn *f)
{
    const weir__plan *p = &j->plan;
    const int axis = p->ndim - 2;
    int64_t at[WEIR__MAX_RANK], offset[4], m;
    weir__plan_seek(p, operands, axis + 1, first, at, offset);
    int64_t from = at[axis];
    for (int64_t i = first; i < last; i += m) {
        char *x[4] = { 0 };
        m = p->shape[axis] - from;
        if (m > last - i) m = last - i;
        for (int o = 0; o < operands; o++) x[o] = j->x[o] + offset[o] * (int64_t)j->bytes[o];
        f(j, m, x);
        for (int o = 0; o < operands; o++) offset[o] -= from * p->stride[o][axis];
        from = 0;
        weir__plan_next(p, operands, axis, at, offset);
    }
}

/* -- short rows beside one that repeats: [.., rows, n] with [.., n] ------------------------------
 */
enum { REPEAT_BYTES = 4096 };

/* Of the two inner axes, of which `row` is one: the operand that is the same for all rows, while
 * all else is dense over them; -1: none */
static int repeated_along(const job *j, int row)
{
    const weir__plan *p = &j->plan;
    int found = -1, other = 2 * p->ndim - 3 - row;
    if (p->ndim < 2) return -1;
    for (int o = 0; o < j->operands; o++) {
        bool dense = p->stride[o][row] == 1 && p->stride[o][other] == p->shape[row];
        bool same = o > 0 && p->stride[o][row] == 1 && p->stride[o][other] == 0;
        if (!dense && (!same || found >= 0)) return -1;
        if (same) found = o;
    }
    bool fits = found > 0 && p->shape[row] * 2 * (int64_t)j->bytes[found] <= REPEAT_BYTES;
    return fits ? found : -1;
}
static int repeated(const job *j) { return repeated_along(j, j->plan.ndim - 1); }

/* Rows so short that the plan put the other axis inside lie inside again. */
static void restore_rows(job *j)
{
    weir__plan *p = &j->plan;
    const int inner = p->ndim - 1, outer = inner - 1;
    if (repeated_along(j, outer) < 0) return;
    for (int o = 0; o < j->operands; o++) {
        int64_t t = p->stride[o][outer];
        p->stride[o][outer] = p->stride[o][inner];
        p->stride[o][inner] = t;
    }
    int64_t rows = p->shape[inner];
    p->shape[inner] = p->shape[outer];
    p->shape[outer] = rows;
    p->outer = p->outer / p->shape[inner] * rows;
}

/* Several rows at a time beside as many copies of the operand that repeats */
static void repeat_rows(const job *j, int64_t rows, char *const *from)
{
    char copies[REPEAT_BYTES] __attribute__((aligned(64)));
    const int operand = repeated(j);
    int64_t n = j->plan.shape[j->plan.ndim - 1], bytes = n * (int64_t)j->bytes[operand];
    int64_t some = REPEAT_BYTES / bytes < rows ? REPEAT_BYTES / bytes : rows;
    for (int64_t i = 0; i < some; i++) memcpy(copies + i * bytes, from[operand], (size_t)bytes);
    for (int64_t i = 0; i < rows; i += some) {
        char *x[4] = { 0 };
        for (int o = 0; o < j->operands; o++) x[o] = from[o] + i * n * (int64_t)j->bytes[o];
        x[operand] = copies;
        j->run(j, (rows - i < some ? rows - i : some) * n, x);
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
    (void)piece;
    if (repeated(j) > 0) run_rows(j, j->operands, begin, end, repeat_rows);
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

static bool loop_start(job *j, const weir__loop *l, int operands, size_t bytes)
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
    if (loop_start(&j, l, 2, size_of(t))) run_all(&j, unary_cost(f), threads);
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
    if (loop_start(&j, l, 3, size_of(t)))
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
    if (loop_start(&j, l, 3, size_of(t))) run_all(&j, f == WEIR__B_pow ? 10 : 0.4, threads);
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
    if (!loop_start(&j, l, 3, size_of(t))) return;
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
    if (!loop_start(&j, l, 4, size_of(t))) return;
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
static void loop_fill(int64_t n, size_t bytes, char *y, const char *x)
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
    else if (sy == 1 && sx == 0) loop_fill(n, bytes, x[0], x[1]);
    else if (bytes == 1) copy8(n, x[0], sy, x[1], sx);
    else if (bytes == 2) copy16(n, x[0], sy, x[1], sx);
    else if (bytes == 4) copy32(n, x[0], sy, x[1], sx);
    else if (bytes == 8) copy64(n, x[0], sy, x[1], sx);
    else
        for (int64_t i = 0; i < n; i++)
            memcpy(x[0] + i * sy * (int64_t)bytes, x[1] + i * sx * (int64_t)bytes, bytes);
}

/* -- runs that lie side by side in both ---------------------------------------------------------
 */
typedef void runs_fn(int64_t n, size_t bytes, char *y, int64_t y_step, const char *x,
                     int64_t x_step);

#define RUNS(size) \
    static void runs_of_##size(int64_t n, size_t bytes, char *y, int64_t y_step, const char *x, \
                               int64_t x_step) \
    { \
        (void)bytes; \
        for (int64_t i = 0; i < n; i++) memcpy(y + i * y_step, x + i * x_step, size); \
    }
RUNS(4)
RUNS(8)
RUNS(12)
RUNS(16)
RUNS(24)
RUNS(32)
RUNS(48)
RUNS(64)
#undef RUNS

static void runs_of_any(int64_t n, size_t bytes, char *y, int64_t y_step, const char *x,
                        int64_t x_step)
{
    for (int64_t i = 0; i < n; i++) memcpy(y + i * y_step, x + i * x_step, bytes);
}

static runs_fn *runs_of(size_t bytes)
{
    switch (bytes) {
    case 4: return runs_of_4;
    case 8: return runs_of_8;
    case 12: return runs_of_12;
    case 16: return runs_of_16;
    case 24: return runs_of_24;
    case 32: return runs_of_32;
    case 48: return runs_of_48;
    case 64: return runs_of_64;
    default: return runs_of_any;
    }
}

static void copy_rows(const job *j, int64_t rows, char *const *x)
{
    const weir__plan *p = &j->plan;
    int64_t bytes = (int64_t)j->bytes[0];
    int inner = p->ndim - 1;
    size_t run = (size_t)(p->shape[inner] * bytes);
    runs_of(run)(rows, run, x[0], p->stride[0][inner - 1] * bytes, x[1],
                 p->stride[1][inner - 1] * bytes);
}

static void copy_runs(void *user, int piece, int64_t first, int64_t last)
{
    (void)piece;
    run_rows(user, 2, first, last, copy_rows);
}

/* Whether the inner axis lies side by side in both operands, in runs that a call each would cost */
static bool short_runs(const job *j)
{
    enum { SHORT = 4096 };
    int inner = j->plan.ndim - 1;
    return inner > 0 && inner_stride(j, 0) == 1 && inner_stride(j, 1) == 1
           && j->plan.shape[inner] * (int64_t)j->bytes[0] <= SHORT;
}

void weir__loop_copy(const weir__isa *k, size_t bytes, const weir__loop *l,
                     const weir__threads *threads)
{
    job j = { .run = run_copy, .operands = 2, .bytes = { bytes, bytes } };
    weir__plan *p = &j.plan;
    double cost = 0.08 * (double)bytes;
    if (!weir__plan_order(p, l, 2)) return;
    for (int o = 0; o < 2; o++) j.x[o] = l->x[o].data;
    if (short_runs(&j)) {
        weir__plan_prefer_long(p, 2, p->ndim - 2);
        int pieces = weir__pieces_for(p->outer * p->shape[p->ndim - 1], cost, threads);
        weir__divide(threads, pieces, p->outer, copy_runs, &j);
    } else if (!weir__exchange(k, bytes, p, j.x[0], j.x[1], threads)) {
        weir__plan_prefer_long(p, 2, p->ndim - 1);
        run_all(&j, cost, threads);
    }
}

/* -- rows joined ------------------------------------------------------------------------------- */
typedef struct join {
    int n;
    const weir__joined *parts;
    size_t row; /* bytes of y */
    char *y;
} join;

static void join_part(void *user, int piece, int64_t first, int64_t last)
{
    const join *j = user;
    char *y = j->y + (size_t)first * j->row;
    (void)piece;
    for (int64_t i = first; i < last; i++)
        for (int p = 0; p < j->n; p++) {
            const weir__joined *from = &j->parts[p];
            memcpy(y, (const char *)from->x + (size_t)i * from->bytes, from->bytes);
            y += from->bytes;
        }
}

void weir__join_rows(int n, const weir__joined *parts, int64_t rows, void *y,
                     const weir__threads *threads)
{
    join j = { .n = n, .parts = parts, .y = y };
    for (int p = 0; p < n; p++) j.row += parts[p].bytes;
    int pieces = weir__pieces_for(rows, 0.08 * (double)j.row, threads);
    weir__divide(threads, pieces, rows, join_part, &j);
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
