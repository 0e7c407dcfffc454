/* network.unet: diffusers' UNet2DModel by its own file (fixtures/make_unet.py), gradients to second order, products with the Jacobian,
 * bits whatever the threads and the batch, pictures of odd sizes, memory, what is refused, and a model around it. */
#include "models/model_test.h"
#include "models/path_model.h"
#include "models/fixtures/unet.h"
#include "weir/grad.h"

#define FIXTURE WEIR_TESTS_DIR "/models/fixtures/unet.safetensors"
#define SMALL "in=2 out=1 channels=4,8 groups=2 head=4 height=4 attention=2 zero=no "

static weir_tensor *wave(weir_ctx *c, weir_dtype dtype, int ndim, const int64_t *shape, double seed)
{
    weir_tensor *x = weir_empty(c, WEIR_F64, ndim, shape);
    double *v = weir_data_mut(x);
    for (int64_t i = 0; i < weir_numel(x); i++) v[i] = sin(1.7 * (double)i + seed);
    return weir_cast(x, dtype);
}

static weir_condition *classes_of(weir_ctx *c, int64_t n, const int64_t *classes)
{
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, &n));
}

static weir_module *small(weir_ctx *c, const char *more)
{
    char text[256];
    snprintf(text, sizeof text, SMALL "%s", more);
    weir_module *m = weir_module_new(c, "network.unet", text);
    assert_ok(c);
    return m;
}

/* -- diffusers -------------------------------------------------------------------------------------------------------------------- */
static void values_near(weir_tensor *got, const double *want, double tolerance)
{
    int64_t n = weir_numel(got);
    double *v = malloc((size_t)n * sizeof *v);
    assert_int_equal(weir_copy_to_f64(got, v, n), WEIR_OK);
    for (int64_t i = 0; i < n; i++) assert_near(v[i], want[i], tolerance);
    free(v);
}

static void as_diffusers(weir_ctx *c, const unet_case *of, weir_dtype dtype, double tolerance)
{
    char options[128];
    snprintf(options, sizeof options, "%s classes=3 dtype=%s", of->options, weir_dtype_name(dtype));
    weir_module *m = small(c, options);
    weir_scope s = weir_scope_begin(c);
    assert_int_equal(weir_module_load(m, FIXTURE, true, NULL), WEIR_OK);
    assert_int_equal(weir_module_state_count(m), UNET_PARAMETERS);
    weir_tensor *x = weir_set_requires_grad(wave(c, dtype, 4, SHAPE(2, 2, 4, 4), 1), true);
    weir_tensor *t = weir_cast(weir_from_f64(c, (const double[]){ 0.25, 0.75 }, 1, SHAPE(2)), dtype);
    weir_tensor *y = weir_network_at(m, x, t, classes_of(c, 2, SHAPE(2, 0)));
    assert_ok(c);
    values_near(y, of->y, tolerance);
    weir_backward(weir_sum(weir_mul(wave(c, dtype, 4, SHAPE(2, 1, 4, 4), 2), y)));
    values_near(weir_grad_of(x), of->dx, tolerance);
    for (int i = 0; i < UNET_PARAMETERS; i++) {
        weir_tensor *g = weir_grad_of(weir_module_state_find(m, unet_names[i]));
        assert_ok(c);
        double sum = weir_item(weir_sum(weir_mul(wave(c, dtype, weir_ndim(g), weir_shape(g), 3), g)));
        assert_near(sum, of->parameters[i], tolerance * (10 + fabs(of->parameters[i])));
    }
    assert_ok(c);
    weir_scope_end(s);
    weir_module_free(m);
}

static void test_as_diffusers(void **state)
{
    for (int i = 0; i < UNET_CASES; i++) {
        as_diffusers(*state, &unet_cases[i], WEIR_F64, 1e-9);
        as_diffusers(*state, &unet_cases[i], WEIR_F32, 1e-4);
    }
}

/* -- derivatives ------------------------------------------------------------------------------------------------------------------ */
typedef struct timed {
    weir_module *m;
    weir_condition *k;
} timed;

static weir_tensor *run_timed(void *user, weir_tensor **in)
{
    const timed *u = user;
    return weir_network_at(u->m, in[0], in[1], u->k);
}

