/* claim.c - how much memory data may take while they are opened: weir_open_opts.file_bytes. What
 * is counted is what the context has handed out, whoever asked for it: the files, what they unpack
 * to, values, words. */
#include "base/base.h"

enum {
    CLAIM_MOST = 1 << 30,
    CLAIM_TIMES = 16, /* what the files take on disk: a table of short words takes as much */
};

void weir__claim_begin(weir_ctx *c, const char *where)
{
    c->claim.where = where;
    c->claim.begin = c->pool.info.live_bytes;
    c->claim.on_disk = 0;
}

void weir__claim_add(weir_ctx *c, int64_t on_disk)
{
    c->claim.on_disk = weir__size_plus(c->claim.on_disk, on_disk);
}

void weir__claim_end(weir_ctx *c) { c->claim.where = NULL; }

int64_t weir__claim_most(const weir_ctx *c)
{
    return c->claim.most > 0 ? c->claim.most : CLAIM_MOST;
}

bool weir__claim_allows(weir_ctx *c, size_t bytes)
{
    const weir__claim *k = &c->claim;
    int64_t most = weir__claim_most(c);
    int64_t files = weir__size_times(CLAIM_TIMES, k->on_disk);
    int64_t taken = c->pool.info.live_bytes - k->begin;
    if (!k->where) return true;
    if (files > most) most = files;
    if (taken < most && bytes <= (size_t)(most - taken)) return true;
    const char *where = k->where;
    weir__claim_end(c); /* what tells of the error may take some */
    weir_fail(c, WEIR_ERROR_MEMORY,
              "%.300s: wants more than %lld bytes of memory: expected less of files of %lld bytes "
              "(WEIR_FILE_BYTES=N in the environment of weir, or file_bytes of weir_open_opts, "
              "allows more)",
              where, (long long)most, (long long)c->claim.on_disk);
    return false;
}
