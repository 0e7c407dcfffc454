/* diffusion.h - what continuous models build on: rows by name, a network as a vector field, likelihoods. */
#ifndef WEIR_DIFFUSION_INTERNAL_H
#define WEIR_DIFFUSION_INTERNAL_H
#include "nn/nn.h"
#include "weir/diffusion.h"

extern const weir_row *const weir__path_rows[], *const weir__time_density_rows[], *const weir__sampler_rows[];
extern const int64_t weir__path_row_count, weir__time_density_row_count, weir__sampler_row_count;
extern const weir_row *const weir__prediction_rows[];
extern const int64_t weir__prediction_row_count;

/* Every prediction, in the order of the listing: prediction.x0 is weir__prediction_x0, and so on. */
#define WEIR__PREDICTION_LIST(F) F(x0) F(eps) F(velocity) F(v) F(score)
#define F(n) extern const weir_prediction_row weir__prediction_##n;
WEIR__PREDICTION_LIST(F)
#undef F

/* Every sampler, in the order of the listing: sampler.heun is weir__sampler_heun, and so on. */
#define WEIR__SAMPLER_LIST(F) F(euler) F(midpoint) F(heun) F(rk4) F(dopri5)
#define F(n) extern const weir_sampler_row weir__sampler_##n;
WEIR__SAMPLER_LIST(F)
#undef F

/* -- path.c ------------------------------------------------------------------------------------------------------------------------- */
/* x_t and the velocity's target a' x_0 + b' eps, rows at their times t [B]; shapes as x_0's. */
void weir__path_mix(const weir_path_row *path, const void *options, weir_tensor *x0, weir_tensor *eps, weir_tensor *t, weir_tensor **x, weir_tensor **target);

/* -- field.c: a network of kind "network" as a vector field over rows on the host -------------------------------------------------- */
typedef struct weir__field {
    weir_ctx *ctx;
    weir_module *net;   /* predicts u(x, t) */
    weir_dtype dtype;   /* of its parameters */
    int ndim;           /* of a sample */
    const int64_t *shape;
    int64_t dim;        /* elements of a sample */
    const weir_condition *condition; /* of every sample of the solve; NULL: none */
} weir__field;
/* The condition of the samples `rows` [n] of the solve. */
weir_condition *weir__field_condition(const weir__field *f, int64_t n, const int64_t *rows);
/* Rows of x, `stride` apart, as a tensor [n, shape..] of the network's type; their times as one [n]. */
weir_tensor *weir__field_tensor(const weir__field *f, int64_t n, const double *x, int64_t stride);
weir_tensor *weir__field_times(const weir__field *f, int64_t n, const double *t);
/* A weir_ode_fn of a weir__field: dx = u. */
bool weir__field_velocity(void *field, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx);

/* -- likelihood.c ---------------------------------------------------------------------------------------------------------------------- */
typedef struct weir__likelihood {
    const weir__field *field;
    const weir_sampler_row *sampler;
    const void *sampler_options;
    double lo, hi;        /* of t: data and noise */
    double sigma;         /* deviation of the noise at hi, whose mean is 0 */
    weir_tensor *probes;  /* [n, k, dim] of the field's type, fixed during the solve; NULL: the exact trace */
} weir__likelihood;
/* log p [n] of x [n, dim] at t = lo; NaN for rows that did not arrive, which `report` [n] explains. error [n], or NULL: the standard error over probes,
 * 0 without, NaN with one. */
weir_status weir__likelihood_run(const weir__likelihood *l, int64_t n, const double *x, double *log_p, double *error, weir_row_report *report);

#endif
