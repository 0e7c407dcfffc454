/* inverse.c - a bijection the other way round: y = f^-1(x), log|det| = -log|det df/dx| at y. An
 * autoregressive flow becomes one that is quick to sample; a squeeze, an unsqueeze. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    weir_choice of;
    int64_t dim, classes, context;
    int32_t dtype;
    bool follows; /* not an option: weir__inverse_new adds the bijection itself */
} opts;

static const weir_option options[] = {
    { "of", WEIR_OPTION_ROW, offsetof(opts, of), "scale", 0, 0, "bijection", "which one" },
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL,
      "columns, where that one does not say its own" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    WEIR__OPTIONS_CONDITION(opts, ", where that one takes one"),
    { 0 },
};

static void inverse_create(weir_module *m, const void *options_)
{
    opts *o = (void *)(uintptr_t)options_; /* a copy of this module's own: weir_module_from_row */
    if (o->follows) return;
    weir_module *of = weir__choice_module(weir_module_ctx(m), &m->row->row, "of", &o->of, 0, NULL);
    weir_module_add(m, "of", of);
}

static weir_tensor *inverse_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    return weir_bijection_inverse(m->children[0], x, k, log_det);
}

static weir_tensor *inverse_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    return weir_bijection_forward(m->children[0], y, k, log_det);
}

const weir_module_row weir__row_inverse = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.inverse",
        .doc = "another bijection the other way round",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 of.start=0.4",
        .given = "dim|dtype|classes|context",
    },
    .create = inverse_create,
    .transform = inverse_transform,
    .inverse = inverse_inverse,
    .torch = weir__torch_inverse,
};

weir_module *weir__inverse_new(weir_ctx *c, weir_module *of)
{
    const opts o = { .size = sizeof o, .follows = true };
    weir_module *m = weir_module_from_row(c, &weir__row_inverse, &o);
    of = weir_module_add(m, "of", of); /* frees it when m or it failed */
    if (!m->object.nil && !of->object.nil) return m;
    weir_module_free(m);
    return weir__nil(c, WEIR__MODULE);
}
