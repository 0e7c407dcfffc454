/* names.c - what the data called their columns, classes and values of a context, kept with the
 * model: in its file as JSON lists, so that `--class three` is found again. */
#include <string.h>
#include "data/data.h"
#include "models/models.h"

static const char *const name_keys[] = {
    [WEIR_NAMES_COLUMN] = "column_names",
    [WEIR_NAMES_CLASS] = "class_names",
    [WEIR_NAMES_CONTEXT] = "context_names",
};
enum { NAME_LISTS = 3 };

static bool names_are_of(weir_names which) { return (unsigned)which < (unsigned)NAME_LISTS; }

/* How many there must be; of classes at most. */
static int64_t names_wanted(const weir_model *m, weir_names which)
{
    if (which == WEIR_NAMES_COLUMN) return m->dim;
    return which == WEIR_NAMES_CLASS ? m->classes : m->context;
}

static bool names_fit(const weir_model *m, weir_names which, int64_t n)
{
    int64_t wanted = names_wanted(m, which);
    return n == 0 || n == wanted || (which == WEIR_NAMES_CLASS && n > 0 && n < wanted);
}

void weir__model_names_free(weir_model *m)
{
    for (int i = 0; i < NAME_LISTS; i++) weir__names_free(m->object.ctx, &m->names[i]);
}

const char *weir_model_name(const weir_model *m, weir_names which, int64_t index)
{
    const weir_words *w = m && names_are_of(which) ? &m->names[which] : NULL;
    return w && index >= 0 && index < w->n ? w->at[index] : NULL;
}

weir_status weir_model_set_names(weir_model *m, weir_names which, int64_t n,
                                 const char *const *names)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_set_names";
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = weir__ctx_of(m);
    bool given = names_are_of(which) && (names || n == 0);
    for (int64_t i = 0; given && i < n; i++) given = names[i] != NULL;
    if (!weir__model_usable(m, who)) return weir_status_of(c);
    if (!given) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected names", who);
    if (!names_fit(m, which, n))
        return weir_fail(c, WEIR_ERROR_SHAPE, "%s: %s: %lld names: expected %lld", who,
                         name_keys[which], (long long)n, (long long)names_wanted(m, which));
    return weir__names_copy(c, &m->names[which], n, names);
}

weir_status weir__model_copy_names(weir_model *to, const weir_model *from)
{
    for (int i = 0; i < NAME_LISTS && weir_ok(to->object.ctx); i++)
        weir__names_copy(to->object.ctx, &to->names[i], from->names[i].n,
                         (const char *const *)from->names[i].at);
    return weir_status_of(to->object.ctx);
}

/* -- from data --------------------------------------------------------------------------------- */
static weir_status names_take(weir_model *m, weir_names which, const weir_words *w)
{
    int64_t n = names_fit(m, which, w->n) ? w->n : 0;
    if (which == WEIR_NAMES_CLASS && w->n > m->classes) n = m->classes;
    return weir__names_copy(m->object.ctx, &m->names[which], n, (const char *const *)w->at);
}

weir_status weir__model_take_names(weir_model *m, const weir_dataset *d)
{
    weir_ctx *c = m->object.ctx;
    const weir__store *s = d->store;
    if (names_take(m, WEIR_NAMES_COLUMN, &s->columns) != WEIR_OK) return weir_status_of(c);
    if (s->labels) names_take(m, WEIR_NAMES_CLASS, &s->classes);
    if (weir_ok(c) && s->context) names_take(m, WEIR_NAMES_CONTEXT, &s->context->columns);
    return weir_status_of(c);
}

weir_status weir_model_match_classes(weir_model *m, weir_dataset *d)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_match_classes";
    weir_ctx *c = weir__ctx_of(m ? (const void *)m : d);
    if (!m || weir__dataset_dead(d) || !weir__lives(m, who) || m->object.nil)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL or nil: expected a model and a data set",
                         who);
    if (!weir_ok(c) || m->classes == 0) return weir_status_of(c);
    weir_status status = weir__dataset_renumber(d, &m->names[WEIR_NAMES_CLASS], m->classes);
    if (d->object.ctx == c || status == WEIR_OK) return status;
    return weir_fail(c, status, "%s", weir_message(d->object.ctx));
}

