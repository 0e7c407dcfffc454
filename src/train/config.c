/* config.c - everything that a run is made of, as one row: model, data, optimizer, schedule and how
 * to train. What is said of it comes in layers, the lowest first: the host's own, the model's
 * preset, the file, the settings. Within a layer rows are chosen first; a row that a layer replaces
 * takes along what lower layers said of it. */
#include <stddef.h>
#include <string.h>
#include "base/value.h"
#include "train/train.h"

#define OPT(field) offsetof(weir__config, field)
static const weir_option run_options[] = {
    { "model", WEIR_OPTION_ROW, OPT(model), "", 0, 0, "model", "what is trained" },
    { "data", WEIR_OPTION_TEXT, OPT(data), "", 0, 0, NULL, "SPEC of the data" },
    { "preset", WEIR_OPTION_TEXT, OPT(preset), "", 0, 0, NULL,
      "of the model's settings, by name; the first of them unless said" },
    { "optimizer", WEIR_OPTION_ROW, OPT(optimizer), "adam", 0, 0, "optimizer", "how weights move" },
    { "schedule", WEIR_OPTION_ROW, OPT(schedule), "constant", 0, 0, "schedule",
      "the learning rate as a function of the step" },
    { "schedule.horizon", WEIR_OPTION_INT, OPT(horizon), "0", 0, 1e15, NULL,
      "its length in steps; 0: from train.steps or train.epochs" },
    { "train.batch", WEIR_OPTION_INT, OPT(train.batch), "128", 1, 1 << 20, NULL, "samples a step" },
    { "train.flip", WEIR_OPTION_REAL, OPT(train.flip), "0", 0, 1, NULL,
      "probability that a training image is mirrored from left to right, drawn anew each epoch" },
    { "train.seed", WEIR_OPTION_INT, OPT(train.seed), "1", 0, 9007199254740992.0, NULL,
      "of everything random" },
    { "train.steps", WEIR_OPTION_INT, OPT(train.steps), "0", 0, 1e12, NULL,
      "horizon of the schedule in steps; 0: from epochs" },
    { "train.epochs", WEIR_OPTION_INT, OPT(train.epochs), "100", 1, 1e9, NULL,
      "horizon in passes over the training samples" },
    { "train.shards", WEIR_OPTION_INT, OPT(train.shards), "0", 0, 1024, NULL,
      "fixed pieces of a batch, divided over threads and ranks; decides bits; 0: 1, of several "
      "ranks "
      "8, above 8 ranks 64" },
    { "train.divide_optimizer", WEIR_OPTION_BOOL, OPT(train.divide_optimizer), "no", 0, 0, NULL,
      "each of several ranks keeps and updates its part of the optimizer: less memory, the same "
      "bits" },
    { "train.ema", WEIR_OPTION_REAL, OPT(train.ema), "0", 0, 0.999999999, NULL,
      "decay of the average of weights; 0: off" },
    { "train.ema_half_life", WEIR_OPTION_REAL, OPT(train.ema_half_life), "0", 0, 1e15, NULL,
      "samples after which the average keeps half of what it was, in place of train.ema; 0: off" },
    { "train.ema_ramp", WEIR_OPTION_REAL, OPT(train.ema_ramp), "0.05", 0, 1e15, NULL,
      "largest half-life as a part of the samples seen so far; 0: any" },
    { "train.clip", WEIR_OPTION_REAL, OPT(train.clip), "0", 0, 1e30, NULL,
      "largest norm of the gradient; 0: any" },
    { "train.valid_every", WEIR_OPTION_INT, OPT(train.valid_every), "0", 0, 1e12, NULL,
      "steps between validations; 0: an epoch, 50 to 500" },
    { "train.valid_rows", WEIR_OPTION_INT, OPT(train.valid_rows), "2000", 1, 1e12, NULL,
      "samples of the validation split that are scored" },
    { "train.checkpoint_every", WEIR_OPTION_INT, OPT(train.checkpoint_every), "0", 0, 1e12, NULL,
      "steps between checkpoints; 0: 500" },
    { "train.log_every", WEIR_OPTION_INT, OPT(train.log_every), "0", 0, 1e12, NULL,
      "steps between lines of the log; 0: a 500th of the horizon, 1 to 50" },
    { 0 },
};
const weir_row weir__run_row = {
    .size = sizeof weir__run_row,
    .version = 1,
    .name = "train.run",
    .doc = "a training run: what is trained on what, how, and how long",
    .options = run_options,
    .options_size = sizeof(weir__config),
    .test = "",
    .was = "options",
};

