/* RealNVP and Glow: exact inverses and densities of images and vectors, with and without classes; the sizes of the papers' networks;
 * how data come in; what is refused. */
#include "flow/determinant.h"
#include "models/models.h"
#include "test.h"

typedef struct model_case { const char *name, *options; } model_case;
static const model_case model_cases[] = {
    { "glow", "shape=1,4,4 depth=2 net.width=6" },
    { "glow", "shape=1,4,4 scales=1 depth=1 coupling=additive_coupling net.width=4 permutation=permutation "
              "permutation.kind=reverse base=normal" },
    { "glow", "shape=3,2,4 depth=2 permutation.lu=no net=\"conv_resnet width=4 blocks=1\" coupling.scale=soft" },
    { "realnvp", "shape=1,4,4 couplings=2 image_net=\"conv_resnet width=4 blocks=1\"" },
    { "realnvp", "shape=2,4,2 scales=2 couplings=1 norm=batch_norm prior=yes image_net=conv image_net.width=4" },
    { "realnvp", "shape=3,3,3 couplings=1 image_net=conv" },
    { "realnvp", "dim=5 couplings=4 coupling.net.hidden=8" },
    { "realnvp", "dim=6 couplings=3 coupling.net.hidden=8 coupling.partition=half norm=none base=diagonal" },
};
enum { N_CASES = sizeof model_cases / sizeof *model_cases };

/* Away from its start, in evaluation. */
static weir_model *moved(weir_ctx *c, const model_case *of, const char *more)
{
    char options[384];
    snprintf(options, sizeof options, "%s dtype=f64 %s", of->options, more);
    weir_model *m = weir_model_new(c, of->name, options);
    assert_ok(c);
    weir_module *tree = weir_model_module(m);
    weir_module_train(tree, false);
    for (int64_t i = 0; i < weir_module_state_count(tree); i++) {
        bool is_buffer;
        weir_tensor *p = weir_module_state_at(tree, i, NULL, &is_buffer);
        weir_scope s = weir_scope_begin_no_grad(c);
        if (!is_buffer) weir_add_(p, weir_scale(weir_randn(c, WEIR_F64, weir_ndim(p), weir_shape(p)), 0.1));
        weir_scope_end(s);
    }
    return m;
}

/* -- samples and their density ---------------------------------------------------------------------------------------- */
/* log q of samples, from the way to them, is log p, from the way back; of a class each where there are classes. */
static void log_q_is_log_p(weir_ctx *c, weir_model *m, const weir_condition *k)
{
    enum { N = 6 };
    double *x = malloc((size_t)(N * weir_model_dim(m)) * sizeof *x), q[N], p[N];
    weir_sample_opts o = weir_sample_defaults();
    weir_log_prob_opts s = weir_log_prob_defaults();
    o.condition = k;
    s.condition = k;
    o.batch = 4;
    assert_int_equal(weir_model_sample_log_prob_into_f64(m, N, &o, x, q), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, N, &s, p, NULL), WEIR_OK);
    for (int i = 0; i < N; i++) assert_near(q[i], p[i], 1e-9);
    free(x);
}

static void test_log_q_is_log_p(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < N_CASES; i++) {
        weir_model *m = moved(c, &model_cases[i], "");
        log_q_is_log_p(c, m, NULL);
        weir_model_free(m);
        m = moved(c, &model_cases[i], "classes=3 context=2");
        weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, SHAPE(2, 0, 1), 1, SHAPE(3)));
        k = weir_condition_with(k, "context", weir_randn(c, WEIR_F64, 2, SHAPE(3, 2)));
        log_q_is_log_p(c, m, k);
        assert_ok(c);
        weir_model_free(m);
    }
}

/* log|det| of the whole map by its Jacobian. */
static void test_density_against_brute_force(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < N_CASES; i++) {
        weir_model *m = moved(c, &model_cases[i], "");
        const int64_t *shape;
        int64_t d = weir_model_dim(m), batch[WEIR_RANK_MAX] = { 1 };
        int ndim = weir_model_shape(m, &shape);
        memcpy(batch + 1, shape, (size_t)ndim * sizeof *shape);
        double *jacobian = malloc((size_t)(d * d) * sizeof *jacobian);
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, ndim + 1, batch), true), *ld;
        weir_tensor *z = weir_bijection_forward(weir_model_bijection(m), x, NULL, &ld);
        assert_int_equal(weir_dim(z, 1), d);
        for (int64_t j = 0; j < d; j++) {
            weir_tensor *g, *zj = weir_sum(weir_slice(z, 1, j, j + 1, 1));
            weir_grad(1, &zj, 1, &x, NULL, false, true, &g);
            weir_copy_to_f64(weir_flatten(g), jacobian + j * d, d);
        }
        assert_near(weir_get(ld, SHAPE(0)), log_abs_det(jacobian, d), 1e-8);
        assert_ok(c);
        free(jacobian);
        weir_scope_end(s);
        weir_model_free(m);
    }
}

