/* Module rows: each equals its function to the bit, values and gradients; initial values; buffers; what is refused. */
#include "nn/module_test.h"

/* -- every module row has a twin here: what it does, by functions ------------------------------------------------------------------------ */
typedef struct twin_call { weir_module *m; weir_tensor *x, *mean, *variance; bool training; } twin_call; /* mean, variance: copies of the buffers */
typedef weir_tensor *twin_fn(const twin_call *k);

static weir_tensor *own(const twin_call *k, const char *name)
{
    weir_tensor *t = weir_module_state_find(k->m, name);
    return weir_is_nil(t) ? NULL : t;
}
static weir_tensor *linear(const twin_call *k) { return weir_linear(k->x, own(k, "weight"), own(k, "bias")); }
static weir_tensor *embedding(const twin_call *k) { return weir_embedding(own(k, "weight"), k->x, 2); }
static weir_tensor *layer_norm(const twin_call *k) { return weir_layer_norm(k->x, 1, own(k, "weight"), own(k, "bias"), 1e-5); }
static weir_tensor *rms_norm(const twin_call *k) { return weir_rms_norm(k->x, 1, own(k, "weight"), 0x1p-23); }
static weir_tensor *group_norm(const twin_call *k) { return weir_group_norm(k->x, 2, own(k, "weight"), own(k, "bias"), 1e-5); }
static weir_tensor *batch_norm(const twin_call *k)
{
    return weir_batch_norm(k->x, k->mean, k->variance, own(k, "weight"), own(k, "bias"), k->training, 0.1, 1e-5);
}
static weir_tensor *dropout(const twin_call *k) { return weir_dropout(k->x, 0.25, k->training); }
static weir_tensor *multihead_attention(const twin_call *k)
{
    weir_tensor *qkv[3], *x = weir_reshape(weir_linear(k->x, own(k, "in_proj_weight"), own(k, "in_proj_bias")), 5, SHAPE(2, 3, 3, 2, 2));
    for (int i = 0; i < 3; i++) qkv[i] = weir_transpose(weir_reshape(weir_slice(x, 2, i, i + 1, 1), 4, SHAPE(2, 3, 2, 2)), 1, 2);
    weir_tensor *y = weir_scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], NULL, true, NAN);
    return weir_linear(weir_reshape(weir_transpose(y, 1, 2), 3, SHAPE(2, 3, 4)), own(k, "out_proj.weight"), own(k, "out_proj.bias"));
}
static weir_tensor *heads_of(const twin_call *k, const char *name) /* [2, 3, heads 2, 3] */
{
    return weir_reshape(weir_linear(k->x, own(k, name), NULL), 4, SHAPE(2, 3, 2, 3));
}
static weir_tensor *attention(const twin_call *k)
{
    weir_tensor *q = weir_rms_norm(heads_of(k, "to_q.weight"), 1, own(k, "norm_q.weight"), 1e-5), *v = heads_of(k, "to_v.weight");
    weir_tensor *key = weir_rms_norm(heads_of(k, "to_k.weight"), 1, own(k, "norm_k.weight"), 1e-5);
    weir_tensor *y = weir_scaled_dot_product_attention(weir_transpose(q, 1, 2), weir_transpose(key, 1, 2), weir_transpose(v, 1, 2), NULL, true, NAN);
    return weir_linear(weir_reshape(weir_transpose(y, 1, 2), 3, SHAPE(2, 3, 6)), own(k, "to_out.0.weight"), own(k, "to_out.0.bias"));
}
static weir_tensor *conv_transpose2d(const twin_call *k)
{
    return weir_conv_transpose2d(k->x, own(k, "weight"), own(k, "bias"), &(weir_conv2d_opts){ sizeof(weir_conv2d_opts), { 2, 1 }, { 1, 0 }, { 1, 1 }, 2, { 0 } }, SHAPE(1, 0));
}
static weir_tensor *patch_embedding(const twin_call *k) { return weir_patch_embedding(k->x, own(k, "proj.weight"), own(k, "proj.bias")); }
static weir_tensor *glu(const twin_call *k) { return weir_gated(k->x, 1, WEIR_ACT_SILU); }
static weir_tensor *conv2d(const twin_call *k)
{
    return weir_conv2d(k->x, own(k, "weight"), own(k, "bias"), &(weir_conv2d_opts){ sizeof(weir_conv2d_opts), { 2, 1 }, { 1, 1 }, { 1, 1 }, 2, { 0, 1 } });
}
static weir_tensor *conv2d_same(const twin_call *k) /* on x, and on a channel of 1 around it and 0 inside */
{
    weir_tensor *x = weir_pad(k->x, 2, SHAPE(1, 1, 1, 1), 0), *inside = weir_zeros(weir_ctx_of(x), weir_dtype_of(x), 4, SHAPE(1, 1, 5, 4));
    weir_tensor *edge = weir_conv2d(weir_pad(inside, 2, SHAPE(1, 1, 1, 1), 1), own(k, "edge"), NULL, NULL);
    return weir_add(weir_conv2d(x, own(k, "weight"), own(k, "bias"), NULL), edge);
}
static const weir_pool2d_opts windows = { sizeof windows, { 3, 2 }, { 2, 1 }, { 1, 1 } };
static weir_tensor *max_pool2d(const twin_call *k) { return weir_max_pool2d(k->x, &windows); }
static weir_tensor *avg_pool2d(const twin_call *k) { return weir_avg_pool2d(k->x, &windows); }
static weir_tensor *upsample(const twin_call *k) { return weir_upsample_nearest2d(k->x, 4, 9); }
static weir_tensor *leaky_relu(const twin_call *k) { return weir_leaky_relu(k->x, 0.1); }
static weir_tensor *elu(const twin_call *k) { return weir_elu(k->x, 0.5); }
static weir_tensor *gelu(const twin_call *k) { return weir_gelu_tanh(k->x); }
#define PLAIN(n) static weir_tensor *plain_##n(const twin_call *k) { return weir_##n(k->x); }
PLAIN(relu) PLAIN(tanh) PLAIN(sigmoid) PLAIN(softplus) PLAIN(silu) PLAIN(selu) PLAIN(logsigmoid) PLAIN(quick_gelu)

