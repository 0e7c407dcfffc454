/* test_ranks_folder.c - ranks that train on a folder of images: each decodes its part, whatever
 * stays in memory of it, and all leave the run of one; what one cannot decode, all say. */
#define _GNU_SOURCE
#include <sys/stat.h>
#include "dist/threads.h"
#include "killed.h"

enum { IMAGES = 60, SIDE = 32, DIM = SIDE * SIDE, STEPS = 3, BATCH = 12, SHARDS = 6 };

#define RUN_OF(data) \
    "model=nice data=" data " hidden=8 couplings=2 optimizer=adam lr=1e-3 steps=9 batch=12" \
    " shards=6 valid_every=4 checkpoint_every=5 log_every=2"

static void put_image(const char *folder, int i, size_t cut)
{
    char path[128];
    unsigned char pixels[DIM];
    weir__bytes b;
    weir_ctx *c = weir_open(1);
    for (int j = 0; j < DIM; j++)
        pixels[j] = (unsigned char)(256 * weir__uniform(7, (uint64_t)i, (uint64_t)j));
    assert_int_equal(weir__png_encode(c, pixels, SIDE, SIDE, 1, &b), WEIR_OK);
    snprintf(path, sizeof path, "%s/%02d.png", folder, i);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.data, 1, b.size - cut, f), b.size - cut);
    assert_int_equal(fclose(f), 0);
    weir__free(c, b.data);
    weir_close(c);
}

static void put_folder(const char *folder)
{
    mkdir(folder, 0755);
    for (int i = 0; i < IMAGES; i++) put_image(folder, i, 0);
}

static int setup(void **state)
{
    (void)state;
    put_folder("images");
    put_folder("others");
    put_image("others", 41, 3); /* of another size */
    put_folder("broken");
    put_image("broken", 41, 30); /* behind its header */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return system("rm -rf images others broken one many bad");
}

typedef struct job {
    const char *folder, *config;
    int64_t fit; /* samples that may stay in memory */
    int64_t decodes, rows; /* when the run was opened, and in each step after it */
} job;

