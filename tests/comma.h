/* comma.h - locales of our own, made by localedef into a temporary folder: one whose decimal point is a comma and one where it is the two
 * bytes of U+066B. In both no letter is one (of isalpha) and groups of digits are parted. They need nothing that is not in Debian's libc-bin. */
#ifndef WEIR_TEST_COMMA_H
#define WEIR_TEST_COMMA_H
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const locale_names[] = { "weircomma", "weirwide" };
enum { LOCALES = 2 };

static char locale_folder[64];

static inline void locale_remove(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", locale_folder);
    if (system(command) != 0) fprintf(stderr, "%s\n", command);
}

static inline bool locale_write(const char *name, const char *point)
{
    char path[160], command[400];
    snprintf(path, sizeof path, "%s/%s.source", locale_folder, name);
    FILE *f = fopen(path, "w");
    if (!f) return false;
    fprintf(f, "comment_char %%\nescape_char /\nLC_CTYPE\nupper <U0041>;<U0042>\nlower <U0061>;<U0062>\nEND LC_CTYPE\n");
    fprintf(f, "LC_NUMERIC\ndecimal_point \"%s\"\nthousands_sep \".\"\ngrouping 3;3\nEND LC_NUMERIC\n", point);
    if (fclose(f) != 0) return false;
    snprintf(command, sizeof command, "cd '%s' && localedef --quiet -c -f ./map -i ./%s.source ./%s > log 2>&1; [ -e %s/LC_NUMERIC ]", locale_folder, name,
             name, name);
    return system(command) == 0;
}

static inline bool locale_write_map(void)
{
    char path[160];
    snprintf(path, sizeof path, "%s/map", locale_folder);
    FILE *f = fopen(path, "w");
    if (!f) return false;
    fprintf(f, "<code_set_name> UTF-8\n<comment_char> %%\n<escape_char> /\n<mb_cur_min> 1\n<mb_cur_max> 6\nCHARMAP\n");
    for (int i = 0; i < 128; i++) fprintf(f, "<U%04X> /x%02x\n", i, i);
    fprintf(f, "<U066B> /xd9/xab\nEND CHARMAP\n");
    return fclose(f) == 0;
}

/* Makes both in locale_folder. */
static inline bool locale_write_all(void)
{
    return locale_write_map() && locale_write(locale_names[0], "<U002C>") && locale_write(locale_names[1], "<U066B>");
}

/* Makes them, once; false: there is no localedef here (musl has none), with a line that says so. */
static inline bool locale_make(void)
{
    if (*locale_folder) return true;
    if (system("command -v localedef > /dev/null") != 0) {
        printf("# no localedef (of Debian's libc-bin): no locale can be made\n");
        return false;
    }
    strcpy(locale_folder, "/tmp/weir-locale-XXXXXX");
    if (!mkdtemp(locale_folder)) abort();
    atexit(locale_remove);
    setenv("LOCPATH", locale_folder, 1);
    if (!locale_write_all()) {
        fprintf(stderr, "%s: localedef made no locale\n", locale_folder);
        abort();
    }
    return true;
}

/* As a program does that follows its user: by the environment. */
static inline void locale_enter(const char *name)
{
    setenv("LC_ALL", name, 1);
    char text[16];
    if (!setlocale(LC_ALL, "")) abort();
    snprintf(text, sizeof text, "%.1f", 0.5);
    if (strcmp(text, "0.5") == 0) abort(); /* no such locale */
}

static inline void locale_leave(void)
{
    setlocale(LC_ALL, "C");
}
#endif
