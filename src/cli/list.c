/* list.c - weir list: everything that is chosen by name, from its rows. */
#include <stddef.h>
#include <string.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    bool json;
} flags;

static const weir_option options[] = {
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL,
      "print one JSON array with all options" },
    { 0 },
};

/* What is listed: all, one kind, or the rows of one name, whatever their kind. */
typedef struct asked {
    int64_t kind; /* -1: any */
    const char *row; /* "nice" or "model.nice"; NULL: any */
    bool help;       /* and how to use it */
} asked;

static bool row_is(const weir_row *row, const char *name)
{
    return strcmp(row->name, name) == 0 || strcmp(strchr(row->name, '.') + 1, name) == 0;
}

static bool wants(const asked *a, int64_t kind, const weir_row *row)
{
    return (a->kind < 0 || kind == a->kind) && (!a->row || row_is(row, a->row));
}

/* Whether a row has that name; offers the others. */
static bool list_find_row(const weir_ctx *c, const char *name, weir__nearest *near)
{
    bool found = false;
    for (int64_t k = 0; k < weir__kinds(c); k++)
        for (int64_t i = 0; i < weir__kind_rows(c, k); i++) {
            const weir_row *row = weir__kind_row(c, k, i);
            found = found || row_is(row, name);
            weir__nearest_offer(near, strchr(row->name, '.') + 1);
        }
    return found;
}

static asked find_asked(const weir_ctx *c, const char *name, bool help, int *code)
{
    weir__nearest near = weir__nearest_of(name);
    for (int64_t i = 0; i < weir__kinds(c); i++) {
        if (strcmp(name, weir__kind_at(c, i)) == 0) return (asked){ i, NULL, help };
        weir__nearest_offer(&near, weir__kind_at(c, i));
    }
    if (list_find_row(c, name, &near)) return (asked){ -1, name, help };
    if (help) *code = weir__command_unknown(name);
    else
        *code = weir__complain(WEIR__EXIT_USAGE, "unknown name: %.60s: expected %s%s", name,
                               near.best ? "perhaps " : "one that `weir list` shows",
                               near.best ? near.best : "");
    return (asked){ -1, NULL, help };
}

bool weir__chooses_rows(const weir_option *o)
{
    return o->type == WEIR_OPTION_ROW || o->type == WEIR_OPTION_ROWS;
}

/* -- JSON ------------------------------------------------------------------------------------ */
static json_t *option_json(const weir_ctx *c, const weir_option *o)
{
    static const char *const types[] = { "int",  "real",  "bool",  "choice", "text",
                                         "ints", "reals", "words", "row",    "rows" };
    char range[2048];
    weir__option_range(c, o, range, sizeof range);
    json_t *j = json_object();
    json_object_set_new(j, "name", json_string(o->name));
    json_object_set_new(j, "type", json_string(types[o->type]));
    json_object_set_new(j, "default", json_string(o->def));
    json_object_set_new(j, "range", json_string(range));
    json_object_set_new(j, "kind", weir__chooses_rows(o) ? json_string(o->choices) : json_null());
    json_object_set_new(j, "doc", json_string(o->doc));
    return j;
}

/* "in|out" as ["in", "out"] */
static json_t *list_words_json(const char *words)
{
    json_t *list = json_array();
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, "|");
        json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] == '|');
    }
    return list;
}

static json_t *list_row_json(const weir_ctx *c, const char *kind, const weir_row *row)
{
    json_t *j = json_object(), *list = json_array();
    json_object_set_new(j, "kind", json_string(kind));
    json_object_set_new(j, "name", json_string(row->name));
    json_object_set_new(j, "doc", json_string(row->doc));
    for (const weir_option *o = row->options; o && o->name; o++)
        json_array_append_new(list, option_json(c, o));
    json_object_set_new(j, "options", list);
    json_object_set_new(j, "given", list_words_json(row->given ? row->given : ""));
    return j;
}

static void list_print_json(const weir_ctx *c, const asked *a)
{
    json_t *all = json_array();
    for (int64_t k = 0; k < weir__kinds(c); k++)
        for (int64_t i = 0; i < weir__kind_rows(c, k); i++) {
            const weir_row *row = weir__kind_row(c, k, i);
            if (wants(a, k, row))
                json_array_append_new(all, list_row_json(c, weir__kind_at(c, k), row));
        }
    weir__json_print(all, true);
    json_decref(all);
}

/* -- text ------------------------------------------------------------------------------------ */
static void print_given(const char *given)
{
    fputs("    where another choice has it, that one gives ", stdout);
    for (; *given; given++) *given == '|' ? fputs(", ", stdout) : putchar(*given);
    putchar('\n');
}

static void print_options(const weir_ctx *c, const weir_row *row)
{
    for (const weir_option *o = row->options; o && o->name; o++) {
        char range[2048];
        weir__option_range(c, o, range, sizeof range);
        printf("    %s=%s  ", o->name, o->def);
        if (weir__chooses_rows(o))
            printf("%s%s: ", o->choices, o->type == WEIR_OPTION_ROWS ? ",.." : "");
        printf("%s%s%s\n", range, range[0] ? "  " : "", o->doc);
    }
    if (row->given) print_given(row->given);
}

static void print_presets(const weir_row *row)
{
    for (const weir_preset *p = ((const weir_model_row *)row)->presets; p && p->name; p++)
        printf("    preset=%s  %s\n", p->name, p->doc);
}

static void print_row(const weir_ctx *c, int64_t k, const weir_row *row)
{
    print_options(c, row);
    if (strcmp(weir__kind_at(c, k), "model") == 0) print_presets(row);
}

/* What is typed to have a model. */
static void print_use(const weir_row *row)
{
    printf("weir train %s --data SPEC --out RUN [--set key=value]...\n\n",
           strchr(row->name, '.') + 1);
}

static void print_kind(const weir_ctx *c, int64_t k, const asked *a)
{
    bool all = a->kind < 0 && !a->row, titled = a->kind >= 0;
    for (int64_t i = 0; i < weir__kind_rows(c, k); i++) {
        const weir_row *row = weir__kind_row(c, k, i);
        if (!wants(a, k, row)) continue;
        if (a->help && strcmp(weir__kind_at(c, k), "model") == 0) print_use(row);
        if (!titled) printf("%s\n", weir__kind_at(c, k));
        titled = true;
        printf("  %-18s %s\n", strchr(row->name, '.') + 1, row->doc);
        if (!all) print_row(c, k, row);
    }
}

int weir__list(const char *name, bool json, bool help)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    const asked a = name ? find_asked(c, name, help, &code) : (asked){ -1, NULL, help };
    if (code == 0 && json) list_print_json(c, &a);
    else if (code == 0)
        for (int64_t k = 0; k < weir__kinds(c); k++) print_kind(c, k, &a);
    weir_close(c);
    return code;
}

static int list_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    return weir__list(f.base.n_positional ? f.base.positional[0] : NULL, f.json, false);
}

const weir__command weir__command_list = {
    .row = { .size = sizeof(weir__command),
             .version = 1,
             .name = "command.list",
             .doc = "models, optimizers, schedules, data, ops ... with their options",
             .options = options,
             .options_size = sizeof(flags),
             .test = "list model --json" },
    .usage = "[KIND | NAME] [--json]",
    .more =
        "A KIND is a list of what is chosen by name, such as model; a NAME is one of them, such as "
        "nice, whatever its kind.\n",
    .examples = "weir list\n"
                "weir list sampler\n"
                "weir list nice --json\n",
    .most_positional = 1,
    .run = list_run,
};
