/* integer.c - loops over i64 and bool, which need no vectors of their own. Sums wrap, so that their
 * order does not matter. */
#include <string.h>
#include "plan.h"

typedef struct integer_job integer_job;
typedef void integer_fn(const integer_job *j, int64_t n, char *const *x, const int64_t *stride);
struct integer_job {
    weir__plan plan;
    int operands;
    int64_t bytes[4]; /* of an element of each operand */
    const weir__loop *loop;
    integer_fn *run;
    int f;
};

static void integer_part(const integer_job *j, int64_t first, int64_t last, int64_t from,
                         int64_t to)
{
    int64_t at[WEIR__MAX_RANK], offset[4], stride[4];
    int axes = j->plan.ndim - 1;
    for (int o = 0; o < j->operands; o++) stride[o] = j->plan.stride[o][axes];
    weir__plan_seek(&j->plan, j->operands, axes, first, at, offset);
    for (int64_t i = first; i < last; i++) {
        char *x[4] = { 0 };
        for (int o = 0; o < j->operands; o++)
            x[o] = (char *)j->loop->x[o].data + (offset[o] + from * stride[o]) * j->bytes[o];
        j->run(j, to - from, x, stride);
        weir__plan_next(&j->plan, j->operands, axes, at, offset);
    }
}

static void integer_inner(void *job, int64_t begin, int64_t end)
{
    const integer_job *j = job;
    integer_part(j, 0, j->plan.outer, begin, end);
}

static void integer_outer(void *job, int piece, int64_t begin, int64_t end)
{
    const integer_job *j = job;
    (void)piece;
    integer_part(j, begin, end, 0, j->plan.shape[j->plan.ndim - 1]);
}

/* Outputs that are reduced belong to one thread: `threads` NULL. */
static void integer_run(integer_job *j, const weir__threads *threads)
{
    if (!weir__plan_make(&j->plan, j->loop, j->operands)) return;
    int64_t inner = j->plan.shape[j->plan.ndim - 1];
    int pieces = weir__pieces_for(j->plan.outer * inner, 1, threads);
    if (pieces > 1 && j->plan.outer < 4 * pieces)
        weir__divide_pass(threads, pieces, inner, integer_inner, j);
    else weir__divide(threads, pieces, j->plan.outer, integer_outer, j);
}

/* -- arithmetic -------------------------------------------------------------------------------- */
static uint64_t integer_add(int64_t a, int64_t b) { return (uint64_t)a + (uint64_t)b; }
static uint64_t integer_sub(int64_t a, int64_t b) { return (uint64_t)a - (uint64_t)b; }
static uint64_t integer_mul(int64_t a, int64_t b) { return (uint64_t)a * (uint64_t)b; }
static uint64_t integer_max(int64_t a, int64_t b) { return (uint64_t)(a > b ? a : b); }
static uint64_t integer_min(int64_t a, int64_t b) { return (uint64_t)(a < b ? a : b); }
static uint64_t integer_floor_divide(int64_t a, int64_t b)
{
    if (b == -1) return -(uint64_t)a; /* the one quotient that may not fit */
    return (uint64_t)(a / b - (a % b != 0 && (a < 0) != (b < 0)));
}
static uint64_t integer_remainder(int64_t a, int64_t b)
{
    int64_t r = b == -1 ? 0 : a % b;
    return (uint64_t)(r != 0 && (r < 0) != (b < 0) ? r + b : r);
}

#define F(name) \
    static void run_##name(const integer_job *j, int64_t n, char *const *x, const int64_t *s) \
    { \
        int64_t *y = (int64_t *)(void *)x[0]; \
        const int64_t *a = (const int64_t *)(void *)x[1], *b = (const int64_t *)(void *)x[2]; \
        (void)j; \
        for (int64_t i = 0; i < n; i++) \
            y[i * s[0]] = (int64_t)integer_##name(a[i * s[1]], b[i * s[2]]); \
    }
WEIR__INTEGER_LIST(F)
#undef F

void weir__loop_integer(weir__integer f, const weir__loop *l, const weir__threads *threads)
{
    static integer_fn *const all[] = {
#define F(name) run_##name,
        WEIR__INTEGER_LIST(F)
#undef F
    };
    integer_job j = { .operands = 3, .bytes = { 8, 8, 8 }, .loop = l, .run = all[f] };
    integer_run(&j, threads);
}

static void run_logic(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    for (int64_t i = 0; i < n; i++) {
        char a = x[1][i * s[1]], b = x[2][i * s[2]];
        x[0][i * s[0]] = j->f ? a | b : a & b;
    }
}

