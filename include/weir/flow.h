/* weir/flow.h - bijections with their change of density, base distributions, dequantizers.
 *
 *     weir_module *b = weir_module_new(c, "scale", "dim=2 start=0.5");
 *     weir_module *base = weir_module_new(c, "base.normal", "dim=2");
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 5, 2 }), *log_det;
 *     weir_tensor *z = weir_bijection_forward(b, x, NULL, &log_det);  // log_det [B]
 *     weir_tensor *log_p = weir_add(weir_base_log_prob(base, z, NULL), log_det);
 *     weir_print(log_p, stdout);
 *     weir_module_free(base);
 *     weir_module_free(b);
 *
 * forward is data -> noise. A bijection is a module (kind "bijection"): weir_module_new finds it by
 * name.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H
#include "weir/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* z = f(x | k) and *log_det [B] = log|det dz/dx| (NULL: not wanted), given the condition k of the
 * batch (NULL: none). */
WEIR_API weir_tensor *weir_bijection_forward(weir_module *b, weir_tensor *x,
                                             const weir_condition *k, weir_tensor **log_det);
/* x with forward(x) = y; *log_det = log|det dx/dy| = -(forward's at x). */
WEIR_API weir_tensor *weir_bijection_inverse(weir_module *b, weir_tensor *y,
                                             const weir_condition *k, weir_tensor **log_det);

/* Base distributions: modules of kind "base", over samples [B, dim]. log p [B] in nats, given the
 * condition k (NULL: none). */
WEIR_API weir_tensor *weir_base_log_prob(weir_module *base, weir_tensor *z,
                                         const weir_condition *k);
/* n draws [n, dim] in c, the base's context or a worker's below it, by the sample ids of the random
 * frame. temperature T scales the deviation from the mean: 1. *log_q [n], or NULL: log q of what
 * was drawn, at T too; an error at T = 0, where there is no density. */
WEIR_API weir_tensor *weir_base_draw(weir_module *base, weir_ctx *c, int64_t n,
                                     const weir_condition *k, double temperature,
                                     weir_tensor **log_q);

/* Dequantizers: modules of kind "dequantizer". Beside integers v [B, ..], as reals, u in [0, 1) of
 * v's type and shape, drawn in the random frame, and *log_q [B] = log q(u | v, k) in nats (NULL:
 * not wanted): log P(v) >= E[log p(v + u) - log q]. */
WEIR_API weir_tensor *weir_dequantize(weir_module *dequantizer, weir_tensor *v,
                                      const weir_condition *k, weir_tensor **log_q);

#ifdef __cplusplus
}
#endif
#endif
