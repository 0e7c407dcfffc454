/* nn.h - the inside of a module, for the rooms that build on it. */
#ifndef WEIR_NN_INTERNAL_H
#define WEIR_NN_INTERNAL_H
#include "base/base.h"
#include "tensor/tensor.h"
#include "weir/nn.h"
#include "weir/ops.h"

/* A parameter or a buffer, as its module defined it. */
typedef struct weir__entry {
    char *name;          /* within the module */
    weir_tensor *tensor; /* a home tensor; a parameter's points into the flat buffer once sealed */
    weir_init init;
    bool is_buffer;
    /* another module's parameter under a second name: not listed, not laid out again */
    bool shared;
} weir__entry;

/* What a sealed root lists, in order of definition: a module's own entries, then its children's. */
typedef struct weir__item {
    weir_tensor *tensor;
    char *name; /* from the root */
    bool is_buffer;
} weir__item;

/* Where parameter `slot` lies: elements flat .. flat+numel-1 of the values and of the gradients. */
typedef struct weir__slot {
    weir_tensor *tensor;
    int64_t flat, numel;
} weir__slot;

typedef struct weir__layout {
    weir_dtype dtype;
    int64_t numel; /* elements of a flat buffer, padding included */
    int64_t n_slots;
    weir__slot *slots;
    weir__storage *values, *grads;
    int64_t n_items, items_cap;
    weir__item *items;
    /* data-dependent starts made: averages of the parameters begin after the last */
    int64_t starts;
} weir__layout;

/* A run of a network whose outputs for a column see the inputs of the columns before it alone, over
 * a batch: every unit is computed once, when what it sees is known. Values alone; what is made lies
 * in the scope of the run's beginning. After an error nothing happens. */
typedef struct weir__by_column weir__by_column;
struct weir__by_column {
    weir_tensor *in;  /* [D, inputs of a column, B]: its caller fills it */
    weir_tensor *out; /* [D, outputs of a column, B] */
    void (*up)(weir__by_column *r, int64_t i); /* out[i], of in[0 .. i-1]; i = 0, 1, .. in turn */
    /* And back, of a new run: all of `in` is there at once. */
    void (*whole)(weir__by_column *r);
    weir_tensor *g_out, *g_in; /* gradients, of the same shapes, from then on */
    void (*down)(weir__by_column *r, int64_t i); /* g_in[i-1], of g_out[i ..]; D-1, D-2, .. */
    void (*end)(weir__by_column *r);
};

struct weir_module {
    weir__object object;
    const weir_module_row *row;
    /* Begins such a run over x's batch, of its type and context; NULL after an error, and without
     * one where the network cannot. NULL: it is run as a whole. */
    weir__by_column *(*by_column)(weir_module *m, weir_tensor *x, const weir_condition *k);
    weir_module *parent;
    char *name; /* within its parent; NULL: a root */
    char *path; /* from the root, once sealed */
    void *state;
    void *options; /* its own, settled, without those of rows it chose; NULL: of a share */
    weir__entry *entries;
    int64_t n_entries, entries_cap;
    weir_module **children;
    int64_t n_children, children_cap;
    bool training;
    bool raw_init; /* of a root: leave values 0 at seal, they are about to be loaded */
    weir__layout *layout; /* of a sealed root */
    int64_t first_item, end_item; /* this subtree in the root's lists, once sealed */
    int64_t first_slot, end_slot;
};

weir__object *weir__module_nil_new(weir_ctx *c);
extern weir_module weir__orphan_module;
extern const weir_row *const weir__module_rows[];
extern const int64_t weir__module_row_count;

/* False, with the error set, for NULL, nil and modules of a failed context. `who` stands in the
 * message. */
bool weir__module_usable(const weir_module *m, const char *who);
weir_module *weir__module_root(weir_module *m);
/* The subtree's parameters, shared ones included, into x[n], x[n + 1], ..; x NULL: counts alone.
 * The number behind the last. */
int64_t weir__module_parameters(const weir_module *m, weir_tensor **x, int64_t n);
/* "flow.couplings.0.net", or the row's name for a root. Into `buffer`; returns it. */
const char *weir__module_path(const weir_module *m, char *buffer, size_t bytes);
/* The layout, sealing the tree when it is not yet; NULL: the error is set. */
weir__layout *weir__module_layout(weir_module *m);
/* Seals without drawing initial values: they are 0 until loaded. */
weir_status weir__module_seal_raw(weir_module *m);
/* Seals a root over the values of another context's tree of the same shape: read only, frozen, no
 * gradients. */
