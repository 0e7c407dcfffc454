/* report_table.c - a table beside what its model draws: columns over each other, their moments, and
 * the samples of the data that the model finds least likely. */
#include "train/columns.h"
#include "train/gather.h"

/* -- data and samples -------------------------------------------------------------------------- */
/* Whether samples are no pictures, which are shown as such. */
static bool is_table(const gather *g)
{
    const int64_t *shape;
    weir__image_shape image;
    int ndim = g->data ? weir_dataset_shape(g->data, &shape) : weir_model_shape(g->model, &shape);
    return !weir__image_shape_of(ndim, shape, weir_model_levels(g->model), &image);
}

/* What is shown of the data: not the first samples, for files may be sorted. */
static void table_data(gather *g)
{
    gather_table *t = &g->columns;
    weir_scope s = weir_scope_begin_no_grad(g->c);
    weir_batch *b = weir_dataset_batch(t->shown, 0, t->n);
    const double *weights = weir_batch_weights(b);
    t->data = weir__alloc_n(g->c, weir__size_times(t->n, t->dim), sizeof *t->data);
    if (t->data) weir_copy_to_f64(weir_batch_x(b), t->data, t->n * t->dim);
    if (weights) t->weights = weir__alloc_n(g->c, t->n, sizeof *t->weights);
    if (t->weights) memcpy(t->weights, weights, (size_t)t->n * sizeof *weights);
    weir_scope_end(s);
}

/* As many samples, under the conditions of the data's where the model wants some. */
static void table_samples(gather *g)
{
    gather_table *t = &g->columns;
    weir_sample_opts o = weir_sample_defaults();
    o.use_seed = true; /* seed 0: the page repeats */
    o.on_step = weir__gather_step;
    o.user = g;
    g->part = "samples";
    double *x = weir__alloc_n(g->c, weir__size_times(t->n, t->dim), sizeof *x);
    weir_scope s = weir_scope_begin(g->c);
    if (weir__gather_is_conditional(g) && t->shown)
        o.condition = weir__data_condition_of(g->model, weir_dataset_batch(t->shown, 0, t->n));
    if (x && weir_model_sample_into_f64(g->model, t->n, &o, x) == WEIR_OK) t->drawn = x;
    weir_scope_end(s);
    if (t->drawn || !x) return;
    if (weir__forgive(g)) weir__note(g, "The model could not be sampled.");
    weir__free(g->c, x);
}

/* -- columns ----------------------------------------------------------------------------------- */
static weir__range column_range(const weir__lines *s, int64_t j)
{
    weir__range r = weir__range_none();
    for (int64_t i = 0; i < s->n; i++) r = weir__range_add(r, s->x[i * s->dim + j]);
    return r;
}

static weir__range column_typical(gather *g, const weir__lines *s, int64_t j, double *values)
{
    for (int64_t i = 0; i < s->n; i++) values[i] = s->x[i * s->dim + j];
    return weir__range_typical(g->c, s->n, values);
}

/* Of how many different integers a column of them can be; 0: it is none. */
static double column_integers(const weir__lines *s, int64_t j)
{
    weir__range r = column_range(s, j);
    for (int64_t i = 0; i < s->n; i++)
        if (s->x[i * s->dim + j] != floor(s->x[i * s->dim + j])) return 0;
    return r.lo <= r.hi ? r.hi - r.lo + 1 : 0;
}

/* Where nearly all values of both are, and a little more; few integers have a bin each. */
static void column_frame(gather *g, const weir__lines *s, int64_t j, weir__table_column *k,
                         double *scratch)
{
    double integers = column_integers(&s[WEIR__TABLE_DATA], j);
    weir__range r = weir__range_none();
    k->bins = WEIR__TABLE_BINS;
    if (integers > 1 && integers <= WEIR__TABLE_BINS) {
        r = column_range(&s[WEIR__TABLE_DATA], j);
        k->bins = (int64_t)integers;
        k->lo = r.lo - 0.5;
        k->hi = r.hi + 0.5;
        return;
    }
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        weir__range one = column_typical(g, &s[set], j, scratch);
        r = weir__range_add(weir__range_add(r, one.lo), one.hi);
    }
    r = weir__range_open(r);
    k->lo = r.lo - 0.05 * (r.hi - r.lo);
    k->hi = r.hi + 0.05 * (r.hi - r.lo);
}

static const char *report_table_column_name(gather *g, int64_t j)
{
    const weir_words *names = g->data ? &g->data->store->columns : NULL;
    if (names && j < names->n) return weir__keep(g, "%.200s", names->at[j]);
    return weir__keep(g, "x%lld", (long long)j + 1);
}

