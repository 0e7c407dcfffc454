/* man.c - the manual pages, from the rows: weir(1), weir-COMMAND(1) for every command, weir-KIND(7)
 * for everything that is chosen by name. In man(7)'s macros, which mandoc and groff both read; no
 * dates, so that the same library gives the same bytes. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"

typedef struct page {
    weir_ctx *c;
    weir__writer *w;
    bool bold; /* within backquotes */
} page;

static void man_put(page *p, const char *text) { weir__writer_put(p->w, text, strlen(text)); }

/* Plain text: what roff would take for its own is escaped; `words` in backquotes are bold. */
static void text(page *p, const char *s)
{
    static const struct {
        char c;
        const char *roff;
    } special[] = {
        { '\\', "\\e" },  { '-', "\\-" },    { '^', "\\(ha" },
        { '~', "\\(ti" }, { '\'', "\\(aq" }, { '"', "\\(dq" },
    };
    bool begin = true; /* of a line: a point there would be a macro */
    for (; *s; begin = *s++ == '\n') {
        const char *out = NULL;
        char one[2] = { *s, 0 };
        for (size_t i = 0; i < sizeof special / sizeof *special; i++)
            if (special[i].c == *s) out = special[i].roff;
        if (*s == '`') out = (p->bold = !p->bold) ? "\\fB" : "\\fR";
        if (begin && *s == ' ') continue; /* a filled paragraph */
        if (begin && *s == '.') man_put(p, "\\&");
        man_put(p, out ? out : one);
    }
}

static void man_section(page *p, const char *name)
{
    man_put(p, ".SH ");
    man_put(p, name);
    man_put(p, "\n");
}

static void paragraph(page *p, const char *s)
{
    man_put(p, ".PP\n");
    text(p, s);
    if (!s[0] || s[strlen(s) - 1] != '\n') man_put(p, "\n");
}

/* .TP: a term in bold, what it is set to, and what it means. */
static void term(page *p, const char *name, const char *mark, const char *value)
{
    man_put(p, ".TP\n\\fB");
    text(p, name);
    man_put(p, "\\fR");
    man_put(p, mark);
    if (value[0]) {
        man_put(p, "\\fI");
        text(p, value);
        man_put(p, "\\fR");
    }
    man_put(p, "\n");
}

/* "a|b|c" as "a, b, c" */
static void put_list(page *p, const char *words)
{
    for (; *words; words++) {
        const char one[2] = { *words, 0 };
        text(p, *words == '|' ? ", " : one);
    }
}

static void meaning(page *p, const char *doc, const char *range, const char *def)
{
    text(p, doc);
    if (range[0]) {
        man_put(p, range[0] == '[' ? "; within " : "; one of ");
        put_list(p, range); /* which can be broken into lines */
    }
    if (def[0]) {
        man_put(p, "; ");
        text(p, def);
        man_put(p, " unless said");
    }
    man_put(p, ".\n");
}

static const char *base_name(const weir_row *row) { return strchr(row->name, '.') + 1; }

static weir_status man_make_folder(weir_ctx *c, const char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return WEIR_OK; /* a file in its place is found when a page is opened */
    return weir_fail(c, WEIR_ERROR_IO, "%.300s: %s: expected a folder that can be made", path,
                     weir__error_text(errno));
}

/* DIR/man1/weir-train.1, with its heading and name; `name` is "weir" or "weir-..". */
static bool begin(page *p, weir_ctx *c, const char *folder, const char *name, int section_number,
                  const char *doc)
{
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, "%s/man%d/%s.%d", folder, section_number, name,
                 section_number);
    if (used >= sizeof path) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%.100s..: a path too long: expected fewer than %d bytes",
                  folder, (int)sizeof path);
        return false;
    }
    *p = (page){ .c = c, .w = weir__writer_open(c, path) };
    if (!p->w) return false;
    char upper[64], head[256];
    size_t n = strlen(name), at = 0;
    for (at = 0; at < n && at < sizeof upper - 1; at++)
        upper[at] = name[at] >= 'a' && name[at] <= 'z' ? (char)(name[at] - 32) : name[at];
    upper[at] = 0;
    used = 0;
    weir__append(head, sizeof head, &used,
                 ".TH %s %d \"\" \"weir %s\" \"weir manual\"\n.nh\n.ad l\n", upper, section_number,
                 weir_version());
    man_put(p, head);
    man_section(p, "NAME");
    text(p, name);
    man_put(p, " \\- ");
    text(p, doc);
    man_put(p, "\n");
    return true;
}

