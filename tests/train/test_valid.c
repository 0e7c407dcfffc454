/* Validation: a subset that is like the whole, samples that fail, and runs of before either was so. */
#define _GNU_SOURCE
#include "killed.h"

enum { ROWS = 1200 };

/* Two classes far apart, the first in the first half of the file. */
static void write_sorted(const char *path)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; i < ROWS; i++) {
        double shift = i < ROWS / 2 ? -3 : 0.5;
        fprintf(f, "%.9g,%.9g\n", shift + 0.5 * weir__normal(3, (uint64_t)i, 0), 0.5 * weir__normal(3, (uint64_t)i, 1));
    }
    fclose(f);
}

static json_t *line_of(const char *folder, int64_t step) /* of the validation at that step */
{
    size_t n;
    char *log = read_whole(folder, "metrics.jsonl", &n), *saved = NULL;
    json_t *found = NULL;
    for (char *line = strtok_r(log, "\n", &saved); line; line = strtok_r(NULL, "\n", &saved)) {
        json_t *o = json_loads(line, 0, NULL);
        bool fits = json_integer_value(json_object_get(o, "step")) == step && json_object_get(o, "best");
        if (fits && !found) found = json_incref(o);
        json_decref(o);
    }
    free(log);
    if (!found) fail_msg("no validation at step %lld", (long long)step);
    return found;
}

/* Mean log-density of rows of the validation split, by hand. */
static double mean_over(weir_model *m, weir_dataset *d)
{
    double sum = 0, v[ROWS];
    weir_scope s = weir_scope_begin_no_grad(weir_model_ctx(m));
    weir_copy_to_f64(weir_model_log_prob(m, weir_dataset_batch(d, 0, ROWS), NULL, NULL), v, weir_dataset_samples(d));
    for (int64_t i = 0; i < weir_dataset_samples(d); i++) sum += v[i];
    weir_scope_end(s);
    return sum / (double)weir_dataset_samples(d);
}

