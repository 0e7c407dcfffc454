/* Schroedinger bridges: plans against POT, theory and their limits, bridges against torchcfm, and
 * pairs that are drawn. */
#include <float.h>
#include "test.h"
#include "diffusion/diffusion.h"
#include "fixtures/schroedinger.h"

static const weir_coupling_row *schroedinger(weir_ctx *c)
{
    return (const weir_coupling_row *)weir_row_find(c, "coupling", "schroedinger");
}

static double square(double v) { return v * v; }

static void costs(int n, int dim, const double *x, const double *e, double *cost)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            cost[i * n + j] = 0;
            for (int k = 0; k < dim; k++) cost[i * n + j] += square(x[i * dim + k] - e[j * dim + k]);
        }
}

static void test_plan_of_pot(void **state)
{
    weir_ctx *c = *state;
    double cost[CFM_N * CFM_N], plan[CFM_N * CFM_N];
    costs(CFM_N, CFM_DIM, cfm_x, cfm_e, cost);
    for (int s = 0; s < CFM_SIGMAS; s++) {
        double reg = 2 * square(cfm_sigma[s]);
        assert_int_equal(weir__sinkhorn(c, CFM_N, cost, reg, 1e-12, 100000, plan), WEIR_OK);
        for (int k = 0; k < CFM_N * CFM_N; k++)
            assert_near(plan[k], cfm_plan[s * CFM_N * CFM_N + k], 1e-9);
    }
}

/* State and target of torchcfm for its noise z. */
static void test_bridge_of_torchcfm(void **state)
{
    (void)state;
    double v[2 * CFM_N];
    for (int s = 0; s < CFM_SIGMAS; s++) {
        weir__bridge_factors(cfm_sigma[s], CFM_N, cfm_t, v);
        for (int i = 0; i < CFM_N; i++)
            for (int k = i * CFM_DIM; k < (i + 1) * CFM_DIM; k++) {
                double mean = (1 - cfm_t[i]) * cfm_x[k] + cfm_t[i] * cfm_e[k];
                int at = s * CFM_N * CFM_DIM + k;
                assert_near(mean + v[i] * cfm_z[k], cfm_state[at], 1e-12);
                assert_near(cfm_e[k] - cfm_x[k] + v[CFM_N + i] * cfm_z[k], cfm_target[at], 1e-12);
            }
    }
}

/* z with P(Z < z) = p, Z normal */
static double quantile(double p)
{
    double low = -10, high = 10;
    for (int k = 0; k < 80; k++) {
        double z = (low + high) / 2;
        if (erfc(-z / sqrt(2)) / 2 < p) low = z;
        else high = z;
    }
    return low;
}

/* Of N(0, a^2) and N(1, b^2) the plan is normal, with covariance (sqrt(4 a^2 b^2 + s^4) - s^2) / 2
 * (Bunne et al. 2023); sums of lines and columns are 1. On N quantiles each. */
static void test_plan_of_normals(void **state)
{
    weir_ctx *c = *state;
    enum { N = 300 };
    static const double a = 0.7, b = 1.6, sigmas[] = { 0.2, 0.5, 1, 3 };
    static double x[N], e[N], cost[N * N], plan[N * N];
    for (int i = 0; i < N; i++) {
        x[i] = a * quantile((i + 0.5) / N);
        e[i] = b * quantile((i + 0.5) / N) + 1;
    }
    costs(N, 1, x, e, cost);
    for (int s = 0; s < 4; s++) {
        double together = 0, four = square(square(sigmas[s]));
        assert_int_equal(weir__sinkhorn(c, N, cost, 2 * square(sigmas[s]), 1e-8, 20000, plan),
                         WEIR_OK);
        for (int i = 0; i < N; i++) {
            double line = 0, column = 0;
            for (int j = 0; j < N; j++) {
                line += plan[i * N + j];
                column += plan[j * N + i];
                together += plan[i * N + j] * x[i] * (e[j] - 1) / N;
            }
            assert_near(line, 1, 1e-8);
            assert_near(column, 1, 1e-8);
        }
        double expected = (sqrt(4 * a * a * b * b + four) - square(sigmas[s])) / 2;
        assert_near(together, expected, 0.02); /* of N quantiles: their tails are cut */
    }
}

/* As sigma falls it becomes the permutation of least cost, as it grows 1 / n everywhere. */
static void test_limits(void **state)
{
    weir_ctx *c = *state;
    enum { N = 12 };
    double x[N * 2], e[N * 2], cost[N * N], plan[N * N];
    int64_t partner[N];
    for (int k = 0; k < N * 2; k++) {
        x[k] = weir__normal(3, 0, (uint64_t)k);
        e[k] = weir__normal(4, 0, (uint64_t)k);
    }
    costs(N, 2, x, e, cost);
    assert_int_equal(weir__assign(c, N, cost, partner), WEIR_OK);
    assert_int_equal(weir__sinkhorn(c, N, cost, 2 * square(0.005), 1e-6, 1000000, plan), WEIR_OK);
    for (int i = 0; i < N; i++) assert_near(plan[i * N + partner[i]], 1, 1e-3);
    assert_int_equal(weir__sinkhorn(c, N, cost, 2e8, 1e-9, 100, plan), WEIR_OK);
    for (int k = 0; k < N * N; k++) assert_near(plan[k], 1.0 / N, 1e-6);
}

