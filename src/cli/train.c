/* train.c - weir train: makes a run or resumes one. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"
#include "dist/dist.h"
#include "train/train.h"

typedef struct flags {
    weir__flags base;
    const char *data, *out, *config, *set, *columns, *skip;
    int64_t steps, epochs, batch, seed, threads;
    double minutes, lr, timeout;
    bool resume, json;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the data: trains on split train, validates on valid" },
    { "columns", WEIR_OPTION_TEXT, offsetof(flags, columns), "", 0, 0, NULL,
      "those of a table that are the data, \"a,b\" or 2-5, as columns= in SPEC" },
    { "skip", WEIR_OPTION_TEXT, offsetof(flags, skip), "", 0, 0, NULL,
      "columns that are left out, as skip= in SPEC" },
    { "out", WEIR_OPTION_TEXT, offsetof(flags, out), "", 0, 0, NULL, "RUN, the folder to make" },
    { "config", WEIR_OPTION_TEXT, offsetof(flags, config), "", 0, 0, NULL,
      "JSON file of settings, as config.json of another run" },
    { "set", WEIR_OPTION_TEXT, offsetof(flags, set), "", 0, 0, NULL,
      "a setting of model, optimizer, schedule or training; may be repeated" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e12, NULL, "train so many steps" },
    { "epochs", WEIR_OPTION_INT, offsetof(flags, epochs), "", 1, 1e9, NULL,
      "train so many passes over the training samples" },
    { "minutes", WEIR_OPTION_REAL, offsetof(flags, minutes), "", 1e-6, 1e7, NULL,
      "stop after so long" },
    { "batch", WEIR_OPTION_INT, offsetof(flags, batch), "", 1, 1 << 20, NULL, "samples a step" },
    { "lr", WEIR_OPTION_REAL, offsetof(flags, lr), "", 0, 1e3, NULL, "learning rate" },
    { "seed", WEIR_OPTION_INT, offsetof(flags, seed), "", 0, 9007199254740992.0, NULL,
      "of everything random" },
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_TIMEOUT(flags),
    WEIR__FLAG_QUIET,
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL,
      "print one JSON object, and nothing before it" },
    { "resume", WEIR_OPTION_BOOL, offsetof(flags, resume), "no", 0, 0, NULL,
      "resume the run in RUN, or begin it" },
    { 0 },
};

/* -- settings ---------------------------------------------------------------------------------- */
typedef struct settings {
    int n;
    const char *at[WEIR__REPEATS_MAX + 8];
    char text[6][64];
    int n_text;
} settings;

