/* Runge-Kutta methods: their orders, steps of each row's own, rows alone and together, rows that do not arrive. */
#include "test.h"

/* x' = rate x cos t, x = x_0 exp(rate (sin t - sin t_0)); rows of two numbers, rates by row */
typedef struct problem {
    const double *rate;
    int64_t calls, rows_asked, stop_at; /* stop_at: call that fails; 0: none */
    weir_ctx *c;
} problem;

static bool waves(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    problem *p = user;
    p->calls++, p->rows_asked += n;
    if (p->calls == p->stop_at) return weir_fail(p->c, WEIR_ERROR_VALUE, "waves: call %d: expected fewer", (int)p->calls), false;
    for (int64_t i = 0; i < n; i++)
        for (int j = 0; j < 2; j++) dx[2 * i + j] = (j + 1) * p->rate[rows[i]] * x[2 * i + j] * cos(t[i]);
    return true;
}

static double exact(double rate, int j, double x0, double t0, double t1) { return x0 * exp((j + 1) * rate * (sin(t1) - sin(t0))); }

static double error_of(weir_ctx *c, const weir_tableau *m, int64_t steps)
{
    const double rate[1] = { 0.8 };
    double x[2] = { 1, -0.5 };
    problem p = { .rate = rate };
    weir_ode o = { .size = sizeof o, .ctx = c, .n = 1, .dim = 2, .t0 = 2, .t1 = -1, .x = x, .f = waves, .user = &p };
    assert_int_equal(weir_ode_fixed(&o, m, steps, NULL), WEIR_OK);
    return fmax(fabs(x[0] - exact(0.8, 0, 1, 2, -1)), fabs(x[1] - exact(0.8, 1, -0.5, 2, -1)));
}

static void test_orders(void **state)
{
    static const struct { const char *name; int order; double low, high; int64_t steps; } wanted[] = {
        { "euler", 1, 0.9, 1.1, 160 }, { "midpoint", 2, 1.85, 2.2, 80 }, { "heun", 2, 1.85, 2.2, 80 }, { "rk4", 4, 3.8, 4.2, 40 }, { "dopri5", 5, 4.8, 5.5, 20 },
        { "tsit5", 5, 4.7, 5.5, 160 }, /* from 7 at 10 steps, where its leading term is small, through 4.3 at 60 */
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const weir_tableau *m = weir_ode_method(wanted[i].name);
        assert_int_equal(m->order, wanted[i].order);
        double a = error_of(*state, m, wanted[i].steps), b = error_of(*state, m, 2 * wanted[i].steps), slope = log2(a / b);
        if (!(slope > wanted[i].low && slope < wanted[i].high)) fail_msg("%s: slope %g, expected %g to %g", m->name, slope, wanted[i].low, wanted[i].high);
    }
    assert_null(weir_ode_method("rk5"));
    assert_null(weir_ode_method(NULL));
}

/* Rows of `a` add up to c, b to 1, the error weights to 0; the pair's lower formula is of fourth order: t^3 is integrated exactly. */
static void test_tableaux(void **state)
{
    (void)state;
    static const char *const names[] = { "euler", "midpoint", "heun", "rk4", "dopri5", "tsit5" };
    for (int k = 0; k < 6; k++) {
        const weir_tableau *m = weir_ode_method(names[k]);
        double b = 0, e = 0, moment[4] = { 0 };
        for (int s = 0; s < m->stages; s++) {
            double row = 0;
            for (int j = 0; j < s; j++) row += m->a[s * m->stages + j];
            assert_near(row, m->c[s], 1e-14);
            b += m->b[s], e += m->e ? m->e[s] : 0;
            for (int q = 0; q < 4; q++) moment[q] += (m->b[s] - (m->e ? m->e[s] : 0)) * pow(m->c[s], q);
        }
        assert_near(b, 1, 1e-14);
        assert_near(e, 0, 1e-14);
        for (int q = 0; q < m->order && q < 4; q++) assert_near(moment[q], 1.0 / (q + 1), 1e-13);
        for (int j = 0; m->first_same_as_last && j < m->stages; j++) assert_true(m->a[(m->stages - 1) * m->stages + j] == m->b[j] && m->c[m->stages - 1] == 1);
    }
}