weir_status weir__module_borrow(weir_module *m, weir_module *lender);
/* Of a whole tree: a share is small. */
void weir__module_forget_options(weir_module *m);
/* Seals; false, with the error set, for a tree that reads another's values. */
bool weir__module_owns(weir_module *m, const char *who);
/* Seals; false, with the error set, for such a tree and while shares read m's values. */
bool weir__module_may_change(weir_module *m, const char *who);
/* As weir_module_buffer, but also on a sealed tree, for the last module in order of definition
 * only. */
weir_tensor *weir__module_buffer_late(weir_module *m, const char *name, weir_dtype t, int ndim,
                                      const int64_t *shape, double value);
/* Visits entries of an unsealed or sealed tree in order; names from the root. Stops early when
 * visit returns false. */
typedef bool weir__visit_fn(void *user, const char *name, const weir__entry *e);
bool weir__module_visit(weir_module *m, weir__visit_fn *visit, void *user);

/* ranges.c: what a tree holds, as named ranges of memory. */
enum { WEIR__STATE_NAME = 256 };
#define WEIR__STATE_BUFFER "buffer:" /* before a buffer's name; parameters are "weights" */
typedef struct weir__state_range {
    char name[WEIR__STATE_NAME];
    weir_dtype dtype;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
    void *data;
    size_t bytes;
    weir__storage *storage; /* that a tensor reads it through; NULL: none does */
    bool divided; /* each rank of a group keeps a part of it, once it has it; data: that part's */
} weir__state_range;
typedef struct weir__state {
    weir_ctx *ctx; /* NULL: an empty list */
    int64_t n, cap;
    weir__state_range *at;
    void *memory; /* that the ranges lie in; NULL: they lie in what they are of */
} weir__state;
/* The tree's: at[0] is all its parameters with their padding, behind it stand its buffers in order
 * of definition. The list itself lies in memory of c, which may be another than the tree's. */
weir_status weir__state_of(weir_ctx *c, weir_module *m, weir__state *out);
/* The buffers alone; there may be none. */
weir_status weir__state_of_buffers(weir_ctx *c, weir_module *m, weir__state *out);
/* The same ranges in memory of their own, with the same values. */
weir_status weir__state_clone(const weir__state *of, weir__state *out);
/* Appends a range under prefix + its name; false: the error is set. */
bool weir__state_add(weir__state *s, const char *prefix, const weir__state_range *r);
void weir__state_free(weir__state *s);
/* All ranges of `to`, or all but the parameters, from the first of `from`. Works in a failed
 * context, as does the exchange. */
void weir__state_copy(const weir__state *to, const weir__state *from, const char *who);
void weir__state_copy_buffers(const weir__state *to, const weir__state *from, const char *who);
/* All ranges of b with the first of a, which is a tree's. */
void weir__state_exchange(const weir__state *a, const weir__state *b, const char *who);

/* init.c */
void weir__init_parameter(weir_ctx *c, weir_tensor *t, const char *name, weir_init init);
/* Calls the `init` of every module of the tree that has one, children first. */
void weir__init_modules(weir_module *m);

/* Before and after a forward: seals, names the layer for messages and for the hunt after a NaN, and
 * holds a scope, so that what a layer makes on its way lives on only as far as the graph needs it.
 */
typedef struct weir__call_mark {
    weir_ctx *ctx;
    weir_scope scope;
} weir__call_mark;
bool weir__forward_begin_in(weir_module *m, weir_ctx *c, const char *who,
                            weir__call_mark *mark); /* of a call without x */
bool weir__forward_begin(weir_module *m, weir_tensor *x, const char *who, weir__call_mark *mark);
/* The results y and, where wanted, *second outlive the scope; nil, after an error, where they are
 * NULL. */
weir_tensor *weir__forward_end(weir__call_mark mark, weir_tensor *y, weir_tensor **second);
/* y; nil, after an error, for NULL. */
weir_tensor *weir__hook_gave(weir_ctx *c, const char *who, const char *hook, weir_tensor *y);
/* The same of one that is to be [n]. */
weir_tensor *weir__hook_gave_rows(weir_ctx *c, const char *who, const char *hook, weir_tensor *y,
                                  int64_t n);
/* Sets a shape error that names the module. Returns nil. */
weir_tensor *weir__module_misfit(weir_module *m, weir_tensor *x, const char *expected);
/* An option of one number, or two for height and width; false: the error is set. */
bool weir__pair_option(weir_module *m, const char *name, const weir_ints *list, int64_t pair[2]);
/* Is x [batch, channels, ..] of the type of `typed` (NULL: any)? And the error when it is not. */
bool weir__channels_fit(const weir_tensor *x, int64_t channels, const weir_tensor *typed);
weir_tensor *weir__channels_misfit(weir_module *m, weir_tensor *x, int64_t channels,
                                   const weir_tensor *typed);

