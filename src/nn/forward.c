/* forward.c - running a module: it seals the tree at first use, names the layer while it runs, and
 * checks what it is given. */
#include "nn/nn.h"
#include "ops/ops.h"

static weir_tensor *nil_for(const weir_module *m, const weir_tensor *x)
{
    return weir__nil(x ? weir_ctx_of(x) : weir_module_ctx(m), WEIR__TENSOR);
}

/* A worker reads its parent's modules; laying them out is for the parent alone. */
static bool sealed_for(weir_module *m, weir_ctx *c)
{
    if (weir__module_root(m)->layout) return true;
    if (c == m->object.ctx) return weir__module_layout(m) != NULL;
    char path[256];
    weir_fail(c, WEIR_ERROR_STATE,
              "%s: not sealed: expected weir_module_seal before use in a worker",
              weir__module_path(m, path, sizeof path));
    return false;
}

bool weir__forward_begin_in(weir_module *m, weir_ctx *c, const char *who, weir__call_mark *mark)
{
    *mark = (weir__call_mark){ .ctx = c };
    if (!m || !weir__lives(m, who) || m->object.nil) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a module", who,
                  m ? "nil module" : "NULL");
        return false;
    }
    if (!weir_ok(c) || !weir__reaches(c, m, who, "a module") || !sealed_for(m, c)) return false;
    mark->scope = weir_scope_begin(c);
    c->modes.label = m->path[0] ? m->path : m->row->row.name;
    return true;
}

bool weir__forward_begin(weir_module *m, weir_tensor *x, const char *who, weir__call_mark *mark)
{
    weir_ctx *c = x ? weir_ctx_of(x) : weir_module_ctx(m);
    *mark = (weir__call_mark){ .ctx = c };
    if (!weir_is_nil(x)) return weir__forward_begin_in(m, c, who, mark);
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a tensor", who, x ? "nil tensor" : "NULL");
    return false;
}

weir_tensor *weir__hook_gave(weir_ctx *c, const char *who, const char *hook, weir_tensor *y)
{
    if (y) return y;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s gave NULL: expected a tensor", who, hook);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir__hook_gave_rows(weir_ctx *c, const char *who, const char *hook, weir_tensor *y,
                                  int64_t n)
{
    y = weir__hook_gave(c, who, hook, y);
    if (y->object.nil || (y->ndim == 1 && y->shape[0] == n)) return y;
    char shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, y->ndim, y->shape);
    weir_fail(c, WEIR_ERROR_SHAPE, "%s: %s gave %s: expected [%lld]", who, hook, shape,
              (long long)n);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir__forward_end(weir__call_mark mark, weir_tensor *y, weir_tensor **second)
{
    weir_ctx *c = mark.ctx;
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    const char *who = c->modes.label;
    y = weir__hook_gave(c, who, "the row's hook", y);
    if (second) *second = weir__hook_gave(c, who, "the row's hook", *second);
    if (second && !y->object.nil && (*second)->object.nil && weir_ok(c))
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: one result: expected two of the row's hook", who);
    weir__scope_end_keeping(mark.scope, 2, (void *const[]){ y, second ? *second : nil });
    if (second && y->object.nil) *second = nil;
    return y;
}

weir_tensor *weir__module_misfit(weir_module *m, weir_tensor *x, const char *expected)
{
    char path[256], shape[128];
    size_t used = 0;
    weir__append_shape(shape, sizeof shape, &used, x->ndim, x->shape);
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "%s (%s): %s %s: expected %s",
              weir__module_path(m, path, sizeof path), m->row->row.name, weir_dtype_name(x->dtype),
              shape, expected);
    return nil_for(m, x);
}

bool weir__channels_fit(const weir_tensor *x, int64_t channels, const weir_tensor *typed)
{
    return x->ndim >= 2 && x->shape[1] == channels && (!typed || typed->dtype == x->dtype);
}

weir_tensor *weir__channels_misfit(weir_module *m, weir_tensor *x, int64_t channels,
                                   const weir_tensor *typed)
{
    char expected[80];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "%s [batch, %lld, ..]",
                 weir_dtype_name(typed ? typed->dtype : x->dtype), (long long)channels);
    return weir__module_misfit(m, x, expected);
}

weir_tensor *weir_module_forward(weir_module *m, weir_tensor *x)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    if (!weir__forward_begin(m, x, "module_forward", &mark)) return nil_for(m, x);
    weir_tensor *log_det, *y = nil_for(m, x);
    weir__module_first(m, x, NULL);
    if (m->row->forward) y = m->row->forward(m, x);
    else if (m->row->transform) y = m->row->transform(m, x, NULL, &log_det);
    else
        weir_fail(mark.ctx, WEIR_ERROR_UNSUPPORTED,
                  "module_forward: %s: expected a module that can be run, not a container",
                  mark.ctx->modes.label);
    return weir__forward_end(mark, y, NULL);
}

weir_tensor *weir_parameter_here(weir_tensor *x, weir_tensor *parameter)
{
    bool given = weir__given("parameter_here", 2, (weir_tensor *[]){ x, parameter });
    if (!given || weir_is_nil(x) || weir_is_nil(parameter)) return nil_for(NULL, x ? x : parameter);
    weir_ctx *c = x->object.ctx;
    if (c == parameter->object.ctx) return parameter;
    if (!weir__reaches(c, parameter, "parameter_here", "a tensor")) return nil_for(NULL, x);
    return weir__view_in(c, parameter);
}
