/* kern.h - loops over raw memory. No context, no allocation, no errors: whoever calls has checked
 * shapes and brings scratch.
 *
 * One table of functions per instruction set (AVX-512, AVX2, plain C), made by compiling the same
 * sources three times; the context holds the one in use. Element kernels are ordinary source
 * included once per type.
 *
 * Bits: every output element is computed by the same operations in the same order wherever it lies
 * - in a vector body or a tail, in the first row or the last, alone or among 300 rows, on one
 * thread or many. So row i of a result never depends on its batch mates. Bits may differ between
 * instruction sets.
 *
 * Threads: a call divides its work among the `threads` that it is given, NULL for the caller alone.
 * Threads only divide independent outputs, never a sum.
 */
#ifndef WEIR_KERN_H
#define WEIR_KERN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "linalg.h"
#include "spline.h"
#include "square_error.h"
#include "conv.h"
#include "gated.h"
#include "integer.h"
#include "masked.h"
#include "modulate.h"

typedef enum weir__real { WEIR__F32, WEIR__F64, WEIR__REALS } weir__real;

typedef enum weir__half { WEIR__BF16, WEIR__F16, WEIR__HALVES } weir__half;

enum { WEIR__MAX_RANK = 8 };

/* run(workers, n, piece, user) calls piece(user, i) once for each i < n, n at most `most`, and
 * returns when all are done. */
typedef struct weir__threads {
    int most;
    void (*run)(void *workers, int n, void (*piece)(void *user, int i), void *user);
    void *workers;
} weir__threads;

/* y = f(x; p): parameters p[0..3] where a function has them */
#define WEIR__UNARY_LIST(F) \
    F(copy) F(neg) F(abs) F(sign) F(floor) F(exp) F(expm1) F(log) F(log1p) F(sqrt) F(rsqrt) \
    F(reciprocal) F(square) F(sin) F(cos) F(atan) F(tanh) F(sigmoid) F(softplus) F(relu) F(silu) \
    F(erf) \
    F(affine)     /* p0 x + p1 */ \
    F(clamp)      /* to [p0, p1] */ \
    F(pow_scalar) /* x^p0 */ \
    F(gelu) F(gelu_tanh) F(quick_gelu) F(logsigmoid) \
    F(leaky_relu) /* x > 0 ? x : p0 x */ \
    F(elu)        /* p1 (x > 0 ? x : p0 (e^x - 1)) */
/* y = g f'(x; p), for those f of above whose gradient is one pass */
#define WEIR__SLOPE_LIST(F) \
    F(silu) F(gelu) F(gelu_tanh) F(quick_gelu) F(logsigmoid) F(leaky_relu) F(elu) F(clamp)
/* y = f(x) and d = f'(x) at once, for activations that a linear layer takes with it */
#define WEIR__BOTH_LIST(F) F(tanh) F(sigmoid) F(softplus) F(silu) F(gelu) F(gelu_tanh) F(quick_gelu)
/* y = f(a, b). The *_backward take (gradient, saved output or input), see each op. eq..ge write 0/1
 * bytes (bool). */
#define WEIR__BINARY_LIST(F) \
    F(add) F(sub) F(mul) F(div) F(pow) F(max) F(min) \
    F(relu_backward)    /* b > 0 ? a : 0 */ \
    F(sigmoid_backward) /* a b (1 - b) */ \
    F(tanh_backward)    /* a (1 - b^2) */
/* y[0..n) of the whole row a[0..n), and b[0..n) where there are two */
#define WEIR__ROW_LIST(F) \
    F(softmax) F(log_softmax) \
    F(logsumexp)        /* y[0] alone */ \
    F(softmax_backward) /* of gradient and output */ \
    F(log_softmax_backward) F(cumsum) \
    F(cumsum_back)      /* from the end */
#define WEIR__COMPARE_LIST(F) F(eq) F(ne) F(lt) F(le) F(gt) F(ge)

