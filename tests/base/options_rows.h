/* options_rows.h - rows of every type of option, which choose one another three deep, for the tests of options. */
#ifndef OPTIONS_ROWS_H
#define OPTIONS_ROWS_H
#include "base/value.h"
#include "test.h"
#include "weir/nn.h"

/* network.leaf <- network.deep <- model.outer */
typedef struct leaf_opts {
    size_t size;
    int64_t in, heads;
    int32_t dtype;
    double tail;
    weir_reals scales;
    weir_words tags;
} leaf_opts;
static const weir_option leaf_options[] = {
    { "in", WEIR_OPTION_INT, offsetof(leaf_opts, in), "2", 1, 1 << 20, NULL, "columns of the input" },
    { "heads", WEIR_OPTION_INT, offsetof(leaf_opts, heads), "2", 1, 64, NULL, "heads of attention" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(leaf_opts, dtype), "f32", 0, 0, "f32|f64", "element type" },
    { "tail", WEIR_OPTION_REAL, offsetof(leaf_opts, tail), "inf", 0, INFINITY, NULL, "where the tail begins" },
    { "scales", WEIR_OPTION_REALS, offsetof(leaf_opts, scales), "0.5,2", -10, 10, NULL, "of the heads" },
    { "tags", WEIR_OPTION_WORDS, offsetof(leaf_opts, tags), "a,b", 0, 0, NULL, "names of the heads" },
    { 0 },
};
static weir_tensor *as_it_is(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k) { return (void)m, (void)t, (void)k, x; }
static const weir_module_row leaf_row = {
    .row = { .size = sizeof leaf_row,
             .version = 1,
             .name = "network.leaf",
             .doc = "a test",
             .options = leaf_options,
             .options_size = sizeof(leaf_opts),
             .test = "",
             .was = "blade|needle",
             .renamed = "number_of_heads=heads",
             .given = "in|dtype" },
    .at = as_it_is,
};

typedef struct deep_opts {
    size_t size;
    int64_t width;
    int32_t dtype;
    char *label;
    weir_choice block;
    weir_choices parts;
} deep_opts;
static const weir_option deep_options[] = {
    { "width", WEIR_OPTION_INT, offsetof(deep_opts, width), "8", 1, 4096, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(deep_opts, dtype), "f32", 0, 0, "f32|f64", "element type" },
    { "label", WEIR_OPTION_TEXT, offsetof(deep_opts, label), "plain", 0, 0, NULL, "of a picture" },
    { "block", WEIR_OPTION_ROW, offsetof(deep_opts, block), "leaf heads=4", 0, 0, "network", "what repeats" },
    { "parts", WEIR_OPTION_ROWS, offsetof(deep_opts, parts), "", 0, 0, "network", "what else there is" },
    { 0 },
};
static const weir_module_row deep_row = {
    .row = { .size = sizeof deep_row,
             .version = 1,
             .name = "network.deep",
             .doc = "a test",
             .options = deep_options,
             .options_size = sizeof(deep_opts),
             .test = "",
             .renamed = "cell=block cell_heads=block.heads",
             .given = "dtype" },
    .at = as_it_is,
};

typedef struct outer_opts {
    size_t size;
    int64_t dim, steps, trace;
    int32_t dtype;
    bool fast;
    double rate;
    weir_ints shape;
    char *data;
    weir_choice net, optional;
    weir_choices flow;
} outer_opts;
static const weir_option outer_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(outer_opts, dim), "0", 0, 1 << 20, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(outer_opts, dtype), "f32", 0, 0, "f32|f64", "element type" },
    { "fast", WEIR_OPTION_BOOL, offsetof(outer_opts, fast), "no", 0, 0, NULL, "in a hurry" },
    { "rate", WEIR_OPTION_REAL, offsetof(outer_opts, rate), "1e-3", -INFINITY, INFINITY, NULL, "of learning" },
    { "shape", WEIR_OPTION_INTS, offsetof(outer_opts, shape), "", 1, 1 << 20, NULL, "of a sample" },
    { "data", WEIR_OPTION_TEXT, offsetof(outer_opts, data), "", 0, 0, NULL, "where they lie" },
    { "net", WEIR_OPTION_ROW, offsetof(outer_opts, net), "deep width=16", 0, 0, "network", "the network" },
    { "net.trace", WEIR_OPTION_INT, offsetof(outer_opts, trace), "0", 0, 9, NULL, "the owner's own, said of the network" },
    { "optional", WEIR_OPTION_ROW, offsetof(outer_opts, optional), "", 0, 0, "network", "one more, or none" },
    { "flow", WEIR_OPTION_ROWS, offsetof(outer_opts, flow), "", 0, 0, "network", "one after the other" },
    { "train.steps", WEIR_OPTION_INT, offsetof(outer_opts, steps), "10", 1, 1e9, "auto=-1|never=-2", "how long" },
    { 0 },
};
static const weir_row outer_row = {
    .size = sizeof outer_row,
    .version = 1,
    .name = "model.outer",
    .doc = "a test",
    .options = outer_options,
    .options_size = sizeof(outer_opts),
    .test = "",
    .renamed = "network=net net.gone= old_steps=train.steps",
};

