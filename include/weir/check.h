/* weir/check.h - whether a flow is what it says: inverses and log-dets, layer by layer.
 *
 *     weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=8");
 *     weir_dataset *d = weir_dataset_open(c, "toy:moons,n=50");
 *     weir_flow_check_info r = { .size = sizeof r };
 *     if (weir_flow_check(m, d, NULL, &r) == WEIR_OK && r.n_wrong == 0)
 *         printf("%lld layers hold\n", (long long)r.n_layers);
 *     weir_dataset_free(d);
 *     weir_model_free(m);
 *
 * Samples of data go through a copy of the model in f64, and every bijection that they meet on the
 * way is looked at where it stands, on the values that reach it: those within another (a compose, a
 * split, a row of the program's own) before the one around them.
 */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One bijection f, x -> y with l = log|det dy/dx|. Sample numbers are ids of the data. */
typedef struct weir_flow_layer {
    size_t size;
    const char *name; /* of its module: "flow.3"; static within the call, as are the other texts */
    const char *row; /* "bijection.scale" */
    bool container; /* others stand within it */
    int ndim; /* of a sample of x */
    int64_t shape[WEIR_RANK_MAX];
    int64_t n_not_finite, id_not_finite; /* samples whose y or l is not finite, of a finite x */
    double inverse_error; /* max |f^-1(y) - x| / (1 + |x|); NaN: it has none */
    int64_t inverse_id;
    double cancel_error; /* max |l + l of f^-1| / (1 + |l|); NaN likewise */
    int64_t cancel_id;
    /* max |l - l'| / (1 + |l|), l' by the Jacobian of central differences; and how far two step
     * sizes differ in l', which is how well l' is known. NaN: not asked for, or x is too large. */
    double log_det_error, log_det_noise;
    int64_t log_det_id, n_jacobians;
    double mean, std, least, most; /* of all finite values of y */
    const char *wrong; /* NULL, or the first of "not finite", "inverse", "log_det", "cancel" */
    int64_t wrong_id;
    double wrong_by, allowed;
} weir_flow_layer;

typedef struct weir_flow_check_opts {
    size_t size;
    int64_t samples; /* those of the smallest hash of their id: 64 */
    int64_t jacobians; /* samples whose Jacobian is made, of each layer: 2 */
    int64_t jacobian_dim; /* no larger ones: each costs 4 dim passes of its layer: 1024 */
    uint64_t seed; /* of dequantisation: 1 */
    double tolerance; /* of all three errors: 1e-6 */
    /* What the model wants and the data do not offer: one of every sample, or one of all; NULL:
     * nothing. */
    const weir_condition *condition;
    /* Each layer when it has been looked at. Non-zero: stop (WEIR_STOPPED). NULL: not wanted. */
    int (*on_layer)(void *user, const weir_flow_layer *layer);
    void *user;
} weir_flow_check_opts;
WEIR_API void weir_flow_check_defaults_sized(weir_flow_check_opts *o, size_t size);
WEIR_DEFAULTS(weir_flow_check_opts, weir_flow_check_defaults)

typedef struct weir_flow_check_info {
    size_t size; /* sizeof it, set before the call */
    int64_t n, n_layers, n_wrong;
    /* The first layer that is wrong: what stands within a container comes before it. "" where none
     * is. */
    char name[128], row[64], wrong[16];
    int64_t wrong_id;
    double wrong_by, allowed;
    weir_dtype dtype; /* that it was looked at in: f64 where the model has the option */
    double rounding; /* max |log p - log p in f64| / (1 + |log p|) of the samples; NaN
                        for integer data, whose dequantisation differs */
    double latent_mean, latent_std; /* of all values of z */
    double base_mean, base_std; /* and of as many draws of the base */
} weir_flow_check_info;
/* Looks at every bijection of a flow on samples of d, which is of the model's context. A layer that
 * is wrong is no error of this call. A model that is no flow is one (WEIR_ERROR_UNSUPPORTED), and
 * data that are not the model's. With f32 alone (a bijection without the option dtype) tolerances
 * are 1e4 times as large. o and info may be NULL. */
WEIR_API weir_status weir_flow_check(weir_model *m, weir_dataset *d, const weir_flow_check_opts *o,
                                     weir_flow_check_info *info) WEIR_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
