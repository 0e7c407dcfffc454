/* grad.h - the tape: nodes made by weir_apply, walked by weir_backward and weir_grad. It knows ops
 * only as rows. */
#ifndef WEIR_GRAD_INTERNAL_H
#define WEIR_GRAD_INTERNAL_H
#include "tensor/tensor.h"
#include "weir/grad.h"
#include "weir/op.h"

/* A value of the graph: its type and place always, its memory only when backward reads it. */
typedef struct weir__value {
    weir__storage *storage; /* NULL: not saved */
    uint32_t version;       /* of the storage when saved */
    int64_t offset;
    weir_spec spec;
    int64_t strides[WEIR_RANK_MAX];
} weir__value;

typedef struct weir__input {
    struct weir__node *node; /* what made it (counted), or */
    weir_tensor *leaf;       /* the leaf itself (counted), or neither: no gradient wanted */
    int out_index;           /* which output of node */
    weir__value value;
} weir__input;

/* One recorded application. */
typedef struct weir__node {
    weir__object object; /* refs: output handles, edges, the backward that runs */
    const weir_op *op;
    uint64_t sequence;   /* rises with creation: every consumer of a node has a higher one */
    uint64_t key;
    int n_in, n_out;
    bool freed;          /* its saved values are gone */
    bool queued;         /* in the heap of the running backward */
    bool captured;       /* an input of the running weir_grad */
    uint64_t wanted;     /* number of the weir_grad that needs gradients through it */
    weir_tensor **gout;  /* [n_out]: gradients that arrived, counted */
    struct weir__node *next;         /* worklist of destruction */
    void *attr;
    weir__input *in;     /* [n_in] */
    weir__value *out;    /* [n_out] */
} weir__node;

struct weir__grad_hooks {
    weir_tensor *(*add)(weir_tensor *a, weir_tensor *b);
    weir_tensor *(*sum_to)(weir_tensor *x, int ndim, const int64_t *shape);
};

/* weir_apply for ops without inputs, or in a context of the caller's choice. */
weir_tensor *weir__apply_in(weir_ctx *c, const weir_op *op, int n_in, weir_tensor *const *in,
                            const void *attr);
/* Gives saved values back early; a later backward through the node is an error. */
void weir__node_release(weir__node *n);
/* Records outputs as made by op; false on no memory. */
bool weir__record(weir_call *k);
/* The same for any number of outputs, whatever the row says: views of x that one backward knows of.
 * That reads gradients by weir__vjp_gout. Nothing where no gradient is wanted. */
bool weir__record_views(const weir_op *op, weir_tensor *x, const void *attr, int n,
                        weir_tensor *const *out);

/* -- graph.c: nodes in order ------------------------------------------------------------------- */
/* Nodes by sequence, the highest first, each once; the heap counts what it holds. */
typedef struct weir__heap {
    weir__node **at;
    int64_t n, cap;
} weir__heap;
bool weir__heap_push(weir_ctx *c, weir__heap *h, weir__node *n);
weir__node *weir__heap_pop(weir__heap *h); /* counted: weir__node_drop gives it back */
void weir__node_drop(weir__node *n);
/* Visits every node behind y[0..n-1], consumers before makers, without recursion. WALK_OVER leaves
 * out what is behind a node. False when the visitor stopped or memory ended. Not for nodes that
 * wait in a backward that runs. */
typedef enum weir__walk_next { WEIR__WALK_ON, WEIR__WALK_OVER, WEIR__WALK_STOP } weir__walk_next;
bool weir__graph_walk(weir_ctx *c, int n, weir_tensor *const *y,
                      weir__walk_next (*visit)(void *user, weir__node *n), void *user);

/* The gradient of output i, NULL where nothing flows in, and its type and shape; i < v->n_out,
 * which may be more than WEIR_OUT_MAX. */
weir_tensor *weir__vjp_gout(const weir_vjp *v, int i);
const weir_spec *weir__vjp_out_spec(const weir_vjp *v, int i);
/* The leaf that input i is, or NULL. */
weir_tensor *weir__vjp_leaf(const weir_vjp *v, int i);
/* Whether input i takes a gradient of its own where inputs from `first` on enter a graph as they
 * are: it needs one, and is no leaf that stands before it, whose gradient is then that of both. */
bool weir__vjp_takes(const weir_vjp *v, int first, int i);
/* The context of the first tensor in two lists, either of which may be NULL; none: the orphan. */
weir_ctx *weir__lists_context(int n, weir_tensor *const *x, int m, weir_tensor *const *y);
/* The youngest context among the inputs, which must lie on one line of descent; NULL: *fail is a
 * context to return nil of. */
weir_ctx *weir__context_of(const weir_op *op, int n_in, weir_tensor *const *in, weir_ctx **fail);

/* For backwards that can write a leaf's gradient where it lives instead of making a tensor: the
 * dense memory of input i's gradient and whether to add to it, or NULL where that cannot be (no
 * leaf, recording, captured, strided). A call obliges to write. */
void *weir__vjp_into(weir_vjp *v, int i, bool *accumulate);
bool weir__vjp_recording(const weir_vjp *v);

/* grad += g, or = g while there is none; also into a worker's buffer. */
void weir__leaf_accumulate(weir_ctx *c, weir_tensor *leaf, weir_tensor *g);
/* Where the gradient of `leaf` is written from context c: dense memory and a flag that says whether
 * it holds anything; NULL: error set. */
void *weir__leaf_place(weir_ctx *c, weir_tensor *leaf, uint8_t **has, bool **has_bool);
/* Gives a leaf its struct; NULL on no memory. */
weir__leaf *weir__leaf_of(weir_tensor *t);

#endif
