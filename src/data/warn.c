/* warn.c - what may be wrong with data although it can be read: one line in the log each. */
#include "data/data.h"

/* The column that floats blur most, and how many they blur; -1: none. */
static int64_t warn_find_blurred(const double *mean, const double *std, int64_t dim, int64_t *count)
{
    int64_t worst = -1;
    double most = 0;
    *count = 0;
    for (int64_t j = 0; j < dim; j++) {
        bool constant = std[j] == 0; /* is one float */
        if (constant || !weir__float_blurs(mean[j], std[j])) continue;
        double blur = weir__float_spacing(mean[j]) / std[j];
        if (blur > most) worst = j;
        most = fmax(most, blur);
        ++*count;
    }
    return worst;
}

static void warn_blurred(weir_dataset *d, const double *mean, const double *std)
{
    int64_t count, j = warn_find_blurred(mean, std, d->store->dim, &count);
    char others[48] = "";
    size_t used = 0;
    if (j < 0) return;
    if (count > 1)
        weir__append(others, sizeof others, &used, " (and %lld more columns)",
                     (long long)count - 1);
    weir__warn(
        d->object.ctx,
        "%.300s: column %lld%s: floats near %.10g are %.3g apart and the column spreads by %.3g: "
        "add standardize=yes, or train with dtype=f64",
        d->name, (long long)weir__store_column(d->store, j), others, mean[j],
        weir__float_spacing(mean[j]), std[j]);
}

/* Far larger than the noise that a continuous model mixes data with. */
#define WARN_NOISE 100

static bool warn_large(weir_dataset *d, const double *mean, const double *std)
{
    for (int64_t j = 0; j < d->store->dim; j++) {
        if (!(fabs(mean[j]) + std[j] > WARN_NOISE)) continue;
        weir__warn(d->object.ctx,
                   "%.300s: column %lld: values near %.10g that spread by %.3g, and the model "
                   "mixes them with noise of 1: add standardize=yes",
                   d->name, (long long)weir__store_column(d->store, j), mean[j], std[j]);
        return true;
    }
    return false;
}

weir_status weir__dataset_warn_scale(weir_dataset *d, weir_dtype dtype, bool noise)
{
    weir_ctx *c = d ? weir__ctx_of(d) : NULL;
    bool floats = dtype == WEIR_F32 && d && d->real != WEIR_F32;
    if (weir__dataset_dead(d) || d->n < 1 || (!floats && !noise)) return weir_status_of(c);
    int64_t dim = d->store->dim;
    double *mean = weir__alloc_n(c, weir__size_times(2, dim), sizeof *mean);
    double *std = mean ? mean + dim : NULL;
    bool told = !mean || weir__dataset_moments(d, mean, std) != WEIR_OK;
    if (!told && noise) told = warn_large(d, mean, std);
    if (!told && floats) warn_blurred(d, mean, std);
    weir__free(c, mean);
    return weir_status_of(c);
}
