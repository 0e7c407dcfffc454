/* interpolate.c - samples made of what lies between the noise of two, or along the direction in
 * which a class differs from the others. */
#include <math.h>
#include <string.h>
#include "train/train.h"
#include "weir/latent.h"

void weir_interpolate_defaults_sized(weir_interpolate_opts *o, size_t size)
{
    const weir_interpolate_opts whole = {
        .size = sizeof whole,
        .to = 1,
        .reach = 1,
        .steps = 8,
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* A request whose options are whole. */
typedef struct between {
    weir_interpolate_opts o;
    weir_log_prob_opts how;
    weir_sample_opts sample;
} between;

/* -- the ends ---------------------------------------------------------------------------------- */
/* The noise of one sample. */
static weir_status between_encode(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o,
                                  int64_t row, double *z)
{
    weir_ctx *c = m->object.ctx;
    weir_log_prob_opts own = *o;
    own.condition = NULL;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir__dataset_gather(d, &row, 0, 1);
    b = weir__data_batch_under(c, b, o->condition, weir_dataset_samples(d), 0, &row);
    weir_tensor *t = weir_model_encode(m, b, &own);
    if (!weir_is_nil(t)) weir_copy_to_f64(t, z, m->noise_dim);
    weir_scope_end(s);
    return weir_status_of(c);
}

/* The mean noise of the class less that of the others. */
static weir_status between_direction(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o,
                                     int64_t class, double *out)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d), dim = m->noise_dim, of_it = 0, others = 0;
    double *z = weir__alloc_n(c, weir__size_times(n, dim), sizeof *z);
    weir_status s = z ? weir_data_encode(m, d, o, z) : weir_status_of(c);
    for (int64_t i = 0; i < n; i++) {
        of_it += weir_dataset_label(d, i) == class;
        others += weir_dataset_label(d, i) >= 0 && weir_dataset_label(d, i) != class;
    }
    if (s == WEIR_OK && (of_it == 0 || others == 0))
        s = weir_fail(
            c, WEIR_ERROR_VALUE,
            "data_interpolate: %lld samples of the class and %lld of others: expected some "
            "of both",
            (long long)of_it, (long long)others);
    memset(out, 0, (size_t)dim * sizeof *out);
    for (int64_t i = 0; s == WEIR_OK && i < n; i++) {
        int64_t label = weir_dataset_label(d, i);
        double weight = label == class ? 1 / (double)of_it : -1 / (double)others;
        for (int64_t j = 0; j < dim && label >= 0; j++) out[j] += weight * z[i * dim + j];
    }
    weir__free(c, z);
    return s;
}

/* The class that is meant, as the data number theirs; -1: the error is set. */
static int64_t between_class(weir_model *m, weir_dataset *d, const char *name)
{
    int64_t number, n = weir_dataset_classes(d);
    for (int64_t k = 0; k < n; k++) {
        const char *known = weir_dataset_name(d, WEIR_NAMES_CLASS, k);
        if (known && strcmp(known, name) == 0) return k;
    }
    if (weir__parse_int(name, &number) && number >= 0 && number < n) return number;
    if (n == 0)
        weir_fail(m->object.ctx, WEIR_ERROR_NAME,
                  "data_interpolate: attribute %.100s: %.200s has no classes: expected data with "
                  "them (label=, labels=)",
                  name, weir_dataset_spec(d));
    else
        weir_fail(m->object.ctx, WEIR_ERROR_NAME,
                  "data_interpolate: attribute %.100s: expected a class of the %lld of %.200s",
                  name, (long long)n, weir_dataset_spec(d));
    return -1;
}

/* -- the way ----------------------------------------------------------------------------------- */
/* z = a + t (b - a), or on the great circle through their directions, its length from one's to the
 * other's. */
static void between_line(int64_t dim, const double *a, const double *b, double t, double *z)
{
    for (int64_t j = 0; j < dim; j++) z[j] = a[j] + t * (b[j] - a[j]);
}

static double between_dot(int64_t dim, const double *a, const double *b)
{
    double sum = 0;
    for (int64_t j = 0; j < dim; j++) sum += a[j] * b[j];
    return sum;
}

static void between_arc(int64_t dim, const double *a, const double *b, double t, double *z)
{
    double na = sqrt(between_dot(dim, a, a)), nb = sqrt(between_dot(dim, b, b));
    double cosine = between_dot(dim, a, b) / (na * nb);
    double angle = acos(fmin(fmax(cosine, -1), 1)), s = sin(angle);
    if (!(s > 1e-9)) { /* one direction, opposite ones, or no direction at all */
        between_line(dim, a, b, t, z);
        return;
    }
    double length = na + t * (nb - na);
    for (int64_t j = 0; j < dim; j++)
        z[j] = length * (sin((1 - t) * angle) / s * a[j] / na + sin(t * angle) / s * b[j] / nb);
}

