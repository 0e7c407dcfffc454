/* compose.c - bijections one after the other: f = f_K o .. o f_1, log-dets add up; the inverse goes backwards. */
#include "flow/flow.h"

static weir_tensor *transform(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det)
{
    weir_tensor *total = NULL, *part;
    for (int64_t i = 0; i < m->n_children; i++) {
        x = weir_bijection_forward(m->children[i], x, k, &part);
        total = total ? weir_add(total, part) : part;
    }
    *log_det = total ? total : weir__log_det_zero(x);
    return x;
}

static weir_tensor *inverse(weir_module *m, weir_tensor *y, const weir_condition *k, weir_tensor **log_det)
{
    weir_tensor *total = NULL, *part;
    for (int64_t i = m->n_children; i-- > 0;) {
        y = weir_bijection_inverse(m->children[i], y, k, &part);
        total = total ? weir_add(total, part) : part;
    }
    *log_det = total ? total : weir__log_det_zero(y);
    return y;
}

const weir_module_row weir__row_compose = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "bijection.compose", .doc = "child bijections one after the other",
             .options_size = sizeof(size_t), .test = "" },
    .transform = transform,
    .inverse = inverse,
};

weir_module *weir__compose_new(weir_ctx *c) { return weir_module_from_row(c, &weir__row_compose, NULL); }
