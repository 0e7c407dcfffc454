/* pool.c - memory in size classes, kept for reuse, so that a training loop in its stride asks the
 * system for nothing.
 *
 * A block is 64 bytes of header and the user's bytes behind it, both 64-byte aligned. Up to 1 KB
 * classes are multiples of 64 bytes, above eight to an octave, powers of two among them: at most an
 * eighth is wasted. What is kept has bounds, so that a change of batch shape does not hoard: blocks
 * of 1 MB and more go back where it exceeds the peak of what was in use at once by a quarter, those
 * of 16 KB and more where it exceeds twice that peak and 1 MB; first those whose size has not been
 * wanted for longest. Objects are smaller, and theirs stay, to read as gone. -DWEIR_NO_POOL gives
 * every block back at once, so that address sanitizers see a use after a scope's end. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/base.h"

enum { HEADER = 64, SMALL = 1024, MEDIUM = 1 << 14, LARGE = 1 << 20, HUGE_PAGE = 2 << 20 };
_Static_assert(sizeof(size_t) == 8, "blocks of up to 2^WEIR__POOL_BITS bytes have a class");

struct weir__block {
    weir__block *next; /* while spare */
    size_t bytes;      /* asked for */
    size_t capacity;   /* header included */
    int cls;
};

/* Some systems promise any size and end the process that uses it: what no machine of this memory
 * can hold, with whatever it swaps to, is refused here. Small blocks are not worth the question. */
static bool beyond_machine(size_t bytes)
{
    enum { SURE = 1 << 30, SWAP = 4 };
    if (bytes <= SURE) return false;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 && bytes / SWAP / (size_t)page > (size_t)pages;
}

static void *system_resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(block);
        return NULL;
    }
    const bool huge = new_bytes >= 2 * HUGE_PAGE;
    void *m = NULL;
    if (beyond_machine(new_bytes)) return NULL;
    if (posix_memalign(&m, huge ? HUGE_PAGE : 64, new_bytes) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    /* Columns of a large matrix lie on a page each: with 4 KB pages the walk over them waits for
     * translations. Only advice: */
    if (huge) (void)madvise(m, new_bytes, MADV_HUGEPAGE);
#endif
    return m;
}

/* Class and capacity, header included, for `bytes` and the header: together at most
 * 2^WEIR__POOL_BITS. */
static int pool_class_of(size_t bytes, size_t *capacity)
{
    if (bytes <= SMALL) {
        int cls = bytes ? (int)((bytes + 63) / 64) : 1;
        *capacity = (size_t)cls * 64 + HEADER;
        return cls;
    }
    /* 2^octave < bytes <= 2^(octave + 1) */
    int octave = 63 - __builtin_clzll((unsigned long long)(bytes - 1));
    size_t eighth = (size_t)1 << (octave - 3);
    size_t steps = (bytes - ((size_t)1 << octave) + eighth - 1) / eighth; /* 1..8 */
    *capacity = ((size_t)1 << octave) + steps * eighth + HEADER;
    return 16 + (octave - 10) * 8 + (int)steps;
}

/* No memory is no error to those who do without: errno stays the caller's. */
static void *pool_resize(weir__pool *p, void *block, size_t old_bytes, size_t new_bytes)
{
    int error = errno;
    void *m = (p->resize ? p->resize : system_resize)(p->user, block, old_bytes, new_bytes);
    errno = error;
    return m;
}

static void *take_system(weir__pool *p, size_t capacity)
{
    p->info.system_calls++;
    void *m = pool_resize(p, NULL, 0, capacity);
    if (m) p->info.system_bytes += (int64_t)capacity;
    return m;
}

static void give_system(weir__pool *p, weir__block *b)
{
    p->info.system_bytes -= (int64_t)b->capacity;
    pool_resize(p, b, b->capacity, 0);
}

void *weir__pool_take(weir__pool *p, size_t bytes)
{
    if (bytes > ((size_t)1 << WEIR__POOL_BITS) - HEADER) return NULL;
    size_t capacity;
    int cls = pool_class_of(bytes, &capacity);
    p->used[cls] = ++p->uses;
    weir__block *b = p->spare[cls];
    if (b) {
        p->spare[cls] = b->next;
    } else {
        b = take_system(p, capacity);
        if (!b) {
            weir__pool_trim(p); /* spare blocks of other sizes may make room */
            b = take_system(p, capacity);
            if (!b) return NULL;
        }
        b->capacity = capacity;
        b->cls = cls;
    }
    b->bytes = bytes;
    p->info.live_blocks++;
    p->info.live_bytes += (int64_t)capacity;
    if (p->info.live_bytes > p->info.peak_bytes) p->info.peak_bytes = p->info.live_bytes;
    return (char *)b + HEADER;
}

