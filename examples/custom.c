/* custom.c - an op and a module of the program's own, as constant rows that one context learns of.
 * From then on they are like the built-in ones: found by name, listed, checked, differentiated to
 * any order, saved under their parameters' names.
 *
 *   op.logcosh    log cosh x, x^2 / 2 near 0 and |x| far away: a robust loss; derivative tanh x
 *   module.snake  x + sin^2(a x) / a with a learned a of each column (Ziyin, Hartwig, Ueda 2020):
 *                 for periodic functions
 *
 * prints: gradients agree with differences, to second order: yes
 * prints: rows found by name: op.logcosh, module.snake with 3 frequencies
 * prints: one context's rows are not another's: yes
 * prints: at the outlier: told 2.0, learned ~-0.8 where the wave is at -1.0
 * prints: parameters: 0.weight 0.bias 1.a 2.weight 2.bias
 */
#include <math.h>
#include <stdio.h>
#include <weir.h>

enum { POINTS = 64, OUTLIER = 20 };

/* -- the op ------------------------------------------------------------------------------------ */
static double log_cosh(double x) { return fabs(x) + log1p(exp(-2 * fabs(x))) - 0.6931471805599453; }

static void logcosh_f32(int64_t n, float *y, const float *x)
{
    for (int64_t i = 0; i < n; i++) y[i] = (float)log_cosh(x[i]);
}

static void logcosh_f64(int64_t n, double *y, const double *x)
{
    for (int64_t i = 0; i < n; i++) y[i] = log_cosh(x[i]);
}

/* The output's memory is new and dense; an input may be any view, so it is made contiguous. */
static void logcosh_forward(weir_call *k)
{
    weir_tensor *x = weir_contiguous(weir_detach(k->in[0]));
    weir_tensor *y = k->out[0];
    if (weir_dtype_of(x) == WEIR_F32) logcosh_f32(weir_numel(x), weir_data_mut(y), weir_data(x));
    else logcosh_f64(weir_numel(x), weir_data_mut(y), weir_data(x));
}

static void logcosh_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_tanh(weir_vjp_in(v, 0))));
}

static weir_tensor *logcosh_of(weir_tensor **x);
static const weir_op_case logcosh_cases[] = {
    { "3,4", logcosh_of },
    { "0", logcosh_of },
    { NULL, NULL },
};
static const weir_op logcosh_op = {
    .row = WEIR_OP_ROW("op.logcosh", "log cosh x"),
    .n_in = 1,
    .n_out = 1,
    .save_in = 1,
    .infer = weir_infer_same,
    .forward = logcosh_forward,
    .backward = logcosh_backward,
    .cases = logcosh_cases,
};

static weir_tensor *logcosh(weir_tensor *x) { return weir_apply(&logcosh_op, 1, &x, NULL); }
static weir_tensor *logcosh_of(weir_tensor **x) { return logcosh(x[0]); }

/* -- the module -------------------------------------------------------------------------------- */
typedef struct snake_opts {
    size_t size;
    int64_t n;
    double start;
} snake_opts;
typedef struct snake {
    weir_tensor *a; /* [n], owned by the module */
} snake;

static const weir_option snake_options[] = {
    { "n", WEIR_OPTION_INT, offsetof(snake_opts, n), "1", 1, 1 << 20, NULL, "columns" },
    { "start", WEIR_OPTION_REAL, offsetof(snake_opts, start), "1", 1e-3, 1e3, NULL,
      "first value of a" },
    { 0 },
};

static void snake_create(weir_module *m, const void *options)
{
    const snake_opts *o = options;
    snake *s = weir_module_state(m);
    s->a = weir_module_parameter(m, "a", WEIR_F32, 1, &o->n,
                                 (weir_init){ WEIR_INIT_CONSTANT, o->start });
}

static weir_tensor *snake_forward(weir_module *m, weir_tensor *x)
{
    weir_tensor *a = ((snake *)weir_module_state(m))->a;
    return weir_add(x, weir_div(weir_square(weir_sin(weir_mul(x, a))), a));
}

