/* fits.c - whether data are of the kind that a model was made for: so many values, in the same
 * shape, under the same names. */
#include <string.h>
#include "data/data.h"
#include "models/models.h"

/* A table of the pixels of images has lost their shape, and passes. */
static weir_status fits_shape(const weir_model *m, const weir_dataset *d)
{
    char have[96], want[96];
    size_t used = 0;
    const int64_t *shape;
    const weir__store *s = d->store;
    int ndim = weir_model_shape(m, &shape);
    bool either = ndim < 2 || s->ndim < 2;
    if (either || (ndim == s->ndim && memcmp(shape, s->shape, (size_t)ndim * sizeof *shape) == 0))
        return WEIR_OK;
    weir__append_shape(have, sizeof have, &used, s->ndim, s->shape);
    used = 0;
    weir__append_shape(want, sizeof want, &used, ndim, shape);
    return weir_fail(m->object.ctx, WEIR_ERROR_SHAPE,
                     "%.200s: samples of shape %s: expected %s, as the model was made for", d->name,
                     have, want);
}

static weir_status fits_names(const weir_model *m, const weir_dataset *d)
{
    const weir_words *own = &m->names[WEIR_NAMES_COLUMN], *names = &d->store->columns;
    if (own->n == 0 || names->n != own->n) return WEIR_OK;
    for (int64_t j = 0; j < own->n; j++) {
        if (strcmp(own->at[j], names->at[j]) == 0) continue;
        return weir_fail(m->object.ctx, WEIR_ERROR_NAME,
                         "%.200s: column %lld is %.100s: expected %.100s, as the model was made "
                         "for",
                         d->name, (long long)weir__store_column(d->store, j), names->at[j],
                         own->at[j]);
    }
    return WEIR_OK;
}

weir_status weir__model_fits(const weir_model *m, const weir_dataset *d)
{
    weir_ctx *c = m->object.ctx;
    if (weir_dataset_dim(d) != m->dim)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.200s: %lld values a sample: expected %lld, as the model was made for",
                         weir_dataset_spec(d), (long long)weir_dataset_dim(d), (long long)m->dim);
    if (fits_shape(m, d) != WEIR_OK) return weir_status_of(c);
    return fits_names(m, d);
}