#define TWIN(n) { "module." #n, n }
static const struct twin { const char *name; twin_fn *f; } twins[] = {
    TWIN(linear), TWIN(embedding), TWIN(layer_norm), TWIN(rms_norm), TWIN(group_norm), TWIN(batch_norm), TWIN(dropout), TWIN(multihead_attention), TWIN(attention), TWIN(conv_transpose2d), TWIN(patch_embedding), TWIN(glu), TWIN(conv2d), TWIN(conv2d_same), TWIN(max_pool2d), TWIN(avg_pool2d), TWIN(upsample), { "module.relu", plain_relu }, { "module.tanh", plain_tanh }, { "module.sigmoid", plain_sigmoid },
    { "module.softplus", plain_softplus }, { "module.silu", plain_silu }, { "module.selu", plain_selu }, { "module.logsigmoid", plain_logsigmoid }, { "module.quick_gelu", plain_quick_gelu }, TWIN(leaky_relu), TWIN(elu), TWIN(gelu),
};

static twin_fn *twin_of(const weir_row *row)
{
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (!strcmp(twins[i].name, row->name)) return twins[i].f;
    fail_msg("%s has no twin in this file: write what it does by functions", row->name);
    return NULL;
}

static void same(const char *name, weir_tensor *a, weir_tensor *b)
{
    if (weir_numel(a) != weir_numel(b) || weir_dtype_of(a) != weir_dtype_of(b)) fail_msg("%s: shapes or types differ", name);
    int64_t n = weir_numel(a);
    double *p = malloc(sizeof *p * (size_t)(2 * n + 1));
    weir_copy_to_f64(a, p, n);
    weir_copy_to_f64(b, p + n, n);
    if (memcmp(p, p + n, sizeof *p * (size_t)n)) fail_msg("%s: module and function differ", name);
    free(p);
}

