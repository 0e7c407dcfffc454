/* model.c - a model's life, what it says about itself, and its loss. */
#include <math.h>
#include <string.h>
#include "data/data.h"
#include "models/models.h"

weir_model weir__orphan_model = { .object = WEIR__OBJECT_ORPHAN(WEIR__MODEL, &weir__orphan_ctx) };

weir__object *weir__model_nil_new(weir_ctx *c)
{
    weir_model *m = weir__alloc0(c, sizeof *m);
    if (!m) return NULL;
    m->object = weir__object_nil(c, WEIR__MODEL);
    return &m->object;
}

bool weir__model_usable(const weir_model *m, const char *who)
{
    if (!m || !weir__lives(m, who)) return false;
    if (m->object.nil) {
        weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                  "%s: nil model: expected one that could be made", who);
        return false;
    }
    return weir_ok(m->object.ctx);
}

/* -- common options, found by name in whatever options the row has ----------------------------- */
static const void *field(const weir_model *m, const char *name, weir_option_type type)
{
    return weir__option_value(&m->row->row, m->options, name, type);
}

static bool model_read_shape(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    const int64_t *dim = field(m, "dim", WEIR_OPTION_INT);
    const weir_ints *shape = field(m, "shape", WEIR_OPTION_INTS);
    const char *name = m->row->row.name;
    m->dim = dim ? *dim : 0;
    if (!shape || shape->n == 0) {
        if (m->dim == 0) {
            weir_fail(c, WEIR_ERROR_RANGE, "%s: dim: expected dim=N or shape=N,N,..", name);
            return false;
        }
        m->ndim = 1;
        m->shape[0] = m->dim;
        return true;
    }
    if (shape->n > WEIR_RANK_MAX - 1) {
        weir_fail(c, WEIR_ERROR_RANGE, "%s: shape: expected at most %d extents", name,
                  WEIR_RANK_MAX - 1);
        return false;
    }
    double product = 1;
    for (int64_t i = 0; i < shape->n; i++) product *= (double)(m->shape[i] = shape->at[i]);
    m->ndim = (int)shape->n;
    if (product > 1 << 24 || (m->dim != 0 && (double)m->dim != product)) {
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "%s: dim=%lld and a shape of %.0f elements: expected the same, at most %d", name,
                  (long long)m->dim, product, 1 << 24);
        return false;
    }
    m->dim = (int64_t)product;
    return true;
}

/* How many, 0 for none, of an option that the data may say: here there are none to ask. */
static int64_t model_count(const weir_model *m, const char *option)
{
    const int64_t *n = field(m, option, WEIR_OPTION_INT);
    if (!n || *n >= 0) return n ? *n : 0;
    weir_fail(m->object.ctx, WEIR_ERROR_RANGE,
              "%s: %s=auto: expected a number, for only a training run has data to count",
              m->row->row.name, option);
    return 0;
}

static bool read_conditions(weir_model *m)
{
    m->classes = model_count(m, "classes");
    m->context = model_count(m, "context");
    const double *dropout = field(m, "condition.dropout", WEIR_OPTION_REAL);
    if (m->classes > 0 || m->context > 0) m->dropout = dropout ? *dropout : 0;
    if (m->classes > 0) weir_model_want(m, "class");
    if (m->context > 0) weir_model_want(m, "context");
    weir_model_set_noise_shape(m, m->ndim, m->shape);
    return weir_ok(m->object.ctx);
}

static bool read_common(weir_model *m)
{
    const int64_t *levels = field(m, "levels", WEIR_OPTION_INT);
    const int32_t *dtype = field(m, "dtype", WEIR_OPTION_CHOICE);
    m->levels = levels ? *levels : 0;
    m->dtype = weir__dtype_option(dtype ? *dtype : 0);
    return model_read_shape(m) && read_conditions(m);
}

/* The option context of m's copy becomes n; what it was. */
static int64_t model_see_context(weir_model *m, int64_t n)
{
    int64_t *context = weir__option_value(&m->row->row, m->options, "context", WEIR_OPTION_INT);
    int64_t was = context ? *context : 0;
    if (context) *context = n;
    return was;
}

