/* preset.c - presets: settings that a model's row offers by name, the lowest layer under all that a
 * user says. Of the model's first, which is the default, part may depend on the training samples:
 * how many there are, and of what shape. */
#include <string.h>
#include "base/value.h"
#include "train/train.h"

/* -- facts ------------------------------------------------------------------------------------ */
/* n_effective = (sum w)^2 / sum w^2 (Kish 1965) */
static double preset_effective(const weir_dataset *d)
{
    const double *w = d->store->weights;
    double sum = 0, squares = 0;
    if (!w) return (double)d->n;
    for (int64_t i = 0; i < d->n; i++) {
        double v = w[weir__dataset_id(d, i)];
        sum += v;
        squares += v * v;
    }
    return squares > 0 ? sum / squares * sum : 0;
}

weir_data_facts weir__preset_facts(const weir_dataset *d)
{
    const int64_t *shape;
    weir_data_facts f = {
        .size = sizeof f,
        .n = weir_dataset_samples(d),
        .n_effective = preset_effective(d),
        .weighted = d->store->weights != NULL,
        .dim = weir_dataset_dim(d),
        .levels = weir_dataset_levels(d),
        .ndim = weir_dataset_shape(d, &shape),
    };
    memcpy(f.shape, shape, (size_t)f.ndim * sizeof *shape);
    return f;
}

/* -- a preset as a layer ---------------------------------------------------------------------- */
const weir_preset *weir__preset_find(const weir_model_row *m, const char *name)
{
    for (const weir_preset *p = m->presets; p && p->name; p++)
        if (!name || !name[0] || strcmp(p->name, name) == 0) return p;
    return NULL;
}

/* What `p` says of these data; "": nothing more. */
static const char *preset_chosen(const weir_preset *p, const weir_data_facts *f)
{
    const char *text = f && p->choose ? p->choose(f) : NULL;
    return text ? text : "";
}

/* A SPEC that says standardize=no is the user's word, above any preset. */
static weir_status preset_mind_spec(weir__assignments *to, const weir_row *model, const char *spec)
{
    static const char key[] = "model.standardize";
    if (!spec || !strstr(spec, ",standardize=no") || !weir__option_named(model, "standardize"))
        return WEIR_OK;
    return weir__assignments_add(to, key, strlen(key), "no");
}

weir_status weir__preset_add(weir__assignments *to, const weir_row *model, const weir_preset *p,
                             const weir_data_facts *f, const char *spec)
{
    weir_status status = weir__assignments_text(to, p->settings);
    if (status == WEIR_OK) status = weir__assignments_text(to, preset_chosen(p, f));
    if (status == WEIR_OK) status = preset_mind_spec(to, model, spec);
    return status == WEIR_OK ? weir__assignments_add(to, "preset", 6, p->name) : status;
}

/* -- in a line -------------------------------------------------------------------------------- */
/* The value that is in force, or of a chosen row its name; false where another row has taken the
 * place of the one that the preset speaks of. */
static bool preset_value(const weir_run *r, const char *key, char *value, size_t bytes)
{
    weir__place p;
    if (!weir__place_find(&weir__run_row, (void *)(uintptr_t)&r->config, key, &p)) return false;
    const weir_choice *k = (const void *)((const char *)p.options + p.option->offset);
    size_t used = 0;
    if (p.option->type == WEIR_OPTION_ROWS) return false;
    if (p.option->type == WEIR_OPTION_ROW)
        weir__append(value, bytes, &used, "%s", weir__row_short_name(k->row));
    else
        weir_option_text(p.option, p.options, value, bytes);
    return true;
}

/* Keys as --set takes them: bare where they belong to the model, the optimizer or the training. */
static const char *preset_key(const char *key)
{
    static const char *const owners[] = { "model.", "optimizer.", "train." };
    for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
        if (strncmp(key, owners[i], strlen(owners[i])) == 0) return key + strlen(owners[i]);
    return key;
}

/* "valid_every" is the run's as "train.valid_every" is. */
static void preset_put(const weir_run *r, const char *key, char *text, size_t bytes, size_t *used)
{
    enum { VALUE = 256 };
    char value[VALUE], full[WEIR__KEY_MAX + 8];
    size_t n = 0;
    bool found = preset_value(r, key, value, sizeof value);
    weir__append(full, sizeof full, &n, "train.%s", key);
    if (!found && !preset_value(r, full, value, sizeof value)) return;
    weir__append(text, bytes, used, " %s=%s", preset_key(key), value);
}

static bool preset_earlier(const weir__assignments *a, int64_t i)
{
    for (int64_t j = 0; j < i; j++)
        if (strcmp(a->at[i].key, a->at[j].key) == 0) return true;
    return false;
}

int64_t weir_run_preset(const weir_run *r, char *buffer, size_t bytes)
{
    WEIR__AS_FOUND;
    size_t used = 0;
    if (!buffer || bytes == 0) return 0;
    buffer[0] = 0;
    if (!r || r->object.nil || !weir_ok(r->object.ctx)) return 0;
    const weir_row *model = r->config.model.row;
    const weir_preset *p = weir__preset_find((const weir_model_row *)model, r->config.preset);
    if (!p || !r->config.preset[0]) return 0;
    const weir_data_facts f = weir__preset_facts(r->train);
    weir__assignments a = { .c = r->object.ctx, .where = "preset" };
    weir__append(buffer, bytes, &used, "preset=%s", p->name);
    /* what was chosen for these data first, for it tells most */
    if (weir__assignments_text(&a, preset_chosen(p, &f)) == WEIR_OK)
        weir__assignments_text(&a, p->settings);
    for (int64_t i = 0; i < a.n; i++)
        if (!preset_earlier(&a, i)) preset_put(r, a.at[i].key, buffer, bytes, &used);
    weir__assignments_free(&a);
    return (int64_t)(used < bytes ? used : bytes - 1);
}
