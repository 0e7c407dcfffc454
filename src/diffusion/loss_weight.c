/* loss_weight.c - weights of the loss over time, as what an error of x_0 is given. With sigma = b /
 * a and SNR = sigma^-2. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

static double sigma_squared(weir_path_point p) { return (p.b / p.a) * (p.b / p.a); }

/* -- without options --------------------------------------------------------------------------- */
static double none_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)p;
    return own;
}

static double x0_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)p;
    (void)own;
    return 1;
}

static double eps_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)own;
    return 1 / sigma_squared(p);
}

static double v_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)own;
    return 1 + 1 / sigma_squared(p);
}

/* (1 + 1 / sigma)^2: that of u = eps - x_0 on straight lines, on any path */
static double straight_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)own;
    return (1 + p.a / p.b) * (1 + p.a / p.b);
}

static double truncated_snr_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)own;
    return fmax(1 / sigma_squared(p), 1);
}

/* g^2 on the score's error, g^2 = 2 b (a b' - a' b) / a: bounds the log-density (Song et al. 2021)
 */
static double likelihood_of_x0(const void *options, weir_path_point p, double own)
{
    (void)options;
    (void)own;
    return 2 * (p.a * p.db - p.da * p.b) * p.a / (p.b * p.b * p.b);
}

/* -- with one ---------------------------------------------------------------------------------- */
typedef struct weight_opts {
    size_t size;
    double value;
} weight_opts;

static const weir_option edm_options[] = {
    { "sigma_data", WEIR_OPTION_REAL, offsetof(weight_opts, value), "1", 1e-6, 1e6, NULL,
      "deviation of the data" },
    { 0 },
};
static const weir_option min_snr_options[] = {
    { "gamma", WEIR_OPTION_REAL, offsetof(weight_opts, value), "5", 1e-6, 1e6, NULL,
      "the largest weight" },
    { 0 },
};
static const weir_option sigmoid_options[] = {
    { "bias", WEIR_OPTION_REAL, offsetof(weight_opts, value), "-2", -20, 20, NULL,
      "log SNR where it bends" },
    { 0 },
};

static double value_of(const void *options) { return ((const weight_opts *)options)->value; }

static double edm_of_x0(const void *options, weir_path_point p, double own)
{
    double s = sigma_squared(p), d = value_of(options) * value_of(options);
    (void)own;
    return (s + d) / (s * d);
}

static double min_snr_of_x0(const void *options, weir_path_point p, double own)
{
    (void)own;
    return fmin(1 / sigma_squared(p), value_of(options));
}

static double soft_min_snr_of_x0(const void *options, weir_path_point p, double own)
{
    (void)own;
    return 1 / (sigma_squared(p) + value_of(options) * value_of(options));
}

/* exp(bias) sigmoid(log SNR - bias) = 1 / (exp(-bias) + sigma^2) */
static double sigmoid_of_x0(const void *options, weir_path_point p, double own)
{
    (void)own;
    return 1 / (exp(-value_of(options)) + sigma_squared(p));
}

/* -- rows -------------------------------------------------------------------------------------- */
/* NAME, formula in words, option table and struct, test input */
#define WEIGHT(linkage, n, what, table, opts, example) \
    linkage const weir_loss_weight_row weir__loss_weight_##n = { \
        .row = { \
            .size = sizeof(weir_loss_weight_row), \
            .version = 1, \
            .name = "loss_weight." #n, \
            .doc = what, \
            .options = table, \
            .options_size = sizeof(opts), \
            .test = example, \
        }, \
        .of_x0 = n##_of_x0, \
    };

WEIGHT(, none, "the squared error of what is predicted", NULL, size_t, "")
WEIGHT(static, x0, "that of the data: 1", NULL, size_t, "")
WEIGHT(static, eps, "that of the noise: SNR, as in DDPM (Ho et al. 2020)", NULL, size_t, "")
WEIGHT(static, v, "that of v: 1 + SNR", NULL, size_t, "")
WEIGHT(static, straight, "that of eps - x_0, as in flow matching: (1 + 1 / sigma)^2", NULL, size_t,
       "")
WEIGHT(static, edm, "that of prediction.edm: 1 / c_out^2 (Karras et al. 2022)", edm_options,
       weight_opts, "sigma_data=0.5")
WEIGHT(static, min_snr, "the smaller of SNR and gamma (Hang et al. 2023)", min_snr_options,
       weight_opts, "gamma=3")
WEIGHT(static, soft_min_snr, "1 / (sigma^2 + sigma_data^2) (Crowson et al. 2024)", edm_options,
       weight_opts, "sigma_data=0.5")
WEIGHT(static, truncated_snr, "the larger of SNR and 1 (Salimans, Ho 2022)", NULL, size_t, "")
WEIGHT(static, sigmoid, "exp(bias) sigmoid(log SNR - bias) (Kingma, Gao 2023)", sigmoid_options,
       weight_opts, "bias=-3")
WEIGHT(static, likelihood, "g^2 on the error of the score, a bound of log p (Song et al. 2021)",
       NULL, size_t, "")

#define ROW(n) &weir__loss_weight_##n.row
const weir_row *const weir__loss_weight_rows[] = {
    ROW(none),    ROW(x0),           ROW(eps),           ROW(v),       ROW(straight),   ROW(edm),
    ROW(min_snr), ROW(soft_min_snr), ROW(truncated_snr), ROW(sigmoid), ROW(likelihood),
};
const int64_t weir__loss_weight_row_count = sizeof weir__loss_weight_rows
                                            / sizeof *weir__loss_weight_rows;
