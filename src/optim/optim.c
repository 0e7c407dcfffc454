/* optim.c - an optimizer's life and its step: all parameters or none. */
#include <math.h>
#include <string.h>
#include "optim/optim.h"

weir_optim weir__orphan_optim = { .object = WEIR__OBJECT_ORPHAN(WEIR__OPTIM, &weir__orphan_ctx) };

weir__object *weir__optim_nil_new(weir_ctx *c)
{
    weir_optim *o = weir__alloc0(c, sizeof *o);
    if (!o) return NULL;
    o->object = weir__object_nil(c, WEIR__OPTIM);
    o->lr = NAN;
    return &o->object;
}

static bool optim_usable(const weir_optim *o)
{
    return o && weir__lives(o, "optim") && !o->object.nil && weir_ok(o->object.ctx);
}

static double option_lr(const weir__optim_row *row, const void *options)
{
    const double *lr = weir__option_value(&row->row, (void *)(uintptr_t)options, "lr",
                                          WEIR_OPTION_REAL);
    return lr ? *lr : 0;
}

static void optim_destroy(weir__object *object)
{
    weir_optim *o = (weir_optim *)object;
    weir_ctx *c = o->object.ctx;
    for (int i = 0; i < WEIR__OPTIM_STATES; i++) weir__free(c, o->state[i]);
    weir__options_delete(c, &o->row->row, o->options);
    weir__free(c, o);
}

void weir_optim_free(weir_optim *o)
{
    WEIR__AS_FOUND;
    if (o && weir__lives(o, "optim_free") && !o->object.nil) optim_destroy(&o->object);
}

/* From a struct or, where that is NULL, from text. */
static bool optim_read_options(weir_optim *o, const void *options, const char *text)
{
    weir_ctx *c = o->object.ctx;
    const weir_row *row = &o->row->row;
    if (options && weir_options_check(c, row, options) != WEIR_OK) return false;
    o->options = options ? weir__options_clone(c, row, options) : weir__options_new(c, row);
    return o->options && (options || weir_options_parse(c, row, o->options, text) == WEIR_OK);
}

/* Options, then states of [o->from, o->to); false on any failure. */
static bool optim_fill(weir_optim *o, const void *options, const char *text)
{
    weir_ctx *c = o->object.ctx;
    if (!optim_read_options(o, options, text)) return false;
    o->lr = option_lr(o->row, o->options);
    o->n_states = o->row->n_states(o->options);
    size_t each = weir_dtype_size(o->layout->dtype);
    int64_t n = o->to > o->from ? o->to - o->from : 1;
    for (int i = 0; i < o->n_states; i++)
        if (!(o->state[i] = weir__alloc0_n(c, n, each))) return false;
    return true;
}

/* The part of rank r. */
static weir_optim *new_optim(weir_module *m, const char *name, const void *options,
                             const char *text, int r, int ranks)
{
    weir_ctx *c = weir_module_ctx(m);
    if (!weir__module_usable(m, "optim_new")) return weir__nil(c, WEIR__OPTIM);
    if (!name) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "optim_new: NULL: expected a name");
        return weir__nil(c, WEIR__OPTIM);
    }
    const weir_row *row = weir_row_find(c, "optimizer", name);
    weir__layout *l = row && weir__module_owns(m, "optim_new") ? weir__module_layout(m) : NULL;
    weir_optim *o = l ? weir__alloc0(c, sizeof *o) : NULL;
    if (!o) return weir__nil(c, WEIR__OPTIM);
    o->object = weir__object_home(c, WEIR__OPTIM, optim_destroy);
    o->row = (const weir__optim_row *)row;
    o->module = m;
    o->layout = l;
    o->from = weir__optim_part(l->numel, r, ranks);
    o->to = weir__optim_part(l->numel, r + 1, ranks);
    o->divided = ranks > 1;
    o->g_scale = 1;
    if (optim_fill(o, options, text)) return o;
    optim_destroy(&o->object);
    return weir__nil(c, WEIR__OPTIM);
}

weir_optim *weir_optim_new(weir_module *m, const char *name, const char *options)
{
    WEIR__AS_FOUND;
    return new_optim(m, name, NULL, options, 0, 1);
}

weir_optim *weir_optim_new_with(weir_module *m, const char *name, const void *options)
{
    WEIR__AS_FOUND;
    if (options) return new_optim(m, name, options, NULL, 0, 1);
    weir_ctx *c = weir_module_ctx(m);
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "optim_new_with: NULL: expected options, from their defaults function");
    return weir__nil(c, WEIR__OPTIM);
}

weir_optim *weir__optim_new_part(weir_module *m, const char *name, const void *options, int r,
                                 int ranks)
{
    return new_optim(m, name, options, NULL, r, ranks);
}

/* -- the step ---------------------------------------------------------------------------------- */
typedef struct run {
    weir_optim *o;
    weir__optim_now now;
    int64_t begin;
} run;

