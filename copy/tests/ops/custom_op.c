/* custom_op.c - ops of a program outside the tree: nothing but the public headers and the shared library (tests/ops/test_custom_op.sh
 * compiles it so). One op of one input; one of two that broadcast, with a number of its own. Prints `ok NAME` a case. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "weir.h"

static int failures;
static void check(weir_ctx *c, const char *name, bool good)
{
    printf("%s %s\n", good ? "ok" : "not ok", name);
    if (!good && c) printf("# %s\n", weir_message(c));
    failures += !good;
}

static bool failed_with(weir_ctx *c, weir_status status, const char *part)
{
    bool good = weir_status_of(c) == status && strstr(weir_message(c), part) != NULL;
    if (!good) printf("# status %d: %s\n", (int)weir_status_of(c), weir_message(c));
    weir_clear(c);
    return good;
}

/* -- asinh x: forward a loop of ours, backward written in ops --------------------------------------------------------------------- */
static void asinh_forward(weir_call *k)
{
    weir_tensor *x = weir_contiguous(weir_detach(k->in[0]));
    const void *from = weir_data(x);
    void *to = weir_data_mut(k->out[0]);
    for (int64_t i = 0; i < weir_numel(x); i++)
        if (weir_dtype_of(x) == WEIR_F64) ((double *)to)[i] = asinh(((const double *)from)[i]);
        else ((float *)to)[i] = asinhf(((const float *)from)[i]);
}

static void asinh_backward(weir_vjp *v) /* 1 / sqrt(x^2 + 1) */
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_rsqrt(weir_affine(weir_square(weir_vjp_in(v, 0)), 1, 1))));
}

static const weir_op op_asinh;
static weir_tensor *my_asinh(weir_tensor *x) { return weir_apply(&op_asinh, 1, &x, NULL); }
static weir_tensor *call_asinh(weir_tensor **x) { return my_asinh(x[0]); }
static const weir_op_case asinh_cases[] = { { "3,4", call_asinh }, { ".", call_asinh }, { NULL, NULL } };
static const weir_op op_asinh = { .row = WEIR_OP_ROW("op.my_asinh", "the inverse of sinh"), .n_in = 1, .n_out = 1, .save_in = 1, .infer = weir_infer_same,
                                  .forward = asinh_forward, .backward = asinh_backward, .cases = asinh_cases };

/* -- a^2 + s b^2 of two inputs, with the attribute s -------------------------------------------------------------------------------- */
typedef struct weighed { double s; } weighed;

static void norm_forward(weir_call *k)
{
    double s = ((const weighed *)k->attr)->s;
    weir_tensor *a = weir_detach(k->in[0]), *b = weir_detach(k->in[1]);
    weir_copy_(weir_detach(k->out[0]), weir_add(weir_square(a), weir_scale(weir_square(b), s)));
}

static void norm_backward(weir_vjp *v)
{
    double s = ((const weighed *)v->attr)->s;
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_scale(weir_vjp_in(v, 0), 2)));
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_mul(v->gout[0], weir_scale(weir_vjp_in(v, 1), 2 * s)));
}

static bool norm_infer(weir_call *k)
{
    if (((const weighed *)k->attr)->s < 0) return weir_call_fail(k, WEIR_ERROR_RANGE, "weight %g: expected 0 or more", ((const weighed *)k->attr)->s);
    return weir_infer_broadcast(k);
}

static const weir_op op_norm = { .row = WEIR_OP_ROW("op.my_norm", "a^2 + s b^2"), .n_in = 2, .n_out = 1, .save_in = 3, .attr_size = sizeof(weighed), .infer = norm_infer,
                                 .forward = norm_forward, .backward = norm_backward };
static weir_tensor *my_norm(weir_tensor *a, weir_tensor *b, double s)
{
    weir_tensor *in[] = { a, b };
    weighed w = { s };
    return weir_apply(&op_norm, 2, in, &w);
}
static weir_tensor *check_norm(void *user, weir_tensor **x) { return my_norm(x[0], x[1], *(const double *)user); }
static weir_tensor *check_asinh(void *user, weir_tensor **x) { return (void)user, my_asinh(x[0]); }

/* A row whose backward reads what it did not save. */
static const weir_op op_forgetful = { .row = WEIR_OP_ROW("op.my_forgetful", "asinh again"), .n_in = 1, .n_out = 1, .infer = weir_infer_same, .forward = asinh_forward,
                                      .backward = asinh_backward };

