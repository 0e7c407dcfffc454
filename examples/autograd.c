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

static const char *yes_no(bool b) { return b ? "yes" : "no"; }

static void print_grad(const char *what, weir_tensor *w)
{
    weir_tensor *g = weir_grad_of(w);
    printf("%s %g %g\n", what, at(g, 0), at(g, 1));
}

/* weir_backward adds to the gradients of leaves until they are zeroed. */
static void gradients_add_up(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 2, 3);
    weir_tensor *loss = weir_sum(weir_square(w)); /* recorded as it is computed */
    weir_backward(loss);
    print_grad("w.grad", w);
    printf("made by %s\n", weir_grad_fn_name(loss));
    weir_backward(weir_sum(weir_square(w)));
    print_grad("again", w);
    weir_zero_grad(w);
    weir_backward(weir_sum(weir_square(w)));
    print_grad("after zero", w);
}

/* The graph is what was called, so C's own loops shape it: here, by the values of y. */
static void a_loop_over_data(weir_ctx *c)
{
    weir_tensor *x = weir_set_requires_grad(weir_scalar(c, WEIR_F32, 100), true);
    weir_tensor *y = x;
    int n = 0;
    while (weir_item(y) >= 1) {
        y = weir_scale(y, 0.5);
        n++;
    }
    weir_backward(y);
    printf("halvings of 100: %d, d y / d x %.7f\n", n, weir_item(weir_grad_of(x)));
}

static void without_history(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 1, 2);
    weir_scope s = weir_scope_begin_no_grad(c);
    bool none = !weir_requires_grad(weir_exp(w));
    weir_scope_end(s);
    bool detached = !weir_requires_grad(weir_detach(weir_exp(w)));
    printf("no history under no_grad: %s, after detach: %s\n", yes_no(none), yes_no(detached));
}

/* An error stays with the context: calls after it do nothing and give nil, so one check at the end
 * is enough; weir_clear makes the context usable again. */
static void a_value_changed_too_early(weir_ctx *c)
{
    weir_tensor *w = leaf(c, 1, 2);
    weir_tensor *h = weir_exp(w);
    weir_tensor *loss = weir_sum(weir_mul(h, w));
    /* The detached tensor shares the memory of h, which the gradient of mul reads. */
    weir_add_(weir_detach(h), weir_scalar(c, WEIR_F32, 1));
    weir_backward(loss);
    bool both = strstr(weir_message(c), "op.mul") && strstr(weir_message(c), "add_");
    printf("the error names both ops: %s\n", yes_no(both));
    weir_clear(c);
}

/* Gradients that are recorded themselves come from weir_grad with create_graph. */
static void gradients_of_gradients(weir_ctx *c)
{
    weir_tensor *x = weir_set_requires_grad(weir_scalar(c, WEIR_F64, 2), true);
    weir_tensor *y = weir_pow_scalar(x, 4);
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
    if (weir_copy_to_f64(m, v, 4) == WEIR_OK)
        printf("%s [[%g, %g], [%g, %g]]\n", what, v[0], v[1], v[2], v[3]);
}

static void whole_derivatives(weir_ctx *c)
{
    weir_tensor *x = leaf(c, 1, 2);
    print_2x2("jacobian", weir_jacobian(weir_square(x), x, false));
    print_2x2("hessian of sum x^3:", weir_hessian(weir_sum(weir_pow_scalar(x, 3)), x, false));
}

int main(void)
{
    static void (*const parts[])(weir_ctx *) = {
        gradients_add_up,          a_loop_over_data,       without_history,
        a_value_changed_too_early, gradients_of_gradients, whole_derivatives,
    };
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
