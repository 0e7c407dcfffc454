/* export_torch.c - a flow as one file of Python, model.py, that needs PyTorch alone, and its
 * weights as they are, model.safetensors.
 *
 * Each row has the text of a class that computes what the row does (weir_module_row.torch; ours lie
 * in flow/torch, nn/torch, models/torch), and the file is: how to read tensors, the classes that
 * this model has, and a function that makes it, layer by layer:
 *
 *     flow=Compose(
 *         Actnorm(),
 *         AffineCoupling(partition="half", scale="soft", .., net=Mlp(Linear(), Relu(), Linear())),
 *
 * A layer is given those options that its class speaks of, as self.NAME, and its children; names
 * are the tensors' own, so weights go where they belong by name. Options that are 0 or empty text
 * are left out: classes say so of what they may be without. */
#include <string.h>
#include "base/value.h"
#include "models/export.h"

extern const char weir__torch_reading[], weir__torch_model[], weir__torch_softplus[],
    weir__torch_activations[], weir__torch_beside[], weir__torch_channels[], weir__torch_places[],
    weir__torch_sum_samples[], weir__torch_coupling[], weir__torch_autoregressive[],
    weir__torch_affine_map[], weir__torch_spline_map[], weir__torch_elementwise[];

/* What classes build on: written, in this order, where a text speaks of one of the names. */
static const struct {
    const char *names, *text;
} torch_shared[] = {
    { "softplus", weir__torch_softplus },
    { "ACTIVATIONS", weir__torch_activations },
    { "condition_columns beside add_channels", weir__torch_beside },
    { "channels", weir__torch_channels },
    { "places", weir__torch_places },
    { "sum_samples", weir__torch_sum_samples },
    { "Coupling", weir__torch_coupling },
    { "Autoregressive", weir__torch_autoregressive },
    { "AffineMap", weir__torch_affine_map },
    { "SplineMap", weir__torch_spline_map },
    { "Elementwise", weir__torch_elementwise },
};
enum {
    TORCH_SHARED = sizeof torch_shared / sizeof *torch_shared,
    TORCH_COLUMNS = 100,
    TORCH_TEXT = 4096
};

/* -- texts ------------------------------------------------------------------------------------- */
static bool torch_is_word(char c)
{
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether the text speaks of `before` + the first n characters of `name`, as a word by itself. */
static bool torch_says(const char *text, const char *before, const char *name, size_t n)
{
    size_t skip = strlen(before);
    for (const char *p = text; (p = strstr(p, before)); p++) {
        const char *at = p + skip;
        bool starts = p == text || !torch_is_word(p[-1]);
        if (starts && strncmp(at, name, n) == 0 && !torch_is_word(at[n])) return true;
    }
    return false;
}

/* The same without anything before it, of any of the words of a list. */
static bool torch_says_any(const char *text, const char *names)
{
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        for (const char *at = text; (at = strchr(at, p[0])); at++) {
            bool starts = at == text || !torch_is_word(at[-1]);
            if (starts && strncmp(at, p, n) == 0 && !torch_is_word(at[n])) return true;
        }
        p += n;
        p += strspn(p, " ");
    }
    return false;
}

/* Whether a class, or what it builds on, speaks of self.NAME. */
static bool torch_wants(const char *text, const char *name)
{
    if (torch_says(text, "self.", name, strlen(name))) return true;
    for (int i = 0; i < TORCH_SHARED; i++) {
        const char *shared = torch_shared[i].text;
        bool builds_on = shared != text && torch_says_any(text, torch_shared[i].names);
        if (builds_on && torch_says(shared, "self.", name, strlen(name))) return true;
    }
    return false;
}

/* The name of the first class of a text, into `name`. False: it has none. */
static bool torch_class(const char *text, char *name, size_t bytes)
{
    const char *at = strncmp(text, "class ", 6) == 0 ? text : strstr(text, "\nclass ");
    size_t n = 0, used = 0;
    if (!at) return false;
    at += at == text ? 6 : 7;
    while (torch_is_word(at[n])) n++;
    weir__append(name, bytes, &used, "%.*s", (int)n, at);
    return n > 0;
}

/* -- the model, layer by layer ----------------------------------------------------------------- */
static void torch_indent(weir__sheet *s, int columns)
{
    for (int i = 0; i < columns; i++) weir__sheet_text(s, " ");
}

