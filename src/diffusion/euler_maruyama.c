/* euler_maruyama.c - Euler-Maruyama steps on the SDEs that have the flow's distributions (Song et
 * al. 2021; kappa: Karras et al. 2022, equation 6), in one of two frames. With e the noise in x,
 * z ~ N(0, I) and omega = a db/dt - b da/dt, from t to t - h and from sigma to sigma':
 *
 *     sigma:  y' = y + (sigma' - sigma) (1 + kappa^2) e + kappa sqrt(2 sigma (sigma - sigma')) z
 *             for y = x / a, the same on any path
 *     t:      x' = x - h ((da/dt) x + (1 + kappa^2) omega e) / a
 *                  + kappa sqrt(2 h b omega / a) z
 *
 * kappa = 0 is Euler's method on the ODE, 1 the reverse of the path's own diffusion. Steps from
 * sigma infinite, a = 0, and to the data, b = 0, follow the data predicted and draw nothing. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

typedef struct maruyama_opts {
    weir__sampler_opts base;
    double kappa;
    int32_t frame;
} maruyama_opts;
enum { FRAME_SIGMA, FRAME_T };

static const weir_option maruyama_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 250"),
    { "kappa", WEIR_OPTION_REAL, offsetof(maruyama_opts, kappa), "1", 0, 10, NULL,
      "noise of the SDE: 0: none, 1: that of the reverse diffusion" },
    { "frame", WEIR_OPTION_CHOICE, offsetof(maruyama_opts, frame), "sigma", 0, 0, "sigma|t",
      "steps in sigma = b / a on x / a, or in t on x" },
    { 0 },
};

/* Coefficients of x, e and z in x'. */
typedef struct maruyama_step {
    double of_x, of_e, of_z;
} maruyama_step;

static maruyama_step step_in_sigma(weir_path_point p, weir_path_point q, double kappa)
{
    double sigma = p.b / p.a, fall = sigma - q.b / q.a;
    return (maruyama_step){
        .of_x = q.a / p.a,
        .of_e = -q.a * fall * (1 + kappa * kappa),
        .of_z = q.a * kappa * sqrt(2 * sigma * fall),
    };
}

static maruyama_step step_in_t(weir_path_point p, double h, double kappa)
{
    double omega = p.a * p.db - p.b * p.da;
    return (maruyama_step){
        .of_x = 1 - h * p.da / p.a,
        .of_e = -h * (1 + kappa * kappa) * omega / p.a,
        .of_z = kappa * sqrt(2 * h * p.b * omega / p.a),
    };
}

static bool maruyama_walk(weir__steps *w, const maruyama_opts *o, double t, double next)
{
    double *x = w->p->x, *m = w->room, *z = w->room + w->size;
    weir_path_point p = weir__steps_point(w, t), q = weir__steps_point(w, next);
    bool first = weir__leg_first(p, q);
    if (!weir__steps_predict(w, weir__leg_form(!first), t, x, m)) return false;
    if (first) {
        weir__steps_first(w->size, p, q, x, m, x);
        return true;
    }
    bool in_t = o->frame == FRAME_T;
    maruyama_step s = in_t ? step_in_t(p, t - next, o->kappa) : step_in_sigma(p, q, o->kappa);
    if (s.of_z > 0 && !weir__steps_noise(w, z)) return false;
    double c[] = { s.of_x, s.of_e, s.of_z };
    weir__steps_mix(w->size, s.of_z > 0 ? 3 : 2, c, (double *[]){ x, m, z }, x);
    return true;
}

static weir_status maruyama_run(const weir_sampling *p, const void *options)
{
    weir__steps w;
    bool good = weir__steps_begin(&w, p, 2) && weir__steps_fall(p, "sampler.euler_maruyama")
                && weir__steps_show(&w, 0);
    for (int64_t i = 0; good && i + 1 < p->n_times; i++)
        good = maruyama_walk(&w, options, p->times[i], p->times[i + 1])
               && weir__steps_show(&w, i + 1);
    return weir__steps_end(&w);
}

const weir_sampler_row weir__sampler_euler_maruyama = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.euler_maruyama",
        .doc = "Euler on the SDE, with as much noise as is asked for (Song et al. 2021)",
        .options = maruyama_options,
        .options_size = sizeof(maruyama_opts),
        .test = "steps=20 kappa=0.8",
    },
    .steps = 250,
    .run = maruyama_run,
    .ends_at_data = true,
};