typedef enum weir__unary {
#define F(n) WEIR__U_##n,
    WEIR__UNARY_LIST(F)
#undef F
    WEIR__UNARIES
} weir__unary;
typedef enum weir__slope {
#define F(n) WEIR__S_##n,
    WEIR__SLOPE_LIST(F)
#undef F
    WEIR__SLOPES
} weir__slope;
typedef enum weir__both {
#define F(n) WEIR__BOTH_##n,
    WEIR__BOTH_LIST(F)
#undef F
    WEIR__BOTHS
} weir__both;
typedef enum weir__binary {
#define F(n) WEIR__B_##n,
    WEIR__BINARY_LIST(F)
#undef F
    WEIR__BINARIES
} weir__binary;
typedef enum weir__row {
#define F(n) WEIR__R_##n,
    WEIR__ROW_LIST(F)
#undef F
    WEIR__ROWS
} weir__row;
typedef enum weir__compare {
#define F(n) WEIR__C_##n,
    WEIR__COMPARE_LIST(F)
#undef F
    WEIR__COMPARES
} weir__compare;

/* Inner loops over n elements; strides in elements (1: dense, 0: the same element, anything else:
 * strided). Outputs have stride 1 or any other but 0. Output may be exactly one of the inputs (in
 * place), else it does not overlap them. */
typedef void weir__unary_fn(int64_t n, void *y, int64_t sy, const void *x, int64_t sx,
                            const double *p);
typedef void weir__slope_fn(int64_t n, void *y, int64_t sy, const void *g, int64_t sg,
                            const void *x, int64_t sx, const double *p);
typedef void weir__both_fn(int64_t n, void *y, void *d, const void *x); /* dense; y may be x */
typedef void weir__binary_fn(int64_t n, void *y, int64_t sy, const void *a, int64_t sa,
                             const void *b, int64_t sb);
typedef void weir__compare_fn(int64_t n, uint8_t *y, int64_t sy, const void *a, int64_t sa,
                              const void *b, int64_t sb);
typedef void weir__where_fn(int64_t n, void *y, int64_t sy, const uint8_t *test, int64_t st,
                            const void *a, int64_t sa, const void *b, int64_t sb);
typedef void weir__convert_fn(int64_t n, void *y, const void *x); /* dense */
typedef void weir__row_fn(int64_t n, void *y, const void *a,
                          const void *b); /* n > 0, logsumexp apart; nothing overlaps */

/* The row function f of rows <= short_rows_most of 0 < n <= WEIR__SHORT numbers at once, with the
 * bits of each alone; rows of a and b side by side, those of y y_row apart. */
enum { WEIR__SHORT = 64 };
typedef void weir__short_rows_fn(weir__row f, int64_t rows, int64_t n, void *y, int64_t y_row,
                                 const void *a, const void *b);

/* A row of attention (isa/scores.inc): x = softmax(scale x + mask) of n > 0 scores in place. The
 * mask has as many numbers, side by side (mask_bool: bytes, 0 hides; NULL: none). A row that may
 * see nothing, all -infinity, is 0, and so is a probability below e^-86 of the largest (e^-707 in
 * f64). */
typedef void weir__probabilities_fn(int64_t n, void *x, double scale, const void *mask,
                                    bool mask_bool);

/* Places along an axis of m, n of them, by index: y[i, j] = x[i, index[j]], or, as its adjoint,
 * y[i, index[j]] = the sum of such x[i, j] from 0 on, in the order of j. Elements of a line lie
 * side by side. m <= WEIR__PICK_MOST. */
enum { WEIR__PICK_MOST = 512 };
typedef struct weir__pick {
    int64_t n, m;
    const int64_t *index;
} weir__pick;
typedef void weir__pick_fn(const weir__pick *p, int64_t lines, const void *x, int64_t x_row,
                           void *y, int64_t y_row);

/* C[m,n] (+)= sum_k A[m,k] B[k,n], then an epilogue. A element (i,k) is a[i*a_row + k*a_col],
 * likewise B: (k,n) is b[k*b_row + n*b_col]; one stride of each is 1. C rows are dense (c_row >=
 * n). k is summed in order 0..K-1 by fused multiply-adds starting from 0 (or from C when
 * accumulate): every element alone decides its bits. */
typedef struct weir__gemm {
    int64_t m, n, k;
    const void *a;
    int64_t a_row, a_col;
    const void *b;
    int64_t b_row, b_col;
    void *c;
    int64_t c_row;
    bool accumulate; /* start from C instead of 0 */
    const void *bias; /* [n] added after the sum, or NULL */
    bool relu; /* max(., 0) last of all */
    const void *mask, *scale; /* [m,n] or NULL, last of all: C = mask > 0 ? value : 0 (the gradient
                                 of relu), C = value scale (of others) */
    int64_t mask_row, scale_row;
} weir__gemm;

