/* predict.c - what the network of a continuous model says of samples on its path, in any form and
 * in the scale of the data as stored: with x = s y + m of transformed data y,
 *
 *     y_t = a y + b eps,  x_t = s y_t + m,  dx_t/dt = s u,  grad_x log p = S / s */
#include <string.h>
#include "base/value.h"
#include "models/path_model.h"
#include "weir/continuous.h"

static const char who[] = "model_predict_into";
#define STREAM_DENOISE "denoise" /* of the noise that is added */

void weir_predict_defaults_sized(weir_predict_opts *o, size_t size)
{
    const weir_predict_opts whole = { .size = sizeof whole };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

typedef struct predict_job {
    weir_model *m;
    weir__field field;
    weir_choice form; /* its row NULL: the network's own */
    const weir_predict_opts *o;
    const double *x, *t;
    int64_t n;
    double *out;
    int64_t *ids; /* of one chunk; and where its samples are in it */
    int64_t *places;
    double *y; /* [chunk, dim]: on the path, transformed */
} predict_job;

/* -- scales ------------------------------------------------------------------------------------ */
/* s of value j; m likewise. */
static double scale_of(const weir_model *m, int64_t j)
{
    if (m->mean) return weir__model_standard(m).std[j];
    return m->levels > 0 ? (double)m->levels : 1;
}

static double shift_of(const weir_model *m, int64_t j)
{
    return m->mean ? weir__model_standard(m).mean[j] : 0;
}

static void predict_rescale(const weir_model *m, const weir_prediction_row *form, int64_t n,
                            double *v)
{
    if (form == &weir__prediction_x0) weir__model_unscale(m, v, n);
    for (int64_t i = 0; i < n * m->dim; i++) {
        if (form == &weir__prediction_velocity) v[i] *= scale_of(m, i % m->dim);
        if (form == &weir__prediction_score) v[i] /= scale_of(m, i % m->dim);
    }
}

/* -- one chunk --------------------------------------------------------------------------------- */
static void predict_frame(const predict_job *j, const char *stream, int64_t n)
{
    weir_ctx *c = j->m->object.ctx;
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(stream),
                           .ids = j->ids,
                           .n_ids = n,
                       });
    if (j->o->use_seed) weir__seed_set(c, j->o->seed);
}

/* a y + b eps of the data, by their numbers, into j->y. */
static weir_status predict_noise(const predict_job *j, int64_t first, int64_t n,
                                 const weir_condition *k)
{
    weir_model *m = j->m;
    const weir__field *f = &j->field;
    weir_ctx *c = f->ctx;
    const int64_t shape[] = { n, m->dim };
    weir_tensor *log_q, *x = weir_from_f64(c, j->x + first * m->dim, 2, shape);
    predict_frame(j, WEIR__STREAM_SCORE, n);
    weir_tensor *y = weir__model_transform(m, x, k, &log_q);
    predict_frame(j, STREAM_DENOISE, n);
    weir_tensor *eps = weir_randn(c, WEIR_F64, 2, shape);
    double *e = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *e);
    if (e && weir_ok(c)) weir_copy_to_f64(y, j->y, n * m->dim);
    if (e && weir_ok(c)) weir_copy_to_f64(eps, e, n * m->dim);
    for (int64_t i = 0; weir_ok(c) && i < n; i++) {
        weir_path_point p = f->path->at(f->path_options, j->t[first + i]);
        for (int64_t v = i * m->dim; v < (i + 1) * m->dim; v++)
            j->y[v] = p.a * j->y[v] + p.b * e[v];
    }
    weir__free(c, e);
    return weir_status_of(c);
}

static void predict_transform(const predict_job *j, int64_t first, int64_t n)
{
    const weir_model *m = j->m;
    const double *x = j->x + first * m->dim;
    for (int64_t i = 0; i < n * m->dim; i++)
        j->y[i] = (x[i] - shift_of(m, i % m->dim)) / scale_of(m, i % m->dim);
}

static weir_status predict_ask(predict_job *j, int64_t first, int64_t n)
{
    const weir__field *f = &j->field;
    double *out = j->out + first * f->dim;
    const weir_prediction_row *form = (const weir_prediction_row *)j->form.row;
    const double *t = j->t + first;
    weir_status s = weir__field_predict(&j->field, f->prediction, n, j->places, t, j->y, out);
    if (s == WEIR_OK && form)
        s = weir_prediction_convert(f->ctx, f->path, f->path_options, f->prediction,
                                    f->prediction_options, form, j->form.options, n, f->dim, t,
                                    j->y, out);
    if (s == WEIR_OK) predict_rescale(j->m, form ? form : f->prediction, n, out);
    return s;
}

