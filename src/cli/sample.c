/* sample.c - weir sample: draws from a model into a file. Sample i depends on the seed and i alone.
 */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "train/train.h"
#include "weir/latent.h"

typedef struct flags {
    weir__flags base;
    const char *o, *solver, *path, *noise, *image, *from, *log_prob, *class, *condition;
    int64_t n, seed, steps, threads, batch;
    double temperature, strength, timeout;
    bool null;
} flags;

static const weir_option options[] = {
    { "n", WEIR_OPTION_INT, offsetof(flags, n), "", 1, 1e10, NULL,
      "how many; of --condition FILE.npy a multiple of its lines, or one of each" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file: .npy, .csv, or .png for images and points of 2 values; f32, or f64 where the model "
      "wants it" },
    WEIR__FLAG_SEED(flags, "of the noise"),
    WEIR__FLAG_SOLVER(flags, "sampler of a continuous model"),
    WEIR__FLAG_STEPS(flags),
    WEIR__FLAG_PATH(flags),
    { "temperature", WEIR_OPTION_REAL, offsetof(flags, temperature), "1", 0, 1e6, NULL,
      "multiplies the noise" },
    { "noise", WEIR_OPTION_TEXT, offsetof(flags, noise), "", 0, 0, NULL,
      "Z.npy: begin at this noise, a line a sample, instead of drawing" },
    { "image", WEIR_OPTION_TEXT, offsetof(flags, image), "", 0, 0, NULL,
      "SPEC of data, such as an image file: begin at its samples with noise, as often at each" },
    { "from", WEIR_OPTION_TEXT, offsetof(flags, from), "", 0, 0, NULL,
      "SPEC of data: begin at these in place of the source, of a model trained with source=" },
    { "strength", WEIR_OPTION_REAL, offsetof(flags, strength), "0.5", 1e-9, 1, NULL,
      "S: the noise that --image is given, sigma = S / (1 - S) of the data's scale; 1: noise "
      "alone" },
    { "log-prob", WEIR_OPTION_TEXT, offsetof(flags, log_prob), "", 0, 0, NULL,
      "file for the nats of every sample, log q of what was drawn, of the same pass; .npy or "
      ".csv" },
    WEIR__FLAGS_CONDITION(flags),
    { "null", WEIR_OPTION_BOOL, offsetof(flags, null), "no", 0, 0, NULL,
      "without a class and context, of a model trained with condition.dropout" },
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_TIMEOUT(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

/* The data that samples begin at: a SPEC, or NULL. */
static const char *begins(const flags *f) { return f->image ? f->image : f->from; }

static int sample_check(const weir__command *self, const flags *f)
{
    if (f->base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir sample: expected %s", self->usage);
    if (!f->n && !begins(f) && !weir__condition_is_file(f->condition))
        return weir__complain(WEIR__EXIT_USAGE, "no -n: weir sample: expected how many");
    if (begins(f) && f->noise)
        return weir__complain(WEIR__EXIT_USAGE, "--noise: together with --%s: expected one of them",
                              f->image ? "image" : "from");
    if (f->image && f->from)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--from: together with --image: expected one of them");
    if (!f->image && weir__flags_given(self, f, "strength"))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--strength: no --image: expected what to begin at");
    if (f->null && (f->class || f->condition))
        return weir__complain(WEIR__EXIT_USAGE, "--null: together with --%s: expected one of them",
                              f->class ? "class" : "condition");
    int code = f->log_prob ? weir__numbers_beside("--log-prob", f->log_prob, f->o) : 0;
    return code ? code : weir__samples_file("-o", f->o);
}

/* -- noise ------------------------------------------------------------------------------------- */
static weir_status check_noise(weir_ctx *c, const char *path, const weir__array *a, int64_t n,
                               int64_t dim)
{
    int64_t rows = a->ndim > 0 ? a->shape[0] : 0,
            columns = rows > 0 ? weir__array_numel(a) / rows : 0;
    if (a->dtype != WEIR_F32 && a->dtype != WEIR_F64)
        return weir_fail(c, WEIR_ERROR_DTYPE, "%.200s: noise of %s: expected float32 or float64",
                         path, weir_dtype_name(a->dtype));
    if (columns != dim)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.200s: noise of %lld values a sample: expected %lld", path,
                         (long long)columns, (long long)dim);
    if (rows < n)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.200s: noise of %lld samples: expected at least the %lld of -n", path,
                         (long long)rows, (long long)n);
    return WEIR_OK;
}

/* The file's samples, to be freed; where they cannot be had the error is set. */
static void read_noise(weir_ctx *c, const char *path, int64_t n, int64_t dim, weir__array *a)
{
    weir__bytes b;
    if (weir__file_read(c, path, (size_t)1 << 40, &b) != WEIR_OK) return;
    if (weir__npy_read(c, path, b.data, b.size, a) == WEIR_OK) check_noise(c, path, a, n, dim);
    weir__free(c, b.data);
}

/* -- running ----------------------------------------------------------------------------------- */
static bool lacks_png(const flags *f)
{
    return weir__ends_with(f->o, ".png") && !strstr(weir_build_features(), "png");
}

static bool has_sampler(const weir_model *m)
{
    const weir_model_row *row = (const weir_model_row *)weir_model_row_of(m);
    return row->log_prob_kind != WEIR_LOG_PROB_EXACT;
}

/* A model without solvers says so; the flag is named here. */
static int sample_refused(const weir_ctx *c, const flags *f, const weir_model *m)
{
    if (weir_ok(c))
        return weir__complain(128 + weir__signalled(), "sample: stopped: nothing is written");
    bool text = weir_status_of(c) == WEIR_ERROR_NAME || weir_status_of(c) == WEIR_ERROR_RANGE;
    if (text && f->solver) return weir__complain_ctx(c, true);
    bool of_solver = weir_status_of(c) == WEIR_ERROR_UNSUPPORTED && !lacks_png(f);
    if (of_solver && has_sampler(m)) { /* but not what that one was asked for */
        weir__complain_ctx(c, false);
        return f->solver ? WEIR__EXIT_USAGE : WEIR__EXIT_FAILED;
    }
    if (!of_solver || (!f->solver && !f->steps)) return weir__complain_ctx(c, false);
    return weir__complain(WEIR__EXIT_USAGE,
                          "--%s: %s: expected no such option, its samples are exact",
                          f->solver ? "solver" : "steps", weir_model_row_of(m)->name);
}

static int is_multiple(int64_t n, int64_t rows, const char *of)
{
    if (rows < 1 || n % rows == 0) return 0;
    return weir__complain(WEIR__EXIT_USAGE,
                          "-n: %lld samples: expected a multiple of the %lld samples of %.200s",
                          (long long)n, (long long)rows, of);
}

/* How many: as many as there are samples to begin at or to condition on, unless said. 0, or an exit
 * code. */
static int count(const flags *f, const weir_condition *k, int64_t begun, int64_t *n)
{
    int64_t rows = weir_condition_samples(k);
    *n = f->n;
    if (*n == 0) *n = begun > rows ? begun : rows;
    int code = is_multiple(*n, rows, f->condition);
    return code ? code : is_multiple(*n, begun, begins(f));
}

/* -- begun at data ----------------------------------------------------------------------------- */
/* The samples of --image or --from, [*rows, dim], to be freed; NULL: none, or the error is set. */
static double *image_read(const flags *f, weir_model *m, int64_t *rows)
{
    weir_ctx *c = weir_model_ctx(m);
    double *x = NULL;
    *rows = 0;
    if (!begins(f)) return NULL;
    weir_dataset *d = weir_dataset_open(c, begins(f));
    if (weir_ok(c) && weir_dataset_dim(d) != weir_model_dim(m))
        weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: %lld values a sample: expected %lld", begins(f),
                  (long long)weir_dataset_dim(d), (long long)weir_model_dim(m));
    if (weir_ok(c)) x = weir__read_rows(c, d);
    if (x) *rows = weir_dataset_samples(d);
    weir_dataset_free(d);
    return x;
}

