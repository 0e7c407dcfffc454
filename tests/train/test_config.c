/* Configs: layers, names, keys, ranges. */
#include "test.h"
#include "train/train.h"

static json_t *resolve(weir_ctx *c, int n, const char *const *set)
{
    return weir__config_resolve(c, "nice", "digits", NULL, n, set);
}
#define RESOLVE(c, ...) resolve(c, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ })

#define GUIDANCE "\"guidance\":1.0,\"guidance_rescale\":0.0,\"guidance_low\":0.0,\"guidance_high\":\"inf\",\"clamp\":\"auto\",\"clamp_low\":\"-inf\",\"clamp_high\":\"inf\""
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
    assert_string_equal(text(o, "optimizer", "name"), "adam"); /* the default preset */
    json_decref(o);
    o = RESOLVE(c, "preset=released", "train.seed=7");
    assert_ok(c);
    assert_string_equal(text(o, "optimizer", "name"), "rmsprop"); /* the authors' released settings */
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
    o = RESOLVE(c, "preset=released", "optimizer=rmsprop"); /* said again, it is no other */
    assert_near(number(o, "optimizer", "alpha"), 0.95, 0);
    json_decref(o);
    o = RESOLVE(c, "preset=released", "optimizer=adam"); /* what the preset said of rmsprop is dropped, lr included */
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
    assert_null(weir__config_resolve(c, "", "digits", NULL, 0, NULL));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no model");
    assert_null(RESOLVE(c, "model= ", "hidden=8"));
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
    assert_null(RESOLVE(c, "preset=released", "floor=1e-3"));
    assert_fails(c, WEIR_ERROR_NAME, "expected optimizer.floor or schedule.floor");
    json_t *o = RESOLVE(c, "preset=released", "optimizer.floor=1e-3", "schedule.floor=1e-5");
    assert_ok(c);
    assert_near(number(o, "optimizer", "floor"), 1e-3, 0);
    assert_near(number(o, "schedule", "floor"), 1e-5, 0);
    json_decref(o);
}

/* An average by decay or by half-life: what a layer says replaces the other of lower layers, as of
 * the preset; in one layer both are a contradiction. */
static void averages_replace_each_other(void **state)
{
    weir_ctx *c = *state;
    json_t *file = RESOLVE(c, "ema_half_life=500000", "ema_ramp=0");
    assert_ok(c);
    assert_near(number(file, "train", "ema"), 0, 0);
    assert_near(number(file, "train", "ema_half_life"), 500000, 0);
    assert_near(number(file, "train", "ema_ramp"), 0, 0);
    json_t *o = weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "ema=0.9" });
    assert_near(number(o, "train", "ema"), 0.9, 0);
    assert_near(number(o, "train", "ema_half_life"), 0, 0);
    json_decref(file);
    file = weir__config_resolve(c, NULL, NULL, o, 1, (const char *[]){ "train.ema_half_life=7" });
    assert_near(number(file, "train", "ema"), 0, 0);
    assert_near(number(file, "train", "ema_half_life"), 7, 0);
    json_decref(o);
    json_decref(file);
    o = RESOLVE(c, "ema_half_life=0");
    assert_near(number(o, "train", "ema_ramp"), 0.05, 0);
    json_decref(o);
    assert_null(RESOLVE(c, "ema=0.5", "ema_half_life=9"));
    assert_fails(c, WEIR_ERROR_ARGUMENT,
                 "train.ema=0.5 and train.ema_half_life=9: expected one of them");
    assert_null(RESOLVE(c, "ema_half_life=-1"));
    assert_fails(c, WEIR_ERROR_RANGE, "ema_half_life=-1");
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
    json_t *seven = weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "schedule.horizon=7" });
    assert_near(number(seven, "schedule", "horizon"), 7, 0);
    again = weir__config_resolve(c, NULL, NULL, seven, 0, NULL);
    json_decref(seven);
    assert_near(number(again, "schedule", "horizon"), 7, 0);
    assert_near(number(again, "train", "steps"), 0, 0);
    json_decref(again);
    again = weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "schedule.horizon=0" }); /* from steps */
    assert_near(number(again, "schedule", "horizon"), 123, 0);
    json_decref(again);
    assert_null(weir__config_resolve(c, NULL, NULL, file, 1, (const char *[]){ "schedule.horizon=-1" }));
    assert_fails(c, WEIR_ERROR_RANGE, "schedule.horizon=-1");
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

