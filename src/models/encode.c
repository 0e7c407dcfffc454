/* encode.c - data to the noise that sampling would make them of, by the model's row. What is drawn
 * (dequantisation) is what scoring draws. */
#include "models/models.h"
#include "weir/latent.h"

static const char who[] = "model_encode";

typedef weir_tensor *encode_fn(weir_model *m, weir_tensor *y, const weir_condition *k,
                               const weir_log_prob_opts *o);

/* The row's; of every flow the one that all have. */
static encode_fn *encode_hook(const weir_model *m)
{
    if (m->row->encode) return m->row->encode;
    return m->row->sample == weir__flow_sample ? weir__flow_encode : NULL;
}

static bool encode_can(const weir_model *m, weir_ctx *c)
{
    if (encode_hook(m)) return true;
    weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: %s: expected a model whose samples can be inverted",
              who, m->row->row.name);
    return false;
}

static weir_tensor *encode_batch(weir_model *m, weir_batch *b, const weir_log_prob_opts *o)
{
    weir_tensor *log_q, *x = weir_batch_x(b);
    weir_ctx *c = x->object.ctx;
    weir_scope s = weir_scope_begin(c);
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(WEIR__STREAM_SCORE),
                           .ids = weir_batch_ids(b),
                           .n_ids = weir_batch_size(b),
                       });
    if (o->use_seed) weir__seed_set(c, o->seed);
    const weir_condition *k = weir__model_condition_seen(m, c, weir_batch_condition(b));
    weir_tensor *y = weir__model_transform(m, x, k, &log_q);
    weir_tensor *z = weir_is_nil(y) ? y : encode_hook(m)(m, y, k, o);
    if (!weir_is_nil(y)) z = weir__hook_gave(c, m->row->row.name, "encode", z);
    if (!weir_is_nil(z)) z = weir_flatten(z);
    weir__scope_end_keeping(s, 1, (void *const *)&z);
    return z;
}

weir_tensor *weir_model_encode(weir_model *m, weir_batch *b, const weir_log_prob_opts *o)
{
    WEIR__AS_FOUND;
    weir_log_prob_opts own = weir_log_prob_defaults();
    weir_tensor *x = b ? weir_batch_x(b) : NULL;
    weir_ctx *c = x ? weir_ctx_of(x) : weir_model_ctx(m);
    if (!m || !b) weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a model and a batch", who);
    bool good = m && b && weir__model_usable(m, who) && weir_ok(c) && !weir_is_nil(x);
    good = good && weir__log_prob_read(c, o, &own) && weir__reaches(c, m, who, "a model");
    if (!good || !encode_can(m, c)) return weir__nil(c, WEIR__TENSOR);
    if (own.condition) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: condition in the options: expected it in the batch",
                  who);
        return weir__nil(c, WEIR__TENSOR);
    }
    b = weir__model_batch(m, c, b, who);
    return weir_ok(c) ? encode_batch(m, b, &own) : weir__nil(c, WEIR__TENSOR);
}

/* -- the caller's arrays ----------------------------------------------------------------------- */
typedef struct encode_job {
    weir_model *m;
    weir_dtype dtype; /* of x and z */
    char *x, *z;
    int64_t n;
    const weir_log_prob_opts *o;
    int64_t *ids; /* of one chunk */
} encode_job;

static weir_status encode_chunk(const encode_job *j, int64_t first, int64_t n)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    size_t bytes = weir_dtype_size(j->dtype);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_tensor_wrap(c, j->dtype, j->x + (size_t)(first * m->dim) * bytes, 2,
                                      (const int64_t[]){ n, m->dim }, NULL, NULL, NULL);
    for (int64_t i = 0; i < n; i++) j->ids[i] = first + i;
    weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, first, n);
    weir_log_prob_opts o = *j->o;
    o.condition = NULL; /* the batch has its part */
    weir_tensor *z = weir_model_encode(m, weir_batch_wrap(c, x, j->ids, NULL, k), &o);
    if (!weir_is_nil(z))
        weir__convert(j->dtype, j->z + (size_t)(first * m->noise_dim) * bytes, z->dtype,
                      weir_data(weir_contiguous(z)), n * m->noise_dim);
    weir_scope_end(s);
    return weir_status_of(c);
}

static weir_status encode_run(encode_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t rows = j->o->batch > 0 ? j->o->batch : WEIR__CHUNK_ROWS;
    if (rows > j->n) rows = j->n;
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    weir_status s = weir_status_of(c);
    for (int64_t first = 0; first < j->n && s == WEIR_OK; first += rows) {
        int64_t n = j->n - first < rows ? j->n - first : rows;
        s = encode_chunk(j, first, n);
        if (s == WEIR_OK && j->o->on_step && j->o->on_step(j->o->user, first + n, j->n) != 0)
            s = WEIR_STOPPED;
    }
    weir__free(c, j->ids);
    return s;
}

static weir_status encode_into(weir_model *m, weir_dtype t, const void *x, int64_t n,
                               const weir_log_prob_opts *o, void *z)
{
    static const char into[] = "model_encode_into";
    weir_log_prob_opts own = weir_log_prob_defaults();
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, into) || !weir__log_prob_read(c, o, &own) || !encode_can(m, c))
        return weir_status_of(c);
    if (n < 0 || (n > 0 && (!x || !z)))
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "%s: NULL or a negative count: expected n samples and room for their noise", into);
    if (!weir__model_condition_divides(c, own.condition, n, into)) return weir_status_of(c);
    encode_job j = { .m = m, .dtype = t, .x = (char *)(uintptr_t)x, .z = z, .n = n, .o = &own };
    return encode_run(&j);
}

weir_status weir_model_encode_into(weir_model *m, const float *x, int64_t n,
                                   const weir_log_prob_opts *o, float *z)
{
    WEIR__AS_FOUND;
    return encode_into(m, WEIR_F32, x, n, o, z);
}

weir_status weir_model_encode_into_f64(weir_model *m, const double *x, int64_t n,
                                       const weir_log_prob_opts *o, double *z)
{
    WEIR__AS_FOUND;
    return encode_into(m, WEIR_F64, x, n, o, z);
}
