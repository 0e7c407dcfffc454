/* bijection.c - applying a bijection either way. */
#include "flow/flow.h"

weir_tensor *weir__log_det_zero(weir_tensor *x)
{
    return weir_zeros(x->object.ctx, weir_dtype_is_real(x->dtype) ? x->dtype : WEIR_F32,
                      x->ndim ? 1 : 0, x->shape);
}

bool weir__is_rows(weir_module *m, weir_tensor *x, int64_t dim, weir_dtype t)
{
    if (x->ndim == 2 && x->shape[1] == dim && x->dtype == t) return true;
    char expected[64];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "%s [B, %lld]", weir_dtype_name(t),
                 (long long)dim);
    weir__module_misfit(m, x, expected);
    return false;
}

typedef weir_tensor *map(weir_module *m, weir_tensor *x, const weir_condition *k,
                         weir_tensor **log_det);

void weir__bijection_watch_set(weir_ctx *c, const weir__bijection_watch *watch)
{
    if (c != weir__orphan()) c->modes.watch = watch;
}

/* What the watch does itself is not watched. */
static void bijection_show(weir_ctx *c, weir_module *b, weir_tensor *x, const weir_condition *k,
                           weir_tensor *y, weir_tensor *log_det)
{
    const weir__bijection_watch *watch = c->modes.watch;
    if (!watch || !weir_ok(c) || !y || !log_det || weir_is_nil(y) || weir_is_nil(log_det)) return;
    c->modes.watch = NULL;
    watch->saw(watch->user, b, x, k, y, log_det);
    c->modes.watch = watch;
}

static weir_tensor *bijection_run(weir_module *b, weir_tensor *x, const weir_condition *k,
                                  weir_tensor **log_det, bool inverse)
{
    weir__call_mark mark;
    weir_tensor *unused;
    if (!log_det) log_det = &unused;
    *log_det = weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(b), WEIR__TENSOR);
    weir_tensor *y = *log_det;
    const char *who = inverse ? "bijection_inverse" : "bijection_forward";
    if (x && !weir__meets(weir_ctx_of(x), k, who, "a condition")) return y;
    if (!weir__forward_begin(b, x, who, &mark)) return y;
    if (!inverse) weir__module_first(b, x, k);
    map *f = inverse ? b->row->inverse : b->row->transform;
    if (f) y = f(b, x, k, log_det);
    else
        weir_fail(mark.ctx, WEIR_ERROR_UNSUPPORTED, "%s: %s: expected a bijection",
                  mark.ctx->modes.label, b->row->row.name);
    if (!inverse) bijection_show(mark.ctx, b, x, k, y, *log_det);
    return weir__forward_end(mark, y, log_det);
}

weir_tensor *weir_bijection_forward(weir_module *b, weir_tensor *x, const weir_condition *k,
                                    weir_tensor **log_det)
{
    WEIR__AS_FOUND;
    return bijection_run(b, x, k, log_det, false);
}

weir_tensor *weir_bijection_inverse(weir_module *b, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    WEIR__AS_FOUND;
    return bijection_run(b, y, k, log_det, true);
}
