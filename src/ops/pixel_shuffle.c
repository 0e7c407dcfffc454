/* pixel_shuffle.c - channels to places and back (Shi et al. 2016): one copy, channels-last. */
#include "ops/ops.h"

static const int channels_to_back[] = { 0, 2, 3, 1 }, channels_to_front[] = { 0, 3, 1, 2 };

static bool pixel_fits(weir_tensor *x, const char *name, int64_t r, bool whole, const char *what)
{
    char text[128];
    size_t used = 0;
    if (weir_is_nil(x)) return false;
    if (r >= 1 && r < 1 << 20 && x->ndim == 4 && whole) return true;
    weir__append_shapes(text, sizeof text, &used, 1, &x);
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "%s: %s by %lld: expected [N, C, H, W] with %s",
              name, text, (long long)r, what);
    return false;
}

/* The places of x [N, C, H, W] as [N, H, W, C], a view, split where they are r apart */
weir_tensor *weir_pixel_shuffle(weir_tensor *x, int64_t r)
{
    bool whole = weir_ndim(x) == 4 && r > 0 && r < 1 << 20 && weir_dim(x, 1) % (r * r) == 0;
    if (!pixel_fits(x, "pixel_shuffle", r, whole, "C a multiple of its square"))
        return weir__nil_of(x);
    int64_t n = x->shape[0], c = x->shape[1] / (r * r), h = x->shape[2], w = x->shape[3];
    const int64_t apart[] = { n, h, w, c, r, r }, together[] = { n, h * r, w * r, c };
    static const int order[] = { 0, 1, 4, 2, 5, 3 };
    weir_tensor *y = weir_reshape(weir_permute(x, channels_to_back), 6, apart);
    return weir_permute(weir_reshape(weir_permute(y, order), 4, together), channels_to_front);
}

weir_tensor *weir_pixel_unshuffle(weir_tensor *x, int64_t r)
{
    bool whole = weir_ndim(x) == 4 && r > 0 && weir_dim(x, 2) % r == 0 && weir_dim(x, 3) % r == 0;
    if (!pixel_fits(x, "pixel_unshuffle", r, whole, "H and W multiples of it"))
        return weir__nil_of(x);
    int64_t n = x->shape[0], c = x->shape[1], h = x->shape[2] / r, w = x->shape[3] / r;
    const int64_t apart[] = { n, h, r, w, r, c }, together[] = { n, h, w, c * r * r };
    static const int order[] = { 0, 1, 3, 5, 2, 4 };
    weir_tensor *y = weir_reshape(weir_permute(x, channels_to_back), 6, apart);
    return weir_permute(weir_reshape(weir_permute(y, order), 4, together), channels_to_front);
}
