/* log_prob_quantile.c - a quantile of the log-density of data: below that of its training data a
 * sample is unlike them. */
#include <math.h>
#include <stdlib.h>
#include "train/train.h"
#include "weir/classify.h"

/* v [n] is put in order. */
static double quantile_of(int64_t n, double *v, double q)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(v[i])) v[i] = -INFINITY;
    qsort(v, (size_t)n, sizeof *v, weir__ascending);
    double at = q * (double)(n - 1), low = floor(at);
    int64_t i = (int64_t)low, next = i + 1 < n ? i + 1 : i;
    if (at == low || v[i] == v[next]) return v[i];
    return v[i] + (at - low) * (v[next] - v[i]);
}

weir_status weir_data_log_prob_quantile(weir_model *m, weir_dataset *d, double q, int64_t most,
                                        const weir_log_prob_opts *o, double *nats)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_log_prob_quantile";
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    if (!nats || !(q >= 0 && q <= 1) || most < 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: quantile %g, most %lld: expected 0 to 1, 0 or more, and room", who, q,
                         (long long)most);
    weir_dataset *part = most > 0 ? weir__dataset_some(d, most) : d;
    if (!weir_ok(c)) return weir_status_of(c);
    int64_t n = weir_dataset_samples(part);
    weir_data_log_prob_opts scored = weir_data_log_prob_defaults();
    scored.how = o;
    scored.doubled = 0;
    scored.log_prob = n > 0 ? weir__alloc_n(c, n, sizeof *scored.log_prob) : NULL;
    weir_status s = weir_status_of(c);
    if (n == 0) s = weir_fail(c, WEIR_ERROR_VALUE, "%s: no samples: expected some", who);
    if (s == WEIR_OK) s = weir_data_log_prob(m, part, &scored, NULL);
    if (s == WEIR_OK) *nats = quantile_of(n, scored.log_prob, q);
    weir__free(c, scored.log_prob);
    if (part != d) weir_dataset_free(part);
    return s;
}
