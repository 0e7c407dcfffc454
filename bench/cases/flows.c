/* flows.c - cases p3 and p4 of the peers, through the public API: flows trained, scored and
 * sampled. p3 is ten rational-quadratic spline couplings on 43 columns, in batches of 512; p4 is
 * Glow on 32 x 32 x 3, in batches of 16 (its couplings' networks as normflows has them: no actnorm
 * within and no channel of the edge; the priors of its split layers are work that the peer has
 * not). */
#include "fit.h"

enum { WARM = 3 };

static void flow_measure(weir__fit *f, const char *log_prob, const char *sample)
{
    weir__bench *b = f->b;
    const char *name = f->spec->name;
    int64_t shards = f->spec->shards;
    for (int i = 0; i < WARM; i++) weir__fit_train(f);
    weir__times_of(b, &f->train, b->seconds, weir__fit_train, f);
    weir__fit_score(f);
    weir__times_of(b, &f->score, b->seconds, weir__fit_score, f);
    weir__fit_sample(f);
    weir__times_of(b, &f->sample, b->seconds, weir__fit_sample, f);
    int64_t mb = weir__rss_mb();
    if (!weir_ok(b->ctx)) return;
    weir__result_print(b, &(weir__result){ name, "train_step", &f->train, mb, shards, NULL }, NULL);
    weir__result_print(b, &(weir__result){ name, log_prob, &f->score, mb, 0, NULL }, NULL);
    weir__result_print(b, &(weir__result){ name, sample, &f->sample, mb, 0, NULL }, NULL);
}

/* log_prob, sample: what the peers' program calls them */
static int flow_run(weir__bench *b, const weir__fit_spec *spec, const char *log_prob,
                    const char *sample)
{
    weir__fit f = { 0 };
    if (weir__fit_open(&f, b, spec)) flow_measure(&f, log_prob, sample);
    weir__fit_close(&f);
    return WEIR__EXIT_OK;
}

/* -- the rows ---------------------------------------------------------------------------------- */
static int p3_run(weir__bench *b)
{
    static const weir__fit_spec spec = {
        .name = "p3",
        .model = "nsf",
        .options = "dim=43 layers=10 mix=none bins=8 bound=3 net.width=128 net.blocks=2",
        .loader = "batch=512",
        .rows = 30000,
        .dim = 43,
        .draws = 512,
        .shards = 1,
    };
    return flow_run(b, &spec, "log_prob_512", "sample_512");
}

static int p4_run(weir__bench *b)
{
    static const weir__fit_spec spec = {
        .name = "p4",
        .model = "glow",
        .options = "shape=3,32,32 scales=3 depth=8 net.width=128 net.norm=none net.edge=no",
        .loader = "batch=16",
        .rows = 64,
        .dim = 3 * 32 * 32,
        .draws = 16,
        .uniform = true,
        .shards = 1,
    };
    return flow_run(b, &spec, "log_prob_16", "sample_16");
}

BENCH_ROW(p3, "a spline coupling flow on 43 columns: a training step, log p and samples of 512",
          "p3 --json --seconds 0.1");
BENCH_ROW(p4, "Glow on 32 x 32 x 3: a training step, log p and samples of 16",
          "p4 --json --seconds 0.1");
