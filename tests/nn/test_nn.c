/* Modules: the tree, names, layout, initial values, gradients, and what is refused. */
#include "nn/module_test.h"
#include "nn/fixtures/torch.h"

static weir_module *perceptron(weir_ctx *c, const char *dtype)
{
    char first[64], last[64];
    snprintf(first, sizeof first, "in=3 out=4 dtype=%s", dtype);
    snprintf(last, sizeof last, "in=4 out=2 dtype=%s", dtype);
    weir_module *net = weir_module_new(c, "sequential", "");
    weir_module_add(net, "0", weir_module_new(c, "linear", first));
    weir_module_add(net, "1", weir_module_new(c, "module.tanh", ""));
    weir_module_add(net, "2", weir_module_new(c, "linear", last));
    return net;
}

static void test_names_and_layout(void **state)
{
    weir_ctx *c = *state;
    static const char *const names[] = { "0.weight", "0.bias", "2.weight", "2.bias" };
    void *used = weir__alloc(c, 64 + 4 * 64); /* a block for the flat buffer that is not clean */
    memset(used, 0x55, 64 + 4 * 64);
    weir__free(c, used);
    weir_module *net = perceptron(c, "f32");
    assert_int_equal(weir_module_state_count(net), 4);
    assert_int_equal(weir_module_parameter_numel(net), 26);
    for (int i = 0; i < 4; i++) {
        const char *name;
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(net, i, &name, &is_buffer);
        assert_string_equal(name, names[i]);
        assert_false(is_buffer);
        assert_int_equal((uintptr_t)weir_data(t) % 64, 0);
        assert_ptr_equal(weir_module_state_find(net, names[i]), t);
        assert_true(weir_requires_grad(t));
    }
    void *flat;
    weir_dtype t;
    assert_int_equal(weir_module_flat(net, &t, &flat), 4 * 16);
    assert_ptr_equal(flat, weir_data(weir_module_state_find(net, "0.weight")));
    for (int i = 12; i < 16; i++) assert_true(((float *)flat)[i] == 0); /* padding */
    weir_module *last = weir_module_child_at(net, 2);
    assert_int_equal(weir_module_state_count(last), 2);
    assert_ptr_equal(weir_module_state_find(last, "weight"), weir_module_state_find(net, "2.weight"));
    assert_true(weir_is_nil(weir_module_state_find(net, "3.weight")));
    assert_ok(c);
    weir_module_free(net);
}

static void test_start_depends_on_seed_and_name_alone(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = perceptron(c, "f32"), *b = weir_module_new(c, "sequential", "");
    weir_module_add(b, "2", weir_module_new(c, "linear", "in=4 out=2"));
    weir_module_add(b, "extra", weir_module_new(c, "linear", "in=7 out=7"));
    const float *x = weir_data(weir_module_state_find(a, "2.weight")), *y = weir_data(weir_module_state_find(b, "2.weight"));
    assert_memory_equal(x, y, 8 * sizeof *x);
    weir_module *twins = weir_module_new(c, "mlp", "in=4 out=4 hidden=4");
    assert_true(memcmp(weir_data(weir_module_state_find(twins, "0.weight")), weir_data(weir_module_state_find(twins, "2.weight")), 16 * sizeof *x) != 0);
    weir_module_free(twins);
    weir_ctx *d = weir_open(2);
    weir_module *other = perceptron(d, "f32");
    assert_true(memcmp(x, weir_data(weir_module_state_find(other, "2.weight")), 8 * sizeof *x) != 0);
    weir_module_free(other);
    weir_close(d);
    weir_module_free(a);
    weir_module_free(b);
}

static void test_initial_ranges(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "linear", "in=400 out=300"), *n = weir_module_new(c, "linear", "in=40 out=300 init=uniform bound=0.01");
    double sum = 0, square = 0, top = 0;
    const float *w = weir_data(weir_module_state_find(m, "weight"));
    for (int i = 0; i < 120000; i++) sum += w[i], square += (double)w[i] * w[i], top = fmax(top, fabs(w[i]));
    assert_true(top <= 0.05 && top > 0.0499);
    assert_true(fabs(sum / 120000) < 5e-4);
    assert_near(square / 120000, 0.05 * 0.05 / 3, 1e-4);
    const float *v = weir_data(weir_module_state_find(n, "weight")), *b = weir_data(weir_module_state_find(n, "bias"));
    for (int i = 0; i < 12000; i++) assert_true(fabsf(v[i]) <= 0.01f);
    for (int i = 0; i < 300; i++) assert_true(b[i] == 0);
    weir_module_free(m);
    weir_module_free(n);
}

