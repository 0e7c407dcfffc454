/* rows.c - the lists of networks and models. */
#include "models/models.h"

extern const weir_model_row weir__model_nice, weir__model_flow, weir__model_rectified_flow;

const weir_row *const weir__network_rows[] = { &weir__row_mlp.row };
const int64_t weir__network_row_count = sizeof weir__network_rows / sizeof *weir__network_rows;

const weir_row *const weir__model_rows[] = {
    &weir__model_nice.row,
    &weir__model_flow.row,
    &weir__model_rectified_flow.row,
};
const int64_t weir__model_row_count = sizeof weir__model_rows / sizeof *weir__model_rows;