static void job_run(weir_ctx *c, void *job_)
{
    job *j = job_;
    c->claim.most = j->fit * DIM; /* as file_bytes of weir_open_opts */
    weir_run *r = weir_run_open(c, j->folder, j->config, false);
    if (weir_run_train(r, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_run_free(r);
}

static void the_run_of_one(void **state)
{
    (void)state;
    static const char *const configs[] = { RUN_OF("images"), RUN_OF("images,standardize=yes"),
                                           RUN_OF("images,bits=4,limit=40") };
    static const int64_t fits[] = { IMAGES, 1, 20 };
    for (int i = 0; i < 3; i++) {
        job one = { .folder = "one", .config = configs[i], .fit = 1000 };
        remove_run("one");
        ranks_all(1, 1, job_run, &one, sizeof one);
        for (int ranks = 1; ranks <= 3; ranks++)
            for (int k = 0; k < 3; k++) {
                job each[RANKS];
                for (int r = 0; r < ranks; r++)
                    each[r] = (job){ .folder = "many", .config = configs[i], .fit = fits[k] };
                remove_run("many");
                ranks_all(ranks, 1 + k, job_run, each, sizeof *each);
                same_run("one", "many");
            }
    }
}

/* Nothing stays in memory: what is decoded is what is read. */
static void job_counts(weir_ctx *c, void *job_)
{
    job *j = job_;
    weir_train_opts o = weir_train_defaults();
    c->claim.most = j->fit * DIM;
    weir_run *r = weir_run_open(c, j->folder, j->config, false);
    const weir__decoded *d = r->train->store->decoded;
    j->decodes = d->decodes;
    o.steps = STEPS;
    assert_int_equal(weir_run_train(r, &o), WEIR_OK);
    j->rows = d->decodes - j->decodes;
    weir_run_free(r);
}

static void a_rank_decodes_its_part(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= SHARDS; ranks++) {
        job each[RANKS];
        int64_t all = 0, rows = 0;
        for (int r = 0; r < ranks; r++)
            each[r] = (job){ .folder = "many", .config = RUN_OF("images,valid=0"), .fit = 1 };
        remove_run("many");
        ranks_all(ranks, 1, job_counts, each, sizeof *each);
        for (int r = 0; r < ranks; r++) {
            int64_t part = (IMAGES + ranks - 1) / ranks; /* once, and twice for statistics */
            assert_in_range(each[r].decodes, 3 * (part - ranks) + 1, 3 * part + 1);
            assert_in_range(each[r].rows, STEPS * (SHARDS / ranks) * BATCH / SHARDS,
                            STEPS * ((SHARDS + ranks - 1) / ranks) * BATCH / SHARDS);
            all += each[r].decodes;
            rows += each[r].rows;
        }
        assert_int_equal(all, 3 * IMAGES + ranks); /* the first sample is everyone's */
        assert_int_equal(rows, STEPS * BATCH);
    }
}

/* -- what cannot be --------------------------------------------------------------------------- */
static void all_say(int ranks, const char *const *configs, const char *part)
{
    ranks_rank at[RANKS];
    job each[RANKS];
    for (int r = 0; r < ranks; r++) {
        each[r] = (job){ .folder = "bad", .config = configs[r % 2], .fit = 1 };
        at[r] = (ranks_rank){
            .work = job_run, .user = &each[r], .threads = 1, .memory = { .fail_at = -1 }
        };
    }
    remove_run("bad");
    ranks_run(at, ranks, 60);
    for (int r = 0; r < ranks; r++)
        if (!strstr(at[r].message, part))
            fail_msg("rank %d of %d: \"%s\" lacks \"%s\"", r, ranks, at[r].message, part);
}

static void broken_is_everyones(void **state)
{
    (void)state;
    static const char *const same[] = { RUN_OF("broken"), RUN_OF("broken") };
    static const char *const settings[] = { RUN_OF("images"), RUN_OF("images,limit=30") };
    for (int ranks = 1; ranks <= 4; ranks++) all_say(ranks, same, "broken/41.png: byte ");
    for (int ranks = 2; ranks <= 4; ranks++) all_say(ranks, settings, "settings with checksum");
}

static bool all_well(void *c) { return weir__group_agree(c, "test", 0, NULL); }

static bool all_gather(void *c, void *all, const size_t *ends)
{
    return weir__group_gather(c, all, ends);
}

/* The folder is another on odd ranks. */
static void job_elsewhere(weir_ctx *c, void *job_)
{
    const weir__sharing all = { .rank = weir_rank(c),
                                .ranks = weir_ranks(c),
                                .user = c,
                                .well = all_well,
                                .gather = all_gather };
    weir_dataset *d = weir_dataset_open(c, weir_rank(c) % 2 ? "others" : "images");
    (void)job_;
    assert_ok(c);
    d->sharing = &all;
    weir_dataset_fingerprint(d);
    weir_dataset_free(d);
}

static void other_files_are_told(void **state)
{
    (void)state;
    ranks_rank at[3];
    for (int r = 0; r < 3; r++)
        at[r] = (ranks_rank){ .work = job_elsewhere, .threads = 1, .memory = { .fail_at = -1 } };
    ranks_run(at, 3, 60);
    for (int r = 0; r < 3; r++)
        assert_non_null(strstr(at[r].message, "other files on rank 1 than on rank 0: expected"));
}

/* Memory of one rank that ends anywhere: all stop. */
static void one_without_memory(void **state)
{
    (void)state;
    job j = { .folder = "many", .config = RUN_OF("images"), .fit = 20 };
    for (int64_t fail_at = 0, step = 17;; fail_at += step, step += 7) {
        ranks_rank at[2];
        job each[2] = { j, j };
        for (int r = 0; r < 2; r++)
            at[r] = (ranks_rank){ .work = job_run,
                                  .user = &each[r],
                                  .threads = 1,
                                  .memory = { .fail_at = r == 1 ? fail_at : -1 } };
        remove_run("many");
        ranks_run(at, 2, 60);
        if (at[1].status == WEIR_OK) break;
        assert_int_not_equal(at[0].status, WEIR_OK);
    }
    remove_run("one");
    ranks_all(1, 1, job_run, &(job){ .folder = "one", .config = j.config, .fit = 20 }, sizeof j);
    same_run("one", "many");
}

int main(void)
{
    CASES(cmocka_unit_test(the_run_of_one), cmocka_unit_test(a_rank_decodes_its_part),
          cmocka_unit_test(broken_is_everyones), cmocka_unit_test(other_files_are_told),
          cmocka_unit_test(one_without_memory));
#ifdef WEIR_HAVE_PNG
    return cmocka_run_group_tests(cases, setup, teardown);
#else
    (void)cases;
    (void)setup;
    (void)teardown;
    return 0;
#endif
}
