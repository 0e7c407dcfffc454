/* Conditions through a model: the rules of what is wanted, samples with their own log q, gradients of log p. */
#include "models/models.h"
#include "test.h"

enum { DIM = 3 };

static weir_model *conditional(weir_ctx *c, const char *more)
{
    char options[256];
    snprintf(options, sizeof options, "dim=3 couplings=2 hidden=8 init=pytorch dtype=f64 %s", more);
    weir_model *m = weir_model_new(c, "nice", options);
    weir_module_seal(weir_model_module(m));
    for (int64_t i = 0; i < weir_module_state_count(weir_model_module(m)); i++) { /* away from its start */
        bool is_buffer;
        weir_tensor *p = weir_module_state_at(weir_model_module(m), i, NULL, &is_buffer);
        weir_scope s = weir_scope_begin_no_grad(c);
        if (!is_buffer) weir_add_(p, weir_scale(weir_randn(c, WEIR_F64, weir_ndim(p), weir_shape(p)), 0.3));
        weir_scope_end(s);
    }
    weir_module_train(weir_model_module(m), false);
    return m;
}

static weir_condition *of_class(weir_ctx *c, int64_t n, const int64_t *classes)
{
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, &n));
}

static weir_condition *of_both(weir_ctx *c, int64_t n, const int64_t *classes, const double *context)
{
    return weir_condition_with(of_class(c, n, classes), "context", weir_from_f64(c, context, 2, SHAPE(n, 2)));
}

/* -- the rules ------------------------------------------------------------------------------------------------------ */
static void test_rules(void **state)
{
    weir_ctx *c = *state;
    weir_model *plain = conditional(c, ""), *m = conditional(c, "classes=3 context=2 base=diagonal");
    double x[2 * DIM] = { 0.1, 0.2, 0.3, -1, 0.5, 2 }, lp[2], context[] = { 1, 2, 3, 4 };
    assert_null(weir_model_wants(plain, 0));
    assert_string_equal(weir_model_wants(m, 0), "class");
    assert_string_equal(weir_model_wants(m, 1), "context");
    assert_null(weir_model_wants(m, 2));
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = of_class(c, 2, SHAPE(0, 1));
    weir_model_log_prob_into_f64(plain, x, 2, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition class: expected none");
    weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no condition context");
    weir_model_log_prob_into_f64(m, x, 2, NULL, lp, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no condition class");
    o.condition = weir_condition_with(of_both(c, 2, SHAPE(0, 1), context), "mask", weir_zeros(c, WEIR_F64, 1, SHAPE(2)));
    weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition mask: expected class, context");
    weir_tensor *t = weir_from_f64(c, x, 2, SHAPE(2, DIM));
    weir_batch *b = weir_batch_wrap(c, t, NULL, NULL, NULL);
    assert_true(weir_is_nil(weir_model_loss(m, b)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_loss: no condition class");
    assert_true(isnan(weir_train_step(m, weir_optim_new(NULL, "sgd", ""), b)));
    weir_clear(c);
    weir_sample_opts so = weir_sample_defaults();
    weir_model_sample_into_f64(m, 2, &so, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_sample_into: no condition class");
    so.condition = of_both(c, 2, SHAPE(0, 1), context);
    weir_model_sample_into_f64(m, 3, &so, x);
    assert_fails(c, WEIR_ERROR_SHAPE, "condition of 2 samples");
    weir_model_free(plain);
    weir_model_free(m);
}

/* Every model has the options; a number is settled before it is made. */
static void test_options(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=3 classes=auto");
    assert_true(m->object.nil);
    assert_fails(c, WEIR_ERROR_RANGE, "model.nice: classes=auto: expected a number");
    weir_model_new(c, "rectified-flow", "dim=3 context=auto");
    assert_fails(c, WEIR_ERROR_RANGE, "model.rectified-flow: context=auto: expected a number");
    m = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8 classes=3 context=2");
    assert_string_equal(weir_model_wants(m, 0), "class");
    assert_string_equal(weir_model_wants(m, 1), "context");
    weir_tensor *w = weir_module_state_find(weir_model_module(m), "net.0.weight");
    assert_int_equal(weir_shape(w)[1], 3 + 1 + 3 + 2); /* x, t, a one-hot class, a context */
    weir_model_free(m);
}

/* -- what it means -------------------------------------------------------------------------------------------------- */
static void test_log_prob(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, "classes=3 context=2 base=diagonal");
    const double x[2 * DIM] = { 0.1, 0.2, 0.3, 0.1, 0.2, 0.3 }, context[] = { 1, -1, 1, -1 };
    double lp[2], alone, same[2], one[2];
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = of_both(c, 2, SHAPE(0, 2), context);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL), WEIR_OK);
    assert_true(lp[0] != lp[1]); /* by the class alone */
    o.batch = 1;
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, same, NULL), WEIR_OK);
    assert_memory_equal(same, lp, sizeof lp);
    weir_batch *b = weir_batch_wrap(c, weir_from_f64(c, x, 2, SHAPE(2, DIM)), NULL, NULL, o.condition);
    weir_tensor *t = weir_model_log_prob(m, b, NULL, NULL);
    assert_true(weir_get(t, SHAPE(1)) == lp[1]);
    o.condition = of_both(c, 1, SHAPE(2), context);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 1, &o, &alone, NULL), WEIR_OK);
    assert_true(alone == lp[1]);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, one, NULL), WEIR_OK); /* one of all */
    assert_true(one[0] == lp[1] && one[1] == lp[1]);
    weir_model_free(m);
}

