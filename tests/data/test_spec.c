/* What a SPEC means and which messages bad ones get. */
#include "fixture.h"

static void names(void **state)
{
    (void)state;
    REFUSED(c, WEIR_ERROR_ARGUMENT, "", "expected digits");
    REFUSED(c, WEIR_ERROR_ARGUMENT, ",split=train", "expected digits");
    REFUSED(c, WEIR_ERROR_NAME, "toy:mons", "toy:mons", "perhaps toy:moons");
    REFUSED(c, WEIR_ERROR_NAME, "toy:", "unknown toy");
    REFUSED(c, WEIR_ERROR_NAME, "toy:digits", "unknown toy"); /* a data set, but no toy */
    REFUSED(c, WEIR_ERROR_IO, "no/such/file.npy", "no/such/file.npy", "No such file");
    REFUSED(c, WEIR_ERROR_IO, "a,b.npy", "comma");
    assert_true(weir_dataset_open(c, NULL)->object.nil);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
}

static void options(void **state)
{
    (void)state;
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,train", "\"train\"", "name=value");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,", "name=value");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,limit=3,,split=train", "name=value");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,=3", "name=value");
    REFUSED(c, WEIR_ERROR_NAME, "digits,limt=3", "limt", "perhaps limit");
    REFUSED(c, WEIR_ERROR_NAME, "toy:moons,levels=4", "dataset.moons", "levels");
    REFUSED(c, WEIR_ERROR_NAME, "digits,label=3", "label");
    REFUSED(c, WEIR_ERROR_NAME, "digits,n=3", "unknown option n");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,limit=3,limit=3", "limit", "once");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "digits,limit=", "limit", "value");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,limit=0", "limit=0", "[1, ");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,limit=-1", "limit=-1");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,limit=2.5", "integer");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,split=tset", "split=tset", "all|train|valid|test");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,standardize=maybe", "standardize", "no|yes|robust");
    REFUSED(c, WEIR_ERROR_RANGE, "toy:moons,n=0", "n=0");
    REFUSED(c, WEIR_ERROR_RANGE, "toy:moons,n=1e9", "n=1e9");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,levels=-1", "levels=-1");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,bits=5", "bits=5 of 17 levels", "expected data of more than 32 levels");
    REFUSED(c, WEIR_ERROR_RANGE, "digits,levels=0,bits=2", "bits=2 of 0 levels");
    REFUSED(c, WEIR_ERROR_VALUE, "digits,levels=16", "digits", "expected an integer in [0, 16)", "found 16");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "toy:moons,split=test", "toy:moons", "split=test", "no test split");
}

static void long_values(void **state)
{
    (void)state;
    char spec[600] = "digits,valid=";
    memset(spec + strlen(spec), '1', 400);
    REFUSED(c, WEIR_ERROR_RANGE, spec, "valid", "a fraction"); /* as long as it likes: no fraction */
    strcpy(spec, "digits,");
    memset(spec + 7, 'x', 300);
    strcpy(spec + 307, "=1");
    REFUSED(c, WEIR_ERROR_ARGUMENT, spec, "name=value");
}

static void valid_option(void **state)
{
    (void)state;
    static const char *const bad[] = { "1", "1.5", "-0.1", "nan", "x", "1/0", "0/0", "/6", "1/", "6/1", "last:", "last:x", "last:-1",
                                       "last:100", "last:1e9", "first:3" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char spec[64];
        snprintf(spec, sizeof spec, "toy:moons,n=100,valid=%s", bad[i]);
        REFUSED(c, WEIR_ERROR_RANGE, spec, "valid=", bad[i]);
    }
    static const struct { const char *valid; int64_t n, expected; } good[] = {
        { "0.25", 100, 25 }, { "1/4", 100, 25 }, { "0", 100, 0 }, { "last:7", 100, 7 }, { "last:0", 100, 0 }, { "0.005", 100, 1 },
        { "0.004", 100, 0 }, { "last:99", 100, 99 }, { "1/6", 1500, 250 }, { "1/6", 10, 2 }, { "1/6", 3, 1 }, { "0.999", 10, 10 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t count;
        bool last;
        assert_int_equal(weir__spec_part(c, "x", "valid", good[i].valid, good[i].n, &count, &last), WEIR_OK);
        assert_int_equal(count, good[i].expected);
        assert_int_equal(last, good[i].valid[0] == 'l');
    }
    REFUSED(c, WEIR_ERROR_ARGUMENT, "toy:moons,n=100,valid=0,split=valid", "split=valid", "no samples");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "toy:moons,n=1,valid=0.9,split=train", "split=train", "no samples");
}

