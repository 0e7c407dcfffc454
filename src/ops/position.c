/* position.c - embeddings of times and places by sines and cosines (Vaswani et al. 2017), with the
 * frequencies of rotary embeddings among them. */
#include <math.h>
#include "ops/ops.h"

/* [n] with base^-(j / over), j from 0 */
static weir_tensor *position_frequencies(weir_ctx *c, weir_dtype t, int64_t n, double over,
                                         double base)
{
    double *v = weir__alloc_n(c, n + 1, sizeof *v);
    if (!v) return weir__nil(c, WEIR__TENSOR);
    for (int64_t j = 0; j < n; j++) v[j] = exp(-log(base) * (double)j / over);
    weir_tensor *f = weir_cast(weir_from_f64(c, v, 1, &n), t);
    weir__free(c, v);
    return f;
}

/* Places [..] times frequencies [n]: [.., n] */
static weir_tensor *position_angles(weir_tensor *at, int64_t n, double over, double base)
{
    weir_ctx *c = weir_ctx_of(at);
    return weir_mul(weir_unsqueeze(at, -1),
                    position_frequencies(c, weir_dtype_of(at), n, over, base));
}

static bool position_fits(weir_ctx *c, const char *name, int64_t dim, int64_t of, double base)
{
    if (dim >= of && dim < INT32_MAX && (of == 1 || dim % of == 0) && base > 0 && !isinf(base))
        return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: %lld columns, base %g: expected a multiple of %lld and a base above 0", name,
              (long long)dim, base, (long long)of);
    return false;
}

static bool position_is_real(weir_tensor *x, const char *name)
{
    if (weir_is_nil(x)) return false;
    if (weir_dtype_is_real(x->dtype)) return true;
    weir_fail(x->object.ctx, WEIR_ERROR_DTYPE, "%s: %s: expected f32 or f64", name,
              weir_dtype_name(x->dtype));
    return false;
}

weir_tensor *weir_rotary_angles(weir_tensor *at, int64_t dim, double base)
{
    WEIR__AS_FOUND;
    if (!position_is_real(at, "rotary_angles")
        || !position_fits(at->object.ctx, "rotary_angles", dim, 2, base))
        return weir__nil_of(at);
    return position_angles(at, dim / 2, (double)dim / 2, base);
}

/* -- times ------------------------------------------------------------------------------------- */
static const weir_time_embedding_opts time_embedding_whole = {
    .size = sizeof(weir_time_embedding_opts), .base = 10000, .shift = 1, .scale = 1
};

void weir_time_embedding_defaults_sized(weir_time_embedding_opts *o, size_t size)
{
    weir__sized_defaults(o, size, &time_embedding_whole, sizeof time_embedding_whole);
}

/* [.., 2 n] and a column of zeros where dim is odd */
static weir_tensor *time_embedding_join(weir_tensor *angles, int64_t dim, bool cosine_first)
{
    weir_tensor *s = weir_sin(angles), *c = weir_cos(angles);
    weir_tensor *y = weir_cat(2, cosine_first ? WEIR__IN(c, s) : WEIR__IN(s, c), -1);
    return dim % 2 ? weir_pad(y, 1, (const int64_t[]){ 0, 1 }, 0) : y;
}

weir_tensor *weir_time_embedding(weir_tensor *t, int64_t dim, const weir_time_embedding_opts *o)
{
    WEIR__AS_FOUND;
    weir_time_embedding_opts k = time_embedding_whole;
    if (!position_is_real(t, "time_embedding")) return weir__nil_of(t);
    weir_ctx *c = t->object.ctx;
    if (!weir__sized_read(c, "time_embedding: options", "them from weir_time_embedding_defaults", o,
                          &k, sizeof k)
        || !position_fits(c, "time_embedding", dim, 1, k.base))
        return weir__nil_of(t);
    double over = (double)(dim / 2) - k.shift;
    if (dim < 2 || !(over > 0)) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "time_embedding: %lld columns, shift %g: expected half the columns, at least 1, "
                  "above the shift",
                  (long long)dim, k.shift);
        return weir__nil_of(t);
    }
    weir_tensor *angles = position_angles(t, dim / 2, over, k.base);
    if (k.scale != 1) angles = weir_scale(angles, k.scale);
    return time_embedding_join(angles, dim, k.cosine_first);
}

/* -- places of an image ------------------------------------------------------------------------ */
/* [n, half]: sines, then cosines, of places 0 .. n - 1 */
static weir_tensor *sincos_axis(weir_ctx *c, weir_dtype t, int64_t half, int64_t n, double step)
{
    weir_tensor *at = weir_scale(weir_arange(c, WEIR_F64, n), step);
    weir_tensor *angles = position_angles(at, half / 2, (double)half / 2, 10000);
    return weir_cast(weir_cat(2, WEIR__IN(weir_sin(angles), weir_cos(angles)), -1), t);
}

weir_tensor *weir_sincos_2d(weir_ctx *c, weir_dtype t, int64_t dim, int64_t height, int64_t width,
                            double step_height, double step_width)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c) || !position_fits(c, "sincos_2d", dim, 4, 1)) return weir__nil(c, WEIR__TENSOR);
    if (!weir_dtype_is_real(t) || height < 0 || width < 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "sincos_2d: %s, %lld x %lld: expected f32 or f64, and extents of 0 or more",
                  weir_dtype_name(t), (long long)height, (long long)width);
        return weir__nil(c, WEIR__TENSOR);
    }
    const int64_t half = dim / 2, whole[] = { height, width, half }, flat[] = { -1, dim };
    const int64_t across[] = { 1, width, half }, down[] = { height, 1, half };
    weir_tensor *x = sincos_axis(c, t, half, width, step_width);
    weir_tensor *y = sincos_axis(c, t, half, height, step_height);
    x = weir_expand(weir_reshape(x, 3, across), 3, whole);
    y = weir_expand(weir_reshape(y, 3, down), 3, whole);
    if (height == 0 || width == 0) return weir_zeros(c, t, 2, (const int64_t[]){ 0, dim });
    return weir_reshape(weir_cat(2, WEIR__IN(x, y), -1), 2, flat);
}
