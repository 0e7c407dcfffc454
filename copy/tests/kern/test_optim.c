/* test_optim.c - optimizer passes against plain loops in double, several steps long. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

enum { N = 103, STEPS = 5 };

static void close_to(weir__real t, const void *x, const double *e)
{
    double eps = t == WEIR__F32 ? 2e-6 : 1e-14;
    for (int i = 0; i < N; i++)
        if (!(fabs(get(t, x, i) - e[i]) <= eps * (1 + fabs(e[i])))) fail_msg("element %d: %.9g, expected %.9g", i, get(t, x, i), e[i]);
}

static void start(weir__real t, void **p, double *e, void **state, double *s)
{
    *p = noise(t, N, 1), *state = room(8 * N);
    for (int i = 0; i < N; i++) e[i] = get(t, *p, i), put(t, *state, i, s[i] = 0);
}

static void test_adam(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int decoupled = 0; decoupled < 2; decoupled++)
    {
        double e[N], em[N], ev[N];
        void *p, *m, *v;
        start(t, &p, e, &m, em);
        free(p);
        start(t, &p, e, &v, ev);
        for (int step = 1; step <= STEPS; step++) {
            weir__adam o = { 0.01, 0.9, 0.999, 1e-8, 0.1, 1 - pow(0.9, step), 1 - pow(0.999, step), decoupled, 0.5 };
            void *g = noise(t, N, (uint64_t)step + 50);
            k->adam[t](N, p, g, m, v, &o);
            for (int i = 0; i < N; i++) {
                double d = get(t, g, i) * o.g_scale;
                if (decoupled) e[i] *= 1 - o.lr * o.weight_decay;
                else d += o.weight_decay * e[i];
                em[i] = o.beta1 * em[i] + (1 - o.beta1) * d;
                ev[i] = o.beta2 * ev[i] + (1 - o.beta2) * d * d;
                e[i] -= o.lr / o.decay1 * em[i] / (sqrt(ev[i]) / sqrt(o.decay2) + o.eps);
            }
            free(g);
        }
        close_to(t, p, e), close_to(t, m, em), close_to(t, v, ev);
        free(p), free(m), free(v);
    }
}

/* Nothing to do is nothing done, however small eps is; and a step so late that its corrections are 1 */
static void test_adam_edges(void **state)
{
    (void)state;
    static const double small[] = { 1e-8, 1e-40, 1e-44, 2e-45 };
    EACH_KERN(k) EACH_REAL(t)
    {
        for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
            double p[1], g[1], m[1], v[1];
            put(t, p, 0, 0.75), put(t, g, 0, 0), put(t, m, 0, 0), put(t, v, 0, 0);
            weir__adam o = { 0.01, 0.9, 0.999, small[i], 0, 0.1, 1 - 0.999, false, 1 };
            k->adam[t](1, p, g, m, v, &o);
            if (get(t, p, 0) != 0.75) fail_msg("%s f%d eps %g: %g, expected 0.75", k->name, t ? 64 : 32, small[i], get(t, p, 0));
        }
        double p[1], g[1], m[1], v[1];
        put(t, p, 0, 0.75), put(t, g, 0, 0.5), put(t, m, 0, -0.25), put(t, v, 0, 0.125);
        weir__adam late = { 0.01, 0.9, 0.999, 1e-8, 0, 1, 1, false, 1 };
        k->adam[t](1, p, g, m, v, &late);
        double mean = 0.9 * -0.25 + 0.1 * 0.5, square = 0.999 * 0.125 + 0.001 * 0.25, e[1] = { 0.75 - 0.01 * mean / (sqrt(square) + 1e-8) };
        assert_true(fabs(get(t, p, 0) - e[0]) <= (t == WEIR__F32 ? 1e-7 : 1e-15));
    }
}

static void test_sgd(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int variant = 0; variant < 4; variant++)
    {
        double e[N], eb[N];
        void *p, *b;
        start(t, &p, e, &b, eb);
        for (int i = 0; i < N; i++) put(t, b, i, NAN); /* the first step must not read it */
        for (int step = 0; step < STEPS; step++) {
            weir__sgd o = { .lr = 0.1, .momentum = variant ? 0.9 : 0, .dampening = variant == 2 ? 0.3 : 0, .weight_decay = 0.05, .g_scale = 2,
                            .nesterov = variant == 3, .first = step == 0 };
            void *g = noise(t, N, (uint64_t)step + 50);
            k->sgd[t](N, p, g, variant ? b : NULL, &o);
            for (int i = 0; i < N; i++) {
                double d = get(t, g, i) * o.g_scale + o.weight_decay * e[i];
                eb[i] = step == 0 ? d : o.momentum * eb[i] + (1 - o.dampening) * d;
                e[i] -= o.lr * (variant == 0 ? d : o.nesterov ? d + o.momentum * eb[i] : eb[i]);
            }
            free(g);
        }
        close_to(t, p, e);
        if (variant) close_to(t, b, eb);
        free(p), free(b);
    }
}

static void test_rmsprop(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (int variant = 0; variant < 4; variant++)
    {
        double e[N], es[N], eb[N];
        void *p, *s, *b;
        start(t, &p, e, &s, es);
        free(p);
        start(t, &p, e, &b, eb);
        for (int step = 0; step < STEPS; step++) {
            weir__rmsprop o = { 0.01, 0.95, 1e-3, variant & 1 ? 0.2 : 0, variant & 2 ? 0.7 : 0, 0.05, 1.5 };
            void *g = noise(t, N, (uint64_t)step + 50);
            k->rmsprop[t](N, p, g, s, variant & 2 ? b : NULL, &o);
            for (int i = 0; i < N; i++) {
                double d = get(t, g, i) * o.g_scale + o.weight_decay * e[i];
                es[i] = o.alpha * es[i] + (1 - o.alpha) * d * d;
                double root = o.floor > 0 ? fmax(sqrt(es[i]), o.floor) : sqrt(es[i]) + o.eps;
                eb[i] = o.momentum * eb[i] + d / root;
                e[i] -= o.lr * eb[i];
            }
            free(g);
        }
        close_to(t, p, e), close_to(t, s, es);
        free(p), free(s), free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_adam), cmocka_unit_test(test_adam_edges), cmocka_unit_test(test_sgd), cmocka_unit_test(test_rmsprop) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
