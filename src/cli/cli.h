/* cli.h - what the subcommands share: rows, flags, errors, and the work that several of them do. */
#ifndef WEIR_CLI_H
#define WEIR_CLI_H
#include <jansson.h>
#include "base/base.h"
#include "io/io.h"
#include "weir.h"

/* Exit codes. Stopped by a signal: 128 + its number, as a shell would say. */
enum { WEIR__EXIT_OK = 0, WEIR__EXIT_FAILED = 1, WEIR__EXIT_USAGE = 2 };

/* -- rows -------------------------------------------------------------------------------------- */
/* A subcommand. Its options are the flags: a name of one letter is `-n`, a longer one `--name`.
 * Their fields lie in a struct that begins with weir__flags; a TEXT field is a `const char *` into
 * argv (nothing is copied), NULL when it was not given; an INT or REAL without default is 0. `test`
 * is an argv that must succeed in an empty folder after the ones before it. */
typedef struct weir__command {
    weir_row row;
    const char *usage; /* what follows the command's name */
    const char *more; /* help below the flags; NULL: none */
    const char *examples; /* command lines that succeed one after the other in an empty folder; of
                             weir import beside the files that it names */
    const char *files;    /* "NAME\tmeaning" a line; NULL: none */
    int most_positional;
    const char *repeats; /* the one flag that may be given many times; NULL: none */
    bool by_ranks; /* all processes of a launcher run it together; else the first one alone */
    int (*run)(const struct weir__command *self, int argc, char **argv);
} weir__command;
#define WEIR__EXAMPLE_FLOW "weir train nice --data toy:moons --out run --steps 300\n"
#define WEIR__EXAMPLE_PATH "weir train rectified-flow --data toy:moons --out run --steps 300\n"
/* What a command that is given a run reads of it. */
#define WEIR__FILES_RUN \
    "RUN/config.json\tits settings, among them what data it was trained on\n" \
    "RUN/model.safetensors\tthe weights\n"
extern const weir__command weir__command_encode, weir__command_decode, weir__command_classify,
    weir__command_interpolate, weir__command_inpaint, weir__command_denoise,
    weir__command_reflow, weir__command_convert, weir__command_samplers;
extern const weir__command weir__command_train, weir__command_sample, weir__command_score,
    weir__command_compare, weir__command_check, weir__command_import, weir__command_export,
    weir__command_report, weir__command_info, weir__command_list, weir__command_help;
extern const weir_row *const weir__command_rows[];
extern const int64_t weir__command_row_count;

/* What a file or a command line says reaches no terminal as it is. */
static inline char weir__shown(char c) { return (unsigned char)c < 0x20 || c == 0x7f ? '?' : c; }

/* -- kinds.c: everything that is chosen by name ------------------------------------------------ */
int64_t weir__kinds(const weir_ctx *c); /* the library's, then those of the command line */
const char *weir__kind_at(const weir_ctx *c, int64_t kind);
int64_t weir__kind_rows(const weir_ctx *c, int64_t kind);
const weir_row *weir__kind_row(const weir_ctx *c, int64_t kind, int64_t i);

/* -- help.c, man.c ----------------------------------------------------------------------------- */
extern const char weir__help_data[], weir__help_streams[];
extern const char weir__help_exit[], weir__help_environment[];
void weir__help(FILE *out);
const weir__command *weir__command_find(const char *name);
int weir__complete(const char *shell); /* complete.c: prints its script; an exit code */
/* list.c: rows of a kind, of a name, or (NULL) all. An exit code; `help`: asked by weir help. */
int weir__list(const char *name, bool json, bool help);
bool weir__chooses_rows(const weir_option *o); /* a row of a kind, or several */
int weir__command_unknown(const char *name); /* complains; an exit code */
/* The manual pages into folder/man1 and folder/man7, which are made. */
weir_status weir__man_write(weir_ctx *c, const char *folder);

/* -- flags.c ----------------------------------------------------------------------------------- */
enum { WEIR__POSITIONAL_MAX = 32, WEIR__REPEATS_MAX = 256 };
typedef struct weir__flags {
    size_t size;
    uint64_t given; /* bit i: option i of the row was given */
    bool quiet;
    int n_positional, n_repeated;
    const char *positional[WEIR__POSITIONAL_MAX], *repeated[WEIR__REPEATS_MAX];
} weir__flags;
#define WEIR__FLAG_THREADS(type) \
    { "threads", WEIR_OPTION_INT, offsetof(type, threads), "", 1, 1024, NULL, \
      "threads; all processors that it may use unless said. Never changes a bit" }

#define WEIR__FLAG_TIMEOUT(type) \
    { "timeout", WEIR_OPTION_REAL, offsetof(type, timeout), "60", 0.1, 1e6, NULL, \
      "seconds that a rank of mpirun is waited for, before the others stop" }

