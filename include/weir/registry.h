/* weir/registry.h - rows: how everything that is chosen by name is declared, found and configured.
 *
 * A kind (op, module, bijection, base, optimizer, schedule, dataset, model, command ...) is a list
 * of constant rows. Each row stands beside its code and begins with a `weir_row`; its public name
 * is exactly `kind.name`. Listings, --help, config checks, property tests, benches and bindings
 * loop over these lists.
 *
 *     for (int64_t i = 0; i < weir_row_count(c, "op"); i++)
 *         puts(weir_row_at(c, "op", i)->name);                            // op.add, op.exp, ...
 *     const weir_row *adam = weir_row_find(c, "optimizer", "adam");
 *     for (const weir_option *o = adam->options; o->name; o++)
 *         printf("%s=%s  %s\n", o->name, o->def, o->doc);
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
    WEIR_OPTION_TEXT,   /* char *, owned */
    WEIR_OPTION_INTS,   /* weir_ints: comma-separated integers, each within [min, max] */
    WEIR_OPTION_REALS,  /* weir_reals, owned: comma-separated numbers, each within [min, max] */
    WEIR_OPTION_WORDS,  /* weir_words, owned: comma-separated; "in quotes" anything may stand */
    WEIR_OPTION_ROW,    /* weir_choice, owned: a row of the kind that stands in `choices` */
    WEIR_OPTION_ROWS    /* weir_choices, owned: a list of such rows */
} weir_option_type;

enum { WEIR_INTS_MAX = 32 };
typedef struct weir_ints {
    int64_t n;
    int64_t at[WEIR_INTS_MAX];
} weir_ints;
typedef struct weir_reals {
    int64_t n;
    double *at; /* one block */
} weir_reals;
typedef struct weir_words {
    int64_t n;
    char **at; /* one block, which holds the words too */
} weir_words;

/* One option: a field of its owner's option struct. Its default is text, read by the same parser as
 * a user's value, so that the listing, the help and the parser cannot disagree. */
typedef struct weir_option {
    const char *name; /* NULL ends the list. A point in it: the owner's own, said among those of the
                         ROW before the point ("log_prob.probes", where `log_prob` is a ROW) */
    weir_option_type type;
    size_t offset;       /* of the field in the option struct */
    const char *def;     /* ROW: "NAME", or "NAME key=value .." whose keys go with that name alone;
                            "": no row */
    double min, max;     /* INT, REAL, INTS, REALS: inclusive; -INFINITY and INFINITY: none */
    const char *choices; /* CHOICE: the words; ROW, ROWS: the kind; INT: words that stand for values
                            beside those of the range, as "auto=-1", or NULL */
    const char *doc;     /* one line, with the unit where there is one */
} weir_option;

typedef struct weir_row {
    uint32_t size;              /* sizeof the whole row */
    uint32_t version;           /* of the row's kind; now 1 */
    const char *name;           /* "kind.name" */
    const char *doc;            /* one line */
    const weir_option *options; /* NULL: none */
    size_t options_size;        /* sizeof the option struct, whose first member is `size_t size` */
    const char *test; /* test input as the kind reads it (options for a model, an argv for a command
                         ...); NULL where the kind has its own */
    /* Names that the row had before, without the kind, as "ddpm|vp": read without a word, never
     * printed. NULL: none. */
    const char *was;
    /* Options that had other names, as "old=new old=new": read without a word, never printed, and
     * so are the names below them ("score.rtol" by "score=log_prob"). "old=" has no successor:
     * files may hold it where the present options do not know it. NULL: none. */
    const char *renamed;
    /* Options, as "in|out|dtype", that the row which chooses this one gives unless they are said:
     * the value of its own option of that name and type, else what its code works out. They stand
     * among the first 64. NULL: none. */
    const char *given;
    const void *reserved[4]; /* NULL: what comes later takes their places */
} weir_row;

/* A row that an option chooses, and the options of that row; the struct around it owns both. */
typedef struct weir_choice {
    const weir_row *row; /* NULL: none */
    void *options;       /* its option struct */
    uint64_t said; /* bit i: option i, one of `given`, was said, and is not the owner's to give */
} weir_choice;
typedef struct weir_choices {
    int64_t n;
    weir_choice *at;
} weir_choices;

