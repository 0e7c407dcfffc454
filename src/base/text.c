/* text.c - bounded text and whole-string parses that do not depend on the locale. */
#include <math.h>
#include <string.h>
#include "base/base.h"

void weir__append(char *buffer, size_t bytes, size_t *used, const char *format, ...)
{
    size_t at = *used < bytes ? *used : bytes;
    va_list args;
    va_start(args, format);
    int n = weir__vformat(bytes > at ? buffer + at : NULL, bytes - at, format, args);
    va_end(args);
    if (n > 0) *used += (size_t)n;
}

void weir__append_shape(char *buffer, size_t bytes, size_t *used, int ndim, const int64_t *shape)
{
    weir__append(buffer, bytes, used, "[");
    for (int i = 0; i < ndim; i++)
        weir__append(buffer, bytes, used, i ? ", %lld" : "%lld", (long long)shape[i]);
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
            int replace = diagonal + (a[i - 1] != b[j - 1]), drop = row[j] + 1,
                insert = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = replace < drop ? replace : drop;
            if (insert < row[j]) row[j] = insert;
        }
    }
    return row[m];
}

size_t weir__utf8_sequence(const unsigned char *s)
{
    bool plain = s[0] >= 0x20 && s[0] != 0x7f;
    if (s[0] < 0x80) return plain || s[0] == '\n' || s[0] == '\t';
    size_t n = 2;
    if (s[0] >= 0xe0) n = s[0] >= 0xf0 ? 4 : 3;
    uint32_t v = s[0] & (0xffu >> (n + 1));
    if (s[0] < 0xc2 || s[0] > 0xf4) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (s[i] & 0x3f);
    }
    static const uint32_t least[] = { 0, 0, 0xa0, 0x800, 0x10000 };
    return v >= least[n] && v <= 0x10ffff && (v < 0xd800 || v > 0xdfff) ? n : 0;
}

bool weir__is_word(const char *text, size_t n, const char *word)
{
    if (n != strlen(word)) return false;
    for (size_t i = 0; i < n; i++) {
        char letter = text[i];
        if (letter >= 'A' && letter <= 'Z') letter += 'a' - 'A';
        if (letter != word[i]) return false;
    }
    return true;
}

bool weir__ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && weir__is_word(text + n - m, m, end);
}

bool weir__parse_real(const char *text, double *out)
{
    return weir__parse_number(text, strlen(text), out);
}

/* A sign and digits alone, within 64 bits. */
static bool text_parse_digits(const char *text, int64_t *out)
{
    bool minus = *text == '-';
    uint64_t most = minus ? (uint64_t)1 << 63 : INT64_MAX;
    uint64_t v = 0;
    if (*text == '-' || *text == '+') text++;
    if (!*text) return false;
    for (; *text; text++) {
        unsigned digit = (unsigned char)(*text - '0');
        if (digit > 9 || v > (most - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *out = (int64_t)(minus ? 0 - v : v);
    return true;
}

bool weir__parse_int(const char *text, int64_t *out)
{
    double d;
    if (text_parse_digits(text, out)) return true;
    if (strspn(text, "0123456789+-.eE") != strlen(text)) return false;
    if (!weir__parse_real(text, &d) || d != floor(d) || fabs(d) > 9007199254740992.0)
        return false; /* 1e4 is an integer */
    *out = (int64_t)d;
    return true;
}

bool weir__parse_bool(const char *text, bool *out)
{
    static const char *const yes[] = { "yes", "true", "1", "on" };
    static const char *const no[] = { "no", "false", "0", "off" };
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0) {
            *out = true;
            return true;
        }
        if (strcmp(text, no[i]) == 0) {
            *out = false;
            return true;
        }
    }
    return false;
}
