/* solve_encode.c - the noise of data of models that are a network on a path: the ODE that samples
 * follow, solved from the data to the noise. */
#include "models/models.h"

/* x [n, dim], the data, becomes what N(0, I) is at the end of the path. */
static bool solve_to_noise(weir__field *f, const weir_choice *sampler, int64_t n, double *x)
{
    double data, noise;
    int64_t n_times;
    weir_ctx *c = f->ctx;
    const weir_sampler_row *row = (const weir_sampler_row *)sampler->row;
    weir__field_ends(f, &data, &noise);
    double first = f->path->at(f->path_options, data).a; /* data are x / a there */
    for (int64_t j = 0; j < n * f->dim; j++) x[j] *= first;
    double *times = weir__sampler_times(c, row, sampler->options, f->path, f->path_options, data,
                                        noise, &n_times);
    weir_sampling p = {
        .size = sizeof p,
        .ctx = c,
        .n = n,
        .dim = f->dim,
        .x = x,
        .path = f->path,
        .path_options = f->path_options,
        .times = times,
        .n_times = n_times,
        .predictor = { .predict = weir__field_predict, .user = f },
    };
    bool good = times && weir_sampler_run(row, sampler->options, &p) == WEIR_OK;
    double scale = f->path->at(f->path_options, noise).b;
    for (int64_t j = 0; good && j < n * f->dim; j++) x[j] /= scale;
    weir__free(c, times);
    return good;
}

weir_tensor *weir__solve_encode(weir_model *m, const weir__field *f, const weir_choice *own,
                                weir_tensor *y, const weir_condition *k,
                                const weir_log_prob_opts *o)
{
    weir_ctx *c = y->object.ctx;
    weir__field field = *f;
    weir_choice sampler;
    weir_tensor *z = weir__nil(c, WEIR__TENSOR);
    int64_t n = y->shape[0];
    field.ctx = c;
    field.condition = k;
    if (!weir__sampler_open(c, &m->row->row, own, o->solver, &sampler)) return z;
    if (o->steps > 0) ((weir_sampler_opts *)sampler.options)->steps = o->steps;
    double *x = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *x);
    bool good = x && weir__likelihood_by(c, (const weir_sampler_row *)sampler.row)
                && weir_copy_to_f64(y, x, n * m->dim) == WEIR_OK;
    if (good && solve_to_noise(&field, &sampler, n, x))
        z = weir__field_tensor(&field, n, x, m->dim);
    weir__free(c, x);
    weir__sampler_close(c, &sampler);
    return z;
}