static void update(void *user, int64_t begin, int64_t end)
{
    const run *r = user;
    const weir_optim *o = r->o;
    size_t e = weir_dtype_size(o->layout->dtype), at = (size_t)(r->begin + begin) * e;
    void *state[WEIR__OPTIM_STATES] = { 0 };
    for (int i = 0; i < o->n_states; i++)
        state[i] = (char *)o->state[i] + (at - (size_t)o->from * e);
    o->row->range(o->object.ctx->kern, (weir__real)o->layout->dtype, end - begin,
                  (char *)o->layout->values->data + at, (const char *)o->layout->grads->data + at,
                  state, o->options, &r->now);
}

/* From the end of a run (of all parameters, if none is frozen) to its beginning: the gradients that
 * were looked at last are still near, and the next forward pass begins with the parameters that are
 * written last. */
static void update_run(void *user, int64_t begin, int64_t end)
{
    run *r = user;
    const weir__threads *threads = r->o->object.ctx->threads;
    const int64_t piece = ((int64_t)1 << 20) * weir__threads_most(threads);
    if (begin < r->o->from) begin = r->o->from;
    if (end > r->o->to) end = r->o->to;
    for (int64_t left = end - begin; left > 0; left -= piece) {
        const int64_t n = left < piece ? left : piece;
        r->begin = begin + left - n;
        weir__parallel_range(n, threads, update, r);
    }
}

weir_status weir_optim_step(weir_optim *o)
{
    WEIR__AS_FOUND;
    if (!o) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = weir__ctx_of(o);
    if (!weir__lives(o, "optim_step") || o->object.nil)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "optim_step: nil optimizer: expected one that could be made");
    if (!weir_ok(c)) return weir_status_of(c);
    if (!weir__storage_may_change(c, o->layout->values, "optim_step")) return weir_status_of(c);
    const weir__slot *bad = weir__gradients_nonfinite(o->module);
    if (bad)
        return weir_fail(c, WEIR_ERROR_VALUE, "optim_step: gradient of %s: expected finite numbers",
                         bad->tensor->leaf->name);
    run r = { .o = o, .now = { .lr = o->lr, .g_scale = o->g_scale, .step = ++o->steps } };
    weir__gradient_runs(o->module, update_run, &r);
    weir__storage_changed(o->layout->values, o->row->row.name);
    o->g_scale = 1;
    return WEIR_OK;
}

void weir_optim_zero_grad(weir_optim *o)
{
    if (!o || !weir__lives(o, "optim_zero_grad") || o->object.nil) return;
    weir_module_zero_grad(o->module);
    o->g_scale = 1;
}

double weir_optim_clip(weir_optim *o, double max_norm)
{
    WEIR__AS_FOUND;
    if (!optim_usable(o)) return NAN;
    if (!(max_norm > 0)) {
        weir_fail(o->object.ctx, WEIR_ERROR_RANGE, "optim_clip: %g: expected a norm above 0",
                  max_norm);
        return NAN;
    }
    double norm = sqrt(weir__gradients_sum_squares(o->module));
    o->g_scale = norm > max_norm ? max_norm / norm
                                 : 1; /* a NaN norm leaves 1: the step then names the parameter */
    return norm;
}

/* -- looking ----------------------------------------------------------------------------------- */
double weir_optim_lr(const weir_optim *o) { return o ? o->lr : NAN; }
int64_t weir_optim_steps(const weir_optim *o) { return o ? o->steps : 0; }
int weir_optim_state_count(const weir_optim *o) { return o ? o->n_states : 0; }
const weir_row *weir_optim_row(const weir_optim *o) { return o && o->row ? &o->row->row : NULL; }

void weir_optim_set_lr(weir_optim *o, double lr)
{
    if (!optim_usable(o)) return;
    if (isfinite(lr) && lr >= 0) o->lr = lr;
    else
        weir_fail(o->object.ctx, WEIR_ERROR_RANGE,
                  "optim_set_lr: %g: expected a finite rate, 0 or more", lr);
}

void weir_optim_set_steps(weir_optim *o, int64_t steps)
{
    if (!optim_usable(o)) return;
    if (steps >= 0 && steps < INT64_MAX) /* the next one still counts */
        o->steps = steps;
    else
        weir_fail(o->object.ctx, WEIR_ERROR_RANGE,
                  "optim_set_steps: %lld: expected 0 or more, below 2^63 - 1", (long long)steps);
}

void *weir_optim_state_at(weir_optim *o, int index, const char **name, int64_t *n)
{
    bool there = o && index >= 0 && index < o->n_states;
    if (name) *name = there ? o->row->states[index] : "";
    if (n) *n = there ? o->to - o->from : 0;
    return there ? o->state[index] : NULL;
}

bool weir_optim_is_nil(const weir_optim *o) { return !o || o->object.nil; }
