/* train.c - weir train: makes a run or goes on with one. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"
#include "train/train.h"

typedef struct flags {
    weir__flags base;
    const char *data, *out, *config, *set;
    int64_t steps, epochs, batch, seed, threads;
    double minutes, lr;
    bool resume;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL, "SPEC of the data: trains on split train, validates on valid" },
    { "out", WEIR_OPTION_TEXT, offsetof(flags, out), "", 0, 0, NULL, "RUN, the folder to make" },
    { "config", WEIR_OPTION_TEXT, offsetof(flags, config), "", 0, 0, NULL, "JSON file of settings, as config.json of another run" },
    { "set", WEIR_OPTION_TEXT, offsetof(flags, set), "", 0, 0, NULL, "a setting of model, optimizer, schedule or training; may be repeated" },
    { "steps", WEIR_OPTION_INT, offsetof(flags, steps), "", 1, 1e12, NULL, "train so many steps" },
    { "epochs", WEIR_OPTION_INT, offsetof(flags, epochs), "", 1, 1e9, NULL, "train so many passes over the training rows" },
    { "minutes", WEIR_OPTION_REAL, offsetof(flags, minutes), "", 1e-6, 1e7, NULL, "stop after so long" },
    { "batch", WEIR_OPTION_INT, offsetof(flags, batch), "", 1, 1 << 20, NULL, "samples a step" },
    { "lr", WEIR_OPTION_REAL, offsetof(flags, lr), "", 0, 1e3, NULL, "learning rate" },
    { "seed", WEIR_OPTION_INT, offsetof(flags, seed), "", 0, 9007199254740992.0, NULL, "of everything random" },
    WEIR__FLAG_THREADS(flags),
    { "resume", WEIR_OPTION_BOOL, offsetof(flags, resume), "no", 0, 0, NULL, "go on with the run in RUN, or begin it" },
    { 0 },
};

/* -- settings --------------------------------------------------------------------------------------------------------------------- */
typedef struct settings {
    int n;
    const char *at[WEIR__REPEATS_MAX + 8];
    char text[6][64];
    int n_text;
} settings;

