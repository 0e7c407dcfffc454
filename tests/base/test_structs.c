/* Structs of another size than this library's, from a program built against other headers. Every public one, of every older header, is
 * tried in tests/install/test_abi.sh; here is what a row's options do. */
#include "test.h"

/* Of an older header: an optimizer that knew `lr` alone. */
typedef struct older { size_t size; double lr; } older;

static void a_context_says_so(void **state)
{
    (void)state;
    weir_open_opts o = weir_open_defaults();
    o.size = 12;
    weir_ctx *c = weir_open_with(&o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "open: options of size 12: expected them from weir_open_defaults");
    weir_close(c);
    struct { weir_open_opts known; void *added; } newer = { .known = weir_open_defaults() };
    newer.known.size = sizeof newer;
    c = weir_open_with(&newer.known);
    assert_ok(c);
    weir_close(c);
    newer.added = &newer;
    c = weir_open_with(&newer.known);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected 0 in the fields of a newer header");
    weir_close(c);
}

static void options_of_an_older_header_are_set(void **state)
{
    weir_ctx *c = *state;
    const weir_row *row = weir_row_find(c, "optimizer", "adam");
    older *o = malloc(sizeof *o); /* a sanitizer sees whoever reads or writes on */
    o->size = sizeof *o;
    assert_int_equal(weir_option_set(c, row, o, "lr", "0.25"), WEIR_OK);
    assert_true(o->lr == 0.25);
    weir_option_set(c, row, o, "beta1", "0.5");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "optimizer.adam: beta1: not in a struct of size 16: expected one of size 48");
    weir_options_parse(c, row, o, "lr=0.125 eps=1e-4");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "eps: not in a struct");
    weir_option_set(c, row, o, "beta3", "0.5");
    assert_fails(c, WEIR_ERROR_NAME, "beta1");
    assert_int_equal(weir_options_check(c, row, o), WEIR_OK);
    o->lr = -1;
    weir_options_check(c, row, o);
    assert_fails(c, WEIR_ERROR_RANGE, "lr=-1");
    o->lr = 0.25;
    weir_adam_opts whole;
    assert_int_equal(weir_options_copy(c, row, &whole, o), WEIR_OK);
    assert_true(whole.size == sizeof whole && whole.lr == 0.25 && whole.beta1 == 0.9 && whole.weight_decay == 0);
    char text[256];
    weir_options_text(row, o, text, sizeof text);
    assert_string_equal(text, "lr=0.25 beta1=0.9 beta2=0.999 eps=1e-8 weight_decay=0");
    weir_options_free(c, row, o);
    free(o);
}

static void a_chosen_row_is_made_whole(void **state)
{
    weir_ctx *c = *state;
    const weir_row *run = weir_row_find(c, "train", "run"), *adam = weir_row_find(c, "optimizer", "adam");
    _Alignas(max_align_t) char o[4096];
    assert_true(run && run->options_size <= sizeof o);
    older old = { .size = sizeof old, .lr = 0.25 };
    assert_int_equal(weir_options_defaults(c, run, o), WEIR_OK);
    assert_int_equal(weir_choice_set(c, run, o, "optimizer", adam, &old), WEIR_OK);
    char text[4096];
    weir_options_text(run, o, text, sizeof text);
    assert_non_null(strstr(text, "optimizer=adam optimizer.lr=0.25 optimizer.beta1=0.9 "));
    weir_options_free(c, run, o);
}

static void every_allocation(weir_ctx *c)
{
    const weir_row *row = weir_row_find(c, "optimizer", "adam");
    older old = { .size = sizeof old, .lr = 0.25 };
    weir_adam_opts whole;
    if (weir_options_copy(c, row, &whole, &old) == WEIR_OK) weir_options_free(c, row, &whole);
    weir_module *net = weir_module_new(c, "linear", "in=2 out=1");
    weir_optim_free(weir_optim_new_with(net, "adam", &old));
    weir_module_free(net);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(every_allocation);
}

int main(void)
{
    CASES(CASE(a_context_says_so), CASE(options_of_an_older_header_are_set), CASE(a_chosen_row_is_made_whole), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