#define WEIR__FLAG_QUIET \
    { "quiet", WEIR_OPTION_BOOL, offsetof(weir__flags, quiet), "no", 0, 0, NULL, \
      "say nothing but results and errors: neither warnings nor progress" }

#define WEIR__FLAG_SEED(type, of) \
    { "seed", WEIR_OPTION_INT, offsetof(type, seed), "1", 0, 9007199254740992.0, NULL, of }
#define WEIR__FLAG_IMPORTANCE(type) \
    { "importance", WEIR_OPTION_INT, offsetof(type, importance), "1", 1, 1e6, NULL, \
      "K: draws of that noise in one importance-weighted bound" }
#define WEIR__FLAG_BATCH(type, what) \
    { "batch", WEIR_OPTION_INT, offsetof(type, batch), "256", 1, 1e6, NULL, \
      what " at a time. Never changes a bit" }
#define WEIR__FLAG_SOLVER(type, what) \
    { "solver", WEIR_OPTION_TEXT, offsetof(type, solver), "", 0, 0, NULL, \
      what ", \"NAME key=value ..\" with options of its own" }
#define WEIR__FLAG_STEPS(type) \
    { "steps", WEIR_OPTION_INT, offsetof(type, steps), "", 1, 1e6, NULL, "steps of that solver" }

/* Reads argv into `flags` (row.options_size bytes). False: the error is on stderr, and *exit_code
 * is set; so it is after --help. */
bool weir__flags_parse(const weir__command *cmd, int argc, char **argv, void *flags,
                       int *exit_code);
bool weir__flags_given(const weir__command *cmd, const void *flags, const char *name);
void weir__flags_help(const weir__command *cmd, FILE *out);
/* "N", "X,X,..": what stands for a value; "" for a yes or no. */
const char *weir__option_placeholder(const weir_option *o);
/* "[1, 1024]", "yes|no", the choices, the rows of the kind in `c` that may be chosen, or "" */
void weir__option_range(const weir_ctx *c, const weir_option *o, char *text, size_t bytes);

/* -- say.c ------------------------------------------------------------------------------------- */
extern const char weir__program[]; /* "weir", or the program of bench/ that links this file */
/* One line `PROGRAM: WHAT: WHERE: EXPECTED` on stderr; returns `code`. */
/* From here on neither warnings nor notes of contexts are printed. */
void weir__say_quietly(void);
bool weir__is_quiet(void);
/* One line "weir: note: WHAT" on stderr, of what is no fault; nothing where quiet. */
void weir__note_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
int weir__complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The context's error in the same form. What the command line itself asked for (`asked`) and cannot
 * be had is a usage error. */
int weir__complain_ctx(const weir_ctx *c, bool asked);
/* Opens a context, with the group of a launcher where there is one; kernels may be forced by
 * WEIR_ISA=c|avx2|avx512 in the environment. NULL: said so already, *exit_code is set. */
weir_ctx *weir__cli_open(int64_t threads, uint64_t seed, int *exit_code);
/* Flushes stdout: a full disk or closed pipe turns success into failure. */
int weir__finish_stdout(int code);
/* The candidate nearest to a name that is none: offer each, then read `best` (NULL: none is near).
 */
typedef struct weir__nearest {
    const char *name, *best;
    int distance;
} weir__nearest;
weir__nearest weir__nearest_of(const char *name);
void weir__nearest_offer(weir__nearest *n, const char *candidate);
void weir__json_print(const json_t *value, bool indented);
/* A line of a table: name, value +- error (NAN: without; a value that is not finite: "-"), what. */
void weir__say_value(const char *name, double value, double error, const char *what);
json_t *weir__json_number(double v); /* null unless finite */
void weir__json_warnings(json_t *o); /* those of the process, as o's "warnings" */

/* -- ranks.c: the processes of a launcher ------------------------------------------------------ */
/* Before the command. False: this process has nothing to do, or *code says what was wrong. */
bool weir__ranks_begin(const weir__command *k, int *code);
int weir__ranks_end(int code); /* the last thing a process does; the code of all */
bool weir__ranks_first(void); /* this one writes and speaks, as one that is alone does */
bool weir__ranks_says(const char *text); /* an error of that text is this one's to print */
void weir__ranks_wait(double seconds);   /* --timeout */
const weir_group *weir__ranks_group(void); /* NULL: no launcher */

/* -- files.c ----------------------------------------------------------------------------------- */
/* 0, or an exit code after saying what is wrong: a file of numbers is .npy or .csv, one of samples
 * may be .png too. `flag`: "-o"; path NULL: it was not given, and had to be. */
int weir__numbers_file(const char *flag, const char *path);
int weir__numbers_beside(const char *flag, const char *path, const char *other); /* not -o's */
int weir__samples_file(const char *flag, const char *path);
/* Says what is wrong with samples that were written. WEIR__EXIT_FAILED where none is one. */
int weir__tell_samples(const weir__command *self, const weir_sample_file_info *r);
/* A folder for a model, made where it is not there, and the file's name in it. 0, or an exit code
 * after saying that it holds a model already, or cannot be made. */
