/* valid.c - validation: the mean log-density of held-out samples under the averaged weights (the
 * raw ones without an average), and keeping the weights where it is best. Without samples to
 * validate on there is no best, and the last weights are written.
 *
 * Of a larger split a fixed subset is scored, chosen by hash (weir__dataset_some): a file may be
 * sorted. A sample without a finite log-density is counted and named; the mean, and so the choice
 * of the best, is over the others. */
#include "train/train.h"

static void valid_note_failed(weir_run *r, int64_t id)
{
    if (r->failed < WEIR_FAILED_NAMED) r->failed_ids[r->failed] = id;
    r->failed++;
}

static void valid_add(weir_run *r, weir__mean *s, const weir_batch *b, const double *log_p)
{
    for (int64_t i = 0; i < b->n; i++) {
        double w = b->weights ? b->weights[i] : 1;
        if (!(w > 0)) continue; /* as if it were not there */
        weir__mean_add(s, log_p[i], w);
        if (!isfinite(log_p[i])) valid_note_failed(r, b->ids[i]);
    }
}

static weir_status valid_score(weir_run *r, weir__mean *s)
{
    weir_ctx *c = r->object.ctx;
    int64_t n = weir_dataset_rows(r->held);
    for (int64_t first = 0; first < n && weir_ok(c); first += WEIR__CHUNK_ROWS) {
        double log_p[WEIR__CHUNK_ROWS];
        weir_scope scope = weir_scope_begin_no_grad(c);
        weir_batch *b = weir_dataset_batch(r->held, first, WEIR__CHUNK_ROWS);
        weir_tensor *t = weir_model_log_prob(r->model, b, NULL, NULL);
        if (weir_copy_to_f64(t, log_p, weir_batch_size(b)) == WEIR_OK) valid_add(r, s, b, log_p);
        weir_scope_end(scope);
    }
    return weir_status_of(c);
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
    weir__mean s = { 0 };
    r->failed = 0;
    weir_ema_swap(r->ema);
    weir_module_train(net, false);
    valid_score(r, &s);
    double valid = weir__mean_value(&s);
    r->last_valid = valid;
    if (weir_ok(c) && isfinite(valid) && !(valid <= r->best_valid)) valid_keep_best(r, valid);
    weir_module_train(net, true);
    weir_ema_swap(r->ema);
    return weir_ok(c) ? weir__journal_valid(r, weir__mean_error(&s), seconds) : weir_status_of(c);
}