const weir_row *const weir__train_rows[] = { &weir__run_row };

static const weir_model_row *model_row(const weir__config *k)
{
    return (const weir_model_row *)k->model.row;
}

/* -- bare keys
 * ------------------------------------------------------------------------------------- */
/* "hidden" is model.hidden, "lr" optimizer.lr: a bare key belongs to the only one that has it,
 * those of the run itself and of its model before others. */
typedef struct bare {
    const char *key;
    char full[2][WEIR__KEY_MAX]; /* the first two it may be */
    int n;
    bool first_wins;
} bare;

static void bare_offer(bare *b, const char *owner, size_t n, bool wins)
{
    size_t used = 0;
    if (b->n < 2)
        weir__append(b->full[b->n], sizeof b->full[0], &used, "%.*s.%s", (int)n, owner, b->key);
    if (b->n == 0) b->first_wins = wins;
    b->n++;
}

static void bare_find(const weir__config *k, const char *key, bool file, bare *b)
{
    *b = (bare){ .key = key };
    for (const weir_option *o = run_options; o->name; o++) {
        const char *point = strchr(o->name, '.');
        if (point && strcmp(point + 1, key) == 0)
            bare_offer(b, o->name, (size_t)(point - o->name), true);
    }
    for (const weir_option *o = run_options; o->name; o++) {
        weir__place p;
        weir_choice *in = (void *)(uintptr_t)((const char *)k + o->offset);
        if (o->type != WEIR_OPTION_ROW || !in->row) continue;
        bool has = weir__place_find_within(in, key, &p) || p.choice != in || p.empty
                   || (p.retired && file);
        if (has) bare_offer(b, o->name, strlen(o->name), in == &k->model);
    }
}

static bool bare_near(void *user, const char *key, const weir_option *o, const void *field)
{
    weir__near *near = user;
    const char *point = strchr(key, '.');
    (void)o;
    (void)field;
    if (point) weir__near_offer(near, point + 1, weir__edit_distance(near->name, point + 1));
    weir__near_offer(near, key, weir__edit_distance(near->name, key));
    return true;
}

static weir_status bare_unknown(weir__config *k, const char *key)
{
    weir__near near = weir__near_to(key);
    weir__options_each(&weir__run_row, k, bare_near, &near);
    if (near.best[0])
        return weir_fail(k->ctx, WEIR_ERROR_NAME, "config: unknown key %.80s: expected perhaps %s",
                         key, near.best);
    return weir_fail(
        k->ctx, WEIR_ERROR_NAME,
        "config: unknown key %.80s: expected one of model, optimizer, schedule or train", key);
}

/* Whether the key begins with one of the run's own words: then what is wrong with it lies further
 * down. */
static bool is_full(const char *key)
{
    size_t n = strcspn(key, ".");
    for (const weir_option *o = run_options; o->name; o++)
        if (strncmp(o->name, key, n) == 0 && (o->name[n] == 0 || o->name[n] == '.')
            && (key[n] == '.' || o->name[n] == 0))
            return true;
    return false;
}

static weir_status add_full(weir__config *k, const weir__assignment *from, weir__assignments *to)
{
    bare b;
    if (is_full(from->key))
        return weir__assignments_add(to, from->key, strlen(from->key), from->value);
    bare_find(k, from->key, to->file, &b);
    if (b.n == 0) return bare_unknown(k, from->key);
    if (b.n > 1 && !b.first_wins)
        return weir_fail(k->ctx, WEIR_ERROR_NAME, "config: key %.80s: expected %s or %s", from->key,
                         b.full[0], b.full[1]);
    return weir__assignments_add(to, b.full[0], strlen(b.full[0]), from->value);
}

