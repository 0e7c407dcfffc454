/* normed.h - a model of the tests' own that holds buffers: a shift of one coordinate by a network of the other, with batch normalisation.
 *
 *     z1 = x1, z2 = x2 - f(x1), z standard normal: the log-det is 0 and log p(x) = -(z1^2 + z2^2) / 2 - log 2 pi
 *
 * Options fail_above and fail_from make a sample of x1 above a bound fail once so many batches were seen: its log-density is NaN. */
#ifndef NORMED_H
#define NORMED_H
#include <stddef.h>
#include "test.h"
#include "train/train.h"

typedef struct normed { weir_module *net; double fail_above; int64_t fail_from; } normed;
typedef struct normed_opts {
    size_t size;
    int64_t dim, levels, steps, epochs, horizon, fail_from;
    weir_ints shape;
    bool standardize;
    int32_t dtype;
    double fail_above;
} normed_opts;
static const weir_option normed_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(normed_opts, dim), "2", 0, 2, NULL, "values a sample" },
    { "shape", WEIR_OPTION_INTS, offsetof(normed_opts, shape), "", 1, 2, NULL, "of a sample" },
    { "levels", WEIR_OPTION_INT, offsetof(normed_opts, levels), "0", 0, 1 << 24, NULL, "of integer data" },
    { "standardize", WEIR_OPTION_BOOL, offsetof(normed_opts, standardize), "no", 0, 1, NULL, "by mean and deviation" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(normed_opts, dtype), "f32", 0, 0, "f32|f64", "element type" },
    { "steps", WEIR_OPTION_INT, offsetof(normed_opts, steps), "4", 1, 1e6, NULL, "of a sampler; decides, though it has the name of a length" },
    { "epochs", WEIR_OPTION_INT, offsetof(normed_opts, epochs), "4", 1, 1e6, NULL, "the same" },
    { "horizon", WEIR_OPTION_INT, offsetof(normed_opts, horizon), "4", 1, 1e6, NULL, "the same" },
    { "fail_above", WEIR_OPTION_REAL, offsetof(normed_opts, fail_above), "1e30", -1e30, 1e30, NULL, "x1 of samples that fail" },
    { "fail_from", WEIR_OPTION_INT, offsetof(normed_opts, fail_from), "0", 0, 1e6, NULL, "batches seen before they do" },
    { 0 },
};

static weir_module *normed_create(weir_model *m, const void *options)
{
    const normed_opts *o = options;
    weir_ctx *c = weir_model_ctx(m);
    normed *s = weir_model_state(m);
    weir_module *root = weir_module_new(c, "group", NULL);
    *s = (normed){ .net = weir_module_add(root, "net", weir_module_new(c, "sequential", NULL)), .fail_above = o->fail_above, .fail_from = o->fail_from };
    weir_module_add(s->net, "0", weir_module_new(c, "linear", "in=1 out=6"));
    weir_module_add(s->net, "1", weir_module_new(c, "batch_norm", "channels=6"));
    weir_module_add(s->net, "2", weir_module_new(c, "tanh", NULL));
    weir_module_add(s->net, "3", weir_module_new(c, "linear", "in=6 out=1"));
    return root;
}

/* Batches that the layer has seen: a buffer, so that failing follows the state of the run alone. */
static int64_t normed_seen(weir_model *m)
{
    normed *s = weir_model_state(m);
    return *(int64_t *)weir__ptr(weir_module_own(weir_module_child_at(s->net, 1), "num_batches_tracked"));
}

static weir_tensor *normed_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k, const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    normed *s = weir_model_state(m);
    weir_ctx *c = weir_ctx_of(y);
    (void)o;
    (void)info;
    weir_tensor *x1 = weir_slice(y, 1, 0, 1, 1), *x2 = weir_slice(y, 1, 1, 2, 1);
    weir_tensor *z2 = weir_sub(x2, weir_module_forward(s->net, x1));
    weir_tensor *log_p = weir_affine(weir_sum_samples(weir_add(weir_square(x1), weir_square(z2))), -0.5, -1.8378770664093453);
    if (weir_module_training(s->net) || normed_seen(m) < s->fail_from) return log_p;
    weir_tensor *fails = weir_gt(weir_sum_samples(x1), weir_scalar(c, WEIR_F32, s->fail_above));
    return weir_where(fails, weir_scalar(c, WEIR_F32, NAN), log_p);
}

static const weir_model_row normed_row = {
    .row = { .size = sizeof(weir_model_row), .version = 1, .name = "model.normed", .doc = "a shift with batch normalisation", .options = normed_options,
             .options_size = sizeof(normed_opts), .test = "" },
    .state_size = sizeof(normed),
    .create = normed_create,
    .log_prob = normed_log_prob,
};

static inline weir_ctx *normed_open(int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    assert_int_equal(weir_row_register(c, &normed_row.row), WEIR_OK);
    return c;
}

/* Settings of a run of the model on its data, as JSON text into `out`. */
static inline void normed_config(weir_ctx *c, const char *data, int n, const char *const *set, char *out, size_t bytes)
{
    json_t *o = weir__config_resolve(c, "normed", data, NULL, n, set);
    if (!o) fail_msg("%s", weir_message(c));
    char *text = json_dumps(o, 0);
    assert_true(strlen(text) < bytes);
    strcpy(out, text);
    free(text);
    json_decref(o);
}
#define NORMED(c, data, out, ...) \
    normed_config(c, data, (int)(sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)), (const char *[]){ __VA_ARGS__ }, out, sizeof out)

#endif
