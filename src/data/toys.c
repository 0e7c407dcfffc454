/* toys.c - 2-D distributions drawn by formula. Sample i is a function of (name, i) alone, so that
 * toy:moons,n=100 is the beginning of n=1000 and a sample's id means the same in both.
 *
 * The formulas are those of FFJORD (Grathwohl et al. 2019; rtqichen/ffjord lib/toy_data.py) and
 * scikit-learn. Where these lay n points out on a grid (angles of moons and rings) or deal classes
 * out evenly, each sample here draws its own angle and class from the same law: the same
 * distribution, independent samples. Values are rounded to f32, and densities are of the rounded
 * values.
 *
 * Draws: uniforms and normals of a toy come from two keys, so that no two of them share random
 * words. */
#include <math.h>
#include "data/data.h"

#define PI 3.14159265358979323846

static double uniform(uint64_t key, uint64_t id, uint64_t index)
{
    return weir__uniform(weir__hash_mix(key, 1), id, index);
}
static double normal(uint64_t key, uint64_t id, uint64_t index)
{
    return weir__normal(weir__hash_mix(key, 2), id, index);
}
static int toys_class_of(uint64_t key, uint64_t id, uint64_t index, int n)
{
    return (int)(uniform(key, id, index) * n);
}

weir_status weir__toy_store(weir_ctx *c, const weir__dataset_row *row, int64_t n, weir__store *s)
{
    uint64_t key = weir__hash_text(row->row.name);
    float *x = weir__alloc_n(c, weir__size_times(n, 2), sizeof *x);
    if (!x) return weir_status_of(c);
    for (int64_t i = 0; i < n; i++) {
        double at[2];
        row->draw(key, (uint64_t)i, at);
        x[2 * i] = (float)at[0];
        x[2 * i + 1] = (float)at[1];
    }
    s->dtype = WEIR_F32;
    s->n = n;
    s->dim = 2;
    s->ndim = 1;
    s->shape[0] = 2;
    s->data = x;
    return WEIR_OK;
}

static const weir_option options[] = { WEIR__OPTIONS_ROWS, WEIR__OPTION_N, { 0 } };

#define TOY_ROW(public_name, one_line) \
    .row = { .size = sizeof(weir__dataset_row), \
             .version = 1, \
             .name = "dataset." public_name, \
             .doc = one_line, \
             .options = options, \
             .options_size = sizeof(weir__dataset_opts), \
             .test = "toy:" public_name ",n=200" }

/* -- curves ------------------------------------------------------------------------------------ */

static void draw_moons(uint64_t key, uint64_t id, double *x)
{
    double angle = PI * uniform(key, id, 1);
    bool inner = toys_class_of(key, id, 0, 2);
    x[0] = 2 * ((inner ? 1 - cos(angle) : cos(angle)) + 0.1 * normal(key, id, 0)) - 1;
    x[1] = 2 * ((inner ? 0.5 - sin(angle) : sin(angle)) + 0.1 * normal(key, id, 1)) - 0.2;
}

const weir__dataset_row weir__dataset_moons = {
    TOY_ROW("moons", "two half circles facing each other, noise 0.1 (scikit-learn), scaled by 2"),
    .draw = draw_moons,
    .entropy = WEIR__UNKNOWN,
};

static void draw_rings(uint64_t key, uint64_t id, double *x)
{
    double radius = 0.75 * (1 + toys_class_of(key, id, 0, 4)),
           angle = 2 * PI * uniform(key, id, 1); /* 3 times 0.25, 0.5, 0.75, 1 */
    x[0] = radius * cos(angle) + 0.08 * normal(key, id, 0);
    x[1] = radius * sin(angle) + 0.08 * normal(key, id, 1);
}

const weir__dataset_row weir__dataset_rings = {
    TOY_ROW("rings", "four rings of radius 0.75 to 3, noise 0.08"),
    .draw = draw_rings,
    .entropy = WEIR__UNKNOWN,
};

