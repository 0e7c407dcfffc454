/* writer.c - files that appear whole or not at all.
 *
 * A regular file is written under a temporary name in its folder, flushed to the disk, and renamed
 * over the old one; what fails before the rename leaves the old file as it was and no temporary
 * behind. A killed process leaves one; as a writer holds a lock on its own while it lives, whoever
 * clears up can tell. A device or pipe is written to directly: it must not be replaced by a file. A
 * symbolic link stays one: the file it leads to is replaced. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "io/internal.h"

struct weir__writer {
    weir_ctx *c;
    int fd;
    bool direct;  /* to a device or pipe: nothing to rename */
    char *path;   /* the caller's, for messages */
    char *target; /* the same behind symbolic links */
    char *temp;   /* NULL while there is none to remove */
    size_t used;
    unsigned char buffer[1 << 16];
};

static weir_status writer_failed(weir__writer *w, const char *what)
{
    return weir__io_fail(w->c, WEIR_ERROR_IO, w->path,
                         "%s: %s: expected a place that can be written", what,
                         weir__error_text(errno));
}

static void discard(weir__writer *w)
{
    if (w->fd >= 0) close(w->fd);
    if (w->temp) unlink(w->temp);
    weir__free(w->c, w->temp);
    weir__free(w->c, w->target);
    weir__free(w->c, w->path);
    weir__free(w->c, w);
}

/* Length of the folder part of a path, its slash included. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Where files cannot be locked, nothing is. False where somebody cleared the file away before it
 * was locked. */
static bool claim(int fd)
{
    struct stat own;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return fstat(fd, &own) != 0 || own.st_nlink > 0;
}

bool weir__is_leftover(const char *path)
{
    const char *name = path + folder_length(path);
    size_t n = strlen(name);
    if (strncmp(name, ".weir-", 6) != 0 || n <= 10 || strcmp(name + n - 4, ".tmp") != 0)
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    bool alone = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return alone;
}

/* A name in the target's folder that nobody else has. */
static bool open_temp(weir__writer *w)
{
    size_t folder = folder_length(w->target);
    w->temp = weir__alloc(w->c, folder + 32);
    if (!w->temp) return false;
    memcpy(w->temp, w->target, folder);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t key = weir__hash_mix((uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30,
                                  (uint64_t)getpid() ^ (uint64_t)(uintptr_t)w);
    for (uint64_t attempt = 0; attempt < 100; attempt++) {
        snprintf(w->temp + folder, 32, ".weir-%016llx.tmp",
                 (unsigned long long)weir__hash_mix(key, attempt));
        w->fd = open(w->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd >= 0 && claim(w->fd)) return true;
        if (w->fd >= 0) {
            close(w->fd);
            w->fd = -1;
            errno = EEXIST;
        }
        if (errno != EEXIST && errno != EINTR) break;
    }
    writer_failed(w, "cannot be created");
    weir__free(w->c, w->temp); /* never made: not ours to remove */
    w->temp = NULL;
    return false;
}

static bool open_direct(weir__writer *w)
{
    w->direct = true;
    w->fd = open(w->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (w->fd < 0) writer_failed(w, "cannot be opened for writing");
    return w->fd >= 0;
}

static bool open_over(weir__writer *w, const struct stat *old)
{
    if (S_ISDIR(old->st_mode)) {
        errno = EISDIR;
        writer_failed(w, "cannot be written");
        return false;
    }
    if (!S_ISREG(old->st_mode)) return open_direct(w);
    if (access(w->path, W_OK) != 0) { /* a rename would replace a write-protected file */
        writer_failed(w, "cannot be written");
        return false;
    }
    if (!open_temp(w)) return false;
    if (fchmod(w->fd, old->st_mode & 07777) == 0) return true;
    writer_failed(w, "cannot be given the old file's mode");
    return false;
}

static bool open_target(weir__writer *w)
{
    struct stat old;
    if (stat(w->path, &old) != 0) {
        if (errno == ENOENT && w->path[0]) return open_temp(w);
        writer_failed(w, "cannot be created");
        return false;
    }
    char real[PATH_MAX];
    if (S_ISREG(old.st_mode) && realpath(w->path, real)) {
        weir__free(w->c, w->target);
        w->target = weir__strdup(w->c, real);
        if (!w->target) return false;
    }
    return open_over(w, &old);
}

weir__writer *weir__writer_open(weir_ctx *c, const char *path)
{
    if (!weir_ok(c)) return NULL;
    weir__writer *w = weir__alloc(c, sizeof *w);
    if (!w) return NULL;
    memset(w, 0, offsetof(weir__writer, buffer));
    w->c = c;
    w->fd = -1;
    w->path = weir__strdup(c, path);
    w->target = w->path ? weir__strdup(c, path) : NULL;
    if (w->target && open_target(w)) return w;
    discard(w);
    return NULL;
}

static weir_status write_all(weir__writer *w, const unsigned char *p, size_t size)
{
    while (size > 0) {
        ssize_t n = write(w->fd, p, size < 1u << 30 ? size : 1u << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return writer_failed(w, "cannot be written");
        p += n;
        size -= (size_t)n;
    }
    return WEIR_OK;
}

static weir_status flush(weir__writer *w)
{
    size_t used = w->used;
    w->used = 0;
    return write_all(w, w->buffer, used);
}

weir_status weir__writer_put(weir__writer *w, const void *data, size_t size)
{
    if (!weir_ok(w->c)) return weir_status_of(w->c);
    if (size > sizeof w->buffer - w->used && flush(w) != WEIR_OK) return weir_status_of(w->c);
    if (size >= sizeof w->buffer) return write_all(w, data, size);
    if (size) memcpy(w->buffer + w->used, data, size);
    w->used += size;
    return WEIR_OK;
}

static bool sync_fd(int fd, bool optional)
{
    int r;
    do r = fsync(fd);
    while (r != 0 && errno == EINTR);
    return r == 0 || (optional && (errno == EINVAL || errno == ENOTSUP || errno == EROFS));
}

/* The rename itself must outlive a power cut. */
static weir_status sync_folder(weir__writer *w)
{
    size_t n = folder_length(w->target);
    w->target[n] = 0;
    int fd = open(n ? w->target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES
                   ? WEIR_OK
                   : writer_failed(w, "written, but its folder cannot be opened to flush it");
    bool ok = sync_fd(fd, true);
    if (!ok) writer_failed(w, "written, but its folder cannot be flushed");
    close(fd);
    return weir_status_of(w->c);
}

static weir_status writer_finish(weir__writer *w)
{
    if (flush(w) != WEIR_OK) return weir_status_of(w->c);
    if (!sync_fd(w->fd, w->direct)) return writer_failed(w, "cannot be flushed to the disk");
    int r = close(w->fd);
    w->fd = -1;
    if (r != 0 && errno != EINTR) return writer_failed(w, "cannot be closed");
    if (w->direct) return WEIR_OK;
    if (rename(w->temp, w->target) != 0) return writer_failed(w, "cannot be put in place");
    weir__free(w->c, w->temp);
    w->temp = NULL;
    return sync_folder(w);
}

weir_status weir__writer_commit(weir__writer *w)
{
    weir_ctx *c = w->c;
    if (weir_ok(c)) writer_finish(w); /* a failed context commits nothing */
    discard(w);
    return weir_status_of(c);
}

void weir__writer_cancel(weir__writer *w)
{
    if (w) discard(w);
}
