/* report_figures.c - what a model draws: pictures beside real ones; of a plane its points, samples
 * and density. */
#include "train/gather.h"

enum { DENSITY = 160, PICTURES = 64, PATHS = 150, PATH_STEPS = 32 };

/* The first samples [n, dim]; *n is cut to what there is. */
static double *first_rows(gather *g, int64_t *n)
{
    int64_t dim = weir_model_dim(g->model);
    if (!g->data) return NULL;
    if (*n > weir_dataset_samples(g->data)) *n = weir_dataset_samples(g->data);
    double *x = weir__alloc_n(g->c, weir__size_times(*n, dim), sizeof *x);
    weir_scope s = weir_scope_begin_no_grad(g->c);
    if (x) weir_copy_to_f64(weir_batch_x(weir_dataset_batch(g->data, 0, *n)), x, *n * dim);
    weir_scope_end(s);
    return x;
}

/* *n samples, or fewer where they are conditioned on what there is less of. */
static double *report_figures_draw(gather *g, int64_t *n)
{
    weir_sample_opts o = weir_sample_defaults();
    o.use_seed = true; /* seed 0: the page repeats */
    o.on_step = weir__gather_step;
    o.user = g;
    g->part = "samples";
    weir_scope s = weir_scope_begin(g->c);
    o.condition = weir__gather_condition(g, n);
    double *x = weir__alloc_n(g->c, weir__size_times(*n, weir_model_dim(g->model)), sizeof *x);
    bool drawn = x && weir_model_sample_into_f64(g->model, *n, &o, x) == WEIR_OK;
    weir_scope_end(s);
    if (drawn || !x) return x;
    if (weir__forgive(g)) weir__note(g, "The model could not be sampled.");
    weir__free(g->c, x);
    return NULL;
}

/* -- pictures ---------------------------------------------------------------------------------- */
/* Whether samples are pictures, and of which shape: the data's, where they are there. */
static bool picture_shape(const gather *g, weir__images *s)
{
    const int64_t *shape;
    weir__image_shape image;
    int ndim = g->data ? weir_dataset_shape(g->data, &shape) : weir_model_shape(g->model, &shape);
    if (!weir__image_shape_of(ndim, shape, weir_model_levels(g->model), &image)) return false;
    *s = (weir__images){
        .channels = image.channels,
        .h = image.h,
        .w = image.w,
        .n = PICTURES,
    };
    return true;
}

/* To [0, 1]: by the levels, else by the range of the real samples (of the samples where there are
 * none). */
static float *to_unit(const gather *g, const double *x, int64_t n, weir__range r)
{
    double levels = (double)weir_model_levels(g->model);
    if (levels > 1) r = (weir__range){ 0, levels - 1 };
    r = weir__range_open(r);
    float *y = x ? weir__alloc_n(g->c, n, sizeof *y) : NULL;
    for (int64_t i = 0; y && i < n; i++) y[i] = (float)((x[i] - r.lo) / (r.hi - r.lo));
    return y;
}

static void pictures(gather *g)
{
    weir__images s;
    int64_t n_real = PICTURES, n = PICTURES, dim = weir_model_dim(g->model);
    if (!picture_shape(g, &s)) return;
    g->real = first_rows(g, &n_real);
    g->drawn = report_figures_draw(g, &n);
    weir__range r = weir__range_none();
    const double *from = g->real ? g->real : g->drawn;
    for (int64_t i = 0; from && i < (g->real ? n_real : n) * dim; i++)
        r = weir__range_add(r, from[i]);
    g->pictures[0] = to_unit(g, g->real, n_real * dim, r);
    g->pictures[1] = to_unit(g, g->drawn, n * dim, r);
    s.title = "Drawn by the model.";
    s.caption = weir__keep(g, "%lld samples%s, seed 0, not selected.", (long long)n,
                           weir__gather_under(g, n));
    s.x = g->pictures[1];
    s.n = n;
    s.columns = weir__gather_each(g, n);
    if (s.x) g->images[g->r.n_images++] = s;
    s.title = "Real data.";
    s.caption = weir__keep(g, "The first %lld samples.", (long long)n_real);
    s.x = g->pictures[0];
    s.n = n_real;
    s.columns = 0;
    if (s.x) g->images[g->r.n_images++] = s;
    g->r.images = g->images;
}

