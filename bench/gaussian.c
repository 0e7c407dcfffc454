/* gaussian.c - the baseline of doc/results.md: a Gaussian with full covariance, its ridge chosen on validation, scored as the models are.
 *
 *     weir-gaussian TRAIN-SPEC TEST-SPEC           such as digits digits,split=test
 *
 * Dequantised data y = (v + u) / levels; fit on the training split: mean m, covariance C + r tr(C)/d I; r is the one of a grid that the
 * validation split likes best. Prints nats of the data as stored, nats_unit_range and bits/dim on all rows of TEST-SPEC, with the
 * standard error over data. One uniform draw a row (seed 1). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "weir.h"
#include "base/base.h"

typedef struct table { double *y; int64_t n, d, levels; } table;

static table load(weir_ctx *c, weir_dataset *set)
{
    table t = { .n = weir_dataset_samples(set), .d = weir_dataset_dim(set), .levels = weir_dataset_levels(set) };
    if (!weir_ok(c)) return t;
    t.y = malloc((size_t)(t.n * t.d + 1) * sizeof *t.y);
    double scale = t.levels > 0 ? 1.0 / (double)t.levels : 1;
    for (int64_t first = 0; first < t.n && weir_ok(c); first += 1000) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_batch *b = weir_dataset_batch(set, first, first + 1000 < t.n ? 1000 : t.n - first);
        weir_copy_to_f64(weir_batch_x(b), t.y + first * t.d, weir_batch_size(b) * t.d);
        for (int64_t i = 0; i < weir_batch_size(b) * t.d; i++) {
            double u = t.levels > 0 ? weir__uniform(1, (uint64_t)weir_batch_ids(b)[i / t.d], (uint64_t)(i % t.d)) : 0;
            t.y[first * t.d + i] = (t.y[first * t.d + i] + u) * scale;
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

/* Mean and standard error of log N(y; 0, L L^T) over the first n rows. */
static double score(const table *t, const double *l, int64_t n, double *error)
{
    double log_det = 0, sum = 0, squares = 0, *z = malloc((size_t)t->d * sizeof *z);
    for (int64_t i = 0; i < t->d; i++) log_det += log(l[i * t->d + i]);
    for (int64_t row = 0; row < n; row++) {
        double norm = 0;
        for (int64_t i = 0; i < t->d; i++) {
            double v = t->y[row * t->d + i];
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
    weir_tensor *y = weir_tensor_wrap(c, WEIR_F64, t->y, 2, (const int64_t[]){ t->n, t->d }, NULL, NULL, NULL);
    weir_tensor *p = weir_scale(weir_matmul(weir_transpose(y, 0, 1), y), 1.0 / (double)t->n);
    weir_copy_to_f64(p, out, t->d * t->d);
    weir_scope_end(s);
}

static int run(weir_ctx *c, const char *train_spec, const char *test_spec)
{
    weir_dataset *all = weir_dataset_open(c, train_spec), *train = weir_dataset_split(all, "train"), *valid = weir_dataset_split(all, "valid"), *held = weir_dataset_open(c, test_spec);
    table a = load(c, train), v = load(c, valid), t = load(c, held);
    if (!weir_ok(c)) return fprintf(stderr, "gaussian: %s\n", weir_message(c)), 1;
    int64_t d = a.d;
    double *mean = calloc((size_t)d, sizeof *mean), *cov = malloc((size_t)(d * d) * sizeof *cov), *l = malloc((size_t)(d * d) * sizeof *l), *best = malloc((size_t)(d * d) * sizeof *l);
    for (int64_t i = 0; i < a.n * d; i++) mean[i % d] += a.y[i] / (double)a.n;
    centre(&a, mean), centre(&v, mean), centre(&t, mean);
    covariance(c, &a, cov);
    double trace = 0, top = -INFINITY, ridge = 0, error;
    for (int64_t i = 0; i < d; i++) trace += cov[i * d + i];
    for (double r = 1e-6; r < 0.5; r *= sqrt(10)) {
        for (int64_t i = 0; i < d * d; i++) l[i] = cov[i] + (i / d == i % d ? r * trace / (double)d : 0);
        if (!cholesky(l, d)) continue;
        double s = score(&v, l, v.n < 2000 ? v.n : 2000, &error);
        if (s > top) {
            top = s, ridge = r;
            double *swap = best;
            best = l, l = swap;
        }
    }
    double unit = score(&t, best, t.n, &error), stored = unit - (t.levels > 0 ? (double)d * log((double)t.levels) : 0);
    printf("{\"model\": \"gaussian\", \"ridge\": %.3g, \"n\": %lld, \"dim\": %lld, \"nats\": %.4f, \"nats_stderr\": %.4f, \"nats_unit_range\": %.4f, \"bits_per_dim\": %.5f}\n", ridge,
           (long long)t.n, (long long)d, stored, error, unit, -stored / ((double)d * log(2)));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: weir-gaussian TRAIN-SPEC TEST-SPEC\n"), 2;
    weir_ctx *c = weir_open(1);
    int code = run(c, argv[1], argv[2]);
    weir_close(c);
    return code;
}
