/* config.c - from what a user says to everything that a run is made of, and back.
 *
 * Layers are lists of (key, value text): the preset's, the file's, the settings'. Names (model, optimizer, schedule, preset) are
 * looked up first, last layer wins; then all values are set in order through the owners' option rows, so that every range and every
 * unknown key is checked in one place. What an earlier layer says of an optimizer that a later one replaced is dropped. */
#include <stddef.h>
#include <string.h>
#include "train/train.h"

static const weir_option train_options[] = {
    { "batch", WEIR_OPTION_INT, offsetof(weir__train_opts, batch), "128", 1, 1 << 20, NULL, "samples a step" },
    { "seed", WEIR_OPTION_INT, offsetof(weir__train_opts, seed), "1", 0, 9007199254740992.0, NULL, "of everything random" },
    { "steps", WEIR_OPTION_INT, offsetof(weir__train_opts, steps), "0", 0, 1e12, NULL, "horizon of the schedule in steps; 0: from epochs" },
    { "epochs", WEIR_OPTION_INT, offsetof(weir__train_opts, epochs), "100", 1, 1e9, NULL, "horizon in passes over the training rows" },
    { "shards", WEIR_OPTION_INT, offsetof(weir__train_opts, shards), "1", 1, 1024, NULL, "fixed pieces of a batch, divided over threads; decides bits" },
    { "ema", WEIR_OPTION_REAL, offsetof(weir__train_opts, ema), "0", 0, 0.999999999, NULL, "decay of the average of weights; 0: off" },
    { "clip", WEIR_OPTION_REAL, offsetof(weir__train_opts, clip), "0", 0, 1e30, NULL, "largest norm of the gradient; 0: any" },
    { "valid_every", WEIR_OPTION_INT, offsetof(weir__train_opts, valid_every), "0", 0, 1e12, NULL, "steps between validations; 0: an epoch, 50 to 500" },
    { "valid_rows", WEIR_OPTION_INT, offsetof(weir__train_opts, valid_rows), "2000", 1, 1e12, NULL, "rows of the validation split that are scored" },
    { "checkpoint_every", WEIR_OPTION_INT, offsetof(weir__train_opts, checkpoint_every), "0", 0, 1e12, NULL, "steps between checkpoints; 0: 500" },
    { "log_every", WEIR_OPTION_INT, offsetof(weir__train_opts, log_every), "0", 0, 1e12, NULL, "steps between lines of the log; 0: a 500th of the horizon, 1 to 50" },
    { 0 },
};
const weir_row weir__train_row = { .size = sizeof weir__train_row, .version = 1, .name = "train.options", .doc = "options of a training run",
                                   .options = train_options, .options_size = sizeof(weir__train_opts), .test = "" };

/* -- layers -------------------------------------------------------------------------------------------------------------------------- */
enum { KEY = 96, VALUE = 1024 };
typedef struct pair { char key[KEY], value[VALUE]; int layer; } pair;
typedef struct pairs { weir_ctx *c; pair *at; int64_t n, cap; } pairs;

static weir_status push(pairs *p, int layer, const char *key, size_t key_bytes, const char *value)
{
    if (key_bytes == 0 || key_bytes >= KEY || strlen(value) >= VALUE)
        return weir_fail(p->c, WEIR_ERROR_RANGE, "config: %.*s: expected a key of 1 to %d bytes and a value of fewer than %d", (int)(key_bytes < 60 ? key_bytes : 60), key, KEY - 1, VALUE);
    if (!weir__grow(p->c, &p->at, &p->cap, p->n + 1, sizeof *p->at)) return weir_status_of(p->c);
    pair *to = &p->at[p->n++];
    memcpy(to->key, key, key_bytes);
    to->key[key_bytes] = 0;
    memcpy(to->value, value, strlen(value) + 1);
    to->layer = layer;
    return WEIR_OK;
}

static weir_status push_setting(pairs *p, int layer, const char *text)
{
    const char *equal = strchr(text, '=');
    if (!equal) return weir_fail(p->c, WEIR_ERROR_ARGUMENT, "config: setting %.80s: expected key=value", text);
    return push(p, layer, text, (size_t)(equal - text), equal + 1);
}