/* What was an object reads as one that is gone, and as nil. */
static void mark_gone(weir__block *b, weir__object *o)
{
    if (b->bytes < sizeof *o) return;
    o->alive = WEIR__GONE;
    o->nil = true;
}

#ifndef WEIR_NO_POOL
/* Gives back blocks of at least `least` bytes, of the sizes that were wanted longest ago, until at
 * most `most` bytes are kept. */
static void shed(weir__pool *p, size_t least, int64_t most)
{
    size_t unused;
    while (p->info.system_bytes > most) {
        int oldest = -1;
        for (int i = pool_class_of(least, &unused); i < WEIR__POOL_CLASSES; i++)
            if (p->spare[i] && (oldest < 0 || p->used[i] < p->used[oldest])) oldest = i;
        if (oldest < 0) return;
        weir__block *b = p->spare[oldest];
        p->spare[oldest] = b->next;
        give_system(p, b);
    }
}

/* The block itself may be among those shed. */
static void keep(weir__pool *p, weir__block *b)
{
    const int64_t peak = p->info.peak_bytes;
    const size_t capacity = b->capacity;
    b->next = p->spare[b->cls];
    p->spare[b->cls] = b;
    p->used[b->cls] = ++p->uses;
    if (capacity >= LARGE) shed(p, LARGE, peak + peak / 4);
    if (capacity >= MEDIUM) shed(p, MEDIUM, 2 * peak + LARGE);
}
#endif

void weir__pool_give(weir__pool *p, void *block)
{
    weir__block *b = (weir__block *)(void *)((char *)block - HEADER);
    mark_gone(b, block);
    p->info.live_blocks--;
    p->info.live_bytes -= (int64_t)b->capacity;
#ifdef WEIR_NO_POOL
    give_system(p, b);
#else
    keep(p, b);
#endif
}

size_t weir__pool_size(const void *block)
{
    return ((const weir__block *)(const void *)((const char *)block - HEADER))->bytes;
}

void weir__pool_trim(weir__pool *p)
{
    for (int i = 0; i < WEIR__POOL_CLASSES; i++)
        while (p->spare[i]) {
            weir__block *b = p->spare[i];
            p->spare[i] = b->next;
            give_system(p, b);
        }
}

/* -- the one door ------------------------------------------------------------------------------ */
static void no_memory(weir_ctx *c, size_t bytes)
{
    if (bytes > (size_t)1 << WEIR__POOL_BITS)
        weir_fail(c, WEIR_ERROR_MEMORY, "memory: more than 2^%d bytes: expected a smaller size",
                  WEIR__POOL_BITS);
    else weir_fail(c, WEIR_ERROR_MEMORY, "memory: %zu bytes: expected more free memory", bytes);
}

void *weir__alloc(weir_ctx *c, size_t bytes)
{
    if (c == NULL || c == weir__orphan()) return NULL;
    if (weir__region_refuses(c, "memory", WEIR__REGION_MAKE)) return NULL;
    if (!weir__claim_allows(c, bytes)) return NULL;
    void *m = weir__pool_take(&c->pool, bytes);
    if (!m) no_memory(c, bytes);
    return m;
}

void *weir__alloc0(weir_ctx *c, size_t bytes)
{
    void *m = weir__alloc(c, bytes);
    return m ? memset(m, 0, bytes) : NULL;
}

void *weir__alloc_n(weir_ctx *c, int64_t n, size_t element)
{
    return weir__alloc(c, weir__bytes_of(n, element));
}

void *weir__alloc0_n(weir_ctx *c, int64_t n, size_t element)
{
    return weir__alloc0(c, weir__bytes_of(n, element));
}

void *weir__realloc(weir_ctx *c, void *block, size_t bytes)
{
    void *m = weir__alloc(c, bytes);
    if (!m || !block) return m;
    size_t old = weir__pool_size(block);
    memcpy(m, block, old < bytes ? old : bytes);
    weir__free(c, block);
    return m;
}

void weir__free(weir_ctx *c, void *block)
{
    if (!block || weir__region_refuses(c, "memory", WEIR__REGION_CHANGE))
        return; /* never given back */
    weir__pool_give(&c->pool, block);
}

char *weir__strdup(weir_ctx *c, const char *text)
{
    size_t n = strlen(text) + 1;
    char *m = weir__alloc(c, n);
    return m ? memcpy(m, text, n) : NULL;
}

bool weir__grow(weir_ctx *c, void *array_pointer, int64_t *capacity, int64_t need, size_t element)
{
    if (need <= *capacity) return true;
    int64_t n = *capacity < 8 ? 16 : weir__size_times(*capacity, 2);
    if (n < need) n = need;
    void *old;
    memcpy(&old, array_pointer, sizeof old); /* a pointer to any pointer */
    void *grown = weir__realloc(c, old, weir__bytes_of(n, element));
    if (!grown) return false;
    memcpy(array_pointer, &grown, sizeof grown);
    *capacity = n;
    return true;
}
