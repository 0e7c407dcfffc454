/* search.c - bisection in sorted lines; threads divide the numbers that are looked for. */
#include "kern.h"

#define SEARCH(T) \
    static int64_t search_##T(const weir__search *s, int64_t i) \
    { \
        const T *line = (const T *)s->sorted + i / s->m * s->n; \
        T x = ((const T *)s->x)[i]; \
        int64_t low = 0, high = s->n; \
        while (low < high) { \
            int64_t mid = low + (high - low) / 2; \
            bool reached = s->right ? line[mid] > x : line[mid] >= x; \
            if (reached) high = mid; \
            else low = mid + 1; \
        } \
        return low; \
    } \
    static void range_##T(void *user, int piece, int64_t begin, int64_t end) \
    { \
        const weir__search *s = user; \
        (void)piece; \
        for (int64_t i = begin; i < end; i++) s->y[i] = search_##T(s, i); \
    }
SEARCH(float)
SEARCH(double)
#undef SEARCH

void weir__loop_search(weir__real t, const weir__search *s, const weir__threads *threads)
{
    int64_t count = s->rows * s->m;
    double steps = 1;
    for (int64_t n = s->n; n > 0; n /= 2) steps++;
    if (count == 0) return;
    weir__divide(threads, weir__pieces_for(count, 2 * steps, threads), count,
                 t == WEIR__F32 ? range_float : range_double, (void *)(uintptr_t)s);
}
