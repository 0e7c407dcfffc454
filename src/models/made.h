/* made.h - network.made for the files that run it: made.c, made_by_column.c. */
#ifndef WEIR_MODELS_MADE_H
#define WEIR_MODELS_MADE_H
#include "models/models.h"

typedef struct weir__made { /* the state */
    weir__condition_use use;
    int32_t activation; /* of WEIR__MLP_ACTIVATIONS */
    bool residual, added;
    int64_t layers; /* of x; behind them linear maps of the condition, where it is added */
    int64_t in, out, columns; /* `in` without the condition's */
} weir__made;
/* The degree of unit j: of inputs those of the condition come last. */
typedef enum weir__made_place {
    WEIR__MADE_INPUT,
    WEIR__MADE_HIDDEN,
    WEIR__MADE_OUTPUT
} weir__made_place;
int64_t weir__made_degree(const weir__made *s, weir__made_place place, int64_t j);
weir_tensor *weir__made_active(const weir__made *s, weir_tensor *h);
weir__by_column *weir__made_by_column(weir_module *m, weir_tensor *x, const weir_condition *k);

#endif
