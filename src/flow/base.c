/* base.c - calling a base distribution, and what the factorised location-scale families share.
 *
 * Temperature T scales the deviation from the mean: a draw is mean + T scale e with e standard, and
 * its log q is that of what was drawn, log p_e(e) - sum log(T scale). */
#include <math.h>
#include "flow/flow.h"

static weir_tensor *base_fail(weir_ctx *c, weir_status s, const char *who, const char *what)
{
    weir_fail(c, s, "%s: %s", who, what);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir_base_log_prob(weir_module *base, weir_tensor *z, const weir_condition *k)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(weir_ctx_of(z), WEIR__TENSOR);
    if (z && !weir__meets(weir_ctx_of(z), k, "base_log_prob", "a condition")) return nil;
    if (!weir__forward_begin(base, z, "base_log_prob", &mark)) return nil;
    weir_tensor *log_p = nil;
    if (base->row->log_prob) log_p = base->row->log_prob(base, z, k);
    else
        base_fail(mark.ctx, WEIR_ERROR_UNSUPPORTED, "base_log_prob",
                  "a module of another kind: expected a base");
    return weir__forward_end(mark, log_p, NULL);
}

static bool draw_fits(weir_ctx *c, int64_t n, double temperature, bool log_q)
{
    if (n < 0) {
        weir_fail(c, WEIR_ERROR_RANGE, "base_draw: a negative count: expected 0 or more samples");
        return false;
    }
    if (!(isfinite(temperature) && temperature >= 0)) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "base_draw: temperature %g: expected a finite number, 0 or more", temperature);
        return false;
    }
    if (temperature > 0 || !log_q) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "base_draw: log q at temperature 0: expected above 0, for a point has no density");
    return false;
}

weir_tensor *weir_base_draw(weir_module *base, weir_ctx *c, int64_t n, const weir_condition *k,
                            double temperature, weir_tensor **log_q)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    if (log_q) *log_q = nil;
    if (!weir__meets(c, k, "base_draw", "a condition")) return nil;
    if (!weir__forward_begin_in(base, c, "base_draw", &mark)) return nil;
    weir_tensor *z = nil;
    if (!base->row->draw)
        base_fail(c, WEIR_ERROR_UNSUPPORTED, "base_draw",
                  "a module of another kind: expected a base");
    else if (draw_fits(c, n, temperature, log_q != NULL))
        z = base->row->draw(base, c, n, k, temperature, log_q);
    return weir__forward_end(mark, z, log_q);
}

void weir__base_create(weir_module *m, const void *options)
{
    *(weir__base_opts *)weir_module_state(m) = *(const weir__base_opts *)options;
}

/* -- draws of the factorised ones -------------------------------------------------------------- */
weir_tensor *weir__base_standard(weir_module *m, weir_tensor *e, double temperature,
                                 weir_tensor **log_q)
{
    double scale = (double)e->shape[1] * log(temperature);
    if (log_q) *log_q = weir_affine(m->row->log_prob(m, e, NULL), 1, temperature == 1 ? 0 : -scale);
    return temperature == 1 ? e : weir_scale(e, temperature);
}

/* -- tables of classes ------------------------------------------------------------------------- */
weir_tensor *weir__base_table_index(weir_module *m, weir_ctx *c, int64_t n, int64_t classes,
                                    const weir_condition *k)
{
    if (classes == 0) return weir_zeros(c, WEIR_I64, 1, &n);
    weir_tensor *t = weir_condition_get(k, "class");
    if (!weir_is_nil(t) && t->ndim == 1 && t->dtype == WEIR_I64 && t->shape[0] == n) return t;
    char path[256];
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "%s: condition: %s: expected \"class\", i64 [B], one of every sample",
              weir__module_path(m, path, sizeof path),
              weir_is_nil(t) ? "no class" : "class of another type or shape");
    return weir__nil(c, WEIR__TENSOR);
}
