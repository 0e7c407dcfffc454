/* test_norm.c - normalisations against long double, at many shapes; far from 0; samples alone and among others; threads. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

static const struct { int64_t batch, channels, run, groups; bool centred; } shapes[] = {
    { 3, 1, 1, 1, true },   { 5, 7, 1, 1, true },     { 4, 16, 1, 1, true },  { 3, 37, 1, 1, false }, { 2, 1000, 1, 1, true },  { 2, 1025, 1, 1, false },
    { 3, 6, 1, 2, true },   { 3, 130, 1, 13, true },  { 2, 6, 5, 3, true },   { 2, 4, 49, 1, true },  { 2, 8, 600, 8, true },   { 7, 1, 1, 0, true },
    { 2, 520, 9, 2, true },  { 2, 150, 700, 3, true }, { 2, 300, 70, 0, true },
    { 2, 48, 33, 3, true }, { 3, 21, 700, 7, true }, { 2, 40, 18, 1, true },  { 33, 70, 1, 0, true }, { 2000, 129, 1, 0, true }, { 3, 5, 7, 0, true },   { 2, 3, 520, 0, true }, { 9, 64, 16, 0, true },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct problem { weir__norm o; weir__real t; int64_t n; void *x, *g, *w, *b, *y, *d; } problem;

static int64_t stats_of(const weir__norm *o) { return o->groups ? o->batch * o->groups : o->channels; }

static problem make(weir__real t, int at, double shift, bool affine)
{
    problem p = { .t = t, .o = { .batch = shapes[at].batch, .channels = shapes[at].channels, .run = shapes[at].run, .groups = shapes[at].groups, .centred = shapes[at].centred, .eps = 1e-5 } };
    p.n = p.o.batch * p.o.channels * p.o.run;
    p.x = noise(t, p.n, 1), p.g = noise(t, p.n, 2), p.w = noise(t, p.o.channels, 3), p.b = noise(t, p.o.channels, 4);
    p.y = room(bytes_of(t) * (size_t)p.n), p.d = room(bytes_of(t) * (size_t)p.n);
    for (int64_t i = 0; i < p.n; i++) put(t, p.x, i, get(t, p.x, i) + shift);
    p.o.x = p.x, p.o.g = p.g, p.o.w = affine ? p.w : NULL, p.o.b = affine ? p.b : NULL;
    p.o.stats = room(16 * (size_t)stats_of(&p.o)), p.o.sums = room(16 * (size_t)p.o.channels);
    p.o.parts = room(16 * (size_t)(p.o.batch * p.o.channels));
    return p;
}

static void drop(problem *p) { free(p->x), free(p->g), free(p->w), free(p->b), free(p->y), free(p->d), free(p->o.stats), free(p->o.sums), free(p->o.parts); }

/* Elements of each sample from [channels, run] to [run, channels], or back */
static void reorder(const problem *p, const void *from, void *to, bool back)
{
    const weir__norm *o = &p->o;
    size_t bytes = bytes_of(p->t);
    for (int64_t i = 0; i < o->batch; i++)
        for (int64_t c = 0; c < o->channels; c++)
            for (int64_t r = 0; r < o->run; r++) {
                int64_t logical = (i * o->channels + c) * o->run + r;
                int64_t last = (i * o->run + r) * o->channels + c;
                memcpy((char *)to + (size_t)(back ? logical : last) * bytes,
                       (const char *)from + (size_t)(back ? last : logical) * bytes, bytes);
            }
}

/* Forward and backward on memory as o says */
static void run_steps(const weir__isa *k, const problem *p, weir__norm o, const weir__threads *threads)
{
    o.y = p->y;
    weir__norm_forward(k, p->t, &o, threads);
    o.y = p->d;
    weir__norm_backward(k, p->t, &o, true, true, threads);
}