static weir_status predict_chunk(predict_job *j, int64_t first, int64_t n)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_scope s = weir_scope_begin_no_grad(c);
    for (int64_t i = 0; i < n; i++) {
        j->ids[i] = first + i;
        j->places[i] = i;
    }
    const weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, first, n);
    k = weir__model_condition_seen(m, c, weir__model_condition_ready(m, c, k));
    j->field.condition = k;
    if (j->o->add_noise) predict_noise(j, first, n, k);
    else predict_transform(j, first, n);
    weir_status status = weir_status_of(c);
    if (status == WEIR_OK) status = predict_ask(j, first, n);
    if (status == WEIR_OK && j->o->noised) {
        weir__model_unscale(m, j->y, n);
        memcpy(j->o->noised + first * m->dim, j->y, (size_t)(n * m->dim) * sizeof *j->y);
    }
    weir_scope_end(s);
    return status;
}

/* -- the request ------------------------------------------------------------------------------- */
static bool predict_form(predict_job *j)
{
    static const weir_option form = {
        .name = "form", .type = WEIR_OPTION_ROW, .def = "", .choices = "prediction"
    };
    weir_ctx *c = j->m->object.ctx;
    const weir__site s = { c, who, "form" };
    const char *text = j->o->form ? j->o->form : "x0";
    if (strcmp(text, "raw") == 0) return true;
    if (weir__choice_read(&s, &form, &j->form, text) != WEIR_OK) return false;
    if (j->form.row) return true;
    weir_fail(c, WEIR_ERROR_NAME,
              "%s: form: an empty text: expected raw or one that `weir list prediction` shows",
              who);
    return false;
}

/* Whether it wants nothing that rests on normal noise of a model that has none; else an error. */
static bool predict_is_of_noise(const predict_job *j)
{
    if (j->o->add_noise && weir__path_refuses(j->m, "noise that is added")) return false;
    return j->form.row != &weir__prediction_score.row || !weir__path_refuses(j->m, "a score");
}

static weir_status predict_times(const predict_job *j)
{
    double lo, hi;
    const weir__field *f = &j->field;
    f->path->interval(f->path_options, &lo, &hi);
    for (int64_t i = 0; i < j->n; i++) {
        if (j->t[i] >= lo && j->t[i] <= hi) continue;
        return weir_fail(f->ctx, WEIR_ERROR_RANGE, "%s: t=%g: expected %g to %g, as %s has it", who,
                         j->t[i], lo, hi, f->path->row.name);
    }
    return WEIR_OK;
}

static weir_status predict_run(predict_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    const weir_predict_opts *o = j->o;
    int64_t rows = o->batch > 0 ? o->batch : WEIR__CHUNK_ROWS;
    if (rows > j->n) rows = j->n;
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    j->places = weir__alloc_n(c, rows, sizeof *j->places);
    j->y = weir__alloc_n(c, weir__size_times(rows, j->m->dim), sizeof *j->y);
    weir_status s = weir_status_of(c);
    for (int64_t first = 0; first < j->n && s == WEIR_OK; first += rows) {
        int64_t n = j->n - first < rows ? j->n - first : rows;
        s = predict_chunk(j, first, n);
        if (s == WEIR_OK && o->on_step && o->on_step(o->user, first + n, j->n) != 0)
            s = WEIR_STOPPED;
    }
    weir__free(c, j->ids);
    weir__free(c, j->places);
    weir__free(c, j->y);
    return s;
}

weir_status weir_model_predict_into_f64(weir_model *m, const double *x, const double *t, int64_t n,
                                        const weir_predict_opts *o, double *out)
{
    WEIR__AS_FOUND;
    weir_predict_opts own = weir_predict_defaults();
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, who)
        || !weir__sized_read(c, "model_predict_into: options", "them from weir_predict_defaults", o,
                             &own, sizeof own))
        return weir_status_of(c);
    if (n < 0 || own.batch < 0 || (n > 0 && (!x || !t || !out)))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: NULL or a negative count: expected n samples, their times and room",
                         who);
    const weir__field *field = weir__model_field(m, who);
    if (!field || !weir__model_condition_fits(m, c, own.condition, who)
        || !weir__model_condition_divides(c, own.condition, n, who))
        return weir_status_of(c);
    predict_job j = { .m = m, .field = *field, .o = &own, .x = x, .t = t, .n = n, .out = out };
    if (predict_form(&j) && predict_is_of_noise(&j) && predict_times(&j) == WEIR_OK && n > 0) {
        weir_status s = predict_run(&j);
        weir__choice_clear(c, &j.form);
        return s;
    }
    weir__choice_clear(c, &j.form);
    return weir_status_of(c);
}