static weir_status push_words(pairs *p, int layer, const char *text)
{
    for (const char *s = text; *(s += strspn(s, " "));) {
        char word[KEY + VALUE];
        size_t n = strcspn(s, " ");
        if (n >= sizeof word) return weir_fail(p->c, WEIR_ERROR_RANGE, "config: preset: a word of %d bytes: expected a shorter one", (int)n);
        memcpy(word, s, n);
        word[n] = 0;
        if (push_setting(p, layer, word) != WEIR_OK) break;
        s += n;
    }
    return weir_status_of(p->c);
}

static weir_status push_json(pairs *p, int layer, const char *prefix, const json_t *object);

static bool is_integers(const json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++)
        if (!json_is_integer(json_array_get(v, i))) return false;
    return json_is_array(v);
}

static weir_status push_value(pairs *p, int layer, const char *key, const json_t *v)
{
    char text[VALUE];
    size_t used = 0;
    text[0] = 0;
    if (json_is_object(v)) return push_json(p, layer, key, v);
    if (json_is_string(v)) weir__append(text, sizeof text, &used, "%s", json_string_value(v));
    else if (json_is_integer(v)) weir__append(text, sizeof text, &used, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v)) weir__append(text, sizeof text, &used, "%.17g", json_real_value(v));
    else if (json_is_boolean(v)) weir__append(text, sizeof text, &used, json_is_true(v) ? "yes" : "no");
    else if (is_integers(v))
        for (size_t i = 0; i < json_array_size(v); i++) weir__append(text, sizeof text, &used, i ? ",%lld" : "%lld", (long long)json_integer_value(json_array_get(v, i)));
    else return weir_fail(p->c, WEIR_ERROR_FORMAT, "config: %.80s: expected a number, a text, true, false, a list of integers or an object", key);
    if (used >= sizeof text) return weir_fail(p->c, WEIR_ERROR_RANGE, "config: %.80s: expected a value of fewer than %d bytes", key, VALUE);
    return push(p, layer, key, strlen(key), text);
}

static bool is_record(const char *key) /* what a run writes about itself, not a setting */
{
    if (!strcmp(key, "subset")) return true;
    return !strcmp(key, "weir") || !strcmp(key, "data_fingerprint") || !strcmp(key, "machine");
}

static weir_status push_json(pairs *p, int layer, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *v;
    if (!json_is_object(object)) return weir_fail(p->c, WEIR_ERROR_FORMAT, "config: expected a JSON object");
    json_object_foreach((json_t *)(uintptr_t)object, key, v) {
        char full[KEY + 160];
        size_t used = 0;
        if (!prefix && is_record(key)) continue;
        weir__append(full, sizeof full, &used, prefix ? "%s.%s" : "%s%s", prefix ? prefix : "", key);
        if (used >= KEY) return weir_fail(p->c, WEIR_ERROR_NAME, "config: %.80s: expected a shorter key", key);
        if (push_value(p, layer, full, v) != WEIR_OK) return weir_status_of(p->c);
    }
    return WEIR_OK;
}

/* Value of the last pair called `key` or `key.name`; its layer in *layer. */
static const char *last(const pairs *p, const char *key, int *layer)
{
    const char *value = NULL;
    size_t n = strlen(key);
    for (int64_t i = 0; i < p->n; i++)
        if (strncmp(p->at[i].key, key, n) == 0 && (p->at[i].key[n] == 0 || strcmp(p->at[i].key + n, ".name") == 0)) {
            if (!value || strcmp(value, p->at[i].value) != 0) *layer = p->at[i].layer;
            value = p->at[i].value;
        }
    return value;
}

/* -- owners of keys ---------------------------------------------------------------------------------------------------------------------- */
typedef struct owner {
    const char *prefix;
    const weir_row *row;
    void *opts;
    int since; /* pairs of earlier layers spoke of another row */
} owner;
enum { TRAIN, MODEL, OPTIMIZER, SCHEDULE, OWNERS };

