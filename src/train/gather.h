/* gather.h - what a report is gathered in: each report_*.c fills its part and says in a note what
 * is missing. */
#ifndef WEIR_TRAIN_GATHER_H
#define WEIR_TRAIN_GATHER_H
#include <math.h>
#include <string.h>
#include "plot/plot.h"
#include "train/train.h"

enum { WEIR__FIELDS = 6 }; /* velocity and score, at three times */
enum { FACTS = 256, GROUPS = 8, NOTES = 8, TEXTS = 48, POINTS = 2000 };

typedef struct column {
    int64_t n, cap;
    double *x, *y;
} column; /* a series that grows */

/* report_table.c: what a table's part of the page is made of */
typedef struct gather_table {
    int64_t n, dim;
    weir_dataset *shown; /* NULL: no data */
    double *data, *drawn, *weights; /* [n, dim]; weights [n]; NULL: none */
    int64_t scored; /* samples of the data, for outliers */
    double *outliers; /* their values */
} gather_table;

typedef struct gather {
    weir_ctx *c;
    const char *folder;
    const weir_report_opts *o;
    const char *part; /* for on_step */
    bool stopped;     /* by it */
    json_t *config;
    weir_model *model;
    weir_dataset *data; /* NULL: gone */
    weir__report r;
    weir__fact facts[FACTS], top[6];
    weir__settings groups[GROUPS];
    const char *notes[NOTES];
    char *texts[2 * FACTS + TEXTS]; /* to be freed */
    int64_t n_facts, n_texts;
    column loss, valid;
    double seconds, last_step;
    weir__chart charts[2];
    weir__images images[2];
    weir__plane plane;
    weir__arrows arrows[WEIR__FIELDS]; /* report_fields.c */
    double *field_values;
    weir__tradeoff tradeoffs[2]; /* report_samplers.c */
    weir__series *sampler_series;
    double *sampler_values;
    weir__table table;
    gather_table columns;
    double *real, *drawn, *paths; /* as the data are stored */
    float *pictures[2];           /* real and drawn, in [0, 1] */
    double *log_p;
    weir__score scores[5];
} gather;

/* A text kept until the page is written; "" when there is no room. */
const char *weir__keep(gather *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
void weir__note(gather *g, const char *text);
/* Errors that the page can do without are cleared; lack of memory is not one. True: there was one.
 */
bool weir__forgive(gather *g);

/* on_step of whatever takes long; `user` is the gather, whose `part` says what it is. */
int weir__gather_step(void *user, int64_t done, int64_t n);

/* report_condition.c: what *n samples are conditioned on, in the current scope; *n may become
 * smaller. NULL: nothing, or nothing that is known. */
bool weir__gather_is_conditional(const gather *g);
const weir_condition *weir__gather_condition(gather *g, int64_t *n);
int64_t weir__gather_each(const gather *g,
                          int64_t n); /* of n samples so many of a class; 0: not by class */
const char *weir__gather_under(gather *g,
                               int64_t n); /* what a caption says of it: ", 6 of each class .." */

void weir__gather_log(gather *g); /* report_log.c: curves from metrics.jsonl */
void weir__gather_curves(gather *g, double entropy); /* entropy NaN: not known */
/* report_figures.c: samples beside data, the density of the plane */
void weir__gather_figures(gather *g);
void weir__gather_fields(gather *g); /* report_fields.c: of the plane, at three times */
void weir__gather_samplers(gather *g); /* report_samplers.c: what `weir samplers` measured */
void weir__gather_table(gather *g); /* report_table.c: columns of data and samples */
/* Keeps those of n scored samples that are among the least likely; on_batch of what scores. */
void weir__gather_outliers(void *user, int64_t first, int64_t n, const int64_t *ids,
                           const double *weights, const double *log_prob);
void weir__gather_table_free(gather *g);
void weir__gather_scores(gather *g); /* report_scores.c: log-likelihoods of the splits */

#endif
