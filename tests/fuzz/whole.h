/* whole.h - what needs an open house: a model from bytes, a run's config, a SPEC. As fuzz.h, with the rows of every room. */
#ifndef WEIR_FUZZ_WHOLE_H
#define WEIR_FUZZ_WHOLE_H
#include <stdlib.h>
#include <string.h>
#include "io/internal.h"
#include "train/train.h"
#include "weir.h"

/* Weights of a size that a fuzzer can run: a model that loads must sample and score. */
static inline void read_model(weir_ctx *c, const void *data, size_t size)
{
    weir_model *m = weir_model_load_from_memory(c, data, size);
    float x[2 * 64];
    double lp[2];
    if (weir_ok(c) && weir_model_dim(m) <= 64 && weir_model_sample_into(m, 2, NULL, x) == WEIR_OK) (void)weir_model_log_prob_into(m, x, 2, NULL, lp, NULL);
    weir_model_free(m);
}

static inline void read_config(weir_ctx *c, const void *data, size_t size)
{
    json_t *file = weir__json_read(c, "in", data, size);
    json_t *full = file ? weir__config_resolve(c, NULL, NULL, file, 0, NULL) : NULL;
    json_t *again = full ? weir__config_over(c, full, file) : NULL; /* what was resolved must be read back as it is */
    if (full && (!again || !json_equal(full, again))) abort();
    json_decref(again);
    json_decref(full);
    json_decref(file);
}

/* Text as the options of a run, the row that chooses all others: what it says must come back from what is printed of it. */
static inline void read_options(weir_ctx *c, const void *data, size_t size)
{
    char *text = malloc(size + 1), *printed = NULL;
    void *a = weir__options_new(c, &weir__run_row), *b = weir__options_new(c, &weir__run_row);
    weir__difference d;
    if (size) memcpy(text, data, size);
    text[size] = 0;
    int64_t n = weir_options_parse(c, &weir__run_row, a, text) == WEIR_OK ? weir_options_text(&weir__run_row, a, NULL, 0) : -1;
    if (n >= 0) {
        printed = malloc((size_t)n + 1);
        weir_options_text(&weir__run_row, a, printed, (size_t)n + 1);
        if (weir_options_parse(c, &weir__run_row, b, printed) != WEIR_OK || weir__options_differ(&weir__run_row, a, b, &d)) abort();
    }
    if (weir_ok(c)) json_decref(weir__config_given(c, text));
    free(text);
    free(printed);
    weir__options_delete(c, &weir__run_row, a);
    weir__options_delete(c, &weir__run_row, b);
}

static inline void read_spec(weir_ctx *c, const void *data, size_t size)
{
    char spec[600] = "toy:moons,n=40,";
    size_t at = strlen(spec), n = size < sizeof spec - at - 1 ? size : sizeof spec - at - 1;
    memcpy(spec + at, size ? data : "", n);
    weir_dataset *d = weir_dataset_open(c, spec);
    if (weir_ok(c) && weir_dataset_samples(d) > 0) {
        weir_scope s = weir_scope_begin(c);
        weir_dataset_batch(d, 0, 3);
        weir_scope_end(s);
    }
    weir_dataset_free(d);
}

static inline void whole_one(void (*reader)(weir_ctx *, const void *, size_t), const uint8_t *data, size_t size)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    if (!weir_ok(c)) {
        weir_close(c);
        return;
    }
    int64_t blocks = weir_memory(c).live_blocks;
    reader(c, data, size);
    if (!weir_ok(c) && (!strstr(weir_message(c), "expected") || strchr(weir_message(c), '\n'))) abort(); /* not one of our messages */
    weir_clear(c);
    if (weir_memory(c).live_blocks > blocks + 2) abort(); /* a leak; the lists of scopes and objects may have been made */
    weir_close(c);
}

#define FUZZ_WHOLE(reader) \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
    { \
        whole_one(reader, data, size); \
        return 0; \
    }

#endif