/* -- looking one up ---------------------------------------------------------------------------- */
static int64_t class_unknown(weir_model *m, const char *name)
{
    const weir_words *w = &m->names[WEIR_NAMES_CLASS];
    const char *near = weir__names_near(w, name);
    weir_fail(m->object.ctx, WEIR_ERROR_NAME, "%s: class %.100s: expected %s0 to %lld%s%.100s",
              m->row->row.name, name, w->n > 0 ? "a name that `weir info` shows, or " : "",
              (long long)m->classes - 1, near[0] ? ", perhaps " : "", near);
    return -1;
}

int64_t weir_model_class(weir_model *m, const char *name)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_class";
    int64_t number;
    if (!m || !weir__model_usable(m, who)) return -1;
    if (!name) {
        weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a name or a number", who);
        return -1;
    }
    if (m->classes == 0) {
        weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                  "%s: class %.100s: expected none, the model was made without classes",
                  m->row->row.name, name);
        return -1;
    }
    int64_t found = weir__names_find(&m->names[WEIR_NAMES_CLASS], name);
    if (found >= 0) return found;
    bool counts = weir__parse_int(name, &number) && number >= 0 && number < m->classes;
    return counts ? number : class_unknown(m, name);
}

/* -- metadata ---------------------------------------------------------------------------------- */
static bool names_put(const weir_words *w, const char *key, json_t *metadata)
{
    json_t *list = json_array();
    bool good = list != NULL;
    for (int64_t i = 0; good && i < w->n; i++)
        good = json_array_append_new(list, json_string(w->at[i])) == 0;
    char *text = good ? weir__json_text(list, JSON_COMPACT) : NULL;
    good = text && json_object_set_new(metadata, key, json_string(text)) == 0;
    weir__json_text_free(text);
    json_decref(list);
    return good;
}

bool weir__model_put_names(const weir_model *m, json_t *metadata)
{
    bool good = true;
    for (int i = 0; good && i < NAME_LISTS; i++)
        if (m->names[i].n > 0) good = names_put(&m->names[i], name_keys[i], metadata);
    return good;
}

/* The texts of a list, to be freed; NULL: the error is set. */
static const char **names_of_list(weir_ctx *c, const json_t *list)
{
    int64_t n = (int64_t)json_array_size(list);
    const char **names = weir__alloc_n(c, n, sizeof *names);
    for (int64_t i = 0; names && i < n; i++)
        names[i] = json_string_value(json_array_get(list, (size_t)i));
    return names;
}

static weir_status names_set(weir_model *m, weir_names which, const json_t *list, const char *where)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = (int64_t)json_array_size(list);
    const char **names = names_of_list(c, list);
    bool good = names && json_is_array(list) && names_fit(m, which, n);
    for (int64_t i = 0; good && i < n; i++) good = names[i] != NULL;
    if (good) weir__names_copy(c, &m->names[which], n, names);
    else if (names)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.200s: %s: expected a list of %s%lld texts", where,
                  name_keys[which], which == WEIR_NAMES_CLASS ? "at most " : "",
                  (long long)names_wanted(m, which));
    weir__free(c, names);
    return weir_status_of(c);
}

weir_status weir__model_get_names(weir_model *m, const json_t *metadata, const char *where)
{
    weir_ctx *c = m->object.ctx;
    for (int i = 0; i < NAME_LISTS && weir_ok(c); i++) {
        const char *text = json_string_value(json_object_get(metadata, name_keys[i]));
        json_t *list = text ? weir__json_read(c, where, text, strlen(text)) : NULL;
        if (list) names_set(m, (weir_names)i, list, where);
        json_decref(list);
    }
    return weir_status_of(c);
}
