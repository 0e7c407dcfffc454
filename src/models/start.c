/* start.c - samples that begin at data with noise: the data as stored become what a sampler begins
 * with, chunk by chunk (weir/latent.h has the formula). */
#include "models/path_model.h"
#include "weir/latent.h"

void weir_sample_start_defaults_sized(weir_sample_start *o, size_t size)
{
    const weir_sample_start whole = {
        .size = sizeof whole,
        .strength = 1,
        .resample = 1,
        .jump = 10,
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* Of a model from data to data: x, and nothing else. */
static bool start_at_source(weir_model *m, const weir_sample_start *start, const char *who)
{
    weir_ctx *c = m->object.ctx;
    if (!weir__source_of(m))
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "%s: %s: samples of a source: expected a flow-matching model that has one "
                  "(source=SPEC)",
                  who, m->row->row.name);
    else if (!start->x || start->known || start->strength != 1)
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: start: samples of a source: expected x, strength 1 and nothing known", who);
    return weir_ok(c);
}

bool weir__start_read(weir_model *m, const weir_sample_opts *o, weir_sample_start *start,
                      const char *who)
{
    weir_ctx *c = m->object.ctx;
    *start = weir_sample_start_defaults();
    if (!o->start) return true;
    if (m->row->sample != weir__path_model_sample) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "%s: %s: samples begun at data: expected a model on a path, such as "
                  "rectified-flow",
                  who, m->row->row.name);
        return false;
    }
    if (!weir__sized_read(c, "sample: start", "one from weir_sample_start_defaults", o->start,
                          start, sizeof *start))
        return false;
    if (start->at_source) return start_at_source(m, start, who);
    if (weir__path_refuses(m, "samples begun at data with noise")) return false;
    bool turns = start->resample >= 1 && start->resample <= 1000000 && start->jump >= 1;
    if (start->x && start->strength > 0 && start->strength <= 1 && turns) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: start: expected x, a strength above 0 up to 1, resample and jump 1 or more",
              who);
    return false;
}

static bool start_looks_at(const weir_sample_start *whole, const weir_sample_start *part, int64_t i)
{
    return whole->at_source || whole->strength < 1 || (part->known && part->known[i]);
}

/* y [n, dim], samples as stored, becomes the transformed data of them. */
static void start_transform(weir_model *m, int64_t n, const weir_condition *k, double *y)
{
    weir_ctx *c = m->object.ctx;
    weir_tensor *log_q, *x = weir_from_f64(c, y, 2, (const int64_t[]){ n, m->dim });
    x = weir__model_transform(m, x, k, &log_q);
    if (!weir_is_nil(x)) weir_copy_to_f64(x, y, n * m->dim);
}

void weir__start_part(weir_model *m, const weir_sample_start *whole, const int64_t *ids, int64_t at,
                      int64_t n, const weir_condition *k, weir_sample_start *part)
{
    weir_ctx *c = m->object.ctx;
    const double *x = whole->x + at * m->dim;
    double *y = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *y);
    *part = *whole;
    part->x = y;
    if (whole->known) part->known += at * m->dim;
    if (!y) return;
    for (int64_t i = 0; i < n * m->dim; i++) /* what is not looked at may be anything */
        y[i] = start_looks_at(whole, part, i) ? x[i] : 0;
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(WEIR__STREAM_SCORE),
                           .ids = ids,
                           .n_ids = n,
                       });
    start_transform(m, n, k, y);
}
