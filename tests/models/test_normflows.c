/* The same weights in other people's code: Glow of normflows (tests/flow/fixtures/make_peers.py), weights renamed and rearranged here. */
#include "models/models.h"
#include "test.h"

#define FIXTURE WEIR_TESTS_DIR "/flow/fixtures/normflows_glow"

static void load(weir_ctx *c, const char *path, weir__weights *w)
{
    if (weir__safetensors_load(c, path, w) != WEIR_OK) fail_msg("%s", weir_message(c));
}

/* The values, in double, of a tensor of n elements. */
static const double *values_of(const weir__weights *w, const char *name, int64_t n)
{
    const weir__weight *t = weir__weights_find(w, name);
    if (!t || t->dtype != WEIR_F64 || t->bytes != (size_t)n * 8) fail_msg("%s: not there, or of another size", name);
    double *copy = malloc((size_t)n * 8);
    memcpy(copy, t->data, (size_t)n * 8);
    return copy;
}

static void put(weir_module *m, const char *name, const double *values)
{
    weir_tensor *t = weir_module_state_find(m, name);
    if (weir_is_nil(t)) fail_msg("%s: not there", name);
    weir__convert(weir_dtype_of(t), weir__ptr(t), WEIR_F64, values, weir_numel(t));
}

/* One of their blocks goes (coupling, convolution, actnorm) from noise to data; ours (actnorm, convolution, coupling) from data. */
typedef struct block { const weir__weights *w; weir_module *scale; int level, index, step; int64_t channels; } block;

static const double *theirs(const block *b, const char *name, int64_t n)
{
    char full[160];
    snprintf(full, sizeof full, "flows.%d.%d.flows.%s", b->level, b->index, name);
    return values_of(b->w, full, n);
}

static void ours(const block *b, int part, const char *name, const double *values)
{
    char full[96];
    snprintf(full, sizeof full, "%d.%s", 1 + 3 * b->step + part, name); /* 0 is the squeeze */
    put(b->scale, full, values);
}

/* Theirs is y = (x - t) exp(-s). */
static void take_actnorm(const block *b)
{
    int64_t c = b->channels;
    double *s = (double *)theirs(b, "2.s", c), *t = (double *)theirs(b, "2.t", c);
    for (int64_t i = 0; i < c; i++) {
        s[i] = -s[i];
        t[i] = -t[i];
    }
    ours(b, 0, "log_scale", s);
    ours(b, 0, "bias", t);
    free(s);
    free(t);
}

/* W = P L (U + diag(sign exp(s))), all of them matrices of their own. */
static void take_conv1x1(const block *b)
{
    int64_t c = b->channels;
    double *w = (double *)theirs(b, "1.L", c * c), order[32];
    const double *u = theirs(b, "1.U", c * c), *s = theirs(b, "1.log_S", c), *p = theirs(b, "1.P", c * c);
    const double *sign = theirs(b, "1.sign_S", c);
    for (int64_t i = 0; i < c; i++)
        for (int64_t j = 0; j < c; j++) {
            if (p[i * c + j] == 1) order[i] = (double)j;
            if (j > i) w[i * c + j] = u[i * c + j];
            if (j == i) w[i * c + j] = s[i];
        }
    ours(b, 1, "weight", w);
    ours(b, 1, "order", order);
    ours(b, 1, "sign", sign);
    free(w);
    free((void *)u);
    free((void *)s);
    free((void *)p);
    free((void *)sign);
}

/* Even channels of their network are shifts that are taken off, odd ones scales; ours are all scales, then shifts that are added. */
static const double *rearranged(const double *from, int64_t channels, int64_t each)
{
    double *to = malloc((size_t)(channels * each) * sizeof *to);
    for (int64_t k = 0; k < channels; k++) {
        bool shift = k % 2 == 0;
        int64_t at = shift ? channels / 2 + k / 2 : k / 2;
        for (int64_t i = 0; i < each; i++) to[at * each + i] = shift ? -from[k * each + i] : from[k * each + i];
    }
    free((void *)from);
    return to;
}

