/* Options that choose rows, at every depth: text in, text out, structs, old names, mistakes, memory. */
#include "options_rows.h"

static int open_rows(void **state)
{
    *state = weir_open(1);
    register_rows(*state);
    return weir_ok(*state) ? 0 : -1;
}

/* Every block that options took is back. */
static int close_rows(void **state)
{
    weir_close(*state);
    return 0;
}
#define ROWS_CASE(f) cmocka_unit_test_setup_teardown(f, open_rows, close_rows)

static outer_opts parsed(weir_ctx *c, const char *text)
{
    outer_opts o;
    assert_int_equal(weir_options_defaults(c, &outer_row, &o), WEIR_OK);
    weir_options_parse(c, &outer_row, &o, text);
    return o;
}

static void gives(weir_ctx *c, const char *text, const char *expected)
{
    char printed[4096];
    outer_opts o = parsed(c, text);
    if (!weir_ok(c)) fail_msg("%s: %s", text, weir_message(c));
    int64_t n = weir_options_text(&outer_row, &o, printed, sizeof printed);
    assert_int_equal(n, (int64_t)strlen(printed));
    if (!strstr(printed, expected)) fail_msg("%s: %s lacks %s", text, printed, expected);
    weir_options_free(c, &outer_row, &o);
}

static void refuses(weir_ctx *c, const char *text, weir_status status, const char *message)
{
    int64_t blocks = weir_memory(c).live_blocks;
    outer_opts o = parsed(c, text);
    if (weir_ok(c)) fail_msg("%s was accepted", text);
    if (!strstr(weir_message(c), message)) fail_msg("%s: %s", text, weir_message(c));
    assert_int_equal(weir_status_of(c), status);
    weir_clear(c);
    weir_options_free(c, &outer_row, &o);
    assert_int_equal(weir_memory(c).live_blocks, blocks);
}

/* -- choosing --------------------------------------------------------------------------------------------- */
static void defaults_reach_down(void **state)
{
    gives(*state, "", "dim=0 dtype=f32 fast=no rate=0.001 shape= data= net=deep net.width=16 net.label=plain net.block=leaf "
                      "net.block.heads=4 net.block.tail=inf net.block.scales=0.5,2 net.block.tags=a,b net.parts= net.trace=0 "
                      "optional= flow= train.steps=10");
}

static void rows_are_chosen_and_set(void **state)
{
    weir_ctx *c = *state;
    gives(c, "net.block.heads=9", "net.block.heads=9");
    gives(c, "net=leaf net.heads=7", "net=leaf net.heads=7 net.tail=inf");
    gives(c, "net.heads=7 net=leaf", "net=leaf net.heads=7"); /* names first */
    gives(c, "net.name=leaf", "net=leaf net.heads=2");         /* the option's default goes with its own row alone */
    gives(c, "net=network.leaf", "net=leaf");
    gives(c, "net=\"leaf heads=3 tags=x\" net.tail=2", "net=leaf net.heads=3 net.tail=2 net.scales=0.5,2 net.tags=x");
    gives(c, "net=\"deep block=\\\"leaf heads=3\\\" width=2\"", "net.width=2 net.label=plain net.block=leaf net.block.heads=3");
    gives(c, "net.block=deep net.block.block=deep net.block.block.block.heads=5 net.block.block.block=leaf",
          "net.block.block.block=leaf net.block.block.block.heads=5");
    gives(c, "optional=leaf optional.heads=6", "optional=leaf optional.heads=6");
    gives(c, "optional=leaf optional=", "optional= flow=");
    gives(c, "net.trace=4 train.steps=20", "net.trace=4");
}

/* Another row begins anew; the same keeps what was said of it. */
static void replacing_drops_what_was_said(void **state)
{
    weir_ctx *c = *state;
    outer_opts o = parsed(c, "net.width=99 net.block.heads=9");
    weir_options_parse(c, &outer_row, &o, "net=deep net.label=x");
    assert_int_equal(((deep_opts *)o.net.options)->width, 99);
    weir_options_parse(c, &outer_row, &o, "net=leaf");
    assert_int_equal(((leaf_opts *)o.net.options)->heads, 2);
    weir_options_parse(c, &outer_row, &o, "net=deep");
    assert_int_equal(((deep_opts *)o.net.options)->width, 16);
    assert_string_equal(((deep_opts *)o.net.options)->label, "plain");
    assert_ok(c);
    weir_options_free(c, &outer_row, &o);
}

