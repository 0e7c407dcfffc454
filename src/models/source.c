/* source.c - flow matching from a data set to another (Tong et al. 2024; Liu, Gong, Liu 2022): in
 * place of noise N(0, I) samples of a source stand at t = 1. In training and in sampling alike a
 * sample of the source is drawn by the sample's id and the random frame, with the probability of
 * its weight, and transformed as the data are. Nothing that rests on the noise being normal is
 * known of such a model: no log-density, no score, no sampler that draws noise. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/value.h"
#include "data/data.h"
#include "models/path_model.h"

static const char *source_text(const char *text) { return text && text[0] ? text : NULL; }

const char *weir__source_of(const weir_model *m)
{
    if (m->row != &weir__model_flow_matching) return NULL;
    return source_text(((const weir__path_opts *)m->options)->source);
}

const char *weir__source_said(const weir_row *row, const void *options)
{
    if (row != &weir__model_flow_matching.row) return NULL;
    return source_text(((const weir__path_opts *)options)->source);
}

bool weir__source_refuses(weir_model *m, const char *what)
{
    if (!weir__source_of(m)) return false;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: source=%.200s: %s: expected a model whose samples begin at noise N(0, I)",
              m->row->row.name, weir__source_of(m), what);
    return true;
}

bool weir__source_path_fits(weir_model *m)
{
    const weir__path_opts *o = m->options;
    const weir_path_row *path = (const weir_path_row *)o->path.row;
    double data, end;
    if (!weir__source_of(m)) return true;
    path->interval(o->path.options, &data, &end);
    weir_path_point p = path->at(o->path.options, end);
    bool alone = fabs(p.a) < 1e-12 && fabs(p.b - 1) < 1e-12;
    if (o->prediction.row == &weir__prediction_score.row)
        weir__source_refuses(m, "prediction.score");
    else if (!alone) weir__source_refuses(m, path->row.name);
    return weir_ok(m->object.ctx);
}

/* -- the data set ------------------------------------------------------------------------------ */
/* Found from the folder that training began in, where it is not from here. */
static weir_dataset *source_read(weir_ctx *c, const weir__path_opts *o)
{
    const char *folder = source_text(o->source_folder);
    char *found = folder ? weir__spec_from(c, o->source, folder) : NULL;
    weir_dataset *d = weir_dataset_open(c, found ? found : o->source);
    weir__free(c, found);
    return d;
}

enum { HASH_TEXT = 17 };

static void source_hash(const weir_dataset *d, char text[HASH_TEXT])
{
    snprintf(text, HASH_TEXT, "%016" PRIx64, weir_dataset_fingerprint(d));
}

weir_status weir__source_settle(weir_ctx *c, const weir_row *row, void *options)
{
    char text[HASH_TEXT], folder[4096];
    weir__path_opts *o = options;
    if (!weir__source_said(row, options)) return WEIR_OK;
    bool relative = weir__spec_is_relative(c, o->source) && getcwd(folder, sizeof folder);
    if (weir_option_set(c, row, options, "source_folder", relative ? folder : "") != WEIR_OK)
        return weir_status_of(c);
    weir_dataset *d = source_read(c, o);
    if (weir_ok(c)) source_hash(d, text);
    weir_dataset_free(d);
    return weir_ok(c) ? weir_option_set(c, row, options, "source_fingerprint", text)
                      : weir_status_of(c);
}

static weir_status source_shape_fits(const weir_model *m, const weir_dataset *d)
{
    weir_ctx *c = m->object.ctx;
    const char *spec = weir__source_of(m);
    long long dim = weir_dataset_dim(d), levels = weir_dataset_levels(d);
    if (dim != m->dim)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "source: %.200s: %lld values a sample: expected %lld, as the data have",
                         spec, dim, (long long)m->dim);
    if (levels == m->levels) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_RANGE,
                     "source: %.200s: levels=%lld: expected levels=%lld, as the data have", spec,
                     levels, (long long)m->levels);
}

