/* convert.c - a continuous model as one of another path and prediction, of the same distribution:
 * its network as it is, behind network.retarget. */
#include <math.h>
#include <string.h>
#include "base/value.h"
#include "models/path_model.h"
#include "weir/continuous.h"

static const char who[] = "model_convert";

static bool is_new(const char *name)
{
    static const char *const names[] = { "path",  "prediction",  "net",
                                         "label", "input_scale", "reflow" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* All that both rows know under one name, but for what changes. */
static weir_status carry(weir_ctx *c, const weir_model *m, const weir_row *row, void *to)
{
    weir_status s = WEIR_OK;
    for (const weir_option *o = row->options; s == WEIR_OK && o && o->name; o++) {
        const weir_option *same = weir__option_named(&m->row->row, o->name);
        if (!same || same->type != o->type || is_new(o->name)) continue;
        weir_choice *into = (void *)((char *)to + o->offset);
        const weir_choice *from = (const void *)((const char *)m->options + same->offset);
        if (o->type == WEIR_OPTION_ROW) {
            weir__choice_clear(c, into);
            s = weir__choice_copy(c, into, from);
        } else s = weir__option_convey(c, &m->row->row, same, m->options, row, o, to);
    }
    return s;
}

static weir_status replace(weir_ctx *c, weir_choice *to, const weir_choice *from)
{
    weir__choice_clear(c, to);
    return weir__choice_copy(c, to, from);
}

/* The network and what it was trained by: of a model that was converted already those it had at
 * first. */
static weir_status wrap(weir_ctx *c, const weir_model *m, weir__retarget_opts *to)
{
    const weir__path_opts *own = m->options;
    const weir__retarget_opts *was = own->net.options;
    bool again = own->net.row == &weir__row_retarget.row;
    const weir_choice *net = again ? &was->net : &own->net;
    const weir_choice *path = again ? &was->old.path : &own->path;
    const weir_choice *prediction = again ? &was->old.prediction : &own->prediction;
    to->old.label = again ? was->old.label : own->label;
    to->old.input_scale = again ? was->old.input_scale : own->input_scale;
    if (replace(c, &to->net, net) != WEIR_OK || replace(c, &to->old.path, path) != WEIR_OK)
        return weir_status_of(c);
    return replace(c, &to->old.prediction, prediction);
}

/* A label of sigma tells its whole range alike; where that has no ends there is but the time. */
static void choose_label(weir__path_opts *to)
{
    double lo, hi;
    const weir__retarget_opts *r = to->net.options;
    weir__retarget_range(&r->old, &lo, &hi);
    to->label = lo > 0 && hi < INFINITY ? WEIR__LABEL_LOG_SIGMA : WEIR__LABEL_TIME;
}

static weir_status convert_fill(weir_ctx *c, const weir_model *m, const weir_row *row, void *to,
                                const char *path, const char *prediction)
{
    weir__path_opts *o = to;
    const weir__path_opts *own = m->options;
    weir_status s = carry(c, m, row, to);
    if (s == WEIR_OK)
        s = path ? weir_option_set(c, row, to, "path", path) : replace(c, &o->path, &own->path);
    if (s == WEIR_OK)
        s = prediction ? weir_option_set(c, row, to, "prediction", prediction)
                       : replace(c, &o->prediction, &own->prediction);
    if (s == WEIR_OK) s = weir_option_set(c, row, to, "net", "retarget");
    if (s == WEIR_OK) s = weir_option_set(c, row, to, "input_scale", "0");
    if (s == WEIR_OK) s = wrap(c, m, o->net.options);
    if (s == WEIR_OK) choose_label(o);
    return s;
}

/* -- weights ----------------------------------------------------------------------------------- */
/* In the order of the tree, which is the same but for one name more. */
static weir_status convert_weights(weir_model *to, weir_model *from)
{
    weir_ctx *c = to->object.ctx;
    weir__state a = { 0 }, b = { 0 };
    if (weir__state_of(c, to->module, &a) == WEIR_OK
        && weir__state_of(c, from->module, &b) == WEIR_OK) {
        bool alike = a.n == b.n;
        for (int64_t i = 0; alike && i < a.n; i++) alike = a.at[i].bytes == b.at[i].bytes;
        if (alike) weir__state_copy(&a, &b, who);
        else weir_fail(c, WEIR_ERROR_STATE, "%s: weights of another shape: expected the same", who);
    }
    weir__state_free(&a);
    weir__state_free(&b);
    return weir_ok(c) ? weir__model_check_std(to) : weir_status_of(c);
}

static weir_model *convert_made(weir_model *m, const weir_model_row *row, const void *options)
{
    weir_ctx *c = m->object.ctx;
    weir_model *to = weir__model_from_options(c, row, options);
    if (to->object.nil) return to;
    memcpy(to->weights, m->weights, sizeof to->weights);
    if (m->mean) weir__model_add_standardize(to);
    if (m->context_mean) weir__model_add_context_standardize(to);
    weir__model_copy_names(to, m);
    if (weir_ok(c) && convert_weights(to, m) == WEIR_OK) {
        weir_module_train(to->module, false);
        return to;
    }
    weir_model_free(to);
    return weir__nil(c, WEIR__MODEL);
}

weir_model *weir_model_convert(weir_model *m, const char *model, const char *path,
                               const char *prediction)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_model_ctx(m);
    weir_model *nil = weir__nil(c, WEIR__MODEL);
    if (!m || !weir__model_usable(m, who) || !weir__model_field(m, who)
        || weir__path_refuses(m, who))
        return nil;
    const weir_row *row = model ? weir_row_find(c, "model", model) : &m->row->row;
    if (!row) return nil;
    if (((const weir_model_row *)row)->sample != weir__path_model_sample) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: %s: expected a continuous model", who, row->name);
        return nil;
    }
    void *options = weir__options_new(c, row);
    weir_model *to = nil;
    if (options && convert_fill(c, m, row, options, path, prediction) == WEIR_OK)
        to = convert_made(m, (const weir_model_row *)row, options);
    weir__options_delete(c, row, options);
    return to;
}
