/* info.c - weir info: what a run or a file of weights holds. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/cli.h"
#include "models/models.h"

typedef struct flags {
    weir__flags base;
    bool json;
} flags;

static const weir_option options[] = {
    { "json", WEIR_OPTION_BOOL, offsetof(flags, json), "no", 0, 0, NULL, "print one JSON object" },
    { 0 },
};

/* -- gathering: one object for both forms ------------------------------------------------------ */
static json_t *shape_json(int ndim, const int64_t *shape)
{
    json_t *a = json_array();
    for (int i = 0; i < ndim; i++) json_array_append_new(a, json_integer(shape[i]));
    return a;
}

static json_t *tensors_json(const weir__weights *w)
{
    json_t *all = json_array();
    for (int64_t i = 0; i < w->n; i++) {
        json_t *t = json_object();
        json_object_set_new(t, "name", json_string(w->at[i].name));
        json_object_set_new(t, "dtype", json_string(weir_dtype_name(w->at[i].dtype)));
        json_object_set_new(t, "shape", shape_json(w->at[i].ndim, w->at[i].shape));
        json_array_append_new(all, t);
    }
    return all;
}

/* A number that metadata holds as text; null where there is none. */
static json_t *info_number_of(const json_t *metadata, const char *key, bool integer)
{
    const char *text = json_string_value(json_object_get(metadata, key));
    int64_t i;
    double x;
    if (text && integer && weir__parse_int(text, &i)) return json_integer(i);
    if (text && !integer && weir__parse_real(text, &x)) return weir__json_number(x);
    return json_null();
}

static json_t *info_text_of(const json_t *metadata, const char *key)
{
    const char *text = json_string_value(json_object_get(metadata, key));
    return text ? json_string(text) : json_null();
}

static const char *const name_keys[] = { "class_names", "context_names", "column_names" };

/* Where the data had names: a list that metadata hold as text. */
static void add_names(weir_ctx *c, json_t *o, const json_t *metadata, const char *key)
{
    json_error_t why;
    const char *text = json_string_value(json_object_get(metadata, key));
    json_t *list = text ? weir__json_parse(c, text, strlen(text), &why) : NULL;
    if (list) json_object_set_new(o, key, list);
}

static void add_model(json_t *o, weir_model *m)
{
    const int64_t *shape;
    int ndim = weir_model_shape(m, &shape);
    json_t *metadata = weir__model_metadata(m, NULL);
    json_object_set_new(o, "model", json_string(strchr(weir_model_row_of(m)->name, '.') + 1));
    json_object_set_new(
        o, "options",
        weir__options_to_json(weir_model_ctx(m), weir_model_row_of(m), weir_model_options(m)));
    json_object_set_new(o, "dim", json_integer(weir_model_dim(m)));
    json_object_set_new(o, "shape", shape_json(ndim, shape));
    json_object_set_new(o, "levels", json_integer(weir_model_levels(m)));
    json_object_set_new(o, "parameters",
                        json_integer(weir_module_parameter_numel(weir_model_module(m))));
    json_object_set_new(o, "transform", info_text_of(metadata, "transform"));
    for (size_t i = 0; i < sizeof name_keys / sizeof *name_keys; i++)
        add_names(weir_model_ctx(m), o, metadata, name_keys[i]);
    json_decref(metadata);
}

static json_t *gather(const char *file, weir_model *m, const weir__weights *w)
{
    json_t *o = json_object(), *score = json_object();
    json_object_set_new(o, "file", json_string(file));
    if (m) add_model(o, m);
    else json_object_set_new(o, "model", json_null());
    json_object_set_new(o, "weights", info_text_of(w->metadata, "weights"));
    json_object_set_new(o, "step", info_number_of(w->metadata, "step", true));
    json_t *nats = info_number_of(w->metadata, "valid_nats", false);
    json_object_set_new(score, "valid_nats", nats);
    if (m && weir_model_levels(m) > 0 && json_is_real(nats))
        json_object_set_new(score, "valid_bits_per_dim",
                            json_real(weir_bits_per_dim(json_real_value(nats), weir_model_dim(m),
                                                        weir_model_levels(m))));
    json_object_set_new(o, "score", score);
    json_object_set_new(o, "weir_version", info_text_of(w->metadata, "weir_version"));
    json_object_set_new(o, "tensors", tensors_json(w));
    return o;
}

/* -- text -------------------------------------------------------------------------------------- */
static void info_put_text(const char *text)
{
    for (; text && *text; text++) putchar(weir__shown(*text));
}

static void info_put_value(const json_t *v)
{
    if (json_is_string(v)) info_put_text(json_string_value(v));
    else if (json_is_integer(v)) printf("%lld", (long long)json_integer_value(v));
    else if (json_is_real(v)) weir__print(stdout, "%.9g", json_real_value(v));
    else if (json_is_boolean(v)) printf("%s", json_is_true(v) ? "yes" : "no");
    else if (json_is_array(v))
        for (size_t i = 0; i < json_array_size(v); i++) {
            if (i) putchar(',');
            info_put_value(json_array_get(v, i));
        }
    else if (json_is_object(v)) info_put_value(json_object_get(v, "name"));
    else putchar('-');
}