static weir_status unknown_key(weir_ctx *c, const owner *owners, const char *key)
{
    char best[KEY] = "";
    int distance = (int)strlen(key) / 2 + 1;
    for (int i = 0; i < OWNERS; i++)
        for (const weir_option *o = owners[i].row->options; o && o->name; o++) {
            char full[KEY];
            size_t used = 0;
            weir__append(full, sizeof full, &used, "%s.%s", owners[i].prefix, o->name);
            int bare = weir__edit_distance(key, o->name), dotted = weir__edit_distance(key, full);
            if (bare < distance || dotted < distance) {
                distance = bare < dotted ? bare : dotted;
                snprintf(best, sizeof best, "%s", bare < dotted ? o->name : full);
            }
        }
    if (best[0]) return weir_fail(c, WEIR_ERROR_NAME, "config: unknown key %.80s: expected perhaps %s", key, best);
    return weir_fail(c, WEIR_ERROR_NAME, "config: unknown key %.80s: expected one of model, optimizer, schedule or train", key);
}

/* "optimizer.lr" names its owner; a bare key belongs to the only one that has it, train before model before the others. */
static const owner *owner_of(weir_ctx *c, const owner *owners, const char *key, const char **name)
{
    for (int i = 0; i < OWNERS; i++) {
        size_t n = strlen(owners[i].prefix);
        if (strncmp(key, owners[i].prefix, n) == 0 && key[n] == '.') {
            *name = key + n + 1;
            return &owners[i];
        }
    }
    *name = key;
    const owner *found = NULL;
    for (int i = 0; i < OWNERS; i++) {
        if (!weir__option_named(owners[i].row, key)) continue;
        if (found && found != &owners[TRAIN] && found != &owners[MODEL]) {
            weir_fail(c, WEIR_ERROR_NAME, "config: key %.80s: expected %s.%s or %s.%s", key, found->prefix, key, owners[i].prefix, key);
            return NULL;
        }
        if (!found) found = &owners[i];
    }
    if (!found) unknown_key(c, owners, key);
    return found;
}

static bool is_name(const char *key)
{
    static const char *const names[] = { "model", "optimizer", "schedule", "preset", "data", "model.name", "optimizer.name", "schedule.name" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i]) == 0) return true;
    return false;
}

/* How long a run is can be said in steps, in epochs, and as a horizon; what a later layer says of it replaces all that earlier ones do. */
typedef struct length { int layer; bool from_steps; } length;

static weir_status set_horizon(weir__config *k, length *l, const pair *q)
{
    if (!weir__parse_int(q->value, &k->horizon) || k->horizon < 1)
        return weir_fail(k->ctx, WEIR_ERROR_RANGE, "config: schedule.horizon=%.40s: expected steps, 1 or more", q->value);
    *l = (length){ .layer = q->layer };
    return WEIR_OK;
}

static void set_length(weir__config *k, length *l, int layer, bool steps)
{
    if (layer > l->layer || (steps && l->from_steps)) k->horizon = 0;
    if (layer > l->layer && !steps) k->train.steps = 0;
    if (k->train.steps > 0) k->horizon = k->train.steps;
    *l = (length){ .layer = layer, .from_steps = k->train.steps > 0 };
}

static bool of_replaced(const pair *q, const owner *owners)
{
    for (int o = OPTIMIZER; o <= SCHEDULE; o++) {
        size_t n = strlen(owners[o].prefix);
        if (q->layer < owners[o].since && strncmp(q->key, owners[o].prefix, n) == 0 && q->key[n] == '.') return true;
    }
    return false;
}