/* Normalisation of x [batch, channels, run], dense, or, `last`, [batch, run, channels]: h = (x -
 * mean) / sqrt(variance + eps), y = f(h w + b). Statistics are shared by the channels of a group
 * within a sample (layer norm: one group; run 1), or, with groups 0, by a channel over the whole
 * batch. Bits are those of either memory order. */
typedef struct weir__norm {
    int64_t batch, channels, run, groups;
    bool last; /* always where run is 1 */
    bool centred; /* false (RMS norm, one group, run 1): the mean counts as 0 */
    bool silu; /* f is SiLU, else nothing */
    double eps;
    const void *x, *g, *w, *b; /* g: the gradient of h w + b; w, b: [channels] or NULL for 1, 0 */
    void *y; /* what is made: y, the gradient of h w + b, or that of x; may be g */
    double *stats; /* [batch, groups, 2] or [channels, 2]: mean and variance */
    double *parts; /* [batch, channels, 2], where weir__norm_has_parts: sum of g, sum of g h, of one
                      channel of one sample */
    double *sums; /* [channels, 2]: the same over the batch */
    void *scales; /* [batch, 3] of the type, for sums of samples of one group and run 1 */
    void *blocks; /* weir__norm_room bytes, 64-byte aligned: sums of blocks of rows, then the lanes
                     of each piece of them; NULL: sums take a pass of their own */
} weir__norm;
static inline bool weir__norm_has_parts(const weir__norm *o)
{
    return o->run > 1 || o->groups > 1;
}
enum { WEIR__NORM_LANES = 16 };
/* Rows that are summed by columns: the places of a sample, or, of one number a channel, samples.
 * Their sums are by blocks of WEIR__BLOCK, in lanes of `width` columns (isa/block.inc). */
typedef struct weir__norm_images {
    int64_t images, rows, blocks, width; /* images of so many rows; blocks of an image */
} weir__norm_images;
weir__norm_images weir__norm_images_of(const weir__norm *o);
/* Each makes items first .. last-1 of its own: stats groups (channels where groups is 0); parts
 * pairs of sample and channel; scales samples (from stats); sums channels (from parts, or scales);
 * apply, slope (y = g f'(h w + b)) and back (from parts, where groups is 0 sums) rows: pairs of
 * sample and place where `last`, else of sample and channel. Blocks, of rows: slope (silu) or back
 * (samples of one group), and their sums by columns, o->blocks [.., 2, width], by way of `lanes`
 * [2, WEIR__NORM_LANES, width] of the type. */
typedef void weir__norm_fn(const weir__norm *o, int64_t first, int64_t last);
typedef void weir__norm_blocks_fn(const weir__norm *o, int64_t first, int64_t last, void *lanes);

/* Linear layers one after the other, y = f(x w^T + b), for networks whose layers stay in the
 * caches: a panel of samples passes through all of them before the next one starts. The bits are
 * those of gemm and unary, layer by layer. */
typedef struct weir__mlp_layer {
    int64_t in, out;
    const void *w, *b; /* [out, in] dense; [out] or NULL */
    weir__unary f; /* of no parameters; copy: none */
} weir__mlp_layer;
typedef struct weir__mlp {
    int64_t rows, n; /* n > 0 layers */
    const weir__mlp_layer *layers;
    const void *x;
    int64_t x_row; /* [rows, in of the first] */
    void *y; /* [rows, out of the last], dense */
} weir__mlp;

/* Optimizer passes over a range of n parameters: see src/optim. All in place on p and the states; g
 * is read, scaled by g_scale. */
typedef struct weir__adam {
    double lr, beta1, beta2, eps, weight_decay, decay1, decay2; /* 1 - beta^t */
    bool decoupled;
    double g_scale;
} weir__adam;
typedef struct weir__sgd {
    double lr, momentum, dampening, weight_decay, g_scale;
    bool nesterov, first;
} weir__sgd;
typedef struct weir__rmsprop {
    double lr, alpha, eps, floor, momentum, weight_decay, g_scale;
} weir__rmsprop;