/* -- sizes -------------------------------------------------------------------------------------------------------------- */
static bool add_numel(void *user, const char *name, const weir__entry *e)
{
    (void)name;
    if (!e->is_buffer) *(int64_t *)user += weir_numel(e->tensor);
    return true;
}

static int64_t size_of(weir_ctx *c, const char *model, const char *options)
{
    int64_t n = 0;
    weir_model *m = weir_model_new(c, model, options);
    assert_ok(c);
    weir__module_visit(weir_model_module(m), add_numel, &n); /* not sealed: the largest have 44 million */
    weir_model_free(m);
    return n;
}

/* 44,562,132 and 38,354,196 parameters has the authors' code for CIFAR-10, 9 x 49 x 96 + 2 x 96 of them in the prior of the last scale, a
 * convolution of zeros; ours is a mean and a log scale of each of the 3072 values. */
static void test_sizes_are_the_papers(void **state)
{
    static const char cifar[] = "shape=3,32,32 scales=3 depth=32 net.width=512";
    weir_ctx *c = *state;
    char options[256];
    int64_t prior = 9 * 49 * 96 + 2 * 96, ours = 2 * 3072;
    assert_int_equal(size_of(c, "glow", cifar), 44562132 - prior + ours);
    snprintf(options, sizeof options, "%s permutation.lu=no", cifar);
    assert_int_equal(size_of(c, "glow", options), 44562132 - prior + ours);
    snprintf(options, sizeof options, "coupling=additive_coupling %s", cifar);
    assert_int_equal(size_of(c, "glow", options), 38354196 - prior + ours);
}

/* NICE on TFD, SVHN and CIFAR-10 (Dinh et al. 2015, section 5.1, figure 3); torchcfm's network of its 2-D examples. */
static void test_more_sizes(void **state)
{
    weir_ctx *c = *state;
    assert_int_equal(size_of(c, "nice", "dim=784 hidden=1000,1000,1000,1000,1000"), 19158352);
    assert_int_equal(size_of(c, "nice", "dim=2304 hidden=5000,5000,5000,5000 base=normal"), 346166912);
    assert_int_equal(size_of(c, "nice", "dim=3072 hidden=2000,2000,2000,2000"), 72617216);
    assert_int_equal(size_of(c, "rectified-flow", "dim=2 net.hidden=64,64,64"), 8706);
}

/* -- how data come in ----------------------------------------------------------------------------------------------------- */
/* log p of a flow that is but its input, by hand: y in [0, 1) is less 1/2, or the logit of alpha + (1 - 2 alpha) y. */
static double log_p_of_input(weir_ctx *c, const char *input, double y)
{
    char options[256];
    snprintf(options, sizeof options, "shape=1,2,2 levels=4 couplings=1 scales=1 norm=none dtype=f64 image_net=conv input=%s", input);
    weir_model *m = weir_model_new(c, "realnvp", options);
    weir_tensor *x = weir_full(c, WEIR_F64, 4, SHAPE(1, 1, 2, 2), y);
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_log_prob_info info = { 0 };
    double lp = weir_item(m->row->log_prob(m, x, NULL, &o, &info));
    assert_ok(c);
    weir_model_free(m);
    return lp;
}

static void test_input(void **state)
{
    weir_ctx *c = *state;
    const double half_log_2pi = 0.91893853320467274178, y = 0.3, s = 0.05 + 0.9 * y, l = log(s / (1 - s));
    assert_near(log_p_of_input(c, "none", y), 4 * (-0.5 * y * y - half_log_2pi), 1e-12);
    assert_near(log_p_of_input(c, "centre", y), 4 * (-0.5 * (y - 0.5) * (y - 0.5) - half_log_2pi), 1e-12);
    double logit = 4 * (-0.5 * l * l - half_log_2pi + log(0.9) - log(s) - log(1 - s));
    assert_near(log_p_of_input(c, "logit", y), logit, 1e-12);
    assert_near(log_p_of_input(c, "auto", y), logit, 1e-12);
    assert_near(log_p_of_input(c, "logit alpha=0.2", 0), 4 * (-0.5 * log(4) * log(4) - half_log_2pi + log(0.6) - log(0.16)), 1e-12);
}

