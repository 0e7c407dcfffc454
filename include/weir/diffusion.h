/* weir/diffusion.h - what continuous models are put together from: paths from data to noise, what
 * networks predict, distributions of training times, weights, grids of times, samplers.
 *
 *     const weir_path_row *path = (const weir_path_row *)weir_row_find(c, "path", "fm");
 *     weir_path_point p = path->at(NULL, 0.25);               // fm has no options
 *     printf("x_t = %g x_0 + %g eps\n", p.a, p.b);            // 0.75, 0.25
 *
 * Time runs from t = 0, data, to t = 1, noise, and there is one noising formula:
 * x_t = a(t) x_0 + b(t) eps, eps ~ N(0, I). A network that predicts the velocity
 * u(x, t) = E[a' x_0 + b' eps | x_t = x] gives the ODE dx/dt = u, which carries the distribution of
 * the data to that of the noise and back. Rows of these kinds are found by name: path.fm,
 * prediction.velocity, time_density.logit_normal, sampler.heun.
 */
#ifndef WEIR_DIFFUSION_H
#define WEIR_DIFFUSION_H
#include "weir/ode.h"
#include "weir/registry.h"
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- paths: kind "path" ------------------------------------------------------------------------ */
typedef struct weir_path_point {
    double a, b, da, db; /* and the derivatives of a and b by t */
} weir_path_point;
typedef struct weir_path_row {
    weir_row row;
    weir_path_point (*at)(const void *options, double t);
    double (*time_of)(const void *options, double sigma); /* the t where b / a = sigma, which rises
                                                             with t */
    void (*interval)(const void *options, double *lo, double *hi); /* of valid t */
} weir_path_row;

/* -- what is predicted: kind "prediction" ------------------------------------------------------ */
/* A network says of x_t, and a sampler asks for, one of several forms y of the same knowledge. With
 * D = E[x_0 | x_t = x] and e = E[eps | x_t = x] each is linear in the two, scale y = x0 D + eps e:
 *
 *     x0        D                             eps       e
 *     velocity  a' D + b' e = dx/dt           v         (a e - b D) / sqrt(a^2 + b^2)
 *     score     -e / b, the gradient of log p_t by x
 *     edm       (D - c_skip x / a) / c_out, with s the deviation of the data, sigma = b / a:
 *               c_skip = s^2 / (sigma^2 + s^2), c_out = s sigma / sqrt(sigma^2 + s^2) */
typedef struct weir_prediction_point {
    double x0, eps, scale;
} weir_prediction_point;
typedef struct weir_prediction_row {
    weir_row row;
    weir_prediction_point (*at)(const void *options, weir_path_point p); /* NULL: the defaults */
} weir_prediction_row;
/* y [n, dim], what `from` says of x [n, dim] at the times t [n], becomes what `to` says. Exact but
 * for rounding, at the ends of the path too; NaN or infinite where the one does not decide the
 * other: eps says nothing of x_0 where a = 0, nor x0 of eps where b = 0. */
WEIR_API weir_status weir_prediction_convert(weir_ctx *c, const weir_path_row *path,
                                             const void *path_options,
                                             const weir_prediction_row *from,
                                             const void *from_options,
                                             const weir_prediction_row *to, const void *to_options,
                                             int64_t n, int64_t dim, const double *t,
                                             const double *x, double *y);

/* -- distributions of training times: kind "time_density" -------------------------------------- */
typedef struct weir_time_density_row {
    weir_row row;
    weir_tensor *(*draw)(weir_ctx *c, weir_dtype t, int64_t n,
                         const void *options); /* [n], by the sample ids of the random frame */
    double (*log_density)(const void *options, double t); /* on (0, 1) */
    bool of_sigma; /* both are of sigma = b / a, and t follows; else of the share of the path's
                      times, from its end at the data */
} weir_time_density_row;

/* -- weights of the loss: kind "loss_weight" --------------------------------------------------- */
/* Every squared error is one of the data predicted, times a factor of the time: of x_0 itself `own`
 * times as large, own = (b / a)^-2 for eps. So weightings of all forms are written by what they
 * give an error of x_0: `own` leaves that of the network's form as it is. */
typedef struct weir_loss_weight_row {
    weir_row row;
    double (*of_x0)(const void *options, weir_path_point p, double own);
} weir_loss_weight_row;

