/* plot.h - one HTML page about a run: curves, pictures, tables, in one file that needs nothing
 * else.
 *
 * The room draws what it is given: every string, array and number in a weir__report is the caller's
 * and is only read. Text may be anything (it is escaped), numbers may be NaN (they are left out),
 * lists may be empty (their section is left out). */
#ifndef WEIR_PLOT_H
#define WEIR_PLOT_H
#include "base/base.h"
#include "io/io.h"

/* -- what a report says ------------------------------------------------------------------------ */
typedef struct weir__fact {
    const char *name, *value, *note;
} weir__fact; /* note: NULL or a few words */
typedef struct weir__settings {
    const char *title;
    int64_t n;
    const weir__fact *at;
} weir__settings;

enum { WEIR__SCORED = 3 }; /* sets of samples that are scored, at most */
typedef struct weir__scored {
    const char *name, *rows;
} weir__scored; /* what was scored: "test", "297 samples" or NULL */
typedef struct weir__score {
    const char *name, *unit, *doc;
    double value[WEIR__SCORED], error[WEIR__SCORED]; /* of each column; NaN: none */
    int decimals;
} weir__score;

typedef struct weir__series {
    const char *name;
    int64_t n;
    const double *x, *y;
} weir__series;

typedef struct weir__chart {
    const char *title, *x_label, *y_label, *caption;
    int n_series; /* 1 or 2 */
    weir__series series[2];
    double level; /* a line across, NaN: none */
    const char *level_name;
    double mark_x, mark_y; /* one point made to stand out, NaN: none */
    const char *mark_name;
} weir__chart;

/* Quality against cost, a line each: both axes are logarithmic, and only values above 0 are drawn.
 * The points that none with less cost comes near, by a fifth, stand out, with their line's name;
 * what is worse than twice the first of them is left out. */
typedef struct weir__tradeoff {
    const char *title, *x_label, *y_label, *caption;
    int64_t n; /* 0: none */
    const weir__series *series;
} weir__tradeoff;

/* n images [channels, h, w] of values in [0, 1]; channels 1 or 3. n 0: none. */
typedef struct weir__images {
    const char *title, *caption;
    const float *x;
    int64_t n, h, w;
    int channels;
    int64_t columns; /* 0: about square */
} weir__images;

typedef struct weir__points {
    const char *title, *caption;
    const double *xy;
    int64_t n;
} weir__points;
/* Paths of n particles from noise to data: xy is [points, n, 2], in the order they are walked. */
typedef struct weir__paths {
    const char *title, *caption;
    const double *xy;
    int64_t points, n;
} weir__paths;
/* A vector field [side, side, 2] at the middles of cells, rows from y0 upward. */
typedef struct weir__arrows {
    const char *title, *caption;
    double x0, x1, y0, y1;
    int64_t side;
    const double *v;
} weir__arrows;
typedef struct weir__plane {
    double x0, x1, y0, y1; /* the frame of all the panels */
    int64_t side; /* 0: no density */
    const double *log_p; /* [side, side] at the middles of cells, rows from y0 upward */
    const char *title, *caption;
    weir__points points[2]; /* n 0: none */
    weir__paths paths; /* n 0: none; in a frame of their own, which holds the noise too */
} weir__plane;

/* Columns of a table: data, and samples beside them. */
enum { WEIR__TABLE_COLUMNS = 10, WEIR__TABLE_BINS = 40, WEIR__TABLE_OUTLIERS = 8 };
enum { WEIR__TABLE_DATA, WEIR__TABLE_SAMPLES, WEIR__TABLE_SETS };
/* One column of one set; n 0: all is NaN. */
enum { WEIR__QUANTILES = 5 }; /* 0.05, 0.25, 0.5, 0.75, 0.95 */
typedef struct weir__marginal {
    double mean, std, skewness, kurtosis; /* kurtosis: 0 for a normal distribution */
    double quantile[WEIR__QUANTILES];
    double outside; /* the part beyond the least and the greatest value of the data */
    double density[WEIR__TABLE_BINS]; /* of each bin of the column's frame */
} weir__marginal;
typedef struct weir__table_column {
    const char *name;
    double lo, hi; /* the frame: bins begin and end there */
    int64_t bins;
    weir__marginal of[WEIR__TABLE_SETS];
} weir__table_column;
typedef struct weir__table_set {
    const char *name;
    int64_t n, stride; /* 0: there is none; values from one line to the next */
    const double *x;
    double correlation[WEIR__TABLE_COLUMNS][WEIR__TABLE_COLUMNS]; /* NaN: none */
} weir__table_set;
typedef struct weir__outlier {
    int64_t id; /* line of the data, from 0 */
    double log_p;
    const double *x;
} weir__outlier;
typedef struct weir__table {
    const char *caption, *outliers_note;
    int64_t n_columns; /* shown: at most WEIR__TABLE_COLUMNS */
    weir__table_column columns[WEIR__TABLE_COLUMNS];
    weir__table_set sets[WEIR__TABLE_SETS];
    int64_t n_outliers;
    weir__outlier outliers[WEIR__TABLE_OUTLIERS];
} weir__table;