/* The inner loops of one instruction set. */
typedef struct weir__isa {
    const char *name; /* "avx512" */
    weir__unary_fn *unary[WEIR__REALS][WEIR__UNARIES];
    weir__slope_fn *slope[WEIR__REALS][WEIR__SLOPES];
    weir__both_fn *both[WEIR__REALS][WEIR__BOTHS];
    weir__binary_fn *binary[WEIR__REALS][WEIR__BINARIES];
    weir__row_fn *row[WEIR__REALS][WEIR__ROWS];
    weir__short_rows_fn *short_rows[WEIR__REALS];
    int64_t short_rows_most[WEIR__REALS];
    weir__probabilities_fn *probabilities[WEIR__REALS];
    weir__compare_fn *compare[WEIR__REALS][WEIR__COMPARES];
    weir__where_fn *where[WEIR__REALS];
    /* Sum and maximum of n elements of stride s, in one fixed order that depends on n alone
     * (blocked, error O(log n)). */
    double (*sum[WEIR__REALS])(int64_t n, const void *x, int64_t s);
    double (*max[WEIR__REALS])(int64_t n, const void *x, int64_t s);
    double (*sum_squares[WEIR__REALS])(int64_t n, const void *x, int64_t s);
    /* y[j] = (accumulate ? y[j] : 0) + sum_i x[i*row + j], i in order, j < n: column sums */
    void (*column_sum[WEIR__REALS])(int64_t rows, int64_t n, void *y, const void *x, int64_t row,
                                    bool accumulate);
    /* For loop.c: y[j] = sum (maximum) over r < rows of x[offset[r] + j], j < n, with the bits sum
     * and max give for so many elements; rows <= 512, n <= 64. */
    void (*sum_block[WEIR__REALS])(int64_t rows, const int64_t *offset, int64_t n, const void *x,
                                   double *y);
    void (*max_block[WEIR__REALS])(int64_t rows, const int64_t *offset, int64_t n, const void *x,
                                   double *y);
    weir__norm_fn *norm_stats[WEIR__REALS], *norm_apply[WEIR__REALS], *norm_parts[WEIR__REALS],
        *norm_scales[WEIR__REALS], *norm_sums[WEIR__REALS], *norm_slope[WEIR__REALS],
        *norm_back[WEIR__REALS];
    weir__norm_blocks_fn *norm_blocks[WEIR__REALS];
    /* y[j y_row + i] = x[i x_row + j], i < rows, j < columns, elements of 4 or 8 bytes */
    void (*transpose_copy[WEIR__REALS])(int64_t rows, int64_t columns, const void *x,
                                        int64_t x_row, void *y, int64_t y_row);
    /* y[y_at[j] + i] = x[x_at[i] + j], the same */
    void (*transpose_places[WEIR__REALS])(int64_t rows, int64_t columns, const void *x,
                                          const int64_t *x_at, void *y, const int64_t *y_at);
    /* Lines of n columns picked from lines of m; and lines of m that such columns are added to. */
    weir__pick_fn *pick_columns[WEIR__REALS], *add_columns[WEIR__REALS];
    /* f32 from and to 16 bits: to the nearest, ties to even */
    weir__convert_fn *from_half[WEIR__HALVES], *to_half[WEIR__HALVES];
    /* Index of the first non-finite of n dense elements, or -1. */
    int64_t (*find_nonfinite[WEIR__REALS])(int64_t n, const void *x);
    /* Bytes of scratch that gemm wants for this problem on so many threads; scratch is 64-byte
     * aligned. */
    size_t (*gemm_scratch[WEIR__REALS])(const weir__gemm *g, const weir__threads *threads);
    void (*gemm[WEIR__REALS])(const weir__gemm *g, void *scratch, const weir__threads *threads);
    /* Convolutions (conv.h): y = x * w (+ bias); dx = the gradient of the input for gy; dw (+)=
     * that of the weights, which sums over the pixels of all images in order. A pixel of y or dx
     * depends on its own image alone, to the bit. */
    size_t (*conv_scratch[WEIR__REALS])(const weir__conv *v, weir__conv_pass pass,
                                        const weir__threads *threads);
    void (*conv_forward[WEIR__REALS])(const weir__conv *v, const void *x, const void *w,
                                      const void *bias, void *y, void *scratch,
                                      const weir__threads *threads);
    void (*conv_input[WEIR__REALS])(const weir__conv *v, const void *gy, const void *w, void *dx,
                                    void *scratch, const weir__threads *threads);
    void (*conv_weight[WEIR__REALS])(const weir__conv *v, const void *x, const void *gy, void *dw,
                                     bool accumulate, void *scratch, const weir__threads *threads);
    /* Windows: the maximum and its place i w + j in the image; y = x at the places; dx = sums of gy
     * at the places; mean and its gradient */
    void (*max_pool[WEIR__REALS])(const weir__windows *p, const void *x, void *y, int32_t *at,
                                  const weir__threads *threads);
    void (*pool_gather[WEIR__REALS])(const weir__windows *p, const void *x, const int32_t *at,
                                     void *y, const weir__threads *threads);
    void (*pool_scatter[WEIR__REALS])(const weir__windows *p, const void *gy, const int32_t *at,
                                      void *dx, const weir__threads *threads);
    void (*avg_pool[WEIR__REALS])(const weir__windows *p, const void *x, void *y,
                                  const weir__threads *threads);
    void (*avg_pool_input[WEIR__REALS])(const weir__windows *p, const void *gy, void *dx,
                                        const weir__threads *threads);
    /* [h, w] to [out_h, out_w]: place i from floor(i h / out_h); and the gradient */
    void (*upsample[WEIR__REALS])(const weir__windows *p, const void *x, void *y,
                                  const weir__threads *threads);
    void (*upsample_input[WEIR__REALS])(const weir__windows *p, const void *gy, void *dx,
                                        const weir__threads *threads);
    /* the same by straight lines, and the gradient */
    void (*bilinear[WEIR__REALS])(const weir__bilinear *b, const void *x, void *y,
                                  const weir__threads *threads);
    void (*bilinear_input[WEIR__REALS])(const weir__bilinear *b, const void *gy, void *dx,
                                        const weir__threads *threads);
    weir__modulate_fn *modulate[WEIR__REALS], *modulate_back[WEIR__REALS]; /* see modulate.h */
    weir__rotary_fn *rotary[WEIR__REALS];
    /* Networks; scratch is 64-byte aligned. */
    size_t (*mlp_scratch[WEIR__REALS])(const weir__mlp *m, const weir__threads *threads);
    void (*mlp[WEIR__REALS])(const weir__mlp *m, void *scratch, const weir__threads *threads);
    weir__matrix_fn *matrix[WEIR__REALS][WEIR__MATRICES]; /* see linalg.h */
    weir__triangle_fn *triangle[WEIR__REALS];
    weir__spline_fn *spline[WEIR__REALS], *spline_back[WEIR__REALS]; /* see spline.h */
    weir__square_error_fn *square_error[WEIR__REALS], *square_error_back[WEIR__REALS];
    /* Multiply-adds of one core on registers alone for about so long, in GFLOP/s: what benches
     * quote speed over. */
    double (*fma_peak[WEIR__REALS])(double seconds);
    /* Elements [first, first+n) of sample `id` under `key`: Philox4x32-10 at counter (id, index/4),
     * see src/base/rng.c for the mapping, which these match to the bit (uniform) or to rounding
     * (normal). */
    void (*uniform[WEIR__REALS])(int64_t n, void *y, uint64_t key, uint64_t id, uint64_t first);
    void (*normal[WEIR__REALS])(int64_t n, void *y, uint64_t key, uint64_t id, uint64_t first);
    /* The same for whole arrays [rows, n]: row r is elements 0 .. n-1 of sample ids[r] (r where ids
     * is NULL). */
    void (*uniform_rows[WEIR__REALS])(int64_t rows, int64_t n, void *y, uint64_t key,
                                      const int64_t *ids);
    void (*normal_rows[WEIR__REALS])(int64_t rows, int64_t n, void *y, uint64_t key,
                                     const int64_t *ids);
    void (*adam[WEIR__REALS])(int64_t n, void *p, const void *g, void *m, void *v,
                              const weir__adam *o);
    void (*sgd[WEIR__REALS])(int64_t n, void *p, const void *g, void *buf, const weir__sgd *o);
    void (*rmsprop[WEIR__REALS])(int64_t n, void *p, const void *g, void *sq, void *buf,
                                 const weir__rmsprop *o);
} weir__isa;