/* y = A x of the tableau's stages */
static void stages_of(const weir_tableau *m, const double *x, double *y)
{
    for (int i = 0; i < m->stages; i++) {
        y[i] = 0;
        for (int j = 0; j < i; j++) y[i] += m->a[i * m->stages + j] * x[j];
    }
}

/* Every condition of order 1 to 5 (Hairer, Norsett, Wanner 1993, II.2): sum_i b_i phi_i = 1 / gamma; the other formula of a pair is of
 * order 4 and no more. */
static void test_order_conditions(void **state)
{
    (void)state;
    static const char *const names[] = { "euler", "midpoint", "heun", "rk4", "dopri5", "tsit5" };
    enum { TREES = 17, MOST = 7 };
    static const int order[TREES] = { 1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 5 }, gamma[TREES] = { 1, 2, 3, 6, 4, 8, 12, 24, 5, 10, 20, 15, 20, 30, 40, 60, 120 };
    for (int k = 0; k < 6; k++) {
        const weir_tableau *m = weir_ode_method(names[k]);
        double phi[TREES][MOST], c2[MOST], c3[MOST], cAc[MOST], most_of_five = 0;
        for (int i = 0; i < m->stages; i++) phi[0][i] = 1, phi[1][i] = m->c[i], c2[i] = m->c[i] * m->c[i], c3[i] = c2[i] * m->c[i];
        stages_of(m, m->c, phi[3]); /* A c */
        stages_of(m, c2, phi[6]);
        stages_of(m, phi[3], phi[7]);
        stages_of(m, c3, phi[12]);
        for (int i = 0; i < m->stages; i++) cAc[i] = m->c[i] * phi[3][i];
        stages_of(m, cAc, phi[14]);
        stages_of(m, phi[6], phi[15]);
        stages_of(m, phi[7], phi[16]);
        for (int i = 0; i < m->stages; i++) {
            phi[2][i] = c2[i], phi[4][i] = c3[i], phi[5][i] = cAc[i], phi[8][i] = c2[i] * c2[i];
            phi[9][i] = c2[i] * phi[3][i], phi[10][i] = phi[3][i] * phi[3][i], phi[11][i] = m->c[i] * phi[6][i], phi[13][i] = m->c[i] * phi[7][i];
        }
        for (int t = 0; t < TREES; t++) {
            double b = 0, e = 0;
            for (int i = 0; i < m->stages; i++) b += m->b[i] * phi[t][i], e += m->e ? m->e[i] * phi[t][i] : 0;
            if (order[t] <= m->order && !(fabs(b - 1.0 / gamma[t]) < 4e-15)) fail_msg("%s: condition %d: %.17g, expected 1 / %d", m->name, t, b, gamma[t]);
            if (order[t] < 5) assert_near(e, 0, 4e-15);
            else most_of_five = fmax(most_of_five, fabs(e));
        }
        assert_true(!m->e || most_of_five > 1e-4);
    }
}

/* The states of two rows of two values, and where to stop. */
typedef struct shown { problem p; double states[4][2][2], times[4]; int64_t n, stop_at; } shown;

static weir_status show(void *user, int64_t step, double t, const double *x)
{
    shown *s = user;
    assert_int_equal(step, s->n++);
    s->times[step] = t;
    memcpy(s->states[step], x, sizeof *s->states);
    return step == s->stop_at ? WEIR_STOPPED : WEIR_OK;
}

