/* apply.c - the one way an op is run: check, shapes, memory, forward, record. Every failure of
 * every op passes here. */
#include <stdarg.h>
#include <string.h>
#include "grad/grad.h"
#include "kern/kern.h"

bool weir_call_fail(weir_call *k, weir_status status, const char *format, ...)
{
    if (!k) return false;
    if (!format) format = "expected other inputs";
    char text[512];
    size_t used = 0;
    const char *dot = strchr(k->op->row.name, '.');
    weir__append(text, sizeof text, &used, "%s: ", dot ? dot + 1 : k->op->row.name);
    weir__append_shapes(text, sizeof text, &used, k->n_in < 8 ? k->n_in : 8, k->in);
    char why[256];
    va_list args;
    va_start(args, format);
    weir__vformat(why, sizeof why, format, args);
    va_end(args);
    weir_fail(k->ctx, status, "%s: %s", text, why);
    return false;
}

bool weir_infer_same(weir_call *k)
{
    if (!k) return false;
    const weir_tensor *x = k->in[0];
    if (!weir_dtype_is_real(x->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64",
                              weir_dtype_name(x->dtype));
    k->spec[0] = weir__spec_of(x);
    return true;
}

bool weir_infer_broadcast(weir_call *k)
{
    if (!k) return false;
    weir_spec *s = &k->spec[0];
    *s = weir__spec_of(k->in[0]);
    for (int i = 0; i < k->n_in; i++) {
        const weir_tensor *x = k->in[i];
        if (!weir_dtype_is_real(x->dtype))
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64",
                                  weir_dtype_name(x->dtype));
        if (x->dtype != s->dtype)
            return weir_call_fail(k, WEIR_ERROR_DTYPE,
                                  "%s with %s: expected one type (weir_cast converts)",
                                  weir_dtype_name(s->dtype), weir_dtype_name(x->dtype));
        if (i > 0 && !weir__broadcast(&s->ndim, s->shape, x->ndim, x->shape))
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "expected extents that are equal or 1, from the last axis on");
    }
    return true;
}

/* What is wrong with an input that is no tensor: NULL, or used after its scope, whose context
 * then has the error. */
static weir_ctx *apply_missing(const weir_op *op, weir_ctx *c, const weir_tensor *x)
{
    bool used_late = x && x->object.alive != WEIR__ALIVE;
    if (used_late) weir__gone(x, op->row.name);
    if (!c) return weir_ctx_of(x);
    if (used_late)
        weir_fail(c, WEIR_ERROR_STATE,
                  "%s: a tensor whose scope has ended: expected one of a scope still open",
                  op->row.name);
    else weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a tensor", op->row.name);
    return c;
}

weir_ctx *weir__context_of(const weir_op *op, int n_in, weir_tensor *const *in, weir_ctx **fail)
{
    weir_ctx *c = NULL;
    *fail = weir__orphan();
    int missing = -1;
    for (int i = 0; i < n_in; i++) {
        if (!in[i] || in[i]->object.alive != WEIR__ALIVE || !in[i]->object.ctx) {
            missing = i;
            continue;
        }
        weir_ctx *x = in[i]->object.ctx;
        if (x == c) continue;
        weir_ctx *young = c ? weir__younger(c, x) : x;
        if (!young) {
            weir_fail(c, WEIR_ERROR_ARGUMENT,
                      "%s: inputs of two contexts: expected one context, or one below the other",
                      op->row.name);
            *fail = c;
            return NULL;
        }
        c = young;
    }
    if (missing < 0) return c;
    *fail = apply_missing(op, c, in[missing]);
    return NULL;
}

static bool apply_usable(weir_ctx *c, const weir_op *op, int n_in, weir_tensor *const *in)
{
    if (c->status != WEIR_OK) return false;
    if (weir__region_refuses(c, op->row.name, n_in > 0 ? WEIR__REGION_OP : WEIR__REGION_MAKE))
        return false;
    for (int i = 0; i < n_in; i++)
        if (in[i]->object.nil) {
            weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil of an earlier failure: expected a tensor",
                      op->row.name);
            return false;
        } else if (!weir__laid_out(c, in[i], op->row.name)) {
            return false;
        }
    return true;
}

