/* Couplings: permutations; optimal transport against every permutation, and against sorting in one dimension. */
#include "test.h"
#include "diffusion/diffusion.h"

static const weir_coupling_row *ot(weir_ctx *c) { return (const weir_coupling_row *)weir_row_find(c, "coupling", "ot"); }

static double cost(int n, int dim, const double *x, const double *e, const int64_t *partner)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < dim; k++) sum += pow(x[i * dim + k] - e[partner[i] * dim + k], 2);
    return sum;
}

/* Least over all permutations of p[from .. n-1]. */
static double least(int n, int dim, const double *x, const double *e, int64_t *p, int from)
{
    if (from == n) return cost(n, dim, x, e, p);
    double best = INFINITY;
    for (int i = from; i < n; i++) {
        int64_t swap = p[from];
        p[from] = p[i], p[i] = swap;
        best = fmin(best, least(n, dim, x, e, p, from + 1));
        p[i] = p[from], p[from] = swap;
    }
    return best;
}

static void draw(uint64_t seed, int n, double *v) { for (int i = 0; i < n; i++) v[i] = weir__normal(seed, 0, (uint64_t)i); }

static void test_every_row_permutes(void **state)
{
    weir_ctx *c = *state;
    enum { N = 37, DIM = 3 };
    double x[N * DIM], e[N * DIM];
    draw(1, N * DIM, x), draw(2, N * DIM, e);
    for (int64_t i = 0; i < weir_row_count(c, "coupling"); i++) {
        const weir_coupling_row *row = (const weir_coupling_row *)weir_row_at(c, "coupling", i);
        int64_t p[N] = { 0 };
        bool seen[N] = { false };
        if (!row->pair) continue;
        assert_int_equal(row->pair(c, NULL, N, DIM, x, e, p), WEIR_OK);
        for (int k = 0; k < N; k++) {
            assert_true(p[k] >= 0 && p[k] < N && !seen[p[k]]);
            seen[p[k]] = true;
        }
        assert_int_equal(row->pair(c, NULL, 0, DIM, x, e, p), WEIR_OK);
        assert_int_equal(row->pair(c, NULL, 1, DIM, x, e, p), WEIR_OK);
        assert_int_equal(p[0], 0);
    }
}

static void test_ot_is_the_least(void **state)
{
    weir_ctx *c = *state;
    for (uint64_t seed = 1; seed < 40; seed++)
        for (int n = 2; n <= 6; n++) {
            double x[18], e[18];
            int64_t p[6], all[6] = { 0, 1, 2, 3, 4, 5 };
            int dim = 1 + (int)(seed % 3);
            draw(seed, n * dim, x), draw(seed + 100, n * dim, e);
            if (seed % 5 == 0) memcpy(x, x + dim, (size_t)dim * sizeof *x); /* two alike */
            ot(c)->pair(c, NULL, n, dim, x, e, p);
            assert_near(cost(n, dim, x, e, p), least(n, dim, x, e, all, 0), 1e-12);
        }
}

/* -x e of x = 0 is 0 with any noise, as that of NaN is made: the others are paired as beside x = 0. */
static void test_ot_beside_nan(void **state)
{
    weir_ctx *c = *state;
    enum { N = 6 };
    for (uint64_t seed = 1; seed < 40; seed++) {
        double x[N * 2], e[N * 2];
        int64_t p[N], all[N] = { 0, 1, 2, 3, 4, 5 };
        draw(seed, N * 2, x), draw(seed + 100, N * 2, e);
        x[4] = NAN, x[5] = 1;
        assert_int_equal(ot(c)->pair(c, NULL, N, 2, x, e, p), WEIR_OK);
        x[4] = x[5] = 0;
        assert_near(cost(N, 2, x, e, p), least(N, 2, x, e, all, 0), 1e-12);
    }
}

static int by_value(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* Prices of columns prove it, whatever found the permutation: v with cost[i][j] - v[j] >= cost[i][p(i)] - v[p(i)] for all i and j, made by
 * Bellman and Ford's algorithm, are there if and only if no other permutation costs less. */
static bool is_least(int n, const double *cost, const int64_t *p, double slack)
{
    double *v = calloc((size_t)n, sizeof *v);
    bool falls = true;
    for (int round = 0; falls && round <= n; round++) {
        falls = false;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                double price = v[p[i]] + cost[i * n + j] - cost[i * n + p[i]];
                if (price >= v[j] - slack) continue;
                v[j] = price;
                falls = true;
            }
    }
    free(v);
    return !falls;
}

