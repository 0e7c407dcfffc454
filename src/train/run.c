/* run.c - a run's folder: made once, opened again. config.json is the first file written and the
 * last word on every setting. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "train/train.h"

weir_run weir__orphan_run = { .object = WEIR__OBJECT_ORPHAN(WEIR__RUN, &weir__orphan_ctx) };

weir__object *weir__run_nil_new(weir_ctx *c)
{
    weir_run *r = weir__alloc0(c, sizeof *r);
    if (!r) return NULL;
    r->object = weir__object_nil(c, WEIR__RUN);
    return &r->object;
}

const char *weir__run_path(const weir_run *r, const char *name, char *buffer, size_t bytes)
{
    size_t used = 0;
    weir__append(buffer, bytes, &used, "%s/%s", r->folder, name);
    return buffer;
}

static void run_destroy(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    weir__journal_close(r);
    if (r->lock >= 0) close(r->lock);
    weir_ema_free(r->ema);
    weir_optim_free(r->optim);
    weir_model_free(r->model);
    weir_loader_free(r->loader);
    weir_dataset_free(r->held);
    weir_dataset_free(r->valid);
    weir_dataset_free(r->train);
    weir__config_free(&r->config);
    weir__state_free(&r->best);
    weir__state_free(&r->tree);
    weir__free(c, r->folder);
    weir__free(c, r);
}

void weir_run_free(weir_run *r)
{
    WEIR__AS_FOUND;
    if (!r || !weir__lives(r, "run_free") || r->object.nil) return;
    if (weir__model_unshared(r->model, "run_free")) run_destroy(r);
}

weir_model *weir_run_model(weir_run *r)
{
    bool there = r && weir__lives(r, "run_model") && !r->object.nil;
    return there ? r->model : weir__nil(weir__ctx_of(r), WEIR__MODEL);
}

/* -- the folder -------------------------------------------------------------------------------- */
static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* Removes the unfinished files of a killed write. True where nothing else is in the folder but
 * data/, where a program keeps what it trains on. */
static bool sweep(const char *folder)
{
    DIR *d = opendir(folder);
    bool empty = true;
    if (!d) return true;
    for (struct dirent *e; (e = readdir(d));) {
        char path[4096];
        size_t used = 0;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (strcmp(e->d_name, "data") == 0) continue;
        weir__append(path, sizeof path, &used, "%s/%s", folder, e->d_name);
        if (!weir__is_leftover(path) || unlink(path) != 0) empty = false;
    }
    closedir(d);
    return empty;
}

static weir_status run_make_folder(weir_ctx *c, const char *path)
{
    struct stat st;
    if (mkdir(path, 0777) == 0) return WEIR_OK;
    int why = errno;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_IO, "%s: %s: expected a folder, or a place to make one", path,
                     weir__error_text(why));
}

static weir_status make_parents(weir_ctx *c, const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof part - 64)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.60s: expected a path of 1 to 4000 bytes", path);
    for (size_t i = 1; i <= n; i++)
        if (path[i] == '/' || path[i] == 0) {
            memcpy(part, path, i);
            part[i] = 0;
            if (run_make_folder(c, part) != WEIR_OK) return weir_status_of(c);
        }
    return WEIR_OK;
}

/* One process at a time: the lock goes with the process, however that ends. Where folders cannot be
 * locked nothing is. */
