/* Optimizers against plain loops and against PyTorch; the all-or-nothing step; clipping, averages, schedules. */
#include "test.h"
#include "nn/fixtures/torch.h"
#include "nn/nn.h"
#include "optim/optim.h"

static weir_module *perceptron(weir_ctx *c)
{
    weir_module *net = weir_module_new(c, "mlp", "in=3 out=2 hidden=4 activation=tanh");
    const float *values = torch_start;
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL);
        memcpy(weir_data_mut(t), values, (size_t)weir_numel(t) * sizeof *values);
        values += weir_numel(t);
    }
    return net;
}

static void backward(weir_ctx *c, weir_module *net)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_module_forward(net, weir_from_f32(c, torch_x, 2, SHAPE(6, 3)));
    weir_backward(weir_mean(weir_square(weir_sub(y, weir_from_f32(c, torch_y, 2, SHAPE(6, 2))))));
    weir_scope_end(s);
    assert_ok(c);
}

/* f32: half a millionth a step. Where a gradient is almost 0, Adam and RMSProp divide rounding by rounding, and such errors add up. */
static void compare(weir_module *net, const float *expected, bool gradients, const char *what, int step)
{
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL);
        const float *v = weir_data(gradients ? weir_grad_of(t) : t);
        for (int64_t j = 0; j < weir_numel(t); j++, expected++)
            if (!(fabsf(v[j] - *expected) <= 5e-7f * (float)(1 + step))) fail_msg("%s, step %d, parameter %d element %d: %.9g, PyTorch has %.9g", what, step, (int)i, (int)j, v[j], *expected);
    }
}

static void follow(weir_ctx *c, const struct torch_case *t)
{
    weir_module *net = perceptron(c);
    weir_optim *o = weir_optim_new(net, t->optimizer, t->options);
    for (int step = 1, kept = 0; kept < TORCH_KEPT; step++) {
        weir_optim_zero_grad(o);
        backward(c, net);
        if (step == torch_steps[TORCH_KEPT - 1]) compare(net, t->last_gradient, true, t->options, step);
        assert_int_equal(weir_optim_step(o), WEIR_OK);
        if (step == torch_steps[kept]) compare(net, t->kept[kept++], false, t->options, step);
    }
    weir_optim_free(o);
    weir_module_free(net);
}

static void test_pytorch_trajectories(void **state)
{
    (void)state;
    weir_open_opts opts = weir_open_defaults();
    for (opts.isa = WEIR_ISA_C; opts.isa <= WEIR_ISA_AVX512; opts.isa++) {
        weir_ctx *c = weir_open_with(&opts);
        for (int k = 0; k < TORCH_CASES && weir_ok(c); k++) follow(c, &torch_cases[k]); /* a machine without these kernels: none */
        weir_close(c);
    }
}

/* -- plain loops in double, one parameter at a time --------------------------------------------------------------------------- */
typedef struct plain { double p, g, a, b; } plain;

static void plain_adam(plain *x, int t, double lr, double b1, double b2, double eps, double wd, bool decoupled)
{
    double g = x->g;
    if (decoupled) x->p -= lr * wd * x->p;
    else g += wd * x->p;
    x->a = b1 * x->a + (1 - b1) * g;
    x->b = b2 * x->b + (1 - b2) * g * g;
    x->p -= lr / (1 - pow(b1, t)) * x->a / (sqrt(x->b) / sqrt(1 - pow(b2, t)) + eps);
}
static void adam(plain *x, int t) { plain_adam(x, t, 0.02, 0.8, 0.95, 1e-4, 0.1, false); }
static void adamw(plain *x, int t) { plain_adam(x, t, 0.02, 0.9, 0.999, 1e-8, 0.3, true); }
static void sgd(plain *x, int t)
{
    double g = x->g + 0.01 * x->p;
    x->a = t == 1 ? g : 0.9 * x->a + 0.5 * g;
    x->p -= 0.05 * x->a;
}
static void nesterov(plain *x, int t)
{
    x->a = t == 1 ? x->g : 0.9 * x->a + x->g;
    x->p -= 0.05 * (x->g + 0.9 * x->a);
}
static void rmsprop(plain *x, int t)
{
    (void)t;
    double g = x->g + 0.01 * x->p;
    x->a = 0.9 * x->a + 0.1 * g * g;
    x->b = 0.5 * x->b + g / (sqrt(x->a) + 1e-8);
    x->p -= 0.01 * x->b;
}
static void nice(plain *x, int t) /* the authors': no momentum in the first 5 updates, root not below the floor */
{
    x->a = 0.95 * x->a + 0.05 * x->g * x->g;
    double step = x->g / fmax(sqrt(x->a), 0.3);
    x->b = t > 5 ? 0.5 * x->b + step : 0;
    x->p -= 0.01 * (t > 5 ? x->b : step);
}

