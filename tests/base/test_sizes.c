/* Sizes that no machine has: an error of memory, whatever multiplied up to them, and the context works on. */
#include <limits.h>
#include "test.h"
#include "base/base.h"

/* -- the helpers -------------------------------------------------------------------------------------- */
static void products_and_sums_stay_absurd(void **state)
{
    (void)state;
    assert_int_equal(weir__size_times(3, 4), 12);
    assert_int_equal(weir__size_times(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(weir__size_times((int64_t)1 << 32, (int64_t)1 << 31), WEIR__ABSURD);
    assert_int_equal(weir__size_times(-1, 4), WEIR__ABSURD);
    assert_int_equal(weir__size_times(WEIR__ABSURD, 2), WEIR__ABSURD);
    assert_int_equal(weir__size_times(WEIR__ABSURD, 0), 0);
    assert_int_equal(weir__size_plus(3, 4), 7);
    assert_int_equal(weir__size_plus(WEIR__ABSURD, 1), WEIR__ABSURD);
    assert_int_equal(weir__size_plus(5, -1), WEIR__ABSURD);
    assert_true(weir__bytes_of(10, 8) == 80);
    assert_true(weir__bytes_of(INT64_MAX, 8) == SIZE_MAX);
    assert_true(weir__bytes_of(-1, 1) == SIZE_MAX);
}

static void allocations_look_at_them(void **state)
{
    weir_ctx *c = *state;
    static const size_t odd[] = { SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2, ((size_t)1 << 46) + 1, (size_t)1 << 46, ((size_t)1 << 46) - 64 };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_null(weir__alloc(c, odd[i]));
        assert_fails(c, WEIR_ERROR_MEMORY, "memory: ");
    }
    assert_null(weir__alloc_n(c, (int64_t)1 << 61, 8));
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    assert_null(weir__alloc0_n(c, -1, 1));
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    char *list = NULL;
    int64_t capacity = 0;
    assert_false(weir__grow(c, &list, &capacity, INT64_MAX, 64));
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    capacity = INT64_MAX - 1; /* twice that does not fit either */
    assert_false(weir__grow(c, &list, &capacity, INT64_MAX, 1));
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
}

/* Gives room for a block's header and for what marks a block that is given back, whatever is asked for: so that blocks of every size
 * can be had. */
static void *header_alone(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes > 0) return aligned_alloc(64, 128);
    free(block);
    return NULL;
}

/* Each class has a list of its own in the pool, and nothing lies behind the last. */
static void every_class_is_in_the_pool(void **state)
{
    (void)state;
    struct { weir__pool pool; uint64_t behind[8]; } p = { .pool = { .resize = header_alone } };
    memset(p.behind, 0x5a, sizeof p.behind);
    size_t most = ((size_t)1 << 46) - 64;
    for (int bits = 0; bits <= 46; bits++)
        for (int part = 0; part < 4; part++) {
            size_t bytes = ((size_t)1 << bits) + ((size_t)part << bits) / 4;
            if (bytes > most) bytes = most;
            void *block = weir__pool_take(&p.pool, bytes);
            assert_non_null(block);
            assert_true(weir__pool_size(block) == bytes);
            weir__pool_give(&p.pool, block);
        }
    assert_null(weir__pool_take(&p.pool, most + 1));
    weir__pool_trim(&p.pool);
    assert_int_equal(p.pool.info.live_blocks, 0);
    assert_int_equal(p.pool.info.system_bytes, 0);
    for (int i = 0; i < 8; i++) assert_true(p.behind[i] == 0x5a5a5a5a5a5a5a5au);
}