static weir_status apply(weir__config *k, const pairs *p, const owner *owners)
{
    weir_ctx *c = k->ctx;
    length l = { .layer = -1 };
    for (int64_t i = 0; i < p->n; i++) {
        const pair *q = &p->at[i];
        const char *name;
        if (is_name(q->key)) continue;
        if (strcmp(q->key, "schedule.horizon") == 0) {
            if (set_horizon(k, &l, q) != WEIR_OK) return weir_status_of(c);
            continue;
        }
        if (of_replaced(q, owners)) continue;
        const owner *o = owner_of(c, owners, q->key, &name);
        if (!o) return weir_status_of(c);
        if (!weir__option_named(o->row, name)) return unknown_key(c, owners, q->key);
        if (weir_option_set(c, o->row, o->opts, name, q->value) != WEIR_OK) return weir_status_of(c);
        if (o == &owners[MODEL]) weir__fit_said(k, name);
        bool steps = strcmp(name, "steps") == 0;
        if (o == &owners[TRAIN] && (steps || strcmp(name, "epochs") == 0)) set_length(k, &l, q->layer, steps);
    }
    return WEIR_OK;
}

/* -- resolving ------------------------------------------------------------------------------------------------------------------------------ */
static const weir_preset *find_preset(weir_ctx *c, const weir_model_row *m, const char *name)
{
    const weir_preset *p = m->presets;
    if (!name) return p && p->name ? p : NULL;
    for (; p && p->name; p++)
        if (strcmp(p->name, name) == 0) return p;
    char known[256] = "";
    size_t used = 0;
    for (p = m->presets; p && p->name; p++) weir__append(known, sizeof known, &used, p == m->presets ? "%s" : "|%s", p->name);
    weir_fail(c, WEIR_ERROR_RANGE, "config: preset=%.60s: expected %s", name, known[0] ? known : "none, the model has no presets");
    return NULL;
}

static void *defaults_of(weir_ctx *c, const weir_row *row)
{
    return weir__options_new(c, row);
}

static const weir_row *named(weir_ctx *c, const pairs *p, const char *kind, const char *fallback, int *layer)
{
    *layer = 0;
    const char *name = last(p, kind, layer);
    if (!name) name = fallback;
    if (name) return weir_row_find(c, kind, name);
    weir_fail(c, WEIR_ERROR_ARGUMENT, "config: no %s: expected its name", kind);
    return NULL;
}

static weir_status resolve(weir__config *k, pairs *p)
{
    weir_ctx *c = k->ctx;
    int layer, optimizer_layer, schedule_layer;
    const weir_row *model = named(c, p, "model", NULL, &layer);
    if (!model) return weir_status_of(c);
    k->model = (const weir_model_row *)model;
    const weir_preset *preset = find_preset(c, k->model, last(p, "preset", &layer));
    if (!weir_ok(c)) return weir_status_of(c);
    pairs all = { .c = c };
    if (preset) {
        snprintf(k->preset, sizeof k->preset, "%s", preset->name);
        push_words(&all, 0, preset->settings);
    }
    for (int64_t i = 0; i < p->n; i++) push(&all, p->at[i].layer, p->at[i].key, strlen(p->at[i].key), p->at[i].value);
    k->optimizer = named(c, &all, "optimizer", "adam", &optimizer_layer);
    k->schedule = (const weir_schedule_row *)named(c, &all, "schedule", "constant", &schedule_layer);
    const char *data = last(&all, "data", &layer);
    if (data) snprintf(k->data, sizeof k->data, "%s", data);
    if (weir_ok(c) && weir_options_defaults(c, &weir__train_row, &k->train) == WEIR_OK) {
        k->model_opts = defaults_of(c, model);
        k->optimizer_opts = defaults_of(c, k->optimizer);
        k->schedule_opts = defaults_of(c, &k->schedule->row);
    }
    if (weir_ok(c)) {
        const owner owners[OWNERS] = { { "train", &weir__train_row, &k->train, 0 }, { "model", model, k->model_opts, 0 },
                                       { "optimizer", k->optimizer, k->optimizer_opts, optimizer_layer }, { "schedule", &k->schedule->row, k->schedule_opts, schedule_layer } };
        apply(k, &all, owners);
    }
    weir__free(c, all.at);
    return weir_status_of(c);
}

