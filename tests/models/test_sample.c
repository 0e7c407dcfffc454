/* Which samples a call draws: they go on from call to call, shares draw their own, and a request with a seed or a first
 * number is what it is whatever came before. */
#include "models/model_test.h"

enum { N = 20, D = 3 };

static const char *const kinds[] = { "nice", "rectified-flow" };
static const char *const options[] = { "dim=3 couplings=2 hidden=8", "dim=3 net.hidden=8 sampler.name=euler sampler.steps=3" };

/* N samples by numbers from 0, in stream 0 */
static void absolute(weir_model *m, float *x)
{
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    assert_int_equal(weir_model_sample_into(m, N, &o, x), WEIR_OK);
}

static void two_calls_are_one(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < 2; k++) {
        weir_model *m = stirred_model(c, kinds[k], options[k], 0.5);
        float all[N][D], x[N][D];
        double wide[4][D];
        absolute(m, all[0]);
        assert_int_equal(weir_model_sample_position(m), 0);
        assert_int_equal(weir_model_sample_into(m, 7, NULL, x[0]), WEIR_OK);
        assert_int_equal(weir_model_sample_into(m, 1, NULL, x[7]), WEIR_OK);
        assert_int_equal(weir_model_sample_into_f64(m, 4, NULL, wide[0]), WEIR_OK);
        for (int i = 0; i < 4 * D; i++) x[8 + i / D][i % D] = (float)wide[i / D][i % D];
        weir_tensor *t = weir_model_sample(m, N - 12, NULL);
        assert_int_equal(weir_copy_to_f32(t, x[12], (N - 12) * D), WEIR_OK);
        assert_memory_equal(x, all, sizeof all);
        assert_int_equal(weir_model_sample_position(m), N);
        assert_int_equal(weir_model_sample_into(m, 0, NULL, NULL), WEIR_OK);
        assert_int_equal(weir_model_sample_position(m), N);
        weir_model_free(m);
    }
}

/* The first ones are those that releases before streams drew: noise of the frame "sample", by number. */
static void the_first_stream_is_as_it_was(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, kinds[1], options[1], 0.5);
    float x[N][D], trajectory[2][N][D];
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "euler", o.steps = 1, o.trajectory = trajectory[0][0];
    assert_int_equal(weir_model_sample_into(m, N, &o, x[0]), WEIR_OK);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("sample") });
    weir_tensor *z = weir_randn(c, WEIR_F32, 2, SHAPE(N, D));
    weir__frame_set(c, old);
    assert_memory_equal(trajectory[0], weir_data(z), sizeof trajectory[0]);
    weir_model_free(m);
}

/* A loop of calls integrates what one call does: a mean over 100 x 1,000 samples, here of the noise's own law. */
static void a_loop_of_calls_integrates(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=0 scale=no base=normal");
    static float x[1000][2];
    double sum = 0, squares = 0;
    for (int k = 0; k < 100; k++) {
        assert_int_equal(weir_model_sample_into(m, 1000, NULL, x[0]), WEIR_OK);
        for (int i = 0; i < 1000; i++) sum += (double)x[i][0], squares += (double)x[i][0] * (double)x[i][0];
    }
    assert_true(fabs(sum) / 100000 < 4 / sqrt(100000));
    assert_true(fabs(squares / 100000 - 1) < 4 * sqrt(2.0 / 100000));
    weir_model_free(m);
}

static void absolute_requests_repeat(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, kinds[0], options[0], 0.5);
    float all[N][D], x[N][D], y[N][D], z[N][D] = { { 0.5f } };
    absolute(m, all[0]);
    weir_sample_opts o = weir_sample_defaults();
    o.seed = 1, o.use_seed = true; /* the context's own */
    assert_int_equal(weir_model_sample_into(m, 5, NULL, x[0]), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, N, &o, x[0]), WEIR_OK);
    assert_memory_equal(x, all, sizeof all);
    o.first = 4;
    assert_int_equal(weir_model_sample_into(m, N - 4, &o, x[0]), WEIR_OK);
    assert_memory_equal(x, all[4], (N - 4) * sizeof x[0]);
    o = weir_sample_defaults(), o.noise = z[0];
    for (int i = 0; i < 2; i++) assert_int_equal(weir_model_sample_into(m, N, &o, i ? y[0] : x[0]), WEIR_OK);
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(weir_model_sample_position(m), 5);
    assert_int_equal(weir_model_sample_into(m, N - 5, NULL, x[0]), WEIR_OK);
    assert_memory_equal(x, all[5], (N - 5) * sizeof x[0]);
    weir_model_free(m);
}

static int repeats(const float (*a)[D], const float (*b)[D])
{
    int n = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) n += memcmp(a[i], b[j], sizeof a[i]) == 0;
    return n;
}

