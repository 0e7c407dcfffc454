/* Losses, ops by index, ops on empty and 0-d inputs against PyTorch: values and gradients of tests/ops/fixtures/torch.h. Then what
 * numbers cannot show: errors, second derivatives of losses, gradients of a chosen place, who a draw of dropout belongs to. */
#include "test.h"
#include "fixtures/torch.h"
#include "tensor/tensor.h"

enum { CASES_N = sizeof torch_cases / sizeof *torch_cases };

static weir_tensor *input(weir_ctx *c, const torch_array *a)
{
    weir_tensor *x = weir_from_f64(c, a->values, a->ndim, a->shape);
    if (a->index) return weir_cast(x, WEIR_I64);
    return a->has_gradient ? weir_set_requires_grad(x, true) : x;
}

static void expect(const char *name, const char *what, weir_tensor *got, const double *values)
{
    int64_t n = weir_numel(got);
    double v[128];
    assert_true(n <= 128);
    weir_copy_to_f64(got, v, n);
    for (int64_t i = 0; i < n; i++)
        if (isnan(values[i]) ? !isnan(v[i]) : v[i] != values[i] && !(fabs(v[i] - values[i]) <= 1e-13 * (1 + fabs(values[i]))))
            fail_msg("%s: %s %lld: %.17g, PyTorch %.17g", name, what, (long long)i, v[i], values[i]);
}

static void values_and_gradients_are_pytorchs(void **state)
{
    weir_ctx *c = *state;
    assert_true(CASES_N > 110);
    for (int k = 0; k < CASES_N; k++) {
        const struct torch_case *t = &torch_cases[k];
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x[3];
        for (int i = 0; i < t->n; i++) x[i] = input(c, &t->x[i]);
        weir_tensor *y = t->call(x);
        if (!weir_ok(c)) fail_msg("%s: %s", t->name, weir_message(c));
        assert_int_equal(weir_ndim(y), t->y.ndim);
        for (int i = 0; i < t->y.ndim; i++) assert_int_equal(weir_dim(y, i), t->y.shape[i]);
        expect(t->name, "value", y, t->y.values);
        if (weir_requires_grad(y)) {
            weir_tensor *v = weir_cos(weir_affine(weir_arange(c, WEIR_F64, weir_numel(y)), 1, 0.5));
            weir_backward_with(y, weir_reshape(v, weir_ndim(y), weir_shape(y)), false);
        }
        if (!weir_ok(c)) fail_msg("%s: %s", t->name, weir_message(c));
        for (int i = 0; i < t->n; i++) {
            if (!t->x[i].has_gradient) continue;
            assert_false(weir_is_nil(weir_grad_of(x[i])));
            expect(t->name, "gradient", weir_grad_of(x[i]), t->x[i].gradient);
        }
        weir_scope_end(s);
    }
}

/* First and second derivatives of every case, in f64, by differences. */
static weir_tensor *call_case(void *user, weir_tensor **x) { return ((const struct torch_case *)user)->call(x); }
static void second_derivatives(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < CASES_N; k++) {
        const struct torch_case *t = &torch_cases[k];
        if (!isfinite(t->y.values[0]) || strstr(t->name, "argmax") || strstr(t->name, "padding")) continue; /* padding: 0 by convention */
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x[3];
        for (int i = 0; i < t->n; i++) x[i] = input(c, &t->x[i]);
        if (weir_gradcheck(c, call_case, (void *)(uintptr_t)t, t->n, x, NULL)) fail_msg("%s: %s", t->name, weir_message(c));
        weir_scope_end(s);
    }
}

