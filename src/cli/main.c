/* main.c - finds the command in the list and runs it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

static const weir__command *command_at(int64_t i) { return (const weir__command *)weir__command_rows[i]; }

static const weir__command *find(const char *name)
{
    for (int64_t i = 0; i < weir__command_row_count; i++)
        if (strcmp(strchr(command_at(i)->row.name, '.') + 1, name) == 0) return command_at(i);
    return NULL;
}

static int unknown(const char *name)
{
    weir__nearest near = weir__nearest_of(name);
    for (int64_t i = 0; i < weir__command_row_count; i++) weir__nearest_offer(&near, strchr(command_at(i)->row.name, '.') + 1);
    if (near.best) return weir__complain(WEIR__EXIT_USAGE, "unknown command: %.60s: expected perhaps %s (weir --help lists them)", name, near.best);
    return weir__complain(WEIR__EXIT_USAGE, "unknown command: %.60s: expected one that `weir --help` lists", name);
}

static void help(FILE *out)
{
    fprintf(out, "weir: trains, samples and scores generative flow models\n\n");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        const weir__command *k = command_at(i);
        fprintf(out, "  weir %-7s %s\n", strchr(k->row.name, '.') + 1, k->row.doc);
    }
    fprintf(out, "\nweir help COMMAND shows its flags; weir --version what it was built with.\n"
                 "SPEC of data: digits | toy:NAME[,n=N] | FILE.npy | FILE.csv[.gz] | an IDX file | a folder of PNG or JPEG,\n"
                 "  then ,split=train|valid|test ,valid=FRACTION|last:N ,limit=N ,levels=N ,label=COLUMN ,labels=FILE ,weight=COLUMN\n"
                 "  ,standardize=yes|no\n"
                 "Exit codes: 0 done; 1 failed; 2 the command line asks for what there is not; 130, 143 stopped by a signal.\n"
                 "Environment: WEIR_ISA=c|avx2|avx512 forces the kernels.\n");
}

static int run_help(const weir__command *self, int argc, char **argv)
{
    weir__flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.n_positional == 0) return help(stdout), WEIR__EXIT_OK;
    const weir__command *k = find(f.positional[0]);
    if (!k) return unknown(f.positional[0]);
    weir__flags_help(k, stdout);
    return WEIR__EXIT_OK;
}

const weir__command weir__command_help = {
    .row = { .size = sizeof(weir__command), .version = 1, .name = "command.help", .doc = "shows the flags of a command", .options_size = sizeof(weir__flags),
             .test = "help train" },
    .usage = "[COMMAND]",
    .most_positional = 1,
    .run = run_help,
};

static void version(void)
{
    printf("weir %s\nbuilt with: %s\n", weir_version(), weir_build_features());
}

/* A file opened while stdout is closed would become stdout. */
static void hold_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_RDWR : O_RDONLY) != fd) return;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) return help(stdout), weir__complain(WEIR__EXIT_USAGE, "no command: weir COMMAND: expected one of those that `weir help` shows");
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return help(stdout), WEIR__EXIT_OK;
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 || strcmp(name, "version") == 0) return version(), WEIR__EXIT_OK;
    const weir__command *k = find(name);
    return k ? k->run(k, argc - 2, argv + 2) : unknown(name);
}

int main(int argc, char **argv)
{
    hold_standard_files();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error that is reported, not a silent end; so is a file beyond its limit */
    signal(SIGXFSZ, SIG_IGN);
    return weir__finish_stdout(dispatch(argc, argv));
}