static weir_status lock_folder(weir_run *r)
{
    r->lock = open(r->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->lock < 0 || flock(r->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return WEIR_OK;
    return weir_fail(r->object.ctx, WEIR_ERROR_STATE,
                     "%s: another process is training here: expected it to have ended", r->folder);
}

/* -- data, model, optimizer from a config ------------------------------------------------------ */
/* From the moments of each value, in place, those of all of them together: one line says them. */
static void standardize_as_one(weir_ctx *c, int64_t dim, double *mean, double *std)
{
    double all = 0, square = 0;
    for (int64_t j = 0; j < dim; j++) all += mean[j] / (double)dim;
    for (int64_t j = 0; j < dim; j++)
        square += (std[j] * std[j] + (mean[j] - all) * (mean[j] - all)) / (double)dim;
    double deviation = square > 0 ? sqrt(square) : 1;
    for (int64_t j = 0; j < dim; j++) {
        mean[j] = all;
        std[j] = deviation;
    }
    weir__log(c, "standardize: all values by mean %.4g and deviation %.4g", all, deviation);
}

/* mean and std [dim] by which the training data are standardized. */
static weir_status standardize_by(const weir_run *r, int64_t dim, double *mean, double *std)
{
    const weir_choice *model = &r->config.model;
    const int32_t *scale = weir__option_value(model->row, model->options, "standardize_scale",
                                              WEIR_OPTION_CHOICE);
    if (!scale || *scale == WEIR__SCALE_EACH) return weir_dataset_statistics(r->train, mean, std);
    if (weir__dataset_moments(r->train, mean, std) == WEIR_OK)
        standardize_as_one(r->object.ctx, dim, mean, std);
    return weir_status_of(r->object.ctx);
}

static weir_status standardize(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    if (!weir_ok(c)) return weir_status_of(c);
    if (r->model->levels == 0
        && weir__dataset_warn_columns(r->train, r->valid, r->model->mean != NULL) != WEIR_OK)
        return weir_status_of(c);
    if (!r->model->mean) {
        const weir_model_row *row = (const weir_model_row *)weir_model_row_of(r->model);
        bool noise = row->log_prob_kind != WEIR_LOG_PROB_EXACT && r->model->levels == 0;
        return weir__dataset_warn_scale(r->train, r->model->dtype, noise);
    }
    int64_t dim = weir_dataset_dim(r->train);
    double *mean = weir__alloc_n(c, weir__size_times(2, dim), sizeof *mean);
    if (mean && standardize_by(r, dim, mean, mean + dim) == WEIR_OK)
        weir_model_set_standardize(r->model, mean, mean + dim);
    weir__free(c, mean);
    return weir_status_of(c);
}

/* Views share the store of what they are views of, which goes with the training view: that is freed
 * last. */
static void split_data(weir_run *r)
{
    weir_dataset *all = r->train;
    if (all->opts.split != WEIR__SPLIT_ALL) return;
    r->valid = weir_dataset_split(all, "valid");
    r->train = weir_dataset_split(all, "train");
    if (weir_ok(r->object.ctx)) {
        r->train->owner = true;
        all->owner = false;
    }
    weir_dataset_free(all);
}

/* Of the samples in their order; those that validate count too, for they decide which weights are
 * best. */
static void note_fingerprint(weir_run *r)
{
    uint64_t hash = weir_dataset_fingerprint(r->train);
    if (weir_dataset_samples(r->valid) > 0)
        hash = weir__hash_mix(hash, weir_dataset_fingerprint(r->valid));
    snprintf(r->fingerprint, sizeof r->fingerprint, "%016" PRIx64, hash);
}

static weir_status run_open_data(weir_run *r, const json_t *stored)
{
    weir_ctx *c = r->object.ctx;
    r->valid = weir__nil(c, WEIR__DATASET);
    r->train = weir__config_data(c, r->config.data, stored);
    if (!weir_ok(c)) return weir_status_of(c);
    split_data(r);
    if (weir_ok(c) && weir_dataset_samples(r->train) < 1)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: no training samples: expected at least one",
                  r->config.data);
    if (!weir_ok(c)) return weir_status_of(c); /* a view of what is gone may be left */
    if (weir__run_share_data(r)) note_fingerprint(r);
    return weir_status_of(c);
}

/* A run that begins: the settings once more, with a preset that knows the data. */
static weir_status settle_config(weir_run *r, const weir__config_layers *from)
{
    weir__config k;
    weir__config_layers with = *from;
    const weir_data_facts facts = weir__preset_facts(r->train);
    with.facts = &facts;
    if (weir__config_from(&k, r->object.ctx, &with) != WEIR_OK)
        return weir_status_of(r->object.ctx);
    weir__config_free(&r->config);
    r->config = k;
    return WEIR_OK;
}

static void settle_shards(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    int64_t *shards = &r->config.train.shards;
    if (*shards == 0) *shards = weir__ranks_shards(c);
    weir__ranks_fit(c, *shards, "run_open");
}

/* Held-out samples that validations score: none where the model has no density. */
static int64_t scored_samples(const weir__config *k)
{
    return weir__source_said(k->model.row, k->model.options) ? 0 : k->train.valid_rows;
}

static weir_status open_config(weir_run *r, const weir__config_layers *from, const json_t *stored)
{
    weir_ctx *c = r->object.ctx;
    if (weir__config_from(&r->config, c, from) != WEIR_OK) return weir_status_of(c);
    if (!r->config.data[0])
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "config: no data: expected a SPEC, such as digits or FILE.npy");
    if (run_open_data(r, stored) != WEIR_OK) return weir_status_of(c);
    if (!stored && settle_config(r, from) != WEIR_OK) return weir_status_of(c);
    settle_shards(r);
    r->held = weir__dataset_some(r->valid, scored_samples(&r->config));
    return weir_status_of(c);
}

