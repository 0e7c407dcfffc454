/* network.retarget: samplers on one path of what a network knows on another. The network inside says one form on its own path, the sampler asks
 * any on its own, and x / a ends where it ends without. */
#include "test.h"
#include "../diffusion/exact_network.h"

/* What is around is asked on `path`; the exact network inside has the conventions of `old`. */
typedef struct retargeted { subject old, asked; weir_module *net; } retargeted;

static void retarget_make(weir_ctx *c, int path, int own, int form, bool scaled, retargeted *r)
{
    char options[512];
    field_make(c, NULL, own, form, scaled, &r->old);
    snprintf(options, sizeof options, "in=2 out=2 dtype=f64 net=exact old_path=%s old_prediction=%s%s old_label=%s old_input_scale=%g path=%s prediction=v", paths[own],
             forms[form], strcmp(forms[form], "edm") == 0 ? " old_prediction.sigma_data=0.7" : "", scaled ? "log_sigma" : "time", scaled ? 0.7 : 0.0, paths[path]);
    r->net = weir_module_new(c, "network.retarget", options);
    assert_ok(c);
    field_make(c, r->net, path, 3, false, &r->asked);
}

/* From x / a = (4, -2) at sigma = 8 to 0.05; x / a there. */
static void solve(weir_ctx *c, const weir__field *f, weir_predictor k, const char *sampler, const char *options, double *x)
{
    enum { STEPS = 10 };
    double times[STEPS + 1];
    for (int j = 0; j <= STEPS; j++) times[j] = f->path->time_of(f->path_options, 8 * pow(0.05 / 8, (double)j / STEPS));
    double first = f->path->at(f->path_options, times[0]).a, last = f->path->at(f->path_options, times[STEPS]).a;
    x[0] = 4 * first, x[1] = -2 * first;
    weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = f->path, .path_options = f->path_options, .predictor = k };
    if (walk_run(c, &(walk){ sampler, options, 0, 0, times, STEPS + 1 }, &p) != WEIR_OK) fail_msg("%s: %s", sampler, weir_message(c));
    x[0] /= last, x[1] /= last;
}

static void test_one_flow(void **state)
{
    weir_ctx *c = *state;
    assert_int_equal(weir_row_register(c, &exact_row.row), WEIR_OK);
    for (int i = 0; i < PATHS; i++)
        for (int j = 0; j < PATHS; j++) {
            double x[2];
            int form = (i + 3 * j) % FORMS;
            retargeted r;
            retarget_make(c, i, j, form, (i + j) % 2, &r);
            field_now = &r.old.f;
            solve(c, &r.asked.f, (weir_predictor){ weir__field_predict, &r.asked.f }, "dopri5", "rtol=1e-12 atol=1e-12", x);
            if (!(fabs(x[0] - 0.655264447054) < 1e-9 && fabs(x[1] - 0.029664583009) < 1e-9))
                fail_msg("%s on %s, solved on %s: (%.12g, %.12g)", forms[form], paths[j], paths[i], x[0], x[1]);
            field_now = NULL;
            weir_module_free(r.net);
        }
}

/* Every sampler, and every form on every path among them: as with a predictor of the sampler's own path. */
static void test_every_sampler(void **state)
{
    weir_ctx *c = *state;
    int turn = 0;
    weir_row_register(c, &exact_row.row);
    for (int64_t i = 0; i < weir_row_count(c, "sampler"); i++)
        for (int j = 0; j < PATHS; j++, turn++) {
            const weir_row *row = weir_row_at(c, "sampler", i);
            const char *name = strchr(row->name, '.') + 1;
            double x[2], want[2];
            retargeted r;
            retarget_make(c, (turn / 3) % PATHS, j, turn % FORMS, turn % 2, &r);
            field_now = &r.old.f;
            exact e = { .g = &gmm3, .path = r.asked.f.path, .path_options = r.asked.f.path_options };
            solve(c, &r.asked.f, (weir_predictor){ exact_predict, &e }, name, row->test, want);
            solve(c, &r.asked.f, (weir_predictor){ weir__field_predict, &r.asked.f }, name, row->test, x);
            for (int k = 0; k < 2; k++)
                if (!(fabs(x[k] - want[k]) < 1e-9))
                    fail_msg("%s on %s, sampled by %s on %s: %.15g, expected %.15g", forms[turn % FORMS], paths[j], name, r.asked.f.path->row.name, x[k], want[k]);
            field_now = NULL;
            weir_module_free(r.net);
        }
}

/* Beyond the times of the own path what it says at its ends stands: finite from where a = 0 to where b = 0, near to what is exact. */
static void test_beyond(void **state)
{
    weir_ctx *c = *state;
    weir_row_register(c, &exact_row.row);
    for (int own = 0; own < PATHS; own++)
        for (int form = 0; form < FORMS; form++) {
            double x[2] = { 0.5, -0.25 }, want[2] = { 0.5, -0.25 };
            retargeted r;
            retarget_make(c, 0, own, form, false, &r);
            field_now = &r.old.f;
            const walk w = { "rk4", "steps=20", 1, 0, NULL, 0 };
            walk_one(c, &gmm3, r.asked.f.path, &w, want);
            weir_sampling p = { .size = sizeof p, .n = 1, .dim = 2, .x = x, .path = r.asked.f.path, .path_options = r.asked.f.path_options,
                                .predictor = { weir__field_predict, &r.asked.f } };
            assert_int_equal(walk_run(c, &w, &p), WEIR_OK);
            for (int k = 0; k < 2; k++)
                if (!(fabs(x[k] - want[k]) < 2e-2)) fail_msg("%s on %s: %g, expected %g", forms[form], paths[own], x[k], want[k]);
            field_now = NULL;
            weir_module_free(r.net);
        }
}

int main(void)
{
    CASES(CASE(test_one_flow), CASE(test_every_sampler), CASE(test_beyond));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
