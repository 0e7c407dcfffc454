/* transform.c - what comes before a model's own map, with its log-det, and back (weir/model.h says the formulas):
 *     integers of L levels   y = (v + u) / L, u uniform on [0, 1)      log-det -dim log L
 *     standardized           y = (x - mean) / std, x = v + u or x      log-det -sum log std
 *     else                   y = x                                     log-det 0 */
#include <math.h>
#include <string.h>
#include "models/models.h"

static weir_tensor *misfit(weir_model *m, weir_tensor *x)
{
    char shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, x->ndim, x->shape);
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "%s: data %s %s: expected f32 or f64, %lld values a sample", m->row->row.name,
              weir_dtype_name(x->dtype), shape, (long long)m->dim);
    return weir__nil(x->object.ctx, WEIR__TENSOR);
}

/* [B, shape..] of the model's element type */
static weir_tensor *fitted(weir_model *m, weir_tensor *x)
{
    if (x->object.nil) return x;
    bool fits = x->ndim >= 1 && weir_dtype_is_real(x->dtype);
    if (!fits || weir__numel_of(x->ndim - 1, x->shape + 1) != m->dim) return misfit(m, x);
    int64_t shape[WEIR_RANK_MAX] = { x->shape[0] };
    memcpy(shape + 1, m->shape, (size_t)m->ndim * sizeof *shape);
    if (x->dtype != m->dtype) x = weir_cast(x, m->dtype);
    return x->ndim == m->ndim + 1 && memcmp(x->shape, shape, (size_t)x->ndim * sizeof *shape) == 0 ? x : weir_reshape(x, m->ndim + 1, shape);
}

weir_tensor *weir__model_transform(weir_model *m, weir_tensor *x)
{
    weir_tensor *y = fitted(m, x);
    if (weir_is_nil(y)) return y;
    if (m->levels > 0) y = weir_add(y, weir_rand(y->object.ctx, m->dtype, y->ndim, y->shape));
    if (m->mean) return weir_div(weir_sub(y, m->mean), m->std);
    return m->levels > 0 ? weir_scale(y, 1 / (double)m->levels) : y;
}

double weir__model_log_det(const weir_model *m)
{
    if (m->mean) return -m->log_std;
    return m->levels > 0 ? -(double)m->dim * log((double)m->levels) : 0;
}

void weir__model_unscale(const weir_model *m, double *values, int64_t n)
{
    for (int64_t i = 0; i < n * m->dim; i++) {
        double v = values[i];
        if (m->mean) {
            double mean, std;
            int64_t j = i % m->dim;
            weir__convert(WEIR_F64, &mean, m->dtype, (char *)weir__ptr(m->mean) + (size_t)j * weir_dtype_size(m->dtype), 1);
            weir__convert(WEIR_F64, &std, m->dtype, (char *)weir__ptr(m->std) + (size_t)j * weir_dtype_size(m->dtype), 1);
            v = v * std + mean;
        } else if (m->levels > 0) {
            v *= (double)m->levels;
        }
        values[i] = v;
    }
}

void weir__model_untransform(const weir_model *m, double *values, int64_t n)
{
    double top = (double)m->levels - 1;
    weir__model_unscale(m, values, n);
    for (int64_t i = 0; m->levels > 0 && i < n * m->dim; i++) {
        double v = values[i];
        values[i] = v < 0 ? 0 : v > top ? top : floor(v); /* NaN stays one */
    }
}

/* -- standardization -------------------------------------------------------------------------------------------------------------- */
weir_status weir__model_add_standardize(weir_model *m)
{
    if (m->mean) return WEIR_OK;
    weir_tensor *mean = weir__module_buffer_late(m->data, "mean", m->dtype, m->ndim, m->shape, 0);
    weir_tensor *std = weir__module_buffer_late(m->data, "std", m->dtype, m->ndim, m->shape, 1);
    if (weir_is_nil(mean) || weir_is_nil(std)) return weir_status_of(m->object.ctx);
    m->mean = mean, m->std = std, m->log_std = 0;
    return WEIR_OK;
}

weir_status weir__model_refresh_std(weir_model *m)
{
    if (!m->mean) return WEIR_OK;
    double total = 0;
    for (int64_t j = 0; j < m->dim; j++) {
        double mean, std;
        weir__convert(WEIR_F64, &mean, m->dtype, (char *)weir__ptr(m->mean) + (size_t)j * weir_dtype_size(m->dtype), 1);
        weir__convert(WEIR_F64, &std, m->dtype, (char *)weir__ptr(m->std) + (size_t)j * weir_dtype_size(m->dtype), 1);
        if (!isfinite(mean) || !isfinite(std) || !(std > 0))
            return weir_fail(m->object.ctx, WEIR_ERROR_VALUE, "%s: data.mean %g, data.std %g of element %lld: expected finite numbers, std above 0",
                             m->row->row.name, mean, std, (long long)j);
        total += log(std);
    }
    m->log_std = total;
    return WEIR_OK;
}

/* As the model will hold them. */
static bool good_statistics(weir_model *m, const double *mean, const double *std)
{
    for (int64_t j = 0; j < m->dim; j++) {
        double held_mean = m->dtype == WEIR_F32 ? (double)(float)mean[j] : mean[j];
        double held_std = m->dtype == WEIR_F32 ? (double)(float)std[j] : std[j];
        if (isfinite(held_mean) && isfinite(held_std) && held_std > 0) continue;
        weir_fail(m->object.ctx, WEIR_ERROR_VALUE, "model_set_standardize: element %lld: expected a finite mean and a std above 0", (long long)j);
        return false;
    }
    return true;
}

static void note_standardize(weir_model *m) /* so that the file says so */
{
    bool *standardize = weir__option_value(&m->row->row, m->options, "standardize", WEIR_OPTION_BOOL);
    if (standardize) *standardize = true;
}

weir_status weir_model_set_standardize(weir_model *m, const double *mean, const double *std)
{
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, "model_set_standardize")) return weir_status_of(c);
    if (!mean || !std) return weir_fail(c, WEIR_ERROR_ARGUMENT, "model_set_standardize: NULL: expected means and deviations");
    if (!good_statistics(m, mean, std) || weir__model_add_standardize(m) != WEIR_OK) return weir_status_of(c);
    weir__convert(m->dtype, weir__ptr(m->mean), WEIR_F64, mean, m->dim);
    weir__convert(m->dtype, weir__ptr(m->std), WEIR_F64, std, m->dim);
    weir__storage_changed(m->mean->storage, "model_set_standardize");
    weir__storage_changed(m->std->storage, "model_set_standardize");
    note_standardize(m);
    return weir__model_refresh_std(m);
}