/* Rows of a kind: the built-in ones in the order of their list, then those registered with `c`.
 * 0 and NULL for an unknown kind. */
WEIR_API int64_t weir_kind_count(const weir_ctx *c);
WEIR_API const char *weir_kind_at(const weir_ctx *c, int64_t index);
WEIR_API int64_t weir_row_count(const weir_ctx *c, const char *kind);
WEIR_API const weir_row *weir_row_at(const weir_ctx *c, const char *kind, int64_t index);
/* Finds `name` or `kind.name`. Unknown: an error that suggests the nearest, and NULL. */
WEIR_API const weir_row *weir_row_find(weir_ctx *c, const char *kind, const char *name);
/* Adds a row from outside the library to `c` (and contexts opened below it later). `row` must
 * outlive `c`. A name taken is an error, and so is a row without a hook that its kind must have,
 * or with an option that does not lie in its struct. A kind's rows grow at their end: one of an
 * older header (smaller) is as if its further fields were 0, and is found as a copy of it; one of
 * a newer header (larger) has to have 0 there. */
WEIR_API weir_status weir_row_register(weir_ctx *c, const weir_row *row);

/* Options: fill `opts` (room for row->options_size bytes, whatever a header says) with defaults;
 * then set by name and text, or from "name=value name=value", where a value with blanks stands in
 * quotes ("a \"b\" c"). Unknown names suggest the nearest; values outside the range say the range.
 *
 *     net=unet              chooses a row; the one that is chosen already keeps its options
 *     net="unet width=8"    and sets some of them
 *     net.block.heads=4     sets one, however deep
 *     flow=tile,coupling    chooses a list of rows
 *     flow.1.net.width=8    sets within one of them; flow.2=scale adds a third
 *
 * Within one text all rows are chosen first. */
WEIR_API weir_status weir_options_defaults(weir_ctx *c, const weir_row *row, void *opts);
WEIR_API weir_status weir_option_set(weir_ctx *c, const weir_row *row, void *opts, const char *name,
                                     const char *value);
WEIR_API weir_status weir_options_parse(weir_ctx *c, const weir_row *row, void *opts,
                                        const char *text);
/* Sets a ROW, or an element of ROWS, to `chosen` with a copy of `options` (NULL: its defaults):
 * `weir_choice_set(c, model, &o, "net", mlp, &net)`. What `given` names and is not at its default
 * is taken as said. */
WEIR_API weir_status weir_choice_set(weir_ctx *c, const weir_row *row, void *opts, const char *name,
                                     const weir_row *chosen, const void *options);
/* Returns the memory of owned fields (TEXT, REALS, WORDS, ROW, ROWS) to `c`, with which they were
 * set; a struct of plain fields needs none of it. Free before filling anew, and before writing into
 * an owned field by hand. */
WEIR_API void weir_options_free(weir_ctx *c, const weir_row *row, void *opts);
/* `to`, whose contents are not looked at, becomes a copy of `from` that owns what it holds. After
 * an error it owns nothing. */
WEIR_API weir_status weir_options_copy(weir_ctx *c, const weir_row *row, void *to,
                                       const void *from);
/* Looks at a struct that a program filled by hand: its size, and every field that it has against
 * its range, those of chosen rows too. */
WEIR_API weir_status weir_options_check(weir_ctx *c, const weir_row *row, const void *opts);
/* Writes the value of one option as text that weir_option_set reads back to the same bits; its
 * default where the struct, of an older header, does not reach it. Returns the length, as snprintf.
 */
WEIR_API int weir_option_text(const weir_option *option, const void *opts, char *buffer,
                              size_t bytes);
/* Writes all options, those of chosen rows too, as text that weir_options_parse reads back to the
 * same bits. As snprintf; -1 where rows are nested so deep that a key would be too long to read. */
WEIR_API int64_t weir_options_text(const weir_row *row, const void *opts, char *buffer,
                                   size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
