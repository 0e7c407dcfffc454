/* Conditions that data offer: classes and contexts, from columns, files, folders and callers; their
 * names; through splits, limits and loaders. */
#include "fixture.h"

static const char flowers[] = "a,\"b, c\",d,kind,w\n"
                              "1,10,100,rose,1\n"
                              "2,20,200,daisy,0.5\n"
                              "3,30,300,rose,2\n"
                              "4,40,400,\"say \"\"tulip\"\"\",1\n";

static weir_dataset *opened_with(const char *path, const char *options)
{
    char spec[400];
    snprintf(spec, sizeof spec, "%s%s", path, options);
    return opened(c, spec);
}

#define REFUSED_WITH(path, status, options, ...)                                                   \
    do {                                                                                           \
        char spec_[400];                                                                           \
        snprintf(spec_, sizeof spec_, "%s%s", path, options);                                      \
        REFUSED(c, status, spec_, __VA_ARGS__);                                                    \
    } while (0)

/* The values [n, k] of the context of all rows must be these. */
static void context_is(weir_dataset *d, int64_t n, int64_t k, const double *expected)
{
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, n);
    weir_tensor *t = weir_condition_get(weir_batch_condition(b), "context");
    assert_int_equal(weir_dataset_context_dim(d), k);
    assert_int_equal(weir_numel(t), n * k);
    double v[64];
    assert_int_equal(weir_copy_to_f64(t, v, n * k), WEIR_OK);
    for (int64_t i = 0; i < n * k; i++) assert_true(v[i] == expected[i]);
    weir_scope_end(s);
}

static void classes_are(weir_dataset *d, int64_t n, const int64_t *expected)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *t =
        weir_condition_get(weir_batch_condition(weir_dataset_batch(d, 0, n)), "class");
    assert_int_equal(weir_dtype_of(t), WEIR_I64);
    assert_int_equal(weir_ndim(t), 1);
    assert_int_equal(weir_numel(t), n);
    for (int64_t i = 0; i < n; i++) assert_int_equal(weir_get(t, &i), expected[i]);
    for (int64_t i = 0; i < n; i++) assert_int_equal(weir_dataset_label(d, i), expected[i]);
    weir_scope_end(s);
}

/* -- columns ----------------------------------------------------------------------------------- */
static void columns(void **state)
{
    (void)state;
    char path[128];
    text_file(path, "flowers.csv", flowers);
    weir_dataset *d = opened_with(path, ",label=kind,weight=w,condition=\"d,a\"");
    context_is(d, 4, 2, (const double[]){ 100, 1, 200, 2, 300, 3, 400, 4 });
    assert_int_equal(weir_dataset_dim(d), 1);
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 0), "b, c");
    assert_null(weir_dataset_name(d, WEIR_NAMES_COLUMN, 1));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 0), "d");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 1), "a");
    weir_dataset_free(d);
    d = opened_with(path, ",label=kind,condition=\"\\\"b, c\\\",5\""); /* by name and by number */
    context_is(d, 4, 2, (const double[]){ 10, 1, 20, 0.5, 30, 2, 40, 1 });
    weir_dataset_free(d);
    d = opened_with(path, ",label=4,condition=2-3");
    context_is(d, 4, 2, (const double[]){ 10, 100, 20, 200, 30, 300, 40, 400 });
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 1), "w");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 1), "d");
    weir_dataset_free(d);
    text_file(path, "range.csv", "1-2,x,y\n7,8,9\n"); /* a name before a range */
    d = opened_with(path, ",condition=1-2");
    context_is(d, 1, 1, (const double[]){ 7 });
    weir_dataset_free(d);
    d = opened_with(path, "");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 2), "y");
    assert_null(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 0));
    assert_null(weir_dataset_name(d, WEIR_NAMES_CLASS, 0));
    assert_int_equal(weir_dataset_context_dim(d), 0);
    assert_int_equal(weir_dataset_classes(d), 0);
    weir_dataset_free(d);
}

