/* attention.c - y = softmax(scale q k^T + mask) v for many heads, by blocks of rows of q, so that
 * memory is one block times the keys (Rabe & Staats 2021). Backward makes the probabilities of a
 * block again. Every row of q alone decides its bits: products are row-exact, a softmax is one
 * row's, and gradients of k and v add over blocks in order. Threads divide heads and, forward,
 * blocks. */
#include <string.h>
#include "kern.h"

enum { BLOCK = 64 };
typedef enum step { SCORES, OUT, BACK_P, BACK_V, BACK_Q, BACK_K, STEPS } step;

static int64_t attention_bytes_of(weir__real t) { return t == WEIR__F32 ? 4 : 8; }
static int64_t blocks_of(const weir__attention *o) { return (o->rows + BLOCK - 1) / BLOCK; }
static int64_t attention_smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Keys that rows up to the end of a block can see: a function of the block's place alone */
static int64_t keys_of(const weir__attention *o, int64_t block)
{
    return o->causal ? attention_smaller(o->keys, (block + 1) * BLOCK) : o->keys;
}

/* From a row of scores to the next: an odd number of lines of the caches, so that neighbours in a
 * column do not push each other out of level 1 */
static int64_t score_row(const weir__attention *o)
{
    enum { LINE = 16 };
    int64_t lines = (o->keys + LINE - 1) / LINE;
    return (lines + (lines % 2 == 0)) * LINE;
}

/* The product of a step over m rows and n keys, without addresses. p: [m, n] */
static weir__gemm product(const weir__attention *o, step s, int64_t m, int64_t n)
{
    int64_t row = score_row(o);
    weir__gemm g = {
        .m = m,
        .n = n,
        .k = o->width,
        .a_row = row,
        .a_col = 1,
        .b_row = 1,
        .b_col = 1,
        .c_row = row,
    };
    switch (s) {
    case SCORES:
        g.a_row = o->q_row;
        g.b_col = o->k_row;
        break; /* p = q k^T */
    case OUT:
        g.n = o->out;
        g.k = n;
        g.b_row = o->v_row;
        g.c_row = o->out;
        break; /* y = p v */
    case BACK_P:
        g.k = o->out;
        g.a_row = o->out;
        g.b_col = o->v_row;
        break; /* dp = g v^T */
    case BACK_V:
        g.m = n;
        g.n = o->out;
        g.k = m;
        g.a_row = 1;
        g.a_col = row;
        g.b_row = o->out;
        g.c_row = o->out;
        g.accumulate = true;
        break; /* dv += p^T g */
    case BACK_Q:
        g.n = o->width;
        g.k = n;
        g.b_row = o->k_row;
        g.c_row = o->width;
        break; /* dq = ds k */
    default:
        g.m = n;
        g.n = o->width;
        g.k = m;
        g.a_row = 1;
        g.a_col = row;
        g.b_row = o->q_row;
        g.c_row = o->width;
        g.accumulate = true; /* dk += ds^T q */
    }
    return g;
}

/* -- scratch: `buffers` of a block of scores, then what the products want; for each piece ------ */
static size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t buffer_bytes(const weir__attention *o, weir__real t)
{
    return rounded((size_t)(BLOCK * score_row(o) * attention_bytes_of(t)));
}

static size_t product_bytes(const weir__isa *k, weir__real t, const weir__attention *o, step s,
                            int64_t m, int64_t n)
{
    weir__gemm g = product(o, s, m, n);
    return k->gemm_scratch[t](&g, NULL);
}

/* How the work is divided: in pieces, each with scratch of its own. `together`: all of them work on
 * one head. */
typedef struct division {
    int pieces, buffers;
    bool together;
    size_t each; /* bytes of scratch */
} division;

static int64_t strip_start(const weir__attention *o, const division *d, int piece)
{
    return o->keys * piece / d->pieces;
}

/* Keys of a strip among the first n */
static int64_t strip_of(const weir__attention *o, const division *d, int piece, int64_t n)
{
    int64_t first = strip_start(o, d, piece),
            last = attention_smaller(strip_start(o, d, piece + 1), n);
    return last > first ? last - first : 0;
}

static size_t larger_size(size_t a, size_t b) { return a > b ? a : b; }

