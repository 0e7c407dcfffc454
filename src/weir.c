/* weir.c - opens the house: joins the rooms' lists of rows, their nil objects and the kernels into
 * a context. */
#include <stdlib.h>
#include <string.h>
#include "data/data.h"
#include "diffusion/diffusion.h"
#include "dist/dist.h"
#include "flow/flow.h"
#include "metric/metric.h"
#include "models/export.h"
#include "models/import.h"
#include "models/models.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "train/train.h"

/* -- nil objects ------------------------------------------------------------------------------- */
static weir__object *tensor_nil_new(weir_ctx *c)
{
    weir_tensor *t = weir__alloc0(c, sizeof *t);
    if (!t) return NULL;
    t->object = weir__object_nil(c, WEIR__TENSOR);
    return &t->object;
}

static weir__object *(*const make_nil[WEIR__KINDS])(weir_ctx *) = {
    [WEIR__TENSOR] = tensor_nil_new,       [WEIR__CONDITION] = weir__condition_nil_new,
    [WEIR__BATCH] = weir__batch_nil_new,   [WEIR__MODULE] = weir__module_nil_new,
    [WEIR__OPTIM] = weir__optim_nil_new,   [WEIR__DATASET] = weir__dataset_nil_new,
    [WEIR__LOADER] = weir__loader_nil_new, [WEIR__MODEL] = weir__model_nil_new,
    [WEIR__RUN] = weir__run_nil_new,
};

/* Belongs to nobody: the context of NULL handles, and of one that could not be allocated. Constant
 * in effect: every writer asks for its address, or for a status that is set, before it writes. */
weir_ctx weir__orphan_ctx = {
    .status = WEIR_ERROR_MEMORY,
    .message = "context: NULL or out of memory: expected one from weir_open",
    .modes = { .no_grad = true },
    .n_threads = 1,
    .nil = {
        [WEIR__TENSOR] = &weir__orphan_tensor.object,
        [WEIR__CONDITION] = &weir__orphan_condition,
        [WEIR__BATCH] = (weir__object *)&weir__orphan_batch,
        [WEIR__MODULE] = (weir__object *)&weir__orphan_module,
        [WEIR__OPTIM] = (weir__object *)&weir__orphan_optim,
        [WEIR__DATASET] = (weir__object *)&weir__orphan_dataset,
        [WEIR__LOADER] = (weir__object *)&weir__orphan_loader,
        [WEIR__MODEL] = (weir__object *)&weir__orphan_model,
        [WEIR__RUN] = (weir__object *)&weir__orphan_run,
    },
};

static bool add_nils(weir_ctx *c)
{
    for (int i = 0; i < WEIR__KINDS; i++)
        if (!(c->nil[i] = make_nil[i](c))) return false;
    return true;
}

static void free_nils(weir_ctx *c)
{
    for (int i = 0; i < WEIR__KINDS; i++) {
        weir__free(c, c->nil[i]);
        c->nil[i] = NULL;
    }
}

/* -- the lists of rows ------------------------------------------------------------------------- */
enum { KINDS = 20 };

static int64_t fill_tables(weir__kind_table *t)
{
    int64_t n = 0;
    t[n++] = (weir__kind_table){ "model", weir__model_rows, weir__model_row_count };
    t[n++] = (weir__kind_table){ "dataset", weir__dataset_rows, weir__dataset_row_count };
    t[n++] = (weir__kind_table){ "optimizer", weir__optimizer_rows, weir__optimizer_row_count };
    t[n++] = (weir__kind_table){ "schedule", weir__schedule_rows, weir__schedule_row_count };
    t[n++] = (weir__kind_table){ "network", weir__network_rows, weir__network_row_count };
    t[n++] = (weir__kind_table){ "path", weir__path_rows, weir__path_row_count };
    t[n++] = (weir__kind_table){ "prediction", weir__prediction_rows, weir__prediction_row_count };
    t[n++] = (weir__kind_table){ "time_density", weir__time_density_rows,
                                 weir__time_density_row_count };
    t[n++] = (weir__kind_table){ "loss_weight", weir__loss_weight_rows,
                                 weir__loss_weight_row_count };
    t[n++] = (weir__kind_table){ "coupling", weir__coupling_rows, weir__coupling_row_count };
    t[n++] = (weir__kind_table){ "time_grid", weir__time_grid_rows, weir__time_grid_row_count };
    t[n++] = (weir__kind_table){ "sampler", weir__sampler_rows, weir__sampler_row_count };
    t[n++] = (weir__kind_table){ "bijection", weir__bijection_rows, weir__bijection_row_count };
    t[n++] = (weir__kind_table){ "base", weir__base_rows, weir__base_row_count };
    t[n++] = (weir__kind_table){ "dequantizer", weir__dequantizer_rows,
                                 weir__dequantizer_row_count };
    t[n++] = (weir__kind_table){ "module", weir__module_rows, weir__module_row_count };
    t[n++] = (weir__kind_table){ "import", weir__import_rows, weir__import_row_count };
    t[n++] = (weir__kind_table){ "export", weir__export_rows, weir__export_row_count };
    t[n++] = (weir__kind_table){ "metric", weir__metric_rows, weir__metric_row_count };
    t[n++] = (weir__kind_table){ "train", weir__train_rows, 1 };
    t[n++] = (weir__kind_table){ "op", weir__op_rows, weir__op_row_count };
    return n;
}

