/* table.c - the list of the kind "dataset". */
#include "data/data.h"

const weir_row *const weir__dataset_rows[] = {
#define F(n) &weir__dataset_##n.row,
    WEIR__DATASET_LIST(F)
#undef F
};
const int64_t weir__dataset_row_count = sizeof weir__dataset_rows / sizeof *weir__dataset_rows;
