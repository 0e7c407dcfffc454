/* checkpoint.c - the state of a run in one file, committed by one rename.
 *
 * checkpoint/state.safetensors holds the raw weights, the average, the optimizer's states, the best weights, and as metadata the step,
 * the counters and the lengths of the logs. model.safetensors is made from it: written after each commit when the best has changed,
 * and again on resume, so that a kill between the two does no harm. Whatever a kill leaves is either the old state or the new. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "train/train.h"

enum { STATES = 8 };
typedef struct flat { const char *name; void *data; } flat;

/* The flat buffers that make up a state, in fixed order. */
static int flats(weir_run *r, flat *out)
{
    int n = 0;
    weir__layout *l = weir__module_layout(r->model->module);
    out[n++] = (flat){ "weights", l->values->data };
    if (r->ema) out[n++] = (flat){ "ema", weir_ema_state(r->ema, NULL, NULL) };
    for (int i = 0; i < weir_optim_state_count(r->optim); i++) {
        const char *name;
        void *data = weir_optim_state_at(r->optim, i, &name, NULL);
        out[n++] = (flat){ name, data };
    }
    if (r->best) out[n++] = (flat){ "best", r->best };
    return n;
}

static void set_text(json_t **o, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* *o becomes NULL where memory is short: a state that lacks a key must not take a good one's place. */
static void set_text(json_t **o, const char *key, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (*o && json_object_set_new(*o, key, json_string(text)) != 0) json_decref(*o), *o = NULL;
}

static json_t *metadata(weir_run *r, int64_t metrics_bytes, int64_t events_bytes)
{
    json_t *o = json_object();
    int64_t *updates = NULL;
    if (!o) return NULL;
    if (r->ema) weir_ema_state(r->ema, NULL, &updates);
    set_text(&o, "weir_checkpoint", "1");
    set_text(&o, "step", "%" PRId64, r->step);
    set_text(&o, "optim_steps", "%" PRId64, weir_optim_steps(r->optim));
    set_text(&o, "ema_updates", "%" PRId64, updates ? *updates : 0);
    set_text(&o, "best_step", "%" PRId64, r->best_step);
    set_text(&o, "best_valid", "%.17g", r->best_valid);
    set_text(&o, "last_valid", "%.17g", r->last_valid);
    set_text(&o, "loss_sum", "%.17g", r->loss_sum);
    set_text(&o, "norm_sum", "%.17g", r->norm_sum);
    set_text(&o, "loss_count", "%" PRId64, r->loss_count);
    set_text(&o, "metrics_bytes", "%" PRId64, metrics_bytes);
    set_text(&o, "events_bytes", "%" PRId64, events_bytes);
    set_text(&o, "machine", "%s", r->machine);
    set_text(&o, "seconds", "%.3f", r->seconds);
    return o;
}

weir_status weir__checkpoint_save(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    int64_t metrics_bytes, events_bytes;
    char path[4096];
    flat f[STATES];
    if (weir__journal_sync(r, &metrics_bytes, &events_bytes) != WEIR_OK) return weir_status_of(c);
    weir__layout *l = weir__module_layout(r->model->module);
    int n = flats(r, f);
    weir__weight *w = weir__alloc0_n(c, STATES, sizeof *w);
    json_t *about = w ? metadata(r, metrics_bytes, events_bytes) : NULL;
    for (int i = 0; w && i < n; i++) {
        snprintf(w[i].name, sizeof w[i].name, "%s", f[i].name);
        w[i].dtype = l->dtype, w[i].ndim = 1, w[i].shape[0] = l->numel;
        w[i].data = f[i].data, w[i].bytes = (size_t)l->numel * weir_dtype_size(l->dtype);
    }
    if (w && !about) weir_fail(c, WEIR_ERROR_MEMORY, "checkpoint: expected more free memory");
    if (weir_ok(c)) weir__safetensors_save(c, weir__run_path(r, "checkpoint/state.safetensors", path, sizeof path), w, n, about);
    json_decref(about);
    weir__free(c, w);
    if (weir_ok(c) && r->written_step != r->best_step) weir__run_write_model(r);
    return weir_status_of(c);
}

/* -- model.safetensors -------------------------------------------------------------------------------------------------------------------- */
static void exchange(weir_run *r, void *flat_values) /* parameters <-> a flat buffer */
{
    weir__layout *l = weir__module_layout(r->model->module);
    char *a = l->values->data, *b = flat_values;
    for (size_t i = 0, n = (size_t)l->numel * weir_dtype_size(l->dtype); i < n; i++) {
        char t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

weir_status weir__run_write_model(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    json_t *about = json_object();
    void *values = r->best ? r->best : r->ema ? weir_ema_state(r->ema, NULL, NULL) : NULL;
    if (!about) return weir_fail(c, WEIR_ERROR_MEMORY, "model: expected more free memory");
    set_text(&about, "step", "%" PRId64, r->best ? r->best_step : r->step);
    if (r->best && isfinite(r->best_valid)) set_text(&about, "valid_nats", "%.17g", r->best_valid);
    if (!about) return weir_fail(c, WEIR_ERROR_MEMORY, "model: expected more free memory");
    weir__model_set_weights_kind(r->model, r->best ? (r->ema ? "best ema" : "best raw") : r->ema ? "last ema" : "last raw");
    if (values) exchange(r, values);
    weir_status s = weir__model_save_with(r->model, weir__run_path(r, "model.safetensors", path, sizeof path), about);
    if (values) exchange(r, values);
    json_decref(about);
    if (s == WEIR_OK) r->written_step = r->best_step;
    return s;
}

/* -- loading ------------------------------------------------------------------------------------------------------------------------------- */
static bool get_int(const json_t *o, const char *key, int64_t *v)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text && weir__parse_int(text, v);
}

static bool get_real(const json_t *o, const char *key, double *v)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text && weir__parse_real(text, v);
}

static bool read_metadata(weir_run *r, const json_t *o, int64_t *metrics_bytes, int64_t *events_bytes)
{
    int64_t steps, updates, *at = NULL;
    if (!get_int(o, "step", &r->step) || !get_int(o, "optim_steps", &steps) || !get_int(o, "ema_updates", &updates) || !get_int(o, "best_step", &r->best_step)
        || !get_real(o, "best_valid", &r->best_valid) || !get_real(o, "last_valid", &r->last_valid) || !get_real(o, "loss_sum", &r->loss_sum)
        || !get_real(o, "norm_sum", &r->norm_sum) || !get_int(o, "loss_count", &r->loss_count) || !get_int(o, "metrics_bytes", metrics_bytes)
        || !get_int(o, "events_bytes", events_bytes) || !get_real(o, "seconds", &r->seconds) || r->step < 0 || *metrics_bytes < 0 || *events_bytes < 0)
        return false;
    const char *machine = json_string_value(json_object_get(o, "machine"));
    snprintf(r->machine, sizeof r->machine, "%s", machine ? machine : "");
    weir_optim_set_steps(r->optim, steps);
    if (r->ema) weir_ema_state(r->ema, NULL, &at), *at = updates;
    return weir_ok(r->object.ctx);
}

static bool copy_flats(weir_run *r, const weir__weights *w, const char *path)
{
    flat f[STATES];
    weir__layout *l = weir__module_layout(r->model->module);
    int n = flats(r, f);
    if (w->n != n) return weir_fail(r->object.ctx, WEIR_ERROR_FORMAT, "%s: %lld tensors: expected the %d of this run's settings", path, (long long)w->n, n), false;
    for (int i = 0; i < n; i++) {
        const weir__weight *from = weir__weights_find(w, f[i].name);
        if (!from || from->dtype != l->dtype || from->ndim != 1 || from->shape[0] != l->numel)
            return weir_fail(r->object.ctx, WEIR_ERROR_FORMAT, "%s: %s: expected %lld values of %s", path, f[i].name, (long long)l->numel, weir_dtype_name(l->dtype)), false;
    }
    for (int i = 0; i < n; i++) memcpy(f[i].data, weir__weights_find(w, f[i].name)->data, (size_t)l->numel * weir_dtype_size(l->dtype));
    weir__storage_changed(l->values, "resume");
    return true;
}

weir_status weir__checkpoint_load(weir_run *r, int64_t *metrics_bytes, int64_t *events_bytes)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    weir__weights w = { 0 };
    *metrics_bytes = *events_bytes = 0;
    FILE *f = fopen(weir__run_path(r, "checkpoint/state.safetensors", path, sizeof path), "rb");
    if (!f && errno == ENOENT) return WEIR_OK; /* killed before the first: from the start */
    if (!f) return weir_fail(c, WEIR_ERROR_IO, "%s: %s: expected a checkpoint that can be read", path, strerror(errno));
    fclose(f);
    if (weir__safetensors_load(c, path, &w) != WEIR_OK) return weir_status_of(c);
    weir__layout *l = weir__module_layout(r->model->module);
    bool best = weir__weights_find(&w, "best");
    if (best) r->best = weir__alloc_n(c, l->numel, weir_dtype_size(l->dtype));
    if (weir_ok(c) && copy_flats(r, &w, path) && !read_metadata(r, w.metadata, metrics_bytes, events_bytes))
        weir_fail(c, WEIR_ERROR_FORMAT, "%s: metadata: expected the counters that weir writes", path);
    weir__weights_free(c, &w);
    return weir_status_of(c);
}
