/* Saving and loading: the same bits, files of other programs, and everything that is refused. */
#include "models/fixtures/nice.h"
#include "models/model_test.h"
#include <sys/stat.h>
#include <unistd.h>

enum { N = 7, D = 4 };
static const char *const model_options = "dim=4 levels=6 couplings=3 hidden=5,6 partition=half";

static void outputs(weir_model *m, double *lp, float *sample)
{
    float x[N * D];
    for (int i = 0; i < N * D; i++) x[i] = (float)(i % 6);
    assert_int_equal(weir_model_log_prob_into(m, x, N, NULL, lp, NULL), WEIR_OK);
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    assert_int_equal(weir_model_sample_into(m, N, &o, sample), WEIR_OK);
}

static void same_outputs(weir_model *a, weir_model *b)
{
    double p[N], q[N];
    float x[N * D], y[N * D];
    outputs(a, p, x);
    outputs(b, q, y);
    assert_memory_equal(p, q, sizeof p);
    assert_memory_equal(x, y, sizeof x);
}

static void folder(char *path) /* a new one; tests run in the build folder */
{
    snprintf(path, 64, "weights_test_XXXXXX");
    assert_non_null(mkdtemp(path));
}

static char *in_folder(const char *path, const char *name, char *out)
{
    snprintf(out, 128, "%s/%s", path, name);
    return out;
}