static void take_coupling(const block *b)
{
    enum { WIDTH = 8 };
    int64_t half = b->channels / 2, in[] = { half * 9, WIDTH, WIDTH * 9 }, out[] = { WIDTH, WIDTH, 2 * half };
    for (int i = 0; i < 3; i++) {
        char name[64], own[64];
        snprintf(name, sizeof name, "0.flows.1.param_map.net.%d.weight", 2 * i);
        const double *weight = theirs(b, name, in[i] * out[i]);
        snprintf(name, sizeof name, "0.flows.1.param_map.net.%d.bias", 2 * i);
        const double *bias = theirs(b, name, out[i]);
        if (i == 2) {
            weight = rearranged(weight, out[i], in[i]);
            bias = rearranged(bias, out[i], 1);
        }
        snprintf(own, sizeof own, "net.conv%d.weight", i + 1);
        ours(b, 2, own, weight);
        snprintf(own, sizeof own, "net.conv%d.bias", i + 1);
        ours(b, 2, own, bias);
        free((void *)weight);
        free((void *)bias);
    }
}

static weir_model *taken_over(weir_ctx *c, const weir__weights *w)
{
    weir_model *m = weir_model_new(c, "glow", "shape=3,8,8 scales=2 depth=2 base=normal dtype=f64 coupling.first=shift net.width=8 net.norm=none net.edge=no");
    assert_ok(c);
    assert_int_equal(weir_module_seal(weir_model_module(m)), WEIR_OK);
    weir_module *scale = weir_module_child_at(weir_model_bijection(m), 0);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 2; i++) {
            const block b = { w, scale, 1 - k, 1 - i, i, k == 0 ? 12 : 24 };
            take_actnorm(&b);
            take_conv1x1(&b);
            take_coupling(&b);
        }
        if (k == 0) scale = weir_module_child(weir_module_child(scale, "7"), "rest");
    }
    weir_module_train(weir_model_module(m), false);
    return m;
}

static void near_all(const char *what, const double *a, const double *b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-9 * (1 + fabs(b[i])))) fail_msg("%s %lld: %.17g: expected %.17g", what, (long long)i, a[i], b[i]);
}

static void test_glow(void **state)
{
    enum { N = 4, DIM = 192 };
    weir_ctx *c = *state;
    weir__weights w, ref;
    load(c, FIXTURE ".safetensors", &w);
    load(c, FIXTURE "_ref.safetensors", &ref);
    weir_model *m = taken_over(c, &w);
    const double *x = values_of(&ref, "x", N * DIM), *lp = values_of(&ref, "log_prob", N), *z = values_of(&ref, "z", N * DIM);
    const double *grad = values_of(&ref, "grad", N * DIM), *noise = values_of(&ref, "noise", N * DIM), *sample = values_of(&ref, "sample", N * DIM);
    double out[N * DIM], log_p[N];
    assert_int_equal(weir_model_log_prob_into_f64(m, x, N, NULL, log_p, NULL), WEIR_OK);
    near_all("log p", log_p, lp, N);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *t = weir_set_requires_grad(weir_from_f64(c, x, 4, SHAPE(N, 3, 8, 8)), true), *g;
    weir_tensor *latent = weir_bijection_forward(weir_model_bijection(m), t, NULL, NULL);
    weir_copy_to_f64(latent, out, N * DIM);
    near_all("z", out, z, N * DIM);
    weir_tensor *sum = weir_sum(weir_model_log_prob(m, weir_batch_wrap(c, t, NULL, NULL, NULL), NULL, NULL));
    weir_grad(1, &sum, 1, &t, NULL, false, false, &g);
    weir_copy_to_f64(g, out, N * DIM);
    near_all("gradient", out, grad, N * DIM);
    weir_scope_end(s);
    weir_sample_opts o = weir_sample_defaults();
    o.noise_f64 = noise;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, out), WEIR_OK);
    near_all("sample", out, sample, N * DIM);
    const double *all[] = { x, lp, z, grad, noise, sample };
    for (int i = 0; i < 6; i++) free((void *)all[i]);
    weir_model_free(m);
    weir__weights_free(c, &w);
    weir__weights_free(c, &ref);
}

int main(void)
{
    CASES(CASE(test_glow));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