static void size_piece(const weir__isa *k, weir__real t, const weir__attention *o, division *d)
{
    size_t most = 0;
    step last = d->buffers > 2 ? BACK_K : OUT;
    for (int64_t b = 0; b < blocks_of(o); b++) {
        int64_t m = attention_smaller(BLOCK, o->rows - b * BLOCK), n = keys_of(o, b);
        for (int s = 0; s <= (int)last; s++)
            most = larger_size(most, product_bytes(k, t, o, (step)s, m, n));
        for (int i = 0; d->together && i < d->pieces; i++) {
            int64_t keys = strip_of(o, d, i, n);
            if (keys == 0) continue;
            most = larger_size(most, product_bytes(k, t, o, BACK_V, m, keys));
            most = larger_size(most, product_bytes(k, t, o, BACK_K, m, keys));
        }
    }
    d->each = (size_t)d->buffers * buffer_bytes(o, t) + rounded(most);
}

static division attention_divide(const weir__isa *k, weir__real t, const weir__attention *o,
                                 bool backward, const weir__threads *threads)
{
    /* all rows' keys need not fit an integer */
    double row = (double)o->keys * (1 + 0.1 * (double)(o->width + o->out));
    division d = { .pieces = weir__pieces_for(o->heads * o->rows, row, threads),
                   .buffers = backward ? 3 : 1 };
    int64_t rounds = (o->heads + d.pieces - 1) / d.pieces;
    d.together = backward && 4 * rounds * d.pieces > 5 * o->heads; /* too many would wait */
    int64_t items = backward ? o->heads : o->heads * blocks_of(o);
    if (d.together) items = attention_smaller(blocks_of(o), o->keys);
    if (items < d.pieces) d.pieces = (int)items;
    d.together = d.together && d.pieces > 1;
    size_piece(k, t, o, &d);
    return d;
}

size_t weir__attention_scratch(const weir__isa *k, weir__real t, const weir__attention *o,
                               bool backward, const weir__threads *threads)
{
    division d = attention_divide(k, t, o, backward, threads);
    return d.each * (size_t)d.pieces;
}

/* -- one block --------------------------------------------------------------------------------- */
typedef struct place { /* where a thread works */
    const weir__isa *k;
    weir__real t;
    const weir__attention *o;
    char *buffer[3], *products;
} place;

static place place_of(const weir__isa *k, weir__real t, const weir__attention *o, char *scratch,
                      int buffers)
{
    place p = { .k = k, .t = t, .o = o };
    for (int i = 0; i < buffers; i++) p.buffer[i] = scratch + (size_t)i * buffer_bytes(o, t);
    p.products = scratch + (size_t)buffers * buffer_bytes(o, t);
    return p;
}

static void multiply(const place *p, step s, int64_t m, int64_t n, const void *a, const void *b,
                     void *c)
{
    weir__gemm g = product(p->o, s, m, n);
    g.a = a;
    g.b = b;
    g.c = c;
    p->k->gemm[p->t](&g, p->products, NULL);
}

static const char *attention_at(const place *p, const void *base, int64_t element)
{
    return (const char *)base + element * attention_bytes_of(p->t);
}

/* x = scale x + mask for n keys of a mask whose numbers do not lie side by side */
static void mask_strided(const place *p, int64_t from, int64_t n, void *x)
{
    const weir__attention *o = p->o;
    const double lowest = -__builtin_inf();
    const float lowest_f32 = -__builtin_inff();
    const void *hidden = p->t == WEIR__F32 ? (const void *)&lowest_f32 : &lowest;
    p->k->unary[p->t][WEIR__U_affine](n, x, 1, x, 1, (const double[]){ o->scale, 0 });
    if (o->mask_bool)
        p->k->where[p->t](n, x, 1, (const uint8_t *)o->mask + from, o->mask_key, x, 1, hidden, 0);
    else
        p->k->binary[p->t][WEIR__B_add](n, x, 1, x, 1, attention_at(p, o->mask, from), o->mask_key);
}