static void accessors(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "digits,split=train,limit=1e2,standardize=yes");
    const int64_t *shape;
    assert_int_equal(weir_dataset_samples(d), 100);
    assert_int_equal(weir_dataset_dim(d), 64);
    assert_int_equal(weir_dataset_levels(d), 17);
    assert_int_equal(weir_dataset_shape(d, &shape), 1);
    assert_int_equal(shape[0], 64);
    assert_true(weir_dataset_standardize(d));
    assert_string_equal(weir_dataset_spec(d), "digits,split=train,limit=1e2,standardize=yes");
    weir_dataset_free(d);
    d = opened(c, "digits,levels=20");
    assert_int_equal(weir_dataset_levels(d), 20);
    assert_false(weir_dataset_standardize(d));
    weir_dataset_free(d);
    d = opened(c, "digits,levels=0");
    assert_int_equal(weir_dataset_levels(d), 0);
    weir_dataset_free(d);
    d = opened(c, "toy:moons");
    assert_int_equal(weir_dataset_samples(d), 10000);
    assert_int_equal(weir_dataset_levels(d), 0);
    weir_dataset_free(d);
}

static void leading_bits(void **state)
{
    (void)state;
    weir_dataset *all = opened(c, "digits"), *few = opened(c, "digits,bits=3");
    const uint8_t *v = all->store->data, *w = few->store->data;
    assert_int_equal(weir_dataset_levels(few), 8);
    for (int64_t i = 0; i < all->store->n * 64; i++) assert_int_equal(w[i], 8 * v[i] / 17);
    weir_dataset_free(all);
    weir_dataset_free(few);
}

static void nil_objects(void **state)
{
    (void)state;
    const int64_t *shape;
    weir_dataset *d = weir_dataset_open(c, "toy:none");
    weir_clear(c);
    weir_dataset *const all[] = { d, NULL };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weir_dataset_dim(all[i]), 0);
        assert_int_equal(weir_dataset_levels(all[i]), 0);
        assert_int_equal(weir_dataset_shape(all[i], &shape), 0);
        assert_false(weir_dataset_standardize(all[i]));
        assert_string_equal(weir_dataset_spec(all[i]), "");
        assert_int_equal(weir_dataset_fingerprint(all[i]), 0);
        assert_int_equal(weir_dataset_label(all[i], 0), -1);
        assert_int_equal(weir_batch_size(weir_dataset_batch(all[i], 0, 1)), 0);
        assert_true(weir_is_nil(weir_batch_x(weir_dataset_batch(all[i], 0, 1))));
        assert_true(weir_dataset_split(all[i], "train")->object.nil);
        assert_int_equal(weir_loader_steps_per_epoch(weir_loader_new(all[i], "batch=3")), 0);
        assert_true(isnan(weir__dataset_entropy(all[i])));
        weir_dataset_free(all[i]);
    }
    assert_true(weir_dataset_open(NULL, "digits")->object.nil);
    assert_true(weir_dataset_open(NULL, "digits") != d);
}

/* Every row of the list opens its own test input, under its public name. */
static void rows_open(void **state)
{
    (void)state;
    for (int64_t i = 0; i < weir__dataset_row_count; i++) {
        const weir_row *row = weir__dataset_rows[i];
        assert_int_equal(row->size, sizeof(weir__dataset_row));
        assert_memory_equal(row->name, "dataset.", 8);
        assert_non_null(row->doc);
#ifndef WEIR_HAVE_PNG
        if (row == &weir__dataset_folder.row) {
            REFUSED(c, WEIR_ERROR_UNSUPPORTED, row->test, "libpng is not in this build");
            continue;
        }
#endif
        weir_dataset *d = opened(c, row->test);
        assert_ptr_equal(d->row, row);
        assert_true(weir_dataset_samples(d) > 0 && weir_dataset_dim(d) > 0);
        weir_dataset_free(d);
    }
}

/* Each option of each row at its default, smallest, largest and just outside. */
static void option_ranges(void **state)
{
    (void)state;
    for (int64_t i = 0; i < weir__dataset_row_count; i++) {
        const weir_row *row = weir__dataset_rows[i];
        weir__dataset_opts o;
        assert_int_equal(weir_options_defaults(c, row, &o), WEIR_OK);
        for (const weir_option *p = row->options; p->name; p++) {
            char text[64];
            if (p->type != WEIR_OPTION_INT) continue;
            for (int outside = 0; outside < 2; outside++) {
                snprintf(text, sizeof text, "%.0f", p->min - outside);
                assert_int_equal(weir_option_set(c, row, &o, p->name, text) != WEIR_OK, outside);
                weir_clear(c);
                snprintf(text, sizeof text, "%.0f", p->max + outside);
                assert_int_equal(weir_option_set(c, row, &o, p->name, text) != WEIR_OK, outside);
                weir_clear(c);
            }
        }
        weir_options_free(c, row, &o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names),       TEST(options),   TEST(long_values),
        TEST(valid_option), TEST(accessors), TEST(leading_bits), TEST(nil_objects),
        TEST(rows_open),   TEST(option_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
