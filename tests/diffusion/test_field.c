/* Networks of any prediction, label and scale of input, on any path, as fields: what they say in every form, their likelihood, the weights and
 * times of their training. */
#include "test.h"
#include "exact_network.h"

/* -- what it says ----------------------------------------------------------------------------------------------------------------------- */
static void predicts(weir_ctx *c, const subject *s)
{
    double lo, hi, x[10], t[5], y[10], want[10];
    weir__field_ends(&s->f, &lo, &hi);
    for (int i = 0; i < 5; i++) t[i] = lo + (hi - lo) * (0.02 + 0.24 * i);
    for (int i = 0; i < 10; i++) x[i] = weir__normal(7, 0, (uint64_t)i) * s->f.path->at(s->f.path_options, t[i / 2]).b * 1.2;
    for (int k = 0; k < FORMS - 1; k++) {
        const weir_prediction_row *form = (const weir_prediction_row *)weir_row_find(c, "prediction", forms[k]);
        assert_int_equal(weir__field_predict((void *)&s->f, form, 5, SHAPE(0, 1, 2, 3, 4), t, x, y), WEIR_OK);
        for (int i = 0; i < 5; i++) {
            exact_at(&gmm3, form, s->f.path->at(s->f.path_options, t[i]), x + 2 * i, want + 2 * i);
            for (int j = 2 * i; j < 2 * i + 2; j++)
                if (!(fabs(y[j] - want[j]) < 1e-8 * (1 + fabs(want[j])))) /* ve: sigma from 1 to 5,000 */
                    fail_msg("%s, %s asked for %s at t = %g: %.15g, expected %.15g", s->f.path->row.name, s->f.prediction->row.name, form->row.name, t[i], y[j], want[j]);
        }
    }
}

static void test_says_every_form(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    for (int path = 0; path < PATHS; path++)
        for (int form = 0; form < FORMS; form++)
            for (int scaled = 0; scaled < 2; scaled++) {
                subject s;
                field_make(c, net, path, form, scaled, &s);
                field_now = &s.f;
                predicts(c, &s);
                field_now = NULL;
            }
    weir_module_free(net);
}

/* -- likelihood ------------------------------------------------------------------------------------------------------------------------- */
/* log p at the first time. The last time's distribution is not quite normal on paths whose sigma ends; there less is asked. */
static void scores(weir_ctx *c, subject *s)
{
    double x[8] = { 0.3, -0.4, 1, 0.5, -1.2, 0.4, 0.1, -1 }, lp[4];
    any_opts o;
    weir_sample_report report[4] = { 0 };
    weir__likelihood l = { .field = &s->f, .sampler_options = &o };
    l.sampler = (const weir_sampler_row *)row_of(c, "sampler", "dopri5", "rtol=1e-7 atol=1e-7", &o);
    weir__field_ends(&s->f, &l.lo, &l.hi);
    assert_int_equal(weir__likelihood_run(&l, 4, x, lp, NULL, report), WEIR_OK);
    weir_options_free(c, &l.sampler->row, &o); /* the grid that it chose */
    weir_path_point first = s->f.path->at(s->f.path_options, l.lo), last = s->f.path->at(s->f.path_options, l.hi);
    double tolerance = last.a == 0 ? 1e-5 : 3 * last.a / last.b;
    for (int i = 0; i < 4; i++) {
        double total = 0, norm = 0;
        for (int k = 0; k < gmm3.n; k++) total += exp(exact_log_share(&gmm3, k, first, x + 2 * i));
        norm = log(total) - log(2 * 3.14159265358979323846);
        if (!(fabs(lp[i] - norm) < tolerance)) fail_msg("%s, %s: end %d, %lld steps: log p %.9g, expected %.9g within %g", s->f.path->row.name, s->f.prediction->row.name, (int)report[i].end, (long long)report[i].steps, lp[i], norm, tolerance);
    }
}

static void test_likelihoods(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = weir_module_from_row(c, &exact_row, NULL);
    for (int path = 0; path < PATHS; path++)
        for (int form = 0; form < FORMS; form++) {
            subject s;
            field_make(c, net, path, form, (path + form) % 2, &s);
            field_now = &s.f;
            scores(c, &s);
            field_now = NULL;
        }
    weir_module_free(net);
}

/* -- training --------------------------------------------------------------------------------------------------------------------------- */
/* What a network is trained on, by definition: its input, what it is told, its target and the weight of its error. */
static void pairs_are(weir_ctx *c, const subject *s, const weir_loss_weight_row *w, const any_opts *o)
{
    enum { N = 4 };
    double lo, hi, x0[N * 2], eps[N * 2], t[N];
    weir__field_ends(&s->f, &lo, &hi);
    for (int i = 0; i < N; i++) t[i] = lo + (hi - lo) * (0.03 + 0.3 * i);
    for (int i = 0; i < N * 2; i++) x0[i] = weir__normal(1, 0, (uint64_t)i), eps[i] = weir__normal(2, 0, (uint64_t)i);
    weir_scope scope = weir_scope_begin(c);
    weir__pairs p;
    assert_true(weir__field_pairs(&s->f, w, o, weir_from_f64(c, x0, 2, SHAPE(N, 2)), weir_from_f64(c, eps, 2, SHAPE(N, 2)), weir_from_f64(c, t, 1, SHAPE(N)), &p));
    for (int64_t i = 0; i < N; i++) {
        weir_path_point k = s->f.path->at(s->f.path_options, t[i]);
        double scale = s->f.sigma_data > 0 ? 1 / sqrt(k.b * k.b + k.a * k.a * s->f.sigma_data * s->f.sigma_data) : 1;
        assert_near(weir_get(p.label, &i), s->f.label == WEIR__LABEL_TIME ? t[i] : 0.25 * log(k.b / k.a), 1e-13);
        for (int64_t j = 0; j < 2; j++) {
            double x = k.a * x0[2 * i + j] + k.b * eps[2 * i + j], y = x0[2 * i + j];
            weir_prediction_convert(c, s->f.path, s->f.path_options, &weir__prediction_x0, NULL, s->f.prediction, s->f.prediction_options, 1, 1, &t[i], &x, &y);
            assert_near(weir_get(p.x, SHAPE(i, j)), scale * x, 1e-12);
            assert_near(weir_get(p.target, SHAPE(i, j)), y, 1e-8);
        }
        assert_near(weir_get(p.weight, &i), weir__field_weight(&s->f, w, o, t[i]), 1e-12);
    }
    weir_scope_end(scope);
}