/* -- couplings of data and noise: kind "coupling" ---------------------------------------------- */
typedef struct weir_coupling_row {
    weir_row row;
    /* Of samples x0 of a batch, of one condition and one weight, and their noise eps [n, dim]:
     * sample i is trained with the noise partner[i], a permutation. NULL: draw. */
    weir_status (*pair)(weir_ctx *c, const void *options, int64_t n, int64_t dim, const double *x0,
                        const double *eps, int64_t *partner);
    /* The same by u [n], uniform on [0, 1), of each sample its own; noise may come twice. */
    weir_status (*draw)(weir_ctx *c, const void *options, int64_t n, int64_t dim, const double *x0,
                        const double *eps, const double *u, int64_t *partner);
    /* sigma of the Brownian bridge between a sample and its noise; NULL: 0, a line. */
    double (*bridge)(const void *options);
} weir_coupling_row;

/* -- grids of times: kind "time_grid" ---------------------------------------------------------- */
typedef struct weir_time_grid_row {
    weir_row row;
    /* times [steps + 1] of a solve on the path between its ends `from` and `to`, either way round.
     * A grid may begin below the noisy end (Karras at sigma_max); at the other end it is exact. */
    void (*fill)(const void *options, const weir_path_row *path, const void *path_options,
                 double from, double to, int64_t steps, double *times);
} weir_time_grid_row;

/* -- samplers: kind "sampler" ------------------------------------------------------------------ */
/* Writes what form `want` says of the samples x [n, dim] at t [n] into out [n, dim]. samples [n]
 * are their places in the problem, 0 .. n-1 of it (conditions go by them). A sample gets the same
 * bits in any company. Another status than WEIR_OK ends the run. */
typedef weir_status weir_predict_fn(void *user, const weir_prediction_row *want, int64_t n,
                                    const int64_t *samples, const double *t, const double *x,
                                    double *out);
/* A network on its path; or one around another: guidance, clamps, what is known kept. */
typedef struct weir_predictor {
    weir_predict_fn *predict;
    void *user;
} weir_predictor;

/* What a sampler is given. It asks for the form of prediction that it wants, at times of its
 * choice, and for noise; it keeps nothing. */
typedef struct weir_sampling {
    size_t size;
    weir_ctx *ctx;
    int64_t n, dim;
    const int64_t *ids; /* [n]: numbers of the samples, by which noise is drawn; NULL: 0 .. n-1 */
    double *x; /* [n, dim]: in the states at times[0], out those at the last time */
    const weir_path_row *path;
    const void *path_options;
    const double *times; /* [n_times], two or more, from noise to data or back */
    int64_t n_times;
    weir_predictor predictor;
    /* N(0, I) into out [n, dim]: of sample samples[i] the draw number draw[i], which counts that
     * sample's own from 0. NULL: by the context's seed, the sample's id and the draw. */
    weir_status (*noise)(void *user, const int64_t *draw, int64_t n, const int64_t *samples,
                         double *out);
    /* Or NULL. Sees the states x [n, dim] at t [n]: those at times[0] (step 0), and those at every
     * step's end. Another status than WEIR_OK ends the run. Adaptive samplers: an error. */
    weir_status (*on_state)(void *user, int64_t step, const double *t, const double *x);
    void *user; /* of noise and on_state */
    weir_sample_report *report; /* [n], or NULL */
} weir_sampling;

/* Every sampler's options begin with these: rows of programs have their own behind them, so this
 * struct never grows. */
typedef struct weir_sampler_opts {
    size_t size;
    int64_t
        steps; /* 0: what the sampler takes by itself; adaptive ones then choose every sample's */
    weir_choice grid; /* of kind "time_grid"; its row NULL: even times */
    /* For whoever makes the predictor (a model): of a weir_guidance around it. */
    double guidance, guidance_rescale, guidance_low, guidance_high;
} weir_sampler_opts;
typedef struct weir_sampler_row {
    weir_row row;
    int64_t steps; /* by default; 0: adaptive */
    /* Carries p->x from the first time to the last; called by weir_sampler_run. */
    weir_status (*run)(const weir_sampling *p, const void *options);
    /* Of methods for ODEs: solves any other one over the times too, as log-densities want it; NULL:
     * it is no such method. */
    weir_status (*solve)(const weir_ode *p, const double *times, int64_t n_times,
                         const void *options);
    /* Steps to the data, b = 0, and asks nothing there. Others end where a prediction decides the
     * velocity. */
    bool ends_at_data;
} weir_sampler_row;

