/* warn_columns.c - columns of continuous data on which a density has no bound, so that the
 * likelihood grows during training whatever the model learns: those that are constant, take few
 * values, hold integers, or equal another one. And single values so far from all others that they
 * alone decide mean and deviation. One line each, which names the first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data/data.h"

enum {
    COLUMNS_ROWS = 2048, /* that are looked at, chosen by hash */
    COLUMNS_LEAST = 50,  /* fewer say nothing of how many values there are */
};
#define COLUMNS_MOSTLY 0.5 /* part of the samples with one value */
#define COLUMNS_FEW 0.05   /* values a sample */
#define COLUMNS_FAR 50     /* robust deviations from the median */

typedef struct columns {
    weir_dataset *d, *some; /* samples to train on; those of them that are looked at */
    weir_dataset *held;     /* samples for validation; nil or NULL: none */
    double *values;         /* [some] of the column at hand */
    double *mean, *std;     /* [dim], of all samples */
    double *median, *spread; /* [dim] */
    uint64_t *hash;         /* [dim], of the samples looked at */
} columns;

/* What the samples looked at say of one column */
typedef struct column {
    int64_t distinct, most; /* values; samples of the most frequent */
    double frequent, least, greatest;
    bool integers;
} column;

static column columns_look(columns *s, int64_t j)
{
    weir__hasher h;
    int64_t n = s->some->n, run = 0;
    column k = { .integers = true };
    for (int64_t i = 0; i < n; i++)
        weir__store_read(s->some->store, weir__dataset_id(s->some, i), j, 1, &s->values[i]);
    weir__hasher_begin(&h);
    weir__hasher_add(&h, s->values, (size_t)n * sizeof *s->values);
    s->hash[j] = weir__hasher_end(&h);
    qsort(s->values, (size_t)n, sizeof *s->values, weir__ascending);
    for (int64_t i = 0; i < n; i++) {
        bool same = i > 0 && s->values[i] == s->values[i - 1];
        run = same ? run + 1 : 1;
        k.distinct += !same;
        k.integers = k.integers && s->values[i] == floor(s->values[i]);
        if (run > k.most) k.frequent = s->values[i];
        if (run > k.most) k.most = run;
    }
    k.least = s->values[0];
    k.greatest = s->values[n - 1];
    return k;
}

/* -- what is said ------------------------------------------------------------------------------ */
#define COLUMNS_UNBOUNDED "a density has no bound there, and its likelihood means nothing: "

/* "data.csv: column 3 (and 2 more columns)" */
typedef struct place {
    char text[480];
} place;

static place columns_place(const columns *s, int64_t j, int64_t count)
{
    place p;
    char name[160];
    size_t used = 0;
    weir__append(p.text, sizeof p.text, &used, "%.300s: %s", s->d->name,
                 weir__store_place(s->d->store, false, j, name, sizeof name));
    if (j < s->d->store->columns.n)
        weir__append(p.text, sizeof p.text, &used, " (%.80s)", s->d->store->columns.at[j]);
    if (count > 1)
        weir__append(p.text, sizeof p.text, &used, " (and %lld more)", (long long)count - 1);
    return p;
}

static void columns_tell_constant(const columns *s, int64_t j, int64_t count)
{
    weir__warn(s->d->object.ctx, "%s is %.10g in every sample: " COLUMNS_UNBOUNDED "drop it",
               columns_place(s, j, count).text, s->mean[j]);
}

static void columns_tell_few(const columns *s, int64_t j, int64_t count, const column *k)
{
    weir_ctx *c = s->d->object.ctx;
    int64_t n = s->some->n;
    place p = columns_place(s, j, count);
    if (k->integers)
        weir__warn(c,
                   "%s holds integers, %.10g to %.10g: " COLUMNS_UNBOUNDED
                   "give levels= where all columns are such, take it as label= or condition=, or "
                   "drop it",
                   p.text, k->least, k->greatest);
    else if ((double)k->most >= COLUMNS_MOSTLY * (double)n)
        weir__warn(c,
                   "%s is %.10g in %.0f %% of the samples: " COLUMNS_UNBOUNDED
                   "take it as condition=, or drop it",
                   p.text, k->frequent, 100 * (double)k->most / (double)n);
    else
        weir__warn(
            c, "%s has %lld values alone: " COLUMNS_UNBOUNDED "take it as condition=, or drop it",
            p.text, (long long)k->distinct);
}

/* -- looking ----------------------------------------------------------------------------------- */
static bool columns_few(const columns *s, const column *k)
{
    double n = (double)s->some->n;
    if ((double)k->most >= COLUMNS_MOSTLY * n || (double)k->distinct <= COLUMNS_FEW * n)
        return true;
    double all_whole = s->d->store->dtype == WEIR_F32 ? 0x1p24 : 0x1p53; /* from here on */
    bool typed = s->d->store->dtype == WEIR_I64 || s->d->store->dtype == WEIR_I32;
    return k->integers && (typed || fmax(-k->least, k->greatest) < all_whole);
}

