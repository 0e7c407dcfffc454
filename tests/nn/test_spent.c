/* What is given back before its scope ends: tensors that weir_release ends, and those that containers have used up, recorded or not. A use
 * afterwards is an error that names the tensor and who gave it back; the peak of memory does not grow with depth. */
#include "flow/flow.h"
#include "test.h"

static int64_t live(weir_ctx *c) { return weir_memory(c).live_bytes; }

/* -- weir_release ----------------------------------------------------------------------------------------------------------------- */
static void release_ends_a_tensor(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(100, 30)), *out;
    float values[3000];
    int64_t before = live(c);
    weir_release(x);
    assert_true(live(c) <= before - 100 * 30 * 4);
#define SPENT(call) do { call; assert_fails(c, WEIR_ERROR_STATE, "tensor f32 [100, 30], given back by weir_release"); } while (0)
    SPENT(assert_true(weir_is_nil(x)));
    SPENT(assert_true(weir_is_nil(weir_exp(x))));
    SPENT(assert_true(weir_is_nil(weir_add(weir_ones(c, WEIR_F32, 1, SHAPE(30)), x))));
    SPENT(assert_int_equal(weir_numel(x), 0));
    SPENT(assert_int_equal(weir_ndim(x), 0));
    SPENT(assert_true(isnan(weir_item(x))));
    SPENT(assert_int_equal(weir_copy_to_f32(x, values, 3000), WEIR_ERROR_STATE));
    SPENT(weir_data(x));
    SPENT(assert_null(weir_data_mut(x)));
    SPENT(weir_fill_(x, 1));
    SPENT(weir_set_requires_grad(x, true));
    SPENT(weir_detach(x));
    SPENT(weir_keep(x));
    SPENT(weir_retain(x));
    SPENT(weir_release(x));
    SPENT(assert_int_equal(weir_backward(x), WEIR_ERROR_STATE));
    SPENT(weir_grad(1, &x, 0, NULL, NULL, false, false, &out));
    SPENT(weir_batch_wrap(c, x, NULL, NULL, NULL));
    SPENT(weir_condition_with(weir_condition_new(c), "class", x));
    weir_module *m = weir_module_new(c, "relu", "");
    SPENT(assert_true(weir_is_nil(weir_module_forward(m, x))));
    weir_module_free(m);
#undef SPENT
    assert_ok(c);
}

/* Until the scope ends no other tensor has its handle. */
static void a_handle_is_not_used_again(void **state)
{
    weir_ctx *c = *state;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 1, SHAPE(3));
    weir_release(x);
    for (int i = 0; i < 100; i++) assert_ptr_not_equal(weir_ones(c, WEIR_F32, 1, SHAPE(3)), x);
    weir_scope_end(s);
#ifndef WEIR_NO_POOL /* without one a sanitizer tells it */
    assert_true(weir_is_nil(x));
    assert_fails(c, WEIR_ERROR_STATE, "a tensor whose scope has ended");
#endif
}

static void what_others_have_stays(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_set_requires_grad(weir_full(c, WEIR_F64, 1, SHAPE(2), 3), true), *y = weir_square(x), *z = weir_square(y);
    weir_release(y); /* the graph has saved it */
    assert_int_equal(weir_backward(weir_sum(z)), WEIR_OK);
    assert_near(weir_get(weir_grad_of(x), SHAPE(0)), 4 * 27, 1e-12);
    weir_tensor *a = weir_retain(weir_ones(c, WEIR_F64, 1, SHAPE(2)));
    weir_release(a); /* weir_retain's */
    assert_near(weir_item(weir_sum(a)), 2, 0);
    weir_release(a); /* the scope's */
    weir_sum(a);
    assert_fails(c, WEIR_ERROR_STATE, "op.sum: tensor f64 [2], given back");
    weir_tensor *b = weir_ones(c, WEIR_F64, 2, SHAPE(2, 2)), *view = weir_transpose(b, 0, 1);
    weir_release(b);
    assert_near(weir_item(weir_sum(view)), 4, 0); /* the memory is the view's too */
    weir_module *m = weir_module_new(c, "linear", "in=2 out=1");
    weir_release(weir_module_own(m, "weight"));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "release: a tensor outside scopes");
    weir_module_free(m);
    weir_tensor *held = NULL;
    weir_scope s = weir_scope_begin(c);
    held = weir_retain(weir_ones(c, WEIR_F64, 1, SHAPE(2)));
    weir_scope_end(s);
    assert_near(weir_item(weir_sum(held)), 2, 0);
    weir_release(held);
    assert_ok(c);
}