static weir_status end(page *p) { return weir__writer_commit(p->w); }

/* -- commands ---------------------------------------------------------------------------------- */
static void flag(page *p, const weir__command *k, const weir_option *o)
{
    const char *value = weir__option_placeholder(o);
    char name[80], range[512];
    size_t used = 0;
    bool repeats = k->repeats && strcmp(k->repeats, o->name) == 0;
    bool boolean = o->type == WEIR_OPTION_BOOL;
    const char *dashes = o->name[1] ? "--" : "-";
    const char *before = value[0] ? " " : "";
    weir__append(name, sizeof name, &used, "%s%s", dashes, o->name);
    term(p, name, before, repeats ? "KEY=VALUE" : value);
    weir__option_range(p->c, o, range, sizeof range);
    if (boolean) meaning(p, o->doc, "", "");
    else meaning(p, o->doc, range, o->def);
}

/* Command lines, which a test runs as they stand. */
static void examples(page *p, const char *lines)
{
    man_section(p, "EXAMPLES");
    man_put(p, ".nf\n");
    text(p, lines);
    man_put(p, ".fi\n");
}

/* Of lines "NAME\tmeaning" */
static void files(page *p, const char *lines)
{
    man_section(p, "FILES");
    for (const char *end; *lines; lines = end + 1) {
        char name[128], what[256];
        size_t used_name = 0, used_what = 0;
        const char *tab = strchr(lines, '\t');
        end = strchr(tab, '\n');
        weir__append(name, sizeof name, &used_name, "%.*s", (int)(tab - lines), lines);
        weir__append(what, sizeof what, &used_what, "%.*s", (int)(end - tab - 1), tab + 1);
        term(p, name, "", "");
        meaning(p, what, "", "");
    }
}

/* Where keys of --set stand. */
static void man_settings(page *p, const weir_ctx *c)
{
    static const char *const kinds[] = { "train", "model", "optimizer", "schedule" };
    man_section(p, "SETTINGS");
    man_put(
        p,
        "Keys of \\fB\\-\\-set\\fR, with defaults, ranges and each model\\(aqs presets, stand in");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        man_put(p, i ? ", \\fBweir\\-" : " \\fBweir\\-");
        text(p, kinds[i]);
        man_put(p, "\\fR(7)");
    }
    man_put(p, ". Of the run itself:\n");
    for (int64_t i = 0; i < weir_row_count(c, "train"); i++)
        for (const weir_option *o = weir_row_at(c, "train", i)->options; o && o->name; o++) {
            term(p, o->name, "=", o->def);
            meaning(p, o->doc, "", "");
        }
}

static weir_status command_page(weir_ctx *c, const char *folder, const weir__command *k)
{
    char name[64];
    size_t used = 0;
    page p;
    weir__append(name, sizeof name, &used, "weir-%s", base_name(&k->row));
    if (!begin(&p, c, folder, name, 1, k->row.doc)) return weir_status_of(c);
    man_section(&p, "SYNOPSIS");
    man_put(&p, "\\fBweir ");
    text(&p, base_name(&k->row));
    man_put(&p, "\\fR ");
    text(&p, k->usage);
    man_put(&p, "\n");
    if (k->more) {
        man_section(&p, "DESCRIPTION");
        paragraph(&p, k->more);
    }
    if (k->row.options) man_section(&p, "OPTIONS");
    for (const weir_option *o = k->row.options; o && o->name; o++) flag(&p, k, o);
    if (k == &weir__command_train) man_settings(&p, c);
    if (k->examples) examples(&p, k->examples);
    if (k->files) files(&p, k->files);
    man_section(&p, "SEE ALSO");
    man_put(&p, "\\fBweir\\fR(1)\n");
    return end(&p);
}

static void see_also(page *p, const weir_ctx *c)
{
    man_section(p, "SEE ALSO");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        man_put(p, "\\fBweir\\-");
        text(p, base_name(weir__command_rows[i]));
        man_put(p, "\\fR(1),\n");
    }
    for (int64_t k = 0; k < weir__kinds(c); k++) {
        man_put(p, "\\fBweir\\-");
        text(p, weir__kind_at(c, k));
        man_put(p, "\\fR(7),\n");
    }
    man_put(p, "\\fBweir\\fR(3)\n");
}

