/* inputs.h - the inputs that an op's case names, in several layouts of memory. */
#ifndef WEIR_TESTS_INPUTS_H
#define WEIR_TESTS_INPUTS_H
#include "test.h"
#include "ops/ops.h"

enum { INPUTS = 8 };
/* The same values: side by side; in memory of reversed axes; every second element of a larger array, from its second on; the first place
 * along axis 0 at every place of it (stride 0). */
typedef enum layout { DENSE, TRANSPOSED, STEPPED, REPEATED, LAYOUTS } layout;

static inline weir_tensor *laid_out(weir_tensor *x, layout l)
{
    int n = weir_ndim(x), back[WEIR_RANK_MAX];
    int64_t shape[WEIR_RANK_MAX];
    if (weir_is_nil(x) || n == 0) return x;
    for (int i = 0; i < n; i++) back[i] = n - 1 - i, shape[i] = 2 * weir_dim(x, i) + 1;
    if (l == TRANSPOSED) return weir_permute(weir_contiguous(weir_permute(x, back)), back);
    if (l == REPEATED) return weir_dim(x, 0) > 0 ? weir_expand(weir_slice(x, 0, 0, 1, 1), n, weir_shape(x)) : x;
    weir_tensor *place = weir_full(weir_ctx_of(x), weir_dtype_of(x), n, shape, 1);
    for (int i = 0; i < n; i++) place = weir_slice(place, i, 1, INT64_MAX, 2);
    return weir_copy_(place, x);
}

/* "3,4", "." or "3,4<5" after its kind letter; returns what follows. */
static inline const char *read_shape(const char *p, int *ndim, int64_t *shape, int64_t *bound)
{
    *ndim = 0, *bound = 0;
    if (*p == '.') p++;
    else
        do shape[(*ndim)++] = strtoll(p + (*p == ','), (char **)(uintptr_t)&p, 10);
        while (*p == ',');
    if (*p == '<') *bound = strtoll(p + 1, (char **)(uintptr_t)&p, 10);
    while (*p == ' ') p++;
    return p;
}

static inline int make_inputs(weir_ctx *c, const weir_op *op, const char *text, weir_dtype t, layout l, weir_tensor **x)
{
    double low = op->low == op->high ? -2 : op->low, high = op->low == op->high ? 2 : op->high;
    int n = 0;
    for (const char *p = text; *p; n++) {
        char kind = *p == 'i' || *p == 'b' ? *p++ : 'x';
        int64_t shape[WEIR_RANK_MAX], bound;
        int ndim;
        p = read_shape(p, &ndim, shape, &bound);
        int64_t count = weir__numel_of(ndim, shape);
        double *v = malloc(sizeof *v * (size_t)(count + 1));
        for (int64_t i = 0; i < count; i++) v[i] = weir__uniform(77, (uint64_t)n, (uint64_t)i);
        for (int64_t i = 0; i < count; i++) v[i] = kind == 'i' ? floor(v[i] * (double)bound) : kind == 'b' ? v[i] < 0.5 : low + (high - low) * v[i];
        weir_dtype want = kind == 'i' ? WEIR_I64 : kind == 'b' ? WEIR_BOOL : t;
        x[n] = weir_cast(weir_from_f64(c, v, ndim, shape), want);
        free(v);
        if (l != DENSE) x[n] = laid_out(x[n], l);
    }
    return n;
}

#endif
