/* autoregressive.h - masked autoregressive flows: autoregressive.c. */
#ifndef WEIR_FLOW_AUTOREGRESSIVE_H
#define WEIR_FLOW_AUTOREGRESSIVE_H
#include "flow/flow.h"

/* Options of every one; those of its map stand behind them. */
typedef struct weir__autoregressive_opts {
    size_t size;
    int64_t dim, classes, context;
    int32_t dtype;
    weir_choice net;
} weir__autoregressive_opts;
#define WEIR__AUTOREGRESSIVE_OPT(field) offsetof(weir__autoregressive_opts, field)
#define WEIR__AUTOREGRESSIVE_OPTIONS \
    { "dim", WEIR_OPTION_INT, WEIR__AUTOREGRESSIVE_OPT(dim), "2", 1, 1 << 20, NULL, "columns" }, \
    { "net", WEIR_OPTION_ROW, WEIR__AUTOREGRESSIVE_OPT(net), "made hidden=64,64 zero=yes", 0, 0, \
      "network", "whose outputs for a column see the columns before it alone" }, \
    { "dtype", WEIR_OPTION_CHOICE, WEIR__AUTOREGRESSIVE_OPT(dtype), "f32", 0, 0, \
      WEIR__DTYPE_CHOICES, "element type" }, \
    WEIR__OPTIONS_CONDITION(weir__autoregressive_opts, ", which the net sees")
#define WEIR__AUTOREGRESSIVE_GIVEN "dim|dtype|classes|context"
typedef struct weir__affine_autoregressive_opts {
    weir__autoregressive_opts autoregressive;
    weir__affine_opts affine;
} weir__affine_autoregressive_opts;
typedef struct weir__spline_autoregressive_opts {
    weir__autoregressive_opts autoregressive;
    weir__spline_opts spline;
} weir__spline_autoregressive_opts;

typedef struct weir__autoregressive { /* the state, or its beginning */
    const weir__map *map; /* lives as long as the module */
    weir_module *net;
    int64_t dim;
} weir__autoregressive;
void weir__autoregressive_create(weir_module *m, const void *options, const weir__map *map);
weir_tensor *weir__autoregressive_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                            weir_tensor **log_det);
weir_tensor *weir__autoregressive_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                          weir_tensor **log_det);

/* -- for the files of the inverse -------------------------------------------------------------- */
/* [B, dim, params] of x. */
weir_tensor *weir__autoregressive_params(const weir__autoregressive *s, weir_tensor *x,
                                         const weir_condition *k);
/* x of y, and log dx_i/dy_i, [B, dim], with a history, in a pass for each column. */
weir_tensor *weir__autoregressive_recorded(const weir__autoregressive *s, weir_tensor *y,
                                           const weir_condition *k, weir_tensor **log_slopes);
/* The same by a run of the network by columns, without a history; NULL after an error, and without
 * one where the network cannot. */
weir_tensor *weir__autoregressive_run(const weir__autoregressive *s, weir_tensor *y,
                                      const weir_condition *k, weir_tensor **log_slopes);
/* The same with a history where gradients are wanted. */
weir_tensor *weir__autoregressive_by_column(weir_module *m, weir_tensor *y, const weir_condition *k,
                                            weir_tensor **log_slopes);

#endif
