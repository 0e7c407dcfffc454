/* report_fields.c - velocity and score of a continuous model of the plane, at three times of its
 * path: little noise, half, much. */
#include "train/gather.h"
#include "weir/continuous.h"

enum { FIELD_SIDE = 16, FIELD_TIMES = WEIR__FIELDS / 2, CELLS = FIELD_SIDE * FIELD_SIDE };
static const double field_times[FIELD_TIMES] = { 0.1, 0.5, 0.9 };

/* What the model says of x [n, 2] at t, into out; false: it is no model of this kind. */
static bool field_ask(gather *g, const char *form, double t, int64_t n, const double *x,
                      double *noised, double *out)
{
    double times[POINTS];
    weir_predict_opts o = weir_predict_defaults();
    o.form = form;
    o.use_seed = true; /* seed 0: the page repeats */
    o.add_noise = noised != NULL;
    o.noised = noised;
    for (int64_t i = 0; i < n; i++) times[i] = t;
    return weir_model_predict_into_f64(g->model, x, times, n, &o, out) == WEIR_OK;
}

/* Where the data are, with the noise of the time. */
static bool field_frame(gather *g, double t, weir__arrows *k)
{
    int64_t n = weir_dataset_samples(g->data) < POINTS ? weir_dataset_samples(g->data) : POINTS;
    double *x = weir__alloc_n(g->c, 4 * n, sizeof *x);
    if (!x) return false;
    bool good = field_ask(g, "x0", t, n, g->real, x, x + 2 * n);
    weir__range r[2] = { weir__range_none(), weir__range_none() };
    for (int64_t i = 0; good && i < 2 * n; i++) r[i % 2] = weir__range_add(r[i % 2], x[i]);
    weir__free(g->c, x);
    for (int i = 0; i < 2; i++) r[i] = weir__range_open(r[i]);
    k->x0 = r[0].lo;
    k->x1 = r[0].hi;
    k->y0 = r[1].lo;
    k->y1 = r[1].hi;
    return good;
}

static bool field_fill(gather *g, const char *form, double t, weir__arrows *k, double *v)
{
    double x[2 * CELLS];
    for (int i = 0; i < CELLS; i++) {
        x[2 * i] = k->x0 + (k->x1 - k->x0) * (i % FIELD_SIDE + 0.5) / FIELD_SIDE;
        x[2 * i + 1] = k->y0 + (k->y1 - k->y0) * (i / FIELD_SIDE + 0.5) / FIELD_SIDE;
    }
    k->side = FIELD_SIDE;
    k->v = v;
    return field_ask(g, form, t, CELLS, x, NULL, v);
}

static bool field_one(gather *g, int i)
{
    static const char *const forms[] = { "velocity", "score" };
    double t = field_times[i % FIELD_TIMES];
    weir__arrows *k = &g->arrows[i];
    bool first = i < FIELD_TIMES;
    if (first && !field_frame(g, t, k)) return false;
    if (!first) *k = g->arrows[i - FIELD_TIMES]; /* the same frame */
    if (!field_fill(g, forms[!first], t, k, g->field_values + 2 * CELLS * i)) return false;
    k->title = weir__keep(g, "%s at t = %g.", first ? "Velocity" : "Score", t);
    k->caption = NULL;
    if (i == 0)
        k->caption = "dx/dt of the ODE, where the data are with the noise of that time. "
                     "Lengths are as the root of the field\u2019s.";
    if (i == FIELD_TIMES) k->caption = "The gradient of log p by x.";
    return true;
}

void weir__gather_fields(gather *g)
{
    bool plane = weir_model_dim(g->model) == 2 && weir_model_levels(g->model) == 0;
    if (!plane || g->stopped || !g->data || !g->real || weir__gather_is_conditional(g)) return;
    g->field_values = weir__alloc_n(g->c, 2 * CELLS * WEIR__FIELDS, sizeof *g->field_values);
    if (!g->field_values) return;
    bool good = true;
    for (int i = 0; good && i < WEIR__FIELDS; i++) good = field_one(g, i);
    if (!good) weir__forgive(g); /* a flow has no path */
    g->r.arrows = g->arrows;
    g->r.n_arrows = good ? WEIR__FIELDS : 0;
}