/* Sizes that change from one phase to the next, about as much of each in use at once */
static void spares_of_other_sizes_go_back(void **state)
{
    (void)state;
    enum { IN_USE = 1 << 24, LEAST = 1 << 14 };
    static void *block[IN_USE / LEAST];
    for (int large = 0; large < 2; large++) {
        weir_ctx *c = weir_open(1);
        int64_t top = large ? IN_USE : IN_USE >> 6;
        for (int64_t bytes = top / 16; bytes <= top; bytes += top / 16) {
            int64_t n = IN_USE / bytes;
            for (int64_t i = 0; i < n; i++) assert_non_null(block[i] = weir__alloc(c, (size_t)bytes));
            for (int64_t i = 0; i < n; i++) weir__free(c, block[i]);
            weir_memory_info m = weir_memory(c);
            assert_true(m.system_bytes <= (large ? m.peak_bytes + m.peak_bytes / 4 : 2 * m.peak_bytes + (1 << 20)));
        }
        weir_close(c);
    }
}

/* -- tensors -------------------------------------------------------------------------------------------- */
static void an_absurd_tensor_is_an_error_of_memory(void **state)
{
    weir_ctx *c = *state;
    static const int64_t shapes[][3] = { { 8000000000000, 1, 1 }, { INT64_MAX, 1, 1 }, { INT64_MAX, 3, 1 }, { (int64_t)1 << 45, 1, 1 },
                                         { (int64_t)1 << 32, (int64_t)1 << 32, 1 }, { 0, (int64_t)1 << 62, 4 }, { (int64_t)1 << 62, 4, 0 } };
    weir_tensor *x = weir_ones(c, WEIR_F32, 1, SHAPE(4));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        assert_true(weir_is_nil(weir_empty(c, WEIR_F64, 3, shapes[i])));
        assert_fails(c, WEIR_ERROR_MEMORY, "");
        assert_true(weir_is_nil(weir_zeros(c, WEIR_F64, 3, shapes[i])));
        assert_fails(c, WEIR_ERROR_MEMORY, "");
        assert_true(weir_is_nil(weir_randn(c, WEIR_F64, 3, shapes[i])));
        assert_fails(c, WEIR_ERROR_MEMORY, "");
        weir_expand(x, 3, shapes[i]);
        assert_false(weir_ok(c)); /* of another shape, or of too many */
        weir_clear(c);
    }
    assert_near(weir_item(weir_sum(x)), 4, 0);
    assert_ok(c);
}

typedef weir_tensor *maker(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n);
static weir_tensor *arange(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n) { return (void)x, (void)image, weir_arange(c, WEIR_F64, n); }
static weir_tensor *linspace(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n) { return (void)x, (void)image, weir_linspace(c, WEIR_F64, 0, 1, n); }
static weir_tensor *eye(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n) { return (void)x, (void)image, weir_eye(c, WEIR_F64, n); }
static weir_tensor *one_hot(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    return (void)x, (void)image, weir_one_hot(weir_from_i64(c, (const int64_t[]){ 0, 1 }, 1, SHAPE(2)), WEIR_F64, n);
}
static weir_tensor *scatter(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n) { return (void)c, (void)image, weir_slice_scatter(x, 0, 0, 1, n); }
static weir_tensor *scatter_steps(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n) { return (void)c, (void)image, weir_slice_scatter(x, 0, 1, n / 8, n); }
static weir_tensor *index_add(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    return (void)image, weir_index_add(x, 0, weir_from_i64(c, (const int64_t[]){ 0, 1, 2, 3 }, 1, SHAPE(4)), n);
}
static weir_tensor *upsample(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    int64_t side = n < INT32_MAX ? n : INT32_MAX;
    return (void)c, (void)x, weir_upsample_nearest2d(image, side, side);
}
static weir_tensor *pad(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    int64_t most = (int64_t)1 << 46;
    return (void)c, (void)image, weir_pad(x, 1, (const int64_t[]){ n < most ? n : most, 0 }, 0);
}
static weir_tensor *pad_replicate(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    int64_t most = (int64_t)1 << 46;
    return (void)c, (void)image, weir_pad_replicate(x, 1, (const int64_t[]){ n < most ? n : most, 0 });
}
static weir_tensor *reshape(weir_ctx *c, weir_tensor *x, weir_tensor *image, int64_t n)
{
    return (void)x, (void)image, weir_reshape(weir_zeros(c, WEIR_F32, 1, SHAPE(0)), 3, SHAPE(0, n, n < 8 ? n : 8));
}

