/* compose.c - bijections one after the other: f = f_K o .. o f_1, log-dets add up; the inverse goes
 * backwards. Options list them, "parts=actnorm,additive_coupling parts.1.parity=1", and how often
 * the list is repeated; without a list they are added by the code that makes it. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim, repeat, classes, context;
    int32_t dtype;
    weir_choices parts;
} opts;

static const weir_option options[] = {
    { "parts", WEIR_OPTION_ROWS, offsetof(opts, parts), "", 0, 0, "bijection",
      "in the order in which data go through" },
    { "repeat", WEIR_OPTION_INT, offsetof(opts, repeat), "1", 1, 1024, NULL,
      "times the list, each with weights of its own" },
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL,
      "columns, of the parts that do not say theirs" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parts" },
    WEIR__OPTIONS_CONDITION(opts, ", of the parts that take one"),
    { 0 },
};

/* Children 0, 1, .. */
static void compose_create(weir_module *m, const void *options_)
{
    opts *o = (void *)(uintptr_t)options_; /* a copy of this module's own: weir_module_from_row */
    weir_ctx *c = weir_module_ctx(m);
    for (int64_t i = 0; i < o->repeat * o->parts.n && weir_ok(c); i++) {
        weir_choice *part = &o->parts.at[i % o->parts.n];
        char name[24];
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%lld", (long long)i);
        weir_module_add(m, name,
                        weir__choice_module(c, &weir__row_compose.row, "parts", part, 0, NULL));
    }
}

/* What has gone through so far. */
typedef struct walk {
    weir_tensor *x, *log_det; /* NULL: of no part yet */
} walk;

/* A part's results take the place of what they were made of, which ends. A part may give one
 * tensor as both, or the one it was given as its log-det: exp does, of x [B]. */
static void compose_go_on(walk *w, weir_tensor *y, weir_tensor *part)
{
    weir_tensor *sum = w->log_det ? weir_add(w->log_det, part) : part;
    weir_tensor *used[] = { w->x, w->log_det, part };
    for (int i = 0; i < 3; i++)
        if (used[i] && used[i] != y && used[i] != sum) weir__tensor_consumed(used[i], i ? sum : y);
    *w = (walk){ y, sum };
}

static weir_tensor *compose_end(const walk *w, weir_tensor **log_det)
{
    *log_det = w->log_det ? w->log_det : weir__log_det_zero(w->x);
    return w->x;
}

static weir_tensor *compose_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    walk w = { .x = x };
    for (int64_t i = 0; i < m->n_children; i++) {
        weir_tensor *part, *y = weir_bijection_forward(m->children[i], w.x, k, &part);
        compose_go_on(&w, y, part);
    }
    return compose_end(&w, log_det);
}

static weir_tensor *compose_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    walk w = { .x = y };
    for (int64_t i = m->n_children; i-- > 0;) {
        weir_tensor *part, *x = weir_bijection_inverse(m->children[i], w.x, k, &part);
        compose_go_on(&w, x, part);
    }
    return compose_end(&w, log_det);
}

const weir_module_row weir__row_compose = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.compose",
        .doc = "bijections one after the other",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5 parts=tile,additive_coupling,scale parts.1.net.hidden=6 "
                "parts.2.start=0.3 repeat=2",
        .given = "dim|dtype|classes|context",
    },
    .create = compose_create,
    .transform = compose_transform,
    .inverse = compose_inverse,
    .torch = weir__torch_compose,
};

weir_module *weir__compose_new(weir_ctx *c)
{
    return weir_module_from_row(c, &weir__row_compose, NULL);
}

void weir__compose_add(weir_module *all, weir_module *part)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(all));
    weir_module_add(all, name, part);
}
