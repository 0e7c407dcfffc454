/* report_scores.c - log-likelihoods of a run's splits, as `weir score` counts them. */
#include "train/gather.h"

enum { SCORED_ROWS = 10000 };

/* Log-densities of rows first .. first+n-1, and of the truth less ours where it is known. */
static void score_rows(gather *g, weir_dataset *d, int64_t first, int64_t n, weir__mean *nats, weir__mean *excess)
{
    double ours[WEIR__CHUNK_ROWS], truth[WEIR__CHUNK_ROWS];
    weir_scope s = weir_scope_begin_no_grad(g->c);
    weir_score_opts o = weir_score_defaults();
    o.seed = 1, o.use_seed = true; /* as `weir score` does unless told: the numbers agree */
    weir_batch *b = weir_dataset_batch(d, first, n);
    weir_tensor *lp = weir_model_log_prob(g->model, b, &o, NULL);
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, ours, n) == WEIR_OK) {
        const double *w = weir_batch_weights(b);
        bool known = weir_dataset_true_log_prob(d, first, n, truth);
        for (int64_t i = 0; i < n; i++) {
            weir__mean_add(nats, ours[i], w ? w[i] : 1);
            if (known) weir__mean_add(excess, truth[i] - ours[i], w ? w[i] : 1);
        }
    }
    weir_scope_end(s);
}

static void column_scores(gather *g, int i, const weir__mean *nats, const weir__mean *excess)
{
    int64_t dim = weir_model_dim(g->model), levels = weir_model_levels(g->model);
    double v = weir__mean_value(nats), e = weir__mean_error(nats);
    const double value[] = {
        v,
        weir_nats_unit_range(v, dim, levels),
        weir_bits_per_dim(v, dim, levels),
        weir__mean_value(excess),
    };
    const double error[] = { e, e, weir_bits_per_dim(-e, dim, levels), weir__mean_error(excess) };
    for (int k = 0; k < 4; k++) {
        g->scores[k].value[i] = value[k];
        g->scores[k].error[i] = error[k];
    }
}

/* "2,000 of 50,000 rows"; by weight, how many of equal weight would say as much. */
static const char *rows_text(gather *g, int64_t n, int64_t of, const weir__mean *nats)
{
    char count[WEIR__NUMBER], all[WEIR__NUMBER + 8] = "", number[WEIR__NUMBER];
    double m = weir__mean_effective(nats);
    weir__number(count, (double)n, 0);
    if (n < of) snprintf(all, sizeof all, " of %s", weir__number(number, (double)of, 0));
    if (!(m < (double)nats->n * 0.999)) return weir__keep(g, "%s%s rows", count, all);
    return weir__keep(g, "%s%s rows, by weight as good as %s", count, all,
                      weir__number(number, m, 0));
}

/* One column: a split, or `most` of its rows. */
static void score_split(gather *g, const char *split, const char *name, int64_t most)
{
    weir_dataset *whole = weir_dataset_split(g->data, split), *d = weir__dataset_some(whole, most);
    int64_t rows = weir_dataset_rows(whole), n = weir_dataset_rows(d);
    weir__mean nats = { 0 }, excess = { 0 };
    for (int64_t first = 0; weir_ok(g->c) && first < n; first += WEIR__CHUNK_ROWS)
        score_rows(g, d, first, n - first < WEIR__CHUNK_ROWS ? n - first : WEIR__CHUNK_ROWS, &nats, &excess);
    if (weir_ok(g->c) && n > 0) {
        column_scores(g, (int)g->r.n_columns, &nats, &excess);
        g->r.columns[g->r.n_columns++] = (weir__scored){ name, rows_text(g, n, rows, &nats) };
        if (nats.failed) weir__note(g, weir__keep(g, "%lld %s rows have no finite log-density and are left out of the means.", (long long)nats.failed, split));
    }
    weir_dataset_free(d);
    weir_dataset_free(whole);
    if (weir__forgive(g) && strcmp(split, "test") != 0) weir__note(g, weir__keep(g, "The %s rows could not be scored.", name)); /* not all data have a test split */
}

void weir__gather_scores(gather *g)
{
    static const weir__score rows[] = {
        { .name = "Log-likelihood", .unit = "nats", .doc = "log-density of the data as stored", .decimals = 3 },
        { .name = "Log-likelihood, unit range", .unit = "nats", .doc = "of the same data scaled to [0, 1)", .decimals = 2 },
        { .name = "Bits per dimension", .unit = "bits/dim", .doc = "\u2212nats / (dim \u00b7 ln 2), lower is better", .decimals = 4 },
        { .name = "Excess over the true density", .unit = "nats", .doc = "log p true \u2212 log p model on the same rows, 0 is perfect", .decimals = 4 },
    };
    memcpy(g->scores, rows, sizeof rows);
    if (!g->data) return;
    if (g->data->opts.split == WEIR__SPLIT_ALL || g->data->opts.split == WEIR__SPLIT_TRAIN) score_split(g, "train", "training", POINTS);
    if (g->data->opts.split != WEIR__SPLIT_TEST) score_split(g, "valid", "validation", SCORED_ROWS);
    score_split(g, "test", "test", SCORED_ROWS);
    if (g->r.n_columns == 0) return;
    double entropy = weir__dataset_entropy(g->data);
    bool integers = weir_model_levels(g->model) > 0;
    int64_t n = integers ? 3 : 1;
    g->r.scores_note = integers ? "\u00b1 is one standard error over rows. Integers are dequantised: uniform noise on [0, 1), one draw, seed 1."
                                : "\u00b1 is one standard error over rows.";
    if (isfinite(entropy)) {
        g->scores[n++] = g->scores[3];
        g->scores[n] = (weir__score){ .name = "True density", .unit = "nats", .doc = "its mean log-density: minus its entropy, the best there is", .decimals = 3 };
        for (int64_t i = 0; i < WEIR__SCORED; i++) g->scores[n].value[i] = -entropy, g->scores[n].error[i] = NAN;
        n++;
    }
    g->r.scores = g->scores, g->r.n_scores = n;
}
