/* bench.c - weir bench: times cases of the list, one line a measurement. */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "cli/cli.h"

typedef struct flags {
    weir__flags base;
    bool json;
    int64_t threads;
    double seconds;
} flags;

static const weir_option options[] = {
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object a line" },
    { "threads", WEIR_OPTION_INT, offsetof(flags, threads), "1", 1, 1024, NULL, "threads" },
    { "seconds", WEIR_OPTION_REAL, offsetof(flags, seconds), "3", 0.01, 3600, NULL, "about how long to measure each thing" },
    { 0 },
};

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

static const weir__bench_row *find(const char *name)
{
    weir__nearest near = weir__nearest_of(name);
    for (int64_t i = 0; i < weir__bench_row_count; i++) {
        const char *candidate = strchr(weir__bench_rows[i]->name, '.') + 1;
        if (strcmp(name, candidate) == 0 || strcmp(name, weir__bench_rows[i]->name) == 0) return (const weir__bench_row *)weir__bench_rows[i];
        weir__nearest_offer(&near, candidate);
    }
    weir__complain(WEIR__EXIT_USAGE, "unknown case: %.60s: expected %s%s", name, near.best ? "perhaps " : "one that `weir list bench` shows",
                   near.best ? near.best : "");
    return NULL;
}

static int run_case(const weir__bench_row *row, const flags *f)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(f->threads, 1, &code);
    if (!c) return code;
    weir__bench b = { .ctx = c, .json = f->json, .seconds = f->seconds, .threads = (int)f->threads };
    code = row->run(&b);
    if (!weir_ok(c)) code = weir__complain_ctx(c, false);
    weir_close(c);
    fflush(stdout);
    return code;
}

static int run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    for (int i = 0; i < f.base.n_positional; i++)
        if (!find(f.base.positional[i])) return WEIR__EXIT_USAGE;
    for (int i = 0; i < f.base.n_positional && code == 0; i++) code = run_case(find(f.base.positional[i]), &f);
    for (int64_t i = 0; f.base.n_positional == 0 && i < weir__bench_row_count && code == 0; i++)
        code = run_case((const weir__bench_row *)weir__bench_rows[i], &f);
    return code;
}

const weir__command weir__command_bench = {
    .row = { .size = sizeof(weir__command), .version = 1, .name = "command.bench", .doc = "times the library on this machine",
             .options = options, .options_size = sizeof(flags), .test = "bench op --json --seconds 0.05" },
    .usage = "[CASE]... [--json] [--threads N] [--seconds S]",
    .more = "Cases: `weir list bench`; none: all. ms is the median of a call. roofline: the time that the matrix products of a step take at the\n"
            "best speed of ours, oneDNN and OpenBLAS (where these are installed), measured between the steps, over the time of a step.\n",
    .most_positional = WEIR__POSITIONAL_MAX,
    .run = run,
};
