/* reflow.c - the run that learns a rectified flow from what another one makes of noise: its
 * settings, begun from. */
#define _XOPEN_SOURCE 700
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "train/train.h"
#include "weir/continuous.h"

static const char *const who = "run_reflow";

/* Where the other run is, whatever the working folder of a resume. */
static weir_status reflow_name(weir_ctx *c, json_t *model, const char *from)
{
    char path[PATH_MAX];
    const char *name = json_string_value(json_object_get(model, "name"));
    if (!name || !weir__model_has_path(c, name))
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                         "%s: %.200s: %.60s: expected a continuous model, which has a path, such "
                         "as rectified-flow",
                         who, from, name ? name : "no model");
    const char *source = json_string_value(json_object_get(model, "source"));
    if (source && source[0])
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                         "%s: %.200s: source=%.60s: expected a model that begins at noise", who,
                         from, source);
    json_t *value = json_string(realpath(from, path) ? path : from);
    if (!value || json_object_set_new(model, "reflow", value) != 0
        || json_object_set_new(model, "name", json_string("rectified-flow")) != 0)
        weir_fail(c, WEIR_ERROR_MEMORY, "%s: expected more free memory, and a path in UTF-8", who);
    return weir_status_of(c);
}

/* Of a model on another path than fm remain the data's settings and the network, as it was before
 * it was converted; path, prediction and what goes with them are those of a rectified flow. */
static void reflow_conventions(json_t *model)
{
    static const char *const of_path[] = { "path",     "prediction", "weight",      "time_density",
                                           "coupling", "label",      "input_scale", "sampler" };
    static const char *const of_source[] = { "source", "source_folder", "source_fingerprint" };
    json_t *net = json_object_get(model, "net");
    for (size_t i = 0; i < sizeof of_source / sizeof *of_source; i++)
        json_object_del(model, of_source[i]);
    const char *path = json_string_value(json_object_get(json_object_get(model, "path"), "name"));
    const char *name = json_string_value(json_object_get(net, "name"));
    if (path && strcmp(path, "fm") == 0) return;
    for (size_t i = 0; i < sizeof of_path / sizeof *of_path; i++)
        json_object_del(model, of_path[i]);
    if (name && strcmp(name, "retarget") == 0)
        json_object_set(model, "net", json_object_get(net, "net"));
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
    reflow_conventions(model);
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