static const struct { const char *name, *options; void (*step)(plain *x, int t); } plain_cases[] = {
    { "adam", "lr=0.02 beta1=0.8 beta2=0.95 eps=1e-4 weight_decay=0.1", adam }, { "adamw", "lr=0.02 weight_decay=0.3", adamw },
    { "sgd", "lr=0.05 momentum=0.9 dampening=0.5 weight_decay=0.01", sgd },     { "sgd", "lr=0.05 momentum=0.9 nesterov=yes", nesterov },
    { "rmsprop", "lr=0.01 alpha=0.9 momentum=0.5 weight_decay=0.01", rmsprop }, { "rmsprop", "lr=0.01 alpha=0.95 floor=0.3 momentum=0.5 momentum_from=5", nice },
};

static void set_gradient(weir_ctx *c, weir_module *m, const plain *x, int64_t n)
{
    double g[64];
    for (int64_t i = 0; i < n; i++) g[i] = x[i].g;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *w = weir_module_state_find(m, "log_scale");
    weir_backward(weir_sum(weir_mul(w, weir_from_f64(c, g, 1, &n))));
    weir_scope_end(s);
}

static void test_plain_loops(void **state)
{
    weir_ctx *c = *state;
    enum { N = 37 };
    for (size_t k = 0; k < sizeof plain_cases / sizeof *plain_cases; k++) {
        weir_module *m = weir_module_new(c, "scale", "dim=37 start=0.4 dtype=f64");
        weir_optim *o = weir_optim_new(m, plain_cases[k].name, plain_cases[k].options);
        plain x[N];
        for (int i = 0; i < N; i++) x[i] = (plain){ .p = 0.4 };
        for (int t = 1; t <= 20; t++) {
            for (int i = 0; i < N; i++) x[i].g = sin(3.0 * i + t) * (i % 5), plain_cases[k].step(&x[i], t);
            set_gradient(c, m, x, N);
            assert_int_equal(weir_optim_step(o), WEIR_OK);
            weir_optim_zero_grad(o);
        }
        assert_int_equal(weir_optim_steps(o), 20);
        const double *p = weir_data(weir_module_state_find(m, "log_scale"));
        for (int i = 0; i < N; i++) assert_near(p[i], x[i].p, 1e-12);
        weir_optim_free(o);
        weir_module_free(m);
    }
}

/* -- the step ------------------------------------------------------------------------------------------------------------------- */
static void test_all_or_nothing(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c);
    weir_optim *o = weir_optim_new(net, "adam", "");
    float before[26 + 64];
    void *flat;
    int64_t n = weir_module_flat(net, NULL, &flat);
    memcpy(before, flat, (size_t)n * sizeof *before);
    backward(c, net);
    ((float *)weir_data_mut(weir_grad_of(weir_module_state_find(net, "2.bias"))))[1] = NAN;
    assert_int_equal(weir_optim_step(o), WEIR_ERROR_VALUE);
    assert_fails(c, WEIR_ERROR_VALUE, "gradient of 2.bias");
    assert_memory_equal(before, flat, (size_t)n * sizeof *before);
    assert_int_equal(weir_optim_steps(o), 0);
    ((float *)weir_data_mut(weir_grad_of(weir_module_state_find(net, "2.bias"))))[1] = 0;
    weir_fail(c, WEIR_ERROR_IO, "something else");
    assert_int_equal(weir_optim_step(o), WEIR_ERROR_IO);
    weir_clear(c);
    assert_memory_equal(before, flat, (size_t)n * sizeof *before);
    assert_int_equal(weir_optim_step(o), WEIR_OK);
    assert_true(memcmp(before, flat, (size_t)n * sizeof *before) != 0);
    weir_optim_free(o);
    weir_module_free(net);
}

