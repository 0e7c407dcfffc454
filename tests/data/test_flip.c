/* Mirrored images: by the draw of (seed, epoch, id) whatever the batch, and of images alone. */
#include "fixture.h"

enum { SIDE = 8, PIXELS = SIDE * SIDE, ROWS = 60 };

static bool image_is(const float *x, const float *image, bool mirrored)
{
    for (int h = 0; h < SIDE; h++)
        for (int w = 0; w < SIDE; w++)
            if (x[h * SIDE + w] != image[h * SIDE + (mirrored ? SIDE - 1 - w : w)]) return false;
    return true;
}

static bool drawn(uint64_t seed, int64_t epoch, int64_t id, double p)
{
    uint64_t key = weir__hash_mix(weir__hash_mix(weir__hash_text("loader.flip"), seed),
                                  (uint64_t)epoch);
    return weir__uniform(key, (uint64_t)id, 0) < p;
}

/* How many of the images of two epochs are mirrored; each as its draw says. */
static int mirrored(const char *options, double p)
{
    weir_dataset *d = opened(c, "digits,limit=60");
    weir_loader *l = weir_loader_new(d, options);
    int64_t per_epoch = weir_loader_steps_per_epoch(l);
    int n = 0;
    assert_true(weir_ok(c));
    for (int64_t step = 0; step < 2 * per_epoch; step++) {
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        const float *x = weir_data(weir_batch_x(b));
        for (int64_t i = 0; i < weir_batch_size(b); i++) {
            int64_t id = weir_batch_ids(b)[i], row = 0;
            float image[PIXELS];
            while (weir__dataset_id(d, row) != id) row++;
            weir__store_gather(c, d->store, WEIR_F32, &id, 1, image);
            bool flip = drawn(3, step / per_epoch, id, p);
            assert_true(image_is(x + i * PIXELS, image, flip));
            assert_false(image_is(x + i * PIXELS, image, !flip));
            n += flip;
        }
        weir_scope_end(s);
    }
    weir_loader_free(l);
    weir_dataset_free(d);
    return n;
}

static void draws(void **state)
{
    (void)state;
    int n = mirrored("batch=60 seed=3 flip=0.5", 0.5);
    assert_true(abs(n - ROWS) < 4 * 6); /* of 2 ROWS, with a deviation of sqrt(30) */
    assert_int_equal(mirrored("batch=12 seed=3 flip=0.5", 0.5), n); /* in other batches the same */
    assert_int_equal(mirrored("batch=5 seed=3 flip=0.5 shuffle=no", 0.5), n);
    assert_int_equal(mirrored("batch=60 seed=3 flip=1", 1), 2 * ROWS);
    assert_int_equal(mirrored("batch=60 seed=3", 0), 0);
    assert_true(mirrored("batch=60 seed=3 flip=0.1", 0.1) < 2 * ROWS / 5);
}

/* A later step begins where one that came to it would be. */
static void seeks(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "digits,limit=60");
    weir_loader *l = weir_loader_new(d, "batch=12 seed=3 flip=0.5");
    float there[12 * PIXELS];
    weir_scope s = weir_scope_begin(c);
    for (int step = 0; step < 8; step++)
        memcpy(there, weir_data(weir_batch_x(weir_loader_next(l))), sizeof there);
    weir_loader_seek(l, 7);
    assert_memory_equal(weir_data(weir_batch_x(weir_loader_next(l))), there, sizeof there);
    weir_scope_end(s);
    weir_loader_free(l);
    weir_dataset_free(d);
}

/* Lines of either parity of width, of every channel, in both types. */
static void lines(void **state)
{
    (void)state;
    const weir__image_shape even = { 2, 2, 4 }, odd = { 1, 2, 3 };
    float x[16];
    double y[6] = { 1, 2, 3, 4, 5, 6 };
    static const float want_x[16] = { 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12 };
    static const double want_y[6] = { 3, 2, 1, 6, 5, 4 };
    for (int i = 0; i < 16; i++) x[i] = (float)i;
    weir__image_mirror(&even, WEIR_F32, x);
    weir__image_mirror(&odd, WEIR_F64, y);
    assert_memory_equal(x, want_x, sizeof x);
    assert_memory_equal(y, want_y, sizeof y);
}

static int64_t no_fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    (void)user;
    (void)step;
    (void)x;
    (void)ids;
    (void)weights;
    return 0;
}

static void no_loader(weir_loader *l, weir_status status, const char *word)
{
    assert_true(weir_loader_is_nil(l));
    assert_fails(c, status, word);
}

static void what_is_no_image(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "toy:moons,n=50");
    no_loader(weir_loader_new(d, "flip=0.25"), WEIR_ERROR_ARGUMENT,
              "toy:moons: flip=0.25: expected images, [H, W] or [C, H, W] of 1 or 3 channels, "
              "found [2]");
    no_loader(weir_loader_new(d, "flip=1.5"), WEIR_ERROR_RANGE, "flip");
    weir_loader_free(weir_loader_new(d, "flip=0"));
    assert_true(weir_ok(c));
    weir_dataset_free(d);
    no_loader(weir_loader_from_callback(c, no_fill, NULL, 64, "flip=0.5"), WEIR_ERROR_ARGUMENT,
              "stream");
}

/* A file npy of f32: i, i + 1, .. */
static void npy_file(char path[128], const char *name, const char *shape, int n)
{
    unsigned char npy[128 + 24 * sizeof(float)] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0 };
    char *header = (char *)npy + 10;
    memset(header, ' ', 117);
    npy[127] = '\n';
    int bytes = snprintf(header, 117, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }",
                         shape);
    header[bytes] = ' ';
    for (int i = 0; i < n; i++) {
        float v = (float)i;
        memcpy(npy + 128 + (size_t)i * sizeof v, &v, sizeof v);
    }
    scratch_file(path, name, npy, 128 + (size_t)n * sizeof(float), false);
}

/* [n, H, W]; and an array that an image is conditioned on may be of the same scene. */
static void conditioned_on_arrays(void **state)
{
    (void)state;
    char path[128], beside[128], spec[300];
    npy_file(path, "images.npy", "(3, 2, 4)", 24);
    npy_file(beside, "scenes.npy", "(3, 2, 1)", 6);
    weir_dataset *d = opened(c, path);
    weir_loader *l = weir_loader_new(d, "shuffle=no flip=1 batch=1");
    weir_scope s = weir_scope_begin(c);
    const float want[] = { 3, 2, 1, 0, 7, 6, 5, 4 };
    assert_memory_equal(weir_data(weir_batch_x(weir_loader_next(l))), want, sizeof want);
    weir_scope_end(s);
    weir_loader_free(l);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,conditions=%s", path, beside);
    d = opened(c, spec);
    no_loader(weir_loader_new(d, "flip=0.5"), WEIR_ERROR_ARGUMENT,
              "found them conditioned on others of [2, 1]");
    weir_dataset_free(d);
}

static void use(weir_ctx *of)
{
    weir_dataset *d = weir_dataset_open(of, "digits,limit=60");
    weir_loader *l = weir_loader_new(d, "batch=12 flip=0.5");
    weir_scope s = weir_scope_begin(of);
    weir_loader_next(l);
    weir_scope_end(s);
    weir_loader_free(l);
    weir_dataset_free(d);
}

static void allocations(void **state)
{
    (void)state;
    test_every_allocation(use);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(draws),
        TEST(seeks),
        TEST(lines),
        TEST(what_is_no_image),
        TEST(conditioned_on_arrays),
        TEST(allocations),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_scratch();
    return failed;
}
