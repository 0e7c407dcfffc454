/* region.c - a context while the shards of a step run below it.
 *
 * Shards read what their parent owns, on several threads and without a lock, so the parent may not
 * change meanwhile. Whatever would make an object of it, count one, or write into its memory is
 * refused: the call gives nil, the refusal is noted here, and it becomes the parent's error when
 * the shards have ended. The status itself is not written, for other threads read it. Of several
 * refusals the one whose text comes first in the alphabet stands, so that the message does not
 * depend on which thread came first. */
#include <string.h>
#include "base/base.h"

void weir__region_begin(weir_ctx *c)
{
    atomic_store(&c->region.open, true);
}

static void region_free_copies(weir_ctx *c)
{
    while (c->region.copies) {
        void **block = c->region.copies;
        c->region.copies = *block;
        weir__pool_give(&c->pool, block);
    }
}

void weir__region_end(weir_ctx *c)
{
    atomic_store(&c->region.open, false);
    region_free_copies(c);
    if (c->region.message[0]) weir_fail(c, c->region.status, "%s", c->region.message);
    c->region.message[0] = 0;
}

static void region_lock(weir__region *r)
{
    while (atomic_flag_test_and_set(&r->lock)) continue; /* held for the length of a copy */
}

void weir__region_note(weir_ctx *c, weir_status status, const char *text)
{
    weir__region *r = &c->region;
    region_lock(r);
    if (!r->message[0] || strcmp(text, r->message) < 0) {
        size_t used = 0;
        r->status = status;
        weir__append(r->message, sizeof r->message, &used, "%s", text);
    }
    atomic_flag_clear(&r->lock);
}

void weir__region_refuse(weir_ctx *c, const char *who, const char *expected)
{
    char text[256];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%s: of a context whose shards run: expected %s", who,
                 expected);
    weir__region_note(c, WEIR_ERROR_STATE, text);
}

void *weir__region_copy(weir_ctx *c, const void *data, size_t bytes)
{
    enum { LINK = 64 }; /* to the next copy; what follows is aligned as any block */
    weir__region *r = &c->region;
    region_lock(r);
    char *block = bytes < SIZE_MAX - LINK ? weir__pool_take(&c->pool, LINK + bytes) : NULL;
    if (block) {
        memcpy(block, &r->copies, sizeof r->copies);
        memcpy(block + LINK, data, bytes);
        r->copies = (void **)(void *)block;
    }
    atomic_flag_clear(&r->lock);
    return block ? block + LINK : NULL;
}
