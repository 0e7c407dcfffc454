/* sequence.c - sums over outer axes, short lines and conversions at the shapes of DiT and MMDiT. */
#include <math.h>
#include <string.h>
#include "lines.h"
#include "weir/nn.h"

#define LINE(op, shapes, call) { op, shapes, call, false, true }
#define BOTH(op, shapes, call) \
    LINE(op, shapes, call), { op "+grad", shapes, call, true, true }
/* Rank 4, yet no images: heads lie dense, as PyTorch is given them */
#define HEADS(op, shapes, call) \
    { op, shapes, call, false, false }, { op "+grad", shapes, call, true, false }
#define COUNT(lines) (int)(sizeof(lines) / sizeof *(lines))

/* -- sums -------------------------------------------------------------------------------------- */
static weir_tensor *sum_first(weir_tensor *const *x)
{
    return weir_sum_axes(x[0], 1, (const int[]){ 0 }, false);
}

static weir_tensor *sum_channels(weir_tensor *const *x)
{
    return weir_sum_axes(x[0], 3, (const int[]){ 0, 2, 3 }, false);
}

static weir_tensor *sum_places(weir_tensor *const *x)
{
    return weir_sum_axes(x[0], 2, (const int[]){ 2, 3 }, false);
}

static weir_tensor *sum_middle(weir_tensor *const *x)
{
    return weir_sum_axes(x[0], 1, (const int[]){ 1 }, false);
}

static weir_tensor *sum_all(weir_tensor *const *x) { return weir_sum(x[0]); }
static weir_tensor *sum_last(weir_tensor *const *x)
{
    return weir_sum_axes(x[0], 1, (const int[]){ -1 }, false);
}

/* x [B, L, C] (1 + scale) + shift, both [B, 1, C] */
static weir_tensor *modulate(weir_tensor *const *x)
{
    return weir_add(weir_mul(x[0], weir_affine(x[1], 1, 1)), x[2]);
}

/* x + gate y */
static weir_tensor *gate(weir_tensor *const *x) { return weir_add(x[0], weir_mul(x[1], x[2])); }

/* h [B, C, H, W] + e [B, C, 1, 1]: how a U-Net tells of time */
static weir_tensor *time_add(weir_tensor *const *x) { return weir_add(x[0], x[1]); }

static const weir__line sums[] = {
    LINE("sum_first_4096x1152", "4096,1152", sum_first),
    LINE("sum_middle_16x256x1152", "16,256,1152", sum_middle),
    LINE("sum_last_4096x1152", "4096,1152", sum_last),
    LINE("sum_all_4096x1152", "4096,1152", sum_all),
    LINE("sum_channels_16x64x32x32", "16,64,32,32", sum_channels),
    LINE("sum_places_16x64x32x32", "16,64,32,32", sum_places),
    { "modulate_16x256x1152+grad", "16,256,1152 16,1,1152 16,1,1152", modulate, true, true },
    { "gate_16x256x1152+grad", "16,256,1152 16,256,1152 16,1,1152", gate, true, true },
    { "time_add_16x64x32x32+grad", "16,64,32,32 16,64,1,1", time_add, true, true },
};

/* -- short lines, activations, single samples, attention --------------------------------------- */
static weir_tensor *softmax(weir_tensor *const *x) { return weir_softmax(x[0], -1); }
static weir_tensor *logsumexp(weir_tensor *const *x) { return weir_logsumexp(x[0], -1, false); }
static weir_tensor *cumsum(weir_tensor *const *x) { return weir_cumsum(x[0], -1); }
static weir_tensor *gelu(weir_tensor *const *x) { return weir_gelu(x[0]); }
static weir_tensor *layer_norm(weir_tensor *const *x)
{
    return weir_layer_norm(x[0], 1, x[1], x[2], 1e-6);
}
static weir_tensor *linear(weir_tensor *const *x) { return weir_linear(x[0], x[1], NULL); }
static weir_tensor *attend(weir_tensor *const *x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], NULL, false, NAN);
}
static weir_tensor *attend_masked(weir_tensor *const *x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], x[3], false, NAN);
}

