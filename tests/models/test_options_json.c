/* Options as JSON: through the parser of text, at every depth, and back to the same bits. */
#include "../base/options_rows.h"
#include "models/models.h"

static int open_rows(void **state)
{
    *state = weir_open(1);
    register_rows(*state);
    return weir_ok(*state) ? 0 : -1;
}
#define ROWS_CASE(f) cmocka_unit_test_setup_teardown(f, open_rows, test_close)

static json_t *json_of(const char *text)
{
    json_error_t e;
    json_t *o = json_loads(text, JSON_DECODE_ANY, &e);
    if (!o) fail_msg("%s: %s", text, e.text);
    return o;
}

/* `json` says what `text` says. */
static void says(weir_ctx *c, const char *json, const char *text)
{
    void *a = weir__options_new(c, &outer_row), *b = weir__options_new(c, &outer_row);
    json_t *o = json_of(json);
    weir__difference d;
    weir__options_from_json(c, &outer_row, a, o, "test");
    if (!weir_ok(c)) fail_msg("%s: %s", json, weir_message(c));
    weir_options_parse(c, &outer_row, b, text);
    assert_ok(c);
    if (weir__options_differ(&outer_row, a, b, &d)) fail_msg("%s: %s=%s, expected %s", json, d.key, d.a, d.b);
    json_decref(o);
    weir__options_delete(c, &outer_row, a);
    weir__options_delete(c, &outer_row, b);
}

static void refuses(weir_ctx *c, const char *json, const char *message)
{
    void *a = weir__options_new(c, &outer_row);
    json_t *o = json_of(json);
    weir__options_from_json(c, &outer_row, a, o, "test");
    if (weir_ok(c)) fail_msg("%s was accepted", json);
    if (!strstr(weir_message(c), message)) fail_msg("%s: %s", json, weir_message(c));
    weir_clear(c);
    json_decref(o);
    weir__options_delete(c, &outer_row, a);
}

static void objects_are_keys(void **state)
{
    weir_ctx *c = *state;
    says(c, "{}", "");
    says(c, "{\"net\": {\"name\": \"deep\", \"width\": 3, \"block\": {\"name\": \"leaf\", \"heads\": 5}}}", "net.width=3 net.block.heads=5");
    says(c, "{\"net\": {\"heads\": 5, \"name\": \"leaf\"}}", "net=leaf net.heads=5");
    says(c, "{\"net\": \"leaf\"}", "net=leaf");
    says(c, "{\"net\": \"leaf heads=3\"}", "net=leaf net.heads=3");
    says(c, "{\"net.block.heads\": 5, \"net\": {\"width\": 2}}", "net.block.heads=5 net.width=2");
    says(c, "{\"net\": {}}", "");
    says(c, "{\"train\": {\"steps\": 3}, \"net\": {\"trace\": 4}}", "train.steps=3 net.trace=4");
    says(c, "{\"train\": {\"steps\": \"auto\"}}", "train.steps=auto");
    says(c, "{\"train\": {\"steps\": -1}}", "train.steps=auto");
    says(c, "{\"shape\": [1, 2], \"rate\": 0.25, \"fast\": true, \"data\": \"a b\", \"dim\": \"7\"}", "shape=1,2 rate=0.25 fast=yes data=\"a b\" dim=7");
    says(c, "{\"data\": 5}", "data=5");
    says(c, "{\"net\": {\"name\": \"leaf\", \"scales\": [1, 0.5], \"tags\": [\"a,b\", \"c\"], \"tail\": \"inf\"}}",
         "net=leaf net.scales=1,0.5 net.tags=\"\\\"a,b\\\",c\" net.tail=inf");
    says(c, "{\"net\": {\"name\": \"leaf\", \"scales\": [], \"tags\": []}}", "net=leaf net.scales= net.tags=");
}

static void arrays_are_lists_of_rows(void **state)
{
    weir_ctx *c = *state;
    says(c, "{\"flow\": [\"leaf\", \"deep\"]}", "flow=leaf,deep");
    says(c, "{\"flow\": [{\"name\": \"leaf\", \"heads\": 3}, {\"name\": \"deep\", \"parts\": [{\"name\": \"leaf\"}]}]}",
         "flow=leaf,deep flow.0.heads=3 flow.1.parts=leaf");
    says(c, "{\"flow\": [\"leaf\", {\"name\": \"leaf\", \"heads\": 3}]}", "flow=leaf,leaf flow.1.heads=3");
    says(c, "{\"flow\": []}", "flow=");
}