static void lists_of_rows(void **state)
{
    weir_ctx *c = *state;
    gives(c, "flow=leaf,deep flow.0.heads=3 flow.1.block.heads=5", "flow=leaf,deep flow.0.heads=3");
    gives(c, "flow=leaf,deep flow.1.block.heads=5", "flow.1.block=leaf flow.1.block.heads=5");
    gives(c, "flow.0=leaf flow.1=\"leaf heads=4\" flow.2.name=deep", "flow=leaf,leaf,deep flow.0.heads=2");
    gives(c, "flow=\"leaf,leaf 1.heads=4 0.heads=3\"", "flow=leaf,leaf flow.0.heads=3");
    gives(c, "flow=leaf,deep flow=", "flow= train");
    gives(c, "net.parts=deep net.parts.0.parts=leaf net.parts.0.parts.0.heads=8", "net.parts.0.parts.0.heads=8");
    outer_opts o = parsed(c, "flow=leaf,leaf,leaf flow.0.heads=5 flow.1.heads=6");
    weir_options_parse(c, &outer_row, &o, "flow=leaf,deep");
    assert_int_equal(o.flow.n, 2);
    assert_int_equal(((leaf_opts *)o.flow.at[0].options)->heads, 5); /* said again */
    assert_string_equal(o.flow.at[1].row->name, "network.deep");
    weir_options_free(c, &outer_row, &o);
}

static void long_and_quoted_values(void **state)
{
    weir_ctx *c = *state;
    char text[3000] = "data=", expected[3000];
    memset(text + 5, 'x', 2000);
    gives(c, text, text);
    snprintf(text, sizeof text, "data=\"a b \\\"c\\\" \\\\d\" fast=yes");
    gives(c, text, "data=\"a b \\\"c\\\" \\\\d\" net");
    outer_opts o = parsed(c, text);
    assert_string_equal(o.data, "a b \"c\" \\d");
    weir_options_free(c, &outer_row, &o);
    gives(c, "data=C:\\x\\y", "data=C:\\x\\y net"); /* outside quotes a backslash is itself */
    gives(c, "net=\"leaf tags=\\\"one\\\",\\\"t w o\\\"\"", "net.tags=\"one,\\\"t w o\\\"\"");
    gives(c, "net=leaf net.tags=\"a,b\"", "net.tags=a,b"); /* one pair of quotes is the value's */
    gives(c, "net=leaf net.tags=", "net.tags= net.trace");
    gives(c, "net=leaf net.scales=1,-2.5,1e-3", "net.scales=1,-2.5,0.001");
    gives(c, "net=leaf net.scales=", "net.scales= net.tags");
    snprintf(text, sizeof text, "net=leaf net.scales=0.1");
    for (int i = 0; i < 400; i++) strcat(text, ",0.2"); /* any number of them */
    snprintf(expected, sizeof expected, "%s net.tags", strchr(text, ' ') + 1);
    gives(c, text, expected);
}

/* -- old names ----------------------------------------------------------------------------------------------- */
static void old_names_are_read(void **state)
{
    weir_ctx *c = *state;
    assert_ptr_equal(weir_row_find(c, "network", "blade"), &leaf_row.row);
    assert_ptr_equal(weir_row_find(c, "network", "network.needle"), &leaf_row.row);
    gives(c, "net=blade net.number_of_heads=3", "net=leaf net.heads=3");
    gives(c, "network=needle", "net=leaf");
    gives(c, "network.name=leaf network.heads=5", "net=leaf net.heads=5");
    gives(c, "network.cell.number_of_heads=6", "net.block.heads=6");
    gives(c, "net.cell_heads=7 old_steps=3", "net.block.heads=7");
    gives(c, "old_steps=3", "train.steps=3");
    refuses(c, "net.gone=1", WEIR_ERROR_NAME, "unknown option net.gone");
    weir__assignments a = { .c = c, .where = "file", .file = true };
    outer_opts o = parsed(c, "");
    assert_int_equal(weir__assignments_text(&a, "net.gone=1 net.width=3"), WEIR_OK);
    assert_int_equal(weir__assignments_apply(&a, &outer_row, &o), WEIR_OK);
    assert_int_equal(((deep_opts *)o.net.options)->width, 3);
    weir__assignments_free(&a);
    weir_options_free(c, &outer_row, &o);
}

