/* look.c - what a run says of itself, and log-likelihoods in other units. */
#include "train/train.h"

static bool look_at(const weir_run *r) { return r && !r->object.nil; }

const char *weir_run_folder(const weir_run *r) { return look_at(r) ? r->folder : ""; }
int64_t weir_run_step(const weir_run *r) { return look_at(r) ? r->step : 0; }
int64_t weir_run_horizon(const weir_run *r) { return look_at(r) ? r->horizon : 0; }
int64_t weir_run_stop(const weir_run *r) { return look_at(r) ? r->stop : 0; }
int64_t weir_run_dim(const weir_run *r) { return look_at(r) ? r->model->dim : 0; }
int64_t weir_run_levels(const weir_run *r) { return look_at(r) ? r->model->levels : 0; }
int64_t weir_run_best_step(const weir_run *r) { return look_at(r) ? r->best_step : -1; }
double weir_run_best(const weir_run *r)
{
    WEIR__AS_FOUND;
    return look_at(r) ? r->best_valid : NAN;
}

int64_t weir_run_epoch(const weir_run *r)
{
    return look_at(r) ? weir_loader_steps_per_epoch(r->loader) : 0;
}

weir_status weir_run_progress(const weir_run *r, weir_progress *p)
{
    weir_ctx *c = r ? r->object.ctx : NULL;
    if (!look_at(r))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "run_progress: nil: expected a run that could be opened");
    if (!p) return weir_fail(c, WEIR_ERROR_ARGUMENT, "run_progress: NULL: expected room");
    weir_progress now = { 0 };
    if (!weir__sized_read(c, "run_progress: progress", "its sizeof", p, &now, sizeof now))
        return weir_status_of(c);
    now = weir__run_look(r);
    weir__sized_write(p, &now, sizeof now);
    return WEIR_OK;
}

weir_progress weir__run_look(const weir_run *r)
{
    return (weir_progress){
        .size = sizeof(weir_progress),
        .step = r->step,
        .steps = r->told.steps > 0 ? r->told.steps : r->stop,
        .loss = r->told.loss,
        .valid = r->last_valid,
        .best = r->best_valid,
        .seconds = r->told.seconds,
        .lr = weir_optim_lr(r->optim),
        .grad_norm = r->told.grad_norm,
        .dim = r->model->dim,
        .levels = r->model->levels,
        .failed = r->failed,
        .failed_ids = r->failed_ids,
    };
}

/* -- units ------------------------------------------------------------------------------------- */
double weir_bits_per_dim(double nats, int64_t dim, int64_t levels)
{
    WEIR__AS_FOUND;
    return levels > 0 && dim > 0 ? -nats / ((double)dim * log(2)) : NAN;
}

double weir_nats_unit_range(double nats, int64_t dim, int64_t levels)
{
    WEIR__AS_FOUND;
    return levels > 0 && dim > 0 ? nats + (double)dim * log((double)levels) : NAN;
}
