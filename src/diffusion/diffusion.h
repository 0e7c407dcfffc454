/* diffusion.h - what continuous models build on: rows by name, a network as a vector field,
 * likelihoods. */
#ifndef WEIR_DIFFUSION_INTERNAL_H
#define WEIR_DIFFUSION_INTERNAL_H
#include "nn/nn.h"
#include "weir/diffusion.h"

extern const weir_row *const weir__path_rows[], *const weir__time_density_rows[];
extern const weir_row *const weir__sampler_rows[];
extern const int64_t weir__path_row_count, weir__time_density_row_count, weir__sampler_row_count;
extern const weir_row *const weir__prediction_rows[], *const weir__time_grid_rows[];
extern const int64_t weir__prediction_row_count, weir__time_grid_row_count;
extern const weir_row *const weir__loss_weight_rows[];
extern const int64_t weir__loss_weight_row_count;
extern const weir_loss_weight_row weir__loss_weight_none;
extern const weir_row *const weir__coupling_rows[];
extern const int64_t weir__coupling_row_count;
extern const weir_coupling_row weir__coupling_independent, weir__coupling_ot,
    weir__coupling_schroedinger;

/* Every path, in the order of the listing: path.fm is weir__path_fm, and so on. */
#define WEIR__PATH_LIST(F) F(fm) F(trig) F(vp) F(vp_cosine) F(sub_vp) F(ddpm) F(ve) F(edm)
#define F(n) extern const weir_path_row weir__path_##n;
WEIR__PATH_LIST(F)
#undef F
void weir__path_unit(const void *options, double *lo, double *hi); /* t from 0 to 1 */

/* Every prediction, in the order of the listing: prediction.x0 is weir__prediction_x0 .. */
#define WEIR__PREDICTION_LIST(F) F(x0) F(eps) F(velocity) F(v) F(score) F(edm)
#define F(n) extern const weir_prediction_row weir__prediction_##n;
WEIR__PREDICTION_LIST(F)
#undef F

/* prediction.c: a form z from another, y: z = of_x x + of_y y. Not finite where y does not decide
 * it. */
typedef struct weir__conversion {
    double of_x, of_y;
} weir__conversion;
weir__conversion weir__conversion_at(weir_path_point p, const weir_prediction_row *from,
                                     const void *from_options, const weir_prediction_row *to,
                                     const void *to_options);

/* z at one point from y at another, p, of the same sigma: x is that at p, and both points are those
 * of the form there. */
weir__conversion weir__conversion_across(weir_path_point p, weir_prediction_point from,
                                         weir_prediction_point to);

/* Every sampler, in the order of the listing: sampler.heun is weir__sampler_heun, and so on. */
#define WEIR__SAMPLER_LIST(F) \
    F(euler) F(midpoint) F(heun) F(rk4) F(dopri5) F(tsit5) F(ddim) F(ddpm) F(euler_ancestral) \
    F(euler_maruyama) F(edm) F(dpm_1) F(dpm_2) F(dpm_3) F(dpmpp_2s) F(dpmpp_3s) F(dpmpp_2m) \
    F(dpmpp_3m) F(dpmpp_2m_sde) F(unipc)
#define F(n) extern const weir_sampler_row weir__sampler_##n;
WEIR__SAMPLER_LIST(F)
#undef F

/* -- samplers ---------------------------------------------------------------------------------- */
/* The options that every sampler of the library has, the first of its own; GRID: its times unless
 * others are asked for. And what they were called once. */
typedef struct weir__sampler_opts {
    weir_sampler_opts common;
    int32_t clamp; /* likewise of a weir_x0_clamp */
    double clamp_low, clamp_high;
} weir__sampler_opts;
enum { WEIR__CLAMP_AUTO, WEIR__CLAMP_NO, WEIR__CLAMP_YES };
#define WEIR__CLAMP_CHOICES "auto|no|yes"
#define WEIR__SAMPLER_OPTIONS(grid_, steps_doc) \
    { "steps", WEIR_OPTION_INT, offsetof(weir_sampler_opts, steps), "0", 0, 1e6, NULL, \
      steps_doc }, \
    { "grid", WEIR_OPTION_ROW, offsetof(weir_sampler_opts, grid), grid_, 0, 0, "time_grid", \
      "times at which its steps end" }, \
    { "guidance", WEIR_OPTION_REAL, offsetof(weir_sampler_opts, guidance), "1", -1e3, 1e3, NULL, \
      "weight of the condition against the null condition; 1: the condition alone, 0: without" }, \
    { "guidance_rescale", WEIR_OPTION_REAL, offsetof(weir_sampler_opts, guidance_rescale), "0", \
      0, 1, NULL, \
      "share of what is guided that is scaled to the deviation it has without guidance" }, \
    { "guidance_low", WEIR_OPTION_REAL, offsetof(weir_sampler_opts, guidance_low), "0", 0, 1e9, \
      NULL, "it is guided above this sigma = b / a; 0: down to the data" }, \
    { "guidance_high", WEIR_OPTION_REAL, offsetof(weir_sampler_opts, guidance_high), "inf", 0, \
      INFINITY, NULL, "up to this sigma" }, \
    { "clamp", WEIR_OPTION_CHOICE, offsetof(weir__sampler_opts, clamp), "auto", 0, 0, \
      WEIR__CLAMP_CHOICES, \
      "the data predicted are kept within the range of the data; auto: where a bound is given, " \
      "and of integer data where the sampler is no method for ODEs" }, \
    { "clamp_low", WEIR_OPTION_REAL, offsetof(weir__sampler_opts, clamp_low), "-inf", -INFINITY, \
      INFINITY, NULL, "least value of the data as stored; of integers 0 or above" }, \
    { "clamp_high", WEIR_OPTION_REAL, offsetof(weir__sampler_opts, clamp_high), "inf", -INFINITY, \
      INFINITY, NULL, "largest value; of integers levels - 1 or below" }
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
/* From p to q along the noise in x: y = (q.b / p.b) x + (q.a - p.a q.b / p.b) x0. Finite where
 * p.a = 0 and where q.b = 0; this is DDIM, and Euler's step in sigma on x / a. y may be x. */
