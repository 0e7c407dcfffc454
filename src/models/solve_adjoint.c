/* solve_adjoint.c - the ODE of a density with gradients by the continuous adjoint (Chen et al.
 * 2018), in memory that does not grow with the steps: of the solve only its end is kept. With
 * a, b, c the gradients by int tr du/dx, int |u|^2 and int |e^T du/dx|^2, and
 *
 *     H(x, t, theta) = lambda^T u + a tr du/dx + b |u|^2 + c |e^T du/dx|^2,
 *
 * backward solves from the noise to the data, by the same method,
 *
 *     dx/dt = u,   d lambda/dt = -dH/dx,   dL/dtheta = int dH/dtheta dt,
 *
 * theta the parameters and what the network is conditioned on: in the same steps where those are
 * fixed, else in steps of its own choice (solve_adjoint_adaptive.c). Gradients are those of the
 * exact solution, not of the number that is given: the two come together as the steps get short, by
 * the order of the method. */
#include <string.h>
#include "models/recorded.h"
#include "grad/grad.h"

enum {
    STATE = WEIR__ADJOINT_STATE,
    TRACE = WEIR__ADJOINT_TRACE,
    KINETIC = WEIR__ADJOINT_KINETIC,
    JACOBIAN = WEIR__ADJOINT_JACOBIAN,
    OUTPUTS = WEIR__ADJOINT_OUTPUTS,
    STAGES = 8,
    CONDITIONS = 2 * WEIR__WANTS
};

/* The inputs: the state, the probes, the tensors of the condition, the parameters. */
typedef struct adjoint {
    const weir__field *f;
    const weir_tableau *method;
    const weir_choice *solver;
    bool probes; /* there are some */
    int conditions; /* number of their tensors */
    char names[CONDITIONS][64];
} adjoint;

static bool adjoint_adapts(const adjoint *a)
{
    return weir_sampler_steps((const weir_sampler_row *)a->solver->row, a->solver->options) == 0;
}

static double *adjoint_times(weir_ctx *c, const adjoint *a, int64_t *n)
{
    return weir__sampler_times(c, (const weir_sampler_row *)a->solver->row, a->solver->options,
                               a->f->path, NULL, 0, 1, n);
}

static weir__recorded_ode adjoint_ode(weir_ctx *c, const weir__field *f, int64_t n,
                                      const weir_condition *k, weir_tensor *probes)
{
    weir__recorded_ode r = { .f = f, .k = k, .probes = probes, .c = c, .n = n };
    if (!probes) r.units = weir_eye(c, f->dtype, f->dim);
    return r;
}

weir_tensor *weir__adjoint_leaf(weir_tensor *x)
{
    return weir_set_requires_grad(weir_detach(x), true);
}

/* -- there ------------------------------------------------------------------------------------- */
/* One step of out, in place: what it makes on its way ends with it. */
static void adjoint_step(const weir__recorded_ode *r, const weir_tableau *m, double t, double next,
                         weir_tensor **out)
{
    weir_scope s = weir_scope_begin(r->c);
    r->c->modes.no_grad = false;
    weir__recorded sums = {
        .log_prob = weir_detach(out[TRACE]),
        .kinetic = weir_detach(out[KINETIC]),
        .jacobian = weir_detach(out[JACOBIAN]),
    };
    weir_tensor *x = weir__adjoint_leaf(out[STATE]);
    weir__recorded_step(r, m, t, next, &x, &sums);
    r->c->modes.no_grad = true;
    weir_copy_(out[STATE], weir_detach(x));
    weir_copy_(out[TRACE], weir_detach(sums.log_prob));
    weir_copy_(out[KINETIC], weir_detach(sums.kinetic));
    weir_copy_(out[JACOBIAN], weir_detach(sums.jacobian));
    weir_scope_end(s);
}

static void adjoint_forward(const weir__recorded_ode *r, const adjoint *a, weir_tensor *x,
                            weir_tensor **out)
{
    int64_t n_times;
    out[STATE] = weir_zeros(r->c, x->dtype, x->ndim, x->shape);
    weir_copy_(out[STATE], weir_detach(x));
    for (int i = TRACE; i < OUTPUTS; i++) out[i] = weir_zeros(r->c, x->dtype, 1, &r->n);
    if (adjoint_adapts(a)) {
        weir__adjoint_there(r, a->solver, out);
        return;
    }
    double *times = adjoint_times(r->c, a, &n_times);
    for (int64_t i = 0; times && i + 1 < n_times && weir_ok(r->c); i++)
        adjoint_step(r, a->method, times[i], times[i + 1], out);
    weir__free(r->c, times);
}

/* -- and back ---------------------------------------------------------------------------------- */
typedef weir__adjoint_back back;

static weir_tensor *back_dot(weir_tensor *sum, weir_tensor *by, weir_tensor *v)
{
    if (!by) return sum;
    return weir_add(sum, weir_sum(weir_mul(weir_detach(by), v)));
}

