/* loss.c - losses of two tensors of one shape, each a few ops, with PyTorch's formulas. */
#include <math.h>
#include "ops/ops.h"

static bool loss_fit(const char *name, weir_tensor *x, weir_tensor *y)
{
    weir_ctx *c = weir_ctx_of(weir_is_nil(x) ? y : x);
    if (weir_is_nil(x) || weir_is_nil(y)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil: expected two tensors", name);
        return false;
    }
    char text[256];
    size_t used = 0;
    weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x, y));
    if (!weir_dtype_is_real(x->dtype) || x->dtype != y->dtype) {
        weir_fail(c, WEIR_ERROR_DTYPE, "%s: %s: %s with %s: expected one type, f32 or f64", name,
                  text, weir_dtype_name(x->dtype), weir_dtype_name(y->dtype));
        return false;
    }
    if (weir__same_shape(x, y)) return true;
    weir_fail(c, WEIR_ERROR_SHAPE, "%s: %s: expected equal shapes", name, text);
    return false;
}

static weir_tensor *reduced(weir_tensor *loss, weir_reduction r)
{
    if (r == WEIR_REDUCE_NONE) return loss;
    return r == WEIR_REDUCE_SUM ? weir_sum(loss) : weir_mean(loss);
}

weir_tensor *weir_mse_loss(weir_tensor *x, weir_tensor *y, weir_reduction r)
{
    WEIR__AS_FOUND;
    return loss_fit("mse_loss", x, y) ? reduced(weir_square(weir_sub(x, y)), r) : weir__nil_of(x);
}

weir_tensor *weir_l1_loss(weir_tensor *x, weir_tensor *y, weir_reduction r)
{
    return loss_fit("l1_loss", x, y) ? reduced(weir_abs(weir_sub(x, y)), r) : weir__nil_of(x);
}

/* With e = d within +-delta, e (d - e/2) is d^2/2 inside and delta (|d| - delta/2) outside. */
static weir_tensor *huber(weir_tensor *x, weir_tensor *y, double delta)
{
    weir_tensor *d = weir_sub(x, y), *e = weir_clamp(d, -delta, delta);
    return weir_mul(e, weir_sub(d, weir_scale(e, 0.5)));
}

weir_tensor *weir_huber_loss(weir_tensor *x, weir_tensor *y, double delta, weir_reduction r)
{
    WEIR__AS_FOUND;
    if (!loss_fit("huber_loss", x, y)) return weir__nil_of(x);
    if (!(delta > 0)) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "huber_loss: delta %g: expected more than 0",
                  delta);
        return weir__nil_of(x);
    }
    return reduced(huber(x, y, delta), r);
}

weir_tensor *weir_smooth_l1_loss(weir_tensor *x, weir_tensor *y, double beta, weir_reduction r)
{
    WEIR__AS_FOUND;
    if (!loss_fit("smooth_l1_loss", x, y)) return weir__nil_of(x);
    if (!(beta >= 0)) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "smooth_l1_loss: beta %g: expected 0 or more",
                  beta);
        return weir__nil_of(x);
    }
    return beta == 0 ? weir_l1_loss(x, y, r) : reduced(weir_scale(huber(x, y, beta), 1 / beta), r);
}

weir_tensor *weir_bce_with_logits(weir_tensor *x, weir_tensor *y, weir_tensor *pos_weight,
                                  weir_reduction r)
{
    WEIR__AS_FOUND;
    if (!loss_fit("bce_with_logits", x, y)) return weir__nil_of(x);
    weir_tensor *below = weir_mul(weir_affine(y, -1, 1), x), *log_p = weir_logsigmoid(x);
    if (pos_weight)
        log_p = weir_mul(log_p, weir_affine(weir_mul(y, weir_affine(pos_weight, 1, -1)), 1,
                                            1)); /* 1 + (w - 1) y */
    return reduced(weir_sub(below, log_p), r);
}
