/* diffusion.h - what continuous models build on: rows by name, a network as a vector field, likelihoods. */
#ifndef WEIR_DIFFUSION_INTERNAL_H
#define WEIR_DIFFUSION_INTERNAL_H
#include "nn/nn.h"
#include "weir/diffusion.h"

extern const weir_row *const weir__path_rows[], *const weir__time_density_rows[], *const weir__sampler_rows[];
extern const int64_t weir__path_row_count, weir__time_density_row_count, weir__sampler_row_count;
extern const weir_row *const weir__prediction_rows[], *const weir__time_grid_rows[];
extern const int64_t weir__prediction_row_count, weir__time_grid_row_count;

/* Every prediction, in the order of the listing: prediction.x0 is weir__prediction_x0, and so on. */
#define WEIR__PREDICTION_LIST(F) F(x0) F(eps) F(velocity) F(v) F(score)
#define F(n) extern const weir_prediction_row weir__prediction_##n;
WEIR__PREDICTION_LIST(F)
#undef F

/* Every sampler, in the order of the listing: sampler.heun is weir__sampler_heun, and so on. */
#define WEIR__SAMPLER_LIST(F) F(euler) F(midpoint) F(heun) F(rk4) F(dopri5) F(ddim) F(ddpm) F(edm)
#define F(n) extern const weir_sampler_row weir__sampler_##n;
WEIR__SAMPLER_LIST(F)
#undef F

/* -- samplers ---------------------------------------------------------------------------------- */
/* The options that every sampler has, the first of its own; GRID: its times unless others are asked
 * for. And what they were called once. */
#define WEIR__SAMPLER_OPTIONS(grid_, steps_doc) \
    { "steps", WEIR_OPTION_INT, offsetof(weir_sampler_opts, steps), "0", 0, 1e6, NULL, steps_doc }, \
    { "grid", WEIR_OPTION_ROW, offsetof(weir_sampler_opts, grid), grid_, 0, 0, "time_grid", \
      "times at which its steps end" }
#define WEIR__SAMPLER_RENAMED "shift=grid.shift"

#define WEIR__STREAM_SAMPLER "sampler" /* of random numbers; step: that of the frame */
/* Draw number draw[i] of N(0, I) for the sample of id ids[i], into out [n, dim]: by the context's
 * seed and the step of its frame. */
void weir__sampler_noise(weir_ctx *c, int64_t n, const int64_t *ids, const int64_t *draw,
                         int64_t dim, double *out);
/* The sampler's times, *n of them. NULL: the error is set. weir__free them. */
double *weir__sampler_times(weir_ctx *c, const weir_sampler_row *s, const void *options,
                            const weir_path_row *path, const void *path_options, double from,
                            double to, int64_t *n);
void weir__even_times(double from, double to, int64_t steps, double *times);

/* steps.c: a run whose samples all step at the same times. Its functions end it by false. */
typedef struct weir__steps {
    const weir_sampling *p;
    int64_t size;     /* n dim */
    int64_t *samples; /* [n]: 0, 1, .. n-1 */
    int64_t *draws;   /* [n]: of noise so far, of each sample its own */
    double *t;        /* [n] */
    double *room;     /* as many arrays [n, dim] as were asked for */
    weir_status status;
} weir__steps;
bool weir__steps_begin(weir__steps *w, const weir_sampling *p, int arrays);
/* After begin, whatever that gave: what the run is to return. */
weir_status weir__steps_end(weir__steps *w);
bool weir__steps_predict(weir__steps *w, const weir_prediction_row *want, double t, const double *x,
                         double *out);
bool weir__steps_noise(weir__steps *w, double *z);
/* Shows p->x, the states at the end of step `step`; 0: those it begins with. */
bool weir__steps_show(weir__steps *w, int64_t step);
/* Whether times go from noise to data; else an error of `who`. */
bool weir__steps_fall(const weir_sampling *p, const char *who);
weir_path_point weir__steps_point(const weir__steps *w, double t);
/* From p to q along the noise in x: y = (q.b / p.b) x + (q.a - p.a q.b / p.b) x0. Finite where p.a = 0
 * and where q.b = 0; this is DDIM, and Euler's step in sigma on x / a. y may be x. */
void weir__steps_first(int64_t size, weir_path_point p, weir_path_point q, const double *x,
                       const double *x0, double *y);

/* -- path.c ------------------------------------------------------------------------------------------------------------------------- */
/* x_t and the velocity's target a' x_0 + b' eps, rows at their times t [B]; shapes as x_0's. */
void weir__path_mix(const weir_path_row *path, const void *options, weir_tensor *x0, weir_tensor *eps, weir_tensor *t, weir_tensor **x, weir_tensor **target);

/* -- field.c: a network of kind "network" as a vector field over rows on the host -------------------------------------------------- */
typedef struct weir__field {
    weir_ctx *ctx;
    weir_module *net;
    const weir_path_row *path;
    const void *path_options;
    const weir_prediction_row *prediction; /* what the network says */
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
/* A weir_predict_fn of a weir__field. */
weir_status weir__field_predict(void *field, const weir_prediction_row *want, int64_t n,
                                const int64_t *samples, const double *t, const double *x,
                                double *out);

/* -- likelihood.c ---------------------------------------------------------------------------------------------------------------------- */
typedef struct weir__likelihood {
    const weir__field *field; /* which predicts the velocity */
    const weir_sampler_row *sampler; /* one with a `solve` */
    const void *sampler_options;
    double lo, hi;       /* of t: data and noise, N(0, b(hi)^2 I) */
    weir_tensor *probes; /* [n, k, dim] of the field's type, fixed during the solve; NULL: the exact trace */
} weir__likelihood;
/* Whether the sampler can; else an error. */
bool weir__likelihood_by(weir_ctx *c, const weir_sampler_row *sampler);
/* log p [n] of x [n, dim] at t = lo; NaN for rows that did not arrive, which `report` [n] explains. error [n], or NULL: the standard error over probes,
 * 0 without, NaN with one. */
weir_status weir__likelihood_run(const weir__likelihood *l, int64_t n, const double *x, double *log_p, double *error, weir_row_report *report);

#endif