/* By x and by t, first and second order. */
static void test_derivatives(void **state)
{
    weir_ctx *c = *state;
    static const char *const times[] = { "sinusoidal time_scale=3", "fourier" };
    for (int i = 0; i < 2; i++) {
        char options[96];
        snprintf(options, sizeof options, "dtype=f64 classes=2 context=1 time=%s", times[i]);
        weir_module *m = small(c, options);
        timed u = { m, weir_condition_with(classes_of(c, 1, SHAPE(1)), "context", weir_ones(c, WEIR_F64, 2, SHAPE(1, 1))) };
        weir_tensor *x[] = { wave(c, WEIR_F64, 4, SHAPE(1, 2, 4, 4), 1), weir_full(c, WEIR_F64, 1, SHAPE(1), 0.3) };
        weir_gradcheck(c, run_timed, &u, 2, x, NULL);
        assert_ok(c);
        weir_module_free(m);
    }
}

static void test_products_with_the_jacobian(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "network.unet", "in=2 out=2 channels=4,8 groups=2 head=4 zero=no dtype=f64");
    weir_tensor *x = wave(c, WEIR_F64, 4, SHAPE(2, 2, 4, 4), 1), *t = weir_full(c, WEIR_F64, 1, SHAPE(2), 0.4);
    weir_tensor *v = wave(c, WEIR_F64, 3, SHAPE(2, 2, 32), 5), *jv;
    weir_tensor *y = weir_network_jvp(m, x, t, NULL, v, &jv);
    assert_ok(c);
    for (int k = 0; k < 2; k++) {
        double h = 1e-5;
        weir_tensor *step = weir_scale(weir_reshape(weir_slice(v, 1, k, k + 1, 1), 4, SHAPE(2, 2, 4, 4)), h);
        weir_tensor *up = weir_network_at(m, weir_add(x, step), t, NULL), *down = weir_network_at(m, weir_sub(x, step), t, NULL);
        weir_tensor *slope = weir_reshape(weir_scale(weir_sub(up, down), 1 / (2 * h)), 2, SHAPE(2, 32));
        weir_tensor *error = weir_abs(weir_sub(slope, weir_reshape(weir_slice(jv, 1, k, k + 1, 1), 2, SHAPE(2, 32))));
        assert_true(weir_item(weir_sum(error)) < 1e-6);
    }
    assert_true(weir_item(weir_sum(weir_abs(weir_sub(y, weir_network_at(m, x, t, NULL))))) == 0);
    weir_tensor *w = wave(c, WEIR_F64, 3, SHAPE(2, 3, 32), 8), *wj; /* w^T (J v) = (w^T J) v, of each sample and pair */
    weir_tensor *z = weir_network_vjp(m, x, t, NULL, w, &wj);
    assert_ok(c);
    assert_true(weir_item(weir_sum(weir_abs(weir_sub(y, z)))) == 0 && !weir_requires_grad(z) && !weir_requires_grad(wj));
    weir_tensor *left = weir_matmul(wj, weir_transpose(v, 1, 2)), *right = weir_matmul(w, weir_transpose(jv, 1, 2));
    assert_ok(c);
    assert_true(weir_item(weir_sum(weir_abs(left))) > 1e-3);
    assert_true(weir_item(weir_sum(weir_abs(weir_sub(left, right)))) < 1e-10);
    weir_tensor *no_x = weir_slice(x, 0, 0, 0, 1), *no_t = weir_slice(t, 0, 0, 0, 1); /* no sample */
    weir_network_vjp(m, no_x, no_t, NULL, weir_slice(w, 0, 0, 0, 1), &wj);
    weir_network_jvp(m, no_x, no_t, NULL, weir_slice(v, 0, 0, 0, 1), &jv);
    assert_ok(c);
    assert_true(weir_shape(wj)[0] == 0 && weir_shape(wj)[1] == 3 && weir_shape(wj)[2] == 32);
    assert_true(weir_shape(jv)[0] == 0 && weir_shape(jv)[1] == 2 && weir_shape(jv)[2] == 32);
    weir_network_vjp(m, x, t, NULL, x, &wj);
    assert_true(weir_is_nil(wj));
    assert_fails(c, WEIR_ERROR_SHAPE, "network_vjp: expected vectors");
    weir_module_free(m);
}

