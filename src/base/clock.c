/* clock.c - seconds between two events, whatever the time of day is set to. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>
#include "base/base.h"

double weir__seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