/* Costs of many kinds: real, few integers (ties), of one line and column alike, over many decades, of rank one. */
static double some_cost(int kind, uint64_t seed, int n, int i, int j)
{
    double r = weir__uniform(seed, 1, (uint64_t)(i * n + j));
    if (kind == 1) return floor(4 * r);
    if (kind == 2) return i % 3 == 0 || j % 4 == 0 ? 1 : r;
    if (kind == 3) return pow(10, 12 * r - 6);
    if (kind == 4) return weir__normal(seed, 2, (uint64_t)i) * weir__normal(seed, 3, (uint64_t)j);
    return r - 0.5;
}

static void test_ot_is_proved(void **state)
{
    weir_ctx *c = *state;
    static const int sizes[] = { 1, 2, 3, 10, 33, 64, 150 };
    for (int kind = 0; kind < 5; kind++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (uint64_t seed = 1; seed < 6; seed++) {
                int n = sizes[s];
                double *cost = malloc(sizeof *cost * (size_t)(n * n)), most = 0;
                int64_t *p = malloc(sizeof *p * (size_t)n), *seen = calloc((size_t)n, sizeof *seen);
                for (int k = 0; k < n * n; k++) most = fmax(most, fabs(cost[k] = some_cost(kind, seed, n, k / n, k % n)));
                assert_int_equal(weir__assign(c, n, cost, p), WEIR_OK);
                for (int i = 0; i < n; i++) assert_true(seen[p[i]]++ == 0);
                if (!is_least(n, cost, p, 1e-12 * most)) fail_msg("costs of kind %d, n=%d, seed %d", kind, n, (int)seed);
                if (n > 1 && kind == 0) { /* and of another permutation there is no proof */
                    int64_t swap = p[0];
                    p[0] = p[1], p[1] = swap;
                    assert_false(is_least(n, cost, p, 1e-12 * most));
                }
                free(cost), free(p), free(seen);
            }
}

static void test_ot_sorts(void **state)
{
    weir_ctx *c = *state;
    enum { N = 300 };
    double x[N], e[N], sorted[2][N], sum = 0;
    int64_t p[N];
    draw(3, N, x), draw(4, N, e);
    memcpy(sorted[0], x, sizeof x), memcpy(sorted[1], e, sizeof e);
    for (int k = 0; k < 2; k++) qsort(sorted[k], N, sizeof(double), by_value);
    for (int i = 0; i < N; i++) sum += pow(sorted[0][i] - sorted[1][i], 2);
    ot(c)->pair(c, NULL, N, 1, x, e, p);
    assert_near(cost(N, 1, x, e, p), sum, 1e-10);
    x[7] = NAN; /* a value, and an end */
    assert_int_equal(ot(c)->pair(c, NULL, N, 1, x, e, p), WEIR_OK);
}

/* Six samples of two classes */
static weir_condition *classes(weir_ctx *c)
{
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, (const int64_t[]){ 0, 1, 0, 0, 0, 1 }, 1, SHAPE(6)));
}

static void test_alike(void **state)
{
    weir_ctx *c = *state;
    static const double weights[] = { 1, 2, 1, 1, 2, 1 };
    static const int64_t by_both[] = { 0, 1, 0, 0, 4, 5 }, by_class[] = { 0, 1, 0, 0, 0, 1 }, by_weight[] = { 0, 1, 0, 0, 1, 0 }, by_none[6] = { 0 };
    int64_t group[6];
    weir_scope s = weir_scope_begin(c);
    assert_int_equal(weir__alike(c, 6, weights, classes(c), true, group), WEIR_OK);
    assert_memory_equal(group, by_both, sizeof group);
    weir__alike(c, 6, NULL, classes(c), true, group);
    assert_memory_equal(group, by_class, sizeof group);
    weir__alike(c, 6, weights, NULL, true, group);
    assert_memory_equal(group, by_weight, sizeof group);
    weir__alike(c, 6, NULL, NULL, true, group);
    assert_memory_equal(group, by_none, sizeof group);
    weir_scope_end(s);
}

/* Data of class 1 lie far to the right, and so would the noise that all of the batch were given together: of each class it must
 * stay that of its samples, paired with them at least cost; likewise of each weight. */
