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

static int64_t inner_stride(const job *j, int operand) { return j->plan.stride[operand][j->plan.ndim - 1]; }

/* Runs first .. last-1 of the outer axes, elements from .. to-1 of the inner one */
static void run_part(const job *j, int64_t first, int64_t last, int64_t from, int64_t to)
{
    int64_t at[WEIR__MAX_RANK], offset[4];
    int axes = j->plan.ndim - 1;
    weir__plan_seek(&j->plan, j->operands, axes, first, at, offset);
    for (int64_t i = first; i < last; i++) {
        char *x[4] = { 0 };
        for (int o = 0; o < j->operands; o++) x[o] = j->x[o] + (offset[o] + from * inner_stride(j, o)) * (int64_t)j->bytes[o];
        j->run(j, to - from, x);
        weir__plan_next(&j->plan, j->operands, axes, at, offset);
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
    run_part(j, begin, end, 0, j->plan.shape[j->plan.ndim - 1]);
}

/* Threads cut the inner loop where the outer ones are few. */
static void run_all(job *j, double cost, const weir__threads *threads)
{
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
    for (int o = 0; o < operands; o++) j->bytes[o] = bytes, j->x[o] = l->x[o].data;
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
    case WEIR__U_exp: case WEIR__U_expm1: case WEIR__U_log: case WEIR__U_log1p: case WEIR__U_tanh: case WEIR__U_sigmoid:
    case WEIR__U_softplus: case WEIR__U_silu: case WEIR__U_erf: case WEIR__U_sin: case WEIR__U_cos:
    case WEIR__U_gelu: case WEIR__U_gelu_tanh: case WEIR__U_logsigmoid: case WEIR__U_elu:
        return 0.8;
    case WEIR__U_pow_scalar:
        return 8;
    default:
        return 0.3;
    }
}

void weir__loop_unary(const weir__kern *k, weir__real t, weir__unary f, const weir__loop *l,
                      const double *p, const weir__threads *threads)
{
    job j = { .run = run_unary, .p = p, .f.unary = k->unary[t][f] };
    if (start(&j, l, 2, size_of(t))) run_all(&j, unary_cost(f), threads);
}

static void run_slope(const job *j, int64_t n, char *const *x)
{
    j->f.slope(n, x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2], inner_stride(j, 2), j->p);
}

void weir__loop_slope(const weir__kern *k, weir__real t, weir__slope f, const weir__loop *l,
                      const double *p, const weir__threads *threads)
{
    job j = { .run = run_slope, .p = p, .f.slope = k->slope[t][f] };
    if (start(&j, l, 3, size_of(t))) run_all(&j, f == WEIR__S_leaky_relu || f == WEIR__S_clamp ? 0.4 : 0.9, threads);
}

static void run_binary(const job *j, int64_t n, char *const *x)
{
    j->f.binary(n, x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2], inner_stride(j, 2));
}

void weir__loop_binary(const weir__kern *k, weir__real t, weir__binary f, const weir__loop *l,
                       const weir__threads *threads)
{
    job j = { .run = run_binary, .f.binary = k->binary[t][f] };
    if (start(&j, l, 3, size_of(t))) run_all(&j, f == WEIR__B_pow ? 10 : 0.4, threads);
}

static void run_compare(const job *j, int64_t n, char *const *x)
{
    j->f.compare(n, (uint8_t *)x[0], inner_stride(j, 0), x[1], inner_stride(j, 1), x[2], inner_stride(j, 2));
}

void weir__loop_compare(const weir__kern *k, weir__real t, weir__compare f, const weir__loop *l,
                        const weir__threads *threads)
{
    job j = { .run = run_compare, .f.compare = k->compare[t][f] };
    if (!start(&j, l, 3, size_of(t))) return;
    j.bytes[0] = 1;
    run_all(&j, 0.4, threads);
}

static void run_where(const job *j, int64_t n, char *const *x)
{
    j->f.where(n, x[0], inner_stride(j, 0), (uint8_t *)x[1], inner_stride(j, 1), x[2], inner_stride(j, 2), x[3], inner_stride(j, 3));
}

void weir__loop_where(const weir__kern *k, weir__real t, const weir__loop *l,
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
        for (int64_t i = 0; i < n; i++) memcpy(y + i * sy * (bits / 8), x + i * sx * (bits / 8), bits / 8); \
    }
COPY(8)
COPY(16)
COPY(32)
COPY(64)
#undef COPY

static void run_copy(const job *j, int64_t n, char *const *x)
{
    int64_t sy = inner_stride(j, 0), sx = inner_stride(j, 1);
    size_t bytes = j->bytes[0];
    if (sy == 1 && sx == 1) memmove(x[0], x[1], (size_t)n * bytes);
    else if (bytes == 1) copy8(n, x[0], sy, x[1], sx);
    else if (bytes == 2) copy16(n, x[0], sy, x[1], sx);
    else if (bytes == 4) copy32(n, x[0], sy, x[1], sx);
    else if (bytes == 8) copy64(n, x[0], sy, x[1], sx);
    else
        for (int64_t i = 0; i < n; i++) memcpy(x[0] + i * sy * (int64_t)bytes, x[1] + i * sx * (int64_t)bytes, bytes);
}

void weir__loop_copy(size_t bytes, const weir__loop *l, const weir__threads *threads)
{
    job j = { .run = run_copy };
    if (start(&j, l, 2, bytes)) run_all(&j, 0.08 * (double)bytes, threads);
}
