/* embedding.c - nn.Embedding: rows of a learned table by an i64 index of any shape. */
#include <stddef.h>
#include "nn/nn.h"

typedef struct embedding_opts {
    size_t size;
    int64_t rows, width, padding;
    int32_t dtype;
} embedding_opts;
typedef struct state {
    weir_tensor *weight;
    int64_t padding;
} state;

static const weir_option options[] = {
    { "rows", WEIR_OPTION_INT, offsetof(embedding_opts, rows), "1", 1, 1 << 28, NULL,
      "entries of the table" },
    { "width", WEIR_OPTION_INT, offsetof(embedding_opts, width), "1", 1, 1 << 24, NULL,
      "columns of the table" },
    { "padding", WEIR_OPTION_INT, offsetof(embedding_opts, padding), "-1", -1, (1 << 28) - 1, NULL,
      "row that starts at 0 and gets no gradient; -1: none" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(embedding_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the table" },
    { 0 },
};

static void embedding_create(weir_module *m, const void *opts)
{
    const embedding_opts *o = opts;
    state *s = weir_module_state(m);
    s->padding = o->padding;
    if (o->padding >= o->rows) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.embedding: padding %lld of %lld rows: expected one of them",
                  (long long)o->padding, (long long)o->rows);
        return;
    }
    weir_init normal = { WEIR_INIT_EMBEDDING, (double)o->padding };
    s->weight = weir_module_parameter(m, "weight", weir__dtype_option(o->dtype), 2,
                                      (const int64_t[]){ o->rows, o->width }, normal);
}

static weir_tensor *embedding_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    return x->dtype == WEIR_I64 ? weir_embedding(s->weight, x, s->padding)
                                : weir__module_misfit(m, x, "i64 [..]");
}

const weir_module_row weir__row_embedding = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.embedding",
        .doc = "rows of a learned table by an index of any shape",
        .options = options,
        .options_size = sizeof(embedding_opts),
        .test = "rows=5 width=3 padding=2",
    },
    .state_size = sizeof(state),
    .create = embedding_create,
    .forward = embedding_forward,
    .torch = weir__torch_embedding,
    .input = "i4,3<5",
};
