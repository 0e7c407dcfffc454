/* report.c - weir report: one HTML page about a run, with all that it shows inside. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *o;
    int64_t threads;
} flags;

static const weir_option options[] = {
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "the page; RUN/report.html unless said" },
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    { 0 },
};

/* The command line as it could be typed again. */
static void typed(char *line, size_t bytes, int argc, char **argv)
{
    size_t used = 0;
    weir__append(line, bytes, &used, "weir report");
    for (int i = 0; i < argc; i++) {
        bool plain = argv[i][0]
                     && strcspn(argv[i], " \t\n\\\"'`$&|;<>()*?[]{}~#!") == strlen(argv[i]);
        weir__append(line, bytes, &used, plain ? " %s" : " '%s'", argv[i]);
    }
}

static int report_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    char path[4096], command[1024];
    size_t used = 0;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir report: expected %s", self->usage);
    weir__append(path, sizeof path, &used, f.o ? "%s" : "%s/report.html",
                 f.o ? f.o : f.base.positional[0]);
    if (used >= sizeof path)
        return weir__complain(WEIR__EXIT_FAILED,
                              "%.60s..: a path too long: expected fewer than %d bytes", path,
                              (int)sizeof path);
    weir_ctx *c = weir__cli_open(f.threads, 1, &code);
    if (!c) return code;
    weir_report_opts o = weir_report_defaults();
    typed(command, sizeof command, argc, argv);
    o.command = command;
    if (weir_report_write(c, f.base.positional[0], path, &o) == WEIR_OK) printf("%s\n", path);
    else code = weir__complain_ctx(c, false);
    weir_close(c);
    return code;
}

const weir__command weir__command_report = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.report",
        .doc = "writes one HTML page about a run: curves, samples, scores, settings",
        .options = options,
        .options_size = sizeof(flags),
        .test = "report run -o report.html",
    },
    .usage = "RUN [-o FILE.html] [--threads N] [--quiet]",
    .more = "The page needs no network. It scores samples of each split of the data that "
            "config.json names.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir report run\n"
                "weir report run -o page.html\n",
    .files = WEIR__FILES_RUN
             "RUN/metrics.jsonl\tlosses, rates and validations\n"
             "RUN/report.html\tthe page, without -o\n",
    .most_positional = 1,
    .run = report_run,
};
