/* bench.h - what the cases of weir bench share: times of calls, and the roofline of the products that a case is made of. */
#ifndef WEIR_CLI_BENCH_H
#define WEIR_CLI_BENCH_H
#include "../../bench/kern/peers.h"
#include "cli/cli.h"

/* -- times ------------------------------------------------------------------------------------------------------------------- */
typedef struct weir__times { double *at; int64_t n, room; } weir__times; /* seconds of each call */
bool weir__times_open(weir__bench *b, weir__times *t, int64_t room); /* false: the error is set */
/* Calls `call` for so many seconds, at least once, and notes each time. */
void weir__times_of(const weir__bench *b, weir__times *t, double seconds, void (*call)(void *user), void *user);

/* -- roofline: matrix products by the fastest of ours, oneDNN and OpenBLAS, each timed in this process ------------------------- */
typedef struct weir__product { peers_layout layout; int64_t m, n, k, count; } weir__product; /* so many in one call */
typedef struct weir__roof { double best, seconds_of[PEERS], flop; } weir__roof; /* of all added; by the best of each; by each contestant */
/* Times product q for so long and adds it. False: no memory, the error is set. */
bool weir__roof_add(const weir__bench *b, const peers *p, const weir__product *q, double seconds, weir__roof *r);

/* Bytes a second of y = a + b over arrays too long for the caches, on the threads of b: all three counted. 0: no memory, the error is set. */
double weir__stream(const weir__bench *b);

/* -- results ------------------------------------------------------------------------------------------------------------------ */
typedef struct weir__result {
    const char *name, *op; /* "p1", "train_step" */
    weir__times *times;
    int64_t rss_mb, shards; /* shards 0: not a matter of this case */
    const weir__roof *roof; /* NULL: none */
} weir__result;
/* One line: JSON with the keys of the peers' program and more, or text. `extra` (may be NULL) is joined to the JSON, and released. */
void weir__result_print(const weir__bench *b, const weir__result *r, json_t *extra);

#endif