/* Doubles where the file has them; floats of a file of floats. Without a header there are no names. */
static void types(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "tests/data/files/small.npy,condition=\"3,1\"");
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 3, 1);
    weir_tensor *t = weir_condition_get(weir_batch_condition(b), "context");
    assert_int_equal(weir_dtype_of(t), WEIR_F32);
    assert_int_equal(weir_dim(t, 1), 2);
    assert_true(weir_get(t, SHAPE(0, 1)) == 2.25);
    assert_int_equal(weir_dim(weir_batch_x(b), 1), 1);
    assert_null(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 0));
    weir_scope_end(s);
    weir_dataset_free(d);
    d = opened(c, "tests/data/files/small.csv,condition=y");
    s = weir_scope_begin(c);
    t = weir_condition_get(weir_batch_condition(weir_dataset_batch(d, 0, 2)), "context");
    assert_int_equal(weir_dtype_of(t), WEIR_F64);
    weir_scope_end(s);
    weir_dataset_free(d);
}

static void mistakes(void **state)
{
    (void)state;
    char path[128];
    text_file(path, "flowers.csv", flowers);
    REFUSED_WITH(path, WEIR_ERROR_NAME, ",label=kind,condition=e", "condition=e",
                 "a number from 1 to 5", "perhaps a");
    REFUSED_WITH(path, WEIR_ERROR_NAME, ",label=kind,condition=0", "condition=0");
    REFUSED_WITH(path, WEIR_ERROR_NAME, ",label=kind,condition=3-2", "condition=3-2");
    REFUSED_WITH(path, WEIR_ERROR_NAME, ",label=kind,condition=3-6", "condition=3-6");
    REFUSED_WITH(path, WEIR_ERROR_RANGE, ",label=kind,condition=\"a,\"", "condition=", "quote closed");
    REFUSED_WITH(path, WEIR_ERROR_ARGUMENT, ",label=kind,condition=\"a,1\"",
                 "column 1 is condition and condition", "two columns");
    REFUSED_WITH(path, WEIR_ERROR_ARGUMENT, ",label=kind,condition=3-4",
                 "column 4 is label and condition");
    REFUSED_WITH(path, WEIR_ERROR_ARGUMENT, ",label=kind,condition=\"a", "a quote",
                 "expected its end");
    REFUSED_WITH(path, WEIR_ERROR_SHAPE, ",label=kind,weight=w,condition=1-3", "no column left");
    REFUSED_WITH(path, WEIR_ERROR_ARGUMENT, ",label=kind,condition=a,conditions=x.npy",
                 "condition and conditions", "one of them");
    REFUSED_WITH(path, WEIR_ERROR_FORMAT, "", "line 2, column 4: expected a number");
    REFUSED_WITH(path, WEIR_ERROR_FORMAT, ",label=a", "line 2, column 4: expected a number");
    REFUSED(c, WEIR_ERROR_SHAPE,
            "tests/data/files/small.csv,conditions=tests/data/files/small.npy", "small.npy",
            "each of the 12 samples");
    REFUSED(c, WEIR_ERROR_FORMAT, "tests/data/files/small.csv,conditions=digits", "conditions");
    REFUSED(c, WEIR_ERROR_NAME, "digits,condition=3", "unknown option condition");
}

/* A comma inside quotes ends no option. */
static void what_a_spec_says(void **state)
{
    (void)state;
    assert_true(weir__spec_says("x.csv,standardize=no", "standardize"));
    assert_true(weir__spec_says("x.csv,condition=\"a,b\",standardize=no", "standardize"));
    assert_false(weir__spec_says("x.csv,condition=\"a,standardize=no\"", "standardize"));
    assert_false(weir__spec_says("x.csv,condition=\"\\\",standardize=no\"", "standardize"));
    assert_false(weir__spec_says("x.csv,label=3", "standardize"));
    assert_false(weir__spec_says("x.csv,standardized=3", "standardize"));
}

