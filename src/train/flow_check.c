/* flow_check.c - a flow's bijections, each looked at on the values that reach it: is its inverse
 * one, is its log-det that of its Jacobian, does the inverse's cancel it. */
#include <math.h>
#include <string.h>
#include "train/train.h"
#include "weir/check.h"

void weir_flow_check_defaults_sized(weir_flow_check_opts *o, size_t size)
{
    const weir_flow_check_opts whole = {
        .size = sizeof whole,
        .samples = 64,
        .jacobians = 2,
        .jacobian_dim = 1024,
        .seed = 1,
        .tolerance = 1e-6,
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

typedef struct checking {
    weir_ctx *c;
    const weir_flow_check_opts *o;
    weir_flow_check_info *info;
    weir_model *copy;
    const weir_module *whole; /* its bijection */
    int64_t n, dim; /* samples; values of one of the layer that is looked at */
    const int64_t *ids;
    double *x, *y, *back; /* [n, dim] */
    double *l, *l_back;   /* [n] */
    double *z;            /* [n, dim] of the whole; z_n of them */
    int64_t z_n;
    int stopped;
} checking;

/* -- means ------------------------------------------------------------------------------------- */
static void values_moments(int64_t n, const double *v, double *mean, double *std)
{
    double sum = 0, square = 0, count = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        sum += v[i];
        count++;
    }
    *mean = sum / count;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i])) square += (v[i] - *mean) * (v[i] - *mean);
    *std = sqrt(square / count);
}

static void layer_values(const checking *k, weir_flow_layer *r)
{
    values_moments(k->n * k->dim, k->y, &r->mean, &r->std);
    r->least = INFINITY;
    r->most = -INFINITY;
    for (int64_t i = 0; i < k->n * k->dim; i++) {
        if (!isfinite(k->y[i])) continue;
        if (k->y[i] < r->least) r->least = k->y[i];
        if (k->y[i] > r->most) r->most = k->y[i];
    }
}

/* -- one layer --------------------------------------------------------------------------------- */
static bool sample_finite(const checking *k, const double *v, int64_t i)
{
    for (int64_t j = 0; j < k->dim; j++)
        if (!isfinite(v[i * k->dim + j])) return false;
    return true;
}

/* Of a finite x. */
static bool sample_failed(const checking *k, int64_t i)
{
    return sample_finite(k, k->x, i) && !(sample_finite(k, k->y, i) && isfinite(k->l[i]));
}

static bool sample_counts(const checking *k, int64_t i)
{
    return sample_finite(k, k->x, i) && sample_finite(k, k->y, i) && isfinite(k->l[i]);
}

/* A larger error, or one that is no number, takes the place of *worst. */
static void error_raise(const checking *k, int64_t i, double error, double *worst, int64_t *id)
{
    if (isnan(error)) error = INFINITY;
    if (!isnan(*worst) && !(error > *worst)) return;
    *worst = error;
    *id = k->ids[i];
}

static void layer_finite(const checking *k, weir_flow_layer *r)
{
    for (int64_t i = 0; i < k->n; i++) {
        if (!sample_failed(k, i)) continue;
        if (r->n_not_finite++ == 0) r->id_not_finite = k->ids[i];
    }
}

static double sample_distance(const checking *k, int64_t i)
{
    double worst = 0;
    for (int64_t j = i * k->dim; j < (i + 1) * k->dim; j++) {
        double d = fabs(k->back[j] - k->x[j]) / (1 + fabs(k->x[j]));
        if (isnan(d)) return NAN;
        if (d > worst) worst = d;
    }
    return worst;
}

/* False for a row without an inverse, which is no error. */
static bool layer_has_inverse(weir_ctx *c)
{
    if (weir_status_of(c) == WEIR_ERROR_UNSUPPORTED) weir_clear(c);
    else return weir_ok(c);
    return false;
}

static void layer_inverse(const checking *k, weir_module *b, weir_tensor *y,
                          const weir_condition *condition, weir_flow_layer *r)
{
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_tensor *l, *x = weir_bijection_inverse(b, y, condition, &l);
    bool has = layer_has_inverse(k->c);
    if (has) weir_copy_to_f64(x, k->back, k->n * k->dim);
    if (has) weir_copy_to_f64(l, k->l_back, k->n);
    weir_scope_end(s);
    for (int64_t i = 0; has && weir_ok(k->c) && i < k->n; i++) {
        if (!sample_counts(k, i)) continue;
        error_raise(k, i, sample_distance(k, i), &r->inverse_error, &r->inverse_id);
        error_raise(k, i, fabs(k->l[i] + k->l_back[i]) / (1 + fabs(k->l[i])), &r->cancel_error,
                    &r->cancel_id);
    }
}