static void torch_ints(char *text, size_t bytes, size_t *used, const weir_ints *list)
{
    weir__append(text, bytes, used, "(");
    for (int64_t i = 0; i < list->n; i++)
        weir__append(text, bytes, used, i ? ", %lld" : "%lld", (long long)list->at[i]);
    weir__append(text, bytes, used, list->n == 1 ? ",)" : ")");
}

/* "name=value" of an option, as Python has it. */
static void torch_option_text(char *text, size_t bytes, const weir_option *o, const void *field)
{
    size_t used = 0;
    char value[TORCH_TEXT / 2];
    bool word = o->type == WEIR_OPTION_CHOICE || o->type == WEIR_OPTION_TEXT;
    weir__out out = { .buffer = value, .bytes = sizeof value, .quoted = word };
    weir__append(text, bytes, &used, "%s=", o->name);
    if (o->type == WEIR_OPTION_INTS) {
        torch_ints(text, bytes, &used, field);
        return;
    }
    weir__value_text(&out, o, field);
    weir__out_end(&out);
    if (o->type == WEIR_OPTION_BOOL)
        weir__append(text, bytes, &used, *(const bool *)field ? "True" : "False");
    else weir__append(text, bytes, &used, word ? "\"%s\"" : "%s", value);
}

static bool torch_is_empty(const weir_option *o, const void *field)
{
    switch (o->type) {
    case WEIR_OPTION_INT: return *(const int64_t *)field == 0;
    case WEIR_OPTION_TEXT: return !*(char *const *)field || !**(char *const *)field;
    case WEIR_OPTION_REAL:
    case WEIR_OPTION_BOOL:
    case WEIR_OPTION_CHOICE:
    case WEIR_OPTION_INTS: return false;
    default: return true; /* rows are children */
    }
}

/* One call, "Name(a, b)": on one line, or broken: options side by side, a child a line. */
typedef struct torch_call {
    weir__sheet *s;
    int indent; /* of its arguments */
    bool broken;
    int64_t n, line; /* arguments so far; where the present line begins */
} torch_call;

static void torch_break(torch_call *k)
{
    weir__sheet_text(k->s, "\n");
    k->line = k->s->used;
    torch_indent(k->s, k->indent);
}

static void torch_option(torch_call *k, const char *text)
{
    bool full = k->s->used - k->line + (int64_t)strlen(text) + 3 > TORCH_COLUMNS;
    if (k->n > 0) weir__sheet_text(k->s, ",");
    if (k->broken && (k->n == 0 || full)) torch_break(k);
    else if (k->n > 0) weir__sheet_text(k->s, " ");
    weir__sheet_text(k->s, text);
    k->n++;
}

static void torch_module(weir__sheet *s, const weir_module *m, int64_t line, int indent);
static void torch_try(weir__sheet *s, const weir_module *m, int64_t line, int indent, bool broken);

/* Those by number stand in their order, without a name. Parts of one line are not broken either:
 * where one does not fit the whole does not, so each is tried once for every call around it. */
static void torch_children(torch_call *k, const weir_module *m)
{
    for (int64_t i = 0; i < m->n_children; i++) {
        const char *name = m->children[i]->name;
        if (k->n++ > 0) weir__sheet_text(k->s, ",");
        if (k->broken) torch_break(k);
        else if (k->n > 1) weir__sheet_text(k->s, " ");
        if (name[0] < '0' || name[0] > '9') {
            weir__sheet_text(k->s, name);
            weir__sheet_text(k->s, "=");
        }
        if (k->broken) torch_module(k->s, m->children[i], k->line, k->indent);
        else torch_try(k->s, m->children[i], k->line, k->indent, false);
    }
    if (k->broken && m->n_children > 0) k->line = k->s->used - TORCH_COLUMNS; /* it is full */
}

static void torch_call_end(torch_call *k)
{
    if (k->broken && k->n > 0) {
        k->indent -= 4;
        weir__sheet_text(k->s, ",");
        torch_break(k);
    }
    weir__sheet_text(k->s, ")");
}

