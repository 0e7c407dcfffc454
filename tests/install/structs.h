/* structs.h - the program that structs.awk completes. A struct of every older header, which ends behind any of its fields, is tried
 * where the library reads or fills it: what it lacks is as by default, and behind its end nothing is read or written. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir.h>

typedef struct world {
    weir_ctx *c;
    weir_model *model, *continuous;
    weir_module *net;
    weir_tensor *x, *image, *kernel, *logits, *classes;
    weir_dataset *data;
    weir_run *run;
    const weir_path_row *path;
    void *file;
    size_t file_bytes;
    double x64[4], a[2], b[2];
    float x32[8];
} world;

typedef struct field {
    const char *name;
    size_t offset, size;
    long released; /* offset; -1: added since */
} field;

enum { READ, FILLED, MADE }; /* by the library, or made by it and only looked at by programs */

typedef struct probe {
    int way;
    size_t needs;                                            /* so far it has to reach, for there are fields without a default */
    void (*fill)(world *w, void *whole);                     /* NULL: by `defaults` alone */
    void (*defaults)(void *o, size_t size);                  /* its NAME_defaults_sized */
    weir_status (*call)(world *w, void *s, double *result);
    bool quiet;                                              /* no error is possible */
} probe;

typedef struct kind {
    const char *name;
    size_t size, released; /* sizeof; 0: not released */
    int n;
    const field *fields;
    const probe *probe; /* NULL: does not begin with its size */
} kind;

/* -- callbacks ----------------------------------------------------------------------------------------------------------------------- */
static bool decays(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    for (int64_t i = 0; i < n; i++) dx[i] = -x[i];
    return true;
}
static weir_status zeros(void *user, const weir_prediction_row *want, int64_t n, const int64_t *samples, const double *t, const double *x, double *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    return WEIR_OK;
}
static weir_status twos(void *user, const weir_prediction_row *want, int64_t n, const int64_t *samples, const double *t, const double *x, double *out)
{
    for (int64_t i = 0; i < n; i++) out[i] = 2;
    return WEIR_OK;
}
static weir_tensor *squared(void *user, weir_tensor **x) { return weir_square(x[0]); }
static weir_status stays(const weir_sampling *p, const void *options) { return p->x[0] += 1, WEIR_OK; }
static const weir_sampler_row own_sampler = { .row = { .size = sizeof(weir_sampler_row), .version = 1, .name = "sampler.structs", .doc = "stays",
                                                       .options_size = sizeof(weir_sampler_opts), .test = "" }, .steps = 5, .run = stays };

/* Bits of what a call gave, as one number. */
static double digest(const void *bytes, size_t n)
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < n; i++) h = (h ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return (double)(h >> 12);
}

static weir_status tensor_of(world *w, weir_tensor *t, double *result)
{
    double v[64] = { 0 };
    if (weir_ok(w->c)) weir_copy_to_f64(t, v, weir_numel(t));
    *result = digest(v, sizeof v);
    return weir_status_of(w->c);
}

/* -- probes -------------------------------------------------------------------------------------------------------------------------- */
static weir_status call_open(world *w, void *s, double *result)
{
    weir_ctx *c = weir_open_with(s);
    weir_status status = weir_status_of(c);
    if (status == WEIR_OK) *result = weir_item(weir_randn(c, WEIR_F64, 0, NULL));
    else weir_fail_text(w->c, status, weir_message(c));
    weir_close(c);
    return status;
}
static const probe probe_weir_open_opts = { .defaults = (void *)weir_open_defaults_sized, .call = call_open };

static weir_status call_group(world *w, void *s, double *result)
{
    weir_open_opts o = weir_open_defaults();
    o.group = s;
    return call_open(w, &o, result);
}
static const probe probe_weir_group = { .defaults = (void *)weir_group_defaults_sized, .call = call_group };

static weir_status call_memory(world *w, void *s, double *result) { return weir_memory_sized(w->c, s, *(size_t *)s), WEIR_OK; }
static const probe probe_weir_memory_info = { .way = FILLED, .call = call_memory, .quiet = true };

