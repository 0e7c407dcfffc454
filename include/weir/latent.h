/* weir/latent.h - data as noise and back: encoding, what lies between samples, values filled in.
 *
 *     weir_model *m = weir_model_load(c, "run");
 *     double x[2 * 64], z[2 * 64], back[2 * 64];
 *     for (int i = 0; i < 128; i++) x[i] = i % 17;
 *     weir_model_encode_into_f64(m, x, 2, NULL, z);    // the noise of x
 *     weir_sample_opts o = weir_sample_defaults();
 *     o.noise_f64 = z;
 *     weir_model_sample_into_f64(m, 2, &o, back);      // x again
 *     printf("%g is %g\n", back[5], x[5]);
 *     weir_model_free(m);
 *
 * A sample's noise is what weir_model_sample_into would make it of: [noise_dim], N(0, I) or the
 * base's where samples are the model's. Of integer data a draw of the dequantisation is encoded,
 * which sampling rounds off again. */
#ifndef WEIR_LATENT_H
#define WEIR_LATENT_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* z [n, noise_dim] of x [n, dim] as stored; samples are number 0 .. n-1. Of o (NULL: defaults)
 * seed, solver, steps, condition, batch and on_step count, as in weir_model_log_prob_into: a
 * continuous model carries the data to the noise by a method for ODEs. Models whose map has no
 * inverse: an error (WEIR_ERROR_UNSUPPORTED). */
WEIR_API weir_status weir_model_encode_into(weir_model *m, const float *x, int64_t n,
                                            const weir_log_prob_opts *o, float *z);
WEIR_API weir_status weir_model_encode_into_f64(weir_model *m, const double *x, int64_t n,
                                                const weir_log_prob_opts *o, double *z);
/* Of a batch: z [B, noise_dim], under its condition and by its sample ids; differentiable where the
 * model's log p is. */
WEIR_API weir_tensor *weir_model_encode(weir_model *m, weir_batch *b, const weir_log_prob_opts *o);
/* z [samples of d, noise_dim] of the samples of d, under the conditions that d offers, else o's. */
WEIR_API weir_status weir_data_encode(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o,
                                      double *z);

/* Of the conditions that the samples of d offer those that m wants, in the current scope: for
 * samples under the same ones. NULL: m wants none, or, after an error, d does not offer them. */
WEIR_API const weir_condition *weir_data_condition(weir_model *m, weir_dataset *d);

typedef struct weir_cycle_info {
    size_t size;
    int64_t n, n_not_finite; /* samples; of them with a value that is not finite */
    double largest, rms; /* of |x - decode(z)| over the values of the others */
} weir_cycle_info;
/* How far the samples that m makes of z [samples of d, noise_dim], under the same conditions, are
 * from those of d, by o's solver and steps. */
WEIR_API weir_status weir_data_cycle(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o,
                                     const double *z, weir_cycle_info *info);

/* -- what lies between ------------------------------------------------------------------------- */
typedef struct weir_interpolate_opts {
    size_t size;
    int64_t from, to; /* samples of the data; 0, 1 */
    /* A class by its name or number: instead of towards `to`, along the mean noise of its samples
     * less that of the others (Kingma, Dhariwal 2018, section 6.3), from -reach to reach times.
     * NULL: towards `to`. */
    const char *attribute;
    double reach; /* 1 */
    bool arc; /* on a great circle (Shoemake 1985), as befits noise of many values; else a line */
    int64_t steps; /* samples, both ends among them; 8 */
    const weir_log_prob_opts *how; /* how data are encoded; NULL: the defaults */
    const weir_sample_opts *sample; /* how samples are made: solver, steps, batch; likewise */
} weir_interpolate_opts;
WEIR_API void weir_interpolate_defaults_sized(weir_interpolate_opts *o, size_t size);
WEIR_DEFAULTS(weir_interpolate_opts, weir_interpolate_defaults)
/* x [steps, dim] as stored, each made under the condition of sample `from`. */
WEIR_API weir_status weir_data_interpolate(weir_model *m, weir_dataset *d,
                                           const weir_interpolate_opts *o, double *x);

