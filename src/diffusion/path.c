/* path.c - the list of paths from data to noise: x_t = a x_0 + b eps. */
#include "diffusion/diffusion.h"

const weir_row *const weir__path_rows[] = {
#define F(n) &weir__path_##n.row,
    WEIR__PATH_LIST(F)
#undef F
};
const int64_t weir__path_row_count = sizeof weir__path_rows / sizeof *weir__path_rows;

void weir__path_unit(const void *options, double *lo, double *hi)
{
    (void)options;
    *lo = 0;
    *hi = 1;
}