static weir_tensor *copy_of(weir_ctx *c, weir_tensor *t)
{
    if (!t) return NULL;
    weir_tensor *x = weir_empty(c, weir_dtype_of(t), weir_ndim(t), weir_shape(t));
    return weir_copy_(x, t);
}

enum { MOST = 8 };
typedef struct outcome { weir_tensor *y, *g[MOST + 1]; } outcome;

/* y, and the gradients of sum(y cos(y)) for the input and the parameters */
static outcome outcome_of(weir_ctx *c, weir_module *m, weir_tensor *x, weir_tensor *y)
{
    weir_tensor *wants[MOST + 1];
    int n = 0;
    if (weir_dtype_is_real(weir_dtype_of(x))) wants[n++] = x;
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(m, i, NULL, &is_buffer);
        if (!is_buffer) wants[n++] = t;
    }
    outcome o = { .y = y };
    weir_tensor *v = weir_cos(weir_detach(y));
    weir_grad(1, &y, n, wants, &v, false, false, o.g);
    for (int i = n; i <= MOST; i++) o.g[i] = weir_scalar(c, WEIR_F64, 0);
    return o;
}

static void compare(weir_ctx *c, const weir_row *row, weir_dtype t, bool training)
{
    weir_scope s = weir_scope_begin(c);
    weir_module *m = row_module(c, row, t);
    weir_module_train(m, training);
    twin_call k = { .m = m, .x = row_input(c, (const weir_module_row *)row, t), .training = training };
    if (weir_dtype_is_real(weir_dtype_of(k.x))) weir_set_requires_grad(k.x, true);
    k.mean = copy_of(c, own(&k, "running_mean")), k.variance = copy_of(c, own(&k, "running_var"));
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 3 });
    outcome a = outcome_of(c, m, k.x, weir_module_forward(m, k.x));
    weir__frame_set(c, (weir__frame){ .stream = 3 });
    outcome b = outcome_of(c, m, k.x, twin_of(row)(&k));
    weir__frame_set(c, old);
    if (!weir_ok(c)) fail_msg("%s: %s", row->name, weir_message(c));
    same(row->name, a.y, b.y);
    for (int i = 0; i <= MOST; i++) same(row->name, a.g[i], b.g[i]);
    if (k.mean) same("running mean", own(&k, "running_mean"), k.mean), same("running variance", own(&k, "running_var"), k.variance);
    weir_module_free(m);
    weir_scope_end(s);
}

static void each_module_equals_its_function(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "module"); i++)
        for (int way = 0; way < 4 && !is_container(weir_row_at(c, "module", i)); way++) compare(c, weir_row_at(c, "module", i), way & 1 ? WEIR_F64 : WEIR_F32, way & 2);
}

/* -- how they start ------------------------------------------------------------------------------------------------------------------------ */
static void all_are(weir_module *m, const char *name, double value)
{
    weir_tensor *t = weir_module_state_find(m, name);
    double v[256];
    assert_false(weir_is_nil(t));
    weir_copy_to_f64(t, v, weir_numel(t));
    for (int64_t i = 0; i < weir_numel(t); i++) assert_true(v[i] == value);
}

