/* reflow.c - rectified flow learned from another model on a path: k + 1 of k (Liu, Gong, Liu 2022),
 * or 1 of a diffusion model, whatever its path and prediction. Noise eps is carried to x_0 by the
 * other's ODE, and the pairs (x_0, eps) are what is learned, on straight lines between them: in
 * place of data and of noise that has nothing to do with them. Paths that cross less are
 * straighter, at the same distribution at their ends. Pairs are made as training goes, for each
 * batch anew; they belong to the step and the ids of the samples. */
#include <string.h>
#include "models/path_model.h"

static const char *const who = "reflow";

const char *weir__reflow_of(const weir_model *m)
{
    if (m->row != &weir__model_rectified_flow) return NULL;
    const char *run = ((const weir__path_opts *)m->options)->reflow;
    return run && run[0] ? run : NULL;
}

bool weir__model_has_path(weir_ctx *c, const char *name)
{
    const weir_row *row = weir_row_find(c, "model", name);
    return row && ((const weir_model_row *)row)->sample == weir__path_model_sample;
}

/* -- the other model --------------------------------------------------------------------------- */
static weir_status reflow_fits(weir_model *m, weir_model *teacher)
{
    weir_ctx *c = m->object.ctx;
    const weir__field *f = weir__model_field(teacher, who);
    if (!f) return weir_status_of(c);
    if (f->dim != m->dim || teacher->classes != m->classes || teacher->context != m->context)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%s: %.200s: %lld values, %lld classes and a context of %lld: expected "
                         "%lld, %lld and %lld as the model has",
                         who, weir__reflow_of(m), (long long)f->dim, (long long)teacher->classes,
                         (long long)teacher->context, (long long)m->dim, (long long)m->classes,
                         (long long)m->context);
    return WEIR_OK;
}

/* Loaded once. NULL: the error is set. */
static weir_model *reflow_teacher(weir_model *m)
{
    weir__path_state *s = m->state;
    if (s->teacher) return s->teacher;
    weir_model *teacher = weir_model_load(m->object.ctx, weir__reflow_of(m));
    if (weir_ok(m->object.ctx) && reflow_fits(m, teacher) == WEIR_OK) s->teacher = teacher;
    else weir_model_free(teacher);
    return s->teacher;
}

void weir__reflow_destroy(weir_model *m)
{
    weir__path_state *s = m->state;
    if (s) weir_model_free(s->teacher);
}

/* -- its weights ------------------------------------------------------------------------------- */
static bool reflow_alike(const weir__state *a, const weir__state *b)
{
    bool alike = a->n == b->n;
    for (int64_t i = 0; alike && i < a->n; i++)
        alike = strcmp(a->at[i].name, b->at[i].name) == 0 && a->at[i].bytes == b->at[i].bytes;
    return alike;
}

static weir_status reflow_weights(weir_model *m, weir_model *teacher)
{
    weir_ctx *c = m->object.ctx;
    weir__state to = { 0 }, from = { 0 };
    if (weir__state_of(c, m->module, &to) == WEIR_OK
        && weir__state_of(c, teacher->module, &from) == WEIR_OK) {
        if (reflow_alike(&to, &from)) weir__state_copy(&to, &from, who);
        else
            weir_fail(c, WEIR_ERROR_SHAPE,
                      "%s: %.200s: weights of another network: expected the options of the model "
                      "as there",
                      who, weir__reflow_of(m));
    }
    weir__state_free(&to);
    weir__state_free(&from);
    return weir_ok(c) ? weir__model_check_std(m) : weir_status_of(c);
}

/* The pairs are of data as the other model sees them. */
static weir_status reflow_scale(weir_model *m, const weir_model *teacher)
{
    weir__standard by = weir__model_standard(teacher);
    if (!m->mean != !teacher->mean || !m->context_mean != !teacher->context_mean)
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                         "%s: %.200s: data or context standardised by one of both: expected "
                         "standardize= as there",
                         who, weir__reflow_of(m));
    if (teacher->context_mean)
        weir_model_set_context_standardize(m, weir__ptr(teacher->context_mean),
                                           weir__ptr(teacher->context_std));
    if (teacher->mean) weir_model_set_standardize(m, by.mean, by.std);
    return weir_status_of(m->object.ctx);
}

bool weir__reflow_speaks_alike(const weir_model *m)
{
    const weir__path_state *s = m->state;
    const weir__field *a = &s->field;
    const weir__field *b = &((const weir__path_state *)s->teacher->state)->field;
    return a->path == b->path && a->prediction == b->prediction && a->label == b->label
           && a->sigma_data == b->sigma_data;
}

weir_status weir__reflow_begin(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    if (m->embed)
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: embed: expected a model without it", who);
    weir_model *teacher = reflow_teacher(m);
    if (!teacher) return weir_status_of(c);
    return weir__reflow_speaks_alike(m) ? reflow_weights(m, teacher) : reflow_scale(m, teacher);
}

/* -- pairs ------------------------------------------------------------------------------------- */
weir_batch *weir__reflow_prepare(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_ctx *c = y->object.ctx;
    if (!weir__reflow_of(m)) return b;
    weir_model *teacher = c == m->object.ctx ? reflow_teacher(m) : NULL;
    if (!teacher && weir_ok(c))
        weir_fail(c, WEIR_ERROR_STATE, "%s: a batch of another context: expected the model's", who);
    if (!teacher) return weir__nil(c, WEIR__BATCH);
    weir_sample_opts o = weir_sample_defaults();
    int64_t n = y->shape[0];
    weir_tensor *z = weir_randn(c, teacher->dtype, 2, (const int64_t[]){ n, m->dim });
    /* dropped as the loss will drop it: pairs of no condition are those of the null condition */
    const weir_condition *k = weir__model_condition_drop(m, c, weir_batch_condition(b));
    k = weir__model_condition_seen(teacher, c, k);
    weir_tensor *x0 = weir_is_nil(z) ? z : weir__path_model_carry(teacher, z, k, &o);
    if (weir_is_nil(x0)) return weir__nil(c, WEIR__BATCH);
    z = weir_reshape(weir_cast(z, m->dtype), y->ndim, y->shape);
    b = weir_batch_prepared_with(b, WEIR__REFLOW_NOISE, z);
    return weir_batch_prepared_with(b, WEIR__REFLOW_DATA, weir_cast(x0, m->dtype));
}
