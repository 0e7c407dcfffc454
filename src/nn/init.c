/* init.c - initial values. A parameter's numbers are a function of the context's seed and its full
 * name alone, so that adding or removing a layer changes no other layer's start. Frame: stream =
 * hash of the name, step 0, call 0; sample id 0. */
#include "kern/kern.h"
#include "nn/nn.h"

static double init_shaped(weir_init init, double draw)
{
    return init.kind == WEIR_INIT_UNIFORM  ? (2 * draw - 1) * init.a
           : init.kind == WEIR_INIT_NORMAL ? draw * init.a
                                           : draw;
}

static void draw(weir_ctx *c, weir_tensor *t, const char *name, weir_init init)
{
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c, (weir__frame){ .stream = weir__hash_text(name) });
    uint64_t key = weir__draw_key(c);
    weir_scope_end(s);
    weir__real real = t->dtype == WEIR_F64 ? WEIR__F64 : WEIR__F32;
    void *p = weir__ptr(t);
    (init.kind == WEIR_INIT_UNIFORM ? c->kern->uniform : c->kern->normal)[real](t->numel, p, key, 0,
                                                                                0);
    for (int64_t i = 0; i < t->numel; i++)
        if (real == WEIR__F64) ((double *)p)[i] = init_shaped(init, ((double *)p)[i]);
        else ((float *)p)[i] = (float)init_shaped(init, ((float *)p)[i]);
}

static void init_set(weir_tensor *t, int64_t first, int64_t n, double value)
{
    weir__convert_strided(t->dtype,
                          (char *)weir__ptr(t) + (size_t)first * weir_dtype_size(t->dtype), 1,
                          WEIR_F64, &value, 0, n);
}

void weir__init_parameter(weir_ctx *c, weir_tensor *t, const char *name, weir_init init)
{
    switch (init.kind) {
    case WEIR_INIT_ZEROS: init_set(t, 0, t->numel, 0); break;
    case WEIR_INIT_ONES: init_set(t, 0, t->numel, 1); break;
    case WEIR_INIT_CONSTANT: init_set(t, 0, t->numel, init.a); break;
    default: draw(c, t, name, init);
    }
    if (init.kind != WEIR_INIT_EMBEDDING || init.a < 0 || t->numel == 0) return;
    int64_t row = t->numel / t->shape[0];
    init_set(t, (int64_t)init.a * row, row, 0);
}

void weir__init_modules(weir_module *m)
{
    for (int64_t i = 0; i < m->n_children; i++) weir__init_modules(m->children[i]);
    if (!m->row->init) return;
    weir_scope s = weir_scope_begin_no_grad(m->object.ctx);
    m->row->init(m);
    weir_scope_end(s);
}
