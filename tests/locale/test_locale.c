/* A program that has set a locale with another decimal point trains, keeps, loads, samples, scores, resumes, reports, reads and writes what
 * one in the C locale does, byte for byte, and each goes on with what the other left. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <unistd.h>
#include "train/killed.h"
#include "comma.h"
#include "io/io.h"
#include "train/train.h"

static char top[64];

/* -- what one locale makes, in the current folder ------------------------------------------------------------------------------ */
static void say_error(FILE *out, weir_ctx *c, weir_status status)
{
    if (weir_ok(c)) fail_msg("expected an error");
    fprintf(out, "%d %s\n", (int)status, weir_message(c));
    weir_clear(c);
}

/* Every option's text, and what is said of a number outside its range. */
static void put_options(FILE *out, weir_ctx *c, const weir_row *row)
{
    void *opts = calloc(1, row->options_size);
    if (weir_options_defaults(c, row, opts) != WEIR_OK) fail_msg("%s", weir_message(c));
    fprintf(out, "%s\n", row->name);
    for (const weir_option *o = row->options; o && o->name; o++) {
        char text[4096];
        weir_option_text(o, opts, text, sizeof text);
        fprintf(out, "  %s=%s\n", o->name, text);
        if (o->type != WEIR_OPTION_REAL) continue;
        if (weir_option_set(c, row, opts, o->name, "-1.5e300") != WEIR_OK) say_error(out, c, weir_status_of(c));
        if (weir_option_set(c, row, opts, o->name, "0.0625") != WEIR_OK) say_error(out, c, weir_status_of(c));
        if (weir_option_set(c, row, opts, o->name, "0,5") == WEIR_OK) fail_msg("%s: %s: a comma is read", row->name, o->name);
        say_error(out, c, weir_status_of(c));
        weir_option_text(o, opts, text, sizeof text);
        fprintf(out, "  %s=%s\n", o->name, text);
    }
    weir_options_free(c, row, opts);
    free(opts);
}

static void put_texts(weir_ctx *c)
{
    FILE *out = fopen("texts", "w");
    assert_non_null(out);
    for (int64_t k = 0; k < weir_kind_count(c); k++)
        for (int64_t i = 0; i < weir_row_count(c, weir_kind_at(c, k)); i++) {
            const weir_row *row = weir_row_at(c, weir_kind_at(c, k), i);
            if (row->options_size >= sizeof(size_t)) put_options(out, c, row);
        }
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(3, 2));
    weir_print(x, out);
    weir_dot(weir_tanh(x), out);
    weir_clamp(x, 1.5, 0.5);
    say_error(out, c, weir_status_of(c));
    weir_dataset_open(c, "toy:moons,n=50,valid=1.5");
    say_error(out, c, weir_status_of(c));
    weir_dataset_open(c, "a.csv,label=1");
    say_error(out, c, weir_status_of(c));
    weir_model_new(c, "nice", "dim=2 bound=-0.5");
    say_error(out, c, weir_status_of(c));
    weir_scope_end(s);
    assert_int_equal(fclose(out), 0);
}

static void put_csv(weir_ctx *c, const char *path, weir_dtype dtype, const void *data)
{
    weir__array a = { .dtype = dtype, .ndim = 2, .shape = { 4, 2 }, .data = (void *)(uintptr_t)data };
    weir__bytes file;
    weir__csv csv;
    assert_int_equal(weir__csv_write(c, path, &a, NULL), WEIR_OK);
    assert_int_equal(weir__file_read(c, path, 1 << 20, &file), WEIR_OK);
    assert_int_equal(weir__csv_read(c, path, file.data, file.size, NULL, &csv), WEIR_OK);
    for (int i = 0; i < 8; i++) {
        double v = dtype == WEIR_F64 ? ((const double *)data)[i] : (double)((const float *)data)[i];
        assert_true(csv.values[i] == v || (float)csv.values[i] == (float)v || isnan(v));
    }
    weir__csv_free(c, &csv);
    weir__free(c, file.data);
}

