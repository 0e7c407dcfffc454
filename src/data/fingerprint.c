/* fingerprint.c - one hash of all that a data set holds: shape, values, ids, labels, weights and
 * context, of its samples in their order. It is one chain, whatever the values lie in.
 *
 * Values that lie somewhere are read and hashed by every rank: that costs less than telling another
 * of them. Decoding costs more. So ranks that share a pass (weir__sharing) decode in turns: each
 * the samples of its turn, all at once, and then the state of the hash goes from one to the next,
 * over its pixels. What all are to have alike is found before: names and sizes of files. */
#include <string.h>
#include "data/data.h"

static void hash_context(weir__hasher *h, const weir_dataset *d)
{
    const weir__store *k = d->store->context;
    size_t row_bytes = (size_t)k->dim * weir_dtype_size(k->dtype);
    int64_t head[] = { k->dtype, k->dim };
    weir__hasher_add(h, head, sizeof head);
    for (int64_t i = 0; i < d->n; i++)
        weir__hasher_add(h, weir__store_row(k, weir__dataset_id(d, i)), row_bytes);
}

/* -- samples that are decoded ------------------------------------------------------------------ */
/* Some of them, which one look has */
typedef struct hash_look {
    int64_t first, n;
    const char *at[WEIR__LOOK_MOST];
} hash_look;

static bool hash_look_at(const weir_dataset *d, int64_t first, int64_t end, hash_look *k)
{
    int64_t ids[WEIR__LOOK_MOST], most = weir__store_at_once(d->store);
    k->first = first;
    k->n = end - first < most ? end - first : most;
    if (k->n < 0) k->n = 0;
    for (int64_t i = 0; i < k->n; i++) ids[i] = weir__dataset_id(d, first + i);
    return weir__store_look(d->object.ctx, d->store, ids, k->n, k->at);
}

/* Samples k->first to end - 1, of which those of the look are there. */
static bool hash_from(weir__hasher *h, const weir_dataset *d, hash_look *k, int64_t end)
{
    size_t each = d->store->decoded->each;
    while (k->n > 0) {
        for (int64_t i = 0; i < k->n; i++) weir__hasher_add(h, k->at[i], each);
        if (!hash_look_at(d, k->first + k->n, end, k)) return false;
    }
    return true;
}

static bool hash_decoded(weir__hasher *h, const weir_dataset *d)
{
    hash_look k;
    return hash_look_at(d, 0, d->n, &k) && hash_from(h, d, &k, d->n);
}

/* Which samples of which files, by name within the folder and size */
static uint64_t hash_files(const weir_dataset *d)
{
    const weir__image_files *f = d->store->decoded->files;
    size_t folder = strlen(f->text);
    weir__hasher h;
    weir__hasher_begin(&h);
    weir__hasher_add(&h, &d->n, sizeof d->n);
    for (int64_t i = 0; i < d->n; i++) {
        int64_t id = weir__dataset_id(d, i);
        const char *name = weir__image_files_path(f, id) + folder;
        weir__hasher_add(&h, &id, sizeof id);
        weir__hasher_add(&h, name, strlen(name) + 1);
        weir__hasher_add(&h, &f->at[id].bytes, sizeof f->at[id].bytes);
    }
    return weir__hasher_end(&h);
}

/* Whether all ranks have found the same files; an error of all where not. */
static bool hash_files_alike(const weir_dataset *d, uint64_t *hashes, size_t *ends)
{
    const weir__sharing *all = d->sharing;
    hashes[all->rank] = hash_files(d);
    for (int r = 0; r < all->ranks; r++) ends[r] = (size_t)(r + 1) * sizeof *hashes;
    if (!all->gather(all->user, hashes, ends)) return false;
    for (int r = 1; r < all->ranks; r++) {
        if (hashes[r] == hashes[0]) continue;
        weir_fail(d->object.ctx, WEIR_ERROR_STATE,
                  "%.300s: other files on rank %d than on rank 0: expected the same names and "
                  "sizes on all",
                  d->name, r);
        return false;
    }
    return true;
}