static bool add_tables(weir_ctx *c)
{
    weir__kind_table *t = weir__alloc_n(c, KINDS, sizeof *t);
    if (!t) return false;
    c->n_tables = fill_tables(t);
    c->tables = t;
    return true;
}

/* -- threads: base has them, kernels are told of them ----------------------------------------- */
static bool add_threads(weir_ctx *c)
{
    if (c->n_threads == 1) return true;
    weir__threads *t = weir__alloc(c, sizeof *t);
    c->threads = t;
    c->workers = t ? weir__workers_new(c, c->n_threads) : NULL;
    if (c->workers)
        *t = (weir__threads){ .most = c->n_threads,
                              .run = weir__workers_run,
                              .workers = c->workers };
    return c->workers != NULL;
}

static void free_threads(weir_ctx *c)
{
    weir__workers_free(c->workers);
    weir__free(c, (void *)(uintptr_t)c->threads);
}

/* -- opening and closing ----------------------------------------------------------------------- */
static void pick_kernels(weir_ctx *c, weir_isa isa)
{
    c->kern = weir__isa_for((int)isa);
    if (c->kern) return;
    c->kern = weir__isa_for(WEIR_ISA_C);
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "open: kernels number %d: expected 0 for the best, or kernels that this machine and "
              "build have",
              (int)isa);
}

/* The other ranks of a group would wait. */
static weir_ctx *without_memory(const weir_open_opts *o)
{
    if (o->group) weir__group_refuse(o->group, "context: expected more free memory");
    return weir__orphan();
}

weir_ctx *weir_open_with(const weir_open_opts *options)
{
    WEIR__AS_FOUND;
    weir_open_opts o = weir_open_defaults();
    bool known = weir__sized_read(NULL, "", "", options, &o, sizeof o);
    bool fits = known && o.threads >= 0 && o.file_bytes >= 0;
    if (!fits) o = weir_open_defaults();
    int found = o.threads > 0 ? o.threads : weir__default_threads();
    o.threads = found > 0 ? found : 1;
    weir_ctx *c = weir__ctx_new(NULL, &o);
    if (!c) return without_memory(&o);
    c->hooks = &weir__grad_hooks_ops;
    if (!add_nils(c) || !add_tables(c) || !add_threads(c)) {
        weir_close(c);
        return without_memory(&o);
    }
    pick_kernels(c, o.isa);
    if (!known)
        weir__sized_fits(c, "open: options", "them from weir_open_defaults", options, sizeof o);
    else if (!fits)
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "open: options: a negative number of threads or bytes: expected 0 or more");
    if (o.group) weir__group_open(c, o.group);
    if (found == 0)
        weir_fail(c, WEIR_ERROR_VALUE, "open: WEIR_NUM_THREADS=%s: expected a number from 1",
                  getenv("WEIR_NUM_THREADS"));
    return c;
}

weir_ctx *weir_open(uint64_t seed)
{
    weir_open_opts o = weir_open_defaults();
    o.seed = seed;
    return weir_open_with(&o);
}

weir_ctx *weir_worker_open(weir_ctx *parent, int threads)
{
    WEIR__AS_FOUND;
    if (!weir_ok(parent)) return weir__orphan();
    weir_open_opts o = weir_open_defaults();
    o.seed = parent->seed;
    o.threads = threads > 0 ? threads : 1;
    o.resize = parent->pool.resize;
    o.resize_user = parent->pool.user;
    weir_ctx *c = weir__ctx_new(parent, &o);
    if (c) {
        c->hooks = parent->hooks;
        c->kern = parent->kern;
        c->registered = parent->registered;
        c->tables = parent->tables;
        c->n_tables = parent->n_tables;
        if (add_nils(c) && add_threads(c)) return c;
        weir_close(c);
    }
    weir_fail(parent, WEIR_ERROR_MEMORY, "worker_open: out of memory: expected more free memory");
    return weir__orphan();
}

void weir_close(weir_ctx *c)
{
    WEIR__AS_FOUND;
    if (!c || c == weir__orphan()) return;
    weir__group_fail(c);
    weir__later_look(c);
    for (int64_t i = c->n_objects - 1; i >= 0; i--) /* whatever scopes still hold, kept or not */
        if (--c->objects[i]->refs == 0) c->objects[i]->destroy(c->objects[i]);
    c->n_objects = 0;
    free_nils(c);
    free_threads(c);
    if (!c->parent) weir__free(c, (void *)(uintptr_t)c->tables);
    weir__ctx_delete(c);
}

const char *weir_isa_name(const weir_ctx *c) { return c && c->kern ? c->kern->name : "none"; }
