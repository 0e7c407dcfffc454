/* weir/nn.h - modules: parameters with names, in a tree, laid out once in one flat buffer.
 *
 *     weir_module *net = weir_module_new(c, "sequential", "");
 *     weir_module_add(net, "0", weir_module_new(c, "linear", "in=2 out=64"));
 *     weir_module_add(net, "1", weir_module_new(c, "relu", ""));
 *     weir_module_add(net, "2", weir_module_new(c, "linear", "in=64 out=1"));
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 5, 2 });
 *     weir_tensor *y = weir_module_forward(net, x);     // [5, 1]
 *     weir_print(y, stdout);
 *     weir_module_free(net);                            // and its children
 *
 * Names are PyTorch's ("0.weight"). Modules live outside scopes. The first use of a tree seals it:
 * parameters are drawn (each from its own name, so adding a layer changes no other layer's start)
 * and become views of one buffer. */
#ifndef WEIR_NN_H
#define WEIR_NN_H
#include "weir/condition.h"
#include "weir/registry.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_module weir_module;

/* A module by the name of its row ("linear") and options as text. Never NULL. */
WEIR_API weir_module *weir_module_new(weir_ctx *c, const char *name, const char *options);
/* Frees a root module, its children, parameters and gradients. NULL and nil: nothing. */
WEIR_API void weir_module_free(weir_module *m);
/* Gives `child` to `parent`, which frees it; returns child. An error once the tree is sealed, or
 * for a name that is taken or has a point; `child` is then freed (it was given away) and nil
 * returned. */
WEIR_API weir_module *weir_module_add(weir_module *parent, const char *name, weir_module *child);
/* containers alone have none: an error */
WEIR_API weir_tensor *weir_module_forward(weir_module *m, weir_tensor *x);
/* The same, remembering only x: backward runs the module again (see weir_checkpoint). A module that
 * changes buffers changes them twice. */
WEIR_API weir_tensor *weir_module_checkpoint(weir_module *m, weir_tensor *x);
/* dropout, batch norm; the whole subtree. Starts true */
WEIR_API void weir_module_train(weir_module *m, bool training);
WEIR_API bool weir_module_training(const weir_module *m);

/* Parameters and buffers of the tree, in order of definition, each shared one once; names relative
 * to `m`. */
WEIR_API int64_t weir_module_state_count(weir_module *m);
WEIR_API weir_tensor *weir_module_state_at(weir_module *m, int64_t index, const char **name,
                                           bool *is_buffer);
/* nil and no error when absent */
WEIR_API weir_tensor *weir_module_state_find(weir_module *m, const char *name);
WEIR_API int64_t weir_module_parameter_numel(weir_module *m); /* elements of all parameters */
WEIR_API void weir_module_zero_grad(weir_module *m);
/* parameters of the subtree want no gradients, or do again */
WEIR_API void weir_module_freeze(weir_module *m, bool frozen);

/* -- networks of continuous models: modules whose row has `at` --------------------------------- */
/* y(x, t | k) at the times t [B] of every sample, given the condition k (NULL: none). t NULL: for
 * networks without a time, such as the conditioners of couplings. A network takes from k what it
 * was made for (options classes= and context=) and passes over the rest; one that misses a tensor
 * it takes is an error that names it. */
WEIR_API weir_tensor *weir_network_at(weir_module *net, weir_tensor *x, weir_tensor *t,
                                      const weir_condition *k);
/* y(x, t) and k products of each sample's dy/dx with a tangent: tangents [B, k, elements of a
 * sample of x] -> *jv, of y's elements. Values alone: neither result has history, and no gradient
 * reaches a parameter. */
WEIR_API weir_tensor *weir_network_jvp(weir_module *net, weir_tensor *x, weir_tensor *t,
                                       const weir_condition *k, weir_tensor *tangents,
                                       weir_tensor **jv);
/* The same from the left: products of cotangents [B, k, elements of a sample of y] with each
 * sample's dy/dx -> *vj, of x's elements, by one recorded pass and one backward a product. Where a
 * network has no rule of its own for tangents, these are the cheaper ones. */
WEIR_API weir_tensor *weir_network_vjp(weir_module *net, weir_tensor *x, weir_tensor *t,
                                       const weir_condition *k, weir_tensor *cotangents,
                                       weir_tensor **vj);

/* -- attention modules ("attention") ------------------------------------------------------------
 */
