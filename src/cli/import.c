/* import.c - weir import: weights of other people's code as a run's model. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "weir/import.h"

typedef struct flags {
    weir__flags base;
    const char *config, *o;
} flags;

static const weir_option options[] = {
    { "config", WEIR_OPTION_TEXT, offsetof(flags, config), "", 0, 0, NULL,
      "JSON file that says what the state dict does not" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "folder for model.safetensors, which must not hold one" },
    { 0 },
};

static int import_check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 2)
        return weir__complain(WEIR__EXIT_USAGE, "no CODE and FILE: weir import: expected %s",
                              self->usage);
    if (!f->config)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --config: weir import: expected a JSON file (doc/weights.md)");
    if (!f->o)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no -o: weir import: expected a folder for the run");
    return 0;
}

static int import(weir_ctx *c, const flags *f)
{
    char file[4096];
    weir_model *m = weir_model_import(c, f->base.positional[0], f->base.positional[1], f->config);
    bool unknown = weir_status_of(c) == WEIR_ERROR_NAME;
    int code = weir_ok(c) ? weir__model_folder(f->o, file, sizeof file)
                          : weir__complain_ctx(c, unknown);
    if (code == 0 && weir_model_save(m, file) != WEIR_OK) code = weir__complain_ctx(c, false);
    if (code == 0)
        printf("%s: %s, %lld parameters, %lld values a sample\n", file, weir_model_row_of(m)->name,
               (long long)weir_module_parameter_numel(weir_model_module(m)),
               (long long)weir_model_dim(m));
    weir_model_free(m);
    return code;
}

static int import_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = import_check(self, &f)))
        return code;
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    code = import(c, &f);
    weir_close(c);
    return code;
}

const weir__command weir__command_import = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.import",
        .doc = "weights of nflows, normflows and zuko as a run's model",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help import",
    },
    .usage = "CODE FILE.safetensors --config FILE.json -o RUN",
    .more = "CODE is one of `weir list import`. The file is a state dict as its code writes it;\n"
            "the JSON says what that does not: layers in their order, bins, bounds, widths\n"
            "(doc/weights.md shows it for each code). The model computes the same log-density, in\n"
            "f64 where the file is. What has no counterpart here is refused by name.\n",
    .examples = "weir import normflows GLOW.safetensors --config GLOW.json -o glow\n"
                "weir sample glow -n 10 -o samples.npy\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 2,
    .run = import_run,
};
