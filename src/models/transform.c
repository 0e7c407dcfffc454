/* transform.c - what comes before a model's own map, with its log-det, and back (weir/model.h says
 * the formulas):
 *
 *     integers of L levels   y = (v + u) / L, 0 <= u < 1             log-det -dim log L
 *     standardized           y = (x - mean) / std, x = v + u or x    log-det -sum log std
 *     else                   y = x                                   log-det 0
 *
 * 0 <= y < 1 and v + u < L hold after rounding too. u is drawn by a dequantizer, whose log q(u | v)
 * is subtracted. Standardizing is in double, from the type of x to the model's. */
#include <math.h>
#include <string.h>
#include "models/models.h"

static weir_tensor *transform_misfit(weir_model *m, weir_tensor *x)
{
    char shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, x->ndim, x->shape);
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
              "%s: data %s %s: expected f32 or f64, %lld values a sample", m->row->row.name,
              weir_dtype_name(x->dtype), shape, (long long)m->dim);
    return weir__nil(x->object.ctx, WEIR__TENSOR);
}

/* [B, shape..], of the type that x has */
static weir_tensor *fitted(weir_model *m, weir_tensor *x)
{
    if (x->object.nil) return x;
    bool fits = x->ndim >= 1 && weir_dtype_is_real(x->dtype);
    if (!fits || weir__numel_of(x->ndim - 1, x->shape + 1) != m->dim) return transform_misfit(m, x);
    int64_t shape[WEIR_RANK_MAX] = { x->shape[0] };
    memcpy(shape + 1, m->shape, (size_t)m->ndim * sizeof *shape);
    bool same = x->ndim == m->ndim + 1;
    same = same && memcmp(x->shape, shape, (size_t)x->ndim * sizeof *shape) == 0;
    return same ? x : weir_reshape(x, m->ndim + 1, shape);
}

static weir_tensor *transform_cast(weir_tensor *x, weir_dtype t)
{
    return weir_is_nil(x) || x->dtype == t ? x : weir_cast(x, t);
}

/* -- dequantisation ---------------------------------------------------------------------------- */
/* The largest number of type t below x > 0. */
static double dequantize_largest_below(weir_dtype t, double x)
{
    return t == WEIR_F32 ? nextafterf((float)x, 0) : nextafter(x, 0);
}

/* y, brought below `end` where rounding took it there although v lies in [0, levels). Other v keep
 * their y: one that is no level, an infinity or NaN must not pass for a sample of the data. */
static weir_tensor *dequantize_keep_below(weir_tensor *y, weir_tensor *v, double levels, double end)
{
    if (weir_is_nil(y)) return y;
    weir_tensor *inside = weir_lt(v, weir_scalar(y->object.ctx, v->dtype, levels));
    double largest = dequantize_largest_below(y->dtype, end);
    return weir_where(inside, weir_clamp(y, -INFINITY, largest), y);
}

weir_tensor *weir__dequantize(weir_tensor *v, weir_tensor *u, int64_t levels, bool unit)
{
    double n = (double)levels;
    weir_tensor *y = weir_add(v, u);
    return unit ? dequantize_keep_below(weir_scale(y, 1 / n), v, n, 1)
                : dequantize_keep_below(y, v, n, n);
}

/* The mean is taken off in double, whatever the model's type: floats near a mean far from 0 are
 * further apart than the data. */
static weir_tensor *transform_standardize(weir_model *m, weir_tensor *x)
{
    x = transform_cast(x, WEIR_F64);
    return weir_is_nil(x) ? x : weir_div(weir_sub(x, m->mean), m->std);
}

/* Continuous data have nothing to dequantize: a q other than the default is an error. */
static weir_status dequantize_nothing(const weir_model *m, const weir_choice *k)
{
    weir_ctx *c = m->object.ctx;
    const weir_module_row *row = k ? (const weir_module_row *)k->row : NULL;
    if (!weir_ok(c) || !row || !row->draws || row == &weir__dequantizer_uniform)
        return weir_status_of(c);
    return weir_fail(c, WEIR_ERROR_ARGUMENT,
                     "%s: dequantizer=%s: continuous data: expected integers (levels=N), or "
                     "dequantizer=uniform",
                     m->row->row.name, weir__row_short_name(&row->row));
}

weir_status weir__model_add_dequantizer(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    const weir_row *row = &m->row->row;
    weir_choice *k = weir__option_value(row, m->options, "dequantizer", WEIR_OPTION_ROW);
    if (m->levels == 0) return dequantize_nothing(m, k);
    if (!weir_ok(c)) return weir_status_of(c);
    weir_module *own = k ? weir__choice_module(c, row, "dequantizer", k, 0, NULL)
                         : weir_module_from_row(c, &weir__dequantizer_uniform, NULL);
    m->dequantizer = weir_module_add(m->module, "dequantizer", own);
    return weir_status_of(c);
}

bool weir__model_draws(const weir_model *m)
{
    return m->dequantizer && m->dequantizer->row && m->dequantizer->row->draws;
}

weir_tensor *weir__model_transform(weir_model *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_q)
{
    weir_tensor *y = fitted(m, x);
    *log_q = NULL;
    if (m->levels > 0) y = transform_cast(y, m->dtype); /* up to 2^24 exact in either type */
    if (weir_is_nil(y)) return y;
    if (m->levels > 0) {
        weir_tensor *u = weir_dequantize(m->dequantizer, y, k, log_q);
        y = weir__dequantize(y, u, m->levels, !m->mean);
    }
    if (m->mean) y = transform_standardize(m, y);
    return transform_cast(y, m->dtype);
}

