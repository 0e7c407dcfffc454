/* rows.c - the list of optimizers. */
#include "optim/optim.h"

extern const weir__optim_row weir__optimizer_adam, weir__optimizer_adamw, weir__optimizer_sgd,
    weir__optimizer_rmsprop;

const weir_row *const weir__optimizer_rows[] = {
    &weir__optimizer_adam.row,
    &weir__optimizer_adamw.row,
    &weir__optimizer_sgd.row,
    &weir__optimizer_rmsprop.row,
};
const int64_t weir__optimizer_row_count = sizeof weir__optimizer_rows
                                          / sizeof *weir__optimizer_rows;
