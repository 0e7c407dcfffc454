/* Every op from its row, as NumPy and PyTorch have it: any layout of memory, broadcasting, empty and 0-d inputs; then every wrong number,
 * type and shape of inputs, whose message must name the op. */
#include "inputs.h"

static const weir_op *op_at(int64_t i) { return (const weir_op *)weir__op_rows[i]; }
static const char *short_name(const weir_op *op) { return op->row.name + 3; }

/* Whether the message begins with the op's name, or with that of the call which the case makes. */
static bool names(const char *message, const weir_op *op)
{
    static const char *const calls[][2] = { { "view", "reshape" }, { "amax", "amin" }, { "permute", "transpose" }, { "contiguous", "transpose" }, { "checkpoint", "linear" },
                                           { "pool_gather", "channels_last" }, { "pool_scatter", "channels_last" } };
    size_t n = strlen(short_name(op));
    if (!strncmp(message, "op.", 3)) message += 3;
    if (!strncmp(message, short_name(op), n) && message[n] == ':') return true;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (!strcmp(short_name(op), calls[i][0]) && !strncmp(message, calls[i][1], strlen(calls[i][1]))) return true;
    return false;
}
static bool real(const weir_tensor *x) { return weir_dtype_is_real(weir_dtype_of(x)); }

static void same(weir_tensor *a, weir_tensor *b, double tolerance, const char *what, const char *op, const char *inputs)
{
    bool fits = weir_ndim(a) == weir_ndim(b) && weir_dtype_of(a) == weir_dtype_of(b);
    for (int i = 0; fits && i < weir_ndim(a); i++) fits = weir_dim(a, i) == weir_dim(b, i);
    if (!fits) fail_msg("%s(%s): %s: shapes differ", op, inputs, what);
    int64_t n = weir_numel(a);
    double *p = malloc(sizeof *p * (size_t)(2 * n + 1)), *q = p + n;
    weir_copy_to_f64(a, p, n);
    weir_copy_to_f64(b, q, n);
    for (int64_t i = 0; i < n; i++)
        if (!(p[i] == q[i] || fabs(p[i] - q[i]) <= tolerance * (1 + fabs(q[i])) || (isnan(p[i]) && isnan(q[i]))))
            fail_msg("%s(%s): %s, element %lld: %.17g and %.17g", op, inputs, what, (long long)i, p[i], q[i]);
    free(p);
}

/* The value, and the gradients of the floating inputs (nil for others) for a vector that depends on place alone. */
static weir_tensor *run(const weir_op_case *k, int n, weir_tensor **x, weir_tensor **g)
{
    weir_tensor *wants[INPUTS], *got[INPUTS];
    int at[INPUTS], m = 0;
    for (int i = 0; i < n; i++) {
        g[i] = NULL;
        if (real(x[i])) wants[m] = weir_set_requires_grad(x[i], true), at[m++] = i;
    }
    weir_tensor *y = k->call(x);
    if (!weir_requires_grad(y)) return y;
    weir_tensor *v = weir_cos(weir_arange(weir_ctx_of(y), weir_dtype_of(y), weir_numel(y)));
    v = weir_reshape(v, weir_ndim(y), weir_shape(y));
    weir_grad(1, &y, m, wants, &v, false, false, got);
    for (int i = 0; i < m; i++) g[at[i]] = got[i];
    return y;
}

