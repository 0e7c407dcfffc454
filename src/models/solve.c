/* solve.c - samples of models that are a network on a path: the noise at the end of the path is
 * carried to the data by a sampler, in double. What a sampler draws on the way belongs to the
 * sample's number, as its start does. */
#include <string.h>
#include "models/models.h"

typedef struct solve {
    weir_model *m;
    const weir_sample_opts *o;
    weir__field field;
    weir_choice sampler;
    const int64_t *ids; /* [n] of the samples */
    int64_t *drawn;     /* [n] room for those of a draw */
} solve;

static weir_status solve_noise(void *user, const int64_t *draw, int64_t n, const int64_t *samples,
                               double *out)
{
    const solve *s = user;
    int64_t dim = s->field.dim;
    for (int64_t i = 0; i < n; i++) s->drawn[i] = s->ids[samples[i]];
    weir__sampler_noise(s->field.ctx, n, s->drawn, draw, dim, out);
    for (int64_t j = 0; j < n * dim && s->o->temperature != 1; j++) out[j] *= s->o->temperature;
    return WEIR_OK;
}

static weir_status solve_show(void *user, int64_t step, const double *t, const double *x)
{
    const solve *s = user;
    return s->o->on_state(s->o->user, step, 0, s->m->object.ctx->frame.n_ids, t, x);
}

static weir_predictor solve_predictor(solve *s)
{
    weir_predictor own = { .predict = weir__field_predict, .user = &s->field };
    return s->o->around ? s->o->around(s->o->around_user, own) : own;
}

/* From z in x to the data in x, by the sampler's times. */
static bool solve_run(solve *s, int64_t n, double *x, const double *times, int64_t n_times)
{
    const weir__field *f = &s->field;
    weir_sampling p = {
        .size = sizeof p,
        .ctx = f->ctx,
        .n = n,
        .dim = f->dim,
        .ids = s->ids,
        .x = x,
        .path = f->path,
        .path_options = f->path_options,
        .times = times,
        .n_times = n_times,
        .predictor = solve_predictor(s),
        .noise = solve_noise,
        .on_state = s->o->on_state ? solve_show : NULL,
        .user = s,
        .report = s->o->report,
    };
    double scale = f->path->at(f->path_options, times[0]).b;
    for (int64_t j = 0; j < n * f->dim; j++) x[j] *= scale;
    const weir_sampler_row *row = (const weir_sampler_row *)s->sampler.row;
    return weir_sampler_run(row, s->sampler.options, &p) == WEIR_OK;
}

static bool solve_on_times(solve *s, int64_t n, double *x)
{
    const weir__field *f = &s->field;
    double data, noise;
    int64_t n_times;
    f->path->interval(f->path_options, &data, &noise);
    double *times = weir__sampler_times(f->ctx, (const weir_sampler_row *)s->sampler.row,
                                        s->sampler.options, f->path, f->path_options, noise, data,
                                        &n_times);
    bool good = times && solve_run(s, n, x, times, n_times);
    weir__free(f->ctx, times);
    return good;
}

static weir_tensor *solve_from(solve *s, weir_tensor *z)
{
    const weir__field *f = &s->field;
    int64_t n = z->shape[0], size = weir__size_times(n, f->dim);
    weir_tensor *y = weir__nil(f->ctx, WEIR__TENSOR);
    double *x = weir__alloc_n(f->ctx, size, sizeof *x);
    s->drawn = weir__alloc_n(f->ctx, n, sizeof *s->drawn);
    if (x && s->drawn && weir_copy_to_f64(z, x, n * f->dim) == WEIR_OK && solve_on_times(s, n, x))
        y = weir__field_tensor(f, n, x, f->dim);
    weir__free(f->ctx, x);
    weir__free(f->ctx, s->drawn);
    return y;
}

weir_tensor *weir__solve_sample(weir_model *m, const weir__field *f, const weir_choice *own,
                                weir_tensor *z, const weir_condition *k, const weir_sample_opts *o)
{
    weir_ctx *c = m->object.ctx;
    solve s = { .m = m, .o = o, .field = *f, .ids = c->frame.ids };
    s.field.condition = k;
    if (!weir__sampler_open(c, &m->row->row, own, o->solver, &s.sampler))
        return weir__nil(c, WEIR__TENSOR);
    if (o->steps > 0) ((weir_sampler_opts *)s.sampler.options)->steps = o->steps;
    weir_tensor *y = solve_from(&s, z);
    weir__sampler_close(c, &s.sampler);
    return y;
}
