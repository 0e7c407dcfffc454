/* options.h - rows by name, structs of their options, and what a layer of settings says. base.h
 * includes it. */
#ifndef WEIR_BASE_OPTIONS_H
#define WEIR_BASE_OPTIONS_H
#include "weir/registry.h"

/* -- rows and options ------------------------------------------------------------------------ */
enum { WEIR__NAME_MAX = 64, WEIR__KEY_MAX = 512 }; /* a row's name; a key, points and all */
/* By its name, or one it had before; NULL, without an error, where there is none. */
const weir_row *weir__row_named(const weir_ctx *c, const char *kind, const char *name);
/* NULL: none is near. */
const char *weir__row_nearest(const weir_ctx *c, const char *kind, const char *name);
/* A row from outside, looked at before it is called: its size, options and hooks. Itself, or a copy
 * at the present size, or NULL after an error that begins with `who`. kind NULL: its name's. */
const weir_row *weir__row_look(weir_ctx *c, const char *who, const char *kind, const weir_row *row);
void weir__adopted_free(weir_ctx *c);
bool weir__zero_beyond(const void *given, size_t known, size_t size); /* bytes known .. size - 1 */

/* -- sized.c: structs that begin with their size --------------------------------------------- */
/* False, after an error "WHO of size N: expected EXPECTED, BYTES": torn, or with something in the
 * fields of a newer header. */
bool weir__sized_fits(weir_ctx *c, const char *who, const char *expected, const void *given,
                      size_t bytes);
/* What `given` has of a struct of `bytes` bytes, into `whole`, which has the defaults. NULL: they
 * stay. False as above. */
bool weir__sized_read(weir_ctx *c, const char *who, const char *expected, const void *given,
                      void *whole, size_t bytes);
/* The context in a struct, which lies at `offset`. NULL: the struct ends before, or has none. */
weir_ctx *weir__sized_ctx(const void *given, size_t offset);
/* Of `whole` what `given`, which was read, has room for, but its size. NULL: nothing. */
void weir__sized_write(void *given, const void *whole, size_t bytes);
/* For a function NAME_defaults_sized; fields that are not known are 0. */
void weir__sized_defaults(void *given, size_t size, const void *whole, size_t bytes);

const char *weir__row_short_name(const weir_row *row); /* "nice" of "model.nice" */
/* Is it of that kind, as "model.nice" is of "model"? */
bool weir__row_is_of(const weir_row *row, const char *kind);
const weir_option *weir__option_named(const weir_row *row, const char *name); /* NULL: none */
/* Where the option lies in `options`, of that row and type; NULL: none. (A double is
 * WEIR_OPTION_REAL, and so on: registry.h.) */
void *weir__option_value(const weir_row *row, void *options, const char *name,
                         weir_option_type type);
/* A struct of its own: its defaults, a copy. NULL: the error is set. Deleting NULL does nothing. */
void *weir__options_new(weir_ctx *c, const weir_row *row);
void *weir__options_clone(weir_ctx *c, const weir_row *row, const void *from);
void weir__options_delete(weir_ctx *c, const weir_row *row, void *opts);
/* The struct itself where it is of this library's size, else a whole one, which is put into *made
 * to be deleted. NULL: the error is set. */
const void *weir__options_whole(weir_ctx *c, const weir_row *row, const void *opts, void **made);
/* Every option, those of chosen rows behind the option that chooses them, with its whole key and
 * its field (NULL: the struct does not reach it), until `fn` gives false. False: stopped, or a key
 * was too long. */
typedef bool (*weir__each_fn)(void *user, const char *key, const weir_option *o, const void *field);
bool weir__options_each(const weir_row *row, const void *opts, weir__each_fn fn, void *user);
/* The first key in which two structs of the row differ, and its values, cut short; false: they do
 * not. */
typedef struct weir__difference {
    char key[160], a[80], b[80];
} weir__difference;
bool weir__options_differ(const weir_row *row, const void *a, const void *b, weir__difference *d);
/* Sets option `to` of one struct from `from` of another, by its text. */
weir_status weir__option_convey(weir_ctx *c, const weir_row *from_row, const weir_option *from,
                                const void *from_opts, const weir_row *to_row,
                                const weir_option *to, void *to_opts);
bool weir__options_choose_rows(const weir_row *row); /* whether some option of it does */
/* given.c: what chosen rows leave to their choosers takes these' values of the same name, at every
 * depth; and one value that the code of `owner` works out, which is an error where another was
 * said. */
weir_status weir__options_settle(weir_ctx *c, const weir_row *row, void *opts);
weir_status weir__choice_give(weir_ctx *c, const weir_row *owner, const char *option,
                              weir_choice *k, const char *name, const char *value);

/* -- assignments.c: what one layer says ------------------------------------------------------ */
typedef struct weir__assignment {
    char *key, *value; /* one block, at the key */
} weir__assignment;
typedef struct weir__assignments {
    weir_ctx *c;
    const char *where; /* messages begin with it: "model.nice" */
    const char *above; /* keys are below this one, for messages; NULL: at the top */
    bool file;         /* what rows once had and have no more is passed over */
    weir__assignment *at;
    int64_t n, cap;
} weir__assignments;
weir_status weir__assignments_add(weir__assignments *a, const char *key, size_t key_bytes,
                                  const char *value);
weir_status weir__assignments_text(weir__assignments *a, const char *text);    /* "a=1 b=\"x y\"" */
weir_status weir__assignments_setting(weir__assignments *a, const char *text); /* "b=x y" */
void weir__assignments_free(weir__assignments *a);
/* Chooses rows, the outer ones first, then sets the rest in order. */
weir_status weir__assignments_apply(const weir__assignments *a, const weir_row *row, void *opts);

#endif