static void they_start_as_in_pytorch(void **state)
{
    weir_ctx *c = *state;
    static const char *const norms[] = { "layer_norm shape=2,3", "rms_norm shape=4", "group_norm groups=2 channels=6", "batch_norm channels=5" };
    for (int i = 0; i < 4; i++) {
        char name[64];
        int used = (int)strcspn(norms[i], " ");
        snprintf(name, sizeof name, "%.*s", used, norms[i]);
        weir_module *m = weir_module_new(c, name, norms[i] + used);
        all_are(m, "weight", 1);
        if (i != 1) all_are(m, "bias", 0);
        if (i == 3) all_are(m, "running_mean", 0), all_are(m, "running_var", 1), all_are(m, "num_batches_tracked", 0);
        weir_module_free(m);
    }
    weir_module *a = weir_module_new(c, "multihead_attention", "width=64 heads=4"); /* xavier_uniform: 6 / (64 + 192) */
    double top[2] = { 0, 0 };
    for (int64_t i = 0; i < 3 * 64 * 64; i++) top[0] = fmax(top[0], fabs(((const float *)weir_data(weir_module_state_find(a, "in_proj_weight")))[i]));
    for (int64_t i = 0; i < 64 * 64; i++) top[1] = fmax(top[1], fabs(((const float *)weir_data(weir_module_state_find(a, "out_proj.weight")))[i]));
    assert_true(top[0] <= sqrt(6. / 256) && top[0] > 0.99 * sqrt(6. / 256) && top[1] <= 0.125 && top[1] > 0.124);
    all_are(a, "out_proj.bias", 0);
    weir_module_free(a);
    weir_module *m = weir_module_new(c, "embedding", "rows=300 width=200 padding=7");
    weir_tensor *w = weir_module_state_find(m, "weight");
    const float *v = weir_data(w);
    double sum = 0, square = 0;
    for (int i = 0; i < 60000; i++) sum += v[i], square += (double)v[i] * v[i];
    assert_true(fabs(sum / 60000) < 0.02);
    assert_near(square / 59800, 1, 0.02);
    for (int j = 0; j < 200; j++) assert_true(v[7 * 200 + j] == 0 && v[6 * 200 + j] != 0);
    assert_near(weir_dim(w, 0), 300, 0);
    weir_module_free(m);
    assert_ok(c);
}

static void batch_norm_names_are_pytorchs(void **state)
{
    weir_ctx *c = *state;
    static const char *const names[] = { "weight", "bias", "running_mean", "running_var", "num_batches_tracked" };
    weir_module *m = weir_module_new(c, "batch_norm", "channels=3"), *bare = weir_module_new(c, "batch_norm", "channels=3 affine=no track=no");
    assert_int_equal(weir_module_state_count(m), 5);
    assert_int_equal(weir_module_state_count(bare), 0);
    for (int i = 0; i < 5; i++) {
        const char *name;
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(m, i, &name, &is_buffer);
        assert_string_equal(name, names[i]);
        assert_int_equal(is_buffer, i >= 2);
        assert_int_equal(weir_dtype_of(t), i == 4 ? WEIR_I64 : WEIR_F32);
        assert_int_equal(weir_ndim(t), i == 4 ? 0 : 1);
    }
    weir_module_free(m), weir_module_free(bare);
}

/* -- batch norm over steps --------------------------------------------------------------------------------------------------------------------- */
static void cumulative_statistics_are_averages(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "batch_norm", "channels=1 cumulative=yes dtype=f64");
    static const double x[3][2] = { { 1, 3 }, { 4, 10 }, { -6, 0 } }; /* means 2, 7, -3; variances 2, 18, 18 */
    for (int i = 0; i < 3; i++) weir_module_forward(m, weir_from_f64(c, x[i], 2, SHAPE(2, 1)));
    assert_near(weir_item(weir_module_state_find(m, "running_mean")), 2, 1e-15);
    assert_near(weir_item(weir_module_state_find(m, "running_var")), 38. / 3, 1e-15);
    assert_near(weir_item(weir_module_state_find(m, "num_batches_tracked")), 3, 0);
    weir_module_train(m, false);
    assert_near(weir_get(weir_module_forward(m, weir_from_f64(c, x[1], 2, SHAPE(2, 1))), SHAPE(1, 0)), 8 / sqrt(38. / 3 + 1e-5), 1e-14);
    assert_near(weir_item(weir_module_state_find(m, "num_batches_tracked")), 3, 0);
    assert_ok(c);
    weir_module_free(m);
}