/* Whether x is broadcast along no axis: then it has the result's shape, or is joined to it. */
static bool full(const weir_tensor *x, const weir_spec *s)
{
    for (int i = 0; i < 4; i++)
        if (x->shape[i] != s->shape[i] && x->shape[i] == 1) return false;
    return true;
}

/* Whether a result lies channels-last: where the row says so, or an input that is not broadcast
 * does (weir/tensor.h has the rules). */
static bool channels_last(const weir_call *k, const weir_spec *s)
{
    if (s->ndim != 4 || k->op->order == WEIR_ORDER_DENSE) return false;
    if (k->op->order == WEIR_ORDER_CHANNELS_LAST) return true;
    for (int i = 0; i < k->n_in; i++)
        if (!k->in[i]->contiguous && weir_is_channels_last(k->in[i]) && full(k->in[i], s))
            return true;
    return false;
}

static bool right_count(weir_ctx *c, const weir_op *op, int n)
{
    int least = op->n_in < 0 ? -op->n_in : op->n_in;
    int most = op->n_in;
    if (most < 0) most = op->most_in > 0 ? op->most_in : INT32_MAX;
    if (n >= least && n <= most) return true;
    if (least == most) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %d inputs: expected %d", op->row.name, n, least);
        return false;
    }
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              most < INT32_MAX ? "%s: %d inputs: expected %d to %d"
                               : "%s: %d inputs: expected %d or more",
              op->row.name, n, least, most);
    return false;
}

static bool apply_infer(weir_call *k)
{
    if (k->op->infer(k)) return true;
    if (k->ctx->status == WEIR_OK)
        weir_call_fail(k, WEIR_ERROR_ARGUMENT, "infer gave false: expected weir_call_fail before");
    return false;
}

static bool make_outputs(weir_call *k)
{
    for (int i = 0; i < k->n_out; i++) {
        if (!weir__spec_check(k->ctx, k->op->row.name, k->spec[i].dtype, k->spec[i].ndim,
                              k->spec[i].shape))
            return false;
        if (k->op->view) {
            k->out[i] = weir__tensor_view(k->ctx, k->in[0]->storage, &k->spec[i], k->strides,
                                          k->offset);
        } else {
            k->out[i] = channels_last(k, &k->spec[i])
                            ? weir__tensor_new_channels_last(k->ctx, &k->spec[i])
                            : weir__tensor_new(k->ctx, &k->spec[i]);
        }
        if (k->out[i]->object.nil) return false;
    }
    return true;
}

/* Forensics: which op made the first non-finite value. */
static void apply_trap(weir_call *k)
{
    weir_ctx *c = k->ctx;
    for (int i = 0; i < k->n_out; i++) {
        weir_tensor *y = k->out[i];
        if (!weir_dtype_is_real(y->dtype) || (!y->contiguous && !weir_is_channels_last(y))
            || y->numel == 0)
            continue;
        int64_t at = c->kern->find_nonfinite[y->dtype](y->numel, weir__ptr(y));
        if (at < 0) continue;
        const char *label = c->modes.label ? c->modes.label : "";
        const char *in = c->modes.label ? " in " : "";
        c->trap_op = k->op->row.name;
        snprintf(c->trap_label, sizeof c->trap_label, "%s", label);
        weir_fail(c, WEIR_ERROR_VALUE,
                  "%s%s%s: element %lld is not finite: expected finite numbers", k->op->row.name,
                  in, label, (long long)at);
        return;
    }
}

static bool wants_gradient(const weir_call *k)
{
    if (k->ctx->modes.no_grad) return false;
    bool wanted = false, real = false; /* integers and booleans carry no gradient */
    for (int i = 0; i < k->n_in; i++) wanted = wanted || k->in[i]->requires_grad;
    for (int i = 0; i < k->n_out; i++) real = real || weir_dtype_is_real(k->spec[i].dtype);
    return wanted && real;
}

/* Without a backward the gradient would be lost without a word. */
static bool apply_record(weir_call *k)
{
    if (k->op->backward) return weir__record(k);
    return weir_call_fail(k, WEIR_ERROR_GRAPH,
                          "no gradient (%s): expected a no_grad scope, or detached inputs",
                          k->op->no_gradient ? k->op->no_gradient : "it has no backward");
}

