/* table.c - the list of the kind "dataset". */
#include "data/data.h"

const weir_row *const weir__dataset_rows[] = {
    &weir__dataset_digits.row, &weir__dataset_npy.row, &weir__dataset_csv.row, &weir__dataset_idx.row, &weir__dataset_folder.row,
    &weir__dataset_moons.row, &weir__dataset_8gaussians.row, &weir__dataset_pinwheel.row, &weir__dataset_rings.row,
    &weir__dataset_spirals.row, &weir__dataset_checkerboard.row, &weir__dataset_swissroll.row, &weir__dataset_gmm3.row,
    &weir__dataset_gaussian.row,
};
const int64_t weir__dataset_row_count = sizeof weir__dataset_rows / sizeof *weir__dataset_rows;
