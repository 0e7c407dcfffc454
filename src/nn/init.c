/* init.c - initial values. A parameter's numbers are a function of the context's seed and its full name alone, so that adding or
 * removing a layer changes no other layer's start. Frame: stream = hash of the name, step 0, call 0; sample id 0. */
#include "kern/kern.h"
#include "nn/nn.h"

static double shaped(weir_init init, double draw)
{
    return init.kind == WEIR_INIT_UNIFORM ? (2 * draw - 1) * init.a : draw * init.a; /* uniform on +-a; normal of deviation a */
}

static void draw(weir_ctx *c, weir_tensor *t, const char *name, weir_init init)
{
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text(name) });
    uint64_t key = weir__draw_key(c);
    weir__frame_set(c, old);
    weir__real real = t->dtype == WEIR_F64 ? WEIR__F64 : WEIR__F32;
    void *p = weir__ptr(t);
    (init.kind == WEIR_INIT_UNIFORM ? c->kern->uniform : c->kern->normal)[real](t->numel, p, key, 0, 0);
    for (int64_t i = 0; i < t->numel; i++)
        if (real == WEIR__F64)
            ((double *)p)[i] = shaped(init, ((double *)p)[i]);
        else
            ((float *)p)[i] = (float)shaped(init, ((float *)p)[i]);
}

void weir__init_parameter(weir_ctx *c, weir_tensor *t, const char *name, weir_init init)
{
    if (init.kind == WEIR_INIT_UNIFORM || init.kind == WEIR_INIT_NORMAL) {
        draw(c, t, name, init);
        return;
    }
    double value = init.kind == WEIR_INIT_ONES ? 1 : init.kind == WEIR_INIT_CONSTANT ? init.a : 0;
    weir__convert_strided(t->dtype, weir__ptr(t), 1, WEIR_F64, &value, 0, t->numel);
}
