/* rows.c - the list of modules. */
#include "nn/nn.h"

const weir_row *const weir__module_rows[] = {
    &weir__row_linear.row, &weir__row_relu.row,     &weir__row_tanh.row,       &weir__row_sigmoid.row,
    &weir__row_softplus.row, &weir__row_sequential.row, &weir__row_group.row,
};
const int64_t weir__module_row_count = sizeof weir__module_rows / sizeof *weir__module_rows;