/* Of row i of a head, whose scores x are, over the first n keys */
static void row_probabilities(const place *p, int64_t head, int64_t i, int64_t n, char *x)
{
    const weir__attention *o = p->o;
    int64_t from = o->mask ? o->mask_at[head] + i * o->mask_row : 0;
    int64_t seen = o->causal ? attention_smaller(i + 1, n) : n, bytes = attention_bytes_of(p->t);
    double scale = o->scale;
    const char *mask = NULL;
    if (o->mask && o->mask_key == 1)
        mask = (const char *)o->mask + from * (o->mask_bool ? 1 : bytes);
    if (o->mask && !mask) {
        mask_strided(p, from, seen, x);
        scale = 1;
    }
    p->k->probabilities[p->t](seen, x, scale, mask, o->mask_bool);
    memset(x + seen * bytes, 0, (size_t)((n - seen) * bytes));
}

/* Probabilities of m rows from row0 on, in buffer 0. A row that may see no key is 0, as in
 * PyTorch. */
static void probabilities(const place *p, int64_t head, int64_t row0, int64_t m, int64_t n)
{
    const weir__attention *o = p->o;
    multiply(p, SCORES, m, n, attention_at(p, o->q, o->q_at[head] + row0 * o->q_row),
             attention_at(p, o->k, o->k_at[head]), p->buffer[0]);
    int64_t row = score_row(o) * attention_bytes_of(p->t);
    for (int64_t i = 0; i < m; i++) row_probabilities(p, head, row0 + i, n, p->buffer[0] + i * row);
}

static void forward_block(const place *p, int64_t head, int64_t block)
{
    const weir__attention *o = p->o;
    int64_t row0 = block * BLOCK, m = attention_smaller(BLOCK, o->rows - row0),
            n = keys_of(o, block);
    probabilities(p, head, row0, m, n);
    multiply(p, OUT, m, n, p->buffer[0], attention_at(p, o->v, o->v_at[head]),
             (char *)o->y + (head * o->rows + row0) * o->out * attention_bytes_of(p->t));
}

/* ds of m rows, as it is wanted and, scaled, in buffer 1 */
static void score_gradients(const place *p, int64_t head, int64_t row0, int64_t m, int64_t n)
{
    const weir__attention *o = p->o;
    int64_t bytes = attention_bytes_of(p->t), row = score_row(o) * bytes;
    for (int64_t i = 0; i < m; i++) {
        char *scaled = p->buffer[1] + i * row, *ds = scaled;
        if (o->ds) ds = (char *)o->ds + ((head * o->rows + row0 + i) * o->keys) * bytes;
        p->k->row[p->t][WEIR__R_softmax_backward](n, ds, p->buffer[2] + i * row,
                                                  p->buffer[0] + i * row);
        p->k->unary[p->t][WEIR__U_affine](n, scaled, 1, ds, 1, (const double[]){ o->scale, 0 });
        if (o->ds) memset(ds + n * bytes, 0, (size_t)((o->keys - n) * bytes));
    }
}

/* Everything but what is added to gradients of keys; leaves probabilities and ds in the buffers. */
static void backward_rows(const place *p, int64_t head, int64_t block)
{
    const weir__attention *o = p->o;
    int64_t row0 = block * BLOCK, m = attention_smaller(BLOCK, o->rows - row0),
            n = keys_of(o, block);
    probabilities(p, head, row0, m, n);
    multiply(p, BACK_P, m, n, attention_at(p, o->g, (head * o->rows + row0) * o->out),
             attention_at(p, o->v, o->v_at[head]), p->buffer[2]);
    score_gradients(p, head, row0, m, n);
    if (o->dq)
        multiply(p, BACK_Q, m, n, p->buffer[1], attention_at(p, o->k, o->k_at[head]),
                 (char *)o->dq + (head * o->rows + row0) * o->width * attention_bytes_of(p->t));
}

/* What a block, whose buffers are `of`'s, adds to `keys` keys from the first on */
static void backward_keys(const place *p, const place *of, int64_t head, int64_t block,
                          int64_t first, int64_t keys)
{
    const weir__attention *o = p->o;
    int64_t row0 = block * BLOCK, m = attention_smaller(BLOCK, o->rows - row0);
    int64_t key = head * o->keys + first, bytes = attention_bytes_of(p->t);
    const step steps[] = { BACK_V, BACK_K };
    const void *right[] = { attention_at(p, o->g, (head * o->rows + row0) * o->out),
                            attention_at(p, o->q, o->q_at[head] + row0 * o->q_row) };
    void *to[] = { o->dv ? (char *)o->dv + key * o->out * bytes : NULL,
                   o->dk ? (char *)o->dk + key * o->width * bytes : NULL };
    for (int i = 0; i < 2; i++) {
        if (!to[i]) continue;
        weir__gemm g = product(o, steps[i], m, keys);
        g.a = of->buffer[i] + first * bytes;
        g.b = right[i];
        g.c = to[i];
        p->k->gemm[p->t](&g, p->products, NULL);
    }
}

