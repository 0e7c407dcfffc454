/* State dicts of module trees: strict, partial, converted, hostile. */
#include "models/model_test.h"
#include "models/models.h"

static weir_module *net(weir_ctx *c, const char *first)
{
    weir_module *m = weir_module_new(c, "sequential", "");
    weir_module_add(m, "0", weir_module_new(c, "linear", first));
    weir_module_add(m, "1", weir_module_new(c, "silu", ""));
    weir_module_add(m, "2", weir_module_new(c, "linear", "in=5 out=2"));
    return m;
}

static void same_values_come_back(void **state)
{
    weir_ctx *c = *state, *other = weir_open(9);
    weir_module *a = net(c, "in=3 out=5"), *b = net(other, "in=3 out=5");
    void *data;
    size_t bytes;
    weir_load_info info = { .size = sizeof info };
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, &info), WEIR_OK);
    assert_int_equal(info.missing + info.unexpected + info.misfit, 0);
    assert_memory_equal(weir_data(weir_module_state_find(a, "2.weight")), weir_data(weir_module_state_find(b, "2.weight")), 10 * sizeof(float));
    assert_int_equal(weir_module_save(a, "state_dict_test.safetensors"), WEIR_OK);
    weir_module *d = net(other, "in=3 out=5");
    assert_int_equal(weir_module_load(d, "state_dict_test.safetensors", true, NULL), WEIR_OK);
    assert_memory_equal(weir_data(weir_module_state_find(a, "0.bias")), weir_data(weir_module_state_find(d, "0.bias")), 5 * sizeof(float));
    remove("state_dict_test.safetensors");
    weir_buffer_free(c, data);
    weir_module_free(d);
    weir_module_free(b);
    weir_module_free(a);
    weir_close(other);
}

static char heard[4096];
static void hear(void *user, const char *line)
{
    (void)user;
    strncat(heard, line, sizeof heard - strlen(heard) - 2);
    strcat(heard, "\n");
}

static void misfits_are_all_listed_and_nothing_changes(void **state)
{
    (void)state;
    weir_open_opts o = weir_open_defaults();
    o.log = hear;
    weir_ctx *c = weir_open_with(&o);
    weir_module *a = net(c, "in=4 out=5"), *b = net(c, "in=3 out=5");
    weir_module_add(a, "extra", weir_module_new(c, "linear", "in=1 out=1 bias=no"));
    weir_module_add(b, "more", weir_module_new(c, "linear", "in=1 out=1"));
    float before[5];
    memcpy(before, weir_data(weir_module_state_find(b, "0.bias")), sizeof before);
    void *data;
    size_t bytes;
    weir_load_info info = { .size = sizeof info };
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, &info), WEIR_ERROR_FORMAT);
    assert_int_equal(info.missing, 2);
    assert_int_equal(info.unexpected, 1);
    assert_int_equal(info.misfit, 1);
    for (const char *const *part = (const char *const[]){ "more.weight", "more.bias", "extra.weight", "0.weight f32 [5, 4] not [5, 3]", NULL }; *part; part++) {
        if (!strstr(heard, *part)) fail_msg("%s is not in the log: %s", *part, heard);
        if (!strstr(weir_message(c), *part)) fail_msg("%s is not in: %s", *part, weir_message(c));
    }
    weir_clear(c);
    assert_memory_equal(before, weir_data(weir_module_state_find(b, "0.bias")), sizeof before);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, false, NULL), WEIR_ERROR_FORMAT); /* a shape never fits */
    weir_clear(c);
    weir_buffer_free(c, data);
    weir_module_free(a);
    weir_module_free(b);
    weir_close(c);
}

static void a_part_may_be_loaded(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = weir_module_new(c, "sequential", ""), *b = net(c, "in=3 out=5");
    weir_module_add(a, "0", weir_module_new(c, "linear", "in=3 out=5 init=uniform bound=3"));
    weir_module_add(a, "gone", weir_module_new(c, "linear", "in=1 out=1"));
    void *data;
    size_t bytes;
    weir_load_info info = { .size = sizeof info };
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, false, &info), WEIR_OK);
    assert_int_equal(info.missing, 2);
    assert_int_equal(info.unexpected, 2);
    assert_memory_equal(weir_data(weir_module_state_find(a, "0.weight")), weir_data(weir_module_state_find(b, "0.weight")), 15 * sizeof(float));
    float sum = 0;
    for (int64_t i = 0; i < 10; i++) sum += fabsf(((const float *)weir_data(weir_module_state_find(b, "2.weight")))[i]);
    assert_true(sum > 0); /* what is missing starts as it would have */
    weir_buffer_free(c, data);
    weir_module_free(a);
    weir_module_free(b);
}

