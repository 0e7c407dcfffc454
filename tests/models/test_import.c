/* The same weights in other people's code: log-densities, their gradients, latents and samples of
 * nflows, normflows and zuko (tests/flow/fixtures/make_peers.py), f64 to 1e-9. */
#include "io/io.h"
#include "test.h"
#include "weir/grad.h"
#include "weir/import.h"

#define FIXTURES WEIR_TESTS_DIR "/flow/fixtures/"

typedef struct reference {
    weir_ctx *c;
    weir__weights w;
    int64_t n, dim;
} reference;

static const double *ref(const reference *r, const char *name)
{
    const weir__weight *t = weir__weights_find(&r->w, name);
    return t ? (const double *)t->data : NULL;
}

static void near_all(const char *what, const double *got, const double *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-9 * (1 + fabs(want[i]))))
            fail_msg("%s %lld: %.17g: expected %.17g", what, (long long)i, got[i], want[i]);
}

static const weir_condition *context_of(const reference *r)
{
    const weir__weight *t = weir__weights_find(&r->w, "context");
    if (!t) return NULL;
    return weir_condition_with(weir_condition_new(r->c), "context",
                               weir_from_f64(r->c, t->data, 2, t->shape));
}

static void log_p_and_gradient(weir_model *m, const reference *r)
{
    double log_p[64], *grad = malloc((size_t)(r->n * r->dim) * sizeof *grad);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.condition = context_of(r);
    weir_model_log_prob_grad_into_f64(m, ref(r, "x"), r->n, &o, log_p, grad, NULL);
    assert_ok(r->c);
    near_all("log p", log_p, ref(r, "log_prob"), r->n);
    near_all("gradient", grad, ref(r, "grad"), r->n * r->dim);
    free(grad);
}

static void latents_and_samples(weir_model *m, const reference *r)
{
    const int64_t *shape, n = r->n * r->dim;
    int64_t with_batch[8] = { r->n };
    double *v = malloc((size_t)n * sizeof *v);
    int ndim = weir_model_shape(m, &shape);
    memcpy(with_batch + 1, shape, (size_t)ndim * sizeof *shape);
    weir_tensor *x = weir_from_f64(r->c, ref(r, "x"), ndim + 1, with_batch);
    weir_tensor *z = weir_bijection_forward(weir_model_bijection(m), x, context_of(r), NULL);
    weir_copy_to_f64(z, v, n);
    assert_ok(r->c);
    near_all("latent", v, ref(r, "z"), n);
    weir_sample_opts o = weir_sample_defaults();
    o.noise_f64 = ref(r, "noise");
    o.condition = context_of(r);
    weir_model_sample_into_f64(m, r->n, &o, v);
    assert_ok(r->c);
    near_all("sample", v, ref(r, "sample"), n);
    free(v);
}

static weir_model *imported(weir_ctx *c, const char *code, const char *name)
{
    char file[512], config[512];
    snprintf(file, sizeof file, FIXTURES "%s.safetensors", name);
    snprintf(config, sizeof config, FIXTURES "%s.json", name);
    return weir_model_import(c, code, file, config);
}

static void same_as(weir_ctx *c, const char *code, const char *name)
{
    char file[512];
    reference r = { .c = c };
    weir_model *m = imported(c, code, name);
    assert_ok(c);
    snprintf(file, sizeof file, FIXTURES "%s_ref.safetensors", name);
    assert_int_equal(weir__safetensors_load(c, file, &r.w), WEIR_OK);
    const weir__weight *x = weir__weights_find(&r.w, "x");
    r.n = x->shape[0];
    r.dim = weir_model_dim(m);
    log_p_and_gradient(m, &r);
    latents_and_samples(m, &r);
    weir__weights_free(c, &r.w);
    weir_model_free(m);
}

