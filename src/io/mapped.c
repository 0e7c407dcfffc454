/* mapped.c - files read where the system keeps them. Their pages come as they are touched and go
 * when memory is short, and processes of one machine share them.
 *
 * A file that somebody shortens under a map is a signal (SIGBUS) to whoever touches what is gone,
 * and one that is written over changes under its reader. Nothing can hold that off, but it can be
 * seen: a map knows the size of its file and when it was written, and is asked for it before it is
 * read. A file of another name or number in its place, as editors and renames leave it, does no
 * harm: the one that is mapped stays. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "io/internal.h"

size_t weir__file_begins(const char *path, void *first, size_t n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = -1;
    if (fd < 0) return 0;
    do got = pread(fd, first, n, 0);
    while (got < 0 && errno == EINTR);
    close(fd);
    return got > 0 ? (size_t)got : 0;
}

static weir__mapped map_known(const struct stat *st)
{
    return (weir__mapped){
        .size = (size_t)st->st_size,
        .device = (int64_t)st->st_dev,
        .file = (int64_t)st->st_ino,
        .seconds = st->st_mtim.tv_sec,
        .nanoseconds = st->st_mtim.tv_nsec,
    };
}

bool weir__file_map(const char *path, weir__mapped *out)
{
    struct stat st;
    *out = (weir__mapped){ 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return false;
    void *data = MAP_FAILED;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
        && (uintmax_t)st.st_size < SIZE_MAX)
        data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (data == MAP_FAILED) return false;
    *out = map_known(&st);
    out->data = data;
    return true;
}

bool weir__mapped_holds(const weir__mapped *m, const char *path)
{
    struct stat st;
    if (!m->data || stat(path, &st) != 0) return true;
    weir__mapped now = map_known(&st);
    if (now.device != m->device || now.file != m->file) return true;
    return now.size == m->size && now.seconds == m->seconds && now.nanoseconds == m->nanoseconds;
}

void weir__mapped_end(weir__mapped *m)
{
    if (m->data) munmap((void *)(uintptr_t)m->data, m->size);
    *m = (weir__mapped){ 0 };
}
