/* import.h - the inside of taking over weights of other people's code. */
#ifndef WEIR_MODELS_IMPORT_H
#define WEIR_MODELS_IMPORT_H
#include "models/models.h"

/* One file that is taken over. */
typedef struct weir__import {
    weir_ctx *c;
    const weir__weights *w;
    const char *where;        /* the file */
    const char *config_where; /* and that of the config */
    const json_t *config;     /* an object */
    bool *used;               /* [w->n] tensors that were read */
    weir_dtype dtype;
    weir_model *m;   /* once it is made */
    char options[8192]; /* text of it, so far */
    size_t n_options;
    int64_t n_parts;
} weir__import;

typedef struct weir__import_row {
    weir_row row;
    /* Makes im->m by weir__import_make and fills it. False: the error is set. */
    bool (*take)(weir__import *im);
    /* Ends of names, blanks between, of tensors that follow from the config. */
    const char *passed_over;
} weir__import_row;
#define WEIR__IMPORT_LIST(F) F(nflows) F(normflows) F(zuko)
#define F(n) extern const weir__import_row weir__import_##n;
WEIR__IMPORT_LIST(F)
#undef F
extern const weir_row *const weir__import_rows[];
extern const int64_t weir__import_row_count;

/* -- what the config says; false, or 0, after an error where it does not ------------------------
 */
bool weir__import_int(weir__import *im, const json_t *object, const char *key, int64_t least,
                      int64_t *v);
bool weir__import_real(weir__import *im, const json_t *object, const char *key, double *v);
const char *weir__import_text(weir__import *im, const json_t *object, const char *key);
/* A list of integers from 1, at most WEIR_INTS_MAX. */
bool weir__import_ints(weir__import *im, const json_t *object, const char *key, weir_ints *v);
/* What stands there must be this, or not be there. */
bool weir__import_is(weir__import *im, const json_t *object, const char *key, bool v);
bool weir__import_refuse(weir__import *im, const char *what, const char *expected);

/* -- making ------------------------------------------------------------------------------------ */
/* Adds to the options' text. */
void weir__import_say(weir__import *im, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool weir__import_make(weir__import *im, const char *model);

/* -- values: doubles, of the context's memory ----------------------------------------------------
 */
/* Whether there is a tensor of that name. */
bool weir__import_has(const weir__import *im, const char *name);
/* n elements of a tensor; NULL: the error is set. weir__free it. */
double *weir__import_read(weir__import *im, const char *name, int64_t n);
/* Into a parameter or buffer of the model, of n elements. */
bool weir__import_write(weir__import *im, const char *name, const double *values, int64_t n);
/* "a.b" with a point where a is not empty. */
const char *weir__import_name(char *to, size_t bytes, const char *a, const char *b);

/* -- import_made.c: masked autoregressive networks ------------------------------------------------
 */
/* A layer of theirs: out units, whose degrees are how many columns they see (outputs: the number of
 * columns before their own), W [out, in] of the layer before, in its order, and b. */
typedef struct weir__import_layer {
    int64_t in, out;
    const int64_t *degrees; /* [out] */
    double *weight, *bias; /* [out, in], [out]; owned */
} weir__import_layer;
/* Width of ours that has room for n units of such degrees, of D columns, with a condition or not.
 */
int64_t weir__import_made_width(int64_t n, const int64_t *degrees, int64_t columns, bool condition);
/* Puts their units where ours have those degrees: layers 0 .. n - 1 into the modules `net`.0, .1,
 * .. of the widths; what is left over is 0. The last is the output's. */
bool weir__import_made(weir__import *im, const char *net, int64_t n,
                       const weir__import_layer *layers, int64_t columns, bool condition,
                       const int64_t *widths);
/* The linear map `name` of ours, of the condition to hidden units of so many of ours. */
bool weir__import_made_added(weir__import *im, const char *name, const weir__import_layer *l,
                             int64_t columns, int64_t width);

#endif