static bool layer_double(const checking *k) { return k->info->dtype == WEIR_F64; }

/* By two steps: the nearer of the two, for at the other a corner of a network may lie. */
static bool layer_jacobian(const checking *k, weir_module *b, weir_tensor *x, int64_t i,
                           const weir_condition *condition, weir_flow_layer *r)
{
    double step = layer_double(k) ? 1e-6 : 3e-3, near, far;
    if (!weir__bijection_differences(b, x, i, condition, step, &near)
        || !weir__bijection_differences(b, x, i, condition, 3 * step, &far))
        return false;
    double size = 1 + fabs(k->l[i]), noise = fabs(near - far) / size;
    double error = fabs(k->l[i] - near) / size, other = fabs(k->l[i] - far) / size;
    if (other < error) error = other;
    if (isnan(noise)) noise = 0; /* both are singular */
    if (isnan(error)) error = INFINITY;
    r->n_jacobians++;
    if (!isnan(r->log_det_error) && error - noise <= r->log_det_error - r->log_det_noise)
        return true;
    r->log_det_error = error;
    r->log_det_noise = noise;
    r->log_det_id = k->ids[i];
    return true;
}

static void layer_jacobians(const checking *k, weir_module *b, weir_tensor *x,
                            const weir_condition *condition, weir_flow_layer *r)
{
    if (k->dim > k->o->jacobian_dim) return;
    for (int64_t i = 0; i < k->n && r->n_jacobians < k->o->jacobians; i++)
        if (sample_counts(k, i) && !layer_jacobian(k, b, x, i, condition, r)) return;
}

static void layer_wrong(weir_flow_layer *r, const char *what, double by, int64_t id, double allowed)
{
    if (r->wrong || !(by > allowed)) return;
    r->wrong = what;
    r->wrong_by = by;
    r->wrong_id = id;
    r->allowed = allowed;
}

static void layer_judge(const checking *k, weir_flow_layer *r)
{
    double allowed = k->o->tolerance * (layer_double(k) ? 1 : 1e4);
    layer_wrong(r, "not finite", (double)r->n_not_finite, r->id_not_finite, 0);
    layer_wrong(r, "inverse", r->inverse_error, r->inverse_id, allowed);
    layer_wrong(r, "log_det", r->log_det_error, r->log_det_id, allowed + r->log_det_noise);
    layer_wrong(r, "cancel", r->cancel_error, r->cancel_id, allowed);
}

static bool layer_is_container(const weir_module *b)
{
    for (int64_t i = 0; i < b->n_children; i++)
        if (b->children[i]->row->transform || layer_is_container(b->children[i])) return true;
    return false;
}

/* -- all layers -------------------------------------------------------------------------------- */
/* What went in and came out, where it is of all samples and no larger than the data. */
static bool check_take(checking *k, weir_tensor *x, weir_tensor *y, weir_tensor *log_det)
{
    k->dim = x->numel / k->n;
    if (x->shape[0] != k->n || y->numel != x->numel || k->dim > k->copy->dim) return false;
    weir_copy_to_f64(x, k->x, x->numel);
    weir_copy_to_f64(y, k->y, x->numel);
    return weir_copy_to_f64(log_det, k->l, k->n) == WEIR_OK;
}

static void check_note(checking *k, const weir_flow_layer *r)
{
    weir_flow_check_info *info = k->info;
    info->n_layers++;
    if (r->wrong && info->n_wrong++ == 0) {
        size_t used = 0;
        weir__append(info->name, sizeof info->name, &used, "%s", r->name);
        used = 0;
        weir__append(info->row, sizeof info->row, &used, "%s", r->row);
        used = 0;
        weir__append(info->wrong, sizeof info->wrong, &used, "%s", r->wrong);
        info->wrong_id = r->wrong_id;
        info->wrong_by = r->wrong_by;
        info->allowed = r->allowed;
    }
    if (k->o->on_layer && weir_ok(k->c)) k->stopped = k->o->on_layer(k->o->user, r);
}