/* -- begun at data ----------------------------------------------------------------------------- */
/* Where samples of a model on a path begin (weir_sample_opts), in place of noise alone: at
 *
 *     x_t = a y + b eps,   sigma = b / a = S / (1 - S),
 *
 * of the transformed data y, eps by seed and number of the sample. So the strength S is the same
 * noise on any path, and is t on path.fm (Meng et al. 2022). Known values are kept, and the rest is
 * drawn beside them (weir_x0_known): sampling over `jump` steps is done `resample` times, between
 * which the noise of those steps is added again, so that the rest agrees with what is known
 * (RePaint: Lugmayr et al. 2022, jump 10, resample 10). A model from data to data (flow-matching
 * with source=SPEC) has no noise: its samples begin at the source, or where at_source says,
 * at x alone; then nothing else may be set. */
typedef struct weir_sample_start {
    size_t size;
    const double *x; /* [n, dim], as stored */
    double strength; /* 0 < S <= 1; 1, as by default: at noise alone, whatever x is */
    const bool *known; /* [n, dim] of x; NULL: nothing is */
    int64_t resample, jump; /* 1, 10; above 1 of a sampler whose steps are fixed */
    bool at_source; /* x are samples of the source, and stand at t = 1 in place of drawn ones */
} weir_sample_start;
WEIR_API void weir_sample_start_defaults_sized(weir_sample_start *o, size_t size);
WEIR_DEFAULTS(weir_sample_start, weir_sample_start_defaults)

/* -- values filled in -------------------------------------------------------------------------- */
typedef struct weir_inpaint_opts {
    size_t size;
    int64_t steps; /* -1: 1000 of the ascent, of a sampler its own */
    double rate, delay; /* of step i a_i = rate / (delay + i): 10, 100 */
    double noise; /* times which noise is added: 1; 0: ascent alone */
    const weir_log_prob_opts *how; /* seed, condition, batch, on_step; NULL: the defaults */
    /* Of models on a path: the sampler ("NAME key=value .."; NULL: the model's own, ddim of 50
     * steps where that chooses its steps), and the turns of weir_sample_start: 10, 10. */
    const char *solver;
    int64_t resample, jump;
} weir_inpaint_opts;
WEIR_API void weir_inpaint_defaults_sized(weir_inpaint_opts *o, size_t size);
WEIR_DEFAULTS(weir_inpaint_opts, weir_inpaint_defaults)
/* x [n, dim] as stored, of which known[i] false are to be filled in, as the model would have them.
 * By a model on a path, such as rectified-flow, they are drawn by its sampler beside what is known
 * (weir_sample_start). By others it is ascent on log p with noise (Dinh, Krueger, Bengio 2015,
 * section 5.2), in the model's scale,
 *
 *     y_H <- y_H + a_i (d log p(y) / d y_H + e),   e ~ N(0, noise^2 I),
 *
 * begun at noise. Integer data stay within their interval. Gradients whose root mean square over
 * what is filled in is above 1 are scaled to 1: a step is then at most a_i long a value. Whatever x
 * has where it is not known is not looked at; what is known comes back as it was. log_prob [n], or
 * NULL: log p at the end, of the data as stored. Models without gradients of log p: an error. */
WEIR_API weir_status weir_model_inpaint_into_f64(weir_model *m, const double *x, const bool *known,
                                                 int64_t n, const weir_inpaint_opts *o, double *out,
                                                 double *log_prob);
/* The same of the samples of d, whose values are x [samples of d, dim], under the conditions that d
 * offers, else k (NULL: none). o's own condition: none. */
WEIR_API weir_status weir_data_inpaint(weir_model *m, weir_dataset *d, const weir_condition *k,
                                       const double *x, const bool *known,
                                       const weir_inpaint_opts *o, double *out, double *log_prob);

#ifdef __cplusplus
}
#endif
#endif
