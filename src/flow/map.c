/* map.c - what networks see of the elements that a map keeps: angles as points of a circle, so that
 * parameters have no jump where an angle begins again. */
#include "flow/map.h"

#define PI 3.14159265358979323846

int64_t weir__map_seen(const weir__map *m, int64_t n) { return m->period > 0 ? 2 * n : n; }

weir_tensor *weir__map_see(const weir__map *m, weir_tensor *x)
{
    if (!(m->period > 0)) return x;
    weir_tensor *angle = weir_scale(x, 2 * PI / m->period);
    return weir_cat(2, (weir_tensor *const[]){ weir_cos(angle), weir_sin(angle) }, 1);
}
