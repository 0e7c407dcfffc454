/* extrapolated.c - Euler steps of size h and h/2, combined to second order. */
#include <stddef.h>
#include "diffusion/diffusion.h"

static const weir_option options[] = {
    { "steps", WEIR_OPTION_INT, offsetof(weir_sampler_opts, steps), "0", 0, 1e6, NULL, "from noise to data; 0: 50" }, { 0 },
};

static weir_status run(const weir_ode *p, const void *options_)
{
    int64_t steps = ((const weir_sampler_opts *)options_)->steps, size = p->n * p->dim;
    if (p->path) return weir_fail(p->ctx, WEIR_ERROR_UNSUPPORTED, "sampler.extrapolated: a path: expected none, it walks two");
    double *coarse = weir__alloc(p->ctx, (size_t)size * sizeof *coarse);
    if (!coarse) return weir_status_of(p->ctx);
    for (int64_t i = 0; i < size; i++) coarse[i] = p->x[i];
    weir_ode whole = *p, half = *p;
    whole.x = coarse;
    steps = steps > 0 ? steps : 50;
    if (weir_ode_fixed(&whole, weir_ode_method("euler"), steps, NULL) == WEIR_OK && weir_ode_fixed(&half, weir_ode_method("euler"), 2 * steps, NULL) == WEIR_OK)
        for (int64_t i = 0; i < size; i++) p->x[i] = 2 * p->x[i] - coarse[i];
    weir__free(p->ctx, coarse);
    return weir_status_of(p->ctx);
}

const weir_sampler_row weir__sampler_extrapolated = {
    .row = { .size = sizeof(weir_sampler_row), .version = 1, .name = "sampler.extrapolated", .doc = "two Euler solves: second order", .options = options,
             .options_size = sizeof(weir_sampler_opts), .test = "" },
    .steps = 50,
    .run = run,
};
