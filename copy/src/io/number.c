/* number.c - decimal numbers to and from text, independent of the locale, correctly rounded.
 *
 * Nearly all numbers in files have at most 19 digits and a small exponent: m * 10^e with m < 2^64 and |e| <= 27, so 5^|e| < 2^63 and
 * the product or quotient is exact in 128 bits with a remainder. It is then rounded once, to even. The rest goes to strtod. */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "io/internal.h"

__extension__ typedef unsigned __int128 wide;

static const uint64_t power5[28] = {
    1u, 5u, 25u, 125u, 625u, 3125u, 15625u, 78125u, 390625u, 1953125u, 9765625u, 48828125u, 244140625u, 1220703125u, 6103515625u,
    30517578125u, 152587890625u, 762939453125u, 3814697265625u, 19073486328125u, 95367431640625u, 476837158203125u,
    2384185791015625u, 11920928955078125u, 59604644775390625u, 298023223876953125u, 1490116119384765625u, 7450580596923828125u,
};

/* q * 2^exponent, q not 0, with `sticky` for a non-zero tail below it, rounded to 53 bits. No subnormals: exponents are small. */
static double round_to_double(uint64_t q, int exponent, bool sticky)
{
    int shift = 11 - __builtin_clzll(q); /* bits above 53 */
    if (shift <= 0) return ldexp((double)q, exponent); /* exact: callers keep 62 bits or more unless the tail is 0 */
    uint64_t tail = q & (((uint64_t)1 << shift) - 1), half = (uint64_t)1 << (shift - 1);
    uint64_t m = q >> shift;
    if (tail > half || (tail == half && (sticky || (m & 1)))) m++;
    uint64_t bits = 0; /* ldexp is slow: build the bits, m in [2^52, 2^53] */
    if (m == (uint64_t)1 << 53) m >>= 1, shift++;
    bits = (uint64_t)(exponent + shift + 52 + 1023) << 52 | (m & (((uint64_t)1 << 52) - 1));
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static double quotient(uint64_t m, int e)
{
    uint64_t d = power5[e];
    int up = __builtin_clzll(m), over = __builtin_clzll(d);
    wide n = (wide)(m << up) << 63;
    uint64_t divisor = d << over, q = (uint64_t)(n / divisor); /* 2^62 <= q < 2^64 */
    return round_to_double(q, over - up - 63 - e, n % divisor != 0);
}

static double product(uint64_t m, int e)
{
    wide p = (wide)m * power5[e];
    uint64_t high = (uint64_t)(p >> 64);
    if (high == 0) return round_to_double((uint64_t)p, e, false);
    int up = __builtin_clzll(high);
    p <<= up;
    return round_to_double((uint64_t)(p >> 64), e + 64 - up, (uint64_t)p != 0);
}

/* nan, inf, infinity, and numbers too long for the exact path. */
static bool parse_slowly(const char *text, size_t n, double *out)
{
    char local[1200];
    if (n == 0 || n >= sizeof local - 16) return false;
    for (size_t i = 0; i < n; i++)
        if (!memchr("0123456789+-.eEnaifNAIFtyTY", text[i], 27)) return false;
    const char *point = localeconv()->decimal_point; /* the host program may have set a locale: strtod reads its point */
    const char *dot = memchr(text, '.', n);
    size_t before = dot ? (size_t)(dot - text) : n, width = strlen(point);
    if (width > 8) return false;
    memcpy(local, text, before);
    if (dot) {
        memcpy(local + before, point, width);
        memcpy(local + before + width, dot + 1, n - before - 1);
        n += width - 1;
    }
    local[n] = 0;
    char *end;
    *out = strtod(local, &end);
    return end == local + n;
}

typedef struct digits { uint64_t m; int count, exponent; } digits;

/* Digits from p on; `count` is of significant ones. */
static const char *take_digits(const char *p, const char *end, digits *d, int fraction)
{
    for (; p < end && (unsigned char)(*p - '0') < 10; p++) {
        if (d->m || *p != '0') d->count++;
        if (d->count <= 19) d->m = d->m * 10 + (uint64_t)(*p - '0');
        d->exponent -= fraction;
    }
    return p;
}

static const char *take_exponent(const char *p, const char *end, digits *d)
{
    bool minus = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    const char *start = p;
    int e = 0;
    for (; p < end && (unsigned char)(*p - '0') < 10 && e < 10000; p++) e = e * 10 + (*p - '0');
    d->exponent += minus ? -e : e;
    return p == start ? NULL : p;
}

bool weir__parse_number(const char *text, size_t n, double *out)
{
    const char *p = text, *end = text + n;
    bool minus = n && *p == '-';
    if (n && (*p == '-' || *p == '+')) p++;
    digits d = { 0 };
    const char *start = p;
    p = take_digits(p, end, &d, 0);
    bool any = p > start;
    if (p < end && *p == '.') {
        start = p + 1;
        p = take_digits(start, end, &d, 1);
        any = any || p > start;
    }
    if (any && p < end && (*p == 'e' || *p == 'E')) p = take_exponent(p + 1, end, &d);
    if (!any || p != end || d.count > 19 || d.exponent < -27 || d.exponent > 27) return parse_slowly(text, n, out);
    double v = d.m == 0 ? 0 : d.exponent < 0 ? quotient(d.m, -d.exponent) : product(d.m, d.exponent);
    *out = minus ? -v : v;
    return true;
}

/* printf, with a point whatever the locale; nan and inf without the sign of nan. */
static int print(char out[WEIR__NUMBER], double value, int digits_shown)
{
    if (isnan(value)) return snprintf(out, WEIR__NUMBER, "nan");
    int n = snprintf(out, WEIR__NUMBER, "%.*g", digits_shown, value);
    const char *point = localeconv()->decimal_point;
    char *at = strcmp(point, ".") == 0 ? NULL : strstr(out, point);
    if (!at) return n;
    size_t width = strlen(point);
    *at = '.';
    memmove(at + 1, at + width, strlen(at + width) + 1);
    return n - (int)(width - 1);
}

int weir__format_f64(double value, char out[WEIR__NUMBER])
{
    for (int shown = 15;; shown++) {
        int n = print(out, value, shown);
        double back;
        if (shown == 17 || isnan(value) || (weir__parse_number(out, (size_t)n, &back) && back == value)) return n;
    }
}

int weir__format_f32(float value, char out[WEIR__NUMBER])
{
    for (int shown = 6;; shown++) {
        int n = print(out, (double)value, shown);
        double back;
        if (shown == 9 || isnan(value) || (weir__parse_number(out, (size_t)n, &back) && (float)back == value)) return n;
    }
}
