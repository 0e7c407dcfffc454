/* condition_columns.c - a condition as columns beside a network's input: the class as a one-hot
 * vector, the context as it is; or a linear map of them, added to the channels of images. */
#include "nn/nn.h"

int64_t weir__condition_width(weir__condition_use use) { return use.classes + use.context; }

static weir_tensor *columns_fail(weir_module *m, const weir_tensor *x, weir_status s,
                                 const char *what, const char *expected)
{
    char path[256];
    weir_ctx *c = x->object.ctx;
    weir_fail(c, s, "%s: condition: %s: expected %s", weir__module_path(m, path, sizeof path), what,
              expected);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir__condition_class(weir_module *m, weir_tensor *x, const weir_condition *k)
{
    weir_tensor *t = weir_condition_get(k, "class");
    if (weir_is_nil(t))
        return columns_fail(m, x, WEIR_ERROR_ARGUMENT, "no class", "\"class\", i64 [B]");
    if (t->ndim != 1 || t->dtype != WEIR_I64 || t->shape[0] != x->shape[0])
        return columns_fail(m, x, WEIR_ERROR_SHAPE, "class of another type or shape",
                            "i64 [B], one of every sample");
    return t;
}

weir_tensor *weir__condition_context(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     int64_t context)
{
    char expected[64];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "\"context\", %s [B, %lld]",
                 weir_dtype_name(x->dtype), (long long)context);
    weir_tensor *t = weir_condition_get(k, "context");
    if (weir_is_nil(t)) return columns_fail(m, x, WEIR_ERROR_ARGUMENT, "no context", expected);
    bool fits = t->ndim >= 1 && t->shape[0] == x->shape[0] && t->dtype == x->dtype;
    if (!fits || weir__numel_of(t->ndim - 1, t->shape + 1) != context)
        return columns_fail(m, x, WEIR_ERROR_SHAPE, "context of another type or shape", expected);
    return weir_flatten(t);
}

weir_tensor *weir__condition_columns(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     weir__condition_use use)
{
    weir_tensor *part[2];
    int n = 0;
    if (use.classes > 0)
        part[n++] = weir_one_hot(weir__condition_class(m, x, k), x->dtype, use.classes);
    if (use.context > 0) part[n++] = weir__condition_context(m, x, k, use.context);
    if (!weir_ok(x->object.ctx)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    return n == 1 ? part[0] : weir_cat(n, part, 1);
}

weir_tensor *weir__condition_add(weir_module *linear, weir_tensor *h, weir_tensor *columns)
{
    if (!linear) return h;
    weir_tensor *bias = weir_module_forward(linear, columns);
    const int64_t shape[] = { h->shape[0], h->shape[1], 1, 1 };
    return weir_add(h, weir_reshape(bias, 4, shape));
}
