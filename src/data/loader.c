/* loader.c - endless batches in a shuffled order that is a function of the step alone.
 *
 * Step s is batch s mod k of epoch s / k, where k batches fill an epoch. The order of epoch e is a
 * Fisher-Yates shuffle of 0 .. n-1 with draws under a key of (seed, e), made anew from the sorted
 * order: so a seek costs at most one shuffle, and a resumed run sees what an uninterrupted one
 * sees. Samples of weight 0 are left out. The last samples of the order that fill no batch wait for
 * the next epoch's order. Whether an image is mirrored is a draw of its own, of (seed, epoch, id).
 */
#include <math.h>
#include <string.h>
#include "data/data.h"
#include "kern/kern.h"

typedef struct loader_opts {
    size_t size;
    int64_t batch, seed;
    bool shuffle;
    int32_t weights; /* weir__weights_sign, of a stream */
    double flip;
} loader_opts;

static const weir_option options[] = {
    { "batch", WEIR_OPTION_INT, offsetof(loader_opts, batch), "128", 1, 1e9, NULL,
      "samples a batch; more than the data has: all of them" },
    { "seed", WEIR_OPTION_INT, offsetof(loader_opts, seed), "0", 0, 9007199254740992.0, NULL,
      "of the order of samples" },
    { "shuffle", WEIR_OPTION_BOOL, offsetof(loader_opts, shuffle), "yes", 0, 0, NULL,
      "a new order each epoch; no: as in the file" },
    { "weights", WEIR_OPTION_CHOICE, offsetof(loader_opts, weights), "positive", 0, 0,
      WEIR__WEIGHTS_SIGNS, "that a stream's callback may give; a data set says it itself" },
    { "flip", WEIR_OPTION_REAL, offsetof(loader_opts, flip), "0", 0, 1, NULL,
      "probability that an image is mirrored from left to right, drawn anew each epoch" },
    { 0 },
};
const weir_row weir__loader_row = {
    .size = sizeof(weir_row),
    .version = 1,
    .name = "loader.shuffle",
    .doc = "batches in a shuffled order that is a function of the step",
    .options = options,
    .options_size = sizeof(loader_opts),
    .test = "batch=7 seed=3",
};

typedef int64_t (*weir__fill)(void *user, int64_t step, float *x, int64_t *ids, double *weights);
typedef int64_t (*weir__fill_f64)(void *user, int64_t step, double *x, int64_t *ids,
                                  double *weights);

struct weir_loader {
    weir__object object;
    weir_dataset *dataset;  /* NULL: a stream */
    bool owner;             /* of dataset */
    loader_opts opts;
    int64_t *rows, n; /* that weigh something; rows NULL: all of the data's */
    double mean_weight; /* of those */
    int64_t weights_set; /* of the store, when it was made */
    weir__image_shape image; /* where flip > 0 */
    int64_t step, per_epoch;
    int64_t *order, epoch;  /* order of `epoch`; -1: none made yet. NULL: unshuffled */
    weir__fill fill; /* of a stream: one of the two */
    weir__fill_f64 fill_f64;
    void *user;
    int64_t dim;
};

weir_loader weir__orphan_loader = { .object = WEIR__OBJECT_ORPHAN(WEIR__LOADER, NULL) };

weir__object *weir__loader_nil_new(weir_ctx *c)
{
    weir_loader *l = weir__alloc(c, sizeof *l);
    if (!l) return NULL;
    *l = weir__orphan_loader;
    l->object.ctx = c;
    return &l->object;
}

static bool loader_dead(const weir_loader *l)
{
    return !l || !weir__lives(l, "loader") || l->object.nil;
}
static weir_ctx *loader_ctx_of(const weir_loader *l) { return weir__ctx_of(l); }
static weir_loader *loader_nil(weir_ctx *c) { return weir__nil(c, WEIR__LOADER); }

void weir_loader_free(weir_loader *l)
{
    WEIR__AS_FOUND;
    if (loader_dead(l)) return;
    if (l->owner) weir_dataset_free(l->dataset);
    weir__free(l->object.ctx, l->order);
    weir__free(l->object.ctx, l->rows);
    weir__free(l->object.ctx, l);
}

static void loader_destroy(weir__object *o) { weir_loader_free((weir_loader *)o); }

/* A loader with its options read; the caller adds the source. */
static weir_loader *new_loader(weir_ctx *c, const char *text)
{
    loader_opts o;
    if (weir_options_defaults(c, &weir__loader_row, &o) != WEIR_OK
        || weir_options_parse(c, &weir__loader_row, &o, text) != WEIR_OK)
        return loader_nil(c);
    weir_loader *l = weir__alloc0(c, sizeof *l);
    if (!l) return loader_nil(c);
    l->object = weir__object_home(c, WEIR__LOADER, loader_destroy);
    l->opts = o;
    l->epoch = -1;
    return l;
}