static weir_status main_page(weir_ctx *c, const char *folder)
{
    page p;
    if (!begin(&p, c, folder, "weir", 1, "trains, samples and scores generative flow models"))
        return weir_status_of(c);
    man_section(&p, "SYNOPSIS");
    man_put(&p, "\\fBweir\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n");
    man_section(&p, "COMMANDS");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        const weir__command *k = (const weir__command *)weir__command_rows[i];
        term(&p, base_name(&k->row), " ", k->usage);
        meaning(&p, k->row.doc, "", "");
    }
    man_section(&p, "DATA");
    paragraph(&p, weir__help_data);
    paragraph(&p, "`weir-dataset`(7) has every kind of source with its options.");
    paragraph(&p, weir__help_streams);
    examples(&p, weir__command_score.examples);
    files(&p, weir__command_train.files);
    man_section(&p, "EXIT STATUS");
    paragraph(&p, weir__help_exit);
    man_section(&p, "ENVIRONMENT");
    paragraph(&p, weir__help_environment);
    see_also(&p, c);
    return end(&p);
}

/* -- kinds ------------------------------------------------------------------------------------- */
/* What may be chosen, and where its options stand. */
static void see_kind(page *p, const weir_option *o, const char *range)
{
    const char *key = o->type == WEIR_OPTION_ROWS ? ".0.KEY=VALUE" : ".KEY=VALUE";
    man_put(p, "One of ");
    put_list(p, range);
    man_put(p, "; its options, as ");
    text(p, o->name);
    man_put(p, key);
    man_put(p, ", stand in \\fBweir\\-");
    text(p, o->choices);
    man_put(p, "\\fR(7).\n");
}

static void given_options(page *p, const char *given)
{
    man_put(p, ".PP\nWhere another choice has it, that one gives ");
    put_list(p, given);
    man_put(p, ".\n");
}

static void row_entry(page *p, const char *kind, const weir_row *row)
{
    if (row->options) {
        man_put(p, ".SS ");
        text(p, row->name);
        man_put(p, "\n");
        text(p, row->doc);
        man_put(p, ".\n");
    } else {
        term(p, row->name, "", "");
        meaning(p, row->doc, "", "");
    }
    for (const weir_option *o = row->options; o && o->name; o++) {
        char range[2048];
        weir__option_range(p->c, o, range, sizeof range);
        term(p, o->name, "=", o->def);
        meaning(p, o->doc, weir__chooses_rows(o) ? "" : range, "");
        if (weir__chooses_rows(o)) see_kind(p, o, range);
    }
    if (row->given) given_options(p, row->given);
    const weir_preset *preset = strcmp(kind, "model") == 0 ? ((const weir_model_row *)row)->presets
                                                           : NULL;
    for (; preset && preset->name; preset++) {
        term(p, "preset", "=", preset->name);
        meaning(p, preset->doc, "", "");
        man_put(p, "Sets ");
        text(p, preset->settings);
        man_put(p, ".\n");
    }
}

static weir_status kind_page(weir_ctx *c, const char *folder, int64_t k)
{
    const char *kind = weir__kind_at(c, k);
    char name[64], doc[128];
    size_t used = 0, doc_used = 0;
    page p;
    weir__append(name, sizeof name, &used, "weir-%s", kind);
    weir__append(doc, sizeof doc, &doc_used,
                 "what is chosen by name as %s, with options, their defaults and ranges", kind);
    if (!begin(&p, c, folder, name, 7, doc)) return weir_status_of(c);
    man_section(&p, "NAMES");
    for (int64_t i = 0; i < weir__kind_rows(c, k); i++)
        row_entry(&p, kind, weir__kind_row(c, k, i));
    man_section(&p, "SEE ALSO");
    man_put(&p, "\\fBweir\\fR(1), \\fBweir\\-list\\fR(1)\n");
    return end(&p);
}

weir_status weir__man_write(weir_ctx *c, const char *folder)
{
    char path[4096];
    static const char *const folders[] = { "", "/man1", "/man7" };
    for (int i = 0; i < 3 && weir_ok(c); i++) {
        size_t used = 0;
        weir__append(path, sizeof path, &used, "%.4000s%s", folder, folders[i]);
        man_make_folder(c, path);
    }
    if (weir_ok(c)) main_page(c, folder);
    for (int64_t i = 0; i < weir__command_row_count && weir_ok(c); i++)
        command_page(c, folder, (const weir__command *)weir__command_rows[i]);
    for (int64_t k = 0; k < weir__kinds(c) && weir_ok(c); k++) kind_page(c, folder, k);
    return weir_status_of(c);
}
