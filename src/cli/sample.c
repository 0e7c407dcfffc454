/* sample.c - weir sample: draws from a model into a file. Sample i depends on the seed and i alone. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *o, *solver, *noise;
    int64_t n, seed, steps, threads, batch;
    double temperature;
} flags;

static const weir_option options[] = {
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "", 1, 1e10, NULL, "how many" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "file: .npy, .csv, or .png for images and points of 2 values; f32, or f64 where the model wants it" },
    { "seed", WEIR_OPTION_INT, offsetof(flags, seed), "1", 0, 9007199254740992.0, NULL, "of the noise" },
    { "solver", WEIR_OPTION_TEXT, offsetof(flags, solver), "", 0, 0, NULL,
      "sampler of a continuous model, \"NAME key=value ..\" with options of its own" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e6, NULL, "steps of the sampler" },
    { "temperature", WEIR_OPTION_REAL, offsetof(flags, temperature), "1", 0, 1e6, NULL, "multiplies the noise" },
    { "noise", WEIR_OPTION_TEXT, offsetof(flags, noise), "", 0, 0, NULL, "Z.npy: start from these rows instead of drawing" },
    WEIR__FLAG_THREADS(flags),
    { "batch", WEIR_OPTION_INT, offsetof(flags, batch), "256", 1, 1e6, NULL, "samples at a time. Never changes a bit" },
    { 0 },
};

static int check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 1) return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir sample: expected %s", self->usage);
    if (!f->n) return weir__complain(WEIR__EXIT_USAGE, "no -n: weir sample: expected how many");
    if (!f->o) return weir__complain(WEIR__EXIT_USAGE, "no -o: weir sample: expected a file that ends in .npy, .csv or .png");
    if (!weir__ends_with(f->o, ".npy") && !weir__ends_with(f->o, ".csv") && !weir__ends_with(f->o, ".png"))
        return weir__complain(WEIR__EXIT_USAGE, "-o: %.200s: expected a name that ends in .npy, .csv or .png", f->o);
    return 0;
}

/* -- noise --------------------------------------------------------------------------------------------------------------------- */
static weir_status check_noise(weir_ctx *c, const char *path, const weir__array *a, int64_t n, int64_t dim)
{
    int64_t rows = a->ndim > 0 ? a->shape[0] : 0, columns = rows > 0 ? weir__array_numel(a) / rows : 0;
    if (a->dtype != WEIR_F32 && a->dtype != WEIR_F64)
        return weir_fail(c, WEIR_ERROR_DTYPE, "%.200s: noise of %s: expected float32 or float64", path, weir_dtype_name(a->dtype));
    if (columns != dim) return weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: noise of %lld values a row: expected %lld", path, (long long)columns, (long long)dim);
    if (rows < n) return weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: noise of %lld rows: expected at least the %lld of -n", path, (long long)rows, (long long)n);
    return WEIR_OK;
}

/* The file's rows, to be freed; where they cannot be had the error is set. */
static void read_noise(weir_ctx *c, const char *path, int64_t n, int64_t dim, weir__array *a)
{
    weir__bytes b;
    if (weir__file_read(c, path, (size_t)1 << 40, &b) != WEIR_OK) return;
    if (weir__npy_read(c, path, b.data, b.size, a) == WEIR_OK) check_noise(c, path, a, n, dim);
    weir__free(c, b.data);
}

/* -- files --------------------------------------------------------------------------------------------------------------------------- */
static weir_status write_array(weir_model *m, const char *path, const weir__samples *x)
{
    const int64_t *shape;
    weir_ctx *c = weir_model_ctx(m);
    weir__array a = { .dtype = x->dtype, .ndim = 2, .shape = { x->n, x->dim }, .data = x->data };
    if (weir__ends_with(path, ".csv")) return weir__csv_write(c, path, &a, NULL);
    a.ndim = 1 + weir_model_shape(m, &shape);
    memcpy(a.shape + 1, shape, (size_t)(a.ndim - 1) * sizeof *shape);
    return weir__npy_write(c, path, &a);
}

static weir_status write_samples(weir_model *m, const char *path, const weir__samples *x)
{
    weir_ctx *c = weir_model_ctx(m);
    weir__bytes png;
    if (!weir__ends_with(path, ".png")) return write_array(m, path, x);
    if (weir__picture(m, x, &png) == WEIR_OK) weir__file_write(c, path, png.data, png.size);
    weir__free(c, png.data);
    return weir_status_of(c);
}

