/* Data far from 0: seconds since 1980 with a deviation of 0.05 s. From the file to the density and back nothing is rounded to a float
 * before the mean is off; where a model does not take it off, one warning says so. */
#include "test.h"
#include "train/train.h"

enum { ROWS = 3000, DIM = 2 };
static const double MEAN = 1187008882.43, STD = 0.05;

static double far_value(int i, int j)
{
    double z = weir__normal(11, (uint64_t)j, (uint64_t)i);
    return j == 0 ? MEAN + STD * z : z;
}

static void fill(double *x)
{
    for (int i = 0; i < ROWS * DIM; i++) x[i] = far_value(i / DIM, i % DIM);
}

static void moments(const double *x, int64_t n, int64_t j, double *mean, double *std)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i * DIM + j] - MEAN;
    *mean = MEAN + sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += pow(x[i * DIM + j] - *mean, 2);
    *std = sqrt(squares / (double)n);
}

/* Mean log-density of the rows under the Gaussian that fits them best. */
static double gaussian_nats(const double *x)
{
    double mean, std, nats = 0;
    for (int j = 0; j < DIM; j++) {
        moments(x, ROWS, j, &mean, &std);
        nats -= 0.5 * log(2 * 3.14159265358979323846) + log(std) + 0.5;
    }
    return nats;
}

/* -- a model of floats ------------------------------------------------------------------------------------------------------------ */
static weir_model *trained(weir_ctx *c, weir_dataset *d)
{
    enum { STEPS = 400 };
    double mean[DIM], std[DIM];
    weir_model *m = weir_model_new(c, "nice", "dim=2 base=normal couplings=2 hidden=16 init=pytorch");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=5e-3");
    weir_loader *l = weir_loader_new(d, "batch=128");
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
    for (int i = 0; i < STEPS; i++) {
        weir_scope s = weir_scope_begin(c);
        weir_optim_set_lr(o, 5e-3 * (1 - (double)i / STEPS));
        weir_train_step(m, o, weir_loader_next(l));
        weir_scope_end(s);
    }
    weir_loader_free(l);
    weir_optim_free(o);
    assert_ok(c);
    return m;
}

static void check_samples(weir_ctx *c, weir_model *m)
{
    enum { N = 2000 };
    static double x[N * DIM], y[N * DIM];
    double mean, std;
    assert_int_equal(weir_model_data_dtype(m), WEIR_F64);
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
    moments(x, N, 0, &mean, &std);
    assert_true(fabs(mean - MEAN) < 0.01 && std > 0.045 && std < 0.055);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *t = weir_model_sample(m, N, &o);
    assert_int_equal(weir_dtype_of(t), WEIR_F64);
    assert_int_equal(weir_copy_to_f64(t, y, N * DIM), WEIR_OK);
    assert_memory_equal(x, y, sizeof x);
    weir_scope_end(s);
}

static void floats_after_the_mean_is_off(void **state)
{
    weir_ctx *c = *state;
    static double x[ROWS * DIM], lp[ROWS];
    double nats = 0;
    fill(x);
    weir_dataset *d = weir_dataset_from_f64(c, x, ROWS, DIM);
    weir_model *m = trained(c, d);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, ROWS, NULL, lp, NULL), WEIR_OK);
    for (int i = 0; i < ROWS; i++) nats += lp[i] / ROWS;
    if (!(fabs(nats - gaussian_nats(x)) < 0.05)) fail_msg("%g nats, a Gaussian has %g", nats, gaussian_nats(x));
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *t = weir_model_log_prob(m, weir_dataset_batch(d, 100, 50), NULL, NULL);
    for (int64_t i = 0; i < 50; i++) assert_true(weir_get(t, &i) == lp[100 + i]); /* of the data set, the same */
    weir_scope_end(s);
    check_samples(c, m);
    weir_model_free(m);
    weir_dataset_free(d);
    assert_ok(c);
}

/* -- a model of doubles ------------------------------------------------------------------------------------------------------------- */
static double log_prob_at(weir_ctx *c, weir_model *m, const double *x)
{
    double lp = NAN;
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 1, NULL, &lp, NULL), WEIR_OK);
    assert_ok(c);
    return lp;
}

/* The twelfth digit of a value reaches the density, whatever brings it: array, file, loader, stream. */
static int64_t fill_stream(void *user, int64_t step, double *x, int64_t *ids, double *weights)
{
    (void)ids, (void)weights;
    memcpy(x, (const double *)user + 2 * DIM * step, 2 * DIM * sizeof *x);
    return 2;
}

