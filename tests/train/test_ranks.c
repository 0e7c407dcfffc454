/* test_ranks.c - a training step over the ranks of a group: the bits of one process with as many
 * shards, whatever the number of ranks and threads; and how ranks stop that cannot go on. */
#include "dist/threads.h"
#include "normed.h"
#include "train/train.h"

enum { ROWS = 37, DIM = 2, STEPS = 3, MOST_SHARDS = 16, STATE = 1 << 13 };

/* -- models with things that all ranks must have alike ---------------------------------------- */
/* Actnorm starts from the whole first batch; noise is drawn for the whole batch at once. */
typedef struct started_opts {
    size_t size;
    int64_t dim;
} started_opts;

static const weir_option started_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(started_opts, dim), "2", 1, 99, NULL, "values a sample" },
    { 0 },
};

static weir_module *started_create(weir_model *m, const void *options)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_module *root = weir_module_new(c, "group", "");
    weir_module *flow = weir_module_add(root, "flow", weir_module_new(c, "compose", ""));
    weir_module_add(flow, "0", weir_module_new(c, "actnorm", "dim=2"));
    weir_module_add(flow, "1", weir_module_new(c, "scale", "dim=2"));
    return root;
}

static weir_tensor *started_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                     const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    weir_module *flow = weir_module_child(weir_model_module(m), "flow");
    weir_tensor *log_det, *z = weir_bijection_forward(flow, y, NULL, &log_det);
    return weir_add(weir_affine(weir_sum_samples(weir_square(z)), -0.5, -1.8378770664093453),
                    log_det);
}

/* The mean of the batch stands in every sample's noise: a shard alone has another. */
static weir_batch *started_prepare(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_tensor *e = weir_randn(weir_ctx_of(y), WEIR_F32, 2, weir_shape(y));
    weir_tensor *mean = weir_mean(y);
    return weir_batch_prepared_with(b, "noise", weir_add(weir_scale(e, 0.1), mean));
}

static weir_tensor *started_loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_tensor *e = weir_condition_get(weir_batch_prepared(b), "noise");
    return weir_neg(started_log_prob(m, weir_add(y, e), NULL, NULL, NULL));
}

static const weir_model_row started_row = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.started",
        .doc = "starts from the batch",
        .options = started_options,
        .options_size = sizeof(started_opts),
        .test = "",
    },
    .create = started_create,
    .prepare = started_prepare,
    .whole_batch = true,
    .loss = started_loss,
    .log_prob = started_log_prob,
};

/* -- a training of some steps ----------------------------------------------------------------- */
typedef struct training {
    const char *model, *options;
    int64_t shards;
    bool weighted, reduce;
    double clip;
    /* what comes out */
    size_t bytes;
    char state[STATE]; /* all parameters and buffers */
    double loss[STEPS], norm[STEPS];
} training;

static weir_batch *training_batch(weir_ctx *c, int step, bool weighted)
{
    float x[ROWS * DIM];
    double w[ROWS];
    int64_t ids[ROWS];
    for (int i = 0; i < ROWS * DIM; i++)
        x[i] = (float)(int)(17 * weir__uniform(7, (uint64_t)step, (uint64_t)i));
    for (int i = 0; i < ROWS; i++) {
        w[i] = i % 9 == 4 ? 0 : weir__uniform(7, 99, (uint64_t)i);
        ids[i] = 100 * step + i;
    }
    weir_tensor *t = weir_from_f32(c, x, 2, SHAPE(ROWS, DIM));
    return weir_batch_wrap(c, t, ids, weighted ? w : NULL, NULL);
}

/* Twice the gradient, as a host might */
static weir_status training_reduce(void *user, void *grads, int64_t n, weir_dtype t)
{
    for (int64_t i = 0; i < n; i++) ((float *)grads)[i] *= 2;
    return WEIR_OK;
}

static void training_keep(training *t, weir_module *root)
{
    for (int64_t i = 0; i < weir_module_state_count(root); i++) {
        weir_tensor *v = weir_module_state_at(root, i, NULL, NULL);
        size_t bytes = (size_t)weir_numel(v) * weir_dtype_size(weir_dtype_of(v));
        assert_true(t->bytes + bytes <= STATE);
        memcpy(t->state + t->bytes, weir_data(v), bytes);
        t->bytes += bytes;
    }
}