static void test_given_times_and_trajectory(void **state)
{
    const double rate[2] = { 1, -0.3 }, times[4] = { 1, 0.7, 0.1, 0 };
    double x[4] = { 1, 2, 3, 4 }, by_hand[2] = { 1, 2 };
    shown p = { .p.rate = rate, .stop_at = -1 };
    weir_sample_report report[2];
    weir_ode o = { .size = sizeof o, .ctx = *state, .n = 2, .dim = 2, .t0 = 1, .t1 = 0, .x = x, .f = waves, .user = &p, .report = report, .on_state = show };
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("euler"), 3, times), WEIR_OK);
    for (int k = 0; k < 3; k++) {
        assert_true(p.states[k][0][0] == by_hand[0] && p.states[k][0][1] == by_hand[1] && p.times[k] == times[k]);
        double h = times[k + 1] - times[k];
        for (int j = 0; j < 2; j++) by_hand[j] += h * ((j + 1) * rate[0] * by_hand[j] * cos(times[k]));
    }
    assert_int_equal(p.n, 4);
    assert_memory_equal(p.states[3], x, sizeof x);
    assert_true(x[0] == by_hand[0] && x[1] == by_hand[1]);
    assert_true(report[1].end == WEIR_SAMPLE_DONE && report[1].evaluations == 3 && report[1].steps == 3 && report[1].rejected == 0);
    p.n = 0;
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("rk4"), 0, NULL), WEIR_OK); /* no step: nothing moves */
    assert_true(x[0] == by_hand[0] && report[0].evaluations == 0);
    p.n = 0, p.stop_at = 1;
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("euler"), 3, times), WEIR_STOPPED); /* asked to, without an error */
    assert_int_equal(p.n, 2);
    assert_ok(*state);
    problem q = { .rate = rate };
    o.user = &q, o.on_state = NULL;
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("dopri5"), 5, NULL), WEIR_OK);
    assert_int_equal(report[0].evaluations, 31); /* the last stage of a step is the first of the next */
    assert_int_equal(q.calls, 31);
}

enum { N = 60 };
static void many(double *rate, double *x)
{
    for (int i = 0; i < N; i++) rate[i] = i % 7 == 0 ? 0 : 0.2 * (i - 20) * (i % 3), x[2 * i] = 1 + 0.1 * i, x[2 * i + 1] = -1;
}

static void test_steps_of_their_own(void **state)
{
    double rate[N], x[2 * N], start[2 * N], worst[3] = { 0 };
    weir_sample_report report[N];
    int64_t least = INT64_MAX, most = 0, asked[3];
    many(rate, start);
    for (int k = 0; k < 3; k++) {
        problem p = { .rate = rate };
        memcpy(x, start, sizeof x);
        weir_ode o = { .size = sizeof o, .ctx = *state, .n = N, .dim = 2, .t0 = 0, .t1 = 3, .x = x, .f = waves, .user = &p, .report = report };
        weir_ode_opts a = weir_ode_defaults();
        a.rtol = a.atol = pow(10, -3 - 3 * k);
        assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), &a), WEIR_OK);
        int64_t total = 0;
        for (int i = 0; i < N; i++) {
            assert_int_equal(report[i].end, WEIR_SAMPLE_DONE);
            assert_int_equal(report[i].evaluations, 2 + 6 * (report[i].steps + report[i].rejected));
            total += report[i].evaluations;
            least = k == 1 && report[i].steps < least ? report[i].steps : least;
            most = k == 1 && report[i].steps > most ? report[i].steps : most;
            for (int j = 0; j < 2; j++) {
                double want = exact(rate[i], j, start[2 * i + j], 0, 3), top = fabs(start[2 * i + j]) * exp(fabs((j + 1) * rate[i]));
                worst[k] = fmax(worst[k], fabs(x[2 * i + j] - want) / (1 + top)); /* errors grow as the largest value on the way does */
            }
        }
        assert_int_equal(total, p.rows_asked); /* rows that have arrived are not asked for */
        asked[k] = total;
    }
    assert_true(worst[0] < 1e-1 && worst[1] < 1e-4 && worst[2] < 1e-7);
    assert_true(worst[1] < worst[0] / 50 && worst[2] < worst[1] / 50 && asked[0] < asked[1] && asked[1] < asked[2]);
    assert_true(least <= 8 && most > 3 * least); /* where f is 0 steps grow tenfold from 1e-6 */
}

