/* digits.c - the built-in data set: 1,797 scans of digits, 8x8 pixels of 0 .. 16 and the class in the last column.
 *
 * UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998; https://doi.org/10.24432/C50P49), CC BY 4.0; the
 * copy that scikit-learn carries. The gzipped file lies in the library itself, so that `digits` works wherever that is installed:
 * the assembler includes it (58 KB of source text as a C array would be 350 KB). The path is found through the -I of src/.
 *
 * The test split is fixed: the last 297 rows, 1500 .. 1796. Neighbouring rows are mostly of one hand, so a block at the end shares
 * fewer writers with the rest than a random choice would. */
#include <string.h>
#include "data/data.h"

__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".globl weir__digits_gz\n"
        ".hidden weir__digits_gz\n"
        ".type weir__digits_gz, @object\n"
        "weir__digits_gz:\n"
        ".incbin \"data/digits.csv.gz\"\n"
        ".globl weir__digits_gz_end\n"
        ".hidden weir__digits_gz_end\n"
        ".type weir__digits_gz_end, @object\n"
        "weir__digits_gz_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const unsigned char weir__digits_gz[] __attribute__((visibility("hidden")));
extern const unsigned char weir__digits_gz_end[] __attribute__((visibility("hidden")));

enum { PIXELS = 64, ROWS = 1797, TEST_ROWS = 297, LEVELS = 17 };

static weir_status read_table(weir_ctx *c, weir__csv *csv)
{
    weir__bytes text = { 0 };
    size_t size = (size_t)((uintptr_t)weir__digits_gz_end - (uintptr_t)weir__digits_gz);
    if (weir__gunzip(c, "digits", weir__digits_gz, size, (size_t)1 << 20, &text) != WEIR_OK) return weir_status_of(c);
    weir__csv_read(c, "digits", text.data, text.size, csv);
    weir__free(c, text.data);
    if (weir_ok(c) && (csv->rows != ROWS || csv->columns != PIXELS + 1))
        return weir_fail(c, WEIR_ERROR_FORMAT, "digits: the built-in table: expected 1797 rows of 65 columns");
    return weir_status_of(c);
}

static weir_status read_digits(weir_ctx *c, const char *path, weir__bytes b, weir__array *a, weir__csv *unused)
{
    weir__csv csv = { 0 };
    (void)path, (void)b, (void)unused;
    if (read_table(c, &csv) != WEIR_OK) goto done;
    *a = (weir__array){ .dtype = WEIR_U8, .ndim = 2, .shape = { ROWS, PIXELS }, .levels = LEVELS, .n_labels = ROWS };
    a->data = weir__alloc(c, (size_t)ROWS * PIXELS);
    a->labels = a->data ? weir__alloc(c, ROWS * sizeof *a->labels) : NULL;
    if (!a->labels) goto done;
    for (int64_t i = 0; i < ROWS; i++) {
        const double *row = csv.values + i * (PIXELS + 1);
        for (int j = 0; j < PIXELS; j++) ((unsigned char *)a->data)[i * PIXELS + j] = (unsigned char)row[j];
        a->labels[i] = (int32_t)row[PIXELS];
    }
done:
    weir__csv_free(c, &csv);
    return weir_status_of(c);
}

static const weir_option options[] = { WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("17"), { 0 } };

const weir__dataset_row weir__dataset_digits = {
    .row = { .size = sizeof(weir__dataset_row), .version = 1, .name = "dataset.digits",
             .doc = "1,797 scans of handwritten digits, 8x8 pixels of 17 levels (UCI, CC BY 4.0); 297 rows are the test split",
             .options = options, .options_size = sizeof(weir__dataset_opts), .test = "digits,split=train,limit=50" },
    .test_rows = TEST_ROWS,
    .read = read_digits,
    .entropy = WEIR__UNKNOWN,
};
