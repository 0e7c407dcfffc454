/* report_scores.c - log-likelihoods of a run's splits, as `weir score` counts them. */
#include "train/gather.h"

enum { SCORED_ROWS = 10000 };

static void column_scores(gather *g, const weir_data_log_prob_info *s)
{
    double e = s->nats_stderr, bits = weir_bits_per_dim(-e, s->dim, s->levels);
    const double value[] = { s->nats, s->nats_unit_range, s->bits_per_dim, s->excess };
    const double error[] = { e, e, bits, s->excess_stderr };
    for (int k = 0; k < 4; k++) {
        g->scores[k].value[g->r.n_columns] = value[k];
        g->scores[k].error[g->r.n_columns] = error[k];
    }
}

/* "2,000 of 50,000 rows"; by weight, how many of equal weight would say as much. */
static const char *column_rows(gather *g, int64_t of, const weir_data_log_prob_info *s)
{
    char count[WEIR__NUMBER], all[WEIR__NUMBER + 8] = "", number[WEIR__NUMBER];
    weir__number(count, (double)s->n, 0);
    if (s->n < of) snprintf(all, sizeof all, " of %s", weir__number(number, (double)of, 0));
    if (!(s->n_effective < (double)s->n_counted * 0.999))
        return weir__keep(g, "%s%s samples", count, all);
    return weir__keep(g, "%s%s samples, by weight as good as %s", count, all,
                      weir__number(number, s->n_effective, 0));
}

/* A solve by fixed steps bounds no error; what twice as many change shows it. */
static void column_steps(gather *g, const char *split, const weir_data_log_prob_info *s)
{
    char change[32];
    if (s->fixed_steps == 0 || s->n_doubled == 0) return;
    weir__format(change, sizeof change, "%.2g", s->step_error);
    weir__note(g, weir__keep(g,
                             "Log-densities of %s samples are by %lld fixed steps of %s; twice as "
                             "many change a sample by %s nats.",
                             split, (long long)s->fixed_steps, strchr(s->solver, '.') + 1, change));
}

static void column_add(gather *g, const char *split, const char *name, int64_t of,
                       const weir_data_log_prob_info *s)
{
    column_scores(g, s);
    g->r.columns[g->r.n_columns++] = (weir__scored){ name, column_rows(g, of, s) };
    column_steps(g, split, s);
    if (s->n_left_out == 0) return;
    weir__note(g, weir__keep(g,
                             "%lld %s samples have no finite log-density and are left out of the "
                             "means.",
                             (long long)s->n_left_out, split));
}

/* One column: a split, or `most` of its samples. */
static void score_split(gather *g, const char *split, const char *name, int64_t most)
{
    weir_dataset *whole = weir_dataset_split(g->data, split);
    weir_dataset *d = weir__dataset_some(whole, most);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_data_log_prob_info info = { .size = sizeof info };
    o.how = &how;
    o.on_batch = weir__gather_outliers;
    o.user = g;
    how.seed = 1; /* as `weir score` does unless told: the numbers agree */
    how.use_seed = true;
    how.on_step = weir__gather_step;
    how.user = g;
    g->part = "scores";
    if (weir_ok(g->c) && !g->stopped && weir__data_log_prob(g->model, d, &o, true, &info) == WEIR_OK
        && info.n > 0)
        column_add(g, split, name, weir_dataset_samples(whole), &info);
    weir_dataset_free(d);
    weir_dataset_free(whole);
    bool lost = weir__forgive(g);
    if (lost && strcmp(split, "test") != 0) /* not all data have a test split */
        weir__note(g, weir__keep(g, "The %s samples could not be scored.", name));
}

static const char *scores_of_integers(const weir_model *m)
{
    if (m->dequantizer && m->dequantizer->row == &weir__dequantizer_variational)
        return "\u00b1 is one standard error over samples. Integers are dequantised by noise that "
               "is "
               "learned with the model, one draw, seed 1: lower bounds.";
    return "\u00b1 is one standard error over samples. Integers are dequantised: uniform noise on "
           "[0, 1), one draw, seed 1.";
}

void weir__gather_scores(gather *g)
{
    static const weir__score rows[] = {
        { .name = "Log-likelihood",
          .unit = "nats",
          .doc = "log-density of the data as stored",
          .decimals = 3 },
        { .name = "Log-likelihood, unit range",
          .unit = "nats",
          .doc = "of the same data scaled to [0, 1)",
          .decimals = 2 },
        { .name = "Bits per dimension",
          .unit = "bits/dim",
          .doc = "\u2212nats / (dim \u00b7 ln 2), lower is better",
          .decimals = 4 },
        { .name = "Excess over the true density",
          .unit = "nats",
          .doc = "log p true \u2212 log p model on the same samples, 0 is perfect",
          .decimals = 4 },
    };
    memcpy(g->scores, rows, sizeof rows);
    if (!g->data) return;
    if (g->data->opts.split == WEIR__SPLIT_ALL || g->data->opts.split == WEIR__SPLIT_TRAIN)
        score_split(g, "train", "training", POINTS);
    if (g->data->opts.split != WEIR__SPLIT_TEST) score_split(g, "valid", "validation", SCORED_ROWS);
    score_split(g, "test", "test", SCORED_ROWS);
    if (g->r.n_columns == 0) return;
    double entropy = weir__dataset_entropy(g->data);
    bool integers = weir_model_levels(g->model) > 0;
    int64_t n = integers ? 3 : 1;
    g->r.scores_note = integers ? scores_of_integers(g->model)
                                : "\u00b1 is one standard error over samples.";
    if (isfinite(entropy)) {
        g->scores[n++] = g->scores[3];
        g->scores[n] =
            (weir__score){ .name = "True density",
                           .unit = "nats",
                           .doc = "its mean log-density: minus its entropy, the best there is",
                           .decimals = 3 };
        for (int64_t i = 0; i < WEIR__SCORED; i++) {
            g->scores[n].value[i] = -entropy;
            g->scores[n].error[i] = NAN;
        }
        n++;
    }
    g->r.scores = g->scores;
    g->r.n_scores = n;
}