int weir__model_folder(const char *folder, char *file, size_t bytes);
/* Log-densities [n], in .csv below a header. */
weir_status weir__write_nats(weir_ctx *c, const char *path, int64_t n, double *nats);
/* v [n, columns], which is f64 there too. */
weir_status weir__write_numbers(weir_ctx *c, const char *path, int64_t n, int64_t columns,
                                double *v);
/* [*n, dim] of a .npy file, to be freed; NULL: the error is set. */
double *weir__read_numbers(weir_ctx *c, const char *path, int64_t dim, int64_t *n);
/* What several commands are about: a model, and data beside it (NULL: none). */
typedef struct weir__using {
    const char *run, *data;
    int64_t threads, seed;
    const char *path; /* that the model is asked on; NULL: its own */
} weir__using;
#define WEIR__FLAG_PATH(type) \
    { "path", WEIR_OPTION_TEXT, offsetof(type, path), "", 0, 0, NULL, \
      "of `weir list path`, \"NAME key=value ..\": a continuous model is asked on this path, as " \
      "`weir convert` would write it" }
/* Of the file or folder, on that path (NULL: its own). The error is of `*loaded` or of loading. */
weir_model *weir__load_on_path(weir_ctx *c, const char *run, const char *path, bool *loaded);
/* All samples of d as stored: [samples, dim], to be freed; NULL: the error is set. */
double *weir__read_rows(weir_ctx *c, weir_dataset *d);
/* 0, or an exit code after saying what is missing. */
int weir__using_check(const weir__command *self, const weir__flags *f, const weir__using *u,
                      bool wants_data);
/* fn's exit code, or what was in the way of calling it. */
int weir__with_model(const weir__using *u, int (*fn)(void *user, weir_model *m, weir_dataset *d),
                     void *user);
/* Says why a request came to nothing: the context's error, or a signal. What the command line asked
 * for and cannot be had is a usage error. */
int weir__refused(const weir_ctx *c, const weir__command *self);

/* -- stream.c ---------------------------------------------------------------------------------- */
/* In `choices` of an option -o that may be "-": CSV through stdout, or "-.npy", "-.png". */
#define WEIR__STREAMS "-"
/* A file in place of such a value; 0, or an exit code. */
int weir__stream_out(const char **value);
/* What was written there, to stdout; the last thing a process does. */
int weir__stream_finish(int code);

/* -- condition.c ------------------------------------------------------------------------------- */
#define WEIR__FLAGS_CONDITION(type) \
    { "class", WEIR_OPTION_TEXT, offsetof(type, class), "", 0, 0, NULL, \
      "of all, by its name or its number from 0; for a model with classes" }, \
    { "condition", WEIR_OPTION_TEXT, offsetof(type, condition), "", 0, 0, NULL, \
      "what a model with a context is conditioned on: FILE.npy of m lines, for as many each in " \
      "blocks, or \"name=1.5,other=2\" for all" }
bool weir__condition_is_file(const char *text); /* FILE.npy, not values; NULL is neither */
/* What the two flags (NULL: not given) say, in the current scope of m's context; *k NULL: nothing.
 * 0, or an exit code after saying what is wrong. */
int weir__condition_read(weir_model *m, const char *class, const char *condition,
                         const weir_condition **k);
/* Both, of data that may say some of it themselves. */
int weir__condition_beside(weir_model *m, const char *class, const char *condition,
                           const weir_dataset *d, const weir_condition **k);
/* The second: whether k has all that the model wants and the data do not, and nothing that they
 * have. */
int weir__condition_check(weir_model *m, const weir_condition *k, bool data_have_class,
                          bool data_have_context);

/* -- signals.c --------------------------------------------------------------------------------- */
/* SIGINT, SIGTERM, SIGHUP set a flag, once; under nohup the last stays ignored */
void weir__signals_catch(void);
int weir__signalled(void); /* the signal's number, or 0 */
int weir__signals_stop(void *user, int64_t done, int64_t n); /* on_step of sampling and scoring */

/* -- about.c: a run before it trains ----------------------------------------------------------- */
/* Lines of its data, columns, model and steps; the same as members of o. */
void weir__about_print(const weir_run *r, int64_t begin, int64_t stop, bool open_ended);
void weir__about_json(json_t *o, const weir_run *r);

/* -- progress.c -------------------------------------------------------------------------------- */
typedef struct weir__meter {
    FILE *out;
    bool terminal;
    double last_line, last_valid, minutes;
    int64_t first_step; /* where this call begins */
    bool shown;
    bool open_ended; /* no last step: stops by the clock */
} weir__meter;
void weir__meter_begin(weir__meter *m, FILE *out);
void weir__meter_show(weir__meter *m, const weir_progress *p);
void weir__meter_end(weir__meter *m);

#endif
