/* Where the rules of autograd are easily got wrong: each session beside its twin in fixtures/make.py, which asked PyTorch. A session
 * gives numbers, or is refused where PyTorch refuses, with the message that its line in the table names. */
#include "test.h"
#include "fixtures/torch.h"

typedef struct notes { weir_ctx *c; double at[8]; int n; } notes;

static weir_tensor *made(weir_ctx *c, int64_t n, const double *v) { return weir_from_f64(c, v, 1, SHAPE(n)); }
#define CONST(...) made(o->c, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), (const double[]){ __VA_ARGS__ })
#define LEAF(...) weir_set_requires_grad(CONST(__VA_ARGS__), true)
static weir_tensor *product(weir_tensor *a, weir_tensor *b) { return weir_sum(weir_mul(a, b)); }

static void put(notes *o, weir_tensor *x)
{
    int n = (int)weir_numel(x);
    assert_true(o->n + n <= 8);
    if (weir_copy_to_f64(x, o->at + o->n, n) == WEIR_OK) o->n += n;
}
static void tell(notes *o, double v) { o->at[o->n++] = v; }
static weir_tensor *grad(weir_tensor *y, weir_tensor *x, bool create)
{
    weir_tensor *g;
    weir_grad(1, &y, 1, &x, NULL, create, false, &g);
    return g;
}

/* -- changes in place ------------------------------------------------------------------------------------------------------------------ */
static void changed_through_a_view(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *k = CONST(1, 1, 1), *y = product(x, k);
    weir_add_(weir_slice(k, 0, 0, 1, 1), CONST(1));
    weir_backward(y);
}
static void changed_through_detach(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *k = CONST(1, 1, 1), *y = product(x, k);
    weir_add_(weir_detach(k), CONST(1));
    weir_backward(y);
}
static void changed_beside_what_was_saved(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *k = CONST(1, 1, 1), *y = product(x, weir_sum(weir_slice(k, 0, 0, 2, 1)));
    weir_add_(weir_slice(k, 0, 2, 3, 1), CONST(1));
    weir_backward(y);
    put(o, weir_grad_of(x));
}
static void in_no_grad(weir_tensor *f(weir_tensor *, weir_tensor *), weir_tensor *x, weir_tensor *y)
{
    weir_scope s = weir_scope_begin_no_grad(weir_ctx_of(x));
    f(x, y);
    weir_scope_end(s);
}
static void changed_leaf_before_backward(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y = product(x, x);
    in_no_grad(weir_add_, x, CONST(1, 1, 1));
    weir_backward(y);
}
static void changed_leaf_whose_value_nobody_needs(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y = weir_sum(weir_add(x, CONST(1)));
    in_no_grad(weir_add_, x, CONST(1, 1, 1));
    weir_backward(y);
    put(o, x), put(o, weir_grad_of(x));
}
static void changed_result_in_no_grad(notes *o)
{
    weir_tensor *h = weir_exp(LEAF(1, 2, 3));
    in_no_grad(weir_mul_, h, CONST(2));
    weir_backward(weir_sum(h));
}
static void changed_result_in_no_grad_unsaved(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *h = weir_scale(x, 2);
    in_no_grad(weir_mul_, h, CONST(2));
    weir_backward(weir_sum(h));
    put(o, h), put(o, weir_grad_of(x));
}
static void changed_leaf(notes *o) { weir_add_(LEAF(1, 2, 3), CONST(1)); }
static void changed_view_of_a_leaf(notes *o) { weir_add_(weir_slice(LEAF(1, 2, 3), 0, 0, 1, 1), CONST(1)); }
static void changed_view_of_a_leaf_in_no_grad(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3);
    weir_scope s = weir_scope_begin_no_grad(o->c);
    weir_add_(weir_slice(x, 0, 0, 1, 1), CONST(1));
    weir_scope_end(s);
    put(o, x);
}
static void detached_twin_follows(notes *o)
{
    weir_tensor *x = LEAF(1, 2), *d = weir_detach(x);
    in_no_grad(weir_mul_, x, CONST(3));
    put(o, d);
}

/* -- graphs that are used twice ---------------------------------------------------------------------------------------------------------- */
static void shared_trunk(notes *o, bool retain)
{
    weir_tensor *x = LEAF(1, 2, 3), *h = weir_exp(x);
    weir_backward_with(weir_sum(h), NULL, retain);
    weir_backward(weir_sum(weir_scale(h, 2)));
    put(o, weir_grad_of(x));
}
static void shared_trunk_freed(notes *o) { shared_trunk(o, false); }
static void shared_trunk_retained(notes *o) { shared_trunk(o, true); }