/* -- classes ----------------------------------------------------------------------------------- */
static void words(void **state)
{
    (void)state;
    char path[128], labels[128], option[200];
    text_file(path, "flowers.csv", flowers);
    weir_dataset *d = opened_with(path, ",label=kind");
    classes_are(d, 4, SHAPE(1, 0, 1, 2));
    assert_int_equal(weir_dataset_classes(d), 3);
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 0), "daisy");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 2), "say \"tulip\"");
    assert_null(weir_dataset_name(d, WEIR_NAMES_CLASS, 3));
    assert_int_equal(weir_dataset_dim(d), 4);
    weir_dataset_free(d);
    text_file(path, "no-header.csv", "5.1,3.5,setosa\n4.9,3.0,7\n6.3,3.3,nan\n"); /* one is enough */
    d = opened_with(path, ",label=3");
    classes_are(d, 3, SHAPE(2, 0, 1));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 1), "nan");
    text_file(labels, "labels.csv", "kind\ny\nx\ny\n");
    snprintf(option, sizeof option, ",label=3,labels=%s", labels);
    REFUSED_WITH(path, WEIR_ERROR_ARGUMENT, option, "label and labels");
    weir_dataset_free(d);
    text_file(path, "three.csv", "1,2\n3,4\n5,6\n");
    snprintf(option, sizeof option, ",labels=%s", labels);
    d = opened_with(path, option);
    classes_are(d, 3, SHAPE(1, 0, 1));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 1), "y");
    weir_dataset_free(d);
    text_file(labels, "labels.csv", "y\nx\ny\n"); /* the first is taken for a header */
    REFUSED_WITH(path, WEIR_ERROR_SHAPE, option, "expected 3 labels");
    text_file(path, "empty.csv", "1,rose\n2,\n");
    REFUSED_WITH(path, WEIR_ERROR_FORMAT, ",label=2", "line 2, column 2: expected a number or a word",
                 "empty field");
    text_file(path, "numbers.csv", "1,4\n2,0\n3,4\n");
    d = opened_with(path, ",label=2");
    classes_are(d, 3, SHAPE(4, 0, 4));
    assert_int_equal(weir_dataset_classes(d), 5);
    assert_null(weir_dataset_name(d, WEIR_NAMES_CLASS, 0));
    weir_dataset_free(d);
}

static void built_in(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "digits,split=test");
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, 1);
    assert_int_equal(weir_condition_count(weir_batch_condition(b)), 1);
    assert_true(b->offered && b->has_class_by_nature);
    weir_scope_end(s);
    classes_are(d, 3, SHAPE(1, 7, 4));
    assert_int_equal(weir_dataset_classes(d), 10);
    weir_dataset_free(d);
#ifdef WEIR_HAVE_PNG
    d = opened(c, "tests/data/files/images");
    classes_are(d, 5, SHAPE(0, 0, 0, 1, 1));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 0), "a");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 1), "b");
    weir_dataset_free(d);
#endif
    d = opened(c, "toy:moons,n=10");
    s = weir_scope_begin(c);
    assert_null(weir_batch_condition(weir_dataset_batch(d, 0, 1)));
    weir_scope_end(s);
    weir_dataset_free(d);
}

/* What is no UTF-8, or moves a terminal's cursor, is U+FFFD in names. */
static void names_are_utf8(void **state)
{
    (void)state;
    char path[128];
    text_file(path, "latin.csv", "Gr\xf6\xdf" "e,\"a\nb\",k\n1,2,\xc3\xa4\n3,4,\xe4\n");
    weir_dataset *d = opened_with(path, ",label=k");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 0), "Gr\xef\xbf\xbd\xef\xbf\xbd" "e");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 1), "a\xef\xbf\xbd" "b");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 0), "\xc3\xa4");
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 1), "\xef\xbf\xbd");
    weir_dataset_free(d);
}

/* -- files beside the data --------------------------------------------------------------------- */
static void beside(void **state)
{
    (void)state;
    char path[128], file[128], option[300];
    text_file(path, "three.csv", "1,2\n3,4\n5,6\n");
    text_file(file, "conditions.csv", "p,q\n0.1,7\n0.2,8\n0.3,9\n");
    snprintf(option, sizeof option, ",conditions=%s", file);
    weir_dataset *d = opened_with(path, option);
    context_is(d, 3, 2, (const double[]){ 0.1, 7, 0.2, 8, 0.3, 9 });
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 1), "q");
    weir_dataset_free(d);
    const float list[] = { 1.5f, 2.5f, 3.5f };
    unsigned char npy[128 + sizeof list] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0 };
    memset(npy + 10, ' ', 117);
    npy[127] = '\n';
    memcpy(npy + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 57);
    memcpy(npy + 128, list, sizeof list);
    scratch_file(file, "list.npy", npy, sizeof npy, false);
    snprintf(option, sizeof option, ",conditions=%s", file);
    d = opened_with(path, option);
    context_is(d, 3, 1, (const double[]){ 1.5, 2.5, 3.5 });
    weir_scope s = weir_scope_begin(c);
    weir_tensor *t =
        weir_condition_get(weir_batch_condition(weir_dataset_batch(d, 0, 3)), "context");
    assert_int_equal(weir_dtype_of(t), WEIR_F32);
    assert_int_equal(weir_ndim(t), 2);
    weir_scope_end(s);
    weir_dataset_free(d);
    memcpy(npy + 10, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1, 1), }", 62);
    scratch_file(file, "list.npy", npy, sizeof npy, false);
    d = opened_with(path, option); /* images keep their shape */
    s = weir_scope_begin(c);
    t = weir_condition_get(weir_batch_condition(weir_dataset_batch(d, 0, 3)), "context");
    assert_int_equal(weir_ndim(t), 3);
    weir_scope_end(s);
    weir_dataset_free(d);