/* -- state dicts: buffers go with parameters -------------------------------------------------------------------------------------------------- */
static weir_module *norms(weir_ctx *c, const char *batch)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    weir_module_add(m, "0", weir_module_new(c, "layer_norm", "shape=3"));
    weir_module_add(m, "1", weir_module_new(c, "batch_norm", batch));
    return m;
}

static void buffers_are_saved_and_loaded(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = norms(c, "channels=3"), *b = norms(c, "channels=3"), *bare = norms(c, "channels=3 track=no"), *wide = norms(c, "channels=4");
    for (int i = 0; i < 3; i++) weir_module_forward(a, weir_randn(c, WEIR_F32, 2, SHAPE(8, 3)));
    void *data;
    size_t bytes;
    weir_load_info info = { .size = sizeof info };
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, &info), WEIR_OK);
    assert_near(weir_item(weir_module_state_find(b, "1.num_batches_tracked")), 3, 0);
    same("running_var", weir_module_state_find(b, "1.running_var"), weir_module_state_find(a, "1.running_var"));
    assert_true(weir_get(weir_module_state_find(b, "1.running_var"), SHAPE(0)) != 1);
    assert_int_equal(weir_module_load_from_memory(bare, data, bytes, true, &info), WEIR_ERROR_FORMAT);
    assert_int_equal(info.unexpected, 3);
    assert_fails(c, WEIR_ERROR_FORMAT, "unexpected 1.running_mean, 1.running_var, 1.num_batches_tracked");
    assert_int_equal(weir_module_load_from_memory(wide, data, bytes, true, &info), WEIR_ERROR_FORMAT);
    assert_int_equal(info.misfit, 4);
    assert_fails(c, WEIR_ERROR_FORMAT, "shape of 1.weight f32 [3] not [4], 1.bias f32 [3] not [4], 1.running_mean f32 [3] not [4]");
    weir_buffer_free(c, data);
    assert_int_equal(weir_module_save_to_memory(bare, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, &info), WEIR_ERROR_FORMAT);
    assert_int_equal(info.missing, 3);
    assert_fails(c, WEIR_ERROR_FORMAT, "missing 1.running_mean, 1.running_var, 1.num_batches_tracked");
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, false, &info), WEIR_OK); /* a part: what is missing stays */
    assert_near(weir_item(weir_module_state_find(b, "1.num_batches_tracked")), 3, 0);
    weir_buffer_free(c, data);
    weir_module_free(a), weir_module_free(b), weir_module_free(bare), weir_module_free(wide);
}

/* -- freezing ------------------------------------------------------------------------------------------------------------------------------------- */
static void what_is_frozen_has_no_gradient_and_does_not_move(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "sequential", "");
    weir_module_add(m, "0", weir_module_new(c, "linear", "in=3 out=3"));
    weir_module_add(m, "1", weir_module_new(c, "layer_norm", "shape=3"));
    weir_module_add(m, "2", weir_module_new(c, "linear", "in=3 out=2"));
    weir_module_freeze(weir_module_child_at(m, 0), true);
    weir_module_freeze(weir_module_child_at(m, 1), true);
    weir_optim *o = weir_optim_new(m, "adamw", "lr=0.1 weight_decay=0.5"); /* decay alone would move a weight */
    weir_tensor *first = weir_module_state_find(m, "0.weight"), *last = weir_module_state_find(m, "2.weight");
    float before[9], after[6];
    memcpy(before, weir_data(first), sizeof before);
    memcpy(after, weir_data(last), sizeof after);
    for (int step = 0; step < 3; step++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *y = weir_module_forward(m, weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)));
        if (step == 0) { /* nothing is recorded below the last layer */
            weir_tensor *h = weir_module_forward(weir_module_child_at(m, 1), weir_module_forward(weir_module_child_at(m, 0), weir_ones(c, WEIR_F32, 2, SHAPE(2, 3))));
            assert_false(weir_requires_grad(h));
        }
        weir_backward(weir_sum(y));
        assert_int_equal(weir_optim_step(o), WEIR_OK);
        for (int i = 0; i < 4; i++) assert_true(weir_is_nil(weir_grad_of(weir_module_state_at(m, i, NULL, NULL))));
        weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    assert_memory_equal(before, weir_data(first), sizeof before);
    all_are(m, "1.weight", 1);
    assert_true(memcmp(after, weir_data(last), sizeof after) != 0);
    weir_module_freeze(m, false);
    weir_backward(weir_sum(weir_module_forward(m, weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)))));
    assert_false(weir_is_nil(weir_grad_of(first)));
    weir_optim_free(o);
    weir_module_free(m);
}