/* -- containers ------------------------------------------------------------------------------------------------------------------- */
/* A layer that remembers what it was given, and one that looks at it. */
static weir_tensor *remembered;
static weir_tensor *remember(weir_module *m, weir_tensor *x) { return (void)m, remembered = x, weir_neg(x); }
static weir_tensor *look_back(weir_module *m, weir_tensor *x) { return (void)m, weir_add(x, remembered); }
#define LAYER(short_name, hook) \
    { .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module." short_name, .doc = "a layer", .options_size = sizeof(size_t), .test = "" }, .forward = hook }
static const weir_module_row remembers = LAYER("remembers", remember), looks_back = LAYER("looks_back", look_back);

static weir_module *chain_that_looks_back(weir_ctx *c)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    weir_module_add(m, "0", weir_module_new(c, "linear", "in=3 out=3"));
    weir_module_add(m, "1", weir_module_from_row(c, &remembers, NULL));
    weir_module_add(m, "2", weir_module_from_row(c, &looks_back, NULL));
    return m;
}

static void a_layer_that_looks_back_is_told(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = chain_that_looks_back(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(4, 3));
    for (int recorded = 0; recorded < 2; recorded++) {
        weir_scope s = recorded ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
        assert_true(weir_is_nil(weir_module_forward(m, x)));
        assert_fails(c, WEIR_ERROR_STATE, "op.add: tensor f32 [4, 3], given back by module.sequential");
        weir_scope_end(s);
    }
    assert_near(weir_item(weir_sum(x)), 12, 0); /* the caller's own is left alone */
    weir_module_free(m);
}

/* What layers return that is not made by them is not the container's to end. */
static weir_tensor *as_it_is(weir_module *m, weir_tensor *x) { return (void)m, x; }
static weir_tensor *other;
static weir_tensor *another(weir_module *m, weir_tensor *x) { return (void)m, (void)x, other; }
static const weir_module_row identity = LAYER("identity_of_test", as_it_is), others = LAYER("others", another);

static void what_others_own_is_left_alone(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "sequential", "");
    weir_module_add(m, "0", weir_module_from_row(c, &identity, NULL));
    weir_module_add(m, "1", weir_module_from_row(c, &others, NULL));
    weir_module_add(m, "2", weir_module_from_row(c, &identity, NULL));
    weir_module_add(m, "3", weir_module_new(c, "relu", ""));
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 1, SHAPE(3));
    other = weir_full(c, WEIR_F32, 1, SHAPE(3), 2);
    assert_near(weir_item(weir_sum(weir_module_forward(m, x))), 6, 0);
    assert_near(weir_item(weir_sum(x)) + weir_item(weir_sum(other)), 9, 0);
    weir_scope_end(s);
    weir_module_free(m);
}

/* Bijections whose log-det is what they were given, or what they give: the container ends neither while it is needed. */
static weir_tensor *exponential(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det) { return (void)m, (void)k, *log_det = x, weir_exp(x); }
static weir_tensor *logarithm(weir_module *m, weir_tensor *y, const weir_condition *k, weir_tensor **log_det) { return (void)m, (void)k, *log_det = weir_neg(weir_log(y)), weir_log(y); }
static weir_tensor *both_at_once(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det) { return (void)m, (void)k, *log_det = weir_neg(x); }
#define BIJECTION(short_name, there, back) \
    { .row = { .size = sizeof(weir_module_row), .version = 1, .name = "bijection." short_name, .doc = "a part", .options_size = sizeof(size_t), .test = "" }, .transform = there, .inverse = back }
