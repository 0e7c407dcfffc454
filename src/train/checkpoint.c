/* checkpoint.c - the state of a run (state.c) in one file, committed by one rename.
 *
 * checkpoint/state.safetensors holds the ranges as tensors and the counters as metadata, among them
 * the lengths of the logs. model.safetensors is made from it: written after each commit when the
 * best has changed, and again on resume, so that a kill between the two does no harm. Whatever a
 * kill leaves is either the old state or the new. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "train/train.h"

#define STATE_FILE "checkpoint/state.safetensors"

/* -- metadata --------------------------------------------------------------------------------- */
static void checkpoint_text(json_t **o, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* *o becomes NULL where memory is short: a state that lacks a key must not take a good one's place.
 */
static void checkpoint_text(json_t **o, const char *key, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    weir__vformat(text, sizeof text, format, args);
    va_end(args);
    if (!*o || json_object_set_new(*o, key, json_string(text)) == 0) return;
    json_decref(*o);
    *o = NULL;
}

static void *checkpoint_counter(weir_run *r, const weir__counter *k)
{
    return (char *)r + k->offset;
}

/* The ids of failed samples as "3,17"; nothing where none failed. */
static void checkpoint_put_failed(weir_run *r, json_t **o)
{
    char text[512] = "";
    size_t used = 0;
    for (int64_t i = 0; i < r->failed && i < WEIR_FAILED_NAMED; i++)
        weir__append(text, sizeof text, &used, i ? ",%" PRId64 : "%" PRId64, r->failed_ids[i]);
    if (text[0]) checkpoint_text(o, "failed_samples", "%s", text);
}

static json_t *checkpoint_metadata(weir_run *r)
{
    json_t *o = json_object();
    checkpoint_text(&o, "weir_checkpoint", "1");
    for (const weir__counter *k = weir__run_counters; k->name; k++) {
        if (k->kind == WEIR__COUNTER_INT)
            checkpoint_text(&o, k->name, "%" PRId64, *(int64_t *)checkpoint_counter(r, k));
        else checkpoint_text(&o, k->name, "%.17g", *(double *)checkpoint_counter(r, k));
    }
    checkpoint_put_failed(r, &o);
    checkpoint_text(&o, "machine", "%s", r->machine);
    return o;
}

static bool checkpoint_get_counter(weir_run *r, const weir__counter *k, const json_t *o)
{
    const char *text = json_string_value(json_object_get(o, k->name));
    if (!text) return k->later;
    if (k->kind == WEIR__COUNTER_INT) return weir__parse_int(text, checkpoint_counter(r, k));
    return weir__parse_real(text, checkpoint_counter(r, k));
}

static bool checkpoint_get_failed(weir_run *r, const json_t *o)
{
    const char *text = json_string_value(json_object_get(o, "failed_samples"));
    for (int64_t i = 0; i < r->failed && i < WEIR_FAILED_NAMED; i++) {
        char one[24] = "";
        size_t n = text ? strcspn(text, ",") : 0;
        if (n >= sizeof one) return false;
        memcpy(one, text ? text : "", n);
        if (!weir__parse_int(one, &r->failed_ids[i])) return false;
        text += n + (text[n] == ',');
    }
    return true;
}

static bool checkpoint_read_metadata(weir_run *r, const json_t *o)
{
    const char *machine = json_string_value(json_object_get(o, "machine"));
    for (const weir__counter *k = weir__run_counters; k->name; k++)
        if (!checkpoint_get_counter(r, k, o)) return false;
    snprintf(r->machine, sizeof r->machine, "%s", machine ? machine : "");
    return r->step >= 0 && r->metrics_bytes >= 0 && r->events_bytes >= 0
           && checkpoint_get_failed(r, o);
}

/* -- saving ----------------------------------------------------------------------------------- */
/* The list as tensors of a file; NULL: the error is set. */
static weir__weight *checkpoint_weights(weir_ctx *c, const weir__state *s, weir__divided *d)
{
    weir__weight *w = weir__alloc0_n(c, s->n, sizeof *w);
    for (int64_t i = 0; w && i < s->n; i++) {
        const weir__state_range *from = &s->at[i];
        memcpy(w[i].name, from->name, sizeof from->name);
        w[i].dtype = from->dtype;
        w[i].ndim = from->ndim;
        memcpy(w[i].shape, from->shape, sizeof from->shape);
        w[i].data = from->data;
        w[i].bytes = from->bytes;
        if (from->divided) w[i].pull = weir__divided_pull;
        w[i].user = d;
    }
    return w;
}

static weir_status checkpoint_write(weir_run *r, const weir__state *s, weir__divided *d)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    weir__weight *w = checkpoint_weights(c, s, d);
    json_t *about = w ? checkpoint_metadata(r) : NULL;
    if (w && !about) weir_fail(c, WEIR_ERROR_MEMORY, "checkpoint: expected more free memory");
    if (about)
        weir__safetensors_save(c, weir__run_path(r, STATE_FILE, path, sizeof path), w, s->n, about);
    json_decref(about);
    weir__free(c, w);
    return weir_status_of(c);
}

