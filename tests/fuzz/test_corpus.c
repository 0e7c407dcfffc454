/* The fuzzers' seeds and findings, replayed as an ordinary test. */
#include "../io/io_test.h"
#include "../io/formats.h"
#include "whole.h"

typedef void read_fn(weir_ctx *c, const void *data, size_t size);

/* A reader of the io room alone, in a context without rows; every block must be back. */
static void bare(read_fn *reader, const uint8_t *data, size_t size)
{
    weir_ctx *c = open_ctx();
    reader(c, data, size);
    if (!weir_ok(c) && !strstr(weir_message(c), "expected")) fail_msg("not a message: %s", weir_message(c));
    weir_clear(c);
    close_ctx(c);
}

static const struct { const char *folder; read_fn *read; void (*one)(read_fn *, const uint8_t *, size_t); } table[] = {
    { "npy", read_npy, bare }, { "csv", read_csv, bare }, { "idx", read_idx, bare }, { "png", read_png, bare },
    { "jpeg", read_jpeg, bare }, { "json", read_json, bare }, { "safetensors", read_safetensors, bare }, { "gzip", read_gzip, bare },
    { "model", read_model, whole_one }, { "config", read_config, whole_one }, { "options", read_options, whole_one }, { "spec", read_spec, whole_one },
};

static void corpora(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char folder[1200];
        int n = 0;
        snprintf(folder, sizeof folder, "%s/%s", fixture("../../fuzz/corpus"), table[i].folder);
        DIR *d = opendir(folder);
        if (!d) fail_msg("%s: cannot be opened", folder);
        for (struct dirent *e; (e = readdir(d));) {
            size_t size;
            if (e->d_name[0] == '.') continue;
            unsigned char *data = load_exact(in_folder(folder, e->d_name), &size);
            table[i].one(table[i].read, data, size);
            free(data);
            n++;
        }
        closedir(d);
        assert_true(n > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(corpora) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
