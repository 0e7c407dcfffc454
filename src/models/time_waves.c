/* time_waves.c - columns that networks see of a time t [B]:
 *
 *     fourier      cos(pi k t), sin(pi k t), k = 1 .. F
 *     sinusoidal   cos(s w_k t), sin(s w_k t), w_k = 10000^(-k/(F - shift)), k = 0 .. F-1
 *
 * (Vaswani et al. 2017; Ho et al. 2020). */
#include <math.h>
#include "models/models.h"

#define PI 3.14159265358979323846

static double waves_frequency(const weir__waves *w, int64_t k)
{
    if (w->fourier) return PI * (double)(k + 1);
    return w->scale * pow(10000, -(double)k / ((double)w->frequencies - w->shift));
}

/* [1, F] of t's type, in its context. */
static weir_tensor *waves_frequencies(const weir__waves *w, weir_tensor *t)
{
    weir_ctx *c = t->object.ctx;
    double *v = weir__alloc_n(c, w->frequencies, sizeof *v);
    if (!v) return weir__nil(c, WEIR__TENSOR);
    for (int64_t k = 0; k < w->frequencies; k++) v[k] = waves_frequency(w, k);
    weir_tensor *f = weir_from_f64(c, v, 2, (const int64_t[]){ 1, w->frequencies });
    weir__free(c, v);
    return weir_cast(f, t->dtype);
}

weir_tensor *weir__time_waves(const weir__waves *w, weir_tensor *t)
{
    weir_tensor *column = weir_reshape(t, 2, (const int64_t[]){ t->shape[0], 1 });
    weir_tensor *angle = weir_mul(column, waves_frequencies(w, t));
    weir_tensor *first = w->sin_first ? weir_sin(angle) : weir_cos(angle);
    weir_tensor *second = w->sin_first ? weir_cos(angle) : weir_sin(angle);
    return weir_cat(2, (weir_tensor *[]){ first, second }, 1);
}