/* -- rows within rows ------------------------------------------------------------------------------------------------ */
static json_t *flow(weir_ctx *c, const char *lowest, const char *file, int n, const char *const *set)
{
    json_t *f = file ? weir__json_read(c, "test", file, strlen(file)) : NULL;
    const weir__config_layers from = { .lowest = lowest, .file = f, .model = file ? NULL : "rectified-flow", .data = "toy:moons", .n_set = n, .set = set };
    json_t *o = weir__config_resolved(c, &from);
    json_decref(f);
    return o;
}
#define FLOW(c, lowest, file, ...) \
    flow(c, lowest, file, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ })

/* The value under a path such as "model.net.hidden", as JSON text. */
static const char *at(json_t *o, const char *path)
{
    static char text[512];
    char word[64];
    const json_t *v = o;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, ".");
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        v = json_object_get(v, word);
        p += n + (p[n] == '.');
    }
    char *s = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(text, sizeof text, "%s", s ? s : "-");
    free(s);
    return text;
}

static void chosen_rows_have_options_of_their_own(void **state)
{
    weir_ctx *c = *state;
    json_t *o = FLOW(c, NULL, NULL, "net.hidden=8,9", "model.time_density=logit_normal", "time_density.std=0.5", "model.log_prob=rk4", "score.steps=7", "steps=3");
    assert_ok(c);
    assert_string_equal(at(o, "model.net"), "{\"name\":\"mlp\",\"hidden\":[8,9],\"activation\":\"silu\",\"time\":\"raw\",\"frequencies\":8,\"init\":\"pytorch\",\"bound\":0.01,\"zero\":false}");
    assert_string_equal(at(o, "model.time_density"), "{\"name\":\"logit_normal\",\"mean\":0.0,\"std\":0.5}");
    assert_string_equal(at(o, "model.log_prob"), "{\"name\":\"rk4\",\"steps\":7,\"grid\":{\"name\":\"auto\",\"shift\":1.0}," GUIDANCE ",\"frame\":\"t\",\"probes\":-1}");
    assert_string_equal(at(o, "model.path"), "{\"name\":\"fm\",\"sigma_min\":0.0}");
    json_decref(o);
    o = FLOW(c, NULL, NULL, "model=rectified-flow net.hidden=4 sampler.steps=3", "optimizer=\"sgd momentum=0.5\"");
    assert_ok(c);
    assert_string_equal(at(o, "model.net.hidden"), "[4]");
    assert_string_equal(at(o, "model.sampler.steps"), "3");
    assert_string_equal(at(o, "optimizer.momentum"), "0.5");
    json_decref(o);
    assert_null(FLOW(c, NULL, NULL, "net.hiden=8"));
    assert_fails(c, WEIR_ERROR_NAME, "unknown option model.net.hiden: expected perhaps model.net.hidden");
    assert_null(FLOW(c, NULL, NULL, "model.net.hiden=8"));
    assert_fails(c, WEIR_ERROR_NAME, "config: unknown option model.net.hiden: expected perhaps model.net.hidden");
    assert_null(FLOW(c, NULL, NULL, "model.net=mpl"));
    assert_fails(c, WEIR_ERROR_NAME, "config: model.net: unknown network: mpl");
    assert_null(FLOW(c, NULL, NULL, "net.hidden=0"));
    assert_fails(c, WEIR_ERROR_RANGE, "config: model.net.hidden=0: expected a value within [1, 65536]");
    assert_null(FLOW(c, NULL, NULL, "time_density.std=2"));
    assert_fails(c, WEIR_ERROR_NAME, "time_density");
}