static void types_convert(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = weir_module_new(c, "linear", "in=2 out=2 dtype=f64"), *b = weir_module_new(c, "linear", "in=2 out=2");
    void *data;
    size_t bytes;
    assert_int_equal(weir_module_save_to_memory(a, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes, true, NULL), WEIR_OK);
    for (int64_t i = 0; i < 4; i++)
        assert_true(((const float *)weir_data(weir_module_state_find(b, "weight")))[i] == (float)((const double *)weir_data(weir_module_state_find(a, "weight")))[i]);
    assert_int_equal(weir_module_load_from_memory(b, data, bytes / 2, true, NULL), WEIR_ERROR_FORMAT);
    weir_clear(c);
    assert_int_equal(weir_module_load(b, "no/such/file", true, NULL), WEIR_ERROR_IO);
    weir_clear(c);
    assert_int_equal(weir_module_load(NULL, "x", true, NULL), WEIR_ERROR_ARGUMENT);
    weir_buffer_free(c, data);
    weir_module_free(a);
    weir_module_free(b);
}

static weir__weight f64_weight(const char *name, int64_t rows, int64_t columns, const double *values)
{
    weir__weight w = { .dtype = WEIR_F64, .ndim = columns ? 2 : 1, .shape = { rows, columns }, .data = values };
    strcpy(w.name, name);
    w.bytes = (size_t)(rows * (columns ? columns : 1)) * sizeof *values;
    return w;
}

static void expect_load(weir_module *m, const weir__weight *w, int64_t n, bool strict, const char *error)
{
    weir_ctx *c = weir_module_ctx(m);
    weir__bytes b = { 0 };
    assert_int_equal(weir__safetensors_encode(c, w, n, NULL, &b), WEIR_OK);
    weir_status s = weir_module_load_from_memory(m, b.data, b.size, strict, NULL);
    assert_int_equal(s, error ? WEIR_ERROR_VALUE : WEIR_OK);
    if (error) assert_fails(c, WEIR_ERROR_VALUE, error);
    weir__free(c, b.data);
}

/* Values of what is copied are looked at in the type they will have; what is passed over is not looked at. */
static void values_are_finite_in_the_trees_type(void **state)
{
    weir_ctx *c = *state;
    double weight[4] = { 1, 2, 3, 4 }, bias[2] = { 5, 6 }, other[3] = { 0, NAN, 0 };
    const weir__weight w[3] = { f64_weight("weight", 2, 2, weight), f64_weight("bias", 2, 0, bias), f64_weight("other", 3, 0, other) };
    weir_module *narrow = weir_module_new(c, "linear", "in=2 out=2"), *wide = weir_module_new(c, "linear", "in=2 out=2 dtype=f64");
    expect_load(narrow, w, 3, false, NULL); /* NaN in what is passed over */
    const float *held = weir_data(weir_module_state_find(narrow, "bias"));
    assert_true(held[1] == 6);
    bias[1] = 7;
    weight[2] = 1e300;
    expect_load(narrow, w, 2, true, "weight: element 2 is 1e+300: expected numbers within f32");
    expect_load(narrow, w, 3, false, "weight: element 2 is 1e+300: expected numbers within f32");
    expect_load(wide, w, 2, true, NULL);
    weight[2] = -INFINITY;
    expect_load(narrow, w, 2, true, "weight: element 2 is -inf: expected finite numbers");
    expect_load(wide, w, 2, true, "weight: element 2 is -inf: expected finite numbers");
    assert_true(held[1] == 6); /* nothing changed */
    weight[2] = 3.4e38;
    expect_load(narrow, w, 2, true, NULL);
    assert_true(held[1] == 7);
    weir_module_free(narrow);
    weir_module_free(wide);
}

/* Buffers too: a model scores by the deviations that its tree holds now. */
static void a_models_tree_may_be_loaded(void **state)
{
    weir_ctx *c = *state;
    weir_model *a = weir_model_new(c, "nice", "dim=2 couplings=2 hidden=4 standardize=yes"), *b = weir_model_new(c, "nice", "dim=2 couplings=2 hidden=4 standardize=yes");
    const float x[2] = { 0.5f, 3 };
    double wanted, got;
    void *data;
    size_t bytes;
    stir(a, 0.5);
    assert_int_equal(weir_model_set_standardize(a, (const double[]){ 1, 2 }, (const double[]){ 0.5, 4 }), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(a, x, 1, NULL, &wanted, NULL), WEIR_OK);
    assert_int_equal(weir_module_save_to_memory(weir_model_module(a), &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(weir_model_module(b), data, bytes, true, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(b, x, 1, NULL, &got, NULL), WEIR_OK);
    assert_true(got == wanted);
    weir_buffer_free(c, data);
    weir_model_free(a), weir_model_free(b);
}

static void everything(weir_ctx *c)
{
    void *data = NULL;
    size_t bytes;
    weir_module *m = net(c, "in=3 out=5");
    if (weir_module_save_to_memory(m, &data, &bytes) == WEIR_OK && weir_module_load_from_memory(m, data, bytes, true, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_buffer_free(c, data);
    weir_module_free(m);
}
static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(same_values_come_back), CASE(misfits_are_all_listed_and_nothing_changes), CASE(a_part_may_be_loaded), CASE(types_convert),
          CASE(values_are_finite_in_the_trees_type), CASE(a_models_tree_may_be_loaded),           cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