static const double times[] = { 1, 0.5, 0 };
static void fill_sampling(world *w, void *s)
{
    *(weir_sampling *)s = (weir_sampling){ .ctx = w->c, .n = 1, .dim = 1, .x = w->x64, .path = w->path, .times = times, .n_times = 3, .predictor = { twos, NULL } };
}
static weir_status call_sampling(world *w, void *s, double *result)
{
    _Alignas(max_align_t) char options[1024];
    const weir_sampler_row *ddpm = (const weir_sampler_row *)weir_row_find(w->c, "sampler", "ddpm");
    w->x64[0] = 0.25;
    if (weir_options_defaults(w->c, &ddpm->row, options) != WEIR_OK) return weir_status_of(w->c);
    weir_status status = weir_sampler_run(ddpm, options, s);
    weir_options_free(w->c, &ddpm->row, options);
    return *result = w->x64[0], status;
}
static const probe probe_weir_sampling = { .fill = fill_sampling, .needs = offsetof(weir_sampling, noise), .call = call_sampling };

static void fill_sampler(world *w, void *s) { *(weir_sampler_opts *)s = (weir_sampler_opts){ 0 }; }
static weir_status call_sampler(world *w, void *s, double *result)
{
    double t[8] = { 0 };
    weir_sampling p = { .size = sizeof p };
    fill_sampling(w, &p);
    p.size = sizeof p;
    weir_sampler_times(w->c, &own_sampler, s, w->path, NULL, 1, 0, t);
    if (weir_ok(w->c)) weir_sampler_run(&own_sampler, s, &p);
    *result = digest(t, sizeof t) + (double)weir_sampler_steps(&own_sampler, s);
    return weir_status_of(w->c);
}
static const probe probe_weir_sampler_opts = { .fill = fill_sampler, .call = call_sampler };

static weir_status call_predictor(world *w, weir_predictor p, double *result)
{
    const weir_prediction_row *x0 = (const weir_prediction_row *)weir_row_find(w->c, "prediction", "x0");
    const int64_t sample = 0;
    const double t = 0.5, x = 0.25;
    if (!p.predict) return WEIR_ERROR_ARGUMENT;
    return p.predict(p.user, x0, 1, &sample, &t, &x, result);
}
static void fill_guidance(world *w, void *s)
{
    *(weir_guidance *)s = weir_guidance_defaults();
    ((weir_guidance *)s)->ctx = w->c;
    ((weir_guidance *)s)->own.predict = twos;
    ((weir_guidance *)s)->other.predict = zeros;
    ((weir_guidance *)s)->dim = 1;
    ((weir_guidance *)s)->weight = 3;
    ((weir_guidance *)s)->path = w->path;
}
static weir_status call_guidance(world *w, void *s, double *result) { return call_predictor(w, weir_guidance_predictor(s), result); }
static const probe probe_weir_guidance = { .fill = fill_guidance, .needs = offsetof(weir_guidance, path_options), .defaults = (void *)weir_guidance_defaults_sized,
                                           .call = call_guidance };

static void fill_clamp(world *w, void *s)
{
    *(weir_x0_clamp *)s = weir_x0_clamp_defaults();
    ((weir_x0_clamp *)s)->ctx = w->c;
    ((weir_x0_clamp *)s)->own.predict = twos;
    ((weir_x0_clamp *)s)->dim = 1;
    ((weir_x0_clamp *)s)->path = w->path;
}
static weir_status call_clamp(world *w, void *s, double *result) { return call_predictor(w, weir_x0_clamp_predictor(s), result); }
static const probe probe_weir_x0_clamp = { .fill = fill_clamp, .needs = offsetof(weir_x0_clamp, path_options), .defaults = (void *)weir_x0_clamp_defaults_sized,
                                           .call = call_clamp };

static void fill_known(world *w, void *s)
{
    static const double x0 = 3;
    static const bool known = true;
    *(weir_x0_known *)s = weir_x0_known_defaults();
    ((weir_x0_known *)s)->ctx = w->c;
    ((weir_x0_known *)s)->own.predict = twos;
    ((weir_x0_known *)s)->dim = 1;
    ((weir_x0_known *)s)->x0 = &x0;
    ((weir_x0_known *)s)->known = &known;
    ((weir_x0_known *)s)->path = w->path;
}
static weir_status call_known(world *w, void *s, double *result) { return call_predictor(w, weir_x0_known_predictor(s), result); }
static const probe probe_weir_x0_known = { .fill = fill_known, .needs = offsetof(weir_x0_known, path_options), .defaults = (void *)weir_x0_known_defaults_sized,
                                           .call = call_known };