/* Rows that other rooms build trees from. */
/* Every module, in the order of the listing: module.linear is weir__row_linear, and so on. */
#define WEIR__MODULE_LIST(F) \
    F(linear) F(embedding) F(layer_norm) F(rms_norm) F(group_norm) F(batch_norm) F(dropout) \
    F(multihead_attention) F(attention) F(conv2d) F(conv2d_same) F(conv_transpose2d) \
    F(patch_embedding) F(max_pool2d) F(avg_pool2d) F(upsample) F(relu) F(tanh) F(sigmoid) \
    F(softplus) F(silu) F(gelu) F(quick_gelu) F(glu) F(elu) F(selu) F(leaky_relu) F(logsigmoid) \
    F(sequential) F(module_list) F(group)
#define F(n) \
    extern const weir_module_row weir__row_##n; \
    extern const char weir__torch_##n[]; /* of nn/torch, where there is one */
WEIR__MODULE_LIST(F)
#undef F
typedef enum weir__linear_init { WEIR__LINEAR_PYTORCH, WEIR__LINEAR_UNIFORM } weir__linear_init;
typedef struct weir__linear_opts {
    size_t size;
    int64_t in, out;
    bool bias;
    int32_t init; /* weir__linear_init */
    double bound; /* of uniform weights; the bias then starts at 0 */
    int32_t dtype; /* 0 f32, 1 f64 */
} weir__linear_opts;
/* f(linear(x)) in one op; m is a linear module. */
/* silu(m(x)) of a group_norm, in one pass */
weir_tensor *weir__group_norm_silu(weir_module *m, weir_tensor *x);
weir_tensor *weir__linear_act_forward(weir_module *m, weir_tensor *x, weir_act f);
/* Its parameters, and whether it has both; m is a linear module. */
bool weir__linear_parameters(weir_module *m, weir_tensor **weight, weir_tensor **bias);
/* The activation that a module is, where a linear layer can take it along; else none. */
weir_act weir__activation_of(const weir_module *m);
weir_tensor *weir__sequential_forward(weir_module *m, weir_tensor *x);

#define WEIR__DTYPE_CHOICES "f32|f64"
static inline weir_dtype weir__dtype_option(int32_t choice) { return choice ? WEIR_F64 : WEIR_F32; }

/* -- condition_columns.c ----------------------------------------------------------------------- */
typedef struct weir__condition_use {
    int64_t classes; /* of a one-hot "class"; 0: not taken */
    int64_t context; /* values a sample of "context"; 0: not taken */
} weir__condition_use;
/* The two options of a row that takes them; `how`, from a comma on, says where they go. */
#define WEIR__OPTIONS_CONDITION(type, how) \
    { "classes", WEIR_OPTION_INT, offsetof(type, classes), "0", 0, 1 << 20, NULL, \
      "of the condition \"class\"" how "; 0: none" }, \
    { "context", WEIR_OPTION_INT, offsetof(type, context), "0", 0, 1 << 24, NULL, \
      "values of the condition \"context\"" how "; 0: none" }
int64_t weir__condition_width(weir__condition_use use);
/* [B, width] of x's type, width above 0: what m takes of k beside x [B, ..]. Nil, with the error
 * set, where k lacks it. */
weir_tensor *weir__condition_columns(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     weir__condition_use use);
/* One of the two: the class, i64 [B], and the context, [B, context]. */
weir_tensor *weir__condition_class(weir_module *m, weir_tensor *x, const weir_condition *k);
weir_tensor *weir__condition_context(weir_module *m, weir_tensor *x, const weir_condition *k,
                                     int64_t context);
/* Images h [B, C, H, W] plus a linear map of such columns [B, ..] -> [B, C]; linear NULL: h. */
weir_tensor *weir__condition_add(weir_module *linear, weir_tensor *h, weir_tensor *columns);

/* -- first.c: data-dependent starts ------------------------------------------------------------ */
/* the buffer "started" of a module whose row has `first`; false: no memory */
bool weir__module_add_started(weir_module *m);
/* In a context that walks its first batch: starts m from x, unless it has started. */
void weir__module_first(weir_module *m, weir_tensor *x, const weir_condition *k);
/* modules of the tree that are still to start */
int64_t weir__module_unstarted(const weir_module *m);

/* -- chosen.c ---------------------------------------------------------------------------------- */
/* The module of a chosen row, `option` of the row `owner`. It is given `n` integers under their
 * names, where it has such options: another value that was said is an error. Owner's own options
 * that its row.given names (classes, dtype ..) the chosen one has already. */
typedef struct weir__gift {
    const char *name;
    int64_t value;
} weir__gift;
weir_module *weir__choice_module(weir_ctx *c, const weir_row *owner, const char *option,
                                 weir_choice *k, int n, const weir__gift *gifts);

#endif