extern const weir__isa weir__isa_c;
#if defined(WEIR_HAVE_X86)
extern const weir__isa weir__isa_avx2, weir__isa_avx512;
#endif
/* The table for an isa (1 C, 2 AVX2, 3 AVX-512; 0 the best this CPU has), or NULL where CPU or
 * build lack it. */
const weir__isa *weir__isa_for(int isa);

/* -- loop.c: the same over n-d arrays with any strides; dimensions that can be merged are, and
 * threads split the outputs -- */
typedef struct weir__operand {
    void *data;
    int64_t stride[WEIR__MAX_RANK]; /* in elements; 0 along broadcast axes */
} weir__operand;
/* x[0] is the output. Sizes of elements come from the loop called. */
typedef struct weir__loop {
    int ndim;
    int64_t shape[WEIR__MAX_RANK];
    weir__operand x[4];
} weir__loop;
void weir__loop_unary(const weir__isa *k, weir__real t, weir__unary f, const weir__loop *l,
                      const double *p, const weir__threads *threads);
void weir__loop_slope(const weir__isa *k, weir__real t, weir__slope f, const weir__loop *l,
                      const double *p, const weir__threads *threads); /* x: out, g, x */
void weir__loop_binary(const weir__isa *k, weir__real t, weir__binary f, const weir__loop *l,
                       const weir__threads *threads);