/* The host's own settings lie below the preset's, which lie below the file's, which lie below what is set. */
static void layers_lie_upon_each_other(void **state)
{
    weir_ctx *c = *state;
    json_t *o = FLOW(c, "preset=toy batch=64 log_every=7 optimizer=sgd optimizer.momentum=0.9 net.hidden=5", NULL, "model.net.activation=tanh");
    assert_ok(c);
    assert_near(number(o, "train", "batch"), 256, 0); /* preset=toy */
    assert_near(number(o, "train", "log_every"), 7, 0);
    assert_string_equal(text(o, "optimizer", "name"), "adam");
    assert_string_equal(at(o, "model.net.hidden"), "[5]");
    assert_string_equal(at(o, "model.net.activation"), "\"tanh\"");
    json_decref(o);
    o = FLOW(c, "preset=pictures", "{\"model\": \"rectified-flow\", \"train\": {\"batch\": 9}}", "model.net.hidden=3");
    assert_ok(c);
    assert_string_equal(json_string_value(json_object_get(o, "preset")), "pictures");
    assert_near(number(o, "train", "batch"), 9, 0);
    assert_string_equal(at(o, "model.net.hidden"), "[3]");
    assert_string_equal(at(o, "model.net.time"), "\"fourier\"");
    assert_string_equal(at(o, "model.log_prob.probes"), "4");
    json_decref(o);
    assert_null(FLOW(c, "net.depth=3", NULL, "steps=1"));
    assert_fails(c, WEIR_ERROR_NAME, "net.depth");
}

/* A model that a lower layer names and a higher one replaces takes along what was said of it, and nothing of the preset. */
static void a_model_that_is_replaced_leaves_no_trace(void **state)
{
    weir_ctx *c = *state;
    json_t *o = FLOW(c, NULL, "{\"model\": {\"name\": \"nice\", \"hidden\": [7]}, \"couplings\": 3, \"batch\": 11, \"preset\": \"pictures\"}", "model=rectified-flow",
                     "net.activation=tanh");
    assert_ok(c);
    assert_string_equal(at(o, "model.hidden"), "-");
    assert_string_equal(at(o, "model.net.hidden"), "[384,384,384]");
    assert_string_equal(at(o, "model.net.activation"), "\"tanh\"");
    assert_near(number(o, "train", "batch"), 11, 0);
    json_decref(o);
    assert_null(FLOW(c, NULL, "{\"model\": {\"name\": \"nice\", \"hiden\": [7]}}", "model=rectified-flow")); /* checked all the same */
    assert_fails(c, WEIR_ERROR_NAME, "model.hidden");
    o = FLOW(c, NULL, "{\"optimizer\": {\"name\": \"rmsprop\", \"alpha\": 0.5}, \"model\": \"rectified-flow\"}", "optimizer=sgd");
    assert_ok(c);
    assert_string_equal(at(o, "optimizer.alpha"), "-");
    json_decref(o);
    o = FLOW(c, NULL, "{\"model\": {\"name\": \"nice\", \"base\": \"normal\"}}", "hidden=3"); /* a name alone, as before */
    assert_ok(c);
    assert_string_equal(at(o, "model.base.name"), "\"normal\"");
    json_decref(o);
}

/* Files of before: flat keys, the score's for log_prob, and options of rows that are not chosen. */
static void old_files_say_the_same(void **state)
{
    weir_ctx *c = *state;
    static const char old[] = "{\"model\": {\"name\": \"rectified-flow\", \"dim\": 2, \"shape\": [], \"path.name\": \"fm\", \"time_density.name\": \"uniform\","
                              "\"time_density.mean\": 0.0, \"time_density.std\": 1.0, \"net.name\": \"mlp\", \"net.hidden\": [4], \"sampler.name\": \"heun\","
                              "\"sampler.steps\": 6, \"sampler.rtol\": 0.001, \"sampler.max_steps\": 9, \"score.name\": \"dopri5\", \"score.rtol\": 0.5,"
                              "\"score.probes\": 3}, \"score.steps\": 2}";
    json_t *o = FLOW(c, NULL, old, "net.activation=tanh");
    assert_ok(c);
    assert_string_equal(at(o, "model.time_density"), "{\"name\":\"uniform\"}");
    assert_string_equal(at(o, "model.sampler"), "{\"name\":\"heun\",\"steps\":6,\"grid\":{\"name\":\"auto\",\"shift\":1.0}," GUIDANCE ",\"frame\":\"t\"}");
    assert_string_equal(at(o, "model.log_prob"), "{\"name\":\"dopri5\",\"steps\":2,\"grid\":{\"name\":\"auto\",\"shift\":1.0}," GUIDANCE ",\"rtol\":0.5,\"atol\":1.0000000000000001e-5,\"max_steps\":10000,\"probes\":3}");
    json_decref(o);
    assert_null(FLOW(c, NULL, NULL, "sampler=heun", "sampler.rtol=0.1")); /* nobody's file */
    assert_fails(c, WEIR_ERROR_NAME, "sampler.rtol");
}