static void draw_spirals(uint64_t key, uint64_t id, double *x)
{
    double t = 3 * PI * sqrt(uniform(key, id, 1)), sign = toys_class_of(key, id, 0, 2) ? -1 : 1;
    x[0] = sign * (-t * cos(t) + 0.5 * uniform(key, id, 2)) / 3 + 0.1 * normal(key, id, 0);
    x[1] = sign * (t * sin(t) + 0.5 * uniform(key, id, 3)) / 3 + 0.1 * normal(key, id, 1);
}

const weir__dataset_row weir__dataset_spirals = {
    TOY_ROW("spirals", "two spirals of one and a half turns"),
    .draw = draw_spirals,
    .entropy = WEIR__UNKNOWN,
};

static void draw_swissroll(uint64_t key, uint64_t id, double *x)
{
    double t = 1.5 * PI * (1 + 2 * uniform(key, id, 0));
    x[0] = (t * cos(t) + normal(key, id, 0)) / 5;
    x[1] = (t * sin(t) + normal(key, id, 1)) / 5;
}

const weir__dataset_row weir__dataset_swissroll = {
    TOY_ROW("swissroll", "one spiral, noise 0.2 (scikit-learn's roll seen from its side)"),
    .draw = draw_swissroll,
    .entropy = WEIR__UNKNOWN,
};

static void draw_pinwheel(uint64_t key, uint64_t id, double *x)
{
    double along = 1 + 0.3 * normal(key, id, 0), across = 0.1 * normal(key, id, 1);
    double angle = 2 * PI * toys_class_of(key, id, 0, 5) / 5 + 0.25 * exp(along);
    x[0] = 2 * (along * cos(angle) + across * sin(angle));
    x[1] = 2 * (-along * sin(angle) + across * cos(angle));
}

const weir__dataset_row weir__dataset_pinwheel = {
    TOY_ROW("pinwheel", "five bent arms"),
    .draw = draw_pinwheel,
    .entropy = WEIR__UNKNOWN,
};

/* Uniform on the 8 dark cells, of side 2, of a 4x4 board on [-4, 4)^2. Uniforms are cut to 20 bits:
 * values then fit f32 exactly and rounding moves no sample over the border of its cell. */
static void draw_checkerboard(uint64_t key, uint64_t id, double *x)
{
    double u = floor(uniform(key, id, 0) * 0x1p20) * 0x1p-20;
    double v = floor(uniform(key, id, 1) * 0x1p20) * 0x1p-20;
    double x1 = 4 * u - 2, odd = floor(x1) - 2 * floor(floor(x1) / 2);
    x[0] = 2 * x1;
    x[1] = 2 * (v - 2 * toys_class_of(key, id, 2, 2) + odd);
}

static double log_density_checkerboard(const double *x)
{
    double column = floor(x[0] / 2), row = floor(x[1] / 2);
    bool inside = column >= -2 && column < 2 && row >= -2 && row < 2;
    return inside && fmod(column + row + 4, 2) == 0 ? -log(32) : -INFINITY;
}

const weir__dataset_row weir__dataset_checkerboard = {
    TOY_ROW("checkerboard", "uniform on the dark cells of a 4x4 board; known density"),
    .draw = draw_checkerboard, .log_density = log_density_checkerboard,
    .entropy = 3.4657359027997265, /* log 32 */
};

/* -- mixtures of axis-aligned Gaussians -------------------------------------------------------- */

typedef struct gaussian {
    double weight, mean[2], variance[2];
} gaussian;

static double log_density_mixture(const gaussian *g, int n, const double *x)
{
    double term[8], top = -INFINITY, sum = 0;
    for (int k = 0; k < n; k++) {
        double a = x[0] - g[k].mean[0], b = x[1] - g[k].mean[1];
        term[k] = log(g[k].weight / (2 * PI)) - 0.5 * log(g[k].variance[0] * g[k].variance[1])
                  - 0.5 * (a * a / g[k].variance[0] + b * b / g[k].variance[1]);
        if (!(term[k] <= top)) top = term[k]; /* NaN too: it must reach the result */
    }
    if (isinf(top)) return top;
    for (int k = 0; k < n; k++) sum += exp(term[k] - top);
    return top + log(sum);
}

