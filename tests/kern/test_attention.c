/* test_attention.c - attention against sums in long double, over several blocks; masks, also strided ones; heads that lie apart; threads; rows alone;
 * rows of scores. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

enum { HEADS = 3, MOST = 200 };
static const struct { int64_t rows, keys, width, out; bool causal; int mask; /* 1 bool, 2 numbers */ } shapes[] = {
    { 1, 1, 1, 1, false, 0 }, { 3, 5, 4, 2, false, 0 }, { 64, 64, 16, 16, true, 0 }, { 65, 63, 8, 5, true, 1 }, { 150, 130, 17, 33, false, 2 }, { 130, 150, 9, 3, true, 2 }, { 70, 20, 8, 8, true, 0 }, { 200, 190, 40, 33, true, 2 },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct problem { weir__attention o; weir__real t; void *memory[10]; int64_t at[4][HEADS]; } problem;

/* [rows, heads, width] as a model keeps it: heads lie inside rows */
static void *heads(problem *p, int slot, int64_t rows, int64_t width, int64_t *at)
{
    for (int64_t h = 0; h < HEADS; h++) at[h] = h * width;
    return p->memory[slot] = noise(p->t, rows * HEADS * width, (uint64_t)slot + 1);
}

static problem *make(weir__real t, int i)
{
    problem *p = calloc(1, sizeof *p);
    weir__attention *o = &p->o;
    p->t = t;
    *o = (weir__attention){ .heads = HEADS, .rows = shapes[i].rows, .keys = shapes[i].keys, .width = shapes[i].width, .out = shapes[i].out, .causal = shapes[i].causal, .scale = 0.7 };
    o->q = heads(p, 0, o->rows, o->width, p->at[0]), o->k = heads(p, 1, o->keys, o->width, p->at[1]), o->v = heads(p, 2, o->keys, o->out, p->at[2]);
    o->q_row = o->k_row = HEADS * o->width, o->v_row = HEADS * o->out;
    o->g = p->memory[3] = noise(t, HEADS * o->rows * o->out, 4);
    o->y = p->memory[4] = room(8 * (size_t)(HEADS * o->rows * o->out));
    o->dq = p->memory[5] = room(8 * (size_t)(HEADS * o->rows * o->width));
    o->dk = p->memory[6] = room(8 * (size_t)(HEADS * o->keys * o->width));
    o->dv = p->memory[7] = room(8 * (size_t)(HEADS * o->keys * o->out));
    o->ds = p->memory[9] = room(8 * (size_t)(HEADS * o->rows * o->keys));
    o->mask = p->memory[8] = noise(t, o->rows * o->keys, 9); /* one mask for all heads; of a bool one bytes are made below */
    o->mask_row = o->keys, o->mask_key = 1, o->mask_bool = shapes[i].mask == 1;
    for (int64_t j = 0; o->mask_bool && j < o->rows * o->keys; j++) ((uint8_t *)p->memory[8])[j] = (uint8_t)(j % 3 != 0 && j / o->keys != 2); /* row 2 sees nothing */
    if (!shapes[i].mask) o->mask = NULL;
    o->q_at = p->at[0], o->k_at = p->at[1], o->v_at = p->at[2], o->mask_at = p->at[3];
    return p;
}

static void drop(problem *p)
{
    for (int i = 0; i < 10; i++) free(p->memory[i]);
    free(p);
}

static void run(const weir__isa *k, problem *p, int n_threads)
{
    const weir__threads *threads = threads_of(n_threads);
    void *scratch = room(weir__attention_scratch(k, p->t, &p->o, false, threads));
    weir__attention_forward(k, p->t, &p->o, scratch, threads);
    free(scratch);
    scratch = room(weir__attention_scratch(k, p->t, &p->o, true, threads));
    weir__attention_backward(k, p->t, &p->o, scratch, threads);
    free(scratch);
}

static bool seen(const problem *p, int64_t i, int64_t j)
{
    const weir__attention *o = &p->o;
    return !(o->causal && j > i) && !(o->mask && o->mask_bool && !((const uint8_t *)o->mask)[i * o->keys + j]);
}

static double q_of(const problem *p, int64_t h, int64_t i, int64_t e) { return get(p->t, p->o.q, p->at[0][h] + i * p->o.q_row + e); }
static double k_of(const problem *p, int64_t h, int64_t j, int64_t e) { return get(p->t, p->o.k, p->at[1][h] + j * p->o.k_row + e); }
static double v_of(const problem *p, int64_t h, int64_t j, int64_t e) { return get(p->t, p->o.v, p->at[2][h] + j * p->o.v_row + e); }

static void row_probabilities(const problem *p, int64_t h, int64_t i, long double *w)
{
    const weir__attention *o = &p->o;
    long double sum = 0;
    for (int64_t j = 0; j < o->keys; j++) {
        long double s = 0;
        for (int64_t e = 0; e < o->width; e++) s += (long double)q_of(p, h, i, e) * k_of(p, h, j, e);
        s = s * o->scale + (o->mask && !o->mask_bool ? get(p->t, o->mask, i * o->keys + j) : 0);
        sum += w[j] = seen(p, i, j) ? expl(s) : 0;
    }
    for (int64_t j = 0; j < o->keys; j++) w[j] = sum > 0 ? w[j] / sum : 0;
}

static void near(const problem *p, const char *what, double got, long double want)
{
    double eps = p->t == WEIR__F32 ? 0x1p-23 : 0x1p-52;
    if (!(fabsl(got - want) <= 30 * eps * (1 + fabsl(want)))) fail_msg("f%d [%d, %d]: %s %.17g, expected %.17Lg", p->t ? 64 : 32, (int)p->o.rows, (int)p->o.keys, what, got, want);
}

static void check_head(const problem *p, int64_t h)
{
    const weir__attention *o = &p->o;
    static long double w[MOST], dp[MOST], dk[MOST * 40], dv[MOST * 40];
    memset(dk, 0, sizeof dk), memset(dv, 0, sizeof dv);
    for (int64_t i = 0; i < o->rows; i++) {
        row_probabilities(p, h, i, w);
        long double dot = 0;
        for (int64_t e = 0; e < o->out; e++) {
            long double y = 0;
            for (int64_t j = 0; j < o->keys; j++) y += w[j] * v_of(p, h, j, e), dv[j * o->out + e] += w[j] * get(p->t, o->g, (h * o->rows + i) * o->out + e);
            near(p, "y", get(p->t, o->y, (h * o->rows + i) * o->out + e), y);
        }
        for (int64_t j = 0; j < o->keys; dot += w[j] * dp[j], j++) {
            dp[j] = 0;
            for (int64_t e = 0; e < o->out; e++) dp[j] += (long double)get(p->t, o->g, (h * o->rows + i) * o->out + e) * v_of(p, h, j, e);
        }
        for (int64_t j = 0; j < o->keys; j++)
            near(p, "ds", get(p->t, o->ds, (h * o->rows + i) * o->keys + j), w[j] * (dp[j] - dot));
        for (int64_t e = 0; e < o->width; e++) {
            long double dq = 0;
            for (int64_t j = 0; j < o->keys; j++) {
                long double ds = w[j] * (dp[j] - dot) * o->scale;
                dq += ds * k_of(p, h, j, e), dk[j * o->width + e] += ds * q_of(p, h, i, e);
            }
            near(p, "dq", get(p->t, o->dq, (h * o->rows + i) * o->width + e), dq);
        }
    }
    for (int64_t e = 0; e < o->keys * o->width; e++) near(p, "dk", get(p->t, o->dk, h * o->keys * o->width + e), dk[e]);
    for (int64_t e = 0; e < o->keys * o->out; e++) near(p, "dv", get(p->t, o->dv, h * o->keys * o->out + e), dv[e]);
}

static void test_accuracy(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int i = 0; i < SHAPES; i++)
    {
        problem *p = make(t, i);
        run(k, p, 1);
        for (int64_t h = 0; h < HEADS; h++) check_head(p, h);
        drop(p);
    }
}