/* -- the plane --------------------------------------------------------------------------------- */
static void frame_of(weir__plane *k, const double *xy, int64_t n)
{
    weir__range r[2] = { weir__range_none(), weir__range_none() };
    for (int64_t i = 0; i < 2 * n; i++) r[i % 2] = weir__range_add(r[i % 2], xy[i]);
    for (int i = 0; i < 2; i++) {
        r[i] = weir__range_open(r[i]);
        double pad = 0.1 * (r[i].hi - r[i].lo);
        r[i] = (weir__range){ r[i].lo - pad, r[i].hi + pad };
    }
    k->x0 = r[0].lo;
    k->x1 = r[0].hi;
    k->y0 = r[1].lo;
    k->y1 = r[1].hi;
}

/* Under which condition would be anybody's guess. */
static void report_figures_density(gather *g)
{
    weir__plane *k = &g->plane;
    if (weir__gather_is_conditional(g)) {
        weir__note(g, "The model\u2019s density depends on its condition: none is shown.");
        return;
    }
    int64_t n = DENSITY * DENSITY;
    double *x = weir__alloc_n(g->c, weir__size_times(n, 2), sizeof *x);
    g->log_p = weir__alloc_n(g->c, n, sizeof *g->log_p);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.on_step = weir__gather_step;
    o.user = g;
    g->part = "density";
    for (int64_t i = 0; x && i < n; i++) {
        x[2 * i] = k->x0 + (k->x1 - k->x0) * ((double)(i % DENSITY) + 0.5) / DENSITY;
        x[2 * i + 1] = k->y0 + (k->y1 - k->y0) * ((double)(i / DENSITY) + 0.5) / DENSITY;
    }
    if (x && g->log_p
        && weir_model_log_prob_into_f64(g->model, x, n, &o, g->log_p, NULL) == WEIR_OK) {
        k->side = DENSITY;
        k->log_p = g->log_p;
    } else if (weir__forgive(g)) {
        weir__note(g, "The model gives no density.");
    }
    weir__free(g->c, x);
}

/* The way of the first samples, for models that have one. */
static void report_figures_walk(gather *g)
{
    weir_sample_opts o = weir_sample_defaults();
    int64_t n = PATHS;
    g->paths = weir__alloc_n(g->c, (PATH_STEPS + 1) * PATHS * 2, sizeof *g->paths);
    o.use_seed = true;
    o.steps = PATH_STEPS;
    o.trajectory_f64 = g->paths;
    o.on_step = weir__gather_step;
    o.user = g;
    g->part = "trajectories";
    double ends[PATHS * 2];
    if (!g->paths) return;
    weir_scope s = weir_scope_begin(g->c);
    o.condition = weir__gather_condition(g, &n);
    bool drawn = weir_model_sample_into_f64(g->model, n, &o, ends) == WEIR_OK;
    weir_scope_end(s);
    if (drawn)
        g->plane.paths = (weir__paths){
            .title = "Particle paths.",
            .caption = weir__keep(
                g, "%lld particles from noise to data in %d steps%s; a dot where each arrives.",
                (long long)n, PATH_STEPS, weir__gather_under(g, n)),
            .xy = g->paths,
            .points = PATH_STEPS + 1,
            .n = n,
        };
    else weir__forgive(g); /* nice has none: its samples take one step */
}

static void plane(gather *g)
{
    weir__plane *k = &g->plane;
    int64_t n_real = POINTS, n = POINTS;
    if (weir_model_dim(g->model) != 2 || weir_model_levels(g->model) != 0) return;
    g->real = first_rows(g, &n_real);
    g->drawn = report_figures_draw(g, &n);
    if (!g->real && !g->drawn) return;
    if (g->real) frame_of(k, g->real, n_real);
    else frame_of(k, g->drawn, n);
    report_figures_density(g);
    if (g->stopped) return;
    k->title = "The model\u2019s density.";
    k->caption = "Probability per unit of area; brighter is denser.";
    if (g->real)
        k->points[0] = (weir__points){ "Data.",
                                       weir__keep(g, "The first %lld samples.", (long long)n_real),
                                       g->real, n_real };
    if (g->drawn)
        k->points[1] = (weir__points){ "Samples.",
                                       weir__keep(g, "%lld drawn by the model%s, seed\u00a00.",
                                                  (long long)n, weir__gather_under(g, n)),
                                       g->drawn, n };
    report_figures_walk(g);
    g->r.plane = k;
}

void weir__gather_figures(gather *g)
{
    if (!g->stopped) pictures(g);
    if (!g->stopped) plane(g);
}
