/* weir/op.h - what an op is: a constant row beside its code. For those who add one (see
 * doc/how-to-add.md); users call weir/ops.h.
 *
 * A row says how shapes follow (infer), how values are made (forward) and how gradients flow
 * (backward, written in ops, so that gradients of gradients come free). It names which inputs and
 * outputs backward needs; only those stay in memory.
 *
 *     static void forward(weir_call *k) // out[0] is new and dense
 *     {
 *         weir_copy_(weir_detach(k->out[0]), weir_exp(weir_detach(k->in[0])));
 *     }
 *     static void backward(weir_vjp *v)
 *     {
 *         weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_vjp_out(v, 0)));
 *     }
 *     static const weir_op op_mine = { .row = WEIR_OP_ROW("op.mine", "y = exp(x)"),
 *         .n_in = 1, .n_out = 1, .save_out = 1,
 *         .infer = weir_infer_same, .forward = forward, .backward = backward };
 *     static weir_tensor *call_mine(weir_tensor **in) { return weir_apply(&op_mine, 1, in, NULL); }
 *
 * weir_copy_ writes what ops make of the inputs, without history. Rows of the library have `cases`
 * too, test inputs that gradients are checked on. */
#ifndef WEIR_OP_H
#define WEIR_OP_H
#include "weir/registry.h"
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WEIR_OUT_MAX = 4 };
typedef struct weir_op weir_op;

/* How results of rank 4 lie in memory (see weir/tensor.h): dense in logical order, channels-last,
 * or as an input does that is not broadcast. */
typedef enum weir_order { WEIR_ORDER_DENSE, WEIR_ORDER_CHANNELS_LAST, WEIR_ORDER_KEEP } weir_order;

typedef struct weir_spec {
    weir_dtype dtype;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
} weir_spec;

/* One application. infer fills spec[0..n_out-1]; a view op (row.view) also strides and offset, in
 * elements of in[0]'s storage. */
typedef struct weir_call {
    weir_ctx *ctx;
    const weir_op *op;
    const void *attr;
    int n_in, n_out;
    weir_tensor *const *in;
    weir_tensor *out[WEIR_OUT_MAX];
    weir_spec spec[WEIR_OUT_MAX];
    int64_t strides[WEIR_RANK_MAX], offset;
    uint64_t key; /* row.random: of this draw */
} weir_call;

/* One vector-Jacobian product: from gout (NULL where nothing flows in) to the inputs' gradients. */
typedef struct weir_vjp {
    weir_ctx *ctx;
    const weir_op *op;
    const void *attr;
    int n_in, n_out;
    weir_tensor *gout[WEIR_OUT_MAX];
    uint64_t key;
    struct weir__vjp_state *state;
} weir_vjp;
WEIR_API bool weir_vjp_needs(const weir_vjp *v, int i); /* does input i want a gradient? */
/* a saved input (bit i of save_in) */
WEIR_API weir_tensor *weir_vjp_in(weir_vjp *v, int i);
WEIR_API weir_tensor *weir_vjp_out(weir_vjp *v, int i); /* a saved output */
WEIR_API const weir_spec *weir_vjp_in_spec(weir_vjp *v, int i); /* type and shape of any input */
/* the gradient of input i; broadcast axes are summed away for you */
WEIR_API void weir_vjp_set(weir_vjp *v, int i, weir_tensor *g);

/* A test input: shapes separated by blanks ("3,4 4"; "." is 0-d; "i5<3" are 5 indices below 3,
 * "b3,4" booleans) and the call that applies the op to them. The gradient checks, property tests
 * and benches loop over these. */
typedef struct weir_op_case {
    const char *inputs;
    weir_tensor *(*call)(weir_tensor **in);
} weir_op_case;

struct weir_op {
    weir_row row;
    int n_in, n_out; /* n_in -2: 2 or more, most_in at most (0: any number) */
    int most_in;
    uint32_t save_in, save_out; /* bit i: backward reads input (output) i; ~0u: all */
    size_t attr_size; /* bytes copied from the caller's attribute struct */
    bool view; /* out[0] shares in[0]'s storage */
    bool random; /* draws: gets a key from the context's frame, kept on the tape */
    bool (*infer)(weir_call *k); /* false after weir_call_fail */
    void (*forward)(weir_call *k); /* NULL for views */
    /* NULL: then no_gradient says why, and a floating result of inputs that want one is an error */
    void (*backward)(weir_vjp *v);
    const char *no_gradient;
    /* fused ops: the same in plain ops */
    weir_tensor *(*reference)(weir_tensor *const *in, int n_in, const void *attr);
    const weir_op_case *cases;
    double low, high; /* domain of the random test inputs; 0, 0: -2 .. 2 */
    /* other than dense: forward writes by out's strides (keep), or channels innermost
     * (channels-last) */
    weir_order order;
};

#define WEIR_OP_ROW(public_name, one_line) \
    { .size = sizeof(weir_op), .version = 1, .name = public_name, .doc = one_line }

/* Applies an op. Any failure is the context's first error and a nil result. `attr` is copied. */
WEIR_API weir_tensor *weir_apply(const weir_op *op, int n_in, weir_tensor *const *in,
                                 const void *attr);
/* The same for ops of several outputs: out[0..n_out-1]. */
WEIR_API void weir_apply_multi(const weir_op *op, int n_in, weir_tensor *const *in,
                               const void *attr, weir_tensor **out);

/* Helpers for infer. Each returns false after setting the error, which names the op and the
 * shapes. */
WEIR_API bool weir_call_fail(weir_call *k, weir_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;
WEIR_API bool weir_infer_same(weir_call *k); /* out like in[0], floating */
/* all inputs of one floating type, broadcast together */
WEIR_API bool weir_infer_broadcast(weir_call *k);

#ifdef __cplusplus
}
#endif
#endif
