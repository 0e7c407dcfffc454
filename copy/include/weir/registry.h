/* weir/registry.h - rows: how everything that is chosen by name is declared, found and configured.
 *
 * A kind (op, module, bijection, base, optimizer, schedule, dataset, model, command ...) is a list of constant rows. Each row
 * stands beside its code and begins with a `weir_row`; its public name is exactly `kind.name`. Listings, --help, config
 * checks, property tests, benches and bindings loop over these lists.
 *
 *     for (int64_t i = 0; i < weir_row_count(c, "op"); i++) puts(weir_row_at(c, "op", i)->name);   // op.add, op.exp, ...
 *     const weir_row *adam = weir_row_find(c, "optimizer", "adam");
 *     for (const weir_option *o = adam->options; o->name; o++) printf("%s=%s  %s\n", o->name, o->def, o->doc);
 */
#ifndef WEIR_REGISTRY_H
#define WEIR_REGISTRY_H
#include "weir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_option_type {
    WEIR_OPTION_INT,    /* int64_t */
    WEIR_OPTION_REAL,   /* double */
    WEIR_OPTION_BOOL,   /* bool; text yes|no|true|false|1|0 */
    WEIR_OPTION_CHOICE, /* int32_t: index into `choices`, words separated by '|' */
    WEIR_OPTION_TEXT,   /* char[WEIR_TEXT_MAX] */
    WEIR_OPTION_INTS    /* weir_ints: comma-separated integers, each within [min, max] */
} weir_option_type;

enum { WEIR_TEXT_MAX = 256, WEIR_INTS_MAX = 32 };
typedef struct weir_ints {
    int64_t n;
    int64_t at[WEIR_INTS_MAX];
} weir_ints;

/* One option: a field of its owner's option struct. Its default is text, read by the same parser as a user's value, so that the
 * listing, the help and the parser cannot disagree. */
typedef struct weir_option {
    const char *name; /* NULL ends the list */
    weir_option_type type;
    size_t offset; /* of the field in the option struct */
    const char *def;
    double min, max;     /* INT, REAL, INTS: inclusive; use -INFINITY and INFINITY for none */
    const char *choices; /* CHOICE only */
    const char *doc;     /* one line, with the unit where there is one */
} weir_option;

typedef struct weir_row {
    uint32_t size;    /* sizeof the whole row */
    uint32_t version; /* of the row's kind; now 1 */
    const char *name; /* "kind.name" */
    const char *doc;  /* one line */
    const weir_option *options; /* NULL: none */
    size_t options_size;        /* sizeof the option struct, whose first member is `size_t size` */
    const char *test; /* test input as the kind reads it (options for a model, an argv for a command ...); NULL where the kind has its own */
} weir_row;

/* Rows of a kind: the built-in ones in the order of their list, then those registered with `c`. 0 and NULL for an unknown kind. */
WEIR_API int64_t weir_kind_count(const weir_ctx *c);
WEIR_API const char *weir_kind_at(const weir_ctx *c, int64_t index);
WEIR_API int64_t weir_row_count(const weir_ctx *c, const char *kind);
WEIR_API const weir_row *weir_row_at(const weir_ctx *c, const char *kind, int64_t index);
/* Finds `name` or `kind.name`. Unknown: an error that suggests the nearest, and NULL. */
WEIR_API const weir_row *weir_row_find(weir_ctx *c, const char *kind, const char *name);
/* Adds a row from outside the library to `c` (and contexts opened below it later). `row` must outlive `c`. A name taken is an error. */
WEIR_API weir_status weir_row_register(weir_ctx *c, const weir_row *row);

/* Options: fill `opts` (options_size bytes) with defaults; then set by name and text, or from "name=value name=value". `where`
 * stands in messages ("model.nice"). Unknown names suggest the nearest; values outside the range say the range. */
WEIR_API weir_status weir_options_defaults(weir_ctx *c, const weir_row *row, void *opts);
WEIR_API weir_status weir_option_set(weir_ctx *c, const weir_row *row, void *opts, const char *name, const char *value);
WEIR_API weir_status weir_options_parse(weir_ctx *c, const weir_row *row, void *opts, const char *text);
/* Looks at a struct that a program filled by hand: its size, and every field against its range. */
WEIR_API weir_status weir_options_check(weir_ctx *c, const weir_row *row, const void *opts);
/* Writes the value of one option as text that weir_option_set reads back to the same bits. Returns the length, as snprintf. */
WEIR_API int weir_option_text(const weir_option *option, const void *opts, char *buffer, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