static const weir_module_row exponentials = BIJECTION("exp_of_test", exponential, logarithm), at_once = BIJECTION("both_of_test", both_at_once, both_at_once);

static void a_log_det_may_be_what_went_in(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir__compose_new(c);
    const weir_module_row *parts[] = { &at_once, &exponentials, &at_once, &at_once, &exponentials, &exponentials };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) weir__compose_add(m, weir_module_from_row(c, parts[i], NULL));
    for (int recorded = 0; recorded < 2; recorded++) {
        weir_scope s = recorded ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
        weir_tensor *x = weir_set_requires_grad(weir_full(c, WEIR_F64, 1, SHAPE(2), 0.5), true), *log_det, *back;
        weir_tensor *y = weir_bijection_forward(m, x, NULL, &log_det);
        double e = exp(-0.5), a = exp(e), want = exp(a); /* -1/2; e; -e; e; a; exp a */
        assert_ok(c);
        assert_near(weir_get(y, SHAPE(1)), want, 1e-14);
        assert_near(weir_get(log_det, SHAPE(1)), -0.5 - 0.5 - e + e + e + a, 1e-14);
        if (recorded) assert_int_equal(weir_backward(weir_sum(weir_add(y, log_det))), WEIR_OK);
        if (recorded) assert_near(weir_get(weir_grad_of(x), SHAPE(0)), -2 - e * (1 + a) - e * a * want, 1e-12);
        weir_bijection_inverse(m, y, NULL, &back);
        assert_ok(c);
        weir_scope_end(s);
    }
    weir_module_free(m);
}

/* -- the peak --------------------------------------------------------------------------------------------------------------------- */
enum { IMAGES = 4, CHANNELS = 8, PLACES = 16, ROWS = 64, WIDTH = 256 };

static void add(weir_module *m, const char *row, const char *options)
{
    char name[24];
    snprintf(name, sizeof name, "%d", (int)weir_module_child_count(m));
    weir_module_add(m, name, weir_module_new(weir_module_ctx(m), row, options));
}

static weir_module *conv_chain(weir_ctx *c, int blocks)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    for (int i = 0; i < blocks; i++) {
        weir_module *block = weir_module_new(c, "sequential", "");
        add(block, "conv2d", "in=8 out=8 kernel=3 padding=1");
        add(block, "group_norm", "channels=8 groups=2");
        add(block, "silu", "");
        char name[24];
        snprintf(name, sizeof name, "%d", i);
        weir_module_add(m, name, block);
    }
    return m;
}

static weir_module *perceptron(weir_ctx *c, int layers)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    for (int i = 0; i < layers; i++) {
        add(m, "linear", "in=256 out=256");
        add(m, "layer_norm", "shape=256");
        add(m, "tanh", "");
    }
    return m;
}

static weir_module *flow_chain(weir_ctx *c, int parts)
{
    char options[256];
    snprintf(options, sizeof options, "dim=256 parts=additive_coupling,scale parts.0.net.hidden=16 repeat=%d", parts);
    return weir_module_new(c, "bijection.compose", options);
}

static weir_module *residual_perceptron(weir_ctx *c, int blocks)
{
    char options[128];
    snprintf(options, sizeof options, "in=256 out=256 width=256 blocks=%d", blocks);
    return weir_module_new(c, "network.residual_mlp", options);
}

static weir_module *masked_perceptron(weir_ctx *c, int blocks)
{
    char options[512] = "in=256 out=256 residual=yes hidden=256";
    for (int i = 0; i < blocks; i++) snprintf(options + strlen(options), sizeof options - strlen(options), ",256");
    return weir_module_new(c, "network.made", options);
}

