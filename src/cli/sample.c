/* sample.c - weir sample: draws from a model into a file. Sample i depends on the seed and i alone. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    const char *o, *solver, *noise, *class, *condition;
    int64_t n, seed, steps, threads, batch;
    double temperature;
} flags;

static const weir_option options[] = {
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "", 1, 1e10, NULL,
      "how many; of --condition FILE.npy a multiple of its rows, or one of each" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, NULL,
      "file: .npy, .csv, or .png for images and points of 2 values; f32, or f64 where the model wants it" },
    { "seed", WEIR_OPTION_INT, offsetof(flags, seed), "1", 0, 9007199254740992.0, NULL, "of the noise" },
    { "solver", WEIR_OPTION_TEXT, offsetof(flags, solver), "", 0, 0, NULL,
      "sampler of a continuous model, \"NAME key=value ..\" with options of its own" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e6, NULL, "steps of the sampler" },
    { "temperature", WEIR_OPTION_REAL, offsetof(flags, temperature), "1", 0, 1e6, NULL, "multiplies the noise" },
    { "noise", WEIR_OPTION_TEXT, offsetof(flags, noise), "", 0, 0, NULL, "Z.npy: start from these rows instead of drawing" },
    WEIR__FLAGS_CONDITION(flags),
    WEIR__FLAG_THREADS(flags),
    { "batch", WEIR_OPTION_INT, offsetof(flags, batch), "256", 1, 1e6, NULL, "samples at a time. Never changes a bit" },
    { 0 },
};

static int check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 1) return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir sample: expected %s", self->usage);
    if (!f->n && !weir__condition_is_file(f->condition)) return weir__complain(WEIR__EXIT_USAGE, "no -n: weir sample: expected how many");
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

static void tell_bad(const weir_sample_file_info *r)
{
    if (r->n_unfinished)
        weir__complain(0, "sample: the solver did not finish %lld of %lld samples: they are written as far as they came (sampler.max_steps)",
                       (long long)r->n_unfinished, (long long)r->n);
    if (r->n_not_finite)
        weir__complain(0, "sample: %lld of %lld samples are not finite: they are written as they are", (long long)r->n_not_finite, (long long)r->n);
}

/* -- running --------------------------------------------------------------------------------------------------------------------------- */
static bool lacks_png(const flags *f)
{
    return weir__ends_with(f->o, ".png") && !strstr(weir_build_features(), "png");
}

/* A model without solvers says so; the flag is named here. */
static int refused(const weir_ctx *c, const flags *f, const weir_model *m)
{
    if (weir_ok(c)) return weir__complain(128 + weir__signalled(), "sample: stopped: nothing is written");
    bool text = weir_status_of(c) == WEIR_ERROR_NAME || weir_status_of(c) == WEIR_ERROR_RANGE;
    if (text && f->solver) return weir__complain_ctx(c, true);
    bool of_solver = weir_status_of(c) == WEIR_ERROR_UNSUPPORTED && !lacks_png(f);
    if (!of_solver || (!f->solver && !f->steps)) return weir__complain_ctx(c, false);
    return weir__complain(WEIR__EXIT_USAGE, "--%s: %s: expected no such option, its samples are exact", f->solver ? "solver" : "steps",
                          weir_model_row_of(m)->name);
}

/* How many: as many as there are rows to condition on, unless said. 0, or an exit code. */
static int count(const flags *f, const weir_condition *k, int64_t *n)
{
    int64_t rows = weir_condition_samples(k);
    *n = f->n ? f->n : rows;
    if (rows < 1 || *n % rows == 0) return 0;
    return weir__complain(WEIR__EXIT_USAGE, "-n: %lld samples: expected a multiple of the %lld rows of %.200s", (long long)*n,
                          (long long)rows, f->condition);
}

static weir_sample_opts sample_opts(const flags *f, const weir__array *z)
{
    weir_sample_opts o = weir_sample_defaults();
    o.seed = (uint64_t)f->seed;
    o.use_seed = true;
    o.temperature = f->temperature;
    o.solver = f->solver;
    o.steps = f->steps;
    o.batch = f->batch;
    o.on_step = weir__signals_stop;
    o.noise = z->dtype == WEIR_F32 ? z->data : NULL;
    o.noise_f64 = z->dtype == WEIR_F64 ? z->data : NULL;
    return o;
}

static int draw(const flags *f, weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_sample_file_info info;
    weir__array z = { 0 };
    const weir_condition *k;
    int64_t dim = weir_model_dim(m), n = 0;
    int code = weir__condition_read(m, f->class, f->condition, &k);
    if (code == 0) code = weir__condition_check(m, k, false, false);
    if (code == 0) code = count(f, k, &n);
    if (code) return code;
    if (weir__ends_with(f->o, ".png") && dim != 2 && !weir_model_image_shape(m, NULL, NULL, NULL))
        return weir__complain(WEIR__EXIT_USAGE, "-o: %.200s: expected .npy or .csv, samples of %lld values are no picture", f->o, (long long)dim);
    if (f->noise) read_noise(c, f->noise, n, dim, &z);
    weir_sample_opts o = sample_opts(f, &z);
    o.condition = k;
    if (!weir_ok(c))
        code = weir__complain_ctx(c, false);
    else if (weir_model_sample_to_file(m, n, &o, f->o, &info) != WEIR_OK)
        code = refused(c, f, m);
    else
        tell_bad(&info);
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
    .usage = "RUN -n N -o FILE.{npy,csv,png} [--class K] [--condition FILE.npy|\"name=1.5,..\"] [--seed N] [--solver NAME] [--steps N]"
             " [--temperature X] [--noise Z.npy] [--threads N] [--batch N]",
    .more = "Sample i depends on the seed and i alone: -n 10 is the beginning of -n 1000. FILE appears whole or not at all.\n"
            "A model with classes wants --class, one with a context --condition: of FILE.npy with m rows, -n = r m draws r of each,\n"
            "in blocks, and one of each without -n. `weir info RUN` shows the names of classes and of values; 1=.. is the first value.\n",
    .most_positional = 1,
    .run = run,
};