#ifdef WEIR_HAVE_PNG
    text_file(file, "five.csv", "1\n2\n3\n4\n5\n");
    snprintf(option, sizeof option, ",conditions=%s", file);
    d = opened_with("tests/data/files/images", option);
    context_is(d, 5, 1, (const double[]){ 1, 2, 3, 4, 5 });
    weir_dataset_free(d);
#endif
}

/* -- by row, whatever the order ---------------------------------------------------------------- */
static weir_dataset *numbered(const char *options)
{
    enum { ROWS = 200 };
    char path[128];
    static char text[ROWS * 32];
    size_t used = 0;
    for (int i = 0; i < ROWS; i++)
        weir__append(text, sizeof text, &used, "%d,%d,%d\n", i, i % 7, i * 3);
    text_file(path, "numbered.csv", text);
    return opened_with(path, options);
}

static void belongs_to_its_sample(weir_batch *b)
{
    const weir_condition *k = weir_batch_condition(b);
    weir_tensor *class = weir_condition_get(k, "class"), *context = weir_condition_get(k, "context");
    for (int64_t i = 0; i < weir_batch_size(b); i++) {
        double id = weir_get(weir_batch_x(b), SHAPE(i, 0));
        assert_true(id == (double)weir_batch_ids(b)[i]);
        assert_true(weir_get(class, SHAPE(i)) == fmod(id, 7));
        assert_true(weir_get(context, SHAPE(i, 0)) == 3 * id);
    }
}

static void splits_limits_and_loaders(void **state)
{
    (void)state;
    weir_dataset *all = numbered(",label=2,condition=3,limit=90");
    weir_dataset *train = weir_dataset_split(all, "train"), *valid = weir_dataset_split(all, "valid");
    weir_loader *l = weir_loader_new(train, "batch=16 seed=3");
    weir_scope s = weir_scope_begin(c);
    belongs_to_its_sample(weir_dataset_batch(all, 0, 90));
    belongs_to_its_sample(weir_dataset_batch(valid, 0, 90));
    for (int i = 0; i < 20; i++) belongs_to_its_sample(weir_loader_next(l));
    weir_loader_seek(l, 5);
    belongs_to_its_sample(weir_loader_next(l));
    weir_scope_end(s);
    assert_int_equal(weir_dataset_classes(valid), 7);
    weir_loader_free(l);
    weir_dataset_free(valid);
    weir_dataset_free(train);
    weir_dataset_free(all);
}

static void fingerprints(void **state)
{
    (void)state;
    weir_dataset *plain = numbered(",label=2"), *d = numbered(",label=2,condition=3");
    uint64_t before = weir_dataset_fingerprint(d);
    assert_true(before != weir_dataset_fingerprint(plain));
    ((double *)d->store->context->data)[199] += 1;
    assert_true(before != weir_dataset_fingerprint(d));
    weir_dataset_free(plain);
    weir_dataset_free(d);
}

/* -- statistics -------------------------------------------------------------------------------- */
static void statistics(void **state)
{
    (void)state;
    char path[128];
    double mean[2], std[2];
    text_file(path, "weighted.csv", "1,1e9,2,1\n2,1000000003,2,3\n3,nan,2,0\n");
    weir_dataset *d = opened_with(path, ",condition=\"2,3\",weight=4");
    assert_int_equal(weir_dataset_context_statistics(d, mean, std), WEIR_OK);
    assert_near(mean[0], 1e9 + 2.25, 1e-15);
    assert_near(std[0], sqrt((2.25 * 2.25 + 3 * 0.75 * 0.75) / 4), 1e-12);
    assert_true(mean[1] == 2 && std[1] == 1); /* it never changes */
    weir_dataset_context_statistics(d, NULL, std);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "dataset_context_statistics");
    weir_dataset_free(d);
    text_file(path, "nan.csv", "a,b\n1,2\n3,inf\n");
    d = opened_with(path, ",condition=b");
    weir_dataset_context_statistics(d, mean, std);
    assert_fails(c, WEIR_ERROR_VALUE, "nan.csv: sample 1, condition b: expected a finite number, found inf");
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_OK); /* of the data */
    weir_dataset_free(d);
    d = opened_with(path, ",condition=a");
    weir__dataset_check_finite(d, WEIR_F32);
    assert_fails(c, WEIR_ERROR_VALUE, "sample 1, column 2: expected a finite number");
    assert_int_equal(weir__dataset_check_context(d), WEIR_OK);
    weir_dataset_free(d);
    d = opened(c, "toy:moons,n=10");
    weir_dataset_context_statistics(d, mean, std);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "samples with a context");
    weir_dataset_free(d);
}

