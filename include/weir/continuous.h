/* weir/continuous.h - continuous models, which are a network on a path: what it says, how straight
 * its trajectories are, and how they are made straighter.
 *
 *     weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8");
 *     double x[4] = { 0.1, 0.2, 0.3, 0.4 }, t[2] = { 0.5, 0.9 }, x0[4];
 *     weir_model_predict_into_f64(m, x, t, 2, NULL, x0);      // E[x_0 | x_t = x]
 *     printf("%g of %g\n", x0[0], x[0]);
 *     weir_model_free(m);
 */
#ifndef WEIR_CONTINUOUS_H
#define WEIR_CONTINUOUS_H
#include "weir/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- what the network says --------------------------------------------------------------------- */
typedef struct weir_predict_opts {
    size_t size;
    /* A prediction, "NAME" or "NAME key=value ..", or "raw": the one that the network was trained
     * to say. NULL: "x0". */
    const char *form;
    /* x are data instead: what is asked about is a y + b eps, of y the transformed data
     * (dequantised too) and eps by seed and number of the sample. */
    bool add_noise;
    uint64_t seed;
    bool use_seed; /* default: the context's */
    const weir_condition *condition; /* of all samples, or one each; NULL: none */
    int64_t batch; /* samples at a time; 0: chosen. Never changes a bit */
    int (*on_step)(void *user, int64_t done, int64_t n); /* non-zero: WEIR_STOPPED */
    void *user;
    double *noised; /* [n, dim], or NULL: where to put what was asked about, as x is */
} weir_predict_opts;
WEIR_API void weir_predict_defaults_sized(weir_predict_opts *o, size_t size);
WEIR_DEFAULTS(weir_predict_opts, weir_predict_defaults)
/* out [n, dim] of x [n, dim], samples on the model's path at times t [n], in the scale of the data
 * as stored, in which trajectories show them (weir_sample_opts): x = s y + m of transformed y. In
 * that scale are x0, velocity and score too, s D + m, s u and S / s; the other forms are of y.
 * Exact but for rounding in whatever form the network was trained; NaN or infinite where that does
 * not decide it (weir/diffusion.h). A time outside the path's is an error, and so is a model that
 * has no path (WEIR_ERROR_UNSUPPORTED). */
WEIR_API weir_status weir_model_predict_into_f64(weir_model *m, const double *x, const double *t,
                                                 int64_t n, const weir_predict_opts *o,
                                                 double *out);
/* The same of the samples of d, all at time t, under the conditions that d offers, else o's. */
WEIR_API weir_status weir_data_predict(weir_model *m, weir_dataset *d, double t,
                                       const weir_predict_opts *o, double *out);

/* -- conversion -------------------------------------------------------------------------------- */
/* m as a model of another path and another prediction, "NAME key=value .." (NULL: m's own), of the
 * row `model` (NULL: m's). Its network is m's with copies of its weights, behind network.retarget,
 * which asks it at the same sigma = b / a of the path it was trained on, within the sigmas there.
 * A sampler that steps in sigma (ddim, edm) over one grid of sigmas gives the same samples, and
 * an exact solve the same log-densities, but for rounding, where the new path has the sigmas at
 * which m begins and ends; m in f64: to 1e-9. Of a converted model the first network is taken. nil:
 * the error is set. */
WEIR_API weir_model *weir_model_convert(weir_model *m, const char *model, const char *path,
                                        const char *prediction);

/* -- rectified flows --------------------------------------------------------------------------- */
typedef struct weir_straightness_info {
    size_t size; /* sizeof it, set before the call */
    int64_t n; /* trajectories */
    /* S(Z) of Liu, Gong, Liu 2022: E of the integral over t of |(eps - x_0) - u(x_t, t)|^2 along
     * the ODE, summed over the values of a sample, in the scale that the model sees data in; and
     * its standard error. 0: trajectories are lines, and one step of Euler is exact. */
    double value, error;
    double one_step; /* E|x_0 - (eps - u(eps, 1))|^2: what one step of Euler is off */
} weir_straightness_info;
/* Of n trajectories, drawn as samples are: o's seed, condition, batch and on_step count, and its
 * solver, whose steps the integral is over (NULL: rk4 in 100 steps). They are those of the model on
 * path fm, where it is on another that of weir_model_convert(m, NULL, "fm", "velocity"). */
WEIR_API weir_status weir_model_straightness(weir_model *m, int64_t n, const weir_sample_opts *o,
                                             weir_straightness_info *info);
/* Makes a run in `folder` that trains a rectified flow on pairs of noise and the sample that the
 * ODE of the run `from`, of any continuous model, makes of it, instead of data and noise of their
 * own (Liu, Gong, Liu 2022: reflow). From one on path fm it begins at its weights. From one on
 * another path it is of path fm and prediction velocity, has its network (of a converted model that
 * of before) and begins anew. Pairs are made while it trains, and `from` stays as it is, and must
 * stay there. Settings are those of `from`, its data and preset too (data are scored at the end,
 * once, unless valid_every says otherwise: their likelihood does not choose weights), but for those
 * of `config` (NULL: none), as in weir_run_open. Its own model option reflow= is what it learns
 * from: such a run goes on by weir_run_open(c, folder, NULL, true), too. */
WEIR_API weir_run *weir_run_reflow(weir_ctx *c, const char *from, const char *folder,
                                   const char *config);

#ifdef __cplusplus
}
#endif
#endif