static void put_entry(const char *indent, int width, const char *key, const json_t *v)
{
    fputs(indent, stdout);
    info_put_text(key);
    printf("%*s", strlen(key) < (size_t)width ? width - (int)strlen(key) + 1 : 1, "");
    info_put_value(v);
    putchar('\n');
}

/* A chosen row by its name, and below it its options: "net  mlp", "net.hidden  64,64". */
static void info_put_options(const char *above, const json_t *object)
{
    const char *name;
    json_t *v, *element;
    size_t i;
    json_object_foreach ((json_t *)(uintptr_t)object, name, v) {
        char key[512];
        size_t used = 0;
        bool is_name = above[0] && strcmp(name, "name") == 0;
        weir__append(key, sizeof key, &used, "%s%s%s", above, above[0] ? "." : "", name);
        if (json_is_object(v)) put_entry("  ", 12, key, json_object_get(v, "name"));
        else if (!is_name) put_entry("  ", 12, key, v);
        if (json_is_object(v)) info_put_options(key, v);
        json_array_foreach (v, i, element) {
            char below[512];
            size_t end = 0;
            weir__append(below, sizeof below, &end, "%s.%lld", key, (long long)i);
            if (json_is_object(element)) info_put_options(below, element);
        }
    }
}

static void print_text(const json_t *o)
{
    const char *key;
    json_t *v;
    size_t i;
    json_object_foreach ((json_t *)(uintptr_t)o, key, v)
        if (!json_is_object(v) && strcmp(key, "tensors") != 0) put_entry("", 18, key, v);
    json_object_foreach (json_object_get(o, "score"), key, v) put_entry("", 18, key, v);
    puts("options");
    info_put_options("", json_object_get(o, "options"));
    puts("tensors");
    json_array_foreach (json_object_get(o, "tensors"), i, v) {
        printf("  %-5s [", json_string_value(json_object_get(v, "dtype")));
        info_put_value(json_object_get(v, "shape"));
        fputs("]  ", stdout);
        info_put_value(json_object_get(v, "name"));
        putchar('\n');
    }
}

/* -- running ----------------------------------------------------------------------------------- */
/* A file that names no model, alone, is shown as tensors. */
static weir_model *model_of(weir_ctx *c, const char *path, const weir__weights *w)
{
    weir_model *m = weir_model_load(c, path);
    if (weir_ok(c)) return m;
    if (!json_object_get(w->metadata, "weir_format") && weir_status_of(c) == WEIR_ERROR_FORMAT)
        weir_clear(c);
    return NULL;
}

static int info_show(weir_ctx *c, const char *path, const flags *f)
{
    struct stat st;
    char file[4096];
    size_t used = 0;
    weir__weights w = { 0 };
    bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    weir__append(file, sizeof file, &used, folder ? "%s/model.safetensors" : "%s", path);
    if (used >= sizeof file)
        return weir__complain(WEIR__EXIT_FAILED,
                              "%.60s..: a path too long: expected fewer than %d bytes", path,
                              (int)sizeof file);
    if (weir__safetensors_load(c, file, &w) != WEIR_OK) return weir__complain_ctx(c, false);
    weir_model *m = model_of(c, path, &w);
    int code = WEIR__EXIT_OK;
    if (weir_ok(c)) {
        json_t *o = gather(file, m, &w);
        if (f->json) weir__json_print(o, true);
        else print_text(o);
        json_decref(o);
    } else {
        code = weir__complain_ctx(c, false);
    }
    weir_model_free(m);
    weir__weights_free(c, &w);
    return code;
}

static int info_run(const weir__command *self, int argc, char **argv)
{
    flags f;
    int code = WEIR__EXIT_OK;
    if (!weir__flags_parse(self, argc, argv, &f, &code)) return code;
    if (f.base.n_positional < 1)
        return weir__complain(WEIR__EXIT_USAGE, "no RUN: weir info: expected %s", self->usage);
    weir_ctx *c = weir__cli_open(1, 1, &code);
    if (!c) return code;
    code = info_show(c, f.base.positional[0], &f);
    weir_close(c);
    return code;
}

const weir__command weir__command_info = {
    .row = {
        .size = sizeof(weir__command),
        .version = 1,
        .name = "command.info",
        .doc = "what a run or a file of weights holds",
        .options = options,
        .options_size = sizeof(flags),
        .test = "info run --json",
    },
    .usage = "RUN|FILE.safetensors [--json]",
    .examples = WEIR__EXAMPLE_FLOW
                "weir info run\n"
                "weir info run/model.safetensors --json\n",
    .files = WEIR__FILES_RUN,
    .most_positional = 1,
    .run = info_run,
};
