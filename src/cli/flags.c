/* flags.c - argv by the option rows of a command: `--steps 10`, `--steps=10`, `-n 10`, `-n10`,
 * `--json`; `--` ends the flags. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

static const char *flags_short_name(const weir__command *cmd)
{
    return strchr(cmd->row.name, '.') + 1;
}
static const char *dashes(const char *name) { return name[1] ? "--" : "-"; }

const char *weir__option_placeholder(const weir_option *o)
{
    static const char *const words[] = {
        [WEIR_OPTION_INT] = "N",        [WEIR_OPTION_REAL] = "X",
        [WEIR_OPTION_BOOL] = "",        [WEIR_OPTION_CHOICE] = "WORD",
        [WEIR_OPTION_TEXT] = "TEXT",    [WEIR_OPTION_INTS] = "N,N,..",
        [WEIR_OPTION_REALS] = "X,X,..", [WEIR_OPTION_WORDS] = "WORD,WORD,..",
        [WEIR_OPTION_ROW] = "NAME",     [WEIR_OPTION_ROWS] = "NAME,NAME,..",
    };
    return words[o->type];
}

/* The rows of a kind, as "euler|heun|rk4". */
static void kind_rows(const weir_ctx *c, const char *kind, char *text, size_t bytes, size_t *used)
{
    for (int64_t i = 0; i < weir_row_count(c, kind); i++)
        weir__append(text, bytes, used, "%s%s", i ? "|" : "",
                     weir__row_short_name(weir_row_at(c, kind, i)));
}

void weir__option_range(const weir_ctx *c, const weir_option *o, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    switch (o->type) {
    case WEIR_OPTION_CHOICE:
        weir__append(text, bytes, &used, "%s", o->choices);
        break;
    case WEIR_OPTION_BOOL:
        weir__append(text, bytes, &used, "yes|no");
        break;
    case WEIR_OPTION_ROW:
    case WEIR_OPTION_ROWS:
        kind_rows(c, o->choices, text, bytes, &used);
        break;
    case WEIR_OPTION_INT:
    case WEIR_OPTION_INTS:
    case WEIR_OPTION_REAL:
    case WEIR_OPTION_REALS:
        weir__append(text, bytes, &used, "[%.16g, %.16g]", o->min, o->max);
        if (o->type == WEIR_OPTION_INT && o->choices)
            weir__append(text, bytes, &used, " or %.*s", (int)strcspn(o->choices, "="), o->choices);
        break;
    case WEIR_OPTION_TEXT:
    case WEIR_OPTION_WORDS: break;
    }
}

/* -- finding ----------------------------------------------------------------------------------- */
static int find(const weir__command *cmd, const char *name, size_t n)
{
    const weir_option *o = cmd->row.options;
    for (int i = 0; o && o[i].name; i++)
        if (strlen(o[i].name) == n && memcmp(o[i].name, name, n) == 0) return i;
    return -1;
}

static int unknown(const weir__command *cmd, const char *flag, size_t n)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(n < 60 ? n : 60), flag);
    weir__nearest near = weir__nearest_of(name + strspn(name, "-"));
    for (const weir_option *o = cmd->row.options; o && o->name; o++)
        weir__nearest_offer(&near, o->name);
    if (near.best)
        return weir__complain(WEIR__EXIT_USAGE,
                              "unknown flag: %s: expected perhaps %s%s (weir help %s lists them)",
                              name, dashes(near.best), near.best, flags_short_name(cmd));
    return weir__complain(WEIR__EXIT_USAGE,
                          "unknown flag: %s: expected one that `weir help %s` lists", name,
                          flags_short_name(cmd));
}

/* -- values ------------------------------------------------------------------------------------ */
static int bad_value(const weir_option *o, const char *value, const char *wanted)
{
    char range[80];
    weir__option_range(NULL, o, range, sizeof range);
    const char *space = range[0] ? " " : "";
    return weir__complain(WEIR__EXIT_USAGE, "%s%s: %.200s: expected %s%s%s", dashes(o->name),
                          o->name, value[0] ? value : "an empty text", wanted, space, range);
}

/* Writes one value; 0, or the exit code after saying what is wrong. */
static int flags_set(const weir_option *o, void *flags, const char *value)
{
    void *field = (char *)flags + o->offset;
    int64_t i;
    double x;
    switch (o->type) {
    case WEIR_OPTION_INT:
        if (!weir__parse_int(value, &i) || (double)i < o->min || (double)i > o->max)
            return bad_value(o, value, "an integer within");
        memcpy(field, &i, sizeof i);
        return 0;
    case WEIR_OPTION_REAL:
        if (!weir__parse_real(value, &x) || !(x >= o->min && x <= o->max))
            return bad_value(o, value, "a number within");
        memcpy(field, &x, sizeof x);
        return 0;
    case WEIR_OPTION_TEXT:
        if (!value[0]) return bad_value(o, value, "a text");
        if (o->choices && weir__stream_out(&value) != 0) return WEIR__EXIT_FAILED;
        memcpy(field, &value, sizeof value);
        return 0;
    case WEIR_OPTION_BOOL:
        memcpy(field, &(bool){ true }, sizeof(bool));
        return 0;
    default: break;
    }
    return weir__complain(WEIR__EXIT_USAGE,
                          "%s: a flag of this type: expected one that the command line knows",
                          o->name);
}

