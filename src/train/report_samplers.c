/* report_samplers.c - what `weir samplers` measured of a run, from its samplers.jsonl: quality and
 * distance from the ODE against evaluations, a line for each sampler. */
#include "train/gather.h"

#define SAMPLERS_FILE "samplers.jsonl"
enum { SAMPLERS_MOST = 64, SAMPLERS_POINTS = 64, SAMPLERS_BYTES = 1 << 24 };

/* Of the file, a line each; a sampler's lines stand together. */
typedef struct samplers {
    int64_t n; /* samplers */
    weir__series *by_value, *by_ode; /* [SAMPLERS_MOST] each */
    double *values; /* [SAMPLERS_MOST, 3, SAMPLERS_POINTS]: evaluations, value, from_ode */
    const char *metric;
    int64_t draws;
    double error; /* the largest standard error */
} samplers;

static double *samplers_at(const samplers *s, int64_t sampler, int which)
{
    return s->values + (sampler * 3 + which) * SAMPLERS_POINTS;
}

static bool report_samplers_begin(gather *g, samplers *s, const char *name)
{
    if (s->n > 0 && strcmp(s->by_value[s->n - 1].name, name) == 0) return true;
    if (s->n == SAMPLERS_MOST) return false;
    const char *kept = weir__keep(g, "%.60s", name);
    s->by_value[s->n] = (weir__series){ kept, 0, samplers_at(s, s->n, 0), samplers_at(s, s->n, 1) };
    s->by_ode[s->n] = (weir__series){ kept, 0, samplers_at(s, s->n, 0), samplers_at(s, s->n, 2) };
    s->n++;
    return true;
}

static double report_samplers_number_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static void samplers_line(gather *g, samplers *s, const json_t *o)
{
    const char *name = json_string_value(json_object_get(o, "sampler"));
    const char *metric = json_string_value(json_object_get(o, "metric"));
    if (!name || !metric || !report_samplers_begin(g, s, name)) return;
    weir__series *a = &s->by_value[s->n - 1], *b = &s->by_ode[s->n - 1];
    if (a->n == SAMPLERS_POINTS) return;
    if (!s->metric) s->metric = weir__keep(g, "%.60s", metric);
    double error = report_samplers_number_of(o, "stderr"),
           value = report_samplers_number_of(o, "value");
    samplers_at(s, s->n - 1, 0)[a->n] = report_samplers_number_of(o, "evaluations");
    samplers_at(s, s->n - 1, 1)[a->n] = fmax(value, error); /* what is less is not known */
    samplers_at(s, s->n - 1, 2)[a->n] = report_samplers_number_of(o, "from_ode");
    s->error = fmax(s->error, error);
    s->draws = (int64_t)fmax((double)s->draws, report_samplers_number_of(o, "n"));
    a->n++;
    b->n++;
}

static void samplers_read(gather *g, samplers *s)
{
    char path[4096];
    size_t used = 0;
    weir__bytes file;
    weir__append(path, sizeof path, &used, "%s/" SAMPLERS_FILE, g->folder);
    if (weir__file_read(g->c, path, SAMPLERS_BYTES, &file) != WEIR_OK) {
        weir__forgive(g); /* not measured */
        return;
    }
    const char *at = (const char *)file.data, *end = at + file.size;
    while (at < end && weir_ok(g->c)) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((stop ? stop : end) - at);
        json_error_t why;
        json_t *o = n ? weir__json_parse(g->c, at, n, &why) : NULL;
        if (json_is_object(o)) samplers_line(g, s, o);
        json_decref(o);
        at += n + 1;
    }
    weir__free(g->c, file.data);
}

void weir__gather_samplers(gather *g)
{
    enum { VALUES = SAMPLERS_MOST * 3 * SAMPLERS_POINTS };
    if (g->stopped) return;
    g->sampler_series = weir__alloc0_n(g->c, 2 * SAMPLERS_MOST, sizeof *g->sampler_series);
    g->sampler_values = weir__alloc_n(g->c, VALUES, sizeof *g->sampler_values);
    if (!g->sampler_series || !g->sampler_values) return;
    samplers s = { .by_value = g->sampler_series, .values = g->sampler_values };
    s.by_ode = s.by_value + SAMPLERS_MOST;
    samplers_read(g, &s);
    if (s.n == 0) return;
    g->tradeoffs[0] = (weir__tradeoff){
        .title = "Evaluations against quality.",
        .x_label = "evaluations of the network",
        .y_label = s.metric,
        .caption = weir__keep(
            g,
            "Between %lld draws and the data, a line for each sampler, all from "
            "the same noise; named are those that none with fewer "
            "evaluations comes near. Less than its standard error, %.2g at most, is drawn "
            "at it.",
            (long long)s.draws, s.error),
        .n = s.n,
        .series = s.by_value,
    };
    g->tradeoffs[1] = (weir__tradeoff){
        .title = "Distance from the ODE.",
        .x_label = "evaluations of the network",
        .y_label = "root mean square",
        .caption = "Between where a sampler ends and where the ODE does, of samplers that draw no "
                   "noise: the steeper the line, the higher the order.",
        .n = s.n,
        .series = s.by_ode,
    };
    g->r.tradeoffs = g->tradeoffs;
    g->r.n_tradeoffs = 2;
}
