/* test_ranks_data.c - ranks that look at their parts of the data: statistics are those of one, to
 * the bit, though each has no values of the others; and whoever finds a bad value, all say it. */
#include "dist/dist.h"
#include "dist/threads.h"
#include "train/train.h"

enum { ROWS = 70000, DIM = 3, BLOCK = 16384 /* as in statistics.c */ };

typedef struct look {
    int64_t n;
    bool weighted;
    int64_t bad; /* a row with an infinite value; -1: none */
    double mean[DIM], std[DIM];
} look;

static float value(int64_t i, int64_t j)
{
    return (float)(1000 * j + weir__normal(3, (uint64_t)i, (uint64_t)j));
}

static double weight(int64_t i) { return (double)(i % 4) * weir__uniform(4, (uint64_t)i, 0); }

static weir_dataset *dataset(weir_ctx *c, const look *l)
{
    float *x = malloc((size_t)l->n * DIM * sizeof *x);
    double *w = malloc((size_t)l->n * sizeof *w);
    for (int64_t i = 0; i < l->n; i++) {
        w[i] = weight(i);
        for (int64_t j = 0; j < DIM; j++) x[i * DIM + j] = value(i, j);
    }
    if (l->bad >= 0) x[l->bad * DIM + 1] = INFINITY;
    weir_dataset *d = weir_dataset_from_f32(c, x, l->n, DIM);
    if (l->weighted) assert_int_equal(weir_dataset_set_weights(d, w), WEIR_OK);
    free(w);
    free(x);
    return d;
}

static bool all_well(void *c) { return weir__group_agree(c, "test", 0, NULL); }

static bool all_gather(void *c, void *all, const size_t *ends)
{
    return weir__group_gather(c, all, ends);
}

/* NaN in every row that is not of this rank's blocks or of its part of the check; but the first
 * rows, for deviations are taken from one of them. */
static void poison(weir_dataset *d, const weir__sharing *all)
{
    int64_t n = weir_dataset_samples(d), blocks = (n + BLOCK - 1) / BLOCK;
    int64_t from = weir__sharing_begin(all, blocks), to = weir__sharing_end(all, blocks);
    int64_t low = weir__sharing_begin(all, n), high = weir__sharing_end(all, n);
    float *x = d->store->data;
    for (int64_t i = 4; i < n; i++) {
        bool own = (i / BLOCK >= from && i / BLOCK < to) || (i >= low && i < high);
        for (int64_t j = 0; !own && j < DIM; j++) x[i * DIM + j] = NAN;
    }
}

static void look_at_part(weir_ctx *c, void *look_)
{
    look *l = look_;
    const weir__sharing all = { .rank = weir_rank(c),
                                .ranks = weir_ranks(c),
                                .user = c,
                                .well = all_well,
                                .gather = all_gather };
    weir_dataset *d = dataset(c, l);
    if (weir_dataset_is_nil(d)) {
        weir__group_agree(c, "test", 0, NULL); /* an error for the others */
        return;
    }
    d->sharing = &all;
    if (l->bad < 0) poison(d, &all);
    if (weir_dataset_statistics(d, l->mean, l->std) != WEIR_OK) assert_false(weir_ok(c));
    weir_dataset_free(d);
}

static void look_at_all(look *l, int threads)
{
    weir_ctx *c = weir_open(threads);
    weir_dataset *d = dataset(c, l);
    assert_int_equal(weir_dataset_statistics(d, l->mean, l->std), WEIR_OK);
    weir_dataset_free(d);
    weir_close(c);
}

