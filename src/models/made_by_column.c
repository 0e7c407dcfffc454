/* made_by_column.c - network.made one column at a time: once column i is known, the hidden units of
 * degree i see all that they may, and with them the outputs of column i + 1. So all columns, one
 * after the other, cost one pass (ops/stairs.c); the step of a unit is its degree, of an output the
 * degree before its own. */
#include "models/made.h"
#include "ops/stairs.h"

/* Of a layer; those units that no output ever sees come behind the last step. */
typedef struct order {
    int64_t n;
    int64_t *first; /* [steps + 1]: of each step */
    int64_t *unit; /* [n]: where the network has it */
    int64_t *seen; /* [units]: of the layer before */
} order;

/* Layer i of the stairs is the child i - 1; the first is the input. */
typedef struct run {
    weir__by_column run;
    const weir__made *made;
    weir_module *m;
    weir_tensor *x; /* what the run is over: its batch, type and context */
    weir_tensor *columns; /* of the condition; NULL: none */
    weir__stairs stairs;
    order *order; /* [stairs.n] */
    bool fits; /* the masks are those of the degrees */
} run;

/* -- the order of the units -------------------------------------------------------------------- */
static int64_t made_step(const run *r, int layer, int64_t j)
{
    int64_t step;
    if (layer == 0) step = weir__made_degree(r->made, WEIR__MADE_INPUT, j);
    else if (layer < r->stairs.n - 1) step = weir__made_degree(r->made, WEIR__MADE_HIDDEN, j);
    else step = weir__made_degree(r->made, WEIR__MADE_OUTPUT, j) - 1;
    return step < r->stairs.steps ? step : r->stairs.steps;
}

/* By counting, so that units of one step stay in their order. */
static void made_sort(const run *r, int layer, order *o)
{
    int64_t steps = r->stairs.steps, *first = o->first;
    for (int64_t t = 0; t <= steps; t++) first[t] = 0;
    for (int64_t j = 0; j < o->n; j++) {
        int64_t step = made_step(r, layer, j);
        if (step < steps) first[step + 1]++;
    }
    for (int64_t t = 0; t < steps; t++) first[t + 1] += first[t];
    for (int64_t j = 0; j < o->n; j++) o->unit[first[made_step(r, layer, j)]++] = j;
    for (int64_t t = steps; t > 0; t--) first[t] = first[t - 1];
    first[0] = 0;
    for (int64_t t = 0; layer > 0 && t < steps; t++)
        for (int64_t i = first[t]; i < first[t + 1]; i++) o->seen[i] = o[-1].first[t + 1];
}

static bool made_order(const run *r, int layer)
{
    order *o = &r->order[layer];
    int64_t steps = r->stairs.steps;
    o->n = r->made->in + (r->columns && !r->made->added ? r->columns->shape[1] : 0);
    if (layer > 0) o->n = weir__masked_linear_parts_of(r->m->children[layer - 1]).bias->numel;
    int64_t places = weir__size_plus(weir__size_times(2, o->n), steps + 1);
    o->first = weir__alloc_n(r->stairs.ctx, places, sizeof *o->first);
    if (!o->first) return false;
    o->unit = o->first + steps + 1;
    o->seen = o->unit + o->n;
    made_sort(r, layer, o);
    r->stairs.layer[layer].first = o->first;
    return true;
}

/* -- the layers in that order ------------------------------------------------------------------ */
static weir_tensor *made_matrix(const run *r, int64_t lines, int64_t columns)
{
    const int64_t shape[] = { lines, columns };
    return weir_empty(r->stairs.ctx, r->x->dtype, 2, shape);
}

