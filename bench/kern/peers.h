/* peers.h - times our matrix product against oneDNN's and OpenBLAS's, found at run time, in one
 * interleaved run. */
#ifndef WEIR_BENCH_PEERS_H
#define WEIR_BENCH_PEERS_H
#include "kern/kern.h"

typedef enum peers_layout { PEERS_NN, PEERS_NT, PEERS_TN } peers_layout;
enum { PEERS_OURS, PEERS_DNNL, PEERS_OPENBLAS, PEERS };

typedef struct peers {
    void *dnnl, *openblas; /* libraries, NULL: absent */
    void *dnnl_sgemm, *cblas_sgemm, *cblas_dgemm, *openblas_set_num_threads, *omp_set_num_threads;
} peers;

/* Medians of seconds a call; 0 where absent. `best` holds the minima. */
typedef struct peers_times {
    double median[PEERS], best[PEERS];
} peers_times;

const char *peers_name(int peer);
void peers_open(peers *p);
void peers_close(peers *p);
/* C[m,n] = A[m,k] B[k,n] on dense operands of random numbers, about `seconds` for each contestant.
 * False: no memory. */
bool peers_measure(const peers *p, const weir__isa *kern, weir__real t, peers_layout layout,
                   int64_t m, int64_t n, int64_t k, const weir__threads *threads, double seconds,
                   peers_times *out);

#endif
