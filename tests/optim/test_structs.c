/* Options of optimizers as C structs: their defaults are the rows', their ranges are the rows', a run from one is a run from text. */
#include "test.h"

/* Field by field through the row, so that padding does not matter. */
static void same_as_row(weir_ctx *c, const char *name, const void *opts)
{
    const weir_row *row = weir_row_find(c, "optimizer", name);
    _Alignas(16) char defaults[512];
    assert_int_equal(*(const size_t *)opts, row->options_size);
    assert_int_equal(weir_options_defaults(c, row, defaults), WEIR_OK);
    for (const weir_option *o = row->options; o->name; o++) {
        char a[64], b[64];
        weir_option_text(o, opts, a, sizeof a), weir_option_text(o, defaults, b, sizeof b);
        if (strcmp(a, b)) fail_msg("%s: %s: %s in the struct, %s in the row", name, o->name, a, b);
    }
    assert_int_equal(weir_options_check(c, row, opts), WEIR_OK);
}

static void defaults_are_the_rows(void **state)
{
    weir_ctx *c = *state;
    weir_adam_opts adam = weir_adam_defaults();
    weir_adamw_opts adamw = weir_adamw_defaults();
    weir_sgd_opts sgd = weir_sgd_defaults();
    weir_rmsprop_opts rmsprop = weir_rmsprop_defaults();
    same_as_row(c, "adam", &adam), same_as_row(c, "adamw", &adamw), same_as_row(c, "sgd", &sgd), same_as_row(c, "rmsprop", &rmsprop);
    assert_ok(c);
}

static float trained(weir_ctx *c, const char *text, const void *opts)
{
    weir_module *net = weir_module_new(c, "linear", "in=2 out=1");
    weir_optim *o = opts ? weir_optim_new_with(net, "adamw", opts) : weir_optim_new(net, "adamw", text);
    for (int i = 0; i < 5; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_backward(weir_sum(weir_square(weir_module_forward(net, weir_ones(c, WEIR_F32, 2, SHAPE(3, 2))))));
        weir_optim_step(o), weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    assert_ok(c);
    float first = *(const float *)weir_data(weir_module_state_at(net, 0, NULL, NULL));
    weir_optim_free(o), weir_module_free(net);
    return first;
}

static void a_struct_trains_as_text_does(void **state)
{
    weir_ctx *c = *state;
    weir_adamw_opts o = weir_adamw_defaults();
    o.lr = 0.03, o.weight_decay = 0; /* zero is a value */
    assert_true(trained(c, "lr=0.03 weight_decay=0", NULL) == trained(c, NULL, &o));
    assert_true(trained(c, "lr=0.03", NULL) != trained(c, NULL, &o));
}

static void bad_structs_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_new(c, "linear", "in=2 out=1");
    weir_adam_opts o = weir_adam_defaults();
    o.beta1 = 1;
    weir_optim_new_with(net, "adam", &o);
    assert_fails(c, WEIR_ERROR_RANGE, "beta1=1: expected a value within");
    o = weir_adam_defaults(), o.lr = NAN;
    weir_optim_new_with(net, "adam", &o);
    assert_fails(c, WEIR_ERROR_RANGE, "lr=nan");
    o = weir_adam_defaults(), o.size = 0;
    weir_optim_new_with(net, "adam", &o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "options of size 0");
    o = weir_adam_defaults(), o.size += 4;
    weir_optim_new_with(net, "adam", &o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "optimizer.adam: options of size");
    weir_optim_new_with(net, "adam", NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    weir_module_free(net);
}

static void make(weir_ctx *c)
{
    weir_adam_opts o = weir_adam_defaults();
    weir_module *net = weir_module_new(c, "linear", "in=2 out=1");
    weir_optim_free(weir_optim_new_with(net, "adam", &o));
    weir_module_free(net);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(make);
}

int main(void)
{
    CASES(CASE(defaults_are_the_rows), CASE(a_struct_trains_as_text_does), CASE(bad_structs_are_refused), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
