/* rows.c - the lists of commands. */
#include "cli/cli.h"

const weir_row *const weir__command_rows[] = {
    &weir__command_train.row,       &weir__command_sample.row,  &weir__command_score.row,
    &weir__command_encode.row,      &weir__command_decode.row,  &weir__command_classify.row,
    &weir__command_interpolate.row, &weir__command_inpaint.row, &weir__command_denoise.row,
    &weir__command_reflow.row,      &weir__command_convert.row, &weir__command_compare.row,
    &weir__command_samplers.row,    &weir__command_check.row,   &weir__command_import.row,
    &weir__command_export.row,      &weir__command_report.row,  &weir__command_info.row,
    &weir__command_list.row,        &weir__command_help.row,
};
const int64_t weir__command_row_count = sizeof weir__command_rows / sizeof *weir__command_rows;
