/* convert.c - weir convert: a continuous model as one of another path and prediction. */
#include <stddef.h>
#include "cli/cli.h"
#include "weir/continuous.h"

typedef struct flags {
    weir__flags base;
    const char *o, *path, *prediction, *model;
} flags;

static const weir_option options[] = {
    { "path", WEIR_OPTION_TEXT, offsetof(flags, path), "", 0, 0, NULL,
      "of `weir list path`, \"NAME key=value ..\"; RUN's unless said" },
    { "prediction", WEIR_OPTION_TEXT, offsetof(flags, prediction), "", 0, 0, NULL,
      "of `weir list prediction`; RUN's unless said" },
    { "model", WEIR_OPTION_TEXT, offsetof(flags, model), "", 0, 0, NULL,
      "of `weir list model`; RUN's unless said" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "RUN2, a folder for model.safetensors, which must not hold one" },
    { 0 },
};

static int convert(weir_ctx *c, const flags *f)
{
    char file[4096];
    weir_model *m = weir_model_load(c, f->base.positional[0]);
    bool loaded = weir_ok(c);
    weir_model *to = loaded ? weir_model_convert(m, f->model, f->path, f->prediction) : NULL;
    int code = weir_ok(c) ? weir__model_folder(f->o, file, sizeof file)
                          : weir__complain_ctx(c, loaded);
    if (code == 0 && weir_model_save(to, file) != WEIR_OK) code = weir__complain_ctx(c, false);
    if (code == 0)
        printf("%s: %s, %lld parameters\n", file, weir_model_row_of(to)->name,
               (long long)weir_module_parameter_numel(weir_model_module(to)));
    weir_model_free(to);
    weir_model_free(m);
    return code;
}

static int convert_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir convert: expected %s", self->usage);
    if (!f.path && !f.prediction)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --path or --prediction: weir convert: expected %s", self->usage);
    if (!f.o)
        return weir__complain(WEIR__EXIT_USAGE, "no -o: weir convert: expected a folder for RUN2");
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    code = convert(c, &f);
    weir_close(c);
    return code;
}

const weir__command weir__command_convert = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.convert",
        .doc = "a continuous model as one of another path and prediction, of the same samples",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help convert",
    },
    .usage = "RUN [--path P] [--prediction Q] [--model NAME] -o RUN2",
    .more = "The network stays as it is, behind network.retarget: what it says at the same sigma = "
            "b / a of the path it was trained on\n"
            "is said in the new convention. Samples by one sampler over one grid of sigmas, and "
            "log-densities, are the same but for\n"
            "rounding, as far as the new path reaches. RUN is not changed.\n",
    .examples = WEIR__EXAMPLE_PATH
                "weir convert run --path vp --prediction v -o run2\n"
                "weir sample run2 -n 1000 -o points.npy\n",
    .files = WEIR__FILES_RUN
             "RUN2/model.safetensors\tthe same weights in the new convention\n",
    .most_positional = 1,
    .run = convert_run,
};
