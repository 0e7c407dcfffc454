/* bench.h - what the cases of weir-bench share: times of calls, and the roofline of the products
 * that a case is made of. */
#ifndef WEIR_BENCH_CASES_H
#define WEIR_BENCH_CASES_H
#include "../kern/peers.h"
#include "cli/cli.h"

/* -- cases ------------------------------------------------------------------------------------- */
typedef struct weir__bench {
    weir_ctx *ctx;
    bool json;
    double seconds;
    int threads;
} weir__bench;

typedef struct weir__bench_row {
    weir_row row;
    int (*run)(weir__bench *b); /* exit code */
} weir__bench_row;

extern const weir__bench_row weir__bench_p1, weir__bench_p1_48, weir__bench_p1_96,
    weir__bench_p1_200, weir__bench_p2, weir__bench_p3, weir__bench_p4, weir__bench_p5,
    weir__bench_p7, weir__bench_p8, weir__bench_gemm, weir__bench_op, weir__bench_elementwise,
    weir__bench_conv, weir__bench_memory, weir__bench_norms, weir__bench_blocks,
    weir__bench_copies, weir__bench_sums, weir__bench_short, weir__bench_convert;

/* The row bench.ID, which ID_run runs; `command` is how the tests call it. */
#define BENCH_ROW(id, text, command) \
    const weir__bench_row weir__bench_##id = { \
        .row = { \
            .size = sizeof(weir__bench_row), \
            .version = 1, \
            .name = "bench." #id, \
            .doc = text, \
            .test = command, \
        }, \
        .run = id##_run, \
    }

/* -- times ------------------------------------------------------------------------------------- */
typedef struct weir__times {
    double *at; /* seconds of each call */
    int64_t n, room;
} weir__times;

double weir__median(double *v, int64_t n); /* sorts v */
int64_t weir__rss_mb(void);                /* the most this process has held */
/* False: the error is set. */
bool weir__times_open(weir__bench *b, weir__times *t, int64_t room);
/* Calls `call` for so many seconds, at least once, and notes each time. */
void weir__times_of(const weir__bench *b, weir__times *t, double seconds, void (*call)(void *user),
                    void *user);

/* -- roofline: matrix products by the fastest of ours, oneDNN and OpenBLAS, in this process ---- */
typedef struct weir__product {
    peers_layout layout;
    int64_t m, n, k, count; /* so many of them in one call */
} weir__product;

typedef struct weir__roof {
    double best, seconds_of[PEERS]; /* of all added: by the best of each; by each contestant */
    double flop;
} weir__roof;

/* Times product q for so long and adds it. False: no memory, the error is set. */
bool weir__roof_add(const weir__bench *b, const peers *p, const weir__product *q, double seconds,
                    weir__roof *r);

/* Bytes a second of y = a + b over arrays too long for the caches, on the threads of b: all three
 * counted. 0: no memory, the error is set. */
double weir__stream(const weir__bench *b);

/* -- results ----------------------------------------------------------------------------------- */
typedef struct weir__result {
    const char *name, *op; /* "p1", "train_step" */
    weir__times *times;
    int64_t rss_mb, shards; /* shards 0: not a matter of this case */
    const weir__roof *roof; /* NULL: none */
} weir__result;

/* One line: JSON with the keys of the peers' program and more, or text. `extra` (may be NULL) is
 * joined to the JSON, and released. */
void weir__result_print(const weir__bench *b, const weir__result *r, json_t *extra);

#endif
