/* Presets: what the default chooses by the data, who goes before it, and what is kept of it. */
#define _GNU_SOURCE
#include "killed.h"

/* -- the choice -------------------------------------------------------------------------------- */
static weir_data_facts facts_of(int64_t n, int64_t levels, int ndim, const int64_t *shape)
{
    weir_data_facts f = { .size = sizeof f,
                          .n = n,
                          .n_effective = (double)n,
                          .dim = 1,
                          .levels = levels,
                          .ndim = ndim };
    for (int i = 0; i < ndim; i++) {
        f.shape[i] = shape[i];
        f.dim *= shape[i];
    }
    return f;
}

static const struct {
    int64_t levels;
    int ndim;
    int64_t shape[3];
} kinds[] = {
    { 0, 1, { 2 } },         { 0, 1, { 5 } },           { 11, 1, { 12 } },
    { 0, 1, { 30 } },        { 17, 1, { 64 } },         { 5, 1, { 64 } },
    { 0, 1, { 784 } },       { 256, 3, { 1, 8, 8 } },   { 256, 3, { 1, 28, 28 } },
    { 0, 3, { 3, 32, 32 } }, { 256, 3, { 3, 64, 64 } }, { 0, 1, { 1 } },
};
static const int64_t sizes[] = { 1, 20, 200, 1000, 10000, 50000, 10000000 };

static const char *name_of(const weir_model_row *m) { return strchr(m->row.name, '.') + 1; }

static void settings_fit(weir_ctx *c, const weir_model_row *m, const weir_data_facts *f)
{
    weir__config k;
    const weir__config_layers from = { .model = name_of(m), .data = "digits", .facts = f };
    if (weir__config_from(&k, c, &from) != WEIR_OK)
        fail_msg("%s: n=%lld dim=%lld: %s", m->row.name, (long long)f->n, (long long)f->dim,
                 weir_message(c));
    assert_string_equal(k.preset, "auto");
    assert_in_range(k.train.steps, 500, 20000);
    assert_int_equal(k.horizon, k.train.steps);
    assert_in_range(k.train.batch, 64, 512);
    assert_true(k.train.ema > 0);
    assert_string_equal(weir__row_short_name(k.optimizer.row), "adam");
    assert_string_equal(weir__row_short_name(k.schedule.row), "cosine");
    bool flow_of_images = weir__option_named(k.model.row, "input") != NULL; /* says itself how they come in */
    assert_true(flow_of_images || *(bool *)weir__option_value(k.model.row, k.model.options, "standardize", WEIR_OPTION_BOOL));
    weir__config_free(&k);
}

static void every_model_has_settings_for_any_data(void **state)
{
    weir_ctx *c = *state;
    int models = 0;
    for (int64_t i = 0; i < weir_row_count(c, "model"); i++) {
        const weir_model_row *m = (const weir_model_row *)weir_row_at(c, "model", i);
        assert_non_null(m->presets);
        assert_string_equal(m->presets[0].name, "auto");
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                weir_data_facts f =
                    facts_of(sizes[s], kinds[k].levels, kinds[k].ndim, kinds[k].shape);
                settings_fit(c, m, &f);
            }
        models++;
    }
    assert_true(models >= 3);
}

/* The model of the settings can be made, of so many parameters. */
static int64_t parameters(weir_ctx *c, const char *model, const weir_data_facts *f)
{
    weir__config k;
    char dim[24];
    const weir__config_layers from = { .model = model, .data = "digits", .facts = f };
    assert_int_equal(weir__config_from(&k, c, &from), WEIR_OK);
    snprintf(dim, sizeof dim, "%lld", (long long)f->dim);
    assert_int_equal(weir_option_set(c, k.model.row, k.model.options, "dim", dim), WEIR_OK);
    weir_model *m =
        weir__model_from_options(c, (const weir_model_row *)k.model.row, k.model.options);
    assert_ok(c);
    int64_t n = weir_module_parameter_numel(weir_model_module(m));
    weir_model_free(m);
    weir__config_free(&k);
    return n;
}

