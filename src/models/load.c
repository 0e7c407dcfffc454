/* load.c - opening a model from a run folder, a safetensors file or memory. What the model is comes
 * from the file's metadata, or from the member "model" of config.json beside it ({"model": {"name":
 * "nice", "dim": 64, ..}}); where both say, they must agree. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <string.h>
#include <sys/stat.h>
#include "models/models.h"

enum { PATH_BYTES = 4096 };

/* What one source says: the row and its options. */
typedef struct says {
    const weir_model_row *row; /* NULL: nothing */
    void *options;
} says;

static void forget(weir_ctx *c, says *s)
{
    if (s->row) weir__options_delete(c, &s->row->row, s->options);
}

static weir_status understand(weir_ctx *c, const char *name, const json_t *object,
                              const char *where, says *out)
{
    const weir_row *row = name ? weir_row_find(c, "model", name) : NULL;
    if (!name) return weir_fail(c, WEIR_ERROR_FORMAT, "%.200s: model: expected its name", where);
    out->options = row ? weir__options_new(c, row) : NULL;
    if (!out->options) return weir_status_of(c);
    out->row = (const weir_model_row *)row;
    return object ? weir__options_from_json(c, row, out->options, object, where) : WEIR_OK;
}

static weir_status from_metadata(weir_ctx *c, const json_t *metadata, const char *where, says *out)
{
    const char *format = json_string_value(json_object_get(metadata, "weir_format"));
    if (!format) return WEIR_OK; /* made elsewhere */
    if (strcmp(format, "1") != 0)
        return weir_fail(c, WEIR_ERROR_FORMAT, "%.200s: weir_format %.20s: expected 1", where,
                         format);
    const char *text = json_string_value(json_object_get(metadata, "options"));
    if (!text) return weir_fail(c, WEIR_ERROR_FORMAT, "%.200s: metadata: expected options", where);
    json_t *options = weir__json_read(c, where, text, strlen(text));
    if (!options) return weir_status_of(c);
    weir_status s = understand(c, json_string_value(json_object_get(metadata, "model")), options,
                               where, out);
    json_decref(options);
    return s;
}

/* A config that is not there, or says nothing about a model, says nothing. `given` is then NULL. */
static weir_status from_config(weir_ctx *c, const char *path, says *out, json_t **given)
{
    struct stat st;
    *given = NULL;
    if (!path[0] || stat(path, &st) != 0) return WEIR_OK;
    json_t *config = weir__json_load(c, path), *model = json_object_get(config, "model");
    if (!config) return weir_status_of(c);
    weir_status s = WEIR_OK;
    if (json_is_string(model)) s = understand(c, json_string_value(model), NULL, path, out);
    else if (json_is_object(model)) {
        s = understand(c, json_string_value(json_object_get(model, "name")), model, path, out);
        *given = json_incref(model);
    }
    json_decref(config);
    return s;
}

/* Every option that the config writes must be the metadata's. */
static weir_status agree(weir_ctx *c, const says *file, const says *config, const json_t *given,
                         const char *where)
{
    if (file->row != config->row)
        return weir_fail(c, WEIR_ERROR_STATE,
                         "%.200s: %s, but config.json says %s: expected the same model", where,
                         file->row->row.name, config->row->row.name);
    const weir_row *row = &file->row->row;
    weir__difference d;
    void *over = weir__options_clone(c, row, file->options);
    if (!over) return weir_status_of(c);
    weir_status status = given ? weir__options_from_json(c, row, over, given, where) : WEIR_OK;
    if (status == WEIR_OK && weir__options_differ(row, file->options, over, &d))
        status = weir_fail(c, WEIR_ERROR_STATE,
                           "%.200s: %s=%.60s, but config.json says %.60s: expected the same", where,
                           d.key, d.a, d.b);
    weir__options_delete(c, row, over);
    return status;
}

