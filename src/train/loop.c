/* loop.c - the loop of a run. What happens at step k (a line in the log, a validation, keeping the
 * best) depends on k and on where the run ends, never on where a call began or was stopped;
 * stopping only writes a checkpoint. A run ends at its horizon, and again at the last step of each
 * call that continues past it. Ranks of a group stop together: after each step, at each validation
 * and after each checkpoint they agree that all are well. */
#include <string.h>
#include "train/train.h"

void weir_train_defaults_sized(weir_train_opts *o, size_t size)
{
    const weir_train_opts whole = { .size = sizeof whole };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* -- one step and what belongs to it ----------------------------------------------------------- */
double weir__run_rate(const weir_run *r, int64_t step)
{
    const weir__config *k = &r->config;
    const double *lr = weir__option_value(k->optimizer.row, k->optimizer.options, "lr",
                                          WEIR_OPTION_REAL);
    if (step >= r->horizon) step = r->horizon - 1; /* past the horizon the last rate holds */
    const weir_schedule_row *schedule = (const weir_schedule_row *)k->schedule.row;
    return schedule->rate(k->schedule.options, lr ? *lr : 0, step, r->horizon);
}

/* Of a batch of B samples in S shards a rank reads those of its own shards, unless the model needs
 * all. */
static weir_batch *step_batch(weir_run *r, int64_t shards)
{
    weir_ctx *c = r->object.ctx;
    if (weir_ranks(c) == 1 || weir__model_wants_whole(r->model)) return weir_loader_next(r->loader);
    weir__span own = weir__tree_own(shards, weir_rank(c), weir_ranks(c));
    int64_t n = weir__loader_batch(r->loader);
    return weir__loader_next_part(r->loader, own.lo * n / shards, own.hi * n / shards);
}

/* A batch that one rank could not read is an error of the step on all. */
static weir_status one_step(weir_run *r, weir_step_info *info)
{
    weir_ctx *c = r->object.ctx;
    weir_step_opts o = weir_step_defaults();
    o.shards = r->config.train.shards;
    o.clip = r->config.train.clip;
    weir__run_follow(r);
    weir_optim_set_lr(r->optim, weir__run_rate(r, r->step));
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = step_batch(r, o.shards);
    weir_train_step_with(r->model, r->optim, b, &o, info);
    weir_scope_end(s);
    if (!weir_ok(c)) return weir_status_of(c);
    weir_ema_update(r->ema);
    r->step++;
    r->loss_sum += info->loss;
    r->norm_sum += o.clip > 0 ? info->grad_norm : 0;
    r->loss_count++;
    return weir__run_watch_loss(r, info->loss);
}

/* stop: where the call is to end */
static bool run_ends(const weir_run *r, int64_t stop)
{
    return r->step == r->horizon || (r->step == stop && stop > r->horizon);
}

static void after_step(weir_run *r, int64_t stop, double seconds)
{
    weir_ctx *c = r->object.ctx;
    bool last = run_ends(r, stop);
    if (r->step % r->log_every == 0 || last)
        weir__journal_step(r, weir_optim_lr(r->optim), seconds);
    if (r->step % r->valid_every != 0 && !last) return;
    if (weir__group_agree(c, "run_train", 0, NULL)) weir__run_validate(r, seconds);
}

/* -- the loop --------------------------------------------------------------------------------- */
typedef struct watch {
    double begin, told, loss_sum, norm;
    int64_t count;
} watch;

static int loop_tell(weir_run *r, const weir_train_opts *o, watch *w, int64_t stop, bool last)
{
    double t = weir__seconds();
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

/* Why a rank would end the call; bits, which are joined over ranks */
enum { STOP_CALLER = 1, STOP_TIME = 2 };

static int64_t stop_reason(weir_run *r, const weir_train_opts *o, watch *w, int64_t stop)
{
    bool last = r->step == stop; /* the call ends anyway */
    if (!weir_ok(r->object.ctx)) return 0;
    if (loop_tell(r, o, w, stop, last) != 0 && !last) return STOP_CALLER;
    return o->minutes > 0 && weir__seconds() - w->begin > 60 * o->minutes ? STOP_TIME : 0;
}

static weir_status loop_save(weir_run *r)
{
    weir__checkpoint_save(r);
    weir__group_agree(r->object.ctx, "run_train", 0, NULL);
    return weir_status_of(r->object.ctx);
}

static weir_status loop_finish(weir_run *r, double seconds, weir_status how)
{
    weir_ctx *c = r->object.ctx;
    r->seconds += seconds;
    if (weir__checkpoint_save(r) == WEIR_OK && r->best.n == 0) weir__run_write_model(r);
    weir__group_agree(c, "run_train", 0, NULL);
    return weir_ok(c) ? how : weir_status_of(c);
}

static weir_status loop_train(weir_run *r, const weir_train_opts *o, int64_t stop)
{
    weir_ctx *c = r->object.ctx;
    int64_t saved = r->step, reason = 0;
    watch w = { .begin = weir__seconds() };
    w.told = w.begin;
    while (r->step < stop && reason == 0) {
        weir_step_info info = { .size = sizeof info };
        if (one_step(r, &info) != WEIR_OK)
            return weir_status_of(c); /* the last checkpoint stands */
        after_step(r, stop, r->seconds + weir__seconds() - w.begin);
        w.loss_sum += info.loss;
        w.norm = info.grad_norm;
        w.count++;
        reason = stop_reason(r, o, &w, stop);
        if (!weir__group_any(c, &reason)) return weir_status_of(c);
        if (reason != 0 || r->step - saved < r->checkpoint_every || r->step >= stop) continue;
        if (loop_save(r) != WEIR_OK) return weir_status_of(c);
        saved = r->step;
    }
    return loop_finish(r, weir__seconds() - w.begin, reason & STOP_CALLER ? WEIR_STOPPED : WEIR_OK);
}

weir_status weir_run_train(weir_run *r, const weir_train_opts *o)
{
    WEIR__AS_FOUND;
    weir_train_opts own = weir_train_defaults();
    weir_ctx *c = r ? weir__ctx_of(r) : NULL;
    if (!r || !weir__lives(r, "run_train") || r->object.nil)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "run_train: nil: expected a run that could be opened");
    if (!weir__sized_read(c, "run_train: options", "them from weir_train_defaults", o, &own,
                          sizeof own))
        return weir_status_of(c);
    o = &own;
    if (o->steps < 0 || !(o->minutes >= 0))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "run_train: options: expected steps and minutes 0 or more");
    int64_t stop = o->steps > 0 ? o->steps : r->stop;
    const weir__group_word words[] = { { "step", r->step }, { "last step", stop } };
    if (weir_ok(c)) weir__model_unshared(r->model, "run_train");
    if (!weir__group_agree(c, "run_train", 2, words) || r->step >= stop) return weir_status_of(c);
    weir_scope scope = weir_scope_begin(c);
    weir__seed_set(c, (uint64_t)r->config.train.seed); /* whatever else lives in the context */
    weir_status s = loop_train(r, o, stop);
    weir_scope_end(scope);
    return s;
}