static void mistakes_name_the_op_and_both_shapes(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3)), *y = weir_zeros(c, WEIR_F32, 1, SHAPE(3)), *d = weir_zeros(c, WEIR_F64, 2, SHAPE(2, 3));
    weir_tensor *classes = weir_from_i64(c, (const int64_t[]){ 0, 3 }, 1, SHAPE(2)), *wide = weir_zeros(c, WEIR_I64, 2, SHAPE(4, 3));
    weir_mse_loss(x, y, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_SHAPE, "mse_loss: [2, 3] and [3]: expected equal shapes");
    weir_l1_loss(x, d, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_DTYPE, "l1_loss: [2, 3] and [2, 3]: f32 with f64");
    weir_huber_loss(x, x, 0, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_RANGE, "huber_loss: delta 0");
    weir_smooth_l1_loss(x, NULL, 1, WEIR_REDUCE_MEAN);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "smooth_l1_loss: nil");
    weir_cross_entropy(x, classes, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "cross_entropy: [2, 3] and [2]: class 3 at 1: expected 0 to 2, or -100 to ignore");
    weir_cross_entropy(x, y, NULL);
    assert_fails(c, WEIR_ERROR_DTYPE, "cross_entropy: [2, 3] and [3]: f32 and f32");
    weir_nll_loss(x, wide, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "nll_loss: [2, 3] and [4, 3]");
    weir_gather(x, 1, wide);
    assert_fails(c, WEIR_ERROR_SHAPE, "gather: [2, 3] and [4, 3]");
    weir_gather(x, 0, weir_from_i64(c, (const int64_t[]){ 1, -1, 0 }, 2, SHAPE(1, 3)));
    assert_fails(c, WEIR_ERROR_RANGE, "gather: [2, 3] and [1, 3]: index -1 at 1: expected 0 to 1");
    weir_scatter_add(x, 0, wide, x);
    assert_fails(c, WEIR_ERROR_SHAPE, "scatter_add: [2, 3], [4, 3] and [2, 3]");
    weir_scatter_add(x, 0, weir_full(c, WEIR_I64, 2, SHAPE(4, 3), 2), weir_zeros(c, WEIR_F32, 2, SHAPE(5, 3)));
    assert_fails(c, WEIR_ERROR_RANGE, "scatter_add: [2, 3], [4, 3] and [4, 3]: index 2 at 0");
    weir_embedding(x, classes, -1);
    assert_fails(c, WEIR_ERROR_RANGE, "embedding: [2, 3] and [2]: index 3 at 1: expected 0 to 1");
    weir_pad(x, 1, (const int64_t[]){ -2, -2 }, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "pad: [2, 3]: -2 and -2 to axis 1");
    weir_pad_reflect(x, 1, (const int64_t[]){ 3, 0 });
    assert_fails(c, WEIR_ERROR_SHAPE, "pad_reflect: 3 and 0 to axis 1 of extent 3: expected less than the extent");
    weir_pad_replicate(weir_zeros(c, WEIR_F32, 1, SHAPE(0)), 1, (const int64_t[]){ 1, 0 });
    assert_fails(c, WEIR_ERROR_SHAPE, "pad_replicate: 1 and 0 to axis 0 of extent 0");
    weir_argmax(weir_zeros(c, WEIR_F32, 2, SHAPE(2, 0)), 1, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "argmax: [2, 0]: axis 1 is empty");
    weir_stack(2, (weir_tensor *[]){ x, y }, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "stack: [2, 3] and [3]");
    weir_squeeze(x, 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "squeeze: axis 0 of extent 2");
    weir_select(x, 1, 3);
    assert_fails(c, WEIR_ERROR_RANGE, "select: index 3: expected -3 to 2");
    weir_dropout(x, 1.5, true);
    assert_fails(c, WEIR_ERROR_RANGE, "dropout: p 1.5");
    weir_tensor *out[3];
    assert_false(weir_split(x, 1, 2, SHAPE(1, 1), out));
    assert_true(weir_is_nil(out[0]) && weir_is_nil(out[1]));
    assert_fails(c, WEIR_ERROR_SHAPE, "split: 2 sizes along axis 1: expected sizes that sum to its extent, 3");
}

static void pieces_are_views(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_arange(c, WEIR_F64, 5), *out[5];
    assert_int_equal(weir_chunk(x, 0, 4, out), 3); /* 2, 2, 1, as in PyTorch */
    assert_int_equal(weir_numel(out[1]), 2);
    assert_int_equal(weir_numel(out[2]), 1);
    assert_true(weir_is_nil(out[3]));
    assert_near(weir_item(out[2]), 4, 0);
    assert_int_equal(weir_chunk(weir_zeros(c, WEIR_F64, 1, SHAPE(0)), 0, 2, out), 2);
    assert_int_equal(weir_numel(out[1]), 0);
    assert_true(weir_split(x, -1, 3, SHAPE(1, 0, 4), out));
    assert_ptr_equal(weir_data(out[2]), (const double *)weir_data(x) + 1);
    assert_int_equal(weir_numel(out[1]), 0);
    weir_tensor *one = weir_unsqueeze(x, -1);
    assert_int_equal(weir_dim(one, 1), 1);
    assert_ptr_equal(weir_data(weir_squeeze(one, 1)), weir_data(x));
    assert_ok(c);
}

static void the_first_of_equals_and_nan(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_from_f64(c, (const double[]){ 1, 3, 3, NAN, 7, NAN }, 2, SHAPE(2, 3)), *at;
    assert_near(weir_get(weir_argmax(x, 1, false), SHAPE(0)), 1, 0);
    assert_near(weir_get(weir_argmax(x, 1, false), SHAPE(1)), 0, 0);
    assert_near(weir_get(weir_argmin(x, 1, false), SHAPE(1)), 0, 0);
    assert_near(weir_get(weir_argmax(x, 0, true), SHAPE(0, 1)), 1, 0);
    weir_set_requires_grad(x, true);
    weir_backward(weir_sum(weir_max_axis(weir_slice(x, 0, 0, 1, 1), 1, true, &at)));
    assert_int_equal(weir_dtype_of(at), WEIR_I64);
    assert_int_equal(weir_ndim(at), 2);
    assert_near(weir_get(weir_grad_of(x), SHAPE(0, 1)), 1, 0); /* not shared with the equal one */
    assert_near(weir_get(weir_grad_of(x), SHAPE(0, 2)), 0, 0);
    assert_ok(c);
}