static void test_noise_stays_within_class_and_weight(void **state)
{
    weir_ctx *c = *state;
    enum { N = 64 };
    float x[N], e[N];
    int64_t class[N], p[N];
    double weights[N], own[N], noise[N];
    for (int i = 0; i < N; i++) {
        class[i] = weir__uniform(7, 0, (uint64_t)i) < 0.5;
        weights[i] = class[i] ? 100 : 1;
        x[i] = (float)(10 * (double)class[i] + weir__normal(8, 0, (uint64_t)i));
        e[i] = (float)weir__normal(9, 0, (uint64_t)i);
    }
    for (int by_weight = 0; by_weight < 2; by_weight++) {
        weir_scope s = weir_scope_begin(c);
        weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, class, 1, SHAPE(N)));
        weir_tensor *got = weir__coupled(ot(c), NULL, weir_from_f32(c, x, 2, SHAPE(N, 1)), weir_from_f32(c, e, 2, SHAPE(N, 1)),
                                         by_weight ? weights : NULL, by_weight ? NULL : k);
        assert_ok(c);
        for (int g = 0; g < 2; g++) {
            int n = 0;
            for (int i = 0; i < N; i++)
                if (class[i] == g) own[n] = x[i], noise[n++] = e[i];
            assert_int_equal(ot(c)->pair(c, NULL, n, 1, own, noise, p), WEIR_OK);
            for (int i = 0, at = 0; i < N; i++)
                if (class[i] == g) assert_near(weir_get(got, SHAPE(i, 0)), noise[p[at++]], 0);
        }
        weir_scope_end(s);
    }
}

/* Of real contexts k: the permutation of least |x - e|^2 + w |k - k'|^2, of their own noise alone at w = inf; classes stay apart. */
static void test_contexts(void **state)
{
    weir_ctx *c = *state;
    enum { N = 6 };
    static const double far[N] = { 0, 0.1, 5, 5.1, 0.2, 5.2 };
    for (int with_class = 0; with_class < 2; with_class++)
        for (uint64_t seed = 1; seed < 20; seed++)
            for (int i = 0; i < 4; i++) {
                static const char *const weights[] = { "condition=0", "condition=0.7", "condition=1e6", "condition=inf" };
                static const double w[] = { 0, 0.7, 1e6 };
                double x[N], e[N], both[2][N * 2], got[N], other[N];
                int64_t p[N];
                draw(seed, N, x), draw(seed + 50, N, e);
                void *o = weir__options_new(c, &ot(c)->row);
                assert_int_equal(weir_options_parse(c, &ot(c)->row, o, weights[i]), WEIR_OK);
                weir_scope s = weir_scope_begin(c);
                weir_condition *k = weir_condition_with(with_class ? classes(c) : weir_condition_new(c), "context", weir_from_f64(c, far, 2, SHAPE(N, 1)));
                weir_copy_to_f64(weir__coupled(ot(c), o, weir_from_f64(c, x, 2, SHAPE(N, 1)), weir_from_f64(c, e, 2, SHAPE(N, 1)), NULL, k), got, N);
                assert_ok(c);
                for (int g = 0; g < 2 && i < 3; g++) {
                    int n = 0, at = 0;
                    for (int j = 0; j < N; j++) {
                        if (with_class && (j == 1 || j == 5) != g) continue; /* those of class 1 */
                        both[0][2 * n] = x[j], both[0][2 * n + 1] = both[1][2 * n + 1] = sqrt(w[i]) * far[j];
                        both[1][2 * n++] = e[j];
                    }
                    ot(c)->pair(c, NULL, n, 2, both[0], both[1], p);
                    for (int j = 0; j < N; j++)
                        if (!with_class || (j == 1 || j == 5) == g) other[j] = both[1][2 * p[at++]];
                    if (!with_class) break;
                }
                assert_memory_equal(got, i < 3 ? other : e, sizeof got);
                for (int j = 0; j < N && i == 2; j++) assert_true(got[j] == e[j]); /* dear: its own */
                weir_scope_end(s);
                weir__options_delete(c, &ot(c)->row, o);
            }
}

static void coupled(weir_ctx *c)
{
    weir_tensor *x = weir_randn(c, WEIR_F32, 3, SHAPE(6, 2, 2)), *e = weir_randn(c, WEIR_F32, 3, SHAPE(6, 2, 2));
    weir_tensor *p = weir__coupled(ot(c), NULL, x, e, (const double[]){ 1, 2, 1, 1, 2, 1 }, classes(c));
    double got = weir_item(weir_sum(p)), given = weir_item(weir_sum(e));
    if (weir_ok(c)) assert_near(got, given, 1e-5);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(coupled);
}

int main(void)
{
    CASES(CASE(test_every_row_permutes), CASE(test_ot_is_the_least), CASE(test_ot_beside_nan), CASE(test_ot_is_proved), CASE(test_ot_sorts), CASE(test_contexts), CASE(test_alike), CASE(test_noise_stays_within_class_and_weight),
          CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
