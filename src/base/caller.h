/* caller.h - what is the caller's and stays so: errno and the floating-point environment.
 *
 * A program may round upwards, flush denormals to 0 or trap on overflow. The library computes in
 * the default environment all the same, so that bits do not depend on it and what overflows is a
 * value; when the call returns, errno, rounding, traps and flags are as they were. A public
 * function that computes, or calls the operating system, begins with WEIR__AS_FOUND: when it
 * returns, by whatever way, what was found is put back (tests/install/test_calls.sh finds those
 * that do not). Threads work in the environment of the thread that gave them the work. */
#ifndef WEIR_CALLER_H
#define WEIR_CALLER_H
#include <errno.h>
#include <fenv.h>
#include <stdbool.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

typedef struct weir__caller {
    int error;
    bool held; /* env holds what was found */
#ifdef __SSE2__
    unsigned control; /* SSE's control and flags: the fast way, where its control was the default */
#endif
    fenv_t env;
} weir__caller;

#ifdef __SSE2__
/* All but the flags, which say what happened since they were cleared. */
enum { WEIR__SSE_CONTROL = 0xffc0, WEIR__SSE_DEFAULT = 0x1f80 };
#endif

/* Arithmetic on memory stays on its side. */
#define WEIR__BARRIER __asm__ volatile("" ::: "memory")

static inline void weir__caller_enter(weir__caller *k)
{
    k->error = errno;
#ifdef __SSE2__
    k->control = _mm_getcsr();
    k->held = (k->control & WEIR__SSE_CONTROL) != WEIR__SSE_DEFAULT;
    if (!k->held) return;
#else
    k->held = true;
#endif
    fegetenv(&k->env);
    fesetenv(FE_DFL_ENV);
    WEIR__BARRIER;
}

static inline void weir__caller_leave(weir__caller *k)
{
    WEIR__BARRIER;
#ifdef __SSE2__
    if (!k->held && _mm_getcsr() != k->control) _mm_setcsr(k->control);
#endif
    if (k->held) fesetenv(&k->env);
    errno = k->error;
}

#define WEIR__AS_FOUND \
    weir__caller caller_ __attribute__((cleanup(weir__caller_leave))); \
    weir__caller_enter(&caller_)

#endif