static void draw_mixture(const gaussian *g, int n, uint64_t key, uint64_t id, double *x)
{
    double u = uniform(key, id, 0);
    int k = 0;
    while (k < n - 1 && u >= g[k].weight) u -= g[k++].weight;
    for (int j = 0; j < 2; j++)
        x[j] = g[k].mean[j] + sqrt(g[k].variance[j]) * normal(key, id, (uint64_t)j);
}

/* The three Gaussians that the reference numbers of the test suite are about. */
static const gaussian gmm3[] = {
    { 0.3, { 1, 0.5 }, { 0.09, 0.2 } },
    { 0.5, { -1, 0.3 }, { 0.3, 0.05 } },
    { 0.2, { 0.2, -1.2 }, { 0.1, 0.15 } },
};
static void draw_gmm3(uint64_t key, uint64_t id, double *x) { draw_mixture(gmm3, 3, key, id, x); }
static double log_density_gmm3(const double *x) { return log_density_mixture(gmm3, 3, x); }

const weir__dataset_row weir__dataset_gmm3 = {
    TOY_ROW("gmm3", "mixture of three Gaussians; known density"), .draw = draw_gmm3,
    .log_density = log_density_gmm3,
    .entropy =
        1.7625945963512728, /* rectangle rule on [-6, 6]^2, steps 0.01 and 0.005 agree to 1e-15 */
};

/* FFJORD divides by 1.414, not by the root of 2. */
#define CENTRE (4 / 1.414)
#define DIAGONAL (4 * 0.70710678118654752440 / 1.414)
#define VARIANCE { 0.25 / (1.414 * 1.414), 0.25 / (1.414 * 1.414) }
static const gaussian eight[] = {
    { 0.125, { CENTRE, 0 }, VARIANCE },           { 0.125, { -CENTRE, 0 }, VARIANCE },
    { 0.125, { 0, CENTRE }, VARIANCE },           { 0.125, { 0, -CENTRE }, VARIANCE },
    { 0.125, { DIAGONAL, DIAGONAL }, VARIANCE },  { 0.125, { DIAGONAL, -DIAGONAL }, VARIANCE },
    { 0.125, { -DIAGONAL, DIAGONAL }, VARIANCE }, { 0.125, { -DIAGONAL, -DIAGONAL }, VARIANCE },
};
static void draw_8gaussians(uint64_t key, uint64_t id, double *x)
{
    draw_mixture(eight, 8, key, id, x);
}
static double log_density_8gaussians(const double *x) { return log_density_mixture(eight, 8, x); }

const weir__dataset_row weir__dataset_8gaussians = {
    TOY_ROW("8gaussians",
            "eight Gaussians on a circle of radius 2.83, standard deviation 0.354; known density"),
    .draw = draw_8gaussians, .log_density = log_density_8gaussians,
    .entropy =
        2.8318804061377865, /* rectangle rule on [-7, 7]^2, steps 0.02 and 0.01 agree to 1e-15 */
};

/* -- one Gaussian with correlation 0.8: x = mean + L z, L = [1 0; 0.4 0.3] --------------------- */

static void draw_gaussian(uint64_t key, uint64_t id, double *x)
{
    double z0 = normal(key, id, 0), z1 = normal(key, id, 1);
    x[0] = 0.5 + z0;
    x[1] = -0.25 + 0.4 * z0 + 0.3 * z1;
}

static double log_density_gaussian(const double *x)
{
    double z0 = x[0] - 0.5, z1 = (x[1] + 0.25 - 0.4 * z0) / 0.3;
    return -log(2 * PI) - log(0.3) - 0.5 * (z0 * z0 + z1 * z1);
}

const weir__dataset_row weir__dataset_gaussian = {
    TOY_ROW("gaussian", "one Gaussian: mean (0.5, -0.25), standard deviations 1 and 0.5, "
                        "correlation 0.8; known density"),
    .draw = draw_gaussian, .log_density = log_density_gaussian,
    .entropy = 1.6339042620834092, /* 1 + log(2 pi) + log 0.3 */
};
