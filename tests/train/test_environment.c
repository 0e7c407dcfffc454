/* A program that rounds upwards, takes denormals for 0 and traps what is not finite: training, samples and
 * log-densities have the bits of any other, and find the program's environment as it was. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fenv.h>
#include "test.h"

enum { STEPS = 4, BATCH = 16, DRAWN = 8, ODD_ERRNO = 12345 };

#ifdef __SSE2__
enum { SMALL_IS_ZERO = 0x8040, FLAGS = 0x3f };
static unsigned control(void) { return __builtin_ia32_stmxcsr() & ~(unsigned)FLAGS; }
static void small_is_zero(void) { __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | SMALL_IS_ZERO); }
#else
static unsigned control(void) { return (unsigned)fegetround(); }
static void small_is_zero(void) { }
#endif

typedef struct results {
    bool ok;
    float weights[4096], samples[DRAWN * 2];
    double loss[STEPS], log_prob[DRAWN];
} results;

static int rounding;
static int on_step(void *user, int64_t done, int64_t n)
{
    (void)user, (void)done, (void)n;
    rounding = fegetround();
    return 0;
}

static void work(results *r, const char *model, const char *given, int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    weir_dataset *d = weir_dataset_open(c, "toy:moons,n=64");
    weir_model *m = weir_model_new(c, model, given);
    weir_optim *adam = weir_optim_new(weir_model_module(m), "adam", "lr=0.01");
    char options[64];
    snprintf(options, sizeof options, "batch=%d", BATCH);
    weir_loader *l = weir_loader_new(d, options);
    weir_step_opts step = weir_step_defaults();
    step.shards = 2, step.clip = 1;
    for (int i = 0; i < STEPS; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_step_info info = { .size = sizeof info };
        r->ok = weir_train_step_with(m, adam, weir_loader_next(l), &step, &info) == WEIR_OK;
        r->loss[i] = info.loss;
        weir_scope_end(s);
    }
    weir_dtype type;
    void *w;
    int64_t n = weir_module_flat(weir_model_module(m), &type, &w);
    memcpy(r->weights, w, (size_t)(n < 4096 ? n : 4096) * sizeof(float));
    weir_sample_opts draw = weir_sample_defaults();
    draw.on_step = on_step;
    r->ok = r->ok && weir_model_sample_into(m, DRAWN, &draw, r->samples) == WEIR_OK;
    r->ok = r->ok && weir_model_log_prob_into(m, r->samples, DRAWN, NULL, r->log_prob, NULL) == WEIR_OK;
    if (!weir_ok(c)) printf("# %s\n", weir_message(c));
    weir_loader_free(l), weir_optim_free(adam), weir_model_free(m), weir_dataset_free(d);
    weir_close(c);
}

static bool same(const results *a, const results *b) { return a->ok && b->ok && memcmp(a, b, sizeof *a) == 0; }

static void work_rounding_up(results *r, const char *model, const char *given, int threads)
{
    fenv_t before;
    fegetenv(&before);
    feclearexcept(FE_ALL_EXCEPT);
    fesetround(FE_UPWARD);
    small_is_zero();
    unsigned was = control();
    errno = ODD_ERRNO;
    work(r, model, given, threads);
    int error = errno;
    unsigned is = control();
    fesetenv(&before);
    assert_true(error == ODD_ERRNO);
    assert_true(is == was);
    assert_true(rounding == FE_TONEAREST);
}

static void a_program_that_rounds_upwards_has_the_same_bits(void **state)
{
    (void)state;
    const char *models[] = { "nice", "rectified-flow" }, *given[] = { "dim=2 hidden=16", "dim=2 net.hidden=16 sampler.steps=4" };
    for (int i = 0; i < 2; i++) {
        static results plain, up[2];
        memset(&plain, 0, sizeof plain), memset(up, 0, sizeof up);
        work_rounding_up(&up[1], models[i], given[i], 2);
        work_rounding_up(&up[0], models[i], given[i], 1);
        work(&plain, models[i], given[i], 1);
        assert_true(same(&plain, &up[0]));
        assert_true(same(&plain, &up[1]));
    }
}

#ifdef __GLIBC__
static void what_is_not_finite_is_a_value_where_the_program_traps_it(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *zero = weir_zeros(c, WEIR_F64, 1, (const int64_t[]){ 3 });
    feclearexcept(FE_ALL_EXCEPT);
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
    double log_of_zero = weir_get(weir_log(zero), (const int64_t[]){ 1 });
    double odd = weir_item(weir_sum(weir_div(zero, zero)));
    double many = weir_item(weir_sum(weir_exp(weir_affine(zero, 1, 1000))));
    int traps = fegetexcept();
    fedisableexcept(FE_ALL_EXCEPT);
    assert_true(isinf(log_of_zero) && isnan(odd) && isinf(many));
    assert_true(traps == (FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW));
    assert_ok(c);
}
#else
static void what_is_not_finite_is_a_value_where_the_program_traps_it(void **state) { (void)state; }
#endif

int main(void)
{
    CASES(cmocka_unit_test(a_program_that_rounds_upwards_has_the_same_bits), CASE(what_is_not_finite_is_a_value_where_the_program_traps_it));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