static void torch_options(torch_call *k, const weir_module *m)
{
    char text[TORCH_TEXT];
    for (const weir_option *o = m->row->row.options; o && o->name; o++) {
        const void *field = (const char *)m->options + o->offset;
        if (torch_is_empty(o, field) || !torch_wants(m->row->torch, o->name)) continue;
        torch_option_text(text, sizeof text, o, field);
        torch_option(k, text);
    }
}

static void torch_try(weir__sheet *s, const weir_module *m, int64_t line, int indent, bool broken)
{
    char name[128];
    torch_call k = { .s = s, .indent = indent + 4, .broken = broken, .line = line };
    if (!torch_class(m->row->torch, name, sizeof name)) return;
    weir__sheet_text(s, name);
    weir__sheet_text(s, "(");
    const char *first = m->n_children > 0 ? m->children[0]->name : "";
    bool numbered = first[0] >= '0' && first[0] <= '9';
    if (numbered) torch_children(&k, m);
    torch_options(&k, m);
    if (!numbered) torch_children(&k, m);
    torch_call_end(&k);
}

/* In one line if it ends before the last column, else broken. */
static void torch_module(weir__sheet *s, const weir_module *m, int64_t line, int indent)
{
    int64_t before = s->used;
    torch_try(s, m, line, indent, false);
    bool broken = s->at && weir_ok(s->c) && strchr(s->at + before, '\n');
    if (s->used - line + 2 <= TORCH_COLUMNS && !broken) return;
    s->used = before;
    torch_try(s, m, line, indent, true);
}

/* The tree that knows its options: of a share, the lender's. */
static const weir_module *torch_tree(const weir_model *m)
{
    return m->lender ? m->lender->module : m->module;
}

/* -- what the model says of its data ----------------------------------------------------------- */
static void torch_number(torch_call *k, const char *name, int64_t v)
{
    char text[64];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%s=%lld", name, (long long)v);
    if (v != 0) torch_option(k, text);
}

static void torch_shape(torch_call *k, const weir_model *m)
{
    char text[TORCH_TEXT];
    size_t used = 0;
    weir_ints shape = { .n = m->ndim };
    memcpy(shape.at, m->shape, (size_t)m->ndim * sizeof *shape.at);
    weir__append(text, sizeof text, &used, "shape=");
    torch_ints(text, sizeof text, &used, &shape);
    torch_option(k, text);
}

static void torch_build(weir__sheet *s, const weir_model *m, bool flat)
{
    torch_call k = { .s = s, .indent = 8, .broken = true };
    weir__sheet_text(s, "def build():\n"
                        "    \"\"\"The model, layer by layer, without weights.\"\"\"\n"
                        "    return Model(");
    torch_option(&k, m->dtype == WEIR_F64 ? "dtype=torch.float64" : "dtype=torch.float32");
    torch_number(&k, "dim", m->dim);
    torch_shape(&k, m);
    torch_number(&k, "levels", m->levels);
    torch_number(&k, "classes", m->classes);
    torch_number(&k, "context", m->context);
    if (flat) torch_option(&k, "flat=True");
    if (weir__model_has_null(m)) torch_option(&k, "null=True");
    torch_children(&k, torch_tree(m));
    torch_call_end(&k);
    weir__sheet_text(s, "\n");
}

/* -- the classes that it has ------------------------------------------------------------------- */
/* Texts of its rows, each once. */
typedef struct torch_texts {
    const char **at;
    int64_t n, cap;
    weir_ctx *c;
} torch_texts;

static void torch_add(torch_texts *all, const char *text)
{
    for (int64_t i = 0; i < all->n; i++)
        if (all->at[i] == text) return;
    if (weir__grow(all->c, &all->at, &all->cap, all->n + 1, sizeof *all->at))
        all->at[all->n++] = text;
}

/* False, after an error that names it: a module of the tree has no text. */
static bool torch_gather(torch_texts *all, const weir_module *m, bool is_root)
{
    char name[256], path[256];
    bool has = m->row->torch && torch_class(m->row->torch, name, sizeof name);
    if (!has && !is_root) {
        weir_fail(all->c, WEIR_ERROR_UNSUPPORTED,
                  "model_export: torch: %s: %s: expected a row with a text for PyTorch",
                  weir__module_path(m, path, sizeof path), m->row->row.name);
        return false;
    }
    if (!is_root) torch_add(all, m->row->torch);
    for (int64_t i = 0; i < m->n_children; i++)
        if (!torch_gather(all, m->children[i], false)) return false;
    return weir_ok(all->c);
}

