/* dispatch.c - which table this CPU can run. */
#include "kern.h"

#if defined(WEIR_HAVE_X86)
#include <cpuid.h>

/* clang's __builtin_cpu_supports does not know it. */
static bool has_f16c(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
}
#endif

#if defined(WEIR_HAVE_AVX512)
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
           && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

const weir__isa *weir__isa_for(int isa)
{
#if defined(WEIR_HAVE_X86)
    __builtin_cpu_init();
#if defined(WEIR_HAVE_AVX512)
    if ((isa == 0 || isa == 3) && has_avx512()) return &weir__isa_avx512;
#endif
    if ((isa == 0 || isa == 2) && has_avx2()) return &weir__isa_avx2;
#endif
    return isa == 0 || isa == 1 ? &weir__isa_c : NULL;
}
