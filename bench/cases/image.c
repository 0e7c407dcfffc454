/* image.c - norms, residual blocks and copies at the shapes of Glow, U-Nets and autoencoders,
 * images channels-last. */
#include "lines.h"

#define LINE(op, shapes, call) { op, shapes, call, false, true }
#define BOTH(op, shapes, call) \
    LINE(op, shapes, call), { op "+grad", shapes, call, true, true }
#define COUNT(lines) (int)(sizeof(lines) / sizeof *(lines))

/* -- norms ------------------------------------------------------------------------------------- */
static weir_tensor *group_norm(weir_tensor *const *x)
{
    return weir_group_norm(x[0], 32, x[1], x[2], 1e-5);
}

static weir_tensor *group_norm_silu(weir_tensor *const *x)
{
    return weir_group_norm_silu(x[0], 32, x[1], x[2], 1e-5);
}

static weir_tensor *batch_norm(weir_tensor *const *x)
{
    return weir_batch_norm(x[0], NULL, NULL, x[1], x[2], true, 0.1, 1e-5);
}

static weir_tensor *batch_norm_eval(weir_tensor *const *x)
{
    return weir_batch_norm(x[0], x[3], x[4], x[1], x[2], false, 0.1, 1e-5);
}

/* (x + b) e^s */
static weir_tensor *actnorm(weir_tensor *const *x)
{
    const int64_t shape[] = { 1, weir_dim(x[0], 1), 1, 1 };
    weir_tensor *b = weir_reshape(x[1], 4, shape);
    return weir_mul(weir_add(x[0], b), weir_exp(weir_reshape(x[2], 4, shape)));
}

static const weir__line norms[] = {
    BOTH("group_norm_16x64x32x32", "16,64,32,32 64 64", group_norm),
    BOTH("group_norm_16x256x8x8", "16,256,8,8 256 256", group_norm),
    BOTH("group_norm_silu_16x64x32x32", "16,64,32,32 64 64", group_norm_silu),
    BOTH("group_norm_silu_16x128x16x16", "16,128,16,16 128 128", group_norm_silu),
    BOTH("group_norm_silu_1x512x64x64", "1,512,64,64 512 512", group_norm_silu),
    BOTH("batch_norm_16x64x32x32", "16,64,32,32 64 64", batch_norm),
    LINE("batch_norm_eval_16x64x32x32", "16,64,32,32 64 64 n64 v64", batch_norm_eval),
    BOTH("actnorm_16x12x16x16", "16,12,16,16 12 12", actnorm),
    BOTH("actnorm_16x48x8x8", "16,48,8,8 48 48", actnorm),
};

/* -- residual blocks --------------------------------------------------------------------------- */
static weir_tensor *half_block(weir_tensor *x, weir_tensor *const *p)
{
    weir_conv2d_opts o = weir_conv2d_defaults();
    o.padding[0] = o.padding[1] = 1;
    return weir_conv2d(weir_group_norm_silu(x, 32, p[0], p[1], 1e-5), p[2], p[3], &o);
}

/* x + f(f(x)), f a group norm, SiLU and a convolution of 3 x 3 places */
static weir_tensor *block(weir_tensor *const *x)
{
    return weir_add(x[0], half_block(half_block(x[0], x + 1), x + 1));
}

static const weir__line blocks[] = {
    BOTH("block_16x64x32x32", "16,64,32,32 64 64 64,64,3,3 64", block),
    BOTH("block_16x128x16x16", "16,128,16,16 128 128 128,128,3,3 128", block),
    BOTH("block_16x256x8x8", "16,256,8,8 256 256 256,256,3,3 256", block),
    BOTH("block_1x512x64x64", "1,512,64,64 512 512 512,512,3,3 512", block),
};

/* -- copies ------------------------------------------------------------------------------------ */
static weir_tensor *pad(weir_tensor *const *x)
{
    return weir_pad(x[0], 2, (const int64_t[]){ 0, 1, 0, 1 }, 0);
}

static weir_tensor *pad_reflect(weir_tensor *const *x)
{
    return weir_pad_reflect(x[0], 2, (const int64_t[]){ 1, 1, 1, 1 });
}

/* The second half of the channels, dense in the order of x */
static weir_tensor *slice(weir_tensor *const *x)
{
    int64_t n = weir_dim(x[0], 1);
    return weir_channels_last(weir_slice(x[0], 1, n / 2, n, 1));
}

