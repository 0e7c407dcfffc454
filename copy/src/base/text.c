/* text.c - bounded text and whole-string parses that do not depend on the locale. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

void weir__append(char *buffer, size_t bytes, size_t *used, const char *format, ...)
{
    size_t at = *used < bytes ? *used : bytes;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(bytes > at ? buffer + at : NULL, bytes - at, format, args);
    va_end(args);
    if (n > 0) *used += (size_t)n;
}

void weir__append_shape(char *buffer, size_t bytes, size_t *used, int ndim, const int64_t *shape)
{
    weir__append(buffer, bytes, used, "[");
    for (int i = 0; i < ndim; i++) weir__append(buffer, bytes, used, i ? ", %lld" : "%lld", (long long)shape[i]);
    weir__append(buffer, bytes, used, "]");
}

int weir__edit_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t n = strlen(a), m = strlen(b);
    if (n >= MAX || m >= MAX) return MAX;
    int row[MAX + 1];
    for (size_t j = 0; j <= m; j++) row[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int replace = diagonal + (a[i - 1] != b[j - 1]), drop = row[j] + 1, insert = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replace < drop ? replace : drop;
            if (insert < row[j]) row[j] = insert;
        }
    }
    return row[m];
}

bool weir__parse_real(const char *text, double *out)
{
    static const char plain[] = "0123456789+-.eEnaifNAIFtyTYxX";
    size_t n = strlen(text);
    if (n == 0 || n > 200 || strspn(text, plain) != n || strpbrk(text, "xX")) return false;
    char local[256], *end;
    memcpy(local, text, n + 1);
    const char *point = localeconv()->decimal_point; /* the host program may have set a locale: strtod reads its point */
    char *dot = strchr(local, '.');
    if (dot && point[0] != '.' && point[1] == 0) *dot = point[0];
    *out = strtod(local, &end);
    return end == local + n;
}

bool weir__parse_int(const char *text, int64_t *out)
{
    char *end;
    if (text[0] == 0 || strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (*end == 0 && errno == 0) {
        *out = v;
        return true;
    }
    double d;
    if (!weir__parse_real(text, &d) || d != floor(d) || fabs(d) > 9007199254740992.0) return false; /* 1e4 is an integer */
    *out = (int64_t)d;
    return true;
}

bool weir__parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = { "yes", "true", "1", "on" }, *const no[] = { "no", "false", "0", "off" };
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0) return *out = true, true;
        if (strcmp(text, no[i]) == 0) return *out = false, true;
    }
    return false;
}