/* Where it fails the others' parts are taken all the same. */
static void checkpoint_save(weir_run *r, const weir__state *s)
{
    weir__divided d = { .run = r, .state = s };
    if (weir__journal_sync(r) == WEIR_OK) checkpoint_write(r, s, &d);
    weir__divided_rest(&d);
}

weir_status weir__checkpoint_save(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    weir__state s;
    bool speaks = weir__run_speaks(r);
    if (!speaks && !weir__run_divides(r)) return weir_status_of(c);
    if (weir__run_state(r, &s) != WEIR_OK) {
        if (weir__run_divides(r)) weir__group_fail(c); /* another waits for this one's parts */
        return weir_status_of(c);
    }
    if (speaks) checkpoint_save(r, &s);
    else weir__divided_send(r, &s);
    weir__state_free(&s);
    if (!speaks) return weir_status_of(c);
    if (weir_ok(c) && r->written_step != r->best_step) weir__run_write_model(r);
    return weir_status_of(c);
}

/* -- model.safetensors ------------------------------------------------------------------------ */
static const char *checkpoint_kind(const weir_run *r)
{
    if (r->best.n > 0) return r->ema ? "best ema" : "best raw";
    return r->ema ? "last ema" : "last raw";
}

weir_status weir__run_write_model(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    bool best = r->best.n > 0;
    const weir__state *values = best ? &r->best : weir__ema_held(r->ema);
    if (!weir__run_speaks(r)) return weir_status_of(c);
    json_t *about = json_object();
    checkpoint_text(&about, "step", "%" PRId64, best ? r->best_step : r->step);
    if (best && isfinite(r->best_valid))
        checkpoint_text(&about, "valid_nats", "%.17g", r->best_valid);
    if (!about) return weir_fail(c, WEIR_ERROR_MEMORY, "model: expected more free memory");
    weir__model_set_weights_kind(r->model, checkpoint_kind(r));
    if (values) weir__state_exchange(&r->tree, values, "save");
    weir_status s = weir__model_save_with(
        r->model, weir__run_path(r, "model.safetensors", path, sizeof path), about);
    if (values) weir__state_exchange(&r->tree, values, "save");
    json_decref(about);
    if (s == WEIR_OK) r->written_step = r->best_step;
    return s;
}

/* -- loading ---------------------------------------------------------------------------------- */
static bool checkpoint_same_shape(const weir__state_range *r, const weir__weight *w)
{
    return w->ndim == r->ndim
           && memcmp(w->shape, r->shape, (size_t)r->ndim * sizeof *r->shape) == 0;
}

static bool checkpoint_fits(const weir__state_range *r, const weir__weight *w)
{
    return w->dtype == r->dtype && checkpoint_same_shape(r, w);
}

static weir_status checkpoint_misfit(weir_ctx *c, const weir__state_range *r, const char *path)
{
    char shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, r->ndim, r->shape);
    return weir_fail(c, WEIR_ERROR_FORMAT, "%s: %s: expected %s values of %s", path, r->name, shape,
                     weir_dtype_name(r->dtype));
}

static bool checkpoint_is_buffer(const weir__state_range *r)
{
    return strstr(r->name, WEIR__STATE_BUFFER) != NULL;
}

/* Every range has a tensor and every tensor a range; or none of the buffers has one, in a file of
 * before they were kept. */
static weir_status checkpoint_check(weir_ctx *c, const weir__state *s, const weir__weights *w,
                                    const char *path, bool *bare)
{
    int64_t buffers = 0;
    for (int64_t i = 0; i < s->n; i++) buffers += checkpoint_is_buffer(&s->at[i]);
    *bare = buffers > 0 && w->n == s->n - buffers;
    if (w->n != s->n && !*bare)
        return weir_fail(c, WEIR_ERROR_FORMAT,
                         "%s: %lld tensors: expected the %lld of this run's settings", path,
                         (long long)w->n, (long long)s->n);
    for (int64_t i = 0; i < s->n; i++) {
        const weir__weight *from = weir__weights_find(w, s->at[i].name);
        if (*bare && checkpoint_is_buffer(&s->at[i])) continue;
        if (!from || !checkpoint_fits(&s->at[i], from))
            return checkpoint_misfit(c, &s->at[i], path);
    }
    return WEIR_OK;
}