/* Steps with these options; 0: every sample chooses its own. */
WEIR_API int64_t weir_sampler_steps(const weir_sampler_row *sampler, const void *options);
/* The times of its grid between the ends `from` and `to` of the path: steps + 1, or the two ends.
 * An error where they are not in order. */
WEIR_API weir_status weir_sampler_times(weir_ctx *c, const weir_sampler_row *sampler,
                                        const void *options, const weir_path_row *path,
                                        const void *path_options, double from, double to,
                                        double *times);
/* Runs it. A sample that is not finite at the end is NaN as a whole, and its report says so. */
WEIR_API weir_status weir_sampler_run(const weir_sampler_row *sampler, const void *options,
                                      const weir_sampling *p);

/* -- predictors around others ------------------------------------------------------------------ */
/* Guidance: y = other + weight (own - other), the same in every form of prediction. `own` knows the
 * condition and `other` does not (Ho, Salimans 2022), or `other` is a worse model (Karras et al.
 * 2024). Weight 1: own alone, and so where b / a is outside (sigma_low, sigma_high] (Kynkaanniemi
 * et al. 2024); then `other` is not asked. Weight 0: other alone.
 *
 * A large weight makes samples too bright. With rescale r it is r s y + (1 - r) y, where s is the
 * deviation of own over that of y, both in form v over the values of a sample (Lin et al. 2023:
 * r = 0.7). */
typedef struct weir_guidance {
    size_t size;
    weir_ctx *ctx;
    weir_predictor own, other;
    int64_t dim; /* of a sample */
    double weight; /* 1 */
    double rescale; /* 0 */
    const weir_path_row *path;
    const void *path_options;
    double sigma_low, sigma_high; /* everywhere */
} weir_guidance;
WEIR_API void weir_guidance_defaults_sized(weir_guidance *g, size_t size);
WEIR_DEFAULTS(weir_guidance, weir_guidance_defaults)
/* *g is read at every prediction, and is the caller's to keep. */
WEIR_API weir_predictor weir_guidance_predictor(weir_guidance *g);

/* The data that `own` predicts, kept within [low, high], and what follows in any other form: the
 * noise is that between x and the clamped data,
 *
 *     D' = min(max(D, low), high),   e' = (x - a D') / b.
 *
 * D = E[x_0 | x_t = x] is a mean of data, and lies in any interval that they lie in: there the
 * projection brings an estimate of D nearer or leaves it. Where b = 0 nothing is clamped: x is the
 * data. */
typedef struct weir_x0_clamp {
    size_t size;
    weir_ctx *ctx;
    weir_predictor own;
    int64_t dim; /* of a sample */
    double low, high; /* -1, 1 */
    const weir_path_row *path;
    const void *path_options;
    const double *lows, *highs; /* [dim], of each value its own; NULL: low, high */
} weir_x0_clamp;
WEIR_API void weir_x0_clamp_defaults_sized(weir_x0_clamp *k, size_t size);
WEIR_DEFAULTS(weir_x0_clamp, weir_x0_clamp_defaults)
WEIR_API weir_predictor weir_x0_clamp_predictor(weir_x0_clamp *k);

/* Values of the data that are known: D is them, and in any form what follows of x; of the rest what
 * `own` says. Samplers then draw the rest beside them (Lugmayr et al. 2022): where they begin x is
 * a x0 + b eps of what is known. */
typedef struct weir_x0_known {
    size_t size;
    weir_ctx *ctx;
    weir_predictor own;
    int64_t dim; /* of a sample */
    const double *x0;  /* [n, dim] of the samples of the problem; only where it is known */
    const bool *known; /* [n, dim] */
    const weir_path_row *path;
    const void *path_options;
} weir_x0_known;
WEIR_API void weir_x0_known_defaults_sized(weir_x0_known *k, size_t size);
WEIR_DEFAULTS(weir_x0_known, weir_x0_known_defaults)
WEIR_API weir_predictor weir_x0_known_predictor(weir_x0_known *k);

#ifdef __cplusplus
}
#endif
#endif