/* -- integers that words stand for ------------------------------------------------------------- */
static void words_for_integers(void **state)
{
    weir_ctx *c = *state;
    gives(c, "train.steps=auto", "train.steps=auto");
    gives(c, "train.steps=never", "train.steps=never");
    gives(c, "train.steps=-1", "train.steps=auto");
    gives(c, "train.steps=7", "train.steps=7");
    outer_opts o = parsed(c, "train.steps=never");
    assert_int_equal(o.steps, -2);
    assert_int_equal(weir_options_check(c, &outer_row, &o), WEIR_OK);
    o.steps = -3;
    weir_options_check(c, &outer_row, &o);
    assert_fails(c, WEIR_ERROR_RANGE, "train.steps=-3: expected a value within [1, 1000000000], or auto");
    weir_options_free(c, &outer_row, &o);
    refuses(c, "train.steps=aut", WEIR_ERROR_RANGE, "train.steps=aut: expected an integer, or auto");
    refuses(c, "train.steps=auto=-1", WEIR_ERROR_RANGE, "expected an integer, or auto");
    refuses(c, "train.steps=0", WEIR_ERROR_RANGE, "within [1, 1000000000], or auto");
    refuses(c, "dim=auto", WEIR_ERROR_RANGE, "dim=auto: expected an integer");
}

/* -- mistakes --------------------------------------------------------------------------------------------------- */
static void mistakes_name_the_whole_key(void **state)
{
    weir_ctx *c = *state;
    refuses(c, "dimm=3", WEIR_ERROR_NAME, "model.outer: unknown option dimm: expected perhaps dim");
    refuses(c, "net.widht=3", WEIR_ERROR_NAME, "unknown option net.widht: expected perhaps net.width");
    refuses(c, "net.block.haeds=3", WEIR_ERROR_NAME, "unknown option net.block.haeds: expected perhaps net.block.heads");
    refuses(c, "nte.width=3", WEIR_ERROR_NAME, "unknown option nte.width: expected perhaps net.width");
    refuses(c, "heads=3", WEIR_ERROR_NAME, "expected perhaps net.block.heads");
    refuses(c, "flow=deep flow.0.block.haeds=3", WEIR_ERROR_NAME, "expected perhaps flow.0.block.heads");
    refuses(c, "net.block.heads=0", WEIR_ERROR_RANGE, "net.block.heads=0: expected a value within [1, 64]");
    refuses(c, "net=\"deep block.heads=x\"", WEIR_ERROR_RANGE, "net.block.heads=x: expected an integer");
    refuses(c, "flow=leaf flow.0.scales=1,20", WEIR_ERROR_RANGE, "flow.0.scales=1,20: expected a value within [-10, 10]");
    refuses(c, "flow=\"leaf,leaf 1.heads=99\"", WEIR_ERROR_RANGE, "flow.1.heads=99: expected a value within");
    refuses(c, "flow=\"leaf,leaf 2.heads=9\"", WEIR_ERROR_RANGE, "flow=leaf,leaf 2.heads=9");
    refuses(c, "net=depe", WEIR_ERROR_NAME, "net: unknown network: depe: expected one that `weir list network` shows, perhaps deep");
    refuses(c, "net.block=laef", WEIR_ERROR_NAME, "net.block: unknown network: laef");
    refuses(c, "flow=leaf,,leaf", WEIR_ERROR_RANGE, "flow=leaf,,leaf");
    refuses(c, "flow=leaf,", WEIR_ERROR_RANGE, "flow=leaf,");
    refuses(c, "flow.3=leaf", WEIR_ERROR_NAME, "flow.0=NAME adds one");
    refuses(c, "flow=leaf flow.1.heads=3", WEIR_ERROR_NAME, "an index below 1");
    refuses(c, "flow.x=leaf", WEIR_ERROR_NAME, "flow.x");
    refuses(c, "optional.heads=3", WEIR_ERROR_NAME, "optional=NAME");
    refuses(c, "net=", WEIR_ERROR_NAME, "unknown network");
    refuses(c, "net=leaf net.tags=a,", WEIR_ERROR_RANGE, "net.tags=a,");
    refuses(c, "net=leaf net.tags=\"\\\"a\"", WEIR_ERROR_RANGE, "every quote closed");
    refuses(c, "net=leaf net.scales=1,,2", WEIR_ERROR_RANGE, "numbers separated by commas");
    refuses(c, "net=leaf net.scales=nan", WEIR_ERROR_RANGE, "net.scales=nan");
    refuses(c, "data=\"a b", WEIR_ERROR_ARGUMENT, "closing quote");
    refuses(c, "shape=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33", WEIR_ERROR_RANGE, "32 integers");
    char key[700] = "";
    while (strlen(key) < 600) strcat(key, "net.");
    strcat(key, "x=1");
    refuses(c, key, WEIR_ERROR_NAME, "expected one of 1 to 511 bytes");
}