static void networks_grow_with_the_data(void **state)
{
    weir_ctx *c = *state;
    static const char *const models[] = { "nice", "rectified-flow", "flow" };
    for (int i = 0; i < 3; i++) {
        weir_data_facts few = facts_of(100, 0, 1, SHAPE(10)), many = facts_of(100000, 0, 1, SHAPE(10)),
                        digits = facts_of(1250, 17, 1, SHAPE(64));
        int64_t small = parameters(c, models[i], &few), large = parameters(c, models[i], &many);
        assert_true(small <= large);
        assert_true(parameters(c, models[i], &digits) < 500000);
        few.weighted = true;
        few.n = 100000; /* most of which weigh next to nothing */
        assert_int_equal(parameters(c, models[i], &few), small);
    }
}

/* -- who goes before it ------------------------------------------------------------------------ */
static const char *at(const json_t *o, const char *key, char *text, size_t bytes)
{
    char part[64];
    while (o && *key) {
        size_t n = strcspn(key, ".");
        snprintf(part, sizeof part, "%.*s", (int)n, key);
        o = json_object_get(o, part);
        key += n + (key[n] == '.');
    }
    char *dump = o ? json_dumps(o, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    snprintf(text, bytes, "%s", dump ? dump : "-");
    free(dump);
    return text;
}

static void assert_at(const json_t *o, const char *key, const char *expected)
{
    char text[256];
    assert_string_equal(at(o, key, text, sizeof text), expected);
}

static void what_a_user_says_goes_before_it(void **state)
{
    weir_ctx *c = *state;
    weir_data_facts f = facts_of(1250, 17, 1, SHAPE(64));
    json_t *file = json_pack("{s:i}", "model.couplings", 3);
    const char *set[] = { "steps=7", "hidden=5", "optimizer=sgd", "optimizer.momentum=0.5" };
    weir__config_layers from = { .facts = &f, .file = file, .model = "nice", .n_set = 4, .set = set };
    json_t *o = weir__config_resolved(c, &from);
    assert_ok(c);
    assert_at(o, "preset", "\"auto\"");
    assert_at(o, "model.hidden", "[5]");
    assert_at(o, "model.couplings", "3");
    assert_at(o, "model.init", "\"pytorch\""); /* the preset's */
    assert_at(o, "train.steps", "7");
    assert_at(o, "schedule.horizon", "7");
    assert_at(o, "optimizer.name", "\"sgd\"");
    assert_at(o, "optimizer.lr", "0.001"); /* sgd's own: what the preset says is of adam */
    json_decref(o);
    set[0] = "epochs=2";
    o = weir__config_resolved(c, &from);
    assert_at(o, "train.steps", "0");
    assert_at(o, "schedule.horizon", "-");
    json_decref(o);
    from.n_set = 1;
    set[0] = "preset=released";
    o = weir__config_resolved(c, &from);
    assert_at(o, "optimizer.name", "\"rmsprop\"");
    assert_at(o, "model.standardize", "-"); /* left to the data */
    json_decref(o);
    json_decref(file);
}

/* Pictures have one scale for all pixels, and where they have sides a U-Net. */
static void pictures_are_seen_as_such(void **state)
{
    weir_ctx *c = *state;
    static const char *const models[] = { "rectified-flow", "flow-matching", "edm", "ddpm",
                                          "score-sde" };
    weir_data_facts large = facts_of(50000, 256, 3, SHAPE(1, 28, 28));
    weir_data_facts flat = facts_of(50000, 256, 1, SHAPE(784)), table = facts_of(900, 0, 1, SHAPE(9));
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        weir__config_layers from = { .facts = &large, .model = models[i], .data = "digits" };
        json_t *o = weir__config_resolved(c, &from);
        assert_at(o, "model.net.name", "\"unet\"");
        assert_at(o, "model.standardize", "true");
        assert_at(o, "model.standardize_scale", "\"one\"");
        assert_at(o, "model.log_prob.name", "\"dopri5\"");
        assert_at(o, "model.log_prob.rtol", "0.001");
        json_decref(o);
        from.facts = &flat;
        o = weir__config_resolved(c, &from);
        assert_at(o, "model.net.hidden", "[512,512,512]");
        json_decref(o);
        from.facts = &table;
        o = weir__config_resolved(c, &from);
        assert_at(o, "model.standardize_scale", "\"each\"");
        json_decref(o);
        assert_ok(c);
    }
}

