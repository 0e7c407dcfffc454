/* loop.c - the loop of a run. What happens at step k (a line in the log, a validation, keeping the best) depends on k alone and never on
 * where a call began or stopped; stopping only writes a checkpoint. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <time.h>
#include "train/train.h"

weir_train_opts weir_train_defaults(void) { return (weir_train_opts){ .size = sizeof(weir_train_opts) }; }

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* -- one step and what belongs to it ----------------------------------------------------------------------------------------------------------- */
static double rate(const weir_run *r)
{
    const weir__config *k = &r->config;
    const double *lr = weir__option_value(k->optimizer.row, k->optimizer.options, "lr", WEIR_OPTION_REAL);
    int64_t step = r->step < r->horizon ? r->step : r->horizon - 1; /* past the horizon the last rate holds */
    const weir_schedule_row *schedule = (const weir_schedule_row *)k->schedule.row;
    return schedule->rate(k->schedule.options, lr ? *lr : 0, step, r->horizon);
}

static weir_status one_step(weir_run *r, weir_step_info *info)
{
    weir_ctx *c = r->object.ctx;
    weir_step_opts o = weir_step_defaults();
    o.shards = r->config.train.shards;
    o.clip = r->config.train.clip;
    weir__run_follow(r);
    weir_optim_set_lr(r->optim, rate(r));
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_loader_next(r->loader);
    if (weir_ok(c)) weir_train_step_with(r->model, r->optim, b, &o, info);
    weir_scope_end(s);
    if (!weir_ok(c)) return weir_status_of(c);
    weir_ema_update(r->ema);
    r->step++;
    r->loss_sum += info->loss;
    r->norm_sum += o.clip > 0 ? info->grad_norm : 0;
    r->loss_count++;
    return weir_status_of(c);
}

static weir_status after_step(weir_run *r, double seconds)
{
    weir_ctx *c = r->object.ctx;
    if (r->step % r->log_every == 0 || r->step == r->horizon) weir__journal_step(r, weir_optim_lr(r->optim), seconds);
    if (weir_ok(c) && (r->step % r->valid_every == 0 || r->step == r->horizon))
        weir__run_validate(r, seconds);
    return weir_status_of(c);
}

/* -- the loop ------------------------------------------------------------------------------------------------------------------------------------ */
typedef struct watch { double begin, told, loss_sum, norm; int64_t count; } watch;

static int tell(weir_run *r, const weir_train_opts *o, watch *w, int64_t stop, bool last)
{
    double t = now();
    if (!last && t - w->told < 0.1) return 0;
    r->told = (weir__told){
        .steps = stop,
        .loss = w->loss_sum / (double)w->count,
        .grad_norm = w->norm,
        .seconds = t - w->begin,
    };
    w->told = t;
    w->loss_sum = 0;
    w->count = 0;
    if (!o->on_step) return 0;
    weir_progress p = weir__run_look(r);
    return o->on_step(o->user, &p);
}

static weir_status finish(weir_run *r, double seconds, weir_status how)
{
    weir_ctx *c = r->object.ctx;
    r->seconds += seconds;
    if (weir__checkpoint_save(r) != WEIR_OK) return weir_status_of(c);
    if (r->best.n == 0 && weir__run_write_model(r) != WEIR_OK) return weir_status_of(c);
    return how;
}

static weir_status train(weir_run *r, const weir_train_opts *o, int64_t stop)
{
    weir_ctx *c = r->object.ctx;
    int64_t saved = r->step;
    watch w = { .begin = now() };
    w.told = w.begin;
    weir_status how = WEIR_OK;
    while (r->step < stop) {
        weir_step_info info;
        if (one_step(r, &info) != WEIR_OK || after_step(r, r->seconds + now() - w.begin) != WEIR_OK) return weir_status_of(c); /* the last checkpoint stands */
        w.loss_sum += info.loss, w.norm = info.grad_norm, w.count++;
        if (tell(r, o, &w, stop, r->step == stop) != 0 && r->step < stop) { /* asked to stop at the end: it has ended */
            how = WEIR_STOPPED;
            break;
        }
        if (o->minutes > 0 && now() - w.begin > 60 * o->minutes) break;
        if (r->step - saved >= r->checkpoint_every && r->step < stop) {
            if (weir__checkpoint_save(r) != WEIR_OK) return weir_status_of(c);
            saved = r->step;
        }
    }
    return finish(r, now() - w.begin, how);
}

weir_status weir_run_train(weir_run *r, const weir_train_opts *o)
{
    WEIR__AS_FOUND;
    weir_train_opts defaults = weir_train_defaults();
    weir_ctx *c = r ? weir__ctx_of(r) : NULL;
    if (!r || !weir__lives(r, "run_train") || r->object.nil)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "run_train: nil: expected a run that could be opened");
    if (!o) o = &defaults;
    if (o->size != sizeof *o || o->steps < 0 || !(o->minutes >= 0))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "run_train: options: expected those of weir_train_defaults, steps and minutes 0 or more");
    int64_t stop = o->steps > 0 ? o->steps : r->stop;
    if (r->step >= stop || !weir_ok(c) || !weir__model_unshared(r->model, "run_train"))
        return weir_status_of(c);
    weir_scope scope = weir_scope_begin(c);
    weir__seed_set(c, (uint64_t)r->config.train.seed); /* whatever else lives in the context */
    weir_status s = train(r, o, stop);
    weir_scope_end(scope);
    return s;
}
