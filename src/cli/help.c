/* help.c - weir help: what there is, the flags of a command, and the manual pages. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

const char weir__help_data[] =
    "SPEC of data: digits | toy:NAME[,n=N] | FILE.npy | FILE.csv[.gz] | an IDX file | a folder of "
    "PNG or JPEG,\n"
    "  then ,split=train|valid|test ,valid=FRACTION|last:N ,test=FRACTION|last:N ,limit=N "
    ",levels=N "
    ",bits=N ,label=COLUMN ,labels=FILE\n"
    "  ,weight=COLUMN ,weights=signed ,standardize=yes|robust ,condition=COLUMNS "
    ",conditions=FILE ,header=yes|no "
    ",columns=COLUMNS ,skip=COLUMNS\n"
    "  ,na=error|drop ,map=yes|no; data-*.npy: several files as one; - is stdin, npy or CSV, "
    "gzipped or not;\n"
    "  a name or value with commas in "
    "quotes: condition=\"a,b\"\n";
const char weir__help_streams[] =
    "FILE of -o: - is stdout as CSV, -.npy and -.png in those forms; other lines then go to "
    "stderr.\n";
const char weir__help_exit[] = "Exit codes: 0 done; 1 failed; 2 a mistake in the command line; "
                               "129, 130, 143 stopped by a signal.\n";
const char weir__help_environment[] =
    "Environment: WEIR_ISA=c|avx2|avx512 forces the kernels; WEIR_NUM_THREADS, else "
    "OMP_NUM_THREADS, is the number of\nthreads without --threads; WEIR_FILE_BYTES=N: memory "
    "that opening data may take, 2^30 unless said, or 16 times the size\nof their files, and "
    "pixels of a folder that are kept once decoded; WEIR_MPI=openmpi|mpich|FILE|none:\nthe "
    "MPI of train, score and sample, that of the launcher unless said.\n";

typedef struct flags {
    weir__flags base;
    const char *man, *completion;
} flags;

static const weir_option options[] = {
    { "man", WEIR_OPTION_TEXT, offsetof(flags, man), "", 0, 0, NULL,
      "DIR: writes the manual pages into DIR/man1 and DIR/man7, for man(1)" },
    { "completion", WEIR_OPTION_TEXT, offsetof(flags, completion), "", 0, 0, NULL,
      "bash, zsh or fish: prints what that shell completes command lines of weir by" },
    { 0 },
};

static const weir__command *command_at(int64_t i)
{
    return (const weir__command *)weir__command_rows[i];
}

const weir__command *weir__command_find(const char *name)
{
    for (int64_t i = 0; i < weir__command_row_count; i++)
        if (strcmp(strchr(command_at(i)->row.name, '.') + 1, name) == 0) return command_at(i);
    return NULL;
}

int weir__command_unknown(const char *name)
{
    weir__nearest near = weir__nearest_of(name);
    for (int64_t i = 0; i < weir__command_row_count; i++)
        weir__nearest_offer(&near, strchr(command_at(i)->row.name, '.') + 1);
    if (near.best)
        return weir__complain(
            WEIR__EXIT_USAGE,
            "unknown command: %.60s: expected perhaps %s (weir --help lists them)", name,
            near.best);
    return weir__complain(WEIR__EXIT_USAGE,
                          "unknown command: %.60s: expected one that `weir --help` lists", name);
}

void weir__help(FILE *out)
{
    fprintf(out, "weir: trains, samples and scores generative flow models\n\n");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        const weir__command *k = command_at(i);
        fprintf(out, "  weir %-7s %s\n", strchr(k->row.name, '.') + 1, k->row.doc);
    }
    fprintf(out,
            "\nweir help COMMAND shows its flags; weir --version what it was built with.\n%s%s%s%s",
            weir__help_data, weir__help_streams, weir__help_exit, weir__help_environment);
}

static int write_pages(const char *folder)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    if (weir__man_write(c, folder) != WEIR_OK) code = weir__complain_ctx(c, false);
    weir_close(c);
    return code;
}

static int help_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.man) return write_pages(f.man);
    if (f.completion) return weir__complete(f.completion);
    if (f.base.n_positional == 0) {
        weir__help(stdout);
        return WEIR__EXIT_OK;
    }
    const weir__command *k = weir__command_find(f.base.positional[0]);
    if (!k) return weir__list(f.base.positional[0], false, true);
    weir__flags_help(k, stdout);
    return WEIR__EXIT_OK;
}

const weir__command weir__command_help = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.help",
        .doc = "shows the flags of a command or the options of a model, or writes the manual pages",
        .options = options,
        .options_size = sizeof(flags),
        .test = "help train",
    },
    .usage = "[COMMAND | NAME | --man DIR | --completion SHELL]",
    .more = "A NAME is what `weir list` shows, such as nice: its options are shown,"
            " and how it is used.\n",
    .examples = "weir help train\n"
                "weir help nice\n"
                "weir help --man pages\n"
                "weir help --completion bash\n",
    .files = "DIR/man1, DIR/man7\tthe pages of --man\n",
    .most_positional = 1,
    .run = help_run,
};
