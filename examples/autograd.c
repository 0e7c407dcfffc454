/* autograd.c - gradients, define by run: the session a PyTorch user would type, in C.
 *
 * prints: w.grad 4 6
 * prints: made by op.sum
 * prints: again 8 12
 * prints: after zero 4 6
 * prints: halvings of 100: 7, d y / d x 0.0078125
 * prints: no history under no_grad: yes, after detach: yes
 * prints: the error names both ops: yes
 * prints: d3 (x^4) / dx3 at 2: 48
 * prints: jacobian [[2, 0], [0, 4]]
 * prints: hessian of sum x^3: [[6, 0], [0, 12]]
 */
#include <stdio.h>
#include <string.h>
#include <weir.h>

static const int64_t two[] = { 2 };

static weir_tensor *leaf(weir_ctx *c, float a, float b)
{
    return weir_set_requires_grad(weir_from_f32(c, (const float[]){ a, b }, 1, two), true);
}

static double at(weir_tensor *x, int64_t i) { return weir_get(x, &i); }

static void gradients_add_up(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 2, 3);
    weir_tensor *loss = weir_sum(weir_square(w)); /* the graph is what was called, so C's own if and while shape it */
    weir_backward(loss);
    printf("w.grad %g %g\nmade by %s\n", at(weir_grad_of(w), 0), at(weir_grad_of(w), 1), weir_grad_fn_name(loss));
    weir_backward(weir_sum(weir_square(w)));
    printf("again %g %g\n", at(weir_grad_of(w), 0), at(weir_grad_of(w), 1));
    weir_zero_grad(w);
    weir_backward(weir_sum(weir_square(w)));
    printf("after zero %g %g\n", at(weir_grad_of(w), 0), at(weir_grad_of(w), 1));
}

/* How many ops there are depends on the data. */
static void a_loop_over_data(weir_ctx *c)
{
    weir_tensor *x = weir_set_requires_grad(weir_scalar(c, WEIR_F32, 100), true), *y = x;
    int n = 0;
    for (; weir_item(y) >= 1; n++) y = weir_scale(y, 0.5);
    weir_backward(y);
    printf("halvings of 100: %d, d y / d x %.7f\n", n, weir_item(weir_grad_of(x)));
}

static void without_history(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 1, 2);
    weir_scope s = weir_scope_begin_no_grad(c);
    bool none = !weir_requires_grad(weir_exp(w));
    weir_scope_end(s);
    printf("no history under no_grad: %s, after detach: %s\n", none ? "yes" : "no", weir_requires_grad(weir_detach(weir_exp(w))) ? "no" : "yes");
}

/* Errors stick to the context: whatever follows does nothing, one check is enough, and clear goes on. */
static void a_value_changed_too_early(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 1, 2), *h = weir_exp(w), *loss = weir_sum(weir_mul(h, w));
    weir_add_(weir_detach(h), weir_scalar(c, WEIR_F32, 1)); /* shares h's memory, which the gradient of mul needs */
    weir_backward(loss);
    printf("the error names both ops: %s\n", strstr(weir_message(c), "op.mul") && strstr(weir_message(c), "add_") ? "yes" : "no");
    weir_clear(c);
}

/* Gradients that are recorded themselves come from weir_grad with create_graph. */
static void gradients_of_gradients(weir_ctx *c)
{
    weir_tensor *x = weir_set_requires_grad(weir_scalar(c, WEIR_F64, 2), true), *y = weir_pow_scalar(x, 4);
    for (int order = 0; order < 3; order++) {
        weir_tensor *g;
        weir_grad(1, &y, 1, &x, NULL, true, true, &g);
        y = g;
    }
    printf("d3 (x^4) / dx3 at 2: %g\n", weir_item(y));
}

static void print_2x2(const char *what, weir_tensor *m)
{
    double v[4];
    if (weir_copy_to_f64(m, v, 4) == WEIR_OK) printf("%s [[%g, %g], [%g, %g]]\n", what, v[0], v[1], v[2], v[3]);
}

static void whole_derivatives(weir_ctx *c)
{
    weir_tensor *x = leaf(c, 1, 2);
    print_2x2("jacobian", weir_jacobian(weir_square(x), x, false));
    print_2x2("hessian of sum x^3:", weir_hessian(weir_sum(weir_pow_scalar(x, 3)), x, false));
}

int main(void)
{
    static void (*const parts[])(weir_ctx *) = { gradients_add_up,          a_loop_over_data,       without_history,
                                                 a_value_changed_too_early, gradients_of_gradients, whole_derivatives };
    weir_ctx *c = weir_open(1);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && weir_ok(c); i++) {
        weir_scope s = weir_scope_begin(c);
        parts[i](c);
        weir_scope_end(s);
    }
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "autograd: %s\n", weir_message(c));
    weir_close(c);
    return good ? 0 : 1;
}
