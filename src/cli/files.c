/* files.c - numbers to files, samples from files, and a model with data beside it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"
#include "weir/continuous.h"
#include "data/data.h"
#include "tensor/tensor.h"
#include "train/train.h"

static bool is_numbers_file(const char *path)
{
    return weir__ends_with(path, ".npy") || weir__ends_with(path, ".csv");
}

int weir__numbers_file(const char *flag, const char *path)
{
    if (path && is_numbers_file(path)) return 0;
    return weir__complain(WEIR__EXIT_USAGE, "%s: %.200s: expected a file that ends in .npy or .csv",
                          flag, path ? path : "none");
}

int weir__numbers_beside(const char *flag, const char *path, const char *other)
{
    if (other && strcmp(path, other) == 0)
        return weir__complain(WEIR__EXIT_USAGE, "%s: %.200s: expected another file than that of -o",
                              flag, path);
    return weir__numbers_file(flag, path);
}

int weir__samples_file(const char *flag, const char *path)
{
    if (path && (is_numbers_file(path) || weir__ends_with(path, ".png"))) return 0;
    return weir__complain(WEIR__EXIT_USAGE,
                          "%s: %.200s: expected a file that ends in .npy, .csv or .png", flag,
                          path ? path : "none");
}

static const char *files_short_name(const weir__command *self)
{
    return strchr(self->row.name, '.') + 1;
}

int weir__tell_samples(const weir__command *self, const weir_sample_file_info *r)
{
    const char *name = files_short_name(self);
    if (r->n_unfinished)
        weir__complain(0,
                       "%s: the solver did not finish %lld of %lld samples: they are written as "
                       "far as they came (sampler.max_steps)",
                       name, (long long)r->n_unfinished, (long long)r->n);
    if (r->n_not_finite)
        weir__complain(0, "%s: %lld of %lld samples are not finite: they are written as they are",
                       name, (long long)r->n_not_finite, (long long)r->n);
    return r->n_unfinished + r->n_not_finite < r->n ? WEIR__EXIT_OK : WEIR__EXIT_FAILED;
}

int weir__model_folder(const char *folder, char *file, size_t bytes)
{
    struct stat st;
    size_t used = 0;
    weir__append(file, bytes, &used, "%s/model.safetensors", folder);
    if (stat(file, &st) == 0)
        return weir__complain(WEIR__EXIT_FAILED, "-o: %.200s: expected a folder without a model",
                              folder);
    if (mkdir(folder, 0777) == 0 || errno == EEXIST) return 0;
    return weir__complain(WEIR__EXIT_FAILED, "-o: %.200s: %s: expected a folder that can be made",
                          folder, weir__error_text(errno));
}

weir_status weir__write_nats(weir_ctx *c, const char *path, int64_t n, double *nats)
{
    static const char *const header[] = { "nats" };
    weir__array a = { .dtype = WEIR_F64, .ndim = 1, .shape = { n }, .data = nats };
    if (weir__ends_with(path, ".npy")) return weir__npy_write(c, path, &a);
    a.ndim = 2;
    a.shape[1] = 1;
    return weir__csv_write(c, path, &a, header);
}

weir_status weir__write_numbers(weir_ctx *c, const char *path, int64_t n, int64_t columns,
                                double *v)
{
    weir__array a = { .dtype = WEIR_F64, .ndim = 2, .shape = { n, columns }, .data = v };
    if (!weir__ends_with(path, ".npy")) return weir__csv_write(c, path, &a, NULL);
    return weir__npy_write(c, path, &a);
}

/* [n, dim] as doubles, or NULL with the error set. */
static double *numbers_of(weir_ctx *c, const char *path, const weir__array *a, int64_t dim,
                          int64_t *n)
{
    *n = a->ndim > 0 ? a->shape[0] : 0;
    int64_t all = weir__array_numel(a), columns = *n > 0 ? all / *n : 0;
    if (*n < 1 || columns != dim) {
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "%.200s: %lld samples of %lld values: expected samples of %lld", path,
                  (long long)*n, (long long)columns, (long long)dim);
        return NULL;
    }
    double *v = weir__alloc_n(c, all, sizeof *v);
    if (v) weir__convert(WEIR_F64, v, a->dtype, a->data, all);
    return v;
}

double *weir__read_numbers(weir_ctx *c, const char *path, int64_t dim, int64_t *n)
{
    weir__bytes b;
    weir__array a = { 0 };
    double *v = NULL;
    if (weir__file_read(c, path, (size_t)1 << 40, &b) != WEIR_OK) return NULL;
    if (weir__npy_read(c, path, b.data, b.size, &a) == WEIR_OK) v = numbers_of(c, path, &a, dim, n);
    weir__array_free(c, &a);
    weir__free(c, b.data);
    return v;
}

weir_model *weir__load_on_path(weir_ctx *c, const char *run, const char *path, bool *loaded)
{
    weir_model *m = weir_model_load(c, run);
    *loaded = weir_ok(c);
    if (!*loaded || !path) return m;
    weir_model *moved = weir_model_convert(m, NULL, path, NULL);
    weir_model_free(m);
    return moved;
}

int weir__with_model(const weir__using *u, int (*fn)(void *user, weir_model *m, weir_dataset *d),
                     void *user)
{
    int code = WEIR__EXIT_OK;
    weir_ctx *c = weir__cli_open(u->threads, (uint64_t)u->seed, &code);
    if (!c) return code;
    weir__signals_catch();
    bool loaded;
    weir_model *m = weir__load_on_path(c, u->run, u->path, &loaded);
    weir_dataset *d = weir_ok(c) && u->data ? weir__run_dataset(c, u->run, u->data) : NULL;
    code = weir_ok(c) ? fn(user, m, d) : weir__complain_ctx(c, loaded);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
    return code;
}

double *weir__read_rows(weir_ctx *c, weir_dataset *d)
{
    int64_t n = weir_dataset_samples(d), size = weir__size_times(n, weir_dataset_dim(d));
    double *x = weir__alloc_n(c, size, sizeof *x);
    if (!x) return NULL;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(d, 0, n);
    bool good = weir_ok(c) && weir_copy_to_f64(weir_batch_x(b), x, size) == WEIR_OK;
    weir_scope_end(s);
    if (good) return x;
    weir__free(c, x);
    return NULL;
}

int weir__using_check(const weir__command *self, const weir__flags *f, const weir__using *u,
                      bool wants_data)
{
    const char *name = files_short_name(self);
    if (f->n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir %s: expected %s", name, self->usage);
    if (wants_data && !u->data)
        return weir__complain(WEIR__EXIT_USAGE,
                              "no --data: weir %s: expected a SPEC such as digits or FILE.npy",
                              name);
    if (u->data && weir__spec_says(u->data, "standardize"))
        return weir__complain(WEIR__EXIT_USAGE,
                              "--data: %.200s: standardize: expected none, a model standardizes "
                              "as it was trained",
                              u->data);
    return 0;
}

int weir__refused(const weir_ctx *c, const weir__command *self)
{
    const char *name = files_short_name(self);
    weir_status s = weir_status_of(c);
    if (weir_ok(c))
        return weir__complain(128 + weir__signalled(), "%s: stopped: nothing is written", name);
    int code = weir__complain_ctx(c, false);
    bool asked = s == WEIR_ERROR_UNSUPPORTED || s == WEIR_ERROR_NAME || s == WEIR_ERROR_RANGE;
    return asked ? WEIR__EXIT_USAGE : code;
}