static void checkpoint_copy(const weir__state *s, const weir__weights *w)
{
    for (int64_t i = 0; i < s->n; i++) {
        const weir__weight *from = weir__weights_find(w, s->at[i].name);
        if (!from) continue;
        memcpy(s->at[i].data, from->data, s->at[i].bytes);
        if (s->at[i].storage) weir__storage_changed(s->at[i].storage, "resume");
    }
}

/* Of the type that the buffer has, or of another width: means and deviations of data were f32. */
static void checkpoint_convert(const weir__state_range *to, const weir__weight *from)
{
    size_t wide = weir_dtype_size(to->dtype), narrow = weir_dtype_size(from->dtype);
    bool real = weir_dtype_is_real(to->dtype) && weir_dtype_is_real(from->dtype);
    if (!checkpoint_same_shape(to, from) || !(real || to->dtype == from->dtype)) return;
    for (size_t i = 0; i < to->bytes / wide; i++) {
        uint64_t element = 0;
        memcpy(&element, (const char *)from->data + i * narrow, narrow);
        weir__convert(to->dtype, (char *)to->data + i * wide, from->dtype, &element, 1);
    }
    weir__storage_changed(to->storage, "resume");
}

/* The buffers of model.safetensors, as far as it has them; false: it cannot be read. */
static bool checkpoint_model_buffers(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    weir__weights w = { 0 };
    if (weir__safetensors_load(c, weir__run_path(r, "model.safetensors", path, sizeof path), &w)
        != WEIR_OK) {
        if (weir_status_of(c) != WEIR_ERROR_MEMORY) weir_clear(c);
        return false;
    }
    for (int64_t i = 1; i < r->tree.n; i++) {
        const weir__state_range *to = &r->tree.at[i];
        const weir__weight *from = weir__weights_find(&w, to->name + strlen(WEIR__STATE_BUFFER));
        if (from) checkpoint_convert(to, from);
    }
    weir__weights_free(c, &w);
    return true;
}

/* A checkpoint of before buffers were kept: the nearest there is are those beside it; the average
 * and the best weights get the same. */
static void checkpoint_find_buffers(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    const weir__state *average = weir__ema_held(r->ema);
    bool found = checkpoint_model_buffers(r);
    if (!weir_ok(c)) return;
    weir__log(c, "%s: the checkpoint is of a version that kept no buffers: %s", r->folder,
              found ? "they are taken from model.safetensors"
                    : "they start anew, for there is no model.safetensors that can be read");
    if (average) weir__state_copy_buffers(average, &r->tree, "resume");
    if (r->best.n > 0) weir__state_copy_buffers(&r->best, &r->tree, "resume");
}

static void checkpoint_load(weir_run *r, const weir__weights *w, const char *path)
{
    weir_ctx *c = r->object.ctx;
    weir__state s;
    bool bare;
    if (weir__weights_find(w, "best") && weir__state_clone(&r->tree, &r->best) != WEIR_OK) return;
    if (weir__run_state(r, &s) != WEIR_OK) return;
    if (checkpoint_check(c, &s, w, path, &bare) == WEIR_OK) {
        checkpoint_copy(&s, w);
        if (bare) checkpoint_find_buffers(r);
        weir__model_check_std(r->model);
    }
    weir__state_free(&s);
}

weir_status weir__checkpoint_load(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    weir__weights w = { 0 };
    FILE *f = fopen(weir__run_path(r, STATE_FILE, path, sizeof path), "rb");
    if (!f && errno == ENOENT) return WEIR_OK; /* killed before the first: from the start */
    if (!f)
        return weir_fail(c, WEIR_ERROR_IO, "%s: %s: expected a checkpoint that can be read", path,
                         weir__error_text(errno));
    fclose(f);
    if (weir__safetensors_load(c, path, &w) != WEIR_OK) return weir_status_of(c);
    checkpoint_load(r, &w, path);
    if (weir_ok(c) && !checkpoint_read_metadata(r, w.metadata))
        weir_fail(c, WEIR_ERROR_FORMAT, "%s: metadata: expected the counters that weir writes",
                  path);
    weir__weights_free(c, &w);
    return weir_status_of(c);
}
