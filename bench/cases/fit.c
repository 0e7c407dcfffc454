/* fit.c - see fit.h. */
#include <stdlib.h>
#include "fit.h"

enum { CALLS_MAX = 1000000 };

static bool fit_memory(weir__fit *f)
{
    const weir__fit_spec *s = f->spec;
    f->x = f->loader ? NULL : malloc(sizeof(float) * (size_t)(s->rows * s->dim));
    f->drawn = malloc(sizeof(float) * (size_t)(s->draws * s->dim + 1));
    f->log_p = malloc(sizeof(double) * (size_t)(s->draws + 1));
    if ((f->x || f->loader) && f->drawn && f->log_p) return true;
    weir_fail(f->b->ctx, WEIR_ERROR_MEMORY, "bench %s: expected more free memory", s->name);
    return false;
}

static void fit_data(weir__fit *f)
{
    const weir__fit_spec *s = f->spec;
    uint64_t key = weir__hash_text(s->name);
    for (int64_t i = 0; i < s->rows * s->dim; i++) {
        uint64_t sample = (uint64_t)(i / s->dim), column = (uint64_t)(i % s->dim);
        f->x[i] = (float)(s->uniform ? weir__uniform(key, sample, column)
                                     : weir__normal(key, sample, column));
    }
}

bool weir__fit_open(weir__fit *f, weir__bench *b, const weir__fit_spec *spec)
{
    weir_ctx *c = b->ctx;
    f->b = b;
    f->spec = spec;
    if (!fit_memory(f) || !weir__times_open(b, &f->train, CALLS_MAX)
        || !weir__times_open(b, &f->score, CALLS_MAX)
        || !weir__times_open(b, &f->sample, CALLS_MAX))
        return false;
    if (!f->loader) {
        fit_data(f);
        f->loader = weir_loader_from_array(c, f->x, spec->rows, spec->dim, spec->loader);
    }
    f->model = weir_model_new(c, spec->model, spec->options);
    f->optim = weir_optim_new(weir_model_module(f->model), "adam", "lr=1e-3");
    return weir_ok(c);
}

void weir__fit_close(weir__fit *f)
{
    weir_optim_free(f->optim);
    weir_model_free(f->model);
    weir_loader_free(f->loader);
    free(f->x);
    free(f->drawn);
    free(f->log_p);
    free(f->train.at);
    free(f->score.at);
    free(f->sample.at);
}

void weir__fit_train(void *fit)
{
    weir__fit *f = fit;
    weir_step_opts o = weir_step_defaults();
    weir_step_info info = { .size = sizeof info };
    o.shards = f->spec->shards;
    weir_scope s = weir_scope_begin(f->b->ctx);
    weir_train_step_with(f->model, f->optim, weir_loader_next(f->loader), &o, &info);
    weir_scope_end(s);
}

void weir__fit_score(void *fit)
{
    weir__fit *f = fit;
    int64_t n = f->spec->draws;
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.batch = n;
    if (weir_model_log_prob_into(f->model, f->x, n, &o, f->log_p, NULL) != WEIR_OK) return;
}

void weir__fit_sample(void *fit)
{
    weir__fit *f = fit;
    int64_t n = f->spec->draws;
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.batch = n;
    if (f->spec->solver) {
        o.solver = f->spec->solver;
        o.steps = f->spec->steps;
    }
    if (weir_model_sample_into(f->model, n, &o, f->drawn) != WEIR_OK) return;
}
