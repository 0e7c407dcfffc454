/* masked.c - the weights of a masked layer in the order in which its units can be computed. */
#include <string.h>
#include "kern.h"

/* Columns that stay where they are go by vectors. */
static bool masked_line(const weir__isa *k, weir__real t, const weir__masked *p, int64_t i)
{
    int64_t size = t == WEIR__F32 ? 4 : 8, seen = p->seen[i];
    const char *w = (const char *)p->w + p->row[i] * p->in * size;
    const char *mask = (const char *)p->mask + p->row[i] * p->in * size;
    char *y = (char *)p->y + i * p->n * size;
    k->binary[t][WEIR__B_mul](seen, y, 1, w, 1, mask, 1);
    memset(y + seen * size, 0, (size_t)((p->n - seen) * size));
    return k->sum_squares[t](p->in - seen, mask + seen * size, 1) == 0;
}

#define MASKED_PICKED(T) \
    static bool masked_picked_##T(const weir__masked *p, int64_t i) \
    { \
        bool fits = true; \
        const T *w = (const T *)p->w + p->row[i] * p->in; \
        const T *mask = (const T *)p->mask + p->row[i] * p->in; \
        T *y = (T *)p->y + i * p->n; \
        for (int64_t j = 0; j < p->seen[i]; j++) y[j] = w[p->column[j]] * mask[p->column[j]]; \
        for (int64_t j = p->seen[i]; j < p->n; j++) y[j] = 0; \
        for (int64_t j = p->seen[i]; j < p->in; j++) fits = fits && mask[p->column[j]] == 0; \
        return fits; \
    }
MASKED_PICKED(float)
MASKED_PICKED(double)
#undef MASKED_PICKED

bool weir__masked_weights(const weir__isa *k, weir__real t, const weir__masked *p)
{
    bool fits = true, stay = true;
    for (int64_t j = 0; j < p->in; j++) stay = stay && p->column[j] == j;
    for (int64_t i = 0; i < p->m; i++) {
        bool line;
        if (stay) line = masked_line(k, t, p, i);
        else if (t == WEIR__F32) line = masked_picked_float(p, i);
        else line = masked_picked_double(p, i);
        fits = fits && line;
    }
    return fits;
}