/* Numbers must be finite in the type that they reach the model in; standardized ones are doubles
 * until then. */
static weir_status check_data(weir_run *r)
{
    const weir_row *row = r->config.model.row;
    void *opts = r->config.model.options;
    const bool *standardized = weir__option_value(row, opts, "standardize", WEIR_OPTION_BOOL);
    const int32_t *dtype = weir__option_value(row, opts, "dtype", WEIR_OPTION_CHOICE);
    weir_dtype t = weir__dtype_option(dtype ? *dtype : 0);
    if (standardized && *standardized) t = WEIR_F64;
    if (weir__dataset_check_finite(r->train, t) == WEIR_OK && weir_dataset_samples(r->valid) > 0)
        weir__dataset_check_finite(r->valid, t);
    return weir_status_of(r->object.ctx);
}

static int64_t or_auto(int64_t given, int64_t automatic)
{
    if (given > 0) return given;
    return automatic > 0 ? automatic : 1;
}
static int64_t run_within(int64_t v, int64_t low, int64_t high)
{
    if (v < low) return low;
    return v > high ? high : v;
}

/* Lengths and intervals that the config leaves open are set here, and recorded with the rest. */
static weir_status open_loader(weir_run *r, const weir__length *stop)
{
    char options[128], flip[WEIR__REAL_TEXT];
    size_t used = 0;
    weir__train_opts *t = &r->config.train;
    weir__format_f64(t->flip, flip);
    weir__append(options, sizeof options, &used, "batch=%lld seed=%lld flip=%s",
                 (long long)t->batch, (long long)t->seed, flip);
    r->loader = weir_loader_new(r->train, options);
    int64_t epoch = weir_loader_steps_per_epoch(r->loader);
    if (r->config.horizon == 0)
        r->config.horizon = t->steps > 0 ? t->steps : t->epochs * or_auto(epoch, 1);
    r->horizon = r->config.horizon;
    r->stop = r->horizon;
    if (stop->steps > 0) r->stop = stop->steps;
    else if (stop->epochs > 0) r->stop = stop->epochs * (epoch > 0 ? epoch : 1);
    r->valid_every = t->valid_every = or_auto(t->valid_every, run_within(epoch, 50, 500));
    r->checkpoint_every = t->checkpoint_every = or_auto(t->checkpoint_every, 500);
    r->log_every = t->log_every = or_auto(t->log_every, run_within(r->horizon / 500, 1, 50));
    return weir_status_of(r->object.ctx);
}

