/* Models as code of others: what the file for PyTorch holds, that every row of flows has a text for
 * it or is refused by name, and that nothing is then written. The numbers it computes are compared
 * by tests/models/compare_export.py (make test-long), which needs PyTorch. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "flow/flow.h"
#include "io/io.h"
#include "models/models.h"
#include "test.h"
#include "weir/import.h"

#define FOLDER "export_test"

static void clear(void)
{
    remove(FOLDER "/model.py");
    remove(FOLDER "/model.safetensors");
    rmdir(FOLDER);
}

/* The text of the file, to be freed; NULL: an error. */
static char *exported(weir_ctx *c, weir_model *m)
{
    weir__bytes b;
    clear();
    mkdir(FOLDER, 0777);
    if (weir_model_export(m, "torch", FOLDER) != WEIR_OK) return NULL;
    assert_int_equal(weir__file_read(c, FOLDER "/model.py", 1 << 24, &b), WEIR_OK);
    char *text = malloc(b.size + 1);
    memcpy(text, b.data, b.size + 1);
    weir__free(c, b.data);
    return text;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("%s: expected %s", text, part);
}

static int64_t count(const char *text, const char *part)
{
    int64_t n = 0;
    for (const char *p = text; (p = strstr(p, part)); p++) n++;
    return n;
}

static void what_the_file_says(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nsf", "dim=3 layers=2 bins=4 mix=permutation dtype=f64 "
                                             "net.width=8 net.blocks=1 partition=half");
    char *text = exported(c, m);
    assert_ok(c);
    has(text, "\ndef build():\n");
    has(text, "dtype=torch.float64, dim=3, shape=(3,), flat=True,\n"
              "        flow=Compose(\n"
              "            Permutation(),\n"
              "            SplineCoupling(\n"
              "                partition=\"half\", bins=4, domain=\"line\", form=\"floored\", bound=0,");
    has(text, "parity=1");
    has(text, "net=ResidualMlp(Linear(), Linear(), Linear(), Linear(), activation=\"relu\"),\n");
    has(text, "        base=NormalBase(dim=3),\n");
    assert_int_equal(count(text, "class SplineCoupling("), 1);
    assert_int_equal(count(text, "class Coupling("), 1);
    assert_int_equal(count(text, "class Actnorm("), 0); /* it has none */
    assert_true(strstr(text, "class Coupling(") < strstr(text, "class SplineCoupling("));
    assert_int_equal(count(text, "import "), 7); /* with the example's at its head */
    free(text);
    weir_model *same = weir_model_load(c, FOLDER "/model.safetensors");
    assert_ok(c);
    weir_model_free(same);
    weir_model_free(m);
    clear();
}

static void a_share_is_written_as_its_model(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = weir_model_new(c, "realnvp", "dim=3 couplings=2 coupling.net.hidden=8");
    char *text = exported(c, m);
    weir_model *share = weir_model_share(other, m);
    char *same = exported(other, share);
    assert_ok(c);
    assert_ok(other);
    assert_string_equal(text, same);
    free(text);
    free(same);
    weir_model_free(share);
    weir_close(other);
    weir_model_free(m);
    clear();
}

/* Of every model and bijection: a text for each module of the tree, or an error that names one
 * that has none. */
static void exported_or_refused(weir_ctx *c, const char *name, const char *options)
{
    weir_model *m = weir_model_new(c, name, options);
    assert_ok(c);
    char *text = exported(c, m);
    if (text) has(text, "return Model(");
    else {
        assert_true(weir_status_of(c) == WEIR_ERROR_UNSUPPORTED);
        has(weir_message(c), "model_export: torch: ");
        has(weir_message(c), ": expected a ");
        assert_true(access(FOLDER "/model.py", F_OK) != 0);
        assert_true(access(FOLDER "/model.safetensors", F_OK) != 0);
        weir_clear(c);
    }
    free(text);
    weir_model_free(m);
}

static void every_model(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "model"); i++) {
        const weir_row *row = weir_row_at(c, "model", i);
        exported_or_refused(c, weir__row_short_name(row), row->test);
    }
}

static void every_bijection(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "bijection"); i++) {
        char options[512];
        const weir_row *row = weir_row_at(c, "bijection", i);
        size_t used = 0;
        weir__append(options, sizeof options, &used, "dim=4 flow=\"%s %s\"",
                     weir__row_short_name(row), row->test);
        exported_or_refused(c, "flow", options);
    }
}

/* Of the layers of the models, whichever options they were made with. */
static void texts_of_rows(void **state)
{
    weir_ctx *c = *state;
    static const char *const kinds[] = { "bijection", "base", "network" };
    int64_t n = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int64_t i = 0; i < weir_row_count(c, kinds[k]); i++) {
            const weir_module_row *row = (const void *)weir_row_at(c, kinds[k], i);
            if (!row->torch) continue;
            n++;
            assert_int_equal(strncmp(row->torch, "class ", 6), 0);
            if (strstr(row->torch, "\t")) fail_msg("%s: expected blanks, no tabs", row->row.name);
        }
    assert_true(n >= 32);
}

static void what_is_refused(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4");
    assert_int_equal(weir_model_export(m, "torchh", FOLDER), WEIR_ERROR_NAME);
    assert_fails(c, WEIR_ERROR_NAME, "perhaps torch");
    assert_int_equal(weir_model_export(m, "torch", "there/is/none"), WEIR_ERROR_IO);
    assert_fails(c, WEIR_ERROR_IO, "there/is/none");
    assert_int_equal(weir_model_export(m, NULL, FOLDER), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_model_free(m);
}

static void export_one(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "realnvp", "dim=3 couplings=2 coupling.net.hidden=8");
    mkdir(FOLDER, 0777);
    if (weir_ok(c) && weir_model_export(m, "torch", FOLDER) != WEIR_OK) assert_false(weir_ok(c));
    weir_model_free(m);
    clear();
}

static void without_memory(void **state)
{
    test_every_allocation(export_one);
}

int main(void)
{
    CASES(CASE(what_the_file_says), CASE(a_share_is_written_as_its_model), CASE(every_model), CASE(every_bijection), CASE(texts_of_rows),
          CASE(what_is_refused), CASE(without_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