static void test_samples_in_blocks(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, "classes=3 context=2");
    const double context[] = { 1, -1, 0, 2, 3, 3 };
    double all[6 * DIM], chunked[6 * DIM], part[2 * DIM];
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.condition = of_both(c, 3, SHAPE(0, 2, 1), context);
    assert_int_equal(weir_model_sample_into_f64(m, 6, &o, all), WEIR_OK);
    o.batch = 4;
    assert_int_equal(weir_model_sample_into_f64(m, 6, &o, chunked), WEIR_OK);
    assert_memory_equal(chunked, all, sizeof all);
    o.first = 2; /* two of each: samples 2 and 3 are of the second */
    o.condition = of_both(c, 1, SHAPE(2), context + 2);
    assert_int_equal(weir_model_sample_into_f64(m, 2, &o, part), WEIR_OK);
    assert_memory_equal(part, all + 2 * DIM, sizeof part);
    weir_model_free(m);
}

/* -- log q ---------------------------------------------------------------------------------------------------------- */
static void log_q_is_log_p(weir_ctx *c, const char *options, const weir_condition *k)
{
    enum { N = 5 };
    weir_model *m = conditional(c, options);
    double mean[DIM] = { 3, -1, 10 }, std[DIM] = { 2, 0.5, 0.1 }, x[N * DIM], again[N * DIM], q[N], p[N];
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
    weir_sample_opts o = weir_sample_defaults();
    o.condition = k;
    o.first = 0;
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, N, &o, x, q), WEIR_OK);
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, again), WEIR_OK);
    assert_memory_equal(again, x, sizeof x); /* the same samples */
    weir_log_prob_opts s = weir_log_prob_defaults();
    s.condition = k;
    assert_int_equal(weir_model_log_prob_into_f64(m, x, N, &s, p, NULL), WEIR_OK);
    for (int i = 0; i < N; i++) assert_near(q[i], p[i], 1e-9);
    weir_model_free(m);
}

static void test_log_q(void **state)
{
    weir_ctx *c = *state;
    const double context[] = { 1, -1 };
    log_q_is_log_p(c, "base=normal", NULL);
    log_q_is_log_p(c, "base=logistic", NULL);
    log_q_is_log_p(c, "base=diagonal classes=3 context=2", of_both(c, 1, SHAPE(2), context));
}

/* At T the density of z = f(x) is N(0, T^2). */
static void test_log_q_of_a_temperature(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, "base=normal");
    const double t = 0.7;
    double x[DIM], q, nearly;
    weir_sample_opts o = weir_sample_defaults();
    o.temperature = t;
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, 1, &o, x, &q), WEIR_OK);
    weir_tensor *log_det, *z = weir_bijection_forward(weir_model_bijection(m), weir_from_f64(c, x, 2, SHAPE(1, DIM)), NULL, &log_det);
    double expected = weir_item(log_det);
    for (int64_t j = 0; j < DIM; j++)
        expected -= 0.5 * pow(weir_get(z, SHAPE(0, j)) / t, 2) + log(t) + 0.5 * log(2 * 3.14159265358979323846);
    assert_near(q, expected, 1e-9);
    assert_false(weir_ok(c) && strcmp(weir_module_row_of(weir_model_base(m))->row.name, "base.normal") != 0);
    o.temperature = 0;
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, 1, &o, x, &nearly), WEIR_ERROR_RANGE);
    weir_clear(c);
    double noise[DIM] = { 0.3, -1, 0.2 }, p;
    o = weir_sample_defaults();
    o.noise_f64 = noise;
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, 1, &o, x, &q), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 1, NULL, &p, NULL), WEIR_OK);
    assert_near(q, p, 1e-9);
    o.temperature = 0.5;
    weir_model_sample_log_prob_into_f64(m, 1, &o, x, &q);
    assert_fails(c, WEIR_ERROR_RANGE, "temperature 0.5");
    weir_model_free(m);
}