/* Every preset of every model, and all that can be said in text, as JSON and as a struct. */
static void presets_fit_their_models(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "model"); i++) {
        const weir_model_row *m = (const weir_model_row *)weir_row_at(c, "model", i);
        for (const weir_preset *p = m->presets; p && p->name; p++) {
            char set[80];
            snprintf(set, sizeof set, "preset=%s", p->name);
            json_t *o = weir__config_resolve(c, weir__row_short_name(&m->row), "digits", NULL, 1, (const char *[]){ set });
            if (!o) fail_msg("%s: %s: %s", m->row.name, p->name, weir_message(c));
            assert_string_equal(json_string_value(json_object_get(o, "preset")), p->name);
            json_decref(o);
        }
    }
}

static void texts_files_and_structs_say_the_same(void **state)
{
    weir_ctx *c = *state;
    static const char said[] = "model=rectified-flow model.net.hidden=6,5 data=toy:moons model.sampler=rk4 optimizer=\"sgd momentum=0.5\" train.steps=9";
    weir__config k, again;
    weir__config_layers text_alone = { .lowest = said };
    assert_int_equal(weir__config_from(&k, c, &text_alone), WEIR_OK); /* without the preset's optimizer: lower than it */
    char whole[4096];
    assert_true(weir_options_text(&weir__run_row, &k, whole, sizeof whole) < (int64_t)sizeof whole);
    json_t *o = weir__config_json(&k), *given = weir__config_given(c, whole), *p = weir__config_over(c, given, NULL), *q = weir__config_over(c, o, NULL);
    assert_ok(c);
    assert_true(json_equal(o, p));
    assert_true(json_equal(o, q));
    assert_int_equal(weir_options_copy(c, &weir__run_row, &again, &k), WEIR_OK);
    json_t *r = weir__config_json(&again);
    assert_true(json_equal(o, r));
    weir__config_free(&again);
    weir__config_free(&k);
    json_decref(o);
    json_decref(given);
    json_decref(p);
    json_decref(q);
    json_decref(r);
}

static void everything(weir_ctx *c)
{
    json_t *file = json_pack("{s:{s:s,s:{s:[i]}},s:s}", "model", "name", "rectified-flow", "net", "hidden", 3, "optimizer", "sgd");
    const weir__config_layers from = { .lowest = "batch=3", .file = file, .data = "toy:moons", .n_set = 2, .set = (const char *[]){ "score.steps=3", "schedule=cosine" } };
    json_t *o = weir__config_resolved(c, &from);
    if (o) json_decref(weir__config_over(c, o, file));
    if (o && weir_ok(c)) json_decref(weir__config_given(c, "model=nice a=\"b c\""));
    json_decref(o);
    json_decref(file);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(presets_then_settings), CASE(a_resolved_config_resolves_to_itself), CASE(mistakes_are_named), CASE(a_key_of_two_owners_names_both),
          CASE(averages_replace_each_other), CASE(lengths_replace_each_other), CASE(values_of_the_wrong_kind_are_refused), CASE(chosen_rows_have_options_of_their_own),
          CASE(layers_lie_upon_each_other), CASE(a_model_that_is_replaced_leaves_no_trace), CASE(old_files_say_the_same), CASE(presets_fit_their_models),
          CASE(texts_files_and_structs_say_the_same), cmocka_unit_test(every_allocation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
