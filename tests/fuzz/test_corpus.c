/* The fuzzers' seeds and findings, replayed as an ordinary test. */
#include "../io/io_test.h"
#include "../io/formats.h"

static const struct { const char *folder; void (*read)(weir_ctx *, const void *, size_t); } table[] = {
    { "npy", read_npy }, { "csv", read_csv }, { "idx", read_idx }, { "png", read_png },
    { "jpeg", read_jpeg }, { "json", read_json }, { "safetensors", read_safetensors }, { "gzip", read_gzip },
};

static int replay_folder(const char *folder, void (*reader)(weir_ctx *, const void *, size_t))
{
    DIR *d = opendir(folder);
    int n = 0;
    if (!d) fail_msg("%s: cannot be opened", folder);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        size_t size;
        unsigned char *data = load_exact(in_folder(folder, e->d_name), &size);
        weir_ctx *c = open_ctx();
        reader(c, data, size);
        if (!weir_ok(c) && !strstr(weir_message(c), "expected")) fail_msg("%s: not a message: %s", e->d_name, weir_message(c));
        weir_clear(c);
        close_ctx(c);
        free(data);
        n++;
    }
    closedir(d);
    return n;
}

static void corpora(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char folder[1200];
        snprintf(folder, sizeof folder, "%s/%s", fixture("../../fuzz/corpus"), table[i].folder);
        assert_true(replay_folder(folder, table[i].read) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(corpora) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
