/* classifier.c - the classifier two-sample test (Lopez-Paz, Oquab 2017): a network learns to tell
 * the sets apart on one half of each, and is counted on the other halves,
 *
 *     accuracy = (right of a + right of b) / 2,
 *
 * each set with the same weight whatever its size. 1/2: no difference was found; 1: they do not
 * overlap. The counts are binomial: error^2 = (r_a (1 - r_a) / n_a + r_b (1 - r_b) / n_b) / 4. */
#include <math.h>
#include <stddef.h>
#include "metric/metric.h"
#include "nn/nn.h"
#include "weir/grad.h"
#include "weir/ops.h"
#include "weir/optim.h"

typedef struct opts {
    size_t size;
    weir_ints hidden;
    int64_t steps, batch;
    double lr;
} opts;

static const weir_option options[] = {
    { "hidden", WEIR_OPTION_INTS, offsetof(opts, hidden), "64,64", 1, 1 << 16, NULL,
      "widths of the hidden layers; empty: logistic regression" },
    { "steps", WEIR_OPTION_INT, offsetof(opts, steps), "1000", 1, 1e6, NULL, "of training" },
    { "batch", WEIR_OPTION_INT, offsetof(opts, batch), "128", 1, 1 << 20, NULL,
      "samples of each set a step" },
    { "lr", WEIR_OPTION_REAL, offsetof(opts, lr), "3e-3", 0, 1, NULL,
      "learning rate of adamw at the first step; it falls to 0 as a cosine" },
    { 0 },
};

/* One set in an order by the seed: the first half of it is for training. */
typedef struct half {
    int64_t n, n_train, dim;
    const double *x;
    int64_t *order; /* [n] */
    uint64_t key;
} half;

typedef struct test {
    weir_ctx *c;
    const opts *o;
    half sets[2];
    double *mean, *scale; /* [dim] of the training halves, each set with the same weight */
    float *batch;         /* [2 batch, dim] */
    weir_module *net;
    weir_optim *optim;
} test;

/* -- samples ----------------------------------------------------------------------------------- */
static void half_shuffle(half *h)
{
    for (int64_t i = 0; i < h->n; i++) h->order[i] = i;
    for (int64_t i = h->n - 1; i > 0; i--) {
        int64_t j = (int64_t)(weir__uniform(h->key, 0, (uint64_t)i) * (double)(i + 1));
        int64_t kept = h->order[i];
        h->order[i] = h->order[j];
        h->order[j] = kept;
    }
}

/* Sum of (x - from)^power of one column over the training half, by its size. */
static double half_moment(const half *h, int64_t column, double from, bool square)
{
    double sum = 0;
    for (int64_t i = 0; i < h->n_train; i++) {
        double d = h->x[h->order[i] * h->dim + column] - from;
        sum += square ? d * d : d;
    }
    return sum / (double)h->n_train;
}

static void test_moments(const test *t)
{
    const half *a = &t->sets[0], *b = &t->sets[1];
    for (int64_t k = 0; k < a->dim; k++) {
        double mean = (half_moment(a, k, 0, false) + half_moment(b, k, 0, false)) / 2;
        double square = (half_moment(a, k, mean, true) + half_moment(b, k, mean, true)) / 2;
        t->mean[k] = mean;
        t->scale[k] = square > 0 ? 1 / sqrt(square) : 1;
    }
}

static void test_put(const test *t, const half *h, int64_t i, float *out)
{
    const double *x = h->x + h->order[i] * h->dim;
    for (int64_t k = 0; k < h->dim; k++) out[k] = (float)((x[k] - t->mean[k]) * t->scale[k]);
}

/* -- training ---------------------------------------------------------------------------------- */
/* [2 B, 1]: -1 for samples of a, 1 for those of b */
static weir_tensor *test_signs(const test *t)
{
    int64_t shape[] = { t->o->batch, 1 };
    weir_tensor *one = weir_ones(t->c, WEIR_F32, 2, shape);
    return weir_cat(2, (weir_tensor *[]){ weir_neg(one), one }, 0);
}

static weir_tensor *test_batch(const test *t, int64_t step)
{
    int64_t n = t->o->batch, shape[] = { 2 * n, t->sets[0].dim };
    for (int64_t i = 0; i < 2 * n; i++) {
        const half *h = &t->sets[i >= n];
        double u = weir__uniform(h->key, (uint64_t)(step + 1), (uint64_t)i);
        test_put(t, h, (int64_t)(u * (double)h->n_train), t->batch + i * h->dim);
    }
    return weir_from_f32(t->c, t->batch, 2, shape);
}

/* log(1 + exp(-s f(x))), s = -1 for a and 1 for b */
static void test_step(const test *t, int64_t step)
{
    const double pi = 3.14159265358979323846;
    weir_scope s = weir_scope_begin(t->c);
    weir_tensor *f = weir_network_at(t->net, test_batch(t, step), NULL, NULL);
    weir_tensor *loss = weir_mean(weir_softplus(weir_neg(weir_mul(f, test_signs(t)))));
    weir_backward(loss);
    weir_optim_set_lr(t->optim, t->o->lr * (1 + cos(pi * (double)step / (double)t->o->steps)) / 2);
    weir_optim_step(t->optim);
    weir_optim_zero_grad(t->optim);
    weir_scope_end(s);
}

