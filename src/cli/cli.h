/* cli.h - what the subcommands share: rows, flags, errors, and the work that several of them do. */
#ifndef WEIR_CLI_H
#define WEIR_CLI_H
#include <jansson.h>
#include "base/base.h"
#include "io/io.h"
#include "weir.h"

/* Exit codes. Stopped by a signal: 128 + its number, as a shell would say. */
enum { WEIR__EXIT_OK = 0, WEIR__EXIT_FAILED = 1, WEIR__EXIT_USAGE = 2 };

/* -- rows ------------------------------------------------------------------------------------------------------------------- */
/* A subcommand. Its options are the flags: a name of one letter is `-n`, a longer one `--name`. Their fields lie in a struct that
 * begins with weir__flags; a TEXT field is a `const char *` into argv (nothing is copied), NULL when it was
 * not given; an INT or REAL without default is 0. `test` is an argv that must succeed in an empty folder after the ones before it. */
typedef struct weir__command {
    weir_row row;
    const char *usage;  /* what follows the command's name */
    const char *more;   /* help below the flags; NULL: none */
    int most_positional;
    const char *repeats; /* the one flag that may be given many times; NULL: none */
    int (*run)(const struct weir__command *self, int argc, char **argv);
} weir__command;
extern const weir__command weir__command_train, weir__command_sample, weir__command_score, weir__command_report, weir__command_info,
    weir__command_list, weir__command_help;
extern const weir_row *const weir__command_rows[];
extern const int64_t weir__command_row_count;

/* What a file or a command line says reaches no terminal as it is. */
static inline char weir__shown(char c) { return (unsigned char)c < 0x20 || c == 0x7f ? '?' : c; }

/* -- kinds.c: everything that is chosen by name ----------------------------------------------------------------------------------------- */
int64_t weir__kinds(const weir_ctx *c); /* the library's, then those of the command line */
const char *weir__kind_at(const weir_ctx *c, int64_t kind);
int64_t weir__kind_rows(const weir_ctx *c, int64_t kind);
const weir_row *weir__kind_row(const weir_ctx *c, int64_t kind, int64_t i);

/* -- help.c, man.c ------------------------------------------------------------------------------------------------------------------------ */
extern const char weir__help_data[], weir__help_exit[], weir__help_environment[];
void weir__help(FILE *out);
const weir__command *weir__command_find(const char *name);
int weir__command_unknown(const char *name); /* complains; an exit code */
/* The manual pages into folder/man1 and folder/man7, which are made. */
weir_status weir__man_write(weir_ctx *c, const char *folder);

/* -- flags.c ------------------------------------------------------------------------------------------------------------------ */
enum { WEIR__POSITIONAL_MAX = 32, WEIR__REPEATS_MAX = 256 };
typedef struct weir__flags {
    size_t size;
    uint64_t given; /* bit i: option i of the row was given */
    int n_positional, n_repeated;
    const char *positional[WEIR__POSITIONAL_MAX], *repeated[WEIR__REPEATS_MAX];
} weir__flags;
#define WEIR__FLAG_THREADS(type) \
    { "threads", WEIR_OPTION_INT, offsetof(type, threads), "", 1, 1024, NULL, "threads; all processors that it may use unless said. Never changes a bit" }

/* Reads argv into `flags` (row.options_size bytes). False: the error is on stderr, and *exit_code is set; so it is after --help. */
bool weir__flags_parse(const weir__command *cmd, int argc, char **argv, void *flags, int *exit_code);
bool weir__flags_given(const weir__command *cmd, const void *flags, const char *name);
void weir__flags_help(const weir__command *cmd, FILE *out);
/* "N", "X,X,..": what stands for a value; "" for a yes or no. */
const char *weir__option_placeholder(const weir_option *o);
/* "[1, 1024]", "yes|no", the choices, the rows of the kind in `c` that may be chosen, or "" */
void weir__option_range(const weir_ctx *c, const weir_option *o, char *text, size_t bytes);

/* -- say.c ------------------------------------------------------------------------------------------------------------------------ */
extern const char weir__program[]; /* "weir", or the program of bench/ that links this file */
/* One line `PROGRAM: WHAT: WHERE: EXPECTED` on stderr; returns `code`. */
int weir__complain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The context's error in the same form. What the command line itself asked for (`asked`) and cannot be had is a usage error. */
int weir__complain_ctx(const weir_ctx *c, bool asked);
/* Opens a context; kernels may be forced by WEIR_ISA=c|avx2|avx512 in the environment. NULL: said so already, *exit_code is set. */
weir_ctx *weir__cli_open(int64_t threads, uint64_t seed, int *exit_code);
/* Flushes stdout: a full disk or closed pipe turns success into failure. */
int weir__finish_stdout(int code);
/* The candidate nearest to a name that is none: offer each, then read `best` (NULL: none is near). */
typedef struct weir__nearest { const char *name, *best; int distance; } weir__nearest;
weir__nearest weir__nearest_of(const char *name);
void weir__nearest_offer(weir__nearest *n, const char *candidate);
bool weir__ends_with(const char *text, const char *end);
double weir__seconds(void); /* monotonic clock */
void weir__json_print(const json_t *value, bool indented);
json_t *weir__json_number(double v); /* null unless finite */

/* -- condition.c ------------------------------------------------------------------------------- */
#define WEIR__FLAGS_CONDITION(type) \
    { "class", WEIR_OPTION_TEXT, offsetof(type, class), "", 0, 0, NULL, "of all, by its name or its number from 0; for a model with classes" }, \
    { "condition", WEIR_OPTION_TEXT, offsetof(type, condition), "", 0, 0, NULL, \
      "what a model with a context is conditioned on: FILE.npy of m rows, for as many each in blocks, or \"name=1.5,other=2\" for all" }
bool weir__condition_is_file(const char *text); /* FILE.npy, not values; NULL is neither */
/* What the two flags (NULL: not given) say, in the current scope of m's context; *k NULL: nothing. 0, or an
 * exit code after saying what is wrong. */
int weir__condition_read(weir_model *m, const char *class, const char *condition, const weir_condition **k);
/* The same: whether k has all that the model wants and the data do not, and nothing that they have. */
int weir__condition_check(weir_model *m, const weir_condition *k, bool data_have_class, bool data_have_context);

/* -- signals.c ---------------------------------------------------------------------------------------------------------------------- */
void weir__signals_catch(void); /* SIGINT, SIGTERM, SIGHUP set a flag, once; under nohup the last stays ignored */
int weir__signalled(void);      /* the signal's number, or 0 */
int weir__signals_stop(void *user, int64_t done, int64_t n); /* on_step of sampling and scoring */

/* -- progress.c ---------------------------------------------------------------------------------------------------------------------- */
typedef struct weir__meter {
    FILE *out;
    bool terminal;
    double last_line, last_valid, minutes;
    int64_t first_step; /* where this call begins */
    bool shown;
    bool open_ended;    /* no last step: stops by the clock */
} weir__meter;
void weir__meter_begin(weir__meter *m, FILE *out);
void weir__meter_show(weir__meter *m, const weir_progress *p);
void weir__meter_end(weir__meter *m);

#endif
