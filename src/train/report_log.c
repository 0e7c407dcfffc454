/* report_log.c - the curves of a run, from its log: one object a line, what is no object is passed
 * over. */
#include "train/gather.h"

#define MOST_LOG ((size_t)1 << 30)

static void push(gather *g, column *s, double x, double y)
{
    int64_t cap = s->cap;
    if (!weir__grow(g->c, &s->x, &cap, s->n + 1, sizeof *s->x)) return;
    cap = s->cap;
    if (!weir__grow(g->c, &s->y, &cap, s->n + 1, sizeof *s->y)) return;
    s->cap = cap;
    s->x[s->n] = x;
    s->y[s->n++] = y;
}

static void report_log_line(gather *g, const json_t *o)
{
    size_t i;
    json_t *warning;
    json_array_foreach (json_object_get(o, "warnings"), i, warning)
        weir__note(g, weir__keep(g, "Warning: %s", json_string_value(warning)));
    const json_t *step = json_object_get(o, "step");
    const json_t *loss = json_object_get(o, "loss");
    const json_t *valid = json_object_get(o, "valid");
    const json_t *seconds = json_object_get(o, "seconds");
    if (!json_is_number(step)) return;
    double x = json_number_value(step);
    g->last_step = fmax(g->last_step, x);
    if (json_is_number(loss)) push(g, &g->loss, x, json_number_value(loss));
    if (json_is_number(valid)) push(g, &g->valid, x, json_number_value(valid));
    if (json_is_number(seconds)) g->seconds = fmax(g->seconds, json_number_value(seconds));
}

void weir__gather_log(gather *g)
{
    char path[4096];
    size_t used = 0;
    weir__bytes file;
    int64_t bad = 0;
    weir__append(path, sizeof path, &used, "%s/metrics.jsonl", g->folder);
    if (weir__file_read(g->c, path, MOST_LOG, &file) != WEIR_OK) {
        if (weir__forgive(g)) weir__note(g, "This run has no metrics.jsonl: no curves are shown.");
        return;
    }
    const char *s = (const char *)file.data, *end = s + file.size;
    while (s < end && weir_ok(g->c)) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        size_t n = (size_t)((stop ? stop : end) - s);
        json_error_t why;
        json_t *o = n ? weir__json_parse(g->c, s, n, &why) : NULL;
        if (json_is_object(o)) report_log_line(g, o);
        else bad += n > 0 && stop; /* a last line without its end was being written */
        json_decref(o);
        s += n + 1;
    }
    weir__free(g->c, file.data);
    if (bad)
        weir__note(g,
                   weir__keep(g, "%lld lines of metrics.jsonl could not be read and are left out.",
                              (long long)bad));
}

/* -- curves ------------------------------------------------------------------------------------ */
static int64_t best_of(const column *s)
{
    int64_t best = -1;
    for (int64_t i = 0; i < s->n; i++)
        if (isfinite(s->y[i]) && (best < 0 || s->y[i] > s->y[best])) best = i;
    return best;
}

void weir__gather_curves(gather *g, double entropy)
{
    char value[WEIR__NUMBER], step[WEIR__NUMBER];
    int64_t best = best_of(&g->valid);
    if (g->loss.n)
        g->charts[g->r.n_charts++] = (weir__chart){
            .title = "Training loss.",
            .caption = "Mean over the batches since the point before.",
            .x_label = "steps",
            .y_label = ((const weir_model_row *)weir_model_row_of(g->model))->loss ? "loss"
                                                                                   : "loss, nats",
            .n_series = 1,
            .series = { { "training", g->loss.n, g->loss.x, g->loss.y } },
            .level = NAN,
            .mark_x = NAN,
            .mark_y = NAN
        };
    if (g->valid.n) {
        weir__chart *k = &g->charts[g->r.n_charts++];
        *k = (weir__chart){
            .title = "Held-out log-likelihood.",
            .x_label = "steps",
            .y_label = "nats a sample, higher is better",
            .caption = "Mean log-density of validation samples, in nats of the data as stored.",
            .n_series = 1,
            .series = { { "validation", g->valid.n, g->valid.x, g->valid.y } },
            .level = -entropy,
            .level_name = "true density",
            .mark_x = NAN,
            .mark_y = NAN
        };
        if (best >= 0) {
            k->mark_x = g->valid.x[best];
            k->mark_y = g->valid.y[best];
            k->mark_name = weir__keep(g, "best %s", weir__number(value, k->mark_y, 3));
            k->caption = weir__keep(g, "%s Best at step %s.", k->caption,
                                    weir__number(step, k->mark_x, 0));
        }
    }
    g->r.charts = g->charts;
}
