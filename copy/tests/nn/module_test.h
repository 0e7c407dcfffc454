/* module_test.h - inputs of module rows, as their `input` says. */
#ifndef WEIR_MODULE_TEST_H
#define WEIR_MODULE_TEST_H
#include "test.h"
#include "nn/nn.h"

/* "4,3,2": normal numbers; "i4,3<5": indices below 5. */
static inline weir_tensor *row_input(weir_ctx *c, const weir_module_row *row, weir_dtype t)
{
    const char *p = row->input ? row->input : "4,3";
    bool index = *p == 'i';
    int64_t shape[WEIR_RANK_MAX];
    int ndim = 0;
    p += index;
    do shape[ndim++] = strtoll(p + (*p == ','), (char **)(uintptr_t)&p, 10);
    while (*p == ',');
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 11 });
    weir_tensor *x = (index ? weir_rand : weir_randn)(c, index ? WEIR_F64 : t, ndim, shape);
    weir__frame_set(c, old);
    return index ? weir_cast(weir_scale(x, strtod(p + 1, NULL)), WEIR_I64) : x;
}

static inline bool is_container(const weir_row *row)
{
    static const char *const names[] = { "module.sequential", "module.module_list", "module.group" };
    for (int i = 0; i < 3; i++)
        if (!strcmp(row->name, names[i])) return true;
    return false;
}

/* A module by its row's test options, of a type where it has one. */
static inline weir_module *row_module(weir_ctx *c, const weir_row *row, weir_dtype t)
{
    char options[256];
    bool typed = false;
    for (const weir_option *o = row->options; o && o->name; o++) typed |= strcmp(o->name, "dtype") == 0;
    snprintf(options, sizeof options, "%s%s%s", row->test, typed ? " dtype=" : "", typed ? weir_dtype_name(t) : "");
    return weir_module_new(c, row->name, options);
}

#endif
