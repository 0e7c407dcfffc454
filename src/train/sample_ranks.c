/* sample_ranks.c - samples of a request, divided by the ranks of a group. Of n samples rank r draws
 * those from r n / N to (r + 1) n / N, each under its own number and condition; rank 0 gets all. */
#include "dist/dist.h"
#include "train/shards.h"
#include "train/train.h"
#include "weir/latent.h"

/* Only numbers that a request says are the same on all ranks; what goes on from call to call is
 * each rank's own. */
static bool ranks_divide(const weir_model *m, const weir_sample_opts *o, int64_t n)
{
    bool absolute = o->use_seed || o->first >= 0 || o->noise || o->noise_f64;
    bool shown = o->on_state || o->trajectory || o->trajectory_f64;
    int64_t ranks = weir_ranks(m->object.ctx), rows = weir_condition_samples(o->condition);
    return absolute && !shown && ranks > 1 && n >= ranks && (rows < 1 || n % rows == 0);
}

/* Where samples from `first` on begin, in `whole`; NULL: at noise, or the error is set. */
static const weir_sample_start *ranks_start(weir_model *m, const weir_sample_opts *o, int64_t first,
                                            weir_sample_start *whole)
{
    if (!o->start || !weir__start_read(m, o, whole, "sample")) return NULL;
    if (whole->x) whole->x += first * m->dim;
    if (whole->known) whole->known += first * m->dim;
    return whole;
}

/* The options of samples own.lo .. own.hi - 1; the condition lies in the current scope. */
static weir_sample_opts ranks_part(weir_model *m, const weir_sample_opts *o, int64_t n,
                                   weir__span own, weir_sample_start *start)
{
    weir_sample_opts part = *o;
    int64_t noise = own.lo * m->noise_dim, count = own.hi - own.lo;
    part.first = (o->first < 0 ? 0 : o->first) + own.lo;
    if (o->noise) part.noise = o->noise + noise;
    if (o->noise_f64) part.noise_f64 = o->noise_f64 + noise;
    if (o->report) part.report = o->report + own.lo;
    part.start = ranks_start(m, o, own.lo, start);
    if (o->condition)
        part.condition = weir__model_condition_part(m->object.ctx, o->condition, n, own.lo, count);
    return part;
}

static weir_status ranks_draw(weir_model *m, const weir_sample_opts *o, const weir__samples *x,
                              double *log_q)
{
    if (x->n == 0) return weir_status_of(m->object.ctx);
    if (log_q) return weir_model_sample_log_prob_into_f64(m, x->n, o, x->data, log_q);
    if (x->dtype == WEIR_F64) return weir_model_sample_into_f64(m, x->n, o, x->data);
    return weir_model_sample_into(m, x->n, o, x->data);
}

/* Of each sample so many bytes, to rank 0 */
static bool ranks_collect(weir_ctx *c, void *all, int64_t n, size_t bytes)
{
    int ranks = weir_ranks(c);
    size_t *ends = all ? weir__alloc_n(c, ranks, sizeof *ends) : NULL;
    for (int r = 0; ends && r < ranks; r++)
        ends[r] = (size_t)weir__tree_own(n, r, ranks).hi * bytes;
    bool good = !all || (ends && weir__group_collect(c, all, ends));
    weir__free(c, ends);
    return good;
}

static weir_status ranks_part_draw(weir_model *m, const weir_sample_opts *o, const weir__samples *x,
                                   double *log_q, weir__span own)
{
    weir_ctx *c = m->object.ctx;
    size_t each = (size_t)x->dim * weir_dtype_size(x->dtype);
    weir_scope scope = weir_scope_begin_no_grad(c);
    weir_sample_start start;
    weir_sample_opts part = ranks_part(m, o, x->n, own, &start);
    weir__samples mine = *x;
    mine.n = own.hi - own.lo;
    mine.data = (char *)x->data + (size_t)own.lo * each;
    weir_status s = ranks_draw(m, &part, &mine, log_q ? log_q + own.lo : NULL);
    weir_scope_end(scope);
    return s;
}

weir_status weir__sample_by_ranks(weir_model *m, const weir_sample_opts *o, const weir__samples *x,
                                  double *log_q)
{
    weir_ctx *c = m->object.ctx;
    if (!ranks_divide(m, o, x->n)) return ranks_draw(m, o, x, log_q);
    weir__span own = weir__tree_own(x->n, weir_rank(c), weir_ranks(c));
    int64_t stopped = ranks_part_draw(m, o, x, log_q, own) == WEIR_STOPPED;
    if (!weir__group_any(c, &stopped)) return weir_status_of(c);
    if (stopped) return WEIR_STOPPED;
    size_t each = (size_t)x->dim * weir_dtype_size(x->dtype);
    bool good = ranks_collect(c, x->data, x->n, each)
                && ranks_collect(c, log_q, x->n, sizeof *log_q)
                && ranks_collect(c, o->report, x->n, sizeof *o->report);
    if (!good) weir__group_fail(c);
    return weir_status_of(c);
}