static void rows(weir_ctx *c)
{
    int64_t before = weir_row_count(c, "op");
    check(c, "registers", weir_row_register(c, &op_asinh.row) == WEIR_OK && weir_row_register(c, &op_norm.row) == WEIR_OK && weir_row_count(c, "op") == before + 2);
    check(c, "is-found", weir_row_find(c, "op", "my_asinh") == &op_asinh.row && weir_row_at(c, "op", before + 1) == &op_norm.row);
    weir_row_register(c, &op_norm.row);
    check(c, "not-twice", failed_with(c, WEIR_ERROR_NAME, "op.my_norm"));
    weir_ctx *other = weir_open(1);
    check(other, "one-context-alone", weir_row_count(other, "op") == before);
    weir_close(other);
}

static void values(weir_ctx *c)
{
    const int64_t shape[] = { 2, 3 }, row[] = { 3 };
    const double v[] = { -2, -0.5, 0, 0.25, 1, 3 };
    weir_tensor *x = weir_set_requires_grad(weir_from_f64(c, v, 2, shape), true), *t = weir_transpose(x, 0, 1), *b = weir_set_requires_grad(weir_full(c, WEIR_F64, 1, row, 2), true);
    weir_tensor *y = my_asinh(t);
    check(c, "value", weir_ok(c) && fabs(weir_get(y, (const int64_t[]){ 2, 1 }) - asinh(3)) < 1e-15);
    check(c, "is-on-the-tape", strcmp(weir_grad_fn_name(y), "op.my_asinh") == 0);
    weir_backward(weir_sum(weir_add(weir_sum(y), my_norm(x, b, 3))));
    /* every one of the six counts sum(y) once */
    double g = weir_get(weir_grad_of(x), (const int64_t[]){ 1, 1 }), gb = weir_get(weir_grad_of(b), (const int64_t[]){ 0 });
    check(c, "gradient", weir_ok(c) && fabs(g - (6 / sqrt(2) + 2)) < 1e-12 && fabs(gb - 2 * 12) < 1e-12);
    check(c, "f32", fabs(weir_item(my_asinh(weir_scalar(c, WEIR_F32, 1))) - asinh(1)) < 1e-7);
}

static void derivatives(weir_ctx *c)
{
    const int64_t shape[] = { 3, 4 }, row[] = { 4 };
    weir_tensor *x[] = { weir_randn(c, WEIR_F64, 2, shape), weir_randn(c, WEIR_F64, 1, row) };
    double s = 0.7;
    weir_gradcheck_opts o = weir_gradcheck_defaults();
    check(c, "gradcheck-of-two-orders", o.order == 2 && weir_gradcheck(c, check_asinh, NULL, 1, x, &o) == WEIR_OK && weir_gradcheck(c, check_norm, &s, 2, x, &o) == WEIR_OK);
    bool good = true;
    for (const weir_op_case *k = op_asinh.cases; k->inputs; k++) good = good && !weir_is_nil(k->call(x));
    check(c, "cases", good);
}

static void mistakes(weir_ctx *c)
{
    const int64_t three[] = { 3 }, four[] = { 4 };
    weir_tensor *a = weir_zeros(c, WEIR_F32, 1, three), *b = weir_zeros(c, WEIR_F32, 1, four), *in[] = { a, a };
    my_norm(a, b, 1);
    check(c, "shapes-are-named", failed_with(c, WEIR_ERROR_SHAPE, "my_norm: [3] and [4]"));
    my_norm(a, weir_zeros(c, WEIR_F64, 1, three), 1);
    check(c, "types-are-named", failed_with(c, WEIR_ERROR_DTYPE, "my_norm: [3] and [3]: f32 with f64"));
    my_norm(a, a, -1);
    check(c, "own-errors", failed_with(c, WEIR_ERROR_RANGE, "my_norm: [3] and [3]: weight -1"));
    weir_apply(&op_asinh, 2, in, NULL);
    check(c, "number-of-inputs", failed_with(c, WEIR_ERROR_ARGUMENT, "op.my_asinh: 2 inputs: expected 1"));
    weir_backward(weir_sum(weir_apply(&op_forgetful, 1, (weir_tensor *[]){ weir_set_requires_grad(a, true) }, NULL)));
    check(c, "what-was-not-saved", failed_with(c, WEIR_ERROR_GRAPH, "op.my_forgetful: input 0 was not saved"));
}

int main(void)
{
    weir_ctx *c = weir_open(1);
    rows(c);
    values(c);
    derivatives(c);
    mistakes(c);
    weir_close(c);
    return failures > 0;
}