static void old_names_are_read(void **state)
{
    weir_ctx *c = *state;
    says(c, "{\"network\": {\"name\": \"blade\", \"number_of_heads\": 3}}", "net=leaf net.heads=3");
    says(c, "{\"network.name\": \"deep\", \"network.cell.heads\": 3, \"net.gone\": 3}", "net.block.heads=3");
}

static void mistakes_are_named(void **state)
{
    weir_ctx *c = *state;
    refuses(c, "[1]", "test: model.outer: expected a JSON object");
    refuses(c, "{\"net\": null}", "net: expected a number, a text");
    refuses(c, "{\"net\": {\"block\": {\"heads\": null}}}", "net.block.heads: expected a number");
    refuses(c, "{\"net\": {\"widht\": 3}}", "unknown option net.widht: expected perhaps net.width");
    refuses(c, "{\"flow\": [{\"heads\": 3}]}", "flow: expected");
    refuses(c, "{\"flow\": [3, \"leaf\"]}", "flow: expected");
    refuses(c, "{\"shape\": [1, \"2\"]}", "shape: expected");
    refuses(c, "{\"shape\": [\"1\", \"2\"]}", "shape=\"1\",\"2\": expected up to 32 integers");
    refuses(c, "{\"shape\": [1, 2.5]}", "shape=1,2.5");
    refuses(c, "{\"\": 3}", "expected a number");
    refuses(c, "{\"net\": {\"\": 3}}", "expected a number");
    refuses(c, "{\"dim\": true}", "dim=yes: expected an integer");
    char deep[6000] = "";
    for (int i = 0; i < 200; i++) strcat(deep, "{\"net\":");
    strcat(deep, "1");
    for (int i = 0; i < 200; i++) strcat(deep, "}");
    refuses(c, deep, "expected one of 1 to 511 bytes");
}

static void row_comes_back(dice *d, const weir_row *row)
{
    weir_ctx *c = d->c;
    void *opts = weir__options_new(c, row), *read = weir__options_new(c, row);
    weir__difference difference;
    roll_options(d, row, opts, NULL, 0);
    json_t *o = weir__options_to_json(c, row, opts);
    assert_ok(c);
    char *text = json_dumps(o, JSON_REAL_PRECISION(17));
    json_t *again = json_of(text);
    weir__options_from_json(c, row, read, again, "test");
    if (!weir_ok(c)) fail_msg("%s: %s: %s", row->name, text, weir_message(c));
    if (weir__options_differ(row, opts, read, &difference)) fail_msg("%s: %s: %s=%s became %s", row->name, text, difference.key, difference.a, difference.b);
    json_t *same = weir__options_to_json(c, row, read);
    assert_true(json_equal(same, o));
    json_decref(same);
    json_decref(again);
    json_decref(o);
    free(text);
    weir__options_delete(c, row, opts);
    weir__options_delete(c, row, read);
}

static void every_row_comes_back_from_json(void **state)
{
    dice d = { *state, 0 };
    int64_t blocks = weir_memory(d.c).live_blocks;
    for (int64_t k = 0; k < weir_kind_count(d.c); k++)
        for (int64_t i = 0; i < weir_row_count(d.c, weir_kind_at(d.c, k)); i++)
            for (int times = 0; times < 5; times++) row_comes_back(&d, weir_row_at(d.c, weir_kind_at(d.c, k), i));
    for (int times = 0; times < 300; times++) row_comes_back(&d, &outer_row);
    assert_int_equal(weir_memory(d.c).live_blocks, blocks);
}

static void everything(weir_ctx *c)
{
    register_rows(c);
    void *opts = weir_ok(c) ? weir__options_new(c, &outer_row) : NULL;
    json_t *o = json_of("{\"net\": {\"name\": \"leaf\", \"scales\": [1, 2], \"tags\": [\"a\"]}, \"flow\": [{\"name\": \"deep\", \"width\": 3}]}");
    if (opts) weir__options_from_json(c, &outer_row, opts, o, "test");
    json_decref(o);
    if (weir_ok(c)) json_decref(weir__options_to_json(c, &outer_row, opts));
    weir__options_delete(c, &outer_row, opts);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        ROWS_CASE(objects_are_keys),
        ROWS_CASE(arrays_are_lists_of_rows),
        ROWS_CASE(old_names_are_read),
        ROWS_CASE(mistakes_are_named),
        ROWS_CASE(every_row_comes_back_from_json),
        cmocka_unit_test(every_allocation),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
