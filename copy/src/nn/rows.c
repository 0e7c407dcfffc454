/* rows.c - the list of modules. */
#include "nn/nn.h"

const weir_row *const weir__module_rows[] = {
#define F(n) &weir__row_##n.row,
    WEIR__MODULE_LIST(F)
#undef F
};
const int64_t weir__module_row_count = sizeof weir__module_rows / sizeof *weir__module_rows;