static void standardize_no_of_the_data_goes_before_it(void **state)
{
    weir_ctx *c = *state;
    weir_data_facts f = facts_of(1250, 17, 1, SHAPE(64));
    for (int64_t i = 0; i < weir_row_count(c, "model"); i++) {
        const weir_model_row *m = (const weir_model_row *)weir_row_at(c, "model", i);
        const weir__config_layers from = { .facts = &f,
                                           .model = name_of(m),
                                           .data = "digits,standardize=no" };
        json_t *o = weir__config_resolved(c, &from);
        assert_ok(c);
        assert_at(o, "model.standardize", "false");
        json_decref(o);
    }
    remove_run("raw");
    weir_run *r = weir_run_open(c, "raw", "model=nice data=digits,standardize=no steps=1", false);
    assert_ok(c);
    weir_run_free(r);
}

/* -- of data ----------------------------------------------------------------------------------- */
static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void facts_are_the_training_samples(void **state)
{
    weir_ctx *c = *state;
    weir_dataset *d = weir_dataset_open(c, "digits,split=train");
    weir_data_facts f = weir__preset_facts(d);
    assert_ok(c);
    assert_int_equal(f.n, 1250);
    assert_near(f.n_effective, 1250, 0);
    assert_false(f.weighted);
    assert_int_equal(f.dim, 64);
    assert_int_equal(f.levels, 17);
    assert_int_equal(f.ndim, 1);
    assert_int_equal(f.shape[0], 64);
    weir_dataset_free(d);
    write_text("weights.csv", "a,b,w\n1,2,3\n2,5,1\n4,4,0\n7,8,2\n");
    d = weir_dataset_open(c, "weights.csv,weight=w,valid=0");
    f = weir__preset_facts(d);
    assert_ok(c);
    assert_int_equal(f.n, 4);
    assert_true(f.weighted);
    assert_near(f.n_effective, 36.0 / 14, 1e-12); /* (3 + 1 + 2)^2 / (9 + 1 + 4) */
    weir_dataset_free(d);
}

/* -- what is kept ------------------------------------------------------------------------------ */
static json_t *config_of(weir_ctx *c, const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/config.json", folder);
    json_t *o = weir__json_load(c, path);
    assert_ok(c);
    return o;
}

static weir_run *opened(weir_ctx *c, const char *folder, const char *config, bool resume)
{
    weir_run *r = weir_run_open(c, folder, config, resume);
    if (!weir_ok(c)) fail_msg("%s: %s", folder, weir_message(c));
    return r;
}

static void train_to(weir_run *r, int64_t steps)
{
    weir_train_opts o = weir_train_defaults();
    o.steps = steps;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
}

static void a_run_keeps_what_was_chosen(void **state)
{
    weir_ctx *c = *state;
    static const char said[] = "model=nice data=toy:moons,n=300 couplings=2";
    char line[200], short_line[30];
    remove_run("kept");
    weir_run *r = opened(c, "kept", said, false);
    assert_true(weir_run_preset(r, line, sizeof line) == (int64_t)strlen(line));
    assert_string_equal(line, "preset=auto couplings=2 hidden=16,16 lr=0.003 batch=128 "
                              "steps=3000 ema=0.99 optimizer=adam schedule=cosine "
                              "standardize=yes base=logistic init=pytorch");
    assert_int_equal(weir_run_preset(r, short_line, sizeof short_line), sizeof short_line - 1);
    assert_int_equal(strncmp(line, short_line, sizeof short_line - 1), 0);
    assert_int_equal(weir_run_preset(NULL, line, sizeof line), 0);
    assert_int_equal(weir_run_preset(r, NULL, 0), 0);
    train_to(r, 3);
    weir_run_free(r);
    json_t *o = config_of(c, "kept");
    assert_at(o, "preset", "\"auto\"");
    assert_at(o, "model.hidden", "[16,16]");
    assert_at(o, "model.couplings", "2");
    assert_at(o, "train.batch", "128");
    assert_at(o, "schedule.horizon", "3000");
    json_decref(o);
    r = opened(c, "kept", said, true); /* agrees */
    assert_int_equal(weir_run_step(r), 3);
    weir_run_free(r);
    assert_true(weir_run_is_nil(weir_run_open(c, "kept", "model=nice hidden=64,64", true)));
    assert_fails(c, WEIR_ERROR_STATE, "model.hidden differs");
}