static void fill_start(world *w, void *s)
{
    *(weir_sample_start *)s = weir_sample_start_defaults();
    ((weir_sample_start *)s)->x = w->x64;
    ((weir_sample_start *)s)->strength = 0.5;
}
static weir_status call_start(world *w, void *s, double *result)
{
    double x[2];
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.start = s;
    weir_status status = weir_model_sample_into_f64(w->continuous, 1, &o, x);
    return *result = x[1], status;
}
static const probe probe_weir_sample_start = { .fill = fill_start, .needs = offsetof(weir_sample_start, known), .defaults = (void *)weir_sample_start_defaults_sized,
                                               .call = call_start };

static weir_status call_gradcheck(world *w, void *s, double *result) { return weir_gradcheck(w->c, squared, NULL, 1, &w->x, s); }
static const probe probe_weir_gradcheck_opts = { .defaults = (void *)weir_gradcheck_defaults_sized, .call = call_gradcheck };

static weir_status call_sample(world *w, void *s, double *result)
{
    float x[8] = { 0 };
    weir_model_set_sample_position(w->continuous, 0);
    weir_status status = weir_model_sample_into(w->continuous, 4, s, x);
    return *result = digest(x, sizeof x), status;
}
static const probe probe_weir_sample_opts = { .defaults = (void *)weir_sample_defaults_sized, .call = call_sample };

static weir_status call_score(world *w, void *s, double *result)
{
    double lp[4] = { 0 };
    weir_status status = weir_model_log_prob_into(w->continuous, w->x32, 4, s, lp, NULL);
    return *result = digest(lp, sizeof lp), status;
}
static const probe probe_weir_log_prob_opts = { .defaults = (void *)weir_log_prob_defaults_sized, .call = call_score };

static weir_status call_score_info(world *w, void *s, double *result)
{
    double lp[4];
    return weir_model_log_prob_into(w->continuous, w->x32, 4, NULL, lp, s);
}
static const probe probe_weir_log_prob_info = { .way = FILLED, .call = call_score_info };

static weir_status train(world *w, const weir_step_opts *o, weir_step_info *info, double *result)
{
    weir_scope scope = weir_scope_begin(w->c);
    weir_model *m = weir_model_new(w->c, "nice", "dim=2 hidden=4 couplings=2");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "");
    weir_batch *b = weir_batch_wrap(w->c, weir_from_f32(w->c, w->x32, 2, (const int64_t[]){ 4, 2 }), NULL, NULL, NULL);
    weir_status status = weir_train_step_with(m, opt, b, o, info);
    double lp[4];
    if (status == WEIR_OK) weir_model_log_prob_into(m, w->x32, 4, NULL, lp, NULL);
    *result = digest(lp, status == WEIR_OK ? sizeof lp : 0);
    weir_optim_free(opt), weir_model_free(m);
    weir_scope_end(scope);
    return status;
}
static weir_status call_step(world *w, void *s, double *result) { return train(w, s, NULL, result); }
static weir_status call_step_info(world *w, void *s, double *result)
{
    double unused;
    return train(w, NULL, s, &unused);
}
static const probe probe_weir_step_opts = { .defaults = (void *)weir_step_defaults_sized, .call = call_step };
static const probe probe_weir_step_info = { .way = FILLED, .call = call_step_info };

static const probe probe_weir_data_facts = { .way = MADE };

static weir_status call_load(world *w, void *s, double *result)
{
    return weir_module_load_from_memory(w->net, w->file, w->file_bytes, false, s);
}
static const probe probe_weir_load_info = { .way = FILLED, .call = call_load };

