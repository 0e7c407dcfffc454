/* Whole pages from hand-made structs: well-formed whatever is in them, and in little memory. */
#include <unistd.h>
#include "plot_test.h"

static char path[64];

static weir__bytes written(weir_ctx *c, const weir__report *r)
{
    weir__bytes html = { 0 };
    assert_int_equal(weir__report_write(c, r, path), WEIR_OK);
    assert_int_equal(weir__file_read(c, path, 1 << 24, &html), WEIR_OK);
    return html;
}

static void check(const char *html)
{
    check_balanced(html);
    check_entities(html);
    assert_null(strstr(html, "nan"));
    assert_null(strstr(html, "<b>\"it"));
    assert_null(strstr(html, "http"));
    assert_null(strstr(html, "<script"));
}

static void everything(void **state)
{
    sample_report s;
    fill_report(&s);
    weir__bytes html = written(*state, &s.r);
    const char *text = (const char *)html.data;
    check(text);
    static const char *const parts[] = { "<!doctype html>", "width=device-width", "prefers-color-scheme:dark", "Samples", "Data, samples, density", "Training", "Scores",
                                         "Settings", "\u22121234.568", "\u00b1 0.250", "bits/dim", "<footer>", "&lt;b&gt;&quot;it&#39;s&quot; &amp; more" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i])) fail_msg("no %s", parts[i]);
#ifdef WEIR_HAVE_PNG
    assert_non_null(strstr(text, "data:image/png;base64,iVBORw0KGgo"));
#endif
    weir__free(*state, html.data);
}

static void nothing(void **state)
{
    weir__report r = { .title = "empty" };
    weir__bytes html = written(*state, &r);
    check((const char *)html.data);
    assert_null(strstr((const char *)html.data, "<section>"));
    weir__free(*state, html.data);
}

/* One point, all equal, all NaN, infinities, more points than are drawn. */
static void degenerate_curves(void **state)
{
    enum { MANY = 5000 };
    static double x[MANY], y[4][MANY];
    for (int i = 0; i < MANY; i++) x[i] = i, y[0][i] = 3, y[1][i] = NAN, y[2][i] = i % 2 ? INFINITY : -1e308, y[3][i] = i % 2 ? 1e308 : -1e308;
    for (int k = 0; k < 4; k++)
        for (int n = 0; n <= MANY; n = n == 0 ? 1 : n == 1 ? 2 : n == 2 ? MANY : MANY + 1) {
            weir__chart chart = { .title = "t", .n_series = 1, .series = { { "s", n, x, y[k] } }, .level = NAN, .mark_x = NAN, .mark_y = NAN };
            weir__report r = { .title = "degenerate", .n_charts = 1, .charts = &chart };
            weir__bytes html = written(*state, &r);
            check((const char *)html.data);
            assert_true(html.size < 40000);
            weir__free(*state, html.data);
        }
}

static void degenerate_planes(void **state)
{
    static const double log_p[4] = { NAN, -INFINITY, -INFINITY, NAN };
    static const double xy[2] = { 1, 1 };
    weir__plane plane = { 1, 1, NAN, NAN, 2, log_p, "density", NULL, { { "one", NULL, xy, 1 }, { 0 } }, { 0 } };
    weir__report r = { .title = "plane", .plane = &plane };
    weir__bytes html = written(*state, &r);
    check((const char *)html.data);
    weir__free(*state, html.data);
}