static void set_defaults(const weir__command *cmd, void *flags)
{
    memset(flags, 0, cmd->row.options_size);
    memcpy(flags, &cmd->row.options_size, sizeof(size_t));
    for (const weir_option *o = cmd->row.options; o && o->name; o++)
        if (o->def[0] && o->type != WEIR_OPTION_BOOL) flags_set(o, flags, o->def);
}

/* -- one argument ------------------------------------------------------------------------------ */
typedef struct reader {
    const weir__command *cmd;
    weir__flags *flags;
    int argc, at;
    char **argv;
} reader;

static int accept(reader *r, int index, const char *value)
{
    const weir_option *o = &r->cmd->row.options[index];
    weir__flags *f = r->flags;
    bool repeats = r->cmd->repeats && strcmp(r->cmd->repeats, o->name) == 0;
    if (!repeats && f->given >> index & 1)
        return weir__complain(WEIR__EXIT_USAGE, "%s%s: given again: expected once", dashes(o->name),
                              o->name);
    f->given |= (uint64_t)1 << index;
    if (!repeats) return flags_set(o, f, value);
    if (f->n_repeated == WEIR__REPEATS_MAX)
        return weir__complain(WEIR__EXIT_USAGE, "--%s: more than %d: expected fewer", o->name,
                              WEIR__REPEATS_MAX);
    f->repeated[f->n_repeated++] = value;
    return 0;
}

/* A flag with its value behind '=', glued on (-n10), or in the next argument. */
static int read_flag(reader *r, const char *arg)
{
    bool is_long = arg[1] == '-';
    const char *name = arg + (is_long ? 2 : 1), *value = NULL;
    size_t n = is_long ? strcspn(name, "=") : 1;
    int index = find(r->cmd, name, n);
    if (index < 0) return unknown(r->cmd, arg, is_long ? n + 2 : strcspn(arg, "="));
    const weir_option *o = &r->cmd->row.options[index];
    if (!is_long && name[1]) value = name + 1 + (name[1] == '=');
    if (is_long && name[n] == '=') value = name + n + 1;
    if (o->type == WEIR_OPTION_BOOL) {
        if (value)
            return weir__complain(WEIR__EXIT_USAGE, "%s%s: %.60s: expected no value",
                                  dashes(o->name), o->name, value);
        return accept(r, index, "yes");
    }
    if (!value && r->at + 1 < r->argc && strncmp(r->argv[r->at + 1], "--", 2) != 0)
        value = r->argv[++r->at];
    if (!value)
        return weir__complain(WEIR__EXIT_USAGE, "%s%s: no value: expected %s", dashes(o->name),
                              o->name, o->doc);
    return accept(r, index, value);
}

static int read_positional(reader *r, const char *arg)
{
    weir__flags *f = r->flags;
    if (f->n_positional >= r->cmd->most_positional)
        return weir__complain(WEIR__EXIT_USAGE, "%s: one argument too many: expected weir %s %s",
                              arg, flags_short_name(r->cmd), r->cmd->usage);
    f->positional[f->n_positional++] = arg;
    return 0;
}

bool weir__flags_parse(const weir__command *cmd, int argc, char **argv, void *flags, int *exit_code)
{
    reader r = { .cmd = cmd, .flags = flags, .argc = argc, .argv = argv };
    bool only_positional = false;
    set_defaults(cmd, flags);
    for (; r.at < argc; r.at++) {
        const char *arg = argv[r.at];
        int bad = 0;
        if (!only_positional && (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0)) {
            weir__flags_help(cmd, stdout);
            *exit_code = WEIR__EXIT_OK;
            return false;
        }
        if (!only_positional && strcmp(arg, "--") == 0) only_positional = true;
        else if (!only_positional && arg[0] == '-' && arg[1]) bad = read_flag(&r, arg);
        else bad = read_positional(&r, arg);
        if (bad) {
            *exit_code = bad;
            return false;
        }
    }
    if (((weir__flags *)flags)->quiet) weir__say_quietly();
    return true;
}

bool weir__flags_given(const weir__command *cmd, const void *flags, const char *name)
{
    int i = find(cmd, name, strlen(name));
    return i >= 0 && ((const weir__flags *)flags)->given >> i & 1;
}

/* -- help -------------------------------------------------------------------------------------- */
static void help_line(const weir__command *cmd, const weir_option *o, FILE *out)
{
    char left[64], range[80];
    bool repeats = cmd->repeats && !strcmp(cmd->repeats, o->name);
    const char *value = repeats ? "KEY=VALUE" : weir__option_placeholder(o);
    snprintf(left, sizeof left, "  %s%s%s%s", dashes(o->name), o->name, value[0] ? " " : "", value);
    weir__option_range(NULL, o, range, sizeof range);
    fprintf(out, "%-20s %s", left, o->doc);
    if (range[0] && o->type != WEIR_OPTION_BOOL) fprintf(out, "; within %s", range);
    if (o->def[0] && o->type != WEIR_OPTION_BOOL) fprintf(out, "; %s", o->def);
    fputc('\n', out);
}

void weir__flags_help(const weir__command *cmd, FILE *out)
{
    fprintf(out, "weir %s %s\n\n%s\n\n", flags_short_name(cmd), cmd->usage, cmd->row.doc);
    for (const weir_option *o = cmd->row.options; o && o->name; o++) help_line(cmd, o, out);
    if (cmd->more) fprintf(out, "\n%s", cmd->more);
    if (cmd->examples) fprintf(out, "\nexamples\n");
    for (const char *line = cmd->examples; line && *line; line = strchr(line, '\n') + 1)
        fprintf(out, "  %.*s\n", (int)strcspn(line, "\n"), line);
}