static void test_module_equals_functions(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c, "f32");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_from_f32(c, torch_x, 2, SHAPE(6, 3)), *y = weir_module_forward(net, x);
    weir_tensor *p[4];
    for (int i = 0; i < 4; i++) p[i] = weir_module_state_at(net, i, NULL, NULL);
    weir_tensor *z = weir_linear(weir_tanh(weir_linear(x, p[0], p[1])), p[2], p[3]);
    assert_ok(c);
    assert_memory_equal(weir_data(y), weir_data(z), 12 * sizeof(float));
    weir_scope_end(s);
    weir_module_free(net);
}

static void test_relu_is_fused_to_the_bit(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_new(c, "mlp", "in=3 out=2 hidden=20,30");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(9, 3)), *y = weir_module_forward(net, x), *z = x;
    for (int64_t i = 0; i < weir_module_child_count(net); i++) z = weir_module_forward(weir_module_child_at(net, i), z);
    assert_ok(c);
    assert_memory_equal(weir_data(y), weir_data(z), 18 * sizeof(float));
    weir_scope_end(s);
    weir_module_free(net);
}

/* Recorded, and at once while nothing is: both the children one by one, to the bit. */
static void test_networks_are_fused_to_the_bit(void **state)
{
    static const char *const options[] = { "in=3 out=2 hidden=64,64,64 activation=silu", "in=3 out=5 hidden=48,200 activation=tanh dtype=f64",
                                           "in=3 out=1 hidden=17 activation=gelu", "in=3 out=2 hidden=300,30 activation=silu" };
    weir_ctx *c = *state;
    for (int k = 0; k < 4; k++) {
        weir_module *net = weir_module_new(c, "mlp", options[k]);
        weir_dtype t = k == 1 ? WEIR_F64 : WEIR_F32;
        for (int64_t rows = 1; rows < 80; rows += 39) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x = weir_randn(c, t, 2, SHAPE(rows, 3)), *y = weir_module_forward(net, x), *z = x;
            assert_string_equal(weir_grad_fn_name(y), "op.mlp");
            weir_scope inner = weir_scope_begin_no_grad(c);
            weir_tensor *at_once = weir_module_forward(net, x);
            for (int64_t i = 0; i < weir_module_child_count(net); i++) z = weir_module_forward(weir_module_child_at(net, i), z);
            assert_ok(c);
            size_t bytes = (size_t)weir_numel(z) * weir_dtype_size(t);
            assert_memory_equal(weir_data(y), weir_data(z), bytes);
            assert_memory_equal(weir_data(at_once), weir_data(z), bytes);
            weir_module_forward(net, weir_zeros(c, t, 2, SHAPE(2, 4)));
            assert_fails(c, WEIR_ERROR_SHAPE, "0 (module.linear)");
            weir_scope_end(inner);
            weir_scope_end(s);
        }
        weir_module_free(net);
    }
}

/* What the layers before the first that is trained hold may change until backward; layers that do not follow one another are named */
static void test_networks_keep_what_they_need(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_new(c, "mlp", "in=3 out=2 hidden=8,8,8 activation=silu");
    weir_module_freeze(net, true);
    weir_module_freeze(weir_module_child_at(net, 6), false);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(9, 3)), *y = weir_sum(weir_module_forward(net, x));
    weir_fill_(x, 0);
    weir_fill_(weir_detach(weir_module_state_find(net, "2.weight")), 0);
    assert_int_equal(weir_backward(y), WEIR_OK);
    weir_scope_end(s);
    weir_module_free(net);
    net = weir_module_new(c, "sequential", "");
    weir_module_add(net, "0", weir_module_new(c, "linear", "in=2 out=64"));
    weir_module_add(net, "1", weir_module_new(c, "module.relu", ""));
    weir_module_add(net, "2", weir_module_new(c, "linear", "in=32 out=1"));
    weir_module_forward(net, weir_zeros(c, WEIR_F32, 2, SHAPE(5, 2)));
    assert_fails(c, WEIR_ERROR_SHAPE, "2 (module.linear)");
    weir_module_free(net);
    weir_module *unused = weir_module_new(c, "linear", "in=100 out=100");
    weir_sum(weir_module_own(unused, "weight")); /* its place is made at the first use of the tree */
    assert_fails(c, WEIR_ERROR_STATE, "has not been used");
    weir_module_free(unused);
}

