/* state_dict.c - a module tree's parameters and buffers to safetensors and back, under PyTorch's
 * names. */
#include <string.h>
#include "models/models.h"

weir__weight *weir__module_weights(weir_module *m, int64_t *n)
{
    weir_ctx *c = m->object.ctx;
    *n = weir_module_state_count(m);
    weir__weight *list = weir_ok(c) ? weir__alloc0_n(c, *n, sizeof *list) : NULL;
    for (int64_t i = 0; list && i < *n; i++) {
        const char *name;
        weir_tensor *t = weir_module_state_at(m, i, &name, NULL);
        weir__weight *w = &list[i];
        size_t used = 0;
        weir__append(w->name, sizeof w->name, &used, "%s", name);
        if (used >= sizeof w->name)
            weir_fail(c, WEIR_ERROR_NAME, "save: %.80s: expected a name of at most 255 bytes",
                      name);
        w->dtype = t->dtype;
        w->ndim = t->ndim;
        memcpy(w->shape, t->shape, sizeof w->shape);
        w->data = weir__ptr(t);
        w->bytes = (size_t)t->numel * weir_dtype_size(t->dtype);
    }
    if (weir_ok(c)) return list;
    weir__free(c, list);
    return NULL;
}

/* To a file, or into `bytes` when path is NULL. */
static weir_status state_dict_save(weir_module *m, const char *path, weir__bytes *bytes)
{
    weir_ctx *c = m->object.ctx;
    int64_t n;
    weir__weight *list = weir__module_weights(m, &n);
    json_t *metadata = list ? json_pack("{s:s}", "format", "pt")
                            : NULL; /* as PyTorch's own writer says */
    if (list && !metadata)
        weir_fail(c, WEIR_ERROR_MEMORY, "module_save: expected more free memory");
    weir_status s = weir_status_of(c);
    if (metadata)
        s = path ? weir__safetensors_save(c, path, list, n, metadata)
                 : weir__safetensors_encode(c, list, n, metadata, bytes);
    json_decref(metadata);
    weir__free(c, list);
    return s;
}

weir_status weir_module_save(weir_module *m, const char *path)
{
    WEIR__AS_FOUND;
    if (!weir__module_usable(m, "module_save"))
        return m ? weir_status_of(m->object.ctx) : WEIR_ERROR_ARGUMENT;
    if (!path)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT, "module_save: NULL: expected a path");
    return state_dict_save(m, path, NULL);
}

weir_status weir_module_save_to_memory(weir_module *m, void **data, size_t *bytes)
{
    WEIR__AS_FOUND;
    if (data) *data = NULL;
    if (bytes) *bytes = 0;
    if (!weir__module_usable(m, "module_save_to_memory"))
        return m ? weir_status_of(m->object.ctx) : WEIR_ERROR_ARGUMENT;
    if (!data || !bytes)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                         "module_save_to_memory: NULL: expected where to put data and size");
    weir__bytes b = { 0 };
    weir_status s = state_dict_save(m, NULL, &b);
    if (s == WEIR_OK) {
        *data = b.data;
        *bytes = b.size;
    }
    return s;
}

static weir_status assign(weir_module *m, weir__weights *w, const char *where, bool strict,
                          weir_load_info *info)
{
    weir_ctx *c = m->object.ctx;
    weir_load_info told = { 0 };
    weir__assign_opts o = { .where = where,
                            .what = m->row->row.name,
                            .kind = "module",
                            .partial = !strict,
                            .info = &told };
    bool known = weir__sized_read(c, "module_load: info", "its sizeof", info, &told, sizeof told);
    weir_status s = known ? weir__module_assign(m, w, &o) : weir_status_of(c);
    if (known) weir__sized_write(info, &told, sizeof told);
    weir__weights_free(c, w);
    return s;
}

weir_status weir_module_load(weir_module *m, const char *path, bool strict, weir_load_info *info)
{
    WEIR__AS_FOUND;
    weir__weights w;
    if (!weir__module_usable(m, "module_load"))
        return m ? weir_status_of(m->object.ctx) : WEIR_ERROR_ARGUMENT;
    if (!path)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT, "module_load: NULL: expected a path");
    weir_status s = weir__safetensors_load(m->object.ctx, path, &w);
    return s == WEIR_OK ? assign(m, &w, path, strict, info) : s;
}

weir_status weir_module_load_from_memory(weir_module *m, const void *data, size_t bytes,
                                         bool strict, weir_load_info *info)
{
    WEIR__AS_FOUND;
    weir__weights w;
    if (!weir__module_usable(m, "module_load_from_memory"))
        return m ? weir_status_of(m->object.ctx) : WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!data)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "module_load_from_memory: NULL: expected the bytes of a safetensors file");
    size_t room = bytes < SIZE_MAX ? bytes + 1 : bytes;
    weir__bytes copy = { .data = weir__alloc(c, room), .size = bytes };
    if (!copy.data) return weir_status_of(c);
    memcpy(copy.data, data, bytes);
    copy.data[bytes] = 0;
    weir_status s = weir__safetensors_read(c, "memory", copy, &w);
    if (s != WEIR_OK) {
        weir__free(c, copy.data);
        return s;
    }
    return assign(m, &w, "memory", strict, info);
}
