/* flow_model.c - what every model of one bijection and one base shares: with z = f(y | k),
 *     log p(y | k) = log p_base(z | k) + log|det dz/dy|,   y = f^-1(z | k),  z ~ p_base(. | k). */
#include "models/models.h"

/* z of y, with its log-det. */
static weir_tensor *flow_forward(weir_model *m, weir_tensor *y, const weir_condition *k,
                                 const weir_log_prob_opts *o, weir_tensor **log_det)
{
    const weir__flow_state *s = weir_model_state(m);
    if (!o || (!o->solver && o->steps == 0))
        return weir_bijection_forward(s->flow, s->flat ? weir_flatten(y) : y, k, log_det);
    weir_fail(y->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: a solver or its steps: expected none, the log-density is exact",
              m->row->row.name);
    *log_det = weir__nil(y->object.ctx, WEIR__TENSOR);
    return *log_det;
}

weir_tensor *weir__flow_encode(weir_model *m, weir_tensor *y, const weir_condition *k,
                               const weir_log_prob_opts *o)
{
    weir_tensor *log_det;
    return flow_forward(m, y, k, o, &log_det);
}

weir_tensor *weir__flow_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                 const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    const weir__flow_state *s = weir_model_state(m);
    weir_tensor *log_det, *z = flow_forward(m, y, k, o, &log_det);
    return weir_add(weir_base_log_prob(s->base, z, k), log_det);
}

weir_tensor *weir__flow_noise(weir_model *m, int64_t n, const weir_condition *k, double temperature,
                              weir_tensor **log_q)
{
    const weir__flow_state *s = weir_model_state(m);
    return weir_base_draw(s->base, m->object.ctx, n, k, temperature, log_q);
}

weir_tensor *weir__flow_noise_log_prob(weir_model *m, weir_tensor *z, const weir_condition *k)
{
    const weir__flow_state *s = weir_model_state(m);
    return weir_base_log_prob(s->base, z, k);
}

weir_tensor *weir__flow_sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                               const weir_sample_opts *o, weir_tensor **log_det)
{
    const weir__flow_state *s = weir_model_state(m);
    if (!o->solver && o->steps == 0) return weir_bijection_inverse(s->flow, z, k, log_det);
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: a solver or its steps: expected none, the inverse is exact", m->row->row.name);
    return weir__nil(m->object.ctx, WEIR__TENSOR);
}

/* -- looking ----------------------------------------------------------------------------------- */
static bool is_flow(const weir_model *m)
{
    return m && m->row && m->row->sample == weir__flow_sample;
}

weir_module *weir_model_bijection(weir_model *m)
{
    if (is_flow(m)) return ((const weir__flow_state *)weir_model_state(m))->flow;
    return weir__nil(weir_model_ctx(m), WEIR__MODULE);
}

weir_module *weir_model_base(weir_model *m)
{
    if (is_flow(m)) return ((const weir__flow_state *)weir_model_state(m))->base;
    return weir__nil(weir_model_ctx(m), WEIR__MODULE);
}
