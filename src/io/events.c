/* events.c - TensorBoard event files: scalars only. A record is a length, its masked CRC-32C, an
 * Event message, its masked CRC-32C. Each record is one write, so a reader that follows the file
 * sees whole records; one that fails is cut off again. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "io/internal.h"

#ifdef WEIR_HAVE_PROTOBUF
#include "events.pb-c.h"

struct weir__events {
    weir_ctx *c;
    int fd;
    int64_t bytes;
    char *path;
    unsigned char *record;
    int64_t record_cap;
};

enum { HEAD = 12, TAIL = 4 };

static weir_status events_failed(weir__events *e, const char *what)
{
    return weir__io_fail(e->c, WEIR_ERROR_IO, e->path,
                         "%s: %s: expected a place that can be written", what,
                         weir__error_text(errno));
}

static void put_little(unsigned char *p, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) p[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t masked_crc(const unsigned char *p, size_t n)
{
    uint32_t crc = weir__crc32c(p, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static weir_status write_record(weir__events *e, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(e->fd, e->record + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            events_failed(e, "cannot be written");
            if (done && ftruncate(e->fd, (off_t)e->bytes) == 0)
                lseek(e->fd, (off_t)e->bytes, SEEK_SET);
            return weir_status_of(e->c);
        }
        done += (size_t)n;
    }
    e->bytes += (int64_t)size;
    return WEIR_OK;
}

static weir_status put_event(weir__events *e, const Weir__Io__Event *event)
{
    size_t n = weir__io__event__get_packed_size(event), size = HEAD + n + TAIL;
    if (!weir__grow(e->c, &e->record, &e->record_cap, (int64_t)size, 1))
        return weir_status_of(e->c);
    put_little(e->record, n, 8);
    put_little(e->record + 8, masked_crc(e->record, 8), 4);
    weir__io__event__pack(event, e->record + HEAD);
    put_little(e->record + HEAD + n, masked_crc(e->record + HEAD, n), 4);
    return write_record(e, size);
}

static weir_status events_begin(weir__events *e, double wall_time)
{
    Weir__Io__Event event = WEIR__IO__EVENT__INIT;
    char version[] = "brain.Event:2";
    event.has_wall_time = 1;
    event.wall_time = wall_time;
    event.file_version = version;
    return put_event(e, &event);
}

/* An existing file, cut back to what the caller knows to be whole. */
static weir_status go_on(weir__events *e, int64_t keep_bytes)
{
    struct stat st;
    if (fstat(e->fd, &st) != 0) return events_failed(e, "cannot be read");
    if (!S_ISREG(st.st_mode) || st.st_size < keep_bytes)
        return weir__io_fail(e->c, WEIR_ERROR_FORMAT, e->path,
                             "%lld bytes: expected at least the %lld to go on after",
                             (long long)st.st_size, (long long)keep_bytes);
    if (ftruncate(e->fd, (off_t)keep_bytes) != 0) return events_failed(e, "cannot be cut back");
    if (lseek(e->fd, (off_t)keep_bytes, SEEK_SET) < 0) return events_failed(e, "cannot be written");
    e->bytes = keep_bytes;
    return WEIR_OK;
}

weir__events *weir__events_open(weir_ctx *c, const char *path, double wall_time, int64_t keep_bytes)
{
    if (!weir_ok(c)) return NULL;
    weir__events *e = weir__alloc0(c, sizeof *e);
    if (!e) return NULL;
    e->c = c;
    e->fd = -1;
    e->path = weir__strdup(c, path);
    if (e->path)
        e->fd = open(path, O_WRONLY | O_CLOEXEC | (keep_bytes > 0 ? 0 : O_CREAT | O_TRUNC), 0666);
    if (e->path && e->fd < 0) events_failed(e, "cannot be opened for writing");
    if (e->fd >= 0 && keep_bytes > 0) go_on(e, keep_bytes);
    else if (e->fd >= 0) events_begin(e, wall_time);
    if (weir_ok(c)) return e;
    weir__events_close(e);
    return NULL;
}

weir_status weir__events_scalar(weir__events *e, const char *tag, int64_t step, double wall_time,
                                double value)
{
    if (!weir_ok(e->c)) return weir_status_of(e->c);
    Weir__Io__Summary__Value v = WEIR__IO__SUMMARY__VALUE__INIT;
    Weir__Io__Summary__Value *values[] = { &v };
    Weir__Io__Summary summary = WEIR__IO__SUMMARY__INIT;
    Weir__Io__Event event = WEIR__IO__EVENT__INIT;
    v.tag = (char *)(uintptr_t)tag;
    v.has_simple_value = 1;
    v.simple_value = (float)value;
    summary.n_value = 1;
    summary.value = values;
    event.has_wall_time = event.has_step = 1;
    event.wall_time = wall_time;
    event.step = step;
    event.summary = &summary;
    return put_event(e, &event);
}

int64_t weir__events_bytes(const weir__events *e) { return e ? e->bytes : 0; }

weir_status weir__events_sync(weir__events *e)
{
    if (!weir_ok(e->c)) return weir_status_of(e->c);
    while (fsync(e->fd) != 0)
        if (errno != EINTR)
            return errno == EINVAL ? WEIR_OK : events_failed(e, "cannot be flushed to the disk");
    return WEIR_OK;
}

void weir__events_close(weir__events *e)
{
    if (!e) return;
    weir_ctx *c = e->c;
    if (e->fd >= 0 && close(e->fd) != 0 && errno != EINTR) events_failed(e, "cannot be closed");
    weir__free(c, e->record);
    weir__free(c, e->path);
    weir__free(c, e);
}
#else
weir__events *weir__events_open(weir_ctx *c, const char *path, double wall_time, int64_t keep_bytes)
{
    (void)wall_time;
    (void)keep_bytes;
    weir__io_unsupported(c, path, "protobuf-c");
    return NULL;
}

/* There is no open one to be called with. */
weir_status weir__events_scalar(weir__events *e, const char *tag, int64_t step, double wall_time,
                                double value)
{
    (void)e;
    (void)tag;
    (void)step;
    (void)wall_time;
    (void)value;
    return WEIR_ERROR_UNSUPPORTED;
}
int64_t weir__events_bytes(const weir__events *e)
{
    (void)e;
    return 0;
}
weir_status weir__events_sync(weir__events *e)
{
    (void)e;
    return WEIR_ERROR_UNSUPPORTED;
}
void weir__events_close(weir__events *e) { (void)e; }
#endif