void weir__loop_logic(bool either, const weir__loop *l, const weir__threads *threads)
{
    integer_job j = {
        .operands = 3, .bytes = { 1, 1, 1 }, .loop = l, .run = run_logic, .f = either
    };
    integer_run(&j, threads);
}

static void run_zeros(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    const int64_t *a = (const int64_t *)(void *)x[1];
    (void)j;
    for (int64_t i = 0; i < n; i++)
        if (a[i * s[1]] == 0) *x[0] = 1;
}

bool weir__any_zero(const weir__operand *x, int ndim, const int64_t *shape)
{
    char found = 0;
    weir__loop l = { .ndim = ndim, .x = { { .data = &found }, *x } };
    memcpy(l.shape, shape, (size_t)ndim * sizeof *shape);
    integer_job j = { .operands = 2, .bytes = { 1, 8 }, .loop = &l, .run = run_zeros };
    integer_run(&j, NULL);
    return found;
}

/* -- comparisons and choice -------------------------------------------------------------------- */
static bool integer_holds(int f, int64_t a, int64_t b)
{
    switch (f) {
    case WEIR__C_eq: return a == b;
    case WEIR__C_ne: return a != b;
    case WEIR__C_lt: return a < b;
    case WEIR__C_le: return a <= b;
    case WEIR__C_gt: return a > b;
    default: return a >= b;
    }
}

static int64_t integer_value(const char *x, int64_t i, int64_t bytes)
{
    return bytes == 1 ? x[i] : ((const int64_t *)(const void *)x)[i];
}

static void run_holds(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    int64_t bytes = j->bytes[1];
    for (int64_t i = 0; i < n; i++)
        x[0][i * s[0]] = (char)integer_holds(j->f, integer_value(x[1], i * s[1], bytes),
                                             integer_value(x[2], i * s[2], bytes));
}

void weir__loop_integer_compare(weir__compare f, int64_t bytes, const weir__loop *l,
                                const weir__threads *threads)
{
    integer_job j = {
        .operands = 3, .bytes = { 1, bytes, bytes }, .loop = l, .run = run_holds, .f = (int)f
    };
    integer_run(&j, threads);
}

static void run_choose(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    int64_t bytes = j->bytes[0];
    for (int64_t i = 0; i < n; i++) {
        const char *from = x[1][i * s[1]] ? x[2] + i * s[2] * bytes : x[3] + i * s[3] * bytes;
        memcpy(x[0] + i * s[0] * bytes, from, (size_t)bytes);
    }
}

void weir__loop_choose(int64_t bytes, const weir__loop *l, const weir__threads *threads)
{
    integer_job j = {
        .operands = 4, .bytes = { bytes, 1, bytes, bytes }, .loop = l, .run = run_choose
    };
    integer_run(&j, threads);
}

/* -- sums -------------------------------------------------------------------------------------- */
static void run_sum(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    int64_t *y = (int64_t *)(void *)x[0], bytes = j->bytes[1];
    for (int64_t i = 0; i < n; i++)
        y[i * s[0]] = (int64_t)integer_add(y[i * s[0]], integer_value(x[1], i * s[1], bytes));
}

void weir__loop_integer_sum(int64_t bytes, const weir__loop *l)
{
    integer_job j = { .operands = 2, .bytes = { 8, bytes }, .loop = l, .run = run_sum };
    integer_run(&j, NULL);
}

void weir__integer_cumsum(int64_t bytes, int64_t lines, int64_t n, int64_t *y, const void *x)
{
    for (int64_t i = 0; i < lines * n; i++) {
        int64_t before = i % n == 0 ? 0 : y[i - 1];
        y[i] = (int64_t)integer_add(before, integer_value(x, i, bytes));
    }
}

/* -- extremes ---------------------------------------------------------------------------------- */
static void run_extreme(const integer_job *j, int64_t n, char *const *x, const int64_t *s)
{
    int64_t bytes = j->bytes[0];
    for (int64_t i = 0; i < n; i++) {
        char *y = x[0] + i * s[0] * bytes;
        const char *a = x[1] + i * s[1] * bytes;
        if (integer_holds(j->f, integer_value(a, 0, bytes), integer_value(y, 0, bytes)))
            memcpy(y, a, (size_t)bytes);
    }
}

void weir__loop_integer_extreme(bool least, int64_t bytes, const weir__loop *l)
{
    integer_job j = { .operands = 2, .bytes = { bytes, bytes }, .loop = l, .run = run_extreme };
    j.f = least ? WEIR__C_lt : WEIR__C_gt;
    integer_run(&j, NULL);
}
