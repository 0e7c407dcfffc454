/* weir/diffusion.h - what continuous models are put together from: paths from data to noise, what
 * networks predict, distributions of training times, grids of times, samplers.
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
 *     score     -e / b, the gradient of log p_t by x */
typedef struct weir_prediction_point {
    double x0, eps, scale;
} weir_prediction_point;
typedef struct weir_prediction_row {
    weir_row row;
    weir_prediction_point (*at)(weir_path_point p);
} weir_prediction_row;
/* y [n, dim], what `from` says of x [n, dim] at the times t [n], becomes what `to` says. Exact but
 * for rounding, at the ends of the path too; NaN or infinite where the one does not decide the
 * other: eps says nothing of x_0 where a = 0, nor x0 of eps where b = 0. */
WEIR_API weir_status weir_prediction_convert(weir_ctx *c, const weir_path_row *path,
                                             const void *path_options,
                                             const weir_prediction_row *from,
                                             const weir_prediction_row *to, int64_t n, int64_t dim,
                                             const double *t, const double *x, double *y);

/* -- distributions of training times: kind "time_density" -------------------------------------- */
typedef struct weir_time_density_row {
    weir_row row;
    weir_tensor *(*draw)(weir_ctx *c, weir_dtype t, int64_t n,
                         const void *options); /* [n], by the sample ids of the random frame */
    double (*log_density)(const void *options, double t); /* on (0, 1) */
} weir_time_density_row;

/* -- samplers: kind "sampler" ------------------------------------------------------------------ */
/* Every sampler's options begin with these two. */
typedef struct weir_sampler_opts {
    size_t size;
    int64_t steps; /* 0: what the sampler takes by itself; adaptive ones then choose every row's
                      steps */
} weir_sampler_opts;
typedef struct weir_sampler_row {
    weir_row row;
    int64_t steps; /* by default; 0: adaptive */
    weir_status (*run)(const weir_ode *p,
                       const void *options); /* carries p->x from p->t0 to p->t1, either way */
} weir_sampler_row;

#ifdef __cplusplus
}
#endif
#endif
