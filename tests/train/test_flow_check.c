/* A flow that holds is found to hold, on tables and images, with and without conditions; a
 * bijection that is wrong is named, however deep it stands. */
#include "flow/flow.h"
#include "test.h"

/* -- bijections of this program, wrong by choice ----------------------------------------------- */
typedef struct odd_opts {
    size_t size;
    int64_t dim;
    int32_t dtype, wrong;
} odd_opts;

enum { RIGHT, LOG_DET, INVERSE, SINGULAR, NOT_FINITE, CANCEL };

static const weir_option odd_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(odd_opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(odd_opts, dtype), "f32", 0, 0, "f32|f64", "type" },
    { "wrong", WEIR_OPTION_CHOICE, offsetof(odd_opts, wrong), "right", 0, 0,
      "right|log_det|inverse|singular|not_finite|cancel", "what is wrong" },
    { 0 },
};

static void odd_create(weir_module *m, const void *options)
{
    memcpy(weir_module_state(m), options, sizeof(odd_opts));
}

/* y = 2 x, log|det| = d log 2 */
static weir_tensor *odd_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                  weir_tensor **log_det)
{
    const odd_opts *o = weir_module_state(m);
    const double d = (double)o->dim;
    weir_tensor *y = weir_scale(x, 2), *zero = weir_scale(weir_sum_samples(x), 0);
    *log_det = weir_affine(zero, 1, d * log(o->wrong == LOG_DET ? 2.1 : 2));
    if (o->wrong == SINGULAR) y = weir_scale(x, 0);
    if (o->wrong == NOT_FINITE) y = weir_log(weir_neg(weir_abs(x)));
    return y;
}

static weir_tensor *odd_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                weir_tensor **log_det)
{
    const odd_opts *o = weir_module_state(m);
    const double d = (double)o->dim;
    *log_det = weir_affine(weir_scale(weir_sum_samples(y), 0), 1, -d * log(2));
    if (o->wrong == LOG_DET) *log_det = weir_affine(*log_det, 1, -d * log(2.1) + d * log(2));
    if (o->wrong == CANCEL) *log_det = weir_neg(*log_det);
    return weir_scale(y, o->wrong == INVERSE ? 0.51 : 0.5);
}

static const weir_module_row odd_row = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.odd",
        .doc = "y = 2 x, wrong by choice",
        .options = odd_options,
        .options_size = sizeof(odd_opts),
        .given = "dim|dtype",
    },
    .state_size = sizeof(odd_opts),
    .create = odd_create,
    .transform = odd_transform,
    .inverse = odd_inverse,
};

/* -- looking ----------------------------------------------------------------------------------- */
typedef struct seen {
    int64_t n, n_wrong;
    char first[128];
    bool images, idle; /* a layer without a Jacobian, or whose values are all alike */
} seen;

static int see(void *seen_, const weir_flow_layer *layer)
{
    seen *s = seen_;
    s->n++;
    s->images = s->images || layer->ndim == 3;
    s->idle = s->idle || layer->n_jacobians == 0 || !(layer->std > 0);
    if (layer->wrong && s->n_wrong++ == 0) snprintf(s->first, sizeof s->first, "%s", layer->name);
    return 0;
}

static weir_flow_check_info looked(weir_model *m, const char *spec, seen *s)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_flow_check_info info = { .size = sizeof info };
    weir_flow_check_opts o = weir_flow_check_defaults();
    weir_dataset *d = weir_dataset_open(c, spec);
    *s = (seen){ 0 };
    o.samples = 20;
    o.on_layer = see;
    o.user = s;
    weir_status status = weir_flow_check(m, d, &o, &info);
    assert_ok(c);
    assert_int_equal(status, WEIR_OK);
    assert_int_equal(info.n_layers, s->n);
    assert_int_equal(info.n_wrong, s->n_wrong);
    assert_string_equal(info.name, s->first);
    weir_dataset_free(d);
    return info;
}

/* Parameters away from their start, so that no layer is the identity. */
static void stir(weir_model *m)
{
    weir_dtype t;
    void *values;
    int64_t n = weir_module_flat(weir_model_module(m), &t, &values);
    for (int64_t i = 0; i < n; i++)
        ((float *)values)[i] += 0.1f * (float)weir__normal(3, 0, (uint64_t)i);
}

static void flows_hold(void **state)
{
    static const struct flow {
        const char *model, *options, *spec;
        bool images;
    } all[] = {
        { "nice", "dim=2 hidden=8", "toy:moons,n=50", false },
        { "nice", "dim=64 levels=17 hidden=8", "digits", false },
        { "flow", "dim=2 flow.parts=actnorm,affine_coupling,scale,tile", "toy:gmm3,n=50", false },
        { "flow", "dim=64 levels=17 flow.repeat=1", "digits", false },
        { "flow",
          "shape=1,8,8 levels=17 flow.parts=squeeze,split flow.repeat=1 "
          "flow.parts.1.shape=4,4,4",
          "digits", true },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        seen s;
        weir_model *m = weir_model_new(*state, all[i].model, all[i].options);
        assert_ok(*state);
        stir(m);
        weir_flow_check_info info = looked(m, all[i].spec, &s);
        if (info.n_wrong)
            fail_msg("%s: %s of %s: %g", all[i].options, info.wrong, info.name, info.wrong_by);
        assert_true(!s.idle && info.n_layers > 2 && info.dtype == WEIR_F64
                    && s.images == all[i].images);
        assert_true(info.latent_std > 0 && fabs(info.base_std - 1) < 2);
        assert_true(weir_model_levels(m) > 0 ? isnan(info.rounding) : info.rounding < 1e-4);
        weir_model_free(m);
    }
}

