/* The same splines in other people's code: values, log-slopes, their gradients and inverses of
 * nflows (tests/flow/fixtures/make_peers.py), in f64. Theirs have slope m + softplus(h), ours
 * m + softplus(h + c) with c = log(exp(1 - m) - 1). */
#include "io/safetensors.h"
#include "test.h"
#include "weir/grad.h"
#include "weir/spline.h"

enum { N = 40, K = 8, P = 3 * K - 1 };

static const double *values_of(const weir__weights *w, const char *name, int64_t n)
{
    const weir__weight *t = weir__weights_find(w, name);
    if (!t || t->dtype != WEIR_F64 || t->bytes != (size_t)n * 8) fail_msg("%s: not there", name);
    return (const double *)t->data;
}

static void near_all(const char *what, weir_tensor *got, const double *want, int64_t n)
{
    double v[N * P];
    assert_int_equal(weir_copy_to_f64(got, v, n), WEIR_OK);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(v[i] - want[i]) <= 1e-9 * (1 + fabs(want[i]))))
            fail_msg("%s %lld: %.17g: expected %.17g", what, (long long)i, v[i], want[i]);
}

/* [N, P] of widths, heights and slopes less `shift`, as ours has them side by side. */
static void side_by_side(const double *w, const double *h, const double *d, double shift, double *to)
{
    for (int64_t i = 0; i < N; i++, to += P) {
        memcpy(to, w + i * K, K * sizeof *to);
        memcpy(to + K, h + i * K, K * sizeof *to);
        for (int64_t k = 0; k < K - 1; k++) to[2 * K + k] = d[i * (K - 1) + k] - shift;
    }
}

static void splines_are_nflows(void **state)
{
    weir_ctx *c = *state;
    weir__weights w;
    double params[N * P], grads[N * P];
    const char *file = WEIR_TESTS_DIR "/flow/fixtures/nflows_spline.safetensors";
    if (weir__safetensors_load(c, file, &w) != WEIR_OK) fail_msg("%s", weir_message(c));
    weir_rq_spline_opts o = weir_rq_spline_defaults();
    assert_true(o.bins == K && o.low == -3 && o.high == 3 && weir_rq_spline_params(&o) == P);
    side_by_side(values_of(&w, "widths", N * K), values_of(&w, "heights", N * K),
                 values_of(&w, "slopes", N * (K - 1)), log(expm1(1 - o.min_slope)), params);
    side_by_side(values_of(&w, "grad_widths", N * K), values_of(&w, "grad_heights", N * K),
                 values_of(&w, "grad_slopes", N * (K - 1)), 0, grads);
    weir_tensor *x = weir_set_requires_grad(weir_from_f64(c, values_of(&w, "x", N), 1, SHAPE(N)), true);
    weir_tensor *h = weir_set_requires_grad(weir_from_f64(c, params, 2, SHAPE(N, P)), true), *l, *g[2];
    weir_tensor *y = weir_rq_spline(x, h, &o, false, &l);
    near_all("y", y, values_of(&w, "y", N), N);
    near_all("log slope", l, values_of(&w, "log_slope", N), N);
    weir_tensor *sum = weir_sum(weir_add(y, weir_scale(l, 2)));
    weir_grad(1, &sum, 2, (weir_tensor *[]){ x, h }, NULL, false, false, g);
    assert_ok(c);
    near_all("gradient by x", g[0], values_of(&w, "grad_x", N), N);
    near_all("gradient by h", g[1], grads, N * P);
    y = weir_rq_spline(x, h, &o, true, &l);
    near_all("inverse", y, values_of(&w, "inverse", N), N);
    near_all("log slope of it", l, values_of(&w, "log_slope_inverse", N), N);
    weir__weights_free(c, &w);
}

int main(void)
{
    CASES(CASE(splines_are_nflows));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
