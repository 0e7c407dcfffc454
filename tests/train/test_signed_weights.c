/* Signed weights, where asked for by name: a pair of weights w and -w at one place is as if it were not there, in the loss and its
 * gradient, statistics, validation and what is learned; refused by one line everywhere else. */
#include "test.h"
#include "train/train.h"

enum { ROWS = 24, PAIRS = 8, ALL = ROWS + 2 * PAIRS, DIM = 3, PARAMETERS = 1 << 10 };

/* ROWS of weights 1 to 3, and behind them pairs that cancel, far from the others. */
static void fill(double *x, double *w)
{
    for (int i = 0; i < ALL * DIM; i++) x[i] = weir__normal(3, 1, (uint64_t)i);
    for (int i = 0; i < ALL; i++) {
        w[i] = 1 + i % 3;
        if (i < ROWS) continue;
        int pair = (i - ROWS) / 2;
        w[i] = i % 2 ? -2.5 : 2.5;
        for (int j = 0; j < DIM; j++) x[i * DIM + j] = 4 + pair + j;
    }
}

static weir_dataset *rows_of(weir_ctx *c, int n)
{
    double x[ALL * DIM], w[ALL];
    fill(x, w);
    weir_dataset *d = weir_dataset_from_f64(c, x, n, DIM);
    assert_int_equal(weir_dataset_set_signed_weights(d, w), WEIR_OK);
    return d;
}

static weir_model *flow_of(weir_ctx *c)
{
    return weir_model_new(c, "nice", "dim=3 couplings=2 hidden=8 init=pytorch dtype=f64");
}

/* The loss of a step over all rows of d, and the gradients that its optimizer was given. */
typedef struct seen {
    double g[PARAMETERS];
    int64_t n;
} seen;

static weir_status look(void *user, void *grads, int64_t n, weir_dtype t)
{
    seen *s = user;
    assert_true(t == WEIR_F64 && n <= PARAMETERS);
    memcpy(s->g, grads, (size_t)n * sizeof *s->g);
    s->n = n;
    return WEIR_OK;
}

static double step_of(weir_ctx *c, weir_dataset *d, int64_t shards, seen *s)
{
    weir_model *m = flow_of(c);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=0");
    weir_loader *l = weir_loader_new(d, "batch=1000");
    weir_step_opts opts = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    opts.shards = shards;
    opts.reduce = look;
    opts.reduce_user = s;
    weir_scope scope = weir_scope_begin(c);
    assert_int_equal(weir_train_step_with(m, o, weir_loader_next(l), &opts, &info), WEIR_OK);
    weir_scope_end(scope);
    weir_loader_free(l);
    weir_optim_free(o);
    weir_model_free(m);
    return info.loss;
}

static void pairs_cancel_in_loss_and_gradient(void **state)
{
    weir_ctx *c = *state;
    static seen part, all;
    weir_dataset *few = rows_of(c, ROWS), *d = rows_of(c, ALL);
    for (int64_t shards = 1; shards <= 4; shards += 3) {
        assert_near(step_of(c, d, shards, &all), step_of(c, few, shards, &part), 1e-12);
        assert_true(part.n == all.n && part.n > 0);
        for (int64_t i = 0; i < part.n; i++) assert_near(all.g[i], part.g[i], 1e-12);
    }
    weir_dataset_free(few);
    weir_dataset_free(d);
}

static void pairs_cancel_in_means(void **state)
{
    weir_ctx *c = *state;
    weir_dataset *few = rows_of(c, ROWS), *d = rows_of(c, ALL);
    double mean[2][DIM], std[2][DIM];
    weir_dataset_statistics(few, mean[0], std[0]);
    weir_dataset_statistics(d, mean[1], std[1]);
    assert_ok(c);
    for (int j = 0; j < DIM; j++) { /* by size: all rows are seen, and no spread is negative */
        assert_near(mean[1][j], (48 * mean[0][j] + 40 * (7.5 + j)) / 88, 1e-13);
        assert_true(std[1][j] > std[0][j]);
    }
    weir_model *m = flow_of(c);
    weir_data_log_prob_info part = { .size = sizeof part }, all = { .size = sizeof all };
    assert_int_equal(weir_data_log_prob(m, few, NULL, &part), WEIR_OK);
    assert_int_equal(weir_data_log_prob(m, d, NULL, &all), WEIR_OK);
    assert_near(all.nats, part.nats, 1e-12);
    assert_int_equal(all.n_counted, ALL);
    double sum = 48, squares = 8 * (1 + 4 + 9) + 16 * 6.25; /* n_effective by hand: pairs cost some */
    assert_near(all.n_effective, sum * sum / squares, 1e-12);
    assert_true(all.nats_stderr > part.nats_stderr);
    weir_model_free(m);
    weir_dataset_free(few);
    weir_dataset_free(d);
}

