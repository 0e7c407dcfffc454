/* Shares: one copy of the weights for many contexts and threads; same bits, little memory, nothing can be changed through them. */
#include <pthread.h>
#include "models/model_test.h"

enum { N = 40, DIM = 6, THREADS = 4, ROUNDS = 20 };
static const char *const options = "dim=6 levels=17 hidden=96,64 standardize=yes";

typedef struct results { float x[N * DIM]; double log_p[N]; } results;

static void use(weir_model *m, results *r)
{
    weir_sample_opts o = weir_sample_defaults();
    o.seed = 3, o.use_seed = true;
    assert_int_equal(weir_model_sample_into(m, N, &o, r->x), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(m, r->x, N, NULL, r->log_p, NULL), WEIR_OK);
}

static weir_model *original(weir_ctx *c)
{
    weir_model *m = stirred(c, options, 0.3);
    const double mean[DIM] = { 1, 2, 3, 4, 5, 6 }, std[DIM] = { 1, 2, 1, 2, 1, 2 };
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
    weir_module_train(weir_model_module(m), false);
    return m;
}

static void a_share_gives_the_same_bits_from_little_memory(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = original(c), *s = weir_model_share(other, m);
    int64_t numel = weir_module_parameter_numel(weir_model_module(m));
    assert_ok(other);
    assert_true(weir_memory(other).live_bytes < numel * 4);
    results a, b;
    use(m, &a), use(s, &b);
    assert_memory_equal(&a, &b, sizeof a);
    const void *p = weir_data(weir_module_state_at(weir_model_module(m), 0, NULL, NULL));
    assert_ptr_equal(p, weir_data(weir_module_state_at(weir_model_module(s), 0, NULL, NULL)));
    weir_model *again = weir_model_share(other, s); /* a share of a share */
    use(again, &b);
    assert_memory_equal(&a, &b, sizeof a);
    void *data;
    size_t bytes;
    assert_int_equal(weir_model_save_to_memory(s, &data, &bytes), WEIR_OK); /* saving only reads */
    weir_buffer_free(other, data);
    int64_t live = weir_memory(other).live_blocks;
    for (int i = 0; i < 3; i++) {
        weir_model_free(again);
        again = weir_model_share(other, s);
        assert_int_equal(weir_memory(other).live_blocks, live);
    }
    weir_model_free(again);
    weir_model_free(s), weir_model_free(m);
    weir_close(other);
}

