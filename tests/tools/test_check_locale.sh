#!/usr/bin/env bash
# tools/check-locale tells every way a number may go through the locale, and is silent about what it is right to do.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/cli/lib.sh"

# finds NAME LINE: a source of that line is refused;  passes NAME LINE: it is not
plant() { rm -rf planted; mkdir -p planted/base; printf '%s\n' "$1" > planted/base/x.c; "$SRC/tools/check-locale" "$work/planted" > out 2>&1; }
finds() { if plant "$2" || ! grep -q 'x.c:[12]: ' out; then not_ok "finds $1" out; else ok "finds $1"; fi; }
passes() { if plant "$2"; then ok "passes $1"; else not_ok "passes $1" out; fi; }

finds "a real printed" 'int n = snprintf(out, 8, "%.3f", x);'
finds "with a width" 'printf("%-8s %10.2e\n", s, x);'
finds "of a width given" 'fprintf(f, "%*.*g", w, p, x);'
finds "long doubles" 'printf("%Lg", x);'
finds "hexadecimal ones" 'printf("%a", x);'
finds "in either format" 'snprintf(out, 8, plain ? "%d" : "%.*e", 3, x);'
finds "on the next line" 'snprintf(out, sizeof out,
         "%g", x);'
finds "behind another" 'if (a) printf("%d", 1); else printf("%g", x);'
finds "by a format that is no text" 'snprintf(out, 8, format, x);'
finds "by arguments" 'vsnprintf(out, 8, format, args);'
finds "a real read" 'double d = strtod(text, &end);'
finds "an integer read" 'long d = strtoll(text, &end, 10);'
finds "by scanf" 'if (sscanf(text, "%lf", &x) != 1) return;'
finds "by atof" 'x = atof(text);'
finds "the point asked for" 'char *p = localeconv()->decimal_point;'
finds "a locale set" 'setlocale(LC_ALL, "C");'
finds "letters" 'if (isalpha(c)) c = tolower(c);'
finds "letters of either case" 'return strcasecmp(a, b) == 0;'
finds "an order" 'return strcoll(a, b);'
finds "a date" 'strftime(out, 8, "%c", &t);'
finds "what errno says" 'fail(c, strerror(errno));'
finds "JSON printed by jansson" 'text = json_dumps(o, 0);'
finds "JSON read by jansson" 'o = json_loadb(data, n, 0, &e);'
passes "integers and texts" 'snprintf(out, 8, "%s %lld 100%%", s, n); printf("%d\n", i);'
passes "our own" 'weir__format(out, 8, "%.3f", x); weir__append(out, 8, &n, "%g", x); weir_fail(c, s, "%g", x);'
passes "comments" '/* printf("%g"), strtod(x) and
   localeconv() */ int x; // snprintf(a, b, "%f", y);'
passes "texts" 'const char *doc = "as strtod( does, or isalpha(c)";'
passes "names that end so" 'my_printf(x, "%g"); weir__strtod(text, &end); is_digit(c);'
passes "the sources" "" && works "of the library" "$SRC/tools/check-locale"
[ "$failures" -eq 0 ]