static void all_steps(const weir__isa *k, problem *p, int n_threads)
{
    weir__norm o = p->o;
    size_t bytes = bytes_of(p->t) * (size_t)(o.batch * o.channels * o.run);
    void *x = room(bytes), *g = room(bytes), *scales = room(4 * bytes_of(p->t) * (size_t)o.batch);
    if (o.run == 1) o.last = true;
    if (o.run == 1 && o.groups == 1) o.scales = scales;
    reorder(p, o.x, x, false);
    reorder(p, o.g, g, false);
    if (o.last) {
        o.x = x;
        o.g = g;
    }
    run_steps(k, p, o, threads_of(n_threads));
    if (o.last) {
        reorder(p, p->y, x, true);
        reorder(p, p->d, g, true);
        memcpy(p->y, x, bytes);
        memcpy(p->d, g, bytes);
    }
    free(x);
    free(g);
    free(scales);
}

static int64_t channel(const weir__norm *o, int64_t e) { return e / o->run % o->channels; }
static int64_t shared(const weir__norm *o, int64_t e) /* which statistics element e goes by */
{
    int64_t c = channel(o, e);
    return o->groups ? e / (o->channels * o->run) * o->groups + c / (o->channels / o->groups) : c;
}

typedef struct exact { long double mean, square, up, along, n; } exact; /* of what shares statistics */
static long double weight(const problem *p, int64_t e) { return p->o.w ? (long double)get(p->t, p->w, channel(&p->o, e)) : 1; }

static exact *exactly(const problem *p)
{
    exact *s = calloc((size_t)stats_of(&p->o), sizeof *s);
    for (int64_t e = 0; e < p->n; e++) s[shared(&p->o, e)].mean += get(p->t, p->x, e), s[shared(&p->o, e)].n++;
    for (int64_t i = 0; i < stats_of(&p->o); i++) s[i].mean = p->o.centred ? s[i].mean / s[i].n : 0;
    for (int64_t e = 0; e < p->n; e++) {
        exact *q = &s[shared(&p->o, e)];
        long double v = get(p->t, p->x, e) - q->mean, g = get(p->t, p->g, e) * weight(p, e);
        q->square += v * v, q->up += g, q->along += g * v;
    }
    for (int64_t i = 0; i < stats_of(&p->o); i++) s[i].square /= s[i].n;
    return s;
}

static void near(const problem *p, const char *what, double got, long double want, double scale)
{
    double eps = p->t == WEIR__F32 ? 0x1p-23 : 0x1p-52;
    if (!(fabsl(got - want) <= 4 * eps * scale))
        fail_msg("f%d [%d, %d, %d] in %d: %s %.17g, expected %.17Lg", p->t ? 64 : 32, (int)p->o.batch, (int)p->o.channels, (int)p->o.run, (int)p->o.groups, what, got, want);
}

/* Within a few units in the last place, though the mean is up to 1000 times the deviation. */
static void check(const weir__isa *k, problem *p)
{
    all_steps(k, p, 1);
    exact *s = exactly(p);
    long double *sums = calloc((size_t)p->o.channels * 2, sizeof *sums), *sizes = calloc((size_t)p->o.channels, sizeof *sizes);
    for (int64_t e = 0; e < p->n; e++) {
        exact *q = &s[shared(&p->o, e)];
        int64_t c = channel(&p->o, e);
        long double rate = 1 / sqrtl(q->square + p->o.eps), h = (get(p->t, p->x, e) - q->mean) * rate, w = weight(p, e), g = get(p->t, p->g, e);
        long double b = p->o.b ? (long double)get(p->t, p->b, c) : 0, up = p->o.centred ? q->up / q->n : 0, along = q->along * rate / q->n;
        double coarse = p->t == WEIR__F64 ? (double)(fabsl(q->mean) * rate) : 0; /* a mean in double, for doubles */
        near(p, "y", get(p->t, p->y, e), h * w + b, 1 + (double)fabsl(h) + coarse);
        near(p, "the gradient", get(p->t, p->d, e), rate * (g * w - up - h * along), 2 * (double)(rate * (fabsl(g * w) + fabsl(up) + fabsl(h * along) + coarse * (1 + fabsl(h)))) + 2e-2); /* means to some u of the mean magnitude */
        sums[2 * c] += g, sums[2 * c + 1] += g * h, sizes[c] += 1 + fabsl(h);
    }
    for (int64_t c = 0; c < p->o.channels; c++)
        for (int j = 0; j < 2; j++)
            if (!(fabsl(p->o.sums[2 * c + j] - sums[2 * c + j]) <= (p->t == WEIR__F32 ? 0x1p-22L : 1e-12L) * sizes[c])) fail_msg("sum %d of channel %d: %.17g, expected %.17Lg", j, (int)c, p->o.sums[2 * c + j], sums[2 * c + j]);
    free(s), free(sums), free(sizes);
}