static void chosen_without_options(void **state)
{
    weir_ctx *c = *state;
    static const weir_option options[] = { { "path", WEIR_OPTION_ROW, sizeof(size_t), "trig", 0, 0, "path", "a row without options" }, { 0 } };
    static const weir_row row = { .size = sizeof row, .version = 1, .name = "model.bare", .doc = "a test", .options = options,
                                  .options_size = sizeof(size_t) + sizeof(weir_choice), .test = "" };
    char opts[sizeof(size_t) + sizeof(weir_choice)], text[64];
    assert_int_equal(weir_options_defaults(c, &row, opts), WEIR_OK);
    weir_options_text(&row, opts, text, sizeof text);
    assert_string_equal(text, "path=trig");
    weir_option_set(c, &row, opts, "path.sigma", "1");
    assert_fails(c, WEIR_ERROR_NAME, "model.bare: unknown option path.sigma: expected none, path.trig has no options");
    weir_options_free(c, &row, opts);
}

/* -- structs --------------------------------------------------------------------------------------------------- */
static void structs_choose_rows(void **state)
{
    weir_ctx *c = *state;
    double scales[2] = { 1, 3 };
    char x[] = "x", *tags[1] = { x };
    leaf_opts leaf = { .size = sizeof leaf, .in = 2, .heads = 11, .tail = 1, .scales = { 2, scales }, .tags = { 1, tags } };
    outer_opts o = parsed(c, "");
    assert_int_equal(weir_choice_set(c, &outer_row, &o, "net", &leaf_row.row, &leaf), WEIR_OK);
    assert_int_equal(weir_choice_set(c, &outer_row, &o, "flow.0", &deep_row.row, NULL), WEIR_OK);
    assert_int_equal(weir_choice_set(c, &outer_row, &o, "flow.0.block", &leaf_row.row, &leaf), WEIR_OK);
    char text[2048];
    weir_options_text(&outer_row, &o, text, sizeof text);
    assert_non_null(strstr(text, "net=leaf net.heads=11 net.tail=1 net.scales=1,3 net.tags=x"));
    assert_non_null(strstr(text, "flow.0.block.heads=11"));
    assert_int_equal(weir_options_check(c, &outer_row, &o), WEIR_OK);
    leaf.heads = 65;
    weir_choice_set(c, &outer_row, &o, "net", &leaf_row.row, &leaf);
    assert_fails(c, WEIR_ERROR_RANGE, "model.outer: net.heads=65: expected a value within [1, 64]");
    weir_choice_set(c, &outer_row, &o, "net.heads", &leaf_row.row, &leaf);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "net.heads");
    ((leaf_opts *)((deep_opts *)o.flow.at[0].options)->block.options)->heads = 0;
    weir_options_check(c, &outer_row, &o);
    assert_fails(c, WEIR_ERROR_RANGE, "flow.0.block.heads=0");
    ((leaf_opts *)((deep_opts *)o.flow.at[0].options)->block.options)->size = 12;
    weir_options_check(c, &outer_row, &o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "flow.0.block: options of size 12");
    ((leaf_opts *)((deep_opts *)o.flow.at[0].options)->block.options)->size = sizeof(leaf_opts);
    weir_choice_set(c, &outer_row, &o, "net", weir_row_find(c, "path", "fm"), NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected a row of kind network");
    outer_opts hand = { .size = sizeof hand, .steps = 1 }; /* by hand, borrowing: texts may be NULL, rows may not */
    weir_options_check(c, &outer_row, &hand);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "net");
    leaf.heads = 3;
    hand.net = (weir_choice){ .row = &leaf_row.row, .options = &leaf };
    assert_int_equal(weir_options_check(c, &outer_row, &hand), WEIR_OK);
    outer_opts own;
    assert_int_equal(weir_options_copy(c, &outer_row, &own, &hand), WEIR_OK);
    assert_string_equal(own.data, "");
    assert_int_equal(((leaf_opts *)own.net.options)->heads, 3);
    weir_options_free(c, &outer_row, &own);
    weir_options_free(c, &outer_row, &o);
    assert_ok(c);
}