/* What chosen rows leave to the model: its own options, dim as it is known now, and of classes as
 * many as a table of them has rows. */
static bool model_settle(weir_model *m)
{
    const weir_row *row = &m->row->row;
    int64_t *dim = weir__option_value(row, m->options, "dim", WEIR_OPTION_INT);
    int64_t *classes = weir__option_value(row, m->options, "classes", WEIR_OPTION_INT);
    int64_t said_dim = dim ? *dim : 0;
    int64_t said_classes = classes ? *classes : 0;
    int64_t said_context = model_see_context(m, m->seen_context);
    if (dim) *dim = m->dim;
    if (classes) *classes = weir_model_class_lines(m);
    weir_status status = weir__options_settle(m->object.ctx, row, m->options);
    if (dim) *dim = said_dim;
    if (classes) *classes = said_classes;
    model_see_context(m, said_context);
    return status == WEIR_OK;
}

/* The row's modules, which see as many values of a context as the network `embed` makes of it. */
static weir_module *model_create(weir_model *m)
{
    int64_t said = model_see_context(m, m->seen_context);
    weir_module *made = m->row->create(m, m->options);
    model_see_context(m, said);
    return made;
}

/* -- making ------------------------------------------------------------------------------------ */
void *weir__model_cache(const weir_model *m) { return m->cache; }

void weir__model_set_cache(weir_model *m, void *cache, void (*free_cache)(void *))
{
    if (m->cache) m->cache_free(m->cache);
    m->cache = cache;
    m->cache_free = free_cache;
}

bool weir__model_unshared(const weir_model *m, const char *who)
{
    const weir__layout *l = m->module ? m->module->layout : NULL;
    int n = l ? l->values->lent : 0;
    if (n > 0)
        weir_fail(m->object.ctx, WEIR_ERROR_STATE,
                  "%s: shares are out (%d): expected them freed before", who, n);
    return n == 0;
}

static void model_destroy(weir__object *o)
{
    weir_model *m = (weir_model *)o;
    weir_ctx *c = m->object.ctx;
    if (m->lender) m->lender->module->layout->values->lent--;
    weir__model_set_cache(m, NULL, NULL);
    if (m->row->destroy && m->state) m->row->destroy(m);
    weir_module_free(m->module);
    if (m->row) weir__options_delete(c, &m->row->row, m->options);
    weir__model_names_free(m);
    weir__free(c, m->state);
    weir__free(c, m);
}

void weir_model_free(weir_model *m)
{
    WEIR__AS_FOUND;
    if (!m || !weir__lives(m, "model_free") || m->object.nil) return;
    if (weir__model_unshared(m, "model_free")) model_destroy(&m->object);
}

static bool build(weir_model *m, const void *options)
{
    weir_ctx *c = m->object.ctx;
    const weir_row *row = &m->row->row;
    m->options = weir__options_clone(c, row, options);
    m->state = weir__alloc0(c, m->row->state_size);
    if (!m->options || !m->state || !read_common(m)) return false;
    if (!weir__model_plan_embed(m) || !model_settle(m)) return false;
    m->module = model_create(m);
    if (!m->module) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: create gave NULL: expected a module", row->name);
        return false;
    }
    weir__model_add_null(m);
    weir__model_add_embed(m);
    weir__model_add_dequantizer(m);
    m->data = weir_module_add(m->module, "data", weir_module_from_row(c, &weir__row_group, NULL));
    const bool *standardize = field(m, "standardize", WEIR_OPTION_BOOL);
    return weir_ok(c)
           && (!standardize || !*standardize || weir__model_add_standardize(m) == WEIR_OK);
}

weir_model *weir__model_from_options(weir_ctx *c, const weir_model_row *row, const void *options)
{
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    weir_model *m = weir__alloc0(c, sizeof *m);
    if (!m) return weir__nil(c, WEIR__MODEL);
    m->object = weir__object_home(c, WEIR__MODEL, model_destroy);
    m->row = row;
    memcpy(m->weights, "raw", 4);
    if (build(m, options)) return m;
    model_destroy(&m->object);
    return weir__nil(c, WEIR__MODEL);
}

