/* field.c - a network as a predictor: samples of double on the host go in and out, the network
 * computes in its own type and says what it was trained to say. Nothing is recorded, and everything
 * made on the way is returned. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"
#include "ops/ops.h"

/* -- what the network sees --------------------------------------------------------------------- */
double weir__field_input_scale(const weir__field *f, weir_path_point p)
{
    return f->sigma_data > 0 ? 1 / hypot(p.b, p.a * f->sigma_data) : 1;
}

double weir__field_label(const weir__field *f, double t)
{
    if (f->label == WEIR__LABEL_TIME) return t;
    weir_path_point p = f->path->at(f->path_options, t);
    return 0.25 * (log(p.b) - log(p.a));
}

weir_tensor *weir__field_labels(const weir__field *f, int64_t n, const double *t)
{
    weir_tensor *y = weir_empty(f->ctx, f->dtype, 1, &n);
    if (weir_is_nil(y)) return y;
    weir__convert(f->dtype, weir__ptr(y), WEIR_F64, t, n);
    if (f->label == WEIR__LABEL_TIME) return y;
    for (int64_t i = 0; i < n; i++) {
        double label = weir__field_label(f, t[i]);
        size_t at = (size_t)i * weir_dtype_size(f->dtype);
        weir__convert(f->dtype, (char *)weir__ptr(y) + at, WEIR_F64, &label, 1);
    }
    return y;
}

static weir_tensor *field_dense(const weir__field *f, int64_t n, const double *x)
{
    int64_t shape[WEIR_RANK_MAX] = { n };
    for (int i = 0; i < f->ndim; i++) shape[i + 1] = f->shape[i];
    weir_tensor *y = weir_empty(f->ctx, f->dtype, f->ndim + 1, shape);
    if (!weir_is_nil(y)) weir__convert(f->dtype, weir__ptr(y), WEIR_F64, x, n * f->dim);
    return y;
}

weir_tensor *weir__field_tensor(const weir__field *f, int64_t n, const double *x, int64_t stride)
{
    if (stride == f->dim) return field_dense(f, n, x);
    double *dense = weir__alloc_n(f->ctx, weir__size_times(n, f->dim), sizeof *dense);
    if (!dense) return weir__nil(f->ctx, WEIR__TENSOR);
    for (int64_t i = 0; i < n; i++)
        memcpy(dense + i * f->dim, x + i * stride, (size_t)f->dim * sizeof *dense);
    weir_tensor *y = field_dense(f, n, dense);
    weir__free(f->ctx, dense);
    return y;
}

weir_tensor *weir__field_input(const weir__field *f, int64_t n, const double *t, const double *x,
                               int64_t stride)
{
    if (!(f->sigma_data > 0)) return weir__field_tensor(f, n, x, stride);
    double *scaled = weir__alloc_n(f->ctx, weir__size_times(n, f->dim), sizeof *scaled);
    if (!scaled) return weir__nil(f->ctx, WEIR__TENSOR);
    for (int64_t i = 0; i < n; i++) {
        double scale = weir__field_input_scale(f, f->path->at(f->path_options, t[i]));
        for (int64_t j = 0; j < f->dim; j++) scaled[i * f->dim + j] = scale * x[i * stride + j];
    }
    weir_tensor *y = field_dense(f, n, scaled);
    weir__free(f->ctx, scaled);
    return y;
}

weir_condition *weir__field_condition(const weir__field *f, int64_t n, const int64_t *rows)
{
    return weir__condition_gather(f->ctx, f->condition, n, rows);
}

/* -- where and how it is trained --------------------------------------------------------------- */
/* Whether what the network is to say is finite, and the velocity is by it. */
static bool field_decides(const weir__field *f, double t)
{
    weir_path_point p = f->path->at(f->path_options, t);
    weir_prediction_point m = f->prediction->at(f->prediction_options, p);
    if (!(m.scale > 0)) return false;
    weir__conversion k = weir__conversion_at(p, f->prediction, f->prediction_options,
                                             &weir__prediction_velocity, NULL);
    return isfinite(k.of_x) && isfinite(k.of_y) && isfinite(weir__field_label(f, t));
}

