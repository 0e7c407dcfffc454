/* stream.c - `-o -`: a result through a pipe. It is made as a file, whole or not at all, and then
 * goes to stdout; what else a command prints goes to stderr meanwhile. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

static char stream_folder[1024], stream_path[1100];
static int stream_fd = -1; /* the stdout of before; -1: nothing goes through a pipe */

/* The ending that "-", "-.npy" .. ask for; NULL: it is a file. */
static const char *stream_ending(const char *value)
{
    static const char *const endings[] = { ".csv", ".npy", ".png" };
    if (value[0] != '-') return NULL;
    if (value[1] == 0) return endings[0];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(value + 1, endings[i]) == 0) return endings[i];
    return NULL;
}

static int stream_failed(const char *what)
{
    return weir__complain(WEIR__EXIT_FAILED, "-o -: %s: %s: expected room for a file in TMPDIR",
                          what, weir__error_text(errno));
}

int weir__stream_out(const char **value)
{
    const char *ending = stream_ending(*value), *folder = getenv("TMPDIR");
    size_t used = 0, at = 0;
    if (!ending) return 0;
    if (!weir__ranks_first()) { /* which writes nothing */
        weir__append(stream_path, sizeof stream_path, &at, "out%s", ending);
        *value = stream_path;
        return 0;
    }
    weir__append(stream_folder, sizeof stream_folder, &used, "%s/weir-XXXXXX",
                 folder && folder[0] ? folder : "/tmp");
    if (used >= sizeof stream_folder || !mkdtemp(stream_folder)) return stream_failed("no folder");
    weir__append(stream_path, sizeof stream_path, &at, "%s/out%s", stream_folder, ending);
    fflush(stdout);
    stream_fd = dup(STDOUT_FILENO);
    if (stream_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return stream_failed("stdout");
    *value = stream_path;
    return 0;
}

static bool stream_put(const char *p, ssize_t n)
{
    while (n > 0) {
        ssize_t k = write(stream_fd, p, (size_t)n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return false;
        p += k;
        n -= k;
    }
    return true;
}

static int stream_copy(int fd)
{
    char buffer[1 << 16];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return stream_failed("cannot be read");
        if (stream_put(buffer, n)) continue;
        return weir__complain(WEIR__EXIT_FAILED,
                              "stdout: %s: expected an output that takes all that is written",
                              weir__error_text(errno));
    }
    return 0;
}

int weir__stream_finish(int code)
{
    if (stream_fd < 0) return code;
    int fd = open(stream_path, O_RDONLY | O_CLOEXEC), bad = 0; /* none: the command has failed */
    if (fd >= 0) bad = stream_copy(fd);
    if (fd >= 0) close(fd);
    unlink(stream_path);
    rmdir(stream_folder);
    close(stream_fd);
    stream_fd = -1;
    return bad ? bad : code;
}