/* -- layouts ------------------------------------------------------------------------------------------------------------------------ */
static void no_layout_changes_a_bit(void **state)
{
    weir_ctx *c = *state;
    int64_t seen = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++)
        for (const weir_op_case *k = op_at(i)->cases; k->inputs; k++)
            for (int t = WEIR_F32; t <= WEIR_F64; t++)
                for (int l = TRANSPOSED; l < LAYOUTS && !(op_at(i)->random && op_at(i)->n_in == 0); l++, seen++) {
                    weir_scope s = weir_scope_begin(c);
                    weir_tensor *x[INPUTS], *y[INPUTS], *gx[INPUTS], *gy[INPUTS];
                    int n = make_inputs(c, op_at(i), k->inputs, (weir_dtype)t, (layout)l, x);
                    for (int j = 0; j < n; j++) y[j] = weir_contiguous(x[j]) == x[j] ? weir_detach(x[j]) : weir_contiguous(x[j]);
                    weir_tensor *a = run(k, n, x, gx), *b = run(k, n, y, gy);
                    if (!weir_ok(c)) fail_msg("%s(%s): %s", op_at(i)->row.name, k->inputs, weir_message(c));
                    same(a, b, 0, "value", op_at(i)->row.name, k->inputs);
                    for (int j = 0; j < n; j++)
                        if (!weir_is_nil(gx[j]) || !weir_is_nil(gy[j])) same(gx[j], gy[j], 0, "gradient", op_at(i)->row.name, k->inputs);
                    weir_scope_end(s);
                }
    assert_true(seen > 500);
}

/* -- broadcasting --------------------------------------------------------------------------------------------------------------------- */
static const struct { const char *a, *b, *out; } broadcasts[] = { /* NumPy's rule; NULL: an error */
    { "3,4", "4", "3,4" }, { "2,1,3", "4,1", "2,4,3" }, { ".", "2,3", "2,3" }, { "2,3", ".", "2,3" }, { ".", ".", "." }, { "0,3", "3", "0,3" },
    { "0,1", "1,4", "0,4" }, { "1", "0", "0" }, { "1,1,1,1,1,1,1,2", "2,1,1,1,1,1,1,1", "2,1,1,1,1,1,1,2" }, { "5", "1,1,1", "1,1,5" },
    { "3", "2,3,1", "2,3,3" }, { "2,3", "2,3,1", NULL }, { "3", "4", NULL }, { "2,3", "3,2", NULL }, { "0", "2", NULL }, { "2,1,3", "2,3,2", NULL } };
enum { BROADCASTS = sizeof broadcasts / sizeof *broadcasts };

/* The case's kinds of input with shapes a, b, a */
static void with_shapes(char *text, size_t bytes, const char *inputs, const char *a, const char *b)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; *inputs; i++) {
        int64_t shape[WEIR_RANK_MAX], bound;
        int ndim;
        char kind = *inputs == 'i' || *inputs == 'b' ? *inputs++ : 0;
        inputs = read_shape(inputs, &ndim, shape, &bound);
        if (kind) weir__append(text, bytes, &used, "%c", kind);
        weir__append(text, bytes, &used, "%s%s", i % 2 ? b : a, *inputs ? " " : "");
    }
}

static weir_tensor *made(weir_ctx *c, const weir_op *op, const char *inputs, const char *a, const char *b, weir_tensor **x)
{
    char text[128];
    with_shapes(text, sizeof text, inputs, a, b);
    make_inputs(c, op, text, WEIR_F64, DENSE, x);
    return op->cases[0].call(x);
}

/* Whether inputs meet element by element: numbers give a number, and a column and a row a table. */
static bool is_elementwise(weir_ctx *c, const weir_op *op)
{
    weir_tensor *x[INPUTS];
    if (op->n_in < 2 || strchr(op->cases[0].inputs, 'i')) return false;
    weir_tensor *number = made(c, op, op->cases[0].inputs, ".", ".", x), *table = made(c, op, op->cases[0].inputs, "3,1", "1,4", x);
    bool is = weir_ok(c) && weir_ndim(number) == 0 && weir_ndim(table) == 2 && weir_dim(table, 0) == 3 && weir_dim(table, 1) == 4;
    weir_clear(c);
    return is;
}