/* A sample of weight 0 is as if it were not there: a batch of such samples alone would teach
 * nothing. */
static bool loader_find_rows(weir_loader *l)
{
    const weir_dataset *d = l->dataset;
    double sum = 0;
    l->weights_set = d->store->weights_set;
    l->n = 0;
    for (int64_t i = 0; i < d->n; i++) {
        double w = weir__dataset_weight(d, i);
        l->n += w != 0;
        sum += w;
    }
    if (l->n == 0 || !(sum > 0)) {
        weir_fail(l->object.ctx, WEIR_ERROR_VALUE,
                  l->n == 0 ? "loader: %.300s: weights are all 0: expected some above"
                            : "loader: %.300s: weights sum to %g: expected more than 0",
                  d->spec, sum);
        return false;
    }
    l->mean_weight = sum / (double)l->n;
    if (l->n == d->n) return true;
    if (!(l->rows = weir__alloc_n(l->object.ctx, l->n, sizeof *l->rows))) return false;
    for (int64_t i = 0, k = 0; i < d->n; i++)
        if (weir__dataset_weight(d, i) != 0) l->rows[k++] = i;
    return true;
}

static weir_status loader_no_images(weir_loader *l, const char *name, const char *found)
{
    char flip[WEIR__REAL_TEXT];
    weir__format_f64(l->opts.flip, flip);
    return weir_fail(l->object.ctx, WEIR_ERROR_ARGUMENT,
                     "loader: %.300s: flip=%s: expected images, [H, W] or [C, H, W] of 1 or 3 "
                     "channels, found %s",
                     name, flip, found);
}

/* A context of images would have to be mirrored with its samples, which nobody has said. */
static bool loader_find_images(weir_loader *l)
{
    const weir_dataset *d = l->dataset;
    const weir__store *s = d->store;
    char found[160] = "";
    size_t used = 0;
    if (!(l->opts.flip > 0)) return true;
    if (!weir__image_shape_of(s->ndim, s->shape, s->levels, &l->image)) {
        weir__append_shape(found, sizeof found, &used, s->ndim, s->shape);
        loader_no_images(l, d->name, found);
    } else if (s->context && s->context->ndim > 1) {
        weir__append(found, sizeof found, &used, "them conditioned on others of ");
        weir__append_shape(found, sizeof found, &used, s->context->ndim, s->context->shape);
        loader_no_images(l, d->name, found);
    }
    return weir_ok(l->object.ctx);
}

weir_loader *weir_loader_new(weir_dataset *d, const char *text)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d) || !weir_ok(d->object.ctx)) return loader_nil(weir__ctx_of(d));
    weir_ctx *c = d->object.ctx;
    if (d->n < 1) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "loader: %.300s: no samples: expected at least one",
                  d->spec);
        return loader_nil(c);
    }
    weir_loader *l = new_loader(c, text);
    if (l->object.nil) return l;
    l->dataset = d;
    bool good = loader_find_images(l) && loader_find_rows(l);
    if (good && l->opts.batch > l->n) l->opts.batch = l->n;
    if (good) l->per_epoch = l->n / l->opts.batch;
    if (good && l->opts.shuffle) l->order = weir__alloc_n(c, l->n, sizeof *l->order);
    if (good && (!l->opts.shuffle || l->order)) return l;
    weir_loader_free(l);
    return loader_nil(c);
}

static weir_loader *loader_over(weir_dataset *d, const char *text)
{
    weir_loader *l = weir_loader_new(d, text);
    if (l->object.nil) weir_dataset_free(d);
    else l->owner = true;
    return l;
}

weir_loader *weir_loader_from_array(weir_ctx *c, const float *x, int64_t n, int64_t dim,
                                    const char *text)
{
    WEIR__AS_FOUND;
    if (!x) weir_fail(c, WEIR_ERROR_ARGUMENT, "loader_from_array: NULL: expected values");
    return loader_over(weir_dataset_from_f32(c, x, n, dim), text);
}

weir_loader *weir_loader_from_array_f64(weir_ctx *c, const double *x, int64_t n, int64_t dim,
                                        const char *text)
{
    WEIR__AS_FOUND;
    if (!x) weir_fail(c, WEIR_ERROR_ARGUMENT, "loader_from_array_f64: NULL: expected values");
    return loader_over(weir_dataset_from_f64(c, x, n, dim), text);
}