/* NULL after an error. */
static const weir_row *row_named(weir_ctx *c, const char *name)
{
    if (name) return weir_row_find(c, "model", name);
    weir_fail(c, WEIR_ERROR_ARGUMENT, "model_new: NULL: expected a name");
    return NULL;
}

weir_model *weir_model_new(weir_ctx *c, const char *name, const char *options)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    const weir_row *row = row_named(c, name);
    void *opts = row ? weir__options_new(c, row) : NULL;
    weir_model *m = weir__nil(c, WEIR__MODEL);
    if (opts && weir_options_parse(c, row, opts, options) == WEIR_OK)
        m = weir__model_from_options(c, (const weir_model_row *)row, opts);
    if (row) weir__options_delete(c, row, opts);
    return m;
}

weir_model *weir_model_new_with(weir_ctx *c, const char *name, const void *options)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    const weir_row *row = row_named(c, name);
    if (!options) weir_fail(c, WEIR_ERROR_ARGUMENT, "model_new_with: NULL: expected options");
    if (!row || !options || weir_options_check(c, row, options) != WEIR_OK)
        return weir__nil(c, WEIR__MODEL);
    return weir__model_from_options(c, (const weir_model_row *)row, options);
}

/* -- loss -------------------------------------------------------------------------------------- */
/* The trainer sets the frame (stream "train", its step). In a loop by hand nobody does: then calls
 * are counted, so that each dequantises anew. Sample ids are the batch's either way. */
static weir__frame train_frame(weir_model *m, weir_ctx *c, weir_batch *b)
{
    weir__frame f = c->frame;
    uint64_t stream = weir__hash_text(WEIR__STREAM_TRAIN);
    if (f.stream != stream) f = (weir__frame){ .stream = stream, .step = (uint64_t)m->losses++ };
    f.ids = weir_batch_ids(b);
    f.n_ids = weir_batch_size(b);
    return f;
}

/* -- prepare ----------------------------------------------------------------------------------- */
/* In a frame of its own, so that what it draws is the same whether it sees a shard or the whole
 * batch. */
static weir__frame batch_frame(const char *stream, uint64_t step, const weir_batch *b)
{
    return (weir__frame){
        .stream = weir__hash_text(stream),
        .step = step,
        .ids = weir_batch_ids(b),
        .n_ids = weir_batch_size(b),
    };
}

/* A rectified flow has nothing to prepare unless it is one of another's pairs, flow matching unless
 * it has a source. */
static bool model_prepares(const weir_model *m)
{
    bool idle = (m->row == &weir__model_rectified_flow && !weir__reflow_of(m))
                || (m->row == &weir__model_flow_matching && !weir__source_of(m));
    return m->row->prepare && !idle;
}

static weir_batch *model_prepare(weir_model *m, weir_tensor *y, weir_batch *b)
{
    weir_ctx *c = y->object.ctx;
    weir__saved_modes saved = weir__modes_save(c); /* no scope: what is prepared lives on */
    c->modes.no_grad = true;
    weir__frame_set(c, batch_frame(WEIR__STREAM_PREPARE, c->frame.step, b));
    weir_batch *prepared = m->row->prepare(m, y, b);
    weir__modes_restore(c, saved);
    if (!prepared)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: prepare gave NULL: expected a batch",
                  m->row->row.name);
    return prepared ? prepared : weir__nil(c, WEIR__BATCH);
}