static void a_part_stands_for_the_whole(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    char config[8192];
    write_sorted("sorted.csv");
    NORMED(c, "sorted.csv", config, "steps=4", "batch=50", "valid_rows=60", "valid_every=4", "optimizer=adam");
    remove_run("part");
    weir_run *r = weir_run_open(c, "part", config, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    assert_int_equal(r->best_step, 4);
    double valid = r->last_valid;
    weir_model *m = weir_model_load(c, "part"); /* of step 4 */
    weir_dataset *d = weir_dataset_open(c, "sorted.csv,split=valid"), *some = weir_dataset_open(c, "sorted.csv,split=valid,limit=60");
    assert_near(valid, mean_over(m, some), 1e-12);
    double whole = mean_over(m, d), spread = 2.5; /* between classes and within: the deviation of a sample's log-density */
    assert_true(fabs(valid - whole) < 3 * spread / sqrt(60));
    weir_dataset *first = weir__dataset_open_first(c, "sorted.csv,split=valid,limit=60");
    assert_true(fabs(mean_over(m, first) - whole) > 2); /* the beginning of the file is no such part */
    weir_dataset_free(first);
    weir_dataset_free(some);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_run_free(r);
    weir_close(c);
}

/* The samples are the file's, whatever the seed. */
static void the_seed_chooses_no_samples(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    int64_t ids[2][60];
    write_sorted("sorted.csv");
    for (int i = 0; i < 2; i++) {
        char config[8192];
        NORMED(c, "sorted.csv", config, i ? "seed=9" : "seed=1", "steps=4", "valid_rows=60", "optimizer=adam");
        remove_run("seeded");
        weir_run *r = weir_run_open(c, "seeded", config, false);
        assert_int_equal(weir_dataset_samples(r->held), 60);
        memcpy(ids[i], r->held->ids, sizeof ids[i]);
        weir_run_free(r);
    }
    assert_memory_equal(ids[0], ids[1], sizeof ids[0]);
    weir_close(c);
}

/* -- failing samples -------------------------------------------------------------------------------------------------------------------- */
typedef struct told { int64_t failed, id; double valid; } told;
static int listen_to(void *user, const weir_progress *p)
{
    told *t = user;
    t->failed = p->failed;
    t->id = p->failed ? p->failed_ids[0] : -1;
    t->valid = p->valid;
    return 0;
}

static void the_best_is_chosen_on_the_rest(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    char config[8192];
    told t = { 0 };
    NORMED(c, "toy:moons,n=240", config, "steps=8", "batch=50", "valid_every=4", "optimizer=adam", "model.fail_above=1.2", "model.fail_from=3");
    remove_run("failing");
    weir_run *r = weir_run_open(c, "failing", config, false);
    weir_train_opts o = weir_train_defaults();
    o.on_step = listen_to;
    o.user = &t;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    int64_t failing = 0, first = -1;
    for (int64_t i = weir_dataset_samples(r->valid); i-- > 0;) {
        int64_t id = weir__dataset_id(r->valid, i);
        if (!(weir__store_value(r->valid->store, id, 0) > 1.2)) continue;
        failing++;
        first = id;
    }
    assert_in_range(failing, 2, 30);
    assert_true(isfinite(r->last_valid));
    assert_true(r->best_step > 0);
    assert_int_equal(r->failed, failing);
    assert_int_equal(t.failed, failing);
    assert_int_equal(t.id, first);
    assert_true(t.valid == r->last_valid);
    json_t *line = line_of("failing", 8), *named = json_object_get(line, "failed_samples");
    assert_int_equal(json_integer_value(json_object_get(line, "failed")), failing);
    assert_int_equal(json_array_size(named), failing < WEIR_FAILED_NAMED ? failing : WEIR_FAILED_NAMED);
    assert_int_equal(json_integer_value(json_array_get(named, 0)), first);
    assert_true(json_is_number(json_object_get(line, "valid")));
    json_decref(line);
    int64_t ids[WEIR_FAILED_NAMED];
    memcpy(ids, r->failed_ids, sizeof ids);
    weir_run_free(r);
    r = weir_run_open(c, "failing", NULL, true); /* known after a resume too */
    assert_int_equal(r->failed, failing);
    assert_memory_equal(r->failed_ids, ids, (size_t)(failing < WEIR_FAILED_NAMED ? failing : WEIR_FAILED_NAMED) * sizeof *ids);
    weir_run_free(r);
    weir_model *m = weir_model_load(c, "failing");
    assert_string_equal(m->weights, "best raw");
    weir_model_free(m);
    weir_close(c);
}

/* Where all fail there is no mean, and no best; where none does nothing is said. */
static void all_or_none_may_fail(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    char config[8192];
    for (int all = 0; all < 2; all++) {
        NORMED(c, "toy:moons,n=240", config, "steps=4", "batch=50", "valid_every=4", "optimizer=adam", all ? "model.fail_above=-1e9" : "model.fail_above=1e9");
        remove_run("failing");
        weir_run *r = weir_run_open(c, "failing", config, false);
        assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
        assert_int_equal(r->failed, all ? 40 : 0);
        assert_int_equal(r->best_step, all ? -1 : 4);
        json_t *line = line_of("failing", 4);
        assert_int_equal(json_integer_value(json_object_get(line, "failed")), all ? 40 : 0);
        assert_int_equal(json_object_get(line, "failed") != NULL, all);
        json_decref(line);
        weir_run_free(r);
    }
    weir_close(c);
}

/* A sample of weight 0 is as if it were not there. */
static void samples_without_weight_do_not_fail(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    char config[8192];
    FILE *f = fopen("weighted.csv", "w");
    fputs("x,y,w\n", f);
    for (int i = 0; i < 60; i++) fprintf(f, "%d,%g,%d\n", i % 10 == 3 ? 5 : 0, weir__normal(3, (uint64_t)i, 0), i % 10 == 3 ? 0 : 1);
    fclose(f);
    NORMED(c, "weighted.csv,weight=w,valid=last:20", config, "steps=4", "batch=10", "valid_every=4", "optimizer=adam", "model.fail_above=2");
    remove_run("weighted");
    weir_run *r = weir_run_open(c, "weighted", config, false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    assert_int_equal(r->failed, 0);
    assert_int_equal(r->best_step, 4);
    weir_run_free(r);
    weir_close(c);
}

/* -- runs of 0.1.0 ------------------------------------------------------------------------------------------------------------------------- */
/* Their config.json says nothing of subsets: they go on with the first samples, whose fingerprint they have noted. */
static void old_runs_keep_their_samples(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    char config[8192];
    FILE *f = fopen("counted.csv", "w");
    for (int i = 0; i < 600; i++) fprintf(f, "%d.%02d,%d\n", i / 100, i % 100, i * i % 7);
    fclose(f);
    NORMED(c, "counted.csv,limit=40", config, "steps=8", "batch=20", "valid_rows=20", "valid_every=4", "optimizer=adam");
    remove_run("old");
    weir_run *r = weir_run_open(c, "old", config, false);
    weir_run_free(r);
    json_t *o = weir__json_load(c, "old/config.json");
    assert_string_equal(json_string_value(json_object_get(o, "subset")), "hash");
    json_object_del(o, "subset");
    json_object_set_new(o, "data_fingerprint", json_string("6ff4ad8f18e44c30")); /* as 0.1.0 wrote it */
    assert_int_equal(weir__json_save(c, "old/config.json", o), WEIR_OK);
    json_decref(o);
    r = weir_run_open(c, "old", NULL, true);
    assert_ok(c);
    weir_dataset *all = weir_dataset_open(c, "counted.csv"), *train = weir_dataset_split(all, "train"), *valid = weir_dataset_split(all, "valid");
    assert_int_equal(weir_dataset_samples(r->train), 40);
    assert_int_equal(weir_dataset_samples(r->valid), 40);
    assert_int_equal(weir_dataset_samples(r->held), 20);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(weir__dataset_id(r->train, i), weir__dataset_id(train, i));
        if (i < 20) assert_int_equal(weir__dataset_id(r->held, i), weir__dataset_id(valid, i));
    }
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_dataset_free(train);
    weir_dataset_free(valid);
    weir_dataset_free(all);
    weir_close(c);
}

int main(void)
{
    char folder[] = "/tmp/weir-valid-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) return 1;
    CASES(cmocka_unit_test(a_part_stands_for_the_whole), cmocka_unit_test(the_seed_chooses_no_samples), cmocka_unit_test(the_best_is_chosen_on_the_rest),
          cmocka_unit_test(all_or_none_may_fail), cmocka_unit_test(samples_without_weight_do_not_fail), cmocka_unit_test(old_runs_keep_their_samples));
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    if (failed == 0 && chdir("/") == 0) remove_run(folder);
    return failed;
}