static void train_add(settings *s, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void train_add(settings *s, const char *key, const char *format, ...)
{
    va_list args;
    char *text = s->text[s->n_text++];
    int n = snprintf(text, sizeof s->text[0], "%s=", key);
    va_start(args, format);
    weir__vformat(text + n, sizeof s->text[0] - (size_t)n, format, args);
    va_end(args);
    s->at[s->n++] = text;
}

/* Flags are settings under other names, and win over --set. */
static void train_collect(const weir__command *self, const flags *f, settings *s)
{
    s->n = s->n_text = 0;
    for (int i = 0; i < f->base.n_repeated; i++) s->at[s->n++] = f->base.repeated[i];
    if (f->batch) train_add(s, "train.batch", "%lld", (long long)f->batch);
    if (weir__flags_given(self, f, "lr")) train_add(s, "optimizer.lr", "%.17g", f->lr);
    if (weir__flags_given(self, f, "seed")) train_add(s, "train.seed", "%lld", (long long)f->seed);
    if (f->steps) train_add(s, "train.steps", "%lld", (long long)f->steps);
    if (f->epochs) {
        train_add(s, "train.epochs", "%lld", (long long)f->epochs);
        train_add(s, "train.steps", "0");
    }
}

/* A file's own horizon gives way to --epochs. */
static void forget_steps(json_t *file)
{
    json_object_del(file, "steps");
    json_object_del(file, "train.steps");
    json_object_del(json_object_get(file, "train"), "steps");
    json_object_del(json_object_get(file, "schedule"), "horizon");
}

/* -- the run ----------------------------------------------------------------------------------- */
typedef struct job {
    const weir__command *self;
    const flags *f;
    weir_ctx *c;
    weir_run *r;
    weir__meter meter;
} job;

static int train_on_step(void *user, const weir_progress *p)
{
    job *j = user;
    weir__meter_show(&j->meter, p);
    return weir__signalled();
}

/* Whether the flags set nothing but where to stop. */
static bool sets_nothing(const weir__command *self, const flags *f)
{
    return f->base.n_positional == 0 && f->base.n_repeated == 0 && !f->data && !f->config
           && !f->batch && !weir__flags_given(self, f, "seed") && !weir__flags_given(self, f, "lr");
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* model= and data= are arguments, not settings. */
static int check_set(const flags *f)
{
    for (int i = 0; i < f->base.n_repeated; i++) {
        const char *set = f->base.repeated[i];
        if (strncmp(set, "model=", 6) == 0)
            return weir__complain(WEIR__EXIT_USAGE,
                                  "--set %.100s: expected the model as weir train %.100s ..", set,
                                  set + 6);
        if (strncmp(set, "data=", 5) == 0)
            return weir__complain(WEIR__EXIT_USAGE, "--set %.100s: expected --data %.100s", set,
                                  set + 5);
    }
    return 0;
}

/* A new run needs a model and data. */
static int check_new(const flags *f)
{
    if (!f->base.n_positional && !f->config && f->resume)
        return weir__complain(WEIR__EXIT_FAILED,
                              "%.300s: no run to resume: expected its config.json, or MODEL and "
                              "--data to begin one",
                              f->out);
    if (!f->base.n_positional && !f->config)
        return weir__complain(WEIR__EXIT_USAGE, "no MODEL: weir train: expected a model's name "
                                                "such as nice (weir list model shows them)");
    if (!f->data && !f->config)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --data: weir train: expected a SPEC such as digits or FILE.npy");
    return 0;
}

/* The flags over --config, which on a resume lie over the run's own settings; with_flags false: the
 * run's own alone. */
static void open_with(job *j, bool with_flags)
{
    const flags *f = j->f;
    settings s;
    json_t *file = f->config ? weir__json_load(j->c, f->config) : NULL;
    train_collect(j->self, f, &s);
    if (f->epochs && file) forget_steps(file);
    const weir__config_layers from = {
        .file = file,
        .model = f->base.n_positional ? f->base.positional[0] : NULL,
        .data = f->data,
        .n_set = s.n,
        .set = s.at,
    };
    if (weir_ok(j->c))
        j->r = weir__run_open_layers(j->c, f->out, with_flags ? &from : NULL, f->resume);
    json_decref(file);
}

/* 0 with j->r open, or an exit code. */
static int train_open_run(job *j)
{
    const flags *f = j->f;
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, "%s/config.json", f->out);
    if (used >= sizeof path)
        return weir__complain(WEIR__EXIT_FAILED,
                              "--out: a path too long: expected fewer than %d bytes",
                              (int)sizeof path);
    bool stored = is_file(path), silent = sets_nothing(j->self, f);
    weir__group_broadcast(j->c, &stored, sizeof stored); /* the folder is rank 0's */
    int code = stored && f->resume ? 0 : check_new(f);
    if (code) return code;
    if (stored && !f->resume)
        return weir__complain(WEIR__EXIT_FAILED,
                              "%.300s: holds a run: expected --resume, or another folder", f->out);
    bool with_flags = !stored || !silent; /* else any error is of the folder's files */
    open_with(j, with_flags);
    if (weir_ok(j->c)) return 0;
    bool of_data = strncmp(weir_message(j->c), f->out, strlen(f->out)) != 0;
    if (stored && !f->data && of_data && weir_status_of(j->c) == WEIR_ERROR_IO)
        weir__note_line("%.300s: data that have moved are found by --data SPEC, which must give "
                        "the same samples",
                        f->out);
    return weir__complain_ctx(j->c, with_flags);
}

/* Where this call stops: in steps, or far away when only the clock decides. */
static weir_train_opts where_to_stop(job *j)
{
    weir_train_opts o = weir_train_defaults();
    const flags *f = j->f;
    int64_t epoch = weir_run_epoch(j->r);
    if (f->steps) o.steps = f->steps;
    if (f->epochs) o.steps = f->epochs * (epoch > 0 ? epoch : 1);
    if (f->minutes > 0 && !f->steps && !f->epochs) {
        o.steps = (int64_t)1 << 50;
        j->meter.open_ended = true;
    }
    o.minutes = f->minutes;
    o.on_step = train_on_step;
    o.user = j;
    j->meter.minutes = f->minutes;
    return o;
}

static void summary_json(const job *j)
{
    const weir_run *r = j->r;
    double best = weir_run_best(r);
    json_t *o = json_object();
    json_object_set_new(o, "run", json_string(j->f->out));
    json_object_set_new(o, "step", json_integer(weir_run_step(r)));
    json_object_set_new(o, "horizon", json_integer(weir_run_horizon(r)));
    json_object_set_new(o, "best_step", json_integer(weir_run_best_step(r)));
    json_object_set_new(o, "best_nats", weir__json_number(best));
    json_object_set_new(
        o, "best_bits_per_dim",
        weir__json_number(weir_bits_per_dim(best, weir_run_dim(r), weir_run_levels(r))));
    weir__about_json(o, r);
    weir__json_warnings(o);
    weir__json_print(o, false);
    json_decref(o);
}

static void summary(const job *j)
{
    const weir_run *r = j->r;
    if (j->f->json) {
        summary_json(j);
        return;
    }
    double best = weir_run_best(r);
    printf("%s  step %lld", j->f->out, (long long)weir_run_step(r));
    if (isfinite(best)) {
        weir__print(stdout, "  best held-out %.4f nats", best);
        double bits = weir_bits_per_dim(best, weir_run_dim(r), weir_run_levels(r));
        if (isfinite(bits)) weir__print(stdout, ", %.4f bits/dim", bits);
        printf(", at step %lld", (long long)weir_run_best_step(r));
    }
    putchar('\n');
}

/* Where no held-out sample had a density, no weights are known to be the best. */
static int tell_unscored(const job *j)
{
    weir_progress p = { .size = sizeof p };
    bool told = weir_run_progress(j->r, &p) == WEIR_OK && p.failed > 0 && !isfinite(p.valid);
    if (!told || isfinite(p.best)) return WEIR__EXIT_OK;
    return weir__complain(WEIR__EXIT_FAILED,
                          "%.300s: all %lld held-out samples failed: expected some density: the "
                          "last weights are kept, not the best",
                          j->f->out, (long long)p.failed);
}

/* What the preset has set, so that a default is seen: words over lines of at most 100 columns. */
static void say_preset(const job *j)
{
    enum { TEXT = 1024, WIDTH = 100 };
    char text[TEXT];
    size_t column = 0;
    if (weir_run_preset(j->r, text, sizeof text) == 0) return;
    for (const char *word = text; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        bool turn = column > 0 && column + 1 + length > WIDTH;
        if (turn) fputs("\n         ", stdout);
        else if (column > 0) putchar(' ');
        printf("%.*s", (int)length, word);
        column = (turn ? 9 : column + (column > 0)) + length;
        word += length;
    }
    putchar('\n');
}

/* Past the horizon the last rate holds, which may teach little more. */
static void tell_horizon(const job *j, int64_t begin, int64_t stop)
{
    int64_t horizon = weir_run_horizon(j->r);
    bool beyond = begin >= horizon || (!j->meter.open_ended && stop > horizon);
    double last = weir__run_rate(j->r, horizon);
    if (!beyond || last > 0.5 * weir__run_rate(j->r, 0)) return;
    weir__note_line(
        "%s: its schedule ends at step %lld: beyond it the rate stays at %.2g; a new run "
        "with --steps has its whole schedule",
        j->f->out, (long long)horizon, last);
}

static int train(job *j)
{
    weir_train_opts o = where_to_stop(j);
    int64_t stop = o.steps ? o.steps : weir_run_stop(j->r), begin = weir_run_step(j->r);
    bool talks = !j->f->json && !weir__is_quiet();
    if (begin >= stop) {
        if (j->f->json) summary_json(j);
        else printf("%s  is at step %lld already: finished\n", j->f->out, (long long)begin);
        return WEIR__EXIT_OK;
    }
    if (talks && begin > 0) printf("%s  resumes from step %lld\n", j->f->out, (long long)begin);
    if (talks && begin == 0) say_preset(j);
    if (talks) weir__about_print(j->r, begin, stop, j->meter.open_ended);
    tell_horizon(j, begin, stop);
    j->meter.first_step = begin;
    weir_status s = weir_run_train(j->r, &o);
    weir__meter_end(&j->meter);
    if (!weir_ok(j->c) || (s != WEIR_OK && s != WEIR_STOPPED))
        return weir__complain_ctx(j->c, false);
    if (s == WEIR_STOPPED) {
        if (weir__ranks_first())
            fprintf(
                stderr,
                "weir: stopped at step %lld, all saved: weir train --out %s --resume continues\n",
                (long long)weir_run_step(j->r), j->f->out);
        return 128 + weir__signalled();
    }
    summary(j);
    return tell_unscored(j);
}

static int train_check(const weir__command *self, const flags *f)
{
    if (!f->out)
        return weir__complain(WEIR__EXIT_USAGE, "no --out: weir train: expected %s", self->usage);
    if (f->steps && f->epochs)
        return weir__complain(WEIR__EXIT_USAGE,
                              "--epochs: together with --steps: expected one of them");
    return check_set(f);
}

/* --columns and --skip are options of the SPEC. */
static int spec_with_columns(flags *f, char *spec, size_t bytes)
{
    size_t used = 0;
    if (!f->columns && !f->skip) return 0;
    if (!f->data)
        return weir__complain(WEIR__EXIT_USAGE, "--%s: without --data: expected a SPEC of a table",
                              f->columns ? "columns" : "skip");
    weir__append(spec, bytes, &used, "%s", f->data);
    if (f->columns) weir__append(spec, bytes, &used, ",columns=\"%s\"", f->columns);
    if (f->skip) weir__append(spec, bytes, &used, ",skip=\"%s\"", f->skip);
    if (used >= bytes)
        return weir__complain(WEIR__EXIT_FAILED, "--data: too long: expected fewer than %d bytes",
                              (int)bytes);
    f->data = spec;
    return 0;
}

static int train_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    char spec[8192];
    job j = { .self = self, .f = &f };
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = train_check(self, &f)))
        return code;
    code = spec_with_columns(&f, spec, sizeof spec);
    if (code) return code;
    weir__ranks_wait(f.timeout);
    j.c = weir__cli_open(f.threads, 1, &code);
    if (!j.c) return code;
    weir__signals_catch();
    weir__meter_begin(&j.meter, stderr);
    code = train_open_run(&j);
    if (code == 0) code = train(&j);
    weir_run_free(j.r);
    weir_close(j.c);
    return code;
}