static void test_parameters_without_gradient_are_skipped(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c);
    weir_module_freeze(weir_module_child_at(net, 2), true);
    weir_optim *o = weir_optim_new(net, "adamw", "lr=0.1 weight_decay=0.5");
    float last[8];
    memcpy(last, weir_data(weir_module_state_find(net, "2.weight")), sizeof last);
    backward(c, net);
    assert_int_equal(weir_optim_step(o), WEIR_OK);
    assert_memory_equal(last, weir_data(weir_module_state_find(net, "2.weight")), sizeof last);
    assert_true(((const float *)weir_data(weir_module_state_find(net, "0.weight")))[0] != torch_start[0]);
    weir_optim_free(o);
    o = weir_optim_new(weir_module_child_at(net, 2), "sgd", "lr=0.1"); /* of a part: the rest stays */
    weir_module_freeze(net, false);
    weir_module_zero_grad(net);
    float first = ((const float *)weir_data(weir_module_state_find(net, "0.weight")))[0];
    backward(c, net);
    assert_int_equal(weir_optim_step(o), WEIR_OK);
    assert_true(((const float *)weir_data(weir_module_state_find(net, "0.weight")))[0] == first);
    assert_true(memcmp(last, weir_data(weir_module_state_find(net, "2.weight")), sizeof last) != 0);
    weir_optim_free(o);
    weir_module_free(net);
}

static void test_padding_stays_zero(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c);
    weir_optim *o = weir_optim_new(net, "adam", "lr=0.1");
    float *flat, *moment;
    int64_t n;
    weir_module_flat(net, NULL, (void **)&flat);
    memset(weir__module_layout(net)->grads->data, 0x41, weir__module_layout(net)->grads->bytes); /* as memory comes */
    for (int i = 0; i < 3; i++) backward(c, net), weir_optim_step(o), weir_optim_zero_grad(o);
    const char *name;
    moment = weir_optim_state_at(o, 0, &name, &n);
    assert_string_equal(name, "exp_avg");
    assert_int_equal(n, 64);
    for (int i = 12; i < 16; i++) assert_true(flat[i] == 0 && moment[i] == 0);
    weir_optim_free(o);
    weir_module_free(net);
}

static void test_clip(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c), *other = perceptron(c);
    weir_optim *o = weir_optim_new(net, "sgd", "lr=1"), *free_ = weir_optim_new(other, "sgd", "lr=1");
    backward(c, net);
    backward(c, other);
    double squares = 0;
    for (int i = 0; i < 26; i++) squares += (double)torch_gradient[i] * torch_gradient[i];
    assert_near(weir_optim_clip(o, 0.1), sqrt(squares), 1e-6);
    assert_near(weir_optim_clip(free_, 1e9), sqrt(squares), 1e-6);
    weir_optim_step(o);
    weir_optim_step(free_);
    for (int64_t i = 0, at = 0; i < 4; i++) {
        weir_tensor *p = weir_module_state_at(net, i, NULL, NULL), *q = weir_module_state_at(other, i, NULL, NULL);
        for (int64_t j = 0; j < weir_numel(p); j++, at++) {
            assert_near(((const float *)weir_data(p))[j], torch_start[at] - torch_gradient[at] * 0.1 / sqrt(squares), 1e-6);
            assert_near(((const float *)weir_data(q))[j], torch_start[at] - torch_gradient[at], 1e-6);
        }
    }
    weir_optim_clip(o, 0);
    assert_fails(c, WEIR_ERROR_RANGE, "above 0");
    weir_optim_free(o);
    weir_optim_free(free_);
    weir_module_free(net);
    weir_module_free(other);
}

