/* rows.c - the lists of bijections, base distributions and dequantizers. */
#include "flow/flow.h"

const weir_row *const weir__bijection_rows[] = {
#define F(n) &weir__row_##n.row,
    WEIR__BIJECTION_LIST(F)
#undef F
};
const int64_t weir__bijection_row_count = sizeof weir__bijection_rows
                                          / sizeof *weir__bijection_rows;

const weir_row *const weir__base_rows[] = {
#define F(n) &weir__base_##n.row,
    WEIR__BASE_LIST(F)
#undef F
};
const int64_t weir__base_row_count = sizeof weir__base_rows / sizeof *weir__base_rows;

const weir_row *const weir__dequantizer_rows[] = {
#define F(n) &weir__dequantizer_##n.row,
    WEIR__DEQUANTIZER_LIST(F)
#undef F
};
const int64_t weir__dequantizer_row_count =
    sizeof weir__dequantizer_rows / sizeof *weir__dequantizer_rows;