static void *made_weights(run *r, int layer)
{
    const weir__stair *l = &r->stairs.layer[layer];
    const order *o = &r->order[layer];
    weir__masked_linear_parts p = weir__masked_linear_parts_of(r->m->children[layer - 1]);
    int64_t units = l->first[r->stairs.steps], before = l[-1].first[r->stairs.steps];
    weir_tensor *w = made_matrix(r, units, before);
    if (weir_is_nil(w)) return NULL;
    weir__masked masked = {
        .m = units,
        .n = before,
        .in = o[-1].n,
        .row = o->unit,
        .column = o[-1].unit,
        .seen = o->seen,
        .w = weir__ptr(p.weight),
        .mask = weir__ptr(p.mask),
        .y = weir__ptr(w),
    };
    const weir__isa *kern = r->stairs.ctx->kern;
    r->fits = weir__masked_weights(kern, r->stairs.type, &masked) && r->fits;
    return (void *)masked.y;
}

/* What the condition adds to the sums of a layer, [B, n]; NULL: nothing. */
static weir_tensor *made_added(const run *r, int layer)
{
    const weir__made *s = r->made;
    weir_module *m = r->m;
    bool hidden = layer < r->stairs.n - 1;
    if (!s->added || !hidden) return NULL;
    if (layer == 1)
        return weir__made_active(s, weir_module_forward(m->children[s->layers], r->columns));
    if (!s->residual || layer % 2 != 0) return NULL;
    return weir_module_forward(m->children[s->layers + layer / 2], r->columns);
}

/* Its biases, to which products are added */
static weir_tensor *made_sums(const run *r, int layer)
{
    const order *o = &r->order[layer];
    int64_t units = o->first[r->stairs.steps];
    const int64_t shape[] = { units, r->stairs.batch };
    weir_tensor *at = weir_from_i64(r->stairs.ctx, o->unit, 1, &units);
    weir_tensor *bias = weir__masked_linear_parts_of(r->m->children[layer - 1]).bias;
    weir_tensor *more = made_added(r, layer);
    weir_tensor *sum = weir_unsqueeze(weir_index_select(weir_parameter_here(r->x, bias), 0, at), 1);
    if (more) sum = weir_add(sum, weir_transpose(weir_index_select(more, 1, at), 0, 1));
    return weir_contiguous(weir_expand(sum, 2, shape));
}

/* Of the first layer, behind what the condition has of it, or of all of the last */
static weir_tensor *made_by_columns(const run *r, weir_tensor *rows, int64_t of)
{
    const int64_t columns = r->made->columns, n = rows->shape[0];
    const int64_t shape[] = { columns, of / columns, r->stairs.batch };
    return weir_view(weir_slice(rows, 0, n - of, n, 1), 3, shape);
}

static bool made_input(run *r)
{
    weir__stair *l = &r->stairs.layer[0];
    const int64_t shape[] = { r->order[0].n, r->stairs.batch };
    weir_tensor *rows = weir_zeros(r->stairs.ctx, r->x->dtype, 2, shape);
    int64_t condition = shape[0] - r->made->in;
    if (condition > 0)
        weir_copy_(weir_slice(rows, 0, 0, condition, 1), weir_transpose(r->columns, 0, 1));
    if (weir_is_nil(rows)) return false;
    l->y = weir__ptr(rows);
    r->run.in = made_by_columns(r, rows, r->made->in);
    return true;
}

/* Within residual blocks sums go on from block to block; the last layer takes the sum itself. */
static void made_joins(const run *r, int layer, weir__stair *l)
{
    bool sums = r->made->residual && layer % 2 == 1;
    bool last = layer == r->stairs.n - 1;
    static const weir__unary functions[] = {
        WEIR__U_relu, WEIR__U_tanh, WEIR__U_sigmoid, WEIR__U_softplus, WEIR__U_silu, WEIR__U_gelu,
    };
    l->f = functions[r->made->activation];
    if (last || (sums && layer == r->stairs.n - 2)) l->f = WEIR__U_copy;
    l->plus = sums && !last && layer > 1 ? layer - 2 : 0;
}

