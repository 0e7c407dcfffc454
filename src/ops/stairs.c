/* stairs.c - the layers of a network whose units see a part of the inputs each, step by step: at a
 * step those units are computed that the inputs known by then allow, every unit once. So all steps
 * together cost one pass, as they do on the way back, from the last step to the first.
 *
 * Products of single units over few others are slow. So every STEPS steps what the units of the
 * next STEPS see of all before is one product, and a step adds what is new since. As sums go on
 * from where they are, in the same order, the bits are those of one unit after the other. */
#include "ops/stairs.h"

enum { STEPS = 16 };

static void *stairs_row(const weir__stairs *s, const void *x, int64_t row)
{
    int64_t bytes = s->type == WEIR__F32 ? 4 : 8;
    return (char *)(uintptr_t)x + row * s->batch * bytes;
}

static const void *stairs_weight(const weir__stairs *s, const weir__stair *l, int64_t row,
                                 int64_t column)
{
    int64_t bytes = s->type == WEIR__F32 ? 4 : 8;
    return (const char *)l->w + (row * l[-1].first[s->steps] + column) * bytes;
}

static void stairs_multiply(const weir__stairs *s, weir__gemm *g)
{
    weir_ctx *c = s->ctx;
    if (g->m == 0 || g->k == 0 || s->batch == 0) return;
    g->n = s->batch;
    g->b_row = s->batch;
    g->b_col = 1;
    g->c_row = s->batch;
    g->accumulate = true;
    void *scratch = weir__alloc(c, c->kern->gemm_scratch[s->type](g, c->threads));
    if (scratch) c->kern->gemm[s->type](g, scratch, c->threads);
    weir__free(c, scratch);
}

/* What units a .. b-1 of layer l see of units from .. to-1 of the layer before joins their sums. */
static void stairs_add(const weir__stairs *s, const weir__stair *l, int64_t a, int64_t b,
                       int64_t from, int64_t to)
{
    weir__gemm g = {
        .m = b - a,
        .k = to - from,
        .a = stairs_weight(s, l, a, from),
        .a_row = l[-1].first[s->steps],
        .a_col = 1,
        .b = stairs_row(s, l[-1].y, from),
        .c = stairs_row(s, l->sum, a),
    };
    stairs_multiply(s, &g);
}

/* What units from .. to-1 of the layer behind l have of gradients joins those of a .. b-1 of l. */
static void stairs_return(const weir__stairs *s, const weir__stair *l, int64_t a, int64_t b,
                          int64_t from, int64_t to)
{
    weir__gemm g = {
        .m = b - a,
        .k = to - from,
        .a = stairs_weight(s, l + 1, from, a),
        .a_row = 1,
        .a_col = l->first[s->steps],
        .b = stairs_row(s, l[1].g, from),
        .c = stairs_row(s, l->g, a),
    };
    stairs_multiply(s, &g);
}

/* Units a .. b-1 of layer l, whose sums lack but the sum of another layer. */
static void stairs_finish(const weir__stairs *s, const weir__stair *l, int64_t a, int64_t b)
{
    const weir__isa *k = s->ctx->kern;
    int64_t n = (b - a) * s->batch;
    void *sum = stairs_row(s, l->sum, a), *y = stairs_row(s, l->y, a);
    if (n == 0) return;
    if (l->plus > 0) {
        const void *more = stairs_row(s, s->layer[l->plus].sum, a);
        k->binary[s->type][WEIR__B_add](n, sum, 1, sum, 1, more, 1);
    }
    if (l->f != WEIR__U_copy) k->unary[s->type][l->f](n, y, 1, sum, 1, NULL);
}

static int64_t stairs_begin(int64_t step) { return step - step % STEPS; }
static int64_t stairs_end(const weir__stairs *s, int64_t step)
{
    int64_t end = stairs_begin(step) + STEPS;
    return end < s->steps ? end : s->steps;
}

void weir__stairs_up(const weir__stairs *s, int64_t step)
{
    int64_t begin = stairs_begin(step), end = stairs_end(s, step);
    for (int i = 1; i < s->n; i++) {
        const weir__stair *l = &s->layer[i];
        const int64_t *of = l->first, *before = l[-1].first;
        if (step == begin) stairs_add(s, l, of[begin], of[end], 0, before[begin]);
        stairs_add(s, l, of[step], of[step + 1], before[begin], before[step + 1]);
        stairs_finish(s, l, of[step], of[step + 1]);
    }
}

/* f'(sum); of relu 0 or 1 */
static void stairs_slope(const weir__stairs *s, const weir__stair *l)
{
    const weir__isa *k = s->ctx->kern;
    int64_t n = l->first[s->steps] * s->batch;
    switch (l->f) {
#define F(f) \
    case WEIR__U_##f: k->both[s->type][WEIR__BOTH_##f](n, l->y, l->slope, l->sum); break;
        WEIR__BOTH_LIST(F)
#undef F
    case WEIR__U_relu: k->unary[s->type][WEIR__U_sign](n, l->slope, 1, l->y, 1, NULL); break;
    default: break;
    }
}

void weir__stairs_whole(const weir__stairs *s)
{
    for (int i = 1; i < s->n; i++) {
        const weir__stair *l = &s->layer[i];
        stairs_add(s, l, 0, l->first[s->steps], 0, l[-1].first[s->steps]);
        stairs_finish(s, l, 0, l->first[s->steps]);
        stairs_slope(s, l);
    }
}

/* Units a .. b-1 of layer i, whose gradients are those of y. */
static void stairs_back(const weir__stairs *s, int i, int64_t a, int64_t b)
{
    const weir__isa *k = s->ctx->kern;
    const weir__stair *l = &s->layer[i];
    int64_t n = (b - a) * s->batch;
    void *g = stairs_row(s, l->g, a);
    if (n == 0 || i == 0) return;
    if (l->f != WEIR__U_copy)
        k->binary[s->type][WEIR__B_mul](n, g, 1, g, 1, stairs_row(s, l->slope, a), 1);
    for (int j = i + 1; j < s->n; j++) {
        const void *more = stairs_row(s, s->layer[j].g, a);
        if (s->layer[j].plus == i) k->binary[s->type][WEIR__B_add](n, g, 1, g, 1, more, 1);
    }
}

void weir__stairs_down(const weir__stairs *s, int64_t step)
{
    int64_t begin = stairs_begin(step), end = stairs_end(s, step);
    for (int i = s->n - 2; i >= 0; i--) {
        const weir__stair *l = &s->layer[i];
        const int64_t *of = l->first, *behind = l[1].first;
        if (step == end - 1) stairs_return(s, l, of[begin], of[end], behind[end], behind[s->steps]);
        stairs_return(s, l, of[step], of[step + 1], behind[step], behind[end]);
        stairs_back(s, i, of[step], of[step + 1]);
    }
}
