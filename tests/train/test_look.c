/* What a run says of itself, log-likelihoods in other units, and the report as a library's. */
#define _GNU_SOURCE
#include "killed.h"

static int64_t told_steps;
static weir_progress told = { .size = sizeof told };

static int note(void *user, const weir_progress *p)
{
    (void)user;
    told = *p;
    told_steps++;
    return 0;
}

static weir_run *a_run(weir_ctx *c, const char *folder)
{
    char config[8192];
    NORMED(c, "toy:moons,n=400", config, "steps=6", "batch=50", "valid_every=2", "clip=1", "optimizer=adam");
    remove_run(folder);
    weir_run *r = weir_run_open(c, folder, config, false);
    assert_ok(c);
    return r;
}

static void before_the_first_step(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_run *r = a_run(c, "looked");
    weir_progress p = { .size = sizeof p };
    assert_string_equal(weir_run_folder(r), "looked");
    assert_int_equal(weir_run_step(r), 0);
    assert_int_equal(weir_run_horizon(r), 6);
    assert_int_equal(weir_run_stop(r), 6);
    assert_int_equal(weir_run_epoch(r), weir_dataset_samples(r->train) / 50);
    assert_int_equal(weir_run_dim(r), 2);
    assert_int_equal(weir_run_levels(r), 0);
    assert_int_equal(weir_run_best_step(r), -1);
    assert_true(isnan(weir_run_best(r)));
    assert_int_equal(weir_run_progress(r, &p), WEIR_OK);
    assert_true(p.step == 0 && p.steps == 6 && isnan(p.loss) && isnan(p.valid) && isnan(p.grad_norm));
    weir_run_free(r);
    weir_close(c);
}

/* The same that on_step is told last; of a run opened again all that it keeps. */
static void as_it_was_told(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_run *r = a_run(c, "looked");
    weir_train_opts o = weir_train_defaults();
    weir_progress p = { .size = sizeof p };
    o.on_step = note;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    assert_true(told_steps > 0);
    assert_int_equal(weir_run_progress(r, &p), WEIR_OK);
    assert_memory_equal(&p, &told, sizeof p);
    assert_int_equal(weir_run_step(r), 6);
    assert_true(weir_run_best(r) == p.best && isfinite(p.best) && isfinite(p.loss) && p.grad_norm > 0);
    assert_int_equal(weir_run_best_step(r), r->best_step);
    weir_run_free(r);
    weir_run *again = weir_run_open(c, "looked", NULL, true);
    weir_progress q = { .size = sizeof q };
    assert_int_equal(weir_run_progress(again, &q), WEIR_OK);
    assert_true(q.step == 6 && q.best == p.best && q.valid == p.valid && isnan(q.loss));
    weir_run_free(again);
    weir_close(c);
}

/* Nobody need watch for the numbers to be there. */
static void unwatched(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_run *r = a_run(c, "looked");
    weir_progress p = { .size = sizeof p };
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    assert_int_equal(weir_run_progress(r, &p), WEIR_OK);
    assert_true(p.steps == 6 && isfinite(p.loss) && p.seconds > 0);
    weir_run_free(r);
    weir_close(c);
}

static void refusals(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_progress p = { .size = sizeof p };
    weir_run *nil = weir_run_open(c, "nowhere", NULL, true);
    assert_fails(c, WEIR_ERROR_IO, "config.json");
    assert_string_equal(weir_run_folder(nil), "");
    assert_int_equal(weir_run_step(nil), 0);
    assert_int_equal(weir_run_best_step(NULL), -1);
    assert_true(isnan(weir_run_best(nil)));
    assert_true(weir_run_progress(nil, &p) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "run_progress: nil");
    assert_true(weir_run_progress(NULL, &p) != WEIR_OK);
    weir_run *r = a_run(c, "looked");
    assert_true(weir_run_progress(r, NULL) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "run_progress: NULL");
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    assert_true(weir_report_write(c, "looked", NULL, NULL) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "report_write: NULL");
    assert_true(weir_report_write(c, NULL, "x.html", NULL) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "report_write: NULL");
    assert_true(weir_report_write(c, "looked", "no/such/folder/x.html", NULL) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_IO, "no/such/folder");
    weir_close(c);
}

