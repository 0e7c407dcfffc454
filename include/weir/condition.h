/* weir/condition.h - what a sample is conditioned on: named tensors of one batch.
 *
 *     const int64_t classes[] = { 3, 1 }, two[] = { 2 };
 *     weir_condition *k = weir_condition_new(c);
 *     k = weir_condition_with(k, "class", weir_from_i64(c, classes, 1, two));
 *     k = weir_condition_with(k, "context", weir_zeros(c, WEIR_F32, 2, (const int64_t[]){ 2, 5 }));
 *     printf("%lld\n", (long long)weir_numel(weir_condition_get(k, "context")));   // 10
 *
 * Axis 0 of every tensor counts the samples of the batch. The names that models know: "class", i64
 * [B], the index of a class; "context", real [B, ..], a vector or an image. A condition lives in
 * the scope it is made in and never changes: `with` gives a copy with one tensor more. Functions
 * take NULL where there is no condition. */
#ifndef WEIR_CONDITION_H
#define WEIR_CONDITION_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_condition weir_condition;

/* Without tensors, in the current scope. Never NULL. */
WEIR_API weir_condition *weir_condition_new(weir_ctx *c);
/* A copy of k in which `name` is t: added, or in place of the tensor of that name. In the innermost
 * scope of the younger context of the two. The name: 1 to 63 bytes of letters, digits and '_'. t:
 * at least one axis, as many samples as k's other tensors. Nil on error. */
WEIR_API weir_condition *weir_condition_with(const weir_condition *k, const char *name,
                                             weir_tensor *t);
/* The tensor called `name`, owned by k; nil, and no error, where there is none. */
WEIR_API weir_tensor *weir_condition_get(const weir_condition *k, const char *name);
WEIR_API int64_t weir_condition_count(const weir_condition *k); /* of tensors; 0 for NULL */
/* The tensors in the order in which their names were added. `*name` (may be NULL) is owned by k.
 * Out of range: nil and NULL. */
WEIR_API weir_tensor *weir_condition_at(const weir_condition *k, int64_t index, const char **name);
WEIR_API int64_t
weir_condition_samples(const weir_condition *k); /* extent of axis 0; -1: no tensors */
WEIR_API bool weir_condition_is_nil(const weir_condition *k); /* NULL is none, and not nil */

#ifdef __cplusplus
}
#endif
#endif