/* y of other elements than x: tangents are of x's, cotangents of y's */
static void test_products_of_another_size(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "network.mlp", "in=3 out=5 hidden=7 time=none dtype=f64");
    weir_tensor *x = wave(c, WEIR_F64, 2, SHAPE(2, 3), 1), *v = wave(c, WEIR_F64, 3, SHAPE(2, 4, 3), 5), *w = wave(c, WEIR_F64, 3, SHAPE(2, 6, 5), 8), *jv, *wj;
    weir_network_jvp(m, x, NULL, NULL, v, &jv);
    weir_network_vjp(m, x, NULL, NULL, w, &wj);
    assert_ok(c);
    assert_true(weir_shape(jv)[1] == 4 && weir_shape(jv)[2] == 5 && weir_shape(wj)[1] == 6 && weir_shape(wj)[2] == 3);
    weir_tensor *left = weir_matmul(wj, weir_transpose(v, 1, 2)), *right = weir_matmul(w, weir_transpose(jv, 1, 2));
    assert_true(weir_item(weir_sum(weir_abs(left))) > 1e-3);
    assert_true(weir_item(weir_sum(weir_abs(weir_sub(left, right)))) < 1e-10);
    weir_network_jvp(m, x, NULL, NULL, w, &jv);
    assert_fails(c, WEIR_ERROR_SHAPE, "network_jvp: vectors of 5 elements: expected [B, k, 3], elements of a sample of x");
    weir_network_vjp(m, x, NULL, NULL, v, &wj);
    assert_fails(c, WEIR_ERROR_SHAPE, "network_vjp: vectors of 3 elements: expected [B, k, 5], elements of a sample of y");
    weir_module_free(m);
}

/* Scored by products from the left, the trace of an exact solve is the sum of the Jacobian's diagonal by differences. */
static void test_exact_trace(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "rectified-flow", "shape=1,4,4 net=unet net.channels=4,8 net.groups=2 net.head=4 net.zero=no dtype=f64");
    double x[32], lp[2], near[2], rough[2];
    for (int j = 0; j < 32; j++) x[j] = sin(3.0 * j);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.solver = "euler steps=1", o.probes = 0;
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL), WEIR_OK);
    weir_module *net = weir__model_field(m, "test")->net;
    weir_tensor *t = weir_zeros(c, WEIR_F64, 1, SHAPE(2)), *at = weir_from_f64(c, x, 4, SHAPE(2, 1, 4, 4));
    weir_tensor *end = weir_add(at, weir_network_at(net, at, t, NULL));
    for (int i = 0; i < 2; i++) near[i] = 0;
    for (int j = 0; j < 16; j++) { /* one step: log N(x + u) + tr du/dx */
        double h = 1e-5, up[32], down[32];
        for (int k = 0; k < 32; k++) up[k] = x[k] + h * (k % 16 == j), down[k] = x[k] - h * (k % 16 == j);
        weir_tensor *a = weir_network_at(net, weir_from_f64(c, up, 4, SHAPE(2, 1, 4, 4)), t, NULL), *b = weir_network_at(net, weir_from_f64(c, down, 4, SHAPE(2, 1, 4, 4)), t, NULL);
        assert_ok(c);
        for (int i = 0; i < 2; i++) near[i] += (weir_get(a, SHAPE(i, 0, j / 4, j % 4)) - weir_get(b, SHAPE(i, 0, j / 4, j % 4))) / (2 * h);
    }
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 16; j++) near[i] -= 0.5 * pow(weir_get(end, SHAPE(i, 0, j / 4, j % 4)), 2) + 0.91893853320467274178;
        assert_near(lp[i], near[i], 1e-6);
    }
    o.probes = 400; /* Hutchinson's mean is within its standard error of it */
    weir_log_prob_info info = { .size = sizeof info };
    info.stderr_of = (double[2]){ 0 };
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, rough, &info), WEIR_OK);
    for (int i = 0; i < 2; i++) assert_true(info.stderr_of[i] > 0 && fabs(rough[i] - lp[i]) < 4 * info.stderr_of[i]);
    weir_model_free(m);
}

