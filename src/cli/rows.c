/* rows.c - the lists of commands. */
#include "cli/cli.h"

const weir_row *const weir__command_rows[] = {
    &weir__command_train.row, &weir__command_sample.row, &weir__command_score.row, &weir__command_report.row,
    &weir__command_info.row,  &weir__command_list.row,   &weir__command_help.row,
};
const int64_t weir__command_row_count = sizeof weir__command_rows / sizeof *weir__command_rows;
