/* tensor.h - the inside of a tensor, for the rooms that build on it. */
#ifndef WEIR_TENSOR_INTERNAL_H
#define WEIR_TENSOR_INTERNAL_H
#include "base/base.h"
#include "weir/op.h"
#include "weir/tensor.h"

/* Memory that views share. Counted by its own context; children borrow uncounted (their graphs end
 * before their parent goes on). */
typedef struct weir__storage {
    weir_ctx *ctx;
    int32_t refs;
    uint32_t version;          /* in-place changes so far */
    const char *changed_by;    /* the last of them, for messages */
    void *data;
    size_t bytes;
    void (*release)(void *user, void *data); /* wrapped host memory; NULL: data lies in a block of
                                                the context or in this one */
    void *user;
    bool inline_data;          /* data follows this struct in the same block */
    bool read_only;            /* another context's: nothing may change it through this one */
    _Atomic int32_t lent;      /* shares that read it: nothing may change it meanwhile */
} weir__storage;

/* What only leaves that want gradients have. The gradient lives where the leaf lives. */
typedef struct weir__leaf {
    weir_tensor *grad;   /* NULL until the first; for a sealed parameter a view of the module's
                          gradient buffer, made at seal */
    bool has_grad;       /* false: grad's contents mean nothing (lazily zero) */
    int32_t slot;        /* index among the module's parameters, -1: none */
    int64_t flat;        /* first element in the module's flat buffers */
    char *name;          /* full parameter name or NULL */
} weir__leaf;

struct weir_tensor {
    weir__object object;
    weir__storage *storage;
    int64_t offset;              /* of the first element, in elements */
    int64_t numel;
    weir_dtype dtype;
    int ndim;
    bool contiguous;             /* dense in logical order */
    bool requires_grad;
    int64_t shape[WEIR_RANK_MAX], strides[WEIR_RANK_MAX];
    struct weir__node *node;     /* the op application that made it; NULL: a leaf */
    int out_index;               /* which of its outputs */
    weir__leaf *leaf;
};

/* A worker's gradients: one flat buffer laid out as the module's, and which slots have one. */
typedef struct weir__worker_grads {
    const struct weir__storage
        *owner; /* the gradient buffer it stands for: leaves of other modules are an error */
    void *data;
    uint8_t *has_grad; /* [slots] */
    int64_t index;     /* of the shard: the first keeps running statistics */
} weir__worker_grads;

/* A new tensor in the current scope (home: outside of scopes), storage of its own. Contents
 * undefined. nil on failure. */
weir_tensor *weir__tensor_new(weir_ctx *c, const weir_spec *spec);
weir_tensor *weir__tensor_new_home(weir_ctx *c, const weir_spec *spec);
/* The same lying channels-last, for rank 4. Where that is the logical order too, strides are the
 * logical ones. */
weir_tensor *weir__tensor_new_channels_last(weir_ctx *c, const weir_spec *spec);
/* of x's type and shape, channels-last where x lies so */
weir_tensor *weir__tensor_like(weir_ctx *c, const weir_tensor *x);
/* A view of `storage` (counted); strides NULL: dense. */
weir_tensor *weir__tensor_view(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                               const int64_t *strides, int64_t offset);
weir_tensor *weir__tensor_view_home(weir_ctx *c, weir__storage *s, const weir_spec *spec,
                                    const int64_t *strides, int64_t offset);
void weir__tensor_free_home(weir_tensor *t);
weir__storage *weir__storage_new(weir_ctx *c, size_t bytes);
void weir__storage_ref(weir_ctx *c, weir__storage *s);
void weir__storage_unref(weir_ctx *c, weir__storage *s);
void weir__storage_changed(weir__storage *s, const char *by);
/* False, after an error, for weights of a shared model: in the share always, in the model itself
 * while shares are out. */
/* Whether there is memory for its elements yet: a parameter has none before its module is used.
 * weir__laid_out says so by an error of c. */
bool weir__is_laid_out(const weir_tensor *x);
bool weir__laid_out(weir_ctx *c, const weir_tensor *x, const char *who);
bool weir__storage_may_change(weir_ctx *c, const weir__storage *s, const char *who);
void weir__tensor_ref(weir_ctx *c, weir_tensor *t);
/* y. x was used up in making it, and whoever calls is the last to know x: it ends here if it was
 * made in the innermost scope and is no leaf; what the graph saved of it stays the graph's. A use
 * afterwards is an error that names it and the module that runs. What a caller passed in lies in a
 * scope further out: stays. */
weir_tensor *weir__tensor_consumed(weir_tensor *x, weir_tensor *y);
void weir__tensor_unref(weir_ctx *c, weir_tensor *t);

static inline void *weir__ptr(const weir_tensor *t)
{
    return (char *)t->storage->data + t->offset * (int64_t)weir_dtype_size(t->dtype);
}
weir_spec weir__spec_of(const weir_tensor *t);
weir_spec weir__spec(weir_dtype t, int ndim, const int64_t *shape);
int64_t weir__numel_of(int ndim, const int64_t *shape);
bool weir__spec_check(weir_ctx *c, const char *what, weir_dtype t, int ndim,
                      const int64_t *shape); /* rank, extents, overflow */
/* False, after an error in the context of one of the others, when any of x is NULL. */
bool weir__given(const char *who, int n, weir_tensor *const *x);
void weir__dense_strides(int ndim, const int64_t *shape, int64_t *strides);
void weir__channels_last_strides(const int64_t shape[4], int64_t strides[4]);
bool weir__is_dense(int ndim, const int64_t *shape, const int64_t *strides);
bool weir__same_shape(const weir_tensor *a, const weir_tensor *b);
/* Broadcast of two shapes; false where they do not fit. */
bool weir__broadcast(int *ndim, int64_t *shape, int ndim_b, const int64_t *shape_b);
/* Strides of t when read as `ndim, shape` (0 along broadcast axes). */
void weir__broadcast_strides(const weir_tensor *t, int ndim, const int64_t *shape,
                             int64_t *strides);
/* "matmul: [4, 3] and [5, 7]" */
void weir__append_shapes(char *buffer, size_t bytes, size_t *used, int n, weir_tensor *const *x);
double weir__element(const weir_tensor *t, const int64_t *index);
/* Converts n dense elements between any two dtypes (to integers: truncation, to bool: != 0). */
void weir__convert(weir_dtype to, void *out, weir_dtype from, const void *in, int64_t n);
/* As weir__convert, with strides in elements. */
void weir__convert_strided(weir_dtype to, void *out, int64_t so, weir_dtype from, const void *in,
                           int64_t si, int64_t n);
/* Distance from |x| to the next float above it; infinite where there is none. */
double weir__float_spacing(double x);
/* Whether floats blur values spread by `std` around `mean`: they are more than std / 1000 apart
 * there. */
bool weir__float_blurs(double mean, double std);
extern weir_tensor weir__orphan_tensor; /* nil of the orphan context */

#endif
