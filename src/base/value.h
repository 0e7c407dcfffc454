/* value.h - what the files of options share: one value, chosen rows, the place that a key names. */
#ifndef WEIR_BASE_VALUE_H
#define WEIR_BASE_VALUE_H
#include "base/base.h"

/* Where a value is set: what messages begin with ("model.nice"), and its whole key ("net.hidden").
 */
typedef struct weir__site {
    weir_ctx *c;
    const char *where, *key;
} weir__site;

/* Text going out: as snprintf, never past `bytes`. */
typedef struct weir__out {
    char *buffer;
    size_t bytes, used;
    bool quoted; /* put \ before " and \ */
    bool odd;    /* there was a blank or a quote, which want quotes around them */
} weir__out;
void weir__out_char(weir__out *o, char c);
void weir__out_text(weir__out *o, const char *text);
void weir__out_end(weir__out *o); /* the final 0 */

/* -- value.c: a value of any type ------------------------------------------------------------ */
weir_status weir__value_set(const weir__site *s, const weir_option *o, void *field,
                            const char *text);
weir_status weir__value_check(const weir__site *s, const weir_option *o, const void *field);
/* Into a field whose contents are not looked at, and which owns nothing after an error. */
weir_status weir__value_copy(weir_ctx *c, const weir_option *o, void *to, const void *from);
void weir__value_free(weir_ctx *c, const weir_option *o, void *field);
void weir__value_forget(const weir_option *o,
                        void *field); /* what is owned becomes empty, unfreed */
size_t weir__value_bytes(weir_option_type type); /* of its field; 0: no type that is known */
bool weir__value_equal(const weir_option *o, const void *a, const void *b);
void weir__value_text(weir__out *out, const weir_option *o, const void *field);
weir_status weir__value_bad(const weir__site *s, const weir_option *o, const char *value);
weir_status weir__value_outside(const weir__site *s, const weir_option *o, const char *value);
bool weir__int_fits(const weir_option *o, int64_t v);
bool weir__int_is_word(const weir_option *o, int64_t v); /* a word stands for it */
bool weir__real_fits(const weir_option *o, double v);
void weir__int_text(weir__out *out, int64_t v);
void weir__real_text(weir__out *out, double v);

/* -- lists.c --------------------------------------------------------------------------------- */
weir_status weir__ints_set(const weir__site *s, const weir_option *o, weir_ints *out,
                           const char *text);
bool weir__ints_fit(const weir_option *o, const weir_ints *list);
bool weir__ints_equal(const weir_ints *a, const weir_ints *b);
void weir__ints_text(weir__out *out, const weir_ints *list);
weir_status weir__reals_set(const weir__site *s, const weir_option *o, weir_reals *out,
                            const char *text);
bool weir__reals_fit(const weir_option *o, const weir_reals *list);
bool weir__reals_equal(const weir_reals *a, const weir_reals *b);
weir_status weir__reals_copy(weir_ctx *c, weir_reals *to, const weir_reals *from);
void weir__reals_text(weir__out *out, const weir_reals *list);
weir_status weir__words_set(const weir__site *s, const weir_option *o, weir_words *out,
                            const char *text);
bool weir__words_fit(const weir_words *list);
bool weir__words_equal(const weir_words *a, const weir_words *b);
weir_status weir__words_copy(weir_ctx *c, weir_words *to, const weir_words *from);
void weir__words_text(weir__out *out, const weir_words *list);
/* One word, up to a comma outside quotes, without its quotes; `word` has room for all of `text`.
 * Returns what follows it, NULL where a quote is not closed. */
const char *weir__word_read(const char *text, char *word);

/* -- choice.c: chosen rows ------------------------------------------------------------------- */
bool weir__is_row_option(const weir_option *o); /* ROW or ROWS */
/* From a ROW's "NAME key=value ..", and a list's "NAME,NAME 0.key=value ..". */
weir_status weir__choice_read(const weir__site *s, const weir_option *o, weir_choice *k,
                              const char *text);
weir_status weir__choices_read(const weir__site *s, const weir_option *o, weir_choices *list,
                               const char *text);
weir_status weir__choice_check(const weir__site *s, const weir_option *o, const weir_choice *k);
weir_status weir__choices_check(const weir__site *s, const weir_option *o,
                                const weir_choices *list);
weir_status weir__choice_copy(weir_ctx *c, weir_choice *to, const weir_choice *from);
weir_status weir__choices_copy(weir_ctx *c, weir_choices *to, const weir_choices *from);
weir_status weir__choices_grow(weir_ctx *c, weir_choices *list, int64_t n); /* by empty ones */
void weir__choice_clear(weir_ctx *c, weir_choice *k);
void weir__choices_clear(weir_ctx *c, weir_choices *list);
bool weir__choices_alike(const weir_choices *a, const weir_choices *b); /* the same rows in order */
void weir__choice_text(weir__out *out, const weir_choice *k);
void weir__choices_text(weir__out *out, const weir_choices *list);
void weir__choices_names(weir__out *out, const weir_choices *list); /* without their options */
/* What `a` says is said of the row that `k` holds. */
weir_status weir__assignments_within(const weir__assignments *a, weir_choice *k);

/* -- given.c --------------------------------------------------------------------------------- */
bool weir__is_given(const weir_row *row, const weir_option *o);
bool weir__choice_said(const weir_choice *k, const weir_option *o); /* given, and said */
/* Given, and not said: not this row's to print or to compare. */
bool weir__is_left_to_owner(const weir_choice *k, const weir_option *o);
void weir__choice_say(weir_choice *k, const weir_option *o); /* where it is given: else nothing */

/* -- options.c ------------------------------------------------------------------------------- */
/* Whether the struct, which begins with its size, reaches so far. */
bool weir__option_is_in(const weir_row *row, const void *opts, const weir_option *o);
weir_status weir__options_check_at(const weir__site *s, const weir_row *row, const void *opts);
/* Every option of the chosen row as "BEFOREkey=value". */
void weir__options_out(weir__out *out, const weir_choice *k, const char *before);

/* -- place.c: what a key names --------------------------------------------------------------- */
typedef struct weir__place {
    const weir_row *row;       /* the innermost row that the key leads to */
    void *options;             /* and its struct */
    weir_choice *choice;       /* which holds both; NULL: they are the outermost */
    const weir_option *option; /* NULL: that row has none of this name */
    int64_t index;             /* of an element of ROWS as a whole; -1: the option itself */
    const weir_option
        *empty;   /* a ROW not chosen, or ROWS without the element: the key leads no further */
    const weir_option *beyond; /* one that the struct, of an older header, does not reach */
    bool retired; /* some row on the way once had this option, and has it no more */
    char *rest;   /* of `key`: what is looked for in `row` */
    char key[WEIR__KEY_MAX]; /* with new names for old */
} weir__place;
/* From the row and struct of `k` (its choice known), or from those given where that is NULL. */
bool weir__place_find(const weir_row *row, void *options, const char *key, weir__place *p);
bool weir__place_find_within(weir_choice *k, const char *key, weir__place *p);
bool weir__place_is_row(const weir__place *p); /* ROW, ROWS or an element of them */
weir_status weir__place_set(const weir__site *s, const weir__place *p, const char *value);
/* The error of a key that was not found; and what it looks for, the nearest of all that are offered
 * ("": none is near). */
typedef struct weir__near {
    const char *name;
    char best[128];
    int distance;
} weir__near;
weir__near weir__near_to(const char *name);
void weir__near_offer(weir__near *n, const char *key, int distance);
weir_status weir__place_unknown(const weir__site *s, const weir__place *p);

#endif