static void open_average(weir_run *r)
{
    const weir__train_opts *t = &r->config.train;
    weir_module *m = weir_model_module(r->model);
    if (t->ema > 0) r->ema = weir_ema_new(m, t->ema);
    else if (t->ema_half_life > 0)
        r->ema = weir_ema_new_half_life(m, weir__loader_batch(r->loader), t->ema_half_life,
                                        t->ema_ramp);
}

static weir_status open_model(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    const weir__config *k = &r->config;
    const char *optimizer = weir__row_short_name(k->optimizer.row);
    r->model = weir__model_from_options(c, (const weir_model_row *)k->model.row, k->model.options);
    if (standardize(r) != WEIR_OK || weir__run_give_conditions(r) != WEIR_OK)
        return weir_status_of(c);
    bool whole = !weir__run_divides(r) || (r->again && weir_rank(c) == 0); /* which gives parts */
    if (whole)
        r->optim = weir_optim_new_with(weir_model_module(r->model), optimizer,
                                       k->optimizer.options);
    else
        r->optim = weir__optim_new_part(weir_model_module(r->model), optimizer,
                                        k->optimizer.options, weir_rank(c), weir_ranks(c));
    if (weir_ok(c) && weir__reflow_of(r->model)) weir__reflow_begin(r->model);
    if (weir_ok(c) && weir__source_of(r->model)) weir__source_begin(r->model);
    if (weir_ok(c)) weir__state_of(c, weir_model_module(r->model), &r->tree);
    if (weir_ok(c)) open_average(r);
    return weir_status_of(c);
}

/* The run's seed decides the first weights, which are drawn when the optimizer lays them out; the
 * context keeps its own. */
static weir_status open_seeded(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    weir_scope scope = weir_scope_begin(c);
    weir__seed_set(c, (uint64_t)r->config.train.seed);
    weir_status s = open_model(r);
    weir_scope_end(scope);
    return s;
}

/* -- config.json ------------------------------------------------------------------------------- */
/* Where paths of the data begin, if there are any. */
static bool add_folder(weir_ctx *c, json_t *o)
{
    char path[4096];
    const char *spec = json_string_value(json_object_get(o, "data"));
    if (!spec || !weir__spec_is_relative(c, spec)) return true;
    if (!getcwd(path, sizeof path)) return true; /* one that is gone, or too long */
    json_t *folder = json_string(path);
    return !folder || json_object_set_new(o, "folder", folder) == 0; /* none that is no UTF-8 */
}

/* What a run notes of itself beside its settings; weir__config_data reads "subset" and "folder". */
static bool add_records(weir_run *r, json_t *o)
{
    return add_folder(r->object.ctx, o)
           && json_object_set_new(o, "data_fingerprint", json_string(r->fingerprint)) == 0
           && json_object_set_new(o, "subset", json_string("hash")) == 0
           && json_object_set_new(o, "machine", json_string(weir_isa_name(r->object.ctx))) == 0;
}

static weir_status write_config(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    json_t *o = weir__config_json(&r->config);
    if (!o) return weir_status_of(c);
    if (!add_records(r, o))
        weir_fail(c, WEIR_ERROR_MEMORY, "%s: config.json: expected more free memory", r->folder);
    else weir__json_save(c, weir__run_path(r, "config.json", path, sizeof path), o);
    json_decref(o);
    return weir_status_of(c);
}

/* The kernels a run has been on, in order: those of the checkpoint, or of config.json before the
 * first, and today's. */
static void note_machine(weir_run *r, const json_t *stored)
{
    const char *today = weir_isa_name(r->object.ctx),
               *begun = json_string_value(json_object_get(stored, "machine"));
    size_t used = strlen(r->machine);
    if (used == 0) weir__append(r->machine, sizeof r->machine, &used, "%s", begun ? begun : today);
    const char *plus = strrchr(r->machine, '+'), *last = plus ? plus + 1 : r->machine;
    if (strcmp(last, today) == 0) return;
    weir__log(r->object.ctx,
              "%s: so far with %s kernels, continues with %s: results will differ in the last bits",
              r->folder, r->machine, today);
    weir__append(r->machine, sizeof r->machine, &used, "+%s", today);
}

