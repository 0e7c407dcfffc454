/* pad.c - places added before and after along axes (or cut off, where negative), filled with a
 * number. The adjoint of padding with 0 is padding by the opposite numbers. */
#include <string.h>
#include "ops/ops.h"

typedef struct margins {
    weir__margins places;
    double value;
} margins;

static bool pad_infer(weir_call *k)
{
    const margins *m = k->attr;
    weir_spec *s = &k->spec[0];
    *s = weir__spec_of(k->in[0]);
    for (int i = 0; i < s->ndim; i++) {
        s->shape[i] += m->places.before[i] + m->places.after[i];
        if (s->shape[i] < 0)
            return weir_call_fail(
                k, WEIR_ERROR_SHAPE,
                "%lld and %lld to axis %d: expected to cut off no more than there is",
                (long long)m->places.before[i], (long long)m->places.after[i], i);
    }
    return true;
}

/* Places first .. last-1 along an axis of y, all along the others */
static void fill_slab(weir_call *k, int axis, int64_t first, int64_t last, void *one)
{
    weir_tensor *y = k->out[0];
    int64_t size = (int64_t)weir_dtype_size(y->dtype), extent = y->shape[axis];
    if (first < 0) first = 0;
    if (last > extent) last = extent;
    if (first >= last) return;
    weir__loop l = weir__loop_of(y, 1, WEIR__IN(y));
    l.shape[axis] = last - first;
    l.x[0].data = (char *)l.x[0].data + first * y->strides[axis] * size;
    l.x[1] = (weir__operand){ .data = one };
    weir__loop_copy(k->ctx->kern, (size_t)size, &l, k->ctx->threads);
}

static void pad_fill(weir_call *k, const margins *m)
{
    weir_tensor *y = k->out[0];
    double one[1];
    weir__convert(y->dtype, one, WEIR_F64, &m->value, 1);
    for (int i = 0; i < y->ndim; i++) {
        fill_slab(k, i, 0, m->places.before[i], one);
        fill_slab(k, i, y->shape[i] - m->places.after[i], y->shape[i], one);
    }
}

/* What x and y share: everything of x but what is cut off. */
static void pad_forward(weir_call *k)
{
    const margins *m = k->attr;
    weir_tensor *x = k->in[0], *y = k->out[0];
    weir__loop l = { .ndim = y->ndim };
    int64_t to = 0, from = 0;
    pad_fill(k, m);
    for (int i = 0; i < y->ndim; i++) {
        int64_t cut = m->places.before[i] < 0 ? -m->places.before[i] : 0;
        int64_t first = m->places.before[i] > 0 ? m->places.before[i] : 0;
        int64_t n = x->shape[i] - cut + (m->places.after[i] < 0 ? m->places.after[i] : 0);
        l.shape[i] = n > 0 ? n : 0;
        to += first * y->strides[i];
        from += cut * x->strides[i];
    }
    memcpy(l.x[0].stride, y->strides, sizeof y->strides);
    memcpy(l.x[1].stride, x->strides, sizeof x->strides);
    l.x[0].data = (char *)weir__ptr(y) + to * (int64_t)weir_dtype_size(y->dtype);
    l.x[1].data = (char *)weir__ptr(x) + from * (int64_t)weir_dtype_size(x->dtype);
    weir__loop_copy(k->ctx->kern, weir_dtype_size(y->dtype), &l, k->ctx->threads);
}

static void pad_backward(weir_vjp *v)
{
    margins m = *(const margins *)v->attr;
    for (int i = 0; i < WEIR_RANK_MAX; i++) {
        m.places.before[i] = -m.places.before[i];
        m.places.after[i] = -m.places.after[i];
    }
    m.value = 0;
    weir_vjp_set(v, 0, weir__apply1(v->op, v->gout[0], &m));
}

static weir_tensor *pad_call_last(weir_tensor **x)
{
    return weir_pad(x[0], 1, (const int64_t[]){ 1, 2 }, 0.5);
}
static weir_tensor *pad_call_two(weir_tensor **x)
{
    return weir_pad(x[0], 2, (const int64_t[]){ 1, 0, 2, -1 }, 0);
}
static weir_tensor *pad_call_cut(weir_tensor **x)
{
    return weir_pad(x[0], 1, (const int64_t[]){ -3, 2 }, -1);
}
static weir_tensor *pad_call_none(weir_tensor **x) { return weir_pad(x[0], 0, NULL, 0); }
static const weir_op_case cases[] = {
    { "3,4", pad_call_last }, { "3,4", pad_call_two }, { "2,3,4", pad_call_two },
    { "5", pad_call_cut },    { "2", pad_call_cut },   { "0,2", pad_call_last },
    { "2,0", pad_call_last }, { ".", pad_call_none },  { NULL, NULL }
};
const weir_op weir__op_pad = { .row = WEIR_OP_ROW("op.pad",
                                                  "places added around x and filled with a number"),
                               .n_in = 1,
                               .n_out = 1,
                               .attr_size = sizeof(margins),
                               .infer = pad_infer,
                               .forward = pad_forward,
                               .backward = pad_backward,
                               .cases = cases,
                               .order = WEIR_ORDER_KEEP };

/* -- calls ------------------------------------------------------------------------------------- */
bool weir__read_margins(weir_tensor *x, const char *name, int n_axes, const int64_t *pads,
                        weir__margins *m)
{
    if (weir_is_nil(x)) return false;
    weir_ctx *c = x->object.ctx;
    if (!weir__has_list(x, name, n_axes, pads)) return false;
    if (n_axes > x->ndim) {
        weir_fail(
            c, WEIR_ERROR_SHAPE,
            "%s: %d axes of a tensor of rank %d: expected a pair for each of its last axes at most",
            name, n_axes, x->ndim);
        return false;
    }
    for (int i = 0; i < n_axes; i++) {
        int64_t before = pads[2 * i], after = pads[2 * i + 1], most = (int64_t)1 << 46;
        if (before < -most || before > most || after < -most || after > most) {
            weir_fail(c, WEIR_ERROR_RANGE, "%s: %lld and %lld: expected less than 2^46", name,
                      (long long)before, (long long)after);
            return false;
        }
        m->before[x->ndim - 1 - i] = before;
        m->after[x->ndim - 1 - i] = after;
    }
    return true;
}

weir_tensor *weir_pad(weir_tensor *x, int n_axes, const int64_t *pads, double value)
{
    margins m = { .value = value };
    return weir__read_margins(x, "pad", n_axes, pads, &m.places)
               ? weir__apply1(&weir__op_pad, x, &m)
               : weir__nil_of(x);
}