static void between_all(const weir_interpolate_opts *o, int64_t dim, const double *ends, double *z)
{
    const double *a = ends, *b = ends + dim;
    for (int64_t i = 0; i < o->steps; i++) {
        double t = o->steps > 1 ? (double)i / (double)(o->steps - 1) : 0, *to = z + i * dim;
        if (o->attribute) {
            double by = o->reach * (2 * t - 1);
            for (int64_t j = 0; j < dim; j++) to[j] = a[j] + by * b[j];
        } else if (o->arc) {
            between_arc(dim, a, b, t, to);
        } else {
            between_line(dim, a, b, t, to);
        }
    }
}

/* -- the request ------------------------------------------------------------------------------- */
static weir_status between_ends(weir_model *m, weir_dataset *d, const between *w, double *ends)
{
    const weir_interpolate_opts *o = &w->o;
    weir_status s = between_encode(m, d, &w->how, o->from, ends);
    if (s != WEIR_OK) return s;
    if (!o->attribute) return between_encode(m, d, &w->how, o->to, ends + m->noise_dim);
    int64_t class = between_class(m, d, o->attribute);
    if (class < 0) return weir_status_of(m->object.ctx);
    return between_direction(m, d, &w->how, class, ends + m->noise_dim);
}

/* Samples of z under the condition of sample `from`, as far as the model wants it. */
static weir_status between_sample(weir_model *m, weir_dataset *d, const between *w, const double *z,
                                  double *x)
{
    weir_ctx *c = m->object.ctx;
    const int64_t *from = &w->o.from;
    weir_sample_opts own = w->sample;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir__dataset_gather(d, from, 0, 1);
    b = weir__data_batch_under(c, b, w->how.condition, weir_dataset_samples(d), 0, from);
    own.noise_f64 = z;
    own.condition = weir__data_condition_of(m, b);
    weir_status status = weir_status_of(c);
    if (status == WEIR_OK) status = weir_model_sample_into_f64(m, w->o.steps, &own, x);
    weir_scope_end(s);
    return status;
}

static bool between_read(weir_model *m, const weir_interpolate_opts *o, between *w)
{
    weir_ctx *c = m->object.ctx;
    *w = (between){
        .o = weir_interpolate_defaults(),
        .how = weir_log_prob_defaults(),
        .sample = weir_sample_defaults(),
    };
    return weir__sized_read(c, "data_interpolate: options", "them from weir_interpolate_defaults",
                            o, &w->o, sizeof w->o)
           && weir__log_prob_read(c, w->o.how, &w->how)
           && weir__sized_read(c, "data_interpolate: sample", "options from weir_sample_defaults",
                               w->o.sample, &w->sample, sizeof w->sample);
}

static bool between_fits(weir_model *m, weir_dataset *d, const weir_interpolate_opts *o)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d);
    bool rows = o->from >= 0 && o->from < n && (o->attribute || (o->to >= 0 && o->to < n));
    if (!rows)
        weir_fail(c, WEIR_ERROR_RANGE,
                  "data_interpolate: samples %lld and %lld: expected 0 to %lld, as the data have",
                  (long long)o->from, (long long)o->to, (long long)n - 1);
    else if (o->steps < 1 || o->steps > 1000000 || !isfinite(o->reach))
        weir_fail(c, WEIR_ERROR_RANGE,
                  "data_interpolate: %lld steps, reach %g: expected 1 to 1000000, and finite",
                  (long long)o->steps, o->reach);
    else return true;
    return false;
}

weir_status weir_data_interpolate(weir_model *m, weir_dataset *d, const weir_interpolate_opts *o,
                                  double *x)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_interpolate";
    between w;
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    if (!x) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected room", who);
    if (!between_read(m, o, &w) || !between_fits(m, d, &w.o)
        || weir__data_fits(m, d, w.how.condition, weir_dataset_samples(d), who) != WEIR_OK)
        return weir_status_of(c);
    int64_t size = weir__size_times(weir__size_plus(w.o.steps, 2), m->noise_dim);
    double *ends = weir__alloc_n(c, size, sizeof *ends);
    weir_status s = ends ? between_ends(m, d, &w, ends) : weir_status_of(c);
    if (s == WEIR_OK) {
        double *z = ends + 2 * m->noise_dim;
        between_all(&w.o, m->noise_dim, ends, z);
        s = between_sample(m, d, &w, z, x);
    }
    weir__free(c, ends);
    return s;
}