static void fill_ode(world *w, void *s) { *(weir_ode *)s = (weir_ode){ .ctx = w->c, .n = 1, .dim = 1, .t1 = 1, .x = w->x64, .f = decays }; }
static weir_status solve(world *w, const weir_ode *p, const weir_tableau *m, const weir_ode_opts *o, double *result)
{
    weir_ode own;
    fill_ode(w, &own);
    own.size = sizeof own;
    w->x64[0] = 1;
    weir_status status = m ? weir_ode_fixed(&own, m, 4, NULL) : weir_ode_adaptive(p ? p : &own, weir_ode_method("dopri5"), o);
    return *result = w->x64[0], status;
}
static weir_status call_ode(world *w, void *s, double *result) { return solve(w, s, NULL, NULL, result); }
static weir_status call_ode_opts(world *w, void *s, double *result) { return solve(w, NULL, NULL, s, result); }
static weir_status call_tableau(world *w, void *s, double *result) { return solve(w, NULL, s, NULL, result); }
static void fill_tableau(world *w, void *s) { *(weir_tableau *)s = *weir_ode_method("rk4"); }
static const probe probe_weir_ode = { .fill = fill_ode, .needs = offsetof(weir_ode, user), .call = call_ode };
static const probe probe_weir_tableau = { .fill = fill_tableau, .needs = offsetof(weir_tableau, e), .call = call_tableau };
static const probe probe_weir_ode_opts = { .defaults = (void *)weir_ode_defaults_sized, .call = call_ode_opts };

static weir_status call_conv2d(world *w, void *s, double *result) { return tensor_of(w, weir_conv2d(w->image, w->kernel, NULL, s), result); }
static weir_status call_pool2d(world *w, void *s, double *result) { return tensor_of(w, weir_avg_pool2d(w->image, s), result); }
static weir_status call_cross_entropy(world *w, void *s, double *result) { return tensor_of(w, weir_cross_entropy(w->logits, w->classes, s), result); }
static weir_status call_time_embedding(world *w, void *s, double *result) { return tensor_of(w, weir_time_embedding(w->x, 6, s), result); }
static weir_status call_attention(world *w, void *s, double *result)
{
    weir_module *m = weir_module_new(w->c, "attention", "width=4 heads=2 dtype=f64");
    weir_tensor *x = weir_ones(w->c, WEIR_F64, 3, (const int64_t[]){ 1, 2, 4 });
    weir_status status = tensor_of(w, weir_attention_at(m, x, s), result);
    weir_module_free(m);
    return status;
}
static void defaults_pool2d(void *o, size_t size) { weir_pool2d_defaults_sized(2, o, size); }
static const probe probe_weir_conv2d_opts = { .defaults = (void *)weir_conv2d_defaults_sized, .call = call_conv2d };
static const probe probe_weir_time_embedding_opts = { .defaults = (void *)weir_time_embedding_defaults_sized, .call = call_time_embedding };
static const probe probe_weir_attention_opts = { .defaults = (void *)weir_attention_defaults_sized, .call = call_attention };
static const probe probe_weir_pool2d_opts = { .defaults = defaults_pool2d, .call = call_pool2d };
static weir_status call_spline(world *w, void *s, double *result)
{
    const int64_t shape[] = { 2, weir_rq_spline_params(NULL) };
    weir_tensor *h = weir_affine(weir_ones(w->c, WEIR_F64, 2, shape), 0.5, 0);
    return tensor_of(w, weir_rq_spline(w->x, h, s, false, NULL), result);
}
static const probe probe_weir_rq_spline_opts = { .defaults = (void *)weir_rq_spline_defaults_sized, .call = call_spline };
static const probe probe_weir_cross_entropy_opts = { .defaults = (void *)weir_cross_entropy_defaults_sized, .call = call_cross_entropy };

