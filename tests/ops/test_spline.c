/* Rational-quadratic splines: knots, ends, extremes, periods. */
#include <float.h>
#include "test.h"
#include "ops/ops.h"
#include "weir/spline.h"

static weir_rq_spline_opts options(int64_t bins, weir_spline_ends ends)
{
    weir_rq_spline_opts o = weir_rq_spline_defaults();
    o.bins = bins;
    o.ends = ends;
    if (ends == WEIR_SPLINE_FREE) o.low = 0, o.high = 1;
    if (ends == WEIR_SPLINE_CIRCLE) o.low = -3.14159265358979323846, o.high = -o.low;
    return o;
}

static weir_tensor *of(weir_ctx *c, weir_dtype t, double v) { return weir_full(c, t, 1, SHAPE(1), v); }

/* A parameter 0 is the identity, on [low, high] and beyond. */
static void zeros_are_the_identity(void **state)
{
    weir_ctx *c = *state;
    for (int ends = 0; ends < 3; ends++) {
        weir_rq_spline_opts o = options(8, (weir_spline_ends)ends);
        weir_tensor *h = weir_zeros(c, WEIR_F64, 2, SHAPE(1, weir_rq_spline_params(&o))), *l;
        for (double x = -4; x < 4; x += 0.0625) {
            assert_near(weir_item(weir_rq_spline(of(c, WEIR_F64, x), h, &o, false, &l)), x, 1e-14);
            assert_near(weir_item(l), 0, 1e-14);
        }
    }
    assert_ok(c);
}

/* Knots by hand, in the order of the kernel's sums: y there is exactly the other axis' knot. */
static void knots(const double *h, const weir_rq_spline_opts *o, double *at)
{
    double most = h[0], sum = 0, p[64];
    for (int64_t k = 0; k < o->bins; k++) most = h[k] > most ? h[k] : most;
    for (int64_t k = 0; k < o->bins; k++) sum += p[k] = exp(h[k] - most);
    at[0] = o->low;
    for (int64_t k = 0; k < o->bins; k++)
        at[k + 1] = at[k] + (o->high - o->low) * (1e-3 + (1 - (double)o->bins * 1e-3) * p[k] / sum);
    at[o->bins] = o->high;
}

static void knots_are_met(void **state)
{
    weir_ctx *c = *state;
    for (int ends = 0; ends < 3; ends++) {
        weir_rq_spline_opts o = options(5, (weir_spline_ends)ends);
        weir_tensor *h = weir_randn(c, WEIR_F64, 2, SHAPE(1, weir_rq_spline_params(&o))), *l, *back;
        double v[16], x[17], y[17];
        weir_copy_to_f64(h, v, weir_numel(h));
        knots(v, &o, x);
        knots(v + 5, &o, y);
        for (int k = 0; k <= 5; k++) {
            double got = weir_item(weir_rq_spline(of(c, WEIR_F64, x[k]), h, &o, false, &l));
            assert_near(got, y[k], 1e-15 * 8);
            assert_near(weir_item(weir_rq_spline(of(c, WEIR_F64, y[k]), h, &o, true, &back)), x[k], 8e-15);
            assert_near(weir_item(l) + weir_item(back), 0, 1e-12);
            if (ends == WEIR_SPLINE_LINEAR && k % 5 == 0) assert_near(weir_item(l), 0, 1e-14);
        }
        for (int k = 0; k < 2; k++) { /* the ends: to the bit */
            double end = k ? o.high : o.low;
            for (int inverse = 0; inverse < 2; inverse++)
                assert_true(weir_item(weir_rq_spline(of(c, WEIR_F64, end), h, &o, inverse, NULL)) == end);
        }
        for (int k = 1; k < 5; k++) /* slopes at inner knots: those of the parameters */
            assert_near(weir_item((weir_rq_spline(of(c, WEIR_F64, x[k]), h, &o, false, &l), l)),
                        log(1e-3 + log1p(exp(v[10 + k - (ends == WEIR_SPLINE_LINEAR)] + log(expm1(1 - 1e-3))))), 1e-12);
    }
    assert_ok(c);
}

/* Goes up, and back again, whatever finite parameters are; all results are finite. */
static void finite_and_monotone(weir_ctx *c, weir_dtype t, int ends, double size)
{
    enum { N = 257 };
    weir_rq_spline_opts o = options(8, (weir_spline_ends)ends);
    weir_tensor *h = weir_scale(weir_randn(c, t, 2, SHAPE(1, weir_rq_spline_params(&o))), size), *l, *back;
    h = weir_expand(h, 2, SHAPE(N, weir_rq_spline_params(&o)));
    weir_tensor *x = weir_linspace(c, t, o.low - 0.5, o.high + 0.5, N), *y = weir_rq_spline(x, h, &o, false, &l);
    weir_tensor *z = weir_rq_spline(y, h, &o, true, &back), *again = weir_rq_spline(z, h, &o, false, NULL);
    double before = -INFINITY, slack = t == WEIR_F32 ? 4e-6 : 1e-14;
    assert_ok(c);
    for (int64_t i = 0; i < N; i++) {
        double v = weir_get(y, &i);
        if (!(v >= before - slack)) fail_msg("%s ends %d size %g: falls from %.9g to %.9g", weir_dtype_name(t), ends, size, before, v);
        before = v;
        assert_true(isfinite(v) && isfinite(weir_get(l, &i)) && isfinite(weir_get(z, &i)) && isfinite(weir_get(back, &i)));
        if (size <= 4) assert_near(weir_get(again, &i), v, t == WEIR_F32 ? 4e-6 : 1e-13);
    }
}

