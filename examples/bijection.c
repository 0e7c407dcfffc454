/* bijection.c - a bijection of the program's own: a constant row that one context learns of. From
 * then on it stands beside the built-in ones: in compositions and inverses that options or JSON
 * list, under a condition, in models that train, are checked and saved.
 *
 *   bijection.sinh_arcsinh   y = sinh(delta asinh(x) - eps),
 *                            log dy/dx = log delta + (log(1 + y^2) - log(1 + x^2)) / 2;
 *
 * delta sets the tails of a column and eps its skew (Jones, Pewsey 2009). Given a context k,
 * eps = e + W k.
 *
 * prints: there and back: off by less than 1e-12: yes
 * prints: log-dets cancel, and are the Jacobian's: yes
 * prints: composed, inverted and under a condition, from a line of text: yes
 * prints: another context is another map: yes
 * prints: trained from JSON: 9 layers, none of them wrong
 * prints: and saved under its names: flow.0.log_delta, flow.0.eps
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <weir.h>

#define SHAPE(...) ((const int64_t[]){ __VA_ARGS__ })

/* -- the row ----------------------------------------------------------------------------------- */
typedef struct bend_opts {
    size_t size;
    int64_t dim, context;
    int32_t dtype;
} bend_opts;

typedef struct bend {
    weir_tensor *log_delta, *eps; /* [dim] */
    weir_tensor *by_context; /* W, [dim, context]; NULL without a context */
} bend;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(bend_opts, dim), "2", 1, 1 << 20, NULL, "columns" },
    { "context", WEIR_OPTION_INT, offsetof(bend_opts, context), "0", 0, 1 << 20, NULL,
      "values of a condition; 0: none" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(bend_opts, dtype), "f32", 0, 0, "f32|f64",
      "element type" },
    { 0 },
};

static void bend_create(weir_module *m, const void *given)
{
    const bend_opts *o = given;
    bend *s = weir_module_state(m);
    weir_dtype t = o->dtype ? WEIR_F64 : WEIR_F32;
    const weir_init zeros = { WEIR_INIT_ZEROS, 0 };
    s->log_delta = weir_module_parameter(m, "log_delta", t, 1, SHAPE(o->dim), zeros);
    s->eps = weir_module_parameter(m, "eps", t, 1, SHAPE(o->dim), zeros);
    if (o->context > 0)
        s->by_context = weir_module_parameter(m, "by_context", t, 2, SHAPE(o->dim, o->context),
                                              (weir_init){ WEIR_INIT_NORMAL, 0.3 });
}

/* sign(x) log(|x| + sqrt(1 + x^2)): no cancellation for x < 0 */
static weir_tensor *asinh_of(weir_tensor *x)
{
    weir_tensor *root = weir_sqrt(weir_affine(weir_square(x), 1, 1));
    return weir_mul(weir_sign(x), weir_log(weir_add(weir_abs(x), root)));
}

static weir_tensor *sinh_of(weir_tensor *x)
{
    return weir_scale(weir_sub(weir_exp(x), weir_exp(weir_neg(x))), 0.5);
}

static weir_tensor *eps_of(const bend *s, weir_tensor *x, const weir_condition *k)
{
    weir_tensor *eps = weir_parameter_here(x, s->eps);
    if (!s->by_context) return eps;
    return weir_add(eps, weir_linear(weir_condition_get(k, "context"), s->by_context, NULL));
}

/* log dy/dx, of x and y */
static weir_tensor *log_slope(const bend *s, weir_tensor *x, weir_tensor *y)
{
    weir_tensor *ratio = weir_sub(weir_log1p(weir_square(y)), weir_log1p(weir_square(x)));
    return weir_sum_samples(weir_add(weir_scale(ratio, 0.5), weir_parameter_here(x, s->log_delta)));
}

static weir_tensor *bend_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_det)
{
    const bend *s = weir_module_state(m);
    weir_tensor *delta = weir_exp(weir_parameter_here(x, s->log_delta));
    weir_tensor *y = sinh_of(weir_sub(weir_mul(asinh_of(x), delta), eps_of(s, x, k)));
    *log_det = log_slope(s, x, y);
    return y;
}

static weir_tensor *bend_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                 weir_tensor **log_det)
{
    const bend *s = weir_module_state(m);
    weir_tensor *back = weir_exp(weir_neg(weir_parameter_here(y, s->log_delta)));
    weir_tensor *x = sinh_of(weir_mul(weir_add(asinh_of(y), eps_of(s, y, k)), back));
    *log_det = weir_neg(log_slope(s, x, y));
    return x;
}

static const weir_module_row bend_row = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.sinh_arcsinh",
        .doc = "bends tails and skews a column",
        .options = options,
        .options_size = sizeof(bend_opts),
        .test = "dim=3",
        .given = "dim|context|dtype",
    },
    .state_size = sizeof(bend),
    .create = bend_create,
    .transform = bend_transform,
    .inverse = bend_inverse,
};

/* -- what can be done with it ------------------------------------------------------------------ */
static const char *yes_no(bool b) { return b ? "yes" : "no"; }

