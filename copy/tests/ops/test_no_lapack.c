/* A system without LAPACK, or with half of one: one clear error, and all else works. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "test.h"

static bool half;
void *dlopen(const char *name, int flags)
{
    void *(*real)(const char *, int);
    void *symbol = dlsym(RTLD_NEXT, "dlopen");
    memcpy(&real, &symbol, sizeof real);
    if (!name || !strstr(name, "lapack")) return name && strstr(name, "blas") ? NULL : real(name, flags);
    return half ? real("libm.so.6", flags) : NULL;
}

static void says_so(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *a = weir_eye(c, WEIR_F32, 3), *q, *r;
    for (half = false;; half = true) {
        const char *says = half ? "lapack: the system's LAPACK has no sgetf2_" : "lapack: no LAPACK on this system: expected liblapack.so.3";
        assert_true(weir_is_nil(weir_det(a)));
        assert_fails(c, WEIR_ERROR_UNSUPPORTED, says);
        weir_qr(a, &q, &r);
        assert_fails(c, WEIR_ERROR_UNSUPPORTED, says);
        if (half) break;
    }
    assert_near(weir_get(weir_solve_triangular(weir_scale(a, 2), a, true, true, false), SHAPE(1, 1)), 0.5, 0); /* needs none */
    assert_ok(c);
}

int main(void)
{
    CASES(CASE(says_so));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