static void glow_of_normflows(void **state) { same_as(*state, "normflows", "normflows_glow"); }
static void couplings_of_nflows(void **state) { same_as(*state, "nflows", "nflows_nsf"); }
static void splines_of_nflows(void **state) { same_as(*state, "nflows", "nflows_nsf_ar"); }
static void couplings_with_context(void **state) { same_as(*state, "nflows", "nflows_nsf_context"); }
static void splines_with_context(void **state) { same_as(*state, "nflows", "nflows_nsf_ar_context"); }
static void maf_of_nflows(void **state) { same_as(*state, "nflows", "nflows_maf"); }
static void maf_of_zuko(void **state) { same_as(*state, "zuko", "zuko_maf"); }

static void splines_of_zuko(void **state) { same_as(*state, "zuko", "zuko_nsf"); }

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void what_does_not_fit(void **state)
{
    weir_ctx *c = *state;
    const char *glow = FIXTURES "normflows_glow.safetensors";
    static const char head[] = "{\"flow\": \"Glow\", \"shape\": [3, 8, 8], \"levels\": 2, "
                               "\"hidden_channels\": 8, \"split_mode\": \"channel\", "
                               "\"scale_map\": \"sigmoid\", ";
    static const struct {
        const char *rest, *says;
        weir_status status;
    } all[] = {
        { "\"blocks\": 1}", "expected no such tensor", WEIR_ERROR_FORMAT },
        { "\"blocks\": 3}", "found no such tensor", WEIR_ERROR_FORMAT },
        { "\"blocks\": true}", "blocks: expected an integer", WEIR_ERROR_FORMAT },
        { "\"blocks\": 2, \"net_actnorm\": true}", "net_actnorm: expected false",
          WEIR_ERROR_FORMAT },
        { "\"blocks\": 2, \"use_lu\": false}", "use_lu: expected true", WEIR_ERROR_FORMAT },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", head, all[i].rest);
        put("import_test.json", text);
        assert_true(weir_model_is_nil(weir_model_import(c, "normflows", glow, "import_test.json")));
        assert_fails(c, all[i].status, all[i].says);
    }
    put("import_test.json", "{\"dim\": 5, \"transforms\": [{\"type\": \"Sylvester\"}]}");
    assert_true(weir_model_is_nil(weir_model_import(c, "nflows", glow, "import_test.json")));
    assert_fails(c, WEIR_ERROR_FORMAT, "Sylvester: expected a transform that has a counterpart");
    assert_true(weir_model_is_nil(weir_model_import(c, "nflow", glow, "import_test.json")));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps nflows");
    put("import_test.json", "{\"flow\": \"GF\", \"features\": 4}");
    assert_true(weir_model_is_nil(weir_model_import(c, "zuko", glow, "import_test.json")));
    assert_fails(c, WEIR_ERROR_FORMAT, "GF: expected MAF or NSF");
    put("import_test.json", "{\"flow\": \"NSF\", \"features\": 4, \"context\": 2, \"transforms\": 2, "
                            "\"bins\": 5, \"slope\": 1e-5, \"hidden_features\": [16, 16]}");
    glow = FIXTURES "zuko_nsf.safetensors";
    assert_true(weir_model_is_nil(weir_model_import(c, "zuko", glow, "import_test.json")));
    assert_fails(c, WEIR_ERROR_RANGE, "expected min_slope above bins times 1e-05");
    remove("import_test.json");
}

static void import_glow(weir_ctx *c)
{
    weir_model_free(imported(c, "normflows", "normflows_glow"));
}

static void without_memory(void **state)
{
    test_every_allocation(import_glow);
}

int main(void)
{
    CASES(CASE(glow_of_normflows), CASE(couplings_of_nflows), CASE(splines_of_nflows),
          CASE(couplings_with_context), CASE(splines_with_context), CASE(maf_of_nflows), CASE(maf_of_zuko), CASE(splines_of_zuko), CASE(what_does_not_fit),
          CASE(without_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