static void ops_that_make_sizes_say_so(void **state)
{
    weir_ctx *c = *state;
    maker *const makers[] = { arange, linspace, eye, one_hot, scatter, scatter_steps, index_add, upsample, pad, pad_replicate, reshape };
    weir_tensor *x = weir_ones(c, WEIR_F64, 1, SHAPE(4)), *image = weir_ones(c, WEIR_F32, 4, SHAPE(1, 1, 2, 2));
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        for (int k = 0; k < 3; k++) {
            const int64_t n = k == 0 ? (int64_t)1 << 45 : k == 1 ? 8000000000000000 : INT64_MAX;
            if (makers[i] == reshape && k == 0) continue; /* of no elements, so fine */
            weir_tensor *y = makers[i](c, x, image, n);
            if (!weir_is_nil(y) || weir_status_of(c) != WEIR_ERROR_MEMORY) fail_msg("maker %d of %lld: status %d: %s", (int)i, (long long)n, (int)weir_status_of(c), weir_message(c));
            weir_clear(c);
        }
}

/* Steps and places that no tensor has, where nothing is that large. */
static void steps_may_be_larger_than_any_axis(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_from_f64(c, (const double[]){ 1, 2, 3, 4, 5, 6 }, 2, SHAPE(3, 2));
    weir_tensor *y = weir_slice(x, 0, 1, INT64_MAX, INT64_MAX);
    assert_int_equal(weir_dim(y, 0), 1);
    assert_near(weir_get(y, SHAPE(0, 1)), 4, 0);
    y = weir_slice_scatter(weir_slice(x, 0, 0, 1, 1), 0, 1, INT64_MAX, 2);
    assert_near(weir_get(y, SHAPE(1, 1)), 2, 0);
    y = weir_slice_scatter(weir_slice(x, 0, 0, 0, 1), 0, INT64_MAX, INT64_MAX, 2);
    assert_near(weir_item(weir_sum(y)), 0, 0);
    assert_near(weir_item(weir_sum(weir_tril(x, INT64_MIN))), 0, 0);
    assert_near(weir_item(weir_sum(weir_tril(x, INT64_MAX))), 21, 0);
    assert_ok(c);
    weir_index_add(x, 0, weir_from_i64(c, (const int64_t[]){ 0, 1, 2 }, 1, SHAPE(3)), INT64_MIN);
    assert_fails(c, WEIR_ERROR_RANGE, "index_add");
}

static void windows_are_bounded(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F32, 4, SHAPE(1, 1, 4, 4)), *w = weir_ones(c, WEIR_F32, 4, SHAPE(1, 1, 2, 2));
    static const int64_t odd[] = { INT64_MAX, INT64_MAX / 2, (int64_t)1 << 46, INT64_MIN, -1 };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        weir_pool2d_opts p = weir_pool2d_defaults(2);
        p.kernel[0] = odd[i], p.padding[0] = odd[i] / 2;
        assert_true(weir_is_nil(weir_max_pool2d(x, &p)));
        assert_fails(c, WEIR_ERROR_RANGE, "max_pool2d");
        weir_conv2d_opts o = weir_conv2d_defaults();
        assert_true(weir_is_nil(weir_conv2d_input(x, w, odd[i], odd[i], &o)));
        assert_false(weir_ok(c));
        weir_clear(c);
        assert_true(weir_is_nil(weir_conv2d_weight(x, x, (const int64_t[]){ odd[i], odd[i] }, &o)));
        assert_false(weir_ok(c));
        weir_clear(c);
        o.groups = odd[i];
        assert_true(weir_is_nil(weir_conv2d_input(x, w, 4, 4, &o)));
        assert_false(weir_ok(c));
        weir_clear(c);
    }
    x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 0)); /* any number of groups divides 0 channels */
    assert_true(weir_is_nil(weir_group_norm(x, INT64_MAX, NULL, NULL, 0.1)));
    assert_fails(c, WEIR_ERROR_MEMORY, "group_norm");
}