/* By text, by a copy, and by steps of the optimizer. */
static weir_status optimize(world *w, const char *name, void *s, double *result)
{
    const weir_row *row = weir_row_find(w->c, "optimizer", name);
    _Alignas(max_align_t) char whole[1024];
    char text[2][1024] = { "", "" };
    weir_module *net = weir_module_new(w->c, "linear", "in=2 out=1");
    weir_optim *opt = weir_optim_new_with(net, name, s);
    if (weir_ok(w->c)) weir_options_copy(w->c, row, whole, s);
    for (int i = 0; i < 3 && weir_ok(w->c); i++) {
        weir_backward(weir_sum(weir_square(weir_module_forward(net, weir_ones(w->c, WEIR_F32, 2, (const int64_t[]){ 3, 2 })))));
        weir_optim_step(opt), weir_optim_zero_grad(opt);
    }
    weir_status status = weir_status_of(w->c);
    if (status == WEIR_OK) {
        _Alignas(max_align_t) char read[1024];
        weir_options_text(row, s, text[0], sizeof text[0]);
        weir_options_defaults(w->c, row, read), weir_options_parse(w->c, row, read, text[0]);
        weir_options_text(row, read, text[0], sizeof text[0]), weir_options_text(row, whole, text[1], sizeof text[1]);
        tensor_of(w, weir_module_state_at(net, 0, NULL, NULL), result);
        *result += digest(text[0], strlen(text[0])) - digest(text[1], strlen(text[1]));
    }
    weir_optim_free(opt), weir_module_free(net);
    return status;
}
static weir_status call_adam(world *w, void *s, double *result) { return optimize(w, "adam", s, result); }
static weir_status call_sgd(world *w, void *s, double *result) { return optimize(w, "sgd", s, result); }
static weir_status call_rmsprop(world *w, void *s, double *result) { return optimize(w, "rmsprop", s, result); }
static const probe probe_weir_adam_opts = { .defaults = (void *)weir_adam_defaults_sized, .call = call_adam };
static const probe probe_weir_sgd_opts = { .defaults = (void *)weir_sgd_defaults_sized, .call = call_sgd };
static const probe probe_weir_rmsprop_opts = { .defaults = (void *)weir_rmsprop_defaults_sized, .call = call_rmsprop };

static weir_status call_progress(world *w, void *s, double *result) { return weir_run_progress(w->run, s); }
static weir_status call_train(world *w, void *s, double *result)
{
    weir_status status = weir_run_train(w->run, s);
    return *result = (double)weir_run_step(w->run), status;
}
static const probe probe_weir_progress = { .way = FILLED, .call = call_progress };
static const probe probe_weir_train_opts = { .defaults = (void *)weir_train_defaults_sized, .call = call_train };

static weir_status call_file(world *w, void *s, double *result) { return weir_model_sample_to_file(w->model, 3, NULL, "samples.csv", s); }
static const probe probe_weir_sample_file_info = { .way = FILLED, .call = call_file };

static weir_status call_data(world *w, void *s, double *result)
{
    weir_data_log_prob_info info = { .size = sizeof info };
    weir_status status = weir_data_log_prob(w->model, w->data, s, &info);
    return *result = info.nats, status;
}
static weir_status call_data_info(world *w, void *s, double *result) { return weir_data_log_prob(w->model, w->data, NULL, s); }
static const probe probe_weir_data_log_prob_opts = { .defaults = (void *)weir_data_log_prob_defaults_sized, .call = call_data };
static const probe probe_weir_data_log_prob_info = { .way = FILLED, .call = call_data_info };

static weir_status call_report(world *w, void *s, double *result) { return weir_report_write(w->c, "run", "page.html", s); }
static const probe probe_weir_report_opts = { .defaults = (void *)weir_report_defaults_sized, .call = call_report };

/* Two sets that differ; its b is the last field without a default. */
static void fill_pair(world *w, void *s) { *(weir_metric_pair *)s = weir_metric_pair_of(1, 2, w->a, 2, w->b); }
static weir_status call_pair(world *w, void *s, double *result)
{
    weir_metric_value v = { 0 };
    weir_status status = weir_metric_measure(w->c, "energy", s, &v);
    return *result = v.value, status;
}
static const probe probe_weir_metric_pair = { .fill = fill_pair, .needs = offsetof(weir_metric_pair, seed), .call = call_pair };

static weir_status call_compare(world *w, void *s, double *result)
{
    weir_metric_value v = { 0 };
    weir_status status = weir_compare(w->data, w->data, "energy", s, &v, NULL);
    return *result = v.value, status;
}
static weir_status call_compare_info(world *w, void *s, double *result)
{
    weir_metric_value v;
    return weir_compare(w->data, w->data, "energy", NULL, &v, s);
}
static const probe probe_weir_compare_opts = { .defaults = (void *)weir_compare_defaults_sized, .call = call_compare };
static weir_status call_importance(world *w, void *s, double *result)
{
    static const double log_w[3] = { 0, 0.5, 1 };
    return weir_importance(w->c, log_w, 3, s);
}
static const probe probe_weir_importance_info = { .way = FILLED, .call = call_importance };
static const probe probe_weir_compare_info = { .way = FILLED, .call = call_compare_info };