typedef struct weir_attention_opts {
    size_t size;
    weir_tensor *context; /* [.., S, context] that is looked at; NULL: x */
    weir_tensor *mask; /* see weir_scaled_dot_product_attention; of [.., heads, L, S]; NULL: none */
    /* Of angles [.., L, head / 2] that q and k are turned by (weir_rotary); NULL: none. With a
     * context k is turned by its own, [.., S, head / 2]. */
    weir_tensor *cosine, *sine, *key_cosine, *key_sine;
    bool neighbours; /* which pairs: true */
} weir_attention_opts;
WEIR_API void weir_attention_defaults_sized(weir_attention_opts *o, size_t size);
WEIR_DEFAULTS(weir_attention_opts, weir_attention_defaults)
/* What x [.., L, width] takes from itself or from a context, [.., L, width]. o NULL: the
 * defaults. */
WEIR_API weir_tensor *weir_attention_at(weir_module *m, weir_tensor *x,
                                        const weir_attention_opts *o);

/* -- the state dict: safetensors files as PyTorch's users exchange them ------------------------ */
typedef struct weir_load_info {
    size_t size; /* sizeof it, set before the call */
    int64_t missing, unexpected, misfit; /* names; the context's log gets each */
} weir_load_info;
/* Parameters and buffers of the tree under their names. Overwrites `path` as a whole or not at
 * all. */
WEIR_API weir_status weir_module_save(weir_module *m, const char *path) WEIR_MUST_CHECK;
/* weir_buffer_free(c, *data) */
WEIR_API weir_status weir_module_save_to_memory(weir_module *m, void **data,
                                                size_t *bytes) WEIR_MUST_CHECK;
/* Copies values in; seals the tree. Strict: every name must be there, no other, each with its
 * shape, else an error that names them and nothing changes. Otherwise names may be missing (they
 * keep their values) or unexpected (passed over). f64, f32, f16, bf16 convert. A value to be copied
 * that is not finite in the tree's type (NaN, or 1e300 for f32) is an error that names tensor and
 * value. */
WEIR_API weir_status weir_module_load(weir_module *m, const char *path, bool strict,
                                      weir_load_info *info) WEIR_MUST_CHECK;
WEIR_API weir_status weir_module_load_from_memory(weir_module *m, const void *data, size_t bytes,
                                                  bool strict,
                                                  weir_load_info *info) WEIR_MUST_CHECK;

/* -- advanced: writing a module ---------------------------------------------------------------- */
typedef enum weir_init_kind {
    WEIR_INIT_ZEROS,
    WEIR_INIT_ONES,
    WEIR_INIT_CONSTANT,
    WEIR_INIT_UNIFORM /* +-a */,
    WEIR_INIT_NORMAL /* std a */,
    WEIR_INIT_EMBEDDING /* std 1, but line a, the padding, is 0; -1: none */
} weir_init_kind;
typedef struct weir_init {
    weir_init_kind kind;
    double a;
} weir_init;

typedef struct weir_module_row {
    weir_row row;
    /* bytes of the module's own struct, cleared */
    size_t state_size;
    /* adds parameters, buffers, children; errors by weir_fail */
    void (*create)(weir_module *m, const void *options);
    /* x may end when the call does: what a later layer is to see, weir_retain keeps */
    weir_tensor *(*forward)(weir_module *m, weir_tensor *x);
    void (*destroy)(weir_module *m); /* NULL: nothing of its own */
    /* bijections (kind "bijection"): log_det [B] is the SUM over all non-batch elements */
    weir_tensor *(*transform)(weir_module *m, weir_tensor *x, const weir_condition *k,
                              weir_tensor **log_det);
    /* log|det dx/dy| */
    weir_tensor *(*inverse)(weir_module *m, weir_tensor *y, const weir_condition *k,
                            weir_tensor **log_det);
    /* base distributions (kind "base"): weir_base_log_prob and weir_base_draw say what these
     * give */
    weir_tensor *(*log_prob)(weir_module *m, weir_tensor *z, const weir_condition *k);
    weir_tensor *(*draw)(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                         double temperature, weir_tensor **log_q); /* log_q NULL: not wanted */
    /* A data-dependent start (actnorm): sets parameters from the x that reaches the module in one
     * walk of the forward over the whole first batch, before step 1. Runs once, without recording;
     * the buffer "started" says whether it has. NULL: none. */
    void (*first)(weir_module *m, weir_tensor *x, const weir_condition *k);
    /* of the tests, as in weir_op_case: "4,3,2", "i4,3<5"; of a bijection from 0 to 1: "4,3 0:1";
     * NULL: "4,3" */
    const char *input;
    /* networks of continuous models: see weir_network_at; jvp NULL: by autograd */
    weir_tensor *(*at)(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k);
    weir_tensor *(*jvp)(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k,
                        weir_tensor *tangents, weir_tensor **jv);
    /* After initial values were drawn: makes others of them, as a rotation of a matrix of normal
     * numbers, in the module's own parameters and buffers. Not called where values are to be
     * loaded. NULL: none. */
    void (*init)(weir_module *m);
    /* dequantizers (kind "dequantizer"): weir_dequantize says what this gives; `*log_q` left NULL
     * is 0. draws: u is random. */
    weir_tensor *(*dequantize)(weir_module *m, weir_tensor *v, const weir_condition *k,
                               weir_tensor **log_q);
    bool draws;
    /* What computes the same in PyTorch, for weir_model_export: the text of a Python class (`class
     * Name(Module):`) in which self.NAME is an option, a child or a tensor of that name. Of
     * bijections forward(x, k) and inverse(y, k) give a value and log|det| [B]; of bases
     * log_prob(z, k) and draw(n, k, temperature, dtype). src/flow/torch has those of ours. NULL: it
     * is not exported. */
    const char *torch;
    /* Networks of pictures x [B, channels, height, width]: models of continuous time give such a
     * row's options in= and out= the channels, height= and width= the places of a sample. */
    bool pictures;
} weir_module_row;

