/* weir/flow.h - bijections with their change of density, and base distributions.
 *
 *     weir_module *b = weir_module_new(c, "scale", "dim=2 start=0.5");
 *     const weir_base_row *base = (const weir_base_row *)weir_row_find(c, "base", "normal");
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 5, 2 }), *log_det;
 *     weir_tensor *z = weir_bijection_forward(b, x, NULL, &log_det);       // [B, d] -> [B, d]; log_det [B] = log|det dz/dx|
 *     weir_tensor *log_p = weir_add(weir_base_log_prob(base, z), log_det);
 *     weir_print(log_p, stdout);
 *     weir_module_free(b);
 *
 * forward is data -> noise. A bijection is a module (kind "bijection"): weir_module_new finds it by name.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H
#include "weir/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* z = f(x | k) and *log_det [B] = log|det dz/dx| (NULL: not wanted), given the condition k of the batch (NULL: none). */
WEIR_API weir_tensor *weir_bijection_forward(weir_module *b, weir_tensor *x, const weir_condition *k, weir_tensor **log_det);
/* x with forward(x) = y; *log_det = log|det dx/dy| = -(forward's at x). */
WEIR_API weir_tensor *weir_bijection_inverse(weir_module *b, weir_tensor *y, const weir_condition *k, weir_tensor **log_det);

/* Base distributions: rows of kind "base", factorised over elements. */
typedef struct weir_base_row {
    weir_row row;
    weir_tensor *(*log_prob)(weir_tensor *z);                          /* [B, ...] -> [B], nats */
    weir_tensor *(*draw)(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape); /* by sample ids */
} weir_base_row;
WEIR_API weir_tensor *weir_base_log_prob(const weir_base_row *base, weir_tensor *z); /* [B, ...] -> [B], nats */
WEIR_API weir_tensor *weir_base_sample(weir_ctx *c, const weir_base_row *base, weir_dtype t, int ndim, const int64_t *shape);

#ifdef __cplusplus
}
#endif
#endif