static void column_fill(gather *g, const weir__lines *s, int64_t j, double *scratch)
{
    weir__table_column *k = &g->table.columns[j];
    weir__range data = column_range(&s[WEIR__TABLE_DATA], j);
    k->name = report_table_column_name(g, j);
    column_frame(g, s, j, k, scratch);
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        weir__table_set *of = &g->table.sets[set];
        if (weir__column_moments(g->c, &s[set], j, &k->of[set]) != WEIR_OK) return;
        k->of[set].outside = weir__column_outside(&s[set], j, data);
        weir__column_bins(&s[set], j, k, k->of[set].density);
        for (int64_t i = 0; i < g->table.n_columns; i++)
            of->correlation[i][j] = weir__column_correlation(&s[set], i, j);
    }
}

static void columns_fill(gather *g)
{
    gather_table *t = &g->columns;
    const double *by = weir__gather_is_conditional(g) ? t->weights : NULL;
    const weir__lines sets[] = { { t->data ? t->n : 0, t->dim, t->data, t->weights },
                                 { t->drawn ? t->n : 0, t->dim, t->drawn, by } };
    static const char *const names[] = { "data", "samples" };
    double *scratch = weir__alloc_n(g->c, t->n, sizeof *scratch);
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        weir__table_set *s = &g->table.sets[set];
        s->name = names[set];
        s->n = sets[set].n;
        s->stride = t->dim;
        s->x = sets[set].x;
    }
    for (int64_t j = 0; scratch && j < g->table.n_columns; j++) column_fill(g, sets, j, scratch);
    weir__free(g->c, scratch);
}

/* -- outliers ---------------------------------------------------------------------------------- */
/* What has no density at all stands first. */
static bool less_likely(double a, double b) { return isnan(a) ? !isnan(b) : a < b; }

/* Among the least likely, in their order. */
static void outlier_offer(weir__table *t, weir__outlier o)
{
    weir__outlier *least = t->outliers;
    int64_t i = t->n_outliers < WEIR__TABLE_OUTLIERS ? t->n_outliers++ : WEIR__TABLE_OUTLIERS;
    for (; i > 0 && less_likely(o.log_p, least[i - 1].log_p); i--)
        if (i < WEIR__TABLE_OUTLIERS) least[i] = least[i - 1];
    if (i < WEIR__TABLE_OUTLIERS) least[i] = o;
}

void weir__gather_outliers(void *user, int64_t first, int64_t n, const int64_t *ids,
                           const double *weights, const double *log_prob)
{
    gather *g = user;
    for (int64_t i = 0; i < n; i++) {
        if (weights && weights[i] == 0) continue;
        g->columns.scored++;
        outlier_offer(&g->table, (weir__outlier){ .id = ids[i], .log_p = log_prob[i] });
    }
}

static void outliers(gather *g)
{
    weir__table *t = &g->table;
    double *x = weir__alloc_n(g->c, weir__size_times(t->n_outliers, g->columns.dim), sizeof *x);
    g->columns.outliers = x;
    for (int64_t i = 0; x && i < t->n_outliers; i++, x += g->columns.dim) {
        if (!weir__store_gather(g->c, g->data->store, WEIR_F64, &t->outliers[i].id, 1, x)) return;
        t->outliers[i].x = x;
    }
    t->outliers_note = weir__keep(
        g,
        "Of the %lld samples of the data that were scored above those "
        "that the model finds least likely, by their numbers in the data.",
        (long long)g->columns.scored);
}

/* -- all of it --------------------------------------------------------------------------------- */
static void table_caption(gather *g)
{
    const gather_table *t = &g->columns;
    const char *few = "", *weighted = "";
    if (t->dim > g->table.n_columns)
        few = weir__keep(g, " The first %lld of %lld columns.", (long long)g->table.n_columns,
                         (long long)t->dim);
    if (t->weights) weighted = " Histograms, moments and quantiles are by weight, dots are not.";
    g->table.caption = weir__keep(
        g,
        "%lld of each: samples of the data chosen by a fixed hash, and samples of the model "
        "(seed\u00a00%s). Above the diagonal the correlations.%s%s",
        (long long)t->n, weir__gather_is_conditional(g) ? ", under the same conditions" : "", few,
        weighted);
}

void weir__gather_table(gather *g)
{
    gather_table *t = &g->columns;
    if (g->stopped || !is_table(g) || (!g->data && weir__gather_is_conditional(g))) return;
    t->dim = weir_model_dim(g->model);
    t->n = POINTS;
    if (g->data) t->shown = weir__dataset_some(g->data, POINTS);
    if (t->shown) t->n = weir_dataset_samples(t->shown);
    if (t->shown) table_data(g);
    table_samples(g);
    if (!weir_ok(g->c) || g->stopped || (!t->data && !t->drawn)) return;
    g->table.n_columns = t->dim < WEIR__TABLE_COLUMNS ? t->dim : WEIR__TABLE_COLUMNS;
    columns_fill(g);
    if (t->data && g->table.n_outliers > 0) outliers(g);
    table_caption(g);
    g->r.table = &g->table;
}

void weir__gather_table_free(gather *g)
{
    gather_table *t = &g->columns;
    weir__free(g->c, t->data);
    weir__free(g->c, t->drawn);
    weir__free(g->c, t->weights);
    weir__free(g->c, t->outliers);
    weir_dataset_free(t->shown);
}