/* n samples, in blocks of each; x [rows, dim] is used up. */
static double *image_in_blocks(weir_ctx *c, double *x, int64_t rows, int64_t n, int64_t dim)
{
    if (!x || rows == n) return x;
    double *all = weir__alloc_n(c, weir__size_times(n, dim), sizeof *all);
    for (int64_t i = 0; all && i < n; i++)
        memcpy(all + i * dim, x + i / (n / rows) * dim, (size_t)dim * sizeof *x);
    weir__free(c, x);
    return all;
}

/* 0 with what is sampled under, or an exit code. */
static int read_condition(const flags *f, weir_model *m, const weir_condition **k)
{
    if (f->null) {
        *k = weir_model_null_condition(m, 1);
        if (weir_ok(weir_model_ctx(m))) return 0;
        weir__complain_ctx(weir_model_ctx(m), true);
        return WEIR__EXIT_USAGE;
    }
    int code = weir__condition_read(m, f->class, f->condition, k);
    return code ? code : weir__condition_check(m, *k, false, false);
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

/* A continuous model's samples have no log q of their own. */
static int refused_log_q(const weir_ctx *c, const flags *f, const weir_model *m)
{
    if (weir_status_of(c) != WEIR_ERROR_UNSUPPORTED || !has_sampler(m))
        return sample_refused(c, f, m);
    return weir__complain(WEIR__EXIT_USAGE,
                          "--log-prob: %s: expected a flow, whose samples say their log q",
                          weir_model_row_of(m)->name);
}

/* The samples with their own log q, whose file is written first. */
static int draw_scored(const flags *f, weir_model *m, int64_t n, const weir_sample_opts *o)
{
    weir_sample_file_info info = { .size = sizeof info };
    weir_ctx *c = weir_model_ctx(m);
    double *x = weir__alloc_n(c, weir__size_times(n, weir_model_dim(m)), sizeof *x);
    double *log_q = x ? weir__alloc_n(c, n, sizeof *log_q) : NULL;
    weir_status s = weir_status_of(c);
    const weir__samples all = { .dtype = WEIR_F64, .n = n, .dim = weir_model_dim(m), .data = x };
    if (log_q) s = weir__sample_by_ranks(m, o, &all, log_q);
    if (s == WEIR_OK && weir__ranks_first()) s = weir__write_nats(c, f->log_prob, n, log_q);
    if (s == WEIR_OK) s = weir_model_write_samples(m, x, n, f->o, &info);
    weir__free(c, log_q);
    weir__free(c, x);
    if (s != WEIR_OK) return refused_log_q(c, f, m);
    return weir__tell_samples(&weir__command_sample, &info);
}

static int draw_plainly(const flags *f, weir_model *m, int64_t n, const weir_sample_opts *o)
{
    weir_sample_file_info info = { .size = sizeof info };
    if (weir_model_sample_to_file(m, n, o, f->o, &info) != WEIR_OK)
        return sample_refused(weir_model_ctx(m), f, m);
    return weir__tell_samples(&weir__command_sample, &info);
}

/* x [n, dim]: what samples begin at; NULL: noise */
static int draw_from(const flags *f, weir_model *m, int64_t n, const weir_condition *k,
                     const double *x)
{
    weir_ctx *c = weir_model_ctx(m);
    weir__array z = { 0 };
    weir_sample_start start = weir_sample_start_defaults();
    int64_t dim = weir_model_dim(m);
    int code;
    if (weir__ends_with(f->o, ".png") && dim != 2 && !weir_model_image_shape(m, NULL, NULL, NULL))
        return weir__complain(
            WEIR__EXIT_USAGE,
            "-o: %.200s: expected .npy or .csv, samples of %lld values are no picture", f->o,
            (long long)dim);
    if (f->noise) read_noise(c, f->noise, n, dim, &z);
    weir_sample_opts o = sample_opts(f, &z);
    o.condition = k;
    start.x = x;
    start.at_source = f->from != NULL;
    if (f->image) start.strength = f->strength;
    if (x) o.start = &start;
    if (!weir_ok(c)) code = weir__complain_ctx(c, false);
    else code = (f->log_prob ? draw_scored : draw_plainly)(f, m, n, &o);
    weir__array_free(c, &z);
    return code;
}

static int sample_draw(const flags *f, weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    const weir_condition *k;
    int64_t dim = weir_model_dim(m), n = 0, rows;
    int code = read_condition(f, m, &k);
    if (code) return code;
    double *x = image_read(f, m, &rows);
    if (!weir_ok(c)) return weir__complain_ctx(c, false);
    code = count(f, k, rows, &n);
    if (code == 0) x = image_in_blocks(c, x, rows, n, dim);
    if (code == 0) code = draw_from(f, m, n, k, x);
    weir__free(c, x);
    return code;
}

static int sample_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = sample_check(self, &f)))
        return code;
    weir__ranks_wait(f.timeout);
    weir_ctx *c = weir__cli_open(f.threads, (uint64_t)f.seed, &code);
    if (!c) return code;
    weir__signals_catch();
    bool loaded;
    weir_model *m = weir__load_on_path(c, f.base.positional[0], f.path, &loaded);
    code = weir_ok(c) ? sample_draw(&f, m) : weir__complain_ctx(c, loaded);
    weir_model_free(m);
    weir_close(c);
    return code;
}