/* Every element is the op on the elements that meet there, and the gradients are those of inputs written out, summed. */
static void check_broadcast(weir_ctx *c, const weir_op *op, int which)
{
    const char *a = broadcasts[which].a, *b = broadcasts[which].b, *out = broadcasts[which].out;
    weir_tensor *x[INPUTS], *g[INPUTS], *wide[INPUTS], *gw[INPUTS];
    char text[128];
    made(c, op, op->cases[0].inputs, a, b, x);
    with_shapes(text, sizeof text, op->cases[0].inputs, a, b);
    if (!out) {
        if (weir_ok(c)) fail_msg("%s(%s): expected an error", op->row.name, text);
        if (!names(weir_message(c), op) || !strchr(weir_message(c), '[')) fail_msg("%s(%s): %s", op->row.name, text, weir_message(c));
        weir_clear(c);
        return;
    }
    weir_tensor *y = run(&op->cases[0], op->n_in, x, g);
    if (!weir_ok(c)) fail_msg("%s(%s): %s", op->row.name, text, weir_message(c));
    int ndim;
    int64_t shape[WEIR_RANK_MAX], bound, index[WEIR_RANK_MAX] = { 0 };
    read_shape(out, &ndim, shape, &bound);
    assert_int_equal(weir_ndim(y), ndim);
    for (int i = 0; i < ndim; i++) assert_int_equal(weir_dim(y, i), shape[i]);
    for (int j = 0; j < op->n_in; j++) wide[j] = weir_contiguous(weir_expand(weir_detach(x[j]), ndim, shape));
    for (int64_t i = 0; i < weir_numel(y); i++) {
        weir_tensor *one[INPUTS];
        for (int j = 0; j < op->n_in; j++) one[j] = weir_cast(weir_scalar(c, WEIR_F64, weir_get(wide[j], index)), weir_dtype_of(x[j]));
        double want = weir_item(op->cases[0].call(one)), got = weir_get(y, index);
        if (got != want) fail_msg("%s(%s): element %lld: %.17g, expected %.17g", op->row.name, text, (long long)i, got, want);
        for (int d = ndim - 1; d >= 0 && ++index[d] == shape[d]; d--) index[d] = 0;
    }
    for (int j = 0; j < op->n_in; j++) wide[j] = weir_detach(wide[j]);
    run(&op->cases[0], op->n_in, wide, gw);
    for (int j = 0; j < op->n_in; j++)
        if (g[j]) same(g[j], weir_sum_to(gw[j], weir_ndim(x[j]), weir_shape(x[j])), 1e-14, "gradient", op->row.name, text);
    assert_ok(c);
}

static void inputs_broadcast_as_in_numpy(void **state)
{
    weir_ctx *c = *state;
    int seen = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        if (!is_elementwise(c, op_at(i))) continue;
        seen++;
        for (int b = 0; b < BROADCASTS; b++) {
            weir_scope s = weir_scope_begin(c);
            check_broadcast(c, op_at(i), b);
            weir_scope_end(s);
        }
    }
    assert_true(seen >= 14); /* add .. minimum, pow, the comparisons, where, three gradients of activations */
}

/* -- nothing, and single numbers --------------------------------------------------------------------------------------------------------- */
/* The case with every extent `e` (and bound) made 0 */
static void emptied(char *text, size_t bytes, const char *inputs, int64_t e)
{
    size_t used = 0;
    text[0] = 0;
    while (*inputs) {
        char *end;
        int64_t v = strtoll(inputs, &end, 10);
        if (end == inputs || *inputs == ' ') weir__append(text, bytes, &used, "%c", *inputs++);
        else weir__append(text, bytes, &used, "%lld", (long long)(v == e ? 0 : v)), inputs = end;
    }
}

static bool refused(weir_ctx *c, const weir_op *op, const char *text)
{
    if (weir_ok(c)) return false;
    weir_status s = weir_status_of(c);
    if ((s != WEIR_ERROR_SHAPE && s != WEIR_ERROR_RANGE) || !names(weir_message(c), op)) fail_msg("%s(%s): %s", op->row.name, text, weir_message(c));
    weir_clear(c);
    return true;
}

