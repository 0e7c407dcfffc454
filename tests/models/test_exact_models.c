/* Models whose network knows the truth: the pairs that a reflow makes of one on any path, and
 * bits/dim of pictures, whose closed form is known. */
#include "models/model_test.h"
#include "../diffusion/exact_network.h"
#include "models/path_model.h"

enum { N = 12, PIXELS = 20 };
static const char FILE_NAME[] = "exact.safetensors";

/* -- pairs of a reflow ------------------------------------------------------------------------- */
/* The noise of a model on a path, where it begins, as the state of path fm at the same sigma; and
 * from there the exact flow. */
static void carry(weir_ctx *c, const weir__field *f, double *x)
{
    double lo, hi;
    weir__field_ends(f, &lo, &hi);
    weir_path_point p = f->path->at(f->path_options, hi);
    double sigma = p.a > 0 ? p.b / p.a : INFINITY;
    const double times[] = { p.a > 0 ? sigma / (1 + sigma) : 1, 0 };
    for (int j = 0; j < gmm3.dim; j++) x[j] *= times[0]; /* sigma z / (1 + sigma) */
    const walk w = { "dopri5", "rtol=1e-9 atol=1e-9", 0, 0, times, 2 };
    walk_one(c, &gmm3, &weir__path_fm, &w, x);
}

static void pairs(weir_ctx *c, const char *name)
{
    char options[128];
    double z[N * 2], x0[N * 2], far = 0;
    int64_t ids[N];
    weir_model *teacher = weir_model_new(c, name, "dim=2 dtype=f64 net=exact log_prob.rtol=1e-7");
    assert_ok(c);
    field_now = weir__model_field(teacher, "test");
    assert_int_equal(weir_model_save(teacher, FILE_NAME), WEIR_OK);
    snprintf(options, sizeof options, "dim=2 dtype=f64 net.hidden=4 reflow=%s", FILE_NAME);
    weir_model *m = weir_model_new(c, "rectified-flow", options);
    for (int i = 0; i < N; i++) ids[i] = i;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir__frame_set(c, (weir__frame){ .stream = 5, .ids = ids, .n_ids = N });
    weir_tensor *y = weir_zeros(c, WEIR_F64, 2, SHAPE(N, 2)); /* data are not looked at */
    weir_batch *b = weir__reflow_prepare(m, y, weir_batch_wrap(c, y, NULL, NULL, NULL));
    const weir_condition *k = weir_batch_prepared(b);
    assert_ok(c);
    weir_copy_to_f64(weir_condition_get(k, WEIR__REFLOW_NOISE), z, N * 2);
    weir_copy_to_f64(weir_condition_get(k, WEIR__REFLOW_DATA), x0, N * 2);
    for (int i = 0; i < N; i++) {
        carry(c, field_now, z + 2 * i);
        for (int j = 2 * i; j < 2 * i + 2; j++) far = fmax(far, fabs(z[j] - x0[j]));
    }
    print_message("%s: %g\n", name, far);
    assert_true(far < 1e-3);
    weir_scope_end(s);
    weir_model_free(m);
    weir_model_free(teacher);
}

static void test_pairs(void **state)
{
    weir_ctx *c = *state;
    mixture_now = &gmm3;
    weir_row_register(c, &exact_row.row);
    static const char *const names[] = { "rectified-flow", "edm", "ddpm", "score-sde" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) pairs(c, names[i]);
}

/* -- bits/dim of pictures ---------------------------------------------------------------------- */
/* In the scale of (v + u) / L; the other is wider. */
static mixture pixels(double mean, double deviation)
{
    mixture g = { .n = 1, .dim = PIXELS, .weight = { 1 } };
    for (int j = 0; j < PIXELS; j++) {
        g.mean[0][j] = mean * (0.3 + 0.02 * j);
        g.variance[0][j] = pow(deviation * (1 + 0.05 * j), 2);
    }
    return g;
}

/* Integers near where the Gaussian is, for a model whose y is (v + u - mean) / std or (v + u) / L. */
static void pictures(const weir_model *m, float *v)
{
    double levels = (double)weir_model_levels(m);
    for (int i = 0; i < N * PIXELS; i++) {
        const mixture *g = mixture_now;
        double y = sqrt(g->variance[0][i % PIXELS]) * weir__normal(8, 0, (uint64_t)i);
        y += g->mean[0][i % PIXELS];
        if (m->mean) y = y * weir__model_standard(m).std[0] + weir__model_standard(m).mean[0];
        else y *= levels;
        v[i] = (float)fmin(fmax(floor(y), 0), levels - 1);
    }
}

/* log p of y: y / a, from sigma_lo on, follows m + (y - m) sqrt((c + sigma^2) / (c + sigma_lo^2)),
 * whose density at sigma_hi is taken for N(0, sigma_hi^2); with the log-det of the transform. Where
 * the ends are 0 and infinity that is the Gaussian itself. */
