/* rectified_flow.c - rectified flow, also called conditional flow matching with independent
 * coupling (Liu, Gong, Liu 2022; Lipman et al. 2022; Albergo, Vanden-Eijnden 2022): a network
 * predicts the velocity of x_t = (1 - t) x_0 + t eps, eps - x_0 on average. And flow matching whose
 * noise, or source (source.c), is paired with the data of its batch by optimal transport (Tong et
 * al. 2024). */
#include <stddef.h>
#include "models/path_model.h"

#define NET "mlp hidden=64,64,64 activation=silu time=raw"

static const weir_option options[] = {
    WEIR__PATH_OPTIONS("fm", "velocity", "none", "uniform", "independent", NET, "time", "0",
                       "dopri5"),
    { "reflow", WEIR_OPTION_TEXT, offsetof(weir__path_opts, reflow), "", 0, 0, NULL,
      "run whose samples it learns to reach from their noise (weir reflow); empty: data" },
    { 0 },
};
static const weir_option flow_matching_options[] = {
    WEIR__PATH_OPTIONS("fm", "velocity", "none", "uniform", "ot", NET, "time", "0", "dopri5"),
    { "source", WEIR_OPTION_TEXT, offsetof(weir__path_opts, source), "", 0, 0, NULL,
      "SPEC of data that its samples begin at, drawn by their weights; empty: noise N(0, I)" },
    { "source_folder", WEIR_OPTION_TEXT, offsetof(weir__path_opts, source_folder), "", 0, 0, NULL,
      "that the SPEC's files are named from; noted when training begins" },
    { "source_fingerprint", WEIR_OPTION_TEXT, offsetof(weir__path_opts, source_fingerprint), "", 0,
      0, NULL, "of the source's samples, likewise; others are an error" },
    { 0 },
};
/* Files of before wrote every option of every network, density and sampler, also where another was
 * chosen. */
#define RENAMED \
    "score=log_prob time_density.mean= time_density.std= net.hidden= net.activation= net.time= " \
    "net.frequencies= sampler.steps= sampler.shift= sampler.rtol= sampler.atol= " \
    "sampler.max_steps= log_prob.steps= log_prob.rtol= log_prob.atol= log_prob.max_steps="

/* Pairs by optimal transport cost the cube of the batch, which is most of a step: half of it. */
static const char *flow_matching_choose(const weir_data_facts *f)
{
    if (f->dim <= 4 && f->n_effective >= 2000)
        return "model.net.hidden=64,64,64 optimizer.lr=2e-3 batch=128 steps=20000 valid_every=1000 "
               "valid_rows=1000";
    return weir__path_model_choose(f);
}

#define PRESETS(choose) \
    { \
        { "auto", WEIR__PATH_PRESET, "widths and steps by the number of samples and their values", \
          choose }, \
        { "toy", \
          "optimizer=adam optimizer.lr=2e-3 schedule=cosine ema=0.999 batch=256 steps=20000 " \
          "valid_every=1000 valid_rows=1000", \
          "densities of a few dimensions: a minute", NULL }, \
        { "pictures", \
          "optimizer=adam optimizer.lr=1.5e-3 schedule=cosine ema=0.999 batch=256 steps=10000 " \
          "valid_every=1000 valid_rows=250 model.net.hidden=384,384,384 " \
          "model.net.time=fourier model.log_prob.probes=4", \
          "small pictures, such as 8 x 8 digits: a few minutes; held-out samples are scored by 4 " \
          "probes", \
          NULL }, \
        { "unet", WEIR__PATH_UNET, \
          "pictures by a U-Net, one scale for all pixels; few held-out samples are scored", \
          NULL }, \
        { 0 }, \
    }
static const weir_preset presets[] = PRESETS(weir__path_model_choose);
static const weir_preset flow_matching_presets[] = PRESETS(flow_matching_choose);

const weir_model_row weir__model_rectified_flow = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.rectified-flow",
        .doc = "straight paths from data to noise, and the velocity that a network learns of them",
        .options = options,
        .options_size = sizeof(weir__path_opts),
        .test = "dim=3 net.hidden=8,8",
        .renamed = RENAMED,
        .given = WEIR__MODEL_GIVEN,
    },
    .presets = presets,
    .prepare = weir__reflow_prepare,
    .whole_batch = true,
    .destroy = weir__reflow_destroy,
    WEIR__PATH_MODEL_HOOKS,
};

const weir_model_row weir__model_flow_matching = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.flow-matching",
        .doc = "straight paths from data to the noise that optimal transport in a batch gives them",
        .options = flow_matching_options,
        .options_size = sizeof(weir__path_opts),
        .test = "dim=3 net.hidden=8,8",
        .given = WEIR__MODEL_GIVEN,
    },
    .presets = flow_matching_presets,
    .prepare = weir__source_prepare,
    .whole_batch = true,
    .destroy = weir__source_destroy,
    WEIR__PATH_MODEL_HOOKS,
};
