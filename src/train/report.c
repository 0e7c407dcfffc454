/* report.c - gathers what a page about a run shows: settings and log from its folder, scores, samples and a density from its model.
 * How the page looks is the plot room's. */
#include <math.h>
#include <string.h>
#include "plot/plot.h"
#include "train/report.h"
#include "train/train.h"

enum { FACTS = 256, GROUPS = 8, NOTES = 8, TEXTS = 24, LINE = 320, DENSITY = 160, POINTS = 2000, PICTURES = 64, SCORED_ROWS = 10000 };
#define MOST_LOG ((size_t)1 << 30)

typedef struct column { int64_t n, cap; double *x, *y; } column; /* a series that grows */

typedef struct gather {
    weir_ctx *c;
    const char *folder;
    json_t *config;
    weir_model *model;
    weir_dataset *data;
    weir__report r;
    weir__fact facts[FACTS], top[6];
    weir__settings groups[GROUPS];
    const char *notes[NOTES];
    char *texts[FACTS + TEXTS]; /* to be freed */
    int64_t n_facts, n_texts;
    column loss, valid;
    double seconds, last_step;
    weir__chart charts[2];
    weir__images images[2];
    weir__plane plane;
    float *real, *drawn;
    double *log_p;
    weir__score scores[5];
} gather;