void weir__loop_compare(const weir__isa *k, weir__real t, weir__compare f, const weir__loop *l,
                        const weir__threads *threads);
void weir__loop_where(const weir__isa *k, weir__real t, const weir__loop *l,
                      const weir__threads *threads); /* x: out, test, a, b */
/* Copies elements of `bytes` bytes each (any dtype), any strides. */
void weir__loop_copy(const weir__isa *k, size_t bytes, const weir__loop *l,
                     const weir__threads *threads);
/* Rows of several arrays joined: row i of y is row i of the first, then that of the second, and so
 * on, each of so many bytes. Threads divide rows. */
typedef struct weir__joined {
    const void *x;
    size_t bytes;
} weir__joined;
void weir__join_rows(int n, const weir__joined *parts, int64_t rows, void *y,
                     const weir__threads *threads);
/* n dense numbers of 16 bits to f32, or from it */
void weir__from_half(const weir__isa *k, weir__half t, int64_t n, float *y, const uint16_t *x,
                     const weir__threads *threads);
void weir__to_half(const weir__isa *k, weir__half t, int64_t n, uint16_t *y, const float *x,
                   const weir__threads *threads);
/* y = sum (or maximum) over the reduced axes. l->shape is the input's; x[0] (output) has stride 0
 * along them; x[1] is the input. */
void weir__loop_sum(const weir__isa *k, weir__real t, const weir__loop *l,
                    const weir__threads *threads);
void weir__loop_max(const weir__isa *k, weir__real t, const weir__loop *l,
                    const weir__threads *threads);
/* -- integer.c: i64 and bool ------------------------------------------------------------------- */
void weir__loop_integer(weir__integer f, const weir__loop *l,
                        const weir__threads *threads); /* i64; x: out, a, b */
void weir__loop_logic(bool either, const weir__loop *l,
                      const weir__threads *threads); /* bool: a or b, a and b */
/* Elements of 8 bytes are i64, of 1 bool; the result is bool. */
void weir__loop_integer_compare(weir__compare f, int64_t bytes, const weir__loop *l,
                                const weir__threads *threads);
/* test ? a : b of elements of any type; x: out, test, a, b */
void weir__loop_choose(int64_t bytes, const weir__loop *l, const weir__threads *threads);
/* y += sums over the axes along which y's stride is 0 of i64, or of bool as 0 and 1; x: y, what is
 * summed */
void weir__loop_integer_sum(int64_t bytes, const weir__loop *l);
/* y = the largest, or the least, of y and of x along the axes where y's stride is 0; both i64 or
 * both bool */
