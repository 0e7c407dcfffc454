/* Runs on mirrored images: the same bits at any number of threads and from any stop; refusals. */
#define _GNU_SOURCE
#include "killed.h"

static char config[8192];
static int setup(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    static const char *const set[] = { "hidden=8", "couplings=2",   "steps=24",          "batch=20",
                                       "seed=1",   "valid_every=5", "log_every=3",       "shards=2",
                                       "flip=0.5", "valid_rows=9",  "checkpoint_every=7" };
    json_t *o = weir__config_resolve(c, "nice", "digits,limit=120", NULL, 11, set);
    assert_ok(c);
    char *text = json_dumps(o, 0);
    assert_true(strlen(text) < sizeof config);
    strcpy(config, text);
    free(text);
    json_decref(o);
    weir_close(c);
    remove_run("whole");
    assert_int_equal(wait_for(start(&(plan){ "whole", config, 1 }, NULL)), 0);
    return 0;
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    remove_run("two");
    assert_int_equal(wait_for(start(&(plan){ "two", config, 2 }, NULL)), 0);
    same_run("whole", "two");
}

/* Ten steps in: the second epoch has begun. */
static void a_stop_changes_no_bit(void **state)
{
    (void)state;
    remove_run("parts");
    weir_ctx *c = weir_open(1);
    weir_run *r = weir_run_open(c, "parts", config, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = 10;
    assert_true(weir_run_epoch(r) < o.steps);
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    weir_run_free(r);
    r = weir_run_open(c, "parts", NULL, true);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    weir_close(c);
    same_run("whole", "parts");
}

/* The setting reaches the batches of the run, and stands in its config. */
static void the_run_sees_mirrored_images(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    weir_run *r = weir_run_open(c, "whole", NULL, true);
    assert_ok(c);
    assert_true(r->config.train.flip == 0.5);
    weir_loader *plain = weir_loader_new(r->train, "batch=20 seed=1");
    int differ = 0;
    weir_loader_seek(r->loader, 0);
    weir_scope s = weir_scope_begin(c);
    weir_batch *a = weir_loader_next(r->loader), *b = weir_loader_next(plain);
    const float *x = weir_data(weir_batch_x(a)), *y = weir_data(weir_batch_x(b));
    for (int i = 0; i < 20; i++) {
        float image[64];
        memcpy(image, y + i * 64, sizeof image);
        if (memcmp(x + i * 64, image, sizeof image) == 0) continue;
        weir__image_mirror(&(weir__image_shape){ 1, 8, 8 }, WEIR_F32, image);
        assert_memory_equal(x + i * 64, image, sizeof image);
        differ++;
    }
    weir_scope_end(s);
    assert_true(differ > 2 && differ < 18);
    weir_loader_free(plain);
    weir_run_free(r);
    weir_close(c);
}

static void what_is_refused(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    remove_run("none");
    weir_run_open(c, "none", "model=nice data=toy:moons flip=0.5", false);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "toy:moons: flip=0.5: expected images");
    weir_run_open(c, "whole", "model=nice data=digits,limit=120 flip=0.25", true);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_STATE);
    weir_clear(c);
    struct stat st;
    assert_int_not_equal(stat("none", &st), 0);
    weir_close(c);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(a_stop_changes_no_bit),
        cmocka_unit_test(the_run_sees_mirrored_images),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(cases, setup, NULL);
}
