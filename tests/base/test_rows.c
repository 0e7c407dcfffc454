/* Rows and options: every kind's rows are public, documented and configurable as declared. */
#include <inttypes.h>
#include "test.h"
#include "train/train.h"

static void every_row_is_whole(void **state)
{
    weir_ctx *c = *state;
    assert_true(weir_kind_count(c) >= 9);
    for (int64_t k = 0; k < weir_kind_count(c); k++) {
        const char *kind = weir_kind_at(c, k);
        assert_true(weir_row_count(c, kind) > 0);
        for (int64_t i = 0; i < weir_row_count(c, kind); i++) {
            const weir_row *r = weir_row_at(c, kind, i);
            size_t n = strlen(kind);
            if (strncmp(r->name, kind, n) || r->name[n] != '.' || strchr(r->name + n + 1, '.') || !r->name[n + 1]) fail_msg("%s: name is not %s.name", r->name, kind);
            if (!r->doc || strlen(r->doc) < 3) fail_msg("%s has no doc line", r->name);
            if (r->size < sizeof *r || r->version != 1) fail_msg("%s: size or version", r->name);
            if (!r->test && strcmp(kind, "op")) fail_msg("%s has no test input", r->name);
            for (int64_t j = 0; j < i; j++)
                if (!strcmp(r->name, weir_row_at(c, kind, j)->name)) fail_msg("%s twice", r->name);
            assert_ptr_equal(weir_row_find(c, kind, r->name), r);
        }
    }
    assert_ok(c);
}

/* At its default, smallest and largest the option is accepted and reads back to the same bits; just outside it is refused. */
static void option_holds_its_range(weir_ctx *c, const weir_row *r, const weir_option *o, void *opts)
{
    char text[4096], again[4096];
    if (!o->doc || strlen(o->doc) < 3) fail_msg("%s: %s has no doc line", r->name, o->name);
    weir_option_text(o, opts, text, sizeof text);
    const double ends[] = { o->min, o->max };
    for (int e = 0; e < 2 && (o->type == WEIR_OPTION_INT || o->type == WEIR_OPTION_REAL); e++) {
        if (isinf(ends[e]) || fabs(ends[e]) > 1e15) continue;
        snprintf(again, sizeof again, "%.17g", ends[e]);
        if (weir_option_set(c, r, opts, o->name, again)) fail_msg("%s", weir_message(c));
        double beyond = o->type == WEIR_OPTION_INT ? ends[e] + (e ? 1 : -1) : nextafter(ends[e], e ? INFINITY : -INFINITY);
        snprintf(again, sizeof again, "%.17g", beyond);
        if (o->choices && e == 0) continue; /* a word may stand for a number below the least: auto=-1 */
        if (!weir_option_set(c, r, opts, o->name, again)) fail_msg("%s: %s=%s was accepted", r->name, o->name, again);
        weir_clear(c);
    }
    if (weir_option_set(c, r, opts, o->name, text)) fail_msg("%s", weir_message(c));
    weir_option_text(o, opts, again, sizeof again);
    assert_string_equal(text, again);
}

static void row_holds_its_ranges(weir_ctx *c, const weir_row *r)
{
    if (!r->options) return;
    char *opts = calloc(1, r->options_size);
    if (weir_options_defaults(c, r, opts)) fail_msg("%s: defaults: %s", r->name, weir_message(c));
    for (const weir_option *o = r->options; o->name; o++) option_holds_its_range(c, r, o, opts);
    weir_options_free(c, r, opts);
    free(opts);
}

static void options_hold_their_ranges(void **state)
{
    weir_ctx *c = *state;
    for (int64_t k = 0; k < weir_kind_count(c); k++)
        for (int64_t i = 0; i < weir_row_count(c, weir_kind_at(c, k)); i++) row_holds_its_ranges(c, weir_row_at(c, weir_kind_at(c, k), i));
}

static void unknown_names_suggest_the_nearest(void **state)
{
    weir_ctx *c = *state;
    assert_null(weir_row_find(c, "optimizer", "adamv"));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps adam");
    const weir_row *r = weir_row_find(c, "optimizer", "adam");
    char opts[4096];
    assert_int_equal(weir_options_defaults(c, r, opts), WEIR_OK);
    weir_options_parse(c, r, opts, "lt=1e-3");
    assert_fails(c, WEIR_ERROR_NAME, "perhaps lr");
    weir_options_parse(c, r, opts, "lr=fast");
    assert_fails(c, WEIR_ERROR_RANGE, "expected a number");
    weir_options_parse(c, r, opts, "lr=nan");
    assert_fails(c, WEIR_ERROR_RANGE, "within");
    weir_options_parse(c, r, opts, "lr");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "name=value");
}

static double halved(const void *options, double lr, int64_t step, int64_t horizon)
{
    (void)options, (void)step, (void)horizon;
    return lr / 2;
}
static const weir_schedule_row outside = {
    .row = { .size = sizeof outside, .version = 1, .name = "schedule.mine", .doc = "a row from outside", .test = "" }, .rate = halved,
};
#define mine outside.row
/* The common part alone, where the library will look for more. */
static const weir_row torn = { .size = sizeof torn, .version = 1, .name = "schedule.torn", .doc = "half a row", .test = "" };

static void rows_register_with_one_context(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    int64_t n = weir_row_count(c, "schedule");
    assert_int_equal(weir_row_register(c, &mine), WEIR_OK);
    assert_int_equal(weir_row_count(c, "schedule"), n + 1);
    assert_ptr_equal(weir_row_at(c, "schedule", n), &mine);
    assert_ptr_equal(weir_row_find(c, "schedule", "mine"), &mine);
    weir_row_register(c, &mine);
    assert_fails(c, WEIR_ERROR_NAME, "not taken");
    weir_row_register(c, &torn);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "schedule.torn");
    assert_null(weir_row_find(other, "schedule", "mine"));
    weir_close(other);
}

int main(void)
{
    CASES(CASE(every_row_is_whole), CASE(options_hold_their_ranges), CASE(unknown_names_suggest_the_nearest), CASE(rows_register_with_one_context));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