/* -- asking for gradients ------------------------------------------------------------------------------------------------------------------ */
static void unconnected(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y = product(x, x), *g[2];
    weir_grad(1, &y, 2, (weir_tensor *[]){ x, LEAF(1) }, NULL, false, false, g);
    put(o, g[0]), tell(o, weir_is_nil(g[1]));
}
static void of_itself(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y = product(x, x), *g[2];
    weir_grad(1, &y, 2, (weir_tensor *[]){ y, x }, NULL, false, false, g);
    put(o, g[0]), put(o, g[1]);
}
static void outputs_add_up(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y[] = { weir_sum(x), product(x, x) }, *g[2];
    weir_grad(2, y, 2, (weir_tensor *[]){ x, x }, NULL, false, false, g);
    put(o, g[0]), put(o, g[1]);
}
static void vectors_of_several_outputs(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *y[] = { weir_exp(x), product(x, x) }, *g;
    weir_grad(2, y, 1, &x, (weir_tensor *[]){ CONST(1, 0, -1), weir_scalar(o->c, WEIR_F64, 2) }, false, false, &g);
    put(o, g);
}
static void leaf_alone(notes *o)
{
    weir_tensor *x = LEAF(2);
    weir_backward(x);
    put(o, weir_grad_of(x));
}
static void backward_in_no_grad(notes *o)
{
    weir_tensor *x = LEAF(2), *y = weir_square(x);
    weir_scope s = weir_scope_begin_no_grad(o->c);
    weir_backward(y);
    weir_scope_end(s);
    put(o, weir_grad_of(x));
}
static void create_graph_in_no_grad(notes *o)
{
    weir_tensor *x = LEAF(2), *y = weir_pow_scalar(x, 3);
    weir_scope s = weir_scope_begin_no_grad(o->c);
    weir_tensor *g = weir_keep(grad(y, x, true));
    weir_scope_end(s);
    weir_backward(g);
    put(o, g), put(o, weir_grad_of(x));
}
static void gradient_has_no_history(notes *o)
{
    weir_tensor *x = LEAF(2);
    tell(o, weir_requires_grad(grad(weir_pow_scalar(x, 3), x, false)));
}
static void output_without_history(notes *o) { grad(weir_sum(CONST(1)), LEAF(1), false); }
static void vector_of_another_shape(notes *o)
{
    weir_tensor *x = LEAF(1, 2), *y = weir_scale(x, 2), *v = CONST(1, 1, 1), *g;
    weir_grad(1, &y, 1, &x, &v, false, false, &g);
}
static void vector_missing(notes *o) { weir_backward(weir_scale(LEAF(1, 2), 2)); }
static void one_element_of_rank_two(notes *o)
{
    weir_tensor *x = LEAF(3);
    weir_backward(weir_reshape(weir_square(x), 2, SHAPE(1, 1)));
    put(o, weir_grad_of(x));
}
static void input_wanted_twice_in_one_op(notes *o)
{
    weir_tensor *x = LEAF(3);
    put(o, grad(weir_mul(x, x), x, false)), put(o, grad(weir_sub(x, x), x, false)), put(o, grad(weir_div(x, x), x, false));
}

/* -- leaves ---------------------------------------------------------------------------------------------------------------------------------- */
static void switched_off_before_backward(notes *o)
{
    weir_tensor *x = LEAF(2), *z = LEAF(3), *y = weir_mul(x, z);
    weir_set_requires_grad(x, false);
    weir_backward(y);
    tell(o, weir_is_nil(weir_grad_of(x))), put(o, weir_grad_of(z));
}
static void switched_off_result(notes *o) { weir_set_requires_grad(weir_scale(LEAF(2), 2), false); }
static void integers(notes *o) { weir_set_requires_grad(weir_cast(CONST(1), WEIR_I64), true); }
static void cast_to_integers(notes *o)
{
    weir_tensor *y = weir_cast(LEAF(1.5), WEIR_I64);
    tell(o, weir_requires_grad(y)), put(o, y);
}
static void strided_leaf(notes *o)
{
    weir_tensor *x = weir_set_requires_grad(weir_transpose(weir_zeros(o->c, WEIR_F64, 2, SHAPE(2, 3)), 0, 1), true);
    weir_tensor *k = weir_reshape(weir_arange(o->c, WEIR_F64, 6), 2, SHAPE(3, 2));
    weir_backward(product(x, k)), weir_backward(product(x, k));
    put(o, weir_grad_of(x));
}
static void expanded_leaf(notes *o)
{
    weir_tensor *x = weir_set_requires_grad(weir_expand(CONST(5), 2, SHAPE(2, 3)), true);
    weir_backward(product(x, x));
    put(o, weir_grad_of(x));
}
static void same_gradient_added_to(notes *o)
{
    weir_tensor *x = LEAF(1, 2);
    weir_backward(product(x, x));
    weir_tensor *g = weir_grad_of(x);
    weir_backward(product(x, x));
    put(o, g);
}