static weir_status call_check(world *w, void *s, double *result)
{
    weir_flow_check_info info = { .size = sizeof info };
    weir_status status = weir_flow_check(w->model, w->data, s, &info);
    return *result = info.latent_std, status;
}
static weir_status call_check_info(world *w, void *s, double *result) { return weir_flow_check(w->model, w->data, NULL, s); }
static const probe probe_weir_flow_check_opts = { .defaults = (void *)weir_flow_check_defaults_sized, .call = call_check };
static const probe probe_weir_flow_layer = { .way = MADE };
static const probe probe_weir_flow_check_info = { .way = FILLED, .call = call_check_info };
/* -- continuous.h --------------------------------------------------------------------------------------------------------------------- */
static weir_status call_predict(world *w, void *s, double *result)
{
    static const double t[1] = { 0.5 };
    double out[2];
    weir_status status = weir_model_predict_into_f64(w->continuous, w->x64, t, 1, s, out);
    return *result = out[1], status;
}
static weir_status call_straightness(world *w, void *s, double *result) { return weir_model_straightness(w->continuous, 3, NULL, s); }
static const probe probe_weir_straightness_info = { .way = FILLED, .call = call_straightness };
static const probe probe_weir_predict_opts = { .defaults = (void *)weir_predict_defaults_sized, .call = call_predict };

/* -- latent.h, classify.h ------------------------------------------------------------------------------------------------------------ */
static weir_status call_interpolate(world *w, void *s, double *result)
{
    double x[8 * 2];
    weir_status status = weir_data_interpolate(w->model, w->data, s, x);
    return *result = x[2], status;
}
static weir_status call_inpaint(world *w, void *s, double *result)
{
    static const bool known[2] = { true, false };
    double x[2];
    weir_status status = weir_model_inpaint_into_f64(w->model, w->x64, known, 1, s, x, NULL);
    return *result = x[1], status;
}
static weir_status call_cycle(world *w, void *s, double *result)
{
    static const double z[4 * 2];
    return weir_data_cycle(w->model, w->data, NULL, z, s);
}
static const probe probe_weir_interpolate_opts = { .defaults = (void *)weir_interpolate_defaults_sized, .call = call_interpolate };
static const probe probe_weir_inpaint_opts = { .defaults = (void *)weir_inpaint_defaults_sized, .call = call_inpaint };
static const probe probe_weir_cycle_info = { .way = FILLED, .call = call_cycle };

static weir_status classify(world *w, const weir_classify_opts *o, weir_classify_info *info)
{
    weir_model *m = weir_model_new(w->c, "nice", "dim=2 hidden=4 couplings=2 classes=2");
    weir_status status = weir_data_classify(m, w->data, o, info);
    weir_model_free(m);
    return status;
}
static weir_status call_classify(world *w, void *s, double *result)
{
    weir_classify_info info = { .size = sizeof info };
    weir_status status = classify(w, s, &info);
    return *result = (double)info.n, status;
}
static weir_status call_classify_info(world *w, void *s, double *result) { return classify(w, NULL, s); }
static const probe probe_weir_classify_opts = { .defaults = (void *)weir_classify_defaults_sized, .call = call_classify };
static const probe probe_weir_classify_info = { .way = FILLED, .call = call_classify_info };

/* -- one struct ---------------------------------------------------------------------------------------------------------------------- */
enum { GUARD = 64 };

static int bad;
static bool complain(const kind *k, size_t size, const char *what, const char *message)
{
    printf("# %s of %zu of %zu bytes: %s: %s\n", k->name, size, k->size, what, message);
    return false;
}

static void fill(world *w, const kind *k, void *whole)
{
    memset(whole, 0, k->size);
    if (k->probe->defaults) k->probe->defaults(whole, k->size);
    if (k->probe->fill) k->probe->fill(w, whole);
    *(size_t *)whole = k->size;
}

