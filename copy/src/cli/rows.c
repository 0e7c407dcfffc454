/* rows.c - the lists of commands and benches. */
#include "cli/cli.h"

const weir_row *const weir__command_rows[] = {
    &weir__command_train.row, &weir__command_sample.row, &weir__command_score.row, &weir__command_report.row,
    &weir__command_info.row,  &weir__command_list.row,   &weir__command_bench.row, &weir__command_help.row,
};
const int64_t weir__command_row_count = sizeof weir__command_rows / sizeof *weir__command_rows;

const weir_row *const weir__bench_rows[] = {
    &weir__bench_p1.row, &weir__bench_p1_48.row, &weir__bench_p1_96.row, &weir__bench_p1_200.row, &weir__bench_p2.row, &weir__bench_p7.row,
    &weir__bench_op.row, &weir__bench_elementwise.row, &weir__bench_gemm.row, &weir__bench_conv.row,
};
const int64_t weir__bench_row_count = sizeof weir__bench_rows / sizeof *weir__bench_rows;
