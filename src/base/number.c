/* number.c - a decimal number from text, correctly rounded, whatever the locale.
 *
 * Nearly all numbers in files have at most 19 digits and a small exponent: m * 10^e with m < 2^64
 * and |e| <= 27, so 5^|e| < 2^63 and the product or quotient is exact in 128 bits with a remainder.
 * It is then rounded once, to even. The rest goes to the C library. */
#include <math.h>
#include <string.h>
#include "base/base.h"

__extension__ typedef unsigned __int128 wide;

/* -- exactly ----------------------------------------------------------------------------------- */
const uint64_t weir__power5[28] = {
    1u,
    5u,
    25u,
    125u,
    625u,
    3125u,
    15625u,
    78125u,
    390625u,
    1953125u,
    9765625u,
    48828125u,
    244140625u,
    1220703125u,
    6103515625u,
    30517578125u,
    152587890625u,
    762939453125u,
    3814697265625u,
    19073486328125u,
    95367431640625u,
    476837158203125u,
    2384185791015625u,
    11920928955078125u,
    59604644775390625u,
    298023223876953125u,
    1490116119384765625u,
    7450580596923828125u,
};

/* q * 2^exponent, q not 0, with `sticky` for a non-zero tail below it, rounded to 53 bits. No
 * subnormals: exponents are small. */
static double number_round(uint64_t q, int exponent, bool sticky)
{
    int shift = 11 - __builtin_clzll(q); /* bits above 53 */
    if (shift <= 0)
        return ldexp((double)q,
                     exponent); /* exact: callers keep 62 bits or more unless the tail is 0 */
    uint64_t tail = q & (((uint64_t)1 << shift) - 1), half = (uint64_t)1 << (shift - 1);
    uint64_t m = q >> shift;
    if (tail > half || (tail == half && (sticky || (m & 1)))) m++;
    if (m == (uint64_t)1 << 53) {
        m >>= 1;
        shift++;
    }
    uint64_t bits = (uint64_t)(exponent + shift + 52 + 1023) << 52
                    | (m & (((uint64_t)1 << 52) - 1));
    double d; /* ldexp is slow */
    memcpy(&d, &bits, sizeof d);
    return d;
}

static double number_quotient(uint64_t m, int e)
{
    uint64_t d = weir__power5[e];
    int up = __builtin_clzll(m), over = __builtin_clzll(d);
    wide n = (wide)(m << up) << 63;
    uint64_t divisor = d << over, q = (uint64_t)(n / divisor); /* 2^62 <= q < 2^64 */
    return number_round(q, over - up - 63 - e, n % divisor != 0);
}

static double number_product(uint64_t m, int e)
{
    wide p = (wide)m * weir__power5[e];
    uint64_t high = (uint64_t)(p >> 64);
    if (high == 0) return number_round((uint64_t)p, e, false);
    int up = __builtin_clzll(high);
    p <<= up;
    return number_round((uint64_t)(p >> 64), e + 64 - up, (uint64_t)p != 0);
}

/* -- from text --------------------------------------------------------------------------------- */
/* `count` significant digits, the first 19 of them in m; all of them times 10^exponent. */
typedef struct digits {
    uint64_t m;
    int count, exponent;
} digits;

/* Digits from p on. */
static const char *number_take_digits(const char *p, const char *end, digits *d, int fraction)
{
    for (; p < end && (unsigned char)(*p - '0') < 10; p++) {
        if (d->m || *p != '0') d->count++;
        if (d->count <= 19) d->m = d->m * 10 + (uint64_t)(*p - '0');
        d->exponent -= fraction;
    }
    return p;
}

static const char *number_take_exponent(const char *p, const char *end, digits *d)
{
    bool minus = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    const char *start = p;
    int e = 0;
    for (; p < end && (unsigned char)(*p - '0') < 10; p++)
        if (e < 100000000) e = e * 10 + (*p - '0');
    d->exponent += minus ? -e : e;
    return p == start ? NULL : p;
}

/* -- by the C library -------------------------------------------------------------------------- */
/* A number halfway between two doubles has at most 767 significant digits: behind DIGITS_MAX only
 * matters whether all are 0. */
enum { DIGITS_MAX = 800, COPY = DIGITS_MAX + 40 };

static double number_by_library(const char *text, size_t n, const digits *d)
{
    char copy[COPY];
    size_t used = 0;
    int dropped = 0;
    bool tail = false;
    for (size_t i = 0; i < n && text[i] != 'e' && text[i] != 'E'; i++) {
        if (text[i] < '0' || text[i] > '9' || (used == 0 && text[i] == '0')) continue;
        if (used < DIGITS_MAX) {
            copy[used++] = text[i];
        } else {
            dropped++;
            tail = tail || text[i] != '0';
        }
    }
    if (used == 0) copy[used++] = '0';
    weir__format(copy + used, sizeof copy - used, ".%ce%d", tail ? '1' : '0',
                 d->exponent + dropped);
    return weir__strtod(copy, NULL);
}

/* nan, inf, infinity without a sign. */
static bool number_word(const char *text, size_t n, double *out)
{
    *out = weir__is_word(text, n, "nan") ? (double)NAN : (double)INFINITY;
    return isnan(*out) || weir__is_word(text, n, "inf") || weir__is_word(text, n, "infinity");
}

/* -- either way -------------------------------------------------------------------------------- */
/* Without a sign. Digits all of which were taken, or NULL: it is no such number. */
static const char *number_take(const char *p, const char *end, digits *d)
{
    const char *start = p;
    p = number_take_digits(p, end, d, 0);
    bool any = p > start;
    if (p < end && *p == '.') {
        start = p + 1;
        p = number_take_digits(start, end, d, 1);
        any = any || p > start;
    }
    if (any && p < end && (*p == 'e' || *p == 'E')) p = number_take_exponent(p + 1, end, d);
    return any && p == end ? p : NULL;
}

bool weir__parse_number(const char *text, size_t n, double *out)
{
    digits d = { 0 };
    bool minus = n && *text == '-';
    const char *p = text + (n && (*text == '-' || *text == '+'));
    const char *end = text + n;
    double v = 0;
    if (!number_take(p, end, &d)) {
        if (!number_word(p, (size_t)(end - p), &v)) return false;
    } else if (d.count > 19 || d.exponent < -27 || d.exponent > 27) {
        v = number_by_library(p, (size_t)(end - p), &d);
    } else if (d.m) {
        v = d.exponent < 0 ? number_quotient(d.m, -d.exponent) : number_product(d.m, d.exponent);
    }
    *out = minus ? -v : v;
    return true;
}