/* Its layers, each its own op, of the same parameters */
static weir_tensor *layer_by_layer(weir_module *net, weir_tensor *x, weir_act f)
{
    int64_t n = weir_module_state_count(net) / 2;
    for (int64_t i = 0; i < n; i++)
        x = weir_linear_act(x, weir_module_state_at(net, 2 * i, NULL, NULL), weir_module_state_at(net, 2 * i + 1, NULL, NULL), i < n - 1 ? f : WEIR_ACT_NONE);
    return x;
}

typedef struct gradients { int n; void *at[1 + 2 * 16]; size_t bytes[1 + 2 * 16]; } gradients;

/* Of sum y^2, added up over two backwards; no bytes where a leaf has none */
static gradients gradients_of(weir_module *net, weir_tensor *x, weir_act f, bool fused)
{
    gradients g = { .n = 1 + (int)weir_module_state_count(net) };
    for (int pass = 0; pass < 2; pass++) weir_backward(weir_sum(weir_square(fused ? weir_module_forward(net, x) : layer_by_layer(net, x, f))));
    for (int i = 0; i < g.n; i++) {
        weir_tensor *leaf = i ? weir_module_state_at(net, i - 1, NULL, NULL) : x, *d = weir_grad_of(leaf);
        if (weir_is_nil(d)) continue;
        g.bytes[i] = (size_t)weir_numel(d) * weir_dtype_size(weir_dtype_of(d));
        g.at[i] = malloc(g.bytes[i] + 1);
        memcpy(g.at[i], weir_data(d), g.bytes[i]);
    }
    weir_zero_grad(x);
    weir_module_zero_grad(net);
    return g;
}

/* Gradients of a network in one op are those of its layers, to the bit, whichever of them are wanted */
static void test_networks_train_to_the_bit(void **state)
{
    static const struct { const char *options; weir_act f; weir_dtype t; } nets[] = {
        { "in=3 out=2 hidden=64,64,64 activation=silu", WEIR_ACT_SILU, WEIR_F32 },  { "in=3 out=5 hidden=48,200 activation=tanh dtype=f64", WEIR_ACT_TANH, WEIR_F64 },
        { "in=3 out=1 hidden=300,17 activation=relu", WEIR_ACT_RELU, WEIR_F32 },    { "in=3 out=4 hidden=20,1 activation=gelu dtype=f64", WEIR_ACT_GELU, WEIR_F64 },
        { "in=3 out=40 hidden=33 activation=softplus", WEIR_ACT_SOFTPLUS, WEIR_F32 } };
    weir_ctx *c = *state;
    for (size_t k = 0; k < sizeof nets / sizeof *nets; k++) {
        weir_module *net = weir_module_new(c, "mlp", nets[k].options);
        for (int frozen = 0; frozen < 8; frozen++) /* bit 0: x, 1: the first layer, 2: the layer behind it; 7: all but the last */
            for (int64_t rows = 1; rows < 300; rows += 149) {
                weir_scope s = weir_scope_begin(c);
                for (int64_t l = 0; l < weir_module_child_count(net); l += 2)
                    weir_module_freeze(weir_module_child_at(net, l), frozen == 7 ? l < weir_module_child_count(net) - 1 : l < 4 && frozen >> (1 + l / 2) & 1);
                weir_tensor *x = weir_set_requires_grad(weir_randn(c, nets[k].t, 2, SHAPE(rows, 3)), !(frozen & 1));
                gradients a = gradients_of(net, x, nets[k].f, true), b = gradients_of(net, x, nets[k].f, false);
                assert_ok(c);
                for (int i = 0; i < a.n; i++) {
                    assert_int_equal(a.bytes[i], b.bytes[i]);
                    if (a.bytes[i]) assert_memory_equal(a.at[i], b.at[i], a.bytes[i]);
                    free(a.at[i]), free(b.at[i]);
                }
                weir_scope_end(s);
            }
        weir_module_free(net);
    }
}