static void apply_run(weir_ctx *c, const weir_op *op, int n_in, weir_tensor *const *in,
                      const void *attr, weir_tensor **out)
{
    WEIR__AS_FOUND;
    weir_call k;
    k.ctx = c;
    k.op = op;
    k.attr = attr;
    k.n_in = n_in;
    k.n_out = op->n_out;
    k.in = in;
    k.offset = 0;
    k.key = 0;
    for (int i = 0; i < op->n_out; i++) out[i] = weir__nil(c, WEIR__TENSOR);
    if (!apply_usable(c, op, n_in, in)) return;
    if (!right_count(c, op, n_in) || !apply_infer(&k) || !make_outputs(&k)) return;
    if (op->random) k.key = weir__draw_key(c);
    if (op->forward) op->forward(&k);
    if (c->modes.trap_nan && c->status == WEIR_OK) apply_trap(&k);
    if (c->status != WEIR_OK || (wants_gradient(&k) && !apply_record(&k))) return;
    for (int i = 0; i < op->n_out; i++) out[i] = k.out[i];
}

/* Results that the op says it has, as far as it has said so and there may be any. */
static int apply_outputs(const weir_op *op)
{
    bool said = op && op->row.size >= offsetof(weir_op, n_out) + sizeof op->n_out && op->n_out > 0;
    if (!said) return 0;
    return op->n_out < WEIR_OUT_MAX ? op->n_out : WEIR_OUT_MAX;
}

static bool op_is_whole(const weir_op *op)
{
    return op->row.size == sizeof *op && op->row.name && op->infer && (op->forward || op->view)
           && op->n_out > 0 && op->n_out == apply_outputs(op);
}

/* The op, or where it came with another header a copy; NULL after an error, where there is nothing
 * to apply or nowhere to put it. */
static const weir_op *apply_given(const char *who, const weir_op *op, int n_in,
                                  weir_tensor *const *in, const void *attr, weir_tensor **out)
{
    const weir_op *given = op;
    bool whole = op && out && (in || n_in < 1);
    if (whole && op_is_whole(op) && (attr || op->attr_size == 0)) return op;
    weir_ctx *c = weir__lists_context(n_in, in, 0, NULL);
    if (!whole)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected an op, inputs and room for results",
                  who);
    op = whole ? (const weir_op *)weir__row_look(c, who, "op", &op->row) : NULL;
    if (op && !attr && op->attr_size > 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: NULL: expected attributes, %zu bytes", who,
                  op->row.name, op->attr_size);
        op = NULL;
    }
    for (int i = 0; !op && out && i < apply_outputs(given); i++)
        out[i] = weir__nil(c, WEIR__TENSOR);
    return op;
}

void weir_apply_multi(const weir_op *op, int n_in, weir_tensor *const *in, const void *attr,
                      weir_tensor **out)
{
    op = apply_given("apply_multi", op, n_in, in, attr, out);
    if (!op) return;
    weir_ctx *fail, *c = weir__context_of(op, n_in, in, &fail);
    for (int i = 0; !c && i < op->n_out; i++) out[i] = weir__nil(fail, WEIR__TENSOR);
    if (c) apply_run(c, op, n_in, in, attr, out);
}

weir_tensor *weir_apply(const weir_op *op, int n_in, weir_tensor *const *in, const void *attr)
{
    weir_tensor *out[WEIR_OUT_MAX];
    op = apply_given("apply", op, n_in, in, attr, out);
    if (!op) return weir__nil(weir__lists_context(n_in, in, 0, NULL), WEIR__TENSOR);
    weir_apply_multi(op, n_in, in, attr, out);
    return out[0];
}

weir_tensor *weir__apply_in(weir_ctx *c, const weir_op *op, int n_in, weir_tensor *const *in,
                            const void *attr)
{
    weir_tensor *out[WEIR_OUT_MAX];
    if (!c) return weir__nil(NULL, WEIR__TENSOR);
    apply_run(c, op, n_in, in, attr, out);
    return out[0];
}