static inline void register_rows(weir_ctx *c)
{
    weir_row_register(c, &leaf_row.row);
    weir_row_register(c, &deep_row.row);
}

/* -- any values of any row ------------------------------------------------------------------------------ */
typedef struct dice {
    weir_ctx *c;
    uint64_t at;
} dice;

static inline int64_t roll(dice *d, int64_t n) { return (int64_t)(weir__uniform(1234, 0, d->at++) * (double)n); }

static inline double roll_real(dice *d, double low, double high)
{
    static const double plain[] = { 0, -0.0, 1, 0.1, 1e-3, 123456789, 1e-300, -2.5 };
    double v = roll(d, 2) ? plain[roll(d, 8)] : (weir__uniform(99, 1, d->at++) - 0.5) * pow(10, (double)roll(d, 20) - 10);
    if (low == 0 && v == 0) v = 0; /* -0 lies within [0, ..], and stays what it is elsewhere */
    if (v >= low && v <= high) return v;
    double u = weir__uniform(77, 2, d->at++);
    v = isfinite(low) && isfinite(high) ? low + u * (high - low) : isfinite(low) ? low + u : high - u;
    return v < low ? low : v > high ? high : v;
}

static inline int64_t roll_int(dice *d, double low, double high)
{
    double v = roll_real(d, low, high);
    v = floor(v) < low ? ceil(v) : floor(v);
    return (int64_t)v;
}

static inline void roll_text(dice *d, char *text, int64_t most)
{
    static const char *const pieces[] = { "a", "B7", " ", "\"", "\\", ",", "=", ".", "\t", "\xc3\xa9", "name", "\n", "'" };
    int64_t n = roll(d, most);
    text[0] = 0;
    for (int64_t i = 0; i < n; i++) strcat(text, pieces[roll(d, 13)]);
}

static inline void roll_options(dice *d, const weir_row *row, void *opts, weir_choice *k, int depth);

/* One more row of the kind; deep down those that choose no others. */
static inline void roll_choice(dice *d, const char *kind, weir_choice *k, int depth)
{
    const weir_row *row;
    do row = weir_row_at(d->c, kind, roll(d, weir_row_count(d->c, kind)));
    while (depth > 2 && weir__options_choose_rows(row));
    *k = (weir_choice){ row, weir__options_new(d->c, row), 0 };
    assert_ok(d->c);
    roll_options(d, row, k->options, k, depth + 1);
}

static inline void roll_words(dice *d, const weir_option *o, void *field)
{
    char words[3][800], *at[3] = { words[0], words[1], words[2] };
    weir_words list = { roll(d, 4), at };
    for (int64_t i = 0; i < list.n; i++) roll_text(d, words[i], i ? 6 : 90);
    weir__value_copy(d->c, o, field, &list);
}

static inline void roll_value(dice *d, const weir_option *o, void *field, int depth)
{
    double reals[4];
    weir_reals list = { roll(d, 5), reals };
    weir_choices *rows = field;
    char text[4000], *p = text;
    weir__value_free(d->c, o, field);
    switch (o->type) {
    case WEIR_OPTION_INT: *(int64_t *)field = roll_int(d, o->min, o->max); break;
    case WEIR_OPTION_REAL: *(double *)field = roll_real(d, o->min, o->max); break;
    case WEIR_OPTION_BOOL: *(bool *)field = roll(d, 2); break;
    case WEIR_OPTION_CHOICE:
        *(int32_t *)field = 0;
        for (const char *q = o->choices; *q; q++)
            if (*q == '|' && roll(d, 2)) ++*(int32_t *)field;
        break;
    case WEIR_OPTION_TEXT:
        roll_text(d, text, roll(d, 8) ? 8 : 600);
        weir__value_copy(d->c, o, field, &p);
        break;
    case WEIR_OPTION_INTS:
        ((weir_ints *)field)->n = roll(d, 6);
        for (int i = 0; i < 6; i++) ((weir_ints *)field)->at[i] = roll_int(d, o->min, o->max);
        break;
    case WEIR_OPTION_REALS:
        for (int64_t i = 0; i < list.n; i++) reals[i] = roll_real(d, o->min, o->max);
        weir__value_copy(d->c, o, field, &list);
        break;
    case WEIR_OPTION_WORDS: roll_words(d, o, field); break;
    case WEIR_OPTION_ROW:
        if (o->def[0] || roll(d, 2)) roll_choice(d, o->choices, field, depth);
        break;
    case WEIR_OPTION_ROWS:
        weir__choices_grow(d->c, rows, depth > 2 ? 0 : roll(d, 4));
        for (int64_t i = 0; i < rows->n; i++) roll_choice(d, o->choices, &rows->at[i], depth);
        break;
    }
}

/* What is left to the owner stays at its default, or is said. */
static inline void roll_options(dice *d, const weir_row *row, void *opts, weir_choice *k, int depth)
{
    for (const weir_option *o = row->options; o && o->name; o++) {
        if (k && weir__is_given(row, o) && roll(d, 2)) continue;
        roll_value(d, o, (char *)opts + o->offset, depth);
        if (k) weir__choice_say(k, o);
    }
}

#endif