/* Integers as samples, at any temperature, within their levels. */
static void test_samples_are_integers(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < 5; i++) {
        if (strstr(model_cases[i].options, "shape=") == NULL) continue;
        weir_model *m = moved(c, &model_cases[i], "levels=16");
        int64_t n = 3 * weir_model_dim(m);
        double *x = malloc((size_t)n * sizeof *x);
        for (double temperature = 0; temperature < 1.5; temperature += 0.7) {
            weir_sample_opts o = weir_sample_defaults();
            o.temperature = temperature;
            assert_int_equal(weir_model_sample_into_f64(m, 3, &o, x), WEIR_OK);
            for (int64_t j = 0; j < n; j++) assert_true(x[j] >= 0 && x[j] <= 15 && x[j] == floor(x[j]));
        }
        free(x);
        weir_model_free(m);
    }
}

/* A share reads the weights of its lender, and has its permutations; a file gives both back. */
static void test_share_and_file(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    for (int i = 0; i < 3; i++) {
        weir_model *m = moved(c, &model_cases[i], "");
        void *data;
        size_t bytes;
        assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
        weir_model *share = weir_model_share(other, m), *loaded = weir_model_load_from_memory(c, data, bytes);
        assert_ok(c);
        assert_ok(other);
        int64_t d = weir_model_dim(m);
        double *x = malloc((size_t)(2 * d) * sizeof *x), *y = malloc((size_t)(2 * d) * sizeof *y), p[2], q[2];
        weir_sample_opts o = weir_sample_defaults();
        o.first = 0;
        assert_int_equal(weir_model_sample_into_f64(m, 2, &o, x), WEIR_OK);
        assert_int_equal(weir_model_sample_into_f64(share, 2, &o, y), WEIR_OK);
        assert_memory_equal(x, y, (size_t)(2 * d) * sizeof *x);
        assert_int_equal(weir_model_log_prob_into_f64(m, x, 2, NULL, p, NULL), WEIR_OK);
        assert_int_equal(weir_model_log_prob_into_f64(loaded, x, 2, NULL, q, NULL), WEIR_OK);
        assert_memory_equal(p, q, sizeof p);
        free(x);
        free(y);
        weir_buffer_free(c, data);
        weir_model_free(share);
        weir_model_free(loaded);
        weir_model_free(m);
    }
    weir_close(other);
}

/* -- refusals ------------------------------------------------------------------------------------------------------------- */
static void refused(weir_ctx *c, const char *model, const char *options, weir_status status, const char *why)
{
    assert_true(weir_model_is_nil(weir_model_new(c, model, options)));
    assert_fails(c, status, why);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    refused(c, "glow", "dim=16", WEIR_ERROR_SHAPE, "model.glow: shape: expected channels,height,width");
    refused(c, "glow", "shape=1,7,8", WEIR_ERROR_SHAPE, "pictures of 7 x 8 places: expected extents that can be halved 1 times");
    refused(c, "glow", "shape=1,28,28 scales=3", WEIR_ERROR_SHAPE, "28 x 28 places: expected extents that can be halved 3 times");
    refused(c, "realnvp", "shape=1,6,6 scales=3 image_net=conv", WEIR_ERROR_SHAPE, "can be halved 2 times");
    refused(c, "realnvp", "dim=1", WEIR_ERROR_RANGE, "model.realnvp: dim=1: expected 2 or more");
    refused(c, "glow", "shape=1,4,4 levels=4 standardize=yes input=centre", WEIR_ERROR_STATE, "input: expected none of standardised data");
    refused(c, "glow", "shape=1,4,4 coupling.partition=mask", WEIR_ERROR_RANGE, "coupling.partition=mask: expected half");
}

static void a_model(weir_ctx *c)
{
    static const char *const models[][2] = { { "glow", "shape=1,2,2 depth=1 net.width=2 levels=4" },
                                             { "realnvp", "shape=1,2,2 scales=2 couplings=1 levels=4 image_net=\"conv_resnet width=2 blocks=0\"" } };
    for (int i = 0; i < 2; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_model *m = weir_model_new(c, models[i][0], models[i][1]);
        weir_tensor *x = weir_ones(c, WEIR_F32, 4, SHAPE(2, 1, 2, 2));
        weir_backward(weir_mean(weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL))));
        weir_model_sample(m, 2, NULL);
        weir_scope_end(s);
        weir_model_free(m);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(a_model);
}

int main(void)
{
    CASES(CASE(test_log_q_is_log_p), CASE(test_density_against_brute_force), CASE(test_sizes_are_the_papers), CASE(test_more_sizes), CASE(test_input),
          CASE(test_samples_are_integers), CASE(test_share_and_file), CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