/* Everything that head h of p made, beside the only head of r */
static void same_head(const problem *p, const problem *r, int64_t h)
{
    const weir__attention *a = &p->o, *b = &r->o;
    const struct {
        const void *all, *one;
        int64_t n;
    } results[] = {
        { a->y, b->y, a->rows * a->out },     { a->dq, b->dq, a->rows * a->width },
        { a->dk, b->dk, a->keys * a->width }, { a->dv, b->dv, a->keys * a->out },
        { a->ds, b->ds, a->rows * a->keys },
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        size_t bytes = bytes_of(p->t) * (size_t)results[i].n;
        assert_memory_equal(results[i].one, (const char *)results[i].all + (size_t)h * bytes,
                            bytes);
    }
}

/* The same bits on one thread and on more, which divide heads, or blocks and keys of one; a head,
 * and a row of q, makes what it makes alone. */
static void test_alone_and_in_threads(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int i = 0; i < SHAPES; i++)
    {
        problem *p = make(t, i), *r = make(t, i);
        size_t y = bytes_of(t) * (size_t)(p->o.rows * p->o.out);
        run(k, p, 1);
        for (int threads = 2; threads < 4; threads++) {
            run(k, r, threads);
            same_head(p, r, 0);
            assert_memory_equal(p->o.dk, r->o.dk,
                                HEADS * bytes_of(t) * (size_t)(p->o.keys * p->o.width));
        }
        r->o.heads = 1;
        for (int64_t h = 0; h < HEADS; h++) {
            r->o.q_at = &p->at[0][h], r->o.k_at = &p->at[1][h], r->o.v_at = &p->at[2][h];
            r->o.g = (const char *)p->o.g + (size_t)h * y;
            for (int threads = 1; threads < 4; threads++) {
                run(k, r, threads);
                same_head(p, r, h);
            }
        }
        r->o.rows = (p->o.rows + 1) / 2; /* fewer rows: the same first ones */
        run(k, r, 1);
        assert_memory_equal(r->o.y, (char *)p->o.y + (HEADS - 1) * y, bytes_of(t) * (size_t)(r->o.rows * p->o.out));
        drop(p), drop(r);
    }
}