static void fill(weir_module *net, const float *values)
{
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL);
        memcpy(weir_data_mut(t), values, (size_t)weir_numel(t) * sizeof *values);
        values += weir_numel(t);
    }
}

static void test_pytorch_values_and_gradients(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c, "f32");
    fill(net, torch_start);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_module_forward(net, weir_from_f32(c, torch_x, 2, SHAPE(6, 3)));
    for (int i = 0; i < 12; i++) assert_near(((const float *)weir_data(y))[i], torch_output[i], 3e-7);
    weir_backward(weir_mean(weir_square(weir_sub(y, weir_from_f32(c, torch_y, 2, SHAPE(6, 2))))));
    assert_ok(c);
    const float *expected = torch_gradient;
    for (int i = 0; i < 4; i++) {
        weir_tensor *g = weir_grad_of(weir_module_state_at(net, i, NULL, NULL));
        for (int64_t j = 0; j < weir_numel(g); j++) assert_near(((const float *)weir_data(g))[j], *expected++, 3e-7);
    }
    weir_scope_end(s);
    weir_module_zero_grad(net);
    assert_true(weir_is_nil(weir_grad_of(weir_module_state_at(net, 0, NULL, NULL))));
    weir_module_free(net);
}

/* The same draws at each run */
static weir_tensor *run_module(void *user, weir_tensor **in)
{
    weir_ctx *c = weir_ctx_of(in[0]);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 3 });
    weir_tensor *y = weir_module_forward(user, in[0]);
    weir__frame_set(c, old);
    return y;
}

/* Every row that can be run: d out / d in against differences. Gradients of parameters: test_modules.c. */
static void test_gradients_of_rows(void **state)
{
    weir_ctx *c = *state;
    static const char *const kinds[] = { "module", "network" };
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < weir_row_count(c, kinds[k]); i++) {
            const weir_row *row = weir_row_at(c, kinds[k], i);
            assert_true(strncmp(row->name, kinds[k], strlen(kinds[k])) == 0 && row->doc && row->test);
            if (is_container(row)) continue;
            weir_scope s = weir_scope_begin(c);
            weir_module *m = row_module(c, row, WEIR_F64);
            weir_tensor *x = row_input(c, (const weir_module_row *)row, WEIR_F64);
            weir_gradcheck(c, run_module, m, 1, &x, NULL);
            if (!weir_ok(c)) fail_msg("%s: %s", row->name, weir_message(c));
            weir_scope_end(s);
            weir_module_free(m);
        }
}

static void test_freeze_and_train(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c, "f32");
    weir_module_freeze(weir_module_child_at(net, 0), true);
    weir_module_train(net, false);
    assert_false(weir_module_training(weir_module_child_at(net, 2)));
    weir_scope s = weir_scope_begin(c);
    weir_backward(weir_sum(weir_module_forward(net, weir_from_f32(c, torch_x, 2, SHAPE(6, 3)))));
    assert_ok(c);
    assert_true(weir_is_nil(weir_grad_of(weir_module_state_find(net, "0.weight"))));
    assert_false(weir_is_nil(weir_grad_of(weir_module_state_find(net, "2.weight"))));
    weir_scope_end(s);
    weir_module_free(net);
}

typedef struct tied { weir_tensor *weight; } tied;
static void tied_create(weir_module *m, const void *options)
{
    (void)options;
    weir_tensor **w = weir_module_state(m);
    w[0] = weir_module_parameter(m, "weight", WEIR_F32, 2, SHAPE(3, 3), (weir_init){ WEIR_INIT_NORMAL, 0.1 });
    weir_module_share(m, "again", w[0]);
    weir_module_buffer(m, "count", WEIR_I64, 1, SHAPE(2), 5);
}
static weir_tensor *tied_forward(weir_module *m, weir_tensor *x)
{
    weir_tensor **w = weir_module_state(m);
    return weir_linear(weir_linear(x, w[0], NULL), w[0], NULL);
}
static const weir_module_row tied_row = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.tied", .doc = "a test", .options_size = sizeof(size_t), .test = "" },
    .state_size = sizeof(tied), .create = tied_create, .forward = tied_forward,
};