weir_batch *weir__model_prepare_whole(weir_model *m, weir_batch *b, uint64_t step)
{
    weir_ctx *c = m->object.ctx;
    if (!model_prepares(m) || !m->row->whole_batch || weir_batch_prepared(b)) return b;
    weir__saved_modes saved = weir__modes_save(c);
    weir__frame_set(c, batch_frame(WEIR__STREAM_TRAIN, step, b));
    const weir_condition *k = weir__model_condition_seen(m, c, weir_batch_condition(b));
    weir_tensor *log_q, *y = weir__model_transform(m, weir_batch_x(b), k, &log_q);
    bool ready = b->ready;
    if (!weir_is_nil(y)) b = model_prepare(m, y, b);
    if (!b->object.nil) b->ready = ready;
    weir__modes_restore(c, saved);
    return b;
}

static bool model_starts(const weir_model *m)
{
    return weir_module_training(m->module) && weir__module_unstarted(m->module) > 0;
}

bool weir__model_wants_whole(const weir_model *m)
{
    return model_starts(m) || (model_prepares(m) && m->row->whole_batch);
}

/* The batch with its condition as the loss sees it. */
static weir_batch *model_condition(weir_model *m, weir_ctx *c, weir_batch *b)
{
    const weir_condition *k = weir_batch_condition(b);
    const weir_condition *seen = weir__model_condition_drop(m, c, k);
    seen = weir__model_condition_seen(m, c, seen);
    return seen == k ? b : weir__batch_with_condition(c, b, seen);
}

static weir_tensor *model_loss_of(weir_model *m, weir_batch *b)
{
    weir_ctx *c = weir_batch_x(b)->object.ctx;
    b = model_condition(m, c, b);
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *log_q;
    weir_tensor *y = weir__model_transform(m, weir_batch_x(b), weir_batch_condition(b), &log_q);
    if (weir_is_nil(y)) return y;
    if (model_prepares(m) && !weir_batch_prepared(b)) b = model_prepare(m, y, b);
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    const char *name = m->row->row.name;
    int64_t n = weir_batch_size(b);
    if (m->row->loss) return weir__hook_gave_rows(c, name, "loss", m->row->loss(m, y, b), n);
    if (!m->row->log_prob) {
        weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
                  "model_loss: %s: no loss: expected a row with loss or log_prob",
                  m->row->row.name);
        return weir__nil(y->object.ctx, WEIR__TENSOR);
    }
    weir_tensor *lp = m->row->log_prob(m, y, weir_batch_condition(b), NULL, NULL);
    lp = weir__hook_gave_rows(c, name, "log_prob", lp, n);
    return weir_neg(weir__model_log_prob_stored(m, lp, log_q));
}

/* Data-dependent starts: one walk of the loss over the whole first batch, before anything is
 * recorded. */
static void model_start(weir_model *m, weir_batch *b)
{
    weir_ctx *c = m->object.ctx;
    if (!model_starts(m)) return;
    if (!weir__module_may_change(m->module, "model_loss")) return;
    weir_scope s = weir_scope_begin_no_grad(c);
    c->modes.first_batch = true;
    weir__frame_set(c, c->frame); /* until the scope ends: the step then draws as if without */
    model_loss_of(m, b);
    weir_scope_end(s);
}

weir_status weir__model_start(weir_model *m, weir_batch *b, uint64_t step)
{
    weir_ctx *c = m->object.ctx;
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c, batch_frame(WEIR__STREAM_TRAIN, step, b));
    model_start(m, b);
    weir_scope_end(s);
    return weir_status_of(c);
}

weir_tensor *weir_model_loss(weir_model *m, weir_batch *b)
{
    WEIR__AS_FOUND;
    weir_tensor *x = b ? weir_batch_x(b) : NULL;
    weir_ctx *c = x ? weir_ctx_of(x) : weir_model_ctx(m);
    if (!m || !b)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "model_loss: NULL: expected a model and a batch");
    if (!m || !b || !weir__model_usable(m, "model_loss") || !weir_ok(c))
        return weir__nil(c, WEIR__TENSOR);
    if (!weir__reaches(c, m, "model_loss", "a model")) return weir__nil(c, WEIR__TENSOR);
    uint64_t stream = c->frame.stream;
    weir_scope s = weir_scope_begin(c);
    b = weir__model_batch(m, c, b, "model_loss");
    if (weir_ok(c)) weir__frame_set(c, train_frame(m, c, b));
    if (weir_ok(c) && c == m->object.ctx) model_start(m, b);
    weir_tensor *l = weir_ok(c) ? model_loss_of(m, b) : weir__nil(c, WEIR__TENSOR);
    weir__frame after = c->frame;
    weir__scope_end_keeping(s, 1, (void *const[]){ l });
    if (stream == after.stream)
        c->frame.call = after.call; /* a second loss in this step draws anew */
    return l;
}

