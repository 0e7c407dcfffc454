/* flow.h - what models build flows from. Bijections are modules whose row has transform (data ->
 * noise) and inverse. */
#ifndef WEIR_FLOW_INTERNAL_H
#define WEIR_FLOW_INTERNAL_H
#include "flow/map.h"
#include "nn/nn.h"
#include "weir/flow.h"

extern const weir_row *const weir__bijection_rows[];
extern const int64_t weir__bijection_row_count;
extern const weir_row *const weir__base_rows[];
extern const int64_t weir__base_row_count;

/* partition.c: how n columns, or channels of images (axis 1), are cut in two. HALF: the first
 * ceil(n/2) and the rest; ODD_EVEN: 0, 2, 4 .. and 1, 3, 5 .. Couplings know two more:
 * CHECKERBOARD, places (i, j) of images of even and of odd i + j; MASK, those that a text of 1 and
 * 0 names. */
typedef enum weir__partition {
    WEIR__ODD_EVEN,
    WEIR__HALF,
    WEIR__CHECKERBOARD,
    WEIR__MASK,
} weir__partition;
#define WEIR__PARTITION_CHOICES "odd_even|half"
void weir__partition_split(weir_tensor *x, weir__partition p, weir_tensor **first,
                           weir_tensor **second); /* views */
weir_tensor *weir__partition_join(weir_tensor *first, weir_tensor *second, weir__partition p);
/* Of images x: bool [1, 1, H, W], true where i + j is even, or odd when `odd`. */
weir_tensor *weir__checkerboard(weir_tensor *x, bool odd);

/* Zeros [B]: the log-det of a map that keeps volume. */
weir_tensor *weir__log_det_zero(weir_tensor *x);
/* False, after an error that names the module, unless x is [B, dim] of type t. */
bool weir__is_rows(weir_module *m, weir_tensor *x, int64_t dim, weir_dtype t);

/* -- bijection.c: seeing every bijection that is called ---------------------------------------- */
/* Told of each forward when it has ended, those within another before it, as long as the scope in
 * which it was set. b's inputs and results are valid within the call. */
typedef struct weir__bijection_watch {
    void (*saw)(void *user, weir_module *b, weir_tensor *x, const weir_condition *k, weir_tensor *y,
                weir_tensor *log_det);
    void *user;
} weir__bijection_watch;
/* NULL: nobody watches. */
void weir__bijection_watch_set(weir_ctx *c, const weir__bijection_watch *watch);
/* jacobian.c: log|det df/dx| of one sample of x by central differences of step (1 + |x_j|); -inf
 * where it is 0. False: the error is set. */
bool weir__bijection_differences(weir_module *b, weir_tensor *x, int64_t sample,
                                 const weir_condition *k, double step, double *log_det);

/* -- couplings --------------------------------------------------------------------------------- */
/* Options of every coupling; those of its map stand behind them. */
typedef struct weir__coupling_opts {
    size_t size;
    int64_t dim, parity, classes, context;
    int32_t partition, dtype;
    weir_choice net;
    char *mask;
    bool net_follows; /* not an option: weir__coupling_new adds the net itself */
} weir__coupling_opts;
#define WEIR__COUPLING_OPT(field) offsetof(weir__coupling_opts, field)
#define WEIR__COUPLING_OPTIONS(net_default, net_doc) \
    { "dim", WEIR_OPTION_INT, WEIR__COUPLING_OPT(dim), "2", 1, 1 << 24, NULL, \
      "columns, or channels of images" }, \
    { "partition", WEIR_OPTION_CHOICE, WEIR__COUPLING_OPT(partition), "odd_even", 0, 0, \
      WEIR__PARTITION_CHOICES "|checkerboard|mask", \
      "how columns or channels are cut in two; checkerboard: places of images" }, \
    { "mask", WEIR_OPTION_TEXT, WEIR__COUPLING_OPT(mask), "", 0, 0, NULL, \
      "of partition=mask, as 1101: a 1 for each column of the first part, a 0 for the others" }, \
    { "parity", WEIR_OPTION_INT, WEIR__COUPLING_OPT(parity), "0", 0, 1, NULL, \
      "0: keep the first part (even columns); 1: keep the second" }, \
    { "net", WEIR_OPTION_ROW, WEIR__COUPLING_OPT(net), net_default, 0, 0, "network", net_doc }, \
    { "dtype", WEIR_OPTION_CHOICE, WEIR__COUPLING_OPT(dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, \
      "element type" }, \
    WEIR__OPTIONS_CONDITION(weir__coupling_opts, ", which the net sees")
#define WEIR__COUPLING_GIVEN "dim|partition|mask|parity|dtype|classes|context"

typedef struct weir__coupling { /* the state of a coupling, or its beginning */
    const weir__map *map; /* lives as long as the module */
    weir_module *net;
    int64_t dim, first; /* columns, and how many of them are the first part */
    weir__partition partition;
    bool swap; /* parity 1: the second part is kept */
    bool blocks; /* the net gives parameter 0 of all columns, then parameter 1, ..; else all of
                    column 0 first */
    weir_tensor *order, *back; /* of MASK, i64 [dim]: the first part's columns, then the others;
                                  and where each column has gone */
} weir__coupling;
void weir__coupling_create(weir_module *m, const void *options, const weir__map *map, bool blocks);
weir_tensor *weir__coupling_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det);
weir_tensor *weir__coupling_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det);
typedef struct weir__spline_coupling_opts { /* of bijection.spline_coupling */
    weir__coupling_opts coupling;
    weir__spline_opts spline;
} weir__spline_coupling_opts;
/* The additive one with a net of the caller's, which becomes the child "net". */
weir_module *weir__coupling_new(weir_ctx *c, int64_t dim, weir__partition partition, int parity,
                                weir_module *net);