static void refused_unless_asked_for(void **state)
{
    weir_ctx *c = *state;
    double x[ALL * DIM], w[ALL];
    fill(x, w);
    weir_dataset *d = weir_dataset_from_f64(c, x, ALL, DIM);
    weir_dataset_set_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "dataset_set_weights: weight 25: expected a weight, finite and not negative (or weights=signed), found -2.5");
    w[2] = NAN;
    weir_dataset_set_signed_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "dataset_set_signed_weights: weight 2: expected a finite weight, found");
    for (int i = 0; i < ALL; i++) w[i] = i % 2 ? -1 : 1;
    weir_dataset_set_signed_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "dataset_set_signed_weights: sum 0: expected more than 0");
    w[ALL - 1] = 1;
    weir_dataset_set_signed_weights(d, w);
    assert_ok(c);
    weir_dataset *half = weir_dataset_split(d, "train"); /* its own rows sum to what they do */
    if (!weir_ok(c)) assert_fails(c, WEIR_ERROR_VALUE, "weights of these samples sum to");
    else weir_dataset_free(half);
    weir_dataset_free(d);
    weir_tensor *t = weir_from_f64(c, x, 2, SHAPE(ALL, DIM));
    fill(x, w);
    weir_batch_wrap(c, t, NULL, w, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "batch_wrap: weight 25: expected a weight, finite and not negative");
    assert_true(weir_batch_weights(weir_batch_wrap_signed(c, t, NULL, w, NULL))[25] == -2.5);
    assert_ok(c);
}

static int64_t stream(void *user, int64_t step, double *x, int64_t *ids, double *weights)
{
    (void)user, (void)step, (void)ids;
    fill(x, weights);
    return ALL;
}

static void streams_may_ask(void **state)
{
    weir_ctx *c = *state;
    weir_loader *l = weir_loader_from_callback_f64(c, stream, NULL, DIM, "batch=40");
    weir_loader_next(l);
    assert_fails(c, WEIR_ERROR_RANGE, "loader: step 0, sample 25: expected a weight, finite and not negative (or weights=signed)");
    weir_loader_free(l);
    l = weir_loader_from_callback_f64(c, stream, NULL, DIM, "batch=40 weights=signed");
    assert_true(weir_batch_weights(weir_loader_next(l))[27] == -2.5);
    assert_ok(c);
    weir_loader_free(l);
}

/* -- from a file, to the end ------------------------------------------------------------------------------------------------------ */
/* Two hills: of five rows two lie on the right one, and two on the left one, of which a fifth with -1 takes half away. */
static void write_events(const char *file)
{
    FILE *f = fopen(file, "w");
    fputs("x,y,w\n", f);
    for (uint64_t i = 0; i < 5000; i++) {
        double centre = i % 5 < 2 ? 1.5 : -1.5;
        fprintf(f, "%.6f,%.6f,%s\n", centre + 0.5 * weir__normal(5, i, 0), 0.5 * weir__normal(5, i, 1), i % 5 == 4 ? "-1" : "1");
    }
    fclose(f);
}

static void a_run_learns_what_is_left(void **state)
{
    weir_ctx *c = *state;
    write_events("events.csv");
    assert_true(weir_dataset_is_nil(weir_dataset_open(c, "events.csv,weight=w")));
    assert_fails(c, WEIR_ERROR_VALUE, "events.csv: sample 4, column 3: expected a weight, finite and not negative (or weights=signed), found -1");
    assert_true(weir_dataset_is_nil(weir_dataset_open(c, "events.csv,weights=signed")));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "events.csv: weights=signed: expected weight=COLUMN");
    weir_dataset *d = weir_dataset_open(c, "events.csv,weight=w,weights=signed,standardize=robust");
    double mean[2], std[2];
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_true(mean[0] < -0.5); /* three of five rows are of the left hill */
    weir_dataset_free(d);
    weir_run *r = weir_run_open(c, "signed-run", "model=realnvp model.couplings=4 model.coupling.net.hidden=16 data=\"events.csv,weight=w,weights=signed\" "
                                                 "batch=500 lr=2e-3 steps=300 valid_every=50 seed=1", false);
    assert_ok(c);
    assert_int_equal(weir_run_train(r, NULL), WEIR_OK);
    static float x[10000][2];
    assert_int_equal(weir_model_sample_into(weir_run_model(r), 10000, NULL, x[0]), WEIR_OK);
    double left = 0;
    for (int i = 0; i < 10000; i++) left += x[i][0] < 0;
    assert_true(fabs(left / 10000 - 1 / 3.0) < 0.06); /* a half by the positive rows, 3 / 5 by all */
    weir_run_free(r);
}

static void training_steps(weir_ctx *c)
{
    double x[ALL * DIM], w[ALL];
    fill(x, w);
    weir_dataset *d = weir_dataset_from_f64(c, x, ALL, DIM);
    weir_dataset_set_signed_weights(d, w);
    weir_model *m = flow_of(c);
    weir_optim *o = weir_optim_new(weir_model_module(m), "sgd", "lr=1e-3");
    weir_loader *l = weir_loader_new(d, "batch=20");
    weir_scope s = weir_scope_begin(c);
    weir_train_step(m, o, weir_loader_next(l));
    weir_scope_end(s);
    weir_loader_free(l);
    weir_optim_free(o);
    weir_model_free(m);
    weir_dataset_free(d);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(training_steps);
}

int main(void)
{
    CASES(CASE(pairs_cancel_in_loss_and_gradient), CASE(pairs_cancel_in_means), CASE(refused_unless_asked_for), CASE(streams_may_ask),
          CASE(a_run_learns_what_is_left), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
