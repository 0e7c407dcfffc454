/* format.c - the C library's conversions between numbers and text, in the C locale whatever the
 * host program has set. No other file of src/ calls them (tools/check-locale).
 *
 * A locale may print 0.5 as "0,5", or with the two bytes of U+066B, and reads it so as well.
 * uselocale is of the calling thread alone, so other threads, and a setlocale in one of them,
 * neither see it nor disturb it. Nothing that is called here in between calls back into the host;
 * and localeconv is never asked, for its one answer is shared by all threads, whatever locale each
 * of them is in. */
#define _POSIX_C_SOURCE 200809L
#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t plain;

static void format_open(void)
{
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
} /* a constant of glibc's and musl's: no memory */

static locale_t format_begin(void)
{
    pthread_once(&once, format_open);
    return uselocale(plain);
}

int weir__vformat(char *buffer, size_t bytes, const char *format, va_list args)
{
    locale_t of_host = format_begin();
    int n = vsnprintf(buffer, bytes, format, args);
    uselocale(of_host);
    return n;
}

int weir__format(char *buffer, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = weir__vformat(buffer, bytes, format, args);
    va_end(args);
    return n;
}

void weir__print(FILE *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    locale_t of_host = format_begin();
    vfprintf(out, format, args);
    uselocale(of_host);
    va_end(args);
}

double weir__strtod(const char *text, char **end)
{
    locale_t of_host = format_begin();
    double v = strtod(text, end);
    uselocale(of_host);
    return v;
}

float weir__strtof(const char *text)
{
    locale_t of_host = format_begin();
    float v = strtof(text, NULL);
    uselocale(of_host);
    return v;
}

const char *weir__error_text(int number)
{
    pthread_once(&once, format_open);
    return strerror_l(number, plain);
}
