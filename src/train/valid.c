/* valid.c - validation: the mean log-density of held-out samples under the averaged weights (the
 * raw ones without an average), and keeping the weights where it is best. Without samples to
 * validate on there is no best, and the last weights are written.
 *
 * Of a larger split a fixed subset is scored, chosen by hash (weir__dataset_some): a file may be
 * sorted. A sample without a finite log-density is counted and named; the mean, and so the choice
 * of the best, is over the others. */
#include "train/train.h"

/* Samples of weight 0 are as if they were not there. */
static void valid_note_failed(void *user, int64_t first, int64_t n, const int64_t *ids,
                              const double *weights, const double *log_prob)
{
    weir_run *r = user;
    for (int64_t i = 0; i < n; i++) {
        if (isfinite(log_prob[i]) || (weights && weights[i] == 0)) continue;
        if (r->failed < WEIR_FAILED_NAMED) r->failed_ids[r->failed] = ids[i];
        r->failed++;
    }
}

static weir_status valid_keep_best(weir_run *r, double valid)
{
    if (r->best.n == 0 && weir__state_clone(&r->tree, &r->best) != WEIR_OK)
        return weir_status_of(r->object.ctx);
    weir__state_copy(&r->best, &r->tree, "best");
    r->best_valid = valid;
    r->best_step = r->step;
    return WEIR_OK;
}

weir_status weir__run_validate(weir_run *r, double seconds)
{
    weir_ctx *c = r->object.ctx;
    weir_module *net = weir_model_module(r->model);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_data_log_prob_info info = { .size = sizeof info };
    o.doubled = 0;
    o.on_batch = valid_note_failed;
    o.user = r;
    r->failed = 0;
    weir_ema_swap(r->ema);
    weir_module_train(net, false);
    weir_status s = weir__data_log_prob(r->model, r->held, &o, false, &info);
    r->last_valid = info.nats;
    if (s == WEIR_OK && isfinite(info.nats) && !(info.nats <= r->best_valid))
        valid_keep_best(r, info.nats);
    weir_module_train(net, true);
    weir_ema_swap(r->ema);
    return weir_ok(c) ? weir__journal_valid(r, info.nats_stderr, seconds) : weir_status_of(c);
}