/* -- looking ----------------------------------------------------------------------------------- */
weir_module *weir_model_module(weir_model *m)
{
    return m && m->module ? m->module : weir__nil(weir_model_ctx(m), WEIR__MODULE);
}
weir_ctx *weir_model_ctx(const weir_model *m) { return m ? weir__ctx_of(m) : NULL; }
int64_t weir_model_dim(const weir_model *m) { return m ? m->dim : 0; }
int64_t weir_model_noise_dim(const weir_model *m) { return m ? m->noise_dim : 0; }

int weir_model_noise_shape(const weir_model *m, const int64_t **shape)
{
    static const int64_t none[1] = { 0 };
    if (shape) *shape = m ? m->noise_shape : none;
    return m ? m->noise_ndim : 0;
}

weir_status weir_model_set_noise_shape(weir_model *m, int ndim, const int64_t *shape)
{
    weir_ctx *c = weir_model_ctx(m);
    if (!m || m->object.nil || !shape)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_set_noise_shape: NULL or nil: expected a model and a shape");
    if (ndim < 1 || ndim > WEIR_RANK_MAX - 1
        || !weir__spec_check(c, "model_set_noise_shape", m->dtype, ndim, shape))
        return weir_fail(c, WEIR_ERROR_SHAPE, "model_set_noise_shape: %d extents: expected 1 to %d",
                         ndim, WEIR_RANK_MAX - 1);
    m->noise_ndim = ndim;
    memcpy(m->noise_shape, shape, (size_t)ndim * sizeof *shape);
    m->noise_dim = weir__numel_of(ndim, shape);
    return WEIR_OK;
}

int64_t weir_model_levels(const weir_model *m) { return m ? m->levels : 0; }
weir_dtype weir_model_data_dtype(const weir_model *m)
{
    WEIR__AS_FOUND;
    if (!m || !m->mean) return m && m->dtype == WEIR_F64 ? WEIR_F64 : WEIR_F32;
    weir__standard by = weir__model_standard(m);
    bool blurred = m->dtype == WEIR_F64;
    for (int64_t j = 0; !blurred && j < m->dim; j++)
        blurred = weir__float_blurs(by.mean[j], by.std[j]);
    return blurred ? WEIR_F64 : WEIR_F32;
}

const weir_row *weir_model_row_of(const weir_model *m) { return m && m->row ? &m->row->row : NULL; }
const void *weir_model_options(const weir_model *m) { return m ? m->options : NULL; }
void *weir_model_state(weir_model *m) { return m ? m->state : NULL; }

int weir_model_shape(const weir_model *m, const int64_t **shape)
{
    static const int64_t none[1] = { 0 };
    if (shape) *shape = m ? m->shape : none;
    return m ? m->ndim : 0;
}

bool weir_model_is_nil(const weir_model *m) { return !m || m->object.nil; }

/* -- the random step of loops by hand ---------------------------------------------------------- */
int64_t weir_model_random_step(const weir_model *m) { return m ? m->losses : 0; }

weir_status weir_model_set_random_step(weir_model *m, int64_t step)
{
    weir_ctx *c = weir_model_ctx(m);
    if (!m) return WEIR_ERROR_ARGUMENT;
    if (!weir__model_usable(m, "model_set_random_step")) return weir_status_of(c);
    if (step < 0)
        return weir_fail(c, WEIR_ERROR_RANGE, "model_set_random_step: %lld: expected 0 or more",
                         (long long)step);
    m->losses = step;
    return WEIR_OK;
}