static void nothing_changes_through_a_share(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = original(c), *s = weir_model_share(other, m);
    weir_module *net = weir_model_module(s);
    weir_tensor *w = weir_module_state_at(net, 0, NULL, NULL);
    results before, after;
    use(m, &before);
    assert_false(weir_requires_grad(w));
    weir_optim_new(net, "adam", "");
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    assert_null(weir_ema_new(net, 0.9));
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    weir_module_freeze(net, false);
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    weir_set_requires_grad(w, true);
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    weir_fill_(w, 0);
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    weir_fill_(weir_detach(w), 0);
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    assert_null(weir_data_mut(w));
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    void *data;
    size_t bytes;
    assert_int_equal(weir_module_save_to_memory(weir_model_module(m), &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(net, data, bytes, true, NULL), WEIR_ERROR_STATE);
    assert_fails(other, WEIR_ERROR_STATE, "shared model");
    weir_buffer_free(c, data);
    use(m, &after);
    assert_memory_equal(&before, &after, sizeof before);
    weir_model_free(s), weir_model_free(m);
    weir_close(other);
}

typedef struct worker { pthread_t thread; weir_ctx *c; weir_model *m; results r; int same; } worker;

static void *serve(void *user)
{
    worker *w = user;
    for (int i = 0; i < ROUNDS; i++) {
        results r;
        weir_sample_opts o = weir_sample_defaults();
        o.seed = 3, o.use_seed = true;
        if (weir_model_sample_into(w->m, N, &o, r.x) != WEIR_OK || weir_model_log_prob_into(w->m, r.x, N, NULL, r.log_p, NULL) != WEIR_OK) break;
        w->same += memcmp(&r, &w->r, sizeof r) == 0;
    }
    return NULL;
}

static void threads_serve_from_one_copy(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = original(c);
    static worker all[THREADS];
    results r;
    use(m, &r);
    for (int i = 0; i < THREADS; i++) {
        weir_open_opts o = weir_open_defaults();
        o.threads = 1;
        all[i] = (worker){ .c = weir_open_with(&o), .r = r };
        all[i].m = weir_model_share(all[i].c, m);
    }
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&all[i].thread, NULL, serve, &all[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(all[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].same, ROUNDS);
        weir_model_free(all[i].m);
        weir_close(all[i].c);
    }
    weir_model_free(m);
}

static void bad_handles_are_errors(void **state)
{
    weir_ctx *c = *state;
    assert_true(weir_model_dim(weir_model_share(NULL, NULL)) == 0);
    weir_model_share(c, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_share");
    weir_ctx *other = weir_open(1);
    weir_model *nil = weir_model_new(other, "nice", "dim=1");
    weir_clear(other);
    weir_model_share(c, nil);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_share");
    weir_close(other);
}

static weir_model *lent;
static void share_and_use(weir_ctx *c)
{
    weir_model *s = weir_model_share(c, lent);
    double log_p[2];
    float x[2 * DIM] = { 0 };
    weir_status status = weir_model_log_prob_into(s, x, 2, NULL, log_p, NULL);
    (void)status;
    weir_model_free(s);
}

static void every_allocation_may_fail(void **state)
{
    weir_ctx *c = *state;
    lent = original(c);
    weir_module_seal(weir_model_module(lent));
    test_every_allocation(share_and_use);
    weir_model_free(lent);
}

/* A continuous flow: its network is shared, its solver's settings are the share's own. */
static void a_continuous_flow_is_shared_too(void **state)
{
    weir_ctx *c = *state, *other = weir_open(1);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=6 net.hidden=16,16"), *s = weir_model_share(other, m);
    assert_ok(other);
    results a, b;
    use(m, &a), use(s, &b);
    assert_memory_equal(&a, &b, sizeof a);
    weir_model_free(s), weir_model_free(m);
    weir_close(other);
}

/* Doubles in and out: the floats' results where the model is f32, more digits where it is f64. */
static void arrays_of_doubles(void **state)
{
    weir_ctx *c = *state;
    for (int wide = 0; wide < 2; wide++) {
        weir_model *m = stirred(c, wide ? "dim=6 hidden=8 dtype=f64" : "dim=6 hidden=8", 0.5);
        static float x[N * DIM];
        static double y[N * DIM];
        double p[N], q[N];
        weir_sample_opts o = weir_sample_defaults();
        o.first = 0;
        assert_int_equal(weir_model_sample_into(m, N, &o, x), WEIR_OK);
        assert_int_equal(weir_model_sample_into_f64(m, N, &o, y), WEIR_OK);
        int rounded = 0, differ = 0;
        for (int i = 0; i < N * DIM; i++) rounded += (float)y[i] == x[i], differ += y[i] != (double)x[i];
        assert_int_equal(rounded, N * DIM);
        assert_true(wide ? differ > N : differ == 0);
        assert_int_equal(weir_model_log_prob_into(m, x, N, NULL, p, NULL), WEIR_OK);
        assert_int_equal(weir_model_log_prob_into_f64(m, y, N, NULL, q, NULL), WEIR_OK);
        differ = 0;
        for (int i = 0; i < N; i++) assert_near(q[i], p[i], 1e-4), differ += p[i] != q[i];
        assert_true(wide ? differ > N / 2 : differ == 0);
        weir_model_free(m);
    }
}

/* The struct of a row, filled by name: what text would have made. */
static void a_struct_makes_what_text_makes(void **state)
{
    weir_ctx *c = *state;
    const weir_row *row = weir_row_find(c, "model", "nice");
    _Alignas(64) char opts[4096];
    assert_true(row->options_size <= sizeof opts);
    assert_int_equal(weir_options_defaults(c, row, opts), WEIR_OK);
    assert_int_equal(weir_options_parse(c, row, opts, "dim=6 levels=17 hidden=8,8"), WEIR_OK);
    weir_model *a = weir_model_new_with(c, "nice", opts), *b = weir_model_new(c, "nice", "dim=6 levels=17 hidden=8,8");
    results x, y;
    use(a, &x), use(b, &y);
    assert_memory_equal(&x, &y, sizeof x);
    weir_model_free(a), weir_model_free(b);
    *(size_t *)(void *)opts = 12;
    weir_model_new_with(c, "nice", opts);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "size 12");
    weir_model_new_with(c, "nice", NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    *(size_t *)(void *)opts = row->options_size;
    weir_options_free(c, row, opts);
}

int main(void)
{
    CASES(CASE(a_share_gives_the_same_bits_from_little_memory), CASE(nothing_changes_through_a_share), CASE(threads_serve_from_one_copy),
          CASE(bad_handles_are_errors), CASE(every_allocation_may_fail), CASE(a_struct_makes_what_text_makes),
          CASE(a_continuous_flow_is_shared_too), CASE(arrays_of_doubles));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