static void train_big(weir_ctx *c, float *out, double *norm)
{
    weir_module *net = weir_module_new(c, "mlp", "in=100 out=100 hidden=300");
    weir_optim *o = weir_optim_new(net, "adam", "lr=0.01");
    for (int i = 0; i < 2; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_backward(weir_mean(weir_square(weir_module_forward(net, weir_ones(c, WEIR_F32, 2, SHAPE(8, 100))))));
        *norm = weir_optim_clip(o, 1e-3);
        weir_optim_step(o);
        weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    assert_ok(c);
    memcpy(out, weir_data(weir_module_state_find(net, "0.weight")), 30000 * sizeof *out);
    weir_optim_free(o);
    weir_module_free(net);
}

static void test_threads_change_no_bit(void **state)
{
    (void)state;
    static float one[30000], two[30000];
    double norm[2];
    weir_open_opts o = weir_open_defaults();
    for (int t = 1; t <= 2; t++) {
        o.threads = t;
        weir_ctx *c = weir_open_with(&o);
        train_big(c, t == 1 ? one : two, &norm[t - 1]);
        weir_close(c);
    }
    assert_memory_equal(one, two, sizeof one);
    assert_true(norm[0] == norm[1]);
}

/* More parameters than are updated at once: the gradient of the sum of squares is 2 w, a quarter of it taken off leaves w / 2, each once. */
static void test_large_modules_are_updated_whole(void **state)
{
    (void)state;
    enum { IN = 1500, OUT = 2100 };
    float *before = malloc(sizeof *before * IN * OUT);
    assert_non_null(before);
    weir_open_opts o = weir_open_defaults();
    for (o.threads = 1; o.threads <= 2; o.threads++) {
        weir_ctx *c = weir_open_with(&o);
        weir_module *net = weir_module_new(c, "linear", "in=1500 out=2100");
        weir_optim *sgd = weir_optim_new(net, "sgd", "lr=0.25");
        weir_tensor *w = weir_module_state_find(net, "weight");
        memcpy(before, weir_data(w), sizeof *before * IN * OUT);
        weir_scope s = weir_scope_begin(c);
        weir_backward(weir_sum(weir_square(w)));
        weir_optim_step(sgd);
        weir_scope_end(s);
        assert_ok(c);
        const float *after = weir_data(w);
        for (int64_t i = 0; i < IN * OUT; i++)
            if (!(after[i] == before[i] / 2)) fail_msg("%d threads, element %ld: %.9g after %.9g", o.threads, (long)i, after[i], before[i]);
        weir_optim_free(sgd), weir_module_free(net), weir_close(c);
    }
    free(before);
}

/* -- averages and schedules -------------------------------------------------------------------------------------------------------- */
static void test_ema(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "scale", "dim=3 start=1 dtype=f64");
    weir_tensor *w = weir_module_state_find(m, "log_scale");
    weir_ema *e = weir_ema_new(m, 0.5);
    double average = 1;
    for (int n = 1; n <= 12; n++) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_fill_(w, n);
        weir_scope_end(s);
        weir_ema_update(e);
        double mu = fmin(0.5, (1.0 + n) / (10.0 + n));
        average = mu * average + (1 - mu) * n;
    }
    weir_ema_swap(e);
    assert_near(weir_get(w, SHAPE(1)), average, 1e-14);
    weir_ema_swap(e);
    assert_true(weir_get(w, SHAPE(1)) == 12);
    int64_t n, *updates;
    assert_near(((double *)weir_ema_state(e, &n, &updates))[2], average, 1e-14);
    assert_int_equal(n, 8);
    assert_int_equal(*updates, 12);
    weir_ema_free(e);
    assert_null(weir_ema_new(m, 1));
    assert_fails(c, WEIR_ERROR_RANGE, "decay 1");
    weir_module_free(m);
}

/* EDM's loop: the half-life in samples is at most a part of the samples before the update, none of
 * which the first forgets all by. */
static void test_ema_half_life(void **state)
{
    weir_ctx *c = *state;
    enum { BATCH = 32, UPDATES = 40 };
    static const struct {
        double half_life, ramp;
    } cases[] = { { 500, 0.05 }, { 40, 0.05 }, { 500, 0 }, { 5, 0 }, { 1e-9, 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_module *m = weir_module_new(c, "scale", "dim=3 start=1 dtype=f64");
        weir_tensor *w = weir_module_state_find(m, "log_scale");
        weir_ema *e = weir_ema_new_half_life(m, BATCH, cases[i].half_life, cases[i].ramp);
        double average = 1;
        for (int n = 0; n < UPDATES; n++) {
            weir_scope s = weir_scope_begin_no_grad(c);
            double h = cases[i].half_life, value = 3 + n % 7;
            if (cases[i].ramp > 0) h = fmin(h, n * BATCH * cases[i].ramp);
            weir_fill_(w, value);
            weir_scope_end(s);
            weir_ema_update(e);
            double beta = pow(0.5, BATCH / fmax(h, 1e-8));
            average = value + (average - value) * beta;
            assert_near(*(double *)weir_ema_state(e, NULL, NULL), average, 1e-14);
        }
        weir_ema_free(e);
        weir_module_free(m);
    }
}

/* After half_life samples of a constant an average of no ramp has come half of the way. */
static void test_ema_half_way(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "scale", "dim=3 start=1 dtype=f64");
    weir_ema *e = weir_ema_new_half_life(m, 25, 300, 0);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_fill_(weir_module_state_find(m, "log_scale"), 5);
    weir_scope_end(s);
    for (int n = 0; n < 12; n++) weir_ema_update(e);
    assert_near(*(double *)weir_ema_state(e, NULL, NULL), 3, 1e-14);
    weir_ema_free(e);
    static const struct {
        int64_t batch;
        double half_life, ramp;
    } bad[] = { { 0, 9, 0 },    { 9, 0, 0 },         { 9, -1, 0 }, { 9, NAN, 0 },
                { 9, 9, -0.1 }, { 9, INFINITY, 0.1 }, { 9, 9, NAN } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(weir_ema_new_half_life(m, bad[i].batch, bad[i].half_life, bad[i].ramp));
        assert_fails(c, WEIR_ERROR_RANGE, "ema_new_half_life: batch");
    }
    weir_module_free(m);
}