static void put_files(weir_ctx *c)
{
    static const double d[] = { 0.1, -2.5e-300, 1e20, 5e-324, 1.0 / 3, 12345.678, 0.25, -1.5 };
    static const float f[] = { 0.1f, -2.5e-30f, 1e20f, 1e-45f, 1.0f / 3, 12345.678f, 0.25f, -1.5f };
    put_csv(c, "a.csv", WEIR_F64, d);
    put_csv(c, "f.csv", WEIR_F32, f);
    weir__array a = { .dtype = WEIR_F64, .ndim = 2, .shape = { 4, 2 }, .data = (void *)(uintptr_t)d };
    assert_int_equal(weir__npy_write(c, "a.npy", &a), WEIR_OK);
    json_t *o = json_pack("{s:f, s:[f, f, i], s:s}", "a", 0.1, "list", 1.0 / 3, -1e-300, 7, "text", "1.5");
    assert_int_equal(weir__json_save(c, "a.json", o), WEIR_OK);
    json_t *back = weir__json_load(c, "a.json");
    assert_true(back && json_equal(back, o));
    json_decref(back);
    json_decref(o);
    o = json_pack("{s:s}", "half", "0.5");
    weir__weight w = { .name = "d", .dtype = WEIR_F64, .ndim = 1, .shape = { 8 }, .data = d, .bytes = sizeof d };
    weir__weights weights;
    assert_int_equal(weir__safetensors_save(c, "a.safetensors", &w, 1, o), WEIR_OK);
    assert_int_equal(weir__safetensors_load(c, "a.safetensors", &weights), WEIR_OK);
    assert_true(json_equal(weights.metadata, o));
    weir__weights_free(c, &weights);
    json_decref(o);
}

static const char *const configs[] = {
    "{\"model\": {\"name\": \"nice\", \"hidden\": [8], \"couplings\": 2, \"init\": \"uniform\", \"bound\": 0.125}, \"data\": \"points.csv,valid=0.25,standardize=yes\","
    " \"train\": {\"steps\": 6, \"batch\": 16, \"valid_every\": 2, \"ema\": 0.75}, \"optimizer\": {\"name\": \"adam\", \"lr\": 0.0025}, \"schedule\": {\"name\": \"cosine\"}}",
    "{\"model\": {\"name\": \"rectified-flow\", \"net.hidden\": [8]}, \"data\": \"toy:moons,n=200\", \"train\": {\"steps\": 6, \"batch\": 16, \"valid_every\": 3}}",
};
static const char *const runs[] = { "run0", "run1" };
enum { RUNS = 2 };

static void put_points(void)
{
    FILE *f = fopen("points.csv", "w");
    assert_non_null(f);
    for (int i = 0; i < 100; i++) fprintf(f, "%d.%d,-0.%d\n", i % 7, i % 9, i % 10);
    assert_int_equal(fclose(f), 0);
}

static void train_until(weir_ctx *c, int i, int64_t steps)
{
    weir_run *r = weir_run_open(c, runs[i], configs[i], true);
    weir_train_opts o = weir_train_defaults();
    o.steps = steps;
    weir_status s = weir_run_train(r, &o);
    if (s != WEIR_OK && s != WEIR_STOPPED) fail_msg("%s: %s", runs[i], weir_message(c));
    weir_clear(c);
    weir_run_free(r);
}

static void use_model(weir_ctx *c, int i)
{
    enum { DRAWS = 4 };
    char path[64];
    double x[2 * DRAWS], p[2 * DRAWS] = { 0 };
    weir_model *m = weir_model_load(c, runs[i]);
    assert_ok(c);
    assert_int_equal(weir_model_sample_into_f64(m, DRAWS, NULL, x), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, DRAWS, NULL, p, NULL), WEIR_OK);
    snprintf(path, sizeof path, "samples%d.csv", i);
    put_csv(c, path, WEIR_F64, x);
    snprintf(path, sizeof path, "scores%d.csv", i);
    put_csv(c, path, WEIR_F64, p);
    snprintf(path, sizeof path, "model%d.safetensors", i);
    assert_int_equal(weir_model_save(m, path), WEIR_OK);
    weir_model_free(m);
    m = weir_model_load(c, path);
    assert_ok(c);
    weir_model_free(m);
    snprintf(path, sizeof path, "report%d.html", i);
    if (weir_report_write(c, runs[i], path, NULL) != WEIR_OK) fail_msg("%s", weir_message(c));
}

static weir_ctx *enter_folder(const char *folder)
{
    if (chdir(top) != 0) abort();
    mkdir(folder, 0777);
    if (chdir(folder) != 0) abort();
    return weir_open(3);
}

