/* Configs: layers, names, keys, ranges. */
#include "test.h"
#include "train/train.h"

static json_t *resolve(weir_ctx *c, int n, const char *const *set)
{
    return weir__config_resolve(c, "nice", "digits", NULL, n, set);
}
#define RESOLVE(c, ...) resolve(c, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ })

static double number(json_t *o, const char *section, const char *key)
{
    return json_number_value(json_object_get(json_object_get(o, section), key));
}
static const char *text(json_t *o, const char *section, const char *key)
{
    return json_string_value(json_object_get(json_object_get(o, section), key));
}

static void presets_then_settings(void **state)
{
    weir_ctx *c = *state;
    json_t *o = RESOLVE(c, "train.seed=7");
    assert_ok(c);
    assert_string_equal(text(o, "optimizer", "name"), "rmsprop"); /* the default preset: the authors' released settings */
    assert_near(number(o, "optimizer", "alpha"), 0.95, 0);
    assert_near(number(o, "train", "batch"), 200, 0);
    assert_near(number(o, "train", "seed"), 7, 0);
    json_decref(o);
    o = RESOLVE(c, "preset=paper", "lr=5e-4", "hidden=8,9", "batch=10", "schedule=cosine", "schedule.warmup=5", "epochs=3");
    assert_ok(c);
    assert_string_equal(text(o, "optimizer", "name"), "adam");
    assert_near(number(o, "optimizer", "lr"), 5e-4, 0);
    assert_near(number(o, "optimizer", "beta2"), 0.99, 0);
    assert_near(number(o, "schedule", "warmup"), 5, 0);
    assert_near(number(o, "train", "batch"), 10, 0);
    json_decref(o);
    o = RESOLVE(c, "optimizer=rmsprop"); /* said again, it is no other */
    assert_near(number(o, "optimizer", "alpha"), 0.95, 0);
    json_decref(o);
    o = RESOLVE(c, "optimizer=adam"); /* what the preset said of rmsprop is dropped, lr included */
    assert_ok(c);
    assert_string_equal(text(o, "optimizer", "name"), "adam");
    assert_null(json_object_get(json_object_get(o, "optimizer"), "alpha"));
    json_decref(o);
}

static void a_resolved_config_resolves_to_itself(void **state)
{
    weir_ctx *c = *state;
    json_t *o = RESOLVE(c, "preset=paper", "steps=123", "hidden=8,9"), *p = weir__config_resolve(c, NULL, NULL, o, 0, NULL);
    assert_ok(c);
    assert_true(json_equal(o, p));
    json_decref(p);
    p = weir__config_resolve(c, NULL, "toy:moons", o, 1, (const char *[]){ "train.steps=9" }); /* settings beat the file */
    assert_ok(c);
    assert_near(number(p, "schedule", "horizon"), 9, 0);
    assert_string_equal(json_string_value(json_object_get(p, "data")), "toy:moons");
    json_decref(o);
    json_decref(p);
}

static void mistakes_are_named(void **state)
{
    weir_ctx *c = *state;
    assert_null(RESOLVE(c, "hiden=8"));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps hidden");
    assert_null(RESOLVE(c, "optimizer.lt=8"));
    assert_fails(c, WEIR_ERROR_NAME, "optimizer.lr");
    assert_null(RESOLVE(c, "batch=0"));
    assert_fails(c, WEIR_ERROR_RANGE, "batch=0");
    assert_null(RESOLVE(c, "optimizer=adm"));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps adam");
    assert_null(RESOLVE(c, "preset=papr"));
    assert_fails(c, WEIR_ERROR_RANGE, "released|paper");
    assert_null(RESOLVE(c, "hidden"));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "key=value");
    assert_null(weir__config_resolve(c, "nic", "digits", NULL, 0, NULL));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps nice");
    assert_null(weir__config_resolve(c, NULL, "digits", NULL, 0, NULL));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no model");
    assert_null(weir__config_resolve(c, "nice", NULL, NULL, 0, NULL));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no data");
    json_t *bad = json_pack("{s:{s:s,s:{s:i}}}", "model", "name", "nice", "hidden", "x", 1);
    assert_null(weir__config_resolve(c, NULL, "digits", bad, 0, NULL));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_NAME);
    json_decref(bad);
}