/* Costs of any size: nothing overflows. */
static void test_stable(void **state)
{
    weir_ctx *c = *state;
    enum { N = 8 };
    double cost[N * N], plan[N * N];
    for (int scale = -6; scale <= 6; scale += 3)
        for (uint64_t seed = 1; seed < 20; seed++) {
            for (int k = 0; k < N * N; k++)
                cost[k] = pow(10, scale) * weir__normal(seed, 0, (uint64_t)k);
            double reg = 0.2 * pow(10, scale);
            assert_int_equal(weir__sinkhorn(c, N, cost, reg, 1e-6, 1000000, plan), WEIR_OK);
            double sum = 0;
            for (int k = 0; k < N * N; k++) sum += plan[k];
            assert_near(sum, N, 1e-6);
        }
}

static void test_not_converged(void **state)
{
    weir_ctx *c = *state;
    double cost[CFM_N * CFM_N], plan[CFM_N * CFM_N];
    costs(CFM_N, CFM_DIM, cfm_x, cfm_e, cost);
    weir__sinkhorn(c, CFM_N, cost, 0.02, 1e-12, 2, plan);
    assert_fails(c, WEIR_ERROR_VALUE, "after 2 iterations: expected 1e-12");
}

/* -- pairs ------------------------------------------------------------------------------------- */
/* Each sample's partner is drawn from its line of the plan. */
static void test_partners(void **state)
{
    weir_ctx *c = *state;
    enum { DRAWS = 20000 };
    int count[CFM_N * CFM_N] = { 0 };
    double u[CFM_N];
    int64_t partner[CFM_N];
    const weir_coupling_row *row = schroedinger(c);
    void *o = weir__options_new(c, &row->row);
    assert_int_equal(weir_options_parse(c, &row->row, o, "tolerance=1e-9"), WEIR_OK);
    for (int d = 0; d < DRAWS; d++) {
        for (int i = 0; i < CFM_N; i++) u[i] = (d + 0.5) / DRAWS; /* sigma is 1, the second's */
        assert_int_equal(row->draw(c, o, CFM_N, CFM_DIM, cfm_x, cfm_e, u, partner), WEIR_OK);
        for (int i = 0; i < CFM_N; i++) count[i * CFM_N + partner[i]]++;
    }
    for (int k = 0; k < CFM_N * CFM_N; k++)
        assert_near(count[k] / (double)DRAWS, cfm_plan[CFM_N * CFM_N + k], 2e-4);
    weir__options_delete(c, &row->row, o);
    double x[2] = { NAN, 1 }, e[2] = { 0, 1 };
    assert_int_equal(row->draw(c, NULL, 2, 1, x, e, u, partner), WEIR_OK); /* a value */
    assert_int_equal(row->draw(c, NULL, 0, 1, x, e, u, partner), WEIR_OK);
}

/* Mean and variance of the bridge at t, and the target as its derivative. */
static void test_bridge(void **state)
{
    weir_ctx *c = *state;
    enum { N = 40000 };
    static const double t = 0.3, sigma = 0.8, x0 = 2, eps = -1;
    weir_scope s = weir_scope_begin_no_grad(c);
    double mean = 0, two = 0, mu = (1 - t) * x0 + t * eps, var = sigma * sigma * t * (1 - t);
    weir__pairs p = {
        .x = weir_full(c, WEIR_F64, 2, SHAPE(N, 1), mu),
        .target = weir_full(c, WEIR_F64, 2, SHAPE(N, 1), eps - x0),
    };
    assert_true(weir__field_bridge(weir_full(c, WEIR_F64, 1, SHAPE(N), t), sigma, &p));
    const double *x = weir_data(p.x), *u = weir_data(p.target);
    for (int i = 0; i < N; i++) {
        double way = x[i] - mu;
        mean += way / N;
        two += way * way / N;
        assert_near(u[i], eps - x0 + (1 - 2 * t) / (2 * t * (1 - t)) * way, 1e-6);
    }
    assert_true(fabs(mean) < 5 * sqrt(var / N));
    assert_true(fabs(two - var) < 5 * var * sqrt(2.0 / N));
    weir_scope_end(s);
}

/* -- a model ----------------------------------------------------------------------------------- */
#define MADE "dim=1 net.hidden=4 coupling=schroedinger coupling.sigma=0.5 "

static void test_model(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "flow-matching", MADE);
    double x[4] = { 0 }, out[4], t[4] = { 0.5, 0.5, 0.5, 0.5 };
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_randn(c, WEIR_F32, 2, SHAPE(9, 1));
    weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, y, NULL, NULL, NULL));
    assert_ok(c);
    for (int i = 0; i < 9; i++) assert_true(weir_get(loss, SHAPE(i)) > 0);
    weir_scope_end(s);
    assert_int_equal(weir_model_sample_into_f64(m, 4, NULL, out), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 4, NULL, out, NULL), WEIR_OK);
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "ddpm";
    weir_model_sample_into_f64(m, 4, &o, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "sampler.ddpm: expected a coupling without");
    weir_predict_opts p = weir_predict_defaults();
    p.form = "score";
    weir_model_predict_into_f64(m, x, t, 4, &p, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a score: expected a coupling without");
    weir_model_free(m);
    assert_true(weir_model_is_nil(weir_model_new(c, "flow-matching", MADE "path=vp")));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected path=fm");
    assert_true(weir_model_is_nil(weir_model_new(c, "flow-matching", MADE "prediction=x0")));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "prediction=velocity");
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "flow-matching", MADE);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_zeros(c, WEIR_F32, 2, SHAPE(3, 1));
    if (weir_ok(c)) weir_model_loss(m, weir_batch_wrap(c, y, NULL, NULL, NULL));
    weir_scope_end(s);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_plan_of_pot), CASE(test_bridge_of_torchcfm), CASE(test_plan_of_normals),
          CASE(test_limits), CASE(test_stable), CASE(test_not_converged), CASE(test_partners),
          CASE(test_bridge), CASE(test_model), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
