/* report.c - the page: a title, the few numbers that matter, then figures, scores and settings, in
 * that order. */
#include <math.h>
#include <string.h>
#include "plot/plot.h"

void weir__put_element(weir__page *p, const char *open, const char *text, const char *close)
{
    weir__put(p, "%s", open);
    weir__put_text(p, text);
    weir__put(p, "%s", close);
}

void weir__put_caption(weir__page *p, const char *title, const char *caption)
{
    weir__put_element(p, "<figcaption><b>", title, "</b>");
    if (caption) weir__put_element(p, " ", caption, "");
    weir__put(p, "</figcaption>\n");
}

/* -- top --------------------------------------------------------------------------------------- */
static void head(weir__page *p, const weir__report *r)
{
    weir__put(p, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<meta "
                 "name=\"color-scheme\" content=\"light dark\">\n");
    weir__put_element(p, "<title>", r->title, "</title>\n");
    weir__put(p, "<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n", weir__report_style);
    weir__put_element(p, "<h1>", r->title, "</h1>\n");
    if (r->subtitle) weir__put_element(p, "<p class=\"sub\">", r->subtitle, "</p>\n");
}

static void facts(weir__page *p, const weir__report *r)
{
    if (r->n_facts > 0) weir__put(p, "<dl class=\"facts\">\n");
    for (int64_t i = 0; i < r->n_facts; i++) {
        weir__put_element(p, "<div><dt>", r->facts[i].name, "</dt>");
        weir__put_element(p, "<dd class=\"v\">", r->facts[i].value, "</dd>");
        if (r->facts[i].note) weir__put_element(p, "<dd class=\"n\">", r->facts[i].note, "</dd>");
        weir__put(p, "</div>\n");
    }
    if (r->n_facts > 0) weir__put(p, "</dl>\n");
}

static void notes(weir__page *p, const weir__report *r)
{
    if (r->n_notes > 0) weir__put(p, "<div class=\"notes\" role=\"note\">\n");
    for (int64_t i = 0; i < r->n_notes; i++) weir__put_element(p, "<p>", r->notes[i], "</p>\n");
    if (r->n_notes > 0) weir__put(p, "</div>\n");
}

/* -- figures ----------------------------------------------------------------------------------- */
static void report_section(weir__page *p, const char *title, const char *layout)
{
    weir__put(p, "<section>\n<h2>%s</h2>\n<div class=\"%s\">\n", title, layout);
}

static void end_section(weir__page *p) { weir__put(p, "</div>\n</section>\n"); }

/* The two colours by their names; in the headings of a table's figures. */
static void report_key(weir__page *p, const weir__table *t)
{
    weir__put(p, "<p class=\"after key\">");
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        if (t->sets[set].n == 0) continue;
        weir__put(p, "<b class=\"c%d\">", set);
        weir__put_element(p, "", t->sets[set].name, "</b> ");
    }
    weir__put(p, "</p>\n");
}

static void table(weir__page *p, const weir__table *t)
{
    report_section(p, "Columns", "wide");
    report_key(p, t);
    weir__put_pairs(p, t);
    end_section(p);
    report_section(p, "Marginals and quantiles", "row three");
    for (int64_t j = 0; j < t->n_columns; j++) weir__put_marginal(p, t, j);
    end_section(p);
    report_section(p, "Moments", "wide");
    weir__put_moments(p, t);
    end_section(p);
    if (t->n_outliers == 0) return;
    report_section(p, "Outliers", "wide");
    weir__put_outliers(p, t);
    end_section(p);
}

static void figures(weir__page *p, const weir__report *r)
{
    if (r->n_images > 0) {
        report_section(p, "Samples", "row");
        for (int64_t i = 0; i < r->n_images; i++) weir__put_images(p, &r->images[i]);
        end_section(p);
    }
    if (r->plane) {
        report_section(p, "Data, samples, density", r->plane->paths.n > 0 ? "row" : "row three");
        weir__put_plane(p, r->plane);
        end_section(p);
    }
    if (r->n_arrows > 0) {
        report_section(p, "Fields", "row three");
        for (int64_t i = 0; i < r->n_arrows; i++) weir__put_arrows(p, &r->arrows[i]);
        end_section(p);
    }
    if (r->table) table(p, r->table);
    if (r->n_tradeoffs > 0) {
        report_section(p, "Samplers", "row");
        for (int64_t i = 0; i < r->n_tradeoffs; i++) weir__put_tradeoff(p, &r->tradeoffs[i]);
        end_section(p);
    }
    if (r->n_charts > 0) {
        report_section(p, "Training", "row");
        for (int64_t i = 0; i < r->n_charts; i++) weir__put_chart(p, &r->charts[i], (int)i);
        end_section(p);
    }
}

