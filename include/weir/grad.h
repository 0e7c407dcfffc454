/* weir/grad.h - gradients, define by run, as in PyTorch.
 *
 *     weir_tensor *w = weir_ones(c, WEIR_F32, 1, (const int64_t[]){ 3 });
 *     weir_set_requires_grad(w, true);
 *     weir_tensor *loss = weir_sum(weir_square(w));     // ops record what they did
 *     weir_backward(loss);                              // w.grad += 2 w
 *     weir_print(weir_grad_of(w), stdout);
 *
 * A leaf is a tensor made by no recorded op. Leaf gradients live where the leaf lives and add up
 * until zeroed. backward frees the graph behind it as it goes; differentiable gradients come from
 * weir_grad with create_graph. */
#ifndef WEIR_GRAD_H
#define WEIR_GRAD_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a floating leaf want gradients, or not; returns x. On a result of a recorded op only `true`
 * is accepted. A leaf that is switched off gets none from graphs that were recorded before,
 * either. */
WEIR_API weir_tensor *weir_set_requires_grad(weir_tensor *x, bool yes);
/* a leaf that wants one, or made from one */
WEIR_API bool weir_requires_grad(const weir_tensor *x);
WEIR_API bool weir_is_leaf(const weir_tensor *x); /* made by no recorded op */
/* "op.mul", or "" for a leaf: which op made x. */
WEIR_API const char *weir_grad_fn_name(const weir_tensor *x);
/* The accumulated gradient of a leaf; nil (no error) while there is none. Owned by the leaf. */
WEIR_API weir_tensor *weir_grad_of(weir_tensor *leaf);
/* Forgets a leaf's gradient: there is none until the next backward (PyTorch's set_to_none). */
WEIR_API void weir_zero_grad(weir_tensor *leaf);
/* The same storage without history: a change in place of one is seen through the other, and by a
 * backward that saved it. */
WEIR_API weir_tensor *weir_detach(weir_tensor *x);

/* d scalar / d leaves, added to the leaves' gradients. A second backward through the same graph is
 * an error. */
WEIR_API weir_status weir_backward(weir_tensor *scalar);
/* vector^T J for any shape; vector NULL only for one element. `retain` keeps the graph for another
 * backward. */
WEIR_API weir_status weir_backward_with(weir_tensor *output, weir_tensor *vector, bool retain);
/* Vector-Jacobian products: gradients[i] = sum_o vectors[o]^T d outputs[o] / d inputs[i] in the
 * current scope, nil where unconnected (without error: PyTorch's allow_unused). Inputs may be
 * leaves or results. Leaf gradients are not touched. vectors NULL, or vectors[o] NULL, for
 * one-element outputs. create_graph records the gradients themselves; it implies keeping the graph,
 * otherwise the graph is freed unless `retain`. */
WEIR_API weir_status weir_grad(int n_outputs, weir_tensor *const *outputs, int n_inputs,
                               weir_tensor *const *inputs, weir_tensor *const *vectors,
                               bool create_graph, bool retain, weir_tensor **gradients);

/* -- products and whole derivatives ------------------------------------------------------------ */
/* Jacobian-vector products: jv[o] = sum_i d outputs[o] / d inputs[i] tangents[i], in the current
 * scope, by two backwards (the gradient of u -> J^T u), so at about three times the cost of one;
 * the graph is kept. Products from the left, v^T J, are weir_grad's. */
WEIR_API weir_status weir_jvp(int n_outputs, weir_tensor *const *outputs, int n_inputs,
                              weir_tensor *const *inputs, weir_tensor *const *tangents,
                              bool create_graph, weir_tensor **jv);
/* d y / d x, of shape [y's axes, x's axes]: one backward for each element of y; the graph is kept.
 * 0 where y does not depend on x. */
WEIR_API weir_tensor *weir_jacobian(weir_tensor *y, weir_tensor *x, bool create_graph);
/* The second derivatives of a scalar, [x's axes, x's axes]. */
WEIR_API weir_tensor *weir_hessian(weir_tensor *scalar, weir_tensor *x, bool create_graph);

/* -- memory for time --------------------------------------------------------------------------- */
/* fn(user, inputs), remembering only the inputs: backward runs fn again, with the random draws of
 * the first run, and gives the same bits. Every leaf that wants a gradient must be among the
 * inputs: backward says so otherwise, but where no input wants one nothing is recorded. `user` must
 * live until then. For modules there is weir_module_checkpoint. */
typedef weir_tensor *weir_checkpoint_fn(void *user, weir_tensor **inputs);
WEIR_API weir_tensor *weir_checkpoint(weir_checkpoint_fn *fn, void *user, int n,
                                      weir_tensor *const *inputs);

/* -- looking ----------------------------------------------------------------------------------- */
/* Writes the graph behind y as text for Graphviz (`dot -Tsvg`): ops with shapes, leaves as boxes
 * with their parameter's name. */
WEIR_API weir_status weir_dot(weir_tensor *y, FILE *out);

/* -- checking ---------------------------------------------------------------------------------- */
typedef struct weir_gradcheck_opts {
    size_t size;
    double step; /* of the central difference, relative to 1 + |x|; 1e-5 */
    double tolerance; /* max |analytic - numeric| / (1 + |numeric|); 1e-6 */
    int order; /* 1, or 2: also the gradient of (gradient . fixed direction) */
    int max_elements; /* entries probed per input, spread evenly; 0: all */
} weir_gradcheck_opts;
WEIR_API void weir_gradcheck_defaults_sized(weir_gradcheck_opts *o, size_t size);
WEIR_DEFAULTS(weir_gradcheck_opts, weir_gradcheck_defaults)
/* Compares gradients of sum(fn(inputs) * fixed random direction) with central differences, in f64.
 * WEIR_OK, or WEIR_ERROR_VALUE with the worst element in weir_message. Only floating inputs are
 * checked. */
WEIR_API weir_status weir_gradcheck(weir_ctx *c,
                                    weir_tensor *(*fn)(void *user, weir_tensor **inputs),
                                    void *user, int n, weir_tensor **inputs,
                                    const weir_gradcheck_opts *options);

#ifdef __cplusplus
}
#endif
#endif
