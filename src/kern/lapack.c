/* lapack.c - finds the system's LAPACK when a matrix is first factored. It is not linked: that
 * costs every process 0.7 ms at its start, or 2.7 ms where the library is OpenBLAS, which starts
 * threads (doc/adr/0006). */
#include <dlfcn.h>
#include <stdio.h>
#include "linalg.h"

#ifndef WEIR_LAPACK
#define WEIR_LAPACK ""
#endif

static void *open_any(void)
{
    static const char *const names[] = { WEIR_LAPACK, "liblapack.so.3", "liblapack.so",
                                         "libopenblas.so.0", "libmkl_rt.so" };
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        if (*names[i]) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

bool weir__lapack_open(weir__lapack *l, char *why, size_t bytes)
{
    struct {
        const char *name;
        void *place;
    } const wanted[] = {
        { "sgetf2_", &l->getf2[0] }, { "dgetf2_", &l->getf2[1] }, { "spotf2_", &l->potf2[0] },
        { "dpotf2_", &l->potf2[1] }, { "slarfg_", &l->larfg[0] }, { "dlarfg_", &l->larfg[1] },
    };
    void *library = open_any();
    if (!library) {
        snprintf(why, bytes, "no LAPACK on this system");
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!(*(void **)wanted[i].place = dlsym(
                  library, wanted[i].name))) { /* POSIX gives functions as data pointers */
            snprintf(why, bytes, "the system's LAPACK has no %s", wanted[i].name);
            return false;
        }
    return true;
}
