/* data_encode.c - the noise of the samples of a data set, and how near to them it leads back. */
#include <math.h>
#include <string.h>
#include "train/train.h"
#include "weir/latent.h"

weir_status weir__data_walk(const weir_log_prob_opts *o, int64_t n,
                            weir_status (*batch)(void *user, int64_t first, int64_t n), void *user)
{
    int64_t rows = o->batch > 0 ? o->batch : WEIR__CHUNK_ROWS;
    for (int64_t first = 0; first < n; first += rows) {
        int64_t part = n - first < rows ? n - first : rows;
        weir_status s = batch(user, first, part);
        if (s != WEIR_OK) return s;
        if (o->on_step && o->on_step(o->user, first + part, n) != 0) return WEIR_STOPPED;
    }
    return WEIR_OK;
}

/* -- there ------------------------------------------------------------------------------------- */
typedef struct encode_job {
    weir_model *m;
    weir_dataset *d;
    const weir_log_prob_opts *o;
    double *z; /* [rows, noise_dim] */
} encode_job;

static weir_status data_encode_batch(void *job, int64_t first, int64_t n)
{
    const encode_job *j = job;
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_log_prob_opts own = *j->o;
    own.condition = NULL;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(j->d, first, n);
    b = weir__data_batch_under(c, b, j->o->condition, weir_dataset_samples(j->d), first, NULL);
    weir_tensor *t = weir_model_encode(m, b, &own);
    if (!weir_is_nil(t)) weir_copy_to_f64(t, j->z + first * m->noise_dim, n * m->noise_dim);
    weir_scope_end(s);
    return weir_status_of(c);
}

weir_status weir_data_encode(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o, double *z)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_encode";
    weir_log_prob_opts own = weir_log_prob_defaults();
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    if (!z) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected room for the noise", who);
    if (!weir__log_prob_read(c, o, &own)
        || weir__data_fits(m, d, own.condition, weir_dataset_samples(d), who) != WEIR_OK)
        return weir_status_of(c);
    encode_job j = { m, d, &own, z };
    return weir__data_walk(&own, weir_dataset_samples(d), data_encode_batch, &j);
}

/* -- there and back ---------------------------------------------------------------------------- */
/* Of what d and k say of samples first .. the conditions that the model wants; NULL: none. */
const weir_condition *weir__data_condition_of(weir_model *m, const weir_batch *b)
{
    const char *name;
    weir_ctx *c = m->object.ctx;
    weir_condition *k = NULL;
    for (int i = 0; weir_ok(c) && (name = weir_model_wants(m, i)); i++) {
        if (!k) k = weir_condition_new(c);
        k = weir_condition_with(k, name, weir_condition_get(weir_batch_condition(b), name));
    }
    return k;
}

const weir_condition *weir_data_condition(weir_model *m, weir_dataset *d)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_condition";
    if (!weir__data_usable(m, d, who)) return NULL;
    int64_t n = weir_dataset_samples(d);
    if (weir__data_fits(m, d, NULL, n, who) != WEIR_OK) return NULL;
    const weir_condition *k = weir__data_condition_of(m, weir_dataset_batch(d, 0, n));
    return weir_ok(m->object.ctx) ? k : NULL;
}

static void cycle_count(int64_t n, int64_t dim, const double *x, const double *back,
                        weir_cycle_info *info)
{
    for (int64_t i = 0; i < n; i++) {
        bool finite = true;
        for (int64_t j = i * dim; j < (i + 1) * dim; j++)
            finite = finite && isfinite(x[j]) && isfinite(back[j]);
        info->n_not_finite += !finite;
        for (int64_t j = i * dim; finite && j < (i + 1) * dim; j++) {
            double miss = fabs(x[j] - back[j]);
            info->largest = fmax(info->largest, miss);
            info->rms += miss * miss;
        }
    }
}

typedef struct cycle_job {
    weir_model *m;
    weir_dataset *d;
    const weir_log_prob_opts *o;
    const double *z;
    double *x, *back; /* [batch, dim] */
    weir_cycle_info *info;
} cycle_job;

static weir_status cycle_batch(void *job, int64_t first, int64_t n)
{
    const cycle_job *j = job;
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_sample_opts o = weir_sample_defaults();
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(j->d, first, n);
    b = weir__data_batch_under(c, b, j->o->condition, weir_dataset_samples(j->d), first, NULL);
    o.condition = weir__data_condition_of(m, b);
    o.noise_f64 = j->z + first * m->noise_dim;
    o.solver = j->o->solver;
    o.steps = j->o->steps;
    o.batch = n;
    if (weir_ok(c)) weir_copy_to_f64(weir_batch_x(b), j->x, n * m->dim);
    if (weir_ok(c) && weir_model_sample_into_f64(m, n, &o, j->back) == WEIR_OK)
        cycle_count(n, m->dim, j->x, j->back, j->info);
    weir_scope_end(s);
    return weir_status_of(c);
}

weir_status weir_data_cycle(weir_model *m, weir_dataset *d, const weir_log_prob_opts *o,
                            const double *z, weir_cycle_info *info)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_cycle";
    weir_log_prob_opts own = weir_log_prob_defaults();
    weir_cycle_info told = { 0 };
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d);
    if (!z) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected noise", who);
    if (!weir__log_prob_read(c, o, &own)
        || !weir__sized_read(c, "data_cycle: info", "its sizeof", info, &told, sizeof told)
        || weir__data_fits(m, d, own.condition, n, who) != WEIR_OK)
        return weir_status_of(c);
    int64_t rows = own.batch > 0 ? own.batch : WEIR__CHUNK_ROWS;
    if (rows > n) rows = n;
    told = (weir_cycle_info){ .size = sizeof told, .n = n };
    double *room = weir__alloc_n(c, weir__size_times(2, weir__size_times(rows, m->dim)),
                                 sizeof *room);
    cycle_job j = { .m = m, .d = d, .o = &own, .z = z, .x = room, .info = &told };
    weir_status s = weir_status_of(c);
    if (room) {
        j.back = room + rows * m->dim;
        s = weir__data_walk(&own, n, cycle_batch, &j);
    }
    told.rms = sqrt(told.rms / (double)((n - told.n_not_finite) * m->dim));
    if (s == WEIR_OK) weir__sized_write(info, &told, sizeof told);
    weir__free(c, room);
    return s;
}
