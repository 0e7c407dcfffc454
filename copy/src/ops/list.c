/* list.c - the list of op rows, and what the tape needs of ops. */
#include "ops/ops.h"

const weir_row *const weir__op_rows[] = {
#define F(n) &weir__op_##n.row,
    WEIR__OP_LIST(F)
#undef F
};
const int64_t weir__op_row_count = sizeof weir__op_rows / sizeof *weir__op_rows;

const struct weir__grad_hooks weir__grad_hooks_ops = { .add = weir_add, .sum_to = weir_sum_to };
