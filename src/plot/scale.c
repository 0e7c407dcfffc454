/* scale.c - ranges of data that may be empty, constant or not finite, and round numbers within
 * them. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plot/plot.h"

weir__range weir__range_none(void) { return (weir__range){ INFINITY, -INFINITY }; }

weir__range weir__range_add(weir__range r, double v)
{
    if (!isfinite(v)) return r;
    return (weir__range){ fmin(r.lo, v), fmax(r.hi, v) };
}

weir__range weir__range_of(int64_t n, const double *v)
{
    weir__range r = weir__range_none();
    for (int64_t i = 0; i < n; i++) r = weir__range_add(r, v[i]);
    return r;
}

weir__range weir__range_open(weir__range r)
{
    if (!(r.lo <= r.hi)) return (weir__range){ 0, 1 };
    r.lo = fmax(-1e300, fmin(1e300, r.lo));
    r.hi = fmax(-1e300, fmin(1e300, r.hi)); /* the width has to be finite */
    double least = fmax(fmax(fabs(r.lo), fabs(r.hi)) * 1e-9,
                        1e-300); /* narrower ranges have no readable ticks */
    if (r.hi - r.lo > least) return r;
    double middle = r.lo + (r.hi - r.lo) / 2;
    double half = middle == 0 ? 1 : fmax(fabs(middle) * 0.1, least);
    return (weir__range){ middle - half, middle + half };
}

/* -- the typical range: an untrained model's first losses would flatten everything after them -- */
/* v sorted, finite. Each end is cut back when it lies further out than the middle eight tenths are
 * wide, twice over. */
static weir__range typical(int64_t n, const double *v)
{
    weir__range all = { v[0], v[n - 1] };
    double low = v[n / 10], high = v[n - 1 - n / 10], width = high - low;
    if (width <= 0) return all;
    if (all.hi - high > 2 * width) all.hi = high + width / 2;
    if (low - all.lo > 2 * width) all.lo = low - width / 2;
    return all;
}

weir__range weir__range_typical(weir_ctx *c, int64_t n, const double *v)
{
    int64_t kept = 0;
    double *sorted = n >= 10 ? weir__alloc_n(c, n, sizeof *sorted) : NULL;
    if (!sorted) return weir__range_of(n, v);
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i])) sorted[kept++] = v[i];
    qsort(sorted, (size_t)kept, sizeof *sorted, weir__ascending);
    weir__range r = kept >= 10 ? typical(kept, sorted) : weir__range_of(kept, sorted);
    weir__free(c, sorted);
    return r;
}

/* -- ticks ------------------------------------------------------------------------------------- */
/* The smallest of 1, 2, 5 times a power of ten that is at least v. */
static double round_up(double v, int *exponent)
{
    int e = (int)floor(log10(v));
    static const double steps[] = { 1, 2, 5 };
    double base = pow(10, e), m = v / base, step = 10;
    for (int i = 2; i >= 0; i--)
        if (m <= steps[i] + 1e-9) step = steps[i];
    *exponent = step == 10 ? e + 1 : e;
    return step * base;
}

static weir__ticks at_step(weir__range r, double step, int exponent)
{
    weir__ticks t = { .decimals = 0 };
    if (exponent < 0) t.decimals = exponent > -12 ? -exponent : 12;
    double slack = step * 1e-9;
    for (double k = ceil(r.lo / step - 1e-9); t.n < WEIR__TICKS && k * step <= r.hi + slack; k++)
        t.at[t.n++] = k * step + 0.0;
    return t;
}

weir__ticks weir__ticks_choose(weir__range r, int wanted)
{
    int exponent;
    r = weir__range_open(r);
    if (wanted < 2) wanted = 2;
    if (wanted > WEIR__TICKS - 2) wanted = WEIR__TICKS - 2;
    double step = round_up((r.hi - r.lo) / wanted, &exponent);
    weir__ticks t = at_step(r, step, exponent);
    for (int i = 0; i < 4 && t.n < 2; i++)
        t = at_step(r, step = round_up(step * 0.45, &exponent), exponent);
    return t;
}

/* 1, 10, 100 ..; where these are few 1, 2, 5, 10 .. */
weir__ticks weir__ticks_of_log(weir__range r)
{
    static const double within[] = { 0, 0.30102999566398120, 0.69897000433601880 };
    weir__ticks t = { 0 };
    r = weir__range_open(r);
    int of_each = r.hi - r.lo < 3 ? 3 : 1;
    double stride = fmax(1, ceil((r.hi - r.lo) / 8));
    for (double k = floor(r.lo / stride) * stride; k <= r.hi; k += stride)
        for (int i = 0; i < of_each && t.n < WEIR__TICKS; i++) {
            double at = k + within[i];
            if (at >= r.lo - 1e-9 && at <= r.hi + 1e-9) t.at[t.n++] = at;
        }
    return t;
}
