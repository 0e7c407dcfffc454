/* table.c - the table of this instruction set. */
#include "names.h"

#define NAME_(isa) #isa
#define NAME(isa) NAME_(isa)
#define F32(f) WEIR__PASTE(WEIR__PASTE(weir__##f##_, WEIR_ISA), _f32)
#define F64(f) WEIR__PASTE(WEIR__PASTE(weir__##f##_, WEIR_ISA), _f64)
#define BOTH(f) { F32(f), F64(f) }
#define HALF(f) WEIR__PASTE(WEIR__PASTE(weir__##f##_, WEIR_ISA), _half)

const weir__isa WEIR__PASTE(weir__isa_, WEIR_ISA) = {
    .name = NAME(WEIR_ISA),
#define F(n) F32(u_##n),
    .unary = { { WEIR__UNARY_LIST(F) },
#undef F
#define F(n) F64(u_##n),
               { WEIR__UNARY_LIST(F) } },
#undef F
#define F(n) F32(s_of_##n),
    .slope = { { WEIR__SLOPE_LIST(F) },
#undef F
#define F(n) F64(s_of_##n),
               { WEIR__SLOPE_LIST(F) } },
#undef F
#define F(n) F32(both_##n),
    .both = { { WEIR__BOTH_LIST(F) },
#undef F
#define F(n) F64(both_##n),
              { WEIR__BOTH_LIST(F) } },
#undef F
#define F(n) F32(b_##n),
    .binary = { { WEIR__BINARY_LIST(F) },
#undef F
#define F(n) F64(b_##n),
                { WEIR__BINARY_LIST(F) } },
#undef F
#define F(n) F32(r_##n),
    .row = { { WEIR__ROW_LIST(F) },
#undef F
#define F(n) F64(r_##n),
             { WEIR__ROW_LIST(F) } },
#undef F
#define F(n) F32(c_##n),
    .compare = { { WEIR__COMPARE_LIST(F) },
#undef F
#define F(n) F64(c_##n),
                 { WEIR__COMPARE_LIST(F) } },
#undef F
#define F(n) F32(m_##n),
    .matrix = { { WEIR__MATRIX_LIST(F) },
#undef F
#define F(n) F64(m_##n),
                { WEIR__MATRIX_LIST(F) } },
#undef F
    .triangle = BOTH(triangle),
    .spline = BOTH(spline),
    .spline_back = BOTH(spline_back),
    .square_error = BOTH(square_error),
    .square_error_back = BOTH(square_error_back),
    .where = BOTH(where),
    .short_rows = BOTH(short_rows),
    .short_rows_most = { 2 << WEIR__LEVEL, 1 << WEIR__LEVEL },
    .probabilities = BOTH(probabilities),
    .sum = BOTH(sum),
    .max = BOTH(max),
    .sum_squares = BOTH(sum_squares),
    .sum_block = BOTH(sum_block),
    .max_block = BOTH(max_block),
    .column_sum = BOTH(column_sum),
    .norm_stats = BOTH(norm_stats),
    .norm_apply = BOTH(norm_apply),
    .norm_parts = BOTH(norm_parts),
    .norm_sums = BOTH(norm_sums),
    .norm_back = BOTH(norm_back),
    .norm_scales = BOTH(norm_scales),
    .norm_slope = BOTH(norm_slope),
    .norm_blocks = BOTH(norm_blocks),
    .find_nonfinite = BOTH(find_nonfinite),
    .transpose_copy = BOTH(transpose_copy),
    .transpose_places = BOTH(transpose_places),
    .pick_columns = BOTH(pick_columns),
    .add_columns = BOTH(add_columns),
    .from_half = { HALF(from_bf16), HALF(from_f16) },
    .to_half = { HALF(to_bf16), HALF(to_f16) },
    .gemm_scratch = BOTH(gemm_scratch),
    .gemm = BOTH(gemm),
    .conv_scratch = BOTH(conv_scratch),
    .conv_forward = BOTH(conv_forward),
    .conv_input = BOTH(conv_input),
    .conv_weight = BOTH(conv_weight),
    .max_pool = BOTH(max_pool),
    .pool_gather = BOTH(pool_gather),
    .pool_scatter = BOTH(pool_scatter),
    .avg_pool = BOTH(avg_pool),
    .avg_pool_input = BOTH(avg_pool_input),
    .upsample = BOTH(upsample),
    .upsample_input = BOTH(upsample_input),
    .bilinear = BOTH(bilinear),
    .bilinear_input = BOTH(bilinear_input),
    .modulate = BOTH(modulate),
    .modulate_back = BOTH(modulate_back),
    .rotary = BOTH(rotary),
    .mlp_scratch = BOTH(mlp_scratch),
    .mlp = BOTH(mlp),
    .fma_peak = BOTH(fma_peak),
    .uniform = BOTH(uniform),
    .normal = BOTH(normal),
    .uniform_rows = BOTH(uniform_rows),
    .normal_rows = BOTH(normal_rows),
    .adam = BOTH(adam),
    .sgd = BOTH(sgd),
    .rmsprop = BOTH(rmsprop),
};