void weir__field_ends(const weir__field *f, double *lo, double *hi)
{
    f->path->interval(f->path_options, lo, hi);
    if (!field_decides(f, *lo)) *lo = f->path->time_of(f->path_options, WEIR__SIGMA_LEAST);
    if (!field_decides(f, *hi)) *hi = f->path->time_of(f->path_options, WEIR__SIGMA_MOST);
    if (!(f->sigma_high > 0)) return;
    *lo = fmax(*lo, f->path->time_of(f->path_options, f->sigma_low));
    *hi = fmin(*hi, f->path->time_of(f->path_options, f->sigma_high));
}

/* y = (m_0 D + m_1 e) / scale at a given x: an error of D is one of e, -a / b times as large. */
double weir__field_weight(const weir__field *f, const weir_loss_weight_row *weight,
                          const void *options, double t)
{
    double lo, hi;
    f->path->interval(f->path_options, &lo, &hi);
    double edge = 1e-6 * (hi - lo); /* own is infinite where b = 0 */
    weir_path_point p = f->path->at(f->path_options, fmin(fmax(t, lo + edge), hi - edge));
    weir_prediction_point m = f->prediction->at(f->prediction_options, p);
    double ratio = (m.x0 - m.eps * p.a / p.b) / m.scale, own = ratio * ratio;
    return weight->of_x0(options, p, own) / own;
}

/* t of the sigmas [n], within the ends. */
static weir_tensor *field_times_of(const weir__field *f, weir_ctx *c, weir_tensor *sigma, double lo,
                                   double hi)
{
    int64_t n = sigma->shape[0];
    double *v = weir__alloc_n(c, n, sizeof *v);
    weir_tensor *t = weir__nil(c, WEIR__TENSOR);
    if (v && weir_copy_to_f64(sigma, v, n) == WEIR_OK) {
        for (int64_t i = 0; i < n; i++)
            v[i] = fmin(fmax(f->path->time_of(f->path_options, v[i]), lo), hi);
        t = weir_cast(weir_from_f64(c, v, 1, &n), f->dtype);
    }
    weir__free(c, v);
    return t;
}

weir_tensor *weir__field_draw_times(const weir__field *f, weir_ctx *c,
                                    const weir_time_density_row *density, const void *options,
                                    int64_t n)
{
    double lo, hi;
    weir__field_ends(f, &lo, &hi);
    weir_tensor *t = density->draw(c, f->dtype, n, options);
    t = weir__hook_gave(c, density->row.name, "draw", t);
    if (weir_is_nil(t)) return t;
    if (density->of_sigma) return field_times_of(f, c, t, lo, hi);
    return lo == 0 && hi == 1 ? t : weir_affine(t, hi - lo, lo);
}

/* -- asked ------------------------------------------------------------------------------------- */
static weir_status field_run(const weir__field *f, int64_t n, const int64_t *samples,
                             const double *t, const double *x, double *y)
{
    weir_scope s = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *in = weir__field_input(f, n, t, x, f->dim), *at = weir__field_labels(f, n, t);
    weir_tensor *out = weir_network_at(f->net, in, at, weir__field_condition(f, n, samples));
    weir_status status = weir_status_of(f->ctx);
    if (!weir_is_nil(out)) status = weir_copy_to_f64(out, y, n * f->dim);
    weir_scope_end(s);
    return status;
}

weir_status weir__field_predict(void *field, const weir_prediction_row *want, int64_t n,
                                const int64_t *samples, const double *t, const double *x,
                                double *out)
{
    const weir__field *f = field;
    weir_status status = field_run(f, n, samples, t, x, out);
    if (status != WEIR_OK) return status;
    return weir_prediction_convert(f->ctx, f->path, f->path_options, f->prediction,
                                   f->prediction_options, want, NULL, n, f->dim, t, x, out);
}