void weir__adjoint_stage(const back *b, weir_tensor *x, weir_tensor *lambda, double t,
                         double weight, weir_tensor **u, weir_tensor **slope)
{
    weir_ctx *c = b->c;
    weir_tensor *const *by = b->by;
    weir_scope s = weir_scope_begin(c);
    c->modes.no_grad = false;
    b->wanted[0] = weir__adjoint_leaf(x);
    weir__evaluation y = weir__recorded_at(&b->ode, b->wanted[0], t);
    weir_tensor *h = weir_sum(weir_mul(weir_detach(lambda), y.u));
    h = back_dot(h, by[TRACE], y.trace);
    h = back_dot(h, by[KINETIC], weir_sum_samples(weir_square(y.u)));
    h = back_dot(h, by[JACOBIAN], y.jacobian);
    weir_grad(1, &h, 1 + b->n, b->wanted, NULL, false, true, b->grad);
    c->modes.no_grad = true;
    for (int i = 0; i < b->n && weir_ok(c); i++) {
        weir_tensor *g = b->grad[1 + i];
        if (!weir_is_nil(g)) weir_copy_(b->sum[i], weir_add(b->sum[i], weir_scale(g, weight)));
    }
    *u = weir_detach(y.u);
    *slope = weir_is_nil(b->grad[0]) ? weir_scale(*u, 0) : b->grad[0];
    weir__scope_end_keeping(s, 2, (void *const[]){ *u, *slope });
}

static void back_step(const back *b, double t, double next)
{
    const weir_tableau *m = b->method;
    weir_tensor *u[STAGES], *slope[STAGES];
    double h = next - t; /* below 0 */
    weir_scope s = weir_scope_begin_no_grad(b->c);
    for (int i = 0; i < m->stages && weir_ok(b->c); i++) {
        const double *a = m->a + i * m->stages;
        weir_tensor *x = weir__recorded_along(b->x, h, i, a, u);
        weir_tensor *lambda = weir__recorded_along(b->lambda, -h, i, a, slope);
        double at = m->c[i] == 1 ? next : t + m->c[i] * h;
        weir__adjoint_stage(b, x, lambda, at, -h * m->b[i], &u[i], &slope[i]);
    }
    if (weir_ok(b->c)) {
        weir_copy_(b->x, weir__recorded_along(b->x, h, m->stages, m->b, u));
        weir_copy_(b->lambda, weir__recorded_along(b->lambda, -h, m->stages, m->b, slope));
    }
    weir_scope_end(s);
}

/* The condition as the stages see it, its tensors leaves where they want a gradient. */
static const weir_condition *back_condition(weir_vjp *v, const adjoint *a, weir_tensor **leaves)
{
    int first = a->probes ? 2 : 1;
    weir_condition *k = a->conditions > 0 ? weir_condition_new(v->ctx) : NULL;
    for (int i = 0; i < a->conditions; i++) {
        weir_tensor *t = weir_vjp_in(v, first + i);
        if (weir_vjp_needs(v, first + i)) t = weir__adjoint_leaf(t);
        leaves[i] = t;
        k = weir_condition_with(k, a->names[i], t);
    }
    return k;
}

/* Of the parameters, which the stages use as they are, those that are shared count once. */
static bool back_takes(const weir_vjp *v, const adjoint *a, int i)
{
    int parameters = (a->probes ? 2 : 1) + a->conditions;
    return weir__vjp_takes(v, i < parameters ? i : parameters, i);
}

/* Room for what wants a gradient; false: no memory. */
static bool back_begin(back *b, weir_vjp *v, const adjoint *a)
{
    weir_ctx *c = v->ctx;
    int first = a->probes ? 2 : 1, parameters = first + a->conditions;
    weir_tensor *x = weir_vjp_out(v, STATE), *leaves[CONDITIONS];
    weir_tensor **room = weir__alloc_n(c, 3 * (int64_t)(v->n_in + 1), sizeof *room);
    if (!room) return false;
    b->wanted = room;
    b->grad = room + v->n_in + 1;
    b->sum = b->grad + v->n_in + 1;
    b->x = weir_zeros(c, x->dtype, x->ndim, x->shape);
    b->lambda = weir_zeros(c, x->dtype, x->ndim, x->shape);
    weir_copy_(b->x, weir_detach(x));
    for (int i = 0; i < OUTPUTS; i++) b->by[i] = v->gout[i];
    if (v->gout[STATE]) weir_copy_(b->lambda, weir_detach(v->gout[STATE]));
    b->ode.k = back_condition(v, a, leaves);
    for (int i = first; i < v->n_in; i++) {
        if (!back_takes(v, a, i)) continue;
        weir_tensor *p = i < parameters ? leaves[i - first] : weir__vjp_leaf(v, i);
        b->sum[b->n] = weir_zeros(c, p->dtype, p->ndim, p->shape);
        b->wanted[1 + b->n++] = p;
    }
    return weir_ok(c);
}

