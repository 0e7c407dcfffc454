/* complete.c - what shells complete of a command line, from the rows: commands, their flags, models
 * and other names. Scripts for bash, zsh and fish. */
#include <string.h>
#include "cli/cli.h"

static const weir__command *complete_command(int64_t i)
{
    return (const weir__command *)weir__command_rows[i];
}

static const char *complete_name(const weir_row *row) { return strchr(row->name, '.') + 1; }

static bool complete_is_long(const weir_option *o) { return o->name[1] != 0; }

/* Whether an argument of the command is a name of that kind; NULL kind: of any. */
static bool complete_takes(const weir__command *k, const char *kind)
{
    const char *name = complete_name(&k->row);
    bool any = strcmp(name, "list") == 0 || strcmp(name, "help") == 0;
    return any || (strcmp(name, "train") == 0 && strcmp(kind, "model") == 0);
}

/* The names that may stand behind the command, blanks between. */
static void put_names(const weir_ctx *c, const weir__command *k)
{
    for (int64_t i = 0; i < weir__kinds(c); i++)
        for (int64_t j = 0; j < weir__kind_rows(c, i); j++)
            if (complete_takes(k, weir__kind_at(c, i)))
                printf(" %s", complete_name(weir__kind_row(c, i, j)));
}

static void put_flags(const weir__command *k)
{
    for (const weir_option *o = k->row.options; o && o->name; o++)
        printf(" %s%s", complete_is_long(o) ? "--" : "-", o->name);
    printf(" --help");
}

/* Within single quotes; `special` characters get a backslash. */
static void put_quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\'", stdout);
        if (strchr(special, *text)) putchar('\\');
        putchar(*text);
    }
}

/* -- bash -------------------------------------------------------------------------------------- */
static void complete_bash(const weir_ctx *c)
{
    puts("# weir for bash: made by weir help --completion bash\n_weir() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} flags= names=\n"
         "    case $COMP_CWORD:${COMP_WORDS[1]} in");
    printf("    1:*) names='");
    for (int64_t i = 0; i < weir__command_row_count; i++)
        printf(" %s", complete_name(weir__command_rows[i]));
    puts("' flags='--help --version' ;;");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        const weir__command *k = complete_command(i);
        printf("    *:%s) flags='", complete_name(&k->row));
        put_flags(k);
        printf("' names='");
        put_names(c, k);
        puts("' ;;");
    }
    puts("    esac\n"
         "    case $cur in\n"
         "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$names\" -- \"$cur\"))\n"
         "        [ \"$COMP_CWORD\" -eq 1 ] || COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
         "    esac\n}\ncomplete -o filenames -F _weir weir");
}

/* -- zsh --------------------------------------------------------------------------------------- */
static void zsh_command(const weir_ctx *c, const weir__command *k)
{
    printf("    %s) _arguments", complete_name(&k->row));
    for (const weir_option *o = k->row.options; o && o->name; o++) {
        bool repeats = k->repeats && strcmp(k->repeats, o->name) == 0;
        const char *dashes = complete_is_long(o) ? "--" : "-";
        printf(" \\\n        '%s%s%s[", repeats ? "*" : "", dashes, o->name);
        put_quoted(o->doc, "[]:\\");
        printf("]%s'", o->type == WEIR_OPTION_BOOL ? "" : ":value:_files");
    }
    printf(" \\\n        '*:name:{ compadd --");
    put_names(c, k);
    puts("; _files }' ;;");
}

static void complete_zsh(const weir_ctx *c)
{
    puts("#compdef weir\n# made by weir help --completion zsh\nlocal -a commands\ncommands=(");
    for (int64_t i = 0; i < weir__command_row_count; i++) {
        printf("    '%s:", complete_name(weir__command_rows[i]));
        put_quoted(weir__command_rows[i]->doc, ":\\");
        puts("'");
    }
    puts(")\nif (( CURRENT == 2 )); then\n    _describe command commands\n    return\nfi\n"
         "local command=$words[2]\nshift words\n(( CURRENT-- ))\ncase $command in");
    for (int64_t i = 0; i < weir__command_row_count; i++) zsh_command(c, complete_command(i));
    puts("esac");
}

/* -- fish -------------------------------------------------------------------------------------- */
static void fish_command(const weir_ctx *c, const weir__command *k)
{
    const char *name = complete_name(&k->row);
    printf("complete -c weir -n __fish_use_subcommand -a %s -f -d '", name);
    put_quoted(k->row.doc, "\\");
    puts("'");
    for (const weir_option *o = k->row.options; o && o->name; o++) {
        const char *value = o->type == WEIR_OPTION_BOOL ? "" : " -r";
        printf("complete -c weir -n '__fish_seen_subcommand_from %s' -%c %s%s -d '", name,
               complete_is_long(o) ? 'l' : 's', o->name, value);
        put_quoted(o->doc, "\\");
        puts("'");
    }
    printf("complete -c weir -n '__fish_seen_subcommand_from %s' -a '", name);
    put_names(c, k);
    puts("'");
}

int weir__complete(const char *shell)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    if (strcmp(shell, "bash") == 0) complete_bash(c);
    else if (strcmp(shell, "zsh") == 0) complete_zsh(c);
    else if (strcmp(shell, "fish") == 0)
        for (int64_t i = 0; i < weir__command_row_count; i++) fish_command(c, complete_command(i));
    else
        code = weir__complain(WEIR__EXIT_USAGE, "--completion: %.60s: expected bash, zsh or fish",
                              shell);
    weir_close(c);
    return code;
}
