/* files.c - several files as one set: data-*.npy. A pattern has `*` (any bytes) or `?` (one) behind
 * its last `/`; files whose names begin with a point are none of it.
 *
 * Their order is that of their names, in which a run of digits counts as a number: data-2 before
 * data-10, whatever the locale. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "data/data.h"

static const char *files_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool weir__files_is_pattern(const char *name)
{
    return strpbrk(files_base(name), "*?") && access(name, F_OK) != 0;
}

/* Whether the whole of `name` is `pattern`: of several `*` the last one that was met takes more. */
static bool files_match(const char *pattern, const char *name)
{
    const char *star = NULL, *taken = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            taken = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++taken;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == 0;
}

static bool files_digit(char c) { return c >= '0' && c <= '9'; }

/* Of two runs of digits, which are passed: as numbers, of any length. */
static int files_compare_numbers(const char **a, const char **b)
{
    while (**a == '0') ++*a;
    while (**b == '0') ++*b;
    size_t m = strspn(*a, "0123456789"), n = strspn(*b, "0123456789");
    int order = m == n ? memcmp(*a, *b, n) : 0;
    if (m != n) order = m < n ? -1 : 1;
    *a += m;
    *b += n;
    return order;
}

/* Names of one folder; equal but for zeros: as bytes. */
static int files_order(const void *a_, const void *b_)
{
    const char *const *first = a_, *const *second = b_;
    const char *a = *first, *b = *second;
    int order = 0;
    while (order == 0 && *a && *b) {
        if (files_digit(*a) && files_digit(*b)) {
            order = files_compare_numbers(&a, &b);
        } else {
            order = (unsigned char)*a - (unsigned char)*b;
            a++;
            b++;
        }
    }
    if (order == 0) order = (*a != 0) - (*b != 0);
    return order != 0 ? order : strcmp(*first, *second);
}

void weir__files_free(weir_ctx *c, weir__files *f)
{
    for (int64_t i = 0; i < f->n; i++) weir__free(c, f->at[i]);
    weir__free(c, f->at);
    *f = (weir__files){ 0 };
}

static void files_add(weir_ctx *c, weir__files *f, const char *pattern, const char *name)
{
    size_t folder = (size_t)(files_base(pattern) - pattern), bytes = folder + strlen(name) + 1;
    if (!weir__grow(c, &f->at, &f->room, f->n + 1, sizeof *f->at)) return;
    char *path = weir__alloc(c, bytes);
    if (!path) return;
    memcpy(path, pattern, folder);
    memcpy(path + folder, name, bytes - folder);
    f->at[f->n++] = path;
}

static DIR *files_folder(weir_ctx *c, const char *pattern)
{
    size_t n = (size_t)(files_base(pattern) - pattern);
    char *folder = weir__alloc(c, n + 2);
    if (!folder) return NULL;
    memcpy(folder, pattern, n);
    if (n == 0) folder[n++] = '.';
    folder[n] = 0;
    DIR *d = opendir(folder);
    weir__free(c, folder);
    return d;
}

bool weir__files_find(weir_ctx *c, const char *pattern, weir__files *f)
{
    const char *base = files_base(pattern);
    struct dirent *e;
    *f = (weir__files){ 0 };
    DIR *d = files_folder(c, pattern);
    while (d && weir_ok(c) && (e = readdir(d)) != NULL)
        if ((e->d_name[0] != '.' || base[0] == '.') && files_match(base, e->d_name))
            files_add(c, f, pattern, e->d_name);
    if (d) closedir(d);
    if (weir_ok(c) && f->n > 0) {
        qsort(f->at, (size_t)f->n, sizeof *f->at, files_order);
        return true;
    }
    weir__files_free(c, f);
    return false;
}