static void back_give(const back *b, weir_vjp *v, const adjoint *a)
{
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, b->lambda);
    for (int i = a->probes ? 2 : 1, k = 0; i < v->n_in; i++)
        if (back_takes(v, a, i)) weir_vjp_set(v, i, b->sum[k++]);
}

/* In the steps of the way there. */
static void back_in_steps(const back *b, const adjoint *a)
{
    int64_t n_times;
    double *times = adjoint_times(b->c, a, &n_times);
    for (int64_t i = n_times - 1; times && i > 0 && weir_ok(b->c); i--)
        back_step(b, times[i], times[i - 1]);
    weir__free(b->c, times);
}

static void adjoint_backward(weir_vjp *v)
{
    const adjoint *a = v->attr;
    weir_ctx *c = v->ctx;
    weir__field f = *a->f;
    if (weir__vjp_recording(v)) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "adjoint: a second derivative: expected the first alone, or adjoint=no");
        return;
    }
    back b = { .c = c, .method = a->method };
    weir__saved_modes saved = weir__modes_save(c);
    c->modes.no_grad = true;
    f.ctx = c;
    if (back_begin(&b, v, a)) {
        weir_tensor *probes = a->probes ? weir_vjp_in(v, 1) : NULL;
        b.ode = adjoint_ode(c, &f, b.x->shape[0], b.ode.k, probes);
        if (adjoint_adapts(a)) weir__adjoint_back_again(&b, a->solver);
        else back_in_steps(&b, a);
        if (weir_ok(c)) back_give(&b, v, a);
    }
    weir__modes_restore(c, saved);
    weir__free(c, b.wanted);
}

/* -- the op ------------------------------------------------------------------------------------ */
static bool adjoint_infer(weir_call *k)
{
    return weir_call_fail(k, WEIR_ERROR_ARGUMENT, "expected to be called by a model");
}

static const weir_op adjoint_op = {
    .row = WEIR_OP_ROW("op.adjoint", "the solve of a density, gradients by its adjoint"),
    .n_in = -1,
    .n_out = OUTPUTS,
    .save_in = ~0u,
    .save_out = 1,
    .attr_size = sizeof(adjoint),
    .infer = adjoint_infer,
    .backward = adjoint_backward,
};

/* Where gradients are wanted, the outputs are recorded. */
static void adjoint_run(weir_call *k, const adjoint *a, const weir_condition *condition)
{
    weir_ctx *c = k->ctx;
    bool record = false;
    weir__field f = *a->f;
    f.ctx = c;
    for (int i = 0; i < k->n_in; i++)
        record = record || (!c->modes.no_grad && k->in[i]->requires_grad);
    weir__saved_modes saved = weir__modes_save(c);
    c->modes.no_grad = true;
    weir_tensor *probes = a->probes ? k->in[1] : NULL;
    weir__recorded_ode r = adjoint_ode(c, &f, k->in[0]->shape[0], condition, probes);
    adjoint_forward(&r, a, k->in[0], k->out);
    weir__modes_restore(c, saved);
    if (weir_ok(c) && record) weir__record(k);
}

/* The tensors of k into `in` from number n on, their names into a; the number behind them. */
static int64_t adjoint_conditions(adjoint *a, const weir_condition *k, weir_tensor **in, int64_t n)
{
    for (int i = 0; i < a->conditions; i++) {
        const char *name;
        in[n++] = weir_condition_at(k, i, &name);
        memcpy(a->names[i], name, strlen(name) + 1);
    }
    return n;
}

weir__recorded weir__solve_adjoint(const weir__field *f, const weir_tableau *m,
                                   const weir_choice *solver, weir_tensor *x,
                                   const weir_condition *k, weir_tensor *probes)
{
    weir_ctx *c = x->object.ctx;
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    weir__recorded sums = { nil, nil, nil };
    adjoint a = { .f = f, .method = m, .solver = solver, .probes = probes != NULL };
    a.conditions = (int)weir_condition_count(k);
    if (a.conditions > CONDITIONS) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED, "adjoint: a condition of %d tensors: expected %d",
                  a.conditions, CONDITIONS);
        return sums;
    }
    int64_t first = probes ? 2 : 1, behind = first + a.conditions;
    int64_t n = weir__module_parameters(f->net, NULL, behind);
    weir_tensor **in = weir__alloc_n(c, n, sizeof *in);
    if (!in) return sums;
    in[0] = x;
    if (probes) in[1] = probes;
    weir__module_parameters(f->net, in, adjoint_conditions(&a, k, in, first));
    weir_call call = {
        .ctx = c, .op = &adjoint_op, .attr = &a, .n_in = (int)n, .n_out = OUTPUTS, .in = in
    };
    adjoint_run(&call, &a, k);
    if (weir_ok(c)) {
        sums.log_prob = weir__recorded_log_prob(f, 1, call.out[STATE], call.out[TRACE]);
        sums.kinetic = call.out[KINETIC];
        sums.jacobian = call.out[JACOBIAN];
    }
    weir__free(c, in);
    return sums;
}
