/* gzip.c - gunzip in memory: members one after the other, checksums checked, output bounded. */
#include <string.h>
#include "io/internal.h"

bool weir__gzip_is(const void *data, size_t size)
{
    return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

#ifdef WEIR_HAVE_ZLIB
#include <zlib.h>

typedef struct unzip {
    weir_ctx *c;
    const char *where;
    const unsigned char *in;
    size_t in_size, in_at;
    unsigned char *out;
    size_t out_cap, out_at, max;
    z_stream z;
} unzip;

/* What the trailer promises, where deflate's best ratio (1032) could keep it; else a modest start.
 */
static size_t gzip_first_guess(const unsigned char *p, size_t size, size_t max)
{
    size_t guess = size * 3;
    if (size >= 18) {
        const unsigned char *t = p + size - 4;
        size_t promised = (size_t)t[0] | (size_t)t[1] << 8 | (size_t)t[2] << 16
                          | (size_t)t[3] << 24;
        if (promised / 1032 <= size) guess = promised;
    }
    if (guess > max) guess = max;
    return guess < 64 ? 64 : guess;
}

static bool gzip_make_room(unzip *u)
{
    if (u->out_at < u->out_cap) return true;
    if (u->out_cap > u->max) return false;
    size_t cap = u->out_cap < 4096 ? 4096 : u->out_cap * 2;
    if (cap > u->max) cap = u->max + 1; /* the byte too many tells too much from just enough */
    unsigned char *grown = weir__realloc(u->c, u->out, cap + 1);
    if (!grown) return false;
    u->out = grown;
    u->out_cap = cap;
    return true;
}

static weir_status broken(unzip *u, const char *what)
{
    return weir__io_fail(u->c, WEIR_ERROR_FORMAT, u->where, "gzip, byte %zu: expected %s", u->in_at,
                         what);
}

/* One call of inflate on as much as fits its counters. */
static int gzip_step(unzip *u)
{
    size_t in = u->in_size - u->in_at, out = u->out_cap - u->out_at, most = 1u << 30;
    u->z.next_in = (Bytef *)(uintptr_t)(u->in + u->in_at);
    u->z.avail_in = (uInt)(in < most ? in : most);
    u->z.next_out = u->out + u->out_at;
    u->z.avail_out = (uInt)(out < most ? out : most);
    int r = inflate(&u->z, Z_NO_FLUSH);
    u->in_at = (size_t)(u->z.next_in - u->in);
    u->out_at = (size_t)(u->z.next_out - u->out);
    return r;
}

static weir_status gzip_run(unzip *u)
{
    for (;;) {
        if (!gzip_make_room(u) || u->out_at > u->max) {
            if (!weir_ok(u->c)) return weir_status_of(u->c);
            return weir__io_fail(u->c, WEIR_ERROR_FORMAT, u->where,
                                 "gzip, byte %zu: expected at most %zu bytes when unpacked",
                                 u->in_at, u->max);
        }
        int r = gzip_step(u);
        if (r == Z_STREAM_END) {
            if (u->out_at > u->max) continue;
            if (u->in_at == u->in_size) return WEIR_OK;
            if (!weir__gzip_is(u->in + u->in_at, u->in_size - u->in_at))
                return broken(u, "the end or another member, found other bytes");
            if (inflateReset(&u->z) != Z_OK) return broken(u, "a gzip member");
        } else if (r == Z_MEM_ERROR) {
            return weir__io_fail(u->c, WEIR_ERROR_MEMORY, u->where,
                                 "gzip: expected more free memory");
        } else if (r != Z_OK && r != Z_BUF_ERROR) {
            return weir__io_fail(u->c, WEIR_ERROR_FORMAT, u->where,
                                 "gzip, byte %zu: expected sound data: %s", u->in_at,
                                 u->z.msg ? u->z.msg : "broken");
        } else if (u->in_at == u->in_size && u->out_at < u->out_cap) {
            return broken(u, "more data, found the end");
        }
    }
}

weir_status weir__gunzip(weir_ctx *c, const char *where, const void *data, size_t size,
                         size_t max_bytes, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    unzip u = { .c = c,
                .where = where,
                .in = data,
                .in_size = size,
                .max = max_bytes < SIZE_MAX / 4 ? max_bytes : SIZE_MAX / 4 };
    if (!weir__gzip_is(data, size)) return broken(&u, "the bytes 1f 8b");
    u.out_cap = gzip_first_guess(data, size, u.max);
    u.out = weir__alloc(c, u.out_cap + 1);
    if (!u.out) return weir_status_of(c);
    u.z.zalloc = weir__zalloc;
    u.z.zfree = weir__zfree;
    u.z.opaque = c;
    if (inflateInit2(&u.z, 15 + 16) != Z_OK)
        weir__io_fail(c, WEIR_ERROR_MEMORY, where, "gzip: expected more free memory");
    else gzip_run(&u);
    inflateEnd(&u.z);
    if (!weir_ok(c)) {
        weir__free(c, u.out);
        return weir_status_of(c);
    }
    u.out[u.out_at] = 0;
    *out = (weir__bytes){ u.out, u.out_at };
    return WEIR_OK;
}
#else
weir_status weir__gunzip(weir_ctx *c, const char *where, const void *data, size_t size,
                         size_t max_bytes, weir__bytes *out)
{
    (void)data;
    (void)size;
    (void)max_bytes;
    *out = (weir__bytes){ 0 };
    return weir__io_unsupported(c, where, "zlib");
}
#endif
