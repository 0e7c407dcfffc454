/* decoded.c - samples that are decoded from files of their own, images of a folder, when they are
 * first read.
 *
 * Pixels stay in memory up to weir_open_opts.file_bytes (2^30 where nobody says): those that came
 * first, to the end, for every epoch wants every sample once and none is likelier than another. The
 * others are decoded each time. So what lies in memory never moves, and of the rest a window of
 * some samples is there until the next is looked at.
 *
 * A data set belongs to one thread at a time, as its context does; the threads of that context
 * decode the samples of a window, each in a context of its own. */
#include <string.h>
#include "data/data.h"
#include "kern/kern.h"

enum {
    DECODED_BLOCK = 4 << 20,  /* bytes that memory is taken in */
    DECODED_WINDOW = 8 << 20, /* of pixels that are not kept, at most */
};

static int64_t decoded_least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t decoded_at_least(int64_t a, int64_t least) { return a > least ? a : least; }

/* Samples that are looked at together where memory allows it: by the data alone. */
static int64_t decoded_together(const weir__decoded *d)
{
    int64_t rows = decoded_least(WEIR__LOOK_MOST, DECODED_WINDOW / (int64_t)d->each);
    return decoded_at_least(rows, 1);
}

/* Of `most` bytes for samples of `each`: all of them, or a window and what is left. */
static void decoded_divide(weir__decoded *d, int64_t n, int64_t most)
{
    int64_t each = (int64_t)d->each, fit = most / each, window = decoded_together(d);
    if (fit < n) window = decoded_least(window, fit / 4);
    d->window_rows = decoded_at_least(window, 1);
    d->room = fit < n ? decoded_at_least(fit - d->window_rows, 0) : n;
    d->a_block = decoded_at_least(decoded_least(d->room, DECODED_BLOCK / each), 1);
}

weir__decoded *weir__decoded_new(weir_ctx *c, const weir__store *s, weir__image_files *files)
{
    weir__decoded *d = weir__alloc0(c, sizeof *d);
    if (!d) return NULL;
    d->each = (size_t)s->dim * weir_dtype_size(s->dtype);
    decoded_divide(d, s->n, weir__claim_most(c));
    d->at = weir__alloc0_n(c, s->n, sizeof *d->at);
    if (d->at) {
        d->files = files;
        return d;
    }
    weir__free(c, d);
    return NULL;
}

void weir__decoded_free(weir_ctx *c, weir__decoded *d)
{
    if (!d) return;
    for (int i = 0; i < d->n_workers; i++) weir_close(d->workers[i]);
    for (int64_t i = 0; i < d->n_blocks; i++) weir__free(c, d->blocks[i]);
    weir__free(c, d->workers);
    weir__free(c, d->blocks);
    weir__free(c, d->window);
    weir__free(c, d->at);
    weir__image_files_free(c, d->files);
    weir__free(c, d);
}

int64_t weir__turn_samples(const weir_dataset *d)
{
    int64_t even = (d->n + d->sharing->ranks - 1) / d->sharing->ranks;
    return decoded_least(decoded_together(d->store->decoded), even);
}

weir__turn weir__turn_of(const weir_dataset *d, int64_t first, int64_t turn, int rank)
{
    weir__turn t = { .begin = decoded_least(first + turn * rank, d->n) };
    t.end = decoded_least(t.begin + turn, d->n);
    return t;
}

void weir__decoded_levels(weir__decoded *d, int64_t levels, int64_t few)
{
    bool of_files = levels >= d->files->levels; /* then no pixel is above them */
    d->levels = of_files && few == 0 ? 0 : levels;
    d->few = few;
}

/* -- memory ------------------------------------------------------------------------------------ */
/* The next sample's of those that are kept; NULL: the error is set. */
static char *decoded_place(weir_ctx *c, weir__decoded *d)
{
    int64_t block = d->kept / d->a_block;
    if (block == d->n_blocks) {
        if (!weir__grow(c, &d->blocks, &d->blocks_room, block + 1, sizeof *d->blocks)) return NULL;
        int64_t rows = decoded_least(d->a_block, d->room - d->kept);
        d->blocks[block] = weir__alloc_n(c, rows, d->each);
        if (!d->blocks[block]) return NULL;
        d->n_blocks++;
    }
    return d->blocks[block] + (size_t)(d->kept++ % d->a_block) * d->each;
}

static char *decoded_window(weir_ctx *c, weir__decoded *d, int64_t row)
{
    if (!d->window) d->window = weir__alloc_n(c, d->window_rows, d->each);
    return d->window ? d->window + (size_t)row * d->each : NULL;
}

/* -- decoding ---------------------------------------------------------------------------------- */
/* Samples of one look that lie nowhere yet */
typedef struct decoding {
    weir_ctx *c;
    const weir__store *s;
    weir__decoded *d;
    int64_t n;
    int64_t ids[WEIR__LOOK_MOST];
    char *to[WEIR__LOOK_MOST];
    int pieces; /* 1: in c itself */
} decoding;

static bool decoded_one(weir_ctx *c, const decoding *k, int64_t i)
{
    const weir__decoded *d = k->d;
    if (!weir__image_files_decode(c, d->files, k->ids[i], k->to[i])) return false;
    if (d->levels == 0) return true;
    if (!weir__store_check_row(c, d->files->text, k->s, d->levels, k->ids[i], k->to[i]))
        return false;
    if (d->few > 0) weir__reduce_values(k->s->dtype, k->to[i], k->s->dim, d->levels, d->few);
    return true;
}