void weir__config_free(weir__config *k)
{
    if (k->model) weir__options_delete(k->ctx, &k->model->row, k->model_opts);
    if (k->optimizer) weir__options_delete(k->ctx, k->optimizer, k->optimizer_opts);
    if (k->schedule) weir__options_delete(k->ctx, &k->schedule->row, k->schedule_opts);
    k->model_opts = k->optimizer_opts = k->schedule_opts = NULL;
}

static json_t *section(weir_ctx *c, const weir_row *row, const void *opts, bool with_name)
{
    json_t *o = weir__options_to_json(c, row, opts), *out = json_object();
    bool good = o && out && (!with_name || json_object_set_new(out, "name", json_string(strchr(row->name, '.') + 1)) == 0);
    good = good && json_object_update(out, o) == 0;
    json_decref(o);
    if (good) return out;
    json_decref(out);
    return NULL;
}

json_t *weir__config_json(const weir__config *k)
{
    weir_ctx *c = k->ctx;
    json_t *o = json_object(), *schedule = section(c, &k->schedule->row, k->schedule_opts, true);
    bool good = o && schedule && (k->horizon == 0 || json_object_set_new(schedule, "horizon", json_integer(k->horizon)) == 0);
    good = good && json_object_set_new(o, "weir", json_string(weir_version())) == 0;
    good = good && json_object_set_new(o, "model", weir__fit_unsaid(k, section(c, &k->model->row, k->model_opts, true))) == 0;
    good = good && json_object_set_new(o, "data", json_string(k->data)) == 0;
    if (k->preset[0]) good = good && json_object_set_new(o, "preset", json_string(k->preset)) == 0;
    good = good && json_object_set_new(o, "optimizer", section(c, k->optimizer, k->optimizer_opts, true)) == 0;
    good = good && json_object_set(o, "schedule", schedule) == 0;
    good = good && json_object_set_new(o, "train", section(c, &weir__train_row, &k->train, false)) == 0;
    json_decref(schedule);
    if (good) return o;
    json_decref(o);
    weir_fail(c, WEIR_ERROR_MEMORY, "config: as JSON: expected more free memory and text in UTF-8");
    return NULL;
}

static weir_status read_layers(weir__config *k, weir_ctx *c, const char *model, const char *data, const json_t *file, const json_t *over, int n_set,
                               const char *const *set)
{
    *k = (weir__config){ .ctx = c };
    pairs p = { .c = c };
    if (!weir_ok(c)) return weir_status_of(c);
    if (file) push_json(&p, 1, NULL, file);
    if (over && weir_ok(c)) push_json(&p, 2, NULL, over);
    if (model && weir_ok(c)) push(&p, 2, "model", 5, model);
    if (data && weir_ok(c)) push(&p, 2, "data", 4, data);
    for (int i = 0; i < n_set && weir_ok(c); i++) push_setting(&p, 2, set[i]);
    if (weir_ok(c)) resolve(k, &p);
    weir__free(c, p.at);
    if (!weir_ok(c)) weir__config_free(k);
    return weir_status_of(c);
}

json_t *weir__config_resolve(weir_ctx *c, const char *model_name, const char *data_spec, const json_t *file, int n_set, const char *const *set)
{
    weir__config k;
    if (read_layers(&k, c, model_name, data_spec, file, NULL, n_set, set) != WEIR_OK) return NULL;
    json_t *o = NULL;
    if (!k.data[0])
        weir_fail(c, WEIR_ERROR_ARGUMENT, "config: no data: expected a SPEC, such as digits or FILE.npy");
    else
        o = weir__config_json(&k);
    weir__config_free(&k);
    return o;
}

weir_status weir__config_read(weir__config *out, weir_ctx *c, const json_t *config, const char *where)
{
    weir_status s = read_layers(out, c, NULL, NULL, config, NULL, 0, NULL);
    (void)where;
    return s;
}

json_t *weir__config_over(weir_ctx *c, const json_t *stored, const json_t *given)
{
    weir__config k;
    if (read_layers(&k, c, NULL, NULL, stored, given, 0, NULL) != WEIR_OK) return NULL;
    json_t *o = weir__config_json(&k);
    weir__config_free(&k);
    return o;
}
