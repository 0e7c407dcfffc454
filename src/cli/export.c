/* export.c - weir export: a run's model as code of others. */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <unistd.h>
#include "cli/cli.h"
#include "weir/import.h"

typedef struct flags {
    weir__flags base;
    const char *to, *o;
} flags;

static const weir_option options[] = {
    { "to", WEIR_OPTION_TEXT, offsetof(flags, to), "", 0, 0, NULL,
      "one of `weir list export`: torch" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "folder for model.py and model.safetensors, which must not hold a model" },
    { 0 },
};

static int export_check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir export: expected %s", self->usage);
    if (!f->to)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --to: weir export: expected a code, such as torch");
    if (!f->o) return weir__complain(WEIR__EXIT_USAGE, "no -o: weir export: expected a folder");
    return 0;
}

static int export(weir_ctx *c, const weir__command *self, const flags *f)
{
    char file[4096];
    weir_model *m = weir_model_load(c, f->base.positional[0]);
    if (!weir_ok(c)) return weir__complain_ctx(c, false);
    bool known = weir_row_find(c, "export", f->to) != NULL;
    int code = known ? weir__model_folder(f->o, file, sizeof file) : weir__complain_ctx(c, true);
    if (code == 0 && weir_model_export(m, f->to, f->o) != WEIR_OK) {
        code = weir__refused(c, self);
        rmdir(f->o); /* which keeps one that is not empty */
    }
    if (code == 0) printf("%s/model.py: %s\n", f->o, weir_model_row_of(m)->name);
    weir_model_free(m);
    return code;
}

static int export_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = export_check(self, &f)))
        return code;
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    code = export(c, self, &f);
    weir_close(c);
    return code;
}

const weir__command weir__command_export = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.export",
        .doc = "a run's model as a file of Python that needs PyTorch alone",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help export",
    },
    .usage = "RUN --to torch -o FOLDER",
    .more = "Writes FOLDER/model.py, a class a layer, and FOLDER/model.safetensors: in Python,\n"
            "`m = model.load()` has m.log_prob(x), m.sample(n), m.encode(x) and m.decode(z), with\n"
            "the log-densities that weir has, of data as they were stored (doc/weights.md). Flows\n"
            "of bijections; others are refused by name.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir export run --to torch -o folder\n",
    .files = WEIR__FILES_RUN
             "FOLDER/model.py\tthe model as a class of PyTorch\n"
             "FOLDER/model.safetensors\tits weights\n",
    .most_positional = 1,
    .run = export_run,
};
