/* Ops by index, losses, padding and dropout: a row has the same bits alone and among others, at any place, on any instruction set and
 * number of threads, forward and vjp; and a recomputed dropout drops the same. */
#include "test.h"
#include "ops/ops.h"

enum { N = 300, D = 37, K = 5 };

typedef weir_tensor *row_fn(weir_tensor *x, weir_tensor *index);
static weir_tensor *first_of(weir_tensor *index) { return weir_select(index, 1, 0); }
static weir_tensor *gathered(weir_tensor *x, weir_tensor *index) { return weir_gather(x, 1, index); }
static weir_tensor *scattered(weir_tensor *x, weir_tensor *index) { return weir_scatter_add(x, 1, index, weir_exp(weir_slice(x, 1, 3, 3 + K, 1))); }
static weir_tensor *padded(weir_tensor *x, weir_tensor *index) { return (void)index, weir_pad(weir_pad_reflect(weir_flip(x, 1, (const int[]){ 1 }), 1, SHAPE(4, 9)), 1, SHAPE(-3, 2), 0.5); }
static weir_tensor *largest(weir_tensor *x, weir_tensor *index) { return (void)index, weir_mul(weir_max_axis(x, 1, true, NULL), weir_min_axis(x, 1, true, NULL)); }
static weir_tensor *pieces(weir_tensor *x, weir_tensor *index)
{
    weir_tensor *out[3];
    (void)index;
    weir_chunk(x, 1, 3, out);
    return weir_stack(2, out, 1);
}

static weir_tensor *entropy(weir_tensor *x, weir_tensor *index)
{
    weir_cross_entropy_opts o = weir_cross_entropy_defaults();
    o.reduction = WEIR_REDUCE_NONE, o.label_smoothing = 0.1, o.ignore_index = 3;
    return weir_cross_entropy(x, first_of(index), &o);
}

static weir_tensor *pairs(weir_tensor *x, weir_tensor *index)
{
    weir_tensor *y = weir_sigmoid(weir_detach(weir_flip(x, 1, (const int[]){ 1 })));
    (void)index;
    return weir_add(weir_bce_with_logits(x, y, NULL, WEIR_REDUCE_NONE), weir_huber_loss(x, y, 0.5, WEIR_REDUCE_NONE));
}

static weir_tensor *gates(weir_tensor *x, weir_tensor *index)
{
    weir_tensor *even = weir_slice(x, 1, 0, 36, 1);
    return (void)index, weir_add(weir_glu(even, 1), weir_quick_gelu(weir_gated(even, -1, WEIR_ACT_GELU_TANH)));
}

static weir_tensor *turned(weir_tensor *x, weir_tensor *index) /* 36 columns as 3 places of 12, modulated, gated, turned */
{
    weir_tensor *tokens = weir_reshape(weir_slice(x, 1, 0, 36, 1), 3, SHAPE(-1, 3, 12)), *s = weir_select(tokens, 1, 1), *angles = weir_rotary_angles(weir_arange(weir_ctx_of(x), weir_dtype_of(x), 3), 12, 100);
    return (void)index, weir_rotary(weir_gate(tokens, weir_modulate(tokens, s, s), s), weir_cos(angles), weir_sin(angles), true);
}

static weir_tensor *resized(weir_tensor *x, weir_tensor *index) /* 36 columns as pictures 2 x 3 of 6 channels */
{
    weir_tensor *image = weir_reshape(weir_slice(x, 1, 0, 36, 1), 4, SHAPE(-1, 6, 2, 3));
    return (void)index, weir_add(weir_upsample_bilinear2d(weir_slice(image, 1, 2, 6, 1), 5, 4, false), weir_pixel_unshuffle(weir_upsample_bilinear2d(weir_slice(image, 1, 0, 1, 1), 10, 8, true), 2));
}

static weir_tensor *dropped(weir_tensor *x, weir_tensor *index) { return (void)index, weir_dropout(weir_exp(x), 0.3, true); }

static row_fn *const fns[] = { gathered, scattered, padded, largest, pieces, entropy, pairs, gates, turned, resized, dropped };
enum { FNS = sizeof fns / sizeof *fns };