const weir__command weir__command_train = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.train",
        .doc = "trains a model on data into a folder, or resumes it",
        .options = options,
        .options_size = sizeof(flags),
        .test = "train nice --data toy:gaussian,n=300 --out run --set hidden=16 --set couplings=2 "
                "--steps 20",
    },
    .usage = "MODEL --data SPEC [--columns NAMES] [--skip NAMES] --out RUN [--config FILE] [--set "
             "key=value]... [--steps N | --epochs N | --minutes M] [--batch N] [--lr X]"
             " [--seed N] [--threads N] [--timeout SECONDS] [--quiet] [--json] [--resume]",
    .more = "Keys of --set: `weir list train`, `model`, `optimizer` and `schedule` show them "
            "(optimizer.lr=1e-3, or lr=1e-3 where one alone has\n"
            "it, preset=paper, schedule=cosine, ema=0.999 ...). A setting that names a choice of "
            "`weir list`, net=mlp, has its options behind a point,\n"
            "net.hidden=64,64, or both at once, \"net=mlp hidden=64,64\". With --resume all but "
            "RUN may be left out; what is given must be what\n"
            "the run began with, except where to stop, where its data lie (--data: the same) and "
            "the threads. With --minutes alone training continues past the schedule's horizon at "
            "its last rate.\n"
            "Ctrl-C (or SIGTERM) saves and exits with 130 (143); a second one kills. A kill loses "
            "at most the work since the last checkpoint.\n"
            "mpirun -n N weir train .. trains by N processes, to the same bits for any N up to "
            "train.shards, and --resume continues with another N.\n",
    .examples = WEIR__EXAMPLE_FLOW
                "weir train --out run --resume --steps 400\n"
                "weir sample run -n 500 -o table.csv\n"
                "weir train nsf --data table.csv,test=0.2 --out table --set lr=5e-4 --steps 50\n"
                "weir score table --data table.csv,split=test\n",
    .files = "RUN/config.json\tevery setting, as --set and --config take them; what data, by their "
             "fingerprint, and the folder that paths of data begin at\n"
             "RUN/model.safetensors\tthe weights that were best on validation\n"
             "RUN/metrics.jsonl\tlosses, rates and validations, an object a line; the first has "
             "the warnings, where there were some\n"
             "RUN/events.out.tfevents.weir\tthe same for TensorBoard\n"
             "RUN/checkpoint/state.safetensors\tall that --resume needs\n"
             "RUN/report.html\tthe page of weir report\n",
    .most_positional = 1,
    .repeats = "set",
    .by_ranks = true,
    .run = train_run,
};
