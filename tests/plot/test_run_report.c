/* Pages about real run folders: whole ones, and ones that lost something. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include "plot_test.h"
#include "train/train.h"

static char folder[64], page[96];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void remove_all(const char *path)
{
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        char inner[400];
        if (e->d_name[0] == '.' && (e->d_name[1] == 0 || e->d_name[1] == '.')) continue;
        snprintf(inner, sizeof inner, "%.120s/%.250s", path, e->d_name);
        remove_all(inner);
    }
    if (d) closedir(d);
    remove(path);
}

static void train_model(weir_ctx *c, const char *data, const char *model)
{
    char config[512];
    remove_all(folder);
    snprintf(config, sizeof config, "{\"model\": {%s}, \"data\": \"%s\", \"train\": {\"steps\": 12, \"batch\": 20, \"valid_every\": 4}}", model, data);
    weir_run *r = weir_run_open(c, folder, config, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    assert_ok(c);
}

static void train(weir_ctx *c, const char *data, const char *base)
{
    char model[128];
    snprintf(model, sizeof model, "\"name\": \"nice\", \"hidden\": [8], \"base\": \"%s\"", base);
    train_model(c, data, model);
}

static char *report(weir_ctx *c)
{
    weir__bytes html = { 0 };
    if (weir_report_write(c, folder, page, NULL) != WEIR_OK || weir__file_read(c, page, 1 << 26, &html) != WEIR_OK) fail_msg("%s", weir_message(c));
    check_balanced((const char *)html.data);
    check_entities((const char *)html.data);
    return (char *)html.data;
}

static void assert_says(weir_ctx *c, const char *const *parts)
{
    char *html = report(c);
    for (; *parts; parts++) {
        bool unwanted = **parts == '~';
        if (!strstr(html, *parts + unwanted) != unwanted) fail_msg("%s: %s", unwanted ? "there is" : "there is no", *parts + unwanted);
    }
    weir__free(c, html);
}
#define SAYS(c, ...) assert_says(c, (const char *const[]){ __VA_ARGS__, NULL })

static void plane(void **state)
{
    train(*state, "toy:gaussian,n=300", "normal");
    SAYS(*state, "nice on toy:gaussian,n=300", "Data, samples, density", "True density", "Excess over", "true density</text>", "validation", "50 samples", "Held-out log-likelihood",
         "~Bits per dimension", "~data-of=\"test", "~role=\"note\"");
}

static void pictures(void **state)
{
    train(*state, "digits", "logistic");
    SAYS(*state, "Drawn by the model.", "Real data.", "Bits per dimension", "unit range", "data-of=\"test, nats\"", "297 samples", "integers of 17 levels", "~True density");
}

/* What was being written when the run was killed, and lines that are no objects. */
static void damaged_log(void **state)
{
    train(*state, "toy:gmm3,n=300", "normal");
    FILE *f = fopen(in_folder("metrics.jsonl"), "a");
    assert_non_null(f);
    fputs("[1, 2]\n{\"step\": 13, \"loss\": nonsense}\n{\"step\": \"x\", \"loss\": 3}\n\n{\"step\": 14, \"lo", f);
    fclose(f);
    SAYS(*state, "2 lines of metrics.jsonl could not be read", "Training loss");
    assert_int_equal(truncate(in_folder("metrics.jsonl"), 20), 0);
    SAYS(*state, "~metrics.jsonl", "~Training loss", "Scores");
    remove(in_folder("metrics.jsonl"));
    SAYS(*state, "no metrics.jsonl", "~Training loss", "Scores");
}

/* config.json of a run whose data moved away; a slash and markup in the name. */
static void lost_data(void **state)
{
    train(*state, "toy:moons,n=300", "normal");
    FILE *f = fopen(in_folder("config.json"), "w");
    assert_non_null(f);
    fputs("{\"data\": \"/nowhere/<i>x</i>.npy\", \"extra\": 1e300, \"list\": [], \"train\": {\"hidden\": [1, 2]}}", f);
    fclose(f);
    SAYS(*state, "cannot be opened any more", "&lt;i&gt;", "Samples.", "~<h2>Scores", "1, 2");
}

static void lost_model(void **state)
{
    train(*state, "toy:moons,n=300", "normal");
    assert_int_equal(truncate(in_folder("model.safetensors"), 100), 0);
    remove(page);
    assert_true(weir_report_write(*state, folder, page, NULL) != WEIR_OK);
    weir_clear(*state);
    assert_int_equal(access(page, F_OK), -1);
    assert_true(weir_report_write(*state, "/nonexistent", page, NULL) != WEIR_OK);
    weir_clear(*state);
}

static void write_page(weir_ctx *c) { if (weir_report_write(c, folder, page, NULL) != WEIR_OK) return; }

static void every_allocation(void **state)
{
    train(*state, "digits,limit=40", "logistic");
    test_every_allocation(write_page);
}

/* The page with its n-th allocation and all after it failing (n < 0: none); returns how many there were. */
static int64_t page_with_failure(int64_t n)
{
    test_memory m = { .fail_at = n };
    weir_open_opts o = weir_open_defaults();
    o.resize = test_resize, o.resize_user = &m, o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    if (weir_ok(c)) write_page(c);
    assert_int_equal(weir_status_of(c), n < 0 ? WEIR_OK : WEIR_ERROR_MEMORY);
    weir_close(c);
    assert_int_equal(m.out, 0);
    return m.calls;
}

/* A density is thousands of rows: without the pool every allocation in turn would take minutes. */
static void allocations_of_a_plane(void **state)
{
    enum { TRIES = 60 };
    train(*state, "toy:gaussian,n=60", "normal");
    int64_t calls = page_with_failure(-1);
    for (int64_t i = 0; i < TRIES; i++) page_with_failure(calls * i / TRIES);
}

static void continuous_models_show_paths(void **state)
{
    train_model(*state, "toy:gmm3,n=100", "\"name\": \"rectified-flow\", \"net.hidden\": [8], \"score.name\": \"euler\", \"score.steps\": 4, \"sampler.name\": \"euler\"");
    SAYS(*state, "Particle paths.", "150 particles from noise to data in 32 steps", "True density", "Velocity at t = 0.1.", "Score at t = 0.9.", "<animate", "~Samplers");
    char file[128];
    snprintf(file, sizeof file, "%s/samplers.jsonl", folder);
    FILE *f = fopen(file, "w");
    fputs("{\"sampler\": \"heun\", \"evaluations\": 8, \"metric\": \"energy\", \"value\": 0.5, \"stderr\": 0.1, \"from_ode\": 0.2, \"n\": 40}\nnothing\n"
          "{\"sampler\": \"heun\", \"evaluations\": 16, \"metric\": \"energy\", \"value\": -1, \"stderr\": 0.05, \"from_ode\": null, \"n\": 40}\n[1]\n{\"sampler\": 3}\n", f);
    fclose(f);
    SAYS(*state, "Evaluations against quality.", "<title>heun</title>", "Distance from the ODE.", "Between 40 draws", "0.1 at most");
    train(*state, "toy:gmm3,n=100", "normal");
    SAYS(*state, "Samples.", "~Particle paths.", "~Velocity");
}

int main(void)
{
    snprintf(folder, sizeof folder, "/tmp/weir-run-report-%ld", (long)getpid());
    snprintf(page, sizeof page, "%s.html", folder);
    CASES(CASE(plane), CASE(continuous_models_show_paths), CASE(pictures), CASE(damaged_log), CASE(lost_data), CASE(lost_model), CASE(every_allocation), CASE(allocations_of_a_plane));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    remove_all(folder);
    remove(page);
    return failed;
}
