/* main.c - weir-bench: times cases of the list on this machine, one line a measurement. WEIR_ISA in
 * the environment forces the kernels, as it does for the command. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

const char weir__program[] = "weir-bench";

static const weir__bench_row *const cases[] = {
    &weir__bench_p1,      &weir__bench_p1_48,  &weir__bench_p1_96,  &weir__bench_p1_200,
    &weir__bench_p2,      &weir__bench_p3,     &weir__bench_p4,     &weir__bench_p5,
    &weir__bench_p7,      &weir__bench_p8,     &weir__bench_op,     &weir__bench_elementwise,
    &weir__bench_gemm,    &weir__bench_conv,   &weir__bench_memory, &weir__bench_norms,
    &weir__bench_blocks,  &weir__bench_copies, &weir__bench_sums,   &weir__bench_short,
    &weir__bench_convert,
};
enum { CASES = sizeof cases / sizeof *cases, CHOSEN_MAX = 32 };

typedef struct bench_args {
    bool json;
    int64_t threads;
    double seconds;
    int n; /* cases named, in this order; none: all */
    const weir__bench_row *chosen[CHOSEN_MAX];
} bench_args;

static void bench_help(void)
{
    printf("weir-bench [CASE]... [--json] [--threads N] [--seconds S]\n\n"
           "times the library on this machine\n\n"
           "  --json         print one JSON object a line\n"
           "  --threads N    threads; within [1, 1024]; 1\n"
           "  --seconds S    about how long to measure each thing; within [0.01, 3600]; 3\n\n");
    for (int i = 0; i < CASES; i++)
        printf("  %-12s %s\n", strchr(cases[i]->row.name, '.') + 1, cases[i]->row.doc);
    printf("\nNo CASE: all. ms is the median of a call. roofline: the time that the products of a\n"
           "step take at the best speed of ours, oneDNN and OpenBLAS (where these are installed),\n"
           "measured between the steps, over the time of a step.\n");
}

/* -- arguments -------------------------------------------------------------------------------- */
static int bench_find(bench_args *a, const char *name)
{
    weir__nearest near = weir__nearest_of(name);
    for (int i = 0; i < CASES; i++) {
        const char *candidate = strchr(cases[i]->row.name, '.') + 1;
        bool same = strcmp(name, candidate) == 0 || strcmp(name, cases[i]->row.name) == 0;
        if (same && a->n < CHOSEN_MAX) {
            a->chosen[a->n++] = cases[i];
            return WEIR__EXIT_OK;
        }
        weir__nearest_offer(&near, candidate);
    }
    return weir__complain(WEIR__EXIT_USAGE, "unknown case: %.60s: expected %s%s", name,
                          near.best ? "perhaps " : "one that `weir-bench --help` shows",
                          near.best ? near.best : "");
}

/* The value of `--flag VALUE` or `--flag=VALUE`; NULL: this argument is another one. */
static const char *bench_value(int argc, char **argv, int *at, const char *flag)
{
    size_t n = strlen(flag);
    const char *arg = argv[*at];
    if (strncmp(arg, flag, n) != 0) return NULL;
    if (arg[n] == '=') return arg + n + 1;
    if (arg[n]) return NULL;
    return *at + 1 < argc ? argv[++*at] : "";
}

static int bench_threads(bench_args *a, const char *text)
{
    if (weir__parse_int(text, &a->threads) && a->threads >= 1 && a->threads <= 1024) return 0;
    return weir__complain(WEIR__EXIT_USAGE,
                          "--threads: %.60s: expected an integer within [1, 1024]", text);
}

static int bench_seconds(bench_args *a, const char *text)
{
    if (weir__parse_real(text, &a->seconds) && a->seconds >= 0.01 && a->seconds <= 3600) return 0;
    return weir__complain(WEIR__EXIT_USAGE,
                          "--seconds: %.60s: expected a number within [0.01, 3600]", text);
}

static int bench_parse(bench_args *a, int argc, char **argv)
{
    int code = WEIR__EXIT_OK;
    for (int i = 1; i < argc && code == 0; i++) {
        const char *threads = bench_value(argc, argv, &i, "--threads");
        const char *seconds = threads ? NULL : bench_value(argc, argv, &i, "--seconds");
        if (threads) code = bench_threads(a, threads);
        else if (seconds) code = bench_seconds(a, seconds);
        else if (strcmp(argv[i], "--json") == 0) a->json = true;
        else if (argv[i][0] != '-') code = bench_find(a, argv[i]);
        else
            code = weir__complain(WEIR__EXIT_USAGE,
                                  "unknown flag: %.60s: expected --json, --threads or --seconds",
                                  argv[i]);
    }
    return code;
}

/* -- running ---------------------------------------------------------------------------------- */
static int bench_case(const weir__bench_row *row, const bench_args *a)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(a->threads, 1, &code);
    if (!c) return code;
    weir__bench b = {
        .ctx = c,
        .json = a->json,
        .seconds = a->seconds,
        .threads = (int)a->threads,
    };
    code = row->run(&b);
    if (!weir_ok(c)) code = weir__complain_ctx(c, false);
    weir_close(c);
    fflush(stdout);
    return code;
}

int main(int argc, char **argv)
{
    bench_args a = { .threads = 1, .seconds = 3 };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0) continue;
        bench_help();
        return weir__finish_stdout(WEIR__EXIT_OK);
    }
    int code = bench_parse(&a, argc, argv);
    if (a.n == 0) {
        memcpy(a.chosen, cases, sizeof cases);
        a.n = CASES;
    }
    for (int i = 0; i < a.n && code == 0; i++) code = bench_case(a.chosen[i], &a);
    return weir__finish_stdout(code);
}

/* -- what the cases share --------------------------------------------------------------------- */
static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double weir__median(double *v, int64_t n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

int64_t weir__rss_mb(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss / 1024;
}