/* -- opening ----------------------------------------------------------------------------------- */
static weir_status open_parts(weir_run *r, const weir__config_layers *from, const json_t *stored,
                              const weir__length *stop)
{
    weir_ctx *c = r->object.ctx;
    open_config(r, from, stored);
    if (weir__group_knows(c) || !weir__run_agree(r)) return weir_status_of(c);
    if (weir__fit_model(r, stored != NULL) != WEIR_OK || check_data(r) != WEIR_OK)
        return weir_status_of(c);
    if (open_loader(r, stop) != WEIR_OK || open_seeded(r) != WEIR_OK) return weir_status_of(c);
    if (!stored && weir__source_of(r->model))
        weir__log(c, "source: a model from data to data has no density: held-out samples are not "
                     "scored, the last weights are kept");
    return WEIR_OK;
}

/* The run's data have moved, and are the same. */
static weir_status write_moved(weir_run *r, const json_t *stored)
{
    char path[4096];
    if (!json_is_true(json_object_get(stored, "moved"))) return WEIR_OK;
    json_t *o = json_copy((json_t *)(uintptr_t)stored);
    if (o && json_object_del(o, "moved") == 0 && add_folder(r->object.ctx, o))
        weir__json_save(r->object.ctx, weir__run_path(r, "config.json", path, sizeof path), o);
    else weir_fail(r->object.ctx, WEIR_ERROR_MEMORY, "config.json: expected more free memory");
    json_decref(o);
    return weir_status_of(r->object.ctx);
}

/* The folder, from here on this process's own. */
static weir_status open_folder(weir_run *r, const json_t *stored)
{
    weir_ctx *c = r->object.ctx;
    char path[4096];
    if ((stored ? weir__resume_check_data(r, stored) : make_parents(c, r->folder)) != WEIR_OK)
        return weir_status_of(c);
    if (lock_folder(r) != WEIR_OK || (stored && weir__resume_check_begun(r) != WEIR_OK))
        return weir_status_of(c);
    if (!stored
        && exists(weir__run_path(r, "config.json", path,
                                 sizeof path))) /* begun by another while the data were read */
        return weir_fail(c, WEIR_ERROR_STATE,
                         "%s: holds a run: expected --resume, or another folder", r->folder);
    if ((stored ? write_moved(r, stored) : write_config(r)) != WEIR_OK) return weir_status_of(c);
    if (run_make_folder(c, weir__run_path(r, "samples", path, sizeof path)) != WEIR_OK)
        return weir_status_of(c);
    if (run_make_folder(c, weir__run_path(r, "checkpoint", path, sizeof path)) != WEIR_OK)
        return weir_status_of(c);
    sweep(r->folder);
    sweep(path);
    return WEIR_OK;
}

/* What rank 0 alone does */
static weir_status open_begun(weir_run *r, const json_t *stored)
{
    weir_ctx *c = r->object.ctx;
    if (!weir__run_speaks(r)) return weir_status_of(c);
    if (open_folder(r, stored) == WEIR_OK && weir__checkpoint_load(r) == WEIR_OK)
        note_machine(r, stored);
    return weir_status_of(c);
}

static weir_status open_logs(weir_run *r)
{
    if (!weir__run_speaks(r) || weir__journal_open(r) != WEIR_OK)
        return weir_status_of(r->object.ctx);
    /* a kill may have come between the checkpoint and this */
    return r->step > 0 ? weir__run_write_model(r) : WEIR_OK;
}

