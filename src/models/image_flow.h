/* image_flow.h - parts of flows of images, which are children of a compose, numbered. */
#ifndef WEIR_IMAGE_FLOW_INTERNAL_H
#define WEIR_IMAGE_FLOW_INTERNAL_H
#include "models/models.h"

void weir__flow_add(weir_module *compose, weir_module *part);
void weir__flow_add_row(weir_module *compose, const char *row, const char *options);
void weir__flow_add_sized(weir_module *compose, const char *row, int64_t dim, weir_dtype t);
void weir__flow_add_flatten(weir_module *compose, const int64_t shape[3]);
typedef struct weir__coupling_site {
    int64_t dim;
    const char *partition; /* NULL: the coupling's own */
    int64_t parity;
} weir__coupling_site;
/* The bijection `k` that the model's option "coupling" chooses. */
void weir__flow_add_coupling(weir_model *m, weir_module *compose, weir_choice *k,
                             const weir__coupling_site *at);
/* A copy of `coupling` whose net is `net` (NULL: its own). Delete its options, which are NULL after
 * an error. */
weir_choice weir__flow_coupling_with(weir_model *m, const weir_choice *coupling,
                                     const weir_choice *net);
typedef enum weir__flow_input {
    WEIR__INPUT_AUTO,
    WEIR__INPUT_NONE,
    WEIR__INPUT_CENTRE,
    WEIR__INPUT_LOGIT,
} weir__flow_input;
#define WEIR__INPUT_CHOICES "auto|none|centre|logit"
#define WEIR__INPUT_DOC(by_default)                                                                \
    "of data from 0 to 1: less 1/2, or their logit; auto: " by_default                             \
    " of images of integers, else none"
void weir__flow_add_input(weir_model *m, weir_module *compose, weir__flow_input said,
                          weir__flow_input by_default, double alpha);
/* How often height and width can be halved, up to `most`; false, after an error, if less often. */
int64_t weir__flow_halvings(const int64_t shape[3], int64_t most);
bool weir__flow_halves(weir_model *m, int64_t times);

#endif