/* max |a - b| */
static double distance(weir_tensor *a, weir_tensor *b)
{
    return weir_item(weir_amax(weir_abs(weir_sub(a, b))));
}

/* Adds N(0, 0.3^2) to every parameter, for at first the map is the identity. */
static void perturb(weir_module *m)
{
    weir_ctx *c = weir_module_ctx(m);
    weir_scope s = weir_scope_begin_no_grad(c);
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        bool is_buffer;
        weir_tensor *p = weir_module_state_at(m, i, NULL, &is_buffer);
        if (is_buffer) continue;
        weir_tensor *noise = weir_randn(c, WEIR_F64, weir_ndim(p), weir_shape(p));
        weir_add_(p, weir_scale(noise, 0.3));
    }
    weir_scope_end(s);
}

static void alone(weir_ctx *c)
{
    weir_module *m = weir_module_new(c, "sinh_arcsinh", "dim=1 dtype=f64");
    perturb(m);
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *there, *back, *slope; /* log-dets of forward and inverse; dy/dx */
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(5, 1)), true);
    weir_tensor *y = weir_bijection_forward(m, x, NULL, &there);
    weir_tensor *z = weir_bijection_inverse(m, y, NULL, &back);
    weir_tensor *total = weir_sum(y);
    weir_grad(1, &total, 1, &x, NULL, false, false, &slope);
    bool cancel = distance(there, weir_neg(back)) < 1e-12;
    bool jacobian = distance(there, weir_sum_samples(weir_log(slope))) < 1e-12;
    printf("there and back: off by less than 1e-12: %s\n", yes_no(distance(z, x) < 1e-12));
    printf("log-dets cancel, and are the Jacobian's: %s\n", yes_no(cancel && jacobian));
    weir_scope_end(scope);
    weir_module_free(m);
}

static void composed(weir_ctx *c)
{
    static const char text[] = "dim=2 context=1 dtype=f64 "
                               "parts=sinh_arcsinh,affine_coupling,inverse parts.2.of=sinh_arcsinh";
    weir_module *m = weir_module_new(c, "compose", text);
    perturb(m);
    weir_scope scope = weir_scope_begin_no_grad(c);
    weir_tensor *speeds = weir_from_f64(c, (const double[]){ -1, 0, 2 }, 2, SHAPE(3, 1));
    weir_tensor *zeros = weir_zeros(c, WEIR_F64, 2, SHAPE(3, 1));
    weir_condition *none = weir_condition_new(c);
    weir_condition *k = weir_condition_with(none, "context", speeds);
    weir_condition *other = weir_condition_with(none, "context", zeros);
    weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(3, 2));
    weir_tensor *y = weir_bijection_forward(m, x, k, NULL);
    weir_tensor *back = weir_bijection_inverse(m, y, k, NULL);
    weir_tensor *y_other = weir_bijection_forward(m, x, other, NULL);
    printf("composed, inverted and under a condition, from a line of text: %s\n",
           yes_no(distance(back, x) < 1e-10));
    printf("another context is another map: %s\n", yes_no(distance(y_other, y) > 1e-3));
    weir_scope_end(scope);
    weir_module_free(m);
}

static const char config[] =
    "{\"data\": \"toy:moons,n=1000\", \"train\": {\"steps\": 100},"
    " \"model\": {\"name\": \"flow\", \"standardize\": true, \"flow\":"
    "  {\"name\": \"compose\", \"repeat\": 2, \"parts\": ["
    "    {\"name\": \"sinh_arcsinh\"},"
    "    {\"name\": \"affine_coupling\", \"net\": {\"name\": \"mlp\", \"hidden\": [16]}},"
    "    {\"name\": \"tile\"},"
    "    {\"name\": \"inverse\", \"of\": {\"name\": \"sinh_arcsinh\"}}]}}}";

static void trained(weir_ctx *c)
{
    weir_flow_check_info info = { .size = sizeof info };
    weir_run *r = weir_run_open(c, "bijection-run", config, false);
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=200");
    weir_model *m = weir_run_model(r);
    if (weir_run_train(r, NULL) != WEIR_OK || weir_flow_check(m, d, NULL, &info) != WEIR_OK) return;
    printf("trained from JSON: %lld layers, %s\n", (long long)info.n_layers,
           info.n_wrong ? info.name : "none of them wrong");
    const char *first, *second;
    weir_module_state_at(weir_model_module(m), 0, &first, NULL);
    weir_module_state_at(weir_model_module(m), 1, &second, NULL);
    printf("and saved under its names: %s, %s\n", first, second);
    weir_dataset_free(d);
    weir_run_free(r);
}

int main(void)
{
    weir_ctx *c = weir_open(1);
    weir_row_register(c, &bend_row.row);
    alone(c);
    composed(c);
    trained(c);
    bool good = weir_ok(c);
    if (!good) fprintf(stderr, "bijection: %s\n", weir_message(c));
    weir_close(c);
    return good ? 0 : 1;
}
