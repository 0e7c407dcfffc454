/* weir/tensor.h - n-dimensional arrays.
 *
 *     const int64_t shape[] = {2, 3};
 *     weir_tensor *x = weir_from_f32(c, (const float[]){1, 2, 3, 4, 5, 6}, 2, shape);
 *     weir_tensor *y = weir_mul(x, weir_scalar(c, WEIR_F32, 2));
 *     printf("%g\n", weir_get(y, (const int64_t[]){1, 2}));             // 12
 *     weir_print(weir_transpose(y, 0, 1), stdout);                      // a view: no copy
 *
 * A tensor is a handle: shape, strides and a place in a storage that views share. It lives in the
 * scope where it was made. Rank up to 8; 0-d and empty tensors behave as in NumPy. Shapes are
 * logical (images NCHW) whatever the memory order. f32 and f64 are computed with; i64, i32, u8,
 * bool are indices, labels and storage; bf16 and f16 storage. There is no implicit promotion: f32
 * with f64 is an error that says so (weir_cast converts); C scalars take the tensor's type.
 *
 * Memory order. A new tensor is dense in logical order. Images, [N, C, H, W], may lie
 * channels-last: dense in the order N, H, W, C, their shape and every index as before. It spreads
 * by three rules. Image ops (convolution, pooling, upsampling) take any order and give
 * channels-last. Element-wise ops, group and batch norm and weir_cat give channels-last where an
 * input that is not broadcast lies so. All else gives logical order; weir_channels_last and
 * weir_contiguous convert. Values never depend on the order; memory behind weir_data does: go by
 * weir_strides. */
#ifndef WEIR_TENSOR_H
#define WEIR_TENSOR_H
#include <stdio.h>
#include "weir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_tensor weir_tensor;

enum { WEIR_RANK_MAX = 8 };

/* Values are part of the ABI and of no file format. */
typedef enum weir_dtype {
    WEIR_F32 = 0,
    WEIR_F64 = 1,
    WEIR_I64 = 2,
    WEIR_I32 = 3,
    WEIR_U8 = 4,
    WEIR_BOOL = 5,
    WEIR_BF16 = 6,
    WEIR_F16 = 7
} weir_dtype;
WEIR_API size_t weir_dtype_size(weir_dtype t);      /* bytes of one element */
WEIR_API const char *weir_dtype_name(weir_dtype t); /* "f32" ... */
WEIR_API bool weir_dtype_is_real(weir_dtype t);     /* f32 or f64: can be computed with */

/* -- making. Results live in the current scope; every shape is `ndim` extents, copied. --------- */
/* contents undefined */
WEIR_API weir_tensor *weir_empty(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape);
WEIR_API weir_tensor *weir_zeros(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape);
WEIR_API weir_tensor *weir_ones(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape);
WEIR_API weir_tensor *weir_full(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape,
                                double value);
WEIR_API weir_tensor *weir_scalar(weir_ctx *c, weir_dtype t, double value); /* 0-d */
WEIR_API weir_tensor *weir_arange(weir_ctx *c, weir_dtype t, int64_t n); /* [n]: 0, 1, .. n-1 */
/* start, start + step, .. before stop */
WEIR_API weir_tensor *weir_range(weir_ctx *c, weir_dtype t, double start, double stop, double step);
/* [n], evenly spaced, both ends */
WEIR_API weir_tensor *weir_linspace(weir_ctx *c, weir_dtype t, double first, double last,
                                    int64_t n);
/* [n, n]: 1 where i = j */
WEIR_API weir_tensor *weir_eye(weir_ctx *c, weir_dtype t, int64_t n);
/* copies, logical order */
WEIR_API weir_tensor *weir_from_f32(weir_ctx *c, const float *values, int ndim,
                                    const int64_t *shape);
WEIR_API weir_tensor *weir_from_f64(weir_ctx *c, const double *values, int ndim,
                                    const int64_t *shape);
/* i64: indices, labels */
WEIR_API weir_tensor *weir_from_i64(weir_ctx *c, const int64_t *values, int ndim,
                                    const int64_t *shape);
WEIR_API weir_tensor *weir_zeros_like(weir_tensor *x);
WEIR_API weir_tensor *weir_full_like(weir_tensor *x, double value); /* x's type and shape */
/* Host memory without a copy. `strides` in elements, NULL: dense in logical order. `release(user,
 * data)` is called once when the last view is gone (NULL: never; the caller keeps `data` alive).
 * The memory is written only through the in-place calls below. */