static weir_loader *stream_new(weir_ctx *c, weir__fill fill, weir__fill_f64 fill_f64, void *user,
                               int64_t dim, const char *text)
{
    if (!weir_ok(c)) return loader_nil(c);
    if ((!fill && !fill_f64) || dim < 1) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "loader_from_callback: dim %lld: expected a function and at least one column",
                  (long long)dim);
        return loader_nil(c);
    }
    weir_loader *l = new_loader(c, text);
    if (l->object.nil) return l;
    l->fill = fill;
    l->fill_f64 = fill_f64;
    l->user = user;
    l->dim = dim;
    if (!(l->opts.flip > 0)) return l;
    loader_no_images(l, "a stream", "values alone");
    weir_loader_free(l);
    return loader_nil(c);
}

weir_loader *weir_loader_from_callback(weir_ctx *c, weir__fill fill, void *user, int64_t dim,
                                       const char *text)
{
    WEIR__AS_FOUND;
    return stream_new(c, fill, NULL, user, dim, text);
}

weir_loader *weir_loader_from_callback_f64(weir_ctx *c, weir__fill_f64 fill, void *user,
                                           int64_t dim, const char *text)
{
    WEIR__AS_FOUND;
    return stream_new(c, NULL, fill, user, dim, text);
}

/* -- order ------------------------------------------------------------------------------------- */

/* Runs of draws at once; and the places they name, which lie anywhere in memory, are asked for
 * before the first is exchanged. */
static void shuffle(weir_loader *l, int64_t epoch)
{
    enum { RUN = 256 };
    uint64_t key = weir__hash_mix(
        weir__hash_mix(weir__hash_text("loader.shuffle"), (uint64_t)l->opts.seed), (uint64_t)epoch);
    int64_t *order = l->order, with[RUN];
    double draws[RUN];
    for (int64_t i = 0; i < l->n; i++) order[i] = l->rows ? l->rows[i] : i;
    for (int64_t end = l->n; end > 0;) {
        int64_t first = (end - 1) / RUN * RUN;
        l->object.ctx->kern->uniform[WEIR__F64](end - first, draws, key, 0, (uint64_t)first);
        for (int64_t i = first; i < end; i++) {
            with[i - first] = (int64_t)(draws[i - first]
                                        * (double)(i + 1)); /* biased by < n / 2^53 */
            __builtin_prefetch(&order[with[i - first]]);
        }
        for (int64_t i = end - 1; i >= first; i--) {
            int64_t at = order[i];
            order[i] = order[with[i - first]];
            order[with[i - first]] = at;
        }
        end = first;
    }
}

/* Samples of the step within the order of its epoch, or NULL where that is the file's. */
static const int64_t *loader_rows_of(weir_loader *l, int64_t *first)
{
    int64_t epoch = l->step / l->per_epoch;
    *first = l->step % l->per_epoch * l->opts.batch;
    if (!l->order) return l->rows ? l->rows + *first : NULL;
    if (l->epoch != epoch) shuffle(l, epoch);
    l->epoch = epoch;
    return l->order + *first;
}

/* -- streams ----------------------------------------------------------------------------------- */

static weir_status check_filled(weir_loader *l, int64_t n, const double *weights)
{
    weir_ctx *c = l->object.ctx;
    if (n < 0 || n > l->opts.batch)
        return weir_fail(
            c, WEIR_ERROR_IO,
            "loader: step %lld: the callback returned %lld: expected samples within [0, %lld]",
            (long long)l->step, (long long)n, (long long)l->opts.batch);
    char text[128];
    const weir__weights_sign sign = (weir__weights_sign)l->opts.weights;
    int64_t bad = weir__weights_bad(weights, n, sign, text, sizeof text);
    if (bad >= 0)
        return weir_fail(c, WEIR_ERROR_RANGE, "loader: step %lld, sample %lld: %s",
                         (long long)l->step, (long long)bad, text);
    return weir_status_of(c);
}

static weir_tensor *stream_beginning(weir_tensor *x, const int64_t shape[2])
{
    weir_ctx *c = x->object.ctx;
    if (x->dtype == WEIR_F32) return weir_from_f32(c, weir__ptr(x), 2, shape);
    return weir_from_f64(c, weir__ptr(x), 2, shape);
}

static int64_t stream_fill(weir_loader *l, void *x, int64_t *ids, double *weights)
{
    if (l->fill) return l->fill(l->user, l->step, x, ids, weights);
    return l->fill_f64(l->user, l->step, x, ids, weights);
}

/* The callback writes into a tensor of a whole batch; a shorter batch is a copy of its beginning.
 */
