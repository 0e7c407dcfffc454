/* sample_file.c - samples into a file: npy, csv, or a picture, by the name's ending. */
#include <string.h>
#include "train/train.h"

/* Of a request: what was drawn, [n, dim], and how each sample went. */
typedef struct drawing {
    weir__samples x;
    weir_sample_report *report;
} drawing;

/* -- files ------------------------------------------------------------------------------------- */
typedef enum file_kind { FILE_UNKNOWN, FILE_NPY, FILE_CSV, FILE_PNG } file_kind;

static file_kind file_kind_of(const char *file)
{
    if (weir__ends_with(file, ".npy")) return FILE_NPY;
    if (weir__ends_with(file, ".csv")) return FILE_CSV;
    return weir__ends_with(file, ".png") ? FILE_PNG : FILE_UNKNOWN;
}

/* Under the names of the data's columns, where the model has them. */
static weir_status file_table(weir_model *m, const char *file, const weir__array *a)
{
    const weir_words *names = &m->names[WEIR_NAMES_COLUMN];
    const char *const *header = names->n == m->dim ? (const char *const *)names->at : NULL;
    return weir__csv_write(m->object.ctx, file, a, header);
}

/* As a line of dim values a sample; in npy each in its own shape. */
static weir_status file_array(weir_model *m, const char *file, const weir__samples *x)
{
    const int64_t *shape;
    weir_ctx *c = m->object.ctx;
    weir__array a = { .dtype = x->dtype, .ndim = 2, .shape = { x->n, x->dim }, .data = x->data };
    if (file_kind_of(file) == FILE_CSV) return file_table(m, file, &a);
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
static weir_status sample_file_draw(weir_model *m, const weir_sample_opts *given, drawing *d)
{
    weir_ctx *c = m->object.ctx;
    weir_sample_opts o = *given;
    int64_t size = weir__size_times(d->x.n, d->x.dim);
    d->x.data = weir__alloc_n(c, size, weir_dtype_size(d->x.dtype));
    d->report = d->x.data ? weir__alloc0_n(c, d->x.n, sizeof *d->report) : NULL;
    if (!d->report) return weir_status_of(c);
    o.report = d->report;
    weir_status s = weir__sample_by_ranks(m, &o, &d->x, NULL);
    if (given->report) memcpy(given->report, d->report, (size_t)d->x.n * sizeof *d->report);
    return s;
}

static bool drawn_finite(const weir__samples *x, int64_t i)
{
    for (int64_t j = 0; j < x->dim; j++)
        if (!isfinite(weir__samples_at(x, i * x->dim + j))) return false;
    return true;
}

/* report NULL: no solver made them. */
static void draw_count(const weir__samples *x, const weir_sample_report *report,
                       weir_sample_file_info *info)
{
    *info = (weir_sample_file_info){ .size = sizeof *info, .n = x->n };
    for (int64_t i = 0; i < x->n; i++) {
        bool good = drawn_finite(x, i);
        info->n_not_finite += !good;
        info->n_unfinished += report && good && report[i].end != WEIR_SAMPLE_DONE;
    }
}

/* -- the request ------------------------------------------------------------------------------- */
static weir_status draw_check(weir_model *m, int64_t n, const char *file)
{
    weir_ctx *c = m->object.ctx;
    if (file_kind_of(file) == FILE_UNKNOWN)
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "samples to a file: %.200s: expected a name that ends in .npy, .csv or .png", file);
    if (n < 1)
        return weir_fail(c, WEIR_ERROR_RANGE, "samples to a file: %lld samples: expected 1 or more",
                         (long long)n);
    if (n > INT64_MAX / 64 / m->dim)
        return weir_fail(c, WEIR_ERROR_MEMORY,
                         "samples to a file: %lld samples of %lld values: expected fewer",
                         (long long)n, (long long)m->dim);
    if (file_kind_of(file) == FILE_PNG && !weir_model_image_shape(m, NULL, NULL, NULL)
        && m->dim != 2)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "samples to a file: %.200s: expected .npy or .csv, samples of %lld values "
                         "are no picture",
                         file, (long long)m->dim);
    return WEIR_OK;
}

/* By rank 0, which has them. */
static weir_status samples_write(weir_model *m, const char *file, const weir__samples *x)
{
    if (weir_rank(m->object.ctx) > 0) return WEIR_OK;
    return file_kind_of(file) == FILE_PNG ? file_picture(m, file, x) : file_array(m, file, x);
}

weir_status weir_model_write_samples(weir_model *m, const double *x, int64_t n, const char *file,
                                     weir_sample_file_info *info)
{
    WEIR__AS_FOUND;
    weir_sample_file_info told = { 0 };
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, "model_write_samples")) return weir_status_of(c);
    if (!x || !file)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_write_samples: NULL: expected samples and a file to write");
    if (!weir__sized_read(c, "model_write_samples: info", "its sizeof", info, &told, sizeof told))
        return weir_status_of(c);
    if (draw_check(m, n, file) != WEIR_OK) return weir_status_of(c);
    weir__samples s = { .dtype = weir_model_data_dtype(m), .n = n, .dim = m->dim };
    s.data = weir__alloc_n(c, weir__size_times(n, m->dim), weir_dtype_size(s.dtype));
    if (s.data) {
        weir__convert(s.dtype, s.data, WEIR_F64, x, n * m->dim);
        samples_write(m, file, &s);
        draw_count(&s, NULL, &told);
    }
    if (weir_ok(c)) weir__sized_write(info, &told, sizeof told);
    weir__free(c, s.data);
    return weir_status_of(c);
}

weir_status weir_model_sample_to_file(weir_model *m, int64_t n, const weir_sample_opts *o,
                                      const char *file, weir_sample_file_info *info)
{
    WEIR__AS_FOUND;
    weir_sample_opts own = weir_sample_defaults();
    weir_sample_file_info told = { 0 };
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, "model_sample_to_file")) return weir_status_of(c);
    if (!file)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_sample_to_file: NULL: expected a file to write");
    if (!weir__sized_read(c, "model_sample_to_file: options", "them from weir_sample_defaults", o,
                          &own, sizeof own)
        || !weir__sized_read(c, "model_sample_to_file: info", "its sizeof", info, &told,
                             sizeof told))
        return weir_status_of(c);
    if (draw_check(m, n, file) != WEIR_OK) return weir_status_of(c);
    drawing d = { .x = { .dtype = weir_model_data_dtype(m), .n = n, .dim = m->dim } };
    weir_status s = sample_file_draw(m, &own, &d);
    if (s == WEIR_OK) s = samples_write(m, file, &d.x);
    if (s == WEIR_OK) draw_count(&d.x, d.report, &told);
    if (s == WEIR_OK) weir__sized_write(info, &told, sizeof told);
    weir__free(c, d.report);
    weir__free(c, d.x.data);
    return s;
}
