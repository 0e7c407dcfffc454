/* resume.c - what a resumed run may find otherwise than it began: where to stop, and nothing else
 * that decides its weights. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "train/train.h"

/* -- settings --------------------------------------------------------------------------------- */
typedef enum resume_kind {
    RESUME_STOPS, /* where a call ends: another is welcome */
    RESUME_DATA, /* where the data lie: their fingerprint decides */
    RESUME_OPEN, /* 0 or nothing leaves it to the run, which has settled it */
    RESUME_AUTO, /* "auto" does so */
    RESUME_RECORD /* a note of who wrote the config */
} resume_kind;

/* Settings that need not be what the run began with; all others must. A setting that decides no
 * weight belongs here, under a kind. */
static const struct {
    const char *name;
    resume_kind kind;
} resume_settings[] = {
    { "train.steps", RESUME_STOPS },
    { "train.epochs", RESUME_STOPS },
    { "schedule.horizon", RESUME_STOPS },
    { "model.dim", RESUME_OPEN },
    { "model.shape", RESUME_OPEN },
    { "model.classes", RESUME_AUTO },
    { "model.context", RESUME_AUTO },
    { "train.shards", RESUME_OPEN },
    { "train.valid_every", RESUME_OPEN },
    { "train.checkpoint_every", RESUME_OPEN },
    { "train.log_every", RESUME_OPEN },
    { "weir", RESUME_RECORD },
    { "data", RESUME_DATA },
};

static bool resume_left_open(const json_t *given)
{
    if (json_is_array(given)) return json_array_size(given) == 0;
    return json_is_integer(given) && json_integer_value(given) == 0;
}

static bool resume_leaves(resume_kind kind, const json_t *given)
{
    const char *text = json_string_value(given);
    if (kind == RESUME_AUTO) return text && strcmp(text, "auto") == 0;
    return kind != RESUME_OPEN || resume_left_open(given);
}

static bool resume_may_differ(const char *name, const json_t *given)
{
    for (size_t i = 0; i < sizeof resume_settings / sizeof *resume_settings; i++)
        if (strcmp(name, resume_settings[i].name) == 0)
            return resume_leaves(resume_settings[i].kind, given);
    return false;
}

static weir_status resume_differs(weir_ctx *c, const char *folder, const char *name)
{
    return weir_fail(
        c, WEIR_ERROR_STATE,
        "%s: %s differs from config.json: expected the same on resume, or another folder", folder,
        name);
}

/* The first setting of `given` that `stored` has otherwise, or not at all. `section` is "" at the
 * top. */
static weir_status resume_compare(weir_ctx *c, const char *folder, const char *section,
                                  const json_t *given, const json_t *stored)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *)(uintptr_t)given, key, v) {
        const json_t *other = json_object_get(stored, key);
        char name[256];
        size_t used = 0;
        weir__append(name, sizeof name, &used, section[0] ? "%s.%s" : "%s%s", section, key);
        if (resume_may_differ(name, v)) continue;
        if (json_is_object(v) && json_is_object(other)) resume_compare(c, folder, name, v, other);
        else if (!json_equal(v, other)) resume_differs(c, folder, name);
        if (!weir_ok(c)) break;
    }
    return weir_status_of(c);
}

static int64_t resume_integer(const json_t *config, const char *section, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(config, section), key));
}

/* The first of horizon, steps and epochs that a config settles. */
static weir__length resume_length(const json_t *config)
{
    int64_t horizon = resume_integer(config, "schedule", "horizon"),
            steps = resume_integer(config, "train", "steps");
    if (horizon > 0) return (weir__length){ .steps = horizon };
    if (steps > 0) return (weir__length){ .steps = steps };
    return (weir__length){ .epochs = resume_integer(config, "train", "epochs") };
}

/* What is said of where the data lie takes the place of what was. A pipe is said to be there
 * again. */
static void resume_move(json_t *stored, const json_t *over, bool said)
{
    json_t *data = json_object_get(over, "data");
    const char *text = json_string_value(data);
    bool again = said && text && text[0] == '-' && strcspn(text, ",") == 1;
    if (!again && json_equal(data, json_object_get(stored, "data"))) return;
    json_object_set(stored, "data", data);
    json_object_set_new(stored, "moved", json_true());
}

weir_status weir__resume_compare(weir_ctx *c, const char *folder, const weir__config_layers *given,
                                 json_t *stored, weir__length *stop)
{
    weir__config_layers both = *given;
    both.over = given->file;
    both.file = stored;
    json_t *alone = weir__config_over(c, stored, NULL), *over = weir__config_resolved(c, &both);
    if (alone && over && resume_compare(c, folder, "", over, alone) == WEIR_OK) {
        *stop = resume_length(over);
        resume_move(stored, over, given->data || json_object_get(given->file, "data"));
    }
    json_decref(alone);
    json_decref(over);
    return weir_status_of(c);
}

/* -- data ------------------------------------------------------------------------------------- */
weir_status weir__resume_check_data(weir_run *r, const json_t *stored)
{
    const char *fingerprint = json_string_value(json_object_get(stored, "data_fingerprint"));
    if (!fingerprint || strcmp(fingerprint, r->fingerprint) == 0) return WEIR_OK;
    return weir_fail(r->object.ctx, WEIR_ERROR_STATE,
                     "%s: the data have changed since the run began: expected the same samples",
                     r->config.data);
}

/* -- a run that has lost its checkpoint ------------------------------------------------------- */
static bool resume_stat(const weir_run *r, const char *name, struct stat *st)
{
    char path[4096];
    return stat(weir__run_path(r, name, path, sizeof path), st) == 0;
}

/* A model is written after a checkpoint, and a log begun after the folder of checkpoints is made:
 * what stands without what came before it is of a run that went further than nothing. */
weir_status weir__resume_check_begun(weir_run *r)
{
    struct stat st;
    if (resume_stat(r, "checkpoint/state.safetensors", &st) || errno != ENOENT)
        return WEIR_OK; /* or loading it says what is wrong */
    bool trained = resume_stat(r, "model.safetensors", &st);
    if (!trained && !resume_stat(r, "checkpoint", &st))
        trained = resume_stat(r, "metrics.jsonl", &st) && st.st_size > 0;
    if (!trained) return WEIR_OK;
    return weir_fail(r->object.ctx, WEIR_ERROR_STATE,
                     "%s: has trained, but checkpoint/state.safetensors is missing: expected it, "
                     "or another folder",
                     r->folder);
}