weir_tensor *weir__model_log_prob_stored(const weir_model *m, weir_tensor *log_p,
                                         weir_tensor *log_q)
{
    if (log_q) log_p = weir_sub(log_p, log_q);
    return weir_affine(log_p, 1, weir__model_log_det(m));
}

double weir__model_log_det(const weir_model *m)
{
    if (!m->mean) return m->levels > 0 ? -(double)m->dim * log((double)m->levels) : 0;
    const double *std = weir__model_standard(m).std;
    double total = 0;
    for (int64_t j = 0; j < m->dim; j++) total += log(std[j]);
    return -total;
}

void weir__model_unscale(const weir_model *m, double *values, int64_t n)
{
    weir__standard by = m->mean ? weir__model_standard(m) : (weir__standard){ 0 };
    double levels = m->levels > 0 ? (double)m->levels : 1;
    for (int64_t i = 0; i < n * m->dim; i++) {
        int64_t j = i % m->dim;
        values[i] = by.mean ? values[i] * by.std[j] + by.mean[j] : values[i] * levels;
    }
}

void weir__model_untransform(const weir_model *m, double *values, int64_t n)
{
    double top = (double)m->levels - 1;
    weir__model_unscale(m, values, n);
    for (int64_t i = 0; m->levels > 0 && i < n * m->dim; i++) {
        double v = values[i];
        values[i] = floor(v); /* NaN stays one */
        if (v < 0) values[i] = 0;
        if (v > top) values[i] = top;
    }
}

void weir__model_range(const weir_model *m, double low, double high, double *lows, double *highs)
{
    weir__standard by = m->mean ? weir__model_standard(m) : (weir__standard){ 0 };
    double levels = (double)m->levels, scale = m->levels > 0 ? levels : 1;
    if (m->levels > 0) { /* rounding to the model's type leaves a value at an end in its level */
        double inside = fmax(levels * 0x1p-20, 0x1p-10);
        low = fmax(low, 0) + inside;
        high = fmin(high + 1, levels) - inside;
    }
    for (int64_t j = 0; j < m->dim; j++) {
        lows[j] = by.mean ? (low - by.mean[j]) / by.std[j] : low / scale;
        highs[j] = by.mean ? (high - by.mean[j]) / by.std[j] : high / scale;
    }
}

/* -- standardization --------------------------------------------------------------------------- */
weir_status weir__model_add_standardize(weir_model *m)
{
    if (m->mean) return WEIR_OK;
    weir_tensor *mean = weir__module_buffer_late(m->data, "mean", WEIR_F64, m->ndim, m->shape, 0);
    weir_tensor *std = weir__module_buffer_late(m->data, "std", WEIR_F64, m->ndim, m->shape, 1);
    if (weir_is_nil(mean) || weir_is_nil(std)) return weir_status_of(m->object.ctx);
    m->mean = mean;
    m->std = std;
    return WEIR_OK;
}

weir_status weir__model_check_std(weir_model *m)
{
    if (weir__model_check_context(m) != WEIR_OK) return weir_status_of(m->object.ctx);
    if (!m->mean) return WEIR_OK;
    weir__standard by = weir__model_standard(m);
    const double *mean = by.mean, *std = by.std;
    for (int64_t j = 0; j < m->dim; j++)
        if (!isfinite(mean[j]) || !isfinite(std[j]) || !(std[j] > 0))
            return weir_fail(
                m->object.ctx, WEIR_ERROR_VALUE,
                "%s: data.mean %g, data.std %g of element %lld: expected finite numbers, "
                "std above 0",
                m->row->row.name, mean[j], std[j], (long long)j);
    return WEIR_OK;
}

bool weir__model_statistics_fit(weir_model *m, int64_t n, const double *mean, const double *std,
                                const char *who)
{
    weir_ctx *c = m->object.ctx;
    if (!mean || !std)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected means and deviations", who);
    for (int64_t j = 0; weir_ok(c) && j < n; j++) {
        if (isfinite(mean[j]) && isfinite(std[j]) && std[j] > 0) continue;
        weir_fail(c, WEIR_ERROR_VALUE, "%s: element %lld: expected a finite mean and a std above 0",
                  who, (long long)j);
    }
    return weir_ok(c);
}

static void note_standardize(weir_model *m) /* so that the file says so */
{
    bool *standardize = weir__option_value(&m->row->row, m->options, "standardize",
                                           WEIR_OPTION_BOOL);
    if (standardize) *standardize = true;
}

weir_status weir_model_set_standardize(weir_model *m, const double *mean, const double *std)
{
    WEIR__AS_FOUND;
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    static const char who[] = "model_set_standardize";
    if (!weir__model_usable(m, who) || !weir__model_statistics_fit(m, m->dim, mean, std, who)
        || weir__model_add_standardize(m) != WEIR_OK)
        return weir_status_of(c);
    memcpy(weir__ptr(m->mean), mean, (size_t)m->dim * sizeof *mean);
    memcpy(weir__ptr(m->std), std, (size_t)m->dim * sizeof *std);
    weir__storage_changed(m->mean->storage, "model_set_standardize");
    weir__storage_changed(m->std->storage, "model_set_standardize");
    note_standardize(m);
    return weir__model_check_std(m);
}
