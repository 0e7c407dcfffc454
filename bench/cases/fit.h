/* fit.h - what the cases that train a model share: its data, loader, model and optimizer, and the
 * three calls that are timed. */
#ifndef WEIR_BENCH_CASES_FIT_H
#define WEIR_BENCH_CASES_FIT_H
#include "bench.h"

typedef struct weir__fit_spec {
    const char *name;            /* "p3" */
    const char *model, *options; /* a row and its options */
    const char *loader;          /* options of a loader over x [rows, dim] */
    int64_t rows, dim;
    bool uniform; /* x in [0, 1), else from N(0, 1) */
    int64_t draws; /* samples a call draws and scores */
    const char *solver; /* NULL: not a matter of this model */
    int64_t steps;      /* of the solver */
    int64_t shards;
} weir__fit_spec;

typedef struct weir__fit {
    weir__bench *b;
    const weir__fit_spec *spec;
    float *x, *drawn; /* [rows, dim], [draws, dim] */
    double *log_p;    /* [draws] */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir__times train, score, sample;
} weir__fit;

/* Makes all of it. False: the error is set. A `loader` that is there already stays, without x. */
bool weir__fit_open(weir__fit *f, weir__bench *b, const weir__fit_spec *spec);
void weir__fit_close(weir__fit *f);

/* The timed calls, of a weir__fit: a training step; log p of the first samples of x; drawing, the
 * same ones every time. An error stays in the context. */
void weir__fit_train(void *fit);
void weir__fit_score(void *fit);
void weir__fit_sample(void *fit);

#endif