/* -- the caller's ------------------------------------------------------------------------------ */
static void given(void **state)
{
    (void)state;
    const float x[] = { 1, 2, 3 };
    const double context[] = { 1, 2, 3, 4, 5, 6 };
    const char *const names[] = { "no", "yes", "perhaps" };
    weir_dataset *d = weir_dataset_from_f32(c, x, 3, 1);
    assert_int_equal(weir_dataset_set_labels(d, SHAPE(1, 0, 1)), WEIR_OK);
    assert_int_equal(weir_dataset_set_context(d, context, 2), WEIR_OK);
    assert_int_equal(weir_dataset_set_names(d, WEIR_NAMES_CLASS, 3, names), WEIR_OK);
    assert_int_equal(weir_dataset_set_names(d, WEIR_NAMES_CONTEXT, 2, names), WEIR_OK);
    assert_int_equal(weir_dataset_set_names(d, WEIR_NAMES_COLUMN, 1, names), WEIR_OK);
    classes_are(d, 3, SHAPE(1, 0, 1));
    context_is(d, 3, 2, context);
    assert_int_equal(weir_dataset_classes(d), 3);
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CONTEXT, 1), "yes");
    weir_dataset_set_names(d, WEIR_NAMES_CLASS, 1, names);
    assert_fails(c, WEIR_ERROR_SHAPE, "dataset_set_names: 1 names: expected 2");
    weir_dataset_set_names(d, WEIR_NAMES_CONTEXT, 3, names);
    assert_fails(c, WEIR_ERROR_SHAPE, "3 names: expected 2");
    weir_dataset_set_names(d, WEIR_NAMES_COLUMN, 1, (const char *const[]){ NULL });
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
    weir_dataset_set_labels(d, SHAPE(1, -1, 0));
    assert_fails(c, WEIR_ERROR_RANGE, "label 1: expected an integer from 0, found -1");
    weir_dataset_set_context(d, context, 0);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "0 values a sample");
    assert_int_equal(weir_dataset_set_labels(d, NULL), WEIR_OK);
    assert_int_equal(weir_dataset_set_context(d, NULL, 0), WEIR_OK);
    assert_int_equal(weir_dataset_classes(d), 0);
    weir_dataset_set_names(d, WEIR_NAMES_CONTEXT, 0, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "a data set that has such");
    weir_dataset_free(d);
    assert_int_equal(weir_dataset_set_labels(NULL, SHAPE(0)), WEIR_ERROR_ARGUMENT);
    assert_int_equal(weir_dataset_set_context(NULL, context, 1), WEIR_ERROR_ARGUMENT);
    d = opened(c, "digits");
    weir_dataset *v = weir_dataset_split(d, "train");
    weir_dataset_set_labels(v, SHAPE(0));
    assert_fails(c, WEIR_ERROR_STATE, "dataset_set_labels");
    weir_dataset_set_context(v, context, 1);
    assert_fails(c, WEIR_ERROR_STATE, "dataset_set_context");
    weir_dataset_free(v);
    weir_dataset_free(d);
}