static void training_run(weir_ctx *c, void *training_)
{
    training *t = training_;
    weir_row_register(c, &normed_row.row);
    weir_row_register(c, &started_row.row);
    weir_model *m = weir_model_new(c, t->model, t->options);
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
    weir_step_opts s = weir_step_defaults();
    s.shards = t->shards;
    s.clip = t->clip;
    s.reduce = t->reduce ? training_reduce : NULL;
    for (int i = 0; weir_ok(c) && i < STEPS; i++) {
        weir_step_info info = { .size = sizeof info };
        weir_scope scope = weir_scope_begin(c);
        weir_train_step_with(m, o, training_batch(c, i, t->weighted), &s, &info);
        t->loss[i] = info.loss;
        t->norm[i] = info.grad_norm;
        weir_scope_end(scope);
    }
    if (weir_ok(c)) training_keep(t, weir_model_module(m));
    weir_optim_free(o);
    weir_model_free(m);
}

static training alone(training t, int threads)
{
    ranks_all(1, threads, training_run, &t, sizeof t);
    return t;
}

static void same(const training *a, const training *b)
{
    assert_int_equal(a->bytes, b->bytes);
    assert_memory_equal(a->state, b->state, a->bytes);
    assert_memory_equal(a->loss, b->loss, sizeof a->loss);
    assert_memory_equal(a->norm, b->norm, sizeof a->norm);
}

static void same_in_groups(training t, int threads, int most)
{
    static training each[RANKS];
    training expected = alone(t, 1);
    for (int ranks = 2; ranks <= most && ranks <= t.shards; ranks++) {
        for (int r = 0; r < ranks; r++) each[r] = t;
        ranks_all(ranks, threads, training_run, each, sizeof *each);
        for (int r = 0; r < ranks; r++) same(&each[r], &expected);
    }
}

/* -- the same bits ---------------------------------------------------------------------------- */
static const training models[] = {
    { .model = "nice", .options = "dim=2 levels=17 couplings=2 hidden=6 init=pytorch" },
    { .model = "rectified-flow", .options = "dim=2 net.hidden=6" },
    { .model = "normed", .options = "" },
    { .model = "started", .options = "" },
};
enum { MODELS = sizeof models / sizeof *models };

static void two_and_three_groups_are_one(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++)
        for (int64_t shards = 1; shards <= MOST_SHARDS; shards++) {
            training t = models[i];
            t.shards = shards;
            t.weighted = shards % 2 == 0;
            t.clip = 0.5;
            same_in_groups(t, 1, 3);
        }
}

static void any_number_of_ranks_and_threads(void **state)
{
    (void)state;
    for (int i = 0; i < MODELS; i++) {
        training t = models[i];
        t.shards = 11;
        t.reduce = true;
        same_in_groups(t, 2, 8);
        t.shards = 50; /* more than samples: some shards are empty */
        if (strcmp(t.model, "normed") != 0) same_in_groups(t, 3, 4);
    }
}

/* A sum that is no sum would pass the above if nothing moved. */
static void it_learns(void **state)
{
    (void)state;
    training t = models[0], other;
    t.shards = 4;
    t = alone(t, 1);
    other = models[0];
    other.shards = 3;
    other = alone(other, 1);
    assert_true(t.loss[0] != t.loss[1]);
    assert_memory_not_equal(t.state, other.state, t.bytes); /* S decides bits */
}

/* -- what ranks cannot do --------------------------------------------------------------------- */
typedef struct misdeed {
    int rank; /* that does it */
    enum { NAN_SAMPLE, OTHER_BATCH, OTHER_SHARDS, OTHER_WEIGHTS, NO_BATCH, OTHER_RATE } what;
    char message[768];
} misdeed;

static void misdeed_step(weir_ctx *c, weir_model *m, weir_optim *o, const misdeed *d, bool now)
{
    weir_step_opts s = weir_step_defaults();
    s.shards = 5;
    weir_batch *b = training_batch(c, 0, false);
    float *x = weir_data_mut(weir_batch_x(b));
    bool mine = now && (d->rank == weir_rank(c) || d->what == NAN_SAMPLE);
    if (mine && d->what == NAN_SAMPLE) x[20 * DIM] = NAN;
    if (mine && d->what == OTHER_BATCH) x[3]++;
    if (mine && d->what == OTHER_SHARDS) s.shards = 6;
    if (mine && d->what == OTHER_RATE) weir_optim_set_lr(o, 1);
    if (mine && d->what == NO_BATCH) b = NULL;
    weir_train_step_with(m, o, b, &s, NULL);
}