/* dtype is said once: rows that are chosen take their chooser's, unless they say another. */
static void choosers_give_what_nobody_said(void **state)
{
    weir_ctx *c = *state;
    outer_opts o = parsed(c, "dtype=f64 flow=deep,leaf flow.1.dtype=f32");
    assert_int_equal(weir__options_settle(c, &outer_row, &o), WEIR_OK);
    deep_opts *net = o.net.options, *first = o.flow.at[0].options;
    assert_int_equal(net->dtype, 1);
    assert_int_equal(((leaf_opts *)net->block.options)->dtype, 1);
    assert_int_equal(((leaf_opts *)first->block.options)->dtype, 1);
    assert_int_equal(((leaf_opts *)o.flow.at[1].options)->dtype, 0);
    char text[2048];
    weir_options_text(&outer_row, &o, text, sizeof text);
    assert_null(strstr(text, "net.dtype")); /* nobody said it */
    assert_non_null(strstr(text, "flow.1.dtype=f32"));
    weir_choice *leaf = &((deep_opts *)o.net.options)->block;
    assert_int_equal(weir__choice_give(c, &outer_row, "net.block", leaf, "in", "7"), WEIR_OK);
    assert_int_equal(((leaf_opts *)leaf->options)->in, 7);
    assert_int_equal(weir__choice_give(c, &outer_row, "net.block", leaf, "absent", "7"), WEIR_OK);
    weir_option_set(c, &outer_row, &o, "net.block.in", "5");
    weir__choice_give(c, &outer_row, "net.block", leaf, "in", "7");
    assert_fails(c, WEIR_ERROR_RANGE, "net.block.in=5: expected 7");
    weir_options_free(c, &outer_row, &o);
    leaf_opts said = { .size = sizeof said, .in = 2, .heads = 1, .dtype = 1 };
    o = parsed(c, "");
    weir_choice_set(c, &outer_row, &o, "net", &leaf_row.row, &said); /* a struct says what is not at its default */
    weir__options_settle(c, &outer_row, &o);
    assert_int_equal(((leaf_opts *)o.net.options)->dtype, 1);
    weir_options_free(c, &outer_row, &o);
}

/* -- every row there is ----------------------------------------------------------------------------------------- */
static void same(weir_ctx *c, const weir_row *row, const void *a, const void *b, const char *what)
{
    weir__difference d;
    if (!weir_ok(c)) fail_msg("%s: %s: %s", row->name, what, weir_message(c));
    if (weir__options_differ(row, a, b, &d)) fail_msg("%s: %s: %s=%s became %s", row->name, what, d.key, d.a, d.b);
}

static void row_comes_back(dice *d, const weir_row *row)
{
    weir_ctx *c = d->c;
    void *opts = weir__options_new(c, row);
    roll_options(d, row, opts, NULL, 0);
    assert_int_equal(weir_options_check(c, row, opts), WEIR_OK);
    int64_t n = weir_options_text(row, opts, NULL, 0);
    char *text = malloc((size_t)n + 1), *again = malloc((size_t)n + 1), small[10];
    assert_int_equal(weir_options_text(row, opts, text, (size_t)n + 1), n);
    assert_int_equal(weir_options_text(row, opts, small, sizeof small), n);
    assert_int_equal(strlen(small), n < 9 ? n : 9);
    void *read = weir__options_new(c, row);
    weir_options_parse(c, row, read, text);
    same(c, row, opts, read, text);
    assert_int_equal(weir_options_text(row, read, again, (size_t)n + 1), n);
    assert_string_equal(text, again);
    void *copy = weir__options_clone(c, row, opts);
    same(c, row, opts, copy, "copy");
    weir__options_delete(c, row, opts);
    assert_int_equal(weir_options_text(row, copy, again, (size_t)n + 1), n);
    assert_string_equal(text, again);
    for (const weir_option *o = row->options; o && o->name; o++) { /* one by one, rows with all that belongs to them */
        int bytes = weir_option_text(o, copy, NULL, 0) + 1;
        char *value = malloc((size_t)bytes);
        weir_option_text(o, copy, value, (size_t)bytes);
        if (weir_option_set(c, row, read, o->name, value)) fail_msg("%s: %s", value, weir_message(c));
        same(c, row, read, copy, value);
        free(value);
    }
    weir__options_delete(c, row, read);
    weir__options_delete(c, row, copy);
    free(text);
    free(again);
}

