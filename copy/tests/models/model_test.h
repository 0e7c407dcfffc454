/* model_test.h - what the tests of models share. */
#ifndef WEIR_MODEL_TEST_H
#define WEIR_MODEL_TEST_H
#include "test.h"
#include "models/models.h"

/* Draws every parameter of m anew, uniform on +-a, so that nothing is at a special start. */
static inline void stir(weir_model *m, double a)
{
    weir_module *net = weir_model_module(m);
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(net, i, NULL, &is_buffer);
        for (int64_t j = 0; j < weir_numel(t) && !is_buffer; j++) {
            double v = a * (2 * weir__uniform(99 + (uint64_t)i, 0, (uint64_t)j) - 1);
            weir__convert(weir_dtype_of(t), (char *)weir_data_mut(t) + (size_t)j * weir_dtype_size(weir_dtype_of(t)), WEIR_F64, &v, 1);
        }
    }
}

static inline weir_model *stirred_model(weir_ctx *c, const char *name, const char *options, double a)
{
    weir_model *m = weir_model_new(c, name, options);
    assert_ok(c);
    stir(m, a);
    return m;
}
static inline weir_model *stirred(weir_ctx *c, const char *options, double a) { return stirred_model(c, "nice", options, a); }

/* n x dim numbers on a range, a function of the seed alone. */
static inline float *numbers(int64_t n, double low, double high, uint64_t seed)
{
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(low + (high - low) * weir__uniform(seed, 0, (uint64_t)i));
    return x;
}

#endif
