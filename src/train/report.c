/* report.c - what a page about a run shows: settings and log from its folder (report_log.c),
 * samples and a density from its model (report_figures.c), scores of its data (report_scores.c).
 * How the page looks is the plot room's. */
#define _POSIX_C_SOURCE 200809L
#include <sys/stat.h>
#include <time.h>
#include "train/gather.h"

enum { LINE = 640 };

/* -- texts and notes --------------------------------------------------------------------------- */
const char *weir__keep(gather *g, const char *format, ...)
{
    char line[LINE];
    va_list args;
    va_start(args, format);
    weir__vformat(line, sizeof line, format, args);
    va_end(args);
    char *text = g->n_texts < 2 * FACTS + TEXTS ? weir__strdup(g->c, line) : NULL;
    return text ? (g->texts[g->n_texts++] = text) : "";
}

void weir__note(gather *g, const char *text)
{
    if (g->r.n_notes < NOTES) g->notes[g->r.n_notes++] = text;
}

bool weir__forgive(gather *g)
{
    weir_status s = weir_status_of(g->c);
    if (s == WEIR_OK || s == WEIR_ERROR_MEMORY) return false;
    weir_clear(g->c);
    return true;
}

/* -- settings ---------------------------------------------------------------------------------- */
static const char *value_text(gather *g, const json_t *v)
{
    char line[LINE] = "", one[WEIR__NUMBER];
    size_t used = 0;
    if (json_is_string(v)) return json_string_length(v) ? json_string_value(v) : "\u2013";
    if (json_is_boolean(v)) return json_is_true(v) ? "yes" : "no";
    if (json_is_integer(v))
        return weir__keep(g, "%s", weir__number(one, (double)json_integer_value(v), 0));
    if (json_is_real(v)) {
        weir__format(one, sizeof one, "%.7g", json_real_value(v));
        return weir__keep(g, "%s", one);
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *e = json_array_get(v, i);
        weir__append(line, sizeof line, &used, "%s%s", i ? ", " : "",
                     value_text(g, json_is_object(e) ? json_object_get(e, "name") : e));
    }
    return line[0] ? weir__keep(g, "%s", line) : "\u2013";
}

static void group_fact(gather *g, weir__settings *s, const char *name, const json_t *value)
{
    if (g->n_facts == FACTS) return;
    g->facts[g->n_facts++] = (weir__fact){ .name = name, .value = value_text(g, value) };
    s->n++;
}

/* A chosen row by its name, and below it its options: "net", "net.hidden". */
static void group_members(gather *g, weir__settings *s, const char *above, const json_t *object)
{
    const char *key;
    json_t *v, *element;
    size_t i;
    json_object_foreach ((json_t *)(uintptr_t)object, key, v) {
        bool is_name = above && strcmp(key, "name") == 0;
        const char *full = above ? weir__keep(g, "%s.%s", above, key) : key;
        const json_t *name = json_is_object(v) ? json_object_get(v, "name") : v;
        if (name && !is_name) group_fact(g, s, full, name);
        if (json_is_object(v)) group_members(g, s, full, v);
        json_array_foreach (v, i, element) {
            if (json_is_object(element))
                group_members(g, s, weir__keep(g, "%s.%lld", full, (long long)i), element);
        }
    }
}

/* The members of one section; of the whole config those that are no sections. */
static void report_group(gather *g, const char *title, const json_t *object)
{
    const char *key;
    json_t *v;
    if (g->r.n_settings == GROUPS) return;
    weir__settings *s = &g->groups[g->r.n_settings++];
    *s = (weir__settings){ .title = title, .at = g->facts + g->n_facts };
    if (object != g->config) {
        group_members(g, s, NULL, object);
        return;
    }
    json_object_foreach ((json_t *)(uintptr_t)object, key, v)
        if (!json_is_object(v)) group_fact(g, s, key, v);
}

