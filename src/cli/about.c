/* about.c - what a run is about to do: samples, columns, parameters, steps. */
#include <string.h>
#include "cli/cli.h"
#include "train/train.h"

static const weir_dataset *about_data(const weir_run *r) { return r->train; }

static int64_t about_parameters(const weir_run *r)
{
    return weir_module_parameter_numel(weir_model_module(r->model));
}

/* "[1, 28, 28]" */
static void about_put_shape(const weir_dataset *d, char *text, size_t bytes, size_t *used)
{
    const int64_t *shape;
    int ndim = weir_dataset_shape(d, &shape);
    for (int i = 0; i < ndim; i++)
        weir__append(text, bytes, used, i ? " x %lld" : "%lld", (long long)shape[i]);
}

static void print_data(const weir_run *r)
{
    const weir_dataset *d = about_data(r);
    char text[256];
    size_t used = 0;
    about_put_shape(d, text, sizeof text, &used);
    weir__append(text, sizeof text, &used, d->store->dim == 1 ? " value" : " values");
    if (d->store->levels > 0)
        weir__append(text, sizeof text, &used, " of %lld levels", (long long)d->store->levels);
    printf("data     %lld samples to train on, %lld held out; %s each\n",
           (long long)weir_dataset_samples(d), (long long)weir_dataset_samples(r->valid), text);
}

/* Names, and what became of the columns that are no data. */
static void about_print_columns(const weir_run *r)
{
    enum { SHOWN = 10 };
    const weir__store *s = about_data(r)->store;
    char text[1000] = "";
    size_t used = 0;
    if (s->columns.n == 0 && s->removed_as.n == 0) return;
    for (int64_t j = 0; j < s->columns.n && j < SHOWN; j++)
        weir__append(text, sizeof text, &used, j ? ", %.60s" : "%.60s", s->columns.at[j]);
    if (s->columns.n > SHOWN)
        weir__append(text, sizeof text, &used, " .. (%lld)", (long long)s->columns.n);
    if (s->columns.n == 0) weir__append(text, sizeof text, &used, "%lld", (long long)s->dim);
    for (int64_t j = 0; j < s->removed_as.n && j < SHOWN; j++)
        weir__append(text, sizeof text, &used, "; %.60s", s->removed_as.at[j]);
    if (s->removed_as.n > SHOWN)
        weir__append(text, sizeof text, &used, "; %lld more", (long long)(s->removed_as.n - SHOWN));
    for (char *p = text; *p; p++) *p = weir__shown(*p);
    printf("columns  %s\n", text);
}

void weir__about_print(const weir_run *r, int64_t begin, int64_t stop, bool open_ended)
{
    const weir_ctx *c = r->object.ctx;
    double epoch = (double)weir_run_epoch(r);
    print_data(r);
    about_print_columns(r);
    printf("model    %s of %lld parameters, %s, %d thread%s\n",
           strchr(weir_model_row_of(r->model)->name, '.') + 1, (long long)about_parameters(r),
           weir_isa_name(c), weir_threads(c), weir_threads(c) == 1 ? "" : "s");
    if (!open_ended)
        weir__print(stdout, "steps    %lld of %lld samples, %.3g epochs\n",
                    (long long)(stop - begin), (long long)r->config.train.batch,
                    (double)(stop - begin) / epoch);
    fflush(stdout);
}

static json_t *about_names(const weir_words *w)
{
    json_t *list = json_array();
    for (int64_t j = 0; j < w->n; j++) json_array_append_new(list, json_string(w->at[j]));
    return list;
}

void weir__about_json(json_t *o, const weir_run *r)
{
    const weir_dataset *d = about_data(r);
    json_object_set_new(o, "model",
                        json_string(strchr(weir_model_row_of(r->model)->name, '.') + 1));
    json_object_set_new(o, "data", json_string(r->config.data));
    json_object_set_new(o, "n_train", json_integer(weir_dataset_samples(d)));
    json_object_set_new(o, "n_valid", json_integer(weir_dataset_samples(r->valid)));
    json_object_set_new(o, "dim", json_integer(d->store->dim));
    json_object_set_new(o, "levels", json_integer(d->store->levels));
    json_object_set_new(o, "columns", about_names(&d->store->columns));
    json_object_set_new(o, "columns_apart", about_names(&d->store->removed_as));
    json_object_set_new(o, "parameters", json_integer(about_parameters(r)));
}
