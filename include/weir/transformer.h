/* weir/transformer.h - ops that transformers are made of: modulation, embeddings of places and
 * times, patches. Part of weir/ops.h, which says what all ops share and has attention.
 *
 *     weir_tensor *image = weir_randn(c, WEIR_F32, 4, (const int64_t[]){ 2, 4, 8, 8 });
 *     weir_tensor *t = weir_full(c, WEIR_F32, 1, (const int64_t[]){ 2 }, 500);
 *     weir_tensor *x = weir_patchify(image, 2);                         // [2, 16, 16]
 *     x = weir_add(x, weir_sincos_2d(c, WEIR_F32, 16, 4, 4, 1, 1));     // places
 *     weir_tensor *scale = weir_time_embedding(t, 16, NULL);            // [2, 16]
 *     weir_tensor *y = weir_modulate(x, scale, weir_zeros_like(scale));
 *     weir_print(weir_unpatchify(y, 8, 8, 2), stdout);                  // [2, 4, 8, 8]
 *
 */
#ifndef WEIR_TRANSFORMER_H
#define WEIR_TRANSFORMER_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- numbers of a sample for all its places ---------------------------------------------------- */
/* x (1 + scale) + shift: x [B, .., C], scale, shift [B, C] (FiLM, Perez et al. 2018; adaptive layer
 * norm, Peebles & Xie 2023). Sums of their gradients have an order that the places alone decide. */
WEIR_API weir_tensor *weir_modulate(weir_tensor *x, weir_tensor *scale, weir_tensor *shift);
/* x + gate y: x, y [B, .., C] of one shape, gate [B, C] */
WEIR_API weir_tensor *weir_gate(weir_tensor *x, weir_tensor *y, weir_tensor *gate);

/* -- rotary embedding (Su et al. 2021) --------------------------------------------------------- */
/* Pairs (a, b) of the last axis of x [.., E], E even, turned by angles: (a cos - b sin, a sin + b
 * cos). Pairs are neighbours 2i, 2i + 1, or i and i + E / 2; cosine and sine broadcast to [.., E /
 * 2], as [L, E / 2] does for x [B, heads, L, E]. */
WEIR_API weir_tensor *weir_rotary(weir_tensor *x, weir_tensor *cosine, weir_tensor *sine,
                                  bool neighbours);
/* [.., dim / 2]: at base^(-2 j / dim), of places `at` [..], dim even; base 10000 as a rule. Of
 * places with several coordinates: those of each, side by side (weir_cat). */
WEIR_API weir_tensor *weir_rotary_angles(weir_tensor *at, int64_t dim, double base);

/* -- embeddings of times and places ------------------------------------------------------------ */
typedef struct weir_time_embedding_opts {
    size_t size;
    double base; /* 10000 */
    double shift; /* 1 in diffusers; 0 in DiT and ADM */
    double scale; /* 1; of the angles */
    bool cosine_first; /* false; diffusers' flip_sin_to_cos */
} weir_time_embedding_opts;
WEIR_API void weir_time_embedding_defaults_sized(weir_time_embedding_opts *o, size_t size);
WEIR_DEFAULTS(weir_time_embedding_opts, weir_time_embedding_defaults)
/* [.., dim] of t [..]: sines, then cosines, of scale t base^(-j / (h - shift)), j = 0 .. h - 1, h =
 * floor(dim / 2), and a 0 where dim is odd: diffusers' get_timestep_embedding. o NULL: the
 * defaults. */
WEIR_API weir_tensor *weir_time_embedding(weir_tensor *t, int64_t dim,
                                          const weir_time_embedding_opts *o);
/* [height width, dim], rows of the image one after the other, dim a multiple of 4: sines, then
 * cosines, of x 10000^(-j / (dim / 4)), then those of y, at places x = step_width times 0, 1, ..,
 * and y likewise: MAE's and DiT's table with steps 1. No gradient. */
WEIR_API weir_tensor *weir_sincos_2d(weir_ctx *c, weir_dtype t, int64_t dim, int64_t height,
                                     int64_t width, double step_height, double step_width);

/* -- patches ----------------------------------------------------------------------------------- */
/* [N, C, H, W] -> [N, (H / p) (W / p), p p C]: patches row by row, each in the order place, channel
 * (DiT's); and back, to an image of height x width that lies channels-last. Each is one copy. */
WEIR_API weir_tensor *weir_patchify(weir_tensor *x, int64_t p);
WEIR_API weir_tensor *weir_unpatchify(weir_tensor *x, int64_t height, int64_t width, int64_t p);
/* conv2d with w [D, C, p, q], stride its extents, as a sequence [N, (H / p) (W / q), D]; b [D] or
 * NULL. */
WEIR_API weir_tensor *weir_patch_embedding(weir_tensor *x, weir_tensor *w, weir_tensor *b);

#ifdef __cplusplus
}
#endif
#endif
