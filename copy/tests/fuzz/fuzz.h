/* fuzz.h - what every target does: a fresh context, one reader, and nothing may be left over. */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H
#include <stdlib.h>
#include "../io/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_one(void (*reader)(weir_ctx *, const void *, size_t), const uint8_t *data, size_t size)
{
    weir_open_opts o = weir_open_defaults();
    weir_ctx *c = weir__ctx_new(NULL, &o);
    if (!c) return;
    int64_t blocks = weir_memory(c).live_blocks;
    reader(c, data, size);
    if (!weir_ok(c) && (!strstr(weir_message(c), "expected") || strchr(weir_message(c), '\n'))) abort(); /* not one of our messages */
    if (weir_memory(c).live_blocks != blocks) abort(); /* a leak */
    weir__ctx_delete(c);
}

#define FUZZ(reader) \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) \
    { \
        fuzz_one(reader, data, size); \
        return 0; \
    }

#endif