static void test_accuracy(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < SHAPES; at++) for (int way = 0; way < 4; way++)
    {
        bool affine = way % 2;
        problem p = make(t, at, affine ? 1000 : 0.5, affine);
        p.o.last = way / 2;
        check(k, &p);
        drop(&p);
    }
}

/* Statistics of a batch far from 0, where a sum in the order of samples has lost what tells them apart */
static void test_far_from_zero(void **state)
{
    (void)state;
    EACH_KERN(k)
    {
        problem p = make(WEIR__F64, 13, 1e9, false);
        all_steps(k, &p, 1);
        exact *s = exactly(&p);
        for (int64_t i = 0; i < stats_of(&p.o); i++) {
            assert_true(fabsl(p.o.stats[2 * i] - s[i].mean) <= 0x1p-52L * 1e9L);
            assert_true(fabsl(p.o.stats[2 * i + 1] - s[i].square) <= 1e-13L * s[i].square);
        }
        free(s);
        drop(&p);
    }
}

/* One thread and two make the same bits; a sample makes those it makes alone, but where the batch shares statistics. */
static void test_alone_and_in_threads(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < SHAPES; at++)
    {
        problem p = make(t, at, 0.5, true), q = make(t, at, 0.5, true);
        all_steps(k, &p, 1);
        all_steps(k, &q, 2);
        size_t sample = bytes_of(t) * (size_t)(p.o.channels * p.o.run);
        assert_memory_equal(p.y, q.y, sample * (size_t)p.o.batch);
        assert_memory_equal(p.d, q.d, sample * (size_t)p.o.batch);
        assert_memory_equal(p.o.sums, q.o.sums, 16 * (size_t)p.o.channels);
        for (int64_t i = 0; p.o.groups && i < p.o.batch; i++) {
            q.o.batch = 1, q.o.x = (char *)p.x + (size_t)i * sample, q.o.g = (char *)p.g + (size_t)i * sample;
            all_steps(k, &q, 1);
            assert_memory_equal(q.y, (char *)p.y + (size_t)i * sample, sample);
            assert_memory_equal(q.d, (char *)p.d + (size_t)i * sample, sample);
        }
        drop(&p), drop(&q);
    }
}

/* Either memory order makes the same bits, with SiLU and without. */
static void test_orders(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < 2 * SHAPES; at++)
    {
        problem p = make(t, at / 2, 0.5, true), q = make(t, at / 2, 0.5, true);
        size_t bytes = bytes_of(t) * (size_t)p.n;
        q.o.last = true;
        p.o.silu = q.o.silu = at % 2;
        all_steps(k, &p, 1);
        all_steps(k, &q, 2);
        assert_memory_equal(p.o.stats, q.o.stats, 16 * (size_t)stats_of(&p.o));
        assert_memory_equal(p.o.sums, q.o.sums, 16 * (size_t)p.o.channels);
        assert_memory_equal(p.y, q.y, bytes);
        assert_memory_equal(p.d, q.d, bytes);
        drop(&p);
        drop(&q);
    }
}

/* SiLU of what comes without it, to the bit; and its gradient from that. */
static void test_silu(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int at = 0; at < SHAPES; at++)
    {
        problem p = make(t, at, 0.5, true), q = make(t, at, 0.5, true);
        size_t bytes = bytes_of(t) * (size_t)p.n;
        void *g = room(bytes), *y = room(bytes);
        q.o.silu = true;
        all_steps(k, &q, 1);
        all_steps(k, &p, 1);
        k->unary[t][WEIR__U_silu](p.n, y, 1, p.y, 1, NULL);
        assert_memory_equal(y, q.y, bytes);
        k->slope[t][WEIR__S_silu](p.n, g, 1, p.g, 1, p.y, 1, NULL);
        p.o.g = g;
        all_steps(k, &p, 1);
        assert_memory_equal(p.d, q.d, bytes);
        assert_memory_equal(p.o.sums, q.o.sums, 16 * (size_t)p.o.channels);
        free(g);
        free(y);
        drop(&p);
        drop(&q);
    }
}