static void units(void **state)
{
    (void)state;
    assert_near(weir_bits_per_dim(-64 * log(2), 64, 17), 1, 1e-15);
    assert_near(weir_bits_per_dim(-0.5, 4, 256), 0.5 / (4 * log(2)), 1e-15);
    assert_near(weir_nats_unit_range(-64 * log(17), 64, 17), 0, 1e-12);
    assert_true(isnan(weir_bits_per_dim(1, 2, 0)) && isnan(weir_bits_per_dim(1, 0, 2)) && isnan(weir_bits_per_dim(1, -1, 2)));
    assert_true(isnan(weir_nats_unit_range(1, 2, 0)) && isnan(weir_nats_unit_range(1, 0, 2)));
    assert_true(isnan(weir_bits_per_dim(NAN, 2, 2)));
}

/* What a row of a program's own leaves out is an error that says so, and a gap in the page. */
static void rows_that_lack_something(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    float x[2] = { 0, 1 };
    double v;
    weir_model *m = weir_model_new(c, "normed", "");
    assert_true(weir_model_sample_into(m, 1, NULL, x) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.normed: no samples");
    assert_true(weir_is_nil(weir_model_sample(m, 1, NULL)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.normed: no samples");
    weir_model_free(m);
    weir_model_row silent = normed_row;
    silent.row.name = "model.silent";
    silent.log_prob = NULL;
    assert_int_equal(weir_row_register(c, &silent.row), WEIR_OK);
    m = weir_model_new(c, "silent", "");
    assert_true(weir_model_log_prob_into(m, x, 1, NULL, &v, NULL) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.silent: no log-density");
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(1, 2)), NULL, NULL, NULL);
    assert_true(weir_is_nil(weir_model_loss(m, b)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.silent: no loss");
    weir_scope_end(s);
    weir_model_free(m);
    weir_run *r = a_run(c, "looked");
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    assert_int_equal(weir_report_write(c, "looked", "looked.html", NULL), WEIR_OK);
    weir_close(c);
}

/* -- the page may be stopped in any of its parts ------------------------------------------------- */
typedef struct halting {
    const char *at;
    int calls;
} halting;

static int halt(void *user, const char *part, int64_t done, int64_t n)
{
    halting *h = user;
    assert_true(done > 0 && done <= n);
    h->calls++;
    return strcmp(part, h->at) == 0;
}

static void a_page_that_is_stopped(void **state)
{
    (void)state;
    static const char *const parts[] = { "scores", "samples", "density", "trajectories", "none" };
    weir_ctx *c = weir_open(1);
    remove_run("stopped");
    weir_run *r = weir_run_open(c, "stopped", "model=rectified-flow model.net.hidden=8 data=toy:moons,n=300 train.steps=2", false);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    weir_run_free(r);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        halting h = { .at = parts[i] };
        weir_report_opts o = weir_report_defaults();
        o.on_step = halt;
        o.user = &h;
        unlink("stopped.html");
        bool all = i + 1 == sizeof parts / sizeof *parts;
        weir_status s = weir_report_write(c, "stopped", "stopped.html", &o);
        if (s != (all ? WEIR_OK : WEIR_STOPPED)) fail_msg("%s: %d", parts[i], (int)s);
        assert_int_equal(access("stopped.html", F_OK), all ? 0 : -1);
        assert_true(h.calls > 0 && weir_ok(c));
    }
    weir_report_opts o = weir_report_defaults();
    o.size--;
    assert_true(weir_report_write(c, "stopped", "stopped.html", &o) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_report_defaults");
    weir_close(c);
}

int main(void)
{
    CASES(cmocka_unit_test(before_the_first_step), cmocka_unit_test(as_it_was_told), cmocka_unit_test(unwatched), cmocka_unit_test(refusals),
          cmocka_unit_test(units), cmocka_unit_test(rows_that_lack_something),
          cmocka_unit_test(a_page_that_is_stopped));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