static void add(settings *s, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(settings *s, const char *key, const char *format, ...)
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
static void collect(const weir__command *self, const flags *f, settings *s)
{
    s->n = s->n_text = 0;
    for (int i = 0; i < f->base.n_repeated; i++) s->at[s->n++] = f->base.repeated[i];
    if (f->batch) add(s, "train.batch", "%lld", (long long)f->batch);
    if (weir__flags_given(self, f, "lr")) add(s, "optimizer.lr", "%.17g", f->lr);
    if (weir__flags_given(self, f, "seed")) add(s, "train.seed", "%lld", (long long)f->seed);
    if (f->steps) add(s, "train.steps", "%lld", (long long)f->steps);
    if (f->epochs) add(s, "train.epochs", "%lld", (long long)f->epochs), add(s, "train.steps", "0");
}

/* A file's own horizon gives way to --epochs. */
static void forget_steps(json_t *file)
{
    json_object_del(file, "steps");
    json_object_del(file, "train.steps");
    json_object_del(json_object_get(file, "train"), "steps");
    json_object_del(json_object_get(file, "schedule"), "horizon");
}

/* -- the run -------------------------------------------------------------------------------------------------------------------------- */
typedef struct job {
    const weir__command *self;
    const flags *f;
    weir_ctx *c;
    weir_run *r;
    weir__meter meter;
} job;

static int on_step(void *user, const weir_progress *p)
{
    job *j = user;
    weir__meter_show(&j->meter, p);
    return weir__signalled();
}

/* Nothing but where to stop. */
static bool says_nothing(const weir__command *self, const flags *f)
{
    return f->base.n_positional == 0 && f->base.n_repeated == 0 && !f->data && !f->config && !f->batch && !weir__flags_given(self, f, "seed")
           && !weir__flags_given(self, f, "lr");
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* What begins a run must say of what. */
static int check_new(const flags *f)
{
    if (!f->base.n_positional && !f->config)
        return weir__complain(WEIR__EXIT_USAGE, "no MODEL: weir train: expected a model's name such as nice (weir list model shows them)");
    if (!f->data && !f->config) return weir__complain(WEIR__EXIT_USAGE, "no --data: weir train: expected a SPEC such as digits or FILE.npy");
    return 0;
}

/* The flags over --config, which on a resume lie over the run's own; asked false: the run's own alone. */
static void open_with(job *j, bool asked)
{
    const flags *f = j->f;
    settings s;
    json_t *file = f->config ? weir__json_load(j->c, f->config) : NULL;
    collect(j->self, f, &s);
    if (f->epochs && file) forget_steps(file);
    const weir__config_layers from = {
        .file = file,
        .model = f->base.n_positional ? f->base.positional[0] : NULL,
        .data = f->data,
        .n_set = s.n,
        .set = s.at,
    };
    if (weir_ok(j->c)) j->r = weir__run_open_layers(j->c, f->out, asked ? &from : NULL, f->resume);
    json_decref(file);
}

/* 0 with j->r open, or an exit code. */
static int open_run(job *j)
{
    const flags *f = j->f;
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, "%s/config.json", f->out);
    if (used >= sizeof path) return weir__complain(WEIR__EXIT_FAILED, "--out: a path too long: expected fewer than %d bytes", (int)sizeof path);
    bool stored = is_file(path), silent = says_nothing(j->self, f);
    int code = stored && f->resume ? 0 : check_new(f);
    if (code) return code;
    if (stored && !f->resume) return weir__complain(WEIR__EXIT_FAILED, "%.300s: holds a run: expected --resume, or another folder", f->out);
    bool asked = !stored || !silent; /* else all that can be wrong lies in the folder */
    open_with(j, asked);
    return weir_ok(j->c) ? 0 : weir__complain_ctx(j->c, asked);
}

/* Where this call stops: in steps, or far away when only the clock decides. */
static weir_train_opts where_to_stop(job *j)
{
    weir_train_opts o = weir_train_defaults();
    const flags *f = j->f;
    int64_t epoch = weir_run_epoch(j->r);
    if (f->steps) o.steps = f->steps;
    if (f->epochs) o.steps = f->epochs * (epoch > 0 ? epoch : 1);
    if (f->minutes > 0 && !f->steps && !f->epochs) o.steps = (int64_t)1 << 50, j->meter.open_ended = true;
    o.minutes = f->minutes;
    o.on_step = on_step;
    o.user = j;
    j->meter.minutes = f->minutes;
    return o;
}

static void summary(const job *j)
{
    const weir_run *r = j->r;
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

/* What the preset has set, so that a default is seen. */
static void say_preset(const job *j)
{
    enum { LINE = 160 };
    char text[LINE + 1];
    int64_t n = weir_run_preset(j->r, text, sizeof text);
    if (n == 0) return;
    if (n == LINE) memcpy(text + LINE - 3, " ..", 3);
    puts(text);
    fflush(stdout);
}

static int train(job *j)
{
    weir_train_opts o = where_to_stop(j);
    int64_t stop = o.steps ? o.steps : weir_run_stop(j->r), begin = weir_run_step(j->r);
    if (begin >= stop) {
        printf("%s  is at step %lld already: finished\n", j->f->out, (long long)begin);
        return WEIR__EXIT_OK;
    }
    if (begin > 0) {
        printf("%s  goes on from step %lld\n", j->f->out, (long long)begin);
        fflush(stdout);
    }
    if (begin == 0) say_preset(j);
    j->meter.first_step = begin;
    weir_status s = weir_run_train(j->r, &o);
    weir__meter_end(&j->meter);
    if (!weir_ok(j->c) || (s != WEIR_OK && s != WEIR_STOPPED)) return weir__complain_ctx(j->c, false);
    if (s == WEIR_STOPPED) {
        fprintf(stderr, "weir: stopped at step %lld, all saved: weir train --out %s --resume goes on\n",
                (long long)weir_run_step(j->r), j->f->out);
        return 128 + weir__signalled();
    }
    summary(j);
    return WEIR__EXIT_OK;
}

static int check(const weir__command *self, const flags *f)
{
    if (!f->out) return weir__complain(WEIR__EXIT_USAGE, "no --out: weir train: expected %s", self->usage);
    if (f->steps && f->epochs) return weir__complain(WEIR__EXIT_USAGE, "--epochs: together with --steps: expected one of them");
    return 0;
}

static int run(const weir__command *self, int argc, char **argv)
{
    flags f;
    job j = { .self = self, .f = &f };
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code) || (code = check(self, &f))) return code;
    j.c = weir__cli_open(f.threads, 1, &code);
    if (!j.c) return code;
    weir__signals_catch();
    weir__meter_begin(&j.meter, stdout);
    code = open_run(&j);
    if (code == 0) code = train(&j);
    weir_run_free(j.r);
    weir_close(j.c);
    return code;
}

const weir__command weir__command_train = {
    .row = { .size = sizeof(weir__command), .version = 1, .name = "command.train", .doc = "trains a model on data into a folder, or goes on with it",
             .options = options, .options_size = sizeof(flags),
             .test = "train nice --data toy:gaussian,n=300 --out run --set hidden=16 --set couplings=2 --steps 20" },
    .usage = "MODEL --data SPEC --out RUN [--config FILE] [--set key=value]... [--steps N | --epochs N | --minutes M] [--batch N] [--lr X]"
             " [--seed N] [--threads N] [--resume]",
    .more = "Keys of --set: `weir list train`, `model`, `optimizer` and `schedule` show them (optimizer.lr=1e-3, or lr=1e-3 where one alone has\n"
            "it, preset=paper, schedule=cosine, ema=0.999 ...). What chooses a row takes its name, net=mlp, and its options behind a point,\n"
            "net.hidden=64,64, or both at once, \"net=mlp hidden=64,64\". With --resume all but RUN may be left out; what is given must be what\n"
            "the run began with, except where to stop and the threads. With --minutes alone training goes on past the schedule's horizon at its last rate.\n"
            "Ctrl-C (or SIGTERM) saves and exits with 130 (143); a second one kills. A kill loses at most the work since the last checkpoint.\n",
    .most_positional = 1,
    .repeats = "set",
    .run = run,
};