static const weir__line shorts[] = {
    LINE("softmax_65536x4", "65536,4", softmax),
    BOTH("softmax_16384x16", "16384,16", softmax),
    LINE("softmax_4096x64", "4096,64", softmax),
    LINE("softmax_1024x1000", "1024,1000", softmax),
    LINE("logsumexp_65536x4", "65536,4", logsumexp),
    LINE("logsumexp_16384x16", "16384,16", logsumexp),
    LINE("logsumexp_4096x64", "4096,64", logsumexp),
    LINE("cumsum_65536x4", "65536,4", cumsum),
    LINE("cumsum_16384x16", "16384,16", cumsum),
    LINE("cumsum_4096x64", "4096,64", cumsum),
    BOTH("gelu_4096x1152", "4096,1152", gelu),
    BOTH("layer_norm_4096x1152", "4096,1152 1152 1152", layer_norm),
    LINE("linear_1x1536_to_9216", "1,1536 9216,1536", linear),
    LINE("linear_2x1536_to_9216", "2,1536 9216,1536", linear),
    HEADS("attend_4x6x256x64", "4,6,256,64 4,6,256,64 4,6,256,64", attend),
    HEADS("attend_bool_4x6x256x64", "4,6,256,64 4,6,256,64 4,6,256,64 b4,1,256,256", attend_masked),
    { "attend_bias_4x6x256x64+grad", "4,6,256,64 4,6,256,64 4,6,256,64 6,256,256", attend_masked,
      true, false },
    HEADS("attend_one_head_1x1x1024x64", "1,1,1024,64 1,1,1024,64 1,1,1024,64", attend),
};

/* -- conversions ------------------------------------------------------------------------------- */
static weir_tensor *to_f32(weir_tensor *const *x) { return weir_cast(x[0], WEIR_F32); }
static weir_tensor *to_bf16(weir_tensor *const *x) { return weir_cast(x[0], WEIR_BF16); }
static weir_tensor *to_f16(weir_tensor *const *x) { return weir_cast(x[0], WEIR_F16); }

/* -- weights of a file in memory, 16 bits a number, into f32 ------------------------------------
 */
enum { WEIGHTS = 1 << 20, WEIGHTS_HEAD = 256 };
typedef struct weights {
    weir_module *m;
    char file[WEIGHTS_HEAD + 2 * WEIGHTS];
    size_t bytes;
} weights;
static weights from_f16, from_bf16;

static weir_tensor *load(weights *w, weir_tensor *x)
{
    weir_load_info info = { .size = sizeof info };
    return weir_module_load_from_memory(w->m, w->file, w->bytes, true, &info) == WEIR_OK ? x : NULL;
}
static weir_tensor *load_f16(weir_tensor *const *x) { return load(&from_f16, x[0]); }
static weir_tensor *load_bf16(weir_tensor *const *x) { return load(&from_bf16, x[0]); }

/* A safetensors file of one matrix of zeros, whose length the first eight bytes tell */
static void weights_open(weir_ctx *c, weights *w, const char *type)
{
    char *head = w->file + 8;
    memset(w->file, 0, sizeof w->file);
    int n = snprintf(head, WEIGHTS_HEAD - 8,
                     "{\"weight\":{\"dtype\":\"%s\",\"shape\":[1024,1024],"
                     "\"data_offsets\":[0,%d]}}",
                     type, 2 * WEIGHTS);
    w->file[0] = (char)n;
    w->bytes = 8 + (size_t)n + 2 * WEIGHTS;
    w->m = weir_module_new(c, "linear", "in=1024 out=1024 bias=no");
    weir_module_seal(w->m);
}

static const weir__line converts[] = {
    LINE("bf16_to_f32_1048576", "h1048576", to_f32), LINE("f16_to_f32_1048576", "g1048576", to_f32),
    LINE("f32_to_bf16_1048576", "1048576", to_bf16), LINE("f32_to_f16_1048576", "1048576", to_f16),
    LINE("load_f16_1048576", "1", load_f16),         LINE("load_bf16_1048576", "1", load_bf16),
};

static int sums_run(weir__bench *b) { return weir__lines_run(b, "sums", COUNT(sums), sums); }
static int short_run(weir__bench *b) { return weir__lines_run(b, "short", COUNT(shorts), shorts); }
static int convert_run(weir__bench *b)
{
    weights_open(b->ctx, &from_f16, "F16");
    weights_open(b->ctx, &from_bf16, "BF16");
    int code = weir__lines_run(b, "convert", COUNT(converts), converts);
    weir_module_free(from_f16.m);
    weir_module_free(from_bf16.m);
    return code;
}

CASE(sums, "sums over outer axes, and the gradients that are such sums");
CASE(short, "short lines, activations, one or two samples, attention");
CASE(convert, "f32 to f16 and bf16 and back, weights of 16 bits loaded");