/* -- layers
 * ------------------------------------------------------------------------------------------- */
enum { LOWEST, PRESET, GIVEN_FILE, SETTINGS, LAYERS };
typedef struct layers {
    weir__config *k;
    weir__assignments at[LAYERS];
    const weir_row *model; /* the one that wins */
    weir_choice aside; /* it, while a layer speaks of another */
    const weir_data_facts *facts;
} layers;

/* Whether the key is that of the option itself: "model" or "model.name". */
static bool is_name(const char *key, const char *option)
{
    size_t n = strlen(option);
    return strncmp(key, option, n) == 0 && (key[n] == 0 || strcmp(key + n, ".name") == 0);
}

/* The last value that any layer gives an option of the run; NULL: none does. */
static const char *last_said(const layers *l, const char *option)
{
    for (int i = LAYERS; i-- > 0;)
        for (int64_t j = l->at[i].n; j-- > 0;)
            if (is_name(l->at[i].at[j].key, option)) return l->at[i].at[j].value;
    return NULL;
}

/* Another model than the one that wins comes and goes without harm to what is said of that one. */
static weir_status take_model(layers *l, const char *value)
{
    weir__config *k = l->k;
    const weir__site s = { k->ctx, "config", "model" };
    weir_choice other = { 0 };
    weir_status status = weir__choice_read(&s, run_options, &other, value);
    const weir_row *row = other.row;
    weir__choice_clear(k->ctx, &other);
    if (status != WEIR_OK) return status;
    bool back = l->aside.row && row == l->model, away = !l->aside.row && row != k->model.row;
    if (back) weir__choice_clear(k->ctx, &k->model);
    if (away) l->aside = k->model;
    if (back) k->model = l->aside;
    if (away) k->model = (weir_choice){ 0 };
    if (back) l->aside = (weir_choice){ 0 };
    return weir__choice_read(&s, run_options, &k->model, value);
}