static bool made_layer(run *r, int layer)
{
    weir__stair *l = &r->stairs.layer[layer];
    if (!made_order(r, layer)) return false;
    if (layer == 0) return made_input(r);
    made_joins(r, layer, l);
    l->w = made_weights(r, layer);
    weir_tensor *sum = made_sums(r, layer), *y = sum;
    if (weir_is_nil(sum) || !r->fits) return false;
    if (l->f != WEIR__U_copy) y = made_matrix(r, sum->shape[0], sum->shape[1]);
    if (weir_is_nil(y)) return false;
    l->sum = weir__ptr(sum);
    l->y = weir__ptr(y);
    if (layer == r->stairs.n - 1) r->run.out = made_by_columns(r, sum, r->made->out);
    return true;
}

/* -- the run ----------------------------------------------------------------------------------- */
static void made_up(weir__by_column *run_, int64_t i)
{
    run *r = (run *)run_;
    if (weir_ok(r->stairs.ctx)) weir__stairs_up(&r->stairs, i);
}

/* Room for the slopes and gradients of a layer */
static bool made_room(run *r, int layer)
{
    weir__stair *l = &r->stairs.layer[layer];
    int last = r->stairs.n - 1;
    int64_t units = layer > 0 ? l->first[r->stairs.steps] : r->order[0].n;
    weir_tensor *slope = made_matrix(r, units, r->stairs.batch), *g = weir_zeros_like(slope);
    if (weir_is_nil(g)) return false;
    l->slope = weir__ptr(slope);
    l->g = weir__ptr(g);
    if (layer == 0) r->run.g_in = made_by_columns(r, g, r->made->in);
    if (layer == last) r->run.g_out = made_by_columns(r, g, r->made->out);
    return true;
}

static void made_whole(weir__by_column *run_)
{
    run *r = (run *)run_;
    bool good = weir_ok(r->stairs.ctx);
    for (int i = 0; good && i < r->stairs.n; i++) good = made_room(r, i);
    if (good) weir__stairs_whole(&r->stairs);
}

static void made_down(weir__by_column *run_, int64_t i)
{
    run *r = (run *)run_;
    if (weir_ok(r->stairs.ctx)) weir__stairs_down(&r->stairs, i);
}

static void made_end(weir__by_column *run_)
{
    run *r = (run *)run_;
    weir_ctx *c = r->stairs.ctx;
    for (int i = 0; r->order && i < r->stairs.n; i++) weir__free(c, r->order[i].first);
    weir__free(c, r->order);
    weir__free(c, r->stairs.layer);
    weir__free(c, r);
}

static bool made_begin(run *r, const weir_condition *k)
{
    int layers = r->stairs.n;
    if (weir__condition_width(r->made->use) > 0) {
        r->columns = weir__condition_columns(r->m, r->x, k, r->made->use);
        if (weir_is_nil(r->columns)) return false;
    }
    r->order = weir__alloc0_n(r->stairs.ctx, layers, sizeof *r->order);
    r->stairs.layer = weir__alloc0_n(r->stairs.ctx, layers, sizeof *r->stairs.layer);
    bool good = r->order && r->stairs.layer;
    for (int i = 0; good && i < layers; i++) good = made_layer(r, i);
    return good;
}

weir__by_column *weir__made_by_column(weir_module *m, weir_tensor *x, const weir_condition *k)
{
    const weir__made *s = weir_module_state(m);
    weir_ctx *c = x->object.ctx;
    if (x->dtype != weir__masked_linear_parts_of(m->children[0]).bias->dtype) return NULL;
    run *r = weir__alloc0(c, sizeof *r);
    if (!r) return NULL;
    r->run = (weir__by_column){
        .up = made_up,
        .whole = made_whole,
        .down = made_down,
        .end = made_end,
    };
    r->made = s;
    r->m = m;
    r->x = x;
    r->fits = true;
    r->stairs = (weir__stairs){
        .ctx = c,
        .type = (weir__real)x->dtype,
        .steps = s->columns,
        .batch = x->shape[0],
        .n = (int)s->layers + 1,
    };
    if (made_begin(r, k)) return &r->run;
    made_end(&r->run);
    return NULL;
}
