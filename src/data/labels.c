/* labels.c - the classes of samples: a number of each, from 0, and names of the numbers where the
 * source has words (sorted by bytes, as sub-folders are). */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data/data.h"

int64_t weir__labels_end(const weir__store *s)
{
    int64_t end = 0;
    for (int64_t i = 0; s->labels && i < s->n; i++)
        if (s->labels[i] >= end) end = s->labels[i] + (int64_t)1;
    return end;
}

static bool is_label(double v) { return v >= 0 && v < INT32_MAX && v == floor(v); }

static int32_t *labels_anew(weir_ctx *c, weir__store *s)
{
    weir__free(c, s->labels);
    weir__names_free(c, &s->classes);
    s->labels = weir__alloc_n(c, s->n, sizeof *s->labels);
    s->labels_asked = true;
    return s->labels;
}

weir_status weir__labels_numbers(weir_ctx *c, const char *where, weir__store *s,
                                 const weir__store *from, int64_t column)
{
    char at[48] = "";
    size_t used = 0;
    if (from->dim > 1) weir__append(at, sizeof at, &used, ", column %lld", (long long)column + 1);
    if (!labels_anew(c, s)) return weir_status_of(c);
    for (int64_t i = 0; i < s->n; i++) {
        double v = weir__store_value(from, i, column);
        if (!is_label(v))
            return weir_fail(c, WEIR_ERROR_VALUE,
                             "%.300s: sample %lld%s: expected a label, an integer from 0, found %g",
                             where, (long long)i, at, v);
        s->labels[i] = (int32_t)v;
    }
    return WEIR_OK;
}

/* -- words ------------------------------------------------------------------------------------- */
static int labels_by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the n words and leaves one of each; returns how many. */
static int64_t labels_unique(char **words, int64_t n)
{
    int64_t kept = 0;
    qsort(words, (size_t)n, sizeof *words, labels_by_bytes);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(words[kept - 1], words[i]) != 0) words[kept++] = words[i];
    return kept;
}

weir_status weir__labels_words(weir_ctx *c, weir__store *s, const weir_words *words)
{
    char **names = weir__alloc_n(c, words->n, sizeof *names);
    if (!names || !labels_anew(c, s)) {
        weir__free(c, names);
        return weir_status_of(c);
    }
    memcpy(names, words->at, (size_t)words->n * sizeof *names);
    int64_t n = labels_unique(names, words->n);
    for (int64_t i = 0; i < s->n; i++) {
        char **found = bsearch(&words->at[i], names, (size_t)n, sizeof *names, labels_by_bytes);
        s->labels[i] = (int32_t)(found - names);
    }
    weir__names_copy(c, &s->classes, n, (const char *const *)names);
    weir__free(c, names);
    return weir_status_of(c);
}

/* -- as somebody else counts them -------------------------------------------------------------- */
/* The number of class `k` of d among `names`, or what its name reads as below `end`; -1: none. */
static int64_t labels_number_of(const weir__store *s, int64_t k, const weir_words *names,
                                int64_t end)
{
    const char *name = s->classes.at[k];
    int64_t number = weir__names_find(names, name);
    if (number >= 0) return number;
    bool counts = names->n == 0 && weir__parse_int(name, &number);
    return counts && number >= 0 && number < end ? number : -1;
}

static weir_status labels_unknown(weir_dataset *d, int64_t row, const weir_words *names)
{
    const char *name = d->store->classes.at[d->store->labels[weir__dataset_id(d, row)]];
    const char *near = weir__names_near(names, name);
    char expected[160];
    size_t used = 0;
    if (names->n == 0)
        weir__append(expected, sizeof expected, &used,
                     "numbers of classes, for these have no names");
    else
        weir__append(expected, sizeof expected, &used, "one of the %lld known%s%.100s",
                     (long long)names->n, near[0] ? ", perhaps " : "", near);
    return weir_fail(d->object.ctx, WEIR_ERROR_NAME,
                     "%.200s: sample %lld: class %.100s: expected %s", d->name,
                     (long long)weir__dataset_id(d, row), name, expected);
}

static weir_status labels_all_known(weir_dataset *d, const int64_t *number, const weir_words *names)
{
    for (int64_t i = 0; i < d->n; i++) {
        int32_t label = d->store->labels[weir__dataset_id(d, i)];
        if (label >= 0 && number[label] < 0) return labels_unknown(d, i, names);
    }
    return WEIR_OK;
}

weir_status weir__dataset_renumber(weir_dataset *d, const weir_words *names, int64_t end)
{
    if (weir__dataset_dead(d)) return weir__dataset_none(d, "dataset_renumber");
    weir_ctx *c = d->object.ctx;
    weir__store *s = d->store;
    if (!s->labels || s->classes.n == 0) return weir_status_of(c);
    int64_t *number = weir__alloc_n(c, s->classes.n, sizeof *number);
    for (int64_t k = 0; number && k < s->classes.n; k++)
        number[k] = labels_number_of(s, k, names, end);
    if (number && labels_all_known(d, number, names) == WEIR_OK
        && weir__names_copy(c, &s->classes, names->n, (const char *const *)names->at) == WEIR_OK)
        for (int64_t i = 0; i < s->n; i++)
            if (s->labels[i] >= 0) s->labels[i] = (int32_t)number[s->labels[i]];
    weir__free(c, number);
    return weir_status_of(c);
}