static void clear_folder(const char *path)
{
    static const char *const names[] = { "model.safetensors", "config.json" };
    char file[128];
    for (int i = 0; i < 2; i++) unlink(in_folder(path, names[i], file));
    assert_int_equal(rmdir(path), 0);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_same_bits(void **state)
{
    weir_ctx *c = *state;
    static const char *const more[] = { "", " dtype=f64", " standardize=yes", " scale=no base=normal partition=odd_even" };
    const double mean[D] = { 1, 2, 3, 4 }, std[D] = { 1, 0.5, 2, 3 };
    for (int k = 0; k < 4; k++) {
        char options[256];
        snprintf(options, sizeof options, "%s%s", model_options, more[k]);
        weir_model *m = stirred(c, options, 0.6);
        if (k == 2) assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
        void *data, *again;
        size_t bytes, bytes_again;
        assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
        weir_model *n = weir_model_load_from_memory(c, data, bytes);
        assert_ok(c);
        assert_false(weir_module_training(weir_model_module(n)));
        same_outputs(m, n);
        assert_int_equal(weir_model_save_to_memory(n, &again, &bytes_again), WEIR_OK);
        assert_int_equal(bytes, bytes_again);
        assert_memory_equal(data, again, bytes);
        weir_buffer_free(c, data);
        weir_buffer_free(c, again);
        weir_model_free(m);
        weir_model_free(n);
    }
}

static void test_files_and_folders(void **state)
{
    weir_ctx *c = *state;
    char path[64], file[128], config[128];
    folder(path);
    weir_model *m = stirred(c, model_options, 0.6);
    weir__model_set_weights_kind(m, "ema");
    json_t *extra = json_pack("{ssss}", "step", "120", "model", "not this one");
    assert_int_equal(weir__model_save_with(m, in_folder(path, "model.safetensors", file), extra), WEIR_OK);
    json_decref(extra);
    weir_model *n = weir_model_load(c, file), *o = weir_model_load(c, path);
    assert_ok(c);
    same_outputs(m, n);
    same_outputs(m, o);
    assert_string_equal(o->weights, "ema");
    json_t *metadata = weir__model_metadata(o, NULL);
    assert_string_equal(json_string_value(json_object_get(metadata, "transform")), "y = (v + u) / levels");
    assert_string_equal(json_string_value(json_object_get(metadata, "model")), "nice");
    json_decref(metadata);
    weir_model_free(n), weir_model_free(o);

    write_text(in_folder(path, "config.json", config), "{\"model\": {\"name\": \"nice\", \"dim\": 4, \"couplings\": 3, \"hidden\": [5, 6]}, \"data\": \"x.csv\"}\n");
    n = weir_model_load(c, path); /* agrees */
    assert_ok(c);
    weir_model_free(n);
    write_text(config, "{\"model\": {\"name\": \"nice\", \"dim\": 4, \"couplings\": 4}}\n");
    assert_true(weir_model_load(c, path)->object.nil);
    assert_fails(c, WEIR_ERROR_STATE, "couplings=3, but config.json says 4");
    write_text(config, "{\"model\": {\"name\": \"nice\", \"coupling\": 4}}\n");
    weir_model_load(c, path);
    assert_fails(c, WEIR_ERROR_NAME, "perhaps couplings");
    write_text(config, "{\"model\": {\"name\": \"nice\", \"dim\": null}}\n");
    weir_model_load(c, path);
    assert_fails(c, WEIR_ERROR_FORMAT, "dim: expected a number");
    write_text(config, "{\"model\": {\"name\": ");
    weir_model_load(c, path);
    assert_fails(c, WEIR_ERROR_FORMAT, "config.json");
    weir_model_free(m);
    m = stirred(c, "shape=2,3 hidden=4", 0.6); /* a dim that is left to the shape, here and there */
    assert_int_equal(weir_model_save(m, file), WEIR_OK);
    write_text(config, "{\"model\": {\"name\": \"nice\", \"dim\": 0, \"shape\": [2, 3]}}\n");
    n = weir_model_load(c, path);
    assert_ok(c);
    assert_int_equal(weir_model_dim(n), 6);
    weir_model_free(n);
    weir_model_free(m);
    clear_folder(path);
    assert_true(weir_model_load(c, path)->object.nil);
    assert_fails(c, WEIR_ERROR_IO, path);
}

/* Weights of another program: names, shapes, any float type, no metadata; config.json says what they are. */
static weir_status save_as(weir_ctx *c, weir_model *m, const char *path, weir_dtype t, const json_t *metadata)
{
    weir__weight w[64] = { 0 };
    weir_module *net = weir_model_module(m);
    int64_t n = weir_module_state_count(net);
    for (int64_t i = 0; i < n; i++) {
        const char *name;
        weir_tensor *x = weir_module_state_at(net, i, &name, NULL);
        snprintf(w[i].name, sizeof w[i].name, "%s", name);
        w[i].dtype = t, w[i].ndim = weir_ndim(x), w[i].bytes = (size_t)weir_numel(x) * weir_dtype_size(t);
        memcpy(w[i].shape, weir_shape(x), sizeof w[i].shape);
        void *data = malloc(w[i].bytes);
        weir__convert(t, data, weir_dtype_of(x), weir_data(x), weir_numel(x));
        w[i].data = data;
    }
    weir_status s = weir__safetensors_save(c, path, w, n, metadata);
    for (int64_t i = 0; i < n; i++) free((void *)(uintptr_t)w[i].data);
    return s;
}

static void test_weights_of_another_program(void **state)
{
    weir_ctx *c = *state;
    static const weir_dtype types[] = { WEIR_F32, WEIR_F64, WEIR_BF16, WEIR_F16 };
    char path[64], file[128], config[128];
    folder(path);
    in_folder(path, "model.safetensors", file), in_folder(path, "config.json", config);
    weir_model *m = stirred(c, model_options, 0.6);
    json_t *pt = json_pack("{ss}", "format", "pt");
    for (int k = 0; k < 4; k++) {
        assert_int_equal(save_as(c, m, file, types[k], k == 2 ? pt : NULL), WEIR_OK);
        if (k == 0) {
            assert_true(weir_model_load(c, path)->object.nil);
            assert_fails(c, WEIR_ERROR_FORMAT, "neither metadata nor config.json");
            write_text(config, "{\"model\": {\"name\": \"nice\", \"dim\": 4, \"levels\": 6, \"couplings\": 3, \"hidden\": [5, 6], \"partition\": \"half\"}}");
        }
        weir_model *n = weir_model_load(c, file);
        assert_ok(c);
        double p[N], q[N];
        float x[N * D];
        outputs(m, p, x), outputs(n, q, x);
        for (int i = 0; i < N; i++) assert_near(q[i], p[i], k < 2 ? 0 : 0.05);
        weir_model_free(n);
    }
    json_decref(pt);
    weir_model_free(m);
    clear_folder(path);
}

/* Weights of the authors' architecture written by PyTorch under our names score as they did there. */
static void test_weights_of_pytorch(void **state)
{
    weir_ctx *c = *state;
    double lp[NICE_ROWS];
    weir_model *m = weir_model_load(c, WEIR_TESTS_DIR "/models/fixtures/nice.safetensors");
    assert_ok(c);
    assert_int_equal(weir_model_log_prob_into(m, nice_x, NICE_ROWS, NULL, lp, NULL), WEIR_OK);
    for (int i = 0; i < NICE_ROWS; i++) assert_near(lp[i], nice_log_p[i], 1e-13);
    weir_model_free(m);
}

/* Every name that does not fit is in the message, and the model is not made. */
static void test_misfits_are_listed(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, model_options, 0.6);
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    weir__bytes file = { weir__alloc(c, bytes + 1), bytes };
    memcpy(file.data, data, bytes), file.data[bytes] = 0;
    weir__weights w;
    assert_int_equal(weir__safetensors_read(c, "x", file, &w), WEIR_OK);
    for (int64_t i = 0; i < w.n; i++) {
        if (strcmp(w.at[i].name, "flow.scale.log_scale") == 0) memcpy(w.at[i].name, "flow.scale.log_scalf", 21);
        if (strcmp(w.at[i].name, "flow.couplings.1.net.2.weight") == 0) w.at[i].shape[0] = 5, w.at[i].shape[1] = 6;
    }
    float kept = (float)weir_get(weir_module_state_find(weir_model_module(m), "flow.couplings.0.net.0.weight"), SHAPE(0, 0));
    *(float *)(uintptr_t)weir__weights_find(&w, "flow.couplings.0.net.0.weight")->data = 77;
    assert_int_equal(weir__model_assign(m, &w, "x"), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "missing flow.scale.log_scale"));
    assert_non_null(strstr(weir_message(c), "unexpected flow.scale.log_scalf"));
    assert_fails(c, WEIR_ERROR_FORMAT, "shape of flow.couplings.1.net.2.weight f32 [5, 6] not [6, 5]");
    assert_true(weir_get(weir_module_state_find(weir_model_module(m), "flow.couplings.0.net.0.weight"), SHAPE(0, 0)) == kept);
    weir__weights_free(c, &w);
    weir_buffer_free(c, data);
    weir_model_free(m);
}

