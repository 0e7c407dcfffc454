/* diverge.c - a run whose loss diverges stops with an error: training on would give no model of the
 * data.
 *
 * One batch alone may be bad, by a value far from all others; so several steps in a row decide. A
 * loss that is not finite ends a step by itself (weir_train_step). */
#include "train/train.h"

enum {
    DIVERGE_STEPS = 10,
    DIVERGE_TIMES = 1000, /* as large as the first loss, or as 1 */
};

weir_status weir__run_watch_loss(weir_run *r, double loss)
{
    if (r->step == 1) r->loss_first = loss;
    bool high = loss > DIVERGE_TIMES * fmax(1, fabs(r->loss_first)); /* fmax of NaN and 1: 1 */
    r->loss_high = high && isfinite(r->loss_first) ? r->loss_high + 1 : 0;
    if (r->loss_high < DIVERGE_STEPS) return WEIR_OK;
    return weir_fail(r->object.ctx, WEIR_ERROR_VALUE,
                     "%.300s: step %lld: loss %.4g, which was %.4g at the first step: it diverges: "
                     "expected a smaller optimizer.lr (%g), or train.clip=1",
                     r->folder, (long long)r->step, loss, r->loss_first, weir_optim_lr(r->optim));
}