/* -- a row of scores -- */
enum { KINDS = 3, LONGEST = 530 }; /* no mask, bool, numbers */
typedef struct score_row {
    weir__real t;
    int64_t n;
    int kind;
    void *x, *numbers;
    uint8_t bytes[LONGEST];
} score_row;

static score_row scores_of(weir__real t, int64_t n, int kind)
{
    score_row r = { .t = t, .n = n, .kind = kind, .x = noise(t, n, 3), .numbers = noise(t, n, 8) };
    for (int64_t i = 0; i < n; i++) {
        put(t, r.x, i, 40 * get(t, r.x, i));
        r.bytes[i] = (uint8_t)(i % 3 == 0 ? 0 : 1 + i % 255);
    }
    return r;
}

static void end_scores(score_row *r)
{
    free(r->x);
    free(r->numbers);
}

static void softmax_of(const weir__isa *k, score_row *r, double scale)
{
    const void *mask[KINDS] = { NULL, r->bytes, r->numbers };
    k->probabilities[r->t](r->n, r->x, scale, mask[r->kind], r->kind == 1);
}

static void check_row(const weir__isa *k, weir__real t, int64_t n, int kind)
{
    score_row r = scores_of(t, n, kind);
    static long double e[LONGEST];
    long double sum = 0;
    double eps = t == WEIR__F32 ? 0x1p-23 : 0x1p-52;
    for (int64_t i = 0; i < n; i++) {
        long double s = 0.5L * get(t, r.x, i) + (kind == 2 ? get(t, r.numbers, i) : 0);
        sum += e[i] = kind == 1 && !r.bytes[i] ? 0 : expl(s);
    }
    softmax_of(k, &r, 0.5);
    for (int64_t i = 0; i < n; i++) {
        long double want = sum > 0 ? e[i] / sum : 0;
        if (!(fabsl(get(t, r.x, i) - want) <= 50 * eps * want)) fail_msg("%s f%d mask %d, %d of %d: %.17g, expected %.17Lg", k->name, t ? 64 : 32, kind, (int)i, (int)n, get(t, r.x, i), want);
    }
    end_scores(&r);
}

