/* kinds.c - the kinds whose rows programs may add: how large a row is, and what it has at least.
 * Hooks that are not named here may be NULL: whoever calls one asks first. */
#include <string.h>
#include "base/base.h"
#include "train/train.h"
#include "weir/diffusion.h"
#include "weir/metric.h"
#include "weir/model_row.h"
#include "weir/op.h"
#include "weir/optim.h"

/* Each gives what is missing, or NULL. */
static const char *kinds_model_wants(const weir_row *row)
{
    const weir_model_row *m = (const weir_model_row *)row;
    return m->create ? NULL : "create";
}

static const char *module_wants(const weir_row *row)
{
    (void)row; /* a container has no hooks at all */
    return NULL;
}

static const char *bijection_wants(const weir_row *row)
{
    const weir_module_row *m = (const weir_module_row *)row;
    return m->transform ? NULL : "transform";
}

static const char *base_wants(const weir_row *row)
{
    const weir_module_row *m = (const weir_module_row *)row;
    return m->log_prob ? NULL : "log_prob";
}

static const char *dequantizer_wants(const weir_row *row)
{
    const weir_module_row *m = (const weir_module_row *)row;
    return m->dequantize ? NULL : "dequantize";
}

static const char *network_wants(const weir_row *row)
{
    const weir_module_row *m = (const weir_module_row *)row;
    return m->at ? NULL : "at";
}

_Static_assert(WEIR_OUT_MAX == 4, "the message below says four");
static const char *op_wants(const weir_row *row)
{
    const weir_op *op = (const weir_op *)row;
    if (!op->infer) return "infer";
    if (!op->forward && !op->view) return "forward, or a view";
    if (op->view && (op->n_in == 0 || op->n_out != 1)) return "one output and an input to view";
    if (op->n_out < 1 || op->n_out > WEIR_OUT_MAX) return "one to four outputs";
    return NULL;
}

static const char *schedule_wants(const weir_row *row)
{
    const weir_schedule_row *s = (const weir_schedule_row *)row;
    return s->rate ? NULL : "rate";
}

static const char *path_wants(const weir_row *row)
{
    const weir_path_row *p = (const weir_path_row *)row;
    if (!p->at) return "at";
    if (!p->time_of) return "time_of";
    if (!p->interval) return "interval";
    return NULL;
}

static const char *prediction_wants(const weir_row *row)
{
    const weir_prediction_row *p = (const weir_prediction_row *)row;
    return p->at ? NULL : "at";
}

static const char *time_density_wants(const weir_row *row)
{
    const weir_time_density_row *t = (const weir_time_density_row *)row;
    if (!t->draw) return "draw";
    if (!t->log_density) return "log_density";
    return NULL;
}

static const char *time_grid_wants(const weir_row *row)
{
    const weir_time_grid_row *t = (const weir_time_grid_row *)row;
    return t->fill ? NULL : "fill";
}

static const char *loss_weight_wants(const weir_row *row)
{
    return ((const weir_loss_weight_row *)row)->of_x0 ? NULL : "of_x0";
}

static const char *coupling_wants(const weir_row *row)
{
    const weir_coupling_row *r = (const weir_coupling_row *)row;
    return r->pair || r->draw ? NULL : "pair or draw";
}

static const char *sampler_wants(const weir_row *row)
{
    const weir_sampler_row *s = (const weir_sampler_row *)row;
    if (!s->run) return "run";
    if (row->options_size < sizeof(weir_sampler_opts))
        return "options that begin with weir_sampler_opts";
    return NULL;
}

static const char *metric_wants(const weir_row *row)
{
    const weir_metric_row *m = (const weir_metric_row *)row;
    if (!m->measure) return "measure";
    return m->same && m->error_doc ? NULL : "same and error_doc";
}

static const weir__row_kind row_kinds[] = {
    { "model", sizeof(weir_model_row), kinds_model_wants },
    { "module", sizeof(weir_module_row), module_wants },
    { "bijection", sizeof(weir_module_row), bijection_wants },
    { "base", sizeof(weir_module_row), base_wants },
    { "dequantizer", sizeof(weir_module_row), dequantizer_wants },
    { "network", sizeof(weir_module_row), network_wants },
    { "op", sizeof(weir_op), op_wants },
    { "schedule", sizeof(weir_schedule_row), schedule_wants },
    { "path", sizeof(weir_path_row), path_wants },
    { "prediction", sizeof(weir_prediction_row), prediction_wants },
    { "time_density", sizeof(weir_time_density_row), time_density_wants },
    { "loss_weight", sizeof(weir_loss_weight_row), loss_weight_wants },
    { "coupling", sizeof(weir_coupling_row), coupling_wants },
    { "time_grid", sizeof(weir_time_grid_row), time_grid_wants },
    { "sampler", sizeof(weir_sampler_row), sampler_wants },
    { "metric", sizeof(weir_metric_row), metric_wants },
};

const weir__row_kind *weir__row_kind_of(const char *kind)
{
    for (size_t i = 0; i < sizeof row_kinds / sizeof *row_kinds; i++)
        if (strcmp(row_kinds[i].kind, kind) == 0) return &row_kinds[i];
    return NULL;
}

/* -- freeing by kind -------------------------------------------------------------------------- */
static bool kind_lends(const weir_model *m)
{
    const weir__layout *l = m->module ? m->module->layout : NULL;
    return l && l->values->lent > 0;
}

bool weir__kind_free(weir__object *o, int times)
{
    void *handle = o;
    switch ((int)o->kind) {
    case WEIR__RUN:
        if (kind_lends(((weir_run *)handle)->model)) return false;
        weir_run_free(handle);
        return true;
    case WEIR__MODEL:
        if (kind_lends(handle)) return false;
        weir_model_free(handle);
        return true;
    case WEIR__LOADER:
        weir_loader_free(handle);
        return true;
    case WEIR__OPTIM:
        weir_optim_free(handle);
        return true;
    case WEIR__EMA:
        weir_ema_free(handle);
        return true;
    case WEIR__MODULE:
        weir_module_free(handle);
        return true;
    case WEIR__DATASET:
        weir_dataset_free(handle);
        return true;
    }
    for (int i = 0; i < times; i++) weir_release(handle);
    return true;
}
