/* shortest.c - the shortest decimal text that reads back to the same bits (Steele & White 1990),
 * whatever the locale.
 *
 * A finite v > 0 is m 2^e; a decimal D 10^-k reads back to v where it lies in v's rounding
 * interval, half a unit in the last place to either side (a quarter below a power of two). Both v
 * 10^k = m 5^k 2^(e+k) and that interval are exact in 128 bits for k from 0 to 27, which nearly all
 * numbers want; for others the C library rounds to so many digits and the text is read back. More
 * and more digits are tried. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "base/base.h"

__extension__ typedef unsigned __int128 wide;

/* m 2^e, 2^52 <= m < 2^53 unless subnormal; `ulp` is the last place of the type it comes from, in
 * the same unit as m. */
typedef struct binary {
    double v;
    uint64_t m, ulp;
    int e;
    bool is_float;
} binary;

/* digits 10^(exponent - precision + 1), 10^(precision - 1) <= digits < 10^precision */
typedef struct decimal {
    uint64_t digits;
    int precision, exponent;
} decimal;

static uint64_t shortest_power10(int n) { return weir__power5[n] << n; }

static binary shortest_split(double v, bool is_float)
{
    int exponent;
    double fraction = frexp(v, &exponent);
    return (binary){
        .v = v,
        .m = (uint64_t)ldexp(fraction, 53),
        .ulp = is_float ? (uint64_t)1 << 29 : 1,
        .e = exponent - 53,
        .is_float = is_float,
    };
}

static bool shortest_is_power_of_two(const binary *b) { return b->m == (uint64_t)1 << 52; }

/* -- exactly ----------------------------------------------------------------------------------- */
/* v 10^k rounded to an integer, half to even. */
static uint64_t shortest_scaled(const binary *b, int k)
{
    wide p = (wide)b->m * weir__power5[k];
    int shift = -(b->e + k); /* 1 to 86 */
    wide tail = p & (((wide)1 << shift) - 1);
    wide half = (wide)1 << (shift - 1);
    uint64_t q = (uint64_t)(p >> shift);
    return q + (tail > half || (tail == half && (q & 1)));
}

static decimal shortest_round_exactly(const binary *b, int precision)
{
    int exponent = (int)floor(
        (b->e + 52) * 0.30102999566398120); /* log10(2^(e + 52)): right, or one too small */
    uint64_t digits = shortest_scaled(b, precision - 1 - exponent);
    if (digits >= shortest_power10(precision))
        digits = shortest_scaled(b, precision - 1 - ++exponent);
    return (decimal){ digits, precision, exponent };
}

/* For a float the text keeps off the ends of the interval, but may be one: it may be rounded to a
 * double on the way. */
static bool shortest_within(const binary *b, decimal d)
{
    int k = d.precision - 1 - d.exponent;
    wide value = (wide)b->m * weir__power5[k];
    wide text = (wide)d.digits << -(b->e + k);
    wide half = (wide)b->ulp * weir__power5[k]; /* of twice the distance */
    wide distance = 2 * (text > value ? text - value : value - text);
    if (text < value && shortest_is_power_of_two(b)) distance *= 2;
    if (distance == half) return b->m / b->ulp % 2 == 0;
    return b->is_float ? distance + (value >> 48) < half : distance < half;
}

/* -- by the C library -------------------------------------------------------------------------- */
static decimal shortest_round_by_library(const binary *b, int precision)
{
    char text[WEIR__REAL_TEXT];
    decimal d = { 0, precision, 0 };
    weir__format(text, sizeof text, "%.*e", precision - 1, b->v);
    const char *p = text;
    for (; *p != 'e'; p++)
        if (*p != '.') d.digits = d.digits * 10 + (uint64_t)(*p - '0');
    bool minus = *++p == '-';
    while (*++p) d.exponent = d.exponent * 10 + (*p - '0');
    if (minus) d.exponent = -d.exponent;
    return d;
}

static bool shortest_reads_back(const binary *b, const char *text, int n)
{
    double back;
    if (!weir__parse_number(text, (size_t)n, &back)) return false;
    if (!b->is_float) return back == b->v;
    return (float)back == (float)b->v
           && weir__strtof(text) == (float)b->v; /* through a double, and at once */
}

