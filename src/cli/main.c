/* main.c - finds the command in the list and runs it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

const char weir__program[] = "weir";

static void version(void)
{
    printf("weir %s\nbuilt with: %s\n", weir_version(), weir_build_features());
}

/* A file opened while stdout is closed would become stdout. */
static void hold_standard_files(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF
            && open("/dev/null", fd == 0 ? O_RDWR : O_RDONLY) != fd)
            return;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        weir__help(stdout);
        return weir__complain(
            WEIR__EXIT_USAGE,
            "no command: weir COMMAND: expected one of those that `weir help` shows");
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        weir__help(stdout);
        return WEIR__EXIT_OK;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 || strcmp(name, "version") == 0) {
        version();
        return WEIR__EXIT_OK;
    }
    const weir__command *k = weir__command_find(name);
    int code;
    if (!weir__ranks_begin(k, &code)) return code;
    return k ? k->run(k, argc - 2, argv + 2) : weir__command_unknown(name);
}

int main(int argc, char **argv)
{
    hold_standard_files();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error that is reported, not a silent end; so is
                                 a file beyond its limit */
    signal(SIGXFSZ, SIG_IGN);
    int code = weir__stream_finish(weir__finish_stdout(dispatch(argc, argv)));
    return weir__ranks_end(code);
}