static void check_batch(weir_model *m, weir_batch *b, const double *wanted)
{
    weir_tensor *x = weir_batch_x(b), *lp = weir_model_log_prob(m, b, NULL, NULL);
    assert_int_equal(weir_dtype_of(x), WEIR_F64);
    for (int64_t i = 0; i < weir_batch_size(b); i++) assert_true(weir_get(lp, &i) == wanted[weir_batch_ids(b)[i]]);
}

static void doubles_from_file_to_density(void **state)
{
    weir_ctx *c = *state;
    enum { N = 6 };
    double x[N * DIM], lp[N];
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=2 hidden=8 init=pytorch dtype=f64");
    assert_int_equal(weir_model_data_dtype(m), WEIR_F64);
    FILE *f = fopen("few.csv", "w");
    for (int i = 0; i < N; i++) {
        x[DIM * i] = 0.1 + 1e-12 * i;
        x[DIM * i + 1] = -1.0 / 3;
        fprintf(f, "%.17g,%.17g\n", x[DIM * i], x[DIM * i + 1]);
        lp[i] = log_prob_at(c, m, x + DIM * i);
        assert_true(i == 0 || lp[i] != lp[i - 1]);
    }
    fclose(f);
    weir_dataset *array = weir_dataset_from_f64(c, x, N, DIM), *file = weir_dataset_open(c, "few.csv");
    weir_loader *loader = weir_loader_from_array_f64(c, x, N, DIM, "batch=3");
    weir_loader *stream = weir_loader_from_callback_f64(c, fill_stream, x, DIM, "batch=2");
    assert_ok(c);
    weir_scope s = weir_scope_begin_no_grad(c);
    check_batch(m, weir_dataset_batch(array, 0, N), lp);
    check_batch(m, weir_dataset_batch(file, 0, N), lp);
    check_batch(m, weir_loader_next(loader), lp);
    for (int k = 0; k < 3; k++) check_batch(m, weir_loader_next(stream), lp);
    weir_scope_end(s);
    weir_loader_free(stream);
    weir_loader_free(loader);
    weir_dataset_free(file);
    weir_dataset_free(array);
    weir_model_free(m);
    assert_ok(c);
}

/* -- the warning ---------------------------------------------------------------------------------------------------------------------- */
typedef struct heard { int warnings; char last[300]; } heard;

static void listen(void *user, const char *line)
{
    heard *h = user;
    if (strncmp(line, "warning: ", 9) != 0 || !strstr(line, "floats near")) return;
    h->warnings++;
    snprintf(h->last, sizeof h->last, "%s", line);
}

/* Opens a run over data with these options of SPEC and model, and tells the warnings. */
static heard opened(const char *folder, const char *file, const char *spec, const char *model)
{
    heard h = { 0 };
    char config[400], command[100];
    weir_open_opts o = weir_open_defaults();
    o.log = listen;
    o.log_user = &h;
    weir_ctx *c = weir_open_with(&o);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    snprintf(config, sizeof config, "{\"model\": {\"name\": \"nice\", \"hidden\": [4], \"couplings\": 1%s}, \"preset\": \"released\", \"data\": \"%s%s\", \"train\": {\"steps\": 2}}",
             model, file, spec);
    weir_run *r = weir_run_open(c, folder, config, false);
    assert_ok(c);
    weir_run_free(r);
    weir_close(c);
    return h;
}

static void write_rows(const char *path, double offset)
{
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 300; i++)
        fprintf(f, "%.10f,%.10f,5e9,%.10f\n", far_value(i, 1), far_value(i, 0) - MEAN + offset, far_value(i, 0));
    fclose(f);
}

static void one_warning_names_the_column(void **state)
{
    (void)state;
    write_rows("far.csv", 0);
    heard h = opened("far", "far.csv", "", "");
    assert_int_equal(h.warnings, 1);
    assert_non_null(strstr(h.last, "warning: far.csv: column 4: floats near 1187008882 are 128 apart and the column spreads by 0.0"));
    assert_non_null(strstr(h.last, "add standardize=yes, or train with dtype=f64"));
    assert_int_equal(opened("far", "far.csv", ",standardize=yes", "").warnings, 0);
    assert_int_equal(opened("far", "far.csv", "", ", \"dtype\": \"f64\"").warnings, 0);
    assert_int_equal(opened("far", "far.csv", ",limit=2", "").warnings, 1);
    assert_int_equal(opened("far", "toy:moons,n=300", "", "").warnings, 0);
    write_rows("far.csv", 1e7);
    h = opened("far", "far.csv", "", "");
    assert_int_equal(h.warnings, 1);
    assert_non_null(strstr(h.last, "column 4 (and 1 more columns): "));
}

int main(void)
{
    CASES(CASE(floats_after_the_mean_is_off), CASE(doubles_from_file_to_density), CASE(one_warning_names_the_column));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