/* The drawing of the paths' panel: each path from its first point to its last, one that breaks off as far as it goes. */
static void paths(void **state)
{
    enum { POINTS = 101, PATHS = 3 };
    static double xy[POINTS][PATHS][2];
    for (int k = 0; k < POINTS; k++)
        for (int i = 0; i < PATHS; i++) xy[k][i][0] = k, xy[k][i][1] = i == 2 && k >= 50 ? NAN : i * k;
    weir__plane plane = { .x1 = 1, .y1 = 1, .paths = { "paths", NULL, xy[0][0], POINTS, PATHS } };
    weir__report r = { .title = "paths", .plane = &plane };
    weir__bytes html = written(*state, &r);
    check((const char *)html.data);
    const char *d = strstr((const char *)html.data, "class=\"path\" d=\""), *end = d ? strchr(d + 16, '"') : NULL;
    assert_non_null(end);
    int begun = 0, corners = 0, dots = 0;
    for (const char *s = d; s < end; s++) begun += *s == 'M', corners += *s == 'L';
    for (const char *s = strstr(end, "class=\"dots c1 still\""); *s && *s != '>'; s++) dots += *s == 'M';
    assert_int_equal(begun, PATHS);
    assert_int_equal(corners, 2 * (POINTS / 3 + 1) + 49 / 3); /* every third point and the last; as far as it goes */
    assert_int_equal(dots, PATHS - 1);
    /* the moving ones: a list of keys, and as many frames of those that arrive, the last twice */
    const char *keys = strstr(end, "keyTimes=\"0;"), *frames = strstr(end, "values=\"M");
    assert_true(keys && frames && keys < frames);
    int n_keys = 1, n_frames = 1, places = 0;
    for (const char *s = keys + 10; *s != '"'; s++) n_keys += *s == ';';
    for (const char *s = frames + 8; *s != '"'; s++) {
        n_frames += *s == ';';
        places += *s == 'M';
    }
    assert_int_equal(n_keys, n_frames);
    assert_int_equal(places, n_frames * (PATHS - 1));
    weir__free(*state, html.data);
}

/* Of three lines the front is: a until b is a fifth better, at more cost; never c. */
static void tradeoff(void **state)
{
    static const double x[] = { 1, 10, 100 }, a[] = { 1, 0.1, 0.09 }, b[] = { 50, 0.11, 0.01 }, c[] = { 0.99, 0.5, 0.2 };
    static const double later[] = { 2, 20, 200 };
    const weir__series lines[] = { { "a", 3, x, a }, { "b", 3, x, b }, { "c", 3, later, c } };
    weir__tradeoff k = { "tradeoff", "cost", "error", NULL, 3, lines };
    weir__report r = { .title = "t", .n_tradeoffs = 1, .tradeoffs = &k };
    weir__bytes html = written(*state, &r);
    const char *text = (const char *)html.data, *front = strstr(text, "class=\"front\"");
    check(text);
    assert_non_null(front);
    int corners = 0, names = 0;
    for (const char *s = front; *s != '>'; s++) corners += *s == 'M' || *s == 'L';
    for (const char *s = front; (s = strstr(s, "note strong")) != NULL; s++) names++;
    assert_int_equal(corners, 3); /* a at 1 and 10, b at 100 */
    assert_int_equal(names, 2);
    assert_non_null(strstr(text, "<title>c</title>"));
    assert_non_null(strstr(text, ">0.01</text>"));
    weir__free(*state, html.data);
}

/* An arrow has a shaft and two strokes of a head, and points up where y grows. */
static void arrows(void **state)
{
    static const double v[] = { 0, 2, NAN, 1, 0, 0, 1, 0 };
    weir__arrows k = { "field", NULL, 0, 1, 0, 1, 2, v };
    weir__report r = { .title = "t", .n_arrows = 1, .arrows = &k };
    weir__bytes html = written(*state, &r);
    check((const char *)html.data);
    const char *s = strstr((const char *)html.data, "class=\"arrows\" d=\"");
    assert_non_null(s);
    double x0, y0, x1, y1;
    assert_int_equal(sscanf(s, "class=\"arrows\" d=\"M%lf %lfL%lf %lf", &x0, &y0, &x1, &y1), 4);
    assert_true(fabs(x0 - x1) < 0.02 && y1 < y0 - 10);
    int strokes = 0;
    for (; *s != '>'; s++) strokes += *s == 'M';
    assert_int_equal(strokes, 4);
    weir__free(*state, html.data);
}

static void unwritable(void **state)
{
    weir__report r = { .title = "t" };
    assert_int_equal(weir__report_write(*state, &r, "/nonexistent/folder/x.html"), WEIR_ERROR_IO);
    assert_fails(*state, WEIR_ERROR_IO, "/nonexistent/folder");
}

static void write_all(weir_ctx *c)
{
    sample_report s;
    fill_report(&s);
    (void)weir__report_write(c, &s.r, path);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(write_all);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/weir-report-%ld.html", (long)getpid());
    CASES(CASE(everything), CASE(nothing), CASE(degenerate_curves), CASE(degenerate_planes), CASE(paths), CASE(tradeoff), CASE(arrows), CASE(unwritable), CASE(every_allocation));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    unlink(path);
    return failed;
}
