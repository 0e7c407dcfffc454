/* facts.c - what presets ask of the data. Bounds of few_samples are from held-out samples of
 * tables of 2 to 100 columns and 150 to 50,000 samples (Gaussians, Student's t, mixtures, curved
 * and skewed ones), of the digits and of MNIST. Perceptrons and linear maps meet at about
 * n = 10 d^1.5 where columns are not Gaussian; up to 25 d^1.5 they lose more where columns are
 * than they gain elsewhere. */
#include <math.h>
#include "models/models.h"

bool weir__looks_like_pictures(const weir_data_facts *f)
{
    return f->ndim > 1 || (f->levels >= 16 && f->dim >= 64);
}

double weir__samples_per_values(const weir_data_facts *f)
{
    return f->n_effective / pow((double)f->dim, 1.5);
}

bool weir__few_samples(const weir_data_facts *f)
{
    if (weir__looks_like_pictures(f)) return f->n_effective < 8 * (double)f->dim;
    return weir__samples_per_values(f) < 25;
}