/* A struct of `size` bytes, `has` of which there are; the memory ends where it ends. */
static void *cut(const kind *k, const void *whole, size_t size, size_t has)
{
    char *s = calloc(1, has > sizeof size ? has : sizeof size);
    memcpy(s, whole, has < k->size ? has : k->size);
    memcpy(s, &size, sizeof size);
    return s;
}

static bool one_line(const world *w) { return strstr(weir_message(w->c), "expected") && !strchr(weir_message(w->c), '\n'); }

static bool read_cut(world *w, const kind *k, const void *whole, size_t size, double expected)
{
    double result = 0;
    void *s = cut(k, whole, size, size);
    weir_status status = k->probe->call(w, s, &result);
    bool good = true;
    if (size >= k->probe->needs && (status != WEIR_OK || memcmp(&result, &expected, sizeof result)))
        good = complain(k, size, status == WEIR_OK ? "another result" : "refused", weir_message(w->c));
    if (size < k->probe->needs && !weir_ok(w->c) && !one_line(w)) good = complain(k, size, "an error of one line expected", weir_message(w->c));
    weir_clear(w->c);
    free(s);
    return good;
}

/* Of a size that no header has. */
static bool refuses(world *w, const kind *k, const void *whole, size_t size)
{
    double result = 0;
    void *s = cut(k, whole, size, size > k->size && size < k->size + GUARD ? size : k->size);
    if (size > k->size && size < k->size + GUARD) ((char *)s)[size - 1] = 1;
    weir_status status = k->probe->call(w, s, &result);
    bool good = status == WEIR_ERROR_ARGUMENT && strstr(weir_message(w->c), "of size") && one_line(w);
    if (!good) complain(k, size, "expected to be refused", weir_message(w->c));
    weir_clear(w->c);
    free(s);
    return good;
}

static bool fill_cut(world *w, const kind *k, const char *whole, size_t size)
{
    double unused;
    char *s = malloc(size + GUARD);
    memset(s, 0, size);
    memset(s + size, 0x5a, GUARD);
    memcpy(s, &size, sizeof size);
    bool good = k->probe->call(w, s, &unused) == WEIR_OK || complain(k, size, "refused", weir_message(w->c));
    size_t known = size < k->size ? size : k->size;
    if (memcmp(s + sizeof size, whole + sizeof size, known - sizeof size)) good = complain(k, size, "other values", "");
    if (*(size_t *)s != size) good = complain(k, size, "its size has changed", "");
    for (size_t i = known; i < size + GUARD; i++)
        if (s[i] != (i < size ? 0 : 0x5a)) good = complain(k, size, "written behind its end", "");
    weir_clear(w->c);
    free(s);
    return good;
}

static bool defaults_cut(const kind *k, size_t size)
{
    char *s = malloc(size + GUARD), *whole = malloc(k->size);
    memset(s, 0x5a, size + GUARD);
    k->probe->defaults(whole, k->size);
    k->probe->defaults(s, size);
    size_t known = size < k->size ? size : k->size;
    bool good = *(size_t *)s == size && !memcmp(s + sizeof size, whole + sizeof size, known - sizeof size);
    for (size_t i = known; i < size + GUARD; i++) good = good && s[i] == (i < size ? 0 : 0x5a);
    if (!good) complain(k, size, "other defaults, or written behind its end", "");
    free(s), free(whole);
    return good;
}

static size_t whole_words(size_t bytes) { return (bytes + sizeof(size_t) - 1) / sizeof(size_t) * sizeof(size_t); }

/* Older headers, which end behind any field; the present one; a newer one. */
static bool run_sizes(world *w, const kind *k, bool (*one)(world *w, const kind *k, const void *whole, size_t size, double expected), const void *whole,
                      double expected)
{
    bool good = true;
    for (int i = 0; i < k->n; i++) good &= one(w, k, whole, whole_words(k->fields[i].offset + k->fields[i].size), expected);
    return good & one(w, k, whole, k->size, expected) & one(w, k, whole, k->size + 16, expected);
}

