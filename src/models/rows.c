/* rows.c - the lists of networks and models. */
#include "models/models.h"

const weir_row *const weir__network_rows[] = {
    &weir__row_mlp.row,
    &weir__row_residual_mlp.row,
    &weir__row_made.row,
    &weir__row_conv.row,
    &weir__row_conv_resnet.row,
    &weir__row_unet.row,
    &weir__row_retarget.row,
};
const int64_t weir__network_row_count = sizeof weir__network_rows / sizeof *weir__network_rows;

const weir_row *const weir__model_rows[] = {
#define F(n) &weir__model_##n.row,
    WEIR__MODEL_LIST(F)
#undef F
};
const int64_t weir__model_row_count = sizeof weir__model_rows / sizeof *weir__model_rows;