/* -- tables ------------------------------------------------------------------------------------ */
/* On a phone each cell is a line of its own and says what it is of: data-of. */
static void report_score(weir__page *p, const weir__score *s, const weir__report *r)
{
    char text[WEIR__NUMBER];
    weir__put_element(p, "<tr><th scope=\"row\">", s->name, "");
    if (s->doc) weir__put_element(p, "<small>", s->doc, "</small>");
    weir__put(p, "</th>");
    for (int64_t i = 0; i < r->n_columns; i++) {
        weir__put_element(p, "<td class=\"num\" data-of=\"", r->columns[i].name, ", ");
        weir__put_element(p, "", s->unit, "\">");
        weir__put_element(p, "<span>", weir__number(text, s->value[i], s->decimals), "");
        if (isfinite(s->value[i]) && isfinite(s->error[i]))
            weir__put_element(p, "<small>\u00b1 ", weir__number(text, s->error[i], s->decimals),
                              "</small>");
        weir__put(p, "</span></td>");
    }
    weir__put_element(p, "<td class=\"unit\">", s->unit, "</td></tr>\n");
}

static void scores(weir__page *p, const weir__report *r)
{
    if (r->n_scores == 0) return;
    report_section(p, "Scores", "wide");
    weir__put(p, "<table class=\"scores\">\n<thead><tr><th scope=\"col\">Mean over samples</th>");
    for (int64_t i = 0; i < r->n_columns; i++) {
        weir__put_element(p, "<th scope=\"col\" class=\"num\">", r->columns[i].name, "");
        if (r->columns[i].rows) weir__put_element(p, "<small>", r->columns[i].rows, "</small>");
        weir__put(p, "</th>");
    }
    weir__put(p, "<th scope=\"col\">Unit</th></tr></thead>\n<tbody>\n");
    for (int64_t i = 0; i < r->n_scores; i++) report_score(p, &r->scores[i], r);
    weir__put(p, "</tbody>\n</table>\n");
    if (r->scores_note) weir__put_element(p, "<p class=\"after\">", r->scores_note, "</p>\n");
    end_section(p);
}

static void report_settings(weir__page *p, const weir__report *r)
{
    if (r->n_settings == 0) return;
    report_section(p, "Settings", "settings");
    for (int64_t i = 0; i < r->n_settings; i++) {
        const weir__settings *s = &r->settings[i];
        if (s->n == 0) continue;
        weir__put_element(p, "<section>\n<h3>", s->title, "</h3>\n<table><tbody>\n");
        for (int64_t j = 0; j < s->n; j++) {
            weir__put_element(p, "<tr><th scope=\"row\">", s->at[j].name, "</th>");
            weir__put_element(p, "<td>", s->at[j].value, "</td></tr>\n");
        }
        weir__put(p, "</tbody></table>\n</section>\n");
    }
    end_section(p);
}

weir_status weir__report_write(weir_ctx *c, const weir__report *r, const char *path)
{
    if (!weir_ok(c)) return weir_status_of(c);
    weir__page p = { .c = c };
    head(&p, r);
    facts(&p, r);
    notes(&p, r);
    weir__put(&p, "</header>\n");
    figures(&p, r);
    scores(&p, r);
    report_settings(&p, r);
    if (r->colophon) weir__put_element(&p, "<footer>", r->colophon, "</footer>\n");
    weir__put(&p, "</main>\n</body>\n</html>\n");
    if (weir_ok(c)) weir__file_write(c, path, p.at, (size_t)p.n);
    weir__free(c, p.at);
    return weir_status_of(c);
}