/* Any one extent 0: refused by name, or a result whose gradients are 0 where it is empty. */
static void empty_inputs(void **state)
{
    weir_ctx *c = *state;
    int64_t worked = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++)
        for (const weir_op_case *k = op_at(i)->cases; k->inputs; k++)
            for (int64_t e = 1; e < 20; e++) {
                char text[128];
                emptied(text, sizeof text, k->inputs, e);
                if (!strcmp(text, k->inputs)) continue;
                weir_scope s = weir_scope_begin(c);
                weir_tensor *x[INPUTS], *g[INPUTS];
                int n = make_inputs(c, op_at(i), text, WEIR_F32, DENSE, x);
                weir_tensor *y = run(k, n, x, g);
                for (int j = 0; !refused(c, op_at(i), text) && j < n; j++, worked++) {
                    if (weir_is_nil(g[j])) continue;
                    same(g[j], weir_numel(y) == 0 ? weir_zeros_like(x[j]) : g[j], 0, "gradient", op_at(i)->row.name, text);
                    assert_int_equal(weir_numel(g[j]), weir_numel(x[j]));
                }
                weir_scope_end(s);
            }
    assert_true(worked > 150);
}

static void numbers_as_inputs(void **state)
{
    weir_ctx *c = *state;
    int worked = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++)
        for (const weir_op_case *k = op_at(i)->cases; k->inputs; k++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS], *g[INPUTS];
            int n = make_inputs(c, op_at(i), k->inputs, WEIR_F32, DENSE, x);
            for (int j = 0; j < n; j++)
                if (real(x[j])) x[j] = weir_scalar(c, WEIR_F32, 1.25);
            run(k, n, x, g);
            if (refused(c, op_at(i), "numbers")) n = 0;
            else worked++;
            for (int j = 0; j < n; j++)
                if (!weir_is_nil(g[j])) assert_int_equal(weir_ndim(g[j]), 0);
            weir_scope_end(s);
        }
    assert_true(worked > 100);
}

/* -- mistakes ---------------------------------------------------------------------------------------------------------------------------- */
static void wrong_numbers_of_inputs(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x[INPUTS];
    for (int j = 0; j < INPUTS; j++) x[j] = weir_zeros(c, WEIR_F32, 2, SHAPE(3, 4));
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        const weir_op *op = op_at(i);
        int least = op->n_in < 0 ? -op->n_in : op->n_in, most = op->n_in >= 0 ? op->n_in : op->most_in > 0 ? op->most_in : INPUTS;
        for (int n = 0; n < INPUTS; n++) {
            if (n >= least && n <= most) continue;
            if (!weir_is_nil(weir__apply_in(c, op, n, x, NULL))) fail_msg("%s took %d inputs", op->row.name, n);
            assert_fails(c, WEIR_ERROR_ARGUMENT, op->row.name);
        }
        if (least == 0) continue;
        weir_tensor *kept = x[least - 1];
        x[least - 1] = NULL; /* a NULL among tensors */
        if (least > 1) {
            weir_apply(op, least, x, NULL);
            assert_fails(c, WEIR_ERROR_ARGUMENT, op->row.name);
        }
        x[least - 1] = weir_tensor_wrap(c, WEIR_F32, NULL, 1, SHAPE(2), NULL, NULL, NULL); /* nil */
        weir_clear(c);
        weir_apply(op, least, x, NULL);
        assert_fails(c, WEIR_ERROR_ARGUMENT, op->row.name);
        x[least - 1] = kept;
    }
}

static void expect_type_error(weir_ctx *c, const weir_op *op, const char *inputs, const char *what)
{
    if (weir_status_of(c) != WEIR_ERROR_DTYPE || !names(weir_message(c), op)) fail_msg("%s(%s), %s: %s", op->row.name, inputs, what, weir_message(c));
    weir_clear(c);
}

/* Takes whole numbers and others alike. */
static bool is_either(const weir_op *op)
{
    return op == &weir__op_sum || op == &weir__op_amax || op == &weir__op_argmax || op == &weir__op_cumsum;
}

