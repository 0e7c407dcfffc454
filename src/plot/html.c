/* html.c - text that grows, and the few ways anything gets into it: as markup, escaped, as base64,
 * as a number. */
#include <math.h>
#include <string.h>
#include "plot/plot.h"

static bool html_room(weir__page *p, size_t more)
{
    int64_t need = p->n + (int64_t)more + 1;
    return weir_ok(p->c)
           && (need <= p->cap || weir__grow(p->c, &p->at, &p->cap, need < 4096 ? 4096 : need, 1));
}

void weir__put_bytes(weir__page *p, const char *text, size_t n)
{
    if (!html_room(p, n)) return;
    memcpy(p->at + p->n, text, n);
    p->n += (int64_t)n;
    p->at[p->n] = 0;
}

void weir__put(weir__page *p, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = weir__vformat(NULL, 0, format, args);
    if (n > 0 && html_room(p, (size_t)n)) {
        weir__vformat(p->at + p->n, (size_t)n + 1, format, again);
        p->n += n;
    }
    va_end(again);
    va_end(args);
}

/* -- escaping ---------------------------------------------------------------------------------- */
/* NULL: the character stands for itself. */
static const char *escape(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* Bytes that are no UTF-8 are shown as the replacement character, one each. */
void weir__put_text(weir__page *p, const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd";
    const char *s = text;
    while (s && *s) {
        size_t n = weir__utf8_sequence((const unsigned char *)s);
        const char *in_place = escape((unsigned char)*s);
        if (n == 0 && !in_place) in_place = replacement;
        if (in_place) weir__put_bytes(p, in_place, strlen(in_place));
        else weir__put_bytes(p, s, n);
        s += n ? n : 1;
    }
}

/* -- base64 ------------------------------------------------------------------------------------ */
void weir__put_base64(weir__page *p, const void *data, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *s = data;
    if (!html_room(p, (n + 2) / 3 * 4)) return;
    char *to = p->at + p->n;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i;
        uint32_t v = (uint32_t)s[i] << 16 | (have > 1 ? (uint32_t)s[i + 1] << 8 : 0)
                     | (have > 2 ? s[i + 2] : 0);
        *to++ = digit[v >> 18];
        *to++ = digit[v >> 12 & 63];
        *to++ = have > 1 ? digit[v >> 6 & 63] : '=';
        *to++ = have > 2 ? digit[v & 63] : '=';
    }
    *to = 0;
    p->n = to - p->at;
}

void weir__put_png(weir__page *p, weir__bytes png)
{
    weir__put(p, "data:image/png;base64,");
    weir__put_base64(p, png.data, png.size);
}

/* -- numbers ----------------------------------------------------------------------------------- */
void weir__put_at(weir__page *p, double x)
{
    char text[64];
    if (!isfinite(x)) x = 0;
    weir__format(text, sizeof text, "%.2f", fmax(-1e6, fmin(1e6, x)));
    size_t n = strlen(text);
    while (text[n - 1] == '0') n--;
    if (text[n - 1] == '.') n--;
    text[n] = 0;
    weir__put(p, "%s", strcmp(text, "-0") == 0 ? "0" : text);
}

/* Digits before the point in groups of three, from five digits on, parted by narrow no-break
 * spaces. */
static void html_group(char *out, size_t bytes, const char *digits)
{
    size_t whole = strspn(digits, "0123456789"), used = strlen(out);
    for (size_t i = 0; digits[i]; i++) {
        if (i && i < whole && whole > 4 && (whole - i) % 3 == 0)
            weir__append(out, bytes, &used, "\u202f");
        weir__append(out, bytes, &used, "%c", digits[i]);
    }
}

const char *weir__number(char buffer[WEIR__NUMBER], double v, int decimals)
{
    char digits[32];
    buffer[0] = 0;
    if (!isfinite(v)) {
        const char *infinite = v > 0 ? "\u221e" : "\u2212\u221e";
        snprintf(buffer, WEIR__NUMBER, "%s", isnan(v) ? "\u2013" : infinite);
        return buffer;
    }
    bool plain = fabs(v) < 1e12 && (v == 0 || decimals > 0 || fabs(v) >= 0.5);
    if (decimals > 12) decimals = 12;
    weir__format(digits, sizeof digits, plain ? "%.*f" : "%.*e", decimals, fabs(v));
    if (v < 0 && strspn(digits, "0.") < strlen(digits)) snprintf(buffer, WEIR__NUMBER, "\u2212");
    html_group(buffer, WEIR__NUMBER, digits);
    return buffer;
}