static void shares_draw_their_own(void **state)
{
    weir_ctx *c = *state, *other[3];
    weir_model *m = stirred_model(c, kinds[1], options[1], 0.5), *all[4] = { m };
    static float x[4][N][D], again[N][D], first[N][D];
    for (int i = 0; i < 3; i++) {
        other[i] = weir_open(1);
        all[i + 1] = weir_model_share(other[i], i == 2 ? all[1] : m); /* the last a share of a share */
        assert_ok(other[i]);
    }
    absolute(m, first[0]);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(weir_model_sample_into(all[i], N, NULL, x[i][0]), WEIR_OK);
        absolute(all[i], again[0]); /* by number: the same of all */
        assert_memory_equal(again, first, sizeof first);
        for (int k = 0; k < i; k++) assert_int_equal(repeats((const void *)x[i], (const void *)x[k]), 0);
    }
    assert_memory_equal(x[0], first, sizeof first);
    weir_model_free(all[3]);
    weir_model_free(all[2]);
    all[2] = weir_model_share(other[1], m); /* the fourth: numbers are not given again */
    assert_int_equal(weir_model_sample_into(all[2], N, NULL, again[0]), WEIR_OK);
    for (int k = 0; k < 4; k++) assert_int_equal(repeats((const void *)again, (const void *)x[k]), 0);
    weir_model_free(all[2]);
    weir_model_free(all[1]);
    all[1] = weir_model_new(c, kinds[1], options[1]); /* another model of the same weights counts from 1 again */
    stir(all[1], 0.5);
    all[2] = weir_model_share(other[0], all[1]);
    assert_int_equal(weir_model_sample_into(all[2], N, NULL, again[0]), WEIR_OK);
    assert_memory_equal(again, x[1], sizeof again);
    for (int i = 2; i >= 0; i--) weir_model_free(all[i]);
    for (int i = 0; i < 3; i++) weir_close(other[i]);
}

static int stop_at(void *user, int64_t done, int64_t n)
{
    (void)n;
    return done >= *(int64_t *)user;
}

static void what_was_drawn_counts(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, kinds[1], options[1], 0.5);
    float all[N][D], x[N][D];
    int64_t at = 6;
    absolute(m, all[0]);
    weir_sample_opts o = weir_sample_defaults();
    o.batch = 3, o.on_step = stop_at, o.user = &at;
    assert_int_equal(weir_model_sample_into(m, N, &o, x[0]), WEIR_STOPPED);
    assert_int_equal(weir_model_sample_position(m), 6);
    assert_int_equal(weir_model_sample_into(m, N - 6, NULL, x[6]), WEIR_OK);
    assert_memory_equal(x, all, sizeof all);
    o = weir_sample_defaults(), o.solver = "hune";
    assert_int_equal(weir_model_sample_into(m, N, &o, x[0]), WEIR_ERROR_NAME);
    weir_clear(c);
    assert_int_equal(weir_model_sample_position(m), N);
    weir_model_free(m);
}

typedef struct nested { weir_model *m; float x[2][D]; } nested;
static int draw_two(void *user, int64_t done, int64_t n)
{
    nested *k = user;
    if (done == 2) assert_int_equal(weir_model_sample_into(k->m, 2, NULL, k->x[0]), WEIR_OK);
    return n > 0 && done == 4;
}

/* A call within on_step draws behind the one that runs, whose numbers are not given again even if it is stopped. */
static void a_call_within_a_call(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, kinds[0], options[0], 0.5);
    float all[N][D], x[N][D];
    nested k = { .m = m };
    absolute(m, all[0]);
    weir_sample_opts o = weir_sample_defaults();
    o.batch = 2, o.on_step = draw_two, o.user = &k;
    assert_int_equal(weir_model_sample_into(m, 10, &o, x[0]), WEIR_STOPPED);
    assert_memory_equal(x, all, 4 * sizeof x[0]);
    assert_memory_equal(k.x, all[10], sizeof k.x);
    assert_int_equal(weir_model_sample_position(m), 12);
    weir_model_free(m);
}

static void the_position_may_be_set(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, kinds[0], options[0], 0.5);
    float all[N][D], x[N][D];
    absolute(m, all[0]);
    assert_int_equal(weir_model_set_sample_position(m, 9), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, N - 9, NULL, x[0]), WEIR_OK);
    assert_memory_equal(x, all[9], (N - 9) * sizeof x[0]);
    assert_int_equal(weir_model_set_sample_position(m, -1), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "model_set_sample_position: -1: expected 0 or more");
    assert_int_equal(weir_model_set_sample_position(m, INT64_MAX - 1), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, 1, NULL, x[0]), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, 1, NULL, x[0]), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "expected numbers below 2^63");
    assert_int_equal(weir_model_sample_position(m), INT64_MAX);
    weir_sample_opts o = weir_sample_defaults();
    o.first = -2;
    assert_int_equal(weir_model_sample_into(m, 1, &o, x[0]), WEIR_ERROR_RANGE);
    assert_fails(c, WEIR_ERROR_RANGE, "or first=-1");
    assert_int_equal(weir_model_set_sample_position(NULL, 1), WEIR_ERROR_ARGUMENT);
    assert_int_equal(weir_model_sample_position(NULL), 0);
    weir_model_free(m);
}

int main(void)
{
    CASES(CASE(two_calls_are_one), CASE(the_first_stream_is_as_it_was), CASE(a_loop_of_calls_integrates), CASE(absolute_requests_repeat),
          CASE(shares_draw_their_own), CASE(what_was_drawn_counts), CASE(a_call_within_a_call), CASE(the_position_may_be_set));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