/* What rank r has of the hash becomes everybody's. */
static bool hash_hand_on(const weir__sharing *all, int r, weir__hasher *h, size_t *ends)
{
    for (int k = 0; k < all->ranks; k++) ends[k] = k < r ? 0 : sizeof *h;
    return all->gather(all->user, h, ends);
}

/* A round of turns, of `turn` samples each from `first` on. */
static bool hash_round(weir__hasher *h, const weir_dataset *d, int64_t first, int64_t turn,
                       size_t *ends)
{
    const weir__sharing *all = d->sharing;
    hash_look k;
    weir__turn own = weir__turn_of(d, first, turn, all->rank);
    hash_look_at(d, own.begin, own.end, &k);
    if (!all->well(all->user)) return false;
    for (int r = 0; r < all->ranks; r++) {
        weir__turn of = weir__turn_of(d, first, turn, r);
        if (of.begin >= of.end) break;
        if (r == all->rank) hash_from(h, d, &k, own.end); /* an error is everybody's after it */
        if (!hash_hand_on(all, r, h, ends)) return false;
    }
    return true;
}

static bool hash_together(weir__hasher *h, const weir_dataset *d)
{
    const weir__sharing *all = d->sharing;
    weir_ctx *c = d->object.ctx;
    int64_t turn = weir__turn_samples(d);
    size_t *ends = weir__alloc_n(c, all->ranks, sizeof *ends);
    uint64_t *hashes = ends ? weir__alloc_n(c, all->ranks, sizeof *hashes) : NULL;
    bool good = all->well(all->user) && hash_files_alike(d, hashes, ends);
    for (int64_t first = 0; good && first < d->n; first += turn * all->ranks)
        good = hash_round(h, d, first, turn, ends);
    good = good && all->well(all->user);
    weir__free(c, hashes);
    weir__free(c, ends);
    return good;
}

/* -- all --------------------------------------------------------------------------------------- */
/* The same whether rows are added one by one or many at once */
static void hash_rows(weir__hasher *h, const weir_dataset *d)
{
    const weir__store *s = d->store;
    size_t row_bytes = (size_t)s->dim * weir_dtype_size(s->dtype);
    for (int64_t i = 0; d->ids && i < d->n; i++)
        weir__hasher_add(h, weir__store_row(s, d->ids[i]), row_bytes);
    if (d->ids) return;
    if (s->data) weir__hasher_add(h, s->data, (size_t)d->n * row_bytes);
    for (int64_t i = 0; !s->data && i < s->n_parts; i++) {
        int64_t n = d->n - s->parts[i].first;
        if (n > s->parts[i].n) n = s->parts[i].n;
        if (n > 0) weir__hasher_add(h, s->parts[i].data, (size_t)n * row_bytes);
    }
}

static bool hash_values(weir__hasher *h, const weir_dataset *d)
{
    if (d->store->decoded) return d->sharing ? hash_together(h, d) : hash_decoded(h, d);
    hash_rows(h, d);
    return true;
}

uint64_t weir_dataset_fingerprint(const weir_dataset *d)
{
    if (weir__dataset_dead(d)) return 0;
    const weir__store *s = d->store;
    if (!weir__store_holds(d->object.ctx, s)) return 0;
    int64_t head[] = { s->dtype, s->ndim, s->levels, d->n, s->labels != NULL, s->weights != NULL };
    weir__hasher h;
    weir__hasher_begin(&h);
    weir__hasher_add(&h, head, sizeof head);
    weir__hasher_add(&h, s->shape, (size_t)s->ndim * sizeof *s->shape);
    if (!hash_values(&h, d)) return 0;
    for (int64_t i = 0; i < d->n; i++) {
        int64_t id = weir__dataset_id(d, i);
        weir__hasher_add(&h, &id, sizeof id);
        if (s->labels) weir__hasher_add(&h, &s->labels[id], sizeof *s->labels);
        if (s->weights) weir__hasher_add(&h, &s->weights[id], sizeof *s->weights);
    }
    if (s->context) hash_context(&h, d);
    return weir__hasher_end(&h);
}