WEIR_API weir_module *weir_module_from_row(weir_ctx *c, const weir_module_row *row,
                                           const void *options);
WEIR_API void *weir_module_state(weir_module *m); /* the struct of state_size bytes */
WEIR_API const weir_module_row *weir_module_row_of(const weir_module *m);
WEIR_API weir_ctx *weir_module_ctx(const weir_module *m); /* where it was made */
WEIR_API weir_tensor *weir_module_parameter(weir_module *m, const char *name, weir_dtype t,
                                            int ndim, const int64_t *shape, weir_init init);
/* A parameter of the same tree under a second name: it is laid out, listed and updated once, where
 * it was first defined. A file that is loaded may have it under either name, or both (the first
 * then counts). */
WEIR_API weir_tensor *weir_module_share(weir_module *m, const char *name, weir_tensor *parameter);
/* What m itself, not a child, defined under a name; nil, without an error, when nothing. Does not
 * seal: to share a child's parameter. */
WEIR_API weir_tensor *weir_module_own(const weir_module *m, const char *name);
WEIR_API weir_tensor *weir_module_buffer(weir_module *m, const char *name, weir_dtype t, int ndim,
                                         const int64_t *shape, double value);
WEIR_API int64_t weir_module_child_count(const weir_module *m); /* direct ones, in order */
WEIR_API weir_module *weir_module_child_at(const weir_module *m, int64_t index);
/* The direct child of that name; nil, without an error, where there is none. */
WEIR_API weir_module *weir_module_child(const weir_module *m, const char *name);
/* A parameter, frozen or not, or a buffer, of any type, as a tensor of x's context: the same
 * memory. forward may run in a worker, as shards of a step do; results belong to the youngest
 * context among their inputs, so an op on parameters or buffers alone would be made in the
 * parent's, which refuses it (WEIR_ERROR_STATE, once the shards have ended). exp(s) x is
 * weir_mul(x, weir_exp(weir_parameter_here(x, s))). */
WEIR_API weir_tensor *weir_parameter_here(weir_tensor *x, weir_tensor *parameter);
/* Lays parameters out: 64-byte aligned views of one buffer, gradients of another; draws initial
 * values. Done by first use. */
WEIR_API weir_status weir_module_seal(weir_module *m);
/* The whole flat range of a sealed root (padding included, which is 0). */
WEIR_API int64_t weir_module_flat(weir_module *m, weir_dtype *dtype, void **values);
/* Likewise the gradients, laid out as the values: for sums over processes of the host's own. Those
 * of parameters that got none are written as 0, and count from then on as given. NULL and 0 for a
 * tree that reads another's values (weir_model_share). */
WEIR_API int64_t weir_module_flat_grad(weir_module *m, weir_dtype *dtype, void **grads);
/* what a failed call returned, or NULL; so all `_is_nil` */
WEIR_API bool weir_module_is_nil(const weir_module *m);

#ifdef __cplusplus
}
#endif
#endif
