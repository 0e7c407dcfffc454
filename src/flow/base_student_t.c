/* base_student_t.c - Student's t with nu degrees of freedom in every column, for data of heavy
 * tails, which a flow of bounded slopes cannot make of a normal's:
 *
 *     log p(z) = sum log G((nu + 1) / 2) - log G(nu / 2) - log(pi nu) / 2
 *                    - (nu + 1) / 2 log(1 + z^2 / nu),                      G the gamma function.
 *
 * A draw takes two uniform numbers and no rejection (Bailey 1994, Polar generation of random
 * variates with the t-distribution): sqrt(nu (u^(-2 / nu) - 1)) cos(2 pi v). */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef struct student_opts {
    weir__base_opts base;
    double df;
} student_opts;

static const weir_option options[] = {
    WEIR__BASE_OPTIONS,
    { "df", WEIR_OPTION_REAL, offsetof(student_opts, df), "5", 0.5, 1e6, NULL,
      "nu, degrees of freedom: 1 is Cauchy's, and the variance is finite above 2" },
    { 0 },
};

static void student_create(weir_module *m, const void *options_)
{
    *(student_opts *)weir_module_state(m) = *(const student_opts *)options_;
}

/* log G(a + 1/2) - log G(a): the ratio's own series where the two would cancel (Abramowitz,
 * Stegun 6.1.47). */
static double student_log_gamma_step(double a)
{
    int sign;
    if (a < 1e3) return lgamma_r(a + 0.5, &sign) - lgamma_r(a, &sign);
    return 0.5 * log(a) + log1p((-0.125 + (0.0078125 + 0.0048828125 / a) / a) / a);
}

static weir_tensor *student_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    static const double pi = 3.14159265358979323846;
    double nu = ((const student_opts *)weir_module_state(m))->df;
    double top = student_log_gamma_step(0.5 * nu) - 0.5 * log(pi * nu);
    weir_tensor *tail = weir_log1p(weir_scale(weir_square(z), 1 / nu));
    return weir_sum_samples(weir_affine(tail, -0.5 * (nu + 1), top));
}

/* [n, dim] of uniform numbers above 0: 0 becomes half of what the type's draws are multiples of. */
static weir_tensor *student_uniform(const student_opts *o, weir_ctx *c, int64_t n)
{
    weir_dtype t = weir__dtype_option(o->base.dtype);
    weir_tensor *least = weir_scalar(c, t, t == WEIR_F64 ? 0x1p-54 : 0x1p-25);
    return weir_maximum(weir_rand(c, t, 2, (const int64_t[]){ n, o->base.dim }), least);
}

static weir_tensor *student_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                                 double temperature, weir_tensor **log_q)
{
    static const double pi = 3.14159265358979323846;
    const student_opts *o = weir_module_state(m);
    weir_tensor *u = student_uniform(o, c, n), *v = student_uniform(o, c, n);
    weir_tensor *square = weir_scale(weir_expm1(weir_scale(weir_log(u), -2 / o->df)), o->df);
    weir_tensor *e = weir_mul(weir_sqrt(square), weir_cos(weir_scale(v, 2 * pi)));
    return weir_is_nil(e) ? e : weir__base_standard(m, e, temperature, log_q);
}

const weir_module_row weir__base_student_t = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "base.student_t",
        .doc = "Student's t, for data of heavy tails",
        .options = options,
        .options_size = sizeof(student_opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(student_opts),
    .create = student_create,
    .log_prob = student_log_prob,
    .draw = student_draw,
    .torch = weir__torch_base_student_t,
};
