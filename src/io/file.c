/* file.c - reading whole files. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "io/internal.h"

static weir_status file_failed(weir_ctx *c, const char *path, const char *what)
{
    return weir__io_fail(c, WEIR_ERROR_IO, path, "%s: %s: expected a file that can be read", what,
                         weir__error_text(errno));
}

static weir_status file_check(weir_ctx *c, const char *path, int fd, size_t max_bytes, size_t *size)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return file_failed(c, path, "cannot be read");
    if (!S_ISREG(st.st_mode))
        return weir__io_fail(c, WEIR_ERROR_IO, path, "%s: expected a regular file",
                             S_ISDIR(st.st_mode) ? "is a folder" : "is not a file");
    if ((uintmax_t)st.st_size > max_bytes)
        return weir__io_fail(c, WEIR_ERROR_IO, path, "%lld bytes: expected at most %zu",
                             (long long)st.st_size, max_bytes);
    *size = (size_t)st.st_size;
    return WEIR_OK;
}

static weir_status file_read_all(weir_ctx *c, const char *path, int fd, unsigned char *data,
                                 size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t piece = size - done < 1u << 30 ? size - done : 1u << 30;
        ssize_t n = read(fd, data + done, piece);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_failed(c, path, "cannot be read");
        if (n == 0)
            return weir__io_fail(c, WEIR_ERROR_IO, path, "ended at byte %zu: expected %zu bytes",
                                 done, size);
        done += (size_t)n;
    }
    return WEIR_OK;
}

weir_status weir__file_read(weir_ctx *c, const char *path, size_t max_bytes, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    int fd = open(path,
                  O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is refused below, not waited for */
    if (fd < 0) return file_failed(c, path, "cannot be opened");
    size_t size = 0;
    weir_status s = file_check(c, path, fd, max_bytes < SIZE_MAX ? max_bytes : SIZE_MAX - 1, &size);
    unsigned char *data = s == WEIR_OK ? weir__alloc(c, size + 1) : NULL;
    if (data) s = file_read_all(c, path, fd, data, size);
    close(fd);
    if (!data || s != WEIR_OK) {
        weir__free(c, data);
        return weir_status_of(c);
    }
    data[size] = 0;
    *out = (weir__bytes){ data, size };
    return WEIR_OK;
}

/* What a pipe gives, to its end. */
static weir_status stream_all(weir_ctx *c, const char *where, int fd, weir__bytes *out)
{
    int64_t room = 0;
    for (;;) {
        if (!weir__grow(c, &out->data, &room, (int64_t)out->size + 65536, 1))
            return weir_status_of(c);
        ssize_t n = read(fd, out->data + out->size, (size_t)room - out->size - 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return file_failed(c, where, "cannot be read");
        if (n == 0) break;
        out->size += (size_t)n;
        weir__claim_add(c, n);
    }
    out->data[out->size] = 0;
    return WEIR_OK;
}

weir_status weir__stream_read(weir_ctx *c, const char *path, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return file_failed(c, path, "cannot be opened");
    stream_all(c, path, fd, out);
    if (!is_stdin) close(fd);
    if (weir_ok(c)) return WEIR_OK;
    weir__free(c, out->data);
    *out = (weir__bytes){ 0 };
    return weir_status_of(c);
}

weir_status weir__file_write(weir_ctx *c, const char *path, const void *data, size_t size)
{
    weir__writer *w = weir__writer_open(c, path);
    if (!w) return weir_status_of(c);
    if (weir__writer_put(w, data, size) != WEIR_OK) {
        weir__writer_cancel(w);
        return weir_status_of(c);
    }
    return weir__writer_commit(w);
}
