/* table.c - numbers of a table's columns: the moments of data and samples side by side, and the
 * lines of the data that the model finds least likely. */
#include <math.h>
#include "plot/plot.h"

/* Three digits that count, whatever the size of the column's values. */
static int decimals_of(double spread)
{
    if (!isfinite(spread) || spread <= 0) return 3;
    return (int)fmin(9, fmax(0, 2 - floor(log10(spread))));
}

static double spread_of(const weir__table_column *k)
{
    double data = k->of[WEIR__TABLE_DATA].std, drawn = k->of[WEIR__TABLE_SAMPLES].std;
    return isfinite(data) && data > 0 ? data : drawn;
}

/* -- moments ----------------------------------------------------------------------------------- */
/* A value of each set, one below the other. */
static void both(weir__page *p, const weir__table *t, const double v[WEIR__TABLE_SETS],
                 int decimals, const char *unit)
{
    char number[WEIR__NUMBER];
    weir__put(p, "<td class=\"num\">");
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        if (t->sets[set].n == 0) continue;
        weir__put(p, "<span class=\"c%d\">%s%s</span>", set, weir__number(number, v[set], decimals),
                  isfinite(v[set]) ? unit : "");
    }
    weir__put(p, "</td>");
}

static void moments_line(weir__page *p, const weir__table *t, const weir__table_column *k)
{
    const weir__marginal *a = &k->of[0], *b = &k->of[1];
    int decimals = decimals_of(spread_of(k));
    weir__put_element(p, "<tr><th scope=\"row\">", k->name, "</th>");
    both(p, t, (const double[]){ a->mean, b->mean }, decimals, "");
    both(p, t, (const double[]){ a->std, b->std }, decimals, "");
    both(p, t, (const double[]){ a->skewness, b->skewness }, 2, "");
    both(p, t, (const double[]){ a->kurtosis, b->kurtosis }, 2, "");
    for (int q = 0; q < WEIR__QUANTILES; q++)
        both(p, t, (const double[]){ a->quantile[q], b->quantile[q] }, decimals, "");
    both(p, t, (const double[]){ 100 * a->outside, 100 * b->outside }, 1, "\u202f%");
    weir__put(p, "</tr>\n");
}

void weir__put_moments(weir__page *p, const weir__table *t)
{
    static const char *const heads[] = { "Mean", "Std. dev.", "Skewness", "Kurtosis", "5%",
                                         "25%",  "50%",       "75%",      "95%",      "Outside" };
    weir__put(p, "<table class=\"moments\">\n<thead><tr><th scope=\"col\">Column</th>");
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        weir__put_element(p, "<th scope=\"col\" class=\"num\">", heads[i], "</th>");
    weir__put(p, "</tr></thead>\n<tbody>\n");
    for (int64_t j = 0; j < t->n_columns; j++) moments_line(p, t, &t->columns[j]);
    weir__put(p, "</tbody>\n</table>\n<p class=\"after\">Above the data, below the samples. "
                 "Kurtosis is 0 for a normal distribution; percents are quantiles; outside: values "
                 "beyond the least and the greatest of the data.</p>\n");
}

/* -- outliers ---------------------------------------------------------------------------------- */
static void outlier_line(weir__page *p, const weir__table *t, const weir__outlier *o)
{
    char number[WEIR__NUMBER];
    weir__put_element(p, "<tr><th scope=\"row\">", weir__number(number, (double)o->id + 1, 0),
                      "</th>");
    weir__put_element(p, "<td class=\"num\">", weir__number(number, o->log_p, 2), "</td>");
    for (int64_t j = 0; j < t->n_columns; j++)
        weir__put_element(p, "<td class=\"num\">",
                          weir__number(number, o->x[j], decimals_of(spread_of(&t->columns[j]))),
                          "</td>");
    weir__put(p, "</tr>\n");
}

void weir__put_outliers(weir__page *p, const weir__table *t)
{
    if (t->n_outliers == 0) return;
    weir__put(p, "<table class=\"outliers\">\n<thead><tr><th scope=\"col\">Sample</th><th "
                 "scope=\"col\" class=\"num\">log p, nats</th>");
    for (int64_t j = 0; j < t->n_columns; j++)
        weir__put_element(p, "<th scope=\"col\" class=\"num\">", t->columns[j].name, "</th>");
    weir__put(p, "</tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i < t->n_outliers; i++) outlier_line(p, t, &t->outliers[i]);
    weir__put(p, "</tbody>\n</table>\n");
    if (t->outliers_note) weir__put_element(p, "<p class=\"after\">", t->outliers_note, "</p>\n");
}
