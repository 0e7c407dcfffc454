/* made.c - the masked autoencoder for distribution estimation (Germain, Gregor, Murray, Larochelle
 * 2015): a perceptron whose outputs for column i depend on the inputs of columns 1 .. i-1 alone.
 *
 * Every unit has a degree, how many columns it may have seen: input i has i, hidden unit k has
 * 1 + k mod (D - 1), outputs of column i have i; a hidden unit sees units of degrees up to its own,
 * an output of lower ones. Columns of the condition have degree 0, and with them there are hidden
 * units of degree 0, so that outputs of the first column see the condition too.
 *
 * With added=yes the condition is no input: a linear map of it is added to the units of the first
 * layer, through the activation, and one to those within each residual block, as in nflows.
 *
 * With residual=yes each width after the first is a block of two layers, h + W f(W' f(h)), as
 * nflows' MaskedResidualBlock. */
#include <stddef.h>
#include "models/made.h"

typedef struct opts {
    size_t size;
    int64_t in, out, columns;
    weir_ints hidden;
    int32_t activation, dtype;
    int64_t classes, context;
    bool residual, added, zero;
} opts;

typedef weir__made state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "2", 1, 1 << 20, NULL,
      "columns of the input; behind the first `columns` follow more of the same, in order" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "2", 1, 1 << 24, NULL,
      "outputs, as many for each column, those of the first column first" },
    { "columns", WEIR_OPTION_INT, offsetof(opts, columns), "0", 0, 1 << 20, NULL,
      "D, in their order; 0: those of the input" },
    { "hidden", WEIR_OPTION_INTS, offsetof(opts, hidden), "64,64", 1, 1 << 16, NULL,
      "widths of the hidden layers" },
    { "residual", WEIR_OPTION_BOOL, offsetof(opts, residual), "no", 0, 1, NULL,
      "each width after the first is a residual block of two layers; all are equal" },
    { "activation", WEIR_OPTION_CHOICE, offsetof(opts, activation), "relu", 0, 0,
      WEIR__MLP_ACTIVATIONS, "between layers" },
    { "added", WEIR_OPTION_BOOL, offsetof(opts, added), "no", 0, 1, NULL,
      "linear maps of the condition are added to hidden units, instead of being inputs" },
    { "zero", WEIR_OPTION_BOOL, offsetof(opts, zero), "no", 0, 1, NULL,
      "the last layer starts at 0, so that the output does" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(opts, ", which joins the input, a class as a one-hot vector"),
    { 0 },
};

/* -- making ------------------------------------------------------------------------------------ */
static bool made_fits(weir_module *m, const opts *o)
{
    weir_ctx *c = weir_module_ctx(m);
    if (o->in % o->columns != 0 || o->out % o->columns != 0) {
        weir_fail(c, WEIR_ERROR_RANGE, "network.made: in=%lld out=%lld: expected multiples of %lld",
                  (long long)o->in, (long long)o->out, (long long)o->columns);
        return false;
    }
    for (int64_t i = 1; o->residual && i < o->hidden.n; i++)
        if (o->hidden.at[i] != o->hidden.at[0]) {
            weir_fail(c, WEIR_ERROR_RANGE,
                      "network.made: hidden: expected equal widths with residual=yes");
            return false;
        }
    return true;
}

typedef struct made_layer {
    int64_t n;
    int64_t *degrees; /* [n] */
} made_layer;

/* Adds the layer from `from` to n units, whose degrees `from` then has. False: no memory. */
static bool made_add(weir_module *m, const opts *o, made_layer *from, made_layer to, bool last)
{
    weir_ctx *c = weir_module_ctx(m);
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(m));
    const weir__masked_linear_opts l = {
        .size = sizeof l,
        .in = from->n,
        .out = to.n,
        .in_degrees = from->degrees,
        .out_degrees = to.degrees,
        .strict = last,
        .zero = last && o->zero,
        .dtype = weir__dtype_option(o->dtype),
    };
    if (to.degrees) weir_module_add(m, name, weir__masked_linear_new(c, &l));
    weir__free(c, from->degrees);
    *from = to;
    return weir_ok(c);
}

int64_t weir__made_degree(const weir__made *s, weir__made_place place, int64_t j)
{
    bool conditional = weir__condition_width(s->use) > 0;
    int64_t least = conditional ? 0 : 1, most = s->columns - 1;
    int64_t kinds = most >= least ? most - least + 1 : 1;
    switch (place) {
    case WEIR__MADE_INPUT: return j < s->in ? 1 + j % s->columns : 0;
    case WEIR__MADE_HIDDEN: return least + j % kinds;
    case WEIR__MADE_OUTPUT: return 1 + j / (s->out / s->columns);
    }
    return 0;
}

static made_layer made_units(weir_module *m, weir__made_place place, int64_t n)
{
    weir_ctx *c = weir_module_ctx(m);
    made_layer a = { .n = n, .degrees = weir__alloc_n(c, n, sizeof *a.degrees) };
    for (int64_t j = 0; a.degrees && j < n; j++)
        a.degrees[j] = weir__made_degree(weir_module_state(m), place, j);
    return a;
}