static void report_settings(gather *g)
{
    static const char *const known[][2] = { { "model", "Model" },
                                            { "optimizer", "Optimizer" },
                                            { "schedule", "Schedule" },
                                            { "train", "Training" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        report_group(g, known[i][1], json_object_get(g->config, known[i][0]));
    report_group(g, "Run", g->config);
    g->r.settings = g->groups;
}

/* -- data -------------------------------------------------------------------------------------- */
static void report_open_data(gather *g)
{
    const char *spec = json_string_value(json_object_get(g->config, "data"));
    if (spec) g->data = weir__config_data(g->c, spec, g->config);
    bool there = spec && weir_ok(g->c) && weir_dataset_samples(g->data) > 0;
    bool fits = there && weir_dataset_dim(g->data) == weir_model_dim(g->model)
                && weir_dataset_levels(g->data) == weir_model_levels(g->model);
    if (fits && weir_model_match_classes(g->model, g->data) == WEIR_OK) return;
    weir__forgive(g);
    weir_dataset_free(g->data);
    g->data = NULL;
    weir__note(g, there ? "The data are not of the model's shape any more: no scores, and no real "
                          "data beside samples."
                        : "The data of this run cannot be opened any more: no scores, and no real "
                          "data beside samples.");
}

/* -- the top ----------------------------------------------------------------------------------- */
static void fact(gather *g, const char *name, const char *value, const char *about)
{
    g->top[g->r.n_facts++] = (weir__fact){ name, value, about };
}

static const char *duration(gather *g)
{
    int64_t s = (int64_t)(g->seconds + 0.5);
    if (s < 60) return weir__keep(g, "%.1f s", g->seconds);
    return s < 3600 ? weir__keep(g, "%lld min %02lld s", (long long)(s / 60), (long long)(s % 60))
                    : weir__keep(g, "%lld h %02lld min", (long long)(s / 3600),
                                 (long long)(s / 60 % 60));
}

static void top(gather *g)
{
    char value[WEIR__NUMBER], error[WEIR__NUMBER];
    int64_t last = g->r.n_columns - 1;
    bool integers = weir_model_levels(g->model) > 0;
    if (last >= 0)
        for (int k = 0; k < (integers ? 3 : 1); k += 2)
            fact(g, k ? "Bits per dimension" : "Log-likelihood, nats",
                 weir__keep(g, "%s",
                            weir__number(value, g->scores[k].value[last], g->scores[k].decimals)),
                 weir__keep(g, "\u00b1 %s, %s samples",
                            weir__number(error, g->scores[k].error[last], g->scores[k].decimals),
                            g->r.columns[last].name));
    if (g->last_step > 0)
        fact(g, "Steps", weir__keep(g, "%s", weir__number(value, g->last_step, 0)),
             g->seconds > 0 ? weir__keep(g, "in %s", duration(g)) : NULL);
    fact(g, "Parameters",
         weir__keep(g, "%s",
                    weir__number(value,
                                 (double)weir_module_parameter_numel(weir_model_module(g->model)),
                                 0)),
         NULL);
    fact(g, "Dimensions",
         weir__keep(g, "%s", weir__number(value, (double)weir_model_dim(g->model), 0)),
         integers ? weir__keep(g, "integers of %s levels",
                               weir__number(error, (double)weir_model_levels(g->model), 0))
                  : "continuous");
    g->r.facts = g->top;
    g->r.notes = g->notes;
}

/* "weir 0.1.0, 2026-11-30 07:12 UTC, weir report run" */
static const char *colophon(gather *g)
{
    struct tm t;
    time_t now = time(NULL);
    const char *command = g->o->command;
    const char *made = weir__keep(g, "weir %s", weir_version());
    if (gmtime_r(&now, &t))
        made = weir__keep(g, "%s, %04d-%02d-%02d %02d:%02d UTC", made, t.tm_year + 1900,
                          t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
    return command && command[0] ? weir__keep(g, "%s, %.400s", made, command) : made;
}

static void titles(gather *g)
{
    const weir_row *row = weir_model_row_of(g->model);
    const char *data = json_string_value(json_object_get(g->config, "data"));
    const char *name = strchr(row->name, '.');
    if (data && strrchr(data, '/')) data = strrchr(data, '/') + 1;
    g->r.title = weir__keep(g, "%.60s on %.120s", name ? name + 1 : row->name,
                            data ? data : "unknown data");
    g->r.subtitle = row->doc;
    g->r.colophon = colophon(g);
}

static void release(gather *g)
{
    for (int64_t i = 0; i < g->n_texts; i++) weir__free(g->c, g->texts[i]);
    void *const blocks[] = {
        g->loss.x,       g->loss.y,         g->valid.x,        g->valid.y,     g->real,
        g->drawn,        g->paths,          g->pictures[0],    g->pictures[1], g->log_p,
        g->field_values, g->sampler_series, g->sampler_values,
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) weir__free(g->c, blocks[i]);
    weir__gather_table_free(g);
    weir_dataset_free(g->data);
    weir_model_free(g->model);
    json_decref(g->config);
    weir__free(g->c, g);
}

void weir_report_defaults_sized(weir_report_opts *o, size_t size)
{
    const weir_report_opts whole = { .size = sizeof whole };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

int weir__gather_step(void *user, int64_t done, int64_t n)
{
    gather *g = user;
    if (!g->stopped && g->o->on_step) g->stopped = g->o->on_step(g->o->user, g->part, done, n) != 0;
    return g->stopped;
}

static void report_fill(gather *g)
{
    report_open_data(g);
    titles(g);
    report_settings(g);
    weir__gather_log(g);
    weir__gather_scores(g);
    weir__gather_curves(g, weir__dataset_entropy(g->data));
    weir__gather_figures(g);
    weir__gather_fields(g);
    weir__gather_samplers(g);
    weir__gather_table(g);
    top(g);
}

/* A page takes the place of no other file: of a regular one its name must say what it is. */
static bool report_may_write(weir_ctx *c, const char *file)
{
    struct stat st;
    bool other = stat(file, &st) == 0 && !S_ISREG(st.st_mode); /* a pipe, /dev/stdout */
    if (other || weir__ends_with(file, ".html") || weir__ends_with(file, ".htm")) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%.300s: expected a page to write, FILE.html", file);
    return false;
}

weir_status weir_report_write(weir_ctx *c, const char *folder, const char *file,
                              const weir_report_opts *o)
{
    WEIR__AS_FOUND;
    weir_report_opts own = weir_report_defaults();
    char path[4096];
    size_t used = 0;
    if (!folder || !file)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "report_write: NULL: expected a run's folder and a file to write");
    if (!weir__sized_read(c, "report_write: options", "them from weir_report_defaults", o, &own,
                          sizeof own))
        return weir_status_of(c);
    if (!report_may_write(c, file)) return weir_status_of(c);
    gather *g = weir_ok(c) ? weir__alloc0(c, sizeof *g) : NULL;
    if (!g) return weir_status_of(c);
    g->c = c;
    g->folder = folder;
    g->o = &own;
    weir__append(path, sizeof path, &used, "%s/config.json", folder);
    g->config = weir__json_load(c, path);
    g->model = weir_model_load(c, folder);
    if (weir_ok(c)) report_fill(g);
    bool stopped = g->stopped;
    if (weir_ok(c) && !stopped) weir__report_write(c, &g->r, file);
    release(g);
    return weir_ok(c) && stopped ? WEIR_STOPPED : weir_status_of(c);
}
