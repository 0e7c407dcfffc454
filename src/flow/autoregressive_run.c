/* autoregressive_run.c - the inverse of an autoregressive flow column by column, by a network that
 * computes every unit once (weir__by_column): as many operations as one pass from x to y. */
#include "flow/autoregressive.h"

/* Column i of a run: x_i and log dx_i/dy_i of y_i, [B], all of them lines of [dim, B]; and what the
 * network sees of x_i. */
static void run_column(const weir__autoregressive *s, weir__by_column *r, int64_t i, weir_tensor *y,
                       weir_tensor *x, weir_tensor *log_slopes)
{
    weir_scope scope = weir_scope_begin(y->object.ctx);
    r->up(r, i);
    weir_tensor *h = weir_unsqueeze(weir_transpose(weir_select(r->out, 0, i), 0, 1), 1);
    weir_tensor *y_i = weir_transpose(weir_slice(y, 0, i, i + 1, 1), 0, 1), *log_slope = NULL;
    weir_tensor *x_i = s->map->apply(s->map, y_i, h, true, &log_slope);
    weir_copy_(weir_select(x, 0, i), weir_select(x_i, 1, 0));
    if (log_slope) weir_copy_(weir_select(log_slopes, 0, i), weir_select(log_slope, 1, 0));
    weir_tensor *seen = weir_transpose(weir__map_see(s->map, x_i), 0, 1);
    weir_copy_(weir_select(r->in, 0, i), seen);
    weir_scope_end(scope);
}

static weir_tensor *run_lines(weir_tensor *x) { return weir_contiguous(weir_transpose(x, 0, 1)); }

weir_tensor *weir__autoregressive_run(const weir__autoregressive *s, weir_tensor *y,
                                      const weir_condition *k, weir_tensor **log_slopes)
{
    weir_ctx *c = y->object.ctx;
    weir_tensor *x = NULL;
    weir_scope scope = weir_scope_begin_no_grad(c);
    *log_slopes = NULL;
    weir__by_column *r = s->net->by_column(s->net, y, k);
    if (r) {
        weir_tensor *columns = run_lines(y);
        x = weir_zeros_like(columns);
        *log_slopes = weir_zeros_like(columns);
        for (int64_t i = 0; i < s->dim && weir_ok(c); i++)
            run_column(s, r, i, columns, x, *log_slopes);
        r->end(r);
        x = run_lines(x);
        *log_slopes = run_lines(*log_slopes);
    }
    weir__scope_end_keeping(scope, 2, (void *const[]){ x, *log_slopes });
    return x;
}
