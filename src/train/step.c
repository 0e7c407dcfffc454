/* step.c - one training step: loss, backward, clipping, optimizer. When a loss is not finite
 * nothing changes, and the sample is run again alone with every op watched, to name the op and the
 * layer that made the first such value. The ranks of a group compute their shards of the same
 * batch, meet once (meet.c), and then all have the whole gradient and do the same with it. */
#include <string.h>
#include "train/train.h"
#include "weir/grad.h"

void weir_step_defaults_sized(weir_step_opts *o, size_t size)
{
    const weir_step_opts whole = { .size = sizeof whole, .shards = 1 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* One line of descent: an optimizer of the model's tree or of part of it, a batch that the model's
 * context may read. And no share that reads the weights meanwhile. */
static bool step_belongs(weir_model *m, weir_optim *o, weir_batch *b)
{
    weir_ctx *c = m->object.ctx;
    if (!weir__reaches(c, b, "train_step", "a batch")) return false;
    if (!weir__reaches(c, b->x, "train_step", "a batch's tensor")) return false;
    if (weir__module_root(o->module) != m->module) {
        weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "train_step: an optimizer of another model: expected one of this one's parameters");
        return false;
    }
    return weir__model_unshared(m, "train_step");
}

static bool step_fails(weir_ctx *c, weir_status status, const char *expected)
{
    weir_fail(c, status, "train_step: %s", expected);
    return false;
}

static bool step_shards_fit(weir_ctx *c, int64_t shards)
{
    if (shards >= 1 && shards <= 1024) return weir__ranks_fit(c, shards, "train_step");
    weir_fail(c, WEIR_ERROR_RANGE, "train_step: shards=%lld: expected 1 to 1024",
              (long long)shards);
    return false;
}

static bool step_fits(weir_model *m, weir_optim *o, weir_batch *b, const weir_step_opts *opts)
{
    weir_ctx *c = m->object.ctx;
    bool live = weir__lives(o, "train_step") && weir__lives(b, "train_step");
    if (!live || !weir__lives(b->x, "train_step"))
        return step_fails(c, WEIR_ERROR_STATE,
                          "an optimizer or a batch after its end: expected those that live");
    if (o->object.nil)
        return step_fails(c, WEIR_ERROR_ARGUMENT, "nil optimizer: expected one that could be made");
    if (b->object.nil)
        return step_fails(c, WEIR_ERROR_ARGUMENT, "nil batch: expected one that could be made");
    if (!step_shards_fit(c, opts->shards)) return false;
    if (weir_batch_size(b) < 1)
        return step_fails(c, WEIR_ERROR_SHAPE, "an empty batch: expected at least one sample");
    return step_belongs(m, o, b);
}

/* Finds the op that makes the first value of a sample that is not finite, in its forward or its
 * backward pass: samples are independent, so alone it gives what it gave in the batch. */
static void find_op(weir_model *m, const weir_batch *b, int64_t sample, uint64_t step,
                    bool backward, weir_step_info *info)
{
    weir_ctx *c = m->object.ctx;
    weir_scope s = backward ? weir_scope_begin(c) : weir_scope_begin_no_grad(c);
    weir__frame_set(c,
                    (weir__frame){ .stream = weir__hash_text(WEIR__STREAM_TRAIN), .step = step });
    weir_batch *alone = weir__batch_slice(c, b, sample, sample + 1);
    c->modes.hunting = true;
    c->modes.trap_nan = !backward;
    c->trap_op = NULL;
    weir_tensor *loss = weir_sum(weir_model_loss(m, alone));
    c->modes.trap_nan = backward;
    if (backward) {
        weir_module_zero_grad(m->module);
        weir_backward(loss);
    }
    weir_scope_end(s);
    if (!c->trap_op) {
        /* an error of this second run says nothing of the first */
        if (weir_status_of(c) != WEIR_ERROR_MEMORY) weir_clear(c);
        return;
    }
    snprintf(info->bad_op, sizeof info->bad_op, "%s", c->trap_op);
    if (!backward) snprintf(info->bad_layer, sizeof info->bad_layer, "%s", c->trap_label);
    weir_clear(c);
}

static weir_status step_not_finite(weir_model *m, const weir_batch *b, const double *losses,
                                   uint64_t step, weir_step_info *info)
{
    weir_ctx *c = m->object.ctx;
    int64_t bad = 0;
    while (isfinite(losses[bad])) bad++;
    info->bad_sample = b->ids[bad];
    find_op(m, b, bad, step, false, info);
    if (info->bad_op[0])
        return weir_fail(c, WEIR_ERROR_VALUE,
                         "train: step %llu, sample %lld: %s%s%s made the first value that is not "
                         "finite: expected finite numbers",
                         (unsigned long long)step, (long long)info->bad_sample, info->bad_op,
                         info->bad_layer[0] ? " in " : "", info->bad_layer);
    return weir_fail(c, WEIR_ERROR_VALUE,
                     "train: step %llu, sample %lld: loss %g: expected a finite number",
                     (unsigned long long)step, (long long)info->bad_sample, losses[bad]);
}

/* Finite losses, and a gradient that is not: the first sample that makes one alone. -1: only their
 * sum does. */
static int64_t find_steep_sample(weir_model *m, const weir_batch *b, uint64_t step)
{
    weir_ctx *c = m->object.ctx;
    int64_t found = -1;
    for (int64_t i = 0; i < b->n && found < 0 && weir_ok(c); i++) {
        double loss;
        weir_scope s = weir_scope_begin(c);
        weir_module_zero_grad(m->module);
        weir__shards_run(m, weir__batch_slice(c, b, i, i + 1), 1, step, &loss, NULL);
        if (weir__gradients_nonfinite(m->module)) found = i;
        weir_scope_end(s);
    }
    weir_clear(c); /* errors of the search say nothing of the step */
    return found;
}

/* The optimizer refused a gradient and changed nothing: the error names the step, and the sample
 * where one alone makes it. */
static weir_status too_steep(weir_model *m, const weir_batch *b, uint64_t step,
                             weir_step_info *info)
{
    weir_ctx *c = m->object.ctx;
    const weir__slot *slot = weir__gradients_nonfinite(m->module);
    snprintf(info->bad_layer, sizeof info->bad_layer, "%s",
             slot ? slot->tensor->leaf->name : "a parameter");
    weir_clear(c);
    int64_t bad = find_steep_sample(m, b, step);
    char sample[40] = "";
    if (bad >= 0) {
        info->bad_sample = b->ids[bad];
        snprintf(sample, sizeof sample, ", sample %lld", (long long)b->ids[bad]);
        find_op(m, b, bad, step, true, info);
    }
    return weir_fail(c, WEIR_ERROR_VALUE,
                     "train: step %llu%s: gradient of %s%s%s: expected finite numbers",
                     (unsigned long long)step, sample, info->bad_layer,
                     info->bad_op[0] ? ", made by the backward of " : "", info->bad_op);
}

/* The loss that was differentiated: sum w l / (B times the mean weight). Its mean over the steps of
 * an epoch is that over the data. */
static double step_loss(const weir_batch *b, const double *losses)
{
    double sum = 0;
    for (int64_t i = 0; i < b->n; i++) sum += (b->weights ? b->weights[i] : 1) * losses[i];
    return sum / weir__batch_total(b);
}

static weir_status step_reduce(weir_model *m, const weir_step_opts *opts)
{
    weir_ctx *c = m->object.ctx;
    weir_dtype t;
    void *grads;
    int64_t n = weir_module_flat_grad(m->module, &t, &grads);
    weir_status s = opts->reduce(opts->reduce_user, grads, n, t);
    if (s == WEIR_OK || !weir_ok(c)) return weir_status_of(c);
    return weir_fail(c, s, "train_step: reduce gave status %d: expected WEIR_OK", (int)s);
}

/* A step, its arguments and what it finds */
typedef struct step {
    weir_ctx *ctx;
    weir_model *m;
    weir_optim *o;
    weir_batch *b;
    const weir_step_opts *opts;
    weir_step_info *info;
    double *losses;
    weir__state buffers; /* of the model */
    weir__meeting meeting;
} step;

/* All ranks find the same error in the same gradient: they need not exchange it. */
static weir_status step_common(step *s, weir_status status)
{
    s->meeting.common = status == WEIR_ERROR_VALUE;
    return status;
}

/* Each sample's values, of the rank that has them, to all; t is [B, ..], contiguous. */
static bool step_share_tensor(step *s, weir_tensor *t)
{
    weir_ctx *c = s->ctx;
    int ranks = weir_ranks(c);
    int64_t shards = s->opts->shards;
    size_t *ends = weir__alloc_n(c, ranks, sizeof *ends);
    size_t each = (size_t)(t->numel / s->b->n) * weir_dtype_size(t->dtype);
    for (int r = 0; ends && r < ranks; r++)
        ends[r] = (size_t)(weir__tree_own(shards, r, ranks).hi * s->b->n / shards) * each;
    bool good = ends && weir__group_gather(c, weir__ptr(t), ends);
    weir__free(c, ends);
    return good;
}

/* All ranks look for the sample: they get the values that they have not read. */
static bool step_share_batch(step *s, weir_batch *b)
{
    weir_tensor *context = weir_condition_get(b->condition, "context");
    if (!b->partial) return true;
    bool good = step_share_tensor(s, b->x);
    if (good && !weir_is_nil(context)) good = step_share_tensor(s, context);
    b->partial = !good;
    return good;
}

/* Each rank has updated its part of the parameters: all get all. */
static bool step_share_values(step *s)
{
    weir_ctx *c = s->ctx;
    const weir__layout *l = s->o->layout;
    int ranks = weir_ranks(c);
    if (!s->o->divided) return true;
    size_t *ends = weir__alloc_n(c, ranks, sizeof *ends);
    for (int r = 0; ends && r < ranks; r++)
        ends[r] = (size_t)weir__optim_part(l->numel, r + 1, ranks) * weir_dtype_size(l->dtype);
    bool good = ends && weir__group_exchange(c, l->values->data, ends);
    weir__free(c, ends);
    weir__storage_changed(l->values, "train_step");
    return good;
}

/* Running statistics follow the first shard, which is rank 0's. */
static bool step_share_buffers(step *s)
{
    bool good = true;
    if (weir_ranks(s->ctx) == 1) return true;
    for (int64_t i = 0; good && i < s->buffers.n; i++) {
        const weir__state_range *r = &s->buffers.at[i];
        good = weir__group_broadcast(s->ctx, r->data, r->bytes);
        if (r->storage) weir__storage_changed(r->storage, "train_step");
    }
    return good;
}

static weir_status step_make(step *s)
{
    weir_ctx *c = s->ctx;
    const weir_step_opts *opts = s->opts;
    uint64_t number = (uint64_t)weir_optim_steps(s->o);
    weir__meeting_say(&s->meeting, s->m, s->o, s->b, opts);
    weir_batch *b = weir__model_prepare_whole(s->m, s->b, number);
    if (weir__model_start(s->m, b, number) != WEIR_OK) return weir_status_of(c);
    if (weir__shards_run(s->m, b, opts->shards, number, s->losses, &s->meeting) != WEIR_OK)
        return weir_status_of(c);
    if (!weir__all_finite(s->losses, b->n)) {
        if (!step_share_batch(s, b)) return weir_status_of(c);
        return step_common(s, step_not_finite(s->m, b, s->losses, number, s->info));
    }
    if (!step_share_buffers(s)) return weir_status_of(c);
    s->info->loss = step_loss(b, s->losses);
    if (opts->reduce && step_reduce(s->m, opts) != WEIR_OK) return weir_status_of(c);
    if (opts->clip > 0) s->info->grad_norm = weir_optim_clip(s->o, opts->clip);
    weir_status status = weir_optim_step(s->o);
    if (status == WEIR_OK) step_share_values(s);
    if (status != WEIR_ERROR_VALUE || !step_share_batch(s, b)) return weir_status_of(c);
    return step_common(s, too_steep(s->m, b, number, s->info));
}

/* Where a step fails, buffers that its forward pass has changed are restored. */
static void step_or_nothing(step *s)
{
    weir_ctx *c = s->ctx;
    weir__state kept = { 0 };
    if (weir__state_of_buffers(c, s->m->module, &s->buffers) == WEIR_OK && s->buffers.n > 0)
        weir__state_clone(&s->buffers, &kept);
    if (weir_ok(c)) step_make(s);
    if (!weir_ok(c) && kept.n > 0) weir__state_copy(&s->buffers, &kept, "train_step");
    weir__state_free(&kept);
    weir__state_free(&s->buffers);
}

static void step_in_scope(step *s)
{
    weir_ctx *c = s->ctx;
    weir_batch *b = s->b;
    weir_scope scope = weir_scope_begin(c);
    s->losses = weir__alloc_n(c, b->n, sizeof *s->losses);
    /* A batch of a parent context: views of it must live as long as the graph. */
    if (s->losses && (b->object.ctx != c || b->x->object.ctx != c))
        b = weir__batch_slice(c, b, 0, b->n);
    if (s->losses && weir_ok(c)) b = weir__model_batch(s->m, c, b, "train_step");
    if (s->losses && weir_ok(c)) b = weir__batch_weighing(b);
    s->b = b;
    if (weir_ok(c)) step_or_nothing(s);
    weir__free(c, s->losses);
    weir_scope_end(scope);
}

/* False: nothing was begun. */
static bool step_begin(step *s)
{
    if (!s->m || !s->o || !s->b)
        return step_fails(s->ctx, WEIR_ERROR_ARGUMENT,
                          "NULL: expected a model, an optimizer and a batch");
    bool good = weir_ok(s->ctx) && weir__model_usable(s->m, "train_step")
                && step_fits(s->m, s->o, s->b, s->opts);
    if (good) step_in_scope(s);
    return good;
}

/* opts and info are whole. */
static weir_status step_with(weir_model *m, weir_optim *o, weir_batch *b,
                             const weir_step_opts *opts, weir_step_info *info)
{
    const void *any = m;
    if (!any) any = o;
    if (!any) any = b;
    weir_ctx *c = weir__ctx_of(any);
    step s = {
        .ctx = c,
        .m = m,
        .o = o,
        .b = b,
        .opts = opts,
        .info = info,
        .meeting = { .ctx = c },
    };
    bool begun = step_begin(&s);
    weir__meeting_end(&s.meeting);
    if (!begun) return weir_status_of(c);
    weir_optim_zero_grad(o);
    weir_module_zero_grad(m->module); /* the optimizer may be of part of it */
    if (!weir_ok(c)) info->loss = NAN;
    return weir_status_of(c);
}

weir_status weir_train_step_with(weir_model *m, weir_optim *o, weir_batch *b,
                                 const weir_step_opts *opts, weir_step_info *info)
{
    WEIR__AS_FOUND;
    weir_step_opts own = weir_step_defaults();
    weir_step_info told = { .size = sizeof told }, unused;
    weir_ctx *c = weir__ctx_of(m);
    bool fits = weir__sized_read(c, "train_step: options", "them from weir_step_defaults", opts,
                                 &own, sizeof own)
                && weir__sized_read(c, "train_step: info", "its sizeof", info, &unused,
                                    sizeof unused);
    if (!opts && c) own.shards = weir__ranks_shards(c);
    if (!fits) {
        weir__meeting_end(&(weir__meeting){ .ctx = c });
        return weir_status_of(c);
    }
    told.loss = NAN;
    told.grad_norm = NAN;
    told.bad_sample = -1;
    weir_status s = step_with(m, o, b, &own, &told);
    weir__sized_write(info, &told, sizeof told);
    return s;
}

double weir_train_step(weir_model *m, weir_optim *o, weir_batch *b)
{
    WEIR__AS_FOUND;
    weir_step_info info = { .size = sizeof info, .loss = NAN };
    weir_train_step_with(m, o, b, NULL, &info);
    return info.loss;
}