const weir__command weir__command_sample = {
    .row = { .size = sizeof(weir__command),
             .version = 1,
             .name = "command.sample",
             .doc = "draws from a model into a file",
             .options = options,
             .options_size = sizeof(flags),
             .test = "sample run -n 10 -o samples.npy --seed 3" },
    .usage = "RUN -n N -o FILE.{npy,csv,png} [--class K] [--condition FILE.npy|\"name=1.5,..\"] "
             "[--null] [--seed N] [--solver NAME] [--steps N] [--path NAME]"
             " [--temperature X] [--log-prob FILE] [--noise Z.npy | --image SPEC [--strength S] | "
             "--from SPEC] "
             "[--threads N] [--timeout SECONDS] [--quiet] [--batch N]",
    .more =
        "Sample i depends on the seed and i alone: -n 10 is the beginning of -n 1000. FILE "
        "appears whole or not at all.\n"
        "A model with classes wants --class, one with a context --condition: of FILE.npy with "
        "m lines, -n = r m draws r of each,\n"
        "in blocks, and one of each without -n. `weir info RUN` shows the names of classes and "
        "of values; 1=.. is the first value.\n"
        "A continuous model trained with condition.dropout=0.1 is guided by --solver \"ddim "
        "guidance=3\": 1 is its condition\n"
        "alone, 0 and --null are without one, and above 1 samples are of that condition more "
        "than the data are.\n"
        "Of pictures and other integers the data that the sampler sees predicted stay within 0 to "
        "levels - 1, unless --solver\n"
        "\"ddim clamp=no\" says otherwise; a method for ODEs is left as it is, but for "
        "\"heun clamp=yes\".\n"
        "--image FILE.png --strength 0.5: the image with as much noise as the data have "
        "deviation, and from there to data.\n"
        "A model from data to data (flow-matching, source=SPEC) begins at samples of the source, "
        "or of --from SPEC.\n",
    .examples = WEIR__EXAMPLE_FLOW "weir sample run -n 1000 -o points.csv\n"
                                   "weir sample run -n 3 -o - --seed 2\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .by_ranks = true,
    .run = sample_run,
};
