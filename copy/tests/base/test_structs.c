/* Option structs of another size than this library's, from a program built against other headers: refused, and nothing of them is read. */
#include "test.h"

/* Its size alone: a sanitizer sees whoever reads on. */
static void *torn(void)
{
    size_t *p = malloc(sizeof *p);
    *p = sizeof *p;
    return p;
}

static void a_context_says_so(void **state)
{
    (void)state;
    void *o = torn();
    weir_ctx *c = weir_open_with(o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_open_defaults");
    weir_close(c);
    free(o);
}

static weir_tensor *square(void *user, weir_tensor **x) { return (void)user, weir_square(x[0]); }

static bool still(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    (void)user, (void)rows, (void)t, (void)x;
    for (int64_t i = 0; i < n; i++) dx[i] = 0;
    return true;
}

static void every_call_says_so(void **state)
{
    weir_ctx *c = *state;
    void *o = torn();
    float x[4] = { 0 };
    double log_p[2], at[2] = { 0 };
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "");
    weir_tensor *t = weir_zeros(c, WEIR_F64, 1, SHAPE(2));
    weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(2, 2)), NULL, NULL, NULL);
    weir_ode p = { .ctx = c, .n = 2, .dim = 1, .t0 = 0, .t1 = 1, .x = at, .f = still };
    assert_ok(c);
    assert_int_equal(weir_model_sample_into(m, 2, o, x), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_sample_defaults");
    assert_int_equal(weir_model_log_prob_into(m, x, 2, o, log_p, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_score_defaults");
    assert_int_equal(weir_train_step_with(m, opt, b, o, NULL), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_step_defaults");
    assert_int_equal(weir_gradcheck(c, square, NULL, 1, &t, o), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_gradcheck_defaults");
    assert_int_equal(weir_ode_adaptive(&p, weir_ode_method("dopri5"), o), WEIR_ERROR_ARGUMENT);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_ode_defaults");
    weir_optim_new_with(weir_model_module(m), "adam", o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "defaults function");
    weir_model_new_with(c, "nice", o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "options of size");
    weir_optim_free(opt), weir_model_free(m);
    free(o);
}

int main(void)
{
    CASES(CASE(a_context_says_so), CASE(every_call_says_so));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