static void test_what_continuous_models_have_not(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8");
    float x[DIM] = { 0 }, g[DIM];
    double q;
    weir_model_sample_log_prob_into(m, 1, NULL, x, &q);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "log-det");
    assert_int_equal(weir_model_log_prob_grad_into(m, x, 1, NULL, &q, g, NULL), WEIR_OK); /* models/test_recorded.c */
    assert_true(isfinite(q) && isfinite(g[0]));
    weir_module *nil = weir_model_bijection(m);
    assert_true(weir_module_child_count(nil) == 0 && weir_ok(c));
    weir_model_free(m);
}

/* A flow that options list: the condition reaches the nets of the couplings through compose, and the base. */
static void test_flow_of_parts(void **state)
{
    enum { N = 4 };
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "flow", "dim=3 classes=3 context=2 dtype=f64 base=diagonal flow.parts=affine_coupling,scale "
                                              "flow.repeat=2 flow.parts.0.net.zero=no flow.parts.0.net.hidden=8");
    assert_ok(c);
    const double context[] = { 1, -1, 1, -1, 0, 2, 0, 2 }, same[N * DIM] = { 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3 };
    double x[N * DIM], q[N], p[N];
    weir_sample_opts o = weir_sample_defaults();
    weir_log_prob_opts s = weir_log_prob_defaults();
    o.condition = s.condition = of_both(c, N, SHAPE(0, 2, 0, 2), context);
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, N, &o, x, q), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, N, &s, p, NULL), WEIR_OK);
    for (int i = 0; i < N; i++) assert_near(q[i], p[i], 1e-9);
    assert_int_equal(weir_model_log_prob_into_f64(m, same, N, &s, p, NULL), WEIR_OK);
    assert_true(p[0] != p[1] && p[0] != p[2] && p[1] != p[3]); /* by class, by context */
    assert_int_equal(weir_model_log_prob_into_f64(m, same, N, NULL, p, NULL), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_model_free(m);
}

/* -- a context through a network --------------------------------------------------------------------------------- */
#define EMBEDDED "context=2 embed=mlp embed.hidden=6 embed.out=4 embed.activation=tanh "

/* Every parameter of `to`, but the network's own, is that of the same name in `from`. */
static void copy_but_embed(weir_model *to, weir_model *from)
{
    weir_module *a = weir_model_module(to), *b = weir_model_module(from);
    const char *name;
    for (int64_t i = 0; i < weir_module_state_count(a); i++) {
        weir_tensor *t = weir_module_state_at(a, i, &name, NULL), *same = weir_module_state_find(b, name);
        if (strncmp(name, "embed.", 6) == 0) continue;
        assert_int_equal(weir_numel(t), weir_numel(same));
        memcpy(weir_data_mut(t), weir_data(same), (size_t)weir_numel(t) * sizeof(double));
    }
}

