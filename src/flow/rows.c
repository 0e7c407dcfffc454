/* rows.c - the lists of bijections and base distributions. */
#include "flow/flow.h"

const weir_row *const weir__bijection_rows[] = {
    &weir__row_additive_coupling.row, &weir__row_scale.row, &weir__row_tile.row, &weir__row_compose.row,
};
const int64_t weir__bijection_row_count = sizeof weir__bijection_rows / sizeof *weir__bijection_rows;

const weir_row *const weir__base_rows[] = { &weir__base_normal.row, &weir__base_logistic.row };
const int64_t weir__base_row_count = sizeof weir__base_rows / sizeof *weir__base_rows;
