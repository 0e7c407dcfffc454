/* The part of a page about a table's columns: well-formed whatever is in it, points where they
 * belong. */
#include <unistd.h>
#include "plot_test.h"

enum { LINES = 50, COLUMNS = 3 };
static char path[64];
static double values[LINES * COLUMNS];

static weir__table table_of(int64_t n, int64_t columns)
{
    weir__table t = { .caption = NASTY, .outliers_note = NASTY, .n_columns = columns };
    for (int64_t j = 0; j < columns; j++) {
        t.columns[j] = (weir__table_column){ .name = NASTY, .lo = 0, .hi = 1, .bins = 2 };
        for (int set = 0; set < WEIR__TABLE_SETS; set++)
            t.columns[j].of[set] = (weir__marginal){ .mean = NAN,
                                                     .std = 0.5,
                                                     .skewness = INFINITY,
                                                     .quantile = { 0.1, 0.2, 0.5, 0.6, 2 },
                                                     .outside = 0.125,
                                                     .density = { 1, set ? NAN : 2 } };
    }
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        t.sets[set] = (weir__table_set){ .name = NASTY, .n = n, .stride = COLUMNS, .x = values };
        t.sets[set].correlation[0][1] = -0.25;
    }
    t.n_outliers = 2;
    t.outliers[0] = (weir__outlier){ .id = 6, .log_p = NAN, .x = values };
    t.outliers[1] = (weir__outlier){ .id = 0, .log_p = -12.345, .x = values };
    return t;
}

static char *page_of(weir_ctx *c, const weir__table *t)
{
    weir__report r = { .title = "table", .table = t };
    weir__bytes html = { 0 };
    assert_int_equal(weir__report_write(c, &r, path), WEIR_OK);
    assert_int_equal(weir__file_read(c, path, 1 << 24, &html), WEIR_OK);
    check_balanced((const char *)html.data);
    check_entities((const char *)html.data);
    assert_null(strstr((const char *)html.data, "nan"));
    assert_null(strstr((const char *)html.data, "<b>\"it"));
    return (char *)html.data;
}

static int64_t count(const char *text, const char *part)
{
    int64_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part)) n++;
    return n;
}

static void everything(void **state)
{
    weir__table t = table_of(LINES, COLUMNS);
    char *html = page_of(*state, &t);
    static const char *const parts[] = {
        "Columns",          "Marginals and quantiles",
        "Moments",          "Outliers",
        ">\u22120.25<",     "12.5\u202f%",
        "\u221212.35<",     ">7</th>",
        "class=\"reach c1", "class=\"middle c0",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(html, parts[i])) fail_msg("no %s", parts[i]);
    assert_int_equal(count(html, "class=\"dots small c0"), 3); /* pairs */
    assert_int_equal(count(html, "class=\"bins c1"), 2 * COLUMNS);
    assert_int_equal(count(html, "<svg"), 1 + COLUMNS);
    weir__free(*state, html);
}

/* (1/4, 3/4) of a cell of the first two columns: a quarter from its left, a quarter from its top.
 * What lies outside of the frame is no point. */
static void places(void **state)
{
    weir__table t = table_of(1, 2);
    values[0] = 0.25;
    values[1] = 0.75;
    char *html = page_of(*state, &t);
    const char *at = strstr(html, "class=\"dots small c0\" d=\"M");
    assert_non_null(at);
    double x = 0, y = 0;
    assert_int_equal(sscanf(strchr(at, 'M'), "M%lf %lf", &x, &y), 2);
    assert_near(x, 52 + 294 / 4.0, 0.011);
    assert_near(y, 6 + 300 + 294 / 4.0, 0.011);
    weir__free(*state, html);
    values[1] = 1.5;
    html = page_of(*state, &t);
    assert_non_null(strstr(html, "class=\"dots small c0\" d=\"\""));
    weir__free(*state, html);
}

/* One column has no pairs; ten have a page that is not large. */
static void sizes(void **state)
{
    weir__table t = table_of(LINES, 1);
    char *html = page_of(*state, &t);
    assert_null(strstr(html, "class=\"pairs"));
    assert_non_null(strstr(html, "class=\"bins"));
    weir__free(*state, html);
    enum { MANY = 5000 };
    double *x = calloc(MANY * WEIR__TABLE_COLUMNS, sizeof *x);
    t = table_of(MANY, WEIR__TABLE_COLUMNS);
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        t.sets[set].stride = WEIR__TABLE_COLUMNS;
        t.sets[set].x = x;
    }
    t.n_outliers = 0;
    html = page_of(*state, &t);
    assert_true(strlen(html) < 800000);
    assert_null(strstr(html, "<h2>Outliers"));
    weir__free(*state, html);
    free(x);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/weir-table-%ld.html", (long)getpid());
    CASES(CASE(everything), CASE(places), CASE(sizes));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    remove(path);
    return failed;
}