/* All values by one mean and deviation, those of all training samples' values. */
static void one_scale_for_all_values(void **state)
{
    weir_ctx *c = *state;
    double v[40 * 64], mean = 0, square = 0;
    remove_run("one");
    weir_run *r = opened(c, "one", "model=nice data=digits,limit=40,valid=0 standardize=yes standardize_scale=one", false);
    int64_t n = weir_dataset_samples(r->train), size = n * 64;
    weir_scope s = weir_scope_begin(c);
    assert_true(n > 20 && n <= 40);
    weir_tensor *x = weir_batch_x(weir_dataset_batch(r->train, 0, n));
    assert_int_equal(weir_copy_to_f64(x, v, size), WEIR_OK);
    weir_scope_end(s);
    for (int64_t i = 0; i < size; i++) mean += v[i] / (double)size;
    for (int64_t i = 0; i < size; i++) square += (v[i] - mean) * (v[i] - mean) / (double)size;
    weir_module *m = weir_model_module(weir_run_model(r));
    const double *by = weir_data(weir_module_state_find(m, "data.mean"));
    const double *std = weir_data(weir_module_state_find(m, "data.std"));
    for (int j = 0; j < 64; j++) {
        assert_near(by[j], mean, 1e-12);
        assert_near(std[j], sqrt(square), 1e-12);
    }
    weir_run_free(r);
}

/* A run whose preset would say something else today goes on as it began. */
static void a_run_that_began_is_not_asked_again(void **state)
{
    weir_ctx *c = *state;
    remove_run("old");
    weir_run *r = opened(c, "old", "model=nice data=toy:moons,n=300 couplings=2", false);
    weir_run_free(r);
    json_t *o = config_of(c, "old");
    json_object_set_new(json_object_get(o, "model"), "hidden", json_pack("[i]", 7));
    json_object_set_new(json_object_get(o, "train"), "batch", json_integer(31));
    assert_int_equal(weir__json_save(c, "old/config.json", o), WEIR_OK);
    json_decref(o);
    r = opened(c, "old", NULL, true);
    train_to(r, 2);
    assert_int_equal(r->config.train.batch, 31);
    weir_tensor *w = weir_module_state_find(weir_model_module(weir_run_model(r)),
                                            "flow.couplings.0.net.0.weight");
    assert_int_equal(weir_dim(w, 0), 7);
    weir_run_free(r);
}

/* -- what it is for ---------------------------------------------------------------------------- */
/* After a few steps well below the 4.09 bits of uniform noise, and the 3.6 of independent pixels. */
static void digits_are_learned_in_a_few_steps(void **state)
{
    if (TEST_SANITIZED) skip();
    weir_ctx *c = *state;
    remove_run("digits");
    weir_run *r = opened(c, "digits", "model=nice data=digits steps=300 valid_every=100", false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    double bits = weir_bits_per_dim(weir_run_best(r), weir_run_dim(r), weir_run_levels(r));
    if (!(bits < 3.2)) fail_msg("%g bits/dim: expected fewer than 3.2", bits);
    weir_run_free(r);
}

/* Correlated columns and few samples: near the Gaussian they are of (log-density 2 log 10 better than
 * that of independent columns). */
static void a_small_table_is_no_worse_than_its_gaussian(void **state)
{
    weir_ctx *c = *state;
    remove_run("table");
    weir_run *r = opened(c, "table", "model=nice data=toy:gaussian,n=240 steps=800", false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_dataset *d = weir_dataset_open(c, "toy:gaussian,n=4240,valid=last:4000,split=valid");
    weir_data_log_prob_info info = { .size = sizeof info };
    assert_int_equal(weir_data_log_prob(weir_run_model(r), d, NULL, &info), WEIR_OK);
    if (!(info.excess < 0.25)) fail_msg("%g nats above the truth: expected 0.25", info.excess);
    weir_dataset_free(d);
    weir_run_free(r);
}

static void everything(weir_ctx *c)
{
    weir_data_facts f = facts_of(1250, 17, 1, SHAPE(64));
    const weir__config_layers from = { .facts = &f, .model = "nice", .data = "digits,standardize=no" };
    json_decref(weir__config_resolved(c, &from));
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(every_model_has_settings_for_any_data), CASE(networks_grow_with_the_data),
          CASE(what_a_user_says_goes_before_it), CASE(standardize_no_of_the_data_goes_before_it),
          CASE(facts_are_the_training_samples), CASE(a_run_keeps_what_was_chosen),
          CASE(one_scale_for_all_values), CASE(pictures_are_seen_as_such),
          CASE(a_run_that_began_is_not_asked_again), CASE(digits_are_learned_in_a_few_steps),
          CASE(a_small_table_is_no_worse_than_its_gaussian), cmocka_unit_test(every_allocation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