static weir_batch *stream_batch(weir_loader *l)
{
    weir_ctx *c = l->object.ctx;
    int64_t batch = l->opts.batch, shape[2] = { batch, l->dim };
    weir_tensor *x = weir_empty(c, l->fill ? WEIR_F32 : WEIR_F64, 2, shape);
    int64_t *ids = weir__alloc_n(c, batch, sizeof *ids);
    double *weights = weir__alloc_n(c, batch, sizeof *weights);
    int64_t n = 0;
    if (weir_ok(c)) {
        for (int64_t i = 0; i < batch; i++) {
            ids[i] = l->step * batch + i;
            weights[i] = 1;
        }
        n = stream_fill(l, weir__ptr(x), ids, weights);
        check_filled(l, n, weights);
        shape[0] = n;
        if (weir_ok(c) && n > 0 && n < batch) x = stream_beginning(x, shape);
    }
    if (weir_ok(c) && n > 0) return weir__batch_new(c, x, ids, weights, NULL);
    weir__free(c, ids);
    weir__free(c, weights);
    return weir__nil(c, WEIR__BATCH);
}

/* -- using ------------------------------------------------------------------------------------- */

/* The same images of an epoch are mirrored in whatever batches they come. */
static void loader_flip(const weir_loader *l, const weir_batch *b, char *x)
{
    uint64_t key = weir__hash_mix(
        weir__hash_mix(weir__hash_text("loader.flip"), (uint64_t)l->opts.seed),
        (uint64_t)(l->step / l->per_epoch));
    size_t bytes = (size_t)l->dataset->store->dim * weir_dtype_size(b->x->dtype);
    x += (size_t)b->from * bytes;
    for (int64_t i = b->from; i < b->to; i++, x += bytes)
        if (weir__uniform(key, (uint64_t)b->ids[i], 0) < l->opts.flip)
            weir__image_mirror(&l->image, b->x->dtype, x);
}

/* Which samples weigh something, and how much on average, was found when the loader was made. */
static weir_batch *rows_batch(weir_loader *l, int64_t from, int64_t to)
{
    int64_t first;
    if (l->dataset->store->weights_set != l->weights_set) {
        weir_fail(l->object.ctx, WEIR_ERROR_STATE,
                  "loader: %.300s: weights were set since it was made: expected a new loader",
                  l->dataset->spec);
        return weir__nil(l->object.ctx, WEIR__BATCH);
    }
    const int64_t *rows = loader_rows_of(l, &first);
    weir_batch *b = weir__dataset_gather_part(l->dataset, rows, first, l->opts.batch, from, to);
    if (b->object.nil) return b;
    b->mean_weight = l->mean_weight;
    if (l->opts.flip > 0) loader_flip(l, b, weir__ptr(b->x));
    return b;
}

weir_batch *weir__loader_next_part(weir_loader *l, int64_t from, int64_t to)
{
    if (loader_dead(l) || !weir_ok(l->object.ctx)) return weir__nil(loader_ctx_of(l), WEIR__BATCH);
    weir_batch *b = l->dataset ? rows_batch(l, from, to) : stream_batch(l);
    l->step += !b->object.nil;
    return b;
}

weir_batch *weir_loader_next(weir_loader *l)
{
    WEIR__AS_FOUND;
    return weir__loader_next_part(l, 0, weir__loader_batch(l));
}

weir_dataset *weir_loader_dataset(weir_loader *l)
{
    return loader_dead(l) || !l->dataset ? weir__nil(loader_ctx_of(l), WEIR__DATASET) : l->dataset;
}

int64_t weir_loader_steps_per_epoch(const weir_loader *l)
{
    return loader_dead(l) ? 0 : l->per_epoch;
}
int64_t weir__loader_batch(const weir_loader *l) { return loader_dead(l) ? 0 : l->opts.batch; }
int64_t weir_loader_step(const weir_loader *l) { return loader_dead(l) ? 0 : l->step; }

void weir_loader_seek(weir_loader *l, int64_t step)
{
    WEIR__AS_FOUND;
    if (loader_dead(l)) return;
    int64_t before = weir__size_times(step,
                                      l->opts.batch); /* samples: streams number theirs by it */
    if (step < 0 || before > INT64_MAX / 2)
        weir_fail(
            l->object.ctx, WEIR_ERROR_RANGE,
            "loader_seek: step %lld: expected at least 0, and fewer than 2^62 samples before it",
            (long long)step);
    else l->step = step;
}

bool weir_loader_is_nil(const weir_loader *l) { return !l || l->object.nil; }