static void conditional_flows_hold(void **state)
{
    weir_ctx *c = *state;
    enum { N = 12 };
    double x[2 * N], k[3 * N];
    int64_t labels[N];
    for (int i = 0; i < 2 * N; i++) x[i] = weir__normal(4, 0, (uint64_t)i);
    for (int i = 0; i < 3 * N; i++) k[i] = weir__normal(4, 1, (uint64_t)i);
    for (int i = 0; i < N; i++) labels[i] = i % 2;
    weir_model *m = weir_model_new(c, "flow", "dim=2 classes=2 context=3 flow.repeat=2");
    stir(m);
    weir_dataset *d = weir_dataset_from_f64(c, x, N, 2);
    weir_dataset_set_labels(d, labels);
    weir_dataset_set_context(d, k, 3);
    const double mean[] = { 0.5, 0, 1 }, std[] = { 2, 1, 3 };
    weir_model_set_context_standardize(m, mean, std);
    weir_flow_check_info info = { .size = sizeof info };
    assert_int_equal(weir_flow_check(m, d, NULL, &info), WEIR_OK);
    assert_ok(c);
    assert_true(info.n == N && info.n_layers == 5 && info.n_wrong == 0 && info.rounding < 1e-4);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void the_wrong_one_is_named(void **state)
{
    weir_ctx *c = *state;
    static const struct wrong {
        const char *option, *what;
    } all[] = {
        { "right", "" },           { "log_det", "log_det" },       { "inverse", "inverse" },
        { "singular", "inverse" }, { "not_finite", "not finite" }, { "cancel", "cancel" },
    };
    weir_row_register(c, &odd_row.row);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        seen s;
        char options[300];
        snprintf(options, sizeof options,
                 "dim=2 flow.repeat=1 flow.parts=affine_coupling,compose,scale "
                 "flow.parts.1.parts=tile,odd flow.parts.1.parts.1.wrong=%s",
                 all[i].option);
        weir_model *m = weir_model_new(c, "flow", options);
        weir_flow_check_info info = looked(m, "toy:moons,n=30", &s);
        assert_string_equal(info.wrong, all[i].what);
        assert_string_equal(info.name, i == RIGHT ? "" : "flow.1.1");
        assert_string_equal(info.row, i == RIGHT ? "" : "bijection.odd");
        if (i == LOG_DET) assert_near(info.wrong_by, 2 * log(1.05) / (1 + 2 * log(2.1)), 1e-6);
        weir_model_free(m);
    }
}

static void refusals(void **state)
{
    weir_ctx *c = *state;
    weir_flow_check_info info = { .size = sizeof info };
    weir_model *m = weir_model_new(c, "nice", "dim=3 hidden=4");
    weir_model *field = weir_model_new(c, "rectified-flow", "dim=2");
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=30");
    assert_true(weir_flow_check(field, d, NULL, &info) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.rectified-flow: expected a flow");
    assert_true(weir_flow_check(m, d, NULL, &info) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_SHAPE, "2 values a sample: expected 3");
    weir_flow_check_opts o = weir_flow_check_defaults();
    o.samples = 0;
    assert_true(weir_flow_check(m, d, &o, &info) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "samples and tolerance above 0");
    weir_dataset_free(d);
    weir_model_free(field);
    weir_model_free(m);
}

static int stop(void *user, const weir_flow_layer *layer) { return 1; }

static void it_stops(void **state)
{
    weir_ctx *c = *state;
    weir_flow_check_info info = { .size = sizeof info };
    weir_flow_check_opts o = weir_flow_check_defaults();
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=30");
    o.on_layer = stop;
    assert_int_equal(weir_flow_check(m, d, &o, &info), WEIR_STOPPED);
    assert_ok(c);
    assert_int_equal(info.n_layers, 1);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void check_small(weir_ctx *c)
{
    weir_flow_check_info info = { .size = sizeof info };
    weir_flow_check_opts o = weir_flow_check_defaults();
    o.samples = 3;
    o.jacobians = 1;
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=2 couplings=1");
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=5");
    if (weir_ok(c)) (void)!weir_flow_check(m, d, &o, &info);
    weir_dataset_free(d);
    weir_model_free(m);
}

static void without_memory(void **state) { test_every_allocation(check_small); }

int main(void)
{
    CASES(CASE(flows_hold), CASE(conditional_flows_hold), CASE(the_wrong_one_is_named),
          CASE(refusals), CASE(it_stops), CASE(without_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