void weir__steps_first(int64_t size, weir_path_point p, weir_path_point q, const double *x,
                       const double *x0, double *y);

/* exponential.c: y = sum_k c[k] v[k] of arrays [size]; y may be one of them. */
void weir__steps_mix(int64_t size, int terms, const double *c, double *const *v, double *y);
/* sum_{j >= 1} z^j / (j + k)!, k >= 0: e^z - 1, (e^z - 1) / z - 1, .. */
double weir__steps_phi(int k, double z);
/* A time and the path there; and the one where log sigma is a share r of the way from p to q. */
typedef struct weir__moment {
    double t;
    weir_path_point is;
} weir__moment;
weir__moment weir__steps_moment(const weir__steps *w, double t);
weir__moment weir__steps_between(const weir__steps *w, weir__moment p, weir__moment q, double r);
/* A step whose form of prediction, data or noise, is m: x' = of_x x + of_m m - scale (what its
 * changes give, by phi of z). of_x and of_m are weir__steps_first's: finite where q.b = 0 and, of
 * data, where p.a = 0; there weir__leg_first holds and nothing else of the step is. */
typedef struct weir__leg {
    double of_x, of_m, scale, z;
} weir__leg;
weir__leg weir__leg_of(bool noise, weir_path_point p, weir_path_point q);
bool weir__leg_first(weir_path_point p, weir_path_point q);
const weir_prediction_row *weir__leg_form(bool noise);

/* -- field.c: a network of kind "network" as a vector field over samples on the host ----------- */
/* What a network is told of the time: t itself, or log(sigma) / 4 (Karras et al. 2022). */
enum { WEIR__LABEL_TIME, WEIR__LABEL_LOG_SIGMA };
#define WEIR__LABEL_CHOICES "time|log_sigma"

typedef struct weir__field {
    weir_ctx *ctx;
    weir_module *net;
    const weir_path_row *path;
    const void *path_options;
    const weir_prediction_row *prediction; /* what the network says */
    const void *prediction_options;
    int32_t label;
    double sigma_data; /* above 0: its input is x / sqrt(b^2 + a^2 sigma_data^2); 0: x */
    double sigma_low, sigma_high; /* above 0: it knows these sigmas alone, from a path before */
    weir_dtype dtype;  /* of its parameters */
    int ndim;          /* of a sample */
    const int64_t *shape;
    int64_t dim; /* elements of a sample */
    const weir_condition *condition; /* of every sample of the solve; NULL: none */
} weir__field;
/* Ends of the times at which the network is asked: those of the path, but where what it says does
 * not decide the velocity, or sigma is 0 or infinite and its label log sigma: there sigma is
 * WEIR__SIGMA_LEAST or WEIR__SIGMA_MOST. */
#define WEIR__SIGMA_LEAST 0.002
#define WEIR__SIGMA_MOST 200.0
void weir__field_ends(const weir__field *f, double *lo, double *hi);
double weir__field_input_scale(const weir__field *f, weir_path_point p);
double weir__field_label(const weir__field *f, double t);
/* Of the squared error of what the network says, at t, by the weight of an error of x_0. */
double weir__field_weight(const weir__field *f, const weir_loss_weight_row *weight,
                          const void *options, double t);
/* Times [n] of training, of the network's type, by the ids of the random frame. */
weir_tensor *weir__field_draw_times(const weir__field *f, weir_ctx *c,
                                    const weir_time_density_row *density, const void *options,
                                    int64_t n);
/* The condition of the samples `rows` [n] of the solve. */
weir_condition *weir__field_condition(const weir__field *f, int64_t n, const int64_t *rows);
/* Samples of x, `stride` apart, as a tensor [n, shape..] of the network's type, as they are or, at
 * times t [n], scaled as its input; its labels there as one [n]. */