static void check_saw(void *checking_, weir_module *b, weir_tensor *x,
                      const weir_condition *condition, weir_tensor *y, weir_tensor *log_det)
{
    checking *k = checking_;
    char name[256];
    if (k->stopped || !check_take(k, x, y, log_det)) return;
    weir_flow_layer r = {
        .size = sizeof r,
        .name = weir__module_path(b, name, sizeof name),
        .row = b->row->row.name,
        .container = layer_is_container(b),
        .ndim = x->ndim - 1,
        .inverse_error = NAN,
        .cancel_error = NAN,
        .log_det_error = NAN,
        .log_det_noise = NAN,
    };
    memcpy(r.shape, x->shape + 1, (size_t)r.ndim * sizeof *r.shape);
    if (b == k->whole && k->dim == k->copy->dim) {
        memcpy(k->z, k->y, (size_t)(k->n * k->dim) * sizeof *k->z);
        k->z_n = k->n;
    }
    layer_values(k, &r);
    layer_finite(k, &r);
    layer_inverse(k, b, y, condition, &r);
    if (weir_ok(k->c)) layer_jacobians(k, b, x, condition, &r);
    layer_judge(k, &r);
    if (weir_ok(k->c)) check_note(k, &r);
}

/* -- the copy in f64 --------------------------------------------------------------------------- */
typedef struct doubling {
    weir_ctx *c;
    const weir_row *row;
    void *options; /* that are changed */
    bool any;
} doubling;

/* Every option "dtype", of chosen rows too. */
static bool doubling_set(void *doubling_, const char *key, const weir_option *o, const void *field)
{
    doubling *d = doubling_;
    size_t n = strlen(key);
    (void)field;
    if (o->type != WEIR_OPTION_CHOICE || n < 5 || strcmp(key + n - 5, "dtype") != 0) return true;
    if (n > 5 && key[n - 6] != '.') return true;
    d->any = true;
    return weir_option_set(d->c, d->row, d->options, key, "f64") == WEIR_OK;
}

static weir_status copy_weights(weir_model *from, weir_model *to)
{
    weir_ctx *c = from->object.ctx;
    void *data = NULL;
    size_t bytes = 0;
    if (from->context_mean && weir__model_add_context_standardize(to) != WEIR_OK)
        return weir_status_of(c);
    if (weir_module_save_to_memory(from->module, &data, &bytes) == WEIR_OK)
        (void)!weir_module_load_from_memory(to->module, data, bytes, true, NULL);
    weir_buffer_free(c, data);
    weir_module_train(to->module, false);
    return weir_status_of(c);
}

/* m in f64, or in its own type where it has no other. */
static weir_model *copy_of(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    const weir_row *row = &m->row->row;
    doubling d = { .c = c, .row = row, .options = weir__options_clone(c, row, m->options) };
    weir_model *copy = weir__nil(c, WEIR__MODEL);
    if (d.options) weir__options_each(row, m->options, doubling_set, &d);
    if (d.options && weir_ok(c)) copy = weir_model_new_with(c, row->name, d.options);
    if (d.options) weir__options_delete(c, row, d.options);
    if (weir_ok(c)) copy_weights(m, copy);
    return copy;
}

/* -- running ----------------------------------------------------------------------------------- */
/* log p in f64, with every bijection watched. */
static weir_status check_walk(checking *k, weir_dataset *d, double *log_prob)
{
    weir_log_prob_opts how = weir_log_prob_defaults();
    how.use_seed = true;
    how.seed = k->o->seed;
    weir__bijection_watch watch = { check_saw, k };
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_batch *b = weir_dataset_batch(d, 0, k->n);
    b = weir__data_batch_under(k->c, b, k->o->condition, k->n, 0, NULL);
    if (weir_ok(k->c)) {
        k->ids = weir_batch_ids(b);
        weir__bijection_watch_set(k->c, &watch);
        weir_tensor *lp = weir_model_log_prob(k->copy, b, &how, NULL);
        if (weir_ok(k->c)) weir_copy_to_f64(lp, log_prob, k->n);
    }
    weir_scope_end(s);
    return weir_status_of(k->c);
}

/* Of the latents, and of as many draws; a base under a condition has none of its own. */
static void check_latents(checking *k)
{
    weir_flow_check_info *info = k->info;
    weir_module *base = weir_model_base(k->copy);
    int64_t all = k->z_n * k->copy->noise_dim;
    if (k->z_n == 0 || k->copy->noise_dim != k->copy->dim) return;
    values_moments(all, k->z, &info->latent_mean, &info->latent_std);
    if (k->copy->n_wants > 0) return;
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir__seed_set(k->c, k->o->seed);
    weir__frame_set(k->c, (weir__frame){ .stream = weir__hash_text("check") });
    weir_tensor *e = weir_base_draw(base, k->c, k->z_n, NULL, 1, NULL);
    if (weir_ok(k->c) && weir_copy_to_f64(e, k->z, all) == WEIR_OK)
        values_moments(all, k->z, &info->base_mean, &info->base_std);
    weir_scope_end(s);
}