void weir__loop_integer_extreme(bool least, int64_t bytes, const weir__loop *l);
/* y = running sums of lines of n elements, i64 or bool, side by side */
void weir__integer_cumsum(int64_t bytes, int64_t lines, int64_t n, int64_t *y, const void *x);
bool weir__any_zero(const weir__operand *x, int ndim, const int64_t *shape); /* of i64 */
/* -- pick.c: one axis by index, i64 and within bounds. Operands that the index moves have stride 0
 * along the axis and `along` beside it - */
void weir__loop_gather(size_t bytes, const weir__loop *l,
                       int64_t along); /* x: out, what is read (along), index */
/* Many lines at once, the axis left out of l, elements along it side by side in both; x: out, in.
 * False, and nothing done, where a loop place by place is as good. Threads divide the lines. */
bool weir__loop_pick(const weir__isa *k, size_t bytes, const weir__loop *l, const weir__pick *p,
                     const weir__threads *threads);
bool weir__loop_pick_add(const weir__isa *k, weir__real t, const weir__loop *l,
                         const weir__pick *p, const weir__threads *threads);
/* Blocks of so many bytes, one after the other: y[i, j] = x[i, index[j]], i < rows; any m. Threads
 * divide those of y. */
void weir__pick_blocks(const weir__pick *p, int64_t rows, size_t bytes, void *y, const void *x,
                       const weir__threads *threads);
void weir__loop_scatter_add(weir__real t, const weir__loop *l,
                            int64_t along); /* x: what is added to (along), what is added, index */
void weir__loop_scatter(size_t bytes, const weir__loop *l,
                        int64_t along); /* x: what is written to (along), what is put, index */
void weir__loop_argmax(weir__real t, const weir__loop *l, int64_t n,
                       int64_t along); /* x: out (i64), first of n elements; n > 0 */
/* The same of i64 or of bool, or where the least is. */
void weir__loop_integer_argmax(bool least, int64_t bytes, const weir__loop *l, int64_t n,
                               int64_t along);
/* y[r, j] = the number of sorted[r, ..] below x[r, j], or, `right`, not above it; all dense. NaN is
 * above all. */
typedef struct weir__search {
    int64_t rows, n, m; /* of sorted [rows, n] and of x, y [rows, m] */
    bool right;
    const void *sorted, *x;
    int64_t *y;
} weir__search;
void weir__loop_search(weir__real t, const weir__search *s, const weir__threads *threads);
/* y of p, or, where there is a place for it, the gradient of x. Threads divide the rows. */
void weir__loop_gated(const weir__isa *k, weir__real t, const weir__gated *p,
                      const weir__threads *threads);
/* Whole passes of modulate.h. */
void weir__modulate_forward(const weir__isa *k, weir__real t, const weir__modulate *m,
                            const weir__threads *threads);
void weir__modulate_backward(const weir__isa *k, weir__real t, const weir__modulate *m,
                             const weir__threads *threads);
/* Lines of 2 n numbers side by side, of any strides, rotated; x: out, what is rotated, cosines and
 * sines, n of them side by side. */
typedef struct weir__rotary {
    weir__loop lines;
    int64_t n;
    bool neighbours, back;
} weir__rotary;
void weir__loop_rotary(const weir__isa *k, weir__real t, const weir__rotary *r,
                       const weir__threads *threads);
/* A row function over many rows; rows of a and b lie end to end, those of y at y_row. */
typedef struct weir__rows {
    int64_t rows, n;
    void *y;
    int64_t y_row;
    const void *a, *b;
} weir__rows;
void weir__loop_rows(const weir__isa *k, weir__real t, weir__row f, const weir__rows *r,
                     const weir__threads *threads);
/* A normalisation (norm.c): stats and y; y of given stats. */
void weir__norm_forward(const weir__isa *k, weir__real t, const weir__norm *o,
                        const weir__threads *threads);
void weir__norm_apply(const weir__isa *k, weir__real t, const weir__norm *o,
                      const weir__threads *threads);
/* Bytes of o->blocks for backward: 0 where rows are short of what is worth it */
int64_t weir__norm_room(weir__real t, const weir__norm *o, const weir__threads *threads);
/* Fills sums where `sums`, and y, the gradient of x, where `back`. With SiLU y is needed for
 * either. */
void weir__norm_backward(const weir__isa *k, weir__real t, const weir__norm *o, bool sums,
                         bool back, const weir__threads *threads);