weir_tensor *weir__field_tensor(const weir__field *f, int64_t n, const double *x, int64_t stride);
weir_tensor *weir__field_input(const weir__field *f, int64_t n, const double *t, const double *x,
                               int64_t stride);
weir_tensor *weir__field_labels(const weir__field *f, int64_t n, const double *t);
/* A weir_predict_fn of a weir__field. */
weir_status weir__field_predict(void *field, const weir_prediction_row *want, int64_t n,
                                const int64_t *samples, const double *t, const double *x,
                                double *out);

/* -- pairs.c ----------------------------------------------------------------------------------- */
typedef struct weir__pairs {
    weir_tensor *x, *label, *target; /* of the network; shapes as x_0's, label [B] */
    weir_tensor *weight;             /* [B]; NULL: 1 */
} weir__pairs;
/* At the times t [B]. False: an error is set. */
bool weir__field_pairs(const weir__field *f, const weir_loss_weight_row *weight,
                       const void *weight_options, weir_tensor *x0, weir_tensor *eps,
                       weir_tensor *t, weir__pairs *out);

/* What a Brownian bridge of deviation sigma adds to pairs on path.fm of the velocity: to the input
 * sigma sqrt(t (1 - t)) z, to the target its derivative by t. It draws z by the random frame. */
bool weir__field_bridge(weir_tensor *t, double sigma, weir__pairs *pairs);
/* Its two factors of z, v [2, n]. */
void weir__bridge_factors(double sigma, int64_t n, const double *t, double *v);

/* -- coupling.c -------------------------------------------------------------------------------- */
/* group [n]: samples of equal weight (NULL: all are) and equal condition have one number, that of
 * the first of them; contexts, of real values, are looked at only where asked for. */
weir_status weir__alike(weir_ctx *c, int64_t n, const double *weights, const weir_condition *k,
                        bool contexts, int64_t *group);
/* The first option of couplings that look at conditions, double, behind their size; what else they
 * have stands behind it. */
#define WEIR__COUPLING_CONDITION \
    { "condition", WEIR_OPTION_REAL, sizeof(size_t), "inf", 0, INFINITY, NULL, \
      "weight w of |context - context'|^2 beside |x - eps|^2, contexts as the model sees them; " \
      "inf: equal ones alone exchange noise" }
/* cost [n, n] = -x e^T of x and e [n, dim], and 0 where that is not finite. */
bool weir__coupling_products(weir_ctx *c, int64_t n, int64_t dim, const double *x, const double *e,
                             double *cost);
/* The noise of each sample of the batch x0, of the noise eps; values alone. Samples exchange it
 * where they are alike. */
weir_tensor *weir__coupled(const weir_coupling_row *row, const void *options, weir_tensor *x0,
                           weir_tensor *eps, const double *weights, const weir_condition *k);
/* assignment.c: partner [n], the permutation of least sum of cost [n, n], of line i and column
 * partner[i]. Costs are finite. */
weir_status weir__assign(weir_ctx *c, int64_t n, const double *cost, int64_t *partner);
/* sinkhorn.c: plan [n, n] of least entropic cost, sums of its lines and columns 1 within the
 * tolerance; an error where `most` iterations do not bring it there. Costs are finite. */
weir_status weir__sinkhorn(weir_ctx *c, int64_t n, const double *cost, double reg, double tolerance,
                           int64_t most, double *plan);

/* -- angle.c: an ODE in t as one in atan(b / a), for adaptive methods where a' and b' jump ----- */
bool weir__path_jumps(const weir_path_row *path);
typedef struct weir__angle {
    weir_ode in_t; /* as it was */
    const weir_path_row *path;
    const void *path_options;
    double *t; /* [n] */
} weir__angle;
/* Changes the ode's interval and function; w stays in place until the end. False: no memory. The
 * end follows in either case. */
bool weir__angle_begin(weir__angle *w, const weir_path_row *path, const void *path_options,
                       weir_ode *ode);
void weir__angle_end(weir__angle *w);

/* -- likelihood.c ------------------------------------------------------------------------------ */
typedef struct weir__likelihood {
    const weir__field *field;
    const weir_sampler_row *sampler; /* one with a `solve` */
    const void *sampler_options;
    double lo, hi;       /* of t: data and noise, N(0, b(hi)^2 I) */
    weir_tensor *probes; /* [n, k, dim] of the field's type, fixed during the solve; NULL: the
                            exact trace */
} weir__likelihood;
/* Whether the sampler can; else an error. */
bool weir__likelihood_by(weir_ctx *c, const weir_sampler_row *sampler);
/* log p [n] of x [n, dim] at t = lo; NaN for samples that did not arrive, which `report` [n]
 * explains. error [n], or NULL: the standard error over probes, 0 without, NaN with one. */
weir_status weir__likelihood_run(const weir__likelihood *l, int64_t n, const double *x,
                                 double *log_p, double *error, weir_sample_report *report);

#endif