/* Rows from .. from + n - 1 of the same data, whoever computes them */
static void run(weir_ctx *c, row_fn *f, weir_dtype t, int64_t from, int64_t n, weir_tensor **y, weir_tensor **g)
{
    static int64_t ids[N], places[N * K];
    for (int i = 0; i < N; i++) ids[i] = 5000 + i;
    for (int i = 0; i < N * K; i++) places[i] = (i * 7 + i / K) % D;
    weir_tensor *index = weir_from_i64(c, places + from * K, 2, SHAPE(n, K));
    weir__frame_set(c, (weir__frame){ .stream = 11, .ids = ids + from, .n_ids = n });
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, t, 2, SHAPE(n, D)), true);
    *y = f(x, index);
    weir__frame_set(c, (weir__frame){ 0 });
    weir_tensor *v = weir_affine(weir_detach(*y), 0.5, 1);
    weir_grad(1, y, 1, &x, &v, false, false, g);
    assert_ok(c);
}

static void same_rows(weir_tensor *part, weir_tensor *whole, int64_t from, int64_t n, int fn)
{
    weir_tensor *a = weir_contiguous(part), *b = weir_contiguous(weir_slice(whole, 0, from, from + n, 1));
    assert_int_equal(weir_numel(a), weir_numel(b));
    if (memcmp(weir_data(a), weir_data(b), (size_t)weir_numel(a) * weir_dtype_size(weir_dtype_of(a)))) fail_msg("function %d: %lld rows from %lld differ", fn, (long long)n, (long long)from);
}

static void rows_in(weir_ctx *c, weir_ctx *other)
{
    static const int64_t counts[] = { 1, 2, 3, 7, 16, 33, 100, 299 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++)
        for (int f = 0; f < FNS; f++) {
            weir_scope outer = weir_scope_begin(c), beside = weir_scope_begin(other);
            weir_tensor *y, *g, *yn, *gn;
            run(c, fns[f], (weir_dtype)t, 0, N, &y, &g);
            run(other, fns[f], (weir_dtype)t, 0, N, &yn, &gn); /* another number of threads */
            assert_memory_equal(weir_data(weir_contiguous(yn)), weir_data(weir_contiguous(y)), (size_t)weir_numel(y) * weir_dtype_size((weir_dtype)t));
            assert_memory_equal(weir_data(weir_contiguous(gn)), weir_data(weir_contiguous(g)), (size_t)weir_numel(g) * weir_dtype_size((weir_dtype)t));
            for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
                for (int64_t from = 0; from <= N - counts[i]; from += (N - counts[i]) / 2 + 1) {
                    weir_scope s = weir_scope_begin(c);
                    run(c, fns[f], (weir_dtype)t, from, counts[i], &yn, &gn);
                    same_rows(yn, y, from, counts[i], f);
                    same_rows(gn, g, from, counts[i], f);
                    weir_scope_end(s);
                }
            weir_scope_end(outer);
            weir_scope_end(beside);
        }
}

static void rows_are_independent(void **state)
{
    (void)state;
    for (int isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++) {
        weir_open_opts o = weir_open_defaults();
        o.isa = (weir_isa)isa;
        o.threads = 1;
        weir_ctx *c = weir_open_with(&o);
        o.threads = 3;
        weir_ctx *other = weir_open_with(&o);
        if (weir_ok(c)) rows_in(c, other); /* else the CPU lacks it */
        weir_close(other);
        weir_close(c);
    }
}

static weir_tensor *drop(void *user, weir_tensor **x) { return (void)user, weir_dropout(weir_dropout(x[0], 0.5, true), 0.25, true); }

static void recomputed_dropout_drops_the_same(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_set_requires_grad(weir_ones(c, WEIR_F32, 2, SHAPE(20, 30)), true);
    weir_tensor *y = weir_checkpoint(drop, NULL, 1, &x);
    weir_dropout(x, 0.5, true); /* other draws in between */
    weir_backward(weir_sum(y));
    assert_ok(c);
    assert_memory_equal(weir_data(weir_grad_of(x)), weir_data(y), 600 * sizeof(float));
    assert_true(weir_item(weir_amax(y)) > 2.6 && weir_item(weir_amin(y)) == 0);
    weir_tensor *again = weir_checkpoint(drop, NULL, 1, &x);
    assert_memory_not_equal(weir_data(again), weir_data(y), 600 * sizeof(float));
}

int main(void)
{
    CASES(cmocka_unit_test(rows_are_independent), CASE(recomputed_dropout_drops_the_same));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