static const weir_module_row snake_row = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.snake",
        .doc = "x + sin^2(a x) / a",
        .options = snake_options,
        .options_size = sizeof(snake_opts),
        .test = "n=4",
    },
    .state_size = sizeof(snake),
    .create = snake_create,
    .forward = snake_forward,
};

/* -- using both -------------------------------------------------------------------------------- */
static weir_tensor *logcosh_checked(void *user, weir_tensor **x)
{
    (void)user;
    return logcosh(x[0]);
}

static void check_gradients(weir_ctx *c)
{
    const double values[] = { -30, -0.5, 0, 2 };
    const int64_t shape[] = { 4 };
    weir_tensor *x = weir_from_f64(c, values, 1, shape);
    weir_gradcheck_opts o = weir_gradcheck_defaults();
    o.order = 2;
    bool good = weir_gradcheck(c, logcosh_checked, NULL, 1, &x, &o) == WEIR_OK;
    printf("gradients agree with differences, to second order: %s\n", good ? "yes" : "no");
}

static void find_rows(weir_ctx *c)
{
    const weir_row *op = weir_row_find(c, "op", "logcosh");
    const weir_row *module = weir_row_find(c, "module", "snake");
    weir_module *m = weir_module_new(c, "snake", "n=3");
    if (op && module)
        printf("rows found by name: %s, %s with %lld frequencies\n", op->name, module->name,
               (long long)weir_module_parameter_numel(m));
    weir_module_free(m);
    weir_ctx *other = weir_open(1);
    bool apart = !weir_row_find(other, "op", "logcosh");
    printf("one context's rows are not another's: %s\n", apart ? "yes" : "no");
    weir_close(other);
}

/* Learns y = sin(5 x) from POINTS points, one of them an outlier. */
static void fit(weir_ctx *c, weir_module *net)
{
    const int64_t shape[] = { POINTS, 1 }, one[] = { 1, 1 };
    float x[POINTS], y[POINTS];
    for (int i = 0; i < POINTS; i++) {
        x[i] = (float)i / 32 - 1;
        y[i] = sinf(5 * x[i]);
    }
    y[OUTLIER] += 3;
    weir_optim *opt = weir_optim_new(net, "adam", "lr=1e-2");
    for (int step = 0; step < 400 && weir_ok(c); step++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *in = weir_tensor_wrap(c, WEIR_F32, x, 2, shape, NULL, NULL, NULL);
        weir_tensor *want = weir_tensor_wrap(c, WEIR_F32, y, 2, shape, NULL, NULL, NULL);
        weir_tensor *error = weir_sub(weir_module_forward(net, in), want);
        weir_backward(weir_mean(logcosh(error)));
        weir_optim_step(opt);
        weir_optim_zero_grad(opt);
        weir_scope_end(s);
    }
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *at = weir_full(c, WEIR_F32, 2, one, x[OUTLIER]);
    double found = weir_item(weir_module_forward(net, at));
    double wave = sin(5 * (double)x[OUTLIER]);
    printf("at the outlier: told %.1f, learned %.1f where the wave is at %.1f\n",
           (double)y[OUTLIER], found, wave);
    weir_scope_end(s);
    weir_optim_free(opt);
}

static void print_names(weir_module *net)
{
    printf("parameters:");
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        const char *name;
        weir_module_state_at(net, i, &name, NULL);
        printf(" %s", name);
    }
    putchar('\n');
}

int main(void)
{
    weir_ctx *c = weir_open(1);
    weir_row_register(c, &logcosh_op.row);
    weir_row_register(c, &snake_row.row);
    check_gradients(c);
    find_rows(c);
    weir_module *net = weir_module_new(c, "sequential", "");
    weir_module_add(net, "0", weir_module_new(c, "linear", "in=1 out=32"));
    weir_module_add(net, "1", weir_module_new(c, "snake", "n=32 start=3"));
    weir_module_add(net, "2", weir_module_new(c, "linear", "in=32 out=1"));
    fit(c, net);
    print_names(net);
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "custom: %s\n", weir_message(c));
    weir_module_free(net);
    weir_close(c);
    return good ? 0 : 1;
}