/* Buffers go with the average as they were at its last update, and are no average. */
static void test_ema_buffers(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "batch_norm", "channels=2");
    weir_tensor *mean = weir_module_state_find(m, "running_mean"), *seen = weir_module_state_find(m, "num_batches_tracked");
    weir_ema *e = weir_ema_new(m, 0.5);
    float at_update[2], now[2];
    for (int n = 1; n <= 4; n++) {
        weir_scope s = weir_scope_begin_no_grad(c);
        const float x[] = { (float)n, 2, 3, 4 };
        weir_module_forward(m, weir_from_f32(c, x, 2, SHAPE(2, 2)));
        weir_scope_end(s);
        if (n == 3) weir_ema_update(e);
        if (n == 3) memcpy(at_update, weir_data(mean), sizeof at_update);
    }
    memcpy(now, weir_data(mean), sizeof now);
    assert_memory_not_equal(now, at_update, sizeof now);
    weir_ema_swap(e);
    assert_memory_equal(weir_data(mean), at_update, sizeof now);
    assert_int_equal(*(const int64_t *)weir_data(seen), 3);
    weir_ema_swap(e);
    assert_memory_equal(weir_data(mean), now, sizeof now);
    assert_int_equal(*(const int64_t *)weir_data(seen), 4);
    weir_ema_free(e);
    weir_module_free(m);
}

static double rate(weir_ctx *c, const char *name, const char *options, double lr, int64_t step, int64_t horizon)
{
    const weir_schedule_row *row = (const weir_schedule_row *)weir_row_find(c, "schedule", name);
    char opts[256];
    assert_true(row && row->row.options_size <= sizeof opts);
    assert_int_equal(weir_options_defaults(c, &row->row, opts), WEIR_OK);
    assert_int_equal(weir_options_parse(c, &row->row, opts, options), WEIR_OK);
    return row->rate(opts, lr, step, horizon);
}

static void test_schedules(void **state)
{
    weir_ctx *c = *state;
    assert_true(rate(c, "constant", "", 0.3, 12345, 10) == 0.3);
    assert_near(rate(c, "constant", "warmup=10", 1, 0, 10), 0.1, 1e-15);
    assert_near(rate(c, "constant", "warmup=10", 1, 9, 10), 1, 1e-15);
    assert_near(rate(c, "cosine", "", 2, 0, 100), 2, 1e-15);
    assert_near(rate(c, "cosine", "", 2, 50, 100), 1, 1e-15);
    assert_near(rate(c, "cosine", "floor=0.1", 2, 100, 100), 0.2, 1e-15);
    assert_near(rate(c, "cosine", "floor=0.1", 2, 100000, 100), 0.2, 1e-15);
    assert_near(rate(c, "cosine", "floor=0.1", 2, 150, 100), 0.2, 1e-15);
    assert_near(rate(c, "cosine", "warmup=20", 2, 20, 100), 2, 1e-15);
    assert_near(rate(c, "cosine", "warmup=20", 2, 60, 100), 1, 1e-15);
    assert_near(rate(c, "cosine", "warmup=200", 2, 99, 100), 1, 1e-15);
    assert_near(rate(c, "nice", "", 1e-3, 0, 100), 1e-3, 1e-15);
    assert_near(rate(c, "nice", "", 1e-3, 100, 100), 1e-3 / pow(1.0005, 100), 1e-15);
    assert_near(rate(c, "nice", "", 1e-3, 1000000000, 100), 1e-4, 1e-15);
    assert_near(rate(c, "nice", "", 1e-5, 5, 100), 1e-5, 1e-15);
    for (int64_t i = 0; i < weir_row_count(c, "schedule"); i++) {
        const weir_row *row = weir_row_at(c, "schedule", i);
        assert_true(strncmp(row->name, "schedule.", 9) == 0 && row->doc && row->test);
        for (int64_t step = 0; step < 300; step++) {
            double r = rate(c, row->name, row->test, 1, step, 200);
            assert_true(r >= 0 && r <= 1);
        }
    }
}