/* -- texts: kept until the page is written ------------------------------------------------------------------------------------------- */
static const char *keep(gather *g, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *keep(gather *g, const char *format, ...)
{
    char line[LINE];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    char *text = g->n_texts < FACTS + TEXTS ? weir__strdup(g->c, line) : NULL;
    return text ? (g->texts[g->n_texts++] = text) : "";
}

static void note(gather *g, const char *text)
{
    if (g->r.n_notes < NOTES) g->notes[g->r.n_notes++] = text;
}

/* Errors that the page can do without; lack of memory is not one. */
static bool forgive(gather *g)
{
    weir_status s = weir_status_of(g->c);
    if (s == WEIR_OK || s == WEIR_ERROR_MEMORY) return false;
    weir_clear(g->c);
    return true;
}

/* -- settings ---------------------------------------------------------------------------------------------------------------------------- */
static const char *value_text(gather *g, const json_t *v)
{
    char line[LINE] = "", one[WEIR__NUMBER];
    size_t used = 0;
    if (json_is_string(v)) return json_string_length(v) ? json_string_value(v) : "\u2013";
    if (json_is_boolean(v)) return json_is_true(v) ? "yes" : "no";
    if (json_is_integer(v)) return keep(g, "%s", weir__number(one, (double)json_integer_value(v), 0));
    if (json_is_real(v)) {
        snprintf(one, sizeof one, "%.7g", json_real_value(v));
        return keep(g, "%s", one);
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        weir__append(line, sizeof line, &used, i ? ", %lld" : "%lld", (long long)json_integer_value(json_array_get(v, i)));
    return line[0] ? keep(g, "%s", line) : "\u2013";
}

static void group(gather *g, const char *title, const json_t *object)
{
    const char *key;
    json_t *v;
    if (g->r.n_settings == GROUPS) return;
    weir__settings *s = &g->groups[g->r.n_settings++];
    *s = (weir__settings){ .title = title, .at = g->facts + g->n_facts };
    json_object_foreach((json_t *)(uintptr_t)object, key, v) {
        if (json_is_object(v) || g->n_facts == FACTS) continue;
        g->facts[g->n_facts++] = (weir__fact){ .name = key, .value = value_text(g, v) };
        s->n++;
    }
}

static void settings(gather *g)
{
    static const char *const known[][2] = { { "model", "Model" }, { "optimizer", "Optimizer" }, { "schedule", "Schedule" }, { "train", "Training" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) group(g, known[i][1], json_object_get(g->config, known[i][0]));
    group(g, "Run", g->config);
    g->r.settings = g->groups;
}

/* -- the log: one object a line, what is no object is passed over -------------------------------------------------------------------------- */
static void push(gather *g, column *s, double x, double y)
{
    int64_t cap = s->cap;
    if (!weir__grow(g->c, &s->x, &cap, s->n + 1, sizeof *s->x)) return;
    cap = s->cap;
    if (!weir__grow(g->c, &s->y, &cap, s->n + 1, sizeof *s->y)) return;
    s->cap = cap;
    s->x[s->n] = x, s->y[s->n++] = y;
}

static void log_line(gather *g, const json_t *o)
{
    const json_t *step = json_object_get(o, "step"), *loss = json_object_get(o, "loss"), *valid = json_object_get(o, "valid"),
                 *seconds = json_object_get(o, "seconds");
    if (!json_is_number(step)) return;
    double x = json_number_value(step);
    g->last_step = fmax(g->last_step, x);
    if (json_is_number(loss)) push(g, &g->loss, x, json_number_value(loss));
    if (json_is_number(valid)) push(g, &g->valid, x, json_number_value(valid));
    if (json_is_number(seconds)) g->seconds = fmax(g->seconds, json_number_value(seconds));
}

static void read_log(gather *g)
{
    char path[4096];
    size_t used = 0;
    weir__bytes file;
    int64_t bad = 0;
    weir__append(path, sizeof path, &used, "%s/metrics.jsonl", g->folder);
    if (weir__file_read(g->c, path, MOST_LOG, &file) != WEIR_OK) {
        if (forgive(g)) note(g, "This run has no metrics.jsonl: no curves are shown.");
        return;
    }
    const char *s = (const char *)file.data, *end = s + file.size;
    while (s < end && weir_ok(g->c)) {
        const char *stop = memchr(s, '\n', (size_t)(end - s));
        size_t n = (size_t)((stop ? stop : end) - s);
        json_t *o = n ? json_loadb(s, n, 0, NULL) : NULL;
        if (json_is_object(o)) log_line(g, o);
        else bad += n > 0 && stop; /* a last line without its end was being written */
        json_decref(o);
        s += n + 1;
    }
    weir__free(g->c, file.data);
    if (bad) note(g, keep(g, "%lld lines of metrics.jsonl could not be read and are left out.", (long long)bad));
}

/* -- curves ------------------------------------------------------------------------------------------------------------------------------------ */
static int64_t best_of(const column *s)
{
    int64_t best = -1;
    for (int64_t i = 0; i < s->n; i++)
        if (isfinite(s->y[i]) && (best < 0 || s->y[i] > s->y[best])) best = i;
    return best;
}

static void curves(gather *g, double entropy)
{
    char value[WEIR__NUMBER], step[WEIR__NUMBER];
    int64_t best = best_of(&g->valid);
    if (g->loss.n) g->charts[g->r.n_charts++] = (weir__chart){
        .title = "Training loss.", .caption = "Mean over the batches since the point before.", .x_label = "steps", .y_label = "loss, nats",
        .n_series = 1, .series = { { "training", g->loss.n, g->loss.x, g->loss.y } }, .level = NAN, .mark_x = NAN, .mark_y = NAN };
    if (g->valid.n) {
        weir__chart *k = &g->charts[g->r.n_charts++];
        *k = (weir__chart){ .title = "Held-out log-likelihood.", .x_label = "steps", .y_label = "nats a sample, higher is better",
                            .caption = "Mean log-density of validation rows, in nats of the data as stored.",
                            .n_series = 1, .series = { { "validation", g->valid.n, g->valid.x, g->valid.y } },
                            .level = -entropy, .level_name = "true density", .mark_x = NAN, .mark_y = NAN };
        if (best >= 0) {
            k->mark_x = g->valid.x[best], k->mark_y = g->valid.y[best];
            k->mark_name = keep(g, "best %s", weir__number(value, k->mark_y, 3));
            k->caption = keep(g, "%s Best at step %s.", k->caption, weir__number(step, k->mark_x, 0));
        }
    }
    g->r.charts = g->charts;
}

/* -- data -------------------------------------------------------------------------------------------------------------------------------------- */
static void open_data(gather *g)
{
    const char *spec = json_string_value(json_object_get(g->config, "data"));
    if (spec) g->data = weir_dataset_open(g->c, spec);
    bool there = spec && weir_ok(g->c) && weir_dataset_rows(g->data) > 0;
    bool fits = there && weir_dataset_dim(g->data) == weir_model_dim(g->model) && weir_dataset_levels(g->data) == weir_model_levels(g->model);
    if (fits) return;
    forgive(g);
    weir_dataset_free(g->data);
    g->data = NULL;
    note(g, there ? "The data are not of the model's shape any more: no scores, and no real data beside samples."
                  : "The data of this run cannot be opened any more: no scores, and no real data beside samples.");
}

/* The first rows as f32 [n, dim]; *n is cut to what there is. */
static float *first_rows(gather *g, int64_t *n)
{
    int64_t dim = weir_model_dim(g->model);
    if (!g->data) return NULL;
    if (*n > weir_dataset_rows(g->data)) *n = weir_dataset_rows(g->data);
    float *x = weir__alloc(g->c, (size_t)(*n * dim) * sizeof *x);
    weir_scope s = weir_scope_begin_no_grad(g->c);
    if (x) weir_copy_to_f32(weir_batch_x(weir_dataset_batch(g->data, 0, *n)), x, *n * dim);
    weir_scope_end(s);
    return x;
}

static float *draw(gather *g, int64_t n)
{
    weir_sample_opts o = weir_sample_defaults();
    o.use_seed = true; /* seed 0: the page repeats */
    float *x = weir__alloc(g->c, (size_t)(n * weir_model_dim(g->model)) * sizeof *x);
    if (x && weir_model_sample_into(g->model, n, &o, x) != WEIR_OK && forgive(g)) {
        note(g, "The model could not be sampled.");
        weir__free(g->c, x);
        return NULL;
    }
    return x;
}

/* -- pictures ---------------------------------------------------------------------------------------------------------------------------------- */
/* Whether samples are pictures, and of which shape. Flat data are when they are squares: digits of 64 values are 8 x 8. */
static bool picture_shape(const gather *g, weir__images *s)
{
    const int64_t *shape;
    int ndim = g->data ? weir_dataset_shape(g->data, &shape) : weir_model_shape(g->model, &shape);
    int64_t dim = weir_model_dim(g->model), side = (int64_t)floor(sqrt((double)dim) + 0.5);
    *s = (weir__images){ .channels = 1, .h = side, .w = side, .n = PICTURES };
    if (ndim == 3 && (shape[0] == 1 || shape[0] == 3)) return s->channels = (int)shape[0], s->h = shape[1], s->w = shape[2], true;
    if (ndim == 2) return s->h = shape[0], s->w = shape[1], shape[0] > 1 && shape[1] > 1;
    return side * side == dim && dim >= (weir_model_levels(g->model) ? 16 : 64);
}

/* To [0, 1]: by the levels, else by the range of the real rows (of the samples where there are none). */
static void to_unit(const gather *g, float *x, int64_t n, weir__range r)
{
    double levels = (double)weir_model_levels(g->model);
    if (levels > 1) r = (weir__range){ 0, levels - 1 };
    r = weir__range_open(r);
    for (int64_t i = 0; x && i < n; i++) x[i] = (float)((x[i] - r.lo) / (r.hi - r.lo));
}

static void pictures(gather *g)
{
    weir__images s;
    int64_t n_real = PICTURES, dim = weir_model_dim(g->model);
    if (!picture_shape(g, &s)) return;
    g->real = first_rows(g, &n_real);
    g->drawn = draw(g, PICTURES);
    weir__range r = weir__range_none();
    const float *from = g->real ? g->real : g->drawn;
    for (int64_t i = 0; from && i < (g->real ? n_real : PICTURES) * dim; i++) r = weir__range_add(r, from[i]);
    to_unit(g, g->drawn, PICTURES * dim, r);
    to_unit(g, g->real, n_real * dim, r);
    s.title = "Drawn by the model.", s.caption = keep(g, "%d samples, seed 0, not selected.", PICTURES), s.x = g->drawn;
    if (g->drawn) g->images[g->r.n_images++] = s;
    s.title = "Real data.", s.caption = keep(g, "The first %lld rows.", (long long)n_real), s.x = g->real, s.n = n_real;
    if (g->real) g->images[g->r.n_images++] = s;
    g->r.images = g->images;
}

/* -- the plane ------------------------------------------------------------------------------------------------------------------------------------ */
static void frame_of(weir__plane *k, const float *xy, int64_t n)
{
    weir__range r[2] = { weir__range_none(), weir__range_none() };
    for (int64_t i = 0; i < 2 * n; i++) r[i % 2] = weir__range_add(r[i % 2], xy[i]);
    for (int i = 0; i < 2; i++) {
        r[i] = weir__range_open(r[i]);
        double pad = 0.1 * (r[i].hi - r[i].lo);
        r[i] = (weir__range){ r[i].lo - pad, r[i].hi + pad };
    }
    k->x0 = r[0].lo, k->x1 = r[0].hi, k->y0 = r[1].lo, k->y1 = r[1].hi;
}

static void density(gather *g)
{
    weir__plane *k = &g->plane;
    int64_t n = DENSITY * DENSITY;
    float *x = weir__alloc(g->c, (size_t)n * 2 * sizeof *x);
    g->log_p = weir__alloc(g->c, (size_t)n * sizeof *g->log_p);
    for (int64_t i = 0; x && i < n; i++) {
        x[2 * i] = (float)(k->x0 + (k->x1 - k->x0) * ((double)(i % DENSITY) + 0.5) / DENSITY);
        x[2 * i + 1] = (float)(k->y0 + (k->y1 - k->y0) * ((double)(i / DENSITY) + 0.5) / DENSITY);
    }
    if (x && g->log_p && weir_model_log_prob_into(g->model, x, n, NULL, g->log_p, NULL) == WEIR_OK) k->side = DENSITY, k->log_p = g->log_p;
    else if (forgive(g)) note(g, "The model gives no density.");
    weir__free(g->c, x);
}

static void plane(gather *g)
{
    weir__plane *k = &g->plane;
    int64_t n_real = POINTS;
    if (weir_model_dim(g->model) != 2 || weir_model_levels(g->model) != 0) return;
    g->real = first_rows(g, &n_real);
    g->drawn = draw(g, POINTS);
    if (!g->real && !g->drawn) return;
    frame_of(k, g->real ? g->real : g->drawn, g->real ? n_real : POINTS);
    density(g);
    k->title = "The model\u2019s density.", k->caption = "Probability per unit of area; brighter is denser.";
    if (g->real) k->points[0] = (weir__points){ "Data.", keep(g, "The first %lld rows.", (long long)n_real), g->real, n_real };
    if (g->drawn) k->points[1] = (weir__points){ "Samples.", keep(g, "%d drawn by the model, seed\u00a00.", POINTS), g->drawn, POINTS };
    g->r.plane = k;
}

/* -- scores ------------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct mean { double weight, sum, squares; int64_t n, failed; } mean; /* squares: of the deviations so far, by weight */

static void mean_add(mean *m, double v, double w)
{
    if (!isfinite(v)) {
        m->failed++;
        return;
    }
    if (w <= 0) return;
    double before = m->n ? m->sum / m->weight : 0;
    m->n++, m->weight += w, m->sum += w * v;
    m->squares += w * (v - before) * (v - m->sum / m->weight);
}
static double mean_value(const mean *m) { return m->n ? m->sum / m->weight : NAN; }
static double mean_error(const mean *m) { return m->n > 1 ? sqrt(m->squares / m->weight / (double)(m->n - 1)) : NAN; }

/* Log-densities of rows first .. first+n-1, and of the truth less ours where it is known. */
static void score_rows(gather *g, weir_dataset *d, int64_t first, int64_t n, mean *nats, mean *excess)
{
    double ours[WEIR__CHUNK_ROWS], truth[WEIR__CHUNK_ROWS];
    weir_scope s = weir_scope_begin_no_grad(g->c);
    weir_score_opts o = weir_score_defaults();
    o.seed = 1, o.use_seed = true; /* as `weir score` does unless told: the numbers agree */
    weir_batch *b = weir_dataset_batch(d, first, n);
    weir_tensor *lp = weir_model_log_prob(g->model, b, &o, NULL);
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, ours, n) == WEIR_OK) {
        const double *w = weir_batch_weights(b);
        bool known = weir_dataset_true_log_prob(d, first, n, truth);
        for (int64_t i = 0; i < n; i++) {
            mean_add(nats, ours[i], w ? w[i] : 1);
            if (known) mean_add(excess, truth[i] - ours[i], w ? w[i] : 1);
        }
    }
    weir_scope_end(s);
}

static void column_scores(gather *g, int i, const mean *nats, const mean *excess)
{
    double dim = (double)weir_model_dim(g->model), levels = (double)weir_model_levels(g->model), v = mean_value(nats), e = mean_error(nats);
    const double value[] = { v, v + dim * log(levels), -v / (dim * log(2)), mean_value(excess) }, error[] = { e, e, e / (dim * log(2)), mean_error(excess) };
    for (int k = 0; k < 4; k++) g->scores[k].value[i] = value[k], g->scores[k].error[i] = error[k];
}

/* One column: a split, its rows up to `most`. */
static void score_split(gather *g, const char *split, const char *name, int64_t most)
{
    weir_dataset *d = weir_dataset_split(g->data, split);
    int64_t rows = weir_dataset_rows(d), n = rows < most ? rows : most;
    mean nats = { 0 }, excess = { 0 };
    for (int64_t first = 0; weir_ok(g->c) && first < n; first += WEIR__CHUNK_ROWS)
        score_rows(g, d, first, n - first < WEIR__CHUNK_ROWS ? n - first : WEIR__CHUNK_ROWS, &nats, &excess);
    if (weir_ok(g->c) && n > 0) {
        char text[WEIR__NUMBER];
        column_scores(g, (int)g->r.n_columns, &nats, &excess);
        g->r.columns[g->r.n_columns++] = (weir__scored){ name, keep(g, n < rows ? "first %s rows" : "%s rows", weir__number(text, (double)n, 0)) };
        if (nats.failed) note(g, keep(g, "%lld %s rows have no finite log-density and are left out of the means.", (long long)nats.failed, split));
    }
    weir_dataset_free(d);
    if (forgive(g) && strcmp(split, "test") != 0) note(g, keep(g, "The %s rows could not be scored.", name)); /* not all data have a test split */
}

static void scores(gather *g)
{
    static const weir__score rows[] = {
        { .name = "Log-likelihood", .unit = "nats", .doc = "log-density of the data as stored", .decimals = 3 },
        { .name = "Log-likelihood, unit range", .unit = "nats", .doc = "of the same data scaled to [0, 1)", .decimals = 2 },
        { .name = "Bits per dimension", .unit = "bits/dim", .doc = "\u2212nats / (dim \u00b7 ln 2), lower is better", .decimals = 4 },
        { .name = "Excess over the true density", .unit = "nats", .doc = "log p true \u2212 log p model on the same rows, 0 is perfect", .decimals = 4 },
    };
    memcpy(g->scores, rows, sizeof rows);
    if (!g->data) return;
    if (g->data->opts.split == WEIR__SPLIT_ALL || g->data->opts.split == WEIR__SPLIT_TRAIN) score_split(g, "train", "training", POINTS);
    if (g->data->opts.split != WEIR__SPLIT_TEST) score_split(g, "valid", "validation", SCORED_ROWS);
    score_split(g, "test", "test", SCORED_ROWS);
    if (g->r.n_columns == 0) return;
    double entropy = weir__dataset_entropy(g->data);
    bool integers = weir_model_levels(g->model) > 0;
    int64_t n = integers ? 3 : 1;
    g->r.scores_note = integers ? "\u00b1 is one standard error over rows. Integers are dequantised: uniform noise on [0, 1), one draw, seed 1."
                                : "\u00b1 is one standard error over rows.";
    if (isfinite(entropy)) {
        g->scores[n++] = g->scores[3];
        g->scores[n] = (weir__score){ .name = "True density", .unit = "nats", .doc = "its mean log-density: minus its entropy, the best there is", .decimals = 3 };
        for (int64_t i = 0; i < WEIR__SCORED; i++) g->scores[n].value[i] = -entropy, g->scores[n].error[i] = NAN;
        n++;
    }
    g->r.scores = g->scores, g->r.n_scores = n;
}

/* -- the top ------------------------------------------------------------------------------------------------------------------------------------------- */
static void fact(gather *g, const char *name, const char *value, const char *about)
{
    g->top[g->r.n_facts++] = (weir__fact){ name, value, about };
}

static const char *duration(gather *g)
{
    int64_t s = (int64_t)(g->seconds + 0.5);
    if (s < 60) return keep(g, "%.1f s", g->seconds);
    return s < 3600 ? keep(g, "%lld min %02lld s", (long long)(s / 60), (long long)(s % 60)) : keep(g, "%lld h %02lld min", (long long)(s / 3600), (long long)(s / 60 % 60));
}

static void top(gather *g)
{
    char value[WEIR__NUMBER], error[WEIR__NUMBER];
    int64_t last = g->r.n_columns - 1;
    bool integers = weir_model_levels(g->model) > 0;
    if (last >= 0)
        for (int k = 0; k < (integers ? 3 : 1); k += 2)
            fact(g, k ? "Bits per dimension" : "Log-likelihood, nats", keep(g, "%s", weir__number(value, g->scores[k].value[last], g->scores[k].decimals)),
                 keep(g, "\u00b1 %s, %s rows", weir__number(error, g->scores[k].error[last], g->scores[k].decimals), g->r.columns[last].name));
    if (g->last_step > 0) fact(g, "Steps", keep(g, "%s", weir__number(value, g->last_step, 0)), g->seconds > 0 ? keep(g, "in %s", duration(g)) : NULL);
    fact(g, "Parameters", keep(g, "%s", weir__number(value, (double)weir_module_parameter_numel(weir_model_module(g->model)), 0)), NULL);
    fact(g, "Dimensions", keep(g, "%s", weir__number(value, (double)weir_model_dim(g->model), 0)),
         integers ? keep(g, "integers of %s levels", weir__number(error, (double)weir_model_levels(g->model), 0)) : "continuous");
    g->r.facts = g->top;
    g->r.notes = g->notes;
}

static void titles(gather *g)
{
    const weir_row *row = weir_model_row_of(g->model);
    const char *data = json_string_value(json_object_get(g->config, "data")), *name = strchr(row->name, '.');
    if (data && strrchr(data, '/')) data = strrchr(data, '/') + 1;
    g->r.title = keep(g, "%.60s on %.120s", name ? name + 1 : row->name, data ? data : "unknown data");
    g->r.subtitle = row->doc;
    g->r.colophon = keep(g, "weir %s", weir_version());
}

static void release(gather *g)
{
    for (int64_t i = 0; i < g->n_texts; i++) weir__free(g->c, g->texts[i]);
    void *const blocks[] = { g->loss.x, g->loss.y, g->valid.x, g->valid.y, g->real, g->drawn, g->log_p };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) weir__free(g->c, blocks[i]);
    weir_dataset_free(g->data);
    weir_model_free(g->model);
    json_decref(g->config);
    weir__free(g->c, g);
}

static void fill(gather *g)
{
    open_data(g);
    titles(g);
    settings(g);
    read_log(g);
    scores(g);
    curves(g, weir__dataset_entropy(g->data));
    pictures(g);
    plane(g);
    top(g);
}

weir_status weir__run_report(weir_ctx *c, const char *run_folder, const char *out_html)
{
    char path[4096];
    size_t used = 0;
    gather *g = weir_ok(c) ? weir__alloc0(c, sizeof *g) : NULL;
    if (!g) return weir_status_of(c);
    g->c = c, g->folder = run_folder;
    weir__append(path, sizeof path, &used, "%s/config.json", run_folder);
    g->config = weir__json_load(c, path);
    g->model = weir_model_load(c, run_folder);
    if (weir_ok(c)) fill(g);
    if (weir_ok(c)) weir__report_write(c, &g->r, out_html);
    release(g);
    return weir_status_of(c);
}