static void test_shared_and_buffers(void **state)
{
    weir_ctx *c = *state;
    assert_int_equal(weir_row_register(c, &tied_row.row), WEIR_OK);
    weir_module *m = weir_module_new(c, "tied", "");
    assert_int_equal(weir_module_state_count(m), 2);
    assert_int_equal(weir_module_parameter_numel(m), 9);
    bool is_buffer;
    weir_tensor *count = weir_module_state_at(m, 1, NULL, &is_buffer);
    assert_true(is_buffer && weir_get(count, SHAPE(1)) == 5);
    float plain[9], again[9];
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(5, 3)), *w = weir_module_state_find(m, "weight");
    weir_backward(weir_sum(weir_module_forward(m, x)));
    weir_copy_to_f32(weir_grad_of(w), plain, 9);
    weir_module_zero_grad(m);
    weir_backward(weir_sum(weir_module_checkpoint(m, x)));
    weir_copy_to_f32(weir_grad_of(w), again, 9);
    for (int i = 0; i < 9; i++) assert_near(again[i], plain[i], 1e-6 * fabs((double)plain[i])); /* one place adds, the other gathers */
    assert_ok(c);
    weir_module_free(m);
}

static const char *label_seen;
static weir_tensor *spy_forward(weir_module *m, weir_tensor *x) { return (void)m, label_seen = x->object.ctx->modes.label, x; }
static const weir_module_row spy_row = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.spy", .doc = "a test", .options_size = sizeof(size_t), .test = "" },
    .forward = spy_forward,
};

static void test_label_names_the_layer(void **state)
{
    weir_ctx *c = *state;
    weir_module *outer = weir_module_new(c, "sequential", ""), *inner = weir_module_new(c, "sequential", "");
    weir_module_add(inner, "spy", weir_module_from_row(c, &spy_row, NULL));
    weir_module_add(outer, "deep", inner);
    c->modes.label = "before";
    weir_module_forward(outer, weir_ones(c, WEIR_F32, 1, SHAPE(2)));
    assert_string_equal(label_seen, "deep.spy");
    assert_string_equal(c->modes.label, "before");
    weir_module_free(outer);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c, "f32"), *outer = weir_module_new(c, "group", "");
    assert_true(weir_module_add(net, "0", weir_module_new(c, "relu", ""))->object.nil);
    assert_fails(c, WEIR_ERROR_NAME, "not taken");
    weir_module_add(net, "a.b", weir_module_new(c, "relu", ""));
    assert_fails(c, WEIR_ERROR_NAME, "without a point");
    weir_module_add(outer, "inside", net);
    weir_module_add(outer, "twice", net);
    assert_fails(c, WEIR_ERROR_STATE, "has a parent");
    assert_true(weir_is_nil(weir_module_forward(net, weir_ones(c, WEIR_F32, 2, SHAPE(5, 7)))));
    assert_fails(c, WEIR_ERROR_SHAPE, "inside.0 (module.linear): f32 [5, 7]: expected f32 [.., 3]");
    weir_module_forward(net, weir_ones(c, WEIR_F64, 2, SHAPE(5, 3)));
    assert_fails(c, WEIR_ERROR_SHAPE, "f64 [5, 3]: expected f32");
    weir_module_add(net, "late", weir_module_new(c, "relu", ""));
    assert_fails(c, WEIR_ERROR_STATE, "before the first use");
    weir_module_parameter(net, "w", WEIR_F32, 1, SHAPE(3), (weir_init){ 0 });
    assert_fails(c, WEIR_ERROR_STATE, "before the first use");
    weir_module_forward(outer, weir_ones(c, WEIR_F32, 2, SHAPE(5, 3)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "container");
    weir_module_flat(net, NULL, NULL);
    assert_fails(c, WEIR_ERROR_STATE, "expected a root");
    weir_module_free(net);
    assert_fails(c, WEIR_ERROR_STATE, "expected a root");
    weir_module_new(c, "linaer", "");
    assert_fails(c, WEIR_ERROR_NAME, "perhaps linear");
    weir_module_new(c, "linear", "in=0");
    assert_fails(c, WEIR_ERROR_RANGE, "in=0");
    weir_module_state_at(outer, 99, NULL, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "99");
    weir_module_free(outer);
    weir_module *mixed = weir_module_new(c, "sequential", "");
    weir_module_add(mixed, "0", weir_module_new(c, "linear", "in=2 out=2"));
    weir_module_add(mixed, "1", weir_module_new(c, "linear", "in=2 out=2 dtype=f64"));
    assert_int_equal(weir_module_state_count(mixed), 0);
    assert_fails(c, WEIR_ERROR_DTYPE, "of one type");
    weir_module_free(mixed);
    assert_true(weir_module_forward(NULL, NULL) != NULL);
    weir_module_free(NULL);
    weir_module_add(NULL, "x", NULL);
}