static void misuse_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(2, 5)), *index = weir_from_i64(c, (const int64_t[]){ 9 }, 1, SHAPE(1));
    static const struct { const char *row, *options, *message; } bad[] = {
        { "layer_norm", "shape=4", "module.layer_norm): f32 [2, 5]: expected f32 [.., 4]" },
        { "layer_norm", "shape=2,5 dtype=f64", "f32 [2, 5]: expected f64 [.., 2, 5]" },
        { "rms_norm", "shape=1,2,5", "expected f32 [.., 1, 2, 5]" },
        { "group_norm", "groups=2 channels=4", "expected f32 [batch, 4, ..]" },
        { "batch_norm", "channels=5 dtype=f64", "expected f64 [batch, 5, ..]" },
        { "embedding", "rows=3 width=2", "expected i64 [..]" },
        { "multihead_attention", "width=4 heads=2", "expected f32 [.., places, 4]" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_module *m = weir_module_new(c, bad[i].row, bad[i].options);
        assert_true(weir_is_nil(weir_module_forward(m, x)));
        assert_fails(c, WEIR_ERROR_SHAPE, bad[i].message);
        weir_module_free(m);
    }
    weir_module *table = weir_module_new(c, "embedding", "rows=3 width=2");
    weir_module_forward(table, index);
    assert_fails(c, WEIR_ERROR_RANGE, "index 9 at 0");
    weir_module_free(table);
    weir_module_new(c, "group_norm", "groups=3 channels=4");
    assert_fails(c, WEIR_ERROR_RANGE, "4 channels in 3 groups");
    weir_module_new(c, "embedding", "rows=3 padding=3");
    assert_fails(c, WEIR_ERROR_RANGE, "padding 3 of 3 rows");
    weir_module_new(c, "layer_norm", "shape=1,1,1,1,1,1,1,1,1");
    assert_fails(c, WEIR_ERROR_RANGE, "shape of 9 axes");
    weir_module_new(c, "multihead_attention", "width=4 heads=3");
    assert_fails(c, WEIR_ERROR_RANGE, "width 4 of 3 heads");
    weir_module_new(c, "dropout", "p=1.5");
    assert_fails(c, WEIR_ERROR_RANGE, "p=1.5");
}

static void everything(weir_ctx *c)
{
    for (int64_t i = 0; i < weir_row_count(c, "module") && weir_ok(c); i++) {
        const weir_row *row = weir_row_at(c, "module", i);
        if (is_container(row)) continue;
        weir_scope s = weir_scope_begin(c);
        weir_module *m = row_module(c, row, WEIR_F32);
        weir_tensor *x = row_input(c, (const weir_module_row *)row, WEIR_F32), *y = weir_ok(c) ? weir_module_forward(m, x) : NULL;
        if (y && weir_requires_grad(y)) weir_backward(weir_sum(weir_square(y)));
        weir_scope_end(s);
        weir_module_free(m);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(each_module_equals_its_function), CASE(they_start_as_in_pytorch), CASE(batch_norm_names_are_pytorchs), CASE(cumulative_statistics_are_averages),
          CASE(buffers_are_saved_and_loaded), CASE(what_is_frozen_has_no_gradient_and_does_not_move), CASE(misuse_is_refused),
          cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
