/* digits.c - the built-in data set: 1,797 scans of digits, 8x8 pixels of 0 .. 16 and the class in
 * the last column.
 *
 * UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998;
 * https://doi.org/10.24432/C50P49), CC BY 4.0; the copy that scikit-learn carries. The table lies
 * in the library itself, 65 bytes a sample, so that `digits` works wherever that is installed: the
 * assembler includes the file, found through the -I of src/. data/digits.csv.gz holds the same as
 * text.
 *
 * The test split is fixed: the last 297 samples, 1500 .. 1796. Neighbouring samples are mostly of
 * one hand, so a block at the end shares fewer writers with the rest than a random choice would. */
#include <string.h>
#include "data/data.h"

__asm__(".pushsection .rodata\n"
        ".globl weir__digits\n"
        ".hidden weir__digits\n"
        ".type weir__digits, @object\n"
        "weir__digits:\n"
        ".incbin \"data/digits.u8\"\n"
        ".popsection\n");
extern const unsigned char weir__digits[] __attribute__((visibility("hidden")));

enum { PIXELS = 64, ROWS = 1797, TEST_ROWS = 297, LEVELS = 17 };

static weir_status read_digits(weir_ctx *c, const char *path, weir__bytes b, weir__array *a,
                               weir__csv *unused)
{
    (void)path;
    (void)b;
    (void)unused;
    *a = (weir__array){
        .dtype = WEIR_U8, .ndim = 2, .shape = { ROWS, PIXELS }, .levels = LEVELS, .n_labels = ROWS
    };
    a->data = weir__alloc_n(c, ROWS, PIXELS);
    a->labels = a->data ? weir__alloc_n(c, ROWS, sizeof *a->labels) : NULL;
    if (!a->labels) return weir_status_of(c);
    for (int64_t i = 0; i < ROWS; i++) {
        const unsigned char *row = weir__digits + i * (PIXELS + 1);
        memcpy((unsigned char *)a->data + i * PIXELS, row, PIXELS);
        a->labels[i] = row[PIXELS];
    }
    return WEIR_OK;
}

static const weir_option options[] = { WEIR__OPTIONS_ROWS, WEIR__OPTION_LEVELS("17"), { 0 } };

const weir__dataset_row weir__dataset_digits = {
    .row = {
        .size = sizeof(weir__dataset_row),
        .version = 1,
        .name = "dataset.digits",
        .doc = "1,797 scans of handwritten digits, 8x8 pixels of 17 levels (UCI, CC BY 4.0); 297 "
               "samples are the test split",
        .options = options,
        .options_size = sizeof(weir__dataset_opts),
        .test = "digits,split=train,limit=50",
    },
    .test_rows = TEST_ROWS,
    .read = read_digits,
    .entropy = WEIR__UNKNOWN,
};
