/* gaussian.c - the baseline of doc/results.md: a Gaussian with full covariance, its ridge chosen on
 * validation, scored as the models are.
 *
 *     weir-gaussian TRAIN-SPEC TEST-SPEC           such as digits digits,split=test
 *
 * Dequantised data y = (v + u) / levels, one uniform draw a sample (seed 1), which the training
 * split gives the mean m and the covariance C + r tr(C) / d I; r is the value of a grid with the
 * highest log-density of the validation split. Prints nats of the data as stored, nats_unit_range
 * and bits/dim over all samples of TEST-SPEC, with the standard error over data. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "weir.h"
#include "base/base.h"

typedef struct table {
    double *y;
    int64_t n, d, levels;
} table;

static table load(weir_ctx *c, weir_dataset *set)
{
    table t = {
        .n = weir_dataset_samples(set),
        .d = weir_dataset_dim(set),
        .levels = weir_dataset_levels(set),
    };
    if (!weir_ok(c)) return t;
    t.y = malloc((size_t)(t.n * t.d + 1) * sizeof *t.y);
    double scale = t.levels > 0 ? 1.0 / (double)t.levels : 1;
    for (int64_t first = 0; first < t.n && weir_ok(c); first += 1000) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_batch *b = weir_dataset_batch(set, first, first + 1000 < t.n ? 1000 : t.n - first);
        const int64_t *ids = weir_batch_ids(b);
        double *y = t.y + first * t.d;
        weir_copy_to_f64(weir_batch_x(b), y, weir_batch_size(b) * t.d);
        for (int64_t i = 0; i < weir_batch_size(b) * t.d; i++) {
            double u = 0;
            if (t.levels > 0) u = weir__uniform(1, (uint64_t)ids[i / t.d], (uint64_t)(i % t.d));
            y[i] = (y[i] + u) * scale;
        }
        weir_scope_end(s);
    }
    return t;
}

static void centre(table *t, const double *mean)
{
    for (int64_t i = 0; i < t->n * t->d; i++) t->y[i] -= mean[i % t->d];
}

/* Lower triangle of the Cholesky factor in place; false when not positive definite. */
static bool cholesky(double *a, int64_t d)
{
    for (int64_t j = 0; j < d; j++)
        for (int64_t i = j; i < d; i++) {
            double sum = a[i * d + j];
            for (int64_t k = 0; k < j; k++) sum -= a[i * d + k] * a[j * d + k];
            if (i == j && !(sum > 0)) return false;
            a[i * d + j] = i == j ? sqrt(sum) : sum / a[j * d + j];
        }
    return true;
}

/* Mean and standard error of log N(y; 0, L L^T) over the first n samples. */
static double score(const table *t, const double *l, int64_t n, double *error)
{
    double log_det = 0, sum = 0, squares = 0, *z = malloc((size_t)t->d * sizeof *z);
    for (int64_t i = 0; i < t->d; i++) log_det += log(l[i * t->d + i]);
    for (int64_t s = 0; s < n; s++) {
        double norm = 0;
        for (int64_t i = 0; i < t->d; i++) {
            double v = t->y[s * t->d + i];
            for (int64_t k = 0; k < i; k++) v -= l[i * t->d + k] * z[k];
            z[i] = v / l[i * t->d + i];
            norm += z[i] * z[i];
        }
        double lp = -0.5 * norm - log_det - 0.5 * (double)t->d * log(6.283185307179586);
        sum += lp;
        squares += lp * lp;
    }
    free(z);
    double mean = sum / (double)n;
    *error = sqrt((squares / (double)n - mean * mean) / (double)(n - 1));
    return mean;
}

static void covariance(weir_ctx *c, const table *t, double *out)
{
    weir_scope s = weir_scope_begin_no_grad(c);
    const int64_t shape[] = { t->n, t->d };
    weir_tensor *y = weir_tensor_wrap(c, WEIR_F64, t->y, 2, shape, NULL, NULL, NULL);
    weir_tensor *p = weir_scale(weir_matmul(weir_transpose(y, 0, 1), y), 1.0 / (double)t->n);
    weir_copy_to_f64(p, out, t->d * t->d);
    weir_scope_end(s);
}

/* The Cholesky factor of C + r tr(C) / d I in l, with the best r of a grid; room is of C's size. */
static double best_ridge(const table *valid, const double *cov, double *l, double *room)
{
    int64_t d = valid->d, n = valid->n < 2000 ? valid->n : 2000;
    double trace = 0, top = -INFINITY, ridge = 0, error;
    for (int64_t i = 0; i < d; i++) trace += cov[i * d + i];
    for (double r = 1e-6; r < 0.5; r *= sqrt(10)) {
        memcpy(room, cov, (size_t)(d * d) * sizeof *room);
        for (int64_t i = 0; i < d; i++) room[i * d + i] += r * trace / (double)d;
        if (!cholesky(room, d)) continue;
        double s = score(valid, room, n, &error);
        if (!(s > top)) continue;
        top = s;
        ridge = r;
        memcpy(l, room, (size_t)(d * d) * sizeof *l);
    }
    return ridge;
}

static void report(const table *t, double ridge, double unit, double error)
{
    double d = (double)t->d, stored = unit;
    if (t->levels > 0) stored -= d * log((double)t->levels);
    printf("{\"model\": \"gaussian\", \"ridge\": %.3g, \"n\": %lld, \"dim\": %lld, ", ridge,
           (long long)t->n, (long long)t->d);
    printf("\"nats\": %.4f, \"nats_stderr\": %.4f, \"nats_unit_range\": %.4f, ", stored, error,
           unit);
    printf("\"bits_per_dim\": %.5f}\n", -stored / (d * log(2)));
}

static void compute(weir_ctx *c, table *train, table *valid, table *held)
{
    int64_t d = train->d;
    double *mean = calloc((size_t)d, sizeof *mean), *cov = malloc((size_t)(d * d) * sizeof *cov);
    double *l = malloc((size_t)(d * d) * sizeof *l), *room = malloc((size_t)(d * d) * sizeof *l);
    for (int64_t i = 0; i < train->n * d; i++) mean[i % d] += train->y[i] / (double)train->n;
    centre(train, mean);
    centre(valid, mean);
    centre(held, mean);
    covariance(c, train, cov);
    double ridge = best_ridge(valid, cov, l, room), error;
    double unit = score(held, l, held->n, &error);
    report(held, ridge, unit, error);
    free(mean);
    free(cov);
    free(l);
    free(room);
}

static bool run(weir_ctx *c, const char *train_spec, const char *test_spec)
{
    weir_dataset *all = weir_dataset_open(c, train_spec), *held = weir_dataset_open(c, test_spec);
    table train = load(c, weir_dataset_split(all, "train"));
    table valid = load(c, weir_dataset_split(all, "valid"));
    table test = load(c, held);
    if (weir_ok(c)) compute(c, &train, &valid, &test);
    else fprintf(stderr, "gaussian: %s\n", weir_message(c));
    free(train.y);
    free(valid.y);
    free(test.y);
    return weir_ok(c);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: weir-gaussian TRAIN-SPEC TEST-SPEC\n");
        return 2;
    }
    weir_ctx *c = weir_open(1);
    bool good = run(c, argv[1], argv[2]);
    weir_close(c);
    return good ? 0 : 1;
}