static bool one_filled(world *w, const kind *k, const void *whole, size_t size, double expected) { return fill_cut(w, k, whole, size); }
static bool one_default(world *w, const kind *k, const void *whole, size_t size, double expected) { return defaults_cut(k, size); }

static bool run_kind(world *w, const kind *k)
{
    static const size_t odd[] = { 0, 4, 12, (size_t)1 << 30, SIZE_MAX };
    char *whole = malloc(k->size);
    double expected = 0;
    bool good = true;
    if (k->probe->way == MADE) return free(whole), true;
    fill(w, k, whole);
    if (k->probe->call(w, whole, &expected) != WEIR_OK) good = complain(k, k->size, "a valid one is refused", weir_message(w->c));
    weir_clear(w->c);
    if (k->probe->defaults) good &= run_sizes(w, k, one_default, NULL, 0);
    good &= run_sizes(w, k, k->probe->way == FILLED ? one_filled : read_cut, whole, expected);
    for (size_t i = 0; i < sizeof odd / sizeof *odd && !k->probe->quiet; i++) good &= refuses(w, k, whole, odd[i]);
    if (!k->probe->quiet) good &= refuses(w, k, whole, k->size + 16); /* with something in it that this library does not know */
    free(whole);
    return good;
}

/* What was released stays where it was; what was added since lies behind its end, for padding there is the older program's garbage. */
static bool stays_in_place(const kind *k)
{
    bool good = true;
    if (k->released == 0) return true; /* added since */
    if (!k->probe && k->size != k->released) good = complain(k, k->size, "it has no size", "expected it to stay as it was");
    for (int i = 0; i < k->n; i++) {
        const field *f = &k->fields[i];
        if (f->released >= 0 && f->offset != (size_t)f->released) good = complain(k, k->size, f->name, "expected it where it was");
        if (f->released < 0 && f->offset < k->released) good = complain(k, k->size, f->name, "expected it behind the end of the struct that was released");
    }
    return good;
}

static void record(const kind *k)
{
    printf("%s %zu", k->name, k->size);
    for (int i = 0; i < k->n; i++) printf(" %s:%zu", k->fields[i].name, k->fields[i].offset);
    printf("\n");
}

static bool open_world(world *w)
{
    weir_ctx *c = w->c = weir_open(1);
    w->a[1] = 1, w->b[1] = 3;
    for (int i = 0; i < 8; i++) w->x32[i] = (float)i / 8;
    w->model = weir_model_new(c, "nice", "dim=2 hidden=4 couplings=2");
    w->continuous = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=4");
    w->net = weir_module_new(c, "linear", "in=2 out=1");
    w->x = weir_full(c, WEIR_F64, 1, (const int64_t[]){ 2 }, 0.75);
    w->image = weir_randn(c, WEIR_F32, 4, (const int64_t[]){ 1, 2, 4, 4 });
    w->kernel = weir_randn(c, WEIR_F32, 4, (const int64_t[]){ 2, 2, 2, 2 });
    w->logits = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 3, 4 });
    w->classes = weir_from_i64(c, (const int64_t[]){ 0, 3, 1 }, 1, (const int64_t[]){ 3 });
    w->data = weir_dataset_from_f32(c, w->x32, 4, 2);
    w->path = (const weir_path_row *)weir_row_find(c, "path", "fm");
    w->run = weir_run_open(c, "run", "model=nice model.hidden=4 data=toy:moons,n=40 train.steps=2 train.batch=8", false);
    if (weir_module_save_to_memory(w->net, &w->file, &w->file_bytes) == WEIR_OK && weir_run_train(w->run, NULL) == WEIR_OK) return true;
    printf("# the world: %s\n", weir_message(c));
    return false;
}

static int structs_run(const kind *kinds, size_t n, int argc, char **argv)
{
    static world w;
    bool recording = argc > 1 && strcmp(argv[1], "record") == 0;
    if (!recording && !open_world(&w)) return 1;
    for (size_t i = 0; i < n; i++) {
        const kind *k = &kinds[i];
        if (recording) record(k);
        else {
            bool good = stays_in_place(k);
            if (k->probe) good &= run_kind(&w, k);
            printf("%s %s\n", good ? "ok" : "not ok", k->name);
            bad += !good;
        }
    }
    return bad > 0;
}