WEIR_API weir_tensor *weir_tensor_wrap(weir_ctx *c, weir_dtype t, void *data, int ndim,
                                       const int64_t *shape, const int64_t *strides,
                                       void (*release)(void *user, void *data), void *user);

/* -- looking. Accessors on nil: rank 0, extent 0, NaN, an empty buffer. ------------------------ */
WEIR_API weir_ctx *weir_ctx_of(const weir_tensor *x);
WEIR_API bool weir_is_nil(const weir_tensor *x); /* what a failed op returned, or NULL */
WEIR_API weir_dtype weir_dtype_of(const weir_tensor *x);
WEIR_API int weir_ndim(const weir_tensor *x); /* 0 to 8 */
WEIR_API int64_t weir_dim(const weir_tensor *x, int axis); /* axis < 0 counts from the end */
WEIR_API const int64_t *weir_shape(const weir_tensor *x);
WEIR_API const int64_t *weir_strides(const weir_tensor *x); /* in elements */
WEIR_API int64_t weir_numel(const weir_tensor *x);
WEIR_API bool weir_is_contiguous(const weir_tensor *x); /* dense in logical order */
/* rank 4, dense in the order N, H, W, C; may hold beside the above */
WEIR_API bool weir_is_channels_last(const weir_tensor *x);
WEIR_API double weir_item(const weir_tensor *x); /* of a tensor of one element */
WEIR_API double weir_get(const weir_tensor *x, const int64_t *index);
/* First element; address others through the strides. Reading it while ops run on other threads is
 * the caller's care. NULL, after an error, for a parameter of a module that has not been used: it
 * has no memory yet. */
WEIR_API const void *weir_data(const weir_tensor *x);
/* The same for writing: bumps the storage's version, so that a backward that needs the old values
 * says so. */
WEIR_API void *weir_data_mut(weir_tensor *x);
/* Elements in logical order, converted; `n` must be weir_numel(x). */
WEIR_API weir_status weir_copy_to_f32(const weir_tensor *x, float *out, int64_t n);
WEIR_API weir_status weir_copy_to_f64(const weir_tensor *x, double *out, int64_t n);
WEIR_API weir_status weir_copy_to_i64(const weir_tensor *x, int64_t *out, int64_t n);
/* Text as NumPy prints it (long axes abbreviated), at most bytes-1 characters and a 0. Returns the
 * length it wanted. */
WEIR_API int weir_format(const weir_tensor *x, char *buffer, size_t bytes);
WEIR_API void weir_print(const weir_tensor *x, FILE *out); /* the same, and a new line */

/* -- in place ---------------------------------------------------------------------------------- */
/* The only calls that write into a tensor. Shapes broadcast to `x`'s. They are not recorded:
 * outside a no_grad scope they refuse a leaf that requires gradients and a result with history; a
 * backward that needs what was overwritten says so. Each returns x. */
WEIR_API weir_tensor *weir_copy_(weir_tensor *x, weir_tensor *from);
WEIR_API weir_tensor *weir_add_(weir_tensor *x, weir_tensor *y);
WEIR_API weir_tensor *weir_mul_(weir_tensor *x, weir_tensor *y);
WEIR_API weir_tensor *weir_fill_(weir_tensor *x, double value);

/* -- life -------------------------------------------------------------------------------------- */
/* Moves x, with its history, from the innermost scope to the one around it; returns x. */
WEIR_API weir_tensor *weir_keep(weir_tensor *x);
/* For bindings that free in any order: a counted reference beside the scope's. */
WEIR_API weir_tensor *weir_retain(weir_tensor *x);
/* Gives weir_retain's back. A tensor of a scope that was not retained it ends, before the scope
 * does: its memory is free at once, and a use afterwards is an error (WEIR_ERROR_STATE) that names
 * it. One that a batch or a condition has stays until the scope ends; what a graph saved of it, the
 * graph has until its backward. Containers of modules do so with what their layers have used up,
 * recorded or not; a program with layers of its own:
 *
 *     for (int i = 0; i < n; i++) {
 *         weir_tensor *y = weir_module_forward(layer[i], x);
 *         weir_release(x);
 *         x = y;
 *     } */
WEIR_API void weir_release(weir_tensor *x);

#ifdef __cplusplus
}
#endif
#endif