static weir_status load_settle(weir_ctx *c, const weir__weights *w, const char *where,
                               const char *config_path, says *out)
{
    says config = { 0 };
    json_t *given = NULL;
    weir_status s = from_metadata(c, w->metadata, where, out);
    if (s == WEIR_OK) s = from_config(c, config_path, &config, &given);
    if (s == WEIR_OK && out->row && config.row) s = agree(c, out, &config, given, where);
    json_decref(given);
    if (s == WEIR_OK && !out->row && config.row) *out = config;
    else forget(c, &config);
    if (s == WEIR_OK && !out->row)
        s = weir_fail(c, WEIR_ERROR_FORMAT,
                      "%.200s: neither metadata nor config.json: expected one that names the model",
                      where);
    return s;
}

static void take_kind(weir_model *m, const json_t *metadata)
{
    const char *kind = json_string_value(json_object_get(metadata, "weights"));
    if (kind) weir__model_set_weights_kind(m, kind);
}

/* What the file has beside the row's own: a context that is standardised, names. */
static weir_status load_fill(weir_model *m, const weir__weights *w, const char *where)
{
    bool standardized = m->context > 0 && weir__weights_find(w, "data.context_mean");
    if (standardized && weir__model_add_context_standardize(m) != WEIR_OK)
        return weir_status_of(m->object.ctx);
    weir_status status = weir__model_get_names(m, w->metadata, where);
    return status == WEIR_OK ? weir__model_assign(m, w, where) : status;
}

static weir_model *load(weir_ctx *c, weir__weights *w, const char *where, const char *config_path)
{
    says what = { 0 };
    weir_model *m = weir__nil(c, WEIR__MODEL);
    if (load_settle(c, w, where, config_path, &what) == WEIR_OK)
        m = weir__model_from_options(c, what.row, what.options);
    forget(c, &what);
    if (!m->object.nil && load_fill(m, w, where) != WEIR_OK) {
        weir_model_free(m);
        m = weir__nil(c, WEIR__MODEL);
    }
    if (m->object.nil) return m;
    take_kind(m, w->metadata);
    weir_module_train(m->module, false);
    return m;
}

/* The weights and the config that belong to `path`, a folder or a file. */
static bool load_places(weir_ctx *c, const char *path, char *file, char *config)
{
    struct stat st;
    size_t used = 0, config_used = 0, folder = 0;
    bool is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (is_folder) folder = strlen(path);
    else if (strrchr(path, '/')) folder = (size_t)(strrchr(path, '/') - path);
    weir__append(file, PATH_BYTES, &used, is_folder ? "%s/model.safetensors" : "%s", path);
    if (folder > 0 || path[0] == '/')
        weir__append(config, PATH_BYTES, &config_used, "%.*s/config.json", (int)folder, path);
    else weir__append(config, PATH_BYTES, &config_used, "config.json");
    if (used < PATH_BYTES && config_used < PATH_BYTES) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "model_load: %.100s..: expected a path below %d bytes", path,
              PATH_BYTES);
    return false;
}

weir_model *weir_model_load(weir_ctx *c, const char *path)
{
    WEIR__AS_FOUND;
    char file[PATH_BYTES], config[PATH_BYTES];
    weir__weights w = { 0 };
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    if (!path) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "model_load: NULL: expected a path");
        return weir__nil(c, WEIR__MODEL);
    }
    if (!load_places(c, path, file, config) || weir__safetensors_load(c, file, &w) != WEIR_OK)
        return weir__nil(c, WEIR__MODEL);
    weir_model *m = load(c, &w, file, config);
    weir__weights_free(c, &w);
    return m;
}

weir_model *weir_model_load_from_memory(weir_ctx *c, const void *data, size_t bytes)
{
    WEIR__AS_FOUND;
    weir__weights w = { 0 };
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    if (!data) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "model_load_from_memory: NULL: expected a safetensors file");
        return weir__nil(c, WEIR__MODEL);
    }
    size_t room = bytes < SIZE_MAX ? bytes + 1 : bytes;
    weir__bytes copy = { .data = weir__alloc(c, room), .size = bytes };
    if (!copy.data) return weir__nil(c, WEIR__MODEL);
    memcpy(copy.data, data, bytes);
    copy.data[bytes] = 0;
    if (weir__safetensors_read(c, "memory", copy, &w) != WEIR_OK) {
        weir__free(c, copy.data);
        return weir__nil(c, WEIR__MODEL);
    }
    weir_model *m = load(c, &w, "memory", "");
    weir__weights_free(c, &w);
    return m;
}
