/* reflow.c - the run that straightens another one's rectified flow: its settings, begun from. */
#define _XOPEN_SOURCE 700
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "train/train.h"
#include "weir/continuous.h"

static const char *const who = "run_reflow";

/* Where the other run is, whatever folder this one goes on from. */
static weir_status reflow_name(weir_ctx *c, json_t *model, const char *from)
{
    char path[PATH_MAX];
    const char *name = json_string_value(json_object_get(model, "name"));
    if (!name || strcmp(name, "rectified-flow") != 0)
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: %.200s: %.60s: expected a rectified-flow",
                         who, from, name ? name : "no model");
    json_t *value = json_string(realpath(from, path) ? path : from);
    if (!value || json_object_set_new(model, "reflow", value) != 0)
        weir_fail(c, WEIR_ERROR_MEMORY, "%s: expected more free memory, and a path in UTF-8", who);
    return weir_status_of(c);
}

/* Data of files that the other run found from its own folder. */
static void reflow_data(weir_ctx *c, json_t *config)
{
    const char *spec = json_string_value(json_object_get(config, "data"));
    const char *folder = json_string_value(json_object_get(config, "folder"));
    char *found = spec && folder ? weir__spec_from(c, spec, folder) : NULL;
    if (found) json_object_set_new(config, "data", json_string(found));
    weir__free(c, found);
}

/* The other run's settings, but for what was settled from its length. */
static json_t *reflow_config(weir_ctx *c, const char *from)
{
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, "%s/config.json", from);
    json_t *config = weir__json_load(c, path);
    json_t *model = json_object_get(config, "model"), *train = json_object_get(config, "train");
    if (!config || reflow_name(c, model, from) != WEIR_OK) {
        json_decref(config);
        return NULL;
    }
    reflow_data(c, config);
    json_object_del(json_object_get(config, "schedule"), "horizon");
    json_object_del(train, "checkpoint_every");
    json_object_del(train, "log_every");
    json_object_set_new(train, "valid_every", json_integer(1000000000000));
    return config;
}

weir_run *weir__run_reflow(weir_ctx *c, const char *from, const char *folder, const json_t *over,
                           int n_set, const char *const *set)
{
    json_t *config = reflow_config(c, from);
    const weir__config_layers layers = {
        .file = config,
        .over = over,
        .n_set = n_set,
        .set = set,
    };
    weir_run *r = weir__nil(c, WEIR__RUN);
    if (config) r = weir__run_open_layers(c, folder, &layers, false);
    json_decref(config);
    return r;
}

weir_run *weir_run_reflow(weir_ctx *c, const char *from, const char *folder, const char *config)
{
    WEIR__AS_FOUND;
    weir_run *r = weir__nil(c, WEIR__RUN);
    if (weir_ok(c) && (!from || !folder))
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a run and a folder for another", who);
    json_t *over = weir_ok(c) && config ? weir__config_given(c, config) : NULL;
    if (weir_ok(c)) r = weir__run_reflow(c, from, folder, over, 0, NULL);
    json_decref(over);
    return r;
}