/* scale.c, compose.c, tile.c */
weir_module *weir__scale_new(weir_ctx *c, int64_t dim, weir_dtype t);
weir_module *weir__compose_new(weir_ctx *c);
/* As its next part, named by its number. */
void weir__compose_add(weir_module *all, weir_module *part);
weir_module *weir__tile_new(weir_ctx *c);
/* inverse.c: of a bijection of the caller's, which becomes its child. */
weir_module *weir__inverse_new(weir_ctx *c, weir_module *of);
/* split.c: rest takes the first ceil(channels / 2) channels to vectors [B, ..]. */
typedef struct weir__split_opts {
    int64_t shape[3]; /* channels, height, width */
    bool prior;
    weir_dtype dtype;
    int64_t classes, context;
} weir__split_opts;
weir_module *weir__split_new(weir_ctx *c, const weir__split_opts *own, weir_module *rest);

/* Every bijection, in the order of the listing: bijection.scale is weir__row_scale, and so on;
 * where a module has the name too, bijection.tanh is weir__row_flow_tanh. */
#define WEIR__BIJECTION_LIST(F) \
    F(additive_coupling) F(affine_coupling) F(spline_coupling) F(affine_autoregressive) \
    F(spline_autoregressive) F(scale) F(actnorm) F(flow_batch_norm) F(conv1x1) F(lu_linear) \
    F(householder) F(permutation) F(tile) F(squeeze) F(flatten) F(split) F(compose) F(inverse) \
    F(logit) F(flow_sigmoid) F(flow_tanh) F(flow_softplus) F(affine) F(planar) F(radial)
#define F(n) \
    extern const weir_module_row weir__row_##n; \
    extern const char weir__torch_##n[]; /* of flow/torch, where there is one */
WEIR__BIJECTION_LIST(F)
#undef F

/* -- base distributions: modules whose row has log_prob and draw ------------------------------- */
/* Options of the standard ones, and the beginning of every other's. */
typedef struct weir__base_opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} weir__base_opts;
#define WEIR__BASE_OPTIONS \
    { "dim", WEIR_OPTION_INT, offsetof(weir__base_opts, dim), "2", 1, 1 << 24, NULL, \
      "values a sample" }, \
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__base_opts, dtype), "f32", 0, 0, \
      WEIR__DTYPE_CHOICES, "element type" }
#define WEIR__BASE_ROW(name_, doc_) \
    .size = sizeof(weir_module_row), .version = 1, .name = name_, .doc = doc_, .options = options, \
    .options_size = sizeof(weir__base_opts), .given = "dim|dtype"
void weir__base_create(weir_module *m, const void *options); /* keeps the options as the state */
/* A draw and its log q from e, drawn from m itself: T e and log p(e) - dim log T. */
weir_tensor *weir__base_standard(weir_module *m, weir_tensor *e, double temperature,
                                 weir_tensor **log_q);
/* i64 [n]: the class of every sample as an index of tables, 0 where there are no classes. Nil: the
 * error is set. */
weir_tensor *weir__base_table_index(weir_module *m, weir_ctx *c, int64_t n, int64_t classes,
                                    const weir_condition *k);

/* -- dequantizers: modules whose row has dequantize -------------------------------------------- */
#define WEIR__DEQUANTIZER_LIST(F) F(uniform) F(none) F(variational)
#define F(n) \
    extern const weir_module_row weir__dequantizer_##n; \
    extern const char weir__torch_dequantizer_##n[];
WEIR__DEQUANTIZER_LIST(F)
#undef F
extern const weir_row *const weir__dequantizer_rows[];
extern const int64_t weir__dequantizer_row_count;

/* Every base, in the order of the listing: base.normal is weir__base_normal, and so on. */
#define WEIR__BASE_LIST(F) F(normal) F(logistic) F(uniform) F(diagonal) F(mixture) F(student_t)
#define F(n) \
    extern const weir_module_row weir__base_##n; \
    extern const char weir__torch_base_##n[];
WEIR__BASE_LIST(F)
#undef F

#endif