/* log p(x | k) is that of a model whose context is what the network makes of k; samples likewise. */
static void test_embed(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, EMBEDDED), *plain = conditional(c, "context=4");
    const double context[] = { 1, -1, 0.5, 2 };
    double x[2 * DIM] = { 0.1, 0.2, 0.3, -1, 0.5, 2 }, lp[2], expected[2], drawn[2 * DIM], same[2 * DIM];
    assert_int_equal(weir_model_context_dim(m), 2);
    copy_but_embed(plain, m);
    weir_tensor *raw = weir_from_f64(c, context, 2, SHAPE(2, 2));
    weir_condition *k = weir_condition_with(weir_condition_new(c), "context", raw);
    weir_condition *made = weir_condition_with(k, "context", weir_network_at(m->embed, raw, NULL, NULL));
    weir_log_prob_opts o = weir_log_prob_defaults(), p = o;
    o.condition = k, p.condition = made;
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(plain, x, 2, &p, expected, NULL), WEIR_OK);
    assert_memory_equal(lp, expected, sizeof lp);
    weir_sample_opts so = weir_sample_defaults(), sp = so;
    so.condition = k, sp.condition = made;
    assert_int_equal(weir_model_sample_into_f64(m, 2, &so, drawn), WEIR_OK);
    assert_int_equal(weir_model_sample_into_f64(plain, 2, &sp, same), WEIR_OK);
    assert_memory_equal(drawn, same, sizeof drawn);
    o.condition = made;
    weir_model_log_prob_into_f64(m, x, 2, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "4 values a sample: expected f32 or f64, 2 values");
    weir_model_free(m), weir_model_free(plain);
}

static double embedded_loss(weir_model *m, weir_batch *b)
{
    weir_scope s = weir_scope_begin_no_grad(weir_model_ctx(m));
    weir_model_set_random_step(m, 0);
    double l = weir_item(weir_sum(weir_model_loss(m, b)));
    weir_scope_end(s);
    return l;
}

/* Gradients of the loss reach the network, and the null vector through it. */
static void test_embed_learns(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, EMBEDDED "condition.dropout=0.5");
    const double x[2 * DIM] = { 0.1, 0.2, 0.3, -1, 0.5, 2 }, context[] = { 1, -1, 0.5, 2 }, h = 1e-6;
    weir_condition *k = weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, context, 2, SHAPE(2, 2)));
    k = weir_condition_with(k, "null", weir_from_i64(c, SHAPE(0, 1), 1, SHAPE(2)));
    weir_batch *b = weir_batch_wrap(c, weir_from_f64(c, x, 2, SHAPE(2, DIM)), NULL, NULL, k);
    static const char *const names[] = { "embed.0.weight", "embed.0.bias", "condition.null" };
    for (int i = 0; i < 3; i++) {
        weir_tensor *p = weir_module_state_find(weir_model_module(m), names[i]), *g;
        weir_model_set_random_step(m, 0);
        weir_tensor *l = weir_sum(weir_model_loss(m, b));
        weir_grad(1, &l, 1, &p, NULL, false, false, &g);
        assert_ok(c);
        double *v = weir_data_mut(p), kept = *v, up, down;
        *v = kept + h, up = embedded_loss(m, b);
        *v = kept - h, down = embedded_loss(m, b);
        *v = kept;
        assert_near(*(const double *)weir_data(g), (up - down) / (2 * h), 1e-6);
        assert_true(fabs(up - down) > 1e-9);
    }
    weir_model_free(m);
}

static void test_embed_is_kept(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, EMBEDDED "classes=2"), *lent = weir_model_share(c, m);
    void *bytes;
    size_t n;
    assert_int_equal(weir_model_save_to_memory(m, &bytes, &n), WEIR_OK);
    weir_model *back = weir_model_load_from_memory(c, bytes, n);
    assert_ok(c);
    weir_buffer_free(c, bytes);
    const double context[] = { 1, -1, 0.5, 2 }, x[2 * DIM] = { 0.1, 0.2, 0.3, -1, 0.5, 2 };
    double lp[3][2];
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = of_both(c, 2, SHAPE(0, 1), context);
    weir_model *const all[] = { m, lent, back };
    for (int i = 0; i < 3; i++) assert_int_equal(weir_model_log_prob_into_f64(all[i], x, 2, &o, lp[i], NULL), WEIR_OK);
    assert_memory_equal(lp[0], lp[1], sizeof lp[0]);
    assert_memory_equal(lp[0], lp[2], sizeof lp[0]);
    weir_model_free(lent), weir_model_free(back), weir_model_free(m);
}