/* -- numbers as another counts them ------------------------------------------------------------ */
static void renumbering(void **state)
{
    (void)state;
    char path[128];
    static char rose[] = "rose", daisy[] = "daisy", oak[] = "oak", tulip[] = "say \"tulip\"", dasiy[] = "dasiy";
    const weir_words all = { 4, (char *[]){ rose, daisy, oak, tulip } }, some = { 2, (char *[]){ rose, dasiy } }, none = { 0 };
    text_file(path, "flowers.csv", flowers);
    weir_dataset *d = opened_with(path, ",label=kind");
    assert_int_equal(weir__dataset_renumber(d, &all, 4), WEIR_OK);
    classes_are(d, 4, SHAPE(0, 1, 0, 3));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_CLASS, 2), "oak");
    assert_int_equal(weir__dataset_renumber(d, &all, 4), WEIR_OK); /* again: the same */
    classes_are(d, 4, SHAPE(0, 1, 0, 3));
    weir_dataset_free(d);
    d = opened_with(path, ",label=kind");
    weir__dataset_renumber(d, &some, 2);
    assert_fails(c, WEIR_ERROR_NAME, "sample 1: class daisy: expected one of the 2 known, perhaps dasiy");
    classes_are(d, 4, SHAPE(1, 0, 1, 2)); /* as it was */
    weir__dataset_renumber(d, &none, 3);
    assert_fails(c, WEIR_ERROR_NAME, "class rose: expected numbers of classes");
    weir_dataset_free(d);
    d = opened_with(path, ",label=kind,valid=last:3,split=train"); /* others' classes are of none */
    assert_int_equal(weir__dataset_renumber(d, &some, 2), WEIR_OK);
    classes_are(d, 1, SHAPE(0));
    assert_int_equal(d->store->labels[1], -1);
    weir_dataset_free(d);
    text_file(path, "numbers.csv", "1,7\n2,x\n3,0\n");
    d = opened_with(path, ",label=2,valid=0");
    weir__dataset_renumber(d, &none, 8);
    assert_fails(c, WEIR_ERROR_NAME, "sample 1: class x");
    weir_dataset_free(d);
    d = opened_with(path, ",label=2,valid=last:2,split=train"); /* "7" is number 7 where there are no names */
    assert_int_equal(weir__dataset_renumber(d, &none, 8), WEIR_OK);
    classes_are(d, 1, SHAPE(7));
    weir_dataset_free(d);
}

/* -- no memory --------------------------------------------------------------------------------- */
static const char *path_in_use;

static void use(weir_ctx *k)
{
    char spec[400];
    double mean[2], std[2];
    static char rose[] = "rose", daisy[] = "daisy", tulip[] = "say \"tulip\"";
    snprintf(spec, sizeof spec, "%s,label=kind,weight=w,condition=\"d,a\"", path_in_use);
    weir_dataset *d = weir_dataset_open(k, spec);
    weir_scope s = weir_scope_begin(k);
    weir_batch *b = weir_dataset_batch(d, 0, 4);
    weir_dataset_context_statistics(d, mean, std);
    weir__dataset_renumber(d, &(weir_words){ 3, (char *[]){ rose, daisy, tulip } }, 3);
    if (weir_ok(k)) assert_int_equal(weir_condition_count(weir_batch_condition(b)), 2);
    weir_scope_end(s);
    weir_dataset_set_labels(d, SHAPE(0, 1, 2, 3));
    weir_dataset_set_context(d, (const double[]){ 1, 2, 3, 4 }, 1);
    weir_dataset_free(d);
}

static void use_file(weir_ctx *k)
{
    char spec[400];
    snprintf(spec, sizeof spec, "%s,labels=%s/kinds.csv,conditions=%s/conditions.csv", path_in_use,
             scratch_folder(), scratch_folder());
    weir_dataset *d = weir_dataset_open(k, spec);
    if (weir_ok(k)) assert_int_equal(weir_dataset_classes(d), 2);
    weir_dataset_free(d);
}

static void no_memory(void **state)
{
    (void)state;
    char path[128], other[128];
    path_in_use = text_file(path, "flowers.csv", flowers);
    test_every_allocation(use);
    path_in_use = text_file(path, "three.csv", "1,2\n3,4\n5,6\n");
    text_file(other, "kinds.csv", "k\na\nb\na\n");
    text_file(other, "conditions.csv", "p,q\n0.1,7\n0.2,8\n0.3,9\n");
    test_every_allocation(use_file);
}

static int clean(void **state)
{
    (void)state;
    remove_scratch();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns),         TEST(types),      TEST(mistakes), TEST(what_a_spec_says),
        TEST(words),           TEST(built_in),   TEST(names_are_utf8), TEST(beside),
        TEST(splits_limits_and_loaders), TEST(fingerprints), TEST(statistics), TEST(given),
        TEST(renumbering),     TEST(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