static void refuse(weir_ctx *c, const char *metadata, weir_status status, const char *part)
{
    float one = 1;
    weir__weight w = { .name = "a", .dtype = WEIR_F32, .ndim = 1, .shape = { 1 }, .data = &one, .bytes = 4 };
    json_t *m = json_loads(metadata, 0, NULL);
    weir__bytes file;
    assert_non_null(m);
    assert_int_equal(weir__safetensors_encode(c, &w, 1, m, &file), WEIR_OK);
    assert_true(weir_model_load_from_memory(c, file.data, file.size)->object.nil);
    assert_fails(c, status, part);
    weir__free(c, file.data);
    json_decref(m);
}

static void test_hostile_metadata(void **state)
{
    weir_ctx *c = *state;
    refuse(c, "{\"weir_format\": \"2\"}", WEIR_ERROR_FORMAT, "expected 1");
    refuse(c, "{\"weir_format\": \"1\"}", WEIR_ERROR_FORMAT, "expected options");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{}\"}", WEIR_ERROR_FORMAT, "expected its name");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{\", \"model\": \"nice\"}", WEIR_ERROR_FORMAT, "JSON");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"[1]\", \"model\": \"nice\"}", WEIR_ERROR_FORMAT, "JSON object");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{}\", \"model\": \"mean\"}", WEIR_ERROR_NAME, "unknown model");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{\\\"dim\\\": 1e30}\", \"model\": \"nice\"}", WEIR_ERROR_RANGE, "dim=1e+30");
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{\\\"hidden\\\": [4, \\\"x\\\"]}\", \"model\": \"nice\"}", WEIR_ERROR_FORMAT, "hidden");
    int64_t before = weir_memory(c).peak_bytes; /* the largest model that options can say: terabytes, if it were laid out */
    refuse(c, "{\"weir_format\": \"1\", \"options\": \"{\\\"dim\\\": 16777216, \\\"couplings\\\": 64, \\\"hidden\\\": [65536, 65536]}\", \"model\": \"nice\"}", WEIR_ERROR_FORMAT,
           "missing flow.couplings.0.net.0.weight");
    assert_true(weir_memory(c).peak_bytes - before < 10 << 20);
}