/* A row drops out the same elements alone and among others, in backward too; the share is right; evaluation is the identity. */
static void dropout_belongs_to_the_sample(void **state)
{
    weir_ctx *c = *state;
    enum { N = 400, D = 33 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++) {
        int64_t ids[N];
        for (int i = 0; i < N; i++) ids[i] = 1000 + i;
        weir_tensor *x = weir_set_requires_grad(weir_ones(c, (weir_dtype)t, 2, SHAPE(N, D)), true);
        weir__frame_set(c, (weir__frame){ .stream = 9, .ids = ids, .n_ids = N });
        weir_tensor *y = weir_dropout(x, 0.3, true);
        weir__frame_set(c, (weir__frame){ .stream = 9, .ids = ids + 7, .n_ids = 1 });
        weir_tensor *row = weir_dropout(weir_slice(x, 0, 7, 8, 1), 0.3, true);
        weir_dropout(x, 0.3, true);
        assert_fails(c, WEIR_ERROR_SHAPE, "dropout: [400, 33]: 400 samples: expected the 1 of the random frame");
        weir__frame_set(c, (weir__frame){ 0 });
        assert_memory_equal((const char *)weir_data(y) + 7 * D * weir_dtype_size((weir_dtype)t), weir_data(row), D * weir_dtype_size((weir_dtype)t));
        weir_backward_with(y, weir_ones(c, (weir_dtype)t, 2, SHAPE(N, D)), false);
        assert_memory_equal(weir_data(weir_grad_of(x)), weir_data(y), N * D * weir_dtype_size((weir_dtype)t));
        double kept = weir_item(weir_mean(y)), top = weir_item(weir_amax(y));
        assert_near(kept, 1, 0.03); /* 5 standard errors of 13,200 draws: 0.028 */
        assert_near(top, 1 / 0.7, 1e-6);
        assert_ptr_equal(weir_dropout(x, 0.3, false), x);
        assert_ptr_equal(weir_dropout(x, 0, true), x);
        assert_near(weir_item(weir_amax(weir_dropout(x, 1, true))), 0, 0);
    }
    assert_ok(c);
}

/* A worker reads its parent's strided index and makes nothing in the parent. */
static void a_parents_index_stays_there(void **state)
{
    weir_ctx *c = *state, *w = weir_worker_open(c, 1);
    weir_tensor *all = weir_from_i64(c, (const int64_t[]){ 2, 9, 0, 9, 1, 9, 2, 9 }, 2, SHAPE(4, 2)), *index = weir_select(all, 1, 0), *wide = weir_slice(all, 1, 0, 1, 1);
    weir_tensor *x = weir_randn(w, WEIR_F64, 2, SHAPE(4, 3));
    int64_t before = weir_memory(c).live_blocks;
    weir_tensor *y = weir_cross_entropy(x, index, NULL), *z = weir_gather(x, 1, wide), *e = weir_embedding(x, index, -1);
    assert_near(weir_item(y), -weir_item(weir_mean(weir_gather(weir_log_softmax(x, 1), 1, wide))), 1e-15);
    assert_near(weir_get(z, SHAPE(2, 0)), weir_get(x, SHAPE(2, 1)), 0);
    assert_near(weir_get(weir_index_select(x, 0, index), SHAPE(3, 1)), weir_get(x, SHAPE(2, 1)), 0);
    assert_near(weir_get(e, SHAPE(3, 1)), weir_get(x, SHAPE(2, 1)), 0);
    assert_true(weir_ctx_of(y) == w && weir_ctx_of(z) == w && weir_ctx_of(e) == w);
    assert_int_equal(weir_memory(c).live_blocks, before);
    assert_ok(w);
    weir_close(w);
}

/* Every allocation of every case fails in turn. */
static const struct torch_case *current;
static void run_current(weir_ctx *c)
{
    weir_tensor *x[3];
    for (int i = 0; i < current->n; i++) x[i] = input(c, &current->x[i]);
    weir_tensor *y = weir_ok(c) ? weir_sum(current->call(x)) : NULL;
    if (y && weir_requires_grad(y)) weir_backward(y);
}

static void no_memory(void **state)
{
    (void)state;
    for (int k = 0; k < CASES_N; k++) {
        current = &torch_cases[k];
        test_every_allocation(run_current);
    }
}

int main(void)
{
    CASES(CASE(values_and_gradients_are_pytorchs), CASE(second_derivatives), CASE(mistakes_name_the_op_and_both_shapes), CASE(pieces_are_views), CASE(the_first_of_equals_and_nan),
          CASE(dropout_belongs_to_the_sample), CASE(a_parents_index_stays_there), cmocka_unit_test(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