static weir_module *residual_convolutions(weir_ctx *c, int blocks)
{
    char options[128];
    snprintf(options, sizeof options, "in=8 out=8 width=8 blocks=%d norm=batch_norm", blocks);
    return weir_module_new(c, "network.conv_resnet", options);
}

/* Bytes above the weights at the peak of one forward pass without recording; its result's first value. */
static int64_t peak_of(weir_module *(*make)(weir_ctx *c, int n), int n, int ndim, const int64_t *shape, double *value)
{
    weir_ctx *c = weir_open(1);
    weir_module *m = make(c, n);
    weir_tensor *x = weir_channels_last(weir_randn(c, WEIR_F32, 4, SHAPE(IMAGES, CHANNELS, PLACES, PLACES)));
    if (ndim == 2) x = weir_randn(c, WEIR_F32, 2, shape);
    assert_int_equal(weir_module_seal(m), WEIR_OK);
    weir_module_train(m, false);
    weir_scope s = weir_scope_begin_no_grad(c);
    int64_t before = live(c);
    weir_tensor *log_det, *y = m->row->transform ? weir_bijection_forward(m, x, NULL, &log_det) : weir_module_forward(m, x);
    assert_ok(c);
    if (value) *value = weir_item(weir_sum(y));
    int64_t peak = weir_memory(c).peak_bytes - before;
    weir_scope_end(s);
    weir_module_free(m);
    weir_close(c);
    return peak;
}

static void the_peak_does_not_grow_with_depth(void **state)
{
    (void)state;
    const int64_t rows[] = { ROWS, WIDTH };
    const struct { const char *what; weir_module *(*make)(weir_ctx *c, int n); int ndim; int64_t layer; } chains[] = {
        { "convolutions", conv_chain, 4, IMAGES * CHANNELS * PLACES * PLACES * 4 },
        { "perceptron", perceptron, 2, ROWS * WIDTH * 4 },
        { "residual perceptron", residual_perceptron, 2, ROWS * WIDTH * 4 },
        { "masked perceptron", masked_perceptron, 2, ROWS * WIDTH * 4 },
        { "residual convolutions", residual_convolutions, 4, IMAGES * CHANNELS * PLACES * PLACES * 4 },
        { "flow", flow_chain, 2, ROWS * WIDTH * 4 },
    };
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        int64_t five = peak_of(chains[i].make, 5, chains[i].ndim, rows, NULL), twenty = peak_of(chains[i].make, 20, chains[i].ndim, rows, NULL);
        print_message("# %s: %.1f results of a layer at the peak of 5 blocks, %.1f of 20\n", chains[i].what, (double)five / (double)chains[i].layer,
                      (double)twenty / (double)chains[i].layer);
        assert_true(twenty < five + 2 * chains[i].layer);
    }
}

/* Bytes at the peak of a recorded pass above what its graph has in the end */
static int64_t peak_above_the_graph(weir_module *(*make)(weir_ctx *c, int n), int n, int ndim, const int64_t *shape)
{
    weir_ctx *c = weir_open(1);
    weir_module *m = make(c, n);
    weir_tensor *x = ndim == 2 ? weir_randn(c, WEIR_F32, 2, shape)
                               : weir_channels_last(weir_randn(c, WEIR_F32, 4, SHAPE(IMAGES, CHANNELS, PLACES, PLACES)));
    assert_int_equal(weir_module_seal(m), WEIR_OK);
    weir_module_forward(m, x);
    assert_ok(c);
    int64_t peak = weir_memory(c).peak_bytes - live(c);
    weir_module_free(m);
    weir_close(c);
    return peak;
}

