/* classify.c - weir classify: Bayes' rule from the class-conditional densities of a model. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"
#include "weir/classify.h"

typedef struct flags {
    weir__flags base;
    const char *data, *o, *solver, *condition, *prior;
    bool json;
    int64_t seed, draws, importance, steps, threads, batch;
} flags;

static const weir_option options[] = {
    { "data", WEIR_OPTION_TEXT, offsetof(flags, data), "", 0, 0, NULL,
      "SPEC of the data; without split= all samples" },
    { "o", WEIR_OPTION_TEXT, offsetof(flags, o), "", 0, 0, WEIR__STREAMS,
      "file for p(class | x) of every sample, .npy or .csv; NaN where a sample failed" },
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    { "prior", WEIR_OPTION_TEXT, offsetof(flags, prior), "", 0, 0, NULL,
      "of the classes: train, their shares in the run's training data, as unless said; or "
      "uniform" },
    WEIR__FLAG_SEED(flags, "of dequantization and probes"),
    { "draws", WEIR_OPTION_INT, offsetof(flags, draws), "1", 1, 1e6, NULL,
      "draws of the dequantization noise, averaged" },
    WEIR__FLAG_IMPORTANCE(flags),
    WEIR__FLAG_SOLVER(flags, "method for the ODE of a continuous model"),
    WEIR__FLAG_STEPS(flags),
    { "condition", WEIR_OPTION_TEXT, offsetof(flags, condition), "", 0, 0, NULL,
      "what a model with a context is conditioned on beside the class: FILE.npy, or "
      "\"name=1.5,other=2\" for all" },
    WEIR__FLAG_THREADS(flags),
    WEIR__FLAG_QUIET,
    WEIR__FLAG_BATCH(flags, "samples"),
    { 0 },
};

typedef struct job {
    const weir__command *self;
    const flags *f;
    weir_model *m;
    double *prior, *posterior;
    int64_t *confusion;
    weir_classify_info info;
} job;

/* -- printing ---------------------------------------------------------------------------------- */
static const char *class_name(const weir_model *m, int64_t k, char *text, size_t bytes)
{
    const char *name = weir_model_name(m, WEIR_NAMES_CLASS, k);
    if (name) return name;
    weir__format(text, bytes, "%lld", (long long)k);
    return text;
}

static json_t *json_confusion(const job *j)
{
    json_t *all = json_array();
    int64_t n = j->info.classes;
    for (int64_t i = 0; i < n; i++) {
        json_t *line = json_array();
        for (int64_t k = 0; k < n; k++)
            json_array_append_new(line, json_integer(j->confusion[i * n + k]));
        json_array_append_new(all, line);
    }
    return all;
}

static json_t *json_classes(const job *j)
{
    char text[32];
    json_t *all = json_array();
    for (int64_t k = 0; k < j->info.classes; k++)
        json_array_append_new(all, json_string(class_name(j->m, k, text, sizeof text)));
    return all;
}

static void classify_print_json(const job *j)
{
    json_t *o = json_object();
    const weir_classify_info *r = &j->info;
    json_object_set_new(o, "accuracy", weir__json_number(r->accuracy));
    json_object_set_new(o, "accuracy_stderr", weir__json_number(r->accuracy_stderr));
    json_object_set_new(o, "log_loss", weir__json_number(r->log_loss));
    json_object_set_new(o, "log_loss_stderr", weir__json_number(r->log_loss_stderr));
    json_object_set_new(o, "calibration", weir__json_number(r->calibration));
    json_object_set_new(o, "n", json_integer(r->n));
    json_object_set_new(o, "n_known", json_integer(r->n_known));
    json_object_set_new(o, "n_failed", json_integer(r->n_failed));
    json_object_set_new(o, "prior", json_string(j->prior ? "train" : "uniform"));
    json_object_set_new(o, "classes", json_classes(j));
    json_object_set_new(o, "confusion", json_confusion(j));
    weir__json_warnings(o);
    weir__json_print(o, false);
    json_decref(o);
}

static void classify_print_table(const job *j)
{
    enum { MOST = 12 };
    char text[32];
    const weir_classify_info *r = &j->info;
    int64_t n = r->classes;
    weir__say_value("accuracy", r->accuracy, r->accuracy_stderr, "share put into their class");
    weir__say_value("log_loss", r->log_loss, r->log_loss_stderr, "nats, mean of -log p(class | x)");
    weir__say_value("calibration", r->calibration, NAN, "expected error of p(class | x), 15 bins");
    printf("%-16s %lld, of a known class %lld", "samples", (long long)r->n, (long long)r->n_known);
    if (r->n_failed) printf(", %lld failed", (long long)r->n_failed);
    printf("\n%-16s %s\n", "prior", j->prior ? "training data" : "uniform");
    if (n > MOST || r->n_known == 0) return;
    printf("\n%-16s", "class");
    for (int64_t k = 0; k < n; k++) printf(" %6.6s", class_name(j->m, k, text, sizeof text));
    putchar('\n');
    for (int64_t i = 0; i < n; i++) {
        printf("%-16.16s", class_name(j->m, i, text, sizeof text));
        for (int64_t k = 0; k < n; k++) printf(" %6lld", (long long)j->confusion[i * n + k]);
        putchar('\n');
    }
}

