/* container.c - container with most water (LeetCode 11): of n upright lines, the two that hold the
 * most between them and the ground.
 *
 *     echo '[1,8,6,2,5,4,8,3,7]' | ./container           49
 *     ./container heights.txt
 *
 * Integers separated by commas or blanks, with or without brackets around them; 2 <= n <= 100000,
 * each within [0, 10000]. It uses nothing of the library: it is the smallest model of the house's
 * manner. Input, check, compute, one clear error, exit 0 or 1.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N_MIN = 2, N_MAX = 100000, HEIGHT_MAX = 10000 };

typedef struct input {
    FILE *file;
    const char *name;
    int n, height[N_MAX];
} input;

/* One line, `container: where: what: expected`; returns false, so that a check reads as a
 * sentence. */
static bool fail(const char *where, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "container: %s: ", where);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

/* -- input ------------------------------------------------------------------------------------- */
static int skip_blanks(FILE *f)
{
    int ch;
    do {
        ch = getc(f);
    } while (isspace(ch));
    return ch;
}

/* Digits from `ch` on, stopping at the bound rather than at the end of int. The character behind
 * them is left to be read. */
static bool read_height(input *in, int ch)
{
    bool negative = ch == '-';
    int value = 0;
    if (negative) ch = getc(in->file);
    if (!isdigit(ch)) return fail(in->name, "height %d: expected an integer", in->n + 1);
    for (; isdigit(ch); ch = getc(in->file))
        if (value <= HEIGHT_MAX) value = 10 * value + (ch - '0');
    ungetc(ch, in->file);
    if ((negative && value > 0) || value > HEIGHT_MAX)
        return fail(in->name, "height %d: expected within [0, %d]", in->n + 1, HEIGHT_MAX);
    if (in->n == N_MAX)
        return fail(in->name, "more than %d heights: expected %d to %d", N_MAX, N_MIN, N_MAX);
    in->height[in->n++] = value;
    return true;
}

/* Between heights stands a comma or a blank; a comma wants a height behind it. */
static bool read_list(input *in)
{
    int ch = skip_blanks(in->file);
    bool bracket = ch == '[', comma = false;
    if (bracket) ch = skip_blanks(in->file);
    while (ch != EOF && ch != ']') {
        if (!read_height(in, ch)) return false;
        int next = getc(in->file);
        bool blank = isspace(next);
        ungetc(next, in->file);
        ch = skip_blanks(in->file);
        comma = ch == ',';
        if (comma) ch = skip_blanks(in->file);
        else if (!blank && ch != EOF && ch != ']')
            return fail(in->name, "after height %d: expected a comma or a blank", in->n);
    }
    if (comma) return fail(in->name, "after the last comma: expected a height");
    if (bracket && ch != ']') return fail(in->name, "an open bracket: expected ] at the end");
    if (!bracket && ch == ']') return fail(in->name, "a ] without [: expected both or none");
    if (bracket && skip_blanks(in->file) != EOF)
        return fail(in->name, "behind the ]: expected nothing");
    return true;
}

/* -- check ------------------------------------------------------------------------------------- */
static bool check(const input *in)
{
    if (ferror(in->file)) return fail(in->name, "%s: expected a readable file", strerror(errno));
    if (in->n < N_MIN) return fail(in->name, "%d heights: expected %d to %d", in->n, N_MIN, N_MAX);
    return true;
}

/* -- compute ----------------------------------------------------------------------------------- */
/* Two pointers from the ends, O(n): the lower line of a pair holds no more with any nearer line, so
 * it can be left out. */
static int64_t most_water(const int *height, int n)
{
    int64_t best = 0;
    for (int left = 0, right = n - 1; left < right;) {
        int low = height[left] < height[right] ? height[left] : height[right];
        int64_t area = (int64_t)low * (right - left);
        if (area > best) best = area;
        if (height[left] < height[right]) left++;
        else right--;
    }
    return best;
}

static bool run(input *in)
{
    bool read = read_list(in);
    if (ferror(in->file) || read) read = check(in) && read;
    if (!read) return false;
    if (printf("%lld\n", (long long)most_water(in->height, in->n)) < 0 || fflush(stdout) != 0)
        return fail("output", "%s: expected one that takes a line", strerror(errno));
    return true;
}

static bool open_input(input *in, int argc, char **argv)
{
    if (argc > 2) return fail("arguments", "%d: expected at most one, a file", argc - 1);
    if (argc == 2) in->name = argv[1];
    in->file = argc == 2 ? fopen(argv[1], "r") : stdin;
    return in->file || fail(in->name, "%s: expected a readable file", strerror(errno));
}

int main(int argc, char **argv)
{
    static input in = { .name = "standard input" };
    bool good = open_input(&in, argc, argv) && run(&in);
    if (in.file && in.file != stdin) fclose(in.file);
    return good ? 0 : 1;
}
