/* split.c - which samples belong to train, valid and test, and which of them a limit leaves:
 * functions of their number and the number of samples alone, so that every run, machine and program
 * that knows the rule agrees.
 *
 * The last `test_rows` samples of the source are the test split, where it has some; else
 * test=FRACTION of the caller's takes the round(FRACTION n) whose weir__hash_mix(row, "weir.tes" as
 * bytes) is smallest (equal: the smaller number), test=last:N the last N. Of the n others, valid=
 * does so with "weir.val". The rest trains.
 *
 * limit=N leaves the N samples of a split whose weir__hash_mix(row, "weir.sub" as bytes) is
 * smallest, in their order: a file may be sorted by what is in it, and its beginning is then no
 * picture of the rest. So limit=10 is a part of limit=20. */
#include <stdlib.h>
#include <string.h>
#include "data/data.h"

/* Fixed for good. */
#define VALID_KEY 0x776569722e76616cu /* "weir.val" */
#define TEST_KEY 0x776569722e746573u /* "weir.tes" */
#define SUBSET_KEY 0x776569722e737562u /* "weir.sub" */

typedef struct ranked {
    uint64_t hash;
    int64_t row;
} ranked;

static int by_hash(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* What is known of the `count` rows of the smallest hash: those whose hash begins with less than
 * `prefix`, and `left` of the `within` ones whose hash begins with it. */
typedef struct smallest {
    const int64_t *rows; /* NULL: 0 .. n-1 */
    int64_t n;
    uint64_t key;
    uint64_t prefix;
    int bits; /* of the prefix */
    int64_t left, within;
} smallest;

static ranked smallest_at(const smallest *s, int64_t i)
{
    int64_t row = s->rows ? s->rows[i] : i;
    return (ranked){ weir__hash_mix((uint64_t)row, s->key), row };
}

static uint64_t smallest_begin(const smallest *s, uint64_t hash)
{
    return s->bits > 0 ? hash >> (64 - s->bits) : 0;
}

enum {
    SMALLEST_BITS = 12, /* more of the prefix in a turn */
    SMALLEST_FEW = 4096, /* are sorted */
};

/* A longer prefix, by how many hashes go on how. */
static void smallest_narrow(smallest *s)
{
    int64_t count[1 << SMALLEST_BITS] = { 0 };
    uint64_t next = 0;
    for (int64_t i = 0; i < s->n; i++) {
        uint64_t hash = smallest_at(s, i).hash;
        if (smallest_begin(s, hash) == s->prefix) count[hash << s->bits >> (64 - SMALLEST_BITS)]++;
    }
    while (s->left > count[next]) s->left -= count[next++];
    s->prefix = s->prefix << SMALLEST_BITS | next;
    s->bits += SMALLEST_BITS;
    s->within = count[next];
}

/* mark[row] = as for the `count` of n samples of the smallest hash under `key`; rows NULL: 0 ..
 * n-1. */
static bool mark_hashed(weir_ctx *c, unsigned char *mark, const int64_t *rows, int64_t n,
                        uint64_t key, int64_t count, unsigned char as)
{
    smallest s = { .rows = rows, .n = n, .key = key, .left = count, .within = n };
    while (s.within > SMALLEST_FEW && s.bits + SMALLEST_BITS < 64) smallest_narrow(&s);
    ranked *r = weir__alloc_n(c, s.within, sizeof *r);
    int64_t found = 0;
    if (!r) return false;
    for (int64_t i = 0; i < n; i++) {
        ranked e = smallest_at(&s, i);
        uint64_t begin = smallest_begin(&s, e.hash);
        if (begin < s.prefix) mark[e.row] = as;
        else if (begin == s.prefix) r[found++] = e;
    }
    qsort(r, (size_t)found, sizeof *r, by_hash);
    for (int64_t i = 0; i < s.left; i++) mark[r[i].row] = as;
    weir__free(c, r);
    return true;
}

/* Samples first .. end-1 whose mark is `wanted` (no marks: all). */
static weir_status split_list_rows(weir_ctx *c, int64_t first, int64_t end,
                                   const unsigned char *mark, unsigned char wanted, int64_t **ids,
                                   int64_t *count)
{
    int64_t n = 0;
    for (int64_t i = first; i < end; i++) n += !mark || mark[i] == wanted;
    *ids = weir__alloc_n(c, n, sizeof **ids);
    if (!*ids) return weir_status_of(c);
    *count = n;
    for (int64_t i = first, at = 0; at < n; i++)
        if (!mark || mark[i] == wanted) (*ids)[at++] = i;
    return WEIR_OK;
}

enum { TRAINS, VALIDATES, TESTS };

/* Marks as many of the samples (NULL: 0 .. n-1) as `text` says with `as`. */
static weir_status mark_part(weir_ctx *c, const char *where, const char *text, uint64_t key,
                             const int64_t *rows, int64_t n, unsigned char as, unsigned char *mark)
{
    int64_t count;
    bool last;
    const char *option = as == TESTS ? "test" : "valid";
    if (weir__spec_part(c, where, option, text, n, &count, &last) != WEIR_OK)
        return weir_status_of(c);
    if (!last) {
        mark_hashed(c, mark, rows, n, key, count, as);
        return weir_status_of(c);
    }
    for (int64_t i = n - count; i < n; i++) mark[rows ? rows[i] : i] = as;
    return WEIR_OK;
}

/* `*mark` [n] is to be freed. */
static weir_status mark_rows(weir_ctx *c, const char *where, const weir__dataset_opts *o, int64_t n,
                             unsigned char **mark)
{
    int64_t *rest = NULL, n_rest = n;
    *mark = weir__alloc0_n(c, n, 1);
    if (*mark && weir__is_said(o->test)) {
        mark_part(c, where, o->test, TEST_KEY, NULL, n, TESTS, *mark);
        if (weir_ok(c)) split_list_rows(c, 0, n, *mark, TRAINS, &rest, &n_rest);
    }
    if (weir_ok(c)) mark_part(c, where, o->valid, VALID_KEY, rest, n_rest, VALIDATES, *mark);
    weir__free(c, rest);
    return weir_status_of(c);
}

/* Leaves `limit` of the samples `*ids` of n, NULL: of all n. */
static weir_status thin_rows(weir_ctx *c, int64_t n, int64_t limit, int64_t **ids, int64_t *count)
{
    unsigned char *mark = weir__alloc0(c, (size_t)n);
    int64_t *left = NULL;
    if (mark && mark_hashed(c, mark, *ids, *count, SUBSET_KEY, limit, 1))
        split_list_rows(c, 0, n, mark, 1, &left, count);
    weir__free(c, mark);
    if (!left) return weir_status_of(c);
    weir__free(c, *ids);
    *ids = left;
    return WEIR_OK;
}

/* What the limit leaves; the first samples where that is what it meant. */
static weir_status limit_rows(weir_ctx *c, const weir__dataset_opts *o, int64_t n, int64_t **ids,
                              int64_t *count)
{
    if (o->limit >= *count) return WEIR_OK;
    if (!o->limit_first) return thin_rows(c, n, o->limit, ids, count);
    *count = o->limit;
    return WEIR_OK;
}

weir_status weir__split_rows(weir_ctx *c, const char *where, const weir__dataset_opts *o,
                             weir__split split, int64_t n, int64_t test_rows, int64_t **ids,
                             int64_t *count)
{
    unsigned char *mark = NULL;
    int64_t base = n - test_rows;
    *ids = NULL;
    *count = n;
    bool own = weir__is_said(o->test);
    unsigned char part = split == WEIR__SPLIT_VALID ? VALIDATES : TRAINS;
    /* a bad valid= is one for every split */
    if (mark_rows(c, where, o, base, &mark) == WEIR_OK) {
        if (split == WEIR__SPLIT_TEST && own) split_list_rows(c, 0, n, mark, TESTS, ids, count);
        else if (split == WEIR__SPLIT_TEST) split_list_rows(c, base, n, NULL, TESTS, ids, count);
        else if (split != WEIR__SPLIT_ALL) split_list_rows(c, 0, base, mark, part, ids, count);
    }
    if (weir_ok(c)) limit_rows(c, o, n, ids, count);
    weir__free(c, mark);
    return weir_status_of(c);
}