/* -- second derivatives ------------------------------------------------------------------------------------------------------------------------ */
static void second_derivative_of_a_line(notes *o)
{
    weir_tensor *x = LEAF(3);
    tell(o, weir_requires_grad(grad(weir_sum(weir_scale(x, 2)), x, true)));
}
static void hessian_vector(notes *o)
{
    weir_tensor *x = LEAF(1, 2, 3), *p = weir_exp(weir_sum(weir_log(x))), *g = grad(p, x, true), *v = CONST(1, -1, 2), *h;
    weir_grad(1, &g, 1, &x, &v, false, false, &h);
    put(o, h);
}
static void gradient_through_the_vector(notes *o)
{
    weir_tensor *x = LEAF(1, 2), *v = LEAF(3, 4), *y = weir_exp(x), *g;
    weir_grad(1, &y, 1, &x, &v, true, false, &g);
    put(o, grad(weir_sum(g), v, false));
}

static const struct { const char *name; void (*play)(notes *o); const char *says; } sessions[] = {
#define S(f) { #f, f, NULL }
    { "changed_through_a_view", changed_through_a_view, "op.mul: its input 1 was changed in place by add_" },
    { "changed_through_detach", changed_through_detach, "op.mul: its input 1 was changed in place by add_" },
    S(changed_beside_what_was_saved),
    { "changed_leaf_before_backward", changed_leaf_before_backward, "op.mul: its input 1 was changed in place by add_" },
    S(changed_leaf_whose_value_nobody_needs),
    { "changed_result_in_no_grad", changed_result_in_no_grad, "op.exp: its output 0 was changed in place by mul_" },
    S(changed_result_in_no_grad_unsaved),
    { "changed_leaf", changed_leaf, "add_: a tensor that requires gradients: expected a no_grad scope" },
    { "changed_view_of_a_leaf", changed_view_of_a_leaf, "add_: a result of op.slice with history" },
    S(changed_view_of_a_leaf_in_no_grad),
    { "shared_trunk_freed", shared_trunk_freed, "op.exp: its graph was freed by an earlier backward" },
    S(shared_trunk_retained),
    S(unconnected), S(of_itself), S(outputs_add_up), S(vectors_of_several_outputs), S(leaf_alone), S(backward_in_no_grad), S(create_graph_in_no_grad),
    S(gradient_has_no_history), S(switched_off_before_backward),
    { "switched_off_result", switched_off_result, "a result of op.affine: expected a leaf" },
    { "integers", integers, "i64: expected f32 or f64" },
    S(cast_to_integers), S(strided_leaf), S(expanded_leaf), S(same_gradient_added_to), S(detached_twin_follows),
    { "output_without_history", output_without_history, "no gradients were recorded" },
    { "vector_of_another_shape", vector_of_another_shape, "expected a vector of the output's shape" },
    { "vector_missing", vector_missing, "without a vector" },
    S(one_element_of_rank_two), S(input_wanted_twice_in_one_op), S(second_derivative_of_a_line), S(hessian_vector), S(gradient_through_the_vector),
};

static void every_session_ends_as_in_pytorch(void **state)
{
    weir_ctx *c = *state;
    int64_t blocks = weir_memory(c).live_blocks;
    assert_int_equal(sizeof sessions / sizeof *sessions, TORCH_SESSIONS);
    for (int i = 0; i < TORCH_SESSIONS; i++) {
        const struct torch_session *t = &torch_sessions[i];
        assert_string_equal(sessions[i].name, t->name);
        weir_scope s = weir_scope_begin(c);
        notes o = { .c = c };
        sessions[i].play(&o);
        if ((t->n < 0) != (sessions[i].says != NULL)) fail_msg("%s: refused by one alone", t->name);
        if (t->n < 0) {
            assert_int_not_equal(weir_status_of(c), WEIR_OK);
            if (!strstr(weir_message(c), sessions[i].says)) fail_msg("%s: \"%s\" lacks \"%s\"", t->name, weir_message(c), sessions[i].says);
            weir_clear(c);
        } else {
            if (!weir_ok(c)) fail_msg("%s: %s", t->name, weir_message(c));
            if (o.n != t->n) fail_msg("%s: %d numbers, PyTorch gives %d", t->name, o.n, t->n);
            for (int k = 0; k < t->n; k++)
                if (!(fabs(o.at[k] - t->values[k]) <= 1e-13 * (1 + fabs(t->values[k])))) fail_msg("%s: number %d: %.17g, PyTorch %.17g", t->name, k, o.at[k], t->values[k]);
        }
        weir_scope_end(s);
        if (i == 0) blocks = weir_memory(c).live_blocks; /* the lists of the context have grown to their size */
        if (weir_memory(c).live_blocks != blocks) fail_msg("%s: %lld blocks live on", t->name, (long long)(weir_memory(c).live_blocks - blocks));
    }
}

int main(void)
{
    CASES(CASE(every_session_ends_as_in_pytorch));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