/* -- rows: every integer option at its largest ------------------------------------------------------------ */
static void *little(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes > (size_t)64 << 20) return NULL;
    if (new_bytes > 0) return aligned_alloc(64, new_bytes);
    free(block);
    return NULL;
}

static void make(weir_ctx *c, const char *kind, const weir_row *row, const char *options)
{
    if (strcmp(kind, "model") == 0) {
        weir_model *m = weir_model_new(c, row->name + 6, options);
        if (weir_ok(c)) weir_module_parameter_numel(weir_model_module(m));
        weir_model_free(m);
        return;
    }
    weir_module *m = weir_module_new(c, strchr(row->name, '.') + 1, options);
    if (weir_ok(c)) weir_module_parameter_numel(m);
    weir_module_free(m);
}

static void put(char *text, size_t bytes, const weir_option *o, bool list)
{
    size_t used = strlen(text);
    snprintf(text + used, bytes - used, list ? "%s=%.0f,%.0f " : "%s=%.0f ", o->name, o->max, o->max);
}

static bool is_count(const weir_option *o) { return o->type == WEIR_OPTION_INT || o->type == WEIR_OPTION_INTS; }

static void try_row(weir_ctx *c, const char *kind, const weir_row *row)
{
    char all[1024] = "", one[256];
    for (const weir_option *o = row->options; o && o->name; o++) {
        if (!is_count(o)) continue;
        put(all, sizeof all, o, o->type == WEIR_OPTION_INTS);
        one[0] = 0;
        put(one, sizeof one, o, o->type == WEIR_OPTION_INTS);
        make(c, kind, row, one);
        weir_clear(c);
    }
    make(c, kind, row, all);
    weir_clear(c);
}

static void largest_options_are_an_error_or_fit(void **state)
{
    static const char *const kinds[] = { "module", "bijection", "network", "model" };
    (void)state;
    weir_open_opts o = weir_open_defaults();
    o.resize = little;
    weir_ctx *c = weir_open_with(&o);
    assert_ok(c);
    for (int k = 0; k < 4; k++)
        for (int64_t i = 0; i < weir_row_count(c, kinds[k]); i++) try_row(c, kinds[k], weir_row_at(c, kinds[k], i));
    weir_module_new(c, "linear", "in=16777216 out=16777216");
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46");
    assert_true(weir_dataset_samples(weir_dataset_open(c, "toy:moons,n=100000000")) == 0);
    assert_fails(c, WEIR_ERROR_MEMORY, "memory");
    weir_close(c);
}

/* -- data, samples and solves ------------------------------------------------------------------------------- */
static int64_t fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    (void)user, (void)step, (void)x, (void)ids, (void)weights;
    return 0;
}

static void data_of_absurd_sizes(void **state)
{
    weir_ctx *c = *state;
    float x[4] = { 0 };
    weir_dataset_from_f32(c, x, INT64_MAX, 2);
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    weir_dataset_from_f32(c, x, (int64_t)1 << 32, (int64_t)1 << 32);
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    weir_loader *l = weir_loader_from_callback(c, fill, NULL, INT64_MAX, "batch=1000000000");
    weir_loader_next(l);
    assert_fails(c, WEIR_ERROR_MEMORY, "");
    weir_loader_seek(l, INT64_MAX);
    assert_fails(c, WEIR_ERROR_RANGE, "loader_seek");
    weir_loader_free(l);
    weir_tensor *wide = weir_expand(weir_ones(c, WEIR_F32, 1, SHAPE(1)), 1, SHAPE((int64_t)1 << 46));
    weir_batch_wrap(c, wide, NULL, NULL, NULL);
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_model_load_from_memory(c, x, SIZE_MAX);
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    assert_int_equal(weir_module_load_from_memory(weir_model_module(m), x, SIZE_MAX, true, NULL), WEIR_ERROR_MEMORY);
    assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
    weir_model_free(m);
}

