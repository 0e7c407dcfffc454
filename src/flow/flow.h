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

/* coupling.c. Parity 0 keeps the first part and shifts the second; parity 1 the other way. `net` maps the kept part to the shift
 * and becomes the child "net". */
weir_module *weir__coupling_new(weir_ctx *c, int64_t dim, weir__partition partition, int parity, weir_module *net);
/* scale.c, compose.c, tile.c */
weir_module *weir__scale_new(weir_ctx *c, int64_t dim, weir_dtype t);
weir_module *weir__compose_new(weir_ctx *c);
weir_module *weir__tile_new(weir_ctx *c);

/* Every bijection, in the order of the listing: bijection.scale is weir__row_scale, and so on. */
#define WEIR__BIJECTION_LIST(F) F(additive_coupling) F(scale) F(tile) F(compose)
#define F(n) extern const weir_module_row weir__row_##n;
WEIR__BIJECTION_LIST(F)
#undef F
extern const weir_base_row weir__base_normal, weir__base_logistic;

#endif
