/* weights.c - saving: parameters and buffers under their names, and metadata that says all that is
 * needed to use them. */
#include <stdlib.h>
#include <string.h>
#include "models/models.h"

void weir__model_set_weights_kind(weir_model *m, const char *kind)
{
    size_t used = 0;
    if (m && !m->object.nil) weir__append(m->weights, sizeof m->weights, &used, "%s", kind);
}

static void weights_put(json_t *o, const char *key, const char *text, bool *good)
{
    *good = *good && json_object_set_new(o, key, json_string(text)) == 0;
}

static void put_int(json_t *o, const char *key, int64_t v, bool *good)
{
    char text[32];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%lld", (long long)v);
    weights_put(o, key, text, good);
}

static void weights_put_shape(json_t *o, const weir_model *m, bool *good)
{
    char text[160];
    size_t used = 0;
    for (int i = 0; i < m->ndim; i++)
        weir__append(text, sizeof text, &used, i ? ",%lld" : "%lld", (long long)m->shape[i]);
    weights_put(o, "shape", text, good);
}

static bool weights_put_options(json_t *o, weir_model *m, bool *good)
{
    json_t *options = weir__options_to_json(m->object.ctx, &m->row->row, m->options);
    char *text = options ? weir__json_text(options, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(options);
    if (text) weights_put(o, "options", text, good);
    else *good = false;
    weir__json_text_free(text);
    return *good;
}

static const char *transform_text(const weir_model *m)
{
    if (m->mean) return m->levels > 0 ? "y = (v + u - mean) / std" : "y = (x - mean) / std";
    return m->levels > 0 ? "y = (v + u) / levels" : "y = x";
}

json_t *weir__model_metadata(weir_model *m, const json_t *extra)
{
    json_t *o = json_object();
    bool good = o != NULL;
    weights_put(o, "weir_format", "1", &good);
    weights_put(o, "weir_version", weir_version(), &good);
    weights_put(o, "model", strchr(m->row->row.name, '.') + 1, &good);
    weights_put_options(o, m, &good);
    put_int(o, "dim", m->dim, &good);
    weights_put_shape(o, m, &good);
    put_int(o, "levels", m->levels, &good);
    weights_put(o, "transform", transform_text(m), &good);
    weights_put(o, "weights", m->weights, &good);
    good = good && weir__model_put_names(m, o);
    const char *key;
    json_t *value;
    json_object_foreach (
        (json_t *)(uintptr_t)extra, key,
        value) /* not json_object_update_missing, which may drop what it has no memory for */
        good = good && (json_object_get(o, key) || json_object_set(o, key, value) == 0);
    if (good) return o;
    json_decref(o);
    weir_fail(m->object.ctx, WEIR_ERROR_MEMORY, "model_save: metadata: expected more free memory");
    return NULL;
}

/* To a file, or into `bytes` when path is NULL. */
static weir_status weights_save(weir_model *m, const char *path, const json_t *extra,
                                weir__bytes *bytes)
{
    weir_ctx *c = m->object.ctx;
    int64_t n;
    weir__weight *list = weir__module_weights(m->module, &n);
    json_t *metadata = list ? weir__model_metadata(m, extra) : NULL;
    weir_status s = weir_status_of(c);
    if (metadata)
        s = path ? weir__safetensors_save(c, path, list, n, metadata)
                 : weir__safetensors_encode(c, list, n, metadata, bytes);
    json_decref(metadata);
    weir__free(c, list);
    return s;
}

weir_status weir__model_save_with(weir_model *m, const char *path, const json_t *extra)
{
    if (!m) return WEIR_ERROR_ARGUMENT;
    if (!weir__model_usable(m, "model_save")) return weir_status_of(m->object.ctx);
    if (!path)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT, "model_save: NULL: expected a path");
    return weights_save(m, path, extra, NULL);
}

weir_status weir_model_save(weir_model *m, const char *path)
{
    WEIR__AS_FOUND;
    return weir__model_save_with(m, path, NULL);
}

weir_status weir_model_save_to_memory(weir_model *m, void **data, size_t *bytes)
{
    WEIR__AS_FOUND;
    if (data) *data = NULL;
    if (bytes) *bytes = 0;
    if (!m) return WEIR_ERROR_ARGUMENT;
    if (!weir__model_usable(m, "model_save_to_memory")) return weir_status_of(m->object.ctx);
    if (!data || !bytes)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                         "model_save_to_memory: NULL: expected where to put data and size");
    weir__bytes b = { 0 };
    weir_status s = weights_save(m, NULL, NULL, &b);
    if (s == WEIR_OK) {
        *data = b.data;
        *bytes = b.size;
    }
    return s;
}

void weir_buffer_free(weir_ctx *c, void *data)
{
    WEIR__AS_FOUND;
    if (c && c != weir__orphan()) weir__free(c, data);
}
