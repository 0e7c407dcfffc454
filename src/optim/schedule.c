/* schedule.c - learning rates as pure functions of the step. Every schedule begins with `warmup`
 * steps that rise in a straight line: step k of them has (k + 1) / warmup of the rate. */
#include <math.h>
#include <stddef.h>
#include "optim/optim.h"

static double warm(double lr, int64_t step, int64_t warmup)
{
    return step < warmup ? lr * (double)(step + 1) / (double)warmup : lr;
}

#define WARMUP_OPTION(type) \
    { "warmup", WEIR_OPTION_INT, offsetof(type, warmup), "0", 0, 1e15, NULL, \
      "steps of linear rise from 0" }

/* -- constant ---------------------------------------------------------------------------------- */
typedef struct constant_opts {
    size_t size;
    int64_t warmup;
} constant_opts;
static const weir_option constant_options[] = { WARMUP_OPTION(constant_opts), { 0 } };

static double constant(const void *options, double lr, int64_t step, int64_t horizon)
{
    (void)horizon;
    return warm(lr, step, ((const constant_opts *)options)->warmup);
}

static const weir_schedule_row constant_row = {
    .row = {
        .size = sizeof(weir_schedule_row),
        .version = 1,
        .name = "schedule.constant",
        .doc = "the same rate throughout",
        .options = constant_options,
        .options_size = sizeof(constant_opts),
        .test = "warmup=10",
    },
    .rate = constant,
};

/* -- cosine ------------------------------------------------------------------------------------ */
typedef struct cosine_opts {
    size_t size;
    int64_t warmup;
    double floor;
} cosine_opts;
static const weir_option cosine_options[] = {
    WARMUP_OPTION(cosine_opts),
    { "floor", WEIR_OPTION_REAL, offsetof(cosine_opts, floor), "0", 0, 1, NULL,
      "last rate, as a part of lr" },
    { 0 },
};

/* Half a cosine from lr at the end of the warm-up to floor * lr at the horizon (Loshchilov, Hutter
 * 2017, one cycle). */
static double cosine(const void *options, double lr, int64_t step, int64_t horizon)
{
    const cosine_opts *o = options;
    if (step < o->warmup) return warm(lr, step, o->warmup);
    double length = (double)(horizon - o->warmup);
    double at = length > 0 ? (double)(step - o->warmup) / length : 1;
    if (at > 1) at = 1;
    return lr * (o->floor + (1 - o->floor) * 0.5 * (1 + cos(3.14159265358979323846 * at)));
}

static const weir_schedule_row cosine_row = {
    .row = {
        .size = sizeof(weir_schedule_row),
        .version = 1,
        .name = "schedule.cosine",
        .doc = "half a cosine down to floor * lr at the horizon",
        .options = cosine_options,
        .options_size = sizeof(cosine_opts),
        .test = "warmup=10 floor=0.1",
    },
    .rate = cosine,
};

/* -- nice -------------------------------------------------------------------------------------- */
typedef struct nice_opts {
    size_t size;
    int64_t warmup;
    double decay, floor;
} nice_opts;
static const weir_option nice_options[] = {
    WARMUP_OPTION(nice_opts),
    { "decay", WEIR_OPTION_REAL, offsetof(nice_opts, decay), "1.0005", 1, 10, NULL,
      "the rate is divided by it after every update" },
    { "floor", WEIR_OPTION_REAL, offsetof(nice_opts, floor), "1e-4", 0, 1e3, NULL, "lowest rate" },
    { 0 },
};

/* pylearn2's ExponentialDecay as exp/nice_mnist.yaml of the NICE authors' code sets it. A rate that
 * starts below the floor stays. */
static double nice(const void *options, double lr, int64_t step, int64_t horizon)
{
    const nice_opts *o = options;
    (void)horizon;
    double rate = lr * exp(-(double)step * log(o->decay));
    double floor = o->floor < lr ? o->floor : lr;
    return warm(rate > floor ? rate : floor, step, o->warmup);
}

static const weir_schedule_row nice_row = {
    .row = {
        .size = sizeof(weir_schedule_row),
        .version = 1,
        .name = "schedule.nice",
        .doc = "lr / decay^step, not below floor (the NICE authors')",
        .options = nice_options,
        .options_size = sizeof(nice_opts),
        .test = "decay=1.01 floor=1e-4",
    },
    .rate = nice,
};

const weir_row *const weir__schedule_rows[] = { &constant_row.row, &cosine_row.row, &nice_row.row };
const int64_t weir__schedule_row_count = sizeof weir__schedule_rows / sizeof *weir__schedule_rows;