/* -- the text ---------------------------------------------------------------------------------- */
/* Significant digits without the zeros behind them; the count. */
static int shortest_digits(decimal d, char out[20])
{
    int n = d.precision;
    for (; n > 1 && d.digits % 10 == 0; n--) d.digits /= 10;
    for (int i = n - 1; i >= 0; i--) {
        out[i] = (char)('0' + d.digits % 10);
        d.digits /= 10;
    }
    return n;
}

static int shortest_put_exponent(int exponent, char *out)
{
    int size = exponent < 0 ? -exponent : exponent;
    int n = 0;
    out[n++] = 'e';
    out[n++] = exponent < 0 ? '-' : '+';
    if (size >= 100) out[n++] = (char)('0' + size / 100);
    out[n++] = (char)('0' + size / 10 % 10);
    out[n++] = (char)('0' + size % 10);
    return n;
}

/* As %.*g lays out so many digits. */
static int shortest_lay_out(decimal d, char *out)
{
    char digits[20];
    int n = shortest_digits(d, digits);
    bool scientific = d.exponent < -4 || d.exponent >= d.precision;
    int point = scientific ? 1 : d.exponent + 1; /* digits in front of it */
    int used = 0;
    if (point <= 0) out[used++] = '0';
    for (int i = 0; i < point; i++) out[used++] = i < n ? digits[i] : '0';
    if (n > point) out[used++] = '.';
    for (int i = point; i < n; i++) out[used++] = i < 0 ? '0' : digits[i];
    if (scientific) used += shortest_put_exponent(d.exponent, out + used);
    out[used] = 0;
    return used;
}

/* Whether k = precision - 1 - exponent is from 0 to 27 for all that is asked of the exact half,
 * also where digits carry. */
static bool shortest_is_exact(const binary *b, int precision)
{
    return b->v >= 1e-10 && b->v < 1e15 && b->v < (double)(shortest_power10(precision) - 1);
}

/* The decimal's text into `out`, and its length; 0: it does not read back. */
static int shortest_try(const binary *b, decimal d, char *out)
{
    if (shortest_is_exact(b, d.precision))
        return shortest_within(b, d) ? shortest_lay_out(d, out) : 0;
    int n = shortest_lay_out(d, out);
    return shortest_reads_back(b, out, n) ? n : 0;
}

static int shortest_of_precision(const binary *b, int precision, bool last, char *out)
{
    bool exact = shortest_is_exact(b, precision);
    decimal d = exact ? shortest_round_exactly(b, precision)
                      : shortest_round_by_library(b, precision);
    if (last) return shortest_lay_out(d, out);
    int n = shortest_try(b, d, out);
    if (n || !shortest_is_power_of_two(b) || ++d.digits == shortest_power10(precision)) return n;
    return shortest_try(b, d, out); /* the interval is wider above */
}

static int shortest_positive(double v, bool is_float, int least, char *out)
{
    binary b = shortest_split(v, is_float);
    int most = is_float ? 9 : 17;
    if (v < (is_float ? FLT_MIN : DBL_MIN)) least = 1; /* subnormals have fewer digits */
    for (int precision = least;; precision++) {
        int n = shortest_of_precision(&b, precision, precision == most, out);
        if (n) return n;
    }
}

static int shortest_text(double v, bool is_float, int least, char out[WEIR__REAL_TEXT])
{
    int n = 0;
    if (!isnan(v) && signbit(v)) out[n++] = '-';
    if (isfinite(v) && v != 0) return n + shortest_positive(fabs(v), is_float, least, out + n);
    const char *word = "0";
    if (isnan(v)) word = "nan";
    if (isinf(v)) word = "inf";
    strcpy(out + n, word);
    return n + (int)strlen(word);
}

int weir__format_f64(double value, char out[WEIR__REAL_TEXT])
{
    return shortest_text(value, false, 15, out);
}

int weir__format_f32(float value, char out[WEIR__REAL_TEXT])
{
    return shortest_text((double)value, true, 6, out);
}

int weir__format_option(double value, char out[WEIR__REAL_TEXT])
{
    return shortest_text(value, false, 6, out);
}