static weir_status open_all(weir_run *r, const weir__config_layers *from, const json_t *stored,
                            const weir__length *stop)
{
    weir_ctx *c = r->object.ctx;
    r->again = stored != NULL;
    open_parts(r, from, stored, stop);
    if (weir__group_knows(c) || !weir__run_agree(r)) return weir_status_of(c);
    open_begun(r, stored);
    if (!weir__group_agree(c, "run_open", 0, NULL)) return weir_status_of(c);
    if (weir__run_share_state(r) != WEIR_OK) return weir_status_of(c);
    weir__run_follow(r);
    open_logs(r);
    weir__group_agree(c, "run_open", 0, NULL);
    return weir_status_of(c);
}

static weir_run *run_new(weir_ctx *c, const char *folder)
{
    weir_run *r = weir__alloc0(c, sizeof *r);
    if (!r) return NULL;
    r->object = weir__object_home(c, WEIR__RUN, NULL);
    r->config.ctx = c;
    r->best_valid = r->last_valid = NAN;
    r->loss_first = NAN;
    r->warned = c->warnings.n;
    r->told = (weir__told){ .loss = NAN, .grad_norm = NAN };
    r->best_step = -1;
    r->written_step = -2;
    r->lock = -1;
    r->metrics = -1;
    r->folder = weir__strdup(c, folder);
    return r;
}

/* Whether the folder is fit to begin a run in. */
static weir_status check_empty(weir_ctx *c, const char *folder, const weir__config_layers *from)
{
    if (exists(folder) && !sweep(folder))
        return weir_fail(c, WEIR_ERROR_STATE,
                         "%s: holds files that are no run: expected an empty or a new folder",
                         folder);
    if (from) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_IO,
                     "%s: no config.json: expected a run, or a model and data to begin one",
                     folder);
}

/* The folder's own config, with which `from` must agree where it is not NULL; NULL without an
 * error: the folder has none and one may be begun. *stop: how long the two together say. */
static json_t *stored_config(weir_ctx *c, const char *folder, const weir__config_layers *from,
                             bool resume, weir__length *stop)
{
    char path[4096];
    size_t used = 0;
    weir__append(path, sizeof path, &used, "%s/config.json", folder);
    if (!exists(path)) {
        check_empty(c, folder, from);
        return NULL;
    }
    if (!resume && from) {
        weir_fail(c, WEIR_ERROR_STATE, "%s: holds a run: expected --resume, or another folder",
                  folder);
        return NULL;
    }
    json_t *stored = weir__json_load(c, path);
    if (stored && from) weir__resume_compare(c, folder, from, stored, stop);
    return stored;
}

weir_run *weir__run_open_layers(weir_ctx *c, const char *folder, const weir__config_layers *from,
                                bool resume)
{
    weir__length stop = { 0 };
    json_t *stored = NULL;
    if (weir_rank(c) == 0) stored = stored_config(c, folder, from, resume, &stop);
    stored = weir__run_share_stored(c, stored, &stop);
    const weir__config_layers own = { .file = stored };
    bool good = weir_ok(c);
    weir_run *r = good ? run_new(c, folder) : NULL;
    if (good && !r) weir__group_fail(c);
    if (r) open_all(r, stored ? &own : from, stored, &stop);
    json_decref(stored);
    if (r && weir_ok(c)) return r;
    if (r) run_destroy(r);
    return weir__nil(c, WEIR__RUN);
}

weir_run *weir_run_open(weir_ctx *c, const char *folder, const char *config, bool resume)
{
    WEIR__AS_FOUND;
    weir_run *r = weir__nil(c, WEIR__RUN);
    if (weir_ok(c) && !folder)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "run_open: NULL: expected a folder");
    json_t *given = weir_ok(c) && config ? weir__config_given(c, config) : NULL;
    const weir__config_layers from = { .file = given };
    if (weir_ok(c)) r = weir__run_open_layers(c, folder, config ? &from : NULL, resume);
    else if (c) weir__group_agree(c, "run_open", 0, NULL); /* an error for the others */
    json_decref(given);
    return r;
}

bool weir_run_is_nil(const weir_run *r) { return !r || r->object.nil; }