static double check_rounding(int64_t n, const double *own, const double *exact)
{
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = fabs(own[i] - exact[i]) / (1 + fabs(exact[i]));
        if (d > worst) worst = d;
    }
    return worst;
}

static weir_status check_samples(weir_model *m, weir_dataset *d, checking *k, double *own,
                                 double *exact)
{
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    how.use_seed = true;
    how.seed = k->o->seed;
    how.condition = k->o->condition;
    o.how = &how;
    o.log_prob = own; /* and whether the data are the model's */
    if (weir_data_log_prob(m, d, &o, NULL) != WEIR_OK) return weir_status_of(k->c);
    if (check_walk(k, d, exact) != WEIR_OK) return weir_status_of(k->c);
    if (k->stopped) return WEIR_STOPPED;
    if (m->levels == 0) k->info->rounding = check_rounding(k->n, own, exact);
    check_latents(k);
    return weir_status_of(k->c);
}

static weir_status flow_check_run(weir_model *m, weir_dataset *d, const weir_flow_check_opts *o,
                                  weir_flow_check_info *info)
{
    weir_ctx *c = m->object.ctx;
    weir_model *copy = copy_of(m);
    int64_t n = weir_dataset_samples(d), all = weir__size_times(n, m->dim);
    double *own = weir__alloc_n(
        c, weir__size_plus(weir__size_times(4, all), weir__size_times(4, n)), sizeof *own);
    weir_status s = weir_status_of(c);
    if (weir_ok(c)) {
        double *x = own + 4 * n;
        checking k = {
            .c = c,
            .o = o,
            .info = info,
            .copy = copy,
            .whole = weir_model_bijection(copy),
            .n = n,
            .dim = m->dim,
            .x = x,
            .y = x + all,
            .back = x + 2 * all,
            .z = x + 3 * all,
            .l = own + 2 * n,
            .l_back = own + 3 * n,
        };
        info->n = n;
        info->dtype = copy->dtype;
        s = check_samples(m, d, &k, own, own + n);
    }
    weir__free(c, own);
    weir_model_free(copy);
    return s == WEIR_STOPPED ? s : weir_status_of(c);
}

static weir_status check_fits(weir_ctx *c, weir_model *m, weir_dataset *d)
{
    if (!m || !d)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "flow_check: NULL: expected a model and a data set");
    if (!weir__model_usable(m, "flow_check")) return weir_status_of(c);
    if (weir__dataset_dead(d) || d->object.ctx != c)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "flow_check: data nil or of another context: expected a data set that "
                         "could be opened in the model's");
    if (weir_dataset_samples(d) < 1)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "flow_check: %.200s: expected samples", d->name);
    if (!weir_module_is_nil(weir_model_bijection(m))) return weir_status_of(c);
    return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                     "flow_check: %s: expected a flow, a model of bijections and a base",
                     m->row->row.name);
}

static bool check_options_fit(weir_ctx *c, const weir_flow_check_opts *o)
{
    if (o->samples >= 1 && o->jacobians >= 0 && o->jacobian_dim >= 0 && o->tolerance > 0)
        return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "flow_check: options: expected samples and tolerance above 0, nothing negative");
    return false;
}

weir_status weir_flow_check(weir_model *m, weir_dataset *d, const weir_flow_check_opts *o,
                            weir_flow_check_info *info)
{
    WEIR__AS_FOUND;
    weir_flow_check_opts own = weir_flow_check_defaults();
    weir_flow_check_info told = { 0 };
    weir_ctx *c = weir__ctx_of(m ? (const void *)m : d);
    if (check_fits(c, m, d) != WEIR_OK
        || !weir__sized_read(c, "flow_check: options", "them from weir_flow_check_defaults", o,
                             &own, sizeof own)
        || !weir__sized_read(c, "flow_check: info", "its sizeof", info, &told, sizeof told)
        || !check_options_fit(c, &own))
        return weir_status_of(c);
    told = (weir_flow_check_info){
        .size = sizeof told,
        .rounding = NAN,
        .latent_mean = NAN,
        .latent_std = NAN,
        .base_mean = NAN,
        .base_std = NAN,
    };
    weir_dataset *some = d;
    if (weir_dataset_samples(d) > own.samples) some = weir__dataset_some(d, own.samples);
    weir_status s = weir_ok(c) ? flow_check_run(m, some, &own, &told) : weir_status_of(c);
    if (some != d) weir_dataset_free(some);
    weir__sized_write(info, &told, sizeof told);
    return s;
}