/* Each input in turn of another type. Integers are refused, or moved without being changed. */
static void wrong_types(void **state)
{
    weir_ctx *c = *state;
    int64_t mixed = 0, moved = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++)
        for (const weir_op_case *k = op_at(i)->cases; k->inputs; k++) {
            weir_tensor *x[INPUTS], *right;
            weir_scope s = weir_scope_begin(c);
            int n = make_inputs(c, op_at(i), k->inputs, WEIR_F32, DENSE, x), reals = 0;
            for (int j = 0; j < n; j++) reals += real(x[j]);
            for (int j = 0; j < n; j++) {
                right = x[j];
                if (!real(right)) { /* an index or a mask of numbers */
                    x[j] = weir_cast(right, WEIR_F32);
                    k->call(x);
                    if (op_at(i) == &weir__op_scaled_dot_product_attention || is_either(op_at(i))) assert_ok(c); /* its mask may be numbers */
                    else if (strncmp(short_name(op_at(i)), "pool_", 5)) /* their cases cast the places */
                        expect_type_error(c, op_at(i), k->inputs, "f32 for an index or mask");
                } else {
                    if (reals > 1) {
                        x[j] = weir_cast(right, WEIR_F64);
                        k->call(x);
                        expect_type_error(c, op_at(i), k->inputs, "f64 among f32"), mixed++;
                    }
                    x[j] = weir_cast(right, WEIR_BF16);
                    weir_tensor *y = k->call(x);
                    if (!weir_ok(c)) expect_type_error(c, op_at(i), k->inputs, "bf16");
                    else if (op_at(i) != &weir__op_cast && n > 0 && weir_dtype_of(y) != WEIR_BF16) fail_msg("%s(%s) computed with bf16", op_at(i)->row.name, k->inputs);
                    else moved++;
                }
                x[j] = right;
            }
            weir_scope_end(s);
        }
    assert_true(mixed > 60 && moved > 30);
}

/* Each extent of each input in turn larger by 2: accepted, or refused by name with the shapes. */
static void wrong_shapes(void **state)
{
    weir_ctx *c = *state;
    int64_t refusals = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++)
        for (const weir_op_case *k = op_at(i)->cases; k->inputs; k++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS];
            int n = make_inputs(c, op_at(i), k->inputs, WEIR_F32, DENSE, x);
            for (int j = 0; j < n; j++) {
                weir_tensor *right = x[j];
                int most = op_at(i) == &weir__op_permute ? weir_ndim(right) - 1 : weir_ndim(right); /* permute reads as many axes as there are */
                for (int a = 0; a <= most && weir_ndim(right) < WEIR_RANK_MAX; a++) {
                    int64_t shape[WEIR_RANK_MAX];
                    int rank = weir_ndim(right) + (a == weir_ndim(right)); /* last: another axis in front */
                    for (int d = 0; d < rank; d++) shape[d] = rank > weir_ndim(right) ? d == 0 ? 3 : weir_dim(right, d - 1) : weir_dim(right, d) + (d == a ? 2 : 0);
                    x[j] = weir_full(c, weir_dtype_of(right), rank, shape, weir_dtype_of(right) == WEIR_F32 ? 1.25 : 0);
                    k->call(x);
                    bool shapes = strchr(weir_message(c), '[') != NULL;
                    if (refused(c, op_at(i), k->inputs)) {
                        refusals++;
                        if (!shapes && n > 1) fail_msg("%s(%s): no shapes in the message", op_at(i)->row.name, k->inputs);
                    }
                }
                x[j] = right;
            }
            weir_scope_end(s);
        }
    assert_true(refusals > 100);
}

int main(void)
{
    CASES(CASE(no_layout_changes_a_bit), CASE(inputs_broadcast_as_in_numpy), CASE(empty_inputs), CASE(numbers_as_inputs), CASE(wrong_numbers_of_inputs), CASE(wrong_types), CASE(wrong_shapes));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