static void columns_check_values(columns *s)
{
    int64_t first_constant = -1, n_constant = 0, first_few = -1, n_few = 0;
    column few = { 0 };
    for (int64_t j = 0; j < s->d->store->dim; j++) {
        column k = columns_look(s, j);
        bool constant = s->std[j] == 0;
        if (constant && n_constant++ == 0) first_constant = j;
        if (constant || !columns_few(s, &k)) continue;
        if (n_few++ > 0) continue;
        first_few = j;
        few = k;
    }
    if (n_constant > 0) columns_tell_constant(s, first_constant, n_constant);
    if (n_few > 0) columns_tell_few(s, first_few, n_few, &few);
}

static bool columns_equal(const columns *s, int64_t a, int64_t b)
{
    double x, y;
    for (int64_t i = 0; i < s->d->n; i++) {
        weir__store_read(s->d->store, weir__dataset_id(s->d, i), a, 1, &x);
        weir__store_read(s->d->store, weir__dataset_id(s->d, i), b, 1, &y);
        if (x != y) return false;
    }
    return true;
}

/* The first pair; constant ones have been told. */
static void columns_check_pairs(const columns *s)
{
    char first[160], second[160];
    const weir__store *store = s->d->store;
    for (int64_t b = 1; b < store->dim; b++)
        for (int64_t a = 0; a < b; a++) {
            bool may = s->hash[a] == s->hash[b] && s->std[a] != 0;
            if (!may || !columns_equal(s, a, b)) continue;
            weir__warn(s->d->object.ctx,
                       "%.300s: %s and %s are equal in every sample: " COLUMNS_UNBOUNDED "drop one",
                       s->d->name, weir__store_place(store, false, a, first, sizeof first),
                       weir__store_place(store, false, b, second, sizeof second));
            return;
        }
}

/* A value far from the others */
typedef struct far {
    int64_t id; /* of its sample; -1: none */
    double value, distance;
} far;

static void columns_find_far(const columns *s, const weir_dataset *d, int64_t j, far *f)
{
    double v;
    for (int64_t i = 0; i < d->n; i++) {
        int64_t id = weir__dataset_id(d, i);
        weir__store_read(d->store, id, j, 1, &v);
        double distance = fabs(v - s->median[j]);
        if (distance > f->distance) *f = (far){ id, v, distance };
    }
}

static void columns_check_far(const columns *s, bool by_moments)
{
    const char *why = by_moments
                          ? "mean, deviation and held-out means; standardize=robust takes "
                            "median and quartiles"
                          : "the loss and held-out means: drop the sample if it is none of the "
                            "data";
    char name[160];
    for (int64_t j = 0; j < s->d->store->dim; j++) {
        far f = { .id = -1, .distance = COLUMNS_FAR * s->spread[j] };
        if (s->spread[j] == 0) continue;
        columns_find_far(s, s->d, j, &f);
        if (!weir__dataset_dead(s->held)) columns_find_far(s, s->held, j, &f);
        if (f.id < 0) continue;
        weir__warn(
            s->d->object.ctx,
            "%.300s: sample %lld, %s: %.10g, where half of the samples lie within %.3g of %.10g: "
            "single values decide %s",
            s->d->name, (long long)f.id,
            weir__store_place(s->d->store, false, j, name, sizeof name), f.value,
            0.674 * s->spread[j], s->median[j], why);
        return;
    }
}

static void columns_check(columns *s, bool standardized)
{
    if (weir__dataset_moments(s->d, s->mean, s->std) != WEIR_OK) return;
    columns_check_values(s);
    columns_check_pairs(s);
    bool robust = s->d->opts.standardize == WEIR__STANDARDIZE_ROBUST;
    if (weir__dataset_robust(s->some, s->median, s->spread) == WEIR_OK)
        columns_check_far(s, standardized && !robust);
}

weir_status weir__dataset_warn_columns(weir_dataset *d, weir_dataset *held, bool standardized)
{
    weir_ctx *c = d ? weir__ctx_of(d) : NULL;
    if (weir__dataset_dead(d) || d->n < COLUMNS_LEAST || d->store->levels > 0 || d->row == NULL)
        return weir_status_of(c);
    if (!weir__store_undecoded(c, d->store)) return weir_status_of(c);
    int64_t dim = d->store->dim;
    columns s = { .d = d, .held = held, .some = weir__dataset_some(d, COLUMNS_ROWS) };
    s.values = s.some->object.nil ? NULL : weir__alloc_n(c, s.some->n, sizeof *s.values);
    s.mean = s.values ? weir__alloc_n(c, weir__size_times(4, dim), sizeof *s.mean) : NULL;
    s.hash = s.mean ? weir__alloc_n(c, dim, sizeof *s.hash) : NULL;
    if (s.hash) {
        s.std = s.mean + dim;
        s.median = s.std + dim;
        s.spread = s.median + dim;
        columns_check(&s, standardized);
    }
    weir__free(c, s.hash);
    weir__free(c, s.mean);
    weir__free(c, s.values);
    weir_dataset_free(s.some);
    return weir_status_of(c);
}