static weir_status config_choose_rows(layers *l, const weir__assignments *a)
{
    static const char *const others[] = { "optimizer", "schedule" };
    for (int64_t i = 0; i < a->n; i++) {
        const weir__assignment *one = &a->at[i];
        weir_status status = WEIR_OK;
        if (is_name(one->key, "model")) status = take_model(l, one->value);
        for (int j = 0; j < 2 && status == WEIR_OK; j++) {
            weir__place p;
            const weir__site s = { a->c, a->where, others[j] };
            if (!is_name(one->key, others[j])
                || !weir__place_find(&weir__run_row, l->k, others[j], &p))
                continue;
            status = weir__place_set(&s, &p, one->value);
        }
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static bool says(const weir__assignments *a, const char *key)
{
    for (int64_t i = 0; i < a->n; i++)
        if (strcmp(a->at[i].key, key) == 0) return true;
    return false;
}

/* How long a run is can be said in steps, in epochs, and as a horizon; what a layer says of it
 * replaces all that lower ones do. */
static void settle_length(weir__config *k, const weir__assignments *a)
{
    bool steps = says(a, "train.steps"), epochs = says(a, "train.epochs"),
         horizon = says(a, "schedule.horizon");
    if (!steps && !epochs && !horizon) return;
    if (epochs && !steps) k->train.steps = 0;
    if (horizon && !steps && !epochs && k->horizon > 0) k->train.steps = 0;
    if (!horizon || k->train.steps > 0) k->horizon = k->train.steps;
}

/* The average is by a decay or by a half-life; what a layer says of it replaces what lower ones do.
 */
static weir_status settle_average(weir__config *k, const weir__assignments *a)
{
    weir__train_opts *t = &k->train;
    bool decay = says(a, "train.ema"), half_life = says(a, "train.ema_half_life");
    if (!(t->ema > 0 && t->ema_half_life > 0)) return WEIR_OK;
    if (decay == half_life)
        return weir_fail(k->ctx, WEIR_ERROR_ARGUMENT,
                         "config: train.ema=%g and train.ema_half_life=%g: expected one of them",
                         t->ema, t->ema_half_life);
    if (decay) t->ema_half_life = 0;
    else t->ema = 0;
    return WEIR_OK;
}

static weir_status apply_layer(layers *l, const weir__assignments *a)
{
    weir__assignments full = { .c = a->c, .where = a->where, .file = a->file };
    weir_status status = config_choose_rows(l, a);
    for (int64_t i = 0; i < a->n && status == WEIR_OK; i++)
        if (!is_name(a->at[i].key, "model")) status = add_full(l->k, &a->at[i], &full);
    if (status == WEIR_OK) status = weir__assignments_apply(&full, &weir__run_row, l->k);
    if (status == WEIR_OK) settle_length(l->k, &full);
    if (status == WEIR_OK) status = settle_average(l->k, &full);
    weir__assignments_free(&full);
    return status;
}

/* -- resolving
 * -------------------------------------------------------------------------------------------- */
static weir_status preset_unknown(weir_ctx *c, const weir_model_row *m, const char *name)
{
    char known[256] = "";
    size_t used = 0;
    for (const weir_preset *p = m->presets; p && p->name; p++)
        weir__append(known, sizeof known, &used, p == m->presets ? "%s" : "|%s", p->name);
    return weir_fail(c, WEIR_ERROR_RANGE, "config: preset=%.60s: expected %s", name,
                     known[0] ? known : "none, the model has no presets");
}

/* The one that is named, else the model's first; what it says becomes a layer. */
static weir_status add_preset(layers *l)
{
    const weir_model_row *m = model_row(l->k);
    const char *name = last_said(l, "preset");
    const weir_preset *p = weir__preset_find(m, name);
    if (name && name[0] && !p) return preset_unknown(l->k->ctx, m, name);
    if (!p) return WEIR_OK;
    return weir__preset_add(&l->at[PRESET], &m->row, p, l->facts, last_said(l, "data"));
}

static weir_status config_resolve(layers *l)
{
    weir_ctx *c = l->k->ctx;
    const char *name = last_said(l, "model");
    weir_status status = name ? take_model(l, name) : WEIR_OK;
    l->model = l->k->model.row;
    if (status == WEIR_OK && !l->model)
        status = weir_fail(c, WEIR_ERROR_ARGUMENT, "config: no model: expected its name");
    if (status == WEIR_OK) status = add_preset(l);
    for (int i = 0; i < LAYERS && status == WEIR_OK; i++) status = apply_layer(l, &l->at[i]);
    weir__choice_clear(c, &l->aside);
    return status;
}

/* What a run writes about itself, and is no setting. */
static const char *const records[] = { "weir",   "data_fingerprint", "machine",
                                       "subset", "folder",           "moved",
                                       NULL };

static weir_status add_json(weir__assignments *a, const json_t *object)
{
    return object ? weir__assignments_json(a, object, records) : WEIR_OK;
}

static weir_status config_add_text(weir__assignments *a, const char *key, const char *value)
{
    return value ? weir__assignments_add(a, key, strlen(key), value) : WEIR_OK;
}

static weir_status read_layers(const weir__config_layers *from, layers *l)
{
    weir__assignments *top = &l->at[SETTINGS];
    weir_status status = from->lowest ? weir__assignments_text(&l->at[LOWEST], from->lowest)
                                      : WEIR_OK;
    if (status == WEIR_OK) status = add_json(&l->at[GIVEN_FILE], from->file);
    if (status == WEIR_OK) status = add_json(top, from->over);
    if (status == WEIR_OK) status = config_add_text(top, "model", from->model);
    if (status == WEIR_OK) status = config_add_text(top, "data", from->data);
    for (int i = 0; i < from->n_set && status == WEIR_OK; i++)
        status = weir__assignments_setting(top, from->set[i]);
    return status;
}

weir_status weir__config_from(weir__config *out, weir_ctx *c, const weir__config_layers *from)
{
    layers l = { .k = out, .facts = from->facts };
    *out = (weir__config){ .ctx = c };
    if (!weir_ok(c)) return weir_status_of(c);
    if (weir_options_defaults(c, &weir__run_row, out) != WEIR_OK) return weir_status_of(c);
    out->ctx = c;
    for (int i = 0; i < LAYERS; i++) l.at[i] = (weir__assignments){ .c = c, .where = "config" };
    if (read_layers(from, &l) == WEIR_OK) config_resolve(&l);
    for (int i = 0; i < LAYERS; i++) weir__assignments_free(&l.at[i]);
    if (!weir_ok(c)) weir__config_free(out);
    return weir_status_of(c);
}

void weir__config_free(weir__config *k) { weir_options_free(k->ctx, &weir__run_row, k); }

/* -- as JSON
 * ------------------------------------------------------------------------------------------------
 */
/* What is not known yet, or is not there, is left out. */
static void leave_out(const weir__config *k, json_t *o)
{
    if (k->horizon == 0) json_object_del(json_object_get(o, "schedule"), "horizon");
    if (!k->preset[0]) json_object_del(o, "preset");
}

json_t *weir__config_json(const weir__config *k)
{
    json_t *settings = weir__options_to_json(k->ctx, &weir__run_row, k),
           *o = settings ? json_object() : NULL;
    bool good = o && json_object_set_new(o, "weir", json_string(weir_version())) == 0;
    if (good) leave_out(k, settings);
    good = good && json_object_update(o, settings) == 0;
    json_decref(settings);
    if (good) return o;
    json_decref(o);
    weir_fail(k->ctx, WEIR_ERROR_MEMORY, "config: as JSON: expected more free memory");
    return NULL;
}

static json_t *assignments_json(const weir__assignments *a)
{
    json_t *o = json_object();
    bool good = o != NULL;
    for (int64_t i = 0; good && i < a->n; i++)
        good = json_object_set_new(o, a->at[i].key, json_string(a->at[i].value)) == 0;
    if (good) return o;
    json_decref(o);
    weir_fail(a->c, WEIR_ERROR_MEMORY,
              "config: as JSON: expected more free memory and text in UTF-8");
    return NULL;
}

json_t *weir__config_given(weir_ctx *c, const char *text)
{
    const char *begin = text + strspn(text, " \t\r\n");
    if (!*begin || *begin == '{' || *begin == '[')
        return weir__json_read(c, "config", text, strlen(text));
    weir__assignments a = { .c = c, .where = "config" };
    json_t *o = weir__assignments_text(&a, text) == WEIR_OK ? assignments_json(&a) : NULL;
    weir__assignments_free(&a);
    return o;
}

json_t *weir__config_resolved(weir_ctx *c, const weir__config_layers *from)
{
    weir__config k;
    if (weir__config_from(&k, c, from) != WEIR_OK) return NULL;
    json_t *o = weir__config_json(&k);
    weir__config_free(&k);
    return o;
}

json_t *weir__config_resolve(weir_ctx *c, const char *model_name, const char *data_spec,
                             const json_t *file, int n_set, const char *const *set)
{
    const weir__config_layers from = {
        .file = file, .model = model_name, .data = data_spec, .n_set = n_set, .set = set
    };
    json_t *o = weir__config_resolved(c, &from);
    const char *data = json_string_value(json_object_get(o, "data"));
    if (!o || (data && data[0])) return o;
    json_decref(o);
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "config: no data: expected a SPEC, such as digits or FILE.npy");
    return NULL;
}

weir_status weir__config_read(weir__config *out, weir_ctx *c, const json_t *config)
{
    const weir__config_layers from = { .file = config };
    return weir__config_from(out, c, &from);
}

json_t *weir__config_over(weir_ctx *c, const json_t *stored, const json_t *given)
{
    const weir__config_layers from = { .file = stored, .over = given };
    return weir__config_resolved(c, &from);
}