static void decoded_piece(void *decoding_, int piece, int64_t begin, int64_t end)
{
    const decoding *k = decoding_;
    weir_ctx *c = k->pieces > 1 ? k->d->workers[piece] : k->c;
    for (int64_t i = begin; i < end && decoded_one(c, k, i); i++) continue;
}

static bool decoded_workers(weir_ctx *c, weir__decoded *d, int n)
{
    if (n < 2 || d->n_workers >= n) return true;
    if (!d->workers) d->workers = weir__alloc0_n(c, c->n_threads, sizeof *d->workers);
    while (d->workers && d->n_workers < n) {
        weir_ctx *w = weir_worker_open(c, 1);
        if (!weir_ok(c)) return false;
        d->workers[d->n_workers++] = w;
    }
    return d->workers != NULL;
}

/* The error of the first sample that has one, whichever thread met it. */
static bool decoded_well(decoding *k)
{
    for (int i = 0; k->pieces > 1 && i < k->pieces; i++) {
        weir_ctx *w = k->d->workers[i];
        if (weir_ok(w)) continue;
        if (weir_ok(k->c)) weir_fail(k->c, weir_status_of(w), "%s", weir_message(w));
        weir_clear(w);
    }
    return weir_ok(k->c);
}

static bool decoded_all(decoding *k)
{
    int most = weir__threads_most(k->c->threads);
    k->pieces = k->n < most ? (int)k->n : most;
    if (!decoded_workers(k->c, k->d, k->pieces)) return false;
    if (k->pieces > 1) weir__divide(k->c->threads, k->pieces, k->n, decoded_piece, k);
    else decoded_piece(k, 0, 0, k->n);
    if (!decoded_well(k)) return false;
    k->d->decodes += k->n;
    return true;
}

/* Where sample `id` lies, or will once it is decoded. */
static const char *decoded_find(decoding *k, int64_t id, int64_t *windowed)
{
    weir__decoded *d = k->d;
    if (d->at[id]) return d->at[id];
    char *to = d->kept < d->room ? d->at[id] = decoded_place(k->c, d)
                                 : decoded_window(k->c, d, (*windowed)++);
    k->ids[k->n] = id;
    k->to[k->n] = to;
    k->n += to != NULL;
    return to;
}

/* After an error none of this look is kept. */
static void decoded_forget(decoding *k, int64_t kept)
{
    for (int64_t i = 0; i < k->n; i++) k->d->at[k->ids[i]] = NULL;
    k->d->kept = kept;
}

bool weir__decoded_look(weir_ctx *c, const weir__store *s, const int64_t *ids, int64_t n,
                        const char **at)
{
    decoding k = { .c = c, .s = s, .d = s->decoded };
    int64_t kept = k.d->kept, windowed = 0;
    bool good = weir_ok(c);
    for (int64_t i = 0; good && i < n; i++) {
        at[i] = decoded_find(&k, ids[i], &windowed);
        good = at[i] != NULL;
    }
    if (good && (k.n == 0 || decoded_all(&k))) return true;
    decoded_forget(&k, kept);
    return false;
}

/* -- several windows --------------------------------------------------------------------------- */
static void decoded_copy(const weir__store *s, weir_dtype t, const char *const *at, int64_t n,
                         char *x)
{
    size_t to = (size_t)s->dim * weir_dtype_size(t);
    for (int64_t i = 0; i < n; i++, x += to) weir__convert(t, x, s->dtype, at[i], s->dim);
}

bool weir__decoded_gather(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *ids,
                          int64_t n, void *x)
{
    const char *at[WEIR__LOOK_MOST];
    size_t row = (size_t)s->dim * weir_dtype_size(t);
    int64_t most = s->decoded->window_rows;
    for (int64_t first = 0; first < n; first += most) {
        int64_t some = decoded_least(n - first, most);
        if (!weir__decoded_look(c, s, ids + first, some, at)) return false;
        decoded_copy(s, t, at, some, (char *)x + (size_t)first * row);
    }
    return true;
}

/* What is kept already is copied with the rest, and no more is kept meanwhile. */
static bool decoded_into(weir_ctx *c, const weir__store *s, char *all)
{
    weir__decoded *d = s->decoded;
    int64_t ids[WEIR__LOOK_MOST];
    d->room = d->kept;
    for (int64_t first = 0; first < s->n; first += d->window_rows) {
        int64_t n = decoded_least(s->n - first, d->window_rows);
        for (int64_t i = 0; i < n; i++) ids[i] = first + i;
        if (!weir__decoded_gather(c, s, s->dtype, ids, n, all + (size_t)first * d->each))
            return false;
    }
    return true;
}

bool weir__decoded_own(weir_ctx *c, weir__store *s)
{
    char *all = weir__alloc_n(c, weir__size_times(s->n, s->dim), weir_dtype_size(s->dtype));
    if (!all || !decoded_into(c, s, all)) {
        weir__free(c, all);
        return false;
    }
    weir__decoded_free(c, s->decoded);
    s->decoded = NULL;
    s->data = all;
    return true;
}