static void test_damaged_files(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, model_options, 0.6);
    unsigned char *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, (void **)&data, &bytes), WEIR_OK);
    for (size_t cut = 0; cut < bytes; cut += cut < 64 ? 1 : 97) {
        assert_true(weir_model_load_from_memory(c, data, cut)->object.nil);
        assert_true(weir_status_of(c) != WEIR_OK);
        weir_clear(c);
    }
    for (size_t at = 0; at < bytes; at += 5) { /* a bit turned over anywhere: refused, or a model of finite numbers */
        data[at] ^= (unsigned char)(1 << (at % 8));
        weir_model *n = weir_model_load_from_memory(c, data, bytes);
        if (weir_ok(c)) weir_model_free(n);
        weir_clear(c);
        data[at] ^= (unsigned char)(1 << (at % 8));
    }
    float nan_ = NAN;
    memcpy(data + bytes - 4, &nan_, 4);
    weir_model_load_from_memory(c, data, bytes);
    assert_fails(c, WEIR_ERROR_VALUE, "finite");
    weir_model_load_from_memory(c, NULL, 5);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    weir_buffer_free(c, data);
    weir_fail(c, WEIR_ERROR_IO, "before");
    void *none;
    assert_int_equal(weir_model_save_to_memory(m, &none, &bytes), WEIR_ERROR_IO);
    assert_null(none);
    assert_int_equal(weir_model_save(m, "never_written"), WEIR_ERROR_IO);
    assert_int_equal(access("never_written", F_OK), -1);
    weir_clear(c);
    assert_int_equal(weir_model_save(m, "no/such/folder/x"), WEIR_ERROR_IO);
    weir_clear(c);
    weir_model_free(m);
}

static void test_bad_statistics(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=2 hidden=3 standardize=yes", 0.6);
    *(double *)weir_data_mut(weir_module_state_find(weir_model_module(m), "data.std")) = -1;
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(m, &data, &bytes), WEIR_OK);
    assert_true(weir_model_load_from_memory(c, data, bytes)->object.nil);
    assert_fails(c, WEIR_ERROR_VALUE, "std above 0");
    weir_buffer_free(c, data);
    weir_model_free(m);
}

/* Loads [1, n] numbers of 16 bits, of which one may differ from `finite`, into a linear layer. */
static weir_status load_halves(weir_ctx *c, bool bf16, int n, uint16_t finite, int at, uint16_t odd)
{
    char file[256] = { 0 };
    int head = snprintf(file + 8, sizeof file - 8,
                        "{\"weight\":{\"dtype\":\"%s\",\"shape\":[1,%d],\"data_offsets\":[0,%d]}}",
                        bf16 ? "BF16" : "F16", n, 2 * n);
    file[0] = (char)head;
    for (int i = 0; i < n; i++)
        memcpy(file + 8 + head + 2 * i, i == at ? &odd : &finite, sizeof finite);
    char options[64];
    snprintf(options, sizeof options, "in=%d out=1 bias=no", n);
    weir_module *m = weir_module_new(c, "linear", options);
    weir_status s = weir_module_load_from_memory(m, file, 8 + (size_t)(head + 2 * n), true, NULL);
    weir_module_free(m);
    return s;
}

/* Inf and NaN at any place among the largest finite numbers, and those alone */
static void test_halves_that_are_not_finite(void **state)
{
    weir_ctx *c = *state;
    static const uint16_t largest[] = { 0x7bff, 0x7f7f }, infinite[] = { 0x7c00, 0x7f80 };
    for (int i = 0; i < 2 * 2 * 9; i++) {
        int type = i % 2, n = 1 + i / 4;
        uint16_t finite = (uint16_t)(largest[type] | (i / 2 % 2) << 15);
        assert_int_equal(load_halves(c, type, n, finite, -1, 0), WEIR_OK);
        for (int at = 0; at < n; at++) {
            uint16_t odd = (uint16_t)(infinite[type] + at % 2 + (at / 2 % 2 << 15));
            char text[32];
            load_halves(c, type, n, finite, at, odd);
            snprintf(text, sizeof text, "element %d is", at);
            assert_fails(c, WEIR_ERROR_VALUE, text);
        }
    }
}

static void everything(weir_ctx *c)
{
    void *data = NULL;
    size_t bytes;
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=1 hidden=3 standardize=yes");
    if (weir_model_save_to_memory(m, &data, &bytes) == WEIR_OK) weir_model_free(weir_model_load_from_memory(c, data, bytes));
    weir_buffer_free(c, data);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_same_bits), CASE(test_files_and_folders), CASE(test_weights_of_another_program), CASE(test_weights_of_pytorch), CASE(test_misfits_are_listed), CASE(test_hostile_metadata),
          CASE(test_damaged_files), CASE(test_bad_statistics),
          CASE(test_halves_that_are_not_finite), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