/* -- running ----------------------------------------------------------------------------------- */
static bool prior_is(const flags *f, const char *name)
{
    return f->prior && strcmp(f->prior, name) == 0;
}

/* The shares of the classes in the run's training data into j->prior. 0, or an exit code. */
static int read_prior(job *j)
{
    weir_ctx *c = weir_model_ctx(j->m);
    const char *run = j->f->base.positional[0];
    j->prior = weir__alloc_n(c, weir_model_classes(j->m), sizeof *j->prior);
    weir_dataset *d = j->prior ? weir_run_data(c, run, "train") : NULL;
    if (weir_ok(c)) (void)weir_data_class_prior(j->m, d, j->prior);
    weir_dataset_free(d);
    if (weir_ok(c)) return 0;
    return weir__complain(WEIR__EXIT_FAILED,
                          "--prior: %.200s: its training data: %.300s (expected them, or --prior "
                          "uniform)",
                          run, weir_message(c));
}

static int classify(job *j, weir_dataset *d, const weir_condition *k)
{
    const flags *f = j->f;
    weir_ctx *c = weir_model_ctx(j->m);
    int64_t n = weir_dataset_samples(d), classes = weir_model_classes(j->m);
    weir_classify_opts o = weir_classify_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    how.seed = (uint64_t)f->seed;
    how.use_seed = true;
    how.draws = f->draws;
    how.importance = f->importance;
    how.solver = f->solver;
    how.steps = f->steps;
    how.batch = f->batch;
    how.on_step = weir__signals_stop;
    how.condition = k;
    o.prior = j->prior;
    o.posterior = j->posterior = weir__alloc_n(c, weir__size_times(n, classes), sizeof(double));
    o.confusion = j->confusion = weir__alloc_n(c, weir__size_times(classes, classes),
                                               sizeof(int64_t));
    weir_status s = weir_ok(c) ? weir_data_classify(j->m, d, &o, &j->info) : weir_status_of(c);
    if (s == WEIR_OK && f->o) s = weir__write_numbers(c, f->o, n, classes, j->posterior);
    if (s != WEIR_OK) return weir__refused(c, j->self);
    if (f->json) classify_print_json(j);
    else classify_print_table(j);
    return WEIR__EXIT_OK;
}

static int classify_run(void *user, weir_model *m, weir_dataset *d)
{
    job *j = user;
    weir_ctx *c = weir_model_ctx(m);
    const weir_condition *k = NULL;
    j->m = m;
    if (weir_model_classes(m) == 0)
        return weir__complain(WEIR__EXIT_USAGE,
                              "classify: %s: expected a model made with classes (--set "
                              "classes=auto)",
                              weir_model_row_of(m)->name);
    int code = weir__condition_read(m, NULL, j->f->condition, &k);
    if (code == 0) code = weir__condition_check(m, k, true, weir_dataset_context_dim(d) > 0);
    if (code == 0 && !prior_is(j->f, "uniform")) code = read_prior(j);
    if (code == 0) code = classify(j, d, k);
    weir__free(c, j->prior);
    weir__free(c, j->posterior);
    weir__free(c, j->confusion);
    return code;
}

static int classify_command(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    const weir__using u = {
        .run = f.base.positional[0], .data = f.data, .threads = f.threads, .seed = f.seed
    };
    if ((code = weir__using_check(self, &f.base, &u, true)) != 0) return code;
    if (f.o && (code = weir__numbers_file("-o", f.o)) != 0) return code;
    if (f.prior && !prior_is(&f, "train") && !prior_is(&f, "uniform"))
        return weir__complain(WEIR__EXIT_USAGE, "--prior: %.60s: expected train or uniform",
                              f.prior);
    job j = { .self = self, .f = &f, .info = { .size = sizeof j.info } };
    return weir__with_model(&u, classify_run, &j);
}

const weir__command weir__command_classify = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.classify",
        .doc = "classifies data by a model's densities under each class",
        .options = options,
        .options_size = sizeof(flags),
        .test = "classify --help",
    },
    .usage = "RUN --data SPEC [-o FILE.{npy,csv}] [--json] [--prior train|uniform] [--seed N] "
             "[--draws N] [--importance K] [--solver NAME] [--steps N] "
             "[--condition FILE.npy|\"name=1.5,..\"] [--threads N] [--quiet] [--batch N]",
    .more = "p(k | x) = p(k) p(x | k) / sum_j p(j) p(x | j): the model must have been trained with "
            "classes (--set classes=auto).\n"
            "accuracy, log_loss and calibration are over the samples whose class the data have "
            "(label=, labels= in the SPEC); of\n"
            "`confusion` line i, column j counts samples of class i that were put into j. FILE has "
            "a column of every class.\n",
    .examples = "weir train realnvp --data digits --out classes --set classes=auto --steps 10\n"
                "weir classify classes --data digits,split=test\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = classify_command,
};
