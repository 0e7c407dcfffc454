/* masked.c - the weights of a masked layer in the order in which its units can be computed. */
#include "kern.h"

#define MASKED(T) \
    static bool masked_##T(const weir__masked *p) \
    { \
        bool fits = true; \
        for (int64_t i = 0; i < p->m; i++) { \
            const T *w = (const T *)p->w + p->row[i] * p->in; \
            const T *mask = (const T *)p->mask + p->row[i] * p->in; \
            T *y = (T *)p->y + i * p->n; \
            for (int64_t j = 0; j < p->seen[i]; j++) y[j] = w[p->column[j]] * mask[p->column[j]]; \
            for (int64_t j = p->seen[i]; j < p->n; j++) y[j] = 0; \
            for (int64_t j = p->seen[i]; j < p->in; j++) fits = fits && mask[p->column[j]] == 0; \
        } \
        return fits; \
    }
MASKED(float)
MASKED(double)
#undef MASKED

bool weir__masked_weights(weir__real t, const weir__masked *p)
{
    return t == WEIR__F32 ? masked_float(p) : masked_double(p);
}