static void make_all(const char *folder)
{
    weir_ctx *c = enter_folder(folder);
    put_files(c);
    put_texts(c);
    put_points();
    for (int i = 0; i < RUNS; i++) {
        train_until(c, i, 3);
        train_until(c, i, 6);
        use_model(c, i);
    }
    assert_ok(c);
    weir_close(c);
}

/* -- the same ------------------------------------------------------------------------------------------------------------------- */
/* The report says how long training took, if that is a millisecond or more: "in 0.1 s". */
static size_t without_duration(char *html, size_t n)
{
    char *p = strstr(html, "<dd class=\"n\">in "), *end = p ? strstr(p, "</dd>") : NULL;
    if (!end) return n;
    end += strlen("</dd>");
    memmove(p, end, n - (size_t)(end - html) + 1);
    return n - (size_t)(end - p);
}

/* And in which folder the paths of the data begin. */
static size_t without_folder(char *html, size_t n)
{
    char *p = strstr(html, "<th scope=\"row\">folder</th>"), *end = p ? strstr(p, "</tr>") : NULL;
    if (!end) return n;
    memmove(p, end, n - (size_t)(end - html) + 1);
    return n - (size_t)(end - p);
}

/* And the minute it was made in. */
static size_t without_date(char *html, size_t n)
{
    char *end = strstr(html, " UTC</footer>"), *p = end;
    while (p && p > html && *p != ',') p--;
    if (!end) return n;
    memmove(p, end, n - (size_t)(end - html) + 1);
    return n - (size_t)(end - p);
}

static size_t without_this_run(char *html, size_t n)
{
    return without_folder(html, without_date(html, without_duration(html, n)));
}

static void same_bytes(const char *a, const char *b, const char *name)
{
    size_t n, m;
    char *x = read_whole(a, name, &n), *y = read_whole(b, name, &m);
    if (strncmp(name, "report", 6) == 0) {
        n = without_this_run(x, n);
        m = without_this_run(y, m);
    }
    if (n != m || memcmp(x, y, n) != 0) {
        size_t at = 0;
        while (at < n && at < m && x[at] == y[at]) at++;
        fail_msg("%s: differs between %s and %s at byte %zu: \"%.60s\", \"%.60s\"", name, a, b, at, x + (at > 20 ? at - 20 : 0), y + (at > 20 ? at - 20 : 0));
    }
    free(x);
    free(y);
}

static void same_runs(const char *a, const char *b)
{
    for (int i = 0; i < RUNS; i++) {
        char x[128], y[128];
        snprintf(x, sizeof x, "%s/%s", a, runs[i]);
        snprintf(y, sizeof y, "%s/%s", b, runs[i]);
        same_run(x, y);
    }
}

static void same_all(const char *a, const char *b)
{
    static const char *const names[] = { "a.csv", "f.csv", "a.npy", "a.json", "a.safetensors", "texts", "points.csv", "samples0.csv", "samples1.csv",
                                         "scores0.csv", "scores1.csv", "model0.safetensors", "model1.safetensors", "report0.html", "report1.html" };
    if (chdir(top) != 0) abort();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) same_bytes(a, b, names[i]);
    same_runs(a, b);
}

static void all_is_the_same(void **state)
{
    (void)state;
    if (!locale_make()) skip();
    make_all("C");
    for (int i = 0; i < LOCALES; i++) {
        locale_enter(locale_names[i]);
        make_all(locale_names[i]);
        locale_leave();
        same_all("C", locale_names[i]);
    }
}

/* Begun in one locale, gone on with in another. */
static void each_resumes_the_other(void **state)
{
    (void)state;
    if (!locale_make()) skip();
    for (int comma = 0; comma < 2; comma++) {
        char folder[64];
        snprintf(folder, sizeof folder, "crossed%d", comma);
        for (int half = 0; half < 2; half++) {
            if (half == comma) locale_enter(locale_names[half]);
            weir_ctx *c = enter_folder(folder);
            put_points();
            for (int i = 0; i < RUNS; i++) train_until(c, i, half ? 6 : 3);
            weir_close(c);
            locale_leave();
        }
        if (chdir(top) != 0) abort();
        same_runs("C", folder);
    }
}

int main(void)
{
    strcpy(top, "/tmp/weir-locales-XXXXXX");
    if (!mkdtemp(top)) return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_is_the_same), cmocka_unit_test(each_resumes_the_other) };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") != 0) return 1;
    remove_run(top);
    return failed;
}