/* After the misdeed, which changes nothing, the group makes another step. */
static void misdeed_run(weir_ctx *c, void *misdeed_)
{
    misdeed *d = misdeed_;
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=4 couplings=2 init=pytorch");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-3");
    void *flat;
    int64_t n = weir_module_flat(weir_model_module(m), NULL, &flat);
    if (d->what == OTHER_WEIGHTS && d->rank == weir_rank(c)) ((float *)flat)[0] += 1;
    float first = ((float *)flat)[0], last = ((float *)flat)[n - 1];
    misdeed_step(c, m, o, d, true);
    assert_true(first == ((float *)flat)[0] && last == ((float *)flat)[n - 1]);
    assert_int_equal(weir_optim_steps(o), 0);
    snprintf(d->message, sizeof d->message, "%s", weir_message(c));
    weir_clear(c);
    weir_optim_set_lr(o, 1e-3);
    if (d->what != OTHER_WEIGHTS) misdeed_step(c, m, o, d, false);
    assert_ok(c);
    weir_optim_free(o);
    weir_model_free(m);
}

static void everyone_says(misdeed d, const char *part)
{
    for (int n = 2; n <= 3; n++) {
        misdeed each[3] = { d, d, d };
        ranks_all(n, 1, misdeed_run, each, sizeof *each);
        for (int r = 0; r < n; r++)
            if (!strstr(each[r].message, part))
                fail_msg("rank %d of %d: \"%s\" lacks \"%s\"", r, n, each[r].message, part);
    }
}

static void what_differs_is_named(void **state)
{
    (void)state;
    everyone_says((misdeed){ .rank = 0, .what = NAN_SAMPLE }, "train: step 0, sample 20: op.");
    everyone_says((misdeed){ .rank = 1, .what = OTHER_BATCH }, "train_step: rank 1: batch with checksum");
    everyone_says((misdeed){ .rank = 1, .what = OTHER_SHARDS }, "train_step: rank 1: shards 6: expected 5");
    everyone_says((misdeed){ .rank = 1, .what = OTHER_WEIGHTS }, "train_step: rank 1: weights and seed");
    everyone_says((misdeed){ .rank = 1, .what = OTHER_RATE }, "train_step: rank 1: clip, lr and reduce");
    everyone_says((misdeed){ .rank = 0, .what = NO_BATCH }, "train_step: NULL: expected a model");
    everyone_says((misdeed){ .rank = 1, .what = NO_BATCH }, "train_step: NULL: expected a model");
}

static void more_ranks_than_shards(void **state)
{
    (void)state;
    static training each[3];
    ranks_rank at[3];
    for (int r = 0; r < 3; r++) {
        each[r] = models[0];
        each[r].shards = 2;
        at[r] = (ranks_rank){ .work = training_run, .user = &each[r], .threads = 1,
                              .memory = { .fail_at = -1 } };
    }
    ranks_run(at, 3, 60);
    for (int r = 0; r < 3; r++)
        assert_non_null(strstr(at[r].message, "3 ranks and 2 shards: expected a shard for each "
                                              "(--set train.shards=8)"));
}

/* A rank whose memory ends at any time: all stop, none hangs, and what they say names it. */
static void one_without_memory(void **state)
{
    (void)state;
    for (int64_t fail_at = 1;; fail_at += fail_at < 40 ? 1 : 17) {
        static training each[3];
        ranks_rank at[3];
        for (int r = 0; r < 3; r++) {
            each[r] = models[2];
            each[r].shards = 5;
            at[r] = (ranks_rank){ .work = training_run, .user = &each[r], .threads = 1,
                                  .memory = { .fail_at = r == 1 ? fail_at : -1 } };
        }
        ranks_run(at, 3, 60);
        if (at[1].status == WEIR_OK) return;
        for (int r = 0; r < 3; r += 2)
            if (!strstr(at[r].message, "rank 1: "))
                fail_msg("allocation %lld: rank %d: \"%s\"", (long long)fail_at, r, at[r].message);
    }
}

int main(void)
{
    CASES(cmocka_unit_test(two_and_three_groups_are_one),
          cmocka_unit_test(any_number_of_ranks_and_threads), cmocka_unit_test(it_learns),
          cmocka_unit_test(what_differs_is_named), cmocka_unit_test(more_ranks_than_shards),
          cmocka_unit_test(one_without_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
