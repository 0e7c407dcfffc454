/* Runs whose average goes by a half-life in samples: the formula, from any stop and at any number
 * of threads. */
#define _GNU_SOURCE
#include "killed.h"

#define OF_HALF_LIFE \
    "model=nice model.hidden=8 model.couplings=2 data=digits,limit=60 preset=released " \
    "model.dtype=f64 ema_half_life=150 train.batch=20 train.steps=12 train.valid_every=5 " \
    "train.valid_rows=9 train.checkpoint_every=5 train.shards=2"

static weir_run *train_to(weir_ctx *c, const char *folder, int64_t steps)
{
    weir_run *r = weir_run_open(c, folder, OF_HALF_LIFE, true);
    weir_train_opts o = weir_train_defaults();
    o.steps = steps;
    if (weir_run_train(r, &o) != WEIR_OK) fail_msg("%s", weir_message(c));
    return r;
}

/* A call a step, each a resume: the average is the formula's of the weights as they went. */
static void the_formula(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    double *average = NULL;
    remove_run("steps");
    for (int64_t step = 1; step <= 12; step++) {
        weir_run *r = train_to(c, "steps", step);
        int64_t n;
        const double *held = weir_ema_state(r->ema, &n, NULL), *weights = r->tree.at[0].data;
        if (!average) average = calloc((size_t)n, sizeof *average);
        double seen = 20 * (double)(step - 1), h = fmin(150, 0.05 * seen);
        double beta = pow(0.5, 20 / fmax(h, 1e-8));
        for (int64_t i = 0; i < n; i++) {
            average[i] = weights[i] + (average[i] - weights[i]) * beta;
            assert_near(held[i], average[i], 1e-13);
        }
        assert_int_equal(memcmp(held, weights, (size_t)n * sizeof *held) != 0, step > 1);
        assert_true(r->config.train.ema == 0 && r->config.train.ema_half_life == 150);
        weir_run_free(r);
    }
    free(average);
    weir_close(c);
}

/* A batch is what the loader gives: all of 9 samples are one of 9, not of 20. */
static void a_batch_larger_than_the_data(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    remove_run("few");
    weir_run *r = weir_run_open(c, "few",
                                "model=nice data=digits,limit=9,valid=0 train.batch=20 "
                                "model.dtype=f64 ema_half_life=9 ema_ramp=0 train.steps=1",
                                false);
    assert_ok(c);
    int64_t n;
    double *held = weir_ema_state(r->ema, &n, NULL), *before = malloc((size_t)n * sizeof *before);
    memcpy(before, held, (size_t)n * sizeof *before);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    const double *weights = r->tree.at[0].data;
    for (int64_t i = 0; i < n; i++) assert_near(held[i], 0.5 * before[i] + 0.5 * weights[i], 1e-14);
    free(before);
    weir_run_free(r);
    weir_close(c);
}

static void threads_and_stops_change_no_bit(void **state)
{
    (void)state;
    static const char *const folders[] = { "one", "two" };
    for (int i = 0; i < 2; i++) {
        remove_run(folders[i]);
        assert_int_equal(wait_for(start(&(plan){ folders[i], OF_HALF_LIFE, i + 1 }, NULL)), 0);
    }
    same_run("one", "two");
    same_checkpoint("one", "steps"); /* a call a step */
}

static void another_half_life_is_no_resume(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    static const char *const others[] = { OF_HALF_LIFE " ema_half_life=151",
                                          OF_HALF_LIFE " ema_ramp=0.1" };
    for (int i = 0; i < 2; i++) {
        weir_run_open(c, "one", others[i], true);
        assert_fails(c, WEIR_ERROR_STATE, i == 0 ? "train.ema_half_life" : "train.ema_ramp");
    }
    weir_close(c);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(the_formula),
        cmocka_unit_test(a_batch_larger_than_the_data),
        cmocka_unit_test(threads_and_stops_change_no_bit),
        cmocka_unit_test(another_half_life_is_no_resume),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