/* Keys that a mask hides past the others change no bit of these: so causal rows end at their last key. */
static void check_hidden(const weir__isa *k, weir__real t, int64_t n, int64_t seen)
{
    score_row all = scores_of(t, n, 1), some = scores_of(t, seen, 0);
    for (int64_t i = 0; i < n; i++) all.bytes[i] = i < seen;
    softmax_of(k, &all, 0.3);
    softmax_of(k, &some, 0.3);
    assert_memory_equal(all.x, some.x, bytes_of(t) * (size_t)seen);
    for (int64_t i = seen; i < n; i++) assert_true(get(t, all.x, i) == 0);
    end_scores(&all);
    end_scores(&some);
}

static void test_rows_of_scores(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t)
    {
        for (int64_t n = 1; n <= LONGEST; n += n < 70 ? 1 : 23)
            for (int kind = 0; kind < KINDS; kind++) check_row(k, t, n, kind);
        for (int64_t n = 2; n <= LONGEST; n += n < 40 ? 1 : 61)
            for (int64_t seen = 1; seen < n; seen += 1 + n / 7) check_hidden(k, t, n, seen);
    }
}

/* A row of nothing but -infinity is 0; NaN and infinity make the row NaN, wherever they stand; far below the largest is 0 */
static void test_special_scores(void **state)
{
    (void)state;
    enum { N = 37 };
    EACH_KERN(k) EACH_REAL(t) for (int64_t at = 0; at < N; at++)
    {
        static const double special[] = { NAN, INFINITY };
        for (int s = 0; s < 2; s++) {
            score_row r = scores_of(t, N, 0);
            put(t, r.x, at, special[s]);
            uint32_t payload = 0x7fc00001; /* whose low bits an exponential by bits would take for its own */
            if (t == WEIR__F32 && s == 0) memcpy((char *)r.x + 4 * at, &payload, 4);
            softmax_of(k, &r, 1);
            for (int64_t i = 0; i < N; i++) assert_true(isnan(get(t, r.x, i)) || (s == 1 && i != at));
            end_scores(&r);
        }
        score_row r = scores_of(t, N, 0);
        for (int64_t i = 0; i < N; i++) put(t, r.x, i, i == at ? 0 : -1000);
        softmax_of(k, &r, 1);
        for (int64_t i = 0; i < N; i++) assert_true(get(t, r.x, i) == (i == at));
        for (int64_t i = 0; i < N; i++) put(t, r.x, i, -INFINITY);
        softmax_of(k, &r, 1);
        for (int64_t i = 0; i < N; i++) assert_true(get(t, r.x, i) == 0);
        end_scores(&r);
    }
}

/* A mask whose numbers lie apart gives the bits of one where they lie side by side. */
static void test_strided_mask(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int i = 0; i < SHAPES; i++)
    {
        problem *p = make(t, i), *r = make(t, i);
        if (r->o.mask) {
            size_t n = (size_t)(r->o.rows * r->o.keys), bytes = r->o.mask_bool ? 1 : bytes_of(t);
            char *apart = room(3 * n * bytes);
            for (size_t j = 0; j < n; j++) memcpy(apart + 3 * j * bytes, (const char *)r->o.mask + j * bytes, bytes);
            free(r->memory[8]);
            r->o.mask = r->memory[8] = apart;
            r->o.mask_row *= 3;
            r->o.mask_key = 3;
        }
        run(k, p, 1);
        run(k, r, 1);
        same_head(p, r, 0);
        drop(p), drop(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accuracy), cmocka_unit_test(test_alone_and_in_threads),
                                        cmocka_unit_test(test_rows_of_scores), cmocka_unit_test(test_special_scores),
                                        cmocka_unit_test(test_strided_mask) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