static void tell_bad(const weir__samples *x, const weir_row_report *report)
{
    int64_t bad = 0, short_of_steps = 0, n = x->n;
    for (int64_t i = 0; i < n; i++) {
        bool good = true;
        for (int64_t j = 0; j < x->dim; j++)
            good = good && isfinite(weir__samples_at(x, i * x->dim + j));
        bad += !good;
        short_of_steps += good && report[i].end != WEIR_ROW_DONE;
    }
    if (short_of_steps)
        weir__complain(0, "sample: the solver did not finish %lld of %lld samples: they are written as far as they came (sampler.max_steps)",
                       (long long)short_of_steps, (long long)n);
    if (bad) weir__complain(0, "sample: %lld of %lld samples are not finite: they are written as they are", (long long)bad, (long long)n);
}

/* -- running --------------------------------------------------------------------------------------------------------------------------- */
/* A model without solvers says so; the flag is named here. */
static int refused(const weir_ctx *c, const flags *f, const weir_model *m)
{
    if (weir_ok(c)) return weir__complain(128 + weir__signalled(), "sample: stopped: nothing is written");
    if (weir_status_of(c) == WEIR_ERROR_NAME && f->solver) return weir__complain_ctx(c, true);
    if (weir_status_of(c) != WEIR_ERROR_UNSUPPORTED || (!f->solver && !f->steps)) return weir__complain_ctx(c, false);
    return weir__complain(WEIR__EXIT_USAGE, "--%s: %s: expected no such option, its samples are exact", f->solver ? "solver" : "steps",
                          weir_model_row_of(m)->name);
}

static weir_status sample_into(weir_model *m, const weir_sample_opts *o, const weir__samples *x)
{
    if (x->dtype == WEIR_F64) return weir_model_sample_into_f64(m, x->n, o, x->data);
    return weir_model_sample_into(m, x->n, o, x->data);
}

static int draw(const flags *f, weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_sample_opts o = weir_sample_defaults();
    int64_t dim = weir_model_dim(m);
    int channels, code = WEIR__EXIT_OK;
    int64_t h, w;
    if (weir__ends_with(f->o, ".png") && dim != 2 && !weir__image_shape(m, &channels, &h, &w))
        return weir__complain(WEIR__EXIT_USAGE, "-o: %.200s: expected .npy or .csv, samples of %lld values are no picture", f->o, (long long)dim);
    o.seed = (uint64_t)f->seed, o.use_seed = true;
    o.temperature = f->temperature, o.solver = f->solver, o.steps = f->steps, o.batch = f->batch;
    o.on_step = weir__signals_stop;
    weir__array z = { 0 };
    if (f->noise) read_noise(c, f->noise, f->n, dim, &z);
    o.noise = z.dtype == WEIR_F32 ? z.data : NULL;
    o.noise_f64 = z.dtype == WEIR_F64 ? z.data : NULL;
    weir__samples x = { .dtype = weir_model_data_dtype(m), .n = f->n, .dim = dim };
    if (f->n > INT64_MAX / 64 / dim) weir_fail(c, WEIR_ERROR_MEMORY, "-n: %lld samples of %lld values: expected fewer", (long long)f->n, (long long)dim);
    int64_t size = weir__size_times(f->n, dim);
    x.data = weir_ok(c) ? weir__alloc_n(c, size, weir_dtype_size(x.dtype)) : NULL;
    o.report = x.data ? weir__alloc0_n(c, f->n, sizeof *o.report) : NULL;
    if (!x.data || !o.report)
        code = weir__complain_ctx(c, false);
    else if (sample_into(m, &o, &x) != WEIR_OK)
        code = refused(c, f, m);
    else if (write_samples(m, f->o, &x) != WEIR_OK)
        code = weir__complain_ctx(c, false);
    else
        tell_bad(&x, o.report);
    weir__free(c, o.report);
    weir__free(c, x.data);
    weir__array_free(c, &z);
    return code;
}

static int run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = check(self, &f))) return code;
    weir_ctx *c = weir__cli_open(f.threads, (uint64_t)f.seed, &code);
    if (!c) return code;
    weir__signals_catch();
    weir_model *m = weir_model_load(c, f.base.positional[0]);
    code = weir_ok(c) ? draw(&f, m) : weir__complain_ctx(c, false);
    weir_model_free(m);
    weir_close(c);
    return code;
}

const weir__command weir__command_sample = {
    .row = { .size = sizeof(weir__command), .version = 1, .name = "command.sample", .doc = "draws from a model into a file",
             .options = options, .options_size = sizeof(flags), .test = "sample run -n 10 -o samples.npy --seed 3" },
    .usage = "RUN -n N -o FILE.{npy,csv,png} [--seed N] [--solver NAME] [--steps N] [--temperature X] [--noise Z.npy] [--threads N] [--batch N]",
    .more = "Sample i depends on the seed and i alone: -n 10 is the beginning of -n 1000. FILE appears whole or not at all.\n",
    .most_positional = 1,
    .run = run,
};