static void samples_of_absurd_counts(void **state)
{
    weir_ctx *c = *state;
    float x[4];
    static const char *const names[] = { "nice", "rectified-flow" };
    for (int k = 0; k < 2; k++) {
        weir_model *m = weir_model_new(c, names[k], k ? "dim=2 net.hidden=4" : "dim=2 hidden=4");
        weir_sample_opts o = weir_sample_defaults();
        assert_int_equal(weir_model_sample_into(m, INT64_MAX, &o, x), WEIR_ERROR_MEMORY);
        assert_fails(c, WEIR_ERROR_MEMORY, "sample");
        o.batch = INT64_MAX;
        assert_int_equal(weir_model_sample_into(m, INT64_MAX / 2, &o, x), WEIR_ERROR_MEMORY);
        assert_fails(c, WEIR_ERROR_MEMORY, "2^46 bytes");
        o.trajectory = x, o.steps = 1000000;
        assert_int_equal(weir_model_sample_into(m, INT64_MAX / 1000000, &o, x), WEIR_ERROR_MEMORY);
        assert_fails(c, WEIR_ERROR_MEMORY, "sample");
        o = weir_sample_defaults();
        o.first = INT64_MAX;
        assert_int_equal(weir_model_sample_into(m, 1, &o, x), WEIR_ERROR_RANGE);
        assert_fails(c, WEIR_ERROR_RANGE, "sample");
        assert_true(weir_is_nil(weir_model_sample(m, (int64_t)1 << 45, NULL)));
        assert_fails(c, WEIR_ERROR_MEMORY, "");
        weir_model_free(m);
    }
}

static bool still(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    (void)user, (void)rows, (void)t, (void)x;
    for (int64_t i = 0; i < n; i++) dx[i] = 0;
    return true;
}

static void solves_of_absurd_sizes(void **state)
{
    weir_ctx *c = *state;
    double x[2] = { 1, 2 };
    const weir_tableau *rk4 = weir_ode_method("rk4"), *dopri5 = weir_ode_method("dopri5");
    weir_ode p = { .size = sizeof p, .ctx = c, .n = (int64_t)1 << 40, .dim = (int64_t)1 << 40, .t0 = 0, .t1 = 1, .x = x, .f = still };
    assert_int_equal(weir_ode_fixed(&p, rk4, 1, NULL), WEIR_ERROR_MEMORY);
    weir_clear(c);
    assert_int_equal(weir_ode_adaptive(&p, dopri5, NULL), WEIR_ERROR_MEMORY);
    weir_clear(c);
    p.n = 2, p.dim = 1;
    assert_int_equal(weir_ode_fixed(&p, rk4, INT64_MAX, NULL), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "ode: steps");
    weir_tableau odd = *rk4;
    odd.stages = INT_MAX;
    assert_int_equal(weir_ode_fixed(&p, &odd, 1, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "stages");
}

int main(void)
{
    CASES(cmocka_unit_test(products_and_sums_stay_absurd), CASE(allocations_look_at_them), cmocka_unit_test(every_class_is_in_the_pool), cmocka_unit_test(spares_of_other_sizes_go_back),
          CASE(an_absurd_tensor_is_an_error_of_memory), CASE(ops_that_make_sizes_say_so), CASE(steps_may_be_larger_than_any_axis), CASE(windows_are_bounded),
          cmocka_unit_test(largest_options_are_an_error_or_fit), CASE(data_of_absurd_sizes), CASE(samples_of_absurd_counts), CASE(solves_of_absurd_sizes));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
