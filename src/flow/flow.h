/* flow.h - what models build flows from. Bijections are modules whose row has transform (data -> noise) and inverse. */
#ifndef WEIR_FLOW_INTERNAL_H
#define WEIR_FLOW_INTERNAL_H
#include "nn/nn.h"
#include "weir/flow.h"

extern const weir_row *const weir__bijection_rows[];
extern const int64_t weir__bijection_row_count;
extern const weir_row *const weir__base_rows[];
extern const int64_t weir__base_row_count;

/* partition.c: how d columns are cut in two. HALF: the first ceil(d/2) and the rest; ODD_EVEN: columns 0, 2, 4 .. and 1, 3, 5 .. */
typedef enum weir__partition { WEIR__ODD_EVEN, WEIR__HALF } weir__partition;
#define WEIR__PARTITION_CHOICES "odd_even|half"
void weir__partition_split(weir_tensor *x, weir__partition p, weir_tensor **first, weir_tensor **second); /* views */
weir_tensor *weir__partition_join(weir_tensor *first, weir_tensor *second, weir__partition p);

/* Zeros [B]: the log-det of a map that keeps volume. */
weir_tensor *weir__log_det_zero(weir_tensor *x);
/* False, after an error that names the module, unless x is [B, dim] of type t. */
bool weir__is_rows(weir_module *m, weir_tensor *x, int64_t dim, weir_dtype t);

/* -- couplings ---------------------------------------------------------------------------------- */
/* Options of every coupling; those of its map stand behind them. */
typedef struct weir__coupling_opts {
    size_t size;
    int64_t dim, parity, classes, context;
    int32_t partition, dtype;
    weir_choice net;
    bool net_follows; /* not an option: weir__coupling_new adds the net itself */
} weir__coupling_opts;
#define WEIR__COUPLING_OPT(field) offsetof(weir__coupling_opts, field)
#define WEIR__COUPLING_OPTIONS(net_default, net_doc) \
    { "dim", WEIR_OPTION_INT, WEIR__COUPLING_OPT(dim), "2", 2, 1 << 24, NULL, "columns" }, \
    { "partition", WEIR_OPTION_CHOICE, WEIR__COUPLING_OPT(partition), "odd_even", 0, 0, \
      WEIR__PARTITION_CHOICES, "how columns are cut in two" }, \
    { "parity", WEIR_OPTION_INT, WEIR__COUPLING_OPT(parity), "0", 0, 1, NULL, \
      "0: keep the first part (even columns); 1: keep the second" }, \
    { "net", WEIR_OPTION_ROW, WEIR__COUPLING_OPT(net), net_default, 0, 0, "network", net_doc }, \
    { "dtype", WEIR_OPTION_CHOICE, WEIR__COUPLING_OPT(dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, \
      "element type" }, \
    { "classes", WEIR_OPTION_INT, WEIR__COUPLING_OPT(classes), "0", 0, 1 << 20, NULL, \
      "of the condition \"class\", which the net sees; 0: none" }, \
    { "context", WEIR_OPTION_INT, WEIR__COUPLING_OPT(context), "0", 0, 1 << 24, NULL, \
      "values of the condition \"context\", which the net sees; 0: none" }
#define WEIR__COUPLING_GIVEN "dim|dtype|classes|context"

typedef struct weir__coupling weir__coupling;
/* A map of single elements: x [B, n] by parameters h [B, params n] -> y, and log dy/dx [B, n]
 * (left NULL: 0); the inverse likewise of y, with log dx/dy. */
typedef struct weir__coupling_map {
    int64_t params;
    weir_tensor *(*apply)(const weir__coupling *s, weir_tensor *x, weir_tensor *h, bool inverse,
                          weir_tensor **log_slope);
} weir__coupling_map;
struct weir__coupling { /* the state of a coupling, or its beginning */
    const weir__coupling_map *map;
    weir_module *net;
    int64_t dim;
    weir__partition partition;
    bool swap; /* parity 1: the second part is kept */
};
void weir__coupling_create(weir_module *m, const void *options, const weir__coupling_map *map);
weir_tensor *weir__coupling_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det);
weir_tensor *weir__coupling_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det);
/* The additive one with a net of the caller's, which becomes the child "net". */
weir_module *weir__coupling_new(weir_ctx *c, int64_t dim, weir__partition partition, int parity, weir_module *net);
/* scale.c, compose.c, tile.c */
weir_module *weir__scale_new(weir_ctx *c, int64_t dim, weir_dtype t);
weir_module *weir__compose_new(weir_ctx *c);
weir_module *weir__tile_new(weir_ctx *c);
/* split.c: shape is channels, height, width; rest takes the first ceil(channels / 2) of them to vectors [B, ..]. */
weir_module *weir__split_new(weir_ctx *c, const int64_t shape[3], bool prior, weir_dtype t, weir_module *rest);

/* Every bijection, in the order of the listing: bijection.scale is weir__row_scale, and so on. */
#define WEIR__BIJECTION_LIST(F) \
    F(additive_coupling) F(affine_coupling) F(scale) F(actnorm) F(tile) F(squeeze) F(flatten) F(split) F(compose)
#define F(n) extern const weir_module_row weir__row_##n;
WEIR__BIJECTION_LIST(F)
#undef F

/* -- base distributions: modules whose row has log_prob and draw ------------------------------------------------------ */
/* Options of the standard ones, and the beginning of every other's. */
typedef struct weir__base_opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} weir__base_opts;
#define WEIR__BASE_OPTIONS \
    { "dim", WEIR_OPTION_INT, offsetof(weir__base_opts, dim), "2", 1, 1 << 24, NULL, "values a sample" }, \
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__base_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, "element type" }
#define WEIR__BASE_ROW(name_, doc_) \
    .size = sizeof(weir_module_row), .version = 1, .name = name_, .doc = doc_, .options = options, \
    .options_size = sizeof(weir__base_opts), .given = "dim|dtype"
void weir__base_create(weir_module *m, const void *options); /* keeps the options as the state */
/* A draw and its log q from e, drawn from m itself: T e and log p(e) - dim log T. */
weir_tensor *weir__base_standard(weir_module *m, weir_tensor *e, double temperature, weir_tensor **log_q);

/* Every base, in the order of the listing: base.normal is weir__base_normal, and so on. */
#define WEIR__BASE_LIST(F) F(normal) F(logistic) F(diagonal)
#define F(n) extern const weir_module_row weir__base_##n;
WEIR__BASE_LIST(F)
#undef F

#endif