static void parameters_may_be_anything(void **state)
{
    weir_ctx *c = *state;
    static const double sizes[] = { 0, 1e-30, 1, 4, 100, 1e30 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++)
        for (int ends = 0; ends < 3; ends++)
            for (int i = 0; i < 6; i++) {
                weir_scope s = weir_scope_begin(c);
                finite_and_monotone(c, (weir_dtype)t, ends, sizes[i]);
                weir_scope_end(s);
            }
}

static void arguments_may_be_anything(void **state)
{
    static const double at[] = { 0, 1e-45, -1e-45, 5e-324, 1e-320, 1e30, -1e30, 3e38, -3e38, FLT_MIN, 3, -3, 1, 3.0000001 };
    weir_ctx *c = *state;
    for (int t = WEIR_F32; t <= WEIR_F64; t++)
        for (int ends = 0; ends < 3; ends++)
            for (int inverse = 0; inverse < 2; inverse++) {
                weir_rq_spline_opts o = options(8, (weir_spline_ends)ends);
                weir_tensor *h = weir_randn(c, (weir_dtype)t, 2, SHAPE(1, weir_rq_spline_params(&o))), *l;
                for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
                    weir_tensor *x = of(c, (weir_dtype)t, at[i]);
                    double y = weir_item(weir_rq_spline(x, h, &o, inverse, &l));
                    assert_true(isfinite(y) && isfinite(weir_item(l)));
                    if (ends != WEIR_SPLINE_CIRCLE && fabs(at[i]) > 4) assert_true(y == weir_item(x) && weir_item(l) == 0);
                }
                double y = weir_item(weir_rq_spline(of(c, (weir_dtype)t, NAN), h, &o, inverse, &l));
                assert_true(isnan(y) && isnan(weir_item(l)));
                y = weir_item(weir_rq_spline(of(c, (weir_dtype)t, 0.5), weir_scale(h, NAN), &o, inverse, &l));
                assert_true(isnan(y) && isnan(weir_item(l)));
            }
    assert_ok(c);
}

static void circles_have_a_period(void **state)
{
    weir_ctx *c = *state;
    weir_rq_spline_opts o = options(8, WEIR_SPLINE_CIRCLE);
    weir_tensor *h = weir_randn(c, WEIR_F64, 2, SHAPE(1, weir_rq_spline_params(&o))), *l, *m;
    double period = o.high - o.low;
    for (double x = -3; x < 3; x += 0.25)
        for (int inverse = 0; inverse < 2; inverse++) {
            double y = weir_item(weir_rq_spline(of(c, WEIR_F64, x), h, &o, inverse, &l));
            double z = weir_item(weir_rq_spline(of(c, WEIR_F64, x + 3 * period), h, &o, inverse, &m));
            assert_near(z, y + 3 * period, 1e-13);
            assert_near(weir_item(l), weir_item(m), 1e-12);
        }
    weir_tensor *near_low, *near_high; /* the slope is one where the period begins again */
    weir_rq_spline(of(c, WEIR_F64, o.low + 1e-9), h, &o, false, &near_low);
    weir_rq_spline(of(c, WEIR_F64, o.high - 1e-9), h, &o, false, &near_high);
    assert_near(weir_item(near_low), weir_item(near_high), 1e-6);
    assert_ok(c);
}

static void refusals(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(3, 2)), *l;
    weir_rq_spline_opts o = weir_rq_spline_defaults();
    weir_rq_spline(x, weir_zeros(c, WEIR_F32, 3, SHAPE(3, 2, 22)), &o, false, &l);
    assert_true(weir_is_nil(l));
    assert_fails(c, WEIR_ERROR_SHAPE, "parameters [.., 23]");
    weir_rq_spline(x, weir_zeros(c, WEIR_F64, 3, SHAPE(3, 2, 23)), &o, false, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "f32 with f64");
    o.bins = 65;
    weir_rq_spline(x, weir_zeros(c, WEIR_F32, 3, SHAPE(3, 2, 194)), &o, false, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "65 bins: expected 2 to 64");
    o = weir_rq_spline_defaults();
    o.min_width = 0.2;
    weir_rq_spline(x, weir_zeros(c, WEIR_F32, 3, SHAPE(3, 2, 23)), &o, false, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "smallest width 0.2");
    o = weir_rq_spline_defaults();
    o.high = o.low;
    weir_rq_spline(x, weir_zeros(c, WEIR_F32, 3, SHAPE(3, 2, 23)), &o, false, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "expected low below high");
    weir_rq_spline(NULL, x, NULL, false, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "rq_spline: NULL");
}

static void everything(weir_ctx *c)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *h = weir_set_requires_grad(weir_randn(c, WEIR_F32, 3, SHAPE(3, 2, 23)), true), *l;
    weir_tensor *y = weir_rq_spline(weir_randn(c, WEIR_F32, 2, SHAPE(3, 2)), h, NULL, true, &l);
    weir_backward(weir_sum(weir_add(y, l)));
    weir_scope_end(s);
}

static void no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(zeros_are_the_identity), CASE(knots_are_met), CASE(parameters_may_be_anything), CASE(arguments_may_be_anything),
          CASE(circles_have_a_period), CASE(refusals), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