static void test_embed_refusals(void **state)
{
    weir_ctx *c = *state;
    static const struct {
        const char *model, *options, *says;
    } bad[] = {
        { "nice", "dim=3 embed=mlp", "embed=network.mlp: expected a model with a context" },
        { "nice", "dim=3 context=2 embed=mlp embed.in=3", "embed.in=3: expected 2" },
        { "nice", "dim=3 context=2 embed=mlp embed.context=1", "embed.context=1: expected 0" },
        { "nice", "dim=3 context=2 embed=no", "unknown network: no" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        weir_model *m = weir_model_new(c, bad[i].model, bad[i].options);
        if (!weir_model_is_nil(m)) fail_msg("%s: made", bad[i].options);
        if (!strstr(weir_message(c), bad[i].says)) fail_msg("%s: %s", bad[i].options, weir_message(c));
        weir_clear(c);
    }
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=3 context=5 embed=mlp net.hidden=8");
    assert_ok(c);
    assert_int_equal(m->seen_context, 16); /* unless said */
    weir_model_free(m);
}

/* -- gradients ------------------------------------------------------------------------------------------------------ */
static void test_gradient(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = conditional(c, "classes=3 context=2 base=diagonal");
    const double context[] = { 1, -1, 0.5, 2 }, h = 1e-5;
    double x[2 * DIM] = { 0.1, 0.2, 0.3, -1, 0.5, 2 }, g[2 * DIM], lp[2], plain[2];
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = of_both(c, 2, SHAPE(0, 2), context);
    assert_int_equal(weir_model_log_prob_grad_into_f64(m, x, 2, &o, lp, g, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, &o, plain, NULL), WEIR_OK);
    assert_memory_equal(lp, plain, sizeof lp);
    for (int i = 0; i < 2 * DIM; i++) {
        double up[2], down[2], kept = x[i];
        x[i] = kept + h;
        weir_model_log_prob_into_f64(m, x, 2, &o, up, NULL);
        x[i] = kept - h;
        weir_model_log_prob_into_f64(m, x, 2, &o, down, NULL);
        x[i] = kept;
        assert_near(g[i], (up[i / DIM] - down[i / DIM]) / (2 * h), 1e-6);
    }
    weir_model_free(m);
}

/* A bad sample is NaN, the other is as if alone; after a first call nothing is asked of the system. */
static void test_gradient_calls(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=3 couplings=2 hidden=8 init=pytorch");
    float x[2 * DIM] = { NAN, 0.2f, 0.3f, -1, 0.5f, 2 }, g[2 * DIM], one[DIM];
    double lp[2], alone;
    weir_log_prob_info info = { .size = sizeof info };
    assert_int_equal(weir_model_log_prob_grad_into(m, x, 2, NULL, lp, g, &info), WEIR_OK);
    assert_int_equal(info.n_failed, 1);
    assert_true(isnan(lp[0]) && isnan(g[0]) && isnan(g[2]));
    assert_int_equal(weir_model_log_prob_grad_into(m, x + DIM, 1, NULL, &alone, one, NULL), WEIR_OK);
    assert_true(alone == lp[1]);
    assert_memory_equal(one, g + DIM, sizeof one);
    int64_t calls = weir_memory(c).system_calls;
    for (int i = 0; i < 5; i++) weir_model_log_prob_grad_into(m, x, 2, NULL, lp, g, NULL);
#ifndef WEIR_NO_POOL
    assert_int_equal(weir_memory(c).system_calls, calls);
#endif
    assert_true(calls > 0);
    weir_model_log_prob_grad_into(m, x, 1, NULL, lp, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_log_prob_grad_into");
    weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=3 couplings=2 hidden=4 classes=2 context=1 base=diagonal embed=mlp embed.hidden=2");
    float x[2 * DIM] = { 0 }, g[2 * DIM];
    double lp[2];
    weir_scope s = weir_scope_begin(c);
    weir_condition *k = of_class(c, 2, SHAPE(0, 1));
    k = weir_condition_with(k, "context", weir_zeros(c, WEIR_F32, 2, SHAPE(2, 1)));
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_sample_opts so = weir_sample_defaults();
    o.condition = so.condition = k;
    if (weir_ok(c) && weir_model_sample_log_prob_into(m, 2, &so, x, lp) == WEIR_OK)
        if (weir_model_log_prob_grad_into(m, x, 2, &o, lp, g, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_scope_end(s);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_rules), CASE(test_options), CASE(test_log_prob), CASE(test_samples_in_blocks), CASE(test_log_q), CASE(test_log_q_of_a_temperature),
          CASE(test_what_continuous_models_have_not), CASE(test_flow_of_parts), CASE(test_embed), CASE(test_embed_learns), CASE(test_embed_is_kept), CASE(test_embed_refusals), CASE(test_gradient), CASE(test_gradient_calls), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