/* -- counting ---------------------------------------------------------------------------------- */
/* Share of the samples that were not trained on, of set `which`, that the network has right. */
static double test_right(const test *t, int which)
{
    const half *h = &t->sets[which];
    double right = 0;
    for (int64_t first = h->n_train; first < h->n && weir_ok(t->c); first += 2 * t->o->batch) {
        int64_t n = h->n - first < 2 * t->o->batch ? h->n - first : 2 * t->o->batch;
        weir_scope s = weir_scope_begin_no_grad(t->c);
        for (int64_t i = 0; i < n; i++) test_put(t, h, first + i, t->batch + i * h->dim);
        weir_tensor *x = weir_from_f32(t->c, t->batch, 2, (int64_t[]){ n, h->dim });
        weir_tensor *f = weir_network_at(t->net, x, NULL, NULL);
        if (!weir_is_nil(f) && weir_copy_to_f32(f, t->batch, n) == WEIR_OK)
            for (int64_t i = 0; i < n; i++) {
                if (t->batch[i] == 0) right += 0.5;
                else right += (t->batch[i] > 0) == (which == 1);
            }
        weir_scope_end(s);
    }
    return right / (double)(h->n - h->n_train);
}

static weir_metric_value test_count(const test *t)
{
    double a = test_right(t, 0), b = test_right(t, 1);
    double n = (double)(t->sets[0].n - t->sets[0].n_train);
    double m = (double)(t->sets[1].n - t->sets[1].n_train);
    double value = (a + b) / 2, chance = sqrt((1 / n + 1 / m) / 4) / 2;
    return (weir_metric_value){
        .value = value,
        .error = sqrt(a * (1 - a) / n + b * (1 - b) / m) / 2,
        .p_value = erfc((value - 0.5) / (chance * sqrt(2))) / 2,
    };
}

/* -- all of it --------------------------------------------------------------------------------- */
static void test_net(test *t)
{
    char text[1024];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "in=%lld out=1 hidden=", (long long)t->sets[0].dim);
    for (int64_t i = 0; i < t->o->hidden.n; i++)
        weir__append(text, sizeof text, &used, i ? ",%lld" : "%lld", (long long)t->o->hidden.at[i]);
    t->net = weir_module_new(t->c, "mlp", text);
    t->optim = weir_optim_new(t->net, "adamw", "weight_decay=0.01");
}

static void test_run(test *t, weir_metric_value *out)
{
    half_shuffle(&t->sets[0]);
    half_shuffle(&t->sets[1]);
    test_moments(t);
    test_net(t);
    for (int64_t step = 0; step < t->o->steps && weir_ok(t->c); step++) test_step(t, step);
    weir_module_train(t->net, false);
    if (weir_ok(t->c)) *out = test_count(t);
    weir_optim_free(t->optim);
    weir_module_free(t->net);
}

static half half_of(weir_ctx *c, int64_t n, int64_t dim, const double *x, uint64_t key)
{
    return (half){
        .n = n,
        .n_train = n / 2,
        .dim = dim,
        .x = x,
        .order = weir__alloc_n(c, n, sizeof(int64_t)),
        .key = key,
    };
}

static weir_status classifier_measure(weir_ctx *c, const weir_metric_pair *p, const void *options_,
                                      weir_metric_value *out)
{
    const opts *o = options_;
    uint64_t key = weir__hash_mix(p->seed, weir__hash_text("classifier"));
    test t = {
        .c = c,
        .o = o,
        .sets = { half_of(c, p->n_a, p->dim, p->a, weir__hash_mix(key, 0)),
                  half_of(c, p->n_b, p->dim, p->b, weir__hash_mix(key, 1)) },
        .mean = weir__alloc_n(c, p->dim, sizeof *t.mean),
        .scale = weir__alloc_n(c, p->dim, sizeof *t.scale),
        .batch = weir__alloc_n(c, weir__size_times(2 * o->batch, p->dim), sizeof *t.batch),
    };
    weir_scope s = weir_scope_begin(c);
    weir__seed_set(c, key); /* of the network's first weights */
    if (weir_ok(c)) test_run(&t, out);
    weir_scope_end(s);
    for (int i = 0; i < 2; i++) weir__free(c, t.sets[i].order);
    weir__free(c, t.mean);
    weir__free(c, t.scale);
    weir__free(c, t.batch);
    return weir_status_of(c);
}

const weir_metric_row weir__metric_classifier = {
    .row = {
        .size = sizeof(weir_metric_row),
        .version = 1,
        .name = "metric.classifier",
        .doc = "accuracy of a network that tells the sets apart, on samples it has not seen",
        .options = options,
        .options_size = sizeof(opts),
        .test = "hidden=8 steps=20",
    },
    .same = "0.5",
    .error_doc = "binomial, of the samples that are held out",
    .measure = classifier_measure,
};