/* Two owners have a "floor": the released preset's rmsprop and its schedule. */
static void a_key_of_two_owners_names_both(void **state)
{
    weir_ctx *c = *state;
    assert_null(RESOLVE(c, "floor=1e-3"));
    assert_fails(c, WEIR_ERROR_NAME, "expected optimizer.floor or schedule.floor");
    json_t *o = RESOLVE(c, "optimizer.floor=1e-3", "schedule.floor=1e-5");
    assert_ok(c);
    assert_near(number(o, "optimizer", "floor"), 1e-3, 0);
    assert_near(number(o, "schedule", "floor"), 1e-5, 0);
    json_decref(o);
}

/* How long: the last layer that speaks of it decides, whether in steps, in epochs or as a horizon. */
static void lengths_replace_each_other(void **state)
{
    weir_ctx *c = *state;
    json_t *file = RESOLVE(c, "steps=123"), *o = weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "epochs=3" });
    assert_ok(c);
    assert_near(number(o, "train", "epochs"), 3, 0);
    assert_near(number(o, "train", "steps"), 0, 0);
    assert_null(json_object_get(json_object_get(o, "schedule"), "horizon")); /* known when the data are */
    json_object_set_new(json_object_get(o, "schedule"), "horizon", json_integer(900)); /* as a run writes it */
    json_t *again = weir__config_resolve(c, NULL, NULL, o, 0, NULL);
    assert_near(number(again, "schedule", "horizon"), 900, 0);
    json_decref(again);
    again = weir__config_resolve(c, NULL, NULL, o, 1, (const char *[]){ "steps=50" });
    assert_near(number(again, "schedule", "horizon"), 50, 0);
    json_decref(again);
    again = weir__config_resolve(c, NULL, NULL, file, 2, (const char *[]){ "steps=70", "steps=0" });
    assert_null(json_object_get(json_object_get(again, "schedule"), "horizon"));
    json_decref(again);
    again = weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "schedule.horizon=7" });
    assert_near(number(again, "schedule", "horizon"), 7, 0);
    json_decref(again);
    assert_null(weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "schedule.horizon=0" }));
    assert_fails(c, WEIR_ERROR_RANGE, "schedule.horizon=0");
    json_decref(o);
    json_decref(file);
}

/* Hostile or careless JSON: said, never guessed. */
static void values_of_the_wrong_kind_are_refused(void **state)
{
    weir_ctx *c = *state;
    static const char *const bad[] = { "{\"model\": \"nice\", \"hidden\": [8, 8.5]}", "{\"model\": \"nice\", \"hidden\": [8, \"9\"]}",
                                       "{\"model\": \"nice\", \"hidden\": null}",     "{\"model\": \"nice\", \"batch\": [1, 2]}",
                                       "{\"model\": \"nice\", \"batch\": true}",      "{\"model\": \"nice\", \"batch\": 1.5}",
                                       "{\"model\": \"nice\", \"ema\": 1}",           "{\"model\": {\"hidden\": [8]}}",
                                       "{\"model\": \"nice\", \"\": 1}",              "{\"model\": \"nice\", \"modle\": {\"hidden\": [8]}}",
                                       "[1]" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *file = weir__json_read(c, "test", bad[i], strlen(bad[i])), *o = weir__config_resolve(c, NULL, "digits", file, 0, NULL);
        if (o || weir_ok(c)) fail_msg("%s was accepted", bad[i]);
        weir_clear(c);
        json_decref(file);
    }
}

int main(void)
{
    CASES(CASE(presets_then_settings), CASE(a_resolved_config_resolves_to_itself), CASE(mistakes_are_named), CASE(a_key_of_two_owners_names_both),
          CASE(lengths_replace_each_other), CASE(values_of_the_wrong_kind_are_refused));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