static void test_pairs(void **state)
{
    weir_ctx *c = *state;
    any_opts o;
    const weir_loss_weight_row *w = (const weir_loss_weight_row *)row_of(c, "loss_weight", "soft_min_snr", "", &o);
    for (int path = 0; path < PATHS; path++)
        for (int form = 0; form < FORMS; form++)
            for (int scaled = 0; scaled < 2; scaled++) {
                subject s;
                field_make(c, NULL, path, form, scaled, &s);
                pairs_are(c, &s, w, &o);
            }
}

/* A weight says the same of every form: times what an error of x_0 is in the form, it is the weight of x_0. And by the names that forms give. */
static void test_weights(void **state)
{
    weir_ctx *c = *state;
    static const struct { const char *weight, *options; int path, form; } ones[] = {
        { "none", "", 2, 4 }, { "x0", "", 2, 0 }, { "eps", "", 2, 1 }, { "v", "", 2, 3 }, { "straight", "", 0, 2 }, { "edm", "sigma_data=0.7", 7, 5 },
    };
    subject s;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        any_opts o;
        const weir_loss_weight_row *w = (const weir_loss_weight_row *)row_of(c, "loss_weight", ones[i].weight, ones[i].options, &o);
        field_make(c, NULL, ones[i].path, ones[i].form, false, &s);
        assert_near(weir__field_weight(&s.f, w, &o, 0.3), 1, 1e-12);
    }
    for (int64_t i = 0; i < weir_row_count(c, "loss_weight"); i++) {
        any_opts o;
        const weir_row *row = weir_row_at(c, "loss_weight", i);
        const weir_loss_weight_row *w = (const weir_loss_weight_row *)row_of(c, "loss_weight", row->name, row->test, &o);
        if (w == &weir__loss_weight_none) continue;
        for (int path = 0; path < PATHS; path++) {
            field_make(c, NULL, path, 0, false, &s);
            double of_x0 = weir__field_weight(&s.f, w, &o, 0.4), D[2] = { 0.3, 0.31 }, x = 0.9, t = 0.4;
            assert_true(isfinite(of_x0) && of_x0 > 0);
            for (int form = 1; form < FORMS; form++) {
                double y[2] = { D[0], D[1] }; /* an error of 0.01 of x_0, in the form */
                field_make(c, NULL, path, form, false, &s);
                for (int k = 0; k < 2; k++)
                    weir_prediction_convert(c, s.f.path, s.f.path_options, &weir__prediction_x0, NULL, s.f.prediction, s.f.prediction_options, 1, 1, &t, &x, y + k);
                double error = (y[1] - y[0]) / 0.01;
                assert_near(weir__field_weight(&s.f, w, &o, 0.4) * error * error / of_x0, 1, 1e-9);
            }
        }
    }
    any_opts o; /* min-SNR on eps: min(1, gamma / SNR) */
    const weir_loss_weight_row *w = (const weir_loss_weight_row *)row_of(c, "loss_weight", "min_snr", "gamma=5", &o);
    field_make(c, NULL, 2, 1, false, &s);
    for (double t = 0.05; t < 1; t += 0.1) {
        weir_path_point p = s.f.path->at(s.f.path_options, t);
        assert_near(weir__field_weight(&s.f, w, &o, t), fmin(1, 5 * p.b * p.b / (p.a * p.a)), 1e-12);
    }
}

/* Times lie where the network is asked; sigma of log_normal on any path is log-normal. */
static void test_times(void **state)
{
    weir_ctx *c = *state;
    enum { N = 20000 };
    for (int path = 0; path < PATHS; path++)
        for (int64_t i = 0; i < weir_row_count(c, "time_density"); i++) {
            any_opts o;
            subject s;
            double lo, hi, mean = 0, square = 0, t[N];
            const weir_row *row = weir_row_at(c, "time_density", i);
            const weir_time_density_row *d = (const weir_time_density_row *)row_of(c, "time_density", row->name, "", &o);
            field_make(c, NULL, path, 1, true, &s);
            weir__field_ends(&s.f, &lo, &hi);
            weir_scope scope = weir_scope_begin(c);
            assert_int_equal(weir_copy_to_f64(weir__field_draw_times(&s.f, c, d, &o, N), t, N), WEIR_OK);
            weir_scope_end(scope);
            for (int k = 0; k < N; k++) {
                weir_path_point p = s.f.path->at(s.f.path_options, t[k]);
                assert_true(t[k] >= lo && t[k] <= hi);
                mean += log(p.b / p.a) / N, square += pow(log(p.b / p.a), 2) / N;
            }
            if (!d->of_sigma) continue;
            assert_true(fabs(mean + 1.2) < 0.04 && fabs(sqrt(square - mean * mean) - 1.2) < 0.04);
        }
}

int main(void)
{
    CASES(CASE(test_says_every_form), CASE(test_likelihoods), CASE(test_pairs), CASE(test_weights), CASE(test_times));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
