/* patch.c - images as sequences of patches and back. The images lie channels-last, so that a
 * sequence of single places is a view. */
#include "ops/ops.h"

static weir_tensor *patch_misfit(weir_tensor *x, const char *name, int64_t p, const char *expected)
{
    char text[128];
    size_t used = 0;
    if (weir_is_nil(x)) return weir__nil_of(x);
    weir__append_shapes(text, sizeof text, &used, 1, &x);
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "%s: %s by %lld: expected %s", name, text,
              (long long)p, expected);
    return weir__nil_of(x);
}

static const int patch_last[] = { 0, 2, 3, 1 }, patch_first[] = { 0, 3, 1, 2 };
static const int patch_order[] = { 0, 1, 3, 2, 4, 5 }; /* n h p w q c to n h w p q c, and back */

weir_tensor *weir_patchify(weir_tensor *x, int64_t p)
{
    bool fits = weir_ndim(x) == 4 && p > 0 && weir_dim(x, 2) % p == 0 && weir_dim(x, 3) % p == 0;
    if (!fits) return patch_misfit(x, "patchify", p, "[N, C, H, W], H and W multiples of it");
    int64_t n = x->shape[0], c = x->shape[1], h = x->shape[2] / p, w = x->shape[3] / p;
    const int64_t apart[] = { n, h, p, w, p, c }, lines[] = { n, h * w, p * p * c };
    weir_tensor *y = weir_reshape(weir_permute(x, patch_last), 6, apart);
    return weir_reshape(weir_permute(y, patch_order), 3, lines);
}

weir_tensor *weir_unpatchify(weir_tensor *x, int64_t height, int64_t width, int64_t p)
{
    bool sane = p > 0 && p < 1 << 20 && height > 0 && width > 0 && height < INT32_MAX
                && width < INT32_MAX && height % p == 0 && width % p == 0;
    int64_t h = sane ? height / p : 0;
    int64_t w = sane ? width / p : 0;
    if (!sane || weir_ndim(x) != 3 || weir_dim(x, 1) != h * w || weir_dim(x, 2) % (p * p) != 0)
        return patch_misfit(x, "unpatchify", p, "[N, places, its square times C], a place a patch");
    int64_t n = x->shape[0], c = x->shape[2] / (p * p);
    const int64_t apart[] = { n, h, w, p, p, c }, together[] = { n, height, width, c };
    weir_tensor *y = weir_permute(weir_reshape(x, 6, apart), patch_order);
    return weir_permute(weir_reshape(y, 4, together), patch_first);
}

weir_tensor *weir_patch_embedding(weir_tensor *x, weir_tensor *w, weir_tensor *b)
{
    weir_conv2d_opts o = weir_conv2d_defaults();
    if (weir_ndim(w) == 4) {
        for (int i = 0; i < 2; i++) o.stride[i] = weir_dim(w, 2 + i) > 0 ? weir_dim(w, 2 + i) : 1;
    }
    weir_tensor *y = weir_conv2d(x, w, b, &o);
    if (weir_is_nil(y)) return y;
    const int64_t lines[] = { y->shape[0], y->shape[2] * y->shape[3], y->shape[1] };
    return weir_reshape(weir_permute(y, patch_last), 3, lines);
}