static weir_tensor *dropout(weir_tensor *const *x) { return weir_dropout(x[0], 0.1, true); }
static weir_tensor *pick(weir_tensor *const *x) { return weir_index_select(x[0], 1, x[1]); }
static weir_tensor *flip(weir_tensor *const *x) { return weir_flip(x[0], 1, (const int[]){ 3 }); }
static weir_tensor *cat(weir_tensor *const *x) { return weir_cat(2, x, 1); }
static weir_tensor *logical(weir_tensor *const *x) { return weir_contiguous(x[0]); }
static weir_tensor *last(weir_tensor *const *x)
{
    return weir_channels_last(weir_permute(x[0], (const int[]){ 0, 1, 2, 3 }));
}

/* [B, L, 3 C] -> q, k, v by heads of 64, dense, added as what comes after them might */
static weir_tensor *qkv(weir_tensor *const *x)
{
    int64_t b = weir_dim(x[0], 0), l = weir_dim(x[0], 1), c = weir_dim(x[0], 2) / 3;
    weir_tensor *p[3];
    const int64_t sizes[] = { c, c, c };
    const int64_t heads[] = { b, l, c / 64, 64 };
    weir_split(x[0], 2, 3, sizes, p);
    for (int i = 0; i < 3; i++)
        p[i] = weir_contiguous(weir_transpose(weir_reshape(p[i], 4, heads), 1, 2));
    return weir_add(weir_add(p[0], p[1]), p[2]);
}

/* [B, C, H, W] -> [B, (H / 2) (W / 2), 4 C] */
static weir_tensor *patches(weir_tensor *const *x)
{
    int64_t b = weir_dim(x[0], 0), c = weir_dim(x[0], 1), h = weir_dim(x[0], 2) / 2;
    const int64_t apart[] = { b, c, h, 2, h, 2 };
    const int64_t flat[] = { b, h * h, 4 * c };
    weir_tensor *y = weir_permute(weir_reshape(x[0], 6, apart), (const int[]){ 0, 2, 4, 3, 5, 1 });
    return weir_reshape(y, 3, flat);
}

/* Images as sequences of patches of 2 x 2 places, and back to 32 x 32 */
static weir_tensor *patchify(weir_tensor *const *x) { return weir_patchify(x[0], 2); }
static weir_tensor *unpatchify(weir_tensor *const *x) { return weir_unpatchify(x[0], 32, 32, 2); }

static const weir__line copies[] = {
    BOTH("pad_16x128x32x32", "16,128,32,32", pad),
    BOTH("pad_reflect_16x64x32x32", "16,64,32,32", pad_reflect),
    BOTH("slice_16x128x32x32", "16,128,32,32", slice),
    BOTH("dropout_16x128x16x16", "16,128,16,16", dropout),
    BOTH("index_select_16x128x16x16", "16,128,16,16 i128", pick),
    { "index_select_dense_16x128x16x16", "16,128,16,16 i128", pick, false, false },
    BOTH("flip_16x64x32x32", "16,64,32,32", flip),
    BOTH("cat_16x64x32x32", "16,64,32,32 16,64,32,32", cat),
    LINE("to_logical_16x64x32x32", "16,64,32,32", logical),
    LINE("to_logical_1x1024x64x64", "1,1024,64,64", logical),
    { "to_last_16x64x32x32", "16,64,32,32", last, false, false },
    { "to_last_1x512x64x64", "1,512,64,64", last, false, false },
    { "to_last_16x3x64x64", "16,3,64,64", last, false, false },
    { "qkv_4x256x1152", "4,256,1152", qkv, false, false },
    { "qkv_4x256x1152+grad", "4,256,1152", qkv, true, false },
    { "patches_16x4x32x32", "16,4,32,32", patches, false, false },
    { "patches_16x4x32x32+grad", "16,4,32,32", patches, true, false },
    { "patches_16x3x64x64", "16,3,64,64", patches, false, false },
    { "patches_16x3x64x64+grad", "16,3,64,64", patches, true, false },
    BOTH("patchify_16x4x32x32", "16,4,32,32", patchify),
    BOTH("unpatchify_16x256x16", "16,256,16", unpatchify),
};

static int norms_run(weir__bench *b) { return weir__lines_run(b, "norms", COUNT(norms), norms); }
static int blocks_run(weir__bench *b)
{
    return weir__lines_run(b, "blocks", COUNT(blocks), blocks);
}
static int copies_run(weir__bench *b)
{
    return weir__lines_run(b, "copies", COUNT(copies), copies);
}

CASE(norms, "normalisations of images that lie channels-last");
CASE(blocks, "residual blocks of U-Nets and autoencoders");
CASE(copies, "padding, slices, joins and copies between memory orders");