/* -- all of them ------------------------------------------------------------------------------- */
static void forward_part(const place *p, int64_t first, int64_t last)
{
    for (int64_t i = first; i < last; i++)
        forward_block(p, i / blocks_of(p->o), i % blocks_of(p->o));
}

static void clear_keys(const weir__attention *o, weir__real t, int64_t head)
{
    int64_t v = o->keys * o->out * attention_bytes_of(t),
            k = o->keys * o->width * attention_bytes_of(t);
    if (o->dv) memset((char *)o->dv + head * v, 0, (size_t)v);
    if (o->dk) memset((char *)o->dk + head * k, 0, (size_t)k);
}

static void backward_part(const place *p, int64_t first, int64_t last)
{
    const weir__attention *o = p->o;
    for (int64_t head = first; head < last; head++) {
        clear_keys(o, p->t, head);
        for (int64_t b = 0; b < blocks_of(o); b++) {
            backward_rows(p, head, b);
            backward_keys(p, p, head, b, 0, keys_of(o, b));
        }
    }
}

typedef struct job {
    const weir__isa *k;
    weir__real t;
    const weir__attention *o;
    const division *d;
    char *scratch;
    void (*part)(const place *p, int64_t first, int64_t last);
    int64_t head, block; /* together: blocks of a head from this one on */
    int64_t count;
} job;

static place place_of_piece(const job *j, int64_t piece)
{
    return place_of(j->k, j->t, j->o, j->scratch + (size_t)piece * j->d->each, j->d->buffers);
}

static void attention_job_items(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    place p = place_of_piece(j, piece);
    j->part(&p, first, last);
}

/* -- one head after the other, a block a piece ------------------------------------------------- */
static void job_blocks(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    (void)piece;
    for (int64_t i = first; i < last; i++) {
        place p = place_of_piece(j, i);
        backward_rows(&p, j->head, j->block + i);
    }
}

static void job_strips(void *job_, int piece, int64_t first, int64_t last)
{
    const job *j = job_;
    place p = place_of_piece(j, piece);
    for (int64_t strip = first; strip < last; strip++)
        for (int64_t i = 0; i < j->count; i++) {
            place of = place_of_piece(j, i);
            int64_t n = keys_of(j->o, j->block + i), keys = strip_of(j->o, j->d, (int)strip, n);
            if (keys > 0)
                backward_keys(&p, &of, j->head, j->block + i, strip_start(j->o, j->d, (int)strip),
                              keys);
        }
}

static void together(job *j, const weir__threads *threads)
{
    int64_t blocks = blocks_of(j->o);
    for (j->head = 0; j->head < j->o->heads; j->head++) {
        clear_keys(j->o, j->t, j->head);
        for (j->block = 0; j->block < blocks; j->block += j->count) {
            j->count = attention_smaller(j->d->pieces, blocks - j->block);
            weir__divide(threads, j->d->pieces, j->count, job_blocks, j);
            weir__divide(threads, j->d->pieces, j->d->pieces, job_strips, j);
        }
    }
}

void weir__attention_forward(const weir__isa *k, weir__real t, const weir__attention *o,
                             void *scratch, const weir__threads *threads)
{
    division d = attention_divide(k, t, o, false, threads);
    job j = { .k = k, .t = t, .o = o, .d = &d, .scratch = scratch, .part = forward_part };
    weir__divide(threads, d.pieces, o->heads * blocks_of(o), attention_job_items, &j);
}

void weir__attention_backward(const weir__isa *k, weir__real t, const weir__attention *o,
                              void *scratch, const weir__threads *threads)
{
    division d = attention_divide(k, t, o, true, threads);
    job j = { .k = k, .t = t, .o = o, .d = &d, .scratch = scratch, .part = backward_part };
    if (d.together) together(&j, threads);
    else weir__divide(threads, d.pieces, o->heads, attention_job_items, &j);
}