static void every_row_comes_back_from_text(void **state)
{
    dice d = { *state, 0 };
    int64_t blocks = weir_memory(d.c).live_blocks;
    for (int64_t k = 0; k < weir_kind_count(d.c); k++)
        for (int64_t i = 0; i < weir_row_count(d.c, weir_kind_at(d.c, k)); i++)
            for (int times = 0; times < 5; times++) row_comes_back(&d, weir_row_at(d.c, weir_kind_at(d.c, k), i));
    for (int times = 0; times < 300; times++) row_comes_back(&d, &outer_row);
    assert_int_equal(weir_memory(d.c).live_blocks, blocks);
}

/* `given` and `renamed` speak of options that are there, the first of them among the 64 that have a bit. */
static void lists_of_names_are_true(void **state)
{
    weir_ctx *c = *state;
    for (int64_t k = 0; k < weir_kind_count(c); k++)
        for (int64_t i = 0; i < weir_row_count(c, weir_kind_at(c, k)); i++) {
            const weir_row *row = weir_row_at(c, weir_kind_at(c, k), i);
            int64_t given = row->given && row->given[0], found = 0;
            for (const char *p = row->given; p && *p; p++) given += *p == '|';
            for (const weir_option *o = row->options; o && o->name; o++)
                if (weir__is_given(row, o) && o - row->options < 64) found++;
            if (given != found) fail_msg("%s: given=%s", row->name, row->given);
            char list[1024], *word, *save = NULL;
            void *opts = weir__options_new(c, row);
            assert_true(snprintf(list, sizeof list, "%s", row->renamed ? row->renamed : "") < (int)sizeof list);
            for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                const char *to = strchr(word, '=');
                weir__place p;
                if (!to) fail_msg("%s: renamed: %s", row->name, word);
                if (to[1] && !weir__place_find(row, opts, to + 1, &p)) fail_msg("%s: renamed: no %s", row->name, to + 1);
            }
            weir__options_delete(c, row, opts);
        }
}

/* -- memory ------------------------------------------------------------------------------------------------------ */
static void everything(weir_ctx *c)
{
    leaf_opts leaf = { .size = sizeof leaf, .in = 2, .heads = 11 };
    outer_opts o, copy;
    register_rows(c);
    if (!weir_ok(c) || weir_options_defaults(c, &outer_row, &o) != WEIR_OK) return;
    weir_options_parse(c, &outer_row, &o,
                       "net.block.tags=\"a b\",c net=\"deep parts=leaf,deep width=3\" flow=leaf,\"deep\" flow.2=leaf flow.1.block.scales=1,2 data=x");
    if (weir_ok(c)) weir_choice_set(c, &outer_row, &o, "flow.3", &leaf_row.row, &leaf);
    if (weir_ok(c)) weir_choice_set(c, &outer_row, &o, "net", &leaf_row.row, &leaf);
    if (weir_ok(c) && weir_options_copy(c, &outer_row, &copy, &o) == WEIR_OK) {
        weir__options_settle(c, &outer_row, &copy);
        weir_options_free(c, &outer_row, &copy);
    }
    weir_options_free(c, &outer_row, &o);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        ROWS_CASE(defaults_reach_down),
        ROWS_CASE(rows_are_chosen_and_set),
        ROWS_CASE(replacing_drops_what_was_said),
        ROWS_CASE(lists_of_rows),
        ROWS_CASE(long_and_quoted_values),
        ROWS_CASE(old_names_are_read),
        ROWS_CASE(words_for_integers),
        ROWS_CASE(mistakes_name_the_whole_key),
        ROWS_CASE(chosen_without_options),
        ROWS_CASE(structs_choose_rows),
        ROWS_CASE(choosers_give_what_nobody_said),
        ROWS_CASE(every_row_comes_back_from_text),
        ROWS_CASE(lists_of_names_are_true),
        cmocka_unit_test(every_allocation),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