typedef struct weir__report {
    const char *title, *subtitle;
    int64_t n_facts;
    const weir__fact *facts; /* the few numbers that stand on top */
    int64_t n_notes;
    const char *const *notes; /* what the reader should know: data that are gone, a cut log */
    int64_t n_charts;
    const weir__chart *charts;
    int64_t n_images;
    const weir__images *images; /* side by side */
    const weir__plane *plane; /* NULL: none */
    int64_t n_arrows;
    const weir__arrows *arrows; /* three a line */
    const weir__table *table; /* NULL: none */
    int64_t n_tradeoffs;
    const weir__tradeoff *tradeoffs;
    int64_t n_columns;
    weir__scored columns[WEIR__SCORED];
    int64_t n_scores;
    const weir__score *scores;
    const char *scores_note;
    int64_t n_settings;
    const weir__settings *settings;
    const char *colophon; /* what made it */
} weir__report;

/* The page, whole or not at all. */
weir_status weir__report_write(weir_ctx *c, const weir__report *r, const char *path);

/* -- html.c: text that grows; after a failed allocation everything is a no-op and the context says
 * why -- */
typedef struct weir__page {
    weir_ctx *c;
    char *at;
    int64_t n, cap;
} weir__page;
void weir__put(weir__page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void weir__put_bytes(weir__page *p, const char *text, size_t n);
void weir__put_text(
    weir__page *p,
    const char *text); /* escaped; NULL: nothing. Not UTF-8: each bad byte becomes U+FFFD */
void weir__put_base64(weir__page *p, const void *data, size_t n);
void weir__put_png(weir__page *p, weir__bytes png); /* as a data: address */
void weir__put_at(weir__page *p,
                  double x); /* a coordinate: at most 2 decimals, '.' whatever the locale */
/* As people read it: a minus sign, groups of thousands; NaN is a dash. */
enum { WEIR__NUMBER = 64 };
const char *weir__number(char buffer[WEIR__NUMBER], double v, int decimals);

/* -- scale.c ----------------------------------------------------------------------------------- */
typedef struct weir__range {
    double lo, hi;
} weir__range; /* empty: lo > hi */
weir__range weir__range_none(void);
weir__range weir__range_add(weir__range r, double v); /* what is not finite is passed over */
weir__range weir__range_of(int64_t n, const double *v);
weir__range weir__range_open(weir__range r); /* never empty, never a point */
/* The part of the range where nearly all values are, when a few tenths of them stretch it many
 * times; else all of it. */
weir__range weir__range_typical(weir_ctx *c, int64_t n, const double *v);

enum { WEIR__TICKS = 16 };
typedef struct weir__ticks {
    int n, decimals;
    double at[WEIR__TICKS];
} weir__ticks;
/* round numbers within r, 2 at least where floats allow */
weir__ticks weir__ticks_choose(weir__range r, int wanted);
/* log10 of round numbers whose log10 lies within r */
weir__ticks weir__ticks_of_log(weir__range r);

typedef struct weir__scale {
    weir__range from;
    double to0, to1;
} weir__scale;
static inline double weir__scale_at(weir__scale s, double v)
{
    return s.to0 + (v - s.from.lo) / (s.from.hi - s.from.lo) * (s.to1 - s.to0);
}

/* -- colour.c: viridis, t in [0, 1]; NaN is t = 0 ---------------------------------------------- */
void weir__viridis(double t, unsigned char rgb[3]);

/* -- figures ----------------------------------------------------------------------------------- */
typedef struct weir__frame_box {
    double left, top, right, bottom, width, height;
} weir__frame_box; /* edges of the frame; of the picture */
/* axes.c: ticks, their labels and the frame; x and y hold the ranges and the places */
typedef struct weir__axes {
    weir__scale x, y;
    int x_ticks, y_ticks;
    bool y_hidden; /* neither lines nor labels across */
    bool logarithmic; /* the scales are of log10 of what the labels say */
    const char *x_label, *y_label;
    weir__frame_box box;
} weir__axes;
void weir__put_axes(weir__page *p, const weir__axes *a);
void weir__put_chart(weir__page *p, const weir__chart *chart, int id); /* chart.c */
void weir__put_tradeoff(weir__page *p, const weir__tradeoff *tradeoffs); /* tradeoff.c */
void weir__put_arrows(weir__page *p, const weir__arrows *arrows); /* arrows.c */
void weir__put_images(weir__page *p, const weir__images *images); /* images.c */
void weir__put_plane(weir__page *p, const weir__plane *plane); /* plane.c */
void weir__put_paths(weir__page *p, const weir__paths *paths, weir__range x,
                     weir__range y); /* paths.c; x, y: what the frame holds at least */
void weir__put_marginal(weir__page *p, const weir__table *t, int64_t column); /* marginal.c */
/* marginal.c: the outline of a set's bins in a column; y from 0 to the greatest density of all. */
void weir__put_bins(weir__page *p, const weir__table_column *k, int set, weir__scale x,
                    weir__scale y);
double weir__bins_most(const weir__table_column *k);
void weir__put_pairs(weir__page *p, const weir__table *t); /* pairs.c */
void weir__put_moments(weir__page *p, const weir__table *t); /* table.c, and the next */
void weir__put_outliers(weir__page *p, const weir__table *t);
/* A panel of the plane: its axes, and what goes before and after the drawing. */
weir__axes weir__panel_axes(weir__range x, weir__range y);
void weir__panel_begin(weir__page *p, const weir__axes *a, const char *title);
void weir__panel_end(weir__page *p, const char *title, const char *caption);
/* The escaped text between open and close, which are put as they are. */
void weir__put_element(weir__page *p, const char *open, const char *text, const char *close);
void weir__put_caption(weir__page *p, const char *title, const char *caption);
extern const char weir__report_style[]; /* style.c */

#endif