static weir_status source_fits(const weir_model *m, weir_dataset *d)
{
    weir_ctx *c = m->object.ctx;
    const weir__path_opts *o = m->options;
    char text[HASH_TEXT];
    const char *known = source_text(o->source_fingerprint);
    if (source_shape_fits(m, d) != WEIR_OK) return weir_status_of(c);
    source_hash(d, text);
    if (known && strcmp(known, text) != 0)
        return weir_fail(c, WEIR_ERROR_STATE,
                         "source: %.200s: the data have changed since training began: expected the "
                         "same samples",
                         o->source);
    if (d->store->weights && d->store->weights_signed)
        return weir_fail(
            c, WEIR_ERROR_VALUE,
            "source: %.200s: signed weights: expected none below 0, samples are drawn by "
            "them",
            o->source);
    return weir__dataset_check_finite(d, WEIR_F64);
}

/* sum [n]: of the weights up to each sample; NULL: there are none, or no memory. */
static double *source_sums(weir_ctx *c, const weir_dataset *d)
{
    const double *w = d->store->weights;
    double *sum = w ? weir__alloc_n(c, d->n, sizeof *sum) : NULL;
    for (int64_t i = 0; sum && i < d->n; i++)
        sum[i] = w[weir__dataset_id(d, i)] + (i > 0 ? sum[i - 1] : 0);
    return sum;
}

/* Loaded once. False: the error is set. */
static bool source_open(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    weir__path_state *s = m->state;
    if (s->source) return true;
    weir_dataset *d = source_read(c, m->options);
    if (weir_ok(c) && source_fits(m, d) == WEIR_OK) s->source_sums = source_sums(c, d);
    if (weir_ok(c)) s->source = d;
    else weir_dataset_free(d);
    return s->source != NULL;
}

weir_status weir__source_begin(weir_model *m)
{
    if (weir__source_of(m)) source_open(m);
    return weir_status_of(m->object.ctx);
}

void weir__source_destroy(weir_model *m)
{
    weir__path_state *s = m->state;
    if (!s) return;
    weir__free(m->object.ctx, s->source_sums);
    weir_dataset_free(s->source);
}

/* -- draws ------------------------------------------------------------------------------------- */
/* The first sample up to which more than the part u of the weight lies. */
static int64_t source_row(const double *sum, int64_t n, double u)
{
    int64_t low = 0, high = n - 1;
    if (!sum) return (int64_t)(u * (double)n);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (sum[middle] > u * sum[n - 1]) high = middle;
        else low = middle + 1;
    }
    return low;
}

/* u [n] of [0, 1) becomes places [n] in the store. */
static void source_rows(const weir__path_state *s, int64_t n, const double *u, int64_t *rows)
{
    const weir_dataset *d = s->source;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = source_row(s->source_sums, d->n, u[i]);
        rows[i] = weir__dataset_id(d, row < d->n ? row : d->n - 1);
    }
}

/* As stored. */
static weir_tensor *source_stored(weir_model *m, int64_t n)
{
    weir_ctx *c = m->object.ctx;
    const weir__path_state *s = m->state;
    weir_tensor *u = weir_rand(c, WEIR_F64, 1, &n), *x = weir__nil(c, WEIR__TENSOR);
    double *part = weir__alloc_n(c, n, sizeof *part);
    int64_t *rows = part ? weir__alloc_n(c, n, sizeof *rows) : NULL;
    if (rows && weir_copy_to_f64(u, part, n) == WEIR_OK) {
        source_rows(s, n, part, rows);
        x = weir_empty(c, s->source->real, 2, (const int64_t[]){ n, m->dim });
    }
    bool good = !weir_is_nil(x)
                && weir__store_gather(c, s->source->store, x->dtype, rows, n, weir_data_mut(x));
    weir__free(c, rows);
    weir__free(c, part);
    return good ? x : weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir__source_draw(weir_model *m, int64_t n, const weir_condition *k)
{
    weir_ctx *c = m->object.ctx;
    weir_tensor *log_q;
    if (!source_open(m)) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *x = source_stored(m, n);
    return weir_is_nil(x) ? x : weir__model_transform(m, x, k, &log_q);
}

weir_batch *weir__source_prepare(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_ctx *c = y->object.ctx;
    if (!weir__source_of(m)) return b;
    if (c != m->object.ctx) {
        weir_fail(c, WEIR_ERROR_STATE, "source: a batch of another context: expected the model's");
        return weir__nil(c, WEIR__BATCH);
    }
    const weir_condition *k = weir__model_condition_seen(m, c, weir_batch_condition(b));
    weir_tensor *x = weir__source_draw(m, y->shape[0], k);
    if (weir_is_nil(x)) return weir__nil(c, WEIR__BATCH);
    return weir_batch_prepared_with(b, WEIR__SOURCE, x);
}