/* Alone, in any company and at any place: the same bits, states and reports. */
static void test_rows_do_not_depend_on_their_batch(void **state)
{
    double rate[N], x[2 * N], start[2 * N];
    weir_sample_report report[N], one;
    many(rate, start);
    memcpy(x, start, sizeof x);
    x[2 * 7] = start[2 * 7] = NAN;
    problem p = { .rate = rate };
    weir_ode o = { .size = sizeof o, .ctx = *state, .n = N, .dim = 2, .t0 = 3, .t1 = 0, .x = x, .f = waves, .user = &p, .report = report, .tail = 1 };
    assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL), WEIR_OK);
    for (int i = 0; i < N; i++) {
        double alone[2] = { start[2 * i], start[2 * i + 1] };
        problem q = { .rate = rate + i };
        weir_ode a = { .size = sizeof a, .ctx = *state, .n = 1, .dim = 2, .t0 = 3, .t1 = 0, .x = alone, .f = waves, .user = &q, .report = &one, .tail = 1 };
        assert_int_equal(weir_ode_adaptive(&a, weir_ode_method("dopri5"), NULL), WEIR_OK);
        assert_memory_equal(alone, x + 2 * i, sizeof alone);
        assert_true(one.end == report[i].end && one.steps == report[i].steps && one.rejected == report[i].rejected && one.evaluations == report[i].evaluations);
    }
    assert_true(report[7].end == WEIR_SAMPLE_NOT_FINITE && isnan(x[14]) && isnan(x[15]) && report[7].evaluations == 1);
}

/* x' = x^2: 1 / (1/x_0 - t), which is infinite at t = 1/x_0 */
static bool square(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    (void)user, (void)rows, (void)t;
    for (int64_t i = 0; i < n; i++) dx[i] = x[i] * x[i];
    return true;
}

static void test_rows_that_do_not_arrive(void **state)
{
    double x[4] = { 0.25, 1, -1, INFINITY };
    weir_sample_report report[4];
    weir_ode o = { .size = sizeof o, .ctx = *state, .n = 4, .dim = 1, .t0 = 0, .t1 = 2, .x = x, .f = square, .report = report };
    assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL), WEIR_OK); /* not an error */
    assert_near(x[0], 0.5, 1e-4);
    assert_near(x[2], -1.0 / 3, 1e-4);
    assert_true(report[0].end == WEIR_SAMPLE_DONE && report[2].end == WEIR_SAMPLE_DONE);
    assert_true(report[1].end != WEIR_SAMPLE_DONE && report[3].end == WEIR_SAMPLE_NOT_FINITE && isnan(x[3]));
    if (report[1].end == WEIR_SAMPLE_OUT_OF_STEPS) assert_true(x[1] > 1e3 && isfinite(x[1])); /* as far as it came */
    weir_ode_opts few = weir_ode_defaults();
    few.max_steps = 9;
    double y[2] = { 1, 0 };
    o.x = y, o.n = 2, o.t1 = 0.99;
    assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), &few), WEIR_OK);
    assert_true(report[0].end == WEIR_SAMPLE_OUT_OF_STEPS && report[0].steps + report[0].rejected == 9 && y[0] > 1 && y[0] < 100);
    assert_true(report[1].end == WEIR_SAMPLE_DONE && y[1] == 0);
    double z[2] = { 1, NAN };
    o.x = z, o.t1 = 0.9;
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("rk4"), 50, NULL), WEIR_OK);
    assert_true(report[0].end == WEIR_SAMPLE_DONE && report[1].end == WEIR_SAMPLE_NOT_FINITE && isnan(z[1]));
    assert_near(z[0], 10, 1e-2);
}

/* Ninety-nine numbers that rest and one that does not: in the common norm its error is a tenth of what it is alone. */
static bool one_moves(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    (void)user, (void)rows, (void)x;
    memset(dx, 0, (size_t)n * 100 * sizeof *dx);
    for (int64_t i = 0; i < n; i++) dx[100 * i + 99] = cos(30 * t[i]);
    return true;
}

