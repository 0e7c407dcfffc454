/* coupling_schroedinger.c - the Schroedinger bridge between the data and the noise of a batch, with
 * a Brownian motion of deviation sigma for reference (Tong et al. 2023): pairs are drawn from the
 * entropic plan of cost |x - eps|^2 and reg = 2 sigma^2 (sinkhorn.c), and between the ends of a
 * pair lies a Brownian bridge,
 *
 *     x_t = (1 - t) x_0 + t eps + sigma sqrt(t (1 - t)) z,   z ~ N(0, I) (pairs.c).
 *
 * As sigma becomes 0 this is coupling.ot, as it grows independent pairs. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

typedef struct schroedinger_opts {
    size_t size;
    double condition; /* first, as in coupling.ot */
    double sigma, tolerance;
    int64_t iterations;
} schroedinger_opts;

static const weir_option schroedinger_options[] = {
    WEIR__COUPLING_CONDITION,
    { "sigma", WEIR_OPTION_REAL, offsetof(schroedinger_opts, sigma), "1", 1e-3, 1e3, NULL,
      "deviation of the Brownian motion, in the model's scale of data and noise" },
    { "tolerance", WEIR_OPTION_REAL, offsetof(schroedinger_opts, tolerance), "1e-3", 1e-13, 1, NULL,
      "that sums of lines and columns of the plan may be off, of 1" },
    { "iterations", WEIR_OPTION_INT, offsetof(schroedinger_opts, iterations), "20000", 1, 1e9, NULL,
      "of Sinkhorn, at most; more are an error" },
    { 0 },
};
static const schroedinger_opts schroedinger_plain = {
    .size = sizeof schroedinger_plain,
    .condition = INFINITY,
    .sigma = 1,
    .tolerance = 1e-3,
    .iterations = 20000,
};

/* Where the part u of a line of the plan ends. */
static int64_t schroedinger_partner(int64_t n, const double *line, double u)
{
    double sum = 0, so_far = 0;
    int64_t last = 0;
    for (int64_t j = 0; j < n; j++) sum += line[j];
    for (int64_t j = 0; j < n; j++) {
        so_far += line[j];
        if (line[j] > 0) last = j;
        if (so_far > u * sum) return j;
    }
    return last;
}

static weir_status schroedinger_draw(weir_ctx *c, const void *options, int64_t n, int64_t dim,
                                     const double *x0, const double *eps, const double *u,
                                     int64_t *partner)
{
    const schroedinger_opts *o = options ? options : &schroedinger_plain;
    int64_t size = weir__size_times(n, n);
    double *cost = weir__alloc_n(c, weir__size_times(2, size), sizeof *cost);
    if (!cost || n == 0 || !weir__coupling_products(c, n, dim, x0, eps, cost)) {
        weir__free(c, cost);
        return weir_status_of(c);
    }
    double *plan = cost + size;
    for (int64_t k = 0; k < size; k++) cost[k] *= 2; /* |x|^2 and |eps|^2 are in the potentials */
    weir_status s = weir__sinkhorn(c, n, cost, 2 * o->sigma * o->sigma, o->tolerance, o->iterations,
                                   plan);
    for (int64_t i = 0; s == WEIR_OK && i < n; i++)
        partner[i] = schroedinger_partner(n, plan + i * n, u[i]);
    weir__free(c, cost);
    return s;
}

static double schroedinger_bridge(const void *options)
{
    const schroedinger_opts *o = options ? options : &schroedinger_plain;
    return o->sigma;
}

const weir_coupling_row weir__coupling_schroedinger = {
    .row = {
        .size = sizeof(weir_coupling_row),
        .version = 1,
        .name = "coupling.schroedinger",
        .doc = "of the same samples, drawn from the entropic plan, a Brownian bridge between them "
               "(Tong et al. 2023)",
        .options = schroedinger_options,
        .options_size = sizeof(schroedinger_opts),
        .test = "sigma=0.5",
    },
    .draw = schroedinger_draw,
    .bridge = schroedinger_bridge,
};
