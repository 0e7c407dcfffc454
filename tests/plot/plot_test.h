/* plot_test.h - a report with something in every place, and a checker that tags balance. */
#ifndef WEIR_PLOT_TEST_H
#define WEIR_PLOT_TEST_H
#include "test.h"
#include "plot/plot.h"

enum { N = 40, SIDE = 12, PICTURES = 5 };
#define NASTY "<b>\"it's\" & more</b> \xff\xc0 \xe2\x88\x92"

typedef struct sample_report {
    double x[N], y[N], log_p[SIDE * SIDE];
    double xy[2 * N];
    float pixels[PICTURES * 3 * 6];
    weir__fact facts[2];
    weir__settings settings[2];
    weir__chart charts[2];
    weir__images images[2];
    weir__plane plane;
    weir__arrows arrows[2];
    weir__series series[3];
    weir__tradeoff tradeoffs[2];
    weir__score scores[2];
    const char *notes[1];
    weir__report r;
} sample_report;

static inline void fill_numbers(sample_report *s)
{
    for (int i = 0; i < N; i++) {
        s->x[i] = 10 * i, s->y[i] = i % 7 ? -1.0 / (i + 1) : NAN;
        s->xy[2 * i] = cos(i), s->xy[2 * i + 1] = i % 11 ? sin(i) : NAN;
    }
    for (int i = 0; i < SIDE * SIDE; i++) s->log_p[i] = i % 13 ? -i * 0.1 : -INFINITY;
    for (int i = 0; i < PICTURES * 3 * 6; i++) s->pixels[i] = (float)(i % 9) / 8;
}

static inline void fill_report(sample_report *s)
{
    static const double zeros[2];
    memset(s, 0, sizeof *s);
    fill_numbers(s);
    s->facts[0] = (weir__fact){ NASTY, NASTY, NASTY }, s->facts[1] = (weir__fact){ "steps", "12", NULL };
    s->settings[0] = (weir__settings){ NASTY, 2, s->facts }, s->settings[1] = (weir__settings){ "none", 0, NULL };
    s->charts[0] = (weir__chart){ .title = NASTY, .caption = NASTY, .x_label = "steps", .y_label = "nats", .n_series = 2,
        .series = { { "a", N, s->x, s->y }, { NASTY, 3, s->x, s->x } }, .level = 0.5, .level_name = NASTY, .mark_x = 30, .mark_y = -0.1, .mark_name = "best" };
    s->charts[1] = (weir__chart){ .title = "empty", .n_series = 1, .series = { { "a", 0, NULL, NULL } }, .level = NAN, .mark_x = NAN, .mark_y = NAN };
    s->images[0] = (weir__images){ NASTY, NULL, s->pixels, PICTURES, 2, 3, 3, 0 }, s->images[1] = (weir__images){ "grey", NASTY, s->pixels, 1, 3, 3, 1, 0 };
    s->plane = (weir__plane){ -1, 1, -1, 1, SIDE, s->log_p, NASTY, NASTY, { { NASTY, NASTY, s->xy, N }, { "drawn", NULL, s->xy, N } }, { NASTY, NASTY, s->xy, 2, N / 2 } };
    s->scores[0] = (weir__score){ NASTY, "nats", NASTY, { -1234.5678, NAN }, { 0.25, NAN }, 3 };
    s->scores[1] = (weir__score){ "bits", "bits/dim", NULL, { INFINITY, -INFINITY }, { NAN, NAN }, 2 };
    s->arrows[0] = (weir__arrows){ NASTY, NASTY, -1, 1, -1, 1, 4, s->xy };
    s->arrows[1] = (weir__arrows){ "still", NULL, 1, 1, 0, NAN, 1, zeros };
    s->series[0] = (weir__series){ NASTY, N, s->x, s->y };
    s->series[1] = (weir__series){ "none", 0, NULL, NULL };
    s->series[2] = (weir__series){ "x", N, s->x, s->x };
    s->tradeoffs[0] = (weir__tradeoff){ NASTY, NASTY, NASTY, NASTY, 3, s->series };
    s->tradeoffs[1] = (weir__tradeoff){ "empty", "x", "y", NULL, 1, s->series + 1 };
    s->notes[0] = NASTY;
    s->r = (weir__report){ .title = NASTY, .subtitle = NASTY, .n_facts = 2, .facts = s->facts, .n_notes = 1, .notes = s->notes, .n_charts = 2, .charts = s->charts,
        .n_images = 2, .images = s->images, .plane = &s->plane, .n_arrows = 2, .arrows = s->arrows, .n_tradeoffs = 2, .tradeoffs = s->tradeoffs, .n_columns = 2, .columns = { { NASTY, NASTY }, { "test", NULL } }, .n_scores = 2, .scores = s->scores,
        .scores_note = NASTY, .n_settings = 2, .settings = s->settings, .colophon = NASTY };
}

/* -- a small checker ---------------------------------------------------------------------------------------------------------------- */
static inline int is_void(const char *name, size_t n)
{
    static const char *const names[] = { "meta", "img", "!doctype" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && memcmp(names[i], name, n) == 0) return 1;
    return 0;
}

/* The end of the tag that begins at s, quotes respected; NULL: there is none. */
static inline const char *tag_end(const char *s)
{
    int quoted = 0;
    for (; *s && (quoted || *s != '>'); s++) {
        if (*s == '"') quoted = !quoted;
        else if (*s == '<' && s[-1] != 0 && quoted) return NULL;
    }
    return *s ? s : NULL;
}

static inline void check_balanced(const char *html)
{
    struct { const char *name; size_t n; } open[64];
    int depth = 0;
    for (const char *s = html; (s = strchr(s, '<')) != NULL;) {
        int closes = s[1] == '/';
        const char *name = s + 1 + closes, *end = tag_end(s + 1);
        size_t n = strcspn(name, " >/\n");
        if (!end || n == 0) fail_msg("a broken tag: %.60s", s);
        if (closes) {
            if (depth == 0 || open[depth - 1].n != n || memcmp(open[depth - 1].name, name, n) != 0) fail_msg("closes nothing: %.60s", s);
            depth--;
        } else if (end[-1] != '/' && !is_void(name, n)) {
            assert_true(depth < 64);
            open[depth].name = name, open[depth++].n = n;
        }
        s = end;
    }
    if (depth) fail_msg("left open: %.40s", open[depth - 1].name);
}

/* Every & begins an entity. */
static inline void check_entities(const char *html)
{
    for (const char *s = html; (s = strchr(s, '&')) != NULL; s++)
        if (strncmp(s, "&amp;", 5) && strncmp(s, "&lt;", 4) && strncmp(s, "&gt;", 4) && strncmp(s, "&quot;", 6) && strncmp(s, "&#39;", 5)) fail_msg("a bare &: %.40s", s);
}

#endif
