/* diffusion.c - the models of the literature on diffusion, each a choice of path, prediction,
 * weight and times:
 *
 *     ddpm       eps of the discrete tables, times even (Ho et al. 2020)
 *     score-sde  the score, as eps, of the variance preserving SDE (Song et al. 2021)
 *     edm        F of D = c_skip x + c_out F, log sigma normal (Karras et al. 2022)
 *
 * The data are standardised, so that sigma_data is 1. */
#include "models/path_model.h"

#define NET "mlp hidden=64,64,64 activation=silu time=fourier"

static const weir_option ddpm_options[] = {
    WEIR__PATH_OPTIONS("ddpm", "eps", "none", "uniform", "independent", NET, "time", "0", "ddpm"),
    { 0 },
};
static const weir_option score_sde_options[] = {
    WEIR__PATH_OPTIONS("vp", "eps", "none", "uniform", "independent", NET, "time", "0", "dopri5"),
    { 0 },
};
static const weir_option edm_options[] = {
    WEIR__PATH_OPTIONS("edm", "edm", "edm", "log_normal", "independent", NET, "log_sigma", "1",
                       "edm"),
    { 0 },
};

static const weir_preset presets[] = {
    { "auto", WEIR__PATH_PRESET, "widths and steps by the number of samples and their values",
      weir__path_model_choose },
    { "unet", WEIR__PATH_UNET,
      "pictures by a U-Net, one scale for all pixels; few held-out samples are scored", NULL },
    { 0 },
};

const weir_model_row weir__model_ddpm = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.ddpm",
        .doc = "the noise of discrete steps, learned and taken away step by step",
        .options = ddpm_options,
        .options_size = sizeof(weir__path_opts),
        .test = "dim=3 net.hidden=8,8",
        .given = WEIR__MODEL_GIVEN,
    },
    .presets = presets,
    WEIR__PATH_MODEL_HOOKS,
};

const weir_model_row weir__model_score_sde = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.score-sde",
        .doc = "the score of the variance preserving SDE, and its probability flow",
        .options = score_sde_options,
        .options_size = sizeof(weir__path_opts),
        .test = "dim=3 net.hidden=8,8",
        .given = WEIR__MODEL_GIVEN,
    },
    .presets = presets,
    WEIR__PATH_MODEL_HOOKS,
};

const weir_model_row weir__model_edm = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.edm",
        .doc = "denoising in sigma, input and output scaled to deviation 1",
        .options = edm_options,
        .options_size = sizeof(weir__path_opts),
        .test = "dim=3 net.hidden=8,8",
        .given = WEIR__MODEL_GIVEN,
    },
    .presets = presets,
    WEIR__PATH_MODEL_HOOKS,
};