/* One for the first layer, and one for each residual block. */
static void made_add_condition(weir_module *m, const opts *o)
{
    const state *s = weir_module_state(m);
    int64_t n = o->residual || o->hidden.n == 0 ? o->hidden.n : 1;
    for (int64_t i = 0; i < n && weir_ok(weir_module_ctx(m)); i++) {
        char name[32];
        size_t used = 0;
        const weir__linear_opts l = {
            .size = sizeof l,
            .in = weir__condition_width(s->use),
            .out = o->hidden.at[i],
            .bias = true,
            .init = WEIR__LINEAR_PYTORCH,
            .dtype = o->dtype,
        };
        weir__append(name, sizeof name, &used, "condition%lld", (long long)i);
        weir_module_add(m, name, weir_module_from_row(weir_module_ctx(m), &weir__row_linear, &l));
    }
}

static void made_create(weir_module *m, const void *options_)
{
    opts o = *(const opts *)options_;
    weir_ctx *c = weir_module_ctx(m);
    state *s = weir_module_state(m);
    if (o.columns == 0) o.columns = o.in;
    *s = (state){
        .use = { .classes = o.classes, .context = o.context },
        .activation = o.activation,
        .residual = o.residual,
        .in = o.in,
        .out = o.out,
        .columns = o.columns,
    };
    int64_t condition = weir__condition_width(s->use);
    s->added = o.added && condition > 0;
    if (!made_fits(m, &o)) return;
    made_layer at = made_units(m, WEIR__MADE_INPUT, o.in + (s->added ? 0 : condition));
    bool good = at.degrees != NULL;
    for (int64_t i = 0; good && i < o.hidden.n; i++)
        for (int64_t layers = s->residual && i > 0 ? 2 : 1; good && layers > 0; layers--)
            good = made_add(m, &o, &at, made_units(m, WEIR__MADE_HIDDEN, o.hidden.at[i]), false);
    if (good) made_add(m, &o, &at, made_units(m, WEIR__MADE_OUTPUT, o.out), true);
    s->layers = weir_module_child_count(m);
    if (good && s->added) made_add_condition(m, &o);
    weir__free(c, at.degrees);
    m->by_column = weir__made_by_column;
}

/* -- running ----------------------------------------------------------------------------------- */
weir_tensor *weir__made_active(const weir__made *s, weir_tensor *h)
{
    static weir_tensor *(*const functions[])(weir_tensor *) = {
        weir_relu, weir_tanh, weir_sigmoid, weir_softplus, weir_silu, weir_gelu,
    };
    return functions[s->activation](h);
}

/* h, which is used up, plus `more`, likewise. */
static weir_tensor *made_plus(weir_tensor *h, weir_tensor *more)
{
    return weir__tensor_consumed(h, weir__tensor_consumed(more, weir_add(h, more)));
}

/* The first layer, with what the condition adds to it; columns NULL: nothing. */
static weir_tensor *made_first(weir_module *m, weir_tensor *x, weir_tensor *columns)
{
    const state *s = weir_module_state(m);
    weir_tensor *h = weir_module_forward(m->children[0], x);
    if (!columns) return h;
    weir_tensor *more = weir_module_forward(m->children[s->layers], columns);
    return made_plus(h, weir__tensor_consumed(more, weir__made_active(s, more)));
}

static weir_tensor *made_layers(weir_module *m, weir_tensor *h, weir_tensor *columns)
{
    const state *s = weir_module_state(m);
    int64_t last = s->layers - 1;
    for (int64_t i = 0; i < last; i++) {
        weir_tensor *next = i == 0 ? made_first(m, h, columns)
                                   : weir_module_forward(m->children[i], h);
        h = weir__tensor_consumed(h, next);
        h = weir__tensor_consumed(h, weir__made_active(s, h));
    }
    return weir_module_forward(m->children[last], h);
}

/* What the block of children i and i + 1 adds to h. */
static weir_tensor *made_block(weir_module *m, int64_t i, weir_tensor *h, weir_tensor *columns)
{
    const state *s = weir_module_state(m);
    h = weir__made_active(s, h);
    h = weir__tensor_consumed(h, weir_module_forward(m->children[i], h));
    int64_t map = s->layers + 1 + (i - 1) / 2;
    if (columns) h = made_plus(h, weir_module_forward(m->children[map], columns));
    h = weir__tensor_consumed(h, weir__made_active(s, h));
    return weir__tensor_consumed(h, weir_module_forward(m->children[i + 1], h));
}

static weir_tensor *made_blocks(weir_module *m, weir_tensor *h, weir_tensor *columns)
{
    const state *s = weir_module_state(m);
    int64_t last = s->layers - 1;
    if (last > 0) h = made_first(m, h, columns);
    for (int64_t i = 1; i < last; i += 2) h = made_plus(h, made_block(m, i, h, columns));
    return weir_module_forward(m->children[last], h);
}

static weir_tensor *made_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_tensor *columns = NULL;
    if (t) {
        weir_fail(x->object.ctx, WEIR_ERROR_STATE, "network.made: a time: expected none");
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    }
    if (weir__condition_width(s->use) > 0) {
        columns = weir__condition_columns(m, x, k, s->use);
        if (weir_is_nil(columns)) return columns;
        if (!s->added) x = weir_cat(2, (weir_tensor *const[]){ x, columns }, 1);
    }
    if (!s->added) columns = NULL;
    return s->residual ? made_blocks(m, x, columns) : made_layers(m, x, columns);
}

static weir_tensor *made_forward(weir_module *m, weir_tensor *x)
{
    return made_at(m, x, NULL, NULL);
}

const weir_module_row weir__row_made = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.made",
        .doc = "a masked perceptron: outputs for a column see the columns before it alone",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=6 hidden=8,8",
        .given = "in|out|columns|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = made_create,
    .forward = made_forward,
    .at = made_at,
    .input = "4,3",
    .torch = weir__torch_made,
};