static void test_the_tail_counts_by_itself(void **state)
{
    weir_sample_report report[2];
    for (int64_t tail = 0; tail < 2; tail++) {
        double x[100] = { 0 };
        weir_ode o = { .size = sizeof o, .ctx = *state, .n = 1, .dim = 100, .t1 = 1, .x = x, .f = one_moves, .report = report + tail, .tail = tail };
        assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL), WEIR_OK);
        assert_near(x[99], sin(30) / 30, 1e-4);
    }
    assert_true(report[1].steps > report[0].steps + 3);
}

/* With no absolute tolerance 0 is as exact as it can be: x = 0 stays there under dx/dt = rate x cos t */
static void test_nothing_moves_at_zero(void **state)
{
    const double rate[1] = { 0.8 };
    double x[2] = { 0, 0 };
    weir_sample_report report[1];
    problem p = { .rate = rate };
    weir_ode o = { .size = sizeof o, .ctx = *state, .n = 1, .dim = 2, .t0 = 0, .t1 = 1, .x = x, .f = waves, .user = &p, .report = report };
    weir_ode_opts a = weir_ode_defaults();
    a.atol = 0;
    assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), &a), WEIR_OK);
    assert_true(report[0].end == WEIR_SAMPLE_DONE && x[0] == 0 && x[1] == 0);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    const double rate[1] = { 1 };
    double x[2] = { 1, 1 };
    problem p = { .rate = rate, .c = c, .stop_at = 4 };
    weir_ode o = { .size = sizeof o, .ctx = c, .n = 1, .dim = 2, .t1 = 1, .x = x, .f = waves, .user = &p };
    weir_ode_opts a = weir_ode_defaults();
    weir_ode_fixed(&o, weir_ode_method("heun"), 10, NULL);
    assert_fails(c, WEIR_ERROR_VALUE, "waves: call 4");
    p.calls = 0;
    weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL);
    assert_fails(c, WEIR_ERROR_VALUE, "waves: call 4");
    weir_ode_adaptive(&o, weir_ode_method("rk4"), NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "rk4");
    a.rtol = a.atol = 0;
    weir_ode_adaptive(&o, weir_ode_method("dopri5"), &a);
    assert_fails(c, WEIR_ERROR_RANGE, "rtol=0");
    a.size = 0;
    weir_ode_adaptive(&o, weir_ode_method("dopri5"), &a);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "weir_ode_defaults");
    o.on_state = show;
    weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a trajectory");
    weir_ode_fixed(&o, NULL, 10, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "a method");
    weir_ode_fixed(&o, weir_ode_method("heun"), -1, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "steps=-1");
    o.t1 = INFINITY;
    weir_ode_fixed(&o, weir_ode_method("heun"), 1, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "finite times");
    assert_int_equal(weir_ode_fixed(NULL, NULL, 1, NULL), WEIR_ERROR_ARGUMENT);
    o = (weir_ode){ .size = sizeof o, .ctx = c, .n = 0, .dim = 2, .t1 = 1, .f = waves, .user = &p }; /* no rows: nothing to do */
    assert_int_equal(weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL), WEIR_OK);
    assert_int_equal(weir_ode_fixed(&o, weir_ode_method("heun"), 1, NULL), WEIR_OK);
}

static void everything(weir_ctx *c)
{
    double rate[N], x[2 * N];
    many(rate, x);
    problem p = { .rate = rate };
    weir_ode o = { .size = sizeof o, .ctx = c, .n = N, .dim = 2, .t1 = 1, .x = x, .f = waves, .user = &p };
    weir_ode_fixed(&o, weir_ode_method("rk4"), 2, NULL);
    weir_ode_adaptive(&o, weir_ode_method("dopri5"), NULL);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_orders), CASE(test_tableaux), CASE(test_order_conditions), CASE(test_given_times_and_trajectory), CASE(test_steps_of_their_own), CASE(test_rows_do_not_depend_on_their_batch),
          CASE(test_rows_that_do_not_arrive), CASE(test_the_tail_counts_by_itself), CASE(test_nothing_moves_at_zero), CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
