/* run_data.c - the data of a run, and data beside it: the same source is divided by the run's own
 * rules, so that samples held out are those that it has not trained on. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "data/data.h"
#include "train/train.h"
#include "weir/classify.h"

static const char *config_folder(const json_t *config)
{
    return json_string_value(json_object_get(config, "folder"));
}

weir_dataset *weir__config_data(weir_ctx *c, const char *spec, const json_t *config)
{
    bool by_hash = !config || json_object_get(config, "subset");
    bool moved = json_is_true(json_object_get(config, "moved"));
    size_t name = strcspn(spec, ",");
    if (config && !moved && name == 1 && spec[0] == '-') {
        weir_fail(
            c, WEIR_ERROR_IO,
            "-: the data of this run came through a pipe: expected the same samples by --data");
        return weir__nil(c, WEIR__DATASET);
    }
    const char *folder = config_folder(config);
    char *found = folder ? weir__spec_from(c, spec, folder) : NULL;
    const char *text = found ? found : spec;
    weir_dataset *d = by_hash ? weir_dataset_open(c, text) : weir__dataset_open_first(c, text);
    weir__free(c, found);
    return d;
}

static bool config_path(const char *run, char *path, size_t bytes)
{
    size_t used = 0;
    weir__append(path, bytes, &used, "%s/config.json", run);
    return used < bytes;
}

static const char *config_spec(const json_t *config)
{
    return json_string_value(json_object_get(config, "data"));
}

/* -- its own ----------------------------------------------------------------------------------- */
/* The split of `all`, which then lives in the place of both. */
static weir_dataset *split_only(weir_dataset *all, const char *split)
{
    if (all->opts.split != WEIR__SPLIT_ALL) return all;
    weir_dataset *d = weir_dataset_split(all, split);
    if (weir_ok(all->object.ctx)) {
        d->owner = true;
        all->owner = false;
    }
    weir_dataset_free(all);
    return d;
}

static weir_dataset *own_data(weir_ctx *c, const char *folder, const char *split)
{
    char path[4096];
    json_t *config = config_path(folder, path, sizeof path) ? weir__json_load(c, path) : NULL;
    const char *spec = config_spec(config);
    if (weir_ok(c) && !spec)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.300s: no data: expected the folder of a run", folder);
    weir_dataset *all = weir_ok(c) ? weir__config_data(c, spec, config)
                                   : weir__nil(c, WEIR__DATASET);
    json_decref(config);
    return weir_ok(c) ? split_only(all, split) : weir__nil(c, WEIR__DATASET);
}

weir_dataset *weir_run_data(weir_ctx *c, const char *folder, const char *split)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__DATASET);
    if (folder && split) return own_data(c, folder, split);
    weir_fail(c, WEIR_ERROR_ARGUMENT, "run_data: NULL: expected a folder and a split");
    return weir__nil(c, WEIR__DATASET);
}

/* -- beside it --------------------------------------------------------------------------------- */
/* Where samples are divided and both say how many are held out, but not alike. */
static void warn_of_other_split(weir_ctx *c, const char *spec, const char *run_spec)
{
    size_t n, m, unused;
    const char *own = weir__spec_option(spec, "valid", &n);
    const char *run = weir__spec_option(run_spec, "valid", &m);
    if (!own || !weir__spec_option(spec, "split", &unused)) return;
    if (!run) {
        run = "valid=1/6";
        m = strlen(run);
    }
    if (n == m && memcmp(own, run, n) == 0) return;
    weir__warn(
        c,
        "%.200s: the run holds out others (%.*s): samples that it has trained on may be among "
        "these",
        spec, (int)m, run);
}

/* spec, and what it does not say of which samples and columns are which, as the run has it. */
static char *spec_with_rules(weir_ctx *c, const char *spec, const char *run_spec)
{
    static const char *const rules[] = { "valid",     "test",   "weight",  "weights", "label",
                                         "condition", "header", "columns", "skip",    "na" };
    size_t room = strlen(spec) + strlen(run_spec) + 1, used = 0, n;
    char *text = weir__alloc(c, room);
    if (!text) return NULL;
    weir__append(text, room, &used, "%s", spec);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const char *rule = weir__spec_option(run_spec, rules[i], &n);
        if (rule && !weir__spec_says(spec, rules[i]))
            weir__append(text, room, &used, ",%.*s", (int)n, rule);
    }
    return text;
}

/* One file, or folder, by two paths. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool same_source(weir_ctx *c, const char *spec, const char *run_spec, const char *folder)
{
    const char *options;
    char *name = NULL, *run_name = NULL;
    char *found = folder ? weir__spec_from(c, run_spec, folder) : NULL;
    bool same = weir__spec_split(c, spec, &name, &options) == WEIR_OK
                && weir__spec_split(c, found ? found : run_spec, &run_name, &options) == WEIR_OK
                && (strcmp(name, run_name) == 0 || same_file(name, run_name));
    weir__free(c, found);
    weir__free(c, name);
    weir__free(c, run_name);
    return same;
}

static weir_dataset *open_as_run(weir_ctx *c, const char *spec, const json_t *config)
{
    const char *run_spec = config_spec(config);
    if (!run_spec || !same_source(c, spec, run_spec, config_folder(config)))
        return weir_dataset_open(c, spec);
    warn_of_other_split(c, spec, run_spec);
    char *text = spec_with_rules(c, spec, run_spec);
    weir_dataset *d = text ? weir__config_data(c, text, config) : weir__nil(c, WEIR__DATASET);
    weir__free(c, text);
    return d;
}

weir_dataset *weir__run_dataset(weir_ctx *c, const char *run, const char *spec)
{
    char path[4096];
    bool is_run = config_path(run, path, sizeof path) && access(path, R_OK) == 0;
    json_t *config = is_run ? weir__json_load(c, path) : NULL;
    weir_dataset *d = open_as_run(c, spec, config);
    json_decref(config);
    return d;
}
