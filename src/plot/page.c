/* page.c - one HTML page that needs nothing from outside: style, text, pictures. */
#include <string.h>
#include "plot/plot.h"

static bool room(weir__page *p, size_t more)
{
    return weir_ok(p->ctx) && weir__grow(p->ctx, &p->data, &p->capacity, p->size + (int64_t)more + 1, 1);
}

static void put(weir__page *p, const char *text, size_t n)
{
    if (!room(p, n)) return;
    memcpy(p->data + p->size, text, n);
    p->size += (int64_t)n;
    p->data[p->size] = 0;
}

void weir__page_add(weir__page *p, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0 || !room(p, (size_t)n)) return;
    va_start(args, format);
    vsnprintf(p->data + p->size, (size_t)n + 1, format, args);
    va_end(args);
    p->size += n;
}

/* Bytes of the UTF-8 character at s; 0: it is not one. */
static size_t utf8_length(const unsigned char *s)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

static const char *entity(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return c < 0x20 || c == 0x7f ? " " : NULL;
    }
}

void weir__page_text(weir__page *p, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const char *special = entity(*s);
        size_t n = utf8_length(s);
        if (special) put(p, special, strlen(special));
        else if (n) put(p, (const char *)s, n);
        else put(p, "\xef\xbf\xbd", 3);
        s += n ? n : 1;
    }
}

void weir__page_base64(weir__page *p, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *s = data;
    if (!room(p, size / 3 * 4 + 4)) return;
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t v = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (left > 2 ? s[i + 2] : 0);
        char out[4] = { digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=', left > 2 ? digits[v & 63] : '=' };
        put(p, out, 4);
    }
}

void weir__page_image(weir__page *p, const weir__bytes *png, const char *alt)
{
    weir__page_add(p, "<img alt=\"");
    weir__page_text(p, alt);
    weir__page_add(p, "\" src=\"data:image/png;base64,");
    weir__page_base64(p, png->data, png->size);
    weir__page_add(p, "\">");
}

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--ink:#1c1e21;--soft:#5f656d;--line:#dfe2e6;--grid:#eceef1;--a:#2f66b5;--b:#c2561a;--c:#3b8a57;--card:#f7f8f9}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#15171a;--ink:#e4e6e9;--soft:#9aa1aa;--line:#33373d;--grid:#262a2f;--a:#7fb0f2;--b:#f0995c;--c:#77c795;"
    "--card:#1c1f23}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif;"
    "-webkit-text-size-adjust:100%}\n"
    "main{max-width:980px;margin:0 auto;padding:40px 20px 56px}\n"
    "h1{font-size:28px;line-height:1.2;margin:0 0 6px;font-weight:650;letter-spacing:-.01em;overflow-wrap:anywhere}\n"
    "h2{font-size:19px;margin:44px 0 14px;font-weight:620;letter-spacing:-.005em}\n"
    "p{margin:0 0 12px;max-width:70ch}.lead{color:var(--soft);margin-bottom:22px;overflow-wrap:anywhere}\n"
    ".key{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));gap:1px;background:var(--line);border:1px solid var(--line);"
    "border-radius:8px;overflow:hidden;margin:0}\n"
    ".key div{background:var(--bg);padding:12px 16px}.key dt{color:var(--soft);font-size:13px}\n"
    ".key dd{margin:2px 0 0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}\n"
    ".key small{font-size:13px;font-weight:400;color:var(--soft);letter-spacing:0}\n"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:28px}\n"
    ".three{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,270px),1fr));gap:20px}\n"
    "figure{margin:0;min-width:0}figcaption{color:var(--soft);font-size:14px;margin-top:8px}\n"
    "figure h3{font-size:15px;font-weight:600;margin:0 0 6px}\n"
    "svg{display:block;width:100%;height:auto}svg text{font:12px system-ui,-apple-system,\"Segoe UI\",Roboto,Arial,sans-serif;fill:var(--soft);"
    "font-variant-numeric:tabular-nums}\n"
    "svg .grid{stroke:var(--grid)}svg .axis{stroke:var(--line)}svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}\n"
    "svg .faint{stroke-width:1.2;opacity:.75}svg .level{stroke:var(--soft);stroke-dasharray:4 4;fill:none}\n"
    "svg .points{fill:none;stroke-linecap:round;stroke-width:2.6;stroke-opacity:.55}svg .frame{fill:none;stroke:var(--line)}\n"
    ".sa{stroke:var(--a)}.sb{stroke:var(--b)}.sc{stroke:var(--c)}.fa{fill:var(--a)}.fb{fill:var(--b)}.fc{fill:var(--c)}\n"
    "img{display:block;width:100%;height:auto;image-rendering:pixelated;border-radius:4px}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:15px}\n"
    "caption{text-align:left;color:var(--soft);font-size:14px;padding-bottom:8px}\n"
    "th,td{padding:7px 14px 7px 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\n"
    "th{font-weight:550}thead th{color:var(--soft);font-size:13px;font-weight:500;white-space:nowrap}\n"
    ".num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.num{text-align:right}\n"
    ".num:last-child{padding-right:0}.pm{color:var(--soft);font-size:13px}\n"
    ".settings{columns:2;column-gap:44px}.settings table{break-inside:avoid;margin-bottom:22px}.settings td{overflow-wrap:anywhere;text-align:right;"
    "padding-right:0;font-variant-numeric:tabular-nums}.settings th{color:var(--soft);font-weight:400;white-space:nowrap}\n"
    ".settings caption{color:var(--ink);font-weight:600;font-size:15px;padding-bottom:4px}\n"
    ".note{background:var(--card);border-left:3px solid var(--b);padding:10px 14px;border-radius:0 6px 6px 0;font-size:15px;overflow-wrap:anywhere}\n"
    "footer{margin-top:48px;padding-top:14px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}\n"
    "@media(max-width:640px){main{padding:26px 16px 40px}h1{font-size:24px}h2{margin-top:36px}.settings{columns:1}.key dd{font-size:18px}}\n";

void weir__page_begin(weir__page *p, const char *title)
{
    weir__page_add(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    weir__page_text(p, title);
    weir__page_add(p, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n%s</style>\n</head>\n<body>\n<main>\n", style);
}

void weir__page_end(weir__page *p) { weir__page_add(p, "</main>\n</body>\n</html>\n"); }