/* -- bits and sizes ---------------------------------------------------------------------------------------------------------------- */
enum { N = 3, PLACES = 7 * 6 };

static void run_bits(int threads, float *all, float *alone)
{
    weir_open_opts o = weir_open_defaults();
    o.seed = 1;
    o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    weir_module *m = weir_module_new(c, "network.unet", "channels=8,16,16 height=7 attention=4 zero=no");
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = wave(c, WEIR_F32, 4, SHAPE(N, 1, 7, 6), 1), *t = wave(c, WEIR_F32, 1, SHAPE(N), 2);
    assert_int_equal(weir_copy_to_f32(weir_network_at(m, x, t, NULL), all, N * PLACES), WEIR_OK);
    for (int64_t i = 0; i < N; i++) {
        weir_tensor *y = weir_network_at(m, weir_slice(x, 0, i, i + 1, 1), weir_slice(t, 0, i, i + 1, 1), NULL);
        assert_int_equal(weir_copy_to_f32(y, alone + i * PLACES, PLACES), WEIR_OK);
    }
    assert_ok(c);
    weir_scope_end(s);
    weir_module_free(m);
    weir_close(c);
}

static void test_bits(void **state)
{
    float all[2][N * PLACES], alone[2][N * PLACES];
    (void)state;
    for (int i = 0; i < 2; i++) run_bits(1 + i, all[i], alone[i]);
    assert_memory_equal(all[0], all[1], sizeof all[0]);
    assert_memory_equal(all[0], alone[0], sizeof all[0]);
    assert_memory_equal(alone[0], alone[1], sizeof all[0]);
}

static void test_starts_at_zero(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "network.unet", "");
    weir_tensor *x = weir_ones(c, WEIR_F32, 4, SHAPE(2, 1, 8, 8));
    weir_tensor *y = weir_network_at(m, x, weir_zeros(c, WEIR_F32, 1, SHAPE(2)), NULL);
    assert_near(weir_item(weir_sum(weir_abs(y))), 0, 0);
    weir_module_free(m);
}

/* -- memory ------------------------------------------------------------------------------------------------------------------------ */
/* Bytes above the weights at the peak, in results of the first level. */
static double peak_of(int blocks, bool recorded)
{
    weir_ctx *c = weir_open(1);
    char options[64];
    snprintf(options, sizeof options, "channels=16,16 blocks=%d", blocks);
    weir_module *m = weir_module_new(c, "network.unet", options);
    weir_module_seal(m);
    weir_tensor *x = wave(c, WEIR_F32, 4, SHAPE(4, 1, 16, 16), 1), *t = weir_zeros(c, WEIR_F32, 1, SHAPE(4));
    int64_t before = weir_memory(c).live_bytes;
    weir_scope s = recorded ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
    weir_network_at(m, x, t, NULL);
    assert_ok(c);
    double peak = (double)(weir_memory(c).peak_bytes - before) / (4 * 16 * 16 * 16 * 4);
    weir_scope_end(s);
    weir_module_free(m);
    weir_close(c);
    return peak;
}

/* A block more is one result more that waits for the way up, and a quarter of the second level's. */
static void test_peak(void **state)
{
    (void)state;
    double two = peak_of(2, false), six = peak_of(6, false), recorded = peak_of(6, true);
    print_message("# results of a layer at the peak: %.1f of 2 blocks, %.1f of 6, %.1f recorded\n", two, six, recorded);
    assert_true(six < two + 4 * 1.5 + 1);
    assert_true(six < recorded / 3);
}

static void everything(weir_ctx *c)
{
    weir_module *m = weir_module_new(c, "network.unet", SMALL "classes=2");
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 4, SHAPE(1, 2, 4, 4)), *t = weir_zeros(c, WEIR_F32, 1, SHAPE(1));
    weir_network_at(m, x, t, weir_condition_with(weir_condition_new(c), "class", weir_zeros(c, WEIR_I64, 1, SHAPE(1))));
    weir_scope_end(s);
    weir_module_free(m);
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