/* -- rows, state, refusals ----------------------------------------------------------------------------------------------------------- */
static void test_every_row_descends(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "optimizer"); i++) {
        const weir_row *row = weir_row_at(c, "optimizer", i);
        assert_true(strncmp(row->name, "optimizer.", 10) == 0 && row->doc && row->test);
        weir_module *m = weir_module_new(c, "scale", "dim=5 start=1");
        weir_optim *o = weir_optim_new(m, row->name, row->test);
        assert_ptr_equal(weir_optim_row(o), row);
        for (int step = 0; step < 200; step++) {
            weir_scope s = weir_scope_begin(c);
            weir_backward(weir_sum(weir_square(weir_module_state_find(m, "log_scale"))));
            weir_optim_step(o);
            weir_optim_zero_grad(o);
            weir_scope_end(s);
        }
        assert_ok(c);
        assert_true(fabs(weir_get(weir_module_state_find(m, "log_scale"), SHAPE(0))) < 0.2);
        weir_optim_free(o);
        weir_module_free(m);
    }
}

static void test_state_resumes(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = perceptron(c), *b = perceptron(c);
    weir_optim *o = weir_optim_new(a, "adam", "lr=0.01"), *p = weir_optim_new(b, "adam", "lr=0.01");
    for (int i = 0; i < 5; i++) weir_optim_zero_grad(o), backward(c, a), weir_optim_step(o);
    void *from, *to;
    int64_t n = weir_module_flat(a, NULL, &from);
    weir_module_flat(b, NULL, &to);
    memcpy(to, from, (size_t)n * 4);
    for (int i = 0; i < weir_optim_state_count(o); i++) memcpy(weir_optim_state_at(p, i, NULL, NULL), weir_optim_state_at(o, i, NULL, NULL), (size_t)n * 4);
    weir_optim_set_steps(p, weir_optim_steps(o));
    weir_optim_zero_grad(o), backward(c, a), weir_optim_step(o);
    weir_optim_zero_grad(p), backward(c, b), weir_optim_step(p);
    assert_memory_equal(from, to, (size_t)n * 4);
    weir_optim_free(o), weir_optim_free(p);
    weir_module_free(a), weir_module_free(b);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_module *net = perceptron(c);
    weir_optim *o = weir_optim_new(net, "adma", "");
    assert_int_equal(weir_optim_step(o), WEIR_ERROR_NAME);
    assert_true(isnan(weir_optim_lr(o)));
    assert_fails(c, WEIR_ERROR_NAME, "perhaps adam");
    weir_optim_new(net, "adam", "lr=-1");
    assert_fails(c, WEIR_ERROR_RANGE, "lr=-1");
    weir_optim_new(net, "sgd", "beta1=0.5");
    assert_fails(c, WEIR_ERROR_NAME, "unknown option beta1");
    o = weir_optim_new(net, "sgd", "");
    weir_optim_set_lr(o, NAN);
    assert_fails(c, WEIR_ERROR_RANGE, "finite");
    weir_optim_set_lr(o, 0.5);
    assert_true(weir_optim_lr(o) == 0.5);
    weir_optim_free(o);
    weir_module_free(net);
    weir_optim_free(NULL);
    weir_ema_free(NULL);
    weir_ema_update(NULL);
    assert_int_equal(weir_optim_step(NULL), WEIR_ERROR_ARGUMENT);
}

static void everything(weir_ctx *c)
{
    weir_module *m = weir_module_new(c, "scale", "dim=5 start=1");
    weir_optim *o = weir_optim_new(m, "adam", "");
    weir_ema *e = weir_ema_new(m, 0.9);
    weir_scope s = weir_scope_begin(c);
    weir_backward(weir_sum(weir_square(weir_module_state_find(m, "log_scale"))));
    weir_optim_clip(o, 1);
    weir_optim_step(o);
    weir_ema_update(e);
    weir_scope_end(s);
    weir_ema_free(e);
    weir_optim_free(o);
    weir_module_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_pytorch_trajectories), CASE(test_plain_loops), CASE(test_all_or_nothing), CASE(test_parameters_without_gradient_are_skipped),
          CASE(test_padding_stays_zero), CASE(test_clip), CASE(test_threads_change_no_bit), CASE(test_large_modules_are_updated_whole), CASE(test_ema), CASE(test_ema_half_life), CASE(test_ema_half_way), CASE(test_ema_buffers), CASE(test_schedules),
          CASE(test_every_row_descends), CASE(test_state_resumes), CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