static double closed_form(weir_model *m, const double *y)
{
    const weir__field *f = weir__model_field(m, "test");
    double lo, hi, log_p = weir__model_log_det(m);
    weir__field_ends(f, &lo, &hi);
    weir_path_point first = f->path->at(f->path_options, lo);
    weir_path_point last = f->path->at(f->path_options, hi);
    if (last.a == 0) return log_p + mixture_log_density(mixture_now, y);
    double low = first.b / first.a, high = last.b / last.a;
    for (int j = 0; j < PIXELS; j++) {
        double mean = mixture_now->mean[0][j], c = mixture_now->variance[0][j];
        double stretch = sqrt((c + high * high) / (c + low * low));
        double x = (mean + (y[j] - mean) * stretch) / high;
        log_p += log(stretch / high) - 0.5 * (x * x + log(2 * 3.14159265358979323846));
    }
    return log_p;
}

/* y [N, PIXELS] of the draw that a score makes. */
static void transformed(weir_model *m, weir_batch *b, double *y)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *log_q;
    weir__frame_set(c, (weir__frame){ .stream = weir__hash_text(WEIR__STREAM_SCORE),
                                      .ids = weir_batch_ids(b),
                                      .n_ids = N });
    weir_copy_to_f64(weir__model_transform(m, weir_batch_x(b), NULL, &log_q), y, N * PIXELS);
    weir_scope_end(s);
}

typedef struct scores {
    double want[N], truth[N], got[N], doubled[N];
    int64_t fixed_steps;
} scores;

static void score(weir_model *m, const char *solver, scores *r)
{
    weir_ctx *c = weir_model_ctx(m);
    float v[N * PIXELS];
    double y[N * PIXELS];
    int64_t ids[N];
    for (int i = 0; i < N; i++) ids[i] = 3 * i;
    field_now = weir__model_field(m, "test");
    pictures(m, v);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_from_f32(c, v, 4, SHAPE(N, 1, 4, 5));
    weir_batch *b = weir_batch_wrap(c, x, ids, NULL, NULL);
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_log_prob_info info = { .size = sizeof info };
    o.solver = solver;
    weir_copy_to_f64(weir_model_log_prob(m, b, &o, &info), r->got, N);
    assert_ok(c);
    r->fixed_steps = info.fixed_steps;
    o.steps = 2 * info.fixed_steps;
    if (o.steps > 0) weir_copy_to_f64(weir_model_log_prob(m, b, &o, &info), r->doubled, N);
    transformed(m, b, y);
    for (int i = 0; i < N; i++) {
        r->want[i] = closed_form(m, y + i * PIXELS);
        r->truth[i] = mixture_log_density(mixture_now, y + i * PIXELS) + weir__model_log_det(m);
    }
    assert_ok(c);
    weir_scope_end(s);
}

/* One mean and one deviation of all pixels. */
static void standardized(weir_model *m)
{
    double mean[PIXELS], std[PIXELS];
    for (int j = 0; j < PIXELS; j++) {
        mean[j] = 100;
        std[j] = 40;
    }
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
}

/* Score as pictures are scored, dequantised, beside closed forms: that of the model to the solver's
 * tolerance, that of the data but for what noise is not at the ends of a path. */
static void bits(weir_ctx *c, const char *name, bool scaled)
{
    const mixture of[] = { pixels(1, 0.1), pixels(-1, 0.8) };
    weir_model *m = weir_model_new(c, name, "shape=1,4,5 levels=256 dtype=f64 net=exact");
    scores r;
    double worst = 0, beside = 0;
    mixture_now = &of[scaled];
    if (scaled) standardized(m);
    score(m, "dopri5 rtol=1e-9 atol=1e-9", &r);
    for (int k = 0; k < N; k++) {
        worst = fmax(worst, fabs(r.got[k] - r.want[k]));
        beside = fmax(beside, fabs(r.got[k] - r.truth[k]));
        assert_near(weir_bits_per_dim(r.got[k], PIXELS, 256),
                    -r.got[k] / (PIXELS * log(2.0)), 1e-12);
    }
    print_message("%s, scaled %d: %g bits, off by %g nats, of the truth by %g\n", name, scaled,
                  weir_bits_per_dim(r.got[0], PIXELS, 256), worst, beside);
    assert_true(worst < 1e-6 && beside < 0.2 && r.fixed_steps == 0);
    weir_model_free(m);
}

static void test_bits(void **state)
{
    weir_ctx *c = *state;
    static const char *const names[] = { "rectified-flow", "edm", "score-sde" };
    weir_row_register(c, &exact_row.row);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int scaled = 0; scaled < 2; scaled++) bits(c, names[i], scaled);
}

/* What twice as many steps of a second-order method change is 3/4 of the error. */
static void test_fixed_steps(void **state)
{
    weir_ctx *c = *state;
    const mixture g = pixels(1, 0.1);
    mixture_now = &g;
    weir_row_register(c, &exact_row.row);
    weir_model *m = weir_model_new(c, "rectified-flow",
                                   "shape=1,4,5 levels=256 dtype=f64 net=exact");
    scores r;
    double error = 0, change = 0;
    score(m, "heun steps=100", &r);
    for (int k = 0; k < N; k++) {
        error += pow(r.got[k] - r.want[k], 2) / N;
        change += pow(r.doubled[k] - r.got[k], 2) / N;
    }
    print_message("error %g, change %g\n", sqrt(error), sqrt(change));
    assert_true(r.fixed_steps == 100 && sqrt(error) > 1e-3);
    assert_true(fabs(sqrt(change / error) - 0.75) < 0.1);
    weir_model_free(m);
}

int main(void)
{
    CASES(CASE(test_pairs), CASE(test_bits), CASE(test_fixed_steps));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