/* -- what is refused --------------------------------------------------------------------------------------------------------------- */
static void refused(weir_ctx *c, const char *options, weir_status status, const char *part)
{
    weir_module *m = weir_module_new(c, "network.unet", options);
    assert_true(weir_module_is_nil(m));
    assert_fails(c, status, part);
    weir_module_free(m);
}

static void test_refused(void **state)
{
    weir_ctx *c = *state;
    refused(c, "channels=5,8", WEIR_ERROR_RANGE, "channels=5 of the first level: expected an even number");
    refused(c, "channels=8,8,8,8,8,8,8,8,8", WEIR_ERROR_RANGE, "channels of 9 levels: expected 1 to 8");
    refused(c, "channels=8,16 head=3", WEIR_ERROR_RANGE, "attention of 16 channels with head=3: expected a multiple");
    refused(c, "channels=8,16 groups=3", WEIR_ERROR_RANGE, "in 3 groups: expected a multiple");
    refused(c, "height=28 attention=16", WEIR_ERROR_RANGE, "attention=16: expected a level of that height, of 3 levels from height=28");
    weir_module *m = small(c, "classes=2");
    weir_tensor *x = weir_ones(c, WEIR_F32, 4, SHAPE(1, 2, 4, 4)), *t = weir_zeros(c, WEIR_F32, 1, SHAPE(1));
    weir_network_at(m, x, NULL, NULL);
    assert_fails(c, WEIR_ERROR_STATE, "no time: expected one of every sample");
    weir_network_at(m, x, t, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition: no class");
    weir_network_at(m, weir_ones(c, WEIR_F32, 2, SHAPE(1, 32)), t, classes_of(c, 1, SHAPE(1)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected f32 [.., 2, height, width]");
    weir_module_free(m);
    weir_model *flat = weir_model_new(c, "rectified-flow", "dim=63 net=unet");
    assert_fails(c, WEIR_ERROR_SHAPE, "63 values a sample: expected shape=channels,height,width");
    weir_model_free(flat);
}

/* -- a model around it ------------------------------------------------------------------------------------------------------------- */
/* Samples alone and in batches, with guidance, and their density. */
static void test_models(void **state)
{
    weir_ctx *c = *state;
    static const char *const names[] = { "rectified-flow", "edm", "ddpm", "flow-matching" };
    static const char *const shapes[] = { "shape=1,4,4", "dim=16", "shape=4,4", "dim=16" };
    for (int i = 0; i < 4; i++) {
        char options[384];
        snprintf(options, sizeof options, "%s %s", shapes[i],
                 "classes=2 condition.dropout=0.2 net=\"unet channels=4,8 groups=2 head=4\" "
                 "log_prob.probes=1 log_prob=euler log_prob.steps=4 sampler=euler sampler.steps=3 sampler.guidance=2");
        weir_model *m = stirred_model(c, names[i], options, 0.2);
        double all[4 * 16], some[4 * 16], p[4];
        weir_sample_opts o = weir_sample_defaults();
        weir_log_prob_opts l = weir_log_prob_defaults();
        o.first = 0;
        o.condition = l.condition = classes_of(c, 4, SHAPE(0, 1, 1, 0));
        weir_tensor *x = wave(c, WEIR_F64, 2, SHAPE(4, 16), 1);
        weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, o.condition));
        assert_int_equal(weir_dim(loss, 0), 4);
        assert_int_equal(weir_model_sample_into_f64(m, 4, &o, all), WEIR_OK);
        o.batch = 1;
        assert_int_equal(weir_model_sample_into_f64(m, 4, &o, some), WEIR_OK);
        assert_memory_equal(all, some, sizeof all);
        weir_model_log_prob_into_f64(m, all, 4, &l, p, NULL);
        assert_ok(c);
        for (int j = 0; j < 4; j++) assert_true(isfinite(p[j]));
        weir_model_free(m);
    }
}

int main(void)
{
    CASES(CASE(test_as_diffusers), CASE(test_derivatives), CASE(test_products_with_the_jacobian), CASE(test_products_of_another_size), CASE(test_exact_trace), CASE(test_bits), CASE(test_starts_at_zero),
          CASE(test_peak), CASE(test_every_allocation_may_fail), CASE(test_refused), CASE(test_models));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