/* Results of ops on parameters alone must not land in the parent of a worker. */
static void test_in_a_worker(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c, "f32");
    weir_ctx *w = weir_worker_open(c, 1);
    weir_module_forward(net, weir_ones(w, WEIR_F32, 2, SHAPE(1, 3)));
    assert_fails(w, WEIR_ERROR_STATE, "not sealed");
    weir_module_seal(net);
    int64_t before = c->n_objects;
    weir_tensor *y = weir_module_forward(net, weir_from_f32(w, torch_x, 2, SHAPE(6, 3)));
    assert_ok(w);
    assert_ptr_equal(weir_ctx_of(y), w);
    assert_int_equal(c->n_objects, before);
    weir_close(w);
    weir_module_free(net);
}

static void everything(weir_ctx *c)
{
    weir_module *net = perceptron(c, "f32");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(5, 3));
    weir_backward(weir_sum(weir_module_forward(net, x)));
    weir_scope_end(s);
    weir_module_free(net);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

static void a_parameter_before_its_module_is_used_has_no_memory(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "group", "");
    weir_tensor *p = weir_module_parameter(m, "p", WEIR_F32, 2, SHAPE(40, 40), (weir_init){ WEIR_INIT_ONES, 0 });
    weir_tensor *one = weir_module_parameter(m, "one", WEIR_F32, 0, NULL, (weir_init){ WEIR_INIT_ONES, 0 });
    weir_tensor *ones = weir_ones(c, WEIR_F32, 2, SHAPE(40, 40));
    static double x[1600];
    char text[64];
    assert_int_equal(weir_copy_to_f64(p, x, 1600), WEIR_ERROR_STATE);
    assert_fails(c, WEIR_ERROR_STATE, "copy_to");
    assert_true(isnan(weir_get(p, SHAPE(39, 39))));
    assert_fails(c, WEIR_ERROR_STATE, "get");
    assert_true(isnan(weir_item(one)));
    assert_fails(c, WEIR_ERROR_STATE, "item");
    assert_null(weir_data(p));
    assert_fails(c, WEIR_ERROR_STATE, "data");
    assert_null(weir_data_mut(p));
    assert_fails(c, WEIR_ERROR_STATE, "data_mut");
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_fill_(p, 1);
    assert_fails(c, WEIR_ERROR_STATE, "fill_");
    weir_copy_(ones, p);
    assert_fails(c, WEIR_ERROR_STATE, "copy_");
    weir_scope_end(s);
    weir_format(p, text, sizeof text);
    assert_non_null(strstr(text, "not laid out"));
    assert_int_equal(weir_module_seal(m), WEIR_OK);
    assert_near(weir_get(p, SHAPE(39, 39)), 1, 0);
    weir_module_free(m);
}

int main(void)
{
    CASES(CASE(a_parameter_before_its_module_is_used_has_no_memory), CASE(test_names_and_layout), CASE(test_start_depends_on_seed_and_name_alone), CASE(test_initial_ranges), CASE(test_module_equals_functions),
          CASE(test_relu_is_fused_to_the_bit), CASE(test_networks_are_fused_to_the_bit), CASE(test_networks_train_to_the_bit), CASE(test_networks_keep_what_they_need), CASE(test_pytorch_values_and_gradients), CASE(test_gradients_of_rows), CASE(test_freeze_and_train),
          CASE(test_shared_and_buffers), CASE(test_label_names_the_layer), CASE(test_refusals), CASE(test_in_a_worker), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
