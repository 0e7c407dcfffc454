/* say.c - errors as one line, opening a context, the end of stdout. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

static void say_put_line(const char *before,
                         const char *text) /* one line, whatever a file name holds */
{
    char line[1200];
    size_t n = 0;
    if (!weir__ranks_says(text)) return;
    for (; text[n] && n < sizeof line - 1; n++) line[n] = weir__shown(text[n]);
    line[n] = 0;
    fprintf(stderr, "%s: %s%s\n", weir__program, before, line);
}

int weir__complain(int code, const char *format, ...)
{
    char text[1200];
    va_list args;
    va_start(args, format);
    weir__vformat(text, sizeof text, format, args);
    va_end(args);
    say_put_line("", text);
    return code;
}

/* A wrong name or range is the command line's fault; what stands in files and folders is not. */
static bool is_usage(weir_status s)
{
    return s == WEIR_ERROR_NAME || s == WEIR_ERROR_RANGE || s == WEIR_ERROR_ARGUMENT;
}

int weir__complain_ctx(const weir_ctx *c, bool asked)
{
    weir_status s = weir_status_of(c);
    const char *message = weir_message(c);
    say_put_line("", message[0] ? message : weir_status_text(s));
    return asked && is_usage(s) ? WEIR__EXIT_USAGE : WEIR__EXIT_FAILED;
}

static bool quiet; /* of the process, as its streams are */

void weir__say_quietly(void) { quiet = true; }
bool weir__is_quiet(void) { return quiet; }

void weir__note_line(const char *format, ...)
{
    char text[1200];
    va_list args;
    if (quiet) return;
    va_start(args, format);
    weir__vformat(text, sizeof text, format, args);
    va_end(args);
    say_put_line("note: ", text);
}

static json_t *warnings; /* those so far; NULL: none */

static void say_keep_warning(const char *text)
{
    if (!warnings) warnings = json_array();
    json_array_append_new(warnings, json_string(text));
}

static void say_log_line(void *user, const char *line)
{
    (void)user;
    bool warns = strncmp(line, "warning: ", 9) == 0;
    if (warns) say_keep_warning(line + 9);
    if (quiet) return;
    if (warns) say_put_line("", line);
    else if (strncmp(line, "weights: ", 9) != 0 && strncmp(line, "conditions: ", 12) != 0)
        say_put_line("note: ", line);
    /* weights: names that do not fit a model, of which the error has the first on its one line;
     * conditions: what data have by nature and the model does not take, as it does every day */
}

static bool isa_named(const char *name, weir_isa *isa)
{
    static const struct {
        const char *name;
        weir_isa isa;
    } known[] = {
        { "", WEIR_ISA_AUTO },     { "auto", WEIR_ISA_AUTO },     { "c", WEIR_ISA_C },
        { "avx2", WEIR_ISA_AVX2 }, { "avx512", WEIR_ISA_AVX512 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) {
            *isa = known[i].isa;
            return true;
        }
    return false;
}

weir_ctx *weir__cli_open(int64_t threads, uint64_t seed, int *exit_code)
{
    weir_open_opts o = weir_open_defaults();
    const char *isa = getenv("WEIR_ISA");
    o.seed = seed;
    o.threads = (int)threads;
    o.log = say_log_line;
    o.group = weir__ranks_group();
    if (isa && !isa_named(isa, &o.isa)) {
        *exit_code = weir__complain(
            WEIR__EXIT_USAGE, "environment: WEIR_ISA=%.40s: expected c, avx2, avx512 or auto", isa);
        return NULL;
    }
    const char *bytes = getenv("WEIR_FILE_BYTES");
    if (bytes && (!weir__parse_int(bytes, &o.file_bytes) || o.file_bytes < 1)) {
        *exit_code = weir__complain(WEIR__EXIT_USAGE,
                                    "environment: WEIR_FILE_BYTES=%.40s: expected a number from 1",
                                    bytes);
        return NULL;
    }
    weir_ctx *c = weir_open_with(&o);
    if (weir_ok(c)) return c;
    *exit_code = weir__complain_ctx(c, true);
    weir_close(c);
    return NULL;
}

static bool incomplete; /* of the process, as the error of stdout is */

int weir__finish_stdout(int code)
{
    if (incomplete && !ferror(stdout))
        return weir__complain(WEIR__EXIT_FAILED,
                              "stdout: JSON that could not be made: expected more free memory");
    errno = 0;
    bool bad = ferror(stdout) != 0;
    if (fflush(stdout) != 0) bad = true;
    if (!bad || code == WEIR__EXIT_USAGE) return code;
    return weir__complain(WEIR__EXIT_FAILED,
                          "stdout: %s: expected an output that takes all that is written",
                          errno ? weir__error_text(errno) : "not written");
}

weir__nearest weir__nearest_of(const char *name)
{
    size_t n = strlen(name);
    return (weir__nearest){ .name = name, .distance = n > 40 ? 0 : (int)n / 2 + 1 };
}

void weir__nearest_offer(weir__nearest *n, const char *candidate)
{
    int d = weir__edit_distance(n->name, candidate);
    if (d < n->distance) {
        n->best = candidate;
        n->distance = d;
    }
}

void weir__say_value(const char *name, double value, double error, const char *what)
{
    char text[64];
    if (!isfinite(value)) snprintf(text, sizeof text, "-");
    else if (isfinite(error)) weir__format(text, sizeof text, "%.4f +- %.4f", value, error);
    else weir__format(text, sizeof text, "%.4f", value);
    printf("%-16s %-24s %s\n", name, text, what);
}

json_t *weir__json_number(double v) { return isfinite(v) ? json_real(v) : json_null(); }

void weir__json_warnings(json_t *o)
{
    json_object_set_new(o, "warnings", warnings ? json_incref(warnings) : json_array());
}

void weir__json_print(const json_t *value, bool indented)
{
    size_t flags = JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY | (indented ? JSON_INDENT(2) : 0);
    char *text = weir__json_text(value, flags);
    if (text) puts(text);
    else incomplete = true;
    weir__json_text_free(text);
}