/* Behind the rows' texts those that they build on, directly or not. */
static void torch_add_shared(torch_texts *all)
{
    for (int64_t i = 0; i < all->n; i++)
        for (int k = 0; k < TORCH_SHARED; k++)
            if (torch_says_any(all->at[i], torch_shared[k].names))
                torch_add(all, torch_shared[k].text);
}

static bool torch_is_shared(const char *text)
{
    for (int k = 0; k < TORCH_SHARED; k++)
        if (torch_shared[k].text == text) return true;
    return false;
}

static void torch_put_text(weir__sheet *s, const char *text)
{
    weir__sheet_text(s, "\n\n");
    weir__sheet_text(s, text);
}

static void torch_put_classes(weir__sheet *s, const torch_texts *all)
{
    weir__sheet_text(s, "\n\n# -- what layers build on -------------------------------------------"
                        "-----------------------------");
    for (int k = 0; k < TORCH_SHARED; k++)
        for (int64_t i = 0; i < all->n; i++)
            if (all->at[i] == torch_shared[k].text) torch_put_text(s, torch_shared[k].text);
    weir__sheet_text(s, "\n\n# -- layers ----------------------------------------------------------"
                        "---------------------------");
    for (int64_t i = 0; i < all->n; i++)
        if (!torch_is_shared(all->at[i])) torch_put_text(s, all->at[i]);
}

/* -- the file ---------------------------------------------------------------------------------- */
static void torch_head(weir__sheet *s, const weir_model *m)
{
    weir__sheet_text(s, "\"\"\"A flow that weir trained, in PyTorch: ");
    weir__sheet_text(s, m->row->row.name);
    weir__sheet_text(s, ", written by weir ");
    weir__sheet_text(s, weir_version());
    weir__sheet_text(s, ".\n\n"
                        "    import model\n"
                        "    m = model.load()        # with model.safetensors beside this file\n"
                        "    x = m.sample(10)        # data as they were stored\n"
                        "    m.log_prob(x)           # nats; a tensor [10] with a graph\n"
                        "    m.decode(m.encode(x))   # to noise and back\n"
                        "\"\"\"\n");
}

static void torch_write(weir__sheet *s, const weir_model *m, const torch_texts *all)
{
    const weir__flow_state *state = m->state;
    torch_head(s, m);
    weir__sheet_text(s, weir__torch_reading);
    torch_put_classes(s, all);
    weir__sheet_text(s, "\n\n# -- the model -------------------------------------------------------"
                        "---------------------------");
    torch_put_text(s, weir__torch_model);
    weir__sheet_text(s, "\n\n");
    torch_build(s, m, state->flat);
}

static weir_status torch_put_file(weir_model *m, const weir__sheet *s, const char *folder)
{
    char file[4096];
    size_t used = 0;
    weir_ctx *c = m->object.ctx;
    weir__append(file, sizeof file, &used, "%s/model.safetensors", folder);
    if (used >= sizeof file)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "model_export: %.60s..: expected a shorter path",
                         folder);
    if (weir_model_save(m, file) != WEIR_OK) return weir_status_of(c);
    used = 0;
    weir__append(file, sizeof file, &used, "%s/model.py", folder);
    return weir__file_write(c, file, s->at, (size_t)s->used);
}

static weir_status torch_put(weir_model *m, const char *folder)
{
    weir_ctx *c = m->object.ctx;
    weir__sheet s = { .c = c };
    torch_texts all = { .c = c };
    if (weir_module_is_nil(weir_model_bijection(m)))
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                         "model_export: torch: %s: expected a flow of bijections, such as nsf",
                         m->row->row.name);
    if (torch_gather(&all, torch_tree(m), true)) {
        torch_add_shared(&all);
        torch_write(&s, m, &all);
        if (weir_ok(c)) torch_put_file(m, &s, folder);
    }
    weir__free(c, all.at);
    weir__free(c, s.at);
    return weir_status_of(c);
}

const weir__export_row weir__export_torch = {
    .row = {
        .size = sizeof(weir__export_row),
        .version = 1,
        .name = "export.torch",
        .doc = "model.py, which needs PyTorch alone, and model.safetensors: flows of bijections",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .put = torch_put,
};