/* As weir summed before there were blocks */
static void look_in_order(look *l)
{
    double total = 0, most = 0;
    for (int64_t i = 0; i < l->n; i++) most = fmax(most, l->weighted ? weight(i) : 1);
    double scale = ldexp(1, -ilogb(most));
    int64_t first = l->weighted ? 1 : 0;
    for (int64_t i = 0; i < l->n; i++) total += scale * (l->weighted ? weight(i) : 1);
    for (int64_t j = 0; j < DIM; j++) {
        double sum = 0, squares = 0, mean = value(first, j);
        for (int64_t i = 0; i < l->n; i++) {
            double w = scale * (l->weighted ? weight(i) : 1);
            if (w > 0) sum += w * (value(i, j) - mean);
        }
        mean += sum / total;
        for (int64_t i = 0; i < l->n; i++) {
            double w = scale * (l->weighted ? weight(i) : 1), x = value(i, j) - mean;
            if (w > 0) squares += w * (x * x);
        }
        l->mean[j] = mean;
        l->std[j] = sqrt(squares / total);
    }
}

static void same(const look *a, const look *b)
{
    assert_memory_equal(a->mean, b->mean, sizeof a->mean);
    assert_memory_equal(a->std, b->std, sizeof a->std);
}

static void parts_make_the_whole(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        look alone = { .n = ROWS, .weighted = weighted, .bad = -1 }, threads = alone, old = alone;
        look_at_all(&alone, 1);
        look_at_all(&threads, 3);
        same(&threads, &alone);
        look_in_order(&old);
        for (int j = 0; j < DIM; j++) {
            assert_near(alone.mean[j], old.mean[j], 1e-12 * (1 + fabs(old.mean[j])));
            assert_near(alone.std[j], old.std[j], 1e-12);
        }
        for (int ranks = 2; ranks <= 8; ranks += 1 + ranks / 3) {
            look each[RANKS];
            for (int r = 0; r < ranks; r++)
                each[r] = (look){ .n = ROWS, .weighted = weighted, .bad = -1 };
            ranks_all(ranks, 1 + ranks % 2, look_at_part, each, sizeof *each);
            for (int r = 0; r < ranks; r++) same(&each[r], &alone);
        }
    }
}

/* One block is one sum in order: the digits of earlier versions. */
static void one_block_is_as_before(void **state)
{
    (void)state;
    for (int weighted = 0; weighted < 2; weighted++) {
        look l = { .n = BLOCK, .weighted = weighted, .bad = -1 }, old = l;
        look_at_all(&l, 2);
        look_in_order(&old);
        same(&l, &old);
    }
}

static void whoever_finds_it(void **state)
{
    (void)state;
    for (int64_t bad = 5; bad < ROWS; bad += ROWS / 3) {
        ranks_rank at[3];
        look each[3];
        for (int r = 0; r < 3; r++) {
            each[r] = (look){ .n = ROWS, .bad = bad };
            at[r] = (ranks_rank){
                .work = look_at_part, .user = &each[r], .threads = 1, .memory = { .fail_at = -1 }
            };
        }
        ranks_run(at, 3, 60);
        char line[80];
        snprintf(line, sizeof line, "array: sample %lld, column 2: expected a finite number",
                 (long long)bad);
        for (int r = 0; r < 3; r++) assert_non_null(strstr(at[r].message, line));
    }
}

/* Memory of one rank that ends anywhere: all say so. */
static void one_without_memory(void **state)
{
    (void)state;
    for (int64_t fail_at = 0;; fail_at++) {
        ranks_rank at[2];
        look each[2];
        for (int r = 0; r < 2; r++) {
            each[r] = (look){ .n = 40, .bad = -1 };
            at[r] = (ranks_rank){ .work = look_at_part,
                                  .user = &each[r],
                                  .threads = 1,
                                  .memory = { .fail_at = r == 1 ? fail_at : -1 } };
        }
        ranks_run(at, 2, 60);
        if (at[1].status == WEIR_OK) break;
        assert_int_not_equal(at[0].status, WEIR_OK);
    }
}

int main(void)
{
    CASES(cmocka_unit_test(parts_make_the_whole), cmocka_unit_test(one_block_is_as_before),
          cmocka_unit_test(whoever_finds_it), cmocka_unit_test(one_without_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