/* softmax(scale q k^T + mask) v by heads (attention.c). Head h of q begins at element q_at[h] and
 * has rows `q_row` apart, elements of a row side by side; so k, v. The mask (mask_bool: bytes, 0
 * hides; else of the type, added; NULL: none) has element (row, key) of head h at mask_at[h] + row
 * mask_row + key mask_key. causal: row i sees keys 0 .. i. y and g are [heads, rows, out], dense;
 * dq, dk, dv (NULL: not wanted) dense too, and ds, the gradient of what softmax takes, [heads,
 * rows, keys]. Work needs `scratch` bytes, 64-byte aligned. */
typedef struct weir__attention {
    int64_t heads, rows, keys, width, out;
    bool causal, mask_bool;
    double scale;
    const void *q, *k, *v, *mask, *g;
    const int64_t *q_at, *k_at, *v_at, *mask_at;
    int64_t q_row, k_row, v_row, mask_row, mask_key;
    void *y, *dq, *dk, *dv, *ds;
} weir__attention;
size_t weir__attention_scratch(const weir__isa *k, weir__real t, const weir__attention *o,
                               bool backward, const weir__threads *threads);
void weir__attention_forward(const weir__isa *k, weir__real t, const weir__attention *o,
                             void *scratch, const weir__threads *threads);
void weir__attention_backward(const weir__isa *k, weir__real t, const weir__attention *o,
                              void *scratch, const weir__threads *threads);
/* y of s; its gx and gh. Threads divide the elements. */
void weir__spline_forward(const weir__isa *k, weir__real t, const weir__spline *s,
                          const weir__threads *threads);
void weir__spline_backward(const weir__isa *k, weir__real t, const weir__spline *s,
                           const weir__threads *threads);
void weir__square_error_forward(const weir__isa *k, weir__real t, const weir__square_error *s,
                                const weir__threads *threads);
void weir__square_error_backward(const weir__isa *k, weir__real t, const weir__square_error *s,
                                 const weir__threads *threads);
/* Fills y. False where a unit sees more than it may: then y is not the layer. */
bool weir__masked_weights(const weir__isa *k, weir__real t, const weir__masked *p);
/* -- parallel.c: work divided among threads ---------------------------------------------------- */
/* fn(user, i, begin, end) for `pieces` ranges of [0, n), number i from n i / pieces on; for fewer
 * where n is less. No more than there are threads. */
typedef void weir__range_fn(void *user, int piece, int64_t begin, int64_t end);
void weir__divide(const weir__threads *threads, int pieces, int64_t n, weir__range_fn *fn,
                  void *user);
/* The same for passes over n elements: pieces are multiples of 1024. */
typedef void weir__pass_fn(void *user, int64_t begin, int64_t end);
void weir__divide_pass(const weir__threads *threads, int pieces, int64_t n, weir__pass_fn *fn,
                       void *user);
/* For passes over one dense range that cost what memory costs (optimizers, axpy): in as many pieces
 * as it is worth. */
void weir__parallel_range(int64_t n, const weir__threads *threads, weir__pass_fn *fn, void *user);
int weir__threads_most(const weir__threads *threads); /* 1 where it is NULL */
/* Pieces worth making of `n` elements of about `cost` nanoseconds each: from 1, where they are few,
 * to the threads there are. */
int weir__pieces_for(int64_t n, double cost, const weir__threads *threads);

/* -- matrices.c: functions of one matrix over `count`, each dense; results are y_step and z_step
 * elements apart -- */
typedef struct weir__matrices {
    const weir__lapack *lapack;
    int64_t count, m, n;
    const void *a;
    void *y;
    int64_t y_step;
    void *z;
    int64_t z_step;
} weir__matrices;
/* Bytes of scratch for each piece, and how many of them the work is worth. */
size_t weir__matrix_scratch(const weir__isa *k, weir__real t, int64_t m, int64_t n);
int weir__matrix_pieces(const weir__matrices *a, const weir__threads *threads);
void weir__loop_matrices(const weir__isa *k, weir__real t, weir__matrix f, const weir__matrices *a,
                         void *scratch, const weir__threads *threads);
/* each[i] solved into x[i]; all of the same extents. */
void weir__loop_triangles(const weir__isa *k, weir__real t, int64_t count,
                          const weir__triangle *each, void *const *x, const weir__threads *threads);

#endif
