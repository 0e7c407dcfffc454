/* sample_file.c - samples into a file: npy, csv, or a picture, by the name's ending. */
#include <string.h>
#include "train/train.h"

/* Of a request: what was drawn, [n, dim], and how each sample went. */
typedef struct drawing {
    weir__samples x;
    weir_row_report *report;
} drawing;

/* -- files ------------------------------------------------------------------------------------- */
typedef enum file_kind { FILE_UNKNOWN, FILE_NPY, FILE_CSV, FILE_PNG } file_kind;

static bool file_ends(const char *file, const char *ending)
{
    size_t n = strlen(file), m = strlen(ending);
    return n > m && strcmp(file + n - m, ending) == 0;
}

static file_kind file_kind_of(const char *file)
{
    if (file_ends(file, ".npy")) return FILE_NPY;
    if (file_ends(file, ".csv")) return FILE_CSV;
    return file_ends(file, ".png") ? FILE_PNG : FILE_UNKNOWN;
}

/* As a line of dim values a sample; in npy each in its own shape. */
static weir_status file_array(weir_model *m, const char *file, const weir__samples *x)
{
    const int64_t *shape;
    weir_ctx *c = m->object.ctx;
    weir__array a = { .dtype = x->dtype, .ndim = 2, .shape = { x->n, x->dim }, .data = x->data };
    if (file_kind_of(file) == FILE_CSV) return weir__csv_write(c, file, &a, NULL);
    a.ndim = 1 + weir_model_shape(m, &shape);
    memcpy(a.shape + 1, shape, (size_t)(a.ndim - 1) * sizeof *shape);
    return weir__npy_write(c, file, &a);
}

static weir_status file_picture(weir_model *m, const char *file, const weir__samples *x)
{
    weir_ctx *c = m->object.ctx;
    weir__bytes png;
    if (weir__picture(m, x, &png) == WEIR_OK) weir__file_write(c, file, png.data, png.size);
    weir__free(c, png.data);
    return weir_status_of(c);
}

/* -- drawing ----------------------------------------------------------------------------------- */
static weir_status draw_into(weir_model *m, const weir_sample_opts *o, const weir__samples *x)
{
    if (x->dtype == WEIR_F64) return weir_model_sample_into_f64(m, x->n, o, x->data);
    return weir_model_sample_into(m, x->n, o, x->data);
}

static weir_status draw(weir_model *m, const weir_sample_opts *given, drawing *d)
{
    weir_ctx *c = m->object.ctx;
    weir_sample_opts o = *given;
    int64_t size = weir__size_times(d->x.n, d->x.dim);
    d->x.data = weir__alloc_n(c, size, weir_dtype_size(d->x.dtype));
    d->report = d->x.data ? weir__alloc0_n(c, d->x.n, sizeof *d->report) : NULL;
    if (!d->report) return weir_status_of(c);
    o.report = d->report;
    weir_status s = draw_into(m, &o, &d->x);
    if (given->report) memcpy(given->report, d->report, (size_t)d->x.n * sizeof *d->report);
    return s;
}

static bool drawn_finite(const weir__samples *x, int64_t i)
{
    for (int64_t j = 0; j < x->dim; j++)
        if (!isfinite(weir__samples_at(x, i * x->dim + j))) return false;
    return true;
}

static void draw_count(const drawing *d, weir_sample_file_info *info)
{
    *info = (weir_sample_file_info){ .n = d->x.n };
    for (int64_t i = 0; i < d->x.n; i++) {
        bool good = drawn_finite(&d->x, i);
        info->n_not_finite += !good;
        info->n_unfinished += good && d->report[i].end != WEIR_ROW_DONE;
    }
}

/* -- the request ------------------------------------------------------------------------------- */
static weir_status draw_check(weir_model *m, int64_t n, const char *file)
{
    weir_ctx *c = m->object.ctx;
    if (file_kind_of(file) == FILE_UNKNOWN)
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "model_sample_to_file: %.200s: expected a name that ends in .npy, .csv or .png", file);
    if (n < 1)
        return weir_fail(c, WEIR_ERROR_RANGE,
                         "model_sample_to_file: %lld samples: expected 1 or more", (long long)n);
    if (n > INT64_MAX / 64 / m->dim)
        return weir_fail(c, WEIR_ERROR_MEMORY,
                         "model_sample_to_file: %lld samples of %lld values: expected fewer",
                         (long long)n, (long long)m->dim);
    if (file_kind_of(file) == FILE_PNG && !weir_model_image_shape(m, NULL, NULL, NULL)
        && m->dim != 2)
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "model_sample_to_file: %.200s: expected .npy or .csv, samples of %lld values "
            "are no picture",
            file, (long long)m->dim);
    return WEIR_OK;
}

weir_status weir_model_sample_to_file(weir_model *m, int64_t n, const weir_sample_opts *o,
                                      const char *file, weir_sample_file_info *info)
{
    WEIR__AS_FOUND;
    weir_sample_opts defaults = weir_sample_defaults();
    weir_sample_file_info unused;
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, "model_sample_to_file")) return weir_status_of(c);
    if (!file)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_sample_to_file: NULL: expected a file to write");
    if (o && o->size != sizeof *o)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_sample_to_file: options of size %zu: expected them from "
                         "weir_sample_defaults",
                         o->size);
    if (draw_check(m, n, file) != WEIR_OK) return weir_status_of(c);
    drawing d = { .x = { .dtype = weir_model_data_dtype(m), .n = n, .dim = m->dim } };
    weir_status s = draw(m, o ? o : &defaults, &d);
    if (s == WEIR_OK && file_kind_of(file) == FILE_PNG) s = file_picture(m, file, &d.x);
    else if (s == WEIR_OK) s = file_array(m, file, &d.x);
    if (s == WEIR_OK) draw_count(&d, info ? info : &unused);
    weir__free(c, d.report);
    weir__free(c, d.x.data);
    return s;
}
