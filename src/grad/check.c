/* check.c - gradients against central differences, in f64, to second order. Uses nothing but
 * weir_grad and the caller's function. */
#include <math.h>
#include <string.h>
#include "grad/grad.h"

typedef struct check {
    weir_ctx *c;
    weir_tensor *(*fn)(void *, weir_tensor **);
    void *user;
    int n;
    weir_tensor **x;      /* f64 leaves of our own, or integer inputs as given */
    uint64_t key;
    const weir_gradcheck_opts *o;
} check;

void weir_gradcheck_defaults_sized(weir_gradcheck_opts *o, size_t size)
{
    const weir_gradcheck_opts whole = {
        .size = sizeof whole, .step = 1e-5, .tolerance = 1e-6, .order = 2
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* A fixed random direction shaped like t. */
static weir_tensor *direction(check *k, const weir_tensor *t, uint64_t which)
{
    weir_tensor *d = weir_empty(k->c, WEIR_F64, t->ndim, t->shape);
    if (d->object.nil) return d;
    double *p = weir__ptr(d);
    for (int64_t i = 0; i < d->numel; i++) p[i] = 2 * weir__uniform(k->key, which, (uint64_t)i) - 1;
    return d;
}

static double check_dot(const weir_tensor *a, const weir_tensor *b)
{
    double sum = 0;
    int64_t index[WEIR_RANK_MAX] = { 0 };
    for (int64_t i = 0; i < a->numel; i++) {
        sum += weir__element(a, index) * weir__element(b, index);
        for (int d = a->ndim - 1; d >= 0 && ++index[d] == a->shape[d]; d--) index[d] = 0;
    }
    return sum;
}

static double value(check *k)
{
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_tensor *y = k->fn(k->user, k->x);
    double v = weir_is_nil(y) ? NAN : check_dot(y, direction(k, y, 0));
    weir_scope_end(s);
    return v;
}

/* Gradients of value() by weir_grad; g[i] nil for inputs without. */
static bool gradients(check *k, bool create, weir_tensor **g)
{
    weir_tensor *y = k->fn(k->user, k->x);
    if (weir_is_nil(y)) return false;
    weir_tensor *d = direction(k, y, 0), *want[16], *got[16];
    int at[16], m = 0;
    for (int i = 0; i < k->n; i++) {
        g[i] = weir__nil(k->c, WEIR__TENSOR);
        if (k->x[i]->requires_grad) {
            want[m] = k->x[i];
            at[m++] = i;
        }
    }
    if (!y->requires_grad) return true;
    weir_grad(1, &y, m, want, &d, create, false, got);
    for (int j = 0; j < m; j++) g[at[j]] = got[j];
    return weir_ok(k->c);
}

/* sum_i gradient_i . direction_i */
static double slope(check *k)
{
    weir_tensor *g[16];
    weir_scope s = weir_scope_begin(k->c);
    double sum = 0;
    if (gradients(k, false, g))
        for (int i = 0; i < k->n; i++)
            if (!weir_is_nil(g[i])) sum += check_dot(g[i], direction(k, g[i], 1 + (uint64_t)i));
    weir_scope_end(s);
    return weir_ok(k->c) ? sum : NAN;
}

static double *check_element(weir_tensor *t, int64_t i) { return (double *)weir__ptr(t) + i; }

/* Compares d f / d x (probed at up to max_elements places) with `analytic`. */
static void check_compare(check *k, const char *what, double (*f)(check *), weir_tensor **analytic)
{
    for (int i = 0; i < k->n && weir_ok(k->c); i++) {
        weir_tensor *x = k->x[i];
        if (!x->requires_grad) continue;
        int64_t probes = k->o->max_elements > 0 && k->o->max_elements < x->numel
                             ? k->o->max_elements
                             : x->numel;
        for (int64_t p = 0; p < probes && weir_ok(k->c); p++) {
            int64_t at = p * x->numel / probes;
            double *e = check_element(x, at), old = *e, h = k->o->step * (1 + fabs(old));
            *e = old + h;
            double up = f(k);
            *e = old - h;
            double down = f(k);
            *e = old;
            int64_t index[WEIR_RANK_MAX], rest = at;
            for (int d = x->ndim - 1; d >= 0; d--) {
                index[d] = rest % x->shape[d];
                rest /= x->shape[d];
            }
            double numeric = (up - down) / (2 * h);
            double exact = weir_is_nil(analytic[i]) ? 0 : weir__element(analytic[i], index);
            if (!(fabs(exact - numeric) <= k->o->tolerance * (1 + fabs(numeric))))
                weir_fail(k->c, WEIR_ERROR_VALUE,
                          "gradcheck: %s, input %d, element %lld: gradient %.9g: expected %.9g",
                          what, i, (long long)at, exact, numeric);
        }
    }
}

static void second_order(check *k)
{
    weir_tensor *g[16], *gg[16], *outs[16], *dirs[16], *want[16], *got[16];
    int at[16], n_out = 0, m = 0;
    if (!gradients(k, true, g)) return;
    for (int i = 0; i < k->n; i++) {
        gg[i] = weir__nil(k->c, WEIR__TENSOR);
        if (!weir_is_nil(g[i]) && g[i]->requires_grad) {
            outs[n_out] = g[i];
            dirs[n_out++] = direction(k, g[i], 1 + (uint64_t)i);
        }
        if (k->x[i]->requires_grad) {
            want[m] = k->x[i];
            at[m++] = i;
        }
    }
    if (n_out > 0) {
        weir_grad(n_out, outs, m, want, dirs, false, false, got);
        for (int j = 0; j < m; j++) gg[at[j]] = got[j];
    }
    check_compare(k, "second order", slope, gg);
}

weir_status weir_gradcheck(weir_ctx *c, weir_tensor *(*fn)(void *, weir_tensor **), void *user,
                           int n, weir_tensor **inputs, const weir_gradcheck_opts *options)
{
    WEIR__AS_FOUND;
    weir_gradcheck_opts own = weir_gradcheck_defaults();
    if (!weir_ok(c)) return weir_status_of(c);
    if (!inputs && n > 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "gradcheck: NULL: expected inputs");
    if (!fn || n < 0 || n > 16)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "gradcheck: %d inputs: expected a function and at most 16", n);
    if (!weir__sized_read(c, "gradcheck: options", "them from weir_gradcheck_defaults", options,
                          &own, sizeof own))
        return weir_status_of(c);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x[16], *g[16];
    check k = { .c = c, .fn = fn, .user = user, .n = n, .x = x, .key = 0x5EED, .o = &own };
    for (int i = 0; i < n && weir_ok(c); i++) {
        x[i] = inputs[i];
        if (!weir__reaches(c, inputs[i], "gradcheck", "an input")) break;
        if (weir_is_nil(inputs[i]) || !weir_dtype_is_real(inputs[i]->dtype)) continue;
        x[i] = weir_empty(c, WEIR_F64, inputs[i]->ndim, inputs[i]->shape);
        if (!x[i]->object.nil) weir_copy_to_f64(inputs[i], weir__ptr(x[i]), x[i]->numel);
        weir_set_requires_grad(x[i], true);
    }
    if (weir_ok(c) && gradients(&k, false, g)) check_compare(&k, "first order", value, g);
    if (weir_ok(c) && k.o->order >= 2) second_order(&k);
    weir_scope_end(s);
    return weir_status_of(c);
}