/* Enough to be divided, so that two threads are used */
static void test_large(void **state)
{
    (void)state;
    EACH_KERN(k) for (int groups = 0; groups < 2; groups++)
    {
        problem p = make(WEIR__F32, 3, 0, true);
        drop(&p);
        p.o = (weir__norm){ .batch = 500, .channels = 300, .run = 1, .groups = groups, .centred = true, .eps = 1e-5 };
        p.n = 150000, p.t = WEIR__F32;
        void *x = noise(p.t, p.n, 1), *g = noise(p.t, p.n, 2), *out[2][2];
        double *sums[2];
        for (int i = 0; i < 2; i++) {
            p.y = out[i][0] = room(4 * 150000), p.d = out[i][1] = room(4 * 150000);
            p.o.x = x, p.o.g = g, p.o.stats = room(16 * 500), p.o.sums = sums[i] = room(16 * 300);
            all_steps(k, &p, i + 1);
            free(p.o.stats);
        }
        assert_memory_equal(out[0][0], out[1][0], 4 * 150000);
        assert_memory_equal(out[0][1], out[1][1], 4 * 150000);
        assert_memory_equal(sums[0], sums[1], 16 * 300);
        for (int i = 0; i < 2; i++) free(out[i][0]), free(out[i][1]), free(sums[i]);
        free(x), free(g);
    }
}

/* Sums made in the pass that makes the gradient are those of a pass of their own, to the bit. */
static void test_blocks(void **state)
{
    const weir__norm large[] = {
        { .batch = 1600, .channels = 90, .run = 1, .groups = 1, .last = true, .centred = true },
        { .batch = 1030, .channels = 129, .run = 1, .groups = 1, .last = true },
        { .batch = 2, .channels = 135, .run = 1030, .groups = 5, .last = true, .silu = true },
        { .batch = 1, .channels = 600, .run = 519, .groups = 2, .last = true, .silu = true },
    };
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (size_t at = 0; at < sizeof large / sizeof *large; at++)
        for (int threads = 1; threads < 3; threads++)
    {
        weir__norm o = large[at];
        size_t each = bytes_of(t), bytes = each * (size_t)(o.batch * o.channels * o.run);
        size_t sums = 16 * (size_t)o.channels;
        void *x = noise(t, o.batch * o.channels * o.run, 1), *d[2];
        void *g = noise(t, o.batch * o.channels * o.run, 2), *w = noise(t, o.channels, 3);
        o.x = x;
        o.w = o.b = w;
        o.eps = 1e-5;
        o.centred = o.centred || o.silu;
        o.stats = room(16 * (size_t)(o.batch * o.groups));
        o.parts = room(sums * (size_t)o.batch);
        o.sums = room(2 * sums);
        o.scales = weir__norm_has_parts(&o) ? NULL : room(4 * each * (size_t)o.batch);
        o.y = d[0] = room(bytes);
        weir__norm_forward(k, t, &o, NULL);
        o.g = g;
        weir__norm_backward(k, t, &o, true, true, NULL);
        int64_t more = weir__norm_room(t, &o, threads_of(threads));
        assert_true(more > 0);
        assert_int_equal(posix_memalign(&o.blocks, 64, (size_t)more), 0);
        memset(o.blocks, 0x7f, (size_t)more);
        o.sums += 2 * o.channels;
        o.y = d[1] = room(bytes);
        weir__norm_backward(k, t, &o, true, true, threads_of(threads));
        assert_memory_equal(d[0], d[1], bytes);
        assert_memory_equal(o.sums - 2 * o.channels, o.sums, sums);
        void *all[] = { x, g, w, d[0], d[1], o.stats, o.parts, o.sums - 2 * o.channels, o.scales,
                        o.blocks };
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accuracy), cmocka_unit_test(test_far_from_zero), cmocka_unit_test(test_alone_and_in_threads), cmocka_unit_test(test_orders), cmocka_unit_test(test_silu), cmocka_unit_test(test_large), cmocka_unit_test(test_blocks) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