static void graph_holds_no_more(const char *what, weir_module *(*make)(weir_ctx *c, int n), int ndim, int64_t layer)
{
    const int64_t *shape = SHAPE(ROWS, WIDTH);
    double five = (double)peak_above_the_graph(make, 5, ndim, shape) / (double)layer, twenty = (double)peak_above_the_graph(make, 20, ndim, shape) / (double)layer;
    print_message("# %s, recorded: %.1f results of a layer above the graph's at the peak of 5 blocks, %.1f of 20\n", what, five, twenty);
    assert_true(twenty < five + 2);
}

/* What no backward needs (sums that go on, branches before they are added) is given back on the way, not when the outermost module ends. */
static void nor_does_what_a_graph_has_no_use_for(void **state)
{
    (void)state;
    graph_holds_no_more("residual perceptron", residual_perceptron, 2, ROWS * WIDTH * 4);
    graph_holds_no_more("residual convolutions", residual_convolutions, 4, IMAGES * CHANNELS * PLACES * PLACES * 4);
}

/* Products with the Jacobian, of a network whose tangents are k times its values. */
static int64_t peak_of_products(int layers)
{
    enum { SAMPLES = 32, TANGENTS = 16 };
    weir_ctx *c = weir_open(1);
    char options[256] = "in=16 out=16 time=raw activation=silu hidden=";
    for (int i = 0; i < layers; i++) snprintf(options + strlen(options), sizeof options - strlen(options), i ? ",256" : "256");
    weir_module *net = weir_module_new(c, "network.mlp", options);
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(SAMPLES, 16)), *t = weir_zeros(c, WEIR_F32, 1, SHAPE(SAMPLES)), *jv;
    weir_tensor *tangents = weir_randn(c, WEIR_F32, 3, SHAPE(SAMPLES, TANGENTS, 16));
    weir_module_seal(net);
    int64_t before = live(c);
    weir_network_jvp(net, x, t, NULL, tangents, &jv);
    assert_ok(c);
    int64_t peak = weir_memory(c).peak_bytes - before;
    weir_module_free(net);
    weir_close(c);
    return peak / (SAMPLES * TANGENTS * 256 * 4);
}

static void nor_does_that_of_products(void **state)
{
    (void)state;
    int64_t three = peak_of_products(3), twelve = peak_of_products(12);
    print_message("# products: %lld tangents of a layer at the peak of 3 layers, %lld of 12\n", (long long)three, (long long)twelve);
    assert_true(twelve < three + 2);
}

/* The bits are those of a pass that is recorded. */
static void values_are_the_same(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = conv_chain(c, 3);
    weir_tensor *x = weir_randn(c, WEIR_F32, 4, SHAPE(2, CHANNELS, 5, 5));
    weir_tensor *y = weir_module_forward(m, x);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *z = weir_module_forward(m, x);
    float a[2 * CHANNELS * 25], b[2 * CHANNELS * 25];
    weir_copy_to_f32(y, a, 2 * CHANNELS * 25), weir_copy_to_f32(z, b, 2 * CHANNELS * 25);
    assert_memory_equal(a, b, sizeof a);
    weir_scope_end(s);
    assert_int_equal(weir_backward(weir_sum(y)), WEIR_OK);
    weir_module_free(m);
}

static void everything(weir_ctx *c)
{
    weir_module *m = conv_chain(c, 2);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_module_forward(m, weir_ones(c, WEIR_F32, 4, SHAPE(1, CHANNELS, 3, 3)));
    if (weir_ok(c)) weir_release(x);
    weir_scope_end(s);
    weir_module_free(m);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(release_ends_a_tensor), CASE(a_handle_is_not_used_again), CASE(what_others_have_stays), CASE(a_layer_that_looks_back_is_told),
          CASE(what_others_own_is_left_alone), CASE(a_log_det_may_be_what_went_in),
          CASE(the_peak_does_not_grow_with_depth), CASE(nor_does_that_of_products),
          CASE(nor_does_what_a_graph_has_no_use_for), CASE(values_are_the_same), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
