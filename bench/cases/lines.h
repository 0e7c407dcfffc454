/* lines.h - cases that are a list of ops at the shapes of image and sequence models: one line a
 * measurement, by the names of `bench/ops_torch.py`, which runs the same through PyTorch. */
#ifndef WEIR_BENCH_CASES_LINES_H
#define WEIR_BENCH_CASES_LINES_H
#include "bench.h"

enum { LINE_INPUTS = 8 };
typedef struct weir__line {
    const char *op;
    /* Of the inputs, "16,64,32,32 64 64": f32 normals that want a gradient while training. Before
     * a shape, n: without a gradient; v: so, and positive; b: bool, half of it true; i: i64, the
     * places in reverse; h, g: bf16, f16. */
    const char *shapes;
    weir_tensor *(*call)(weir_tensor *const *x);
    bool train; /* forward with backward, else forward without recording */
    bool last; /* images lie channels-last, and so does the gradient of the result */
} weir__line;

/* Times each of n lines of case `name`: processor time of one thread, else the clock's. */
int weir__lines_run(weir__bench *b, const char *name, int n, const weir__line *lines);

/* The row bench.NAME of such a case, which NAME_run runs */
#define CASE(n, text) BENCH_ROW(n, text, #n " --json --seconds 0.05")

#endif
