/* test_conv.c - convolutions and windows against plain loops in double, and the promise: the bits of an image depend on that image alone,
 * those of a weight's gradient on no number of threads. */
#include "kern_test.h"

/* n, h, w, c, o, kernel, stride, pad, dilation, groups, more padding after. The last eleven go by minimal filtering, some passes or all: both extents odd and even,
 * channels around a register, a panel and a tile of rows, padding of 0 to 3, a side that has none, more tiles than a block. */
static const struct { int64_t at[16]; } shapes[] = {
    { { 2, 5, 6, 3, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },   { { 1, 8, 8, 16, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },  { { 3, 7, 9, 20, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1 } },
    { { 2, 9, 9, 6, 8, 3, 2, 2, 3, 0, 1, 2, 1, 2 } },   { { 2, 4, 4, 40, 70, 1, 1, 1, 1, 0, 0, 1, 1, 1 } },  { { 2, 6, 5, 8, 12, 1, 1, 1, 1, 0, 0, 1, 1, 4 } },
    { { 2, 6, 6, 8, 4, 1, 1, 2, 2, 0, 0, 1, 1, 1 } },   { { 1, 1, 1, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },    { { 2, 6, 7, 9, 9, 3, 3, 1, 2, 2, 2, 2, 2, 9 } },
    { { 0, 5, 5, 4, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },   { { 5, 10, 10, 3, 17, 5, 5, 2, 2, 2, 2, 1, 1, 1 } }, { { 2, 12, 11, 70, 19, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },
    { { 1, 3, 3, 130, 140, 3, 3, 3, 1, 1, 1, 1, 1, 1 } }, { { 1, 4, 5, 2, 3, 7, 7, 1, 1, 3, 3, 1, 1, 1 } }, { { 6, 3, 3, 24, 36, 3, 3, 1, 1, 1, 1, 1, 1, 2 } },
    { { 2, 5, 7, 16, 16, 3, 3, 1, 1, 0, 2, 1, 1, 1 } },  { { 1, 6, 9, 33, 18, 3, 3, 1, 1, 2, 0, 1, 1, 1 } },  { { 3, 4, 4, 17, 31, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },
    { { 1, 7, 6, 48, 29, 3, 3, 1, 1, 0, 0, 1, 1, 1, 1, 2 } }, { { 2, 2, 2, 20, 64, 3, 3, 1, 1, 1, 1, 1, 1, 1 } }, { { 1, 4, 6, 18, 65, 3, 3, 1, 1, 3, 3, 1, 1, 1 } },
    { { 2, 6, 5, 8, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },    { { 1, 5, 6, 9, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },    { { 2, 6, 6, 3, 9, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },
    { { 1, 40, 42, 16, 23, 3, 3, 1, 1, 1, 1, 1, 1, 1 } }, { { 2, 7, 7, 300, 260, 3, 3, 1, 1, 1, 1, 1, 1, 1 } },
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static weir__conv conv_of(int s)
{
    const int64_t *a = shapes[s].at;
    weir__conv v = { .n = a[0], .h = a[1], .w = a[2], .c = a[3], .o = a[4], .kernel = { a[5], a[6] }, .stride = { a[7], a[8] },
                     .pad = { a[9], a[10] }, .dilation = { a[11], a[12] }, .groups = a[13] };
    v.out_h = (v.h + 2 * v.pad[0] + a[14] - v.dilation[0] * (v.kernel[0] - 1) - 1) / v.stride[0] + 1;
    v.out_w = (v.w + 2 * v.pad[1] + a[15] - v.dilation[1] * (v.kernel[1] - 1) - 1) / v.stride[1] + 1;
    return v;
}

typedef struct sizes { int64_t x, y, w, image_x, image_y; } sizes;
static sizes sizes_of(const weir__conv *v)
{
    sizes s = { .image_x = v->h * v->w * v->c, .image_y = v->out_h * v->out_w * v->o, .w = v->o * (v->c / v->groups) * v->kernel[0] * v->kernel[1] };
    s.x = v->n * s.image_x, s.y = v->n * s.image_y;
    return s;
}

/* Calls f(user, index of y, of x, of w) for every product of the convolution */
static void each_product(const weir__conv *v, void (*f)(void *user, int64_t y, int64_t x, int64_t w), void *user)
{
    int64_t cg = v->c / v->groups, og = v->o / v->groups;
    for (int64_t n = 0; n < v->n; n++)
        for (int64_t i = 0; i < v->out_h; i++)
            for (int64_t j = 0; j < v->out_w; j++)
                for (int64_t a = 0; a < v->kernel[0]; a++)
                    for (int64_t b = 0; b < v->kernel[1]; b++) {
                        int64_t r = i * v->stride[0] - v->pad[0] + a * v->dilation[0], q = j * v->stride[1] - v->pad[1] + b * v->dilation[1];
                        if (r < 0 || q < 0 || r >= v->h || q >= v->w) continue;
                        for (int64_t o = 0; o < v->o; o++)
                            for (int64_t k = 0; k < cg; k++)
                                f(user, ((n * v->out_h + i) * v->out_w + j) * v->o + o, ((n * v->h + r) * v->w + q) * v->c + o / og * cg + k,
                                  ((o * cg + k) * v->kernel[0] + a) * v->kernel[1] + b);
                    }
}

typedef struct naive { weir__real t; const void *x, *w, *g; double *y, *dx, *dw, *size_y, *size_dx, *size_dw; } naive;
static void naive_product(void *user, int64_t y, int64_t x, int64_t w)
{
    naive *p = user;
    double xv = get(p->t, p->x, x), wv = get(p->t, p->w, w), gv = get(p->t, p->g, y);
    p->y[y] += xv * wv, p->size_y[y] += fabs(xv * wv);
    p->dx[x] += gv * wv, p->size_dx[x] += fabs(gv * wv);
    p->dw[w] += gv * xv, p->size_dw[w] += fabs(gv * xv);
}

static void *forward(const weir__isa *k, weir__real t, const weir__conv *v, const void *x, const void *w, const void *bias, int threads)
{
    void *y = room(bytes_of(t) * (size_t)sizes_of(v).y), *scratch = room(k->conv_scratch[t](v, WEIR__CONV_FORWARD, threads_of(threads)));
    k->conv_forward[t](v, x, w, bias, y, scratch, threads_of(threads));
    free(scratch);
    return y;
}

static void *input(const weir__isa *k, weir__real t, const weir__conv *v, const void *g, const void *w, int threads)
{
    void *dx = room(bytes_of(t) * (size_t)sizes_of(v).x), *scratch = room(k->conv_scratch[t](v, WEIR__CONV_INPUT, threads_of(threads)));
    k->conv_input[t](v, g, w, dx, scratch, threads_of(threads));
    free(scratch);
    return dx;
}

/* Adds to `before` unless that is NULL */
static void *weight(const weir__isa *k, weir__real t, const weir__conv *v, const void *x, const void *g, const void *before, int threads)
{
    size_t bytes = bytes_of(t) * (size_t)sizes_of(v).w;
    void *dw = room(bytes), *scratch = room(k->conv_scratch[t](v, WEIR__CONV_WEIGHT, threads_of(threads)));
    if (before) memcpy(dw, before, bytes);
    k->conv_weight[t](v, x, g, dw, before != NULL, scratch, threads_of(threads));
    free(scratch);
    return dw;
}

/* 3 x 3 without a stride or groups: minimal filtering, whose errors are those of a tile's largest sums; else 0 */
static double filtered(const weir__conv *v, int64_t n, const double *size)
{
    double most = 0;
    bool so = v->kernel[0] == 3 && v->kernel[1] == 3 && v->stride[0] == 1 && v->stride[1] == 1 && v->dilation[0] == 1 && v->groups == 1;
    for (int64_t i = 0; so && i < n; i++) most = fmax(most, size[i]);
    return most;
}

static void check(const weir__isa *k, weir__real t, int s, const char *what, int64_t n, const void *got, const double *want, const double *size, const void *plus, int64_t period)
{
    double eps = t == WEIR__F32 ? 0x1p-24 : 0x1p-52;
    weir__conv of = conv_of(s);
    double tile = filtered(&of, n, size);
    for (int64_t i = 0; i < n; i++) {
        double e = want[i] + (plus ? get(t, plus, i % period) : 0), v = get(t, got, i);
        if (!(fabs(v - e) <= eps * (4 + 8 * size[i] + 2 * tile))) fail_msg("%s f%d shape %d %s %ld: %.9g, expected %.9g", k->name, t ? 64 : 32, s, what, (long)i, v, e);
    }
}

static void test_values(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++) EACH_REAL(t)
    {
        weir__conv v = conv_of(s);
        sizes z = sizes_of(&v);
        void *x = noise(t, z.x, 1), *w = noise(t, z.w, 2), *g = noise(t, z.y, 3), *bias = noise(t, v.o, 4);
        double *sum = calloc((size_t)(2 * (z.x + z.y + z.w) + 1), sizeof *sum);
        naive p = { t, x, w, g, sum, sum + z.y, sum + z.y + z.x, NULL, NULL, NULL };
        p.size_y = p.dw + z.w, p.size_dx = p.size_y + z.y, p.size_dw = p.size_dx + z.x;
        each_product(&v, naive_product, &p);
        EACH_KERN(k) for (int threads = 1; threads <= 3; threads++)
        {
            void *y = forward(k, t, &v, x, w, threads == 2 ? bias : NULL, threads), *dx = input(k, t, &v, g, w, threads), *dw = weight(k, t, &v, x, g, threads == 2 ? w : NULL, threads);
            check(k, t, s, "y", z.y, y, p.y, p.size_y, threads == 2 ? bias : NULL, v.o);
            check(k, t, s, "dx", z.x, dx, p.dx, p.size_dx, NULL, 1);
            check(k, t, s, "dw", z.w, dw, p.dw, p.size_dw, threads == 2 ? w : NULL, z.w);
            free(y), free(dx), free(dw);
        }
        free(sum), free(x), free(w), free(g), free(bias);
    }
}

/* The root mean square of what f32 strays from f64, over that of f64 */
static double stray(int64_t n, const float *got, const double *want)
{
    double error = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        error += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += want[i] * want[i];
    }
    return sqrt(error / size);
}

static double *widened(int64_t n, const float *x)
{
    double *y = room(8 * (size_t)n);
    for (int64_t i = 0; i < n; i++) y[i] = (double)x[i];
    return y;
}

/* Of 3 x 3 convolutions of many channels: no more than chains of as many products in f32 */
static void test_errors(void **state)
{
    (void)state;
    EACH_KERN(k) for (int64_t channels = 16; channels <= 256; channels *= 4)
    {
        weir__conv v = { .n = 1, .h = 16, .w = 16, .c = channels, .out_h = 16, .out_w = 16, .o = channels, .kernel = { 3, 3 }, .stride = { 1, 1 }, .pad = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1 };
        sizes z = sizes_of(&v);
        void *x = noise(WEIR__F32, z.x, 1), *w = noise(WEIR__F32, z.w, 2), *g = noise(WEIR__F32, z.y, 3);
        double *x64 = widened(z.x, x), *w64 = widened(z.w, w), *g64 = widened(z.y, g);
        void *y = forward(k, WEIR__F32, &v, x, w, NULL, 2), *dx = input(k, WEIR__F32, &v, g, w, 2), *dw = weight(k, WEIR__F32, &v, x, g, NULL, 2);
        void *y64 = forward(k, WEIR__F64, &v, x64, w64, NULL, 2), *dx64 = input(k, WEIR__F64, &v, g64, w64, 2), *dw64 = weight(k, WEIR__F64, &v, x64, g64, NULL, 2);
        double error[] = { stray(z.y, y, y64), stray(z.x, dx, dx64), stray(z.w, dw, dw64) };
        print_message("# %s, %d channels: rms error of y %.2g, dx %.2g, dw %.2g\n", k->name, (int)channels, error[0], error[1], error[2]);
        for (int i = 0; i < 3; i++) assert_true(error[i] < 6e-7);
        free(x), free(w), free(g), free(x64), free(w64), free(g64), free(y), free(dx), free(dw), free(y64), free(dx64), free(dw64);
    }
}

/* Batches of every size to 17, at moving places, on one thread or three: the bits among 17 */
static void test_rows(void **state)
{
    (void)state;
    enum { N = 17 };
    for (int s = 0; s < SHAPES - 1; s++) EACH_KERN(k) EACH_REAL(t)
    {
        weir__conv v = conv_of(s);
        v.n = N;
        sizes z = sizes_of(&v);
        size_t of_x = bytes_of(t) * (size_t)z.image_x, of_y = bytes_of(t) * (size_t)z.image_y;
        char *x = noise(t, z.x, 1), *w = noise(t, z.w, 2), *g = noise(t, z.y, 3), *y = forward(k, t, &v, x, w, w, 1), *dx = input(k, t, &v, g, w, 1);
        for (int64_t n = 1; n <= N; n++) {
            int64_t first = n * 7 % (N + 1 - n);
            weir__conv part = v;
            part.n = n;
            int threads = n % 2 ? 1 : 3;
            char *y1 = forward(k, t, &part, x + (size_t)first * of_x, w, w, threads), *dx1 = input(k, t, &part, g + (size_t)first * of_y, w, threads);
            if (memcmp(y1, y + (size_t)first * of_y, (size_t)n * of_y)) fail_msg("%s f%d shape %d: y of %d images at %d", k->name, t ? 64 : 32, s, (int)n, (int)first);
            if (memcmp(dx1, dx + (size_t)first * of_x, (size_t)n * of_x)) fail_msg("%s f%d shape %d: dx of %d images at %d", k->name, t ? 64 : 32, s, (int)n, (int)first);
            free(y1), free(dx1);
        }
        char *one = weight(k, t, &v, x, g, NULL, 1);
        for (int threads = 2; threads <= 5; threads++) {
            char *many = weight(k, t, &v, x, g, NULL, threads);
            if (memcmp(one, many, bytes_of(t) * (size_t)z.w)) fail_msg("%s f%d shape %d: dw on %d threads", k->name, t ? 64 : 32, s, threads);
            free(many);
        }
        free(one), free(x), free(w), free(g), free(y), free(dx);
    }
}

/* A convolution of one place is the product of matrices, to the bit; so is one whose weights are zeros but in the middle, by the walk over
 * pixels (few channels) */
static void test_one_place(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t)
    {
        weir__conv v = { .n = 3, .h = 5, .w = 7, .c = 7, .out_h = 5, .out_w = 7, .o = 7, .kernel = { 1, 1 }, .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1 };
        weir__conv wide = v; /* the same weights in the middle of 3 x 3, zeros around */
        wide.kernel[0] = wide.kernel[1] = 3, wide.pad[0] = wide.pad[1] = 1;
        sizes z = sizes_of(&v);
        void *x = noise(t, z.x, 1), *w = noise(t, z.w, 2), *g = noise(t, z.y, 3), *w9 = noise(t, 9 * z.w, 4);
        for (int64_t i = 0; i < 9 * z.w; i++) put(t, w9, i, i % 9 == 4 ? get(t, w, i / 9) : 0);
        char *y = forward(k, t, &v, x, w, NULL, 1), *y9 = forward(k, t, &wide, x, w9, NULL, 1), *dx = input(k, t, &v, g, w, 1), *dx9 = input(k, t, &wide, g, w9, 1);
        char *dw = weight(k, t, &v, x, g, NULL, 1), *dw9 = weight(k, t, &wide, x, g, NULL, 1);
        assert_memory_equal(y, y9, bytes_of(t) * (size_t)z.y);
        assert_memory_equal(dx, dx9, bytes_of(t) * (size_t)z.x);
        for (int64_t i = 0; i < z.w; i++) assert_true(get(t, dw, i) == get(t, dw9, 9 * i + 4));
        free(x), free(w), free(g), free(w9), free(y), free(y9), free(dx), free(dx9), free(dw), free(dw9);
    }
}

/* -- windows ----------------------------------------------------------------------------------------------------------------------- */
static const weir__windows pools[] = {
    { 2, 6, 8, 5, 3, 4, { 2, 2 }, { 2, 2 }, { 0, 0 } }, { 3, 7, 5, 19, 4, 3, { 3, 3 }, { 2, 2 }, { 1, 1 } }, { 1, 4, 4, 1, 3, 2, { 2, 3 }, { 1, 2 }, { 0, 1 } },
    { 0, 4, 4, 3, 2, 2, { 2, 2 }, { 2, 2 }, { 0, 0 } }, { 5, 9, 9, 40, 9, 9, { 3, 3 }, { 1, 1 }, { 1, 1 } },
};

static void check_window(const weir__isa *k, weir__real t, const weir__windows *p, const void *x, const void *y, const int32_t *at, const void *mean, int64_t out)
{
    int64_t c = out % p->c, j = out / p->c % p->out_w, i = out / p->c / p->out_w % p->out_h, n = out / p->c / p->out_w / p->out_h, place = -1;
    double best = -INFINITY, sum = 0;
    for (int64_t a = i * p->stride[0] - p->pad[0], a1 = a + p->kernel[0]; a < a1; a++)
        for (int64_t b = j * p->stride[1] - p->pad[1], b1 = b + p->kernel[1]; b < b1; b++) {
            if (a < 0 || b < 0 || a >= p->h || b >= p->w) continue;
            double v = get(t, x, ((n * p->h + a) * p->w + b) * p->c + c);
            sum += v;
            if (place < 0 || v > best) best = v, place = a * p->w + b;
        }
    if (!(get(t, y, out) == best) || at[out] != place) fail_msg("%s: max %ld: %g at %d, expected %g at %d", k->name, (long)out, get(t, y, out), at[out], best, (int)place);
    double want = sum / (double)(p->kernel[0] * p->kernel[1]);
    if (!(fabs(get(t, mean, out) - want) <= 1e-6)) fail_msg("%s: mean %ld: %g, expected %g", k->name, (long)out, get(t, mean, out), want);
}

static double dot(weir__real t, int64_t n, const void *a, const void *b)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += get(t, a, i) * get(t, b, i);
    return s;
}

/* Values of the maximum and the mean; for what sends gradients back, that <y, A x> = <A' y, x> */
static void test_windows(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof pools / sizeof *pools; s++) EACH_KERN(k) EACH_REAL(t) for (int threads = 1; threads <= 3; threads += 2)
    {
        const weir__windows *p = &pools[s];
        int64_t in = p->n * p->h * p->w * p->c, out = p->n * p->out_h * p->out_w * p->c;
        void *x = noise(t, in, 1), *g = noise(t, out, 2), *y = room(bytes_of(t) * (size_t)out), *mean = room(bytes_of(t) * (size_t)out), *back = room(bytes_of(t) * (size_t)in);
        int32_t *at = room(4 * (size_t)out);
        k->max_pool[t](p, x, y, at, threads_of(threads));
        k->avg_pool[t](p, x, mean, threads_of(threads));
        for (int64_t i = 0; i < out; i++) check_window(k, t, p, x, y, at, mean, i);
        k->avg_pool_input[t](p, g, back, threads_of(threads));
        assert_true(fabs(dot(t, out, g, mean) - dot(t, in, back, x)) < 1e-4);
        k->pool_scatter[t](p, g, at, back, threads_of(threads));
        assert_true(fabs(dot(t, out, g, y) - dot(t, in, back, x)) < 1e-4);
        k->pool_gather[t](p, x, at, mean, threads_of(threads));
        assert_memory_equal(mean, y, bytes_of(t) * (size_t)out);
        free(x), free(g), free(y), free(mean), free(back), free(at);
    }
}

static void test_upsample(void **state)
{
    (void)state;
    static const weir__windows ups[] = { { .n = 2, .h = 3, .w = 4, .c = 5, .out_h = 6, .out_w = 12 }, { .n = 1, .h = 3, .w = 5, .c = 21, .out_h = 7, .out_w = 5 },
                                           { .n = 0, .h = 3, .w = 4, .c = 5, .out_h = 6, .out_w = 8 }, { .n = 3, .h = 5, .w = 4, .c = 2, .out_h = 2, .out_w = 3 } };
    for (size_t s = 0; s < sizeof ups / sizeof *ups; s++) EACH_KERN(k) EACH_REAL(t)
    {
        const weir__windows *p = &ups[s];
        int64_t in = p->n * p->h * p->w * p->c, out = p->n * p->out_h * p->out_w * p->c;
        void *x = noise(t, in, 1), *g = noise(t, out, 2), *y = room(bytes_of(t) * (size_t)out), *back = room(bytes_of(t) * (size_t)in);
        k->upsample[t](p, x, y, threads_of(2)), k->upsample_input[t](p, g, back, threads_of(2));
        for (int64_t i = 0; i < out; i++) {
            int64_t c = i % p->c, j = i / p->c % p->out_w, r = i / p->c / p->out_w % p->out_h, n = i / p->c / p->out_w / p->out_h;
            assert_true(get(t, y, i) == get(t, x, ((n * p->h + r * p->h / p->out_h) * p->w + j * p->w / p->out_w) * p->c + c));
        }
        assert_true(fabs(dot(t, out, g, y) - dot(t, in, back, x)) < 1e-4);
        free(x), free(g), free(y), free(back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_values), cmocka_unit_test(test_errors), cmocka_unit_test(test_rows), cmocka_unit_test(test_one_place),
                                        cmocka_unit_test(test_windows), cmocka_unit_test(test_upsample) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
